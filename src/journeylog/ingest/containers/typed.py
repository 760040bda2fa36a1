"""Columns of text that are said to be something else: numbers, truths, times, money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.chunk import Number
from journeylog.core.kernels.time import INSTANT, NULL, WALL
from journeylog.core.time import read_stamps
from journeylog.core.time_rule import TimeRule
from journeylog.errors import ConfigError
from journeylog.ingest.amounts import doubles_are_exact, numbers_of_text, read_money, unreadable_numbers
from journeylog.ingest.containers.base import Opened, Piece, Work
from journeylog.ingest.raw import rows_as_json
from journeylog.ingest.rejects import BadRow, Reason
from journeylog.ingest.texts import as_text

__all__ = ["KINDS", "Typed", "typed"]

Mask = npt.NDArray[np.bool_]

#: Kinds that a column can be said to be; those of :attr:`journeylog.EventLog.columns`.
KINDS: Final = ("number", "bool", "time", "money", "text", "category")
_TRUTHS: Final = ("true", "false", "True", "False", "TRUE", "FALSE", "1", "0")
_TRUE: Final = ("true", "True", "TRUE", "1")
_ANY_TIME: Final = TimeRule(earliest=-(2**62), latest=2**62)
_WHY: Final = {
    "number": (Reason.VALUE_UNPARSEABLE, "the value is no number, and types= says it is"),
    "money": (Reason.VALUE_UNPARSEABLE, "the value is no amount, and types= says it is"),
    "bool": (Reason.VALUE_UNPARSEABLE, "the value is neither true nor false, and types= says it is"),
    "time": (Reason.TS_UNPARSEABLE, "the value is no time with its zone, and types= says it is"),
}


class Typed:
    """A table some of whose columns of text are said to be something else; a row where one is not is a reject."""

    def __init__(self, table: Opened, types: Mapping[str, str]) -> None:
        for name, kind in types.items():
            if kind not in KINDS:
                raise ConfigError(f"types={{{name!r}: {kind!r}}} is no kind. Fix: one of {list(KINDS)}")
        self.table, self.types = table, types
        self.name, self.complete, self.blank_is_missing = table.name, table.complete, table.blank_is_missing

    @property
    def columns(self) -> Sequence[str]:
        """The columns of the table."""
        return self.table.columns

    @property
    def notes(self) -> Sequence[str]:
        """What the table has to say."""
        return getattr(self.table, "notes", ())

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows with the columns as they are said to be."""
        for work in self.table.pieces(wanted):
            yield partial(self._with, work)

    def _with(self, work: Work) -> Piece:
        piece = work()
        columns = dict(zip(piece.rows.schema.names, piece.rows.columns, strict=True))
        bad: dict[int, tuple[str, Reason, str]] = {}
        for name, kind in self.types.items():
            column = columns.get(name)
            if column is None or kind not in _WHY or not _is_text(column):
                continue
            values, wrong = _read(as_text(column, name), kind)
            columns[name] = values
            for i in np.flatnonzero(wrong).tolist():
                bad.setdefault(i, (name, *_WHY[kind]))
        if not columns:
            return piece
        rows = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        kept = replace(piece, rows=rows, numeric=piece.numeric - self.types.keys())
        return kept if not bad else _without(kept, piece.rows, bad)


def typed(text: pa.Array, kind: str) -> pa.Array | None:
    """Return a column of text as a kind of number, truth or time; None where a value is none.

    Times that all have a zone, or all have none.
    """
    data, offsets = arrow_text.buffers(text)
    if offsets[-1] > offsets[0] and data[offsets[0] : offsets[-1]].max() >= 128:
        return None
    if kind != "time":
        values, wrong = _read(text, kind)
        rounded = kind == "number" and pa.types.is_floating(values.type) and not doubles_are_exact(text)
        return None if wrong.any() or rounded else values
    stamps = read_stamps(text, _ANY_TIME)
    missing = stamps.verdict == NULL
    for verdict, zone in ((INSTANT, "UTC"), (WALL, None)):
        if ((stamps.verdict == verdict) | missing).all():
            return pa.array(stamps.micros, pa.int64(), mask=missing).cast(pa.timestamp("us", zone))
    return None


def _read(text: pa.Array, kind: str) -> tuple[pa.Array, Mask]:
    """Return the values of a column of text, and which of them are none of the kind."""
    if kind == "bool":
        hollow = pc.equal(text, "").fill_null(True)
        known = pc.or_(pc.is_in(text, pa.array(_TRUTHS)), hollow)
        values = pc.is_in(text, pa.array(_TRUE))
        return pc.if_else(hollow, pa.scalar(None, pa.bool_()), values), _mask(pc.invert(known))
    if kind == "money":
        money = read_money(text)
        wrong = np.logical_or.reduce(list(money.faults.values()))
        return Number(money.values, money.valid, "micros").to_arrow(), wrong
    if kind == "time":
        stamps = read_stamps(text, _ANY_TIME)
        fine = stamps.verdict == INSTANT
        values = pa.array(stamps.micros, pa.int64(), mask=~fine).cast(pa.timestamp("us", "UTC"))
        return values, ~fine & (stamps.verdict != NULL)
    wrong = unreadable_numbers(text)
    whole = pc.if_else(pa.array(wrong), pa.scalar(None, pa.string()), pc.utf8_trim_whitespace(text))
    whole = pc.if_else(pc.equal(whole, ""), pa.scalar(None, pa.string()), whole)
    try:
        return whole.cast(pa.int64()), wrong
    except pa.ArrowInvalid:
        return numbers_of_text(whole), wrong


def _without(piece: Piece, rows: pa.RecordBatch, bad: Mapping[int, tuple[str, Reason, str]]) -> Piece:
    """Return the piece without its bad rows, which become rejects as they were before."""
    at = np.array(sorted(bad), np.int64)
    raw = rows_as_json(rows.take(pa.array(at))).to_pylist()
    listed = []
    for i, text in zip(at.tolist(), raw, strict=True):
        name, reason, why = bad[i]
        line = None if piece.line is None else int(piece.line[i])
        listed.append(BadRow(int(piece.row[i]), line, reason, why, text.encode(), name))
    whole = np.ones(len(piece.row), dtype=bool)
    whole[at] = False
    return replace(
        piece,
        rows=piece.rows.filter(pa.array(whole)),
        row=piece.row[whole],
        line=None if piece.line is None else piece.line[whole],
        bad=[*piece.bad, *listed],
    )


def _is_text(column: Any) -> bool:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return arrow_text.is_text(kind)


def _mask(found: pa.Array) -> Mask:
    return np.asarray(found.to_numpy(zero_copy_only=False))
