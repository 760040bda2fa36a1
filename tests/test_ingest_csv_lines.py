"""The short way through CSV: blocks in which every line is a record are the same rows as by the long way."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeylog.ingest.containers import csv
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.files import File
from tests.test_ingest_csv import plain_rows, read_table

CELL = st.text(st.sampled_from("ab ж;🛒\0"), max_size=6)
LINE = st.lists(CELL, min_size=1, max_size=5).map(",".join)


@settings(max_examples=300)
@given(
    lines=st.lists(LINE, min_size=2, max_size=12),
    block=st.sampled_from([1, 5, 16, 64]),
    max_field=st.sampled_from([3, 1 << 16]),
    end=st.sampled_from(["\n", ""]),
)
@example(lines=["a,b,c", "a,b", "a,b,c,d", "aaaa,b,c,d", "a,b,c"], block=1, max_field=3, end="\n")
@example(lines=["a,b,c", "", "a,b,c", "", ""], block=16, max_field=3, end="\n")
def test_every_line_a_record_is_the_plain_definition(lines, block, max_field, end):
    text = "\n".join(lines) + end
    text = text if max_field > 100 else text.replace("ж", "w").replace("🛒", "w")
    good, bad = read_table(text.encode(), block, max_field)
    plain_good, plain_bad = plain_rows(text, 3, max_field=max_field)
    assert good == plain_good
    assert [(b.row, b.line, b.raw.decode()) for b in bad] == [(r, ln, raw) for r, ln, _, raw in plain_bad]


CONTENT = (
    b"a,b,c\n" + b"".join(f"u{i},{'x' * (i % 7)},{i}\n".encode() for i in range(400)) + b"short\nu,v,w\n"
)


def rows(content: bytes, block: int, wanted: list[str] | None):
    table = csv.CsvTable(File("x.csv", None, io.BytesIO(content)), Dialect(block=block))
    pieces = [work() for work in table.pieces(wanted)]
    found = [
        (n, line, *values)
        for piece in pieces
        for n, line, *values in zip(
            piece.row.tolist(),
            piece.line.tolist(),
            *(column.to_pylist() for column in piece.rows.columns),
            strict=True,
        )
    ]
    return found, [bad for piece in pieces for bad in piece.bad]


@pytest.mark.parametrize("wanted", [None, ["a"], ["b", "c"], ["c"]])
@pytest.mark.parametrize("block", [64, 100, 1 << 21])
def test_both_ways_give_the_same(wanted, block, monkeypatch):
    taken = []
    plain = csv.CsvTable._plain_lines
    monkeypatch.setattr(csv.CsvTable, "_plain_lines", lambda *a: taken.append(plain(*a)) or taken[-1])
    short = rows(CONTENT, block, wanted)
    assert (sum(n > 0 for n in taken) > 5) == (block < 1000)  # the first block is looked at closely
    monkeypatch.setattr(csv.CsvTable, "_plain_lines", lambda *a: 0)
    assert rows(CONTENT, block, wanted) == short


@pytest.mark.parametrize(
    "block, lines",
    [
        (b"a,b\nc,d\n", 2),
        (b"a,b\n" * 1000, 1000),
        ("ж,б\n".encode() * 3, 3),
        (b"a,b\n\nc,d\n", 0),
        (b"\na,b\n", 0),
        (b"a" * 62 + b"\n\n", 0),
        (b"a" * 63 + b"\n" + b"b\n", 2),
        (b"a" * 63 + b"\n\n", 0),
        (b'"a",b\n', 0),
        (b"a,b\r\n", 0),
        (b"a,\xff\n", 0),
        (b"a,b\nc,d", 0),
    ],
)
def test_which_blocks_may_go_the_short_way(block, lines):
    table = csv.CsvTable(File("x.csv", None, io.BytesIO(b"a,b\n")), Dialect())
    data = np.frombuffer(block, np.uint8)
    seen = csv.seen_in(data, table.quote)
    assert table._plain_lines(data, seen, 2) == 0  # nothing has been read yet
    table.records = 1
    assert table._plain_lines(data, seen, 2) == lines
    assert table._plain_lines(data, seen, 0) == 0
    assert table._plain_lines(data, seen, 1 << 25) == 0


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b'"', b"a", b"\x80", b"x" * 63]), max_size=40).map(b"".join),
    st.sampled_from([34, -1]),
)
def test_what_is_seen_in_a_block(block, quote):
    seen = csv.seen_in(np.frombuffer(block, np.uint8), quote)
    assert seen.feeds == block.count(b"\n") and seen.returns == block.count(b"\r")
    assert seen.quotes == (quote > 0 and b'"' in block) and seen.high == (b"\x80" in block)
    assert seen.empty == (block.startswith(b"\n") or b"\n\n" in block)
