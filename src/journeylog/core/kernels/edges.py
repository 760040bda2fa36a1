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
N, N_RETURNS, N_ACTORS, N_TIED, N_FOLLOWED, KK, KN, TIME_MS = range(8)
NODE_N, NODE_CASES, NODE_ACTORS, NODE_FOLLOWED, NODE_FOLLOWED_ACTORS, NN, NODE_LATE = range(7)

#: Which duration an edge carries.
MEANINGS = {"wait": 0, "stay": 1, "dwell": 2}
WAIT, STAY, DWELL = 0, 1, 2

FOLLOWED = np.int64(1) << 32
LOW = FOLLOWED - 1

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
    horizon: int,
    patience: int,
    rows: Codes,
    drop_rows: Codes,
    n_rows: int,
    longest: int,
) -> Any:
    """Return the edge grid, the distinct cases of each edge, and the node grid.

    A visit is *followed* when it was left before `horizon`, so that it was watched for the whole patience; only
    these visits can tell a share or a time without bias. What is told is what happened within the patience: a
    move that came later counts as silence, on the edge to dropped (`drop_rows`), although its own edge has it in
    ``n``. Times and second moments are over what is followed on the edge.
    """
    wide = n_nodes + 3
    looked_up = rows.size > 0
    edges = np.zeros((n_rows, 8), np.int64)
    nodes = np.zeros((n_nodes + 1, 7), np.int64)
    n_cases = np.zeros(n_rows, np.int64)
    edge_case = np.full(n_rows, -1, np.int64)
    node_case = np.full(n_nodes + 1, -1, np.int64)
    # one actor's counts: transitions in the low half, followed ones in the high half
    mine = np.zeros(n_rows, np.int64)
    node_mine = np.zeros(n_nodes + 1, np.int64)
    touched = np.empty((min(2 * longest, n_rows) + 1, 2), np.int64)
    touched_nodes = np.empty(min(longest, n_nodes + 1) + 1, np.int64)
    p = 0
    several = False
    for a in range(actor_offsets.size - 1):
        several |= actor_offsets[a + 1] - actor_offsets[a] > 1
    for a in range(actor_offsets.size - 1):
        n_touched = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            first, last = begin[c], end[c]
            if first == last:
                continue
            f = np.int64(n_nodes)
            came, went = np.int64(0), np.int64(0)
            for i in range(first, last + 1):
                inside = i < last
                t = np.int64(node[i]) if inside else np.int64(n_nodes - 3 - outcome[c])
                e = np.int64(rows[p]) if looked_up else f * wide + t
                p += 1
                one = FOLLOWED + 1
                if i > first:
                    if went >= horizon:
                        one = np.int64(1)
                    if inside:
                        gap = enter[i] - went
                        edges[e, N_TIED] += gap == 0
                        edges[e, N_RETURNS] += (t != f) & (node_case[t] == c)
                        if went < horizon and gap <= patience:
                            spent = gap if meaning == WAIT else (gap if meaning == STAY else 0) + went - came
                            edges[e, TIME_MS] += (spent + 500) // 1000
                        elif went < horizon:  # silence first, a move only later
                            one = np.int64(1)
                            d = np.int64(drop_rows[f])
                            touched[n_touched, 0] = d
                            touched[n_touched, 1] = f
                            n_touched += mine[d] == 0
                            mine[d] += FOLLOWED
                            nodes[f, NODE_LATE] += 1
                            if meaning == DWELL:
                                edges[d, TIME_MS] += (went - came + 500) // 1000
                    elif outcome[c] == OPEN:
                        one = np.int64(1)
                    elif went < horizon and meaning == DWELL:
                        edges[e, TIME_MS] += (went - came + 500) // 1000
                # no branches on what is new: the counter moves on or it does not
                touched[n_touched, 0] = e
                touched[n_touched, 1] = f
                n_touched += mine[e] == 0
                mine[e] += one
                if several:
                    n_cases[e] += edge_case[e] != c
                    edge_case[e] = c
                    nodes[f, NODE_CASES] += node_case[f] != c
                node_case[f] = c
                f = t
                if inside:
                    came, went = enter[i], leave[i]
        _add_actor(edges, nodes, mine, node_mine, touched, n_touched, touched_nodes)
    if not several:
        n_cases[:] = edges[:, N_ACTORS]
        nodes[:, NODE_CASES] = nodes[:, NODE_ACTORS]
    return edges, n_cases, nodes


@njit(cache=True, nogil=True)
def _add_actor(
    edges: Grid, nodes: Grid, mine: Ints, node_mine: Ints, touched: Grid, n_touched: int, touched_nodes: Ints
) -> None:
    """Add one actor's counts and their squares to the grids, and set the actor's counts back to zero."""
    n_nodes_touched = 0
    for k in range(n_touched):
        f = touched[k, 1]
        touched_nodes[n_nodes_touched] = f
        n_nodes_touched += node_mine[f] == 0
        node_mine[f] += mine[touched[k, 0]]
    for k in range(n_touched):
        e = touched[k, 0]
        x = mine[e] >> 32
        edges[e, N] += mine[e] & LOW
        edges[e, N_ACTORS] += (mine[e] & LOW) > 0
        edges[e, N_FOLLOWED] += x
        edges[e, KK] += x * x
        edges[e, KN] += x * (node_mine[touched[k, 1]] >> 32)
        mine[e] = 0
    for k in range(n_nodes_touched):
        f = touched_nodes[k]
        x = node_mine[f] >> 32
        nodes[f, NODE_N] += node_mine[f] & LOW
        nodes[f, NODE_ACTORS] += 1
        nodes[f, NODE_FOLLOWED] += x
        nodes[f, NODE_FOLLOWED_ACTORS] += x > 0
        nodes[f, NN] += x * x
        node_mine[f] = 0
