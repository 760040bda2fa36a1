"""A piece on its way through the judge: what is to be judged, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Number
from journeylog.core.time_rule import Stamps, TimeRule
from journeylog.ingest.raw import Originals
from journeylog.ingest.rejects import judged_rows_table
from journeylog.ingest.verdicts import Verdicts

__all__ = ["Judged", "Made"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


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
    row, line : ndarray of int64 or None
        Where each kept row stood; no longer known once nothing more is judged.
    rejected : list of pyarrow.Table
    original : Originals or None
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
    part : ndarray of int64 or None
        Which of the events of its row each is, where a row may hold several under one id.
    share : float
        How much of its container the piece is; 0: not known.
    """

    file: str
    rows_in: int
    source_rows: int
    actor: Any
    event: Any
    stamps: Stamps
    columns: dict[str, Any]
    numeric: frozenset[str]
    row: Ints | None
    line: Ints | None
    rejected: list[Any]
    original: Any = None
    order_by: list[Any] = field(default_factory=list)
    n_nan: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    n_instant: int = 0
    time_column: Any = None
    part: Ints | None = None
    share: float = 0.0

    def __len__(self) -> int:
        """Return the number of kept rows."""
        return len(self.stamps.micros)

    def split(self, verdicts: Verdicts, original: Originals | None = None) -> Judged:
        """Return the rows without a verdict against them; the others join the rejects with their raw content."""
        keep = verdicts.kept
        if keep.all():
            return self
        assert self.row is not None
        at = np.flatnonzero(~keep)
        raw = (self.original if original is None else original).as_json(at)
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
            row=None if self.row is None else self.row[keep],
            line=None if self.line is None else self.line[keep],
            original=None if self.original is None else self.original.only(keep),
            order_by=[column.filter(mask) for column in self.order_by],
            time_column=None if self.time_column is None else self.time_column.filter(mask),
            part=None if self.part is None else self.part[keep],
        )

    def settle(self) -> None:
        """Let go of what only a later verdict would need, where none can come."""
        if self.original is None:
            self.row = self.line = None

    def release(self) -> None:
        """Let go of the rows, once they are part of the log; the counts stay."""
        self.actor = self.event = self.line = self.original = self.time_column = self.part = None
        self.columns, self.order_by = {}, []
        self.row = None
        self.stamps = replace(self.stamps, micros=np.zeros(0, np.int64), verdict=np.zeros(0, np.uint8))


@dataclass
class Made:
    """What is to be judged: rows of the input, or events made of them.

    Parameters
    ----------
    rows : RecordBatch
    times : list of (TimeRule, Array, ndarray or None)
        Columns of times, and the events they belong to (None: all).
    origin : ndarray of int64 or None
        The row of each event; None: one event a row, in order.
    event : pyarrow.Array or None
        Names that are no column of the rows.
    time_column, part, rejected
        As in :class:`Judged`.
    numeric : frozenset of str
        Text columns whose values were all written as numbers.
    """

    rows: pa.RecordBatch
    times: list[tuple[TimeRule, Any, Ints | None]]
    origin: Ints | None = None
    event: Any = None
    time_column: Any = None
    part: Ints | None = None
    rejected: list[Any] = field(default_factory=list)
    numeric: frozenset[str] = frozenset()


def _pick(column: Any, keep: Mask, mask: pa.Array) -> Any:
    return column.take(keep) if isinstance(column, Number) else column.filter(mask)
