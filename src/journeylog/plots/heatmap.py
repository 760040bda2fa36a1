"""Heat maps: the transition matrix, and the drawing they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from journeylog.core.cases import check_choice
from journeylog.plots.flows import ENDS, Flows, Key, Move, flows_of, move_card, outcome_line, word_of
from journeylog.plots.labels import amount, count, duration, labels, plain, share, text_width, time_unit
from journeylog.plots.panels import nice_ticks
from journeylog.plots.style import HOVER, Theme, blank, faded, no_data, period, theme_of
from journeylog.stats.transitions import TransitionsResult

__all__ = ["Cells", "heatmap", "matrix_figure"]

_TITLES = {
    "rate": "Where journeys go from each place",
    "n": "How many moves there are between places",
    "time": "How long moves take",
}
_ROW = 27
#: Up to this many columns the value is written into the cell; names stand level while they fit this many letters.
_WRITTEN, _LEVEL = 16, 110


def heatmap(
    result: TransitionsResult,
    *,
    values: Literal["rate", "n", "time"] = "rate",
    nodes: int = 30,
    order: Sequence[str] | None = None,
    theme: str = "light",
    title: str | None = None,
) -> go.Figure:
    """Draw moves as a matrix: from the rows to the columns.

    Parameters
    ----------
    result : TransitionsResult
    values : {"rate", "n", "time"}
        The share of the visits to the row that went to the column, the number of moves, or their median time
        (mean time when the medians were not counted).
    nodes : int
        Names to show at most; the least visited others become one row and one column.
    order : sequence of str, optional
        Names from first to last; by default stage order, else mean position from the start.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    check_choice("values", values, ("rate", "n", "time"))
    look = theme_of(theme)
    flows = flows_of(result, nodes, order)
    if not flows.moves:
        return no_data(look, _TITLES[values], result, title)
    ends = [kind for kind in ENDS if any(m.target.kind == kind for m in flows.moves)]
    columns = list(flows.nodes)
    if values != "time":
        columns += [Key(kind) for kind in ends if values == "n" or kind != "open"]
    rows = [*([] if values == "time" else [Key("start")]), *flows.nodes]
    cells = Cells(len(rows), len(columns))
    size, unit = 1.0, ""
    if values == "time":
        times = [_seconds(m) for m in flows.moves]
        size, unit = time_unit(max((t for t in times if t == t), default=0.0))
    base = _followed(result, flows)
    for move in (*flows.moves, *([flows.inside] if flows.inside else [])):
        if move.source in rows and move.target in columns:
            value, text = _value(move, values, base, size)
            spot = rows.index(move.source), columns.index(move.target)
            cells.put(
                *spot,
                value,
                text,
                [move_card(move, flows, result), move.source.name, move.target.name, move.n],
            )
    name = {"rate": "share of visits", "n": "moves", "time": f"{_time_word(result)} ({unit})"}[values]
    subtitle = f"{outcome_line(flows, result)}, {period(result.window)}. " + _reading(values)
    return matrix_figure(
        look, title, (_TITLES[values], subtitle), cells, (_names(rows, flows), _names(columns, flows)), name,
        percent=values == "rate", apart=(sum(k.kind == "start" for k in rows), sum(k.kind in ENDS for k in columns), 0),
    )  # fmt: skip


class Cells:
    """Values of a matrix with their texts and hover boxes; empty where nothing was put."""

    def __init__(self, n_rows: int, n_columns: int) -> None:
        self.z = np.full((n_rows, n_columns), np.nan)
        self.text = [[""] * n_columns for _ in range(n_rows)]
        self.cards: list[list[list[Any]]] = [
            [["", "", "", 0] for _ in range(n_columns)] for _ in range(n_rows)
        ]

    def put(self, row: int, column: int, value: float, text: str, card: list[Any]) -> None:
        """Fill one cell; the first of `card` is its hover box, the rest plain data."""
        self.z[row, column] = value
        self.text[row][column] = text
        self.cards[row][column] = card


def matrix_figure(
    look: Theme, title: str | None, words: tuple[str, str], cells: Cells, names: tuple[list[str], list[str]], unit: str,
    percent: bool = False, apart: tuple[int, int, int] = (0, 0, 0), axes: tuple[str, str] = ("from", "to"),
) -> go.Figure:  # fmt: skip
    """Draw a matrix with its names at the left and on top.

    Parameters
    ----------
    names : (list of str, list of str)
        Safe labels of rows and columns.
    apart : (int, int, int)
        Rows at the top, columns at the right and rows at the bottom that are set apart by a line: no nodes.
    """
    n_rows, n_columns = cells.z.shape
    widest = max(text_width(plain(name)) for name in names[1])
    level = n_columns * (widest + 2) <= _LEVEL
    room = 24 if level else 14 + 0.72 * 6.8 * widest
    figure = blank(look, words[0], words[1], _ROW * n_rows + 8, title)
    most = float(np.nanmax(cells.z, initial=0.0))
    ticks = nice_ticks(most)
    # colour by the square root, or a few large cells would leave all others pale
    figure.add_heatmap(
        z=np.sqrt(cells.z), x=list(range(n_columns)), y=list(range(n_rows)), text=cells.text, customdata=cells.cards,
        texttemplate="%{text}" if n_columns <= _WRITTEN else "", hovertemplate=HOVER, hoverongaps=False,
        colorscale=[[i / (len(look.scale) - 1), c] for i, c in enumerate(look.scale)],
        zmin=0, zmax=np.sqrt(most) or 1, xgap=1, ygap=1, textfont={"size": 11.5},
        colorbar={
            "title": {"text": unit, "side": "right", "font": {"size": 12, "color": look.muted}},
            "thickness": 10, "outlinewidth": 0,
            "len": 1.0 if n_rows < 14 else 0.5, "y": 1, "yanchor": "top", "tickfont": {"color": look.muted},
            "tickmode": "array", "tickvals": np.sqrt(ticks).tolist(),
            "ticktext": [f"{100 * t:.3g} %" if percent else amount(t) for t in ticks],
        },
    )  # fmt: skip
    figure.update_layout(
        margin_t=figure.layout.margin.t + room + 18, height=figure.layout.height + room + 18 - 24, margin_b=16
    )
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "", "tickmode": "array"}
    heads = [{"text": text, "font": {"size": 12, "color": look.muted}, "standoff": 8} for text in axes]
    figure.update_xaxes(
        side="top", tickvals=list(range(n_columns)), ticktext=names[1], range=[-0.5, n_columns - 0.5],
        tickangle=0 if level else -45, title=heads[1], **axis,
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(n_rows)), ticktext=[f"{n} " for n in names[0]], range=[n_rows - 0.5, -0.5],
        automargin=True, title=heads[0], **axis,
    )  # fmt: skip
    _set_apart(figure, look, (n_rows, n_columns), apart)
    figure.update_layout(plot_bgcolor=faded(look.grid, 0.45))
    return figure


def _set_apart(figure: go.Figure, look: Theme, size: tuple[int, int], apart: tuple[int, int, int]) -> None:
    """Draw a line between nodes and typed nodes."""
    n_rows, n_columns = size
    line = {"color": look.muted, "width": 1.2}
    for many, at in ((apart[0], apart[0] - 0.5), (apart[2], n_rows - apart[2] - 0.5)):
        if many:
            figure.add_shape(type="line", x0=-0.5, x1=n_columns - 0.5, y0=at, y1=at, line=line)
    if apart[1]:
        at = n_columns - apart[1] - 0.5
        figure.add_shape(type="line", x0=at, x1=at, y0=-0.5, y1=n_rows - 0.5, line=line)


def _value(move: Move, values: str, base: Mapping[Key, int], size: float) -> tuple[float, str]:
    if values == "n":
        return float(move.n), count(move.n)
    if values == "time":
        seconds = _seconds(move)
        return seconds / size, "" if seconds != seconds else duration(seconds)
    rate = move.n_followed / base[move.source] if base[move.source] else float("nan")
    return rate, "" if rate != rate else share(rate)


def _seconds(move: Move) -> float:
    if move.row is None or move.source.kind == "start" or move.target.kind in ENDS:
        return float("nan")
    return float(move.row.get("time_median_s", move.row["time_mean_s"]))


def _followed(result: TransitionsResult, flows: Flows) -> dict[Key, int]:
    """Return the visits of each shown node that were watched long enough."""
    shown = {key.name for key in flows.nodes if key.kind == "node"}
    base: dict[Key, int] = {}
    for name, kind, n in zip(
        result.nodes["node"], result.nodes["kind"], result.nodes["n_followed"], strict=True
    ):
        key = Key(kind) if kind != "node" else Key("node", name) if name in shown else Key("other")
        base[key] = base.get(key, 0) + int(n)
    return base


def _names(keys: Sequence[Key], flows: Flows) -> list[str]:
    named = labels([key.name for key in keys if key.kind == "node"], 22)
    found = iter(named)
    return [next(found) if key.kind == "node" else word_of(key, flows.n_other) for key in keys]


def _time_word(result: TransitionsResult) -> str:
    return "median time" if "time_median_s" in result.table else "mean time"


def _reading(values: str) -> str:
    return {
        "rate": "Read a row: of the visits there that were watched long enough, this share went on to the column.",
        "n": "Read a row: so many moves went from there to the column.",
        "time": "Read a row: half of the moves from there to the column took at most this long.",
    }[values]
