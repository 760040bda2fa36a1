"""Oracle of the patience: silences in plain loops, the share that came back by its definition."""

from __future__ import annotations

import itertools
from typing import Any

from tests.oracles.steps import Case, Row


def gaps(
    events: list[Row], cases: list[Case], shortest: int, end: int, goal_ends: bool = True
) -> tuple[list[int], list[int]]:
    """The silences longer than a pause that ended with a return, and those that had not when the window did."""
    returned, waiting = [], []
    for _, where, outcome in cases:
        times = [events[i]["time"] for i in where]
        returned += [b - a for a, b in itertools.pairwise(times) if b - a > shortest]
        if not (outcome == "reached" and goal_ends) and end - times[-1] > shortest:
            waiting.append(end - times[-1])
    return returned, waiting


def percentile(returned: list[int], waiting: list[int], p: float, least: float = 0.1) -> int:
    """The time by which that share of those who come back, as far as can be seen, have come back."""
    alive, unseen = 1.0, 1.0
    shares: list[tuple[int, float]] = []
    last = 0.0
    for time in sorted({*returned, *waiting}):
        n = sum(g >= time for g in [*returned, *waiting])
        alive *= 1 - returned.count(time) / n
        shares.append((time, 1 - alive))
        if unseen >= least or last == 0.0:
            last = 1 - alive
        left = n - returned.count(time)
        unseen *= 1 - (waiting.count(time) / left if left else 0)
    return next(time for time, share in shares if share >= p * last - 1e-12)


def under_way(cases: list[Case], events: list[Row], limit: int, start: int, first_only: bool) -> list[Any]:
    """Which cases may have begun before the window: those that begin in the run-in, and of stretches only the first."""
    seen: set[str] = set()
    found = []
    for actor, where, _ in cases:
        early = events[where[0]]["time"] - start < limit
        found.append(early and not (first_only and actor in seen))
        seen.add(actor)
    return found
