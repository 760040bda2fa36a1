"""Money by node: what one amount is, and what all of them are together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from journeylog.plots.labels import card, count, full, labels, safe
from journeylog.plots.panels import add_bars, add_texts, name_rows, nice_ticks
from journeylog.plots.style import Theme, blank, faded, followed, no_data, period, theme_of
from journeylog.stats.values import ValuesResult

__all__ = ["value_bars"]

_TITLE = "Where the money is made"
_ROW = 30
_NOWHERE = "(no node)"


def value_bars(
    result: ValuesResult, *, rows: int = 20, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the mean amount at each node with its interval, and beside it the total.

    Parameters
    ----------
    result : ValuesResult
    rows : int
        Nodes to show at most, those with the largest totals (of either sign) in the order of the table; the title's
        line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["n"] > 0]
    if table.empty:
        return no_data(look, _TITLE, result, title)
    largest = table["value_total"].abs().sort_values(ascending=False, kind="stable").index[:rows]
    shown = table.loc[largest.sort_values()].reset_index(drop=True)
    figure = blank(look, _TITLE, _subtitle(result, table, shown), _ROW * len(shown) + 30, title)
    cards = [[_card(row), row["node"], row["n"]] for row in shown.to_dict("records")]
    mean, low, high = (shown[f"value_mean{end}"].to_numpy(np.float64) for end in ("", "_low", "_high"))
    total = shown["value_total"].to_numpy(np.float64)
    unit = f", {safe(result.currency)}" if result.currency else ""
    for number, values, ends, words, span in (
        (1, mean, (low, high), f"mean of one amount{unit} (95 % interval)", (0.0, 0.46)),
        (2, total, (total, total), f"total{unit}", (0.54, 1.0)),
    ):
        reach = max(2.5 * float(values.max()), 0.0)  # one bound that is anywhere shall not hide the others
        high_end = np.fmax(np.fmax(values, ends[1]), 0.0)
        far = np.minimum(high_end, reach)
        error = {
            "type": "data", "symmetric": False, "array": np.nan_to_num(np.minimum(ends[1], reach) - values),
            "arrayminus": np.nan_to_num(values - ends[0]), "color": look.text, "thickness": 1.4, "width": 4,
            "visible": number == 1,
        }  # fmt: skip
        color = faded(look.nodes[number - 1], 0.8)
        add_bars(figure, number, values, color, cards, words, width=0.6, showlegend=False, error_x=error)
        texts = [_money(v) + " →" * bool(end > reach) for v, end in zip(values, high_end, strict=True)]
        add_texts(figure, number, far, texts, look.text)
        _axis(
            figure, look, number, span, words, float(np.fmin(np.fmin(values, ends[0]), 0.0).min()), far.max()
        )
    name_rows(figure, look, _names(shown))
    return figure


def _axis(
    figure: go.Figure,
    look: Theme,
    number: int,
    span: tuple[float, float],
    words: str,
    least: float,
    most: float,
) -> None:
    """Set up an axis of money; refunds reach below zero."""
    width = max(most - least, 1e-9)
    step = [*nice_ticks(width, 4), width][1]
    ticks = [i * step for i in range(int(np.ceil(least / step - 1e-9)), int(most / step + 1e-9) + 1)]
    figure.update_layout(
        {
            f"xaxis{'' if number == 1 else number}": {
                "domain": list(span), "anchor": "y", "range": [least - 0.02 * width * (least < 0), most + 0.3 * width],
                "tickmode": "array", "tickvals": ticks, "ticktext": [_money(t) for t in ticks],
                "title": {"text": words, "font": {"size": 12.5, "color": look.muted}, "standoff": 10},
                "gridcolor": look.grid, "zeroline": True, "zerolinecolor": look.muted, "zerolinewidth": 1,
                "fixedrange": True, "tickfont": {"color": look.muted}, "automargin": True, "ticks": "",
            }
        }
    )  # fmt: skip


def _names(shown: pd.DataFrame) -> list[str]:
    """Return the labels of the rows; what has no node is no name of the data."""
    safe_names = labels([str(name) for name in shown["node"]], 30)
    return [
        name if kind == "node" else _NOWHERE for name, kind in zip(safe_names, shown["kind"], strict=True)
    ]


def _money(value: float) -> str:
    """Write an amount short enough for an axis."""
    size = abs(value)
    for limit, word in ((1e9, " bn"), (1e6, " M"), (1e4, " k")):
        if size >= limit:
            return f"{value / (1e3 if word == ' k' else limit):,.4g}{word}"
    return f"{value:,.4g}"


def _subtitle(result: ValuesResult, table: pd.DataFrame, shown: pd.DataFrame) -> str:
    row = result.cases.iloc[0]
    unit = f" {safe(result.currency)}" if result.currency else ""
    text = (
        f"{count(table['n'].sum())} amounts of {_money(table['value_total'].sum())}{unit} together, "
        f"{period(result.window)}. {count(row['n_valued'])} of {count(row['n_cases'])} {followed(result)} have one; "
        f"over all of them the mean is {_money(row['value_mean'])}{unit}."
    )
    if len(shown) < len(table):
        left = table["value_total"].sum() - shown["value_total"].sum()
        text += f" Not shown: {len(table) - len(shown):,} names with {_money(left)}{unit}."
    return text


def _card(row: Mapping[Any, Any]) -> str:
    lines = [("amounts", count(row["n"])), ("actors", count(row["n_actors"]))]
    lines.append(("total", f"{row['value_total']:,.2f}"))
    for name, words in (("mean", "mean"), ("median", "half up to"), ("p90", "90 % up to")):
        low, high = row[f"value_{name}_low"], row[f"value_{name}_high"]
        bounds = f" ({low:,.2f} to {high:,.2f})" if low == low and high == high else ""
        lines.append((words, f"{row[f'value_{name}']:,.2f}{bounds}"))
    return card(full(row["node"]) if row["kind"] == "node" else _NOWHERE, lines)
