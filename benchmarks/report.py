"""``python -m benchmarks.report``: from a Parquet file to the finished report, its map in two languages and its tables.

The plain log of the other benchmarks is given to ``journeylog run`` with four stages, a goal and a patience, in a process of
its own, exactly as a scheduled job does it: process start, imports and compiled code included. The target is 60 s and 3 GB
for 10 million events on two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.logs import logs
from benchmarks.measure import ROOT, warm

FULL = 10_000_000
CALL = "from journeylog.reporting.cli import main; main()"
SECONDS, BYTES = 60.0, 3e9
CONFIG = """title = "The plain log"
goal = "event 0009"
patience = "14d"

[stages]
find = ["event 000[0-3]"]
look = ["event 000[4-8]"]
buy = ["event 0009", "event 001?"]
stay = ["event 002?", "event 003?"]

[[source]]
name = "plain"
path = {path}
actor = "actor"
event = "event"
time = "time"

[output]
languages = ["en", "ru"]
files = ["map.html", "map.json", "map.xlsx", "cells.parquet", "report.html"]
"""


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    path = logs(["plain"], [options.rows])[-1].make()
    print(f"{options.rows:,} events, {path.stat().st_size / 1e6:,.0f} MB of Parquet")
    slow = False
    for _ in range(options.rounds):
        warm(path)
        seconds, peak, sizes = run(path)
        slow |= seconds > SECONDS or peak > BYTES
        made = ", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in sizes.items())
        print(
            f"  {seconds:.1f} s (target {SECONDS:g}), peak {peak / 1e9:.2f} GB (target {BYTES / 1e9:g}): {made}"
        )
    return 1 if slow and options.rows >= FULL else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    made.add_argument("--rows", type=int, default=FULL)
    made.add_argument("--rounds", type=int, default=1)
    return made


def run(path: Path) -> tuple[float, float, dict[str, int]]:
    """Return the seconds of one run, its peak memory, and the sizes of what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "plain.toml"
        config.write_text(CONFIG.replace("{path}", json.dumps(str(path))))
        command = [sys.executable, "-c", CALL, "run", str(config), "--out", f"{folder}/out", "--json"]
        start = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        seconds = time.perf_counter() - start
        facts = json.loads(done.stdout.splitlines()[-1])
        place = Path(facts["folder"])
        sizes = {file.name: file.stat().st_size for file in sorted(place.rglob("*")) if file.is_file()}
        return seconds, float(facts["peak_bytes"]), sizes


if __name__ == "__main__":
    sys.exit(main())
