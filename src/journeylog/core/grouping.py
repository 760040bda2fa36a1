"""Keys of rows as single integers: joined, divided again, and the order that brings equal ones together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from journeylog.core.encode import side_by_side
from journeylog.core.kernels.groups import begins_of, divide, joined_keys, rows_of_two

__all__ = ["changes", "divided", "ends_of", "grouping", "rising", "rows_of_sorted"]

Ints = npt.NDArray[np.int64]
_FEW_RUNS = 1 << 9


def grouping(codes: Sequence[Ints]) -> tuple[Ints | None, npt.NDArray[np.bool_]]:
    """Return an order by the key columns (None: as they are), and where in it a new key begins."""
    bounds = spread([[ends_of(column) for column in codes]])
    if bounds is None:  # no 64-bit integer tells the keys apart
        order = np.asarray(np.lexsort(list(reversed(codes))), dtype=np.int64)
        return order, np.logical_or.reduce([changes(column[order]) for column in codes])
    keys, falls, _ = joined(codes, bounds)
    if not falls:
        return None, changes(keys)
    # rows of one key are added up whatever their order; a few sorted parts, as in a merge, are merged soonest
    order = np.asarray(np.argsort(keys, kind="stable" if falls < _FEW_RUNS else "quicksort"), dtype=np.int64)
    return order, begins_of(keys, order)


def rows_of_sorted(codes: Sequence[Sequence[Ints]], many: bool) -> tuple[Ints, Ints] | None:
    """Return for each key of two sorted tables, in order, its row in the one and in the other, -1 for none.

    None when a table's keys do not rise, or no 64-bit integer tells them apart.

    Parameters
    ----------
    codes : sequence of two sequences of ndarray of int64
        The key columns of both.
    many : bool
        Whether there is enough to do for several threads.
    """
    ends = side_by_side(ends_of, [column for columns in codes for column in columns], many)
    bounds = spread([ends[: len(codes[0])], ends[len(codes[0]) :]])
    if bounds is None:
        return None
    (one, *worse), (other, *worst) = side_by_side(lambda columns: joined(columns, bounds), codes, many)
    return None if any(worse) or any(worst) else rows_of_two(one, other)


def divided(key: Ints, size: int) -> tuple[Ints, Ints]:
    """Return quotient and rest; NumPy's own division of integers takes three times as long, ``divmod`` more."""
    quotient, rest = np.empty(len(key), np.int64), np.empty(len(key), np.int64)
    divide(key, size, quotient, rest)
    return quotient, rest


def ends_of(column: Ints) -> tuple[int, int]:
    """Return the lowest and the highest value."""
    return int(column.min()), int(column.max())


def spread(parts: Sequence[Sequence[tuple[int, int]]]) -> tuple[Ints, Ints] | None:
    """Return from the ends of each key column in all parts its lowest value and its span.

    None when the keys of one 64-bit integer overflow.
    """
    low = [min(first for first, _ in same) for same in zip(*parts, strict=True)]
    high = [max(last for _, last in same) for same in zip(*parts, strict=True)]
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
