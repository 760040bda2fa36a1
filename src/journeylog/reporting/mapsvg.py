"""The journey map as one picture: a standalone SVG without scripts, fonts or links to anything."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import escape

from journeylog.journeymap.cells import Cell
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.plots.style import theme_of
from journeylog.reporting.language import Language, language
from journeylog.reporting.mappage import Place, place_of
from journeylog.reporting.names import short

__all__ = ["map_svg"]

_LABEL, _COLUMN, _PAD = 158, 226, 12
_LEAST: Final = 640
_TOP, _HEAD, _LINE, _CURVE = 78, 44, 17, 84
#: Signs that fit into a column and into a label at the size of their text; the widest usual letters are counted on.
_SIGNS, _LABEL_SIGNS = 27, 18
#: Facts of a cell that are drawn; the page and the tables have all.
_MOST: Final = 3
_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
_COLOURS: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {"page": "#ffffff", "ink": "#1b2a35", "soft": "#566673", "line": "#d7dfe5", "head": "#17456b",
              "on": "#ffffff", "band": "#f4f7f9", "bar": "#dbe8f2", "curve": "#b3541e", "range": "#f0d3c0"},
    "dark": {"page": "#12181d", "ink": "#e7edf1", "soft": "#a5b3bd", "line": "#34424d", "head": "#2c6592",
             "on": "#ffffff", "band": "#1a2229", "bar": "#22394c", "curve": "#f0935a", "range": "#4a3222"},
}  # fmt: skip


@dataclass(frozen=True)
class _Text:
    """A line of a cell, with the share its bar stands for."""

    bold: str
    plain: str
    width: float = 0.0


def map_svg(
    result: JourneyMapResult, *, lang: str = "en", theme: str = "light", title: str | None = None
) -> bytes:
    """Return the map as a picture; equal maps and arguments give equal bytes.

    Parameters
    ----------
    result : JourneyMapResult
    lang : str
        The language of all words but the names of the data.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    """
    theme_of(theme)
    stages, colours = result.stages, _COLOURS[theme]
    words = language(lang).of_stages(stages)
    rows = [(row, [place_of(result, words, row, stage) for stage in stages]) for row in ROWS]
    shown = [
        (row, [_lines(place) or _nothing(words.of("none", row)) for place in places])
        for row, places in rows
        if any(_lines(place) for place in places)
    ]
    width = max(_LABEL + _COLUMN * len(stages) + 2 * _PAD, _LEAST)
    parts, y = [*_heads([words.short(words.stage(stage), 22) for stage in stages], colours)], _TOP + _HEAD
    for number, (row, cells) in enumerate(shown):
        curve = _CURVE if row == "emotion" else 0
        label = textwrap.wrap(words.of("rows", row), _LABEL_SIGNS)
        height = curve + _LINE * max(1, len(label), *(len(cell) for cell in cells)) + 2 * _PAD
        if number % 2 == 0:
            parts.append(_box(_PAD, y, width - 2 * _PAD, height, colours["band"]))
        parts.append(_rule(y, width, colours))
        parts += [
            _words(_PAD + 8, y + _PAD + 12 + i * _LINE, line, colours["ink"], 13, bold=True)
            for i, line in enumerate(label)
        ]
        if curve:
            parts += _curve(result, y + _PAD, colours)
        for column, cell in enumerate(cells):
            parts += _cell(cell, _LABEL + _PAD + column * _COLUMN, y + curve + _PAD, colours)
        y += height
    parts.append(_rule(y, width, colours))
    name = short(title, 42) if title is not None else words.text("map")
    said = [words.period(result.window), *_whole(result, words)]
    while len(" · ".join(said)) * 8.1 > width - 2 * _PAD and len(said) > 1:
        said.pop()
    head = [
        _words(_PAD, 32, name, colours["ink"], 22, bold=True),
        _words(_PAD, 56, " · ".join(said), colours["soft"], 13),
    ]
    size = f'width="{width}" height="{y + _PAD}" viewBox="0 0 {width} {y + _PAD}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" xml:lang="{words.name}" font-family="{_FONT}">',
            f"<title>{escape(name)}</title>",
            _box(0, 0, width, y + _PAD, colours["page"]),
            *head,
            *parts,
            "</svg>\n",
        ]
    ).encode("utf-8", "backslashreplace")


def _whole(result: JourneyMapResult, words: Language) -> list[str]:
    """Return what is said of the whole journey."""
    facts = [fact for row in ROWS for _, group in place_of(result, words, row, None).groups for fact in group]
    return [f"{fact.value} {fact.words}".strip() for fact in facts[:3]]


def _heads(stages: Sequence[str], colours: Mapping[str, str]) -> Iterator[str]:
    """Draw the stages as arrows that lead on."""
    for column, stage in enumerate(stages):
        x, w, h, tip = _LABEL + _PAD + column * _COLUMN, _COLUMN - 6, _HEAD - 8, 12
        points = (
            f"{x},{_TOP} {x + w - tip},{_TOP} {x + w},{_TOP + h / 2} {x + w - tip},{_TOP + h} {x},{_TOP + h}"
        )
        yield f'<polygon points="{points}" fill="{colours["head"]}"/>'
        yield _words(x + 10, _TOP + h / 2 + 5, stage, colours["on"], 14, bold=True)


def _lines(place: Place) -> list[_Text]:
    """Return the facts of a cell as lines that fit its width, those on the face of the page's map."""
    lines: list[_Text] = []
    for heading, every in place.groups:
        facts = [fact for fact in every if fact.kind not in ("more", "list")]
        if heading and facts:
            lines += [_Text("", line) for line in textwrap.wrap(heading, _SIGNS)]
        for fact in facts[:_MOST]:
            said = f"{fact.words} {fact.item}".strip()
            first, *rest = textwrap.wrap(said, _SIGNS, initial_indent="_" * (len(fact.value) + 1)) or [""]
            lines.append(_Text(fact.value, first.lstrip("_") if said else "", fact.width))
            lines += [_Text("", line) for line in rest]
    return lines


def _nothing(said: str) -> list[_Text]:
    return [_Text("", line) for line in textwrap.wrap(said, _SIGNS)]


def _cell(lines: Sequence[_Text], x: float, y: float, colours: Mapping[str, str]) -> Iterator[str]:
    for i, line in enumerate(lines):
        at = y + 12 + i * _LINE
        if line.width:
            room = (_COLUMN - 14) * line.width / 100
            yield _box(x - 3, at - 12, round(room + 3, 1), 15, colours["bar"])
        bold = (
            f'<tspan font-weight="600" fill="{colours["ink"]}">{escape(line.bold)}</tspan> '
            if line.bold
            else ""
        )
        yield (
            f'<text x="{x:g}" y="{at:g}" font-size="12.5" fill="{colours["soft"]}">{bold}{escape(line.plain)}</text>'
        )


def _curve(result: JourneyMapResult, y: float, colours: Mapping[str, str]) -> Iterator[str]:
    """Draw the mean scores as points with their ranges, joined where neighbours are known."""
    middle, reach = y + (_CURVE - _PAD) / 2, (_CURVE - _PAD) / 2 - 6
    right = _LABEL + _PAD + _COLUMN * len(result.stages) - 6
    yield (
        f'<line x1="{_LABEL + _PAD}" y1="{middle:g}" x2="{right}" y2="{middle:g}" stroke="{colours["line"]}" '
        'stroke-dasharray="3 4"/>'
    )
    last: tuple[float, float] | None = None
    for column, stage in enumerate(result.stages):
        cell = result.cell(stage, "emotion", "score")
        if cell is None or not cell.known:
            last = None
            continue
        x, at = _LABEL + _PAD + (column + 0.5) * _COLUMN - 6, middle - reach * cell.value
        low, high = (middle - reach * bound for bound in _range(cell))
        yield f'<line x1="{x:g}" y1="{high:.1f}" x2="{x:g}" y2="{low:.1f}" stroke="{colours["range"]}" stroke-width="8"/>'
        if last is not None:
            yield (
                f'<line x1="{last[0]:g}" y1="{last[1]:.1f}" x2="{x:g}" y2="{at:.1f}" stroke="{colours["curve"]}" '
                'stroke-width="2"/>'
            )
        yield f'<circle cx="{x:g}" cy="{at:.1f}" r="5" fill="{colours["curve"]}"/>'
        last = (x, at)


def _range(cell: Cell) -> tuple[float, float]:
    low, high = (cell.value if math.isnan(bound) else bound for bound in (cell.low, cell.high))
    return max(low, -1.0), min(high, 1.0)


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{colour}"/>'


def _rule(y: float, width: float, colours: Mapping[str, str]) -> str:
    return f'<line x1="{_PAD}" y1="{y:g}" x2="{width - _PAD:g}" y2="{y:g}" stroke="{colours["line"]}"/>'


def _words(x: float, y: float, text: str, colour: str, size: int, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}"{weight}>{escape(text)}</text>'
