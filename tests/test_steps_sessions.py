"""Sessions: the edges of every cut, and the answers of other systems."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

import journeylog as jl
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingColumnError
from tests.step_logs import MINUTE, cases, make_chunk

SECOND = 1_000_000
HALF_HOUR = 30 * MINUTE
GIVEN = {"channel": None, "sid": None, "order": None, "value": None, "rate": None, "at": None, "note": None}


def session_numbers(step: jl.Sessions, times: list[int], end: int | None = None, **columns: Any) -> list[int]:
    """Return for each event of one actor the number of its session, from 1."""
    events = [
        {"actor": "u", "event": "e", "time": t, **GIVEN, **{k: v[i] for k, v in columns.items()}}
        for i, t in enumerate(times)
    ]
    chunk = step.apply(make_chunk(events), Window(0, max(times) if end is None else end))
    return [int(case) + 1 for case in chunk.cases("session").case_of_event(len(times))]


def outcomes(step: jl.Sessions, times: list[int], end: int) -> list[str]:
    events = [{"actor": "u", "event": "e", "time": t, **GIVEN} for t in times]
    return [how for _, _, how in cases(step.apply(make_chunk(events), Window(0, end)), "session")]


@pytest.mark.parametrize(("beyond", "numbers"), [(-1, [1, 1]), (0, [1, 1]), (1, [1, 2])])
def test_a_session_ends_only_after_more_than_the_gap(beyond: int, numbers: list[int]) -> None:
    assert session_numbers(jl.Sessions("30min"), [0, HALF_HOUR + beyond]) == numbers
    assert session_numbers(jl.Sessions("30min"), [-5, -5 + HALF_HOUR + beyond], end=0) == numbers


@pytest.mark.parametrize(("beyond", "numbers"), [(-1, [1, 1, 1]), (0, [1, 1, 1]), (1, [1, 1, 2])])
def test_a_session_is_cut_only_after_more_than_its_length(beyond: int, numbers: list[int]) -> None:
    step = jl.Sessions("30min", max_length="40min")
    assert session_numbers(step, [7, 7 + 20 * MINUTE, 7 + 40 * MINUTE + beyond]) == numbers


@pytest.mark.parametrize(("after", "how"), [(-1, "open"), (0, "open"), (1, "dropped")])
def test_the_last_session_is_open_while_it_may_go_on(after: int, how: str) -> None:
    assert outcomes(jl.Sessions("30min"), [0], HALF_HOUR + after) == [how]
    assert outcomes(jl.Sessions("30min", column="sid"), [0], HALF_HOUR + after) == [how]
    assert outcomes(jl.Sessions("2h", max_length="30min"), [0], HALF_HOUR + after) == [how]
    assert outcomes(jl.Sessions("2d", midnight_tz="UTC"), [0], 24 * 60 * MINUTE - 1 + after) == [how]


def test_a_session_that_another_one_follows_is_over() -> None:
    step = jl.Sessions("30min", max_length="10min")
    assert outcomes(step, [0, 11 * MINUTE], 11 * MINUTE) == ["dropped", "open"]


def test_given_ids_may_come_back_within_the_gap() -> None:
    step = jl.Sessions("30min", column="sid")
    numbers = session_numbers(step, [0, 1, 2, 3], sid=["x", "y", "x", None])
    assert numbers == [1, 2, 1, 3]
    events = [
        {"actor": "u", "event": "e", "time": t, **GIVEN, "sid": s} for t, s in ((0, "x"), (MINUTE, "y"))
    ]
    chunk = step.apply(make_chunk(events), Window(0, HALF_HOUR + 1))
    assert cases(chunk, "session") == [("u", [0], "dropped"), ("u", [1], "open")]


def test_an_id_is_never_shared_across_actors() -> None:
    events = [{"actor": a, "event": "e", "time": 0, **GIVEN, "sid": "same"} for a in ("ada", "bob")]
    chunk = jl.Sessions(column="sid").apply(make_chunk(events), Window(0, 1))
    assert [(actor, where) for actor, where, _ in cases(chunk, "session")] == [("ada", [0]), ("bob", [1])]


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["a", "a"], [1, 1]),
        (["a", "b"], [1, 2]),
        (["a", None, "a"], [1, 1, 1]),
        (["a", None, "b"], [1, 1, 2]),
        ([None, "a", None], [1, 1, 1]),
        (["a", "b", "a"], [1, 2, 3]),
    ],
)
def test_a_change_cuts_and_a_missing_value_does_not(values: list[str | None], numbers: list[int]) -> None:
    assert (
        session_numbers(jl.Sessions(change_of="channel"), list(range(len(values))), channel=values) == numbers
    )


def test_a_new_session_forgets_the_value_of_the_one_before() -> None:
    times, values = [0, HALF_HOUR + 1, HALF_HOUR + 2], ["a", None, "b"]
    assert session_numbers(jl.Sessions(change_of="channel"), times, channel=values) == [1, 2, 2]


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("UTC", "2024-05-01T23:59:59.999999", "2024-05-02T00:00:00"),
        ("Europe/Moscow", "2024-05-01T20:59:59.999999", "2024-05-01T21:00:00"),
        ("+05:30", "2024-05-01T18:29:59.999999", "2024-05-01T18:30:00"),
        (
            "America/Sao_Paulo",
            "2018-11-04T02:59:59.999999",
            "2018-11-04T03:00:00",
        ),  # clocks go 00:00 to 01:00
        ("Europe/Berlin", "2024-10-26T21:59:59.999999", "2024-10-26T22:00:00"),  # a day of 25 hours begins
        ("Europe/Berlin", "2024-10-27T22:59:59.999999", "2024-10-27T23:00:00"),  # and ends
        ("Pacific/Apia", "2011-12-30T09:59:59.999999", "2011-12-30T10:00:00"),  # the 30th is left out
    ],
)
def test_midnight_is_the_first_instant_of_a_day_of_the_zone(zone: str, before: str, after: str) -> None:
    times = [micros(before) - MINUTE, micros(before), micros(after), micros(after) + MINUTE]
    assert session_numbers(jl.Sessions("30min", midnight_tz=zone), times) == [1, 1, 2, 2]


def test_every_local_day_of_a_year_begins_once() -> None:
    start, hours = micros("2024-01-01T00:00:00"), 365 * 24
    times = [start + k * 60 * MINUTE for k in range(hours)]
    numbers = session_numbers(jl.Sessions("2h", midnight_tz="America/New_York"), times)
    local = np.array(times, "datetime64[us]")
    days = [str(d.astype(object).replace(tzinfo=dt.UTC).astimezone(zone()).date()) for d in local]
    assert numbers == [list(dict.fromkeys(days)).index(d) + 1 for d in days]


def zone() -> dt.tzinfo:
    import zoneinfo

    return zoneinfo.ZoneInfo("America/New_York")


def micros(text: str) -> int:
    return int(np.datetime64(text, "us").view(np.int64))


#: Published answers of session functions: switches, seconds since 1970, session of each event.
PUBLISHED = {
    "idle gap": (
        {"gap": "30min"},
        [1704067200, 1704067500, 1704067800, 1704074400, 1704074700],
        [1, 1, 1, 2, 2],
    ),
    "a gap of exactly the threshold does not split": (
        {"gap": "30min"},
        [1704103200, 1704104100, 1704104700, 1704108600, 1704109500, 1704114000],
        [1, 1, 1, 2, 2, 3],
    ),
    "timeout, and no midnight in sight": (
        {"gap": "30min", "midnight_tz": "UTC"},
        [1704114000, 1704114600, 1704117000, 1704118200, 1704119100],
        [1, 1, 2, 2, 2],
    ),
    "23:55 to 00:05 is one session without a midnight cut": (
        {"gap": "30min"},
        [1704153300, 1704153900],
        [1, 1],
    ),
    "and two with one": ({"gap": "30min", "midnight_tz": "UTC"}, [1704153300, 1704153900], [1, 2]),
    "14 minutes keep a session of 15, 16 do not": (
        {"gap": "15min"},
        [1704103200, 1704104040, 1704105000],
        [1, 1, 2],
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_answers(name: str) -> None:
    options, seconds, numbers = PUBLISHED[name]
    assert session_numbers(jl.Sessions(**options), [t * SECOND for t in seconds]) == numbers


def test_a_session_lasts_from_its_first_to_its_last_event() -> None:
    options, seconds, _ = PUBLISHED["timeout, and no midnight in sight"]
    events = [{"actor": "u", "event": "e", "time": t * SECOND, **GIVEN} for t in seconds]
    level = jl.Sessions(**options).apply(make_chunk(events), Window(0, seconds[-1] * SECOND)).cases("session")
    times = np.array(seconds)
    assert (times[level.end - 1] - times[level.begin]).tolist() == [600, 2100]


def test_durations_are_kept_as_written() -> None:
    step = jl.Sessions("1h 30min", max_length=dt.timedelta(hours=4))
    assert (step.gap, step.max_length, step.gap_micros) == ("1h 30min", "4h", 90 * MINUTE)
    assert step.max_length_micros == 240 * MINUTE
    assert jl.Sessions(dt.timedelta(microseconds=1_500)).gap == "1500us"
    assert jl.Sessions(np.timedelta64(90, "s")).gap == "90s"
    assert jl.Sessions("30min", midnight_tz="+0300").midnight_tz == "+03:00"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"gap": 30}, "gap=30 has no unit"),
        ({"gap": "0min"}, "gap='0min' is not a positive duration"),
        ({"gap": "half an hour"}, "is not a duration"),
        ({"max_length": "long"}, "max_length='long'"),
        ({"midnight_tz": "Europe/Moskow"}, "did you mean 'Europe/Moscow'"),
        ({"start": []}, "empty list of conditions"),
        (
            {"column": "sid", "start": "home", "midnight_tz": "UTC"},
            "Fix: leave out column= or midnight_tz, start",
        ),
    ],
)
def test_wrong_choices_are_refused_at_once(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        jl.Sessions(**options)
    assert "Fix: " in str(caught.value)


@pytest.mark.parametrize("option", ["change_of", "column"])
def test_an_unknown_column_is_named(option: str) -> None:
    step = jl.Sessions(**{option: "chanel"})
    with pytest.raises(MissingColumnError, match="did you mean 'channel'"):
        step.apply(make_chunk([]), Window(0, 1))
