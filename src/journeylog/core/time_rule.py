"""What is declared about a column of stamps, and what was read from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from journeylog.core.kernels.time import NULL, OUT_OF_RANGE, UNPARSEABLE

__all__ = [
    "AMBIGUOUS",
    "FUTURE",
    "MIXED",
    "NONEXISTENT",
    "PLACES",
    "REASONS",
    "UNIT_SUSPECT",
    "UNIT_WORDS",
    "Stamps",
    "TimeRule",
]

# Verdicts beyond those of the kernels.
AMBIGUOUS, NONEXISTENT, MIXED, UNIT_SUSPECT, FUTURE = 6, 7, 8, 9, 10

#: Reason code of each verdict that rejects.
REASONS: Final = {
    NULL: "TS_NULL",
    UNPARSEABLE: "TS_UNPARSEABLE",
    OUT_OF_RANGE: "TS_OUT_OF_RANGE",
    AMBIGUOUS: "TS_AMBIGUOUS",
    NONEXISTENT: "TS_NONEXISTENT",
    MIXED: "TS_MIXED_TZ",
    UNIT_SUSPECT: "TS_UNIT_SUSPECT",
    FUTURE: "TS_FUTURE",
}

#: Microseconds are ``value * 10**places``.
PLACES: Final = {"s": 6, "ms": 3, "us": 0, "ns": -3}
UNIT_WORDS: Final = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


@dataclass(frozen=True)
class TimeRule:
    """How the stamps of a column are written, and which of them are plausible.

    Parameters
    ----------
    unit : {"s", "ms", "us", "ns"} or None
        Unit of numbers since 1970-01-01 UTC.
    format : str or None
        How text is written, in the letters of ``strptime``; None is ISO 8601.
    tz : str or None
        Zone of stamps that carry none.
    ambiguous : {"reject", "first", "last"}
        What becomes of a wall-clock time that happens twice or never when the clocks change.
    earliest, latest : int
        Plausible range in microseconds since 1970 UTC, both included.
    wall_clock : bool
        Whether numbers count the time of the clock on the wall in `tz`, not of UTC.
    """

    unit: str | None = None
    format: str | None = None
    tz: str | None = None
    ambiguous: str = "reject"
    earliest: int = 631_152_000_000_000
    latest: int = 2**62
    wall_clock: bool = False


@dataclass
class Stamps:
    """What was read from one piece of a column.

    Parameters
    ----------
    micros : ndarray of int64
        Microseconds since 1970 UTC; wall-clock ones where the verdict is ``WALL``.
    verdict : ndarray of uint8
        ``INSTANT``, ``WALL`` (no zone yet), or what is wrong: a key of :data:`REASONS`.
    moved : int
        Times that happen twice or never and were set by the policy.
    looks_like : str
        Unit in which the numbers out of range would be plausible, if there is one.
    bare : ndarray of float64 or None
        The numbers, where all that could not be read are numbers and no unit was declared.
    others : bool
        Whether some stamp is no such number; then the numbers are wrong and not the declaration.
    """

    micros: npt.NDArray[np.int64]
    verdict: npt.NDArray[np.uint8]
    moved: int = 0
    looks_like: str = ""
    bare: npt.NDArray[np.float64] | None = None
    others: bool = False
