"""Random logs for the laws, and the plain form oracles read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Chunk, Level, Number
from journeylog.core.encode import encode
from journeylog.core.log import EventLog
from journeylog.core.schema import DROPPED, OPEN, OUTCOME_WORDS, REACHED, UNDECLARED
from journeylog.core.window import Window

#: Names that try to meet the synthetic nodes or the separators a careless program would join with.
NAMES = ["a", "b", "c", "start", "(end)", "a > b", "dropped"]
STAGES = ["see", "think", "do"]
SECOND = 1_000_000


@dataclass(frozen=True)
class Event:
    """One event as an oracle sees it."""

    actor: str
    event: str
    time: int
    stage: str | None
    channel: str | None
    score: float | None = None
    value: int = 0


@dataclass(frozen=True)
class Case:
    """One case as an oracle sees it: its events in order and how it ended."""

    actor: str
    events: list[Event]
    outcome: str


@st.composite
def rows(draw: st.DrawFn, distinct_times: bool = False, max_events: int = 40) -> list[Event]:
    """Draw events of a few actors; times repeat unless `distinct_times`."""
    n = draw(st.integers(0, max_events))
    if distinct_times:
        times = draw(st.lists(st.integers(0, 5000), min_size=n, max_size=n, unique=True))
    else:
        times = draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))
    return [
        Event(
            draw(st.sampled_from(["ada", "bob", "cy", "dee", "007", "7"])),
            draw(st.sampled_from(NAMES)),
            t * draw(st.sampled_from([SECOND, SECOND, 61 * SECOND])),
            draw(st.sampled_from([*STAGES, None])),
            draw(st.sampled_from(["web", "app", None])),
            draw(st.sampled_from([None, None, -1.0, 0.0, 0.2, 1.0])),
            draw(st.sampled_from([0, 0, 20, -3])),
        )
        for t in times
    ]


def make_log(events: list[Event], window: Window | None = None) -> EventLog:
    """Return the log of these events in this input order, with a stage and a channel column."""
    if not events:
        chunk = empty()
    else:
        stage = np.array([STAGES.index(e.stage) if e.stage is not None else -1 for e in events], np.int32)
        chunk, _ = build_chunk(
            pa.array([e.actor for e in events]),
            np.array([e.time for e in events], np.int64),
            {
                "event": encode(pa.array([e.event for e in events])),
                "stage": Category(stage, pa.array(STAGES), ordered=True),
                "channel": encode(pa.array([e.channel for e in events], type=pa.string())),
                "value": Number(np.array([e.value for e in events], np.int64) * SECOND, None, "micros"),
                "score": Number(
                    np.array([e.score or 0.0 for e in events]),
                    np.array([e.score is not None for e in events]),
                ),
            },
        )
    return EventLog.from_chunk(chunk, window or Window(0, 70 * 61 * SECOND))


def empty() -> Chunk:
    """Return the chunk without events but with all columns."""
    chunk, _ = build_chunk(
        pa.array([], type=pa.string()),
        np.zeros(0, np.int64),
        {
            "event": encode(pa.array([], type=pa.string())),
            "stage": Category(np.zeros(0, np.int32), pa.array(STAGES), ordered=True),
            "channel": encode(pa.array([], type=pa.string())),
            "value": Number(np.zeros(0, np.int64), None, "micros"),
            "score": Number(np.zeros(0), np.zeros(0, bool)),
        },
    )
    return chunk


def with_cases(chunk: Chunk, cuts: list[int], outcomes: list[int], patience: int) -> Chunk:
    """Return the chunk with a journey level cut at pseudo-random places, with every kind of outcome."""
    begin, end, offsets = [], [], [0]
    for a in range(chunk.n_actors):
        first, last = int(chunk.offsets[a]), int(chunk.offsets[a + 1])
        marks = sorted({first, last, *(first + c % (last - first) for c in cuts)})
        begin += marks[:-1]
        end += marks[1:]
        offsets.append(len(begin))
    how = [(REACHED, DROPPED, OPEN)[outcomes[i % len(outcomes)] % 3] for i in range(len(begin))]
    level = Level(
        np.array(offsets),
        np.array(begin, np.int64),
        np.array(end, np.int64),
        np.array(how, np.int32),
        None,
        patience,
    )
    return chunk.with_level("journey", level)


def case_shapes(*patiences: int) -> st.SearchStrategy[tuple[list[int], list[int], int]]:
    """Draw what :func:`with_cases` takes: where cases are cut, how they end, and one of these patiences."""
    return st.tuples(
        st.lists(st.integers(0, 1000), max_size=4),
        st.lists(st.integers(0, 2), min_size=1, max_size=5),
        st.sampled_from([UNDECLARED, 20 * SECOND, 900 * SECOND, *patiences]),
    )


def plain(chunk: Chunk) -> list[Event]:
    """Return the events of a chunk actor by actor, in order."""
    actors = [
        a for a, n in zip(chunk.actors.to_pylist(), np.diff(chunk.offsets), strict=True) for _ in range(n)
    ]
    columns = {}
    for name in ("event", "stage", "channel"):
        column = chunk.category(name)
        columns[name] = [column.names[c] if c >= 0 else None for c in column.codes.tolist()]
    return [
        Event(a, e, t, s, c, score, value)
        for a, e, t, s, c, score, value in zip(
            actors, columns["event"], chunk.time.tolist(), columns["stage"], columns["channel"], scores_of(chunk),
            values_of(chunk), strict=True,
        )
    ]  # fmt: skip


def scores_of(chunk: Chunk) -> list[float | None]:
    """Return the scores of a chunk's events."""
    column = chunk.columns.get("score")
    if not isinstance(column, Number) or column.valid is None:
        return [None] * chunk.n_events
    return [
        value if there else None
        for value, there in zip(column.values.tolist(), column.valid.tolist(), strict=True)
    ]


def values_of(chunk: Chunk) -> list[int]:
    """Return the amounts of a chunk's events in whole units."""
    column = chunk.columns.get("value")
    if not isinstance(column, Number) or column.unit != "micros":
        return [0] * chunk.n_events
    return [value // SECOND for value in column.values.tolist()]


def plain_cases(chunk: Chunk, case: str) -> list[Case]:
    """Return the cases of a level."""
    level = chunk.cases(case)
    events = plain(chunk)
    owner = level.actor_of_case().tolist()
    actors = chunk.actors.to_pylist()
    order = list(range(len(events))) if level.order is None else level.order.tolist()
    return [
        Case(actors[owner[i]], [events[order[k]] for k in range(b, e)], OUTCOME_WORDS[o])
        for i, (b, e, o) in enumerate(
            zip(level.begin.tolist(), level.end.tolist(), level.outcome.tolist(), strict=True)
        )
    ]


def patience_of(chunk: Chunk, case: str) -> int | None:
    """Return the level's patience in microseconds, None when undeclared."""
    patience = chunk.cases(case).patience
    return None if patience == UNDECLARED else patience


def to_records(table: Any) -> list[dict[str, Any]]:
    """Return a result table as a list of dicts with None for missing."""
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(k): v for k, v in row.items()} for row in records]
