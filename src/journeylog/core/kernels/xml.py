"""The kernel that is the definition of XML here: the tags, attributes and texts of a block.

Namespaces are left to the caller. There is no document type and there are no entities but the five that XML knows
by itself and the numbers of characters: whatever else begins with ``<!`` or ``&`` ends the reading at once, so
nothing can expand and nothing is fetched. Nothing recurses; depth, attributes and runs of text have a limit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.xml_text import after, count_lines, end_of_name, end_of_reference, find_name

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = [
    "BAD_CHARACTER",
    "BAD_ENTITY",
    "BAD_TAG",
    "DECLARATION",
    "DEEPEST",
    "DONE",
    "EMPTY",
    "END",
    "MISMATCH",
    "MORE",
    "MOST_ATTRIBUTES",
    "NEW_NAME",
    "OUTSIDE",
    "REPEATED",
    "START",
    "TEXT",
    "TEXT_TOO_LONG",
    "TOO_DEEP",
    "TOO_MANY",
    "scan_xml",
]

#: Deepest nesting of elements, most attributes of one, and most bytes of text between two tags.
DEEPEST, MOST_ATTRIBUTES, LONGEST_TEXT = 128, 64, 1 << 24

# Kinds of a token. An empty element is one token.
START, END, EMPTY, TEXT = 1, 2, 3, 4
# Columns of a token: a text has 1 as its name where references must be resolved, 0 where it is as written.
KIND, NAME, DEPTH, AT, STOP, LINE, FIRST, COUNT = 0, 1, 2, 3, 4, 5, 6, 7
# Columns of the state: open elements, line breaks so far, 0 before the root, 1 in it, 2 after it, length of the text.
OPEN, LINES, ROOT, RUN = 0, 1, 2, 3

# Verdicts on a block: read, a new name, the end of the block lies inside of something; all others are faults.
DONE, NEW_NAME, MORE = 0, 1, 2
DECLARATION, BAD_ENTITY, BAD_TAG, MISMATCH, TOO_DEEP, TOO_MANY = 3, 4, 5, 6, 7, 8
REPEATED, OUTSIDE, BAD_CHARACTER, TEXT_TOO_LONG = 9, 10, 11, 12

_LF, _CR, _TAB, _SPACE, _QUOTE, _AMP, _APOS = 10, 13, 9, 32, 34, 38, 39
_SLASH, _LT, _EQUALS, _GT, _QUESTION, _BANG, _DASH = 47, 60, 61, 62, 63, 33, 45


@njit(cache=True, nogil=True)
def scan_xml(
    buf: Bytes,
    begin: int,
    final: bool,
    texts: bool,
    names: Bytes,
    offsets: Ints,
    heads: Spots,
    chain: Spots,
    stack: Spots,
    state: Ints,
    tokens: Spots,
    attributes: Spots,
    done: Ints,
) -> Any:
    """Find the tokens of a block.

    Parameters
    ----------
    buf, begin, final : the block, where to start in it, and whether the document ends with it
    texts : whether texts are tokens
    names, offsets, heads, chain : known names and the table to find them by; see :func:`find_name`
    stack : names of the open elements
    state : in and out; open elements, line breaks, place of the root, length of the text so far
    tokens : out, (n, 8); kind, name, depth, span, line, first attribute and their number
    attributes : out, (n, 4); name, span of the value, and 1 where it is not as written
    done : in and out; tokens and attributes so far

    Returns
    -------
    at : where the scan stopped
    verdict : ``DONE``, ``NEW_NAME``, ``MORE`` or a fault
    start, stop : span of the new name, or of what is at fault
    """
    i, n = begin, buf.size
    while i < n:
        if buf[i] != _LT:
            at, verdict = scan_text(buf, i, final, texts, state, tokens, done)
            if verdict != DONE:
                return at, verdict, at, min(at + 80, n)
            i = at
            continue
        if i + 1 == n:
            return i, MORE, i, n
        c = buf[i + 1]
        if c == _BANG:
            at, verdict = scan_special(buf, i, texts, state, tokens, done)
        elif c == _QUESTION:
            at = after(buf, i + 2, _QUESTION, _GT, _GT, 2)
            verdict = MORE if at < 0 else DONE
            if at > 0:
                state[LINES] += count_lines(buf, i, at)
        elif c == _SLASH:
            at, verdict = scan_end(buf, i, names, offsets, heads, chain, stack, state, tokens, done)
        else:
            at, verdict, start, stop = scan_start(
                buf, i, names, offsets, heads, chain, stack, state, tokens, attributes, done
            )
            if verdict == NEW_NAME:
                return i, NEW_NAME, start, stop
        if verdict != DONE:
            return i, verdict, i, min(i + 80, n)
        state[RUN] = 0
        i = at
    return i, DONE, 0, 0


@njit(cache=True, nogil=True)
def scan_text(buf: Bytes, i: int, final: bool, texts: bool, state: Ints, tokens: Spots, done: Ints) -> Any:
    """Read what stands between two tags; return where it stopped and the verdict."""
    begin, n, lines, blank, resolve = i, buf.size, 0, True, 0
    line = state[LINES]
    while i < n and buf[i] != _LT:
        c = buf[i]
        if c == _AMP:
            stop = end_of_reference(buf, i)
            if stop == 0 and not final:
                break
            if stop <= 0:
                return i, BAD_ENTITY
            blank, resolve, i = False, 1, stop
            continue
        if c == _LF:
            lines += 1
        elif c > _SPACE:
            blank = False
        elif c == _CR:
            if i + 1 == n and not final:
                break
            resolve = 1
        elif c != _SPACE and c != _TAB:
            return i, BAD_CHARACTER
        i += 1
    if i == begin:
        return i, MORE
    if not blank and state[OPEN] == 0:
        return begin, OUTSIDE
    state[LINES] += lines
    state[RUN] += i - begin
    if state[RUN] > LONGEST_TEXT:
        return begin, TEXT_TOO_LONG
    if texts and state[OPEN] > 0:
        put(tokens, done, TEXT, resolve, state[OPEN], begin, i, line)
    return i, DONE


@njit(cache=True, nogil=True)
def scan_special(buf: Bytes, i: int, texts: bool, state: Ints, tokens: Spots, done: Ints) -> Any:
    """Read a comment or a CDATA section; all other declarations are refused."""
    n = buf.size
    if i + 2 == n:
        return i, MORE
    if buf[i + 2] == _DASH:
        if i + 3 == n:
            return i, MORE
        if buf[i + 3] != _DASH:
            return i, DECLARATION
        at = after(buf, i + 4, _DASH, _DASH, _GT, 3)
        if at < 0:
            return i, MORE
    else:
        word = np.array([91, 67, 68, 65, 84, 65, 91], np.uint8)  # [CDATA[
        for k in range(7):
            if i + 2 + k == n:
                return i, MORE
            if buf[i + 2 + k] != word[k]:
                return i, DECLARATION
        if state[OPEN] == 0:
            return i, OUTSIDE
        at = after(buf, i + 9, 93, 93, _GT, 3)
        if at < 0:
            return i, MORE
        if texts:
            put(tokens, done, TEXT, 0, state[OPEN], i + 9, at - 3, state[LINES])
    state[LINES] += count_lines(buf, i, at)
    return at, DONE


@njit(cache=True, nogil=True)
def scan_end(
    buf: Bytes, i: int, names: Bytes, offsets: Ints, heads: Spots, chain: Spots, stack: Spots, state: Ints,
    tokens: Spots, done: Ints,
) -> Any:  # fmt: skip
    """Read the tag that closes an element."""
    stop = end_of_name(buf, i + 2)
    at = stop
    while at < buf.size and (buf[at] == _SPACE or buf[at] == _TAB or buf[at] == _LF or buf[at] == _CR):
        at += 1
    if at == buf.size:
        return i, MORE
    depth = state[OPEN]
    name = find_name(buf, i + 2, stop, names, offsets, heads, chain)
    if buf[at] != _GT:
        return i, BAD_TAG
    if depth == 0 or name < 0 or stack[depth - 1] != name:
        return i, MISMATCH
    put(tokens, done, END, name, depth - 1, i, at + 1, state[LINES])
    state[LINES] += count_lines(buf, stop, at)
    state[OPEN] = depth - 1
    if depth == 1:
        state[ROOT] = 2
    return at + 1, DONE


@njit(cache=True, nogil=True)
def scan_start(
    buf: Bytes, i: int, names: Bytes, offsets: Ints, heads: Spots, chain: Spots, stack: Spots, state: Ints,
    tokens: Spots, attributes: Spots, done: Ints,
) -> Any:  # fmt: skip
    """Read the tag that opens an element, with its attributes."""
    begin, n, lines = i, buf.size, 0
    depth, first = state[OPEN], done[1]
    stop = end_of_name(buf, i + 1)
    if stop == n:
        return i, MORE, 0, 0
    if stop == i + 1:
        return i, BAD_TAG, 0, 0
    name = find_name(buf, i + 1, stop, names, offsets, heads, chain)
    if name < 0:
        return i, NEW_NAME, i + 1, stop
    if state[ROOT] == 2:
        return i, OUTSIDE, 0, 0
    k, i = first, stop
    while True:
        gap = i
        while i < n and buf[i] <= _SPACE:
            lines += buf[i] == _LF
            i += 1
        if i >= n:
            return i, MORE, 0, 0
        c = buf[i]
        if c in (_GT, _SLASH):
            break
        if i == gap:
            return i, BAD_TAG, 0, 0
        if k - first == MOST_ATTRIBUTES:
            return i, TOO_MANY, 0, 0
        i, verdict, start, stop, broken = scan_attribute(
            buf, i, names, offsets, heads, chain, attributes, first, k
        )
        if verdict != DONE:
            return i, verdict, start, stop
        lines += broken
        k += 1
    kind = START
    if c == _SLASH:
        kind = EMPTY
        i += 1
        if i == n:
            return i, MORE, 0, 0
        if buf[i] != _GT:
            return i, BAD_TAG, 0, 0
    if kind == START:
        if depth == DEEPEST:
            return i, TOO_DEEP, 0, 0
        stack[depth] = name
        state[OPEN] = depth + 1
        state[ROOT] = 1
    elif depth == 0:
        state[ROOT] = 2
    row = put(tokens, done, kind, name, depth, begin, i + 1, state[LINES])
    tokens[row, FIRST], tokens[row, COUNT] = first, k - first
    done[1] = k
    state[LINES] += lines
    return i + 1, DONE, 0, 0


@njit(cache=True, nogil=True)
def scan_attribute(
    buf: Bytes, i: int, names: Bytes, offsets: Ints, heads: Spots, chain: Spots, attributes: Spots, first: int,
    k: int,
) -> Any:  # fmt: skip
    """Read one attribute of a tag; return where it ends, the verdict, a new name's span, and line breaks inside."""
    n, lines = buf.size, 0
    stop = end_of_name(buf, i)
    if stop == n:
        return i, MORE, 0, 0, 0
    if stop == i:
        return i, BAD_TAG, 0, 0, 0
    name = find_name(buf, i, stop, names, offsets, heads, chain)
    if name < 0:
        return i, NEW_NAME, i, stop, 0
    for other in range(first, k):
        if attributes[other, 0] == name:
            return i, REPEATED, 0, 0, 0
    i = stop
    while i < n and buf[i] <= _SPACE:
        lines += buf[i] == _LF
        i += 1
    if i < n and buf[i] != _EQUALS:
        return i, BAD_TAG, 0, 0, 0
    i += 1
    while i < n and buf[i] <= _SPACE:
        lines += buf[i] == _LF
        i += 1
    if i >= n:
        return i, MORE, 0, 0, 0
    quote = buf[i]
    if quote != _QUOTE and quote != _APOS:
        return i, BAD_TAG, 0, 0, 0
    begin, resolve = i + 1, 0
    i += 1
    while i < n and buf[i] != quote:
        c = buf[i]
        if c == _AMP:
            stop = end_of_reference(buf, i)
            if stop <= 0:
                return i, (MORE if stop == 0 else BAD_ENTITY), 0, 0, 0
            resolve, i = 1, stop
            continue
        if c == _LT:
            return i, BAD_TAG, 0, 0, 0
        if c < _SPACE:
            if c != _LF and c != _TAB and c != _CR:
                return i, BAD_CHARACTER, 0, 0, 0
            resolve = 1
            lines += c == _LF
        i += 1
    if i >= n:
        return i, MORE, 0, 0, 0
    attributes[k, 0], attributes[k, 1], attributes[k, 2], attributes[k, 3] = name, begin, i, resolve
    return i + 1, DONE, 0, 0, lines


@njit(cache=True, nogil=True)
def put(tokens: Spots, done: Ints, kind: int, name: int, depth: int, at: int, stop: int, line: int) -> Any:
    """Write a token; return its row."""
    row = done[0]
    tokens[row, KIND], tokens[row, NAME], tokens[row, DEPTH] = kind, name, depth
    tokens[row, AT], tokens[row, STOP], tokens[row, LINE] = at, stop, line
    tokens[row, FIRST], tokens[row, COUNT] = 0, 0
    done[0] = row + 1
    return row
