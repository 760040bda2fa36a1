"""Several sources as one log, under one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.build import build_chunk
from journeylog.core.card import Card
from journeylog.core.chunk import Category, Chunk, Column, Text
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.errors import ConfigError, nearest
from journeylog.ingest.gather import category, join_column, join_text

__all__ = ["combine"]

Ints = npt.NDArray[np.int64]


def combine(*logs: EventLog, precedence: Sequence[str] = ()) -> EventLog:
    """Join the events of several logs by actor and time.

    Parameters
    ----------
    *logs : EventLog
        Without levels: sessions and journeys are made afterwards. Their actor ids must mean the same people.
    precedence : sequence of str, optional
        Names in the ``source`` column. At equal times of one actor, events of an earlier name come first;
        sources that are not listed come after, in the order of the logs. Without it the order of the logs
        decides, and inside a log its own order.

    Returns
    -------
    EventLog
        All columns of all logs; what a log has not is missing. The window is the smallest that holds all. The
        card adds up what became of the rows, and shows it for each log.

    Raises
    ------
    ConfigError
        If there is nothing to combine, a log has levels, or a name in `precedence` is no source.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> same = {"who": ["ada"], "when": ["2025-01-01 12:00"]}
    >>> web = jl.read(pd.DataFrame({**same, "what": ["pay"]}), actor="who", event="what", time="when", tz="UTC",
    ...               source=jl.constant("web"))
    >>> crm = jl.read(pd.DataFrame(same), actor="who", event=jl.constant("won"), time="when", tz="UTC",
    ...               source=jl.constant("crm"))
    >>> jl.combine(web, crm, precedence=["crm", "web"]).to_pandas()["event"].tolist()
    ['won', 'pay']
    """
    if not logs:
        raise ConfigError("nothing to combine. Fix: pass at least one log")
    for i, log in enumerate(logs, 1):
        if not isinstance(log, EventLog):
            raise ConfigError(f"argument {i} is {type(log).__name__}, no log. Fix: read it with jl.read(...)")
        if log.chunk.levels:
            raise ConfigError(
                f"log {i} has levels {list(log.chunk.levels)}, which would be cut. Fix: combine first, then log.then(...)"
            )
    chunks = [log.chunk for log in logs]
    actor = category([_actors(chunk) for chunk in chunks])
    time = np.concatenate([chunk.time for chunk in chunks])
    columns = _columns(chunks)
    chunk, n_tied = build_chunk(actor, time, columns, [_place(chunks, precedence)])
    filled = [log for log in logs if log.n_events] or list(logs[:1])
    window = filled[0].window
    for log in filled[1:]:
        window = window.union(log.window)
    rejects = [log.rejects for log in logs if log.rejects is not None]
    return EventLog(
        Memory((chunk,)),
        window,
        _card(logs, n_tied, precedence),
        pa.concat_tables(rejects) if rejects else None,
    )


def _actors(chunk: Chunk) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(chunk.actor_of_event().astype(np.int32)), chunk.actors)


def _columns(chunks: Sequence[Chunk]) -> dict[str, Column]:
    """Return the columns of all logs over all events."""
    names = dict.fromkeys(name for chunk in chunks for name in chunk.columns)
    lengths = [chunk.n_events for chunk in chunks]
    joined: dict[str, Column] = {}
    for name in names:
        found = [chunk.columns.get(name) for chunk in chunks]
        if any(isinstance(column, Text) for column in found):
            texts = [
                pa.nulls(n, pa.string()) if c is None else c.to_arrow()
                for c, n in zip(found, lengths, strict=True)
            ]
            joined[name] = join_text(texts)
        else:
            parts: list[Any] = [c.to_arrow() if isinstance(c, Category) else c for c in found]
            joined[name] = join_column(parts, lengths, numeric=False, blank_is_missing=False)
    return joined


def _place(chunks: Sequence[Chunk], precedence: Sequence[str]) -> Ints:
    """Return for each event the place of its source."""
    known = [_sources(chunk) for chunk in chunks]
    names = {name for source in known if source is not None for name in source.names}
    for name in precedence:
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {sorted(names)}"
            raise ConfigError(f"precedence: no event has the source {name!r}. Fix: {hint}")
    places = []
    for i, (chunk, source) in enumerate(zip(chunks, known, strict=True)):
        after = len(precedence) + i
        if source is None:
            places.append(np.full(chunk.n_events, after, np.int64))
        else:
            rank = [precedence.index(n) if n in precedence else after for n in source.names]
            places.append(np.array([*rank, after], np.int64)[source.codes])
    return np.concatenate(places)


def _sources(chunk: Chunk) -> Category | None:
    column = chunk.columns.get("source")
    return column if isinstance(column, Category) else None


def _card(logs: Sequence[EventLog], n_tied: int, precedence: Sequence[str]) -> Card:
    cards = [log.card for log in logs]
    reasons = sum((Counter(card.reasons) for card in cards), Counter[str]())
    sources: dict[str, dict[str, int]] = {}
    for i, log in enumerate(logs, 1):
        source = _sources(log.chunk)
        alone = source is not None and len(source.labels) == 1
        name = source.names[0] if source is not None and alone else f"log {i}"
        name = name if name not in sources else f"{name} ({i})"
        sources[name] = {k: getattr(log.card, k) for k in ("rows_in", "kept", "rejected", "deduplicated")}
    return Card(
        rows_in=sum(card.rows_in for card in cards),
        kept=sum(card.kept for card in cards),
        rejected=sum(card.rejected for card in cards),
        deduplicated=sum(card.deduplicated for card in cards),
        reasons=dict(sorted(reasons.items(), key=lambda r: (-r[1], r[0]))),
        ties=n_tied,
        order=f"source ({', '.join(precedence)}), then the logs' own" if precedence else "the logs in turn",
        sources=sources,
        notes=tuple(dict.fromkeys(note for card in cards for note in card.notes)),
    )
