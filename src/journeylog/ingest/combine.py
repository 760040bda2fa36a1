"""Several sources as one log, under one order."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.build import build_chunk
from journeylog.core.card import COUNTS, Card
from journeylog.core.chunk import Category, Chunk, Column, Text
from journeylog.core.log import EventLog, observed_window
from journeylog.core.notes import Note, Span, note
from journeylog.core.source import Memory
from journeylog.core.window import Window
from journeylog.errors import ConfigError, LoadWarning, warn
from journeylog.ingest.gather import category, join_column, join_text
from journeylog.ingest.offsets import Offset, offset_micros
from journeylog.ingest.precedence import check_sources, places, source_of
from journeylog.ingest.same import Same, copies

__all__ = ["combine"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def combine(
    *logs: EventLog,
    precedence: Sequence[str] = (),
    offsets: Mapping[str, Any] | None = None,
    same: Same | Sequence[Same] = (),
) -> EventLog:
    """Join the events of several logs by actor and time.

    Parameters
    ----------
    *logs : EventLog
        Without levels: sessions and journeys are made afterwards. Their actor ids must mean the same people.
    precedence : sequence of str, optional
        Names in the ``source`` column. At equal times of one actor, events of an earlier name come first;
        sources that are not listed come after, in the order of the logs. Without it the order of the logs
        decides, and inside a log its own order.
    offsets : mapping of str to duration or Offset, optional
        For each source how far its clock is ahead, for example ``{"orders": "3s"}`` or ``{"clicks": "-2min"}``, or as
        estimated by :func:`journeylog.estimate_offset`. Its times are set back by that.
    same : Same or sequence of Same, optional
        What several sources tell alike, such as the purchase in clicks and in orders. The copy of the source with
        the highest precedence is kept, the others count as deduplicated.

    Returns
    -------
    EventLog
        All columns of all logs; what a log has not is missing. The window is the smallest that holds all. The
        card adds up what became of the rows, and shows it for each source.

    Raises
    ------
    ConfigError
        If there is nothing to combine, a log has levels, a name is no source, an offset has no unit, or `precedence`
        does not say whose copy is kept.

    Warns
    -----
    LoadWarning
        If two logs hold the same events.

    Notes
    -----
    Offsets are applied first, so tolerances of `same` are of corrected times; when something was received is told by
    another clock and stays. A copy takes what only it knew with it: read links between ids before
    (:func:`journeylog.identity`), if they stand on copies.

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

    The same deal is told twice; the CRM's copy is kept.

    >>> once = jl.combine(web, crm, precedence=["crm", "web"],
    ...                   same=jl.Same({"web": "pay", "crm": "won"}, on="actor", within="1h"))
    >>> once.to_pandas()["event"].tolist(), once.card.deduplicated
    (['won'], 1)
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
    _tell_twins(chunks)
    times, notes = _on_one_clock(chunks, offsets or {})
    place = places(chunks, precedence)
    rules = [same] if isinstance(same, Same) else list(same)
    dropped, told = _copies(chunks, times, rules, precedence)
    kept = ~dropped
    actor = category([_actors(chunk) for chunk in chunks])
    columns = _columns(chunks)
    time = np.concatenate(times)
    if dropped.any():
        actor, time, place = _used(actor.take(kept)), time[kept], place[kept]
        columns = {name: column.take(kept) for name, column in columns.items()}
    chunk, n_tied = build_chunk(actor, time, columns, [place])
    rejects = [log.rejects for log in logs if log.rejects is not None]
    return EventLog(
        Memory((chunk,)),
        _window(logs, chunk, shifted=bool(offsets)),
        _card(logs, n_tied, precedence, dropped, [*notes, *told]),
        pa.concat_tables(rejects) if rejects else None,
    )


def _tell_twins(chunks: Sequence[Chunk]) -> None:
    """Warn of a log that holds the same events as one before it."""
    for (i, one), (k, other) in itertools.combinations(enumerate(chunks, 1), 2):
        if one is other or (one.n_events == other.n_events > 0 and _alike(one, other)):
            warn(
                f"logs {i} and {k} hold the same {one.n_events:,} events, which count twice. Fix: leave one of them out",
                LoadWarning,
            )


def _alike(one: Chunk, other: Chunk) -> bool:
    return (
        np.array_equal(one.time, other.time)
        and np.array_equal(one.offsets, other.offsets)
        and one.actors.equals(other.actors)
        and one.columns.keys() == other.columns.keys()
        and all(one.columns[name].to_arrow().equals(other.columns[name].to_arrow()) for name in one.columns)
    )


def _on_one_clock(chunks: Sequence[Chunk], offsets: Mapping[str, Any]) -> tuple[list[Ints], list[Note]]:
    """Return the times of each log with declared offsets taken off, and what was done in words."""
    sources = [source_of(chunk) for chunk in chunks]
    check_sources("offsets", offsets, sources)
    ahead = {name: offset_micros(value, name) for name, value in offsets.items()}
    times = []
    for chunk, source in zip(chunks, sources, strict=True):
        shift = [ahead.get(name, 0) for name in source.names] if source is not None else []
        own = (
            chunk.time
            if source is None or not any(shift)
            else chunk.time - np.array([*shift, 0])[source.codes]
        )
        times.append(own)
    words = [
        _set_right(name, ahead[name], isinstance(value, Offset))
        for name, value in offsets.items()
        if ahead[name]
    ]
    return times, words


def _set_right(name: str, micros: int, estimated: bool) -> Note:
    """Return what was done to a clock in words."""
    by = {"name": name, "by": Span(abs(micros))}
    if estimated and micros > 0:
        return note(
            "the clock of {name!r} is {by} ahead, as estimated; its times were set right by that", **by
        )
    if estimated:
        return note(
            "the clock of {name!r} is {by} behind, as estimated; its times were set right by that", **by
        )
    if micros > 0:
        return note(
            "the clock of {name!r} is {by} ahead, as declared; its times were set right by that", **by
        )
    return note("the clock of {name!r} is {by} behind, as declared; its times were set right by that", **by)


def _copies(
    chunks: Sequence[Chunk], times: Sequence[Ints], rules: Sequence[Same], precedence: Sequence[str]
) -> tuple[Mask, list[Note]]:
    """Return which events are copies of another source's, and how many by each rule in words."""
    dropped = np.zeros(sum(chunk.n_events for chunk in chunks), dtype=bool)
    words = []
    for rule in rules:
        if not isinstance(rule, Same):
            raise ConfigError(
                f"same={rule!r} is no rule. Fix: jl.Same({{'clicks': 'purchase', ...}}, on='order_id')"
            )
        found = copies(chunks, times, rule, precedence)
        n = int(np.count_nonzero(found))
        words.append(
            note(
                "{n:,} events are told by several of {sources} ({rule}) and count once",
                n=n,
                sources=tuple(rule.events),
                rule=str(rule),
            )
        )
        dropped |= found
    return dropped, words


def _window(logs: Sequence[EventLog], chunk: Chunk, shifted: bool) -> Window:
    """Return the smallest window that holds those of all logs, and all events once clocks were set right."""
    filled = [log for log in logs if log.n_events] or list(logs[:1])
    window = filled[0].window
    for log in filled[1:]:
        window = window.union(log.window)
    if not shifted or not chunk.n_events:
        return window
    seen = observed_window(chunk)
    if not window.declared:
        return seen
    return Window(min(window.start, seen.start), max(window.end, seen.end), declared=True)


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


def _used(actor: Category) -> Category:
    """Return the actors without those that have no event any more."""
    seen = np.zeros(len(actor.labels), dtype=bool)
    seen[actor.codes] = True
    moved = np.cumsum(seen) - 1
    return Category(moved[actor.codes], actor.labels.filter(pa.array(seen)))


def _card(
    logs: Sequence[EventLog], n_tied: int, precedence: Sequence[str], dropped: Mask, notes: Sequence[str]
) -> Card:
    cards = [log.card for log in logs]
    reasons = sum((Counter(card.reasons) for card in cards), Counter[str]())
    sources: dict[str, dict[str, int]] = {}
    start = 0
    for i, log in enumerate(logs, 1):
        copies_of = dropped[start : start + log.chunk.n_events]
        start += log.chunk.n_events
        for name, counts in _counts_by_source(log, f"log {i}", copies_of).items():
            sources[name if name not in sources else f"{name} ({i})"] = counts
    n_dropped = int(np.count_nonzero(dropped))
    return Card(
        rows_in=sum(card.rows_in for card in cards),
        kept=sum(card.kept for card in cards) - n_dropped,
        rejected=sum(card.rejected for card in cards),
        deduplicated=sum(card.deduplicated for card in cards) + n_dropped,
        reasons=dict(sorted(reasons.items(), key=lambda r: (-r[1], r[0]))),
        ties=n_tied,
        order=f"source ({', '.join(precedence)}), then the logs' own" if precedence else "the logs in turn",
        sources=sources,
        notes=tuple(dict.fromkeys([*(note for card in cards for note in card.notes), *notes])),
    )


def _counts_by_source(log: EventLog, otherwise: str, dropped: Mask) -> dict[str, dict[str, int]]:
    """Return what became of a log's rows, by source where that is known for every row."""
    source = source_of(log.chunk)
    alone = source.names[0] if source is not None and len(source.labels) == 1 else None
    whole = {key: int(getattr(log.card, key)) for key in COUNTS}
    parts = {
        name: {key: int(counts.get(key, 0)) for key in COUNTS} for name, counts in log.card.sources.items()
    }
    if not parts or (source is not None and set(source.names) - set(parts)):
        parts = {alone if alone is not None else otherwise: whole}
    for name, counts in parts.items():
        here = dropped
        if source is not None and len(parts) > 1:
            here = dropped & (source.codes == (source.names.index(name) if name in source.names else -2))
        n = int(np.count_nonzero(here))
        counts["kept"] -= n
        counts["deduplicated"] += n
    return parts
