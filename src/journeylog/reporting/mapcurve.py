"""The curve of emotion across the stages, as the paths that each cell of the map shows its part of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from journeylog.journeymap.cells import Cell

__all__ = ["Curve", "emotion_curve"]

#: Every stage is so wide and high; a score of 1 lies this far above the middle.
_SIZE, _REACH = 100.0, 42.0


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
    """A line and its range as SVG paths over all stages, and the dot of each stage (None where nobody was heard)."""

    line: str
    band: str
    dots: tuple[Dot | None, ...]


def emotion_curve(cells: Sequence[Cell | None]) -> Curve | None:
    """Return the curve through the scores of the stages in their order; None when there is none.

    The line bends so that it never goes above or below the scores it joins (monotone cubic), and breaks where a stage
    has no score.
    """
    dots = tuple(None if cell is None or not cell.known else _dot(cell, i) for i, cell in enumerate(cells))
    if not any(dots):
        return None
    runs = [
        [dot for dot in run if dot is not None]
        for known, run in itertools.groupby(dots, key=lambda dot: dot is not None)
        if known
    ]
    lines, bands = [], []
    for run in runs:
        if len(run) < 2:
            continue
        x = [dot.x for dot in run]
        lines.append(_bent(x, [dot.y for dot in run]))
        back = _bent(x[::-1], [dot.bottom for dot in run][::-1])
        bands.append(f"{_bent(x, [dot.top for dot in run])} L{back[1:]} Z")
    return Curve(" ".join(lines), " ".join(bands), dots)


def _dot(cell: Cell, place: int) -> Dot:
    low, high = (
        cell.value if math.isnan(bound) else min(max(bound, -1.0), 1.0) for bound in (cell.low, cell.high)
    )
    y, top, bottom = (round(_SIZE / 2 - _REACH * score, 2) for score in (cell.value, high, low))
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
