"""Transitions, drop-off and bottlenecks equal their oracles, and agree with each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from tests.oracles import paths
from tests.strategies import (
    SECOND,
    Event,
    case_shapes,
    make_log,
    patience_of,
    plain_cases,
    rows,
    to_records,
    with_cases,
)

cases = case_shapes(70 * 61 * SECOND)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
nodes = st.sampled_from(
    [("event", False), ("event", True), ("stage", True), ("stage", False), ("channel", True)]
)


def prepared(events: list[Event], how: Any) -> EventLog:
    log = make_log(events)
    return replace(log, source=Memory((with_cases(log.chunk, *how),)))


@quick
@given(
    events=rows(),
    how=cases,
    node=nodes,
    case=st.sampled_from(["actor", "journey"]),
    time=st.sampled_from(["wait", "stay", "dwell"]),
)
def test_transitions_equal_the_oracle(
    events: list[Event], how: Any, node: tuple[str, bool], case: str, time: Any
) -> None:
    log = prepared(events, how)
    found = log.compute(jl.Transitions(node=node[0], case=case, merge=node[1], time=time))
    expected = paths.transitions(
        plain_cases(log.chunk, case), node[0], node[1], time, patience_of(log.chunk, case), log.window.end
    )
    seen = {((r["from_kind"], r["from"]), (r["to_kind"], r["to"])): r for r in to_records(found.table)}
    assert seen.keys() == expected.keys()
    for key, want in expected.items():
        got = seen[key]
        for name in ("n", "n_cases", "n_actors", "n_tied", "n_timed", "n_followed", "n_from_followed"):
            assert got[name] == want[name], (key, name)
        assert got["rate"] == pytest.approx(want["rate"])
        assert got["time_mean_s"] == pytest.approx(want["time_mean_s"])
        for name in ("time_median_s", "time_p90_s"):
            assert (got[name] is None) == (want[name] is None)
            if want[name] is not None:
                assert got[name] == pytest.approx(want[name], rel=1 / 256, abs=5e-4)
        if want["rate"] is not None:
            assert got["rate_low"] <= want["rate"] + 1e-12 and got["rate_high"] >= want["rate"] - 1e-12
    returns = dict.fromkeys(found.nodes["node"], 0)
    for (_, (kind, name)), want in expected.items():
        if kind == "node":
            returns[name] += want["n_returns"]
    assert {
        r["node"]: r["n_returns"] for r in found.nodes.to_dict("records") if r["kind"] == "node" and r["n"]
    } == {
        name: n
        for name, n in returns.items()
        if (found.nodes[found.nodes["kind"] == "node"].set_index("node")["n"].get(name, 0))
    }


@quick
@given(events=rows(), how=cases)
def test_second_moments_give_the_variance_by_its_definition(events: list[Event], how: Any) -> None:
    log = prepared(events, how)
    question = jl.Transitions(node="stage", case="journey")
    counts = question.summarize(log.chunk, log.window).canonical()
    expected = paths.transitions(
        plain_cases(log.chunk, "journey"),
        "stage",
        True,
        "wait",
        patience_of(log.chunk, "journey"),
        log.window.end,
    )
    edges, nodes = counts["edges"], counts["nodes"]
    words = {-2: "start", -3: "reached", -4: "dropped", -5: "open"}
    n_of = dict(
        zip(
            nodes.keys["node"].names(words),
            zip(nodes.values["n_followed"].tolist(), nodes.values["nn"].tolist(), strict=True),
            strict=True,
        )
    )  # type: ignore[union-attr]
    for i, (start, to) in enumerate(
        zip(edges.keys["from"].names(words), edges.keys["to"].names(words), strict=True)
    ):  # type: ignore[union-attr]
        kinds = (
            "start" if edges.codes("from")[i] < 0 else "node",
            words.get(int(edges.codes("to")[i]), "node"),
        )
        want = expected[(kinds[0], start), (kinds[1], to)]["_spread"]  # type: ignore[index]
        n, nn = n_of[start]
        if n:
            p = edges.values["n_followed"][i] / n
            assert edges.values["kk"][i] - 2 * p * edges.values["kn"][i] + p * p * nn == pytest.approx(
                want, abs=1e-9
            )


@quick
@given(events=rows(), how=cases, node=nodes, case=st.sampled_from(["actor", "journey"]))
def test_drop_off_equals_the_oracle(events: list[Event], how: Any, node: tuple[str, bool], case: str) -> None:
    log = prepared(events, how)
    found = log.compute(jl.DropOff(node=node[0], case=case, merge=node[1]))
    patience = patience_of(log.chunk, case)
    expected = paths.drop_off(plain_cases(log.chunk, case), node[0], node[1], patience, log.window.end)
    seen = {r["node"]: r for r in to_records(found.table) if r["n_entered"]}
    assert seen.keys() == expected.keys()
    for name, want in expected.items():
        got = seen[name]
        for column in (
            "n_entered",
            "n_continued",
            "n_reached",
            "n_dropped",
            "n_open",
            "n_late",
            "n_followed",
            "n_cases",
            "n_actors",
        ):
            assert got[column] == want[column], (name, column)
        for word, how_it_went in (("drop", "dropped"), ("continue", "continued"), ("reach", "reached")):
            rate = (
                want[f"followed_{how_it_went}"] / want["n_followed"]
                if want["n_followed"] and patience is not None
                else None
            )
            assert got[f"{word}_rate"] == pytest.approx(rate)


@quick
@given(events=rows(), how=cases)
def test_graph_and_drop_off_agree(events: list[Event], how: Any) -> None:
    log = prepared(events, how)
    graph, drop = log.compute(
        jl.Transitions(node="stage", case="journey"), jl.DropOff(node="stage", case="journey")
    )
    for row in to_records(drop.table):
        ways = graph.table[(graph.table["from"] == row["node"]) & (graph.table["from_kind"] == "node")]
        assert ways["n"].sum() == row["n_entered"]
        for word in ("reached", "dropped", "open"):
            assert ways.loc[ways["to_kind"] == word, "n"].sum() == row[f"n_{word}"]
        into = graph.table[(graph.table["to"] == row["node"]) & (graph.table["to_kind"] == "node")]
        assert into["n"].sum() == row["n_entered"]


@quick
@given(events=rows(), how=cases, node=nodes)
def test_bottlenecks_equal_the_oracle(events: list[Event], how: Any, node: tuple[str, bool]) -> None:
    log = prepared(events, how)
    found = log.compute(jl.Bottlenecks(node=node[0], case="journey", merge=node[1], baseline="30s"))
    expected = paths.bottlenecks(
        plain_cases(log.chunk, "journey"),
        node[0],
        node[1],
        patience_of(log.chunk, "journey"),
        log.window.end,
        30 * SECOND,
    )
    seen = {(r["part"], r["from"], r["to"]): r for r in to_records(found.table)}
    assert seen.keys() == expected.keys()
    for key, want in expected.items():
        assert seen[key]["n"] == want["n"]
        assert seen[key]["n_timed"] == want["n_timed"]
        assert seen[key]["time_total_s"] == pytest.approx(want["time_total_s"])
        assert seen[key]["time_mean_s"] == pytest.approx(want["time_mean_s"])
        assert seen[key]["excess_s"] == pytest.approx(want["excess_s"])
    for part in ("edge", "node"):
        rows_of_part = found.table[found.table["part"] == part]
        assert rows_of_part["excess_s"].is_monotonic_decreasing
        assert rows_of_part["rank"].tolist() == list(range(1, len(rows_of_part) + 1))


def test_an_event_called_start_never_meets_the_start() -> None:
    log = make_log([Event("a", "start", 0, None, None), Event("a", "dropped", SECOND, None, None)])
    table = log.compute(jl.Transitions(node="event")).table
    kinds = {(r["from"], r["from_kind"], r["to"], r["to_kind"]) for r in table.to_dict("records")}
    assert kinds == {
        ("start", "start", "start", "node"),
        ("start", "node", "dropped", "node"),
        ("dropped", "node", "open", "open"),
    }
    graph = log.compute(jl.Transitions(node="event")).to_networkx()
    assert set(graph) == {"start", "dropped", jl.Synthetic.START, jl.Synthetic.OPEN}


def test_without_a_patience_nothing_is_dropped_and_the_result_says_so() -> None:
    drop = jl.datasets.tiny().compute(jl.DropOff())
    assert drop.table["n_dropped"].sum() == 0
    assert drop.table["drop_rate"].isna().all()
    assert "no patience was declared" in drop.notes[0]


def test_one_trial_an_actor_gives_wilson() -> None:
    low, high = cluster_share(3, 10, 3, 3, 10)
    wilson_low, wilson_high = wilson(3, 10)
    assert (low, high) == (wilson_low, wilson_high)


def test_graphml_round_trip(tmp_path: Any) -> None:
    import networkx as nx

    result = jl.datasets.tiny().compute(jl.Transitions())
    back = nx.read_graphml(result.to_graphml(tmp_path / "graph.graphml"))
    labels = nx.get_node_attributes(back, "label")
    edges = {(labels[a], labels[b]): d["n"] for a, b, d in back.edges(data=True)}
    assert edges["home", "cart"] == 2 and edges["(start)", "home"] == 4
    assert len(edges) == len(result.table)
