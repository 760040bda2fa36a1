"""Where and Drop: keep or leave out the events a condition selects. ActorsOf: keep the actors of one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from journeylog.core.actor_groups import group_of_actors
from journeylog.core.chunk import Chunk
from journeylog.core.condition import Condition, freeze, matches, matching_names, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.select import keep_actors, keep_events
from journeylog.core.window import Window

__all__ = ["ActorsOf", "Drop", "Where"]


@dataclass(frozen=True)
class Where(Step):
    """Keep only the events for which the condition holds.

    Parameters
    ----------
    condition : condition
        An event name, a pattern, a list of them, or ``{"column": value}``.

    Raises
    ------
    ConfigError
        If the condition is malformed.

    Notes
    -----
    Actors, sessions and journeys without an event left are gone; the others shrink and keep their outcome.

    Examples
    --------
    >>> import journeylog as jl
    >>> jl.datasets.tiny().then(jl.Where(["home", "pay"])).n_events
    7
    """

    condition: Condition

    def __post_init__(self) -> None:
        """Check the condition."""
        object.__setattr__(self, "condition", freeze(self.condition))

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about names that do not occur; return those that are left."""
        return _left(names, self.condition, kept=True)

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk of the events that match."""
        return keep_events(chunk, matches(chunk, self.condition))


@dataclass(frozen=True)
class Drop(Step):
    """Leave out the events for which the condition holds.

    Parameters
    ----------
    condition : condition
        An event name, a pattern, a list of them, or ``{"column": value}``.

    Raises
    ------
    ConfigError
        If the condition is malformed.

    Notes
    -----
    Actors, sessions and journeys without an event left are gone; the others shrink and keep their outcome.

    Examples
    --------
    >>> import journeylog as jl
    >>> jl.datasets.tiny().then(jl.Drop("home")).n_events
    7
    """

    condition: Condition

    def __post_init__(self) -> None:
        """Check the condition."""
        object.__setattr__(self, "condition", freeze(self.condition))

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about names that do not occur; return those that are left."""
        return _left(names, self.condition, kept=False)

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk of the events that do not match."""
        return keep_events(chunk, ~matches(chunk, self.condition))


@dataclass(frozen=True)
class ActorsOf(Step):
    """Keep only the actors of one group, each with all of its events.

    Parameters
    ----------
    by : str
        A categorical column. An actor belongs to the first value that is known of it, as in :func:`journeylog.personas`.
    value : str or None
        The group; None are the actors of whom no value is known.

    Raises
    ------
    MissingColumnError
        If the log has no such column, or it is not categorical.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny()
    >>> log.then(jl.ActorsOf("channel", "web")).n_actors, log.then(jl.ActorsOf("channel", None)).n_actors
    (2, 0)
    """

    by: str
    value: str | None

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk of the actors of the group."""
        names = np.array([*chunk.category(self.by).names, None], object)
        return keep_actors(chunk, names[group_of_actors(chunk, self.by)] == self.value)


def _left(names: Sequence[str], condition: Condition, kept: bool) -> tuple[str, ...]:
    warn_unknown(names, condition)
    hits = matching_names(names, condition)
    return (
        tuple(names) if hits is None else tuple(n for n, hit in zip(names, hits, strict=True) if hit == kept)
    )
