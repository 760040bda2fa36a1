"""Kernel that turns staged events into visits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["visits"]


def visits(codes: Codes, time: Ints, begin: Ints, end: Ints, merge: bool) -> Any:
    """Return node, enter and exit of each visit, and where the visits of each case begin and end.

    Events with a code below zero belong to no visit and do not part one. With `merge`, neighbouring events of
    one node are one visit; without, each event is its own.
    """
    node = np.empty(codes.size, np.int32)
    enter, leave = np.empty(codes.size, np.int64), np.empty(codes.size, np.int64)
    first, last = np.empty(begin.size, np.int64), np.empty(begin.size, np.int64)
    n = _visit(codes, time, begin, end, merge, node, enter, leave, first, last)
    return node[:n].copy(), enter[:n].copy(), leave[:n].copy(), first, last


@njit(cache=True, nogil=True)
def _visit(
    codes: Codes,
    time: Ints,
    begin: Ints,
    end: Ints,
    merge: bool,
    node: Codes,
    enter: Ints,
    leave: Ints,
    first: Ints,
    last: Ints,
) -> int:
    """Write the visits, and return how many there are."""
    n = 0
    for c in range(begin.size):
        first[c] = n
        for i in range(begin[c], end[c]):
            if codes[i] < 0:
                continue
            if merge and n > first[c] and node[n - 1] == codes[i]:
                leave[n - 1] = time[i]
            else:
                node[n] = codes[i]
                enter[n] = time[i]
                leave[n] = time[i]
                n += 1
        last[c] = n
    return n
