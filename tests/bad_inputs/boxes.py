"""One table in every container it may come in, and what a log says of it in plain values."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

import journeylog as jl
from journeylog.reporting.cli import run

ROLES: dict[str, Any] = {"actor": "user_id", "event": "event", "time": "ts", "tz": "UTC"}
HEAD = "user_id,event,ts\n"
DAY = "2024-01-01 10:00:00"
ONE_ROW = f"u1,a,{DAY}\n"
#: What every run of the command line must be told of these tables.
OPTIONS = ("--actor", "user_id", "--event", "event", "--time", "ts", "--tz", "UTC")


# The containers


def _as_csv(table: pa.Table, path: Path, delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        alone = any(
            "\r" in _word(v) for row in rows_of(table) for v in row.values()
        )  # else not put in quotes
        quoting = csv.QUOTE_ALL if alone else csv.QUOTE_MINIMAL
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=quoting)
        writer.writerow(table.column_names)
        writer.writerows([_word(v) for v in row.values()] for row in rows_of(table))
    return path


def _as_json(table: pa.Table, path: Path) -> Path:
    rows = (
        {k: v if v is None or isinstance(v, _JSON) else _word(v) for k, v in row.items()}
        for row in rows_of(table)
    )
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(text.encode("utf-8"))
    return path


def _as_array(table: pa.Table, path: Path) -> Path:
    objects = _as_json(table, path).read_bytes().split(b"\n")[:-1]
    path.write_bytes(b"[\n" + b",\n".join(objects) + b"\n]\n")
    return path


def _as_parquet(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path, row_group_size=rows_a_part(table))
    return path


def _as_arrow(table: pa.Table, path: Path) -> Path:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows_a_part(table))
    return path


def rows_a_part(table: pa.Table) -> int:
    """Return how many rows stand together, so that a table comes in several parts and not in thousands."""
    return int(max(3, table.num_rows // 20))


def _as_workbook(table: pa.Table, path: Path) -> Path:
    plain = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(path, plain) as book:
        sheet = book.add_worksheet()
        rows = [table.column_names, *(row.values() for row in rows_of(table))]
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if value is not None and value != "":
                    sheet.write(
                        i,
                        j,
                        value
                        if isinstance(value, int | float | bool) and abs(value) < 2**53
                        else _word(value),
                    )
    return path


_JSON = (str, int, float, bool, list, dict)

BOXES: Mapping[str, Callable[[pa.Table, Path], Any]] = {
    "csv": lambda t, p: _as_csv(t, p / "t.csv"),
    "tsv": lambda t, p: _as_csv(t, p / "t.tsv", "\t"),
    "jsonl": lambda t, p: _as_json(t, p / "t.jsonl"),
    "json": lambda t, p: _as_array(t, p / "t.json"),
    "xlsx": lambda t, p: _as_workbook(t, p / "t.xlsx"),
    "parquet": lambda t, p: _as_parquet(t, p / "t.parquet"),
    "arrow": lambda t, p: _as_arrow(t, p / "t.arrow"),
    "pyarrow": lambda t, p: t,
    "pandas": lambda t, p: t.to_pandas(),
    "pandas-arrow": lambda t, p: t.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda t, p: pl.from_arrow(t),
    "duckdb": lambda t, p: duckdb.from_arrow(t),
}
TEXTS = ("csv", "tsv", "jsonl", "json")
FILES = (*TEXTS, "parquet", "arrow")
FRAMES = ("pyarrow", "pandas", "pandas-arrow", "polars", "duckdb")
#: Those that know a type for every column; text in a file is text.
TYPED = ("parquet", "arrow", *FRAMES)


def boxes(*names: str, without: Iterable[str] = ()) -> pytest.MarkDecorator:
    """Run a test in these containers; by default in all."""
    return pytest.mark.parametrize("box", [b for b in names or BOXES if b not in tuple(without)])


def put(table: pa.Table, box: str, folder: Path) -> Any:
    """Return the table in a container."""
    return BOXES[box](table, folder)


def read(table: pa.Table, box: str, folder: Path, **how: Any) -> Any:
    """Read the table out of a container."""
    return jl.read(put(table, box, folder), **{**ROLES, **how})


# Tables


def table(
    users: Sequence[Any] | pa.Array = ("u1",), events: Any = "a", times: Any = None, **more: Any
) -> pa.Table:
    """Return a table of events an hour apart; one event or time may stand for all rows."""
    n = len(users)
    columns = {"user_id": users if isinstance(users, pa.Array) else pa.array(users)}
    columns["event"] = (
        events
        if isinstance(events, pa.Array)
        else pa.array([events] * n if isinstance(events, str) else events)
    )
    if times is None:
        times = [f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00:00" for i in range(n)]
    columns["ts"] = (
        times if isinstance(times, pa.Array) else pa.array([times] * n if isinstance(times, str) else times)
    )
    return pa.table({**columns, **more})


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows as plain values."""
    return [
        dict(zip(table.column_names, row, strict=True))
        for row in zip(*(c.to_pylist() for c in table.columns), strict=True)
    ]


def _word(value: Any) -> str:
    """Return a value the way a program writes it into a text file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


# What a log says


def kept(log: Any) -> list[tuple[str, str]]:
    """Return actors and events in the order of the log."""
    frame = log.to_pandas()
    return list(zip(frame["actor"], frame["event"], strict=True))


def actors(log: Any) -> list[str]:
    """Return the actors' ids, sorted."""
    return sorted(log.chunk.actors.to_pylist())


def rejected(log: Any) -> list[tuple[int, str]]:
    """Return number and reason of each rejected row, once the books have been found in balance."""
    card = log.card
    assert card.rows_in == card.kept + card.rejected + card.deduplicated
    assert card.kept == log.n_events
    assert card.rejected == log.rejects.num_rows == sum(card.reasons.values())
    return [(r["row"], r["reason"]) for r in log.rejects.to_pylist()]


def raw(log: Any) -> list[Any]:
    """Return what was kept of each rejected row: values, a line, or bytes."""
    made = {"json": json.loads, "text": str, "base64": base64.b64decode}
    return [made[r["raw_kind"]](r["raw"]) for r in log.rejects.to_pylist()]


class Input:
    """Standard input that holds these bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def command(*words: object) -> int:
    """Run the command line and return its exit code."""
    return int(run([os.fspath(w) if isinstance(w, os.PathLike) else str(w) for w in words]))
