"""Kernels behind the comparison of two groups that may share actors: trials, and their moments by actor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import OPEN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Groups = npt.NDArray[np.int8]

__all__ = ["list_moves", "pair_moments"]


@njit(cache=True, nogil=True)
def list_moves(
    node: Codes,
    enter: Ints,
    leave: Ints,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    watched: tuple[int, int] | None,
    bounds: Ints | None,
    group_of_case: Groups | None,
) -> Any:
    """Return the followed moves of both groups: from, to, group, the visit left, and where each actor's begin.

    A move is followed, and goes where, as in :func:`journeylog.core.kernels.edges.count_edges`. Its group is that
    of its case, or (`bounds`: begin and end of both) the period in which its visit was left; the move from the start
    belongs to the moment at which the first visit is entered. The visit left is -1 for the start.
    """
    most = node.size + begin.size
    start, to = np.empty(most, np.int32), np.empty(most, np.int32)
    group, spot = np.empty(most, np.int8), np.empty(most, np.int64)
    offsets = np.zeros(actor_offsets.size, np.int64)
    p = 0
    for a in range(actor_offsets.size - 1):
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            if begin[c] == end[c]:
                continue
            for i in range(begin[c] - 1, end[c]):
                first, last = i < begin[c], i + 1 == end[c]
                went = enter[i + 1] if first else leave[i]
                if bounds is not None:
                    g = 0 if bounds[0] <= went < bounds[1] else 1 if bounds[2] <= went < bounds[3] else -1
                else:
                    g = -1 if group_of_case is None else int(group_of_case[c])
                if g < 0 or (last and outcome[c] == OPEN):
                    continue
                t = np.int64(n_nodes - 3 - outcome[c] if last else node[i + 1])
                if watched is not None and not first:
                    if went >= watched[0]:
                        continue
                    if not last and enter[i + 1] - went > watched[1]:
                        t = np.int64(n_nodes + 1)
                start[p] = n_nodes if first else node[i]
                to[p], group[p], spot[p] = t, g, -1 if first else i
                p += 1
        offsets[a + 1] = p
    return start[:p].copy(), to[:p].copy(), group[:p].copy(), spot[:p].copy(), offsets


@njit(cache=True, nogil=True)
def pair_moments(offsets: Ints, base: Codes, row: Codes, group: Groups, n_rows: int, n_bases: int) -> Any:
    """Return the second moments over actors of trials in two groups.

    A trial is one of its base, and a success of its row (-1: of none); a row has one base. With k successes and n
    trials of an actor in the groups a and b, a row has the sums of ``k_a, k_a^2, k_a n_a, k_b, k_b^2, k_b n_b,
    k_a k_b, k_a n_b, n_a k_b``; a base those of ``n_a, n_a^2, actors, n_b, n_b^2, actors, n_a n_b``.
    """
    rows, bases = np.zeros((n_rows, 9), np.int64), np.zeros((n_bases, 7), np.int64)
    mine, all_mine = np.zeros((n_rows, 2), np.int64), np.zeros((n_bases, 2), np.int64)
    for a in range(offsets.size - 1):
        for i in range(offsets[a], offsets[a + 1]):
            all_mine[base[i], group[i]] += 1
            if row[i] >= 0:
                mine[row[i], group[i]] += 1
        for i in range(offsets[a], offsets[a + 1]):
            r = row[i]
            if r < 0 or mine[r, 0] + mine[r, 1] == 0:
                continue
            for g in range(2):
                k, n = mine[r, g], all_mine[base[i], g]
                rows[r, 3 * g] += k
                rows[r, 3 * g + 1] += k * k
                rows[r, 3 * g + 2] += k * n
            rows[r, 6] += mine[r, 0] * mine[r, 1]
            rows[r, 7] += mine[r, 0] * all_mine[base[i], 1]
            rows[r, 8] += all_mine[base[i], 0] * mine[r, 1]
            mine[r, 0] = mine[r, 1] = 0
        for i in range(offsets[a], offsets[a + 1]):
            b = base[i]
            if all_mine[b, 0] + all_mine[b, 1] == 0:
                continue
            for g in range(2):
                n = all_mine[b, g]
                bases[b, 3 * g] += n
                bases[b, 3 * g + 1] += n * n
                bases[b, 3 * g + 2] += n > 0
            bases[b, 6] += all_mine[b, 0] * all_mine[b, 1]
            all_mine[b, 0] = all_mine[b, 1] = 0
    return rows, bases
