"""A simulated city whose loyal half comes often, buys more, leaves less, is quicker and happier than all others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Number
from journeylog.core.schema import SECOND
from journeylog.core.window import Window
from tests.test_coverage_statistics import NODES, WAYS

__all__ = ["city", "prepared"]

DAY, DAYS, MOST = 86_400.0, 120, 12


def city(seed: int, n: int) -> jl.EventLog:
    """Return the events of `n` customers in 120 days; half of them, the loyal ones, come up to twelve times."""
    chance = np.random.default_rng(seed)
    loyal = chance.random(n) < 0.5
    journeys = np.minimum(1 + np.where(loyal, chance.poisson(chance.gamma(1.5, 3, n)), 0), MOST)
    who = np.repeat(np.arange(n), journeys)
    south = chance.random(n) < np.where(loyal, 0.3, 0.5)
    more = (np.where(south, 1.3, 1.0) * np.where(loyal, 0.5, 1.5))[:, None, None]
    buys = np.where(loyal, 2.0, 0.4)[:, None, None]
    mean = WAYS * np.where(np.arange(6) == 5, more, 1.0) * np.where(np.arange(6) == 4, buys, 1.0)
    own = chance.standard_gamma(np.maximum(6 * mean, 1e-9))
    ways = np.cumsum(own / own.sum(2, keepdims=True), axis=2)
    pace, purse = chance.normal(-0.4 * loyal, 0.5, n), chance.normal(3 + 0.5 * loyal, 0.5, n)
    happy = chance.normal(0.3 * loyal, 0.2, n)
    app = chance.random(len(who)) < chance.beta(2 + 2 * loyal, 3, n)[who]
    node, alive = np.zeros(len(who), np.int64), np.ones(len(who), bool)
    number = np.arange(len(who)) - (np.cumsum(journeys) - journeys)[who]
    at = (chance.integers(0, 60, n)[who] + number * 7) * DAY + chance.uniform(0, DAY / 4, len(who))
    rows = []
    for _ in range(12):
        rows.append((np.flatnonzero(alive), node[alive].copy(), at[alive].copy()))
        going = alive & (node < 4)
        step = (ways[who, np.minimum(node, 3)] < chance.random(len(who))[:, None]).sum(1)
        alive = going & (step < 5)
        node = np.where(alive, step, node)
        at = at + 3600 * np.exp(pace[who] + chance.normal(0, 0.7, len(who)))
    rated = np.flatnonzero((node == 4) & (chance.random(len(who)) < 0.15 + 0.3 * loyal[who]))
    rows.append((rated, np.full(len(rated), 5), at[rated] + DAY * chance.exponential(0.5, len(rated))))
    case, what, when = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.lexsort((when, who[case]))
    case, what, when = (column[order][when[order] < DAYS * DAY] for column in (case, what, when))
    paid = np.exp(purse[who[case]] + chance.normal(0, 0.4, len(case)))
    score = np.clip(np.round(2 * (happy[who[case]] + chance.normal(0.2, 0.4, len(case)))) / 2, -1, 1)
    chunk, _ = build_chunk(
        pa.array([f"u{i:06d}" for i in who[case]]),
        (when * SECOND).astype(np.int64),
        {
            "event": Category(what.astype(np.int32), pa.array([*NODES, "survey"])),
            "region": Category(south[who[case]].astype(np.int32), pa.array(["north", "south"])),
            "channel": Category(app[case].astype(np.int32), pa.array(["web", "app"])),
            "value": Number(np.where(what == 4, paid * 1e6, 0).astype(np.int64), what == 4, "micros"),
            "score": Number(np.where(what == 5, score, 0.0), what == 5),
        },
    )
    return jl.EventLog.from_chunk(chunk, Window(0, int(DAYS * DAY * SECOND), declared=True))


def prepared(log: jl.EventLog) -> jl.EventLog:
    """Return it in sessions, and in journeys to the payment."""
    return log.then(jl.Sessions(gap="2d"), jl.Journeys(goal="pay", patience="2d", of="stretch"))
