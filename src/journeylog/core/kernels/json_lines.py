"""The kernels that are the definition of a JSON value here: what it is, and where it ends.

Strict JSON (RFC 8259) with one addition: the words ``NaN``, ``Infinity`` and ``-Infinity``, which many writers
leave. Nothing recurses, so depth costs nothing; beyond :data:`DEEPEST` levels a line is given up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.json_text import hex_digit
from journeylog.core.kernels.words import after_letters, equal

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = [
    "ABSENT",
    "BAD_TEXT",
    "BOOLEAN",
    "DEEPEST",
    "ESCAPED",
    "GOOD",
    "MISSING",
    "NESTED",
    "NOT_JSON",
    "NUMBER",
    "PLAIN",
    "REPEATED_KEY",
    "SPECIAL",
    "TOO_LONG",
]

#: Deepest nesting of arrays and objects that is read.
DEEPEST = 512

# Kinds of a value; 0 also says "no value can be read here".
ABSENT, MISSING, PLAIN, ESCAPED, NUMBER, BOOLEAN, NESTED, SPECIAL = 0, 1, 2, 3, 4, 5, 6, 7

# Verdicts on a line.
GOOD, NOT_JSON, REPEATED_KEY, TOO_LONG, BAD_TEXT, NEW_KEY = 0, 1, 2, 3, 4, 5

_LF, _QUOTE, _BACKSLASH, _COMMA, _COLON = 10, 34, 92, 44, 58
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 123, 125, 91, 93


@njit(cache=True, nogil=True)
def end_of_value(buf: Bytes, i: int, end: int, stack: Bytes) -> Any:
    """Return where the value at `i` ends and its kind."""
    if i >= end:
        return i, ABSENT
    c = buf[i]
    if c == _QUOTE:
        stop, kind = end_of_string(buf, i + 1, end)
        return stop + 1, kind
    if c in (_OPEN_OBJECT, _OPEN_ARRAY):
        return end_of_nested(buf, i, end, stack)
    return end_of_scalar(buf, i, end)


@njit(cache=True, nogil=True)
def end_of_nested(buf: Bytes, i: int, end: int, stack: Bytes) -> Any:
    """Return where the array or object at `i` ends; checks everything inside."""
    depth, need = 0, 0  # need: 0 a value, 1 a value or ], 2 a key, 3 a key or }, 4 a comma or the close
    while True:
        i = skip_space(buf, i, end)
        if i >= end:
            return i, ABSENT
        c = buf[i]
        if need <= 1 and (c in (_OPEN_OBJECT, _OPEN_ARRAY)):
            if depth == stack.size:
                return i, ABSENT
            stack[depth] = c
            depth += 1
            need = 3 if c == _OPEN_OBJECT else 1
            i += 1
        elif (need in (1, 4) and c == _CLOSE_ARRAY and stack[depth - 1] == _OPEN_ARRAY) or (
            need in (3, 4) and c == _CLOSE_OBJECT and stack[depth - 1] == _OPEN_OBJECT
        ):
            depth -= 1
            need = 4
            i += 1
        elif need <= 1:
            if c == _QUOTE:
                stop, kind = end_of_string(buf, i + 1, end)
                i = stop + 1
            else:
                i, kind = end_of_scalar(buf, i, end)
            if kind == ABSENT:
                return i, ABSENT
            need = 4
        elif need <= 3 and c == _QUOTE:
            stop, kind = end_of_string(buf, i + 1, end)
            if kind == ABSENT:
                return i, ABSENT
            i = skip_space(buf, stop + 1, end)
            if i >= end or buf[i] != _COLON:
                return i, ABSENT
            need = 0
            i += 1
        elif need == 4 and c == _COMMA:
            need = 2 if stack[depth - 1] == _OPEN_OBJECT else 0
            i += 1
        else:
            return i, ABSENT
        if depth == 0:
            return i, NESTED


@njit(cache=True, nogil=True)
def end_of_string(buf: Bytes, i: int, end: int) -> Any:
    """Return where the closing quote is, and whether the text is plain or has escapes."""
    kind = PLAIN
    while i < end:
        i = after_letters(buf, i, end)
        if i >= end:
            break
        c = buf[i]
        if c == _QUOTE:
            return i, kind
        if c < 32:
            return i, ABSENT
        if c == _BACKSLASH:
            kind = ESCAPED
            i += 1
            if i >= end:
                return i, ABSENT
            e = buf[i]
            if e == 117:  # u
                for k in range(1, 5):
                    if i + k >= end or hex_digit(buf[i + k]) < 0:
                        return i, ABSENT
                i += 4
            elif not (
                e == 34 or e == 92 or e == 47 or e == 98 or e == 102 or e == 110 or e == 114 or e == 116
            ):
                return i, ABSENT
        i += 1
    return i, ABSENT


@njit(cache=True, nogil=True, forceinline=True)
def end_of_scalar(buf: Bytes, i: int, end: int) -> Any:
    """Return where a number or word ends, and its kind."""
    start, negative = i, buf[i] == 45
    if is_word(buf, i, end, 110, 117, 108, 108):  # null
        return i + 4, MISSING
    if is_word(buf, i, end, 116, 114, 117, 101):  # true
        return i + 4, BOOLEAN
    if buf[i] == 102 and is_word(buf, i + 1, end, 97, 108, 115, 101):  # false
        return i + 5, BOOLEAN
    if i + 3 <= end and buf[i] == 78 and buf[i + 1] == 97 and buf[i + 2] == 78:  # NaN
        return i + 3, SPECIAL
    i += negative
    if is_word(buf, i, end, 73, 110, 102, 105) and is_word(buf, i + 4, end, 110, 105, 116, 121):  # Infinity
        return i + 8, SPECIAL
    whole = after_digits(buf, i, end)
    if whole == i or (buf[i] == 48 and whole > i + 1):
        return start, ABSENT
    i = whole
    if i < end and buf[i] == 46:
        i = after_digits(buf, i + 1, end)
        if i == whole + 1:
            return start, ABSENT
    if i < end and (buf[i] == 101 or buf[i] == 69):
        i += 1
        if i < end and (buf[i] == 43 or buf[i] == 45):
            i += 1
        power = i
        i = after_digits(buf, i, end)
        if i == power:
            return start, ABSENT
    return i, NUMBER


@njit(cache=True, nogil=True, forceinline=True)
def after_guess(buf: Bytes, at: int, end: int, keys: Bytes, offsets: Ints, guess: int) -> Any:
    """Return where the key ends if it is the one that came after the last one before; -1 if it is not."""
    if guess >= offsets.size - 1:
        return -1
    size = offsets[guess + 1] - offsets[guess]
    if at + size >= end or buf[at + size] != _QUOTE:
        return -1
    return at + size if equal(buf, at, keys, offsets[guess], size) else -1


@njit(cache=True, nogil=True, forceinline=True)
def after_plain(buf: Bytes, i: int, end: int) -> Any:
    """Return what follows the text at `i` if it is one without escapes, by far the most frequent value."""
    if i >= end or buf[i] != _QUOTE:
        return -1
    i = after_letters(buf, i + 1, end)
    return i + 1 if i < end and buf[i] == _QUOTE else -1


@njit(cache=True, nogil=True, forceinline=True)
def find_key(buf: Bytes, at: int, stop: int, keys: Bytes, offsets: Ints) -> Any:
    """Return the number of the key, -1 when it is unknown."""
    size = stop - at
    for k in range(offsets.size - 1):
        if offsets[k + 1] - offsets[k] == size and equal(buf, at, keys, offsets[k], size):
            return k
    return -1


@njit(cache=True, nogil=True, forceinline=True)
def after_digits(buf: Bytes, i: int, end: int) -> Any:
    """Return where the digits at `i` end."""
    while i < end and 48 <= buf[i] <= 57:
        i += 1
    return i


@njit(cache=True, nogil=True, forceinline=True)
def skip_space(buf: Bytes, i: int, end: int) -> Any:
    """Return where the white space at `i` ends."""
    while i < end and (buf[i] == 32 or buf[i] == 9 or buf[i] == 13):
        i += 1
    return i


@njit(cache=True, nogil=True, forceinline=True)
def is_word(buf: Bytes, i: int, end: int, a: int, b: int, c: int, d: int) -> Any:
    """Return whether these four bytes stand at `i`."""
    return i + 4 <= end and buf[i] == a and buf[i + 1] == b and buf[i + 2] == c and buf[i + 3] == d
