from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.differences import Estimates, difference
from journeylog.core.intervals import wilson
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from tests.oracles import conformance as oracle
from tests.strategies import SECOND, make_log, plain_cases, rows, with_cases

ALLOWED = {"see": ["think", "do"], "think": ["do"]}
RULES: list[dict[str, Any]] = [
    {"before": ["a", "b"]},
    {"within": ["a", "b", "20s"], "name": "quick"},
    {"never": "c"},
    {"never": "c", "after": "a"},
    {"ways": ALLOWED, "start": ["see"], "name": "planned"},
]
END = 70 * SECOND


def say(events: list[Any]) -> list[str]:
    return [
        oracle.before(events, "a", "b"),
        oracle.within(events, "a", "b", 20 * SECOND, END),
        oracle.never(events, "c", None),
        oracle.never(events, "c", "a"),
        oracle.ways(events, ALLOWED, ["see"])[0],
    ]


def together(said: list[str]) -> str:
    return next((word for word in ("broken", "untold", "kept") if word in said), "not meant")


@settings(max_examples=150, deadline=None)
@given(
    rows(),
    st.sampled_from(["actor", "journey", "channel"]),
    st.lists(st.integers(0, 40), max_size=4),
    st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_equals_the_oracle(events: Any, case: str, cuts: Any, ends: Any) -> None:
    question = jl.Conformance(RULES, case=case)
    chunk = question.prepare(with_cases(make_log(events).chunk, cuts, ends, 5 * SECOND))
    result = jl.EventLog.from_chunk(chunk, Window(0, END)).compute(question)
    cases = plain_cases(chunk, case)
    said = [say(one.events) for one in cases]
    for number, row in enumerate(result.table.to_dict("records")):
        words = [together(one) if number == len(RULES) else one[number] for one in said]
        n = Counter(words)
        found = (row["n_kept"], row["n_broken"], row["n_untold"])
        assert found == (n["kept"], n["broken"], n["untold"]) and row["n_cases"] == sum(found)
        judged = [
            (one, word)
            for one, word in zip(cases, words, strict=True)
            if word in ("kept", "broken") and (case != "journey" or one.outcome != "open")
        ]
        assert row["n_followed"] == len(judged)
        assert row["n_conform"] == sum(word == "kept" for _, word in judged)
        for side in ("kept", "broken"):
            mine = [
                one.outcome == "reached" for one, word in judged if word == side and one.outcome != "open"
            ]
            expected = np.mean(mine) if mine else np.nan
            np.testing.assert_allclose(row[f"reach_rate_{side}"], expected)
    wrong = Counter(way for one in cases for way in oracle.ways(one.events, ALLOWED, ["see"])[1])
    table = result.deviations.astype(object).where(result.deviations.notna(), None).to_dict("records")
    assert {(r["from"], r["to"]): r["n"] for r in table} == wrong


def test_one_case_an_actor_has_the_intervals_of_wilson_and_newcombe() -> None:
    log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="30min"))
    row = log.compute(jl.Conformance([{"before": ["search", "cart"]}])).table.iloc[0]
    n = row["n_followed"]
    low, high = wilson(row["n_conform"], n)
    np.testing.assert_allclose([row["conform_rate_low"], row["conform_rate_high"]], [low, high])
    sides = []
    for side, size in (("kept", row["n_conform"]), ("broken", n - row["n_conform"])):
        k = round(row[f"reach_rate_{side}"] * size)
        sides.append(Estimates(np.array(k / size), *wilson(k, size)))
    np.testing.assert_allclose(
        [row["reach_difference"], row["reach_difference_low"], row["reach_difference_high"]],
        difference(*sides),
    )


def test_cases_that_break_a_rule_can_be_looked_at() -> None:
    log = jl.datasets.tiny()
    result = log.compute(jl.Conformance([*RULES[:1], {"before": ["search", "cart"], "name": "search first"}]))
    shown = result.examples(log, "search first", n=1)
    assert len(shown) == 1 and shown["path"][0].index("cart") >= 0
    path = shown["path"][0]
    assert "search" not in path[: path.index("cart")]
    assert len(result.examples(log, "search first", n=50)) == result.table["n_broken"][1]
    with pytest.raises(ConfigError, match="did you mean 'search first'"):
        result.examples(log, "search frist")


@pytest.mark.parametrize(
    "rules",
    [[], "before", {"before": ["a", "b"]}, [{"before": ["a"]}], [{"before": "ab"}],
     [{"within": ["a", "b"]}], [{"never": "a", "then": "b"}],
     [{"ways": ["a"]}], [{"before": ["a", "b"], "never": "c"}], ["a before b"], [{"never": "a"}, {"never": "a"}],
     [{"within": ["a", "b", "soon"]}]],
)  # fmt: skip
def test_what_is_no_rule_is_told(rules: Any) -> None:
    with pytest.raises(ConfigError, match="Fix"):
        jl.Conformance(rules)


def test_without_a_patience_a_note_says_what_that_means() -> None:
    result = jl.datasets.tiny().compute(jl.Conformance([{"never": "pay"}]))
    assert any("patience" in note for note in result.notes)


def test_who_was_under_way_is_told() -> None:
    log = jl.datasets.tiny().then(jl.Journeys("pay", "10min", run_in="30min"))
    for question in (jl.Conformance([{"never": "pay"}]), jl.Touchpoints("channel", "event")):
        assert any("run-in" in note for note in log.compute(question).notes)
