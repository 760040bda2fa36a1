"""Simulated customers who come often and have habits: the truth is known, and naive intervals are too narrow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Number
from journeylog.core.encode import encode
from journeylog.core.log import EventLog

MEDIAN_S, OWN, EACH = 3600.0, 0.5, 0.5
#: True mean of a wait in seconds, and of an amount; medians are MEDIAN_S and 50.
MEAN_S = MEDIAN_S * float(np.exp((OWN**2 + EACH**2) / 2))
MEAN_MONEY = 50.0 * float(np.exp((OWN**2 + EACH**2) / 2))
P90_S = MEDIAN_S * float(np.exp(1.2815515655446004 * np.hypot(OWN, EACH)))
SHARE = 0.4


class Customers(NamedTuple):
    """Visits of customers: whose, how long the wait, how much was paid, and whether a help page was met."""

    actor: Any
    wait_s: Any
    paid: Any
    helped: Any


def customers(seed: int, n_actors: int) -> Customers:
    """Draw visits: a customer's waits, amounts and ways are alike, and some come much more often."""
    chance = np.random.default_rng(seed)
    n = 1 + chance.poisson(chance.gamma(1.5, 3.0, n_actors))
    actor = np.repeat(np.arange(n_actors), n)
    slow, rich = chance.normal(0, OWN, (2, n_actors))
    wait_s = MEDIAN_S * np.exp(slow[actor] + chance.normal(0, EACH, len(actor)))
    paid = 50.0 * np.exp(rich[actor] + chance.normal(0, EACH, len(actor)))
    helped = chance.random(len(actor)) < chance.beta(2 * SHARE, 2 * (1 - SHARE), n_actors)[actor]
    return Customers(actor, wait_s, paid, helped)


def habit_log(seed: int, n_actors: int) -> tuple[EventLog, Customers]:
    """Return the log of these visits: ask, (help or wait) and pay, a day apart."""
    drawn = customers(seed, n_actors)
    n = len(drawn.actor)
    start = np.arange(n, dtype=np.int64) * 86_400_000_000
    end = start + np.rint(drawn.wait_s * 1e6).astype(np.int64)
    time = np.concatenate((start, end, end + 60_000_000))
    names = np.concatenate((["ask"] * n, ["answer"] * n, np.where(drawn.helped, "help", "pay")))
    micros = np.concatenate((np.zeros(2 * n), np.rint(drawn.paid * 1e6))).astype(np.int64)
    valid = np.arange(3 * n) >= 2 * n
    actor = [f"u{a:06d}" for a in np.tile(drawn.actor, 3)]
    order = np.lexsort((time, np.tile(drawn.actor, 3)))
    chunk, _ = build_chunk(
        pa.array([actor[i] for i in order]),
        time[order],
        {
            "event": encode(pa.array(names[order].tolist())),
            "value": Number(micros[order], valid[order], "micros"),
        },
    )
    window = jl.Window(0, int(time.max()) + 10 * 86_400_000_000, declared=True)
    log = EventLog.from_chunk(chunk, window).then(jl.Sessions(gap="12h"))
    return log, drawn
