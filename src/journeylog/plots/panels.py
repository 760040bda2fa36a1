"""Parts of row charts: names down the side, panels side by side, bars, whiskers and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from journeylog.plots.labels import share
from journeylog.plots.style import HOVER, Theme

__all__ = ["add_bars", "add_rates", "add_texts", "legend_row", "name_rows", "nice_ticks", "panel"]

Floats = npt.NDArray[np.float64]


def name_rows(figure: go.Figure, theme: Theme, texts: Sequence[str], shift: float = 0.0) -> None:
    """Write safe labels down the side; rows are numbers, so two equal labels stay two rows."""
    figure.update_yaxes(
        tickmode="array", tickvals=[i + shift for i in range(len(texts))], ticktext=[f"{t}  " for t in texts],
        automargin=True, range=[len(texts) - 0.5, -0.5], showgrid=False, zeroline=False, fixedrange=True, ticks="",
        tickfont={"size": 12.5, "color": theme.text},
    )  # fmt: skip


def panel(
    figure: go.Figure,
    theme: Theme,
    number: int,
    domain: tuple[float, float],
    title: str,
    most: float,
    percent: bool = False,
) -> None:
    """Set up the x axis of one panel from zero to `most`; `title` says what is measured and in which unit."""
    ticks = nice_ticks(min(most, 1.0) if percent else most)
    figure.update_layout(
        {
            f"xaxis{'' if number == 1 else number}": {
                "domain": list(domain), "anchor": "y", "range": [0, most or 1.0], "tickmode": "array", "tickvals": ticks,
                "ticktext": [f"{100 * t:.3g} %" for t in ticks] if percent else [f"{t:,.6g}" for t in ticks],
                "title": {"text": title, "font": {"size": 12.5, "color": theme.muted}, "standoff": 10},
                "gridcolor": theme.grid, "zeroline": True, "zerolinecolor": theme.muted, "zerolinewidth": 1,
                "fixedrange": True, "tickfont": {"color": theme.muted}, "automargin": True, "ticks": "",
            }
        }
    )  # fmt: skip


def add_bars(
    figure: go.Figure, number: int, values: Sequence[float] | Floats, color: str | Sequence[str],
    cards: Sequence[Sequence[Any]], name: str, **more: Any,
) -> None:  # fmt: skip
    """Add one bar a row; the first of each of `cards` is its hover box, the rest plain data."""
    figure.add_bar(
        x=values, y=list(range(len(values))), orientation="h", marker={"color": color, "line": {"width": 0}},
        customdata=cards, hovertemplate=HOVER, name=name, xaxis=axis_name(number), **more,
    )  # fmt: skip


def add_rates(
    figure: go.Figure, theme: Theme, number: int, rates: tuple[Floats, Floats, Floats], color: str | Sequence[str],
    cards: Sequence[Sequence[Any]], ink: str,
) -> None:  # fmt: skip
    """Add bars of shares with whiskers for their 95 % intervals and the value behind."""
    rate, low, high = (np.asarray(values, dtype=np.float64) for values in rates)
    whisker = {
        "type": "data", "symmetric": False, "array": np.nan_to_num(high - rate), "arrayminus": np.nan_to_num(rate - low),
        "color": ink, "thickness": 1.4, "width": 4,
    }  # fmt: skip
    add_bars(figure, number, rate, color, cards, "rate", error_x=whisker, showlegend=False, width=0.6)
    end = np.nan_to_num(np.fmax(high, rate))
    add_texts(figure, number, end, [share(r) for r in rate], theme.text)


def add_texts(
    figure: go.Figure, number: int, x: Sequence[float] | Floats, texts: Sequence[str], color: str
) -> None:
    """Write a safe text behind each row's bar."""
    figure.add_scatter(
        x=x, y=list(range(len(texts))), mode="text", text=[f"\u2002{t}" for t in texts], textposition="middle right",
        hoverinfo="skip", showlegend=False, cliponaxis=False, textfont={"size": 12, "color": color}, xaxis=axis_name(number),
    )  # fmt: skip


def legend_row(figure: go.Figure) -> None:
    """Put the legend in one row above the panels and make room for it."""
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "traceorder": "normal",
            "itemclick": False, "itemdoubleclick": False, "bgcolor": "rgba(0,0,0,0)", "font": {"size": 12},
        },
        margin={"t": figure.layout.margin.t + 26},
        height=figure.layout.height + 26,
    )  # fmt: skip


def nice_ticks(most: float, about: int = 5) -> list[float]:
    """Return round tick values from zero to at most `most`.

    Examples
    --------
    >>> nice_ticks(87), nice_ticks(0.3, 3)
    ([0.0, 20.0, 40.0, 60.0, 80.0], [0.0, 0.1, 0.2, 0.3])
    """
    if not most > 0:
        return [0.0]
    raw = most / about
    size = 10.0 ** np.floor(np.log10(raw))
    step = float(next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= raw * 0.999))
    return [round(i * step, 12) for i in range(int(most / step + 1e-9) + 1)]


def axis_name(number: int) -> str:
    """Return the name traces use for an x axis."""
    return "x" if number == 1 else f"x{number}"
