"""The ledger as ranked bars: what waiting, rework and drop-off cost, each line in its own unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from journeylog.plots.labels import card, count, duration, full, label, rate, share
from journeylog.plots.panels import Bounded, add_texts, bounded, legend_row, name_rows, panel, whisker
from journeylog.plots.style import HOVER, Theme, blank, faded, no_data, not_shown, period, theme_of
from journeylog.stats.ledger import LedgerResult

__all__ = ["ledger_bars"]

_TITLE = "What journeys lose, and where"
_ROW = 34
_KINDS = {"wait": "waiting", "rework": "visits made again", "drop": "drop-off beyond the expected"}


def ledger_bars(
    result: LedgerResult, *, rows: int = 15, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the ranked lines: their cost where prices were declared, else their share of what is lost in their kind.

    Parameters
    ----------
    result : LedgerResult
    rows : int
        Lines to show at most; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    lost = result.table[result.table["amount"] > 0]
    if lost.empty:
        return no_data(look, _TITLE, result, title)
    shown = lost.head(rows).reset_index(drop=True)
    priced = bool(lost["cost"].notna().all())
    figure = blank(look, _TITLE, _subtitle(result, lost, shown, priced), _ROW * len(shown) + 30, title)
    length, low, high = _lengths(shown, lost, priced)
    colors = _colors(look)
    cards = [[_card(row), row["node"], row["to"]] for row in shown.to_dict("records")]
    for kind, name in _KINDS.items():
        mine = np.flatnonzero(shown["kind"] == kind)
        if len(mine) == 0:
            continue
        figure.add_bar(
            x=length[mine], y=mine, orientation="h", name=name, width=0.62, hovertemplate=HOVER,
            customdata=[cards[i] for i in mine], marker={"color": colors[kind], "line": {"width": 0}},
            error_x=whisker((length[mine], low[mine], high[mine]), look.text),
        )  # fmt: skip
    end = np.nan_to_num(np.fmax(high, length))
    add_texts(figure, 1, end, [_amount(row) for row in shown.to_dict("records")], look.text)
    most = float(end.max()) * 1.55
    unit = "cost" if priced else "share of all that is lost in its kind (95 % interval)"
    panel(figure, look, 1, (0.0, 1.0), unit, most, not priced)
    name_rows(figure, look, [_label(row) for row in shown.to_dict("records")])
    legend_row(figure)
    return figure


def _lengths(shown: pd.DataFrame, lost: pd.DataFrame, priced: bool) -> Bounded:
    if priced:
        return bounded(shown, "cost")
    whole = shown["kind"].map(lost.groupby("kind")["amount"].sum()).to_numpy(np.float64)
    value, low, high = (np.maximum(part / whole, 0.0) for part in bounded(shown, "amount"))
    return value, low, high


def _colors(look: Theme) -> dict[str, str]:
    return {
        "wait": faded(look.nodes[0], 0.85),
        "rework": faded(look.nodes[1], 0.85),
        "drop": faded(look.dropped, 0.85),
    }


def _amount(row: Mapping[Any, Any]) -> str:
    if row["kind"] == "wait":
        return f"{duration(row['amount'])} waited"
    if row["kind"] == "rework":
        return f"{count(row['amount'])} of {count(row['n'])} visits again"
    text = f"{count(row['amount'])} lost beyond {share(row['baseline'])}"
    if row["money_at_risk"] == row["money_at_risk"]:
        text += f", {_money(row['money_at_risk'])}{_currency(row)} at risk"
    return text


def _money(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def _currency(row: Mapping[Any, Any]) -> str:
    return f" {label(row['currency'], 8)}" if isinstance(row["currency"], str) else ""


def _label(row: Mapping[Any, Any]) -> str:
    if row["kind"] == "wait":
        return f"{label(row['node'], 20)} → {label(row['to'], 20)}"
    return label(row["node"], 40)


def _subtitle(result: LedgerResult, lost: pd.DataFrame, shown: pd.DataFrame, priced: bool) -> str:
    kinds = result.kinds.set_index("kind")
    text = (
        f"{duration(kinds.loc['wait', 'amount'])} of waiting, {count(kinds.loc['rework', 'amount'])} visits made again, "
        f"{period(result.window)}. "
    )
    if priced:
        text += "Ranked by cost, at the prices declared."
    else:
        text += "No one unit was declared, so each line is held against its own kind."
    return text + not_shown(len(lost) - len(shown), "smaller lines")


def _card(row: Mapping[Any, Any]) -> str:
    wait = row["kind"] == "wait"
    name = f"{full(row['node'])} → {full(row['to'])}" if wait else full(row["node"])
    lines = [
        ("", _KINDS[row["kind"]]),
        ("rank", f"{count(row['rank'])} ({count(row['rank_of_kind'])} of its kind)"),
    ]
    if wait:
        lines += [
            ("moves", count(row["n"])),
            ("all waiting", duration(row["total"])),
            ("above the baseline", _bounded(row, "amount", duration)),
            ("baseline", f"{duration(row['baseline'])} a move"),
        ]
    elif row["kind"] == "rework":
        lines += [
            ("visits", count(row["n"])),
            ("made again", _bounded(row, "amount", count)),
            ("share", rate(row["rate"], row["rate_low"], row["rate_high"])),
        ]
    else:
        lines += [
            ("visits watched long enough", count(row["n"])),
            ("dropped", f"{count(row['total'])}, {rate(row['rate'], row['rate_low'], row['rate_high'])}"),
            ("beyond the expected", _bounded(row, "amount", count)),
            ("expected", share(row["baseline"])),
        ]
        if row["money_at_risk"] == row["money_at_risk"]:
            lines.append(("money at risk", _bounded(row, "money_at_risk", _money) + _currency(row)))
            lines.append(("a visit lost has cost", _bounded(row, "value", _money) + _currency(row)))
    if row["cost"] == row["cost"]:
        lines.append(("cost", _bounded(row, "cost", _money)))
    return card(name, lines)


def _bounded(row: Mapping[Any, Any], name: str, write: Any) -> str:
    value, low, high = (row[f"{name}{bound}"] for bound in ("", "_low", "_high"))
    return str(write(value)) + ("" if low != low else f" (95 % interval {write(low)} to {write(high)})")
