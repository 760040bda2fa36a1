"""What customers have cost, and who comes again: by hand, and never more than was watched."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import journeylog as jl
from journeylog.core.intervals import wilson
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, UnseenNameWarning

DAY = pd.Timestamp("2025-01-06", tz="UTC")


def shop(days: dict[str, list[tuple[int, str, str | None]]], until: int = 100) -> EventLog:
    """A log of (day, event, channel) by customer."""
    rows = [
        (who, what, DAY + pd.Timedelta(days=day), where)
        for who, all_of in days.items()
        for day, what, where in all_of
    ]
    frame = pd.DataFrame(rows, columns=["who", "what", "when", "channel"])
    log = jl.read(frame, actor="who", event="what", time="when", channel="channel")
    log = log.between(DAY, DAY + pd.Timedelta(days=until))
    return log.then(jl.Journeys("buy", "30d", goal_ends=False))


DAYS = {
    "a": [(0, "see", "ads"), (1, "buy", "web")],
    "b": [(0, "see", "ads")],
    "c": [(2, "see", None), (3, "see", "web"), (4, "buy", "web"), (24, "buy", "web")],
    "d": [(99, "see", "ads")],
    "e": [(5, "see", "shop"), (6, "buy", "shop")],
}


def test_costs_are_what_was_spent_by_who_came_and_who_reached_the_goal() -> None:
    table = shop(DAYS).compute(jl.Acquisition({"ads": 300, "web": 50, "tv": 70}, currency="EUR")).table
    counted = table[["channel", "spend", "n_actors", "n_reached", "n_open"]].astype(object)
    assert counted.where(counted.notna(), None).to_numpy().tolist() == [
        [None, 420.0, 5, 3, 1],
        ["ads", 300.0, 3, 1, 1],
        ["web", 50.0, 1, 1, 0],
        ["tv", 70.0, 0, 0, 0],
    ]
    assert table["cost_actor"].tolist()[:3] == [84.0, 100.0, 50.0] and math.isnan(table["cost_actor"][3])
    assert table["cost_reached"].tolist()[:3] == [140.0, 300.0, 50.0]
    low, high = wilson(3, 5)
    assert table.loc[0, "cost_reached_low"] == pytest.approx(84 / high)
    assert table.loc[0, "cost_reached_high"] == pytest.approx(84 / low)


def test_money_spent_where_nobody_came_from_is_told() -> None:
    notes = " ".join(shop(DAYS).compute(jl.Acquisition({"ads": 1, "tv": 2})).notes)
    assert "'tv'" in notes and "2 of 5 customers came from where nothing was spent" in notes


def test_one_number_needs_no_channel() -> None:
    log = jl.datasets.tiny().then(jl.Journeys("pay", "1h"))
    table = log.compute(jl.Acquisition(80, by="no such column")).table
    assert table[["n_actors", "cost_actor"]].to_numpy().tolist() == [[4, 20.0]]


@pytest.mark.parametrize("spend", [-1, math.nan, math.inf, "12", None, True, {"ads": -1}])
def test_what_is_no_money_is_told(spend: object) -> None:
    with pytest.raises(ConfigError, match="is no amount"):
        jl.Acquisition(spend)


def test_who_had_no_time_yet_is_not_counted_as_staying_away() -> None:
    again = shop(DAYS).compute(jl.Again("buy", "30d")).table.iloc[0]
    assert (again["n_actors"], again["n"]) == (3, 1) and again["share"] == pytest.approx(1 / 3)
    late = {**DAYS, "f": [(98, "buy", "web")]}
    seen = shop(late).compute(jl.Again("buy", "30d")).table.iloc[0]
    assert seen["n_actors"] == 4 and seen["share"] == pytest.approx(1 / 3), "watched for two days only"
    assert math.isnan(shop(late).compute(jl.Again("buy", "200d")).table.iloc[0]["share"])
    with pytest.raises(ConfigError, match="done again"):
        jl.Again()


def test_the_map_tells_costs_and_who_comes_again() -> None:
    question = jl.JourneyMap(
        "buy", stages={"look": ["see"], "own": ["buy"]}, spend={"ads": 300}, currency="EUR", again="30d"
    )
    filled = question.fill(shop(DAYS))
    cost = filled.cell(None, "loss", "channel_reached", "ads")
    assert cost is not None and (cost.value, cost.n, cost.unit) == (300.0, 1, "EUR")
    again = filled.cell(None, "loss", "again")
    assert again is not None and again.value == pytest.approx(1 / 3) and again.n == 3
    assert filled.masked(5).cell(None, "loss", "channel_reached", "ads").masked
    bare = jl.JourneyMap("buy", stages={"look": ["see"], "own": ["buy"]}).fill(shop(DAYS))
    assert bare.cell(None, "loss", "cost_actor") is None


def test_a_channel_that_nearly_occurs_is_told_and_one_that_brought_nobody_is_not() -> None:
    with pytest.warns(UnseenNameWarning, match="nobody came from 'adds'; did you mean 'ads'"):
        shop(DAYS).compute(jl.Acquisition({"adds": 300, "web": 50}))
    table = shop(DAYS).compute(jl.Acquisition({"ads": 300, "adds": 50, "tv": 1})).table
    assert table["n_actors"].tolist()[2:] == [0, 0]
