"""Kernel that numbers integer keys in order of first appearance (a hash table that grows)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

__all__ = ["number_keys", "scatter"]


@njit(cache=True, nogil=True, inline="always")
def scatter(key: int) -> int:
    """Return a key's place in a hash table; the product of 32 and 31 bits never leaves 64."""
    return (((key ^ (key >> 32)) & 0xFFFFFFFF) * 0x61C88647) >> 20


@njit(cache=True, nogil=True)
def number_keys(keys: Ints) -> Any:
    """Return for each key its number, the distinct keys in that order, and how often each occurs."""
    size = 1024
    slot = np.full(size, -1, np.int32)
    known = np.empty(size, np.int64)
    count = np.zeros(size, np.int64)
    out = np.empty(keys.size, np.int32)
    n = 0
    for i in range(keys.size):
        key = keys[i]
        h = scatter(key)
        s = h & (size - 1)
        while slot[s] >= 0 and known[slot[s]] != key:
            s = (s + 1) & (size - 1)
        if slot[s] < 0:
            if 2 * (n + 1) > size:
                size *= 2
                slot = np.full(size, -1, np.int32)
                wider, counted = np.empty(size, np.int64), np.zeros(size, np.int64)
                wider[:n], counted[:n] = known[:n], count[:n]
                known, count = wider, counted
                for k in range(n):
                    s = scatter(known[k]) & (size - 1)
                    while slot[s] >= 0:
                        s = (s + 1) & (size - 1)
                    slot[s] = k
                s = h & (size - 1)
                while slot[s] >= 0:
                    s = (s + 1) & (size - 1)
            slot[s] = n
            known[n] = key
            n += 1
        out[i] = slot[s]
        count[slot[s]] += 1
    return out, known[:n].copy(), count[:n].copy()
