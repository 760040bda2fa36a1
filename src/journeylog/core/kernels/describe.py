"""Kernel that counts names and what each actor did, in one walk."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import DAY

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Columns of the names.
N, N_ACTORS, KK, KN, PLACES, FIRST, LAST = range(7)

__all__ = ["describe"]


@njit(cache=True, nogil=True)
def describe(codes: Codes, time: Ints, begin: Ints, end: Ints, n_labels: int) -> Any:
    """Return a row for each name, and for each actor the events, the days (UTC) with an event, and the span.

    A name's row: events, actors, sum over actors of k ** 2 and of k * n (k events of the name among the actor's
    n), sum of the places 1, 2, ... its events have among the actor's, first and last time.
    """
    names = np.zeros((n_labels, 7), np.int64)
    actors = np.zeros((3, begin.size), np.int64)
    mine = np.zeros(n_labels, np.int32)
    for a in range(begin.size):
        total = end[a] - begin[a]
        days = 0
        for i in range(begin[a], end[a]):
            e, t = codes[i], time[i]
            if names[e, N] == 0 or t < names[e, FIRST]:
                names[e, FIRST] = t
            if names[e, N] == 0 or t > names[e, LAST]:
                names[e, LAST] = t
            names[e, N] += 1
            names[e, PLACES] += i - begin[a] + 1
            mine[e] += 1
            if i == begin[a] or t // DAY != time[i - 1] // DAY:
                days += 1
        for i in range(begin[a], end[a]):
            k = np.int64(mine[codes[i]])
            if k > 0:
                row = names[codes[i]]
                row[N_ACTORS] += 1
                row[KK] += k * k
                row[KN] += k * total
                mine[codes[i]] = 0
        actors[0, a] = total
        actors[1, a] = days
        actors[2, a] = time[end[a] - 1] - time[begin[a]]
    return names, actors
