"""Logs as plain tables: CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from journeylog.core.chunk import Category, Column, Number
from journeylog.exports.layout import Layout, texts_of
from journeylog.ingest.raw import rows_as_json

__all__ = ["FORMULA", "TYPED", "slices", "write_csv", "write_jsonl", "write_parquet"]

#: Rows that are made into text at once.
_ROWS: Final = 1 << 16
#: Beginnings that spreadsheets take for a formula or hide, also in full width.
FORMULA: Final = r"^[=+\-@;'\t\r\n＝＋－＠；＇]"
#: Kinds that files of texts must be told.
TYPED: Final = ("number", "bool", "time", "money")


def write_csv(layout: Layout, sink: BinaryIO, delimiter: str, safe: bool) -> tuple[dict[str, Any], int]:
    """Write CSV; return how it is read back, and how many cells were changed for spreadsheets."""
    changed = 0
    names = [*(layout.names[r] for r in ("actor", "time")), *layout.columns()]
    header = io.StringIO()
    written = [_safe_name(n) for n in names] if safe else names
    csv.writer(header, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(written)
    sink.write(header.getvalue().encode("utf-8"))
    schema = pa.schema([(str(i), pa.string()) for i in range(len(names))])
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="needed")
    with pyarrow.csv.CSVWriter(sink, schema, write_options=options) as writer:
        for rows in slices(layout):
            texts = []
            for i, (name, column) in enumerate(rows):
                cells = texts_of(column)
                if safe and not isinstance(column, Number) and not (name == layout.names["time"] and i == 1):
                    cells, n = _safe(cells)
                    changed += n
                texts.append(cells)
            writer.write_batch(pa.RecordBatch.from_arrays(texts, schema=schema))
    tab = {"delimiter": delimiter} if delimiter not in (",", "\t") else {}
    return {**layout.reads_roles(), **layout.reads_types(TYPED), **tab}, changed


def write_jsonl(layout: Layout, sink: BinaryIO) -> dict[str, Any]:
    """Write one object a line; what is missing is null."""
    for rows in slices(layout):
        texts = {name: texts_of(column) for name, column in rows if not _is_plain(column)}
        quoted = rows_as_json(pa.RecordBatch.from_arrays(list(texts.values()), names=list(texts)))
        parts = [pc.binary_slice(quoted.cast(pa.binary()), 1, -1).cast(pa.string())]
        parts += [_plain_member(name, column) for name, column in rows if _is_plain(column)]
        lines = pc.binary_join_element_wise("{", pc.binary_join_element_wise(*parts, ", "), "}", "")
        sink.write(("\n".join(lines.to_pylist()) + "\n").encode("utf-8"))
    return {**layout.reads_roles(), **layout.reads_types(TYPED)}


def write_parquet(layout: Layout, sink: BinaryIO) -> dict[str, Any]:
    """Write Parquet with the types as they are; row groups of a million rows."""
    chunk = layout.chunk
    columns = {
        layout.names["actor"]: _actors(layout, 0, chunk.n_events).to_arrow(),
        layout.names["time"]: Number(chunk.time, unit="time").to_arrow(),
        **{name: column.to_arrow() for name, column in layout.columns().items()},
    }
    pq.write_table(
        pa.table(columns), sink, row_group_size=1 << 20, compression="zstd", write_page_checksum=True
    )
    return layout.reads_roles()


def slices(layout: Layout) -> Iterator[list[tuple[str, Column]]]:
    """Yield the rows in pieces, every column by the name it is written under."""
    chunk = layout.chunk
    columns = layout.columns()
    for start in range(0, chunk.n_events, _ROWS):
        part = slice(start, min(start + _ROWS, chunk.n_events))
        yield [
            (layout.names["actor"], _actors(layout, part.start, part.stop)),
            (layout.names["time"], Number(chunk.time[part], unit="time")),
            *((name, column.take(part)) for name, column in columns.items()),
        ]


def _actors(layout: Layout, start: int, stop: int) -> Category:
    chunk = layout.chunk
    owner = np.searchsorted(chunk.offsets, np.arange(start, stop), side="right") - 1
    return Category(owner.astype(np.int32), chunk.actors)


def _is_plain(column: Column) -> bool:
    """Return whether JSON has its values without quotes."""
    return isinstance(column, Number) and column.unit in ("", "bool")


def _plain_member(name: str, column: Column) -> pa.Array:
    """Return ``"name": value`` of each row; what JSON has no number for is text."""
    found, text = column.to_arrow(), texts_of(column)
    if pa.types.is_floating(found.type):
        text = pc.if_else(pc.is_finite(found), text, pc.binary_join_element_wise('"', text, '"', ""))
    return pc.binary_join_element_wise(
        json.dumps(name, ensure_ascii=False) + ": ", text.fill_null("null"), ""
    )


def _safe(cells: pa.Array) -> tuple[pa.Array, int]:
    """Return the cells with an apostrophe before what a spreadsheet would run or hide, and how many got one."""
    risky = pc.match_substring_regex(cells, FORMULA).fill_null(False)
    n = int(pc.sum(risky).as_py() or 0)
    return (pc.if_else(risky, pc.binary_join_element_wise("'", cells, ""), cells) if n else cells), n


def _safe_name(name: str) -> str:
    return str(_safe(pa.array([name]))[0][0].as_py())
