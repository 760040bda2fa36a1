"""Fixtures in the documented shape of a vendor, the tables they must become, and all containers they come in."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import journeylog as jl
from journeylog.errors import LoadWarning

HERE = Path(__file__).parent


def read(source: Any, format: Any, /, **how: Any) -> jl.EventLog:
    """Read without the warning that rows were rejected: which they are is what is asserted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LoadWarning)
        return jl.read(source, format=format, **how)


def records(name: str) -> list[dict[str, Any]]:
    """Return the records of a fixture, as text where the fixture is CSV."""
    path = fixture(name)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as lines:
            return [{k: v or None for k, v in row.items()} for row in csv.DictReader(lines)]
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fixture(name: str) -> Path:
    """Return the file of a fixture."""
    return next((HERE / "fixtures").glob(f"{name}.*"))


def containers(name: str, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield the fixture as it was written, and in every other container."""
    path = fixture(name)
    yield path.suffix[1:], path
    yield from written(records(name), folder, flat=path.suffix == ".csv")


def written(rows: Sequence[dict[str, Any]], folder: Path, flat: bool) -> Iterator[tuple[str, Any]]:
    """Yield records in every container; nested ones as objects, and as JSON text where there is no nesting."""
    texts = [{k: as_cell(v) for k, v in row.items()} for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    for suffix, mark in (("csv", ","), ("tsv", "\t")):
        text = io.StringIO()
        table = csv.DictWriter(text, names, delimiter=mark, lineterminator="\n")
        table.writeheader()
        table.writerows(texts)
        yield f"written {suffix}", save(folder / f"a.{suffix}", text.getvalue())
    yield "written jsonl", save(folder / "a.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n")
    yield "json array", save(folder / "a.json", json.dumps(list(rows), indent=1))
    whole = pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in (texts if flat else rows)]
    )
    pq.write_table(whole, folder / "a.parquet")
    yield "parquet", folder / "a.parquet"
    yield "arrow", whole
    yield "frame of texts", pd.DataFrame(texts, columns=names)


def as_cell(value: Any) -> str | None:
    """Return a value as a cell of a table holds it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def save(path: Path, text: str) -> Path:
    """Write a text."""
    path.write_text(text, encoding="utf-8")
    return path


def golden(name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the columns of a golden table and its rows, sorted."""
    with (HERE / "golden" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        columns, *rows = csv.reader(lines)
    return columns, sorted(
        (tuple(cell(c, text or None) for c, text in zip(columns, row, strict=True)) for row in rows), key=repr
    )


def as_golden(log: jl.EventLog, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the same columns of a log, sorted."""
    frame = log.to_pandas()
    missing = [c for c in columns if c not in frame]
    assert not missing, f"no column {missing}, there are {list(frame)}"
    rows = frame[list(columns)].itertuples(index=False)
    return sorted((tuple(cell(c, v) for c, v in zip(columns, row, strict=True)) for row in rows), key=repr)


def cell(column: str, value: Any) -> Any:
    """Return a value in the one form in which golden tables and logs are compared."""
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if column == "time":
        return pd.Timestamp(value).isoformat()
    if column == "value":
        return Decimal(value).normalize() + 0
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.removesuffix(".0") if isinstance(value, float) else text
