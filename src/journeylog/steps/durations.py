"""Durations in steps: kept as they are written, so that a step reads and prints as it was asked."""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

import numpy as np

from journeylog.core.schema import DAY, HOUR, MINUTE, SECOND
from journeylog.core.window import parse_duration

__all__ = ["Duration", "written_duration"]

Duration: TypeAlias = str | dt.timedelta | np.timedelta64

_UNITS = (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND), ("ms", 1_000), ("us", 1))


def written_duration(value: Duration, name: str) -> str:
    """Return the duration as text that :func:`journeylog.core.window.parse_duration` reads.

    Raises
    ------
    ConfigError
        If it is not a positive duration with a unit.

    Examples
    --------
    >>> written_duration("1h 30min", "gap"), written_duration(dt.timedelta(minutes=90), "gap")
    ('1h 30min', '90min')
    """
    micros = parse_duration(value, name=name)
    if isinstance(value, str):
        return value
    unit, size = next((unit, size) for unit, size in _UNITS if micros % size == 0)
    return f"{micros // size}{unit}"
