"""RFM: equal to a plain loop, the same on any partition, and honest about ties, refunds and the window's end."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.errors import ConfigError, MissingColumnError, UnseenNameWarning
from journeylog.steps.rfm import GROUPS, NO_ORDERS
from tests.step_logs import WINDOW, Row, make_chunk, plain, rows
from tests.test_steps_laws import event, seeded

DAY = 86_400_000_000
#: The table of the docstring, row by row from the highest score of recency down.
NAMED = {
    5: "new, potential loyalists, potential loyalists, champions, champions",
    4: "promising, potential loyalists, potential loyalists, loyal, loyal",
    3: "about to sleep, about to sleep, need attention, loyal, loyal",
    2: "hibernating, hibernating, at risk, at risk, cannot lose",
    1: "lost, lost, at risk, at risk, cannot lose",
}


def oracle(events: list[Row], end: int) -> dict[str, tuple[str, int | None, int, int]]:
    """Return the group, whole days since the last order, orders and money of each actor, by plain loops."""
    last: dict[str, int] = {}
    orders: dict[str, int] = defaultdict(int)
    money: dict[str, int] = defaultdict(int)
    for row in events:
        if row["time"] > end:
            continue
        amount = row["value"]
        if amount is not None and amount < 0:
            money[row["actor"]] += amount
        elif row["event"] == "pay":
            orders[row["actor"]] += 1
            last[row["actor"]] = row["time"]
            money[row["actor"]] += amount or 0
    buyers = list(last)
    scores = [
        quintile_scores({a: last[a] for a in buyers}),
        quintile_scores({a: orders[a] for a in buyers}),
        quintile_scores({a: money[a] for a in buyers}),
    ]
    found = {}
    for actor in {row["actor"] for row in events}:
        group = NO_ORDERS
        if actor in last:
            recency, frequency, worth = (score[actor] for score in scores)
            group = NAMED[recency].split(", ")[math.floor((frequency + worth) / 2 + 0.5) - 1]
        days = (end - last[actor]) // DAY if actor in last else None
        found[actor] = (group, days, orders[actor], money[actor])
    return found


def quintile_scores(values: dict[str, int]) -> dict[str, int]:
    """Score each value by how many quintile borders it is strictly above, plus one."""
    ordered = sorted(values.values())
    borders = [ordered[math.ceil(len(ordered) * k / 5) - 1] for k in range(1, 5)] if ordered else []
    return {actor: 1 + sum(value > border for border in borders) for actor, value in values.items()}


def told(log: EventLog) -> dict[str, tuple[str, int | None, int, int]]:
    """Return what the step says of each actor; it must say the same at all events."""
    found: dict[str, set[Any]] = defaultdict(set)
    for chunk in log.source.map(lambda chunk: chunk, 1):
        for row in plain(chunk):
            found[row["actor"]].add(
                (row["rfm"], row["rfm_recency_days"], row["rfm_frequency"], row["rfm_money"])
            )
    assert all(len(said) == 1 for said in found.values())
    return {actor: next(iter(said)) for actor, said in found.items()}


@settings(max_examples=60)
@given(events=rows(24))
def test_groups_are_those_of_the_oracle(events: list[Row]) -> None:
    log = EventLog.from_chunk(make_chunk(events), WINDOW)
    if "pay" not in log.events:
        return
    assert told(log.then(jl.RFM("pay"))) == oracle(plain(log.chunk), WINDOW.end)


def many() -> list[Row]:
    """Return orders, refunds and looks of 60 actors over 100 days."""
    chance = np.random.default_rng(3)
    events = []
    for i in range(600):
        name = str(chance.choice(["pay", "look", "refund"], p=[0.3, 0.6, 0.1]))
        row = event(f"a{chance.integers(60)}", name, int(chance.integers(0, 100 * DAY)) // DAY * DAY + i)
        row["value"] = {"pay": 1, "look": None, "refund": -1}[name]
        row["value"] = row["value"] and row["value"] * int(chance.integers(1, 9)) * 1_000_000
        events.append(row)
    return events


def test_all_groups_of_a_larger_log_are_those_of_the_oracle_on_any_partition() -> None:
    chunk = make_chunk(many())
    window = jl.Window(0, 101 * DAY, declared=True)
    whole = EventLog.from_chunk(chunk, window).then(jl.RFM("pay"))
    found = told(whole)
    assert found == oracle(plain(chunk), window.end)
    assert len({group for group, *_ in found.values()}) >= 9
    for cuts in ([0, 1, 7, chunk.n_actors], [0, 30, chunk.n_actors]):
        parts = tuple(chunk.slice(a, b) for a, b in itertools.pairwise(cuts))
        parted = EventLog(Memory(parts), window, whole.card).then(jl.RFM("pay"))
        assert parted.steps == whole.steps
        assert told(parted) == found


def test_the_table_of_the_docstring_is_the_one_that_is_used() -> None:
    days, each = (10, 30, 60, 90), 5
    events = []
    for r in range(5):
        for f in range(5):
            for k in range(f + 1):
                last = 100 * DAY - (5 + 25 * r) * DAY  # 5, 30, 55, 80 and 105 days ago
                events.append(event(f"{5 - r}{f + 1}", "pay", last + 20 * DAY - k))
    borders = [f"{d}d" for d in days]
    log = EventLog.from_chunk(make_chunk(events), jl.Window(-30 * DAY, 120 * DAY, declared=True))
    log = log.then(jl.RFM("pay", value=None, recency=borders, frequency=[2, 3, 4, 5]))
    found = log.to_pandas().drop_duplicates("actor").set_index("actor")["rfm"]
    assert len(found) == each * each
    for score, names in NAMED.items():
        assert [found[f"{score}{f}"] for f in range(1, 6)] == names.split(", ")
    doc = (jl.RFM.__doc__ or "").split()
    assert all(" ".join(names.split(", ")) in " ".join(doc) for names in NAMED.values())
    assert set(", ".join(NAMED.values()).split(", ")) | {NO_ORDERS} == set(GROUPS)


def test_who_bought_once_among_many_who_did_is_in_the_lowest_score() -> None:
    events = [event(f"a{i}", "pay", i) for i in range(9)] + [event("a9", "pay", j) for j in range(3)]
    log = EventLog.from_chunk(make_chunk(events)).then(jl.RFM("pay", value=None))
    assert log.steps[-1].settled[1] == (2, 2, 2, 2)


def test_borders_may_be_declared_and_then_no_quintile_is_taken() -> None:
    step = jl.RFM("pay", recency=["1min", "1h", "1d", "9d"], frequency=[2, 3, 4, 5], money=[1, 2.5, 3, 4])
    chunk = make_chunk([e for e in seeded() if e["event"]])
    alone = step.apply(chunk, WINDOW)
    settled = EventLog.from_chunk(chunk, WINDOW).then(step)
    assert plain(alone) == plain(settled.chunk)
    assert settled.steps[-1].settled[2] == (1_000_000, 2_500_000, 3_000_000, 4_000_000)


def wrong_currency() -> Any:
    frame = jl.datasets.tiny().to_pandas()
    frame["currency"] = np.where(frame.index % 2, "EUR", "USD")
    frame["value"] = 1.0
    return jl.read(frame, actor="actor", event="event", time="time", value="value", currency="currency").then(
        jl.RFM("pay")
    )


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: jl.RFM("pay", recency=["1d", "2d"]), "four borders"),
        (lambda: jl.RFM("pay", recency=["9d", "3d", "4d", "5d"]), "do not ascend"),
        (lambda: jl.RFM("pay", frequency=[1, 2, 2, 3]), "do not ascend"),
        (lambda: jl.RFM("pay", frequency=[1, 2, 2.5, 3]), "no such numbers"),
        (lambda: jl.RFM("pay", money=[1, 2, 3, float("nan")]), "no such numbers"),
        (lambda: jl.RFM("pay", money=[1, 2, 3, 4], value=None), "leaves money out"),
        (lambda: jl.RFM("pay", column="event"), "cannot hold groups"),
        (lambda: jl.RFM("pay").apply(make_chunk(seeded()), WINDOW), "of a whole log"),
        (lambda: jl.datasets.tiny().then(jl.RFM("pay", column="channel")), "of its own"),
        (wrong_currency, "2 currencies"),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()


def test_a_missing_column_and_an_unseen_order_are_told() -> None:
    log = jl.datasets.tiny()
    with pytest.raises(MissingColumnError, match="no column 'revenue'"):
        log.then(jl.RFM("pay", value="revenue"))
    with pytest.warns(UnseenNameWarning):
        quiet = log.then(jl.RFM("payed"))
    assert set(quiet.to_pandas()["rfm"]) == {NO_ORDERS}
