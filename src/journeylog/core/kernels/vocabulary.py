"""Kernels that number texts in order of first appearance: a hash table of bytes that is fed piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

__all__ = ["hash_texts", "mark_repeated", "mark_used", "move", "number_texts", "spread"]

_LOW = 0xFFFFFFFF
_FACTOR = 0x61C88647  # odd, of 31 bits: its product with 32 bits never leaves 64
_OTHER = 0x2545F491
_HASH = 0x7FFFFFFF
_AT_ONCE = 128


@njit(cache=True, nogil=True, inline="always")
def _word(data: Bytes, i: int) -> Any:
    """Return eight bytes as a number; an unsigned index needs no look whether it counts from the end."""
    j = np.uint64(i)
    return (
        np.int64(data[j])
        | (np.int64(data[j + np.uint64(1)]) << 8)
        | (np.int64(data[j + np.uint64(2)]) << 16)
        | (np.int64(data[j + np.uint64(3)]) << 24)
        | (np.int64(data[j + np.uint64(4)]) << 32)
        | (np.int64(data[j + np.uint64(5)]) << 40)
        | (np.int64(data[j + np.uint64(6)]) << 48)
        | (np.int64(data[j + np.uint64(7)]) << 56)
    )


@njit(cache=True, nogil=True, inline="always")
def _rest(data: Bytes, i: int, size: int) -> Any:
    """Return fewer than eight bytes as a number; where more follow, they are read too and left out."""
    if i + 8 <= data.size:
        return _word(data, i) & ((np.int64(1) << (8 * size)) - 1)
    rest, shift = np.int64(0), 0
    for k in range(size):
        rest |= np.int64(data[i + k]) << shift
        shift += 8
    return rest


@njit(cache=True, nogil=True, inline="always")
def _mixed(h: int, word: int) -> Any:
    """Return a hash with a word more; each half is multiplied apart, so that nothing leaves 64 bits."""
    return (((h ^ (h >> 32) ^ word) & _LOW) * _FACTOR) ^ (((word >> 32) & _LOW) * _OTHER)


@njit(cache=True, nogil=True, inline="always")
def _hash(data: Bytes, i: int, end: int) -> Any:
    h = np.int64(end - i)
    while end - i >= 8:
        h = _mixed(h, _word(data, i))
        i += 8
    h = _mixed(h, _rest(data, i, end - i))
    return (_mixed(h, h >> 16) >> 16) & _HASH


@njit(cache=True, nogil=True, inline="always")
def _same(a: Bytes, i: int, b: Bytes, j: int, length: int) -> bool:
    while length >= 8:
        if _word(a, i) != _word(b, j):
            return False
        i += 8
        j += 8
        length -= 8
    return bool(_rest(a, i, length) == _rest(b, j, length))


@njit(cache=True, nogil=True)
def _fetch(hashed: Ints, table: Ints, texts: Bytes, ends: Ints, out: Ints) -> None:
    """Read what many look-ups will need, so that they wait for memory side by side and not in turn."""
    mask = table.size - 1
    for r in range(hashed.size):
        out[r] = table[hashed[r] & mask] & _LOW
    for r in range(hashed.size):
        out[r] = ends[out[r]]
    for r in range(hashed.size):
        out[r] = texts[max(out[r] - 1, 0)]


@njit(cache=True, nogil=True)
def number_texts(
    data: Bytes, offsets: Any, first: int, table: Ints, texts: Bytes, ends: Ints, n: int, out: Codes
) -> Any:
    """Write the number of each text from row `first` on to `out`; stop where there is no room for a new one.

    Parameters
    ----------
    data, offsets
        The texts: row r is ``data[offsets[r]:offsets[r + 1]]``.
    table : ndarray of int64, its length a power of two
        At each place the hash of a known text above its number from 1; 0 is free.
    texts, ends
        The known texts: number k is ``texts[ends[k]:ends[k + 1]]``.
    n : int
        How many are known.

    Returns
    -------
    row, n : int
        The first row that was not done, and how many are known now.
    """
    mask = table.size - 1
    hashed = np.empty(_AT_ONCE, np.int64)
    fetched = np.empty(_AT_ONCE, np.int64)
    for begin in range(first, out.size, _AT_ONCE):
        stop = min(begin + _AT_ONCE, out.size)
        for r in range(begin, stop):
            hashed[r - begin] = _hash(data, offsets[r], offsets[r + 1])
        _fetch(hashed[: stop - begin], table, texts, ends, fetched)
        for r in range(begin, stop):
            key = hashed[r - begin]
            i, length = np.int64(offsets[r]), np.int64(offsets[r + 1] - offsets[r])
            s = key & mask
            while True:
                found = table[s]
                if found == 0:
                    if 2 * (n + 1) > table.size or ends[n] + length > texts.size:
                        return r, n
                    texts[ends[n] : ends[n] + length] = data[i : i + length]
                    ends[n + 1] = ends[n] + length
                    out[r] = n
                    n += 1
                    table[s] = (key << 32) | n
                    break
                if found >> 32 == key:
                    k = (found & _LOW) - 1
                    if ends[k + 1] - ends[k] == length and _same(data, i, texts, ends[k], length):
                        out[r] = k
                        break
                s = (s + 1) & mask
    return out.size, n


@njit(cache=True, nogil=True)
def spread(table: Ints, wider: Ints) -> None:
    """Move a table to a larger one."""
    mask = wider.size - 1
    for s in range(table.size):
        if table[s] != 0:
            p = (table[s] >> 32) & mask
            while wider[p] != 0:
                p = (p + 1) & mask
            wider[p] = table[s]


@njit(cache=True, nogil=True)
def hash_texts(data: Bytes, offsets: Any, out: Codes) -> None:
    """Write a hash of 31 bits of each text to `out`; equal texts have equal ones."""
    for row in range(out.size):
        out[row] = _hash(data, offsets[row], offsets[row + 1])


@njit(cache=True, nogil=True)
def mark_repeated(data: Bytes, offsets: Any, hashed: Codes, valid: Bytes, out: Bytes) -> Any:
    """Mark texts that stand in several rows, and return how many rows are marked.

    Parameters
    ----------
    hashed : hash of each text
    valid : 0 where none is there, and empty if all are
    out : zeros at first
    """
    size = 2
    while size < 2 * hashed.size:
        size *= 2
    table = np.zeros(size, np.int32)  # at each place the number of a row from 1; 0 is free
    n = 0
    for row in range(hashed.size):
        if valid.size and not valid[row]:
            continue
        i, length = np.int64(offsets[row]), np.int64(offsets[row + 1] - offsets[row])
        s = hashed[row] & (size - 1)
        while table[s]:
            other = table[s] - 1
            if hashed[other] == hashed[row]:
                k = np.int64(offsets[other])
                if offsets[other + 1] - k == length and _same(data, i, data, k, length):
                    n += 2 - out[other]
                    out[other] = out[row] = 1
                    break
            s = (s + 1) & (size - 1)
        if not table[s]:
            table[s] = row + 1
    return n


@njit(cache=True, nogil=True)
def mark_used(codes: Codes, used: npt.NDArray[np.bool_]) -> None:
    """Mark the codes that occur; those below zero stand for missing."""
    for row in range(codes.size):
        if codes[row] >= 0:
            used[codes[row]] = True


@njit(cache=True, nogil=True)
def move(codes: Codes, moved: Codes, out: Codes) -> None:
    """Write the new code of each row; missing stays missing."""
    for row in range(codes.size):
        out[row] = moved[codes[row]] if codes[row] >= 0 else -1
