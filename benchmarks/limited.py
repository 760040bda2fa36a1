"""``python -m benchmarks.limited``: files three times larger than the memory that the reading process is given.

A CSV and a Parquet file whose wide texts take nearly all of their size are written and read under ``ulimit -d`` (data of
the process, its programs and their buffers included). With the core columns alone they must be read; with all columns
reading must stop with an error that says what to do. The files are removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

import journeylog as jl
from benchmarks.child import memory
from benchmarks.measure import ROOT

WIDE = 2_000
PART = 20_000
TIMES_LARGER = 3


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.child:
        print(json.dumps(limited(Path(options.child), options.columns, options.limit * 1_000_000)))
        return 0
    failed = 0
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for kind in ("csv", "parquet"):
            path = write(Path(folder) / f"wide.{kind}", TIMES_LARGER * options.limit * 1_000_000)
            print(f"{kind}: {path.stat().st_size / 1e6:,.0f} MB, {options.limit:,} MB allowed")
            for columns in ("core", "all"):
                found = child(path, columns, options.limit)
                failed += found["outcome"] != ("read" if columns == "core" else "MemoryLimitError")
                print(f"  {columns:<5} {found['outcome']} after {found['seconds']:.1f} s, {told(found)}")
            path.unlink()
    return int(failed > 0)


def told(found: dict[str, Any]) -> str:
    return (
        f"{found['rows']:,} rows, peak {found['peak'] / 1e6:,.0f} MB" if found["rows"] else str(found["said"])
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.limited", description=__doc__)
    made.add_argument("--limit", type=int, default=1_000, help="megabytes of the reading process")
    made.add_argument("--folder", default=None, help="where the files are written for a while")
    for name in ("--child", "--columns"):
        made.add_argument(name, default="", help=argparse.SUPPRESS)
    return made


def child(path: Path, columns: str, limit: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.limited", "--child", str(path), "--columns", columns]
    done = subprocess.run(
        [*command, "--limit", str(limit)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        return {"outcome": "died", "seconds": 0.0, "rows": 0, "said": done.stderr[-500:]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def limited(path: Path, columns: str, limit: int) -> dict[str, Any]:
    """Read under the limit and say how that went."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    start = time.perf_counter()
    try:
        log = jl.read(
            path, actor="user", event="event", time="time", columns="all" if columns == "all" else []
        )
        outcome, rows, said = "read", log.n_events, ""
    except jl.errors.JourneylogError as error:
        outcome, rows, said = type(error).__name__, 0, str(error)
    spent = time.perf_counter() - start
    return {"outcome": outcome, "seconds": spent, "rows": rows, "said": said, "peak": memory("VmHWM") or 0}


def write(path: Path, size: int) -> Path:
    """Write rows until the file has the size; no two wide texts are the same."""
    rng = np.random.default_rng(7)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", np.uint8)
    noise = letters[rng.integers(0, 36, WIDE + 4 * PART)].tobytes().decode()
    schema = pa.schema([(name, pa.string()) for name in ("user", "event", "time", "wide")])
    kind = path.suffix
    with (
        pc.CSVWriter(path, schema, write_options=pc.WriteOptions(quoting_style="none"))
        if kind == ".csv"
        else pq.ParquetWriter(path, schema, compression="none", use_dictionary=False)
    ) as writer:
        first = 0
        while path.stat().st_size < size:
            writer.write_table(part(first, noise, schema))
            first += PART
    return path


def part(first: int, noise: str, schema: pa.Schema) -> pa.Table:
    at = range(first, first + PART)
    columns = [
        [f"u{i % 97_777}" for i in at],
        [f"event {i % 40}" for i in at],
        [f"2025-01-{1 + i // 86_400 % 28:02}T{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}Z" for i in at],
        [f"{i}{noise[4 * (i - first) : 4 * (i - first) + WIDE]}" for i in at],
    ]
    return pa.table(columns, schema=schema)


if __name__ == "__main__":
    sys.exit(main())
