"""Time zones: wall-clock times to UTC and back over a table of the zone's transitions, never row by row."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.errors import ConfigError, nearest

__all__ = ["Placed", "utc_of_wall", "wall_of_utc", "zone_name"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SECOND = 1_000_000
_FIXED = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?")

#: Abbreviations people write; as zones they are ambiguous or unknown to the database.
_MEANT = {
    "MSK": "Europe/Moscow",
    "CEST": "Europe/Berlin",
    "BST": "Europe/London",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "Kiev": "Europe/Kyiv",
}


class Placed(NamedTuple):
    """Wall-clock times set on the UTC line.

    Parameters
    ----------
    micros : ndarray of int64
        UTC. In an hour that happens twice the first one, in an hour that does not happen by the old clock.
    later : ndarray of int64
        The other reading: the second hour, or by the new clock. Equal to `micros` elsewhere.
    twice, never : ndarray of bool
        Where the clock shows this time twice, or not at all.
    """

    micros: Ints
    later: Ints
    twice: Mask
    never: Mask


def zone_name(zone: str | dt.tzinfo) -> str:
    """Return the zone's name, checked.

    Parameters
    ----------
    zone : str or tzinfo
        A name of the IANA database (``"Europe/Moscow"``), ``"UTC"``, or a fixed offset (``"+03:00"``).

    Raises
    ------
    ConfigError
        If there is no such zone; the message names the nearest.

    Examples
    --------
    >>> zone_name("Europe/Berlin"), zone_name("+0300")
    ('Europe/Berlin', '+03:00')
    """
    if isinstance(zone, dt.tzinfo):
        shift = zone.utcoffset(None)
        zone = getattr(zone, "key", None) or (_spell(shift) if shift is not None else str(zone))
    if not isinstance(zone, str):
        raise ConfigError(f"tz={zone!r} is not a time zone. Fix: a name such as 'Europe/Berlin', or 'UTC'")
    fixed = _FIXED.fullmatch(zone)
    if fixed is not None:
        hours, minutes = int(fixed.group(2)), int(fixed.group(3) or 0)
        if hours > 14 or minutes > 59:
            raise ConfigError(
                f"tz={zone!r}: offsets from UTC reach from -12:00 to +14:00. Fix: for example '+03:00'"
            )
        shift = dt.timedelta(hours=hours, minutes=minutes)
        return _spell(-shift if fixed.group(1) == "-" else shift)
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = zoneinfo.available_timezones()
        if not known:
            raise ConfigError("the time zone database is missing. Fix: pip install tzdata") from error
        near = [_MEANT[zone]] if zone in _MEANT else nearest(zone, sorted(known))
        hint = f"did you mean {near[0]!r}?" if near else "a name such as 'Europe/Berlin', or 'UTC'"
        raise ConfigError(f"unknown time zone {zone!r}. Fix: {hint}") from error
    return zone


def utc_of_wall(wall: Ints, zone: str) -> Placed:
    """Return the UTC times at which the clocks of `zone` show `wall` (microseconds as if they were UTC)."""
    if wall.size == 0:
        none = np.zeros(0, dtype=bool)
        return Placed(wall, wall, none, none)
    moments, shifts = transitions(zone, int(wall.min()), int(wall.max()))
    if moments.size == 0:
        same, none = wall - shifts[0], np.zeros(wall.size, dtype=bool)
        return Placed(same, same, none, none)
    # A clock is left at `old` and taken up at `new`; between the two lies the gap or the repeated hour.
    old, new = moments + shifts[:-1], moments + shifts[1:]
    left, taken = np.searchsorted(old, wall, side="right"), np.searchsorted(new, wall, side="right")
    never, twice = left > taken, taken > left
    first = np.minimum(left, taken)
    return Placed(wall - shifts[first], wall - shifts[np.maximum(left, taken)], twice, never)


def wall_of_utc(micros: Ints, zone: str) -> Ints:
    """Return what the clocks of `zone` show at these UTC times (microseconds as if they were UTC)."""
    if micros.size == 0:
        return micros
    moments, shifts = transitions(zone, int(micros.min()), int(micros.max()))
    return np.asarray(micros + shifts[np.searchsorted(moments, micros, side="right")], dtype=np.int64)


def transitions(zone: str, first: int, last: int) -> tuple[Ints, Ints]:
    """Return the zone's changes within two days of a stretch: k moments, and the k + 1 offsets (µs)."""
    years = [1970 + int(t // (365.2425 * 86_400 * _SECOND)) for t in (first, last)]
    moments, shifts = _transitions(zone, max(years[0] - 1, 1), min(years[1] + 1, 9998))
    low = int(np.searchsorted(moments, first - 172_800 * _SECOND))
    high = int(np.searchsorted(moments, last + 172_800 * _SECOND))
    return moments[low:high], shifts[low : high + 1]


@lru_cache(maxsize=64)
def _transitions(zone: str, first_year: int, last_year: int) -> tuple[Ints, Ints]:
    """Find the changes by comparing the offset day by day, then by halving the day."""
    info = _info(zone)
    day = int(dt.datetime(first_year, 1, 1, tzinfo=dt.UTC).timestamp())
    stop = int(dt.datetime(last_year + 1, 1, 1, tzinfo=dt.UTC).timestamp())
    moments: list[int] = []
    shifts = [_shift(info, day)]
    while day < stop:
        after = _shift(info, day + 86_400)
        if after != shifts[-1]:
            low, high = day, day + 86_400
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _shift(info, middle) == shifts[-1] else (low, middle)
            moments.append(high)
            shifts.append(after)
        day += 86_400
    return np.array(moments, dtype=np.int64) * _SECOND, np.array(shifts, dtype=np.int64) * _SECOND


def _info(zone: str) -> dt.tzinfo:
    fixed = _FIXED.fullmatch(zone)
    if fixed is None:
        return zoneinfo.ZoneInfo(zone)
    shift = dt.timedelta(hours=int(fixed.group(2)), minutes=int(fixed.group(3) or 0))
    return dt.timezone(-shift if fixed.group(1) == "-" else shift)


def _shift(info: dt.tzinfo, second: int) -> int:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
    shift: Any = moment.astimezone(info).utcoffset()
    return int(shift.total_seconds())


def _spell(shift: dt.timedelta) -> str:
    minutes = round(shift.total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
