"""Kernels that number texts in order of first appearance: a hash table of bytes that is fed piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.borrowed import borrowed
from journeylog.core.kernels.words import equal, word

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int32]

__all__ = ["hash_texts", "mark_repeated", "mark_used", "move", "number_texts", "spread"]

_0, _1, _8, _16, _32 = (np.uint64(k) for k in (0, 1, 8, 16, 32))
_LOW = np.uint64(0xFFFFFFFF)
_FACTOR = np.uint64(0x61C88647)  # odd, of 31 bits: its product with 32 bits never leaves 64
_OTHER = np.uint64(0x2545F491)
_HASH = np.uint64(0x7FFFFFFF)
_AT_ONCE = 128


@njit(cache=True, nogil=True, forceinline=True)
def _mixed(h: Any, w: Any) -> Any:
    """Return a hash with a word more; each half is multiplied apart, so that nothing leaves 64 bits."""
    return (((h ^ (h >> _32) ^ w) & _LOW) * _FACTOR) ^ (((w >> _32) & _LOW) * _OTHER)


@njit(cache=True, nogil=True, forceinline=True)
def _hash(data: Bytes, i: int, end: int) -> Any:
    """Return a hash of 31 bits; of a text whose length is no multiple of eight some bytes may count twice."""
    at, stop = np.uint64(i), np.uint64(end)
    size = stop - at
    h = size
    while at + _8 <= stop:
        h = _mixed(h, word(data, at))
        at += _8
    if at < stop and size >= _8:
        h = _mixed(h, word(data, stop - _8))
    elif at < stop:
        h = _mixed(h, _short(data, at, size))
    return (_mixed(h, h >> _16) >> _16) & _HASH


@njit(cache=True, nogil=True, forceinline=True)
def _short(data: Bytes, at: Any, size: Any) -> Any:
    """Return fewer than eight bytes as a number; where more follow, they are read too and left out."""
    if at + _8 <= np.uint64(data.size):
        return word(data, at) & ((_1 << (_8 * size)) - _1)
    rest, shift = _0, _0
    for k in range(size):
        rest |= np.uint64(data[at + np.uint64(k)]) << shift
        shift += _8
    return rest


@njit(cache=True, nogil=True)
def number_texts(
    data: Bytes, offsets: Any, first: int, table: Words, texts: Bytes, ends: Ints, n: int, out: Codes
) -> Any:
    """Write the number of each text from row `first` on to `out`; stop where there is no room for a new one.

    Parameters
    ----------
    data, offsets
        The texts: row r is ``data[offsets[r]:offsets[r + 1]]``.
    table : ndarray of uint64, its length a power of two
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
    data, table, texts, ends = borrowed(data), borrowed(table), borrowed(texts), borrowed(ends)
    offsets, out = borrowed(offsets), borrowed(out)
    mask = np.uint64(table.size - 1)
    hashed = np.empty(_AT_ONCE, np.uint64)
    fetched = np.empty(_AT_ONCE, np.int64)
    for begin in range(first, out.size, _AT_ONCE):
        some = min(_AT_ONCE, out.size - begin)
        for r in range(some):
            hashed[r] = _hash(data, offsets[begin + r], offsets[begin + r + 1])
        # What many look-ups will need is read first, so that they wait for memory side by side and not in turn.
        for r in range(some):
            fetched[r] = np.int64(table[hashed[r] & mask] & _LOW)
        for r in range(some):
            fetched[r] = ends[max(fetched[r] - 1, 0)]
        for r in range(some):
            fetched[r] = texts[max(fetched[r] - 1, 0)]
        for r in range(some):
            key, row = hashed[r], begin + r
            i, length = np.int64(offsets[row]), np.int64(offsets[row + 1]) - np.int64(offsets[row])
            s = key & mask
            while True:
                found = table[s]
                if found == _0:
                    if 2 * (n + 1) > table.size or ends[n] + length > texts.size:
                        return row, n
                    for k in range(length):
                        texts[ends[n] + k] = data[i + k]
                    ends[n + 1] = ends[n] + length
                    out[row] = n
                    n += 1
                    table[s] = (key << _32) | np.uint64(n)
                    break
                if found >> _32 == key:
                    known = np.int64(found & _LOW) - 1
                    if ends[known + 1] - ends[known] == length and equal(data, i, texts, ends[known], length):
                        out[row] = known
                        break
                s = (s + _1) & mask
    return out.size, n


@njit(cache=True, nogil=True)
def spread(table: Words, wider: Words) -> None:
    """Move a table to a larger one."""
    mask = np.uint64(wider.size - 1)
    for s in range(table.size):
        if table[s] != _0:
            p = (table[s] >> _32) & mask
            while wider[p] != _0:
                p = (p + _1) & mask
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
                if offsets[other + 1] - k == length and equal(data, i, data, k, length):
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
