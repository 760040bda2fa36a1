"""Moments of truth: equal to the oracle, honest on independent events, and what is refused."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.actor_groups import actor_groups
from journeylog.core.build import build_chunk
from journeylog.core.encode import encode
from journeylog.core.riskratios import pool_strata
from journeylog.core.risksets import GROUPS
from journeylog.core.schema import HOUR, SECOND, UNDECLARED
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingColumnError, UnseenNameWarning
from tests.moments_worlds import World, question
from tests.oracles import moments as oracle
from tests.strategies import make_log, plain_cases, rows, with_cases

pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.UnseenNameWarning")

END = 70 * 61 * SECOND
BANDS = {"positions": (2, 5), "elapsed": ("5s", "100s")}
COUNTS = ["n_did", "n_did_goal", "n_not", "n_not_goal", "n_alone"]


def rules(within: int, **changed: Any) -> oracle.Rules:
    plain: dict[str, Any] = {
        "node": lambda e: e.event,
        "place": lambda e: e.event,
        "attributes": lambda _: (),
        "goal": lambda e: e.event == "b",
        "merge": False,
        "within": within * SECOND,
        "last_start": END - within * SECOND,
        "positions": (2, 5),
        "elapsed": (5 * SECOND, 100 * SECOND),
    }
    return oracle.Rules(**{**plain, **changed})


QUESTIONS: dict[str, tuple[jl.Moments, oracle.Rules]] = {
    "events": (jl.Moments("b", "1000s", **BANDS), rules(1000)),
    "stages": (
        jl.Moments("b", "20s", node="stage", **BANDS),
        rules(20, node=lambda e: e.stage, place=lambda e: e.stage, merge=True),
    ),
    "events in stages": (
        jl.Moments({"channel": "web"}, "300s", node="event", at="stage", adjust="channel", **BANDS),
        rules(
            300,
            place=lambda e: e.stage,
            attributes=lambda e: (e.channel,),
            goal=lambda e: e.channel == "web",
        ),
    ),
    "everywhere": (
        jl.Moments("b", "1000s", node="event", at=None, adjust=["stage", "channel"], **BANDS),
        rules(1000, place=lambda _: "", attributes=lambda e: (e.stage, e.channel)),
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("case", ["actor", "journey"])
@settings(max_examples=12, deadline=None)
@given(
    events=rows(max_events=40),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    ends=st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_equals_the_oracle(name: str, case: str, events: Any, cuts: Any, ends: Any) -> None:
    question, how = QUESTIONS[name]
    question = jl.Moments(**{**question.__dict__, "case": case, "node": question.node or "event"})
    chunk = with_cases(make_log(events).chunk, cuts, ends, UNDECLARED)
    counts = question.summarize(chunk, Window(0, END))
    table = question.result(counts, Window(0, END)).table
    group = dict(zip(chunk.actors.to_pylist(), actor_groups(chunk, GROUPS).tolist(), strict=True))
    cases = plain_cases(chunk, case)
    for kind, of_moves in (("node", False), ("transition", True)):
        truth = oracle.moments(cases, how, group.__getitem__, of_moves)
        found = table[table["kind"] == kind]
        assert len(found) == len(truth)
        for row in found.to_dict("records"):
            start = oracle.START if row["from_kind"] == "start" else row["from"]
            expected = truth[(start, row["moment"]) if of_moves else row["moment"]]
            assert {key: row[key] for key in COUNTS} == {key: expected[key] for key in COUNTS}
            assert close(row["did_rate"], expected["did_rate"])
            assert close(row["not_rate"], expected["not_rate"])
            assert close(row["lift"], divided(expected["did_rate"], expected["not_rate"]))


@settings(max_examples=12, deadline=None)
@given(events=rows(max_events=40))
def test_the_spread_between_groups_equals_the_oracle(events: Any) -> None:
    question, how = QUESTIONS["events"]
    chunk = make_log(events).chunk
    counts = question.summarize(chunk, Window(0, END))
    node = counts["nodes"].coded("node")
    pooled = pool_strata(counts["nodes"], counts["stood"], node.codes, len(node.labels))
    group = dict(zip(chunk.actors.to_pylist(), actor_groups(chunk, GROUPS).tolist(), strict=True))
    truth = oracle.moments(plain_cases(chunk, "actor"), how, group.__getitem__, False)
    for k, label in enumerate(node.labels):
        if label not in truth or math.isnan(truth[label]["did_rate"]):
            continue
        expected = truth[label]
        own, other, both = pooled.spread[k]
        assert close(own, expected["var_did"])
        assert close(other, expected["var_not"])
        assert close(both, expected["cov"])


def close(found: float, expected: float) -> bool:
    if math.isnan(expected):
        return math.isnan(found)
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def divided(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan


def journeys() -> jl.EventLog:
    events = [
        ("ada", "see", 0), ("ada", "ask", 1), ("ada", "pay", 2), ("ada", "see", 3),
        ("bob", "see", 0), ("bob", "see", 2), ("cy", "see", 1), ("cy", "ask", 5), ("cy", "pay", 9),
    ]  # fmt: skip
    chunk, _ = build_chunk(
        pa.array([e[0] for e in events]),
        np.array([e[2] * HOUR for e in events]),
        {"event": encode(pa.array([e[1] for e in events]))},
    )
    return jl.EventLog.from_chunk(chunk, Window(0, 10 * HOUR))


def test_a_stand_is_compared_until_the_goal_and_when_it_was_watched_long_enough() -> None:
    table = journeys().compute(jl.Moments("pay", "6h", positions=(9,), elapsed=("1d",))).table
    ask = table[(table["moment"] == "ask") & (table["kind"] == "node")].iloc[0]
    # cy asks at 5 h, with less than 6 h to go; whoever sees stands at risk four times, and ada and cy reach the goal
    assert ask[["n_did", "n_did_goal", "n_not", "n_not_goal"]].tolist() == [1, 1, 4, 1]
    again = table[(table["moment"] == "see") & (table["from"] == "see")].iloc[0]
    assert again[["n_did", "n_did_goal", "n_not", "n_not_goal"]].tolist() == [1, 0, 3, 1]


def test_the_goal_of_the_journeys_themselves_is_taken_when_none_is_named() -> None:
    log = journeys().then(jl.Journeys(goal="pay", patience="1d"))
    named, own = (log.compute(jl.Moments(goal, "6h")).table for goal in ("pay", None))
    pd.testing.assert_frame_equal(named, own)
    going_on = journeys().then(jl.Journeys(goal="pay", patience="1d", goal_ends=False))
    with pytest.raises(ConfigError, match="go on after their goal"):
        going_on.compute(jl.Moments(None, "6h"))


def test_what_is_not_compared_is_told() -> None:
    result = journeys().compute(jl.Moments("pay", "6h", positions=(1,)))
    assert any("3 of 6 visits before the goal are not looked at" in note for note in result.notes)
    assert any("3 first visits have nobody" in note for note in result.notes)
    assert result.table["supported"].dtype == bool
    assert result.table[["p", "q"]].isna().all().all()
    short = journeys().compute(jl.Moments("pay", "20h"))
    assert any("shorter than" in note for note in short.notes)
    assert short.table.empty
    with pytest.warns(UnseenNameWarning, match="nope"):
        journeys().compute(jl.Moments("nope", "6h"))


def test_who_was_under_way_before_the_window_is_not_looked_at_and_told() -> None:
    log = journeys().then(jl.Journeys(goal="pay", patience="1d", run_in="90min"))
    result = log.compute(jl.Moments("pay", "6h"))
    assert any("3 cases began in the run-in" in note for note in result.notes)
    assert result.table.empty


def test_groups_have_their_own_answer() -> None:
    log = World().log(600, 1)
    parts = log.compute(question(min_n=5), by="kind")
    assert set(parts) == {"short", "long"}
    assert parts["long"].table["n_did"].sum() > 0
    assert parts.table["kind"].isin(["node", "transition", "short", "long"]).any().any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"within": 7}, "has no unit"),
        ({"positions": (4, 2)}, "upper bounds"),
        ({"positions": ()}, "upper bounds"),
        ({"elapsed": ("1d", "1h")}, "upper bounds"),
        ({"min_n": 0}, "min_n=0"),
        ({"transitions": "no"}, "neither True nor False"),
        ({"goal": {}}, "selects nothing"),
    ],
)
def test_nonsense_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        jl.Moments(**{"goal": "pay", "within": "7d", **options})


def test_durations_are_kept_as_text() -> None:
    asked = jl.Moments("pay", dt.timedelta(days=1), elapsed=[dt.timedelta(minutes=5)])
    assert (asked.within, asked.elapsed) == ("1d", ("5min",))


def test_columns_that_are_not_there_are_named() -> None:
    for options in ({"adjust": "devise"}, {"at": "stages"}, {"node": "evnt"}):
        with pytest.raises(MissingColumnError):
            journeys().compute(jl.Moments("pay", "6h", **options))  # type: ignore[arg-type]


def test_more_risk_sets_than_can_be_counted_are_refused_with_the_way_out() -> None:
    names = [f"page {i}" for i in range(1200)]
    chunk, _ = build_chunk(
        pa.array([f"a{i % 40}" for i in range(1200)]),
        np.arange(1200) * SECOND,
        {"event": encode(pa.array(names))},
    )
    log = jl.EventLog.from_chunk(chunk)
    with pytest.raises(ConfigError, match="at=None"):
        log.compute(jl.Moments("page 7", "60s"))
    table = log.compute(jl.Moments("page 7", "60s", at=None, transitions=False)).table
    assert table["n_did"].sum() + table["n_alone"].sum() > 1000
