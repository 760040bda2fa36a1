"""Kernels for duration bins: exponent plus 7 mantissa bits, taken from the integer milliseconds.

A duration below 256 ms has a bin of its own; above, a bin is 1/128 of its power of two wide, so its middle is
at most 1/256 away from any duration in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Key of a bin: ``row << BIN_BITS | bin``.
BIN_BITS = 13

__all__ = ["BIN_BITS", "bin_edges_ms", "bin_of_ms", "count_bins", "edge_bins", "edge_bins_keys"]


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
def edge_bins(
    node: Codes,
    time_from: Ints,
    time_to: Ints,
    shift: int,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    n_rows: int,
) -> Any:
    """Return the counts of (edge row, bin) of all transitions that have a duration."""
    wide = n_nodes + 3
    block = np.full((n_rows, 48), -1, np.int32)
    counts = np.zeros(128 * 64, np.int32)
    n_blocks = 0
    for c in range(begin.size):
        for i in range(begin[c], end[c] - shift):
            t = node[i + 1] if i + 1 < end[c] else n_nodes - 3 - outcome[c]
            row = np.int64(node[i]) * wide + t
            b = bin_of_ms((time_to[i + shift] - time_from[i] + 500) // 1000)
            k = block[row, b >> 7]
            if k < 0:
                if n_blocks * 128 == counts.size:
                    wider = np.zeros(2 * counts.size, np.int32)
                    wider[: counts.size] = counts
                    counts = wider
                k = n_blocks
                block[row, b >> 7] = k
                n_blocks += 1
            counts[k * 128 + (b & 127)] += 1
    return _unfold(counts, block)


@njit(cache=True, nogil=True)
def edge_bins_keys(time_from: Ints, time_to: Ints, shift: int, begin: Ints, end: Ints, rows: Codes) -> Ints:
    """Return the key ``row << 13 | bin`` of every transition that has a duration, rows given in walking order."""
    out = np.empty(rows.size, np.int64)
    n = 0
    p = 0
    for c in range(begin.size):
        if begin[c] == end[c]:
            continue
        p += 1  # the edge from the start has no duration
        for i in range(begin[c], end[c]):
            if i < end[c] - shift:
                b = bin_of_ms((time_to[i + shift] - time_from[i] + 500) // 1000)
                out[n] = (np.int64(rows[p]) << 13) | b
                n += 1
            p += 1
    return out[:n].copy()


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
