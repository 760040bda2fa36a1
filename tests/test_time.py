"""Time: made by one function, never guessed; rows T01 to T17 of the catalogue of bad input."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeylog.core.kernels.numbers import FINE, read_decimal
from journeylog.core.time import moment, read_stamps, settle, time_rule, to_micros
from journeylog.core.time_rule import REASONS, TimeRule
from journeylog.core.zones import utc_of_wall, wall_of_utc, zone_name
from journeylog.errors import ConfigError, SchemaError

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
NEW_YEAR = 1_704_067_200_000_000  # 2024-01-01 UTC
UTC = time_rule(tz="UTC", now=NOW)


def codes(column, rule: TimeRule = UTC) -> list[str]:
    """Return for each row its reason code, '' for a time that could be read."""
    return [REASONS.get(v, "") for v in to_micros(column, rule).verdict.tolist()]


def micros(column, rule: TimeRule = UTC) -> list[int]:
    stamps = to_micros(column, rule)
    assert not stamps.verdict.any(), codes(column, rule)
    return stamps.micros.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01 00:00",
        "2024-01-01 00:00:00",
        "2024-01-01T00:00:00Z",
        "2024-01-01t00:00:00z",
        "2024-01-01 00:00:00.000000000",
        "2024-01-01 00:00:00,0",
        "2024-01-01 00:00:00 UTC",
        "2024-01-01 03:00:00+03",
        "2024-01-01 03:00:00+03:00",
        "2024-01-01 03:30:00 +0330",
        "2023-12-31T19:00-05:00",
        "  2024-01-01 00:00:00\t",
    ],
)
def test_iso_spellings_of_one_instant(text):
    assert micros([text]) == [NEW_YEAR]


def test_T01_missing_stamps():
    assert codes(pa.array([None, "", "  ", "2024-01-01"])) == ["TS_NULL", "TS_NULL", "TS_NULL", ""]
    assert codes(pa.array([None, NEW_YEAR], pa.timestamp("us"))) == ["TS_NULL", ""]
    assert codes(pa.nulls(2)) == ["TS_NULL", "TS_NULL"]
    assert codes(pa.array([float("nan"), 1704067200.0]), time_rule(unit="s", now=NOW)) == ["TS_NULL", ""]


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30", "2023-02-29", "abc", "2024-01-01T24:00:00", "2016-12-31T23:59:60Z", "2024-13-01", "2024-00-10",
        "2024-1-1", "20240101", "2024-01-01 10", "2024-01-01 10:60", "2024-01-01 10:00:00.", "2024-01-01T",
        "2024-01-01 10:00:00+25:00", "2024-01-01 10:00:00 MSK", "2024-01-01 10:00:00Zx", "2024/01/01", "-", "+",
    ],
)  # fmt: skip
def test_T02_unreadable_stamps(text):
    assert codes([text, "2024-01-01"]) == ["TS_UNPARSEABLE", ""]


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_T03_numbers_without_a_unit_are_refused_with_the_unit_proposed(unit, factor):
    values = [1_704_067_200 * factor, 1_704_070_800 * factor]
    for column in (pa.array(values), pa.array([str(v) for v in values])):
        with pytest.raises(ConfigError, match=f"pass time_unit='{unit}'"):
            to_micros(column, UTC)
        assert micros(column, time_rule(unit=unit, now=NOW)) == [NEW_YEAR, NEW_YEAR + 3_600_000_000]


def test_T03_mixed_magnitudes_get_no_proposal():
    with pytest.raises(ConfigError, match="one of 's', 'ms', 'us', 'ns'"):
        to_micros(pa.array([1_704_067_200, 1_704_067_200_000]), UTC)


def test_T04_milliseconds_read_as_seconds():
    column = pa.array([1_704_067_200_000, 1_704_067_201_000])
    rule = time_rule(unit="s", now=NOW)
    assert codes(column, rule) == ["TS_OUT_OF_RANGE"] * 2
    assert to_micros(column, rule).looks_like == "milliseconds"


def test_T05_seconds_and_milliseconds_in_one_column():
    rule = time_rule(unit="s", now=NOW)
    for column in (pa.array([1_704_067_200, 1_704_067_200_000]), pa.array(["1704067200", "1704067200000"])):
        assert codes(column, rule) == ["", "TS_UNIT_SUSPECT"]


def test_T06_float_seconds_are_rounded_to_microseconds():
    rule = time_rule(unit="s", now=NOW)
    assert micros(pa.array([1704067200.123456]), rule) == [NEW_YEAR + 123_456]
    assert micros(pa.array(["1704067200.123456", "1.704067200123456e9"]), rule) == [NEW_YEAR + 123_456] * 2
    assert micros(pa.array([Decimal("1704067200.123456")]), rule) == [NEW_YEAR + 123_456]
    assert micros(pa.array([1541044398796.0]), time_rule(unit="ms", now=NOW)) == [1541044398796000]


def test_numbers_round_half_to_even_in_every_type():
    rule = time_rule(unit="ns", now=NOW)
    values = [NEW_YEAR * 1000 + 500, NEW_YEAR * 1000 + 1500, NEW_YEAR * 1000 + 2501]
    expected = [NEW_YEAR, NEW_YEAR + 2, NEW_YEAR + 3]
    assert micros(pa.array(values), rule) == expected
    assert micros(pa.array([str(v) for v in values]), rule) == expected


@pytest.mark.parametrize(
    "text", ["0001-01-01", "9999-12-31 23:59:59", "-0044-03-15", "12024-01-01", "+12024-01-01"]
)
def test_T07_years_far_away(text):
    assert codes([text, "2024-01-01"]) == ["TS_OUT_OF_RANGE", ""]


def test_T07_far_datetimes_do_not_overflow():
    for unit in ("s", "ms", "us", "ns"):
        for value in (2**63 - 1, -(2**63) + 1):
            assert codes(pa.array([value, None], pa.int64()).cast(pa.timestamp(unit))) == [
                "TS_OUT_OF_RANGE",
                "TS_NULL",
            ]
            rule = time_rule(unit=unit, now=NOW)
            assert codes(pa.array([value]), rule) == ["TS_OUT_OF_RANGE"]
            assert codes(pa.array([str(value), "1e400", "-inf"]), rule) == ["TS_OUT_OF_RANGE"] * 3
    assert codes(pa.array([2**64 - 1], pa.uint64()), time_rule(unit="s", now=NOW)) == ["TS_OUT_OF_RANGE"]
    assert codes(pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)])) == ["TS_OUT_OF_RANGE"] * 2


def test_T08_T09_datetimes_of_every_unit_are_equal():
    base = pa.array([NEW_YEAR // 10**6, NEW_YEAR // 10**6 + 60, None], pa.int64()).cast(pa.timestamp("s"))
    for tz in (None, "Asia/Tokyo"):
        for unit in ("s", "ms", "us", "ns"):
            column = base.cast(pa.timestamp(unit)).cast(pa.timestamp(unit, tz), safe=False)
            stamps = to_micros(column, UTC)
            assert stamps.micros[:2].tolist() == [NEW_YEAR, NEW_YEAR + 60_000_000]
            assert stamps.verdict.tolist()[2] != 0
    assert micros(pa.array([dt.date(2024, 1, 1)])) == [NEW_YEAR]
    assert micros(pa.array([dt.date(2024, 1, 1)]).cast(pa.date64())) == [NEW_YEAR]


def test_nanoseconds_are_cut_like_the_digits_of_text():
    assert micros(pa.array([NEW_YEAR * 1000 + 1999], pa.timestamp("ns"))) == [NEW_YEAR + 1]
    assert micros(["2024-01-01 00:00:00.000001999"]) == [NEW_YEAR + 1]


def test_T10_mixed_offsets_become_utc():
    assert micros(["2024-01-01T03:00:00+03:00", "2024-01-01T00:00:00Z"], time_rule(now=NOW)) == [NEW_YEAR] * 2


def test_T11_naive_among_aware():
    column = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"]
    assert codes(column, time_rule(now=NOW)) == ["", "TS_MIXED_TZ"]
    assert codes(column, UTC) == ["", ""]


def test_T11_is_decided_by_the_whole_column_not_by_a_piece():
    rule = time_rule(now=NOW)
    parts = [read_stamps(pa.array([t]), rule) for t in ("2024-01-01T00:00:00", "2024-01-01T00:00:00Z")]
    settle(parts, rule)
    assert [REASONS.get(p.verdict[0], "") for p in parts] == ["TS_MIXED_TZ", ""]


def test_all_naive_needs_a_zone():
    for column in (["2024-01-01 10:00:00"], pa.array([NEW_YEAR], pa.timestamp("us")), [dt.date(2024, 1, 1)]):
        with pytest.raises(ConfigError, match=r"no time zone: 1 of 1.*pass tz="):
            to_micros(column, time_rule(now=NOW))


@pytest.mark.parametrize(
    ("zone", "text", "first", "last"),
    [
        ("America/New_York", "2024-11-03 01:30:00", "2024-11-03 05:30:00", "2024-11-03 06:30:00"),
        ("Europe/Moscow", "2014-10-26 01:30:00", "2014-10-25 21:30:00", "2014-10-25 22:30:00"),
    ],
)
def test_T12_an_hour_that_happens_twice(zone, text, first, last):
    assert codes([text], time_rule(tz=zone, now=NOW)) == ["TS_AMBIGUOUS"]
    for policy, expected in (("first", first), ("last", last)):
        stamps = to_micros([text, "2024-06-01"], time_rule(tz=zone, ambiguous=policy, now=NOW))
        assert stamps.micros[0] == moment(expected, "x")
        assert stamps.moved == 1


def test_T13_an_hour_that_never_happens():
    text, zone = "2024-03-10 02:30:00", "America/New_York"
    assert codes([text], time_rule(tz=zone, now=NOW)) == ["TS_NONEXISTENT"]
    old, new = (
        to_micros([text], time_rule(tz=zone, ambiguous=p, now=NOW)).micros[0] for p in ("first", "last")
    )
    assert old == moment("2024-03-10 07:30:00", "x")  # by the clock before the change: 03:30 after it
    assert new == moment("2024-03-10 06:30:00", "x")


@pytest.mark.parametrize("policy", ["reject", "first", "last"])
def test_a_day_is_its_first_instant_even_where_midnight_does_not_exist(policy):
    rule = time_rule(tz="America/Sao_Paulo", ambiguous=policy, now=NOW)
    by_format = time_rule(tz="America/Sao_Paulo", format="%m/%d/%Y", now=NOW)
    first = moment("2017-10-15 03:00:00", "x")  # the clocks went from midnight to 01:00
    assert micros(["2017-10-15", "2017-10-16"], rule)[0] == first
    assert micros([dt.date(2017, 10, 15)], rule) == micros(["10/15/2017"], by_format) == [first]
    assert codes(["2017-10-15 00:00:00"], time_rule(tz="America/Sao_Paulo", now=NOW)) == ["TS_NONEXISTENT"]
    havana = time_rule(tz="America/Havana", ambiguous=policy, now=NOW)  # 01:00 back to midnight
    assert micros(["2023-11-05"], havana) == [moment("2023-11-05 04:00:00", "x")]


@pytest.mark.parametrize(
    ("name", "said"),
    [("Europe/Kiyv", "Europe/Kyiv"), ("MSK", "Europe/Moscow"), ("+25:00", r"\+14:00"), ("../etc/passwd", "Fix"), ("", "Fix"),
     ("europe/berln", "Europe/Berlin"), ("Europe", "Fix")],
)  # fmt: skip
def test_T15_unknown_zones(name, said):
    with pytest.raises(ConfigError, match=said):
        time_rule(tz=name)


def test_zones_may_be_objects_and_offsets():
    assert zone_name(zoneinfo.ZoneInfo("Asia/Tokyo")) == "Asia/Tokyo"
    assert zone_name(dt.timezone(dt.timedelta(hours=-3, minutes=-30))) == "-03:30"
    assert zone_name(dt.UTC) == "UTC"
    assert micros(["2024-01-01 03:00:00"], time_rule(tz="UTC+3", now=NOW)) == [NEW_YEAR]


def test_T17_infinity():
    assert codes(["infinity", "-infinity", "+Infinity", "inf", "2024-01-01"]) == ["TS_OUT_OF_RANGE"] * 4 + [
        ""
    ]
    assert (
        codes(pa.array([np.inf, -np.inf, 1704067200.0]), time_rule(unit="s", now=NOW))[:2]
        == ["TS_OUT_OF_RANGE"] * 2
    )


def test_the_plausible_range_is_1990_to_two_days_from_now():
    texts = ["1989-12-31 23:59:59", "1990-01-01", "2026-01-17", "2026-01-17 00:00:00.000001"]
    assert codes(texts) == ["TS_OUT_OF_RANGE", "", "", "TS_FUTURE"]
    wide = time_rule(tz="UTC", time_range=("1900-01-01", dt.date(2100, 1, 1)), now=NOW)
    assert codes(["1950-05-05", "2099-01-01", "2101-01-01"], wide) == ["", "", "TS_FUTURE"]
    with pytest.raises(ConfigError, match="ends before it starts"):
        time_rule(time_range=("2020-01-01", "2019-01-01"))
    with pytest.raises(ConfigError, match="not a time"):
        time_rule(time_range=("soon", None))


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("%d.%m.%Y %H:%M:%S", "05.02.2024 13:04:05"),
        ("%m/%d/%Y %I:%M:%S %p", "2/5/2024 1:04:05 PM"),
        ("%d/%b/%Y:%H:%M:%S %z", "05/Feb/2024:16:04:05 +0300"),
        ("%a, %d %B %Y %T", "Mon, 05 February 2024 13:04:05"),
        ("%Y%m%d%H%M%S", "20240205130405"),
        ("%y-%j %H.%M.%S", "24-036 13.04.05"),
        ("%FT%T", "2024-02-05T13:04:05"),
        ("%D %R:%S%%", "02/05/24 13:04:05%"),
    ],
)
def test_declared_formats(format, text):
    assert micros([text], time_rule(format=format, tz="UTC", now=NOW)) == [moment("2024-02-05 13:04:05", "x")]


def test_T18_a_time_to_come_is_the_future_and_far_away_is_out_of_range():
    texts = ["2026-02-01", "2099-12-31", "2126-01-16", "2200-01-01"]
    assert codes(texts) == ["TS_FUTURE", "TS_FUTURE", "TS_FUTURE", "TS_OUT_OF_RANGE"]
    assert codes(texts, time_rule(tz="Europe/Moscow", now=NOW)) == [
        "TS_FUTURE",
        "TS_FUTURE",
        "TS_FUTURE",
        "TS_OUT_OF_RANGE",
    ]


def test_declared_formats_agree_with_strptime():
    format = "%d.%m.%Y %H:%M:%S.%f"
    for day in range(0, 20_000, 371):
        stamp = dt.datetime(1991, 1, 1) + dt.timedelta(days=day * 0.6, microseconds=day * 7919)
        expected = stamp.replace(tzinfo=dt.UTC)
        assert micros([stamp.strftime(format)], time_rule(format=format, tz="UTC", now=NOW)) == [
            round((expected - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))
        ]


@pytest.mark.parametrize(
    "text",
    [
        "30.02.2024",
        "32.01.2024",
        "01.13.2024",
        "1.2.24",
        "01.02.2024 x",
        "01-02-2024",
        "01.02.",
        "2024-02-01",
    ],
)
def test_declared_formats_do_not_bend(text):
    assert codes([text, "29.02.2024"], time_rule(format="%d.%m.%Y", tz="UTC", now=NOW)) == [
        "TS_UNPARSEABLE",
        "",
    ]


@pytest.mark.parametrize("format", ["%d.%m", "%H:%M", "%Q", "%Y-%m-%d %I:%M", "%"])
def test_formats_that_name_no_date_are_refused(format):
    with pytest.raises(ConfigError, match="time_format="):
        time_rule(format=format)


def test_words_are_checked():
    for wrong in ({"unit": "sec"}, {"ambiguous": "both"}, {"unit": "s", "format": "%Y-%m-%d"}):
        with pytest.raises(ConfigError, match="Fix"):
            time_rule(**wrong)
    with pytest.raises(SchemaError, match="no time"):
        to_micros(pa.array([True]), UTC)


def test_a_dictionary_is_read_like_its_text():
    column = pa.array(["2024-01-01", None, "x", "2024-01-01"]).dictionary_encode()
    assert codes(column) == ["", "TS_NULL", "TS_UNPARSEABLE", ""]
    assert to_micros(column, UTC).micros[3] == NEW_YEAR


def test_the_callers_column_is_not_changed():
    wall = pa.array([NEW_YEAR, moment("2024-11-03 01:30:00", "x"), 0], pa.timestamp("us"))
    before = wall.to_pylist()
    to_micros(wall, time_rule(tz="America/New_York", ambiguous="last", now=NOW))
    assert wall.to_pylist() == before


ZONES = st.sampled_from(
    ["Europe/Moscow", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kolkata"]
)


@given(zone=ZONES, seconds=st.lists(st.integers(631_152_000, 2_240_524_800), min_size=1, max_size=30))
def test_zones_agree_with_zoneinfo_row_by_row(zone, seconds):
    info = zoneinfo.ZoneInfo(zone)
    utc = np.array(seconds, np.int64) * 1_000_000
    wall = wall_of_utc(utc, zone)
    epoch = dt.datetime(1970, 1, 1)
    for u, w in zip(seconds, wall.tolist(), strict=True):
        local = dt.datetime.fromtimestamp(u, info).replace(tzinfo=None)
        assert (local - epoch) // dt.timedelta(microseconds=1) == w
    placed = utc_of_wall(wall, zone)
    assert ((placed.micros == utc) | (placed.later == utc)).all()
    assert not placed.never.any()
    assert ((placed.micros != placed.later) == placed.twice).all()


@given(zone=ZONES, minutes=st.lists(st.integers(10_519_200, 37_342_080), min_size=1, max_size=30))
def test_wall_clock_times_agree_with_zoneinfo_folds(zone, minutes):
    info = zoneinfo.ZoneInfo(zone)
    wall = np.array(minutes, np.int64) * 60_000_000
    placed = utc_of_wall(wall, zone)
    for w, first, last in zip(minutes, placed.micros.tolist(), placed.later.tolist(), strict=True):
        local = dt.datetime(1970, 1, 1) + dt.timedelta(minutes=w)
        for fold, got in ((0, first), (1, last)):
            assert local.replace(tzinfo=info, fold=fold).timestamp() * 1_000_000 == got


@given(
    texts=st.lists(
        st.sampled_from(["2024-01-01", "2024-01-01T10:00:00Z", "x", "", None, "9999-01-01"]), max_size=12
    ),
    cut=st.integers(0, 12),
)
def test_the_answer_does_not_depend_on_the_chunks(texts, cut):
    column = pa.array(texts, pa.string())
    whole = to_micros(column, UTC)
    parts = to_micros(pa.chunked_array([column[:cut], column[cut:]]), UTC)
    assert whole.micros.tolist() == parts.micros.tolist()
    assert whole.verdict.tolist() == parts.verdict.tolist()


@given(
    st.lists(st.decimals(-(10**15), 10**15, places=9), min_size=1, max_size=20),
    st.sampled_from([6, 3, 0, -3]),
)
def test_plain_decimals_are_exact_and_rounded_half_to_even(values, places):
    texts = pa.array([format(v, "f") for v in values])
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[: len(values) + 1]
    out, verdict = np.empty(len(values), np.int64), np.empty(len(values), np.uint8)
    read_decimal(data, offsets, places, out, verdict)
    for value, got, how in zip(values, out.tolist(), verdict.tolist(), strict=True):
        exact = round(value.scaleb(places))
        assert (how == FINE) == (abs(exact) < 2**63)
        if how == FINE:
            assert got == exact
