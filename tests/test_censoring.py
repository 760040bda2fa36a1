"""What bends rates when time is short: each case here gave a wrong number once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.encode import encode
from journeylog.core.intervals import cluster_share
from journeylog.core.log import EventLog

SECOND = 1_000_000
DAY = 86_400 * SECOND


def log_of(rows: list[tuple[str, str, float]], end_days: float) -> EventLog:
    """Return a log of (actor, event, days since the window's start)."""
    chunk, _ = build_chunk(
        pa.array([r[0] for r in rows], type=pa.string()),
        np.array([round(r[2] * DAY) for r in rows], np.int64),
        {"event": encode(pa.array([r[1] for r in rows], type=pa.string()))},
    )
    return EventLog.from_chunk(chunk, jl.Window(0, round(end_days * DAY), declared=True))


def test_events_of_no_node_do_not_bend_the_rate() -> None:
    """All get a newsletter at the end; 40 of 100 bought. The mail keeps nobody in the cart."""
    rows: list[tuple[str, str, float]] = [(f"u{i}", "cart", i / 1e4) for i in range(100)]
    rows += [(f"u{i}", "pay", 1 + i / 1e4) for i in range(40)]
    rows += [(f"u{i}", "newsletter", 50 + i / 1e4) for i in range(100)]
    log = log_of(rows, 52).then(
        jl.Stages({"cart": "cart", "buy": "pay"}), jl.Journeys(goal="pay", patience="7d")
    )
    cart = log.compute(jl.DropOff()).table.iloc[0]
    assert cart["continue_rate"] == pytest.approx(0.4) and cart["n_dropped"] == 60


@pytest.mark.parametrize("days", [30, 120, 720])
def test_the_drop_rate_does_not_depend_on_how_long_the_window_goes_on(days: int) -> None:
    """Half come back, after 20 days in the median; within 7 days only few do, whatever the window."""
    chance = np.random.default_rng(days)
    rows: list[tuple[str, str, float]] = []
    for i in range(3000):
        at = chance.uniform(0, days)
        while at < days:
            rows.append((f"u{i}", "visit", at))
            if chance.random() < 0.5:
                break
            at += 20 * np.exp(0.6 * chance.normal())
    within = 0.5 * 0.5 * (1 + np.vectorize(__import__("math").erf)(np.log(7 / 20) / 0.6 / np.sqrt(2)))
    drop = log_of(rows, days).then(jl.Journeys(patience="7d")).compute(jl.DropOff()).table.iloc[0]
    assert drop["drop_rate_low"] - 0.01 <= 1 - within <= drop["drop_rate_high"] + 0.01
    assert drop["n_late"] > 0


def test_waits_are_not_shortened_by_the_window_s_end() -> None:
    """Waits are uniform over 0 to 10 days; the mean is 5 however short the window."""
    chance = np.random.default_rng(1)
    for days in (20, 60):
        begin = chance.uniform(0, days, 8000)
        rows = [(f"u{i}", "a", t) for i, t in enumerate(begin)]
        rows += [
            (f"u{i}", "b", t + w)
            for i, (t, w) in enumerate(zip(begin, chance.uniform(0, 10, 8000), strict=True))
            if t + w < days
        ]
        log = log_of(rows, days).then(jl.Journeys(patience="10d"))
        moves, slow = log.compute(jl.Transitions(), jl.Bottlenecks())
        row = moves.table[(moves.table["from"] == "a") & (moves.table["to"] == "b")].iloc[0]
        assert row["time_mean_s"] / 86_400 == pytest.approx(5, abs=0.15)
        edge = slow.edges.iloc[0]
        assert edge["time_median_low_s"] <= 5 * 86_400 <= edge["time_median_high_s"]


def test_between_comes_before_sessions_and_journeys() -> None:
    log = log_of([("a", "home", 0), ("a", "pay", 50), ("b", "home", 1)], 60)
    with pytest.raises(jl.errors.ConfigError, match="window first"):
        log.then(jl.Journeys(goal="pay", patience="5d")).between("1970-01-01", "1970-01-31")
    with pytest.warns(jl.errors.UnseenNameWarning, match="pay"):
        early = log.between("1970-01-01", "1970-01-31").then(jl.Journeys(goal="pay", patience="5d"))
    assert early.compute(jl.DropOff()).table["n_reached"].sum() == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_by_survives_a_quiet_day_and_invents_no_group(threads: int) -> None:
    rows = [("a", "go", 0.1), ("a", "x", 0.2), ("b", "x", 0.3)]
    log = log_of(rows, 1)
    half = log.then(jl.Journeys(start="go", patience="1h"))
    questions: list[Any] = [jl.Transitions(), jl.DropOff(), jl.Bottlenecks(), jl.Funnel(["go", "x"])]
    for result in half.compute(*questions, by="event", threads=threads):
        assert list(result) == ["go"]
    for empty in (
        log_of([], 1),
        log.then(jl.Drop("*"), jl.Journeys(patience="1h")),
    ):
        for grouped, plain in zip(
            empty.compute(*questions, by="event"), empty.compute(*questions), strict=True
        ):
            assert list(grouped.table.columns) == ["event", *plain.table.columns]
            assert len(grouped.table) == 0 and len(grouped) == 0


def test_excess_over_a_declared_baseline_is_exact() -> None:
    rows = [(f"u{i}", name, at) for i in range(100) for name, at in (("a", 0.5), ("b", 7.5))]
    table = log_of(rows, 30).compute(jl.Bottlenecks(baseline="7d")).table
    assert table["excess_s"].tolist() == [0.0] * len(table)
    assert log_of(rows, 30).compute(jl.Bottlenecks(baseline="6d")).edges["excess_s"].tolist() == [8_640_000.0]


def test_one_giant_actor_does_not_make_an_interval_sure() -> None:
    """99 actors with 5 visits and one with 2,000: the share is about what the giant does."""
    chance = np.random.default_rng(7)
    covered = naive = 0
    for _ in range(400):
        own = chance.beta(2, 2, 100)
        n = np.array([5] * 99 + [2000])
        k = chance.binomial(n, own)
        low, high = cluster_share(k.sum(), n.sum(), (k * k).sum(), (k * n).sum(), (n * n).sum())
        covered += bool(low <= 0.5 <= high)
        naive += abs(k.sum() / n.sum() - 0.5) < 0.02
    assert covered / 400 > 0.93 and naive / 400 < 0.2


def test_a_share_without_any_spread_does_not_hang_on_rounding() -> None:
    widths = []
    for n in range(40, 60):
        low, high = cluster_share(12, 12 * n, 12, 12 * n, 12 * n * n)  # 12 actors, one of n each
        widths.append(float(high - low) * n)
    assert max(widths) < 1.3 * min(widths)


def test_the_matrix_keeps_names_apart_and_the_unknown_unknown() -> None:
    graph = log_of([("a", "(start)", 0), ("a", "x", 0.1), ("b", "x", 0.9)], 1)
    result = graph.then(jl.Journeys(patience="12h")).compute(jl.Transitions())
    matrix = result.matrix("n")
    assert matrix.loc[("start", "start"), ("node", "(start)")] == 1
    assert matrix.loc[("node", "(start)"), ("node", "x")] == 1
    assert np.isnan(result.matrix("time_mean_s").loc[("start", "start"), ("node", "x")])
