"""Kernel that hashes texts: equal bytes give equal numbers, on every machine and in every partition."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["hash_texts"]

#: Below 2**31, so that products with 32 bits never leave 64.
_A, _B, _C = 0x01000193, 0x61C88647, 0x7FEB352D
_LOW = 0xFFFFFFFF


@njit(cache=True, nogil=True)
def hash_texts(data: Any, offsets: Any, seed: int) -> npt.NDArray[np.int64]:
    """Return 62 bits for each text ``data[offsets[i]:offsets[i + 1]]``; `seed` is between 0 and 2**31 - 1.

    Two walks of Fowler, Noll and Vo with different factors, each with its bits mixed at the end.
    """
    out = np.empty(offsets.size - 1, np.int64)
    for i in range(offsets.size - 1):
        a, b = np.int64(0x811C9DC5) ^ np.int64(seed), np.int64(0x9747B28C) ^ np.int64(seed)
        for k in range(offsets[i], offsets[i + 1]):
            byte = np.int64(data[k])
            a = ((a ^ byte) * _A) & _LOW
            b = ((b ^ (byte + 1)) * _B) & _LOW
            b ^= b >> 15
        a, b = _mixed(a ^ (b >> 7)), _mixed(b ^ (a << 1) & _LOW)
        out[i] = ((a >> 1) << 31) | (b >> 1)
    return out


@njit(cache=True, nogil=True, inline="always")
def _mixed(x: int) -> int:
    """Spread every bit of a 32-bit number over all of them."""
    x ^= x >> 16
    x = (x * _C) & _LOW
    x ^= x >> 15
    x = (x * _B) & _LOW
    return x ^ (x >> 16)
