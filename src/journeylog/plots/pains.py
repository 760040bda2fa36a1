"""Pain points as bars, the worst first over all stages and kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from journeylog.plots.labels import card, count, full, labels, rate
from journeylog.plots.panels import bounded, draw_rates
from journeylog.plots.style import blank, faded, no_data, period, theme_of
from journeylog.stats.pains import PainPointsResult

__all__ = ["pain_bars"]

_TITLE = "What hurts most"
_ROW = 26


def pain_bars(
    result: PainPointsResult, *, rows: int = 20, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the pain points in the order of their rank, as shares of all cases that they hit.

    Parameters
    ----------
    result : PainPointsResult
    rows : int
        Pain points to show at most; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look, table = theme_of(theme), result.table
    if table.empty:
        return no_data(look, _TITLE, result, title)
    shown = table.head(rows)
    order = "by cost" if table["cost"].notna().any() else "by the share of all cases they hit"
    text = f"{period(result.window)} · {count(len(table))} pain points, ranked {order}"
    text += f", {count(len(table) - len(shown))} more not shown" if len(table) > len(shown) else ""
    figure = blank(look, _TITLE, text, _ROW * len(shown) + 30, title)
    records = shown.to_dict("records")
    cards = [[_card(line), f"{line['stage']}: {line['kind']}", line["n_cases"]] for line in records]
    named = labels([f"{line['kind']}, {line['stage']}" for line in records], 44)
    rates, color = bounded(shown, "rate"), faded(look.dropped, 0.75)
    draw_rates(figure, look, rates, color, cards, "share of all cases", named)
    return figure


def _card(line: Mapping[Any, Any]) -> str:
    facts = [
        ("in", full(line["stage"])),
        ("cases", f"{count(line['n_cases'])} of {count(line['n_cases_total'])}"),
        ("share of all", rate(line["rate"], line["rate_low"], line["rate_high"])),
        ("share of those here", rate(line["share"], line["share_low"], line["share_high"])),
        ("times", count(line["n"])),
    ]
    if line["cost"] == line["cost"]:
        facts.append(("cost", f"{count(round(line['cost']))}"))
    return card(full(line["kind"]), facts)
