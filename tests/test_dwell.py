"""How long visits last: against plain loops, with and without a patience."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.schema import UNDECLARED
from journeylog.core.source import Memory
from tests.oracles.paths import visits_of
from tests.strategies import SECOND, make_log, plain_cases, rows, with_cases


@settings(max_examples=150, deadline=None)
@given(
    rows(),
    st.lists(st.integers(0, 40), max_size=4),
    st.lists(st.integers(0, 2), min_size=1, max_size=4),
    st.sampled_from([UNDECLARED, 20 * SECOND, 900 * SECOND]),
)
def test_equals_plain_loops(events: Any, cuts: list[int], outcomes: list[int], patience: int) -> None:
    log = make_log(events)
    chunk = with_cases(log.chunk, cuts, outcomes, patience)
    log = replace(log, source=Memory((chunk,)))
    found = log.compute(jl.Dwell(node="stage", case="journey")).table.set_index("node")
    horizon = log.window.end - patience if patience != UNDECLARED else None
    if horizon is not None and horizon <= log.window.start:
        horizon = None  # nobody was watched so long: all visits that are known to have ended
    n, lasted = defaultdict[str, int](int), defaultdict[str, list[int]](list)
    for case in plain_cases(chunk, "journey"):
        visits = visits_of(case, "stage", True)
        for k, (name, enter, leave) in enumerate(visits):
            n[name] += 1
            last_of_open = k + 1 == len(visits) and case.outcome == "open"
            if leave < horizon if horizon is not None else not last_of_open:
                lasted[name].append(leave - enter)
    assert {name: row["n"] for name, row in found.iterrows() if row["n"]} == dict(n)
    for name, row in found.iterrows():
        times = sorted(lasted[str(name)])
        assert row["n_timed"] == len(times)
        for q, column in ((0.5, "time_median_s"), (0.9, "time_p90_s")):
            if not times:
                assert np.isnan(row[column])
                continue
            true = times[int(np.ceil(q * len(times) - 1e-9)) - 1] / 1e6
            assert row[column] == pytest.approx(true, rel=1 / 256, abs=0.001)


def test_bounds_hold_the_median_and_are_missing_for_few() -> None:
    rows_ = [(f"a{i:02}", name, t) for i in range(40) for name, t in (("in", 0), ("out", i))]
    frame = pd.DataFrame(rows_, columns=["who", "what", "after"])
    frame["when"] = pd.Timestamp("2025-01-06", tz="UTC") + pd.to_timedelta(frame["after"], unit="s")

    def dwell(rows: pd.DataFrame) -> Any:
        log = jl.read(rows, actor="who", event="what", time="when")
        steps = jl.Stages({"there": ["in", "out"]}), jl.Journeys(goal="out", patience=None)
        return log.then(*steps).compute(jl.Dwell()).table.iloc[0]

    row = dwell(frame)
    assert row["n_timed"] == 40
    assert row["time_median_s"] == pytest.approx(19, abs=0.2)
    assert 11 < row["time_median_low_s"] < 19 < row["time_median_high_s"] < 28
    few = dwell(frame[frame["who"].isin(["a03", "a04"])])
    assert few["n_timed"] == 2 and np.isnan(few["time_median_low_s"]) and np.isnan(few["time_median_high_s"])
