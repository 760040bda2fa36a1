"""Kernels that walk into JSON values: members of objects, elements of arrays, lists of key-value pairs.

A value is a span of bytes and its kind, as in :mod:`journeylog.core.kernels.json_lines`; a text has its span inside
the quotes. What is no JSON has no members.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.borrowed import borrowed
from journeylog.core.kernels.json_lines import (
    ABSENT,
    DEEPEST,
    ESCAPED,
    GOOD,
    NESTED,
    PLAIN,
    REPEATED_KEY,
    end_of_value,
    skip_space,
)
from journeylog.core.kernels.json_objects import scan_object
from journeylog.core.kernels.json_pairs import first_element, next_element, pairs_of_value
from journeylog.core.kernels.words import same

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = ["count_elements", "scan_elements", "scan_members", "scan_pairs"]

_OPEN_OBJECT = 123
_LONGEST = 2**31 - 1


@njit(cache=True, nogil=True)
def scan_members(
    buf: Bytes,
    spans: Spots,
    kinds: Bytes,
    keys: Bytes,
    key_offsets: Ints,
    found: Spots,
    found_kinds: Bytes,
    twice: Bytes,
    memory: Spots,
    texts: Bytes,
    bounds: Ints,
) -> None:
    """Find members of objects by their keys.

    Parameters
    ----------
    buf, spans, kinds : bytes, (rows, 2) and (rows,)
    keys, key_offsets : the keys as written
    found, found_kinds : out, (keys, rows, 2) and (keys, rows), zeros at first
    twice : out, 1 where a wanted key stands twice in one object
    memory, texts, bounds : a plan for these keys, without lists of pairs
    """
    buf, spans, kinds = borrowed(buf), borrowed(spans), borrowed(kinds)
    keys, key_offsets, twice = borrowed(keys), borrowed(key_offsets), borrowed(twice)
    found, found_kinds = borrowed(found), borrowed(found_kinds)
    memory, texts, bounds = borrowed(memory), borrowed(texts), borrowed(bounds)
    stack = np.zeros(DEEPEST, np.uint8)
    column = np.arange(key_offsets.size - 1)
    last = -1  # the last row that was read: one with the same bytes holds the same
    for row in range(kinds.size):
        if kinds[row] != NESTED and kinds[row] != PLAIN:
            continue
        start, end = spans[row, 0], spans[row, 1]
        alike = last >= 0 and end - start == spans[last, 1] - spans[last, 0] and kinds[row] == kinds[last]
        if alike and same(buf, spans[last, 0], start, end - start):
            for k in range(found_kinds.shape[0]):
                found[k, row, 0] = found[k, last, 0] + start - spans[last, 0]
                found[k, row, 1] = found[k, last, 1] + start - spans[last, 0]
                found_kinds[k, row] = found_kinds[k, last]
            twice[row] = twice[last]
            continue
        last = row
        at = skip_space(buf, start, end)
        if at < end and buf[at] == _OPEN_OBJECT:
            verdict, _, _ = scan_object(
                buf, at, end, keys, key_offsets, column, False, _LONGEST, found, found_kinds, row, stack,
                memory, texts, bounds,
            )  # fmt: skip
            if verdict == REPEATED_KEY:
                twice[row] = 1
            elif verdict != GOOD:
                found_kinds[:, row] = ABSENT


@njit(cache=True, nogil=True)
def count_elements(buf: Bytes, spans: Spots, kinds: Bytes, counts: Ints) -> Any:
    """Count the elements of arrays, 0 for what is none; return how many there are."""
    stack = np.zeros(DEEPEST, np.uint8)
    total = 0
    for row in range(kinds.size):
        n = 0
        if kinds[row] == NESTED or kinds[row] == PLAIN:
            end = spans[row, 1]
            at = first_element(buf, spans[row, 0], end)
            while at >= 0:
                stop, kind = end_of_value(buf, at, end, stack)
                if kind == ABSENT:
                    n = 0
                    break
                n += 1
                at = next_element(buf, stop, end)
        counts[row] = n
        total += n
    return total


@njit(cache=True, nogil=True)
def scan_elements(
    buf: Bytes, spans: Spots, counts: Ints, found: Spots, found_kinds: Bytes, parent: Ints
) -> None:
    """Find the elements that were counted, and the row each belongs to."""
    stack = np.zeros(DEEPEST, np.uint8)
    spot = 0
    for row in range(counts.size):
        at = 0
        for k in range(counts[row]):
            end = spans[row, 1]
            at = first_element(buf, spans[row, 0], end) if k == 0 else next_element(buf, at, end)
            start = at
            at, kind = end_of_value(buf, at, end, stack)
            quoted = 1 if kind in (PLAIN, ESCAPED) else 0
            found[spot, 0], found[spot, 1] = start + quoted, at - quoted
            found_kinds[spot] = kind
            parent[spot] = row
            spot += 1


@njit(cache=True, nogil=True)
def scan_pairs(buf: Bytes, spans: Spots, kinds: Bytes, memory: Spots, texts: Bytes, bounds: Ints) -> None:
    """Find the values of keys in lists of pairs; the outcome is in the plan, whose first list is meant."""
    stack = np.zeros(DEEPEST, np.uint8)
    for row in range(kinds.size):
        if kinds[row] == NESTED or kinds[row] == PLAIN:
            at = skip_space(buf, spans[row, 0], spans[row, 1])
            pairs_of_value(buf, at, spans[row, 1], 0, row, memory, texts, bounds, stack)
