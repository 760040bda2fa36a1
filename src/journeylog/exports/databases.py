"""The three databases that a table can be replaced in by one transaction, and how each is spoken to."""

from __future__ import annotations

import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, ClassVar, Final

import pyarrow as pa

from journeylog.errors import ConfigError
from journeylog.ingest.connections import Connected

__all__ = ["Database", "opened", "quoted"]

#: Rows that are handed to a driver at once as objects of Python.
_ROWS: Final = 1 << 13
_STATUS: Final = "adbc.postgresql.transaction_status"

#: Types by database: whole number, fraction, text, yes or no, instant, time without a zone, day, bytes, decimal.
_TYPES: Final = {
    "postgresql": (
        "bigint", "double precision", "text", "boolean", "timestamp with time zone", "timestamp without time zone",
        "date", "bytea", "numeric({0},{1})",
    ),
    "duckdb": (
        "BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "DATE", "BLOB",
        "DECIMAL({0},{1})",
    ),
    "sqlite": ("INTEGER", "REAL", "TEXT", "BOOLEAN", "TEXT", "TEXT", "TEXT", "BLOB", "TEXT"),
}  # fmt: skip
#: What columns a table has; the mark stands for a bound value: the quoted name, or name and schema.
_COLUMNS: Final = {
    "postgresql": (
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass({0}) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    ),
    "duckdb": (
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = {0} AND database_name = "
        "current_database() AND schema_name = coalesce({0}, current_schema()) ORDER BY column_index"
    ),
    "sqlite": "SELECT name, type FROM pragma_table_info({0}, {0})",
}


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL: nothing in it can end it."""
    return '"' + name.replace('"', '""') + '"'


class Database(ABC):
    """A connection that a table is written through.

    Parameters
    ----------
    connection : object
        As its driver gives it.
    dialect : {"postgresql", "duckdb", "sqlite"}
    owned : bool
        Whether it was opened for this table alone.
    mark : str
        How the driver marks a bound value.
    """

    mark: ClassVar[str] = "?"

    def __init__(self, connection: Any, dialect: str, owned: bool) -> None:
        self.connection, self.dialect, self.owned = connection, dialect, owned
        self.refuses_nul = dialect == "postgresql"
        self.longest_name = 63 if dialect == "postgresql" else None
        self.folds_names = dialect != "postgresql"

    def type_of(self, kind: pa.DataType) -> str:
        """Return the database's type for a type of Arrow."""
        whole, fraction, text, yes, instant, wall, day, raw, decimal = _TYPES[self.dialect]
        tests: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
            (pa.types.is_integer, whole),
            (pa.types.is_floating, fraction),
            (pa.types.is_boolean, yes),
            (pa.types.is_timestamp, instant if getattr(kind, "tz", None) else wall),
            (pa.types.is_date, day),
            (pa.types.is_binary, raw),
        )
        if pa.types.is_decimal(kind):
            return decimal.format(kind.precision, kind.scale)
        return next((name for test, name in tests if test(kind)), text)

    def columns(self, table: str, schema: str | None) -> list[tuple[str, str]] | None:
        """Return the columns of a table with their types; None when there is no such table."""
        query = _COLUMNS[self.dialect].format(self.mark)
        values: tuple[Any, ...] = (table, schema)
        if self.dialect == "postgresql":
            values = (quoted(table) if schema is None else f"{quoted(schema)}.{quoted(table)}",)
        elif self.dialect == "sqlite":
            values = (table, schema or "main")
        return [(str(name), str(kind)) for name, kind in self.ask(query, values)] or None

    def clear(self, place: str) -> None:
        """Take out all rows; readers go on seeing them, and another writer waits."""
        if self.dialect == "postgresql":
            self.run(f"LOCK TABLE {place} IN SHARE ROW EXCLUSIVE MODE")
        self.run(f"DELETE FROM {place}")

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Any]:
        """Return what holds the transaction, to be entered at once: committed at its end, undone by an exception."""

    @abstractmethod
    def run(self, sql: str) -> None:
        """Run a statement without values."""

    @abstractmethod
    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """Return the rows of a query."""

    @abstractmethod
    def fill(self, table: str, schema: str | None, place: str, rows: pa.Table) -> None:
        """Add rows to a table."""


@contextmanager
def _kept_or_undone(keep: Callable[[], Any], undo: Callable[[], Any]) -> Iterator[None]:
    """End a transaction that has begun: keep what was done, or undo it when anything went wrong."""
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the first error is the one to tell
            undo()
        raise
    keep()


class _Adbc(Database):
    mark = "$1"

    def transaction(self) -> AbstractContextManager[None]:
        if not self.connection._autocommit:
            return _kept_or_undone(self.connection.commit, self.connection.rollback)
        if self.connection.adbc_connection.get_option(_STATUS) == "intrans":
            return nullcontext()  # inside a transaction of its owner, who ends it
        self.run("BEGIN")
        return _kept_or_undone(lambda: self.run("COMMIT"), lambda: self.run("ROLLBACK"))

    def run(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, tuple(values))
            return list(cursor.fetchall())

    def fill(self, table: str, schema: str | None, place: str, rows: pa.Table) -> None:
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)


class _DuckDB(Database):
    def transaction(self) -> AbstractContextManager[None]:
        marks = [self.ask("SELECT txid_current()", ()) for _ in range(2)]
        if marks[0] == marks[1]:
            return nullcontext()  # inside a transaction of its owner; asking for another would end it now
        self.connection.begin()
        return _kept_or_undone(self.connection.commit, self.connection.rollback)

    def run(self, sql: str) -> None:
        self.connection.execute(sql)

    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        return list(self.connection.execute(sql, list(values)).fetchall())

    def fill(self, table: str, schema: str | None, place: str, rows: pa.Table) -> None:
        name = f"journeylog_{secrets.token_hex(8)}"
        self.connection.register(name, rows)
        try:
            self.run(f"INSERT INTO {place} SELECT * FROM {quoted(name)}")
        finally:
            self.connection.unregister(name)


class _SQLite(Database):
    def transaction(self) -> AbstractContextManager[None]:
        if self.connection.in_transaction:
            point = f"journeylog_{secrets.token_hex(8)}"
            begin, keep, undo = f"SAVEPOINT {point}", f"RELEASE {point}", f"ROLLBACK TO {point}"
        else:
            begin, keep, undo = "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"
        self.run(begin)
        return _kept_or_undone(lambda: self.run(keep), lambda: self.run(undo))

    def run(self, sql: str) -> None:
        self.connection.execute(sql)

    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        cursor = self.connection.cursor()
        cursor.row_factory = None
        return list(cursor.execute(sql, tuple(values)))

    def fill(self, table: str, schema: str | None, place: str, rows: pa.Table) -> None:
        marks = ", ".join("?" * rows.num_columns)
        self.connection.executemany(f"INSERT INTO {place} VALUES ({marks})", _tuples(_without_types(rows)))


class _Psycopg(Database):
    mark = "%s"

    def transaction(self) -> AbstractContextManager[Any]:
        held: AbstractContextManager[Any] = self.connection.transaction()
        return held  # a savepoint, where one is open already

    def run(self, sql: str) -> None:
        self.connection.execute(sql)

    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        return [tuple(row) for row in self.connection.execute(sql, tuple(values)).fetchall()]

    def fill(self, table: str, schema: str | None, place: str, rows: pa.Table) -> None:
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {place} FROM STDIN") as copy:
            for row in _tuples(rows):
                copy.write_row(row)


def opened(connection: Connected) -> Database:
    """Return how to write through a connection.

    Raises
    ------
    ConfigError
        If its database, or its driver, cannot do so in one transaction.
    """
    handle = connection.handle
    if connection.kind == "duckdb":
        return _DuckDB(handle, "duckdb", connection.owned)
    if connection.kind == "adbc" and "postgres" in str(handle.adbc_get_info().get("vendor_name", "")).lower():
        return _Adbc(handle, "postgresql", connection.owned)
    if connection.kind == "sqlalchemy":
        return _Through(handle, connection.owned)
    if connection.kind == "dbapi":
        return _plain(handle, connection.owned)
    raise ConfigError(_cannot(connection.kind))


class _Through(Database):
    """A connection of SQLAlchemy: its transaction, around the work of the driver below it."""

    def __init__(self, connection: Any, owned: bool) -> None:
        self.inner = _plain(connection.connection.driver_connection, owned)
        super().__init__(connection, self.inner.dialect, owned)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        mine = not self.connection.in_transaction()
        if not mine and isinstance(self.inner, _SQLite) and not self.inner.connection.in_transaction:
            # SQLAlchemy leaves this to the driver, and the driver to the first change
            self.inner.run("BEGIN")
        with self.connection.begin() if mine else self.connection.begin_nested(), self.inner.transaction():
            yield

    def columns(self, table: str, schema: str | None) -> list[tuple[str, str]] | None:
        return self.inner.columns(table, schema)

    def run(self, sql: str) -> None:
        self.inner.run(sql)

    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        return self.inner.ask(sql, values)

    def fill(self, table: str, schema: str | None, place: str, rows: pa.Table) -> None:
        self.inner.fill(table, schema, place, rows)


def _plain(connection: Any, owned: bool) -> Database:
    if isinstance(connection, sqlite3.Connection):
        return _SQLite(connection, "sqlite", owned)
    if type(connection).__module__.split(".")[0] == "psycopg":
        return _Psycopg(connection, "postgresql", owned)
    raise ConfigError(_cannot(type(connection).__module__.split(".")[0]))


def _cannot(name: str) -> str:
    return (
        f"tables cannot be replaced in one transaction through {name}. Fix: PostgreSQL through ADBC or psycopg, "
        "SQLite, or DuckDB; or write result.table with your driver"
    )


def _without_types(rows: pa.Table) -> pa.Table:
    """Return times and decimals as text, for a database that has no types for them."""
    columns = []
    for column in rows.columns:
        kind = column.type
        timely = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
        columns.append(column.cast(pa.string()) if timely or pa.types.is_decimal(kind) else column)
    return pa.table(columns, names=rows.schema.names)


def _tuples(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in rows.to_batches(max_chunksize=_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
