"""The chunk: whole actors, each in time order, as columns.

A chunk never holds a row-wise frame. Events of one actor lie side by side (`offsets`), so every statistic is
a walk over memory. Cases finer than the actor (session, journey) are a :class:`Level`: ranges of events.
All arrays are read-only; a step returns a new chunk that shares what it did not change.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.later import Later
from journeylog.core.schema import OPEN, UNDECLARED
from journeylog.core.terms import DECLARED, Terms
from journeylog.errors import MissingColumnError, MissingLevelError, nearest

__all__ = ["Category", "Chunk", "Column", "Level", "Number", "Text", "read_only"]

Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the array C-contiguous and not writeable, without touching the caller's own flags."""
    array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


#: To begin and end with an actor costs about as much as so many events.
_EVENTS_AN_ACTOR = 5


@dataclass(frozen=True, eq=False)
class Category:
    """A text column as integer codes into a vocabulary.

    Parameters
    ----------
    codes : ndarray of int32, shape (n_events,)
        Position in `labels`; -1 is missing.
    labels : pyarrow.StringArray
        Distinct texts.
    ordered : bool
        True when the order of `labels` has a meaning (stages); False when it is arbitrary.
    """

    codes: Codes
    labels: pa.Array
    ordered: bool = False

    def __post_init__(self) -> None:
        """Freeze the codes."""
        object.__setattr__(self, "codes", read_only(np.asarray(self.codes, dtype=np.int32)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The vocabulary as Python strings."""
        return tuple(self.labels.to_pylist())

    def take(self, index: npt.NDArray[Any] | slice) -> Category:
        """Return the rows at `index`, with the same vocabulary."""
        return Category(self.codes[index], self.labels, self.ordered)

    def to_arrow(self) -> pa.Array:
        """Return an Arrow dictionary array."""
        mask = self.codes < 0
        return pa.DictionaryArray.from_arrays(
            pa.array(self.codes, type=pa.int32(), mask=mask if mask.any() else None), self.labels
        )


@dataclass(frozen=True, eq=False)
class Number:
    """A numeric column.

    Parameters
    ----------
    values : ndarray of int64 or float64, shape (n_events,)
    valid : ndarray of bool or None
        False where the value is missing; None when nothing is.
    unit : {"", "micros", "time", "bool"}
        ``"micros"``: money in integer millionths; ``"time"``: microseconds since 1970 UTC.
    """

    values: npt.NDArray[Any]
    valid: npt.NDArray[np.bool_] | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "values", read_only(self.values))
        if self.valid is not None:
            object.__setattr__(self, "valid", read_only(self.valid))

    def take(self, index: npt.NDArray[Any] | slice) -> Number:
        """Return the rows at `index`."""
        return Number(self.values[index], None if self.valid is None else self.valid[index], self.unit)

    def to_arrow(self) -> pa.Array:
        """Return an Arrow array; money becomes decimal with 6 places, times become UTC timestamps."""
        mask = None if self.valid is None else ~self.valid
        if self.unit == "time":
            return pa.array(self.values, type=pa.int64(), mask=mask).cast(pa.timestamp("us", tz="UTC"))
        if self.unit == "bool":
            return pa.array(self.values.astype(bool), mask=mask)
        if self.unit == "micros":
            return _decimals(pa.array(self.values, type=pa.int64(), mask=mask))
        return pa.array(self.values, mask=mask)


@dataclass(frozen=True, eq=False)
class Text:
    """Free text, kept as it came and never encoded (comments, event ids)."""

    values: pa.Array

    def take(self, index: npt.NDArray[Any] | slice) -> Text:
        """Return the rows at `index`."""
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self.values))
            return Text(self.values.slice(start, stop - start))
        if index.dtype == np.bool_:
            return Text(self.values.filter(pa.array(index)))
        return Text(self.values.take(pa.array(index)))

    def to_arrow(self) -> pa.Array:
        """Return the Arrow string array."""
        return self.values


Column: TypeAlias = Category | Number | Text


@dataclass(frozen=True, eq=False)
class Level:
    """Cases inside actors: sessions, journeys, objects.

    Parameters
    ----------
    actor_offsets : ndarray of int64, shape (n_actors + 1,)
        Cases of actor ``a`` are ``actor_offsets[a]`` to ``actor_offsets[a + 1]``.
    begin, end : ndarray of int64, shape (n_cases,)
        Events of case ``c`` are ``order[begin[c]:end[c]]``, or ``begin[c]`` to ``end[c]`` without `order`.
    outcome : ndarray of int32, shape (n_cases,)
        ``REACHED``, ``DROPPED`` or ``OPEN``.
    order : ndarray of int64 or None
        A rearrangement of the events inside each actor, for cases that interleave (two open orders).
    patience : int
        Microseconds without an event after which a case counts as dropped; ``UNDECLARED`` when nobody said.
    goal_ends : bool
        Whether a case that was reached is over at its last event; else it goes on like any other.
    terms : Terms
        What was declared beside.
    under_way : Level or None
        Cases set apart because they may have begun before the window did (see ``run_in`` of
        :class:`journeylog.Journeys`); None when nobody asked. They count nowhere but as a number.
    """

    actor_offsets: Ints
    begin: Ints
    end: Ints
    outcome: Codes
    order: Ints | None = None
    patience: int = UNDECLARED
    goal_ends: bool = True
    terms: Terms = DECLARED
    under_way: Level | None = None

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name, kind in (
            ("actor_offsets", np.int64),
            ("begin", np.int64),
            ("end", np.int64),
            ("outcome", np.int32),
        ):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), dtype=kind)))
        if self.order is not None:
            object.__setattr__(self, "order", read_only(np.asarray(self.order, dtype=np.int64)))

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.begin)

    @property
    def n_under_way(self) -> int:
        """Number of cases set apart."""
        return 0 if self.under_way is None else len(self.under_way)

    def first_event(self) -> Ints:
        """Return the position of each case's first event."""
        return self.begin if self.order is None else self.order[self.begin]

    def case_of_event(self, n_events: int) -> Ints:
        """Return for each event the case it belongs to, -1 for none."""
        owner = np.full(n_events, -1, dtype=np.int64)
        length = self.end - self.begin
        spot = np.repeat(self.begin - np.concatenate(([0], np.cumsum(length)[:-1])), length) + np.arange(
            length.sum()
        )
        owner[spot if self.order is None else self.order[spot]] = np.repeat(np.arange(len(self)), length)
        return owner

    def actor_of_case(self) -> Ints:
        """Return for each case the position of its actor."""
        counts = np.diff(self.actor_offsets)
        return np.repeat(np.arange(len(counts), dtype=np.int64), counts)

    def slice(self, first: int, last: int, event_first: int, event_last: int) -> Level:
        """Return the cases of actors `first` to `last`, whose events start at `event_first`."""
        c0, c1 = int(self.actor_offsets[first]), int(self.actor_offsets[last])
        apart = self.under_way
        return replace(
            self,
            actor_offsets=self.actor_offsets[first : last + 1] - c0,
            begin=self.begin[c0:c1] - event_first,
            end=self.end[c0:c1] - event_first,
            outcome=self.outcome[c0:c1],
            order=None if self.order is None else self.order[event_first:event_last] - event_first,
            under_way=None if apart is None else apart.slice(first, last, event_first, event_last),
        )


@dataclass(frozen=True, eq=False)
class Chunk:
    """Whole actors, each in time order.

    Parameters
    ----------
    actors : pyarrow.StringArray, length n_actors
        Actor ids as text, distinct.
    offsets : ndarray of int64, shape (n_actors + 1,)
        Events of actor ``a`` are ``offsets[a]`` to ``offsets[a + 1]``.
    time : ndarray of int64, shape (n_events,)
        Microseconds since 1970 UTC, not decreasing inside an actor.
    columns : mapping of str to Category, Number or Text
        ``"event"`` is always there and never missing.
    levels : mapping of str to Level
        ``"session"``, ``"journey"`` once a step has made them.
    """

    actors: pa.Array
    offsets: Ints
    time: Ints
    columns: Mapping[str, Column]
    levels: Mapping[str, Level] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "offsets", read_only(np.asarray(self.offsets, dtype=np.int64)))
        object.__setattr__(self, "time", read_only(np.asarray(self.time, dtype=np.int64)))

    @property
    def n_actors(self) -> int:
        """Number of actors."""
        return len(self.offsets) - 1

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.time)

    @property
    def event(self) -> Category:
        """The event column."""
        return self.category("event")

    def column(self, name: str) -> Column:
        """Return a column, or raise with the nearest name."""
        if name not in self.columns:
            raise missing_column(name, self.columns)
        return self.columns[name]

    def category(self, name: str) -> Category:
        """Return a column that holds categories."""
        found = self.column(name)
        if not isinstance(found, Category):
            raise MissingColumnError(
                f"column {name!r} is not categorical but {type(found).__name__.lower()}. "
                f"Fix: choose one of {sorted(k for k, v in self.columns.items() if isinstance(v, Category))}"
            )
        return found

    def cases(self, case: str = "actor") -> Level:
        """Return the cases of a level: ``"actor"``, ``"session"``, ``"journey"``.

        Without a declared patience an actor's case is open: nothing is called dropped that was not declared so.
        """
        if case in self.levels:
            return self.levels[case]
        if case == "actor":
            n = self.n_actors
            filled = np.flatnonzero(self.offsets[1:] > self.offsets[:-1])
            if len(filled) == n:
                steps = np.arange(n + 1, dtype=np.int64)
            else:
                steps = np.concatenate(([0], np.cumsum(self.offsets[1:] > self.offsets[:-1])))
            return Level(
                steps,
                self.offsets[:-1][filled],
                self.offsets[1:][filled],
                np.full(len(filled), OPEN, np.int32),
            )
        known = ["actor", *self.levels]
        step = {"session": "jl.Sessions(gap='30min')", "journey": "jl.Journeys(goal=..., patience=...)"}.get(
            case
        )
        near = nearest(case, [*known, "session", "journey"])
        hint = (
            f"log.then({step}) first"
            if step
            else f"choose one of {known}" + (f" (near: {near})" if near else "")
        )
        raise MissingLevelError(f"the log has no level {case!r}; it has {known}. Fix: {hint}")

    def with_columns(self, **columns: Column) -> Chunk:
        """Return a chunk with these columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def with_level(self, name: str, level: Level) -> Chunk:
        """Return a chunk with this level added or replaced."""
        return replace(self, levels={**self.levels, name: level})

    def slice(self, first: int, last: int) -> Chunk:
        """Return actors `first` to `last` (excluded) without copying a column."""
        e0, e1 = int(self.offsets[first]), int(self.offsets[last])
        return Chunk(
            self.actors.slice(first, last - first),
            self.offsets[first : last + 1] - e0,
            self.time[e0:e1],
            Later.taken(self.columns, slice(e0, e1)),
            {name: level.slice(first, last, e0, e1) for name, level in self.levels.items()},
        )

    def split(self, parts: int) -> list[Chunk]:
        """Return at most `parts` chunks of whole actors with as much to do in each: events, and actors to begin and end."""
        if parts <= 1 or self.n_actors <= 1:
            return [self]

        def work(actor: int) -> int:
            return int(self.offsets[actor]) + actor * _EVENTS_AN_ACTOR

        actors, whole = range(self.n_actors + 1), work(self.n_actors)
        marks = [bisect.bisect_left(actors, whole * k / parts, key=work) for k in range(1, parts)]
        return [self.slice(a, b) for a, b in itertools.pairwise(sorted({0, *marks, self.n_actors}))]

    def actor_of_event(self) -> Ints:
        """Return for each event the position of its actor."""
        return np.repeat(np.arange(self.n_actors, dtype=np.int64), np.diff(self.offsets))

    @cached_property
    def nbytes(self) -> int:
        """Bytes held by the core columns: actors, offsets, time and event."""
        return int(self.actors.nbytes + self.offsets.nbytes + self.time.nbytes + self.event.codes.nbytes)


#: Columns that a step adds, with how.
_ADDS = {"stage": "log.then(jl.Stages({'a stage': ['its events']})) adds it"}


def missing_column(name: str, known: Iterable[str]) -> MissingColumnError:
    """Return the error for a column that is not there."""
    found = sorted(known)
    near = nearest(name, found)
    hints = [_ADDS[name]] if name in _ADDS else []
    hints += [f"did you mean {near[0]!r}?"] if near else []
    hint = ", or ".join(hints) or "use one of the columns above"
    return MissingColumnError(f"no column {name!r}; the log has {found}. Fix: {hint}")


def _decimals(micros: pa.Array) -> pa.Array:
    """Return int64 millionths as exact decimal128(19, 6): the same bits, widened to 16 bytes."""
    values = micros.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    wide = np.empty((len(values), 2), dtype=np.int64)
    wide[:, 0] = values
    wide[:, 1] = values >> 63
    valid = None
    if micros.null_count:
        valid = pa.array(micros.is_valid().to_numpy(zero_copy_only=False)).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(19, 6), len(values), [valid, pa.py_buffer(wide)])
