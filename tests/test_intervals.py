"""Intervals equal published figures, and quantile ranks bound quantiles as often as they say."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

import journeylog as jl
from journeylog.core.durations import DurationBins
from journeylog.core.intervals import clopper_pearson, cluster_share, cluster_size, quantile_ranks, wilson
from journeylog.core.kernels.bins import bin_edges_ms, bin_of_ms
from tests.habits import MEAN_MONEY, MEAN_S, MEDIAN_S, P90_S, SHARE, habit_log


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775328),
        (5, 10, 0.23659309, 0.76340691),
        (10, 10, 0.7224672, 1.0),
        (1, 1, 0.20654931, 1.0),
    ],
)
def test_wilson_equals_published_figures(k: int, n: int, low: float, high: float) -> None:
    found = wilson(k, n)
    assert found[0] == pytest.approx(low, abs=5e-8) and found[1] == pytest.approx(high, abs=5e-8)


@pytest.mark.parametrize(("k", "n", "low", "high"), [(0, 10, 0.0, 0.30849711), (10, 10, 0.69150289, 1.0)])
def test_clopper_pearson_equals_published_figures(k: int, n: int, low: float, high: float) -> None:
    found = clopper_pearson(k, n)
    assert found[0] == pytest.approx(low, abs=5e-9) and found[1] == pytest.approx(high, abs=5e-9)


@pytest.mark.parametrize("method", ["wilson", "exact"])
def test_intervals_of_a_share_equal_scipy(method: str) -> None:
    ours = {"wilson": wilson, "exact": clopper_pearson}[method]
    for n in (1, 7, 50, 1000):
        for k in {0, 1, n // 3, n - 1, n}:
            want = stats.binomtest(k, n).proportion_ci(method=method)
            assert tuple(float(v) for v in ours(k, n)) == pytest.approx((want.low, want.high), abs=1e-12)


@pytest.mark.parametrize(("ours", "method"), [(wilson, "wilson"), (clopper_pearson, "beta")])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_intervals_of_a_share_equal_statsmodels(ours: Any, method: str, level: float) -> None:
    for n in (1, 2, 10, 333, 100_000):
        for k in sorted({0, 1, n // 7, n // 2, n - 1, n}):
            want = proportion_confint(k, n, alpha=1 - level, method=method)
            assert [float(b) for b in ours(k, n, level)] == pytest.approx(want, abs=1e-9)


def test_a_cluster_is_worth_what_its_interval_says() -> None:
    k, n, kk, kn, nn = 30, 80, 130, 260, 640
    worth = float(cluster_size(k, n, kk, kn, nn))
    low, high = wilson(k / n * worth, worth)
    assert (float(low), float(high)) == pytest.approx([float(b) for b in cluster_share(k, n, kk, kn, nn)])
    assert 1 < worth < n and cluster_size(0, 0, 0, 0, 0) == 0


def test_no_data_is_no_data() -> None:
    for interval in (wilson(0, 0), clopper_pearson(0, 0), cluster_share(0, 0, 0, 0, 0)):
        assert np.isnan(interval[0]) and np.isnan(interval[1])


def test_clustering_widens_and_equal_actors_do_not_narrow_below_wilson() -> None:
    alike = cluster_share(20, 40, 5 * 16, 5 * 16, 10 * 16)  # five actors always, five never
    assert alike[0] < wilson(20, 40)[0] and alike[1] > wilson(20, 40)[1]
    even = cluster_share(20, 40, 10 * 4, 10 * 8, 10 * 16)  # every actor two of four: no spread at all
    assert even[0] <= wilson(20, 40)[0] + 1e-12 and even[1] >= wilson(20, 40)[1] - 1e-12
    certain = cluster_share(40, 40, 160, 160, 160)  # nothing varies: ten actors, not forty trials
    assert certain[0] <= wilson(10, 10)[0]


def test_quantile_ranks_hold_their_level() -> None:
    for n in (5, 20, 100, 1001):
        for q in (0.5, 0.9):
            rank, low, high = quantile_ranks(n, q)
            assert low <= rank <= high
            below, above = stats.binom.cdf(low - 1, n, q), stats.binom.sf(high - 1, n, q)
            assert below <= 0.025 + 1e-12 and above <= 0.025 + 1e-12


def test_every_millisecond_is_in_its_bin_and_a_bin_is_narrow() -> None:
    chance = np.random.default_rng(1)
    values = np.concatenate([np.arange(3000), 2 ** chance.uniform(0, 44, 2000)]).astype(np.int64)
    bins = np.array([bin_of_ms(int(v)) for v in values])
    low, high = bin_edges_ms(bins)
    assert (low <= values).all() and (values <= high).all()
    middle = (low + high) / 2
    assert (np.abs(middle - values) <= np.maximum(values / 256, 0)).all()
    assert (np.diff(bins[np.argsort(values, kind="stable")]) >= 0).all()


def test_quantiles_are_the_observation_of_their_rank() -> None:
    values = np.array([10, 20, 30, 40, 50, 1000, 2000])
    bins = np.array([bin_of_ms(int(v)) for v in values])
    median = DurationBins.of(np.zeros(7, np.int64), bins, np.ones(7, np.int64), 1).quantile(0.5)[0]
    assert median == pytest.approx(0.040)
    none = np.zeros(0, np.int64)
    assert np.isnan(DurationBins.of(none, none, none, 2).quantile(0.5)).tolist() == [True, True]
    bounds = DurationBins.of(none, none, none, 2).quantile_bounds(0.5, np.zeros(2))
    assert all(np.isnan(column).tolist() == [True, True] for column in bounds)


def test_bounds_of_a_quantile_widen_with_dependence_and_hold_large_samples() -> None:
    chance = np.random.default_rng(4)
    hits = {"independent": 0, "few": 0}
    for _ in range(200):
        values = np.rint(np.exp(chance.normal(12, 1, 400))).astype(np.int64)
        bins, counts = np.unique([bin_of_ms(int(v)) for v in values], return_counts=True)
        group = np.zeros(len(bins), np.int64)
        low, high = DurationBins.of(group, bins, counts, 1).quantile_bounds(0.5, np.array([400.0]))
        hits["independent"] += bool(low[0] <= np.exp(12) / 1000 <= high[0])
        wide = DurationBins.of(group, bins, counts, 1).quantile_bounds(0.5, np.array([25.0]))
        assert wide[0][0] <= low[0] and wide[1][0] >= high[0]
    assert hits["independent"] >= 184  # 0.92 of 200: three standard errors below 95 %


def covered(repeats: int, seed: int, n_actors: int) -> dict[str, dict[str, float]]:
    """How often intervals cover the truth of customers with habits, ours and those that count every visit as one."""
    hits: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))

    def note(name: str, kind: str, low: Any, high: Any, truth: float) -> None:
        hits[name][kind].append(bool(low <= truth <= high))

    for k in range(repeats):
        log, drawn = habit_log(seed + k, n_actors)
        moves, values = log.compute(jl.Transitions(case="session", intervals=True), jl.Values(case="session"))
        edges = moves.table.set_index(["from", "to"])
        wait, helped, money = (
            edges.loc[("ask", "answer")],
            edges.loc[("answer", "help")],
            values.cases.iloc[0],
        )
        n = len(drawn.actor)
        note("share", "ours", helped["rate_low"], helped["rate_high"], SHARE)
        note("share", "naive", *wilson(helped["n"], n), SHARE)
        for name, row, stem, truth, sample in (
            ("mean time", wait, "time_mean", MEAN_S, drawn.wait_s),
            ("mean money", money, "value_mean", MEAN_MONEY, drawn.paid),
        ):
            unit = "_s" if stem == "time_mean" else ""
            note(name, "ours", row[f"{stem}_low{unit}"], row[f"{stem}_high{unit}"], truth)
            note(name, "naive", *stats.t.interval(0.95, n - 1, sample.mean(), stats.sem(sample)), truth)
        for name, row, stem, q, truth, sample in (
            ("median time", wait, "time_median", 0.5, MEDIAN_S, drawn.wait_s),
            ("p90 time", wait, "time_p90", 0.9, P90_S, drawn.wait_s),
            ("median money", money, "valued_median", 0.5, 50.0, drawn.paid),
        ):
            unit = "_s" if stem.startswith("time") else ""
            note(name, "ours", row[f"{stem}_low{unit}"], row[f"{stem}_high{unit}"], truth)
            _, low, high = quantile_ranks(n, q)
            ordered = np.sort(sample)
            note(name, "naive", ordered[low - 1], ordered[high - 1], truth)
    return {name: {kind: float(np.mean(h)) for kind, h in kinds.items()} for name, kinds in hits.items()}


def test_every_kind_of_interval_covers_where_the_naive_one_fails() -> None:
    """A small version of the thousand runs in ``test_coverage_slow.py``."""
    found = covered(60, 40_000, 150)
    assert len(found) == 6
    for name, shares in found.items():
        assert shares["naive"] < 0.85 < 0.87 <= shares["ours"], (name, shares)
    assert 0.92 <= np.mean([shares["ours"] for shares in found.values()]) <= 0.98
