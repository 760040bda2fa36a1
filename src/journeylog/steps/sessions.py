"""Sessions: visits of an actor, parted by silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level, read_only
from journeylog.core.condition import Condition, freeze, matches, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.kernels import sessions as kernel
from journeylog.core.objects import object_codes, object_level
from journeylog.core.schema import DAY, DROPPED, OPEN
from journeylog.core.visits import FOREVER, case_times
from journeylog.core.window import Window, parse_duration
from journeylog.core.zones import utc_of_wall, zone_name
from journeylog.errors import ConfigError
from journeylog.steps.durations import Duration, written_duration

__all__ = ["Sessions"]

_NO_INTS = read_only(np.zeros(0, np.int64))
_NO_CODES = read_only(np.zeros(0, np.int32))
_NO_MASK = read_only(np.zeros(0, np.bool_))


@dataclass(frozen=True)
class Sessions(Step):
    """Cut each actor's events into sessions.

    A session ends where the next event comes **more than** `gap` later; an event exactly `gap` later
    still belongs to it. Further cuts are optional. Makes the level ``"session"``.

    Parameters
    ----------
    gap : str or timedelta
        The silence that parts two sessions, for example ``"30min"``.
    midnight_tz : str, optional
        A time zone (``"Europe/Berlin"``); a session also ends at midnight there. The event at 00:00:00
        belongs to the new day.
    change_of : str, optional
        A column (campaign, channel); a session also ends where its value changes. A missing value
        changes nothing: it belongs to the session it stands in, so no session has two values.
    max_length : str or timedelta, optional
        A session also ends where the next event is more than this after the session's first event.
    start : condition, optional
        Events that begin a new session wherever they stand.
    column : str, optional
        A column with session ids that came with the data. They decide alone, so no other cut can be given.
        Ids of different actors never meet, may interleave, and an event without an id is a session of its
        own.

    Raises
    ------
    ConfigError
        If a duration has no unit, the zone is unknown, or `column` comes with another cut.

    Notes
    -----
    The outcome of a session is dropped when it has ended and open while it may go on: an event at the window's
    end would still belong to it. With `column` it has ended when the window goes on for more than `gap` after
    its last event. The patience of the level is `gap`.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Sessions(gap="30min"))
    >>> len(log.chunk.cases("session")) >= log.n_actors
    True
    """

    gap: Duration = "30min"
    _: KW_ONLY
    midnight_tz: str | None = None
    change_of: str | None = None
    max_length: Duration | None = None
    start: Condition = None
    column: str | None = None

    def __post_init__(self) -> None:
        """Check the choices and keep durations as text."""
        object.__setattr__(self, "gap", written_duration(self.gap, "gap"))
        if self.max_length is not None:
            object.__setattr__(self, "max_length", written_duration(self.max_length, "max_length"))
        if self.midnight_tz is not None:
            object.__setattr__(self, "midnight_tz", zone_name(self.midnight_tz))
        if self.start is not None:
            object.__setattr__(self, "start", freeze(self.start))
        if self.column is not None:
            cuts = ("midnight_tz", "change_of", "max_length", "start")
            given = [name for name in cuts if getattr(self, name) is not None]
            if given:
                raise ConfigError(
                    f"column={self.column!r} says where sessions are, {', '.join(given)} too. "
                    f"Fix: leave out column= or {', '.join(given)}"
                )

    @property
    def gap_micros(self) -> int:
        """The gap in microseconds."""
        return parse_duration(self.gap, name="gap")

    @property
    def max_length_micros(self) -> int | None:
        """The longest length in microseconds, None when there is none."""
        return None if self.max_length is None else parse_duration(self.max_length, name="max_length")

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about start events that do not occur."""
        if self.start is not None:
            warn_unknown(names, self.start)
        return tuple(names)

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the level ``"session"``."""
        level = self._cut(chunk, window) if self.column is None else self._given(chunk, window, self.column)
        return chunk.with_level("session", level)

    def _cut(self, chunk: Chunk, window: Window) -> Level:
        time = chunk.time
        days = _NO_INTS
        if self.midnight_tz is not None and len(time):
            days = _midnights(self.midnight_tz, int(time.min()), max(int(time.max()), window.end))
        longest = self.max_length_micros
        cut: Any = kernel.cut_sessions(
            time,
            chunk.offsets,
            self.gap_micros,
            -1 if longest is None else longest,
            days,
            _NO_CODES if self.change_of is None else object_codes(chunk, self.change_of)[0],
            _NO_MASK if self.start is None else read_only(matches(chunk, self.start)),
            window.end,
        )
        begin, end, outcome, actor_offsets = cut
        return Level(actor_offsets, begin, end, outcome, None, self.gap_micros)

    def _given(self, chunk: Chunk, window: Window, column: str) -> Level:
        level = object_level(chunk, column, missing_alone=True)
        over = window.end - case_times(chunk, level)[1] > self.gap_micros
        outcome = np.where(over, DROPPED, OPEN).astype(np.int32)
        return replace(level, outcome=outcome, patience=self.gap_micros)


def _midnights(zone: str, low: int, high: int) -> npt.NDArray[np.int64]:
    """Return the first instants of the zone's days that begin between two times, and a last one after all."""
    days = np.arange(low // DAY - 1, high // DAY + 3, dtype=np.int64) * DAY
    return read_only(np.append(np.unique(utc_of_wall(days, zone).micros), FOREVER))
