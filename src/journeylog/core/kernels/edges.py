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
N, N_CASES, N_ACTORS, N_TIED, N_FOLLOWED, KK, KN, TIME_MS = range(8)
NODE_N, NODE_CASES, NODE_ACTORS, NODE_FOLLOWED, NODE_FOLLOWED_ACTORS, NN, NODE_LOOPS, NODE_RETURNS = range(8)

__all__ = ["count_edges", "edge_keys"]


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
def count_edges(
    node: Codes,
    enter: Ints,
    leave: Ints,
    time_from: Ints,
    time_to: Ints,
    shift: int,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    horizon: int,
    rows: Codes,
    n_rows: int,
    longest: int,
) -> Any:
    """Return the edge grid and the node grid.

    A visit is *followed* when it was left before `horizon` (so that it was watched for the whole patience) and
    its case did not stay open right there: only these visits can tell a share without bias. Second moments are
    taken over the followed visits of each actor.
    """
    wide = n_nodes + 3
    looked_up = rows.size > 0
    edges = np.zeros((n_rows, 8), np.int64)
    nodes = np.zeros((n_nodes + 1, 8), np.int64)
    mark = np.full(n_rows, -1, np.int64)
    node_mark = np.full(n_nodes + 1, -1, np.int64)
    mine = np.zeros((n_rows, 2), np.int32)
    node_mine = np.zeros((n_nodes + 1, 2), np.int32)
    touched = np.empty(min(longest, n_rows), np.int64)
    touched_from = np.empty(min(longest, n_rows), np.int32)
    touched_nodes = np.empty(min(longest, n_nodes + 1), np.int32)
    p = 0
    for a in range(actor_offsets.size - 1):
        n_touched = 0
        n_nodes_touched = 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            first, last = begin[c], end[c]
            if first == last:
                continue
            f = n_nodes
            for i in range(first, last + 1):
                t = node[i] if i < last else n_nodes - 3 - outcome[c]
                e = np.int64(rows[p]) if looked_up else np.int64(f) * wide + t
                p += 1
                # --- the node it leaves
                if node_mine[f, 0] == 0:
                    touched_nodes[n_nodes_touched] = f
                    n_nodes_touched += 1
                node_mine[f, 0] += 1
                followed = True
                if i > first:
                    if i < last:
                        followed = leave[i - 1] < horizon
                        edges[e, 3] += enter[i] == leave[i - 1]
                        nodes[f, 6] += t == f
                        nodes[t, 7] += (t != f) & (node_mark[t] == c)
                    else:
                        followed = (outcome[c] != OPEN) & (leave[i - 1] < horizon)
                    if i < last or shift == 0:
                        edges[e, 7] += (time_to[i - 1 + shift] - time_from[i - 1] + 500) // 1000
                # --- the edge
                if mine[e, 0] == 0:
                    touched[n_touched] = e
                    touched_from[n_touched] = f
                    n_touched += 1
                mine[e, 0] += 1
                if followed:
                    mine[e, 1] += 1
                    node_mine[f, 1] += 1
                if mark[e] != c:
                    mark[e] = c
                    edges[e, 1] += 1
                if node_mark[f] != c:
                    node_mark[f] = c
                    nodes[f, 1] += 1
                f = t
        for k in range(n_touched):
            e = touched[k]
            x = np.int64(mine[e, 1])
            edges[e, 0] += mine[e, 0]
            edges[e, 2] += 1
            edges[e, 4] += x
            edges[e, 5] += x * x
            edges[e, 6] += x * np.int64(node_mine[touched_from[k], 1])
            mine[e, 0] = 0
            mine[e, 1] = 0
        for k in range(n_nodes_touched):
            f = touched_nodes[k]
            x = np.int64(node_mine[f, 1])
            nodes[f, 0] += node_mine[f, 0]
            nodes[f, 2] += 1
            nodes[f, 3] += x
            nodes[f, 4] += x > 0
            nodes[f, 5] += x * x
            node_mine[f, 0] = 0
            node_mine[f, 1] = 0
    return edges, nodes
