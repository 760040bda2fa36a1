"""Journeys: what is followed, from its start to its goal or its silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level, read_only
from journeylog.core.condition import Condition, freeze, matches, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.kernels import journeys as kernel
from journeylog.core.objects import object_level
from journeylog.core.schema import DROPPED, OPEN, REACHED, UNDECLARED
from journeylog.core.select import restrict_level
from journeylog.core.visits import case_times
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError
from journeylog.steps.durations import Duration, written_duration

__all__ = ["Journeys"]

_DEFAULT = "30d"
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
        None declares no patience: what is not reached stays open (for sessions: their own gap).
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

    Raises
    ------
    ConfigError
        If a duration has no unit or a condition is malformed.
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
    >>> jl.Journeys("pay", of="session")
    Journeys(goal='pay', patience=None, start=None, of='session', goal_ends=True, restart=True)
    """

    goal: Condition = None
    patience: Duration | None = "default"
    start: Condition = None
    _: KW_ONLY
    of: str = "actor"
    goal_ends: bool = True
    restart: bool = True

    def __post_init__(self) -> None:
        """Check the choices and keep the patience as text."""
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
        patience = self.patience
        if isinstance(patience, str) and patience == "default":
            patience = None if self.of == "session" else _DEFAULT
        object.__setattr__(
            self, "patience", None if patience is None else written_duration(patience, "patience")
        )
        for name in ("goal", "start"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, freeze(getattr(self, name)))

    @property
    def patience_micros(self) -> int:
        """The patience in microseconds, ``UNDECLARED`` when there is none."""
        return UNDECLARED if self.patience is None else parse_duration(self.patience, name="patience")

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about goals and starts that do not occur."""
        for condition in (self.goal, self.start):
            if condition is not None:
                warn_unknown(names, condition)
        return tuple(names)

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the level ``"journey"``."""
        starts, goals = _mask(chunk, self.start), _mask(chunk, self.goal)
        if self.of == "stretch":
            return chunk.with_level("journey", self._stretches(chunk, window, starts, goals))
        if self.of == "actor":
            frames = replace(chunk, levels={}).cases("actor")
        else:
            frames = chunk.cases("session") if self.of == "session" else object_level(chunk, self.of)
        return chunk.with_level("journey", self._inside(chunk, window, frames, starts, goals))

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
