"""Cases that interleave: events of an actor grouped by the value of a column (orders, deals, session ids)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk, Level, Number, read_only
from journeylog.core.kernels import objects as kernel
from journeylog.core.schema import OPEN

__all__ = ["object_codes", "object_level"]


def object_level(chunk: Chunk, column: str, *, missing_alone: bool = False) -> Level:
    """Return the cases given by a column: one case for each actor and value.

    Parameters
    ----------
    column : str
        A column of any kind. A value that occurs under two actors makes two cases.
    missing_alone : bool
        Whether an event without a value is a case of its own; otherwise it belongs to no case.

    Raises
    ------
    MissingColumnError
        If the column is not in the chunk.

    Notes
    -----
    Cases of an actor are in the order of their first events; all are open, with no declared patience. The
    level has an `order` only where cases do interleave.
    """
    codes, n_codes = object_codes(chunk, column)
    grouped: Any = kernel.group_inside(codes, chunk.offsets, n_codes, missing_alone)
    order, begin, end, actor_offsets = grouped
    straight = np.array_equal(order, np.arange(len(order)))
    return Level(actor_offsets, begin, end, np.full(len(begin), OPEN, np.int32), None if straight else order)


def object_codes(chunk: Chunk, column: str) -> tuple[npt.NDArray[np.int32], int]:
    """Return the values of a column as codes (-1 is missing), and how many distinct ones there may be."""
    found = chunk.column(column)
    if isinstance(found, Category):
        return found.codes, len(found.labels)
    if isinstance(found, Number):
        values = pa.array(found.values, mask=None if found.valid is None else ~found.valid)
    else:
        values = found.values
    coded = values.dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return read_only(codes.astype(np.int32, copy=False)), len(coded.dictionary)
