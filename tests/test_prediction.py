"""Predictions equal their oracle, are calibrated on held-out actors, and open journeys are not taken for lost."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.datasets import Wait, simulate_chain
from journeylog.errors import ConfigError
from journeylog.stats.prediction import FOLDS
from tests.oracles import backoff as oracle
from tests.oracles.paths import NODE, START, moves, visits_of
from tests.strategies import SECOND, Event, case_shapes, make_log, patience_of, plain_cases, rows, with_cases
from tests.test_memory_test import folds_of
from tests.test_truth import CYCLES, GOAL, NODES, chain_log

cases = case_shapes()
BOUNDS = (60, 3600, 86400, 604800)
DAY = 86_400 * SECOND


def seen_points(
    log: EventLog, node: str, merge: bool, within: int
) -> tuple[list[oracle.Seen], list[oracle.Seen]]:
    """What came next after every followed visit, and what became of the journey after every visit watched so long."""
    folds, following, future = folds_of(log, FOLDS), [], []
    end = log.window.end
    for case in plain_cases(log.chunk, "journey"):
        visits = visits_of(case, node, merge)
        told = [m["told"] for m in moves(case, node, merge, patience_of(log.chunk, "journey"), end)[1:]]
        before: Any = START
        for i, (name, enter, _) in enumerate(visits):
            band = i if i < 2 else 2 if i < 5 else 3
            spent = sum((enter - case.events[0].time) / SECOND >= b for b in BOUNDS)
            known = (name, before, band, spent)
            before = name
            if told[i] is not None:
                following.append(oracle.Seen(folds[case.actor], known[:3], told[i]))
            goal = case.events[-1].time if case.outcome == "reached" else None
            if enter + within <= end and (goal is None or goal > enter):
                reached = int(goal is not None and goal <= enter + within)
                future.append(oracle.Seen(folds[case.actor], known, reached))
    return following, future


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=rows(),
    how=cases,
    node=st.sampled_from([("event", False), ("stage", True), ("channel", True)]),
    within=st.sampled_from([30, 600, 4000]),
)
def test_equals_the_oracle(events: list[Event], how: Any, node: tuple[str, bool], within: int) -> None:
    log = make_log(events)
    log = replace(log, source=Memory((with_cases(log.chunk, *how),)))
    question = jl.Prediction(within=f"{within}s", node=node[0], merge=node[1], case="journey")
    found = log.compute(question).table.set_index("target")
    following, future = seen_points(log, node[0], node[1], within * SECOND)
    names = {s.known[0] for s in following} | {s.known[1] for s in following if s.known[1] != START}
    names |= {s.came[1] for s in following if s.came[0] == NODE}
    names |= {s.known[0] for s in future} | {s.known[1] for s in future if s.known[1] != START}
    names = {"see", "think", "do"} if node[0] == "stage" else names
    ways = [*((NODE, n) for n in sorted(names)), ("reached", "reached"), ("dropped", "dropped")]
    for target, seen, all_ways, depth in (("next", following, ways, 3), ("outcome", future, [0, 1], 4)):
        scored = oracle.held_out(seen, all_ways, depth, lambda level, context: level)
        row = found.loc[target]
        assert row["n"] == len(seen)
        for name, losses in (("log_loss", [s[1] for s in scored]), ("brier", [s[2] for s in scored])):
            for prefix, level in (("base_", 0), ("", depth)):
                want = np.mean([one[level] for one in losses]) if scored else math.nan
                assert row[prefix + name] == pytest.approx(want, nan_ok=True), (target, prefix + name)


@functools.cache
def simulated(seed: int, window: float | None = None, mean_s: float = 3 * 3600.0) -> EventLog:
    simulation = simulate_chain(
        1500, NODES, CYCLES, Wait(mean_s, 0.7), reached=GOAL, seed=seed, window_days=window
    )
    return chain_log(simulation).then(jl.Journeys(goal="pay", patience="5d"))


def test_held_out_predictions_are_calibrated_and_better_than_the_base_rate() -> None:
    hits = defaultdict(list)
    for seed in range(12):
        found = simulated(seed, 40).compute(jl.Prediction(within="5d"))
        table = found.table.set_index("target")
        assert (table["gain_low"] > 0).all() and (table["brier_gain_low"] > 0).all()
        for row in found.tables["calibration"].to_dict("records"):
            hits[row["target"]].append(row["observed_low"] <= row["predicted"] <= row["observed_high"])
            assert row["n"] < 100 or row["observed"] == pytest.approx(row["predicted"], abs=0.12)
    assert np.mean(hits["next"]) > 0.88 and np.mean(hits["outcome"]) > 0.88


def test_shares_told_are_the_true_ones() -> None:
    reach = np.linalg.solve(np.eye(4) - np.array(CYCLES), GOAL)
    found = simulated(1, 60, 600.0).compute(jl.Prediction(within="5d"))
    for prefix, node in ((["home"], 0), (["home", "search"], 1), (["home", "search", "cart"], 2)):
        told = found.outcome(prefix, "10min")
        assert told.value == pytest.approx(reach[node], abs=0.05)
        assert told.low < told.value < told.high
        ways = found.next_stage(prefix).set_index(["to_kind", "to"])["rate"]
        assert ways.sum() == pytest.approx(1)
        for name, rate in zip(NODES, CYCLES[node], strict=True):
            assert ways["node", name] == pytest.approx(rate, abs=0.05)


def test_open_journeys_are_not_taken_for_lost() -> None:
    """With waits of a day in a window of 12, a naive share of all visits is too small; ours is not."""
    within, log = 6 * DAY, simulated(3, 12, 86_400.0)
    long = simulated(3, 300, 86_400.0)
    ours, truth = (x.compute(jl.Prediction(within="6d")).outcome(["home"]).value for x in (log, long))
    assert ours == pytest.approx(truth, abs=0.04)
    level, chunk = log.chunk.cases("journey"), log.chunk
    starts = chunk.time[level.begin]
    goal = chunk.event.codes[level.end - 1] == chunk.event.names.index("pay")
    naive = (goal & (chunk.time[level.end - 1] - starts <= within)).mean()
    assert naive < truth - 0.05


def test_the_credible_bounds_hold_the_true_share() -> None:
    reach = np.linalg.solve(np.eye(4) - np.array(CYCLES), GOAL)
    hits = []
    for seed in range(60):
        simulation = simulate_chain(
            150, NODES, CYCLES, Wait(600.0, 0.7), reached=GOAL, seed=seed, window_days=40
        )
        log = chain_log(simulation).then(jl.Journeys(goal="pay", patience="5d"))
        told = log.compute(jl.Prediction(within="5d")).outcome(["home", "search"], "10min")
        hits.append(told.low <= reach[1] <= told.high)
    assert 0.88 <= np.mean(hits) <= 1


def test_a_prefix_never_seen_is_told_by_its_last_node() -> None:
    found = simulated(1, 60, 600.0).compute(jl.Prediction(within="5d"))
    rare, usual = found.outcome(["pay", "search"]), found.outcome(["home", "search"], "10min")
    assert rare.value == pytest.approx(usual.value, abs=0.08)


def test_what_cannot_be_predicted_says_so() -> None:
    found = simulated(1, 60, 600.0).compute(jl.Prediction(within="5d"))
    with pytest.raises(ConfigError, match="did you mean 'search'"):
        found.outcome(["serch"])
    with pytest.raises(ConfigError, match="no list of nodes"):
        found.next_stage([])
    with pytest.raises(ConfigError, match="no list of nodes"):
        found.next_stage("home")
    with pytest.raises(ConfigError, match="within"):
        jl.Prediction(within="five days")
    on = jl.datasets.tiny().then(jl.Journeys(goal="cart", patience="1h", goal_ends=False))
    with pytest.raises(ConfigError, match="goal_ends=True"):
        on.compute(jl.Prediction())
    bare = jl.datasets.tiny().compute(jl.Prediction(within="1min"))
    assert any("no journey reached" in note for note in bare.notes)
