"""Funnel: how far cases get through declared steps, how long it takes, and where the lost go next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.attempts import MODES, NO_LIMIT, find_attempts
from journeylog.core.cases import check_choice, under_way_note, with_cases
from journeylog.core.chunk import Chunk
from journeylog.core.condition import columns_of, freeze
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.durations import BIN_NOTE, DurationBins
from journeylog.core.intervals import cluster_share
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.notes import Moment, Span, note
from journeylog.core.seen import name_table, warn_unseen_names
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, UnseenNameWarning, cut, warn

__all__ = ["Funnel", "FunnelResult"]

Ints = npt.NDArray[np.int64]

_MOST_STEPS = 62  # one bit a step in a 64-bit integer


@dataclass(frozen=True)
class Funnel(Stat):
    """Count how far cases get through steps, in order and within a time.

    An attempt begins at every event that fits step 1, goes on to the first later event that fits step 2, and
    so on. It lasts at most `within`, the last moment included. One event fills one step. A case counts once,
    with its furthest attempt, the earliest of equals. Events at one time stand in the log's order.

    Parameters
    ----------
    steps : list of conditions, or dict of name to condition
        For example ``["home", "cart", "pay*"]``; see :mod:`journeylog.core.condition`. One to 62 steps, and
        a step may occur again.
    within : str or timedelta, optional
        Time for the whole attempt, for example ``"7d"``. None is no limit.
    case : str, optional
        What is counted: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order,
        deal). None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.
    mode : {"ordered", "strict", "unordered"}
        ``ordered``: other events may come between two steps. ``strict``: none may. ``unordered``: the steps
        may come in any order; an attempt begins at any step, and row k counts the cases that did k different
        ones.
    entry : {"any", "first"}
        Whether all entries of a case are tried, or only its first one. With ``"any"`` a share tells whether a case
        got there *ever* in the window: cases that enter again and again get more chances in a longer one. To
        compare windows of different length, use ``"first"``.

    Raises
    ------
    ConfigError
        If there is no step or more than 62, or `within` is no duration.

    Notes
    -----
    Table, one row a step: ``step, name, n_cases, n_actors, n_lost, n_open, n_followed, step_rate,
    step_rate_low, step_rate_high, total_rate, total_rate_low, total_rate_high, time_mean_s, time_median_s,
    time_p90_s``.

    ``n_cases`` reached the step; there they are lost, still open, or go on:
    ``n_cases[k] = n_lost[k] + n_open[k] + n_cases[k + 1]``. Open are those with an attempt that still had
    time when the window ended. A name that no event has is a step with zero cases and a warning.

    Rates are over attempts that were watched for their whole time: ``n_followed`` cases reached the step by
    an attempt that began `within` or more before the window's end. ``step_rate`` is ``n_followed`` over that
    of the step before, ``total_rate`` over that of step 1. So the window's end does not bend them; the price
    is that attempts of the last stretch do not count. Times from the step before are of the same attempts.
    Without `within` there is no such moment and all cases count, open ones among them: rates are then lower than
    they will be.

    Intervals are Wilson's; when an actor has several cases they know that these go together (see
    :func:`journeylog.core.intervals.cluster_share`).

    ``tables["lost_next"]``: ``step, name, next, next_kind, n_cases, n_followed, n_from_followed, rate,
    rate_low, rate_high``: what came right after the last matched event of the cases that stopped at a step,
    or how the case ended. The rate is over the lost ones; without `within`, over all that stopped.

    Counts merge by addition, keyed by the step's number.

    Examples
    --------
    >>> import journeylog as jl
    >>> funnel = jl.datasets.tiny().compute(jl.Funnel(["home", "cart", "pay"], within="1h"))
    >>> funnel.table[["name", "n_cases", "n_lost", "n_open", "n_followed", "step_rate"]].round(3)
       name  n_cases  n_lost  n_open  n_followed  step_rate
    0  home        4       0       1           3        NaN
    1  cart        3       1       0           3      1.000
    2   pay        2       0       0           2      0.667
    """

    steps: Any
    within: str | dt.timedelta | np.timedelta64 | None = None
    case: str | None = None
    mode: Literal["ordered", "strict", "unordered"] = "ordered"
    entry: Literal["any", "first"] = "any"

    def __post_init__(self) -> None:
        """Check the steps and the choices."""
        object.__setattr__(self, "steps", _check_steps(self.steps))
        check_choice("mode", self.mode, tuple(MODES))
        check_choice("entry", self.entry, ("any", "first"))
        if self.within is not None:
            parse_duration(self.within, name="within")

    @property
    def conditions(self) -> tuple[Any, ...]:
        """The condition of each step."""
        return tuple(self.steps.values()) if isinstance(self.steps, Mapping) else self.steps

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each row of the table."""
        n = len(self.conditions)
        if self.mode == "unordered":
            return tuple(f"{k} of {n}" for k in range(1, n + 1))
        return tuple(self.steps) if isinstance(self.steps, Mapping) else tuple(map(_spell, self.steps))

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of each step, the duration bins, and what came after the last matched event."""
        level = chunk.cases(self.case_level(chunk))
        within, horizon = self._limits(window)
        found = find_attempts(
            chunk, level, self.conditions, self.mode, within, horizon, self.entry == "first"
        )
        time_ms, bins = found.time_tables(self.mode == "unordered")
        steps = found.step_table()
        return Counts(
            {
                "steps": Table(steps.keys, {**steps.values, "time_ms": time_ms}, largest=steps.largest),
                "bins": bins,
                "next": found.next_table(),
                "names": name_table(chunk),
                "cases": found.case_table(),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> FunnelResult:
        """Return rates, intervals and times."""
        self._warn_unseen(counts)
        steps = counts["steps"].values
        n = {name: steps[name] for name in ("n_cases", "n_actors", "n_lost", "n_open", "n_followed")}
        went_on = np.append(n["n_cases"][1:], n["n_cases"][-1])
        if (n["n_cases"] != n["n_lost"] + n["n_open"] + went_on).any():
            raise AssertionError("flow is not conserved: cases that reach a step and that leave it differ")
        table = pd.DataFrame(
            {
                "step": counts["steps"].codes("step"),
                "name": pd.array(list(self.names), dtype=TEXT),
                **n,
                **_rates(counts["steps"]),
                **_times(counts),
            }
        )
        further = {"lost_next": _lost_next(counts["next"], steps["lost_squares"], self.names)}
        return FunnelResult(self, window, table, further, self._notes(counts, window))

    def _limits(self, window: Window) -> tuple[int, int]:
        """Return the time of an attempt, and the last moment at which one could begin and have it all."""
        if self.within is None:
            return NO_LIMIT, NO_LIMIT
        within = parse_duration(self.within)
        return within, window.end - within

    def _warn_unseen(self, counts: Counts) -> None:
        """Warn about names that do not occur, and about conditions on columns that no event fits."""
        warn_unseen_names(counts["names"], self.conditions)
        if len(counts["names"]):
            for condition, fits in zip(self.conditions, counts["steps"].values["fits"], strict=True):
                if not fits and columns_of(condition) != {"event"}:
                    warn(f"no event fits the step {cut(condition)}. It counts as zero", UnseenNameWarning)

    def _notes(self, counts: Counts, window: Window) -> tuple[str, ...]:
        cases = {name: int(values[0]) for name, values in counts["cases"].values.items()}
        steps = counts["steps"].values
        entered, followed = int(steps["n_cases"][0]), int(steps["n_followed"][0])
        notes = [BIN_NOTE]
        notes += under_way_note(cases["n_under_way"])
        if cases["n_without"]:
            notes.append(
                note(
                    "{n:,} of {total:,} cases never enter the funnel",
                    n=cases["n_without"],
                    total=cases["n_cases"],
                )
            )
        if self.within is None and steps["n_open"].any():
            notes.append(
                note(
                    "without within= an attempt never runs out of time: rates count all cases that entered, also "
                    "open ones that may still go on; lost are only cases that are over"
                )
            )
        if followed < entered:
            within, horizon = self._limits(window)
            notes.append(
                note(
                    "rates and times are of the {n:,} of {total:,} cases that entered by {horizon} UTC and so were "
                    "watched for the whole {within}{then}",
                    n=followed,
                    total=entered,
                    horizon=Moment(horizon),
                    within=Span(within),
                    then="" if followed else note(": the window is too short to tell any rate"),
                )
            )
        return tuple(notes)


@dataclass(frozen=True, eq=False, repr=False)
class FunnelResult(Result):
    """The funnel; see :class:`Funnel` for its tables."""

    @property
    def lost_next(self) -> pd.DataFrame:
        """Where the cases that stopped at a step went next."""
        return self.tables["lost_next"]


def _check_steps(steps: Any) -> Any:
    if isinstance(steps, str) or not isinstance(steps, Iterable):
        raise ConfigError(
            f"steps={cut(steps)} is not a list. Fix: name the steps, for example ['home', 'pay']"
        )
    found: Any
    if isinstance(steps, Mapping):
        found = {str(name): freeze(condition) for name, condition in steps.items()}
    else:
        found = tuple(freeze(condition) for condition in steps)
    if not 1 <= len(found) <= _MOST_STEPS:
        raise ConfigError(
            f"a funnel has 1 to {_MOST_STEPS} steps, not {len(found)}. "
            "Fix: name them in order, for example ['home', 'cart', 'pay']"
        )
    return found


def _spell(condition: Any) -> str:
    """Return a condition as a short name."""
    if isinstance(condition, str):
        return condition
    if isinstance(condition, Mapping):
        return ", ".join(_spell_column(str(name), value) for name, value in condition.items())
    return " or ".join(map(_spell, condition))


def _spell_column(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return " and ".join(f"{name} {op} {other}" for op, other in value.items())
    shown = " or ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return shown if name == "event" else f"{name}={shown}"


def _rates(steps: Table) -> dict[str, Any]:
    """Return the rates from the step before and from step 1, with intervals; step 1 has no step before."""
    values = steps.values
    k, squares = values["n_followed"], values["ff"]
    before = np.maximum(np.arange(len(k)) - 1, 0)
    first = np.zeros(len(k), np.int64)
    columns: dict[str, Any] = {}
    for name, base, cross in (("step_rate", before, "f_before"), ("total_rate", first, "f_first")):
        low, high = cluster_share(k, k[base], squares, values[cross], squares[base])
        columns |= {name: ratio(k, k[base]), f"{name}_low": low, f"{name}_high": high}
    for name, column in columns.items():
        column[0] = np.nan if name.startswith("step") else columns["total_rate"][0]
    return columns


def _times(counts: Counts) -> dict[str, Any]:
    steps, bins = counts["steps"].values, counts["bins"]
    n = steps["n_followed"].copy()
    n[0] = 0
    columns = {"time_mean_s": ratio(steps["time_ms"], n) / 1000}
    durations = DurationBins.of(bins.codes("step") - 1, bins.codes("bin"), bins.values["n"], len(n))
    return columns | {"time_median_s": durations.quantile(0.5), "time_p90_s": durations.quantile(0.9)}


def _lost_next(rows: Table, squares: Ints, names: tuple[str, ...]) -> pd.DataFrame:
    column, step = rows.keys["next"], rows.codes("step")
    assert isinstance(column, Coded)
    k = rows.values["n_followed"]
    n = np.bincount(step, weights=k, minlength=len(names) + 1).astype(np.int64)[step]
    low, high = cluster_share(k, n, rows.values["kk"], rows.values["kn"], squares[step - 1])
    frame = pd.DataFrame(
        {
            "step": step,
            "name": pd.array([names[s - 1] for s in step.tolist()], dtype=TEXT),
            **node_columns(column, "next"),
            "n_cases": rows.values["n_cases"],
            "n_followed": k,
            "n_from_followed": n,
            "rate": ratio(k, n),
            "rate_low": low,
            "rate_high": high,
        }
    )
    keys = (frame["next"], frame["next_kind"], -frame["n_cases"], -frame["n_followed"], frame["step"])
    return frame.iloc[np.lexsort(keys)].reset_index(drop=True)
