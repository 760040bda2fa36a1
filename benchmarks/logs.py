"""The event logs that are measured: seeded, made once, kept as Parquet under ``benchmarks/cache``.

A file has three columns and nothing else: ``actor`` (text), ``event`` (text) and ``time`` (UTC, whole
milliseconds). Its rows lie as an export writes them: in the order of arrival, which is nearly the order of
time and never the order of actors. The position of a row in the file is the order of events with equal times.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]

VERSION = 1  # part of the file name: a change of the generator must not meet an old file
CACHE = Path(__file__).parent / "cache"
START_MS = 1_704_067_200_000  # 2024-01-01 UTC
SPAN_MS = 180 * 86_400_000
NEW_SESSION = 0.16
EQUAL_TIME = 0.01
LATE = 0.01

FUNNEL = ("event 0002", "event 0005", "event 0009")
FUNNEL_DAYS = 7
GAP_MINUTES = 30


@dataclass(frozen=True)
class Log:
    """One log to measure: its size, its number of event names and its number of actors."""

    shape: str
    events: int
    actors: int
    names: int

    @property
    def label(self) -> str:
        """Short name, such as ``plain-10M``."""
        for unit, letter in ((1_000_000, "M"), (1_000, "k")):
            if self.events >= unit and self.events % unit == 0:
                return f"{self.shape}-{self.events // unit}{letter}"
        return f"{self.shape}-{self.events}"

    @property
    def path(self) -> Path:
        """Where the log is kept."""
        return CACHE / f"v{VERSION}-{self.shape}-{self.events}.parquet"

    def make(self) -> Path:
        """Write the log unless it is there; a file cut short never takes its name."""
        if not self.path.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            part = self.path.with_suffix(".part")
            pq.write_table(table(self), part)
            part.rename(self.path)
        return self.path


def logs(shapes: list[str], events: list[int]) -> list[Log]:
    """Give the logs of the wished shapes and sizes, the smallest first."""
    found = []
    for shape in shapes:
        if shape == "single":
            largest = min(max(events), 1_000_000)
            found += [Log("single", size, 1, 5_000) for size in (largest // 10, largest)]
        else:
            names = 40 if shape == "plain" else 5_000
            found += [Log(shape, size, max(size // 20, 1), names) for size in sorted(events)]
    return found


def table(log: Log) -> pa.Table:
    """Draw the events of a log and lay them out in the order of arrival."""
    rng = np.random.default_rng([VERSION, log.events, log.actors, log.names])
    actor = np.repeat(np.arange(log.actors), events_per_actor(rng, log))
    time = event_times(rng, actor)
    event = rng.choice(log.names, size=log.events, p=skewed(log.names))
    arrival = time + delays(rng, log.events)
    order = np.argsort(arrival, kind="stable")
    ids = rng.permutation(log.actors)  # else the order of ids would tell the size of an actor
    return pa.table(
        {
            "actor": texts(ids[actor[order]], [f"u{mixed(i):016x}" for i in range(log.actors)]),
            "event": texts(event[order], [f"event {i:04d}" for i in range(log.names)]),
            "time": pa.array(time[order] * 1_000).cast(pa.timestamp("us", tz="UTC")),
        }
    )


def skewed(count: int) -> npt.NDArray[np.float64]:
    """Zipf shares: the first name is by far the most frequent."""
    weight = np.arange(1, count + 1, dtype=np.float64) ** -1.1
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def events_per_actor(rng: np.random.Generator, log: Log) -> Ints:
    """One event for everybody, the rest by log-normal weights: many small actors, few very busy ones."""
    weight = rng.lognormal(0.0, 1.2, log.actors)
    return 1 + rng.multinomial(log.events - log.actors, weight / weight.sum())


def event_times(rng: np.random.Generator, actor: Ints) -> Ints:
    """Visits of a few minutes, spread over half a year; some neighbours share one millisecond."""
    count = len(actor)
    begins = rng.random(count) < NEW_SESSION
    begins[0] = True
    begins[1:] |= actor[1:] != actor[:-1]
    visit = np.cumsum(begins) - 1
    gap = np.where(rng.random(count) < EQUAL_TIME, 0.0, 1 + rng.exponential(60_000, count)).astype(np.int64)
    elapsed = np.cumsum(gap)
    within = elapsed - elapsed[begins][visit]
    start = START_MS + rng.integers(0, SPAN_MS, visit[-1] + 1)
    return np.asarray(start[visit] + within, dtype=np.int64)


def delays(rng: np.random.Generator, count: int) -> Ints:
    """Milliseconds between an event and its row: two seconds, for one row in a hundred up to an hour."""
    late = np.where(rng.random(count) < LATE, rng.integers(0, 3_600_000, count), 0)
    usual = rng.exponential(2_000, count)
    return np.asarray(usual + late, dtype=np.int64)


def mixed(number: int) -> int:
    """Spread a number over 64 bits, each number to its own place (an odd factor is invertible)."""
    return (number * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64


def texts(codes: Ints, names: list[str]) -> pa.Array:
    """Turn codes into a plain text column."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names)).cast(pa.string())
