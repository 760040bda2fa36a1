"""What changed since an earlier map, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from journeylog.core.time import moment
from journeylog.core.window import Window
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.changes import map_data
from journeylog.journeymap.figures import are_figures
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.mapwords import called, written
from journeylog.reporting.wording import Wording

__all__ = ["Changed", "apart", "changed_of"]

_WAYS: Final[Mapping[str, tuple[str, str]]] = {
    "changed": ("went_up", "went_down"), "against": ("lies_above", "lies_below"),
}  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """What is compared, and the changes one by one, the surest first; `id` is the anchor of the part."""

    id: str
    title: str
    nav: str
    lead: Markup
    lines: tuple[Markup, ...]
    none: str


def changed_of(
    now: JourneyMapResult, before: JourneyMapResult | Mapping[str, Any] | str | Path, words: Wording
) -> Changed:
    """Return the supported changes; see :func:`journeylog.journeymap.changes.changes_since`."""
    earlier = map_data(before)
    if are_figures(earlier):
        return _against(now, earlier, words)
    window = _window(earlier)
    lead = (
        words("changed_lead_bare")
        if window is None
        else words("changed_lead", period=words.words.period(window))
    )
    table = now.changes(earlier)
    lines = (_line(now, row, words) for row in table[table["supported"]].to_dict("records"))
    told = tuple(line for line in lines if line is not None)
    title, nav = words.plain("changed_title"), words.plain("changed_nav")
    return Changed("changed", title, nav, lead, told, words.words.text("unchanged"))


def _against(now: JourneyMapResult, figures: Mapping[str, Any], words: Wording) -> Changed:
    """Return where the map is supported to lie above or below figures of a target or an industry."""
    name, n = figures.get("name"), words.count(len(figures["figure"]))
    lead = (
        words("against_lead", n=n) if not name else words("against_lead_named", name=words.named(name), n=n)
    )
    table = now.changes(figures)
    lines = (_line(now, row, words, "against") for row in table[table["supported"]].to_dict("records"))
    told = tuple(line for line in lines if line is not None)
    title, nav = words.plain("against_title"), words.plain("against_nav")
    return Changed("against", title, nav, lead, told, words.plain("against_none"))


def _line(
    now: JourneyMapResult, row: Mapping[Any, Any], words: Wording, kind: str = "changed"
) -> Markup | None:
    stage, item = (
        None if value is None or value != value else value for value in (row["stage"], row["item"])
    )
    cell = now.cell(stage, row["row"], row["measure"], item)
    if cell is None or cell.masked:
        return None
    values = {
        "what": _subject(cell, words),
        "way": words.plain(_WAYS[kind][0 if row["difference"] > 0 else 1]),
        "before": written(words.words, row["before"], row["unit"]),
        "now": written(words.words, row["now"], row["unit"]),
        "difference": apart(words, abs(row["difference"]), row["unit"]),
    }
    low, high = sorted((abs(row["difference_low"]), abs(row["difference_high"])))
    if low != low or high != high:
        return words(f"{kind}_goal", **values)
    spread = words.words.range(apart(words, low, row["unit"]), apart(words, high, row["unit"]))
    q = f"= {words.number(format(row['q'], '.2g'))}" if row["q"] >= 0.001 else f"< {words.number('0.001')}"
    return words(f"{kind}_line", **values, range=spread, q=q)


def _subject(cell: Cell, words: Wording) -> Markup:
    """Return what changed as the subject of a sentence: where, and of what."""
    item = None if cell.item is None else words.named(words.words.item(cell.row, cell.item, cell.measure))
    key = f"{cell.row}.{cell.measure}"
    known = words.words.words["changed"]
    if key not in known or (item is None and "{item}" in known[key]):
        return Markup.escape(called(words.words, cell))
    what = Markup(known[key]).format(item="" if item is None else item)
    if cell.stage is None:
        return Markup(what[:1].upper() + what[1:])
    return words("changed_in", stage=words.named(words.words.stage(cell.stage)), what=what)


def apart(words: Wording, difference: float, unit: str) -> str:
    """Write a difference; that of shares in points."""
    if unit == "share":
        return words.plain("points", n=words.number(f"{100 * difference:.1f}"))
    if unit in ("times", "score"):
        return words.number(f"{difference:.2f}")
    return written(words.words, difference, unit)


def _window(before: JourneyMapResult | Mapping[str, Any]) -> Window | None:
    """Return the window of the earlier map, where it is told."""
    if not isinstance(before, Mapping):
        return before.window
    told = before.get("window")
    if not isinstance(told, Mapping) or "start" not in told or "end" not in told:
        return None
    return Window(moment(str(told["start"]), "before"), moment(str(told["end"]), "before"))
