"""``python -m benchmarks.costs``: what each statistic costs on a loaded log, as a multiple of the plain transition count.

The log is the plain one of the other benchmarks, cut into journeys (goal, patience), with four stages, a segment for each
actor, an amount on every event of the goal and a score on one event in fifty. The plain count (transitions with counts
and mean times) is taken before and after each statistic, in the same process; the ratio is that of the middle values.
The target is at most 5, for the bootstrap with 200 replicates at most 60.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

import journeylog as jl
from benchmarks.logs import logs
from journeylog.core.chunk import Category, Number
from journeylog.core.source import Memory

FULL = 10_000_000
LIMIT, BOOTSTRAP_LIMIT = 5.0, 60.0
GOAL, RARE, PAY = "event 0009", "event 0039", "event 0009"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    log = make(options.rows)
    plain = jl.Transitions(quantiles=False)
    over = 0
    print(f"{log.n_events:,} events, {log.n_actors:,} actors; times of the plain count")
    for name, (limit, task) in tasks(log).items():
        if options.only and not any(word in name for word in options.only):
            continue
        ratio, base = measured(lambda task=task: task(log), lambda: log.compute(plain), options.rounds)
        over += ratio > limit
        print(
            f"  {name:<44} {ratio:6.2f}{'  OVER' if ratio > limit else ''}   (plain {base:.3f} s)", flush=True
        )
    return 1 if over and options.rows >= FULL else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    made.add_argument("--rows", type=int, default=FULL)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--only", nargs="*", default=[])
    return made


def make(rows: int) -> Any:
    """Return the loaded log with journeys, segments, amounts and scores."""
    log = jl.read(logs(["plain"], [rows])[-1].make(), actor="actor", event="event", time="time")
    chunk = log.chunk
    draw = np.random.default_rng(7)
    segment = draw.integers(0, 4, chunk.n_actors).astype(np.int32)[chunk.actor_of_event()]
    codes = chunk.event.codes
    paid = codes == chunk.event.names.index(PAY)
    value = np.where(paid, draw.integers(1, 200, chunk.n_events) * 1_000_000, 0)
    scored = draw.random(chunk.n_events) < 0.02
    score = np.where(scored, np.clip(draw.normal(0.2, 0.5, chunk.n_events), -1, 1), 0.0)
    chunk = chunk.with_columns(
        stage=Category(codes // 10, pa.array(["find", "look", "try", "stay"])),
        segment=Category(segment, pa.array(list("abcd"))),
        value=Number(value.astype(np.int64), paid, "micros"),
        score=Number(score, scored),
    )
    return replace(log, source=Memory((chunk,))).then(jl.Journeys(goal=GOAL, patience="14d"))


def tasks(log: Any) -> dict[str, tuple[float, Callable[[Any], Any]]]:
    """Return what is measured: its limit and the call."""
    start, end = int(log.chunk.time.min()), int(log.chunk.time.max())
    first, middle, last = (str(np.datetime64(t, "us"))[:10] for t in (start, (start + end) // 2, end))
    asked: dict[str, Any] = {
        "Transitions()": jl.Transitions(),
        "Transitions(intervals=True)": jl.Transitions(intervals=True),
        "DropOff()": jl.DropOff(),
        "TimeTo over journeys": jl.TimeTo("event 0005", start="event 0001"),
        "TimeTo, what comes next": jl.TimeTo(start="event 0001"),
        "Values": jl.Values(),
        "Retention": jl.Retention(),
        "Moments, common goal": jl.Moments(GOAL, "7d"),
        "Moments, rare goal": jl.Moments(RARE, "7d"),
        "Bottlenecks": jl.Bottlenecks(),
        "Ledger": jl.Ledger(),
        "Opportunities by segment": jl.Opportunities(by="segment"),
        "Model": jl.Model(),
        "MemoryTest": jl.MemoryTest(),
        "Prediction": jl.Prediction(within="7d"),
        "Satisfaction": jl.Satisfaction(within="1d"),
        "Touchpoints": jl.Touchpoints(),
    }
    found: dict[str, tuple[float, Callable[[Any], Any]]] = {
        name: (LIMIT, lambda log, stat=stat: log.compute(stat)) for name, stat in asked.items()
    }
    found["patience='auto'"] = (LIMIT, lambda log: log.then(jl.Journeys(goal=GOAL, patience="auto")))
    sessions = log.then(jl.Sessions())
    found["TimeTo over sessions"] = (
        LIMIT,
        lambda _: sessions.compute(jl.TimeTo("event 0005", start="event 0001", case="session")),
    )
    for name, stat in {
        "Transitions": jl.Transitions(quantiles=False),
        "Funnel": jl.Funnel(["event 0000", "event 0001", "event 0002"], within="7d"),
        "DropOff": jl.DropOff(),
        "TimeTo": jl.TimeTo("event 0005", start="event 0001"),
        "Retention": jl.Retention(),
        "Bottlenecks": jl.Bottlenecks(),
    }.items():
        found[f"compare two groups: {name}"] = (
            LIMIT,
            lambda log, stat=stat: jl.compare(log, stat, by="segment", a="a", b="b"),
        )
        found[f"compare two periods: {name}"] = (
            LIMIT,
            lambda log, stat=stat: jl.compare(log, stat, a=(first, middle), b=(middle, last)),
        )
    found["Bootstrap of Transitions, 200"] = (
        BOOTSTRAP_LIMIT,
        lambda log: log.compute(jl.Bootstrap(jl.Transitions(quantiles=False), replicates=200)),
    )
    found["Bootstrap of Transitions with medians, 200"] = (
        BOOTSTRAP_LIMIT,
        lambda log: log.compute(jl.Bootstrap(jl.Transitions(), replicates=200)),
    )
    return found


def measured(task: Callable[[], Any], plain: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the ratio of a task's time to the plain count's, and the latter."""
    task(), plain()
    ours, base = [], []
    for _ in range(rounds):
        base.append(seconds(plain))
        ours.append(seconds(task))
        base.append(seconds(plain))
    return statistics.median(ours) / statistics.median(base), statistics.median(base)


def seconds(task: Callable[[], Any]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
