"""The memory test equals its oracle, finds planted memory where it is, and rarely sees any where there is none."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.actor_groups import actor_groups
from journeylog.core.agreement import agreements, sign_p
from journeylog.core.backoff import Backoff
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


def rare_log(seed: int, n: int, rare: int, per: int) -> EventLog:
    """Every customer goes a or b, one of the rare pages (each met by about `per`) or the hub, then x or y: coins all."""
    rng = np.random.default_rng(seed)
    page = np.floor(rng.random(n) * n / per).astype(np.int64)
    path = np.stack((rng.integers(0, 2, n), np.minimum(page, rare) + 4, rng.integers(2, 4, n)), 1)
    names = ["a", "b", "x", "y", *(f"r{i}" for i in range(rare)), "hub"]
    chunk, _ = build_chunk(
        pa.array([f"u{i}" for i in np.repeat(np.arange(n), 3)]),
        np.tile(np.arange(3) * SECOND, n),
        {"event": Category(path.ravel().astype(np.int32), pa.array(names))},
    )
    return EventLog.from_chunk(chunk, jl.Window(0, 100 * 86_400 * SECOND)).then(jl.Journeys(patience="1d"))


@pytest.mark.parametrize(("per", "n_logs"), [(4, 20), (8, 20), (16, 20), (32, 20)])
def test_pages_that_few_met_claim_no_memory(per: int, n_logs: int) -> None:
    found = [rare_log(seed, 1500, 1200 // per, per).compute(jl.MemoryTest()) for seed in range(n_logs)]
    nodes = [one.tables["nodes"] for one in found]
    assert np.mean([table["supported"].any() for table in nodes]) <= 0.05
    assert np.mean([one.table["gain_low"][2] > 0 for one in found]) <= 0.05
    assert np.mean(pd.concat(nodes)["gain_low"] > 0) <= 0.025


@pytest.mark.slow
@pytest.mark.parametrize("per", [4, 8, 16, 32])
def test_hardly_any_log_without_memory_claims_some(per: int) -> None:
    logs = (rare_log(seed, 2000, 1800 // per, per) for seed in range(200))
    claimed = [log.compute(jl.MemoryTest()).tables["nodes"]["supported"].any() for log in logs]
    assert np.mean(claimed) <= 0.06


def test_a_chain_of_many_names_claims_no_memory() -> None:
    """300 names by Zipf's law, each with ways on of its own; a journey ends wherever it is with the same chance."""
    claimed = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        weight = np.cumsum(1 / np.arange(1, 301))
        length = rng.geometric(0.15, 5000)
        who = np.repeat(np.arange(5000), length)
        step = np.arange(len(who)) - np.repeat(np.cumsum(length) - length, length)
        drawn = np.searchsorted(weight / weight[-1], rng.random(len(who)))
        other, turned = [rng.permutation(300).tolist() for _ in range(300)], rng.random(len(who)) < 0.5
        codes, last = np.zeros(len(who), np.int32), 0
        for i, (first, code, turn) in enumerate(zip(step == 0, drawn.tolist(), turned, strict=True)):
            last = code if first or not turn else other[last][code]
            codes[i] = last
        events = {"event": Category(codes, pa.array([f"n{i}" for i in range(300)]))}
        chunk, _ = build_chunk(pa.array([f"u{i}" for i in who]), step * SECOND, events)
        log = EventLog.from_chunk(chunk, jl.Window(0, 100 * 86_400 * SECOND)).then(jl.Journeys(patience="1d"))
        claimed.append(log.compute(jl.MemoryTest()).tables["nodes"]["supported"].sum())
    assert sum(claimed) == 0


def test_what_is_too_rare_to_be_told_is_seen() -> None:
    found = rare_log(1, 1000, 60, 4).compute(jl.MemoryTest())
    nodes = found.tables["nodes"]
    rare = nodes[nodes["node"].str.startswith("r") & (nodes["n"] < 6)]
    assert len(rare) > 30
    assert rare[["p", "q", "gain_low", "gain_high"]].isna().to_numpy().all() and not rare["supported"].any()
    assert np.isfinite(nodes.set_index("node").loc["hub", "p"])
    few = next(note for note in found.notes if "too few to tell memory" in note)
    assert int(few.split()[0]) >= len(rare) and f"of {len(nodes)} nodes" in few


def test_memory_beside_rare_pages_is_found() -> None:
    """Who came from a goes on to x at the hub, more often than not; at 100 pages of eight customers each all is a coin."""
    log = rare_log(5, 2000, 100, 8)
    event = log.chunk.columns["event"]
    assert isinstance(event, Category)
    codes = event.codes.copy().reshape(-1, 3)
    same = np.random.default_rng(0).random(len(codes)) < 0.7
    hub = codes[:, 1] == codes[:, 1].max()
    codes[hub, 2] = 2 + np.where(same, codes[:, 0], 1 - codes[:, 0])[hub]
    names = [str(name) for name in event.names]
    chunk, _ = build_chunk(
        pa.array([f"u{i}" for i in np.repeat(np.arange(len(codes)), 3)]),
        np.tile(np.arange(3) * SECOND, len(codes)),
        {"event": Category(codes.ravel(), pa.array(names))},
    )
    made = EventLog.from_chunk(chunk, log.window).then(jl.Journeys(patience="1d"))
    nodes = made.compute(jl.MemoryTest()).tables["nodes"]
    assert nodes.loc[nodes["supported"], "node"].tolist() == ["hub"]


def test_agreement_is_that_of_all_pairs_of_moves() -> None:
    rng, n = np.random.default_rng(3), 60
    fold = np.sort(rng.integers(0, 5, n))
    before, after = rng.integers(0, 4, n), rng.integers(0, 3, n)
    model = Backoff.of(fold, [np.zeros(n, np.int64), before], after, np.ones(n, np.int64), 5, 3, [0, 1])
    found = next(agreements(model, 1, np.array([0])))
    parts = []
    for codes in (before, after):
        own = np.eye(4)[codes] - np.eye(4)[codes].mean(0)
        parts.append(own @ own.T)
    both = parts[0] * parts[1]
    chance = np.prod([part[~np.eye(n, dtype=bool)].mean() for part in parts])
    for one in range(5):
        for other in set(range(5)) - {one}:
            pairs = both[np.ix_(fold == one, fold == other)]
            assert found[one, other] == pytest.approx((pairs - chance).sum())


def test_the_p_of_signs_is_that_of_all_signs() -> None:
    rng = np.random.default_rng(1)
    for k in (1, 2, 5, 7):
        off = rng.normal(size=(k, 3))
        agreement = off @ off.T
        signs = np.array(list(itertools.product((1, -1), repeat=k)))
        total = np.einsum("ij,jk,ik->i", signs, agreement, signs)
        assert sign_p(agreement) == pytest.approx(np.mean(total >= agreement.sum() - 1e-9))
        larger = np.zeros((k + 2, k + 2))
        larger[:k, :k] = agreement
        assert sign_p(larger) == sign_p(agreement)
    assert np.isnan(sign_p(np.zeros((4, 4))))
