"""The satisfaction curve: how happy customers were after each stage, and which share of them said so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from journeylog.core.scales import Scale, scale_of
from journeylog.plots.labels import card, count, full, label_blocks, rate, share
from journeylog.plots.panels import bounded, whisker
from journeylog.plots.style import HOVER, Theme, blank, faded, followed, no_data, period, theme_of
from journeylog.stats.satisfaction import SatisfactionResult

__all__ = ["satisfaction_curve"]

_TITLE = "How satisfied customers were, and how many said so"
_HEIGHT = 420
#: Where the curve and the bars beneath it lie, as parts of the height.
_CURVE, _BARS = (0.32, 1.0), (0.0, 0.22)
#: Letters that fit side by side in all names together, and the narrowest a name is broken to.
_LETTERS, _NARROWEST = 130, 7


def satisfaction_curve(
    result: SatisfactionResult, *, rows: int = 15, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the mean score after each node with its interval, and beneath it the share of cases that answered.

    Parameters
    ----------
    result : SatisfactionResult
    rows : int
        Nodes to show at most: those with the most scores, in the order of the table. The title's line says what is
        left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.

    Notes
    -----
    Points of stages are joined, because stages have an order. A node nobody spoke of has no point and says so.
    """
    look = theme_of(theme)
    table = result.table[result.table["n_visits"] > 0]
    if table.empty:
        return no_data(look, _TITLE, result, title)
    order = ["n_scores", "n_visits"]
    shown = table.loc[table.sort_values(order, ascending=False, kind="stable").index[:rows].sort_values()]
    scale = None if shown["answer_mean"].isna().all() else _scale(result)
    figure = blank(look, _TITLE, _subtitle(result, table, shown), _HEIGHT, title)
    cards = [[_card(row, result, scale), row["node"]] for row in shown.to_dict("records")]
    _draw_curve(figure, look, shown, cards, scale, result.ordered)
    _draw_bars(figure, look, shown, cards)
    _name_columns(figure, look, shown["node"].tolist())
    return figure


def _draw_curve(
    figure: go.Figure,
    look: Theme,
    shown: pd.DataFrame,
    cards: list[list[Any]],
    scale: Scale | None,
    joined: bool,
) -> None:
    word = "mean" if scale is None else "answer_mean"
    mean, low, high = bounded(shown, word)
    x = np.arange(len(shown))
    some = np.isfinite(mean)
    lowest = int(np.nanargmin(mean)) if some.any() else -1
    colors = [look.dropped if i == lowest and some.sum() > 1 else look.nodes[0] for i in x]
    if joined:
        figure.add_scatter(
            x=x[some], y=mean[some], mode="lines", line={"color": faded(look.nodes[0], 0.45), "width": 2, "dash": "dot"},
            hoverinfo="skip", yaxis="y",
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=mean, mode="markers+text", customdata=cards, hovertemplate=HOVER, name="mean", yaxis="y",
        marker={"size": 11, "color": colors, "line": {"width": 1.5, "color": look.paper}},
        error_y=whisker((mean, low, high), look.muted, width=5),
        text=[f"<b>{value:.2g}</b>" if known else "" for value, known in zip(mean, some, strict=True)],
        textposition="top right", textfont={"size": 12.5, "color": look.text}, cliponaxis=False,
    )  # fmt: skip
    bottom, top = (-1.0, 1.0) if scale is None else (scale.low, scale.high)
    for i in x[~some]:
        figure.add_annotation(
            x=int(i), y=(bottom + top) / 2, text="no<br>answers", showarrow=False, yref="y",
            font={"size": 11, "color": look.muted},
        )  # fmt: skip
    name = "mean score from -1 to 1" if scale is None else f"mean answer ({scale.low:g} to {scale.high:g})"
    pad = (top - bottom) * 0.06
    figure.update_layout(
        yaxis={
            "domain": list(_CURVE), "range": [bottom - pad, top + pad], "gridcolor": look.grid, "zeroline": False,
            "fixedrange": True, "tickfont": {"color": look.muted}, "nticks": 6,
            "title": {"text": name, "font": {"size": 12.5, "color": look.muted}},
        }
    )  # fmt: skip


def _draw_bars(figure: go.Figure, look: Theme, shown: pd.DataFrame, cards: list[list[Any]]) -> None:
    told, low, high = bounded(shown, "response_rate")
    most = float(np.nanmax([0.02, *high]))
    figure.add_bar(
        x=np.arange(len(shown)), y=told, customdata=cards, hovertemplate=HOVER, name="answered", yaxis="y2", width=0.5,
        marker={"color": faded(look.nodes[2], 0.75), "line": {"width": 0}},
        error_y=whisker((told, low, high), look.text, 1.2),
    )  # fmt: skip
    figure.add_scatter(
        x=np.arange(len(shown)), y=np.nan_to_num(np.fmax(high, told)), mode="text", text=[share(part) for part in told],
        textposition="top center", hoverinfo="skip", yaxis="y2", cliponaxis=False,
        textfont={"size": 12, "color": look.text},
    )  # fmt: skip
    figure.update_layout(
        yaxis2={
            "domain": list(_BARS), "anchor": "x", "range": [0, most * 1.45], "tickformat": ".0%", "nticks": 3,
            "gridcolor": look.grid, "zeroline": True, "zerolinecolor": look.muted, "fixedrange": True,
            "tickfont": {"color": look.muted},
            "title": {"text": "answered", "font": {"size": 12.5, "color": look.muted}},
        }
    )  # fmt: skip


def _name_columns(figure: go.Figure, look: Theme, names: list[str]) -> None:
    """Write the names beneath the bars, in lines that fit their columns."""
    width = max(_NARROWEST, _LETTERS // max(len(names), 1) - 1)
    blocks = label_blocks(names, min(width, 26), 3)
    figure.update_xaxes(
        tickmode="array", tickvals=list(range(len(names))), ticktext=["<br>".join(lines) for lines in blocks],
        range=[-0.6, len(names) - 0.4], anchor="y2", showgrid=False, zeroline=False, fixedrange=True, tickangle=0,
        tickfont={"size": 12 if len(names) < 9 else 11, "color": look.text}, ticks="", automargin=True,
    )  # fmt: skip
    deepest = max((len(lines) for lines in blocks), default=1)
    figure.update_layout(
        margin={"l": 64, "r": 40, "b": 30 + 15 * deepest}, height=figure.layout.height + 15 * deepest
    )


def _scale(result: SatisfactionResult) -> Scale | None:
    """Return the one scale of the answers."""
    names = result.tables["answers"]["scale"].dropna().unique()
    return scale_of(names[0]) if len(names) == 1 else None


def _subtitle(result: SatisfactionResult, table: pd.DataFrame, shown: pd.DataFrame) -> str:
    total = result.tables["scores"].iloc[0]
    text = (
        f"{count(total['n_attached'])} of {count(total['n_scores'])} scores follow a visit within "
        f"{result.question.within}, "  # type: ignore[attr-defined]
        f"{period(result.window)}. Whiskers are 95 % intervals. Beneath: the share of {followed(result)} at each place "
        "that gave a score after it; those who did not are not filled in."
    )
    if len(shown) < len(table):
        left = table.drop(shown.index)
        text += f" Not shown: {len(left):,} names with {count(left['n_scores'].sum())} scores."
    return text


def _card(row: Mapping[Any, Any], result: SatisfactionResult, scale: Scale | None) -> str:
    lines = [("scores", f"{count(row['n_scores'])} of {count(row['n_scored_actors'])} actors")]
    if row["n_scores"]:
        if scale is not None:
            lines.append(("mean answer", _with_bounds(row, "answer_mean")))
        lines.append(("mean score, -1 to 1", _with_bounds(row, "mean")))
    told = rate(row["response_rate"], row["response_rate_low"], row["response_rate_high"])
    lines += [
        ("share that answered", told),
        (
            "",
            f"{count(row['n_followed_answered'])} of {count(row['n_followed'])} {followed(result)} watched long enough",
        ),
    ]
    return card(full(row["node"]), lines)


def _with_bounds(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (row[f"{name}{bound}"] for bound in ("", "_low", "_high"))
    return f"{value:.3g}" + ("" if low != low else f" (95 % interval {low:.3g} to {high:.3g})")
