"""Oracles of the path statistics: transitions, drop-off, bottlenecks."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace
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


def judged(cases: list[Case], node: str, merge: bool, patience: int | None, end: int) -> list[Case]:
    """The cases with silence measured on the nodes: events of no node do not keep a visit company."""
    out = []
    for case in cases:
        visits = visits_of(case, node, merge)
        silent = bool(visits) and patience is not None and visits[-1][2] < end - patience
        out.append(replace(case, outcome="dropped") if silent and case.outcome == "open" else case)
    return out


def moves(case: Case, node: str, merge: bool, patience: int | None, end: int) -> list[dict[str, Any]]:
    """Every transition of a case, from its start to its outcome; `told` is the edge it counts for in rates."""
    visits = visits_of(case, node, merge)
    if not visits:
        return []
    first = (NODE, visits[0][0])
    out: list[dict[str, Any]] = [
        {"from": (START, START), "to": first, "told": first, "tied": False, "return": False}
    ]
    outcome = judged([case], node, merge, patience, end)[0].outcome
    for i, (name, enter, leave) in enumerate(visits):
        young = patience is not None and leave >= end - patience
        if i + 1 < len(visits):
            following, next_enter, _ = visits[i + 1]
            late = patience is not None and next_enter - leave > patience
            out.append(
                {
                    "from": (NODE, name),
                    "to": (NODE, following),
                    "told": None if young else ("dropped", "dropped") if late else (NODE, following),
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
                    "to": (outcome, outcome),
                    "told": None if young or outcome == "open" else (outcome, outcome),
                    "tied": False,
                    "return": False,
                    "dwell": leave - enter,
                }
            )
    return out


def transitions(
    cases: list[Case], node: str, merge: bool, time: str, patience: int | None, end: int, begin: int = 0
) -> dict[tuple[Key, Key], dict[str, Any]]:
    """Counts, rate and times of every transition."""
    edges: dict[tuple[Key, Key], list[dict[str, Any]]] = defaultdict(list)
    told: dict[tuple[Key, Key], list[dict[str, Any]]] = defaultdict(list)
    base: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for number, case in enumerate(cases):
        for move in moves(case, node, merge, patience, end):
            move |= {"case": number, "actor": case.actor}
            edges[move["from"], move["to"]].append(move)
            if move["told"] is not None:
                told[move["from"], move["told"]].append(move)
                base[move["from"]].append(move)
    out = {}
    for start, to in {**edges, **told}:
        found, followed, all_told = edges[start, to], told[start, to], base[start]
        measured = followed
        if (
            patience is not None and end - patience <= begin
        ):  # nothing is followed: all moves that ended are timed
            measured = [m for m in found if to[0] != "open"]
        timed = start[0] == NODE and (to[0] == NODE or time == "dwell")
        ms = [(m[time] + 500) // 1000 for m in measured if timed]
        out[start, to] = {
            "n": len(found),
            "n_cases": len({m["case"] for m in found}),
            "n_actors": len({m["actor"] for m in found}),
            "n_tied": sum(m["tied"] for m in found),
            "n_followed": len(followed),
            "n_timed": len(measured),
            "n_from_followed": len(all_told),
            "rate": len(followed) / len(all_told) if all_told and to[0] != "open" else None,
            "time_mean_s": sum(ms) / len(ms) / 1000 if ms else None,
            "time_median_s": rank(ms, 0.5) / 1000 if ms else None,
            "time_p90_s": rank(ms, 0.9) / 1000 if ms else None,
            "n_returns": sum(m["return"] for m in found),
            "_spread": spread(followed, all_told),
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
    out: dict[str, dict[str, Any]] = {}
    seen: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, case in enumerate(cases):
        for move in moves(case, node, merge, patience, end):
            kind, name = move["from"]
            if kind != NODE:
                continue
            seen[name].append((number, case.actor))
            row = out.setdefault(name, Counter())
            row["n_entered"] += 1
            row["n_continued" if move["to"][0] == NODE else f"n_{move['to'][0]}"] += 1
            if move["told"] is not None:
                row["n_followed"] += 1
                row["followed_continued" if move["told"][0] == NODE else f"followed_{move['told'][0]}"] += 1
                row["n_late"] += move["told"] != move["to"]
    for name, row in out.items():
        row["n_cases"] = len({number for number, _ in seen[name]})
        row["n_actors"] = len({actor for _, actor in seen[name]})
    return out


def bottlenecks(
    cases: list[Case],
    node: str,
    merge: bool,
    patience: int | None,
    end: int,
    baseline_us: int,
    begin: int = 0,
) -> dict[tuple[str, str, str | None], dict[str, Any]]:
    """Time of every transition (wait) and node (stay), and what is above the baseline."""
    found: dict[tuple[str, str, str | None], list[tuple[int, bool]]] = defaultdict(list)
    for case in cases:
        for move in moves(case, node, merge, patience, end):
            if move["from"][0] == NODE and move["to"][0] == NODE:
                told = move["told"] == move["to"] or (patience is not None and end - patience <= begin)
                found["edge", move["from"][1], move["to"][1]].append((move["wait"], told))
                found["node", move["from"][1], None].append((move["stay"], told))
    out = {}
    for key, timed in found.items():
        ms = [(t + 500) // 1000 for t, told in timed if told]
        out[key] = {
            "n": len(timed),
            "n_timed": len(ms),
            "time_total_s": sum(ms) / 1000,
            "time_mean_s": sum(ms) / len(ms) / 1000 if ms else None,
            "excess_s": sum(max(0.0, m / 1000 - baseline_us / 1e6) for m in ms),
        }
    return out


def rank(values: list[int], q: float) -> int:
    """The observation of rank ceil(q n)."""
    return sorted(values)[max(math.ceil(q * len(values) - 1e-9), 1) - 1]
