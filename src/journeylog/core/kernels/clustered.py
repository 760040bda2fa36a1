"""Kernels that count bins together with what tells how alike the values of one actor are.

How sure a quantile is depends on how many independent values there are below it. With ``k_a`` values of actor a up to
some bin and ``n_a`` in all, that takes the sums of ``k_a ** 2`` and of ``k_a * n_a``, for a bin not known beforehand.
Both are running totals: the r-th smallest value of an actor adds ``2 r - 1`` to the first and ``n_a`` to the second.
So two more counts a bin, which add up over any partition, tell the exact sums at every bin.

To know the ranks, an actor's values have to be put in order. Cheaper is to look at neighbours only: the values of an actor
stand in a ring, in the order of time, and each pair of neighbours counts for ``n_a - 1`` of the ``n_a * (n_a - 1)`` pairs
there are. Both are up to a bin where the larger of them is. That is exact for up to three values of an actor, and right on
average for more, where neighbours are no more and no less alike than others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import BIN_BITS, give_cells, most_cells

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Up to so many values of an actor at a node are compared with each other; more are put in order.
_FEW = 32
_IN_BIN = (1 << BIN_BITS) - 1

__all__ = ["clustered_stretches", "group_ranks", "rings_of_nodes"]


@njit(cache=True, nogil=True)
def clustered_stretches(keys: Any, first: Ints, last: Ints, n_nodes: int) -> Ints:
    """Return rows of ``(from * (V + 3) + to) << BIN_BITS | bin``, values, and both second moments, sorted.

    As :func:`journeylog.core.kernels.bins.count_stretches`, of keys in which an actor's first value of each from-node
    is a complement; the order of `keys` is not kept.
    """
    longest = max(1, (last - first).max()) if first.size else 1
    row = np.zeros(n_nodes + 3, np.int32)  # of a to-node among those of this from-node, from 1
    tos = np.empty(n_nodes + 3, np.int64)
    block = np.zeros((min(n_nodes + 3, longest) + 1, 48), np.int32)  # from 1
    counts, more = np.zeros(128 * 64, np.int32), np.zeros((128 * 64, 2), np.int64)
    cells = np.empty(longest, np.int32)
    found = np.empty((4, most_cells(keys.size, n_nodes * (n_nodes + 3))), np.int64)
    n = 0
    for f in range(first.size):
        mine = keys[first[f] : last[f]]
        n_tos, n_blocks = give_cells(mine, row, tos, block, cells)
        while n_blocks * 128 > counts.size:
            size = 2 * counts.size
            counts, more = np.zeros(size, np.int32), np.zeros((size, 2), np.int64)
        _count_actors(mine, cells, row, block, counts, more)
        for t in np.sort(tos[:n_tos]):
            key = (np.int64(f) * (n_nodes + 3) + t) << BIN_BITS
            n = _take_cells(counts, more, block[row[t]], key, found, n)
            row[t] = 0
    return found[:, :n]


@njit(cache=True, nogil=True)
def rings_of_nodes(keys: Any, first: Ints, last: Ints, n_nodes: int, n_groups: int) -> Any:
    """Return rows of ``(from * n_groups + group) << BIN_BITS | bin``, values, and both second moments, sorted; and ``nn``.

    As :func:`clustered_stretches`, of all values of an actor at a node, whatever they lead to; the first moment is told by
    neighbours. The keys are left as they are. There are one or two groups; of two, the last bit of ``to`` says which a
    value is of. The sum over actors of their squared number of values, ``nn``, has the shape (nodes, groups).
    """
    counts, more = (
        np.zeros((n_groups, 1 << BIN_BITS), np.int64),
        np.zeros((n_groups, 1 << BIN_BITS, 2), np.int64),
    )
    filled, n_filled = np.empty((n_groups, (1 << BIN_BITS) + 1), np.int64), np.zeros(n_groups, np.int64)
    found = np.empty((4, most_cells(keys.size, n_groups * n_nodes)), np.int64)
    squares = np.zeros((n_nodes, n_groups), np.int64)
    n = 0
    for f in range(n_nodes):
        mine = keys[first[f] : last[f]]
        n_filled[:] = 0
        i = 0
        while i < mine.size:
            j = i + 1
            while j < mine.size and mine[j] >= 0:
                j += 1
            if j == i + 1:  # alone
                key = np.int64(~mine[i])
                b, g = key & _IN_BIN, _group_of(key) if n_groups > 1 else np.int64(0)
                filled[g, n_filled[g]] = b
                n_filled[g] += counts[g, b] == 0
                counts[g, b] += 1
                squares[f, g] += 1
                i = j
                continue
            for g in range(n_groups):
                others = np.int64(j - i - 1)
                if n_groups > 1:
                    others = np.int64(-1)
                    for k in range(i, j):
                        others += _group_of(mine[k]) == g
                    if others < 0:
                        continue
                squares[f, g] += (others + 1) * (others + 1)
                opening = latest = np.int64(-1)
                for k in range(i, j):
                    if n_groups > 1 and _group_of(mine[k]) != g:
                        continue
                    b = np.int64(max(mine[k], ~mine[k])) & _IN_BIN
                    filled[g, n_filled[g]] = b
                    n_filled[g] += counts[g, b] == 0
                    counts[g, b] += 1
                    more[g, b, 1] += others
                    if opening < 0:
                        opening = b
                    else:
                        more[g, max(b, latest), 0] += others
                    latest = b
                more[g, max(opening, latest), 0] += others
            i = j
        for g in range(n_groups):
            for b in np.sort(filled[g, : n_filled[g]]):
                found[0, n] = ((f * n_groups + g) << BIN_BITS) | b
                found[1, n] = counts[g, b]
                found[2, n] = counts[g, b] + more[g, b, 0]
                found[3, n] = counts[g, b] + more[g, b, 1]
                counts[g, b] = more[g, b, 0] = more[g, b, 1] = 0
                n += 1
    return found[:, :n], squares


@njit(cache=True, nogil=True, inline="always")
def _group_of(key: int) -> int:
    return (max(key, ~key) >> BIN_BITS) & 1


@njit(cache=True, nogil=True)
def _count_actors(keys: Any, cells: Codes, row: Codes, block: Any, counts: Codes, more: Ints) -> None:
    """Count the cells of one from-node, and for an actor with several values there what its pairs add to the moments."""
    i = 0
    while i < keys.size:
        counts[cells[i]] += 1
        j = i + 1
        if j == keys.size or keys[j] < 0:
            i = j
            continue
        keys[i] = ~keys[i]
        while j < keys.size and keys[j] >= 0:
            counts[cells[j]] += 1
            j += 1
        if j - i > _FEW:
            _add_ranks(keys[i:j], row, block, more)
        else:
            _add_pairs(keys[i:j], cells[i:j], more)
        i = j


@njit(cache=True, nogil=True, inline="always")
def _add_pairs(keys: Any, cells: Codes, more: Ints) -> None:
    """Add what each pair of an actor's values that went one way adds to the moments."""
    for k in range(1, keys.size):
        for m in range(k):
            if (keys[k] ^ keys[m]) <= _IN_BIN:
                more[cells[k] if keys[k] > keys[m] else cells[m], 0] += 2
                more[cells[k], 1] += 1
                more[cells[m], 1] += 1


@njit(cache=True, nogil=True)
def _add_ranks(keys: Any, row: Codes, block: Any, more: Ints) -> None:
    """Put an actor's values in order, and add what those of ranks above 1 add to the moments."""
    keys.sort()
    i = 0
    while i < keys.size:
        t = keys[i] >> BIN_BITS
        stop = i + 1
        while stop < keys.size and keys[stop] >> BIN_BITS == t:
            stop += 1
        for k in range(i, stop):
            b = keys[k] & _IN_BIN
            cell = (block[row[t], b >> 7] - 1) * 128 + (b & 127)
            more[cell, 0] += 2 * (k - i)
            more[cell, 1] += stop - i - 1
        i = stop


@njit(cache=True, nogil=True)
def _take_cells(counts: Codes, more: Ints, blocks: Codes, key: int, found: Any, n: int) -> int:
    """Move the cells of some blocks that are not empty to `found`, and leave all as they were at first."""
    for e in range(blocks.size):
        k = blocks[e] - 1
        if k < 0:
            continue
        blocks[e] = 0
        for m in range(128):
            cell = k * 128 + m
            count = counts[cell]
            if count > 0:
                found[0, n] = key | (e << 7) | m
                found[1, n] = count
                found[2, n] = count + more[cell, 0]
                found[3, n] = count + more[cell, 1]
                counts[cell] = 0
                more[cell, 0] = 0
                more[cell, 1] = 0
                n += 1
    return n


@njit(cache=True, nogil=True)
def group_ranks(row: Ints, owner: Ints) -> Any:
    """Return by entry what it adds to both second moments; entries are in order of row, owner and value."""
    squares, products = np.empty(row.size, np.int64), np.empty(row.size, np.int64)
    i = 0
    while i < row.size:
        stop = i + 1
        while stop < row.size and row[stop] == row[i] and owner[stop] == owner[i]:
            stop += 1
        for k in range(i, stop):
            squares[k] = 2 * (k - i) + 1
            products[k] = stop - i
        i = stop
    return squares, products
