"""Oracle of comparing periods: each move in the period in which the visit it leaves was left, actor by actor."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

from tests.oracles.paths import moves, visits_of
from tests.strategies import Case

Bounds = tuple[tuple[int, int], tuple[int, int]]


def told_moves(
    cases: list[Case], node: str, merge: bool, patience: int | None, end: int, bounds: Bounds
) -> list[tuple[str, int, Any, Any, int | None]]:
    """Every move that a rate counts: actor, period, from, to, and its wait where it goes to another visit."""
    found = []
    for case in cases:
        visits = visits_of(case, node, merge)
        for i, move in enumerate(moves(case, node, merge, patience, end)):
            at = visits[0][1] if i == 0 else visits[i - 1][2]
            period = next((g for g, (first, last) in enumerate(bounds) if first <= at < last), None)
            if period is not None and move["told"] is not None:
                on = move["told"] == move["to"] and i > 0
                found.append(
                    (case.actor, period, move["from"], move["told"], move.get("wait") if on else None)
                )
    return found


def shares(trials: list[tuple[str, int, Any, Any, Any]]) -> dict[Any, dict[str, Any]]:
    """For each move that occurs in either group: k and n of both, and how the two shares vary together."""
    k: dict[Any, Counter[tuple[str, int]]] = defaultdict(Counter)
    n: dict[Any, Counter[tuple[str, int]]] = defaultdict(Counter)
    for actor, group, start, to, *_ in trials:
        k[start, to][actor, group] += 1
        n[start][actor, group] += 1
    actors = {trial[0] for trial in trials}
    out = {}
    for (start, to), mine in k.items():
        total = [(sum(mine[a, g] for a in actors), sum(n[start][a, g] for a in actors)) for g in (0, 1)]
        p = [a / b if b else math.nan for a, b in total]
        rest = [[mine[a, g] - p[g] * n[start][a, g] for g in (0, 1)] for a in actors]
        spread = [sum(r[g] ** 2 for r in rest) for g in (0, 1)]
        both = sum(r[0] * r[1] for r in rest)
        scale = math.sqrt(spread[0] * spread[1])
        out[start, to] = {
            "k": [t[0] for t in total],
            "n": [t[1] for t in total],
            "r": both / scale if scale > 1e-9 else 0.0,
        }
    return out
