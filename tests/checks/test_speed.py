"""What a check costs: the figures of docs/checks.md."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Column, Number, Text


def large_log(n: int) -> jl.EventLog:
    """Return a log of three sources with arrival times, half a million URLs, amounts and event ids."""
    rng = np.random.default_rng(0)
    time_us = np.sort(rng.integers(0, 120 * 86_400_000, n)) * 1000 + 1_735_689_600_000_000
    actors = pa.array([f"user-{i}" for i in range(n // 20)])
    urls = pa.array([f"/shop/item/{i}?ref=mail&c={i * 7919 % 1000003}" for i in range(n // 20)])
    names = pa.array([f"event_{chr(97 + i % 26)}{'xy'[i // 26]}" for i in range(40)])
    columns: dict[str, Column] = {
        "event": Category(rng.integers(0, 40, n).astype(np.int32), names),
        "source": Category(rng.integers(0, 3, n).astype(np.int32), pa.array(["app", "crm", "web"])),
        "received": Number(time_us + rng.exponential(5e5, n).astype(np.int64), None, "time"),
        "url": Category(rng.integers(0, len(urls), n).astype(np.int32), urls),
        "value": Number(rng.integers(0, 10**8, n), rng.random(n) < 0.1, "micros"),
        "currency": Category(np.zeros(n, np.int32), pa.array(["EUR"])),
        "event_id": Text(pa.array(np.char.mod("%016x", np.arange(n)).tolist())),
    }  # fmt: skip
    who = Category(rng.integers(0, len(actors), n).astype(np.int32), actors)
    return jl.EventLog.from_chunk(build_chunk(who, time_us, columns)[0])


def seconds(n: int) -> float:
    log = large_log(n)
    jl.check(log.sample(100))  # compiles
    began = time.process_time()
    assert jl.check(log, now="2025-06-01", fail_on="info").ok
    return time.process_time() - began


def test_a_check_of_200_000_events_takes_no_time() -> None:
    assert seconds(200_000) < 3


@pytest.mark.slow
def test_ten_million_events_take_a_few_seconds() -> None:
    assert seconds(10_000_000) < 10
