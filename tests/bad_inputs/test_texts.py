"""Files and text: headers, names of columns, encodings, shapes of rows; rows F01 to F22."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.errors import LoadWarning, MissingColumnError, ParseError, SchemaError
from tests.bad_inputs.boxes import (
    DAY,
    FILES,
    HEAD,
    ONE_ROW,
    OPTIONS,
    ROLES,
    TEXTS,
    Input,
    actors,
    boxes,
    command,
    kept,
    put,
    raw,
    read,
    rejected,
    rows_of,
    table,
)

ASKED = (jl.Describe(), jl.Transitions(), jl.DropOff(), jl.Funnel(["a", "b"]), jl.Variants(), jl.StepMatrix())


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# Empty files and headers


@pytest.mark.parametrize("name", [f"t.{box}" for box in FILES] + ["t.csv.gz", "t.jsonl.gz", "t.parquet.gz"])
def test_f01_empty_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / name, gzip.compress(b"") if name.endswith(".gz") else b"")
    with pytest.raises(SchemaError, match=r"the file is empty\. Fix"):
        jl.read(path, **ROLES)
    if not name.endswith((".gz", ".arrow")):  # the command line takes .arrow for a saved log
        assert command("describe", path, *OPTIONS) == 3
        assert "empty" in capsys.readouterr().err
        assert command("describe", path, *OPTIONS, "--allow-empty") == 99


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pl.DataFrame(), pa.table({})], ids=lambda f: type(f).__module__
)
def test_f01_frame_without_columns(frame: Any) -> None:
    with pytest.raises(MissingColumnError, match=r"no column 'user_id' for actor=; found \[\]"):
        jl.read(frame, **ROLES)


@boxes(without=["jsonl", "json"])  # without a line JSON lines have no keys: that is the empty file
def test_f02_header_only(box: str, tmp_path: Path) -> None:
    log = read(
        table(pa.array([], pa.string()), pa.array([], pa.string()), pa.array([], pa.string()), x=[]),
        box,
        tmp_path,
    )
    assert (log.n_events, log.n_actors, log.card.rows_in) == (0, 0, 0)
    assert list(log.columns) == ["event", "x"]
    full = read(table(["u1", "u1"], ["a", "b"]), "pyarrow", tmp_path)
    for here, there in zip(log.compute(*ASKED), full.compute(*ASKED), strict=True):
        assert list(here.table.columns) == list(there.table.columns)
        counts = here.table.drop(columns="step", errors="ignore").select_dtypes("number")
        assert not counts.fillna(0).to_numpy().any()  # no event, and no division by none


def test_f02_header_only_in_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "t.csv", HEAD)
    assert command("report", path, *OPTIONS, "--out", tmp_path / "r.html") == 0
    assert "no events" in (tmp_path / "r.html").read_text(encoding="utf-8").lower()
    assert command("report", path, *OPTIONS, "--out", tmp_path / "s.html", "--allow-empty") == 99
    assert not (tmp_path / "s.html").exists()


@boxes()
def test_f03_missing_column(box: str, tmp_path: Path) -> None:
    given = put(table().rename_columns(["user_id", "event", "timestamp "]), box, tmp_path)
    with pytest.raises(MissingColumnError) as told:
        jl.read(given, **{**ROLES, "time": "timestamp"})
    text = str(told.value)
    assert "'timestamp'" in text and "time=" in text  # the column, and the role it was to play
    assert "['user_id', 'event', 'timestamp ']" in text
    assert "did you mean 'timestamp '?" in text


@boxes("csv", "tsv", "parquet", "arrow", "pyarrow", "pandas")  # Polars and DuckDB cannot hold two of a name
def test_f04_duplicate_columns(box: str, tmp_path: Path) -> None:
    twice = pa.table([["u1"], ["a"], ["b"], [DAY]], names=["user_id", "event", "event", "ts"])
    if box in ("csv", "tsv"):
        given: Any = write(
            tmp_path / f"t.{box}",
            "user_id,event,event,ts\nu1,a,b,x\n".replace(",", "\t" if box == "tsv" else ","),
        )
    else:
        given = put(twice, box, tmp_path)
    with pytest.raises(SchemaError, match="column 'event' appears 2 times"):
        jl.read(given, **ROLES)


def test_f04_duplicate_keys_of_one_line(tmp_path: Path) -> None:
    line = f'{{"user_id": "u1", "event": "a", "event": "b", "ts": "{DAY}"}}\n'
    path = write(tmp_path / "t.jsonl", line.encode() + lines(rows_of(table(["u2"]))))
    with pytest.warns(LoadWarning, match="a key stands twice"):
        log = jl.read(path, **ROLES)
    assert (kept(log), rejected(log)) == ([("u2", "a")], [(1, "ROW_SHAPE")])


@boxes(without=["duckdb"])  # DuckDB renames one of them itself
def test_f05_columns_that_differ_in_case(box: str, tmp_path: Path) -> None:
    data = table(Event=["b"])
    with pytest.raises(SchemaError, match=r"'event', 'Event'.* differ only in case"):
        read(data, box, tmp_path)
    assert kept(read(data, box, tmp_path, columns=[])) == [("u1", "a")]  # not read, not mistaken


ODD_NAMES = [
    'a"; drop table x; --',
    "order",
    "select",
    "имя клиента",
    "a.b",
    "a`b",
    "x" * 300,
    "{a}",
    "a,b",
    " ",
]


@boxes()
@pytest.mark.parametrize("name", [*ODD_NAMES, ""], ids=lambda n: n[:12] or "no name")
def test_f06_odd_column_names(box: str, name: str, tmp_path: Path) -> None:
    if box in ("duckdb", "polars") and not name:
        pytest.skip("DuckDB and Polars have no column without a name")
    plain = read(table(["u1", "u2"]), box, tmp_path)
    for place in ("user_id", "event", "ts", "more"):
        data = table(["u1", "u2"], more=["x", "y"])
        data = data.rename_columns([name if c == place else c for c in data.column_names])
        roles = {role: name if column == place else column for role, column in ROLES.items()}
        log = jl.read(put(data, box, tmp_path), **roles)
        assert kept(log) == kept(plain)
        if place == "more":
            assert log.to_pandas()[name].tolist() == ["x", "y"]


# Encodings


@pytest.mark.parametrize("way", ["plain", "gzip", "stdin"])
@boxes(*TEXTS)
def test_f07_byte_order_mark(box: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"\xef\xbb\xbf" + put(table(), box, tmp_path).read_bytes()
    if way == "stdin":
        monkeypatch.setattr("sys.stdin", Input(content))
        log = jl.read("-", format=box, **ROLES)
    else:
        name = f"b.{box}" + (".gz" if way == "gzip" else "")
        log = jl.read(write(tmp_path / name, gzip.compress(content) if way == "gzip" else content), **ROLES)
    assert kept(log) == [("u1", "a")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@boxes(*TEXTS)
def test_f08_utf16(box: str, encoding: str, tmp_path: Path) -> None:
    path = put(table(["u1", "u2"]), box, tmp_path)
    write(path, path.read_text(encoding="utf-8").encode(encoding))
    with pytest.raises(ParseError, match=f"UTF-16.*Fix: pass encoding='{encoding}'"):
        jl.read(path, **ROLES)
    assert len(kept(jl.read(path, encoding=encoding, **ROLES))) == 2


@boxes(*TEXTS)
def test_f09_cp1251(box: str, tmp_path: Path) -> None:
    path = put(table(["u1", "u2", "u3"], ["корзина", "оплата", "Главная"]), box, tmp_path)
    write(path, path.read_text(encoding="utf-8").encode("cp1251"))
    with pytest.raises(ParseError, match="Fix: pass encoding='cp1251'"):
        jl.read(path, **ROLES)
    log = jl.read(path, encoding="cp1251", **ROLES)
    assert [event for _, event in kept(log)] == ["корзина", "оплата", "Главная"]


@boxes(
    "csv", "tsv", "jsonl", "parquet", "arrow", "pyarrow", "pandas", "duckdb"
)  # Polars refuses such bytes itself
def test_f10_one_row_that_is_no_text(box: str, tmp_path: Path) -> None:
    if box in TEXTS:
        given: Any = put(table(["u1", "u2", "u3"], ["a", "BAD", "c"]), box, tmp_path)
        write(given, given.read_bytes().replace(b"BAD", b"\xff\xfe"))
    else:
        events = pa.array([b"a", b"\xff\xfe", b"c"], pa.binary())
        given = put(table(["u1", "u2", "u3"], events), box, tmp_path)
    with pytest.warns(LoadWarning, match="ENCODING 1"):
        log = jl.read(given, **ROLES)
    assert (kept(log), rejected(log)) == ([("u1", "a"), ("u3", "c")], [(2, "ENCODING")])
    assert b"\xff\xfe" in raw(log)[0]


@boxes()
def test_f11_nul_inside_a_field(box: str, tmp_path: Path) -> None:
    log = read(table(["u\0", "u"], ["a\0b", "a"], note=["x\0y", ""]), box, tmp_path)
    assert kept(log) == [("u", "a"), ("u\0", "a\0b")]
    assert "x\0y" in log.to_pandas()["note"].tolist()
    assert jl.load(log.save(tmp_path / "log.arrow")).events == ("a", "a\0b")


def test_f11_nul_is_seen_on_the_page(tmp_path: Path) -> None:
    log = read(table(["u1", "u1"], ["a\0b", "c"]), "pyarrow", tmp_path)
    page = jl.report(log, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "\0" not in page
    assert "a\\x00b" in page


def test_f12_half_a_surrogate_pair(tmp_path: Path) -> None:
    frame = table(["u1", "u2", "u3"]).to_pandas().astype(object)
    frame.loc[1, "event"] = "b\ud800"
    path = write(
        tmp_path / "t.jsonl",
        lines(rows_of(table(["u1", "u2", "u3"])))
        .replace(b'"a"', b'"b\\ud800"', 2)
        .replace(b'"b\\ud800"', b'"a"', 1),
    )
    for given in (frame, path):
        with pytest.warns(LoadWarning, match="ENCODING 1"):
            log = jl.read(given, **ROLES)
        assert (actors(log), rejected(log)) == (["u1", "u3"], [(2, "ENCODING")])


# Lengths and shapes


@boxes(without=["xlsx"])  # a cell of a workbook holds 32 767 letters
@pytest.mark.parametrize("place", ["user_id", "event", "note"])
def test_f13_ten_megabytes_in_one_field(box: str, place: str, tmp_path: Path) -> None:
    data = table(["u1", "u2", "u3"], ["a", "b", "c"], note=["x", "y", "z"])
    at = data.column_names.index(place)
    values = data.column(place).to_pylist()
    data = data.set_column(at, place, pa.array([values[0], "L" * 10_000_000, values[2]]))
    given = put(data, box, tmp_path)
    with pytest.warns(LoadWarning, match="FIELD_TOO_LONG 1"):
        log = jl.read(given, **ROLES)
    assert (kept(log), rejected(log)) == ([("u1", "a"), ("u3", "c")], [(2, "FIELD_TOO_LONG")])
    assert (
        len(log.rejects.to_pylist()[0]["raw"]) <= 1 << 16
    )  # the rejects, and so the report, do not grow by it
    assert jl.read(given, max_field_bytes=1 << 24, **ROLES).n_events == 3


@boxes("csv", "jsonl")
def test_f13_a_line_beyond_all_bounds_is_not_held(box: str, tmp_path: Path) -> None:
    path = put(table(["u1", "BAD", "u3"]), box, tmp_path)
    before, after = path.read_bytes().split(b"BAD")
    with path.open("wb") as file:
        file.write(before)
        for _ in range(100):
            file.write(b"L" * 1_000_000)
        file.write(after)
    tracemalloc.start()
    with pytest.warns(LoadWarning, match="FIELD_TOO_LONG 1"):
        log = jl.read(path, threads=1, **ROLES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rejected(log) == [(2, "FIELD_TOO_LONG")]
    assert actors(log) == ["u1", "u3"]
    assert peak < 90_000_000


@boxes("csv", "tsv")
def test_f14_ragged_rows(box: str, tmp_path: Path) -> None:
    text = f"{HEAD}u1,a\nu2,b,{DAY}\nu3,c,{DAY},more\n"
    path = write(tmp_path / f"t.{box}", text.replace(",", "\t") if box == "tsv" else text)
    with pytest.warns(LoadWarning, match="ROW_SHAPE 2"):
        log = jl.read(path, **ROLES)
    assert (kept(log), rejected(log)) == ([("u2", "b")], [(1, "ROW_SHAPE"), (3, "ROW_SHAPE")])
    assert [r["detail"] for r in log.rejects.to_pylist()] == [f"{n} fields, the table has 3" for n in (2, 4)]


@boxes("csv", "tsv")
def test_f15_unterminated_quote(box: str, tmp_path: Path) -> None:
    text = f'{HEAD}u1,"a,{DAY}\nu2,b,{DAY}\nu3,"c, d",{DAY}\n'
    path = write(
        tmp_path / f"t.{box}", text.replace(",", "\t").replace("c\t", "c,") if box == "tsv" else text
    )
    with pytest.warns(LoadWarning, match="a quote is opened and not closed"):
        log = jl.read(path, **ROLES)
    assert (kept(log), rejected(log)) == ([("u2", "b"), ("u3", "c, d")], [(1, "ROW_SHAPE")])
    assert log.rejects.to_pylist()[0]["line"] == 2


def test_f15_unterminated_text_of_a_json_line(tmp_path: Path) -> None:
    good = lines(rows_of(table(["u2"])))
    path = write(tmp_path / "t.jsonl", b'{"user_id": "u1", "event": "a, "ts": "x"}\n' + good)
    with pytest.warns(LoadWarning, match="ROW_SHAPE 1"):
        log = jl.read(path, **ROLES)
    assert (kept(log), rejected(log)) == ([("u2", "a")], [(1, "ROW_SHAPE")])


@boxes("csv", "tsv", "jsonl")
def test_f16_mixed_line_ends(box: str, tmp_path: Path) -> None:
    rows = put(table(["u1", "u2", "u3", "u4"]), box, tmp_path).read_bytes().splitlines()
    ends = [b"\r\n", b"\n", b"\r\n" if box == "jsonl" else b"\r", b"\n", b"\n"]  # alone, \r ends no JSON line
    path = write(tmp_path / f"m.{box}", b"".join(row + end for row, end in zip(rows, ends, strict=False)))
    log = jl.read(path, **ROLES)
    assert (actors(log), log.card.rejected) == (["u1", "u2", "u3", "u4"], 0)


def test_f17_semicolons_and_dates_of_two_readings(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "user_id;event;ts\nu1;a;01.02.2024\nu2;b;03.02.2024\n")
    with pytest.raises(SchemaError, match="Fix: pass delimiter=';'"):
        jl.read(path, **ROLES)
    with pytest.warns(
        LoadWarning, match=r"TS_UNPARSEABLE 2: .*which only you can know: '%d.%m.%Y' or '%m.%d.%Y'"
    ):
        log = jl.read(path, delimiter=";", **ROLES)
    assert rejected(log) == [(1, "TS_UNPARSEABLE"), (2, "TS_UNPARSEABLE")]
    log = jl.read(path, delimiter=";", time_format="%d.%m.%Y", **ROLES)
    assert [str(day)[:10] for day in log.to_pandas()["time"]] == ["2024-02-01", "2024-02-03"]


@boxes(without=["csv", "tsv"])
def test_f17_dates_of_two_readings_are_not_guessed(box: str, tmp_path: Path) -> None:
    data = table(["u1", "u2"], times=["01.02.2024", "03.02.2024"])
    with pytest.warns(LoadWarning, match="TS_UNPARSEABLE 2"):
        assert rejected(read(data, box, tmp_path)) == [(1, "TS_UNPARSEABLE"), (2, "TS_UNPARSEABLE")]
    log = read(data, box, tmp_path, time_format="%d.%m.%Y")
    assert [str(day)[:10] for day in log.to_pandas()["time"]] == ["2024-02-01", "2024-02-03"]


# Ids are text


@boxes()
def test_f18_leading_zeros(box: str, tmp_path: Path) -> None:
    assert actors(read(table(["00123", "123"]), box, tmp_path)) == ["00123", "123"]


@boxes()
def test_f19_words_for_missing(box: str, tmp_path: Path) -> None:
    data = table(["NA", "null", "None", "N/A", "nan", ""], ["NA", "null", "None", "N/A", "nan", "a"])
    with pytest.warns(LoadWarning, match="ACTOR_PLACEHOLDER 2"):
        log = read(data, box, tmp_path)
    assert actors(log) == ["N/A", "NA", "nan"]
    assert log.events == ("N/A", "NA", "nan")
    assert rejected(log) == [(2, "ACTOR_PLACEHOLDER"), (3, "ACTOR_PLACEHOLDER"), (6, "ACTOR_NULL")]


@boxes(without=["pandas"])
def test_f20_ids_beyond_2_to_53(box: str, tmp_path: Path) -> None:
    data = table(pa.array([2**53 + 1, 2**53, None, -1], pa.int64()))
    with pytest.warns(LoadWarning, match="ACTOR_NULL 1"):
        log = read(data, box, tmp_path)
    assert actors(log) == ["-1", "9007199254740992", "9007199254740993"]
    assert rejected(log) == [(3, "ACTOR_NULL")]


def test_f20_floats_that_have_merged_already_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"2\*\*53"):  # pandas makes floats of integers where one is missing
        read(table(pa.array([2**53 + 1, 2**53, None], pa.int64())), "pandas", tmp_path)


def test_f20_ids_are_text_on_the_way_out(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", f"{HEAD}9007199254740993,a,{DAY}\n")
    assert command("sample", path, *OPTIONS, "--out", tmp_path / "s.jsonl") == 0
    assert json.loads((tmp_path / "s.jsonl").read_text())["actor"] == "9007199254740993"


@boxes(without=TEXTS)
def test_f21_ids_beyond_64_bits(box: str, tmp_path: Path) -> None:
    number = 99999999999999999999999
    data = table(pa.array([number, number - 1], pa.decimal128(38, 0)))
    assert actors(read(data, box, tmp_path)) == [str(number - 1), str(number)]


@boxes(*TEXTS)
def test_f21_ids_beyond_64_bits_as_text(box: str, tmp_path: Path) -> None:
    path = put(table(["N1", "N2"]), box, tmp_path)
    for name, number in (("N1", "99999999999999999999999"), ("N2", "99999999999999999999998")):
        path.write_text(path.read_text().replace(f'"{name}"', number).replace(name, number))
    assert actors(jl.read(path, **ROLES)) == ["99999999999999999999998", "99999999999999999999999"]


@boxes()
def test_f22_a_type_that_changes_late(box: str, tmp_path: Path) -> None:
    n = 30_000
    data = table(
        [*(str(i) for i in range(1, n + 1)), "x1"], times="2024-01-01", late=[*("1" for _ in range(n)), "x1"]
    )
    log = read(data, box, tmp_path)
    assert (log.n_actors, log.card.rejected) == (n + 1, 0)
    assert log.to_pandas()["late"].iloc[-1] == "x1"


def test_one_row_is_read_in_every_container(tmp_path: Path) -> None:
    assert kept(jl.read(write(tmp_path / "t.csv", HEAD + ONE_ROW), **ROLES)) == [("u1", "a")]
