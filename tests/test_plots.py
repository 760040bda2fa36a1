"""Figures by their data: what is drawn is what the table says, and what is left out is counted."""

from __future__ import annotations

import inspect
import itertools
import json
import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import journeylog as jl
from journeylog.core.contracts import Result, Stat
from journeylog.errors import ConfigError
from journeylog.plots.panels import panel, signed_panel, whisker
from journeylog.plots.style import _THEMES, luminance, node_colors
from tests.plot_logs import KINDS, STAGES, UGLY, log_of, many, metas, results_of

ALL = [(name, options) for name, kinds in KINDS.items() for options in kinds]
IDS = [f"{name}-{'-'.join(options.values())}" for name, options in ALL]
ENDS = ("reached", "open", "dropped")


def subtitle(figure: go.Figure) -> str:
    return figure.layout.title.subtitle.text.replace("<br>", " ").replace("\u00a0", " ")


def numbers(text: str) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)]


def trace(figure: go.Figure, name: str) -> Any:
    return next(t for t in figure.data if t.name == name)


# Every figure


@pytest.mark.parametrize(("name", "options"), ALL, ids=IDS)
@pytest.mark.parametrize("names", [STAGES, UGLY, many(60)], ids=["stages", "ugly", "many"])
def test_every_figure_says_what_it_is_and_leaves_the_result_alone(
    name: str, options: dict[str, str], names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go.Figure, "show", lambda *_: pytest.fail("a figure was shown"))
    result = results_of(names, "stage" if names == STAGES else "event")[name]
    before = {"": result.table.copy(), **{k: t.copy() for k, t in result.tables.items()}}
    for theme in ("light", "dark"):
        figure = result.plot(theme=theme, **options)
        assert isinstance(figure, go.Figure)
        assert len(figure.data) > 0
        assert len(figure.layout.title.text) > 10
        assert numbers(subtitle(figure)), "a figure says how much it is of"
        assert "2000-00" not in subtitle(figure) and "1970-01-01 to 1970-03" in subtitle(figure)
        assert max(map(len, figure.layout.title.subtitle.text.split("<br>"))) <= 110
        assert figure.layout.width is None
        assert 150 < figure.layout.height < 1400
    for key, table in before.items():
        pd.testing.assert_frame_equal(table, result.tables[key] if key else result.table)


@pytest.mark.parametrize(("name", "options"), ALL, ids=IDS)
def test_an_empty_result_is_a_figure_that_says_so(name: str, options: dict[str, str]) -> None:
    result = results_of(())[name]
    figure = result.plot(**options)
    assert [a.text for a in figure.layout.annotations] == ["No data: nothing was counted for this question."]
    assert len(figure.data) == 0


@pytest.mark.parametrize(("name", "options"), ALL, ids=IDS)
def test_the_user_may_name_a_figure(name: str, options: dict[str, str]) -> None:
    figure = results_of(STAGES)[name].plot(title="<b>May</b> & June\n%{x}", **options)
    assert figure.layout.title.text == "<b>&lt;b&gt;May&lt;/b&gt; &amp; June %&#123;x}</b>"


# Flows


def edge_counts(result: Any) -> Counter[tuple[str, str, str, str]]:
    rows = result.table.to_dict("records")
    return Counter(
        {
            (
                r["from_kind"],
                r["from"] if r["from_kind"] == "node" else "",
                r["to_kind"],
                r["to"] if r["to_kind"] == "node" else "",
            ): r["n"]
            for r in rows
        }
    )


def drawn_counts(figure: go.Figure) -> Counter[tuple[str, str, str, str]]:
    return Counter(
        {
            (m["from_kind"], m["from"], m["to_kind"], m["to"]): m["n"]
            for m in metas(figure, "from", "to", "n", "from_kind")
        }
    )


def test_the_sankey_draws_every_move_and_no_other() -> None:
    result = results_of(STAGES, "stage")["transitions"]
    figure = result.plot()
    assert drawn_counts(figure) == edge_counts(result)
    assert any(m["to_kind"] == "open" for m in metas(figure, "to_kind")), "the log has open journeys"
    heights = {m["node"]: m["n"] for m in metas(figure, "node", "kind")}
    nodes = result.nodes[result.nodes["kind"] == "node"]
    assert {k: heights[k] for k in STAGES} == dict(zip(nodes["node"], nodes["n"], strict=True))


def test_bands_and_blocks_are_drawn_to_one_scale() -> None:
    figure = results_of(STAGES, "stage")["transitions"].plot()
    scales = []
    for drawn in figure.data:
        if isinstance(drawn.meta, dict) and drawn.meta["n"] > 0 and "end" not in drawn.meta:
            y = np.asarray(drawn.y, dtype=float)
            if "kind" in drawn.meta and y.max() - y.min() > 3.01:
                scales.append((y.max() - y.min()) / drawn.meta["n"])
            elif "from_kind" in drawn.meta:
                half = (len(y) - 1) // 2
                back = y[0] < y[half] and drawn.x[0] > drawn.x[half]
                scales.append(abs(y[-2] - y[0]) / drawn.meta["n"] if not back else scales[-1])
    assert len(scales) > 15
    assert np.allclose(scales, scales[0], rtol=1e-3)


def test_ways_back_run_below_and_forward_bands_never_do() -> None:
    result = results_of(STAGES, "stage")["transitions"]
    figure = result.plot()
    lowest = {m["node"]: 0.0 for m in metas(figure, "node", "kind")}
    for drawn in figure.data:
        if isinstance(drawn.meta, dict) and "kind" in drawn.meta:
            lowest[drawn.meta["node"]] = max(lowest[drawn.meta["node"]], float(np.max(drawn.y)))
    for drawn in figure.data:
        if isinstance(drawn.meta, dict) and drawn.meta.get("to_kind") == "node":
            a, b = drawn.meta["from"], drawn.meta["to"]
            back = a in STAGES and STAGES.index(a) >= STAGES.index(b)
            assert (float(np.max(drawn.y)) > max(lowest[a], lowest[b])) == back


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_what_the_sankey_merges_still_adds_up(limit: int) -> None:
    result = results_of(many(20))["transitions"]
    figure = result.plot(kind="sankey", nodes=limit)
    drawn = drawn_counts(figure)
    total = int(result.table["n"].sum())
    inside = next(int(n.replace(",", "")) for n in re.findall(r"([\d,]+) moves among", subtitle(figure)))
    assert sum(drawn.values()) + inside == total
    shown = {m["node"] for m in metas(figure, "node", "kind") if m["kind"] == "node"}
    assert len(shown) == limit - 1
    volume = result.nodes[result.nodes["kind"] == "node"].nlargest(limit - 1, "n")
    assert set(volume["n"]) == set(result.nodes.loc[result.nodes["node"].isin(shown), "n"])
    for kind in ENDS:
        ended = sum(n for (_, _, to_kind, _), n in drawn.items() if to_kind == kind)
        assert ended == int(result.table.loc[result.table["to_kind"] == kind, "n"].sum())
    for m in metas(figure, "node", "kind"):
        key = (m["kind"], m["node"])
        into = sum(n for (_, _, kind, name), n in drawn.items() if (kind, name) == key)
        out = sum(n for (kind, name, _, _), n in drawn.items() if (kind, name) == key)
        assert out == m["n"]
        assert into == m["n"] or m["kind"] == "start"


def test_stages_stand_in_their_order_and_events_by_when_they_are_met() -> None:
    def columns(figure: go.Figure) -> list[str]:
        found = {
            t.meta["node"]: float(np.mean(t.x[:4]))
            for t in figure.data
            if isinstance(t.meta, dict) and t.meta.get("kind") == "node"
        }
        return sorted(found, key=lambda name: found[name])

    stages = results_of(STAGES, "stage")["transitions"]
    assert columns(stages.plot()) == list(STAGES)
    assert columns(stages.plot(order=["Purchase"])) == [
        "Purchase",
        "Awareness",
        "Consideration",
        "After purchase",
    ]
    met = columns(results_of(many(6))["transitions"].plot())
    assert set(met[:3]) == set(many(3)), "journeys begin at one of these"
    assert met[3:] == ["page 3", "page 4", "page 5"]


def test_many_nodes_are_a_graph_and_few_a_sankey() -> None:
    few, lots = results_of(STAGES)["transitions"], results_of(many(60))["transitions"]
    assert few.plot().layout.title.text == few.plot(kind="sankey").layout.title.text
    assert lots.plot().layout.title.text == lots.plot(kind="graph").layout.title.text
    assert lots.plot().layout.title.text != lots.plot(kind="sankey").layout.title.text


@pytest.mark.parametrize(("nodes", "edges"), [(16, 30), (5, 8), (100, 1000)])
def test_the_graph_draws_the_strongest_links_and_counts_the_rest(nodes: int, edges: int) -> None:
    result = results_of(many(20))["transitions"]
    figure = result.plot(kind="graph", nodes=nodes, edges=edges)
    drawn, known = drawn_counts(figure), edge_counts(result)
    between = Counter({k: n for k, n in known.items() if k[2] == "node" and k[:2] != k[2:]})
    assert all(known[k] == n for k, n in drawn.items())
    assert len(drawn) <= edges
    text = subtitle(figure)
    told = re.search(r"others: ([\d,]+) of ([\d,]+) moves", text)
    assert told is not None
    assert [int(n.replace(",", "")) for n in told.groups()] == [sum(drawn.values()), sum(between.values())]
    other = re.search(r"other: ([\d,]+) weaker links with ([\d,]+) moves", text)
    left = [len(between) - len(drawn), sum(between.values()) - sum(drawn.values())]
    assert ([int(n.replace(",", "")) for n in other.groups()] if other else [0, 0]) == left
    shown = {m["node"] for m in metas(figure, "node", "kind") if m["kind"] == "node"}
    assert len(shown) == min(nodes, len(known and set(result.nodes["node"])) - 1)
    open_ways = {k for k in between if (k[1] in shown or k[0] == "start") and k[3] in shown}
    assert {name for (_, _, _, name) in drawn} == {k[3] for k in open_ways} or edges < len(shown)
    assert all(k in open_ways for k in drawn)


def test_the_bar_below_a_node_of_the_graph_is_what_became_of_its_visits() -> None:
    both = results_of(STAGES, "stage")
    figure = both["transitions"].plot(kind="graph")
    for row in both["dropoff"].table.to_dict("records"):
        parts = {m["end"]: m["n"] for m in metas(figure, "node", "end") if m["node"] == row["node"]}
        want = {"went on": row["n_continued"], **{kind: row[f"n_{kind}"] for kind in ENDS}}
        assert parts == {k: n for k, n in want.items() if n}


def test_the_step_sankey_draws_every_flow_once_with_its_number() -> None:
    result = results_of(STAGES, "stage")["steps"]
    figure = result.plot(positions=6)
    flows = result.flows
    want = Counter(
        {
            (
                r["position"],
                r["from_kind"],
                r["from"] or "",
                r["to_kind"],
                r["to"] if r["to_kind"] == "node" else "",
            ): r["n"]
            for r in flows.to_dict("records")
        }
    )
    got = Counter(
        {
            (m["position"], m["from_kind"], m["from"], m["to_kind"], m["to"]): m["n"]
            for m in metas(figure, "position", "from")
        }
    )
    assert got == want
    table = result.table[result.table["kind"] == "node"]
    blocks = {
        (m["position"], m["node"]): m["n"] for m in metas(figure, "position", "node") if m["kind"] == "node"
    }
    assert blocks == {(r["position"], r["node"]): r["n_cases"] for r in table.to_dict("records")}


@pytest.mark.parametrize(("name", "positions"), [("steps", 4), ("anchored", 3)])
def test_a_cut_step_sankey_shows_the_positions_that_matter_and_merges_the_rest(
    name: str, positions: int
) -> None:
    result = results_of(many(20))[name]
    figure = result.plot(nodes=4, positions=positions)
    held = metas(figure, "position", "node", "kind")
    shown = sorted({m["position"] for m in held})
    assert shown == ([1, 2, 3, 4] if name == "steps" else [-1, 0, 1])
    assert len({m["node"] for m in held if m["kind"] == "node"}) == 3
    for position in shown:
        here = sum(m["n"] for m in held if m["position"] == position and m["kind"] in ("node", "other"))
        rows = result.table[(result.table["position"] == position) & (result.table["kind"] == "node")]
        assert here == int(rows["n_cases"].sum())
    assert f"Shown: {positions} of {result.table['position'].nunique()} positions" in subtitle(figure)


# Matrices


def test_the_heat_map_holds_the_rates_of_the_table() -> None:
    result = results_of(STAGES, "stage")["transitions"]
    heat = result.plot(kind="heatmap").data[0]
    found = {
        (cell[1], cell[2]): (z * z, cell[3])
        for row, cells in zip(np.asarray(heat.z), heat.customdata, strict=True)
        for z, cell in zip(row, cells, strict=True)
        if cell[0] and cell[2]
    }
    rows = result.table[(result.table["to_kind"] == "node")]
    for row in rows.to_dict("records"):
        rate, n = found[row["from"] if row["from_kind"] == "node" else "", row["to"]]
        assert n == row["n"]
        assert rate == pytest.approx(row["rate"])
    assert len(found) == len(rows)


@pytest.mark.parametrize("limit", [3, 30])
def test_a_row_of_the_heat_map_is_one_and_its_numbers_are_all_moves(limit: int) -> None:
    result = results_of(many(20))["transitions"]
    rates = np.asarray(result.plot(kind="heatmap", nodes=limit).data[0].z) ** 2
    assert np.allclose(np.nansum(rates, axis=1), 1.0)
    moves = np.asarray(result.plot(kind="heatmap", values="n", nodes=limit).data[0].z) ** 2
    assert np.nansum(moves) == pytest.approx(result.table["n"].sum())


def test_the_step_heat_map_holds_all_journeys_at_every_position() -> None:
    for names, limit in ((STAGES, 30), (many(20), 4)):
        for name in ("steps", "anchored"):
            result = results_of(names)[name]
            z = np.asarray(result.plot(kind="heatmap", nodes=limit).data[0].z) ** 2
            assert np.allclose(np.nansum(z, axis=0), 1.0)
            assert z.shape[1] == result.table["position"].nunique()


# Bars


def test_drop_off_bars_are_the_rates_with_their_intervals_and_the_four_ways_on() -> None:
    result = results_of(STAGES, "stage")["dropoff"]
    table, figure = result.table, result.plot()
    bars = trace(figure, "rate")
    assert np.allclose(bars.x, table["drop_rate"])
    assert np.allclose(np.asarray(bars.x) + bars.error_x.array, table["drop_rate_high"])
    assert np.allclose(np.asarray(bars.x) - bars.error_x.arrayminus, table["drop_rate_low"])
    parts = [t for t in figure.data if t.type == "bar" and t.xaxis == "x2"]
    assert np.array_equal(np.sum([t.x for t in parts], axis=0), table["n_entered"])
    for column, word in (
        ("n_continued", "went on"),
        ("n_reached", "reached"),
        ("n_open", "open"),
        ("n_dropped", "dropped"),
    ):
        assert np.array_equal(next(t for t in parts if t.name.startswith(word)).x, table[column])


def test_drop_off_keeps_the_worst_rows_and_counts_the_others() -> None:
    result = results_of(many(20))["dropoff"]
    figure = result.plot(rows=5)
    shown = [c[1] for c in trace(figure, "rate").customdata]
    left = result.table[~result.table["node"].isin(shown)]
    assert len(shown) == 5
    kept = result.table[result.table["node"].isin(shown)]
    assert kept["n_dropped"].min() >= left["n_dropped"].max()
    assert shown == kept["node"].tolist(), "the order of the table"
    text = f"{len(left)} names with {left['n_entered'].sum():,} visits, {left['n_dropped'].sum():,} of them dropped"
    assert text in subtitle(figure)


def test_without_patience_the_figure_says_that_nothing_can_be_dropped() -> None:
    figure = jl.datasets.tiny().compute(jl.DropOff()).plot()
    assert "No patience was declared" in subtitle(figure)
    assert "No patience" not in subtitle(results_of(STAGES)["dropoff"].plot())


@pytest.mark.parametrize("part", ["edge", "node"])
def test_bottleneck_bars_are_ranked_and_stand_in_front_of_the_whole(part: str) -> None:
    result = results_of(many(20))["bottlenecks"]
    table = result.table[result.table["part"] == part].head(15)
    figure = result.plot(part=part)
    size = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}[
        re.findall(r"\((\w+)\)", figure.layout.xaxis.title.text)[0]
    ]
    assert np.allclose(np.asarray(trace(figure, "above the baseline").x) * size, table["excess_s"])
    assert np.allclose(np.asarray(trace(figure, "all of the time").x) * size, table["time_total_s"])
    assert "Not shown" in subtitle(figure)
    assert figure.layout.barmode == "overlay"


def test_the_parts_of_a_funnel_bar_add_up_and_its_rates_are_those_of_the_table() -> None:
    result = results_of(STAGES)["funnel"]
    table, figure = result.table, result.plot()
    parts = [t for t in figure.data if t.type == "bar" and t.xaxis in (None, "x") and t.name != "rate"]
    assert np.array_equal(np.sum([t.x for t in parts], axis=0), table["n_cases"])
    assert np.array_equal(trace(figure, "lost").x, table["n_lost"])
    rates = trace(figure, "rate")
    assert np.allclose(rates.x, table["step_rate"], equal_nan=True)
    assert np.allclose((np.asarray(rates.x) + rates.error_x.array)[1:], table["step_rate_high"][1:])
    after = [a.text for a in figure.layout.annotations]
    assert len(after) == int((table["n_lost"] > 0).sum())
    first = result.lost_next[result.lost_next["step"] == 1].sort_values("rate", ascending=False).iloc[0]
    assert f"{100 * first['rate']:.1f} %" in after[0]


def test_paths_are_strips_of_their_nodes_with_their_share_and_ends() -> None:
    result = results_of(STAGES, "stage")["variants"]
    table, figure = result.table.head(15), result.plot()
    assert np.allclose(trace(figure, "rate").x, table["share"])
    blocks = next(t for t in figure.data if t.type == "bar" and t.base is not None and t.showlegend is False)
    for i, path in enumerate(table["path"]):
        mine = [
            (b, c[1], c[2])
            for b, y, c in zip(blocks.base, blocks.y, blocks.customdata, strict=True)
            if y == i
        ]
        runs = [(name, len(list(same))) for name, same in itertools.groupby(path)]
        assert [(name, n) for _, name, n in sorted(mine)] == runs
    for kind in ("reached", "dropped"):
        ends = trace(figure, kind)
        assert [c[-1] for c in ends.customdata] == table[f"n_{kind}"].tolist()
    assert f"cover {100 * table['cum_share'].iloc[-1]:.1f} %" in subtitle(figure)


def test_long_paths_are_cut_and_say_so() -> None:
    result = results_of(many(20))["variants"]
    figure = result.plot(rows=40, blocks=2)
    blocks = next(t for t in figure.data if t.type == "bar" and t.base is not None and t.showlegend is False)
    hidden = {
        y: c[2] for y, t, c in zip(blocks.y, blocks.text, blocks.customdata, strict=True) if t == "more…"
    }
    assert hidden
    for i, path in enumerate(result.table["path"].head(40)):
        runs = [len(list(same)) for _, same in itertools.groupby(path)]
        assert hidden.get(i, 0) == sum(runs[2:])


def test_the_description_shows_actors_and_events() -> None:
    result = results_of(many(60))["describe"]
    figure = result.plot(rows=10)
    assert np.allclose(trace(figure, "rate").x, result.table["actor_share"].head(10))
    assert np.array_equal(trace(figure, "events").x, result.table["n"].head(10))
    left = result.table.iloc[10:]
    assert f"{len(left)} rarer names with {left['n'].sum():,} events" in subtitle(figure)


def test_outcomes_are_their_shares_with_intervals() -> None:
    result = results_of(STAGES)["outcomes"]
    bars = trace(result.plot(), "rate")
    assert np.allclose(bars.x, result.table["share"])
    assert np.allclose(np.asarray(bars.x) + bars.error_x.array, result.table["share_high"])
    assert [c[2] for c in bars.customdata] == result.table["n"].tolist()


def test_every_statistic_has_a_figure() -> None:
    stats = [getattr(jl, name) for name in jl.__all__ if isinstance(getattr(jl, name), type)]
    asked = {type(result.question) for result in results_of(STAGES).values()}
    assert {stat for stat in stats if issubclass(stat, Stat)} == asked


# Options


def test_an_unknown_option_is_told_with_the_nearest() -> None:
    result = results_of(STAGES)["transitions"]
    with pytest.raises(ConfigError, match=r"no option 'ordr'\. Fix: did you mean 'order'\?"):
        result.plot(ordr=["Purchase"])
    with pytest.raises(ConfigError, match=r"kind='pie' is not possible"):
        result.plot(kind="pie")
    with pytest.raises(ConfigError, match=r"nodes=0 is not possible"):
        result.plot(nodes=0)
    with pytest.raises(ConfigError, match=r"theme='sepia' is not possible"):
        result.plot(theme="sepia")
    with pytest.raises(
        ConfigError, match=r"do not occur: 1, for example 'Purchse'\. Fix: did you mean 'Purchase'\?"
    ):
        result.plot(order=["Purchse"])
    with pytest.raises(ConfigError, match=r"not written as #rrggbb: 1, for example 'red'"):
        result.plot(colors={"Purchase": "red"})


def test_there_is_no_figure_of_a_group_or_of_something_else() -> None:
    log = jl.datasets.tiny()
    with pytest.raises(ConfigError, match=r"for each value of 'channel'.*result\['app'\]\.plot\(\)"):
        jl.plots.plot(log.compute(jl.Transitions(), by="channel"))
    result = log.compute(jl.Transitions())
    with pytest.raises(ConfigError, match="there is no plot of Result"):
        jl.plots.plot(Result(result.question, result.window, result.table))


def test_the_options_for_files_keep_figures_at_home() -> None:
    config = json.loads(json.dumps(jl.plots.CONFIG))
    assert config["showSendToCloud"] is False
    assert config["displaylogo"] is False
    assert config["plotlyServerURL"] == ""
    assert config["responsive"] is True
    assert config["typesetMath"] is False


# Colours


def test_colours_belong_to_names_and_can_be_fixed() -> None:
    names = ["home", "search", "cart", "pay"]
    found = node_colors(names)
    assert node_colors(reversed(names)) == found
    assert len(set(node_colors(many(9)).values())) == 9
    assert node_colors(names, colors={"pay": "#123456"})["pay"] == "#123456"
    result = results_of(STAGES, "stage")["transitions"]
    steps = results_of(STAGES, "stage")["steps"]
    want = node_colors(STAGES)
    for figure in (result.plot(), steps.plot()):
        fills = {
            t.meta["node"]: t.fillcolor
            for t in figure.data
            if isinstance(t.meta, dict) and t.meta.get("kind") == "node"
        }
        assert fills == want


_BLIND = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}  # Machado, Oliveira and Fernandes (2009), severity 1.0


def lab(color: str, seen: Any) -> Any:
    srgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = matrix @ np.clip(seen @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", _THEMES.values(), ids=list(_THEMES))
def test_colours_differ_for_every_kind_of_eye_and_text_can_be_read(theme: Any) -> None:
    colors = [*theme.nodes, theme.reached, theme.dropped, theme.open]
    for kind, seen in _BLIND.items():
        for a, b in itertools.combinations(colors, 2):
            assert np.linalg.norm(lab(a, seen) - lab(b, seen)) > 12, (kind, a, b)
    paper = luminance(theme.paper)
    for ink in (theme.text, theme.muted, theme.reached_ink, theme.dropped_ink):
        low, high = sorted((paper, luminance(ink)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, ink


def test_the_random_logs_hold_what_these_tests_are_about() -> None:
    table = log_of(STAGES).compute(jl.Transitions(node="stage")).table
    assert set(table["to_kind"]) == {"node", *ENDS}
    spot = {name: i for i, name in enumerate(STAGES)}
    moves = table[(table["from_kind"] == "node") & (table["to_kind"] == "node")]
    jumps = {spot[b] - spot[a] for a, b in zip(moves["from"], moves["to"], strict=True)}
    assert {-1, 1, 2} <= jumps


def test_ticks_of_large_numbers_are_written_as_people_do() -> None:
    figure = go.Figure()
    panel(figure, _THEMES["light"], 1, (0.0, 1.0), "number of visits", 3_200_000)
    signed_panel(figure, _THEMES["light"], 2, (0.0, 1.0), "gain", tuple(np.array([[-3e4], [-8e4], [2e4]])))
    assert list(figure.layout.xaxis.ticktext) == ["0", "1 M", "2 M", "3 M"]
    assert list(figure.layout.xaxis2.ticktext) == ["-80,000", "-60,000", "-40,000", "-20,000", "0", "+20,000"]


def test_what_has_no_interval_has_no_whisker() -> None:
    drawn = whisker((np.array([0.5, 0.2]), np.array([0.4, np.nan]), np.array([0.7, np.nan])), "#000000")
    assert drawn["array"] == pytest.approx([0.2, np.nan], nan_ok=True)
    assert drawn["arrayminus"] == pytest.approx([0.1, np.nan], nan_ok=True)


def test_the_docstring_tells_the_options_of_every_result() -> None:
    told = re.split(r"\n\s+- ", str(jl.plots.plot.__doc__))
    for kind, draws in jl.plots._PLOTS.items():
        known = {
            name
            for draw in draws.values()
            for name, given in inspect.signature(draw).parameters.items()
            if given.kind is given.KEYWORD_ONLY and name not in ("theme", "title")
        }
        name = kind.__name__.removesuffix("Result")
        lines = " ".join(line for line in told if re.search(rf"\b{name}\b", line))
        assert lines and known <= set(re.findall(r"``(\w+)=", lines)), name
