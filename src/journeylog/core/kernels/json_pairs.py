"""Kernels for lists of key-value pairs ``[{key, value}, ...]``, which rows of one export write in few ways.

What was read once is compared, not read again: a nested value with the same bytes as the last one of its key ends
where that ended, and a pair that differs from one seen before in its value only is read by its shape. Both are
exact: equal bytes mean the same, and what differs is read.

"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.json_lines import (
    ABSENT,
    ESCAPED,
    MISSING,
    NESTED,
    NUMBER,
    PLAIN,
    end_of_scalar,
    end_of_string,
    end_of_value,
    find_key,
    skip_space,
)
from journeylog.core.kernels.words import after_letters, same

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]

__all__ = [
    "Plan",
    "end_of_known",
    "first_element",
    "forget",
    "lengthened",
    "make_plan",
    "next_element",
    "pairs_of_value",
    "set_lists",
    "values_of",
]

_QUOTE, _COMMA, _COLON, _UNDERSCORE = 34, 44, 58, 95
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 123, 125, 91, 93
#: Shapes of pairs that are remembered, and what is remembered of each.
_SHAPES, _OF_SHAPE = 256, 8

# The memory is one array of numbers: every array that is passed costs more than a pair that is read. It begins with
# where its parts are: shapes known so far; for each key of the rows its list (-1: none) and the span of its last
# nested value; the first wanted key of each list; the shape that came after each shape, and first in each list; the
# shapes; room for one pair; for each wanted key and row the span of the value found; likewise its kind; how many keys
# are wanted, and how many rows there is room for.
_KNOWN, _KEYS, _FIRST, _FOLLOWING, _SHAPE, _ROOM, _FOUND, _KINDS, _WANTED, _ROWS = range(10)
_HEADER = 10

# What is remembered of a shape: begin and size of what stands before the value and after it; the wanted key (-1:
# none); whether the value is quoted; whether a text is a number; the list.
_BEFORE, _BEFORE_SIZE, _AFTER, _AFTER_SIZE, _KEY, _QUOTED, _NUMBER, _LIST = 0, 1, 2, 3, 4, 5, 6, 7


class Plan(NamedTuple):
    """Lists of pairs that are looked into, and what is remembered of one block.

    Parameters
    ----------
    memory : numbers, see above
    texts : names of the key and the value of each list's pairs, then the wanted keys of each list
    bounds : where each text begins
    lists : how many lists there are
    """

    memory: Spots
    texts: Bytes
    bounds: Ints
    lists: int


def make_plan(rows: int, n_keys: int, texts: Bytes, bounds: Ints, keys_of_list: list[int]) -> Plan:
    """Return a plan for some rows of at most `n_keys` keys with nothing remembered yet."""
    lists, wanted = len(keys_of_list), sum(keys_of_list)
    sizes = [3 * n_keys, lists + 1, _SHAPES + max(lists, 1), _SHAPES * _OF_SHAPE, 6, 2 * rows * wanted]
    begins = np.cumsum([_HEADER, *sizes])
    memory = np.zeros(begins[-1] + rows * wanted, np.int32)
    memory[_KEYS : _KINDS + 1] = begins
    memory[_WANTED], memory[_ROWS] = wanted, rows
    memory[begins[0] : begins[1] : 3] = -1
    memory[begins[1] : begins[2]] = np.cumsum([0, *keys_of_list])
    memory[begins[2] : begins[3]] = -1
    return Plan(memory, texts, bounds, lists)


def lengthened(plan: Plan, rows: int) -> Plan:
    """Return the plan with room for more rows."""
    found, kinds = values_of(plan)
    n, more = found.shape[1], rows - found.shape[1]
    spans, of = np.pad(found, ((0, 0), (0, more), (0, 0))), np.pad(kinds, ((0, 0), (0, more)))
    start = int(plan.memory[_FOUND])
    memory = np.concatenate((plan.memory[:start], spans.reshape(-1), of.reshape(-1)))
    memory[_KINDS], memory[_ROWS] = start + spans.size, n + more
    return plan._replace(memory=memory)


def values_of(plan: Plan) -> tuple[Spots, Spots]:
    """Return span and kind of each value found, (wanted, rows, 2) and (wanted, rows)."""
    start, kinds = int(plan.memory[_FOUND]), int(plan.memory[_KINDS])
    wanted, rows = int(plan.memory[_WANTED]), int(plan.memory[_ROWS])
    return plan.memory[start:kinds].reshape(wanted, rows, 2), plan.memory[kinds:].reshape(wanted, rows)


def set_lists(plan: Plan, list_of_key: Ints) -> None:
    """Say which key of the rows is which list; what was remembered of their last values is forgotten."""
    start = int(plan.memory[_KEYS])
    part = plan.memory[start : start + 3 * len(list_of_key)].reshape(-1, 3)
    part[:, 0], part[:, 1:] = list_of_key, 0


@njit(cache=True, nogil=True, forceinline=True)
def end_of_known(
    buf: Bytes, at: int, end: int, key: int, row: int, memory: Spots, texts: Bytes, bounds: Ints, stack: Bytes
) -> Any:
    """Return where the nested value of a key ends, -1 when it is to be read; what is known of it is remembered."""
    spot = memory[_KEYS] + 3 * key
    which = memory[spot]
    stop = -1
    if which >= 0:
        stop = pairs_of_value(buf, at, end, which, row, memory, texts, bounds, stack)
    else:
        start, size = memory[spot + 1], memory[spot + 2] - memory[spot + 1]
        if size > 0 and at + size <= end and same(buf, start, at, size):
            return at + size
    if stop < 0:
        stop, kind = end_of_value(buf, at, end, stack)
        if kind == ABSENT:
            return -1
    memory[spot + 1], memory[spot + 2] = at, stop
    return stop


@njit(cache=True, nogil=True, forceinline=True)
def pairs_of_value(
    buf: Bytes,
    at: int,
    end: int,
    which: int,
    row: int,
    memory: Spots,
    texts: Bytes,
    bounds: Ints,
    stack: Bytes,
) -> Any:
    """Find wanted keys in a list of pairs; the first pair of a key counts. Return where it ends, -1 for no such list."""
    at = skip_space(buf, at, end)
    if at >= end or buf[at] != _OPEN_ARRAY:
        return -1
    at = skip_space(buf, at + 1, end)
    if at < end and buf[at] == _CLOSE_ARRAY:
        return at + 1
    start = _SHAPES + which
    came_from = start
    while at < end and buf[at] == _OPEN_OBJECT:
        shape = memory[memory[_FOLLOWING] + came_from]
        stop = -1
        if shape >= 0:
            stop = by_shape(buf, at, end, shape, which, row, memory)
        if stop < 0:
            stop, shape = by_reading(buf, at, end, which, row, memory, texts, bounds, stack)
            if stop < 0:
                break
            memory[memory[_FOLLOWING] + came_from] = shape
        came_from = shape if shape >= 0 else start
        at = skip_space(buf, stop, end)
        if at < end and buf[at] == _CLOSE_ARRAY:
            return at + 1
        if at >= end or buf[at] != _COMMA:
            break
        at = skip_space(buf, at + 1, end)
    for key in range(memory[memory[_FIRST] + which], memory[memory[_FIRST] + which + 1]):
        memory[memory[_KINDS] + key * memory[_ROWS] + row] = ABSENT
    return -1


@njit(cache=True, nogil=True)
def forget(row: int, memory: Spots) -> None:
    """Forget what was found for a row that is none after all: another one takes its place."""
    for key in range(memory[_WANTED]):
        memory[memory[_KINDS] + key * memory[_ROWS] + row] = ABSENT


@njit(cache=True, nogil=True, forceinline=True)
def by_shape(buf: Bytes, at: int, end: int, shape: int, which: int, row: int, memory: Spots) -> Any:
    """Read a pair of a known shape; return where it ends, -1 when it has another."""
    s = memory[_SHAPE] + shape * _OF_SHAPE
    size, rest = memory[s + _BEFORE_SIZE], memory[s + _AFTER_SIZE]
    start = at + size
    if memory[s + _LIST] != which or start >= end or not same(buf, memory[s + _BEFORE], at, size):
        return -1
    if memory[s + _QUOTED]:
        kind, stop = PLAIN, after_letters(buf, start, end)
        if stop >= end or buf[stop] != _QUOTE:
            stop, kind = end_of_string(buf, start, end)
            if kind == ABSENT:
                return -1
    else:
        stop, kind = end_of_scalar(buf, start, end)
        if kind != NUMBER:
            return -1
    if stop + rest > end or not same(buf, memory[s + _AFTER], stop, rest):
        return -1
    key = memory[s + _KEY]
    if key >= 0:
        if kind == PLAIN and memory[s + _NUMBER]:
            until, number = end_of_scalar(buf, start, stop)
            kind = NUMBER if number == NUMBER and until == stop else PLAIN
        note(memory, row, key, start, stop, kind)
    return stop + rest


@njit(cache=True, nogil=True, forceinline=True)
def note(memory: Spots, row: int, key: int, start: int, stop: int, kind: int) -> None:
    """Note the value of a wanted key, unless one was found before."""
    cell = key * memory[_ROWS] + row
    if memory[memory[_KINDS] + cell] == ABSENT:
        spot = memory[_FOUND] + 2 * cell
        memory[spot], memory[spot + 1], memory[memory[_KINDS] + cell] = start, stop, kind


@njit(cache=True, nogil=True)
def by_reading(
    buf: Bytes,
    at: int,
    end: int,
    which: int,
    row: int,
    memory: Spots,
    texts: Bytes,
    bounds: Ints,
    stack: Bytes,
) -> Any:
    """Read a pair; return where it ends (-1 when it is none) and its shape (-1 when it has none)."""
    room, lists = memory[_ROOM], memory[_FOLLOWING] - memory[_FIRST] - 1
    spot = memory[room : room + 6].reshape(2, 3)
    stop = pair(buf, at, end, texts, bounds[2 * which : 2 * which + 3], spot, stack)
    if stop < 0:
        return -1, -1
    named = spot[0, 2] == PLAIN or spot[0, 2] == NUMBER
    key = -1
    if named:
        first, after = memory[memory[_FIRST] + which], memory[memory[_FIRST] + which + 1]
        wanted = bounds[2 * lists + first : 2 * lists + after + 1]
        key = find_key(buf, spot[0, 0], spot[0, 1], texts, wanted)
        key = key + first if key >= 0 else -1
    start, until, kind, number = typed(buf, spot[1, 0], spot[1, 1], spot[1, 2], stack)
    if key >= 0:
        note(memory, row, key, start, until, kind)
    quoted = start > at and until < end and buf[start - 1] == _QUOTE and buf[until] == _QUOTE
    if not named or not (kind == NUMBER or (quoted and kind in (PLAIN, ESCAPED))) or spot[0, 0] > start:
        return stop, -1
    return stop, shape_of(buf, at, start, until, stop, key, quoted, number, which, memory)


@njit(cache=True, nogil=True)
def shape_of(
    buf: Bytes, at: int, start: int, until: int, stop: int, key: int, quoted: bool, number: bool, which: int,
    memory: Spots,
) -> Any:  # fmt: skip
    """Return the shape of a pair, remembered from now on; -1 when there is no room."""
    for shape in range(memory[_KNOWN]):
        s = memory[_SHAPE] + shape * _OF_SHAPE
        alike = memory[s + _BEFORE_SIZE] == start - at and memory[s + _AFTER_SIZE] == stop - until
        alike = alike and memory[s + _KEY] == key and memory[s + _LIST] == which
        if (
            alike
            and same(buf, memory[s + _BEFORE], at, start - at)
            and same(buf, memory[s + _AFTER], until, stop - until)
        ):
            return shape
    shape = memory[_KNOWN]
    if shape == _SHAPES:
        return -1
    memory[_KNOWN] += 1
    s = memory[_SHAPE] + shape * _OF_SHAPE
    memory[s + _BEFORE], memory[s + _BEFORE_SIZE] = at, start - at
    memory[s + _AFTER], memory[s + _AFTER_SIZE] = until, stop - until
    memory[s + _KEY], memory[s + _QUOTED], memory[s + _NUMBER], memory[s + _LIST] = key, quoted, number, which
    return shape


@njit(cache=True, nogil=True)
def pair(buf: Bytes, i: int, end: int, names: Bytes, offsets: Ints, spot: Spots, stack: Bytes) -> Any:
    """Read one object of a list for two of its members; return where it ends, -1 when it is none."""
    spot[0, 2] = spot[1, 2] = ABSENT
    i = skip_space(buf, i + 1, end)
    if i < end and buf[i] == _CLOSE_OBJECT:
        return i + 1
    while True:
        if i >= end or buf[i] != _QUOTE:
            return -1
        stop, of = end_of_value(buf, i, end, stack)
        if of == ABSENT:
            return -1
        key = find_key(buf, i + 1, stop - 1, names, offsets)
        i = skip_space(buf, stop, end)
        if i >= end or buf[i] != _COLON:
            return -1
        start = skip_space(buf, i + 1, end)
        i, of = end_of_value(buf, start, end, stack)
        if of == ABSENT:
            return -1
        if key >= 0:
            quoted = 1 if of in (PLAIN, ESCAPED) else 0
            spot[key, 0], spot[key, 1], spot[key, 2] = start + quoted, i - quoted, of
        i = skip_space(buf, i, end)
        if i < end and buf[i] == _COMMA:
            i = skip_space(buf, i + 1, end)
            continue
        return i + 1 if i < end and buf[i] == _CLOSE_OBJECT else -1


@njit(cache=True, nogil=True)
def typed(buf: Bytes, start: int, end: int, kind: int, stack: Bytes) -> Any:
    """Return the span and kind of a value; of an object of typed members, those of the first not null.

    Numbers that were written as texts, as exports of 64-bit integers do, are numbers. Also: whether the member is
    one for numbers.
    """
    if kind != NESTED or buf[start] != _OPEN_OBJECT:
        return start, end, kind, False
    members = 0
    i = skip_space(buf, start + 1, end)
    while i < end and buf[i] == _QUOTE:
        stop, of = end_of_value(buf, i, end, stack)
        if of == ABSENT:
            return start, end, kind, False
        is_member, is_number = is_typed(buf, i + 1, stop - 1), buf[i + 1] != 115  # not string_value
        members += 1 if is_member else 0
        i = skip_space(buf, skip_space(buf, stop, end) + 1, end)
        first = i
        i, of = end_of_value(buf, first, end, stack)
        if is_member and of == PLAIN and is_number:
            until, number = end_of_scalar(buf, first + 1, i - 1)
            return first + 1, i - 1, (number if number == NUMBER and until == i - 1 else PLAIN), True
        if is_member and of in (PLAIN, ESCAPED):
            return first + 1, i - 1, of, False
        if is_member and of != MISSING:
            return first, i, of, False
        i = skip_space(buf, i, end)
        if i < end and buf[i] == _COMMA:
            i = skip_space(buf, i + 1, end)
    return start, end, (MISSING if members > 0 else kind), False


@njit(cache=True, nogil=True)
def is_typed(buf: Bytes, start: int, end: int) -> Any:
    """Return whether a key ends with ``_value``."""
    return (
        end - start > 6
        and buf[end - 6] == _UNDERSCORE
        and buf[end - 5] == 118
        and buf[end - 4] == 97
        and buf[end - 3] == 108
        and buf[end - 2] == 117
        and buf[end - 1] == 101
    )


@njit(cache=True, nogil=True)
def first_element(buf: Bytes, start: int, end: int) -> Any:
    """Return where the first element of an array is, -1 when there is none."""
    at = skip_space(buf, start, end)
    if at >= end or buf[at] != _OPEN_ARRAY:
        return -1
    at = skip_space(buf, at + 1, end)
    return -1 if at >= end or buf[at] == _CLOSE_ARRAY else at


@njit(cache=True, nogil=True)
def next_element(buf: Bytes, at: int, end: int) -> Any:
    """Return where the element after the one that ends at `at` is, -1 when it was the last."""
    at = skip_space(buf, at, end)
    if at >= end or buf[at] != _COMMA:
        return -1
    return skip_space(buf, at + 1, end)
