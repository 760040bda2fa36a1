"""Rules of a designed journey in plain loops: what each says of one case."""

from __future__ import annotations

import itertools
from typing import Any

SECOND = 1_000_000


def before(events: list[Any], first: str, then: str) -> str:
    names = [e.event for e in events]
    if then not in names:
        return "not meant"
    return "kept" if first in names[: names.index(then)] else "broken"


def within(events: list[Any], first: str, then: str, limit: int, window_end: int) -> str:
    said = []
    for i, event in enumerate(events):
        if event.event != first:
            continue
        later = [e.time for e in events[i + 1 :] if e.event == then]
        if later and min(later) - event.time <= limit:
            said.append("kept")
        elif event.time + limit > window_end:
            said.append("untold")
        else:
            said.append("broken")
    return next((word for word in ("broken", "untold", "kept") if word in said), "not meant")


def never(events: list[Any], event: str, after: str | None) -> str:
    names = [e.event for e in events]
    if after is not None and after not in names:
        return "not meant"
    rest = names if after is None else names[names.index(after) + 1 :]
    return "broken" if event in rest else "kept"


def ways(events: list[Any], allowed: dict[str, list[str]], start: list[str] | None) -> tuple[str, list[Any]]:
    """Return the answer, and the ways that are not allowed."""
    path: list[str] = []
    for event in events:
        if event.stage is not None and path[-1:] != [event.stage]:
            path.append(event.stage)
    wrong: list[Any] = [(a, b) for a, b in itertools.pairwise(path) if b not in allowed.get(a, [])]
    if path and start is not None and path[0] not in start:
        wrong.append((None, path[0]))
    return ("not meant" if not path else "broken" if wrong else "kept"), wrong
