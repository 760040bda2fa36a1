"""What the journey map asks beside other questions, as bars with bounds: dwells, costs, who does it again, who wrote."""

from __future__ import annotations

import plotly.graph_objects as go

from journeylog.journeymap.again import AgainResult
from journeylog.plots.labels import card, count, duration, full, label, labels, rate, time_unit
from journeylog.plots.panels import (
    add_bars,
    add_parts,
    add_texts,
    bounded,
    draw_rates,
    name_rows,
    panel,
    whisker,
)  # fmt: skip
from journeylog.plots.style import blank, faded, no_data, not_shown, period, theme_of
from journeylog.stats.acquisition import AcquisitionResult
from journeylog.stats.dwell import DwellResult
from journeylog.stats.voice import VoiceResult

__all__ = ["acquisition_bars", "again_bars", "dwell_bars", "voice_bars"]

_DWELL = "How long visits last, from their first event to their last"
_COST = "What customers have cost"
_AGAIN = "Who does it again"
_WROTE = "Who wrote, and at which end of the scale"
_ROW = 30


def dwell_bars(
    result: DwellResult, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the median time of the visits of each node with its interval, and how long one in ten lasts behind.

    Parameters
    ----------
    result : DwellResult
    rows : int
        Nodes to show at most: the first of the table.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["n_timed"] > 0]
    if table.empty:
        return no_data(look, _DWELL, result, title)
    shown = table.head(rows)
    size, unit = time_unit(float(shown["time_p90_s"].max()))
    text = f"Median in front of the 90th percentile, of visits known to have ended, {period(result.window)}."
    text += not_shown(len(table) - len(shown), "more nodes")
    figure = blank(look, _DWELL, text, _ROW * len(shown) + 30, title)
    cards = [
        [
            card(
                full(row["node"]),
                [
                    ("visits known to have ended", f"{count(row['n_timed'])} of {count(row['n'])}"),
                    ("half last longer than", duration(row["time_median_s"])),
                    ("95 % interval", f"{duration(row['time_median_low_s'])} to {duration(row['time_median_high_s'])}"),
                    ("one in ten longer than", duration(row["time_p90_s"])),
                ],
            ),
            row["node"],
            row["time_median_s"],
        ]
        for row in shown.to_dict("records")
    ]  # fmt: skip
    seconds = shown.rename(columns=lambda name: name.removesuffix("_s"))
    middle, low, high = bounded(seconds, "time_median")
    tall = shown["time_p90_s"].to_numpy() / size
    add_bars(figure, 1, tall, faded(look.nodes[0], 0.3), cards, "one in ten", showlegend=False, width=0.66)
    spread = whisker((middle / size, low / size, high / size), look.text)
    add_bars(
        figure, 1, middle / size, look.nodes[0], cards, "median", error_x=spread, showlegend=False, width=0.38
    )
    add_texts(figure, 1, tall, [duration(value) for value in shown["time_median_s"]], look.text)
    panel(figure, look, 1, (0.0, 1.0), f"time ({unit})", float(tall.max()) * 1.22 or 1.0)
    name_rows(figure, look, labels(shown["node"].tolist(), 30))
    figure.update_layout(barmode="overlay")
    return figure


def acquisition_bars(
    result: AcquisitionResult, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw what each customer who reached the goal has cost, with its interval, for all and by channel.

    Parameters
    ----------
    result : AcquisitionResult
    rows : int
        Channels to show at most, the first of the table.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    shown = result.table[result.table["cost_reached"].notna()].head(rows + 1)
    if shown.empty:
        return no_data(look, _COST, result, title)
    money = shown["currency"].iloc[0]
    unit = label(str(money)) if isinstance(money, str) else "money"
    figure = blank(
        look, _COST, f"Spent for each who reached the goal, {period(result.window)}. An average, not what the next costs.",
        _ROW * len(shown) + 30, title,
    )  # fmt: skip
    names = ["all" if row["part"] == "all" else str(row["channel"]) for row in shown.to_dict("records")]
    cards = [
        [
            card(
                full(name),
                [
                    ("spent", f"{row['spend']:,.2f} {unit}"),
                    ("customers", count(row["n_actors"])),
                    ("reached the goal", count(row["n_reached"])),
                    ("for each of these", f"{row['cost_reached']:,.2f} {unit}"),
                    ("95 % interval", f"{row['cost_reached_low']:,.2f} to {row['cost_reached_high']:,.2f}"),
                    ("for each customer", f"{row['cost_actor']:,.2f} {unit}"),
                ],
            ),
            name,
            row["cost_reached"],
        ]
        for name, row in zip(names, shown.to_dict("records"), strict=True)
    ]
    cost = bounded(shown, "cost_reached")
    spread = whisker(cost, look.text)
    add_bars(
        figure, 1, cost[0], faded(look.nodes[0], 0.75), cards, "cost", error_x=spread, showlegend=False, width=0.6
    )  # fmt: skip
    most = float(shown["cost_reached_high"].max())
    panel(
        figure,
        look,
        1,
        (0.0, 1.0),
        f"{unit} for each who reached the goal (95 % interval)",
        most * 1.1 or 1.0,
    )
    name_rows(figure, look, labels(names, 30))
    return figure


def again_bars(result: AgainResult, *, theme: str = "light", title: str | None = None) -> go.Figure:
    """Draw the share that does it again by the time since the first, with its interval.

    Parameters
    ----------
    result : AgainResult
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    row = result.table.iloc[0] if len(result.table) else None
    if row is None or not row["n_actors"] or row["share"] != row["share"]:
        return no_data(look, _AGAIN, result, title)
    within = duration(row["within_s"])
    figure = blank(
        look, _AGAIN, f"Within {within} of the first time, {period(result.window)}.", _ROW + 30, title
    )
    told = card(
        f"within {within}",
        [
            ("did it once", count(row["n_actors"])),
            ("seen to do it again", count(row["n"])),
            ("share", rate(row["share"], row["share_low"], row["share_high"])),
        ],
    )
    rates, cards = bounded(result.table, "share"), [[told, within, row["n"]]]
    title = "share of those who did it once"
    draw_rates(figure, look, rates, faded(look.reached, 0.75), cards, title, [f"within {within}"])
    return figure


def voice_bars(
    result: VoiceResult, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw of how many texts of each node the score lay above, below and in the middle of the scale.

    Parameters
    ----------
    result : VoiceResult
    rows : int
        Nodes to show at most: the first of the table.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["n"] > 0]
    if table.empty:
        return no_data(look, _WROTE, result, title)
    shown = table.head(rows)
    words = {
        str(node): ", ".join(label(str(word), 16) for word in lines["word"].head(5))
        for node, lines in result.words.groupby("node", sort=False, observed=True)
    }
    text = f"Texts by what they follow, {period(result.window)}. Personal data is taken out."
    text += not_shown(len(table) - len(shown), "more nodes")
    figure = blank(look, _WROTE, text, _ROW * len(shown) + 50, title)
    cards = [
        [
            card(
                full(row["node"]),
                [
                    ("texts", f"{count(row['n'])} of {count(row['n_actors'])} customers"),
                    ("above the middle", count(row["n_best"])),
                    ("below the middle", count(row["n_worst"])),
                    ("most used words", words.get(str(row["node"]), "none")),
                ],
            ),
            row["node"],
            row["n"],
        ]
        for row in shown.to_dict("records")
    ]
    best, worst, n = (shown[name].to_numpy(float) for name in ("n_best", "n_worst", "n"))
    parts = [
        (worst, "score below the middle", look.dropped),
        (n - best - worst, "in the middle", look.open),
        (best, "above", look.reached),
    ]
    panel(figure, look, 1, (0.0, 1.0), "texts", float(n.max()) * 1.12)
    add_parts(figure, look, 1, parts, n, cards)
    name_rows(figure, look, labels(shown["node"].tolist(), 30))
    return figure
