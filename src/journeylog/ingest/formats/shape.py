"""From the rows of a container to candidates for events, by the declaration of a format."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.time_rule import TimeRule
from journeylog.ingest.containers.base import Piece
from journeylog.ingest.formats.declare import TAKEN, Format, Take, mentioned
from journeylog.ingest.formats.extract import Context, compute, given, holds
from journeylog.ingest.formats.fields import AnyField, Field, KeyValue, Score, Stamp, looked_at, paths_of
from journeylog.ingest.formats.paths import Records, Value
from journeylog.ingest.json_values import PairList
from journeylog.ingest.reshape import one_type
from journeylog.ingest.texts import as_text

__all__ = ["Candidates", "Shaper", "attributes_of", "internal", "key_values", "made_names", "plain_paths"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Roles are columns of this prefix among the candidates, attributes of a format of the other; all else is as found.
_ROLE, _ATTRIBUTE = "\0role:", "\0attribute:"
_ROLES: Final = ("event", *TAKEN)


def internal(name: str, attribute: bool = False) -> str:
    """Return the column of a role, or of an attribute that a format makes."""
    return (_ATTRIBUTE if attribute else _ROLE) + name


@dataclass
class Candidates:
    """Events to be judged, and rows that are none.

    Parameters
    ----------
    rows : RecordBatch
        Roles and attributes by their internal names, and the columns that nobody mentioned.
    origin : ndarray of int64
        For each candidate the row it comes from; in the order of the rows.
    part : ndarray of int64
        Which of the events of its row a candidate is: the same number means the same event in another copy.
    times : list of (TimeRule, Array, ndarray)
        Columns of times and the candidates they belong to.
    no_event : ndarray of int64
        Rows that are no events by declaration, or hold none of those that are declared.
    without : ndarray of int64
        Rows that hold an event without a time.
    numeric : frozenset of str
        Columns whose texts are all numbers.
    twice, broken : ndarray of int64
        Rows that cannot be read: a key stands twice in an object; half a surrogate pair.
    """

    rows: pa.RecordBatch
    origin: Ints
    part: Ints
    times: list[tuple[TimeRule, Any, Ints]]
    no_event: Ints
    without: Ints
    numeric: frozenset[str]
    twice: Ints
    broken: Ints


@dataclass(frozen=True)
class Shaper:
    """A format, ready to be applied to batches; it holds no state.

    Parameters
    ----------
    form : Format
    rule : TimeRule
        How its times are written.
    rules : mapping of str to TimeRule
        How those are written that differ, by internal column.
    extra : tuple of str
        Further paths that become attributes of their own names.
    """

    form: Format
    rule: TimeRule
    extra: tuple[str, ...] = ()
    paths: tuple[str, ...] = field(init=False)
    pairs: tuple[KeyValue, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Collect what is looked for, once."""
        object.__setattr__(self, "paths", (*mentioned(self.form), *self.extra))
        object.__setattr__(self, "pairs", tuple(dict.fromkeys(key_values(self.form))))

    def __call__(self, piece: Piece, others: Collection[str]) -> Candidates:
        """Shape a piece; `others` are the columns that go along as they are."""
        rows = piece.rows
        known = {
            KeyValue(which.column, key, which.name, which.value): spans
            for which, found in piece.pairs
            for key, spans in zip(which.keys, found, strict=True)
        }
        records = Records(rows, self.paths, self.pairs, piece.nested, known)
        n = rows.num_rows
        no_event = np.zeros(n, dtype=bool)
        if self.form.not_events is not None:
            no_event = holds(self.form.not_events, self._context(records))
        at = np.flatnonzero(~no_event)
        base = records if len(at) == n else records.take(at)
        taken = [self._take(k, take, base, at) for k, take in enumerate(self.form.kinds)]
        candidates = _merged([t for t in taken if len(t.origin)] or taken[:1])
        for name in rows.schema.names:
            if name in others:
                column = rows.column(name)
                whole = len(candidates.origin) == n and len(at) == n and not self.form.takes
                candidates.columns[name] = Value(
                    column if whole else column.take(pa.array(candidates.origin))
                )
        hollow = ~no_event
        hollow[candidates.origin] = False
        due = np.zeros(n, dtype=bool)
        for kind in taken:
            due[kind.due] = True
        no_event |= hollow & ~due
        hollow &= due
        bad = (records.faults.twice | records.faults.broken).astype(bool)
        return self._without(candidates, bad, records, no_event & ~bad, hollow & ~bad)

    def _without(
        self, all_of: _Taken, bad: Mask, records: Records, no_event: Mask, hollow: Mask
    ) -> Candidates:
        """Return the candidates without those of rows that cannot be read."""
        keep = ~bad[all_of.origin]
        if not keep.all():
            all_of = all_of.only(np.flatnonzero(keep))
        columns = {name: value.array for name, value in all_of.columns.items()}
        batch = (
            pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
            if columns
            else pa.RecordBatch.from_struct_array(pa.array([{}] * len(all_of.origin), pa.struct([])))
        )
        return Candidates(
            batch,
            all_of.origin,
            all_of.part,
            all_of.times,
            np.flatnonzero(no_event),
            np.flatnonzero(hollow),
            frozenset(name for name, value in all_of.columns.items() if value.numeric),
            np.flatnonzero(records.faults.twice),
            np.flatnonzero(records.faults.broken & ~records.faults.twice),
        )

    def _take(self, k: int, take: Take, base: Records, at: Ints) -> _Taken:
        """Return the events of one kind."""
        records, each = base, take.unrolled
        for path in each:
            records = records.unrolled(path)
        origin = at if records.index is None else records.index
        own_id = not each or take.event_id is not None
        element = np.zeros(len(records), np.int64) if own_id else _places(origin)
        keep = np.ones(len(records), dtype=bool)
        if take.when is not None:
            keep = holds(take.when, self._context(records))
        time_field = self.form.role(take, "time")
        time = compute(time_field, self._context(records)).array if time_field is not None else None
        due = origin[:0] if each else origin[keep]
        if take.name is not None and not each and time is not None:
            keep &= given(time)  # a stamp that is missing is "not yet"
        if not keep.all():
            chosen = np.flatnonzero(keep)
            records, origin, element = records.take(chosen), origin[chosen], element[chosen]
            time = None if time is None else time.take(pa.array(chosen))
        rule = self.rule if not isinstance(time_field, Stamp) else self.rule_of(time_field)
        if time is None:
            time = pa.nulls(len(records), pa.string())
        times = [(rule, time, np.arange(len(records), dtype=np.int64))]
        return _Taken(self._columns(take, records), origin, element + (np.int64(k) << 32), times, due)

    def _columns(self, take: Take, records: Records) -> dict[str, Value]:
        """Return the roles and attributes of one kind of event."""
        context = self._context(records)
        columns = {}
        for role in _ROLES:
            one = self.form.role(take, role)
            if one is not None:
                columns[internal(role)] = compute(one, context)
        for i, one in enumerate(self.form.order_by):
            columns[internal(f"order_by[{i}]")] = compute(one, context)
        for name, one in {**self.form.attributes, **take.attributes}.items():
            columns[internal(name, True)] = compute(one, context)
        score = self.form.role(take, "score")
        if isinstance(score, Score):
            columns[internal("score_original", True)] = Value(context.text(score.of))
            columns[internal("score_scale", True)] = Value(_constant(scale_word(score.scale), len(records)))
        for path in self.extra:
            columns[internal(path, True)] = compute(path, context)
        return columns

    def rule_of(self, stamp: Stamp) -> TimeRule:
        """Return how a time is written that differs from the others."""
        return replace(
            self.rule,
            unit=stamp.unit,
            format=stamp.format,
            tz=stamp.tz or self.rule.tz or None,
            wall_clock=False,
        )

    def rules(self) -> dict[str, TimeRule]:
        """Return the columns of times that are not `time`, by internal name."""
        found = {}
        for name, one in attributes_of(self.form).items():
            if isinstance(one, Stamp):
                found[internal(name, True)] = self.rule_of(one)
        for take in self.form.kinds:
            received = self.form.role(take, "received")
            if isinstance(received, Stamp):
                found[internal("received")] = self.rule_of(received)
        return found

    def looked_into(self) -> list[PairList]:
        """Return the lists of pairs that rows hold as columns, with the keys that are wanted."""
        unrolled = {path for take in self.form.takes for path in take.unrolled}
        lists: dict[tuple[str, str, str], list[str]] = {}
        for one in self.pairs:
            if "." not in one.pairs and one.pairs not in unrolled:
                lists.setdefault((one.pairs, one.name, one.value), []).append(one.key)
        return [PairList(*which, tuple(keys)) for which, keys in lists.items()]

    @property
    def time_labels(self) -> list[str]:
        """The path of the time of each kind of event, for rejects."""
        times = [self.form.role(take, "time") for take in self.form.kinds]
        return [next(paths_of(one), "") if one is not None else "" for one in times]

    def _context(self, records: Records) -> Context:
        return Context(records, self.form.missing, self.form.decimal or ".", self.form.thousands or "")


@dataclass
class _Taken:
    """The events of one take, or of all; `due` are the rows that hold this kind of event, if only they had a time."""

    columns: dict[str, Value]
    origin: Ints
    part: Ints
    times: list[tuple[TimeRule, Any, Ints]]
    due: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def only(self, at: Ints) -> _Taken:
        """Return some of them."""
        index = pa.array(at)
        place = np.full(len(self.origin), -1, np.int64)
        place[at] = np.arange(len(at))
        times = []
        for rule, column, where in self.times:
            kept = place[where] >= 0
            times.append((rule, column.filter(pa.array(kept)), place[where][kept]))
        columns = {name: Value(v.array.take(index), v.numeric) for name, v in self.columns.items()}
        return _Taken(columns, self.origin[at], self.part[at], times)


def attributes_of(form: Format) -> dict[str, AnyField]:
    """Return the attributes of a format and of all its takes, by name."""
    found = dict(form.attributes)
    for take in form.takes:
        for name, one in take.attributes.items():
            found.setdefault(name, one)
    return found


def made_names(form: Format) -> list[str]:
    """Return the names of all attributes that a format makes."""
    names = list(attributes_of(form))
    if any(isinstance(form.role(take, "score"), Score) for take in form.kinds):
        names += ["score_original", "score_scale"]
    return names


def key_values(form: Format) -> list[KeyValue]:
    """Return every key of a list of pairs that a format mentions."""
    found: list[KeyValue] = []

    def look(one: AnyField | None) -> None:
        if isinstance(one, KeyValue):
            found.append(one)
        elif isinstance(one, Field):
            for part in one.parts:
                look(part)

    for one in every_field(form):
        look(one)
    return found


def plain_paths(form: Format) -> list[str]:
    """Return every path whose own value is wanted, not what is inside."""
    found: list[str] = []

    def look(one: AnyField | None) -> None:
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, Field) and not isinstance(one, KeyValue):
            for part in one.parts:
                look(part)

    for one in every_field(form):
        look(one)
    return found


def every_field(form: Format) -> list[AnyField | None]:
    """Return every field that a format mentions, not what it is made of."""
    found: list[AnyField | None] = []
    for take in (*form.kinds, Take()):
        found += [form.role(take, role) for role in ("event", "time", *TAKEN)]
        found += looked_at(take.when)
    return [*found, *attributes_of(form).values(), *form.order_by, *looked_at(form.not_events)]


def scale_word(scale: str | tuple[float, float]) -> str:
    """Return a scale as one word."""
    return scale if isinstance(scale, str) else f"{scale[0]:g} to {scale[1]:g}"


def _merged(taken: Sequence[_Taken]) -> _Taken:
    """Return the events of all takes: by row, then in the order of the takes and of the elements."""
    if len(taken) == 1:
        return taken[0]
    origin = np.concatenate([t.origin for t in taken])
    order = np.argsort(origin, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    names = list(dict.fromkeys(name for t in taken for name in t.columns))
    lengths = [len(t.origin) for t in taken]
    index = pa.array(order)
    columns = {}
    for name in names:
        parts = [t.columns.get(name) for t in taken]
        found = [p for p in parts if p is not None]
        hollow = found[0].array.type
        arrays = [pa.nulls(n, hollow) if p is None else p.array for p, n in zip(parts, lengths, strict=True)]
        numeric = all(p.numeric or p.array.null_count == len(p.array) for p in found) and any(
            p.numeric for p in found
        )
        columns[name] = Value(_concatenated(arrays).take(index), numeric)
    times, start = [], 0
    for t in taken:
        for rule, column, where in t.times:
            times.append((rule, column, place[where + start]))
        start += len(t.origin)
    return _Taken(columns, origin[order], np.concatenate([t.part for t in taken])[order], times)


def _concatenated(arrays: list[Any]) -> Any:
    """Return columns as one: of their type if it is one, of texts otherwise."""
    plain = [a.dictionary_decode() if pa.types.is_dictionary(a.type) else a for a in arrays]
    kinds = {a.type for a in plain if a.null_count < len(a)}
    if len(kinds) <= 1:
        only = next(iter(kinds), plain[0].type)
        return pa.concat_arrays([a if a.type == only else pa.nulls(len(a), only) for a in plain])
    if all(pa.types.is_timestamp(k) or pa.types.is_date(k) for k in kinds):
        return pa.concat_arrays(one_type(plain))
    if all(pa.types.is_integer(k) or pa.types.is_floating(k) for k in kinds):
        return pa.concat_arrays([a.cast(pa.float64(), safe=False) for a in plain])
    return pa.concat_arrays([as_text(a, "a field") for a in plain])


def _places(origin: Ints) -> Ints:
    """Return the place of each element among those of its row; rows come in order."""
    opens = np.append(True, np.diff(origin) != 0)[: len(origin)]
    starts = np.flatnonzero(opens)
    return np.arange(len(origin)) - starts[np.cumsum(opens) - 1] if len(origin) else origin


def _constant(text: str, n: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([text]))
