"""Logs as OCEL 2.0: an object for each actor, an event for each event, in JSON, XML or SQLite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Chunk, Column, Number
from journeylog.errors import ConfigError, cut
from journeylog.exports.layout import Layout, texts_of
from journeylog.exports.ocel_files import BEGINNING, Change, Objects, write_json, write_sqlite, write_xml
from journeylog.ingest.containers.xes import CASE, PRESET

__all__ = ["write_ocel"]

_EID, _QUALIFIER, _OTHERS = "ocel:eid", "ocel:qualifier", "ocel:type:"
_KINDS: Final = {"": "float", "micros": "string", "bool": "boolean", "time": "time"}
_WRITERS: Final = {"ocel-json": write_json, "ocel-xml": write_xml}


def write_ocel(layout: Layout, sink: BinaryIO | Path, kind: str, object_type: str) -> dict[str, Any]:
    """Write OCEL; return how it is read back.

    Events that have the columns a log of objects is read with (``ocel:eid``, ``ocel:qualifier``,
    ``ocel:type:<type>``) become the events of the objects they were.
    An attribute ``case:...`` becomes one of the object, with its changes.
    """
    objects = _objects(layout, object_type)
    if kind == "ocel-sqlite":
        assert isinstance(sink, Path)
        write_sqlite(objects, sink)
    else:
        assert not isinstance(sink, Path)
        _WRITERS[kind](objects, sink)
    named = layout.reads_filled()
    if "event_id" in named:
        named["event_id"] = _EID if objects.ids_given else layout.names["event_id"]
    filled = [n for n, c in layout.attributes.items() if c.to_arrow().null_count < layout.chunk.n_events]
    kept = [n for n in filled if n in objects.attributes or n.startswith("ocel:")]
    money = layout.reads_types(("money",))
    return {**named, **money, "object_type": object_type, "columns": kept}


def _objects(layout: Layout, object_type: str) -> Objects:
    """Return the events and objects of a log, in the order of time."""
    chunk = layout.chunk
    taken = [n for n in layout.attributes if n in PRESET.values()]
    if taken:
        raise ConfigError(
            f"the attribute {taken[0]!r} is called like something else in OCEL. Fix: write Parquet"
        )
    columns = {layout.names[r]: c for r, c in layout.roles.items() if r != "event"} | dict(layout.attributes)
    ids, given = _ids(layout, columns)
    qualifier, others = columns.pop(_QUALIFIER, None), _taken(columns, _OTHERS)
    filled = np.flatnonzero(np.diff(chunk.offsets) > 0)
    histories = {n: _histories(c, chunk) for n, c in layout.attributes.items() if n.startswith(CASE)}
    of_object = {n: found for n, found in histories.items() if found is not None}
    for n in of_object:
        columns.pop(n)
    order = np.argsort(chunk.time, kind="stable")
    event_attributes = {n: _Attribute.of(c.take(order)) for n, c in columns.items()}
    objects = Objects(
        object_type,
        chunk.actors.take(pa.array(filled)).to_pylist(),
        {n.removeprefix(CASE): found for n, found in of_object.items()},
        given,
        frozenset([*columns, *of_object]),
    )
    owner = np.searchsorted(filled, chunk.actor_of_event()[order]).tolist()
    times = texts_of(Number(chunk.time[order], unit="time")).to_pylist()
    names = texts_of(chunk.event.take(order)).to_pylist()
    how = [None] * len(order) if qualifier is None else texts_of(qualifier.take(order)).to_pylist()
    lists = {t: texts_of(c.take(order)).to_pylist() for t, c in others.items()}
    kinds = {n: a.kind for n, a in event_attributes.items()}
    values = {n: a.values for n, a in event_attributes.items()}
    for k, place in enumerate(order.tolist()):
        cells = [(n, kinds[n], v[k]) for n, v in values.items() if v[k] is not None]
        also = [(t, o) for t, listed in lists.items() if listed[k] is not None for o in _listed(listed[k])]
        objects.add(ids[place], names[k], times[k], cells, (owner[k], how[k]), also)
    return objects


@dataclass(frozen=True)
class _Attribute:
    """Values of a column as JSON has them, and the kind OCEL declares."""

    kind: str
    values: Sequence[Any]

    @staticmethod
    def of(column: Column) -> _Attribute:
        if not isinstance(column, Number):
            return _Attribute("string", texts_of(column).to_pylist())
        if column.unit == "" and column.values.dtype.kind == "i":
            return _Attribute("integer", column.to_arrow().to_pylist())
        if column.unit == "bool":
            return _Attribute("boolean", column.to_arrow().to_pylist())
        if column.unit == "":
            found = column.to_arrow()
            finite = pc.is_finite(found).fill_null(True)
            if pc.all(finite).as_py():
                return _Attribute("float", found.to_pylist())
        return _Attribute(_KINDS[column.unit], texts_of(column).to_pylist())


def _histories(column: Column, chunk: Chunk) -> tuple[str, list[list[Change]]] | None:
    """Return the kind of an attribute, and for each actor the values it took and since when.

    None where no history of objects gives the column back: a value that is lost again, or two at one time.
    """
    found = _Attribute.of(column)
    times = texts_of(Number(chunk.time, unit="time")).to_pylist()
    histories = []
    for begin, end in zip(chunk.offsets[:-1].tolist(), chunk.offsets[1:].tolist(), strict=True):
        changes: list[Change] = []
        last: Any = None
        for k in range(begin, end):
            value = found.values[k]
            if k == begin:
                changes += [] if value is None else [(BEGINNING, value)]
            elif value != last:
                if value is None or times[k] == times[k - 1]:
                    return None
                changes.append((times[k], value))
            last = value
        if end > begin:
            histories.append(changes)
    return found.kind, histories


def _ids(layout: Layout, columns: dict[str, Column]) -> tuple[list[str], bool]:
    """Return the id of each event: those it came with, or numbers."""
    n = layout.chunk.n_events
    name = layout.names.get("event_id", "")
    given = layout.roles.get("event_id")
    if _EID in columns:
        came = texts_of(columns.pop(_EID)).to_pylist()
        if None in came:
            raise ConfigError(f"some events have no {_EID!r}, which others have. Fix: write Parquet")
        return came, True
    if given is not None and not given.to_arrow().null_count:
        columns.pop(name)
        return texts_of(given).to_pylist(), True
    return [f"e{i + 1}" for i in range(n)], False


def _taken(columns: dict[str, Column], prefix: str) -> dict[str, Column]:
    return {name.removeprefix(prefix): columns.pop(name) for name in list(columns) if name.startswith(prefix)}


def _listed(text: str) -> list[str]:
    """Return the ids of a column of objects of another type."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(o, str) for o in found):
        raise ConfigError(
            f"a column {_OTHERS!r}... holds {cut(text)}, which is no list of ids. Fix: rename the column"
        )
    return found
