"""Visits: the cases of a chunk as sequences of nodes. All path statistics read the journeys from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level, read_only
from journeylog.core.kernels import visits as kernel
from journeylog.core.schema import UNDECLARED
from journeylog.core.window import Window

__all__ = ["FOREVER", "Visits", "case_times", "make_visits"]

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
    """

    node: npt.NDArray[np.int32]
    enter: Ints
    leave: Ints
    cases: Level
    labels: tuple[str, ...]
    ordered: bool
    horizon: int

    def spans(self, meaning: str) -> tuple[Ints, Ints, int]:
        """Return the arrays and the shift with which a duration is ``to[i + shift] - since[i]``.

        ``"stay"`` is enter to the next visit's enter, ``"dwell"`` enter to exit, ``"wait"`` exit to the next
        visit's enter.
        """
        return {
            "stay": (self.enter, self.enter, 1),
            "dwell": (self.enter, self.leave, 0),
            "wait": (self.leave, self.enter, 1),
        }[meaning]


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
    horizon = FOREVER if level.patience == UNDECLARED else window.end - level.patience
    if not merge and node == "event":
        return Visits(codes, time, time, level, column.names, column.ordered, horizon)
    visited: Any = kernel.visits(codes, time, level.begin, level.end, merge)
    found, enter, leave, first, last = visited
    cases = Level(level.actor_offsets, first, last, level.outcome, None, level.patience)
    return Visits(
        read_only(found), read_only(enter), read_only(leave), cases, column.names, column.ordered, horizon
    )


def case_times(chunk: Chunk, level: Level) -> tuple[Ints, Ints]:
    """Return the times of the first and the last event of each case."""
    if level.order is None:
        return chunk.time[level.begin], chunk.time[level.end - 1]
    return chunk.time[level.order[level.begin]], chunk.time[level.order[level.end - 1]]
