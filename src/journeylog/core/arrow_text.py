"""The buffers of Arrow text columns, as NumPy arrays a kernel can read."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["buffers", "from_buffers", "is_text", "plain"]

Bytes = npt.NDArray[np.uint8]


def is_text(kind: pa.DataType) -> bool:
    """Return whether the type holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def plain(column: pa.Array) -> pa.Array:
    """Return the column as ``string``, or ``large_string`` where it must stay so."""
    return column.cast(pa.string()) if pa.types.is_string_view(column.type) else column


def buffers(column: pa.Array) -> tuple[Bytes, npt.NDArray[Any]]:
    """Return the bytes and the offsets (one more than rows) of a text or binary column, without a copy."""
    wide = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    _, offsets, data = column.buffers()
    if offsets is None or len(column) == 0:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64 if wide else np.int32)
    # the buffer may be longer, and by anything
    bounds = np.frombuffer(offsets, np.int64 if wide else np.int32, column.offset + len(column) + 1)
    found = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    return found, bounds[column.offset :]


def from_buffers(data: Bytes, offsets: npt.NDArray[np.int32], valid: Bytes | None = None) -> pa.Array:
    """Return a text column over these buffers, whose bytes must be UTF-8; `valid` is 0 where it is missing."""
    mask = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [mask, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)
