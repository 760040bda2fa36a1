"""Figures of a page that need no script: bars as lines of the page, curves as drawings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

__all__ = ["Bar", "PathBar", "Picture", "Point", "bars_of", "curve", "farthest", "marks_up_to"]

_WIDE, _TALL, _LEFT, _RIGHT, _TOP, _BOTTOM = 1080, 310, 64, 24, 32, 46


@dataclass(frozen=True)
class Bar:
    """One line of bars.

    Parameters
    ----------
    name, whole : str
        The name as shown, and the whole of it when that was cut.
    kind : str
        What decides the colour: ``go``, ``wait``, ``rework``, ``leave``.
    width, low, high : float
        Length of the bar and bounds of its interval in percent of the room; nan for no interval.
    value, more, note : str
        The number, what belongs to it, and what stands below the bar.
    """

    name: str
    whole: str
    kind: str
    width: float
    low: float
    high: float
    value: str
    more: str = ""
    note: str = ""


@dataclass(frozen=True)
class PathBar:
    """One path as a line with a bar: its names, the share of journeys as text and as a number from 0 to 1."""

    names: tuple[tuple[str, str], ...]
    more: str
    share: str
    width: float
    n: str
    outcome: str


@dataclass(frozen=True)
class Picture:
    """A figure with its words.

    Parameters
    ----------
    id : str
    heading : str
        What tells it from other figures of its section.
    finding : Markup
        What it shows, in a sentence with its uncertainty.
    read : str
        How to read it.
    drawing : str
        What is drawn; empty when there are bars.
    bars : tuple of Bar
    paths : tuple of PathBar
    axis, end : str
        What the length of bars means, and the number at the end of their room.
    legend : tuple of (str, str)
        Kinds of bars and what they are called.
    choices : tuple of (str, str)
        Places on the drawing that can be chosen, and what they are called.
    """

    id: str
    heading: str
    finding: Markup
    read: str
    drawing: str = ""
    bars: tuple[Bar, ...] = ()
    paths: tuple[PathBar, ...] = ()
    axis: str = ""
    end: str = ""
    legend: tuple[tuple[str, str], ...] = ()
    choices: tuple[tuple[str, str], ...] = ()


def bars_of(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """Return bars whose lengths fill the room: the farthest bound, or bar, is at its end.

    Examples
    --------
    >>> bars_of([Bar("a", "", "go", 0.2, 0.1, 0.4, "20 %")])[0].width
    50.0
    """
    whole = farthest(bars) or 1.0

    def part(value: float) -> float:
        return value if math.isnan(value) else round(100 * min(max(value, 0.0) / whole, 1.0), 2)

    return tuple(
        Bar(
            bar.name, bar.whole, bar.kind, _or(part(bar.width), 0.0), part(bar.low), part(bar.high), bar.value, bar.more,
            bar.note,
        )
        for bar in bars
    )  # fmt: skip


def farthest(bars: Sequence[Bar]) -> float:
    """Return the farthest bound, or bar, in the unit of the bars."""
    return max((max(_or(bar.width, 0.0), _or(bar.high, 0.0)) for bar in bars), default=0.0)


@dataclass(frozen=True)
class Point:
    """One point of a curve: its value and bounds as shares, what stands below it, and what is told of it."""

    value: float
    low: float
    high: float
    tick: str
    card: str


def curve(points: Sequence[Point], marks: Sequence[tuple[float, str]], x: str, y: str, title: str) -> Markup:
    """Return a curve with its band; points that are not told leave a gap.

    Parameters
    ----------
    points : sequence of Point
    marks : sequence of (float, str)
        Shares at which a line is drawn, and how they are written; the last one is the top.
    x, y, title : str
        What the axes mean, and the picture in words.
    """
    top = marks[-1][0] or 1.0
    step = (_WIDE - _LEFT - _RIGHT) / max(len(points), 1)

    def at(i: int) -> float:
        return round(_LEFT + step * (i + 0.5), 1)

    def up(value: float) -> float:
        return round(_TOP + (_TALL - _TOP - _BOTTOM) * (1 - min(value / top, 1.0)), 1)

    parts = [
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="small last" x="{}" y="{}">{}</text>'
        ).format(_LEFT, _WIDE - _RIGHT, up(mark), up(mark), _LEFT - 8, up(mark) + 4, said)
        for mark, said in marks
    ]  # fmt: skip
    for run in _runs(points):
        ahead = [f"{at(i):g},{up(_or(points[i].high, points[i].value)):g}" for i in run]
        behind = [f"{at(i):g},{up(_or(points[i].low, points[i].value)):g}" for i in reversed(run)]
        line = " ".join(f"{at(i):g},{up(points[i].value):g}" for i in run)
        parts.append(Markup('<polygon class="area" points="{}"/>').format(" ".join([*ahead, *behind])))
        parts.append(Markup('<polyline class="curve" points="{}"/>').format(line))
        parts += [
            Markup('<circle class="point" cx="{}" cy="{}" r="5"><title>{}</title></circle>').format(
                at(i), up(points[i].value), points[i].card
            )
            for i in run
        ]
    parts += [
        Markup('<text class="small middle" x="{}" y="{}">{}</text>').format(
            at(i), _TALL - _BOTTOM + 18, p.tick
        )
        for i, p in enumerate(points)
    ]
    parts.append(Markup('<text class="small middle" x="{}" y="{}">{}</text>').format(_WIDE / 2, _TALL - 6, x))
    parts.append(Markup('<text class="small" x="0" y="10">{}</text>').format(y))
    frame = Markup('<svg class="drawn" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return frame.format(_WIDE, _TALL, title, Markup("").join(parts))


def _runs(points: Sequence[Point]) -> list[list[int]]:
    """Return the stretches of points that are told."""
    found: list[list[int]] = [[]]
    for i, point in enumerate(points):
        if math.isnan(point.value):
            found.append([])
        else:
            found[-1].append(i)
    return [run for run in found if run]


def _or(value: float, other: float) -> float:
    return other if math.isnan(value) else value


_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


def marks_up_to(most: float) -> list[float]:
    """Return round shares from 0 to just above the largest.

    Examples
    --------
    >>> marks_up_to(0.13)
    [0.0, 0.05, 0.1, 0.15]
    """
    size = next((step for step in _STEPS if most / step <= 4), 0.5)
    n = max(math.ceil(most / size - 1e-9), 1)
    return [round(i * size, 4) for i in range(n + 1)]
