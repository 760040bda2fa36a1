"""The kernels that are the definition of JSON lines here: one object a line, its keys and where the values lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.borrowed import borrowed
from journeylog.core.kernels.csv_rows import valid_utf8
from journeylog.core.kernels.json_lines import (
    ABSENT,
    BAD_TEXT,
    DEEPEST,
    ESCAPED,
    GOOD,
    NESTED,
    NEW_KEY,
    NOT_JSON,
    PLAIN,
    REPEATED_KEY,
    TOO_LONG,
    after_guess,
    after_plain,
    end_of_string,
    end_of_value,
    find_key,
    skip_space,
)
from journeylog.core.kernels.json_pairs import end_of_known, forget
from journeylog.core.kernels.words import after_line

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = ["scan_lines", "scan_object"]

_QUOTE, _COMMA, _COLON = 34, 44, 58
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY = 123, 125, 91


@njit(cache=True, nogil=True)
def scan_lines(
    buf: Bytes,
    begin: int,
    keys: Bytes,
    key_offsets: Ints,
    key_column: Ints,
    learn: bool,
    max_field: int,
    spans: Spots,
    kinds: Bytes,
    where: Spots,
    bad: Spots,
    done: Ints,
    memory: Spots,
    texts: Bytes,
    bounds: Ints,
) -> Any:
    """Find the values of a block that ends with a line.

    Parameters
    ----------
    buf, begin : the block, and where to start in it
    keys, key_offsets, key_column : known keys as written, and the column of each (-1: not wanted)
    learn : whether an unknown key stops the scan, so that the caller can name it
    spans, kinds : out, (columns, rows, 2) and (columns, rows); kinds are zeros at first
    where : out, (rows, 4); record number, line number and span of each row
    bad : out, (rows, 5); record number, line number, verdict and span of each line given up
    done : in and out; rows, bad lines, records and lines so far
    memory, texts, bounds : the plan of lists of pairs to be looked into on the way

    Returns
    -------
    used : where the scan stopped: at the end, where there is no room for another row, or before a line
    key_start, key_end : span of the unknown key in that line, else both 0
    """
    buf, keys, key_offsets = borrowed(buf), borrowed(keys), borrowed(key_offsets)
    key_column, spans, kinds = borrowed(key_column), borrowed(spans), borrowed(kinds)
    where, bad, done = borrowed(where), borrowed(bad), borrowed(done)
    memory, texts, bounds = borrowed(memory), borrowed(texts), borrowed(bounds)
    stack = np.zeros(DEEPEST, np.uint8)
    i, n = begin, buf.size
    while i < n:
        end, plain = after_line(buf, i, n)
        first = skip_space(buf, i, end)
        if first == end:
            i = end + 1
            done[3] += 1
            continue
        row, n_bad = done[0], done[1]
        if row == where.shape[0] or n_bad == bad.shape[0]:
            return i, 0, 0
        if not plain and not valid_utf8(buf, first, end):
            verdict, at, stop = BAD_TEXT, 0, 0
        else:
            verdict, at, stop = scan_object(
                buf,
                first,
                end,
                keys,
                key_offsets,
                key_column,
                learn,
                max_field,
                spans,
                kinds,
                row,
                stack,
                memory,
                texts,
                bounds,
            )
        if verdict != GOOD:  # the next line takes the place of this row
            kinds[:, row] = ABSENT
            forget(row, memory)
        if verdict == NEW_KEY:
            return i, at, stop
        if verdict == GOOD:
            where[row, 0], where[row, 1], where[row, 2], where[row, 3] = done[2], done[3], first, end
            done[0] += 1
        else:
            bad[n_bad, 0], bad[n_bad, 1], bad[n_bad, 2] = done[2], done[3], verdict
            bad[n_bad, 3], bad[n_bad, 4] = first, end
            done[1] += 1
        done[2] += 1
        done[3] += 1
        i = end + 1
    return min(i, n), 0, 0


@njit(cache=True, nogil=True, forceinline=True)
def scan_object(
    buf: Bytes,
    i: int,
    end: int,
    keys: Bytes,
    key_offsets: Ints,
    key_column: Ints,
    learn: bool,
    max_field: int,
    spans: Spots,
    kinds: Bytes,
    row: int,
    stack: Bytes,
    memory: Spots,
    texts: Bytes,
    bounds: Ints,
) -> Any:
    """Read one line; return the verdict and the span of a key that stopped it."""
    if buf[i] != _OPEN_OBJECT:
        return NOT_JSON, 0, 0
    i = skip_space(buf, i + 1, end)
    guess, verdict = 0, GOOD
    if i < end and buf[i] == _CLOSE_OBJECT:
        return (GOOD if skip_space(buf, i + 1, end) == end else NOT_JSON), 0, 0
    while True:
        if i >= end or buf[i] != _QUOTE:
            return NOT_JSON, 0, 0
        at = i + 1
        key, stop = guess, after_guess(buf, at, end, keys, key_offsets, guess)
        if stop < 0:
            stop, kind = end_of_string(buf, at, end)
            if kind == ABSENT:
                return NOT_JSON, 0, 0
            key = find_key(buf, at, stop, keys, key_offsets)
        if key < 0 and learn:
            return NEW_KEY, at, stop
        guess = key + 1
        i = skip_space(buf, stop + 1, end)
        if i >= end or buf[i] != _COLON:
            return NOT_JSON, 0, 0
        value = skip_space(buf, i + 1, end)
        i = after_plain(buf, value, end)
        kind = PLAIN
        if i < 0 and key >= 0 and value < end and (buf[value] == _OPEN_OBJECT or buf[value] == _OPEN_ARRAY):
            i, kind = end_of_known(buf, value, end, key, row, memory, texts, bounds, stack), NESTED
        if i < 0:
            i, kind = end_of_value(buf, value, end, stack)
        if kind == ABSENT:
            return NOT_JSON, 0, 0
        column = key_column[key] if key >= 0 else -1
        if column >= 0:
            if kinds[column, row] != ABSENT:
                verdict = REPEATED_KEY
            quoted = 1 if kind in (PLAIN, ESCAPED) else 0
            kinds[column, row] = kind
            spans[column, row, 0], spans[column, row, 1] = value + quoted, i - quoted
            if i - value > max_field and verdict == GOOD:
                verdict = TOO_LONG
        i = skip_space(buf, i, end)
        if i < end and buf[i] == _COMMA:
            i = skip_space(buf, i + 1, end)
            continue
        if i < end and buf[i] == _CLOSE_OBJECT and skip_space(buf, i + 1, end) == end:
            return verdict, 0, 0
        return NOT_JSON, 0, 0
