"""Figures of comparisons by their data: colour where a difference is supported, grey where it may be chance."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.core.chunk import Category
from journeylog.core.source import Memory
from journeylog.errors import ConfigError
from journeylog.plots.style import theme_of
from tests.plot_logs import STAGES, UGLY, log_of, metas
from tests.test_experiments import ASK, trial
from tests.test_plots_names import TAG
from tests.test_plots_names import shown as written

OLD = "<b>old</b> design, of which we thought well for years"
LOOK = theme_of("light")


@cache
def halves(names: tuple[str, ...]) -> jl.EventLog:
    """Two groups that differ: whose first move leads onward is mostly in the second one."""
    log = log_of(names, 600)
    if not names:
        half = Category(np.zeros(0, np.int32), pa.array([OLD, "new"]))
        return replace(log, source=Memory((log.chunk.with_columns(half=half),)))
    chunk, rng = log.chunk, np.random.default_rng(0)
    first = chunk.offsets[:-1]
    following = np.minimum(first + 1, chunk.offsets[1:] - 1)
    onward = (chunk.event.codes[following] > chunk.event.codes[first]).astype(np.int32)
    code = np.where(rng.random(len(onward)) < 0.4, rng.integers(0, 2, len(onward)), onward).astype(np.int32)
    half = Category(code[chunk.actor_of_event()], pa.array([OLD, "new"]))
    return replace(log, source=Memory((chunk.with_columns(half=half),)))


@cache
def compared(names: tuple[str, ...], question: Any) -> Any:
    node = "stage" if names == STAGES else "event"
    log = halves(names)
    if not names:
        one = log.compute(question(node=node))
        return jl.compare(one, one)
    return jl.compare(log, question(node=node), by="half", a=OLD, b="new", min_n=10)


def texts(figure: go.Figure) -> str:
    return html.unescape(json.dumps(json.loads(figure.to_json()), ensure_ascii=False))


def subtitle(figure: go.Figure) -> str:
    return figure.layout.title.subtitle.text.replace("<br>", " ").replace("\u00a0", " ")


@pytest.mark.parametrize("kind", ["sankey", "graph"])
def test_moves_have_a_colour_where_their_difference_is_supported(kind: str) -> None:
    found = compared(STAGES, jl.Transitions)
    figure = found.plot(kind=kind)
    rows = {(r["from"], r["from_kind"], r["to"], r["to_kind"]): r for r in found.table.to_dict("records")}
    seen = 0
    for trace in figure.data:
        facts = trace.meta if isinstance(trace.meta, dict) and "to_kind" in trace.meta else None
        if facts is None:
            continue
        name = {"start": "start"}.get(facts["from_kind"], facts["from"])
        to = facts["to"] if facts["to_kind"] == "node" else facts["to_kind"]
        row = rows.get((name, facts["from_kind"], to, facts["to_kind"]))
        expected = LOOK.open
        if row is not None and row["supported"]:
            expected = LOOK.nodes[0] if row["difference"] > 0 else LOOK.nodes[1]
            seen += 1
            assert "supported" in trace.text and "95 % interval" in trace.text
        shade = trace.fillcolor if kind == "sankey" else trace.line.color
        red, green, blue = (int(expected[i : i + 2], 16) for i in (1, 3, 5))
        assert shade.startswith(f"rgba({red},{green},{blue},")
    drawn = found.supported if kind == "sankey" else found.supported[found.supported["to_kind"] == "node"]
    assert seen == len(drawn) >= 2
    assert (
        f"{len(found.supported)} of {found.table['p'].notna().sum()} differences are supported"
        in subtitle(figure)
    )


def test_the_forest_draws_the_table() -> None:
    found = compared(STAGES, jl.DropOff)
    figure = found.plot(rows=5)
    marks = [trace for trace in figure.data if isinstance(trace.meta, dict)]
    assert sum(len(trace.x) for trace in marks) == 5
    best = found.supported.iloc[0]
    mine = next(trace for trace in marks if trace.meta["supported"])
    assert mine.x[0] == pytest.approx(100 * best["difference"])
    span = next(t for t in figure.data if t.mode == "lines" and list(t.y) == [0, 0])
    assert list(span.x) == pytest.approx([100 * best["difference_low"], 100 * best["difference_high"]])
    assert f"Not shown: {found.table['difference'].notna().sum() - 5}" in subtitle(figure)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_names_are_only_text_and_every_kind_draws(theme: str) -> None:
    log = halves(UGLY)
    results = [
        (compared(UGLY, jl.Transitions), ("differences", "sankey", "graph")),
        (compared(UGLY, jl.DropOff), ("differences",)),
        (jl.compare(log, jl.TimeTo(), by="half", a=OLD, b="new"), ("differences",)),
        (jl.compare(log, jl.Bottlenecks(), by="half", a=OLD, b="new", min_n=5), ("differences",)),
        (jl.segments(log, jl.DropOff(), by="half", min_n=5), ("ranking",)),
    ]
    for result, kinds in results:
        for kind in kinds:
            figure = result.plot(kind=kind, theme=theme)
            assert len(figure.data) and 150 < figure.layout.height < 1500
            assert max(map(len, figure.layout.title.subtitle.text.split("<br>"))) <= 110
            page = texts(figure)
            assert "<b>old</b> desi" in page.replace("\\u003c", "<")
            shown = [t for part in metas(figure, "supported") for t in part.values()]
            assert kind in ("sankey", "graph") or shown
            for where, text in written(json.loads(figure.to_json())):
                assert not re.search(r"[<>$]|%\{", TAG.sub("", text)), (where, text)


def test_an_empty_comparison_is_a_figure_that_says_so() -> None:
    for kind in ("differences", "sankey", "graph"):
        figure = compared((), jl.Transitions).plot(kind=kind)
        assert [a.text for a in figure.layout.annotations] == [
            "No data: nothing was counted for this question."
        ]
    with pytest.raises(ConfigError, match="has no graph"):
        compared(STAGES, jl.DropOff).plot(kind="sankey")


def test_usually_moves_are_drawn_as_moves_and_shares_as_rows() -> None:
    assert compared(STAGES, jl.Transitions).plot().layout.title.text == "<b>Where journeys differ</b>"
    assert compared(UGLY, jl.Transitions).plot().layout.title.text == "<b>Where journeys differ</b>"
    assert compared(STAGES, jl.DropOff).plot().layout.title.text == "<b>What differs, and by how much</b>"


def test_an_experiment_shows_each_metric_and_a_mismatch_first() -> None:
    metrics: dict[str, Any] = {
        "paid <b>soon</b>": jl.Conversion("pay", "20d"),
        "value": jl.PerActor("value", "20d"),
        "time": jl.TimeTo("pay", case="actor"),
    }
    found = jl.experiment(trial(3, 500, 0.25), **ASK, metrics=metrics)
    figure = found.plot()
    marks = [trace for trace in figure.data if isinstance(trace.meta, dict)]
    assert sum(len(trace.x) for trace in marks) == found.table["difference"].notna().sum()
    assert {trace.meta["unit"] for trace in marks} == {"share", "s", ""}
    assert "chance that the share is greater" in figure.to_json()
    assert "paid &lt;b&gt;soon" in json.dumps(figure.layout.yaxis.ticktext)
    skewed = jl.experiment(trial(4, 600, shares=(0.62, 0.38)), **ASK, metrics=metrics).plot()
    assert subtitle(skewed).startswith("Sample ratio mismatch: no difference is to be trusted.")


def test_cohorts_are_cells_with_their_share() -> None:
    result = log_of(STAGES).compute(jl.Retention("30min", 5))
    figure = result.plot(kind="heatmap", rows=10)
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    cells = result.cohorts.sort_values("cohort")
    last = cells[cells["cohort"].isin(cells["cohort"].drop_duplicates().iloc[-10:])]
    assert np.isfinite(heat.z.astype(float)).sum() == len(last)
    assert np.nansum(heat.z.astype(float)) == pytest.approx(last["rate"].sum())
    line = result.plot().data[-1]
    assert list(line.y) == result.table["rate"].tolist()
