"""What the picture of a map is drawn with: colours, text that fits, and the marks of the page in SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import escape

from journeylog.plots.labels import text_width

__all__ = ["COLOURS", "FONT", "Pen", "fitted", "sized", "wide", "wrapped"]

FONT: Final = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
COLOURS: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {
        "page": "#f5f6f8", "paper": "#ffffff", "ink": "#1f2933", "soft": "#52606d", "line": "#dfe3e8", "faint": "#eef0f3",
        "head": "#17456b", "on": "#ffffff", "bar": "#d3e5f3", "hurt": "#f6d9c6", "good": "#00704f", "bad": "#a83f00",
        "even": "#52606d", "star": "#8f5500", "sign": "#17456b",
    },
    "dark": {
        "page": "#0d1015", "paper": "#14181f", "ink": "#e8ecf1", "soft": "#a9b3bf", "line": "#2f3742", "faint": "#1d232c",
        "head": "#1f5480", "on": "#ffffff", "bar": "#1f4464", "hurt": "#5a3018", "good": "#4ccba2", "bad": "#f2915f",
        "even": "#a9b3bf", "star": "#ebb23c", "sign": "#7cc7f2",
    },
}  # fmt: skip

#: The width of a sign in parts of its size; the widest usual letters are counted on.
_SIGN: Final = 0.6


def wide(text: str, size: float) -> float:
    """Return how many pixels a text takes at most."""
    return text_width(text) * size * _SIGN


def fitted(text: str, room: float, size: float) -> str:
    """Return a text that fits into so many pixels, cut where it does not.

    Examples
    --------
    >>> fitted("a name", 100, 10), fitted("a longer name", 40, 10)
    ('a name', 'a lon…')
    """
    if wide(text, size) <= room:
        return text
    while text and wide(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip("\u200d\ufe0f ") + "…"


def sized(text: str, room: float, size: float, least: float) -> float:
    """Return the size at which a text fits into so many pixels, between two sizes.

    Examples
    --------
    >>> sized("12.1 million EUR", 120, 17, 11), sized("5 %", 120, 17, 11)
    (12.2, 17)
    """
    return min(size, max(least, int(10 * room / max(text_width(text) * _SIGN, 1)) / 10))


def wrapped(text: str, room: float, size: float, most: int) -> list[str]:
    """Return a text in at most so many lines that fit into so many pixels.

    Examples
    --------
    >>> wrapped("From purchase to after purchase", 100, 10, 2)
    ['From purchase to', 'after purchase']
    """
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or wide(longer, size) <= room:
            lines[-1] = longer
        elif len(lines) < most:
            lines.append(word)
        else:
            lines[-1] = longer
    return [fitted(line, room, size) for line in lines]


@dataclass(frozen=True)
class Pen:
    """Draws in the colours of a theme; every text is escaped.

    Parameters
    ----------
    colours : mapping of str to str
    """

    colours: Mapping[str, str]

    def text(
        self, x: float, y: float, text: str, size: float = 12.5, colour: str = "ink", *, bold: bool = False, at: str = "",
        halo: bool = False,
    ) -> str:  # fmt: skip
        """Return a line of text, which begins at ``x``; with ``at`` middle or end it is there."""
        more = f' text-anchor="{at}"' if at else ""
        more += ' font-weight="650"' if bold else ""
        more += f' stroke="{self.colours["paper"]}" stroke-width="3" paint-order="stroke"' if halo else ""
        fill = self.colours[colour]
        return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}"{more}>{escape(text)}</text>'

    def said(
        self, x: float, y: float, value: str, text: str, size: float = 12.5, colour: str = "ink", *, big: float,
    ) -> str:  # fmt: skip
        """Return a line that begins with a number, which is so big."""
        how = f'font-size="{big:g}" font-weight="650" fill="{self.colours[colour]}"'
        number = f"<tspan {how}>{escape(value)}</tspan>"
        return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{self.colours["soft"]}">{number} {escape(text)}</text>'

    def box(self, x: float, y: float, width: float, height: float, colour: str, round_: float = 0) -> str:
        """Return a filled box."""
        more = f' rx="{round_:g}"' if round_ else ""
        return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{self.colours[colour]}"{more}/>'

    def rule(self, x: float, y: float, width: float, colour: str = "line", dash: bool = False) -> str:
        """Return a line from left to right."""
        more = ' stroke-dasharray="3 4" stroke-width="1"' if dash else ""
        return f'<line x1="{x:g}" y1="{y:g}" x2="{x + width:g}" y2="{y:g}" stroke="{self.colours[colour]}"{more}/>'

    def dot(self, x: float, y: float, size: float, colour: str) -> str:
        """Return a filled circle with a rim of paper."""
        rim = f'stroke="{self.colours["paper"]}" stroke-width="2.5"'
        return f'<circle cx="{x:g}" cy="{y:g}" r="{size:g}" fill="{self.colours[colour]}" {rim}/>'

    def sign(self, x: float, y: float, path: str) -> str:
        """Return the sign of a row."""
        how = f'fill="none" stroke="{self.colours["sign"]}" stroke-width="1.4" stroke-linecap="round"'
        return f'<path transform="translate({x:g} {y:g})" d="{path}" {how}/>'

    def chevron(self, x: float, y: float, width: float, height: float, first: bool) -> str:
        """Return a stage as an arrow that leads on; the first one is flat where it begins."""
        tip, right, middle, low = 12, x + width, y + height / 2, y + height
        corners = [(x, y), (right - tip, y), (right, middle), (right - tip, low), (x, low)]
        corners += [] if first else [(x + tip, middle)]
        points = " ".join(f"{across:g},{down:g}" for across, down in corners)
        return f'<polygon points="{points}" fill="{self.colours["head"]}"/>'

    def bar(
        self, x: float, y: float, width: float, part: float, name: str, value: str, badge: str, colour: str
    ) -> Iterator[str]:
        """Yield a name on a bar as long as its share, with the value at the end."""
        size = 12.0
        room = width - wide(value, size) - 14 - (18 if badge else 0)
        yield self.box(x, y, width, 17, "faint", 3)
        if part > 0:
            yield self.box(x, y, max(round(width * part, 1), 2), 17, colour, 3)
        if badge:
            yield f'<circle cx="{x + 10:g}" cy="{y + 8.5:g}" r="7" fill="{self.colours["bad"]}"/>'
            yield self.text(x + 10, y + 12.5, badge, 10.5, "paper", bold=True, at="middle")
        yield self.text(x + (22 if badge else 5), y + 13, fitted(name, room, size), size)
        yield self.text(x + width - 5, y + 13, value, size, bold=True, at="end")
