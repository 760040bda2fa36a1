"""XES: event logs of process mining, read as a stream of events. What is whose, is said in the kernel.

An event is a row. Its attributes are columns under their keys; those of its trace have ``case:`` before the key. So
the trace's ``concept:name`` is the actor, the event's is the event, and ``time:timestamp`` the time, unless the caller
names others. Dates, numbers and booleans keep their kind where all of a column have it.

Attributes inside of an attribute are JSON in the column ``<key>.attributes``, those of a list or container in the
column of its key: ``[{"key": ..., "value": ..., "attributes": [...]}]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from journeylog.core.kernels import xes as kernel
from journeylog.core.kernels.xml import COUNT, FIRST, LINE, NAME
from journeylog.core.notes import note
from journeylog.errors import LoadWarning, ParseError, SchemaError, explain, warn
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch
from journeylog.ingest.containers.files import File
from journeylog.ingest.containers.typed import typed
from journeylog.ingest.containers.xes_nested import nested_json
from journeylog.ingest.containers.xml import Names, Tokens, XmlStream, gather, plain_text
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["CASE", "PRESET", "XesLog"]

Spots = npt.NDArray[np.int32]
Kinds = npt.NDArray[np.uint8]

#: What stands before the key of an attribute of a trace, in the name of its column.
CASE: Final = "case:"
#: The roles that the standard gives to keys.
PRESET: Final[Mapping[str, str]] = {
    "actor": "case:concept:name",
    "event": "concept:name",
    "time": "time:timestamp",
}
_MEANING: Final = {
    b"log": kernel.LOG, b"trace": kernel.TRACE, b"event": kernel.EVENT, b"values": kernel.VALUES,
    b"string": kernel.STRING, b"date": kernel.DATE, b"int": kernel.INT, b"float": kernel.FLOAT,
    b"boolean": kernel.BOOLEAN, b"id": kernel.ID, b"list": kernel.LIST, b"container": kernel.CONTAINER,
}  # fmt: skip
_WHY: Final = {
    kernel.REPEATED_KEY: (Reason.ROW_SHAPE, "a key stands twice in the event or its trace"),
    kernel.NO_KEY: (Reason.ROW_SHAPE, "an attribute of the event or its trace has no key"),
    kernel.EMPTY_TRACE: (Reason.NOT_AN_EVENT, "a trace without events"),
}
#: More keys than this are data written as keys.
_MOST_KEYS: Final = 2000
_SCOPES: Final = 2
#: Kind of an attribute that the trace got in a block before.
_CARRIED: Final = 64


class XesLog:
    """An opened XES file; its columns are the keys found so far."""

    complete = False
    blank_is_missing = False
    preset = PRESET

    def __init__(self, file: File, dialect: Dialect) -> None:
        self.name = file.name
        self.xml = XmlStream(file, dialect, texts=False)
        self.records = 0
        self.columns = list(PRESET.values())  # there in every log, however empty
        self.notes: list[str] = []
        self.keys = Names(1024)
        self.column = np.zeros((_SCOPES, 0), np.int32)
        self.nested = np.zeros((_SCOPES, 0), np.int32)
        self.kept: tuple[list[str], list[str]] = ([], [])
        self.meaning = np.zeros(0, np.uint8)
        self.root: bytes | None = None
        self.state = np.array([kernel.OTHER, -1, 0, kernel.GOOD, 0], np.int64)
        self.open_trace: dict[str, Any] = {}
        self.ids: list[npt.NDArray[np.uint64]] = []

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the events, block by block."""
        for found in self.xml.blocks():
            if not len(found.tokens):
                continue
            if self.root is None:
                self._check_root(found)
            rows = self._rows(found, wanted)
            if rows is not None:
                yield rows.piece
        self._tell_repeated_ids()

    def _rows(self, found: Tokens, wanted: Sequence[str] | None) -> _Found | None:
        """Sort the attributes of a block into rows; they are copied when the work is done."""
        self._learn_meanings()
        means = self.meaning[found.tokens[:, NAME]]
        room = (
            1
            + int(np.count_nonzero(means == kernel.EVENT))
            + 2 * int(np.count_nonzero(means == kernel.TRACE))
        )
        cells, cases = _Cells(room, len(self.kept[1])), _Cells(room, len(self.kept[0]))
        was_open = self.state[kernel.LOG_PLACE] == kernel.TRACE
        for i, name in enumerate(self.kept[0]):
            cases.kinds[0, i] = _CARRIED if name in self.open_trace else kernel.ABSENT
        where, done, at = np.empty((room, 5), np.int32), np.array([0, 1], np.int64), 0
        while True:
            numbers = self.xml.names.numbers
            at, why, start, stop, scope = kernel.walk_xes(
                found.buf, found.tokens, len(found.tokens), found.attributes, at, self.meaning,
                numbers.get(b"key", -1), numbers.get(b"value", -1), *self.keys.table, self.column, self.nested,
                self.state, cells.spans, cells.kinds, where, cases.spans, cases.kinds, done,
            )  # fmt: skip
            if why == kernel.ALL_READ:
                break
            if why in (kernel.NO_LOG, kernel.LATE):
                raise self._no_log(found, at, why)
            self._learn(found.data[start:stop], scope, why == kernel.NEW_NESTED, wanted)
            cells.widen(len(self.kept[1]))
            cases.widen(len(self.kept[0]))
        if at < len(found.tokens):
            self.xml.keep_from(found, at)
        n, n_traces = done.tolist()
        rows = _Found(
            found, cells.cut(n, len(self.kept[1])), cases.cut(n_traces, len(self.kept[0])), where[:n],
            (tuple(self.kept[0]), tuple(self.kept[1])), self.open_trace, self.records + 1,
        )  # fmt: skip
        self.records += n
        rows.hold_nested(found, self.meaning, self.xml.names.numbers)
        self._remember(rows, n_traces, was_open)
        return rows if n else None

    def _remember(self, rows: _Found, n_traces: int, was_open: bool) -> None:
        """Keep what later blocks need: the attributes of the trace that is still open, and the ids of the others."""
        is_open = self.state[kernel.LOG_PLACE] == kernel.TRACE
        first, stop = 0 if was_open else 1, n_traces - int(is_open)
        if stop > first and PRESET["actor"] in rows.names[0]:
            ids = rows.case_column(PRESET["actor"])[first:stop].drop_null()
            raw = np.array([id.decode("latin-1") for id in ids.view(pa.binary()).to_pylist()], dtype=object)
            self.ids.append(pd.util.hash_array(raw, categorize=False))
        self.open_trace = rows.case_cells(n_traces - 1) if is_open else {}

    def _learn_meanings(self) -> None:
        """Take up what the names of elements mean that were found since."""
        names = list(self.xml.names.numbers)[len(self.meaning) :]
        prefix = b"" if self.root is None or b":" not in self.root else self.root.partition(b":")[0] + b":"
        new = [
            _MEANING.get(name.removeprefix(prefix), kernel.OTHER) if name.startswith(prefix) else kernel.OTHER
            for name in names
        ]
        self.meaning = np.concatenate((self.meaning, np.array(new, np.uint8)))

    def _check_root(self, found: Tokens) -> None:
        """Refuse a document of another kind."""
        numbers = {number: raw for raw, number in self.xml.names.numbers.items()}
        root = found.tokens[0]
        self.root = numbers[int(root[NAME])]
        given = {
            numbers[name]: plain_text(found.data[start:stop])
            for name, start, stop, _ in found.attributes[root[FIRST] : root[FIRST] + root[COUNT]].tolist()
        }
        prefix, colon, local = self.root.rpartition(b":")
        space = given.get(b"xmlns:" + prefix if colon else b"xmlns", b"")
        if local != b"log" or (colon and not space) or (space and b"xes" not in space.lower()):
            shown = self.root.decode() + (f" of {space.decode('utf-8', 'replace')}" if space else "")
            raise ParseError(
                f"{self.name} is no XES log: its root is <{shown}>. Fix: pass format= if it is of another kind"
            )

    def _no_log(self, found: Tokens, at: int, why: int) -> ParseError:
        line = int(found.tokens[at, LINE]) + 1
        if why == kernel.NO_LOG:
            return self.xml.fault("an element outside of the log", "one log a file", line)
        what = "an attribute of a trace stands after its events, where it can no longer be given to them"
        return self.xml.fault(
            what, "write the attributes of a trace before its events, as the standard says", line
        )

    def _learn(self, raw: bytes, scope: int, inside: bool, wanted: Sequence[str] | None) -> None:
        """Take up a key of traces or of events, or what stands inside of it."""
        number = self.keys.numbers.get(raw, -1)
        if number < 0:
            if len(self.keys) >= _MOST_KEYS:
                raise SchemaError(
                    f"{self.name} has more than {_MOST_KEYS:,} different keys, which looks like data written as keys. "
                    "Fix: reshape it to one key a column"
                )
            number = self.keys.add(raw)
            new = np.full((_SCOPES, 1), -2, np.int32)
            self.column, self.nested = np.hstack((self.column, new)), np.hstack((self.nested, new))
        try:
            key = plain_text(raw).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.xml.fault(f"a key that is no UTF-8: {raw[:60]!r}", "pass encoding=") from error
        name = (CASE if scope == kernel.OF_TRACE else "") + key + (".attributes" if inside else "")
        place = self._place(name, scope, wanted)
        if inside:
            self.nested[scope, number] = place
        else:
            self.column[scope, number] = place

    def _place(self, name: str, scope: int, wanted: Sequence[str] | None) -> int:
        """Return the place of a column among those of its scope, -1 when it is not wanted."""
        if name in self.kept[1 - scope]:
            raise SchemaError(
                f"{self.name}: {name!r} is an attribute of a trace and of events. Fix: rename one of the keys"
            )
        if name not in self.columns:
            self.columns.append(name)
        if wanted is not None and name not in wanted:
            return -1
        kept = self.kept[scope]
        if name not in kept:
            kept.append(name)
        return kept.index(name)

    def _tell_repeated_ids(self) -> None:
        if not self.ids:
            return
        hashes = np.sort(np.concatenate(self.ids))
        repeated = int(np.count_nonzero(hashes[1:] == hashes[:-1]))
        if repeated:
            what = explain(
                f"{self.name}: traces have the id of a trace before them, and their events are one actor's",
                count=repeated,
                total=len(hashes),
                fix="if they are not the same case, name another attribute with actor=",
            )
            self.notes.append(
                note(
                    "{name}: traces have the id of a trace before them, and their events are one actor's: "
                    "{n:,} of {total:,}",
                    name=self.name,
                    n=repeated,
                    total=len(hashes),
                )
            )
            warn(what, LoadWarning)


class _Cells:
    """Spans and kinds of the values of rows, with room for columns that are still to be found."""

    def __init__(self, rows: int, width: int) -> None:
        self.width = max(8, 2 * width)
        self.spans = np.empty((rows, self.width, 2), np.int32)
        self.kinds = np.zeros((rows, self.width), np.uint8)

    def widen(self, width: int) -> None:
        """Make room for more columns."""
        if width > self.width:
            self.width *= 2
            self.spans = np.concatenate((self.spans, np.empty_like(self.spans)), axis=1)
            self.kinds = np.concatenate((self.kinds, np.zeros_like(self.kinds)), axis=1)

    def cut(self, rows: int, width: int) -> tuple[Spots, Kinds]:
        """Return what was filled."""
        return self.spans[:rows, :width], self.kinds[:rows, :width]


class _Found:
    """The events of one block, as spans in it."""

    def __init__(
        self, found: Tokens, cells: tuple[Spots, Kinds], cases: tuple[Spots, Kinds], where: Spots,
        names: tuple[tuple[str, ...], tuple[str, ...]], open_trace: Mapping[str, Any], records: int,
    ) -> None:  # fmt: skip
        self.buf, self.cells, self.cases, self.where = found.buf, cells, cases, where
        self.names, self.open_trace, self.records = names, open_trace, records
        self.texts: tuple[dict[tuple[int, int], str], dict[tuple[int, int], str]] = ({}, {})

    def hold_nested(self, found: Tokens, meaning: Kinds, numbers: Mapping[bytes, int]) -> None:
        """Turn attributes inside of attributes into text, while the tokens are there."""
        for (spans, kinds), texts in ((self.cases, self.texts[0]), (self.cells, self.texts[1])):
            for row, column in np.argwhere(kinds == kernel.NESTED).tolist():
                begin, end = spans[row, column].tolist()
                texts[row, column] = nested_json(found, begin, end, meaning, numbers)

    def piece(self) -> Piece:
        """Copy the values out of the block."""
        good = self.where[:, 4] == kernel.GOOD
        at = np.flatnonzero(good)
        row = np.arange(self.records, self.records + len(good), dtype=np.int64)
        line = self.where[:, 1].astype(np.int64) + 1
        trace = self.where[at, 0]
        columns: dict[str, Any] = {}
        numeric: set[str] = set()
        for i, name in enumerate(self.names[0]):
            kinds = np.append(self._kind_before(i, name), self.cases[1][1:, i] & 15)
            values = _as_kind(self._case_values(i, name), kinds, name, numeric)
            valid = np.append(
                values.is_valid().to_numpy(zero_copy_only=False), False
            )  # -1: an event of no trace
            codes = pa.array(trace, mask=~valid[trace])
            if pa.types.is_string(values.type):
                columns[name] = pa.DictionaryArray.from_arrays(codes, values.fill_null(""))
            else:
                columns[name] = values.take(codes)
        for i, name in enumerate(self.names[1]):
            kinds = self.cells[1][at, i] & 15
            columns[name] = _as_kind(self._values(self.cells, i, at, self.texts[1]), kinds, name, numeric)
        bad = [
            BadRow(int(row[i]), int(line[i]), *_WHY[int(self.where[i, 4])], self._raw(i))
            for i in np.flatnonzero(~good).tolist()
        ]
        return Piece(as_batch(columns, len(at)), row[at], line[at], bad, frozenset(numeric))

    def case_column(self, name: str) -> pa.Array:
        """Return an attribute of the traces, first that of the one left open by the block before."""
        return self._case_values(self.names[0].index(name), name)

    def case_cells(self, trace: int) -> dict[str, tuple[bytes | None, int]]:
        """Return the attributes of one trace, with their kinds."""
        found = {}
        for i, name in enumerate(self.names[0]):
            kind = int(self.cases[1][trace, i])
            if kind == _CARRIED:
                found[name] = self.open_trace[name]
            elif kind != kernel.ABSENT:
                one = self._values(self.cases, i, np.array([trace]), self.texts[0])
                found[name] = (one.view(pa.binary())[0].as_py(), kind & 15)
        return found

    def _kind_before(self, i: int, name: str) -> np.uint8:
        kind = self.cases[1][0, i]
        return np.uint8(self.open_trace[name][1] if kind == _CARRIED else kind & 15)

    def _case_values(self, i: int, name: str) -> pa.Array:
        values = self._values(self.cases, i, np.arange(len(self.cases[1])), self.texts[0])
        if self.cases[1][0, i] != _CARRIED:
            return values
        before = pa.array([self.open_trace[name][0]], pa.binary()).view(pa.string())
        return pa.concat_arrays([before, values[1:]])

    def _values(
        self,
        cells: tuple[Spots, Kinds],
        i: int,
        at: npt.NDArray[np.int64],
        texts: Mapping[tuple[int, int], str],
    ) -> pa.Array:
        kinds = cells[1][at, i]
        how = np.where(
            (kinds <= kernel.MISSING) | (kinds == _CARRIED), 0, np.where(kinds & kernel.RESOLVE, 2, 1)
        ).astype(np.uint8)
        nested = kinds == kernel.NESTED
        how[nested] = 0
        values = gather(self.buf, cells[0][at, i], how)
        if not nested.any():
            return values
        listed = values.view(pa.binary()).to_pylist()
        for k in np.flatnonzero(nested).tolist():
            listed[k] = texts[int(at[k]), i].encode("utf-8", "surrogateescape")
        return pa.array(listed, pa.binary()).view(pa.string())

    def _raw(self, i: int) -> bytes:
        return self.buf[self.where[i, 2] : self.where[i, 3]].tobytes()


def _as_kind(values: pa.Array, kinds: Kinds, name: str, numeric: set[str]) -> pa.Array:
    """Return a column as what its elements say it is, where all of them say the same and its values are so."""
    seen = set(np.unique(kinds).tolist()) - {kernel.ABSENT, kernel.MISSING}
    if not seen or name == PRESET["time"]:
        return values
    if seen == {kernel.BOOLEAN}:
        return _first(typed(values, "bool"), values)
    if seen == {kernel.DATE}:
        return _first(typed(values, "time"), values)
    if seen <= {kernel.INT, kernel.FLOAT} and typed(values, "number") is not None:
        numeric.add(name)  # still text: the amount of a role is read exactly
    return values


def _first(found: pa.Array | None, otherwise: pa.Array) -> pa.Array:
    return otherwise if found is None else found
