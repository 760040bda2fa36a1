"""Duplicates and ties: events that cannot be told apart, or put in order, by what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.checks.finding import Finding, grade, passed, skipped, span
from journeylog.checks.places import column_names
from journeylog.checks.rules import Rules
from journeylog.core import arrow_text
from journeylog.core.chunk import Category, Chunk, Column, Number
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.quality import text_hashes, tied_events
from journeylog.core.log import EventLog
from journeylog.core.schema import DAY, HOUR, MINUTE, SECOND
from journeylog.core.window import utc_text
from journeylog.core.zones import wall_of_utc

__all__ = ["duplicate_rows", "no_time_of_day", "repeated_ids", "resolution", "ties"]

Ints = npt.NDArray[np.int64]


def duplicate_rows(log: EventLog, rules: Rules) -> list[Finding]:
    """Count events that equal an earlier one in every column; when they were received does not count."""
    parts = log.source.map(_count_equal)
    n, first, last = span((part[0], part[1], part[2]) for part in parts)
    total = log.n_events
    if not n:
        return [passed("duplicate_rows", "No two events are equal in all they hold.", total)]
    return [
        Finding(
            "duplicate_rows", grade("duplicate_rows", n, total),
            f"{n:,} of {total:,} events equal an earlier event of the same actor in every column. They are kept: without "
            "an event id nobody can say whether something happened twice or was sent twice.",
            n, total, "events", "", _told(part[3] for part in parts), first, last,
            fix="pass event_id= when reading, so that what was sent twice is dropped",
        )
    ]  # fmt: skip


def repeated_ids(log: EventLog, rules: Rules) -> list[Finding]:
    """Count events in the log whose event id another event of the same source has (after joining logs, say)."""
    if "event_id" not in column_names(log):
        return [skipped("repeated_ids", "No column is the event id, so what was sent twice cannot be known.")]
    chunks = log.source.map(lambda c: c, 1)
    marks = [_marks(chunk) for chunk in chunks]
    total = sum(int(known.sum()) for _, known in marks)
    order = np.sort(np.concatenate([mark[known] for mark, known in marks]))
    twice = np.unique(order[1:][order[1:] == order[:-1]])
    if not len(twice):
        return [passed("repeated_ids", "Every event id occurs once.", total)]
    some = pa.concat_tables(
        [
            _ids(chunk, known & np.isin(mark, twice))
            for chunk, (mark, known) in zip(chunks, marks, strict=True)
        ]
    )
    counts = some.group_by(["id", "source"]).aggregate([("t", "count"), ("t", "min"), ("t", "max")])
    counts = counts.filter(pc.greater(counts["t_count"], 1)).sort_by(
        [("t_count", "descending"), ("id", "ascending")]
    )
    if not len(counts):
        return [passed("repeated_ids", "Every event id occurs once in its source.", total)]
    n = int(pc.sum(counts["t_count"]).as_py()) - len(counts)
    rows = counts.slice(0, 3).to_pylist()
    return [
        Finding(
            "repeated_ids", grade("repeated_ids", n, total),
            f"{n:,} of {total:,} events in the log have an event id that an earlier event of the same source has.",
            n, total, "events", "in the log", tuple(f"{row['id']} ({row['t_count']:,} times)" for row in rows),
            int(pc.min(counts["t_min"]).as_py()), int(pc.max(counts["t_max"]).as_py()),
            fix="read the files in one jl.read(..., event_id=...), which keeps each id once",
        )
    ]  # fmt: skip


def ties(log: EventLog, rules: Rules) -> list[Finding]:
    """Count events at the same time as the event before them, within one actor: nothing in them says which was first."""
    parts = log.source.map(_count_ties)
    n, first, last = span((part[0], part[1], part[2]) for part in parts)
    total = log.n_events
    unit = resolution(log)
    if not n:
        return [passed("ties", "No two events of one actor have the same time.", total)]
    n_actors = sum(part[3] for part in parts)
    rough = f" All times are whole {_UNITS[unit]}." if unit >= SECOND else ""
    return [
        Finding(
            "ties", grade("ties", n, total),
            f"{n:,} of {total:,} events stand at the same time as the event before them ({n_actors:,} of {log.n_actors:,} "
            f"actors).{rough} They stand in this order: {log.card.order}.",
            n, total, "events", "", _told(part[4] for part in parts), first, last,
            fix="export finer times, or pass order_by= a column that counts; look at n_tied in tables of transitions",
            facts={"n_actors": n_actors, "resolution_s": unit / SECOND},
        )
    ]  # fmt: skip


def no_time_of_day(log: EventLog, rules: Rules) -> list[Finding]:
    """Count events at midnight sharp, in UTC or the zone asked for, among times that are finer than days."""
    total = log.n_events
    if not total:
        return []
    unit = resolution(log)
    if unit >= HOUR:
        return [
            Finding(
                "no_time_of_day", grade("no_time_of_day", total, total),
                f"All times are whole {_UNITS[unit]}: the order of events inside one, and waits shorter than "
                "that, are not known.",
                total, total, "events", fix="export times, not dates",
            )
        ]  # fmt: skip
    best: tuple[int, int | None, int | None, str] = (0, None, None, "")
    for zone in dict.fromkeys(("UTC", rules.tz)):
        parts = log.source.map(lambda chunk, zone=zone: _midnights(chunk.time, zone))  # type: ignore[misc]
        n, first, last = span(parts)
        if n > best[0]:
            best = (n, first, last, zone)
    n, first, last, zone = best
    # One in 86,400 falls there by chance (one in 1,440 when all times are whole minutes); ten times that is no chance.
    chance = total * max(unit, SECOND) / DAY
    if n <= 10 * chance + 5:
        return [
            passed(
                "no_time_of_day",
                "Times of day are there: midnight is no more frequent than chance has it.",
                total,
            )
        ]
    return [
        Finding(
            "no_time_of_day", grade("no_time_of_day", n, total),
            f"{n:,} of {total:,} events are at midnight sharp ({zone}), where chance has {chance:,.1f}: their "
            "time of day was "
            "lost, and they stand before all others of their day.",
            n, total, "events", zone, (), first, last, fix="find the source whose stamps are dates",
            facts={"n_expected": round(chance, 3)},
        )
    ]  # fmt: skip


def _marks(chunk: Chunk) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return a hash of each event id, and which events have one: sorting numbers is ten times faster than texts."""
    texts = arrow_text.plain(chunk.column("event_id").to_arrow())
    texts = texts.dictionary_decode() if pa.types.is_dictionary(texts.type) else texts
    texts = texts if arrow_text.is_text(texts.type) else texts.cast(pa.string())
    marks = np.zeros(len(texts), np.int64)
    data, offsets = arrow_text.buffers(texts)
    if len(texts):
        text_hashes(data, offsets, marks)
    known = texts.is_valid().to_numpy(zero_copy_only=False) if texts.null_count else np.ones(len(texts), bool)
    return marks, known


def _ids(chunk: Chunk, mask: npt.NDArray[np.bool_]) -> pa.Table:
    """Return ids, sources and times of some events."""
    at = pa.array(np.flatnonzero(mask))
    source = chunk.columns.get("source")
    names = source.to_arrow() if isinstance(source, Category) else pa.nulls(chunk.n_events, pa.string())
    return pa.table(
        {
            "id": chunk.column("event_id").to_arrow().take(at).cast(pa.string()),
            "source": names.take(at).cast(pa.string()),
            "t": pa.array(chunk.time[mask]),
        }
    )


_UNITS = {
    1: "microseconds",
    1_000: "milliseconds",
    SECOND: "seconds",
    MINUTE: "minutes",
    HOUR: "hours",
    DAY: "days",
}


def resolution(log: EventLog) -> int:
    """Return the coarsest unit from day to millisecond that all times are whole of, else 1, in microseconds."""
    if not log.n_events:
        return 1
    for unit in (DAY, HOUR, MINUTE, SECOND, 1_000):
        if all(log.source.map(lambda chunk, unit=unit: _whole(chunk.time, unit))):  # type: ignore[misc]
            return unit
    return 1


def _whole(time: Ints, unit: int) -> bool:
    """Return whether all are whole units; the first few decide nearly always."""
    return bool(not (time[:64] % unit).any() and not (time % unit).any())


def _midnights(time: Ints, zone: str) -> tuple[int, int, int]:
    mask = time % MINUTE == 0  # zones shift by whole minutes
    near = time[mask]
    at = near[wall_of_utc(near, zone) % DAY == 0]
    return (len(at), int(at.min()), int(at.max())) if len(at) else (0, 0, 0)


def _count_ties(chunk: Chunk) -> tuple[int, int, int, int, list[tuple[int, str]]]:
    same = np.zeros(chunk.n_events, dtype=bool)
    same[1:] = chunk.time[1:] == chunk.time[:-1]
    same[chunk.offsets[:-1][chunk.offsets[:-1] < chunk.n_events]] = False
    at = np.flatnonzero(same)
    if not len(at):
        return 0, 0, 0, 0, []
    actors = np.searchsorted(chunk.offsets, at, side="right") - 1
    times = chunk.time[at]
    return len(at), int(times.min()), int(times.max()), len(np.unique(actors)), _earliest(chunk, at, 1)


def _earliest(chunk: Chunk, at: Ints, before: int = 0) -> list[tuple[int, str]]:
    """Return time and name of the three earliest of some events, with the name of the event `before`."""
    first = at[np.argsort(chunk.time[at], kind="stable")[:3]]
    labels, codes = chunk.event.labels, chunk.event.codes
    return [
        (int(chunk.time[i]), ", ".join(labels[int(codes[k])].as_py() for k in range(i - before, i + 1)))
        for i in first.tolist()
    ]


def _told(parts: Iterable[list[tuple[int, str]]]) -> tuple[str, ...]:
    """Return the three earliest examples of all parts, which lie in the order of the actors."""
    found = sorted((example for part in parts for example in part), key=lambda example: example[0])
    return tuple(f"{utc_text(time)}: {name}" for time, name in found[:3])


def _count_equal(chunk: Chunk) -> tuple[int, int, int, list[tuple[int, str]]]:
    """Count the events of a chunk that equal an earlier one; those stand in the same group of ties."""
    rows, group = tied_events(chunk.time, chunk.offsets)
    if not len(rows):
        return 0, 0, 0, []
    columns = [column for name, column in chunk.columns.items() if name != "received"]
    key = _mixed(np.zeros(len(rows), np.uint64), group)
    values = [_values(column, rows) for column in columns]
    for value in values:
        key = _mixed(key, value)
    codes, _, _ = number_keys(key.view(np.int64))
    order = np.argsort(codes, kind="stable")
    opens = np.append(True, codes[order][1:] != codes[order][:-1])
    first = order[np.flatnonzero(opens)[np.cumsum(opens) - 1]]
    equal = ~opens & (group[order] == group[first])
    for value in values:
        equal &= value[order] == value[first]
    at = rows[order[equal]]
    if not len(at):
        return 0, 0, 0, []
    times = chunk.time[at]
    return len(at), int(times.min()), int(times.max()), _earliest(chunk, np.sort(at))


def _values(column: Column, rows: Ints) -> Ints:
    """Return integers that are equal where the column's values are."""
    if isinstance(column, Category):
        return column.codes[rows].astype(np.int64)
    if isinstance(column, Number):
        taken: Any = column.values[rows]
        bits = taken.astype(np.float64) + 0.0 if taken.dtype.kind == "f" else taken.astype(np.int64)
        bits = np.ascontiguousarray(bits).view(np.int64)
        return bits if column.valid is None else np.where(column.valid[rows], bits, -(2**62))
    taken = column.values.take(pa.array(rows)).dictionary_encode().indices
    return np.asarray(taken.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _mixed(key: npt.NDArray[np.uint64], value: Ints) -> npt.NDArray[np.uint64]:
    """Return a running hash of 64 bits (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        x = (key ^ value.view(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(x ^ (x >> np.uint64(31)))
