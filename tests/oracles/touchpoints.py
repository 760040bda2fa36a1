"""Touchpoints in plain loops."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any


def touchpoints(cases: list[Any], of: str, stage: str) -> tuple[dict[Any, Any], dict[Any, Any], Counter[Any]]:
    """Return events, cases and actors of each (stage, touchpoint), of each stage, and the changes in a stage."""
    pairs: dict[Any, Any] = defaultdict(lambda: [0, set(), set()])
    stages: dict[Any, Any] = defaultdict(lambda: [0, set(), set()])
    switches: Counter[Any] = Counter()
    for number, case in enumerate(cases):
        here, before = None, None
        for event in case.events:
            s, item = getattr(event, stage), getattr(event, of)
            if s is None:
                continue
            if s != here:
                here, before = s, None
            for found in (stages[s], pairs[s, item]) if item is not None else (stages[s],):
                found[0] += 1
                found[1].add(number)
                found[2].add(case.actor)
            if item is None:
                continue
            if before is not None and before != item:
                switches[s, before, item] += 1
            before = item
    counted = [{key: (n, len(c), len(a)) for key, (n, c, a) in found.items()} for found in (pairs, stages)]
    return counted[0], counted[1], switches
