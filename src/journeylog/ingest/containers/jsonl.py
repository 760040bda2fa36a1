"""JSON lines: one object a line. What a line is, is said in :mod:`journeylog.core.kernels.json_lines`.

Values are text exactly as written (``1.10`` stays ``1.10``), nested ones stay JSON; texts lose their escapes.
Keys may come in any order and be absent. A key that stands twice in one line leaves open which value is meant:
the line is a reject.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.core.kernels import json_lines as kernel
from journeylog.core.kernels.json_objects import scan_lines
from journeylog.core.kernels.json_pairs import Plan, lengthened, set_lists
from journeylog.errors import ParseError, SchemaError, explain
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch, of_share
from journeylog.ingest.containers.blocks import Bytes, lent_blocks
from journeylog.ingest.containers.envelopes import inside
from journeylog.ingest.containers.files import File, open_text, wrong_encoding
from journeylog.ingest.json_values import PairList, Spans, columns_of, plan_of, values_found
from journeylog.ingest.rejects import BadRow, Reason
from journeylog.ingest.threads import in_order

__all__ = ["JsonLines"]

_WHY: Final = {
    kernel.NOT_JSON: (Reason.ROW_SHAPE, "not a JSON object"),
    kernel.REPEATED_KEY: (Reason.ROW_SHAPE, "a key stands twice"),
    kernel.TOO_LONG: (Reason.FIELD_TOO_LONG, "a value is too long (see max_field_bytes=)"),
    kernel.BAD_TEXT: (Reason.ENCODING, "the bytes are not UTF-8"),
}
#: First bytes of a block by which its lines are guessed.
_HEAD: Final = 1 << 16
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
        self.stream = inside(stream, dialect.envelope)
        self.records, self.lines, self.n_bad, self.no_text = 0, 0, 0, 0
        self.first_bad = b""
        self.columns: list[str] = []
        self.keys: dict[bytes, int] = {}  # as written, with the place among the columns kept (-1: not wanted)
        self.kept: list[str] = []
        self.learns = True
        self.nested: frozenset[str] = frozenset()
        self.pairs: tuple[PairList, ...] = ()
        self.looks = False
        self.threads: int | None = 1
        self.table: _Known | None = None

    def look_into(self, nested: Collection[str], pairs: Sequence[PairList]) -> None:
        """Leave some columns uncopied, and find the values of keys in lists of pairs."""
        self.nested, self.pairs, self.looks = frozenset(nested), tuple(pairs), True
        self.table = None

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows, block by block."""
        for scan in in_order(self._scans(wanted), self.threads, ahead=1):
            if isinstance(scan, _Scan):
                yield of_share(scan.share, self._rows(scan, wanted))
                continue
            self.records += 1
            self.lines += 1
            bad = BadRow(self.records, self.lines, Reason.FIELD_TOO_LONG, "the line is too long", scan)
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

    def _scans(self, wanted: Sequence[str] | None) -> Iterator[Callable[[], _Scan | bytes]]:
        """Yield the scan of each block with the keys known by then; the first one is done at once, to know some."""
        for block in lent_blocks(self.stream, self.dialect.block, lone_cr=False):
            if len(block.data):
                scan = _Scan(block.data, self._known(), _MOST_KEYS + len(wanted or ()), block.share)
                if not self.keys:
                    self._complete(scan.run(), wanted)
                yield scan.run
            if block.lost is not None:
                yield partial(bytes, block.lost)

    def _rows(self, scan: _Scan, wanted: Sequence[str] | None) -> Work:
        """Take up what a scan has found; the values are copied when the work is done."""
        self._complete(scan, wanted)
        found = scan.found(self)
        _, n_bad, records, lines = scan.done.tolist()
        self.records += records
        self.lines += lines
        if n_bad:
            self._look_at_bad(scan.buf, scan.bad[:n_bad])
        return found.piece

    def _complete(self, scan: _Scan, wanted: Sequence[str] | None) -> None:
        """Go on with a scan that an unknown key has stopped; it may have become known since."""
        while scan.unknown is not None:
            if self.learns and scan.unknown not in self.keys:
                self._learn(scan.unknown, wanted)
            scan.known = self._known()
            scan.run()

    def _look_at_bad(self, data: npt.NDArray[np.uint8], bad: npt.NDArray[np.int32]) -> None:
        """Stop where the encoding is another one, which would reject line after line."""
        no_text = np.flatnonzero(bad[:, 2] == kernel.BAD_TEXT)
        self.n_bad += len(bad)
        self.no_text += len(no_text)
        self.first_bad = self.first_bad or data[slice(*bad[0, 3:].tolist())][:60].tobytes()
        if self.no_text * 2 > self.records:
            raw = data[slice(*bad[no_text[0], 3:].tolist())].tobytes()
            raise wrong_encoding(self.name, self.dialect.encoding, raw)

    def _known(self) -> _Known:
        """Return the keys that are known by now, and which of them is which list of pairs."""
        if self.table is None:
            which = {one.column: k for k, one in enumerate(self.pairs)}
            names = dict(enumerate(self.kept))
            lists = [which.get(names.get(place, ""), -1) for place in self.keys.values()]
            offsets = np.cumsum([0, *(len(t) for t in self.keys)]).astype(np.int64)
            places = np.array([*self.keys.values()], dtype=np.int64)
            self.table = _Known(
                np.frombuffer(b"".join(self.keys) + b"\0", np.uint8), offsets, places,
                np.array(lists, dtype=np.int64), len(self.kept), self.learns, self.dialect.max_field, self.pairs,
            )  # fmt: skip
        return self.table

    def _learn(self, raw: bytes, wanted: Sequence[str] | None) -> None:
        """Take up a key; one name may be written in several ways."""
        self.table = None
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


class _Known(NamedTuple):
    """What a scan knows about keys.

    Parameters
    ----------
    texts, offsets : the keys as written, and where each begins
    places : the column of each, -1: not wanted
    lists : which list of pairs each is, -1: none
    kept : number of columns
    learns : whether an unknown key stops the scan
    max_field : longest value in bytes
    pairs : the lists of pairs
    """

    texts: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    lists: npt.NDArray[np.int64]
    kept: int
    learns: bool
    max_field: int
    pairs: tuple[PairList, ...]


class _Scan:
    """The search for the values of one block; it knows nothing of other blocks, so it may be done in a thread."""

    def __init__(self, data: npt.NDArray[np.uint8], known: _Known, most_keys: int, share: float) -> None:
        self.buf, self.known, self.most_keys, self.share = data, known, most_keys, share
        self.at, self.room = 0, 0
        self.unknown: bytes | None = None
        self.done = np.zeros(4, np.int64)

    def run(self) -> _Scan:
        """Scan until the end, or until an unknown key."""
        known = self.known
        if not self.room:
            self._make_room(max(16, 2 * known.kept))
        self._widen(known.kept)
        set_lists(self.plan, known.lists)
        while True:
            self.at, start, stop = scan_lines(
                self.buf, self.at, known.texts, known.offsets, known.places, known.learns, known.max_field,
                self.spans, self.kinds, self.where, self.bad, self.done, self.plan.memory, self.plan.texts,
                self.plan.bounds,
            )  # fmt: skip
            if stop or self.at == len(self.buf):
                break
            self._lengthen()
        self.unknown = self.buf[start:stop].tobytes() if stop else None
        return self

    def _make_room(self, width: int) -> None:
        """Make room for as many rows as there are likely to be, by the first lines."""
        head = self.buf[:_HEAD]
        self.room = int((np.count_nonzero(head == ord("\n")) + 1) * 1.25 * len(self.buf) / len(head)) + 1
        self.where, self.bad = np.empty((self.room, 4), np.int32), np.empty((self.room, 5), np.int32)
        self.spans = np.empty((width, self.room, 2), np.int32)
        self.kinds = np.zeros((width, self.room), np.uint8)
        self.plan = plan_of(self.known.pairs, self.room, self.most_keys)

    def _lengthen(self) -> None:
        """Make room for as many rows again."""
        self.where = np.concatenate((self.where, np.empty_like(self.where)))
        self.bad = np.concatenate((self.bad, np.empty_like(self.bad)))
        self.spans = np.concatenate((self.spans, np.empty_like(self.spans)), axis=1)
        self.kinds = np.concatenate((self.kinds, np.zeros_like(self.kinds)), axis=1)
        self.room *= 2
        self.plan = lengthened(self.plan, self.room)

    def found(self, table: JsonLines) -> _Found:
        """Return the rows with all columns that are known by now."""
        rows, n_bad, *_ = self.done.tolist()
        n = len(table.kept)
        self._widen(n)
        return _Found(
            self.buf, self.spans[:n, :rows], self.kinds[:n, :rows], self.where[:rows], self.bad[:n_bad],
            tuple(table.kept), table.records + 1, table.lines + 1, table, self.plan,
        )  # fmt: skip

    def _widen(self, n: int) -> None:
        while n > len(self.kinds):
            self.spans = np.concatenate((self.spans, np.empty_like(self.spans)))
            self.kinds = np.concatenate((self.kinds, np.zeros_like(self.kinds)))


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
        for name, spans in zip(self.names, columns_of(self.buf, self.spans, self.kinds), strict=True):
            if name in self.table.nested:
                continue
            columns[name], halves = spans.to_arrow()
            broken |= halves
            if spans.numeric:
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
        all_of = columns_of(self.buf, self.spans, self.kinds)
        piece.nested = {name: all_of[i] for i, name in enumerate(self.names) if name in self.table.nested}
        known = [
            k
            for k, one in enumerate(self.table.pairs)
            if one.column in self.names and not all_of[self.names.index(one.column)].has_objects
        ]
        found = values_found(self.buf, self.plan, n)
        first = np.cumsum([0, *(len(one.keys) for one in self.table.pairs)])
        piece.pairs = [(self.table.pairs[k], found[int(first[k]) : int(first[k + 1])]) for k in known]
        lines = np.ascontiguousarray(self.where[:, 2:4])
        piece.written = Spans(self.buf, lines, np.full(n, kernel.NESTED, np.uint8))


def _only_bad(bad: BadRow) -> Piece:
    return Piece(as_batch({}, 0), np.zeros(0, np.int64), np.zeros(0, np.int64), [bad])
