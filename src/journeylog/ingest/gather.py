"""Columns from many pieces as one column each, for the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category, Column, Number, Text
from journeylog.core.vocabulary import Vocabulary, tidy
from journeylog.ingest.amounts import doubles_are_exact, numbers_of_text
from journeylog.ingest.texts import as_text

__all__ = ["category", "join_column", "join_number", "join_text"]

_NAMES = pa.dictionary(pa.int32(), pa.string())


def category(parts: Sequence[Any], blank_is_missing: bool = False) -> Category:
    """Return pieces of names as codes; only names that occur are in the vocabulary."""
    known = Vocabulary()
    texts = [p if pa.types.is_dictionary(p.type) else as_text(p, "a column") for p in parts]
    codes = [known.codes(text) for text in texts]
    return tidy(codes, known.labels(), blank_is_missing)


def join_text(parts: Sequence[Any]) -> Text:
    """Return pieces of free text as one column; an empty text is missing."""
    plain = [p.dictionary_decode() if pa.types.is_dictionary(p.type) else p for p in parts]
    texts = [pa.array([], pa.string()), *(as_text(p, "a column") for p in plain)]
    if sum(t.nbytes for t in texts) >= 2**31:
        texts = [t.cast(pa.large_string()) for t in texts]
    joined = pa.concat_arrays(texts)
    hollow = pc.equal(joined, "")
    if pc.any(hollow).as_py():
        joined = pc.if_else(hollow, pa.scalar(None, joined.type), joined)
    return Text(joined)


def join_number(role: str, parts: Sequence[Number]) -> Number:
    """Return pieces of a role that is a number as one column."""
    unit = {"value": "micros", "received": "time"}.get(role, "")
    empty = Number(np.zeros(0, np.float64 if unit == "" else np.int64), np.zeros(0, bool), unit)
    whole = [empty, *parts]
    return _join_numbers(whole, [len(p.values) for p in whole], unit)


def join_column(
    parts: Sequence[Any], lengths: Sequence[int], numeric: bool, blank_is_missing: bool
) -> Column:
    """Return pieces of an attribute as one column.

    Parameters
    ----------
    parts : sequence of array, Number or None
        None where the column was not there.
    lengths : sequence of int
        Rows of each piece.
    numeric : bool
        Whether all texts are numbers.
    """
    parts = [None if _hollow(p) else p for p in parts]  # nothing at all is of any kind
    found = [p for p in parts if p is not None]
    if found and all(isinstance(p, Number) and p.unit == found[0].unit for p in found):
        return _join_numbers(parts, lengths, found[0].unit)
    arrays = [_array(p, n) for p, n in zip(parts, lengths, strict=True)]
    kinds = {a.type for a in arrays if not pa.types.is_null(a.type)}
    if kinds and kinds <= {pa.bool_()}:
        return _number(pa.chunked_array([a.cast(pa.int64()) for a in arrays]), "bool")
    if kinds and kinds <= {pa.int64(), pa.float64(), pa.bool_()}:
        kind = pa.float64() if pa.float64() in kinds else pa.int64()
        return _number(pa.chunked_array([a.cast(kind) for a in arrays]), "")
    if numeric and kinds <= {pa.string(), _NAMES}:
        as_numbers = _numbers_of(pa.chunked_array([a.cast(pa.string()) for a in arrays], pa.string()))
        if as_numbers is not None:
            return as_numbers
    return category(arrays, blank_is_missing)


def _hollow(part: Any) -> bool:
    return isinstance(part, pa.Array) and part.null_count == len(part)


def _array(part: Any, n: int) -> pa.Array:
    if part is None:
        return pa.nulls(n)
    if isinstance(part, Number):
        return part.to_arrow()
    return part


def _join_numbers(parts: Sequence[Any], lengths: Sequence[int], unit: str) -> Number:
    kind = next(p.values.dtype for p in parts if p is not None)
    values = [np.zeros(n, kind) if p is None else p.values for p, n in zip(parts, lengths, strict=True)]
    valid = [
        np.zeros(n, bool) if p is None else np.ones(n, bool) if p.valid is None else p.valid
        for p, n in zip(parts, lengths, strict=True)
    ]
    return Number(np.concatenate(values), _some_missing(np.concatenate(valid)), unit)


def _number(column: pa.ChunkedArray, unit: str) -> Number:
    valid = column.is_valid().to_numpy() if column.null_count else None
    zero = pa.scalar(0, column.type)
    return Number(column.fill_null(zero).to_numpy() if column.null_count else column.to_numpy(), valid, unit)


def _numbers_of(text: pa.ChunkedArray) -> Number | None:
    """Return texts that are numbers as integers or doubles, exactly; None where neither holds them."""
    plain = pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), ""), pa.scalar(None, pa.string()), text)
    try:
        return _number(
            pa.chunked_array([pc.utf8_trim_whitespace(c).cast(pa.int64()) for c in plain.chunks], pa.int64()),
            "",
        )
    except pa.ArrowInvalid:
        if not doubles_are_exact(plain):
            return None
    floats = pa.chunked_array([numbers_of_text(c) for c in plain.chunks], pa.float64())
    number = _number(floats, "")
    nan = np.isnan(number.values)
    present = ~nan if number.valid is None else number.valid & ~nan
    return Number(np.where(nan, 0.0, number.values), _some_missing(present))


def _some_missing(valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    return None if valid.all() else valid
