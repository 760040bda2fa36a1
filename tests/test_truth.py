"""On simulated customers with known parameters, rates are unbiased and 95 % intervals cover 93 to 97 times in 100."""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.encode import encode
from journeylog.core.intervals import wilson
from journeylog.core.log import EventLog
from journeylog.datasets import Wait, simulate_chain

NODES = ["home", "search", "cart", "pay"]
# home, search and cart come again; a drop-out is what is missing to 1
CYCLES = [[0, 0.55, 0.15, 0], [0.20, 0, 0.50, 0], [0, 0.15, 0, 0.60], [0, 0, 0, 0]]
STRAIGHT = [[0, 0.60, 0.20, 0], [0, 0, 0.70, 0], [0, 0, 0, 0.65], [0, 0, 0, 0]]
GOAL = [0, 0, 0, 1.0]
SLOW = Wait(1.5 * 86400.0, 0.7)  # a day and a half between events: the window's end cuts many journeys
REPEATS = 300

Covered = dict[str, dict[str, list[float]]]


def chain_log(simulation: Any) -> EventLog:
    """Return the log of a simulated chain over its true window."""
    events = simulation.events
    micros = lambda stamp: (stamp - pd.Timestamp(0, tz="UTC")) // pd.Timedelta("1us")  # noqa: E731
    chunk, _ = build_chunk(
        pa.array(events["actor"].tolist(), type=pa.string()),
        events["time"].dt.as_unit("us").astype("int64").to_numpy(),
        {"event": encode(pa.array(events["event"].tolist(), type=pa.string()))},
    )
    end = simulation.truth.end if simulation.truth.end is not None else events["time"].max()
    return EventLog.from_chunk(chunk, jl.Window(micros(simulation.truth.start), micros(end), declared=True))


def note(found: Covered, name: str, low: float, high: float, rate: float, truth: float) -> None:
    if np.isfinite(rate):
        found[name]["covered"].append(low <= truth <= high)
        found[name]["error"].append(rate - truth)


@functools.cache
def repeated_windows() -> Covered:
    """Rates over actors with one journey each, many of them cut by the window's end."""
    found: Covered = defaultdict(lambda: defaultdict(list))
    for seed in range(REPEATS):
        simulation = simulate_chain(400, NODES, CYCLES, SLOW, reached=GOAL, seed=seed, window_days=60)
        log = chain_log(simulation).then(jl.Journeys(goal="pay", patience="20d"))
        moves, drops = log.compute(jl.Transitions(quantiles=False), jl.DropOff())
        for row in moves.table.to_dict("records"):
            if row["from_kind"] == row["to_kind"] == "node":
                truth = simulation.truth.probability(row["from"], row["to"])
                note(
                    found, f"{row['from']}>{row['to']}", row["rate_low"], row["rate_high"], row["rate"], truth
                )
        for row in drops.table.to_dict("records"):
            if row["node"] == "pay":
                continue
            truth = simulation.truth.hazard(row["node"])
            note(
                found,
                f"drop {row['node']}",
                row["drop_rate_low"],
                row["drop_rate_high"],
                row["drop_rate"],
                truth,
            )
            note(
                found,
                f"stay {row['node']}",
                row["continue_rate_low"],
                row["continue_rate_high"],
                row["continue_rate"],
                1 - truth,
            )
            naive = row["n_dropped"] + row["n_open"]
            found[f"naive {row['node']}"]["error"].append(naive / row["n_entered"] - truth)
    return found


@functools.cache
def repeated_visits() -> Covered:
    """Rates over sessions of actors who come often and have habits: binomial intervals are too narrow there."""
    found: Covered = defaultdict(lambda: defaultdict(list))
    for seed in range(REPEATS):
        simulation = simulate_chain(
            80, NODES, STRAIGHT, Wait(600.0, 0.5), reached=GOAL, seed=seed, visits=8, heterogeneity=0.35
        )
        log = chain_log(simulation).then(jl.Journeys(patience="12h", of="stretch"))
        for row in log.compute(jl.Transitions(quantiles=False)).table.to_dict("records"):
            if row["from_kind"] == row["to_kind"] == "node":
                truth = simulation.truth.probability(row["from"], row["to"])
                note(found, "clustered", row["rate_low"], row["rate_high"], row["rate"], truth)
                low, high = wilson(row["n_followed"], row["n_from_followed"])
                note(found, "naive", float(low), float(high), row["rate"], truth)
    return found


def test_shares_are_recovered_without_bias_although_the_window_cuts() -> None:
    for name, values in repeated_windows().items():
        if name.startswith("naive"):
            continue
        error = np.array(values["error"])
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error)), name


def test_counting_open_journeys_as_lost_is_biased_upwards() -> None:
    for node in ("home", "search", "cart"):
        error = np.array(repeated_windows()[f"naive {node}"]["error"])
        assert error.mean() > 8 * error.std() / np.sqrt(len(error))


@pytest.mark.parametrize("kind", ["drop", "stay", ">"])
def test_intervals_of_shares_cover_the_truth(kind: str) -> None:
    covered = [c for name, values in repeated_windows().items() if kind in name for c in values["covered"]]
    assert len(covered) >= 3 * REPEATS
    assert 0.93 <= np.mean(covered) <= 0.97


def test_clustered_intervals_cover_where_naive_ones_fail() -> None:
    found = repeated_visits()
    assert 0.93 <= np.mean(found["clustered"]["covered"]) <= 0.97
    assert np.mean(found["naive"]["covered"]) < 0.90
    error = np.array(found["clustered"]["error"])
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))


def test_waits_are_recovered() -> None:
    simulation = simulate_chain(40_000, NODES, STRAIGHT, {
        ("home", "search"): Wait(60.0, 0.5), ("home", "cart"): Wait(600.0, 0.5),
        ("search", "cart"): Wait(3600.0, 0.8), ("cart", "pay"): Wait(86400.0, 0.3),
    }, reached=GOAL, seed=3)  # fmt: skip
    table = chain_log(simulation).compute(jl.Transitions()).table
    for row in table[(table["from_kind"] == "node") & (table["to_kind"] == "node")].to_dict("records"):
        assert row["time_mean_s"] == pytest.approx(
            simulation.truth.mean_wait_s(row["from"], row["to"]), rel=0.05
        )


def test_the_slow_step_ranks_first() -> None:
    waits = {(a, b): Wait(300.0, 0.5) for a in NODES for b in NODES}
    waits["search", "cart"] = Wait(4 * 86400.0, 0.5)
    for seed in range(20):
        simulation = simulate_chain(300, NODES, STRAIGHT, waits, reached=GOAL, seed=seed)
        first = chain_log(simulation).compute(jl.Bottlenecks()).edges.iloc[0]
        assert (first["from"], first["to"]) == ("search", "cart")
