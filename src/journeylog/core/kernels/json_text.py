"""The kernels that copy JSON values side by side as UTF-8 text."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.borrowed import borrowed
from journeylog.core.kernels.words import copy

Bytes = npt.NDArray[np.uint8]
Spots = npt.NDArray[np.int32]

__all__ = ["any_among", "gather_values", "hex_digit", "survey"]

_MISSING, _ESCAPED, _NUMBER, _SPECIAL, _BACKSLASH = 1, 3, 4, 7, 92


@njit(cache=True, nogil=True)
def survey(spans: Spots, kinds: Bytes) -> Any:
    """Return of one column the bytes of its values, how many are there, how many numbers, how many have escapes."""
    size, there, numbers, escaped = 0, 0, 0, 0
    for row in range(kinds.size):
        kind = kinds[row]
        if kind > _MISSING:
            size += spans[row, 1] - spans[row, 0]
            there += 1
        numbers += kind in (_NUMBER, _SPECIAL)
        escaped += kind == _ESCAPED
    return size, there, numbers, escaped


@njit(cache=True, nogil=True)
def gather_values(
    buf: Bytes, spans: Spots, kinds: Bytes, data: Bytes, offsets: Spots, valid: Bytes, broken: Bytes
) -> None:
    """Copy one column's values side by side as UTF-8; escapes are resolved, all else is as written.

    Parameters
    ----------
    spans, kinds : (rows, 2) and (rows,), as written by the scan of the lines
    data, offsets, valid : out; eight bytes more of `data` than are needed let it copy faster
    broken : in and out; set for rows with half a surrogate pair, which is no text
    """
    buf, spans, data = borrowed(buf), borrowed(spans), borrowed(data)
    spot = 0
    offsets[0] = 0
    for row in range(kinds.size):
        kind = kinds[row]
        valid[row] = kind > _MISSING
        if kind == _ESCAPED:
            spot = unescape(buf, spans[row, 0], spans[row, 1], data, spot)
            if spot < 0:
                broken[row] = 1
                spot = offsets[row]
        elif kind > _MISSING:
            copy(buf, spans[row, 0], spans[row, 1], data, spot)
            spot += spans[row, 1] - spans[row, 0]
        offsets[row + 1] = spot


@njit(cache=True, nogil=True)
def any_among(data: Bytes, offsets: Any, valid: Bytes, texts: Bytes, bounds: Spots) -> Any:
    """Return whether any text is one of some, or empty; `valid` is 0 where none is there, and empty if all are."""
    for row in range(offsets.size - 1):
        if valid.size and not valid[row]:
            continue
        start, size = offsets[row], offsets[row + 1] - offsets[row]
        if size == 0:
            return True
        for k in range(bounds.size - 1):
            if bounds[k + 1] - bounds[k] == size:
                same = 0
                while same < size and data[start + same] == texts[bounds[k] + same]:
                    same += 1
                if same == size:
                    return True
    return False


@njit(cache=True, nogil=True)
def unescape(buf: Bytes, i: int, end: int, data: Bytes, spot: int) -> Any:
    """Write the text without its escapes; return where it ends, -1 for half a surrogate pair."""
    while i < end:
        c = int(buf[i])
        i += 1
        if c != _BACKSLASH:
            data[spot] = c
            spot += 1
            continue
        e = int(buf[i])
        i += 1
        if e != 117:
            data[spot] = control(e)
            spot += 1
            continue
        point = four_hex(buf, i)
        i += 4
        if 0xD800 <= point <= 0xDFFF:
            if point > 0xDBFF or i + 6 > end or buf[i] != _BACKSLASH or buf[i + 1] != 117:
                return -1
            low = four_hex(buf, i + 2)
            if low < 0xDC00 or low > 0xDFFF:
                return -1
            point = 0x10000 + ((point - 0xD800) << 10) + low - 0xDC00
            i += 6
        spot = write_utf8(point, data, spot)
    return spot


@njit(cache=True, nogil=True)
def control(letter: int) -> Any:
    """Return the byte that a one-letter escape stands for."""
    if letter == 98:
        return 8
    if letter == 102:
        return 12
    if letter == 110:
        return 10
    if letter == 114:
        return 13
    return 9 if letter == 116 else letter


@njit(cache=True, nogil=True)
def write_utf8(point: int, data: Bytes, spot: int) -> Any:
    """Write one code point; return where it ends."""
    if point < 0x80:
        data[spot] = point
        return spot + 1
    if point < 0x800:
        data[spot] = 0xC0 | point >> 6
        data[spot + 1] = 0x80 | point & 0x3F
        return spot + 2
    if point < 0x10000:
        data[spot] = 0xE0 | point >> 12
        data[spot + 1] = 0x80 | point >> 6 & 0x3F
        data[spot + 2] = 0x80 | point & 0x3F
        return spot + 3
    data[spot] = 0xF0 | point >> 18
    data[spot + 1] = 0x80 | point >> 12 & 0x3F
    data[spot + 2] = 0x80 | point >> 6 & 0x3F
    data[spot + 3] = 0x80 | point & 0x3F
    return spot + 4


@njit(cache=True, nogil=True)
def four_hex(buf: Bytes, i: int) -> Any:
    """Return the number written in the four hexadecimal digits at `i`."""
    number = 0
    for k in range(4):
        number = number * 16 + hex_digit(buf[i + k])
    return number


@njit(cache=True, nogil=True)
def hex_digit(byte: int) -> Any:
    """Return the value of a hexadecimal digit, -1 when it is none."""
    c = int(byte)
    if 48 <= c <= 57:
        return c - 48
    c |= 32
    return c - 87 if 97 <= c <= 102 else -1
