"""Folders called ``day=2024-01-01``: their names are columns, as Hive and Spark write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.errors import SchemaError, explain
from journeylog.ingest.containers.base import Opened, Piece, Work
from journeylog.ingest.texts import as_text, is_nested

__all__ = ["Partition", "Partitioned", "partition_of"]

#: What Hive writes in place of a missing value.
_MISSING: Final = "__HIVE_DEFAULT_PARTITION__"

Partition = tuple[tuple[str, str | None], ...]


def partition_of(folders: Sequence[str]) -> Partition:
    """Return the columns that the names of folders give; the last one counts where a name comes twice.

    Examples
    --------
    >>> partition_of(["2024", "day=2024-01-01", "shop=a%2Fb", "lang=__HIVE_DEFAULT_PARTITION__"])
    (('day', '2024-01-01'), ('shop', 'a/b'), ('lang', None))
    """
    found: dict[str, str | None] = {}
    for folder in folders:
        name, equals, value = folder.partition("=")
        if equals and name:
            found[unquote(name)] = None if value == _MISSING else unquote(value)
    return tuple(found.items())


class Partitioned:
    """A table together with the columns that the names of its folders give."""

    def __init__(self, table: Opened, partition: Partition) -> None:
        self.table, self.partition = table, partition
        self.name, self.complete = table.name, table.complete
        self.blank_is_missing = table.blank_is_missing

    @property
    def columns(self) -> Sequence[str]:
        """The columns of the table, and then those of its folders that it does not hold itself."""
        own = list(self.table.columns)
        return own + [name for name, _ in self.partition if name not in own]

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows with the columns of the folders."""
        given = [(name, value) for name, value in self.partition if wanted is None or name in wanted]
        for work in self.table.pieces(wanted):
            yield partial(self._with, work, given)

    def _with(self, work: Work, given: Sequence[tuple[str, str | None]]) -> Piece:
        piece = work()
        columns = dict(zip(piece.rows.schema.names, piece.rows.columns, strict=True))
        for name, value in given:
            if name in columns:
                self._compare(columns[name], name, value)
            else:
                codes = np.zeros(piece.rows.num_rows, np.int32)
                columns[name] = pa.DictionaryArray.from_arrays(
                    pa.array(codes, mask=np.full(len(codes), value is None)), pa.array([value or ""])
                )
        if not columns:
            return piece
        return replace(piece, rows=pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)))

    def _compare(self, column: pa.Array, name: str, value: str | None) -> None:
        """Refuse a column of the file that says something else than the folder."""
        text = pc.cast(column, pa.string()) if is_nested(column.type) else as_text(column, name)
        if pa.types.is_integer(column.type) and value is not None and value.lstrip("-").isdecimal():
            value = str(int(value))  # month=01 is 1
        same = pc.equal(text, pa.scalar(value, pa.string())).fill_null(False)
        other = text.filter(pc.invert(pc.or_(same, text.is_null())))
        if len(other):
            raise SchemaError(
                explain(
                    f"{self.name}: the folder says {name}={value!r}, and the file has a column {name!r} with other values",
                    count=len(other),
                    total=len(column),
                    examples=other[:3].to_pylist(),
                    fix=f"leave it out with columns=[...], or rename the folder or the column {name!r}",
                )
            )
