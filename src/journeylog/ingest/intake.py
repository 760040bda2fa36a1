"""The end of the door: pieces become one log, late verdicts are made, and every row is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.build import build_chunk
from journeylog.core.card import Card
from journeylog.core.chunk import Category, Chunk, Column, Number, Text
from journeylog.core.encode import side_by_side
from journeylog.core.kernels.time import INSTANT
from journeylog.core.log import EventLog, observed_window
from journeylog.core.memory import Limits
from journeylog.core.notes import note
from journeylog.core.source import Memory
from journeylog.core.time import settle
from journeylog.core.time_rule import MIXED, Stamps, TimeRule
from journeylog.core.vocabulary import Vocabulary, tidy
from journeylog.core.window import Window
from journeylog.ingest.duplicates import find_duplicates
from journeylog.ingest.gather import category, join_column, join_number, join_text
from journeylog.ingest.judged import Judged
from journeylog.ingest.lifecycle import Lifecycle, with_ends
from journeylog.ingest.ordering import build_by_content, rank
from journeylog.ingest.rejects import SCHEMA, Reason
from journeylog.ingest.roles import Roles
from journeylog.ingest.slabs import Slabs
from journeylog.ingest.verdicts import Verdicts

__all__ = ["Intake"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_CATEGORIES: Final = ("source", "channel", "currency")
_TEXTS: Final = ("text", "event_id")
_NUMBERS: Final = ("value", "score", "received")
#: Bytes an event takes for a while when events are put in order: its time, its new place, its moved time.
_ORDERING: Final = 24
#: Rows that are expected for one that the first piece foretells; the memory of those that do not come is never touched.
_MORE: Final = 1.1
#: Rows of a piece that foretell the others.
_TELLING: Final = 1000
#: After how many more bytes to come the memory that is left is looked at again.
_LOOK: Final = 1 << 21
_UNITS: Final = {
    str(unit): unit
    for unit in (note("seconds"), note("milliseconds"), note("microseconds"), note("nanoseconds"))
}


class _Joined(NamedTuple):
    """All pieces as columns, in the order of the input."""

    actor: Category
    time: Ints
    columns: dict[str, Column]


@dataclass
class Intake:
    """Collects judged pieces and turns them into a log.

    Parameters
    ----------
    roles : Roles
    rule : TimeRule
    window : Window or None
        What was observed, if declared; events outside are rejected.
    blank_is_missing : bool
        Whether an empty text is a missing value.
    labels : mapping of str to str
        What rejects call the column of a role, where it is not simply a column of the input.
    end : str, Lifecycle or None
        What says when an event ended.
    """

    roles: Roles
    rule: TimeRule
    window: Window | None = None
    blank_is_missing: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    end: str | Lifecycle | None = None
    pieces: list[Judged] = field(default_factory=list)
    attributes: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    actors: Vocabulary = field(default_factory=Vocabulary)
    events: Vocabulary = field(default_factory=Vocabulary)
    limits: Limits = field(default_factory=Limits)
    rows: int = 0
    _who: Slabs = field(default_factory=lambda: Slabs(np.int32))
    _what: Slabs = field(default_factory=lambda: Slabs(np.int32))
    _micros: Slabs = field(default_factory=lambda: Slabs(np.int64))
    _to_come: int = 0
    _looked_at: int = 0

    def take(self, piece: Judged) -> None:
        """Take in the next piece of the input: ids and names become numbers, what is not needed later goes."""
        n = len(piece)
        if piece.share and n >= _TELLING:
            for slabs in (self._who, self._what, self._micros):
                slabs.expect(int(n / piece.share * _MORE))
        piece.actor = pa.array(self.actors.codes(piece.actor, self._who.room(n)))
        piece.event = pa.array(self.events.codes(piece.event, self._what.room(n)))
        piece.stamps.micros = self._micros.kept(piece.stamps.micros)
        piece.settle()
        self.pieces.append(piece)
        self._look(piece)

    def _look(self, piece: Judged) -> None:
        """Stop before memory ends: putting the rows in order takes as much again as their columns."""
        self.rows += piece.source_rows
        self._to_come += _ORDERING * len(piece) + sum(map(_size, piece.columns.values()))
        if self._to_come - self._looked_at >= _LOOK:
            self._looked_at = self._to_come
            self.limits.ensure(self._to_come, f"reading stopped after {self.rows:,} rows")

    def finish(self, ordered: bool) -> EventLog:
        """Make the log; `ordered` says whether the position in the input means something."""
        self._judge_times()
        self._find_ends()
        joined = self._join(last=self.roles.event_id is None)
        deduplicated = self._deduplicate(joined)
        if deduplicated is not None:
            joined = self._join(last=True)
        chunk, n_tied, order = self._build(joined, ordered)
        rejects = self._rejects()
        found = pc.value_counts(rejects.column("reason")).to_pylist()
        card = Card(
            rows_in=sum(p.rows_in for p in self.pieces),
            kept=chunk.n_events,
            rejected=rejects.num_rows,
            deduplicated=deduplicated or 0,
            reasons={
                c["values"]: c["counts"] for c in sorted(found, key=lambda c: (-c["counts"], c["values"]))
            },
            ties=n_tied,
            order=order,
            notes=(*self.notes, *self._observations(chunk)),
        )
        window = self.window or observed_window(chunk)
        return EventLog(Memory((chunk,)), window, card, rejects)

    def _judge_times(self) -> None:
        """Reject times that lack a zone others have, and those outside the declared window."""
        others = Stamps(np.zeros(1, np.int64), np.full(1, INSTANT, np.uint8))
        seen = [others] if any(p.n_instant for p in self.pieces) else []
        settle([*(p.stamps for p in self.pieces), *seen], self.rule)
        for i, piece in enumerate(self.pieces):
            verdicts = Verdicts(len(piece))
            named = self.labels.get("time") or self.roles.time or ""
            column = named if piece.time_column is None else piece.time_column
            verdicts.reject_by(piece.stamps.verdict == MIXED, Reason.TS_MIXED_TZ, column)
            if self.window is not None:
                outside = (piece.stamps.micros < self.window.start) | (piece.stamps.micros > self.window.end)
                verdicts.reject_by(outside, Reason.OUT_OF_WINDOW, column)
            self.pieces[i] = piece.split(verdicts)

    def _find_ends(self) -> None:
        """Give each event its end, where the caller says what that is."""
        if self.end is not None:
            self.pieces, name, notes = with_ends(self.pieces, self.end, self.rule)
            self.notes += notes
            if isinstance(self.end, str):
                self.attributes.pop(self.end, None)
            self.attributes[name] = None

    def _deduplicate(self, joined: _Joined) -> int | None:
        """Take out rows of an event id seen before; return how many were duplicates of the first, None if no id was."""
        if self.roles.event_id is None:
            return None
        columns = joined.columns
        event_id, received = columns["event_id"], columns.get("received")
        assert isinstance(event_id, Text) and (received is None or isinstance(received, Number))
        key = event_id.values
        if self.roles.several:  # the id is that of a row, which holds several events
            key = pc.binary_join_element_wise(key, columns["event"].to_arrow().cast(pa.string()), "\0")
            if all(p.part is not None for p in self.pieces):
                part = pa.array(np.concatenate([np.zeros(0, np.int64), *(p.part for p in self.pieces)]))
                key = pc.binary_join_element_wise(key, part.cast(pa.string()), "\0")
        found = find_duplicates(key, joined.actor, joined.time, columns, received, self.roles.same_id)
        if found is None:
            return None
        start = 0
        for i, piece in enumerate(self.pieces):
            stop = start + len(piece)
            same, conflict = found.same[start:stop], found.conflict[start:stop]
            verdicts = Verdicts(len(piece))
            verdicts.reject(
                conflict, Reason.DUP_ID_CONFLICT, self.labels.get("event_id", self.roles.event_id)
            )
            self.pieces[i] = piece.split(verdicts).only(~same[~conflict])
            start = stop
        return int(np.count_nonzero(found.same))

    def _build(self, joined: _Joined, ordered: bool) -> tuple[Chunk, int, str]:
        actor, time, columns = joined
        given = [
            [p.order_by[k] for p in self.pieces] or [pa.nulls(0)] for k in range(len(self.roles.order_by))
        ]
        declared = side_by_side(rank, [parts for parts in given if not all(map(_hollow, parts))])
        for piece in self.pieces:
            piece.release()
        order = ", ".join(self.labels.get(name, name) for name in self.roles.order_by)
        if ordered:
            chunk, n_tied = build_chunk(actor, time, columns, declared)
            return chunk, n_tied, (f"{order}, then " if order else "") + "position in the input"
        chunk, n_tied = build_by_content(actor, time, columns, declared)
        return chunk, n_tied, (f"{order}, then " if order else "") + "event name, then content of the row"

    def _actor(self, last: bool) -> Category:
        return _numbered([p.actor for p in self.pieces], self._who, self.actors, last)

    def _event(self, last: bool) -> Category:
        return _numbered([p.event for p in self.pieces], self._what, self.events, last)

    def _time(self) -> Ints:
        return self._micros.joined([p.stamps.micros for p in self.pieces])

    def _join(self, last: bool) -> _Joined:
        """Join the pieces, column beside column; the last time their own memory may be written to."""
        columns = self._columns(last)
        tasks: list[Callable[[], Any]] = [partial(self._actor, last), self._time, *columns.values()]
        actor, time, *joined = side_by_side(lambda task: task(), tasks)
        return _Joined(actor, time, dict(zip(columns, joined, strict=True)))

    def _columns(self, last: bool) -> dict[str, Callable[[], Column]]:
        """Return how each column but actor and time is joined, roles first."""
        pieces, blank = self.pieces, self.blank_is_missing
        lengths = [len(p) for p in pieces]
        columns: dict[str, Callable[[], Column]] = {"event": partial(self._event, last)}
        for role in _CATEGORIES:
            if getattr(self.roles, role) is not None:
                columns[role] = partial(category, [p.columns[role] for p in pieces], blank)
        for role in _NUMBERS:
            if getattr(self.roles, role) is not None:
                columns[role] = partial(join_number, role, [p.columns[role] for p in pieces])
        for role in _TEXTS:
            if getattr(self.roles, role) is not None:
                columns[role] = partial(join_text, [p.columns[role] for p in pieces])
        for name in self.attributes:
            parts = [p.columns.get(name) for p in pieces]
            numeric = any(name in p.numeric for p in pieces)
            numeric = numeric and all(name in p.numeric or _hollow(p.columns.get(name)) for p in pieces)
            columns[name] = partial(join_column, parts, lengths, numeric, blank)
        return columns

    def _rejects(self) -> pa.Table:
        """Return all rejects in the order of the input; a unit is suspect only where other rows are plausible."""
        table = pa.concat_tables([SCHEMA.empty_table(), *(t for p in self.pieces for t in p.rejected)])
        file = (
            table.column("file").combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
        )
        table = table.take(pa.array(np.lexsort([table.column("row").to_numpy(), file])))
        if any(p.n_instant for p in self.pieces):
            return table
        reason = pc.replace_substring(table.column("reason"), Reason.TS_UNIT_SUSPECT, Reason.TS_OUT_OF_RANGE)
        return table.set_column(table.schema.get_field_index("reason"), "reason", reason)

    def _observations(self, chunk: Chunk) -> list[str]:
        """Return what a reader of the numbers must know."""
        notes: list[str] = []
        currency = chunk.columns.get("currency")
        if self.roles.currency is not None and isinstance(currency, Category) and len(currency.labels) > 1:
            notes.append(
                note(
                    "value is in {n} currencies, which are never added: [{names!r}]",
                    n=len(currency.labels),
                    names=tuple(currency.names[:5]),
                )
            )
        n_nan = sum(p.n_nan for p in self.pieces)
        if n_nan:
            notes.append(note("{n:,} values are NaN and count as missing", n=n_nan))
        unread = sum((Counter(p.unread) for p in self.pieces), Counter[str]())
        notes += [
            note("{n:,} times in {name!r} could not be read and are missing", n=n, name=name)
            for name, n in unread.items()
        ]
        moved = sum(p.stamps.moved for p in self.pieces)
        if moved:
            notes.append(
                note(
                    "{n:,} times fell on a change of the clocks and were set by ambiguous={rule!r}",
                    n=moved,
                    rule=self.rule.ambiguous,
                )
            )
        looks_like = next((p.stamps.looks_like for p in self.pieces if p.stamps.looks_like), "")
        if looks_like:
            notes.append(
                note(
                    "times out of range look like {unit}; time_unit={declared!r} was declared",
                    unit=_UNITS.get(looks_like, looks_like),
                    declared=self.rule.unit,
                )
            )
        source_rows = sum(p.source_rows for p in self.pieces)
        if self.roles.several:
            notes.append(
                note("{n:,} rows of the input hold these events, one for each time given", n=source_rows)
            )
        if self.roles.history is not None:
            notes.append(
                note(
                    "{n:,} rows of the input; changes of other fields than the chosen are no events",
                    n=source_rows,
                )
            )
        return notes


def _numbered(parts: list[pa.Array], slabs: Slabs, known: Vocabulary, last: bool) -> Category:
    codes = slabs.joined([p.to_numpy() for p in parts])
    return tidy([codes], known.labels(), into=codes if last else None)


def _size(column: Any) -> int:
    values = column.values if isinstance(column, Number) else column
    return 0 if values is None else int(values.nbytes)


def _hollow(column: Any) -> bool:
    return column is None or (isinstance(column, pa.Array) and column.null_count == len(column))
