"""Kernel that follows each case from its start to what comes first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import DROPPED, OPEN, REACHED

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: End of a case that never starts.
NOT_STARTED = -9

__all__ = ["NOT_STARTED", "first_ends"]


@njit(cache=True, nogil=True)
def first_ends(
    time: Ints,
    starts: npt.NDArray[np.bool_],
    cause: Codes,
    apart: Codes | None,
    begin: Ints,
    end: Ints,
    over: npt.NDArray[np.bool_],
    patience: int,
    window_end: int,
    ends: Codes,
    spent: Ints,
) -> None:
    """Write for each case how it went on from its first start, and after how many microseconds.

    Parameters
    ----------
    time, starts, cause, apart
        By event: its time, whether the clock may start here, what it is an arrival at (-1: nothing), and a value
        that an arrival must not share with the start (-1 at the start, or None: any will do).
    begin, end, over
        By case; whether it was over with its last event, which was its goal.
    patience : int
        Silence longer than this gives a case up, at the moment it has lasted so long; below 0: nothing does.
    window_end : int
        Until when was watched.
    ends, spent
        Written: a cause, or ``REACHED`` (the case ended with its goal), ``DROPPED``, ``OPEN`` or ``NOT_STARTED``.
    """
    for c in range(begin.size):
        ends[c], spent[c] = NOT_STARTED, 0
        i = begin[c]
        while i < end[c] and not starts[i]:
            i += 1
        if i == end[c]:
            continue
        origin = time[i]
        own = -1 if apart is None else apart[i]
        ends[c] = OPEN
        i += 1
        while i < end[c]:
            if patience >= 0 and time[i] - time[i - 1] > patience:
                ends[c], spent[c] = DROPPED, time[i - 1] + patience - origin
                break
            if cause[i] >= 0 and (apart is None or own < 0 or apart[i] != own):
                ends[c], spent[c] = cause[i], time[i] - origin
                break
            i += 1
        if ends[c] != OPEN:
            continue
        last = time[i - 1]
        if over[c]:
            ends[c], spent[c] = REACHED, last - origin
        elif patience >= 0 and window_end - last > patience:
            ends[c], spent[c] = DROPPED, last + patience - origin
        else:
            spent[c] = max(window_end, last) - origin
