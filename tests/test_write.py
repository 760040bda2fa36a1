"""The door out: every kind of file gives the same log back, bytes are the same every time, spreadsheets are safe."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.card import Card
from journeylog.core.chunk import Number, Text
from journeylog.core.encode import encode
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, OutputError

KINDS = ["log.csv", "log.tsv", "log.jsonl", "log.parquet", "log.xes", "log.xes.gz", "log.csv.zst",
         "log.jsonocel", "log.xmlocel", "log.sqlite"]  # fmt: skip
SECOND = 1_000_000
START, STOP = 631_152_000 * SECOND, 1_735_689_600 * SECOND

# What XML can hold; CSV takes an empty text for a missing one, so texts are not empty.
LETTERS = st.characters(
    codec="utf-8",
    exclude_categories=["Cs", "Cc"],
    exclude_characters="\ufffe\uffff",
    include_characters="\t\n\r",
)
TEXTS = st.one_of(
    st.sampled_from(
        ["home", "007", "7", "a & b", "<b>", "=1+1", "x,y", 'q"q', "l\r\nl", "\t", " ", "true", "1.0", "é"]
    ),
    st.text(LETTERS, min_size=1, max_size=6),
)
FLOATS = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 0.1, 1e22, 1e-7, 5e-324, 0.1234567890123456, 1e15, 1e16]),
                   st.floats(allow_nan=False))  # fmt: skip
INTS = st.integers(-(2**63), 2**63 - 1)
MONEY = st.integers(-(2**62), 2**62)
TIMES = st.integers(START, STOP)


@st.composite
def logs(draw: st.DrawFn) -> EventLog:
    """Draw a log with every role and every kind of attribute."""
    n = draw(st.integers(1, 8))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(st.one_of(st.none(), values), min_size=n, max_size=n))

    actors = draw(
        st.lists(st.sampled_from([*draw(st.lists(TEXTS, min_size=2, max_size=3))]), min_size=n, max_size=n)
    )
    tied = st.sampled_from([START, START + 1, STOP])
    times = draw(st.lists(st.one_of(tied, TIMES), min_size=n, max_size=n))
    columns: dict[str, Any] = {
        "event": encode(pa.array(draw(st.lists(TEXTS, min_size=n, max_size=n)))),
        "channel": encode(pa.array(column(TEXTS), pa.string())),
        "currency": encode(pa.array(column(st.sampled_from(["EUR", "USD"])), pa.string())),
        "value": number(column(MONEY), "micros"),
        "score": number(column(st.floats(-1, 1)), ""),
        "received": number(column(TIMES), "time"),
        "text": Text(pa.array(column(TEXTS), pa.string())),
        "event_id": Text(pa.array([f"id{i}" for i in draw(st.permutations(range(n)))])),
        "plan": encode(pa.array(column(TEXTS), pa.string())),
        "time": encode(pa.array(column(TEXTS), pa.string())),
        "whole": number(column(INTS), ""),
        "share": number(column(FLOATS), ""),
        "paid": number(column(st.booleans()), "bool"),
        "due at": number(column(TIMES), "time"),
        "price": number(column(MONEY), "micros"),
    }
    for name in draw(st.sets(st.sampled_from([c for c in columns if c != "event"]))):
        del columns[name]
    case = dict(zip(actors, column(TEXTS), strict=True))
    columns["case:stage"] = encode(pa.array(column(TEXTS), pa.string()))
    columns["case:type"] = encode(pa.array([case[a] for a in actors], pa.string()))
    chunk, ties = build_chunk(encode(pa.array(actors)), np.array(times, np.int64), columns)
    return EventLog.from_chunk(chunk, card=Card(n, n, ties=ties))


def number(values: list[Any], unit: str) -> Number:
    valid = np.array([v is not None for v in values])
    kind = np.float64 if any(isinstance(v, float) for v in values) else np.int64
    filled = np.array([0 if v is None else v for v in values], kind)
    return Number(filled, None if valid.all() else valid, unit)


def shown(log: EventLog, path: str = "") -> dict[str, Any]:
    """Return all that is in a log, value by value; a column without any value is none."""
    chunk = log.chunk
    columns = {}
    for name, column in chunk.columns.items():
        values = column.to_arrow().to_pylist()
        if path.endswith(".sqlite"):  # SQLite has one zero only
            values = [0.0 if v == 0 and isinstance(v, float) else v for v in values]
        if name == "event" or any(v is not None for v in values):
            unit = column.unit if isinstance(column, Number) else type(column).__name__
            columns[name] = (unit, [repr(v) for v in values])
    actors = chunk.actors.take(pa.array(chunk.actor_of_event())).to_pylist()
    return {"actors": actors, "time": chunk.time.tolist(), "columns": columns}


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=10)
@given(log=logs())
def test_what_is_written_reads_back_as_the_same_log(
    tmp_path_factory: pytest.TempPathFactory, name: str, log: EventLog
) -> None:
    path = tmp_path_factory.mktemp("out") / name
    written = jl.write(log, path, safe_csv=False)
    back = written.read()
    assert back.card.rejected == 0
    assert shown(back, name) == shown(log, name)
    first = path.read_bytes()
    jl.write(log, path, safe_csv=False)
    assert path.read_bytes() == first, "the same log is the same bytes"


def tiny() -> EventLog:
    return jl.datasets.tiny()


def test_the_suffix_or_the_format_says_the_kind(tmp_path: Path) -> None:
    written = jl.write(tiny(), tmp_path / "log.data", format="xes")
    assert written.format == "xes" and written.read().n_events == written.rows == 12
    with pytest.raises(ConfigError, match=r"the name does not say what to write.*format="):
        jl.write(tiny(), tmp_path / "log")
    with pytest.raises(OutputError, match=r"the folder .*none does not exist\. Fix: make it first") as told:
        jl.write(tiny(), tmp_path / "none" / "log.csv")
    assert ".log.csv." not in str(told.value), "no name that nobody chose"
    with pytest.raises(ConfigError, match=r"format='xess' is unknown. Fix: 'xes'"):
        jl.write(tiny(), tmp_path / "log.xes", format="xess")
    with pytest.raises(ConfigError, match="not packed as a whole"):
        jl.write(tiny(), tmp_path / "log.parquet.gz")


def test_a_workbook_has_texts_as_texts_and_numbers_as_numbers(tmp_path: Path) -> None:
    frame = pa.table({
        "who": ["007", "7", "é"], "what": ["1", "true", "a\r\nb"], "at": ["2025-01-01T00:00:00.000001Z"] * 3,
        "n": [1, None, -3], "far": [2**53 + 1, 1, 2], "share": [0.25, 1e22, None], "paid": [True, None, False],
        "price": ["0.10", "9223372036854.775807", None],
    })  # fmt: skip
    log = jl.read(frame, actor="who", event="what", time="at", value="price")
    written = jl.write(log, tmp_path / "log.xlsx")
    back = written.read()
    assert shown(back) == shown(log) and written.changed == 0
    first = written.path.read_bytes()
    assert jl.write(log, written).path.read_bytes() == first, "the same log is the same bytes"


def test_a_workbook_of_an_empty_log_has_its_columns(tmp_path: Path) -> None:
    none = pa.table(
        {"a": pa.array([], pa.string()), "e": pa.array([], pa.string()), "t": pa.array([], pa.string())}
    )
    written = jl.write(jl.read(none, actor="a", event="e", time="t", tz="UTC"), tmp_path / "log.xlsx")
    assert (written.rows, written.read().n_events) == (0, 0)


def test_reading_what_was_written_without_its_columns_names_the_way(tmp_path: Path) -> None:
    written = jl.write(tiny(), tmp_path / "log.csv")
    with pytest.raises(ConfigError, match=r"log\.csv was written by jl\.write.*written\.read\(\)"):
        jl.read(written)
    assert jl.read(written, **written.reads).n_events == 12


def test_an_older_file_is_untouched_when_writing_fails(tmp_path: Path) -> None:
    bell = jl.read(
        pa.table({"a": ["u"], "e": ["x\x07"], "t": ["2024-01-01T00:00:00Z"]}), actor="a", event="e", time="t"
    )
    path = tmp_path / "log.xes"
    path.write_text("old")
    with pytest.raises(
        OutputError, match=r"control characters, which XML has none of: 1 of 1.*JSON lines or Parquet"
    ):
        jl.write(bell, path)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["log.xes"]
    assert jl.write(bell, tmp_path / "log.jsonl").read().events == ("x\x07",)


RISKY = ["=1+1", '=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", ";=1", "'=1"]


def test_spreadsheets_run_nothing(tmp_path: Path) -> None:
    n = len(RISKY)
    table = pa.table(
        {"a": RISKY, "e": RISKY, "t": ["2024-01-01T00:00:00Z"] * n, "=n": [-1] * n, "v": ["-1.5"] * n}
    )
    log = jl.read(table, actor="a", event="e", time="t", value="v")
    written = jl.write(log, tmp_path / "log.csv")
    assert written.changed == 2 * n
    with written.path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["actor", "time", "event", "value", "'=n"]
    for row in rows:
        assert row[0] == row[2] and row[0].startswith("'") and row[0][1:] in RISKY
        assert row[3:] == ["-1.500000", "-1"], "numbers stay numbers"
    raw = jl.write(log, tmp_path / "raw.csv", safe_csv=False)
    assert raw.changed == 0 and shown(raw.read()) == shown(log)


def test_json_lines_hold_numbers_and_truths_as_such(tmp_path: Path) -> None:
    table = pa.table(
        {
            "a": ["u"],
            "e": ["x"],
            "t": ["2024-01-01T00:00:00Z"],
            "n": [1.0],
            "i": [3],
            "b": [True],
            "s": [None],
        }
    )
    written = jl.write(jl.read(table, actor="a", event="e", time="t"), tmp_path / "log.jsonl")
    line = json.loads(written.path.read_text())
    assert line == {
        "actor": "u",
        "time": "2024-01-01T00:00:00.000000Z",
        "event": "x",
        "n": 1.0,
        "i": 3,
        "b": True,
        "s": None,
    }


def test_what_reading_must_be_told_is_told(tmp_path: Path) -> None:
    table = pa.table(
        {"a": ["unknown", "b"], "e": ["x", "y"], "t": ["1980-01-01T00:00:00Z", "2024-01-01T00:00:00Z"]}
    )
    how = {"placeholders": (), "time_range": ("1970-01-01", None), "window": ("1979-01-01", "2024-12-31")}
    log = jl.read(table, actor="a", event="e", time="t", **how)
    for name in KINDS:
        back = jl.write(log, tmp_path / name).read()
        assert shown(back) == shown(log) and back.window == log.window


def test_attributes_that_mean_something_else_there_are_refused(tmp_path: Path) -> None:
    table = pa.table({"a": ["u"], "e": ["x"], "t": ["2024-01-01T00:00:00Z"], "concept:name": ["n"]})
    log = jl.read(table, actor="a", event="e", time="t")
    for name in ("log.xes", "log.jsonocel"):
        with pytest.raises(ConfigError, match="'concept:name' is called like something else"):
            jl.write(log, tmp_path / name)


def test_attributes_of_the_whole_case_stand_at_the_trace(tmp_path: Path) -> None:
    text = b'<log><trace><string key="concept:name" value="c"/><string key="kind" value="k"/>' + b"".join(
        b'<event><string key="concept:name" value="a"/><date key="time:timestamp" value="2024-01-0%dT00:00:00Z"/></event>'
        % i
        for i in (1, 2)
    )
    (tmp_path / "in.xes").write_bytes(text + b"</trace></log>")
    written = jl.write(jl.read(tmp_path / "in.xes"), tmp_path / "out.xes")
    out = written.path.read_text()
    assert out.count('key="kind"') == 1 and out.index('key="kind"') < out.index("<event>")


def test_packed_bytes_hold_no_time_of_writing(tmp_path: Path) -> None:
    first = jl.write(tiny(), tmp_path / "one.xes.gz").path.read_bytes()
    assert first == jl.write(tiny(), tmp_path / "two.xes.gz").path.read_bytes()
    assert gzip.decompress(first).startswith(b"<?xml")


@pytest.mark.parametrize("name", [k for k in KINDS if not k.startswith("log.jsonl")])
def test_an_empty_log_is_a_file_too(tmp_path: Path, name: str) -> None:
    log = EventLog.from_chunk(tiny().chunk.slice(0, 0))
    assert jl.write(log, tmp_path / name).rows == 0
    if "ocel" not in name and "sqlite" not in name:
        assert jl.read(tmp_path / name, **jl.write(log, tmp_path / name).reads).n_events == 0
