"""Opportunities as ranked bars: what the goal would gain at each point, with bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import plotly.graph_objects as go

from journeylog.core.cases import check_choice
from journeylog.opportunities import OpportunitiesResult
from journeylog.plots.labels import card, count, full, label, labels, rate, share
from journeylog.plots.panels import add_bars, bounded, name_rows, signed_panel, whisker
from journeylog.plots.style import blank, no_data, not_shown, period, theme_of

__all__ = ["opportunity_bars"]

_TITLE = "What the goal would gain if a point went as in its best segment"
_ROW = 30
_END = 0.78


def opportunity_bars(
    result: OpportunitiesResult,
    *,
    part: Literal["stage", "edge"] = "stage",
    rows: int = 12,
    theme: str = "light",
    title: str | None = None,
) -> go.Figure:
    """Draw the gain of each point with its interval, the largest first; what may be chance is grey.

    Parameters
    ----------
    result : OpportunitiesResult
    part : {"stage", "edge"}
        All ways on from a stage, or one of them.
    rows : int
        Points to show at most; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    check_choice("part", part, ("stage", "edge"))
    look = theme_of(theme)
    table = result.table[(result.table["part"] == part) & result.table["gain_low"].notna()]
    if table.empty:
        return no_data(look, _TITLE, result, title)
    shown = table.head(rows)
    records = shown.to_dict("records")
    figure = blank(look, _TITLE, _words(result, len(table) - len(shown), part), _ROW * len(shown) + 50, title)
    cards = [[_card(row), row["node"], row["gain"]] for row in records]
    colors = [look.nodes[0] if row["supported"] else look.open for row in records]
    gain = bounded(shown, "gain")
    spread = whisker(gain, look.text)
    add_bars(figure, 1, gain[0], colors, cards, "gain", error_x=spread, showlegend=False, width=0.6)
    words = "gain, as a share of all journeys (95 % interval)"
    signed_panel(figure, look, 1, (0.0, _END), words, gain, percent=True)
    for i, row in enumerate(records):
        figure.add_annotation(
            x=_END + 0.02, xref="paper", xanchor="left", y=i, yref="y", showarrow=False, align="left",
            text=f"as in {label(str(row['segment']), 16)}", font={"size": 12, "color": look.muted},
        )  # fmt: skip
    name_rows(figure, look, _names(records, part))
    return figure


def _names(records: list[dict[Any, Any]], part: str) -> list[str]:
    """Return a safe label for each row: the stage, or both ends of the way on."""
    sides = ("node",) if part == "stage" else ("node", "to")
    kinds = {"node": "kind", "to": "to_kind"}
    known = list(dict.fromkeys(str(r[side]) for side in sides for r in records if r[kinds[side]] == "node"))
    short = dict(zip(known, labels(known, 30 if part == "stage" else 18), strict=True))

    def name(row: Mapping[Any, Any], side: str) -> str:
        kind = row[kinds[side]]
        return short[str(row[side])] if kind == "node" else f"<i>{kind}</i>"

    return [" → ".join(name(row, side) for side in sides) for row in records]


def _words(result: OpportunitiesResult, hidden: int, part: str) -> str:
    question = result.question
    by, min_n = label(str(getattr(question, "by", ""))), getattr(question, "min_n", 0)
    text = f"Segments by {by} with at least {count(min_n)} followed visits, {period(result.window)}. "
    text += "Chosen in one half of the actors, measured in the other. Grey: may be chance. "
    text += (
        "Segments were assigned at random."
        if getattr(question, "experiment", False)
        else "Association, not cause. Gains do not add up."
    )
    return text + not_shown(hidden, f"more {part}s")


def _card(row: Mapping[Any, Any]) -> str:
    where = "<i>start</i>" if row["kind"] == "start" else full(row["node"])
    if row["part"] == "edge":
        where += f" → {full(str(row['to']))}"
    lines = [
        ("gain", rate(row["gain"], row["gain_low"], row["gain_high"])),
        (
            "journeys",
            f"{row['gain_journeys']:,.0f} ({row['gain_journeys_low']:,.0f} to {row['gain_journeys_high']:,.0f})",
        ),
        ("chance of the goal from here", f"{share(row['goal_rate'])}, then {share(row['goal_rate_then'])}"),
        (
            "as in",
            f"{full(str(row['segment']))} ({count(row['n_segment'])} of {count(row['n_followed'])} visits)",
        ),
        ("if chosen and measured on the same actors", share(row["gain_naive"])),
        ("", f"{row['evidence']}, {'supported' if row['supported'] else 'may be chance'}"),
    ]
    return card(where, lines)
