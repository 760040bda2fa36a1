"""The kernel that walks the tokens of an XES log: which attributes are whose, event after event.

An event is a row, and so is a trace without any. Attributes of the trace stand before its events, as the standard
says. What stands elsewhere in the log (``<global>`` defaults, extensions, classifiers, attributes of the log, elements
of other namespaces) belongs to no event and is passed over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.xml import AT, COUNT, DEPTH, END, FIRST, KIND, LINE, NAME, START, STOP
from journeylog.core.kernels.xml_text import find_name

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = [
    "ABSENT",
    "ALL_READ",
    "BOOLEAN",
    "CONTAINER",
    "DATE",
    "EMPTY_TRACE",
    "EVENT",
    "FLOAT",
    "GOOD",
    "ID",
    "INT",
    "LATE",
    "LIST",
    "LOG",
    "LOG_PLACE",
    "MISSING",
    "NESTED",
    "NEW_KEY",
    "NEW_NESTED",
    "NO_KEY",
    "NO_LOG",
    "OF_EVENT",
    "OF_TRACE",
    "OTHER",
    "REPEATED_KEY",
    "RESOLVE",
    "STRING",
    "TRACE",
    "VALUES",
    "walk_xes",
]

# What an element means.
OTHER, LOG, TRACE, EVENT, VALUES = 0, 1, 2, 3, 4
STRING, DATE, INT, FLOAT, BOOLEAN, ID, LIST, CONTAINER = 8, 9, 10, 11, 12, 13, 14, 15
# Kinds of a cell: nothing, an attribute without value, a type above; with RESOLVE its text is not as written.
# NESTED: the cell is a span of tokens, the attributes inside of the attribute.
ABSENT, MISSING, RESOLVE, NESTED = 0, 1, 16, 32

# Verdicts on a row.
GOOD, REPEATED_KEY, NO_KEY, EMPTY_TRACE = 0, 1, 2, 3
# Why the walk stopped: the tokens end, a key is new or first has attributes of its own, and what no log does.
ALL_READ, NEW_KEY, NEW_NESTED, NO_LOG, LATE = 0, 1, 2, 3, 4

#: Whose a key is.
OF_TRACE, OF_EVENT = 0, 1

# Columns of the state: where we are, the depth below which all is passed over (-1: nothing is), whether the open trace
# has events, and the verdict on the open trace. The first row of traces is the trace left open by the block before.
LOG_PLACE, PASSED, FILLED, TRACE_VERDICT, TRACE_LINE = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)
def walk_xes(
    buf: Bytes, tokens: Spots, n_tokens: int, attributes: Spots, begin: int, meaning: Bytes, key_id: int,
    value_id: int, keys: Bytes, offsets: Ints, heads: Spots, chain: Spots, column: Spots, nested: Spots,
    state: Ints, spans: Spots, kinds: Bytes, where: Spots, trace_spans: Spots, trace_kinds: Bytes, done: Ints,
) -> Any:  # fmt: skip
    """Sort the attributes of a block into rows.

    Parameters
    ----------
    tokens, n_tokens, attributes, begin : what :func:`journeylog.core.kernels.xml.scan_xml` found, and where to start
    meaning : of each name of an element
    key_id, value_id : names of the attributes ``key`` and ``value``
    keys, offsets, heads, chain : known keys
    column, nested : (2, keys); of each key of traces and of events the column of its value, and of the attributes
        inside of it (-1: not wanted, -2: not known yet)
    state : in and out
    spans, kinds : out, (rows, columns, 2) and (rows, columns)
    where : out, (rows, 5); row of the trace (-1: none), line, span, verdict
    trace_spans, trace_kinds : out, the same for traces
    done : in and out; rows and traces so far

    Returns
    -------
    at : token at which the walk stopped: all before it have been sorted
    why : ``ALL_READ``, ``NEW_KEY``, ``NEW_NESTED``, ``NO_LOG`` or ``LATE``
    start, stop : span of the key
    scope : whose it is
    """
    k = begin
    while k < n_tokens:
        kind, depth = tokens[k, KIND], tokens[k, DEPTH]
        if state[PASSED] >= 0:
            if kind == END and depth == state[PASSED]:
                state[PASSED] = -1
            k += 1
            continue
        means = meaning[tokens[k, NAME]]
        place = state[LOG_PLACE]
        if place == OTHER:
            if means != LOG:
                return k, NO_LOG, 0, 0, 0
            if kind == START:
                state[LOG_PLACE] = LOG
        elif kind == END:
            if place == TRACE and state[FILLED] == 0:
                add_row(tokens, k, done[1] - 1, EMPTY_TRACE, where, done)
                where[done[0] - 1, 1] = state[TRACE_LINE]
            state[LOG_PLACE] = LOG if place == TRACE else OTHER
        elif means == EVENT:
            stop, why, a, b = read_event(
                buf, tokens, k, n_tokens, attributes, meaning, key_id, value_id, keys, offsets, heads, chain,
                column, nested, state, spans, kinds, where, done,
            )  # fmt: skip
            if stop < 0:
                return k, why, a, b, OF_EVENT
            state[FILLED] = 1
            k = stop
            continue
        elif place == LOG and means == TRACE:
            trace_kinds[done[1], :] = ABSENT
            done[1] += 1
            state[FILLED], state[TRACE_VERDICT], state[TRACE_LINE] = 0, GOOD, tokens[k, LINE]
            if kind == START:
                state[LOG_PLACE] = TRACE
            else:
                add_row(tokens, k, done[1] - 1, EMPTY_TRACE, where, done)
        elif place == TRACE and means >= STRING:
            if state[FILLED]:
                return k, LATE, tokens[k, AT], tokens[k, STOP], OF_TRACE
            stop, why, a, b = read_attribute(
                buf, tokens, k, n_tokens, attributes, meaning, key_id, value_id, keys, offsets, heads, chain,
                column[OF_TRACE], nested[OF_TRACE], trace_spans, trace_kinds, done[1] - 1,
            )  # fmt: skip
            if stop < 0:
                return k, why, a, b, OF_TRACE
            if why < 0:
                state[TRACE_VERDICT] = -why
            k = stop
            continue
        elif kind == START:
            state[PASSED] = depth
        k += 1
    return k, ALL_READ, 0, 0, 0


@njit(cache=True, nogil=True)
def read_event(
    buf: Bytes, tokens: Spots, k: int, n_tokens: int, attributes: Spots, meaning: Bytes, key_id: int, value_id: int,
    keys: Bytes, offsets: Ints, heads: Spots, chain: Spots, column: Spots, nested: Spots, state: Ints,
    spans: Spots, kinds: Bytes, where: Spots, done: Ints,
) -> Any:  # fmt: skip
    """Read one event; return the token after it, -1 when a key is new or the block ends in it."""
    row, begin, verdict, trace = done[0], k, GOOD, -1
    if state[LOG_PLACE] == TRACE:
        verdict, trace = state[TRACE_VERDICT], done[1] - 1
    kinds[row, :] = ABSENT
    if tokens[k, KIND] == START:
        depth = tokens[k, DEPTH]
        k += 1
        while k < n_tokens and tokens[k, DEPTH] > depth:
            if meaning[tokens[k, NAME]] < STRING:
                k = end_of_element(tokens, k, n_tokens) + 1
                if k == 0:
                    return -1, ALL_READ, 0, 0
                continue
            k, why, a, b = read_attribute(
                buf, tokens, k, n_tokens, attributes, meaning, key_id, value_id, keys, offsets, heads, chain,
                column[OF_EVENT], nested[OF_EVENT], spans, kinds, row,
            )  # fmt: skip
            if k < 0:
                return -1, why, a, b
            if why < 0:
                verdict = -why
        if k >= n_tokens:
            return -1, ALL_READ, 0, 0
    add_row(tokens, begin, trace, verdict, where, done)
    where[row, 3] = tokens[k, STOP]
    return k + 1, ALL_READ, 0, 0


@njit(cache=True, nogil=True)
def read_attribute(
    buf: Bytes, tokens: Spots, k: int, n_tokens: int, attributes: Spots, meaning: Bytes, key_id: int, value_id: int,
    keys: Bytes, offsets: Ints, heads: Spots, chain: Spots, column: Spots, nested: Spots, spans: Spots,
    kinds: Bytes, row: int,
) -> Any:  # fmt: skip
    """Read one attribute into a row.

    Returns the token after it and, as a negative number, the verdict on the row; or -1 and why it cannot be read yet:
    the block ends in it, or its key is new.
    """
    last = end_of_element(tokens, k, n_tokens)
    if last < 0:
        return -1, ALL_READ, 0, 0
    key, value = -1, -1
    for a in range(tokens[k, FIRST], tokens[k, FIRST] + tokens[k, COUNT]):
        if attributes[a, 0] == key_id:
            key = a
        elif attributes[a, 0] == value_id:
            value = a
    if key < 0:
        return last + 1, -NO_KEY, 0, 0
    start, stop = attributes[key, 1], attributes[key, 2]
    number = find_name(buf, start, stop, keys, offsets, heads, chain)
    if number < 0 or column[number] == -2:
        return -1, NEW_KEY, start, stop
    means, at, inner = meaning[tokens[k, NAME]], column[number], -1
    if last > k + 1:
        inner = at if means >= LIST else nested[number]
        if inner == -2:
            return -1, NEW_NESTED, start, stop
    wrong = 0
    if at >= 0:
        wrong = -REPEATED_KEY if kinds[row, at] != ABSENT else 0
        kinds[row, at] = MISSING
        if value >= 0:
            kinds[row, at] = means + (RESOLVE if attributes[value, 3] else 0)
            spans[row, at, 0], spans[row, at, 1] = attributes[value, 1], attributes[value, 2]
    if inner >= 0:
        wrong = -REPEATED_KEY if inner != at and kinds[row, inner] != ABSENT else wrong
        kinds[row, inner] = NESTED
        spans[row, inner, 0], spans[row, inner, 1] = k + 1, last
    return last + 1, wrong, 0, 0


@njit(cache=True, nogil=True)
def end_of_element(tokens: Spots, k: int, n_tokens: int) -> Any:
    """Return the last token of the element at `k`, -1 when the block ends in it."""
    if tokens[k, KIND] != START:
        return k
    depth = tokens[k, DEPTH]
    k += 1
    while k < n_tokens and tokens[k, DEPTH] > depth:
        k += 1
    return k if k < n_tokens else -1


@njit(cache=True, nogil=True)
def add_row(tokens: Spots, k: int, trace: int, verdict: int, where: Spots, done: Ints) -> None:
    """Write where a row stands."""
    row = done[0]
    where[row, 0], where[row, 1], where[row, 4] = trace, tokens[k, LINE], verdict
    where[row, 2], where[row, 3] = tokens[k, AT], tokens[k, STOP]
    done[0] = row + 1
