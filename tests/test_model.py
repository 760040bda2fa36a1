"""The journey as a model: equal to the oracle and to the closed form, covered by its intervals, changed as told."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core import chain_sample
from journeylog.core.build import build_chunk
from journeylog.core.chain import Chain
from journeylog.core.chain_sample import Sample
from journeylog.core.chunk import Category, Chunk, Level, Number
from journeylog.core.deviations import enlarged, error_of, gap_interval, mean_interval, share_interval
from journeylog.core.engine import gather
from journeylog.core.log import EventLog
from journeylog.core.schema import DROPPED as DROPPED_CODE
from journeylog.core.schema import REACHED as REACHED_CODE
from journeylog.core.schema import UNDECLARED
from journeylog.core.source import Memory
from journeylog.datasets import Wait, simulate_chain
from journeylog.errors import ConfigError, MissingColumnError
from journeylog.stats.model import ModelResult
from tests.oracles import model as oracle
from tests.strategies import SECOND, Event, case_shapes, make_log, patience_of, plain_cases, rows, with_cases
from tests.test_truth import CYCLES, GOAL, NODES, SLOW, STRAIGHT, chain_log

cases = case_shapes(70 * 61 * SECOND)
DROPPED, REACHED, START = jl.Synthetic.DROPPED, jl.Synthetic.REACHED, jl.Synthetic.START


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=rows(),
    how=cases,
    node=st.sampled_from([("event", False), ("event", True), ("stage", True), ("channel", True)]),
    case=st.sampled_from(["actor", "journey"]),
)
def test_equals_the_oracle(events: list[Event], how: Any, node: tuple[str, bool], case: str) -> None:
    log = make_log(events)
    log = replace(log, source=Memory((with_cases(log.chunk, *how),)))
    found = log.compute(jl.Model(node=node[0], case=case, merge=node[1]))
    shares, times, followed = oracle.rates(
        plain_cases(log.chunk, case), node[0], node[1], patience_of(log.chunk, case), log.window.end
    )
    expected = oracle.unrolled(shares, times)
    seen = {(r["kind"], r["node"]): r for r in found.table.to_dict("records")}
    assert {key for key, row in seen.items() if row["n_followed"]} == set(followed)
    for key, row in seen.items():
        assert row["n_followed"] == followed.get(key, 0)
        if key not in expected:
            assert math.isnan(row["goal_rate"])
            continue
        for name, want in expected[key].items():
            assert row[name] == pytest.approx(want if want is not None else math.nan, nan_ok=True, abs=1e-9)
        low, high = row["goal_rate_low"], row["goal_rate_high"]
        assert 0 <= low <= row["goal_rate"] <= high <= 1
    moves = {
        ((r["from_kind"], r["from"]), (r["to_kind"], r["to"])): r["rate"]
        for r in found.tables["moves"].to_dict("records")
        if r["rate"] > 0
    }
    assert moves == pytest.approx({(s, t): p for s, ways in shares.items() for t, p in ways.items()})


def truth_of(matrix: Any, wait_s: float) -> dict[str, dict[str, float]]:
    """Closed form: by the fundamental matrix."""
    moves, reached = np.array(matrix, float), np.array(GOAL)
    visits = np.linalg.inv(np.eye(len(NODES)) - moves)
    reach = visits @ reached
    steps, time = visits @ reach / reach, visits @ ((moves * wait_s) @ reach) / reach
    rows = zip(NODES, reach, steps, time, visits[:, 3], strict=True)
    return {n: {"goal": r, "visits": s, "time": t, "pays": v} for n, r, s, t, v in rows}


def exact_log(matrix: Any, n: int) -> EventLog:
    """Actors whose moves have exactly the shares of the matrix, one pair of events or one end each."""
    events, ends, who = [], [], 0
    for i, row in enumerate(matrix):
        for j, p in enumerate([*row, GOAL[i], 1 - sum(row) - GOAL[i]]):
            for _ in range(round(p * n)):
                name = f"u{who:05d}"
                events.append(Event(name, NODES[i], 0, None, None))
                if j < len(NODES):
                    events.append(Event(name, NODES[j], 10 * SECOND, None, None))
                ends.append(2 if j < len(NODES) else 0 if j == len(NODES) else 1)
                who += 1
    log = make_log(events)
    return replace(log, source=Memory((with_cases(log.chunk, [], ends, UNDECLARED),)))


def test_the_closed_form_is_met_exactly() -> None:
    """Open last visits are not told, so every row of the matrix comes out as it was made."""
    found = exact_log(CYCLES, 100).compute(jl.Model(node="event", case="journey")).table.set_index("node")
    for name, want in truth_of(CYCLES, 10.0).items():
        assert found.loc[name, "goal_rate"] == pytest.approx(want["goal"], abs=1e-12)
        assert found.loc[name, "visits_mean"] == pytest.approx(want["visits"], rel=1e-12)
        assert found.loc[name, "time_mean_s"] == pytest.approx(want["time"], rel=1e-12)


def test_every_goal_reached_is_counted_once() -> None:
    """In a log of which all is known, the chance from the start is the share that reached."""
    simulation = simulate_chain(500, NODES, CYCLES, Wait(60.0, 0.5), reached=GOAL, seed=4)
    log = chain_log(simulation)
    log = replace(log, window=jl.Window(log.window.start, log.window.end + 40 * 86_400 * SECOND))
    log = log.then(jl.Journeys(goal="pay", patience="30d"))
    model, ends = log.compute(jl.Model(), jl.Outcomes())
    assert model.conversion.value == pytest.approx(ends.table["share"][0], abs=1e-12)


@functools.cache
def covered(repeats: int, first: int = 0) -> dict[str, float]:
    """How often intervals hold the truth: actors whose window is cut, and actors of habit with eight journeys."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for seed in range(first, first + repeats):
        cut = simulate_chain(400, NODES, CYCLES, SLOW, reached=GOAL, seed=seed, window_days=60)
        often = simulate_chain(
            80, NODES, STRAIGHT, Wait(600.0, 0.5), reached=GOAL, seed=seed, visits=8, heterogeneity=0.35
        )
        for kind, simulation, matrix, wait, step in (
            ("cut", cut, CYCLES, SLOW.mean_s, jl.Journeys(goal="pay", patience="20d")),
            ("often", often, STRAIGHT, 600.0, jl.Journeys(goal="pay", patience="12h", of="stretch")),
        ):
            log = with_money(chain_log(simulation), seed).then(step)
            model = log.compute(jl.Model(times=False))
            truth = truth_of(matrix, wait)
            for row in model.table.to_dict("records"):
                want = truth["home" if row["kind"] == "start" else row["node"]]
                note(hits, kind, row, want)
            better = np.array(matrix)
            better[2] *= (1 - 0.8) / (1 - better[2, 3])
            better[2, 3] = 0.8
            after = truth_of(better, wait)["home"]["goal"]
            changed = model.change(("cart", "pay"), rate=0.8)
            gain, whole = changed.gain, changed.conversion
            hits[f"{kind} gain"].append(gain.low <= after - truth["home"]["goal"] <= gain.high)
            hits[f"{kind} changed"].append(whole.low <= after <= whole.high)
    return {name: float(np.mean(values)) for name, values in hits.items()}


def note(hits: Any, kind: str, row: dict[Any, Any], want: dict[str, float]) -> None:
    bounds = {
        "goal": ("goal_rate_low", "goal_rate_high"),
        "visits": ("visits_mean_low", "visits_mean_high"),
        "time": ("time_mean_low_s", "time_mean_high_s"),
        "pays": ("value_mean_low", "value_mean_high"),
    }
    for name, (low, high) in bounds.items():
        truth = want[name] * (math.exp(3 + 0.18) if name == "pays" else 1)
        if np.isfinite(row[low]) and row[low] < row[high] and row["node"] != "pay":
            hits[f"{kind} {name}"].append(row[low] <= truth <= row[high])


def with_money(log: EventLog, seed: int) -> EventLog:
    """Each payment is worth exp(N(3, 0.6)) in the mean."""
    chunk = log.chunk
    paid = chunk.event.codes == chunk.event.names.index("pay")
    amounts = np.random.default_rng(seed).lognormal(3, 0.6, chunk.n_events) * 1e6
    money = Number(np.where(paid, amounts, 0).astype(np.int64), paid, "micros")
    return replace(log, source=Memory((chunk.with_columns(value=money),)))


def test_intervals_cover_the_truth() -> None:
    found = covered(60)
    assert len(found) == 12
    assert 0.935 <= np.mean(list(found.values())) <= 0.965
    assert min(found.values()) > 0.85, found


@pytest.mark.slow
def test_each_interval_covers_the_truth() -> None:
    found = covered(1000, 50_000)
    assert {n: s for n, s in found.items() if not 0.93 <= s <= 0.97} == {}


def test_an_interval_that_takes_moves_as_independent_fails_where_actors_have_habits() -> None:
    """The actors' groups see what the binomial formula of each row does not."""
    hits: dict[str, list[bool]] = defaultdict(list)
    truth = truth_of(STRAIGHT, 600.0)["home"]["goal"]
    for seed in range(40):
        simulation = simulate_chain(
            60, NODES, STRAIGHT, Wait(600.0, 0.5), reached=GOAL, seed=seed, visits=12, heterogeneity=0.7
        )
        log = chain_log(simulation).then(jl.Journeys(goal="pay", patience="12h", of="stretch"))
        ours = log.compute(jl.Model(times=False)).conversion
        scattered = scatter(log)
        naive = scattered.compute(jl.Model(times=False, case="actor")).conversion
        assert ours.value == pytest.approx(naive.value, abs=1e-12)
        hits["ours"].append(ours.low <= truth <= ours.high)
        hits["naive"].append(naive.low <= truth <= naive.high)
    assert 0.90 <= np.mean(hits["ours"]) <= 0.99
    assert np.mean(hits["naive"]) < 0.85


def scatter(log: EventLog) -> EventLog:
    """Return the log in which every journey is an actor of its own."""
    chunk, level = log.chunk, log.chunk.cases("journey")
    n = len(level)
    offsets = np.append(level.begin, level.end[-1])
    cut = Chunk(pa.array([f"j{i}" for i in range(n)]), offsets, chunk.time, {"event": chunk.event})
    own = Level(np.arange(n + 1), level.begin, level.end, level.outcome, None, level.patience)
    return EventLog.from_chunk(cut.with_level("actor", own), log.window)


def test_a_rate_that_is_set_moves_the_others_in_proportion() -> None:
    model = simulated()
    before, after = (rates_of(m) for m in (model, model.change(("cart", "pay"), rate=0.9)))
    left = 1 - before["cart", "pay"]
    assert after["cart", "pay"] == 0.9
    for edge, rate in before.items():
        if edge[0] == "cart" and edge[1] != "pay":
            assert after[edge] == pytest.approx(rate * 0.1 / left)
        elif edge[0] != "cart":
            assert after[edge] == rate


def test_a_rate_can_be_taken_from_one_way() -> None:
    model = simulated()
    before = rates_of(model)
    after = rates_of(model.change(("cart", "pay"), rate=before["cart", "pay"] + 0.1, taken_from=DROPPED))
    assert after["cart", "dropped"] == pytest.approx(before["cart", "dropped"] - 0.1)
    assert after["cart", "search"] == before["cart", "search"]


def test_changes_chain_and_equal_the_chain_made_by_hand() -> None:
    model = simulated()
    both = (
        model.change(("cart", "pay"), rate=0.8)
        .change("home", drop=0.1)
        .change(("search", "cart"), faster=0.5)
    )
    assert len(both.changes) == 3
    rates = rates_of(both)
    moves = np.array([[rates.get((a, b), 0.0) for b in NODES] for a in NODES])
    reach = np.linalg.solve(np.eye(4) - moves, GOAL)
    found = both.table.set_index("node")
    assert found.loc[NODES, "goal_rate"].to_numpy() == pytest.approx(reach, abs=1e-12)
    times = {
        (r["from"], r["to"]): r["time_mean_s"]
        for r in model.tables["moves"].to_dict("records")
        if r["rate"] > 0
    }
    times["search", "cart"] /= 2
    spent = np.array(
        [[moves[i, j] * times.get((a, b), 0.0) for j, b in enumerate(NODES)] for i, a in enumerate(NODES)]
    )
    time = np.linalg.solve(np.eye(4) - moves, spent @ reach) / reach
    assert found.loc[NODES, "time_mean_s"].to_numpy() == pytest.approx(time, rel=1e-9)
    gap = both.tables["difference"].set_index(["node", "measure"])["difference"]
    base = model.table.set_index("node")
    assert gap["start", "goal_rate"] == pytest.approx(
        found.loc["start", "goal_rate"] - base.loc["start", "goal_rate"]
    )
    assert both.gain.value == gap["start", "goal_rate"]


def test_deviations_after_changes_equal_those_of_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The delta method is a derivative: giving one group a little more weight moves the answer as it says."""
    monkeypatch.setattr(chain_sample, "enlarging", np.ones_like)
    log = chain_log(simulate_chain(300, NODES, CYCLES, SLOW, reached=GOAL, seed=3, window_days=60))
    question, step = jl.Model(), 1e-5
    counts = jl_counts(with_money(log, 3).then(jl.Journeys(goal="pay", patience="20d")), question)

    def changed(weighted: Any) -> ModelResult:
        found = question.result(counts, log.window)
        assert found.parts is not None
        sample = replace(found.parts.sample, **weighted(found.parts.sample))
        made = replace(found, parts=replace(found.parts, sample=sample), chain=type(found.chain).of(sample))  # type: ignore[union-attr]
        return (
            made.change(("cart", "pay"), rate=0.7)
            .change(("home", "search"), rate=0.5, taken_from=DROPPED)
            .change(("search", "cart"), faster=0.3)
        )

    for group in (0, 17, 63):

        def more(sample: Any, group: int = group) -> dict[str, Any]:
            factor = np.where(sample.group == group, 1 + step, 1.0)
            value = sample.value.copy()
            value[group] *= 1 + step
            return {"n": sample.n * factor, "seconds": sample.seconds * factor, "value": value}

        plain, moved = (changed(weigh).chain.solution for weigh in (lambda sample: {}, more))  # type: ignore[union-attr]
        for name in ("reach", "visits", "seconds", "value"):
            one, other = getattr(plain, name), getattr(moved, name)
            slope = (other.value - one.value) / step
            assert slope == pytest.approx(
                one.deviation[group], rel=2e-3, abs=1e-6 * np.abs(one.value).max()
            ), name


def jl_counts(log: EventLog, question: Any) -> Any:
    return gather(log.chunk, [question], log.window)[0].canonical()


def test_a_way_nobody_went_can_be_opened() -> None:
    model = simulated()
    opened = model.change(("home", "pay"), rate=0.2)
    assert opened.gain.value > 0.05 and opened.gain.low > 0
    row = opened.tables["moves"].query("`from` == 'home' and to == 'pay'").iloc[0]
    assert (row["n"], row["rate"]) == (0, 0.2)
    assert opened.within("3d")["goal_rate_within"].notna().all()


def test_no_change_leads_where_nobody_was_followed() -> None:
    """A page that is new on the last day: all who were seen there paid, and nobody knows yet what would become of more."""
    events = []
    for a in range(40):
        old = [("home", 0), *([("pay", 5)] if a % 3 else [])]
        for name, t in old if a < 30 else [("home", 90), ("express", 95), ("pay", 96)]:
            events.append(Event(f"u{a}", name, t * SECOND, None, None))
    log = make_log(events, jl.Window(0, 100 * SECOND)).then(jl.Journeys(goal="pay", patience="8s"))
    model = log.compute(jl.Model(node="event"))
    row = model.table.set_index("node").loc["express"]
    assert (row["n"], row["n_followed"]) == (10, 0)
    for point, how, where in (
        (("home", "express"), {"rate": 0.5}, "where it ends"),
        (("home", "pay"), {"rate": 0.5, "taken_from": "express"}, "at taken_from"),
        (("express", "pay"), {"rate": 0.5}, "where it begins"),
        ("express", {"drop": 0.5}, "where it begins"),
    ):
        with pytest.raises(ConfigError, match=f"nobody was followed {where}, so nothing is known of it"):
            model.change(point, **how)  # type: ignore[arg-type]
    assert model.change(("home", "pay"), rate=0.9).gain.value > 0


@pytest.mark.parametrize(
    ("point", "how", "said"),
    [
        (("cart", "pai"), {"rate": 0.5}, "did you mean 'pay'"),
        (("cart", "pay"), {"rate": 1.5}, "no share"),
        (("cart", "pay"), {"rate": 0.99, "taken_from": "search"}, "only"),
        (("cart", "pay"), {"rate": 0.9, "taken_from": "pay"}, "itself"),
        (("cart", "pay"), {}, "one of rate="),
        (("cart", "pay"), {"rate": 0.5, "faster": 0.5}, "one of rate="),
        ("cart", {"rate": 0.5}, "no point"),
        (("cart", "pay"), {"drop": 0.5}, "no point"),
        ((DROPPED, "pay"), {"rate": 0.5}, "not where a move begins"),
        (("cart", START), {"rate": 0.5}, "not where a move ends"),
        (("home", "pay"), {"faster": 0.5}, "nobody went"),
        (("cart", "pay"), {"faster": 1.0}, "half the time"),
        (("pay", REACHED), {"rate": 0.5}, "nobody went another way"),
    ],
)
def test_what_cannot_be_changed_says_so(point: Any, how: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        simulated().change(point, **how)


def test_the_distribution_of_the_time_equals_a_long_simulation() -> None:
    wait = Wait(3600.0, 0.8)
    log = chain_log(simulate_chain(30_000, NODES, CYCLES, wait, reached=GOAL, seed=8))
    log = replace(log, window=jl.Window(log.window.start, log.window.end + 10**14))
    log = log.then(jl.Journeys(goal="pay", patience="60d"))
    model = log.compute(jl.Model())
    level, chunk = log.chunk.cases("journey"), log.chunk
    took = (chunk.time[level.end - 1] - chunk.time[level.begin]) / SECOND
    reached = chunk.event.codes[level.end - 1] == chunk.event.names.index("pay")
    for limit, text in ((3600, "1h"), (4 * 3600, "4h"), (24 * 3600, "1d")):
        share = ((took <= limit) & reached).mean()
        assert model.within(text).loc[0, "goal_rate_within"] == pytest.approx(share, abs=0.012)
    for q in (0.25, 0.5, 0.9):
        found = model.time_quantile(q).loc[0, "time_s"]
        assert found == pytest.approx(np.quantile(took[reached], q), rel=0.05)
    curve = model.arrivals("home", "10d")
    assert curve["goal_rate"].is_monotonic_increasing
    assert curve["goal_rate"].iloc[-1] == pytest.approx(model.table["goal_rate"][1], abs=1e-3)
    mean = np.sum(1 - curve["goal_rate"] / curve["goal_rate"].iloc[-1]) * curve["time_s"][1]
    assert mean == pytest.approx(model.table["time_mean_s"][1], rel=0.02)


def test_times_on_the_lattice_are_exact() -> None:
    """Home to pay takes 64 or 192 ms, half each; a quarter drops first: 3/8 and 3/4 have arrived."""
    events, ends = [], []
    for i in range(8):
        name = f"u{i}"
        events.append(Event(name, "home", 0, None, None))
        if i < 6:
            events.append(Event(name, "pay", (1 if i < 3 else 3) * 64 * SECOND // 1000, None, None))
        ends.append(0 if i < 6 else 1)
    log = make_log(events)
    log = replace(log, source=Memory((with_cases(log.chunk, [], ends, UNDECLARED),)))
    curve = (
        log.compute(jl.Model(node="event", case="journey")).arrivals("home", "1023ms")["goal_rate"].to_numpy()
    )
    steps = np.arange(1024)
    assert curve == pytest.approx(np.where(steps < 64, 0, np.where(steps < 192, 3 / 8, 3 / 4)), abs=1e-7)


def test_without_an_end_nothing_is_promised() -> None:
    events = [Event("a", n, i * SECOND, None, None) for i, n in enumerate("xyxyx")]
    table = make_log(events).compute(jl.Model(node="event")).table
    assert table["goal_rate"].tolist() == [0.0] * 3
    assert table["value_mean"].isna().all() and table["time_mean_s"].isna().all()


def test_values_are_summed_over_the_events_of_a_visit() -> None:
    stages = ["see", "see", None, "do"]
    events = [Event("a", "x", i * SECOND, stage, None, value=i) for i, stage in enumerate(stages)]
    log = make_log(events)  # the n-th event is worth n
    log = replace(log, source=Memory((with_cases(log.chunk, [], [0], UNDECLARED),)))
    table = log.compute(jl.Model(node="stage", case="journey")).table.set_index("node")
    assert table.loc[["start", "see", "do"], "value_mean"].tolist() == [4.0, 4.0, 3.0]
    with pytest.raises(MissingColumnError, match="holds no money"):
        log.compute(jl.Model(value="channel"))


def test_a_giant_leaves_wide_bounds_but_none_that_cannot_be() -> None:
    """One actor goes round a thousand times, a dozen come and reach the goal or leave."""
    giant = [Event("giant", "xyz"[i % 3], i * SECOND, None, None) for i in range(3000)]
    others = [
        Event(f"u{i}", name, i * SECOND + at, None, None) for i in range(12) for at, name in enumerate("xyz")
    ]
    log = make_log([*giant, *others])
    ends = np.where(np.arange(13) == 0, DROPPED_CODE, np.where(np.arange(13) % 2, REACHED_CODE, DROPPED_CODE))
    level = log.chunk.cases("actor")
    log = EventLog.from_chunk(log.chunk.with_level("journey", replace(level, outcome=ends.astype(np.int32))))
    table = log.compute(jl.Model(node="event", case="journey")).table
    assert (table["visits_mean_high"] > 10 * table["visits_mean"]).any()
    for name, least, most in (("goal_rate", 0, 1), ("visits_mean", 1, np.inf), ("time_mean_s", 0, np.inf)):
        head, unit = (name[:-2], "_s") if name.endswith("_s") else (name, "")
        low, value, high = (table[f"{head}{bound}{unit}"].dropna() for bound in ("_low", "", "_high"))
        assert (low >= least).all() and (high <= most).all() and np.isfinite(high).all()
        assert (low <= value[low.index]).all() and (value[high.index] <= high).all()


def test_amounts_of_several_currencies_are_never_added() -> None:
    events = [
        Event(f"a{i}", name, i * SECOND + at, None, None) for i in range(8) for at, name in enumerate("xy")
    ]
    chunk = make_log(events).chunk
    euro = (chunk.actor_of_event() % 2 == 1).astype(np.int32)
    chunk = chunk.with_columns(
        value=Number(np.where(euro, 1000, 10) * SECOND, None, "micros"),
        currency=Category(euro, pa.array(["RUB", "EUR"])),
    )
    log = EventLog.from_chunk(with_cases(chunk, [], [0], UNDECLARED))
    said = "amounts are in several currencies"
    for question in (jl.Model(node="event"), jl.Opportunities(node="event", by="event", min_n=1)):
        mixed = log.compute(question)
        assert any(note.startswith(said) and "currency=" in note for note in mixed.notes)
        name = "value_mean" if "value_mean" in mixed.table else "gain_value"
        assert mixed.table[name].isna().all()
        with pytest.raises(ConfigError, match=r"2 currencies.*currency="):
            log.compute(replace(question, value="value"))
    for currency, each in (("RUB", 10.0), ("EUR", 1000.0)):
        found = log.compute(jl.Model(node="event", value="value", currency=currency))
        assert (
            found.table.set_index("node").loc["start", "value_mean"] == 2 * each / 2
        )  # half of the actors pay in it
        assert not any(said in note for note in found.notes)
    none = log.compute(jl.Model(node="event", currency="USD"))
    assert none.table["value_mean"].isna().all() and "no amount is in USD" in none.notes


def test_thousands_of_nodes_are_solved_sparsely_and_right() -> None:
    """A line of 3,000 nodes: from each the next with 0.999, so the goal is reached with 0.999 to the power of the rest."""
    n = 3000
    source = np.concatenate((np.arange(n), np.arange(n), [n]))
    target = np.concatenate((np.arange(1, n), [-3], np.full(n, -4), [0]))
    edges = np.arange(len(source))
    counts = np.concatenate((np.full(n, 999.0), np.full(n, 1.0), [1000.0]))
    sample = Sample(
        n + 1, 2, source, target, np.tile([0], len(edges)), edges, counts, counts, np.zeros((2, n + 1))
    )
    solution = Chain.of(sample).solution
    assert solution.reach.value[-1] == pytest.approx(0.999**n, rel=1e-9)
    assert solution.visits.value[0] == pytest.approx(n, rel=1e-9)
    assert solution.seconds.value[0] == pytest.approx(n, rel=1e-9)


def test_intervals_of_deviations() -> None:
    deviation = np.zeros((64, 3))
    deviation[:2, 0] = 0.1, -0.1
    deviation[:, 1] = np.where(np.arange(64) % 2, 0.01, -0.01)
    freedom = np.array([63.0, 63.0, 0.0])
    error, t = error_of(deviation, freedom)
    assert error[:2] == pytest.approx([0.1 * 2**0.5, 0.08]) and np.isnan(error[2])
    assert t[0] > 2.7 and 1.99 < t[1] < 2.01
    share = share_interval(np.array([0.5, 0.5, 1.0]), deviation, freedom, np.array([9.0, 9.0, 10.0]))
    assert share.low[2] == pytest.approx(0.7224672) and share.high[2] == 1
    assert (share.low[:2] > 0).all() and share.low[0] < share.low[1]
    assert np.isnan(mean_interval(np.array([1.0, 1.0, 1.0]), deviation, freedom).low[2])
    assert np.isnan(gap_interval(np.array([0.0, 0.0, 0.0]), deviation, freedom).low[2])


@pytest.mark.parametrize("n_groups", [2, 3, 5, 20])
def test_the_mean_of_few_groups_is_covered(n_groups: int) -> None:
    x = np.exp(np.random.default_rng(n_groups).normal(0, 0.5, (n_groups, 2000)))
    deviation, met = np.zeros((64, 2000)), np.zeros((64, 2000))
    deviation[:n_groups], met[:n_groups] = (x - x.mean(0)) / n_groups, 1
    found = mean_interval(x.mean(0), *enlarged(deviation, met))
    held = (found.low <= np.exp(0.125)) & (np.exp(0.125) <= found.high)
    assert 0.935 <= held.mean() <= 0.97


def few_log(rng: np.random.Generator, n: int, visits: int) -> EventLog:
    """300 customers go home and pay or not; ten rare pages are met by `n` others each, who come back with their habits."""
    day, names = 86_400 * SECOND, ["home", "pay", *(f"r{i}" for i in range(10))]
    few = 10 * n
    chance = rng.beta(1, 1, 300 + few)
    who = np.concatenate((np.repeat(np.arange(300), 2), np.repeat(np.arange(300, 300 + few), visits)))
    at = (
        np.arange(len(who)) * 60 * SECOND
        + np.concatenate((np.tile(np.arange(2), 300), np.tile(np.arange(visits), few))) * 2 * day
    )
    page = np.where(who < 300, 0, 2 + (who - 300) // n)
    took = (np.exp(rng.normal(5, 0.5, len(who))) * SECOND).astype(np.int64)
    won = rng.random(len(who)) < chance[who]
    rows_ = np.concatenate((np.arange(len(who)), np.flatnonzero(won)))
    when = np.concatenate((at, (at + took)[won]))
    code = np.concatenate((page, np.ones(won.sum(), np.int64)))
    order = np.lexsort((when, who[rows_]))
    actors = pa.array([f"u{i}" for i in who[rows_][order]])
    event = {"event": Category(code[order].astype(np.int32), pa.array(names))}
    chunk, _ = build_chunk(actors, when[order].astype(np.int64), event)
    log = EventLog.from_chunk(chunk, jl.Window(0, 200 * day))
    return log.then(jl.Journeys(goal="pay", patience="12h", of="stretch"))


def rare_pages(n: int, visits: int, n_logs: int) -> pd.DataFrame:
    tables = [
        few_log(np.random.default_rng(seed), n, visits).compute(jl.Model()).table for seed in range(n_logs)
    ]
    table = pd.concat(tables)
    return table[table["node"].str.startswith("r").fillna(False).astype(bool)]


@pytest.mark.parametrize("n", [2, 3, 5])
def test_stages_of_few_customers_have_wide_intervals(n: int) -> None:
    table, truth = rare_pages(n, 8, 25), np.exp(5.125)
    held = (table["goal_rate_low"] <= 0.5) & (table["goal_rate_high"] >= 0.5)
    assert held.mean() >= 0.925
    timed = table[table["time_mean_low_s"].notna()]
    held = (timed["time_mean_low_s"] <= truth) & (truth <= timed["time_mean_high_s"])
    assert len(timed) > 100 and held.mean() >= 0.925


def test_one_customer_says_nothing_of_others() -> None:
    table = rare_pages(1, 4, 2)
    assert table["time_mean_low_s"].isna().all() and table["visits_mean_low"].isna().all()
    wide = table["goal_rate_high"] - table["goal_rate_low"]
    assert (wide > 0.7).all()


def test_rare_pages_leave_the_intervals_of_common_stages_as_they_are() -> None:
    """The error of the mean time from home on is that of the mean over customers, whatever ten pages of two others do."""
    for seed in range(3):
        log = few_log(np.random.default_rng(seed), 2, 8)
        row = log.compute(jl.Model()).table.set_index("node").loc["home"]
        wait = log.compute(jl.Ledger()).table
        wait = wait[(wait["kind"] == "wait") & (wait["node"] == "home")].iloc[0]
        width = np.log(row["time_mean_high_s"] / row["time_mean_low_s"])
        assert width == pytest.approx(np.log(wait["rate_high"] / wait["rate_low"]), rel=0.25)


@functools.cache
def simulated() -> ModelResult:
    log = chain_log(simulate_chain(400, NODES, CYCLES, SLOW, reached=GOAL, seed=1, window_days=60))
    found: ModelResult = log.then(jl.Journeys(goal="pay", patience="20d")).compute(jl.Model())
    return found


def rates_of(model: ModelResult) -> dict[tuple[str, str], float]:
    return {(r["from"], r["to"]): r["rate"] for r in model.tables["moves"].to_dict("records")}
