"""Putting the actors of a chunk in another order: events and levels follow, nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level
from journeylog.core.later import Later

__all__ = ["take_actors"]

Ints = npt.NDArray[np.int64]


def take_actors(chunk: Chunk, order: Ints) -> Chunk:
    """Return the chunk with its actors in this order, a permutation of their positions.

    A column is moved when it is first looked at: most questions look at few.
    """
    length = np.diff(chunk.offsets)[order]
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(length)))
    shift = np.empty(len(order), np.int64)  # by old position of an actor: how far its events move
    shift[order] = offsets[:-1] - chunk.offsets[:-1][order]
    index = np.arange(offsets[-1]) - np.repeat(shift[order], length)
    moved = Chunk(
        chunk.actors.take(order),
        offsets,
        chunk.time[index],
        Later.taken(chunk.columns, index),
    )
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    for name, level in chunk.levels.items():
        moved = moved.with_level(name, _moved(level, chunk.offsets, shift, rank, index))
    return moved


def _moved(level: Level, offsets: Ints, shift: Ints, rank: Ints, index: Ints) -> Level:
    """Return the level over the moved events; a level of only some of the actors becomes one of all."""
    order = level.order
    owner = np.searchsorted(offsets, level.first_event(), side="right") - 1
    by_actor = np.argsort(rank[owner], kind="stable")
    step = shift[owner][by_actor]
    n_cases = np.bincount(rank[owner], minlength=len(rank))
    if order is not None:
        inside = order[index]
        order = inside + shift[np.searchsorted(offsets, inside, side="right") - 1]
    apart = level.under_way
    return replace(
        level,
        actor_offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(n_cases))),
        begin=level.begin[by_actor] + step,
        end=level.end[by_actor] + step,
        outcome=level.outcome[by_actor],
        order=order,
        under_way=None if apart is None else _moved(apart, offsets, shift, rank, index),
    )
