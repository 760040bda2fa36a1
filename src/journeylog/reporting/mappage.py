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
from journeylog.reporting.mapfindings import compared, findings
from journeylog.reporting.maplayout import ICONS, LISTS, SHOWN
from journeylog.reporting.mapwords import called, item_of, range_of, stage_of, written
from journeylog.reporting.names import short
from journeylog.reporting.trials import trial_lines
from journeylog.reporting.wording import Wording

__all__ = ["Fact", "Place", "map_page", "map_values", "place_of", "strongest", "whole_facts"]

#: Who comes again: that nobody did, or that nobody was watched so long, is told in words.
_NOBODY: Final = ("again", "back")
#: Units in which zero and less say something; of the others there is nothing to tell then.
_RATIOS: Final = ("share", "s", "score", "times")
#: Signs of a name that stands alone; the page shows as many as there is room for, and all of them as a hint.
_WHOLE: Final = 120
#: So many of the worst pain points of the map have a badge, and so many moments of truth are marked on the curve.
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
    why: str = ""
    badge: str = ""
    badge_anchor: str = ""

    @property
    def side(self) -> str:
        """Whether it speaks against what the list is about."""
        return "less" if self.value.startswith("×0") else "more"

    @property
    def calm(self) -> bool:
        """Whether there is nothing to worry about, or nothing is told."""
        return self.masked or not self.width

    @property
    def whole(self) -> str:
        """All of it in one line, as a hint; of what is hidden, why."""
        if self.why:
            return " ".join(part for part in (self.item, self.why) if part)
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
            (facts[0].kind, heading, facts[: LISTS.get(facts[0].kind)])
            for heading, facts in self.groups
            if facts[0].kind not in ("more", "list")
        ]
        hidden = any(kind == "big" and facts[0].masked for kind, _, facts in told)
        told = [one for one in told if not (hidden and one[0] == "line" and one[2][0].masked)]
        return tuple(one for one in told if one[0] != "spare" or len(told) == 1)


def map_page(
    result: JourneyMapResult,
    *,
    lang: str = "en",
    theme: str = "light",
    title: str | None = None,
    before: JourneyMapResult | Mapping[str, Any] | None = None,
    benchmark: Mapping[str, Any] | None = None,
    alerts: Sequence[str] = (),
) -> bytes:
    """Return the page of a map; equal maps and arguments give equal bytes.

    Parameters
    ----------
    result : JourneyMapResult
    lang : str
        The language of all words but the names of the data: ``"en"``, ``"ru"``, or the path of a catalogue.
    theme : {"light", "dark"}
    title : str, optional
        Takes the place of the title.
    before : JourneyMapResult or mapping, optional
        An earlier map or its data; the page then begins with what changed.
    benchmark : mapping, optional
        Figures, as :func:`journeylog.journeymap.figures.read_figures` takes them; the page then tells what lies above and
        below, after what changed.
    alerts : sequence of str
        Texts that stand above all else.
    """
    theme_of(theme)
    words = language(lang).of_stages(result.stages)
    css = asset("map.css") + asset("map_empathy.css")
    page = environment().get_template("map.html.j2")
    return page.render(
        lang=words.name,
        theme=theme,
        policy=policy(scripts=(), styles=(css,)),
        css=Markup(css),
        version=journeylog.__version__,
        title=short(title, 200) if title is not None else words.text("map"),
        map=map_values(
            result, words, beside=[one for one in (before, benchmark) if one is not None], alerts=alerts
        ),
        empathy=empathy_values(result, words),
        trials=trial_lines(result, words),
    ).encode("utf-8", "backslashreplace")


def map_values(
    result: JourneyMapResult,
    words: Language,
    *,
    beside: Sequence[JourneyMapResult | Mapping[str, Any]] = (),
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
            "icon": ICONS[row],
            "places": [place_of(result, words, row, stage) for stage in result.stages],
        }
        for row in ROWS
        if any(cell.row == row and cell.stage is not None for cell in result.cells)
    ]
    curve = emotion_curve([result.cell(stage, "emotion", "score") for stage in result.stages])
    return {
        "words": words,
        "period": words.period(result.window),
        "stages": [stage_of(stage, words, _WHOLE) for stage in result.stages],
        "truths": strongest(result, words),
        "whole": whole_facts(result, words),
        "rows": rows,
        "curve": curve,
        "ends": ("", "") if curve is None else (words.signed(curve.end), words.signed(-curve.end)),
        "short": findings(result, words),
        "alerts": alerts,
        "compared": [compared(result, words, one) for one in beside],
        "definitions": list(words.words["define"].values()),
        "notes": [Wording(words).note(note) for note in result.notes],
        "codes": [(f"c{i}", called(words, cell), cell.code) for i, cell in enumerate(result.cells)],
    }


def strongest(result: JourneyMapResult, words: Language) -> list[Fact | None]:
    """Return for each stage the moment of truth that is marked on the curve: one of the strongest of the map, or none."""
    told = [c for c in result.cells if (c.row, c.unit) == ("moments", "times") and c.known and c.value > 0]
    told.sort(key=lambda cell: -abs(math.log(cell.value)))
    first: dict[str | None, Fact] = {}
    for cell in told[:_WORST]:
        first.setdefault(cell.stage, _fact(cell, "item", words, ""))
    return [first.get(stage) for stage in result.stages]


def whole_facts(result: JourneyMapResult, words: Language) -> list[Fact]:
    """Return what is known of whole journeys, in the order of the rows."""
    return [fact for row in ROWS for _, facts in place_of(result, words, row, None).groups for fact in facts]


def place_of(result: JourneyMapResult, words: Language, row: str, stage: str | None) -> Place:
    """Return what stands in one cell of the page."""
    groups = []
    for measure, kind in SHOWN[row].items():
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
            heading = words.of("measures", f"{row}.{measure}") if kind in LISTS else ""
            groups.append((heading, facts))
    return Place(stage_of(stage, words, _WHOLE), tuple(groups))


def _fact(cell: Cell, kind: str, words: Language, anchor: str) -> Fact:
    what = "" if kind in LISTS else words.of("measures", f"{cell.row}.{cell.measure}", _counted(cell))
    if (
        cell.measure == "channel_reached"
    ):  # stands among the figures of the whole journey, which have no items
        what = f"{what} {item_of(cell, words, _WHOLE)}"
    if cell.masked:
        said, item = words.text("hidden"), item_of(cell, words, _WHOLE)
        why = words.text("hidden_why")
        return Fact(kind, f"[{said}]" if what else said, what, item, "", 0.0, anchor, masked=True, why=why)
    more = []
    if cell.low == cell.low and cell.high == cell.high:
        more.append(range_of(words, cell.low, cell.high, cell.unit))
    if cell.unit == "share" and cell.measure != "gain":  # which is of all journeys, not of those at the point
        more.append(words.text("of_n", n=cell.n))
    elif cell.unit not in ("count", "rank"):
        more.append(words.text("n_is", n=cell.n))
    width = round(100 * min(max(cell.value, 0.0), 1.0), 1) if cell.unit == "share" else 0.0
    if cell.measure in _NOBODY and not cell.value > 0:
        told = "none" if cell.known else "unseen"
        what, of = words.text(f"{cell.measure}_{told}"), words.text("of_n", n=cell.n)
        return Fact(kind, words.text("nobody"), what, "", of if cell.known else "", 0.0, anchor)
    return Fact(
        kind,
        written(words, cell.value, cell.unit),
        what,
        item_of(cell, words, _WHOLE),
        ", ".join(more),
        width,
        anchor,
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
