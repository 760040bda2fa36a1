"""``python -m benchmarks.delimited``: CSV into a log, beside DuckDB reading the same columns into Arrow.

The file is the plain log of the other benchmarks as CSV. DuckDB is told everything that it would else guess (header,
delimiter, quote, the type of each column), which is its fastest way. A log is more than a table: ids and names are
coded, rows ordered by actor and time, every row judged. Both run in processes of their own, in turns, and first read a
small file: what a process loads once (compiled kernels, above all) is shown apart. The ratio is that of runs that stood
next to each other.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

import journeylog as jl
from benchmarks.child import memory, timed
from benchmarks.logs import CACHE, logs
from benchmarks.measure import ROOT, warm

VERSION = 1
TARGET = 1.5
FULL = 10_000_000
SMALL = 20_000
TYPES = {"actor": "VARCHAR", "event": "VARCHAR", "time": "TIMESTAMPTZ"}


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.child:
        print(json.dumps(measured(options.child, make(options.rows))))
        return 0
    compare(make(min(options.rows, SMALL)))
    path = make(options.rows)
    print(f"{options.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
    rounds = []
    for turn in range(options.rounds):
        warm(path)
        names = ["journeylog", "duckdb"]
        random.Random(turn).shuffle(names)
        rounds.append({name: child(name, options.rows) for name in names})
    for name in ("journeylog", "duckdb"):
        best = min((found[name] for found in rounds), key=lambda run: run["seconds"])
        print(
            f"  {name:<10} {best['seconds']:.2f} s, on the processor {best['cpu']:.2f} s, "
            f"peak {best['peak'] / 1e9:.2f} GB, {best['before'] / 1e9:.2f} GB of it before; "
            f"what is loaded once {best['first']:.2f} s"
        )
    ratios = sorted(found["journeylog"]["seconds"] / found["duckdb"]["seconds"] for found in rounds)
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    middle = statistics.median(ratios)
    print(
        f"journeylog / DuckDB, run by run: {shown}; middle {middle:.2f} (target at most {TARGET:g} for {FULL:,})"
    )
    return 1 if middle > TARGET and options.rows >= FULL else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.delimited", description=__doc__)
    made.add_argument("--rows", type=int, default=FULL)
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--child", default="", help=argparse.SUPPRESS)
    return made


def child(name: str, rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.delimited", "--child", name, "--rows", str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(name: str, path: Path) -> dict[str, Any]:
    """Time one reading in a process that has read a small file before."""
    read = {"journeylog": ours, "duckdb": theirs}[name]
    first, _ = timed(lambda: read(make(SMALL)))
    before, cpu = memory("VmRSS"), time.process_time()
    seconds, _ = timed(lambda: read(path))
    spent = time.process_time() - cpu
    return {
        "seconds": seconds,
        "cpu": spent,
        "first": first,
        "peak": memory("VmHWM") or 0,
        "before": before or 0,
    }


def ours(path: Path) -> Any:
    return jl.read(path, actor="actor", event="event", time="time")


def theirs(path: Path) -> pa.Table:
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items())
    return (
        duckdb.connect()
        .sql(
            f"SELECT * FROM read_csv('{path}', auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"escape = '\"', columns = {{{columns}}})"
        )
        .to_arrow_table()
    )


def compare(path: Path) -> None:
    """Refuse to time readings of different events."""
    keys = ["actor", "time", "event"]
    mine = ours(path).to_pandas()[keys].sort_values(keys, ignore_index=True)
    other = theirs(path).to_pandas()[keys].sort_values(keys, ignore_index=True)
    other["time"] = other["time"].dt.tz_convert("UTC")
    if not all((mine[key].astype(str) == other[key].astype(str)).all() for key in keys):
        raise AssertionError(f"{path.name}: the log has other events than DuckDB's table")


def make(rows: int) -> Path:
    """Write the file unless it is there."""
    path = CACHE / f"v{VERSION}-plain-{rows}.csv"
    if not path.exists():
        log = logs(["plain"], [rows])[-1].make()
        part = path.with_suffix(".part")
        duckdb.connect().sql(
            f"COPY (SELECT actor, event, time FROM '{log}') TO '{part}' "
            "(FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%gZ')"
        )
        part.rename(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
