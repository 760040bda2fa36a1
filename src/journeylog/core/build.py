"""From columns in input order to a chunk: encode, order, gather."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk, Column, Number, read_only
from journeylog.core.encode import encode, side_by_side
from journeylog.core.kernels import layout
from journeylog.core.rows_by_code import by_code

__all__ = ["build_chunk", "empty_chunk", "load_kernels"]

Ints = npt.NDArray[np.int64]


def build_chunk(
    actor: Category | pa.Array | pa.ChunkedArray,
    time: Ints,
    columns: Mapping[str, Column],
    ties: Sequence[npt.NDArray[np.generic]] = (),
) -> tuple[Chunk, int]:
    """Return the chunk of the events and how many of them are tied.

    Parameters
    ----------
    actor : Category or Arrow string array, length n_events
        Actor ids as text, none missing.
    time : ndarray of int64, shape (n_events,)
        Microseconds since 1970 UTC.
    columns : mapping of str to Category, Number or Text
        Must hold ``"event"``; rows in the order of the input.
    ties : sequence of ndarray, each of shape (n_events,)
        What decides between equal times, most important first. The position in the input decides last.

    Returns
    -------
    chunk : Chunk
    n_tied : int
        Events at the same time as the event before them.
    """
    who = actor if isinstance(actor, Category) else encode(actor)
    start = np.lexsort([np.asarray(t) for t in reversed(ties)]) if ties else np.empty(0, np.int64)
    offsets, order = by_code(who.codes, len(who.labels), start)
    moved = _gathered(np.asarray(time, dtype=np.int64), order)
    n_tied = _sorted_inside(moved, order, offsets)
    placed = {name: _placed(column, order) for name, column in columns.items()}
    return Chunk(who.labels, offsets, moved, placed), n_tied


def _sorted_inside(time: Ints, order: npt.NDArray[Any], offsets: Ints) -> int:
    """Sort each actor's events by time, in place and stable, and return how many are tied; in threads by actor."""
    cuts = np.linspace(0, len(time), (os.cpu_count() or 1) + 1)
    marks = np.searchsorted(offsets[:-1], cuts).tolist()

    def part(bounds: tuple[int, int]) -> int:
        mine = offsets[bounds[0] : bounds[1] + 1]
        late = layout.unsorted_actors(time, mine)
        if len(late):
            layout.sort_times_inside(time, order, mine, late)
        return int(layout.count_ties(time, mine))

    return sum(side_by_side(part, [(a, b) for a, b in itertools.pairwise(marks) if a < b]))


def _placed(column: Column, order: npt.NDArray[Any]) -> Column:
    if isinstance(column, Category):
        return Category(_gathered(column.codes, order), column.labels, column.ordered)
    if isinstance(column, Number):
        valid = None if column.valid is None else _gathered(column.valid, order)
        return Number(_gathered(column.values, order), valid, column.unit)
    return column.take(order)


def _gathered(values: npt.NDArray[Any], order: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return ``values[order]``, in as many threads as there are cores."""
    out = np.empty(len(order), dtype=values.dtype)
    values = read_only(values)
    marks = np.linspace(0, len(order), (os.cpu_count() or 1) + 1).astype(np.int64).tolist()

    def part(bounds: tuple[int, int]) -> None:
        a, b = bounds
        layout.gather(values, order[a:b], out[a:b])

    side_by_side(part, list(itertools.pairwise(marks)))
    return out


@cache
def load_kernels() -> None:
    """Build a chunk of three events: what it takes is compiled code that has to be loaded once a process."""
    names = Category(np.array([0, 1, 0], np.int32), pa.array(["a", "b"]))
    build_chunk(names, np.array([3, 2, 1], np.int64), {"event": names})


def empty_chunk(columns: Mapping[str, Column] | None = None) -> Chunk:
    """Return a chunk without actors; every statistic gives its empty table on it."""
    none = pa.array([], type=pa.string())
    return Chunk(
        none,
        np.zeros(1, np.int64),
        np.zeros(0, np.int64),
        {"event": Category(np.zeros(0, np.int32), none), **(columns or {})},
    )
