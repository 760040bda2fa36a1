"""An attack on reports: no group of one to four customers can be worked out from all their numbers together."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.reporting.answers import Answers, answer_all
from journeylog.reporting.mapbooks import mask_both
from journeylog.reporting.plan import prepare
from tests.attack import System, exposed, given_away, tell_map, tell_report
from tests.report_logs import make_log

STAGES = {"look": ["home", "search"], "buy": ["cart", "pay"], "ask": ["help", "rare"]}
HOME = {event: stage for stage, events in STAGES.items() for event in events}


def rare_log(seed: int, n: int = 90, channels: bool = False) -> jl.EventLog:
    """Journeys with a rare stage, rare moves, and ends at which few stand."""
    chance = random.Random(seed)
    rows = []
    names = [*HOME][:4]
    weights = [chance.randint(1, 6) for _ in names]
    for k in range(n):
        now = 1_735_689_600 + chance.randrange(30 * 86_400)
        steps = ["home", *chance.choices(names, weights, k=chance.randint(0, 4))]
        if k % 30 < 2:
            steps.insert(chance.randint(1, len(steps)), chance.choice(["help", "rare"]))
        for name in steps:
            rows.append((f"a{k}", name, now))
            now += chance.choice([60, 600, 6000, 300_000])
    if not channels:
        return make_log(rows)
    frame = pd.DataFrame(rows, columns=["actor", "event", "time"])
    some = {f"a{k}": chance.choices(["web", "app", "tv"], [40, 20, 2])[0] for k in range(n)}
    frame = frame.assign(
        channel=frame["actor"].map(some), time=pd.to_datetime(frame["time"], unit="s", utc=True)
    )
    return jl.read(frame, actor="actor", event="event", time="time", channel="channel")


def answered(log: jl.EventLog, design: Any = None, **options: Any) -> Answers:
    asked = {"goal": "pay", "patience": "3d", "stages": STAGES, "funnel": None, "within": None, **options}
    plan = prepare(log, asked["goal"], asked["patience"], asked["stages"])
    held = None if design is None else jl.read_design(design, plan.log)
    return answer_all(plan, asked["funnel"], asked["within"], None, held)


DESIGN = {"ways": {"look": ["buy"], "buy": ["look"]}, "start": ["look"]}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rules", [[], [{"never": "help"}, {"within": ["cart", "pay", "1h"]}]])
def test_no_small_group_can_be_worked_out_of_a_design(seed: int, rules: list[Any]) -> None:
    whole = answered(rare_log(seed), {**DESIGN, "rules": rules})
    assert given_away(mask_both(whole, None, 5)[0], whole, 5, HOME) == {}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "options", [{}, {"within": "2d", "funnel": ["home", "cart", "pay"]}, {"stages": None}]
)
def test_no_small_group_can_be_worked_out(seed: int, options: dict[str, Any]) -> None:
    whole = answered(rare_log(seed), **options)
    assert given_away(mask_both(whole, None, 5)[0], whole, 5, HOME) == {}


def told_alone(cells: Any) -> System:
    system = System()
    tell_map(system, cells, together=False)
    return system


@pytest.mark.parametrize("seed", range(2))
def test_no_small_group_of_a_map_can_be_worked_out(seed: int) -> None:
    log = rare_log(seed, channels=True)
    spend = {"web": 900.0, "app": 400.0, "tv": 10.0}
    filled = jl.JourneyMap("pay", stages=STAGES, patience="3d", need="channel", spend=spend).fill(log)
    assert exposed(told_alone(filled.masked(5).cells), told_alone(filled.cells), 5) == {}


@pytest.mark.parametrize("seed", range(2))
def test_a_map_and_its_report_do_not_give_each_other_away(seed: int) -> None:
    log = rare_log(seed, channels=True).then(jl.Stages(STAGES), jl.Journeys("pay", "3d"))
    whole = answered(log, goal=None, stages=None)
    filled = log.compute(jl.JourneyMap("pay", need="channel"))
    answers, masked = mask_both(whole, filled, 5)
    assert masked is not None
    systems = System(), System()
    for system, (report, cells) in zip(
        systems, ((answers, masked.cells), (whole, filled.cells)), strict=True
    ):
        tell_report(system, report, HOME)
        tell_map(system, cells, together=True)
    assert exposed(*systems, 5) == {}


def shares_of(table: pd.DataFrame) -> dict[tuple[str, str], dict[str, tuple[int, int, int, int]]]:
    """Return how many of each group did what, of how many, and the same of all others."""
    found: dict[tuple[str, str], dict[str, tuple[int, int, int, int]]] = {}
    for row in table[table["unit"] == "share"].to_dict("records"):
        did, rest = (round(row[f"value{side}"] * row[f"n{side}"]) for side in ("", "_rest"))
        found.setdefault((row["part"], row["name"]), {})[row["group"]] = did, row["n"], rest, row["n_rest"]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_no_small_share_of_a_group_can_be_worked_out_from_the_other_groups(seed: int) -> None:
    chance = random.Random(seed)
    rows = []
    for k in range(240):
        tier = chance.choice(["a", "b", "c"])
        steps = ["home"] * (chance.random() < 0.97) + ["help"] * (
            chance.random() < {"a": 0.03, "b": 0.2, "c": 0.4}[tier]
        )
        rows += [
            (f"u{k}", name, tier, f"2025-01-{1 + k % 28:02}T10:{i:02}Z")
            for i, name in enumerate([*steps, "look"])
        ]
    frame = pd.DataFrame(rows, columns=["actor", "event", "tier", "time"])
    found = jl.personas(jl.read(frame, actor="actor", event="event", time="time"), "tier", min_n=2)
    whole, told = shares_of(found.table), shares_of(found.masked(5).table)
    hidden = 0
    for name, groups in whole.items():
        known = told.get(name, {})
        for group in groups.keys() - known.keys():
            hidden += 1
            others = [groups[other] for other in groups.keys() - known.keys() if other != group]
            if known and 0 < groups[group][0] < 5:
                did, _, rest, _ = next(iter(known.values()))
                left = did + rest - sum(one[0] for one in known.values())
                assert (
                    min(groups[group][1], left) >= 5 and max(0, left - sum(one[1] for one in others)) < left
                )
        for did, n, rest, n_rest in known.values():
            assert not any(0 < part < 5 for part in (did, n - did, rest, n_rest - rest))
    assert hidden
