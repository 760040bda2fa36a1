"""Means of times carry intervals that know customers; their second moments are exact, however large."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.weightstats import DescrStatsW

import journeylog as jl
from journeylog.core.kernels.bins import BIN_BITS, bin_of_ms
from journeylog.core.kernels.clustered import clustered_stretches, group_ranks
from journeylog.core.kernels.squares import N_WORDS, add_square, group_squares
from journeylog.core.log import EventLog
from journeylog.core.means import WORDS, cluster_error, cluster_mean
from journeylog.core.source import Memory
from tests.habits import habit_log
from tests.oracles.paths import moves
from tests.strategies import SECOND, Event, case_shapes, make_log, patience_of, plain_cases, rows, with_cases

cases = case_shapes(70 * 61 * SECOND)
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def prepared(events: list[Event], how: Any) -> EventLog:
    log = make_log(events)
    return replace(log, source=Memory((with_cases(log.chunk, *how),)))


def times_by_actor(log: EventLog, node: str, time: str) -> dict[Any, dict[str, list[int]]]:
    """The times of every edge by actor, in plain loops."""
    end = log.window.end
    patience = patience_of(log.chunk, "journey")
    all_short = patience is not None and end - patience <= log.window.start
    found: dict[Any, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for case in plain_cases(log.chunk, "journey"):
        for move in moves(case, node, node != "event", patience, end):
            to = move["to"] if all_short else move["told"]
            if time not in move or to is None or to[0] == "open":
                continue
            if time != "dwell" and (to[0] != "node" or move["to"][0] != "node"):
                continue
            found[move["from"], to][case.actor].append((move[time] + 500) // 1000)
    return found


@quick
@given(
    events=rows(),
    how=cases,
    node=st.sampled_from(["event", "stage"]),
    time=st.sampled_from(["wait", "stay", "dwell"]),
)
def test_second_moments_of_times_and_of_their_bins_equal_the_oracle(
    events: list[Event], how: Any, node: str, time: Any
) -> None:
    log = prepared(events, how)
    question = jl.Transitions(node=node, case="journey", time=time, intervals=True)
    counts = question.summarize(log.chunk, log.window).canonical()
    expected = times_by_actor(log, node, time)
    edges, bins = counts["edges"], counts["bins"]
    words = {-2: "start", -3: "reached", -4: "dropped", -5: "open"}
    froms, tos = (
        [(words.get(int(code), "node"), name) for code, name in zip(edges.codes(side), names, strict=True)]
        for side in ("from", "to")
        for names in [edges.coded(side).names(words)]
    )
    group = edges.find(bins, {"from": "from", "to": "to"})
    checked = 0
    for i, key in enumerate(zip(froms, tos, strict=True)):
        own = expected.get(key, {})
        value = [int(edges.values[name][i]) for name in WORDS]
        assert (value[2] << 60) + (value[1] << 30) + value[0] == sum(sum(v) ** 2 for v in own.values())
        assert (value[4] << 30) + value[3] == sum(sum(v) * len(v) for v in own.values())
        mine = np.flatnonzero(group == i)
        for spot in range(len(mine)):
            upto = mine[: spot + 1]
            k = {a: sum(bin_of_ms(ms) <= bins.codes("bin")[mine[spot]] for ms in v) for a, v in own.items()}
            assert bins.values["n"][upto].sum() == sum(k.values())
            assert bins.values["kk"][upto].sum() == sum(x * x for x in k.values())
            assert bins.values["kn"][upto].sum() == sum(x * len(own[a]) for a, x in k.items())
            checked += 1
    assert checked == len(bins)


def test_moments_of_bins_are_exact_for_actors_of_few_and_of_many_values() -> None:
    chance = np.random.default_rng(5)
    n_nodes = 3
    keys, first, last = [], [], []
    want = defaultdict[int, list[int]](lambda: [0, 0, 0])
    for node in range(n_nodes):
        first.append(len(keys))
        for _ in range(60):
            mine = [
                (int(chance.integers(0, 3)) << BIN_BITS) | int(chance.integers(0, 6) * 100)
                for _ in range(chance.integers(1, 40))
            ]
            keys += [~mine[0], *mine[1:]]
            for to in {key >> BIN_BITS for key in mine}:
                for rank, key in enumerate(sorted(key for key in mine if key >> BIN_BITS == to)):
                    row = want[(node * (n_nodes + 3) << BIN_BITS) + key]
                    n = sum(other >> BIN_BITS == to for other in mine)
                    for column, part in enumerate((1, 2 * rank + 1, n)):
                        row[column] += part
        last.append(len(keys))
    found = clustered_stretches(np.array(keys, np.int32), np.array(first), np.array(last), n_nodes)
    assert found[0].tolist() == sorted(want)
    assert {row[0]: row[1:] for row in found.T.tolist()} == dict(want)


@given(values=st.lists(st.tuples(st.integers(-(2**59), 2**59), st.integers(0, 2**29)), max_size=20))
def test_words_are_exact_where_64_bits_are_not(values: list[tuple[int, int]]) -> None:
    words = np.zeros((1, N_WORDS), np.int64)
    for x, n in values:
        add_square(words, 0, x, n)
    low, middle, high, product, over = (int(w) for w in words[0])
    assert (high << 60) + (middle << 30) + low == sum(x * x for x, _ in values)
    assert (over << 30) + product == sum(x * n for x, n in values)


def test_grouped_sums_and_ranks_are_those_of_loops() -> None:
    chance = np.random.default_rng(3)
    owner = np.sort(chance.integers(0, 30, 400))
    row, value, weight = (
        chance.integers(-1, 4, 400),
        chance.integers(-50, 90, 400),
        chance.integers(0, 3, 400),
    )
    sums, words = group_squares(row, owner, value, weight, 4)
    for r in range(4):
        own = [(value[m].sum(), weight[m].sum()) for a in range(30) if (m := (row == r) & (owner == a)).any()]
        want = [sum(n for _, n in own), sum(x for x, _ in own), sum(n > 0 for _, n in own)]
        assert sums[r].tolist() == [*want, sum(n * n for _, n in own)]
        assert words[r, 0] + (words[r, 1] << 30) == sum(x * x for x, _ in own)
        assert words[r, 3] + (words[r, 4] << 30) == sum(x * n for x, n in own)
    squares, products = group_ranks(np.array([0, 0, 0, 1, 1]), np.array([7, 7, 8, 8, 8]))
    assert squares.tolist() == [1, 3, 1, 1, 3] and products.tolist() == [2, 2, 1, 2, 2]


def test_a_mean_of_one_each_has_the_t_interval_of_statsmodels() -> None:
    y = np.random.default_rng(1).normal(5, 3, 40)
    low, high = cluster_mean(y.sum(), 40, (y * y).sum(), y.sum(), 40)
    assert (float(low), float(high)) == pytest.approx(DescrStatsW(y).tconfint_mean(), abs=1e-9)


def test_the_error_of_a_clustered_mean_is_that_of_statsmodels() -> None:
    chance = np.random.default_rng(2)
    group = np.repeat(np.arange(25), 4)
    y = chance.normal(0, 1, 25)[group] + chance.normal(10, 1, 100)
    fit = OLS(y, np.ones(100)).fit(cov_type="cluster", cov_kwds={"groups": group, "use_correction": False})
    x = np.bincount(group, y)
    error = cluster_error(x.sum(), 100, (x * x).sum(), (4 * x).sum(), 25 * 16)
    assert float(error) == pytest.approx(fit.bse[0] * np.sqrt(25 / 24), rel=1e-9)


def test_nothing_is_told_about_nothing_or_about_one() -> None:
    assert np.isnan(cluster_mean(0, 0, 0, 0, 0)).all()
    assert np.isnan(cluster_mean(30.0, 3, 900.0, 90, 9)).all()  # one actor, three times
    n = np.array([3000] + [1] * 12)  # a giant and a dozen others: bounds of 1e80 seconds would tell nothing
    x = np.r_[90_000.0, np.linspace(20, 60, 12)]
    sums = x.sum(), n.sum(), (x * x).sum(), (x * n).sum(), (n * n).sum()
    for positive in (True, False):
        assert np.isnan(cluster_mean(*sums, positive=positive)).all()
    low, high = cluster_mean([4.0, 4.0], [2, 2], [10.0, 10.0], [4.0, 4.0], [2, 2], positive=[True, False])
    assert low[0] > 0 > low[1] and high[0] > high[1]


def test_intervals_come_only_where_they_are_asked_for() -> None:
    log = jl.datasets.tiny()
    plain, asked = (log.compute(jl.Transitions(intervals=on)).table for on in (False, True))
    more = ["time_median_low_s", "time_median_high_s", "time_p90_low_s", "time_p90_high_s"]
    assert list(asked.drop(columns=more).columns) == list(plain.columns)
    assert (
        "time_mean_low_s" in plain
        and "time_mean_low_s" not in log.compute(jl.Transitions(quantiles=False)).table
    )
    with pytest.raises(jl.errors.ConfigError, match="quantiles=True"):
        jl.Transitions(quantiles=False, intervals=True)


def test_bottlenecks_bound_waits_as_transitions_do() -> None:
    log, _ = habit_log(1, 80)
    slow, moves = log.compute(
        jl.Bottlenecks(case="session"), jl.Transitions(case="session", time="wait", intervals=True)
    )
    waits, nodes = slow.edges.set_index(["from", "to"]), slow.nodes.set_index("from")
    same = moves.table.set_index(["from", "to"]).loc[waits.index]
    for column in ("time_mean_low_s", "time_mean_high_s", "time_median_low_s", "time_median_high_s"):
        pd.testing.assert_series_equal(waits[column], same[column])
    row = waits.loc[("ask", "answer")]
    assert row["time_mean_low_s"] < row["time_mean_s"] < row["time_mean_high_s"]
    assert row["time_median_low_s"] < row["time_median_s"] < row["time_median_high_s"]
    # one way on from there, and visits of one moment: to stay is to wait
    for column in ("time_mean_low_s", "time_mean_high_s"):
        assert nodes.loc["ask", column] == row[column]
    assert np.isnan(waits.loc[("answer", "pay"), "time_mean_low_s"])  # always a minute: nothing varies
