"""One file for a log: an Arrow IPC file that other programs read as a plain table of events.

Categories travel as dictionaries, so nothing is encoded again on opening; what is not an event (levels, window,
card, rejects) travels in the schema's metadata. The file carries the SHA-256 of its bytes, which is looked at on opening.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from journeylog.core import seal
from journeylog.core.aside import written_aside
from journeylog.core.card import Card
from journeylog.core.chunk import Category, Chunk, Column, Level, Number, Text
from journeylog.core.terms import DECLARED, Terms
from journeylog.core.window import Window
from journeylog.errors import ParseError

__all__ = ["VERSION", "events_table", "load", "save"]

#: Version of the file's layout; from 2 on it is sealed.
VERSION = 2
_KEY, _SEAL = b"journeylog", b"journeylog.seal"


def events_table(chunk: Chunk) -> pa.Table:
    """Return the events as a table: actor, time, columns, and the case number of each level (null: in no case)."""
    return pa.Table.from_batches([_events_batch(chunk)])


def _events_batch(chunk: Chunk) -> pa.RecordBatch:
    """Return the events as one batch, so that a vocabulary survives even when there are no rows."""
    columns: dict[str, Any] = {
        "actor": _actor_column(chunk),
        "time": Number(chunk.time, unit="time").to_arrow(),
    }
    for name, column in chunk.columns.items():
        columns[_free(name, columns)] = column.to_arrow()
    for name, level in chunk.levels.items():
        owner = level.case_of_event(chunk.n_events)
        columns[_free(name, columns)] = pa.array(owner, mask=owner < 0)
    return pa.RecordBatch.from_pydict(columns)


def save(
    path: Path,
    chunk: Chunk,
    window: Window,
    card: Card,
    rejects: pa.Table | None,
    steps: Sequence[Mapping[str, Any]],
) -> Path:
    """Write the file aside and move it into place; steps are given as they are written."""
    table = _events_batch(chunk)
    names = ["actor", "time", *chunk.columns, *chunk.levels]
    head = {
        "version": VERSION,
        "window": [window.start, window.end, window.declared],
        "card": card.to_dict(),
        "steps": list(steps),
        "columns": [[name, *_spell(column)] for name, column in chunk.columns.items()],
        "levels": [[name, level.patience, level.order is not None] for name, level in chunk.levels.items()],
        "going_on": [name for name, level in chunk.levels.items() if not level.goal_ends],
        "terms": {n: level.terms.to_dict() for n, level in chunk.levels.items() if level.terms != DECLARED},
        "names": names,
    }
    extra = {_KEY: json.dumps(head).encode()}
    for name, level in chunk.levels.items():
        extra[f"journeylog.level.{name}".encode()] = _level_bytes(level)
        if level.under_way is not None:
            extra[f"journeylog.under_way.{name}".encode()] = _level_bytes(level.under_way)
    if rejects is not None:
        extra[b"journeylog.rejects"] = _table_bytes(rejects)
    extra[_SEAL] = placeholder = seal.blank()
    table = table.replace_schema_metadata(extra)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with written_aside(path, "the log") as aside:
        with (
            pa.OSFile(str(aside), "wb") as sink,
            pa.ipc.new_file(sink, table.schema, options=options) as writer,
        ):
            writer.write_batch(table)
        seal.seal(aside, placeholder)
    return path


def load(path: Path) -> tuple[Chunk, Window, Card, pa.Table | None, tuple[Mapping[str, Any], ...]]:
    """Read the file back; last are the steps as they were written.

    Raises
    ------
    ParseError
        If it is no saved log, was written by a newer version, or has changed since it was written.
    """
    table = _verified_batch(path)
    meta = table.schema.metadata or {}
    if _KEY not in meta:
        raise ParseError(
            f"{path} is an Arrow file but not a saved log. Fix: read it with jl.read(path, actor=..., ...)"
        )
    try:
        head = json.loads(meta[_KEY])
        if head["version"] > VERSION:
            raise ParseError(
                f"{path} was written by a newer version (layout {head['version']}). Fix: upgrade journeylog"
            )
        if head["version"] > 1 and _SEAL not in meta:
            raise _damaged(path, "its seal is gone")
        return _parts_back(table, meta, head)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, pa.ArrowException) as error:
        if isinstance(error, ParseError):
            raise
        raise _damaged(path, f"its description cannot be read: {error}") from error


def _verified_batch(path: Path) -> pa.RecordBatch:
    """Return the events of a file whose bytes are those that were written, and whose columns hold together."""
    try:
        if seal.is_whole(path) is False:
            raise _damaged(path, "its bytes are not those that were saved")
        with pa.OSFile(str(path), "rb") as source:
            table = pa.ipc.open_file(source).get_batch(0)
        table.validate(full=True)
    except ParseError:
        raise
    except (OSError, ValueError, IndexError, pa.ArrowException) as error:
        raise ParseError(f"{path} is not a saved log: {error}. Fix: write it with log.save(path)") from error
    return table


def _parts_back(
    table: pa.RecordBatch, meta: dict[bytes, bytes], head: dict[str, Any]
) -> tuple[Chunk, Window, Card, pa.Table | None, tuple[Mapping[str, Any], ...]]:
    parts = [table.column(i) for i in range(table.num_columns)]
    actors, offsets = _actors_back(parts[0])
    columns = {
        name: _column_back(parts[2 + i], kind, spec) for i, (name, kind, spec) in enumerate(head["columns"])
    }
    levels = {name: _level_back(name, meta, head, *rest) for name, *rest in head["levels"]}
    time = parts[1].cast(pa.int64()).to_numpy()
    chunk = Chunk(actors, offsets, time, columns, levels)
    rejects = _table_back(meta[b"journeylog.rejects"]) if b"journeylog.rejects" in meta else None
    steps = tuple(dict(step) for step in head.get("steps", ()))
    return chunk, Window(*head["window"]), Card.from_dict(head["card"]), rejects, steps


def _damaged(path: Path, why: str) -> ParseError:
    return ParseError(f"{path} is damaged: {why}. Fix: fetch it again, or read the source once more")


def _actor_column(chunk: Chunk) -> pa.Array:
    codes = np.repeat(np.arange(chunk.n_actors, dtype=np.int32), np.diff(chunk.offsets))
    return pa.DictionaryArray.from_arrays(pa.array(codes), chunk.actors)


def _actors_back(column: pa.DictionaryArray) -> tuple[pa.Array, np.ndarray[Any, np.dtype[np.int64]]]:
    counts = np.bincount(column.indices.to_numpy(), minlength=len(column.dictionary))
    return column.dictionary, np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))


def _free(name: str, taken: dict[str, Any]) -> str:
    """Return the name, or the name with a number when an attribute is called like a canonical column."""
    free, k = name, 2
    while free in taken:
        free, k = f"{name}_{k}", k + 1
    return free


def _spell(column: Column) -> tuple[str, str]:
    if isinstance(column, Category):
        return "category", "ordered" if column.ordered else ""
    if isinstance(column, Number):
        return "number", column.unit
    return "text", ""


def _column_back(array: pa.Array, kind: str, spec: str) -> Column:
    if kind == "category":
        codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Category(codes, array.dictionary, spec == "ordered")
    if kind == "text":
        return Text(array)
    valid = array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else None
    if spec == "micros":
        wide = np.frombuffer(array.buffers()[1], dtype=np.int64).reshape(-1, 2)
        values = wide[array.offset : array.offset + len(array), 0].copy()
    elif spec == "time":
        values = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    elif spec == "bool":
        values = array.fill_null(False).to_numpy(zero_copy_only=False).astype(np.int64)
    else:
        values = array.fill_null(0).to_numpy(zero_copy_only=False)
    return Number(values, valid, spec)


def _level_bytes(level: Level) -> bytes:
    arrays: dict[str, np.ndarray[Any, np.dtype[Any]]] = {
        "actor_offsets": level.actor_offsets,
        "begin": level.begin,
        "end": level.end,
        "outcome": level.outcome,
    }
    if level.order is not None:
        arrays["order"] = level.order
    row = pa.table({name: _as_list(values) for name, values in arrays.items()})
    return _table_bytes(row)


def _as_list(values: np.ndarray[Any, np.dtype[Any]]) -> pa.Array:
    flat = pa.array(values.astype(np.int64))
    return pa.LargeListArray.from_arrays(pa.array([0, len(flat)], type=pa.int64()), flat)


def _level_back(
    name: str, meta: dict[bytes, bytes], head: dict[str, Any], patience: int, ordered: bool
) -> Level:
    goal_ends = name not in head.get("going_on", ())  # files from before this was known have none of it
    terms = Terms.from_dict(head.get("terms", {}).get(name, {}))
    level = _cases_back(meta[f"journeylog.level.{name}".encode()], ordered)
    apart = meta.get(f"journeylog.under_way.{name}".encode())
    under_way = None if apart is None else _cases_back(apart, ordered)
    return replace(level, patience=patience, goal_ends=goal_ends, terms=terms, under_way=under_way)


def _cases_back(data: bytes, ordered: bool) -> Level:
    row = _table_back(data)
    arrays = {name: row.column(name).combine_chunks().flatten().to_numpy() for name in row.column_names}
    order = arrays["order"] if ordered else None
    return Level(arrays["actor_offsets"], arrays["begin"], arrays["end"], arrays["outcome"], order)


def _table_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    out: bytes = sink.getvalue().to_pybytes()
    return out


def _table_back(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
