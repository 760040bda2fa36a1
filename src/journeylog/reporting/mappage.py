"""The journey map as one page: stages across, rows down, every number a link to how it was computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from markupsafe import Markup

import journeylog
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.plots.style import theme_of
from journeylog.reporting.document import asset, environment, policy
from journeylog.reporting.empathypage import empathy_values
from journeylog.reporting.language import Language, language
from journeylog.reporting.mapcurve import emotion_curve
from journeylog.reporting.names import short
from journeylog.reporting.trials import trial_lines
from journeylog.reporting.wording import Wording

__all__ = ["called", "change_lines", "findings", "map_page", "map_values", "place_of", "written"]

#: How the measures of each row are shown. On the face of a cell: as its main number (big), as a list with bars, as a
#: list in one line (inline), as a list of what stands out (item), or as a line of text. Behind it only: more.
_SHOWN: Final[Mapping[str, Mapping[str, str]]] = {
    "volume": {"journeys": "big", "share": "line", "customers": "more"},
    "touchpoints": {"does": "bar", "channel": "inline", "channel_switches": "more"},
    "ways": {"next": "bar", "goal": "line"},
    "time": {
        "stay": "big",
        "stay_p90": "more",
        "dwell": "more",
        "wait": "line",
        "wait_p90": "more",
        "cycle": "big",
    },
    "emotion": {"score": "big", "answered": "more", "answer": "more"},
    "voice": {"worst": "quote", "best": "quote", "word": "inline", "reason": "bar"},
    "needs": {"asks": "bar"},
    "pains": {
        "hurts": "bar",
        "cost": "inline",
        "waiting": "line",
        "hit": "more",
        "rank": "more",
    },
    "moments": {"helps": "item", "hinders": "item"},
    "loss": {
        "drop": "big",
        "beyond": "line",
        "at_risk": "line",
        "hit": "line",
        "excess": "more",
        "dropped": "more",
        "open": "more",
        "reached": "more",
        "brought": "big",
        "cost_actor": "line",
        "cost_reached": "line",
        "channel_reached": "line",
        "again": "line",
        "back": "line",
    },
    "opportunities": {"gain": "item", "gain_journeys": "more", "sample": "more"},
}
#: Kinds that list several things under one heading, and how many of them stand on the face.
_LISTS: Final[Mapping[str, int]] = {"bar": 3, "inline": 3, "item": 2, "quote": 1}
#: Who comes again: that nobody did, or that nobody was watched so long, is told in words.
_NOBODY: Final = ("again", "back")
#: Units in which zero and less say something; of the others there is nothing to tell then.
_RATIOS: Final = ("share", "s", "score", "times")
_NAME, _QUOTE = 40, 160
#: So many of the worst pain points of the map have a badge.
_WORST: Final = 3


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
    masked: bool = False
    badge: str = ""
    badge_anchor: str = ""

    @property
    def side(self) -> str:
        """Whether it speaks against what the list is about."""
        return "less" if self.value.startswith("×0") else "more"

    @property
    def whole(self) -> str:
        """All of it in one line, as a hint."""
        return " ".join(part for part in (self.item, self.value, f"({self.more})" * bool(self.more)) if part)


@dataclass(frozen=True)
class Place:
    """A cell of the page: its facts in groups, each with a heading where several lists stand in one cell."""

    stage: str
    groups: tuple[tuple[str, tuple[Fact, ...]], ...]

    @property
    def face(self) -> tuple[tuple[str, str, tuple[Fact, ...]], ...]:
        """The groups that are seen at once, each with its kind, and no more of it than fits.

        Where the main number is masked, no line repeats that its number is masked too.
        """
        told = [
            (facts[0].kind, heading, facts[: _LISTS.get(facts[0].kind)])
            for heading, facts in self.groups
            if facts[0].kind != "more"
        ]
        hidden = any(kind == "big" and facts[0].masked for kind, _, facts in told)
        return tuple(one for one in told if not (hidden and one[0] == "line" and one[2][0].masked))


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
    words = language(lang).of_stages(result.stages)
    css = asset("map.css") + asset("map_empathy.css")
    page = environment().get_template("map.html.j2")
    return page.render(
        lang=lang,
        theme=theme,
        policy=policy(scripts=(), styles=(css,)),
        css=Markup(css),
        version=journeylog.__version__,
        title=short(title, 200) if title is not None else words.text("map"),
        map=map_values(result, words, before=before, alerts=alerts),
        empathy=empathy_values(result, words, written),
        trials=trial_lines(result, words),
    ).encode("utf-8", "backslashreplace")


def map_values(
    result: JourneyMapResult,
    words: Language,
    *,
    before: JourneyMapResult | Mapping[str, Any] | None = None,
    alerts: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the macros of ``map_body.html.j2`` show, on this page or as a part of another one."""
    words = words.of_stages(result.stages)
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
        "stages": [words.short(words.stage(stage), _NAME) for stage in result.stages],
        "whole": whole,
        "rows": rows,
        "curve": emotion_curve([result.cell(stage, "emotion", "score") for stage in result.stages]),
        "short": findings(result, words),
        "alerts": alerts,
        "changes": None if before is None else change_lines(result, words, before),
        "definitions": list(words.words["define"].values()),
        "notes": [Wording(words).note(note) for note in result.notes],
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
            and (cell.known or cell.masked or measure in _NOBODY)
            and not (
                kind in ("line", "more")
                and cell.unit not in _RATIOS
                and not cell.masked
                and round(cell.value) <= 0
            )
        )
        if measure == "hurts":
            facts = tuple(_badged(result, stage, fact) for fact in facts)
        if facts:
            heading = words.of("measures", f"{row}.{measure}") if kind in _LISTS else ""
            groups.append((heading, facts))
    return Place("" if stage is None else words.short(words.stage(stage), _NAME), tuple(groups))


def _fact(cell: Cell, kind: str, words: Language, anchor: str) -> Fact:
    what = "" if kind in _LISTS else words.of("measures", f"{cell.row}.{cell.measure}", _counted(cell))
    if (
        cell.measure == "channel_reached"
    ):  # stands among the figures of the whole journey, which have no items
        what = f"{what} {_item(cell, words)}"
    if cell.masked:
        return Fact(kind, words.text("few"), what, _item(cell, words), "", 0.0, anchor, masked=True)
    more = []
    if cell.low == cell.low and cell.high == cell.high:
        more.append(words.range(written(words, cell.low, cell.unit), written(words, cell.high, cell.unit)))
    if cell.unit == "share" and cell.measure != "gain":  # which is of all journeys, not of those at the point
        more.append(words.text("of_n", n=cell.n))
    elif cell.unit != "count":
        more.append(words.text("n_is", n=cell.n))
    width = round(100 * min(max(cell.value, 0.0), 1.0), 1) if cell.unit == "share" else 0.0
    if cell.measure in _NOBODY and not cell.value > 0:
        told = "none" if cell.known else "unseen"
        what, of = words.text(f"{cell.measure}_{told}"), words.text("of_n", n=cell.n)
        return Fact(kind, words.text("nobody"), what, "", of if cell.known else "", 0.0, anchor)
    return Fact(
        kind, written(words, cell.value, cell.unit), what, _item(cell, words), ", ".join(more), width, anchor
    )


def _badged(result: JourneyMapResult, stage: str | None, fact: Fact) -> Fact:
    """Return a pain with its rank where it is one of the worst of the map."""
    mine = result.cells[int(fact.anchor[1:])]
    for i, cell in enumerate(result.cells):
        if (cell.measure, cell.stage, cell.item) == ("rank", stage, mine.item) and cell.value <= _WORST:
            return replace(fact, badge=f"{cell.value:.0f}", badge_anchor=f"c{i}")
    return fact


def _counted(cell: Cell) -> float | None:
    """Return the number that a word beside it goes with."""
    return cell.value if cell.unit == "count" and cell.known else None


def _item(cell: Cell, words: Language) -> str:
    width = _QUOTE if cell.measure in ("best", "worst") else _NAME
    return (
        ""
        if cell.item is None or cell.measure == "cycle"
        else words.short(words.item(cell.row, cell.item, cell.measure), width)
    )


def written(words: Language, value: float, unit: str) -> str:
    """Write a value of a cell as its unit wants it."""
    if unit == "share":
        return words.share(value)
    if unit == "score":
        return words.signed(value)
    if unit == "times":
        return words.times(value)
    if unit == "rank":
        return words.text("ranked", n=value)
    if unit == "s":
        return words.duration(value)
    return words.count(value) if unit == "count" else words.money(value, unit)


def findings(result: JourneyMapResult, words: Language) -> list[tuple[str, str, str]]:
    """Return what the map says first: a title, a sentence, and the cell it rests on."""
    told = []
    for key, row, measure, worst in (
        ("lost", "loss", "beyond", "most"),
        ("pain", "pains", "rank", "least"),
        ("slow", "pains", "waiting", "most"),
        ("hit", "loss", "excess", "most"),
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
        text = f"short_{key}_text"
        if key == "pain":
            i, cell = _weight(result, cell)
            text = "short_pain_text" if cell.unit == "share" else "short_pain_cost"
        parts: dict[str, Any] = {
            "stage": words.short(words.stage(cell.stage), _NAME),
            "item": _item(cell, words),
            "value": written(words, cell.value, cell.unit).removeprefix("×"),
            "bounds": _bounds(words, cell),
        }
        told.append((words.text(f"short_{key}"), words.text(text, **parts), f"c{i}"))
    return told


def _weight(result: JourneyMapResult, ranked: Cell) -> tuple[int, Cell]:
    """Return the cell that a pain's rank goes by: its cost, else the share of all journeys that it hits."""
    found = {
        c.measure: (i, c)
        for i, c in enumerate(result.cells)
        if (c.row, c.stage, c.item) == ("pains", ranked.stage, ranked.item) and c.known
    }
    return found.get("cost", found["hit"])


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


def called(words: Language, cell: Cell) -> str:
    """Return what a cell is, in words: its row, its stage, its measure and item."""
    parts: Sequence[Any] = (
        words.of("rows", cell.row),
        words.text("whole") if cell.stage is None else words.short(words.stage(cell.stage), _NAME),
        words.of("measures", f"{cell.row}.{cell.measure}"),
        None if cell.item is None else words.short(words.item(cell.row, cell.item, cell.measure), _NAME),
    )
    return " · ".join(str(part) for part in parts if part)
