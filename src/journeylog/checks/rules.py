"""What the caller may say about the checks, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from journeylog.core.schema import DAY

__all__ = ["Rules"]


@dataclass(frozen=True)
class Rules:
    """The few numbers checks depend on.

    Parameters
    ----------
    now : int
        The present, microseconds UTC: what is later is in the future.
    tz : str
        Zone in which day and night are told.
    tz_given : bool
        Whether the caller named it. Without, a peak at night says nothing about a shop whose clock is not UTC.
    late_after : int
        Microseconds from an event to its arrival after which it is late.
    false_alarm : float
        Probability with which a statistical check (outages, clocks that are behind) speaks although nothing is wrong.
    show_ids : bool
        Whether actor ids are shown as they are.
    """

    now: int
    tz: str = "UTC"
    tz_given: bool = False
    late_after: int = DAY
    false_alarm: float = 0.01
    show_ids: bool = False
