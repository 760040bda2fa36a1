"""Kernels of satisfaction: which visit a score follows, and what is needed to know how sure its mean is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import START

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

#: Columns of the node grid.
VISITS, CASES, ACTORS, ANSWERED, FOLLOWED, K, KK, KN, NN = range(9)
#: Columns of what is emitted for a score.
EVENT, CASE, NODE, FROM, WAIT, REWORK = range(6)
#: Node of a score that follows nothing, of one that follows too late, and of one whose visit is in no case.
NOTHING, TOO_LATE, OUTSIDE = -11, -12, -13

__all__ = [
    "NOTHING",
    "OUTSIDE",
    "TOO_LATE",
    "actor_moments",
    "attach",
    "pair_products",
]


@njit(cache=True, nogil=True)
def attach(
    node: Codes,
    time: Ints,
    scored: Mask,
    own: bool,
    merge: bool,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    spans: Ints | None,
    n_nodes: int,
    n_scores: int,
    within: int,
    window_end: int,
) -> Any:
    """Return the scores in walking order, where each actor's begin, and the node grid.

    An event with a score is an answer and no visit, unless it is its `own`. A score follows the last visit of its
    actor before it, when that was left at most `within` ago, and belongs to the case of that visit. `spans` are the
    events of each actor; None: cases interleave, and each is walked by itself. A case that was at a node is followed
    when all of `within` after it last left the node was watched, and answered when a score follows one of its visits
    of the node.
    """
    found = np.empty((n_scores, 6), np.int64)
    starts = np.zeros(actor_offsets.size, np.int64)
    grid = np.zeros((n_nodes, 9), np.int64)
    seen = np.full(n_nodes, -1, np.int64)  # by node: the case it was last visited in, when it was last left,
    left = np.zeros(n_nodes, np.int64)
    told = np.zeros(n_nodes, np.bool_)  # and whether a score follows
    mine = np.zeros(
        (n_nodes, 3), np.int64
    )  # by node: cases of one actor that answered, that were followed, all
    here, theirs = np.empty(n_nodes, np.int64), np.empty(n_nodes, np.int64)
    m = 0
    for a in range(actor_offsets.size - 1):
        first_case, last_case, n_theirs = actor_offsets[a], actor_offsets[a + 1], 0
        for g in range(first_case, last_case if spans is None else min(first_case + 1, last_case)):
            c, case, n_here, rework = np.int64(g), np.int64(-1), 0, 0
            now, before = np.int64(NOTHING), np.int64(START)
            leave, wait = np.int64(0), np.int64(-1)
            first = begin[g] if spans is None else spans[a, 0]
            last = end[g] if spans is None else spans[a, 1]
            for i in range(first, last):
                while spans is not None and c < last_case and end[c] <= i:
                    c += 1
                inside = c < last_case and begin[c] <= i
                v = np.int64(node[i])
                if v >= 0 and (own or not scored[i]):
                    if not inside:
                        now = np.int64(OUTSIDE)
                    elif c != case:
                        n_theirs = _close(
                            grid, mine, here[:n_here], told, left, theirs, n_theirs, window_end - within
                        )
                        case, n_here, rework = c, 0, 0
                        now, before, wait = np.int64(NOTHING), np.int64(START), np.int64(-1)
                    if inside and not (merge and v == now):
                        if now >= 0:
                            before, wait = now, time[i] - leave
                        if seen[v] == c:
                            rework += 1
                        else:
                            seen[v], told[v] = c, False
                            here[n_here] = v
                            n_here += 1
                        grid[v, VISITS] += 1
                        now = v
                    if inside:
                        leave = time[i]
                        left[v] = leave
                if scored[i] and (inside or now != NOTHING):
                    found[m, EVENT], found[m, CASE] = i, case
                    found[m, FROM], found[m, WAIT], found[m, REWORK] = before, wait, rework
                    late = now >= 0 and time[i] - leave > within
                    found[m, NODE] = TOO_LATE if late else now
                    if now >= 0 and not late:
                        told[now] = True
                    m += 1
            n_theirs = _close(grid, mine, here[:n_here], told, left, theirs, n_theirs, window_end - within)
        for k in range(n_theirs):
            v = theirs[k]
            x, n = mine[v, 0], mine[v, 1]
            grid[v, ACTORS] += 1
            grid[v, FOLLOWED] += n
            grid[v, K] += x
            grid[v, KK] += x * x
            grid[v, KN] += x * n
            grid[v, NN] += n * n
            mine[v, :] = 0
        starts[a + 1] = m
    return found[:m], starts, grid


@njit(cache=True, nogil=True)
def _close(
    grid: Ints, mine: Ints, here: Ints, told: Mask, left: Ints, theirs: Ints, n_theirs: int, horizon: int
) -> int:
    """Count a case at the nodes it was at; return at how many nodes the actor has been so far."""
    for v in here:
        if mine[v, 2] == 0:
            theirs[n_theirs] = v
            n_theirs += 1
        mine[v, 2] += 1
        grid[v, CASES] += 1
        grid[v, ANSWERED] += told[v]
        if left[v] <= horizon:
            mine[v, 0] += told[v]
            mine[v, 1] += 1
    return n_theirs


@njit(cache=True, nogil=True)
def actor_moments(rows: Codes, base: Codes, x: Ints, starts: Ints, n_rows: int, n_base: int) -> Any:
    """Return the sums over actors that a mean in which one actor counts many times needs.

    Observations of actor ``a`` are ``starts[a]`` to ``starts[a + 1]``. Columns by row: how many, of how many actors,
    the sum of `x`, of its square by actor, of its product with how many the actor has in the `base` of the row. And
    by base: how many, and the sum of their square by actor. Rows below 0 do not count.
    """
    out = np.zeros((n_rows, 5), np.int64)
    whole = np.zeros((n_base, 2), np.int64)
    sums = np.zeros(n_rows, np.int64)
    last = np.full(n_rows, -1, np.int64)
    mine = np.zeros(n_base, np.int64)
    for a in range(starts.size - 1):
        for i in range(starts[a], starts[a + 1]):
            if rows[i] >= 0:
                sums[rows[i]] += x[i]
                mine[base[i]] += 1
                out[rows[i], 0] += 1
                out[rows[i], 2] += x[i]
        for i in range(starts[a], starts[a + 1]):
            r = rows[i]
            if r >= 0 and last[r] != a:
                last[r] = a
                out[r, 1] += 1
                out[r, 3] += sums[r] * sums[r]
                out[r, 4] += sums[r] * mine[base[i]]
                sums[r] = 0
        for i in range(starts[a], starts[a + 1]):
            if rows[i] >= 0:
                b = base[i]
                whole[b, 0] += mine[b]
                whole[b, 1] += mine[b] * mine[b]
                mine[b] = 0
    return out, whole


@njit(cache=True, nogil=True)
def pair_products(group: Codes, cell: Codes, starts: Ints) -> Any:
    """Return, for each actor and group, each pair of cells (the lower first) with the product of their counts.

    A group below 0 does not count. Rows are not added up over actors.
    """
    size, most = 1024, 1
    for a in range(starts.size - 1):
        most = max(most, starts[a + 1] - starts[a])
    out = np.empty((4, size), np.int64)
    keys, times = np.empty(most, np.int64), np.empty(most, np.int64)
    n = 0
    for a in range(starts.size - 1):
        m = 0
        for i in range(starts[a], starts[a + 1]):
            if group[i] >= 0:
                keys[m] = (np.int64(group[i]) << 32) | np.int64(cell[i])
                m += 1
        if m > 1:
            keys[:m].sort()
        d = 0
        for i in range(m):
            if d > 0 and keys[d - 1] == keys[i]:
                times[d - 1] += 1
            else:
                keys[d], times[d] = keys[i], 1
                d += 1
        for i in range(d):
            j = i
            while j < d and keys[j] >> 32 == keys[i] >> 32:
                if n == size:
                    size *= 2
                    wider = np.empty((4, size), np.int64)
                    wider[:, :n] = out
                    out = wider
                out[0, n], out[1, n], out[2, n] = keys[i] >> 32, keys[i] & 0xFFFFFFFF, keys[j] & 0xFFFFFFFF
                out[3, n] = times[i] * times[j]
                n += 1
                j += 1
    return out[:, :n].copy()
