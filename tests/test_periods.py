"""Two periods of one log: a move belongs to the period in which it was made, and the same actors are known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.comparison.groups import Groups, parse_period
from journeylog.comparison.moves import moves_by_period
from journeylog.comparison.table import Sides, difference_table
from journeylog.core import pairs
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.schema import DAY, UNDECLARED
from journeylog.core.source import Memory
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from tests.oracles import periods as oracle
from tests.strategies import SECOND, Event, make_log, patience_of, plain_cases, rows, with_cases

HALVES = (("1970-01-01", "1970-01-31"), ("1970-01-31", "1970-03-02"))


def prepared(events: list[Event], cuts: list[int], outcomes: list[int], patience: int) -> jl.EventLog:
    log = make_log(events)
    return replace(log, source=Memory((with_cases(log.chunk, cuts, outcomes, patience),)))


logs = st.builds(
    prepared, rows(), st.lists(st.integers(0, 1000), max_size=4), st.lists(st.integers(0, 2), min_size=1, max_size=5),
    st.sampled_from([UNDECLARED, 20 * SECOND, 900 * SECOND]),
)  # fmt: skip
marks = st.lists(st.integers(0, 4000), min_size=4, max_size=4, unique=True).map(sorted)


def told(log: jl.EventLog, node: str, bounds: Any) -> list[Any]:
    cases = plain_cases(log.chunk, "journey")
    patience = patience_of(log.chunk, "journey")
    return oracle.told_moves(cases, node, node != "event", patience, log.window.end, (bounds[:2], bounds[2:]))


@settings(max_examples=60, deadline=None)
@given(log=logs, at=marks, node=st.sampled_from(["event", "stage"]))
def test_moves_of_periods_are_those_of_the_definition(log: jl.EventLog, at: list[int], node: str) -> None:
    bounds = tuple(mark * SECOND for mark in at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "FEWEST", 1)
        sides = moves_by_period(log, jl.Transitions(node=node), Groups(("a", "b"), bounds=bounds))  # type: ignore[arg-type]
    expected = oracle.shares(told(log, node, bounds))
    keys = ["from_kind", "from", "to_kind", "to"]
    assert sides.correlation is not None
    frame = sides.left.merge(sides.right, on=[*keys, "measure", "unit"]).merge(
        sides.correlation, on=[*keys, "measure"]
    )
    found = {((r["from_kind"], r["from"]), (r["to_kind"], r["to"])): r for r in frame.to_dict("records")}
    assert set(found) == set(expected)
    for key, wanted in expected.items():
        row = found[key]
        assert [row["n_x"], row["n_y"]] == wanted["n"]
        for side, k, n in zip("xy", wanted["k"], wanted["n"], strict=True):
            assert row[f"value_{side}"] == pytest.approx(k / n if n else math.nan, nan_ok=True)
        assert row["correlation"] == pytest.approx(wanted["r"], abs=1e-9)


def test_thousands_of_names_are_counted_alike() -> None:
    """Beyond 65,536 possible moves those that occur are looked up; what is counted is the same."""
    rng = np.random.default_rng(4)
    names = [f"e{i}" for i in range(400)]
    events = [
        Event(f"u{rng.integers(9)}", str(rng.choice(names[:20] if i % 3 else names)), i * SECOND, None, None)
        for i in range(2000)
    ]
    log = prepared(events, [3, 8], [0, 1, 2], 20 * SECOND)
    assert len(log.events) ** 2 > 1 << 16
    bounds = (0, 900 * SECOND, 900 * SECOND, 4000 * SECOND)
    sides = moves_by_period(log, jl.Transitions(node="event"), Groups(("a", "b"), bounds=bounds))
    expected = oracle.shares(told(log, "event", bounds))
    left = {((r["from_kind"], r["from"]), (r["to_kind"], r["to"])): r for r in sides.left.to_dict("records")}
    assert set(left) == set(expected) and len(left) > 500
    assert all(left[key]["n"] == wanted["n"][0] for key, wanted in expected.items())
    assert all(
        left[key]["value"] == pytest.approx(wanted["k"][0] / wanted["n"][0])
        for key, wanted in expected.items()
        if wanted["n"][0]
    )


@settings(max_examples=40, deadline=None)
@given(log=logs, at=marks, node=st.sampled_from(["event", "stage"]))
def test_drop_off_and_waits_of_periods_are_those_of_the_definition(
    log: jl.EventLog, at: list[int], node: str
) -> None:
    bounds = tuple(mark * SECOND for mark in at)
    groups = Groups(("a", "b"), bounds=bounds)  # type: ignore[arg-type]
    trials = told(log, node, bounds)
    drops = moves_by_period(log, jl.DropOff(node=node), groups)
    if patience_of(log.chunk, "journey") is None:
        assert len(drops.left) == 0
    for frame, g in ((drops.left, 0), (drops.right, 1)):
        for row in frame[frame["measure"] == "drop_rate"].to_dict("records"):
            mine = [t for t in trials if t[1] == g and t[2] == ("node", row["node"])]
            gone = sum(t[3][0] == "dropped" for t in mine)
            assert row["n"] == len(mine)
            assert row["value"] == pytest.approx(gone / len(mine) if mine else math.nan, nan_ok=True)
    if patience_of(log.chunk, "journey") is not None and log.window.end <= 900 * SECOND:
        return
    waits = moves_by_period(log, jl.Bottlenecks(node=node), groups)
    for frame, g in ((waits.left, 0), (waits.right, 1)):
        for row in frame[frame["part"] == "edge"].to_dict("records"):
            mine = sorted(
                t[4] for t in trials if (t[1], t[2][1], t[3][1]) == (g, row["from"], row["to"]) and t[4] is not None
            )  # fmt: skip
            assert row["n"] == len(mine)
            if mine:
                middle = mine[math.ceil(len(mine) / 2) - 1] / SECOND
                assert row["value"] == pytest.approx(middle, rel=1 / 256, abs=1e-3)


def habits(seed: int, n: int = 150, turned: bool = False) -> jl.EventLog:
    """Actors with habits of their own who come several times in 60 days; `turned`: later each does the contrary."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(1.2, 0.8, n)
    who = np.repeat(np.arange(n), rng.poisson(6, n))
    day = rng.uniform(0, 60, len(who))
    mine = np.where(turned & (day >= 30), 1 - chance[who], chance[who])
    on = rng.random((len(who), 2)) < mine[:, None]
    there = np.column_stack((np.ones(len(who), bool), on[:, 0], on[:, 0] & on[:, 1]))
    visit, step = np.nonzero(there)
    columns = {"event": Category(step.astype(np.int32), pa.array(["home", "cart", "pay"]))}
    time = (day[visit] * DAY).astype(np.int64) + step * 10 * SECOND
    chunk, _ = build_chunk(pa.array([f"u{i}" for i in who[visit]]), time, columns)
    log = jl.EventLog.from_chunk(chunk, Window(0, 61 * DAY))
    return log.then(jl.Journeys(goal="pay", patience="1h", of="stretch"))


def home_drops(sides: Sides) -> dict[str, Any]:
    table = difference_table(sides, 20)[0]
    return dict(table[(table["node"] == "home") & (table["measure"] == "drop_rate")].iloc[0])


def covered(seeds: range, turned: bool) -> dict[str, float]:
    """How often the interval of a difference holds the truth, with the same actors known and taken as different ones."""
    groups, truth = Groups.of_periods(*HALVES), 0.2 if turned else 0.0
    hits: dict[str, list[bool]] = {"paired": [], "apart": []}
    for seed in seeds:
        sides = moves_by_period(habits(seed, turned=turned), jl.DropOff(), groups)
        for name, known in (("paired", sides), ("apart", replace(sides, correlation=None))):
            row = home_drops(known)
            hits[name].append(row["difference_low"] <= truth <= row["difference_high"])
    return {name: float(np.mean(found)) for name, found in hits.items()}


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_actors_in_both_periods_are_known(turned: bool) -> None:
    """As if of different actors, intervals are too wide for habits and too narrow for those who turn about."""
    found = covered(range(100), turned)
    assert 0.91 <= found["paired"] <= 0.98
    assert found["apart"] < 0.94 if turned else found["apart"] >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("turned", [False, True])
def test_paired_differences_cover_the_truth(turned: bool) -> None:
    assert 0.93 <= covered(range(10_000, 11_000), turned)["paired"] <= 0.97


@pytest.mark.parametrize(
    ("visits", "known"),
    [([20] * 2, False), ([20] * 19, False), ([20] * 40, True), ([400] * 3 + [2] * 200, False)],
)
def test_few_who_come_in_both_periods_do_not_tell_how_far_these_go_together(
    visits: list[int], known: bool
) -> None:
    """Two who deviate from their own mean are always of one mind or of opposite ones; a giant is one of few, too."""
    chance = np.random.default_rng(5)
    owner = np.tile(np.repeat(np.arange(len(visits)), visits), 2)
    at = np.repeat([0, 60], sum(visits)) * DAY + chance.integers(0, 50 * DAY, len(owner))
    goes = chance.random(len(owner)) < chance.beta(0.5, 0.5, len(visits))[owner]
    events = [
        event
        for who, time, more in zip(owner.tolist(), at.tolist(), goes.tolist(), strict=True)
        for event in [
            Event(f"u{who}", "home", time, None, None),
            *([Event(f"u{who}", "pay", time + SECOND, None, None)] if more else []),
        ]
    ]
    log = make_log(events, Window(0, 130 * DAY)).then(jl.Journeys("pay", "1h", of="stretch"))
    sides = moves_by_period(
        log, jl.DropOff(), Groups.of_periods(("1970-01-01", "1970-03-01"), ("1970-03-02", "1970-05-01"))
    )
    assert sides.correlation is not None
    home = sides.correlation[sides.correlation["node"] == "home"]["correlation"]
    assert (home > 0.5).all() if known else (home == 0).all()


def test_actors_in_both_groups_of_an_attribute_are_known_too() -> None:
    """Journeys of one actor fall in both groups; the attribute of a journey is drawn, so nothing differs."""
    widths, hits = [], []
    for seed in range(80):
        log = habits(seed, 120)
        chunk = log.chunk
        level = chunk.cases("journey")
        side = np.random.default_rng(1000 + seed).integers(0, 2, len(level))
        codes = side[level.case_of_event(chunk.n_events)].astype(np.int32)
        marked = chunk.with_columns(side=Category(codes, pa.array(["l", "r"])))
        found = jl.compare(replace(log, source=Memory((marked,))), jl.Outcomes(), by="side")
        assert any("the intervals know" in note for note in found.notes)
        row = found.table[(found.table["outcome"] == "reached") & (found.table["measure"] == "share")].iloc[0]
        hits.append(row["difference_low"] <= 0 <= row["difference_high"])
        widths.append(row["difference_high"] - row["difference_low"])
    assert 0.89 <= np.mean(hits) <= 0.99
    assert np.mean(widths) < 0.2


def test_whole_groups_give_the_statistics_own_shares() -> None:
    log = habits(3)
    chunk = log.chunk
    half = Category((chunk.actor_of_event() % 2).astype(np.int32), pa.array(["l", "r"]))
    log = replace(log, source=Memory((chunk.with_columns(half=half),)))
    for question, rate in ((jl.Transitions(), "rate"), (jl.DropOff(), "drop_rate")):
        whole = ("1960-01-01", "1990-01-01"), ("1990-01-01", "1990-01-02")
        left = moves_by_period(log, question, Groups.of_periods(*whole)).left
        own = log.compute(question).table
        keys = [c for c in ("from", "from_kind", "to", "to_kind", "node") if c in left and c in own]
        both = left[left["measure"] == rate].merge(own, on=keys)
        assert len(both) >= 3
        for mine, theirs in (("value", rate), ("low", f"{rate}_low"), ("high", f"{rate}_high")):
            assert np.array_equal(both[mine], both[theirs], equal_nan=True), theirs


def test_no_start_no_end_and_no_open_case_is_invented_at_the_border() -> None:
    events = [("u", "a", 10), ("u", "b", 20), ("u", "c", 30), ("v", "a", 15), ("v", "b", 25)]
    chunk, _ = build_chunk(
        pa.array([e[0] for e in events]),
        np.array([e[2] * SECOND for e in events]),
        {
            "event": Category(
                np.array(["abc".index(e[1]) for e in events], np.int32), pa.array(["a", "b", "c"])
            )
        },
    )
    log = jl.EventLog.from_chunk(chunk, Window(0, 1000 * SECOND)).then(jl.Journeys(patience="60s"))
    at = [pd.Timestamp(s, unit="s", tz="UTC") for s in (0, 18, 100)]
    table = jl.compare(log, jl.Transitions(), a=at[:2], b=at[1:], min_n=1).table
    found = {(r["from"], r["to"]): (r["n_a"], r["n_b"], r["value_b"]) for r in table.to_dict("records")}
    # both go from a to b: the visit of a is left in the first period, that of b in the second
    assert found["start", "a"][:2] == (2, 0) and found["a", "b"][:2] == (2, 0)
    assert found["b", "c"] == (0, 2, 0.5) and found["b", "dropped"] == (0, 2, 0.5)
    assert ("start", "b") not in found and ("a", "open") not in found


def test_cases_belong_to_the_period_of_their_first_event() -> None:
    log = habits(5)
    level = log.chunk.cases("journey")
    first = log.chunk.time[level.begin]
    for question in (
        jl.Outcomes(),
        jl.Funnel(["home", "cart"], "1h"),
        jl.TimeTo("cart"),
        jl.Retention("7d", 2),
    ):
        found = jl.compare(log, question, a=HALVES[0], b=HALVES[1])
        assert found.a == "1970-01-01 to 1970-01-31" and len(found.table)
        if isinstance(question, jl.Outcomes):
            row = found.table.iloc[0]
            assert [row["n_a"], row["n_b"]] == [(first < 30 * DAY).sum(), (first >= 30 * DAY).sum()]
    quiet = jl.compare(log, jl.DropOff(), a="1970-01", b="1980")
    assert quiet.table["p"].isna().all() and (quiet.table["n_b"] == 0).all()
    assert any(note.startswith("1980: of this period only") for note in quiet.notes)


@settings(max_examples=20, deadline=None)
@given(log=logs, at=marks, seed=st.integers(0, 9))
@example(log=prepared([], [], [0], 20 * SECOND), at=[0, 10, 10, 20], seed=0)
def test_periods_add_up_over_any_partition(log: jl.EventLog, at: list[int], seed: int) -> None:
    groups = Groups(("a", "b"), bounds=tuple(mark * SECOND for mark in at))  # type: ignore[arg-type]
    chunk, cut = log.chunk, seed % (log.n_actors + 1)
    parted = replace(log, source=Memory((chunk.slice(cut, chunk.n_actors), chunk.slice(0, cut))))
    for question in (jl.Transitions(), jl.DropOff(), jl.Bottlenecks()):
        one, other = (moves_by_period(x, question, groups) for x in (log, parted))
        pd.testing.assert_frame_equal(one.left, other.left)
        pd.testing.assert_frame_equal(one.right, other.right)
        if one.correlation is not None and other.correlation is not None:
            pd.testing.assert_frame_equal(one.correlation, other.correlation)


def test_periods_are_written_as_people_do_and_wrong_ones_are_refused() -> None:
    assert parse_period("2025-02", "a")[1:] == parse_period(("2025-02-01", "2025-03-01"), "a")[1:]
    assert parse_period(pd.Period("2025Q1"), "a")[0] == "2025Q1"
    zoned = parse_period((pd.Timestamp("2025-01-01", tz="Europe/Berlin"), "2025-01-02"), "a")
    assert zoned[1] == parse_period("2025-01-01", "a")[1] - 3_600_000_000
    window = Window(0, DAY - 1)
    assert parse_period(window, "b")[1:] == (0, DAY)
    log = habits(1, 20)
    for a, b, words in (
        ("soon", "2025", "is no period"),
        (("2025-01-02", "2025-01-01"), "2026", "ends before it begins"),
        ("1970-01", ("1970-01-15", "1970-02-15"), "overlap"),
        (5, "2025", "is no period"),
        (("2025-01-01",), "2025", "is no period"),
        (("2025-01-01", None), "2025", "is no period"),
        ("1970-01", None, "two groups"),
    ):
        with pytest.raises(ConfigError, match=words):
            jl.compare(log, jl.DropOff(), a=a, b=b)  # type: ignore[arg-type]
