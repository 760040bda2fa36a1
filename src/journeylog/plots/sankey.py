"""Stage Sankey: one column a node, ends beside it, skips above, ways back below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from journeylog.plots.labels import card, count, label_blocks
from journeylog.plots.ribbons import Canvas, band, loop
from journeylog.plots.style import Theme, blank, no_data, node_colors, period, theme_of
from journeylog.stats.transitions import TransitionsResult

__all__ = ["END", "HALF", "Layout", "draw_sankey", "lay_out", "sankey"]

_TITLE = "Where journeys go, come back and end"
#: Half the width of a block, and where the bar of an end begins, in columns.
HALF, END = 0.045, 0.30
_BULGE = 0.13
_ROOM = 34.0
_TALLEST, _MOST = 270.0, 660.0


def sankey(
    result: TransitionsResult,
    *,
    nodes: int = 8,
    order: Sequence[str] | None = None,
    theme: str = "light",
    colors: Mapping[str, str] | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw the moves between nodes as bands as wide as their number.

    Parameters
    ----------
    result : TransitionsResult
    nodes : int
        Columns to show at most; the least visited others become one column that says how many they are.
    order : sequence of str, optional
        Names from left to right; by default stage order, else mean position from the start.
    theme : {"light", "dark"}
    colors : mapping of str to str, optional
        Fixed colours of nodes.
    title : str, optional
        Takes the place of the title.

    Notes
    -----
    In every column: bands in = height of the block = bands out + reached + open + dropped.
    """
    look = theme_of(theme)
    flows = flows_of(result, nodes, order)
    if not flows.moves:
        return no_data(look, _TITLE, result, title)
    subtitle = (
        f"{outcome_line(flows, result)} · {period(result.window)}. A band is as wide as the number of moves; bands "
        "that run back below are returns. Open: the data ends too early to tell, so it is not counted as dropped."
    )
    if flows.inside:
        subtitle += (
            f" {count(flows.inside.n)} moves among the {flows.n_other:,} least visited names are not drawn."
        )
    paint = node_colors(flows.names, theme, colors)

    def color(move: Move) -> str:
        end = move.target.kind in ENDS
        return look.of_kind(move.target.kind) if end else _color(move.source, look, paint)

    return draw_sankey(flows, (_TITLE, subtitle), look, paint, usual_tint(color, flows, result), title)


def draw_sankey(
    flows: Flows,
    words: tuple[str, str],
    look: Theme,
    paint: Mapping[str, str],
    tint: Tint,
    user_title: str | None = None,
) -> go.Figure:
    """Draw flows as columns and bands.

    Parameters
    ----------
    flows : Flows
        With at least one move.
    words : (str, str)
        Title and the line below it.
    look : Theme
    paint : mapping of str to str
        Colour of each node.
    tint : Tint
        Colours and hover boxes of the bands.
    user_title : str, optional
        Takes the place of the title.
    """
    plan = lay_out(flows)
    heads = _heads(plan, flows)
    top = 16.0 * (max(map(len, heads)) + 1) + 16
    canvas = Canvas(blank(look, *words, round(plan.bottom - plan.ceiling + top), user_title), look)
    _draw_moves(canvas, plan, flows, tint)
    _draw_ends(canvas, plan, tint)
    _draw_blocks(canvas, plan, flows, paint, heads)
    last = len(plan.columns) - 1 + (0.86 if plan.ends_of(plan.columns[-1]) else 0.35)
    return canvas.finish((-0.4, last), plan.bottom - plan.ceiling + top, plan.ceiling - top)


@dataclass
class Layout:
    """Where everything of a Sankey lies, in pixels down and columns across; y is 0 at the top of the blocks."""

    columns: list[Key]
    scale: float
    height: dict[Key, float] = field(default_factory=dict)
    leave: dict[Move, float] = field(default_factory=dict)
    enter: dict[Move, float] = field(default_factory=dict)
    lane: dict[Move, float] = field(default_factory=dict)
    bulge: dict[tuple[str, Move], tuple[float, float]] = field(default_factory=dict)
    slot: dict[Move, float] = field(default_factory=dict)
    ceiling: float = 0.0
    bottom: float = 0.0

    def ends_of(self, key: Key) -> list[Move]:
        """Return the moves of a node that end journeys."""
        return [move for move in self.slot if move.source == key]


def lay_out(flows: Flows) -> Layout:
    """Return the plan at the largest scale that fits."""
    columns = [Key("start"), *flows.nodes]
    scale = _TALLEST / max(max(flows.visits.values()), 1)
    for _ in range(4):
        plan = Layout(columns, scale, {key: flows.visits[key] * scale for key in columns})
        _stack(plan, flows)
        _place_ends(plan, flows)
        _place_lanes(plan, flows)
        if plan.bottom - plan.ceiling <= _MOST:
            break
        scale *= max(0.5, 0.96 * _MOST / (plan.bottom - plan.ceiling))
    return plan


def _stack(plan: Layout, flows: Flows) -> None:
    """Order the bands on both sides of every block so that they do not cross where they meet it."""
    spot = {key: i for i, key in enumerate(plan.columns)}
    for key in plan.columns:
        out = [m for m in flows.moves if m.source == key]
        ends = flows.ends(key)
        on = sorted((m for m in out if spot.get(m.target, -1) > spot[key]), key=lambda m: -spot[m.target])
        back = sorted(
            (m for m in out if 0 <= spot.get(m.target, -1) <= spot[key]), key=lambda m: spot[m.target]
        )
        _pile(plan.leave, [*on, *(ends[kind] for kind in ENDS if kind in ends), *back], plan.scale)
        _swing(plan, "leave", back)
        into = [m for m in flows.moves if m.target == key]
        ahead = sorted((m for m in into if spot[m.source] < spot[key]), key=lambda m: spot[m.source])
        behind = sorted((m for m in into if spot[m.source] >= spot[key]), key=lambda m: -spot[m.source])
        _pile(plan.enter, [*ahead, *behind], plan.scale)
        _swing(plan, "enter", behind)


def _pile(place: dict[Move, float], moves: Sequence[Move], scale: float) -> None:
    y = 0.0
    for move in moves:
        place[move] = y
        y += move.n * scale


def _swing(plan: Layout, side: str, moves: Sequence[Move]) -> None:
    """Let the bands that turn back nest: the last one is the innermost."""
    total = sum(m.n for m in moves) * plan.scale
    room = _BULGE * min(1.0, 0.25 + total / 80)
    at = 0.02
    for move in reversed(moves):
        wide = room * move.n * plan.scale / total
        plan.bulge[side, move] = (at, at + wide)
        at += wide


def _place_ends(plan: Layout, flows: Flows) -> None:
    spot = {key: i for i, key in enumerate(plan.columns)}
    for i, key in enumerate(plan.columns):
        clear = [
            plan.leave[m] + m.n * plan.scale
            for m in flows.moves
            if m.source == key and spot.get(m.target, -1) > i
        ]
        if i + 1 < len(plan.columns):
            ahead = plan.columns[i + 1]
            clear += [
                plan.enter[m] + m.n * plan.scale
                for m in flows.moves
                if m.target == ahead and spot[m.source] <= i
            ]
        y = max(clear, default=-8.0) + 8
        for move in sorted(flows.ends(key).values(), key=lambda m: ENDS.index(m.target.kind)):
            tall = max(move.n * plan.scale, _ROOM)
            y = max(y, plan.leave[move])
            plan.slot[move] = y + (tall - move.n * plan.scale) / 2
            y += tall + 6


def _place_lanes(plan: Layout, flows: Flows) -> None:
    """Stack skips above and returns below, the short ones nearest to the blocks."""
    spot = {key: i for i, key in enumerate(plan.columns)}
    inner = [m for m in flows.moves if m.target in spot]
    ceiling = [-10.0] * len(spot)
    for move in sorted(inner, key=lambda m: (spot[m.target] - spot[m.source], spot[m.source])):
        a, b = spot[move.source] + 1, spot[move.target]
        if b - a >= 1:
            plan.lane[move] = min(ceiling[a:b]) - move.n * plan.scale
            ceiling[a:b] = [plan.lane[move] - 4] * (b - a)
    plan.ceiling = min(ceiling) - 6
    floor = [plan.height[key] + 12 for key in plan.columns]
    gaps = [
        max((plan.slot[m] + max(m.n * plan.scale, _ROOM / 2 + 8) for m in plan.ends_of(key)), default=0.0) + 8
        for key in plan.columns
    ]
    for move in sorted(inner, key=lambda m: (spot[m.source] - spot[m.target], spot[m.source])):
        a, b = spot[move.target], spot[move.source]
        if a <= b:
            plan.lane[move] = max(*floor[a : b + 1], *gaps[a:b], 0.0)
            low = plan.lane[move] + move.n * plan.scale + 5
            floor[a : b + 1] = [low] * (b - a + 1)
            gaps[a:b] = [low] * (b - a)
    plan.bottom = max(*floor, *gaps) + 4


def _draw_moves(canvas: Canvas, plan: Layout, flows: Flows, tint: Tint) -> None:
    spot = {key: i for i, key in enumerate(plan.columns)}
    for move in sorted((m for m in flows.moves if m.target in spot), key=lambda m: -m.n):
        a, b, w = spot[move.source], spot[move.target], move.n * plan.scale
        color, text = tint.color(move), tint.card(move)
        x0, x1, y0, y1 = a + HALF, b - HALF, plan.leave[move], plan.enter[move]
        if a < b:
            lane = plan.lane.get(move)
            via = [] if lane is None else [(a + 1 - HALF, lane), (b - 1 + HALF, lane)]
            canvas.fill(band(x0, x1, y0, y1, w, via), color, text, facts_of(move), tint.alpha(move, 0.38))
        else:
            lane = plan.lane[move]
            bulges = plan.bulge["leave", move], plan.bulge["enter", move]
            canvas.fill(
                loop(x0, x1, y0, y1, lane, w, *bulges), color, text, facts_of(move), tint.alpha(move, 0.22)
            )
            if w >= 13:
                canvas.words.add(
                    (a + b) / 2, lane + w / 2, f"◀ {count(move.n)}", "middle center", canvas.theme.text, 11
                )


def _draw_ends(canvas: Canvas, plan: Layout, tint: Tint) -> None:
    spot = {key: i for i, key in enumerate(plan.columns)}
    for move, y in plan.slot.items():
        kind, w = move.target.kind, move.n * plan.scale
        color, text = tint.color(move), tint.card(move)
        x = spot[move.source] + END
        canvas.fill(
            band(spot[move.source] + HALF, x, plan.leave[move], y, w),
            color,
            text,
            facts_of(move),
            tint.alpha(move, 0.5),
        )
        canvas.block(
            (x, x + 0.025), (y, y + w), color, text, {"node": move.source.name, "end": kind, "n": move.n}
        )
        below = tint.share(move)
        lines = f"{word_of(move.target)[3:-4]} {count(move.n)}" + (f"<br>{below}" if below else "")
        canvas.words.add(x + 0.035, y + w / 2, lines, "middle right", canvas.theme.ink(kind), 11.5)


def _draw_blocks(
    canvas: Canvas, plan: Layout, flows: Flows, paint: Mapping[str, str], heads: list[list[str]]
) -> None:
    y = plan.ceiling - 8
    for i, (key, head) in enumerate(zip(plan.columns, heads, strict=True)):
        n = flows.visits[key]
        what = {"start": "journeys begin", "other": "arrivals"}.get(key.kind, "visits")
        text = card(word_of(key, flows.n_other), [(what, count(n))])
        color = _color(key, canvas.theme, paint)
        facts = {"node": key.name, "kind": key.kind, "n": n}
        canvas.block((i - HALF, i + HALF), (0.0, plan.height[key]), color, text, facts)
        canvas.block((i - 0.36, i + 0.36), (y, y + 3), color, text, facts)
        lines = [f"<b>{line}</b>" for line in head] + [f"{count(n)} {what.split(' ')[0]}"]
        canvas.words.add(i, y - 2, "<br>".join(lines), "top center", canvas.theme.text, 12.5)


def _heads(plan: Layout, flows: Flows) -> list[list[str]]:
    """Return the lines above each column, as wide as a page of about 1,100 pixels allows."""
    wide = max(7, int(1060 / (len(plan.columns) + 0.3) * 0.92 / 7.4))
    named = iter(label_blocks([key.name for key in flows.nodes if key.kind == "node"], wide))
    typed = {"start": ["<i>Start</i>"], "other": [f"<i>{flows.n_other:,} others</i>"]}
    return [next(named) if key.kind == "node" else typed[key.kind] for key in plan.columns]


def _color(key: Key, theme: Theme, paint: Mapping[str, str]) -> str:
    return paint[key.name] if key.kind == "node" else theme.start
