"""Databases, the way out: one transaction, quoted names, types that come back; F11, S11."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, DatabaseError, OutputError
from journeylog.exports import databases
from tests.postgres import Server, engine, postgres, through_psycopg  # noqa: F401 - a fixture

pytest.importorskip("sqlalchemy", reason="no SQLAlchemy")
pytest.importorskip("psycopg", reason="no psycopg")
pytest.importorskip("adbc_driver_postgresql", reason="no ADBC driver of PostgreSQL")

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import sqlalchemy

FIRST = pa.table({"step": pa.array([1, 2]), "name": ["home", None], "rate": [0.5, None]})
SECOND = pa.table({"step": pa.array([3]), "name": ["pay"], "rate": [1.0]})
OTHER = pa.table({"name": ["x"]})


#: Ways to name a database that is written to.
WAYS: dict[str, Callable[[Server, Path, ExitStack], Any]] = {
    "adbc address": lambda s, p, e: s.uri,
    "adbc": lambda s, p, e: e.enter_context(adbc.connect(s.uri)),
    "adbc autocommit": lambda s, p, e: e.enter_context(adbc.connect(s.uri, autocommit=True)),
    "engine": lambda s, p, e: e.enter_context(engine(through_psycopg(s))),
    "sqlalchemy address": lambda s, p, e: through_psycopg(s),
    "psycopg autocommit": lambda s, p, e: e.enter_context(psycopg.connect(s.uri, autocommit=True)),
    "sqlite address": lambda s, p, e: f"sqlite:///{p / 'out.db'}",
    "sqlite": lambda s, p, e: e.enter_context(closing(sqlite3.connect(p / "out.db"))),
    "sqlite engine": lambda s, p, e: e.enter_context(engine(f"sqlite:///{p / 'out.db'}")),
    "duckdb address": lambda s, p, e: f"duckdb:///{p / 'out.duckdb'}",
    "duckdb": lambda s, p, e: e.enter_context(closing(duckdb.connect(str(p / "out.duckdb")))),
}
ways = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def server(postgres: Server) -> Iterator[Server]:  # noqa: F811
    yield postgres
    with psycopg.connect(postgres.uri, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def content(target: Any, server: Server, folder: Path, query: str = 'select * from "out"') -> list[Any]:
    """Return what another connection sees."""
    if isinstance(target, duckdb.DuckDBPyConnection):
        return target.sql(query).fetchall()
    if (folder / "out.duckdb").exists():
        with closing(duckdb.connect(str(folder / "out.duckdb"), read_only=True)) as connection:
            return connection.sql(query).fetchall()
    if (folder / "out.db").exists():
        with closing(sqlite3.connect(folder / "out.db")) as connection:
            return connection.execute(query).fetchall()
    with psycopg.connect(server.uri) as connection:
        return connection.execute(query).fetchall()


@ways
def test_a_table_is_made_replaced_and_added_to(
    way: str, server: Server, tmp_path: Path, stack: ExitStack
) -> None:
    target = WAYS[way](server, tmp_path, stack)
    assert jl.write_sql(FIRST, target, "out") == 2
    assert content(target, server, tmp_path) == [(1, "home", 0.5), (2, None, None)]
    assert jl.write_sql(SECOND, target, "out") == 1
    assert content(target, server, tmp_path) == [(3, "pay", 1.0)]
    assert jl.write_sql(FIRST, target, "out", if_exists="append") == 2
    assert len(content(target, server, tmp_path)) == 3
    with pytest.raises(OutputError, match="is there already"):
        jl.write_sql(FIRST, target, "out", if_exists="fail")
    with pytest.raises(OutputError, match="has other columns"):
        jl.write_sql(OTHER, target, "out", if_exists="append")
    assert len(content(target, server, tmp_path)) == 3
    assert jl.write_sql(OTHER, target, "out") == 1
    assert content(target, server, tmp_path) == [("x",)]
    assert jl.write_sql(OTHER.slice(0, 0), target, "out") == 0
    assert content(target, server, tmp_path) == []


@ways
@pytest.mark.parametrize("new", [SECOND, OTHER], ids=["same columns", "other columns"])
def test_a_failure_leaves_the_old_table(
    way: str, new: pa.Table, server: Server, tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = WAYS[way](server, tmp_path, stack)
    jl.write_sql(FIRST, target, "out")
    before = content(target, server, tmp_path)
    for kind in (databases._Adbc, databases._DuckDB, databases._SQLite, databases._Psycopg):
        fill = kind.fill

        def half(self: Any, *given: Any, fill: Any = fill) -> None:
            fill(self, *given)
            raise RuntimeError("the line went dead")

        monkeypatch.setattr(kind, "fill", half)
    with pytest.raises(OutputError, match=r"table 'out' could not be written: the line went dead\. Fix: "):
        jl.write_sql(new, target, "out")
    assert content(target, server, tmp_path) == before
    monkeypatch.undo()
    jl.write_sql(new, target, "out")
    assert len(content(target, server, tmp_path)) == 1


@pytest.mark.parametrize("way", ["adbc address", "engine", "sqlite address"])
def test_readers_see_the_old_table_until_the_last_moment(
    way: str, server: Server, tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = WAYS[way](server, tmp_path, stack)
    jl.write_sql(FIRST, target, "out")
    seen: list[Any] = []
    for kind in (databases._Adbc, databases._SQLite, databases._Psycopg):
        fill = kind.fill

        def looked_at(self: Any, *given: Any, fill: Any = fill) -> None:
            fill(self, *given)
            seen.extend(content(target, server, tmp_path, 'select step from "out"'))

        monkeypatch.setattr(kind, "fill", looked_at)
    jl.write_sql(SECOND, target, "out")
    assert seen == [(1,), (2,)]
    assert content(target, server, tmp_path, 'select step from "out"') == [(3,)]


def test_two_writers_at_once_leave_one_content(server: Server) -> None:
    many = pa.table({"n": pa.array(range(20_000))})
    jl.write_sql(many, server.uri, "out")
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(3):
                jl.write_sql(many, server.uri, "out")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    with psycopg.connect(server.uri) as connection:
        assert connection.execute('select count(*), count(distinct n) from "out"').fetchall() == [
            (20_000, 20_000)
        ]


def test_a_replaced_table_keeps_its_views_rights_and_indexes(server: Server) -> None:
    jl.write_sql(FIRST, server.uri, "out")
    with psycopg.connect(server.uri, autocommit=True) as connection:
        connection.execute('create view shown as select name from "out"')
        connection.execute('create index found on "out" (step)')
        connection.execute('grant select on "out" to public')
        jl.write_sql(SECOND, server.uri, "out")
        assert connection.execute("select * from shown").fetchall() == [("pay",)]
        kept = "select has_table_privilege('public', 'out', 'select'), to_regclass('found') is not null"
        assert connection.execute(kept).fetchall() == [(True, True)]
        with pytest.raises(OutputError, match=r"other objects depend on it"):
            jl.write_sql(OTHER, server.uri, "out")
        assert connection.execute("select * from shown").fetchall() == [("pay",)]
        with pytest.raises(OutputError, match="could not be written"):
            jl.write_sql(OTHER, server.uri, "shown")


HOSTILE = [
    'a"; drop table "out"; --',
    "x' OR 1=1 --",
    "$$",
    "%s",
    "?",
    ":name",
    "select",
    "a.b",
    "имя",
    "a b",
    "{0}",
]


@pytest.mark.parametrize("way", ["adbc", "psycopg autocommit", "sqlite", "duckdb"])
def test_S11_names_are_only_names(way: str, server: Server, tmp_path: Path, stack: ExitStack) -> None:
    target = WAYS[way](server, tmp_path, stack)
    jl.write_sql(FIRST, target, "out")
    table = pa.table({name: [i, None] for i, name in enumerate(HOSTILE)})
    for name in HOSTILE:
        for _ in range(2):
            assert jl.write_sql(table, target, name) == 2
        found = content(target, server, tmp_path, f"select * from {databases.quoted(name)}")
        assert found == [tuple(range(len(HOSTILE))), (None,) * len(HOSTILE)]
    assert len(content(target, server, tmp_path)) == 2


def test_names_that_would_be_cut_off_or_fall_together_are_refused(server: Server, tmp_path: Path) -> None:
    lite, duck = f"sqlite:///{tmp_path / 'x.db'}", f"duckdb:///{tmp_path / 'x.duckdb'}"
    with pytest.raises(OutputError, match="longer than 63 bytes"):
        jl.write_sql(FIRST, server.uri, "ж" * 32)
    with pytest.raises(OutputError, match=r"the name of column .* longer than 63 bytes"):
        jl.write_sql(pa.table({"x" * 64: [1]}), server.uri, "out")
    twins = pa.table({"Event": [1], "event": [2]})
    assert jl.write_sql(twins, server.uri, "out") == 1
    for target in (lite, duck):
        with pytest.raises(OutputError, match="have one name there"):
            jl.write_sql(twins, target, "out")
    for name in ("", "a\0b", 5):
        with pytest.raises(ConfigError, match="is no name of a table"):
            jl.write_sql(FIRST, lite, name)  # type: ignore[arg-type]


def test_F11_nul_in_text(server: Server, tmp_path: Path) -> None:
    table = pa.table({"name": ["a\0b", "c"], "n": [1, 2]})
    with pytest.raises(
        OutputError, match=r"column 'name' holds NUL characters.*: 1 of 2, for example 'a\\x00b'\. Fix: "
    ):
        jl.write_sql(table, server.uri, "out")
    for shown in ("", "\ufffd"):
        jl.write_sql(table, server.uri, "out", nul=shown)
        assert content(server.uri, server, tmp_path) == [(f"a{shown}b", 1), ("c", 2)]
    with closing(duckdb.connect()) as connection:
        jl.write_sql(table, connection, "out")
        assert content(connection, server, tmp_path)[0] == ("a\0b", 1)


@pytest.mark.parametrize("way", ["adbc", "engine", "sqlite", "duckdb"])
def test_a_result_and_a_log_come_back_as_they_were(
    way: str, server: Server, tmp_path: Path, stack: ExitStack
) -> None:
    target = WAYS[way](server, tmp_path, stack)
    log = jl.datasets.tiny()
    result = log.compute(jl.Transitions())
    assert result.to_sql(target, "edges") == len(result.table)
    columns = ", ".join(map(databases.quoted, result.table.columns))
    found = content(target, server, tmp_path, f"select {columns} from edges")
    assert found == [
        tuple(row) for row in result.table.astype(object).where(result.table.notna(), None).to_numpy()
    ]
    assert jl.write_sql(log, target, "events") == log.n_events
    back = jl.read_sql(target, "select * from events", actor="actor", event="event", time="time")
    same = ["actor", "event", "time", "channel"]
    pd.testing.assert_frame_equal(back.to_pandas()[same], log.to_pandas()[same], check_dtype=False)
    by = log.compute(jl.Funnel(["home", "pay"]), by="channel")
    assert by.to_sql(target, "by") == len(by.table)


def test_types_of_other_tables(server: Server, tmp_path: Path) -> None:
    table = pa.table(
        {
            "day": pa.array([0], pa.date32()),
            "wall": pa.array([0], pa.timestamp("ns")),
            "word": pa.array(["a"]).dictionary_encode(),
            "list": pa.array([["a", None]]),
            "yes": [True],
            "none": pa.nulls(1),
            "raw": [b"\xff"],
            "big": pa.array([2**62], pa.uint64()),
            "nan": [float("nan")],
            "inf": [float("inf")],
            "text": pa.array(["a"], pa.string_view()),
        }
    )
    jl.write_sql(table, server.uri, "out")
    query = 'select day::text, wall::text, word, list, yes, "none", encode(raw, \'hex\'), big, nan, inf, text from "out"'
    assert content(server.uri, server, tmp_path, query) == [
        (
            "1970-01-01",
            "1970-01-01 00:00:00",
            "a",
            '["a", null]',
            True,
            None,
            "ff",
            2**62,
            None,
            float("inf"),
            "a",
        )
    ]
    for wrong, what in (
        (pa.table({"x": pa.array([2**63], pa.uint64())}), "does not fit"),
        (pa.table({"x": pa.array([1], pa.duration("s"))}), "has no type in a database"),
        (pa.table({}), "no columns to write"),
    ):
        with pytest.raises(OutputError, match=what):
            jl.write_sql(wrong, server.uri, "out")
    with pytest.raises(ConfigError, match="dict is no table"):
        jl.write_sql({"x": [1]}, server.uri, "out")


def test_a_table_in_a_schema(server: Server, tmp_path: Path) -> None:
    with psycopg.connect(server.uri, autocommit=True) as connection:
        connection.execute('create schema "my ""own"')
        for target in (server.uri, connection):
            for table in (FIRST, SECOND):
                jl.write_sql(table, target, "out", schema='my "own')
        assert connection.execute('select step from "my ""own"."out"').fetchall() == [(3,)]
        with pytest.raises(OutputError, match="could not be written"):
            jl.write_sql(FIRST, server.uri, "out", schema="nowhere")
        connection.execute('drop schema "my ""own" cascade')


def test_inside_a_transaction_of_its_owner(server: Server, tmp_path: Path, stack: ExitStack) -> None:
    lite = stack.enter_context(closing(sqlite3.connect(tmp_path / "mine.db")))
    duck = stack.enter_context(closing(duckdb.connect()))
    post = stack.enter_context(psycopg.connect(server.uri))
    auto = stack.enter_context(adbc.connect(server.uri, autocommit=True))
    alchemy = stack.enter_context(stack.enter_context(engine(through_psycopg(server))).connect())
    alchemy_lite = stack.enter_context(
        stack.enter_context(engine(f"sqlite:///{tmp_path / 'a.db'}")).connect()
    )

    def run(connection: Any, sql: str) -> list[Any]:
        if connection is auto:
            with auto.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if sql.startswith("select") else []
        found = connection.execute(sqlalchemy.text(sql) if connection in (alchemy, alchemy_lite) else sql)
        return [tuple(row) for row in found.fetchall()] if sql.startswith("select") else []

    for i, connection in enumerate((lite, duck, post, auto, alchemy, alchemy_lite)):
        name = f"mine{i}"
        jl.write_sql(FIRST, connection, name)
        if connection in (lite, duck, auto):
            run(connection, "begin")
        else:
            run(connection, "select 1")
        jl.write_sql(SECOND, connection, name)
        assert run(connection, f"select step from {name}") == [(3,)]
        if connection in (lite, duck, auto):
            run(connection, "rollback")
        else:
            connection.rollback()
        assert run(connection, f"select step from {name}") == [(1,), (2,)]
        if connection in (post, alchemy, alchemy_lite):
            connection.rollback()


def test_what_cannot_be_written_to_is_named(tmp_path: Path, server: Server) -> None:
    with pytest.raises(ConfigError, match="if_exists='upsert' is unknown"):
        jl.write_sql(FIRST, server.uri, "out", if_exists="upsert")
    with closing(duckdb.connect()) as connection, pytest.raises(ConfigError, match="through relation"):
        jl.write_sql(FIRST, connection.sql("select 1"), "out")
    with pytest.raises(DatabaseError, match="cannot be opened"):
        jl.write_sql(FIRST, f"sqlite:///{tmp_path}/none/x.db", "out")

    class Unknown:
        def cursor(self) -> None: ...

        def commit(self) -> None: ...

    with pytest.raises(ConfigError, match="cannot be replaced in one transaction"):
        jl.write_sql(FIRST, Unknown(), "out")


def test_S20_a_failed_write_shows_no_password(server: Server) -> None:
    wrong = server.uri.replace(server.password, "hunter2-s3cret")
    with pytest.raises(DatabaseError, match="password authentication failed") as caught:
        jl.datasets.tiny().compute(jl.DropOff()).to_sql(wrong, "out")
    assert "hunter2" not in str(caught.value)
