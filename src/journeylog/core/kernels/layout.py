"""Kernels that bring events into order: counting sort by actor, stable sort by time inside an actor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["count_codes", "count_ties", "gather", "place", "sort_times_inside", "spots_of", "unsorted_actors"]


@njit(cache=True, nogil=True)
def count_codes(codes: Codes, order: Any, first: int, last: int, counts: Any) -> None:
    """Count the codes of some rows, taken in `order` (an empty `order` is the rows' own)."""
    given = order.size > 0
    for k in range(first, last):
        counts[codes[order[k] if given else k]] += 1


@njit(cache=True, nogil=True)
def spots_of(counts: Any) -> Ints:
    """Return where the rows of each code start once they lie side by side.

    Parameters
    ----------
    counts : (parts, codes); in: how often each part has each code; out: where the part's rows of the code begin
    """
    parts, n = counts.shape
    offsets, total = np.empty(n + 1, np.int64), 0
    for code in range(n):
        offsets[code] = total
        for part in range(parts):
            found = counts[part, code]
            counts[part, code] = total
            total += found
    offsets[n] = total
    return offsets


@njit(cache=True, nogil=True)
def place(codes: Codes, order: Any, first: int, last: int, spots: Any, out: Any) -> None:
    """Write some rows to where the rows of their code lie, in `order`."""
    given = order.size > 0
    for k in range(first, last):
        i = order[k] if given else k
        code = codes[i]
        out[spots[code]] = i
        spots[code] += 1


@njit(cache=True, nogil=True)
def gather(values: Any, order: Any, out: Any) -> None:
    """Write ``values[order]`` to `out`."""
    for k in range(order.size):
        out[k] = values[order[k]]


@njit(cache=True, nogil=True)
def unsorted_actors(time: Ints, offsets: Ints) -> Ints:
    """Return the actors whose times decrease somewhere."""
    found = np.empty(offsets.size - 1, np.int64)
    n = 0
    for a in range(offsets.size - 1):
        for i in range(offsets[a] + 1, offsets[a + 1]):
            if time[i] < time[i - 1]:
                found[n] = a
                n += 1
                break
    return found[:n]


@njit(cache=True, nogil=True)
def sort_times_inside(time: Ints, order: Any, offsets: Ints, actors: Ints) -> None:
    """Sort the named actors' events by time, in place and stable."""
    for k in range(actors.size):
        first, last = offsets[actors[k]], offsets[actors[k] + 1]
        if last - first <= 32:
            for i in range(first + 1, last):
                t, o = time[i], order[i]
                j = i - 1
                while j >= first and time[j] > t:
                    time[j + 1], order[j + 1] = time[j], order[j]
                    j -= 1
                time[j + 1], order[j + 1] = t, o
        else:
            rank = np.argsort(time[first:last], kind="mergesort")
            time[first:last] = time[first:last][rank]
            order[first:last] = order[first:last][rank]


@njit(cache=True, nogil=True)
def count_ties(time: Ints, offsets: Ints) -> Any:
    """Return how many events stand at the same time as the event before them."""
    n = 0
    for a in range(offsets.size - 1):
        for i in range(offsets[a] + 1, offsets[a + 1]):
            n += time[i] == time[i - 1]
    return n
