"""Blocks and bands of a flow figure, drawn as filled outlines so that every label and bend is in our hands.

Plotly's own Sankey lays nodes out by itself and cannot draw a way back without a knot. Here one pixel is one
unit of y (the axis is as long as the area is high) and one column is one unit of x, so widths stay exact
while the figure fits any page.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from journeylog.plots.style import Theme, faded

__all__ = ["Canvas", "Words", "band", "loop"]

Floats = npt.NDArray[np.float64]
_STEPS = np.linspace(0.0, 1.0, 17)


@dataclass
class Words:
    """Texts to write in one trace: where, what, and how."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    place: list[str] = field(default_factory=list)
    color: list[str] = field(default_factory=list)
    size: list[float] = field(default_factory=list)

    def add(self, x: float, y: float, text: str, place: str, color: str, size: float = 12) -> None:
        """Write safe text beside a point (``"middle right"``, ``"bottom center"``...)."""
        for values, value in zip(
            (self.x, self.y, self.text, self.place, self.color, self.size),
            (x, y, text, place, color, size), strict=True,
        ):  # fmt: skip
            values.append(value)  # type: ignore[attr-defined]


@dataclass
class Canvas:
    """A figure that bands, blocks and words are put on; y grows downwards, in pixels."""

    figure: go.Figure
    theme: Theme
    words: Words = field(default_factory=Words)

    def fill(
        self,
        outline: tuple[Floats, Floats],
        color: str,
        text: str,
        facts: dict[str, Any],
        alpha: float = 0.45,
    ) -> None:
        """Draw one band; `facts` are kept with it as plain data."""
        x, y = outline
        self.figure.add_scatter(
            x=np.float32(x), y=np.float32(y), mode="lines", fill="toself", fillcolor=faded(color, alpha),
            hoveron="fills", text=text, hoverinfo="text",
            line={"width": 0.6, "color": faded(color, min(1.0, alpha + 0.25))},
            meta=facts,
        )  # fmt: skip

    def block(
        self, x: tuple[float, float], y: tuple[float, float], color: str, text: str, facts: dict[str, Any]
    ) -> None:
        """Draw one node."""
        xs = np.array([x[0], x[1], x[1], x[0], x[0]])
        ys = np.array([y[0], y[0], y[1], y[1], y[0]])
        self.figure.add_scatter(
            x=xs, y=ys, mode="lines", fill="toself", fillcolor=color, hoveron="fills", text=text, hoverinfo="text",
            line={"width": 1, "color": color}, meta=facts,
        )  # fmt: skip

    def finish(self, x: tuple[float, float], height: float, top: float = 0.0) -> go.Figure:
        """Write the words and fix the axes."""
        words = self.words
        halo = ", ".join([f"0px 0px 3px {self.theme.paper}"] * 3)
        self.figure.add_scatter(
            x=words.x, y=words.y, text=words.text, mode="text", textposition=words.place, hoverinfo="skip",
            textfont={"color": words.color, "size": words.size, "shadow": halo}, cliponaxis=False,
        )  # fmt: skip
        hidden: dict[str, Any] = {"visible": False, "fixedrange": True}
        self.figure.update_xaxes(range=list(x), **hidden)
        self.figure.update_yaxes(range=[top + height, top], **hidden)
        return self.figure


def band(
    x0: float, x1: float, y0: float, y1: float, w: float, via: Sequence[tuple[float, float]] = ()
) -> tuple[Floats, Floats]:
    """Return the outline of a band of height `w` from the top edge (x0, y0) to (x1, y1).

    Parameters
    ----------
    via : sequence of (x, y)
        Points of the top edge the band passes; between two of equal y it runs straight.
    """
    points = [(x0, y0), *via, (x1, y1)]
    xs, ys = zip(*(_bend(*a, *b) for a, b in itertools.pairwise(points)), strict=True)
    x, y = np.concatenate(xs), np.concatenate(ys)
    return np.concatenate((x, x[::-1], x[:1])), np.concatenate((y, y[::-1] + w, y[:1]))


def loop(
    x0: float,
    x1: float,
    y0: float,
    y1: float,
    lane: float,
    w: float,
    bulge0: tuple[float, float],
    bulge1: tuple[float, float],
) -> tuple[Floats, Floats]:
    """Return the outline of a band that runs back below: out at (x0, y0), left along `lane`, in at (x1, y1).

    Parameters
    ----------
    bulge0, bulge1 : (inner, outer)
        How far both edges swing out to the right of x0 and to the left of x1.
    """
    inner = (_turn(x0, y0 + w, lane, bulge0[0]), _turn(x1, y1 + w, lane, -bulge1[0]))
    outer = (_turn(x0, y0, lane + w, bulge0[1]), _turn(x1, y1, lane + w, -bulge1[1]))
    x = np.concatenate((inner[0][0], inner[1][0][::-1], outer[1][0], outer[0][0][::-1]))
    y = np.concatenate((inner[0][1], inner[1][1][::-1], outer[1][1], outer[0][1][::-1]))
    return np.append(x, x[0]), np.append(y, y[0])


def _bend(x0: float, y0: float, x1: float, y1: float) -> tuple[Floats, Floats]:
    if y0 == y1:
        return np.array([x0, x1]), np.array([y0, y1])
    t = _STEPS
    mid = (x0 + x1) / 2
    x = (1 - t) ** 3 * x0 + 3 * (1 - t) ** 2 * t * mid + 3 * (1 - t) * t**2 * mid + t**3 * x1
    return x, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


def _turn(x: float, y0: float, y1: float, bulge: float) -> tuple[Floats, Floats]:
    """Return half an ellipse-like turn from (x, y0) to (x, y1) that swings out by `bulge`."""
    t, out = _STEPS, x + bulge * 4 / 3
    xs = (1 - t) ** 3 * x + 3 * (1 - t) ** 2 * t * out + 3 * (1 - t) * t**2 * out + t**3 * x
    return xs, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)
