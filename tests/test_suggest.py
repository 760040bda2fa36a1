from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.source import Memory
from journeylog.errors import ConfigError
from journeylog.journeymap.suggest import _breaks
from tests.strategies import make_log, plain_cases, rows


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=1, max_size=8), st.integers(1, 4))
def test_breaks_are_the_best_of_all(points: list[tuple[int, int]], n: int) -> None:
    points.sort()
    position, weight = (np.array(column, float) for column in zip(*points, strict=True))
    n = min(n, len(points))

    def cost(cuts: Any) -> float:
        parts = np.split(np.arange(len(points)), list(cuts))
        return sum(
            float((weight[p] * (position[p] - np.average(position[p], weights=weight[p])) ** 2).sum())
            for p in parts
            if len(p)
        )

    best = min(cost(cuts) for cuts in itertools.combinations(range(1, len(points)), n - 1))
    assert cost(_breaks(position, weight, n)) == pytest.approx(best, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(rows())
def test_positions_are_those_of_plain_loops_and_partitions_do_not_matter(events: Any) -> None:
    log = make_log(events)
    found = jl.suggest_stages(log)
    places: dict[str, list[float]] = {}
    for case in plain_cases(log.chunk, "actor"):
        for i, event in enumerate(case.events):
            places.setdefault(event.event, []).append((i + 0.5) / len(case.events))
    table = found.table.set_index("event")
    assert set(table.index) == set(places)
    for name, told in places.items():
        assert table.loc[name, "position"] == pytest.approx(np.mean(told), abs=2e-6)
        assert table.loc[name, "n"] == len(told)
    assert table["position"].is_monotonic_increasing
    cut = jl.EventLog(Memory(tuple(log.chunk.split(3))), log.window, log.card)
    assert jl.suggest_stages(cut).rules == found.rules


def test_a_journey_in_four_parts_is_found_and_can_be_put_on_the_log() -> None:
    rng = np.random.default_rng(5)
    parts = [["ad", "landing"], ["search", "product"], ["cart", "pay"], ["shipped", "delivered"]]
    told = []
    for who in range(300):
        at = 1_700_000_000 + int(rng.integers(0, 10**6))
        for part in parts[: int(rng.integers(2, 5))]:
            for name in rng.permutation(part * 2):
                at += int(rng.integers(1, 50))
                told.append((f"u{who}", str(name), at))
    columns = dict(zip(("who", "what", "at"), zip(*told, strict=True), strict=True))
    log = jl.read(pd.DataFrame(columns), actor="who", event="what", time="at", time_unit="s")
    found = jl.suggest_stages(log)
    first = next(iter(found.rules.values()))
    assert set(first) == {"ad", "landing"}
    four = jl.suggest_stages(log, 4)
    assert len(four.rules) == 4
    order = four.table["event"].tolist()
    assert [set(order[i : i + 2]) for i in (0, 2, 4, 6)] == [set(part) for part in parts]
    assert four.table[["inside_rate", "onward_rate", "back_rate"]].sum(axis=1).round(9).eq(1).iloc[:-1].all()
    staged = log.then(four.stages)
    assert staged.chunk.category("stage").names == tuple(four.rules)
    assert repr(four).startswith("jl.Stages({") and eval(repr(four), {"jl": jl}) == four.stages


def test_wrong_numbers_of_stages_are_told() -> None:
    for n in (0, 5, True, 2.0):
        with pytest.raises(ConfigError, match="from 1 to 4"):
            jl.suggest_stages(jl.datasets.tiny(), n)
