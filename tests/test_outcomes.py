from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.intervals import wilson
from journeylog.core.window import Window
from tests.strategies import SECOND, make_log, plain_cases, rows, with_cases

ENDS = ("reached", "dropped", "open")


def outcomes(cases: list[Any]) -> dict[str, tuple[int, int, int, int]]:
    """The statistic in plain loops: cases and actors of each outcome, and of all."""
    actors = {case.actor for case in cases}
    return {
        end: (
            sum(case.outcome == end for case in cases),
            len({case.actor for case in cases if case.outcome == end}),
            len(cases),
            len(actors),
        )
        for end in ENDS
    }


@settings(max_examples=100, deadline=None)
@given(
    rows(),
    st.sampled_from(["actor", "journey"]),
    st.lists(st.integers(0, 40), max_size=4),
    st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_equals_the_oracle(events: Any, case: str, cuts: Any, ends: Any) -> None:
    chunk = with_cases(make_log(events).chunk, cuts, ends, 5 * SECOND)
    result = jl.EventLog.from_chunk(chunk, Window(0, 5000 * SECOND)).compute(jl.Outcomes(case))
    truth = outcomes(plain_cases(chunk, case))
    found = {
        row["outcome"]: (row["n"], row["n_actors"], row["n_total"], row["n_actors_total"])
        for row in result.table.to_dict("records")
    }
    assert found == truth
    assert tuple(found) == ENDS


def test_one_case_an_actor_has_the_interval_of_wilson() -> None:
    log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    row = log.compute(jl.Outcomes()).table.iloc[0]
    low, high = wilson(2, 4)
    assert np.isclose(row["share_low"], low) and np.isclose(row["share_high"], high)


def test_without_a_patience_the_note_says_why_nothing_dropped() -> None:
    result = jl.datasets.tiny().compute(jl.Outcomes())
    assert result.table["n"].tolist() == [0, 0, 4]
    assert "patience" in result.notes[0]
