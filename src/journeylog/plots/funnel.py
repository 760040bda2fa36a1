"""Funnel: how many get to each step, what became of the others, and where those go next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from journeylog.core.window import format_duration, parse_duration
from journeylog.plots.labels import card, count, duration, full, label, labels, rate, share
from journeylog.plots.panels import add_bars, add_rates, add_texts, bounded, legend_row, name_rows, panel
from journeylog.plots.style import Theme, blank, faded, followed, no_data, period, theme_of
from journeylog.stats.funnel import FunnelResult

__all__ = ["funnel"]

_TITLE = "How far journeys get, and where they are lost"
_MODES = {
    "ordered": "Steps in this order, other events may lie between",
    "strict": "Steps in this order with nothing between",
    "unordered": "Steps in any order",
}
_NEXT = 3
#: Where the middle of a bar lies in its row; the line of words is below it.
_BAR = -0.11


def funnel(result: FunnelResult, *, theme: str = "light", title: str | None = None) -> go.Figure:
    """Draw one bar a step in three parts: went on, still open, lost; beside it the share that came from the step before.

    Parameters
    ----------
    result : FunnelResult
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.

    Notes
    -----
    The three parts of a bar add up to ``n_cases`` of its step. Below a bar stands where its lost go next.
    """
    look = theme_of(theme)
    table = result.table
    if table.empty or not table["n_cases"].any():
        return no_data(look, _TITLE, result, title)
    records = table.to_dict("records")
    figure = blank(look, _TITLE, _subtitle(result), 58 * len(table) + 16, title)
    cards = [[_card(row, result), row["name"], row["n_cases"]] for row in records]
    on = [*table["n_cases"].tolist()[1:], table["n_cases"].tolist()[-1]]
    ended = [[_lost_card(row, result), row["name"], row["n_lost"]] for row in records]
    parts = (
        (on, [look.nodes[0]] * (len(on) - 1) + [look.reached], cards, "went on to the next step"),
        (table["n_open"].tolist(), look.open, cards, "open: there is still time"),
        (table["n_lost"].tolist(), faded(look.dropped, 0.8), ended, "lost"),
    )
    for values, color, hover, name in parts:
        if any(values):
            add_bars(figure, 1, values, color, hover, name, width=0.46, offset=-0.34)
    _write_totals(figure, look, records)
    _write_next(figure, look, result)
    add_rates(figure, look, 2, bounded(table, "step_rate"), faded(look.nodes[0], 0.6), cards)
    figure.data[-2].update(width=0.46, offset=-0.34)
    figure.data[-1].update(y=[i + _BAR for i in range(len(table))], text=["", *figure.data[-1].text[1:]])
    panel(figure, look, 1, (0.0, 0.64), f"number of {followed(result)}", float(table["n_cases"].max()) * 1.24)
    panel(figure, look, 2, (0.72, 1.0), "share from the step before (95 % interval)", 1.3, True)
    names = labels(table["name"].tolist(), 26)
    name_rows(
        figure, look, [f"{step}. {name}" for step, name in zip(table["step"], names, strict=True)], _BAR
    )
    figure.update_layout(barmode="stack")
    legend_row(figure)
    return figure


def _subtitle(result: FunnelResult) -> str:
    question: Any = result.question
    within = "" if question.within is None else f", within {format_duration(parse_duration(question.within))}"
    first = int(result.table["n_cases"].iloc[0])
    text = f"{count(first)} {followed(result)} at the first step, {period(result.window)}. {_MODES[question.mode]}{within}."
    watched = int(result.table["n_followed"].iloc[0])
    if watched < first:
        text += f" Shares count the {count(watched)} that were watched for the whole time."
    return text


def _card(row: Mapping[Any, Any], result: FunnelResult) -> str:
    lines = [
        (f"{followed(result)} at this step", count(row["n_cases"])),
        ("lost after it", count(row["n_lost"])),
        ("open, there is still time", count(row["n_open"])),
        ("share from the step before", rate(row["step_rate"], row["step_rate_low"], row["step_rate_high"])),
        ("share from the first step", rate(row["total_rate"], row["total_rate_low"], row["total_rate_high"])),
        ("watched for the whole time", count(row["n_followed"])),
    ]
    if row["time_mean_s"] == row["time_mean_s"]:
        lines.append(("time from the step before", f"mean {duration(row['time_mean_s'])}"))
        lines.append(
            ("", f"half within {duration(row['time_median_s'])}, 90 % within {duration(row['time_p90_s'])}")
        )
    return card(f"{row['step']}. {full(row['name'])}", lines)


def _lost_card(row: Mapping[Any, Any], result: FunnelResult) -> str:
    after = result.lost_next[result.lost_next["step"] == row["step"]]
    lines = [("lost", count(row["n_lost"])), ("open", count(row["n_open"])), ("", "<b>what came next</b>")]
    lines += [
        (
            _next_word(r, full(r["next"])),
            f"{count(r['n_cases'])}"
            + (f", {rate(r['rate'], r['rate_low'], r['rate_high'])}" if r["rate"] == r["rate"] else ""),
        )
        for r in after.head(8).to_dict("records")
    ]
    if len(after) > 8:
        lines.append(("", f"and {len(after) - 8:,} more with {count(after['n_cases'].iloc[8:].sum())}"))
    return card(f"after {row['step']}. {full(row['name'])}", lines)


def _write_totals(figure: go.Figure, look: Theme, records: list[dict[Any, Any]]) -> None:
    texts = [
        f"<b>{count(r['n_cases'])}</b>" + (f"\u2002{share(r['total_rate'])} of all" if i else "")
        for i, r in enumerate(records)
    ]
    add_texts(figure, 1, [r["n_cases"] for r in records], texts, look.text)
    figure.data[-1].update(y=[i + _BAR for i in range(len(records))])


def _write_next(figure: go.Figure, look: Theme, result: FunnelResult) -> None:
    """Write below each bar where the lost went next, when there are any."""
    after: pd.DataFrame = result.lost_next[result.lost_next["rate"] > 0]
    for i, (step, lost) in enumerate(zip(result.table["step"], result.table["n_lost"], strict=True)):
        rows = after[after["step"] == step].sort_values("rate", ascending=False, kind="stable").head(_NEXT)
        if lost and len(rows):
            parts = [
                f"{_next_word(r, label(r['next'], 20))} {share(r['rate'])}" for r in rows.to_dict("records")
            ]
            figure.add_annotation(
                x=0, y=i + 0.30, xanchor="left", yanchor="middle", showarrow=False, align="left",
                text=f"the lost go to: {' · '.join(parts)}", font={"size": 11.5, "color": look.muted},
            )  # fmt: skip


def _next_word(row: Mapping[Any, Any], name: str) -> str:
    words = {
        "dropped": "<i>nothing more, dropped</i>",
        "open": "<i>nothing more yet</i>",
        "reached": "<i>goal reached</i>",
    }
    return words.get(row["next_kind"], name)
