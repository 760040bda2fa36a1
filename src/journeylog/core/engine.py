"""One pass for several statistics: count each partition, merge, then divide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from journeylog.core.chunk import Category, Chunk, Level
from journeylog.core.contracts import Grouped, Result, Stat
from journeylog.core.counts import Counts
from journeylog.core.window import Window

__all__ = ["answer", "gather"]

#: Value of ``by`` in the rows that only carry the schema, so that a log without a case still answers.
_BLANK = -7


def gather(chunk: Chunk, stats: Sequence[Stat], window: Window, by: str | None = None) -> list[Counts]:
    """Return the counts of each statistic over one chunk.

    With `by`, the cases of each level are split once by the value at their first event, and every row of the
    counts gets that value as a key. Events are shared, not copied.
    """
    if by is None:
        return [stat.summarize(stat.prepare(chunk), window) for stat in stats]
    column = chunk.category(by)
    out = []
    split: dict[tuple[str, int], list[tuple[int, Chunk]]] = {}
    for stat in stats:
        ready = stat.prepare(chunk)
        level = stat.case_level(ready)
        key = (level, id(ready))
        if key not in split:
            split[key] = _split_cases(ready, level, column)
        parts = [
            stat.summarize(part, window).tagged("by", column.names[code] if code >= 0 else None)
            for code, part in split[key]
        ]
        blank = stat.summarize(ready.slice(0, 0), window).tagged("by", None, _BLANK)
        out.append(Counts.merge([blank, *parts]))
    return out


def answer(
    parts: Sequence[Sequence[Counts]], stats: Sequence[Stat], window: Window, by: str | None = None
) -> tuple[Result | Grouped, ...]:
    """Merge the parts of each statistic and read the results."""
    merged = [Counts.merge([part[i] for part in parts]) for i in range(len(stats))]
    if by is None:
        return tuple(stat.result(counts, window) for stat, counts in zip(stats, merged, strict=True))
    return tuple(_grouped(stat, counts, window, by) for stat, counts in zip(stats, merged, strict=True))


def _grouped(stat: Stat, counts: Counts, window: Window, by: str) -> Grouped:
    values: set[str | None] = set()
    for table in counts.tables.values():
        column = table.coded("by")
        values |= set(column.take(np.flatnonzero(column.codes != _BLANK)).names({}))
    results: dict[str | None, Result] = {}
    for value in sorted(values, key=lambda v: (v is None, v or "")):
        results[value] = stat.result(_group(counts, value), window)
    blank = _rows(counts, dict.fromkeys(counts.tables, _BLANK))
    return Grouped(by, results, window, stat.result(blank, window).table.iloc[:0])


def _group(counts: Counts, value: str | None) -> Counts:
    """Return the counts of one value; each table has its own vocabulary."""
    codes = {}
    for name, table in counts.tables.items():
        labels = table.coded("by").labels
        codes[name] = -1 if value is None else (labels.index(value) if value in labels else -2)
    return _rows(counts, codes)


def _rows(counts: Counts, codes: Mapping[str, int]) -> Counts:
    return Counts({n: Counts({n: table}).where("by", codes[n])[n] for n, table in counts.tables.items()})


def _split_cases(chunk: Chunk, name: str, column: Category) -> list[tuple[int, Chunk]]:
    """Return (code, chunk) for each value of the column at the first event of the cases of a level."""
    level = chunk.cases(name)
    parts = dict(_split_level(level, column))
    if level.under_way is not None:
        apart = dict(_split_level(level.under_way, column))
        for code in {*parts, *apart}:
            mine = apart.get(code, _no_cases(level.under_way))
            parts[code] = replace(parts.get(code, _no_cases(level)), under_way=mine)
    return [(code, chunk.with_level(name, part)) for code, part in sorted(parts.items())]


def _no_cases(level: Level) -> Level:
    """Return the level of no actors."""
    nothing = np.zeros(0, np.int64)
    codes = np.zeros(0, np.int32)
    return replace(level, actor_offsets=np.zeros(1, np.int64), begin=nothing, end=nothing, outcome=codes)


def _split_level(level: Level, column: Category) -> list[tuple[int, Level]]:
    """Return (code, level) for each value of the column at the first event of the cases; positions stay."""
    if len(level) == 0:
        return []
    codes = column.codes[level.first_event()]
    owner = level.actor_of_case()
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    parts = []
    for code, cases in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
        actors, first = np.unique(owner[cases], return_index=True)
        del actors
        offsets = np.append(first, len(cases)).astype(np.int64)
        part: Level = replace(
            level,
            actor_offsets=offsets,
            begin=level.begin[cases],
            end=level.end[cases],
            outcome=level.outcome[cases],
        )
        parts.append((int(code), part))
    return parts
