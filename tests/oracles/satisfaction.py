"""Oracle of satisfaction: each score looked up by hand, each share and mean by its definition."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.strategies import Event, plain


def attached(
    events: list[Event], cases: list[range], node: str, merge: bool, own: bool, within: int
) -> tuple[list[dict[str, Any]], dict[int, list[dict[str, Any]]]]:
    """Every score of an actor's events with the visit it follows, and the visits of each case by its number."""
    visits: dict[int, list[dict[str, Any]]] = {i: [] for i in range(len(cases))}
    found = []
    last: dict[str, Any] | None = None
    for spot, event in enumerate(events):
        case = next((i for i, span in enumerate(cases) if spot in span), None)
        name = getattr(event, node)
        if name is not None and (own or event.score is None):
            if case is None:
                last = {"node": None}
            elif merge and visits[case] and visits[case][-1]["node"] == name:
                visits[case][-1]["leave"] = event.time
            else:
                before = visits[case][-1] if visits[case] else None
                last = {
                    "case": case,
                    "node": name,
                    "from": before["node"] if before else None,
                    "wait": event.time - before["leave"] if before else None,
                    "rework": (before["rework"] if before else 0)
                    + (name in [v["node"] for v in visits[case]]),
                    "leave": event.time,
                }
                visits[case].append(last)
        if event.score is None or (last is None and case is None):
            continue
        row = {"actor": event.actor, "score": event.score, "why": "nothing" if last is None else "outside"}
        if last is not None and last["node"] is not None:
            row = {**last, **row, "why": "late" if event.time - last["leave"] > within else "attached"}
        found.append(row)
    return found, visits


def spans_of(chunk: Any, case: str) -> list[tuple[list[Event], list[range]]]:
    """The events of each actor, and where its cases lie among them."""
    events, level = plain(chunk), chunk.cases(case)
    out = []
    for a in range(chunk.n_actors):
        first, last = int(chunk.offsets[a]), int(chunk.offsets[a + 1])
        mine = range(int(level.actor_offsets[a]), int(level.actor_offsets[a + 1]))
        spans = [range(int(level.begin[c]) - first, int(level.end[c]) - first) for c in mine]
        out.append((events[first:last], spans))
    return out


def satisfaction(
    actors: list[tuple[list[Event], list[range]]], node: str, merge: bool, own: bool, within: int, end: int
) -> dict[str, dict[str, Any]]:
    """What is known of each node."""
    rows: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    scores: dict[str, list[tuple[str, float]]] = defaultdict(list)
    who: dict[str, set[str]] = defaultdict(set)
    for events, cases in actors:
        found, visited = attached(events, cases, node, merge, own, within)
        mine = [row for row in found if row["why"] == "attached"]
        for row in mine:
            scores[row["node"]].append((row["actor"], row["score"]))
        for case, visits in visited.items():
            for name in {v["node"] for v in visits}:
                row = rows[name]
                who[name].add(events[0].actor)
                there = [v for v in visits if v["node"] == name]
                answered = any(m["node"] == name and m["case"] == case for m in mine)
                followed = there[-1]["leave"] <= end - within
                row["n_visits"] += len(there)
                row["n_cases"] += 1
                row["n_answered"] += answered
                row["n_followed"] += followed
                row["n_followed_answered"] += answered and followed
    for name, row in rows.items():
        row["n_actors"] = len(who[name])
        row["n_scores"] = len(scores[name])
        row["n_scored_actors"] = len({actor for actor, _ in scores[name]})
        row["mean"] = sum(s for _, s in scores[name]) / len(scores[name]) if scores[name] else None
    return {name: dict(row) for name, row in rows.items()}
