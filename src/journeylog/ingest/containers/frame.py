"""Frames: anything that speaks the Arrow C stream (pandas, Polars, DuckDB, pyarrow). Never changed, rarely copied."""

from __future__ import annotations

import decimal
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from journeylog.errors import SchemaError
from journeylog.ingest.containers.arrow import checked
from journeylog.ingest.containers.base import Piece, Work, as_batch
from journeylog.ingest.containers.own import apart
from journeylog.ingest.containers.parquet import slices
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["FrameTable", "by_object", "is_ordered", "whole_rows"]

_INDEX = re.compile(r"__index_level_\d+__")
_ROWS = 1 << 18


class FrameTable:
    """A frame in memory or a relation that is computed as it is read."""

    complete = True
    blank_is_missing = False

    def __init__(self, data: Any) -> None:
        self.name = f"<{type(data).__name__}>"
        self.frame = data if isinstance(data, pd.DataFrame) else None
        if self.frame is not None:
            index = [str(n) for n in self.frame.index.names if n is not None]
            named = [str(c) for c in self.frame.columns]
            self.columns: Sequence[str] = named + [n for n in index if n not in named]
        else:
            self.in_memory = is_ordered(data)
            self.reader = _reader(data)
            self.columns = [c for c in self.reader.schema.names if not _INDEX.fullmatch(c)]

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows in their order."""
        kept = [name for name in self.columns if wanted is None or name in wanted]
        if self.frame is not None:
            for start in range(0, len(self.frame), _ROWS):
                yield partial(
                    _pandas_piece, self.frame.iloc[start : start + _ROWS], kept, start + 1, self.name
                )
            return
        first = 1
        for batch in self.reader:
            part = checked(batch.select(kept), self.name)
            yield from slices(part if self.in_memory else apart(part), first)
            first += batch.num_rows


def _reader(data: Any) -> pa.RecordBatchReader:
    """Return what gives the batches; the C stream would cut names of columns at a NUL, so pyarrow's own go round it."""
    if isinstance(data, pa.Table):
        return data.to_reader()
    if isinstance(data, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(data.schema, [data])
    return data if isinstance(data, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(data)


def is_ordered(data: Any) -> bool:
    """Return whether the rows of a frame have an order of their own; relations of a database have none."""
    return type(data).__module__.split(".")[0] in ("pandas", "polars", "pyarrow")


def _pandas_piece(frame: pd.DataFrame, kept: Sequence[str], first: int, called: str) -> Piece:
    """Convert column by column, so that one odd object costs its row and not the load."""
    columns: dict[str, Any] = {}
    bad: dict[int, tuple[str, bytes]] = {}
    names = [str(c) for c in frame.columns]
    for name in kept:
        series = frame.iloc[:, names.index(name)] if name in names else _index(frame, name)
        try:
            columns[name] = _one_chunk(pa.array(series, from_pandas=True))
        except (pa.ArrowException, UnicodeEncodeError, TypeError, ValueError, OverflowError):
            columns[name] = by_object(series, name, bad)
    rows = checked(as_batch(columns, len(frame)), called)
    return whole_rows(rows, np.arange(first, first + len(frame), dtype=np.int64), bad)


def whole_rows(rows: pa.RecordBatch, row: Any, bad: Mapping[int, tuple[str, bytes]]) -> Piece:
    """Return the piece of all rows but the bad ones, which are given by place, with column and bytes."""
    if not bad:
        return Piece(rows, row)
    whole = np.ones(len(row), dtype=bool)
    whole[list(bad)] = False
    why = "half a surrogate pair, which is no character"
    listed = [
        BadRow(int(row[i]), None, Reason.ENCODING, why, raw, column)
        for i, (column, raw) in sorted(bad.items())
    ]
    return Piece(rows.filter(pa.array(whole)), row[whole], None, listed)


def _index(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a named level of the index as a column."""
    level = [str(n) for n in frame.index.names].index(name)
    return pd.Series(frame.index.get_level_values(level))


def by_object(series: pd.Series[Any], name: str, bad: dict[int, tuple[str, bytes]]) -> pa.Array:
    """Return a column of mixed objects as text; texts that are none are noted in `bad`."""
    texts: list[str | None] = []
    for i, value in enumerate(series.tolist()):
        text = _spell(value, name)
        if text is not None:
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                raw = value if isinstance(value, bytes) else text.encode("utf-8", "surrogatepass")
                bad.setdefault(i, (name, raw))
                text = None
        texts.append(text)
    return pa.array(texts, pa.string())


def _spell(value: Any, name: str) -> str | None:
    """Return the one text form of an object; the same id in another type is the same text."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    if isinstance(value, int | np.integer | decimal.Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, dict | list | tuple):
        try:
            return json.dumps(value, ensure_ascii=False, default=str)
        except (TypeError, ValueError, RecursionError):
            pass
    raise SchemaError(
        f"column {name!r} holds objects of type {type(value).__name__}. Fix: turn them into text first"
    )


def _one_chunk(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
