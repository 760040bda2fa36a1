"""Rows of differences with their intervals: a forest, in points of a share and in units of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from journeylog.plots.labels import amount, card, count, duration, full, label, share, time_unit
from journeylog.plots.panels import axis_name, name_rows, round_ticks, text_column, value_axis
from journeylog.plots.style import HOVER, Theme

__all__ = [
    "ROW",
    "difference_card",
    "direction_color",
    "draw_forest",
    "measure_word",
    "row_label",
    "row_name",
    "size_of",
]

Floats = npt.NDArray[np.float64]

#: Height of a row in pixels.
ROW = 28
_KEYS = ("node", "name", "outcome", "to", "period")
#: What is measured, in words; what says itself by its row's name is not repeated.
_WORDS = {
    "rate": "", "share": "", "drop_rate": "leaves", "reach_rate": "reaches the goal", "step_rate": "from the step before",
    "total_rate": "from the first step", "share_within": "within the common follow-up", "retention": "comes back",
    "median": "median time", "restricted_mean": "mean time", "time_median_s": "median time", "conversion": "converts",
    "mean": "",
}  # fmt: skip


def draw_forest(
    figure: go.Figure,
    theme: Theme,
    table: pd.DataFrame,
    names: Sequence[str],
    cards: Sequence[Any],
    head: tuple[str, str],
) -> None:
    """Draw one row a difference: the interval, the point, and both values behind.

    Parameters
    ----------
    table : DataFrame
        ``unit, value_a, value_b, difference, difference_low, difference_high, supported`` and more.
    names, cards : sequence
        A safe label and a hover box for each row.
    head : (str, str)
        Safe names of the sides, a then b.
    """
    units = [unit for unit in ("share", "s", "") if (table["unit"] == unit).any()]
    wide = (0.74 - 0.05 * (len(units) - 1)) / len(units)
    for i, unit in enumerate(units):
        start = i * (wide + 0.05)
        _panel(figure, theme, i + 1, (start, start + wide), table, unit, cards)
    for column, x, text in (("value_a", 0.82, head[0]), ("value_b", 0.93, head[1])):
        written = [value_text(value, unit) for value, unit in zip(table[column], table["unit"], strict=True)]
        text_column(figure, theme, x, text, written)
    name_rows(figure, theme, names)
    figure.update_layout(margin={"t": figure.layout.margin.t + 18}, height=figure.layout.height + 18)


def _panel(
    figure: go.Figure, theme: Theme, number: int, domain: tuple[float, float], table: pd.DataFrame, unit: str,
    cards: Sequence[Any],
) -> None:  # fmt: skip
    at = np.flatnonzero((table["unit"] == unit).to_numpy())
    rows = table.iloc[at]
    bounds = rows[["difference", "difference_low", "difference_high"]].to_numpy(np.float64)
    finite = bounds[np.isfinite(bounds)]
    most = float(np.abs(finite).max()) if len(finite) else 0.0
    size, word = (0.01, "points") if unit == "share" else time_unit(most) if unit == "s" else (1.0, "")
    low, high = (float(edge(finite)) / size if len(finite) else 0.0 for edge in (np.min, np.max))
    low, high = min(low, 0.0), max(high, 0.0)
    room = 0.06 * (high - low) or 1.0
    for supported in (False, True):
        mine = np.flatnonzero(rows["supported"].to_numpy(bool) == supported)
        if not len(mine):
            continue
        shown = rows.iloc[mine]
        colors = [direction_color(theme, row) for row in shown.to_dict("records")]
        value = shown["difference"].to_numpy(np.float64) / size
        for k, row in enumerate(shown[["difference_low", "difference_high"]].to_numpy(np.float64) / size):
            if np.isfinite(row).all():
                figure.add_scatter(
                    x=row, y=[int(at[mine[k]])] * 2, mode="lines", line={"color": colors[k], "width": 3 if supported else 2},
                    hoverinfo="skip", xaxis=axis_name(number), showlegend=False,
                )  # fmt: skip
        figure.add_scatter(
            x=value, y=at[mine].tolist(), mode="markers", marker={"color": colors, "size": 10 if supported else 7},
            customdata=[[cards[int(at[m])]] for m in mine], hovertemplate=HOVER, xaxis=axis_name(number),
            showlegend=False, meta={"supported": supported, "unit": unit},
        )  # fmt: skip
    ticks = round_ticks(low, high)
    title = f"difference ({word}, 95 % interval)".replace("(, ", "(")
    span, texts = (low - room, high + room), [amount(t, sign=t != 0) for t in ticks]
    value_axis(figure, theme, number, domain, title, span, (ticks, texts), 1.4)


def value_text(value: Any, unit: str) -> str:
    """Write a value in its unit."""
    if value != value or value is None:
        return "–"
    return share(value) if unit == "share" else duration(value) if unit == "s" else amount(value)


def size_of(difference: float, unit: str) -> str:
    """Write a difference with its sign, in its unit; missing is a dash.

    Examples
    --------
    >>> size_of(0.031, "share"), size_of(-90.0, "s"), size_of(1.5, "")
    ('+3.1 points', '-1 min 30 s', '+1.5')
    """
    if difference is None or not np.isfinite(difference):
        return "–"
    if unit == "share":
        return (
            f"{100 * difference:+.2g} points" if abs(difference) < 0.01 else f"{100 * difference:+.1f} points"
        )
    sign = "+" if difference >= 0 else ""
    return sign + duration(difference) if unit == "s" else amount(difference, sign=True)


def direction_color(theme: Theme, row: Mapping[Any, Any]) -> str:
    """Return the colour of a difference: blue for more, orange for less, grey for what may be chance."""
    if not row["supported"]:
        return theme.open
    return theme.nodes[0] if row["difference"] > 0 else theme.nodes[1]


def row_name(row: Mapping[Any, Any], width: int = 22) -> str:
    """Return the safe short name of a row's own keys."""
    if "from" in row:
        return " → ".join(_end(row, end, width) for end in _ends(row))
    key = _key(row)
    if key == "period":
        return f"period {count(row[key])}"
    return label(str(row[key]), 30) if key is not None else "anything"


def _ends(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return which ends a move has; what is of a place alone has one."""
    return ("from",) if row.get("part") == "node" else ("from", "to")


def _key(row: Mapping[Any, Any]) -> str | None:
    """Return the column that names the row; None where it is of whatever comes next."""
    return None if row.get("to_kind") == "any" else next((key for key in _KEYS if key in row), None)


def _end(row: Mapping[Any, Any], end: str, width: int) -> str:
    kind = row.get(f"{end}_kind", "node")
    return label(str(row[end]), width) if kind == "node" else f"<i>{kind}</i>"


def row_label(row: Mapping[Any, Any], width: int = 22) -> str:
    """Return the safe short name of a row with what is measured of it."""
    word = measure_word(row)
    return f"{row_name(row, width)}: {word}" if word else row_name(row, width)


def measure_word(row: Mapping[Any, Any]) -> str:
    """Return what is measured in words; nothing where the row's name says it."""
    return _WORDS.get(row["measure"], label(str(row["measure"])))


def difference_card(row: Mapping[Any, Any], sides: tuple[str, str], title: str | None = None) -> str:
    """Return the hover box of a difference: both values, the difference and the ratio with their intervals."""
    unit = row["unit"]
    lines = [
        (name, f"{value_text(row[f'value_{side}'], unit)} of {count(row[f'n_{side}'])}")
        for name, side in zip(sides, "ab", strict=True)
    ]
    low, high = (size_of(row[f"difference_{end}"], unit) for end in ("low", "high"))
    lines.append(("difference", f"{size_of(row['difference'], unit)} (95 % interval {low} to {high})"))
    if row["ratio"] == row["ratio"]:
        ratio = " to ".join(f"{row[f'ratio_{end}']:.3g}" for end in ("low", "high"))
        lines.append(("ratio", f"{row['ratio']:.3g} (95 % interval {ratio})"))
    if row.get("adjusted") is not None and row["adjusted"] == row["adjusted"]:
        low, high = (size_of(row[f"adjusted_{end}"], unit) for end in ("low", "high"))
        lines.append(("within segments", f"{size_of(row['adjusted'], unit)} ({low} to {high})"))
    told = "not tested" if row["p"] != row["p"] else f"p {_small(row['p'])}, q {_small(row['q'])}"
    lines.append(("", told if not row["supported"] else f"{told}: supported"))
    return card(title if title is not None else _full_name(row), lines)


def _full_name(row: Mapping[Any, Any]) -> str:
    if "from" in row:
        words = (
            full(str(row[end]))
            if row.get(f"{end}_kind", "node") == "node"
            else f"<i>{row[f'{end}_kind']}</i>"
            for end in _ends(row)
        )
        return " → ".join(words)
    key = _key(row)
    name = full(str(row[key])) if key is not None else "anything"
    word = measure_word(row)
    return f"{name}: {word}" if word else name


def _small(p: float) -> str:
    return f"{p:.2g}" if p >= 0.001 else "below 0.001"
