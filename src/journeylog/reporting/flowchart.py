"""Ways between nodes as a picture that needs no script: bands as wide as the number of moves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from journeylog.plots.flows import ENDS, Flows, Key, Move, flows_of
from journeylog.plots.labels import label_blocks, plain
from journeylog.plots.ribbons import band, loop
from journeylog.plots.sankey import END, HALF, Layout, lay_out
from journeylog.plots.style import node_colors, theme_of
from journeylog.reporting.wording import Wording
from journeylog.stats.transitions import TransitionsResult

__all__ = ["Drawn", "draw_flow", "told_flow"]

#: Width of a picture, and what the bar of an end and its words need of it behind the last block.
_WIDE: Final = 1080.0
_END_TEXT: Final = 150.0
#: Width of a letter of small words, on average.
_LETTER: Final = 6.1
_Outline = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


class Drawn(tuple[Markup, Flows]):
    """A picture, and the flows that are on it."""

    __slots__ = ()


def told_flow(result: TransitionsResult) -> TransitionsResult:
    """Return the moves without those of few customers; others that are masked as wide as anybody could guess."""
    table, nodes = result.table, result.nodes
    if "n_most" in table:
        n = table["n"].fillna(table["n_most"])
        table = table.assign(n=n, n_followed=table["n_followed"].fillna(n))
        nodes = nodes.assign(n=nodes["n"].fillna(nodes["n_most"]))
    nodes = nodes[nodes["n"].notna()].astype({"n": "int64"})
    nodes.attrs.update(result.nodes.attrs)
    known = nodes.loc[nodes["kind"] == "node", "node"]
    away = [(table[f"{end}_kind"] == "node") & ~table[end].isin(known) for end in ("from", "to")]
    table = table[table["n"].notna() & ~(away[0] | away[1])].astype({"n": "int64", "n_followed": "int64"})
    return replace(result, table=table, tables={**result.tables, "nodes": nodes})


def draw_flow(
    result: TransitionsResult, words: Wording, theme: str, title: str, nodes: int = 7
) -> Drawn | None:
    """Return the picture of the moves among the most visited nodes; None when no move is told."""
    flows = flows_of(told_flow(result), nodes)
    if not flows.moves or not flows.nodes:
        return None
    look, paint = theme_of(theme), node_colors(flows.names, theme)
    plan = lay_out(flows)
    n = len(plan.columns)
    last = (
        n
        - 1
        + (max(0.7, _END_TEXT * (n - 0.6) / (_WIDE - _END_TEXT)) if plan.ends_of(plan.columns[-1]) else 0.35)
    )
    heads = _heads(plan, flows, words)
    top = 16 * (max(map(len, heads)) + 1) + 20
    sheet = _Sheet(-0.4, last, top - plan.ceiling, words, flows)
    color = {key: paint[key.name] if key.kind == "node" else look.start for key in plan.columns}
    parts = [
        *_moves(sheet, plan, flows, color),
        *_ends(sheet, plan, {end: look.of_kind(end) for end in ENDS}),
        *_blocks(sheet, plan, flows, color, heads, _bounded(result)),
    ]
    tall = round(plan.bottom - plan.ceiling + top)
    frame = Markup('<svg class="flow" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return Drawn((frame.format(round(_WIDE), tall, title, Markup("").join(parts)), flows))


class _Sheet:
    """Turns columns and pixels of the layout into places on the picture."""

    def __init__(self, first: float, last: float, down: float, words: Wording, flows: Flows) -> None:
        self.first, self.scale, self.down = first, _WIDE / (last - first), down
        self.words, self.flows = words, flows

    def x(self, column: float) -> float:
        return round((column - self.first) * self.scale, 1)

    def y(self, pixel: float) -> float:
        return round(pixel + self.down, 1)

    def fill(self, outline: _Outline, color: str, kind: str, move: Move) -> Markup:
        points = " ".join(f"{self.x(x):g},{self.y(y):g}" for x, y in zip(*outline, strict=True))
        untold = self.number(move) == self.words.plain("untold")
        return Markup('<polygon class="{}" data-way="{}" points="{}" fill="{}"><title>{}</title></polygon>').format(
            f"{kind} untold" if untold else kind, f"{self.place(move.source)} {self.place(move.target)}", points, color,
            self.card(move),
        )  # fmt: skip

    def block(self, x: tuple[float, float], y: tuple[float, float], color: str, card: str = "") -> Markup:
        title = Markup("<title>{}</title>").format(card) if card else ""
        return Markup('<rect class="block" x="{}" y="{}" width="{}" height="{}" fill="{}">{}</rect>').format(
            self.x(x[0]), self.y(y[0]), round(self.x(x[1]) - self.x(x[0]), 1), max(round(y[1] - y[0], 1), 1), color,
            title,
        )  # fmt: skip

    def text(self, x: float, y: float, said: str, kind: str, shift: float = 0) -> Markup:
        return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(
            kind, self.x(x) + shift, self.y(y), said
        )

    def lines(self, word: str, number: str, followed: bool) -> list[str]:
        """Return an end's word and number; in two lines where they would run into the block to the right."""
        room = (1 - END - 0.025 - HALF) * self.scale - 9
        whole = f"{word} {number}"
        return [word, number] if followed and len(whole) * _LETTER > room else [whole]

    def place(self, key: Key) -> str:
        """Return a word for a node that is no name of the data."""
        return str(self.flows.nodes.index(key)) if key in self.flows.nodes else key.kind

    def name(self, key: Key) -> str:
        if key.kind == "node":
            return self.words.short(key.name, 120)
        if key.kind == "other":
            return self.words.plain("others", n=self.words.count(self.flows.n_other))
        return self.words.plain(key.kind)

    def number(self, move: Move) -> str:
        """Write how many moves there are, or at most are."""
        if move.row is None or move.row["n_cases"] == move.row["n_cases"]:
            return self.words.count(move.n)
        most = move.row["n_most"]
        return f"≤\u00a0{self.words.count(most)}" if most == most else self.words.plain("untold")

    def card(self, move: Move) -> str:
        """Return what is told of a move when it is pointed at, line by line."""
        words, row = self.words, move.row
        lines = [
            f"{self.name(move.source)} → {self.name(move.target)}",
            words.plain("card_moves", n=self.number(move)),
        ]
        if row is not None and row["n_cases"] == row["n_cases"]:
            lines.append(words.plain("card_journeys", n=words.count(row["n_cases"])))
            if row["rate"] == row["rate"]:
                bounds = words.interval(row["rate_low"], row["rate_high"])
                lines.append(words.plain("card_share", share=words.share(row["rate"]), range=bounds))
            if row["time_median_s"] == row["time_median_s"]:
                half, most = words.duration(row["time_median_s"]), words.duration(row["time_p90_s"])
                lines.append(words.plain("card_times", median=half, p90=most))
        return "\n".join(lines)


def _moves(sheet: _Sheet, plan: Layout, flows: Flows, color: Mapping[Key, str]) -> Iterable[Markup]:
    spot = {key: i for i, key in enumerate(plan.columns)}
    for move in sorted((m for m in flows.moves if m.target in spot), key=lambda m: -m.n):
        a, b, w = spot[move.source], spot[move.target], move.n * plan.scale
        x0, x1, y0, y1 = a + HALF, b - HALF, plan.leave[move], plan.enter[move]
        lane = plan.lane.get(move)
        if a < b:
            via = [] if lane is None else [(a + 1 - HALF, lane), (b - 1 + HALF, lane)]
            yield sheet.fill(band(x0, x1, y0, y1, w, via), color[move.source], "band", move)
            continue
        assert lane is not None
        bulges = plan.bulge["leave", move], plan.bulge["enter", move]
        yield sheet.fill(loop(x0, x1, y0, y1, lane, w, *bulges), color[move.source], "band back", move)
        if w >= 13:
            said = f"◀ {sheet.number(move)}"
            yield sheet.text((a + b) / 2, lane + w / 2 + 4, said, "small middle")


def _ends(sheet: _Sheet, plan: Layout, color: Mapping[str, str]) -> Iterable[Markup]:
    spot = {key: i for i, key in enumerate(plan.columns)}
    words = sheet.words
    for move, y in plan.slot.items():
        kind, w, x = move.target.kind, move.n * plan.scale, spot[move.source] + END
        outline = band(spot[move.source] + HALF, x, plan.leave[move], y, w)
        yield sheet.fill(outline, color[kind], "band end", move)
        yield sheet.block((x, x + 0.025), (y, y + w), color[kind])
        rate = move.row["rate"] if move.row is not None else float("nan")
        lines = sheet.lines(
            words.plain(f"{kind}_word"), sheet.number(move), followed=spot[move.source] + 1 < len(spot)
        )
        lines += [words.share(rate)] if rate == rate else []
        for i, line in enumerate(lines):
            down = y + w / 2 + 4 + 13 * (i - (len(lines) - 1) / 2)
            yield sheet.text(x + 0.025, down, line, f"small end-{kind}", 5)


def _blocks(
    sheet: _Sheet,
    plan: Layout,
    flows: Flows,
    color: Mapping[Key, str],
    heads: list[list[str]],
    bounded: Collection[str],
) -> Iterable[Markup]:
    y, words = plan.ceiling - 8, sheet.words
    for i, (key, head) in enumerate(zip(plan.columns, heads, strict=True)):
        n = words.count(flows.visits[key])
        if key.kind == "node" and key.name in bounded:
            n = f"≤\u00a0{n}"
        what = {"start": "journeys_head", "other": "arrivals_head"}.get(key.kind, "visits_head")
        card = f"{sheet.name(key)}\n{n} {words.plain(what)}"
        yield sheet.block((i - HALF, i + HALF), (0.0, plan.height[key]), color[key], card)
        yield sheet.block((i - 0.36, i + 0.36), (y, y + 3), color[key])
        for k, line in enumerate([*head, f"{n} {words.plain(what)}"]):
            down = y - 6 - 15 * (len(head) - k)
            yield sheet.text(i, down, line, "small middle" if k == len(head) else "head middle")


def _bounded(result: TransitionsResult) -> set[str]:
    """Return the names of whose visits is told how many they are at most."""
    nodes = result.nodes[result.nodes["kind"] == "node"]
    return set(nodes.loc[nodes["n"].isna(), "node"])


def _heads(plan: Layout, flows: Flows, words: Wording) -> list[list[str]]:
    """Return the lines above each column, as wide as the picture allows."""
    wide = max(7, int(_WIDE / (len(plan.columns) + 0.3) * 0.92 / 7.4))
    named = iter(label_blocks([words.visible(key.name) for key in flows.nodes if key.kind == "node"], wide))
    typed: dict[str, Any] = {
        "start": words.plain("start_word"),
        "other": words.plain("others", n=words.count(flows.n_other)),
    }
    return [
        [plain(line) for line in next(named)] if key.kind == "node" else [typed[key.kind]]
        for key in plan.columns
    ]
