"""Kernels that add up rows: those which stand together, which is the sum of every merge of counts, and those of a cell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

__all__ = ["add_up", "sum_groups"]


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
def add_up(cell: Ints, values: Floats, n_cells: int) -> Floats:
    """Return the sum of the values of each cell, added in their order; as ``np.bincount``, and beside other threads."""
    out = np.zeros(n_cells, np.float64)
    for i in range(cell.size):
        out[cell[i]] += values[i]
    return out
