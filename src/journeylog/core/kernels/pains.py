"""Kernel of pain points: one walk that finds in how many cases each pain of each stage hurts, and how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.squares import N_WORDS, add_square

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Columns of the grid of pains, and of the grid of stages.
N, N_CASES, N_ACTORS, KK, KM, KN, AMOUNT = range(7)
STAGE_CASES, STAGE_MM = range(2)
#: The kinds behind those that events tell of.
REPEATED, WAITING, REWORK = range(3)

__all__ = ["count_pains"]


@njit(cache=True, nogil=True)
def count_pains(
    node: Codes,
    enter: Ints,
    leave: Ints,
    begin: Ints,
    end: Ints,
    actor_offsets: Ints,
    horizon: int,
    patience: int,
    time_all: bool,
    rows: Codes | None,
    limits: Ints,
    at: Ints,
    key: Ints,
    amount: Ints,
    n_nodes: int,
    n_kinds: int,
    contact: int,
) -> Any:
    """Return the grid of pains with its words, and the grid of stages.

    A pain's row is ``stage * n_kinds + kind``. Events of case ``c`` that tell of a pain are those from ``at[c]`` to
    ``at[c + 1]``, with their row and amount; of the kind `contact` (-1: none) those behind a case's first are repeats.
    Moves are timed as in :func:`journeylog.core.kernels.ledger.count_ledger`; one that takes more than its limit
    (milliseconds; one for all, or by row of the move) hurts by what it takes more. A visit of a stage that the case
    has visited before hurts by one.

    Sums over actors: ``k ** 2``, ``k * m`` and ``k * n``, where k of an actor's n cases are hit and m visit the stage;
    the words are those of the amount and n.
    """
    size = n_nodes * n_kinds
    grid, words = np.zeros((size, 7), np.int64), np.zeros((size, N_WORDS), np.int64)
    stages = np.zeros((n_nodes, 2), np.int64)
    k, x = np.zeros(size, np.int64), np.zeros(size, np.int64)
    m, seen = np.zeros(n_nodes, np.int64), np.full(n_nodes, -1, np.int64)
    last, touched = np.full(size, -1, np.int64), np.empty(size, np.int64)
    extra = n_kinds - 3
    for a in range(actor_offsets.size - 1):
        n_touched = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            for i in range(begin[c], end[c]):
                v = np.int64(node[i])
                if seen[v] == c:
                    n_touched = _hit(grid, k, x, last, touched, n_touched, v * n_kinds + extra + REWORK, c, 1)
                else:
                    m[v] += 1
                seen[v] = c
                if i + 1 < end[c]:
                    gap = enter[i + 1] - leave[i]
                    if time_all or (leave[i] < horizon and gap <= patience):
                        if limits.size == 1:
                            e = np.int64(0)
                        elif rows is None:
                            e = v * n_nodes + np.int64(node[i + 1])
                        else:
                            e = np.int64(rows[i])
                        more = (gap + 500) // 1000 - limits[e]
                        if more > 0:
                            row = v * n_kinds + extra + WAITING
                            n_touched = _hit(grid, k, x, last, touched, n_touched, row, c, more)
            contacted = False
            for j in range(at[c], at[c + 1]):
                row = key[j]
                if contact >= 0 and row % n_kinds == contact:
                    if contacted:
                        row += extra + REPEATED - contact
                    contacted = True
                n_touched = _hit(grid, k, x, last, touched, n_touched, row, c, amount[j])
        n = actor_offsets[a + 1] - actor_offsets[a]
        for t in range(n_touched):
            row = touched[t]
            hit = k[row]
            grid[row, N_CASES] += hit
            grid[row, N_ACTORS] += 1
            grid[row, KK] += hit * hit
            grid[row, KM] += hit * m[row // n_kinds]
            grid[row, KN] += hit * n
            grid[row, AMOUNT] += x[row]
            add_square(words, row, x[row], n)
            k[row] = x[row] = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            for i in range(begin[c], end[c]):
                v = np.int64(node[i])
                if m[v] > 0:
                    stages[v, STAGE_CASES] += m[v]
                    stages[v, STAGE_MM] += m[v] * m[v]
                    m[v] = 0
    return grid, words, stages


@njit(cache=True, nogil=True, inline="always")
def _hit(
    grid: Ints, k: Ints, x: Ints, last: Ints, touched: Ints, n_touched: int, row: int, case: int, amount: int
) -> int:
    """Book one pain of a case; return how many rows this actor has touched."""
    grid[row, N] += 1
    x[row] += amount
    if last[row] != case:
        last[row] = case
        if k[row] == 0:
            touched[n_touched] = row
            n_touched += 1
        k[row] += 1
    return n_touched
