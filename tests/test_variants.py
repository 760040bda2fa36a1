from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Chunk
from journeylog.core.counts import Counts
from journeylog.core.encode import encode
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from journeylog.stats.variants import Variants
from tests.oracles.paths import judged
from tests.oracles.variants import variants
from tests.strategies import SECOND, empty, make_log, patience_of, plain_cases, rows, to_records, with_cases

CASES = json.loads((Path(__file__).parent / "cases" / "paths.json").read_text(encoding="utf-8"))
WINDOW = Window(0, 70 * 61 * SECOND)


def words_log(words: list[list[str]]) -> jl.EventLog:
    """Return a log of one actor a word, its names a second apart."""
    pairs = [(f"u{i:06d}", name, k * SECOND) for i, word in enumerate(words) for k, name in enumerate(word)]
    chunk, _ = build_chunk(
        pa.array([p[0] for p in pairs]),
        np.array([p[2] for p in pairs], np.int64),
        {"event": encode(pa.array([p[1] for p in pairs]))},
    )
    return jl.EventLog.from_chunk(chunk)


@settings(max_examples=150, deadline=None)
@given(
    rows(),
    st.sampled_from([("event", False), ("event", True), ("stage", True), ("channel", False)]),
    st.sampled_from(["actor", "journey"]),
    st.sampled_from([1, 2, 5, 50]),
    st.lists(st.integers(0, 40), max_size=4),
    st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_equals_the_oracle(
    events: Any, nodes: Any, case: str, max_length: int, cuts: Any, outcomes: Any
) -> None:
    node, merge = nodes
    chunk = with_cases(make_log(events).chunk, cuts, outcomes, 5 * SECOND)
    stat = Variants(node, case, merge, max_length=max_length, top=None)
    result = jl.EventLog.from_chunk(chunk, WINDOW).compute(stat)
    cases = judged(plain_cases(chunk, case), node, merge, patience_of(chunk, case), WINDOW.end)
    truth = variants(cases, node, merge, max_length)
    found = {(row["path"], row["truncated"]): row for row in to_records(result.table)}
    assert set(found) == set(truth) and len(found) == len(result.table)
    all_actors: dict[str, int] = {}
    for want in truth.values():
        for actor, k in want["actors"].items():
            all_actors[actor] = all_actors.get(actor, 0) + k
    total = sum(all_actors.values())
    for key, want in truth.items():
        row, n = found[key], len(want["times"])
        assert (row["n_cases"], row["n_total"], row["length"]) == (n, total, len(key[0]))
        assert row["n_actors"] == len(want["actors"])
        assert [row[f"n_{o}"] for o in ("reached", "dropped", "open")] == [
            want["outcomes"][o] for o in ("reached", "dropped", "open")
        ]
        assert row["share"] == n / total
        assert row["time_mean_s"] == pytest.approx(sum(want["times"]) / n / SECOND)
        middle = sorted(want["times"])[math.ceil(n / 2) - 1] / SECOND
        assert row["time_median_s"] == pytest.approx(middle, rel=1 / 256)
        low, high = cluster_share(
            n,
            total,
            sum(k * k for k in want["actors"].values()),
            sum(k * all_actors[a] for a, k in want["actors"].items()),
            sum(k * k for k in all_actors.values()),
        )
        assert (row["share_low"], row["share_high"]) == (float(low), float(high))
    order = [(-r["n_cases"], r["length"], r["path"]) for r in to_records(result.table)]
    assert order == sorted(order)
    if total:
        assert result.table["cum_share"].iloc[-1] == 1.0
    top = jl.EventLog.from_chunk(chunk, WINDOW).compute(Variants(node, case, merge, max_length, 2)).table
    assert top.equals(result.table.head(2))


@settings(max_examples=60, deadline=None)
@given(rows(), st.lists(st.integers(0, 40), max_size=3), st.integers(2, 5), st.integers(0, 99))
def test_any_partition_gives_the_same_bytes(events: Any, cuts: Any, k: int, seed: int) -> None:
    chunk = with_cases(make_log(events).chunk, cuts, [0, 1, 2], 5 * SECOND)
    stat = Variants("event", "journey", max_length=4)
    parts = [stat.summarize(part, WINDOW) for part in [*chunk.split(k), chunk.slice(0, 0)]]
    random.Random(seed).shuffle(parts)
    assert Counts.merge(parts).to_bytes() == stat.summarize(chunk, WINDOW).to_bytes()


def test_chunks_with_other_codes_meet_by_name() -> None:
    words = [["a", "b"], ["b", "a"], ["c", "b"], ["a", "b"]]
    whole = words_log(words).chunk
    stat = Variants()
    parts = [stat.summarize(_alone(whole, i), WINDOW) for i in (3, 0, 2, 1)]
    assert Counts.merge(parts).to_bytes() == stat.summarize(whole, WINDOW).to_bytes()


def _alone(chunk: Chunk, i: int) -> Chunk:
    """Return one actor, encoded apart."""
    part = chunk.slice(i, i + 1)
    names = [part.event.names[c] for c in part.event.codes.tolist()]
    return part.with_columns(
        event=encode(pa.array(names[::-1]).take(pa.array(range(len(names) - 1, -1, -1))))
    )


def test_names_with_separators_never_collapse() -> None:
    words = [["a > b", "c"], ["a", "b > c"], ["a", "b", "c"], ["a→b→c"], ["a", "b\nc"], ["('a', 'b')", "c"]]
    table = words_log(words).compute(Variants()).table
    assert len(table) == 6 and set(table["path"]) == {tuple(w) for w in words}


def test_a_cut_path_is_not_the_whole_one() -> None:
    log = words_log([["a"] * 50, ["a"] * 51, ["a"] * 52])
    result = log.compute(Variants())
    assert [(r["n_cases"], r["truncated"], r["length"]) for r in to_records(result.table)] == [
        (2, True, 50),
        (1, False, 50),
    ]
    assert any("paths of 2 cases are cut after 50" in note for note in result.notes)


def test_many_paths_of_few_names_are_all_told_apart() -> None:
    """All 4,094 words of two letters up to 11 letters long: hashes that fold would meet somewhere."""
    words = [list(f"{k:0{n}b}") for n in range(1, 12) for k in range(2**n)]
    table = words_log(words).compute(Variants(top=None)).table
    assert len(table) == len(words) and (table["n_cases"] == 1).all()


def test_the_rest_is_told_when_only_the_top_is_shown() -> None:
    log = words_log([["a"]] * 3 + [["b"]] * 2 + [["c"], ["d"], ["e", "e"]])
    result = log.compute(Variants(top=3))
    assert result.table["path"].tolist() == [("a",), ("b",), ("c",)]
    assert result.table["cum_share"].tolist() == [3 / 8, 5 / 8, 6 / 8]
    assert any("2 further paths cover the other 2 of 8 cases" in note for note in result.notes)
    assert any("no patience was declared" in note for note in result.notes)
    assert (result.table["share_low"][0], result.table["share_high"][0]) == tuple(map(float, wilson(3, 8)))


def test_cases_without_a_node_are_told() -> None:
    log = make_log([], Window(0, SECOND))
    assert len(log.compute(Variants()).table) == 0
    some = jl.EventLog.from_chunk(jl.datasets.tiny().chunk)
    stage = encode(pa.array(["see"] * 4 + [None] * 8, pa.string()))
    staged = jl.EventLog.from_chunk(some.chunk.with_columns(stage=stage))
    result = staged.compute(Variants("stage"))
    assert result.table["path"].tolist() == [("see",)] and result.table["share"].tolist() == [1.0]
    assert any("3 of 4 cases visit no node" in note for note in result.notes)


@pytest.mark.parametrize("case", CASES["merged"], ids=lambda c: c["id"])
def test_public_case(case: dict[str, Any]) -> None:
    log = words_log([case["events"]])
    assert log.compute(Variants()).table["path"][0] == tuple(case["path"])
    assert log.compute(Variants(merge=True)).table["path"][0] == tuple(case["merged"])


def test_an_empty_log_gives_no_rows_and_all_columns() -> None:
    bare = jl.EventLog.from_chunk(empty()).compute(Variants())
    full = jl.datasets.tiny().compute(Variants())
    assert len(bare.table) == 0 and list(bare.table.columns) == list(full.table.columns)


@pytest.mark.parametrize("options", [{"max_length": 0}, {"max_length": 10_001}, {"top": 0}])
def test_numbers_that_mean_nothing_are_refused(options: Any) -> None:
    with pytest.raises(ConfigError, match="Fix: "):
        Variants(**options)


def test_the_answer_travels() -> None:
    result = jl.datasets.tiny().compute(Variants())
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["table"][0]["path"] == ["home", "search"]
    assert result.to_arrow().column("path").to_pylist()[0] == ["home", "search"]
    groups = jl.datasets.tiny().compute(Variants(), by="channel")
    assert groups["web"].table["n_total"].tolist() == [2, 2]
