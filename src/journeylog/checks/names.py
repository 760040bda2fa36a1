"""Names and ids: look-alikes, and ids that stand for nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from journeylog.checks.finding import EXAMPLES, Finding, grade, passed
from journeylog.checks.folds import difference, folded, skeleton
from journeylog.checks.loaded import places
from journeylog.checks.rules import Rules
from journeylog.core import arrow_text
from journeylog.core.chunk import Category, Chunk
from journeylog.core.kernels.quality import bounds_by_code, text_hashes
from journeylog.core.log import EventLog
from journeylog.core.masks import hide, shown
from journeylog.ingest.rejects import Reason
from journeylog.ingest.verdicts import PLACEHOLDERS

__all__ = ["actor_table", "event_table", "lookalikes", "placeholders"]

_NOBODY: Final = (
    "-1", "(not set)", "(none)", "not set", "not_set", "none", "no id", "noid", "missing", "default", "nobody", "deleted",
    "unauthenticated", "user", "user_id", "userid", "customer", "customer_id",
    "test", "na", "#n/a", "#ref!", "-", "?", "void",
)  # fmt: skip


def actor_table(log: EventLog) -> pa.Table:
    """Return ``name, n, first, last`` of all actors; ids are distinct because no actor is in two parts."""
    return _join(log.source.map(_actors, 1))


def event_table(log: EventLog) -> pa.Table:
    """Return ``name, n, first, last`` of all event names; parts are added by one grouped sum, minimum and maximum."""
    parts = log.source.map(_events, 1)
    if len(parts) == 1:
        return parts[0].combine_chunks()
    table = _join(parts)
    sums = table.group_by("name").aggregate([("n", "sum"), ("first", "min"), ("last", "max")])
    return sums.rename_columns(["name", "n", "first", "last"]).combine_chunks()


def lookalikes(table: pa.Table, check: str, rules: Rules) -> list[Finding]:
    """Find names that are one but for case, spaces, unseen signs, ways to write a letter, or another alphabet.

    Counted are the names that have such a twin. They stay apart: whether they are one is for people to say.
    """
    what = "actor ids" if check == "lookalike_actors" else "event names"
    total = len(table)
    names = table["name"].combine_chunks() if total else pa.array([], pa.large_string())
    one, two = folded(names), folded(skeleton(names))
    alike = not _all_differ(one) or not (two.equals(one) or _all_differ(two))
    group = _groups(one, two) if alike else np.arange(total)
    size = np.bincount(group) if total else np.zeros(0, int)
    at = np.flatnonzero(size[group] > 1) if total else np.zeros(0, int)
    if not len(at):
        return [
            passed(
                check,
                f"No two {what} look alike.",
                total,
                "names" if check == "lookalike_events" else "actors",
            )
        ]
    some = table.take(pa.array(at)).append_column("group", pa.array(group[at]))
    sums = some.group_by("group").aggregate([("n", "sum"), ("first", "min"), ("last", "max")])
    best = (
        sums.sort_by([("n_sum", "descending"), ("group", "ascending")])
        .slice(0, EXAMPLES)["group"]
        .to_pylist()
    )
    told = []
    for number in best:
        rows = (
            some.filter(pc.equal(some["group"], number))
            .sort_by([("n", "descending"), ("name", "ascending")])
            .slice(0, 4)
        )
        told.append(_twins(rows.to_pylist(), check, rules))
    n_groups = len(sums)
    n_events = int(pc.sum(some["n"]).as_py())
    return [
        Finding(
            check, grade(check, len(at), total),
            f"{len(at):,} of {total:,} {what} look like another: {n_groups:,} "
            f"{'group' if n_groups == 1 else 'groups'} of names "
            f"that differ only in what is hardly seen; {n_events:,} events have them.",
            len(at), total, "names" if check == "lookalike_events" else "actors", "", tuple(told),
            int(pc.min(sums["first_min"]).as_py()), int(pc.max(sums["last_max"]).as_py()),
            fix="make them one with jl.Rename({...})" if check == "lookalike_events"
            else "trim and fold ids where they are made, or link them (identity) if they are one person",
            facts={"n_groups": n_groups, "n_events": n_events},
        )
    ]  # fmt: skip


def placeholders(log: EventLog, table: pa.Table, rules: Rules) -> list[Finding]:
    """Find actor ids that stand for nobody: rejected at the door, and variants of them that are still in the log."""
    found = []
    code = Reason.ACTOR_PLACEHOLDER.value
    n, rows = log.card.reasons.get(code, 0), log.card.rows_in
    if n:
        found.append(
            Finding(
                "placeholder_actors", grade("rejected_placeholders", n, rows),
                f"{n:,} of {rows:,} rows were rejected because their actor id stands for nobody (null, undefined, ...).",
                n, rows, "rows", "rejected at the door", places(log.rejects, code),
                fix="mend the tracking that writes them; read with placeholders= to say what stands for nobody",
            )
        )  # fmt: skip
    total = log.n_events
    words = pa.array(sorted({text.lower() for text in (*PLACEHOLDERS, *_NOBODY)}), pa.large_string())
    if len(table):
        plain = pc.utf8_trim_whitespace(pc.utf8_lower(table["name"].combine_chunks()))
        blank = pc.match_substring_regex(plain, r"^(?:0+|x{3,}|[^\pL\pN]*|0{8}-0{4}-0{4}-0{4}-0{12})$")
        some = table.filter(pc.or_(pc.is_in(plain, words), blank))
    else:
        some = table
    if not len(some):
        return found or [passed("placeholder_actors", "No actor id stands for nobody.", total)]
    n = int(pc.sum(some["n"]).as_py())
    best = some.sort_by([("n", "descending"), ("name", "ascending")]).slice(0, EXAMPLES).to_pylist()
    found.append(
        Finding(
            "placeholder_actors", grade("placeholder_actors", n, total),
            f"{n:,} of {total:,} events belong to {len(some):,} actor {'id' if len(some) == 1 else 'ids'} that "
            "stand for nobody: "
            "many people look like one.",
            n, total, "events", "in the log", tuple(f"{row['name']} ({row['n']:,} events)" for row in best),
            int(pc.min(some["first"]).as_py()), int(pc.max(some["last"]).as_py()),
            fix="read with placeholders=[...] so that they are rejected, or take the device id where the person is unknown",
            facts={"n_actors": len(some)},
        )
    )  # fmt: skip
    return found


def _join(parts: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts).combine_chunks()


def _actors(chunk: Chunk) -> pa.Table:
    at = np.flatnonzero(chunk.offsets[1:] > chunk.offsets[:-1])
    begin, end = chunk.offsets[at], chunk.offsets[at + 1]
    actors = chunk.actors if len(at) == chunk.n_actors else chunk.actors.take(pa.array(at))
    empty = np.zeros(0, np.int64)
    return pa.table(
        {
            "name": actors.cast(pa.large_string()),
            "n": end - begin,
            "first": chunk.time[begin] if len(at) else empty,
            "last": chunk.time[end - 1] if len(at) else empty,
        }
    )


def _events(chunk: Chunk) -> pa.Table:
    return label_table(chunk, chunk.event)


def label_table(chunk: Chunk, column: Category) -> pa.Table:
    """Return ``name, n, first, last`` of the values of a column that occur."""
    size = len(column.labels)
    codes = column.codes
    known = codes >= 0
    if not known.all():
        codes, time = codes[known], chunk.time[known]
    else:
        time = chunk.time
    n = np.bincount(codes, minlength=size)
    first, last = np.full(size, np.iinfo(np.int64).max), np.full(size, np.iinfo(np.int64).min)
    bounds_by_code(codes, time, first, last)
    at = pa.array(np.flatnonzero(n))
    return pa.table(
        {
            "name": column.labels.cast(pa.large_string()).take(at),
            "n": pa.array(n).take(at),
            "first": pa.array(first).take(at),
            "last": pa.array(last).take(at),
        }
    )


def _all_differ(texts: pa.Array) -> bool:
    """Return whether no two texts are equal; by their hashes, so that False may also be chance."""
    marks = np.zeros(len(texts), np.int64)
    data, offsets = arrow_text.buffers(texts)
    if len(texts):
        text_hashes(data, offsets, marks)
    marks.sort()
    return not (marks[1:] == marks[:-1]).any()


def _groups(one: pa.Array, two: pa.Array) -> Any:
    """Return for each name its group: the same by the first key or by the second, chains included."""
    first = one.dictionary_encode().indices.to_numpy(False).astype(np.int64)
    if two.equals(one):
        return first
    second = two.dictionary_encode().indices.to_numpy(False).astype(np.int64)
    n_first = int(first.max()) + 1
    edges = coo_array(
        (np.ones(len(first), np.int8), (first, n_first + second)), shape=(2 * len(first) + 1,) * 2
    )
    _, label = connected_components(edges, directed=False)
    return np.unique(label[first], return_inverse=True)[1]


def _twins(rows: list[dict[str, Any]], check: str, rules: Rules) -> str:
    names = [row["name"] for row in rows]
    how = difference(names)
    if check == "lookalike_actors" and not rules.show_ids:
        names = [hide(name) for name in names]
    else:
        names = [_spelled(shown(name, 60)) for name in names]
    return " and ".join(f"{name} ({row['n']:,})" for name, row in zip(names, rows, strict=True)) + f": {how}"


def _spelled(name: str) -> str:
    """Return a name whose few letters of another alphabet are written out, so that they can be seen."""
    other = sum(not sign.isascii() and sign.isalpha() for sign in name)
    if 2 * other >= sum(sign.isalpha() for sign in name):
        return name
    return "".join(s if s.isascii() or not s.isalpha() else s.encode("unicode_escape").decode() for s in name)
