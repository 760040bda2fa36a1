"""Keeping some of the events, cases or actors of a chunk; levels follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Chunk, Level

__all__ = ["keep_actors", "keep_cases", "keep_events", "restrict_level"]

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def keep_events(chunk: Chunk, mask: Mask) -> Chunk:
    """Return the chunk with only the events in `mask`; actors without an event left are gone.

    Cases keep their outcome and shrink; a case without an event left is gone.
    """
    if mask.all() and (chunk.offsets[1:] > chunk.offsets[:-1]).all():
        return chunk
    moved = _running(mask)
    offsets = moved[chunk.offsets]
    stay = offsets[1:] > offsets[:-1]
    kept = Chunk(
        chunk.actors.filter(pa.array(stay)),
        np.concatenate((offsets[:-1][stay], offsets[-1:])),
        chunk.time[mask],
        {name: column.take(mask) for name, column in chunk.columns.items()},
    )
    for name, level in chunk.levels.items():
        kept = kept.with_level(name, _shrink(level, mask, moved, stay))
    return kept


def keep_actors(chunk: Chunk, mask: Mask) -> Chunk:
    """Return the chunk with only the actors in `mask`."""
    return keep_events(chunk, np.repeat(mask, np.diff(chunk.offsets)))


def keep_cases(chunk: Chunk, name: str, mask: Mask) -> Chunk:
    """Return the chunk whose level `name` holds only the cases in `mask`; the events stay as they are."""
    return chunk.with_level(name, restrict_level(chunk.cases(name), mask))


def restrict_level(level: Level, mask: Mask) -> Level:
    """Return the level with only the cases in `mask`."""
    moved = _running(mask)
    return replace(
        level,
        actor_offsets=moved[level.actor_offsets],
        begin=level.begin[mask],
        end=level.end[mask],
        outcome=level.outcome[mask],
    )


def _shrink(level: Level, mask: Mask, moved: Ints, stay: Mask) -> Level:
    """Return the level over the kept events and actors."""
    if level.order is None:
        order, before = None, moved
    else:
        kept = mask[level.order]
        order = moved[level.order[kept]]
        before = _running(kept)
    begin, end = before[level.begin], before[level.end]
    shrunk = restrict_level(replace(level, begin=begin, end=end, order=order), end > begin)
    first = shrunk.actor_offsets[:-1][stay]
    apart = level.under_way
    return replace(
        shrunk,
        actor_offsets=np.concatenate((first, shrunk.actor_offsets[-1:])),
        under_way=None if apart is None else _shrink(apart, mask, moved, stay),
    )


def _running(mask: Mask) -> Ints:
    """Return how many are kept before each place, and last how many in all."""
    kept = np.zeros(len(mask) + 1, dtype=np.int64)
    np.cumsum(mask, out=kept[1:])
    return kept
