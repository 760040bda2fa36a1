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
    case = {a: v for a, v in zip(actors, column(TEXTS), strict=True)}
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
