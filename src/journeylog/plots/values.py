"""Money by node: what one amount is, and what all of them are together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from journeylog.plots.labels import amount, card, count, full, labels, safe
from journeylog.plots.panels import (
    Bounded,
    add_bars,
    add_texts,
    bounded,
    name_rows,
    round_ticks,
    value_axis,
    whisker,
)
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
    total = shown["value_total"].to_numpy(np.float64)
    unit = f", {safe(result.currency)}" if result.currency else ""
    words = f"mean of one amount{unit} (95 % interval)"
    _money_panel(figure, look, 1, (0.0, 0.46), words, bounded(shown, "value_mean"), cards)
    _money_panel(figure, look, 2, (0.54, 1.0), f"total{unit}", (total, total, total), cards)
    name_rows(figure, look, _names(shown))
    return figure


def _money_panel(
    figure: go.Figure, look: Theme, number: int, domain: tuple[float, float], title: str, values: Bounded,
    cards: list[list[Any]],
) -> None:  # fmt: skip
    """Draw amounts with their bounds on an axis of their own; refunds reach below zero."""
    value, low, high = values
    reach = max(2.5 * float(value.max()), 0.0)  # one bound that is anywhere shall not hide the others
    high_end = np.fmax(np.fmax(value, high), 0.0)
    far = np.minimum(high_end, reach)
    spread = whisker((value, low, np.minimum(high, reach)), look.text) | {"visible": number == 1}
    color = faded(look.nodes[number - 1], 0.8)
    add_bars(figure, number, value, color, cards, title, width=0.6, showlegend=False, error_x=spread)
    texts = [amount(v) + " →" * bool(end > reach) for v, end in zip(value, high_end, strict=True)]
    add_texts(figure, number, far, texts, look.text)
    least, most = float(np.fmin(np.fmin(value, low), 0.0).min()), float(far.max())
    width = max(most - least, 1e-9)
    ticks = round_ticks(least, most, 4)
    span = least - 0.02 * width * (least < 0), most + 0.3 * width
    value_axis(figure, look, number, domain, title, span, (ticks, [amount(t) for t in ticks]))


def _names(shown: pd.DataFrame) -> list[str]:
    """Return the labels of the rows; what has no node is no name of the data."""
    safe_names = labels([str(name) for name in shown["node"]], 30)
    return [
        name if kind == "node" else _NOWHERE for name, kind in zip(safe_names, shown["kind"], strict=True)
    ]


def _subtitle(result: ValuesResult, table: pd.DataFrame, shown: pd.DataFrame) -> str:
    row = result.cases.iloc[0]
    unit = f" {safe(result.currency)}" if result.currency else ""
    text = (
        f"{count(table['n'].sum())} amounts of {amount(table['value_total'].sum())}{unit} together, "
        f"{period(result.window)}. {count(row['n_valued'])} of {count(row['n_cases'])} {followed(result)} have one; "
        f"over all of them the mean is {amount(row['value_mean'])}{unit}."
    )
    if len(shown) < len(table):
        left = table["value_total"].sum() - shown["value_total"].sum()
        text += f" Not shown: {len(table) - len(shown):,} names with {amount(left)}{unit}."
    return text


def _card(row: Mapping[Any, Any]) -> str:
    lines = [("amounts", count(row["n"])), ("actors", count(row["n_actors"]))]
    lines.append(("total", f"{row['value_total']:,.2f}"))
    for name, words in (("mean", "mean"), ("median", "half up to"), ("p90", "90 % up to")):
        low, high = row[f"value_{name}_low"], row[f"value_{name}_high"]
        bounds = f" ({low:,.2f} to {high:,.2f})" if low == low and high == high else ""
        lines.append((words, f"{row[f'value_{name}']:,.2f}{bounds}"))
    return card(full(row["node"]) if row["kind"] == "node" else _NOWHERE, lines)
