"""Oracle of satisfaction: each score looked up by hand, each share and mean by its definition."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.strategies import Case


def attached(case: Case, node: str, merge: bool, own: bool, within: int) -> list[dict[str, Any]]:
    """Every score of a case with the visit it follows."""
    visits: list[dict[str, Any]] = []
    found = []
    for event in case.events:
        name = getattr(event, node)
        if name is not None and (own or event.score is None):
            if merge and visits and visits[-1]["node"] == name:
                visits[-1]["leave"] = event.time
            else:
                before = visits[-1] if visits else None
                visits.append(
                    {
                        "node": name,
                        "from": before["node"] if before else None,
                        "wait": event.time - before["leave"] if before else None,
                        "rework": (before["rework"] if before else 0) + (name in [v["node"] for v in visits]),
                        "leave": event.time,
                    }
                )
        if event.score is not None:
            row = {"actor": case.actor, "score": event.score, "why": "nothing"}
            if visits:
                late = event.time - visits[-1]["leave"] > within
                row = {**visits[-1], **row, "why": "late" if late else "attached"}
            found.append(row)
    return [{**row, "visits": visits} for row in found] or [{"why": None, "visits": visits}]


def satisfaction(
    cases: list[Case], node: str, merge: bool, own: bool, within: int, end: int
) -> dict[str, dict[str, Any]]:
    """What is known of each node."""
    rows: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    scores: dict[str, list[tuple[str, float]]] = defaultdict(list)
    actors: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        found = attached(case, node, merge, own, within)
        visits = found[0]["visits"]
        mine = [row for row in found if row["why"] == "attached"]
        for row in mine:
            scores[row["node"]].append((row["actor"], row["score"]))
        for name in {v["node"] for v in visits}:
            row = rows[name]
            actors[name].add(case.actor)
            there = [v for v in visits if v["node"] == name]
            answered = any(m["node"] == name for m in mine)
            followed = there[-1]["leave"] <= end - within
            row["n_visits"] += len(there)
            row["n_cases"] += 1
            row["n_answered"] += answered
            row["n_followed"] += followed
            row["n_followed_answered"] += answered and followed
    for name, row in rows.items():
        row["n_actors"] = len(actors[name])
        row["n_scores"] = len(scores[name])
        row["n_scored_actors"] = len({who for who, _ in scores[name]})
        row["mean"] = sum(s for _, s in scores[name]) / len(scores[name]) if scores[name] else None
    return {name: dict(row) for name, row in rows.items()}
