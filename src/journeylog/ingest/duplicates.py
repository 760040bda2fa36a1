"""Duplicates: rows with the same event id. Nothing else makes two rows one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.chunk import Category, Column, Number, read_only
from journeylog.core.encode import side_by_side
from journeylog.core.kernels import vocabulary as kernel
from journeylog.ingest.ordering import content_hashes

__all__ = ["Duplicates", "find_duplicates"]

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Duplicates(NamedTuple):
    """Rows that are not the first of their event id.

    Parameters
    ----------
    same : ndarray of bool
        Equal to the first in every column: counted as deduplicated.
    conflict : ndarray of bool
        Different from the first: rejected.
    """

    same: Mask
    conflict: Mask


def find_duplicates(
    event_id: pa.Array,
    actor: Category,
    time: Ints,
    columns: Mapping[str, Column],
    received: Number | None,
    same_id: str = "conflict",
) -> Duplicates | None:
    """Compare rows of one event id; None when there are no duplicates.

    The first is the one received earliest, then the earliest in the input. When it was received is not part of
    what an event says, so it is not compared. Rows without an id are never duplicates. With `same_id` as
    ``"keep"`` rows of one id that differ are events of their own, as ``"first"`` they are duplicates all the same.
    """
    rows = _repeated(event_id)
    if not len(rows):
        return None
    codes = np.full(len(event_id), -1, np.int64)
    codes[rows] = event_id.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    if same_id == "keep":
        codes = _with_content(codes, rows, columns)
        rows = rows[codes[rows] >= 0]
    keys = [rows, codes[rows]]
    if received is not None:
        arrived = received.values[rows].astype(np.int64)
        if received.valid is not None:
            arrived[~received.valid[rows]] = np.iinfo(np.int64).max
        keys.insert(1, arrived)
    rows = rows[np.lexsort(keys)]
    opens = np.append(True, np.diff(codes[rows]) != 0)
    first = rows[np.flatnonzero(opens)[np.cumsum(opens) - 1]]
    equal = (actor.codes[rows] == actor.codes[first]) & (time[rows] == time[first])
    for name, column in columns.items():
        if name != "received":
            equal &= _equal(column, rows, first)
    same, conflict = np.zeros(len(codes), dtype=bool), np.zeros(len(codes), dtype=bool)
    same[rows[~opens & equal]] = True
    if same_id == "first":
        same[rows[~opens]] = True
    elif same_id == "conflict":
        conflict[rows[~opens & ~equal]] = True
    return Duplicates(same, conflict)


def _repeated(event_id: pa.Array) -> Ints:
    """Return the rows whose id stands in another row too."""
    data, offsets = (read_only(part) for part in arrow_text.buffers(event_id))
    valid = np.zeros(0, bool)
    if event_id.null_count:
        valid = event_id.is_valid().to_numpy(zero_copy_only=False)
    hashed, found = np.empty(len(event_id), np.int32), np.zeros(len(event_id), np.uint8)
    cuts = np.linspace(0, len(hashed), (os.cpu_count() or 1) + 1).astype(np.int64).tolist()

    def part(bounds: tuple[int, int]) -> None:
        kernel.hash_texts(data, offsets[bounds[0] : bounds[1] + 1], hashed[slice(*bounds)])

    side_by_side(part, list(itertools.pairwise(cuts)))
    kernel.mark_repeated(data, offsets, hashed, read_only(valid.view(np.uint8)), found)
    return np.flatnonzero(found)


def _with_content(codes: Ints, rows: Ints, columns: Mapping[str, Column]) -> Ints:
    """Return codes that tell rows of one id apart by what they say; -1 for rows that are alone with it."""
    said = content_hashes({name: c for name, c in columns.items() if name != "received"}, rows)
    _, both = np.unique(np.column_stack((codes[rows].astype(np.uint64), said)), axis=0, return_inverse=True)
    finer = np.full(len(codes), -1, np.int64)
    finer[rows] = both.reshape(-1)
    return finer


def _equal(column: Column, rows: Ints, first: Ints) -> Mask:
    if isinstance(column, Category):
        return np.asarray(column.codes[rows] == column.codes[first])
    if isinstance(column, Number):
        same = (column.values[rows] == column.values[first]) | (
            (column.values[rows] != column.values[rows]) & (column.values[first] != column.values[first])
        )
        if column.valid is None:
            return np.asarray(same)
        valid, there = column.valid[rows], column.valid[first]
        return np.asarray((valid == there) & (same | ~valid))
    left: Any = column.values.take(pa.array(rows))
    right: Any = column.values.take(pa.array(first))
    same = pc.equal(left, right).fill_null(False).to_numpy(zero_copy_only=False)
    both = pc.and_(left.is_null(), right.is_null()).to_numpy(zero_copy_only=False)
    return np.asarray(same | both)
