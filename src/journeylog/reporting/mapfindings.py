"""What the map says first, and what changed since an earlier one, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylog.journeymap.cells import Cell
from journeylog.journeymap.figures import are_figures
from journeylog.journeymap.foremost import FINDINGS, foremost
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import Language
from journeylog.reporting.maplayout import SHOWN
from journeylog.reporting.mapwords import called, isolated, item_of, range_of, stage_of, written

__all__ = ["change_lines", "compared", "findings"]


def findings(result: JourneyMapResult, words: Language) -> list[tuple[str, str, str]]:
    """Return what the map says first: a title, a sentence, and the cell it rests on."""
    told = []
    for key in FINDINGS:
        i = foremost(result.cells, key)
        if i is None:
            continue
        cell = result.cells[i]
        text = f"short_{key}_text"
        if key == "pain":
            weight = _weight(result, cell)
            if weight is None:
                continue
            i, cell = weight
            text = "short_pain_text" if cell.unit == "share" else "short_pain_cost"
        parts: dict[str, Any] = {
            "stage": isolated(stage_of(cell.stage, words)),
            "item": isolated(item_of(cell, words)),
            "value": written(words, cell.value, cell.unit).removeprefix("×"),
            "bounds": _bounds(words, cell),
        }
        told.append((words.text(f"short_{key}"), words.text(text, **parts), f"c{i}"))
    return told


def _weight(result: JourneyMapResult, ranked: Cell) -> tuple[int, Cell] | None:
    """Return the cell that a pain's rank goes by: its cost, else the share of all journeys that it hits."""
    found = {
        c.measure: (i, c)
        for i, c in enumerate(result.cells)
        if (c.row, c.stage, c.item) == ("pains", ranked.stage, ranked.item) and c.known
    }
    return found.get("cost") or found.get("hit")


def _bounds(words: Language, cell: Cell) -> str:
    """Return the 95 % interval of a cell in brackets; without one its n."""
    if cell.low != cell.low or cell.high != cell.high:
        return f"({words.text('n_is', n=cell.n)})"
    return f"({range_of(words, cell.low, cell.high, cell.unit)})"


def compared(
    result: JourneyMapResult, words: Language, before: JourneyMapResult | Mapping[str, Any]
) -> tuple[str, list[str], str]:
    """Return what a map says beside an earlier one, or beside figures: a title, sentences, and what stands for none."""
    title, none = ("against", "against_none") if are_figures(before) else ("changed", "unchanged")
    return words.text(title), change_lines(result, words, before), words.text(none)


def change_lines(
    result: JourneyMapResult, words: Language, before: JourneyMapResult | Mapping[str, Any]
) -> list[str]:
    """Return the supported changes in words, the surest first."""
    table, against = result.changes(before), are_figures(before)
    lines = []
    for row in table[table["supported"]].to_dict("records"):
        stage, item = (
            None if value is None or value != value else value for value in (row["stage"], row["item"])
        )
        cell = result.cell(stage, row["row"], row["measure"], item)
        if cell is None or row["measure"] not in SHOWN[row["row"]]:
            continue
        old, new = (written(words, row[when], row["unit"]) for when in ("before", "now"))
        way = words.text("up" if row["difference"] > 0 else "down")
        told: dict[str, Any] = {"what": called(words, cell), "before": old, "now": new}
        lines.append(words.text("against_line", **told) if against else words.text("change", way=way, **told))
    return lines
