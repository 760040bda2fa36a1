"""Columns from many pieces as one column each, for the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category, Column, Number, Text
from journeylog.core.encode import encode
from journeylog.ingest.amounts import numbers_of_text
from journeylog.ingest.texts import as_text

__all__ = ["category", "join_column", "join_number", "join_text"]

_NAMES = pa.dictionary(pa.int32(), pa.string())
#: Vocabularies up to this size are sorted, as the core does.
_SORTED = 1 << 16
#: A text of this many digits may not be told apart as a double.
_MANY_DIGITS = r"\d{16}"


def category(parts: Sequence[Any], blank_is_missing: bool = False) -> Category:
    """Return pieces of names as codes; only names that occur are in the vocabulary."""
    if parts and all(pa.types.is_dictionary(p.type) for p in parts):
        return _from_dictionaries(parts, blank_is_missing)
    coded = encode(pa.chunked_array([as_text(p, "a column") for p in parts], pa.string()))
    blank = pc.index(coded.labels, "").as_py() if blank_is_missing else -1
    if blank < 0:
        return coded
    codes = np.where(coded.codes == blank, -1, coded.codes - (coded.codes > blank))
    return Category(codes, pa.concat_arrays([coded.labels[:blank], coded.labels[blank + 1 :]]), coded.ordered)


def _from_dictionaries(parts: Sequence[Any], blank_is_missing: bool) -> Category:
    """Join vocabularies and move the codes of each piece once."""
    words = pa.chunked_array([p.dictionary.cast(pa.string()) for p in parts]).unique()
    if len(words) <= _SORTED:
        words = words.take(pc.array_sort_indices(words))
    used = np.zeros(len(words) + 1, dtype=bool)
    codes = np.empty(sum(len(p) for p in parts), np.int32)
    start = 0
    for part in parts:
        moved = (
            pc.index_in(part.dictionary.cast(pa.string()), words).fill_null(-1).to_numpy(zero_copy_only=False)
        )
        indices = part.indices.fill_null(len(moved)).to_numpy(zero_copy_only=False)
        codes[start : start + len(part)] = np.append(moved, -1)[indices]
        used[moved[np.bincount(indices, minlength=len(moved))[: len(moved)] > 0]] = True
        start += len(part)
    used = used[:-1]
    if blank_is_missing:
        used &= ~pc.equal(words, "").fill_null(False).to_numpy(zero_copy_only=False)
    if used.all():
        return Category(codes, words)
    moved = np.append(np.where(used, np.cumsum(used) - 1, -1), -1).astype(np.int32)
    return Category(moved[codes], words.filter(pa.array(used)))


def join_text(parts: Sequence[Any]) -> Text:
    """Return pieces of free text as one column; an empty text is missing."""
    plain = [p.dictionary_decode() if pa.types.is_dictionary(p.type) else p for p in parts]
    texts = [pa.array([], pa.string()), *(as_text(p, "a column") for p in plain)]
    if sum(t.nbytes for t in texts) >= 2**31:
        texts = [t.cast(pa.large_string()) for t in texts]
    joined = pa.concat_arrays(texts)
    return Text(pc.if_else(pc.equal(joined, ""), pa.scalar(None, joined.type), joined))


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
            pa.chunked_array([pc.utf8_trim_whitespace(c).cast(pa.int64()) for c in plain.chunks]), ""
        )
    except pa.ArrowInvalid:
        if pc.any(pc.match_substring_regex(plain, _MANY_DIGITS)).as_py():
            return None
    floats = pa.chunked_array([numbers_of_text(c) for c in plain.chunks])
    number = _number(floats, "")
    nan = np.isnan(number.values)
    present = ~nan if number.valid is None else number.valid & ~nan
    return Number(np.where(nan, 0.0, number.values), _some_missing(present))


def _some_missing(valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    return None if valid.all() else valid
