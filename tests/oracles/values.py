"""Oracle of the money statistic: who brought what, where, in plain loops."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Paid = tuple[str, str, "str | None", "int | None"]  # actor, case, node, millionths

ENDS = ("all", "reached", "dropped", "open")


def values(events: list[Paid], outcomes: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """Amounts by node, worth of cases by outcome, and worth of the cases that pass a node.

    `outcomes` has for each case its actor and how it ended.
    """
    at: dict[str | None, list[tuple[str, int]]] = defaultdict(list)
    worth: dict[str, list[int]] = {case: [] for case in outcomes}
    passed: dict[str, set[str]] = defaultdict(set)
    for actor, case, node, micros in events:
        if node is not None:
            passed[node].add(case)
        if micros is not None:
            at[node].append((actor, micros))
            worth[case].append(micros)
    by_end = {end: [case for case, (_, how) in outcomes.items() if end in ("all", how)] for end in ENDS}
    return {
        "at": {node: summary(found) for node, found in at.items()},
        "cases": {
            end: summary([(outcomes[c][0], sum(worth[c])) for c in mine]) for end, mine in by_end.items()
        },
        "valued": {
            end: summary([(outcomes[c][0], sum(worth[c])) for c in mine if worth[c]])
            for end, mine in by_end.items()
        },
        "through": {
            node: summary([(outcomes[c][0], sum(worth[c])) for c in mine]) for node, mine in passed.items()
        },
    }


def summary(found: list[tuple[str, int]]) -> dict[str, Any]:
    """Number, actors, total, and the variance of the mean by actors from its definition."""
    n = len(found)
    x: dict[str, int] = defaultdict(int)
    k: dict[str, int] = defaultdict(int)
    for actor, micros in found:
        x[actor] += micros
        k[actor] += 1
    mean = sum(x.values()) / n if n else 0.0
    return {
        "n": n,
        "n_actors": len(k),
        "total": sum(x.values()),
        "spread": sum((x[a] - mean * k[a]) ** 2 for a in k),
        "squares": sum(v * v for v in x.values()),
        "alike": n * n / sum(v * v for v in k.values()) if n else 0.0,
        "amounts": sorted(m for _, m in found),
    }
