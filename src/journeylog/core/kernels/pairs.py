"""Kernels behind the comparison of two groups that may share actors: trials, and their moments by actor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import BIN_BITS, bin_of_ms
from journeylog.core.schema import OPEN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Groups = npt.NDArray[np.int8]

#: Columns of the sums of a row and of a base, see :func:`pair_moments`.
ROW_COLUMNS, BASE_COLUMNS = 9, 7

__all__ = ["count_moves", "list_moves", "move_times", "pair_moments", "sign_products"]


@njit(cache=True, nogil=True, inline="always")
def _moves_of_actor(
    node: Codes, enter: Ints, leave: Ints, begin: Ints, end: Ints, outcome: Codes, first_case: int, last_case: int,
    n_nodes: int, watched: tuple[int, int] | None, bounds: Ints | None, group_of_case: Groups | None,
    between: bool, start: Codes, to: Codes, group: Groups, spent: Ints, seen: Ints, p: int,
) -> int:  # fmt: skip
    """Write the followed moves of an actor's cases from place `p` on, and return the place behind them.

    With `between` only moves from one visit to another are written, with their wait and their stay in `spent`. `seen`
    counts for each group the visits left, and those of them that are too young to be followed.
    """
    for c in range(first_case, last_case):
        if begin[c] == end[c]:
            continue
        for i in range(begin[c] - 1, end[c]):
            first, last = i < begin[c], i + 1 == end[c]
            went = enter[i + 1] if first else leave[i]
            if bounds is not None:
                g = 0 if bounds[0] <= went < bounds[1] else 1 if bounds[2] <= went < bounds[3] else -1
            else:
                g = -1 if group_of_case is None else int(group_of_case[c])
            if g < 0:
                continue
            young = not first and watched is not None and went >= watched[0]
            seen[g, 0] += not first
            seen[g, 1] += young
            if young or (last and outcome[c] == OPEN):
                continue
            t = np.int64(n_nodes - 3 - outcome[c] if last else node[i + 1])
            if not first and not last and watched is not None and enter[i + 1] - went > watched[1]:
                t = np.int64(n_nodes + 1)
            if between:
                if first or t >= n_nodes:
                    continue
                spent[0, p], spent[1, p] = enter[i + 1] - went, enter[i + 1] - enter[i]
            start[p] = n_nodes if first else node[i]
            to[p], group[p] = t, g
            p += 1
    return p


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
    """Return the followed moves of both groups: from, to, group, where each actor's begin; and the visits.

    A move is followed, and goes where, as in :func:`journeylog.core.kernels.edges.count_edges`. Its group is that
    of its case, or (`bounds`: begin and end of both) the period in which its visit was left; the move from the start
    belongs to the moment at which the first visit is entered. The visits are those left in each group, and those of them
    that are too young to be followed.
    """
    most = node.size + begin.size
    start, to = np.empty(most, np.int32), np.empty(most, np.int32)
    group, spent = np.empty(most, np.int8), np.empty((2, 0), np.int64)
    offsets, seen = np.zeros(actor_offsets.size, np.int64), np.zeros((2, 2), np.int64)
    p = 0
    for a in range(actor_offsets.size - 1):
        p = _moves_of_actor(
            node, enter, leave, begin, end, outcome, actor_offsets[a], actor_offsets[a + 1], n_nodes, watched, bounds,
            group_of_case, False, start, to, group, spent, seen, p,
        )  # fmt: skip
        offsets[a + 1] = p
    return start[:p], to[:p], group[:p], offsets, seen


@njit(cache=True, nogil=True)
def move_times(
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
    longest: int,
    last: Any,
    out: Any,
) -> Ints:
    """Write how long the moves from one visit to another took into `out`, and return the visits of :func:`list_moves`.

    The first row of `out` takes ``(2 * to + group) << BIN_BITS | bin`` of the waits, a second one, if there is one, the
    same of the stays; those from node f go from ``last[row, f]`` on, which moves on to where they end. The first of an
    actor from a node is written as its complement. `longest` is an upper bound of the moves of an actor.
    """
    start, to = np.empty(longest, np.int32), np.empty(longest, np.int32)
    group, spent = np.empty(longest, np.int8), np.empty((2, longest), np.int64)
    seen, met = np.zeros((2, 2), np.int64), np.full(n_nodes, -1, np.int64)
    for a in range(actor_offsets.size - 1):
        n = _moves_of_actor(
            node, enter, leave, begin, end, outcome, actor_offsets[a], actor_offsets[a + 1], n_nodes, watched, bounds,
            group_of_case, True, start, to, group, spent, seen, 0,
        )  # fmt: skip
        for i in range(n):
            f, t = start[i], 2 * np.int64(to[i]) + group[i]
            for k in range(len(out)):
                key = (t << BIN_BITS) | bin_of_ms((spent[k, i] + 500) // 1000)
                out[k, last[k, f]] = key if met[f] == a else ~key
                last[k, f] += 1
            met[f] = a
    return seen


@njit(cache=True, nogil=True)
def sign_products(
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
    longest: int,
    chosen: npt.NDArray[np.bool_],
    keys: Ints,
    row_of_key: Ints,
    row_of_node: Ints,
    middle: Ints,
) -> Ints:
    """Return by row the sums over chosen actors of the products of what they have above the middle less below it.

    Parameters
    ----------
    keys, row_of_key : ndarray of int64
        The moves that have a row, as ``from * V + to`` in ascending order, and these rows: of their waits. Without any
        keys there is a row for each possible move, -1 for none.
    row_of_node : ndarray of int64, shape (V,)
        The row of each node's stays, -1 for none.
    middle : ndarray of int64, shape (n_rows, 2)
        The bin that holds the median of each group.

    Returns
    -------
    ndarray of int64, shape (n_rows, 15)
        With n values of an actor in a group, k of them above less below, the sums of ``k, k^2, k n, n, n^2`` of either
        group, of ``k_a k_b, k_a n_b, n_a k_b, n_a n_b``, and how many actors have values in both.
    """
    start, to = np.empty(longest, np.int32), np.empty(longest, np.int32)
    group, spent = np.empty(longest, np.int8), np.empty((2, longest), np.int64)
    seen, rows = np.zeros((2, 2), np.int64), np.empty(2, np.int64)
    mine, touched = np.zeros((len(middle), 4), np.int64), np.empty(2 * longest + 1, np.int64)
    out = np.zeros((len(middle), 15), np.int64)
    for a in range(actor_offsets.size - 1):
        if not chosen[a]:
            continue
        n = _moves_of_actor(
            node, enter, leave, begin, end, outcome, actor_offsets[a], actor_offsets[a + 1], n_nodes, watched, bounds,
            group_of_case, True, start, to, group, spent, seen, 0,
        )  # fmt: skip
        n_touched = 0
        for i in range(n):
            key, g = np.int64(start[i]) * n_nodes + to[i], group[i]
            rows[0] = row_of_key[key] if keys.size == 0 else _found(key, keys, row_of_key)
            rows[1] = row_of_node[start[i]]
            for k in range(2):
                r = rows[k]
                if r < 0:
                    continue
                b = bin_of_ms((spent[k, i] + 500) // 1000)
                touched[n_touched] = r
                n_touched += mine[r, 1] + mine[r, 3] == 0
                mine[r, 2 * g] += np.int64(b > middle[r, g]) - np.int64(b < middle[r, g])
                mine[r, 2 * g + 1] += 1
        for i in range(n_touched):
            r = touched[i]
            for g in range(2):
                k_g, n_g = mine[r, 2 * g], mine[r, 2 * g + 1]
                out[r, 5 * g] += k_g
                out[r, 5 * g + 1] += k_g * k_g
                out[r, 5 * g + 2] += k_g * n_g
                out[r, 5 * g + 3] += n_g
                out[r, 5 * g + 4] += n_g * n_g
            k_a, n_a, k_b, n_b = mine[r, 0], mine[r, 1], mine[r, 2], mine[r, 3]
            out[r, 10] += k_a * k_b
            out[r, 11] += k_a * n_b
            out[r, 12] += n_a * k_b
            out[r, 13] += n_a * n_b
            out[r, 14] += n_a > 0 and n_b > 0
            mine[r, :] = 0
    return out


@njit(cache=True, nogil=True)
def _found(key: int, keys: Ints, rows: Ints) -> Any:
    spot = np.searchsorted(keys, key)
    return rows[spot] if spot < keys.size and keys[spot] == key else np.int64(-1)


@njit(cache=True, nogil=True)
def count_moves(
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
    by_end: bool,
    longest: int,
) -> Any:
    """Return the moments of moves, without a list of them: rows of moves, or of how a visit went on; bases; visits.

    The row of a move is ``from * (V + 3) + to``; `by_end` it is ``from * 3`` plus 0 for going on, 1 for reached and 2
    for dropped. A base is the node that is left, the start the last one.
    """
    wide = 3 if by_end else n_nodes + 3
    rows = np.zeros(((n_nodes + 1) * wide, ROW_COLUMNS), np.int64)
    bases = np.zeros((n_nodes + 1, BASE_COLUMNS), np.int64)
    mine, all_mine = np.zeros((len(rows), 2), np.int64), np.zeros((n_nodes + 1, 2), np.int64)
    start, to = np.empty(longest, np.int32), np.empty(longest, np.int32)
    group, row, seen = np.empty(longest, np.int8), np.empty(longest, np.int64), np.zeros((2, 2), np.int64)
    spent = np.empty((2, 0), np.int64)
    for a in range(actor_offsets.size - 1):
        n = _moves_of_actor(
            node, enter, leave, begin, end, outcome, actor_offsets[a], actor_offsets[a + 1], n_nodes, watched, bounds,
            group_of_case, False, start, to, group, spent, seen, 0,
        )  # fmt: skip
        for i in range(n):
            t = np.int64(to[i])
            if by_end:
                t = np.int64(0) if t < n_nodes else t - n_nodes + 1
            row[i] = np.int64(start[i]) * wide + t
        _add_moments(start, row, group, 0, n, rows, bases, mine, all_mine)
    return rows, bases, seen


@njit(cache=True, nogil=True)
def pair_moments(offsets: Ints, base: Codes, row: Codes, group: Groups, n_rows: int, n_bases: int) -> Any:
    """Return the second moments over actors of trials in two groups.

    A trial is one of its base, and a success of its row (-1: of none); a row has one base. With k successes and n
    trials of an actor in the groups a and b, a row has the sums of ``k_a, k_a^2, k_a n_a, k_b, k_b^2, k_b n_b,
    k_a k_b, k_a n_b, n_a k_b``; a base those of ``n_a, n_a^2, actors, n_b, n_b^2, actors, n_a n_b``.
    """
    rows, bases = np.zeros((n_rows, ROW_COLUMNS), np.int64), np.zeros((n_bases, BASE_COLUMNS), np.int64)
    mine, all_mine = np.zeros((n_rows, 2), np.int64), np.zeros((n_bases, 2), np.int64)
    for a in range(offsets.size - 1):
        _add_moments(base, row, group, offsets[a], offsets[a + 1], rows, bases, mine, all_mine)
    return rows, bases


@njit(cache=True, nogil=True, inline="always")
def _add_moments(
    base: Any,
    row: Any,
    group: Groups,
    begin: int,
    end: int,
    rows: Ints,
    bases: Ints,
    mine: Ints,
    all_mine: Ints,
) -> None:
    """Add the moments of one actor's trials, and set the actor's counts back to zero."""
    for i in range(begin, end):
        all_mine[base[i], group[i]] += 1
        if row[i] >= 0:
            mine[row[i], group[i]] += 1
    for i in range(begin, end):
        r = row[i]
        if r < 0 or mine[r, 0] + mine[r, 1] == 0:
            continue
        n_a, n_b, k_a, k_b = all_mine[base[i], 0], all_mine[base[i], 1], mine[r, 0], mine[r, 1]
        if k_a > 0:
            rows[r, 0] += k_a
            rows[r, 1] += k_a * k_a
            rows[r, 2] += k_a * n_a
            rows[r, 7] += k_a * n_b
        if k_b > 0:
            rows[r, 3] += k_b
            rows[r, 4] += k_b * k_b
            rows[r, 5] += k_b * n_b
            rows[r, 6] += k_a * k_b
            rows[r, 8] += n_a * k_b
        mine[r, 0] = 0
        mine[r, 1] = 0
    for i in range(begin, end):
        b = base[i]
        n_a, n_b = all_mine[b, 0], all_mine[b, 1]
        if n_a + n_b == 0:
            continue
        bases[b, 0] += n_a
        bases[b, 1] += n_a * n_a
        bases[b, 2] += n_a > 0
        bases[b, 3] += n_b
        bases[b, 4] += n_b * n_b
        bases[b, 5] += n_b > 0
        bases[b, 6] += n_a * n_b
        all_mine[b, 0] = 0
        all_mine[b, 1] = 0
