"""Oracle of retention: each actor and period by its definition."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from tests.strategies import Event

Fits = Callable[[Event], bool]
Number = Callable[[int], int]


def clock(length: int) -> Callable[[int], Number]:
    """Periods of equal length, counted from an actor's own start."""
    return lambda origin: lambda time: (time - origin) // length


def calendar(unit: str, tz: str) -> Callable[[int], Number]:
    """Periods of the calendar, counted from that of the start."""

    def number(time: int) -> int:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=time)
        day = moment.astimezone(ZoneInfo(tz)).date()
        if unit == "month":
            return day.year * 12 + day.month
        return day.toordinal() if unit == "day" else (day - dt.timedelta(days=day.weekday())).toordinal() // 7

    return lambda origin: lambda time: number(time) - number(origin)


def retention(
    events: list[Event],
    periods: int,
    window_end: int,
    numbers: Callable[[int], Number],
    start: Fits | None = None,
    back: Fits | None = None,
    bounded: bool = True,
) -> dict[int, tuple[int, int]]:
    """For each period: how many actors could be seen in all of it, and how many of them came back."""
    by_actor: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_actor[event.actor].append(event)
    out = dict.fromkeys(range(1, periods + 1), (0, 0))
    for mine in by_actor.values():
        first = next((i for i, e in enumerate(mine) if start is None or start(e)), None)
        if first is None:
            continue
        number = numbers(mine[first].time)
        complete = number(window_end + 1) - 1  # the period of the first moment not observed is not over
        came = {number(e.time) for e in mine[first + 1 :] if back is None or back(e)}
        for j in out:
            if complete >= (j if bounded else periods):
                hit = j in came if bounded else bool(came & set(range(j, periods + 1)))
                out[j] = (out[j][0] + 1, out[j][1] + hit)
    return out


def rows(table: Any) -> dict[int, tuple[int, int]]:
    """The same of a result's table."""
    return {r["period"]: (r["n_eligible"], r["n_returned"]) for r in table.to_dict("records")}
