"""Retention as a curve over periods, and as a heat map of cohorts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from journeylog.core.schema import DAY
from journeylog.core.window import format_duration, parse_duration
from journeylog.plots.labels import card, count, rate, share
from journeylog.plots.panels import name_rows, nice_ticks
from journeylog.plots.style import HOVER, blank, faded, ink_on, no_data, not_shown, period, theme_of
from journeylog.stats.retention import Retention, RetentionResult

__all__ = ["cohort_heatmap", "retention_curve"]

_TITLE = "Who comes back"
_HEIGHT, _ROW = 340, 26
#: Cells up to which each has its number written in it.
_WRITTEN: Final = 400


def retention_curve(result: RetentionResult, *, theme: str = "light", title: str | None = None) -> go.Figure:
    """Draw the share that comes back in each period, with its 95 % interval.

    Parameters
    ----------
    result : RetentionResult
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["n_eligible"] > 0]
    if table.empty:
        return no_data(look, _TITLE, result, title)
    figure = blank(look, _TITLE, _subtitle(result), _HEIGHT, title)
    x, color = table["period"].to_numpy(), look.nodes[0]
    for name in ("rate_high", "rate_low"):
        figure.add_scatter(
            x=x, y=table[name], mode="lines", line={"width": 0}, hoverinfo="skip",
            fill="tonexty" if name == "rate_low" else None, fillcolor=faded(color, 0.18),
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=table["rate"], mode="lines+markers+text", line={"color": color, "width": 2.2},
        marker={"size": 7, "color": color},
        text=[share(r) for r in table["rate"]] if len(table) <= 16 else None, textposition="top center",
        textfont={"size": 11.5, "color": look.text}, cliponaxis=False,
        customdata=[[_card(row, f"period {row['period']}")] for row in table.to_dict("records")], hovertemplate=HOVER,
    )  # fmt: skip
    top = min(1.0, float(table["rate_high"].max()) * 1.18)
    ticks = nice_ticks(top)
    figure.update_yaxes(
        range=[0, top], tickmode="array", tickvals=ticks, ticktext=[share(t) for t in ticks], gridcolor=look.grid,
        zeroline=False, fixedrange=True, tickfont={"color": look.muted},
    )  # fmt: skip
    figure.update_xaxes(
        title={"text": _axis(result), "standoff": 8, "font": {"size": 12.5, "color": look.muted}},
        dtick=max(1, len(table) // 12),
        range=[0.6, float(x.max()) + 0.4], showgrid=False, zeroline=False, showline=True, linecolor=look.grid,
        fixedrange=True, tickfont={"color": look.muted},
    )  # fmt: skip
    figure.update_layout(margin={"l": 60, "b": 56})
    return figure


def cohort_heatmap(
    result: RetentionResult, *, rows: int = 24, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw a cell for each cohort and period: the darker, the more of those who could be seen came back.

    Parameters
    ----------
    result : RetentionResult
    rows : int
        Cohorts to show at most, the latest ones; the title's line says how many are left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    if result.cohorts.empty:
        return no_data(look, _TITLE, result, title)
    begins = result.cohorts["cohort"].drop_duplicates().sort_values()
    shown = begins.iloc[-rows:]
    place = {begin: i for i, begin in enumerate(shown)}
    table = result.cohorts[result.cohorts["cohort"].isin(place)]
    columns = int(table["period"].max())
    grid = np.full((len(shown), columns), np.nan)
    cards = np.full((len(shown), columns), "", dtype=object)
    names, written = [""] * len(shown), table.shape[0] <= _WRITTEN
    most = float(table["rate"].max()) or 1.0
    figure = blank(look, _TITLE, "", _ROW * len(shown) + 30, title)
    for row in table.to_dict("records"):
        i, j = place[row["cohort"]], int(row["period"]) - 1
        name = _begin(row["cohort"], result)
        grid[i, j], cards[i, j] = row["rate"], _card(row, f"began {name}: period {j + 1}")
        names[i] = f"{name}  <b>{count(row['cohort_size'])}</b>"
        if written:
            figure.add_annotation(
                x=j + 1, y=i, text=share(row["rate"]), showarrow=False,
                font={"size": 11, "color": ink_on(_shade(look.scale, row["rate"] / most))},
            )  # fmt: skip
    figure.add_heatmap(
        z=grid, x=list(range(1, columns + 1)), y=list(range(len(shown))), zmin=0, zmax=most, xgap=1, ygap=1,
        colorscale=[[i / (len(look.scale) - 1), c] for i, c in enumerate(look.scale)],
        customdata=cards[:, :, None], hovertemplate=HOVER, hoverongaps=False,
        colorbar={"tickformat": ".0%", "thickness": 12, "outlinewidth": 0, "tickfont": {"color": look.muted}},
    )  # fmt: skip
    name_rows(figure, look, names)
    figure.update_xaxes(
        title={"text": _axis(result), "standoff": 8, "font": {"size": 12.5, "color": look.muted}},
        dtick=max(1, columns // 20),
        range=[0.5, columns + 0.5], showgrid=False, zeroline=False, fixedrange=True, tickfont={"color": look.muted},
    )  # fmt: skip
    hidden = len(begins) - len(shown)
    text = (
        _subtitle(result) + " Beside each cohort: how many began. Empty cells could not be seen to their end."
    )
    text += not_shown(hidden, "earlier cohorts")
    framed = blank(look, _TITLE, text, _ROW * len(shown) + 30, title)
    figure.update_layout(title=framed.layout.title, margin=framed.layout.margin, height=framed.layout.height)
    figure.update_layout(margin={"b": 56})
    return figure


def _question(result: RetentionResult) -> Retention:
    assert isinstance(result.question, Retention)
    return result.question


def _subtitle(result: RetentionResult) -> str:
    first = result.table.iloc[0]
    question = _question(result)
    kind = "in this very period" if question.bounded else "in this period or a later one"
    return (
        f"{count(first['n_actors'])} actors, {period(result.window)}: the share that came back {kind}, of those who were "
        "watched long enough to tell."
    )


def _axis(result: RetentionResult) -> str:
    question = _question(result)
    unit = question.interval if question.calendar else format_duration(parse_duration(question.interval))
    return f"{unit}s after that of the start" if question.calendar else f"periods of {unit} after the start"


def _begin(cohort: Any, result: RetentionResult) -> str:
    question = _question(result)
    local = cohort.tz_convert(question.tz) if ":" not in question.tz else cohort
    short = question.calendar or parse_duration(question.interval) % DAY == 0
    return str(local.strftime("%Y-%m-%d" if short else "%Y-%m-%d %H:%M"))


def _card(row: Mapping[Any, Any], title: str) -> str:
    lines = [
        ("came back", f"{count(row['n_returned'])} of {count(row['n_eligible'])} who could be seen"),
        ("share", rate(row["rate"], row["rate_low"], row["rate_high"])),
    ]
    return card(title, lines)


def _shade(scale: tuple[str, ...], part: float) -> str:
    """Return the colour of the scale at a part of its length, near enough to choose an ink for it."""
    return scale[min(int(part * (len(scale) - 1) + 0.5), len(scale) - 1)]
