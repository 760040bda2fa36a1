"""Columns of ids: as codes and texts, and which texts stand for nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category, Chunk, Number, Text
from journeylog.core.encode import encode
from journeylog.errors import MissingColumnError
from journeylog.ingest.texts import as_text
from journeylog.ingest.verdicts import PLACEHOLDERS

__all__ = ["ids_of", "is_placeholder"]


def ids_of(chunk: Chunk, name: str) -> Category:
    """Return a column that holds ids; whole numbers are written as texts, as the door writes an actor's.

    Raises
    ------
    MissingColumnError
        If there is no such column, or it holds other numbers, times or amounts.
    """
    column = chunk.column(name)
    if isinstance(column, Category):
        return column
    if isinstance(column, Text):
        return encode(column.values)
    if column.unit == "" and _whole(column):
        return encode(as_text(column.to_arrow(), name))
    raise MissingColumnError(
        f"column {name!r} holds no ids but numbers ({column.unit or column.values.dtype}). Fix: choose a column of "
        f"texts or whole numbers, one of {sorted(k for k, v in chunk.columns.items() if isinstance(v, Category))}"
    )


def _whole(column: Number) -> bool:
    """Return whether all numbers are whole; ids in a column with gaps often come as floats."""
    values = column.values if column.valid is None else column.values[column.valid]
    return bool(np.issubdtype(values.dtype, np.integer) or (values == np.floor(values)).all())


def is_placeholder(labels: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which ids stand for nobody."""
    listed = pc.is_in(labels, pa.array([*PLACEHOLDERS, ""], pa.string()))
    return np.asarray(listed.to_numpy(zero_copy_only=False))
