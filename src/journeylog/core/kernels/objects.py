"""Kernel that groups the events of each actor by a value: cases that may interleave."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["group_inside"]


@njit(cache=True, nogil=True)
def group_inside(codes: Codes, offsets: Ints, n_codes: int, missing_alone: bool) -> Any:
    """Return the events case by case, where cases begin and end there, and the cases of each actor.

    A case is one value of one actor; the cases of an actor are in the order of their first events. Events
    with a code below zero are cases of their own, or stand behind their actor's cases and belong to none.
    """
    order = np.empty(codes.size, np.int64)
    case = np.empty(codes.size, np.int64)
    begin = np.empty(codes.size, np.int64)
    end = np.empty(codes.size, np.int64)
    actor_offsets = np.zeros(offsets.size, np.int64)
    latest = np.full(n_codes, -1, np.int64)  # the last case of each value, of whichever actor
    n = 0
    for a in range(offsets.size - 1):
        mine = n
        for i in range(offsets[a], offsets[a + 1]):
            code = codes[i]
            if code < 0 and not missing_alone:
                case[i] = -1
                continue
            k = n if code < 0 else latest[code]
            if k < mine or k == n:
                k = n
                end[k] = 0
                n += 1
                if code >= 0:
                    latest[code] = k
            case[i] = k
            end[k] += 1
        spot = offsets[a]
        for k in range(mine, n):
            begin[k] = spot
            spot += end[k]
            end[k] = begin[k]
        for i in range(offsets[a], offsets[a + 1]):
            k = case[i]
            if k < 0:
                order[spot] = i
                spot += 1
            else:
                order[end[k]] = i
                end[k] += 1
        actor_offsets[a + 1] = n
    return order, begin[:n].copy(), end[:n].copy(), actor_offsets
