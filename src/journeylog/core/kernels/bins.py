"""Kernels for duration bins: exponent plus 7 mantissa bits, taken from the integer milliseconds.

A duration below 256 ms has a bin of its own; above, a bin is 1/128 of its power of two wide, so its middle is
at most 1/256 away from any duration in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.edges import DWELL, STAY
from journeylog.core.kernels.squares import N_WORDS, add_square
from journeylog.core.schema import OPEN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Key of a bin: ``row << BIN_BITS | bin``.
BIN_BITS = 13

__all__ = [
    "BIN_BITS",
    "bin_edges_ms",
    "bin_of_ms",
    "count_bins",
    "count_stretches",
    "dwell_bins",
    "edge_durations",
    "give_cells",
    "most_cells",
    "without_to",
]


@njit(cache=True, nogil=True, inline="always")
def bin_of_ms(ms: int) -> int:
    """Return the bin of a duration in milliseconds (negative durations go to bin 0)."""
    if ms < 0:
        return 0
    e = 0
    rest = ms >> 8
    while rest > 0:
        e += 1
        rest >>= 1
    return (e << 7) + (ms >> e)


def bin_edges_ms(bins: Ints) -> tuple[Ints, Ints]:
    """Return the smallest and the largest duration (milliseconds) of each bin."""
    bins = np.asarray(bins, dtype=np.int64)
    e = np.maximum((bins >> 7) - 1, 0)
    low = (bins - (e << 7)) << e
    return low, low + (np.int64(1) << e) - 1


@njit(cache=True, nogil=True)
def count_bins(rows: Codes, durations: Ints, n_rows: int) -> Any:
    """Return the counts of (row, bin) for durations in microseconds, as keys ``row << 13 | bin`` and counts."""
    block = np.full((n_rows, 48), -1, np.int32)
    counts = np.zeros(128 * 64, np.int32)
    n_blocks = 0
    for i in range(rows.size):
        if rows[i] < 0:
            continue
        b = bin_of_ms((durations[i] + 500) // 1000)
        k = block[rows[i], b >> 7]
        if k < 0:
            if n_blocks * 128 == counts.size:
                wider = np.zeros(2 * counts.size, np.int32)
                wider[: counts.size] = counts
                counts = wider
            k = n_blocks
            block[rows[i], b >> 7] = k
            n_blocks += 1
        counts[k * 128 + (b & 127)] += 1
    return _unfold(counts, block)


@njit(cache=True, nogil=True)
def edge_durations(
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
    baseline_ms: int | None,
    rows: Codes | None,
    drop_rows: Codes,
    n_rows: int,
    longest: int,
    whole: Ints | None,
    place: Ints,
    out: Any,
) -> Any:
    """Write ``to << BIN_BITS | bin`` of all followed transitions into `out`, those from node f from ``place[f]`` on.

    An actor's first transition from a node is written as its complement, so that actors can be told apart; `place`
    moves on to where each node's stretch ends. Returned is what each row has above a baseline in milliseconds, and
    the words of the second moments of each row's times over actors; those of each from-node's, whatever the transitions
    lead to, are added to `whole`, if there is one. Transitions are followed, and go where, as in
    :func:`journeylog.core.kernels.edges.count_edges`.
    """
    wide = n_nodes + 3
    excess, words = np.zeros(n_rows, np.int64), np.zeros((n_rows, N_WORDS), np.int64)
    mine = np.zeros((n_rows, 2), np.int64)  # one actor's transitions and their time
    touched = np.empty(min(longest, n_rows) + 1, np.int64)
    seen = np.full(n_nodes, -1, np.int64)
    ours, left = np.zeros((n_nodes, 2), np.int64), np.empty(n_nodes + 1, np.int64)  # the same by from-node
    p = 0
    for a in range(actor_offsets.size - 1):
        n, n_left = 0, 0
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            if begin[c] == end[c]:
                continue
            for i in range(begin[c], end[c]):
                p += 1  # the first of a case is the edge from the start, which has no duration
                last = i + 1 == end[c]
                if last:
                    p += 1
                    if meaning != DWELL or outcome[c] == OPEN:
                        continue
                if watched is not None and leave[i] >= watched[0]:
                    continue
                late = watched is not None and not last and enter[i + 1] - leave[i] > watched[1]
                if late and meaning != DWELL:
                    continue
                f = np.int64(node[i])
                if late:
                    t, row = np.int64(n_nodes + 1), np.int64(drop_rows[f])
                else:
                    t = np.int64(n_nodes - 3 - outcome[c] if last else node[i + 1])
                    row = f * wide + t if rows is None else np.int64(rows[p - 1 if last else p])
                if meaning == DWELL:
                    ms = (leave[i] - enter[i] + 500) // 1000
                else:
                    ms = (enter[i + 1] - (enter[i] if meaning == STAY else leave[i]) + 500) // 1000
                if baseline_ms is not None:
                    excess[row] += max(ms - baseline_ms, 0)
                touched[n] = row
                n += mine[row, 0] == 0
                mine[row, 0] += 1
                mine[row, 1] += ms
                key = (t << BIN_BITS) | bin_of_ms(ms)
                out[place[f]] = key if seen[f] == a else ~key
                if whole is not None:
                    left[n_left] = f
                    n_left += seen[f] != a
                    ours[f, 0] += 1
                    ours[f, 1] += ms
                seen[f] = a
                place[f] += 1
        if whole is not None:
            for k in range(n_left):
                f = left[k]
                add_square(whole, f, ours[f, 1], ours[f, 0])
                ours[f, 0] = 0
                ours[f, 1] = 0
        for k in range(n):
            row = touched[k]
            add_square(words, row, mine[row, 1], mine[row, 0])
            mine[row, 0] = 0
            mine[row, 1] = 0
    return excess, words


@njit(cache=True, nogil=True)
def dwell_bins(
    node: Codes,
    enter: Ints,
    leave: Ints,
    actor_offsets: Ints,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    watched: tuple[int, int] | None,
    place: Ints,
    out: Any,
) -> None:
    """Write the bins of how long followed visits lasted into `out`, as :func:`edge_durations`, wherever they led to."""
    seen = np.full(n_nodes, -1, np.int64)
    for a in range(actor_offsets.size - 1):
        for c in range(actor_offsets[a], actor_offsets[a + 1]):
            for i in range(begin[c], end[c]):
                if watched is not None and leave[i] >= watched[0]:
                    continue
                if i + 1 == end[c] and outcome[c] == OPEN:
                    continue
                f = np.int64(node[i])
                key = bin_of_ms((leave[i] - enter[i] + 500) // 1000)
                out[place[f]] = key if seen[f] == a else ~key
                seen[f] = a
                place[f] += 1


@njit(cache=True, nogil=True)
def count_stretches(keys: Any, first: Ints, last: Ints, n_nodes: int) -> Any:
    """Return ``(from * (V + 3) + to) << BIN_BITS | bin`` and its count, sorted.

    The keys of each from-node lie together in ``first[f]`` to ``last[f]``, so that its cells stay near the
    processor while they are counted. Cells come in blocks of 128; a to-node has the blocks it needs.
    """
    longest = max(1, (last - first).max()) if first.size else 1
    row = np.zeros(n_nodes + 3, np.int32)  # of a to-node among those of this from-node, from 1
    tos = np.empty(n_nodes + 3, np.int64)
    block = np.zeros((min(n_nodes + 3, longest) + 1, 48), np.int32)  # from 1
    counts, cells = np.zeros(128 * 64, np.int32), np.empty(longest, np.int32)
    found = np.empty((2, most_cells(keys.size, n_nodes * (n_nodes + 3))), np.int64)
    n = 0
    for f in range(first.size):
        mine = keys[first[f] : last[f]]
        n_tos, n_blocks = give_cells(mine, row, tos, block, cells)
        while n_blocks * 128 > counts.size:
            counts = np.zeros(2 * counts.size, np.int32)
        for i in range(mine.size):
            counts[cells[i]] += 1
        for t in np.sort(tos[:n_tos]):
            key = (np.int64(f) * (n_nodes + 3) + t) << BIN_BITS
            n = _take_cells(counts, block[row[t]], key, found, n)
            row[t] = 0
    return found[0, :n], found[1, :n]


@njit(cache=True, nogil=True, inline="always")
def most_cells(n_values: int, n_rows: int) -> int:
    """Return how much room the cells of some values may take; what is never written to costs nothing."""
    return min(n_values, n_rows << BIN_BITS)


@njit(cache=True, nogil=True)
def without_to(cells: Ints, counts: Ints, n_nodes: int) -> Any:
    """Return rows of ``from << BIN_BITS | bin`` and how many moves to another visit they hold, sorted.

    Parameters
    ----------
    cells, counts : rows of ``(from * (V + 3) + to) << BIN_BITS | bin`` and their counts, sorted
    """
    wide = n_nodes + 3
    added, filled = np.zeros(1 << BIN_BITS, np.int64), np.empty(1 << BIN_BITS, np.int64)
    found = np.empty((2, cells.size), np.int64)
    n, i = 0, 0
    while i < cells.size:
        f, n_filled = (cells[i] >> BIN_BITS) // wide, 0
        after = ((f + 1) * wide) << BIN_BITS
        while i < cells.size and cells[i] < after:
            if (cells[i] >> BIN_BITS) - f * wide < n_nodes:
                b = cells[i] & ((1 << BIN_BITS) - 1)
                filled[n_filled] = b
                n_filled += added[b] == 0
                added[b] += counts[i]
            i += 1
        for b in np.sort(filled[:n_filled]):
            found[0, n], found[1, n] = (f << BIN_BITS) | b, added[b]
            added[b] = 0
            n += 1
    return found[:, :n].copy()


@njit(cache=True, nogil=True)
def give_cells(keys: Any, row: Codes, tos: Ints, block: Any, cells: Codes) -> Any:
    """Write the cell of each key into `cells`; number the to-nodes and the blocks they need, and return how many of both.

    Blocks are numbered as they occur, so cells of one to-node are in no order.
    """
    n_tos, n_blocks = 0, 0
    for i in range(keys.size):
        key = max(keys[i], ~keys[i])  # an actor's first is a complement
        t, b = key >> BIN_BITS, key & ((1 << BIN_BITS) - 1)
        if row[t] == 0:
            tos[n_tos] = t
            n_tos += 1
            row[t] = n_tos
        k = np.int64(block[row[t], b >> 7])
        if k == 0:
            n_blocks += 1
            k = np.int64(n_blocks)
            block[row[t], b >> 7] = k
        cells[i] = (k - 1) * 128 + (b & 127)
    return n_tos, n_blocks


@njit(cache=True, nogil=True)
def _take_cells(counts: Codes, blocks: Codes, key: int, found: Any, n: int) -> int:
    """Move the cells of some blocks that are not empty to `found`, and leave all as they were at first."""
    for e in range(blocks.size):
        k = blocks[e] - 1
        if k < 0:
            continue
        blocks[e] = 0
        for m in range(128):
            count = counts[k * 128 + m]
            if count > 0:
                found[0, n] = key | (e << 7) | m
                found[1, n] = count
                counts[k * 128 + m] = 0
                n += 1
    return n


@njit(cache=True, nogil=True)
def _unfold(counts: Codes, block: Any) -> Any:
    """Return the cells that are not empty as sorted keys and counts."""
    n = 0
    for k in range(counts.size):
        n += counts[k] > 0
    keys = np.empty(n, np.int64)
    found = np.empty(n, np.int64)
    n = 0
    for row in range(block.shape[0]):
        for e in range(block.shape[1]):
            if block[row, e] < 0:
                continue
            for m in range(128):
                count = counts[block[row, e] * 128 + m]
                if count > 0:
                    keys[n] = (np.int64(row) << 13) | (e << 7) | m
                    found[n] = count
                    n += 1
    return keys, found
