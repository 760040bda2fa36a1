"""What decides between equal times, where the position in the input does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Chunk, Column, Number
from journeylog.ingest.texts import as_text

__all__ = ["build_by_content", "content_hashes", "rank"]

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
_ROW = "\0row"
#: A key is the rank of the event's name, then this many bits of the hash; names beyond 2**24 share ranks' bits.
_HASH_BITS = np.uint64(40)


def rank(parts: Sequence[Any]) -> Ints:
    """Return the place of each row by one ``order_by`` column: numbers by size, texts by letters, missing last.

    Texts that are all whole numbers are ordered as numbers, so that 9 comes before 10.
    """
    kinds = {p.type for p in parts if not pa.types.is_null(p.type)}
    if len(kinds) > 1:
        parts = [as_text(p, "order_by") for p in parts]
    values = pa.chunked_array(parts) if kinds else pa.chunked_array([p.cast(pa.string()) for p in parts])
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        hollow = pc.equal(values, "")
        values = pc.if_else(hollow, pa.scalar(None, values.type), values)
        if pc.all(pc.match_substring_regex(values, r"^-?\d{1,18}$")).as_py():
            values = values.cast(pa.int64())
    place = pc.rank(values, sort_keys="ascending", tiebreaker="dense")  # missing last
    return np.asarray(place).astype(np.int64)


def build_by_content(
    actor: Category, time: Ints, columns: Mapping[str, Column], first: Sequence[Ints] = ()
) -> tuple[Chunk, int]:
    """Build a chunk whose ties are put in order by what the rows say, wherever they stood.

    By the keys in `first` (declared order, source precedence), then the event's name, then a hash of the row.
    Only tied rows are looked at.
    """
    n = len(time)
    numbered = {**columns, _ROW: Number(np.arange(n, dtype=np.int64))}
    chunk, n_tied = build_chunk(actor, time, numbered)
    if n_tied:
        same = np.diff(chunk.time) == 0
        same &= np.diff(chunk.actor_of_event()) == 0
        tied = np.append(same, False) | np.append(False, same)
        row = chunk.columns[_ROW]
        assert isinstance(row, Number)
        at = row.values[tied]
        key = np.zeros(n, np.uint64)
        key[at] = (_label_rank(columns["event"], at) << _HASH_BITS) | (
            content_hashes(columns, at) >> np.uint64(64 - _HASH_BITS)
        )
        chunk, n_tied = build_chunk(actor, time, columns, [*first, key])
    kept = {name: column for name, column in chunk.columns.items() if name != _ROW}
    return Chunk(chunk.actors, chunk.offsets, chunk.time, kept, chunk.levels), n_tied


def _label_rank(column: Column, at: Ints) -> Hashes:
    assert isinstance(column, Category)
    place = np.empty(len(column.labels), np.uint64)
    place[pc.array_sort_indices(column.labels).to_numpy()] = np.arange(len(column.labels), dtype=np.uint64)
    return place[column.codes[at]]


def content_hashes(columns: Mapping[str, Column], at: Ints) -> Hashes:
    """Return a hash of the values of each row, the same on every machine."""
    total = np.zeros(len(at), np.uint64)
    for name in sorted(columns):
        total = total * np.uint64(1_000_003) + _hashes(columns[name], at)
    return total


def _hashes(column: Column, at: Ints) -> Hashes:
    """Return a hash of one column's values, 0 where they are missing."""
    if isinstance(column, Category):
        return np.append(_text_hashes(column.labels), np.uint64(0))[column.codes[at]]
    if isinstance(column, Number):
        bits = np.ascontiguousarray(column.values[at]).view(np.uint64)
        mixed = (bits ^ (bits >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
        return mixed if column.valid is None else np.where(column.valid[at], mixed, np.uint64(0))
    return _text_hashes(column.values.take(pa.array(at)))


def _text_hashes(texts: pa.Array) -> Hashes:
    words = np.array(["" if t is None else "=" + t for t in texts.to_pylist()], dtype=object)
    return np.asarray(pd.util.hash_array(words, categorize=False))
