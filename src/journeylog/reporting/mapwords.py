"""Cells of the map in words: a number as its unit wants it, a name as a page may show it, what a cell is."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from journeylog.journeymap.cells import Cell
from journeylog.reporting.language import Language

__all__ = ["called", "isolated", "item_of", "range_of", "stage_of", "written"]

#: Signs of a name in a sentence, of one that stands alone, and of what customers wrote.
_NAME: Final = 40
_QUOTE: Final = 160


def written(words: Language, value: float, unit: str) -> str:
    """Write a value of a cell as its unit wants it.

    Examples
    --------
    >>> from journeylog.reporting.language import language
    >>> written(language("en"), -1234, "count"), written(language("en"), -0.2, "score")
    ('−1,234', '−0.20')
    """
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
    told = words.count(value) if unit == "count" else words.money(value, unit)
    return f"−{told[1:]}" if told.startswith("-") else told


def range_of(words: Language, low: float, high: float, unit: str) -> str:
    """Write the bounds of a cell's interval; the sign of the unit of a share stands once."""
    parts = [written(words, bound, unit) for bound in (low, high)]
    if unit == "share" and all(part.endswith("%") for part in parts):
        parts[0] = parts[0].rstrip("%").rstrip()
    return words.range(*parts)


def item_of(cell: Cell, words: Language, width: int = _NAME) -> str:
    """Return what a cell is about, empty when it is about nothing of its own; what customers wrote may be longer."""
    width = _QUOTE if cell.measure in ("best", "worst") else width
    if cell.item is None or cell.measure == "cycle":
        return ""
    told = words.short(words.item(cell.row, cell.item, cell.measure), width)
    return told.replace("-", "−") if cell.measure == "answer" else told


def stage_of(stage: str | None, words: Language, width: int = _NAME) -> str:
    """Return a stage as it is called; nothing for the whole journey."""
    return "" if stage is None else words.short(words.stage(stage), width)


def isolated(name: str) -> str:
    """Return a name whose writing cannot turn around the sentence it stands in.

    Examples
    --------
    >>> isolated("cart"), len(isolated("\u0627\u0644\u062f\u0641\u0639"))
    ('cart', 7)
    """
    turns = any(unicodedata.bidirectional(sign) in ("R", "AL", "AN") for sign in name)
    return f"\u2068{name}\u2069" if turns else name


def called(words: Language, cell: Cell, measure: bool = True) -> str:
    """Return what a cell is, in words: its row, its stage, its measure unless that is told apart, and item."""
    parts: Sequence[Any] = (
        words.of("rows", cell.row),
        words.text("whole") if cell.stage is None else isolated(stage_of(cell.stage, words)),
        words.of("measures", f"{cell.row}.{cell.measure}") if measure else None,
        None
        if cell.item is None
        else isolated(words.short(words.item(cell.row, cell.item, cell.measure), _NAME)),
    )
    return " · ".join(str(part) for part in parts if part)
