"""Who reached the goal, by node: as plain Python counts it, also where the goal ends no journey."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.core.schema import REACHED

EVENTS = {
    "a": "home cart pay home cart home",
    "b": "home cart",
    "c": "cart pay",
    "d": "home",
    "e": "home pay cart pay",
}


def made() -> EventLog:
    rows = [
        (actor, event, f"2025-01-01T00:{minute:02d}:{actor_no:02d}Z")
        for actor_no, (actor, names) in enumerate(EVENTS.items())
        for minute, event in enumerate(names.split())
    ]
    names = ("actor", "event", "time")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return jl.read(pd.DataFrame(columns), actor="actor", event="event", time="time")


@pytest.mark.parametrize("ends", [True, False])
def test_it_counts_each_case_once_a_node_as_plain_python_does(ends: bool) -> None:
    log = made().then(jl.Journeys("pay", "1d", goal_ends=ends))
    chunk = log.chunk
    level = chunk.cases("journey")
    expected: dict[str, list[int]] = {}
    for begin, end, outcome in zip(level.begin, level.end, level.outcome, strict=True):
        for name in {chunk.event.names[code] for code in chunk.event.codes[begin:end]}:
            row = expected.setdefault(name, [0, 0])
            row[0] += 1
            row[1] += int(outcome == REACHED)
    table = log.compute(jl.Reaching()).table.set_index("node")
    assert {n: [int(r["n_cases"]), int(r["n_reached"])] for n, r in table.iterrows()} == expected
    np.testing.assert_allclose(table["reach_rate"], table["n_reached"] / table["n_cases"])
    assert (table["reach_rate_low"] <= table["reach_rate"]).all()
    assert (table["reach_rate"] <= table["reach_rate_high"]).all()
    assert table.loc["pay", "reach_rate"] == 1.0


def test_it_agrees_with_how_all_journeys_ended() -> None:
    log = jl.datasets.tiny().then(jl.Journeys("pay", "1h", goal_ends=False))
    outcomes = log.compute(jl.Outcomes()).table.set_index("outcome")
    home = log.compute(jl.Reaching()).table.set_index("node").loc["pay"]
    assert home["n_reached"] == outcomes.loc["reached", "n"]
