"""Variants in plain loops: a counter of tuples."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any


def visits(events: list[Any], node: str, merge: bool) -> list[tuple[str, int, int]]:
    """Return (node, enter, leave) of each visit; events without a node belong to none."""
    out: list[tuple[str, int, int]] = []
    for event in events:
        name = getattr(event, node)
        if name is None:
            continue
        if merge and out and out[-1][0] == name:
            out[-1] = (name, out[-1][1], event.time)
        else:
            out.append((name, event.time, event.time))
    return out


def variants(cases: list[Any], node: str, merge: bool, max_length: int) -> dict[Any, dict[str, Any]]:
    """Return for each (path, truncated) its cases by outcome, actors with their cases, and times."""
    found: dict[Any, dict[str, Any]] = defaultdict(
        lambda: {"outcomes": Counter(), "actors": Counter(), "times": []}
    )
    for case in cases:
        path = visits(case.events, node, merge)
        if path:
            names = tuple(name for name, _, _ in path)
            row = found[names[:max_length], len(names) > max_length]
            row["outcomes"][case.outcome] += 1
            row["actors"][case.actor] += 1
            row["times"].append(path[-1][2] - path[0][1])
    return dict(found)
