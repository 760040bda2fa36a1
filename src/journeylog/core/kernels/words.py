"""Kernels that look at eight bytes at once.

Places are unsigned here: only then the compiler sees that they need no look from the end of the array, and makes one
load of eight bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]

__all__ = ["after_letters", "after_line", "copy", "equal", "same", "word"]

_0, _1, _2, _3, _4, _5, _6, _7, _8 = (np.uintp(k) for k in range(9))
_16, _24, _32, _64 = (np.uintp(k) for k in (16, 24, 32, 64))
_B1, _B2, _B3, _B4, _B5, _B6, _B7 = (np.uint64(8 * k) for k in range(1, 8))
_LOWS = np.uint64(0x7F7F7F7F7F7F7F7F)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_NO_CONTROL = np.uint64(0xE0E0E0E0E0E0E0E0)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_HIGH = np.uint8(128)
_UPPER_4, _UPPER_2, _UPPER_1 = (
    np.uint64(k) for k in (0xFFFFFFFF00000000, 0xFFFF0000FFFF0000, 0xFF00FF00FF00FF00)
)


@njit(cache=True, nogil=True, forceinline=True)
def word(buf: Bytes, at: Any) -> Any:
    """Return the eight bytes at an unsigned place as one number."""
    return (
        np.uint64(buf[at])
        | np.uint64(buf[at + _1]) << _B1
        | np.uint64(buf[at + _2]) << _B2
        | np.uint64(buf[at + _3]) << _B3
        | np.uint64(buf[at + _4]) << _B4
        | np.uint64(buf[at + _5]) << _B5
        | np.uint64(buf[at + _6]) << _B6
        | np.uint64(buf[at + _7]) << _B7
    )


@njit(cache=True, nogil=True, forceinline=True)
def put(data: Bytes, at: Any, w: Any) -> None:
    """Write a number as the eight bytes at an unsigned place."""
    data[at] = np.uint8(w)
    data[at + _1] = np.uint8(w >> _B1)
    data[at + _2] = np.uint8(w >> _B2)
    data[at + _3] = np.uint8(w >> _B3)
    data[at + _4] = np.uint8(w >> _B4)
    data[at + _5] = np.uint8(w >> _B5)
    data[at + _6] = np.uint8(w >> _B6)
    data[at + _7] = np.uint8(w >> _B7)


@njit(cache=True, nogil=True, forceinline=True)
def copy(buf: Bytes, i: int, end: int, data: Bytes, spot: int) -> None:
    """Copy a stretch; what follows it in `data`, up to seven bytes where there is room, is overwritten too."""
    at, stop, to = np.uintp(i), np.uintp(end), np.uintp(spot)
    if end + 8 <= buf.size and spot + (end - i) + 8 <= data.size:
        while at < stop:
            put(data, to, word(buf, at))
            at, to = at + _8, to + _8
    while at < stop:
        data[to] = buf[at]
        at, to = at + _1, to + _1


@njit(cache=True, nogil=True, forceinline=True)
def zeros(w: Any) -> Any:
    """Return a number that is not zero where one of the eight bytes is zero."""
    return ~(((w & _LOWS) + _LOWS) | w | _LOWS)


@njit(cache=True, nogil=True, forceinline=True)
def first_mark(marks: Any) -> Any:
    """Return the place of the lowest marked byte in what :func:`zeros` returned, which is not 0."""
    lowest = marks & (~marks + _ONE)
    place = np.uintp((lowest & _UPPER_4) != _NONE) << _2
    place |= np.uintp((lowest & _UPPER_2) != _NONE) << _1
    return place | np.uintp((lowest & _UPPER_1) != _NONE)


@njit(cache=True, nogil=True, forceinline=True)
def same(buf: Bytes, a: int, b: int, size: int) -> Any:
    """Return whether two stretches hold the same bytes."""
    return equal(buf, a, buf, b, size)


@njit(cache=True, nogil=True, forceinline=True)
def equal(buf: Bytes, a: int, texts: Bytes, b: int, size: int) -> Any:
    """Return whether a stretch holds the same bytes as one of another array."""
    one, other, rest = np.uintp(a), np.uintp(b), np.uintp(size)
    if rest < _8:
        while rest > _0:
            if buf[one] != texts[other]:
                return False
            one, other, rest = one + _1, other + _1, rest - _1
        return True
    while rest >= _32:
        if (
            (word(buf, one) ^ word(texts, other))
            | (word(buf, one + _8) ^ word(texts, other + _8))
            | (word(buf, one + _16) ^ word(texts, other + _16))
            | (word(buf, one + _24) ^ word(texts, other + _24))
        ) != _NONE:
            return False
        one, other, rest = one + _32, other + _32, rest - _32
    while rest >= _8:
        if word(buf, one) != word(texts, other):
            return False
        one, other, rest = one + _8, other + _8, rest - _8
    if rest > _0:  # the last eight bytes, some of which were compared already
        back = _8 - rest
        return word(buf, one - back) == word(texts, other - back)
    return True


@njit(cache=True, nogil=True, forceinline=True)
def after_letters(buf: Bytes, i: int, end: int) -> Any:
    """Return where the next quote, backslash or control character is, `end` when there is none."""
    at, stop = np.uintp(i), np.uintp(end)
    while at + _8 <= stop:
        w = word(buf, at)
        marks = zeros(w ^ _QUOTES) | zeros(w ^ _BACKSLASHES) | zeros(w & _NO_CONTROL)
        if marks != _NONE:
            return np.int64(at + first_mark(marks))
        at += _8
    while at < stop and buf[at] != 34 and buf[at] != 92 and buf[at] >= 32:
        at += _1
    return np.int64(at)


@njit(cache=True, nogil=True, forceinline=True)
def after_line(buf: Bytes, i: int, end: int) -> Any:
    """Return where the next line feed is, `end` when there is none, and whether no byte before it is above 127."""
    at, stop, high = np.uintp(i), np.uintp(end), np.uint8(0)
    while at + _64 <= stop:
        found, above = np.uint8(0), np.uint8(0)
        for k in range(
            64
        ):  # in bytes and without a way out, so that the compiler looks at all of them at once
            c = buf[at + np.uintp(k)]
            found = np.uint8(found | np.uint8(c == 10))
            above = np.uint8(above | c)
        if found:
            break
        high = np.uint8(high | above)
        at += _64
    while at < stop and buf[at] != 10:
        high = np.uint8(high | buf[at])
        at += _1
    return np.int64(at), high < _HIGH
