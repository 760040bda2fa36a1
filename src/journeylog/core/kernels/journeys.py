"""Kernels that find the journeys of a chunk: one in each frame, or stretch after stretch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import DROPPED, OPEN, REACHED

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

__all__ = ["follow_frames", "follow_stretches"]


@njit(cache=True, nogil=True)
def follow_frames(order: Ints, begin: Ints, end: Ints, starts: Mask, goals: Mask, goal_ends: bool) -> Any:
    """Return where the journey of each frame (actor, session, object) begins, ends, and if it reached a goal.

    It begins at the frame's first event, or its first one among the `starts`; a frame without any has an
    empty journey. It ends with the first of the `goals`, or goes on to the frame's end. Empty `starts` and
    `goals` ask for nothing; an empty `order` is the order of the events.
    """
    first = np.empty(begin.size, np.int64)
    last = np.empty(begin.size, np.int64)
    reached = np.zeros(begin.size, np.bool_)
    for f in range(begin.size):
        i = begin[f]
        if starts.size > 0:
            while i < end[f] and not starts[order[i] if order.size > 0 else i]:
                i += 1
        first[f] = i
        last[f] = end[f]
        if goals.size > 0:
            while i < end[f]:
                if goals[order[i] if order.size > 0 else i]:
                    reached[f] = True
                    if goal_ends:
                        last[f] = i + 1
                    break
                i += 1
    return first, last, reached


@njit(cache=True, nogil=True)
def follow_stretches(
    time: Ints,
    offsets: Ints,
    starts: Mask,
    goals: Mask,
    patience: int,
    goal_ends: bool,
    restart: bool,
    now: int,
) -> Any:
    """Return begin, end and outcome of each stretch, and the stretches of each actor.

    A stretch begins at an actor's first event outside of one, or the first such among the `starts`. It ends
    with a goal, or before an event more than `patience` after the one before it (below zero: never).
    Without `restart`, a stretch that reached the goal is its actor's last.
    """
    begin = np.empty(time.size, np.int64)
    end = np.empty(time.size, np.int64)
    outcome = np.empty(time.size, np.int32)
    actor_offsets = np.zeros(offsets.size, np.int64)
    n = 0
    for a in range(offsets.size - 1):
        running = False
        for i in range(offsets[a], offsets[a + 1]):
            if running and patience >= 0 and time[i] - time[i - 1] > patience:
                end[n - 1] = i
                running = False
                if outcome[n - 1] == OPEN:
                    outcome[n - 1] = DROPPED
                elif not restart:
                    break
            if not running and (starts.size == 0 or starts[i]):
                begin[n] = i
                outcome[n] = OPEN
                running = True
                n += 1
            if running and goals.size > 0 and goals[i]:
                outcome[n - 1] = REACHED
                if goal_ends:
                    end[n - 1] = i + 1
                    running = False
                    if not restart:
                        break
        if running:
            last = offsets[a + 1]
            end[n - 1] = last
            if outcome[n - 1] == OPEN and patience >= 0 and now - time[last - 1] > patience:
                outcome[n - 1] = DROPPED
        actor_offsets[a + 1] = n
    return begin[:n].copy(), end[:n].copy(), outcome[:n].copy(), actor_offsets
