"""OCEL: event logs whose events touch several objects, read as the journeys of the objects of one type.

What the file holds is the same in its three writings (JSON, XML, SQLite) and collected in a :class:`Content`; this
module makes rows of it. An event is a row for each object of the chosen type that it touches; one that touches none is
no event of these journeys, and a reject that says so. Columns are called as in XES: the object is
``case:concept:name``, its attributes have ``case:`` before their names and the value they had at the time of the event.
``ocel:eid`` is the event's id, ``ocel:qualifier`` how it touches the object, ``ocel:type:<type>`` lists the ids of the
objects of other types as JSON.
"""

from __future__ import annotations

import bisect
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from journeylog.core.kernels.time import INSTANT, WALL
from journeylog.core.notes import Note, note
from journeylog.core.schema import DAY
from journeylog.core.time import read_stamps
from journeylog.core.time_rule import TimeRule
from journeylog.errors import ConfigError, cut, nearest
from journeylog.ingest.containers.base import Piece, Work
from journeylog.ingest.containers.parquet import slices
from journeylog.ingest.containers.typed import typed
from journeylog.ingest.containers.xes import CASE, PRESET
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["Content", "Journeys", "Value"]

#: Kinds that the types of OCEL stand for; all others are text.
_KINDS: Final = {"integer": "number", "int": "number", "float": "number", "boolean": "bool", "time": "time", "date": "time",
                 "timestamp": "time"}  # fmt: skip
#: Times on the first day of 1970, in any zone, stand for "from the beginning".
_BEGINNING: Final = 2 * DAY
_ANY_TIME: Final = TimeRule(tz="UTC", ambiguous="first", earliest=-(2**62), latest=2**62)

#: Text of a value and its kind where the file tells: "number", "bool" or "".
Value = tuple[str | None, str]


@dataclass
class Content:
    """What a file holds, in its order.

    Parameters
    ----------
    ids, types, times : list of str or None
        Of each event.
    values : dict
        For each attribute of events, the event's place and the value.
    touched : list of (int, str, str or None)
        The event's place, the object's id and the qualifier.
    objects : dict of str to str or None
        Type of each object.
    object_values : dict
        For each attribute of objects, the object's id, since when, and the value.
    declared : set of (str, str, str)
        ``"event"`` or ``"object"``, attribute and type, as declared.
    broken : list of (int, str, str)
        Places, faults and content of what should have been events.
    """

    ids: list[str | None] = field(default_factory=list)
    types: list[str | None] = field(default_factory=list)
    times: list[str | None] = field(default_factory=list)
    values: dict[str, list[tuple[int, Value]]] = field(default_factory=dict)
    touched: list[tuple[int, str, str | None]] = field(default_factory=list)
    objects: dict[str, str | None] = field(default_factory=dict)
    object_values: dict[str, list[tuple[str, str | None, Value]]] = field(default_factory=dict)
    declared: set[tuple[str, str, str]] = field(default_factory=set)
    broken: list[tuple[int, str, str]] = field(default_factory=list)

    def event(self, id: str | None, type: str | None, time: str | None) -> int:
        """Take up an event; return its place."""
        self.ids.append(id)
        self.types.append(type)
        self.times.append(time)
        return len(self.ids) - 1

    def object_types(self) -> dict[str, int]:
        """Return the types of objects with how many of them events touch, most first."""
        seen = Counter(self.objects[o] for o in {o for _, o, _ in self.touched} & self.objects.keys())
        seen.update(dict.fromkeys(self.objects.values(), 0))
        named = {t: n for t, n in seen.items() if t is not None}
        return dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))

    def kind(self, owner: str, name: str, given: set[str]) -> str:
        """Return the kind of an attribute: that of its values where the file tells it, else the declared one."""
        given = given - {"null"}
        if len(given) == 1 and "" not in given:
            return next(iter(given))
        kinds = {_KINDS.get(kind.casefold(), "") for o, n, kind in self.declared if (o, n) == (owner, name)}
        return next(iter(kinds)) if len(kinds) == 1 else ""


class Journeys:
    """The journeys of the objects of one type, as a table.

    Parameters
    ----------
    name : str
    content : Content
    object_type : str or None
        May be left out when there is only one.

    Raises
    ------
    ConfigError
        If the type is not said, or is none of those there are; the message lists them with their counts.
    """

    complete = True
    blank_is_missing = False
    preset = PRESET

    def __init__(self, name: str, content: Content, object_type: str | None) -> None:
        self.name, self.content = name, content
        self.type = _chosen(name, content.object_types(), object_type)
        self.rows = _pair(content, self.type)
        self.notes = self._notes()
        self.numeric: set[str] = set()
        self.table = self._table()
        self.columns: Sequence[str] = self.table.schema.names

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows."""
        kept = [name for name in self.columns if wanted is None or name in wanted]
        batch = self.table.select(kept)
        if not kept:
            batch = pa.RecordBatch.from_struct_array(pa.array([{}] * len(self.rows.event), pa.struct([])))
        bad = self._bad()
        if bad:
            empty = batch.slice(0, 0)
            yield partial(Piece, empty, np.zeros(0, np.int64), None, bad)
        for start in range(0, batch.num_rows, 1 << 18):
            for work in slices(batch.slice(start, 1 << 18), 1):
                yield partial(self._numbered, work, start)

    def _numbered(self, work: Work, start: int) -> Piece:
        piece = work()
        piece.row = self.rows.number[start : start + piece.rows.num_rows]
        piece.numeric = frozenset(self.numeric)
        return piece

    def _table(self) -> pa.RecordBatch:
        content, rows = self.content, self.rows
        at = rows.event
        columns: dict[str, Any] = {
            PRESET["actor"]: as_column(rows.object),
            PRESET["event"]: as_column([content.types[i] for i in at]),
            PRESET["time"]: as_column([content.times[i] for i in at]),
            "ocel:eid": as_column([content.ids[i] for i in at]),
            "ocel:qualifier": as_column(rows.qualifier),
        }
        for type, lists in rows.others.items():
            texts: dict[int, str] = {i: json.dumps(ids, ensure_ascii=False) for i, ids in lists.items()}
            if any(i in texts for i in at):
                columns[_free(f"ocel:type:{type}", columns)] = as_column([texts.get(i) for i in at])
        for name, pairs in content.values.items():
            column = _sparse(pairs, len(content.ids))
            kind = content.kind("event", name, {v[1] for _, v in pairs})
            if any(column[i] is not None for i in at):
                self._put(columns, name, [column[i] for i in at], kind)
        for name, values in content.object_values.items():
            found = _at_time(values, rows, content)
            if found is not None:
                kind = content.kind("object", name, {v[1] for _, _, v in values})
                self._put(columns, CASE + name, found, kind)
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def _put(self, columns: dict[str, Any], name: str, texts: list[str | None], kind: str) -> None:
        """Add an attribute as what it is; numbers stay text, so that the amount of a role is read exactly."""
        name, column = _free(name, columns), as_column(texts)
        found = typed(column, kind) if kind and pa.types.is_string(column.type) else None
        if found is not None and kind == "number":
            self.numeric.add(name)
        columns[name] = column if found is None or kind == "number" else found

    def _bad(self) -> list[BadRow]:
        content, rows = self.content, self.rows
        why = f"it touches no object of type {self.type!r}"
        found = []
        for i in rows.untouched:
            shown = {
                "ocel:eid": content.ids[i],
                "concept:name": content.types[i],
                "time:timestamp": content.times[i],
            }
            raw = json.dumps(shown, ensure_ascii=False).encode("utf-8", "surrogateescape")
            found.append(BadRow(rows.number_of[i], None, Reason.NOT_AN_EVENT, why, raw))
        first = rows.n + 1
        for k, (_, fault, raw_text) in enumerate(content.broken):
            raw = raw_text.encode("utf-8", "surrogateescape")
            found.append(BadRow(first + k, None, Reason.ROW_SHAPE, fault, raw))
        return found

    def _notes(self) -> list[Note]:
        n, rows = len(self.content.ids), self.rows
        notes = [
            note(
                "{n:,} events of the input, as the journeys of its objects of type {type!r}",
                n=n,
                type=self.type,
            )
        ]
        times = Counter(rows.event)
        several = sum(1 for k in times.values() if k > 1)
        if several:
            notes.append(
                note("{n:,} events touch several of these objects and count for each of them", n=several)
            )
        if rows.unknown:
            notes.append(
                note(
                    "{n:,} times an event touches an object that the input does not describe", n=rows.unknown
                )
            )
        return notes


@dataclass
class _Rows:
    """Which event stands in which row, for which object."""

    event: list[int] = field(default_factory=list)
    object: list[str | None] = field(default_factory=list)
    qualifier: list[str | None] = field(default_factory=list)
    number: Any = None
    untouched: list[int] = field(default_factory=list)
    number_of: dict[int, int] = field(default_factory=dict)
    others: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    unknown: int = 0
    n: int = 0


def as_column(texts: Sequence[str | None]) -> pa.Array:
    """Return texts as a column; one of bytes where some are no text, so that their rows are told."""
    try:
        return pa.array(texts, pa.string())
    except (UnicodeEncodeError, pa.ArrowException):
        return pa.array([None if t is None else _bytes(t) for t in texts], pa.binary())


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")  # half a surrogate pair: no UTF-8 either


def _chosen(name: str, types: Mapping[str, int], object_type: str | None) -> str:
    """Return the type whose journeys are meant."""
    if object_type in types:
        return str(object_type)
    if object_type is None and len(types) == 1:
        return next(iter(types))
    listed = ", ".join(f"{cut(t, 40)} ({n:,})" for t, n in list(types.items())[:20]) or "none"
    there = f"the objects that its events touch are of these types: {listed}"
    if object_type is None:
        example = next(iter(types), "order")
        raise ConfigError(
            f"{name} holds events of objects, and {there}. Fix: say whose journeys are meant, "
            f"for example object_type={cut(example, 40)}"
        )
    near = nearest(object_type, types)
    hint = f"did you mean {cut(near[0], 40)}?" if near else "name one of them"
    raise ConfigError(f"{name}: no object is of type {cut(object_type, 40)}; {there}. Fix: {hint}")


def _pair(content: Content, type: str) -> _Rows:
    """Give every event to the objects of the type that it touches, in the order of the file."""
    rows = _Rows()
    mine: dict[int, dict[str, list[str]]] = {}
    for event, object, qualifier in content.touched:
        kind = content.objects.get(object)
        if kind is None:
            rows.unknown += 1
        elif kind == type:
            how = mine.setdefault(event, {}).setdefault(object, [])
            if qualifier:
                how.append(qualifier)
        else:
            ids = rows.others.setdefault(kind, {}).setdefault(event, [])
            if object not in ids[-8:]:
                ids.append(object)
    number = []
    for event in range(len(content.ids)):
        touched = mine.get(event)
        if touched is None:
            rows.n += 1
            rows.untouched.append(event)
            rows.number_of[event] = rows.n
            continue
        for object, how in touched.items():
            rows.n += 1
            number.append(rows.n)
            rows.event.append(event)
            rows.object.append(object)
            rows.qualifier.append("; ".join(how) or None)
    rows.number = np.array(number, np.int64)
    return rows


def _sparse(pairs: Sequence[tuple[int, Value]], n: int) -> list[str | None]:
    column: list[str | None] = [None] * n
    for i, (text, _) in pairs:
        column[i] = text
    return column


def _at_time(
    values: Sequence[tuple[str, str | None, Value]], rows: _Rows, content: Content
) -> list[str | None] | None:
    """Return the value that each row's object had at the time of the event; None where no object of the type has any."""
    since = _micros([time for _, time, _ in values])
    history: dict[str, list[tuple[int, int, str | None]]] = {}
    mine = set(rows.object)
    for k, (object, _, value) in enumerate(values):
        if object in mine:
            start = int(since[k])
            history.setdefault(object, []).append(
                (-(2**62) if abs(start) < _BEGINNING else start, k, value[0])
            )
    if not history:
        return None
    for changes in history.values():
        changes.sort()
    starts = {object: [c[0] for c in changes] for object, changes in history.items() if len(changes) > 1}
    when = _micros(content.times) if starts or any(c[0][0] > -(2**62) for c in history.values()) else None
    found: list[str | None] = []
    for event, owner in zip(rows.event, rows.object, strict=True):
        changes = history.get(owner or "", [])
        if when is None or not changes:
            found.append(changes[0][2] if changes else None)
            continue
        at = bisect.bisect_right(starts.get(owner or "", [changes[0][0]]), int(when[event]))
        found.append(changes[at - 1][2] if at else None)
    return found


def _micros(times: Sequence[str | None]) -> Any:
    """Return times as microseconds, those without a zone as if in UTC; what is none is the beginning."""
    stamps = read_stamps(pa.array([_plain(t) for t in times], pa.string()), _ANY_TIME)
    return np.where(stamps.verdict <= max(INSTANT, WALL), stamps.micros, 0)


def _plain(text: str | None) -> str | None:
    return text if text is None or text.isascii() else ""


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Return the name, or the name with a number where a column has it already."""
    free, k = name, 2
    while free in taken:
        free, k = f"{name}_{k}", k + 1
    return free
