"""``python -m benchmarks.xes log.xes.gz``: reading a log beside a bare pass of lxml over the same file.

The bare pass builds every element, touches nothing and clears it. lxml is no dependency: ``--lxml`` names a Python that
has it. Each run is a process of its own, in turns; the best of each counts, and the ratio is of processor time, which
other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

#: What the bare pass may take at most, as a multiple.
TARGET = 2.0
CLOCKS = """
import json, resource, sys, time
def told(work):
    begun, used = time.perf_counter(), sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    work()
    wall = time.perf_counter() - begun
    print(json.dumps({"wall_s": wall, "cpu_s": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - used}))
"""
BARE = (
    CLOCKS
    + """
import gzip
from lxml import etree
def bare():
    with (gzip.open if sys.argv[1].endswith(".gz") else open)(sys.argv[1], "rb") as file:
        for _, element in etree.iterparse(file):
            element.clear()
told(bare)
"""
)
OURS = (
    CLOCKS
    + """
import warnings, io
import journeylog as jl
warnings.simplefilter("ignore")
jl.read(io.BytesIO(b"<log><trace><event/></trace></log>"), format="xes")  # compiled
told(lambda: jl.read(sys.argv[1], tz="UTC"))
"""
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.xes", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--lxml", default=sys.executable, help="a Python that has lxml")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {"lxml, bare pass": [], "journeylog": []}
    for _ in range(options.rounds):
        for name, python, code in (
            ("lxml, bare pass", options.lxml, BARE),
            ("journeylog", sys.executable, OURS),
        ):
            done = subprocess.run(
                [python, "-c", code, str(options.file)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(done.stderr, file=sys.stderr)
                return 2
            runs[name].append(json.loads(done.stdout))
    best = {
        name: {clock: min(run[clock] for run in found) for clock in found[0]} for name, found in runs.items()
    }
    for name, clocks in best.items():
        print(f"{name:<16} {clocks['wall_s']:6.2f} s wall {clocks['cpu_s']:6.2f} s of processor")
    ratio = best["journeylog"]["cpu_s"] / best["lxml, bare pass"]["cpu_s"]
    wall = best["journeylog"]["wall_s"] / best["lxml, bare pass"]["wall_s"]
    print(f"ratio {wall:.2f} wall, {ratio:.2f} processor (at most {TARGET})")
    return 0 if wall <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
