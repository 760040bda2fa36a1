"""Curves of the time to what comes next: which share has gone each way, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from journeylog.core.condition import spelled
from journeylog.plots.labels import card, count, duration, full, label, labels, rate, share, time_unit
from journeylog.plots.style import (
    HOVER,
    Theme,
    blank,
    faded,
    followed,
    luminance,
    no_data,
    not_shown,
    period,
    theme_of,
)
from journeylog.stats.timeto import TimeToResult

__all__ = ["incidence_curves"]

_TITLE = "How long it takes until what comes next"
_HEIGHT = 380
#: Points a curve is drawn with at most; between them it moves less than a pixel.
_POINTS = 500
#: Labels at the right end stand at least this share of the axis apart.
_APART = 0.052
#: Contrast a line needs with the paper.
_CONTRAST = 1.9
_OUTCOMES = {"reached": "ended with the goal", "dropped": "dropped: left"}


def incidence_curves(
    result: TimeToResult, *, rows: int = 6, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw, for each way on, the share of cases that went it within a time, with the 95 % band.

    Parameters
    ----------
    result : TimeToResult
    rows : int
        Ways on to show at most, the most frequent ones; the title's line says how many are left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.

    Notes
    -----
    Shares of all ways on and of those still waiting add up to one at every time. Open cases are censored.
    """
    look = theme_of(theme)
    table, curve = result.table, result.tables["curve"]
    shown = table[table["n"] > 0].sort_values("n", ascending=False, kind="stable").head(rows)
    if shown.empty:
        return no_data(look, _TITLE, result, title)
    longest = float(result.tables["waiting"]["time_s"].max())
    unit, word = time_unit(longest)
    hidden = int((table["n"] > 0).sum()) - len(shown)
    figure = blank(look, _TITLE, _subtitle(result, hidden), _HEIGHT, title)
    visible = [color for color in look.nodes if _stands_out(color, look)]
    ends: list[tuple[float, str, str]] = []
    names = labels(
        [
            _OUTCOMES.get(k, t) if k != "node" else t
            for t, k in zip(shown["to"], shown["to_kind"], strict=True)
        ],
        26,
    )
    top = 0.0
    for i, (name, row) in enumerate(zip(names, shown.to_dict("records"), strict=True)):
        color = visible[i % len(visible)] if row["to_kind"] == "node" else look.of_kind(row["to_kind"])
        mine = curve[(curve["to"] == row["to"]) & (curve["to_kind"] == row["to_kind"])]
        line = _line(mine, longest)
        _draw(figure, line, unit, color, [_card(row, point) for point in line.to_dict("records")])
        last = float(row["share"])
        top = max(top, last, float(np.nanmax([0.0, *line["share_high"].to_numpy()])))
        ends.append((last, f"{name} <b>{share(last)}</b>", color))
    top = min(1.0, top * 1.04)
    _name_ends(figure, look, ends, top)
    figure.update_xaxes(
        title={"text": word, "standoff": 6, "font": {"size": 12.5, "color": look.muted}},
        range=[0, longest / unit], gridcolor=look.grid,
        zeroline=False, showline=True, linecolor=look.grid, fixedrange=True, tickfont={"color": look.muted},
    )  # fmt: skip
    figure.update_yaxes(
        range=[0, top or 1.0], tickformat=".0%", gridcolor=look.grid, zeroline=False,
        fixedrange=True, rangemode="tozero", tickfont={"color": look.muted},
    )  # fmt: skip
    figure.update_layout(hovermode="closest", margin={"l": 56, "r": 250, "b": 52})
    return figure


def _stands_out(color: str, look: Theme) -> bool:
    """Return whether a thin line of this colour can be seen on the paper."""
    light, dark = sorted((luminance(color), luminance(look.paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05) >= _CONTRAST


def _line(mine: pd.DataFrame, longest: float) -> pd.DataFrame:
    """Return the steps of a curve from zero to the end, thinned to what can be seen."""
    names = ["time_s", "n_at_risk", "share", "share_low", "share_high"]
    steps = mine[names]
    if len(steps) > _POINTS:
        at = np.searchsorted(steps["time_s"], np.linspace(0, longest, _POINTS), side="right") - 1
        steps = steps.iloc[np.unique(np.append(at[at >= 0], len(steps) - 1))]
    first = pd.DataFrame([[0.0, np.nan, 0.0, np.nan, np.nan]], columns=names)
    last = steps.tail(1).assign(time_s=longest)
    return pd.concat([first.astype(float), steps.astype(float), last.astype(float)], ignore_index=True)


def _draw(figure: go.Figure, line: pd.DataFrame, unit: float, color: str, cards: list[str]) -> None:
    x = line["time_s"].to_numpy() / unit
    bands = line[["share_low", "share_high"]].ffill()  # at the last step, where nobody is left, there is none
    known = bands["share_low"].notna().to_numpy()
    for name in ("share_high", "share_low"):
        figure.add_scatter(
            x=x[known], y=bands[name].to_numpy()[known], mode="lines", line={"shape": "hv", "width": 0},
            fill="tonexty" if name == "share_low" else None, fillcolor=faded(color, 0.16), hoverinfo="skip",
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=line["share"], mode="lines", line={"shape": "hv", "width": 2.2, "color": color},
        customdata=[[text] for text in cards], hovertemplate=HOVER,
    )  # fmt: skip


def _name_ends(figure: go.Figure, look: Theme, ends: list[tuple[float, str, str]], top: float) -> None:
    """Write each curve's name at its right end; names keep apart and stay in the order of the curves."""
    place = _apart(np.array([end[0] / top if top else 0.0 for end in ends]))
    for y, (_, text, color) in zip(place, ends, strict=True):
        for sign, ink, shift in (("\u25cf", color, 8), (text, look.text, 22)):
            figure.add_annotation(
                x=1, xref="paper", xanchor="left", xshift=shift, y=float(y), yref="paper", showarrow=False,
                align="left", text=sign, font={"size": 12.5, "color": ink},
            )  # fmt: skip


def _apart(wanted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    order = np.argsort(wanted, kind="stable")
    placed = wanted[order].copy()
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + _APART)
    placed -= max(0.0, placed[-1] - 1.0)
    for i in range(len(placed) - 1, 0, -1):
        placed[i - 1] = min(placed[i - 1], placed[i] - _APART)
    out = np.empty_like(placed)
    out[order] = placed
    return out


def _card(row: dict[Any, Any], point: dict[Any, Any]) -> str:
    name = full(row["to"]) if row["to_kind"] == "node" else _OUTCOMES[row["to_kind"]]
    lines = [
        (
            f"within {duration(point['time_s'])}",
            rate(point["share"], point["share_low"], point["share_high"]),
        ),
        ("in all", f"{count(row['n'])} of {count(row['n_cases'])} cases"),
        (
            "half of all by",
            duration(row["median_s"]) if row["median_s"] == row["median_s"] else "not reached",
        ),
    ]
    return card(name, lines)


def _subtitle(result: TimeToResult, hidden: int) -> str:
    table = result.table
    n, n_open = int(table["n_cases"].iloc[0]), int(table["n_open"].iloc[0])
    start = getattr(result.question, "start", None)
    since = "from their first event" if start is None else f"from {label(spelled(start), 60)}"
    text = (
        f"{count(n)} {followed(result)} {since}, {period(result.window)}. "
        f"{count(n_open)} are open: they count as long as they were watched and are not taken as lost."
    )
    return text + not_shown(hidden, "rarer ways on")
