"""Intervals of shares and means where it is hard: long tails, rare traits, giants; and differences of equals.

The formulas are asked alone, many samples at once; whole logs are in ``test_intervals.py`` and beside each statistic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from journeylog.core.differences import Estimates, difference
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.means import cluster_mean

ACTORS, REPEATS = 400, 1500
NARROWEST, WIDEST = 0.93, 0.977  # rare things are counted in steps, so their intervals cover a little more

Floats = Any


def visits(chance: np.random.Generator, shape: tuple[int, int], kind: str) -> Floats:
    """How often each actor comes: once, five times or so, unequally often, and with giants."""
    if kind == "once":
        return np.ones(shape, np.int64)
    if kind == "alike":
        return 1 + chance.poisson(4, shape)
    if kind == "unequal":
        return 1 + chance.poisson(chance.gamma(1.5, 3.0, shape))
    return np.minimum(1 + np.floor(2 * chance.pareto(1.5, shape)), 500).astype(np.int64)


def waits(own: float, each: float, above: float, kind: str) -> Callable[..., tuple[Floats, Floats]]:
    """Times of actors who are slow or quick in all of theirs, as far as they are above a limit: sums and numbers."""

    def draw(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        n = visits(chance, shape, kind)
        owner = np.repeat(np.arange(n.size), n.ravel())
        time = np.exp(chance.normal(0, own, n.size)[owner] + chance.normal(0, each, len(owner)))
        return np.bincount(owner, np.maximum(time - above, 0), n.size).reshape(shape), n

    return draw


def mean_wait(own: float, each: float, above: float) -> float:
    """The mean of what a log-normal time has above a limit."""
    s = float(np.hypot(own, each))
    if above == 0:
        return float(np.exp(s * s / 2))
    far = -np.log(above) / s
    return float(np.exp(s * s / 2) * special.ndtr(s + far) - above * special.ndtr(far))


def payers(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """One actor in ten pays, some much more than others."""
    return (chance.random(shape) < 0.1) * chance.lognormal(0, 1, shape), np.ones(shape, np.int64)


LOGNORMAL = float(np.exp(0.5))
MEANS: dict[str, tuple[Callable[..., tuple[Floats, Floats]], float]] = {
    "waits": (waits(0.5, 0.5, 0, "unequal"), mean_wait(0.5, 0.5, 0)),
    "long waits": (waits(1.0, 0.5, 0, "unequal"), mean_wait(1.0, 0.5, 0)),
    "waits of single visits": (waits(1.0, 0.0, 0, "once"), LOGNORMAL),
    "waiting above the usual": (waits(0.7, 0.7, 2, "alike"), mean_wait(0.7, 0.7, 2)),
    "waiting above a high limit": (waits(0.7, 0.7, 5, "unequal"), mean_wait(0.7, 0.7, 5)),
    "amounts of few": (payers, 0.1 * LOGNORMAL),
}


def mean_bounds(x: Floats, n: Floats, positive: bool = True) -> tuple[Floats, Floats]:
    sums = (x.sum(1), n.sum(1), (x * x).sum(1), (x * n).sum(1), (n * n).sum(1))
    return cluster_mean(*sums, positive=positive, even=True)


@pytest.mark.parametrize("name", MEANS)
def test_means_of_long_tailed_values_are_covered(name: str) -> None:
    draw, truth = MEANS[name]
    x, n = draw(np.random.default_rng(1), (REPEATS, ACTORS))
    low, high = mean_bounds(x, n)
    assert NARROWEST <= np.mean((low <= truth) & (truth <= high)) <= WIDEST
    plain = mean_bounds(x, n, positive=False)
    missed = np.mean(plain[1] < truth), np.mean(plain[0] > truth)
    assert missed[0] > 3 * missed[1]  # what the plain interval misses lies nearly always above it
    assert np.mean(high < truth) < 0.9 * missed[0]


@pytest.mark.parametrize("n", [(300, 300), (150, 1200)])
@pytest.mark.parametrize("name", MEANS)
def test_means_that_are_equal_are_seldom_told_apart(name: str, n: tuple[int, int]) -> None:
    draw, _ = MEANS[name]
    chance = np.random.default_rng(2)
    sides = []
    for size in n:
        x, counted = draw(chance, (800, size))
        sides.append(Estimates(x.sum(1) / counted.sum(1), *mean_bounds(x, counted)))
    gap = difference(sides[0], sides[1])
    assert 0.02 <= np.mean((gap.low > 0) | (gap.high < 0)) <= 0.07


def always(share: float, kind: str) -> Callable[..., tuple[Floats, Floats]]:
    """Few actors do it at every visit, the others never."""

    def draw(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        n = visits(chance, shape, kind)
        return n * (chance.random(shape) < share), n

    return draw


def leaning(share: float, alike: float, kind: str) -> Callable[..., tuple[Floats, Floats]]:
    """Each actor has a chance of its own; the larger `alike`, the more those of one visit say of the next."""

    def draw(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        n, spread = visits(chance, shape, kind), 1 / alike - 1
        return chance.binomial(n, chance.beta(share * spread, (1 - share) * spread, shape)), n

    return draw


def coins(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    n = visits(chance, shape, "unequal")
    return chance.binomial(n, 0.3), n


SHARES: dict[str, tuple[Callable[..., tuple[Floats, Floats]], float]] = {
    "2 in 100 always": (always(0.02, "unequal"), 0.02),
    "5 in 100 always": (always(0.05, "alike"), 0.05),
    "2 in 100 always, giants": (always(0.02, "giants"), 0.02),
    "2 in 100 now and then": (leaning(0.02, 0.3, "unequal"), 0.02),
    "30 in 100, habits": (leaning(0.3, 0.5, "unequal"), 0.3),
    "30 in 100, no habits": (coins, 0.3),
}


@pytest.mark.parametrize("name", SHARES)
def test_shares_by_actor_are_covered(name: str) -> None:
    draw, truth = SHARES[name]
    k, n = draw(np.random.default_rng(3), (REPEATS, ACTORS))
    sums = k.sum(1), n.sum(1), (k * k).sum(1), (k * n).sum(1), (n * n).sum(1)
    low, high = cluster_share(*sums)
    assert NARROWEST <= np.mean((low <= truth) & (truth <= high)) <= WIDEST
    naive = wilson(*sums[:2])
    covered = np.mean((naive[0] <= truth) & (truth <= naive[1]))
    if name.endswith("no habits"):
        assert np.median(high - low) < 1.05 * np.median(naive[1] - naive[0])  # and nothing is given away
    else:
        assert covered < 0.86


def beginnings(each: float) -> Callable[..., tuple[Floats, Floats]]:
    """Of all events, those that begin a journey: one of each, with `each` more on average."""

    def draw(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        journeys = visits(chance, shape, "unequal")
        return journeys, journeys + chance.poisson(each * journeys)

    return draw


def ends(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Of all visits, those that pay: at the end of 4 in 10 journeys, after a home page and some searches."""
    journeys = visits(chance, shape, "unequal")
    paid = chance.binomial(journeys, 0.4)
    return paid, journeys + chance.negative_binomial(journeys, 0.4) + paid


def turns(chance: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Actors take turns between two ways, and begin with either."""
    n = visits(chance, shape, "unequal")
    return (n + (chance.random(shape) < 0.5)) // 2, n


STEADY: dict[str, tuple[Callable[..., tuple[Floats, Floats]], float]] = {
    "beginnings of short journeys": (beginnings(1), 1 / 2),
    "beginnings of long journeys": (beginnings(4), 1 / 5),
    "ends of journeys": (ends, 0.4 / 2.9),
    "turns": (turns, 1 / 2),
}


def steady(name: str, seed: int, repeats: int, actors: int) -> dict[str, float]:
    """How often intervals of a share that varies less than coins hold it, ours and those of coins."""
    draw, truth = STEADY[name]
    k, n = draw(np.random.default_rng(seed), (repeats, actors))
    sums = k.sum(1), n.sum(1), (k * k).sum(1), (k * n).sum(1), (n * n).sum(1)
    found = {"ours": cluster_share(*sums), "coins": wilson(*sums[:2])}
    return {kind: float(np.mean((low <= truth) & (truth <= high))) for kind, (low, high) in found.items()}


@pytest.mark.parametrize("name", STEADY)
def test_shares_that_vary_less_than_coins_are_covered_no_more_than_promised(name: str) -> None:
    found = steady(name, 4, REPEATS, ACTORS)
    assert NARROWEST <= found["ours"] <= 0.97 < found["coins"], found


def test_few_actors_do_not_show_that_a_share_varies_less_than_coins() -> None:
    """Each comes four times and does it twice, but for one who does it three times."""
    widths = []
    for actors in (8, 40, 400):
        k, n = np.full(actors, 2), np.full(actors, 4)
        k[0] = 3
        sums = k.sum(), n.sum(), (k * k).sum(), (k * n).sum(), (n * n).sum()
        (low, high), (least, most) = cluster_share(*sums), wilson(*sums[:2])
        widths.append(float((high - low) / (most - least)))
    assert widths[0] > 0.5 and 0.1 < widths[1] < 0.4 and 0.02 < widths[2] < 0.1
    rare = cluster_share(1, 400, 1, 4, 100 * 16)  # one of a hundred did it once
    assert [float(b) for b in rare] == pytest.approx([float(b) for b in wilson(1, 400)], rel=0.15)


def test_a_trait_is_known_to_be_one_although_few_have_it() -> None:
    """The two who always do it came seldom, so the spread between actors hardly knows of them."""
    n = np.r_[np.full(98, 5), 2, 3]
    k = n * (np.arange(100) >= 98)
    _, high = cluster_share(k.sum(), n.sum(), (k * k).sum(), (k * n).sum(), (n * n).sum())
    actors = n.sum() ** 2 / (n * n).sum()
    assert float(high) == pytest.approx(float(wilson(k.sum() / n.sum() * actors, actors)[1]), rel=0.05)
    assert float(high) > 1.3 * float(wilson(k.sum(), n.sum())[1])
    alone = np.r_[np.full(99, 5), 1]  # nobody who did it came twice: actors count as one trial each
    k = alone * (np.arange(100) == 99)
    _, high = cluster_share(1, alone.sum(), 1, 1, (alone * alone).sum())
    assert float(high) > 0.03


def test_equal_values_have_no_interval_but_can_be_compared() -> None:
    """Ten actors with three waits of 2 s each."""
    even = (60.0, 30, 10 * 36.0, 10 * 18.0, 10 * 9)
    for positive in (False, True):
        assert np.isnan(cluster_mean(*even, positive=positive)).all()
        assert [float(b) for b in cluster_mean(*even, positive=positive, even=True)] == [2.0, 2.0]
    assert np.isnan(cluster_mean(6.0, 3, 36.0, 18.0, 9, even=True)).all()  # one actor is no sample
