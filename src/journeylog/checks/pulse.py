"""The pulse of a log: events, hours of actors and days of actors by source and hour of UTC, counted once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.checks.places import MOST_SOURCES, source_codes, source_names
from journeylog.core.chunk import Chunk
from journeylog.core.kernels.quality import count_hours
from journeylog.core.log import EventLog
from journeylog.core.schema import DAY, HOUR
from journeylog.core.zones import wall_of_utc

__all__ = ["Pulse", "take_pulse"]

Ints = npt.NDArray[np.int64]
#: Sources times hours, at most: 24 bytes each, in every thread.
_MOST_CELLS = 2_000_000


class Pulse(NamedTuple):
    """Counts by source and hour.

    Parameters
    ----------
    names : list of str
        Sources; ``[""]`` where events have none.
    hour0 : int
        Number of the first hour since 1970 UTC.
    events, actor_hours, actor_days : ndarray of int64, shape (n_sources, n_hours)
        Events; actors met in the hour; actors met for the first time that day.
    actors : ndarray of int64, shape (n_sources,)
        Actors met in each source.
    """

    names: list[str]
    hour0: int
    events: Ints
    actor_hours: Ints
    actor_days: Ints
    actors: Ints

    def daily(self, tz: str) -> Ints:
        """Return hours of actors by source and hour of the day in a zone, shape (n_sources, 24)."""
        hours = self.hour0 + np.arange(self.events.shape[1], dtype=np.int64)
        at = (wall_of_utc(hours * HOUR, tz) // HOUR) % 24
        return np.stack([np.bincount(at, weights=row, minlength=24) for row in self.actor_hours]).astype(
            np.int64
        )


def take_pulse(log: EventLog) -> Pulse | None:
    """Count; None for a log without events. Memory is 24 bytes for each source and hour of the window.

    The counts of parts of the actors add up: actors are never in two parts.
    """
    bounds = [
        (int(chunk.time.min()), int(chunk.time.max()))
        for chunk in log.source.map(lambda c: c, 1)
        if chunk.n_events
    ]
    if not bounds:
        return None
    hour0 = min(low for low, _ in bounds) // HOUR
    n_hours = max(high for _, high in bounds) // HOUR - hour0 + 1
    names = source_names(log, max(1, min(MOST_SOURCES, _MOST_CELLS // n_hours)))

    def count(chunk: Chunk) -> tuple[Ints, Ints]:
        out, actors = np.zeros((len(names), n_hours, 3), np.int64), np.zeros(len(names), np.int64)
        count_hours(chunk.time, chunk.offsets, source_codes(chunk, names), hour0, HOUR, DAY, out, actors)
        return out, actors

    parts = log.source.map(count)
    total = np.sum([part[0] for part in parts], axis=0)
    actors = np.sum([part[1] for part in parts], axis=0)
    return Pulse(names, hour0, total[:, :, 0], total[:, :, 1], total[:, :, 2], actors)
