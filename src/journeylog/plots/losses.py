"""Who reaches the goal from each node, and who is lost more than all others: bars with bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from journeylog.plots.labels import card, count, full, label, labels, rate
from journeylog.plots.panels import add_bars, bounded, draw_rates, name_rows, signed_panel, whisker
from journeylog.plots.style import blank, faded, followed, no_data, not_shown, period, theme_of
from journeylog.segmentloss import SegmentLossResult
from journeylog.stats.reaching import ReachingResult

__all__ = ["reaching_bars", "segment_loss_bars"]

_REACH = "Who reaches the goal, by where they came"
_LOSS = "Who is lost more than all others, and where"
_ROW = 30


def reaching_bars(
    result: ReachingResult, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the share of those who came to each node that reached the goal, with its interval.

    Parameters
    ----------
    result : ReachingResult
    rows : int
        Nodes to show at most: the first of the table.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["n_cases"] > 0]
    if table.empty:
        return no_data(look, _REACH, result, title)
    shown, what = table.head(rows), followed(result)
    text = f"{period(result.window)}. What is still open counts as not there yet."
    text += not_shown(len(table) - len(shown), "more nodes")
    figure = blank(look, _REACH, text, _ROW * len(shown) + 30, title)
    cards = [[_reach_card(row, what), row["node"], row["n_reached"]] for row in shown.to_dict("records")]
    names = labels(shown["node"].tolist(), 30)
    rates, color = bounded(shown, "reach_rate"), faded(look.reached, 0.75)
    draw_rates(figure, look, rates, color, cards, f"share of {what} that came here", names)
    return figure


def segment_loss_bars(
    result: SegmentLossResult, *, rows: int = 15, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw how many more leave at a point than if it went as for all others, surely most first; chance is grey.

    Parameters
    ----------
    result : SegmentLossResult
    rows : int
        Bars to show at most; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["excess_low"].notna()]
    if table.empty:
        return no_data(look, _LOSS, result, title)
    shown = table.head(rows)
    records = shown.to_dict("records")
    by, min_n = label(str(getattr(result.question, "by", ""))), getattr(result.question, "min_n", 0)
    text = f"Segments by {by} with at least {count(min_n)} followed visits, {period(result.window)}. "
    text += "Grey: may be chance. Association, not cause."
    text += not_shown(len(table) - len(shown))
    figure = blank(look, _LOSS, text, _ROW * len(shown) + 50, title)
    cards = [[_loss_card(row), row["node"], row["excess"]] for row in records]
    colors = [look.dropped if row["supported"] else look.open for row in records]
    excess = bounded(shown, "excess")
    add_bars(
        figure, 1, excess[0], colors, cards, "excess", error_x=whisker(excess, look.text), showlegend=False, width=0.6
    )  # fmt: skip
    signed_panel(
        figure, look, 1, (0.0, 1.0), "visits lost more than as for all others (95 % interval)", excess
    )
    where, who = (_short([str(row[name]) for row in records]) for name in ("node", "segment"))
    name_rows(figure, look, [f"{where[str(row['node'])]}: {who[str(row['segment'])]}" for row in records])
    return figure


def _short(names: list[str]) -> dict[str, str]:
    """Return a safe label for each name, no two alike."""
    known = list(dict.fromkeys(names))
    return dict(zip(known, labels(known, 22), strict=True))


def _reach_card(row: Mapping[Any, Any], what: str) -> str:
    lines = [
        (what, count(row["n_cases"])),
        ("actors", count(row["n_actors"])),
        ("reached the goal", count(row["n_reached"])),
        ("share", rate(row["reach_rate"], row["reach_rate_low"], row["reach_rate_high"])),
    ]
    return card(full(row["node"]), lines)


def _loss_card(row: Mapping[Any, Any]) -> str:
    lines = [
        ("leave", rate(row["drop_rate"], row["drop_rate_low"], row["drop_rate_high"])),
        ("of all others", rate(row["rest_rate"], row["rest_rate_low"], row["rest_rate_high"])),
        (
            "more than as for all others",
            f"{row['excess']:,.0f} ({row['excess_low']:,.0f} to {row['excess_high']:,.0f})",
        ),
        ("followed visits", f"{count(row['n_followed'])}, others {count(row['n_followed_rest'])}"),
        ("", "supported" if row["supported"] else "may be chance"),
    ]
    return card(f"{full(row['node'])}: {full(str(row['segment']))}", lines)
