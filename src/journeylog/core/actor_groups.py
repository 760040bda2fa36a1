"""Groups of actors: by a hash of their ids, the same in every partition, order and engine, or by a column.

What is counted by groups of a hash adds up like everything else, and its spread between groups is the spread between
actors: the groups are random samples of actors, drawn without a random number.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Chunk, Level
from journeylog.core.kernels.actor_hash import hash_texts

__all__ = ["actor_groups", "actor_hashes", "actor_of_cases", "group_of_actors"]

Ints = npt.NDArray[np.int64]


def actor_hashes(chunk: Chunk, seed: int = 0) -> Ints:
    """Return 62 bits for each actor that depend on the bytes of the id and the seed alone.

    Parameters
    ----------
    chunk : Chunk
    seed : int
        From 0 to 2**31 - 1; other seeds, other bits.

    Returns
    -------
    ndarray of int64, shape (n_actors,)
        Between 0 and 2**62 - 1.

    Examples
    --------
    >>> import journeylog as jl
    >>> chunk = jl.datasets.tiny().chunk
    >>> bool((actor_hashes(chunk.slice(1, 3)) == actor_hashes(chunk)[1:3]).all())
    True
    """
    ids = chunk.actors
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    wide = pa.types.is_large_string(ids.type)
    if not wide and not pa.types.is_string(ids.type):
        ids, wide = ids.cast(pa.large_string()), True
    _, places, data = ids.buffers()
    if len(ids) == 0 or places is None:
        return np.zeros(len(ids), np.int64)
    kind = np.dtype(np.int64 if wide else np.int32)
    offsets = np.frombuffer(places, kind, len(ids) + 1, ids.offset * kind.itemsize)
    texts = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return np.asarray(hash_texts(texts, offsets, seed), dtype=np.int64)


def actor_groups(chunk: Chunk, n_groups: int, seed: int = 0) -> Ints:
    """Return the group of each actor, from 0 to ``n_groups - 1``; groups have about the same number of actors."""
    return (actor_hashes(chunk, seed) >> 10) % n_groups


def actor_of_cases(chunk: Chunk, level: Level) -> Ints:
    """Return the position of each case's actor in the chunk, also where the level holds only some of the actors."""
    if len(level.actor_offsets) == chunk.n_actors + 1:
        return level.actor_of_case()
    return np.searchsorted(chunk.offsets, level.first_event(), side="right").astype(np.int64) - 1


def group_of_actors(chunk: Chunk, by: str) -> Ints:
    """Return the code of each actor's first known value of a column, -1 where it has none."""
    column = chunk.category(by)
    known = np.flatnonzero(column.codes >= 0)
    actor = np.searchsorted(chunk.offsets, known, side="right") - 1
    owner, first = np.unique(actor, return_index=True)
    group = np.full(chunk.n_actors, -1, np.int64)
    group[owner] = column.codes[known[first]]
    return group
