from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.counts import Counts
from journeylog.core.encode import encode
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.window import Window
from journeylog.errors import ConfigError, UnseenNameWarning
from journeylog.stats.stepmatrix import StepMatrix
from tests.oracles.paths import judged
from tests.oracles.stepmatrix import step_matrix
from tests.strategies import SECOND, empty, make_log, patience_of, plain_cases, rows, to_records, with_cases

CASES = json.loads((Path(__file__).parent / "cases" / "paths.json").read_text(encoding="utf-8"))
WINDOW = Window(0, 70 * 61 * SECOND)
ANCHORS: list[Any] = [
    (None, None),
    ("b", lambda e: e.event == "b"),
    ({"channel": "web"}, lambda e: e.channel == "web"),
]


@settings(max_examples=150, deadline=None)
@given(
    rows(),
    st.sampled_from([("event", False), ("event", True), ("stage", True), ("channel", False)]),
    st.sampled_from(["actor", "journey", "channel"]),
    st.integers(1, 4),
    st.sampled_from(ANCHORS),
    st.integers(0, 3),
    st.integers(0, 3),
    st.lists(st.integers(0, 40), max_size=4),
    st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_equals_the_oracle(
    events: Any,
    nodes: Any,
    case: str,
    steps: int,
    anchor: Any,
    before: int,
    after: int,
    cuts: Any,
    outcomes: Any,
) -> None:
    node, merge = nodes
    chunk = with_cases(make_log(events).chunk, cuts, outcomes, 5 * SECOND)
    stat = StepMatrix(node, case, merge, steps, anchor[0], before, after)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnseenNameWarning)
        result = jl.EventLog.from_chunk(chunk, WINDOW).compute(stat)
    ready = stat.prepare(chunk)
    plain = judged(plain_cases(ready, case), node, merge, patience_of(ready, case), WINDOW.end)
    cells, flows, n = step_matrix(plain, node, merge, steps, anchor[1], before, after)
    found = {
        (r["position"], r["kind"], r["node"] if r["kind"] == "node" else r["kind"]): r
        for r in to_records(result.table)
    }
    assert {key: row["n_cases"] for key, row in found.items()} == dict(cells)
    assert all(row["n_total"] == n and row["share"] == row["n_cases"] / n for row in found.values())
    moves = {
        (r["position"], r["from_kind"], _name(r, "from"), r["to_kind"], _name(r, "to")): r["n"]
        for r in to_records(result.flows)
    }
    assert moves == dict(flows)


def _name(row: dict[str, Any], side: str) -> Any:
    return row[side] if row[f"{side}_kind"] == "node" else row[f"{side}_kind"]


@settings(max_examples=60, deadline=None)
@given(
    rows(),
    st.sampled_from([None, "a"]),
    st.lists(st.integers(0, 40), max_size=3),
    st.integers(2, 5),
    st.integers(0, 99),
)
def test_any_partition_gives_the_same_bytes(events: Any, anchor: Any, cuts: Any, k: int, seed: int) -> None:
    chunk = with_cases(make_log(events).chunk, cuts, [0, 1, 2], 5 * SECOND)
    stat = StepMatrix("event", "journey", steps=4, anchor=anchor)
    parts = [stat.summarize(part, WINDOW) for part in [*chunk.split(k), chunk.slice(0, 0)]]
    random.Random(seed).shuffle(parts)
    assert Counts.merge(parts).to_bytes() == stat.summarize(chunk, WINDOW).to_bytes()


@pytest.mark.parametrize("case", CASES["flows"], ids=lambda c: c["id"])
def test_public_case(case: dict[str, Any]) -> None:
    """Edges between (position, page) of sessions that end after half an hour."""
    events = sorted(case["events"], key=lambda e: (e[0], e[2]))
    session, sessions = 0, []
    for e, before in zip(events, [["", "", 0], *events], strict=False):
        session += e[0] != before[0] or e[2] - before[2] > 1800
        sessions.append(f"s{session}")
    chunk, _ = build_chunk(
        pa.array([e[0] for e in events]),
        np.array([e[2] for e in events], np.int64) * SECOND,
        {"event": encode(pa.array([e[1] for e in events])), "visit": encode(pa.array(sessions))},
    )
    options = {"anchor": case["anchor"], "before": 0, "after": 4} if "anchor" in case else {"steps": 5}
    flows = jl.EventLog.from_chunk(chunk).compute(StepMatrix(case="visit", **options)).flows
    flows = flows[(flows["from_kind"] == "node") & (flows["to_kind"] == "node")]
    found = [[r["position"], r["from"], r["to"], r["n"]] for r in flows.to_dict("records")]
    assert sorted(found) == sorted(case["edges"])


def test_positions_before_the_start_are_at_start() -> None:
    result = jl.datasets.tiny().compute(StepMatrix(anchor="cart", before=2, after=1))
    wide = result.matrix("n_cases")
    assert wide.columns.tolist() == [-2, -1, 0, 1]
    assert wide.loc[("start", "start")].tolist() == [2, 0, 0, 0]
    assert wide.loc[("node", "cart")].tolist() == [0, 0, 3, 0]
    assert wide.sum().tolist() == [3, 3, 3, 3]
    assert any("1 of 4 cases never come to the anchor" in note for note in result.notes)
    first = result.flows.iloc[0]
    assert (first["from"], first["to"], first["n"]) == ("home", "search", 1)
    started = result.flows[result.flows["from_kind"] == "start"]
    assert started[["position", "to", "n"]].values.tolist() == [[-2, "home", 2]]


def test_events_named_like_typed_nodes_stay_apart() -> None:
    chunk, _ = build_chunk(
        pa.array(["u", "u", "v"]),
        np.arange(3, dtype=np.int64) * SECOND,
        {"event": encode(pa.array(["open", "start", "open"]))},
    )
    wide = jl.EventLog.from_chunk(chunk).compute(StepMatrix(steps=2)).matrix("n_cases")
    assert wide.loc[("node", "open")].tolist() == [2, 0] and wide.loc[("open", "open")].tolist() == [0, 1]


def test_intervals_know_that_cases_of_an_actor_go_together() -> None:
    names = ["a", "a", "b", "b"] * 5
    chunk, _ = build_chunk(
        pa.array([f"u{i // 4}" for i in range(20)]),
        np.arange(20, dtype=np.int64) * SECOND,
        {"event": encode(pa.array(names)), "order": encode(pa.array([f"o{i}" for i in range(20)]))},
    )
    row = jl.EventLog.from_chunk(chunk).compute(StepMatrix(case="order", steps=1)).table.iloc[0]
    low, high = cluster_share(10, 20, 5 * 4, 5 * 8, 5 * 16)
    assert (row["node"], row["share_low"], row["share_high"]) == ("a", float(low), float(high))
    one = jl.datasets.tiny().compute(StepMatrix(steps=2)).table.iloc[1]
    assert (one["share_low"], one["share_high"]) == tuple(map(float, wilson(2, 4)))


def test_flow_that_is_not_conserved_fails_loudly() -> None:
    stat = StepMatrix(steps=3)
    chunk = jl.datasets.tiny().chunk
    counts = stat.summarize(chunk, WINDOW)
    for name in ("cells", "flows"):
        broken = {**counts.tables, name: counts[name].take(np.arange(1, len(counts[name])))}
        with pytest.raises(AssertionError, match="not conserved"):
            stat.result(Counts(broken), WINDOW)


def test_an_anchor_that_does_not_occur_is_told() -> None:
    with pytest.warns(UnseenNameWarning, match="near: \\['cart'\\]"):
        result = jl.datasets.tiny().compute(StepMatrix(anchor="crat"))
    assert len(result.table) == 0


@pytest.mark.parametrize("options", [{"steps": 0}, {"before": -1}, {"after": 1001}, {"anchor": []}])
def test_options_that_mean_nothing_are_refused(options: Any) -> None:
    with pytest.raises(ConfigError, match="Fix: "):
        StepMatrix(**options)


def test_an_empty_log_gives_no_rows_and_all_columns() -> None:
    bare = jl.EventLog.from_chunk(empty()).compute(StepMatrix())
    full = jl.datasets.tiny().compute(StepMatrix())
    assert len(bare.table) == 0 and list(bare.table.columns) == list(full.table.columns)
    assert list(bare.flows.columns) == list(full.flows.columns)
    assert bare.matrix().empty


def test_stages_stand_in_their_order() -> None:
    chunk = make_log([]).chunk
    assert len(chunk.category("stage").names) == 3
    from tests.strategies import Event

    log = make_log([Event("u", "a", k, s, None) for k, s in enumerate(["do", "see", "think", "do"])])
    table = log.compute(StepMatrix("stage", steps=1)).table
    assert table["node"].tolist() == ["do"]
