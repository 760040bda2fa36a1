"""Paths: the most frequent ways as strips of coloured blocks, and how much of all journeys they cover."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from journeylog.plots.flows import ENDS
from journeylog.plots.labels import card, count, duration, full, labels, rate, share
from journeylog.plots.panels import add_rates, axis_name, bounded, legend_row, name_rows, panel
from journeylog.plots.style import (
    HOVER,
    Theme,
    blank,
    faded,
    followed,
    ink_on,
    no_data,
    node_colors,
    period,
    theme_of,
)
from journeylog.stats.variants import VariantsResult

__all__ = ["paths"]

_TITLE = "The most frequent paths"
_ROW = 34
_END = 0.55


def paths(
    result: VariantsResult,
    *,
    rows: int = 15,
    blocks: int = 9,
    theme: str = "light",
    colors: Mapping[str, str] | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw each path as a strip of blocks, with the share of journeys that take it and how those end.

    Parameters
    ----------
    result : VariantsResult
    rows : int
        Paths to show at most.
    blocks : int
        Blocks of a strip at most; repeats of one node in a row are one block, what is further is counted.
    theme : {"light", "dark"}
    colors : mapping of str to str, optional
        Fixed colours of nodes.
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table.head(rows)
    if table.empty:
        return no_data(look, _TITLE, result, title)
    covered, n_total = float(table["cum_share"].iloc[-1]), int(table["n_total"].iloc[0])
    subtitle = (
        f"{count(n_total)} {followed(result)}, {period(result.window)}. These {len(table):,} paths cover "
        f"{share(covered)} of them. A strip is read from left to right; ×2 is twice in a row. "
        "The small blocks at its end tell how those journeys ended."
    )
    figure = blank(look, _TITLE, subtitle, _ROW * len(table) + 24, title)
    records = table.to_dict("records")
    cards = [[_card(row, result), row["n_cases"]] for row in records]
    add_rates(figure, look, 1, bounded(table, "share"), faded(look.nodes[0], 0.6), cards)
    strips = [_strip(row["path"], bool(row["truncated"]), blocks) for row in records]
    names = sorted({name for row in result.table["path"] for name in row})
    length = max(len(strip) + (hidden > 0) for strip, hidden in strips)
    _add_blocks(
        figure,
        look,
        strips,
        cards,
        node_colors(names, theme, colors),
        max(5, int(760 / (length + 0.6) / 7.4)),
    )
    _add_ends(figure, look, strips, records, cards)
    _set_axes(figure, look, result, records, length)
    return figure


def _set_axes(
    figure: go.Figure, look: Theme, result: VariantsResult, records: list[dict[Any, Any]], length: int
) -> None:
    most = max(row["share_high"] for row in records)
    panel(figure, look, 1, (0.0, 0.2), "share (95 % interval)", most * 1.7, True)
    figure.update_layout(
        xaxis2={
            "domain": [0.24, 1.0],
            "anchor": "y",
            "range": [0, max(length, 3) + _END + 0.15],
            "visible": False,
            "fixedrange": True,
        }
    )
    name_rows(figure, look, [count(row["n_cases"]) for row in records])
    figure.update_yaxes(
        title={"text": followed(result), "font": {"size": 12.5, "color": look.muted}, "standoff": 12}
    )
    figure.update_layout(barmode="overlay")
    legend_row(figure)


#: Of a path: (name, times in a row) of the blocks shown, and how many visits are not.
_Strip = tuple[list[tuple[str, int]], int]


def _strip(path: tuple[str, ...], truncated: bool, blocks: int) -> _Strip:
    """Return what is shown of a path and what is not; a path that was cut when counted hides at least one more."""
    runs = [(name, len(list(same))) for name, same in itertools.groupby(path)]
    hidden = sum(n for _, n in runs[blocks:]) + truncated
    return runs[:blocks], hidden


def _add_blocks(
    figure: go.Figure, look: Theme, strips: list[_Strip], cards: list[list[Any]], paint: Mapping[str, str], wide: int
) -> None:  # fmt: skip
    shown = sorted({name for strip, _ in strips for name, _ in strip})
    short = dict(zip(shown, labels(shown, wide), strict=True))
    narrow = dict(zip(shown, labels(shown, max(wide - 3, 4)), strict=True))
    at: dict[str, list[Any]] = {k: [] for k in ("base", "y", "text", "color", "ink", "card")}
    for i, (strip, hidden) in enumerate(strips):
        for j, (name, times) in enumerate(strip):
            text = short[name] if times == 1 else f"{narrow[name]} ×{times}"
            more = [
                f"<b>{full(name)}</b>" + (f" ×{times}" if times > 1 else "") + f"<br><br>{cards[i][0]}",
                name,
                times,
            ]
            for key, value in zip(at, (j, i, text, paint[name], ink_on(paint[name]), more), strict=True):
                at[key].append(value)
        if hidden:
            for key, value in zip(
                at, (len(strip), i, "more…", look.paper, look.muted, [cards[i][0], "", hidden]), strict=True
            ):
                at[key].append(value)
    figure.add_bar(
        x=[0.97] * len(at["y"]), base=at["base"], y=at["y"], orientation="h", width=0.68, xaxis=axis_name(2),
        showlegend=False, marker={"color": at["color"], "line": {"width": 0}},
        text=at["text"], textposition="inside", insidetextanchor="middle",
        textangle=0, textfont={"color": at["ink"], "size": 11.5}, customdata=at["card"], hovertemplate=HOVER,
    )  # fmt: skip


def _add_ends(
    figure: go.Figure, look: Theme, strips: list[_Strip], records: list[dict[Any, Any]], cards: list[list[Any]]
) -> None:  # fmt: skip
    done = [0.0] * len(records)
    for kind in ENDS:
        parts = [row[f"n_{kind}"] / row["n_cases"] for row in records]
        if any(parts):
            base = [
                len(strip) + (hidden > 0) + 0.06 + _END * d
                for (strip, hidden), d in zip(strips, done, strict=True)
            ]
            done = [d + p for d, p in zip(done, parts, strict=True)]
            data = [[*c, row[f"n_{kind}"]] for c, row in zip(cards, records, strict=True)]
            figure.add_bar(
                x=[_END * p for p in parts], base=base, y=list(range(len(parts))), orientation="h", width=0.34,
                xaxis=axis_name(2), name=kind, marker={"color": look.of_kind(kind), "line": {"width": 0}},
                customdata=data, hovertemplate=HOVER,
            )  # fmt: skip


def _card(row: Mapping[Any, Any], result: VariantsResult) -> str:
    runs = [(name, len(list(same))) for name, same in itertools.groupby(row["path"])]
    way = [full(name).replace("<br>", " ") + (f" ×{n}" if n > 1 else "") for name, n in runs[:12]]
    if len(runs) > 12:
        way.append(f"and {len(runs) - 12:,} more")
    lines = [
        (followed(result), f"{count(row['n_cases'])} of {count(row['n_total'])}"),
        ("share", rate(row["share"], row["share_low"], row["share_high"])),
        ("with all paths above", share(row["cum_share"])),
        ("visits", f"{count(row['length'])}" + (" and more, cut there" if row["truncated"] else "")),
        ("ended", ", ".join(f"{count(row[f'n_{k}'])} {k}" for k in ENDS)),
        (
            "from first to last event",
            f"mean {duration(row['time_mean_s'])}, half within {duration(row['time_median_s'])}",
        ),
    ]
    return card("<br>→ ".join(way), lines)
