"""Sheets of a workbook: numbers are numbers, dates are dates, and no text of the data is a formula or a link."""

from __future__ import annotations

import datetime as dt
import importlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from journeylog.errors import ConfigError, MissingPackageError
from journeylog.exports.tables import FORMULA
from journeylog.journeymap.rows import ROWS
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import Language
from journeylog.reporting.mappage import place_of
from journeylog.reporting.names import short
from journeylog.reporting.tidyschema import Entry

__all__ = ["Book", "map_sheet", "new_book", "table_sheet", "when"]

_LETTERS, _ROWS = 32_000, 1_048_576
_WIDE, _NARROW = 48, 9
_MAP_WIDTH: Final = 36
_RISKY: Final = re.compile(FORMULA)
_STYLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "head": {
        "bold": True,
        "bg_color": "#17456b",
        "font_color": "#ffffff",
        "text_wrap": True,
        "valign": "top",
    },
    "row": {"bold": True, "valign": "top", "text_wrap": True},
    "cell": {"valign": "top", "text_wrap": True},
    "text": {},
    "share": {"num_format": "0.0%"},
    "integer": {"num_format": "#,##0"},
    "number": {"num_format": "#,##0.0##"},
    "time": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "day": {"num_format": "yyyy-mm-dd"},
}


@dataclass(frozen=True)
class Book:
    """A workbook that is being made, with its styles; a text that begins like a formula has a mark against it."""

    made: Any
    sink: io.BytesIO
    styles: Mapping[str, Any]
    marked: Mapping[str, Any]

    def text(self, sheet: Any, line: int, column: int, value: str, style: str = "text") -> None:
        """Write a text as it is."""
        # without the mark a cell that is edited and left again would be run then
        found = (self.marked if _RISKY.match(value) else self.styles)[style]
        sheet.write_string(line, column, _fits(value), found)

    def number(self, sheet: Any, line: int, column: int, value: float, style: str) -> None:
        """Write a number."""
        sheet.write_number(line, column, value, self.styles[style])

    def time(self, sheet: Any, line: int, column: int, value: dt.datetime, style: str = "time") -> None:
        """Write a time in UTC, or one without a zone as it is; sheets know no zones."""
        bare = value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
        sheet.write_datetime(line, column, bare, self.styles[style])

    def data(self) -> bytes:
        """Return the finished file."""
        self.made.close()
        return self.sink.getvalue()


def new_book(title: str, made: dt.datetime) -> Book:
    """Return an empty workbook; equal content gives equal bytes.

    Raises
    ------
    MissingPackageError
        If XlsxWriter is not installed.
    """
    try:
        xlsxwriter = importlib.import_module("xlsxwriter")
    except ImportError as error:
        raise MissingPackageError(
            "a workbook needs XlsxWriter, which is not installed. Fix: pip install 'journeylog[excel]'"
        ) from error
    never = ("strings_to_formulas", "strings_to_urls", "strings_to_numbers", "nan_inf_to_errors")
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True, **dict.fromkeys(never, False)})
    book.set_properties({"title": short(title, 200), "created": made.replace(tzinfo=None)})
    return Book(
        book,
        sink,
        {name: book.add_format(dict(style)) for name, style in _STYLES.items()},
        {name: book.add_format({**style, "quote_prefix": True}) for name, style in _STYLES.items()},
    )


def when(micros: int) -> dt.datetime:
    """Return a time with whole seconds."""
    return dt.datetime.fromtimestamp(micros // 1_000_000, dt.UTC)


def map_sheet(book: Book, result: JourneyMapResult, words: Language) -> tuple[Any, int]:
    """Write the map as a grid, stages across and rows down; return the sheet and its next free line."""
    sheet = book.made.add_worksheet(words.of("sheets", "map"))
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, max(len(result.stages), 1), _MAP_WIDTH)
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.fit_to_pages(1, 0)
    book.text(sheet, 0, 0, words.period(result.window), "head")
    for column, stage in enumerate(result.stages, 1):
        book.text(sheet, 0, column, words.short(words.stage(stage), 200), "head")
    line = 1
    for row in ROWS:
        places = [place_of(result, words, row, stage) for stage in result.stages]
        if not any(place.groups for place in places):
            continue
        book.text(sheet, line, 0, words.of("rows", row), "row")
        for column, place in enumerate(places, 1):
            facts = [_line(fact) for _, group in place.groups for fact in group]
            book.text(sheet, line, column, "\n".join(facts) or words.of("none", row), "cell")
        line += 1
    return sheet, line


def table_sheet(book: Book, name: str, table: pa.Table, entries: Sequence[Entry]) -> None:
    """Write a table with a frozen header and filters; what is missing stays empty.

    Raises
    ------
    ConfigError
        If a sheet cannot hold so many rows.
    """
    if table.num_rows >= _ROWS:
        raise ConfigError(
            f"a sheet holds {_ROWS - 1:,} rows, and {name!r} has {table.num_rows:,}. Fix: write .parquet or .csv"
        )
    sheet = book.made.add_worksheet(name[:31])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(table.num_rows, 1), len(entries) - 1)
    for column, entry in enumerate(entries):
        values = table.column(entry.name).to_pylist()
        texts = entry.type in ("text", "boolean")
        longest = max((len(str(v)) for v in values[:500] if v is not None), default=0) if texts else 12
        sheet.set_column(column, column, min(max(longest, len(entry.name), _NARROW) + 3, _WIDE))
        book.text(sheet, 0, column, entry.name, "head")
        for line, value in enumerate(values, 1):
            _put(book, sheet, line, column, value, entry)


def _put(book: Book, sheet: Any, line: int, column: int, value: Any, entry: Entry) -> None:
    if value is None or value != value:
        return
    if isinstance(value, str):
        book.text(sheet, line, column, value)
    elif isinstance(value, bool):
        sheet.write_boolean(line, column, value)
    elif isinstance(value, dt.datetime):
        book.time(sheet, line, column, value)
    else:
        style = "share" if entry.unit == "share" else entry.type
        book.number(sheet, line, column, value, style)


def _line(fact: Any) -> str:
    """Return one fact of the map in a line."""
    more = f"({fact.more})" if fact.more else ""
    return " ".join(part for part in (fact.value, fact.words, fact.item, more) if part)


def _fits(text: str) -> str:
    """Return a text of a length a spreadsheet takes, marked where it was cut, with hidden signs written out."""
    whole = "\n".join(short(part, 8000) for part in text.splitlines())
    return whole if len(whole) <= _LETTERS else whole[: _LETTERS - 1] + "…"
