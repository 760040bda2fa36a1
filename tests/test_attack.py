"""An attack on reports: no group of one to four customers can be worked out from all their numbers together."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.reporting.answers import Answers, answer_all
from journeylog.reporting.mapbooks import mask_both
from journeylog.reporting.masking import mask_answers
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


def answered(log: jl.EventLog, **options: Any) -> Answers:
    asked = {"goal": "pay", "patience": "3d", "stages": STAGES, "funnel": None, "within": None, **options}
    return answer_all(
        prepare(log, asked["goal"], asked["patience"], asked["stages"]), asked["funnel"], asked["within"]
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "options", [{}, {"within": "2d", "funnel": ["home", "cart", "pay"]}, {"stages": None}]
)
def test_no_small_group_can_be_worked_out(seed: int, options: dict[str, Any]) -> None:
    whole = answered(rare_log(seed), **options)
    assert given_away(mask_answers(whole, 5), whole, 5, HOME) == {}


def told_alone(cells: Any) -> System:
    system = System()
    tell_map(system, cells, together=False)
    return system


@pytest.mark.parametrize("seed", range(4))
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
