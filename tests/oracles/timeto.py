"""Oracle of the time to what comes next: each case in plain loops, each estimate by its definition."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tests.strategies import Case, Event

Fits = Callable[[Event], bool]


def ends(
    cases: list[Case], start: Fits | None, to: dict[str, Fits], patience: int | None, window_end: int
) -> list[tuple[str, int]]:
    """How each case that starts went on, and after how many microseconds."""
    found = []
    for case in cases:
        first = next((i for i, e in enumerate(case.events) if start is None or start(e)), None)
        if first is not None:
            found.append(_end(case, first, to, patience, window_end))
    return found


def _end(
    case: Case, first: int, to: dict[str, Fits], patience: int | None, window_end: int
) -> tuple[str, int]:
    origin, last = case.events[first].time, case.events[first].time
    for event in case.events[first + 1 :]:
        if patience is not None and event.time - last > patience:
            return "(dropped)", last + patience - origin
        for name, fits in to.items():
            if fits(event):
                return name, event.time - origin
        last = event.time
    if case.outcome == "reached":
        return "(reached)", last - origin
    if patience is not None and window_end - last > patience:
        return "(dropped)", last + patience - origin
    return "(open)", max(window_end, last) - origin


def shares(found: list[tuple[str, int]]) -> dict[str, list[tuple[int, float]]]:
    """The cumulative incidence of each end but open, at each of its times (Aalen and Johansen, by definition)."""
    out: dict[str, list[tuple[int, float]]] = {}
    alive = 1.0
    share: dict[str, float] = {}
    for time in sorted({t for _, t in found}):
        n = sum(t >= time for _, t in found)
        here = [end for end, t in found if t == time and end != "(open)"]
        for end in sorted(set(here)):
            share[end] = share.get(end, 0.0) + alive * here.count(end) / n
            out.setdefault(end, []).append((time, share[end]))
        alive *= 1 - len(here) / n
    return out


def mean_within(found: list[tuple[str, int]], horizon: int) -> float:
    """The area under the share to which nothing has happened, up to a horizon."""
    area, alive, before = 0.0, 1.0, 0
    for time in sorted({t for _, t in found if t < horizon}):
        n = sum(t >= time for _, t in found)
        area += alive * (time - before)
        alive *= 1 - sum(t == time and end != "(open)" for end, t in found) / n
        before = time
    return area + alive * (horizon - before)


def log_rank(groups: list[list[tuple[str, int]]]) -> tuple[float, list[float], list[float]]:
    """The statistic for two groups, with what was observed and expected in each."""
    times = sorted({t for group in groups for end, t in group if end != "(open)"})
    observed, expected, variance = [0.0, 0.0], [0.0, 0.0], 0.0
    for time in times:
        n = [sum(t >= time for _, t in group) for group in groups]
        d = [sum(t == time and end != "(open)" for end, t in group) for group in groups]
        total_n, total_d = sum(n), sum(d)
        for g in (0, 1):
            observed[g] += d[g]
            expected[g] += total_d * n[g] / total_n
        if total_n > 1:
            variance += total_d * (n[0] / total_n) * (n[1] / total_n) * (total_n - total_d) / (total_n - 1)
    gap = observed[0] - expected[0]
    return (gap * gap / variance if variance > 0 else math.nan), observed, expected


def close(a: Any, b: Any) -> bool:
    """Whether two numbers agree to twelve digits, or both are missing."""
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


def jackknife(rows: list[tuple[int, int, str]], way: int | None, limit: int, eps: float = 1e-5) -> float:
    """The variance of a share by a time: how much it moves with the weight of each actor, squared and added up.

    Rows are (time, way or -1, actor); way None is any.
    """

    def share(weights: dict[str, float]) -> float:
        alive, out = 1.0, 0.0
        for time in sorted({t for t, _, _ in rows if t <= limit}):
            n = sum(weights[a] for t, _, a in rows if t >= time)
            here = [(w, weights[a]) for t, w, a in rows if t == time and w >= 0]
            out += alive * sum(x for w, x in here if way is None or w == way) / n
            alive *= 1 - sum(x for _, x in here) / n
        return out

    actors = {a for _, _, a in rows}
    even = dict.fromkeys(actors, 1.0)
    return sum(((share(even | {a: 1 + eps}) - share(even | {a: 1 - eps})) / (2 * eps)) ** 2 for a in actors)
