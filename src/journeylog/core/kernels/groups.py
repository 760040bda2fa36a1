"""Kernel that adds up rows which stand together: the sum of every merge of counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

__all__ = ["sum_groups"]


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
