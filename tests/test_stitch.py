"""Anonymous ids take the name of the one customer they belong to."""

from __future__ import annotations

import random

import pytest

import journeylog as jl
from tests.strategies import Event, make_log, to_records


def test_a_device_with_one_customer_is_that_customer_and_one_with_two_is_nobodys() -> None:
    events = [
        Event("d1", "home", 10, None, None),
        Event("d1", "login", 20, None, "anna"),
        Event("anna", "order", 15, None, None),
        Event("d2", "home", 5, None, "anna"),
        Event("d2", "home", 6, None, "boris"),
        Event("d2", "leave", 8, None, None),
        Event("d3", "home", 7, None, None),
    ]
    log = jl.stitch(make_log(events), by="channel")
    rows = [(r["actor"], r["event"]) for r in to_records(log.to_pandas())]
    assert sorted(rows) == [
        ("anna", "home"), ("anna", "home"), ("anna", "login"), ("anna", "order"), ("boris", "home"), ("d2", "leave"),
        ("d3", "home"),
    ]  # fmt: skip
    assert [event for actor, event in rows if actor == "anna"] == ["home", "home", "order", "login"]
    assert "4 actors became 4" in log.card.notes[0]
    assert "1 conflicts between known ids" in log.card.notes[1]
    assert log.card.kept == 7


def test_the_order_of_the_input_does_not_matter() -> None:
    events = [
        Event(f"d{i % 5}", "abc"[i % 3], i // 4, None, "anna" if i % 5 < 3 else None) for i in range(40)
    ]
    tables = set()
    for seed in range(4):
        shuffled = random.Random(seed).sample(events, len(events))
        frame = jl.stitch(make_log(shuffled), by="channel").to_pandas()
        tables.add(str(frame[["actor", "event", "time"]].sort_values("actor", kind="stable").to_dict("list")))
    assert len(tables) == 1


def test_levels_must_come_later_and_the_column_must_exist() -> None:
    log = make_log([Event("a", "x", 0, None, None)])
    with pytest.raises(jl.errors.ConfigError, match="stitch first"):
        jl.stitch(log.then(jl.Sessions()), by="channel")
    with pytest.raises(jl.errors.MissingColumnError, match="did you mean 'channel'"):
        jl.stitch(log, by="chanel")
    assert jl.stitch(make_log([]), by="channel").n_events == 0
