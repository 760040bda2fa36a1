"""Transition graph: the most visited nodes in order, the strongest moves between them, the rest counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from journeylog.plots.flows import (
    ENDS,
    Flows,
    Key,
    Move,
    Tint,
    facts_of,
    flows_of,
    outcome_line,
    usual_tint,
    word_of,
)
from journeylog.plots.labels import card, count, label_blocks, rate, share
from journeylog.plots.panels import legend_row
from journeylog.plots.ribbons import Canvas
from journeylog.plots.routes import HALF_X, HALF_Y, Route, free_spot, place_nodes, route
from journeylog.plots.style import Theme, blank, faded, no_data, node_colors, period, theme_of
from journeylog.stats.transitions import TransitionsResult

__all__ = ["draw_graph", "graph"]

_TITLE = "The main roads between places"
_WIDEST, _WRITTEN = 9.0, 16


def graph(
    result: TransitionsResult,
    *,
    nodes: int = 16,
    edges: int = 30,
    order: Sequence[str] | None = None,
    theme: str = "light",
    colors: Mapping[str, str] | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw the strongest moves as arrows between the most visited nodes, in the order journeys meet them.

    Parameters
    ----------
    result : TransitionsResult
    nodes, edges : int
        How many to draw at most: the most visited nodes, the strongest way into each and the strongest others.
        What is left out is counted in the title's line.
    order : sequence of str, optional
        Names from left to right; by default stage order, else mean position from the start.
    theme : {"light", "dark"}
    colors : mapping of str to str, optional
        Fixed colours of nodes.
    title : str, optional
        Takes the place of the title.

    Notes
    -----
    Below each node a bar tells what became of its visits. Moves from a node to itself are written above its corner.
    """
    look = theme_of(theme)
    flows = flows_of(result, nodes, order, beside=True)
    if not flows.moves:
        return no_data(look, _TITLE, result, title)
    place = {key: i for i, key in enumerate([Key("start"), *flows.nodes])}

    def color(move: Move) -> str:
        if move.target.kind in ENDS:
            return look.of_kind(move.target.kind)
        return look.back if place.get(move.target, 0) < place.get(move.source, 0) else look.start

    tint = usual_tint(color, flows, result)
    n_shown = sum(key.kind == "node" for key in flows.nodes)
    paint = node_colors(flows.names, theme, colors)

    def words(drawn: Sequence[Move]) -> tuple[str, str]:
        return _TITLE, _subtitle(result, flows, [move.n for move in drawn], n_shown)

    canvas = draw_graph(flows, words, look, paint, tint, edges, title)
    _add_legend(canvas, flows)
    return canvas.figure


def draw_graph(
    flows: Flows,
    words: Callable[[Sequence[Move]], tuple[str, str]],
    look: Theme,
    paint: Mapping[str, str],
    tint: Tint,
    edges: int,
    user_title: str | None = None,
) -> Canvas:
    """Draw flows as a graph.

    Parameters
    ----------
    flows : Flows
        With at least one move.
    words : callable
        Title and the line below it, given the moves that are drawn.
    look : Theme
    paint : mapping of str to str
        Colour of each node.
    tint : Tint
        Colours and hover boxes of the arrows.
    edges : int
        Arrows to draw at most, beside those that have to be.
    user_title : str, optional
        Takes the place of the title.
    """
    shown = [key for key in flows.nodes if key.kind == "node"]
    order_of = {key: i for i, key in enumerate([Key("start"), *shown])}
    within = [m for m in flows.moves if m.source in order_of and m.target in order_of]
    drawn = _strongest([m for m in within if m.source != m.target], edges, tint)
    spot = place_nodes(shown, drawn)
    routes = [route(move, spot, order_of) for move in drawn]
    ys = np.concatenate([*(way.y for way in routes), [y for _, y in spot.values()]])
    top, bottom = float(ys.min()) - HALF_Y - 16, float(ys.max()) + HALF_Y + 26
    canvas = Canvas(blank(look, *words(drawn), round(bottom - top), user_title), look)
    _draw_routes(canvas, routes, tint)
    _draw_nodes(canvas, spot, flows, tint, paint)
    _write_counts(canvas, routes, spot)
    right = max([x + HALF_X for x, _ in spot.values()] + [float(way.x.max()) for way in routes])
    canvas.finish((-0.45, right + 0.12), bottom - top, top)
    return canvas


def _strongest(moves: Sequence[Move], edges: int, tint: Tint) -> list[Move]:
    """Return what has to be drawn, the strongest way into each node, then the strongest others."""
    ranked = sorted(moves, key=lambda m: (-m.n, m.source, m.target))
    into: dict[Key, Move] = {}
    for move in ranked:
        into.setdefault(move.target, move)
    asked = [move for move in ranked if tint.first(move)]
    edges = max(edges, len(asked))
    first = [*asked, *(move for move in into.values() if move not in asked)]
    chosen = {id(move) for move in [*first, *(m for m in ranked if m not in first)][:edges]}
    return [move for move in ranked if id(move) in chosen]


def _subtitle(result: TransitionsResult, flows: Flows, drawn: list[int], n_shown: int) -> str:
    between = result.table[result.table["to_kind"] == "node"]
    between = between[(between["from_kind"] == "start") | (between["from"] != between["to"])]
    total, other = int(between["n"].sum()), len(between) - len(drawn)
    text = (
        f"{outcome_line(flows, result)}, {period(result.window)}. Arrows are as wide as the number of moves. "
        f"Drawn: {len(drawn):,} links, the strongest into each place and the strongest others: "
        f"{count(sum(drawn))} of {count(total)} moves "
        f"({share(sum(drawn) / max(total, 1))})"
    )
    if other:
        text += f"; other: {other:,} weaker links with {count(total - sum(drawn))} moves"
    hidden = len(flows.names) - n_shown
    return text + (f", and {hidden:,} less visited names." if hidden else ".")


def _draw_routes(canvas: Canvas, routes: Sequence[Route], tint: Tint) -> None:
    most = max((way.move.n for way in routes), default=1)
    for way in sorted(routes, key=lambda way: (tint.first(way.move), way.move.n)):
        width = max(1.0, _WIDEST * way.move.n / most)
        color, alpha = tint.color(way.move), tint.alpha(way.move, 0.55)
        sizes = [0.0] * (len(way.x) - 1) + [9 + 1.3 * width]
        canvas.figure.add_scatter(
            x=way.x, y=way.y, mode="lines+markers", text=tint.card(way.move), hoverinfo="text",
            line={"width": width, "color": faded(color, alpha)}, meta=facts_of(way.move), showlegend=False,
            marker={
                "symbol": "arrow", "angleref": "previous", "size": sizes, "color": color, "line": {"width": 0},
                "opacity": 1,
            },
        )  # fmt: skip


def _draw_nodes(
    canvas: Canvas,
    spot: Mapping[Key, tuple[float, float]],
    flows: Flows,
    tint: Tint,
    paint: Mapping[str, str],
) -> None:
    look = canvas.theme
    named = [key for key in spot if key.kind == "node"]
    wide = int(2 * HALF_X * 980 / (1 + max(x for x, _ in spot.values())) / 7.2)
    heads = dict(zip(named, label_blocks([key.name for key in named], wide), strict=True))
    for key, (x, y) in spot.items():
        color = paint.get(key.name, look.start) if key.kind == "node" else look.start
        n, loops = flows.visits[key], sum(m.n for m in flows.moves if m.source == m.target == key)
        text, facts = _node_card(key, flows), {"node": key.name, "kind": key.kind, "n": n}
        canvas.block((x - HALF_X, x + HALF_X), (y - HALF_Y, y + HALF_Y), look.paper, text, facts)
        canvas.figure.data[-1].update(line={"width": 1.6, "color": color})
        canvas.block((x - HALF_X, x - HALF_X + 0.035), (y - HALF_Y, y + HALF_Y), color, text, facts)
        name = "<br>".join(f"<b>{line}</b>" for line in heads.get(key, ["<i>Start</i>"]))
        if loops:
            spot_y = y - HALF_Y - 8
            canvas.words.add(x + HALF_X, spot_y, f"↻ {count(loops)}", "middle left", look.muted, 11)
        canvas.words.add(x + 0.015, y, f"{name}<br>{count(n)}", "middle center", look.text, 12)
        _draw_ends(canvas, key, (x, y), flows, tint)


def _draw_ends(canvas: Canvas, key: Key, spot: tuple[float, float], flows: Flows, tint: Tint) -> None:
    """Draw the bar below a node: went on, reached, open, dropped as shares of its visits."""
    moves = flows.ends(key)
    ends = {kind: move.n for kind, move in moves.items()}
    n = flows.visits[key]
    if key.kind != "node" or not n:
        return
    at = spot[0] - HALF_X
    y = (spot[1] + HALF_Y + 3, spot[1] + HALF_Y + 9)
    parts = [
        ("went on", n - sum(ends.values()), canvas.theme.quiet),
        *((kind, ends[kind], tint.color(moves[kind])) for kind in ENDS if kind in ends),
    ]
    for what, part, color in parts:
        if part:
            wide = 2 * HALF_X * part / n
            facts = {"node": key.name, "end": what, "n": part}
            canvas.block((at, at + wide), y, color, _node_card(key, flows), facts)
            at += wide


def _node_card(key: Key, flows: Flows) -> str:
    rows = [("journeys begin" if key.kind == "start" else "visits", count(flows.visits[key]))]
    loops = sum(m.n for m in flows.moves if m.source == m.target == key)
    if loops:
        rows.append(("straight to itself again", count(loops)))
    for kind, move in flows.ends(key).items():
        told = (
            ""
            if move.row is None or move.row["rate"] != move.row["rate"]
            else ", " + rate(move.row["rate"], move.row["rate_low"], move.row["rate_high"])
        )
        rows.append((kind, count(move.n) + told))
    return card(word_of(key), rows)


def _write_counts(canvas: Canvas, routes: Sequence[Route], spot: dict[Key, tuple[float, float]]) -> None:
    taken: list[tuple[float, float]] = []
    for way in sorted(routes, key=lambda way: -way.move.n)[:_WRITTEN]:
        free = free_spot(way, taken, spot)
        if free is not None:
            taken.append(free)
            canvas.figure.add_annotation(
                x=free[0], y=free[1], text=count(way.move.n), showarrow=False, borderpad=1,
                font={"size": 11, "color": canvas.theme.text}, bgcolor=faded(canvas.theme.paper, 0.8),
            )  # fmt: skip


def _add_legend(canvas: Canvas, flows: Flows) -> None:
    look = canvas.theme
    seen = {m.target.kind for m in flows.moves}
    entries = [("onward", look.start), ("back", look.back), ("bar below: went on", look.quiet)]
    entries += [(kind, look.of_kind(kind)) for kind in ENDS if kind in seen]
    for i, (name, color) in enumerate(entries):
        lines = (
            {"mode": "lines", "line": {"width": 4, "color": color}}
            if i < 2
            else {"mode": "markers", "marker": {"symbol": "square", "size": 11, "color": color}}
        )
        canvas.figure.add_scatter(x=[None], y=[None], name=name, showlegend=True, hoverinfo="skip", **lines)
    for trace in canvas.figure.data[: -len(entries)]:
        trace.showlegend = False
    legend_row(canvas.figure)
