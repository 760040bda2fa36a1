"""The curve of emotion across the stages, as the paths that each cell of the map shows its part of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from journeylog.journeymap.cells import Cell

__all__ = ["Curve", "emotion_curve"]

#: Every stage is so wide and high; a score at the end of the axis lies this far above the middle.
_SIZE, _REACH = 100.0, 24.0
#: Ends of the axis, in hundredths of a score: the first that holds all scores and their ranges.
_ENDS = (20, 40, 60, 80, 100)


@dataclass(frozen=True)
class Dot:
    """The score of one stage; its mood is even where the range holds zero."""

    x: float
    y: float
    top: float
    bottom: float
    mood: str
    left: float
    width: float


@dataclass(frozen=True)
class Curve:
    """A line, its range and the area to zero as SVG paths over all stages, and the dot of each stage.

    Parameters
    ----------
    line, band, area : str
    dots : tuple of Dot or None
        None where nobody was heard.
    end : float
        The score at the ends of the axis.
    """

    line: str
    band: str
    area: str
    dots: tuple[Dot | None, ...]
    end: float


def emotion_curve(cells: Sequence[Cell | None]) -> Curve | None:
    """Return the curve through the scores of the stages in their order; None when there is none.

    The line bends so that it never goes above or below the scores it joins (monotone cubic), and breaks where a stage
    has no score. The axis reaches as far as the scores do, as far below zero as above.
    """
    known = [cell for cell in cells if cell is not None and cell.known]
    if not known:
        return None
    furthest = max(abs(score) for cell in known for score in (cell.value, *_range(cell)))
    end = next((step / 100 for step in _ENDS if furthest <= step / 100), 1.0)
    dots = tuple(
        None if cell is None or not cell.known else _dot(cell, i, end) for i, cell in enumerate(cells)
    )
    runs = [
        [dot for dot in run if dot is not None]
        for there, run in itertools.groupby(dots, key=lambda dot: dot is not None)
        if there
    ]
    lines, bands, areas = [], [], []
    for run in runs:
        if len(run) < 2:
            continue
        x = [dot.x for dot in run]
        lines.append(_bent(x, [dot.y for dot in run]))
        back = _bent(x[::-1], [dot.bottom for dot in run][::-1])
        bands.append(f"{_bent(x, [dot.top for dot in run])} L{back[1:]} Z")
        areas.append(f"{lines[-1]} L{x[-1]:g} {_SIZE / 2:g} L{x[0]:g} {_SIZE / 2:g} Z")
    return Curve(" ".join(lines), " ".join(bands), " ".join(areas), dots, end)


def _range(cell: Cell) -> tuple[float, float]:
    low, high = (
        cell.value if math.isnan(bound) else min(max(bound, -1.0), 1.0) for bound in (cell.low, cell.high)
    )
    return low, high


def _dot(cell: Cell, place: int, end: float) -> Dot:
    low, high = _range(cell)
    y, top, bottom = (round(_SIZE / 2 - _REACH * score / end, 2) for score in (cell.value, high, low))
    return Dot(
        (place + 0.5) * _SIZE,
        y,
        top,
        bottom,
        "good" if low > 0 else "bad" if high < 0 else "even",
        round(50 + 50 * low, 1),
        round(50 * (high - low), 1),
    )


def _bent(x: Sequence[float], y: Sequence[float]) -> str:
    """Return the path of the monotone cubic through points whose `x` rises or falls evenly."""
    step = x[1] - x[0]
    slopes = [(b - a) / step for a, b in itertools.pairwise(y)]
    inner = [2 * a * b / (a + b) if a * b > 0 else 0.0 for a, b in itertools.pairwise(slopes)]
    at = [slopes[0], *inner, slopes[-1]]
    parts = [f"M{x[0]:g} {y[0]:g}"]
    for i in range(len(slopes)):
        first, second = y[i] + at[i] * step / 3, y[i + 1] - at[i + 1] * step / 3
        parts.append(
            f"C{x[i] + step / 3:.2f} {first:.2f} {x[i + 1] - step / 3:.2f} {second:.2f} {x[i + 1]:g} {y[i + 1]:g}"
        )
    return " ".join(parts)
