"""What each command does; the command line itself only parses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import journeylog as jl
from journeylog.checks.result import thresholds
from journeylog.core.card import Card
from journeylog.core.contracts import Step
from journeylog.core.log import EventLog
from journeylog.core.masks import masked
from journeylog.errors import ConfigError
from journeylog.ingest.formats.words import mapping_of
from journeylog.journeymap.figures import are_figures, read_figures
from journeylog.plots.labels import count, duration, share
from journeylog.plots.style import theme_of
from journeylog.reporting import checkpage
from journeylog.reporting.exits import Exit
from journeylog.reporting.joinkeys import JOINING
from journeylog.reporting.loaded import rejected
from journeylog.reporting.loading import Load, Loaded
from journeylog.reporting.page import build_page
from journeylog.reporting.sourcelist import stages_of
from journeylog.reporting.terminal import Voice, card_lines, remark, table_lines
from journeylog.reporting.wording import wording
from journeylog.reporting.write import reserved

__all__ = [
    "card_facts",
    "check_log",
    "describe_log",
    "gate",
    "list_formats",
    "prepared",
    "report_log",
    "sample_log",
]

_MOST_NAMES = 40


def report_log(load: Load, out: Path, wanted: Mapping[str, Any], voice: Voice) -> Exit:
    """Write the page of what is loaded; options of the command line go before the source list's."""
    with reserved(out, ".html", ".htm") as target:
        loaded = load()
        asked = {**_of_file(loaded.asked), **wanted}
        if isinstance(asked.get("before"), Path):
            asked["before"] = _earlier_map(asked["before"])
        if isinstance(asked.get("stages"), str):
            asked["stages"] = stages_of(asked["stages"], Path())
        log, arguments = prepared(loaded.log, asked)
        page = build_page(log, **arguments)
        target.put(page.html)
    size = len(page.html)
    facts = {
        "report": str(out),
        "bytes": size,
        **card_facts(loaded),
        "journeys": page.answers.ends.to_dict()["table"],
        "alerts": list(page.alerts),
        "findings": list(page.findings),
    }
    first = wording(arguments.get("lang", "en")).plain("look_first")
    alerts = [f"{first}: {alert}" for alert in page.alerts]
    lines = [*card_lines(log), "", *alerts, *page.findings, "", f"{out} ({size / 1e6:.1f} MB)"]
    voice.tell(lines, facts)
    return gate(loaded)


def _of_file(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a source list asks of a report; what it asks of a run in its tables is taken as the report has it."""
    rest = {
        name: value for name, value in asked.items() if name not in ("map", "output", "alert", "personas")
    }
    output = asked.get("output", {})
    rest |= {name: output[name] for name in ("theme", "mask", "interactive") if name in output}
    if output.get("languages"):
        rest["lang"] = output["languages"][0]
    return rest | ({"journey_map": asked["map"]} if asked.get("map") else {})


def _earlier_map(path: Path) -> Any:
    """Return the data of a map that was saved as ``.json``, or figures."""
    if are_figures(path):
        return read_figures(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(
            f"--before {path} is no map: {error}. Fix: a file of map.save('map.json')"
        ) from error


def describe_log(load: Load, voice: Voice) -> Exit:
    """Tell what a log holds."""
    loaded = load()
    log = loaded.log
    facts = log.compute(jl.Describe())
    rows = [
        (r["event"], count(r["n"]), share(r["share"]), count(r["n_actors"]), share(r["actor_share"]))
        for r in facts.table.head(_MOST_NAMES).to_dict("records")
    ]
    lines = [*card_lines(log), ""]
    lines += table_lines(("event", "times", "of events", "actors", "of actors"), rows)
    if len(facts.table) > len(rows):
        lines.append(f"and {len(facts.table) - len(rows):,} more names")
    lines += [
        "",
        *table_lines(("for each actor", "mean", "median", "90 % up to", "most"), _actor_rows(facts.actors)),
    ]
    voice.tell(lines, {**card_facts(loaded), "columns": log.columns, **_result_facts(facts.to_dict())})
    return Exit.OK


def check_log(
    load: Load, out: Path | None, fail_on: Sequence[str], wanted: Mapping[str, Any], voice: Voice
) -> Exit:
    """Tell where every row went and what is wrong with the data; the page is written whatever the verdict."""
    given = limits_of(fail_on)
    theme, title = wanted.get("theme", "light"), wanted.get("title")
    theme_of(theme)
    with reserved(out) if out is not None else nullcontext() as target:
        loaded = load()
        arguments = {key: wanted[key] for key in ("late_after", "now", "show_ids", "tz") if key in wanted}
        arguments.setdefault("tz", load.roles.get("tz"))
        limits: Any = given or loaded.asked.get("fail_on")
        checked: jl.Check = jl.check(loaded.log, fail_on=limits, **arguments)
        if target is not None:
            target.put(checkpage.build(checked, title=title or loaded.asked.get("title"), theme=theme))
    facts = card_facts(loaded)
    for group in facts["rejected"]:
        group["examples"] = [masked(example) for example in group["examples"]]
    card = [masked(line) for line in card_lines(loaded.log, examples=True)]
    told = repr(checked).splitlines() if loaded.log.card.rows_in else []
    lines = [
        *card,
        "",
        *told[: len(told) - len(checked.failures)],
        *(["", str(out)] if out is not None else []),
    ]
    voice.tell(
        lines, {**facts, **({"report": str(out)} if out is not None else {}), "check": checked.to_dict()}
    )
    for said in checked.failures:
        remark(f"error: the data failed its check: {said}")
    accepted = gate(loaded)
    return Exit.QUALITY if checked.failures else accepted


def limits_of(given: Sequence[str]) -> dict[str, float | str]:
    """Return what ``--fail-on`` says: a severity for all checks, or ``CHECK=SHARE`` and ``CHECK=SEVERITY``.

    Raises
    ------
    ConfigError
        If a limit is neither.
    """
    limits: dict[str, float | str] = {}
    for text in given:
        name, equals, limit = text.partition("=")
        if not equals:
            name, limit = "*", text
        try:
            limits[name.strip()] = float(limit)
        except ValueError:
            limits[name.strip()] = limit.strip()
    try:
        thresholds(limits)
    except ConfigError as error:
        raise ConfigError(f"--fail-on: {error}") from error
    return limits


def list_formats(name: str | None, voice: Voice) -> Exit:
    """Tell which vendors' formats are known and what each needs; of one, what it makes of a row."""
    known = jl.formats()
    if name is not None:
        form = known[name]
        mapping = [(role.replace("`", ""), words.replace("`", "")) for role, words in mapping_of(form)]
        width = max(len(role) for role, _ in mapping)
        lines = [f"{form.name}: {form.about}", "", *(f"{role:<{width}}  {words}" for role, words in mapping)]
        lines += ["", *(f"- {trap}" for trap in form.traps)] if form.traps else []
        facts = {
            "format": form.name,
            "about": form.about,
            "mapping": {
                role: "; ".join(words for one, words in mapping if one == role) for role, _ in mapping
            },
            "traps": list(form.traps),
        }
        voice.tell(lines, facts)
        return Exit.OK
    table = known.table.to_dict("records")
    lines = []
    for row in table:
        lines += [
            f"{row['format']}: {row['about']}",
            *(f"    {role:<5} {row[role]}" for role in ("actor", "event", "time")),
            "",
        ]
    voice.tell(lines, {"formats": table})
    return Exit.OK


def sample_log(load: Load, out: Path, n: int, seed: int, voice: Voice) -> Exit:
    """Write the events of some whole actors, the same ones on every machine."""
    if out.suffix not in _WRITERS:
        raise ConfigError(f"{out.name} has no known ending. Fix: one of {', '.join(_WRITERS)}")
    with reserved(out) as target:
        loaded = load()
        log = loaded.log.sample(n, seed)
        _WRITERS[out.suffix](log, target.aside)
        target.move()
    facts = {"sample": str(out), "actors": log.n_actors, "events": log.n_events, **card_facts(loaded)}
    again = "" if out.suffix == ".arrow" else " --actor actor --event event --time time"
    lines = [
        *card_lines(loaded.log),
        "",
        f"{out}: {count(log.n_actors)} of {count(loaded.log.n_actors)} actors with all their {count(log.n_events)} events",
        f"Read it with: journeylog report {out}{again}",
    ]
    voice.tell(lines, facts)
    return Exit.OK


def prepared(log: EventLog, asked: dict[str, Any]) -> tuple[EventLog, dict[str, Any]]:
    """Return the log with the steps a source list may ask for beyond those of the report, and the rest."""
    rest = dict(asked)
    of, start, gap = rest.pop("of", None), rest.pop("start", None), rest.pop("gap", None)
    for name in ("window", "now", "fail_on", "stitch", *JOINING):
        rest.pop(name, None)  # done while loading, or of the check
    steps: list[Step] = []
    if gap is not None or of == "session":
        steps.append(jl.Sessions(gap=gap) if gap is not None else jl.Sessions())
    if of is not None or start is not None:
        choice = {"of": of or "actor", "start": start, "goal": rest.pop("goal", None)}
        if "patience" in rest:
            choice["patience"] = rest.pop("patience")
        steps.append(jl.Journeys(**choice))
    return log.then(*steps) if steps else log, rest


def gate(
    loaded: Loaded, fix: str = "look at them with --rejects rejects.jsonl, or raise --max-rejected"
) -> Exit:
    """Return whether no more rows were rejected than allowed, and tell where not."""
    if loaded.accepted:
        return Exit.OK
    card = loaded.log.card
    remark(
        f"error: {count(loaded.faults)} of {count(card.rows_in)} rows ({share(loaded.fault_share)}) were rejected, more "
        f"than {share(loaded.max_rejected)}. Fix: {fix}"
    )
    return Exit.QUALITY


def card_facts(loaded: Loaded) -> dict[str, Any]:
    """Return what machines are told of a load."""
    log = loaded.log
    card: Card = log.card
    return {
        "version": jl.__version__,
        "card": card.to_dict(),
        "rejected": [group.to_dict() for group in rejected(log)],
        "rejected_share": card.rejected_share,
        "max_rejected": loaded.max_rejected,
        "accepted": loaded.accepted,
        "actors": log.n_actors,
        "events": log.n_events,
        "window": log.window.to_dict(),
        **loaded.facts,
    }


def _result_facts(result: dict[str, Any]) -> dict[str, Any]:
    return {"event_table": result["table"], "actor_table": result["tables"]["actors"]}


def _actor_rows(actors: Any) -> list[tuple[str, ...]]:
    words = {"events": "events", "active_days": "days with an event", "span_s": "from first to last"}
    rows = []
    for row in actors.to_dict("records"):
        write = duration if row["measure"] == "span_s" else _number
        values = (write(row[key]) for key in ("mean", "median", "p90", "largest"))
        rows.append((words.get(row["measure"], row["measure"]), *values))
    return rows


def _number(value: Any) -> str:
    return "–" if value != value else f"{value:,.1f}".removesuffix(".0")


def _write_csv(log: EventLog, path: Path) -> None:
    log.to_pandas().to_csv(path, index=False, lineterminator="\n")


def _write_lines(log: EventLog, path: Path) -> None:
    log.to_pandas().to_json(
        path, orient="records", lines=True, date_format="iso", date_unit="us", force_ascii=False
    )


def _write_parquet(log: EventLog, path: Path) -> None:
    log.to_pandas().to_parquet(path, index=False, write_page_checksum=True)


_WRITERS = {
    ".arrow": lambda log, path: log.save(path),
    ".csv": _write_csv,
    ".jsonl": _write_lines,
    ".parquet": _write_parquet,
}
