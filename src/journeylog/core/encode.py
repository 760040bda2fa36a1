"""Text to integer codes: one vocabulary over all chunks of a column, small ones sorted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

from journeylog.core.chunk import Category
from journeylog.core.vocabulary import Vocabulary, tidy

__all__ = ["encode", "encode_all", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")


def encode(values: pa.Array | pa.ChunkedArray) -> Category:
    """Return a text column as a :class:`Category`; missing values get the code -1.

    Parameters
    ----------
    values : Arrow array or chunked array of string, large_string or dictionary
    """
    known = Vocabulary()
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    codes = [known.codes(chunk) for chunk in chunks]
    return tidy(codes, known.labels())


def encode_all(columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> dict[str, Category]:
    """Return several text columns encoded side by side."""
    return dict(zip(columns, side_by_side(encode, list(columns.values())), strict=True))


def side_by_side(task: Callable[[T], R], items: Sequence[T], many: bool = True) -> list[R]:
    """Return the task's answers for all items, worked on by as many threads as there are cores if there is `many` to do."""
    workers = min(os.cpu_count() or 1, len(items)) if many else 1
    if workers < 2:
        return [task(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, items))
