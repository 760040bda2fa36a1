"""Collapse: repeated events become one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Step
from journeylog.core.select import keep_events
from journeylog.core.window import Window, parse_duration
from journeylog.steps.durations import Duration, written_duration

__all__ = ["Collapse"]


@dataclass(frozen=True)
class Collapse(Step):
    """Merge events of the same name that follow each other directly in an actor into the first of them.

    Parameters
    ----------
    within : str or timedelta, optional
        Merge an event only when it comes at most this after the event directly before it.

    Raises
    ------
    ConfigError
        If the duration has no unit.

    Notes
    -----
    The first event keeps all its values; those of the others are gone. Sessions and journeys that are already
    there stay apart: events of different ones are never merged.

    Examples
    --------
    >>> import journeylog as jl
    >>> jl.datasets.tiny().then(jl.Rename({"search": "home"}), jl.Collapse()).n_events
    10
    """

    within: Duration | None = None

    def __post_init__(self) -> None:
        """Check the duration and keep it as text."""
        if self.within is not None:
            object.__setattr__(self, "within", written_duration(self.within, "within"))

    @property
    def within_micros(self) -> int | None:
        """The longest distance of two merged events in microseconds, None when there is none."""
        return None if self.within is None else parse_duration(self.within, name="within")

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk without the repetitions."""
        keep = np.ones(chunk.n_events, dtype=bool)
        codes, time, within = chunk.event.codes, chunk.time, self.within_micros
        keep[1:] = codes[1:] != codes[:-1]
        if within is not None:
            keep[1:] |= time[1:] - time[:-1] > within
        for level in chunk.levels.values():
            case = level.case_of_event(chunk.n_events)
            keep[1:] |= case[1:] != case[:-1]
        first = chunk.offsets[:-1]
        keep[first[first < chunk.n_events]] = True
        return keep_events(chunk, keep)
