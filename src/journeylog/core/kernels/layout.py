"""Kernels that bring events into order: counting sort by actor, stable sort by time inside an actor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["actor_offsets", "count_ties", "gather", "place_by_actor", "sort_times_inside", "unsorted_actors"]


@njit(cache=True, nogil=True)
def actor_offsets(codes: Codes, n_actors: int) -> Ints:
    """Return where each actor's events start once they lie side by side."""
    offsets = np.zeros(n_actors + 1, np.int64)
    for i in range(codes.size):
        offsets[codes[i] + 1] += 1
    for a in range(n_actors):
        offsets[a + 1] += offsets[a]
    return offsets


@njit(cache=True, nogil=True)
def place_by_actor(codes: Codes, offsets: Ints, order: Ints, out: Any) -> None:
    """Write the events by actor to `out`, stable in `order` (an empty `order` is the input's own)."""
    spot = offsets[:-1].copy()
    given = order.size > 0
    for k in range(codes.size):
        i = order[k] if given else k
        a = codes[i]
        out[spot[a]] = i
        spot[a] += 1


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
