"""Touchpoints of each stage as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from journeylog.plots.labels import card, count, full, labels, rate
from journeylog.plots.panels import add_rates, bounded, name_rows, panel
from journeylog.plots.style import blank, no_data, period, theme_of
from journeylog.stats.touchpoints import TouchpointsResult

__all__ = ["touchpoint_bars"]

_TITLE = "What customers do in each stage"
_ROW = 26
_MOST_STAGES = 12
_MOST_ROWS = 48


def touchpoint_bars(
    result: TouchpointsResult, *, rows: int = 5, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the most frequent touchpoints of each stage, as shares of the cases that visit the stage.

    Parameters
    ----------
    result : TouchpointsResult
    rows : int
        Touchpoints of a stage to show at most; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table, stages = result.table, result.tables["stages"]
    if table.empty:
        return no_data(look, _TITLE, result, title)
    known = stages["stage"].tolist()
    visited = stages[stages["n_cases"] > 0].nlargest(_MOST_STAGES, "n_cases", keep="all")
    visited = visited[:_MOST_STAGES].sort_index()
    heads = dict(zip(visited["stage"], labels(visited["stage"].tolist(), 30), strict=True))
    rows = min(rows, _MOST_ROWS // len(heads) - 1)
    shown = [table[table["stage"] == name].head(rows) for name in heads]
    listed = pd.concat(shown)
    names: list[str] = []
    lines: list[Mapping[Any, Any] | None] = []
    texts = iter(labels(listed["touchpoint"].tolist(), 34))
    colors: list[str] = []
    for place, (stage, part) in enumerate(zip(heads, shown, strict=True)):
        names += [f"<b>{heads[stage]}</b>", *(next(texts) for _ in range(len(part)))]
        lines += [None, *part.to_dict("records")]
        colors += [look.nodes[place % len(look.nodes)]] * (1 + len(part))
    left_out = len(table) - len(listed)
    first = f"{period(result.window)} · {count(len(table))} touchpoints in {count(len(known))} stages"
    more = f", {count(left_out)} less frequent ones not shown" if left_out else ""
    figure = blank(look, _TITLE, first + more, _ROW * len(names) + 30, title)
    rates = bounded(pd.DataFrame([{} if line is None else line for line in lines]), "share")
    cards = [
        ["", "", 0] if line is None else [_card(line), line["touchpoint"], line["n_cases"]] for line in lines
    ]
    add_rates(figure, look, 1, rates, colors, cards)
    figure.data[-1].text = [
        " " if line is None else text for line, text in zip(lines, figure.data[-1].text, strict=True)
    ]
    panel(figure, look, 1, (0.0, 1.0), "share of the cases that visit the stage (95 % interval)", 1.12, True)
    name_rows(figure, look, names)
    return figure


def _card(line: Mapping[Any, Any]) -> str:
    return card(
        full(line["touchpoint"]),
        [
            ("in", full(line["stage"])),
            ("cases", f"{count(line['n_cases'])} of {count(line['n_stage_cases'])}"),
            ("share", rate(line["share"], line["share_low"], line["share_high"])),
            ("events", count(line["n"])),
        ],
    )
