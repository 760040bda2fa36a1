"""Clocks of different sources: how far one is ahead of another, and how times are set right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Chunk
from journeylog.core.condition import Condition, freeze, matches, warn_unseen
from journeylog.core.intervals import quantile_ranks
from journeylog.core.log import EventLog
from journeylog.core.schema import DAY, HOUR, MINUTE, SECOND
from journeylog.core.window import format_duration, parse_duration
from journeylog.errors import ConfigError, EmptyResultWarning, warn
from journeylog.ingest.same import key_codes

__all__ = ["Offset", "estimate_offset", "offset_micros"]

Ints = npt.NDArray[np.int64]
_TICKS: Final = (DAY, HOUR, MINUTE, SECOND, SECOND // 10, SECOND // 100, 1_000, 100, 10, 1)


@dataclass(frozen=True, repr=False)
class Offset:
    """How far the clock of one log is ahead of another's, by the events both saw.

    Parameters
    ----------
    micros : int or None
        Median of the differences (second log minus first), in microseconds; None without a pair.
    low, high : int or None
        95 % interval of the median, in microseconds (distribution-free, by ranks); None where there are too few
        pairs to bound that side.
    n : int
        Pairs.
    n_ambiguous : int
        Keys that occur more than once in a log, which are not paired.
    n_alone : int
        Keys that only one of the logs has.
    ticks : pair of int
        The coarsest step, in microseconds, on which all times of the pairs lie, for both logs. An offset cannot be
        known better than these.
    spread : pair of int or None
        The 5 % and 95 % quantiles of the differences, in microseconds: far from the median they speak of delays, not
        of clocks.

    Examples
    --------
    >>> Offset(3_000_000, 2_900_000, 3_100_000, 120, 0, 4, (1_000, 1_000_000), (2_500_000, 9_000_000))
    Offset: 3 s (95 % interval 2.9 s to 3.1 s, n = 120, ticks 1 ms and 1 s)
    """

    micros: int | None
    low: int | None
    high: int | None
    n: int
    n_ambiguous: int
    n_alone: int
    ticks: tuple[int, int]
    spread: tuple[int, int] | None

    @property
    def table(self) -> pd.DataFrame:
        """One row: ``n, n_ambiguous, n_alone, offset_s, offset_low_s, offset_high_s, tick_a_s, tick_b_s, q05_s, q95_s``."""
        q05, q95 = self.spread if self.spread is not None else (None, None)
        seconds = {
            "offset_s": self.micros, "offset_low_s": self.low, "offset_high_s": self.high,
            "tick_a_s": self.ticks[0], "tick_b_s": self.ticks[1], "q05_s": q05, "q95_s": q95,
        }  # fmt: skip
        counts = {"n": [self.n], "n_ambiguous": [self.n_ambiguous], "n_alone": [self.n_alone]}
        times = {name: [np.nan if v is None else v / SECOND] for name, v in seconds.items()}
        return pd.DataFrame({**counts, **times})

    def __repr__(self) -> str:
        """Return the estimate with its interval, n and ticks."""
        if self.micros is None:
            return "Offset: unknown, no event is in both logs"
        low, high = (
            "unbounded" if bound is None else format_duration(bound) for bound in (self.low, self.high)
        )
        ticks = " and ".join(format_duration(tick) for tick in self.ticks)
        return f"Offset: {format_duration(self.micros)} (95 % interval {low} to {high}, n = {self.n:,}, ticks {ticks})"

    def _repr_html_(self) -> str:
        """Return the estimate for notebooks."""
        return f"<p>{repr(self).replace('<', '&lt;')}</p>"


def estimate_offset(
    a: EventLog,
    b: EventLog,
    *,
    on: str | Sequence[str],
    on_b: str | Sequence[str] | None = None,
    events: tuple[Condition, Condition] | None = None,
) -> Offset:
    """Estimate how far the clock of `b` is ahead of the clock of `a`, from events both saw.

    Parameters
    ----------
    a, b : EventLog
        For example clicks and orders.
    on : str or sequence of str
        Columns whose values name the same thing in both, for example ``"order_id"``; ``"actor"`` is one too.
    on_b : str or sequence of str, optional
        What they are called in `b`, if differently.
    events : pair of condition, optional
        The events of `a` and of `b` that are compared, for example ``("purchase", "ordered")``; by default all.

    Returns
    -------
    Offset
        To be declared: ``jl.combine(a, b, offsets={"orders": offset})``.

    Raises
    ------
    ConfigError
        If the keys are not as many columns in both.
    MissingColumnError
        If a log has no such column.

    Warns
    -----
    EmptyResultWarning
        If no event is in both.

    Notes
    -----
    A key that occurs more than once in a log is left out, as nobody can say which belongs to which. The median of the
    differences is not moved by a few late ones, but it holds what lies between the two events besides the clocks: an
    order that is always written two seconds after its click looks like a clock that is two seconds ahead. The interval
    is that of the median by order statistics; it does not hold the coarseness of the clocks, so the ticks are
    stated beside it.

    References
    ----------
    H. A. David, H. N. Nagaraja (2003), Order Statistics, section 7.1.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> at = pd.date_range("2025-01-06 10:00", periods=8, freq="7min", tz="UTC")
    >>> clicks = pd.DataFrame({"who": "d1", "what": "purchase", "at": at, "order": range(8)})
    >>> orders = clicks.assign(who="anna", what="ordered", at=at + pd.Timedelta("3s"))
    >>> a, b = (jl.read(f, actor="who", event="what", time="at") for f in (clicks, orders))
    >>> jl.estimate_offset(a, b, on="order")
    Offset: 3 s (95 % interval 3 s to 3 s, n = 8, ticks 1 min and 1 s)
    """
    keys_a, keys_b = _columns(on), _columns(on if on_b is None else on_b)
    if len(keys_a) != len(keys_b) or not keys_a:
        raise ConfigError(f"on={on!r} and on_b={on_b!r} are not one key. Fix: as many columns in both")
    asked = (None, None) if events is None else tuple(events)
    if len(asked) != 2:
        raise ConfigError(f"events={events!r} is no pair. Fix: for example ('purchase', 'ordered')")
    left, right = (
        _keyed(log.chunk, keys, what) for log, keys, what in ((a, keys_a, asked[0]), (b, keys_b, asked[1]))
    )
    once_a, twice_a = _once(left)
    once_b, twice_b = _once(right)
    place = pc.index_in(once_b[0], once_a[0]).fill_null(-1).to_numpy(zero_copy_only=False)
    at_a, at_b = once_a[1][place[place >= 0]], once_b[1][place >= 0]
    ambiguous = len(pc.unique(pa.chunked_array([twice_a, twice_b], pa.string())))
    everything = len(pc.unique(pa.chunked_array([left[0], right[0]], pa.string())))
    return _estimate(at_a, at_b, ambiguous, everything - ambiguous - len(at_a))


def offset_micros(value: Any, source: str) -> int:
    """Return a declared offset in microseconds.

    Raises
    ------
    ConfigError
        If it has no unit, or is an estimate without a pair.
    """
    if isinstance(value, Offset):
        if value.micros is None:
            raise ConfigError(
                f"the offset of {source!r} is unknown: no event was in both logs. Fix: declare it, or leave it out"
            )
        return value.micros
    if isinstance(value, dt.timedelta):
        return value // dt.timedelta(microseconds=1)
    if isinstance(value, np.timedelta64):
        return int(value.astype("timedelta64[us]").view("int64"))
    if isinstance(value, str):
        text = value.strip()
        sign = -1 if text[:1] in ("-", "−") else 1
        return sign * parse_duration(text.lstrip("+-−"), name=f"offsets[{source!r}]")
    raise ConfigError(f"offsets[{source!r}]={value!r} has no unit. Fix: for example '3s' or '-250ms'")


def _estimate(at_a: Ints, at_b: Ints, n_ambiguous: int, n_alone: int) -> Offset:
    n = len(at_a)
    ticks = (_tick(at_a), _tick(at_b))
    if not n:
        warn("no event is in both logs, so the offset of their clocks is unknown", EmptyResultWarning)
        return Offset(None, None, None, 0, n_ambiguous, n_alone, ticks, None)
    lag = np.sort(at_b - at_a)
    middle = (int(lag[(n - 1) // 2]) + int(lag[n // 2])) // 2
    _, low, high = quantile_ranks(n, 0.5)
    ends = (int(lag[quantile_ranks(n, 0.05)[0] - 1]), int(lag[quantile_ranks(n, 0.95)[0] - 1]))
    return Offset(
        middle,
        int(lag[low - 1]) if low >= 1 else None,
        int(lag[high - 1]) if high <= n else None,
        n,
        n_ambiguous,
        n_alone,
        ticks,
        ends,
    )


def _tick(times: Ints) -> int:
    """Return the coarsest usual step on which all times lie."""
    return next(tick for tick in _TICKS if not (times % tick).any())


def _columns(on: str | Sequence[str]) -> tuple[str, ...]:
    return (on,) if isinstance(on, str) else tuple(on)


def _keyed(chunk: Chunk, keys: Sequence[str], condition: Condition) -> tuple[pa.Array, Ints]:
    """Return the keys of the events in question as texts, and their times."""
    if condition is None:
        rows = np.arange(chunk.n_events)
    else:
        asked = freeze(condition)
        warn_unseen(chunk, asked)
        rows = np.flatnonzero(matches(chunk, asked))
    coded = [key_codes(chunk, name) for name in keys]
    for codes, _ in coded:
        rows = rows[codes[rows] >= 0]
    parts = []
    for codes, labels in coded:
        text = labels.take(pa.array(codes[rows]))
        # the length before each part, so that ("a", "b,c") and ("a,b", "c") are two keys
        parts.append(pc.binary_join_element_wise(pc.binary_length(text).cast(pa.string()), text, ":"))
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, ",")
    return joined, chunk.time[rows]


def _once(keyed: tuple[pa.Array, Ints]) -> tuple[tuple[pa.Array, Ints], pa.Array]:
    """Return the keys that occur once with their times, and those that occur more often."""
    keys, times = keyed
    counts = pc.value_counts(keys)
    several = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    alone = ~pc.is_in(keys, several).to_numpy(zero_copy_only=False)
    return (keys.filter(pa.array(alone)), times[alone]), several
