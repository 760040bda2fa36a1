"""Frames and Parquet: the same verdicts on every engine; rows F05, F12, F18 to F21, F29, F31, A01, A02, A06, E01 to E06."""

from __future__ import annotations

import base64
import datetime as dt
import io
import uuid
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylog as jl
from journeylog.errors import ConfigError, LoadWarning, MissingColumnError, ParseError, SchemaError

ROLES = {"actor": "user", "event": "event", "time": "ts", "tz": "UTC"}
WHEN = dt.datetime(2024, 1, 1, 10)


def table(users, events=None, **more) -> pa.Table:
    n = len(users)
    return pa.table(
        {
            "user": users if isinstance(users, pa.Array) else pa.array(users),
            "event": events if events is not None else ["a"] * n,
            "ts": pa.array([WHEN + dt.timedelta(hours=i) for i in range(n)], pa.timestamp("us")),
            **more,
        }
    )


def as_duckdb(data: pa.Table):
    return duckdb.from_arrow(data)


def as_parquet(data: pa.Table):
    sink = io.BytesIO()
    pq.write_table(data, sink, row_group_size=3)
    sink.seek(0)
    return sink


ENGINES = {
    "pyarrow": lambda t: t,
    "pandas": lambda t: t.to_pandas(),
    "pandas-arrow": lambda t: t.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "duckdb": as_duckdb,
    "parquet": as_parquet,
}
engines = pytest.mark.parametrize("engine", ENGINES)


def read(data: pa.Table, engine: str, **how):
    extra = {"format": "parquet"} if engine == "parquet" else {}
    return jl.read(ENGINES[engine](data), **extra, **{**ROLES, **how})


def actors(log) -> list[str]:
    return sorted(log.chunk.actors.to_pylist())


def conserved(log) -> bool:
    card = log.card
    return card.rows_in == card.kept + card.rejected + card.deduplicated and card.kept == log.n_events


@engines
def test_the_same_rows_and_the_same_reasons_on_every_engine(engine):
    data = table(
        ["u1", "", None, "null", "u1", "u2", "u2"],
        ["a", "b", "c", "d", "", None, " "],
        note=["x", "y", "z", None, 'q"\\\n', "w", ""],
    )
    data = data.set_column(2, "ts", pa.array([*data.column("ts").to_pylist()[:-1], None], pa.timestamp("us")))
    with pytest.warns(LoadWarning, match="6 of 7"):
        log = read(data, engine)
    assert conserved(log)
    found = {(r["row"], r["column"], r["reason"]) for r in log.rejects.to_pylist()}
    assert found == {
        (2, "user", "ACTOR_NULL"),
        (3, "user", "ACTOR_NULL"),
        (4, "user", "ACTOR_PLACEHOLDER"),
        (5, "event", "EVENT_NULL"),
        (6, "event", "EVENT_NULL"),
        (7, "ts", "TS_NULL"),
    }
    raw = [json_of(r["raw"]) for r in log.rejects.to_pylist()]
    assert [(r["user"], r["event"], r["note"]) for r in raw] == [
        ("", "b", "y"),
        (None, "c", "z"),
        ("null", "d", None),
        ("u1", "", 'q"\\\n'),
        ("u2", None, "w"),
        ("u2", " ", ""),
    ]


def json_of(text: str):
    import json

    return json.loads(text)


@engines
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_T08_T09_datetimes_of_every_unit_on_every_engine(engine, unit):
    data = table(["u", "u"])
    data = data.set_column(2, "ts", data.column("ts").cast(pa.timestamp(unit)))
    assert read(data, engine).chunk.time.tolist() == [1704103200000000, 1704106800000000]


def test_T16_zoned_times_of_duckdb_after_2038():
    relation = duckdb.sql("select 'u' as user, 'a' as event, timestamptz '2040-07-01 12:00:00+00' as ts")
    log = jl.read(relation, actor="user", event="event", time="ts", time_range=(None, "2050-01-01"))
    assert str(log.to_pandas()["time"][0]) == "2040-07-01 12:00:00+00:00"


@engines
def test_F18_F20_F21_ids_are_exact_text(engine):
    ids = ["00123", "123", "9007199254740993", "99999999999999999999999"]
    assert actors(read(table(ids), engine)) == sorted(ids)
    assert actors(read(table(pa.array([2**53 + 1, 2**53, -1], pa.int64())), engine)) == [
        "-1",
        str(2**53),
        str(2**53 + 1),
    ]


def test_F20_a_nullable_integer_id_is_exact_and_a_float_one_is_refused():
    with pytest.warns(LoadWarning, match="ACTOR_NULL 1"):
        log = jl.read(table(pa.array([2**53 + 1, 2**53, None])), **ROLES)
    assert log.n_actors == 2
    frame = table(["1", "2", "3"]).to_pandas()
    frame["user"] = [2**53 + 1, 2**53, None]  # pandas makes floats of it
    with pytest.raises(SchemaError, match=r"2\*\*53"):
        jl.read(frame, **ROLES)
    frame["user"] = [17850.0, None, 13047.0]
    with pytest.warns(LoadWarning, match="ACTOR_NULL 1"):
        assert actors(jl.read(frame, **ROLES)) == ["13047", "17850"]


@engines
def test_F19_words_for_missing_are_text(engine):
    with pytest.warns(LoadWarning, match="ACTOR_PLACEHOLDER 2"):
        log = read(table(["NA", "null", "None", "N/A", "nan"], ["NA"] * 5), engine)
    assert actors(log) == ["N/A", "NA", "nan"]
    assert log.events == ("NA",)


def test_F05_columns_that_differ_in_case(tmp_path: Path):
    data = table(["u"]).append_column("Event", pa.array(["b"]))
    for given in (data, data.to_pandas(), pl.from_arrow(data)):
        with pytest.raises(SchemaError, match="differ only in case"):
            jl.read(given, **ROLES)


def test_F04_duplicate_columns_of_a_frame():
    frame = pd.concat([table(["u"]).to_pandas()] * 2, axis=1)
    with pytest.raises(SchemaError, match="appears 2 times"):
        jl.read(frame, **ROLES)


def test_F12_half_a_surrogate_pair():
    frame = pd.DataFrame(
        {"user": ["u1", "u2", "u3"], "event": ["a", "b\ud800", "c"], "ts": ["2024-01-01"] * 3}, dtype=object
    )
    with pytest.warns(LoadWarning, match="ENCODING 1"):
        log = jl.read(frame, **ROLES)
    assert actors(log) == ["u1", "u3"]
    (row,) = log.rejects.to_pylist()
    assert (row["row"], row["column"], row["raw_kind"]) == (2, "event", "base64")


def test_F13_a_long_id_in_a_frame():
    with pytest.warns(LoadWarning, match="FIELD_TOO_LONG 3"):
        log = jl.read(
            table(
                ["u" * 70_000, "u1", "u2", "u3"], ["a", "b" * 70_000, "c", "d"], x=["", "", "y" * 70_000, ""]
            ),
            **ROLES,
        )
    assert actors(log) == ["u3"]
    assert {r["column"] for r in log.rejects.to_pylist()} == {"user", "event", "x"}
    assert max(len(r["raw"]) for r in log.rejects.to_pylist()) <= 1 << 16


def test_A01_all_actors_missing():
    with pytest.warns(LoadWarning, match="3 of 3"):
        log = jl.read(table(pa.nulls(3, pa.string())), **ROLES)
    assert (log.n_events, log.n_actors, dict(log.card.reasons)) == (0, 0, {"ACTOR_NULL": 3})
    with pytest.raises(jl.errors.DataQualityError, match="more than max_rejected"):
        jl.read(table(pa.nulls(3, pa.string())), max_rejected=0.5, **ROLES)
    with pytest.raises(jl.errors.DataQualityError, match="3 of 3"):
        jl.read(table(pa.nulls(3, pa.string())), on_error="raise", **ROLES)


@engines
def test_A02_placeholders(engine):
    nobody = [
        "undefined", "null", "None", "NaN", "0", "true", "false", "anonymous", "guest", "id", "email", "distinct_id",
        "not_authenticated", "[object Object]", "nil", "n/a", "unknown", "00000000-0000-0000-0000-000000000000", "'null'",
        '"undefined"', "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ]  # fmt: skip
    somebody = ["Null", "NULL", "Unknown", "00", "undefined ", "ID"]
    with pytest.warns(LoadWarning, match=f"ACTOR_PLACEHOLDER {len(nobody)}"):
        log = read(table(nobody + somebody), engine)
    assert actors(log) == sorted(somebody)
    assert read(table(nobody), engine, placeholders=()).n_actors == len(nobody)
    with pytest.warns(LoadWarning, match="ACTOR_PLACEHOLDER 1"):
        assert read(table(["me", "null"]), engine, placeholders=["me"]).n_actors == 1


def test_A02_a_zero_written_as_a_number_is_a_placeholder_too():
    with pytest.warns(LoadWarning, match="ACTOR_PLACEHOLDER 1"):
        assert actors(jl.read(table(pa.array([0, 7])), **ROLES)) == ["7"]


def test_A06_one_text_form_for_one_id():
    one = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    forms = [
        pa.array([str(one)]),
        pa.array([one.bytes], pa.binary(16)),
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([one.bytes], pa.binary(16))),
        pa.array([str(one).encode()]),
        pa.array([str(one)]).dictionary_encode(),
        pa.array([str(one)], pa.large_string()),
        pa.array([str(one)], pa.string_view()),
    ]
    assert {actors(jl.read(table(form), **ROLES))[0] for form in forms} == {str(one)}
    numbers = [pa.array([7]), pa.array([7], pa.uint8()), pa.array([7.0]), pa.array(["7"]), pa.array([b"7"])]
    assert {actors(jl.read(table(form), **ROLES))[0] for form in numbers} == {"7"}
    assert actors(jl.read(table(pa.array([b"\x01\xab"], pa.binary(2))), **ROLES)) == ["01ab"]


def test_A06_mixed_objects_in_one_column():
    one = uuid.UUID(int=5)
    ids = [7, "7", 7.0, b"7", np.int64(7), one, str(one), True, None, float("nan"), 10**30]
    frame = pd.DataFrame({"user": pd.Series(ids, dtype=object), "event": "a", "ts": "2024-01-01"})
    with pytest.warns(LoadWarning, match="ACTOR_NULL 2: .*ACTOR_PLACEHOLDER 1: "):
        log = jl.read(frame, **ROLES)
    assert actors(log) == sorted(["7", str(one), str(10**30)])
    frame["user"] = [object()] * len(frame)
    with pytest.raises(SchemaError, match="column 'user' holds objects of type object"):
        jl.read(frame, **ROLES)


def test_bytes_that_are_no_text_cost_their_row():
    with pytest.warns(LoadWarning, match="ENCODING 1"):
        log = jl.read(table(pa.array([b"u1", b"\xff\xfe", None, b"u2"][:2])), **ROLES)
    assert actors(log) == ["u1"]


def test_F10_text_columns_of_parquet_that_are_no_text(tmp_path: Path):
    raw = [b"u1", b"\xff\xfe", "жук".encode(), b"\xed\xa0\x80"]
    broken = pa.array(raw, pa.binary()).view(pa.string())  # Arrow does not look
    for data in (table(broken), table(broken.dictionary_encode()), table(["a", "b", "c", "d"], broken)):
        path = tmp_path / "x.parquet"
        pq.write_table(data, path)
        for given in (data, path):
            with pytest.warns(LoadWarning, match="ENCODING 2"):
                log = jl.read(given, **ROLES)
            assert log.n_events == 2
            rows = log.rejects.to_pylist()
            assert [(r["row"], base64.b64decode(r["raw"])) for r in rows] == [(2, raw[1]), (4, raw[3])]


def test_E03_any_text_is_a_name():
    names = [
        "🛒",
        "👩‍👩‍👧",
        "\u202eabc",
        "e\u0301",
        "x" * 1000,
        "   ",
        "007",
        "1e5",
        "true",
        "2024-01-01",
        "a > b",
        "\u2028",
        "\t",
    ]
    log = jl.read(table([f"u{i}" for i in range(len(names))], names), **ROLES)
    assert set(log.events) == set(names)


def test_E01_names_of_synthetic_nodes():
    names = [
        "START",
        "END",
        "__start__",
        "(start)",
        "path_end",
        "conversion",
        "null",
        "(drop)",
        "Other",
        "ВСЕ",
        "start",
        "dropped",
    ]
    log = jl.read(table(["u"] * len(names), names), **ROLES)
    assert set(log.events) == set(names)
    assert (
        log.compute(jl.Transitions()).table.query("from_kind == 'node' and to_kind == 'node'")["n"].sum()
        == len(names) - 1
    )


def test_E02_names_with_separators_stay_apart():
    names = ["a > b", "a→b", "a->b", ",", "|", "\n", "\t", "\u2028", '"', "a", "b"]
    assert set(jl.read(table(["u"] * len(names), names), **ROLES).events) == set(names)


def test_E04_a_million_names_stay_linear():
    n = 200_000
    data = pa.table(
        {"user": ["u"] * n, "event": [f"/item/{i}" for i in range(n)], "ts": pa.array(range(n), pa.int64())}
    )
    log = jl.read(
        data, actor="user", event="event", time="ts", time_unit="s", time_range=("1970-01-01", None)
    )
    assert len(log.events) == n


def test_E05_levels_that_do_not_occur_and_different_level_sets(tmp_path: Path):
    one = table(["u", "u"]).to_pandas()
    one["event"] = pd.Categorical(["b", "a"], categories=["z", "b", "a", "unused"], ordered=True)
    assert sorted(jl.read(one, **ROLES).events) == ["a", "b"]
    first, second = (pa.array(v).dictionary_encode() for v in (["x", "y"], ["y", "z"]))
    both = pa.table(
        {
            "user": ["u"] * 4,
            "event": pa.chunked_array([first, second]),
            "ts": pa.array([WHEN + dt.timedelta(hours=i) for i in range(4)]),
        }
    )
    log = jl.read(both, **ROLES)
    assert log.to_pandas()["event"].tolist() == ["x", "y", "y", "z"]
    assert sorted(log.events) == ["x", "y", "z"]


def test_E06_one_event_type():
    assert (
        jl.read(table(["u"] * 5), **ROLES).compute(jl.Transitions()).table["n"].sum() == 6
    )  # start and 4 loops, open


def test_attributes_keep_their_kinds():
    data = table(
        ["u1", "u2"],
        whole=[1, 2],
        part=[1.5, None],
        yes=[True, None],
        price=pa.array(["1.10", "2.25"]).cast(pa.decimal128(9, 2)),
        born=pa.array([WHEN, None], pa.timestamp("ms")),
        day=pa.array([dt.date(2024, 1, 1), None]),
        items=[[1, 2], None],
        word=pa.array(["x", "x"]).dictionary_encode(),
        nothing=pa.nulls(2),
    )
    log = jl.read(data, **ROLES)
    assert {k: log.columns[k] for k in data.column_names[3:]} == {
        "whole": "number", "part": "number", "yes": "bool", "price": "money", "born": "time", "day": "category",
        "items": "category", "word": "category", "nothing": "category",
    }  # fmt: skip
    row = log.to_pandas().iloc[0]
    assert (row["whole"], row["part"], row["yes"], str(row["price"]), row["items"]) == (
        1,
        1.5,
        True,
        "1.100000",
        "[1, 2]",
    )


def test_the_callers_frame_is_not_changed():
    frame = table(["u1", None, "u2"], x=[1.0, np.nan, 3.0]).to_pandas()
    before = frame.copy(deep=True)
    with pytest.warns(LoadWarning):
        log = jl.read(frame, **ROLES)
    pd.testing.assert_frame_equal(frame, before)
    frame["event"] = "changed"
    assert log.events == ("a",)


def test_a_named_index_is_a_column_and_the_row_number_is_none():
    frame = table(["u1", "u2"]).to_pandas()
    assert actors(jl.read(frame.set_index("user"), **ROLES)) == ["u1", "u2"]
    assert list(jl.read(frame.iloc[::-1], **ROLES).columns) == ["event"]


def test_what_cannot_be_read_is_told():
    with pytest.raises(ConfigError, match="int cannot be read"):
        jl.read(5, **ROLES)
    with pytest.raises(ConfigError, match="mode 'rb'"):
        jl.read(io.StringIO("user,event,ts\n"), **ROLES)
    with pytest.raises(SchemaError, match="no name"):
        jl.read(table(pa.array([[1], [2]])), **ROLES)
    with pytest.raises(MissingColumnError, match=r"found \['user', 'event', 'ts'\]"):
        jl.read(table(["u"]), value="price", **ROLES)


# ---------------------------------------------------------------- Parquet and many files


def write(path: Path, data: pa.Table, **how) -> Path:
    pq.write_table(data, path, **how)
    return path


def test_F29_damaged_parquet_names_the_file(tmp_path: Path):
    whole = write(tmp_path / "x.parquet", table(["u"] * 1000)).read_bytes()
    for cut in (whole[:-20], whole[:100]):
        (tmp_path / "y.parquet").write_bytes(cut)
        with pytest.raises(ParseError, match=r"y\.parquet.*damaged"):
            jl.read(tmp_path / "y.parquet", **ROLES)


def test_F31_a_folder_whose_files_differ(tmp_path: Path):
    write(tmp_path / "1.parquet", table(["u1"], x=["a"]))
    write(tmp_path / "2.parquet", table(pa.array([2]), y=["b"]))
    with pytest.raises(SchemaError, match=r"2\.parquet has other columns .* without \['x'\], with \['y'\]"):
        jl.read(tmp_path, **ROLES)
    log = jl.read(tmp_path, schema_drift="null", **ROLES)
    assert actors(log) == ["2", "u1"]
    assert log.to_pandas()["x"].isna().tolist() in ([True, False], [False, True])
    assert "without ['x']" in log.card.notes[0]
    assert jl.read(tmp_path, columns=[], **ROLES).n_events == 2
    some = jl.read(tmp_path, schema_drift="null", channel="x", **ROLES)
    assert some.chunk.category("channel").names == ("a",)
    with pytest.raises(MissingColumnError, match="did you mean"):
        jl.read(tmp_path, schema_drift="null", channel="xx", columns=["xx", "y"], **ROLES)
    write(tmp_path / "3.parquet", table(["u1"]).drop_columns("ts"))
    with pytest.raises(MissingColumnError, match=r"3\.parquet: no column 'ts'"):
        jl.read(tmp_path, columns=[], **ROLES)


def test_paths_globs_folders_lists_and_open_files(tmp_path: Path):
    write(tmp_path / "1.parquet", table(["u1"]))
    write(tmp_path / "2.parquet", table(["u2"]))
    (tmp_path / "_SUCCESS").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(b"")
    for given in (tmp_path, str(tmp_path), str(tmp_path / "*.parquet"), sorted(tmp_path.glob("*.parquet"))):
        assert actors(jl.read(given, **ROLES)) == ["u1", "u2"]
    with (tmp_path / "1.parquet").open("rb") as handle:
        assert actors(jl.read(handle, **ROLES)) == ["u1"]
        assert not handle.closed
    for path, said in (
        ("3.parquet", r"did you mean .*\.parquet"),
        ("*.csv", "no file matches"),
        ("nowhere/x.csv", "no file"),
    ):
        with pytest.raises(ParseError, match=said):
            jl.read(tmp_path / path, **ROLES)
    (tmp_path / "notes.txt").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"other files too, for example .*notes\.txt"):
        jl.read(tmp_path, **ROLES)


def test_F34_odd_names_and_standard_input(tmp_path: Path, monkeypatch):
    odd = tmp_path / "my 🛒\nfile [1].csv"
    odd.write_text("user,event,ts\nu1,a,2024-01-01\n")
    assert actors(jl.read(odd, **ROLES)) == ["u1"]

    class Input:
        buffer = io.BytesIO(b"user,event,ts\nu2,a,2024-01-01\n")

    monkeypatch.setattr("sys.stdin", Input())
    assert actors(jl.read("-", **ROLES)) == ["u2"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParseError, match="is empty"):
        jl.read(tmp_path / "empty", **ROLES)


def test_parquet_reads_only_the_columns_it_needs(tmp_path: Path):
    path = write(tmp_path / "x.parquet", table(["u"], heavy=["x"], more=["y"]))
    assert list(jl.read(path, columns=["more"], **ROLES).columns) == ["event", "more"]
    assert list(jl.read(path, columns=[], **ROLES).columns) == ["event"]


def test_threads_and_row_groups_change_nothing(tmp_path: Path):
    rng = np.random.default_rng(5)
    n = 3000
    data = table([f"u{i}" for i in rng.integers(1, 50, n)], [f"e{i}" for i in rng.integers(0, 5, n)])
    logs = [
        jl.read(write(tmp_path / f"{k}.parquet", data, row_group_size=size), threads=threads, **ROLES)
        for k, (size, threads) in enumerate([(7, 1), (100, 3), (5000, 2)])
    ]
    assert logs[0].to_arrow().equals(logs[1].to_arrow())
    assert logs[0].to_arrow().equals(logs[2].to_arrow())
