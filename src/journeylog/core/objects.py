"""Cases that interleave: events of one actor grouped by the value of a column (orders, deals, session ids)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level
from journeylog.core.schema import OPEN

__all__ = ["object_level"]


def object_level(chunk: Chunk, column: str, *, missing_alone: bool = False) -> Level:
    """Return the cases given by a column: one case for each actor and value.

    Parameters
    ----------
    column : str
        A categorical column. A value that occurs under two actors makes two cases.
    missing_alone : bool
        Whether an event without a value is a case of its own; otherwise it belongs to no case.

    Notes
    -----
    Cases of an actor are in the order of their first events; all are open, with no declared patience.
    """
    codes = chunk.category(column).codes.astype(np.int64)
    n = len(codes)
    actor = chunk.actor_of_event()
    absent = codes < 0
    codes = np.where(absent, codes.max(initial=0) + 1 + (np.arange(n) if missing_alone else 0), codes)
    _, first, case = np.unique(np.stack((actor, codes)), axis=1, return_index=True, return_inverse=True)
    rank = first[case.reshape(-1)]  # the position of a case's first event tells its place among the actor's cases
    last = np.where(absent & (not missing_alone), n, rank)
    order = np.lexsort((np.arange(n), last, actor)).astype(np.int64)
    inside = (~absent | missing_alone)[order]
    moved_actor, moved_rank = actor[order], rank[order]
    new = np.ones(n, dtype=bool)
    new[1:] = (moved_actor[1:] != moved_actor[:-1]) | (moved_rank[1:] != moved_rank[:-1])
    begin = np.flatnonzero(new & inside).astype(np.int64)
    end = _ends(begin, new | ~inside, n)
    counts = np.bincount(moved_actor[begin], minlength=chunk.n_actors) if n else np.zeros(chunk.n_actors, np.int64)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    return Level(offsets, begin, end, np.full(len(begin), OPEN, np.int32), order)


def _ends(begin: npt.NDArray[np.int64], marks: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.int64]:
    """Return for each begin the next mark after it, or the end of the data."""
    stops = np.append(np.flatnonzero(marks), n)
    return stops[np.searchsorted(stops, begin, side="right")].astype(np.int64)
