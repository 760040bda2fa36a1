"""Oracles of the path statistics: transitions, drop-off, bottlenecks."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

from tests.strategies import Case

START, NODE = "start", "node"
Visit = tuple[str, int, int]  # name, enter, leave
Key = tuple[str, str]  # kind, name


def visits_of(case: Case, node: str, merge: bool) -> list[Visit]:
    """Neighbouring events of one node are one visit when merging; events without a node do not part them."""
    found: list[Visit] = []
    for event in case.events:
        name = getattr(event, node)
        if name is None:
            continue
        if merge and found and found[-1][0] == name:
            found[-1] = (name, found[-1][1], event.time)
        else:
            found.append((name, event.time, event.time))
    return found


def moves(case: Case, node: str, merge: bool, horizon: int | None) -> list[dict[str, Any]]:
    """Every transition of a case, from its start to its outcome."""
    visits = visits_of(case, node, merge)
    if not visits:
        return []
    out: list[dict[str, Any]] = [
        {"from": (START, START), "to": (NODE, visits[0][0]), "followed": True, "tied": False, "return": False}
    ]
    for i, (name, enter, leave) in enumerate(visits):
        young = horizon is not None and leave >= horizon
        if i + 1 < len(visits):
            following, next_enter, _ = visits[i + 1]
            out.append(
                {
                    "from": (NODE, name),
                    "to": (NODE, following),
                    "followed": not young,
                    "tied": leave == next_enter,
                    "return": following != name and following in [v[0] for v in visits[: i + 1]],
                    "wait": next_enter - leave,
                    "stay": next_enter - enter,
                    "dwell": leave - enter,
                }
            )
        else:
            out.append(
                {
                    "from": (NODE, name),
                    "to": (case.outcome, case.outcome),
                    "followed": not young and case.outcome != "open",
                    "tied": False,
                    "return": False,
                    "dwell": leave - enter,
                }
            )
    return out


def transitions(
    cases: list[Case], node: str, merge: bool, time: str, patience: int | None, end: int
) -> dict[tuple[Key, Key], dict[str, Any]]:
    """Counts, rate and times of every transition."""
    horizon = None if patience is None else end - patience
    edges: dict[tuple[Key, Key], list[dict[str, Any]]] = defaultdict(list)
    left: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for number, case in enumerate(cases):
        for move in moves(case, node, merge, horizon):
            move |= {"case": number, "actor": case.actor}
            edges[move["from"], move["to"]].append(move)
            left[move["from"]].append(move)
    out = {}
    for (start, to), found in edges.items():
        followed = [m for m in found if m["followed"]]
        base = [m for m in left[start] if m["followed"]]
        ms = [(m[time] + 500) // 1000 for m in found if time in m]
        out[start, to] = {
            "n": len(found),
            "n_cases": len({m["case"] for m in found}),
            "n_actors": len({m["actor"] for m in found}),
            "n_tied": sum(m["tied"] for m in found),
            "n_followed": len(followed),
            "n_from_followed": len(base),
            "rate": len(followed) / len(base) if base and to[0] != "open" else None,
            "time_mean_s": sum(ms) / len(ms) / 1000 if ms else None,
            "time_median_s": rank(ms, 0.5) / 1000 if ms else None,
            "time_p90_s": rank(ms, 0.9) / 1000 if ms else None,
            "n_returns": sum(m["return"] for m in found),
            "_spread": spread(followed, base),
        }
    return out


def spread(followed: list[dict[str, Any]], base: list[dict[str, Any]]) -> float | None:
    """The variance of the share by actors, from its definition: residuals k_a - p n_a squared."""
    if not base:
        return None
    k, n = Counter(m["actor"] for m in followed), Counter(m["actor"] for m in base)
    p = sum(k.values()) / sum(n.values())
    return sum((k[a] - p * n[a]) ** 2 for a in n)


def drop_off(
    cases: list[Case], node: str, merge: bool, patience: int | None, end: int
) -> dict[str, dict[str, Any]]:
    """How the visits of each node went on."""
    horizon = None if patience is None else end - patience
    out: dict[str, dict[str, Any]] = {}
    seen: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, case in enumerate(cases):
        for move in moves(case, node, merge, horizon):
            kind, name = move["from"]
            if kind != NODE:
                continue
            seen[name].append((number, case.actor))
            row = out.setdefault(name, Counter())
            how = "continued" if move["to"][0] == NODE else move["to"][0]
            row["n_entered"] += 1
            row[f"n_{how}"] += 1
            row["n_followed"] += move["followed"]
            row[f"followed_{how}"] += move["followed"]
    for name, row in out.items():
        row["n_cases"] = len({number for number, _ in seen[name]})
        row["n_actors"] = len({actor for _, actor in seen[name]})
    return out


def bottlenecks(
    cases: list[Case], node: str, merge: bool, baseline_us: int
) -> dict[tuple[str, str, str | None], dict[str, Any]]:
    """Time of every transition (wait) and node (stay), and what is above the baseline."""
    found: dict[tuple[str, str, str | None], list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for case in cases:
        for move in moves(case, node, merge, None):
            if move["from"][0] == NODE and move["to"][0] == NODE:
                found["edge", move["from"][1], move["to"][1]].append((move["wait"], move))
                found["node", move["from"][1], None].append((move["stay"], move))
    out = {}
    for key, timed in found.items():
        ms = [(t + 500) // 1000 for t, _ in timed]
        out[key] = {
            "n": len(ms),
            "time_total_s": sum(ms) / 1000,
            "time_mean_s": sum(ms) / len(ms) / 1000,
            "excess_s": sum(max(0.0, m / 1000 - baseline_us / 1e6) for m in ms),
        }
    return out


def rank(values: list[int], q: float) -> int:
    """The observation of rank ceil(q n)."""
    return sorted(values)[max(math.ceil(q * len(values) - 1e-9), 1) - 1]
