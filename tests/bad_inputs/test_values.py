"""Money, numbers, objects in cells, and duplicates; rows V01 to V06 and D01 to D04."""

from __future__ import annotations

import datetime as dt
import math
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.core.counts import Coded, Counts, Table
from journeylog.errors import ConfigError, LoadWarning, SchemaError, ValueOverflowError
from tests.bad_inputs.boxes import (
    FILES,
    HEAD,
    ONE_ROW,
    OPTIONS,
    ROLES,
    TYPED,
    boxes,
    command,
    kept,
    put,
    read,
    rejected,
    table,
)


def priced(values: Any, **more: Any) -> pa.Table:
    """Return events with a price."""
    prices = values if isinstance(values, pa.Array) else pa.array(values)
    return table(["u1"] * len(prices), price=prices, **more)


def micros(log: Any) -> list[int | None]:
    """Return the values in millionths."""
    column = log.chunk.columns["value"]
    there = [True] * log.n_events if column.valid is None else column.valid.tolist()
    return [value if ok else None for value, ok in zip(column.values.tolist(), there, strict=True)]


# Amounts


@boxes()
def test_v01_amounts_that_are_none(box: str, tmp_path: Path) -> None:
    words = [
        "1 234,50",
        "$5",
        "1e400",
        "inf",
        "-Infinity",
        "NaN",
        "-5",
        "0",
        "12.50",
        "",
        "1,5",
        "0x10",
        "1_000",
        "٣",
    ]
    with pytest.warns(LoadWarning, match="VALUE_UNPARSEABLE 6"):
        log = read(priced(words), box, tmp_path, value="price")
    reasons = [
        "UNPARSEABLE",
        "UNPARSEABLE",
        "OVERFLOW",
        "INF",
        "INF",
        None,
        None,
        None,
        None,
        None,
        *["UNPARSEABLE"] * 4,
    ]
    assert rejected(log) == [(i + 1, f"VALUE_{reason}") for i, reason in enumerate(reasons) if reason]
    assert micros(log) == [None, -5_000_000, 0, 12_500_000, None]
    assert any("1 values are NaN and count as missing" in note for note in log.card.notes)


@boxes(*TYPED)
def test_v01_floats_that_are_no_amounts(box: str, tmp_path: Path) -> None:
    prices = pa.array([1.5, math.inf, -math.inf, 1e300, math.nan, None, -0.0])
    with pytest.warns(LoadWarning, match="VALUE_INF 2"):
        log = read(priced(prices), box, tmp_path, value="price")
    assert rejected(log) == [(2, "VALUE_INF"), (3, "VALUE_INF"), (4, "VALUE_OVERFLOW")]
    assert micros(log) == [1_500_000, None, None, 0]


@boxes()
def test_v01_a_declared_way_to_write_amounts(box: str, tmp_path: Path) -> None:
    data = priced(["1 234,50", "1\u00a0234,50", "-7,5", "1.5"])
    with pytest.warns(LoadWarning, match="VALUE_UNPARSEABLE 1"):
        log = read(data, box, tmp_path, value="price", decimal=",", thousands=" ")
    assert (micros(log), rejected(log)) == ([1_234_500_000] * 2 + [-7_500_000], [(4, "VALUE_UNPARSEABLE")])


def exact(values: Any, box: str, folder: Path) -> list[Decimal]:
    """Return the values as the log hands them out."""
    frame = read(values, box, folder, value="price").to_pandas()
    assert all(isinstance(value, Decimal) for value in frame["value"])
    return list(frame["value"])


@boxes()
def test_v02_decimals_are_exact(box: str, tmp_path: Path) -> None:
    typed = box in TYPED
    tenth = pa.array([Decimal("0.1")] * 3, pa.decimal128(38, 18)) if typed else ["0.1"] * 3
    assert sum(exact(priced(tenth), box, tmp_path)) == Decimal("0.3")
    words = ["1099511627.776001", "-0.000001", "5", "12.3400", "100"]  # with 2, 4 and 0 decimals
    prices = pa.array([Decimal(w) for w in words], pa.decimal128(38, 6)) if typed else words
    assert exact(priced(prices), box, tmp_path) == [Decimal(w) for w in words]


@boxes("parquet", "arrow", "pyarrow", "pandas", "pandas-arrow", "duckdb")
def test_v02_decimals_beyond_64_bits_are_refused_not_bent(box: str, tmp_path: Path) -> None:
    prices = pa.array([Decimal("9" * 30), Decimal("1")], pa.decimal128(38, 2))
    with pytest.warns(LoadWarning, match="VALUE_OVERFLOW 1"):
        log = read(priced(prices), box, tmp_path, value="price")
    assert (micros(log), rejected(log)) == ([1_000_000], [(1, "VALUE_OVERFLOW")])


@boxes()
def test_v03_mixed_currencies(box: str, tmp_path: Path) -> None:
    log = read(priced([1, 2, 3], money=["EUR", "USD", "EUR"]), box, tmp_path, value="price", currency="money")
    assert log.card.notes == ("value is in 2 currencies, which are never added: ['EUR', 'USD']",)
    told = next(f for f in jl.check(log).findings if f.check == "currencies")
    assert told.severity.value in ("warning", "error")
    for result in log.compute(jl.Describe(), jl.Transitions(), jl.Variants()):
        assert not [
            c for c in result.table.columns if "value" in c or "price" in c
        ]  # no statistic adds money


# Sums


def test_v04_sums_beyond_64_bits_are_an_error(tmp_path: Path) -> None:
    third = Counts(
        {"t": Table({"k": Coded(np.zeros(1, np.int32), pa.array(["x"]))}, {"n": np.array([2**62])})}
    )
    with pytest.raises(ValueOverflowError, match="leaves the range of 64-bit integers"):
        Counts.merge([third, third, third])
    prices = priced([9_000_000_000_000] * 3)  # 9e18 millionths each
    for box in ("csv", "parquet"):
        assert sum(exact(prices, box, tmp_path)) == 27_000_000_000_000


@boxes()
def test_v04_amounts_beyond_64_bits_are_rejected(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="VALUE_OVERFLOW 3"):
        log = read(priced([2**62, 2**62, 2**62, 1]), box, tmp_path, value="price")
    assert (micros(log), len(rejected(log))) == ([1_000_000], 3)


@boxes()
def test_v04_the_largest_amount_is_the_same_everywhere(box: str, tmp_path: Path) -> None:
    whole = [9_223_372_036_854, -9_223_372_036_854, 9_223_372_036_855, -9_223_372_036_855]
    with pytest.warns(LoadWarning, match="VALUE_OVERFLOW 2"):
        log = read(priced(whole), box, tmp_path, value="price")
    assert (micros(log), rejected(log)) == (
        [w * 10**6 for w in whole[:2]],
        [(3, "VALUE_OVERFLOW"), (4, "VALUE_OVERFLOW")],
    )
    with pytest.warns(LoadWarning, match="VALUE_OVERFLOW 2"):
        log = read(priced([float(w) for w in whole]), box, tmp_path, value="price")
    assert micros(log) == [w * 10**6 for w in whole[:2]]


@boxes()
def test_v05_a_small_amount_between_large_ones(box: str, tmp_path: Path) -> None:
    amounts = [9_000_000_000_000, 1, -9_000_000_000_000]
    for order in (amounts, amounts[::-1], [amounts[0], amounts[2], amounts[1]]):
        assert sum(exact(priced(order), box, tmp_path)) == 1
    with pytest.warns(LoadWarning, match="VALUE_OVERFLOW 2"):  # 1e16 is beyond millionths in 64 bits
        assert micros(read(priced([1e16, 1.0, -1e16]), box, tmp_path, value="price")) == [1_000_000]


def test_v05_long_sums_of_durations_do_not_drift() -> None:
    rng = random.Random(4)
    gaps = [rng.choice([1, 999, 86_400_000_003]) for _ in range(3000)]
    stamps = np.cumsum([1_600_000_000_000_000, *gaps])
    log = jl.read(
        table(["u1"] * len(stamps), times=pa.array(stamps)),
        time_unit="us",
        time_range=(None, "2100-01-01"),
        **ROLES,
    )
    graph = log.compute(jl.Transitions()).table
    loop = graph[graph["from"].eq("a") & graph["to"].eq("a")]
    milliseconds = sum((gap + 500) // 1000 for gap in gaps)
    assert Fraction(loop["time_mean_s"].item()) == Fraction(float(Fraction(milliseconds, 1000 * len(gaps))))


# Objects in cells


@boxes()
def test_v06_booleans_are_what_they_were_written_as(box: str, tmp_path: Path) -> None:
    log = read(table(["u1", "u2", "u3"], paid=[True, False, None], said=["да", "true", "0"]), box, tmp_path)
    frame = log.to_pandas()
    assert frame["said"].tolist() == ["да", "true", "0"]
    typed = frame["paid"].astype(object).where(frame["paid"].notna(), None).tolist()
    assert typed in ([True, False, None], ["true", "false", None])  # a text file knows no type
    assert (log.columns["paid"] == "bool") == (typed[0] is True)
    data = table(["u1", "u2", "u3"], said=["да", "true", "0"])
    with pytest.warns(LoadWarning, match="VALUE_UNPARSEABLE 2"):  # a word is a number only if it is one
        log = read(data, box, tmp_path, numbers=["said"])
    assert rejected(log) == [(1, "VALUE_UNPARSEABLE"), (2, "VALUE_UNPARSEABLE")]


@boxes("jsonl", "json", *TYPED)
def test_v06_lists_and_dicts_are_json(box: str, tmp_path: Path) -> None:
    data = table(["u1", "u2"], items=[[1, 2], None], shop=[{"a": "x", "b": 1}, {"a": None, "b": 2}])
    frame = read(data, box, tmp_path).to_pandas().astype(object)
    assert frame["items"].tolist()[0].replace(" ", "") in ("[1,2]", "[1.0,2.0]")
    assert '"a": "x"' in frame["shop"].tolist()[0]
    for role in ("actor", "event", "channel"):
        if box not in ("jsonl", "json"):  # where all is text, so is this
            with pytest.raises(SchemaError, match=rf"{role}='items' is a column of .* no name"):
                jl.read(put(data, box, tmp_path), **{**ROLES, role: "items"})


class Trap:
    """An object that must not be asked for anything."""

    def __reduce__(self) -> Any:
        raise AssertionError("pickled")

    def __str__(self) -> str:
        raise AssertionError("printed")

    __repr__ = __str__


@pytest.mark.parametrize(
    "odd",
    [len, Trap(), object(), {1, 2}, 3 + 4j, go],
    ids=["function", "trap", "object", "set", "complex", "module"],
)
def test_v06_objects_are_refused_with_the_name_of_the_column(odd: Any) -> None:
    frame = table(["u1", "u2"]).to_pandas().astype(object)
    frame["odd"] = pd.Series([odd, "x"], dtype=object)
    with pytest.raises(SchemaError, match="column 'odd' holds objects of type"):
        jl.read(frame, **ROLES)
    assert jl.read(frame, columns=[], **ROLES).n_events == 2


def test_v06_bytes_are_text_or_rejected() -> None:
    frame = table(["u1", "u2"]).to_pandas().astype(object)
    frame["raw"] = pd.Series([b"caf\xc3\xa9", b"\xff"], dtype=object)
    with pytest.warns(LoadWarning, match="ENCODING 1"):
        log = jl.read(frame, **ROLES)
    assert (kept(log), log.to_pandas()["raw"].tolist()) == ([("u1", "a")], ["café"])


# Duplicates


@boxes()
def test_d01_a_table_that_holds_itself_twice(box: str, tmp_path: Path) -> None:
    data = table(["u1", "u1", "u2"], ["a", "b", "a"], id=["1", "2", "3"])
    once = read(data, box, tmp_path, event_id="id")
    twice = read(pa.concat_tables([data, data]), box, tmp_path, event_id="id")
    assert (twice.card.rows_in, twice.card.kept, twice.card.deduplicated) == (6, 3, 3)
    assert twice.to_arrow().equals(once.to_arrow())


@boxes(*FILES)
def test_d01_a_file_loaded_twice(box: str, tmp_path: Path) -> None:
    path = put(table([f"u{i % 3}" for i in range(10)], id=[str(i) for i in range(10)]), box, tmp_path)
    once = jl.read([path], event_id="id", **ROLES)
    twice = jl.read([path, path], event_id="id", **ROLES)
    assert (twice.card.rows_in, twice.card.kept, twice.card.deduplicated) == (20, 10, 10)
    assert twice.to_arrow().equals(once.to_arrow())


@boxes()
def test_d02_one_id_with_two_contents(box: str, tmp_path: Path) -> None:
    data = table(["u1"] * 4, ["a", "b", "a", "c"], "2024-01-01", id=["1", "1", "1", "2"])
    with pytest.warns(LoadWarning, match="DUP_ID_CONFLICT 1"):
        log = read(data, box, tmp_path, event_id="id")
    assert ([event for _, event in kept(log)], log.card.deduplicated) == (["a", "c"], 1)
    assert rejected(log) == [(2, "DUP_ID_CONFLICT")]


@boxes()
def test_d02_the_first_received_is_kept(box: str, tmp_path: Path) -> None:
    data = table(["u1"] * 2, ["late", "early"], "2024-01-01", id=["1", "1"], got=["2024-01-03", "2024-01-02"])
    with pytest.warns(LoadWarning, match="DUP_ID_CONFLICT 1"):
        log = read(data, box, tmp_path, event_id="id", received="got")
    assert (kept(log), rejected(log)) == ([("u1", "early")], [(1, "DUP_ID_CONFLICT")])


@boxes()
def test_d03_without_an_id_nothing_is_a_duplicate(box: str, tmp_path: Path) -> None:
    data = table(["u1", "u1"], "a", "2024-01-01 10:00:00.000001", id=["", ""])
    for how in ({}, {"event_id": "id"}):
        log = read(data, box, tmp_path, **how)
        assert (log.n_events, log.card.ties, log.card.deduplicated, log.card.rejected) == (2, 1, 0, 0)


@boxes(*FILES)
def test_d04_the_same_run_twice(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning):
        path = put(table([*(f"u{i % 3}" for i in range(40)), None], times=None), box, tmp_path)
        logs = [jl.read(path, threads=n, now=dt.datetime(2024, 6, 1, tzinfo=dt.UTC), **ROLES) for n in (1, 3)]
    saved = [log.save(tmp_path / f"{i}.log").read_bytes() for i, log in enumerate(logs)]
    assert saved[0] == saved[1]
    rejects = [
        jl.Rejects(log.rejects).save(tmp_path / f"{i}.parquet").read_bytes() for i, log in enumerate(logs)
    ]
    assert rejects[0] == rejects[1]


def test_d04_the_same_batch_twice(tmp_path: Path) -> None:
    path, out, rejects = tmp_path / "t.csv", tmp_path / "r.html", tmp_path / "rejects.jsonl"
    path.write_text(HEAD + ONE_ROW * 200 + "bad\n")
    pages = []
    for _ in range(2):
        assert command("report", path, *OPTIONS, "--out", out, "--rejects", rejects) == 0
        pages.append((out.read_bytes(), rejects.read_bytes()))
    assert pages[0] == pages[1]
    assert len(rejects.read_text().splitlines()) == 1  # written anew, not added to


def test_words_that_are_no_option_are_told() -> None:
    with pytest.raises(ConfigError, match="on_error="):
        jl.read(table(), on_error="ignore", **ROLES)
