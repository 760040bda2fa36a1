"""Kernel that cuts the events of each actor into sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import DROPPED, OPEN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

__all__ = ["cut_sessions"]

_FOREVER: Any = np.int64(np.iinfo(np.int64).max)


@njit(cache=True, nogil=True)
def cut_sessions(
    time: Ints, offsets: Ints, gap: int, longest: int, midnights: Ints, codes: Codes, starts: Mask, now: int
) -> Any:
    """Return begin, end and outcome of each session, and the sessions of each actor.

    An event begins a session when it is its actor's first, comes more than `gap` after the event before, more
    than `longest` after the session's first event, on or after the first of the `midnights` (sorted) that
    follows that event, has another code than the session (below zero is no code), or is one of the `starts`.
    Empty `midnights`, `codes` and `starts` and a `longest` below zero cut nothing.

    The last session of an actor is open when an event at `now` would still belong to it.
    """
    begin = np.empty(time.size, np.int64)
    end = np.empty(time.size, np.int64)
    outcome = np.empty(time.size, np.int32)
    actor_offsets = np.zeros(offsets.size, np.int64)
    n = 0
    for a in range(offsets.size - 1):
        first, last = offsets[a], offsets[a + 1]
        deadline = _FOREVER
        code = -1
        for i in range(first, last):
            t = time[i]
            if (
                i == first
                or t - time[i - 1] > gap
                or t > deadline
                or (codes.size > 0 and code >= 0 and codes[i] >= 0 and codes[i] != code)
                or (starts.size > 0 and starts[i])
            ):
                if i > first:
                    end[n - 1] = i
                    outcome[n - 1] = DROPPED
                begin[n] = i
                n += 1
                code = -1
                deadline = t + longest if longest >= 0 else _FOREVER
                if midnights.size > 0:
                    deadline = min(deadline, midnights[np.searchsorted(midnights, t, side="right")] - 1)
            if codes.size > 0 and codes[i] >= 0:
                code = codes[i]
        if last > first:
            end[n - 1] = last
            outcome[n - 1] = DROPPED if now - time[last - 1] > gap or now > deadline else OPEN
        actor_offsets[a + 1] = n
    return begin[:n].copy(), end[:n].copy(), outcome[:n].copy(), actor_offsets
