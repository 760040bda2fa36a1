"""OCEL 2.0 as an SQLite database: opened to be read only, with nothing of its own allowed to run."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from journeylog.errors import ParseError, cut
from journeylog.ingest.containers.files import File, open_bytes
from journeylog.ingest.containers.ocel import Content, Value

__all__ = ["read_sqlite"]

#: Longest text or blob.
_LONGEST: Final = 1 << 24
_ALLOWED: Final = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
#: How a column that is computed is declared.
_COMPUTED: Final = re.compile(r"\bAS\s*\(", re.IGNORECASE)
#: Columns of a table of a type that are no attributes.
_OWN: Final = ("ocel_id", "ocel_time", "ocel_changed_field")


def read_sqlite(file: File) -> Content:
    """Return what a database holds.

    Raises
    ------
    ParseError
        If it is no database, damaged, or holds no log of objects.
    """
    try:
        with closing(_connect(file)) as connection:
            return _Database(file.name, connection).content()
    except (sqlite3.Error, OverflowError) as error:
        raise ParseError(
            f"{file.name}: the SQLite database is damaged or asks for what is not allowed ({error}). Fix: write it again"
        ) from error


def _connect(file: File) -> sqlite3.Connection:
    """Open a database without taking any lock, following any journal, or letting its schema call functions."""
    if file.path is not None and file.regular:
        connection = sqlite3.connect(f"{file.path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    else:
        content = open_bytes(file).read()
        connection = sqlite3.connect(":memory:")
        connection.deserialize(content)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )
    return connection


class _Database:
    """The tables of a log."""

    def __init__(self, name: str, connection: sqlite3.Connection) -> None:
        self.name, self.connection = name, connection
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        self.tables = {
            name for name, sql in found if sql and not sql.upper().lstrip().startswith("CREATE VIRTUAL")
        }
        computed = [name for name, sql in found if name in self.tables and _COMPUTED.search(sql)]
        if computed:
            raise ParseError(
                f"{name}: the table {cut(computed[0])} has a column that is computed, which is not allowed. "
                "Fix: export it as OCEL 2.0"
            )
        missing = [t for t in ("event", "object", "event_object") if t not in self.tables]
        if missing:
            raise ParseError(
                f"{name} is a database without the table {missing[0]!r} of a log of objects; it has "
                f"{cut(sorted(self.tables))}. Fix: export it as OCEL 2.0"
            )

    def content(self) -> Content:
        """Return all of it."""
        content = Content()
        times, values = self._of_events(content)
        places: dict[str, int] = {}
        for id, type in self._rows("event", ["ocel_id", "ocel_type"]):
            key = _text(id) or ""
            places.setdefault(key, content.event(_text(id), _text(type), times.get(key)))
        for name, listed in values.items():
            content.values[name] = [(places[id], value) for id, value in listed if id in places]
        for id, type in self._rows("object", ["ocel_id", "ocel_type"]):
            content.objects.setdefault(_text(id) or "", _text(type))
        columns = self._columns("event_object")
        how = "ocel_qualifier" if "ocel_qualifier" in columns else "NULL"
        for event, object, qualifier in self._rows("event_object", ["ocel_event_id", "ocel_object_id", how]):
            place = places.get(_text(event) or "")
            if place is not None:
                content.touched.append((place, _text(object) or "", _text(qualifier)))
        self._of_objects(content)
        return content

    def _of_events(
        self, content: Content
    ) -> tuple[dict[str, str | None], dict[str, list[tuple[str, Value]]]]:
        """Return the times and the attributes of events, from the tables of their types."""
        times: dict[str, str | None] = {}
        values: dict[str, list[tuple[str, Value]]] = {}
        for table in self._of_types("event"):
            columns = self._columns(table)
            names = self._attributes(content, "event", columns)
            for id, time, *cells in self._rows(table, ["ocel_id", "ocel_time", *names]):
                key = _text(id) or ""
                times.setdefault(key, _text(time))
                for name, cell in zip(names, cells, strict=True):
                    if cell is not None:
                        values.setdefault(name, []).append((key, _value(cell)))
        return times, values

    def _of_objects(self, content: Content) -> None:
        """Take up the attributes of objects with their changes; a row without a changed field is the beginning."""
        for table in self._of_types("object"):
            columns = self._columns(table)
            names = self._attributes(content, "object", columns)
            changed = "ocel_changed_field" if "ocel_changed_field" in columns else "NULL"
            since = "ocel_time" if "ocel_time" in columns else "NULL"
            for id, time, field, *cells in self._rows(table, ["ocel_id", since, changed, *names]):
                start = None if field is None else _text(time)
                for name, cell in zip(names, cells, strict=True):
                    if cell is not None:
                        change = (_text(id) or "", start, _value(cell))
                        content.object_values.setdefault(name, []).append(change)

    def _of_types(self, owner: str) -> Iterator[str]:
        """Yield the tables of the types of events or of objects."""
        listed = f"{owner}_map_type"
        if listed not in self.tables:
            raise ParseError(
                f"{self.name} is a database without the table {listed!r}. Fix: export it as OCEL 2.0"
            )
        for (mapped,) in self._rows(listed, ["ocel_type_map"]):
            table = f"{owner}_{_text(mapped)}"
            if table in self.tables:
                yield table

    def _columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table with the types they are declared with."""
        cursor = self.connection.execute(f"SELECT * FROM {_quoted(table)} LIMIT 0")
        sql = self.connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        return {c[0]: _declared(sql, c[0]) for c in cursor.description}

    def _attributes(self, content: Content, owner: str, columns: dict[str, str]) -> list[str]:
        names = [name for name in columns if name not in _OWN]
        content.declared.update((owner, name, columns[name]) for name in names)
        return names

    def _rows(self, table: str, columns: Sequence[str]) -> Iterator[Any]:
        listed = ", ".join(c if c == "NULL" else _quoted(c) for c in columns)
        return iter(self.connection.execute(f"SELECT {listed} FROM {_quoted(table)}"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _declared(sql: str, column: str) -> str:
    """Return the kind of a column by the word that declares it; only the words of times and truths say more than
    the values do.
    """
    for mark in ('"', "`", "'"):
        _, found, rest = sql.partition(f"{mark}{column}{mark}")
        if found:
            word = rest.split(None, 1)[0].strip(",)").upper() if rest.split() else ""
            if word in ("TIMESTAMP", "DATETIME"):
                return "time"
            return {"BOOLEAN": "boolean", "INTEGER": "integer", "REAL": "float"}.get(word, "string")
    return "string"


def _value(cell: Any) -> Value:
    if isinstance(cell, int | float):
        return repr(cell), "number"
    return _text(cell), ""


def _text(cell: Any) -> str | None:
    """Return an id or a value as text: the same id in a column of numbers is the same text."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogateescape")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return repr(cell)
