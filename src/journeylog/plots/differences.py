"""Figures of comparisons: what is supported has a colour, the rest is grey."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from journeylog.comparison.experiments import MISMATCH, Experiment
from journeylog.comparison.ranking import Segments
from journeylog.comparison.result import Comparison
from journeylog.errors import ConfigError
from journeylog.plots.flows import Flows, Key, Move, Tint, flows_of, word_of
from journeylog.plots.forest import (
    ROW,
    difference_card,
    direction_color,
    draw_forest,
    measure_word,
    row_label,
    size_of,
)
from journeylog.plots.graph import draw_graph
from journeylog.plots.labels import card, count, full, label, share
from journeylog.plots.panels import legend_row
from journeylog.plots.sankey import draw_sankey
from journeylog.plots.style import Theme, blank, no_data, not_shown, period, theme_of

__all__ = ["difference_graph", "difference_sankey", "differences", "experiment_forest", "segment_ranking"]

_TITLE = "What differs, and by how much"
_WORST = "Which segments do worse than the rest"
_FLOWS = "Where journeys differ"
_VARIANTS = "What the variants did"
_LEGEND = "Blue is more, orange is less, grey may be chance."


def differences(
    result: Comparison, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw each difference with its interval: the supported ones first, in colour.

    Parameters
    ----------
    result : Comparison
    rows : int
        Rows to show at most: the supported ones, largest first, then by p. The title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    known = result.table[result.table["difference"].notna()]
    if known.empty:
        return no_data(look, _TITLE, result, title)
    size = -known["difference"].abs()
    ranked = known.assign(_p=known["p"].fillna(2.0), _size=size.where(known["supported"], 0.0))
    order = ["supported", "unit", "_size", "_p"]
    shown = ranked.sort_values(order, ascending=[False, False, True, True], kind="stable").head(rows)
    sides = label(result.a, 16), label(result.b, 16)
    figure = _frame(look, _TITLE, _subtitle(result, sides), known, shown, title)
    records = shown.to_dict("records")
    cards = [difference_card(row, sides) for row in records]
    draw_forest(figure, look, shown, [row_label(row) for row in records], cards, sides)
    return figure


def segment_ranking(
    result: Segments, *, rows: int = 20, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the ranked segments: how each differs from the rest, with its interval.

    Parameters
    ----------
    result : Segments
    rows : int
        Rows to show at most, in the order of the ranking.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    known = result.table[result.table["difference"].notna()]
    if known.empty:
        return no_data(look, _WORST, result, title)
    names = {"n_rest": "n_a", "value_rest": "value_a", "n": "n_b", "value": "value_b"}
    shown = known.head(rows).rename(columns=names)
    sides = "the rest", "segment"
    subtitle = (
        f"{_supported(result.table)}, {period(result.window)}. "
        f"Ranked by what is lost for sure: supported and worse first. {_LEGEND}"
    )
    figure = _frame(look, _WORST, subtitle, known, shown, title)
    records = shown.to_dict("records")
    heads = [f"<b>{label(str(row['segment']), 18)}</b>  {row_label(row, 16)}" for row in records]
    cards = [
        difference_card(row, sides).replace(
            "</b>", f"</b> ({label(str(row['attribute']))}: {label(str(row['segment']))})", 1
        )
        for row in records
    ]
    draw_forest(figure, look, shown, heads, cards, sides)
    return figure


def experiment_forest(
    result: Experiment, *, rows: int = 30, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw each metric of each variant against the control, with its interval.

    Parameters
    ----------
    result : Experiment
    rows : int
        Rows to show at most, in the order of the table; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    known = result.table[result.table["difference"].notna()]
    if known.empty:
        return no_data(look, _VARIANTS, result, title)
    order = [known["unit"].ne("share"), known["unit"].ne("s")]
    shown = known.iloc[np.lexsort(order[::-1])].head(rows)
    sizes = result.variants
    counts = ", ".join(
        f"{label(str(name), 24)} {count(n)}"
        for name, n in zip(sizes["variant"], sizes["n_actors"], strict=True)
    )
    subtitle = f"Actors assigned: {counts}, {period(result.window)}. {_supported(result.table)}. {_LEGEND}"
    if result.mismatch_p < MISMATCH:
        subtitle = "Sample ratio mismatch: no difference is to be trusted. " + subtitle
    figure = _frame(look, _VARIANTS, subtitle, known, shown, title)
    records = shown.to_dict("records")
    several = len(sizes) > 2
    sides = label(result.control, 16), "variant" if several else label(str(sizes["variant"].iloc[-1]), 16)
    heads = [_metric_label(row, several) for row in records]
    draw_forest(figure, look, shown, heads, [_metric_card(row, sides) for row in records], sides)
    return figure


def difference_sankey(
    result: Comparison,
    *,
    nodes: int = 8,
    order: Sequence[str] | None = None,
    theme: str = "light",
    title: str | None = None,
) -> go.Figure:
    """Draw the moves of both groups as bands; those whose share differs, and surely, have a colour.

    Parameters
    ----------
    result : Comparison
        Of :class:`journeylog.Transitions`.
    nodes : int
        Columns to show at most; the least visited others become one column.
    order : sequence of str, optional
        Names from left to right.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.

    Notes
    -----
    A band is as wide as the number of moves of both groups together. Its colour says whether its share among the moves
    from its node is greater (blue) or smaller (orange) in b; grey may be chance.
    """

    def draw(flows: Flows, look: Theme, paint: Mapping[str, str], tint: Tint) -> go.Figure:
        words = (_FLOWS, _flow_subtitle(result, flows, tint))
        return draw_sankey(flows, words, look, paint, tint, title)

    return _draw_flows(result, _flows(result, nodes, order, beside=False), theme, title, draw)


def difference_graph(
    result: Comparison,
    *,
    nodes: int = 16,
    edges: int = 30,
    order: Sequence[str] | None = None,
    theme: str = "light",
    title: str | None = None,
) -> go.Figure:
    """Draw the moves of both groups as arrows; those whose share differs, and surely, have a colour.

    Parameters
    ----------
    result, nodes, order, theme, title
        As of :func:`difference_sankey`.
    edges : int
        Arrows to draw at most; those that are supported are drawn in any case.

    Notes
    -----
    See :func:`difference_sankey`. The bar below a node is grey where what ends there ends alike in both.
    """

    def draw(flows: Flows, look: Theme, paint: Mapping[str, str], tint: Tint) -> go.Figure:
        def words(drawn: Sequence[Move]) -> tuple[str, str]:
            text = _flow_subtitle(result, flows, tint)
            hidden = sum(m.n for m in flows.moves if m.target.kind == "node" and m not in drawn)
            return _FLOWS, text + (f" Not drawn: weaker links with {count(hidden)} moves." if hidden else "")

        return draw_graph(flows, words, look, paint, tint, edges, title).figure

    return _draw_flows(result, _flows(result, nodes, order, beside=True), theme, title, draw)


def _frame(
    look: Theme, words: str, subtitle: str, known: pd.DataFrame, shown: pd.DataFrame, title: str | None
) -> go.Figure:
    """Return the frame of a forest; what is left out is said."""
    subtitle += not_shown(len(known) - len(shown))
    return blank(look, words, subtitle, ROW * len(shown) + 40, title)


def _metric_label(row: Mapping[Any, Any], several: bool) -> str:
    """Return the safe short name of a metric, with its variant where there are several."""
    what = label(str(row["what"]), 22) if row["what"] else ""
    words = [word for word in (label(str(row["metric"]), 30), what, measure_word(row)) if word]
    return ": ".join(words) + (f" ({label(str(row['variant']), 14)})" if several else "")


def _metric_card(row: Mapping[Any, Any], sides: tuple[str, str]) -> str:
    name = full(str(row["metric"])) + (f": {full(str(row['what']))}" if row["what"] else "")
    text = difference_card(row, sides, name)
    if row["chance_greater"] == row["chance_greater"]:
        text += f"<br>chance that the share is greater: {share(row['chance_greater'])}"
    return text


def _draw_flows(
    result: Comparison,
    flows: Flows,
    theme: str,
    title: str | None,
    draw: Callable[[Flows, Theme, Mapping[str, str], Tint], go.Figure],
) -> go.Figure:
    """Draw the moves of both groups: nodes are grey, moves have the colour of their difference."""
    look = theme_of(theme)
    if not flows.moves:
        return no_data(look, _FLOWS, result, title)
    paint = dict.fromkeys(flows.names, look.muted)
    return _with_legend(draw(flows, look, paint, _tint(result, flows, look)), result, look)


def _flows(result: Comparison, nodes: int, order: Sequence[str] | None, beside: bool) -> Flows:
    if result.graph is None:
        raise ConfigError(
            f"a comparison of {type(result.question).__name__} has no graph. Fix: kind='differences'"
        )
    return flows_of(result.graph, nodes, order, beside=beside)


def _tint(result: Comparison, flows: Flows, look: Theme) -> Tint:
    """Return the look of moves by their difference; merged ones, and open ends, have none."""
    sides = label(result.a, 40), label(result.b, 40)
    rows = {
        (Key(r["from_kind"], r["from"] if r["from_kind"] == "node" else ""), _target(r)): r
        for r in result.table.to_dict("records")
    }

    def row_of(move: Move) -> Mapping[Any, Any] | None:
        return rows.get((move.source, move.target))

    def supported(move: Move) -> bool:
        row = row_of(move)
        return row is not None and bool(row["supported"])

    def color(move: Move) -> str:
        row = row_of(move)
        return look.open if row is None else direction_color(look, row)

    def text(move: Move) -> str:
        row = row_of(move)
        if row is not None:
            return difference_card(row, sides)
        ends = (word_of(end, flows.n_other) for end in (move.source, move.target))
        return card(" → ".join(ends), [("moves", count(move.n)), ("", "nothing to compare")])

    def written(move: Move) -> str:
        row = row_of(move)
        return size_of(row["difference"], "share") if row is not None and row["supported"] else ""

    return Tint(color, text, written, supported, _alpha(supported))


def _alpha(supported: Callable[[Move], bool]) -> Callable[[Move, float], float]:
    return lambda move, usual: 0.72 if supported(move) else min(usual, 0.3)


def _target(row: Mapping[Any, Any]) -> Key:
    return Key(row["to_kind"], row["to"] if row["to_kind"] == "node" else "")


def _flow_subtitle(result: Comparison, flows: Flows, tint: Tint) -> str:
    sides = label(result.a, 30), label(result.b, 30)
    text = _subtitle(result, sides) + " Widths are moves of both together."
    drawn = sum(tint.first(move) for move in flows.moves)
    hidden = len(result.supported) - drawn
    if hidden > 0:
        text += f" {hidden:,} supported differences are of names that are not shown."
    inside = flows.inside.n if flows.inside else 0
    return text + (f" {count(inside)} moves among less visited names are not drawn." if inside else "")


def _subtitle(result: Comparison, sides: tuple[str, str]) -> str:
    return f"{sides[1]} against {sides[0]}: {_supported(result.table)}, {period(result.window)}. {_LEGEND}"


def _supported(table: pd.DataFrame) -> str:
    """Return in words how many of the tested differences are supported."""
    n, tested = int(table["supported"].sum()), int(table["p"].notna().sum())
    return f"{n:,} of {tested:,} differences are supported (q below 0.05)"


def _with_legend(figure: go.Figure, result: Comparison, look: Theme) -> go.Figure:
    for trace in figure.data:
        trace.showlegend = False
    b = label(result.b, 24)
    entries = (
        (f"greater share in {b}", look.nodes[0]),
        (f"smaller share in {b}", look.nodes[1]),
        ("may be chance", look.open),
    )
    for name, color in entries:
        figure.add_scatter(
            x=[None], y=[None], mode="markers", marker={"symbol": "square", "size": 12, "color": color}, name=name,
            hoverinfo="skip", showlegend=True,
        )  # fmt: skip
    legend_row(figure)
    return figure
