"""The verdict on every row of a piece: kept with its roles read, or rejected with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.core.chunk import Number
from journeylog.core.kernels.time import INSTANT, NULL, WALL
from journeylog.core.time import read_stamps
from journeylog.core.time_rule import REASONS, Stamps, TimeRule
from journeylog.errors import SchemaError
from journeylog.ingest.amounts import check_marks, read_money, read_score, unreadable_numbers
from journeylog.ingest.containers.base import Piece
from journeylog.ingest.formats.shape import Candidates, Shaper
from journeylog.ingest.judged import Judged, Made
from journeylog.ingest.raw import Originals
from journeylog.ingest.rejects import BadRow, Reason, bad_rows_table, judged_rows_table
from journeylog.ingest.reshape import column_of, from_history, from_stamps
from journeylog.ingest.roles import Constant, Roles
from journeylog.ingest.texts import as_names, as_text, is_nested, no_text
from journeylog.ingest.verdicts import Verdicts, blank, nobody, too_long

__all__ = ["Judge", "texts_only"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_TEXT_ROLES: Final = ("source", "channel", "currency", "text", "event_id")


@dataclass(frozen=True)
class Judge:
    """The declaration, ready to be applied to pieces; it holds no state, so pieces may be judged in threads.

    Parameters
    ----------
    roles : Roles
    rule : TimeRule
        For `time` and `received`.
    score : pair of float or None
        Bounds of the scale.
    decimal, thousands : str
        Marks in amounts written as text.
    placeholders : tuple of str
    max_field : int
        Longest text in bytes.
    keep_original : bool
        Whether rows may still be rejected later, by a declared window.
    shaper : Shaper or None
        The format that makes candidates of the rows.
    labels : mapping of str to str
        What rejects call a column of a role, where the role is not simply a column of the input.
    rules : mapping of str to TimeRule
        How columns of times are written that differ from `rule`.
    max_nested : int
        Longest text of a column that only goes along.
    """

    roles: Roles
    rule: TimeRule
    score: tuple[float, float] | None = None
    decimal: str = "."
    thousands: str = ""
    placeholders: tuple[str, ...] = ()
    max_field: int = 1 << 16
    keep_original: bool = False
    shaper: Shaper | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, TimeRule] = field(default_factory=dict)
    max_nested: int = 1 << 16

    def __post_init__(self) -> None:
        """Refuse marks that no amount has."""
        check_marks(self.decimal, self.thousands)

    def __call__(self, piece: Piece, file: str, names: Mapping[str, str]) -> Judged:
        """Judge one piece; `names` are its attributes and the names they will have."""
        piece = texts_only(piece)
        made = self._make(piece, file, names)
        rows = made.rows
        verdicts = Verdicts(rows.num_rows)
        columns: dict[str, Any] = {}
        actor = self._role(rows, "actor")
        event = self._role(rows, "event") if made.event is None else made.event
        self._judge_names(actor, event, verdicts)
        stamps = self._read_time(made, verdicts)
        for role in _TEXT_ROLES:
            if getattr(self.roles, role) is not None:
                columns[role] = self._role(rows, role)
        unread: dict[str, int] = {}
        n_nan = self._read_amounts(rows, columns, verdicts)
        if self.roles.received is not None:
            rule = self.rules.get(self.roles.received, self.rule)
            columns["received"] = self._instants(rows, self.roles.received, rule, unread)
        for name, kept_name in names.items():
            columns[kept_name] = self._attribute(rows, name, verdicts, unread)
        numeric = piece.numeric | made.numeric | set(self.roles.numbers)
        original = Originals(piece.rows, made.origin, piece.written)
        judged = Judged(
            file=file,
            rows_in=rows.num_rows + sum(t.num_rows for t in made.rejected),
            source_rows=piece.rows.num_rows + len(piece.bad),
            actor=actor,
            event=event,
            stamps=stamps,
            columns=columns,
            numeric=frozenset(names[c] for c in numeric if c in names),
            row=piece.row if made.origin is None else piece.row[made.origin],
            line=piece.line if made.origin is None or piece.line is None else piece.line[made.origin],
            rejected=made.rejected,
            original=original if self._may_be_judged_later(stamps) else None,
            order_by=[_decoded(column_of(rows, name)) for name in self.roles.order_by],
            n_nan=n_nan,
            unread=unread,
            n_instant=int(np.count_nonzero(stamps.verdict == INSTANT)),
            time_column=made.time_column,
            part=made.part,
            share=piece.share,
        )
        return judged.split(verdicts, original)

    def _make(self, piece: Piece, file: str, names: Mapping[str, str]) -> Made:
        """Return what is to be judged: rows as they are, or events made of them."""
        made = Made(piece.rows, [])
        made.rejected = [bad_rows_table(file, piece.bad)] if piece.bad else []
        if self.shaper is not None:
            return self._candidates(made, piece, file, self.shaper(piece, names))
        shaped = None
        if self.roles.stamps is not None:
            shaped = from_stamps(piece.rows, self.roles.stamps)
        elif self.roles.history is not None:
            shaped = from_history(piece.rows, self.roles.history)
        if shaped is None:
            made.times = [(self.rule, column_of(piece.rows, self.roles.time or ""), None)]
            return made
        made.rows, made.origin = piece.rows.take(pa.array(shaped.origin)), shaped.origin
        made.event, made.times, made.time_column = (
            shaped.event,
            [(self.rule, shaped.time, None)],
            shaped.time_column,
        )
        if len(shaped.without):
            assert self.roles.stamps is not None
            made.rejected += [_apart(piece, shaped.without, file, Reason.TS_NULL, self.roles.stamps[0][1])]
        return made

    def _candidates(self, made: Made, piece: Piece, file: str, found: Candidates) -> Made:
        """Return the events a format makes, and the rows that it makes none of as rejects."""
        assert self.shaper is not None
        labels = self.shaper.time_labels
        made.rows, made.origin, made.numeric = found.rows, found.origin, found.numeric
        made.times = list(found.times)
        if self.shaper.form.takes:
            made.part = found.part
            codes = pa.array((found.part >> 32).astype(np.int32))
            made.time_column = pa.DictionaryArray.from_arrays(codes, pa.array(labels, pa.string()))
        for at, reason, column in (
            (found.no_event, Reason.NOT_AN_EVENT, ""),
            (found.without, Reason.TS_NULL, labels[0]),
            (found.twice, Reason.ROW_SHAPE, ""),
            (found.broken, Reason.ENCODING, ""),
        ):
            if len(at):
                made.rejected.append(_apart(piece, at, file, reason, column))
        return made

    def _role(self, rows: pa.RecordBatch, role: str) -> pa.Array:
        """Return a role as names."""
        given = getattr(self.roles, role)
        if isinstance(given, Constant):
            codes = pa.array(np.zeros(rows.num_rows, np.int32))
            return pa.DictionaryArray.from_arrays(codes, pa.array([given.text]))
        column = column_of(rows, given)
        if is_nested(column.type):
            raise SchemaError(
                f"{role}={given!r} is a column of {column.type}, which is no name. Fix: choose another"
            )
        texts = as_names if role in ("event", "source", "channel", "currency") else as_text
        return texts(column, f"{role}={given!r}")

    def _judge_names(self, actor: pa.Array, event: pa.Array, verdicts: Verdicts) -> None:
        named = self._label("event") or "event"
        if self.roles.history is not None:
            named = self.roles.history.new
        who = self._label("actor")
        verdicts.reject(too_long(actor, self.max_field), Reason.FIELD_TOO_LONG, who)
        verdicts.reject(too_long(event, self.max_field), Reason.FIELD_TOO_LONG, named)
        verdicts.reject(blank(actor), Reason.ACTOR_NULL, who)
        verdicts.reject(nobody(actor, self.placeholders), Reason.ACTOR_PLACEHOLDER, who)
        verdicts.reject(blank(event), Reason.EVENT_NULL, named)

    def _read_time(self, made: Made, verdicts: Verdicts) -> Stamps:
        stamps = _joined(
            [(read_stamps(column, rule), at) for rule, column, at in made.times], made.rows.num_rows
        )
        if stamps.verdict.max(initial=0) <= WALL:
            return stamps
        column = self._label("time") if made.time_column is None else made.time_column
        for code, reason in REASONS.items():
            verdicts.reject_by(stamps.verdict == code, Reason(reason), column)
        return stamps

    def _label(self, role: str) -> str:
        """Return what rejects call the column of a role."""
        given = getattr(self.roles, role)
        return self.labels.get(role) or (given if isinstance(given, str) else "")

    def _read_amounts(self, rows: pa.RecordBatch, columns: dict[str, Any], verdicts: Verdicts) -> int:
        """Read value and score into `columns`; return how many values were NaN."""
        n_nan = 0
        if self.roles.value is not None:
            money = read_money(column_of(rows, self.roles.value), self.decimal, self.thousands)
            for reason, mask in money.faults.items():
                verdicts.reject(mask, reason, self._label("value"))
            columns["value"] = Number(money.values, money.valid, "micros")
            n_nan = money.n_nan
        if self.roles.score is not None and self.score is not None:
            score = read_score(column_of(rows, self.roles.score), *self.score)
            for reason, mask in score.faults.items():
                verdicts.reject(mask, reason, self._label("score"))
            columns["score"] = Number(score.values, score.valid)
        return n_nan

    def _attribute(self, rows: pa.RecordBatch, name: str, verdicts: Verdicts, unread: dict[str, int]) -> Any:
        """Return a column under the user's own name: numbers as numbers, times as times, all else as text."""
        column = column_of(rows, name)
        kind = column.type
        if name in self.roles.numbers and (arrow_text.is_text(kind) or pa.types.is_dictionary(kind)):
            text = as_text(column, name)
            verdicts.reject(unreadable_numbers(text), Reason.VALUE_UNPARSEABLE, name)
            return text
        if name in self.rules:
            return self._instants(rows, name, self.rules[name], unread)
        if pa.types.is_boolean(kind):
            return column
        if pa.types.is_integer(kind) and kind != pa.uint64():
            return column.cast(pa.int64())
        if pa.types.is_floating(kind):
            return column.cast(pa.float64())
        if pa.types.is_decimal(kind):
            money = read_money(column)
            if not any(mask.any() for mask in money.faults.values()):
                return Number(money.values, money.valid, "micros")
        if pa.types.is_timestamp(kind) and (kind.tz is not None or self.rule.tz is not None):
            anytime = replace(self.rule, ambiguous="first", earliest=-(2**62), latest=2**62)
            return self._instants(rows, name, anytime, unread)
        text = as_names(column, name)
        limit = self.max_field if self.shaper is None else self.max_nested
        verdicts.reject(too_long(text, limit), Reason.FIELD_TOO_LONG, name)
        return text

    def _instants(self, rows: pa.RecordBatch, name: str, rule: TimeRule, unread: dict[str, int]) -> Number:
        """Return a further column of times; one that cannot be read is missing, and counted."""
        stamps = read_stamps(column_of(rows, name), rule)
        fine = stamps.verdict == INSTANT
        lost = int(np.count_nonzero(~fine & (stamps.verdict != NULL)))
        if lost:
            unread[self.labels.get(name, name)] = lost
        return Number(np.where(fine, stamps.micros, 0), fine, "time")

    def _may_be_judged_later(self, stamps: Stamps) -> bool:
        by_id = self.roles.event_id is not None and self.roles.same_id == "conflict"
        return by_id or self.keep_original or bool((stamps.verdict == WALL).any())


def texts_only(piece: Piece) -> Piece:
    """Return the piece without rows whose texts or bytes are not UTF-8; Arrow does not look."""
    if piece.utf8:
        return piece
    broken: dict[int, BadRow] = {}
    for name, column in zip(piece.rows.schema.names, piece.rows.columns, strict=True):
        mask = no_text(column)
        for i in [] if mask is None else np.flatnonzero(mask).tolist():
            raw = _decoded(column).cast(pa.large_binary())[i].as_py()
            at_line = None if piece.line is None else int(piece.line[i])
            why = "the bytes are not UTF-8"
            broken.setdefault(i, BadRow(int(piece.row[i]), at_line, Reason.ENCODING, why, raw, name))
    if not broken:
        return piece
    whole = np.ones(len(piece.row), dtype=bool)
    whole[list(broken)] = False
    kept = piece.only(whole)
    return replace(kept, bad=[*piece.bad, *broken.values()])


def _apart(piece: Piece, at: Ints, file: str, reason: Reason, column: str) -> pa.Table:
    """Return rows of the input that hold no event as rejects."""
    verdicts = Verdicts(len(at))
    verdicts.reject(np.ones(len(at), dtype=bool), reason, column)
    whole = np.arange(len(at))
    line = None if piece.line is None else piece.line[at]
    raw = Originals(piece.rows, None, piece.written).as_json(at)
    return judged_rows_table(file, piece.row[at], line, verdicts.codes(whole), verdicts.names(whole), raw)


def _joined(parts: list[tuple[Stamps, Ints | None]], n: int) -> Stamps:
    """Return times that were read in parts, each for some of the rows."""
    if len(parts) == 1 and (parts[0][1] is None or len(parts[0][1]) == n):
        at = parts[0][1]
        if at is None or np.array_equal(at, np.arange(n)):
            return parts[0][0]
    whole = Stamps(np.zeros(n, np.int64), np.full(n, NULL, np.uint8))
    for stamps, at in parts:
        whole.micros[at], whole.verdict[at] = stamps.micros, stamps.verdict
        whole.moved += stamps.moved
        whole.looks_like = whole.looks_like or stamps.looks_like
        whole.bare = stamps.bare if whole.bare is None else whole.bare
        whole.others |= stamps.others
    return whole


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
