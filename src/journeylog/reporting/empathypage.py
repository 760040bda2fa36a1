"""The empathy view on pages and in files: what data says stands apart from what analysts noted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from journeylog.journeymap.analysts import NOTE_KINDS, AnalystNote
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.empathy import EMPATHY
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import Language
from journeylog.reporting.mapwords import written
from journeylog.reporting.names import markdown

__all__ = ["Statement", "empathy_lines", "empathy_values", "signed"]

_LONG, _NAME, _MOST = 400, 40, 4


@dataclass(frozen=True)
class Statement:
    """One thing that is said of a stage: a cell of the map in words, or a note."""

    text: str
    value: str
    more: str
    anchor: str
    link: str = ""


def empathy_values(result: JourneyMapResult, words: Language) -> dict[str, Any] | None:
    """Return the rows of the view, from data and from notes; None where nobody said anything."""
    said = any(cell.row == "voice" for cell in result.cells)
    if not said and not result.analyst_notes:
        return None
    rows, noted = [], []
    for part in EMPATHY:
        told = [_told(result, words, part, stage) for stage in result.stages]
        rows.append({"title": words.of("empathy", part), "cells": told})
    for kind in NOTE_KINDS:
        notes = [_noted(result, words, kind, stage) for stage in result.stages]
        noted.append({"title": words.of("empathy", kind), "cells": notes})
    return {
        "said": [row for row in rows if any(row["cells"])],
        "noted": [row for row in noted if any(row["cells"])],
    }


def _told(result: JourneyMapResult, words: Language, part: str, stage: str) -> tuple[Statement, ...]:
    row, measures = EMPATHY[part]
    found = [
        (i, cell)
        for i, cell in enumerate(result.cells)
        if (cell.stage, cell.row) == (stage, row) and cell.measure in measures and cell.known
    ]
    return tuple(_statement(words, part, i, cell) for i, cell in found[:_MOST])


def _statement(words: Language, part: str, i: int, cell: Cell) -> Statement:
    text = (
        ""
        if cell.item is None
        else words.short(words.item(cell.row, cell.item, cell.measure), _LONG if part == "says" else _NAME)
    )
    if part == "says":
        text = text.join(words.words["quotes"])
    more = words.text("of_n", n=cell.n) if cell.unit == "share" else words.text("n_is", n=cell.n)
    return Statement(text, written(words, cell.value, cell.unit), "" if part == "says" else more, f"c{i}")


def _noted(result: JourneyMapResult, words: Language, kind: str, stage: str) -> tuple[Statement, ...]:
    return tuple(
        Statement(words.short(note.text, _LONG), "", signed(words, note), "", note.link or "")
        for note in result.analyst_notes
        if (note.stage, note.kind) == (stage, kind)
    )


def signed(words: Language, note: AnalystNote) -> str:
    """Return who wrote a note and when, in the language of the page."""
    day = "" if note.date is None else _day(words, dt.date.fromisoformat(note.date))
    return ", ".join(part for part in (words.short(note.author, _NAME) if note.author else "", day) if part)


def _day(words: Language, day: dt.date) -> str:
    months = words.words["months"]
    return str(words.words["date"]).format(day=day.day, month=months[day.month - 1], year=day.year)


def empathy_lines(values: Mapping[str, Any], stages: Iterable[str], words: Language) -> Iterator[str]:
    """Yield the lines of the view as Markdown: the stages one below the other."""
    yield from ("", f"## {words.text('empathy')}")
    for i, stage in enumerate(stages):
        bands = (("from_data", values["said"], "**"), ("from_notes", values["noted"], "*"))
        if not any(row["cells"][i] for _, rows, _ in bands for row in rows):
            continue
        yield from ("", f"### {markdown(words.stage(stage))}")
        for key, rows, mark in bands:
            told = [row for row in rows if row["cells"][i]]
            if told:
                yield from ("", f"{words.text(key)}:", "")
            for row in told:
                for one in row["cells"][i]:
                    more = f"({markdown(one.more)})" if one.more else ""
                    text, link = (markdown(part) if part else "" for part in (one.text, one.link))
                    parts = (f"{mark}{row['title']}:{mark}", text, one.value, more, link)
                    yield f"- {' '.join(part for part in parts if part)}"
