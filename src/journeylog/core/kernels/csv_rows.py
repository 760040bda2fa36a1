"""The kernels that are the definition of CSV here: where records and fields lie, and which lines are none.

A record ends at ``\\n``, ``\\r\\n`` or a lone ``\\r`` outside quotes; an empty line is no record. A field that
starts with the quote ends at the next quote that is not doubled; only a delimiter or the end of the record may
follow. A quote inside a field that does not start with one is text. A record with too few or too many fields
is given up as a whole. A quote that is not closed, or is followed by something else, gives up its first line
only, so that reading finds its way again on the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.borrowed import borrowed
from journeylog.core.kernels.vectors import COPIED, SEEN, copied, counted, found, high, lowest, without_lowest
from journeylog.core.kernels.words import word

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = [
    "BAD_QUOTE",
    "BAD_TEXT",
    "GOOD",
    "OPEN_QUOTE",
    "SLACK",
    "TOO_LONG",
    "WRONG_COUNT",
    "gather_field",
    "scan_rows",
    "split_lines",
    "survey",
    "valid_utf8",
]

# Verdicts on a record.
GOOD, WRONG_COUNT, OPEN_QUOTE, BAD_QUOTE, TOO_LONG, BAD_TEXT = 0, 1, 2, 3, 4, 5

#: Bytes that may be written after a field, too.
SLACK = COPIED
_AT_ONCE, _FEW = 1024, 6
_LF, _CR = 10, 13
_FEED, _RETURN = np.uint8(_LF), np.uint8(_CR)
_ONE, _EIGHT, _SEEN, _COPIED = (np.uintp(k) for k in (1, 8, SEEN, COPIED))
_HIGHS, _NONE, _BIT, _LAST = (np.uint64(k) for k in (0x8080808080808080, 0, 1, SEEN - 1))


@njit(cache=True, nogil=True)
def scan_rows(
    buf: Bytes,
    final: bool,
    ascii_only: bool,
    delimiter: int,
    quote: int,
    wanted: Ints,
    max_field: int,
    starts: Spots,
    ends: Spots,
    where: Spots,
    bad: Spots,
) -> Any:
    """Find the records of a block that ends with a line.

    Parameters
    ----------
    buf : the block
    final : whether the input ends with it; otherwise a record whose quote is still open is left to the next
    ascii_only : whether the block is known to hold no byte above 127
    delimiter, quote : bytes; quote -1 is none
    wanted : for each field of a record its place among the columns to keep, or -1
    max_field : longest field in bytes
    starts, ends : out, (rows, columns to keep); the span of each field without its quotes; an end below
        zero (``~end``) says that doubled quotes are inside
    where : out, (rows, 2); record number and line number of each row, from 0 at the start of the block
    bad : out, (rows, 6); record number, line number, verdict, span and fields of each record given up

    Returns
    -------
    used, rows, n_bad, records, lines
    """
    buf, wanted, starts, ends = borrowed(buf), borrowed(wanted), borrowed(starts), borrowed(ends)
    n, n_columns = buf.size, wanted.size
    i, rows, n_bad, records, lines = 0, 0, 0, 0, 0
    while i < n:
        if buf[i] == _LF or buf[i] == _CR:
            i = after_line(buf, i)
            lines += 1
            continue
        first = i
        i, column, inner, verdict = scan_record(
            buf, first, rows, delimiter, quote, wanted, max_field, starts, ends
        )
        if verdict in (OPEN_QUOTE, BAD_QUOTE):
            if verdict == OPEN_QUOTE and not final and n - i - 1 <= max_field:
                i = first
                break
            last = end_of_line(buf, first)
            if verdict == OPEN_QUOTE and last - i - 1 > max_field:
                verdict = TOO_LONG
            inner = 0
        else:
            last = i
            if verdict == GOOD and column != n_columns:
                verdict = WRONG_COUNT
            if verdict == GOOD and not ascii_only and not valid_utf8(buf, first, last):
                verdict = BAD_TEXT
        if verdict == GOOD:
            where[rows, 0], where[rows, 1] = records, lines
            rows += 1
        else:
            bad[n_bad, 0], bad[n_bad, 1], bad[n_bad, 2] = records, lines, verdict
            bad[n_bad, 3], bad[n_bad, 4], bad[n_bad, 5] = first, last, column
            n_bad += 1
        records += 1
        lines += inner + 1
        i = after_line(buf, last)
    return i, rows, n_bad, records, lines


@njit(cache=True, nogil=True)
def survey(buf: Bytes, quote: int) -> Any:
    """Return of a block its line feeds, its carriage returns, and whether there are quotes, empty lines, high bytes."""
    buf = borrowed(buf)
    feeds, returns, quotes, empty, above = _NONE, _NONE, _NONE, _NONE, _NONE
    at, n, mark, before = np.uintp(0), np.uintp(buf.size), np.uint8(max(quote, 0)), _BIT
    while at + _SEEN <= n:
        broken, back = found(buf, at, _FEED), found(buf, at, _RETURN)
        feeds += counted(broken)
        returns += counted(back)
        empty |= broken & (broken << _BIT | before)  # `before`: whether the byte before these breaks a line
        before = broken >> _LAST
        quotes |= found(buf, at, mark)
        above |= high(buf, at)
        at += _SEEN
    while at < n:
        c = buf[at]
        broken = np.uint64(c == _LF)
        feeds += broken
        returns += np.uint64(c == _CR)
        empty |= broken & before
        before = broken
        quotes |= np.uint64(c == mark)
        above |= np.uint64(c > 127)
        at += _ONE
    return np.int64(feeds), np.int64(returns), quote >= 0 and quotes != _NONE, empty != _NONE, above != _NONE


@njit(cache=True, nogil=True)
def scan_record(
    buf: Bytes,
    i: int,
    row: int,
    delimiter: int,
    quote: int,
    wanted: Ints,
    max_field: int,
    starts: Spots,
    ends: Spots,
) -> Any:
    """Read the record at `i`; return where it stopped, its fields, line breaks inside, and the verdict.

    It stops at the line break that ends it, or at the quote that is never closed.
    """
    n, column, inner, verdict = buf.size, 0, 0, GOOD
    while True:
        if i < n and buf[i] == quote:
            stop, breaks, doubled = end_of_quoted(buf, i, quote, max_field)
            if stop < 0:
                return i, column, inner, OPEN_QUOTE
            start = i + 1
            i = stop + 1
            inner += breaks
            if i < n and buf[i] != delimiter and buf[i] != _LF and buf[i] != _CR:
                return i, column, inner, BAD_QUOTE
        else:
            start, doubled = i, False
            while i < n and buf[i] != delimiter and buf[i] != _LF and buf[i] != _CR:
                i += 1
            stop = i
        if stop - start > max_field:
            verdict = TOO_LONG
        if column < wanted.size and wanted[column] >= 0:
            starts[row, wanted[column]] = start
            ends[row, wanted[column]] = ~stop if doubled else stop
        column += 1
        if i >= n or buf[i] != delimiter:
            return i, column, inner, verdict
        i += 1


@njit(cache=True, nogil=True)
def split_lines(
    buf: Bytes,
    delimiter: int,
    wanted: Ints,
    max_field: int,
    space: Bytes,
    ends: Ints,
    offsets: Spots,
    bad: Spots,
) -> Any:
    """Find the records of a block and copy their fields, where every line is a record: no quote, no empty line.

    The same as :func:`scan_rows` and :func:`gather_field`, in one go.

    Parameters
    ----------
    buf : the block; ends with ``\\n``, and holds no other line break and no quote
    wanted, max_field, bad : as in :func:`scan_rows`
    space : room for the fields; :data:`SLACK` bytes more for each column than the block is long
    ends : in and out, (columns to keep); where each column begins in `space`, then where it ends
    offsets : out, (columns to keep, rows + 1); of each column the first is 0

    Returns
    -------
    rows, n_bad
    """
    buf, wanted, space, ends = borrowed(buf), borrowed(wanted), borrowed(space), borrowed(ends)
    n_columns, n_kept, rows, n_bad = wanted.size, ends.size, 0, 0
    first_of = ends.copy()
    # Places are unsigned: nobody has to look whether they count from the end.
    limit = np.uintp(max_field)
    first, start, column, verdict = np.uintp(0), np.uintp(0), 0, GOOD
    places = np.empty(_AT_ONCE + _FEW, np.uint32)
    for base in range(0, buf.size, _AT_ONCE):
        for m in range(_list_marks(buf, base, delimiter, places)):
            i = np.uintp(places[m])
            place = wanted[column] if column < n_columns else -1
            if place >= 0:
                ends[place] = _put_field(buf, start, i, space, np.uintp(ends[place]))
            if i - start > limit:
                verdict = TOO_LONG
            column, start = column + 1, i + _ONE
            if buf[i] != _LF:
                continue
            if verdict == GOOD and column == n_columns:
                rows += 1
                for k in range(n_kept):
                    offsets[k, rows] = ends[k] - first_of[k]
            else:
                for k in range(n_kept):
                    ends[k] = first_of[k] + offsets[k, rows]
                bad[n_bad, 0], bad[n_bad, 1] = rows + n_bad, rows + n_bad
                bad[n_bad, 2] = TOO_LONG if verdict == TOO_LONG else WRONG_COUNT
                bad[n_bad, 3], bad[n_bad, 4], bad[n_bad, 5] = np.int64(first), np.int64(i), column
                n_bad += 1
            first, column, verdict = start, 0, GOOD
    return rows, n_bad


@njit(cache=True, nogil=True, forceinline=True)
def _put_field(buf: Bytes, start: Any, end: Any, space: Bytes, spot: Any) -> Any:
    """Copy a field, and up to :data:`SLACK` bytes that follow it; return where it ends."""
    stop = np.int64(spot + (end - start))
    if end + _COPIED <= np.uintp(buf.size):
        while start < end:
            copied(buf, start, space, spot)
            start, spot = start + _COPIED, spot + _COPIED
    while start < end:
        space[spot] = buf[start]
        start, spot = start + _ONE, spot + _ONE
    return stop


@njit(cache=True, nogil=True, forceinline=True)
def _list_marks(buf: Bytes, base: int, delimiter: int, places: Any) -> Any:
    """List the delimiters and line breaks of the next bytes; return how many there are."""
    at, stop, n = np.uintp(base), np.uintp(min(base + _AT_ONCE, buf.size)), 0
    mark = np.uint8(delimiter)
    while at + _SEEN <= stop:
        marks = found(buf, at, mark) | found(buf, at, _FEED)
        after = n + int(counted(marks))
        while n < after:
            for k in range(_FEW):  # some for nothing: the processor need not guess how many there are
                places[n + k] = at + np.uintp(lowest(marks))
                marks = without_lowest(marks)
            n += _FEW
        n = after
        at += _SEEN
    while at < stop:
        if buf[at] == delimiter or buf[at] == _LF:
            places[n] = at
            n += 1
        at += _ONE
    return n


@njit(cache=True, nogil=True)
def gather_field(buf: Bytes, starts: Spots, ends: Spots, quote: int, data: Bytes, offsets: Spots) -> None:
    """Copy one field of every row side by side; doubled quotes become one.

    Parameters
    ----------
    starts, ends : spans as written by :func:`scan_rows`
    data, offsets : out; `data` has room for the sum of the spans
    """
    spot = 0
    offsets[0] = 0
    for row in range(starts.size):
        i, stop = starts[row], ends[row]
        if stop >= 0:
            while i < stop:
                data[spot] = buf[i]
                spot += 1
                i += 1
        else:
            stop = ~stop
            while i < stop:
                data[spot] = buf[i]
                spot += 1
                i += 2 if buf[i] == quote else 1
        offsets[row + 1] = spot


@njit(cache=True, nogil=True)
def end_of_quoted(buf: Bytes, i: int, quote: int, max_field: int) -> Any:
    """Return where the quote opened at `i` is closed (-1: not in reach), line breaks inside, and doubles."""
    breaks, doubled = 0, False
    k, stop = i + 1, min(buf.size, i + max_field + 2)
    while k < stop:
        c = buf[k]
        if c == quote:
            if k + 1 < buf.size and buf[k + 1] == quote:
                doubled = True
                k += 1
            else:
                return k, breaks, doubled
        elif c == _LF or (c == _CR and (k + 1 == buf.size or buf[k + 1] != _LF)):
            breaks += 1
        k += 1
    return -1, breaks, doubled


@njit(cache=True, nogil=True)
def end_of_line(buf: Bytes, i: int) -> Any:
    """Return where the line around `i` ends, before its line break."""
    while i < buf.size and buf[i] != _LF and buf[i] != _CR:
        i += 1
    return i


@njit(cache=True, nogil=True)
def after_line(buf: Bytes, i: int) -> Any:
    """Return what follows the line break at `i`."""
    if i < buf.size and buf[i] == _CR:
        i += 1
        return i + 1 if i < buf.size and buf[i] == _LF else i
    return min(i + 1, buf.size)


@njit(cache=True, nogil=True)
def valid_utf8(buf: Bytes, i: int, end: int) -> Any:
    """Return whether the bytes are UTF-8: no stray, overlong, surrogate or too large sequence."""
    while i < end:
        at = np.uintp(i)
        while at + _EIGHT <= np.uintp(end) and word(buf, at) & _HIGHS == _NONE:
            at += _EIGHT
        i = int(at)
        if i == end:
            return True
        c = int(buf[i])
        if c < 0x80:
            i += 1
            continue
        more = 1 if 0xC2 <= c <= 0xDF else 2 if 0xE0 <= c <= 0xEF else 3 if 0xF0 <= c <= 0xF4 else 0
        if more == 0 or i + more >= end:
            return False
        d = int(buf[i + 1])
        low = 0xA0 if c == 0xE0 else 0x90 if c == 0xF0 else 0x80
        high = 0x9F if c == 0xED else 0x8F if c == 0xF4 else 0xBF
        if d < low or d > high:
            return False
        for k in range(i + 2, i + more + 1):
            if buf[k] < 0x80 or buf[k] > 0xBF:
                return False
        i += more + 1
    return True
