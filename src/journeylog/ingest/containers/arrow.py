"""Arrow files and streams (Feather too), and the look at Arrow data of others before anything trusts its offsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.errors import ParseError, SchemaError
from journeylog.ingest.containers.base import Dialect, Work
from journeylog.ingest.containers.files import File, open_bytes
from journeylog.ingest.containers.kinds import kind_of
from journeylog.ingest.containers.parquet import slices

__all__ = ["ArrowTable", "checked"]

#: What pyarrow raises for bytes that are no Arrow.
_DAMAGE = (pa.ArrowException, OSError, ValueError, IndexError, KeyError, MemoryError)


class ArrowTable:
    """An opened Arrow IPC file or stream."""

    complete = True
    blank_is_missing = False

    def __init__(self, file: File, dialect: Dialect) -> None:
        self.name = file.name
        content = None if file.regular else open_bytes(file).read()
        head = file.handle.read(512) if content is None else content[:512]
        if not head:
            raise SchemaError(
                f"{file.name}: the file is empty. Fix: check the export that should have written it"
            )
        kind = kind_of(head)
        if kind is None or "Arrow" not in kind.what:
            what, fix = (
                ("no Arrow file", "name it by its kind, or pass format=") if kind is None else kind[::2]
            )
            raise ParseError(f"{file.name} is {what}, not Arrow. Fix: {fix}")
        source: Any = pa.OSFile(str(file.path), "rb") if content is None else pa.BufferReader(content)
        try:
            if kind.what == "an Arrow file":
                self.reader = pa.ipc.open_file(source)
            else:
                self.reader = pa.ipc.open_stream(source)
            self.columns: Sequence[str] = self.reader.schema.names
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows in their order."""
        kept = [name for name in self.columns if wanted is None or name in wanted]
        first = 1
        for batch in self._batches():
            yield from slices(checked(batch.select(kept), self.name), first)
            first += batch.num_rows

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            if isinstance(self.reader, pa.RecordBatchFileReader):
                for i in range(self.reader.num_record_batches):
                    yield self.reader.get_batch(i)
            else:
                yield from self.reader
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> ParseError:
        why = " ".join(str(error).split())
        return ParseError(f"{self.name}: the Arrow file is damaged ({why}). Fix: fetch or write it again")


def checked(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Return the batch once its buffers hold together; an offset that points nowhere would be read all the same.

    Whether texts are UTF-8 is looked at later, row by row.

    Raises
    ------
    ParseError
        If a buffer is too short, an offset goes back, or an index has no word.
    """
    try:
        for column in batch.columns:
            _as_bytes(column).validate(full=True)
    except (pa.ArrowException, ValueError) as error:
        raise ParseError(f"{name}: the Arrow data is damaged ({error}). Fix: make it again") from error
    return batch


def _as_bytes(column: pa.Array) -> pa.Array:
    """Return a column of text as one of bytes, over the same buffers."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(
            column.indices, _as_bytes(column.dictionary), ordered=kind.ordered, safe=False
        )
    if not arrow_text.is_text(kind):
        return column
    if pa.types.is_string(kind):
        return column.view(pa.binary())
    return column.view(pa.large_binary() if pa.types.is_large_string(kind) else pa.binary_view())
