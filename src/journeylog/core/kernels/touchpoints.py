"""Kernel that counts, stage by stage, in how many cases and of how many actors each touchpoint occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Columns of both grids.
N, N_CASES, N_ACTORS, KK, KN = range(5)

__all__ = ["count_switches", "count_touchpoints", "pair_rows", "switch_keys"]


@njit(cache=True, nogil=True)
def count_touchpoints(
    stage: Codes, row: Codes, begin: Ints, end: Ints, actor_offsets: Ints, n_stages: int, stage_of_row: Ints
) -> Any:
    """Return a grid of rows (stage and touchpoint) and one of stages, each with the columns above.

    A case counts once for a row and once for a stage, however many of its events are there. Sums over actors of
    ``k ** 2`` and ``k * n``: k cases of an actor at that row, n at its stage; of a stage, k are its cases and n all
    of the actor's. Row -1 is no touchpoint.
    """
    pairs = np.zeros((stage_of_row.size, 5), np.int64)
    stages = np.zeros((n_stages, 5), np.int64)
    last_pair, last_stage = np.full(stage_of_row.size, -1, np.int64), np.full(n_stages, -1, np.int64)
    k_pair, k_stage = np.zeros(stage_of_row.size, np.int64), np.zeros(n_stages, np.int64)
    touched, seen = np.empty(stage_of_row.size, np.int64), np.empty(n_stages, np.int64)
    for actor in range(actor_offsets.size - 1):
        n_touched, n_seen = 0, 0
        for case in range(actor_offsets[actor], actor_offsets[actor + 1]):
            for i in range(begin[case], end[case]):
                s, r = stage[i], row[i]
                if s < 0:
                    continue
                stages[s, N] += 1
                if last_stage[s] != case:
                    last_stage[s] = case
                    if k_stage[s] == 0:
                        seen[n_seen] = s
                        n_seen += 1
                    k_stage[s] += 1
                if r < 0:
                    continue
                pairs[r, N] += 1
                if last_pair[r] != case:
                    last_pair[r] = case
                    if k_pair[r] == 0:
                        touched[n_touched] = r
                        n_touched += 1
                    k_pair[r] += 1
        for j in range(n_touched):
            r = touched[j]
            _add(pairs, r, k_pair[r], k_stage[stage_of_row[r]])
            k_pair[r] = 0
        for j in range(n_seen):
            s = seen[j]
            _add(stages, s, k_stage[s], actor_offsets[actor + 1] - actor_offsets[actor])
            k_stage[s] = 0
    return pairs, stages


@njit(cache=True, nogil=True, inline="always")
def _add(grid: Ints, row: int, k: int, n: int) -> None:
    grid[row, N_CASES] += k
    grid[row, N_ACTORS] += 1
    grid[row, KK] += k * k
    grid[row, KN] += k * n


@njit(cache=True, nogil=True)
def pair_rows(stage: Codes, item: Codes, n_items: int, out: Any) -> None:
    """Write ``stage * n_items + item`` of each event, -1 where one of them is missing."""
    for i in range(stage.size):
        known = stage[i] >= 0 and item[i] >= 0
        out[i] = np.int64(stage[i]) * n_items + item[i] if known else -1


@njit(cache=True, nogil=True)
def switch_keys(stage: Codes, item: Codes, begin: Ints, end: Ints, n_items: int) -> Ints:
    """Return ``(stage * n_items + from) * n_items + to`` for each change of touchpoint inside a stage."""
    out = np.empty(stage.size, np.int64)
    return out[: _switches(stage, item, begin, end, n_items, out, False)].copy()


@njit(cache=True, nogil=True)
def count_switches(stage: Codes, item: Codes, begin: Ints, end: Ints, n_items: int, n_stages: int) -> Ints:
    """Return how often each key of :func:`switch_keys` occurs."""
    counts = np.zeros(n_stages * n_items * n_items, np.int64)
    _switches(stage, item, begin, end, n_items, counts, True)
    return counts


@njit(cache=True, nogil=True, inline="always")
def _switches(
    stage: Codes, item: Codes, begin: Ints, end: Ints, n_items: int, out: Ints, counted: bool
) -> Any:
    """Write the key of each change to `out`, or count it there; return how many there are.

    A change is told by two events of a case that follow each other in one stage, both with a known touchpoint;
    events without one stand between them unseen, events of another stage end it.
    """
    n = 0
    for case in range(begin.size):
        s, before = -1, -1
        for i in range(begin[case], end[case]):
            if stage[i] < 0:
                continue
            if stage[i] != s:
                s, before = stage[i], -1
            if item[i] < 0:
                continue
            if before >= 0 and item[i] != before:
                key = (np.int64(s) * n_items + before) * n_items + item[i]
                if counted:
                    out[key] += 1
                else:
                    out[n] = key
                n += 1
            before = item[i]
    return n
