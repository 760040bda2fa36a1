"""The plain chain: its truth is recovered, and clustering matters exactly when actors have habits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylog.datasets import Wait, simulate_chain
from tests.test_simulate import far_off, with_next


def test_chain_truth_is_recovered() -> None:
    nodes, matrix = ["a", "b", "c"], [[0.1, 0.6, 0.1], [0.2, 0, 0.5], [0, 0.25, 0]]
    waits = {(x, y): Wait.lognormal(60 * (i + 1), 90 * (i + 1)) for i, x in enumerate(nodes) for y in nodes}
    chain = simulate_chain(20_000, nodes, matrix, waits, reached=[0, 0, 0.5], start=[0.7, 0.3, 0], seed=9)
    steps = with_next(chain.events)
    counts = steps.groupby(["event", "next"]).size()
    n = steps.groupby("event").size()
    for i, x in enumerate(nodes):
        for j, y in enumerate(nodes):
            assert chain.truth.probability(x, y) == matrix[i][j]
            assert far_off(int(counts.get((x, y), 0)), int(n[x]), matrix[i][j]) < 4.5
    ends = chain.truth.outcomes.groupby(["last_node", "state"]).size()
    assert far_off(int(ends["c", "dropped"]), int(n["c"]), chain.truth.hazard("c")) < 4.5
    assert far_off(int(ends["c", "reached"]), int(n["c"]), 0.5) < 4.5
    assert ("a", "reached") not in ends.index
    wait = steps[(steps["event"] == "b") & (steps["next"] == "c")]["wait"]
    assert float(wait.mean()) == pytest.approx(chain.truth.mean_wait_s("b", "c"), rel=0.03)
    assert float(wait.median()) == pytest.approx(120, rel=0.04)


def test_visits_follow_one_another() -> None:
    chain = simulate_chain(500, ["a", "b"], [[0, 0.5], [0, 0]], seed=1, visits=3.0)
    outcomes = chain.truth.outcomes
    assert outcomes.groupby("actor").size().mean() == pytest.approx(3, abs=0.3)
    events = chain.events
    assert (events.groupby("actor")["time"].diff().dropna() > pd.Timedelta(0)).all()
    assert (events.groupby("actor")["visit"].diff().dropna().isin([0, 1])).all()
    assert (events.drop_duplicates(["actor", "visit"])["event"] == "a").all()
    assert len(events.drop_duplicates(["actor", "visit"])) == len(outcomes)


def covered(heterogeneity: float, repetitions: int = 300) -> tuple[float, float]:
    """Return how often the naive and the clustered 95 % interval of P(b after a) hold the truth."""
    naive = clustered = 0
    for seed in range(repetitions):
        chain = simulate_chain(
            150, ["a", "b"], [[0, 0.4], [0, 0]], seed=seed, visits=5.0, heterogeneity=heterogeneity
        )
        actor = pd.factorize(chain.events["actor"])[0]
        is_b = (chain.events["event"] == "b").to_numpy()
        k, n = np.bincount(actor, is_b), np.bincount(actor, ~is_b)
        p = k.sum() / n.sum()
        naive += abs(p - 0.4) < 1.96 * math.sqrt(p * (1 - p) / n.sum())
        clustered += abs(p - 0.4) < 1.96 * math.sqrt(float(((k - p * n) ** 2).sum())) / n.sum()
    return naive / repetitions, clustered / repetitions


def test_heterogeneity_breaks_naive_intervals_and_not_clustered_ones() -> None:
    naive, clustered = covered(0.5)
    assert naive < 0.80
    assert 0.92 <= clustered <= 0.98
    naive, clustered = covered(0.0)
    assert 0.92 <= naive <= 0.98
    assert 0.92 <= clustered <= 0.98


@pytest.mark.parametrize(
    "wait", [Wait.lognormal(60, 200), Wait.gamma(300, 0.5), Wait.gamma(10), Wait.lognormal(5, 5)]
)
def test_median_of_a_wait(wait: Wait) -> None:
    chain = simulate_chain(20_000, ["a", "b"], [[0, 1], [0, 0]], wait, seed=3)
    seconds = with_next(chain.events)["wait"].dropna()
    assert float(seconds.mean()) == pytest.approx(wait.mean_s, rel=0.05)
    assert float(seconds.median()) == pytest.approx(wait.median_s, rel=0.04)


def test_cut_chain_is_the_start_of_the_uncut_one() -> None:
    args = (400, ["a", "b", "c"], [[0, 0.8, 0], [0.3, 0, 0.5], [0, 0, 0]])
    waits = Wait.gamma(mean_s=5 * 86_400, shape=2)
    whole = simulate_chain(*args, waits, seed=2)
    cut = simulate_chain(*args, waits, seed=2, window_days=30)
    assert cut.truth.end == cut.truth.start + pd.Timedelta(days=30)
    inside = whole.events[whole.events["time"] <= cut.truth.end]
    pd.testing.assert_frame_equal(cut.events, inside.reset_index(drop=True))
    unfinished = set(whole.events.loc[whole.events["time"] > cut.truth.end, "actor"])
    is_open = cut.truth.outcomes["state"] == "open"
    assert set(cut.truth.outcomes.loc[is_open, "actor"]) == unfinished
    assert 50 < len(unfinished) < 350
    finished = cut.truth.outcomes[~is_open].merge(whole.truth.outcomes, on=["actor", "visit"])
    assert (finished["state_x"] == finished["state_y"]).all()
