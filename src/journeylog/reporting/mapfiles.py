"""The journey map as files: a page, data, a text page, a picture, a workbook, its cells as a table."""

from __future__ import annotations

import datetime as dt
import json
import math
from functools import partial
from pathlib import Path
from typing import Any, Final

from journeylog.journeymap.cells import Cell
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.empathypage import empathy_lines, empathy_values
from journeylog.reporting.language import Language, language
from journeylog.reporting.mappage import map_page, place_of, whole_facts
from journeylog.reporting.mapsvg import map_svg
from journeylog.reporting.mapwords import called
from journeylog.reporting.names import markdown
from journeylog.reporting.sheets import Book, map_sheet, new_book, when
from journeylog.reporting.tidy import map_table, table_bytes
from journeylog.reporting.trials import trial_lines
from journeylog.reporting.write import Writers, check_mask, reserved, writer_of

__all__ = ["map_bytes", "save_map"]


def save_map(result: JourneyMapResult, path: str | Path, **options: Any) -> Path:
    """Write a map as the ending of the path says; see :meth:`JourneyMapResult.save`."""
    path = Path(path)
    data = map_bytes(result, path.suffix, **options)
    with reserved(path) as target:
        return target.put(data)


def map_bytes(result: JourneyMapResult, ending: str, *, mask: int = 5, **options: Any) -> bytes:
    """Return a map as the bytes of a file with this ending; cells of fewer customers than `mask` are not told."""
    check_mask(mask)
    write = writer_of(_WRITERS, "a map", ending, options)
    return write(result.masked(mask), **options)


def _data(result: JourneyMapResult) -> bytes:
    return json.dumps(result.to_dict(), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def _cells(result: JourneyMapResult, *, kind: str) -> bytes:
    return table_bytes(map_table(result), kind)


def _text(result: JourneyMapResult, *, lang: str = "en", title: str | None = None) -> bytes:
    """Return the map as Markdown: one table, each cell its facts in lines."""
    words = language(lang).of_stages(result.stages)
    lines = [f"# {markdown(title or words.text('map'))}", "", words.period(result.window), ""]
    whole = whole_facts(result, words)
    lines += [f"- **{fact.value}** {fact.words} {_more(fact.more)}".rstrip() for fact in whole]
    head = ["", *(markdown(words.short(words.stage(stage), 60)) for stage in result.stages)]
    lines += ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in ROWS:
        places = [place_of(result, words, row, stage) for stage in result.stages]
        if any(place.groups for place in places):
            cells = [_facts(place.groups) or words.of("none", row) for place in places]
            lines.append(f"| **{words.of('rows', row)}** | {' | '.join(cells)} |")
    empathy = empathy_values(result, words)
    if empathy is not None:
        lines += empathy_lines(empathy, result.stages, words)
    trials = trial_lines(result, words)
    if trials:
        lines += ["", f"## {words.text('trials')}", "", *(f"- {markdown(line, 600)}" for line, _ in trials)]
    lines += ["", *(f"- {line}" for line in words.words["define"].values())]
    lines += ["", *(f"- {markdown(words.note(note))}" for note in result.notes)]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _facts(groups: Any) -> str:
    lines = []
    for heading, facts in groups:
        if heading:
            lines.append(f"*{heading}*")
        for fact in facts:
            words = " ".join(filter(None, (fact.words, fact.item and markdown(fact.item))))
            lines.append(f"**{fact.value}** {words} {_more(fact.more)}".rstrip())
    return "<br>".join(lines)


def _more(text: str) -> str:
    return f"({text})" if text else ""


def _workbook(result: JourneyMapResult, *, lang: str = "en", title: str | None = None) -> bytes:
    """Return a workbook: the map as a grid, and its cells as numbers; equal maps give equal bytes."""
    words = language(lang).of_stages(result.stages)
    book = new_book(title or words.text("map"), when(result.window.end))
    map_sheet(book, result, words)
    _cell_sheet(book, result, words)
    _note_sheet(book, result, words)
    return book.data()


def _cell_sheet(book: Book, result: JourneyMapResult, words: Language) -> None:
    """Write one line a cell with its numbers as numbers."""
    sheet = book.made.add_worksheet(words.of("sheets", "cells"))
    names = ("stage", "row", "measure", "item", "value", "low", "high", "unit", "n", "what", "code")
    for column, (name, width) in enumerate(
        zip(names, (18, 14, 16, 24, 12, 12, 12, 8, 10, 48, 80), strict=True)
    ):
        sheet.set_column(column, column, width)
        book.text(sheet, 0, column, name, "head")
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(result.cells), 1), len(names) - 1)
    for line, cell in enumerate(result.cells, 1):
        for column, name in enumerate(names):
            value = called(words, cell) if name == "what" else getattr(cell, name)
            if isinstance(value, str):
                book.text(sheet, line, column, value)
            elif value is not None and not math.isnan(value):
                book.number(sheet, line, column, value, _format(cell, name))


def _format(cell: Cell, name: str) -> str:
    counted = name == "n" or cell.unit == "count"
    return "integer" if counted else "share" if cell.unit == "share" else "number"


def _note_sheet(book: Book, result: JourneyMapResult, words: Language) -> None:
    """Write the notes of analysts on a sheet of their own, where there are any."""
    if not result.analyst_notes:
        return
    sheet = book.made.add_worksheet(words.text("noted")[:31])
    names = ("stage", "kind", "text", "author", "date", "link")
    for column, (name, width) in enumerate(zip(names, (18, 14, 80, 18, 12, 40), strict=True)):
        sheet.set_column(column, column, width)
        book.text(sheet, 0, column, words.of("columns", name), "head")
    sheet.freeze_panes(1, 0)
    for line, note in enumerate(result.analyst_notes, 1):
        for column, name in enumerate(names):
            value = getattr(note, name)
            if name == "date" and value is not None:
                book.time(sheet, line, column, dt.datetime.fromisoformat(value), "day")
            elif value is not None:
                book.text(sheet, line, column, words.of("empathy", value) if name == "kind" else value)


_WRITERS: Final[Writers] = {
    ".html": (map_page, ("lang", "theme", "title", "before", "benchmark", "alerts")),
    ".json": (_data, ()),
    ".csv": (partial(_cells, kind="csv"), ()),
    ".parquet": (partial(_cells, kind="parquet"), ()),
    ".md": (_text, ("lang", "title")),
    ".svg": (map_svg, ("lang", "theme", "title")),
    ".xlsx": (_workbook, ("lang", "title")),
}
