"""Results and logs as tables of a database, written in one transaction: all of the new content, or the old."""

from __future__ import annotations

import json
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.contracts import Grouped, Result
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, OutputError, cut, explain
from journeylog.exports.databases import Database, opened, quoted
from journeylog.ingest.connections import connected, plainly

__all__ = ["write_sql"]

_IF_EXISTS: Final = ("replace", "append", "fail")
_FIX: Final = "check the name, your rights and what depends on the table; what was there before is untouched"


def write_sql(
    data: Any,
    target: Any,
    table: str,
    /,
    *,
    schema: str | None = None,
    if_exists: str = "replace",
    nul: str | None = None,
) -> int:
    """Write a result, a log or a frame to a table of a database, in one transaction.

    Whoever reads the table sees the old content until the last moment and then all of the new one; a failure leaves
    the old. Results have the same as a method: ``result.to_sql(target, "funnel")``.

    Parameters
    ----------
    data : Result, Grouped, EventLog, or anything with ``__arrow_c_stream__``
        Of a result its main table; further ones are in ``result.tables``.
    target : str, connection or engine
        What :func:`journeylog.read_sql` takes, for PostgreSQL, SQLite or DuckDB. A connection that is handed over
        stays open. If it is inside a transaction, the table is written there and committed with it, by its owner;
        an ADBC connection does not say, and is committed.
    table : str
        Name of the table, exactly as written; a dot or a quote in it is a part of the name.
    schema : str, optional
        The schema it lies in; by default the first of the search path.
    if_exists : {"replace", "append", "fail"}
        A table with the same columns keeps its rights, indexes and views when it is replaced; one with other
        columns is dropped and made anew.
    nul : str, optional
        Text in the place of NUL characters, which PostgreSQL has no text for; by default they are an error.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    OutputError
        If the table could not be written; what was there before is untouched.
    ConfigError
        If an argument means nothing, or the database cannot replace a table in one transaction.
    DatabaseError, MissingPackageError
        If the database cannot be reached, or its driver is not installed.

    Notes
    -----
    Numbers become ``bigint`` and ``double precision``, texts ``text``, times ``timestamp with time zone``, money of a
    log ``numeric``, lists JSON text; missing values and NaN become NULL. SQLite has no times and no decimals: they
    are ISO 8601 and decimal text there.

    Examples
    --------
    >>> import duckdb
    >>> import journeylog as jl
    >>> shop = duckdb.connect()
    >>> jl.datasets.tiny().compute(jl.Funnel(["home", "cart", "pay"])).to_sql(shop, "funnel")
    3
    >>> shop.sql("select step, n_cases from funnel").fetchall()
    [(1, 4), (2, 3), (3, 2)]
    """
    if if_exists not in _IF_EXISTS:
        raise ConfigError(f"if_exists={if_exists!r} is unknown. Fix: one of {list(_IF_EXISTS)}")
    rows = _storable(_arrow(data))
    with connected(target, write=True) as connection:
        with plainly("the database cannot be written to", connection.secrets, _FIX, OutputError):
            database = opened(connection)
        rows = _without_nul(rows, nul, database)
        _check_names(rows.schema.names, table, schema, database)
        writing = plainly(f"table {table!r} could not be written", connection.secrets, _FIX, OutputError)
        with writing, database.transaction():
            _write(database, rows, table, schema, if_exists)
    return int(rows.num_rows)


def _write(database: Database, rows: pa.Table, table: str, schema: str | None, if_exists: str) -> None:
    place = quoted(table) if schema is None else f"{quoted(schema)}.{quoted(table)}"
    wanted = [(field.name, database.type_of(field.type)) for field in rows.schema]
    found = database.columns(table, schema)
    if found and if_exists == "fail":
        raise OutputError(f"table {table!r} is there already. Fix: another name, or if_exists='replace'")
    if found and if_exists == "append" and found != wanted:
        raise OutputError(
            f"table {table!r} has other columns: {found}, and {wanted} are to be added. Fix: if_exists='replace'"
        )
    if found and if_exists == "replace":
        if found == wanted:
            database.clear(place)
        else:
            database.run(f"DROP TABLE {place}")
            found = None
    if not found:
        database.run(f"CREATE TABLE {place} ({', '.join(f'{quoted(name)} {kind}' for name, kind in wanted)})")
    if rows.num_rows:
        database.fill(table, schema, place, rows)


def _arrow(data: Any) -> pa.Table:
    if isinstance(data, Result | Grouped | EventLog):
        return data.to_arrow()
    if isinstance(data, pd.DataFrame):
        return pa.Table.from_pandas(data, preserve_index=False)
    if isinstance(data, pa.Table):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    raise ConfigError(
        f"{type(data).__name__} is no table. Fix: pass a result, a log, or a frame of pandas, Polars or pyarrow"
    )


def _storable(table: pa.Table) -> pa.Table:
    """Return the table in the few types that every database has."""
    if not table.num_columns:
        raise OutputError("there are no columns to write. Fix: write a table that has some")
    columns = [_column(name, column) for name, column in zip(table.schema.names, table.columns, strict=True)]
    return pa.table(columns, names=[str(name) for name in table.schema.names])


def _column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
        column = column.cast(kind)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    if pa.types.is_nested(kind):
        texts = [
            None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()
        ]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if pa.types.is_floating(kind):
        return _nan_to_null(column.cast(pa.float64()))
    goal = _goal(kind)
    if goal is None:
        raise OutputError(
            f"column {name!r} of type {kind} has no type in a database. Fix: turn it into text first"
        )
    try:
        return column.cast(goal)
    except pa.ArrowInvalid as error:
        raise OutputError(
            f"column {name!r} does not fit its type there ({error}). Fix: make text of it"
        ) from error


def _nan_to_null(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)


def _goal(kind: pa.DataType) -> pa.DataType | None:
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", None if kind.tz is None else "UTC")
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.large_string() if pa.types.is_large_string(kind) else pa.string()
    if str(kind) == "string_view":
        return pa.string()
    return (
        kind if pa.types.is_boolean(kind) or pa.types.is_decimal(kind) or pa.types.is_binary(kind) else None
    )


def _without_nul(rows: pa.Table, nul: str | None, database: Database) -> pa.Table:
    """Refuse or replace the one character that PostgreSQL has no text for."""
    if not database.refuses_nul:
        return rows
    for i, field in enumerate(rows.schema):
        if not pa.types.is_string(field.type) and not pa.types.is_large_string(field.type):
            continue
        column = rows.column(i)
        found = pc.match_substring(column, "\0").fill_null(False)
        n = pc.sum(found).as_py() or 0
        if n and nul is None:
            examples = column.filter(found).slice(0, 3).to_pylist()
            raise OutputError(
                explain(
                    f"column {field.name!r} holds NUL characters, which PostgreSQL has no text for",
                    count=n,
                    total=rows.num_rows,
                    examples=examples,
                    fix="pass nul='' to leave them out, or nul='\\ufffd' to show that something was there",
                )
            )
        if n:
            rows = rows.set_column(i, field.name, pc.replace_substring(column, "\0", nul))
    return rows


def _check_names(names: list[str], table: str, schema: str | None, database: Database) -> None:
    """Refuse names that the database would refuse, cut off, or take for one."""
    for what, name in (("table", table), ("schema", schema or "x"), *(("column", name) for name in names)):
        if not isinstance(name, str) or not name or "\0" in name:
            raise ConfigError(f"{cut(name)} is no name of a {what}. Fix: pass a text without NUL characters")
        if database.longest_name is not None and len(name.encode()) > database.longest_name:
            raise OutputError(
                f"the name of {what} {cut(name)} is longer than {database.longest_name} bytes and would be cut off. "
                f"Fix: rename it"
            )
    seen: dict[str, str] = {}
    for name in names:
        key = name.casefold() if database.folds_names else name
        if key in seen:
            raise OutputError(
                f"columns {seen[key]!r} and {name!r} have one name there. Fix: rename one of them"
            )
        seen[key] = name
