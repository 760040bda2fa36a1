"""Kernel that reads plain decimal text into integers, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.borrowed import borrowed
from journeylog.core.kernels.time import is_infinity, trim

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

__all__ = [
    "EXPONENT",
    "FINE",
    "INFINITE",
    "MISSING",
    "NOT_A_NUMBER",
    "TOO_LARGE",
    "UNREADABLE",
    "read_decimal",
]

# Verdicts.
FINE, MISSING, UNREADABLE, NOT_A_NUMBER, INFINITE, TOO_LARGE, EXPONENT = 0, 1, 2, 3, 4, 5, 6

_LARGEST = 9_223_372_036_854_775_807


@njit(cache=True, nogil=True)
def read_decimal(data: Bytes, offsets: Ints, places: int, out: Ints, verdict: Bytes) -> None:
    """Read ``[±]digits[.digits]`` of each row, times ``10**places``, rounded half to even.

    `places` below zero divides. Numbers with an exponent get the verdict ``EXPONENT``, left to the caller.
    """
    data, offsets, out, verdict = borrowed(data), borrowed(offsets), borrowed(out), borrowed(verdict)
    for row in range(offsets.size - 1):
        i, end = trim(data, offsets[row], offsets[row + 1])
        out[row] = 0
        if i == end:
            verdict[row] = MISSING
        elif is_infinity(data, i, end):
            verdict[row] = INFINITE
        elif (
            end - i == 3 and (data[i] | 32) == 110 and (data[i + 1] | 32) == 97 and (data[i + 2] | 32) == 110
        ):
            verdict[row] = NOT_A_NUMBER
        else:
            signed = data[i] == 45 or data[i] == 43
            first = i + 1 if signed else i
            verdict[row], point = shape(data, first, end)
            if verdict[row] == FINE:
                number = scaled(data, first, end, point, places)
                if number < 0:
                    verdict[row] = TOO_LARGE
                else:
                    out[row] = -number if data[i] == 45 else number


@njit(cache=True, nogil=True)
def shape(data: Bytes, i: int, end: int) -> Any:
    """Return whether the text is digits with at most one point, and where the point is (`end`: nowhere)."""
    point, n_digits = end, 0
    for k in range(i, end):
        c = data[k]
        if 48 <= c <= 57:
            n_digits += 1
        elif c == 46 and point == end:
            point = k
        elif (c == 101 or c == 69) and n_digits > 0:
            return EXPONENT, point
        else:
            return UNREADABLE, point
    return (FINE if n_digits > 0 else UNREADABLE), point


@njit(cache=True, nogil=True)
def scaled(data: Bytes, i: int, end: int, point: int, places: int) -> Any:
    """Return the number times ``10**places``, rounded half to even; -1 when it leaves 64 bits."""
    keep = point - i + places  # digits that count; the ones after them only decide the rounding
    number, seen, first_cut, rest = 0, 0, 0, False
    for k in range(i, end):
        if k == point:
            continue
        d = int(data[k]) - 48
        if seen < keep:
            if number > (_LARGEST - d) // 10:
                return -1
            number = number * 10 + d
        elif seen == keep:
            first_cut = d
        elif d > 0:
            rest = True
        seen += 1
    while seen < keep:
        if number > _LARGEST // 10:
            return -1
        number *= 10
        seen += 1
    if first_cut > 5 or (first_cut == 5 and (rest or number % 2 == 1)):
        if number == _LARGEST:
            return -1
        number += 1
    return number
