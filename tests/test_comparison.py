from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.differences import Estimates, benjamini_hochberg, difference, p_value, ratio_of
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.schema import SECOND
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from tests.test_follow_up import paying_log

#: Newcombe (1998), table II, method 10: successes and trials of both, and the interval of the difference.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


def share(k: Any, n: Any) -> Estimates:
    return Estimates(np.asarray(k) / np.asarray(n), *wilson(k, n))


@pytest.mark.parametrize("row", NEWCOMBE)
def test_the_examples_of_newcombe(row: tuple[int, int, int, int, float, float]) -> None:
    k1, n1, k2, n2, low, high = row
    gap = difference(share(k2, n2), share(k1, n1))
    assert (float(gap.low), float(gap.high)) == pytest.approx((low, high), abs=5e-5)


def test_q_values_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(40) ** 2
    p[5] = np.nan
    known = sorted(v for v in p if v == v)
    expected = [
        math.nan if v != v else min(1.0, min(w * len(known) / (known.index(w) + 1) for w in known if w >= v))
        for v in p
    ]
    assert np.allclose(benjamini_hochberg(p), expected, equal_nan=True)
    told = np.isfinite(p)
    assert np.allclose(benjamini_hochberg(p)[told], multipletests(p[told], method="fdr_bh")[1], atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[st.integers(1, 300)] * 2), st.tuples(*[st.floats(0, 1)] * 2))
def test_p_is_small_exactly_where_the_interval_leaves_out_zero(
    n: tuple[int, int], parts: tuple[float, float]
) -> None:
    a, b = (share(round(part * size), size) for part, size in zip(parts, n, strict=True))
    gap, ratio = difference(a, b), ratio_of(a, b)
    p = float(p_value(gap))
    assert (p < 0.05) == (gap.low > 0 or gap.high < 0) or abs(min(abs(gap.low), abs(gap.high))) < 1e-12
    assert gap.low <= gap.value <= gap.high and gap.low >= -1 and gap.high <= 1
    assert float(difference(b, a).value) == -float(gap.value)
    if a.value > 0:
        assert ratio.low <= ratio.value * (1 + 1e-12) and ratio.value <= ratio.high * (1 + 1e-12)
        assert (ratio.low > 1) <= (gap.value > 0) and (ratio.high < 1) <= (gap.value < 0)
    else:
        assert math.isnan(ratio.value)


def clustered(rng: np.random.Generator, actors: int, mean: float, spread: float) -> Estimates:
    """A share of several trials an actor, whose own chances differ."""
    n = 1 + rng.poisson(3, actors)
    k = rng.binomial(n, rng.beta(mean * spread, (1 - mean) * spread, actors))
    sums = (k.sum(), n.sum(), (k * k).sum(), (k * n).sum(), (n * n).sum())
    return Estimates(np.asarray(sums[0] / sums[1]), *cluster_share(*sums))


def test_intervals_of_differences_cover_the_truth_with_actors_who_count_often() -> None:
    rng = np.random.default_rng(8)
    inside, ratios = 0, 0
    for _ in range(600):
        a, b = clustered(rng, 120, 0.3, 2.0), clustered(rng, 90, 0.42, 2.0)
        gap, ratio = difference(a, b), ratio_of(a, b)
        inside += gap.low <= 0.12 <= gap.high
        ratios += ratio.low <= 1.4 <= ratio.high
    assert 0.93 <= inside / 600 <= 0.97
    assert 0.93 <= ratios / 600 <= 0.97


def walk_log(rng: np.random.Generator, n: int, on: dict[str, float]) -> jl.EventLog:
    """Actors of two kinds who go home -> search -> cart -> pay, each with a chance to go on."""
    kinds, names = ["old", "new"], ["home", "search", "cart", "pay"]
    who, what, when, kind = [], [], [], []
    for i in range(n):
        mine = kinds[i % 2]
        for step, name in enumerate(names):
            who.append(f"u{i}")
            what.append(names.index(name))
            when.append((i * 1000 + step) * SECOND)
            kind.append(i % 2)
            if rng.random() > on[mine]:
                break
    chunk, _ = build_chunk(
        pa.array(who),
        np.array(when),
        {
            "event": Category(np.array(what, np.int32), pa.array(names)),
            "kind": Category(np.array(kind, np.int32), pa.array(kinds)),
        },
    )
    log = jl.EventLog.from_chunk(chunk, Window(0, (n + 10) * 1000 * SECOND))
    return log.then(jl.Journeys(goal="pay", patience="100s"))


def test_without_a_difference_few_are_called_supported() -> None:
    rng = np.random.default_rng(12)
    wrong = 0
    for _ in range(100):
        found = jl.compare(walk_log(rng, 300, {"old": 0.7, "new": 0.7}), jl.Transitions(), by="kind")
        assert found.table["p"].notna().sum() >= 6
        wrong += len(found.supported) > 0
    assert wrong <= 10  # 5 in 100 are expected at most: the family is the table


@pytest.mark.parametrize(
    "question", [jl.Transitions(), jl.DropOff(), jl.Funnel(["home", "cart", "pay"], "90s"), jl.Outcomes()]
)
def test_a_planted_difference_is_found_with_its_sign(question: Any) -> None:
    log = walk_log(np.random.default_rng(2), 1200, {"old": 0.85, "new": 0.6})
    found = jl.compare(log, question, by="kind", a="old", b="new")
    better = {"continue", "reached"}
    table = found.table
    assert len(found.supported) >= 2
    for row in table[table["supported"]].to_dict("records"):
        lost = (
            row.get("to_kind") == "dropped"
            or row["measure"] == "drop_rate"
            or row.get("outcome") == "dropped"
        )
        assert (row["difference"] > 0) == bool(lost), (row, better)
        assert row["difference_low"] <= row["value_b"] - row["value_a"] <= row["difference_high"]
    turned = jl.compare(log, question, by="kind", a="new", b="old").table
    keys = [c for c in table.columns if c in ("from", "to", "node", "name", "outcome", "measure")]
    both = table.merge(turned, on=keys)
    assert np.allclose(both["difference_x"], -both["difference_y"], equal_nan=True)
    assert np.allclose(both["q_x"], both["q_y"], equal_nan=True)


def test_times_are_compared_by_their_medians() -> None:
    log = walk_log(np.random.default_rng(2), 400, {"old": 0.85, "new": 0.6})
    table = jl.compare(log, jl.Bottlenecks(), by="kind", a="old", b="new").table
    assert set(table["unit"]) == {"s"}
    assert (table["value_a"] == table["value_b"]).all() and not table[
        "supported"
    ].any()  # all waits are one second


def test_what_one_group_never_does_is_a_share_of_zero_there() -> None:
    log = walk_log(np.random.default_rng(3), 400, {"old": 1.0, "new": 0.5})
    table = jl.compare(log, jl.Transitions(), by="kind", a="old", b="new").table
    row = table[(table["from"] == "home") & (table["to_kind"] == "dropped")].iloc[0]
    assert (row["value_a"], row["n_a"]) == (0.0, 200) and row["supported"]
    assert row["difference_low"] > 0.3 and math.isnan(row["ratio"])
    low, high = wilson(0, 200)
    b = Estimates(*(np.asarray(row[name]) for name in ("value_b",) * 3))
    assert difference(Estimates(np.zeros(()), low, high), b).low > row["difference_low"]


@pytest.mark.parametrize("periods", [False, True])
@pytest.mark.parametrize("young", [0, 300])
def test_a_share_of_zero_is_as_sure_as_its_own_followed_actors(young: int, periods: bool) -> None:
    """All sixty visits of one side are one actor's; visits that are too young for any rate add nothing."""
    back = 60 if periods else 0
    rows: list[tuple[str, str, str, float]] = []
    for j in range(60):
        rows += [("giant", "home", "a", j - back), ("giant", "pay", "a", j - back + 0.01)]
        end = "help" if j % 6 == 0 else "pay"
        rows += [(f"b{j}", "home", "b", j % 50 + 0.2), (f"b{j}", end, "b", j % 50 + 0.21)]
    for i in range(young):
        rows += [(f"y{i}", "home", "a", 99.8), (f"y{i}", "pay", "a", 99.9)]
    frame = pd.DataFrame(rows, columns=["who", "what", "kind", "day"])
    frame["when"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    log = jl.read(
        frame, actor="who", event="what", time="when", tz="UTC", window=("2024-11-01", "2025-04-11 00:00:00")
    ).then(jl.Journeys(patience="12h", of="stretch"))
    how: dict[str, Any] = {"by": "kind"}
    if periods:
        how = {"a": ("2024-11-01", "2025-01-01"), "b": ("2025-01-01", "2025-04-11")}
    table = jl.compare(log, jl.Transitions(), **how).table
    row = table[(table["from"] == "home") & (table["to"] == "help")].iloc[0]
    assert (row["n_a"], row["n_b"], row["value_a"]) == (60, 60, 0.0) and row["p"] > 0.5
    zero = Estimates(np.zeros(()), *cluster_share(0, 60, 0, 0, 3600))
    assert row["difference_low"] == pytest.approx(float(difference(zero, share(10, 60)).low))


def test_what_one_group_never_waits_for_is_a_share_of_zero_there() -> None:
    rows = []
    for i in range(400):
        kind = "ab"[i % 2]
        rows += [
            (f"u{i}", "home", kind, i % 20),
            (f"u{i}", "help" if kind == "b" and i % 3 == 0 else "pay", kind, i % 20 + 0.5),
        ]
    frame = pd.DataFrame(rows, columns=["who", "what", "kind", "day"])
    frame["when"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    log = jl.read(
        frame, actor="who", event="what", time="when", tz="UTC", window=("2025-01-01", "2025-04-11")
    )
    for table in (
        jl.compare(log, jl.TimeTo(start="home"), by="kind").table,
        jl.compare(*log.compute(jl.TimeTo(start="home"), by="kind").values()).table,
    ):
        row = table[(table["to"] == "help") & (table["measure"] == "share")].iloc[0]
        assert (row["n_a"], row["value_a"], row["n_b"], row["value_b"]) == (200, 0.0, 200, 67 / 200)
        assert row["supported"] and row["difference_low"] == pytest.approx(
            67 / 200 - math.hypot(67 / 200 - wilson(67, 200)[0], float(wilson(0, 200)[1])), abs=0.03
        )


def test_small_groups_are_shown_and_not_tested() -> None:
    log = walk_log(np.random.default_rng(3), 30, {"old": 1.0, "new": 0.2})
    found = jl.compare(log, jl.Outcomes(), by="kind", a="old", b="new")
    assert found.table["p"].isna().all() and "not tested" in found.notes[-1]
    assert jl.compare(log, jl.Outcomes(), by="kind", a="old", b="new", min_n=1).table["p"].notna().all()


def test_results_of_two_logs_are_compared_and_named() -> None:
    one = walk_log(np.random.default_rng(3), 200, {"old": 0.9, "new": 0.9}).compute(jl.DropOff())
    two = walk_log(np.random.default_rng(4), 200, {"old": 0.4, "new": 0.4}).compute(jl.DropOff())
    found = jl.compare(one, two, a="spring", b="autumn")
    assert repr(found).startswith("autumn against spring: ") and len(found.supported) > 0
    assert found.to_dict()["table"][0]["measure"] == "drop_rate"
    assert "<table" in found._repr_html_()


def test_what_cannot_be_compared_is_refused() -> None:
    log = walk_log(np.random.default_rng(3), 40, {"old": 0.9, "new": 0.9})
    a, b = log.compute(jl.DropOff()), log.compute(jl.Outcomes())
    for call, words in (
        (lambda: jl.compare(a, b), "cannot be compared"),
        (lambda: jl.compare(a, log.compute(jl.DropOff(node="kind"))), "two questions"),
        (lambda: jl.compare(log, jl.DropOff()), "two groups"),
        (lambda: jl.compare(log, jl.DropOff(), by="kind", a="old", b="nev"), "did you mean 'new'"),
        (lambda: jl.compare(log, jl.DropOff(), by="event"), "name the two"),
        (lambda: jl.compare(a, a, by="kind"), "splits a log"),
        (lambda: jl.compare(log.compute(jl.Describe()), log.compute(jl.Describe())), "cannot be compared"),
        (lambda: jl.compare(3, log), "cannot be compared"),  # type: ignore[call-overload,arg-type]
    ):
        with pytest.raises(ConfigError, match=words):
            call()


def test_empty_groups_give_an_empty_table_with_its_columns() -> None:
    log = walk_log(np.random.default_rng(3), 40, {"old": 0.9, "new": 0.9})
    full = jl.compare(log.compute(jl.Transitions()), log.compute(jl.Transitions())).table
    bare_log = log.where({"kind": "none of them"})
    bare = jl.compare(bare_log.compute(jl.Transitions()), bare_log.compute(jl.Transitions())).table
    assert len(bare) == 0 and list(bare.columns) == list(full.columns)


def test_actors_with_cases_in_both_groups_are_told() -> None:
    log = walk_log(np.random.default_rng(3), 90, {"old": 0.9, "new": 0.9})
    mine = {"a": "old", "b": "new"}
    assert not any("both groups" in note for note in jl.compare(log, jl.Outcomes(), by="kind", **mine).notes)
    chunk = log.chunk
    turns = np.arange(chunk.n_events) - chunk.offsets[chunk.actor_of_event()]
    kind = Category((turns % 2).astype(np.int32), pa.array(["old", "new"]))
    mixed = jl.EventLog.from_chunk(chunk.with_columns(kind=kind), log.window).then(
        jl.Journeys(patience="100s", of="event")
    )
    several = int((np.diff(chunk.offsets) > 1).sum())
    for question in (jl.Outcomes(), jl.DropOff()):
        notes = jl.compare(mixed, question, by="kind", **mine).notes
        assert any(note.startswith(f"{several} actors have cases in both groups") for note in notes)


def test_many_moves_of_one_group_only_are_compared_in_one_go() -> None:
    """Thousands of names, most moves in one group only: a fraction of a second, and the same as one by one."""
    rng = np.random.default_rng(6)
    names, n = [f"n{i}" for i in range(800)], 40_000
    chunk, _ = build_chunk(
        pa.array([f"u{i // 10}" for i in range(n)]),
        np.arange(n) * SECOND,
        {
            "event": Category((rng.zipf(1.3, n) % 800).astype(np.int32), pa.array(names)),
            "kind": Category((np.arange(n) // 10 % 2).astype(np.int32), pa.array(["a", "b"])),
        },
    )
    log = jl.EventLog.from_chunk(chunk, Window(0, 2 * n * SECOND)).then(jl.Journeys(patience="100s"))
    groups = log.compute(jl.Transitions(quantiles=False), by="kind")
    before = time.process_time()
    table = jl.compare(groups["a"], groups["b"]).table
    assert time.process_time() - before < 2
    assert (table["value_a"] == 0).sum() > 3000
    row = table[(table["value_a"] == 0) & (table["value_b"] > 0) & (table["n_a"] > 50)].iloc[0]
    b = groups["b"].table.set_index(["from", "to"]).loc[[(row["from"], row["to"])]].iloc[0]
    codes, actor = chunk.event.codes, chunk.actor_of_event()
    new = np.append(True, (codes[1:] != codes[:-1]) | (actor[1:] != actor[:-1]))  # neighbours are one visit
    there = (chunk.category("kind").codes == 0) & new & (codes == chunk.event.names.index(row["from"]))
    by_actor = np.bincount(actor[there])
    high = float(cluster_share(0, by_actor.sum(), 0, 0, (by_actor**2).sum())[1])
    assert row["n_a"] == by_actor.sum() and by_actor.max() > 1
    assert row["difference_low"] == pytest.approx(b["rate"] - math.hypot(b["rate"] - b["rate_low"], high))


def test_a_group_that_was_watched_less_is_told() -> None:
    """Two groups go alike, but one began ten days before the window's end."""
    rng = np.random.default_rng(2)
    n = 400
    late = np.arange(n) % 2
    begin = np.where(late == 1, 20 + 10 * rng.random(n), 20 * rng.random(n))
    paid = begin + rng.exponential(6, n)
    paid = np.where((rng.random(n) < 0.7) & (paid <= 30), paid, np.inf)
    log = paying_log(begin, paid, late, 30).then(jl.Journeys("pay", "14d"))
    found = jl.compare(log, jl.Outcomes(), by="kind")
    assert any("still open" in note and "differ for that alone" in note for note in found.notes)
    fair = jl.compare(log, jl.Funnel(["in", "pay"], within="5d"), by="kind")
    assert len(fair.supported) == 0 and fair.table["p"].notna().all()
    assert any(note.startswith("late: rates and times are of the ") for note in fair.notes)
    assert jl.logrank(log.compute(jl.TimeTo("pay", case="actor"), by="kind")).p_value > 0.05
    even = jl.compare(
        walk_log(rng, 200, {"old": 0.9, "new": 0.9}), jl.Outcomes(), by="kind", a="old", b="new"
    )
    assert not any("still open" in note for note in even.notes)


def test_where_nothing_is_supported_the_nearest_are_shown() -> None:
    names = ["home", "cart"]
    frame = pd.DataFrame({"actor": np.repeat(np.arange(100, 180), 2).astype(str), "event": names * 80})
    frame["time"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.arange(160), unit="min")
    log = jl.read(frame, actor="actor", event="event", time="time").compute(jl.Funnel(names))
    told = repr(jl.compare(log, log))
    assert (
        "0 of 2 differences" in told
        and "the nearest, each of which may be chance:" in told
        and "Empty" not in told
    )
    few = repr(jl.compare(jl.datasets.tiny().compute(jl.DropOff()), jl.datasets.tiny().compute(jl.DropOff())))
    assert "0 of 0 differences" in few and "Empty" not in few and "nearest" not in few
