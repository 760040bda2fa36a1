"""JSON lines: one object a line. What a line is, is said in :mod:`journeylog.core.kernels.json_lines`.

Values are text exactly as written (``1.10`` stays ``1.10``), nested ones stay JSON; texts lose their escapes.
Keys may come in any order and be absent. A key that stands twice in one line leaves open which value is meant:
the line is a reject.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.core.kernels import json_lines as kernel
from journeylog.core.kernels.json_objects import scan_lines
from journeylog.core.kernels.json_pairs import Plan, set_lists
from journeylog.core.kernels.json_text import gather_values
from journeylog.errors import ParseError, SchemaError, explain
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch
from journeylog.ingest.containers.blocks import Bytes, blocks
from journeylog.ingest.containers.files import File, open_text, wrong_encoding
from journeylog.ingest.json_values import PairList, Spans, plan_of
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["JsonLines"]

_WHY: Final = {
    kernel.NOT_JSON: (Reason.ROW_SHAPE, "not a JSON object"),
    kernel.REPEATED_KEY: (Reason.ROW_SHAPE, "a key stands twice"),
    kernel.TOO_LONG: (Reason.FIELD_TOO_LONG, "a value is too long (see max_field_bytes=)"),
    kernel.BAD_TEXT: (Reason.ENCODING, "the bytes are not UTF-8"),
}
#: More keys than this are data written as keys.
_MOST_KEYS: Final = 2000


class JsonLines:
    """An opened file of JSON lines; its columns are the keys found so far."""

    complete = False
    blank_is_missing = False

    def __init__(self, file: File, dialect: Dialect, stream: Bytes | None = None) -> None:
        self.name, self.dialect = file.name, dialect
        self.stream: Bytes
        if stream is None:
            text = open_text(file, dialect.encoding)
            if text.peek(256).lstrip().startswith(b"["):
                raise ParseError(
                    f"{file.name} is one JSON array. Fix: name it .json, pass container='json', or write one object "
                    "a line (for example: jq -c '.[]')"
                )
            stream = text
        self.stream = stream
        self.records, self.lines, self.n_bad, self.no_text = 0, 0, 0, 0
        self.first_bad = b""
        self.columns: list[str] = []
        self.keys: dict[bytes, int] = {}  # as written, with the place among the columns kept (-1: not wanted)
        self.kept: list[str] = []
        self.learns = True
        self.nested: frozenset[str] = frozenset()
        self.pairs: tuple[PairList, ...] = ()
        self.looks = False

    def look_into(self, nested: Collection[str], pairs: Sequence[PairList]) -> None:
        """Leave some columns uncopied, and find the values of keys in lists of pairs."""
        self.nested, self.pairs, self.looks = frozenset(nested), tuple(pairs), True

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows, block by block."""
        for block in blocks(self.stream, self.dialect.block, lone_cr=False):
            if block.data:
                yield self._rows(block.data, wanted)
            if block.lost is not None:
                self.records += 1
                self.lines += 1
                bad = BadRow(
                    self.records, self.lines, Reason.FIELD_TOO_LONG, "the line is too long", block.lost
                )
                yield partial(_only_bad, bad)
        if not self.records:
            raise SchemaError(
                f"{self.name}: the file is empty. Fix: check the export that should have written it"
            )
        if self.n_bad == self.records and self.first_bad:
            raise ParseError(
                explain(
                    f"{self.name}: no line is a JSON object",
                    examples=[self.first_bad],
                    fix="pass format=, the kind it is of",
                )
            )

    def _rows(self, data: bytes, wanted: Sequence[str] | None) -> Work:
        """Find the values of a block; they are copied when the work is done."""
        buf = np.frombuffer(data, np.uint8)
        room = 1 + data.count(b"\n")
        where, bad = np.empty((room, 4), np.int32), np.empty((room, 5), np.int32)
        width = max(16, 2 * len(self.kept))
        spans, kinds = np.empty((room, width, 2), np.int32), np.zeros((room, width), np.uint8)
        done, at, is_ascii = np.zeros(4, np.int64), 0, data.isascii()
        plan = plan_of(self.pairs, room, _MOST_KEYS + len(wanted or ()))
        while True:
            self._set_lists(plan)
            at, start, stop = scan_lines(
                buf, at, is_ascii, *self._key_table(), self.learns, self.dialect.max_field,
                spans, kinds, where, bad, done, plan.memory, plan.texts, plan.bounds,
            )  # fmt: skip
            if stop == 0:
                break
            self._learn(data[start:stop], wanted)
            if len(self.kept) > width:
                width *= 2
                spans = np.concatenate((spans, np.empty_like(spans)), axis=1)
                kinds = np.concatenate((kinds, np.zeros_like(kinds)), axis=1)
        rows, n_bad, records, lines = done.tolist()
        n = len(self.kept)
        found = _Found(
            buf, spans[:rows, :n], kinds[:rows, :n], where[:rows], bad[:n_bad], tuple(self.kept),
            self.records + 1, self.lines + 1, self, plan,
        )  # fmt: skip
        self.records += records
        self.lines += lines
        if n_bad:
            self._look_at_bad(data, bad[:n_bad])
        return found.piece

    def _look_at_bad(self, data: bytes, bad: npt.NDArray[np.int32]) -> None:
        """Stop where the encoding is another one, which would reject line after line."""
        no_text = np.flatnonzero(bad[:, 2] == kernel.BAD_TEXT)
        self.n_bad += len(bad)
        self.no_text += len(no_text)
        self.first_bad = self.first_bad or data[slice(*bad[0, 3:].tolist())][:60]
        if self.no_text * 2 > self.records:
            raise wrong_encoding(self.name, self.dialect.encoding, data[slice(*bad[no_text[0], 3:].tolist())])

    def _set_lists(self, plan: Plan) -> None:
        """Say which of the keys that are known by now is which list of pairs."""
        which = {one.column: k for k, one in enumerate(self.pairs)}
        names = dict(enumerate(self.kept))
        lists = [which.get(names.get(place, ""), -1) for place in self.keys.values()]
        set_lists(plan, np.array(lists, dtype=np.int64))

    def _key_table(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        texts = list(self.keys)
        offsets = np.cumsum([0, *(len(t) for t in texts)]).astype(np.int64)
        places = np.array([*self.keys.values()], dtype=np.int64)
        return np.frombuffer(b"".join(texts) + b"\0", np.uint8), offsets, places

    def _learn(self, raw: bytes, wanted: Sequence[str] | None) -> None:
        """Take up a key; one name may be written in several ways."""
        if len(self.keys) >= _MOST_KEYS:
            if wanted is None:
                raise SchemaError(
                    f"{self.name} has more than {_MOST_KEYS:,} different keys, which looks like data written as "
                    "keys. Fix: name the ones to keep with columns=[...], or reshape it to one key a column"
                )
            self.learns = False
            for name in wanted:
                self._take(json.dumps(name, ensure_ascii=False).encode("utf-8")[1:-1], name, wanted)
            return
        name = json.loads(b'"' + raw + b'"')
        if not name.isascii() and any("\ud800" <= c <= "\udfff" for c in name):
            name = raw.decode(
                "utf-8"
            )  # half a surrogate pair is no character: the key stays as it is written
        self._take(raw, name, wanted)

    def _take(self, raw: bytes, name: str, wanted: Sequence[str] | None) -> None:
        if name not in self.columns:
            self.columns.append(name)
        if wanted is not None and name not in wanted:
            self.keys[raw] = -1
            return
        if name not in self.kept:
            self.kept.append(name)
        self.keys[raw] = self.kept.index(name)


class _Found:
    """The rows of one block, as spans in it."""

    def __init__(
        self, buf: npt.NDArray[np.uint8], spans: npt.NDArray[np.int32], kinds: npt.NDArray[np.uint8],
        where: npt.NDArray[np.int32], bad: npt.NDArray[np.int32], names: tuple[str, ...], records: int, lines: int,
        table: JsonLines, plan: Plan,
    ) -> None:  # fmt: skip
        self.table, self.plan = table, plan
        self.buf, self.spans, self.kinds, self.where, self.bad = buf, spans, kinds, where, bad
        self.names, self.records, self.lines = names, records, lines

    def piece(self) -> Piece:
        """Copy the values out of the block."""
        n = len(self.where)
        broken = np.zeros(n, np.uint8)
        columns, numeric = {}, set()
        for i, name in enumerate(self.names):
            kinds = np.ascontiguousarray(self.kinds[:, i])
            if name in self.table.nested:
                continue
            columns[name] = self._column(np.ascontiguousarray(self.spans[:, i]), kinds, broken)
            seen = np.bincount(kinds, minlength=8)
            if 0 < seen[kernel.NUMBER] + seen[kernel.SPECIAL] == seen[kernel.PLAIN :].sum():
                numeric.add(name)
        rows = as_batch(columns, n)
        row = self.where[:, 0].astype(np.int64) + self.records
        line = self.where[:, 1].astype(np.int64) + self.lines
        bad = [
            BadRow(r + self.records, ln + self.lines, *_WHY[verdict], self.buf[a:b].tobytes())
            for r, ln, verdict, a, b in self.bad.tolist()
        ]
        if broken.any():
            why = "half a surrogate pair, which is no character"
            bad += [
                BadRow(
                    int(row[i]),
                    int(line[i]),
                    Reason.ENCODING,
                    why,
                    self.buf[slice(*self.where[i, 2:])].tobytes(),
                )
                for i in np.flatnonzero(broken).tolist()
            ]
        piece = Piece(rows, row, line, bad, frozenset(numeric))
        if self.table.looks:
            self._add_nested(piece)
        return piece.only(broken == 0) if broken.any() else piece

    def _add_nested(self, piece: Piece) -> None:
        """Add what is only looked into, and the lines themselves, as spans."""
        n = len(self.where)
        all_of = Spans(self.buf, self.spans, self.kinds).columns(self.spans, self.kinds)
        piece.nested = {name: all_of[i] for i, name in enumerate(self.names) if name in self.table.nested}
        known = [
            k
            for k, one in enumerate(self.table.pairs)
            if one.column in self.names and not all_of[self.names.index(one.column)].has_objects
        ]
        found = Spans(self.buf, self.spans, self.kinds).found(self.plan)
        first = np.cumsum([0, *(len(one.keys) for one in self.table.pairs)])
        piece.pairs = [(self.table.pairs[k], found[int(first[k]) : int(first[k + 1])]) for k in known]
        lines = np.ascontiguousarray(self.where[:, 2:4])
        piece.written = Spans(self.buf, lines, np.full(n, kernel.NESTED, np.uint8))

    def _column(
        self, spans: npt.NDArray[np.int32], kinds: npt.NDArray[np.uint8], broken: npt.NDArray[np.uint8]
    ) -> pa.Array:
        n = len(kinds)
        lengths = np.where(kinds > kernel.MISSING, spans[:, 1] - spans[:, 0], 0)
        data, offsets = np.empty(int(lengths.sum(dtype=np.int64)), np.uint8), np.empty(n + 1, np.int32)
        valid = np.empty(n, np.uint8)
        gather_values(self.buf, spans, kinds, data, offsets, valid, broken)
        return arrow_text.from_buffers(data, offsets, None if valid.all() else valid)


def _only_bad(bad: BadRow) -> Piece:
    return Piece(as_batch({}, 0), np.zeros(0, np.int64), np.zeros(0, np.int64), [bad])
