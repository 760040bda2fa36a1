"""Kernels for chance that is the same everywhere: hashes of texts and of counters, and sums with drawn weights.

All arithmetic is on 32 bits inside 64, so it says the same compiled, uncompiled and on any machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

LOW = 0xFFFFFFFF
#: Odd factors of at most 31 bits: their products with 32 bits never leave 64.
FIRST, SECOND, TEXT = 0x21F0AAAD, 0x735A2D97, 0x01000193

__all__ = ["AT_ONCE", "add_weighted", "hash_texts", "mixed", "poisson_weights"]

#: Replicates that are added up in one go.
AT_ONCE = 16


@njit(cache=True, nogil=True, inline="always")
def mixed(x: int) -> int:
    """Return 32 bits in which every bit depends on every bit of the 32 given."""
    x = ((x ^ (x >> 16)) * FIRST) & LOW
    x = ((x ^ (x >> 15)) * SECOND) & LOW
    return x ^ (x >> 15)


@njit(cache=True, nogil=True)
def hash_texts(data: Any, offsets: Any, seed: int) -> Ints:
    """Return 32 bits for each text."""
    out = np.empty(offsets.size - 1, np.int64)
    for i in range(out.size):
        h = mixed(seed & LOW)
        for k in range(offsets[i], offsets[i + 1]):
            h = ((h ^ np.int64(data[k])) * TEXT) & LOW
        out[i] = mixed(h ^ (np.int64(offsets[i + 1] - offsets[i]) & LOW))
    return out


@njit(cache=True, nogil=True)
def poisson_weights(n_groups: int, first: int, last: int, seed: int, bounds: Ints) -> Ints:
    """Return weights of mean 1 for each group and the replicates `first` to `last` (excluded).

    `bounds` are the cumulated probabilities of 0, 1, 2, ... in 32 bits; a draw is how many it reaches.
    """
    out = np.zeros((n_groups, last - first), np.int64)
    for g in range(n_groups):
        own = mixed(mixed(seed & LOW) ^ g)
        for r in range(first, last):
            draw = mixed(mixed(own ^ r) ^ SECOND)
            w = 0
            while w < bounds.size and draw >= bounds[w]:
                w += 1
            out[g, r - first] = w
    return out


@njit(cache=True, nogil=True)
def add_weighted(
    values: Ints, row: Ints, group: Ints, weights: Ints, first: int, last: int, out: Ints
) -> None:
    """Write for each replicate and row the sum of values times the weight of their group; rows are in order.

    Only the entries from `first` to `last` are looked at, which are whole rows.
    """
    sums = np.zeros(AT_ONCE, np.int64)
    for i in range(first, last):
        g, v = group[i], values[i]
        for k in range(AT_ONCE):
            sums[k] += v * weights[g, k]
        if i + 1 == last or row[i + 1] != row[i]:
            for k in range(AT_ONCE):
                out[k, row[i]] = sums[k]
                sums[k] = 0
