"""The journey map as files: a page, data, a text page, a workbook."""

from __future__ import annotations

import datetime as dt
import importlib
import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from journeylog.errors import ConfigError
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.empathypage import empathy_lines, empathy_values
from journeylog.reporting.language import Language, language
from journeylog.reporting.mappage import called, map_page, place_of, written
from journeylog.reporting.names import short
from journeylog.reporting.write import reserved

__all__ = ["map_bytes", "save_map"]

_WIDE = 36


def save_map(result: JourneyMapResult, path: str | Path, **options: Any) -> Path:
    """Write a map as the ending of the path says; see :meth:`JourneyMapResult.save`."""
    path = Path(path)
    data = map_bytes(result, path.suffix, **options)
    with reserved(path) as target:
        return target.put(data)


def map_bytes(result: JourneyMapResult, ending: str, *, mask: int = 5, **options: Any) -> bytes:
    """Return a map as the bytes of a file with this ending; cells of fewer customers than `mask` are not told."""
    if isinstance(mask, bool) or not isinstance(mask, int) or mask < 0:
        raise ConfigError(
            f"mask={mask!r} is not possible. Fix: a number of customers such as 5, 0 for no mask"
        )
    if ending not in _WRITERS:
        raise ConfigError(f"a map cannot be written as {ending!r}. Fix: one of {list(_WRITERS)}")
    write, known = _WRITERS[ending]
    for name in options:
        if name not in known:
            hint = f"one of {list(known)}" if known else "leave it out"
            raise ConfigError(f"a {ending} file has no option {name!r}. Fix: {hint}")
    return write(result.masked(mask), **options)


def _data(result: JourneyMapResult) -> bytes:
    return json.dumps(result.to_dict(), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def _text(result: JourneyMapResult, *, lang: str = "en", title: str | None = None) -> bytes:
    """Return the map as Markdown: one table, each cell its facts in lines."""
    words = language(lang)
    lines = [f"# {_plain(title or words.text('map'))}", "", words.period(result.window), ""]
    whole = [fact for row in ROWS for _, facts in place_of(result, words, row, None).groups for fact in facts]
    lines += [f"- **{fact.value}** {fact.words} {_more(fact.more)}".rstrip() for fact in whole]
    head = ["", *(_plain(short(stage, 60)) for stage in result.stages)]
    lines += ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in ROWS:
        places = [place_of(result, words, row, stage) for stage in result.stages]
        if any(place.groups for place in places):
            cells = [_facts(place.groups) or words.of("none", row) for place in places]
            lines.append(f"| **{words.of('rows', row)}** | {' | '.join(cells)} |")
    empathy = empathy_values(result, words, written)
    if empathy is not None:
        lines += empathy_lines(empathy, result.stages, words, _plain)
    lines += ["", *(f"- {line}" for line in words.words["define"].values())]
    lines += ["", *(f"- {_plain(words.note(note))}" for note in result.notes)]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _facts(groups: Any) -> str:
    lines = []
    for heading, facts in groups:
        if heading:
            lines.append(f"*{heading}*")
        for fact in facts:
            words = f"{fact.words} {_plain(fact.item)}".strip()
            lines.append(f"**{fact.value}** {words} {_more(fact.more)}".rstrip())
    return "<br>".join(lines)


def _more(text: str) -> str:
    return f"({text})" if text else ""


def _plain(text: str) -> str:
    """Return a name as Markdown shows it, whatever signs it holds."""
    entities = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    return "".join(
        entities.get(sign, f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|~$@:" else sign)
        for sign in short(text, 200)
    )


def _workbook(result: JourneyMapResult, *, lang: str = "en", title: str | None = None) -> bytes:
    """Return a workbook: the map as a grid, and its cells as numbers; equal maps give equal bytes.

    No text is ever taken for a formula or a link.
    """
    try:
        xlsxwriter = importlib.import_module("xlsxwriter")
    except ImportError as error:
        raise ConfigError("a workbook needs XlsxWriter. Fix: pip install 'journeylog[excel]'") from error
    words = language(lang)
    made = dt.datetime.fromtimestamp(result.window.end // 1_000_000, dt.UTC).replace(tzinfo=None)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": title or words.text("map"), "created": made})
    style = {
        "head": book.add_format(
            {"bold": True, "bg_color": "#17456b", "font_color": "#ffffff", "text_wrap": True}
        ),
        "row": book.add_format({"bold": True, "valign": "top", "text_wrap": True}),
        "cell": book.add_format({"valign": "top", "text_wrap": True}),
        "share": book.add_format({"num_format": "0.0%"}),
        "count": book.add_format({"num_format": "#,##0"}),
        "other": book.add_format({"num_format": "#,##0.0##"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    _map_sheet(book, style, result, words)
    _cell_sheet(book, style, result, words)
    _note_sheet(book, style, result, words)
    book.close()
    return out.getvalue()


def _map_sheet(book: Any, style: Mapping[str, Any], result: JourneyMapResult, words: Language) -> None:
    sheet = book.add_worksheet(words.text("map")[:31])
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, max(len(result.stages), 1), _WIDE)
    sheet.set_landscape()
    sheet.set_paper(8)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, words.period(result.window), style["head"])
    for column, stage in enumerate(result.stages, 1):
        sheet.write_string(0, column, short(stage, 200), style["head"])
    line = 1
    for row in ROWS:
        places = [place_of(result, words, row, stage) for stage in result.stages]
        if not any(place.groups for place in places):
            continue
        sheet.write_string(line, 0, words.of("rows", row), style["row"])
        for column, place in enumerate(places, 1):
            facts = [
                f"{fact.value} {fact.words} {fact.item} {_more(fact.more)}".replace("  ", " ").strip()
                for _, group in place.groups
                for fact in group
            ]
            sheet.write_string(line, column, "\n".join(facts) or words.of("none", row), style["cell"])
        line += 1


def _cell_sheet(book: Any, style: Mapping[str, Any], result: JourneyMapResult, words: Language) -> None:
    """Write one line a cell with its numbers as numbers."""
    sheet = book.add_worksheet("Cells")
    names = ("stage", "row", "measure", "item", "value", "low", "high", "unit", "n", "what", "code")
    for column, (name, width) in enumerate(
        zip(names, (18, 14, 16, 24, 12, 12, 12, 8, 10, 48, 80), strict=True)
    ):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, style["head"])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(result.cells), 1), len(names) - 1)
    for line, cell in enumerate(result.cells, 1):
        for column, name in enumerate(names):
            value = called(words, cell) if name == "what" else getattr(cell, name)
            if isinstance(value, str):
                sheet.write_string(line, column, _fits(value))
            elif value is not None and not math.isnan(value):
                sheet.write_number(line, column, value, style[_format(cell, name)])


def _note_sheet(book: Any, style: Mapping[str, Any], result: JourneyMapResult, words: Language) -> None:
    """Write the notes of analysts on a sheet of their own, where there are any."""
    if not result.analyst_notes:
        return
    sheet = book.add_worksheet(words.text("noted")[:31])
    names = ("stage", "kind", "text", "author", "date", "link")
    for column, (name, width) in enumerate(zip(names, (18, 14, 80, 18, 12, 40), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, words.of("columns", name), style["head"])
    sheet.freeze_panes(1, 0)
    for line, note in enumerate(result.analyst_notes, 1):
        for column, name in enumerate(names):
            value = getattr(note, name)
            if name == "kind":
                value = words.of("empathy", value)
            if name == "date" and value is not None:
                sheet.write_datetime(line, column, dt.datetime.fromisoformat(value), style["day"])
            elif value is not None:
                sheet.write_string(line, column, _fits(value))


def _format(cell: Cell, name: str) -> str:
    return "count" if name == "n" else cell.unit if cell.unit in ("share", "count") else "other"


def _fits(text: str) -> str:
    """Return a text of a length a spreadsheet takes, marked where it was cut, with hidden signs written out."""
    whole = "\n".join(short(part, 8000) for part in text.splitlines())
    return whole if len(whole) <= 32_000 else whole[:31_999] + "…"


_Writer = Callable[..., bytes]
_WRITERS: Final[Mapping[str, tuple[_Writer, tuple[str, ...]]]] = {
    ".html": (map_page, ("lang", "theme", "title", "before", "alerts")),
    ".json": (_data, ()),
    ".md": (_text, ("lang", "title")),
    ".xlsx": (_workbook, ("lang", "title")),
}
