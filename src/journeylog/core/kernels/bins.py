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
from journeylog.core.schema import OPEN

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
    enter: Ints,
    leave: Ints,
    meaning: int,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    horizon: int,
    patience: int,
    baseline_ms: int,
    rows: Codes,
    drop_rows: Codes,
    n_rows: int,
) -> Any:
    """Return the counts of (edge row, bin) of all followed transitions, and what each edge has above a baseline.

    Transitions are followed, and go to which edge, as in :func:`journeylog.core.kernels.edges.count_edges`.
    """
    wide = n_nodes + 3
    block = np.full((n_rows, 48), -1, np.int32)
    counts = np.zeros(128 * 64, np.int32)
    excess = np.zeros(n_rows, np.int64)
    n_blocks = 0
    for c in range(begin.size):
        for i in range(begin[c], end[c]):
            last = i + 1 == end[c]
            if leave[i] >= horizon or (last and (meaning != DWELL or outcome[c] == OPEN)):
                continue
            late = not last and enter[i + 1] - leave[i] > patience
            if late and meaning != DWELL:
                continue
            if late:
                row = np.int64(drop_rows[node[i]])
            else:
                t = n_nodes - 3 - outcome[c] if last else node[i + 1]
                row = np.int64(node[i]) * wide + t
            if meaning == DWELL:
                ms = (leave[i] - enter[i] + 500) // 1000
            else:
                ms = (enter[i + 1] - (enter[i] if meaning == STAY else leave[i]) + 500) // 1000
            excess[row] += max(ms - baseline_ms, 0)
            b = bin_of_ms(ms)
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
    keys, found = _unfold(counts, block)
    return keys, found, excess


@njit(cache=True, nogil=True)
def edge_bins_keys(
    node: Codes,
    enter: Ints,
    leave: Ints,
    meaning: int,
    begin: Ints,
    end: Ints,
    outcome: Codes,
    n_nodes: int,
    horizon: int,
    patience: int,
    baseline_ms: int,
    rows: Codes,
    drop_rows: Codes,
    n_rows: int,
) -> Any:
    """Return the key ``row << 13 | bin`` of every followed transition, and the excess; rows in walking order."""
    out = np.empty(rows.size, np.int64)
    excess = np.zeros(n_rows, np.int64)
    n = 0
    p = 0
    for c in range(begin.size):
        if begin[c] == end[c]:
            continue
        p += 1  # the edge from the start has no duration
        for i in range(begin[c], end[c]):
            row = np.int64(rows[p])
            p += 1
            last = i + 1 == end[c]
            if leave[i] >= horizon or (last and (meaning != DWELL or outcome[c] == OPEN)):
                continue
            late = not last and enter[i + 1] - leave[i] > patience
            if late and meaning != DWELL:
                continue
            if late:
                row = np.int64(drop_rows[node[i]])
            if meaning == DWELL:
                ms = (leave[i] - enter[i] + 500) // 1000
            else:
                ms = (enter[i + 1] - (enter[i] if meaning == STAY else leave[i]) + 500) // 1000
            excess[row] += max(ms - baseline_ms, 0)
            out[n] = (row << 13) | bin_of_ms(ms)
            n += 1
    return out[:n].copy(), excess


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
