"""Every statistic with intervals, asked of one simulated town: how often each interval holds what a large town says.

Customers come several times, have habits, a pace and a purse of their own, and live in the north or the south, where
more are lost. The fast run looks at all intervals together, the long one at each statistic alone.
"""

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
from journeylog.core.chunk import Category, Number
from journeylog.core.schema import SECOND
from journeylog.core.window import Window
from journeylog.persona.profile import Profile

NODES = ["home", "search", "cart", "help", "pay"]
#: Mean shares of the ways on from home, search, cart and help: to a node, and to nowhere.
WAYS = np.array(
    [
        [0.00, 0.45, 0.20, 0.15, 0.00, 0.20],
        [0.15, 0.00, 0.50, 0.10, 0.00, 0.25],
        [0.05, 0.10, 0.00, 0.15, 0.50, 0.20],
        [0.10, 0.25, 0.25, 0.00, 0.10, 0.30],
    ]
)
ACTORS, LARGE = 300, 30_000
JOURNEY = 3 * 86_400

#: What is asked, and which columns that have bounds are amounts of this very log and nothing to be recovered.
QUESTIONS: dict[str, Any] = {
    "Outcomes": jl.Outcomes(),
    "Reaching": jl.Reaching(),
    "Variants": jl.Variants(top=6),
    "StepMatrix": jl.StepMatrix(steps=4),
    "Funnel": jl.Funnel(["home", "cart", "pay"]),
    "Transitions": jl.Transitions(time="wait", intervals=True),
    "DropOff": jl.DropOff(),
    "Bottlenecks": jl.Bottlenecks(),
    "Describe": jl.Describe(),
    "Model": jl.Model(),
    "Values": jl.Values(),
    "Ledger": jl.Ledger(node="event", baseline="20min", expected=0.2),
    "Touchpoints": jl.Touchpoints(of="channel", stage="event"),
    "PainPoints": jl.PainPoints({"asked for help": "help"}, stage="event", baseline="20min"),
    "Conformance": jl.Conformance([{"before": ["search", "cart"]}, {"within": ["cart", "pay", "15min"]}]),
    "SegmentLoss": jl.SegmentLoss(by="region", min_n=20),
    "Personas": Profile(by="region", touchpoint="event", channel="channel"),
}
AMOUNTS = ("amount", "excess", "money_at_risk", "cost")


def town(seed: int, n: int) -> jl.EventLog:
    """Return the log of `n` customers."""
    chance = np.random.default_rng(seed)
    journeys = 1 + chance.poisson(2, n)
    who = np.repeat(np.arange(n), journeys)
    south = chance.random(n) < 0.4
    more = np.where(south, 1.5, 1.0)[:, None, None]
    mean = WAYS * np.where(np.arange(6) == 5, more, 1.0)
    own = chance.standard_gamma(np.maximum(6 * mean, 1e-9))
    ways = np.cumsum(own / own.sum(2, keepdims=True), axis=2)
    pace, purse = chance.normal(0, 0.5, n), chance.normal(3, 0.5, n)
    app = chance.random(len(who)) < chance.beta(2, 3, n)[who]
    node, alive = np.zeros(len(who), np.int64), np.ones(len(who), bool)
    first = np.cumsum(journeys) - journeys
    number = np.arange(len(who)) - first[who]
    at = number * 7 * 86_400.0 + chance.uniform(0, 86_400, n)[who]
    rows = []
    for _ in range(12):
        rows.append((np.flatnonzero(alive), node[alive].copy(), at[alive].copy()))
        going = alive & (node < 4)
        step = (ways[who, np.minimum(node, 3)] < chance.random(len(who))[:, None]).sum(1)
        alive = going & (step < 5)
        node = np.where(alive, step, node)
        at = at + 600 * np.exp(pace[who] + chance.normal(0, 0.7, len(who)))
    case, what, when = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.lexsort((when, who[case]))
    case, what, when = case[order], what[order], when[order]
    paid = np.exp(purse[who[case]] + chance.normal(0, 0.4, len(case)))
    chunk, _ = build_chunk(
        pa.array([f"u{i:06d}" for i in who[case]]),
        (when * SECOND).astype(np.int64),
        {
            "event": Category(what.astype(np.int32), pa.array(NODES)),
            "region": Category(south[who[case]].astype(np.int32), pa.array(["north", "south"])),
            "channel": Category(app[case].astype(np.int32), pa.array(["web", "app"])),
            "value": Number(np.where(what == 4, paid * 1e6, 0).astype(np.int64), what == 4, "micros"),
        },
    )
    window = Window(0, int(200 * 86_400 * SECOND), declared=True)
    return jl.EventLog.from_chunk(chunk, window).then(jl.Journeys(goal="pay", patience="2d", of="stretch"))


def bounded(result: Any) -> dict[tuple[Any, ...], tuple[float, float, float]]:
    """Return every number of a result's tables that has bounds, with them, by what it is of."""
    found = {}
    for name, table in {"table": result.table, **result.tables}.items():
        words = [
            c for c in table.columns if pd.api.types.is_string_dtype(table[c]) or table[c].dtype == object
        ]
        words += [c for c in ("position", "step") if c in table]
        for column in table.columns:
            stem, unit = (column[:-2], "_s") if column.endswith("_s") else (column, "")
            low, high = f"{stem}_low{unit}", f"{stem}_high{unit}"
            if low not in table or column in AMOUNTS:
                continue
            for row in table.to_dict("records"):
                if np.isfinite(row[low]) and np.isfinite(row[high]):
                    key = (name, column, *(str(row[word]) for word in words))
                    found[key] = (row[column], row[low], row[high])
    return found


@functools.cache
def truth() -> dict[str, dict[tuple[Any, ...], float]]:
    """What a large town says; of shares those that are neither rare nor nearly all."""
    log = town(1, LARGE)
    out = {}
    for name, question in QUESTIONS.items():
        numbers = {key: row[0] for key, row in bounded(log.compute(question)).items()}
        out[name] = {key: value for key, value in numbers.items() if _usual(key, value)}
    return out


def _usual(key: tuple[Any, ...], value: float) -> bool:
    """Return whether it is a number, and no share that is rare or nearly all."""
    share = key[1].endswith(("rate", "share"))
    return bool(np.isfinite(value)) and (not share or 0.03 <= value <= 0.97)


def covered(repeats: int, seed: int) -> dict[str, dict[tuple[Any, ...], float]]:
    """How often each interval holds the truth, of those that most towns have."""
    hits: dict[tuple[str, tuple[Any, ...]], list[bool]] = defaultdict(list)
    for k in range(repeats):
        results = town(seed + k, ACTORS).compute(*QUESTIONS.values())
        for name, result in zip(QUESTIONS, results, strict=True):
            known = truth()[name]
            for key, (_, low, high) in bounded(result).items():
                if key in known:
                    hits[name, key].append(low <= known[key] <= high)
    out: dict[str, dict[tuple[Any, ...], float]] = defaultdict(dict)
    for (name, key), found in hits.items():
        if len(found) >= 0.9 * repeats:
            out[name][key] = float(np.mean(found))
    return out


def means_of(found: dict[str, dict[tuple[Any, ...], float]]) -> dict[str, float]:
    """Return the mean coverage by statistic."""
    return {name: float(np.mean(list(shares.values()))) for name, shares in found.items()}


def test_intervals_of_all_statistics_hold_what_a_large_log_says() -> None:
    found = covered(16, 1000)
    means = means_of(found)
    assert means.keys() == QUESTIONS.keys()
    assert sum(map(len, found.values())) > 200
    assert 0.93 <= np.mean(list(means.values())) <= 0.97, means
    assert min(means.values()) >= 0.85, means  # sixteen towns: the long run is stricter


@pytest.mark.slow
def test_intervals_of_each_statistic_hold_what_a_large_log_says() -> None:
    repeats = 500
    found = covered(repeats, 50_000)
    means = means_of(found)
    assert {name: mean for name, mean in means.items() if not 0.93 <= mean <= 0.97} == {}
    error = 5 * np.sqrt(0.05 * 0.95 / repeats)  # what a right one may miss, many being looked at
    alone = {(n, k): s for n, shares in found.items() for k, s in shares.items()}
    assert {name: share for name, share in alone.items() if share < 0.95 - error} == {}
