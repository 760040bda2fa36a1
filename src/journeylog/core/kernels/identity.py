"""Kernels of identity: sorted ids merged, logins in order inside a visitor, the actor of each event by its time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["actors_by_time", "merge_sorted_texts", "sort_logins_inside"]


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


@njit(cache=True, nogil=True)
def merge_sorted_texts(a: Any, a_offsets: Any, b: Any, b_offsets: Any) -> Any:
    """Return for the texts of two columns, each sorted and distinct, their places in the sorted union, and the union.

    The union is told as places: below the length of the first column in the first, else in the second.
    """
    n, m = a_offsets.size - 1, b_offsets.size - 1
    of_a, of_b = np.empty(n, np.int32), np.empty(m, np.int32)
    union = np.empty(n + m, np.int64)
    i = j = k = 0
    while i < n or j < m:
        order = -1 if j == m else 1 if i == n else 0
        if i < n and j < m:
            p, q = a_offsets[i], b_offsets[j]
            while order == 0 and p < a_offsets[i + 1] and q < b_offsets[j + 1]:
                if a[p] != b[q]:
                    order = -1 if a[p] < b[q] else 1
                p += 1
                q += 1
            if order == 0:
                more_a, more_b = p < a_offsets[i + 1], q < b_offsets[j + 1]
                order = 1 if more_a else (-1 if more_b else 0)
        union[k] = i if order <= 0 else n + j
        if order <= 0:
            of_a[i] = k
            i += 1
        if order >= 0:
            of_b[j] = k
            j += 1
        k += 1
    return of_a, of_b, union[:k].copy()
