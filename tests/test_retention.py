"""Retention: who comes back, of those who could be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.counts import Counts
from journeylog.core.engine import gather
from journeylog.core.intervals import wilson
from journeylog.core.schema import DAY, HOUR, SECOND
from journeylog.core.window import Window
from journeylog.errors import ConfigError, UnseenNameWarning
from tests.oracles import retention as oracle
from tests.strategies import Event, make_log, plain, rows

pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.UnseenNameWarning")

STARTS: list[tuple[Any, Any]] = [(None, None), ("a", lambda e: e.event == "a")]
BACKS: list[tuple[Any, Any]] = [(None, None), ({"channel": "web"}, lambda e: e.channel == "web")]


@settings(max_examples=80, deadline=None)
@given(
    events=rows(), start=st.sampled_from(STARTS), back=st.sampled_from(BACKS), bounded=st.booleans(),
    seconds=st.sampled_from([1, 20, 300]), periods=st.integers(1, 6), end=st.integers(3600, 5000),
)  # fmt: skip
def test_intervals_from_the_start_are_those_of_the_definition(
    events: list[Event], start: Any, back: Any, bounded: bool, seconds: int, periods: int, end: int
) -> None:
    log = make_log(events, Window(0, end * SECOND))
    found = log.compute(jl.Retention(f"{seconds}s", periods, start[0], back[0], bounded)).table
    numbers = oracle.clock(seconds * SECOND)
    expected = oracle.retention(
        plain(log.chunk), periods, log.window.end, numbers, start[1], back[1], bounded
    )
    assert oracle.rows(found) == expected


@settings(max_examples=60, deadline=None)
@given(
    events=rows(), unit=st.sampled_from(["day", "week", "month"]), bounded=st.booleans(),
    tz=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]), scale=st.integers(1, 40),
)  # fmt: skip
def test_periods_of_the_calendar_are_those_of_the_definition(
    events: list[Event], unit: str, bounded: bool, tz: str, scale: int
) -> None:
    origin = 1_700_000_000 * SECOND  # over the end of summer time, in two zones
    spread = [replace(e, time=origin + e.time * 300 * scale) for e in events]
    log = make_log(spread, Window(origin, origin + 3700 * 300 * scale * SECOND))
    question = jl.Retention(unit, 4, bounded=bounded, tz=tz)
    numbers = oracle.calendar(unit, tz)
    expected = oracle.retention(plain(log.chunk), 4, log.window.end, numbers, bounded=bounded)
    assert oracle.rows(log.compute(question).table) == expected
    if log.n_actors:
        whole = gather(log.chunk, [question], log.window)[0]
        parts = [gather(log.chunk.slice(i, i + 1), [question], log.window)[0] for i in range(log.n_actors)]
        assert Counts.merge(parts[::-1]).to_bytes() == whole.to_bytes()


def visits(seed: int, n: int, chance: float, days: int = 60) -> jl.EventLog:
    """Actors who begin through the window and come back in each week after that with a fixed chance."""
    rng = np.random.default_rng(seed)
    begin = rng.uniform(0, days, n)
    back = rng.random((n, 12)) < chance
    who, week = np.nonzero(back)
    day = np.concatenate((begin, begin[who] + 7 * (week + 1) + rng.uniform(0, 6.9, len(who))))
    actor = np.concatenate((np.arange(n), who))
    kept = day < days
    columns = {
        "event": Category(np.zeros(kept.sum(), np.int32), pa.array(["visit"])),
        "half": Category((actor[kept] % 2).astype(np.int32), pa.array(["l", "r"])),
    }
    chunk, _ = build_chunk(
        pa.array([f"u{i}" for i in actor[kept]]), (day[kept] * DAY).astype(np.int64), columns
    )
    return jl.EventLog.from_chunk(chunk, Window(0, days * DAY - 1))


def test_late_starters_do_not_bend_the_rate_and_intervals_cover_the_truth() -> None:
    hits, naive = [], []
    for seed in range(120):
        table = visits(seed, 300, 0.3).compute(jl.Retention("7d", 5)).table
        hits += ((table["rate_low"] <= 0.3) & (table["rate_high"] >= 0.3)).tolist()
        naive.append(table["n_returned"].iloc[4] / table["n_actors"].iloc[4])
    assert 0.93 <= np.mean(hits) <= 0.97
    assert np.mean(naive) < 0.2  # who began too late to be seen would count as lost


def test_unbounded_falls_and_bounded_is_part_of_it() -> None:
    log = visits(3, 400, 0.3)
    bounded, rolling = (log.compute(jl.Retention("7d", 4, bounded=b)).table for b in (True, False))
    assert (np.diff(rolling["rate"]) <= 0).all() and len(set(rolling["n_eligible"])) == 1
    assert rolling["rate"].iloc[0] == pytest.approx(1 - 0.7**4, abs=0.08)
    last = rolling["n_returned"].iloc[-1], rolling["n_eligible"].iloc[-1]
    assert (bounded["n_returned"].iloc[-1], bounded["n_eligible"].iloc[-1]) == last
    low, high = wilson(*last)
    assert (rolling["rate_low"].iloc[-1], rolling["rate_high"].iloc[-1]) == (low, high)


def test_cohorts_add_up_to_the_table() -> None:
    log = visits(4, 200, 0.4)
    for question in (
        jl.Retention("7d", 3),
        jl.Retention("week", 3, tz="Asia/Tokyo"),
        jl.Retention("month", 1),
    ):
        result = log.compute(question)
        total = result.cohorts.groupby("period")[["n_eligible", "n_returned"]].sum()
        assert total["n_eligible"].tolist() == result.table["n_eligible"].tolist()
        assert total["n_returned"].tolist() == result.table["n_returned"].tolist()
        sizes = result.cohorts.drop_duplicates("cohort")["cohort_size"].sum()
        assert sizes <= 200 and (result.cohorts["n_eligible"] <= result.cohorts["cohort_size"]).all()
    weeks = (
        log.compute(jl.Retention("week", 3, tz="Asia/Tokyo")).cohorts["cohort"].dt.tz_convert("Asia/Tokyo")
    )
    assert set(weeks.dt.day_of_week) == {0} and set(weeks.dt.hour) == {0}


def test_a_period_counts_from_its_first_moment_to_just_before_its_last() -> None:
    times = [0, 2 * HOUR - 1, 2 * HOUR, 4 * HOUR]
    chunk, _ = build_chunk(
        pa.array(["u"] * 4), np.array(times), {"event": Category(np.zeros(4, np.int32), pa.array(["e"]))}
    )
    for end, eligible in ((6 * HOUR - 2, [1, 0]), (6 * HOUR - 1, [1, 1])):
        table = jl.EventLog.from_chunk(chunk, Window(0, end)).compute(jl.Retention("2h", 2)).table
        assert table["n_eligible"].tolist() == eligible and table["n_returned"].tolist() == [1, eligible[1]]


def test_groups_are_compared_period_by_period() -> None:
    log = visits(5, 1000, 0.3)
    even = jl.compare(log, jl.Retention("7d", 5), by="half")
    assert even.table["period"].tolist() == [1, 2, 3, 4, 5] and not len(even.supported)
    own = log.compute(jl.Retention("7d", 5), by="half")
    assert even.table["n_a"].tolist() == own["l"].table["n_eligible"].tolist()
    assert even.table["value_b"].tolist() == own["r"].table["rate"].tolist()
    other = jl.compare(*(visits(s, 800, p).compute(jl.Retention("7d", 5)) for s, p in ((6, 0.25), (7, 0.4))))
    assert len(other.supported) >= 4 and (other.supported["difference"] > 0).all()


def test_what_cannot_be_asked_is_refused_and_unseen_names_are_told() -> None:
    for wrong in (
        {"periods": 0},
        {"periods": 63},
        {"periods": 2.5},
        {"interval": "7"},
        {"tz": "Mars"},
        {"start": []},
    ):
        with pytest.raises(ConfigError):
            jl.Retention(**wrong)  # type: ignore[arg-type]
    with pytest.warns(UnseenNameWarning, match="vist"):
        table = visits(1, 20, 0.3).compute(jl.Retention("7d", 2, start="vist")).table
    assert not table["n_actors"].any() and table["rate"].isna().all()
