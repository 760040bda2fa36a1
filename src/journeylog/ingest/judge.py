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
from journeylog.ingest.amounts import read_money, read_score, unreadable_numbers
from journeylog.ingest.containers.base import Piece
from journeylog.ingest.raw import rows_as_json
from journeylog.ingest.rejects import BadRow, Reason, bad_rows_table, judged_rows_table
from journeylog.ingest.reshape import Shaped, column_of, from_history, from_stamps
from journeylog.ingest.roles import Constant, Roles
from journeylog.ingest.texts import as_names, as_text, is_nested, no_text
from journeylog.ingest.verdicts import Verdicts, blank, nobody, too_long

__all__ = ["Judge", "Judged"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_TEXT_ROLES: Final = ("source", "channel", "currency", "text", "event_id")


@dataclass
class Judged:
    """The kept rows of a piece with their roles read, and its rejects.

    Parameters
    ----------
    file : str
    rows_in, source_rows : int
        Rows to account for (events of a table that was reshaped), and rows of the input.
    actor, event : pyarrow.Array
    stamps : Stamps
    columns : dict of str to pyarrow.Array or Number
        Other roles and attributes, by the names they will have.
    numeric : frozenset of str
        Text columns of this piece that hold numbers only.
    row, line : ndarray of int64
        Where each kept row stood.
    rejected : list of pyarrow.Table
    original : RecordBatch or None
        The kept rows as they came, held where a later verdict may need them.
    order_by : list of pyarrow.Array
    n_nan : int
        Values that were not a number.
    unread : dict of str to int
        Times of other columns than `time` that could not be read and are missing, by column.
    n_instant : int
        Times of any row that carry a zone or got one, kept or not.
    time_column : pyarrow.Array or None
        Name of the column each time stood in, where there are several.
    """

    file: str
    rows_in: int
    source_rows: int
    actor: Any
    event: Any
    stamps: Stamps
    columns: dict[str, Any]
    numeric: frozenset[str]
    row: Ints
    line: Ints | None
    rejected: list[Any]
    original: Any = None
    order_by: list[Any] = field(default_factory=list)
    n_nan: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    n_instant: int = 0
    time_column: Any = None

    def __len__(self) -> int:
        """Return the number of kept rows."""
        return len(self.row)

    def split(self, verdicts: Verdicts, original: pa.RecordBatch | None = None) -> Judged:
        """Return the rows without a verdict against them; the others join the rejects with their raw content."""
        keep = verdicts.kept
        if keep.all():
            return self
        at = np.flatnonzero(~keep)
        rows = self.original if original is None else original
        raw = rows_as_json(rows.take(pa.array(at)))
        line = None if self.line is None else self.line[at]
        table = judged_rows_table(self.file, self.row[at], line, verdicts.codes(at), verdicts.names(at), raw)
        kept = self.only(keep)
        kept.rejected = [*self.rejected, table]
        return kept

    def only(self, keep: Mask) -> Judged:
        """Return some of the rows."""
        mask = pa.array(keep)
        return replace(
            self,
            actor=self.actor.filter(mask),
            event=self.event.filter(mask),
            stamps=replace(self.stamps, micros=self.stamps.micros[keep], verdict=self.stamps.verdict[keep]),
            columns={name: _pick(column, keep, mask) for name, column in self.columns.items()},
            row=self.row[keep],
            line=None if self.line is None else self.line[keep],
            original=None if self.original is None else self.original.filter(mask),
            order_by=[column.filter(mask) for column in self.order_by],
            time_column=None if self.time_column is None else self.time_column.filter(mask),
        )

    def release(self) -> None:
        """Let go of the rows, once they are part of the log; the counts stay."""
        self.actor = self.event = self.line = self.original = self.time_column = None
        self.columns, self.order_by = {}, []
        self.row = np.zeros(0, np.int64)
        self.stamps = replace(self.stamps, micros=self.row, verdict=np.zeros(0, np.uint8))


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
    """

    roles: Roles
    rule: TimeRule
    score: tuple[float, float] | None = None
    decimal: str = "."
    thousands: str = ""
    placeholders: tuple[str, ...] = ()
    max_field: int = 1 << 16
    keep_original: bool = False

    def __call__(self, piece: Piece, file: str, names: Mapping[str, str]) -> Judged:
        """Judge one piece; `names` are its attributes and the names they will have."""
        piece = _texts_only(piece)
        shaped = self._shape(piece.rows)
        rows = piece.rows if shaped is None else piece.rows.take(pa.array(shaped.origin))
        verdicts = Verdicts(rows.num_rows)
        columns: dict[str, Any] = {}
        actor = self._role(rows, "actor")
        event = self._role(rows, "event") if shaped is None else shaped.event
        self._judge_names(actor, event, verdicts)
        stamps = self._read_time(rows, shaped, verdicts)
        for role in _TEXT_ROLES:
            if getattr(self.roles, role) is not None:
                columns[role] = self._role(rows, role)
        unread: dict[str, int] = {}
        n_nan = self._read_amounts(rows, columns, verdicts)
        if self.roles.received is not None:
            columns["received"] = self._instants(rows, self.roles.received, self.rule, unread)
        for name, kept_name in names.items():
            columns[kept_name] = self._attribute(rows, name, verdicts, unread)
        judged = Judged(
            file=file,
            rows_in=rows.num_rows + len(piece.bad) + (0 if shaped is None else len(shaped.without)),
            source_rows=piece.rows.num_rows + len(piece.bad),
            actor=actor,
            event=event,
            stamps=stamps,
            columns=columns,
            numeric=frozenset(names[c] for c in piece.numeric | set(self.roles.numbers) if c in names),
            row=piece.row if shaped is None else piece.row[shaped.origin],
            line=piece.line if shaped is None or piece.line is None else piece.line[shaped.origin],
            rejected=[bad_rows_table(file, piece.bad)] if piece.bad else [],
            original=rows if self._may_be_judged_later(stamps) else None,
            order_by=[_decoded(column_of(rows, name)) for name in self.roles.order_by],
            n_nan=n_nan,
            unread=unread,
            n_instant=int(np.count_nonzero(stamps.verdict == INSTANT)),
            time_column=None if shaped is None else shaped.time_column,
        )
        if shaped is not None and len(shaped.without):
            judged.rejected.append(_without_time(piece, shaped.without, file, self.roles))
        return judged.split(verdicts, rows)

    def _shape(self, rows: pa.RecordBatch) -> Shaped | None:
        if self.roles.stamps is not None:
            return from_stamps(rows, self.roles.stamps)
        return None if self.roles.history is None else from_history(rows, self.roles.history)

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
        roles = self.roles
        assert isinstance(roles.actor, str)
        given = roles.history.new if roles.history is not None else roles.event
        named = given if isinstance(given, str) else "event"
        verdicts.reject(too_long(actor, self.max_field), Reason.FIELD_TOO_LONG, roles.actor)
        verdicts.reject(too_long(event, self.max_field), Reason.FIELD_TOO_LONG, named)
        verdicts.reject(blank(actor), Reason.ACTOR_NULL, roles.actor)
        verdicts.reject(nobody(actor, self.placeholders), Reason.ACTOR_PLACEHOLDER, roles.actor)
        verdicts.reject(blank(event), Reason.EVENT_NULL, named)

    def _read_time(self, rows: pa.RecordBatch, shaped: Shaped | None, verdicts: Verdicts) -> Stamps:
        assert shaped is not None or self.roles.time is not None
        column = shaped.time if shaped is not None else column_of(rows, self.roles.time or "")
        stamps = read_stamps(column, self.rule)
        if stamps.verdict.max(initial=0) <= WALL:
            return stamps
        for code, reason in REASONS.items():
            column = self.roles.time or "" if shaped is None else shaped.time_column
            verdicts.reject_by(stamps.verdict == code, Reason(reason), column)
        return stamps

    def _read_amounts(self, rows: pa.RecordBatch, columns: dict[str, Any], verdicts: Verdicts) -> int:
        """Read value and score into `columns`; return how many values were NaN."""
        n_nan = 0
        if self.roles.value is not None:
            money = read_money(column_of(rows, self.roles.value), self.decimal, self.thousands)
            for reason, mask in money.faults.items():
                verdicts.reject(mask, reason, self.roles.value)
            columns["value"] = Number(money.values, money.valid, "micros")
            n_nan = money.n_nan
        if self.roles.score is not None and self.score is not None:
            score = read_score(column_of(rows, self.roles.score), *self.score)
            for reason, mask in score.faults.items():
                verdicts.reject(mask, reason, self.roles.score)
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
        verdicts.reject(too_long(text, self.max_field), Reason.FIELD_TOO_LONG, name)
        return text

    def _instants(self, rows: pa.RecordBatch, name: str, rule: TimeRule, unread: dict[str, int]) -> Number:
        """Return a further column of times; one that cannot be read is missing, and counted."""
        stamps = read_stamps(column_of(rows, name), rule)
        fine = stamps.verdict == INSTANT
        lost = int(np.count_nonzero(~fine & (stamps.verdict != NULL)))
        if lost:
            unread[name] = lost
        return Number(np.where(fine, stamps.micros, 0), fine, "time")

    def _may_be_judged_later(self, stamps: Stamps) -> bool:
        return self.roles.event_id is not None or self.keep_original or bool((stamps.verdict == WALL).any())


def _texts_only(piece: Piece) -> Piece:
    """Return the piece without rows whose texts or bytes are not UTF-8; Arrow does not look."""
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
    line = None if piece.line is None else piece.line[whole]
    rows = piece.rows.filter(pa.array(whole))
    return replace(piece, rows=rows, row=piece.row[whole], line=line, bad=[*piece.bad, *broken.values()])


def _without_time(piece: Piece, at: Ints, file: str, roles: Roles) -> pa.Table:
    """Return the rows of a wide table that hold no time at all as rejects."""
    assert roles.stamps is not None
    verdicts = Verdicts(len(at))
    verdicts.reject(np.ones(len(at), dtype=bool), Reason.TS_NULL, roles.stamps[0][1])
    whole = np.arange(len(at))
    line = None if piece.line is None else piece.line[at]
    raw = rows_as_json(piece.rows.take(pa.array(at)))
    return judged_rows_table(file, piece.row[at], line, verdicts.codes(whole), verdicts.names(whole), raw)


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _pick(column: Any, keep: Mask, mask: pa.Array) -> Any:
    return column.take(keep) if isinstance(column, Number) else column.filter(mask)
