"""Step Sankey: one column a position, so a way back is simply the next step; ends leave the figure where they happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from journeylog.plots.flows import ENDS, Key, key_of, listed_first, word_of
from journeylog.plots.labels import card, count, labels, rate, share
from journeylog.plots.ribbons import Canvas, band
from journeylog.plots.style import Theme, blank, followed, no_data, node_colors, period, theme_of
from journeylog.stats.stepmatrix import StepMatrixResult

__all__ = ["node_rank", "position_names", "shown_names", "step_sankey"]

_TITLE = "Journeys step by step"
_HALF, _TALL, _GAP = 0.045, 400.0, 9.0
#: Bands drawn one by one; the smaller ones of a column are drawn together, with one hover box.
_BANDS = 260


def step_sankey(
    result: StepMatrixResult,
    *,
    nodes: int = 10,
    positions: int = 7,
    order: Sequence[str] | None = None,
    theme: str = "light",
    colors: Mapping[str, str] | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw how many journeys go from each node of a position to each node of the next, or end there.

    Parameters
    ----------
    result : StepMatrixResult
    nodes : int
        Names to show at most; the others become one block per position that says how many they are.
    positions : int
        Columns to show at most: the first ones, or those around the anchor.
    order : sequence of str, optional
        Names from top to bottom; by default those met early stand high.
    theme : {"light", "dark"}
    colors : mapping of str to str, optional
        Fixed colours of nodes.
    title : str, optional
        Takes the place of the title.

    Notes
    -----
    A block is as high as the journeys at its node and position. A journey that ends flows into a block of its
    outcome once, in the next column.
    """
    look = theme_of(theme)
    if result.table.empty or not int(result.table["n_cases"].sum()):
        return no_data(look, _TITLE, result, title)
    plan = _plan(result, nodes, positions, order)
    names = result.table.loc[result.table["kind"] == "node", "node"].unique().tolist()
    paint = node_colors(names, theme, colors)
    canvas = Canvas(blank(look, _TITLE, _subtitle(result, plan), round(plan.bottom) + 60, title), look)
    _draw_bands(canvas, plan, result, paint)
    _draw_blocks(canvas, plan, result, paint)
    return canvas.finish((-0.3, len(plan.positions) - 1 + 0.85), plan.bottom + 60, -52.0)


class _Spot(NamedTuple):
    position: int
    key: Key


class _Flow(NamedTuple):
    source: _Spot
    target: _Spot
    n: int
    share: tuple[float, float, float] | None


@dataclass
class _Plan:
    """Which positions and nodes are shown, how many journeys they hold and where they lie."""

    positions: list[int]
    keys: list[Key]
    n_other: int
    n_total: int
    held: dict[_Spot, int] = field(default_factory=dict)
    flows: list[_Flow] = field(default_factory=list)
    top: dict[_Spot, float] = field(default_factory=dict)
    bottom: float = 0.0

    @property
    def scale(self) -> float:
        return _TALL / max(self.n_total, 1)


def node_rank(result: StepMatrixResult, order: Sequence[str] | None) -> list[str]:
    """Return the names by their mean position, or as asked."""
    rows = result.table[result.table["kind"] == "node"]
    weight = rows["n_cases"].groupby(rows["node"]).sum()
    moment = (rows["n_cases"] * rows["position"]).groupby(rows["node"]).sum()
    place = (moment / weight.where(weight > 0)).to_dict()
    names = sorted(map(str, place), key=lambda name: (np.nan_to_num(place[name], nan=np.inf), name))
    return names if order is None else listed_first(names, order)


def shown_names(result: StepMatrixResult, ranked: Sequence[str], limit: int) -> list[str]:
    """Return the names that most journeys pass, in their order; one place is kept for the rest when there is one."""
    rows = result.table[result.table["kind"] == "node"]
    volume = rows.groupby("node")["n_cases"].sum().to_dict()
    most = sorted(ranked, key=lambda name: (-volume[name], name))
    kept = set(most if len(most) <= limit else most[: limit - 1])
    return [name for name in ranked if name in kept]


def position_names(result: StepMatrixResult, positions: Sequence[int]) -> list[str]:
    """Return what a position is called: the step from the start, or how far before or after the anchor."""
    if result.question.anchor is None:  # type: ignore[attr-defined]
        return [f"step {p}" for p in positions]
    return ["anchor" if p == 0 else f"{abs(p)} before" if p < 0 else f"{p} after" for p in positions]


def _plan(result: StepMatrixResult, nodes: int, positions: int, order: Sequence[str] | None) -> _Plan:
    table = result.table
    ranked = node_rank(result, order)
    names = shown_names(result, ranked, nodes)
    kept, rest = set(names), len(ranked) - len(names)
    keys = [Key("node", name) for name in names] + ([Key("other")] if rest else [])
    shown = _shown_positions(result, positions)
    plan = _Plan(shown, [Key("start"), *keys], rest, int(table["n_total"].max()))
    for row in table[table["kind"] == "node"].to_dict("records"):
        if row["position"] in shown:
            spot = _Spot(row["position"], key_of("node", row["node"], kept))
            plan.held[spot] = plan.held.get(spot, 0) + int(row["n_cases"])
    _join_flows(plan, result.flows, kept)
    _stack(plan)
    return plan


def _shown_positions(result: StepMatrixResult, positions: int) -> list[int]:
    """Return the first positions, or those nearest to the anchor, that hold a node."""
    held = result.table.loc[result.table["kind"] == "node", "position"].unique().tolist()
    if result.question.anchor is None:  # type: ignore[attr-defined]
        return sorted(held)[:positions]
    return sorted(sorted(held, key=lambda p: (abs(p), p))[:positions])


def _join_flows(plan: _Plan, flows: pd.DataFrame, kept: set[str]) -> None:
    joined: dict[tuple[_Spot, _Spot], _Flow] = {}
    after = dict(zip(plan.positions[:-1], plan.positions[1:], strict=True))
    for row in flows.to_dict("records"):
        if row["position"] not in after:
            continue
        source = _Spot(row["position"], key_of(row["from_kind"], row["from"], kept))
        target = _Spot(after[row["position"]], key_of(row["to_kind"], row["to"], kept))
        told = (row["share"], row["share_low"], row["share_high"])
        alone = source.key.kind != "other" and target.key.kind != "other"
        n = int(row["n"]) + (joined[source, target].n if (source, target) in joined else 0)
        joined[source, target] = _Flow(source, target, n, told if alone else None)
    plan.flows = [flow for flow in joined.values() if flow.n]
    for flow in plan.flows:
        for spot in (flow.source, flow.target):
            if spot.key.kind in ("start", *ENDS):
                plan.held[spot] = plan.held.get(spot, 0) + flow.n


def _stack(plan: _Plan) -> None:
    """Stack the blocks of every column: nodes in their order, then what ends here."""
    for position in plan.positions:
        y = 0.0
        for key in [*plan.keys, *(Key(kind) for kind in ENDS)]:
            spot = _Spot(position, key)
            if spot in plan.held:
                y += (
                    14.0
                    if key.kind == "reached"
                    or (key.kind in ENDS and y and _Spot(position, Key("reached")) not in plan.held)
                    else 0.0
                )
                plan.top[spot] = y
                y += max(plan.held[spot] * plan.scale, 1.0) + _GAP
        plan.bottom = max(plan.bottom, y)


def _draw_bands(canvas: Canvas, plan: _Plan, result: StepMatrixResult, paint: Mapping[str, str]) -> None:
    rank = {key: i for i, key in enumerate([*plan.keys, *(Key(kind) for kind in ENDS)])}
    left: dict[_Flow, float] = {}
    right: dict[_Flow, float] = {}
    used: dict[tuple[str, _Spot], float] = {}
    for flow in sorted(plan.flows, key=lambda f: rank[f.target.key]):
        left[flow] = used.get(("out", flow.source), plan.top[flow.source])
        used["out", flow.source] = left[flow] + flow.n * plan.scale
    for flow in sorted(plan.flows, key=lambda f: rank[f.source.key]):
        right[flow] = used.get(("in", flow.target), plan.top[flow.target])
        used["in", flow.target] = right[flow] + flow.n * plan.scale
    column = {p: i for i, p in enumerate(plan.positions)}
    big = sorted(plan.flows, key=lambda f: -f.n)
    for flow in big[:_BANDS]:
        outline = band(
            column[flow.source.position] + _HALF,
            column[flow.target.position] - _HALF,
            left[flow],
            right[flow],
            flow.n * plan.scale,
        )
        facts = {
            "position": flow.source.position,
            "from": flow.source.key.name,
            "to": flow.target.key.name,
            "n": flow.n,
        }
        kinds = {"from_kind": flow.source.key.kind, "to_kind": flow.target.key.kind}
        canvas.fill(
            outline, _color(flow, canvas.theme, paint), _flow_card(flow, plan, result), facts | kinds, 0.36
        )
    for position in plan.positions:
        small = [flow for flow in big[_BANDS:] if flow.source.position == position]
        if small:
            at = column[position]
            outlines = [band(at + _HALF, at + 1 - _HALF, left[f], right[f], f.n * plan.scale) for f in small]
            gap = np.array([np.nan])
            x, y = (np.concatenate([part for o in outlines for part in (o[axis], gap)]) for axis in (0, 1))
            total = sum(flow.n for flow in small)
            text = card(f"{len(small):,} small flows together", [("journeys", count(total))])
            facts = {"position": position, "small": len(small), "n": total}
            canvas.fill((x, y), canvas.theme.start, text, facts, 0.2)


def _draw_blocks(canvas: Canvas, plan: _Plan, result: StepMatrixResult, paint: Mapping[str, str]) -> None:
    named = [key for key in plan.keys if key.kind == "node"]
    wide = max(8, int(1080 / (len(plan.positions) + 0.2) * 0.86 / 7.0))
    short = dict(zip(named, labels([key.name for key in named], wide - 7), strict=True))
    for i, position in enumerate(plan.positions):
        here = {spot: n for spot, n in plan.held.items() if spot.position == position}
        going = sum(n for spot, n in here.items() if spot.key.kind in ("node", "other"))
        head = position_names(result, [position])[0]
        canvas.words.add(
            i - _HALF,
            -24,
            f"<b>{head}</b><br>{count(going)} {followed(result)}",
            "middle right",
            canvas.theme.text,
            12.5,
        )
        written: list[float] = []
        for spot, n in sorted(here.items(), key=lambda item: -item[1]):
            y0, tall = plan.top[spot], n * plan.scale
            color = paint[spot.key.name] if spot.key.kind == "node" else _typed_color(spot.key, canvas.theme)
            word = word_of(spot.key, plan.n_other)
            text = card(
                word, [("position", head), (followed(result), f"{count(n)} of {count(plan.n_total)}")]
            )
            facts = {"position": position, "node": spot.key.name, "kind": spot.key.kind, "n": n}
            canvas.block((i - _HALF, i + _HALF), (y0, y0 + max(tall, 1.0)), color, text, facts)
            middle = y0 + tall / 2
            if all(abs(middle - other) >= 15 for other in written):
                written.append(middle)
                name = short[spot.key] if spot.key.kind == "node" else word
                ink = (
                    canvas.theme.text
                    if spot.key.kind in ("node", "other")
                    else canvas.theme.ink(spot.key.kind)
                )
                canvas.words.add(
                    i + _HALF + 0.01, middle, f"{name} <b>{count(n)}</b>", "middle right", ink, 11.5
                )


def _flow_card(flow: _Flow, plan: _Plan, result: StepMatrixResult) -> str:
    rows = [
        ("position", position_names(result, [flow.source.position])[0]),
        (followed(result), count(flow.n)),
    ]
    part = rate(*flow.share) if flow.share is not None else share(flow.n / plan.n_total)
    rows.append(("share", f"{part} of {count(plan.n_total)}"))
    return card(f"{word_of(flow.source.key, plan.n_other)} → {word_of(flow.target.key, plan.n_other)}", rows)


def _subtitle(result: StepMatrixResult, plan: _Plan) -> str:
    text = (
        f"{count(plan.n_total)} {followed(result)}, {period(result.window)}. A band is as wide as the number of journeys; "
        "reached, open and dropped ones leave where they end. Open: the data ends too early to tell."
    )
    last = int(result.table["position"].max())
    if plan.positions[-1] < last or plan.positions[0] > int(result.table["position"].min()):
        n = result.table["position"].nunique()
        text += f" Shown: {len(plan.positions)} of {n} positions."
    return text


def _color(flow: _Flow, theme: Theme, paint: Mapping[str, str]) -> str:
    if flow.target.key.kind in ENDS:
        return theme.of_kind(flow.target.key.kind)
    return (
        paint[flow.source.key.name]
        if flow.source.key.kind == "node"
        else _typed_color(flow.source.key, theme)
    )


def _typed_color(key: Key, theme: Theme) -> str:
    return theme.start if key.kind in ("start", "other") else theme.of_kind(key.kind)
