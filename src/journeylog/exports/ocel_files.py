"""The three writings of OCEL 2.0: JSON, XML and SQLite."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Final

from journeylog.errors import ConfigError, OutputError, cut
from journeylog.exports.xes import MEANT, MEANT_IN_TAG, NOT_XML

__all__ = ["BEGINNING", "Change", "Objects", "write_json", "write_sqlite", "write_xml"]

BEGINNING: Final = "1970-01-01T00:00:00Z"
_COLUMNS: Final = {
    "string": "TEXT",
    "integer": "INTEGER",
    "float": "REAL",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
}
_OWN: Final = ("ocel_id", "ocel_time", "ocel_changed_field")
_NOT_XML: Final = re.compile(NOT_XML)
_MEANT, _MEANT_IN_TAG = str.maketrans(MEANT), str.maketrans(MEANT_IN_TAG)

#: Name, kind and value of an attribute.
Cell = tuple[str, str, Any]
#: Since when, and the value.
Change = tuple[str, Any]


@dataclass
class Event:
    """One event with what it touches: type, id and qualifier of objects."""

    id: str
    type: str
    time: str
    cells: list[Cell]
    touched: list[tuple[str, str | None]]


@dataclass
class Objects:
    """A log of objects, ready to be written.

    Parameters
    ----------
    type : str
        Of the objects that the actors are.
    actors : list of str
    values : mapping of str to (str, sequence)
        Attributes of the actors: kind, and the changes of each.
    ids_given : bool
        Whether the ids of events are those they came with; then rows with the same id are one event.
    attributes : frozenset of str
        Columns that became attributes.
    """

    type: str
    actors: list[str]
    values: Mapping[str, tuple[str, Sequence[Sequence[Change]]]]
    ids_given: bool
    attributes: frozenset[str]
    events: dict[str, Event] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    event_types: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(
        self,
        id: str,
        type: str,
        time: str,
        cells: list[Cell],
        actor: tuple[int, str | None],
        also: list[tuple[str, str]],
    ) -> None:
        """Take up a row.

        Raises
        ------
        ConfigError
            If two rows of one event say different things.
        """
        touched = (self.actors[actor[0]], actor[1])
        known = self.events.get(id)
        if known is not None:
            if (known.type, known.time, known.cells) != (type, time, cells) or touched in known.touched:
                raise ConfigError(
                    f"several rows have the event id {id!r} and say different things, so they are not one event. "
                    "Fix: make the ids distinct, or write Parquet"
                )
            known.touched.append(touched)
            return
        self.event_types.setdefault(type, {}).update({name: kind for name, kind, _ in cells})
        event = Event(id, type, time, cells, [touched])
        for kind, other in also:
            if self.others.setdefault(other, kind) != kind:
                raise ConfigError(
                    f"the object {other!r} is of two types. Fix: rename the columns ocel:type:..."
                )
            event.touched.append((other, None))
        self.events[id] = event

    def object_types(self) -> dict[str, dict[str, str]]:
        """Return the types of objects with their attributes."""
        own = {self.type: {name: kind for name, (kind, _) in self.values.items()}}
        return {**own, **{kind: {} for kind in dict.fromkeys(self.others.values()) if kind != self.type}}

    def objects(self) -> Iterator[tuple[str, str, list[tuple[str, str, Any]]]]:
        """Yield id, type and attributes (name, since when, value) of each object; ids are distinct."""
        for i, id in enumerate(self.actors):
            if id in self.others:
                raise ConfigError(
                    f"the actor {id!r} is an object of another type too. Fix: make the ids distinct"
                )
            yield id, self.type, [(n, since, v) for n, (_, all) in self.values.items() for since, v in all[i]]
        for id, kind in self.others.items():
            yield id, kind, []


def write_json(log: Objects, sink: BinaryIO) -> None:
    """Write the JSON of version 2.0, an event a line."""

    def listed(found: Mapping[str, Mapping[str, str]]) -> str:
        types = [
            {"name": t, "attributes": [{"name": n, "type": k} for n, k in a.items()]}
            for t, a in found.items()
        ]
        return json.dumps(types, ensure_ascii=False)

    def lines(found: Iterator[dict[str, Any]]) -> None:
        for k, one in enumerate(found):
            sink.write((",\n" if k else "\n").encode() + json.dumps(one, ensure_ascii=False).encode("utf-8"))

    sink.write(f'{{"objectTypes": {listed(log.object_types())},\n'.encode())
    sink.write(f'"eventTypes": {listed(log.event_types)},\n"objects": ['.encode())
    lines(
        {
            "id": id,
            "type": type,
            "attributes": [{"name": n, "time": t, "value": v} for n, t, v in cells],
        }
        for id, type, cells in log.objects()
    )
    sink.write(b'],\n"events": [')
    lines(
        {
            "id": e.id,
            "type": e.type,
            "time": e.time,
            "attributes": [{"name": n, "value": v} for n, _, v in e.cells],
            "relationships": [{"objectId": o, "qualifier": q or ""} for o, q in e.touched],
        }
        for e in log.events.values()
    )
    sink.write(b"]}\n")


def write_xml(log: Objects, sink: BinaryIO) -> None:
    """Write the XML of version 2.0."""

    def tell(text: str) -> None:
        sink.write(text.encode("utf-8"))

    tell('<?xml version="1.0" encoding="UTF-8"?>\n<log>\n')
    for word, types in (("object", log.object_types()), ("event", log.event_types)):
        tell(f"<{word}-types>\n")
        for type, attributes in types.items():
            cells = "".join(f"<attribute name={_mark(n)} type={_mark(k)}/>" for n, k in attributes.items())
            tell(f"<{word}-type name={_mark(type)}><attributes>{cells}</attributes></{word}-type>\n")
        tell(f"</{word}-types>\n")
    tell("<objects>\n")
    for id, type, own in log.objects():
        values = "".join(_value(n, v, f' time="{t}"') for n, t, v in own)
        tell(f"<object id={_mark(id)} type={_mark(type)}><attributes>{values}</attributes></object>\n")
    tell("</objects>\n<events>\n")
    for e in log.events.values():
        values = "".join(_value(n, v) for n, _, v in e.cells)
        touched = "".join(
            f"<relationship object-id={_mark(o)} qualifier={_mark(q or '')}/>" for o, q in e.touched
        )
        tell(
            f"<event id={_mark(e.id)} type={_mark(e.type)} time={_mark(e.time)}><attributes>{values}</attributes>"
        )
        tell(f"<objects>{touched}</objects></event>\n")
    tell("</events>\n</log>\n")


def write_sqlite(log: Objects, path: Path) -> None:
    """Write the database of version 2.0."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("BEGIN")
            _fill(log, connection)
            connection.execute("COMMIT")
    except (sqlite3.Error, OverflowError) as error:
        raise OutputError(f"the log could not be written as SQLite: {error}. Fix: write Parquet") from error


def _fill(log: Objects, connection: sqlite3.Connection) -> None:
    run, many = connection.execute, connection.executemany
    for owner in ("event", "object"):
        run(f'CREATE TABLE "{owner}_map_type" ("ocel_type" TEXT PRIMARY KEY, "ocel_type_map" TEXT)')
        run(f'CREATE TABLE "{owner}" ("ocel_id" TEXT PRIMARY KEY, "ocel_type" TEXT)')
    for table, first, second in (
        ("event_object", "ocel_event_id", "ocel_object_id"),
        ("object_object", "ocel_source_id", "ocel_target_id"),
    ):
        run(f'CREATE TABLE "{table}" ("{first}" TEXT, "{second}" TEXT, "ocel_qualifier" TEXT)')
    tables = {owner: _tables(owner, types, connection) for owner, types in
              (("event", log.event_types), ("object", log.object_types()))}  # fmt: skip
    for id, type, own in log.objects():
        run("INSERT INTO object VALUES (?, ?)", (id, type))
        place: str = tables["object"][type]
        begun: list[Cell] = [(n, "", v) for n, t, v in own if t == BEGINNING]
        _insert(connection, place, [("ocel_id", "", id), ("ocel_time", "", BEGINNING), *begun])
        for n, t, v in own:
            if t != BEGINNING:
                changed = ("ocel_changed_field", "", n)
                _insert(connection, place, [("ocel_id", "", id), ("ocel_time", "", t), changed, (n, "", v)])
    for e in log.events.values():
        run("INSERT INTO event VALUES (?, ?)", (e.id, e.type))
        _insert(
            connection, tables["event"][e.type], [("ocel_id", "", e.id), ("ocel_time", "", e.time), *e.cells]
        )
        many("INSERT INTO event_object VALUES (?, ?, ?)", [(e.id, o, q or "") for o, q in e.touched])


def _tables(
    owner: str, types: Mapping[str, Mapping[str, str]], connection: sqlite3.Connection
) -> dict[str, str]:
    """Create the table of each type; return their names, distinct whatever letters are large."""
    names: dict[str, str] = {}
    used: set[str] = {"map_type", "object"}
    for type, attributes in types.items():
        word = re.sub(r"\W", "", type.title(), flags=re.ASCII) or "Type"
        free = next(w for w in (f"{word}{k or ''}" for k in count()) if w.casefold() not in used)
        used.add(free.casefold())
        names[type] = f"{owner}_{free}"
        folded = [n.casefold() for n in attributes]
        if len(set(folded)) < len(folded) or set(folded) & set(_OWN):
            raise ConfigError(
                f"attributes of {type!r} cannot be columns beside each other in SQLite: {list(attributes)}. "
                "Fix: rename one, or write OCEL as JSON"
            )
        changed = ', "ocel_changed_field" TEXT' if owner == "object" else ""
        own = "".join(f", {_quoted(n)} {_COLUMNS[k]}" for n, k in attributes.items())
        connection.execute(
            f'CREATE TABLE {_quoted(names[type])} ("ocel_id" TEXT, "ocel_time" TIMESTAMP{changed}{own})'
        )
        connection.execute(f'INSERT INTO "{owner}_map_type" VALUES (?, ?)', (type, free))
    return names


def _insert(connection: sqlite3.Connection, table: str, cells: Sequence[Cell]) -> None:
    columns = ", ".join(_quoted(n) for n, _, _ in cells)
    values = [("true" if v else "false") if isinstance(v, bool) else v for _, _, v in cells]
    marks = ", ".join("?" * len(cells))
    connection.execute(f"INSERT INTO {_quoted(table)} ({columns}) VALUES ({marks})", values)


def _value(name: str, value: Any, since: str = "") -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return f"<attribute name={_mark(name)}{since}>{_escaped(text, _MEANT)}</attribute>"


def _mark(text: str) -> str:
    """Return a text as the quoted value of an attribute."""
    return f'"{_escaped(text, _MEANT_IN_TAG)}"'


def _escaped(text: str, meant: Mapping[int, str]) -> str:
    if _NOT_XML.search(text):
        raise OutputError(
            f"{cut(text)} holds a control character, which XML has none of. Fix: write OCEL as JSON"
        )
    return text.translate(meant)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
