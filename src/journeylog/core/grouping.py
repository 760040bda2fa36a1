"""Keys of rows as single integers: joined, divided again, and the order that brings equal ones together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from journeylog.core.kernels.groups import begins_of, joined_keys

__all__ = ["changes", "divided", "grouping", "joined", "rising", "spread"]

Ints = npt.NDArray[np.int64]
_FEW_RUNS = 1 << 9


def grouping(codes: Sequence[Ints]) -> tuple[Ints | None, npt.NDArray[np.bool_]]:
    """Return an order by the key columns (None: as they are), and where in it a new key begins."""
    bounds = spread([codes])
    if bounds is None:  # no 64-bit integer tells the keys apart
        order = np.asarray(np.lexsort(list(reversed(codes))), dtype=np.int64)
        return order, np.logical_or.reduce([changes(column[order]) for column in codes])
    keys, falls, _ = joined(codes, bounds)
    if not falls:
        return None, changes(keys)
    # rows of one key are added up whatever their order; a few sorted parts, as in a merge, are merged soonest
    order = np.asarray(np.argsort(keys, kind="stable" if falls < _FEW_RUNS else "quicksort"), dtype=np.int64)
    return order, begins_of(keys, order)


def divided(key: Ints, size: int) -> tuple[Ints, Ints]:
    """Return quotient and rest; by one number, which numpy divides by several times sooner than in ``divmod``."""
    quotient = key // size
    return quotient, key - quotient * size


def spread(parts: Sequence[Sequence[Ints]]) -> tuple[Ints, Ints] | None:
    """Return the lowest value of each key column in all parts, and its span; None when keys of one integer overflow."""
    low = [min(int(column.min()) for column in same) for same in zip(*parts, strict=True)]
    high = [max(int(column.max()) for column in same) for same in zip(*parts, strict=True)]
    span = [top - base + 1 for top, base in zip(high, low, strict=True)]
    return (np.array(low, np.int64), np.array(span, np.int64)) if math.prod(span) < 2**62 else None


def joined(codes: Sequence[Ints], bounds: tuple[Ints, Ints]) -> tuple[Ints, int, int]:
    """Return the key columns as one integer a row with the same order, and how often it falls and stays."""
    return joined_keys(tuple(np.ascontiguousarray(column, np.int64) for column in codes), *bounds)  # type: ignore[no-any-return]


def changes(column: Ints) -> npt.NDArray[np.bool_]:
    """Return where a value differs from the one before; the first does."""
    new = np.ones(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=new[1:])
    return new


def rising(names: Sequence[str]) -> bool:
    """Return whether every name is greater than the one before."""
    return all(a < b for a, b in itertools.pairwise(names))
