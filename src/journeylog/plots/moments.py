"""Moments of truth as a ranked forest: the lift of each with its interval, and both shares beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from journeylog.core.cases import check_choice
from journeylog.core.condition import spelled
from journeylog.core.window import format_duration, parse_duration
from journeylog.plots.forest import ROW, direction_color
from journeylog.plots.labels import card, count, full, interval, label, labels, share
from journeylog.plots.panels import name_rows, text_column
from journeylog.plots.style import HOVER, Theme, blank, followed, no_data, not_shown, period, theme_of
from journeylog.stats.moments import Moments, MomentsResult

__all__ = ["moment_forest"]

_TITLE = "After which moments more journeys reach the goal, and after which fewer"
#: Where the forest ends and where the columns of numbers stand, as parts of the width.
_FOREST, _DID, _REST, _N = 0.66, 0.74, 0.86, 0.97
#: Ticks by how wide the axis is: up to so many times from end to end.
_TICKS: Final = (
    (3.0, (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5)),
    (12.0, (0.1, 0.2, 0.33, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 10.0)),
    (1e9, (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)),
)
_WORDS = {"node": "moments", "transition": "moves"}


def moment_forest(
    result: MomentsResult,
    *,
    part: Literal["node", "transition"] = "node",
    rows: int = 20,
    theme: str = "light",
    title: str | None = None,
) -> go.Figure:
    """Draw the lift of each moment with its interval, the surely largest first; what may be chance is grey.

    Parameters
    ----------
    result : MomentsResult
    part : {"node", "transition"}
        Nodes met, or moves from one to the next.
    rows : int
        Moments to show at most, in the order of the table; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    check_choice("part", part, ("node", "transition"))
    look = theme_of(theme)
    table = result.table[(result.table["kind"] == part) & result.table["lift"].notna()]
    if table.empty:
        return no_data(look, _TITLE, result, title)
    shown = table.head(rows)
    figure = blank(look, _TITLE, _subtitle(result, table, shown, part), ROW * len(shown) + 50, title)
    _draw_points(figure, look, shown)
    for column, x, head, write in (
        ("did_rate", _DID, "did", share),
        ("not_rate", _REST, "did not", share),
        ("n_did", _N, "n did", count),
    ):
        text_column(figure, look, x, head, [write(value) for value in shown[column]])
    name_rows(figure, look, _names(shown, part))
    figure.update_layout(margin={"t": figure.layout.margin.t + 18}, height=figure.layout.height + 18)
    return figure


def _draw_points(figure: go.Figure, look: Theme, shown: pd.DataFrame) -> None:
    low, high = _reach(shown)
    records = shown.to_dict("records")
    colors = [direction_color(look, row) for row in records]
    for i, row in enumerate(records):
        bounds = np.clip([row["lift_low"], row["lift_high"]], low, high)
        if np.isfinite(bounds).all():
            figure.add_scatter(
                x=bounds, y=[i, i], mode="lines", line={"color": colors[i], "width": 3 if row["supported"] else 2},
                hoverinfo="skip", showlegend=False,
            )  # fmt: skip
    figure.add_scatter(
        x=np.clip(shown["lift"].to_numpy(np.float64), low, high), y=list(range(len(shown))), mode="markers",
        marker={"color": colors, "size": [10 if row["supported"] else 7 for row in records]},
        customdata=[[_card(row)] for row in records], hovertemplate=HOVER, showlegend=False,
    )  # fmt: skip
    figure.add_shape(
        type="line", x0=1, x1=1, xref="x", y0=0, y1=1, yref="paper", layer="below",
        line={"color": look.muted, "width": 1.4},
    )  # fmt: skip
    chosen = next(values for wide, values in _TICKS if high / low <= wide)
    ticks = [tick for tick in chosen if low <= tick <= high]
    figure.update_xaxes(
        type="log", domain=[0, _FOREST], range=[np.log10(low), np.log10(high)], tickmode="array", tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks], gridcolor=look.grid, zeroline=False, fixedrange=True, ticks="",
        tickfont={"color": look.muted}, tickangle=0, automargin=True,
        title={
            "text": "lift: share of those who did, divided by that of those who did not (95 % interval)",
            "font": {"size": 12.5, "color": look.muted}, "standoff": 10,
        },
    )  # fmt: skip


def _reach(shown: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis: all bounds, but no further than 20 times and a twentieth."""
    bounds = shown[["lift", "lift_low", "lift_high"]].to_numpy(np.float64)
    some = bounds[np.isfinite(bounds) & (bounds > 0)]
    low, high = (float(some.min()), float(some.max())) if len(some) else (1.0, 1.0)
    return max(min(low / 1.05, 0.78), 0.05), min(max(high * 1.05, 1.28), 20.0)


def _names(shown: pd.DataFrame, part: str) -> list[str]:
    if part == "node":
        return labels(shown["moment"].tolist(), 30)
    return [f"{_start(row, label)} → {label(row['moment'], 20)}" for row in shown.to_dict("records")]


def _start(row: Mapping[Any, Any], write: Any) -> str:
    return f"<i>{row['from_kind']}</i>" if row["from_kind"] != "node" else str(write(row["from"], 20))


def _subtitle(result: MomentsResult, table: pd.DataFrame, shown: pd.DataFrame, part: str) -> str:
    question = result.question
    assert isinstance(question, Moments)
    goal = "their goal" if question.goal is None else label(spelled(question.goal), 40)
    within = format_duration(parse_duration(question.within))
    text = (
        f"Share of {followed(result)} that reach {goal} within {within} of doing it, beside those at the same "
        f"place, position and time that did not; {period(result.window)}. {int(table['supported'].sum()):,} of "
        f"{len(table):,} {_WORDS[part]} are supported (q below 0.05); grey may be chance. An association, not a cause."
    )
    return text + not_shown(len(table) - len(shown), "less sure ones")


def _card(row: Mapping[Any, Any]) -> str:
    name = full(row["moment"])
    if row["kind"] == "transition":
        name = f"{full(row['from']) if row['from_kind'] == 'node' else row['from_kind']} → {name}"
    low, high = row["lift_low"], row["lift_high"]
    bounds = f" (95 % interval {low:.3g} to {high:.3g})" if low == low and high == high else ""
    lines = [
        ("lift", f"{row['lift']:.3g}{bounds}"),
        (
            "did it",
            f"{share(row['did_rate'])} reach the goal; {count(row['n_did_goal'])} of {count(row['n_did'])} cases",
        ),
        (
            "did not",
            f"{share(row['not_rate'])}; {count(row['n_not_goal'])} of {count(row['n_not'])} stands at risk",
        ),
        (
            "difference",
            f"{share(row['difference'])} ({interval(row['difference_low'], row['difference_high'])})",
        ),
    ]
    if row["q"] == row["q"]:
        lines.append(("q", f"{row['q']:.2g}"))
    if row["n_alone"]:
        lines.append(("not compared", f"{count(row['n_alone'])} with nobody at risk there"))
    return card(name, lines)
