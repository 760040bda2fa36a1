"""Kernels that hold cases against rules of a designed journey: one answer a case."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

#: What a rule says of a case: it does not speak of it, it is kept, it is broken, it cannot be told yet.
NOT_MEANT, KEPT, BROKEN, UNTOLD = range(4)

__all__ = ["follow_ways", "keep_before", "keep_never", "keep_within"]


@njit(cache=True, nogil=True)
def keep_before(first: Mask, then: Mask, begin: Ints, end: Ints) -> Codes:
    """Whether every `then` has a `first` before it in its case."""
    out = np.zeros(begin.size, np.int32)
    for case in range(begin.size):
        seen = False
        for i in range(begin[case], end[case]):
            if then[i]:
                out[case] = KEPT if seen else BROKEN
                if not seen:
                    break
            seen = seen or first[i]
    return out


@njit(cache=True, nogil=True)
def keep_within(
    first: Mask, then: Mask, time: Ints, begin: Ints, end: Ints, limit: int, window_end: int
) -> Codes:
    """Whether every `first` is followed by a `then` within `limit`; untold where it was not watched so long."""
    out = np.zeros(begin.size, np.int32)
    for case in range(begin.size):
        found, at = False, np.int64(0)
        said = NOT_MEANT
        for i in range(end[case] - 1, begin[case] - 1, -1):
            if first[i]:
                if found and at - time[i] <= limit:
                    said = max(said, KEPT)
                elif window_end - time[i] < limit:
                    said = UNTOLD if said != BROKEN else BROKEN
                else:
                    said = BROKEN
            if then[i]:
                found, at = True, time[i]
        out[case] = said
    return out


@njit(cache=True, nogil=True)
def keep_never(event: Mask, after: Mask, always: bool, begin: Ints, end: Ints) -> Codes:
    """Whether `event` does not occur after an `after`, or at all when `always`."""
    out = np.zeros(begin.size, np.int32)
    for case in range(begin.size):
        meant = always
        said = KEPT if always else NOT_MEANT
        for i in range(begin[case], end[case]):
            if meant and event[i]:
                said = BROKEN
                break
            if after[i]:
                meant, said = True, KEPT
        out[case] = said
    return out


@njit(cache=True, nogil=True)
def follow_ways(node: Codes, allowed: Mask, n_nodes: int, begin: Ints, end: Ints) -> Any:
    """Whether a case goes only allowed ways, and ``from * n_nodes + to`` with the case of each way that is not.

    A way leads from one node to the next different one; events without a node are passed over. The last row of
    `allowed` are the nodes a case may begin with; the way from it has ``from = n_nodes``.
    """
    out = np.zeros(begin.size, np.int32)
    keys, cases = np.empty(node.size, np.int64), np.empty(node.size, np.int64)
    n = 0
    for case in range(begin.size):
        here = n_nodes
        said = NOT_MEANT
        for i in range(begin[case], end[case]):
            to = node[i]
            if to < 0 or to == here:
                continue
            if allowed[here, to]:
                said = max(said, KEPT)
            else:
                said = BROKEN
                keys[n] = np.int64(here) * n_nodes + to
                cases[n] = case
                n += 1
            here = to
        out[case] = said
    return out, keys[:n].copy(), cases[:n].copy()
