"""What a container is: a stream of pieces, each a batch of columns and the rows that never became columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.ingest.json_values import PairList, Spans
from journeylog.ingest.rejects import BadRow

__all__ = ["Dialect", "Looking", "Opened", "Piece", "Threaded", "Work", "of_share"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dialect:
    """How text is written, as declared; nothing of it is guessed.

    Parameters
    ----------
    delimiter : str or None
        One character; None is a comma, or a tab in a ``.tsv`` file.
    quote : str or None
        One character; None says that quotes are text.
    encoding : str
        Any that Python knows.
    names : tuple of str or None
        Names of the columns of a CSV file that has no header.
    max_field : int
        Longest field in bytes.
    block : int
        Bytes read at once.
    own : tuple of str
        What of this is said by a format for its vendor's own files, and not for tables made of them.
    exact : bool
        Whether `names` or `pattern` are a vendor's, so that rows of which none fits are those of another format.
    pattern : str or None
        For lines of text: a regular expression of RE2 whose named groups are the columns.
    others : tuple of pair
        Formats of lines by name, with their expressions, to name one that fits where this one does not.
    sheet : str or None
        Sheet of a workbook; None: the only one.
    max_unpacked : int or None
        Most bytes a packed file may unpack to; None: what is plausible for its size.
    object_type : str or None
        For logs of objects: the type of those whose journeys are meant.
    types : mapping of str to str
        Kinds of columns that are written as text.
    envelope : str or None
        For JSON: the only member of an object around each record, which a vendor may send.
    """

    delimiter: str | None = None
    quote: str | None = '"'
    encoding: str = "utf-8"
    names: tuple[str, ...] | None = None
    max_field: int = 1 << 16
    block: int = 1 << 21
    own: tuple[str, ...] = ()
    exact: bool = False
    pattern: str | None = None
    others: tuple[tuple[str, str], ...] = ()
    max_unpacked: int | None = None
    sheet: str | None = None
    object_type: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    envelope: str | None = None


@dataclass
class Piece:
    """Some rows of a container, in order.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        The columns that were asked for.
    row : ndarray of int64
        Number of each row in the file, from 1, the header not counted.
    line : ndarray of int64 or None
        Number of the line each row starts in, from 1; None where there are no lines.
    bad : list of BadRow
        Rows that never became columns.
    numeric : frozenset of str
        Text columns whose values were all written as numbers, by a format that tells numbers from text.
    nested : mapping of str to Spans
        Columns that are only looked into and were not copied.
    pairs : sequence of (PairList, sequence of Spans)
        Values of pairs that were found on the way, one column a key.
    written : Spans or None
        The rows as they were written, where that is JSON.
    utf8 : bool
        Whether the reader has made sure already that all texts are UTF-8.
    share : float
        How much of the container it is, where that is known before the end; 0: it is not.
    """

    rows: pa.RecordBatch
    row: Ints
    line: Ints | None = None
    bad: list[BadRow] = field(default_factory=list)
    numeric: frozenset[str] = frozenset()
    nested: Mapping[str, Spans] = field(default_factory=dict)
    pairs: Sequence[tuple[PairList, Sequence[Spans]]] = ()
    written: Spans | None = None
    utf8: bool = False
    share: float = 0.0

    def only(self, whole: npt.NDArray[np.bool_]) -> Piece:
        """Return some of the rows, and all bad ones."""
        at = np.flatnonzero(whole)
        return replace(
            self,
            rows=self.rows.filter(pa.array(whole)),
            row=self.row[whole],
            line=None if self.line is None else self.line[whole],
            nested={name: spans.take(at) for name, spans in self.nested.items()},
            pairs=[(which, [spans.take(at) for spans in found]) for which, found in self.pairs],
            written=None if self.written is None else self.written.take(at),
        )


#: A piece still to be made; made in a thread.
Work = Callable[[], Piece]


class Opened(Protocol):
    """An opened container."""

    @property
    def name(self) -> str:
        """What messages and rejects call it."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of its columns, as far as they are known."""

    @property
    def complete(self) -> bool:
        """Whether all columns are known before the rows are read; the keys of JSON lines are not."""

    @property
    def blank_is_missing(self) -> bool:
        """Whether an empty text is a missing value (CSV cannot say it otherwise)."""

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows with the columns in `wanted` (None: all)."""


@runtime_checkable
class Looking(Protocol):
    """An opened container that can look into nested values while it reads."""

    def look_into(self, nested: Collection[str], pairs: Sequence[PairList]) -> None:
        """Leave some columns uncopied, and find the values of keys in lists of pairs."""


@runtime_checkable
class Threaded(Protocol):
    """An opened container that reads with threads of its own: None is as many as there are cores, 1 is none."""

    threads: int | None


def of_share(share: float, work: Work) -> Work:
    """Return the work with a piece that says what share of its container it is."""
    return partial(_with_share, share, work)


def _with_share(share: float, work: Work) -> Piece:
    piece = work()
    piece.share = share
    return piece


def as_batch(columns: dict[str, Any], n_rows: int) -> pa.RecordBatch:
    """Return the columns as a batch; a batch without columns still knows its rows."""
    if columns:
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    return pa.RecordBatch.from_struct_array(pa.array([{}] * n_rows, pa.struct([])))
