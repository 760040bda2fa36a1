"""A log laid out for writing: which column is which role, what each is called, and how it is to be read back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category, Chunk, Column, Number, Text
from journeylog.core.log import EventLog
from journeylog.core.schema import DAY, ROLES
from journeylog.core.time_rule import TimeRule
from journeylog.ingest.verdicts import PLACEHOLDERS

__all__ = ["Layout", "lay_out", "texts_of"]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Layout:
    """The columns of a log.

    Parameters
    ----------
    chunk : Chunk
    names : mapping of str to str
        What the column of each role is called; other columns keep their names.
    roles : mapping of str to Column
        Roles but actor and time.
    attributes : mapping of str to Column
    reads : mapping of str to object
        What :func:`journeylog.read` must be told wherever the log was written to.
    """

    chunk: Chunk
    names: Mapping[str, str]
    roles: Mapping[str, Column]
    attributes: Mapping[str, Column]
    reads: Mapping[str, Any]

    def columns(self) -> dict[str, Column]:
        """Return all but actor and time by the names they are written under."""
        return {**{self.names[role]: column for role, column in self.roles.items()}, **self.attributes}

    def reads_roles(self) -> dict[str, Any]:
        """Return the arguments that name the columns of the roles."""
        named: dict[str, Any] = dict(self.names)
        if "score" in self.roles:
            named["score_scale"] = (-1, 1)
        return named

    def reads_filled(self) -> dict[str, Any]:
        """Return the same for files that say actor, event and time by themselves, and hold only what is there."""
        named = self.reads_roles()
        for role, column in {"actor": None, "time": None, **self.roles}.items():
            if column is None or role == "event" or column.to_arrow().null_count == self.chunk.n_events:
                named.pop(role)
        if "score" not in named:
            named.pop("score_scale", None)
        return named

    def reads_types(self, kinds: tuple[str, ...]) -> dict[str, Any]:
        """Return the argument that says which attributes are numbers, truths, times or money."""
        types = {name: _kind(c) for name, c in self.attributes.items() if isinstance(c, Number)}
        types = {name: kind for name, kind in types.items() if kind in kinds}
        return {"types": types} if types else {}


def lay_out(log: EventLog) -> Layout:
    """Return the columns of a log; those called like a role and fit for it are the role."""
    chunk = log.chunk
    roles = {r: chunk.columns[r] for r in ROLES[3:] if r in chunk.columns and _fits(r, chunk.columns[r])}
    if "event_id" in roles and not _unique(roles["event_id"]):
        del roles["event_id"]
    attributes = {n: c for n, c in chunk.columns.items() if n not in roles and n != "event"}
    roles = {"event": chunk.event, **roles}
    taken = set(attributes)
    names = {role: _free(role, taken) for role in ("actor", "time", *roles)}
    return Layout(chunk, names, roles, attributes, _reads(log))


def texts_of(column: Column) -> pa.Array:
    """Return a column as text: numbers by their shortest decimal, truths as true and false, times in UTC with ``Z``."""
    if isinstance(column, Category):
        return column.to_arrow().dictionary_decode().cast(pa.string())
    if isinstance(column, Text):
        return column.values
    found = column.to_arrow()
    text = found.cast(pa.string())
    if pa.types.is_timestamp(found.type):
        return pc.replace_substring(text, " ", "T")
    return (
        pc.replace_substring_regex(text, r"^(-?\d+)$", r"\1.0") if pa.types.is_floating(found.type) else text
    )


def _reads(log: EventLog) -> dict[str, Any]:
    """Return what differs from the defaults of reading: placeholders kept, times out of the usual range, a window."""
    reads: dict[str, Any] = {}
    chunk = log.chunk
    if pc.any(pc.is_in(chunk.actors, pa.array(PLACEHOLDERS))).as_py():
        reads["placeholders"] = ()
    if chunk.n_events:
        first, last = int(chunk.time.min()), int(chunk.time.max())
        now = int((dt.datetime.now(dt.UTC) - _EPOCH).total_seconds()) * 1_000_000
        if first < TimeRule.earliest or last > now + DAY:
            reads["time_range"] = (_iso(first), _iso(last))
    if log.window.declared:
        reads["window"] = (_iso(log.window.start), _iso(log.window.end))
    return reads


def _iso(micros: int) -> str:
    return (_EPOCH + dt.timedelta(microseconds=micros)).isoformat(timespec="microseconds")


def _fits(role: str, column: Column) -> bool:
    if role in ("source", "channel", "currency"):
        return isinstance(column, Category)
    if role in ("text", "event_id"):
        return isinstance(column, Text)
    unit = {"value": "micros", "score": "", "received": "time"}[role]
    return isinstance(column, Number) and column.unit == unit and (role != "score" or _is_score(column))


def _is_score(column: Number) -> bool:
    values = column.values if column.valid is None else column.values[column.valid]
    return values.dtype == np.float64 and bool((np.abs(values) <= 1).all())


def _unique(column: Column) -> bool:
    values = column.to_arrow().drop_null()
    return len(pc.unique(values)) == len(values)


def _kind(column: Number) -> str:
    return {"": "number", "micros": "money", "time": "time", "bool": "bool"}[column.unit]


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the name with a number when an attribute is called so."""
    free, k = name, 2
    while free in taken:
        free, k = f"{name}_{k}", k + 1
    taken.add(free)
    return free
