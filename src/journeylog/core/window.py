"""What was observed: the window, and durations written by people."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np

from journeylog.core.schema import DAY, HOUR, MINUTE, SECOND
from journeylog.errors import ConfigError

__all__ = ["Window", "format_duration", "parse_duration", "utc_text"]

_UNITS = {
    "us": 1, "µs": 1, "ms": 1_000, "s": SECOND, "sec": SECOND, "second": SECOND, "seconds": SECOND,
    "m": MINUTE, "min": MINUTE, "minute": MINUTE, "minutes": MINUTE, "h": HOUR, "hour": HOUR, "hours": HOUR,
    "d": DAY, "day": DAY, "days": DAY, "w": 7 * DAY, "week": 7 * DAY, "weeks": 7 * DAY,
}  # fmt: skip
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zµ]+)\s*")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Window:
    """The observed stretch of time, both ends included.

    Parameters
    ----------
    start, end : int
        Microseconds since 1970-01-01 UTC.
    declared : bool
        True when the caller named the window; False when it is the first and last event of the data.

    Examples
    --------
    >>> Window(0, 86_400_000_000).seconds
    86400.0
    """

    start: int
    end: int
    declared: bool = False

    def __post_init__(self) -> None:
        """Refuse a window that ends before it starts."""
        if self.end < self.start:
            raise ConfigError(
                f"the window ends ({utc_text(self.end)}) before it starts ({utc_text(self.start)}). "
                "Fix: swap the two bounds"
            )

    @property
    def seconds(self) -> float:
        """Length of the window in seconds."""
        return (self.end - self.start) / SECOND

    def union(self, other: Window) -> Window:
        """Return the smallest window that holds both."""
        return Window(
            min(self.start, other.start), max(self.end, other.end), self.declared and other.declared
        )

    def to_dict(self) -> dict[str, object]:
        """Return the window as JSON-able values."""
        return {"start": utc_text(self.start), "end": utc_text(self.end), "declared": self.declared}

    def __str__(self) -> str:
        """Return both ends as UTC text."""
        return f"{utc_text(self.start)} to {utc_text(self.end)} UTC"


def parse_duration(
    value: str | int | float | dt.timedelta | np.timedelta64, *, name: str = "duration"
) -> int:
    """Return a duration as integer microseconds.

    Parameters
    ----------
    value : str, datetime.timedelta, numpy.timedelta64
        Text is a number with a unit: ``"30min"``, ``"7d"``, ``"1h 30min"``, ``"250ms"``. A bare number has no
        unit and is refused.
    name : str
        Name of the argument, for the error text.

    Raises
    ------
    ConfigError
        If the text is not a positive duration with a unit.

    Examples
    --------
    >>> parse_duration("1h 30min")
    5400000000
    """
    micros = 0
    if isinstance(value, dt.timedelta):
        micros = (value.days * 86_400 + value.seconds) * SECOND + value.microseconds
    elif isinstance(value, np.timedelta64):
        micros = int(value.astype("timedelta64[us]").view("int64"))
    elif isinstance(value, str):
        micros = _parse_text(value, name)
    else:
        raise ConfigError(
            f"{name}={value!r} has no unit. Fix: write it with one, for example '30min' or '7d'"
        )
    if micros <= 0:
        raise ConfigError(
            f"{name}={value!r} is not a positive duration. Fix: use for example '30min' or '7d'"
        )
    return micros


def format_duration(micros: float) -> str:
    """Write a duration for people, with at most two units.

    Examples
    --------
    >>> format_duration(5_400_000_000), format_duration(1_500_000), format_duration(0)
    ('1 h 30 min', '1.5 s', '0 s')
    """
    if micros < 0:
        return "-" + format_duration(-micros)
    if micros < SECOND:
        return f"{micros / 1000:.3g} ms" if micros else "0 s"
    if micros < 59.95 * SECOND:
        return f"{micros / SECOND:.3g} s"
    for unit, size, small, part in (
        ("d", DAY, "h", HOUR),
        ("h", HOUR, "min", MINUTE),
        ("min", MINUTE, "s", SECOND),
    ):
        if round(micros / part) * part >= size:
            whole, rest = divmod(round(micros / part), size // part)
            shown = f"{whole:,} {unit}"
            return shown + (f" {rest} {small}" if rest and whole < 100 else "")
    return f"{micros / SECOND:.3g} s"  # not reached: a minute is caught above


def utc_text(micros: int) -> str:
    """Return microseconds since 1970 as ``YYYY-MM-DD HH:MM:SS[.ffffff]`` in UTC."""
    try:
        moment = _EPOCH + dt.timedelta(microseconds=int(micros))
    except OverflowError:
        return f"{micros} µs"
    shown = moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
    return shown + (f".{moment.microsecond:06d}" if moment.microsecond else "")


def _parse_text(value: str, name: str) -> int:
    position, total = 0, 0.0
    text = value.strip().lower()
    while position < len(text):
        found = _DURATION.match(text, position)
        if found is None or found.group(2) not in _UNITS:
            raise ConfigError(
                f"{name}={value!r} is not a duration. Fix: a number and a unit (ms, s, min, h, d, w), for example '30min'"
            )
        total += float(found.group(1)) * _UNITS[found.group(2)]
        position = found.end()
    return round(total)
