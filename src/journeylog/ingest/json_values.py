"""JSON values as spans of bytes: looked into by compiled kernels, copied only when they are needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.core.kernels import json_lines as kind
from journeylog.core.kernels import json_paths as kernel
from journeylog.core.kernels.json_pairs import Plan, make_plan, values_of
from journeylog.core.kernels.json_text import gather_values, survey

__all__ = ["PairList", "Spans", "columns_of", "key_table", "of_text", "plan_of", "values_found"]

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Spots = npt.NDArray[np.int32]


class PairList(NamedTuple):
    """A column of lists of pairs, and the keys whose values are wanted.

    Parameters
    ----------
    column : str
    name, value : str
        What the members of a pair are called.
    keys : tuple of str
    """

    column: str
    name: str
    value: str
    keys: tuple[str, ...]


class Spans:
    """JSON values as spans of a buffer; not copied before they are needed."""

    def __init__(self, buf: Bytes, spans: Spots, kinds: Bytes) -> None:
        self.buf, self.spans, self.kinds = buf, spans, kinds

    def members(self, keys: Sequence[str]) -> tuple[list[Spans], Bytes]:
        """Return the members of each object by key, and the rows where a key stands twice."""
        n = len(self.kinds)
        found, kinds = np.zeros((len(keys), n, 2), np.int32), np.zeros((len(keys), n), np.uint8)
        twice = np.zeros(n, np.uint8)
        source = self.unescaped()
        plan = plan_of([], n, len(keys))
        kernel.scan_members(
            source.buf,
            source.spans,
            source.kinds,
            *key_table(tuple(keys)),
            found,
            kinds,
            twice,
            plan.memory,
            plan.texts,
            plan.bounds,
        )
        return columns_of(source.buf, found, kinds), twice

    def pairs(self, keys: Sequence[str], name: str, value: str) -> list[Spans]:
        """Return the values of keys in lists of pairs."""
        source = self.unescaped()
        plan = plan_of([PairList("", name, value, tuple(keys))], len(self.kinds), 0)
        kernel.scan_pairs(source.buf, source.spans, source.kinds, plan.memory, plan.texts, plan.bounds)
        return values_found(source.buf, plan, len(self.kinds))

    def elements(self) -> tuple[Spans, Ints]:
        """Return the elements of each array, and the row each belongs to."""
        source = self.unescaped()
        counts = np.zeros(len(self.kinds), np.int64)
        total = kernel.count_elements(source.buf, source.spans, source.kinds, counts)
        found, kinds = np.zeros((total, 2), np.int32), np.zeros(total, np.uint8)
        parent = np.zeros(total, np.int64)
        kernel.scan_elements(source.buf, source.spans, counts, found, kinds, parent)
        return Spans(source.buf, found, kinds), parent

    def take(self, index: Ints) -> Spans:
        """Return some of the values."""
        return Spans(self.buf, self.spans[index], self.kinds[index])

    def unescaped(self) -> Spans:
        """Return the values with texts that may hold JSON themselves without their escapes."""
        if not self._survey[3]:
            return self
        array, _ = self.to_arrow()
        plain = of_text(array)
        plain.kinds = np.where(self.kinds <= kind.MISSING, self.kinds, kind.PLAIN).astype(np.uint8)
        return plain

    def to_arrow(self) -> tuple[pa.Array, Bytes]:
        """Copy the values out as text; missing and absent are null. Also: rows with half a surrogate pair."""
        n = len(self.kinds)
        size, there, _, _ = self._survey
        valid, broken = np.empty(n, np.uint8), np.zeros(n, np.uint8)
        if not there:
            return pa.nulls(n, pa.string()), broken
        data, offsets = np.empty(size + 8, np.uint8), np.empty(n + 1, np.int32)
        gather_values(self.buf, self.spans, self.kinds, data, offsets, valid, broken)
        return arrow_text.from_buffers(data, offsets, None if there == n else valid), broken

    @property
    def has_objects(self) -> bool:
        """Whether any value is an object."""
        there = np.flatnonzero(self.kinds > kind.MISSING)
        starts, ends = self.spans[there, 0], self.spans[there, 1]
        return bool(len(there)) and bool((self.buf[starts[ends > starts]] == ord("{")).any())

    @property
    def numeric(self) -> bool:
        """Whether every value that is there is a number."""
        _, there, numbers, _ = self._survey
        return bool(0 < numbers == there)

    @cached_property
    def _survey(self) -> tuple[int, int, int, int]:
        found: tuple[int, int, int, int] = survey(self.spans, self.kinds)
        return found


def columns_of(buf: Bytes, found: Spots, kinds: Bytes) -> list[Spans]:
    """Return the columns of a scan, (columns, rows, 2) and (columns, rows), one by one."""
    return [Spans(buf, found[k], kinds[k]) for k in range(len(kinds))]


def values_found(buf: Bytes, plan: Plan, rows: int) -> list[Spans]:
    """Return the values of wanted keys that a scan with a plan has found in the rows of a buffer."""
    found, kinds = values_of(plan)
    return columns_of(buf, found[:, :rows], kinds[:, :rows].astype(np.uint8))


def of_text(column: pa.Array) -> Spans:
    """Return a text column as values that may be JSON."""
    column = column.cast(pa.string()) if not pa.types.is_string(column.type) else column
    data, offsets = arrow_text.buffers(column)
    spans = np.column_stack((offsets[:-1], offsets[1:])).astype(np.int32)
    kinds = np.full(len(column), kind.PLAIN, np.uint8)
    if column.null_count:
        kinds[column.is_null().to_numpy(zero_copy_only=False)] = kind.MISSING
    return Spans(data, np.ascontiguousarray(spans), kinds)


def plan_of(lists: Sequence[PairList], rows: int, n_keys: int) -> Plan:
    """Return a plan for lists of pairs in rows of at most `n_keys` keys; which key is which list is said later."""
    names = [part for one in lists for part in (one.name, one.value)]
    texts, bounds = key_table((*names, *(key for one in lists for key in one.keys)))
    return make_plan(rows, n_keys, texts, bounds, [len(one.keys) for one in lists])


@lru_cache(maxsize=64)
def key_table(keys: tuple[str, ...]) -> tuple[Bytes, Ints]:
    """Return keys as JSON writes them side by side, and where each begins."""
    texts = [_written(key).tobytes() for key in keys]
    return np.frombuffer(b"".join(texts) + b"\0", np.uint8), np.cumsum([0, *map(len, texts)]).astype(np.int64)


def _written(key: str) -> Bytes:
    """Return a key as JSON writes it."""
    return np.frombuffer(json.dumps(key, ensure_ascii=False).encode("utf-8")[1:-1], np.uint8)
