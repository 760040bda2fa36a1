"""Databases, the way in: the same log through every driver, values bound, no secret shown; T16, T17, S11, S12, S20."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

import journeylog as jl
from journeylog.errors import (
    ConfigError,
    DatabaseError,
    LoadWarning,
    MissingColumnError,
    MissingPackageError,
    SchemaError,
)
from journeylog.ingest import connections, cursors
from tests.postgres import Server, engine, postgres, through_psycopg  # noqa: F401 - a fixture

pytest.importorskip("sqlalchemy", reason="no SQLAlchemy")
pytest.importorskip("psycopg", reason="no psycopg")
pytest.importorskip("adbc_driver_postgresql", reason="no ADBC driver of PostgreSQL")

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import sqlalchemy

ROLES = {"actor": "who", "event": "what", "time": "seen"}

#: One row of everything; the last three are rejected.
ALL_TYPES = """
select * from (values
  ('00123', 'home', timestamptz '2024-01-01 10:00+03', 1.50::numeric, 'sad'::mood, '{"b": 1}'::jsonb,
   '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid, array[1, null], interval '1 day 2 hours', 2::numeric, 1.5::float8),
  ('123', 'pay', '2040-07-01 12:00Z', 'NaN', 'glad', null, null, null, null, 9007199254740993, 'NaN'),
  ('123', 'pay', 'infinity', 1, null, null, null, null, null, null, null),
  ('123', 'pay', '-infinity', 1, null, null, null, null, null, null, null),
  ('123', 'pay', '2024-01-01', 'infinity', null, null, null, null, null, null, null)
) as t(who, what, seen, amount, mood, json, id, list, span, number, float) where who <> """


#: Ways to name one PostgreSQL: how it is opened, and a marked value with its parameters.
WAYS: dict[str, tuple[Callable[[Server, ExitStack], Any], str, Any]] = {
    "adbc address": (lambda s, _: s.uri, "$1", ["nobody"]),
    "adbc": (lambda s, e: e.enter_context(adbc.connect(s.uri)), "$1", ["nobody"]),
    "adbc autocommit": (lambda s, e: e.enter_context(adbc.connect(s.uri, autocommit=True)), "$1", ["nobody"]),
    "sqlalchemy address": (lambda s, _: through_psycopg(s), ":name", {"name": "nobody"}),
    "sqlalchemy url": (lambda s, _: sqlalchemy.make_url(through_psycopg(s)), "%s", ["nobody"]),
    "engine": (lambda s, e: e.enter_context(engine(through_psycopg(s))), ":name", {"name": "nobody"}),
    "sqlalchemy": (
        lambda s, e: e.enter_context(e.enter_context(engine(through_psycopg(s))).connect()),
        ":name",
        {"name": "nobody"},
    ),
    "psycopg": (lambda s, e: e.enter_context(psycopg.connect(s.uri)), "%s", ["nobody"]),
    "psycopg autocommit": (
        lambda s, e: e.enter_context(psycopg.connect(s.uri, autocommit=True)),
        "%s",
        ["nobody"],
    ),
}
ways = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def server(postgres: Server) -> Server:  # noqa: F811
    """Return the server, with what the queries need."""
    with psycopg.connect(postgres.uri, autocommit=True) as connection:
        connection.execute("create type mood as enum ('glad', 'sad')")
        connection.execute("create table clicks (who text, what text, seen timestamptz, place int)")
        connection.execute(
            "insert into clicks values ('ada', 'home', '2025-01-01', 2), ('ada', 'exit', '2025-01-01', 1), "
            "('bob', 'pay', '2025-01-02', 1)"
        )
    return postgres


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Return the same small table in the databases that need no server."""
    rows = [("ada", "home", "2025-01-01 10:00:00"), ("o'neil", "pay", "2025-01-01 11:00:00")]
    lite = sqlite3.connect(tmp_path / "shop.db")
    duck = duckdb.connect(str(tmp_path / "shop.duckdb"))
    for connection in (lite, duck):
        connection.execute("create table clicks (who text, what text, seen text)")
        connection.executemany("insert into clicks values (?, ?, ?)", rows)
    lite.commit()
    duck.close()
    with closing(lite):
        yield {
            "sqlite address": f"sqlite:///{tmp_path / 'shop.db'}",
            "sqlite": lite,
            "duckdb address": f"duckdb:///{tmp_path / 'shop.duckdb'}",
        }


def opened(way: str, server: Server, stack: ExitStack) -> Any:
    return WAYS[way][0](server, stack)


# In


@ways
@pytest.mark.parametrize("bound", [False, True])
def test_every_type_has_one_verdict_whatever_the_driver(server: Server, way: str, bound: bool) -> None:
    _, mark, params = WAYS[way]
    query, values = (ALL_TYPES + mark, params) if bound else (ALL_TYPES + "'nobody'", None)
    with ExitStack() as stack, pytest.warns(LoadWarning, match="3 of 5"):
        log = jl.read_sql(
            opened(way, server, stack),
            query,
            params=values,
            value="amount",
            **ROLES,
            time_range=(None, "2050-01-01"),
        )
    assert log.card.reasons == {"TS_OUT_OF_RANGE": 2, "VALUE_INF": 1}
    assert log.card.notes == ("1 values are NaN and count as missing",)
    assert log.rejects is not None
    assert log.rejects.column("column").to_pylist() in (["seen", "seen", "amount"],)
    frame = log.to_pandas()
    assert [str(t) for t in frame["time"]] == ["2024-01-01 07:00:00+00:00", "2040-07-01 12:00:00+00:00"]
    assert frame.drop(columns="time").astype(object).where(frame.notna(), None).to_dict("list") == {
        "actor": ["00123", "123"],
        "event": ["home", "pay"],
        "value": [pytest.approx(1.5), None],
        "mood": ["sad", "glad"],
        "json": ['{"b": 1}', None],
        "id": ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", None],
        "list": ["[1, null]", None],
        "span": ["P0M1DT7200S", None],
        "number": [2, 9007199254740993],
        "float": [1.5, None],
    } | {"value": [frame["value"][0], None]}
    assert str(frame["value"][0]) == "1.500000"


@pytest.mark.parametrize(
    "kind, text", [("numeric", "1.50"), ("int8", "9007199254740993"), ("char(3)", "a  ")]
)
@pytest.mark.parametrize("way", ["adbc address", "psycopg"])
def test_ids_are_text_exactly_as_the_database_writes_them(
    server: Server, way: str, kind: str, text: str
) -> None:
    query = f"select '{text}'::{kind} as who, 'a' as what, timestamptz '2025-01-01' as seen"
    with ExitStack() as stack:
        log = jl.read_sql(opened(way, server, stack), query, **ROLES)
    assert log.chunk.actors.to_pylist() == [text]


def test_T17_infinity_of_duckdb() -> None:
    with closing(duckdb.connect()) as connection, pytest.warns(LoadWarning, match="TS_OUT_OF_RANGE 2"):
        log = jl.read_sql(
            connection,
            "select 'u' as who, 'a' as what, unnest(['infinity'::timestamptz, '-infinity', '2040-07-01 12:00Z']) as seen",
            **ROLES,
            time_range=(None, "2050-01-01"),
        )
    assert str(log.to_pandas()["time"][0]) == "2040-07-01 12:00:00+00:00"


@ways
def test_S11_parameters_are_bound_and_mean_nothing_else(server: Server, way: str) -> None:
    _, mark, params = WAYS[way]
    hostile = "x' OR 1=1; DROP TABLE clicks; --"
    value: Any = {"name": hostile} if isinstance(params, dict) else [hostile]
    with ExitStack() as stack:
        target = opened(way, server, stack)
        assert (
            jl.read_sql(target, f"select * from clicks where who = {mark}", params=value, **ROLES).n_events
            == 0
        )
        with pytest.raises(ConfigError, match=r"params= is a str\. Fix"):
            jl.read_sql(target, f"select * from clicks where who = {mark}", params=hostile, **ROLES)


def test_S11_parameters_of_files(shop: dict[str, Any]) -> None:
    for target in shop.values():
        log = jl.read_sql(target, "select * from clicks where who = ?", params=["o'neil"], **ROLES, tz="UTC")
        assert log.chunk.actors.to_pylist() == ["o'neil"]
        assert (
            jl.read_sql(target, "select * from clicks where who = ?", params=["' or 1=1"], **ROLES).n_events
            == 0
        )


def test_S11_a_file_of_duckdb_reads_nothing_else(shop: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("who,what,seen\nada,home,2025-01-01\n")
    for query in (f"select * from read_csv('{tmp_path / 'other.csv'}')", f"from '{tmp_path / 'other.csv'}'"):
        with pytest.raises(DatabaseError, match="disabled"):
            jl.read_sql(shop["duckdb address"], query, **ROLES)
    with pytest.raises(DatabaseError, match="the query failed"):
        jl.read_sql(shop["duckdb address"], "drop table clicks", **ROLES)


def test_S12_duckdb_sees_no_variables(server: Server) -> None:
    setting = "select current_setting('python_enable_replacements')"
    with closing(duckdb.connect()) as connection:
        for name in ("connection", "query", "params", "relation", "ROLES", "pa"):
            with pytest.raises(DatabaseError, match=r"(?i)does not exist"):
                jl.read_sql(connection, f"select * from {name}", **ROLES)
        assert connection.sql(setting).fetchall() == [(True,)]  # its owner's setting is as it was
        jl.read_sql(connection, "select 'u' as who, 'a' as what, timestamptz '2025-01-01' as seen", **ROLES)
        assert connection.sql(setting).fetchall() == [(True,)]


def test_ties_of_a_query_do_not_depend_on_the_order_of_its_rows(server: Server) -> None:
    def read(query: str, **how: Any) -> list[str]:
        log = jl.read_sql(server.uri, query, **ROLES, **how)
        assert log.card.ties == 1
        return log.to_pandas()["event"].tolist()

    assert read("select * from clicks order by place") == read("select * from clicks order by place desc")
    assert read("select * from clicks") == ["exit", "home", "pay"]
    assert read("select * from clicks order by place", order_by="place") == ["exit", "home", "pay"]
    assert read("select *, -place as back from clicks", order_by="back") == ["home", "exit", "pay"]


def test_a_relation_of_duckdb_is_a_query_already() -> None:
    with closing(duckdb.connect()) as connection:
        relation = connection.sql("select 'u' as who, 'a' as what, timestamptz '2025-01-01' as seen")
        assert jl.read_sql(relation, **ROLES).n_events == 1
        with pytest.raises(ConfigError, match="leave query out"):
            jl.read_sql(relation, "select 1", **ROLES)
        with pytest.raises(ConfigError, match="leave out params="):
            jl.read_sql(relation, params=[1], **ROLES)
        with pytest.raises(ConfigError, match="second argument"):
            jl.read_sql(connection, **ROLES)


def test_a_statement_of_sqlalchemy_is_a_query(server: Server) -> None:
    clicks = sqlalchemy.table("clicks", *(sqlalchemy.column(name) for name in ("who", "what", "seen")))
    with engine(through_psycopg(server)) as found:
        assert (
            jl.read_sql(found, sqlalchemy.select(clicks).where(clicks.c.who == "ada"), **ROLES).n_events == 2
        )


def test_only_columns_that_are_read_must_be_readable(server: Server) -> None:
    query = "select who, what, seen, inet '10.0.0.1' as ip, 5::money as price from clicks"
    for column, fix in (("ip", r"ip::text"), ("price", r"price::numeric")):
        with pytest.raises(SchemaError, match=f"column '{column}' is of type .* {fix}"):
            jl.read_sql(server.uri, query, **ROLES, columns=[column])
    assert jl.read_sql(server.uri, query, **ROLES, columns=[]).n_events == 3


def test_wrong_roles_name_the_columns_of_the_query(server: Server) -> None:
    with pytest.raises(MissingColumnError, match=r"<query>: no column 'wo' for actor=.*did you mean 'who'"):
        jl.read_sql(server.uri, "select * from clicks", actor="wo", event="what", time="seen")
    with pytest.raises(ConfigError, match="time= not declared; <query> has the columns"):
        jl.read_sql(server.uri, "select * from clicks", actor="who", event="what")
    with pytest.raises(SchemaError, match="column 'who' appears 2 times"):
        jl.read_sql(server.uri, "select who, * from clicks", **ROLES)


def test_a_vendor_format_works_on_a_query(server: Server) -> None:
    query = """select * from (values ('m1', 'u1', 'track', 'Paid', '2025-01-01T10:00:00Z')) as
        t("messageId", "userId", type, event, timestamp)"""
    log = jl.read_sql(server.uri, query, format="segment")
    assert log.chunk.actors.to_pylist() == ["u1"]
    assert log.events == ("Paid",)


@ways
def test_an_answer_that_breaks_off_is_an_error(server: Server, way: str) -> None:
    query = (
        "select 'u' as who, 'a' as what, now() - make_interval(secs => 1 / (30000 - i)) as seen "
        "from generate_series(1, 40000) i"
    )
    with ExitStack() as stack, pytest.raises(DatabaseError, match=r"division by zero.* Fix: "):
        jl.read_sql(opened(way, server, stack), query, **ROLES)


@ways
def test_a_connection_that_was_handed_over_stays_open_and_usable(server: Server, way: str) -> None:
    _, mark, params = WAYS[way]
    with ExitStack() as stack:
        target = opened(way, server, stack)
        for _ in range(2):
            assert (
                jl.read_sql(
                    target, f"select * from clicks where who <> {mark}", params=params, **ROLES
                ).n_events
                == 3
            )
            with pytest.raises(MissingColumnError):
                jl.read_sql(
                    target,
                    f"select * from clicks where who <> {mark}",
                    params=params,
                    **{**ROLES, "time": "x"},
                )


_WIDE = (
    "select 'u' || i as who, 'a' as what, now() as seen, repeat(md5(i::text), 60) as wide "
    "from generate_series(1, 60000) i"
)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize("way", ["copied", "by a cursor"])
def test_a_result_is_never_in_memory_at_once(server: Server, way: str) -> None:
    """120 MB arrive, of which 3 stay."""
    query, params = (_WIDE + " where i <> $1", [0]) if way == "by a cursor" else (_WIDE, None)
    code = """
import os, journeylog as jl
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
how = dict(actor="who", event="what", time="seen", columns=[])
target, query, params = eval(os.environ["ASKED"])
jl.read_sql(target, query.replace("60000", "100"), params=params, **how)
before = peak()
log = jl.read_sql(target, query, params=params, **how)
print(log.n_events, peak() - before)
"""
    asked = repr((server.uri, query, params))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "ASKED": asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    n, grown = map(int, done.stdout.split())
    assert n == 60_000
    assert grown < 80, "MB"


# SQLite has a type for every value and none for a column


def lite(*rows: tuple[Any, ...]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (who, what, seen, extra)")
    connection.executemany("insert into t values (?, ?, ?, ?)", rows)
    connection.commit()
    return connection


def test_values_of_sqlite_keep_their_meaning_beside_others() -> None:
    rows = [(7, "a", "2025-01-01", 1), ("7", "b", "2025-01-02", 2.5), (b"8", "c", "2025-01-03", None)]
    with closing(lite(*rows)) as connection:
        log = jl.read_sql(connection, "select * from t", **ROLES, tz="UTC")
    assert log.chunk.actors.to_pylist() == ["7", "8"]
    assert log.to_pandas()["extra"].tolist()[:2] == [1, 2.5]


def test_text_of_sqlite_that_is_none_costs_its_row() -> None:
    with closing(lite(("u", "a", "2025-01-01", None), ("u", "b", "2025-01-02", None))) as connection:
        connection.execute("update t set what = cast(x'fffe' as text) where what = 'b'")
        connection.row_factory = sqlite3.Row
        with pytest.warns(LoadWarning, match="ENCODING 1"):
            log = jl.read_sql(connection, "select * from t", **ROLES, tz="UTC")
        assert connection.text_factory is str
        assert isinstance(connection.execute("select 1").fetchone(), sqlite3.Row)
    assert (log.n_events, log.card.rejected) == (1, 1)


@pytest.mark.parametrize("way", ["sqlalchemy", "engine", "psycopg", "psycopg autocommit"])
def test_large_results_of_a_server_come_in_parts(
    server: Server, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursors, "_ROWS", 70)
    query = "select 'u' as who, 'a' as what, now() as seen from generate_series(1, 1000) i"
    with ExitStack() as stack, connections.connected(opened(way, server, stack)) as connection:
        parts = cursors.ANSWERS[connection.kind](connection.handle, query, None)
        assert next(parts) == ("who", "what", "seen")
        assert max(len(part) for part in parts) == 70


def test_large_results_of_sqlite_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "_ROWS", 7)
    rows = [(f"u{i % 5}", "a", f"2025-01-{1 + i % 28:02}", i) for i in range(100)]
    with closing(lite(*rows)) as connection:
        parts = list(cursors.ANSWERS["dbapi"](connection, "select * from t", None))
        assert max(map(len, parts[1:])) == 7
        assert jl.read_sql(connection, "select * from t", **ROLES, tz="UTC").n_events == 100


# What goes wrong


SECRET = "hunter2-s3cret"


@pytest.mark.parametrize(
    "target, query",
    [
        ("postgresql://tester:{secret}@127.0.0.1:{port}/postgres", "select 1"),
        ("postgresql://tester:{secret}@127.0.0.1:1/postgres", "select 1"),
        ("postgresql://tester:{secret}%zz@127.0.0.1:1/postgres", "select 1"),
        ("postgresql://tester@127.0.0.1:1/postgres?password={secret}&bogus=1", "select 1"),
        ("postgresql://tester@127.0.0.1:1/postgres?{secret}", "select 1"),
        ("postgresql+psycopg://tester:{secret}@127.0.0.1:{port}/postgres", "select 1"),
        ("postgresql+nonsense://tester:{secret}@127.0.0.1/postgres", "select 1"),
        ("nonsense://tester:{secret}@127.0.0.1/x", "select 1"),
        ("host=127.0.0.1 password={secret}", "select 1"),
        ("tester:{secret}@127.0.0.1", "select 1"),
        ("sqlite:///none.db?password={secret}", "select 1"),
        ("duckdb:///none.db?token={secret}", "select 1"),
    ],
)
def test_S20_no_message_shows_a_password(server: Server, target: str, query: str) -> None:
    with (
        warnings.catch_warnings(),
        pytest.raises((DatabaseError, ConfigError, MissingPackageError)) as caught,
    ):
        warnings.simplefilter("ignore", ResourceWarning)
        jl.read_sql(target.format(secret=SECRET, port=server.port), query, **ROLES)
    said = "".join(traceback.format_exception(caught.value))
    assert "Fix: " in str(caught.value)
    assert SECRET not in said


@ways
def test_S20_nothing_of_a_connection_shows_its_password(server: Server, way: str) -> None:
    with ExitStack() as stack, pytest.raises(DatabaseError, match="nowhere") as caught:
        target = opened(way, server, stack)
        log = jl.read_sql(target, "select * from clicks", **ROLES)
        assert server.password not in repr(log) + log._repr_html_() + str(log.describe())
        with connections.connected(target) as connection:
            assert server.password not in repr(connection)
        jl.read_sql(target, "select * from nowhere", **ROLES)
    assert server.password not in "".join(traceback.format_exception(caught.value))


def test_S20_values_of_parameters_are_not_repeated(server: Server) -> None:
    with pytest.raises(DatabaseError) as caught:
        jl.read_sql(
            through_psycopg(server), "select * from nowhere where who = :v", params={"v": SECRET}, **ROLES
        )
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("cannot reach postgresql://ada:pw@host/db", "cannot reach postgresql://ada:***@host/db"),
        ("host=x password=pw user=ada", "host=x password=*** user=ada"),
        ("PWD='a b'; user=ada", "PWD=***; user=ada"),
        ("at 10:30, see https://docs/x", "at 10:30, see https://docs/x"),
    ],
)
def test_S20_texts_are_redacted(text: str, shown: str) -> None:
    assert connections.redacted(text) == shown


def test_what_is_no_database_is_named() -> None:
    for target in (5, None, [1], Path("x.db"), object()):
        with pytest.raises(ConfigError, match=r"is no database connection\. Fix: pass an address"):
            jl.read_sql(target, "select 1", **ROLES)
    with pytest.raises(ConfigError, match=r"no database 'none\.db'"):
        jl.read_sql("sqlite:///none.db", "select 1", **ROLES)
    assert not Path("none.db").exists()
    with closing(lite()) as connection:
        with pytest.raises(ConfigError, match="the query gives no rows"):
            jl.read_sql(connection, "create table x (y)", **ROLES)
        with pytest.raises(ConfigError, match="pass the text of one statement"):
            jl.read_sql(connection, 5, **ROLES)


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'journeylog\[postgres\]'"):
        jl.read_sql("postgresql://127.0.0.1:1/x", "select 1", **ROLES)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'journeylog\[sqlalchemy\]'"):
        jl.read_sql("mysql://127.0.0.1:1/x", "select 1", **ROLES)


def test_a_mapping_for_counted_placeholders(server: Server) -> None:
    with pytest.raises(ConfigError, match="Fix: pass a list"):
        jl.read_sql(server.uri, "select * from clicks where who = $1", params={"a": 1}, **ROLES)
    gc.collect()
