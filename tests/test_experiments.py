"""Experiments: who was assigned counts, from the assignment on, and for as long as all were watched."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import integrate, stats

import journeylog as jl
from journeylog.comparison.assignment import mismatch
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Number
from journeylog.core.differences import chance_greater
from journeylog.core.schema import DAY
from journeylog.core.select import keep_events
from journeylog.core.source import Memory
from journeylog.core.window import Window
from journeylog.errors import ConfigError, ValueOverflowError

NAMES = ["visit", "assign", "pay", "quit"]


def log_of(rows: list[tuple[str, str, float, str | None, int]], days: float = 60) -> jl.EventLog:
    """Rows of actor, event, day, variant and amount."""
    variants = sorted({row[3] for row in rows if row[3] is not None})
    codes = [variants.index(row[3]) if row[3] is not None else -1 for row in rows]
    columns = {
        "event": Category(np.array([NAMES.index(row[1]) for row in rows], np.int32), pa.array(NAMES)),
        "variant": Category(np.array(codes, np.int32), pa.array(variants, pa.string())),
        "value": Number(np.array([row[4] * 1_000_000 for row in rows], np.int64), None, "micros"),
    }
    time = np.array([round(row[2] * DAY) for row in rows], np.int64)
    chunk, _ = build_chunk(pa.array([row[0] for row in rows]), time, columns)
    return jl.EventLog.from_chunk(chunk, Window(0, round(days * DAY)))


def trial(
    seed: int, n: int = 400, lift: float = 0.0, shares: tuple[float, ...] = (0.5, 0.5), days: float = 60
) -> jl.EventLog:
    """Actors assigned through the window; each visits before, and may pay after a while, then pay again."""
    rng = np.random.default_rng(seed)
    names = ["a", "b", "c"][: len(shares)]
    rows: list[tuple[str, str, float, str | None, int]] = []
    for i in range(n):
        mine = str(rng.choice(names, p=shares))
        day = rng.uniform(0, days)
        rows.append(
            (f"u{i}", "pay" if rng.random() < 0.3 else "visit", day - min(day, rng.uniform(0, 5)), None, 5)
        )
        rows.append((f"u{i}", "assign", day, mine, 0))
        if rng.random() < 0.3 + lift * (mine == "b"):
            for later in rng.exponential(5, 1 + rng.poisson(1)):
                rows.append((f"u{i}", "pay", day + later, None, int(rng.integers(1, 50))))
        elif rng.random() < 0.5:
            rows.append((f"u{i}", "quit", day + rng.exponential(3), None, 0))
    return log_of([row for row in rows if row[2] < days], days)


ASK: dict[str, Any] = {"assignment": "assign", "variant": "variant"}


def test_every_assigned_actor_counts_from_the_first_assignment_on() -> None:
    """The definition in plain loops: conversion and amount within ten days, of those watched so long."""
    log = trial(1, 300)
    found = jl.experiment(
        log,
        **ASK,
        metrics=[jl.Conversion("pay", "10d"), jl.PerActor("value", "10d"), jl.PerActor(None, "10d", "pay")],
    )
    frame = log.to_pandas()
    frame = frame.assign(s=frame["time"].astype("datetime64[us, UTC]").astype(np.int64))
    totals: dict[str, dict[str, list[float]]] = {v: {"paid": [], "value": [], "n": []} for v in "ab"}
    sizes = dict.fromkeys("ab", 0)
    for _, mine in frame.groupby("actor"):
        events = mine[["event", "s", "variant", "value"]].values.tolist()
        first = next(i for i, e in enumerate(events) if e[0] == "assign")
        variant, start = events[first][2], events[first][1]
        sizes[variant] += 1
        if log.window.end - start < 10 * DAY:
            continue
        after = [e for e in events[first + 1 :] if e[1] - start <= 10 * DAY]
        totals[variant]["paid"].append(any(e[0] == "pay" for e in after))
        totals[variant]["value"].append(float(sum(e[3] for e in after)))
        totals[variant]["n"].append(sum(e[0] == "pay" for e in after))
    assert found.variants.set_index("variant")["n_actors"].to_dict() == sizes
    for row, what in zip(found.table.to_dict("records"), ("paid", "value", "n"), strict=True):
        for side, variant in (("a", "a"), ("b", "b")):
            mine = totals[variant][what]
            assert row[f"n_{side}"] == len(mine)
            assert row[f"value_{side}"] == pytest.approx(np.mean(mine))
    value = found.table.iloc[1]
    one, two = (np.array(totals[v]["value"]) for v in "ab")
    half = [stats.t.ppf(0.975, len(x) - 1) * stats.sem(x) / x.mean() for x in (one, two)]
    assert max(half) < 1  # no amount is below zero: the bounds are made on the scale of logarithms
    down = one.mean() * (1 - math.exp(-half[0]))
    up = two.mean() * (math.exp(half[1] + half[1] ** 2 / 2) - 1)
    assert value["difference_high"] - value["difference"] == pytest.approx(math.hypot(down, up))


def covered(seeds: range, n: int) -> tuple[dict[str, float], int, int]:
    """How often differences of both kinds hold the truth, how often any is supported, and the most actors counted."""
    hits: dict[str, list[bool]] = {"paid": [], "value": []}
    supported, late = 0, []
    in_time = 0.15 * (1 - math.exp(-6))  # few pay only after 30 days
    truth = {"paid": in_time, "value": in_time * 2 * 25}  # two payments on average, of 25
    for seed in seeds:
        found = jl.experiment(
            trial(seed, n, 0.15),
            **ASK,
            metrics={"paid": jl.Conversion("pay", "30d"), "value": jl.PerActor("value", "30d")},
        )
        for name, row in zip(hits, found.table.to_dict("records"), strict=True):
            hits[name].append(row["difference_low"] <= truth[name] <= row["difference_high"])
        supported += bool(found.table["supported"].any())
        late.append(found.table["n_a"].iloc[0] + found.table["n_b"].iloc[0])
    return {name: float(np.mean(found)) for name, found in hits.items()}, supported, max(late)


def test_intervals_cover_the_truth_although_some_were_watched_less() -> None:
    shares, supported, most = covered(range(60), 400)
    assert all(share >= 0.88 for share in shares.values()), shares  # the long run is stricter
    assert supported > 18 and most < 250  # of 400: half were assigned in the last 30 days


@pytest.mark.slow
def test_differences_between_variants_cover_the_truth() -> None:
    shares, _, _ = covered(range(10_000, 10_500), 1000)
    assert all(0.93 <= share <= 0.97 for share in shares.values()), shares


def test_variants_that_are_alike_are_seldom_told_apart() -> None:
    metrics: list[Any] = [
        jl.Conversion("pay", "20d"),
        jl.PerActor("value", "20d"),
        jl.PerActor(None, "20d", "quit"),
    ]
    wrong = sum(
        len(jl.experiment(trial(1000 + seed, 300), **ASK, metrics=[*metrics, jl.TimeTo("pay")]).supported) > 0
        for seed in range(40)
    )
    assert wrong <= 5  # 5 in 100 are expected at most


def test_events_before_the_assignment_are_no_effect() -> None:
    rows = [
        ("x", "pay", 1.0, None, 9),
        ("x", "assign", 2.0, "a", 0),
        ("y", "assign", 2.0, "b", 0),
        ("y", "pay", 3.0, None, 4),
    ]
    found = jl.experiment(
        log_of(rows), **ASK, metrics=[jl.Conversion("pay", "7d"), jl.PerActor("value", "7d")]
    )
    assert found.table["value_a"].tolist() == [0.0, 0.0] and found.table["value_b"].tolist() == [1.0, 4.0]


def test_actors_of_several_variants_count_by_the_declared_rule() -> None:
    rows = [
        ("x", "assign", 1.0, "a", 0), ("x", "assign", 2.0, "b", 0), ("x", "pay", 3.0, None, 1),
        ("y", "assign", 1.0, "b", 0), ("y", "assign", 2.0, None, 0), ("w", "visit", 1.0, None, 0),
        ("z", "assign", 1.0, "a", 0), ("z", "pay", 20.0, None, 0),
    ]  # fmt: skip
    metric = {"paid": jl.Conversion("pay", "7d")}
    first = jl.experiment(log_of(rows), **ASK, metrics=metric)
    assert first.variants["n_actors"].tolist() == [2, 1] and first.variants["n_in_several"].tolist() == [1, 0]
    assert first.table.iloc[0]["value_a"] == 0.5
    assert any(
        "1 actors were assigned to several variants: they count for the first" in n for n in first.notes
    )
    assert any("1 assignments have no variant" in note for note in first.notes)
    alone = jl.experiment(log_of(rows), **ASK, metrics=metric, both="drop")
    assert alone.variants["n_actors"].tolist() == [1, 1] and alone.table.iloc[0]["value_a"] == 0.0
    declared = jl.experiment(
        log_of([*rows, ("q", "assign", 1.0, "c", 0)]), **ASK, metrics=metric, ratios={"b": 1, "a": 1}
    )
    assert declared.control == "b" and any("not declared" in note for note in declared.notes)


def test_a_mismatch_of_sizes_is_told_first() -> None:
    log = trial(5, 800, shares=(0.6, 0.4))
    metric = [jl.Conversion("pay", "10d")]
    found = jl.experiment(log, **ASK, metrics=metric)
    n = found.variants["n_actors"].tolist()
    assert found.mismatch_p == pytest.approx(stats.binomtest(n[0], sum(n)).pvalue, rel=1e-9)
    assert found.notes[0].startswith("sample ratio mismatch: a ") and found.mismatch_p < 0.001
    meant = jl.experiment(log, **ASK, metrics=metric, ratios={"a": 3, "b": 2})
    assert meant.mismatch_p > 0.001 and not meant.notes[0].startswith("sample ratio")
    three = np.array([500, 400, 300])
    test, p = mismatch(three, np.array([0.4, 0.35, 0.25]))
    assert test == "chi-squared" and p == pytest.approx(
        stats.chisquare(three, np.array([0.4, 0.35, 0.25]) * 1200).pvalue
    )
    assert math.isnan(mismatch(np.zeros(2, np.int64), np.array([0.5, 0.5]))[1])


def exact(k_a: int, n_a: int, k_b: int, n_b: int) -> float:
    """Miller's sum in fractions."""

    def beta(a: int, b: int) -> Fraction:
        return Fraction(math.factorial(a - 1) * math.factorial(b - 1), math.factorial(a + b - 1))

    a, b, c, d = k_a + 1, n_a - k_a + 1, k_b + 1, n_b - k_b + 1
    return float(sum(beta(a + i, b + d) / ((d + i) * beta(1 + i, d) * beta(a, b)) for i in range(c)))


def test_the_chance_to_be_greater_is_the_exact_sum() -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        n_a, n_b = (int(n) for n in rng.integers(1, 120, 2))
        k_a, k_b = int(rng.integers(0, n_a + 1)), int(rng.integers(0, n_b + 1))
        found = chance_greater(k_a, n_a, k_b, n_b)
        assert found == pytest.approx(exact(k_a, n_a, k_b, n_b), abs=1e-12)
        assert found + chance_greater(k_b, n_b, k_a, n_a) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "counts", [(1000, 10_000, 1100, 10_000), (50, 1_000_00, 70, 99_000), (0, 40, 0, 900), (40, 40, 39, 40)]
)
def test_the_chance_to_be_greater_equals_the_integral(counts: tuple[int, int, int, int]) -> None:
    k_a, n_a, k_b, n_b = counts
    one, two = stats.beta(k_a + 1, n_a - k_a + 1), stats.beta(k_b + 1, n_b - k_b + 1)
    edges = np.linspace(two.ppf(1e-15), two.isf(1e-15), 81)
    pieces = (
        integrate.fixed_quad(lambda x: two.pdf(x) * one.cdf(x), low, high, n=40)[0]
        for low, high in itertools.pairwise(edges)
    )
    assert chance_greater(*counts) == pytest.approx(sum(pieces), abs=1e-9)


def test_journey_metrics_are_those_of_the_log_cut_at_the_assignment() -> None:
    log = trial(7, 500, 0.1).then(jl.Journeys(goal="pay", patience="10d", goal_ends=False))
    found = jl.experiment(
        log, **ASK, metrics={"left": jl.DropOff(), "soon": jl.TimeTo("pay", case="actor")}, min_n=5
    )
    left = found.table[found.table["metric"] == "left"]
    assert set(left["measure"]) == {"drop_rate", "reach_rate"} and "assign" in set(left["what"])
    assert (left["chance_greater"].isna()).all()
    soon = found.table[found.table["metric"] == "soon"]
    assert {"share", "median", "restricted_mean"} == set(soon["measure"])
    assert any(note.startswith("soon: shares and restricted means are of the first ") for note in found.notes)


def test_partitions_do_not_change_an_experiment() -> None:
    log = trial(9, 200, 0.1)
    chunk = log.chunk
    parted = replace(log, source=Memory((chunk.slice(120, 200), chunk.slice(0, 120))))
    metrics: list[Any] = [jl.Conversion("pay", "10d"), jl.PerActor("value", "10d"), jl.Retention("7d", 2)]
    one, two = (jl.experiment(x, **ASK, metrics=metrics) for x in (log, parted))
    assert one.table.equals(two.table) and one.variants.equals(two.variants) and one.notes == two.notes
    assert one.table["chance_greater"].notna().sum() == 3
    assert one.to_dict()["question"]["kind"] == "Experiment" and "<table" in one._repr_html_()


def test_several_variants_are_each_held_against_the_control() -> None:
    found = jl.experiment(
        trial(11, 900, 0.25, (0.4, 0.3, 0.3)),
        **ASK,
        metrics={"paid": jl.Conversion("pay", "20d")},
        control="c",
    )
    assert found.table["variant"].tolist() == ["a", "b"] and found.control == "c"
    assert found.table["supported"].tolist() == [False, True] and found.table["chance_greater"].iloc[1] > 0.99


def test_what_is_no_experiment_is_refused() -> None:
    log = trial(1, 30)
    metric: list[Any] = [jl.Conversion("pay", "7d")]
    for more, words in (
        ({"metrics": []}, "there is no metric"),
        ({"metrics": [3]}, "3 is no metric"),
        ({"metrics": metric, "control": "x"}, "is no variant"),
        ({"metrics": metric, "both": "last"}, "both='last'"),
        ({"metrics": metric, "ratios": {"x": 1, "y": 1}}, "the variants are"),
        ({"metrics": metric, "ratios": {"a": 1, "b": 0}}, "not all above 0"),
        ({"metrics": [jl.PerActor("variant", "7d")]}, "no number"),
    ):
        with pytest.raises(ConfigError, match=words):
            jl.experiment(log, **ASK, **more)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="two variants at least"):
        jl.experiment(log_of([("x", "assign", 1.0, "a", 0)]), **ASK, metrics=metric)
    with pytest.raises(ConfigError, match="no shares"):
        chance_greater(3, 2, 1, 1)


def test_amounts_for_each_actor_are_of_one_currency_and_fit_their_sum() -> None:
    rows = [
        (f"u{i}", what, day, "ab"[i % 2] if what == "assign" else None, 0 if what == "assign" else 10)
        for i in range(60)
        for what, day in (("assign", 1.0), ("pay", 2.0), ("pay", 50.0))
    ]
    log = log_of(rows)
    chunk = log.chunk
    codes = np.where(chunk.event.codes == NAMES.index("assign"), -1, chunk.actor_of_event() % 3 == 0)
    late = chunk.time > 10 * DAY
    huge = Number(np.where(late, 0.0, 1e13))
    two = Category(np.where(late, 2, codes).astype(np.int32), pa.array(["RUB", "EUR", "USD"]))
    log = replace(log, source=Memory((chunk.with_columns(currency=two, huge=huge),)))
    with pytest.raises(ConfigError, match=r"2 currencies.*currency='RUB'"):  # dollars came after the ten days
        jl.experiment(log, **ASK, metrics=[jl.PerActor("value", "10d", "pay")])
    found = jl.experiment(log, **ASK, metrics=[jl.PerActor("value", "10d", "pay", currency="EUR")]).table
    in_euro = [sum(10 for i in range(60) if i % 2 == side and i % 3 == 0) / 30 for side in (0, 1)]
    assert found[["value_a", "value_b"]].iloc[0].tolist() == in_euro
    with pytest.raises(ValueOverflowError, match="64-bit"):
        jl.experiment(log, **ASK, metrics=[jl.PerActor("huge", "10d")])


def fates(seed: int, n: int = 240) -> jl.EventLog:
    """Actors with sessions, orders and payments on both sides of their assignment."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, float, str | None, int]] = []
    for i in range(n):
        day = rng.uniform(3, 40)
        rows.append((f"u{i}", "assign", day, "ab"[i % 2], int(rng.integers(0, 3))))
        for _ in range(rng.integers(0, 9)):
            what = str(rng.choice(["visit", "pay", "quit"], p=[0.6, 0.2, 0.2]))
            rows.append((f"u{i}", what, rng.uniform(0, 58), None, int(rng.integers(0, 3))))
    return log_of(rows)


def after_assignment(log: jl.EventLog) -> jl.EventLog:
    """The log as if the world began with each actor's assignment, in plain words."""
    chunk = log.chunk
    begins = np.flatnonzero(chunk.event.codes == NAMES.index("assign"))  # one an actor
    return replace(
        log, source=Memory((keep_events(chunk, np.arange(chunk.n_events) >= begins[chunk.actor_of_event()]),))
    )


CASES: list[Any] = [
    jl.Outcomes(),
    jl.DropOff(),
    jl.TimeTo("pay"),
    jl.Funnel(["visit", "pay"]),
    jl.Transitions(),
]
ACTORS: list[Any] = [jl.Conversion("pay", "7d"), jl.PerActor("value", "7d"), jl.Retention("7d", 2)]


@pytest.mark.parametrize(
    "steps",
    [
        (jl.Journeys("pay", "7d"),),
        (jl.Journeys("pay", "7d", goal_ends=False),),
        (jl.Journeys("pay", "7d", of="stretch"),),
        (jl.Journeys("pay", "7d", of="stretch", goal_ends=False, restart=False),),
        (jl.Journeys("pay", "7d", of="value"),),
        (jl.Journeys("pay", "auto", of="stretch", settled=("5d", 99)),),
        (jl.Sessions(gap="3d"), jl.Journeys("pay", of="session")),
        (jl.Stages({"look": "visit", "buy": "pay"}), jl.Drop("quit"), jl.Journeys({"stage": "buy"}, "7d")),
    ],
    ids=["ends", "goes_on", "stretches", "once", "objects", "estimated", "sessions", "stages"],
)
def test_journeys_begin_anew_at_the_assignment(steps: tuple[Any, ...], tmp_path: Any) -> None:
    """Every metric is that of a log in which nothing was before the assignment, however the log came here."""
    log, anew = fates(1), after_assignment(fates(1)).then(*steps)
    wanted = jl.experiment(anew, **ASK, metrics=[*CASES, *ACTORS], min_n=5)
    cut = log.then(*steps)
    for given in (
        cut,
        jl.load(cut.save(tmp_path / "a.jlog")),
        jl.load(jl.load(tmp_path / "a.jlog").save(tmp_path / "b.jlog")),
    ):
        found = jl.experiment(given, **ASK, metrics=[*CASES, *ACTORS], min_n=5)
        pd.testing.assert_frame_equal(found.table, wanted.table)
        assert found.notes == wanted.notes and found.mismatch_p == wanted.mismatch_p
    of_all = found.table[(found.table["metric"] == "Outcomes") & (found.table["measure"] == "share")]
    if getattr(steps[-1], "of", "") == "actor":
        assert (of_all["n_a"] == 120).all() and (of_all["n_b"] == 120).all()


def test_partitions_do_not_change_journeys_that_begin_anew() -> None:
    log = fates(3)
    chunk = log.chunk
    parted = replace(log, source=Memory((chunk.slice(150, 240), chunk.slice(0, 150))))
    begun = jl.Journeys("pay", "auto", of="stretch", start="visit", goal_ends=False)
    for steps in ((begun,), (begun, jl.Drop("quit"))):
        one, two = (jl.experiment(x.then(*steps), **ASK, metrics=CASES) for x in (log, parted))
        assert one.table.equals(two.table) and one.notes == two.notes
        assert any("could not begin anew" in said for said in one.notes) == (len(steps) > 1)


def test_who_paid_before_the_assignment_has_not_paid_for_it() -> None:
    rows: list[tuple[str, str, float, str | None, int]] = []
    for i in range(80):
        rows += [(f"u{i}", "pay", 1.0, None, 1)] if i % 2 else []
        rows += [(f"u{i}", "assign", 10.0, "ab"[i % 2], 0), (f"u{i}", "visit", 11.0, None, 0)]
    for goal_ends in (True, False):
        log = log_of(rows).then(jl.Journeys("pay", "7d", goal_ends=goal_ends))
        table = jl.experiment(log, **ASK, metrics=[jl.Outcomes()]).table.iloc[0]
        assert table[["what", "n_a", "n_b", "value_a", "value_b"]].tolist() == ["reached", 40, 40, 0.0, 0.0]


def test_the_assignment_is_a_start_and_no_run_in_sets_anyone_apart() -> None:
    log = fates(2)
    plain = jl.experiment(log.then(jl.Journeys("pay", "7d")), **ASK, metrics=CASES)
    for step in (jl.Journeys("pay", "7d", start="visit"), jl.Journeys("pay", "7d", run_in="20d")):
        found = jl.experiment(log.then(step), **ASK, metrics=CASES)
        pd.testing.assert_frame_equal(found.table, plain.table)
        assert found.notes == plain.notes
    visits = jl.Journeys("pay", "7d", start="visit", of="stretch")
    cases = jl.experiment(log.then(visits), **ASK, metrics=[jl.Outcomes()]).table.iloc[0]
    assert cases["n_a"] >= 120 and cases["n_b"] >= 120  # everyone has the first one, some have more


def test_journeys_that_cannot_be_made_anew_are_told_and_do_not_count() -> None:
    rows: list[tuple[str, str, float, str | None, int]] = []
    for i in range(80):
        rows += [(f"u{i}", "pay", 1.0, None, 1)] if i % 4 == 1 else []
        rows += [(f"u{i}", "assign", 10.0, "ab"[i % 2], 0), (f"u{i}", "visit", 11.0, None, 0)]
    for goal_ends in (True, False):
        log = log_of(rows).then(jl.Journeys("pay", "7d", goal_ends=goal_ends))
        for given in (replace(log, steps=()), log.then(jl.Drop("pay")), log.then(jl.Rename({"pay": "x"}))):
            found = jl.experiment(given, **ASK, metrics=[jl.Outcomes()])
            row = found.table.iloc[0]
            assert row[["n_a", "n_b"]].tolist() == ([40, 20] if goal_ends else [0, 0])
            assert not goal_ends or row[["value_a", "value_b"]].tolist() == [0.0, 0.0]
            n_old = 80 if not goal_ends else 20 if {"pay", "x"} & set(given.events) else 0
            assert any(f": {n_old} that were decided before it, or may" in note for note in found.notes)
            told = f"Outcomes: {20 if goal_ends else 80} of 80 assigned actors have no case from the assignment on"
            assert any(note.startswith(told) for note in found.notes)
            assert found.variants["n_actors"].tolist() == [40, 40]
