"""Kernels that count transitions: the one matching core behind graph, drop-off, Sankey and bottlenecks.

A case is walked from its start to its outcome: start -> first node -> ... -> last node -> outcome. Nodes are
``0 .. V - 1``; a *from* can also be ``V`` (start) and a *to* can be ``V`` (reached), ``V + 1`` (dropped),
``V + 2`` (open). The row of an edge is ``from * (V + 3) + to``, or is looked up when there are many names.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.schema import OPEN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Grid = npt.NDArray[np.int64]

#: Columns of the edge grid and of the node grid.
N, N_ACTORS, N_FOLLOWED, KK, KN, N_TIED, N_RETURNS, TIME_MS = range(8)
NODE_N, NODE_CASES, NODE_ACTORS, NODE_FOLLOWED, NODE_FOLLOWED_ACTORS, NN, NODE_LATE = range(7)

#: Which duration an edge carries.
MEANINGS = {"wait": 0, "stay": 1, "dwell": 2}
WAIT, STAY, DWELL = 0, 1, 2

#: Two counts share 64 bits: one in the low half, one in the high half. Each stays far below 2**32 in a chunk.
HALF = 32
HIGH = np.int64(1) << HALF
LOW = HIGH - 1
#: A transition that is counted and followed, and one that is only counted.
SEEN_AND_FOLLOWED, SEEN = HIGH + 1, np.int64(1)

__all__ = ["MEANINGS", "count_edges", "edge_keys", "end_rows"]


@njit(cache=True, nogil=True)
def edge_keys(node: Codes, begin: Ints, end: Ints, outcome: Codes, n_nodes: int) -> Ints:
    """Return the key ``from * (V + 3) + to`` of every transition in walking order."""
    wide = n_nodes + 3
    out = np.empty(node.size + begin.size, np.int64)
    p = 0
    for c in range(begin.size):
        if begin[c] == end[c]:
            continue
        prev = n_nodes
        for i in range(begin[c], end[c]):
            out[p] = prev * wide + node[i]
            prev = node[i]
            p += 1
        out[p] = prev * wide + n_nodes - 3 - outcome[c]
        p += 1
    return out[:p].copy()


@njit(cache=True, nogil=True)
def end_rows(node: Codes, begin: Ints, end: Ints, outcome: Codes, n_nodes: int) -> Codes:
    """Return the row ``from * 4 + how it went on`` of every transition in walking order.

    It goes on 0 to another visit, or ends 1 reached, 2 dropped, 3 open.
    """
    out = np.empty(node.size + begin.size, np.int32)
    p = 0
    for c in range(begin.size):
        if begin[c] == end[c]:
            continue
        f = n_nodes
        for i in range(begin[c], end[c]):
            out[p] = f * 4
            f = node[i]
            p += 1
        out[p] = f * 4 - 2 - outcome[c]
        p += 1
    return out[:p].copy()


@njit(cache=True, nogil=True)
def count_edges(
    node: Codes,
    enter: Ints,
    leave: Ints,
    meaning: int,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    watched: tuple[int, int] | None,
    rows: Codes | None,
    drop_rows: Codes,
    n_rows: int,
    longest: int,
    edge_case: Ints | None,
) -> Any:
    """Return the edge grid, the distinct cases of each edge, and the node grid.

    A visit is *followed* when it was left before the horizon, so that it was watched for the whole patience
    (`watched` holds both; None: all is followed). Only these visits can tell a share or a time without bias.
    What is told is what happened within the patience: a move that came later counts as silence, on the edge to
    dropped (`drop_rows`), although its own edge has it in ``n``. Times and second moments are over what is
    followed on the edge.

    `rows` are the rows of all transitions in walking order (None: the key is the row), `edge_case` is room for
    a number a row (None: no actor has several cases). What is None is left out when this is compiled.
    """
    wide = n_nodes + 3
    edges = np.zeros((n_rows, 8), np.int64)
    nodes = np.zeros((n_nodes + 1, 7), np.int64)
    n_cases = np.zeros(n_rows, np.int64)
    node_case = np.full(n_nodes + 1, -1, np.int64)
    mine = np.zeros(n_rows, np.int64)  # one actor's transitions, and how many of them are followed
    node_mine = np.zeros(n_nodes + 1, np.int64)
    touched = np.empty(min(2 * longest, n_rows) + 1, np.int64)
    touched_nodes = np.empty(min(longest, n_nodes + 1) + 1, np.int64)
    p = 0
    for a in range(actor_offsets.size - 1):
        n = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            first, last = begin[c], end[c]
            if first == last:
                continue
            t = np.int64(node[first])
            e = n_nodes * wide + t if rows is None else np.int64(rows[p])
            p += 1
            n = _add_one(mine, touched, n, e, n_nodes, SEEN_AND_FOLLOWED)
            if edge_case is not None:
                n_cases[e] += 1
                nodes[n_nodes, NODE_CASES] += 1
                nodes[t, NODE_CASES] += 1
            node_case[t] = c
            came, went = enter[first], leave[first]
            for i in range(first + 1, last):
                f, t = t, np.int64(node[i])
                e = f * wide + t if rows is None else np.int64(rows[p])
                p += 1
                gap = enter[i] - went
                again = (t != f) & (node_case[t] == c)
                edges[e, N_TIED] += np.int64(gap == 0) | (np.int64(again) << HALF)
                one = SEEN_AND_FOLLOWED
                if watched is not None and went >= watched[0]:
                    one = SEEN
                elif watched is not None and gap > watched[1]:  # silence first, a move only later
                    one = SEEN
                    d = np.int64(drop_rows[f])
                    n = _add_one(mine, touched, n, d, f, HIGH)
                    nodes[f, NODE_LATE] += 1
                    if meaning == DWELL:
                        edges[d, TIME_MS] += (went - came + 500) // 1000
                else:
                    spent = gap if meaning == WAIT else (gap if meaning == STAY else 0) + went - came
                    edges[e, TIME_MS] += (spent + 500) // 1000
                n = _add_one(mine, touched, n, e, f, one)
                if edge_case is not None:
                    n_cases[e] += edge_case[e] != c
                    edge_case[e] = c
                    nodes[t, NODE_CASES] += node_case[t] != c
                node_case[t] = c
                came, went = enter[i], leave[i]
            e = t * wide + n_nodes - 3 - outcome[c] if rows is None else np.int64(rows[p])
            p += 1
            told = outcome[c] != OPEN and (watched is None or went < watched[0])
            if told and meaning == DWELL:
                edges[e, TIME_MS] += (went - came + 500) // 1000
            n = _add_one(mine, touched, n, e, t, SEEN_AND_FOLLOWED if told else SEEN)
            if edge_case is not None:
                n_cases[e] += edge_case[e] != c
                edge_case[e] = c
        _add_actor(edges, nodes, mine, node_mine, touched[:n], touched_nodes)
    _unpack(edges, nodes)
    if edge_case is None:
        n_cases[:] = edges[:, N_ACTORS]
        nodes[:, NODE_CASES] = nodes[:, NODE_ACTORS]
    return edges, n_cases, nodes


@njit(cache=True, nogil=True, inline="always")
def _add_one(mine: Ints, touched: Ints, n: int, e: int, f: int, one: int) -> int:
    """Count a transition of the actor; there is no branch on whether it is its first: `n` moves on or does not."""
    touched[n] = e | (np.int64(f) << HALF)
    n += mine[e] == 0
    mine[e] += one
    return n


@njit(cache=True, nogil=True)
def _add_actor(
    edges: Grid, nodes: Grid, mine: Ints, node_mine: Ints, touched: Ints, touched_nodes: Ints
) -> None:
    """Add one actor's counts and their squares to the grids, and set the actor's counts back to zero."""
    n = 0
    for k in range(touched.size):
        f = touched[k] >> HALF
        touched_nodes[n] = f
        n += node_mine[f] == 0
        node_mine[f] += mine[touched[k] & LOW]
    for k in range(touched.size):
        e = touched[k] & LOW
        both = mine[e]
        x = both >> HALF
        edges[e, N] += both
        edges[e, N_ACTORS] += (both & LOW) > 0
        edges[e, KK] += x * x
        edges[e, KN] += x * (node_mine[touched[k] >> HALF] >> HALF)
        mine[e] = 0
    for k in range(n):
        f = touched_nodes[k]
        both = node_mine[f]
        x = both >> HALF
        nodes[f, NODE_N] += both
        nodes[f, NODE_ACTORS] += 1
        nodes[f, NODE_FOLLOWED_ACTORS] += x > 0
        nodes[f, NN] += x * x
        node_mine[f] = 0


@njit(cache=True, nogil=True)
def _unpack(edges: Grid, nodes: Grid) -> None:
    """Give each of two counts that shared 64 bits its own column."""
    for grid, low, high in (
        (edges, N, N_FOLLOWED),
        (edges, N_TIED, N_RETURNS),
        (nodes, NODE_N, NODE_FOLLOWED),
    ):
        grid[:, high] = grid[:, low] >> HALF
        grid[:, low] &= LOW
