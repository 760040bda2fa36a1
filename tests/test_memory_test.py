"""The memory test equals its oracle, finds planted memory where it is, and rarely sees any where there is none."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.actor_groups import actor_groups
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.datasets import Wait, simulate_chain
from journeylog.stats.memory import FOLDS
from tests.oracles import backoff as oracle
from tests.oracles.paths import NODE, START, moves
from tests.strategies import SECOND, Event, case_shapes, make_log, patience_of, plain_cases, rows, with_cases
from tests.test_truth import CYCLES, GOAL, NODES, SLOW, STRAIGHT, chain_log

cases = case_shapes()


def folds_of(log: EventLog, n: int = FOLDS) -> dict[str, int]:
    return dict(zip(log.chunk.actors.to_pylist(), actor_groups(log.chunk, n).tolist(), strict=True))


def seen_moves(log: EventLog, node: str, merge: bool, case: str) -> list[oracle.Seen]:
    folds, out = folds_of(log), []
    for one in plain_cases(log.chunk, case):
        before: Any = START
        for move in moves(one, node, merge, patience_of(log.chunk, case), log.window.end):
            if move["from"][0] != NODE:
                continue
            if move["told"] is not None:
                out.append(oracle.Seen(folds[one.actor], (move["from"], before), move["told"]))
            before = move["from"]
    return out


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=rows(),
    how=cases,
    node=st.sampled_from([("event", False), ("event", True), ("stage", True), ("channel", True)]),
    case=st.sampled_from(["actor", "journey"]),
)
def test_equals_the_oracle(events: list[Event], how: Any, node: tuple[str, bool], case: str) -> None:
    log = make_log(events)
    log = replace(log, source=Memory((with_cases(log.chunk, *how),)))
    found = log.compute(jl.MemoryTest(node=node[0], merge=node[1], case=case))
    seen = seen_moves(log, node[0], node[1], case)
    names = {s.known[0] for s in seen} | {s.known[1] for s in seen if s.known[1] != START}
    names |= {s.came for s in seen if s.came[0] == NODE}
    if node[0] == "stage":
        names = {(NODE, name) for name in ("see", "think", "do")}
    ways = [*sorted(names), ("reached", "reached"), ("dropped", "dropped")]
    scored = oracle.held_out(seen, ways, 2, lambda level, context: context[: level - 1])
    assert found.table["n"].tolist() == [len(seen)] * 3
    for order in (0, 1, 2):
        want = np.mean([losses[order] for _, losses, _ in scored]) if scored else np.nan
        assert found.table["log_loss"][order] == pytest.approx(want, nan_ok=True)
    for row in found.tables["nodes"].to_dict("records"):
        mine = [losses for s, losses, _ in scored if s.known[0] == (NODE, row["node"])]
        assert row["n"] == len(mine)
        assert row["log_loss_1"] == pytest.approx(np.mean([m[1] for m in mine]))
        assert row["log_loss_2"] == pytest.approx(np.mean([m[2] for m in mine]))


def remembering_log(rng: np.random.Generator, n: int, strength: float) -> EventLog:
    """At hub, who came from a goes to x, who came from b to y, by `strength` more often than not; elsewhere no memory."""
    names = ["a", "b", "hub", "x", "y", "end"]
    first = rng.integers(0, 2, n)
    same = rng.random(n) < 0.5 + strength / 2
    then = np.where(same, first, 1 - first) + 3
    later = rng.random(n) < 0.6
    codes = np.stack([first, np.full(n, 2), then, np.full(n, 5)], 1)
    kept = np.stack([np.ones(n, bool)] * 3 + [later], 1)
    who, place = np.nonzero(kept)
    chunk, _ = build_chunk(
        pa.array([f"u{i}" for i in who]),
        (place * SECOND).astype(np.int64),
        {"event": Category(codes[who, place].astype(np.int32), pa.array(names))},
    )
    log = EventLog.from_chunk(chunk, jl.Window(0, 100 * 86_400 * SECOND))
    return log.then(jl.Journeys(goal="end", patience="1d"))


def test_planted_memory_is_found_where_it_is() -> None:
    found = remembering_log(np.random.default_rng(2), 2000, 0.4).compute(jl.MemoryTest())
    nodes = found.tables["nodes"]
    assert nodes["node"].tolist()[0] == "hub"
    assert nodes.loc[nodes["supported"], "node"].tolist() == ["hub"]
    assert "journeys remember" in found.verdict and "'hub'" in found.verdict
    move = found.tables["moves"].iloc[0]
    assert move["node"] == "hub" and abs(move["difference"]) == pytest.approx(0.2, abs=0.04)
    assert (move["previous"], move["to"]) in {("a", "x"), ("b", "y"), ("a", "y"), ("b", "x")}


def test_the_gain_is_covered_by_its_interval() -> None:
    """Order 1 loses log 2 at the hub, order 2 the entropy of 0.7; all else is alike."""
    hits = []
    truth = np.log(2) + 0.7 * np.log(0.7) + 0.3 * np.log(0.3)
    for seed in range(150):
        table = (
            remembering_log(np.random.default_rng(seed), 1000, 0.4).compute(jl.MemoryTest()).tables["nodes"]
        )
        row = table.set_index("node").loc["hub"]
        hits.append(row["gain_low"] <= truth <= row["gain_high"])
    assert 0.90 <= np.mean(hits) <= 0.99


@functools.cache
def null_results() -> list[Any]:
    out = []
    for seed in range(60):
        simulation = simulate_chain(400, NODES, CYCLES, SLOW, reached=GOAL, seed=seed, window_days=60)
        out.append(
            chain_log(simulation).then(jl.Journeys(goal="pay", patience="20d")).compute(jl.MemoryTest())
        )
    return out


def test_where_there_is_no_memory_none_is_claimed() -> None:
    claimed = [found.table["gain_low"][2] > 0 for found in null_results()]
    anywhere = [bool(found.tables["nodes"]["supported"].any()) for found in null_results()]
    assert np.mean(claimed) <= 0.05 and np.mean(anywhere) <= 0.05
    assert np.mean(["misleads" in found.verdict for found in null_results()]) <= 0.05
    assert (
        np.mean([found.table["gain"][2] for found in null_results()]) > -0.002
    )  # shrinking costs hardly anything


def test_kinds_of_actors_look_like_memory() -> None:
    simulation = simulate_chain(
        300, NODES, STRAIGHT, Wait(600.0, 0.5), reached=GOAL, seed=1, visits=8, heterogeneity=0.5
    )
    found = chain_log(simulation).compute(jl.MemoryTest())
    assert found.table["gain_low"][2] > 0


def test_too_little_to_tell_says_so() -> None:
    assert (
        "cannot be told"
        in jl.datasets.tiny().between("2030-01-01", "2030-01-02").compute(jl.MemoryTest()).verdict
    )
