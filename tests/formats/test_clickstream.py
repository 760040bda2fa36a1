"""Snowplow, Matomo, Adobe and Yandex: each fixture becomes its golden table in every container, and their traps."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.errors import ConfigError, ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.escaped import EscapedTable
from journeylog.ingest.containers.files import File
from journeylog.ingest.formats.clickstream import SNOWPLOW_COLUMNS
from tests.formats.goldens import HERE, as_golden, fixture, golden, read, records, written

ADOBE_COLUMNS = (HERE / "fixtures" / "adobe_headers.txt").read_text(encoding="utf-8").rstrip("\n").split("\t")

#: How each fixture is read, and its rejects in the order of the file.
HOW = {
    "snowplow": ({}, ["ROW_SHAPE"]),
    "matomo": ({}, ["NOT_AN_EVENT"]),
    "matomo_actions": ({}, []),
    "adobe": ({"names": ADOBE_COLUMNS}, ["NOT_AN_EVENT", "NOT_AN_EVENT", "ROW_SHAPE"]),
    "yandex_hits": ({"tz": "Europe/Moscow"}, ["NOT_AN_EVENT", "ROW_SHAPE"]),
    "yandex_visits": ({}, []),
}


def rows_of(name: str) -> list[dict]:
    """Return the whole rows of a fixture, as they would stand in a table."""
    path = fixture(name)
    if path.suffix != ".tsv":
        return records(name)
    names = {"snowplow": list(SNOWPLOW_COLUMNS), "adobe": ADOBE_COLUMNS}.get(name)
    if name == "adobe":
        table = EscapedTable(File("x", None, io.BytesIO(path.read_bytes())), Dialect(names=tuple(names)))
        rows = [row for work in table.pieces(None) for row in work().rows.to_pylist()]
    else:
        with path.open(encoding="utf-8", newline="") as lines:
            found = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            names = names or next(found)
            rows = [dict(zip(names, row, strict=True)) for row in found if len(row) == len(names)]
    return [{key: value or None for key, value in row.items()} for row in rows]


@pytest.mark.parametrize("name", HOW)
def test_golden(name):
    how, rejects = HOW[name]
    log = read(fixture(name), name, **how)
    columns, expected = golden(name)
    assert as_golden(log, columns) == expected
    assert log.rejects.column("reason").to_pylist() == rejects
    assert log.card.rows_in == log.card.kept + log.card.rejected + log.card.deduplicated


@pytest.mark.parametrize("name", HOW)
def test_every_container_holds_the_same_log(name, tmp_path):
    how = {key: value for key, value in HOW[name][0].items() if key != "names"}
    columns, expected = golden(name)
    form = jl.formats()[name]
    for container, data in written(rows_of(name), tmp_path, flat=fixture(name).suffix != ".jsonl"):
        headed = form.but(names=None) if container == "written tsv" else form
        assert as_golden(read(data, headed, **how), columns) == expected, container


def test_snowplow_of_another_width_says_so():
    line = "\t".join(["x"] * 128) + "\n"
    with pytest.raises(SchemaError, match="128 fields, and 131 names"):
        jl.read(io.BytesIO(line.encode() * 3), format="snowplow")
    assert len(SNOWPLOW_COLUMNS) == len(set(SNOWPLOW_COLUMNS)) == 131


def test_snowplow_duplicates_by_kind():
    log = read(fixture("snowplow"), "snowplow")
    assert log.card.deduplicated == 1  # delivered twice
    assert log.to_pandas()["uuid"].duplicated().sum() == 1  # one id that two events carry


def test_snowplow_parquet_has_types_and_objects(tmp_path):
    events = pa.table(
        {
            "event_id": ["a", "b"],
            "event": ["page_view", "unstruct"],
            "event_name": ["page_view", "add_to_cart"],
            "domain_userid": ["d", "d"],
            "collector_tstamp": pa.array([1709283601000000, 1709283602000000], pa.timestamp("us", "UTC")),
            "derived_tstamp": pa.array([1709283600000000, None], pa.timestamp("us", "UTC")),
            "contexts_com_acme_1": [[{"sku": "s"}], None],
        }
    )
    pq.write_table(events, tmp_path / "e.parquet")
    log = read(tmp_path / "e.parquet", "snowplow").to_pandas()
    assert log["event"].tolist() == ["page_view", "add_to_cart"]
    assert [t.second for t in log["time"]] == [0, 2]
    assert log["contexts_com_acme_1"].tolist()[0] == '[{"sku": "s"}]'


def test_matomo_visits_may_be_exported_again():
    log = read(fixture("matomo"), "matomo")
    assert log.card.deduplicated == 2  # the two actions of the visit's first export
    assert log.rejects.to_pylist()[0]["row"] == 4  # a visit without actions


def test_adobe_takes_escapes_out():
    log = read(fixture("adobe"), "adobe", names=ADOBE_COLUMNS).to_pandas()
    texts = set(log["post_evar1"].dropna())
    assert texts == {"tab\there and back\\slash", "line\nbreak"}


def test_adobe_needs_its_names():
    raw = fixture("adobe").read_bytes()
    headers = HERE / "fixtures" / "adobe_headers.txt"
    listed = read(fixture("adobe"), "adobe", names=ADOBE_COLUMNS)
    assert read(fixture("adobe"), "adobe", names=headers).to_pandas().equals(listed.to_pandas())
    with pytest.raises(ParseError, match="names="):
        jl.read(fixture("adobe"), format="adobe", names=headers.with_name("none.tsv"))
    with pytest.raises(SchemaError, match=r"column_headers\.tsv"):
        jl.read(io.BytesIO(raw), format="adobe")
    with pytest.raises(SchemaError, match="21 fields, and 20 names"):
        jl.read(io.BytesIO(raw.rsplit(b"cut", 1)[0]), format="adobe", names=ADOBE_COLUMNS[:-1])


def test_adobe_purchases_count_once_and_at_their_worth():
    log = read(fixture("adobe"), "adobe", names=ADOBE_COLUMNS).to_pandas()
    bought = log[log["event"] == "purchase"]
    assert bought["order_id"].tolist() == ["o-5"]
    assert str(bought["value"].iloc[0]).startswith("59.95")


def test_adobe_custom_events_are_two_lines_of_ones_own():
    form = jl.formats()["adobe"]
    signup = jl.Take(
        "signup", when=jl.fields.Given(jl.parts.Match("post_event_list", r"(?:^|,)(?P<id>200)(?:[=:,]|$)"))
    )
    log = read(fixture("adobe"), form.but(takes=(*form.takes, signup)), names=ADOBE_COLUMNS).to_pandas()
    assert (log["event"] == "signup").sum() == 1


def test_adobe_a_total_that_is_no_number_rejects_the_purchase():
    raw = fixture("adobe").read_bytes().replace(b";49.90;;,", b";much;;,")
    log = read(io.BytesIO(raw), "adobe", names=ADOBE_COLUMNS)
    assert log.card.reasons["VALUE_UNPARSEABLE"] == 1


@pytest.mark.parametrize("block", [16, 77, 300, 1 << 20])
def test_escaped_text_in_blocks_of_any_size(block):
    def read_in(size):
        raw = b"a\tb\\\tc\r\n\r\nd\\\ne\tf\\\\\n\\\\\\\n\tg\nx\ny\tz"
        table = EscapedTable(File("x", None, io.BytesIO(raw)), Dialect(names=("p", "q"), block=size))
        rows, bad = [], []
        for work in table.pieces(None):
            piece = work()
            assert piece.rows.validate(full=True) is None
            rows += zip(piece.row.tolist(), piece.line.tolist(), piece.rows.to_pylist(), strict=True)
            bad += [(b.row, b.line, b.raw) for b in piece.bad]
        return rows, bad

    assert read_in(block) == (
        [
            (1, 1, {"p": "a", "q": "b\tc"}),
            (2, 3, {"p": "d\ne", "q": "f\\"}),
            (3, 5, {"p": "\\\n", "q": "g"}),
            (5, 8, {"p": "y", "q": "z"}),
        ],
        [(4, 7, b"x")],
    )


def plain_escaped(raw: bytes) -> tuple[list, list]:
    """Return the rows and the rejects of escaped text, byte by byte."""
    rows, bad, i, number, line = [], [], 0, 0, 1
    while i < len(raw):
        if raw[i : i + 1] == b"\n" or raw[i : i + 2] == b"\r\n":
            i += 1 if raw[i : i + 1] == b"\n" else 2
            line += 1
            continue
        first, fields, inner = i, [b""], 0
        while i < len(raw) and raw[i : i + 1] != b"\n":
            c, following = raw[i : i + 1], raw[i + 1 : i + 2]
            if c == b"\\" and following in (b"\\", b"\t", b"\n") and following:
                fields[-1] += following
                inner += following == b"\n"
                i += 2
                continue
            if c == b"\t":
                fields.append(b"")
            elif not (c == b"\r" and following == b"\n"):
                fields[-1] += c
            i += 1
        number += 1
        if len(fields) == 2:
            rows.append((number, line, [f.decode() for f in fields]))
        else:
            bad.append((number, line, raw[first:i]))
        line += inner + 1
        i += 1
    return rows, bad


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([b"a", b"\t", b"\\", b"\n", b"\r\n", b"\r"])), st.integers(1, 30))
def test_escaped_text_is_the_plain_definition(parts, block):
    raw = b"".join(parts)
    if not raw:
        return
    table = EscapedTable(File("x", None, io.BytesIO(raw)), Dialect(names=("p", "q"), block=block))
    rows, bad = [], []
    for work in table.pieces(None):
        piece = work()
        values = [list(row.values()) for row in piece.rows.to_pylist()]
        rows += zip(piece.row.tolist(), piece.line.tolist(), values, strict=True)
        bad += [(b.row, b.line, b.raw) for b in piece.bad]
    assert (rows, bad) == plain_escaped(raw)


def test_yandex_hits_need_the_zone_of_the_counter():
    with pytest.raises(ConfigError, match="tz="):
        jl.read(fixture("yandex_hits"), format="yandex_hits")


def test_yandex_ids_of_64_bits_stay_whole():
    log = read(fixture("yandex_hits"), "yandex_hits", tz="Europe/Moscow").to_pandas()
    assert "18446744073709551001" in set(log["event_id"])
    frame = read(fixture("yandex_visits"), "yandex_visits").to_pandas()
    assert set(frame["visit"]) == {"9007199254740993", "9007199254740994"}


def test_yandex_lists_of_arrow_and_of_json(tmp_path):
    visit = {
        "ym:s:visitID": 1,
        "ym:s:clientID": 2,
        "ym:s:dateTimeUTC": "2024-03-01 12:00:00",
        "ym:s:goalsID": [7, 8],
        "ym:s:goalsDateTime": ["2024-03-01 12:00:01", "2024-03-01 12:00:02"],
        "ym:s:goalsPrice": [0, 5],
    }
    form = jl.formats()["yandex_visits"]
    for name, data in written([visit], tmp_path, flat=False):
        log = read(data, form.but(quote='"') if name == "written tsv" else form).to_pandas()
        assert log["event"].tolist() == ["visit", "goal 7", "goal 8"], name
        assert [t.second for t in log["time"]] == [0, 1, 2], name
        assert [str(p) for p in log["goal_price"].dropna().astype(int)] == ["0", "5"], name
