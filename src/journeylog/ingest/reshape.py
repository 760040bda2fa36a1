"""Tables that are not events yet: one column for each status time, or one row for each change of a field."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.ingest.roles import History
from journeylog.ingest.texts import as_text

__all__ = ["Shaped", "column_of", "from_history", "from_stamps", "one_type"]

Ints = npt.NDArray[np.int64]


class Shaped(NamedTuple):
    """Events made of the rows of a table.

    Parameters
    ----------
    origin : ndarray of int64
        For each event the row it comes from; rows come in order, their events side by side.
    event, time : pyarrow.Array
    time_column : pyarrow.Array
        Name of the column each time stood in.
    without : ndarray of int64
        Rows that hold no time at all.
    """

    origin: Ints
    event: pa.Array
    time: pa.Array
    time_column: pa.Array
    without: Ints


def from_stamps(rows: pa.RecordBatch, stamps: tuple[tuple[str, str], ...]) -> Shaped:
    """Return one event for each time that is given; a missing one is "not yet", no event.

    Events of one row come in the order of the declaration, which decides between equal times.
    """
    columns = one_type([column_of(rows, name) for _, name in stamps])
    given = np.column_stack([_given(column) for column in columns])
    row, which = np.nonzero(given)
    joined = pa.concat_arrays(columns)
    time = joined.take(pa.array(which.astype(np.int64) * rows.num_rows + row))
    codes = pa.array(which.astype(np.int32))
    return Shaped(
        row.astype(np.int64),
        pa.DictionaryArray.from_arrays(codes, pa.array([event for event, _ in stamps], pa.string())),
        time,
        pa.DictionaryArray.from_arrays(codes, pa.array([name for _, name in stamps], pa.string())),
        np.flatnonzero(~given.any(axis=1)).astype(np.int64),
    )


def from_history(rows: pa.RecordBatch, history: History) -> Shaped:
    """Return one event for each change of a chosen field, named by its new value."""
    index = np.arange(rows.num_rows, dtype=np.int64)
    if history.only is not None:
        chosen = [history.only] if isinstance(history.only, str) else list(history.only)
        field = as_text(column_of(rows, history.field), "history.field")
        index = np.flatnonzero(pc.is_in(field, pa.array(chosen, pa.string())).to_numpy(zero_copy_only=False))
        rows = rows.take(pa.array(index))
    new: Any = as_text(column_of(rows, history.new), "history.new")
    if history.field is not None and not isinstance(history.only, str):
        named = pc.binary_join_element_wise(
            as_text(column_of(rows, history.field), "history.field"), new, ": "
        )
        new = pc.if_else(pc.equal(new, ""), pa.scalar("", pa.string()), named)
    name = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows.num_rows, np.int32)), pa.array([history.time])
    )
    return Shaped(index.astype(np.int64), new, column_of(rows, history.time), name, np.zeros(0, np.int64))


def column_of(rows: pa.RecordBatch, name: str | None) -> pa.Array:
    """Return a column; all missing where the file, or the lines so far, have none of this name."""
    at = rows.schema.get_field_index(name or "")
    return rows.column(at) if at >= 0 else pa.nulls(rows.num_rows, pa.string())


def _given(column: pa.Array) -> npt.NDArray[np.bool_]:
    present = column.is_valid()
    if arrow_text.is_text(column.type):
        present = pc.and_(present, pc.not_equal(pc.ascii_trim_whitespace(column), "").fill_null(False))
    return np.asarray(present.to_numpy(zero_copy_only=False))


def one_type(columns: list[pa.Array]) -> list[pa.Array]:
    """Return the columns in one type that holds the times of all: their own, microseconds, or text."""
    plain = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in columns]
    kinds = {c.type for c in plain if not pa.types.is_null(c.type)}
    if not kinds:
        return [c.cast(pa.string()) for c in plain]
    if len(kinds) == 1:
        return [c.cast(next(iter(kinds))) for c in plain]
    if all(pa.types.is_timestamp(k) for k in kinds) and len({k.tz is None for k in kinds}) == 1:
        zone = None if next(iter(kinds)).tz is None else "UTC"
        return [c.cast(pa.timestamp("us", zone), safe=False) for c in plain]
    return [c.cast(pa.string()) for c in plain]
