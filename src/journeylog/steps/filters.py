"""Where and Drop: keep or leave out the events a condition selects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from journeylog.core.chunk import Chunk
from journeylog.core.condition import Condition, freeze, matches, matching_names, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.select import keep_events
from journeylog.core.window import Window

__all__ = ["Drop", "Where"]


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


def _left(names: Sequence[str], condition: Condition, kept: bool) -> tuple[str, ...]:
    warn_unknown(names, condition)
    hits = matching_names(names, condition)
    return (
        tuple(names) if hits is None else tuple(n for n, hit in zip(names, hits, strict=True) if hit == kept)
    )
