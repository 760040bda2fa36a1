"""CSV: delimited text with a declared dialect. What a record is, is said in :mod:`journeylog.core.kernels.csv_rows`.

Columns are text and stay text. Every line that is no row of the table is kept as a reject with its number and
its bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.core.kernels import csv_rows as kernel
from journeylog.errors import ConfigError, ParseError, SchemaError, cut
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch, of_share
from journeylog.ingest.containers.blocks import Lent, lent_blocks
from journeylog.ingest.containers.files import File, guess_encoding, open_text, wrong_encoding
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["CsvTable"]

_REASONS: Final = {
    kernel.WRONG_COUNT: Reason.ROW_SHAPE,
    kernel.OPEN_QUOTE: Reason.ROW_SHAPE,
    kernel.BAD_QUOTE: Reason.ROW_SHAPE,
    kernel.TOO_LONG: Reason.FIELD_TOO_LONG,
    kernel.BAD_TEXT: Reason.ENCODING,
}
_OTHER_DELIMITERS: Final = (";", "\t", "|", ",")
#: Bytes read at once at most: the columns of a block have room beside each other then.
_BLOCK: Final = 1 << 21
#: Bytes a thread works in at most; most of them are never touched.
_SPACE: Final = 1 << 25
_OWN: Final = threading.local()

Data = npt.NDArray[np.uint8]
Spots = npt.NDArray[np.int32]

_NOTHING: Final[Data] = np.zeros(0, np.uint8)


class CsvTable:
    """A CSV file whose header has been read."""

    complete = True
    blank_is_missing = True

    def __init__(self, file: File, dialect: Dialect) -> None:
        self.name = file.name
        self.dialect = dialect
        self.delimiter = _byte("\t" if file.suffix == ".tsv" else ",", "delimiter")
        if dialect.delimiter is not None:
            self.delimiter = _byte(dialect.delimiter, "delimiter")
        self.quote = -1 if dialect.quote is None else _byte(dialect.quote, "quote")
        self.stream = open_text(file, dialect.encoding)
        self.blocks = lent_blocks(self.stream, min(dialect.block, _BLOCK), lone_cr=True)
        self.carry, self.final, self.begun = b"", False, 0.0
        self.records, self.lines, self.no_text = 0, 0, 0
        self.columns: tuple[str, ...] = dialect.names or self._read_header()

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows, block by block."""
        kept = [name for name in self.columns if wanted is None or name in wanted]
        places = np.full(len(self.columns), -1, np.int64)
        for place, name in enumerate(kept):
            places[self.columns.index(name)] = place
        if self.carry or self.final:
            yield from self._scan(Lent(_NOTHING, self.final, share=self.begun), kept, places)
        for block in self.blocks if not self.final else ():
            yield from self._scan(block, kept, places)

    def _scan(self, block: Lent, kept: list[str], places: npt.NDArray[np.int64]) -> Iterator[Work]:
        data = block.data
        if self.carry:
            data = np.frombuffer(self.carry + data.tobytes(), np.uint8)
        ends_here = block.final or block.lost is not None
        seen = seen_in(data, self.quote)
        lines = self._plain_lines(data, seen, len(kept))
        if lines:
            found = _Lines(self, data, lines, kept, places)
            self.carry = b""
            self.records += lines
            self.lines += lines
            yield of_share(block.share, found.piece)
        elif len(data):
            yield of_share(block.share, self._rows(data, seen, ends_here, kept, places))
        if block.lost is not None:
            bad = BadRow(
                self.records + 1, self.lines + 1, Reason.FIELD_TOO_LONG, "the line is too long", block.lost
            )
            self.records += 1
            self.lines += 1
            yield lambda: Piece(as_batch({}, 0), np.zeros(0, np.int64), np.zeros(0, np.int64), [bad])

    def _plain_lines(self, data: Data, seen: _Seen, n_kept: int) -> int:
        """Return the lines of a block in which every line is a record, so that it can be split apart from the rest.

        None of the first block, which may show that the encoding or the width is another; 0 for "look closer".
        """
        plain = (
            self.records > 0
            and 0 < n_kept * len(data) <= _SPACE
            and data[-1] == ord("\n")
            and not (seen.returns or seen.quotes or seen.empty)
            and (not seen.high or _is_utf8(data))
        )
        return seen.feeds if plain else 0

    def _rows(
        self, data: Data, seen: _Seen, final: bool, kept: list[str], places: npt.NDArray[np.int64]
    ) -> Work:
        """Find the rows of a block; their columns are copied when the work is done."""
        room = 1 + seen.feeds + seen.returns
        starts, ends = np.empty((room, len(kept)), np.int32), np.empty((room, len(kept)), np.int32)
        where, bad = np.empty((room, 2), np.int32), np.empty((room, 6), np.int32)
        used, rows, n_bad, records, lines = kernel.scan_rows(
            data, final, not seen.high, self.delimiter, self.quote, places, self.dialect.max_field,
            starts, ends, where, bad,
        )  # fmt: skip
        found = _Found(self, data, starts[:rows], ends[:rows], where[:rows], bad[:n_bad], kept)
        self.carry = data[used:].tobytes()
        self.records += records
        self.lines += lines
        self.no_text += int(np.count_nonzero(bad[:n_bad, 2] == kernel.BAD_TEXT))
        if self.no_text * 2 > self.records:
            raise self._wrong_encoding(found.raw(int(np.flatnonzero(bad[:n_bad, 2] == kernel.BAD_TEXT)[0])))
        self._check_width(records, bad[:n_bad])
        return partial(found.piece)

    def _check_width(self, records: int, bad: Spots) -> None:
        """Refuse names that are more or fewer than the fields of every row: they are those of another table."""
        if not self.dialect.exact or not self.records == records == len(bad) >= 2:
            return  # others, or rows that fit; or a single row, which may be a damaged one
        widths = set(bad[:, 5].tolist())
        if len(widths) == 1 and (bad[:, 2] == kernel.WRONG_COUNT).all():
            raise SchemaError(
                f"{self.name}: its rows have {widths.pop()} fields, and {len(self.columns)} names are declared. "
                "Fix: pass names= for the columns that it has"
            )

    def _read_header(self) -> tuple[str, ...]:
        """Take the first record; it names the columns."""
        for block in self.blocks:
            data = self.carry + block.data.tobytes()
            buf = np.frombuffer(data, np.uint8)
            first = _first_record(buf, self.delimiter, self.quote, block.final, self.dialect.max_field)
            self.final = block.final
            self.begun += block.share
            if first is None and not block.final and block.lost is None:
                self.carry = data
                continue
            if first is None:
                if data.strip() or block.lost is not None:
                    raise ParseError(
                        f"{self.name}: the first line is no header. Fix: check delimiter= and quote="
                    )
                raise SchemaError(
                    f"{self.name}: the file is empty. Fix: check the export that should have written it"
                )
            fields, self.carry, self.lines = first
            try:
                names = tuple(field.decode("utf-8") for field in fields)
            except UnicodeDecodeError:
                raise self._wrong_encoding(b"".join(fields)) from None
            self._check_delimiter(names)
            return names
        raise AssertionError("blocks end with a final one")

    def _check_delimiter(self, names: tuple[str, ...]) -> None:
        """Refuse one wide column where another delimiter would give several."""
        used = chr(self.delimiter)
        if len(names) == 1:
            likely = max((d for d in _OTHER_DELIMITERS if d != used), key=names[0].count)
            if likely in names[0]:
                raise SchemaError(
                    f"{self.name}: the header is one column, {cut(names[0])}, with delimiter={used!r}. "
                    f"Fix: pass delimiter={likely!r}"
                )

    def _wrong_encoding(self, raw: bytes) -> ParseError:
        return wrong_encoding(self.name, self.dialect.encoding, raw)


class _Seen(NamedTuple):
    """What the bytes of a block show: line feeds, carriage returns, and whether quotes, empty lines, high bytes."""

    feeds: int
    returns: int
    quotes: bool
    empty: bool
    high: bool


def seen_in(data: Data, quote: int) -> _Seen:
    """Look at a block once."""
    return _Seen(*kernel.survey(data, quote))


def _is_utf8(data: Data) -> bool:
    offsets = pa.py_buffer(np.array([0, len(data)], np.int32))
    try:
        pa.Array.from_buffers(pa.binary(), 1, [None, offsets, pa.py_buffer(data)]).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


class _Lines:
    """The rows of a block in which every line is a record."""

    def __init__(
        self, table: CsvTable, data: Data, lines: int, kept: list[str], places: npt.NDArray[np.int64]
    ) -> None:
        self.data, self.n, self.kept, self.places, self.delimiter = data, lines, kept, places, table.delimiter
        self.told = _Told(table)

    def piece(self) -> Piece:
        """Split the block into columns."""
        n_kept, size = len(self.kept), len(self.data) + kernel.SLACK
        space = _room("space", n_kept * size, np.uint8)
        ends = np.arange(n_kept) * size
        offsets = _room("offsets", n_kept * (self.n + 1), np.int32).reshape(n_kept, self.n + 1)
        offsets[:, 0] = 0
        bad = np.empty((self.n, 6), np.int32)
        rows, n_bad = kernel.split_lines(
            self.data, self.delimiter, self.places, self.told.max_field, space, ends, offsets, bad
        )
        columns = {
            name: arrow_text.from_buffers(space[k * size : ends[k]].copy(), offsets[k, : rows + 1].copy())
            for k, name in enumerate(self.kept)
        }
        row, line = (np.arange(n, n + self.n, dtype=np.int64) for n in (self.told.records, self.told.lines))
        if n_bad:
            row, line = (np.delete(numbers, bad[:n_bad, 0]) for numbers in (row, line))
        listed = [self.told.bad_row(found, self.data) for found in bad[:n_bad].tolist()]
        return Piece(as_batch(columns, rows), row, line, listed, utf8=True)


def _room(name: str, size: int, kind: type[np.generic]) -> npt.NDArray[Any]:
    """Return memory to work in, kept by the thread: to ask for it anew would cost as much as to fill it."""
    found: npt.NDArray[Any] | None = getattr(_OWN, name, None)
    if found is None or found.size < size:
        found = np.empty(size, kind)
        setattr(_OWN, name, found)
    return found[:size]


class _Told:
    """What tells of a record that was given up: where its block begins, and how the table is written."""

    def __init__(self, table: CsvTable) -> None:
        self.quote, self.n_columns = table.quote, len(table.columns)
        self.records, self.lines = table.records + 1, table.lines + 1
        self.encoding, self.max_field = table.dialect.encoding, table.dialect.max_field

    def bad_row(self, found: list[int], data: Data) -> BadRow:
        """Return the reject of a record that the kernel gave up."""
        record, line, verdict, start, stop, n_fields = found
        raw = data[start:stop].tobytes()
        if verdict == kernel.WRONG_COUNT:
            why = f"{n_fields} fields, the table has {self.n_columns}"
        elif verdict == kernel.BAD_TEXT:
            why = f"the bytes are not {self.encoding}; they look like {guess_encoding(raw)}"
        elif verdict == kernel.TOO_LONG:
            why = f"a field is longer than {self.max_field:,} bytes"
        else:
            # The quote of a later line may have closed it, and then text follows.
            open_quote = verdict == kernel.OPEN_QUOTE or raw.count(self.quote) % 2 == 1
            why = "a quote is opened and not closed" if open_quote else "text follows a closing quote"
        return BadRow(record + self.records, line + self.lines, _REASONS[verdict], why, raw)


class _Found:
    """The rows of one block, as spans in it."""

    def __init__(
        self,
        table: CsvTable,
        data: Data,
        starts: Spots,
        ends: Spots,
        where: Spots,
        bad: Spots,
        kept: list[str],
    ) -> None:
        self.data, self.starts, self.ends, self.where, self.bad = data, starts, ends, where, bad
        self.kept, self.quote, self.told = kept, table.quote, _Told(table)

    def piece(self) -> Piece:
        """Copy the columns out of the block."""
        columns = {}
        for place, name in enumerate(self.kept):
            starts, ends = self.starts[:, place], self.ends[:, place]
            stops = np.where(ends < 0, ~ends, ends)
            offsets = np.empty(len(starts) + 1, np.int32)
            data = np.empty(int(stops.sum(dtype=np.int64) - starts.sum(dtype=np.int64)), np.uint8)
            kernel.gather_field(self.data, starts, ends, self.quote, data, offsets)
            columns[name] = arrow_text.from_buffers(data, offsets)
        row = self.where[:, 0].astype(np.int64) + self.told.records
        line = self.where[:, 1].astype(np.int64) + self.told.lines
        bad = [self.told.bad_row(found, self.data) for found in self.bad.tolist()]
        return Piece(as_batch(columns, len(row)), row, line, bad, utf8=True)

    def raw(self, i: int) -> bytes:
        """Return the bytes of a record that was given up."""
        return self.data[self.bad[i, 3] : self.bad[i, 4]].tobytes()


def _first_record(
    buf: npt.NDArray[np.uint8], delimiter: int, quote: int, final: bool, max_field: int
) -> tuple[list[bytes], bytes, int] | None:
    """Return the fields of the first record, what follows it, and its last line's number; None for no record."""
    at = 0
    while at < buf.size and buf[at] in b"\r\n":
        at += 1
    skipped = int(np.count_nonzero(buf[:at] == 10)) or at
    width = 1 + int(np.count_nonzero(buf[at : at + (1 << 22)] == delimiter)) if at < buf.size else 0
    starts, ends = np.empty((1, width), np.int32), np.empty((1, width), np.int32)
    if not width:
        return None
    stop, n_fields, inner, verdict = kernel.scan_record(
        buf, at, 0, delimiter, quote, np.arange(width), max_field, starts, ends
    )
    if verdict != kernel.GOOD or (stop >= buf.size and not final):
        return None
    fields = []
    for start, end in zip(starts[0, :n_fields].tolist(), ends[0, :n_fields].tolist(), strict=True):
        field = buf[start : ~end if end < 0 else end].tobytes()
        fields.append(field.replace(bytes([quote]) * 2, bytes([quote])) if end < 0 else field)
    rest = kernel.after_line(buf, stop)
    return fields, buf[rest:].tobytes(), skipped + inner + 1


def _byte(character: str, name: str) -> int:
    if not isinstance(character, str) or len(character.encode()) != 1 or character in "\r\n":
        raise ConfigError(f"{name}={character!r} is not one plain character. Fix: for example {name}=';'")
    return ord(character)
