"""Results of queries: Arrow batches or rows of Python objects, as a database gives them, never all at once."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from journeylog.errors import SchemaError
from journeylog.ingest.containers.base import Piece, Work, as_batch
from journeylog.ingest.containers.frame import by_object, whole_rows
from journeylog.ingest.containers.own import apart
from journeylog.ingest.containers.parquet import slices

__all__ = ["QueryTable"]

#: Key under which the PostgreSQL driver says what a column is.
_POSTGRES: Final = b"POSTGRESQL:type"


class QueryTable:
    """The rows of a query. A database promises no order, so their positions decide nothing.

    Parameters
    ----------
    columns : sequence of str
    chunks : iterable of RecordBatch or list of tuple
        Read once.
    """

    complete = True
    blank_is_missing = False
    name = "<query>"

    def __init__(self, columns: Sequence[str], chunks: Iterable[Any]) -> None:
        self.columns: Sequence[str] = tuple(columns)
        self.chunks = chunks

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows as they arrive."""
        places = [i for i, name in enumerate(self.columns) if wanted is None or name in wanted]
        first = 1
        for chunk in self.chunks:
            if isinstance(chunk, pa.RecordBatch):
                batch, numeric = _plain(chunk, places)
                for work in slices(batch, first):
                    yield partial(_with_numbers, work, numeric)
                first += chunk.num_rows
            else:
                yield partial(_rows_piece, chunk, self.columns, places, first)
                first += len(chunk)


def _with_numbers(work: Work, numeric: frozenset[str]) -> Piece:
    return replace(work(), numeric=numeric)


def _plain(batch: pa.RecordBatch, places: Sequence[int]) -> tuple[pa.RecordBatch, frozenset[str]]:
    """Return some columns without the wrappings of extension types, and those that hold numbers as text."""
    columns, names, numeric = [], [], set()
    for i in places:
        field = batch.schema.field(i)
        columns.append(_storage(batch.column(i), field))
        names.append(field.name)
        if isinstance(field.type, pa.BaseExtensionType) and _vendor_name(field.type) == "numeric":
            numeric.add(field.name)
    if not columns:
        return as_batch({}, batch.num_rows), frozenset()
    return apart(pa.RecordBatch.from_arrays(columns, names=names)), frozenset(numeric)


def _storage(column: pa.Array, field: pa.Field) -> pa.Array:
    """Return the values of a column; refuse what would be read as something else."""
    if (field.metadata or {}).get(_POSTGRES) == b"money":  # a count of its smallest unit, whatever that is
        raise _unreadable(field.name, "money", "numeric")
    if not isinstance(field.type, pa.BaseExtensionType):
        return column
    vendor = _vendor_name(field.type)
    if vendor is not None and pa.types.is_binary(column.storage.type):
        raise _unreadable(field.name, vendor, "text")
    return column.storage


def _vendor_name(kind: pa.DataType) -> str | None:
    """Return what a database calls a type that Arrow has no name for."""
    found = getattr(kind, "type_name", None)
    return None if found is None else str(found)


def _unreadable(name: str, kind: str, cast: str) -> SchemaError:
    return SchemaError(
        f"<query>: column {name!r} is of type {kind}, which the driver gives as raw bytes. Fix: cast it in the "
        f"query, {name}::{cast}, or leave it out with columns=[...]"
    )


def _rows_piece(rows: Sequence[Any], names: Sequence[str], places: Sequence[int], first: int) -> Piece:
    columns: dict[str, Any] = {}
    numeric = set()
    bad: dict[int, tuple[str, bytes]] = {}
    for i in places:
        values = [row[i] for row in rows]
        if any(isinstance(value, decimal.Decimal) for value in values):
            numeric.add(names[i])
        columns[names[i]] = _column(values, names[i], bad)
    batch = as_batch(columns, len(rows))
    piece = whole_rows(batch, np.arange(first, first + len(rows), dtype=np.int64), bad)
    return replace(piece, numeric=frozenset(numeric))


def _column(values: list[Any], name: str, bad: dict[int, tuple[str, bytes]]) -> pa.Array:
    """Return one column; objects of one kind keep their type, and all others are spelled as text."""
    spelled = [_spelled(value) for value in values]
    kinds = {_kind(value) for value in spelled if value is not None}
    if len(kinds) <= 1 or kinds == {int, float}:
        try:
            return pa.array(spelled)
        except (pa.ArrowException, UnicodeEncodeError, TypeError, ValueError, OverflowError):
            pass
    return by_object(pd.Series(spelled, dtype=object), name, bad)


def _kind(value: Any) -> Any:
    """Return what Arrow must not mix: it would drop times of day, and take a time without a zone for UTC."""
    return (dt.datetime, value.tzinfo is None) if isinstance(value, dt.datetime) else type(value)


def _spelled(value: Any) -> Any:
    """Return what would get another form beside its neighbours as a text of its own."""
    if value is None or isinstance(value, str | int | float | dt.date):
        return value
    if isinstance(value, decimal.Decimal):
        return format(value, "f")  # 2 stays 2 beside 1.5
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, dt.timedelta):
        return f"P0M{value.days}DT{value.seconds + value.microseconds / 1e6:.12g}S"
    return value
