"""How each kind of connection answers a query: first the names of the columns, then batch after batch of rows."""

from __future__ import annotations

import datetime as dt
import importlib
import secrets
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import pyarrow as pa

from journeylog.errors import ConfigError

__all__ = ["ANSWERS"]

#: Rows fetched at once, where the driver leaves it to the caller.
_ROWS: Final = 1 << 13
_IN_TRANSACTION: Final = "adbc.postgresql.transaction_status"
_COPY: Final = "adbc.postgresql.use_copy"

Answer = Generator[Any, None, None]


def _adbc(connection: Any, query: str, params: Any) -> Answer:
    if params and "postgres" in str(connection.adbc_get_info().get("vendor_name", "")).lower():
        yield from _postgres(connection, query, params)
        return
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        with cursor.fetch_record_batch() as reader:
            yield tuple(reader.schema.names)
            yield from reader


def _postgres(connection: Any, query: str, params: Any) -> Answer:
    """Read through a cursor of the server: given parameters, the driver would hold the whole result at once."""
    if isinstance(params, Mapping):
        raise ConfigError(
            "params= is a mapping, and PostgreSQL counts its placeholders, $1, $2. Fix: pass a list"
        )
    name = _cursor_name()
    with connection.cursor() as cursor:
        begun = connection.adbc_connection.get_option(_IN_TRANSACTION) == "idle"
        if begun:
            cursor.execute("BEGIN")
        try:
            cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {query}", tuple(params))
            cursor.adbc_statement.set_options(**{_COPY: "false"})  # FETCH is nothing to copy from
            table = _fetched(cursor, name)
            yield tuple(table.schema.names)
            while table.num_rows:
                yield from table.to_batches()
                table = _fetched(cursor, name)
        finally:
            with suppress(Exception):  # a transaction that failed has closed it already
                cursor.execute("ROLLBACK" if begun else f"CLOSE {name}")


def _fetched(cursor: Any, name: str) -> pa.Table:
    cursor.execute(f"FETCH {_ROWS} FROM {name}")
    return cursor.fetch_arrow_table()


def _duckdb(connection: Any, query: str, params: Any) -> Answer:
    with _without_variables(connection):
        relation = connection.sql(query) if params is None else connection.sql(query, params=params)
        if relation is None:
            raise _no_rows()
        yield from _relation(relation)


def _relation(relation: Any, query: None = None, params: Any = None) -> Answer:
    if params is not None:
        raise ConfigError("a relation has its values already. Fix: leave out params=")
    with pa.RecordBatchReader.from_stream(
        relation
    ) as reader:  # objects of Python would need further packages
        yield tuple(reader.schema.names)
        yield from reader


@contextmanager
def _without_variables(connection: Any) -> Iterator[None]:
    """Keep DuckDB from taking a name it does not know for a variable of this library."""
    setting = "python_enable_replacements"
    before = connection.execute("SELECT current_setting(?)", [setting]).fetchall()[0][0]
    changed = False
    if before:
        with suppress(Exception):  # its owner may have locked the settings
            connection.execute(f"SET {setting} = false")
            changed = True
    try:
        yield
    finally:
        if changed:
            connection.execute(f"SET {setting} = true")


def _sqlalchemy(connection: Any, query: Any, params: Any) -> Answer:
    sqlalchemy = importlib.import_module("sqlalchemy")
    streamed = {"stream_results": True, "max_row_buffer": _ROWS}

    def before(_: Any, cursor: Any, *further: Any) -> None:
        _read_extremes(cursor)

    sqlalchemy.event.listen(connection, "before_cursor_execute", before)
    try:
        if isinstance(query, str) and params is not None and not isinstance(params, Mapping):
            result = connection.exec_driver_sql(query, tuple(params), execution_options=streamed)
        else:
            statement = sqlalchemy.text(query) if isinstance(query, str) else query
            result = connection.execute(statement, params or {}, execution_options=streamed)
    finally:
        sqlalchemy.event.remove(connection, "before_cursor_execute", before)
    with result:
        if not result.returns_rows:
            raise _no_rows()
        yield tuple(result.keys())
        yield from result.partitions(_ROWS)


def _dbapi(connection: Any, query: str, params: Any) -> Answer:
    with _texts_as_they_are(connection):
        cursor = _cursor(connection)
        try:
            _read_extremes(cursor)
            cursor.execute(*((query,) if params is None else (query, params)))
            if cursor.description is None:
                raise _no_rows()
            yield tuple(column[0] for column in cursor.description)
            while rows := cursor.fetchmany(_ROWS):
                yield rows
        finally:
            cursor.close()


def _cursor(connection: Any) -> Any:
    """Return a cursor of plain tuples, on the server where the driver would else hold the whole result."""
    driver = type(connection).__module__.split(".")[0]
    if driver == "psycopg":
        rows = importlib.import_module("psycopg.rows")
        return connection.cursor(_cursor_name(), row_factory=rows.tuple_row, withhold=connection.autocommit)
    if driver == "psycopg2":
        return connection.cursor(_cursor_name(), withhold=connection.autocommit)
    cursor = connection.cursor()
    if isinstance(connection, sqlite3.Connection):
        cursor.row_factory = None
    return cursor


@contextmanager
def _texts_as_they_are(connection: Any) -> Iterator[None]:
    """Let SQLite give texts that are no UTF-8 as bytes: they cost their row, and not the query."""
    if not isinstance(connection, sqlite3.Connection) or connection.text_factory is not str:
        yield
        return
    connection.text_factory = _text_or_bytes
    try:
        yield
    finally:
        connection.text_factory = str


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _read_extremes(cursor: Any) -> None:
    """Have psycopg give infinity, and years that Python has none for, as its first and last moments.

    It would end the whole query; now such a row is rejected as out of range, as it is with any other driver.
    """
    if type(cursor).__module__.split(".")[0] != "psycopg":
        return
    loader: Any = importlib.import_module("psycopg.adapt").Loader
    error: Any = importlib.import_module("psycopg").DataError
    extremes: dict[str, tuple[Any, Any]] = {
        "date": (dt.date.min, dt.date.max),
        "timestamp": (dt.datetime.min, dt.datetime.max),
        "timestamptz": (dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)),
    }
    for name, (first, last) in extremes.items():
        usual = cursor.adapters.get_loader(cursor.adapters.types[name].oid, loader.format)
        cursor.adapters.register_loader(name, _clamped(loader, usual, error, first, last))


def _clamped(base: Any, usual: Any, error: Any, first: Any, last: Any) -> Any:
    """Return a loader of psycopg that gives `first` or `last` where the usual one gives up."""

    class Clamped(base):  # type: ignore[misc]
        """Loads a time."""

        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self.usual = usual(oid, context)

        def load(self, data: Any) -> Any:
            """Return a time."""
            try:
                return self.usual.load(data)
            except error:
                text = bytes(data)
                return first if text.startswith(b"-") or text.endswith(b"BC") else last

    return Clamped


def _cursor_name() -> str:
    return f"journeylog_{secrets.token_hex(8)}"


def _no_rows() -> ConfigError:
    return ConfigError(
        "the query gives no rows. Fix: pass one statement that does, for example SELECT * FROM events"
    )


#: What answers, by kind of connection.
ANSWERS: Final[dict[str, Callable[[Any, Any, Any], Answer]]] = {
    "adbc": _adbc,
    "dbapi": _dbapi,
    "duckdb": _duckdb,
    "relation": _relation,
    "sqlalchemy": _sqlalchemy,
}
