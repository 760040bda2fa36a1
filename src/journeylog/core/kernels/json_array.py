"""The kernel that lays the elements of a JSON array out as lines, a block of bytes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

__all__ = ["DEPTH", "ENDED", "IN_TEXT", "split_elements"]

# Places in the state: depth of nesting, whether inside of a text, after a backslash, after the end of the array.
DEPTH, IN_TEXT, ESCAPE, ENDED = 0, 1, 2, 3

_LF, _CR, _QUOTE, _BACKSLASH, _COMMA, _SPACE = 10, 13, 34, 92, 44, 32
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 123, 125, 91, 93


@njit(cache=True, nogil=True)
def split_elements(buf: Bytes, out: Bytes, state: Ints) -> Any:
    """Write the elements of an array one a line; line breaks between tokens become spaces.

    Parameters
    ----------
    buf : a block; the array's opening bracket has been taken (depth 1)
    out : out, as long as `buf` and one more
    state : in and out, four places

    Returns
    -------
    used : how much of `buf` was looked at; less than all when the array ended
    written : how much of `out` was written
    """
    depth, in_text, escape = state[DEPTH], state[IN_TEXT], state[ESCAPE]
    spot, i = 0, 0
    while i < buf.size and not state[ENDED]:
        c = buf[i]
        if in_text:
            if escape:
                escape = 0
            elif c == _BACKSLASH:
                escape = 1
            elif c == _QUOTE:
                in_text = 0
        elif c == _QUOTE:
            in_text = 1
        elif c in (_LF, _CR):
            c = _SPACE
        elif c in (_OPEN_OBJECT, _OPEN_ARRAY):
            depth += 1
        elif c in (_CLOSE_OBJECT, _CLOSE_ARRAY):
            depth -= 1
            if depth == 0:
                state[ENDED] = 1
                c = _LF
        elif c == _COMMA and depth == 1:
            c = _LF
        if in_text and c in (_LF, _CR):
            c = 0  # no line break may stand in a text: the line must not become two, and is rejected for it
        out[spot] = c
        spot += 1
        i += 1
    state[DEPTH], state[IN_TEXT], state[ESCAPE] = depth, in_text, escape
    return i, spot
