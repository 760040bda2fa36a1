"""``python -m benchmarks.links``: links from a Parquet file to a stored identity map, with its peak memory.

Two shapes: ``logins`` (three million devices, one million customers, some devices with several), and ``merges`` (pairs
of anonymous ids, which make one giant component and many small ones). On a small file of each, the components are
compared with those of networkx before anything is timed. Every measurement runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import journeylog as jl
from benchmarks.child import memory, timed
from benchmarks.logs import CACHE

VERSION = 1
TARGET_S = 10.0
FULL = 5_000_000
START_US = 1_704_067_200_000_000
YEAR_US = 365 * 86_400_000_000
KNOWN: dict[str, Any] = {"logins": None, "merges": ()}
SHAPES = {"logins": ("back", "forward", "merge"), "merges": ("merge",)}


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.child:
        print(json.dumps(measured(options.shape, make(options.shape, options.links), options.policy)))
        return 0
    for shape in SHAPES:
        compare(make(shape, min(options.links, 5_000)))
    slow = 0
    for shape, policies in SHAPES.items():
        path = make(shape, options.links)
        print(f"{shape}: {options.links:,} links, {path.stat().st_size / 1e6:,.0f} MB")
        for policy in policies:
            runs = [child(shape, options.links, policy) for _ in range(options.rounds)]
            best = min(runs, key=lambda run: run["whole_s"])
            slow += best["whole_s"] > TARGET_S
            print(f"  {policy:<8} {told(best)}")
    return 1 if slow and options.links >= FULL else 0


def told(run: dict[str, Any]) -> str:
    parts = ", ".join(f"{name} {run[name + '_s']:.2f}" for name in ("read", "decide", "save"))
    times = f"{run['whole_s']:.2f} s ({parts}; on the processor {run['cpu_s']:.2f}; target {TARGET_S:g} s for {FULL:,})"
    memory_of = f"peak {run['peak'] / 1e9:.2f} GB, {run['import'] / 1e9:.2f} GB of it the imports"
    return f"{times}, {memory_of}; {run['ids']:,} ids stand for {run['actors']:,} actors"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.links", description=__doc__)
    made.add_argument("--links", type=int, default=FULL)
    made.add_argument("--rounds", type=int, default=3)
    for name in ("--shape", "--policy"):
        made.add_argument(name, default="", help=argparse.SUPPRESS)
    made.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return made


def child(shape: str, links: int, policy: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.links", "--child", "--shape", shape, "--policy", policy]
    done = subprocess.run([*command, "--links", str(links)], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(shape: str, path: Path, policy: str) -> dict[str, Any]:
    """Time one way from the file to the stored map, without imports; kernels come from their cache."""
    before, cpu = memory("VmRSS"), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        read_s, links = timed(lambda: jl.links(path, start="from", end="to", time="at"))
        decide_s, who = timed(lambda: jl.identity(links, policy=policy, known=KNOWN[shape]))
        save_s, _ = timed(lambda: who.save(Path(folder) / "map.parquet"))
    seconds = {
        "read_s": read_s,
        "decide_s": decide_s,
        "save_s": save_s,
        "whole_s": read_s + decide_s + save_s,
    }
    held = {"cpu_s": time.process_time() - cpu, "peak": memory("VmHWM") or 0, "import": before or 0}
    return {**seconds, **held, "ids": len(who.map), "actors": len(who.map.actors)}


def compare(path: Path) -> None:
    """Refuse to time wrong components."""
    table = pq.read_table(path)
    pairs = list(zip(table["from"].to_pylist(), table["to"].to_pylist(), strict=True))
    links = jl.links(path, start="from", end="to", time="at")
    mapped = jl.identity(links, policy="merge", known=()).map.table
    found = dict(zip(mapped["id"], mapped["actor"], strict=True))
    right = {i: min(part) for part in nx.connected_components(nx.Graph(pairs)) for i in part}
    if {i: found.get(i, i) for i in right} != right:
        raise AssertionError(f"{path.name}: not the components of networkx")


def make(shape: str, links: int) -> Path:
    """Write the links unless they are there."""
    path = CACHE / f"v{VERSION}-links-{shape}-{links}.parquet"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([VERSION, links])
    if shape == "logins":
        start = rng.integers(0, links * 3 // 5, links)
        end = (start * 7_919) % max(links // 5, 1)
        other = rng.random(links) < 0.02
        end[other] = rng.integers(0, max(links // 5, 1), int(other.sum()))
        names = "device-", "U"
    else:
        start, end = rng.integers(0, links * 9 // 5, (2, links))
        names = "c", "c"
    columns = {
        "from": pa.array(np.char.add(names[0], start.astype(str))),
        "to": pa.array(np.char.add(names[1], end.astype(str))),
        "at": pa.array(START_US + rng.integers(0, YEAR_US, links), pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(columns), path)
    return path


if __name__ == "__main__":
    sys.exit(main())
