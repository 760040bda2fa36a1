"""What a container is: a stream of pieces, each a batch of columns and the rows that never became columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.ingest.rejects import BadRow

__all__ = ["Dialect", "Opened", "Piece", "Work"]

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
        Whether `names` are those of a vendor's table, so that rows that all have another width are another table.
    pattern : str or None
        For lines of text: a regular expression of RE2 whose named groups are the columns.
    max_unpacked : int or None
        Most bytes a packed file may unpack to; None: what is plausible for its size.
    object_type : str or None
        For logs of objects: the type of those whose journeys are meant.
    types : mapping of str to str
        Kinds of columns that are written as text.
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
    max_unpacked: int | None = None
    object_type: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)


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
    """

    rows: pa.RecordBatch
    row: Ints
    line: Ints | None = None
    bad: list[BadRow] = field(default_factory=list)
    numeric: frozenset[str] = frozenset()


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


def as_batch(columns: dict[str, Any], n_rows: int) -> pa.RecordBatch:
    """Return the columns as a batch; a batch without columns still knows its rows."""
    if columns:
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    return pa.RecordBatch.from_struct_array(pa.array([{}] * n_rows, pa.struct([])))
