"""Visits: the cases of a chunk as sequences of nodes. All path statistics read the journeys from here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level, read_only
from journeylog.core.kernels import visits as kernel
from journeylog.core.schema import DROPPED, OPEN, REACHED, UNDECLARED
from journeylog.core.select import restrict_level
from journeylog.core.window import Window

__all__ = ["FOREVER", "Visits", "at_patience", "case_times", "make_visits"]

Ints = npt.NDArray[np.int64]
FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Visits:
    """Visits of nodes, case by case.

    Parameters
    ----------
    node : ndarray of int32, shape (n_visits,)
        Code of the node, never negative.
    enter, leave : ndarray of int64, shape (n_visits,)
        Times of the visit's first and last event, microseconds.
    cases : Level
        ``begin`` and ``end`` point into the visits; a case without any visit is empty.
    labels : tuple of str
        Names of the nodes.
    ordered : bool
        True when the order of the names has a meaning (stages).
    horizon : int
        Visits left before this time were watched for the whole patience.
    patience : int
        Microseconds of silence after which a case is given up; ``FOREVER`` when undeclared.
    short : bool
        True when the window is not longer than the patience, so that no visit is followed.
    """

    node: npt.NDArray[np.int32]
    enter: Ints
    leave: Ints
    cases: Level
    labels: tuple[str, ...]
    ordered: bool
    horizon: int
    patience: int
    short: bool = False

    @property
    def watched(self) -> tuple[int, int] | None:
        """Horizon and patience; None when all visits are followed."""
        return None if self.horizon == self.patience == FOREVER else (self.horizon, self.patience)

    @property
    def timed(self) -> Visits:
        """The visits whose moves tell how long things take: those followed, or all where none can be."""
        return replace(self, horizon=FOREVER, patience=FOREVER, short=False) if self.short else self


def make_visits(chunk: Chunk, window: Window, node: str, case: str, merge: bool) -> Visits:
    """Return the visits of `node` in the cases of the level `case`.

    Parameters
    ----------
    node : str
        A categorical column; events without a value belong to no visit.
    case : str
        ``"actor"``, ``"session"`` or ``"journey"``.
    merge : bool
        Whether neighbouring events of one node are one visit (stages) or each event is its own (events).
    """
    column = chunk.category(node)
    level = chunk.cases(case)
    codes, time = column.codes, chunk.time
    if level.order is not None:
        codes, time = read_only(codes[level.order]), read_only(time[level.order])
    horizon, patience = FOREVER, FOREVER
    if level.patience != UNDECLARED:
        horizon, patience = window.end - level.patience, level.patience
    enter = leave = time
    if merge or node != "event":
        visited: Any = kernel.visits(codes, time, level.begin, level.end, merge)
        codes, enter, leave, first, last = (read_only(array) for array in visited)
        level = replace(level, begin=first, end=last, order=None)
    level = _judged_by_visits(level, leave, horizon)
    short = horizon <= window.start
    return Visits(codes, enter, leave, level, column.names, column.ordered, horizon, patience, short)


def _judged_by_visits(level: Level, leave: Ints, horizon: int) -> Level:
    """Return the cases with silence measured on the visits themselves.

    A case can be open because of events that belong to no node. Where its last visit was watched for the whole
    patience, no other visit followed: for these nodes it is dropped, or all that moved on would be in the rates
    and those that did not would be left out.
    """
    if horizon == FOREVER or len(level) == 0:
        return level
    some = level.end > level.begin
    silent = np.zeros(len(level), dtype=bool)
    silent[some] = leave[level.end[some] - 1] < horizon
    silent &= level.outcome == OPEN
    return replace(level, outcome=np.where(silent, DROPPED, level.outcome)) if silent.any() else level


def at_patience(visits: Visits, patience: int, window: Window) -> Visits:
    """Return the same visits judged by another patience, as if their journeys had been declared with it.

    Stretches that a silence cut, but not one that long, are one again, unless events that are in neither lie between
    them.
    """
    cases, horizon = visits.cases, window.end - patience
    cases = restrict_level(cases, cases.end > cases.begin)
    if cases.terms.stretches and len(cases) > 1:
        cases = _rejoined(cases, visits, patience)
    silent = visits.leave[cases.end - 1] < horizon
    outcome = np.where(cases.outcome == REACHED, REACHED, np.where(silent, DROPPED, OPEN))
    cases = replace(cases, outcome=outcome, patience=patience)
    return replace(visits, cases=cases, horizon=horizon, patience=patience, short=horizon <= window.start)


def _rejoined(cases: Level, visits: Visits, patience: int) -> Level:
    after = cases.begin[1:]
    joined = (cases.outcome[:-1] == DROPPED) & (cases.end[:-1] == after)
    joined &= cases.actor_of_case()[1:] == cases.actor_of_case()[:-1]
    joined &= visits.enter[after] - visits.leave[cases.end[:-1] - 1] <= patience
    first, last = np.append(True, ~joined), np.append(~joined, True)
    whole = restrict_level(cases, first)
    return replace(whole, end=cases.end[last], outcome=cases.outcome[last])


def case_times(chunk: Chunk, level: Level) -> tuple[Ints, Ints]:
    """Return the times of the first and the last event of each case."""
    if level.order is None:
        return chunk.time[level.begin], chunk.time[level.end - 1]
    return chunk.time[level.order[level.begin]], chunk.time[level.order[level.end - 1]]
