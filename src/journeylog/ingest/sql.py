"""Queries of databases through the door: streamed, parameters bound, the same verdicts as for any file."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from journeylog.core.log import EventLog
from journeylog.errors import ConfigError
from journeylog.ingest.connections import Connected, connected, plainly
from journeylog.ingest.containers.query import QueryTable
from journeylog.ingest.cursors import ANSWERS
from journeylog.ingest.door import read

__all__ = ["read_sql"]


def read_sql(
    source: Any,
    query: Any = None,
    /,
    *,
    params: Sequence[Any] | Mapping[str, Any] | None = None,
    **declaration: Any,
) -> EventLog:
    """Read the rows of a query into a log.

    The rows go through the same door as those of a file: every one is kept, rejected with a reason, or counted as
    a duplicate. They arrive in batches, so no more than a few of them are in memory beside the log.

    Parameters
    ----------
    source : str, connection, engine or relation
        An address (``postgresql://...`` through ADBC, ``sqlite:///file``, ``duckdb:///file``, and any other that
        SQLAlchemy knows), an open ADBC or DuckDB connection, a relation of DuckDB, a SQLAlchemy engine, connection
        or URL, or another DB-API connection. A connection that is handed over stays open.
    query : str or SQLAlchemy statement
        One statement that gives rows. Left out for a relation, which is a query already.
    params : sequence or mapping, optional
        Values of the query's placeholders. They are bound by the driver and never become part of the query; the
        placeholders are the driver's: ``$1`` (PostgreSQL), ``?`` or ``$name`` (DuckDB), ``?`` or ``:name``
        (SQLite), ``:name`` (SQLAlchemy).
    **declaration
        Which column is what, and all else that :func:`journeylog.read` takes: ``actor="user_id"``,
        ``time="created_at"``, ``tz="UTC"``, ``columns=["plan"]``, ``order_by="id"``, ``format=...``.

    Returns
    -------
    EventLog

    Raises
    ------
    DatabaseError
        If the database refuses the connection or the query. Passwords are not in the message.
    ConfigError
        If `source` is no database, or the query gives no rows.
    MissingPackageError
        If the driver is not installed.
    JourneylogError
        Whatever :func:`journeylog.read` raises about the rows.

    Notes
    -----
    A result has no order of its own, even with ``ORDER BY``: ties are put in order by `order_by`, then by the
    event's name and the content of the row.

    What becomes of a column of PostgreSQL:

    ==========================  ===================================================================================
    type                        read as
    ==========================  ===================================================================================
    numeric                     exact money as ``value``; its digits as an id; a number as an attribute
    uuid, enum, text            text; ids exactly as written
    json, jsonb, array, row     JSON text
    timestamptz                 the instant
    timestamp, date             a time without a zone: needs ``tz=``
    infinity, years out of all  rejected ``TS_OUT_OF_RANGE`` as ``time``; missing, and counted, as an attribute
    interval                    ISO 8601 text, ``P0M1DT7200S``
    bytea                       its UTF-8 text; other bytes are rejected ``ENCODING``
    money, inet, range, ...     refused by name: cast it in the query (ADBC)
    ==========================  ===================================================================================

    A file of SQLite or DuckDB named by its address is opened for reading only; in DuckDB such a connection cannot
    read other files, load extensions or see variables of Python.

    Examples
    --------
    >>> import duckdb
    >>> import journeylog as jl
    >>> shop = duckdb.connect()
    >>> _ = shop.execute("create table clicks (who text, what text, seen timestamptz)")
    >>> _ = shop.execute("insert into clicks values ('ada', 'home', '2025-01-06 10:00Z'), ('bob', 'home', '2025-01-07')")
    >>> log = jl.read_sql(shop, "from clicks where who = ?", params=["ada"], actor="who", event="what", time="seen")
    >>> log.n_events
    1
    """
    if isinstance(params, str | bytes) or not isinstance(params, Sequence | Mapping | None):
        raise ConfigError(
            f"params= is a {type(params).__name__}. Fix: pass a list or a dict of values, params=[...]"
        )
    with connected(source) as connection, _table(connection, query, params) as table:
        return read(table, **declaration)


@contextmanager
def _table(connection: Connected, query: Any, params: Any) -> Iterator[QueryTable]:
    """Run the query and give its rows; the cursor is closed when they have been read."""
    if (query is None) != (connection.kind == "relation"):
        fix = (
            "leave query out for a relation" if query is not None else "pass the query as the second argument"
        )
        raise ConfigError(f"a connection needs a query, and a relation is one. Fix: {fix}")
    if query is not None and not isinstance(query, str) and connection.kind != "sqlalchemy":
        raise ConfigError(f"query is a {type(query).__name__}. Fix: pass the text of one statement")
    rows = ANSWERS[connection.kind](connection.handle, query, params)
    with plainly("the query failed", connection.secrets, "correct the query, or the values of params="):
        columns = next(rows)
    try:
        yield QueryTable(columns, _watched(rows, connection.secrets))
    finally:
        rows.close()


def _watched(rows: Generator[Any, None, None], hidden: frozenset[str]) -> Iterator[Any]:
    """Yield the batches; a database that stops in the middle raises an error of ours."""
    while True:
        with plainly("the database stopped in the middle of its answer", hidden, "run the query again"):
            batch = next(rows, None)
        if batch is None:
            return
        yield batch
