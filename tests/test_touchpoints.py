from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.intervals import wilson
from journeylog.errors import ConfigError, MissingColumnError, UnseenNameWarning
from tests.oracles.touchpoints import touchpoints
from tests.strategies import SECOND, make_log, plain_cases, rows, with_cases


@settings(max_examples=150, deadline=None)
@given(
    rows(),
    st.sampled_from([("event", "stage"), ("channel", "stage"), ("channel", "event"), ("stage", "channel")]),
    st.sampled_from(["actor", "journey", "channel"]),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_equals_the_oracle(events: Any, columns: tuple[str, str], case: str, cuts: Any) -> None:
    of, stage = columns
    question = jl.Touchpoints(of, stage, case=case)
    chunk = question.prepare(with_cases(make_log(events).chunk, cuts, [0, 1, 2], 5 * SECOND))
    result = jl.EventLog.from_chunk(chunk).compute(question)
    pairs, stages, switches = touchpoints(plain_cases(chunk, case), of, stage)
    table = result.table.to_dict("records")
    assert {(r["stage"], r["touchpoint"]): (r["n"], r["n_cases"], r["n_actors"]) for r in table} == pairs
    assert all(r["n_stage_cases"] == stages[r["stage"]][1] for r in table)
    assert all(r["share_low"] <= r["share"] <= r["share_high"] for r in table)
    each = result.tables["stages"].to_dict("records")
    assert {r["stage"]: (r["n"], r["n_cases"], r["n_actors"]) for r in each if r["n"]} == stages
    assert {(r["stage"], r["from"], r["to"]): r["n"] for r in result.switches.to_dict("records")} == switches
    n_cases = len(plain_cases(chunk, case))
    for r in each:
        assert r["n_cases_total"] == n_cases
        assert r["share"] == pytest.approx(r["n_cases"] / n_cases) if n_cases else np.isnan(r["share"])
        assert r["n_switches"] == sum(n for (s, *_), n in switches.items() if s == r["stage"])


def test_one_case_an_actor_has_the_interval_of_wilson_and_many_a_wider_one() -> None:
    log = jl.datasets.tiny().then(jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}))
    row = log.compute(jl.Touchpoints()).table.iloc[1]
    low, high = wilson(2, 4)
    assert np.isclose(row["share_low"], low) and np.isclose(row["share_high"], high)


def test_stages_keep_their_order_and_those_nobody_visits_are_there() -> None:
    with pytest.warns(UnseenNameWarning):
        log = jl.datasets.tiny().then(jl.Stages({"z": ["home"], "never": ["nothing"], "a": ["pay"]}))
    result = log.compute(jl.Touchpoints())
    assert result.tables["stages"]["stage"].tolist() == ["z", "never", "a"]
    assert result.table["stage"].tolist() == ["z", "a"]


def test_rules_name_the_touchpoints_and_the_first_that_matches_wins() -> None:
    log = jl.datasets.tiny().then(jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}))
    rules = {"finds": "sea*", "app": {"channel": "app"}, "everything": "*"}
    table = log.compute(jl.Touchpoints(rules)).table
    found = {(r["stage"], r["touchpoint"]): r["n"] for r in table.to_dict("records")}
    rows = log.to_pandas()
    name = np.where(
        rows["event"].str.startswith("sea"), "finds", np.where(rows["channel"] == "app", "app", "everything")
    )
    assert found == rows.groupby(["stage", name], observed=True).size().to_dict()


def test_wrong_questions_are_told() -> None:
    with pytest.raises(ConfigError, match="the stage itself"):
        jl.Touchpoints("stage")
    for nothing in (["event"], {}, None):
        with pytest.raises(ConfigError, match="is no touchpoint"):
            jl.Touchpoints(nothing)
    with pytest.raises(MissingColumnError, match="stage"):
        jl.datasets.tiny().compute(jl.Touchpoints())


def test_names_too_many_for_a_grid_are_counted_alike(monkeypatch):
    log = jl.datasets.tiny().then(jl.Stages({"look": ["home", "search"], "buy": ["cart", "pay"]}))
    question = jl.Touchpoints()
    few = question.summarize(log.chunk, log.window).to_bytes()
    monkeypatch.setattr("journeylog.stats.touchpoints._DENSE", 0)
    assert question.summarize(log.chunk, log.window).to_bytes() == few
