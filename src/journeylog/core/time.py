"""The one place where time is made: any column of stamps to int64 microseconds UTC and a verdict a row.

Stamps are never guessed. A number needs its unit, a stamp without a zone needs `tz`, an order of day and
month that is not ISO 8601 needs a format. What cannot be read is a verdict on its row; what is missing from
the declaration is an error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.core.epochs import (
    note_bare_numbers,
    read_number_text,
    read_numbers,
    refuse_bare_numbers,
    times,
)
from journeylog.core.kernels import time as kernel
from journeylog.core.kernels.time import DATE, INSTANT, NULL, OUT_OF_RANGE, WALL
from journeylog.core.schema import DAY
from journeylog.core.time_format import compile_format
from journeylog.core.time_rule import (
    AMBIGUOUS,
    FUTURE,
    MIXED,
    NONEXISTENT,
    PLACES,
    UNIT_SUSPECT,
    Stamps,
    TimeRule,
)
from journeylog.core.zones import utc_of_wall, zone_name
from journeylog.errors import ConfigError, SchemaError, explain

__all__ = ["moment", "read_stamps", "settle", "time_rule", "to_micros"]

_CENTURY: Final = 36_525 * DAY
_POLICIES: Final = ("reject", "first", "last")


def to_micros(column: Any, rule: TimeRule) -> Stamps:
    """Return a whole column of stamps as microseconds UTC: the one function that makes time.

    Parameters
    ----------
    column : pyarrow.Array, pyarrow.ChunkedArray or sequence
        Text, integers, floats, decimals, timestamps of any unit, or dates.
    rule : TimeRule

    Returns
    -------
    Stamps
        No verdict is ``WALL`` any more.

    Raises
    ------
    ConfigError
        If numbers come without a unit, or every stamp is without a zone and `tz` is not declared.
    SchemaError
        If the column holds neither stamps nor numbers.

    Notes
    -----
    Stamps are cut after the sixth decimal of a second, numbers are rounded half to even. A day without a clock
    time is its first instant in the zone, even where midnight does not exist. The answer does not
    depend on how the column is cut into chunks: it is :func:`read_stamps` of each, then :func:`settle`.

    Examples
    --------
    >>> rule = time_rule(tz="Europe/Berlin")
    >>> to_micros(["2024-03-01 12:00:00", "2024-03-31 02:30:00"], rule).verdict.tolist()
    [0, 7]
    """
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        column = pa.array(column)
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [read_stamps(chunk, rule) for chunk in chunks]
    settle(parts, rule)
    return Stamps(
        np.concatenate([np.zeros(0, np.int64), *(p.micros for p in parts)]),
        np.concatenate([np.zeros(0, np.uint8), *(p.verdict for p in parts)]),
        sum(p.moved for p in parts),
        next((p.looks_like for p in parts if p.looks_like), ""),
    )


def time_rule(
    *,
    unit: str | None = None,
    format: str | None = None,
    tz: str | dt.tzinfo | None = None,
    ambiguous: str = "reject",
    time_range: Sequence[str | dt.date | None] | None = None,
    now: dt.datetime | None = None,
) -> TimeRule:
    """Return the declaration, checked.

    Parameters
    ----------
    unit, format, tz, ambiguous
        As in :class:`TimeRule`.
    time_range : pair of str, datetime or None, optional
        Plausible range; by default 1990-01-01 to two days after `now`. Without a zone it is UTC.
    now : datetime, optional
        The present, for repeatable runs.

    Raises
    ------
    ConfigError
        If a word, a zone, a format letter or a range means nothing.
    """
    if unit is not None and unit not in PLACES:
        raise ConfigError(f"time_unit={unit!r} is unknown. Fix: one of {list(PLACES)}")
    if ambiguous not in _POLICIES:
        raise ConfigError(f"ambiguous={ambiguous!r} is unknown. Fix: one of {list(_POLICIES)}")
    if unit is not None and format is not None:
        raise ConfigError("time_unit= is for numbers, time_format= for text. Fix: give one of them")
    if format is not None:
        compile_format(format)
    low, high = time_range if time_range is not None else (None, None)
    earliest = TimeRule.earliest if low is None else moment(low, "time_range")
    present = now or dt.datetime.now(dt.UTC)
    latest = moment(present, "now") + 2 * DAY if high is None else moment(high, "time_range")
    if latest < earliest:
        raise ConfigError("time_range ends before it starts. Fix: swap the two bounds")
    return TimeRule(unit, format, None if tz is None else zone_name(tz), ambiguous, earliest, latest)


def moment(value: str | dt.date, name: str, tz: str = "UTC") -> int:
    """Return one declared moment as microseconds UTC; without a zone of its own it is in `tz`.

    Raises
    ------
    ConfigError
        If it is no time; `name` is the argument the message speaks of.
    """
    stamps = read_stamps(pa.array([value]), TimeRule(tz=tz, ambiguous="first", earliest=-(2**62)))
    if stamps.verdict[0] != INSTANT:
        raise ConfigError(
            f"{name}: {value!r} is not a time. Fix: write '2025-01-31' or '2025-01-31 23:59:59'"
        )
    return int(stamps.micros[0])


def read_stamps(column: pa.Array, rule: TimeRule) -> Stamps:
    """Read one piece of a column. Stamps without a zone stay ``WALL`` when the rule has none either."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _through_dictionary(column, rule)
    if pa.types.is_null(kind):
        stamps = Stamps(np.zeros(len(column), np.int64), np.full(len(column), NULL, np.uint8))
    elif arrow_text.is_text(kind):
        stamps = _read_text(column, rule)
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        stamps = _read_datetimes(column)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        stamps = read_numbers(column, rule)
    else:
        raise SchemaError(
            f"a time column holds {kind}, which is no time. Fix: text, dates, or numbers with time_unit="
        )
    if rule.wall_clock and rule.unit is not None:
        stamps.verdict[stamps.verdict == INSTANT] = WALL
    whole_days = stamps.verdict == DATE
    stamps.verdict[whole_days] = WALL
    if rule.tz is not None:
        _set_zone(stamps, rule, whole_days)
    _check_range(stamps, rule)
    return stamps


def settle(parts: Sequence[Stamps], rule: TimeRule) -> None:
    """Decide, in place, what only the whole column can tell: missing zones, forgotten and mixed units.

    Raises
    ------
    ConfigError
        If every stamp that could be read is without a zone, or none could be read and they are numbers.
    """
    refuse_bare_numbers(parts, rule)
    n_wall = sum(int(np.count_nonzero(p.verdict == WALL)) for p in parts)
    n_instant = sum(int(np.count_nonzero(p.verdict == INSTANT)) for p in parts)
    if n_wall and not n_instant:
        first = next(p.micros[p.verdict == WALL][0] for p in parts if (p.verdict == WALL).any())
        raise ConfigError(
            explain(
                "the stamps have no time zone",
                count=n_wall,
                total=sum(len(p.verdict) for p in parts),
                examples=[str(np.datetime64(int(first) // 1_000_000, "s")).replace("T", " ")],
                fix="pass tz=, the zone their clocks were in, for example tz='UTC' or 'Europe/Berlin'",
            )
        )
    for part in parts:
        if n_wall:
            part.verdict[part.verdict == WALL] = MIXED
        if not n_instant:
            part.verdict[part.verdict == UNIT_SUSPECT] = OUT_OF_RANGE


def _through_dictionary(column: pa.DictionaryArray, rule: TimeRule) -> Stamps:
    """Read each distinct stamp once (each row, where moved rows are to be counted)."""
    if rule.ambiguous != "reject":
        return read_stamps(column.dictionary_decode(), rule)
    words = read_stamps(column.dictionary, rule)
    codes = column.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    verdict = np.append(words.verdict, np.uint8(NULL))[codes]
    return Stamps(np.append(words.micros, 0)[codes], verdict, 0, words.looks_like, words.bare, words.others)


def _read_text(column: pa.Array, rule: TimeRule) -> Stamps:
    column = arrow_text.plain(column)
    if rule.unit is not None:
        stamps = read_number_text(column, rule)
    else:
        data, offsets = arrow_text.buffers(column)
        stamps = Stamps(np.empty(len(column), np.int64), np.empty(len(column), np.uint8))
        if rule.format is not None:
            ops, letters = compile_format(rule.format)
            kernel.read_format(data, offsets, ops, letters, stamps.micros, stamps.verdict)
            if not set(ops.tolist()) & {kernel.HOUR, kernel.CLOCK12}:
                stamps.verdict[stamps.verdict == WALL] = DATE
        else:
            kernel.read_iso(data, offsets, stamps.micros, stamps.verdict)
            note_bare_numbers(column, stamps, rule)
    if column.null_count:
        stamps.verdict[column.is_null().to_numpy(zero_copy_only=False)] = NULL
    return stamps


def _read_datetimes(column: pa.Array) -> Stamps:
    kind = column.type
    if pa.types.is_date32(kind):
        values = column.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        stamps = Stamps(values * DAY, np.full(len(column), DATE, np.uint8))
    else:
        unit, zoned = ("ms", False) if pa.types.is_date64(kind) else (kind.unit, kind.tz is not None)
        values = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        without = DATE if pa.types.is_date64(kind) else WALL
        stamps = Stamps(values, np.full(len(column), INSTANT if zoned else without, np.uint8))
        if unit == "ns":
            stamps.micros = values // 1000
        elif unit != "us":
            stamps.micros, fits = times(values, 10 ** PLACES[unit])
            stamps.verdict[~fits] = OUT_OF_RANGE
    stamps.others = True
    if column.null_count:
        stamps.verdict[column.is_null().to_numpy(zero_copy_only=False)] = NULL
    return stamps


def _set_zone(stamps: Stamps, rule: TimeRule, whole_days: npt.NDArray[np.bool_]) -> None:
    """Set the wall-clock times on the UTC line, in place; a whole day is its first instant."""
    at = np.flatnonzero(stamps.verdict == WALL)
    whole = len(at) == len(stamps.verdict)
    wall = stamps.micros if whole else stamps.micros[at]
    near = (wall >= rule.earliest - 2 * DAY) & (wall <= rule.latest + _CENTURY)
    if not near.all():
        stamps.verdict[at[~near]] = OUT_OF_RANGE
        at, wall, whole = at[near], wall[near], False
    assert rule.tz is not None
    if rule.tz == "UTC":
        stamps.verdict[at] = INSTANT
        return
    placed = utc_of_wall(wall, rule.tz)
    chosen = placed.later if rule.ambiguous == "last" else placed.micros
    verdict = np.full(len(wall), INSTANT, np.uint8)
    dated = whole_days if whole else whole_days[at]
    if dated.any():
        chosen = np.where(dated, placed.micros, chosen)
    if rule.ambiguous == "reject":
        verdict[placed.twice & ~dated] = AMBIGUOUS
        verdict[placed.never & ~dated] = NONEXISTENT
    else:
        stamps.moved += int(np.count_nonzero((placed.twice | placed.never) & ~dated))
    if whole:
        stamps.micros, stamps.verdict = chosen, verdict
    else:
        stamps.micros = stamps.micros.copy()  # may be the caller's own buffer
        stamps.micros[at], stamps.verdict[at] = chosen, verdict


def _check_range(stamps: Stamps, rule: TimeRule) -> None:
    """Reject what is not plausible; a time still without a zone gets two days of grace.

    Up to a hundred years late is the future (a wrong clock or year); all else is out of range.
    """
    slack = 2 * DAY if (stamps.verdict == WALL).any() else 0
    low, high = rule.earliest - slack, rule.latest + slack
    if stamps.micros.min(initial=high) >= low and stamps.micros.max(initial=low) <= high:
        return
    outside = (stamps.micros < low) | (stamps.micros > high)
    outside &= stamps.verdict <= WALL
    if outside.any():
        soon = outside & (stamps.micros > rule.latest) & (stamps.micros <= rule.latest + _CENTURY)
        stamps.verdict[outside] = OUT_OF_RANGE
        stamps.verdict[soon] = FUTURE
