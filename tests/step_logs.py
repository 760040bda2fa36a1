"""Random logs with all kinds of columns for the tests of steps, and the plain form their oracles read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Chunk, Number, Text
from journeylog.core.encode import encode
from journeylog.core.schema import OUTCOME_WORDS
from journeylog.core.window import Window

MINUTE = 60_000_000
NAMES = ["home", "Home", "home page", "cart", "cart*", "pay", "a?b", "axb", ""]
Row = dict[str, Any]
Case = tuple[str, list[int], str]  # actor, positions of its events, outcome

#: Ends in the middle of what the random logs hold, so that some cases are open and some over.
WINDOW = Window(0, 200 * MINUTE, declared=True)


@st.composite
def rows(draw: st.DrawFn, max_events: int = 16) -> list[Row]:
    """Draw events of a few actors; times are ties, near each other, or far apart."""
    n = draw(st.integers(0, max_events))
    step = st.sampled_from([0, 0, 1, MINUTE, 10 * MINUTE - 1, 10 * MINUTE, 10 * MINUTE + 1, 45 * MINUTE])
    time, found = draw(st.integers(0, 30)) * MINUTE, []
    for _ in range(n):
        time += draw(step)
        found.append(
            {
                "actor": draw(st.sampled_from(["ada", "bob", "7", "007"])),
                "event": draw(st.sampled_from(NAMES[:-1])),
                "time": time,
                "channel": draw(st.sampled_from(["web", "app", None])),
                "sid": draw(st.sampled_from(["s1", "s2", "s3", None])),
                "order": draw(st.sampled_from([1, 2, None])),
                "value": draw(st.sampled_from([0, 1_000_000, 1_500_000, -2_000_000, None])),
                "rate": draw(st.sampled_from([0.5, 2.0, None])),
                "at": draw(st.sampled_from([0, 86_400_000_000, None])),
                "note": draw(st.sampled_from(["", "web", "a long note", None])),
            }
        )
    return found


def make_chunk(events: list[Row]) -> Chunk:
    """Return the chunk of these events, in this input order."""

    def number(name: str, kind: Any, unit: str) -> Number:
        values = [e[name] for e in events]
        valid = np.array([v is not None for v in values], dtype=bool)
        return Number(np.array([v or 0 for v in values], dtype=kind), valid, unit)

    def texts(name: str) -> pa.Array:
        return pa.array([e[name] for e in events], type=pa.string())

    chunk, _ = build_chunk(
        texts("actor"),
        np.array([e["time"] for e in events], np.int64),
        {
            **{name: encode(texts(name)) for name in ("event", "channel", "sid")},
            "order": number("order", np.int64, ""),
            "value": number("value", np.int64, "micros"),
            "rate": number("rate", np.float64, ""),
            "at": number("at", np.int64, "time"),
            "note": Text(texts("note")),
        },
    )
    return chunk


def plain(chunk: Chunk) -> list[Row]:
    """Return the events of a chunk with the values of all its columns, actor by actor."""
    values = {"actor": np.array(chunk.actors.to_pylist(), dtype=object)[chunk.actor_of_event()].tolist()}
    values["time"] = chunk.time.tolist()
    for name, column in chunk.columns.items():
        if isinstance(column, Category):
            values[name] = [column.names[code] if code >= 0 else None for code in column.codes.tolist()]
        elif isinstance(column, Number):
            valid = np.ones(len(column.values), bool) if column.valid is None else column.valid
            values[name] = [
                v if ok else None for v, ok in zip(column.values.tolist(), valid.tolist(), strict=True)
            ]
        else:
            values[name] = column.values.to_pylist()
    return [{name: values[name][i] for name in values} for i in range(chunk.n_events)]


def cases(chunk: Chunk, name: str) -> list[Case]:
    """Return the cases of a level; their events are positions in the chunk."""
    level = chunk.cases(name)
    order = list(range(chunk.n_events)) if level.order is None else level.order.tolist()
    if level.order is not None:  # a rearrangement inside each actor, nothing else
        actor = chunk.actor_of_event()
        assert sorted(order) == list(range(chunk.n_events))
        assert (actor[level.order] == actor).all()
    actors = chunk.actors.to_pylist()
    owner = level.actor_of_case().tolist()
    assert len(level.actor_offsets) == chunk.n_actors + 1 and level.actor_offsets[-1] == len(level)
    return [
        (actors[owner[k]], order[b:e], OUTCOME_WORDS[how])
        for k, (b, e, how) in enumerate(
            zip(level.begin.tolist(), level.end.tolist(), level.outcome.tolist(), strict=True)
        )
    ]


def everything(chunk: Chunk) -> dict[str, Any]:
    """Return all that a chunk says, by actor, free of how it is coded: equal chunks give equal values."""
    events = plain(chunk)
    begins = chunk.offsets.tolist()
    out: dict[str, Any] = {}
    for a, actor in enumerate(chunk.actors.to_pylist()):
        out[actor] = {"events": events[begins[a] : begins[a + 1]]}
        for name, level in chunk.levels.items():
            mine = [
                ([k - begins[a] for k in where], how)
                for who, where, how in cases(chunk, name)
                if who == actor
            ]
            out[actor][name] = (mine, level.patience)
    return out
