"""One text form for every id and name, whatever type it comes in.

===============================  =========================================================================
type                             text
===============================  =========================================================================
text                             as written: ``00123`` and ``123`` are two
integer, decimal                 its digits, exactly
float                            the integer it stands for (``17850.0`` is ``17850``), else the shortest decimal
boolean                          ``true`` or ``false``
UUID, 16 fixed bytes             ``8-4-4-4-12`` lower-case hexadecimal digits
other fixed bytes                lower-case hexadecimal digits
bytes                            the UTF-8 text they hold; other bytes are rejected
date, time                       ISO 8601
interval                         ISO 8601, months, days and seconds apart: ``P0M1DT7200S``
list, struct, map                JSON (attributes only)
===============================  =========================================================================
"""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.kernels.ids import broken_texts
from journeylog.core.vocabulary import Vocabulary
from journeylog.errors import SchemaError

__all__ = ["as_names", "as_text", "is_nested", "no_text"]

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_EXACT = 2**53
#: A column whose first rows hold few names is worth a dictionary in every piece.
_PROBE, _FEW = 4096, 512


def as_text(column: pa.Array, what: str) -> pa.Array:
    """Return a column as ``string``; missing stays missing.

    Parameters
    ----------
    what : str
        The argument and the column, for messages.

    Raises
    ------
    SchemaError
        If ids came as floats too large to be told apart.
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return as_text(column.storage, what)
    if pa.types.is_string(kind):
        return column
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary, what).take(column.indices)
    if arrow_text.is_text(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        return _float_text(column.cast(pa.float64()), what)
    if pa.types.is_fixed_size_binary(kind):
        return _hex_text(column, kind.byte_width)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.string())  # rows that are no text have been taken out
    if is_nested(kind):
        values = column.to_pylist()
        return pa.array(
            [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in values],
            pa.string(),
        )
    if pa.types.is_interval(kind):
        spans = column.to_pylist()
        return pa.array([None if s is None else _span_text(*s) for s in spans], pa.string())
    return column.cast(pa.string())


def as_names(column: pa.Array, what: str) -> pa.Array:
    """Return a column as text: by a dictionary where it came with one, or holds few names."""
    if pa.types.is_dictionary(column.type) and not column.dictionary.null_count:
        words = as_text(column.dictionary, what)
        return pa.DictionaryArray.from_arrays(column.indices.cast(pa.int32()), words)
    text = as_text(column, what)
    known, codes = Vocabulary(), np.empty(len(text), np.int32)
    known.codes(text[:_PROBE], codes[:_PROBE])
    if len(text) > _PROBE and len(known) > _FEW:
        return text
    known.codes(text[_PROBE:], codes[_PROBE:])
    places = pa.array(codes, mask=codes < 0) if text.null_count else pa.array(codes)
    return pa.DictionaryArray.from_arrays(places, known.labels(), safe=False)


def no_text(column: pa.Array) -> npt.NDArray[np.bool_] | None:
    """Return which rows of a column of text or bytes are not UTF-8; None: no row is not."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        words = no_text(column.dictionary)
        if words is None:
            return None
        return np.asarray(
            np.append(words, False)[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
        )
    if not (arrow_text.is_text(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        return None
    data, offsets = arrow_text.buffers(column)
    if offsets[-1] == offsets[0] or data[offsets[0] : offsets[-1]].max() < 128:
        return None
    found = np.zeros(len(column), np.uint8)
    if not broken_texts(data, offsets, found):
        return None
    return np.asarray((found == 1) & column.is_valid().to_numpy(zero_copy_only=False))


def is_nested(kind: pa.DataType) -> bool:
    """Return whether the type holds lists, structs or maps."""
    return bool(pa.types.is_nested(kind))


def _float_text(column: pa.Array, what: str) -> pa.Array:
    known = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    values = known.fill_null(0.0).to_numpy(zero_copy_only=False)
    if (np.abs(values[np.isfinite(values)]) >= _EXACT).any():
        raise SchemaError(
            f"{what} came as floats of 2**53 and more, where neighbours have merged already. Fix: read it as text"
        )
    whole = np.isfinite(values) & (values == np.rint(values))
    integers = pa.array(
        np.where(whole, values, 0).astype(np.int64), mask=known.is_null().to_numpy(zero_copy_only=False)
    )
    if whole.all():
        return integers.cast(pa.string())
    return pc.if_else(pa.array(whole), integers.cast(pa.string()), known.cast(pa.string()))


def _span_text(months: int, days: int, nanoseconds: int) -> str:
    return f"P{months}M{days}DT{nanoseconds / 1e9:.12g}S"


def _hex_text(column: pa.Array, width: int) -> pa.Array:
    raw = np.frombuffer(column.buffers()[1], np.uint8) if len(column) else np.zeros(0, np.uint8)
    rows = raw[column.offset * width : (column.offset + len(column)) * width].reshape(len(column), width)
    digits = np.empty((len(column), 2 * width), np.uint8)
    digits[:, 0::2], digits[:, 1::2] = _DIGITS[rows >> 4], _DIGITS[rows & 15]
    if width == 16:
        digits = np.insert(digits, [8, 12, 16, 20], ord("-"), axis=1)
    offsets = np.arange(len(column) + 1, dtype=np.int32) * digits.shape[1]
    valid = column.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8) if column.null_count else None
    return arrow_text.from_buffers(np.ascontiguousarray(digits).reshape(-1), offsets, valid)
