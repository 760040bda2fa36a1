"""Kernels for delimited text with a backslash in place of quotes: where records and fields lie, and their texts.

A record ends at ``\\n`` or ``\\r\\n``. A backslash takes what is special out of the delimiter, the line break or the
backslash that follows it, which then is part of the field; before anything else it is text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.csv_rows import valid_utf8

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = ["BAD_TEXT", "GOOD", "TOO_LONG", "WRONG_COUNT", "gather_escaped", "scan_escaped"]

# Verdicts on a record.
GOOD, WRONG_COUNT, TOO_LONG, BAD_TEXT = 0, 1, 4, 5

_LF, _CR, _BACKSLASH = 10, 13, 92
#: An open record longer than this ends with its block.
_LONGEST = 1 << 24


@njit(cache=True, nogil=True)
def scan_escaped(
    buf: Bytes,
    final: bool,
    ascii_only: bool,
    delimiter: int,
    wanted: Ints,
    max_field: int,
    starts: Spots,
    ends: Spots,
    where: Spots,
    bad: Spots,
) -> Any:
    """Find the records of a block that ends with a line.

    Parameters and results are those of :func:`journeylog.core.kernels.csv_rows.scan_rows`; an end below zero
    (``~end``) says that backslashes are inside. A record that is still open at the end of a block that is not
    final is left to the next.
    """
    n, n_columns = buf.size, wanted.size
    i, rows, n_bad, records, lines = 0, 0, 0, 0, 0
    while i < n:
        if buf[i] == _LF or (buf[i] == _CR and i + 1 < n and buf[i + 1] == _LF):
            i += 1 if buf[i] == _LF else 2
            lines += 1
            continue
        first, column, inner, verdict = i, 0, 0, GOOD
        start, escaped = i, False
        while True:
            ended = i >= n or buf[i] == _LF
            if not ended and buf[i] == _BACKSLASH and i + 1 < n and _special(buf[i + 1], delimiter):
                escaped = True
                inner += buf[i + 1] == _LF
                i += 2
                continue
            if not ended and buf[i] != delimiter:
                i += 1
                continue
            stop = i - 1 if ended and i > start and i < n and buf[i - 1] == _CR else i
            if stop - start > max_field:
                verdict = TOO_LONG
            if column < n_columns and wanted[column] >= 0:
                starts[rows, wanted[column]] = start
                ends[rows, wanted[column]] = ~stop if escaped else stop
            column += 1
            if ended:
                break
            i += 1
            start, escaped = i, False
        if i >= n and not final and n - first <= _LONGEST:
            return first, rows, n_bad, records, lines
        if verdict == GOOD and column != n_columns:
            verdict = WRONG_COUNT
        if verdict == GOOD and not ascii_only and not valid_utf8(buf, first, min(i, n)):
            verdict = BAD_TEXT
        if verdict == GOOD:
            where[rows, 0], where[rows, 1] = records, lines
            rows += 1
        else:
            bad[n_bad, 0], bad[n_bad, 1], bad[n_bad, 2] = records, lines, verdict
            bad[n_bad, 3], bad[n_bad, 4], bad[n_bad, 5] = first, min(i, n), column
            n_bad += 1
        records += 1
        lines += inner + 1
        i += 1
    return min(i, n), rows, n_bad, records, lines


@njit(cache=True, nogil=True)
def gather_escaped(
    buf: Bytes, starts: Spots, ends: Spots, delimiter: int, data: Bytes, offsets: Spots
) -> None:
    """Copy one field of every row side by side, without the backslashes that take something out.

    Parameters
    ----------
    starts, ends : spans as written by :func:`scan_escaped`
    data, offsets : out; `data` has room for the sum of the spans
    """
    spot = 0
    offsets[0] = 0
    for row in range(starts.size):
        i, stop = starts[row], ends[row]
        escaped = stop < 0
        stop = ~stop if escaped else stop
        while i < stop:
            if escaped and buf[i] == _BACKSLASH and i + 1 < stop and _special(buf[i + 1], delimiter):
                i += 1
            data[spot] = buf[i]
            spot += 1
            i += 1
        offsets[row + 1] = spot


@njit(cache=True, nogil=True)
def _special(c: int, delimiter: int) -> Any:
    return c in (_BACKSLASH, delimiter, _LF)
