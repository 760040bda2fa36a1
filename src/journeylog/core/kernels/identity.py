"""Kernels of identity: logins brought into order inside a visitor, and the actor of each event by its time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["actors_by_time", "sort_logins_inside"]


@njit(cache=True, nogil=True)
def sort_logins_inside(time: Ints, person: Codes, offsets: Ints) -> None:
    """Sort each visitor's logins by time, then person, in place."""
    for v in range(offsets.size - 1):
        first, last = offsets[v], offsets[v + 1]
        if last - first <= 32:
            for i in range(first + 1, last):
                t, p = time[i], person[i]
                j = i - 1
                while j >= first and (time[j] > t or (time[j] == t and person[j] > p)):
                    time[j + 1], person[j + 1] = time[j], person[j]
                    j -= 1
                time[j + 1], person[j + 1] = t, p
        else:
            order = np.argsort(person[first:last], kind="mergesort")
            order = order[np.argsort(time[first:last][order], kind="mergesort")]
            time[first:last] = time[first:last][order]
            person[first:last] = person[first:last][order]


@njit(cache=True, nogil=True)
def actors_by_time(
    time: Ints, entry: Codes, offsets: Ints, since: Ints, actor: Codes, onward: Codes
) -> Codes:
    """Return for each event the actor in force at its time: the last row of its id that began by then.

    `entry` is the place of each event's id in the map, `onward` that of each actor; -1 where it is not there. An
    actor that is there is followed once more. An event of an id that is not there, or that is older than the id's
    first row, gets -1: it stays with its own id.
    """
    found = np.full(time.size, -1, np.int32)
    for i in range(time.size):
        place = entry[i]
        for _ in range(2):
            if place < 0:
                break
            low, high = offsets[place], offsets[place + 1]
            first = low
            while low < high:
                middle = (low + high) // 2
                if since[middle] <= time[i]:
                    low = middle + 1
                else:
                    high = middle
            if low == first:
                break
            found[i] = actor[low - 1]
            place = onward[found[i]]
    return found
