"""Raw tables to files, the same bytes every time."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from journeylog.datasets.truth import Truth
from journeylog.errors import OutputError, explain

__all__ = ["write_files"]


def write_files(tables: dict[str, pd.DataFrame], truth: Truth, folder: Path) -> dict[str, Path]:
    """Write every table in the container its system uses, and the truth beside them."""
    contents = {
        "clicks.csv.gz": _gzip(_csv(tables["clicks"])),
        "crm.csv": _csv(tables["crm"]),
        "orders.csv": _csv(tables["orders"]),
        "feedback.jsonl": _json_lines(tables["feedback"]),
        "tickets.parquet": _parquet(tables["tickets"]),
        "truth.json": (json.dumps(truth.to_dict(), indent=1, ensure_ascii=False) + "\n").encode(),
    }
    if len(truth.dirt):
        contents["dirt.csv"] = _csv(truth.dirt)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise OutputError(
            explain("the simulated files could not be written", examples=[str(error)])
        ) from error
    return {name.split(".")[0]: folder / name for name in contents}


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.2f").encode()


def _gzip(content: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=9, mtime=0) as packed:
        packed.write(content)
    return out.getvalue()


def _json_lines(frame: pd.DataFrame) -> bytes:
    lines = []
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        lines.append(json.dumps(row, ensure_ascii=False))
    return "".join(line + "\n" for line in lines).encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    schema = pa.schema(
        [
            pa.field(name, pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else pa.string())
            for name, kind in zip(table.schema.names, table.schema.types, strict=True)
        ]
    )
    out = io.BytesIO()
    pq.write_table(table.cast(schema), out, compression="zstd", write_page_checksum=True)
    return out.getvalue()
