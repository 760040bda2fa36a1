"""Text to integer codes: one vocabulary over all chunks of a column, small ones sorted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category

__all__ = ["encode", "encode_all", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")

#: Vocabularies up to this size are sorted.
_SORTED = 1 << 16


def encode(values: pa.Array | pa.ChunkedArray) -> Category:
    """Return a text column as a :class:`Category`; missing values get the code -1.

    Parameters
    ----------
    values : Arrow array or chunked array of string, large_string or dictionary
    """
    chunked = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    if pa.types.is_dictionary(chunked.type):
        chunked = chunked.unify_dictionaries()
        parts = chunked.chunks
    else:
        parts = pc.dictionary_encode(chunked).chunks  # one hash table over all chunks: one dictionary
    if not parts:
        return Category(np.zeros(0, np.int32), pa.array([], type=pa.string()))
    codes = [p.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32) for p in parts]
    labels = parts[-1].dictionary.cast(pa.string())
    joined = codes[0] if len(codes) == 1 else np.concatenate(codes)
    return _sorted(joined, labels) if len(labels) <= _SORTED else Category(joined, labels)


def encode_all(columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> dict[str, Category]:
    """Return several text columns encoded side by side."""
    return dict(zip(columns, side_by_side(encode, list(columns.values())), strict=True))


def side_by_side(task: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return the task's answers for all items, worked on by as many threads as there are cores."""
    workers = min(os.cpu_count() or 1, len(items))
    if workers < 2:
        return [task(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, items))


def _sorted(codes: npt.NDArray[np.int32], labels: pa.Array) -> Category:
    """Return the column over sorted labels: counts keyed by it come out sorted, which makes merging cheap."""
    rank = pc.array_sort_indices(labels).to_numpy()
    moved = np.empty(len(rank) + 1, dtype=np.int32)
    moved[rank] = np.arange(len(rank), dtype=np.int32)
    moved[-1] = -1
    return Category(moved[codes], labels.take(pa.array(rank)))
