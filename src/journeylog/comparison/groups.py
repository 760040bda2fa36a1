"""The two groups of a comparison: two values of an attribute, or two periods of one log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.chunk import Chunk, Level
from journeylog.core.contracts import Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.log import EventLog
from journeylog.core.notes import Moment, note
from journeylog.core.window import Window, utc_text
from journeylog.errors import ConfigError, EmptyResultWarning, cut, nearest, warn

__all__ = ["Groups", "Period", "case_values", "of_cases", "parse_period"]

Groups8 = npt.NDArray[np.int8]

Period = str | pd.Period | Sequence[Any]
_LATEST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Groups:
    """Two groups of cases, or of moves: who is in neither is in no comparison.

    Parameters
    ----------
    names : (str, str)
        What they are called.
    by : str or None
        The attribute whose values at their first event tell the groups apart; None: the time does.
    values : tuple of (frozenset of str or None)
        With `by`: the values of each group; None is every value that the other group has not.
    bounds : tuple of int
        Without `by`: begin and end of both periods, microseconds; a period ends just before its end.
    """

    names: tuple[str, str]
    by: str | None = None
    values: tuple[frozenset[str] | None, frozenset[str] | None] = (None, None)
    bounds: tuple[int, int, int, int] = (0, 0, 0, 0)

    @staticmethod
    def of_values(log: EventLog, question: Stat, by: str, a: str | None, b: str | None) -> Groups:
        """Return the groups of two values of an attribute."""
        known = list(case_values(log, question, by))
        if not known and not log.n_events:
            warn("the log has no events, so there is nothing to compare", EmptyResultWarning)
            known = [a or "a", b or "b"]
        if a is None and b is None and len(known) == 2:
            a, b = known
        for name, value in (("a", a), ("b", b)):
            if not known:
                raise ConfigError(
                    f"no case has a value of {by!r} at its first event. Fix: name another column"
                )
            if value is None:
                raise ConfigError(
                    f"{by!r} has {len(known)} values, {cut(known)}. Fix: name the two, a=... and b=..."
                )
            if value not in known:
                near = nearest(str(value), known)
                hint = f"did you mean {near[0]!r}?" if near else f"one of {cut(known)}"
                raise ConfigError(f"{name}={value!r} is no value of {by!r}. Fix: {hint}")
        assert a is not None and b is not None
        return Groups((a, b), by, (frozenset([a]), frozenset([b])))

    @staticmethod
    def of_periods(a: Period, b: Period) -> Groups:
        """Return the groups of two periods."""
        (name_a, *one), (name_b, *two) = parse_period(a, "a"), parse_period(b, "b")
        if max(one[0], two[0]) < min(one[1], two[1]):
            raise ConfigError(
                f"a={name_a!r} and b={name_b!r} overlap. Fix: let one end where the other begins; the end is not in it"
            )
        return Groups((name_a, name_b), bounds=(one[0], one[1], two[0], two[1]))

    def cases(self, chunk: Chunk, level: Level) -> Groups8:
        """Return the group of each case, 0 or 1, by its first event; -1 is none."""
        first = level.first_event()
        if self.by is None:
            return self.at(chunk.time[first])
        column = chunk.category(self.by)
        named = [value if value is not None else frozenset() for value in self.values]
        rest = next((g for g in (0, 1) if self.values[g] is None), -1)
        lut = np.full(len(column.names) + 1, rest, np.int8)
        for code, name in enumerate(column.names):
            for g in (0, 1):
                if name in named[g]:
                    lut[code] = g
        lut[-1] = -1  # without a value there is no group
        return np.asarray(lut[column.codes[first]])

    def at(self, time: npt.NDArray[np.int64]) -> Groups8:
        """Return the period of each time."""
        a0, a1, b0, b1 = self.bounds
        inside = np.full(len(time), -1, np.int8)
        inside[(time >= a0) & (time < a1)] = 0
        inside[(time >= b0) & (time < b1)] = 1
        return inside

    def outside(self, window: Window) -> list[str]:
        """Return notes on periods of which only a part was observed."""
        notes: list[str] = []
        for name, start, end in zip(self.names, self.bounds[::2], self.bounds[1::2], strict=True):
            if start < window.start or end - 1 > window.end:
                notes.append(
                    note(
                        "{name}: of this period only what lies in {start} to {end} UTC was observed",
                        name=name,
                        start=Moment(window.start),
                        end=Moment(window.end),
                    )
                )
        return notes


def of_cases(chunk: Chunk, question: Stat, groups: Groups) -> tuple[Chunk, str, Groups8]:
    """Return the chunk made ready for a question, the level it counts, and the group of each case."""
    ready = question.prepare(chunk)
    name = question.case_level(ready)
    return ready, name, groups.cases(ready, ready.cases(name))


def case_values(log: EventLog, question: Stat, by: str) -> dict[str, int]:
    """Return the values that an attribute has at the first events of cases, sorted, and how many cases have each."""

    def count(chunk: Chunk) -> Counts:
        ready = question.prepare(chunk)
        column = ready.category(by)
        codes = column.codes[ready.cases(question.case_level(ready)).first_event()]
        n = np.bincount(codes[codes >= 0], minlength=len(column.names))
        used = np.flatnonzero(n)
        return Counts(
            {"values": Table({"value": Coded(used, column.names)}, {"n": n[used].astype(np.int64)})}
        )

    table = Counts.merge(log.source.map(count))["values"]
    names = [str(name) for name in table.coded("value").names({})]
    return dict(sorted(zip(names, table.values["n"].tolist(), strict=True)))


def parse_period(period: Any, name: str) -> tuple[str, int, int]:
    """Return what a period is called, its begin, and its end, which is not in it, in microseconds.

    Raises
    ------
    ConfigError
        If it is no period, or ends before it begins.

    Examples
    --------
    >>> parse_period("2025-01", "a")
    ('2025-01', 1735689600000000, 1738368000000000)
    >>> parse_period(("2025-01-01", "2025-01-02"), "a")
    ('2025-01-01 to 2025-01-02', 1735689600000000, 1735776000000000)
    """
    wrong = ConfigError(
        f"{name}={cut(period)} is no period. Fix: '2025-01', '2025Q1', or a begin and an end: ('2025-01-01', '2025-02-01')"
    )
    try:
        if isinstance(period, str | pd.Period):
            whole = pd.Period(period)
            start, end = _micros(whole.start_time), _micros((whole + 1).start_time)
            called = str(period)
        elif isinstance(period, Window):
            start, end, called = period.start, period.end + 1, str(period)
        elif isinstance(period, Sequence) and len(period) == 2:
            start, end = (_micros(pd.Timestamp(moment)) for moment in period)
            called = f"{_short(start)} to {_short(end)}"
        else:
            raise wrong
    except (ValueError, TypeError) as error:
        raise wrong from error
    if end <= start:
        raise ConfigError(f"{name}={cut(period)} ends before it begins. Fix: swap the two")
    return called, start, end


def _micros(stamp: pd.Timestamp) -> int:
    if pd.isna(stamp):
        raise ValueError("no time")
    stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
    return int((stamp - pd.Timestamp(0, tz="UTC")) // pd.Timedelta("1us"))


def _short(micros: int) -> str:
    return utc_text(micros).removesuffix(" 00:00:00")
