"""Kernels that tell where each case is at a position of its path."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import NONE, START

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["anchor_visits", "states_at"]


@njit(cache=True, nogil=True)
def states_at(node: Codes, begin: Ints, end: Ints, outcome: Codes, pivot: Ints, position: int) -> Any:
    """Return for each case its node `position` visits after its pivot.

    Before its first visit a case has not started, after its last one it has ended; -1 for a case without pivot.
    """
    out = np.empty(begin.size, np.int32)
    for c in range(begin.size):
        i = pivot[c] + position
        if pivot[c] < 0:
            out[c] = NONE
        elif i < begin[c]:
            out[c] = START
        elif i < end[c]:
            out[c] = node[i]
        else:
            out[c] = outcome[c]
    return out


@njit(cache=True, nogil=True)
def anchor_visits(codes: Codes, hit: Any, begin: Ints, end: Ints, first: Ints, merge: bool) -> Any:
    """Return for each case the first visit that holds a hit event, -1 for none.

    Visits are made as in :func:`journeylog.core.kernels.visits.visits`, and `first` is where a case's begin.
    """
    out = np.full(begin.size, -1, np.int64)
    for c in range(begin.size):
        visit = first[c] - 1
        before = np.int32(-1)
        for i in range(begin[c], end[c]):
            if codes[i] < 0:
                continue
            if not (merge and codes[i] == before):
                visit += 1
                before = codes[i]
            if hit[i]:
                out[c] = visit
                break
    return out
