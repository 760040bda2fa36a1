"""Journeys that begin anew at the assignment: what came before it is no part of them and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level
from journeylog.core.log import EventLog
from journeylog.core.select import keep_events, restrict_level
from journeylog.core.window import Window
from journeylog.errors import JourneylogError
from journeylog.steps.journeys import Journeys

__all__ = ["BEGINS", "cut_anew", "making", "old_cases"]

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: The column that is "here" at the events the cut log begins with; no column of a log is called so.
BEGINS: Final = "\x00begins"
_LEVEL: Final = "journey"


def making(log: EventLog) -> Journeys | None:
    """Return the step that makes the journeys a log has of the events it has; None where none is known to.

    A step that was applied before events or cases were left out or renamed does not make what the log has now: it is
    tried, and the cases are held against each other.
    """
    known = [step for step in log.steps if isinstance(step, Journeys)] or [
        *filter(None, map(_read_back, log.written))
    ]
    if not known:
        return None
    step = known[-1]

    def same(chunk: Chunk) -> bool:
        if _LEVEL not in chunk.levels:
            return False
        try:
            made = step.apply(chunk, log.window).levels[_LEVEL]
        except JourneylogError:  # a column it looks at is gone
            return False
        return _alike(chunk.levels[_LEVEL], made, chunk.n_events)

    return step if all(log.source.map(same)) else None


def cut_anew(chunk: Chunk, mask: Mask, step: Journeys | None, window: Window) -> Chunk:
    """Return the events in `mask`, and the journeys that `step` makes of them alone.

    The first event of each actor begins a journey whatever `start` asks for, and it was seen to, so no run-in sets it
    apart. Without a step the journeys there are shrink; those go whose goal may have been before the cut. The column
    :data:`BEGINS` tells where the cut is.
    """
    if step is None:
        return keep_events(_undecided_gone(chunk, mask), mask)
    bare = replace(chunk, levels={name: level for name, level in chunk.levels.items() if name != _LEVEL})
    start = None if step.start is None else (step.start, {BEGINS: "here"})
    return replace(step, start=start, run_in=None).apply(keep_events(bare, mask), window)


def old_cases(chunk: Chunk, mask: Mask) -> int:
    """Return how many journeys of the actors in the cut log :func:`cut_anew` leaves out where it knows no step."""
    level = chunk.levels.get(_LEVEL)
    if level is None:
        return 0
    last = level.end - 1 if level.order is None else level.order[level.end - 1]
    gone = ~mask[last] | _undecided(chunk, level, mask)
    stays = mask[chunk.offsets[1:][level.actor_of_case()] - 1]  # the last event of those who were assigned
    return int(np.count_nonzero(gone & stays))


def _undecided(chunk: Chunk, level: Level, mask: Mask) -> Mask:
    """Return the cases that need not end with their goal and are not known to have begun after the cut.

    All of them go, not those alone that reached it: who stays must not hang on what came after the assignment.
    """
    if level.goal_ends:
        return np.zeros(len(level), bool)
    first = level.first_event()
    begins = chunk.category(BEGINS).codes[first] >= 0  # events before it may have been left out
    return np.asarray(~mask[first] | begins)


def _undecided_gone(chunk: Chunk, mask: Mask) -> Chunk:
    level = chunk.levels.get(_LEVEL)
    if level is None:
        return chunk
    return chunk.with_level(_LEVEL, restrict_level(level, ~_undecided(chunk, level, mask)))


def _read_back(written: Mapping[str, Any]) -> Journeys | None:
    """Return the step that was written with a saved log; None where it is another one, or cannot be told exactly."""
    if written.get("kind") != Journeys.__name__:
        return None
    try:
        step = Journeys(**{name: value for name, value in written.items() if name != "kind"})
    except (TypeError, ValueError):
        return None
    return step if step.to_dict() == written else None


def _alike(one: Level, other: Level, n_events: int) -> bool:
    """Return whether two levels hold the same cases, however they are laid."""
    apart = one.under_way, other.under_way
    if (one.patience, one.goal_ends, one.terms) != (other.patience, other.goal_ends, other.terms):
        return False
    if (apart[0] is None) != (apart[1] is None):
        return False
    same = (
        np.array_equal(one.actor_offsets, other.actor_offsets)
        and np.array_equal(one.outcome, other.outcome)
        and np.array_equal(one.case_of_event(n_events), other.case_of_event(n_events))
    )
    return same and (apart[0] is None or apart[1] is None or _alike(apart[0], apart[1], n_events))
