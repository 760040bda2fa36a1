"""The door as a whole: shapes of tables, money, duplicates, order, rejects; rows T01 to T19, V01, D01 to D03."""

from __future__ import annotations

import io
import json
import random
import threading
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.errors import (
    ConfigError,
    DataQualityError,
    LoadWarning,
    MissingColumnError,
    OutputError,
    ParseError,
    SchemaError,
)
from journeylog.ingest import Reason

ROLES = {"actor": "user", "event": "event", "time": "ts", "tz": "UTC"}


def frame(**columns) -> pd.DataFrame:
    n = max(len(c) for c in columns.values() if isinstance(c, list))
    full = {"user": ["u"] * n, "event": ["a"] * n, "ts": [f"2024-01-01 00:{i:02d}:00" for i in range(n)]}
    return pd.DataFrame({**full, **columns})


def read(data, **how):
    return jl.read(data, **{**ROLES, **how})


def quarantined(data, **how):
    with pytest.warns(LoadWarning):
        log = read(data, **how)
    assert_conserved(log)
    return log


def assert_conserved(log) -> None:
    card = log.card
    assert card.rows_in == card.kept + card.rejected + card.deduplicated
    assert (card.kept, card.rejected) == (log.n_events, log.rejects.num_rows)
    assert sum(card.reasons.values()) == card.rejected
    assert all(json.loads(r["raw"]) is not None for r in log.rejects.to_pylist() if r["raw_kind"] == "json")


def names(log) -> list[str]:
    return log.to_pandas()["event"].tolist()


# ---------------------------------------------------------------- time at the door


def test_T01_T02_T07_T17_reasons_at_the_door():
    stamps = [None, "", "abc", "2024-02-30", "9999-12-31", "infinity", "2024-01-01"]
    log = quarantined(frame(ts=stamps))
    assert [(r["row"], r["reason"]) for r in log.rejects.to_pylist()] == [
        (1, "TS_NULL"), (2, "TS_NULL"), (3, "TS_UNPARSEABLE"), (4, "TS_UNPARSEABLE"),
        (5, "TS_OUT_OF_RANGE"), (6, "TS_OUT_OF_RANGE"),
    ]  # fmt: skip
    assert json.loads(log.rejects.to_pylist()[3]["raw"])["ts"] == "2024-02-30"


def test_T03_numbers_need_a_unit():
    with pytest.raises(ConfigError, match="pass time_unit='ms'"):
        read(frame(ts=[1704067200000]))
    assert read(frame(ts=[1704067200000]), time_unit="ms").n_events == 1


def test_T04_T05_a_wrong_or_mixed_unit():
    log = quarantined(frame(ts=[1704067200000, 1704067201000]), time_unit="s")
    assert log.card.reasons == {"TS_OUT_OF_RANGE": 2}
    assert any("look like milliseconds" in note for note in log.card.notes)
    log = quarantined(frame(ts=[1704067200, 1704067200000]), time_unit="s")
    assert log.card.reasons == {"TS_UNIT_SUSPECT": 1}
    assert any("look like milliseconds" in note for note in log.card.notes)


def test_T10_T11_offsets():
    mixed = ["2024-01-01T03:00:00+03:00", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00"]
    log = quarantined(frame(ts=mixed), tz=None)
    assert len(set(log.chunk.time.tolist())) == 1
    (row,) = log.rejects.to_pylist()
    assert (row["row"], row["column"], row["reason"]) == (3, "ts", "TS_MIXED_TZ")
    assert json.loads(row["raw"]) == {"user": "u", "event": "a", "ts": "2024-01-01T00:00:00"}
    assert read(frame(ts=mixed), tz="UTC").n_events == 3
    with pytest.raises(ConfigError, match="no time zone"):
        read(frame(ts=mixed[2:]), tz=None)


def test_T12_T13_clock_changes():
    stamps = ["2024-11-03 01:30:00", "2024-03-10 02:30:00", "2024-06-01"]
    log = quarantined(frame(ts=stamps), tz="America/New_York")
    assert log.card.reasons == {"TS_AMBIGUOUS": 1, "TS_NONEXISTENT": 1}
    log = read(frame(ts=stamps), tz="America/New_York", ambiguous="first")
    assert any("2 times fell on a change of the clocks" in note for note in log.card.notes)


def test_T15_unknown_zone():
    with pytest.raises(ConfigError, match="Europe/Kyiv"):
        read(frame(ts=["2024-01-01"]), tz="Europe/Kiyv")


TIED = [("u", e, "2024-01-01", str(k)) for k, e in enumerate(["b", "a", "c", "a", "b"])]


def tied(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user", "event", "ts", "k"])


def test_T19_one_stream_keeps_its_order_and_counts_ties():
    log = read(tied(TIED))
    assert names(log) == ["b", "a", "c", "a", "b"]
    assert (log.card.ties, log.card.order) == (4, "position in the input")


def test_T19_declared_order_is_the_same_for_any_input_order():
    for seed in range(5):
        rows = random.Random(seed).sample(TIED * 1, len(TIED))
        log = read(tied(rows), order_by="k")
        assert names(log) == ["b", "a", "c", "a", "b"]
        assert log.card.ties == 4


def test_order_by_takes_numbers_as_numbers_and_several_columns():
    log = read(
        frame(ts=["2024-01-01"] * 4, event=list("abcd"), k=["10", "9", "", "9"], j=[1, 2, 3, 1]),
        order_by=["k", "j"],
    )
    assert names(log) == ["d", "b", "a", "c"]
    with pytest.raises(MissingColumnError, match=r"order_by\[0\]"):
        read(frame(ts=["2024-01-01"]), order_by="kk")


ROWS = [("u", e, t, k) for t in ("2024-01-01", "2024-01-02") for e in "ab" for k in "123"] * 2


def in_files(folder: Path, parts) -> Path:
    for i, part in enumerate(parts):
        tied(part).to_csv(folder / f"{i}.csv", index=False)
    return folder


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_T19_many_files_give_the_same_log_in_any_order_and_partition(seed, tmp_path_factory):
    shuffled = random.Random(seed)
    rows = shuffled.sample(ROWS, len(ROWS))
    cuts = sorted(shuffled.sample(range(1, len(rows)), 3))
    parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    log = read(in_files(tmp_path_factory.mktemp("parts"), parts))
    other = read(in_files(tmp_path_factory.mktemp("whole"), [ROWS[:1], ROWS[1:]]))
    assert log.to_arrow().equals(other.to_arrow())
    assert names(log) == ["a"] * 6 + ["b"] * 6 + ["a"] * 6 + ["b"] * 6
    assert log.card.ties == 22
    assert "content of the row" in log.card.order


# ---------------------------------------------------------------- money and scores


def money(values, **how) -> list[int | None]:
    log = read(frame(v=values), value="v", **how)
    column = log.chunk.columns["value"]
    valid = [True] * log.n_events if column.valid is None else column.valid.tolist()
    return [v if there else None for v, there in zip(column.values.tolist(), valid, strict=True)]


def test_V01_amounts_of_every_type_are_exact():
    assert money([1, -2, 0]) == [1_000_000, -2_000_000, 0]
    assert money([1.1, -0.1, None]) == [1_100_000, -100_000, None]
    assert money(["1.10", " -2.5 ", "", "1e3", "0.0000005", "0.0000015"]) == [
        1_100_000,
        -2_500_000,
        None,
        10**9,
        0,
        2,
    ]
    assert money([Decimal("0.1"), Decimal("123456789.123456")]) == [100_000, 123_456_789_123_456]
    assert money([12345678901.23, 4294967296.1]) == [12_345_678_901_230_000, 4_294_967_296_100_000]
    assert sum(money([Decimal("0.1")] * 3)) == 300_000


def test_V01_amounts_that_are_none():
    log = quarantined(frame(v=["1 234,50", "$5", "1e400", "inf", "NaN", "-5", "0", "12"]), value="v")
    assert log.card.reasons == {"VALUE_UNPARSEABLE": 2, "VALUE_INF": 1, "VALUE_OVERFLOW": 1}
    assert any("1 values are NaN" in note for note in log.card.notes)
    log = quarantined(pa.Table.from_pandas(frame(v=[1.0, np.inf, -np.inf, 1e300])), value="v")
    assert log.card.reasons == {"VALUE_INF": 2, "VALUE_OVERFLOW": 1}
    log = quarantined(frame(v=[2**62, 1]), value="v")
    assert log.card.reasons == {"VALUE_OVERFLOW": 1}
    nan = pa.table({"user": ["u"], "event": ["a"], "ts": ["2024-01-01"], "v": pa.array([float("nan")])})
    assert any("NaN" in note for note in read(nan, value="v").card.notes)


def test_V01_a_declared_way_to_write_amounts():
    assert money(["1 234,50", "1\u00a0234,50", "-7,5", ""], decimal=",", thousands=" ") == [
        1_234_500_000
    ] * 2 + [-7_500_000, None]
    log = quarantined(frame(v=["1.5", "1,5"]), value="v", decimal=",")
    assert log.card.reasons == {"VALUE_UNPARSEABLE": 1}


def test_V03_mixed_currencies_are_told():
    log = read(frame(v=[1, 2], cur=["EUR", "USD"]), value="v", currency="cur")
    assert any("2 currencies" in note for note in log.card.notes)
    log = read(frame(v=[1, 2]), value="v", currency=jl.constant("EUR"))
    assert log.chunk.category("currency").names == ("EUR",)
    assert not log.card.notes


@pytest.mark.parametrize(
    ("scale", "answers", "scaled"),
    [
        ("nps", [0, 5, 10], [-1, 0, 1]),
        ("stars5", ["1", "3", "5"], [-1, 0, 1]),
        ((0, 4), [1.0, None, 4], [-0.5, None, 1]),
    ],
)
def test_scores_come_on_one_scale_and_keep_the_original(scale, answers, scaled):
    log = read(frame(stars=answers), score="stars", score_scale=scale)
    assert log.to_pandas()["score"].astype(object).where(lambda s: s.notna(), None).tolist() == scaled
    assert "stars" in log.columns


def test_scores_off_their_scale():
    log = quarantined(frame(stars=["6", "0", "good", "3", ""]), score="stars", score_scale="csat5")
    assert log.card.reasons == {"SCORE_INVALID": 3}
    for wrong in ("stars6", (5, 1), (1, 2, 3), 5):
        with pytest.raises(ConfigError, match="score_scale="):
            read(frame(stars=[1]), score="stars", score_scale=wrong)
    with pytest.raises(ConfigError, match="belong together"):
        read(frame(stars=[1]), score="stars")


def test_columns_of_a_text_file_that_are_numbers():
    content = b"user,event,ts,n,x,id\nu,a,2024-01-01,1,1.5,9007199254740993\nu,b,2024-01-02,2,,12\nu,c,2024-01-03,many,1,1\n"
    with pytest.warns(LoadWarning, match="VALUE_UNPARSEABLE 1"):
        log = read(io.BytesIO(content), numbers=["n", "x", "id"])
    assert (log.columns["n"], log.columns["x"], log.columns["id"]) == ("number", "number", "number")
    assert log.chunk.columns["id"].values.tolist() == [9007199254740993, 12]
    assert log.chunk.columns["x"].valid.tolist() == [True, False]


# ---------------------------------------------------------------- duplicates


def test_D01_a_file_loaded_twice(tmp_path: Path):
    data = frame(event=["a", "b", "c"], id=["1", "2", "3"])
    data.to_csv(tmp_path / "1.csv", index=False)
    once = read(tmp_path, event_id="id")
    data.to_csv(tmp_path / "2.csv", index=False)
    twice = read(tmp_path, event_id="id")
    assert_conserved(twice)
    assert (twice.card.rows_in, twice.card.kept, twice.card.deduplicated) == (6, 3, 3)
    assert twice.to_arrow().equals(once.to_arrow())


def test_D02_one_id_with_two_contents():
    data = frame(
        event=["a", "b", "a", "c"], id=["1", "1", "1", "2"], ts=["2024-01-01"] * 4, x=[1.5, 2.5, 1.5, None]
    )
    log = quarantined(data, event_id="id")
    assert names(log) == ["a", "c"]
    assert (log.card.deduplicated, dict(log.card.reasons)) == (1, {"DUP_ID_CONFLICT": 1})
    (row,) = log.rejects.to_pylist()
    assert (row["row"], row["column"]) == (2, "id")
    assert json.loads(row["raw"])["event"] == "b"


def test_D02_the_first_received_is_kept_whatever_its_place():
    data = frame(
        event=["late", "early"], id=["1", "1"], ts=["2024-01-01"] * 2, got=["2024-01-03", "2024-01-02"]
    )
    assert names(quarantined(data, event_id="id", received="got")) == ["early"]
    same = frame(event=["a", "a"], id=["1", "1"], ts=["2024-01-01"] * 2, got=["2024-01-03", None])
    log = read(same, event_id="id", received="got")
    assert (log.n_events, log.card.deduplicated) == (1, 1)  # arriving again is no other content


def test_times_of_arrival_that_cannot_be_read_are_missing_and_told():
    log = read(frame(ts=["2024-01-01"] * 3, got=["2024-01-02", "soon", None]), received="got")
    assert log.chunk.columns["received"].valid.tolist() == [True, False, False]
    assert log.card.notes == ("1 times in 'got' could not be read and are missing",)


def test_D03_without_an_id_nothing_is_a_duplicate():
    twice = pd.concat([frame(ts=["2024-01-01"])] * 2)
    log = read(twice)
    assert (log.n_events, log.card.ties, log.card.deduplicated) == (2, 1, 0)
    assert read(twice.assign(id=None), event_id="id").n_events == 2
    assert read(twice.assign(id=""), event_id="id").n_events == 2


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["1", "2", "3", None]), st.sampled_from("ab"), st.sampled_from([1.0, None])
        ),
        max_size=14,
    ),
    cut=st.integers(1, 5),
)
@settings(max_examples=40, deadline=None)
def test_duplicates_by_the_plain_rule_in_pieces_of_any_size(rows, cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("dup") / "x.parquet"
    columns = {"id": [r[0] for r in rows], "event": [r[1] for r in rows], "x": [r[2] for r in rows]}
    kinds = {"id": pa.string(), "event": pa.string(), "x": pa.float64()}
    data = pa.table({k: pa.array(v, kinds[k]) for k, v in columns.items()})
    data = data.append_column("user", pa.array(["u"] * len(rows), pa.string()))
    data = data.append_column("ts", pa.array(["2024-01-01"] * len(rows), pa.string()))
    pq.write_table(data, path, row_group_size=cut)
    first: dict[str, tuple] = {}
    kept, same, conflict = [], 0, 0
    for row in rows:
        if row[0] is None or row[0] not in first:
            kept.append(row[1])
            if row[0] is not None:
                first[row[0]] = row
        elif row == first[row[0]]:
            same += 1
        else:
            conflict += 1
    if conflict:
        with pytest.warns(LoadWarning):
            log = read(path, event_id="id")
    else:
        log = read(path, event_id="id")
    assert_conserved(log)
    assert names(log) == kept
    assert (log.card.deduplicated, log.card.rejected) == (same, conflict)


# ---------------------------------------------------------------- other shapes


ORDERS = pd.DataFrame(
    {
        "order": ["o1", "o2", "o3", "o4"],
        "ordered_at": ["2024-01-01 10:00", "2024-01-02", "soon", None],
        "paid_at": ["2024-01-01 10:00", "", "2024-01-03", ""],
        "shipped_at": ["2024-01-05", None, "2024-01-06", None],
        "total": ["10", "20", "30", "40"],
    }
)
STAMPS = {"ordered": "ordered_at", "paid": "paid_at", "shipped": "shipped_at"}


@pytest.mark.parametrize("as_csv", [False, True])
def test_wide_tables_give_one_event_for_each_time(as_csv):
    given = io.BytesIO(ORDERS.to_csv(index=False).encode()) if as_csv else ORDERS
    with pytest.warns(LoadWarning, match="2 of 8"):
        log = jl.read(given, actor="order", stamps=STAMPS, value="total", tz="UTC")
    assert_conserved(log)
    found = log.to_pandas()
    assert list(zip(found["actor"], found["event"], strict=True)) == [
        ("o1", "ordered"), ("o1", "paid"), ("o1", "shipped"), ("o2", "ordered"), ("o3", "paid"), ("o3", "shipped"),
    ]  # fmt: skip
    assert [(r["row"], r["column"], r["reason"]) for r in log.rejects.to_pylist()] == [
        (3, "ordered_at", "TS_UNPARSEABLE"),
        (4, "ordered_at", "TS_NULL"),
    ]
    assert all(json.loads(r["raw"])["order"] in ("o3", "o4") for r in log.rejects.to_pylist())
    assert log.card.rows_in == 8
    assert any("4 rows of the input" in note for note in log.card.notes)
    assert list(log.columns) == ["event", "value"]


def test_the_id_of_a_wide_row_is_that_of_each_of_its_events():
    twice = pd.concat([ORDERS[:2], ORDERS[:1].assign(shipped_at="2024-01-07")])
    with pytest.warns(LoadWarning, match="DUP_ID_CONFLICT 1"):
        log = jl.read(twice, actor="order", stamps=STAMPS, tz="UTC", event_id="order")
    assert_conserved(log)
    assert (log.n_events, log.card.deduplicated) == (4, 2)


def test_wide_tables_of_datetimes_of_different_units():
    data = pa.table(
        {
            "order": ["o1", "o2"],
            "a": pa.array([10**9, None], pa.timestamp("s")),
            "b": pa.array([10**18 + 60 * 10**9, 10**18], pa.timestamp("ns")),
            "c": pa.nulls(2),
        }
    )
    log = jl.read(data, actor="order", stamps={"x": "a", "y": "b", "z": "c"}, tz="UTC")
    assert log.chunk.time.tolist() == [10**15, 10**15 + 60_000_000, 10**15]


def test_shapes_and_roles_must_agree():
    for wrong in (
        {"stamps": STAMPS, "event": "x"},
        {"stamps": {}},
        {"stamps": STAMPS, "history": jl.History("a", "b", "c")},
    ):
        with pytest.raises(ConfigError, match="Fix"):
            jl.read(ORDERS, actor="order", tz="UTC", **wrong)
    with pytest.raises(MissingColumnError, match=r"'payed_at' for stamps\['paid'\]=.*did you mean 'paid_at'"):
        jl.read(ORDERS, actor="order", stamps={"paid": "payed_at"}, tz="UTC")


CHANGES = pd.DataFrame(
    {
        "deal": ["d1", "d1", "d1", "d2", "d2"],
        "owner": ["ann", "ann", "bob", "ann", "ann"],
        "field": ["StageName", "Amount", "StageName", "StageName", "StageName"],
        "old": ["New", "10", "Offer", "New", "Offer"],
        "new": ["Offer", "20", "Won", "Offer", None],
        "at": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-01", "2024-01-04"],
    }
)


def test_history_tables_give_one_event_for_each_change():
    history = jl.History(object="deal", field="field", old="old", new="new", time="at", only="StageName")
    with pytest.warns(LoadWarning, match="EVENT_NULL 1"):
        log = jl.read(CHANGES, history=history, tz="UTC", columns=[])
    assert_conserved(log)
    found = log.to_pandas()
    assert list(zip(found["actor"], found["event"], found["old"], strict=True)) == [
        ("d1", "Offer", "New"), ("d1", "Won", "Offer"), ("d2", "Offer", "New"),
    ]  # fmt: skip
    assert (log.card.rows_in, log.rejects.to_pylist()[0]["row"]) == (4, 5)
    assert any("5 rows of the input" in note for note in log.card.notes)


def test_history_of_several_fields_and_of_another_actor():
    history = jl.History(object="deal", field="field", new="new", time="at", only=["StageName", "Amount"])
    with pytest.warns(LoadWarning):
        log = jl.read(CHANGES, actor="owner", history=history, tz="UTC")
    assert "Amount: 20" in log.events
    assert set(log.chunk.category("deal").names) == {"d1", "d2"}
    with pytest.raises(ConfigError, match="pass field="):
        jl.History(object="deal", new="new", time="at", only="StageName")


def test_constants_stand_for_columns():
    log = read(
        frame(ts=["2024-01-01"]),
        event=jl.constant("survey"),
        source=jl.constant("qualtrics"),
        channel=jl.constant("mail"),
    )
    row = log.to_pandas().iloc[0]
    assert (row["event"], row["source"], row["channel"]) == ("survey", "qualtrics", "mail")
    assert row["event_2"] == "a"
    with pytest.raises(ConfigError, match="no text"):
        jl.constant("")
    with pytest.raises(ConfigError, match="no column"):
        read(frame(ts=["2024-01-01"]), actor=jl.constant("me"))


# ---------------------------------------------------------------- window, gate, rejects


def test_a_declared_window_sets_events_outside_apart():
    log = quarantined(
        frame(ts=["2023-12-31", "2024-01-01", "2024-01-31", "2024-02-01"]),
        window=("2024-01-01", "2024-01-31"),
    )
    assert dict(log.card.reasons) == {"OUT_OF_WINDOW": 2}
    assert log.window.declared
    assert str(log.window) == "2024-01-01 00:00:00 to 2024-01-31 23:59:59.999999 UTC"
    for wrong in ("2024-01-01", ("2024-01-01",), ("soon", "later"), ("2024-02-01", "2024-01-01")):
        with pytest.raises(ConfigError, match="Fix"):
            read(frame(ts=["2024-01-01"]), window=wrong)


def test_the_gate():
    data = frame(user=["u"] * 99 + [None], ts=["2024-01-01"] * 100)
    with pytest.warns(
        LoadWarning, match="1 of 100 rows were rejected: ACTOR_NULL 1: no actor id, first in row 100 of"
    ):
        read(data, max_rejected=0.01)
    with pytest.raises(DataQualityError, match="first in row 100 of <DataFrame>"):
        read(data, max_rejected=0.005)
    with pytest.raises(DataQualityError, match="first in row 100 of <DataFrame>"):
        read(data, on_error="raise")
    for wrong in (
        {"max_rejected": 2},
        {"on_error": "ignore"},
        {"schema_drift": "?"},
        {"columns": "some"},
        {"format": "xls"},
    ):
        with pytest.raises(ConfigError, match="Fix"):
            read(io.BytesIO(b"user,event,ts\n"), **wrong)


def test_a_read_that_fails_leaves_no_thread_behind(monkeypatch):
    ended = threading.Event()

    def slow():
        time.sleep(0.3)
        ended.set()

    monkeypatch.setattr("journeylog.ingest.door.load_kernels", slow)
    with pytest.raises(MissingColumnError):
        jl.read(pa.table({"a": ["u1"], "e": ["home"]}), actor="a", event="e", time="t")
    assert ended.is_set()


def test_stamps_where_a_unit_says_numbers_are_told_with_the_way_out():
    table = b"id,customer_id,status,captured,amount,currency,created\nc1,u,succeeded,true,500,eur,2024-01-01 10:00:00.5\n"
    kind = jl.formats()["stripe_charges"]
    with pytest.warns(
        LoadWarning,
        match=r"no seconds but stamps; pass jl\.formats\(\)\['stripe_charges'\]\.but\(time_unit=None\)",
    ):
        assert jl.read(io.BytesIO(table), format=kind, container="csv").n_events == 0
    assert (
        jl.read(io.BytesIO(table), format=kind.but(time_unit=None, tz="UTC"), container="csv").n_events == 1
    )
    with pytest.warns(LoadWarning, match="no milliseconds but stamps; leave out time_unit="):
        read(frame(ts=["2024-01-01T10:00Z"]), time_unit="ms")


@pytest.mark.parametrize("name", ["rejects.parquet", "rejects.jsonl"])
def test_rejects_are_saved_and_read_back(name, tmp_path: Path):
    content = (
        b'user,event,ts\n,a,2024-01-01\nu,a\nu,"a\tb""",x\nu,ok,2024-01-01\n' + b"u,\xff\xfe,2024-01-01\n"
    )
    log = quarantined(io.BytesIO(content))
    rejects = jl.Rejects(log.rejects)
    assert len(rejects) == 4
    assert rejects.counts == {"ACTOR_NULL": 1, "ENCODING": 1, "ROW_SHAPE": 1, "TS_UNPARSEABLE": 1}
    path = rejects.save(tmp_path / name)
    assert rejects.save(path) == path  # replaced, not appended
    back = jl.read_rejects(path)
    assert back.data.equals(rejects.data)
    assert back.table["row"].tolist() == rejects.table["row"].tolist()
    assert [p.name for p in tmp_path.iterdir()] == [name]
    empty = jl.Rejects(rejects.data.slice(0, 0))
    assert len(jl.read_rejects(empty.save(tmp_path / f"none-{name}"))) == 0


def test_rejects_are_not_saved_half(tmp_path: Path):
    rejects = jl.Rejects(quarantined(frame(user=[None, "u"])).rejects)
    with pytest.raises(ConfigError, match=r"parquet or .jsonl"):
        rejects.save(tmp_path / "x.xlsx")
    with pytest.raises(OutputError, match="could not be written"):
        rejects.save(tmp_path / "nowhere" / "x.parquet")
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(ParseError, match="holds no rejects"):
        jl.read_rejects(tmp_path / "x.parquet")


def test_every_reason_says_what_to_do():
    from journeylog.ingest.rejects import WORDS

    assert set(WORDS) == set(Reason)


def test_a_saved_log_keeps_its_rejects(tmp_path: Path):
    log = quarantined(frame(user=[None, "u"]))
    back = jl.load(log.save(tmp_path / "log.arrow"))
    assert back.rejects.equals(log.rejects)
    assert back.card == log.card


ANY = st.sampled_from(
    ["u1", "u2", "", "null", None, "2024-01-01", "2024-01-01T10:00:00Z", "x", "1e3", "\0", 'q"']
)


@given(rows=st.lists(st.tuples(ANY, ANY, ANY, ANY, ANY), max_size=10), block=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_no_row_is_lost_and_csv_parquet_and_frames_agree(rows, block, tmp_path_factory):
    import warnings

    folder = tmp_path_factory.mktemp("any")
    columns = ["user", "event", "ts", "v", "id"]
    data = pa.table({c: pa.array([r[i] for r in rows], pa.string()) for i, c in enumerate(columns)})
    pq.write_table(data, folder / "x.parquet", row_group_size=block)
    lines = [
        "\t".join(columns),
        *("\t".join('"' + (v or "").replace('"', '""') + '"' for v in row) for row in rows),
    ]
    (folder / "x.tsv").write_text("\n".join(lines), encoding="utf-8")
    content = "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)
    jsonl = folder / "x.jsonl"
    jsonl.write_text(content, encoding="utf-8")
    logs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        for given_data in (data, data.to_pandas(), folder / "x.parquet", folder / "x.tsv", jsonl):
            if given_data is jsonl and not rows:
                continue
            logs.append(read(given_data, value="v", event_id="id", time_range=(None, "2030-01-01")))
    for log in logs:
        assert_conserved(log)
        assert log.card.to_dict() == logs[0].card.to_dict()
        assert log.to_arrow().equals(logs[0].to_arrow())
        assert [(r["row"], r["column"], r["reason"]) for r in log.rejects.to_pylist()] == [
            (r["row"], r["column"], r["reason"]) for r in logs[0].rejects.to_pylist()
        ]


def test_a_table_without_rows_of_any_engine():
    for data in (frame(ts=["2024-01-01"]).iloc[:0], pa.Table.from_pandas(frame(ts=["2024-01-01"]).iloc[:0])):
        log = read(data, value="event", columns=[])
        assert (log.n_events, list(log.columns)) == (0, ["event", "value"])
    with pytest.raises(SchemaError, match="empty"):
        read(io.BytesIO(b""))


@pytest.mark.parametrize(
    ("written", "hint", "marks"),
    [
        (["697,90", "8,00", "12,5"], "pass decimal=','", {"decimal": ","}),
        (["1.234,56", "8,00"], "pass decimal=',', thousands='.'", {"decimal": ",", "thousands": "."}),
        (["1 234,56", "8,00"], "pass decimal=',', thousands=' '", {"decimal": ",", "thousands": " "}),
        (["1,234.56", "2,000.00"], "pass thousands=','", {"thousands": ","}),
        (["1,234"], "pass decimal=',' or thousands=',', which only you can know", None),
        (
            ["Instagram", "Google"],
            "value= names a column of words such as 'Instagram'; name one of amounts",
            None,
        ),
        (["12 pieces", "x1"], None, None),
    ],
    ids=str,
)
def test_amounts_that_cannot_be_read_come_with_what_reads_them(
    written: list[str], hint: str | None, marks: dict[str, str] | None
) -> None:
    frame = pd.DataFrame({"a": "u", "e": "x", "t": "2025-01-01T00:00:00Z", "v": written})
    with pytest.warns(LoadWarning, match="VALUE_UNPARSEABLE") as told:
        jl.read(frame, actor="a", event="e", time="t", value="v")
    said = str(told[0].message)
    assert said.rpartition(" Fix: ")[2] == hint if hint else " Fix: " not in said
    if marks is not None:
        assert jl.read(frame, actor="a", event="e", time="t", value="v", **marks).card.rejected == 0


@pytest.mark.parametrize(
    "marks", [{"decimal": "x"}, {"decimal": ""}, {"thousands": "."}, {"thousands": "ab"}], ids=str
)
def test_marks_that_no_amount_has_are_refused(marks: dict[str, str]) -> None:
    frame = pd.DataFrame({"a": ["u"], "e": ["x"], "t": ["2025-01-01T00:00:00Z"], "v": ["1"]})
    with pytest.raises(ConfigError, match=f"{next(iter(marks))}=.* Fix: "):
        jl.read(frame, actor="a", event="e", time="t", value="v", **marks)
