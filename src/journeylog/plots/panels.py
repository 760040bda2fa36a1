"""Parts of row charts: names down the side, panels side by side, bars, whiskers and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from journeylog.plots.labels import amount, count, share
from journeylog.plots.style import HOVER, Theme

__all__ = [
    "Bounded",
    "add_bars",
    "add_parts",
    "add_rates",
    "add_texts",
    "axis_name",
    "bounded",
    "draw_rates",
    "legend_row",
    "name_rows",
    "nice_ticks",
    "panel",
    "round_ticks",
    "signed_panel",
    "text_column",
    "value_axis",
    "whisker",
]

Floats = npt.NDArray[np.float64]
#: A value of each row with the bounds of its interval; what is not known is not a number.
Bounded = tuple[Floats, Floats, Floats]


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
    texts = [f"{100 * t:.3g} %" if percent else amount(t) for t in ticks]
    value_axis(figure, theme, number, domain, title, (0, most or 1.0), (ticks, texts))


def signed_panel(
    figure: go.Figure,
    theme: Theme,
    number: int,
    domain: tuple[float, float],
    title: str,
    values: Bounded,
    percent: bool = False,
) -> None:
    """Set up the x axis of one panel that holds all these values, of both signs."""
    every = np.concatenate([np.nan_to_num(part) for part in values])
    low, high = min(float(every.min()), 0.0), max(float(every.max()), 0.0)
    room = 0.06 * (high - low) or 1.0
    ticks = round_ticks(low, high)
    texts = [f"{100 * t:+.3g} %" if percent and t else amount(t, sign=t != 0) for t in ticks]
    span = low - (room if low < 0 else 0), high + room
    value_axis(figure, theme, number, domain, title, span, (ticks, texts), 1.4)


def value_axis(
    figure: go.Figure,
    theme: Theme,
    number: int,
    domain: tuple[float, float],
    title: str,
    span: tuple[float, float],
    ticks: tuple[Sequence[float], Sequence[str]],
    zero: float = 1.0,
) -> None:
    """Set up the x axis of one panel: its place, its ends, its ticks with their texts, how wide the line at zero is."""
    figure.update_layout(
        {
            f"xaxis{'' if number == 1 else number}": {
                "domain": list(domain), "anchor": "y", "range": list(span), "tickmode": "array",
                "tickvals": list(ticks[0]), "ticktext": list(ticks[1]),
                "title": {"text": title, "font": {"size": 12.5, "color": theme.muted}, "standoff": 10},
                "gridcolor": theme.grid, "zeroline": True, "zerolinecolor": theme.muted, "zerolinewidth": zero,
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
    figure: go.Figure, theme: Theme, number: int, rates: Bounded, color: str | Sequence[str],
    cards: Sequence[Sequence[Any]],
) -> None:  # fmt: skip
    """Add bars of shares with whiskers for their 95 % intervals and the value behind."""
    rate, _, high = rates
    spread = whisker(rates, theme.text)
    add_bars(figure, number, rate, color, cards, "rate", error_x=spread, showlegend=False, width=0.6)
    end = np.nan_to_num(np.fmax(high, rate))
    add_texts(figure, number, end, [share(r) for r in rate], theme.text)


def draw_rates(
    figure: go.Figure, theme: Theme, rates: Bounded, color: str | Sequence[str], cards: Sequence[Sequence[Any]],
    title: str, names: Sequence[str],
) -> None:  # fmt: skip
    """Draw shares with their 95 % intervals as the one panel of a figure, which reaches as far as they do."""
    add_rates(figure, theme, 1, rates, color, cards)
    most = float(np.nan_to_num(np.fmax(rates[2], rates[0])).max())
    panel(figure, theme, 1, (0.0, 1.0), f"{title} (95 % interval)", most * 1.2 or 1.0, True)
    name_rows(figure, theme, names)


def add_parts(
    figure: go.Figure, theme: Theme, number: int, parts: Sequence[tuple[Floats, str, str]], whole: Floats,
    cards: Sequence[Sequence[Any]],
) -> None:  # fmt: skip
    """Add counts that are parts of a whole, each with its name and colour, stacked, and the whole behind."""
    for counts, name, color in parts:
        if np.any(counts):
            add_bars(figure, number, counts, color, cards, name, width=0.6)
    add_texts(figure, number, whole, [count(n) for n in whole], theme.text)
    figure.update_layout(barmode="stack", bargap=0.3)
    legend_row(figure)


def bounded(table: pd.DataFrame, name: str) -> Bounded:
    """Return a column and the bounds of its interval."""
    value, low, high = (table[f"{name}{end}"].to_numpy(np.float64) for end in ("", "_low", "_high"))
    return value, low, high


def whisker(values: Bounded, ink: str, thickness: float = 1.4, width: float = 4) -> dict[str, Any]:
    """Return the error bars of values with bounds; a value without bounds has none."""
    value, low, high = values
    return {
        "type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low,
        "color": ink, "thickness": thickness, "width": width,
    }  # fmt: skip


def add_texts(
    figure: go.Figure, number: int, x: Sequence[float] | Floats, texts: Sequence[str], color: str
) -> None:
    """Write a safe text behind each row's bar."""
    figure.add_scatter(
        x=x, y=list(range(len(texts))), mode="text", text=[f"\u2002{t}" for t in texts], textposition="middle right",
        hoverinfo="skip", showlegend=False, cliponaxis=False, textfont={"size": 12, "color": color}, xaxis=axis_name(number),
    )  # fmt: skip


def text_column(figure: go.Figure, theme: Theme, x: float, head: str, texts: Sequence[str]) -> None:
    """Write a safe text for each row in a column beside the panels, its head above in bold."""
    font = {"size": 12, "color": theme.text}
    for i, text in enumerate(texts):
        figure.add_annotation(
            x=x, xref="paper", xanchor="center", y=i, yref="y", text=text, showarrow=False, font=font
        )
    figure.add_annotation(
        x=x, xref="paper", xanchor="center", y=1, yref="paper", yanchor="bottom", text=f"<b>{head}</b>",
        showarrow=False, font=font,
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


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round tick values between two ends around zero, all in one step.

    Examples
    --------
    >>> round_ticks(-0.12, 0.3)
    [-0.1, 0.0, 0.1, 0.2, 0.3]
    """
    size = [*nice_ticks(high - low or 1.0, about), 1.0][1]
    first, last = int(np.ceil(low / size - 1e-9)), int(np.floor(high / size + 1e-9))
    return [round(i * size, 12) + 0.0 for i in range(first, last + 1)]


def axis_name(number: int) -> str:
    """Return the name traces use for an x axis."""
    return "x" if number == 1 else f"x{number}"
