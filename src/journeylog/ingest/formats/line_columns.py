"""Columns of lines: the least value of each group, whether there are several, and what a line says as a hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.ingest.texts import as_text, is_nested

__all__ = ["Least", "distinct_hashes", "joined", "known_texts", "least", "texts_of"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_NONE: Final = np.iinfo(np.int64).max
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


class Least(NamedTuple):
    """A column of records: the value that counts, and whether the lines differ."""

    values: pa.Array
    several: Mask

    @staticmethod
    def missing(n: int) -> Least:
        """Return a column that some pieces do not have."""
        return Least(pa.nulls(n), np.zeros(n, dtype=bool))

    @staticmethod
    def joined(parts: Sequence[Least]) -> Least:
        """Return the parts one after the other."""
        return Least(joined([p.values for p in parts]), np.concatenate([p.several for p in parts]))


def least(column: Least, codes: Ints, order: Ints, starts: Ints, ahead: Ints | None = None) -> Least:
    """Return the least known value of each group.

    Parameters
    ----------
    codes : ndarray of int64
        The group of each row.
    order, starts : ndarray of int64
        Rows by group, and where each group begins among them.
    ahead : ndarray of int64, optional
        What to compare first; by default the values alone decide.
    """
    values = _comparable(column.values)
    place = _ranks(values)
    known = place != _NONE
    if ahead is None:
        lowest = np.minimum.reduceat(place[order], starts)
        highest = np.maximum.reduceat(np.where(known, place, -1)[order], starts)
        at = np.lexsort((place, codes))[starts]
    else:
        ahead = np.where(known, ahead, _NONE)
        lowest = np.minimum.reduceat(ahead[order], starts)
        highest = np.maximum.reduceat(np.where(known, ahead, np.iinfo(np.int64).min)[order], starts)
        at = np.lexsort((place, ahead, codes))[starts]
    several = np.logical_or.reduceat(column.several[order], starts) | (highest > lowest)
    return Least(values.take(pa.array(at)), several)


def joined(parts: Sequence[pa.Array]) -> pa.Array:
    """Return arrays one after the other, as text where their types differ."""
    kinds = {p.type for p in parts if not pa.types.is_null(p.type)}
    if len(kinds) > 1:
        parts = [as_text(p, "a column") for p in parts]
        kinds = {pa.string()}
    kind = next(iter(kinds), pa.null())
    return pa.concat_arrays([p.cast(kind) for p in parts])


def known_texts(column: pa.Array) -> pa.Array:
    """Return a column as text, where blank is missing."""
    text = pc.utf8_trim_whitespace(as_text(column, "a column"))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def texts_of(column: pa.Array) -> pa.Array:
    """Return a list for each row: the text it holds, or none."""
    text = known_texts(column)
    valid = text.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(valid)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), text.drop_null())


def distinct_hashes(rows: pa.RecordBatch) -> npt.NDArray[np.uint64]:
    """Return a hash of all that each row says, the same wherever it stands."""
    total = np.zeros(rows.num_rows, np.uint64)
    by_name = dict(zip(rows.schema.names, rows.columns, strict=True))
    for name in sorted(by_name):
        total = np.asarray((total ^ _hashes(by_name[name])) * _MIX + np.uint64(len(name)))
    return total


def _hashes(column: pa.Array) -> npt.NDArray[np.uint64]:
    encoded = known_texts(column).dictionary_encode()
    words = np.array(["", *encoded.dictionary.to_pylist()], dtype=object)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    hashes = np.asarray(pd.util.hash_array(words, categorize=False))
    return np.asarray(hashes[codes.astype(np.int64) + 1], np.uint64)


def _comparable(column: pa.Array) -> pa.Array:
    """Return the column in a type that has an order, where blank is missing."""
    if pa.types.is_dictionary(column.type):
        return _comparable(column.dictionary_decode())
    if is_nested(column.type) or pa.types.is_boolean(column.type):
        return as_text(column, "a column")
    if not arrow_text.is_text(column.type):
        return column
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    return pc.if_else(blank, pa.scalar(None, column.type), column)


def _ranks(values: Any) -> Ints:
    """Return the place of each value among the different ones; the missing come last."""
    if pa.types.is_null(values.type):
        return np.full(len(values), _NONE)
    encoded = values.dictionary_encode()
    place = np.empty(len(encoded.dictionary) + 1, np.int64)
    place[pc.array_sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(encoded.dictionary))
    place[-1] = _NONE
    codes: Ints = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return place[codes]
