"""Kernels that match funnels: for each case its furthest attempt, the earliest of equals.

An event's steps are the bits of ``masks[codes[i]]``. An attempt starts at an entry, fills the steps with
events in order, one event for one step, and lasts at most `within`. Each walk returns for every case

* the depth of its furthest attempt (0: never entered) and the position of the last event matched,
* the depth over the entries up to `horizon`, those watched for their whole time, and where that one entered,
* whether its last entry came after `horizon`, so that it still has time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import bin_of_ms

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Depths = npt.NDArray[np.int8]

#: A limit that no attempt reaches.
NO_LIMIT = 1 << 62

#: Bins of a duration; see :mod:`journeylog.core.kernels.bins`.
N_BINS = 48 << 7

__all__ = ["NO_LIMIT", "followed_moments", "ordered", "step_times", "strict", "unordered"]


@njit(cache=True, nogil=True)
def ordered(
    codes: Codes,
    masks: Ints,
    time: Ints,
    begin: Ints,
    end: Ints,
    n_steps: int,
    within: int,
    horizon: int,
    once: bool,
) -> Any:
    """Match steps in order, other events may come between; with `once` only a case's first entry counts.

    Entries of a case are numbered as they come. An earlier one, while it has time, is never behind a later
    one, so the first ``past[d]`` entries have reached depth d, and those at depth d are a run of numbers. The
    first of the run that still has time is the earliest entry that reaches the next depth.
    """
    n_cases = begin.size
    depth, last = np.zeros(n_cases, np.int8), np.full(n_cases, -1, np.int64)
    followed, entry = np.zeros(n_cases, np.int8), np.full(n_cases, -1, np.int64)
    waiting = np.zeros(n_cases, np.bool_)
    entries = np.empty(longest(begin, end), np.int64)
    past = np.zeros(n_steps + 1, np.int64)
    for c in range(n_cases):
        n, alive, best = 0, 0, 0
        for i in range(begin[c], end[c]):
            mask = masks[codes[i]]
            if mask == 0:
                continue
            oldest = time[i] - within
            while alive < n and time[entries[alive]] < oldest:
                alive += 1
            for d in range(min(best, n_steps - 1), 0, -1):
                first = max(past[d + 1], alive)
                if (mask >> d) & 1 and first < past[d]:
                    past[d + 1] = past[d]
                    if d == best:
                        best = d + 1
                        last[c] = i
                        if time[entries[first]] <= horizon:
                            followed[c] = best
                            entry[c] = entries[first]
            if mask & 1 and not (once and n > 0):
                entries[n] = i
                n += 1
                past[1] = n
                if best == 0:
                    best = 1
                    last[c] = i
                    if time[i] <= horizon:
                        followed[c] = 1
                        entry[c] = i
            if best == n_steps:
                break
        depth[c] = best
        waiting[c] = n > 0 and time[entries[n - 1]] > horizon
        for d in range(1, best + 1):
            past[d] = 0
    return depth, last, followed, entry, waiting


@njit(cache=True, nogil=True)
def strict(
    codes: Codes,
    masks: Ints,
    time: Ints,
    begin: Ints,
    end: Ints,
    n_steps: int,
    within: int,
    horizon: int,
    once: bool,
) -> Any:
    """Match steps by neighbouring events.

    Bit d of `state` says that the last d + 1 events fill the first d + 1 steps.
    """
    n_cases = begin.size
    depth, last = np.zeros(n_cases, np.int8), np.full(n_cases, -1, np.int64)
    followed, entry = np.zeros(n_cases, np.int8), np.full(n_cases, -1, np.int64)
    waiting = np.zeros(n_cases, np.bool_)
    for c in range(n_cases):
        state, best = np.int64(0), 0
        newest: Any = -1
        for i in range(begin[c], end[c]):
            mask = masks[codes[i]]
            state <<= 1
            if mask & 1 and not (once and newest >= 0):
                state |= 1
                newest = i
            state &= mask
            if state == 0:
                continue
            start = i - best
            if (state >> best) & 1 and time[i] - time[start] <= within:
                best += 1
                last[c] = i
                if time[start] <= horizon:
                    followed[c] = best
                    entry[c] = start
                if best == n_steps:
                    break
        depth[c] = best
        waiting[c] = newest >= 0 and time[newest] > horizon
    return depth, last, followed, entry, waiting


@njit(cache=True, nogil=True)
def unordered(
    codes: Codes,
    masks: Ints,
    time: Ints,
    begin: Ints,
    end: Ints,
    n_steps: int,
    within: int,
    horizon: int,
    once: bool,
) -> Any:
    """Match steps in any order: depth is how many different steps different events can fill.

    ``held[s]`` is the event that fills step s. New events push out old ones, so the held events not older
    than `within` fill as many steps as any choice among the events of that time could.
    """
    n_cases = begin.size
    depth, last = np.zeros(n_cases, np.int8), np.full(n_cases, -1, np.int64)
    followed, entry = np.zeros(n_cases, np.int8), np.full(n_cases, -1, np.int64)
    waiting = np.zeros(n_cases, np.bool_)
    entries = np.empty(longest(begin, end), np.int64)
    held = np.full(n_steps, -1, np.int64)
    via, queue = np.empty(n_steps, np.int64), np.empty(n_steps, np.int64)
    for c in range(n_cases):
        n, alive, best = 0, 0, 0
        held[:] = -1
        for i in range(begin[c], end[c]):
            if masks[codes[i]] == 0:
                continue
            if once and n > 0 and time[i] - time[entries[0]] > within:
                break
            entries[n] = i
            n += 1
            while time[entries[alive]] < time[i] - within:
                alive += 1
            place(held, i, codes, masks, via, queue, True)
            first = entries[alive]
            filled = 0
            for k in range(n_steps):
                filled += held[k] >= first
            if filled > best:
                best += 1
                last[c] = i
                if time[first] <= horizon:
                    followed[c] = best
                    entry[c] = first
                if best == n_steps:
                    break
        depth[c] = best
        waiting[c] = n > 0 and time[entries[0 if once else n - 1]] > horizon
    return depth, last, followed, entry, waiting


@njit(cache=True, nogil=True)
def place(held: Ints, i: int, codes: Codes, masks: Ints, via: Ints, queue: Ints, push: bool) -> bool:
    """Give event `i` a step, moving other events to other steps they fit; return whether one more is filled.

    When no step is free, `push` drops the oldest event whose step can be freed.
    """
    reached = masks[codes[i]]
    n = 0
    for s in range(held.size):
        if (reached >> s) & 1:
            via[s] = -1
            queue[n] = s
            n += 1
    k, target = 0, -1
    while k < n and target < 0:
        s = queue[k]
        k += 1
        if held[s] < 0:
            target = s
        else:
            more = masks[codes[held[s]]] & ~reached
            reached |= more
            for r in range(held.size):
                if (more >> r) & 1:
                    via[r] = s
                    queue[n] = r
                    n += 1
    grows = target >= 0
    if not grows:
        if not push or n == 0:
            return False
        target = queue[0]
        for k in range(1, n):
            if held[queue[k]] < held[target]:
                target = queue[k]
    while via[target] >= 0:
        held[target] = held[via[target]]
        target = via[target]
    held[target] = i
    return grows


@njit(cache=True, nogil=True)
def step_times(
    codes: Codes, masks: Ints, time: Ints, followed: Depths, entry: Ints, n_steps: int, any_order: bool
) -> Any:
    """Return the sum (milliseconds) and the bins of each step's time since the step before."""
    total = np.zeros(n_steps, np.int64)
    bins = np.zeros((n_steps, N_BINS), np.int64)
    held = np.full(n_steps, -1, np.int64)
    via, queue = np.empty(n_steps, np.int64), np.empty(n_steps, np.int64)
    for c in range(followed.size):
        if followed[c] < 2:
            continue
        i = entry[c]
        before = time[i]
        if any_order:
            held[:] = -1
            place(held, i, codes, masks, via, queue, False)
        for k in range(1, followed[c]):
            i += 1
            if any_order:
                while not place(held, i, codes, masks, via, queue, False):
                    i += 1
            else:
                while (masks[codes[i]] >> k) & 1 == 0:
                    i += 1
            ms = (time[i] - before + 500) // 1000
            total[k] += ms
            bins[k, bin_of_ms(ms)] += 1
            before = time[i]
    return total, bins


@njit(cache=True, nogil=True)
def followed_moments(followed: Depths, actor_offsets: Ints, n_steps: int) -> Any:
    """Return per step the sums over actors of f(k) ** 2, f(k) * f(k - 1) and f(k) * f(1).

    f(k) is how many followed cases of an actor reach step k; f(0) stands for f(1).
    """
    squares, mine = np.zeros(n_steps, np.int64), np.zeros(n_steps, np.int64)
    before, first = np.zeros(n_steps, np.int64), np.zeros(n_steps, np.int64)
    for a in range(actor_offsets.size - 1):
        deepest = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            if followed[c] > deepest:
                deepest = followed[c]
            for k in range(followed[c]):
                mine[k] += 1
        for k in range(deepest):
            squares[k] += mine[k] * mine[k]
            before[k] += mine[k] * mine[max(k - 1, 0)]
            first[k] += mine[k] * mine[0]
        mine[:deepest] = 0
    return squares, before, first


@njit(cache=True, nogil=True)
def longest(begin: Ints, end: Ints) -> Any:
    """Return the number of events of the longest case."""
    most = 0
    for c in range(begin.size):
        if end[c] - begin[c] > most:
            most = end[c] - begin[c]
    return most
