"""Kernels of the ledger: one walk that books every wait, every repeat and every drop-off once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.squares import N_WORDS, add_cross, add_product, add_square
from journeylog.core.schema import DROPPED, OPEN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Columns of the edge grid, of the node grid, and of the grid of values.
MOVES, TIMED, TIMED_ACTORS, WAIT_MS, EXCESS_MS, TIMED_NN = range(6)
VISITS, LOOPS, RETURNS, REWORK_MS, RR, RV, VV, FOLLOWED, DROPS, KK, KN, NN = range(12)
WORTH_N, WORTH, WORTH_NN = range(3)
#: Columns of the grid of joint moments, sums over actors of a number at a node times another: drops or followed visits
#: times visits that dropped, or that went on in cases whose end is known; then the words of a number times what those
#: brought; and of what both brought.
K_ON, K_OFF, N_ON, N_OFF, ON_OFF, K_X_ON, N_X_ON, OFF_X_ON, K_X_OFF, N_X_OFF, ON_X_OFF, XX, JOINT = (
    *range(5), *range(5, 17, 2), 17, 20
)  # fmt: skip
#: What one actor has at a node: visits, repeats, followed, dropped; how many went on in cases whose end is known and what
#: those brought until the end; how many dropped and what they had brought by then.
_VISITS, _REPEATS, _FOLLOWED, _DROPS, _ON, _ON_WORTH, _OFF, _OFF_WORTH = range(8)

__all__ = ["count_ledger", "visit_values"]


@njit(cache=True, nogil=True)
def count_ledger(
    node: Codes,
    enter: Ints,
    leave: Ints,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    horizon: int,
    patience: int,
    time_all: bool,
    rows: Codes | None,
    limits: Ints,
    value: Ints | None,
) -> Any:
    """Return the edge grid with its words, the node grid, the grids of values (words, joint moments), and two numbers.

    These are all waiting, and the visits that brought less than nothing.

    Which visits are followed, and what is told of them, is as in
    :func:`journeylog.core.kernels.edges.count_edges`; with `time_all` all moves are timed. The row of the move that
    leaves visit ``i`` is ``rows[i]`` (None: ``from * n_nodes + to``), its baseline is ``limits[row]`` milliseconds.
    `value` is what the case brought from the visit's enter on; a visit that dropped had brought what is gone from it at
    the case's next visit, if there is one.
    """
    n_rows = limits.size
    edges, words = np.zeros((n_rows, 6), np.int64), np.zeros((n_rows, N_WORDS), np.int64)
    nodes = np.zeros((n_nodes, 12), np.int64)
    worth, worth_words = np.zeros((2 * n_nodes, 3), np.int64), np.zeros((2 * n_nodes, N_WORDS), np.int64)
    joint = np.zeros((n_nodes, JOINT), np.int64)
    mine = np.zeros((n_nodes, 8), np.int64)
    moved = np.zeros((n_rows, 2), np.int64)
    seen = np.full(n_nodes, -1, np.int64)
    waited, negative = np.int64(0), np.int64(0)
    for a in range(actor_offsets.size - 1):
        first_case, last_case = actor_offsets[a], actor_offsets[a + 1]
        for c in range(first_case, last_case):
            for i in range(begin[c], end[c]):
                v = np.int64(node[i])
                mine[v, _VISITS] += 1
                if seen[v] == c:
                    again = i > begin[c] and node[i - 1] == v
                    nodes[v, LOOPS if again else RETURNS] += 1
                    nodes[v, REWORK_MS] += (leave[i] - enter[i] + 500) // 1000
                    mine[v, _REPEATS] += 1
                seen[v] = c
                told = leave[i] < horizon
                dropped = False
                if i + 1 == end[c]:
                    told = told and outcome[c] != OPEN
                    dropped = told and outcome[c] == DROPPED
                else:
                    gap = enter[i + 1] - leave[i]
                    dropped = told and gap > patience
                    e = v * n_nodes + node[i + 1] if rows is None else np.int64(rows[i])
                    edges[e, MOVES] += 1
                    if time_all or (told and not dropped):
                        ms = (gap + 500) // 1000
                        waited += ms
                        edges[e, WAIT_MS] += ms
                        moved[e, 0] += 1
                        moved[e, 1] += max(ms - limits[e], 0)
                if told:
                    mine[v, _FOLLOWED] += 1
                    mine[v, _DROPS] += dropped
                    if value is not None and (dropped or outcome[c] != OPEN):
                        x = value[i] - (value[i + 1] if dropped and i + 1 < end[c] else 0)
                        mine[v, _OFF if dropped else _ON] += 1
                        mine[v, _OFF_WORTH if dropped else _ON_WORTH] += x
                        negative += x < 0
        for c in range(first_case, last_case):
            for i in range(begin[c], end[c]):
                v = np.int64(node[i])
                if mine[v, _VISITS] > 0:
                    if value is not None:
                        _book_joint(joint, mine, v)
                    _book_node(nodes, worth, worth_words, mine, v, n_nodes)
                if i + 1 < end[c]:
                    e = v * n_nodes + node[i + 1] if rows is None else np.int64(rows[i])
                    n = moved[e, 0]
                    if n > 0:
                        edges[e, TIMED] += n
                        edges[e, TIMED_ACTORS] += 1
                        edges[e, EXCESS_MS] += moved[e, 1]
                        edges[e, TIMED_NN] += n * n
                        add_square(words, e, moved[e, 1], n)
                        moved[e, 0] = moved[e, 1] = 0
    return edges, words, nodes, worth, worth_words, joint, waited, negative


@njit(cache=True, nogil=True, inline="always")
def _book_node(nodes: Ints, worth: Ints, words: Ints, mine: Ints, v: int, n_nodes: int) -> None:
    """Add what one actor has at a node to the grids, and forget it."""
    n, r = mine[v, _VISITS], mine[v, _REPEATS]
    nodes[v, VISITS] += n
    nodes[v, RR] += r * r
    nodes[v, RV] += r * n
    nodes[v, VV] += n * n
    n, k = mine[v, _FOLLOWED], mine[v, _DROPS]
    nodes[v, FOLLOWED] += n
    nodes[v, DROPS] += k
    nodes[v, KK] += k * k
    nodes[v, KN] += k * n
    nodes[v, NN] += n * n
    for way in range(2):
        n, x = mine[v, _ON + 2 * way], mine[v, _ON_WORTH + 2 * way]
        if n > 0:
            row = v + way * n_nodes
            worth[row, WORTH_N] += n
            worth[row, WORTH] += x
            worth[row, WORTH_NN] += n * n
            add_square(words, row, x, n)
    mine[v, :] = 0


@njit(cache=True, nogil=True)
def _book_joint(joint: Ints, mine: Ints, v: int) -> None:
    """Add what one actor has at a node to the joint moments: what is zero, as most of it is, adds nothing."""
    n, k, on, off = mine[v, _FOLLOWED], mine[v, _DROPS], mine[v, _ON], mine[v, _OFF]
    x_on, x_off = mine[v, _ON_WORTH], mine[v, _OFF_WORTH]
    joint[v, N_ON] += n * on
    if x_on != 0:
        add_product(joint, v, N_X_ON, x_on, n)
    if k == 0:
        return
    joint[v, K_ON] += k * on
    joint[v, K_OFF] += k * off
    joint[v, N_OFF] += n * off
    joint[v, ON_OFF] += on * off
    if x_on != 0:
        add_product(joint, v, K_X_ON, x_on, k)
        add_product(joint, v, OFF_X_ON, x_on, off)
    if x_off != 0:
        add_product(joint, v, K_X_OFF, x_off, k)
        add_product(joint, v, N_X_OFF, x_off, n)
        add_product(joint, v, ON_X_OFF, x_off, on)
        add_cross(joint, v, XX, x_on, x_off)


@njit(cache=True, nogil=True)
def visit_values(
    codes: Codes, value: Ints, begin: Ints, end: Ints, merge: bool, place: Ints, n_visits: int
) -> Ints:
    """Return for each visit what the case brought from its first event on; `place` is a case's first visit."""
    out = np.zeros(n_visits, np.int64)
    for c in range(begin.size):
        p, before, now = place[c], np.int64(0), np.int64(-1)
        for i in range(begin[c], end[c]):
            if codes[i] >= 0 and not (merge and codes[i] == now):
                now = np.int64(codes[i])
                out[p] = before
                p += 1
            before += value[i]
        for k in range(place[c], p):
            out[k] = before - out[k]
    return out
