"""Counts: small keyed tables of integers, and the one merge.

A statistic summarises a chunk into :class:`Counts`; two counts are added by one grouped sum (or minimum, or
maximum). Sums of integers do not depend on order, so no partitioning, thread count or engine can change a
digit. The canonical form (vocabulary sorted, rows sorted by key) makes equal counts equal bytes.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.encode import side_by_side
from journeylog.core.grouping import changes, ends_of, grouping, rising, rows_of_sorted
from journeylog.core.kernels.groups import key_of_two, rows_of_keys, sum_groups, sum_of_two
from journeylog.core.kernels.names import moved_codes, used_codes
from journeylog.errors import ValueOverflowError

__all__ = ["Coded", "Counts", "Paths", "Table"]

Ints = npt.NDArray[np.int64]
_SAFE = float(2**62)
#: From so many rows on two tables are merged column beside column.
_MANY = 1 << 16
_FEW_CELLS = 1 << 16
_BESIDE = 10  # room for the codes below zero


@dataclass(frozen=True, eq=False)
class Coded:
    """A key column of names: codes of zero or more point into `labels`, negative codes are typed nodes."""

    codes: Ints
    labels: tuple[str, ...]
    ordered: bool = False

    def take(self, index: npt.NDArray[Any]) -> Coded:
        """Return the rows at `index`."""
        return Coded(self.codes[index], self.labels, self.ordered)

    def canonical(self) -> Coded:
        """Return the same column with sorted labels, only those in use (an order with a meaning stays)."""
        if self.ordered:
            return self
        used = np.flatnonzero(used_codes(self.codes, len(self.labels)))
        names = [self.labels[i] for i in used]
        if len(used) == len(self.labels) and rising(names):
            return self
        rank = sorted(range(len(names)), key=names.__getitem__)
        moved = np.empty(len(self.labels), dtype=np.int64)
        moved[used[rank]] = np.arange(len(rank))
        return Coded(moved_codes(self.codes, moved), tuple(names[i] for i in rank))

    def onto(self, target: Coded) -> Ints:
        """Return the codes in the vocabulary of another column; typed nodes keep theirs, unknown names get -9."""
        if self.labels == target.labels:
            return self.codes
        place = {name: i for i, name in enumerate(target.labels)}
        moved = np.array([*(place.get(name, -9) for name in self.labels), -9], dtype=np.int64)
        return np.where(self.codes >= 0, moved[np.maximum(self.codes, -1)], self.codes)

    @staticmethod
    def concat(columns: Sequence[Coded]) -> Coded:
        """Return the columns one after the other over one vocabulary."""
        first = columns[0]
        if all(c.labels is first.labels or c.labels == first.labels for c in columns):
            return Coded(np.concatenate([c.codes for c in columns]), first.labels, first.ordered)
        place: dict[str, int] = {}
        parts = []
        for column in columns:
            to = np.array([place.setdefault(name, len(place)) for name in column.labels], dtype=np.int64)
            parts.append(moved_codes(column.codes, to))
        return Coded(np.concatenate(parts), tuple(place), any(c.ordered for c in columns))

    def names(self, words: Mapping[int, str]) -> list[str | None]:
        """Return each row's text; negative codes are looked up in `words`."""
        labels = self.labels
        return [labels[c] if c >= 0 else words.get(int(c)) for c in self.codes.tolist()]


@dataclass(frozen=True, eq=False)
class Paths:
    """A payload column of sequences, the same for equal keys: `codes[offsets[i]:offsets[i + 1]]` over `labels`."""

    offsets: Ints
    codes: Ints
    labels: tuple[str, ...]

    def take(self, index: npt.NDArray[Any]) -> Paths:
        """Return the rows at `index`."""
        length = np.diff(self.offsets)[index]
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(length)))
        spot = np.repeat(self.offsets[:-1][index] - offsets[:-1], length) + np.arange(offsets[-1])
        return Paths(offsets, self.codes[spot], self.labels)

    def canonical(self) -> Paths:
        """Return the same sequences over sorted labels in use."""
        column = Coded(self.codes, self.labels).canonical()
        return Paths(self.offsets, column.codes, column.labels)

    @staticmethod
    def concat(columns: Sequence[Paths]) -> Paths:
        """Return the sequences one after the other over one vocabulary."""
        joined = Coded.concat([Coded(c.codes, c.labels) for c in columns])
        length = np.concatenate([np.diff(c.offsets) for c in columns])
        return Paths(np.concatenate((np.zeros(1, np.int64), np.cumsum(length))), joined.codes, joined.labels)

    def to_lists(self) -> list[list[str]]:
        """Return each sequence as a list of names."""
        names = [self.labels[c] for c in self.codes.tolist()]
        bounds = self.offsets.tolist()
        return [names[a:b] for a, b in itertools.pairwise(bounds)]


@dataclass(frozen=True, eq=False)
class Table:
    """One keyed table.

    Parameters
    ----------
    keys : mapping of str to Coded or int64 array
        A row's key; keys are distinct once the table is canonical.
    values : mapping of str to int64 array
        Integers that add up.
    smallest, largest : tuple of str
        Values that are merged by minimum or maximum instead of by sum.
    payload : mapping of str to Paths
        Columns that the key determines.
    first : tuple of (str, int), optional
        A key and a number: of the rows that agree in all keys before that one only so many stay, the first in the
        order of the keys. The first of a whole are among the first of its parts, so these tables add up, too.
    """

    keys: Mapping[str, Coded | Ints]
    values: Mapping[str, Ints]
    smallest: tuple[str, ...] = ()
    largest: tuple[str, ...] = ()
    payload: Mapping[str, Paths] = field(default_factory=dict)
    first: tuple[str, int] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.values.values())))

    def codes(self, key: str) -> Ints:
        """Return a key column's integers."""
        column = self.keys[key]
        return column.codes if isinstance(column, Coded) else column

    def take(self, index: npt.NDArray[Any]) -> Table:
        """Return the rows at `index`."""
        keys = {k: c.take(index) if isinstance(c, Coded) else c[index] for k, c in self.keys.items()}
        values = {k: v[index] for k, v in self.values.items()}
        payload = {k: p.take(index) for k, p in self.payload.items()}
        return Table(keys, values, self.smallest, self.largest, payload, self.first)

    def coded(self, key: str) -> Coded:
        """Return a key column of names."""
        column = self.keys[key]
        if not isinstance(column, Coded):
            raise TypeError(f"key {key!r} holds plain integers")
        return column

    def find(self, other: Table, names: Mapping[str, str]) -> Ints:
        """Return for each row of `other` the row of this table with the same key.

        Parameters
        ----------
        names : mapping of str to str
            For each key of this table, the key of `other` that must equal it.
        """
        columns = [other.coded(theirs) for theirs in names.values()]
        size = 16 + max(len(c.labels) for c in (*columns, *map(self.coded, names)))
        known = np.zeros(len(self), np.int64)
        # by key: where a code of `other` stands in this table
        moved = np.tile(np.arange(size), (len(names), 1))
        for row, mine, column in zip(moved, names, columns, strict=True):
            known = known * size + self.codes(mine) + _BESIDE
            n = len(column.labels)
            row[_BESIDE : _BESIDE + n] = replace(column, codes=np.arange(n)).onto(self.coded(mine)) + _BESIDE
        codes = tuple(np.ascontiguousarray(column.codes, np.int64) for column in columns)
        cells = size ** len(names)
        if cells <= max(_FEW_CELLS, len(other)):
            place = np.zeros(cells, np.int64)
            place[known] = np.arange(len(self))
            return np.asarray(rows_of_keys(codes, moved, _BESIDE, place), dtype=np.int64)
        order = np.argsort(known, kind="stable")
        wanted = np.zeros(len(other), np.int64)
        for row, column_codes in zip(moved, codes, strict=True):
            wanted = wanted * size + row[column_codes + _BESIDE]
        return np.asarray(order[np.searchsorted(known, wanted, sorter=order)], dtype=np.int64)

    def tagged(self, key: str, column: Coded) -> Table:
        """Return the table with one more key column in front."""
        keys = {key: column, **self.keys}
        return Table(keys, self.values, self.smallest, self.largest, self.payload, self.first)

    def without(self, key: str) -> tuple[Table, Ints | None, Ints]:
        """Return the table added up over a key, this one's rows in the order of that (None: it is theirs), and the row of
        each there.
        """
        kept = {k: c for k, c in self.keys.items() if k != key}
        rest = Table(kept, self.values, self.smallest, self.largest, self.payload)
        if not kept or not len(self):
            return rest.canonical(), None, np.zeros(len(self), np.int64)
        rest = rest._with_sorted_names()
        order, new = grouping([rest.codes(k) for k in kept])
        return rest._grouped(np.arange(len(self)) if order is None else order, new), order, np.cumsum(new) - 1

    def canonical(self) -> Table:
        """Return rows grouped by key, sorted by key, over a sorted vocabulary."""
        named = self._with_sorted_names()
        if not self.keys or len(self) == 0:
            return named if self.keys else self._total()
        order, new = grouping([named.codes(k) for k in named.keys])
        if order is not None or not new.all():
            named = named._grouped(np.arange(len(self)) if order is None else order, new)
        return named._cut()

    def _with_sorted_names(self) -> Table:
        keys = {k: c.canonical() if isinstance(c, Coded) else c for k, c in self.keys.items()}
        payload = {k: p.canonical() for k, p in self.payload.items()}
        return Table(keys, dict(self.values), self.smallest, self.largest, payload, self.first)

    def _cut(self) -> Table:
        """Return only the first rows of those that agree in the keys before a certain one; rows are sorted."""
        if self.first is None:
            return self
        key, most = self.first
        new = np.zeros(len(self), dtype=bool)
        new[0] = True
        for name in itertools.takewhile(lambda name: name != key, self.keys):
            new |= changes(self.codes(name))
        row = np.arange(len(self))
        kept = np.flatnonzero(row - np.maximum.accumulate(np.where(new, row, 0)) < most)
        return self if len(kept) == len(self) else self.take(kept)._with_sorted_names()

    def _grouped(self, order: Ints, new: npt.NDArray[np.bool_]) -> Table:
        """Return one row a group; the groups stand together in `order`, and begin where it is `new`."""
        starts = np.flatnonzero(new)
        first = order[starts]
        values = {name: self._reduce(name, v, order, new, starts) for name, v in self.values.items()}
        taken = {k: c.take(first) if isinstance(c, Coded) else c[first] for k, c in self.keys.items()}
        kept = {k: p.take(first) for k, p in self.payload.items()}
        return Table(taken, values, self.smallest, self.largest, kept, self.first)

    def _total(self) -> Table:
        if len(self) == 0:
            return self
        start, order = np.zeros(1, np.int64), np.arange(len(self))
        values = {name: self._reduce(name, v, order, order == 0, start) for name, v in self.values.items()}
        return Table({}, values, self.smallest, self.largest)

    def _reduce(self, name: str, values: Ints, order: Ints, new: npt.NDArray[np.bool_], starts: Ints) -> Ints:
        """Return one value a group; the groups stand together in `order`, and begin where it is `new`."""
        if name in self.smallest:
            return np.asarray(np.minimum.reduceat(values[order], starts), dtype=np.int64)
        if name in self.largest:
            return np.asarray(np.maximum.reduceat(values[order], starts), dtype=np.int64)
        if max(float(values.max()), -float(values.min())) * len(values) > _SAFE and (
            np.abs(np.add.reduceat(values[order].astype(np.float64), starts)).max() > _SAFE
        ):
            raise ValueOverflowError(
                f"the sum of {name!r} leaves the range of 64-bit integers. Fix: shorten the window or filter the values"
            )
        return np.asarray(sum_groups(values, order, new, len(starts)), dtype=np.int64)

    @staticmethod
    def concat(tables: Sequence[Table]) -> Table:
        """Return the rows of all tables, not yet grouped."""
        first = tables[0]
        keys: dict[str, Coded | Ints] = {}
        for name, column in first.keys.items():
            if isinstance(column, Coded):
                keys[name] = Coded.concat([t.keys[name] for t in tables])  # type: ignore[misc]
            else:
                keys[name] = np.concatenate([t.codes(name) for t in tables])
        values = {name: np.concatenate([t.values[name] for t in tables]) for name in first.values}
        payload = {name: Paths.concat([t.payload[name] for t in tables]) for name in first.payload}
        return Table(keys, values, first.smallest, first.largest, payload, first.first)

    @staticmethod
    def merge(tables: Sequence[Table]) -> Table:
        """Return the canonical table of the rows of all."""
        both = _two(*tables) if len(tables) == 2 else None
        return Table.concat(tables).canonical() if both is None else both

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow, keys first; the form in which counts travel between machines."""
        columns: dict[str, Any] = {}
        for name, column in self.keys.items():
            columns[name] = pa.array(column.codes if isinstance(column, Coded) else column)
            if isinstance(column, Coded):
                columns[f"{name}_label"] = pa.array(column.names({}), type=pa.string())
        columns |= {name: pa.array(v) for name, v in self.values.items()}
        columns |= {
            name: pa.array(p.to_lists(), type=pa.list_(pa.string())) for name, p in self.payload.items()
        }
        return pa.table(columns)


@dataclass(frozen=True, eq=False)
class Counts:
    """What a statistic counted in a chunk: named tables of integers.

    Two counts of the same statistic add up with ``+``; :meth:`to_bytes` is the same for any partitioning.
    """

    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        """Return one table."""
        return self.tables[name]

    def __add__(self, other: Counts) -> Counts:
        """Add two counts."""
        return Counts.merge([self, other])

    @staticmethod
    def merge(parts: Iterable[Counts]) -> Counts:
        """Add any number of counts in any order; an empty part changes nothing."""
        listed = list(parts)
        return Counts({name: Table.merge([p.tables[name] for p in listed]) for name in listed[0].tables})

    def canonical(self) -> Counts:
        """Return the canonical form: grouped, sorted, nothing unused."""
        return Counts({name: table.canonical() for name, table in self.tables.items()})

    def tagged(self, key: str, label: str | None, code: int = -1) -> Counts:
        """Return the counts with one more key that holds the same label, or else the code, in every row."""
        labels = () if label is None else (label,)
        code = code if label is None else 0
        return Counts(
            {n: t.tagged(key, Coded(np.full(len(t), code, np.int64), labels)) for n, t in self.tables.items()}
        )

    def where(self, key: str, code: int) -> Counts:
        """Return the rows whose `key` has this code, without that key."""
        kept = {}
        for name, table in self.tables.items():
            rows = table.take(np.flatnonzero(table.codes(key) == code))
            keys = {k: c for k, c in rows.keys.items() if k != key}
            kept[name] = replace(rows, keys=keys)
        return Counts(kept)

    def to_bytes(self) -> bytes:
        """Return the canonical counts as bytes: equal counts, equal bytes."""
        out: list[bytes] = []
        for name, table in sorted(self.canonical().tables.items()):
            out.append(json.dumps([name, list(table.keys), list(table.values), len(table)]).encode())
            for column in table.keys.values():
                if isinstance(column, Coded):
                    out.append(json.dumps([list(column.labels), column.ordered]).encode())
                out.append(
                    np.ascontiguousarray(
                        column.codes if isinstance(column, Coded) else column, "<i8"
                    ).tobytes()
                )
            out.extend(np.ascontiguousarray(v, "<i8").tobytes() for v in table.values.values())
            for paths in table.payload.values():
                out.append(json.dumps(paths.to_lists()).encode())
        return b"\n".join(out)


def _two(one: Table, other: Table) -> Table | None:
    """Return the canonical table of two that are sorted by the same names; None when they are not.

    Every pass on two cores ends with it, so rows are neither joined nor sorted first.
    """
    plain = not (one.smallest or one.largest or one.payload or one.first)
    if not (plain and one.keys and len(one) and len(other)):
        return None
    names = [(column, other.coded(name)) for name, column in one.keys.items() if isinstance(column, Coded)]
    if not all(c.labels == d.labels and (c.ordered or rising(c.labels)) for c, d in names):
        return None
    many = len(one) + len(other) > _MANY
    ends = side_by_side(ends_of, [*one.values.values(), *other.values.values()], many)
    if 2 * max((abs(end) for pair in ends for end in pair), default=0) > _SAFE:
        return None
    if (rows := rows_of_sorted([[t.codes(name) for name in one.keys] for t in (one, other)], many)) is None:
        return None
    makers = [partial(_key_of_two, key, other.codes(name), rows) for name, key in one.keys.items()]
    makers += [partial(sum_of_two, column, other.values[name], *rows) for name, column in one.values.items()]
    columns: list[Any] = side_by_side(lambda make: make(), makers, many)
    values = dict(zip(one.values, columns[len(one.keys) :], strict=True))
    return Table(dict(zip(one.keys, columns, strict=False)), values)


def _key_of_two(column: Coded | Ints, theirs: Ints, rows: tuple[Ints, Ints]) -> Coded | Ints:
    if isinstance(column, Coded):
        return replace(column, codes=key_of_two(column.codes, theirs, *rows)).canonical()
    return np.asarray(key_of_two(column, theirs, *rows))
