"""Pain points in plain loops."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.oracles.paths import moves, visits_of
from tests.strategies import Case


def pains(
    cases: list[Case],
    stage: str,
    kind_of: Any,
    contact: str,
    limit_ms: int,
    patience: int | None,
    end: int,
    begin: int = 0,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return by stage and kind how often, in which cases, and how much (milliseconds of waiting, else 1 or money)."""
    found: dict[tuple[str, str], list[tuple[int, str, int]]] = defaultdict(list)
    short = patience is not None and end - patience <= begin
    for number, case in enumerate(cases):
        contacted = False
        for event in case.events:
            place, (kind, amount) = getattr(event, stage), kind_of(event)
            if place is None or kind is None:
                continue
            repeated = kind == contact and contacted
            contacted = contacted or kind == contact
            found[place, "repeat contacts" if repeated else kind].append((number, case.actor, amount))
        seen: list[str] = []
        for (name, _, _), move in zip(
            visits_of(case, stage, True), moves(case, stage, True, patience, end)[1:], strict=True
        ):
            if name in seen:
                found[name, "rework"].append((number, case.actor, 1))
            seen.append(name)
            if move["to"][0] == "node" and (short or move["told"] == move["to"]):
                more = (move["wait"] + 500) // 1000 - limit_ms
                if more > 0:
                    found[name, "waiting"].append((number, case.actor, more))
    return {
        key: {
            "n": len(hits),
            "n_cases": len({number for number, _, _ in hits}),
            "n_actors": len({actor for _, actor, _ in hits}),
            "amount": sum(amount for _, _, amount in hits),
            "cases": {number for number, _, _ in hits},
        }
        for key, hits in found.items()
    }
