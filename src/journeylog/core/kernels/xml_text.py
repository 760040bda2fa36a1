"""The kernels for what stands inside XML's tags: names, references, and texts as they are meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.json_text import hex_digit, write_utf8

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = [
    "after",
    "count_lines",
    "end_of_name",
    "end_of_reference",
    "find_name",
    "gather_texts",
    "hash_of",
]

_LF, _CR, _TAB, _SPACE, _QUOTE, _HASH, _AMP, _APOS = 10, 13, 9, 32, 34, 35, 38, 39
_SLASH, _SEMICOLON, _LT, _EQUALS, _GT = 47, 59, 60, 61, 62
#: Longest reference: ``&#x0010FFFF;`` with zeros to spare.
_REFERENCE = 16


@njit(cache=True, nogil=True)
def after(buf: Bytes, i: int, a: int, b: int, c: int, size: int) -> Any:
    """Return what follows the next two bytes ``a b``, or three ``a b c``; -1 when they are not there."""
    while i + size <= buf.size:
        if buf[i] == a and buf[i + 1] == b and (size == 2 or buf[i + 2] == c):
            return i + size
        i += 1
    return -1


@njit(cache=True, nogil=True)
def count_lines(buf: Bytes, i: int, end: int) -> Any:
    """Return how many lines end between two places."""
    n = 0
    while i < end:
        n += buf[i] == _LF
        i += 1
    return n


@njit(cache=True, nogil=True)
def end_of_name(buf: Bytes, i: int) -> Any:
    """Return where the name at `i` ends; which bytes make a name is looked at when it is learned."""
    while i < buf.size:
        c = buf[i]
        if c <= _SPACE or c in (_SLASH, _GT, _EQUALS, _LT, _QUOTE, _APOS):
            return i
        i += 1
    return i


@njit(cache=True, nogil=True)
def end_of_reference(buf: Bytes, i: int) -> Any:
    """Return what follows the reference at `i`; 0 when the block ends in it, -1 when it is none that is known."""
    n, k = buf.size, i + 1
    stop = min(n, i + _REFERENCE)
    while k < stop and buf[k] != _SEMICOLON:
        k += 1
    if k == n and k < i + _REFERENCE:
        return 0
    if k == stop:
        return -1
    return k + 1 if code_point(buf, i + 1, k) > 0 else -1


@njit(cache=True, nogil=True)
def code_point(buf: Bytes, i: int, end: int) -> Any:
    """Return the character that the name or number between ``&`` and ``;`` stands for, 0 for none."""
    size = end - i
    if size >= 2 and buf[i] == _HASH:
        base = 16 if buf[i + 1] == 120 else 10
        i += 2 if base == 16 else 1
        if i == end:
            return 0
        point = 0
        while i < end:
            digit = hex_digit(buf[i])
            if digit < 0 or digit >= base:
                return 0
            point = point * base + digit
            i += 1
        if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF or point in (0xFFFE, 0xFFFF):
            return 0
        return point if point >= _SPACE or point in (_TAB, _LF, _CR) else 0
    a, b = (buf[i] if size else 0), (buf[i + 1] if size > 1 else 0)
    if size == 2 and b == 116:  # t
        return _LT if a == 108 else _GT if a == 103 else 0
    if size == 3 and a == 97 and b == 109 and buf[i + 2] == 112:  # amp
        return _AMP
    if size == 4 and a == 113 and b == 117 and buf[i + 2] == 111 and buf[i + 3] == 116:  # quot
        return _QUOTE
    if size == 4 and a == 97 and b == 112 and buf[i + 2] == 111 and buf[i + 3] == 115:  # apos
        return _APOS
    return 0


@njit(cache=True, nogil=True)
def hash_of(buf: Bytes, i: int, end: int, size: int) -> Any:
    """Return the place of a name in a table of `size`, a power of two."""
    h = 2166136261
    while i < end:
        h = ((h ^ int(buf[i])) * 16777619) & 0xFFFFFFFF
        i += 1
    return (h ^ (h >> 15)) & (size - 1)


@njit(cache=True, nogil=True)
def find_name(buf: Bytes, i: int, end: int, names: Bytes, offsets: Ints, heads: Spots, chain: Spots) -> Any:
    """Return the number of the name at `i`, -1 when it is unknown."""
    k = heads[hash_of(buf, i, end, heads.size)]
    while k >= 0:
        if offsets[k + 1] - offsets[k] == end - i:
            same, begin = 0, offsets[k]
            while same < end - i and names[begin + same] == buf[i + same]:
                same += 1
            if same == end - i:
                return k
        k = chain[k]
    return -1


@njit(cache=True, nogil=True)
def gather_texts(
    buf: Bytes, spans: Spots, kinds: Bytes, data: Bytes, offsets: Spots, valid: Bytes, in_tag: bool
) -> None:
    """Copy one column's values side by side as UTF-8, references resolved.

    Parameters
    ----------
    spans, kinds : (rows, 2) and (rows,); 0 is missing, 1 as written, 2 with references or white space to resolve
    data, offsets, valid : out
    in_tag : whether line breaks and tabs become spaces, as XML says of values in tags; in texts only line breaks
        of other systems are made one
    """
    spot = 0
    offsets[0] = 0
    for row in range(kinds.size):
        i, end = spans[row, 0], spans[row, 1]
        valid[row] = kinds[row] > 0
        if kinds[row] == 1:
            while i < end:
                data[spot] = buf[i]
                spot += 1
                i += 1
        elif kinds[row] == 2:
            spot = resolve_text(buf, i, end, data, spot, in_tag)
        offsets[row + 1] = spot


@njit(cache=True, nogil=True)
def resolve_text(buf: Bytes, i: int, end: int, data: Bytes, spot: int, in_tag: bool) -> Any:
    """Write one text with its references resolved; return where it ends."""
    while i < end:
        c = buf[i]
        if c == _AMP:
            stop = end_of_reference(buf, i)
            spot = write_utf8(code_point(buf, i + 1, stop - 1), data, spot)
            i = stop
            continue
        if c == _CR and i + 1 < end and buf[i + 1] == _LF:
            i += 1
            continue
        if c < _SPACE:
            c = _SPACE if in_tag else _LF if c == _CR else c
        data[spot] = c
        spot += 1
        i += 1
    return spot
