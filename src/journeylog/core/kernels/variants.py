"""Kernels that tell paths apart by a 128-bit hash of their names, whatever codes the names have.

Names come as four 32-bit words each (a digest of the text); four lanes of 32 bits take one word of every visit.
Each step of a lane is one to one, so paths that differ somewhere never meet again over the same ending, and all
products stay below 2 ** 63.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import bin_of_ms
from journeylog.core.kernels.hashing import scatter

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

LOW = 0xFFFFFFFF
HALF = 1 << 31

__all__ = ["number_paths", "path_bins", "path_hashes", "path_sums"]


@njit(cache=True, nogil=True, inline="always")
def turn(lane: int, word: int, factor: int) -> int:
    """Return a lane after one more word."""
    x = ((lane ^ word) * factor) & LOW
    return ((x ^ (x >> 15)) + 1) & LOW


@njit(cache=True, nogil=True)
def path_hashes(node: Codes, begin: Ints, end: Ints, words: Ints, most: int) -> Any:
    """Return the two halves of the hash of each case's first `most` visits."""
    high = np.empty(begin.size, np.int64)
    low = np.empty(begin.size, np.int64)
    for c in range(begin.size):
        a, b, d, e = np.int64(1), np.int64(2), np.int64(3), np.int64(4)
        for i in range(begin[c], min(end[c], begin[c] + most)):
            word = words[node[i]]
            a = turn(a, word[0], 0x2C1B3C6D)
            b = turn(b, word[1], 0x297A2D39)
            d = turn(d, word[2], 0x45D9F3B3)
            e = turn(e, word[3], 0x119DE1F3)
        high[c] = ((a - HALF) << 32) | b
        low[c] = ((d - HALF) << 32) | e
    return high, low


@njit(cache=True, nogil=True)
def number_paths(high: Ints, low: Ints, cut: Any, counted: Any) -> Any:
    """Return for each case the number of its path (-1 when not `counted`) and the first case of each path.

    A path that was `cut` is another one than the same visits in full.
    """
    size = 1024
    slot = np.full(size, -1, np.int32)
    first = np.empty(size, np.int64)
    path = np.full(high.size, -1, np.int32)
    n = 0
    for c in range(high.size):
        if not counted[c]:
            continue
        if 2 * (n + 1) > size:
            size *= 2
            slot = np.full(size, -1, np.int32)
            wider = np.empty(size, np.int64)
            wider[:n] = first[:n]
            first = wider
            for k in range(n):
                s = scatter(high[first[k]]) & (size - 1)
                while slot[s] >= 0:
                    s = (s + 1) & (size - 1)
                slot[s] = k
        s = scatter(high[c]) & (size - 1)
        while slot[s] >= 0:
            f = first[slot[s]]
            if high[f] == high[c] and low[f] == low[c] and cut[f] == cut[c]:
                break
            s = (s + 1) & (size - 1)
        if slot[s] < 0:
            slot[s] = n
            first[n] = c
            n += 1
        path[c] = slot[s]
    return path, first[:n].copy()


@njit(cache=True, nogil=True)
def path_sums(path: Codes, outcome: Codes, lasted_ms: Ints, n_paths: int) -> Any:
    """Return for each path its cases reached, dropped and open, and the sum of their times."""
    out = np.zeros((n_paths, 4), np.int64)
    for c in range(path.size):
        if path[c] >= 0:
            out[path[c], -3 - outcome[c]] += 1
            out[path[c], 3] += lasted_ms[c]
    return out


@njit(cache=True, nogil=True)
def path_bins(path: Codes, lasted_ms: Ints) -> Ints:
    """Return the key ``path << 13 | bin`` of each case that has a path."""
    out = np.empty(path.size, np.int64)
    n = 0
    for c in range(path.size):
        if path[c] >= 0:
            out[n] = (np.int64(path[c]) << 13) | bin_of_ms(lasted_ms[c])
            n += 1
    return out[:n].copy()
