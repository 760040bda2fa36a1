"""The journey map as one picture: a standalone SVG without scripts, fonts or links to anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import escape

from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.plots.style import theme_of
from journeylog.reporting.document import tight
from journeylog.reporting.language import Language, language
from journeylog.reporting.mapcurve import Curve, emotion_curve
from journeylog.reporting.mapdrawing import COLOURS, FONT, Pen, fitted, sized, wide, wrapped
from journeylog.reporting.mapfindings import findings
from journeylog.reporting.maplayout import ICONS, LISTS
from journeylog.reporting.mappage import Fact, Place, place_of, strongest, whole_facts
from journeylog.reporting.mapwords import isolated
from journeylog.reporting.names import short

__all__ = ["map_svg"]

_LABEL: Final = 168
_PAD: Final = 16
#: The room of all stages together, and of one at least and at most.
_ROOM: Final = 1424
_NARROW, _WIDE = 150, 330
_HEAD: Final = 40
_CURVE: Final = 118
_GAP: Final = 5
_SMALL, _PLAIN, _LINE = 11.0, 12.5, 16.5


@dataclass(frozen=True)
class _Frame:
    """What the picture shows, where its columns stand, and what draws it."""

    result: JourneyMapResult
    words: Language
    pen: Pen
    column: float

    @property
    def width(self) -> float:
        return _LABEL + self.column * len(self.result.stages) + 2 * _PAD

    def left(self, place: int) -> float:
        """Return where the column of a stage begins."""
        return _PAD + _LABEL + place * self.column


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
    words = language(lang).of_stages(result.stages)
    n = max(len(result.stages), 1)
    at_least = _NARROW if n > 2 else 2 * _NARROW
    frame = _Frame(result, words, Pen(COLOURS[theme]), max(min(_ROOM / n, _WIDE), at_least))
    name = short(title, 80) if title is not None else words.text("map")
    y, parts = _header(frame, name)
    drawn, y = _cards(frame, y)
    parts += [*drawn, *_heads(frame, y)]
    y += _HEAD + _GAP
    for row in ROWS:
        places = [place_of(result, words, row, stage) for stage in result.stages]
        if any(place.groups for place in places):
            drawn, y = _row(frame, row, places, y)
            parts += drawn
    parts.append(frame.pen.rule(_PAD, y, frame.width - 2 * _PAD))
    height = y + _PAD
    size = f'width="{frame.width:g}" height="{height:g}" viewBox="0 0 {frame.width:g} {height:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" xml:lang="{words.name}" font-family="{FONT}">',
            f"<title>{escape(name)}</title>",
            frame.pen.box(0, 0, frame.width, height, "page"),
            *parts,
            "</svg>\n",
        ]
    ).encode("utf-8", "backslashreplace")


def _header(frame: _Frame, name: str) -> tuple[float, list[str]]:
    """Draw the title and the figures of the whole journey; return where they end."""
    pen, words = frame.pen, frame.words
    whole = whole_facts(frame.result, words)
    own = 250.0
    parts = [
        pen.text(_PAD, 34 + 24 * i, line, 21, bold=True)
        for i, line in enumerate(wrapped(name, own - 12, 21, 2))
    ]
    y = 34 + 24 * (len(parts) - 1)
    parts += [
        pen.text(_PAD, y + 21 + 15 * i, line, _SMALL + 0.5, "soft")
        for i, line in enumerate([words.period(frame.result.window), words.text("key")])
    ]
    low = y + 44.0
    room = frame.width - own - 2 * _PAD
    shown = whole[: max(int(room // 118), 1)]
    each = min(room / max(len(shown), 1), 190.0)
    for i, fact in enumerate(shown):
        x = _PAD + own + i * each
        lines = wrapped(fact.words, each - 14, _PLAIN - 0.5, 3)
        parts.append(pen.box(x - 9, 16, 1, 74, "line"))
        size = sized(fact.value, each - 14, 17, 11)
        parts.append(pen.text(x, 32, fitted(fact.value, each - 14, size), size, bold=True))
        parts += [pen.text(x, 48 + 14 * k, line, _PLAIN - 0.5) for k, line in enumerate(lines)]
        end = 48 + 14 * len(lines)
        if fact.more:
            parts.append(_small(pen, x, end, fact.more, each - 12))
        low = max(low, end + 6)
    return low + 10, parts


def _cards(frame: _Frame, y: float) -> tuple[list[str], float]:
    """Draw what the map says first, side by side; return where it ends."""
    told = findings(frame.result, frame.words)
    if not told:
        return [], y
    room, pen = frame.width - 2 * _PAD, frame.pen
    many = max(min(len(told), int(room // 190)), 1)
    each = room / many
    parts, top = [], y
    for start in range(0, len(told), many):
        some = told[start : start + many]
        texts = [wrapped(tight(text), each - 26, _PLAIN - 0.5, 6) for _, text, _ in some]
        high = 30 + 15 * max(map(len, texts))
        for i, ((head, _, _), lines) in enumerate(zip(some, texts, strict=True)):
            x = _PAD + i * each
            parts += [pen.box(x, top, each - 8, high, "paper", 3), pen.box(x, top, each - 8, 3, "head")]
            parts.append(
                pen.text(x + 9, top + 18, fitted(head, each - 26, _SMALL), _SMALL, "soft", bold=True)
            )
            parts += [pen.text(x + 9, top + 34 + 15 * k, line, _PLAIN - 0.5) for k, line in enumerate(lines)]
        top += high + 8
    return parts, top + 2


def _heads(frame: _Frame, y: float) -> Iterator[str]:
    """Draw the stages as arrows that lead on."""
    for place, stage in enumerate(frame.result.stages):
        x, width = frame.left(place), frame.column - _GAP
        name = frame.words.short(frame.words.stage(stage), 120)
        yield frame.pen.chevron(x, y, width, _HEAD, place == 0)
        lines = wrapped(name, width - 38, 14, 2)
        for i, line in enumerate(lines):
            at = y + _HEAD / 2 + 4.5 + 15 * (i - (len(lines) - 1) / 2)
            yield frame.pen.text(x + (12 if place == 0 else 21), at, line, 13, "on", bold=True)


def _row(frame: _Frame, row: str, places: Sequence[Place], y: float) -> tuple[list[str], float]:
    """Draw a row with its cells; return where it ends."""
    pen, words = frame.pen, frame.words
    curve = None
    if row == "emotion":
        stages = frame.result.stages
        curve = emotion_curve([frame.result.cell(stage, "emotion", "score") for stage in stages])
    cells = [
        ([], y) if curve else _cell(frame, row, place, frame.left(i) + 9, y + 7)
        for i, place in enumerate(places)
    ]
    label = wrapped(words.of("rows", row), _LABEL - 34, 13, 2)
    asks = wrapped(words.of("asks", row), _LABEL - 30, 10.5, 4)
    low = (
        max(
            y + 14 + 15 * len(label) + 13 * len(asks),
            *(end for _, end in cells),
            y + (_CURVE if curve else 0),
        )
        + 6
    )
    parts = [pen.box(frame.left(i), y, frame.column - _GAP, low - y, "paper") for i in range(len(places))]
    parts += [pen.rule(_PAD, y, frame.width - 2 * _PAD), pen.sign(_PAD, y + 8, ICONS[row])]
    parts += [pen.text(_PAD + 24, y + 20 + 15 * i, line, 13, bold=True) for i, line in enumerate(label)]
    down = y + 19 + 15 * len(label)
    parts += [pen.text(_PAD + 24, down + 13 * i, line, 10.5, "soft") for i, line in enumerate(asks)]
    parts += [line for drawn, _ in cells for line in drawn]
    if curve:
        parts += _curve(frame, curve, places, y)
    return parts, low


def _cell(frame: _Frame, row: str, place: Place, x: float, y: float) -> tuple[list[str], float]:
    """Draw the face of a cell; return where it ends."""
    pen, room, parts = frame.pen, frame.column - _GAP - 18, []
    if not place.face:
        lines = wrapped(frame.words.of("none", row), room, 11.5, 3)
        parts = [pen.text(x, y + 12 + 15 * i, line, 11.5, "soft") for i, line in enumerate(lines)]
        return parts, y + 15 * len(lines)
    for kind, _, facts in place.face:
        if kind == "bar":
            for fact in facts:
                colour = "hurt" if row == "pains" else "bar"
                parts += pen.bar(
                    x - 4, y, room + 8, fact.width / 100, fact.item, fact.value, fact.badge, colour
                )
                y += 19
        elif kind == "item":
            for fact in facts:
                parts += _item(pen, fact, x, y, room)
                y += _LINE
        else:
            drawn, y = _told(pen, row, kind, facts, (x, y, room))
            parts += drawn
    return parts, y


def _item(pen: Pen, fact: Fact, x: float, y: float, room: float) -> Iterator[str]:
    """Yield what stands out, with the way it goes."""
    less = fact.side == "less"
    yield pen.text(x, y + 11.5, "▼" if less else "▲", 9, "bad" if less else "good")
    yield pen.text(x + 14, y + 12, fitted(fact.item, room - 20 - wide(fact.value, _PLAIN), _PLAIN), _PLAIN)
    yield pen.text(x + room, y + 12, fact.value, _PLAIN, bold=True, at="end")


def _told(
    pen: Pen, row: str, kind: str, facts: Sequence[Fact], where: tuple[float, float, float]
) -> tuple[list[str], float]:
    """Draw lines of text that begin with a number; return where they end."""
    x, y, room = where
    parts = []
    if kind == "inline":
        said = " · ".join(f"{isolated(fact.item)}\u00a0{tight(fact.value)}" for fact in facts)
        lines = wrapped(said, room, _PLAIN - 0.5, 3)
        parts = [pen.text(x, y + 12 + 15 * i, line, _PLAIN - 0.5, "soft") for i, line in enumerate(lines)]
        return parts, y + 15 * len(lines)
    for fact in facts[: LISTS.get(kind, 3)]:
        big = 16.5 if kind == "big" and not (row == "loss" and fact.calm) else _PLAIN
        colour = "bad" if row == "loss" and kind == "big" and not fact.calm else "ink"
        item = isolated(fact.item)
        said = f"“{item}”" if kind == "quote" and item else f"{fact.words} {item}".strip()
        indent = wide(fact.value, big) + 6
        head, *rest = _after(said, room, indent, 4 if kind == "quote" else 3)
        down = y + (14 if big > _PLAIN else 12)
        parts.append(pen.said(x, down, fact.value, head, _PLAIN, colour, big=big))
        y += _LINE + (3 if big > _PLAIN else 0)
        for line in rest:
            parts.append(pen.text(x, y + 12, line, _PLAIN, "soft"))
            y += _LINE
        if kind == "big" and fact.more:
            parts.append(_small(pen, x, y + 10, fact.more, room))
            y += 14
    return parts, y


def _small(pen: Pen, x: float, y: float, text: str, room: float, at: str = "") -> str:
    """Draw the interval and n of a number."""
    while wide(text, 8.5) > room and ", " in text:  # n goes first, and nothing is cut in two
        text = text.rpartition(", ")[0]
    size = sized(text, room, 10.5, 8.5)
    return pen.text(x, y, fitted(text, room, size), size, "soft", at=at)


def _after(text: str, room: float, indent: float, most: int) -> list[str]:
    """Return a text in lines, the first of which begins behind a number."""
    first = wrapped(text, max(room - indent, 20), _PLAIN, most)
    if len(first) == 1 and not first[0].endswith("…"):
        return first
    words = text.split(" ")
    head: list[str] = []
    while words and wide(" ".join([*head, words[0]]), _PLAIN) <= room - indent:
        head.append(words.pop(0))
    return [" ".join(head), *wrapped(" ".join(words), room, _PLAIN, most - 1)] if words else [" ".join(head)]


def _curve(frame: _Frame, curve: Curve, places: Sequence[Place], y: float) -> Iterator[str]:
    """Draw the curve of emotion with its area, and what is known at each stage."""
    pen, n = frame.pen, len(places)
    left, wide_, high = frame.left(0), frame.column, _CURVE - 18
    zero = y + high / 2
    yield pen.rule(left, zero, n * wide_ - _GAP, "soft", dash=True)
    for text, part in ((frame.words.signed(curve.end), 26), ("0", 50), (frame.words.signed(-curve.end), 74)):
        yield pen.text(left + 5, y + high * part / 100 + 3.5, text, 10, "soft", halo=True)
    if curve.line:
        for side, top in (("good", 0), ("bad", 50)):
            where = f'x="{left:g}" y="{y + high * top / 100:g}" width="{n * wide_:g}" height="{high / 2:g}"'
            yield f'<svg {where} viewBox="0 {top} {100 * n} 50" preserveAspectRatio="none">'
            yield f'<path d="{curve.area}" fill="{pen.colours[side]}" opacity="0.18"/></svg>'
        yield (
            f'<svg x="{left:g}" y="{y:g}" width="{n * wide_:g}" height="{high:g}" viewBox="0 0 {100 * n} 100" '
            'preserveAspectRatio="none">'
        )
        yield f'<path d="{curve.band}" fill="{pen.colours["soft"]}" opacity="0.16"/>'
        how = 'fill="none" stroke-width="2.5" vector-effect="non-scaling-stroke"'
        yield f'<path d="{curve.line}" stroke="{pen.colours["ink"]}" {how}/></svg>'
    for i, (place, dot, truth) in enumerate(
        zip(places, curve.dots, strongest(frame.result, frame.words), strict=True)
    ):
        x, room = left + (i + 0.5) * wide_, wide_ - _GAP - 12
        at = zero if dot is None else y + high * dot.y / 100
        if dot is None:
            yield pen.text(
                x,
                y + high + 10,
                fitted(frame.words.of("none", "emotion"), room, 10.5),
                10.5,
                "soft",
                at="middle",
            )
        else:
            fact = place.face[0][2][0]
            yield pen.dot(x, at, 7, dot.mood)
            yield pen.text(x, at - 12, fact.value, 15.5, dot.mood, bold=True, at="middle", halo=True)
            yield _small(pen, x, y + high + 10, fact.more, room, at="middle")
        if truth is not None:
            down = y + 14.0 if dot is not None and dot.y > 50 else at + 21
            said = fitted(f"{isolated(truth.item)} {truth.value}", room - 16, 11)
            yield pen.text(x, down, f"★ {said}", 11, "star", bold=True, at="middle", halo=True)
