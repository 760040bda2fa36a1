"""Excel workbooks (``.xlsx``): one sheet, its first row the names of the columns.

Excel keeps every number as a double: ids that are numbers there are read as the integers they stand for, and a
column of ids too long for a double is refused by whoever reads ids. An empty cell is missing.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from journeylog.errors import ConfigError, MissingPackageError, ParseError, SchemaError, nearest
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch
from journeylog.ingest.containers.files import File, open_bytes

try:
    import python_calamine as calamine
except ImportError:  # an extra
    calamine = None

__all__ = ["ExcelSheet"]

_ROWS: Final = 1 << 16
_EXACT: Final = 2**53


class ExcelSheet:
    """An opened sheet of a workbook."""

    complete = True
    blank_is_missing = True

    def __init__(self, file: File, dialect: Dialect) -> None:
        if calamine is None:
            raise MissingPackageError(
                "Excel files need python-calamine, which is not installed. Fix: pip install 'journeylog[excel]'"
            )
        self.name = file.name
        content = open_bytes(file).read()
        if not content:
            raise SchemaError(
                f"{file.name}: the file is empty. Fix: check the export that should have written it"
            )
        _refuse_bomb(file, content)
        try:
            book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
            rows = self._sheet(book, dialect.sheet).iter_rows()
            header = next((row for row in rows if any(cell != "" for cell in row)), None)
        except (calamine.CalamineError, OSError) as error:
            raise ParseError(
                f"{file.name}: the workbook is damaged or is none ({error}). Fix: save it again as .xlsx or CSV"
            ) from error
        if header is None:
            raise SchemaError(f"{file.name}: the sheet is empty. Fix: name another with sheet='...'")
        self.rows = rows
        self.columns: Sequence[str] = [str(_plain(cell) or "") for cell in header]

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows, some at a time; rows without any value are none."""
        kept = [i for i, name in enumerate(self.columns) if wanted is None or name in wanted]
        names = [self.columns[i] for i in kept]
        number = 0
        for some in _batches(self.rows):
            numbered = [(number + k + 1, row) for k, row in enumerate(some)]
            number += len(some)
            full = [(n, row) for n, row in numbered if any(cell != "" for cell in row)]
            yield partial(_piece, names, kept, full)

    def _sheet(self, book: Any, wanted: str | None) -> Any:
        """Return the sheet that is meant; without a name the only one."""
        names = list(book.sheet_names)
        if wanted is not None and wanted not in names:
            near = nearest(wanted, names)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {names}"
            raise ConfigError(f"{self.name} has no sheet {wanted!r}. Fix: {hint}")
        if wanted is None and len(names) > 1:
            raise ConfigError(f"{self.name} has the sheets {names}. Fix: name one, sheet={names[0]!r}")
        return book.get_sheet_by_name(names[0] if wanted is None else wanted)


def _refuse_bomb(file: File, content: bytes) -> None:
    """Refuse a workbook that unpacks to more than is plausible for its size."""
    limit = max(200 * len(content), 1 << 26) if file.max_unpacked is None else file.max_unpacked
    try:
        size = sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(content)).infolist())
    except (zipfile.BadZipFile, ValueError) as error:
        raise ParseError(
            f"{file.name}: the workbook is damaged or is none ({error}). Fix: save it again"
        ) from error
    if size > limit:
        raise ParseError(
            f"{file.name}: the workbook of {len(content):,} bytes unpacks to {size:,}. "
            f"Fix: if that is meant, pass max_decompressed_bytes={size}"
        )


def _batches(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while some := list(itertools.islice(rows, _ROWS)):
        yield some


def _piece(names: list[str], kept: list[int], rows: list[tuple[int, list[Any]]]) -> Piece:
    columns = {name: _column([row[i] for _, row in rows]) for name, i in zip(names, kept, strict=True)}
    return Piece(as_batch(columns, len(rows)), np.array([n for n, _ in rows], dtype=np.int64))


def _column(cells: list[Any]) -> pa.Array:
    """Return cells of one kind as such, cells of several as text."""
    values = [_plain(cell) for cell in cells]
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and kinds:
        whole = all(v is None or (float(v).is_integer() and abs(v) < _EXACT) for v in values)
        return pa.array([None if v is None else int(v) if whole else float(v) for v in values])
    if len(kinds) == 1 and kinds <= {str, bool, dt.date, dt.datetime}:
        return pa.array(values)
    if kinds == {dt.date, dt.datetime}:
        return pa.array(
            [dt.datetime.combine(v, dt.time()) if type(v) is dt.date else v for v in values],
            pa.timestamp("us"),
        )
    return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _plain(cell: Any) -> Any:
    """Return the value of a cell, None for an empty one."""
    return None if cell == "" else cell


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
