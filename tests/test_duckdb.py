"""Transition counts equal those of a SQL query over the same events."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

import journeylog as jl
from journeylog.core.log import EventLog
from tests.test_truth import CYCLES, GOAL, NODES, SLOW, chain_log

QUERY = """
    with moved as (
        select event, lead(event) over w as following, epoch_us(lead(time) over w) - epoch_us(time) as wait
        from events window w as (partition by actor{case} order by time, seq)
    )
    select event, following, count(*) as n, avg(wait // 1000 + (wait % 1000 >= 500)::int) / 1000 as seconds
    from moved where following is not null group by all
"""


def same_as_sql(log: EventLog, case: str) -> int:
    """Compare every edge between events; return how many transitions there are."""
    events = log.to_arrow()
    events = events.append_column("seq", [np.arange(events.num_rows)])
    with duckdb.connect() as db:
        db.register("events", events)
        sql = db.execute(QUERY.format(case="" if case == "actor" else f", {case}")).df()
    table = log.compute(jl.Transitions(node="event", case=case)).table
    ours = table[(table["from_kind"] == "node") & (table["to_kind"] == "node")]
    joined = ours.merge(
        sql, left_on=["from", "to"], right_on=["event", "following"], how="outer", suffixes=("", "_sql")
    )
    assert joined["n"].notna().all() and joined["n_sql"].notna().all()
    assert (joined["n"] == joined["n_sql"]).all()
    pd.testing.assert_series_equal(joined["time_mean_s"], joined["seconds"], check_names=False, rtol=1e-12)
    return int(ours["n"].sum())


@pytest.mark.parametrize("case", ["actor", "session"])
def test_a_simulated_shop(case: str) -> None:
    events = jl.datasets.simulate(400, seed=2).events
    log = jl.read(events, actor="actor", event="event", time="time").then(jl.Sessions(gap="30min"))
    assert same_as_sql(log, case) > 500


def test_a_simulated_chain() -> None:
    log = chain_log(simulate())
    assert same_as_sql(log, "actor") > 500


def test_ties_follow_the_declared_order() -> None:
    frame = pd.DataFrame(
        {
            "who": list("aaaabbb"),
            "what": list("xyzxzyx"),
            "when": [1_700_000_000 + s for s in (1, 1, 1, 2, 5, 5, 5)],
            "line": [3, 1, 2, 9, 1, 2, 3],
        }
    )
    log = jl.read(
        frame, actor="who", event="what", time="when", time_unit="s", order_by="line", time_range=None
    )
    assert log.to_pandas()["event"].tolist() == list("yzxxzyx")
    assert log.card.ties == 4
    assert same_as_sql(log, "actor") == 5


def simulate() -> Any:
    return jl.datasets.simulate_chain(600, NODES, CYCLES, SLOW, reached=GOAL, seed=9, window_days=60)
