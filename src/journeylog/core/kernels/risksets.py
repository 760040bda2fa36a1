"""Kernel that counts, at every place journeys stand at, who meets what next, who has met it, and who reaches the goal."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

#: Two counts share 64 bits: stands in the low half, those of them that reach the goal in the high half.
HALF = 32
GOAL = np.int64(1) << HALF

__all__ = ["HALF", "count_risk_sets"]


#: So many cases are read at once, and of each so many events; later ones follow by themselves.
_AT_ONCE, _SOME = 128, 64


@njit(cache=True, nogil=True)
def _read(cases: Ints, begin: Ints, end: Ints, node: Codes, place: Codes, time: Ints, goal: Mask) -> Any:
    """Read the events of some cases; what is returned says nothing."""
    out = np.int64(0)
    for c in cases:
        for i in range(begin[c], min(end[c], begin[c] + _SOME), 8):
            out ^= np.int64(node[i]) ^ np.int64(place[i]) ^ time[i] ^ np.int64(goal[i])
    return out


@njit(cache=True, nogil=True)
def count_risk_sets(
    node: Codes,
    place: Codes,
    time: Ints,
    goal: Mask,
    merge: bool,
    begin: Ints,
    end: Ints,
    cases: Ints,
    layer: Codes,
    n_nodes: int,
    n_places: int,
    position_band: Codes,
    elapsed_bounds: Ints,
    within: int,
    last_start: int,
    did: Ints,
    met: Ints,
    stood: Ints,
    went: Ints,
    gone: Ints,
    stood_at: Ints,
) -> Any:
    """Count the cases of one group of actors into six grids, and return what was looked at and what was not.

    A case is walked from visit to visit until its goal. Each visit is a *stand*: the case is known to be under way,
    at a position, after a time, and stands at a place. A visit of a node that the case has not met before is counted
    in `did`, at the place where it stood before; every stand is counted in `stood`, at its own place, and in `met`
    for each node met by then: the stands at risk of a node are ``stood - met``. Moves from node to node are
    counted likewise in `went`, `gone` and `stood_at`.

    Parameters
    ----------
    node, place, goal
        By event: node (below 0: no visit), place (below 0: the one before), whether it is the goal.
    merge : bool
        Whether neighbouring events of one node are one visit.
    begin, end
        By case, over events.
    cases : ndarray of int64
        The cases to walk.
    layer : ndarray of int32
        By case: which combination of attributes it belongs to.
    position_band : ndarray of int32
        Band of each position; a case is not looked at beyond its length.
    elapsed_bounds : ndarray of int64
        Upper bounds (included) of the bands of time since the case's first event.
    within, last_start : int
        The goal counts when it comes within so many microseconds; stands later than `last_start` are not followed
        that long and not looked at.
    did, met, stood : ndarray of int64
        Written: rows ``((layer, band) * (n_places + 2) + place) * n_nodes + node`` (`stood` without the node), where
        place ``n_places`` is the start of a case and ``n_places + 1`` no place yet.
    went, gone, stood_at : ndarray of int64
        Written: rows ``(layer, band) * (n_nodes + 1) + from``, for the first two times ``n_nodes``, plus the node gone
        to. `from` is ``n_nodes`` at the start. Empty when moves are not asked for; `stood_at` also when it is `stood`.
    """
    n_bands = (1 + position_band[-1]) * (elapsed_bounds.size + 1)
    width, deep = n_places + 2, position_band.size
    moves = went.size > 0
    met_by = np.full(n_nodes, -1, np.int64)  # the last case that met the node
    list_met = np.empty(
        min(n_nodes, deep), np.uint64
    )  # where the rows of the nodes met begin; unsigned: never from the end
    gone_by = np.full((n_nodes + 1) * n_nodes if moves else 0, -1, np.int64)
    latest = np.full(n_nodes, -1, np.int64)  # by node the last move from it: a list through `before`
    before, target = np.empty(deep, np.int64), np.empty(deep, np.uint64)
    total = np.zeros(4, np.int64)  # cases, reached, visits looked at, visits not followed or too late
    fetched = np.zeros(1, np.int64)
    for r in range(cases.size):
        if (
            r % _AT_ONCE == 0
        ):  # cases of a group lie apart: they are read first, to wait for memory side by side
            fetched[0] = _read(cases[r : r + _AT_ONCE], begin, end, node, place, time, goal)
        c = cases[r]
        first, last = begin[c], end[c]
        if first == last:
            continue
        stop = first
        while stop < last and not goal[stop]:
            stop += 1
        hit = stop < last
        total[0] += 1
        total[1] += hit
        k, n_met, n_gone = 0, 0, 0
        here, spot, late = np.int64(n_nodes), np.int64(n_places), np.int64(0)
        for i in range(first, stop):
            v = np.int64(node[i])
            if v < 0 or (merge and v == here):
                continue
            if k == deep or time[i] > last_start:
                total[3] += 1
                here = v
                continue
            one = np.int64(1)
            if hit and time[stop] - time[i] <= within:
                one += GOAL
            while late < elapsed_bounds.size and time[i] - time[first] > elapsed_bounds[late]:
                late += 1
            stratum = layer[c] * n_bands + position_band[k] * (elapsed_bounds.size + 1) + late
            if met_by[np.uint64(v)] != c:
                met_by[np.uint64(v)] = c
                list_met[n_met] = v
                n_met += 1
                did[np.uint64((stratum * width + spot) * n_nodes + v)] += one
            if k == 0:
                stood[stratum * width + spot] += one
                met[(stratum * width + spot) * n_nodes + v] += one
            came = spot
            spot = (
                np.int64(place[i])
                if place[i] >= 0
                else (came if came != n_places else np.int64(n_places + 1))
            )
            row = stratum * width + spot
            stood[np.uint64(row)] += one
            at = np.uint64(row * n_nodes)
            for j in range(n_met):
                met[list_met[j] + at] += one
            if moves:
                edge = here * n_nodes + v
                row = stratum * (n_nodes + 1)
                if gone_by[np.uint64(edge)] != c:
                    gone_by[np.uint64(edge)] = c
                    went[np.uint64((row + here) * n_nodes + v)] += one
                    if here < n_nodes:
                        before[n_gone], target[n_gone] = latest[here], v
                        latest[here] = n_gone
                        n_gone += 1
                if k == 0:
                    gone[(row + here) * n_nodes + v] += one
                if stood_at.size > 0:
                    stood_at[row + v] += one
                    if k == 0:
                        stood_at[row + here] += one
                j = latest[np.uint64(v)]
                at = np.uint64((row + v) * n_nodes)
                while j >= 0:
                    gone[at + target[j]] += one
                    j = before[np.uint64(j)]
            here = v
            k += 1
            total[2] += 1
        if moves:
            for j in range(n_met):
                latest[list_met[j]] = -1
    return total
