"""Paths into the columns of a batch: through structs, lists and maps of Arrow, and through JSON text.

A batch is looked into once for each object: all members that any path wants are found in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.kernels import json_lines as kind
from journeylog.errors import ConfigError
from journeylog.ingest.formats.fields import KeyValue
from journeylog.ingest.json_values import Spans, of_text

__all__ = ["Records", "Value"]

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Spots = npt.NDArray[np.int32]


class Value(NamedTuple):
    """A column of values; `numeric` says that all of its texts were numbers where they stood."""

    array: Any
    numeric: bool = False


@dataclass
class Faults:
    """Rows that cannot be read as they are, by the row of the batch.

    Parameters
    ----------
    twice : ndarray of uint8
        A key stands twice in one object.
    broken : ndarray of uint8
        Half a surrogate pair.
    """

    twice: Bytes
    broken: Bytes


#: A column on the way of a path.
Node: TypeAlias = "Spans | pa.Array"


@dataclass
class Records:
    """Rows to be looked into by paths.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
    paths : sequence of str
        Every path that will be asked for.
    pairs : sequence of KeyValue
        Every key of a list of pairs that will be asked for.
    nested : mapping of str to Spans
        Columns that were not copied.
    known : mapping of KeyValue to Spans
        Values of pairs that were found already.
    faults : Faults
        Filled as values are read.
    """

    rows: pa.RecordBatch
    paths: Sequence[str] = ()
    pairs: Sequence[KeyValue] = ()
    nested: Mapping[str, Spans] = field(default_factory=dict)
    known: Mapping[KeyValue, Spans] = field(default_factory=dict)
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        """Start without faults."""
        n = self.rows.num_rows
        self.faults = Faults(np.zeros(n, np.uint8), np.zeros(n, np.uint8))
        self.index: Ints | None = None  # row of the batch of each row here; None: all, in order
        self._outer: Records | None = None
        self._up: Ints = np.zeros(0, np.int64)
        self._bound = ""
        self._nodes: dict[str, Node | None] = {}
        self._pairs: dict[KeyValue, Node | None] = dict(self.known)
        self.known_values: dict[str | KeyValue, Value] = {}  # several fields are made of the same one

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.rows.num_rows if self.index is None else len(self.index)

    def take(self, index: Ints) -> Records:
        """Return some of the rows, which know where they come from."""
        known = {pair: spans.take(index) for pair, spans in self.known.items()}
        inner = Records(self.rows, self.paths, self.pairs, self.nested, known)
        inner.faults, inner._outer, inner._up = self.faults, self, index
        inner.index = index if self.index is None else self.index[index]
        return inner

    def unrolled(self, path: str) -> Records:
        """Return one row for each element of the lists at `path`, which then means the element."""
        node = self.node(path)
        elements, parent = (None, np.zeros(0, np.int64)) if node is None else _elements(node)
        inner = self.take(parent)
        inner._bound = path
        inner._nodes[path] = elements
        return inner

    def unrolled_from(self) -> tuple[Records, Ints, Ints]:
        """Return the rows whose list was unrolled, for each element its row there, and its place in the list."""
        at, index = self, np.arange(len(self))
        while not at._bound:
            if at._outer is None:
                raise ConfigError("no list was unrolled here. Fix: each= of the Take")
            index, at = at._up[index], at._outer
        assert at._outer is not None
        starts = np.searchsorted(at._up, at._up)
        return at._outer, at._up[index], (np.arange(len(at._up)) - starts)[index]

    def value(self, path: str) -> Value:
        """Return the values at a path, all missing where there is none."""
        return self._read(self.node(path))

    def key_value(self, wanted: KeyValue) -> Value:
        """Return the values of a key in lists of pairs, or in objects."""
        if wanted not in self._pairs:
            same = [
                p
                for p in self.pairs
                if (p.pairs, p.name, p.value) == (wanted.pairs, wanted.name, wanted.value)
            ]
            keys = list(dict.fromkeys(p.key for p in [wanted, *same]))
            node = self.node(wanted.pairs)
            for key, found in zip(keys, _pairs(node, keys, wanted, len(self)), strict=True):
                self._pairs[KeyValue(wanted.pairs, key, wanted.name, wanted.value)] = found
        return self._read(self._pairs[wanted])

    def node(self, path: str) -> Node | None:
        """Return what is at a path, None where nothing is."""
        if path not in self._nodes:
            self._nodes[path] = self._find(path)
        return self._nodes[path]

    def _find(self, path: str) -> Node | None:
        if self._outer is not None and not (self._bound and path.startswith(self._bound + ".")):
            outer = self._outer.node(path)
            return None if outer is None else _take(outer, self._up)
        if self._outer is None and path in self.nested:
            return self.nested[path]
        if self._outer is None:
            at = self.rows.schema.get_field_index(path)
            if at >= 0:
                return _plain(self.rows.column(at))
        above, _, step = path.rpartition(".")
        if not above:
            return None
        node = self.node(above)
        if node is None:
            return None
        if isinstance(node, Spans) or arrow_text.is_text(node.type):
            self._open(above, node if isinstance(node, Spans) else of_text(node))
            return self._nodes.get(path)
        return _child(node, step)

    def _open(self, above: str, node: Spans) -> None:
        """Find all members of a JSON object, or elements of an array, that any path wants."""
        depth = len(above) + 1
        steps = list(
            dict.fromkeys(p[depth:].split(".")[0] for p in self._all_paths() if p.startswith(above + "."))
        )
        columns, twice = node.members(steps)
        self._note(twice, self.faults.twice)
        for step, column in zip(steps, columns, strict=True):
            if step.isdigit():
                column = _element_of_spans(node, int(step), column)
            self._nodes.setdefault(f"{above}.{step}", column)

    def _all_paths(self) -> Iterable[str]:
        return [*self.paths, *(p.pairs for p in self.pairs)]

    def _read(self, node: Node | None) -> Value:
        if node is None:
            return Value(pa.nulls(len(self), pa.string()))
        if not isinstance(node, Spans):
            return Value(node)
        array, broken = node.to_arrow()
        self._note(broken, self.faults.broken)
        return Value(array, node.numeric)

    def _note(self, found: Bytes, faults: Bytes) -> None:
        if found.any():
            rows = np.flatnonzero(found)
            faults[rows if self.index is None else self.index[rows]] = 1


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode()
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def _take(node: Node, index: Ints) -> Node:
    return node.take(index) if isinstance(node, Spans) else node.take(pa.array(index))


def _child(column: pa.Array, step: str) -> Node | None:
    """Return a member of structs, a key of maps, or an element of lists."""
    of = column.type
    if pa.types.is_struct(of):
        return _plain(pc.struct_field(column, step)) if of.get_field_index(step) >= 0 else None
    if pa.types.is_map(of):
        return _plain(pc.map_lookup(column, pa.scalar(step, of.key_type), "first"))
    if _is_list(of) and step.isdigit():
        return _element_of_list(column, int(step))
    return None


def _is_list(of: pa.DataType) -> bool:
    return bool(pa.types.is_list(of) or pa.types.is_large_list(of) or pa.types.is_fixed_size_list(of))


def _elements(node: Node) -> tuple[Node | None, Ints]:
    if isinstance(node, Spans) or arrow_text.is_text(node.type):
        return (node if isinstance(node, Spans) else of_text(node)).elements()
    if not _is_list(node.type):
        return None, np.zeros(0, np.int64)
    parent = pc.list_parent_indices(node).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return _plain(pc.list_flatten(node)), np.asarray(parent, np.int64)


def _element_of_list(column: pa.Array, place: int) -> Node:
    elements, parent = _elements(column)
    return _take_place(elements, parent, place, len(column))


def _element_of_spans(node: Spans, place: int, member: Spans) -> Spans:
    """Return the element at a place where the value is an array, else the member of that name."""
    elements, parent = node.elements()
    found = _place_index(parent, place, len(node.kinds))
    if not len(elements.kinds) or (found < 0).all():
        return member
    at = np.maximum(found, 0)
    kinds = np.where(found >= 0, elements.kinds[at], kind.ABSENT).astype(np.uint8)
    return Spans(elements.buf, elements.spans[at], kinds)


def _take_place(elements: Any, parent: Ints, place: int, n: int) -> Node:
    found = _place_index(parent, place, n)
    return elements.take(pa.array(found, mask=found < 0))


def _place_index(parent: Ints, place: int, n: int) -> Ints:
    """Return for each of `n` lists which of all elements is its one at a place, -1 where it is shorter."""
    found = np.full(n, -1, np.int64)
    starts = np.searchsorted(parent, np.arange(n))
    ends = np.searchsorted(parent, np.arange(n), side="right")
    there = starts + place < ends
    found[there] = starts[there] + place
    return found


def _pairs(node: Node | None, keys: list[str], of: KeyValue, n: int) -> list[Node | None]:
    """Return the values of keys: in JSON text, in lists of structs, in maps, or in structs."""
    if node is None:
        return [None] * len(keys)
    if isinstance(node, Spans) or arrow_text.is_text(node.type):
        spans = (node if isinstance(node, Spans) else of_text(node)).unescaped()
        if spans.has_objects:
            return list(spans.members(keys)[0])
        return list(spans.pairs(keys, of.name, of.value))
    if not _is_list(node.type):
        return [_child(node, key) for key in keys]
    elements, parent = _elements(node)
    names = _child(elements, of.name)
    values = _child(elements, of.value)
    if names is None or values is None:
        return [None] * len(keys)
    return [_first_of_key(names, values, parent, key, n) for key in keys]


def _first_of_key(names: pa.Array, values: Any, parent: Ints, key: str, n: int) -> Node:
    """Return each row's first value of a key; of typed members the first that is not null."""
    at = np.flatnonzero(pc.equal(names, key).fill_null(False).to_numpy(zero_copy_only=False))
    found = np.full(n, -1, np.int64)
    found[parent[at][::-1]] = at[::-1]
    chosen = values.take(pa.array(found, mask=found < 0))
    typed = (
        [i for i, f in enumerate(chosen.type) if f.name.endswith("_value")]
        if pa.types.is_struct(chosen.type)
        else []
    )
    if not typed:
        return chosen
    members = [pc.struct_field(chosen, i) for i in typed]
    used = [m for m in members if m.null_count < len(m)]
    if len(used) == 1:
        return used[0]
    if not used:
        return pa.nulls(len(chosen), pa.string())
    return pc.coalesce(*(m.cast(pa.string()) for m in used))
