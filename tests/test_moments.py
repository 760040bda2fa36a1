"""Moments of truth: equal to the oracle, honest on independent events, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.actor_groups import actor_groups
from journeylog.core.riskratios import pool_strata
from journeylog.core.risksets import GROUPS
from journeylog.core.schema import SECOND, UNDECLARED
from journeylog.core.window import Window
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
        if expected["n_did"] > expected["n_did_goal"]:  # else the variance has a floor of its own
            assert close(own, expected["var_did"])
        assert close(other, expected["var_not"])
        assert close(both, expected["cov"])


def close(found: float, expected: float) -> bool:
    if math.isnan(expected):
        return math.isnan(found)
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def divided(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan
