"""Small seeded logs for the tests of figures: stages in order, many names, and names nobody would wish for."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

import journeylog as jl
from journeylog.core.build import build_chunk, empty_chunk
from journeylog.core.chunk import Category, Level, Number
from journeylog.core.encode import encode
from journeylog.core.log import EventLog
from journeylog.core.schema import DROPPED, OPEN, REACHED

DAY = 86_400_000_000
STAGES = ("Awareness", "Consideration", "Purchase", "After purchase")
UGLY = (
    "home",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '<a href="https://evil.example">Pay</a>',
    "%{customdata[0]} %{x:.2f} <extra>",
    "a very long name " * 12,
    "مرحبا بالعالم \u202eصفحة",
    "👩‍👩‍👧‍👦 family 🎉 cart",
    "line one\nline two\ttab",
    "$a^2$ costs $5",
    "",
    " ",
    "{{7*7}}",
    "&amp; &quot; & <b>bold</b><br>",
    "/checkout/step/payment/method?x=1",
    "/checkout/step/payment/method?x=2",
    "(start)",
    "dropped",
    "nul\x00 and \x1b[2J",
)
KINDS = {
    "transitions": [
        {"kind": "sankey"},
        {"kind": "graph"},
        *({"kind": "heatmap", "values": v} for v in ("rate", "n", "time")),
    ],
    "dropoff": [{}],
    "bottlenecks": [{"part": "edge"}, {"part": "node"}],
    "funnel": [{}],
    "variants": [{}],
    "steps": [{"kind": "sankey"}, {"kind": "heatmap"}],
    "anchored": [{"kind": "sankey"}, {"kind": "heatmap"}],
    "describe": [{}],
    "outcomes": [{}],
    "retention": [{"kind": "curve"}, {"kind": "heatmap"}],
    "timeto": [{}],
    "satisfaction": [{}],
    "ledger": [{}],
    "moments": [{"part": "node"}, {"part": "transition"}],
    "touchpoints": [{}],
    "conformance": [{}],
    "pains": [{}],
    "map": [{}],
    "values": [{}],
    "bootstrap": [{}],
    "model": [{}],
    "memory": [{}],
    "prediction": [{}],
    "opportunities": [{"part": "stage"}, {"part": "edge"}],
    "segmentloss": [{}],
    "reaching": [{}],
    "dwell": [{}],
    "voice": [{}],
    "acquisition": [{}],
    "again": [{}],
}


@cache
def log_of(names: tuple[str, ...], n_actors: int = 300, goal: int = 2) -> EventLog:
    """Return journeys that wander mostly onward through the names; some reach the goal, drop, or stay open."""
    if not names:
        none = np.zeros(0, np.int64)
        none_yet = {"stage": Category(np.zeros(0, np.int32), pa.array([], pa.string()), True)}
        chunk = empty_chunk(
            {**none_yet, "score": Number(np.zeros(0)), "value": Number(np.zeros(0, np.int64), None, "micros")}
        )
        return EventLog.from_chunk(chunk.with_level("journey", Level(np.zeros(1), none, none, none)))
    rng = np.random.default_rng(7)
    actor, time, code, outcome = [], [], [], []
    for who in range(n_actors):
        at, now = rng.integers(0, 60 * DAY), int(rng.integers(0, max(1, len(names) // 2)))
        while True:
            actor.append(f"a{who:04d}")
            time.append(int(at))
            code.append(now)
            if now == goal and rng.random() < 0.6:
                outcome.append(REACHED)
                break
            if rng.random() < 0.2:
                outcome.append(DROPPED if at < 40 * DAY else OPEN)
                break
            at += int(rng.integers(1, 20)) * 60_000_000 * (1 + 9 * (now == 1))
            now = int(np.clip(now + rng.choice([-1, 0, 1, 1, 2]), 0, len(names) - 1))
    stage = Category(np.array(code, np.int32), pa.array(names), ordered=True)
    event = Category(stage.codes, stage.labels)
    chunk, _ = build_chunk(
        encode(pa.array(actor)),
        np.array(time, np.int64),
        {"event": event, "stage": stage, "score": _scores(code), "value": _amounts(code)},
    )
    cases = Level(
        np.arange(n_actors + 1), chunk.offsets[:-1], chunk.offsets[1:], np.array(outcome), None, 20 * DAY
    )
    return EventLog.from_chunk(chunk.with_level("journey", cases))


def _scores(code: list[int]) -> Number:
    """Return answers from 0 to 10 with every fourth event, lower the further on."""
    at = np.arange(len(code))
    return Number(np.clip((at * 7 % 11) / 5 - 0.6 - np.array(code) / 10, -1, 1), at % 4 == 0)


def _amounts(code: list[int]) -> Number:
    """Return amounts with every third event, at some names refunds."""
    at = np.arange(len(code))
    micros = (at * 37 % 1000 + 1) * 12_345_678 * np.where(np.array(code) % 5 == 1, -1, 40)
    return Number(micros.astype(np.int64), at % 3 == 0, "micros")


@cache
def results_of(names: tuple[str, ...], node: str = "event") -> dict[str, Any]:
    """Return one result of each statistic that has a figure."""
    log = log_of(names)
    steps = list(names[:4]) if names else ["a", "b"]
    anchor = names[2] if names else "a"
    answers = log.compute(
        jl.Transitions(node=node),
        jl.DropOff(node=node),
        jl.Bottlenecks(node=node),
        jl.Funnel([{"event": name} for name in steps], within="1d"),
        jl.Variants(node=node),
        jl.StepMatrix(node=node, steps=6),
        jl.StepMatrix(node=node, anchor={"event": anchor}, before=2, after=3),
        jl.Describe(),
        jl.Outcomes(),
        jl.Retention("10min", 6),
        jl.TimeTo(node=node),
        jl.Satisfaction(node=node, own=True, scale="nps"),
        jl.Ledger(node=node),
        jl.Moments(None, "1d", node=node, min_n=5),
        jl.Touchpoints(),
        jl.Conformance(
            [
                {
                    "before": [{"event": {"is": steps[0]}}, {"event": {"is": steps[1]}}],
                    "name": "<b>first</b> " * 9,
                },
                {"never": {"event": {"is": steps[1]}}, "name": steps[1]},
            ]
        ),
        jl.PainPoints({"a <b>pain</b>": "*"}),
        jl.JourneyMap(),
        jl.Values(node=node),
        jl.Bootstrap(jl.Outcomes(), 40, columns="share"),
        jl.Model(node=node),
        jl.MemoryTest(node=node),
        jl.Prediction(node=node, within="2d"),
        jl.Opportunities(by="event", node=node, min_n=2),
        jl.SegmentLoss(by="event", node=node, min_n=2),
        jl.Reaching(node=node),
        jl.Dwell(node=node),
        jl.Voice(node=node, own=True, text="event"),
        jl.Acquisition(dict.fromkeys(steps, 100.0), by="event", currency="EUR"),
        jl.Again({"event": {"is": anchor}}, within="5d"),
    )
    return dict(zip(KINDS, answers, strict=True))


def metas(figure: Any, *keys: str) -> list[dict[str, Any]]:
    """Return the plain data kept with the traces that have these keys."""
    return [t.meta for t in figure.data if isinstance(t.meta, dict) and set(keys) <= set(t.meta)]


def many(n: int) -> tuple[str, ...]:
    """Return plain names, as many as asked."""
    return tuple(f"page {i}" for i in range(n))
