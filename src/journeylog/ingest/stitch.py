"""Stitch: anonymous ids take the name of the one customer they belong to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Chunk
from journeylog.core.encode import encode
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from journeylog.errors import ConfigError

__all__ = ["stitch"]

Ints = npt.NDArray[np.int64]


def stitch(log: EventLog, by: str) -> EventLog:
    """Give every actor that is known by exactly one other id that id, and join their events.

    A device that was once seen with a login belongs to that customer with all its events, also those before the
    login. A device seen with several customers is nobody's: it stays apart, and the card says how many there are.

    Parameters
    ----------
    log : EventLog
        Without levels: sessions and journeys are made afterwards.
    by : str
        A categorical column with the known id on some of an actor's events, for example ``"user_id"``.

    Returns
    -------
    EventLog
        The same events under fewer actors; the card's notes tell actors before and after and the conflicts.

    Raises
    ------
    ConfigError
        If the log has levels already.
    MissingColumnError
        If there is no such column.

    Notes
    -----
    Events of joined actors at equal times are ordered by event name, then by the id they came with, so the result
    does not depend on the order of the input.

    Examples
    --------
    >>> import journeylog as jl
    >>> import pandas as pd
    >>> clicks = pd.DataFrame({
    ...     "device": ["d1", "d1", "d2"],
    ...     "user": [None, "anna", "anna"],
    ...     "event": ["home", "login", "pay"],
    ...     "time": ["2025-01-06 09:00:00Z", "2025-01-06 09:05:00Z", "2025-01-07 20:00:00Z"],
    ... })
    >>> log = jl.read(clicks, actor="device", event="event", time="time")
    >>> jl.stitch(log, by="user").to_pandas()["actor"].tolist()
    ['anna', 'anna', 'anna']
    """
    chunk = log.chunk
    if chunk.levels:
        raise ConfigError(
            f"the log has levels {list(chunk.levels)}, which belong to the actors before. "
            "Fix: stitch first, then log.then(jl.Sessions(...), jl.Journeys(...))"
        )
    labels, conflicts = _known_ids(chunk, chunk.category(by))
    actors = encode(labels)
    owner = chunk.actor_of_event()
    came_with = np.argsort(np.argsort(chunk.actors.to_numpy(zero_copy_only=False)))[owner]
    name_rank = np.argsort(np.argsort(np.array(chunk.event.names, dtype=object)))[chunk.event.codes]
    joined, tied = build_chunk(
        Category(actors.codes[owner], actors.labels), chunk.time, chunk.columns, ties=(name_rank, came_with)
    )
    notes = [f"stitched by {by}: {chunk.n_actors:,} actors became {joined.n_actors:,}"]
    if conflicts:
        notes.append(f"{conflicts:,} actors were seen with several values of {by} and stay apart")
    card = replace(log.card, ties=tied, notes=(*log.card.notes, *notes))
    return replace(log, source=Memory((joined,)), card=card)


def _known_ids(chunk: Chunk, column: Category) -> tuple[pa.Array, int]:
    """Return each actor's new id, and how many actors have several known ids."""
    seen = column.codes >= 0
    size = max(len(column.labels), 1)
    pairs = np.unique(chunk.actor_of_event()[seen] * size + column.codes[seen])
    actor, code = pairs // size, pairs % size
    n_known = np.bincount(actor, minlength=chunk.n_actors)
    only: Ints = np.full(chunk.n_actors, -1, dtype=np.int64)
    only[actor] = code
    only[n_known != 1] = -1
    known = column.labels.take(pa.array(np.maximum(only, 0))) if len(column.labels) else chunk.actors
    labels = pc.if_else(pa.array(only >= 0), known.cast(pa.string()), chunk.actors.cast(pa.string()))
    return labels, int(np.count_nonzero(n_known > 1))
