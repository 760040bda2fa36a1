"""Columns of ids: as codes and texts, and which texts stand for nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category, Chunk, Text
from journeylog.core.encode import encode
from journeylog.errors import MissingColumnError
from journeylog.ingest.verdicts import PLACEHOLDERS

__all__ = ["ids_of", "is_placeholder"]


def ids_of(chunk: Chunk, name: str) -> Category:
    """Return a column that holds ids.

    Raises
    ------
    MissingColumnError
        If there is none, or it holds amounts: ids that were read as numbers are written as text again only if whole.
    """
    column = chunk.column(name)
    if isinstance(column, Category):
        return column
    if isinstance(column, Text):
        return encode(column.values)
    if column.unit == "" and np.issubdtype(column.values.dtype, np.integer):
        missing = None if column.valid is None else ~column.valid
        return encode(pa.array(column.values, mask=missing).cast(pa.string()))
    raise MissingColumnError(
        f"column {name!r} holds no ids but {column.values.dtype} values. Fix: choose a column of text, one of "
        f"{sorted(k for k, v in chunk.columns.items() if isinstance(v, Category))}"
    )


def is_placeholder(labels: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which ids stand for nobody."""
    listed = pc.is_in(labels, pa.array([*PLACEHOLDERS, ""], pa.string()))
    return np.asarray(listed.to_numpy(zero_copy_only=False))
