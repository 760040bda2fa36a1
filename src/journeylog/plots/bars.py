"""Drop-off bars and bottleneck bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from journeylog.core.cases import NO_PATIENCE, check_choice
from journeylog.plots.labels import card, count, duration, full, label, labels, rate, share, time_unit
from journeylog.plots.panels import (
    add_bars,
    add_parts,
    add_rates,
    add_texts,
    bounded,
    draw_rates,
    legend_row,
    name_rows,
    panel,
)
from journeylog.plots.style import blank, faded, followed, no_data, period, theme_of
from journeylog.stats.bottlenecks import BottlenecksResult
from journeylog.stats.describe import DescribeResult
from journeylog.stats.dropoff import DropOffResult
from journeylog.stats.outcomes import OutcomesResult

__all__ = ["bottleneck_bars", "describe_bars", "dropoff_bars", "outcome_bars"]

_DROP = "Where journeys break off"
_SLOW = {"edge": "Which waits cost the most time", "node": "Which places hold journeys up the most"}
_LOG = "What the log holds"
_ENDED = "How journeys end"
_ENDS = {"reached": "reached the goal", "dropped": "dropped: left", "open": "open: too early to tell"}
_ROW = 30


def dropoff_bars(
    result: DropOffResult, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw the share that leaves at each node with its interval, and beside it what became of all visits.

    Parameters
    ----------
    result : DropOffResult
    rows : int
        Nodes to show at most: those with the most dropped visits, in the order of the table. The title's line
        says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table[result.table["n_entered"] > 0]
    if table.empty:
        return no_data(look, _DROP, result, title)
    order = ["n_dropped", "n_entered"]
    shown = table.loc[table.sort_values(order, ascending=False, kind="stable").index[:rows].sort_values()]
    figure = blank(look, _DROP, _drop_subtitle(result, table, shown), _ROW * len(shown) + 30, title)
    cards = [
        [_drop_card(row, result), row["node"], row["n_dropped"], row["n_followed"]]
        for row in shown.to_dict("records")
    ]
    add_rates(figure, look, 1, bounded(shown, "drop_rate"), faded(look.dropped, 0.75), cards)
    parts = [
        (shown["n_continued"].to_numpy(), "went on", look.nodes[0]),
        (shown["n_reached"].to_numpy(), "reached the goal", look.reached),
        (shown["n_open"].to_numpy(), "open: too early to tell", look.open),
        (shown["n_dropped"].to_numpy(), "dropped: left", look.dropped),
    ]
    add_parts(figure, look, 2, parts, shown["n_entered"].to_numpy(), cards)
    most = float(shown["drop_rate_high"].fillna(shown["drop_rate"]).max())
    panel(
        figure,
        look,
        1,
        (0.0, 0.40),
        "share of visits that leave (95 % interval)",
        (most if most > 0 else 1.0) * 1.3,
        True,
    )
    panel(figure, look, 2, (0.47, 1.0), "number of visits", float(shown["n_entered"].max()) * 1.14)
    name_rows(figure, look, labels(shown["node"].tolist(), 30))
    return figure


def bottleneck_bars(
    result: BottlenecksResult,
    *,
    part: Literal["edge", "node"] = "edge",
    rows: int = 15,
    theme: str = "light",
    title: str | None = None,
) -> go.Figure:
    """Draw the ranked waits: the time above the baseline in front of the whole time.

    Parameters
    ----------
    result : BottlenecksResult
    part : {"edge", "node"}
        Waits on the way from one node to the next, or stays at nodes.
    rows : int
        Bars to show at most; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    check_choice("part", part, ("edge", "node"))
    look = theme_of(theme)
    table = result.table[result.table["part"] == part].sort_values("rank", kind="stable")
    if table.empty:
        return no_data(look, _SLOW[part], result, title)
    costly = table[table["excess_s"] > 0]
    shown = (costly if len(costly) else table).head(rows)
    size, unit = time_unit(float(shown["time_total_s"].max()))
    figure = blank(
        look, _SLOW[part], _slow_subtitle(result, table, shown, part), _ROW * len(shown) + 30, title
    )
    cards = [
        [_slow_card(row, result), row["from"], row["to"], row["excess_s"]] for row in shown.to_dict("records")
    ]
    add_bars(
        figure,
        1,
        shown["time_total_s"].to_numpy() / size,
        faded(look.nodes[0], 0.3),
        cards,
        "all of the time",
        width=0.66,
    )
    add_bars(
        figure, 1, shown["excess_s"].to_numpy() / size, look.nodes[0], cards, "above the baseline", width=0.38
    )
    texts = [f"{share(r['excess_share'])} of all excess" for r in shown.to_dict("records")]
    add_texts(figure, 1, shown["time_total_s"].to_numpy() / size, texts, look.muted)
    most = float(shown["time_total_s"].max()) / size
    panel(figure, look, 1, (0.0, 1.0), f"time added up over all {followed(result)} ({unit})", most * 1.22)
    name_rows(figure, look, _slow_labels(shown, part))
    figure.update_layout(barmode="overlay")
    legend_row(figure)
    return figure


def describe_bars(
    result: DescribeResult, *, rows: int = 25, theme: str = "light", title: str | None = None
) -> go.Figure:
    """Draw how many actors have each event, with its interval, and how often it occurs.

    Parameters
    ----------
    result : DescribeResult
    rows : int
        Names to show at most, the most frequent ones; the title's line says what is left out.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    if result.table.empty:
        return no_data(look, _LOG, result, title)
    shown, left = result.table.head(rows), result.table.iloc[rows:]
    first = shown.iloc[0]
    subtitle = f"{count(first['n_events_total'])} events of {count(first['n_actors_total'])} actors"
    subtitle += f", {period(result.window)}."
    if len(left):
        subtitle += f" Not shown: {len(left):,} rarer names with {count(left['n'].sum())} events."
    figure = blank(look, _LOG, subtitle, _ROW * len(shown) + 16, title)
    cards = [[_event_card(row), row["event"], row["n"], row["n_actors"]] for row in shown.to_dict("records")]
    add_rates(figure, look, 1, bounded(shown, "actor_share"), faded(look.nodes[0], 0.6), cards)
    add_bars(figure, 2, shown["n"].to_numpy(), look.nodes[0], cards, "events", width=0.6)
    add_texts(figure, 2, shown["n"].to_numpy(), [count(n) for n in shown["n"]], look.text)
    panel(
        figure,
        look,
        1,
        (0.0, 0.46),
        "share of actors who have it (95 % interval)",
        float(shown["actor_share_high"].max()) * 1.3,
        True,
    )
    panel(figure, look, 2, (0.54, 1.0), "number of events", float(shown["n"].max()) * 1.16)
    name_rows(figure, look, labels(shown["event"].tolist(), 30))
    return figure


def outcome_bars(result: OutcomesResult, *, theme: str = "light", title: str | None = None) -> go.Figure:
    """Draw how many journeys reached their goal, dropped or are still open, with intervals.

    Parameters
    ----------
    result : OutcomesResult
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table
    if not table["n_total"].any():
        return no_data(look, _ENDED, result, title)
    what = followed(result)
    subtitle = (
        f"{count(table['n_total'].iloc[0])} {what}, {period(result.window)}. Open: the data ends too early "
        "to tell, so both other shares may still grow."
    )
    if NO_PATIENCE in result.notes:
        subtitle += " No patience was declared, so nothing is called dropped."
    figure = blank(look, _ENDED, subtitle, 40 * len(table) + 16, title)
    records = table.to_dict("records")
    cards = [[_outcome_card(row, what), row["outcome"], row["n"]] for row in records]
    paint = [faded(look.of_kind(kind), 0.85) for kind in table["outcome"]]
    names = [_ENDS[kind] for kind in table["outcome"]]
    draw_rates(figure, look, bounded(table, "share"), paint, cards, f"share of {what}", names)
    figure.data[-1].text = [
        f"{text}\u2002({count(n)})" for text, n in zip(figure.data[-1].text, table["n"], strict=True)
    ]
    return figure


def _outcome_card(row: Mapping[Any, Any], what: str) -> str:
    lines = [
        (what, f"{count(row['n'])} of {count(row['n_total'])}"),
        ("share", rate(row["share"], row["share_low"], row["share_high"])),
        ("actors", f"{count(row['n_actors'])} of {count(row['n_actors_total'])}"),
    ]
    return card(_ENDS[row["outcome"]], lines)


def _event_card(row: Mapping[Any, Any]) -> str:
    lines = [
        ("events", count(row["n"])),
        ("share of all events", rate(row["share"], row["share_low"], row["share_high"])),
        ("actors", f"{count(row['n_actors'])} of {count(row['n_actors_total'])}"),
        ("share of actors", rate(row["actor_share"], row["actor_share_low"], row["actor_share_high"])),
        ("mean place among an actor's events", f"{row['mean_place']:,.1f}"),
    ]
    return card(full(row["event"]), lines)


def _drop_subtitle(result: DropOffResult, table: pd.DataFrame, shown: pd.DataFrame) -> str:
    total = {name: int(table[name].sum()) for name in ("n_entered", "n_followed", "n_dropped")}
    text = (
        f"{count(total['n_entered'])} visits, {period(result.window)}. The share counts the {count(total['n_followed'])} "
        "visits watched long enough to tell; open visits are not counted as dropped."
    )
    if NO_PATIENCE in result.notes:
        text += " No patience was declared, so nothing is called dropped."
    if len(shown) < len(table):
        left = table.drop(shown.index)
        gone = (count(left[name].sum()) for name in ("n_entered", "n_dropped"))
        text += f" Not shown: {len(left):,} names with {next(gone)} visits, {next(gone)} of them dropped."
    return text


def _drop_card(row: Mapping[Any, Any], result: DropOffResult) -> str:
    lines = [
        ("visits", count(row["n_entered"])),
        ("went on", count(row["n_continued"])),
        ("reached the goal", count(row["n_reached"])),
        ("dropped", count(row["n_dropped"])),
        ("open, too early to tell", count(row["n_open"])),
        ("share that leaves", rate(row["drop_rate"], row["drop_rate_low"], row["drop_rate_high"])),
        ("", f"of {count(row['n_followed'])} visits watched long enough"),
    ]
    others = result.tables["sensitivity"]
    lines += [
        (f"with a patience of {duration(other['patience_s'])}", share(other["drop_rate"]))
        for other in others[others["node"] == row["node"]].to_dict("records")
    ]
    if "n_actors" in row:
        lines.append(("actors", count(row["n_actors"])))
    return card(full(row["node"]), lines)


def _slow_subtitle(result: BottlenecksResult, table: pd.DataFrame, shown: pd.DataFrame, part: str) -> str:
    what = (
        "wait is from the end of one visit to the start of the next"
        if part == "edge"
        else "stay is from arriving to arriving at the next"
    )
    base = duration(table["baseline_s"].iloc[0])
    named = "the median of them all" if result.question.baseline == "median" else "as declared"  # type: ignore[attr-defined]
    text = (
        f"{count(table['n'].sum())} moves that took {duration(table['time_total_s'].sum())} together, "
        f"{period(result.window)}. A {what}. Excess is the time above the baseline of {base} ({named}) each."
    )
    if len(shown) < len(table):
        left = table.iloc[len(shown) :]
        text += f" Not shown: {len(left):,} more with {share(left['excess_share'].sum())} of the excess."
    return text


def _slow_card(row: Mapping[Any, Any], result: BottlenecksResult) -> str:
    edge = row["part"] == "edge"
    name = f"{full(row['from'])} → {full(row['to'])}" if edge else full(row["from"])
    lines = [
        ("rank", count(row["rank"])),
        ("moves" if edge else "visits that went on", count(row["n"])),
        (followed(result), count(row["n_cases"])),
        ("all of the time", duration(row["time_total_s"])),
        ("above the baseline", f"{duration(row['excess_s'])} ({share(row['excess_share'])} of all excess)"),
        ("mean", duration(row["time_mean_s"])),
        ("half within", f"{duration(row['time_median_s'])}, 90 % within {duration(row['time_p90_s'])}"),
        ("baseline", duration(row["baseline_s"])),
        ("done again", f"{count(row['n_returns'])} returns, {count(row['n_loops'])} repeats"),
    ]
    return card(name, lines)


def _slow_labels(shown: pd.DataFrame, part: str) -> list[str]:
    if part == "node":
        return labels(shown["from"].tolist(), 30)
    return [f"{label(a, 22)} → {label(b, 22)}" for a, b in zip(shown["from"], shown["to"], strict=True)]
