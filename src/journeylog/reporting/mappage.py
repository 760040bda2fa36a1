"""The journey map as one page: stages across, rows down, every number a link to how it was computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

import journeylog
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.plots.style import theme_of
from journeylog.reporting.document import asset, environment, policy
from journeylog.reporting.language import Language, language
from journeylog.reporting.names import short

__all__ = ["called", "change_lines", "findings", "map_page", "map_values", "place_of", "written"]

#: How the measures of each row are shown: as the cell's main number, as a list with bars, or as a line of text.
_SHOWN: Final[Mapping[str, Mapping[str, str]]] = {
    "volume": {"journeys": "big", "share": "line", "customers": "line"},
    "touchpoints": {"does": "bar", "channel": "bar", "channel_switches": "line"},
    "ways": {"next": "bar", "goal": "line"},
    "time": {"stay": "big", "stay_p90": "line", "wait": "line", "wait_p90": "line", "cycle": "big"},
    "emotion": {"score": "big", "answered": "line"},
    "needs": {"asks": "bar"},
    "pains": {"hurts": "bar", "waiting": "line", "rework": "line"},
    "moments": {"helps": "item", "hinders": "item"},
    "loss": {
        "drop": "big",
        "dropped": "line",
        "beyond": "line",
        "at_risk": "line",
        "open": "line",
        "reached": "line",
    },
    "opportunities": {"gain": "item", "gain_journeys": "line"},
}
#: Units in which zero and less say something; of the others there is nothing to tell then.
_RATIOS: Final = ("share", "s", "score", "times")
_NAME = 40


@dataclass(frozen=True)
class Fact:
    """One number of a cell as it is shown."""

    kind: str
    value: str
    words: str
    item: str
    more: str
    width: float
    anchor: str


@dataclass(frozen=True)
class Place:
    """A cell of the page: its facts in groups, each with a heading where several lists stand in one cell."""

    stage: str
    groups: tuple[tuple[str, tuple[Fact, ...]], ...]


def map_page(
    result: JourneyMapResult,
    *,
    lang: str = "en",
    theme: str = "light",
    title: str | None = None,
    before: JourneyMapResult | Mapping[str, Any] | None = None,
    alerts: Sequence[str] = (),
) -> bytes:
    """Return the page of a map; equal maps and arguments give equal bytes.

    Parameters
    ----------
    result : JourneyMapResult
    lang : str
        The language of all words but the names of the data: ``"en"`` or ``"ru"``.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    before : JourneyMapResult or mapping, optional
        An earlier map or its data; the page then begins with what changed.
    alerts : sequence of str
        Texts that stand above all else.
    """
    theme_of(theme)
    words = language(lang)
    css = asset("map.css")
    page = environment().get_template("map.html.j2")
    return page.render(
        lang=lang,
        theme=theme,
        policy=policy(scripts=(), styles=(css,)),
        css=Markup(css),
        version=journeylog.__version__,
        title=short(title, 200) if title is not None else words.text("map"),
        map=map_values(result, words, before=before, alerts=alerts),
    ).encode("utf-8", "backslashreplace")


def map_values(
    result: JourneyMapResult,
    words: Language,
    *,
    before: JourneyMapResult | Mapping[str, Any] | None = None,
    alerts: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the macros of ``map_body.html.j2`` show, on this page or as a part of another one."""
    rows = [
        {
            "title": words.of("rows", row),
            "asks": words.of("asks", row),
            "none": words.of("none", row),
            "name": row,
            "places": [place_of(result, words, row, stage) for stage in result.stages],
        }
        for row in ROWS
        if any(cell.row == row and cell.stage is not None for cell in result.cells)
    ]
    whole = [fact for row in ROWS for _, facts in place_of(result, words, row, None).groups for fact in facts]
    return {
        "words": words,
        "period": words.period(result.window),
        "stages": [short(stage, _NAME) for stage in result.stages],
        "whole": whole,
        "rows": rows,
        "curve": _curve(result),
        "short": findings(result, words),
        "alerts": alerts,
        "changes": None if before is None else change_lines(result, words, before),
        "definitions": list(words.words["define"].values()),
        "notes": [short(note, 400) for note in result.notes],
        "codes": [(f"c{i}", called(words, cell), cell.code) for i, cell in enumerate(result.cells)],
    }


def place_of(result: JourneyMapResult, words: Language, row: str, stage: str | None) -> Place:
    """Return what stands in one cell of the page."""
    groups = []
    for measure, kind in _SHOWN[row].items():
        facts = tuple(
            _fact(cell, kind, words, f"c{i}")
            for i, cell in enumerate(result.cells)
            if (cell.row, cell.measure, cell.stage) == (row, measure, stage)
            and (cell.known or cell.masked)
            and not (
                kind == "line" and cell.unit not in _RATIOS and not cell.masked and round(cell.value) <= 0
            )
        )
        if facts:
            heading = words.of("measures", f"{row}.{measure}") if kind in ("bar", "item") else ""
            groups.append((heading, facts))
    return Place("" if stage is None else short(stage, _NAME), tuple(groups))


def _fact(cell: Cell, kind: str, words: Language, anchor: str) -> Fact:
    what = "" if kind in ("bar", "item") else words.of("measures", f"{cell.row}.{cell.measure}")
    if cell.masked:
        return Fact(kind, words.text("few"), what, _item(cell), "", 0.0, anchor)
    more = []
    if cell.low == cell.low and cell.high == cell.high:
        more.append(words.range(written(words, cell.low, cell.unit), written(words, cell.high, cell.unit)))
    if cell.unit == "share" and cell.measure != "gain":  # which is of all journeys, not of those at the point
        more.append(words.text("of_n", n=cell.n))
    elif cell.unit != "count":
        more.append(words.text("n_is", n=cell.n))
    width = round(100 * min(max(cell.value, 0.0), 1.0), 1) if cell.unit == "share" else 0.0
    return Fact(
        kind, written(words, cell.value, cell.unit), what, _item(cell), ", ".join(more), width, anchor
    )


def _item(cell: Cell) -> str:
    return "" if cell.item is None or cell.measure == "cycle" else short(cell.item, _NAME)


def written(words: Language, value: float, unit: str) -> str:
    """Write a value of a cell as its unit wants it."""
    if unit == "share":
        return words.share(value)
    if unit == "score":
        return words.signed(value)
    if unit == "times":
        return words.times(value)
    if unit == "s":
        return words.duration(value)
    return words.count(value) if unit == "count" else f"{words.count(value)}\u00a0{unit}"


def findings(result: JourneyMapResult, words: Language) -> list[tuple[str, str, str]]:
    """Return what the map says first: a title, a sentence, and the cell it rests on."""
    told = []
    for key, row, measure, worst in (
        ("lost", "loss", "beyond", "most"),
        ("slow", "pains", "waiting", "most"),
        ("moment", "moments", "helps", "most"),
        ("unhappy", "emotion", "score", "least"),
        ("gain", "opportunities", "gain", "most"),
    ):
        cells = [
            (i, c) for i, c in enumerate(result.cells) if (c.row, c.measure) == (row, measure) and c.known
        ]
        if not cells:
            continue
        sure = [
            (c.low if worst == "most" else -c.high, c.value if worst == "most" else -c.value, -i)
            for i, c in cells
        ]
        i, cell = cells[
            max(range(len(cells)), key=lambda k: tuple(math.inf * -1 if v != v else v for v in sure[k]))
        ]
        if (key == "unhappy" and len(cells) < 2) or (worst == "most" and not cell.value > 0):
            continue
        parts: dict[str, Any] = {
            "stage": short(cell.stage, _NAME),
            "item": short(cell.item, _NAME) if cell.item is not None else "",
            "value": written(words, cell.value, cell.unit).removeprefix("×"),
            "bounds": _bounds(words, cell),
        }
        told.append((words.text(f"short_{key}"), words.text(f"short_{key}_text", **parts), f"c{i}"))
    return told


def _bounds(words: Language, cell: Cell) -> str:
    """Return the interval of a cell in brackets; without one its n."""
    if cell.low != cell.low or cell.high != cell.high:
        return f"({words.text('n_is', n=cell.n)})"
    low, high = (written(words, bound, cell.unit) for bound in (cell.low, cell.high))
    return f"({words.text('interval', range=words.range(low, high))})"


def change_lines(
    result: JourneyMapResult, words: Language, before: JourneyMapResult | Mapping[str, Any]
) -> list[str]:
    """Return the supported changes in words, the surest first."""
    table = result.changes(before)
    lines = []
    for row in table[table["supported"]].to_dict("records"):
        stage, item = (
            None if value is None or value != value else value for value in (row["stage"], row["item"])
        )
        cell = result.cell(stage, row["row"], row["measure"], item)
        if cell is None or row["measure"] not in _SHOWN[row["row"]]:
            continue
        old, new = (written(words, row[when], row["unit"]) for when in ("before", "now"))
        way = words.text("up" if row["difference"] > 0 else "down")
        lines.append(words.text("change", what=called(words, cell), way=way, before=old, now=new))
    return lines


def _curve(result: JourneyMapResult) -> dict[str, Any] | None:
    """Return the points of the emotion curve in percent of the row's width and height; None without any score."""
    cells = [result.cell(stage, "emotion", "score") for stage in result.stages]
    if not any(cell is not None and cell.known for cell in cells):
        return None
    n = len(cells)
    points = [
        {
            "x": round(100 * (i + 0.5) / n, 2),
            "y": round(50 - 45 * cell.value, 2),
            "top": round(50 - 45 * min(_bound(cell.high, cell.value), 1.0), 2),
            "bottom": round(50 - 45 * max(_bound(cell.low, cell.value), -1.0), 2),
            "good": cell.value >= 0,
        }
        for i, cell in enumerate(cells)
        if cell is not None and cell.known
    ]
    lines = [(a, b) for a, b in itertools.pairwise(points) if b["x"] - a["x"] < 100 / n + 0.1]
    return {"points": points, "lines": lines}


def _bound(bound: float, value: float) -> float:
    return value if math.isnan(bound) else bound


def called(words: Language, cell: Cell) -> str:
    """Return what a cell is, in words: its row, its stage, its measure and item."""
    parts: Sequence[Any] = (
        words.of("rows", cell.row),
        words.text("whole") if cell.stage is None else short(cell.stage, _NAME),
        words.of("measures", f"{cell.row}.{cell.measure}"),
        None if cell.item is None else short(cell.item, _NAME),
    )
    return " · ".join(str(part) for part in parts if part)
