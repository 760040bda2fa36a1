"""Exposure: groups that were watched for different times are compared over a time that both were watched for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.groups import Groups, of_cases
from journeylog.comparison.table import Sides
from journeylog.core.chunk import Chunk, Level
from journeylog.core.contracts import Stat
from journeylog.core.counts import Counts, Table
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.notes import Span, note
from journeylog.core.pairs import Pair, Trials
from journeylog.core.schema import DAY, DROPPED, HOUR, MINUTE, OUTCOME_WORDS, REACHED, SECOND, UNDECLARED
from journeylog.core.visits import case_times
from journeylog.core.window import Window, parse_duration
from journeylog.stats.funnel import Funnel
from journeylog.stats.outcomes import Outcomes

__all__ = ["asked_alike", "common_follow_up", "outcomes_within"]

Ints = npt.NDArray[np.int64]

_ENDS: Final = (REACHED, DROPPED)
#: A found follow-up is a whole number of the largest of these units that fits it a few times.
_UNITS: Final = (DAY, HOUR, MINUTE, SECOND)


def common_follow_up(log: EventLog, question: Stat, groups: Groups, asked: Any) -> int:
    """Return the time over which both groups are compared, in microseconds; 0 is none.

    ``"auto"`` is the time for which at least half of the cases of each group were watched, from their first event to
    the window's end: it does not depend on what they did.
    """
    if asked is None:
        return 0
    if asked != "auto":
        return parse_duration(asked, name="follow_up")
    if not isinstance(question, Outcomes | Funnel):  # a time to something has a follow-up of its own clock
        return 0

    def exposures(chunk: Chunk) -> tuple[Ints, Ints]:
        ready, name, group = of_cases(chunk, question, groups)
        spent = log.window.end - case_times(ready, ready.cases(name))[0]
        return spent[group == 0], spent[group == 1]

    parts = log.source.map(exposures)
    found = [np.concatenate([part[g] for part in parts]) for g in (0, 1)]
    if not all(len(one) for one in found):
        return 0
    half = min(int(np.sort(one)[(len(one) - 1) // 2]) for one in found)
    unit = next((unit for unit in _UNITS if half >= 3 * unit), 1)
    return half // unit * unit


def asked_alike(question: Stat, follow_up: int) -> tuple[Stat, list[str]]:
    """Return the question as both groups can answer it, and what was changed."""
    if follow_up and isinstance(question, Funnel) and question.within is None:
        said = note(
            "asked within {within}, for which at least half of the cases of both groups were watched: without a limit, "
            "those watched for longer got further for that alone (follow_up=None asks without)",
            within=Span(follow_up),
        )
        return replace(question, within=np.timedelta64(follow_up, "us")), [said]
    return question, []


def outcomes_within(log: EventLog, question: Stat, groups: Groups, follow_up: int) -> Sides | None:
    """Return the shares that ended in each way within a time, of the cases that were watched for it.

    None where the log does not tell when a case reached its goal.
    """
    if not follow_up:
        return None
    parts = log.source.map(lambda chunk: _count(chunk, question, log.window, groups, follow_up))
    counts = Counts.merge(parts)
    if not counts["known"].values["known"].min(initial=1):
        return None
    said = note(
        "share_within: of the cases that began at least {within} before the window's end, those that ended so by then",
        within=Span(follow_up),
    )
    return _sides(counts, (said,))


def _count(chunk: Chunk, question: Stat, window: Window, groups: Groups, follow_up: int) -> Counts:
    ready, name, group = of_cases(chunk, question, groups)
    level = ready.cases(name)
    known = level.goal_ends or not bool((level.outcome == REACHED).any())
    row = _ended(ready, level, window, follow_up)
    watched = np.flatnonzero((group >= 0) & (row != -1))
    offsets = np.searchsorted(watched, level.actor_offsets).astype(np.int64)
    base = np.zeros(len(watched), np.int64)
    trials = Trials(offsets, base, np.maximum(row[watched], -1).astype(np.int64), group[watched])
    tables = trials.tables(lambda rows: {"end": rows}, lambda bases: {"base": bases})
    tables["known"] = Table({}, {"known": np.array([int(known)], np.int64)}, smallest=("known",))
    return Counts(tables).canonical()


def _ended(ready: Chunk, level: Level, window: Window, follow_up: int) -> npt.NDArray[np.int32]:
    """Return for each case how it had ended by then: a row of :data:`_ENDS`, -2 not at all, -1 was not watched."""
    first, last = case_times(ready, level)
    patience = level.patience if level.patience != UNDECLARED else 0
    row = np.full(len(level), -2, np.int32)
    row[(level.outcome == REACHED) & (last - first <= follow_up)] = 0
    row[(level.outcome == DROPPED) & (last + patience - first <= follow_up)] = 1
    row[window.end - first < follow_up] = -1
    return row


def _sides(counts: Counts, notes: tuple[str, ...]) -> Sides:
    """Return the shares of both groups, also where nothing ended so."""
    rows, bases = counts["rows"], counts["bases"]
    ends = {name: np.zeros(len(_ENDS), np.int64) for name in rows.values}
    for name, column in rows.values.items():
        ends[name][rows.codes("end")] = column
    whole = {name: np.array([column.sum()], np.int64) for name, column in bases.values.items()}
    end = np.arange(len(_ENDS), dtype=np.int64)
    pair = Pair.of(Table({"end": end}, ends), Table({"base": end[:1]}, whole), np.zeros_like(end))
    keys = pd.DataFrame(
        {
            "outcome": pd.array([OUTCOME_WORDS[end] for end in _ENDS], dtype=TEXT),
            "measure": pd.array(["share_within"] * len(_ENDS), dtype=TEXT),
        }
    )
    unit = pd.array(["share"] * len(_ENDS), dtype=TEXT)
    sides = [
        keys.assign(unit=unit, n=n, value=share.value, low=share.low, high=share.high)
        for n, share in zip(pair.n, pair.shares, strict=True)
    ]
    return Sides(sides[0], sides[1], notes, keys.assign(correlation=pair.correlation))
