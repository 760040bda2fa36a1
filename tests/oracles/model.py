"""Oracle of the journey as a chain: rates counted move by move, the chain unrolled step by step in plain loops."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.oracles.paths import NODE, START, Key, moves
from tests.strategies import Case

GOAL: Key = ("reached", "reached")
LEFT: Key = ("dropped", "dropped")


def rates(
    cases: list[Case], node: str, merge: bool, patience: int | None, end: int
) -> tuple[dict[Key, dict[Key, float]], dict[Key, dict[Key, float]], dict[Key, int]]:
    """Share and mean time (seconds) of each way on among the followed visits of a node, and their number."""
    told: dict[Key, Counter[Key]] = defaultdict(Counter)
    spent: dict[tuple[Key, Key], list[int]] = defaultdict(list)
    for case in cases:
        for move in moves(case, node, merge, patience, end):
            if move["told"] is None:
                continue
            told[move["from"]][move["told"]] += 1
            if move["from"][0] == NODE:
                took = move["stay"] if move["told"][0] == NODE else move["dwell"]
                spent[move["from"], move["told"]].append((took + 500) // 1000)
    followed = {state: sum(ways.values()) for state, ways in told.items()}
    while True:  # a node of which nothing is known is no way on
        unknown = {to for ways in told.values() for to in ways if to[0] == NODE and not told.get(to)}
        if not unknown:
            break
        for ways in told.values():
            for to in unknown & set(ways):
                del ways[to]
    shares = {s: {to: n / sum(ways.values()) for to, n in ways.items()} for s, ways in told.items() if ways}
    times = {
        s: {to: sum(ms) / len(ms) / 1000 if (ms := spent[s, to]) else 0.0 for to in ways}
        for s, ways in shares.items()
    }
    return shares, times, followed


def unrolled(shares: dict[Key, dict[Key, float]], times: Any, steps: int = 4000) -> dict[Key, Any]:
    """Chance to reach the goal, and, of those who do, visits and seconds until then: walking on until nobody is left.

    Mass, mass times visits, and mass times seconds are moved along the chain from each state.
    """
    out = {}
    for first in shares:
        here = {first: (1.0, 0.0, 0.0)}
        goal = [0.0, 0.0, 0.0]
        for _ in range(steps):
            there: dict[Key, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
            for state, (mass, visits, seconds) in here.items():
                one = 0.0 if state[0] == START else 1.0
                for to, share in shares[state].items():
                    moved = (
                        mass * share,
                        (visits + one * mass) * share,
                        (seconds + times[state][to] * mass) * share,
                    )
                    if to == LEFT:
                        continue
                    into = goal if to == GOAL else there[to]
                    for i, value in enumerate(moved):
                        into[i] += value
            here = {state: (a, b, c) for state, (a, b, c) in there.items() if a > 1e-18}
            if not here:
                break
        out[first] = {
            "goal_rate": goal[0],
            "visits_mean": goal[1] / goal[0] if goal[0] else None,
            "time_mean_s": goal[2] / goal[0] if goal[0] else None,
        }
    return out
