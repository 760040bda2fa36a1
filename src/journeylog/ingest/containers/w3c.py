"""Logs in the extended format of the W3C: a line ``#Fields:`` names the columns of those that follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.kernels import csv_rows as kernel
from journeylog.errors import SchemaError
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch
from journeylog.ingest.containers.files import File, guess_encoding, open_text
from journeylog.ingest.containers.lines import Lines, only_bad
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["W3cLines"]

_REASONS: Final = {
    kernel.WRONG_COUNT: Reason.ROW_SHAPE,
    kernel.TOO_LONG: Reason.FIELD_TOO_LONG,
    kernel.BAD_TEXT: Reason.ENCODING,
}
_FIELDS: Final = b"#Fields:"
_HASH, _TAB, _SPACE, _NO_QUOTE = 35, 9, 32, -1


class W3cLines(Lines):
    """An opened log that names its own columns.

    Fields stand apart by one space or one tab, and hold neither; ``-`` is a missing one. A server that is started
    again writes its directives again, and may write other fields from then on.
    """

    complete = False

    def __init__(self, file: File, dialect: Dialect) -> None:
        self.name, self.dialect = file.name, dialect
        self.columns: list[str] = []
        self.stream = open_text(file, dialect.encoding)
        self.records, self.lines, self.checked = 0, 0, True
        self.fields: tuple[str, ...] = ()

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows, block by block, each with the columns named before it."""
        for block in self.blocks_of_lines():
            if isinstance(block, BadRow):
                yield partial(only_bad, block)
                continue
            for part, directives in _parts(block):
                if directives:
                    self.lines += part.count(b"\n") + (not part.endswith(b"\n"))
                    self._learn(part)
                elif self.fields:
                    yield self._rows(part, wanted)
                elif part.strip():
                    raise SchemaError(
                        f"{self.name} starts without a line '#Fields:' that names its columns. Fix: read it with a "
                        "pattern of its own, or put that line back"
                    )

    def _learn(self, part: bytes) -> None:
        """Take up the columns that directives name."""
        named = [line for line in part.splitlines() if line.startswith(_FIELDS)]
        if not named:
            return
        fields = tuple(named[-1][len(_FIELDS) :].decode("utf-8", "replace").split())
        twice = [name for name, n in Counter(fields).items() if n > 1]
        if not fields or twice:
            what = f"names {twice} twice" if twice else "names no field"
            raise SchemaError(
                f"{self.name}: the line '#Fields:' {what}. Fix: correct it, or leave the file out"
            )
        self.fields = fields
        self.columns += [name for name in fields if name not in self.columns]

    def _rows(self, data: bytes, wanted: Sequence[str] | None) -> Work:
        """Find the rows of lines that are no directives; their columns are copied when the work is done."""
        kept = [name for name in self.fields if wanted is None or name in wanted]
        places = np.array([kept.index(n) if n in kept else -1 for n in self.fields], np.int64)
        buf = np.frombuffer(data, np.uint8)
        room = 1 + data.count(b"\n") + data.count(b"\r")
        starts, ends = np.empty((room, len(kept)), np.int32), np.empty((room, len(kept)), np.int32)
        where, bad = np.empty((room, 2), np.int32), np.empty((room, 6), np.int32)
        delimiter = _TAB if b"\t" in data[: data.find(b"\n") + 1 or len(data)] else _SPACE
        _, rows, n_bad, records, lines = kernel.scan_rows(
            buf, True, data.isascii(), delimiter, _NO_QUOTE, places, self.dialect.max_field, starts, ends, where, bad
        )  # fmt: skip
        lost = [self._bad(b, buf) for b in bad[:n_bad]]
        row, line = where[:rows, 0] + np.int64(self.records + 1), where[:rows, 1] + np.int64(self.lines + 1)
        self.records += records
        self.lines += lines
        spans = {name: (starts[:rows, place], ends[:rows, place]) for place, name in enumerate(kept)}
        return lambda: Piece(
            as_batch({name: _column(buf, *span) for name, span in spans.items()}, rows), row, line, lost
        )

    def _bad(self, found: npt.NDArray[np.int32], buf: npt.NDArray[np.uint8]) -> BadRow:
        record, line, verdict, start, stop, n_fields = found.tolist()
        raw = buf[start:stop].tobytes()
        if verdict == kernel.WRONG_COUNT:
            why = f"{n_fields} fields, its heading names {len(self.fields)}"
        elif verdict == kernel.TOO_LONG:
            why = f"a field is longer than {self.dialect.max_field:,} bytes"
        else:
            why = f"the bytes are not {self.dialect.encoding}; they look like {guess_encoding(raw)}"
        return BadRow(record + self.records + 1, line + self.lines + 1, _REASONS[verdict], why, raw)


def _column(buf: npt.NDArray[np.uint8], starts: Any, ends: Any) -> pa.Array:
    """Return one field of every row; ``-`` is a blank one, which is missing."""
    data, offsets = (
        np.empty(int((ends - starts).sum(dtype=np.int64)), np.uint8),
        np.empty(len(starts) + 1, np.int32),
    )
    kernel.gather_field(buf, starts, ends, _NO_QUOTE, data, offsets)
    column = arrow_text.from_buffers(data, offsets)
    return pc.if_else(pc.equal(column, "-"), "", column)


def _parts(block: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield runs of lines that are directives, and runs that are not, in order."""
    if block[0] != _HASH and b"\n#" not in block:
        yield block, False
        return
    at = 0
    while at < len(block):
        directive = block[at] == _HASH
        stop = at
        while stop < len(block) and (block[stop] == _HASH) == directive:
            if directive:
                stop = block.find(b"\n", stop) + 1 or len(block)
            else:
                following = block.find(b"\n#", stop)
                stop = len(block) if following < 0 else following + 1
        yield block[at:stop], directive
        at = stop
