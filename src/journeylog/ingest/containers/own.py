"""Copies that keep nothing else alive: one column of a batch from another program holds on to all of the batch."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["apart"]


def apart(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose columns have memory of their own, so that each can be let go by itself."""
    columns = [_copy(column, field) for column, field in zip(batch.columns, batch.schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema) if columns else batch


def _copy(column: pa.Array, field: pa.Field) -> pa.Array:
    alone = pa.RecordBatch.from_arrays([column], schema=pa.schema([field]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, alone.schema) as writer:
        writer.write_batch(alone)
    with pa.ipc.open_stream(sink.getvalue()) as reader:
        return reader.read_next_batch().column(0)
