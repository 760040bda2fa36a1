"""What journeylog has to reach, as ratios within one run, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.logs import Log
from benchmarks.measure import Measured, Results

FULL_SIZE = 10_000_000
SINGLE_SIZE = 1_000_000
GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class Verdict:
    """One target: what was measured, the limit, and whether it holds.

    It neither holds nor fails (None) when nothing was measured, or on a log smaller than the target is set for.
    """

    text: str
    limit: str
    value: float | None
    holds: bool | None

    @property
    def silence(self) -> str:
        """Why nothing is judged."""
        return "not measured" if self.value is None else "not judged"

    def to_dict(self) -> dict[str, Any]:
        return {"target": self.text, "limit": self.limit, "value": self.value, "holds": self.holds}


def verdicts(logs: list[Log], results: Results, imported: dict[str, Any] | None) -> list[Verdict]:
    """Judge the largest ordinary log, the growth from the smaller one, the single actor and the import."""
    plain, wide, single = (
        sorted((log for log in logs if log.shape == shape), key=lambda log: log.events)
        for shape in ("plain", "wide", "single")
    )
    listed = []
    if plain:
        listed += judged_at(FULL_SIZE, plain[-1], one_log(results[plain[-1].label], plain[-1]))
    for sizes in (plain, wide):
        if len(sizes) > 1:
            listed += judged_at(FULL_SIZE, sizes[-1], growth(results, sizes[-2], sizes[-1]))
    if len(single) > 1:
        grown = [*growth(results, *single), single_memory(results, *single)]
        listed += judged_at(SINGLE_SIZE, single[-1], grown)
    return listed + (importing(imported) if imported else [])


def judged_at(size: int, log: Log, listed: list[Verdict]) -> list[Verdict]:
    return listed if log.events >= size else [replace(verdict, holds=None) for verdict in listed]


def one_log(found: dict[str, Measured], log: Log) -> list[Verdict]:
    """Judge times and memory on one log."""

    def over(task: str, contender: str, base: str = "", name: str = "journeylog") -> float | None:
        return ratio(best(found, name, task), best(found, contender, base or task))

    held = found["journeylog"] if "journeylog" in found else Measured()
    core, peak = held.facts.get("core_bytes"), held.highest("file_mean")
    where = "" if log.events == FULL_SIZE else f" ({log.label})"
    return [
        at_most(
            f"(a) file to counts, mean time: journeylog / DuckDB{where}", 0.7, over("file_mean", "duckdb")
        ),
        at_least(
            f"(a) with medians: retentioneering / journeylog{where}",
            15,
            inverse(over("file_median", "retentioneering")),
        ),
        at_least(f"(a) with medians: pm4py / journeylog{where}", 15, inverse(over("file_median", "pm4py"))),
        at_least(
            f"(b) loaded log, mean time: DuckDB / journeylog{where}", 30, inverse(over("log_mean", "duckdb"))
        ),
        at_most(f"(b) mean time / one NumPy pass{where}", 12, over("log_mean", "journeylog", "one_pass")),
        at_most(
            f"(b) with median and p90 / mean time{where}", 6, over("log_median", "journeylog", "log_mean")
        ),
        at_most(f"(d) funnel / (b) mean time{where}", 3, over("funnel", "journeylog", "log_mean")),
        at_most(f"(e) core columns, bytes an event{where}", 16, None if core is None else core / log.events),
        at_most(f"(e) peak of (a), GB{where}", 1.2, None if peak is None else peak / GIGABYTE),
    ]


def growth(results: Results, small: Log, large: Log) -> list[Verdict]:
    """Judge how the time grows from one log to another that is ten times as large."""
    limit = 1.1 * large.events / small.events
    names = f"{large.label} / {small.label}"
    tasks = {
        "file_mean": "(a)",
        "log_mean": "(b) mean",
        "log_median": "(b) with medians",
        "funnel": "(d)",
    }

    def grown(task: str) -> float | None:
        return ratio(
            best(results[large.label], "journeylog", task), best(results[small.label], "journeylog", task)
        )

    return [at_most(f"{letter}: time of {names}", limit, grown(task)) for task, letter in tasks.items()]


def single_memory(results: Results, small: Log, large: Log) -> Verdict:
    """Judge how the memory above the import grows on the single actor: a dense table would show."""
    above = [above_import(results[log.label].get("journeylog")) for log in (small, large)]
    names = f"{large.label} / {small.label}"
    return at_most(
        f"(e) peak of (a) above the import, {names}",
        1.1 * large.events / small.events,
        ratio(above[1], above[0]),
    )


def above_import(measured: Measured | None) -> float | None:
    if measured is None:
        return None
    peak, before = measured.highest("file_mean"), measured.facts.get("import_rss")
    return None if peak is None or before is None else float(peak - before)


def importing(imported: dict[str, Any]) -> list[Verdict]:
    dragged = ", ".join(imported["loaded"])
    quiet = "import journeylog is silent and loads no plotly, numba, pyspark"
    return [
        at_most("import journeylog, warm, seconds", 0.3, imported["min"]),
        Verdict(quiet, dragged or "none", None, not dragged and not imported["printed"]),
    ]


def best(found: dict[str, Measured], contender: str, task: str) -> float | None:
    return found[contender].best(task) if contender in found else None


def ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def inverse(value: float | None) -> float | None:
    return ratio(1.0, value)


def at_most(text: str, limit: float, value: float | None) -> Verdict:
    return judged(text, f"at most {limit:g}", value, lambda seen: seen <= limit)


def at_least(text: str, limit: float, value: float | None) -> Verdict:
    return judged(text, f"at least {limit:g}", value, lambda seen: seen >= limit)


def judged(text: str, limit: str, value: float | None, holds: Callable[[float], bool]) -> Verdict:
    return Verdict(text, limit, value, None if value is None else holds(value))
