"""Conformance: how many journeys keep to each rule of the design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from journeylog.plots.labels import card, count, full, interval, labels, rate, share
from journeylog.plots.panels import add_parts, add_rates, bounded, name_rows, panel
from journeylog.plots.style import blank, no_data, period, theme_of
from journeylog.stats.conformance import ConformanceResult

__all__ = ["conformance_bars"]

_TITLE = "How journeys keep to the design"
_ROW = 32


def conformance_bars(
    result: ConformanceResult, *, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw for each rule the share of finished journeys that keep to it, and beside it what became of all of them.

    Parameters
    ----------
    result : ConformanceResult
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table
    if not table["n_cases"].any():
        return no_data(look, _TITLE, result, title)
    figure = blank(look, _TITLE, _subtitle(result), _ROW * len(table) + 30, title)
    lines = table.to_dict("records")
    cards = [[_card(line), line["rule"], line["n_broken"]] for line in lines]
    add_rates(figure, look, 1, bounded(table, "conform_rate"), look.reached, cards)
    parts = [
        (table["n_kept"].to_numpy(), "kept", look.reached),
        (table["n_untold"].to_numpy(), "cannot be told yet", look.open),
        (table["n_broken"].to_numpy(), "broken", look.dropped),
    ]
    add_parts(figure, look, 2, parts, table["n_cases"].to_numpy(), cards)
    panel(figure, look, 1, (0.0, 0.42), "share of finished cases that conform (95 % interval)", 1.25, True)
    panel(figure, look, 2, (0.5, 1.0), "number of cases", float(table["n_cases"].max()) * 1.14)
    name_rows(figure, look, labels(table["rule"].tolist(), 36))
    return figure


def _subtitle(result: ConformanceResult) -> str:
    every = result.table.iloc[-1]
    kept = rate(every["conform_rate"], every["conform_rate_low"], every["conform_rate_high"])
    return (
        f"{period(result.window)} · {kept} of {count(every['n_followed'])} finished cases keep to all rules"
    )


def _card(line: Mapping[Any, Any]) -> str:
    rows = [
        ("conform", rate(line["conform_rate"], line["conform_rate_low"], line["conform_rate_high"])),
        ("kept", count(line["n_kept"])),
        ("broken", count(line["n_broken"])),
        ("cannot be told yet", count(line["n_untold"])),
        ("reach the goal, kept", share(line["reach_rate_kept"])),
        ("reach the goal, broken", share(line["reach_rate_broken"])),
    ]
    if line["reach_difference"] == line["reach_difference"]:
        bounds = interval(line["reach_difference_low"], line["reach_difference_high"])
        rows.append(("difference", f"{share(line['reach_difference'])} ({bounds})"))
    return card(full(line["rule"]), rows)
