"""Oracle of the ledger: every wait, every repeat and every drop-off written down by hand, once."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.oracles.paths import judged, moves, visits_of
from tests.strategies import Case


def ledger(
    cases: list[Case],
    node: str,
    merge: bool,
    patience: int | None,
    end: int,
    baseline: dict[tuple[str, str], int],
    begin: int = 0,
) -> dict[str, Any]:
    """Lines of waiting (milliseconds), rework and drop-off, and what visits that went on or dropped brought.

    A visit that went on brings all that its case brings from then on, told once the case has ended; one that dropped
    what its case brought until it was visited again, if ever.
    """
    waits: dict[tuple[str, str], list[int]] = defaultdict(list)
    repeats: dict[str, list[tuple[str, int]]] = defaultdict(list)
    told: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    brought: dict[tuple[str, bool], list[int]] = defaultdict(list)
    by_actor: dict[str, dict[str, dict[str, int]]] = defaultdict(
        lambda: defaultdict(lambda: dict.fromkeys(("n", "k", "on", "off", "x_on", "x_off"), 0))
    )
    n_visits: dict[str, int] = defaultdict(int)
    short = patience is not None and end - patience <= begin
    for case in cases:
        visits = visits_of(case, node, merge)
        outcome = judged([case], node, merge, patience, end)[0].outcome
        seen: list[str] = []
        starts = starts_of(case, node, merge)
        for (name, enter, leave), spot, following, move in zip(
            visits, starts, [*starts, None][1:], moves(case, node, merge, patience, end)[1:], strict=True
        ):
            n_visits[name] += 1
            if name in seen:
                kind = "loop" if seen[-1] == name else "return"
                repeats[name].append((kind, (leave - enter + 500) // 1000))
            seen.append(name)
            if move["to"][0] == "node" and (short or move["told"] == move["to"]):
                waits[name, move["to"][1]].append((move["wait"] + 500) // 1000)
            if move["told"] is not None:
                dropped = move["told"][0] == "dropped"
                told[name].append((case.actor, dropped))
                mine = by_actor[name][case.actor]
                mine["n"] += 1
                mine["k"] += dropped
                if dropped or outcome != "open":
                    worth = sum(e.value for e in case.events[spot : following if dropped else None])
                    brought[name, dropped].append(worth)
                    mine["off" if dropped else "on"] += 1
                    mine["x_off" if dropped else "x_on"] += worth
    return {
        "waits": {
            key: (len(ms), sum(ms), sum(max(m - baseline.get(key, 0), 0) for m in ms))
            for key, ms in waits.items()
        },
        "repeats": repeats,
        "told": told,
        "brought": brought,
        "by_actor": by_actor,
        "n_visits": n_visits,
    }


def starts_of(case: Case, node: str, merge: bool) -> list[int]:
    """Positions of the events with which visits begin."""
    out: list[int] = []
    now = None
    for i, event in enumerate(case.events):
        name = getattr(event, node)
        if name is not None and not (merge and name == now):
            out.append(i)
        now = name if name is not None else now
    return out
