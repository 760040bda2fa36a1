"""Kernels that number what is known at each visit of a journey, and what came after.

The node before is 0 for the start, else one more than its code; a way on is 0 dropped, 1 reached, else two more than the
code of the node. Keys are then in the order in which tables are sorted. Visits are followed, and go where, as in
:func:`journeylog.core.kernels.edges.count_edges`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import OPEN, REACHED

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["KK", "KN", "NN", "N_ELAPSED", "N_POSITIONS", "next_keys", "outcome_keys"]

#: Columns of the second moments: sums over actors of k_a * k_a and of k_a * n_a, where of an actor's n_a visits to a node
#: k_a went this way; and of n_a * n_a.
KK, KN, NN = range(3)

#: Position in the journey: first, second, third to fifth, later.
N_POSITIONS = 4
#: Time since the journey began: under a minute, an hour, a day, a week, longer.
N_ELAPSED = 5
#: Two numbers share 64 bits.
_HALF = 32
_LOW = (np.int64(1) << _HALF) - 1
_MINUTE, _HOUR, _DAY, _WEEK = 60_000_000, 3_600_000_000, 86_400_000_000, 604_800_000_000


@njit(cache=True, nogil=True, inline="always")
def position_band(k: int) -> int:
    """Return the band of the k-th visit, counted from 0."""
    return k if k < 2 else (2 if k < 5 else 3)


@njit(cache=True, nogil=True, inline="always")
def elapsed_band(spent: int) -> int:
    """Return the band of a time in microseconds."""
    band = 0
    for edge in (_MINUTE, _HOUR, _DAY, _WEEK):
        band += 1 if spent >= edge else 0
    return band


@njit(cache=True, nogil=True)
def next_keys(
    node: Codes,
    enter: Ints,
    leave: Ints,
    group: Ints,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    watched: tuple[int, int] | None,
    bands: int,
    grid: Codes | None,
    rows: Codes | None,
    drop_rows: Codes,
    moments: Ints | None,
    longest: int,
) -> Ints:
    """Return ``(((group * (V + 1) + previous) * V + node) * bands + position) * (V + 2) + to`` of the followed visits.

    With one band the position does not count. With a grid the keys are counted there, and none are returned. With
    `moments` (columns `KK` and `KN`), the second moments of every way on are added there; its row, in `rows` and
    `drop_rows`, is as in :func:`journeylog.core.kernels.edges.count_edges`. No actor has more than `longest` visits.
    """
    out = np.empty(node.size if grid is None else 0, np.int64)
    mine = np.zeros(0 if moments is None else len(moments), np.int64)
    node_mine = np.zeros(0 if moments is None else n_nodes, np.int64)
    touched = np.empty(0 if moments is None else min(longest, len(moments)) + 1, np.int64)
    p = q = 0
    for a in range(actor_offsets.size - 1):
        n = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            prev = np.int64(0)
            if rows is not None:
                q += begin[c] < end[c]
            for i in range(begin[c], end[c]):
                f = np.int64(node[i])
                final = i + 1 == end[c]
                here = ((group[c] * (n_nodes + 1) + prev) * n_nodes + f) * bands
                prev = f + 1
                if rows is not None:
                    q += 1
                if (watched is not None and leave[i] >= watched[0]) or (final and outcome[c] == OPEN):
                    continue
                if final:
                    to = np.int64(outcome[c] == REACHED)
                elif watched is not None and enter[i + 1] - leave[i] > watched[1]:
                    to = np.int64(0)
                else:
                    to = np.int64(node[i + 1]) + 2
                if bands > 1:
                    here += position_band(i - begin[c])
                key = here * (n_nodes + 2) + to
                if grid is None:
                    out[p] = key
                    p += 1
                else:
                    grid[key] += 1
                if moments is not None:
                    if to == 0:
                        e = np.int64(drop_rows[f])
                    elif rows is None:
                        e = f * (n_nodes + 3) + (n_nodes if to == 1 else to - 2)
                    else:
                        e = np.int64(rows[q - 1])
                    touched[n] = e | (f << _HALF)
                    n += mine[e] == 0  # no branch on whether it is the actor's first
                    mine[e] += 1
                    node_mine[f] += 1
        if moments is not None:
            _add_actor(moments, mine, node_mine, touched[:n])
    return out[:p].copy()


@njit(cache=True, nogil=True)
def outcome_keys(
    node: Codes,
    enter: Ints,
    group: Ints,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    first: Ints,
    goal: Ints,
    n_nodes: int,
    window_end: int,
    within: int,
    grid: Codes | None,
    moments: Ints,
    longest: int,
) -> Ints:
    """Return the key of each visit from whose beginning on the journey was watched long enough.

    It is ``((((group * (V + 1) + previous) * V + node) * N_POSITIONS + position) * N_ELAPSED + elapsed) * 2 + reached``.
    `first` and `goal` are when each case began and reached its goal (before all times: it did not). Visits after the
    goal do not count. The second moments of every node, of the visits that reach the goal, are added to `moments` (columns
    `KK`, `KN` and `NN`).
    """
    out = np.empty(node.size if grid is None else 0, np.int64)
    mine = np.zeros(n_nodes, np.int64)  # one actor's visits, and how many of them reached the goal
    touched = np.empty(min(longest, n_nodes) + 1, np.int64)
    p = 0
    never = np.iinfo(np.int64).min
    for a in range(actor_offsets.size - 1):
        n = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            prev = np.int64(0)
            for i in range(begin[c], end[c]):
                f = np.int64(node[i])
                here = (group[c] * (n_nodes + 1) + prev) * n_nodes + f
                prev = f + 1
                if enter[i] + within > window_end or (goal[c] != never and goal[c] <= enter[i]):
                    continue
                here = here * N_POSITIONS + position_band(i - begin[c])
                here = here * N_ELAPSED + elapsed_band(enter[i] - first[c])
                reached = np.int64(goal[c] != never and goal[c] - enter[i] <= within)
                key = here * 2 + reached
                if grid is None:
                    out[p] = key
                    p += 1
                else:
                    grid[key] += 1
                touched[n] = f
                n += mine[f] == 0
                mine[f] += 1 | (reached << _HALF)
        for k in range(n):
            f = touched[k]
            total, good = mine[f] & _LOW, mine[f] >> _HALF
            moments[f, KK] += good * good
            moments[f, KN] += good * total
            moments[f, NN] += total * total
            mine[f] = 0
    return out[:p].copy()


@njit(cache=True, nogil=True)
def _add_actor(moments: Ints, mine: Ints, node_mine: Ints, touched: Ints) -> None:
    """Add one actor's second moments, and set the actor's counts back to zero."""
    for k in range(touched.size):
        e = touched[k] & _LOW
        x = mine[e]
        moments[e, KK] += x * x
        moments[e, KN] += x * node_mine[touched[k] >> _HALF]
        mine[e] = 0
    for k in range(touched.size):
        node_mine[touched[k] >> _HALF] = 0
