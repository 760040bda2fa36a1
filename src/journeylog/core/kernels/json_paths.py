"""Kernels that walk into JSON values: members of objects, elements of arrays, lists of key-value pairs.

A value is a span of bytes and its kind, as in :mod:`journeylog.core.kernels.json_lines`; a text has its span inside
the quotes. What is no JSON has no members.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.json_lines import (
    ABSENT,
    DEEPEST,
    ESCAPED,
    GOOD,
    MISSING,
    NESTED,
    NUMBER,
    PLAIN,
    REPEATED_KEY,
    end_of_scalar,
    end_of_value,
    find_key,
    scan_object,
    skip_space,
)

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = ["count_elements", "scan_elements", "scan_members", "scan_pairs"]

_QUOTE, _COMMA, _COLON, _UNDERSCORE = 34, 44, 58, 95
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 123, 125, 91, 93
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
) -> None:
    """Find members of objects by their keys.

    Parameters
    ----------
    buf, spans, kinds : bytes, (rows, 2) and (rows,)
    keys, key_offsets : the keys as written
    found, found_kinds : out, (rows, keys, 2) and (rows, keys)
    twice : out, 1 where a wanted key stands twice in one object
    """
    stack = np.zeros(DEEPEST, np.uint8)
    column = np.arange(key_offsets.size - 1)
    for row in range(kinds.size):
        found_kinds[row, :] = ABSENT
        if kinds[row] == NESTED or kinds[row] == PLAIN:
            end = spans[row, 1]
            at = skip_space(buf, spans[row, 0], end)
            if at < end and buf[at] == _OPEN_OBJECT:
                verdict, _, _ = scan_object(
                    buf, at, end, keys, key_offsets, column, False, _LONGEST, found, found_kinds, row, stack
                )
                if verdict == REPEATED_KEY:
                    twice[row] = 1
                elif verdict != GOOD:
                    found_kinds[row, :] = ABSENT


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
def scan_pairs(
    buf: Bytes,
    spans: Spots,
    kinds: Bytes,
    name: Bytes,
    value: Bytes,
    keys: Bytes,
    key_offsets: Ints,
    found: Spots,
    found_kinds: Bytes,
) -> None:
    """Find the values of keys in lists of pairs ``[{name: key, value: ...}]``; the first pair of a key counts.

    A value that is an object of typed members (their names end with ``_value``) is the first that is not null.
    """
    stack = np.zeros(DEEPEST, np.uint8)
    names = np.concatenate((name, value))
    name_offsets = np.array([0, name.size, name.size + value.size])
    column = np.arange(2)
    spot, kind = np.zeros((1, 2, 2), np.int32), np.zeros((1, 2), np.uint8)
    for row in range(kinds.size):
        found_kinds[row, :] = ABSENT
        if kinds[row] != NESTED and kinds[row] != PLAIN:
            continue
        end = spans[row, 1]
        at = first_element(buf, spans[row, 0], end)
        while at >= 0 and at < end and buf[at] == _OPEN_OBJECT:
            stop = pair(buf, at, end, names, name_offsets, column, spot, kind, stack)
            if stop < 0:
                break
            if kind[0, 0] == PLAIN or kind[0, 0] == NUMBER:
                key = find_key(buf, spot[0, 0, 0], spot[0, 0, 1], keys, key_offsets)
                if key >= 0 and found_kinds[row, key] == ABSENT:
                    start, until, of = typed(buf, spot[0, 1, 0], spot[0, 1, 1], kind[0, 1], stack)
                    found[row, key, 0], found[row, key, 1] = start, until
                    found_kinds[row, key] = of
            at = next_element(buf, stop, end)


@njit(cache=True, nogil=True)
def pair(
    buf: Bytes,
    i: int,
    end: int,
    names: Bytes,
    offsets: Ints,
    column: Ints,
    spot: Spots,
    kind: Bytes,
    stack: Bytes,
) -> Any:
    """Read one object of a list for two of its members; return where it ends, -1 when it is none."""
    kind[0, :] = ABSENT
    i = skip_space(buf, i + 1, end)
    if i < end and buf[i] == _CLOSE_OBJECT:
        return i + 1
    while True:
        if i >= end or buf[i] != _QUOTE:
            return -1
        stop, of = end_of_value(buf, i, end, stack)
        if of == ABSENT:
            return -1
        key = find_key(buf, i + 1, stop - 1, names, offsets)
        i = skip_space(buf, stop, end)
        if i >= end or buf[i] != _COLON:
            return -1
        start = skip_space(buf, i + 1, end)
        i, of = end_of_value(buf, start, end, stack)
        if of == ABSENT:
            return -1
        if key >= 0:
            quoted = 1 if of in (PLAIN, ESCAPED) else 0
            spot[0, column[key], 0], spot[0, column[key], 1] = start + quoted, i - quoted
            kind[0, column[key]] = of
        i = skip_space(buf, i, end)
        if i < end and buf[i] == _COMMA:
            i = skip_space(buf, i + 1, end)
            continue
        return i + 1 if i < end and buf[i] == _CLOSE_OBJECT else -1


@njit(cache=True, nogil=True)
def typed(buf: Bytes, start: int, end: int, kind: int, stack: Bytes) -> Any:
    """Return the span and kind of a value; of an object of typed members, those of the first not null.

    Numbers that were written as texts, as exports of 64-bit integers do, are numbers.
    """
    if kind != NESTED or buf[start] != _OPEN_OBJECT:
        return start, end, kind
    i = skip_space(buf, start + 1, end)
    while i < end and buf[i] == _QUOTE:
        stop, of = end_of_value(buf, i, end, stack)
        if of == ABSENT or not is_typed(buf, i + 1, stop - 1):
            return start, end, kind
        is_text = buf[i + 1] == 115  # string_value
        i = skip_space(buf, skip_space(buf, stop, end) + 1, end)
        first = i
        i, of = end_of_value(buf, first, end, stack)
        if of == PLAIN and not is_text:
            until, number = end_of_scalar(buf, first + 1, i - 1)
            return first + 1, i - 1, (number if number == NUMBER and until == i - 1 else PLAIN)
        if of in (PLAIN, ESCAPED):
            return first + 1, i - 1, of
        if of != MISSING:
            return first, i, of
        i = skip_space(buf, i, end)
        if i < end and buf[i] == _COMMA:
            i = skip_space(buf, i + 1, end)
    return start, end, MISSING


@njit(cache=True, nogil=True)
def is_typed(buf: Bytes, start: int, end: int) -> Any:
    """Return whether a key ends with ``_value``."""
    return (
        end - start > 6
        and buf[end - 6] == _UNDERSCORE
        and buf[end - 5] == 118
        and buf[end - 4] == 97
        and buf[end - 3] == 108
        and buf[end - 2] == 117
        and buf[end - 1] == 101
    )


@njit(cache=True, nogil=True)
def first_element(buf: Bytes, start: int, end: int) -> Any:
    """Return where the first element of an array is, -1 when there is none."""
    at = skip_space(buf, start, end)
    if at >= end or buf[at] != _OPEN_ARRAY:
        return -1
    at = skip_space(buf, at + 1, end)
    return -1 if at >= end or buf[at] == _CLOSE_ARRAY else at


@njit(cache=True, nogil=True)
def next_element(buf: Bytes, at: int, end: int) -> Any:
    """Return where the element after the one that ends at `at` is, -1 when it was the last."""
    at = skip_space(buf, at, end)
    if at >= end or buf[at] != _COMMA:
        return -1
    return skip_space(buf, at + 1, end)
