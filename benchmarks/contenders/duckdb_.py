"""DuckDB: window functions over the Parquet file, or over a table in memory."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.contenders import Pairs
from benchmarks.logs import FUNNEL, FUNNEL_DAYS, GAP_MINUTES

NAME = "DuckDB SQL"
TIES = "ORDER BY time, then the row's number in the file (file_row_number, rowid once loaded)"
TASKS = ("file_mean", "file_median", "log_mean", "log_median", "sessions", "funnel")
MEDIAN_RELATIVE = 0.0
MEDIAN_SECONDS = 0.0
FUNNEL_WINDOW = True

TRANSITIONS = """
    SELECT event, next_event, count(*) AS n, avg(step_us) AS mean_us {median}
    FROM (
        SELECT event, lead(event) OVER w AS next_event,
            epoch_us(lead(time) OVER w) - epoch_us(time) AS step_us
        FROM {source}
        WINDOW w AS (PARTITION BY actor ORDER BY time, {position})
    )
    WHERE next_event IS NOT NULL
    GROUP BY event, next_event
"""
SESSIONS = f"""
    CREATE OR REPLACE TABLE sessions AS
    SELECT actor, event, time, sum(starts) OVER (
        PARTITION BY actor ORDER BY time, position ROWS UNBOUNDED PRECEDING) AS session
    FROM (
        SELECT actor, event, time, rowid AS position,
            CASE WHEN epoch_us(time) - epoch_us(lag(time) OVER w) <= {GAP_MINUTES} * 60000000
                THEN 0 ELSE 1 END AS starts
        FROM log
        WINDOW w AS (PARTITION BY actor ORDER BY time, rowid)
    )
"""
FUNNEL_QUERY = f"""
    WITH steps AS (
        SELECT actor, event, epoch_us(time) AS us, rowid AS position FROM log WHERE event IN {FUNNEL}
    ), entered AS (
        SELECT *, max(us) FILTER (event = '{FUNNEL[0]}') OVER w AS first_us
        FROM steps
        WINDOW w AS (PARTITION BY actor ORDER BY us, position ROWS UNBOUNDED PRECEDING)
    ), continued AS (
        SELECT *, max(first_us) FILTER (event = '{FUNNEL[1]}') OVER w AS second_us
        FROM entered
        WINDOW w AS (PARTITION BY actor ORDER BY us, position ROWS UNBOUNDED PRECEDING)
    )
    SELECT
        count(DISTINCT actor) FILTER (event = '{FUNNEL[0]}'),
        count(DISTINCT actor) FILTER (event = '{FUNNEL[1]}' AND us - first_us <= {FUNNEL_DAYS} * 86400000000),
        count(DISTINCT actor) FILTER (event = '{FUNNEL[2]}' AND us - second_us <= {FUNNEL_DAYS} * 86400000000)
    FROM continued
"""


def version() -> str:
    return duckdb.__version__


def one_shot(path: Path, median: bool) -> pa.Table:
    source = f"read_parquet('{path}', file_row_number = true)"
    return duckdb.connect().sql(query(source, "file_row_number", median)).to_arrow_table()


def load(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE log AS SELECT actor, event, time FROM read_parquet('{path}')")
    return connection


def transitions(log: duckdb.DuckDBPyConnection, median: bool) -> pa.Table:
    return log.sql(query("log", "rowid", median)).to_arrow_table()


def sessions(log: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    return log.execute(SESSIONS)


def funnel(log: duckdb.DuckDBPyConnection) -> tuple[int, ...] | None:
    return log.execute(FUNNEL_QUERY).fetchone()


def query(source: str, position: str, median: bool) -> str:
    return TRANSITIONS.format(
        source=source, position=position, median=", median(step_us) AS median_us" if median else ""
    )


def pairs(result: pa.Table) -> Pairs:
    for row in result.to_pylist():
        median = row.get("median_us")
        yield (
            row["event"],
            row["next_event"],
            row["n"],
            row["mean_us"] / 1e6,
            None if median is None else median / 1e6,
        )


def session_totals(result: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    sizes = "SELECT count(*) AS size FROM sessions GROUP BY actor, session"
    count, squares = result.execute(f"SELECT count(*), sum(size * size) FROM ({sizes})").fetchone() or (0, 0)
    return int(count), int(squares)


def funnel_counts(result: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(result)
