"""Retention: the share of actors who come back, period by period after they began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.chunk import Chunk, Level
from journeylog.core.condition import Condition, freeze, matches
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Counts, Table
from journeylog.core.intervals import wilson
from journeylog.core.kernels.retention import returns
from journeylog.core.nodes import ratio
from journeylog.core.notes import Span, note
from journeylog.core.schema import DAY
from journeylog.core.seen import name_table, warn_unseen_names
from journeylog.core.window import Window, parse_duration
from journeylog.core.zones import utc_of_wall, wall_of_utc, zone_name
from journeylog.errors import ConfigError

__all__ = ["Retention", "RetentionResult"]

Ints = npt.NDArray[np.int64]

#: Periods of the calendar, by the word for them.
_CALENDAR: Final = ("day", "week", "month")
_CALENDAR_NOTES: Final = {
    "day": note("a period is a day of the calendar"),
    "week": note("a period is a week of the calendar"),
    "month": note("a period is a month of the calendar"),
}
_MOST: Final = 62  # one bit a period in a 64-bit integer, beside that of the start's own
_MONDAY: Final = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True)
class Retention(Stat):
    """Tell which share of actors comes back in each period after they began, of those who could be seen in it.

    Parameters
    ----------
    interval : str
        A period: a duration such as ``"7d"``, counted from each actor's own start, or ``"day"``, ``"week"`` (from
        Monday) or ``"month"`` of the calendar in `tz`.
    periods : int
        How many periods after that of the start to look at, 1 to 62.
    start : condition or None
        What an actor begins with (see :mod:`journeylog.core.condition`); None is the first event.
    event : condition or None
        What counts as coming back; None is any event.
    bounded : bool
        True: back in this very period (also called N-day, or classic). False: back in this period or any later one of
        those looked at (also called unbounded, rolling, or "on or after").
    tz : str
        Zone of the calendar.

    Notes
    -----
    Table, one row a period: ``period, n_actors, n_eligible, n_returned, rate, rate_low, rate_high``. Period 1 is the
    first one after that of the start: with ``"7d"`` from 7 days behind the start to just before 14.

    ``n_actors`` began; ``n_eligible`` of them were watched until the period was over, and only they are in the rate:
    who began too late to be seen neither stayed nor left. Unbounded, everybody who counts was watched through all the
    periods looked at, or early periods would have had more time to be made good for than late ones. Intervals are
    Wilson's.

    ``tables["cohorts"]``, by when actors began (a calendar period, or as many intervals after the window's start):
    ``cohort, cohort_size, period, n_eligible, n_returned, rate, rate_low, rate_high``; a row for each period that some
    of the cohort could be seen in.

    Actors who were there before the window began count from the first event seen; with a declared run-in
    (``jl.Journeys(run_in=...)``) a note says how many they may be. Where that matters, `start` names what only newcomers
    do. Counts merge by addition, keyed by cohort and period.

    References
    ----------
    P. S. Fader, B. G. S. Hardie (2007), How to project customer retention. J. Interact. Mark. 21.

    Examples
    --------
    >>> import journeylog as jl
    >>> found = jl.datasets.tiny().compute(jl.Retention("5min", periods=2))
    >>> found.table[["period", "n_actors", "n_eligible", "n_returned"]]
       period  n_actors  n_eligible  n_returned
    0       1         4           4           2
    1       2         4           3           1
    """

    interval: str = "7d"
    periods: int = 8
    start: Condition = None
    event: Condition = None
    bounded: bool = True
    tz: str = "UTC"

    def __post_init__(self) -> None:
        """Check what was asked."""
        if not isinstance(self.periods, int) or not 1 <= self.periods <= _MOST:
            raise ConfigError(
                f"periods={self.periods!r} is not possible. Fix: a whole number from 1 to {_MOST}"
            )
        if self.interval not in _CALENDAR:
            parse_duration(self.interval, name="interval")
        object.__setattr__(self, "tz", zone_name(self.tz))
        for name in ("start", "event"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, freeze(getattr(self, name)))

    def case_level(self, chunk: Chunk) -> str:
        """Return the level of actors: it is they who come back."""
        return "actor"

    @property
    def calendar(self) -> bool:
        """Whether periods are those of the calendar."""
        return self.interval in _CALENDAR

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return how many of each cohort could be seen in each period, and how many were."""
        level = chunk.cases("actor")
        length = 1 if self.calendar else parse_duration(self.interval)
        place, over = chunk.time, window.end + 1
        if self.calendar:
            place = _number(chunk.time, self.interval, self.tz)
            over = int(_number(np.array([over]), self.interval, self.tz)[0])
        asked = [None if c is None else matches(chunk, c) for c in (self.start, self.event)]
        first, back = returns(place, *asked, level.begin, level.end, length, self.periods)
        began = first >= 0
        origin, back = place[first[began]], back[began]
        cohort = origin if self.calendar else (origin - window.start) // length
        watched = np.minimum((over - origin) // length - 1, self.periods)
        found, row = np.unique(cohort, return_inverse=True)
        eligible, returned = self._grids(row, len(found), watched, back)
        rows, period = np.nonzero(eligible)
        return Counts(
            {
                "returns": Table(
                    {"cohort": found[rows], "period": period.astype(np.int64)},
                    {"n_eligible": eligible[rows, period], "n_returned": returned[rows, period]},
                ),
                "cohorts": Table({"cohort": found}, {"n_actors": np.bincount(row, minlength=len(found))}),
                "cases": Table({}, {"n_under_way": np.array([_under_way(chunk, level, began)], np.int64)}),
                "names": name_table(chunk),
            }
        ).canonical()

    def _grids(self, row: Ints, n_rows: int, watched: Ints, back: Ints) -> tuple[Ints, Ints]:
        """Return by cohort and period how many could be seen, and how many of them came back."""
        grids = np.zeros((2, n_rows, self.periods + 1), np.int64)
        for j in range(1, self.periods + 1):
            seen = watched >= (j if self.bounded else self.periods)
            there = (back >> j) & 1 != 0 if self.bounded else (back >> j) != 0
            grids[0, :, j] = np.bincount(row[seen], minlength=n_rows)
            grids[1, :, j] = np.bincount(row[seen & there], minlength=n_rows)
        return grids[0], grids[1]

    def result(self, counts: Counts, window: Window) -> RetentionResult:
        """Return rates and their intervals."""
        warn_unseen_names(counts["names"], [c for c in (self.start, self.event) if c is not None])
        rows, cohorts = counts["returns"], counts["cohorts"]
        period, n_actors = rows.codes("period"), int(cohorts.values["n_actors"].sum())
        total = {
            name: np.bincount(period, values, self.periods + 1)[1:].astype(np.int64)
            for name, values in rows.values.items()
        }
        table = pd.DataFrame(
            {
                "period": np.arange(1, self.periods + 1),
                "n_actors": np.full(self.periods, n_actors),
                **_rates(total["n_eligible"], total["n_returned"]),
            }
        )
        size = cohorts.values["n_actors"][np.searchsorted(cohorts.codes("cohort"), rows.codes("cohort"))]
        by_cohort = pd.DataFrame(
            {
                "cohort": self._begins(rows.codes("cohort"), window),
                "cohort_size": size,
                "period": period,
                **_rates(rows.values["n_eligible"], rows.values["n_returned"]),
            }
        )
        notes = self._notes(table, int(counts["cases"].values["n_under_way"].sum()))
        return RetentionResult(self, window, table, {"cohorts": by_cohort}, notes)

    def _begins(self, cohort: Ints, window: Window) -> Any:
        """Return when each cohort begins, in UTC."""
        if not self.calendar:
            return pd.to_datetime(window.start + cohort * parse_duration(self.interval), unit="us", utc=True)
        wall = _wall_of_number(cohort, self.interval)
        return pd.to_datetime(utc_of_wall(wall, self.tz).micros, unit="us", utc=True)

    def _notes(self, table: pd.DataFrame, n_under_way: int) -> tuple[str, ...]:
        n, last = int(table["n_actors"].iloc[0]), int(table["n_eligible"].iloc[-1])
        notes = [
            _CALENDAR_NOTES[self.interval]
            if self.calendar
            else note("a period is {period}", period=Span(parse_duration(self.interval)))
        ]
        if last < n:
            notes.append(
                note(
                    "{n:,} of {total:,} actors were watched for all {periods} periods; who could not be seen in a period "
                    "is not in its rate",
                    n=last,
                    total=n,
                    periods=self.periods,
                )
            )
        if n_under_way:
            notes.append(
                note(
                    "{n:,} of {total:,} actors began in the run-in and may have been there before the window: they count "
                    "from the first event seen; start= can name what only newcomers do",
                    n=n_under_way,
                    total=n,
                )
            )
        return tuple(notes)


@dataclass(frozen=True, eq=False, repr=False)
class RetentionResult(Result):
    """Who comes back; see :class:`Retention` for the tables."""

    @property
    def cohorts(self) -> pd.DataFrame:
        """The same by when actors began."""
        return self.tables["cohorts"]


def _under_way(chunk: Chunk, level: Level, began: npt.NDArray[np.bool_]) -> int:
    """Return how many actors who began have a journey that was set apart as being under way before the window."""
    journeys = chunk.levels.get("journey")
    if journeys is None or journeys.under_way is None:
        return 0
    apart = np.sort(journeys.under_way.first_event())
    there = np.searchsorted(apart, level.end) > np.searchsorted(apart, level.begin)
    return int(np.count_nonzero(there & began))


def _rates(n: Ints, k: Ints) -> dict[str, Any]:
    low, high = wilson(k, n)
    return {"n_eligible": n, "n_returned": k, "rate": ratio(k, n), "rate_low": low, "rate_high": high}


def _number(time: Ints, unit: str, tz: str) -> Ints:
    """Return the number of the calendar period of each time, without gaps."""
    day = wall_of_utc(time, tz) // DAY
    if unit == "month":
        return np.asarray(day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))
    return np.asarray(day if unit == "day" else (day + _MONDAY) // 7, dtype=np.int64)


def _wall_of_number(number: Ints, unit: str) -> Ints:
    """Return what the clock shows when a calendar period begins."""
    if unit == "month":
        day = number.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    else:
        day = number if unit == "day" else number * 7 - _MONDAY
    return np.asarray(day * DAY, dtype=np.int64)
