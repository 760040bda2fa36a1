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

__all__ = ["after_letters", "same", "word", "zeros"]

_0, _1, _2, _3, _4, _5, _6, _7, _8 = (np.uintp(k) for k in range(9))
_B1, _B2, _B3, _B4, _B5, _B6, _B7 = (np.uint64(8 * k) for k in range(1, 8))
_LOWS = np.uint64(0x7F7F7F7F7F7F7F7F)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_NO_CONTROL = np.uint64(0xE0E0E0E0E0E0E0E0)
_NONE = np.uint64(0)


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def zeros(w: Any) -> Any:
    """Return a number that is not zero where one of the eight bytes is zero."""
    return ~(((w & _LOWS) + _LOWS) | w | _LOWS)


@njit(cache=True, nogil=True)
def same(buf: Bytes, a: int, b: int, size: int) -> Any:
    """Return whether two stretches hold the same bytes."""
    one, other, rest = np.uintp(a), np.uintp(b), np.uintp(size)
    while rest >= _8:
        if word(buf, one) != word(buf, other):
            return False
        one, other, rest = one + _8, other + _8, rest - _8
    while rest > _0:
        if buf[one] != buf[other]:
            return False
        one, other, rest = one + _1, other + _1, rest - _1
    return True


@njit(cache=True, nogil=True)
def after_letters(buf: Bytes, i: int, end: int) -> Any:
    """Return where the next quote, backslash or control character is, `end` when there is none."""
    at, stop = np.uintp(i), np.uintp(end)
    while at + _8 <= stop:
        w = word(buf, at)
        if (zeros(w ^ _QUOTES) | zeros(w ^ _BACKSLASHES) | zeros(w & _NO_CONTROL)) != _NONE:
            break
        at += _8
    while at < stop and buf[at] != 34 and buf[at] != 92 and buf[at] >= 32:
        at += _1
    return np.int64(at)
