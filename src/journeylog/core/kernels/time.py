"""Kernels that read stamps: ISO 8601 text, text in a declared format, from Arrow string buffers.

Every kernel writes microseconds and one verdict a row: an instant, a wall-clock time or a whole day still
without a zone, or what is wrong with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.borrowed import borrowed

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

__all__ = [
    "CLOCK12",
    "DATE",
    "DAY",
    "DAY_OF_YEAR",
    "FRACTION",
    "HALF",
    "HOUR",
    "INSTANT",
    "LITERAL",
    "MINUTE",
    "MONTH",
    "MONTH_NAME",
    "NULL",
    "OUT_OF_RANGE",
    "SECOND",
    "SPACE",
    "UNPARSEABLE",
    "WALL",
    "WEEKDAY",
    "YEAR",
    "YEAR2",
    "ZONE",
    "read_format",
    "read_iso",
]

# Verdicts.
INSTANT, WALL, NULL, UNPARSEABLE, OUT_OF_RANGE, DATE = 0, 1, 2, 3, 4, 5

# Parts of a declared format; LITERAL carries its byte.
LITERAL, SPACE, YEAR, YEAR2, MONTH, DAY, HOUR, CLOCK12, MINUTE, SECOND, DAY_OF_YEAR = range(11)
FRACTION, HALF, ZONE, MONTH_NAME, WEEKDAY = 11, 12, 13, 14, 15

_NO_ZONE = 1 << 40  # larger than any offset in seconds
_MONTHS = np.frombuffer(b"janfebmaraprmayjunjulaugsepoctnovdec", dtype=np.uint8).astype(np.int64)
_LONGER = np.frombuffer(
    b"uary\0\0\0ruary\0\0ch\0\0\0\0\0il\0\0\0\0\0\0\0\0\0\0\0\0e\0\0\0\0\0\0y\0\0\0\0\0\0"
    b"ust\0\0\0\0tember\0ober\0\0\0ember\0\0ember\0\0",
    dtype=np.uint8,
).astype(np.int64)
_DAYS_IN_MONTH = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
#: Smallest and largest number of each part that is one.
_LEAST = np.array([0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1], dtype=np.int64)
_MOST = np.array([0, 0, 9999, 99, 12, 31, 23, 12, 59, 59, 366], dtype=np.int64)
_INFINITY = np.frombuffer(b"infinity", dtype=np.uint8).astype(np.int64)


@njit(cache=True, nogil=True)
def read_iso(data: Bytes, offsets: Ints, micros: Ints, verdict: Bytes) -> None:
    """Read ``YYYY-MM-DD[(T| )HH:MM[:SS[.f]][ ][Z|UTC|±hh[[:]mm]]]`` of each row.

    Digits after the sixth decimal are cut off, as a nanosecond column is. Years before 0 or after 9999 are
    out of range, not unreadable.
    """
    data, offsets, micros, verdict = borrowed(data), borrowed(offsets), borrowed(micros), borrowed(verdict)
    last, midnight = -1, 0  # where a date was read before, and its midnight: rows often share it
    for row in range(offsets.size - 1):
        i, end = trim(data, offsets[row], offsets[row + 1])
        micros[row] = 0
        if i == end:
            verdict[row] = NULL
            continue
        if last >= 0 and end - i >= 10 and same_date(data, i, last):
            first = i
            i, clock, zone = read_time_of_day(data, i + 10, end)
            verdict[row] = UNPARSEABLE
            if i == end:
                write(micros, verdict, row, midnight + clock, zone)
                if end == first + 10:
                    verdict[row] = DATE
            continue
        verdict[row] = UNPARSEABLE
        if is_infinity(data, i, end):
            verdict[row] = OUT_OF_RANGE
            continue
        wide = data[i] == 45 or data[i] == 43
        if wide:
            i += 1
        start, year = i, 0
        while i < end and i - start < 9 and 48 <= data[i] <= 57:
            year = year * 10 + int(data[i]) - 48
            i += 1
        if i - start < 4 or i + 6 > end or data[i] != 45 or data[i + 3] != 45:
            continue
        wide = wide or i - start > 4
        month, day = two(data, i + 1), two(data, i + 4)
        i += 6
        if not real_date(4 if wide else year, month, day):
            continue
        date = i - 10
        i, clock, zone = read_time_of_day(data, i, end)
        if i != end:
            continue
        if wide:
            verdict[row] = OUT_OF_RANGE
            continue
        last, midnight = date, days(year, month, day) * 86_400_000_000
        write(micros, verdict, row, midnight + clock, zone)
        if end == date + 10:
            verdict[row] = DATE


@njit(cache=True, nogil=True)
def write(micros: Ints, verdict: Bytes, row: int, time: int, zone: int) -> None:
    """Write a time that could be read."""
    if zone == _NO_ZONE:
        micros[row], verdict[row] = time, WALL
    else:
        micros[row], verdict[row] = time - zone * 1_000_000, INSTANT


@njit(cache=True, nogil=True)
def same_date(data: Bytes, i: int, k: int) -> Any:
    """Return whether the ten bytes at two places are the same."""
    here, there = np.uint64(i), np.uint64(k)
    other = data[here + np.uint64(9)] ^ data[there + np.uint64(9)]
    for step in range(9):
        other |= data[here + np.uint64(step)] ^ data[there + np.uint64(step)]
    return other == 0


@njit(cache=True, nogil=True)
def read_time_of_day(data: Bytes, i: int, end: int) -> Any:
    """Read what follows a date: nothing, or a clock and perhaps a zone; -1 as the place where it is neither."""
    if i == end:
        return i, 0, _NO_ZONE
    j, size = np.uint64(i), end - i
    c = data[j]
    if c != 84 and c != 116 and c != 32:
        return -1, 0, _NO_ZONE
    if 9 <= size <= 14 and data[j + np.uint64(3)] == 58 and data[j + np.uint64(6)] == 58:
        # Exactly HH:MM:SS or HH:MM:SS.fff, with a Z or without, by far the most frequent.
        hour, minute, second = two(data, i + 1), two(data, i + 4), two(data, i + 7)
        right = hour | minute | second | (23 - hour) | (59 - minute) | (59 - second)
        zone = 0 if data[j + np.uint64(size - 1)] == 90 else _NO_ZONE
        width = size if zone else size - 1
        if width == 9 and right >= 0:
            return end, (hour * 3600 + minute * 60 + second) * 1_000_000, zone
        if width == 13 and right >= 0 and data[j + np.uint64(9)] == 46:
            tenth, hundredths = np.int64(data[j + np.uint64(10)]) - 48, two(data, i + 11)
            if (tenth | hundredths | (9 - tenth)) >= 0:
                millis = (hour * 3600 + minute * 60 + second) * 1_000 + tenth * 100 + hundredths
                return end, millis * 1_000, zone
    i, clock = read_clock(data, i + 1, end)
    if i < 0:
        return -1, 0, _NO_ZONE
    if i == end:
        return i, clock, _NO_ZONE
    if i + 1 == end and data[i] == 90:
        return end, clock, 0
    i, zone = read_zone(data, i, end)
    return i, clock, zone


@njit(cache=True, nogil=True)
def read_format(data: Bytes, offsets: Ints, ops: Ints, letters: Ints, micros: Ints, verdict: Bytes) -> None:
    """Read each row by a declared format, given as its parts."""
    data, ops, letters = borrowed(data), borrowed(ops), borrowed(letters)
    got = np.zeros(16, np.int64)
    for row in range(offsets.size - 1):
        i, end = trim(data, offsets[row], offsets[row + 1])
        micros[row] = 0
        if i == end:
            verdict[row] = NULL
            continue
        verdict[row] = OUT_OF_RANGE if is_infinity(data, i, end) else UNPARSEABLE
        got[:] = 0
        got[MONTH], got[DAY], got[ZONE] = 1, 1, _NO_ZONE
        good, k = True, 0
        while good and k < ops.size:
            i, good = read_part(data, i, end, ops[k], letters[k], got)
            k += 1
        year, of_year = got[YEAR], got[DAY_OF_YEAR]
        if not good or i != end or not real_date(year, got[MONTH], got[DAY]):
            continue
        if of_year == 366 and not leap(year):
            continue
        day_number = days(year, got[MONTH], got[DAY]) + max(of_year - 1, 0)
        clock = (got[HOUR] + got[HALF]) * 3600 + got[MINUTE] * 60 + got[SECOND]
        micros[row] = (day_number * 86_400 + clock) * 1_000_000 + got[FRACTION]
        verdict[row] = WALL
        if got[ZONE] != _NO_ZONE:
            micros[row] -= got[ZONE] * 1_000_000
            verdict[row] = INSTANT


@njit(cache=True, nogil=True)
def read_part(data: Bytes, i: int, end: int, op: int, letter: int, got: Ints) -> Any:
    """Read one part of a format into `got`; return where it ends and whether it is there."""
    start = i
    if op == LITERAL:
        return i + 1, i < end and data[i] == letter
    if op < FRACTION and op != SPACE:
        width = 4 if op == YEAR else 2 if op < DAY_OF_YEAR else 3
        i, number = digits(data, i, end, width)
        if op == YEAR2:
            got[YEAR] = number + (1900 if number >= 69 else 2000)
        elif op == CLOCK12:
            got[HOUR] = number % 12
        else:
            got[op] = number
        least = width if op in (YEAR, YEAR2) else 1
        return i, i - start >= least and _LEAST[op] <= number <= _MOST[op]
    if op == FRACTION:
        i, got[op] = read_fraction(data, i, end)
    elif op == ZONE:
        i, got[op] = read_zone(data, i, end)
    elif op == MONTH_NAME:
        i, got[MONTH] = month_by_name(data, i, end)
    elif op == HALF:
        half = data[i] | 32 if i + 1 < end and (data[i + 1] | 32) == 109 else 0
        got[op] = 12 if half == 112 else 0
        return i + 2, half in (97, 112)
    else:
        while i < end and (data[i] == 32 if op == SPACE else 97 <= (data[i] | 32) <= 122):
            i += 1
    return i, i > start


@njit(cache=True, nogil=True)
def days(year: int, month: int, day: int) -> Any:
    """Return days since 1970-01-01 in the proleptic Gregorian calendar."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@njit(cache=True, nogil=True)
def leap(year: int) -> Any:
    """Return whether the year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@njit(cache=True, nogil=True)
def real_date(year: int, month: int, day: int) -> Any:
    """Return whether the calendar has this day."""
    if month < 1 or month > 12 or day < 1:
        return False
    return day <= _DAYS_IN_MONTH[month - 1] + (1 if month == 2 and leap(year) else 0)


@njit(cache=True, nogil=True)
def two(data: Bytes, i: int) -> Any:
    """Return the two digits at `i` as a number, -1 when they are none."""
    j = np.uint64(i)  # an unsigned place needs no look whether it counts from the end
    a, b = np.int64(data[j]) - 48, np.int64(data[j + np.uint64(1)]) - 48
    if (a | b | (9 - a) | (9 - b)) < 0:
        return -1
    return a * 10 + b


@njit(cache=True, nogil=True)
def digits(data: Bytes, i: int, end: int, most: int) -> Any:
    """Read up to `most` digits; return where they end and their number."""
    number, last = 0, min(end, i + most)
    while i < last and 48 <= data[i] <= 57:
        number = number * 10 + int(data[i]) - 48
        i += 1
    return i, number


@njit(cache=True, nogil=True)
def read_fraction(data: Bytes, i: int, end: int) -> Any:
    """Read decimals of a second; return where they end and the microseconds, cut off after the sixth."""
    micros, unit = 0, 100_000
    if i + 6 <= end:
        first, second, third = two(data, i), two(data, i + 2), two(data, i + 4)
        if (first | second | third) >= 0:
            micros, unit, i = first * 10_000 + second * 100 + third, 0, i + 6
    while i < end and 48 <= data[i] <= 57:
        micros += (int(data[i]) - 48) * unit
        unit //= 10
        i += 1
    return i, micros


@njit(cache=True, nogil=True)
def read_clock(data: Bytes, i: int, end: int) -> Any:
    """Read ``HH:MM[:SS[.f]]``; return where it ends (-1: it is none) and the microseconds of the day."""
    if i + 5 > end or data[i + 2] != 58:
        return -1, 0
    hour, minute, second, fraction = two(data, i), two(data, i + 3), 0, 0
    i += 5
    if i < end and data[i] == 58:
        if i + 3 > end:
            return -1, 0
        second = two(data, i + 1)
        i += 3
        if i < end and (data[i] == 46 or data[i] == 44):
            stop, fraction = read_fraction(data, i + 1, end)
            if stop == i + 1:
                return -1, 0
            i = stop
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return -1, 0
    return i, (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction


@njit(cache=True, nogil=True)
def read_zone(data: Bytes, i: int, end: int) -> Any:
    """Read ``[ ](Z|UTC|GMT|±hh[[:]mm])``; return where it ends and the offset in seconds (or none)."""
    start = i
    if i < end and data[i] == 32:
        i += 1
    if i >= end:
        return start, _NO_ZONE
    c = int(data[i])
    if c == 90 or c == 122:
        return i + 1, 0
    if i + 3 <= end and (
        (c == 85 and data[i + 1] == 84 and data[i + 2] == 67)
        or (c == 71 and data[i + 1] == 77 and data[i + 2] == 84)
    ):
        return i + 3, 0
    if (c != 43 and c != 45) or i + 3 > end:
        return start, _NO_ZONE
    hour, minute = two(data, i + 1), 0
    i += 3
    if i < end and data[i] == 58:
        i += 1
        if i + 2 > end:
            return start, _NO_ZONE
    if i + 2 <= end and 48 <= data[i] <= 57:
        minute = two(data, i)
        i += 2
    if hour < 0 or hour > 18 or minute < 0 or minute > 59:
        return start, _NO_ZONE
    seconds = hour * 3600 + minute * 60
    return i, seconds if c == 43 else -seconds


@njit(cache=True, nogil=True)
def month_by_name(data: Bytes, i: int, end: int) -> Any:
    """Read an English month, whole or its first three letters; return where it ends and its number."""
    if i + 3 > end:
        return i, 0
    for m in range(12):
        if (
            (data[i] | 32) == _MONTHS[3 * m]
            and (data[i + 1] | 32) == _MONTHS[3 * m + 1]
            and (data[i + 2] | 32) == _MONTHS[3 * m + 2]
        ):
            j = i + 3
            k = 7 * m
            while k < 7 * m + 7 and _LONGER[k] != 0 and j < end and (data[j] | 32) == _LONGER[k]:
                j += 1
                k += 1
            whole = k == 7 * m + 7 or _LONGER[k] == 0
            return (j if whole else i + 3), m + 1
    return i, 0


@njit(cache=True, nogil=True)
def is_infinity(data: Bytes, i: int, end: int) -> Any:
    """Return whether the text is ``[±]inf[inity]``, the way databases write it."""
    if data[i] == 43 or data[i] == 45:
        i += 1
    if end - i != 3 and end - i != 8:
        return False
    same = 0
    for k in range(end - i):
        same += (data[i + k] | 32) == _INFINITY[k]
    return same == end - i


@njit(cache=True, nogil=True)
def trim(data: Bytes, start: int, end: int) -> Any:
    """Return the span without spaces and tabs at its ends."""
    if start < end and data[np.uint64(start)] > 32 and data[np.uint64(end - 1)] > 32:
        return start, end
    while start < end and (data[start] == 32 or data[start] == 9):
        start += 1
    while end > start and (data[end - 1] == 32 or data[end - 1] == 9):
        end -= 1
    return start, end
