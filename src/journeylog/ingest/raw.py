"""The raw content of rejected rows: one JSON text a row, made column by column."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.ingest.json_values import Spans
from journeylog.ingest.texts import as_text, is_nested

__all__ = ["Originals", "rows_as_json"]


@dataclass(frozen=True)
class Originals:
    """The rows of the input that events come from, for those that may be rejected.

    Parameters
    ----------
    rows : RecordBatch
    index : ndarray of int64 or None
        The row of each event; None: one event a row, in order.
    written : Spans or None
        The rows as they were written, where that is JSON.
    """

    rows: pa.RecordBatch
    index: npt.NDArray[np.int64] | None = None
    written: Spans | None = None

    def as_json(self, at: npt.NDArray[np.int64]) -> pa.Array:
        """Return what stood in the input for some of the events."""
        rows = at if self.index is None else self.index[at]
        if self.written is not None:
            return self.written.take(rows).to_arrow()[0]
        return rows_as_json(self.rows.take(pa.array(rows)))

    def only(self, keep: npt.NDArray[np.bool_]) -> Originals:
        """Return those of some of the events."""
        if self.index is not None or self.written is not None:
            index = np.arange(len(keep)) if self.index is None else self.index
            return Originals(self.rows, index[keep], self.written)
        return Originals(self.rows.filter(pa.array(keep)))


def rows_as_json(rows: pa.RecordBatch) -> pa.Array:
    """Return each row as a JSON object of its values by column; texts exactly, numbers as numbers."""
    if rows.num_columns == 0:
        return pa.repeat(pa.scalar("{}"), rows.num_rows)
    parts: list[Any] = []
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        key = json.dumps(name, ensure_ascii=False) + ": "
        parts.append(pc.binary_join_element_wise(key, _value(column), ""))
    return pc.binary_join_element_wise("{", pc.binary_join_element_wise(*parts, ", "), "}", "")


def _value(column: pa.Array) -> pa.Array:
    kind = column.type
    plain = pa.types.is_integer(kind) or pa.types.is_boolean(kind) or is_nested(kind)
    text = column.cast(pa.string()) if pa.types.is_floating(kind) else as_text(column, "a column")
    if pa.types.is_floating(kind):
        finite = pc.is_finite(column).fill_null(True)
        return pc.if_else(finite, text, _quoted(text)).fill_null("null")
    return (text if plain else _quoted(text)).fill_null("null")


def _quoted(text: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(text, r"[\x00-\x1f\x7f]")).as_py():
        values = text.to_pylist()
        return pa.array(
            [None if v is None else json.dumps(v, ensure_ascii=False) for v in values], pa.string()
        )
    escaped = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise('"', escaped, '"', "")
