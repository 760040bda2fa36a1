"""Intervals of large logs whose customers differ: as wide as what the log's parts, or logs drawn anew, differ by.

No formula is asked and no truth is needed: many parts of customers are estimated apart, and the spread of these
estimates, less by the root of the number of parts, is the error of the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import journeylog as jl
from journeylog.core.source import Memory
from journeylog.persona.profile import Profile
from tests.cities import city, prepared
from tests.test_coverage_statistics import AMOUNTS, bounded

Rows = dict[tuple[Any, ...], tuple[float, float, float]]
A, B = ("1970-01-01", "1970-03-01"), ("1970-03-01", "1970-05-01")
#: Half a width by its standard error.
REACH = 2 * 1.959964
#: The bins of times are this wide.
BIN = 1 / 128

ASKED: dict[str, Any] = {
    "Transitions": jl.Transitions(time="wait", intervals=True),
    "DropOff": jl.DropOff(),
    "Funnel": jl.Funnel(["home", "cart", "pay"], case="session"),
    "Describe": jl.Describe(),
    "Values": jl.Values(),
    "Model": jl.Model(node="event"),
    "TimeTo": jl.TimeTo("pay", start="cart", case="session"),
    "TimeTo, what comes next": jl.TimeTo(start="cart"),
    "Satisfaction": jl.Satisfaction(within="2d", node="event"),
    "Touchpoints": jl.Touchpoints(of="channel", stage="event"),
    "Personas": Profile(by="region", touchpoint="event", channel="channel"),
    "Ledger": jl.Ledger(node="event", baseline="20min", expected=0.2),
}
COMPARED: dict[str, Any] = {
    "Transitions": jl.Transitions(),
    "Funnel": jl.Funnel(["home", "cart", "pay"], case="session"),
    "DropOff": jl.DropOff(),
    "TimeTo": jl.TimeTo("pay", start="cart", case="session"),
    "Retention": jl.Retention(),
    "Bottlenecks": jl.Bottlenecks(),
}
#: What a small part cannot tell as a large log does: by few alike, by a choice, by what is learned from the others.
BY_SIZE: dict[str, Any] = {
    "Moments": jl.Moments("pay", "2d"),
    "Moments, adjusted": jl.Moments("pay", "2d", adjust=["channel"]),
    "MemoryTest": jl.MemoryTest(),
}
Task = Callable[[jl.EventLog], Any]


def tasks(*sides: str) -> dict[str, Task]:
    """Return what is asked of a log: all statistics, and comparisons of these sides."""
    found: dict[str, Task] = {
        name: lambda log, q=question: log.compute(q) for name, question in ASKED.items()
    }
    apart: dict[str, dict[str, Any]] = {
        "periods": {"a": A, "b": B},
        "regions": {"by": "region", "a": "north", "b": "south"},
        "channels": {"by": "channel", "a": "web", "b": "app"},
    }
    for side in sides:
        for name, question in COMPARED.items():
            found[f"{side}: {name}"] = lambda log, q=question, how=apart[side]: jl.compare(
                log, q, **how, min_n=1
            )
    return found


def usual(result: Any) -> Rows:
    """Return the numbers with bounds that are neither amounts of this very log nor of what hardly ever happens."""
    found = bounded(result)
    return {
        key: row
        for key, row in found.items()
        if not (
            key[0] in ("waiting", "curve")
            or key[1] in (*AMOUNTS, "observed")
            or (key[1] == "difference" and "time_median_s" in key)  # their ratio tells it in bins
            or "survey" in key  # hardly any journey goes on from there, or comes there but from the end
            or (key[1].endswith(("rate", "share")) and not 0.03 <= row[0] <= 0.97)
        )
    }


def wide(log: jl.EventLog, n_parts: int, asked: dict[str, Task]) -> dict[str, dict[tuple[Any, ...], float]]:
    """Return how many times as wide as they need be the intervals of a log are."""
    cuts = np.linspace(0, log.n_actors, n_parts + 1).astype(int).tolist()
    parts = [
        prepared(replace(log, source=Memory((log.chunk.slice(begin, end),)))) for begin, end in pairwise(cuts)
    ]
    whole, out = prepared(log), dict[str, dict[tuple[Any, ...], float]]()
    for name, task in asked.items():
        seen = [usual(task(part)) for part in parts]
        ratios = {}
        for key, (value, low, high) in usual(task(whole)).items():
            told = [rows[key][0] for rows in seen if key in rows]
            if len(told) < 0.9 * n_parts:
                continue
            error = float(np.std(told, ddof=1) / np.sqrt(n_parts))
            in_bins = "median" in str(key) or "p90" in str(key)
            if error > (BIN * abs(value) if in_bins else 0.0):  # bounds of quantiles end where a bin does
                ratios[key] = ((high - low) - in_bins * BIN * abs(value)) / REACH / error
        out[name] = ratios
    return out


def judged(
    found: dict[str, dict[tuple[Any, ...], float]], middles: tuple[float, float], single: tuple[float, float]
) -> dict[str, float]:
    """Return what is wrong: statistics whose intervals are too narrow or too wide as a whole, and single numbers."""
    wrong = {}
    for name, ratios in found.items():
        middle = float(np.median(list(ratios.values())))
        if not middles[0] <= middle <= middles[1]:
            wrong[name] = middle
        wrong |= {
            f"{name} {key}": ratio for key, ratio in ratios.items() if not single[0] <= ratio <= single[1]
        }
    return wrong


def test_intervals_of_a_large_log_are_as_wide_as_its_parts_differ() -> None:
    found = wide(city(1, 40_000), 40, tasks("periods"))
    assert {name for name, ratios in found.items() if not ratios} == set()
    assert sum(map(len, found.values())) > 200
    assert judged(found, (0.8, 1.3), (0.6, 1.6)) == {}


@pytest.mark.slow
def test_intervals_of_a_hundred_thousand_customers_are_as_wide_as_its_parts_differ() -> None:
    found = wide(city(2, 100_000), 100, tasks("periods", "regions", "channels"))
    assert judged(found, (0.85, 1.2), (0.7, 1.45)) == {}
    middle = {name: float(np.median(list(ratios.values()))) for name, ratios in found.items()}
    assert 0.95 <= np.mean(list(middle.values())) <= 1.1, middle


@pytest.mark.slow
def test_intervals_of_large_logs_drawn_anew_are_as_wide_as_these_differ() -> None:
    """Statistics that a small part cannot tell as a large log does are held against other large logs."""
    n = 60
    logs = [prepared(city(100 + seed, 20_000)) for seed in range(n)]
    found: dict[str, dict[tuple[Any, ...], float]] = {}
    held = []
    for name, question in BY_SIZE.items():
        rows = defaultdict[tuple[Any, ...], list[tuple[float, float, float]]](list)
        for log in logs:
            for key, row in usual(log.compute(question)).items():
                rows[key].append(row)
        found[name] = {}
        for key, told in rows.items():
            value, low, high = np.array(told).T
            if len(told) > 0.9 * n and value.std() > 0:
                found[name][key] = float(np.median(high - low) / REACH / value.std(ddof=1))
                held.append(np.mean((low <= value.mean()) & (value.mean() <= high)))
    assert sum(map(len, found.values())) > 60
    assert judged(found, (0.85, 1.2), (0.7, 1.45)) == {}
    assert 0.93 <= np.mean(held) <= 0.98, held
