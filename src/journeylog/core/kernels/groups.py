"""Kernels that group and add up rows: those of one key, which is every merge of counts, and those of a cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

__all__ = [
    "add_products",
    "add_up",
    "add_weights",
    "begins_of",
    "count_codes",
    "divide",
    "divide_cells",
    "filled_cells",
    "joined_keys",
    "key_of_two",
    "numbered",
    "rises",
    "rows_of_keys",
    "rows_of_two",
    "sum_groups",
    "sum_of_two",
    "sum_stretches",
]


@njit(cache=True, nogil=True)
def joined_keys(columns: tuple[Ints, ...], low: Ints, span: Ints) -> tuple[Ints, int, int]:
    """Return the columns as one integer a row with the same order, and how often it falls and stays from row to row.

    Column ``k`` holds integers from ``low[k]`` on, fewer than ``low[k] + span[k]``.
    """
    out = np.empty(columns[0].size, np.int64)
    falls, stays = 0, 0
    for i in range(out.size):
        key = np.int64(0)
        for k in range(len(columns)):
            key = key * span[k] + (columns[k][i] - low[k])
        out[i] = key
        if i > 0:
            falls += key < out[i - 1]
            stays += key == out[i - 1]
    return out, falls, stays


@njit(cache=True, nogil=True)
def rows_of_two(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Return for each of the keys of two rising columns, in order, its row in the one and in the other; -1 for none."""
    first, second = np.empty(one.size + other.size, np.int64), np.empty(one.size + other.size, np.int64)
    a, b, n = 0, 0, 0
    while a < one.size and b < other.size:
        in_one, in_other = one[a] <= other[b], other[b] <= one[a]
        first[n], second[n] = (a if in_one else -1), (b if in_other else -1)
        a += in_one
        b += in_other
        n += 1
    while a < one.size:
        first[n], second[n] = a, -1
        a, n = a + 1, n + 1
    while b < other.size:
        first[n], second[n] = -1, b
        b, n = b + 1, n + 1
    return first[:n], second[:n]


@njit(cache=True, nogil=True)
def sum_of_two(one: Ints, other: Ints, first: Ints, second: Ints) -> Ints:
    """Return ``one[first] + other[second]``, where a row of -1 counts nothing."""
    out = np.empty(first.size, np.int64)
    for i in range(first.size):
        a, b = first[i], second[i]  # no branch: which of both has a row cannot be foretold
        out[i] = one[max(a, 0)] * (a >= 0) + other[max(b, 0)] * (b >= 0)
    return out


@njit(cache=True, nogil=True)
def key_of_two(one: Ints, other: Ints, first: Ints, second: Ints) -> Ints:
    """Return ``one[first]``, or ``other[second]`` where that row is -1."""
    out = np.empty(first.size, np.int64)
    for i in range(first.size):
        a, b = first[i], second[i]
        mine, theirs = one[max(a, 0)], other[max(b, 0)]
        out[i] = mine if a >= 0 else theirs
    return out


@njit(cache=True, nogil=True)
def divide(key: Ints, size: int, quotient: Ints, rest: Ints) -> None:
    """Write quotient and rest of each key."""
    for i in range(key.size):
        quotient[i] = key[i] // size
        rest[i] = key[i] - quotient[i] * size


@njit(cache=True, nogil=True)
def begins_of(keys: Ints, order: Ints) -> npt.NDArray[np.bool_]:
    """Return where in ``keys[order]`` a value differs from the one before; the first does."""
    out = np.ones(order.size, np.bool_)
    for i in range(1, order.size):
        out[i] = keys[order[i]] != keys[order[i - 1]]
    return out


@njit(cache=True, nogil=True)
def rises(first: Ints, second: Ints) -> bool:
    """Return whether the pairs of two columns never fall from row to row."""
    for i in range(1, first.size):
        if first[i] < first[i - 1] or (first[i] == first[i - 1] and second[i] < second[i - 1]):
            return False
    return True


@njit(cache=True, nogil=True)
def rows_of_keys(columns: tuple[Ints, ...], moved: Ints, beside: int, row: Ints) -> Ints:
    """Return the row of each key: ``row[joined]``, where every column's code is moved first and takes as many values.

    ``moved[k, code + beside]`` is what stands for a code of column ``k``.
    """
    out = np.empty(columns[0].size, np.int64)
    for i in range(out.size):
        key = np.int64(0)
        for k in range(len(columns)):
            key = key * moved.shape[1] + moved[k, columns[k][i] + beside]
        out[i] = row[key]
    return out


@njit(cache=True, nogil=True)
def sum_groups(values: Ints, order: Ints, begins: npt.NDArray[np.bool_], n_groups: int) -> Ints:
    """Return the sum of each group of ``values[order]``; a group begins where `begins` says so."""
    out = np.empty(n_groups, np.int64)
    g = -1
    for i in range(order.size):
        if begins[i]:
            g += 1
            out[g] = 0
        out[g] += values[order[i]]
    return out


@njit(cache=True, nogil=True)
def add_up(cell: Ints, values: Any, n_cells: int) -> Floats:
    """Return the sum of the values of each cell, added in their order; as ``np.bincount``, and beside other threads."""
    out = np.zeros(n_cells, np.float64)
    for i in range(cell.size):
        out[cell[i]] += values[i]
    return out


@njit(cache=True, nogil=True)
def add_weights(cell: Ints, kind: Ints, n: Ints, weight: Floats, n_cells: int) -> Floats:
    """Return the sum of ``n * weight[kind]`` of each cell, added in the order of rows."""
    out = np.zeros(n_cells, np.float64)
    for i in range(cell.size):
        out[cell[i]] += weight[kind[i]] * n[i]
    return out


@njit(cache=True, nogil=True)
def sum_stretches(values: Ints, begin: Ints, end: Ints) -> Ints:
    """Return the sum of ``values[begin:end]`` for each pair of bounds."""
    out = np.empty(begin.size, np.int64)
    for k in range(begin.size):
        total = np.int64(0)
        for i in range(begin[k], end[k]):
            total += values[i]
        out[k] = total
    return out


@njit(cache=True, nogil=True)
def count_codes(codes: npt.NDArray[np.int32], n_codes: int) -> Ints:
    """Return how often each code occurs; as ``np.bincount``, without a wider copy of the codes."""
    out = np.zeros(n_codes, np.int64)
    for i in range(codes.size):
        out[codes[i]] += 1
    return out


@njit(cache=True, nogil=True)
def divide_cells(columns: tuple[Ints, ...], cell: Ints, bits: int) -> tuple[Ints, Ints, Ints]:
    """Return where a new key begins, and of each row ``2 * key + (cell >> bits)`` and the lower bits of its cell.

    Keys are the columns, whose equal ones stand together.
    """
    begins, group, rest = (
        np.empty(cell.size, np.int64),
        np.empty(cell.size, np.int64),
        np.empty(cell.size, np.int64),
    )
    n = 0
    for i in range(cell.size):
        new = i == 0
        for k in range(len(columns)):
            new = new or columns[k][i] != columns[k][i - 1]
        begins[n] = i
        n += new
        group[i] = 2 * (n - 1) + (cell[i] >> bits)
        rest[i] = cell[i] & ((1 << bits) - 1)
    return begins[:n].copy(), group, rest


@njit(cache=True, nogil=True)
def filled_cells(grid: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Return which cells of a grid are not empty, and what is in them."""
    n = 0
    for i in range(grid.size):
        n += grid[i] != 0
    cell, found = np.empty(n, np.int64), np.empty(n, np.int64)
    n = 0
    for i in range(grid.size):
        if grid[i] != 0:
            cell[n], found[n] = i, grid[i]
            n += 1
    return cell, found


@njit(cache=True, nogil=True)
def numbered(keys: Ints, largest: int) -> tuple[Ints, Ints, Ints]:
    """Return the distinct keys in order, the number of each row's, and the first row of each; keys are 0 to `largest`."""
    spot = np.full(largest + 1, -1, np.int64)
    n = 0
    for i in range(keys.size):
        if spot[keys[i]] < 0:
            spot[keys[i]] = i
            n += 1
    found, first, number = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(keys.size, np.int64)
    n = 0
    for key in range(largest + 1):
        if spot[key] >= 0:
            found[n], first[n] = key, spot[key]
            spot[key] = n
            n += 1
    for i in range(keys.size):
        number[i] = spot[keys[i]]
    return found, number, first


@njit(cache=True, nogil=True)
def add_products(cell: Ints, one: Floats, other: Floats, n_cells: int) -> tuple[Floats, Floats, Floats]:
    """Return by cell the sums of one, of its square and of its product with the other."""
    n, squares, products = np.zeros(n_cells), np.zeros(n_cells), np.zeros(n_cells)
    for i in range(cell.size):
        c, v = cell[i], one[i]
        n[c] += v
        squares[c] += v * v
        products[c] += v * other[i]
    return n, squares, products
