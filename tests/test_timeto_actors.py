"""Time to what comes next where actors have several cases: what goes together is not counted as independent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

import journeylog as jl
from journeylog.core.schema import HOUR, SECOND
from journeylog.core.survival import Watched, curve_band, first_time, log_rank, restricted_mean
from journeylog.core.window import Window
from tests.oracles import timeto as oracle
from tests.strategies import Event, make_log

ANY = 2


def ones(n: int) -> Any:
    return np.ones(n, np.int64)


@pytest.fixture
def sample() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    return rng.integers(1, 80, 300), rng.integers(-1, 2, 300), rng.integers(0, 3, 300)


def test_survival_its_error_and_its_median_equal_those_of_statsmodels(sample: tuple[Any, Any, Any]) -> None:
    time, way, _ = sample
    cases = Watched.of(time, ones(300), way, None, 2)
    mine = cases.shares.of(ANY)
    theirs = SurvfuncRight(time, (way >= 0).astype(int))
    at = np.searchsorted(theirs.surv_times, cases.ends.time[mine.at])
    assert np.array_equal(theirs.surv_times[at], cases.ends.time[mine.at])
    assert np.allclose(1 - mine.share, theirs.surv_prob[at], rtol=0, atol=1e-9)
    assert np.allclose(mine.error[:-1], theirs.surv_prob_se[at][:-1], rtol=0, atol=1e-9)
    low, high = curve_band(mine.share, mine.error)
    found = [first_time(cases.ends.time[mine.at], line, 0.5) for line in (mine.share, high, low)]
    assert found == [theirs.quantile(0.5), *theirs.quantile_ci(0.5, method="cloglog")]


def test_cumulative_incidences_and_their_errors_equal_those_of_statsmodels(
    sample: tuple[Any, Any, Any],
) -> None:
    time, way, _ = sample
    cases = Watched.of(time, ones(300), way, None, 2)
    theirs = CumIncidenceRight(time, way + 1)
    for k in (0, 1):
        mine = cases.shares.of(k)
        at = np.searchsorted(theirs.times, cases.ends.time[mine.at])
        assert np.allclose(mine.share, theirs.cinc[k][at], rtol=0, atol=1e-9)
        assert np.allclose(mine.error, theirs.cinc_se[k][at], rtol=0, atol=1e-9)


def test_the_log_rank_test_equals_that_of_statsmodels(sample: tuple[Any, Any, Any]) -> None:
    time, way, group = sample
    found = log_rank(
        [Watched.of(time[group == g], ones((group == g).sum()), way[group == g]) for g in (0, 1, 2)]
    )
    statistic, p = survdiff(time, (way >= 0).astype(int), group)
    assert found.statistic == pytest.approx(statistic, abs=1e-9) and found.p_value == pytest.approx(
        p, abs=1e-9
    )


@pytest.mark.parametrize("way", [None, 0, 1])
def test_the_variance_is_the_jackknife_s_over_actors(way: int | None) -> None:
    rng = np.random.default_rng(3)
    rows = [(int(rng.integers(1, 12)), int(rng.integers(-1, 2)), f"u{rng.integers(9)}") for _ in range(40)]
    rows += [(int(rng.integers(1, 12)), int(rng.integers(-1, 2)), f"single {i}") for i in range(6)]
    time, end = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    group = np.array([int(r[2][1:]) if r[2][0] == "u" else -1 for r in rows])
    cases = Watched.of(time, ones(len(rows)), end, group, 2)
    mine = cases.shares.of(ANY if way is None else way)
    for at, error in zip(mine.at, mine.error, strict=True):
        limit = int(cases.ends.time[at])
        left = limit < time.max()
        truth = oracle.jackknife(rows, way, limit) if left else None
        if truth is not None:
            assert error**2 == pytest.approx(truth * cases.inflation, rel=1e-6, abs=1e-12)


def test_a_case_counted_apart_is_a_group_of_one() -> None:
    rng = np.random.default_rng(4)
    time, way = rng.integers(1, 50, 200), rng.integers(-1, 2, 200)
    alone = Watched.of(time, ones(200), way, None, 2)
    apart = Watched.of(time, ones(200), way, np.arange(200), 2)
    assert np.allclose(alone.shares.error * math.sqrt(200 / 199), apart.shares.error, rtol=1e-9, atol=1e-9)
    for limit in (20, 60):
        mean, error = restricted_mean(alone, limit)
        assert restricted_mean(apart, limit) == pytest.approx((mean, error * math.sqrt(200 / 199)), rel=1e-9)


def draw(rng: np.random.Generator, n: int, several: float, spread: float) -> tuple[Any, Any, Any]:
    """Cases of actors who are quick or slow in all of theirs; two ways on, 3 to 2; watched for 0 to 8 hours."""
    who = np.repeat(np.arange(n), 1 + rng.poisson(several - 1, n))
    pace = np.exp(spread * rng.normal(size=n))[who]
    spent, watched = rng.exponential(2 / pace), rng.random(len(who)) * 8
    way = np.where(spent <= watched, (rng.random(len(who)) < 0.4).astype(int), -1)
    return who, (np.minimum(spent, watched) * HOUR).astype(np.int64), way


def truth(spread: float, hours: float) -> tuple[float, float, float]:
    """The share that ends by a time, the mean time counted up to it, and the median; actors alike in number."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    rate = np.exp(spread * nodes) / 2
    ended = float(weights @ (1 - np.exp(-rate * hours)))
    mean = float(weights @ ((1 - np.exp(-rate * hours)) / rate))
    grid = np.linspace(0, 20, 200_001)
    median = grid[np.searchsorted(weights @ (1 - np.exp(-np.outer(rate, grid))), 0.5)]
    return ended, mean, float(median)


def coverage(n: int, several: float, spread: float, repeats: int, naive: bool) -> dict[str, float]:
    """How often intervals hold the truth, and how often the test of two equal groups stays quiet."""
    share, mean, median = truth(spread, 2)
    rng = np.random.default_rng(5)
    kept = dict.fromkeys(("any", "way", "mean", "median", "test"), 0.0)
    for _ in range(repeats):
        who, time, way = draw(rng, n, several, spread)
        group = np.full(len(who), -1) if naive else np.where(np.bincount(who)[who] > 1, who, -1)
        cases = Watched.of(time, ones(len(who)), way, group, 2)
        for name, k, wanted in (("any", ANY, share), ("way", 0, 0.6 * share)):
            mine = cases.shares.of(k)
            at = np.searchsorted(cases.ends.time[mine.at], 2 * HOUR, side="right") - 1
            low, high = curve_band(mine.share, mine.error, cases.reach)
            kept[name] += low[at] <= wanted <= high[at]
            if name == "any":
                bounds = [first_time(cases.ends.time[mine.at], line, 0.5) for line in (high, low)]
                kept["median"] += bounds[0] <= median * HOUR and not bounds[1] < median * HOUR
        found, error = restricted_mean(cases, 2 * HOUR)
        kept["mean"] += abs(found - mean * HOUR) <= cases.reach * error
        half = [who % 2 == side for side in (0, 1)]
        groups = [Watched.of(time[h], ones(h.sum()), way[h], group[h], 2) for h in half]
        kept["test"] += log_rank(groups).p_value >= 0.05
    return {name: n_kept / repeats for name, n_kept in kept.items()}


def test_strangers_under_one_hash_do_not_widen_what_actors_of_several_cases_say() -> None:
    rng, n = np.random.default_rng(2), 120_000
    who = np.concatenate([np.arange(n), np.arange(n // 2)])
    often = who < n // 2  # who come twice end more often, and sooner
    time = 1 + rng.integers(0, 50, len(who)) + np.where(often, 0, 20)
    way = np.where(rng.random(len(who)) < np.where(often, 0.8, 0.3), rng.integers(0, 2, len(who)), -1)
    apart, hashed = np.where(often, who, -1), np.where(often, rng.integers(0, 1024, n)[who], -1)

    def cases(group: Any, values: int, rows: Any = slice(None)) -> Watched:
        return Watched.of(time[rows], ones(len(time[rows])), way[rows], group[rows], 2, values)

    exact, told, blind = cases(apart, 0), cases(hashed, 1024), cases(hashed, 0)
    for k in (0, ANY):
        wanted, found, wide = (part.shares.of(k).error[20:60] for part in (exact, told, blind))
        assert np.allclose(found, wanted, rtol=0.1)
        assert wide.max() > 1.5 * wanted.max()
    wanted, found, wide = (restricted_mean(part, 60)[1] for part in (exact, told, blind))
    assert found == pytest.approx(wanted, rel=0.1) and wide > 1.5 * wanted
    mostly = rng.random(len(who)) < np.where(often, 0.7, 0.3)
    wanted, found, narrow = (
        log_rank([cases(group, values, half) for half in (mostly, ~mostly)]).statistic
        for group, values in ((apart, 0), (hashed, 1024), (hashed, 0))
    )
    assert found == pytest.approx(wanted, rel=0.15) and narrow < 0.5 * wanted


def test_bands_of_many_customers_are_as_wide_as_customers_say() -> None:
    """Half of them come twice and pay more often: the error of the share is that of a share of clusters."""
    rng, n = np.random.default_rng(8), 60_000
    often = np.arange(n) < n // 2
    who = np.concatenate([np.arange(n), np.arange(n // 2)])
    start = 480_000 * HOUR + np.repeat([0, 240 * HOUR], [n, n // 2])
    pays = rng.random(len(who)) < np.where(often[who], 0.7, 0.3)
    events = pa.table(
        {
            "actor": np.char.mod("u%06d", np.concatenate([who, who[pays]])),
            "event": np.repeat(["cart", "pay"], [len(who), pays.sum()]),
            "time": pa.array(np.concatenate([start, start[pays] + HOUR // 2])).cast(pa.timestamp("us")),
        }
    )
    log = jl.read(events, actor="actor", event="event", time="time", tz="UTC").then(jl.Sessions(gap="24h"))
    cases = log.compute(jl.TimeTo("pay", start="cart", case="session")).cases
    assert cases.shares.of(0).share[-1] == pytest.approx(pays.mean(), abs=1e-12)
    moved = np.bincount(who, pays - pays.mean())
    assert cases.shares.of(0).error[-1] == pytest.approx(math.sqrt(moved @ moved) / len(who), rel=0.05)


def test_intervals_know_that_cases_of_an_actor_go_together_and_naive_ones_do_not() -> None:
    found = coverage(120, 6, 1.0, 250, naive=False)
    assert all(0.9 <= kept <= 0.985 for kept in found.values()), found  # the long run is more exact
    naive = coverage(120, 6, 1.0, 120, naive=True)
    assert all(kept < 0.9 for kept in naive.values()), naive


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "several", "spread"), [(150, 6, 1.0), (400, 3, 0.7), (300, 10, 1.0), (200, 4, 0.0)]
)
def test_intervals_cover_in_long_runs(n: int, several: float, spread: float) -> None:
    found = coverage(n, several, spread, 1500, naive=False)
    assert all(0.93 <= kept <= 0.97 for kept in found.values()), found


def test_a_log_s_cases_go_together_by_actor_however_it_is_grouped() -> None:
    rng = np.random.default_rng(6)
    rows, sizes = [], []
    for i in range(150):
        quick, at, n = bool(rng.random() < 0.5), 0.0, 1 + int(rng.poisson(5))
        sizes.append(n)
        for _ in range(n):
            spent = float(rng.exponential(0.2 if quick else 2.0))
            rows += [Event(f"u{i}", "in", round(at * HOUR), None, ("web", "app")[i % 2])]
            rows += [Event(f"u{i}", "out", round((at + spent) * HOUR), None, ("web", "app")[i % 2])]
            at += spent + 30
    log = make_log(rows, Window(0, 2000 * HOUR)).then(jl.Journeys("out", "20h", "in", of="stretch"))
    result = log.compute(jl.TimeTo("out", start="in"))
    cases = result.cases
    by_actor = sum(sizes) ** 2 / sum(n * n for n in sizes)
    assert cases.clustered and 0.6 * by_actor < cases.alike <= by_actor  # a few actors share a hash
    mine, apart = (
        result.within("1h").iloc[0],
        Watched.of(cases.ends.time[cases.at], cases.n, cases.way).shares.of(0),
    )
    at = np.searchsorted(apart.at, np.searchsorted(cases.ends.time, HOUR, side="right")) - 1
    low, high = curve_band(apart.share, apart.error)
    assert mine["share"] == apart.share[at]
    assert mine["share_high"] - mine["share_low"] > 1.3 * (high - low)[at]
    assert not any("independent" in note for note in result.notes)
    groups = log.compute(jl.TimeTo("out", start="in"), by="channel")
    alone = log_rank(
        [Watched.of(r.cases.ends.time[r.cases.at], r.cases.n, r.cases.way) for r in groups.values()]
    )
    assert jl.logrank(groups).statistic < alone.statistic
    assert (
        result.table["n_actors"].iloc[0] == 150 and result.within("1h")["within_s"].iloc[0] == HOUR / SECOND
    )
