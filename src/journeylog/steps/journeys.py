"""Journeys: what is followed, from its start to its goal or its silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level, read_only
from journeylog.core.condition import Condition, freeze, matches, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.counts import Counts
from journeylog.core.gaps import FEWEST, PERCENTILES, gap_counts, gap_percentiles, written_gap
from journeylog.core.kernels import journeys as kernel
from journeylog.core.objects import object_level
from journeylog.core.schema import DROPPED, OPEN, REACHED, UNDECLARED
from journeylog.core.select import restrict_level
from journeylog.core.terms import Terms
from journeylog.core.visits import case_times
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, WindowWarning, cut, warn
from journeylog.steps.durations import Duration, written_duration

__all__ = ["Journeys"]

_DEFAULT = "30d"
_AUTO = "auto"
_NO_INTS = read_only(np.zeros(0, np.int64))
_NO_MASK = read_only(np.zeros(0, np.bool_))


@dataclass(frozen=True)
class Journeys(Step):
    """Say what a journey is: what is followed, when it begins, what its goal is, and when it is given up.

    Makes the level ``"journey"``. A journey is **reached** when its goal occurred, **dropped** when the
    window goes on for more than `patience` after its last event, and **open** when the window ended before
    one could tell.

    Parameters
    ----------
    goal : condition, optional
        The events that are the goal. Without one, no journey is reached.
    patience : str or timedelta, optional
        The silence after which a journey is given up. By default ``"30d"``, and for sessions their own gap.
        None declares no patience: what is not reached stays open (for sessions: their own gap). ``"auto"`` is the
        95th percentile of return gaps: of the silences after which those who come back at all have come back,
        with those that the window's end cut off counted as long as they were watched. It is estimated once for a
        log, when the step is applied.
    start : condition, optional
        A journey begins at its first event that matches; by default at its first event. Events before belong
        to no journey.
    of : {"actor", "session", "stretch"} or str
        What is followed: the whole actor; each session (see :class:`Sessions`); stretches of an actor, each
        cut by a goal or by a silence of more than `patience`; or a column that names an object (order,
        deal, ticket): each actor's events with the same value, interleaved or not.
    goal_ends : bool
        Whether a journey ends with the first goal. Events after it belong to no journey, or, for stretches,
        to the next one. When False the journey goes on to its end and is reached all the same: *reached* then
        stands at the node where it ends.
    restart : bool
        For stretches: whether a new one may begin after one that was reached. What follows a goal (a thank-you
        page) begins the next stretch unless `start` says what a journey begins with.
    run_in : str or timedelta, optional
        A time at the window's start in which nobody is a newcomer: who was under way before the window cannot be
        told from who has just come. Journeys that begin in it are set apart and counted (``n_under_way``); they
        are in no other number. Whole actors and objects are set apart by their first event (or `start`);
        a stretch or session only as long as an earlier event, before the window, could have belonged to it.
    sensitivity : list of str or timedelta, optional
        Other patiences, for which :class:`DropOff` tells the drop-off beside. With ``patience="auto"`` they are the
        90th and the 99th percentile.
    settled : (str, int), optional
        What ``"auto"`` came to: the patience, and from how many return gaps. The log fills it in.

    Raises
    ------
    ConfigError
        If a duration has no unit, a condition is malformed, or choices exclude each other.
    MissingLevelError
        If sessions are followed and no step has made them.
    MissingColumnError
        If the log has no such column.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="7d"))
    >>> len(log.chunk.cases("journey"))
    4
    >>> jl.Journeys("pay", of="session").patience is None
    True

    A patience that is estimated from the log, and a run-in of four weeks:

    >>> shop = jl.datasets.simulate_chain(
    ...     300, ["look", "buy"], [[0.5, 0.2], [0, 0]], jl.datasets.Wait(3 * 86400, 0.5), seed=1, window_days=120
    ... )
    >>> log = jl.read(shop.events, actor="actor", event="event", time="time")
    >>> log = log.then(jl.Journeys("buy", patience="auto", run_in="28d"))
    >>> log.steps[-1].patience, log.steps[-1].settled
    ('auto', ('6d 7h', 413))
    """

    goal: Condition = None
    patience: Duration | None = "default"
    start: Condition = None
    _: KW_ONLY
    of: str = "actor"
    goal_ends: bool = True
    restart: bool = True
    run_in: Duration | None = None
    sensitivity: tuple[Duration, ...] = ()
    settled: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        """Check the choices and keep durations as text."""
        if not isinstance(self.of, str) or not self.of:
            raise ConfigError(
                f"of={self.of!r} cannot be followed. "
                "Fix: 'actor', 'session', 'stretch', or a column such as 'order_id'"
            )
        for name in ("goal_ends", "restart"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(
                    f"{name}={getattr(self, name)!r} is neither True nor False. Fix: choose one"
                )
        self._freeze_durations()
        for name in ("goal", "start"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, freeze(getattr(self, name)))

    def _freeze_durations(self) -> None:
        patience = self.patience
        if isinstance(patience, str) and patience == "default":
            patience = None if self.of == "session" else _DEFAULT
        if patience is not None and not self.auto:
            patience = written_duration(patience, "patience")
        object.__setattr__(self, "patience", patience)
        if self.run_in is not None:
            object.__setattr__(self, "run_in", written_duration(self.run_in, "run_in"))
        if self.auto and self.of == "session":
            raise ConfigError(
                "a session is over after its own gap, so there is no patience to estimate. "
                "Fix: leave out patience=, or of='actor' or of='stretch' with patience='auto'"
            )
        if self.settled is not None:
            if not self.auto:
                raise ConfigError("settled= is what patience='auto' came to. Fix: leave it out")
            object.__setattr__(self, "settled", (str(self.settled[0]), int(self.settled[1])))
        self._freeze_sensitivity()

    def _freeze_sensitivity(self) -> None:
        found = self.sensitivity
        if isinstance(found, str) or not isinstance(found, Sequence):
            raise ConfigError(
                f"sensitivity={cut(found)} is not a list of durations. Fix: for example ['14d', '60d']"
            )
        if found and self.auto and self.settled is None:
            raise ConfigError(
                "with patience='auto' the sensitivity is told at the 90th and the 99th percentile. "
                "Fix: leave out sensitivity=, or name the patience"
            )
        if found and self.patience is None and self.of != "session":
            raise ConfigError("sensitivity= is held against a patience. Fix: name one, patience='30d'")
        object.__setattr__(self, "sensitivity", tuple(written_duration(d, "sensitivity") for d in found))

    @property
    def auto(self) -> bool:
        """Whether the patience is estimated from the log."""
        return isinstance(self.patience, str) and self.patience == _AUTO

    @property
    def patience_micros(self) -> int:
        """The patience in microseconds, ``UNDECLARED`` when there is none."""
        if self.auto and self.settled is None:
            raise ConfigError(
                "patience='auto' is estimated from a whole log. Fix: log.then(jl.Journeys(...))"
            )
        patience = self.settled[0] if self.settled is not None else self.patience
        return UNDECLARED if patience is None else parse_duration(patience, name="patience")

    @property
    def terms(self) -> Terms:
        """What goes with the level that is made."""
        others = tuple(sorted({parse_duration(d) for d in self.sensitivity} - {self.patience_micros}))
        n_returns = -1 if self.settled is None else self.settled[1]
        run_in = 0 if self.run_in is None else parse_duration(self.run_in)
        return Terms(n_returns, others, self.of == "stretch", run_in)

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about goals and starts that do not occur."""
        for condition in (self.goal, self.start):
            if condition is not None:
                warn_unknown(names, condition)
        return tuple(names)

    def settle(self, count: Callable[[Callable[[Chunk], Counts]], Counts], window: Window) -> Journeys:
        """Return the step with the patience that ``"auto"`` comes to in a log."""
        if not self.auto or self.settled is not None:
            return self
        endless = replace(self, patience=None, run_in=None)
        gaps = count(lambda chunk: gap_counts(chunk, endless.apply(chunk, window).cases("journey"), window))
        n_returns, found = gap_percentiles(gaps)
        if not found:
            if len(gaps["gaps"]):  # a log without silences says nothing about them
                warn(
                    f"the log has {n_returns:,} return gaps, fewer than {FEWEST}, so patience='auto' is the usual "
                    f"{_DEFAULT}. Fix: name a patience, or watch for longer",
                    WindowWarning,
                )
            return replace(self, settled=(_DEFAULT, n_returns))
        low, patience, high = (written_gap(found[p]) for p in PERCENTILES)
        return replace(self, settled=(patience, n_returns), sensitivity=(low, high))

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the level ``"journey"``."""
        starts, goals = _mask(chunk, self.start), _mask(chunk, self.goal)
        if self.of == "stretch":
            level = self._stretches(chunk, window, starts, goals)
        else:
            if self.of == "actor":
                frames = replace(chunk, levels={}).cases("actor")
            else:
                frames = chunk.cases("session") if self.of == "session" else object_level(chunk, self.of)
            level = self._inside(chunk, window, frames, starts, goals)
        return chunk.with_level("journey", self._newcomers(chunk, window, replace(level, terms=self.terms)))

    def _newcomers(self, chunk: Chunk, window: Window, level: Level) -> Level:
        """Return the level with the cases set apart that may have begun before the window did."""
        limit = level.terms.run_in
        if not limit:
            return level
        unknown = np.ones(len(level), bool)
        if self.of in ("stretch", "session"):
            if level.patience != UNDECLARED:
                limit = min(limit, level.patience)  # after a longer silence it is a new one
            unknown[:] = False  # what comes after another of its actor has begun before our eyes
            unknown[level.actor_offsets[:-1][np.diff(level.actor_offsets) > 0]] = True
        unknown &= case_times(chunk, level)[0] - window.start < limit
        return replace(restrict_level(level, ~unknown), under_way=restrict_level(level, unknown))

    def _stretches(self, chunk: Chunk, window: Window, starts: Any, goals: Any) -> Level:
        patience = self.patience_micros
        found: Any = kernel.follow_stretches(
            chunk.time, chunk.offsets, starts, goals, patience, self.goal_ends, self.restart, window.end
        )
        begin, end, outcome, actor_offsets = found
        return Level(actor_offsets, begin, end, outcome, None, patience, self.goal_ends)

    def _inside(self, chunk: Chunk, window: Window, frames: Level, starts: Any, goals: Any) -> Level:
        """Return at most one journey for each frame."""
        order = _NO_INTS if frames.order is None else frames.order
        found: Any = kernel.follow_frames(order, frames.begin, frames.end, starts, goals, self.goal_ends)
        begin, end, reached = found
        some = begin < end
        level = restrict_level(replace(frames, begin=begin, end=end), some)
        patience = self.patience_micros
        if patience == UNDECLARED and self.of == "session":
            ended = np.where(reached[some], REACHED, level.outcome).astype(np.int32)
            return replace(level, outcome=ended, goal_ends=self.goal_ends)
        over = (window.end - case_times(chunk, level)[1] > patience) & (patience != UNDECLARED)
        outcome = np.where(reached[some], REACHED, np.where(over, DROPPED, OPEN)).astype(np.int32)
        return replace(level, outcome=outcome, patience=patience, goal_ends=self.goal_ends)


def _mask(chunk: Chunk, condition: Condition) -> npt.NDArray[np.bool_]:
    return _NO_MASK if condition is None else read_only(matches(chunk, condition))
