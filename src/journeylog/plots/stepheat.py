"""Heat map of a step matrix: where journeys are, position by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from journeylog.plots.flows import ENDS, Key, key_of, word_of
from journeylog.plots.heatmap import Cells, matrix_figure
from journeylog.plots.labels import card, count, labels, rate, share
from journeylog.plots.stepsankey import node_rank, position_names, shown_names
from journeylog.plots.style import followed, no_data, period, theme_of
from journeylog.stats.stepmatrix import StepMatrixResult

__all__ = ["step_heatmap"]

_TITLE = "Where journeys are, step by step"


def step_heatmap(
    result: StepMatrixResult,
    *,
    nodes: int = 30,
    order: Sequence[str] | None = None,
    theme: str = "light",
    title: str | None = None,
) -> go.Figure:
    """Draw the share of journeys at each node, position by position.

    Parameters
    ----------
    result : StepMatrixResult
    nodes : int
        Names to show at most; the others become one row.
    order : sequence of str, optional
        Names from top to bottom; by default those met early stand high.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    table = result.table
    if table.empty or not table["n_cases"].any():
        return no_data(look, _TITLE, result, title)
    names = shown_names(result, node_rank(result, order), nodes)
    rest = table.loc[table["kind"] == "node", "node"].nunique() - len(names)
    seen = set(table["kind"])
    typed = [Key(kind) for kind in ("start", *ENDS) if kind in seen]
    top, bottom = [k for k in typed if k.kind == "start"], [k for k in typed if k.kind != "start"]
    rows = [*top, *(Key("node", name) for name in names), *([Key("other")] if rest else []), *bottom]
    positions = sorted(table["position"].unique().tolist())
    cells = _cells(result, rows, positions, rest)
    found = iter(labels(names, 26))
    words = [next(found) if key.kind == "node" else word_of(key, rest) for key in rows]
    subtitle = (
        f"{count(table['n_total'].max())} {followed(result)}, {period(result.window)}. Read a column: so many of "
        "them are there at this step. What has ended stays at its end; open ones are unknown from there on."
    )
    return matrix_figure(
        look, title, (_TITLE, subtitle), cells, (words, position_names(result, positions)),
        f"share of {followed(result)}", percent=True, apart=(len(top), 0, len(bottom)), axes=("", "position"),
    )  # fmt: skip


def _cells(result: StepMatrixResult, rows: list[Key], positions: list[int], rest: int) -> Cells:
    cells = Cells(len(rows), len(positions))
    kept = {key.name for key in rows if key.kind == "node"}
    held: dict[tuple[int, int], int] = {}
    row: dict[Any, Any]
    for row in result.table.to_dict("records"):
        key = key_of(row["kind"], row["node"], kept)
        spot = rows.index(key), positions.index(row["position"])
        n = held[spot] = held.get(spot, 0) + int(row["n_cases"])
        part = n / row["n_total"]
        told = share(part) if key.kind == "other" else rate(part, row["share_low"], row["share_high"])
        lines = [
            ("position", position_names(result, [row["position"]])[0]),
            (followed(result), count(n)),
            ("share", f"{told} of {count(row['n_total'])}"),
        ]
        cells.put(*spot, part, share(part), [card(word_of(key, rest), lines), key.name, row["position"], n])
    return cells
