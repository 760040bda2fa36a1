"""Conditions: what they select, and what they say when they are wrong."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylog.core.chunk import Chunk, Number
from journeylog.core.condition import columns_of, freeze, matches, matching_names, warn_unknown, warn_unseen
from journeylog.errors import ConfigError, MissingColumnError, UnseenNameWarning
from tests.oracles import steps as oracle
from tests.step_logs import NAMES, Row, make_chunk, plain, rows

patterns = st.sampled_from([*NAMES, "home*", "*", "?ome", "a?b", "*a*", "pa?", "??", "c*t*", "(", "web"])
texts = st.one_of(patterns, st.none(), st.sampled_from([1, 2.0, True]))
numbers = st.sampled_from([0, 1, 1.5, -2, 0.5, 2, 0.1 + 0.2, 10**30, -(10**30), 1e-7, True])
equal = st.sampled_from(["is", "is_not", "==", "!="])
order = st.sampled_from([">", ">=", "<", "<="])


def lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=1, max_size=3)


def compared(values: st.SearchStrategy[Any], ordered: bool) -> st.SearchStrategy[Any]:
    same = st.dictionaries(equal, st.one_of(values, st.none(), lists(values)), min_size=1, max_size=2)
    return st.one_of(same, st.dictionaries(order, values, min_size=1, max_size=2)) if ordered else same


on_text = st.one_of(texts, compared(patterns, False), lists(st.one_of(texts, compared(patterns, False))))
on_number = st.one_of(numbers, st.none(), compared(numbers, True), lists(st.one_of(numbers, st.none())))
moments = st.sampled_from(["1970-01-01", "1970-01-02", "1970-01-01 23:59:59"])
on_time = st.one_of(st.none(), compared(moments, True), compared(st.sampled_from([0, 86_400_000_000]), True))
mappings = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("event", "channel", "sid", "note"), on_text),
        **dict.fromkeys(("order", "value", "rate"), on_number),
        "at": on_time,
    },
).filter(bool)
conditions = st.recursive(st.one_of(patterns, mappings), lists, max_leaves=5)


@settings(max_examples=200, deadline=None)
@given(events=rows(max_events=12), condition=conditions)
def test_it_selects_what_a_loop_selects(events: list[Row], condition: Any) -> None:
    chunk = make_chunk(events)
    found = matches(chunk, freeze(condition))
    assert found.tolist() == [oracle.holds(row, condition) for row in plain(chunk)]


@settings(max_examples=100, deadline=None)
@given(condition=conditions)
def test_freezing_twice_and_reading_from_json_change_nothing(condition: Any) -> None:
    frozen = freeze(condition)
    assert freeze(frozen) == frozen == freeze(json.loads(json.dumps(frozen)))


@settings(max_examples=100, deadline=None)
@given(condition=conditions)
def test_names_alone_are_enough_when_only_names_are_asked_for(condition: Any) -> None:
    frozen = freeze(condition)
    hits = matching_names(NAMES, frozen)
    if columns_of(frozen) == {"event"}:
        assert hits is not None
        assert hits.tolist() == [oracle.holds({"event": name}, condition) for name in NAMES]
    else:
        assert hits is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"is": [1, 2]}, [True, True, False, False]),
        ({"is_not": [1, 2]}, [False, False, True, False]),
        ({"is": None}, [False, False, False, False]),
        ({"is_not": None}, [True, True, True, False]),
        ({"is_not": [1, None]}, [False, True, True, False]),
        (None, [False, False, False, True]),
        ([3, None], [False, False, True, True]),
    ],
)
def test_one_of_none_of_and_missing(wanted: Any, expected: list[bool]) -> None:
    rest = dict.fromkeys(("sid", "value", "rate", "at"))
    chunk = make_chunk(
        [
            {
                "actor": "u",
                "event": "x",
                "time": i,
                "order": v,
                "channel": v and str(v),
                "note": v and str(v),
                **rest,
            }
            for i, v in enumerate([1, 2, 3, None])
        ]
    )
    written = freeze({"n": wanted})["n"]
    for column in ("order", "channel", "note"):
        assert matches(chunk, {column: written}).tolist() == expected, column


def test_a_wildcard_reaches_over_lines() -> None:
    found = matching_names(["a\nb", "a\n", "ab"], ("a*b", "a?"))
    assert found is not None and found.tolist() == [True, True, True]


@pytest.mark.parametrize("op", [">", ">=", "<", "<=", "==", "!="])
@pytest.mark.parametrize(
    "other", [1.005, 4.35, 0.1, 0.3, 1e-7, 9_007_199_254_740_993, 2.5, float("inf"), 10**30]
)
def test_money_and_large_integers_are_not_rounded(op: str, other: Any) -> None:
    around = int(min(other, 9 * 10**12) * 1_000_000)
    values = np.array([around + shift for shift in (-2, -1, 0, 1, 2)], dtype=np.int64)
    for unit, scale in (("micros", 1_000_000), ("", 1)):
        chunk = numbers_only(Number(values, None, unit))
        found = matches(chunk, {"n": {op: other}}).tolist()
        exact = other if other == float("inf") else oracle.Fraction(str(other)) * scale
        assert found == [oracle.OPERATORS[op](int(v), exact) for v in values]


def test_a_set_reads_the_same_in_every_process() -> None:
    assert freeze({"b", "a", "c"}) == ("a", "b", "c")
    assert freeze({"event": {"b", "a"}}) == {"event": ("a", "b")}


def test_values_of_numpy_and_dates_become_plain() -> None:
    frozen = freeze({"n": np.int64(3), "flag": np.bool_(True), "at": {"<": dt.date(2025, 1, 31)}})
    assert frozen == {"n": 3, "flag": True, "at": {"<": "2025-01-31"}}
    assert json.loads(json.dumps(frozen)) == frozen


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({}, "empty condition"),
        ([], "empty list of conditions"),
        (7, "7 is no condition"),
        ({"channel": []}, "empty list of values"),
        ({"value": {}}, "empty comparison"),
        ({"value": {"=>": 3}}, "unknown comparison '=>'"),
        ({"value": {">": None}}, "'>' cannot compare"),
        ({"value": {">": [1, 2]}}, "'>' cannot compare"),
        ({"value": {"is": {">": 2}}}, "'is' cannot compare"),
        ({"value": object()}, "is no value to compare with"),
    ],
)
def test_a_malformed_condition_says_what_would_be_right(condition: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        freeze(condition)
    assert "Fix: " in str(caught.value)


@pytest.mark.parametrize(
    ("condition", "error", "says"),
    [
        ({"chanel": "web"}, MissingColumnError, "did you mean 'channel'"),
        ({"channel": {">": 3}}, ConfigError, "holds text"),
        ({"value": "much"}, ConfigError, "'much' is text"),
        ({"at": {">": "yesterday"}}, ConfigError, "'yesterday' is not a time"),
    ],
)
def test_a_condition_that_does_not_fit_the_column(condition: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        matches(make_chunk([]), freeze(condition))


def test_unseen_names_are_told_with_the_nearest() -> None:
    asked = freeze(
        ["hone", {"event": ["cart", {"is": "pay*"}, None, 3]}, "ho*", {"event": {"is_not": "zzz"}}]
    )
    with pytest.warns(UnseenNameWarning) as caught:
        warn_unknown(["home", "cart", "pay"], asked)
    told = [str(w.message) for w in caught]
    assert [text.split("'")[1] for text in told] == ["hone", "pay*"]
    assert "near: ['home']" in told[0]


def test_names_that_occur_are_not_told() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn_unseen(make_chunk([]), {"channel": "web"})
        warn_unknown(["home", "a*"], freeze(["home", "h?me", {"event": {"is": "a*"}, "channel": "none"}]))
    assert told == []


def numbers_only(column: Number) -> Chunk:
    rest = dict.fromkeys(("channel", "sid", "order", "value", "rate", "at", "note"))
    five = make_chunk([{"actor": "ada", "event": "x", "time": i, **rest} for i in range(5)])
    return five.with_columns(n=column)
