"""Kernel that finds events which another source has told already."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

__all__ = ["told_before"]


@njit(cache=True, nogil=True)
def told_before(key: Ints, time: Ints, rank: Ints, within: int, n_ranks: int) -> npt.NDArray[np.bool_]:
    """Return which events have one of a lower rank with the same key, at most `within` earlier or later.

    Events lie by key and in time order inside a key. ``within < 0`` is any time.
    """
    copies = np.zeros(key.size, np.bool_)
    last = np.zeros(n_ranks, np.int64)
    seen = np.full(n_ranks, -1, np.int64)  # the key at which a rank was met last
    for forth in (True, False):
        seen[:] = -1
        for k in range(key.size):
            i = k if forth else key.size - 1 - k
            for r in range(rank[i]):
                if seen[r] == key[i] and (within < 0 or abs(time[i] - last[r]) <= within):
                    copies[i] = True
            seen[rank[i]] = key[i]
            last[rank[i]] = time[i]
    return copies
