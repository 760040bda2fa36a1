"""Predictions equal their oracle, are calibrated on held-out actors, and open journeys are not taken for lost."""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core import edges
from journeylog.core.log import EventLog
from journeylog.core.schema import DROPPED, REACHED
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


def second_moments(trials: list[tuple[str, str, Any]]) -> dict[tuple[str, Any], tuple[int, int]]:
    """Sums over actors of k * k and k * n, by node and what came, of trials (actor, node, what came)."""
    found: dict[tuple[str, Any], tuple[int, int]] = {}
    for (actor, node, came), k in Counter(trials).items():
        n = sum(trial[:2] == (actor, node) for trial in trials)
        kk, kn = found.get((node, came), (0, 0))
        found[node, came] = (kk + k * k, kn + k * n)
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=rows(), how=cases, node=st.sampled_from([("event", False), ("stage", True)]))
def test_second_moments_equal_the_oracle(events: list[Event], how: Any, node: tuple[str, bool]) -> None:
    log = make_log(events)
    log = replace(log, source=Memory((with_cases(log.chunk, *how),)))
    question = jl.Prediction(within="600s", node=node[0], merge=node[1], case="journey")
    ways: list[tuple[str, str, Any]] = []
    ends: list[tuple[str, str, Any]] = []
    for case in plain_cases(log.chunk, "journey"):
        visits, end = visits_of(case, *node), log.window.end
        moved = moves(case, *node, patience_of(log.chunk, "journey"), end)[1:]
        goal = case.events[-1].time if case.outcome == "reached" else None
        for (name, enter, _), move in zip(visits, moved, strict=True):
            if move["told"] is not None:
                ways.append((case.actor, name, move["told"]))
            if enter + 600 * SECOND <= end and (goal is None or goal > enter):
                ends.append((case.actor, name, int(goal is not None and goal <= enter + 600 * SECOND)))
    counts = question.summarize(log.chunk, log.window)
    words = {REACHED: ("reached", "reached"), DROPPED: ("dropped", "dropped")}
    to = counts["ways"].coded("to")
    told = [words.get(code) or (NODE, to.labels[code]) for code in to.codes.tolist()]
    asked = (("ways", told, ways), ("ends", counts["ends"].codes("reached").tolist(), ends))
    for name, came, trials in asked:
        table = counts[name]
        keys = zip(table.coded("node").names({}), came, strict=True)
        values = zip(table.values["kk"].tolist(), table.values["kn"].tolist(), strict=True)
        assert dict(zip(keys, values, strict=True)) == second_moments(trials)


def test_second_moments_are_the_same_with_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    log, question = simulated(1, 60, 600.0), jl.Prediction(within="5d")
    few = question.summarize(log.chunk, log.window).to_bytes()
    monkeypatch.setattr(edges, "_DENSE", 0)
    assert question.summarize(log.chunk, log.window).to_bytes() == few


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


def often_and_seldom(rng: np.random.Generator, light: int, heavy: int, each: int, before: bool) -> EventLog:
    """Many who come once, at home, and few who come often, at the cart, where each has their own habit of paying: 0.4.

    With `before`, all stand at the cart, the many (who pay half the time) from home, and the few from the search.
    """
    n = heavy * each
    start = np.concatenate((rng.uniform(0, 60, light), np.tile(np.arange(each) * 2.0, heavy)))
    start[light:] += rng.uniform(0, 0.1, n)
    ids = rng.integers(1 << 60, size=light + heavy).astype(str)
    who = ids[np.concatenate((np.arange(light), light + np.repeat(np.arange(heavy), each)))]
    pays = rng.random(light + n) < np.concatenate(
        (np.full(light, 0.5), np.repeat(rng.beta(0.6, 0.9, heavy), each))
    )
    few = np.arange(light + n) >= light
    parts = [(~few, "home", 0.0), (few, "search" if before else "cart", 0.0), (pays, "pay", 0.01)]
    parts += [(few | ~few, "cart", 0.001)] if before else []
    frame = pd.concat([pd.DataFrame({"who": who[at], "what": what, "day": start[at] + late})
                       for at, what, late in parts])  # fmt: skip
    frame["when"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(frame["day"], unit="D")
    log = jl.read(frame[["who", "what", "when"]], actor="who", event="what", time="when",
                  window=("2025-01-01", "2025-04-01"))  # fmt: skip
    return log.then(jl.Journeys("pay", patience="6h", of="stretch"))


def bounds_of_paying(log: EventLog, prefix: list[str]) -> list[tuple[float, float]]:
    """The bounds of the share that pays next, and of the share that pays within a day."""
    found = log.compute(jl.Prediction(within="1d"))
    paid, reached = found.next_stage(prefix).set_index("to").loc["pay"], found.outcome(prefix)
    return [(paid["rate_low"], paid["rate_high"]), (float(reached.low), float(reached.high))]


@pytest.mark.parametrize(("prefix", "before"), [(["cart"], False), (["search", "cart"], True)])
def test_bounds_are_wide_where_those_who_come_often_have_habits(prefix: list[str], before: bool) -> None:
    """The error of the share that pays: between actors the habits', within an actor the coins'."""
    heavy, each, spread = 60, 20, 0.4 * 0.6
    error = math.sqrt(spread / 2.5 / heavy + spread * (1 - 1 / 2.5) / (heavy * each))
    rng, found = np.random.default_rng(5), []
    for _ in range(8):
        log = often_and_seldom(rng, 3000, heavy, each, before)
        found.append([high - low for low, high in bounds_of_paying(log, prefix)])
    told = np.mean(found, axis=0) / 3.92
    assert (told > 0.85 * error).all() and (told < 1.3 * error).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("light", "heavy", "each", "prefix", "truth"),
    [
        (5000, 60, 20, ["cart"], 0.4),
        (1, 400, 10, ["cart"], 0.4),
        (5000, 60, 20, ["search", "cart"], 0.4),
        (5000, 60, 20, ["home", "cart"], 0.5),
    ],
)
def test_bounds_hold_the_true_share_where_few_come_often(
    light: int, heavy: int, each: int, prefix: list[str], truth: float
) -> None:
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(300):
        log = often_and_seldom(rng, light, heavy, each, len(prefix) > 1)
        hits.append([low <= truth <= high for low, high in bounds_of_paying(log, prefix)])
    assert (np.mean(hits, axis=0) > 0.91).all() and (np.mean(hits, axis=0) < 0.99).all()


@pytest.mark.slow
@pytest.mark.parametrize("actors", [150, 1000])
def test_bounds_hold_the_true_share_where_all_are_alike(actors: int) -> None:
    reach = np.linalg.solve(np.eye(4) - np.array(CYCLES), GOAL)
    asked = ((["home"], "0s"), (["home", "search"], "10min"), (["search", "cart"], "1h"))
    hits = defaultdict(list)
    for seed in range(300):
        simulation = simulate_chain(
            actors, NODES, CYCLES, Wait(600.0, 0.7), reached=GOAL, seed=seed, window_days=40
        )
        found = (
            chain_log(simulation)
            .then(jl.Journeys(goal="pay", patience="5d"))
            .compute(jl.Prediction(within="5d"))
        )
        for prefix, elapsed in asked:
            node, told = NODES.index(prefix[-1]), found.outcome(prefix, elapsed)
            hits["outcome", node].append(told.low <= reach[node] <= told.high)
            ways = found.next_stage(prefix).set_index(["to_kind", "to"])
            for name, truth in zip(NODES, CYCLES[node], strict=True):
                if truth:
                    way = ways.loc[("node", name)]
                    hits["next", node].append(way["rate_low"] <= truth <= way["rate_high"])
    assert all(0.92 < np.mean(one) < 0.98 for one in hits.values()), {k: np.mean(v) for k, v in hits.items()}


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
