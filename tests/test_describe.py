from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.counts import Counts
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.window import Window
from journeylog.stats.describe import Describe
from tests.oracles.describe import describe
from tests.strategies import SECOND, empty, make_log, plain_cases, rows, to_records

WINDOW = Window(0, 10**15)


@settings(max_examples=150, deadline=None)
@given(rows(), st.integers(1, 40_000), st.integers(-3, 3))
def test_equals_the_oracle(events: Any, stretch: int, days: int) -> None:
    moved = [replace(e, time=e.time * stretch + days * 86_400 * SECOND) for e in events]
    log = make_log(moved, WINDOW)
    result = log.compute(Describe())
    names, actors = describe(plain_cases(log.chunk, "actor"))
    found = {row["event"]: row for row in to_records(result.table)}
    assert set(found) == set(names)
    sizes = {c.actor: len(c.events) for c in plain_cases(log.chunk, "actor")}
    total = sum(sizes.values())
    for name, want in names.items():
        row, n, mine = found[name], len(want["times"]), want["actors"]
        assert (row["n"], row["n_actors"]) == (n, len(mine))
        assert (row["n_events_total"], row["n_actors_total"]) == (total, len(sizes))
        assert (row["share"], row["actor_share"]) == (n / total, len(mine) / len(sizes))
        assert row["mean_place"] == pytest.approx(sum(want["places"]) / n)
        assert row["first_time"] == pd.Timestamp(min(want["times"]), unit="us", tz="UTC")
        assert row["last_time"] == pd.Timestamp(max(want["times"]), unit="us", tz="UTC")
        squares = sum(k * k for k in mine.values()), sum(k * sizes[a] for a, k in mine.items())
        low, high = cluster_share(n, total, *squares, sum(k * k for k in sizes.values()))
        assert (row["share_low"], row["share_high"]) == (float(low), float(high))
        low, high = wilson(len(mine), len(sizes))
        assert (row["actor_share_low"], row["actor_share_high"]) == (float(low), float(high))
    facts = {row["measure"]: row for row in to_records(result.actors)}
    assert set(facts) == ({"events", "active_days", "span_s"} if events else set())
    for measure, values, unit in (
        ("events", actors["events"], 1),
        ("active_days", actors["active_days"], 1),
        ("span_s", actors["span"], SECOND),
    ):
        if not events:
            break
        row, ranked = facts[measure], sorted(values)
        assert row["n_actors"] == len(values)
        assert (row["smallest"], row["largest"]) == (ranked[0] / unit, ranked[-1] / unit)
        assert row["mean"] == pytest.approx(sum(values) / len(values) / unit)
        for column, q in (("median", 0.5), ("p90", 0.9)):
            assert row[column] == pytest.approx(ranked[math.ceil(q * len(ranked)) - 1] / unit, rel=1 / 256)


@settings(max_examples=50, deadline=None)
@given(rows(), st.integers(2, 5), st.integers(0, 99))
def test_any_partition_gives_the_same_bytes(events: Any, k: int, seed: int) -> None:
    chunk, stat = make_log(events).chunk, Describe()
    parts = [stat.summarize(part, WINDOW) for part in [*chunk.split(k), chunk.slice(0, 0)]]
    random.Random(seed).shuffle(parts)
    assert Counts.merge(parts).to_bytes() == stat.summarize(chunk, WINDOW).to_bytes()


def test_an_empty_log_gives_no_rows_and_all_columns() -> None:
    bare = jl.EventLog.from_chunk(empty()).compute(Describe())
    full = jl.datasets.tiny().compute(Describe())
    assert len(bare.table) == 0 and list(bare.table.columns) == list(full.table.columns)
    assert bare.table["first_time"].dtype == full.table["first_time"].dtype
    assert bare.tables["log"]["n_events"].tolist() == [0]
    json.dumps(bare.to_dict(), allow_nan=False)


def test_the_log_in_one_row() -> None:
    row = jl.datasets.tiny().compute(Describe()).tables["log"].iloc[0]
    assert (row["n_actors"], row["n_events"], row["n_names"]) == (4, 12, 4)
    assert str(row["first_time"]) == "2025-01-06 09:00:00+00:00"
    assert str(row["last_time"]) == "2025-01-06 12:10:00+00:00"


def test_groups_describe_whole_actors() -> None:
    groups = jl.datasets.tiny().compute(Describe(), by="channel")
    assert groups["web"].tables["log"]["n_actors"].tolist() == [2]
    assert groups["app"].table["n_events_total"].tolist() == [5] * 4
