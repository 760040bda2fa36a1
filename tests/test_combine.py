"""Several sources under one order: clocks set right, the same thing counted once, every row in the card."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.card import Card
from journeylog.core.window import format_duration
from journeylog.errors import (
    ConfigError,
    EmptyResultWarning,
    LoadWarning,
    MissingColumnError,
    UnseenNameWarning,
)
from tests.oracles import combine as oracle

START = pd.Timestamp("2025-01-06 10:00", tz="UTC")
SOURCES = ["shop", "web", "crm"]


def log_of(source: str | None, rows: list[tuple[Any, ...]], **how: Any) -> jl.EventLog:
    """Rows are who, what, seconds after the start, order."""
    frame = pd.DataFrame(rows, columns=["who", "what", "after", "order"])
    frame["order"] = frame["order"].astype("str")
    frame["at"] = START + pd.to_timedelta(frame.pop("after"), unit="s")
    named = {} if source is None else {"source": jl.constant(source)}
    return jl.read(frame, actor="who", event="what", time="at", **named, **how)


def times(log: jl.EventLog) -> list[float]:
    return ((log.to_pandas()["time"] - START).dt.total_seconds()).tolist()


CLICKS = [
    ("d1", "home", 0, None),
    ("d1", "purchase", 60, "o1"),
    ("d2", "purchase", 300, "o2"),
    ("d3", "purchase", 9, "o9"),
]
ORDERS = [("anna", "ordered", 65, "o1"), ("ben", "ordered", 2000, "o2"), ("cy", "ordered", 70, "o3")]
RULE = jl.Same({"web": "purchase", "shop": "ordered"}, on="order", within="10min")


def test_the_same_purchase_counts_once_and_the_card_says_so() -> None:
    web, shop = log_of("web", CLICKS), log_of("shop", ORDERS)
    for first, kept, gone in (("shop", "ordered", "web"), ("web", "purchase", "shop")):
        both = jl.combine(web, shop, precedence=sorted(["web", "shop"], key=lambda s: s != first), same=RULE)
        frame = both.to_pandas()
        assert frame.loc[frame["order"] == "o1", "event"].tolist() == [kept]
        assert sorted(frame.loc[frame["order"] == "o2", "event"]) == ["ordered", "purchase"]  # too far apart
        assert (both.card.kept, both.card.deduplicated, both.card.rows_in) == (6, 1, 7)
        assert both.card.sources[gone]["deduplicated"] == 1
        assert {name: counts["rows_in"] for name, counts in both.card.sources.items()} == {
            "web": 4,
            "shop": 3,
        }
        assert "1 events are told by several of web, shop (same order within 10min)" in both.card.notes[0]
        assert both.n_actors == len(set(frame["actor"])) == (6 if gone == "web" else 5)


def test_a_log_given_twice_is_told() -> None:
    web = log_of("web", CLICKS)
    for twin in (web, log_of("web", CLICKS)):
        with pytest.warns(
            LoadWarning, match="logs 1 and 2 hold the same 4 events, which count twice. Fix: leave"
        ):
            assert jl.combine(web, twin, precedence=["web"]).n_events == 8
    jl.combine(web, log_of("app", CLICKS), precedence=["web", "app"])  # another source may have seen the same


def test_an_actor_without_events_is_gone_and_copies_of_copies_too() -> None:
    logs = [log_of(s, [(f"{s}-id", "bought", k * 400, "o1")]) for k, s in enumerate(["shop", "web", "crm"])]
    rule = jl.Same(dict.fromkeys(SOURCES, "bought"), on="order", within="500s")
    both = jl.combine(*logs, precedence=SOURCES, same=rule)
    assert both.to_pandas()["actor"].tolist() == ["shop-id"]
    assert both.card.deduplicated == 2
    assert both.chunk.actors.to_pylist() == ["shop-id"]


TOLD = st.tuples(
    st.sampled_from(SOURCES), st.sampled_from(["o1", "o2", None]), st.integers(0, 30), st.sampled_from("xy")
)


@settings(max_examples=150)
@given(st.lists(TOLD, max_size=14), st.permutations(SOURCES), st.sampled_from([None, 1, 4]))
def test_copies_are_what_the_plain_loops_say(rows: Any, precedence: list[str], within: int | None) -> None:
    everybody = [*rows, *((s, None, 0, "x") for s in SOURCES)]  # each source has an event
    logs = [log_of(s, [(w, "e", t, key) for source, key, t, w in everybody if source == s]) for s in SOURCES]
    rule = jl.Same(dict.fromkeys(SOURCES, "e"), on="order", within=None if within is None else f"{within}s")
    both = jl.combine(*logs, precedence=precedence, same=rule)
    told = oracle.copies([(s, k, t) for s, k, t, _ in everybody], precedence, within)
    expected = sorted((s, t, w) for (s, _, t, w), gone in zip(everybody, told, strict=True) if not gone)
    frame = both.to_pandas()
    found = sorted(zip(frame["source"], times(both), frame["actor"], strict=True))
    assert found == expected
    assert both.card.deduplicated == sum(told)
    with_actor = jl.combine(*logs, precedence=precedence, same=jl.Same(rule.events, on=["order", "actor"]))
    both_keys = [(s, None if k is None else k + w, t) for s, k, t, w in everybody]
    assert with_actor.card.deduplicated == sum(oracle.copies(both_keys, precedence, None))


def test_keys_may_be_called_differently_and_be_numbers() -> None:
    frame = pd.DataFrame({"who": ["a", "b"], "what": "purchase", "at": START, "n": [1, 2], "v": [10.5, 20.0]})
    web = jl.read(frame, actor="who", event="what", time="at", value="v", source=jl.constant("web"))
    shop = jl.read(
        frame.rename(columns={"n": "number"}).assign(what="ordered"),
        actor="who", event="what", time="at", value="v", source=jl.constant("shop"),
    )  # fmt: skip
    rule = jl.Same(
        {"web": "purchase", "shop": "ordered"}, on={"web": ["n", "value"], "shop": ["number", "value"]}
    )
    both = jl.combine(web, shop, precedence=["shop", "web"], same=[rule])
    assert both.to_pandas()["event"].tolist() == ["ordered", "ordered"]
    with pytest.raises(MissingColumnError):
        jl.combine(web, shop, precedence=["shop", "web"], same=jl.Same(rule.events, on="number"))


def test_a_key_is_the_same_whatever_the_type_of_its_column() -> None:
    def log(source: str, order: Any) -> jl.EventLog:
        frame = pd.DataFrame({"who": source, "what": "bought", "at": START, "order": order})
        return jl.read(frame, actor="who", event="what", time="at", source=jl.constant(source))

    logs = [
        log("shop", pd.array([17, 18], dtype="int64")), log("web", [17.0, None]), log("crm", ["18", "0017"]),
    ]  # fmt: skip
    both = jl.combine(*logs, precedence=SOURCES, same=jl.Same(dict.fromkeys(SOURCES, "bought"), on="order"))
    assert both.card.deduplicated == 2  # 17.0 and "18"; "0017" is another


def test_a_combined_log_keeps_the_counts_of_its_sources() -> None:
    web, shop, crm = log_of("web", CLICKS), log_of("shop", ORDERS), log_of("crm", [("anna", "won", 70, "o1")])
    inner = jl.combine(web, shop, precedence=["shop", "web"], same=RULE)
    rule = jl.Same({"shop": "ordered", "crm": "won"}, on="order")
    whole = jl.combine(inner, crm, precedence=["crm", "shop", "web"], same=rule)
    assert dict(whole.card.sources) == {
        "web": {"rows_in": 4, "kept": 3, "rejected": 0, "deduplicated": 1},
        "shop": {"rows_in": 3, "kept": 2, "rejected": 0, "deduplicated": 1},
        "crm": {"rows_in": 1, "kept": 1, "rejected": 0, "deduplicated": 0},
    }
    assert whole.card.deduplicated == 2
    mixed = jl.combine(log_of(None, CLICKS), crm)
    assert list(mixed.card.sources) == ["log 1", "crm"]
    with pytest.warns(LoadWarning, match="count twice"):
        twice = jl.combine(web, web)
    assert list(twice.card.sources) == ["web", "web (2)"]
    with pytest.raises(AssertionError, match="'web' were lost"):
        Card(1, 1, sources={"web": {"rows_in": 2, "kept": 1}})


# ------------------------------------------------------------------------------------------------------- clocks


def test_declared_offsets_set_times_right() -> None:
    web, shop = log_of("web", CLICKS), log_of("shop", ORDERS)
    for ahead in ("5s", dt.timedelta(seconds=5), np.timedelta64(5, "s")):
        both = jl.combine(web, shop, offsets={"shop": ahead})
        assert sorted(times(both)) == [0, 9, 60, 60, 65, 300, 1995]
    both = jl.combine(web, shop, offsets={"shop": "-1h", "web": "+1s"})
    assert max(times(both)) == 5600
    assert both.window.end == int((START + pd.Timedelta("5600s")).timestamp() * 1_000_000)
    assert "the clock of 'shop' is 1 h behind, as declared" in both.card.notes[0]


def test_offsets_come_before_tolerances_and_a_declared_window_grows() -> None:
    period = ("2025-01-06 09:59", "2025-01-06 11:00")
    web = log_of("web", CLICKS, window=period)
    shop = log_of("shop", [("anna", "ordered", 3600 - 30, "o1")], window=period)
    rule = jl.Same(RULE.events, on="order", within="1s")
    both = jl.combine(web, shop, precedence=["shop", "web"], offsets={"shop": "3510s"}, same=rule)
    assert both.card.deduplicated == 1
    assert both.window.declared and str(both.window).startswith("2025-01-06 09:59:00")
    early = jl.combine(web, shop, precedence=["shop", "web"], offsets={"shop": "2h"})
    assert str(early.window).startswith("2025-01-06 08:59:30") and early.window.declared


KEYED = st.lists(st.tuples(st.sampled_from(["o1", "o2", "o3", "o4", None]), st.integers(0, 50)), max_size=8)


@given(KEYED, KEYED)
def test_the_estimate_is_the_median_of_the_pairs(a: Any, b: Any) -> None:
    left = log_of("web", [("d", "purchase", t, k) for k, t in a] + [("d", "home", 0, "o1")])
    right = log_of("shop", [("u", "ordered", t, k) for k, t in b] + [("u", "paid", 0, "o2")])
    lags = oracle.differences(a, b)
    events = ("purchase", "ordered")
    unseen = [name for name, rows in (("purchase", a), ("ordered", b)) if not rows]
    if unseen:
        with pytest.warns((UnseenNameWarning, EmptyResultWarning)):
            found = jl.estimate_offset(left, right, on="order", events=events)
    elif not lags:
        with pytest.warns(EmptyResultWarning, match="no event is in both"):
            found = jl.estimate_offset(left, right, on="order", events=events)
    else:
        found = jl.estimate_offset(left, right, on="order", events=events)
    assert found.n == len(lags)
    keys = {k for k, _ in [*a, *b]} - {None}
    assert found.n + found.n_ambiguous + found.n_alone == len(keys)
    if lags:
        assert found.micros == int(np.median(np.array(lags)) * 1_000_000)
        assert found.spread is not None and found.spread[0] <= found.micros <= found.spread[1]
        assert found.low is None or found.low <= found.micros
    else:
        assert found.micros is None and "unknown" in repr(found)


def test_the_interval_covers_the_offset_and_ticks_are_stated() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        lag = 3 + rng.laplace(0, 1, 40)
        rows = [("d", "purchase", 600 * k, f"o{k}") for k in range(40)]
        late = [("u", "ordered", round(600 * k + lag[k], 3), f"o{k}") for k in range(40)]
        found = jl.estimate_offset(log_of(None, rows), log_of(None, late), on="order")
        assert found.low is not None and found.high is not None
        covered += found.low <= 3_000_000 <= found.high
        assert found.ticks == (60_000_000, 1_000)
    assert 0.92 <= covered / 200 <= 1.0


def test_a_known_offset_is_found_and_declared_as_it_is() -> None:
    rows = [("d", "purchase", 100 * k, f"o{k}") for k in range(20)]
    late = [("u", "ordered", 100 * k - 90, f"o{k}") for k in range(20)]
    web, shop = log_of("web", rows), log_of("shop", late)
    found = jl.estimate_offset(web, shop, on=["order"], on_b="order")
    assert found.micros == found.low == found.high == -90_000_000
    assert format_duration(found.micros) in repr(found) and "n = 20" in found._repr_html_()
    assert found.table.loc[0, ["n", "offset_s", "tick_a_s", "tick_b_s"]].tolist() == [20, -90, 1, 1]
    rule = jl.Same(RULE.events, on="order", within="1s")
    both = jl.combine(web, shop, precedence=["shop", "web"], offsets={"shop": found}, same=rule)
    assert both.card.deduplicated == 20


def test_one_pair_bounds_nothing() -> None:
    found = jl.estimate_offset(log_of("a", CLICKS), log_of("b", ORDERS[:1]), on="order")
    assert (found.n, found.micros, found.low, found.high) == (1, 5_000_000, None, None)
    assert "unbounded" in repr(found)


def test_mistakes_are_told() -> None:
    web, shop = log_of("web", CLICKS), log_of("shop", ORDERS)
    unknown = jl.Offset(None, None, None, 0, 0, 0, (1, 1), None)
    for wrong, says in (
        (lambda: jl.combine(web, shop, offsets={"shp": "3s"}), "did you mean 'shop'"),
        (lambda: jl.combine(web, shop, offsets={"shop": 3}), "has no unit"),
        (lambda: jl.combine(web, shop, offsets={"shop": "3"}), "unit"),
        (lambda: jl.combine(web, shop, offsets={"shop": unknown}), "unknown"),
        (lambda: jl.combine(web, shop, same=RULE), "whose copy is kept"),
        (lambda: jl.combine(web, same=RULE, precedence=["web", "shop"]), "no event has the source 'shop'"),
        (lambda: jl.combine(web, shop, same="order"), "is no rule"),
        (lambda: jl.Same({"web": "purchase"}, on="order"), "two sources"),
        (lambda: jl.Same(RULE.events, on=[]), "no key"),
        (lambda: jl.Same(RULE.events, on={"web": "order"}), "no key for 'shop'"),
        (lambda: jl.Same(RULE.events, on={"web": "order", "shop": ["order", "actor"]}), "same number"),
        (lambda: jl.Same(RULE.events, on="order", within="10"), "unit"),
        (lambda: jl.estimate_offset(web, shop, on=[]), "not one key"),
        (lambda: jl.estimate_offset(web, shop, on="order", events=("a",)), "no pair"),
    ):
        with pytest.raises(ConfigError, match=says):
            wrong()  # type: ignore[no-untyped-call]
