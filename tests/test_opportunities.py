"""Opportunities: the gain is that of the chain, honest about the winner's curse, and the planted bad segment comes first."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chain import Chain, Change, Sample
from journeylog.core.chain_change import with_rate
from journeylog.core.chain_gain import Gains, Row
from journeylog.core.chain_halves import _together
from journeylog.core.chain_segments import SegmentMoves
from journeylog.core.encode import encode
from journeylog.core.engine import gather
from journeylog.core.log import EventLog
from journeylog.core.schema import DROPPED, REACHED, SECOND
from journeylog.core.source import Memory
from journeylog.datasets import Wait, simulate_chain
from journeylog.errors import ConfigError, MissingColumnError
from journeylog.stats.model import GROUPS
from tests.strategies import Event, make_log
from tests.test_model import with_money
from tests.test_truth import CYCLES, GOAL, NODES, chain_log

WAIT = Wait(600.0, 0.5)
BAD = [row if i != 2 else [0, 0.075, 0, 0.30] for i, row in enumerate(CYCLES)]  # at the cart half as many pay


def segmented(rng: np.random.Generator, n: int, segments: dict[str, Any]) -> EventLog:
    """Return a log in which each segment has its own chain."""
    actors, events, times, labels = [], [], [], []
    for name, matrix in segments.items():
        one = simulate_chain(n, NODES, matrix, WAIT, reached=GOAL, seed=int(rng.integers(1 << 30))).events
        actors += [f"{name}-{a}" for a in one["actor"]]
        events += one["event"].tolist()
        times.append(one["time"].dt.as_unit("us").astype("int64").to_numpy())
        labels += [name] * len(one)
    time = np.concatenate(times)
    columns = {"event": encode(pa.array(events)), "platform": encode(pa.array(labels))}
    chunk, _ = build_chunk(pa.array(actors), time, columns)
    window = jl.Window(int(time.min()), int(time.max()) + 40 * 86_400_000_000)
    return EventLog.from_chunk(chunk, window).then(jl.Journeys(goal="pay", patience="30d"))


def reach(matrix: Any) -> Any:
    return np.linalg.solve(np.eye(4) - np.array(matrix), GOAL)


@functools.cache
def sample_chain() -> Chain:
    log = chain_log(simulate_chain(300, NODES, CYCLES, WAIT, reached=GOAL, seed=2))
    log = replace(log, window=jl.Window(log.window.start, log.window.end + 10**14))
    model = with_money(log, 1).then(jl.Journeys(goal="pay", patience="30d")).compute(jl.Model())
    assert model.chain is not None
    found: Chain = model.chain
    return found


def set_row(row: Any) -> Change:
    """All rates of a state are set, so nothing in them deviates any more."""
    return Change(row, sparse.csr_array((len(row), len(row))), np.ones(len(row)))


@pytest.mark.parametrize("state", [0, 1, 3, 4])
def test_a_gain_by_rank_one_is_that_of_the_chain_solved_anew(state: int) -> None:
    chain = sample_chain()
    row = np.flatnonzero(chain.source == state)
    rates = np.random.default_rng(state).dirichlet(np.ones(len(row)))
    anew = replace(chain, rate=chain.rate.copy(), changes=(set_row(row),))
    anew.rate[row] = rates
    for of_value in (False, True):
        gains = Gains(chain, of_value)
        point = gains.at(np.array([state]))[0]
        old, new = ((c.solution.value if of_value else c.solution.reach) for c in (chain, anew))
        fixed = Row(rates, np.zeros((len(row), len(row))), np.zeros((GROUPS, len(row))))
        found = point.gain(gains.changed([(point, fixed)])[0])
        assert gains.gained(np.array([state]), [fixed])[0].value == found.value
        assert found.value == pytest.approx(new.value[-1] - old.value[-1], abs=1e-12)
        if not of_value:
            assert point.value(rates) == pytest.approx(found.value, abs=1e-12)
        assert (found.before, found.after) == pytest.approx((old.value[state], new.value[state]))
        assert found.deviation == pytest.approx(new.deviation[:, -1] - old.deviation[:, -1], abs=1e-12)


def test_an_edge_that_makes_the_others_room_carries_their_error() -> None:
    chain = sample_chain()
    row = np.flatnonzero(chain.source == 0)
    edge, rate = 1, 0.5
    anew = with_rate(chain, (0, int(chain.target[row[edge]])), rate, None, "")
    old = chain.rate[row]
    size, rest = len(row), 1 - old[edge]
    new = old * (1 - rate) / rest
    new[edge] = rate
    carried = np.eye(size) * (1 - rate) / rest
    carried[edge] = old * (1 - rate) / rest / rest
    carried[edge, edge] = 0.0
    gains = Gains(chain)
    point = gains.at(np.array([0]))[0]
    changed = gains.changed([(point, Row(new, carried, np.zeros((GROUPS, size))))])[0]
    found = point.gain(changed)
    gap = anew.solution.reach.deviation[:, -1] - chain.solution.reach.deviation[:, -1]
    assert found.deviation == pytest.approx(gap, abs=1e-12)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_deviations_of_all_states_are_one_product(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journeylog.core.chain._DENSE_SHARE", share)  # 0: all dense, 1: all sparse
    sample = replace(sample_chain().sample)
    weights = np.random.default_rng(0).normal(size=len(sample.source))
    assert np.abs(weights).min() > 0 and sample.rate_deviation(weights).any()
    assert sample.sum_deviation(weights) == pytest.approx(sample.rate_deviation(weights).sum(1), abs=1e-12)


def test_what_rounding_leaves_is_no_gain() -> None:
    chain = sample_chain()
    gains = Gains(chain)
    point = gains.at(np.array([0]))[0]
    rates = chain.rate[point.row] * (1 + 1e-15)
    size = len(point.row)
    row = Row(rates, np.zeros((size, size)), np.zeros((GROUPS, size)))
    assert (rates != chain.rate[point.row]).any()
    assert point.gain(gains.changed([(point, row)])[0]).value == 0.0


def chain_of(moves: dict[tuple[int, int], float], value: list[float]) -> Chain:
    """A chain of four groups of actors with these numbers of moves; the last state is the start."""
    edges = sorted(moves)
    group, edge = np.repeat(np.arange(4), len(edges)), np.tile(np.arange(len(edges)), 4)
    n = np.array([moves[e] for e in edges] * 4) * (1 + 0.1 * np.random.default_rng(5).random(len(edge)))
    source, target = np.array(edges, np.int64).T
    visits = np.zeros((4, len(value)))
    np.add.at(visits, (group, source[edge]), n)
    money = visits * np.array(value)
    return Chain.of(Sample(len(value), 4, source, target, group, edge, n, np.zeros(len(n)), money))


def start_value(chain: Chain, rate: Any) -> float:
    """What is to come from the start on, solved densely; nan where a journey can come to where none ends."""
    n = chain.n_states
    moves, ends = np.zeros((n, n)), np.zeros(n)
    for a, b, p in zip(chain.source, chain.target, rate, strict=True):
        if b >= 0:
            moves[a, b] += p
        else:
            ends[a] += p
    steps = np.linalg.matrix_power(np.eye(n) + moves, n) > 0  # who can come where
    met = np.flatnonzero(steps[-1])
    if not all((steps[state] & (ends > 0)).any() for state in met):
        return float("nan")
    inner = moves[np.ix_(met, met)]
    return float(np.linalg.solve(np.eye(len(met)) - inner, chain.value[met])[np.flatnonzero(met == n - 1)[0]])


HOME, SIDE, PAID, LOOP, FAR, BEGIN = range(6)
SIDEWAYS = {
    (BEGIN, HOME): 40, (HOME, PAID): 15, (HOME, SIDE): 20, (HOME, DROPPED): 5, (SIDE, SIDE): 30, (SIDE, DROPPED): 10,
    (PAID, REACHED): 15, (LOOP, LOOP): 9,
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "state", "rates", "known"),
    [
        ({}, HOME, {SIDE: 0.9, PAID: 0.1, DROPPED: 0.0}, True),  # money on the side that leads to no goal
        ({}, SIDE, {SIDE: 0.3, DROPPED: 0.7}, True),
        ({}, SIDE, {SIDE: 1.0, DROPPED: 0.0}, False),  # a loop that nobody leaves any more
        ({}, LOOP, {LOOP: 1.0}, True),  # a loop that no journey comes to
        ({(HOME, LOOP): 1}, HOME, {SIDE: 0.0, PAID: 0.5, DROPPED: 0.2, LOOP: 0.3}, False),
        (
            {(HOME, LOOP): 1},
            HOME,
            {SIDE: 0.0, PAID: 0.8, DROPPED: 0.2, LOOP: 0.0},
            False,
        ),  # before it is not known
        ({(FAR, DROPPED): 3}, HOME, {SIDE: 0.2, PAID: 0.8, DROPPED: 0.0}, True),
    ],
)
def test_a_gain_of_money_is_that_of_the_changed_chain_solved_densely(
    more: dict[tuple[int, int], float], state: int, rates: dict[int, float], known: bool
) -> None:
    chain = chain_of(SIDEWAYS | more, [1.0, 10.0, 20.0, 7.0, 3.0, 0.0])
    row = np.flatnonzero(chain.source == state)
    new = np.array([rates[int(target)] for target in chain.target[row]])
    anew = replace(chain, rate=chain.rate.copy(), changes=(set_row(row),))
    anew.rate[row] = new
    fixed = Row(new, np.zeros((len(row), len(row))), np.zeros((4, len(row))))
    found = Gains(chain, of_value=True).gained(np.array([state]), [fixed])[0]
    want = start_value(chain, anew.rate) - start_value(chain, chain.rate)
    assert np.isfinite(want) == known
    assert found.value == pytest.approx(want, abs=1e-12, nan_ok=True)
    if known:
        gap = anew.solution.value.deviation[:, -1] - chain.solution.value.deviation[:, -1]
        assert found.deviation == pytest.approx(gap, abs=1e-12)


def subscribers(ends: bool) -> EventLog:
    """Of the better segment more come to the cart; who does not may subscribe, and pay every other day from then on."""
    rng, day, rows = np.random.default_rng(1), 24 * 3600 * SECOND, []
    for a in range(300):
        good, at = a % 2, int(rng.random() * 5 * day)
        path = [("home", 0, 0)]
        if rng.random() < 0.5 + 0.3 * good:
            path += [("cart", 1, 5)] + [("pay", 2, 20)] * int(rng.random() < 0.5)
        elif rng.random() < 0.5:
            last = 20 * day if ends else 60 * day - at
            path += [("subscribed", t, 10) for t in range(3, last // SECOND, 2 * 24 * 3600)]
        rows += [
            Event(f"u{a:03d}", name, at + t * SECOND, None, f"s{good}", None, value)
            for name, t, value in path
        ]
    log = make_log(rows, jl.Window(0, 60 * day))
    return log.then(jl.Journeys(goal="pay", patience="3d"))


def test_what_goes_on_for_ever_is_not_worth_nothing() -> None:
    """Who is led away from paying for ever is no gain of money; where they stop in the end it can be told."""
    for ends in (False, True):
        found = subscribers(ends).compute(jl.Opportunities(by="channel", node="event", min_n=30))
        assert len(found.table) > 5 and (found.table["gain_value"].notna() == ends).all()
        assert np.isfinite(found.table["gain_value_low"].iloc[0]) == ends
        assert any("go on for ever" in note and "'subscribed'" in note for note in found.notes) == (not ends)
        assert found.table["gain"].iloc[0] > 0
        if ends:
            assert found.table["gain_value"].iloc[0] < 0, "more come to the cart, fewer subscribe"


def test_a_loop_that_no_comparable_segment_leaves_is_no_point() -> None:
    """Two segments go round and round; only the few of a third pay."""
    rows = []
    for a in range(64):
        names = ["home", "shelf"] * 8 if a else ["home", "shelf", "pay"]
        rows += [
            Event(f"u{a:03d}", name, t * SECOND, None, "few" if not a else f"s{a % 2}", None, 0)
            for t, name in enumerate(names)
        ]
    log = make_log(rows, jl.Window(0, 18 * SECOND))
    found = log.then(jl.Journeys(goal="pay", patience="4s")).compute(
        jl.Opportunities(by="channel", node="event", min_n=30)
    )
    assert "shelf" not in set(found.table["node"]) and found.table["gain"].notna().all()


def test_the_planted_bad_segment_comes_first() -> None:
    first, agreed = [], []
    for seed in range(8):
        log = segmented(np.random.default_rng(seed), 1500, {"android": BAD, "desktop": CYCLES, "ios": CYCLES})
        found = log.compute(jl.Opportunities(by="platform"))
        top = found.supported.iloc[0]
        first.append(top["node"] == "cart")
        agreed.append(top["segment"] in ("desktop", "ios"))
        assert top["evidence"] == "association" and any("not cause" in note for note in found.notes)
    assert all(first) and all(agreed)


def test_the_gain_is_covered_and_the_naive_one_is_too_good() -> None:
    """The cart of the best of five segments, of which one is bad: against the mixed chain's truth."""
    hits, naive, honest = [], [], []
    for seed in range(30):
        log = segmented(np.random.default_rng(seed), 250, {"bad": BAD, **{f"s{i}": CYCLES for i in range(4)}})
        found = log.compute(jl.Opportunities(by="platform", min_n=30))
        row = found.table[(found.table["part"] == "stage") & (found.table["node"] == "cart")].iloc[0]
        truth = reach(CYCLES)[0] - (4 * reach(CYCLES)[0] + reach(BAD)[0]) / 5
        hits.append(row["gain_low"] <= truth <= row["gain_high"])
        naive.append(row["gain_naive"] - truth)
        honest.append(row["gain"] - truth)
    assert np.mean(hits) >= 0.88
    assert np.mean(naive) > 5 * np.std(naive) / 30**0.5
    assert abs(np.mean(honest)) < 3.5 * np.std(honest) / 30**0.5


@pytest.mark.slow
def test_gains_are_covered_where_segments_have_a_few_dozen_visits() -> None:
    """Five segments of 60 actors, of which one is bad or none: 16 to 34 visits of a point in each half of a segment."""
    hits: dict[str, list[bool]] = {}
    better = reach(CYCLES)[0] - (4 * reach(CYCLES)[0] + reach(BAD)[0]) / 5
    for seed in range(400):
        rng = np.random.default_rng(10_000 + seed)
        for kind, matrix in (("bad", BAD), ("alike", CYCLES)):
            log = segmented(rng, 60, {"s0": matrix, **{f"s{i}": CYCLES for i in range(1, 5)}})
            table = log.compute(jl.Opportunities(by="platform", min_n=30)).table
            for row in table[(table["part"] == "stage") & table["gain_low"].notna()].to_dict("records"):
                if kind == "alike" or row["node"] == "cart":
                    truth = better if kind == "bad" else 0.0
                    hits.setdefault(f"{kind} {row['node']}", []).append(
                        row["gain_low"] <= truth <= row["gain_high"]
                    )
    shares = {name: float(np.mean(found)) for name, found in hits.items()}
    assert {name: share for name, share in shares.items() if not 0.92 <= share <= 0.98} == {}
    assert 0.93 <= np.mean(list(shares.values())) <= 0.97, shares


def test_few_groups_deviate_more_than_they_show_and_one_says_nothing() -> None:
    """One state with two ways on: four groups of the first half have three visits each, one group of the other five."""
    ways = np.array([[3, 0, 0, 0, 3, 0, 0, 0], [0, 4, 3, 0, 0, 0, 3, 0]], float)
    ways[0, 1] = 1
    by_half = np.stack((ways[:, ::2].sum(1), ways[:, 1::2].sum(1)))[None]
    moves = SegmentMoves(("few",), sparse.csr_array(ways), by_half)
    found, freedom = moves.deviation(0, 0, np.arange(2), np.array([0.5, 0.5]))
    assert freedom == pytest.approx(3)
    assert found[::2].sum(1) == pytest.approx([0, 0, 0, 0]) and not found[1::2].any()
    assert (found[:, 0] ** 2).sum() == pytest.approx(0.25 / 4 * 4 / 3)  # as of four independent trials
    alone, freedom = moves.deviation(0, 1, np.arange(2), np.array([0.2, 0.8]))
    assert np.isnan(alone).all() and freedom == 0


def test_where_segments_are_alike_nothing_is_promised() -> None:
    found = [
        segmented(np.random.default_rng(seed), 200, {f"s{i}": CYCLES for i in range(5)}).compute(
            jl.Opportunities(by="platform", min_n=30)
        )
        for seed in range(20)
    ]
    assert np.mean([len(one.supported) > 0 for one in found]) <= 0.15
    stages = np.concatenate([one.table.loc[one.table["part"] == "stage", "gain"] for one in found])
    naive = np.concatenate([one.table.loc[one.table["part"] == "stage", "gain_naive"] for one in found])
    assert naive.mean() > 0.01 and abs(stages.mean()) < 0.004
    bounds = np.concatenate([one.table[["gain_low", "gain_high"]].dropna().to_numpy() for one in found])
    assert np.mean((bounds[:, 0] <= 0) & (bounds[:, 1] >= 0)) >= 0.90


def test_two_halves_that_choose_among_equals_measure_together() -> None:
    """The correlation that the intervals allow for, by simulation."""
    rng = np.random.default_rng(0)
    for n in (2, 5, 12):
        a, b = rng.standard_normal((2, 200_000, n))
        rows = np.arange(200_000)
        one, other = a[rows, b.argmax(1)], b[rows, a.argmax(1)]
        assert np.mean(one * other) == pytest.approx(_together(n), abs=0.015)


def test_journeys_and_money_are_the_gain_times_all_journeys() -> None:
    log = segmented(np.random.default_rng(1), 500, {"bad": BAD, "good": CYCLES})
    log = replace(with_money(log, 1))
    table = log.compute(jl.Opportunities(by="platform", experiment=True)).table
    assert table["gain_journeys"].to_numpy() == pytest.approx(table["gain"].to_numpy() * 1000)
    row = table.iloc[0]
    assert row["gain_value"] == pytest.approx(row["gain_journeys"] * 24, rel=0.15)
    assert set(table["evidence"]) == {"experiment"}


def test_a_segment_with_few_visits_is_not_comparable() -> None:
    log = segmented(np.random.default_rng(1), 60, {"bad": BAD, "good": CYCLES})
    found = log.compute(jl.Opportunities(by="platform", min_n=10_000))
    assert found.table.empty and any("no point has two segments" in note for note in found.notes)


def test_what_cannot_be_asked_says_so() -> None:
    with pytest.raises(ConfigError, match="by='channel'"):
        jl.Opportunities()
    with pytest.raises(ConfigError, match="min_n=0"):
        jl.Opportunities(by="channel", min_n=0)
    with pytest.raises(MissingColumnError, match="chanel"):
        jl.datasets.tiny().compute(jl.Opportunities(by="chanel"))


def test_asked_by_another_attribute_each_answer_is_of_its_own_cases() -> None:
    log = segmented(np.random.default_rng(1), 200, {"bad": BAD, "good": CYCLES})
    chunk = log.chunk
    half = chunk.category("platform").take(slice(None))
    log = replace(log, source=Memory((chunk.with_columns(kind=half),)))
    groups = log.compute(jl.Opportunities(by="platform", min_n=5), by="kind")
    assert groups["good"].table.empty  # one segment only
    assert gather(log.chunk, [jl.Opportunities(by="platform")], log.window, "kind")
