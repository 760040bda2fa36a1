"""An attack on reports: no group of one to four customers can be worked out from all their numbers together."""

from __future__ import annotations

import random
from typing import Any

import pytest

import journeylog as jl
from journeylog.reporting.answers import Answers, answer_all
from journeylog.reporting.masking import mask_answers
from journeylog.reporting.plan import prepare
from tests.attack import given_away
from tests.report_logs import make_log

STAGES = {"look": ["home", "search"], "buy": ["cart", "pay"], "ask": ["help", "rare"]}
HOME = {event: stage for stage, events in STAGES.items() for event in events}


def rare_log(seed: int, n: int = 90) -> jl.EventLog:
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
    return make_log(rows)


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
