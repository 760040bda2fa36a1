"""Kernels that count the moves of a chain by groups of actors.

A move is followed, and goes where, as in :func:`journeylog.core.kernels.edges.count_edges`. The row of a move is
``(group * (V + 1) + from) * (V + 3) + to``, where the start is 0 before all nodes, and the ends are 0 to 2 (open, dropped,
reached) before them: rows are then in the order in which tables are sorted. With many names a row is looked up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import BIN_BITS, bin_of_ms
from journeylog.core.schema import DROPPED, OPEN, REACHED

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

#: How a case can end.
N_ENDS = 3

__all__ = ["N_ENDS", "grouped_keys", "grouped_moves", "grouped_values", "move_durations"]


@njit(cache=True, nogil=True)
def grouped_keys(node: Codes, group: Ints, begin: Ints, end: Ints, outcome: Codes, n_nodes: int) -> Ints:
    """Return the key of every move in walking order."""
    wide = n_nodes + N_ENDS
    out = np.empty(node.size + begin.size, np.int64)
    p = 0
    for c in range(begin.size):
        if begin[c] == end[c]:
            continue
        base = group[c] * (n_nodes + 1)
        prev = 0
        for i in range(begin[c], end[c]):
            out[p] = (base + prev) * wide + node[i] + N_ENDS
            prev = node[i] + 1
            p += 1
        out[p] = (base + prev) * wide + outcome[c] - OPEN
        p += 1
    return out[:p].copy()


@njit(cache=True, nogil=True)
def grouped_moves(
    node: Codes,
    enter: Ints,
    leave: Ints,
    owner: Ints,
    group: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    watched: tuple[int, int] | None,
    rows: Codes | None,
    drop_rows: Codes | None,
    n_rows: int,
) -> Any:
    """Return by row: moves, followed ones and their milliseconds; by node: visits, followed ones, their actors.

    A move takes from the visit's enter to the next one's; the last one takes until the visit is left.
    `drop_rows` gives the row of the move to dropped by ``group * (V + 1) + from``.
    """
    wide = n_nodes + N_ENDS
    moves = np.zeros((n_rows, 3), np.int64)
    nodes = np.zeros((n_nodes + 1, 3), np.int64)
    last_actor = np.full(n_nodes + 1, -1, np.int64)
    p = 0
    for c in range(begin.size):
        first, last = begin[c], end[c]
        if first == last:
            continue
        base = group[c] * (n_nodes + 1)
        e = base * wide + node[first] + N_ENDS if rows is None else np.int64(rows[p])
        p += 1
        moves[e, 0] += 1
        moves[e, 1] += 1
        nodes[n_nodes, 0] += 1
        nodes[n_nodes, 1] += 1
        nodes[n_nodes, 2] += last_actor[n_nodes] != owner[c]
        last_actor[n_nodes] = owner[c]
        for i in range(first, last):
            f = np.int64(node[i])
            went = leave[i]
            final = i + 1 == last
            t = np.int64(outcome[c] - OPEN if final else node[i + 1] + N_ENDS)
            e = (base + f + 1) * wide + t if rows is None else np.int64(rows[p])
            p += 1
            moves[e, 0] += 1
            nodes[f, 0] += 1
            if (watched is not None and went >= watched[0]) or (final and outcome[c] == OPEN):
                continue
            spent = (went if final else enter[i + 1]) - enter[i]
            if watched is not None and not final and enter[i + 1] - went > watched[1]:
                # silence first, a move only later
                e = (
                    (base + f + 1) * wide + DROPPED - OPEN
                    if drop_rows is None
                    else np.int64(drop_rows[base + f + 1])
                )
                spent = went - enter[i]
            moves[e, 1] += 1
            moves[e, 2] += (spent + 500) // 1000
            nodes[f, 1] += 1
            nodes[f, 2] += last_actor[f] != owner[c]
            last_actor[f] = owner[c]
    return moves, nodes


@njit(cache=True, nogil=True)
def grouped_values(
    codes: Codes,
    order: Ints | None,
    values: Ints,
    given: Mask | None,
    currency: Codes | None,
    wanted: int,
    first: Ints,
    last: Ints,
    merge: bool,
    node: Codes,
    leave: Ints,
    group: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    watched: tuple[int, int] | None,
    total: Ints,
) -> None:
    """Add what the events of the followed visits brought to `total`, by group and node.

    Parameters
    ----------
    codes, order
        Node of each event; the event at each place that `first` and `last` of the cases point to (None: the place).
    values, given, currency, wanted
        By event: the amount, whether there is one (None: always), its currency (None: all count); the one that counts.
    node, leave, begin, end
        The visits that these events make, and those of each case.
    """
    for c in range(begin.size):
        v = begin[c] - 1
        for k in range(first[c], last[c]):
            i = k if order is None else order[k]
            if codes[i] < 0:
                continue
            if v < begin[c] or not merge or node[v] != codes[i]:
                v += 1
            if (given is not None and not given[i]) or (currency is not None and currency[i] != wanted):
                continue
            young = watched is not None and leave[v] >= watched[0]
            if not young and not (v + 1 == end[c] and outcome[c] == OPEN):
                total[group[c], node[v]] += values[i]


@njit(cache=True, nogil=True)
def move_durations(
    node: Codes,
    enter: Ints,
    leave: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    watched: tuple[int, int] | None,
    place: Ints,
    out: Any,
) -> None:
    """Write ``to << BIN_BITS | bin`` of all followed moves that are not drop-offs, from node f from ``place[f]`` on.

    `place` moves on to where each node's stretch ends.
    """
    for c in range(begin.size):
        for i in range(begin[c], end[c]):
            if watched is not None and leave[i] >= watched[0]:
                continue
            if i + 1 == end[c]:
                if outcome[c] != REACHED:
                    continue
                t, spent = np.int64(n_nodes), leave[i] - enter[i]
            else:
                if watched is not None and enter[i + 1] - leave[i] > watched[1]:
                    continue
                t, spent = np.int64(node[i + 1]), enter[i + 1] - enter[i]
            f = node[i]
            out[place[f]] = (t << BIN_BITS) | bin_of_ms((spent + 500) // 1000)
            place[f] += 1
