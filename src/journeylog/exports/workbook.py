"""A log as a workbook for people: a text stays a text whatever it begins with, a number is a number."""

from __future__ import annotations

import datetime as dt
import importlib
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Column, Number
from journeylog.errors import ConfigError, MissingPackageError
from journeylog.exports.layout import Layout, texts_of
from journeylog.exports.tables import FORMULA, TYPED, slices

__all__ = ["write_workbook"]

#: What a sheet holds: rows with the header, columns, letters of a cell.
_ROWS, _COLUMNS, _LETTERS = 1_048_576, 16_384, 32_767
_CUT: Final = " … (cut)"
#: Whole numbers above are rounded by a spreadsheet, so that they stand as text.
_EXACT: Final = 10**15
_NO_XML: Final = r"[\x{FFFE}\x{FFFF}]"
_SHEET: Final = "events"
#: Nothing in a file says when it was made: the same log is the same bytes.
_MADE: Final = dt.datetime(2000, 1, 1)


def write_workbook(layout: Layout, sink: BinaryIO) -> tuple[dict[str, Any], int]:
    """Write one sheet, times as text in UTC; return how it is read back, and how many texts were cut.

    Raises
    ------
    ConfigError
        If a sheet cannot hold so many events or columns; nothing is written then.
    MissingPackageError
        If XlsxWriter is not installed.
    """
    names = [layout.names["actor"], layout.names["time"], *layout.columns()]
    n = layout.chunk.n_events
    if n >= _ROWS or len(names) > _COLUMNS:
        raise ConfigError(
            f"a sheet holds {_ROWS - 1:,} events and {_COLUMNS:,} columns, and the log has {n:,} and {len(names):,}. "
            "Fix: write .parquet or .csv, or a part of the log (log.sample, log.where)"
        )
    with _book(sink) as book:
        # Without the mark a cell that is edited and left again would be run then.
        marked = book.add_format({"quote_prefix": True})
        sheet = book.add_worksheet(_SHEET)
        sheet.freeze_panes(1, 0)
        numbers = {name for name, column in layout.columns().items() if _is_number(column)}
        header, changed = _cells(pa.array(names))
        lines = itertools.chain([header], _lines(layout, numbers, cut := Counter[str]()))
        for line, row in enumerate(lines):
            for at, cell in enumerate(row):
                if isinstance(cell, tuple):
                    sheet.write_string(line, at, cell[0], marked if cell[1] else None)
                elif isinstance(cell, bool):
                    sheet.write_boolean(line, at, cell)
                elif cell is not None:
                    sheet.write_number(line, at, cell)
    return {**layout.reads_roles(), **layout.reads_types(TYPED)}, changed + cut.total()


@contextmanager
def _book(sink: BinaryIO) -> Iterator[Any]:
    """Give an empty workbook in which no text becomes anything else; it is complete when the block ends."""
    try:
        xlsxwriter = importlib.import_module("xlsxwriter")
    except ImportError as error:
        raise MissingPackageError(
            "workbooks are written by XlsxWriter, which is not installed. Fix: pip install 'journeylog[excel]'"
        ) from error
    never = ("strings_to_formulas", "strings_to_urls", "strings_to_numbers", "nan_inf_to_errors")
    try:
        with xlsxwriter.Workbook(sink, {"constant_memory": True, **dict.fromkeys(never, False)}) as book:
            book.set_properties({"created": _MADE})
            yield book
    except xlsxwriter.exceptions.FileCreateError as error:  # a full disk, under another name
        raise OSError(str(error)) from error


def _lines(layout: Layout, numbers: set[str], cut: Counter[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows as cells: numbers, truths, and texts with whether each begins like a formula."""
    for rows in slices(layout):
        columns: list[list[Any]] = []
        for name, column in rows:
            if name in numbers:
                columns.append(_numbers(column))
            else:
                cells, n = _cells(texts_of(column))
                cut[name] += n
                columns.append(cells)
        yield from zip(*columns, strict=True)


def _is_number(column: Column) -> bool:
    """Return whether a spreadsheet has all values of a column as they are, to the digits it has."""
    if not isinstance(column, Number) or column.unit == "time":
        return False
    if column.unit == "bool":
        return True
    values = column.to_arrow().drop_null()
    if pa.types.is_floating(values.type):
        return bool(pc.all(pc.is_finite(values), min_count=0).as_py())
    largest = pc.max(pc.abs(values.cast(pa.float64(), safe=False))).as_py()
    return largest is None or largest < _EXACT / (1_000_000 if column.unit == "micros" else 1)


def _numbers(column: Column) -> list[Any]:
    """Return numbers and truths as Python has them; money as the nearest double."""
    return [
        value if value is None or isinstance(value, bool | int) else float(value)
        for value in column.to_arrow().to_pylist()
    ]


def _cells(texts: pa.Array) -> tuple[list[tuple[str, bool] | None], int]:
    """Return texts of a length a cell takes, with whether each begins like a formula, and how many were changed."""
    odd = pc.match_substring_regex(texts, _NO_XML)
    texts = pc.replace_substring_regex(texts, _NO_XML, "\ufffd")
    risky = pc.match_substring_regex(texts, FORMULA)
    found: list[tuple[str, bool] | None] = []
    changed = int(pc.sum(odd).as_py() or 0)
    for text, run in zip(texts.to_pylist(), risky.to_pylist(), strict=True):
        if text is None:
            found.append(None)
            continue
        if _letters(text) > _LETTERS:
            text, changed = _shortened(text), changed + 1
        found.append((text, run))
    return found, changed


def _letters(text: str) -> int:
    """Return the length as a spreadsheet counts it: letters outside the basic plane are two."""
    return len(text) if len(text) <= _LETTERS // 2 or text.isascii() else len(text.encode("utf-16-le")) // 2


def _shortened(text: str) -> str:
    room = 2 * (_LETTERS - len(_CUT))
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + _CUT
