"""The journey map at a glance: one bar a stage for who comes, who leaves, and how long they stay."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go

from journeylog.journeymap.cells import Cell
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.plots.labels import card, count, duration, full, labels, share, time_unit
from journeylog.plots.panels import Bounded, add_bars, add_texts, name_rows, panel, whisker
from journeylog.plots.style import blank, no_data, period, theme_of

__all__ = ["journey_glance"]

_TITLE = "The journey at a glance"
_ROW = 34
_MOST = 30


def journey_glance(result: JourneyMapResult, *, theme: str = "light", title: str | None = None) -> go.Figure:
    """Draw the stages down the side: journeys that come, visits that end the journey, the median stay.

    Parameters
    ----------
    result : JourneyMapResult
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    look = theme_of(theme)
    stages = [s for s in result.stages if _value(result.cell(s, "volume", "journeys")) > 0]
    if not stages:
        return no_data(look, _TITLE, result, title)
    shown = stages[:_MOST]
    left_out = f", {count(len(stages) - _MOST)} more not shown" if len(stages) > _MOST else ""
    total = count(_value(result.cell(None, "volume", "journeys")))
    subtitle = f"{period(result.window)} · {total} journeys through {count(len(stages))} stages{left_out}"
    figure = blank(look, _TITLE, subtitle, _ROW * len(shown) + 30, title)
    longest = max((_value(result.cell(s, "time", "stay")) for s in shown), default=0.0)
    size, unit = time_unit(longest)
    panels: tuple[tuple[str, str, str, str, tuple[float, float], float, bool, Callable[[Any], str]], ...] = (
        ("volume", "journeys", "number of journeys", look.nodes[0], (0.0, 0.27), 1.0, False, count),
        ("loss", "drop", "share of visits that end it (95 %)", look.dropped, (0.36, 0.63), 1.0, True, share),
        ("time", "stay", f"median stay in {unit}", look.nodes[1], (0.72, 0.98), size, False, duration),
    )
    for number, (row, measure, words, color, domain, scale, percent, written) in enumerate(panels, 1):
        cells = [result.cell(stage, row, measure) for stage in shown]
        values = _bounded(cells, scale)
        cards = [
            [_card(stage, words, cell, written), stage] for stage, cell in zip(shown, cells, strict=True)
        ]
        spread = whisker(values, look.text)
        add_bars(figure, number, values[0], color, cards, measure, width=0.6, error_x=spread)
        ends = np.fmax(values[0], values[2])
        texts = [written(None if cell is None else cell.value) for cell in cells]
        add_texts(figure, number, ends, texts, look.text)
        panel(figure, look, number, domain, words, (float(ends.max()) or 1.0) * 1.35, percent)
    name_rows(figure, look, labels(shown, 30))
    return figure


def _value(cell: Cell | None) -> float:
    return cell.value if cell is not None and cell.known else 0.0


def _bounded(cells: list[Cell | None], scale: float) -> Bounded:
    """Return the values as drawn with the bounds of their intervals; what is not known is zero long and has none."""
    values = np.array([_value(cell) for cell in cells])
    bounds = [(c.low, c.high) if c is not None and c.known else (math.nan, math.nan) for c in cells]
    low, high = np.array(bounds).T
    return values / scale, low / scale, high / scale


def _card(stage: str, words: str, cell: Cell | None, written: Callable[[Any], str]) -> str:
    if cell is None or not cell.known:
        return card(full(stage), [(words, "–")])
    rows = [(words, written(cell.value))]
    if not math.isnan(cell.low + cell.high):
        rows.append(("95 % interval", f"{written(cell.low)} to {written(cell.high)}"))
    return card(full(stage), [*rows, ("out of", count(cell.n))])
