"""The description in plain loops."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

DAY = 86_400_000_000


def describe(cases: list[Any]) -> tuple[dict[str, dict[str, Any]], dict[str, list[int]]]:
    """Return the facts of each event name, and each actor's events, active days and span; a case is an actor."""
    names: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"actors": defaultdict(int), "places": [], "times": []}
    )
    actors: dict[str, list[int]] = {"events": [], "active_days": [], "span": []}
    for case in cases:
        for place, event in enumerate(case.events, 1):
            row = names[event.event]
            row["actors"][case.actor] += 1
            row["places"].append(place)
            row["times"].append(event.time)
        actors["events"].append(len(case.events))
        actors["active_days"].append(len({event.time // DAY for event in case.events}))
        actors["span"].append(case.events[-1].time - case.events[0].time)
    return dict(names), actors
