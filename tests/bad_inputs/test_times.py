"""Time: stamps, units, zones, order, sessions and batches; rows T01 to T23."""

from __future__ import annotations

import ast
import datetime as dt
import random
import zoneinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.core import zones
from journeylog.errors import ConfigError, LoadWarning
from tests.bad_inputs.boxes import (
    FILES,
    ROLES,
    TEXTS,
    TYPED,
    actors,
    boxes,
    kept,
    put,
    raw,
    read,
    rejected,
    table,
)

SRC = Path(jl.__file__).parent
SECOND = 1_000_000
NOON = dt.datetime(2024, 1, 1, 12)
NOON_US = 1_704_110_400 * SECOND
NO_ZONE = {"tz": None}


def times(log: Any) -> list[int]:
    """Return the times in the order of the log."""
    return log.chunk.time.tolist()


def one_actor(stamps: Any) -> pa.Table:
    return table(["u1"] * len(stamps), times=stamps if isinstance(stamps, pa.Array) else pa.array(stamps))


# What is no time


@boxes()
def test_t01_missing_times(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="TS_NULL 2"):
        log = read(one_actor([None, "2024-01-01", ""]), box, tmp_path)
    assert (rejected(log), log.n_events) == ([(1, "TS_NULL"), (3, "TS_NULL")], 1)


@boxes(*TYPED)
def test_t01_missing_times_of_a_typed_column(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="TS_NULL 1"):
        log = read(one_actor(pa.array([NOON, None], pa.timestamp("us"))), box, tmp_path)
    assert (rejected(log), times(log)) == ([(2, "TS_NULL")], [NOON_US])
    every = one_actor(pa.nulls(2, pa.timestamp("us")))
    with pytest.warns(LoadWarning, match="TS_NULL 2"):
        assert read(every, box, tmp_path).n_events == 0


NO_TIMES = [
    "2024-02-30",
    "abc",
    "2024-01-01T24:00:00",
    "2024-01-01 23:59:60",
    "2024-13-01",
    "2024-01-01 10:61",
    "1.1.24 10",
]


@boxes()
def test_t02_stamps_that_are_none(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match=f"TS_UNPARSEABLE {len(NO_TIMES)}"):
        log = read(one_actor([*NO_TIMES, "2024-01-01"]), box, tmp_path)
    assert rejected(log) == [(i + 1, "TS_UNPARSEABLE") for i in range(len(NO_TIMES))]
    assert [row["ts"] for row in raw(log)] == NO_TIMES


# Numbers


@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
@boxes()
def test_t03_numbers_without_a_unit(box: str, unit: str, per_second: int, tmp_path: Path) -> None:
    data = one_actor([1_704_110_400 * per_second, 1_704_110_401 * per_second])
    with pytest.raises(ConfigError, match=f"the times are numbers without a unit.* pass time_unit='{unit}'"):
        read(data, box, tmp_path)
    assert times(read(data, box, tmp_path, time_unit=unit)) == [NOON_US, NOON_US + SECOND]


@boxes()
def test_t03_numbers_among_stamps_are_no_stamps(box: str, tmp_path: Path) -> None:
    """Decided by the whole column, not by the part of a file that a number stands in."""
    stamps = ["2024-01-01"] * 3 + ["1704110400"] * 3
    for given in (stamps, stamps[::-1]):
        with pytest.warns(LoadWarning, match="TS_UNPARSEABLE 3"):
            assert len(rejected(read(one_actor(given), box, tmp_path))) == 3
    with pytest.raises(ConfigError, match="pass time_unit='s'"):
        read(one_actor(stamps[3:] * 2), box, tmp_path)


@boxes()
def test_t04_milliseconds_read_as_seconds(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="TS_OUT_OF_RANGE 2"):
        log = read(one_actor([1_704_110_400_000, 1_704_110_401_000]), box, tmp_path, time_unit="s")
    assert rejected(log) == [(1, "TS_OUT_OF_RANGE"), (2, "TS_OUT_OF_RANGE")]
    assert any("look like milliseconds; time_unit='s' was declared" in note for note in log.card.notes)


@boxes()
def test_t05_seconds_and_milliseconds_in_one_column(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="TS_UNIT_SUSPECT 1"):
        log = read(one_actor([1_704_110_400, 1_704_110_401_000]), box, tmp_path, time_unit="s")
    assert (rejected(log), times(log)) == ([(2, "TS_UNIT_SUSPECT")], [NOON_US])


@boxes()
def test_t06_fractions_of_seconds(box: str, tmp_path: Path) -> None:
    text = box in ("csv", "tsv")
    stamps = ["1704110400.123456", "1704110400.1234565", "1704110400.5"]
    data = one_actor(stamps if text else [float(s) for s in stamps])
    log = read(data, box, tmp_path, time_unit="s")
    assert [t - NOON_US for t in times(log)] == [123_456, 123_456, 500_000]
    again = jl.read(log.to_arrow(), actor="actor", event="event", time="time")
    assert times(again) == times(log)


@boxes(without=TEXTS)
def test_t06_decimal_seconds(box: str, tmp_path: Path) -> None:
    data = one_actor(pa.array([Decimal("1704110400.123456")], pa.decimal128(20, 6)))
    assert times(read(data, box, tmp_path, time_unit="s")) == [NOON_US + 123_456]


# Far away


@boxes()
def test_t07_years_far_away(box: str, tmp_path: Path) -> None:
    far = ["0001-01-01", "9999-12-31", "1066-10-14", "-0044-03-15", "12024-01-01"]
    with pytest.warns(LoadWarning, match="TS_OUT_OF_RANGE 5"):
        log = read(one_actor([*far, "2024-01-01"]), box, tmp_path)
    assert rejected(log) == [(i, "TS_OUT_OF_RANGE") for i in range(1, 6)]


@boxes("parquet", "arrow", "pyarrow", "polars", "duckdb", "pandas")
def test_t07_far_datetimes_do_not_overflow(box: str, tmp_path: Path) -> None:
    stamps = pa.array([-(2**62) // SECOND, 2**62 // SECOND, NOON_US // SECOND], pa.int64()).cast(
        pa.timestamp("s")
    )
    if box == "duckdb":
        stamps = stamps.slice(2)  # it refuses the others itself
    data = table(
        ["u1"] * len(stamps), times=stamps.cast(pa.timestamp("ms"), safe=False) if box == "polars" else stamps
    )
    if len(stamps) == 1:
        assert times(read(data, box, tmp_path)) == [NOON_US]
        return
    with pytest.warns(LoadWarning, match="TS_OUT_OF_RANGE 2"):
        assert times(read(data, box, tmp_path)) == [NOON_US]


def test_t07_spans_of_centuries_do_not_overflow(tmp_path: Path) -> None:
    log = read(one_actor(["1700-01-01", "2024-01-01"]), "csv", tmp_path, time_range=("1600-01-01", None))
    table = log.compute(jl.Transitions()).table
    assert table["time_mean_s"].max() == (dt.date(2024, 1, 1) - dt.date(1700, 1, 1)).days * 86_400


# Units of columns


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@boxes(*TYPED)
def test_t08_durations_are_equal_in_every_unit(box: str, unit: str, tmp_path: Path) -> None:
    stamps = pa.array([NOON, NOON + dt.timedelta(minutes=3)], pa.timestamp(unit))
    log = read(one_actor(stamps), box, tmp_path)
    assert times(log) == [NOON_US, NOON_US + 180 * SECOND]
    graph = log.compute(jl.Transitions()).table
    assert graph.loc[graph["to"].eq("a") & graph["from"].eq("a"), "time_mean_s"].tolist() == [180.0]


def test_t08_no_source_makes_integers_of_datetimes() -> None:
    found = []
    for layer in ("core", "ingest", "steps", "stats", "checks", "exports", "reporting"):
        for path in sorted((SRC / layer).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "astype"
                ):
                    words = [
                        a.value if isinstance(a, ast.Constant) else getattr(a, "id", None) for a in node.args
                    ]
                    if {"int64", "int", "i8"} & set(words):  # np.int64 of a NumPy array is another matter
                        found.append(f"{path.name}:{node.lineno}")
                if isinstance(node, ast.Attribute) and node.attr == "asi8":
                    found.append(f"{path.name}:{node.lineno}")
    assert found == []


@boxes("pyarrow", "pandas", "polars", "parquet", "arrow")
def test_t09_units_meet_in_one_log(box: str, tmp_path: Path) -> None:
    logs = [
        read(table(["u1"], event, times=pa.array([stamp], pa.timestamp(unit))), box, tmp_path)
        for event, unit, stamp in (
            ("b", "ns", NOON + dt.timedelta(seconds=1)),
            ("a", "s", NOON),
            ("c", "us", NOON + dt.timedelta(seconds=2)),
        )
    ]
    log = jl.combine(*logs)
    assert [event for _, event in kept(log)] == ["a", "b", "c"]
    assert times(log) == [NOON_US, NOON_US + SECOND, NOON_US + 2 * SECOND]


# Zones


@boxes()
def test_t10_mixed_offsets(box: str, tmp_path: Path) -> None:
    stamps = [
        "2024-01-01T15:00:00+03:00",
        "2024-01-01T12:00:00Z",
        "2024-01-01 04:00:00-08",
        "2024-01-01T12:00:00.000+0000",
    ]
    log = read(one_actor(stamps), box, tmp_path, **NO_ZONE)
    assert times(log) == [NOON_US] * 4


@boxes()
def test_t11_naive_among_aware(box: str, tmp_path: Path) -> None:
    mixed = ["2024-01-01T15:00:00+03:00", "2024-01-01 12:00:00", "2024-01-01T12:00:00Z"]
    with pytest.warns(LoadWarning, match="TS_MIXED_TZ 1"):
        log = read(one_actor(mixed), box, tmp_path, **NO_ZONE)
    assert (rejected(log), times(log)) == ([(2, "TS_MIXED_TZ")], [NOON_US] * 2)
    assert times(read(one_actor(mixed), box, tmp_path, tz="UTC")) == [NOON_US] * 3
    with pytest.raises(ConfigError, match=r"the stamps have no time zone.* pass tz="):
        read(one_actor(mixed[1:2]), box, tmp_path, **NO_ZONE)


FOLDS = [("America/New_York", "2024-11-03 01:30:00", 5, 6), ("Europe/Moscow", "2014-10-26 01:30:00", 21, 22)]


@pytest.mark.parametrize(("zone", "text", "first", "last"), FOLDS)
@pytest.mark.parametrize("typed", [False, True])
@boxes()
def test_t12_an_hour_that_comes_twice(
    box: str, zone: str, text: str, first: int, last: int, typed: bool, tmp_path: Path
) -> None:
    stamps = [text, "2024-06-01 00:00:00"]
    if typed:
        stamps = pa.array([dt.datetime.fromisoformat(s) for s in stamps], pa.timestamp("us"))
    with pytest.warns(LoadWarning, match="TS_AMBIGUOUS 1"):
        assert rejected(read(one_actor(stamps), box, tmp_path, tz=zone)) == [(1, "TS_AMBIGUOUS")]
    for policy, hour in (("first", first), ("last", last)):
        log = read(one_actor(stamps), box, tmp_path, tz=zone, ambiguous=policy)
        moments = log.to_pandas()["time"].dt
        assert moments.hour[moments.minute == 30].tolist() == [hour]
        assert any(
            f"1 times fell on a change of the clocks and were set by ambiguous='{policy}'" in n
            for n in log.card.notes
        )


@boxes()
def test_t13_an_hour_that_never_comes(box: str, tmp_path: Path) -> None:
    data = one_actor(["2024-03-10 02:30:00", "2024-06-01 00:00:00"])
    with pytest.warns(LoadWarning, match="TS_NONEXISTENT 1"):
        assert rejected(read(data, box, tmp_path, tz="America/New_York")) == [(1, "TS_NONEXISTENT")]
    log = read(data, box, tmp_path, tz="America/New_York", ambiguous="last")
    assert log.n_events == 2
    assert any("1 times fell on a change of the clocks" in note for note in log.card.notes)


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-07-01", 24)])
def test_t14_days_across_a_change_of_the_clocks(day: str, hours: int, tmp_path: Path) -> None:
    """A day is a calendar day in the zone: an event every hour, a cut at midnight, and the sum is the whole."""
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    start = dt.datetime.combine(
        dt.date.fromisoformat(day) - dt.timedelta(days=1), dt.time(), zone
    ).astimezone(dt.UTC)
    stamps = [start + dt.timedelta(hours=h) for h in range(24 + hours + 24)]
    log = read(one_actor(pa.array(stamps, pa.timestamp("us", "UTC"))), "pyarrow", tmp_path)
    cut = log.then(jl.Sessions(gap="2h", midnight_tz="Europe/Berlin"))
    sessions = cut.to_pandas().groupby("session").size().tolist()
    assert sessions == [24, hours, 24]
    assert sum(sessions) == log.n_events


def test_t14_a_window_of_days_in_the_zone_of_the_data(tmp_path: Path) -> None:
    stamps = ["2024-03-30 23:59:59", "2024-03-31 00:00:00", "2024-03-31 23:59:59", "2024-04-01 00:00:00"]
    with pytest.warns(LoadWarning, match="OUT_OF_WINDOW 2"):
        log = read(
            one_actor(stamps), "csv", tmp_path, tz="Europe/Berlin", window=("2024-03-31", "2024-03-31")
        )
    assert rejected(log) == [(1, "OUT_OF_WINDOW"), (4, "OUT_OF_WINDOW")]
    assert (log.window.end + 1 - log.window.start) // SECOND == 23 * 3600


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Kiyv", "did you mean 'Europe/Kyiv'?"),
        ("MSK", "did you mean 'Europe/Moscow'?"),
        ("+25:00", "offsets from UTC reach from -12:00 to +14:00"),
        ("../etc/passwd", "unknown time zone"),
        ("", "unknown time zone"),
    ],
)
def test_t15_unknown_zone(zone: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        read(table(), "csv", tmp_path, tz=zone)
    assert said in str(told.value) and "Fix: " in str(told.value)
    with pytest.raises(ConfigError):
        jl.Sessions(midnight_tz=zone)


def test_t15_without_a_database_of_zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> Any:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zones.zoneinfo, "ZoneInfo", gone)
    monkeypatch.setattr(zones.zoneinfo, "available_timezones", set)
    with pytest.raises(ConfigError, match=r"the time zone database is missing\. Fix: pip install tzdata"):
        read(table(), "csv", tmp_path, tz="Europe/Berlin")


def test_t16_zoned_times_of_duckdb_after_2038() -> None:
    with duckdb.connect() as db:
        db.execute("set timezone = 'America/New_York'")
        found = db.sql("select 'u1' as user_id, 'a' as event, timestamptz '2040-07-01 12:00:00+00' as ts")
        log = jl.read(found, time_range=(None, "2050-01-01"), **ROLES)
    assert str(log.to_pandas()["time"][0]) == "2040-07-01 12:00:00+00:00"


@boxes()
def test_t17_infinity_as_text(box: str, tmp_path: Path) -> None:
    with pytest.warns(LoadWarning, match="TS_OUT_OF_RANGE 3"):
        log = read(
            one_actor(["infinity", "-infinity", "9999-12-31 23:59:59.999999", "2024-01-01"]), box, tmp_path
        )
    assert rejected(log) == [(i, "TS_OUT_OF_RANGE") for i in (1, 2, 3)]


def test_t17_infinity_of_a_database() -> None:
    with duckdb.connect() as db:
        found = db.sql(
            "select 'u1' as user_id, 'a' as event, unnest(['infinity', '-infinity', '2024-01-01'])::timestamp as ts"
        )
        with pytest.warns(LoadWarning, match="TS_OUT_OF_RANGE 2"):
            log = jl.read(found, **ROLES)
    assert rejected(log) == [(1, "TS_OUT_OF_RANGE"), (2, "TS_OUT_OF_RANGE")]


@boxes()
def test_t18_times_to_come(box: str, tmp_path: Path) -> None:
    now = dt.datetime(2024, 1, 10, tzinfo=dt.UTC)
    stamps = [
        "2024-01-11 23:59:59",
        "2024-01-12 00:00:00",
        "2024-01-12 00:00:00.000001",
        "2030-01-01",
        "2324-01-01",
    ]
    with pytest.warns(LoadWarning, match="TS_FUTURE 2"):
        log = read(one_actor(stamps), box, tmp_path, now=now)
    assert rejected(log) == [(3, "TS_FUTURE"), (4, "TS_FUTURE"), (5, "TS_OUT_OF_RANGE")]
    with pytest.warns(LoadWarning, match="TS_FUTURE 4"):  # a tolerance of one's own
        assert read(one_actor(stamps), box, tmp_path, time_range=(None, "2024-01-10 23:00:00")).n_events == 0


# Order and sessions


TIED = [("u1", event, "2024-01-01", str(k)) for k, event in enumerate(["b", "a", "c", "a", "b"])]


def of_rows(rows: list[tuple[str, ...]]) -> pa.Table:
    users, events, stamps, order = (list(column) for column in zip(*rows, strict=True))
    return table(users, events, stamps, k=order)


@boxes()
def test_t19_ties_follow_one_rule(box: str, tmp_path: Path) -> None:
    log = read(of_rows(TIED), box, tmp_path)
    if box == "duckdb":  # a relation of a database has no order of its own
        assert [event for _, event in kept(log)] == ["a", "a", "b", "b", "c"]
        assert (log.card.ties, log.card.order) == (4, "event name, then content of the row")
    else:
        assert [event for _, event in kept(log)] == ["b", "a", "c", "a", "b"]
        assert (log.card.ties, log.card.order) == (4, "position in the input")
    for seed in range(4):
        shuffled = random.Random(seed).sample(TIED, len(TIED))
        declared = read(of_rows(shuffled), box, tmp_path, order_by="k")
        assert [event for _, event in kept(declared)] == ["b", "a", "c", "a", "b"]


@boxes(*FILES)
def test_t19_the_same_log_for_any_order_and_partition_of_files(box: str, tmp_path: Path) -> None:
    rows = [("u1", e, t, k) for t in ("2024-01-01", "2024-01-02") for e in "ab" for k in "123"] * 2
    found = []
    for seed in range(4):
        shuffled = random.Random(seed)
        mixed = shuffled.sample(rows, len(rows))
        cuts = sorted(shuffled.sample(range(1, len(rows)), seed + 1))
        folder = tmp_path / str(seed)
        folder.mkdir()
        for i, (a, b) in enumerate(zip([0, *cuts], [*cuts, None], strict=True)):
            put(of_rows(mixed[a:b]), box, tmp_path).rename(folder / f"{i}.{box}")
        found.append(jl.read(folder, **ROLES))
    assert all(log.to_arrow().equals(found[0].to_arrow()) for log in found)
    graphs = [log.compute(jl.Transitions()).table for log in found]
    assert all(graph.equals(graphs[0]) for graph in graphs)
    assert found[0].card.ties == 22


@boxes()
def test_t20_ends_before_their_begin(box: str, tmp_path: Path) -> None:
    ends = ["2024-01-01 00:00:05", "2023-12-31 23:59:59", "2024-01-01 02:00:00", ""]
    with pytest.warns(LoadWarning, match="DURATION_NEGATIVE 1"):
        log = read(table(["u1"] * 4, "a", done=ends), box, tmp_path, end="done")
    assert rejected(log) == [(2, "DURATION_NEGATIVE")]
    frame = log.to_pandas()
    spent = (frame["end"] - frame["time"]).dt.total_seconds()
    assert spent.dropna().tolist() == [5.0, 0.0]  # excluded, and never made positive


@boxes()
def test_t20_completions_before_their_start(box: str, tmp_path: Path) -> None:
    stamps = ["2024-01-01 10:00", "2024-01-01 11:00", "2024-01-01 12:00"]
    data = table(["u1"] * 3, "a", stamps, what=["complete", "start", "complete"])
    log = read(data, box, tmp_path, end=jl.Lifecycle("what"))
    frame = log.to_pandas()
    spent = (frame["end"] - frame["time"]).dt.total_seconds().dropna()
    assert (spent >= 0).all()
    assert 3600.0 in spent.tolist()


@pytest.mark.parametrize(("beyond", "sessions"), [(-1, 1), (0, 1), (1, 2)])
@boxes()
def test_t21_a_gap_of_exactly_the_timeout(box: str, beyond: int, sessions: int, tmp_path: Path) -> None:
    data = one_actor([NOON_US, NOON_US + 1800 * SECOND + beyond])
    log = read(data, box, tmp_path, time_unit="us").then(jl.Sessions(gap="30min"))
    assert len(log.chunk.levels["session"]) == sessions


@boxes()
def test_t21_one_instant_and_one_event_an_actor(box: str, tmp_path: Path) -> None:
    log = read(table(["u1"] * 5 + ["u2", "u3"], times="2024-01-01"), box, tmp_path).then(
        jl.Sessions(gap="30min")
    )
    assert len(log.chunk.levels["session"]) == 3
    assert (log.card.ties, log.window.start) == (4, log.window.end)
    graph = log.compute(jl.Transitions()).table
    loops = graph[graph["from"].eq("a") & graph["to"].eq("a")]
    assert (loops["n"].tolist(), loops["n_tied"].tolist(), loops["time_mean_s"].tolist()) == ([4], [4], [0.0])


def days(n_actors: int = 20, seed: int = 3) -> pd.DataFrame:
    """Return events of two days, many of them around the midnight between."""
    rng = np.random.default_rng(seed)
    minutes = np.sort(rng.integers(20 * 60, 28 * 60, 600))
    stamps = pd.Timestamp("2024-01-01") + pd.to_timedelta(minutes, unit="min")
    frame = pd.DataFrame({"user_id": rng.integers(0, n_actors, 600).astype(str), "event": "a", "ts": stamps})
    frame["user_id"] = "u" + frame["user_id"]
    return frame.drop_duplicates()


@boxes(*FILES)
def test_t22_late_rows_count_from_the_next_run_on(box: str, tmp_path: Path) -> None:
    """A run reads all it is given: with the late rows in a further file it is the run that had them in time."""
    frame = days()
    late = frame["ts"].dt.day.eq(1) & (np.arange(len(frame)) % 7 == 0)
    second = frame["ts"].dt.day.eq(2)
    parts = {"1": frame[~late & ~second], "2": frame[second], "3-late": frame[late], "all": frame}
    for name, part in parts.items():
        put(pa.Table.from_pandas(part, preserve_index=False), box, tmp_path).rename(
            tmp_path / f"{name}.{box}"
        )
    asked = (jl.Transitions(case="session"), jl.Describe())
    cut = jl.Sessions(gap="30min")
    batch = jl.read([tmp_path / f"{n}.{box}" for n in ("1", "2", "3-late")], **ROLES).then(cut)
    whole = jl.read([tmp_path / f"all.{box}"], **ROLES).then(cut)
    for here, there in zip(batch.compute(*asked), whole.compute(*asked), strict=True):
        pd.testing.assert_frame_equal(here.table, there.table)


@boxes(*FILES)
def test_t23_sessions_across_midnight_and_files(box: str, tmp_path: Path) -> None:
    frame = days(seed=8)
    for name, part in (
        ("1", frame[frame["ts"].dt.day.eq(1)]),
        ("2", frame[frame["ts"].dt.day.eq(2)]),
        ("all", frame),
    ):
        put(pa.Table.from_pandas(part, preserve_index=False), box, tmp_path).rename(
            tmp_path / f"{name}.{box}"
        )
    cut = jl.Sessions(gap="30min")
    two = jl.read([tmp_path / f"1.{box}", tmp_path / f"2.{box}"], **ROLES).then(cut)
    one = jl.read([tmp_path / f"all.{box}"], **ROLES).then(cut)
    assert two.to_arrow().equals(one.to_arrow())
    spans = two.to_pandas().groupby("session")["time"].agg(["min", "max"])
    assert (spans["min"].dt.day < spans["max"].dt.day).any()  # a session runs across midnight
    assert actors(two) == sorted(frame["user_id"].unique())
