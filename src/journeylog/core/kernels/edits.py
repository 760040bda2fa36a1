"""Kernel of edit distances: how many steps must be put in, taken out or changed to turn one journey into another."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

__all__ = ["edit_distances"]


@njit(cache=True, nogil=True)
def edit_distances(codes: Ints, offsets: Ints) -> Any:
    """Return Levenshtein's distance of all pairs of sequences.

    Parameters
    ----------
    codes : ndarray of int64
        The steps of all sequences, one after the other.
    offsets : ndarray of int64, shape (n + 1,)
        Sequence ``i`` is ``codes[offsets[i]:offsets[i + 1]]``.

    Returns
    -------
    ndarray of int64, shape (n, n)
    """
    n = offsets.size - 1
    found = np.zeros((n, n), np.int64)
    longest = 0
    for i in range(n):
        longest = max(longest, offsets[i + 1] - offsets[i])
    row = np.zeros(longest + 1, np.int64)
    for i in range(n):
        for j in range(i):
            a, size_a = offsets[i], offsets[i + 1] - offsets[i]
            b, size_b = offsets[j], offsets[j + 1] - offsets[j]
            for y in range(size_b + 1):
                row[y] = y
            for x in range(1, size_a + 1):
                diagonal = row[0]
                row[0] = x
                for y in range(1, size_b + 1):
                    above = row[y]
                    changed = diagonal + (codes[a + x - 1] != codes[b + y - 1])
                    row[y] = min(changed, above + 1, row[y - 1] + 1)
                    diagonal = above
            found[i, j] = row[size_b]
            found[j, i] = row[size_b]
    return found
