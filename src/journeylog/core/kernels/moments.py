"""Kernel that counts rows of cases with the second moments over actors that intervals need."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["case_moments"]


@njit(cache=True, nogil=True)
def case_moments(rows: Codes, actor_offsets: Ints, n_rows: int) -> Any:
    """Count the cases in each row; ``rows[case]`` is -1 for a case that does not count, -2 for one in no row.

    Returns the columns cases, actors, sum over actors of k ** 2, sum over actors of k * n, where an actor has k
    cases in the row and n that count; then cases, actors and the sum over actors of n ** 2 of the whole.
    """
    out = np.zeros((n_rows, 4), np.int64)
    whole = np.zeros(3, np.int64)
    mine = np.zeros(n_rows, np.int32)
    for a in range(actor_offsets.size - 1):
        total = np.int64(0)
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            if rows[c] >= 0:
                mine[rows[c]] += 1
            total += rows[c] != -1
        if total == 0:
            continue
        whole[0] += total
        whole[1] += 1
        whole[2] += total * total
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            r = rows[c]
            if r < 0 or mine[r] == 0:
                continue
            k = np.int64(mine[r])
            out[r, 0] += k
            out[r, 1] += 1
            out[r, 2] += k * k
            out[r, 3] += k * total
            mine[r] = 0
    return out, whole
