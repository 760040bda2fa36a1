"""Delimited text with backslashes in place of quotes, and its columns named elsewhere (Adobe's data feed).

What a record is, is said in :mod:`journeylog.core.kernels.escaped_rows`. Columns are text and stay text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.core import arrow_text
from journeylog.core.kernels import escaped_rows as kernel
from journeylog.errors import ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch
from journeylog.ingest.containers.blocks import blocks
from journeylog.ingest.containers.files import File, guess_encoding, open_text
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["EscapedTable", "column_names"]

_REASONS: Final = {
    kernel.WRONG_COUNT: Reason.ROW_SHAPE,
    kernel.TOO_LONG: Reason.FIELD_TOO_LONG,
    kernel.BAD_TEXT: Reason.ENCODING,
}
_TAB: Final = "\t"
_LONGEST_HEADER: Final = 1 << 20


class EscapedTable:
    """An opened file of such rows; ``dialect.names`` are its columns."""

    complete = True
    blank_is_missing = True

    def __init__(self, file: File, dialect: Dialect) -> None:
        if dialect.names is None:
            raise SchemaError(
                f"{file.name} has no line of its own that names its columns. Fix: pass names=, the fields of the "
                "file that was delivered with it: names=Path('column_headers.tsv')"
            )
        self.name, self.dialect = file.name, dialect
        self.columns: Sequence[str] = dialect.names
        self.delimiter = ord(dialect.delimiter or _TAB)
        self.stream = open_text(file, dialect.encoding)
        self.carry = b""
        self.records, self.lines = 0, 0

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows, block by block."""
        kept = [name for name in self.columns if wanted is None or name in wanted]
        places = np.full(len(self.columns), -1, np.int64)
        for place, name in enumerate(kept):
            places[list(self.columns).index(name)] = place
        for block in blocks(self.stream, self.dialect.block, lone_cr=False):
            data = self.carry + block.data
            if data:
                yield self._rows(data, block.final or block.lost is not None, kept, places)
            if block.lost is not None:
                self.records += 1
                self.lines += 1
                bad = BadRow(
                    self.records, self.lines, Reason.FIELD_TOO_LONG, "the line is too long", block.lost
                )
                yield partial(_only_bad, bad)

    def _rows(self, data: bytes, final: bool, kept: list[str], places: npt.NDArray[np.int64]) -> Work:
        """Find the rows of a block; their columns are copied when the work is done."""
        buf = np.frombuffer(data, np.uint8)
        room = 1 + data.count(b"\n")
        starts, ends = np.empty((room, len(kept)), np.int32), np.empty((room, len(kept)), np.int32)
        where, bad = np.empty((room, 2), np.int32), np.empty((room, 6), np.int32)
        used, rows, n_bad, records, lines = kernel.scan_escaped(
            buf, final, data.isascii(), self.delimiter, places, self.dialect.max_field, starts, ends, where, bad
        )  # fmt: skip
        first_row, first_line = self.records + 1, self.lines + 1
        self.carry = data[used:]
        self.records += records
        self.lines += lines

        def piece() -> Piece:
            columns = {}
            for place, name in enumerate(kept):
                mine, stops = starts[:rows, place], ends[:rows, place]
                size = int((np.where(stops < 0, ~stops, stops) - mine).sum(dtype=np.int64))
                text, offsets = np.empty(size, np.uint8), np.empty(rows + 1, np.int32)
                kernel.gather_escaped(buf, mine, stops, self.delimiter, text, offsets)
                columns[name] = arrow_text.from_buffers(text, offsets)
            row = where[:rows, 0].astype(np.int64) + first_row
            line = where[:rows, 1].astype(np.int64) + first_line
            lost = [self._bad(b, buf, first_row, first_line) for b in bad[:n_bad]]
            return Piece(as_batch(columns, rows), row, line, lost)

        widths = set(bad[:n_bad, 5].tolist()) if self.records == records == n_bad >= 2 else set()
        if self.dialect.exact and len(widths) == 1:
            raise SchemaError(
                f"{self.name}: its rows have {widths.pop()} fields, and {len(self.columns)} names are declared. "
                "Fix: pass names= for the columns that it has"
            )
        return piece

    def _bad(
        self, found: npt.NDArray[np.int32], buf: npt.NDArray[np.uint8], first_row: int, first_line: int
    ) -> BadRow:
        record, line, verdict, start, stop, n_fields = found.tolist()
        raw = buf[start:stop].tobytes()
        if verdict == kernel.WRONG_COUNT:
            why = f"{n_fields} fields, the table has {len(self.columns)}"
        elif verdict == kernel.TOO_LONG:
            why = f"a field is longer than {self.dialect.max_field:,} bytes"
        else:
            why = f"the bytes are not {self.dialect.encoding}; they look like {guess_encoding(raw)}"
        return BadRow(record + first_row, line + first_line, _REASONS[verdict], why, raw)


def _only_bad(bad: BadRow) -> Piece:
    return Piece(as_batch({}, 0), np.zeros(0, np.int64), np.zeros(0, np.int64), [bad])


def column_names(given: Any, delimiter: str | None) -> Any:
    """Return names of columns as they were given, or as the first line of the file names them that was given.

    Raises
    ------
    ParseError
        If there is no such file, or it is no text.
    """
    if not isinstance(given, os.PathLike):
        return given
    path = Path(given)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline(_LONGEST_HEADER).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ParseError(
            f"names={str(path)!r} cannot be read: {error}. Fix: the file that names the columns"
        ) from error
    mark = delimiter or ("," if path.suffix == ".csv" else _TAB)
    return tuple(name.strip().strip('"') for name in first.split(mark))
