"""Line items become orders: lines that share a key are one record, whatever their order and wherever they stood.

Lines are put together piece by piece, and what came of the pieces is put together again: minima, maxima and
sums of integers, which know neither an order of the lines nor cuts between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.kernels.time import INSTANT, NULL, WALL
from journeylog.core.notes import note
from journeylog.core.time import read_stamps
from journeylog.core.time_rule import TimeRule
from journeylog.errors import ConfigError
from journeylog.ingest.containers.base import Piece
from journeylog.ingest.formats.line_amounts import LineSum, add_up, amounts_of_lines, money_text, why_not
from journeylog.ingest.formats.line_columns import (
    Least,
    distinct_hashes,
    joined,
    known_texts,
    least,
    texts_of,
)
from journeylog.ingest.raw import rows_as_json
from journeylog.ingest.rejects import BadRow, Reason
from journeylog.ingest.reshape import column_of

__all__ = ["Lines", "Records", "Rollup", "lines_of", "records_of"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: A place is the number of the file, then this many bits for the row in it.
_ROW_BITS: Final = 40
_NEVER: Final = 2**62


@dataclass(frozen=True)
class Rollup:
    """How lines are put together to records.

    Parameters
    ----------
    by : str
        Column of the record's key, for example the order number. Lines without one are records of their own.
    sums : mapping of str to str or pair of str
        New columns: the exact sum, in millionths, of a column of the lines, or of the product of two
        (quantity and price). A line whose amount cannot be read rejects its record; one without an amount
        leaves the sum missing.
    count : str
        New column: the number of lines.
    earliest : sequence of str
        Columns of times, of which the earliest counts.
    lists : sequence of str
        Columns of the lines that are kept as a JSON list of texts, in the order of the alphabet.
    one : sequence of str
        Columns of which a record can have one value only (who ordered): lines that differ in it reject their
        record, for the key stands for two things then.
    leave : sequence of str
        Columns of the lines that are not kept.

    Notes
    -----
    Every other column keeps the value that all lines agree on, the empty ones aside; where they differ it is
    missing, and a note says how often. Equal lines all count, for lines have no id; a note says how many.

    Examples
    --------
    >>> Rollup(by="order", sums={"total": ("quantity", "price")}, earliest=["at"]).needs
    ('order', 'quantity', 'price', 'at')
    """

    by: str
    sums: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    count: str = "lines"
    earliest: Sequence[str] = ()
    lists: Sequence[str] = ()
    one: Sequence[str] = ()
    leave: Sequence[str] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that must be there."""
        parts = [
            part for given in self.sums.values() for part in ([given] if isinstance(given, str) else given)
        ]
        return tuple(dict.fromkeys((self.by, *parts, *self.earliest)))

    @property
    def new(self) -> tuple[str, ...]:
        """Columns that records have and lines have not."""
        return (*self.sums, self.count)

    def kept(self, found: Sequence[str]) -> list[str]:
        """Return the columns of the lines that records keep, in the order found.

        Raises
        ------
        ConfigError
            If a column of the lines has the name of a new one.
        """
        taken = [name for name in self.new if name in found]
        if taken:
            raise ConfigError(
                f"the lines have columns {taken} already, which the records would get. "
                "Fix: give the new ones other names in Rollup(sums=..., count=...)"
            )
        return [name for name in found if name not in self.leave]


@dataclass
class Lines:
    """Records as far as the lines seen so far tell.

    Parameters
    ----------
    key : pyarrow.Array
        Missing keys are never equal to each other.
    place, line : ndarray of int64
        Where the first line stands: file and row, and its line in the text (-1 where there are none).
    count : ndarray of int64
    sums : dict of str to LineSum
    columns : dict of str to Least
        By the column's name: the value that counts, and whether there are several.
    lists : dict of str to pyarrow.Array
        Texts of the lines, a list for each record.
    numeric : frozenset of str
        Columns whose texts were all written as numbers.
    bad : list of (int, BadRow)
        Lines that never became columns, with their file.
    hashes : ndarray of uint64
        One for each line, of all it says.
    """

    key: pa.Array
    place: Ints
    line: Ints
    count: Ints
    sums: dict[str, LineSum]
    columns: dict[str, Least]
    lists: dict[str, pa.Array]
    numeric: frozenset[str]
    bad: list[tuple[int, BadRow]] = field(default_factory=list)
    hashes: list[npt.NDArray[np.uint64]] = field(default_factory=list)


@dataclass(frozen=True)
class Records:
    """What came of all lines: the pieces by the number of their file, and what a reader must know."""

    pieces: dict[int, Piece]
    notes: tuple[str, ...]


def lines_of(
    rollup: Rollup, piece: Piece, file: int, rule: TimeRule, decimal: str = ".", thousands: str = ""
) -> Lines:
    """Return the lines of one piece, put together as far as they stand in it.

    Parameters
    ----------
    file : int
        Number of the file among all files.
    rule : TimeRule
        How the columns in `earliest` are written.
    decimal, thousands : str
        Marks in amounts.
    """
    rows, n = piece.rows, piece.rows.num_rows
    kept = [name for name in rollup.kept(rows.schema.names) if name != rollup.by]
    nothing = np.zeros(n, dtype=bool)
    lines = Lines(
        key=known_texts(column_of(rows, rollup.by)),
        place=(np.int64(file) << _ROW_BITS) | piece.row,
        line=np.full(n, -1, np.int64) if piece.line is None else np.asarray(piece.line, np.int64),
        count=np.ones(n, np.int64),
        sums={name: amounts_of_lines(rows, given, decimal, thousands) for name, given in rollup.sums.items()},
        columns={name: Least(column_of(rows, name), nothing) for name in kept if name not in rollup.lists},
        lists={name: texts_of(column_of(rows, name)) for name in rollup.lists},
        numeric=frozenset(name for name in piece.numeric if name in kept and name not in rollup.lists),
        bad=[(file, bad) for bad in piece.bad],
        hashes=[distinct_hashes(rows)],
    )
    return _put_together(rollup, lines, rule)


def records_of(rollup: Rollup, parts: Sequence[Lines], rule: TimeRule, decimal: str = ".") -> Records:
    """Return the records that the lines of all pieces are.

    Parameters
    ----------
    decimal : str
        Mark in the sums, which are written as the caller's amounts are.
    """
    lines = _put_together(rollup, _joined(rollup, parts), rule)
    order = np.argsort(lines.place, kind="stable")
    names = [rollup.by, *lines.columns, *lines.lists, *rollup.new]
    by_name: dict[str, Any] = {rollup.by: lines.key, rollup.count: pa.array(lines.count)}
    by_name |= {n: _agreed(c, n in rollup.earliest) for n, c in lines.columns.items()}
    by_name |= {name: _json_lists(texts) for name, texts in lines.lists.items()}
    by_name |= {name: money_text(total, decimal) for name, total in lines.sums.items()}
    rows = pa.RecordBatch.from_arrays([by_name[name] for name in names], names=names).take(pa.array(order))
    place, line = lines.place[order], lines.line[order]
    faults = {int(np.flatnonzero(order == at)[0]): why for at, why in _faults(rollup, lines).items()}
    whole = np.ones(len(order), dtype=bool)
    whole[list(faults)] = False
    bad = list(lines.bad)
    raws = rows_as_json(rows.take(pa.array(sorted(faults), pa.int64())))
    for at, raw in zip(sorted(faults), raws.to_pylist(), strict=True):
        reason, why, column = faults[at]
        number = None if line[at] < 0 else int(line[at])
        row = int(place[at] & ((1 << _ROW_BITS) - 1))
        bad.append((int(place[at] >> _ROW_BITS), BadRow(row, number, reason, why, raw.encode(), column)))
    return Records(_by_file(rows, place, line, whole, bad, lines.numeric), _notes(rollup, lines))


def _by_file(
    rows: pa.RecordBatch,
    place: Ints,
    line: Ints,
    whole: Mask,
    bad: list[tuple[int, BadRow]],
    numeric: frozenset[str],
) -> dict[int, Piece]:
    """Return the whole records as pieces, each in the file of its first line."""
    file = place >> _ROW_BITS
    pieces = {}
    for number in sorted({*np.unique(file).tolist(), *(f for f, _ in bad)}):
        at = np.flatnonzero((file == number) & whole)
        lines = line[at]
        pieces[number] = Piece(
            rows.take(pa.array(at)),
            place[at] & ((1 << _ROW_BITS) - 1),
            None if (lines < 0).any() else lines,
            [row for f, row in bad if f == number],
            numeric,
        )
    return pieces


def _joined(rollup: Rollup, parts: Sequence[Lines]) -> Lines:
    """Return the parts one after the other; a column that only some have is missing in the others."""
    columns: dict[str, None] = {}
    for part in parts:
        columns.update(dict.fromkeys(part.columns))
    return Lines(
        key=joined([p.key for p in parts] or [pa.nulls(0, pa.string())]),
        place=_cat([p.place for p in parts], np.int64),
        line=_cat([p.line for p in parts], np.int64),
        count=_cat([p.count for p in parts], np.int64),
        sums={name: LineSum.joined([p.sums[name] for p in parts]) for name in rollup.sums},
        columns={
            name: Least.joined([p.columns.get(name) or Least.missing(len(p.place)) for p in parts])
            for name in columns
        },
        lists={
            name: joined([p.lists[name] for p in parts] or [pa.nulls(0, pa.list_(pa.string()))])
            for name in rollup.lists
        },
        numeric=frozenset(
            name for name in columns if all(name in p.numeric for p in parts if name in p.columns)
        ),
        bad=[bad for p in parts for bad in p.bad],
        hashes=[h for p in parts for h in p.hashes],
    )


def _put_together(rollup: Rollup, lines: Lines, rule: TimeRule) -> Lines:
    """Return one entry for each key."""
    n = len(lines.place)
    encoded = lines.key.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = codes < 0
    codes[alone] = n + np.arange(np.count_nonzero(alone))
    if len(encoded.dictionary) + np.count_nonzero(alone) == n:
        return lines
    order = np.lexsort((lines.place, codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    first = order[starts]
    columns = {}
    for name, column in lines.columns.items():
        ahead = _instants(column.values, rule) if name in rollup.earliest else None
        columns[name] = least(column, codes, order, starts, ahead)
    return Lines(
        key=lines.key.take(pa.array(first)),
        place=lines.place[first],
        line=lines.line[first],
        count=np.add.reduceat(lines.count[order], starts),
        sums={name: add_up(total, order, starts) for name, total in lines.sums.items()},
        columns=columns,
        lists={name: _lists(texts, order, starts) for name, texts in lines.lists.items()},
        numeric=lines.numeric,
        bad=lines.bad,
        hashes=lines.hashes,
    )


def _instants(column: pa.Array, rule: TimeRule) -> Ints:
    """Return times to compare: what cannot be read comes first, so that it is not passed over in silence."""
    stamps = read_stamps(column, rule)
    readable = (stamps.verdict == INSTANT) | (stamps.verdict == WALL)
    micros = np.where(readable, stamps.micros, -_NEVER)
    return np.where(stamps.verdict == NULL, _NEVER, micros).astype(np.int64)


def _lists(texts: pa.Array, order: Ints, starts: Ints) -> pa.Array:
    """Return the lists of each group as one."""
    moved = texts.take(pa.array(order))
    lengths = pc.list_value_length(moved).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    offsets = np.append(ends[starts], ends[-1]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), moved.flatten())


def _json_lists(texts: pa.Array) -> pa.Array:
    """Return lists of texts as JSON, in the order of the alphabet."""
    lists = [sorted(words) for words in texts.to_pylist()]
    escaped = rows_as_json(pa.RecordBatch.from_arrays([pa.array(lists, pa.list_(pa.string()))], names=["_"]))
    return pc.utf8_slice_codeunits(escaped, len('{"_": '), -1)


def _agreed(column: Least, earliest: bool) -> pa.Array:
    """Return what all lines of a record say; the earliest time counts whatever the others say."""
    if earliest or not column.several.any():
        return column.values
    return pc.if_else(pa.array(column.several), pa.scalar(None, column.values.type), column.values)


def _faults(rollup: Rollup, lines: Lines) -> dict[int, tuple[Reason, str, str]]:
    """Return the records that must not be kept, with the reason."""
    faults: dict[int, tuple[Reason, str, str]] = {}
    for name in rollup.one:
        column = lines.columns.get(name)
        for at in [] if column is None else np.flatnonzero(column.several).tolist():
            why = f"lines of one {rollup.by!r} differ in {name!r}"
            faults.setdefault(at, (Reason.DUP_ID_CONFLICT, why, name))
    for name, total in lines.sums.items():
        for at, (reason, why) in why_not(total).items():
            faults.setdefault(at, (reason, why, name))
    return faults


def _notes(rollup: Rollup, lines: Lines) -> tuple[str, ...]:
    """Return what a reader of the numbers must know."""
    total = int(lines.count.sum())
    notes = [
        note(
            "{n:,} lines of the input are {records:,} records, put together by {by!r}",
            n=total,
            records=len(lines.count),
            by=rollup.by,
        )
    ]
    alone = lines.key.null_count
    if alone:
        notes.append(note("{n:,} lines have no {by!r}; each is a record of its own", n=alone, by=rollup.by))
    for name, column in lines.columns.items():
        n = int(np.count_nonzero(column.several))
        if n and name not in rollup.one:
            notes.append(
                note("{n:,} records have lines that differ in {name!r}; the earliest counts", n=n, name=name)
                if name in rollup.earliest
                else note(
                    "{n:,} records have lines that differ in {name!r}; there it is missing", n=n, name=name
                )
            )
    for name, amounts in lines.sums.items():
        n = int(np.count_nonzero(amounts.missing & (amounts.fault == 0)))
        if n:
            notes.append(
                note("{n:,} records have a line without an amount; their {name!r} is missing", n=n, name=name)
            )
    hashes = _cat(lines.hashes, np.uint64)
    equal = len(hashes) - len(np.unique(hashes))
    if equal:
        notes.append(
            note("{n:,} lines are equal to another one; lines have no id, so all of them count", n=equal)
        )
    return tuple(notes)


def _cat(parts: Sequence[npt.NDArray[Any]], kind: Any) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *parts])
