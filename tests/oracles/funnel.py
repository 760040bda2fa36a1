"""The funnel in plain loops: try every entry, take the furthest attempt, the earliest of equals."""

from __future__ import annotations

from collections import Counter
from typing import Any

FOREVER = 1 << 62


def attempts(events: list[dict[str, Any]], n_steps: int, within: int, mode: str) -> list[list[int]]:
    """Return for every entry the positions of the events that fill its steps.

    An event is ``{"time": int, "fits": set of step numbers from 0}``, in order.
    """
    out = []
    for i, event in enumerate(events):
        if mode == "unordered":
            if event["fits"]:
                out.append(any_order(events, i, n_steps, within))
        elif 0 in event["fits"]:
            spots = [i]
            for j in range(i + 1, len(events)):
                if len(spots) == n_steps or events[j]["time"] - event["time"] > within:
                    break
                if len(spots) in events[j]["fits"]:
                    spots.append(j)
                elif mode == "strict":
                    break
            out.append(spots)
    return out


def any_order(events: list[dict[str, Any]], i: int, n_steps: int, within: int) -> list[int]:
    """Return the positions at which one more different step can be filled, one event for one step."""
    spots: list[int] = []
    chosen: list[set[int]] = []
    for j in range(i, len(events)):
        if len(spots) == n_steps or events[j]["time"] - events[i]["time"] > within:
            break
        if can_fill([*chosen, events[j]["fits"]], set()):
            chosen.append(events[j]["fits"])
            spots.append(j)
    return spots


def can_fill(chosen: list[set[int]], taken: set[int]) -> bool:
    """Whether every chosen event can have a step of its own."""
    if not chosen:
        return True
    return any(can_fill(chosen[1:], taken | {step}) for step in chosen[0] - taken)


def furthest(tried: list[list[int]]) -> list[int]:
    """Return the longest attempt, the earliest of equals."""
    return max(tried, key=len, default=[])


def funnel(
    cases: list[dict[str, Any]],
    n_steps: int,
    *,
    end: int,
    within: int | None = None,
    mode: str = "ordered",
    entry: str = "any",
) -> dict[str, Any]:
    """Count a funnel.

    A case is ``{"actor": id, "outcome": "open" | "dropped" | "reached", "events": [{"name", "time", "fits"}]}``.

    Returns the rows of the steps and, per step, what came after the last matched event of the cases that stopped.
    """
    limit = FOREVER if within is None else within
    horizon = FOREVER if within is None else end - within
    steps: list[dict[str, Any]] = [
        {"cases": 0, "actors": set(), "lost": 0, "open": 0, "followed": 0, "times": []}
        for _ in range(n_steps)
    ]
    after: Counter[tuple[int, str, str]] = Counter()
    for case in cases:
        events = case["events"]
        tried = attempts(events, n_steps, limit, mode)
        if entry == "first":
            tried = tried[:1]
        best = furthest(tried)
        for k in range(len(best)):
            steps[k]["cases"] += 1
            steps[k]["actors"].add(case["actor"])
        if best and len(best) < n_steps:
            waiting = case["outcome"] == "open" and (within is None or events[tried[-1][0]]["time"] > horizon)
            steps[len(best) - 1]["open" if waiting else "lost"] += 1
            spot = best[-1] + 1
            next_one = (
                ("node", events[spot]["name"]) if spot < len(events) else (case["outcome"], case["outcome"])
            )
            after[len(best), *next_one] += 1
        watched = furthest([t for t in tried if events[t[0]]["time"] <= horizon])
        for k, spot in enumerate(watched):
            steps[k]["followed"] += 1
            if k:
                steps[k]["times"].append(events[spot]["time"] - events[watched[k - 1]]["time"])
    return {"steps": steps, "after": after}
