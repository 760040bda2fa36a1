"""Parquet: row group by row group, only the columns that are needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from journeylog.core import arrow_text
from journeylog.core.memory import Limits
from journeylog.errors import ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect, Piece, Work
from journeylog.ingest.containers.files import File, open_bytes
from journeylog.ingest.containers.kinds import kind_of

__all__ = ["ParquetTable", "slices"]

#: Rows a piece has at most: enough to be fast, few enough to stay in the cache of the processor.
_ROWS = 1 << 17
#: A text column that takes at most this many bytes a row is stored by a small dictionary, and read as one.
_SMALL = 2.5
#: Other files that a message names.
_SHOWN = 5
#: What pyarrow raises for bytes that are no Parquet.
_DAMAGE = (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError, MemoryError)


class ParquetTable:
    """An opened Parquet file."""

    complete = True
    blank_is_missing = False

    def __init__(self, file: File, dialect: Dialect) -> None:
        self.name, self.beside = file.name, file.beside
        content = b"" if file.regular else open_bytes(file).read()
        head = file.handle.read(512) if file.regular else content[:512]
        if not head:
            raise SchemaError(
                f"{file.name}: the file is empty. Fix: check the export that should have written it"
            )
        self._refuse_others(head)
        source: Any = str(file.path) if file.regular else pa.BufferReader(content)
        try:
            footer = pq.read_metadata(source)
            self.file = pq.ParquetFile(
                source,
                metadata=footer,
                read_dictionary=_small_texts(footer),
                page_checksum_verification=True,  # where the pages carry one
            )
            self.columns: Sequence[str] = self.file.schema_arrow.names
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows of each row group."""
        kept = [name for name in self.columns if wanted is None or name in wanted]
        first = 1
        with ThreadPoolExecutor(1) as ahead:  # the next rows are read while these are worked on
            batches = self._batches(kept)
            coming = ahead.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = ahead.submit(next, batches, None)
                yield from slices(batch, first, self.file.metadata.num_rows)
                first += batch.num_rows

    def _batches(self, kept: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows in parts: a whole row group would be new memory again and again, which costs more."""
        limits = Limits()
        for group in range(self.file.num_row_groups):
            which = f"{self.name}: row group {group + 1:,}" if group else self.name
            limits.ensure(self._size(group, kept), f"{which} was not read")
            if not kept:
                n = self.file.metadata.row_group(group).num_rows
                yield pa.RecordBatch.from_struct_array(pa.array([{}] * n, pa.struct([])))
                continue
            try:
                yield from self.file.iter_batches(_ROWS, row_groups=[group], columns=kept)
            except _DAMAGE as error:
                self._refuse_too_large(error, group, kept)
                raise self._damaged(error) from error

    def _size(self, group: int, kept: Sequence[str]) -> int:
        """Return what some columns of a row group take when they are unpacked, as the file says."""
        told = self.file.metadata.row_group(group)
        columns = (told.column(c) for c in range(told.num_columns))
        try:
            return sum(c.total_uncompressed_size for c in columns if c.path_in_schema.split(".")[0] in kept)
        except UnicodeDecodeError as error:  # in a name that the footer holds a second time
            raise self._damaged(error) from error

    def _refuse_too_large(self, error: Exception, group: int, kept: Sequence[str]) -> None:
        """Tell a row group too large for the memory there is from a damaged one that asks for any amount."""
        asked = re.search(r"size (\d+)", str(error)) if isinstance(error, MemoryError) else None
        if asked is not None and int(asked[1]) <= 4 * self._size(group, kept):
            raise MemoryError(f"{self.name}, row group {group + 1:,}: {error}") from error

    def _refuse_others(self, head: bytes) -> None:
        """Say what a file is that is no Parquet."""
        if not head.startswith(b"PAR1"):
            kind = kind_of(head)
            text = b"\0" not in head
            what = kind.what if kind is not None else "text" if text else "something else"
            fix = kind.fix if kind is not None else "name it by its kind, or pass format="
            raise ParseError(f"{self.name} is {what}, not Parquet{self._others()}. Fix: {fix}")

    def _damaged(self, error: Exception) -> ParseError:
        said = " ".join(str(error).split())
        return ParseError(
            f"{self.name}: the Parquet file is damaged ({said}){self._others()}. Fix: fetch or write it again"
        )

    def _others(self) -> str:
        """Name the files that were to be read with it."""
        if not self.beside:
            return ""
        shown = ", ".join(self.beside[:_SHOWN])
        more = len(self.beside) - _SHOWN
        return f"; read together with {shown}" + (f" and {more:,} more" if more > 0 else "")


def slices(batch: pa.RecordBatch, first: int, of: int = 0) -> Iterator[Work]:
    """Yield a batch in pieces of moderate size; `first` is the number of its first row, `of` that of all (0: unknown)."""
    for start in range(0, batch.num_rows, _ROWS):
        part = _without_views(batch.slice(start, _ROWS))
        row = np.arange(first + start, first + start + part.num_rows, dtype=np.int64)
        yield partial(Piece, part, row, share=part.num_rows / of if of else 0.0)


def _without_views(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with plain texts in place of views, which few functions take."""
    for i, field in enumerate(batch.schema):
        plain = _plain_type(field.type)
        if plain != field.type:
            batch = batch.set_column(i, field.name, batch.column(i).cast(plain))
    return batch


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_dictionary(kind) and _plain_type(kind.value_type) != kind.value_type:
        return pa.dictionary(kind.index_type, _plain_type(kind.value_type), kind.ordered)
    return kind


def _small_texts(footer: pq.FileMetaData) -> list[str]:
    """Return the text columns that are stored by a small dictionary."""
    size = [0] * footer.num_columns
    for g in range(footer.num_row_groups):
        group = footer.row_group(g)
        for c in range(footer.num_columns):
            size[c] += group.column(c).total_uncompressed_size
    schema = footer.schema.to_arrow_schema()
    return [
        footer.schema.column(c).path
        for c in range(footer.num_columns)
        if size[c] <= _SMALL * footer.num_rows
        and footer.schema.column(c).path in schema.names
        and arrow_text.is_text(schema.field(footer.schema.column(c).path).type)
    ]
