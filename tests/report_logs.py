"""Logs that try to break a page."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.encode import encode

SECOND = 1_000_000

#: Names that would act as markup, link, template, formula or control if they were not taken as text.
HOSTILE = [
    "</script><script>window.__xss=1;alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "{{7*7}}",
    "${7*7}",
    "{% include 'x' %}",
    '<a href="https://evil.example">Pay</a>',
    "%{customdata[0]}",
    "<extra>",
    "a > b",
    "a → b",
    "line\nbreak",
    "\x1b[2J red",
    "\u202egnp.exe",
    "   ",
    "x" * 1000,
    "=1+1",
    "start",
    "(dropped off)",
    "🛒",
    "e" + "\u0301" * 50,
    "javascript:alert(1)",
    "<!--<script>",
    "a\u2028b",
    "a\x00b",
]


def make_log(rows: list[tuple[str, str, int]]) -> jl.EventLog:
    """Return a log of (actor, event, seconds), all on one channel."""
    chunk, _ = build_chunk(
        pa.array([row[0] for row in rows], pa.string()),
        np.array([row[2] * SECOND for row in rows], np.int64),
        {
            "event": encode(pa.array([row[1] for row in rows], pa.string())),
            "channel": encode(pa.array(["web" for _ in rows], pa.string())),
        },
    )
    return jl.EventLog.from_chunk(chunk)


def hostile_log(n_actors: int = 60, seed: int = 3) -> jl.EventLog:
    """Return journeys through hostile names, by actors whose ids are markup too."""
    chance = random.Random(seed)
    rows = []
    for k in range(n_actors):
        now = 1_735_689_600 + chance.randrange(20 * 86_400)
        for _ in range(chance.randint(1, 9)):
            name = HOSTILE[min(int(chance.expovariate(0.25)), len(HOSTILE) - 1)]
            rows.append((f"<b>customer {k}</b>", name, now))
            now += int(chance.expovariate(1 / 20_000)) + 1
    return make_log(rows)
