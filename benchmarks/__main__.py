"""``python -m benchmarks``: make logs, check answers, measure in turns, print ratios, write a JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import venv
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, PEERS
from benchmarks.logs import Log, logs
from benchmarks.measure import (
    CHECKED_EVENTS,
    FailedError,
    Plan,
    Results,
    WrongAnswerError,
    check,
    imports,
    measure,
    note,
)
from benchmarks.table import targets_table, times_table
from benchmarks.targets import Verdict, verdicts

RESULTS = Path(__file__).parent / "results"
PEERS_VARIABLE = "JOURNEYLOG_BENCH_PEERS"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.make_peers:
        make_peers(options.make_peers)
        return 0
    chosen = logs(options.shapes, options.events)
    peers = [peer for peer in PEERS if options.peers]
    plan = Plan(
        [*options.contenders, *peers], options.peers, options.rounds, options.peer_rounds, options.repeats
    )
    for log in chosen:
        note(f"{log.label}: {log.make().stat().st_size / 1e6:.0f} MB")
    try:
        ties = {name: text for log in checked(chosen) for name, text in check(plan, log).items()}
        results = {log.label: measure(plan, log) for log in chosen}
        imported = imports() if "journeylog" in plan.contenders else None
    except (WrongAnswerError, FailedError) as error:
        print(error, file=sys.stderr)
        return 2
    judged = verdicts(chosen, results, imported) if "journeylog" in plan.contenders else []
    show(results, judged, ties)
    note(f"written: {write(options, chosen, results, judged, imported, ties)}")
    return 1 if options.strict and any(verdict.holds is False for verdict in judged) else 0


def parser() -> argparse.ArgumentParser:
    found = os.environ.get(PEERS_VARIABLE)
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument(
        "--events", type=int, nargs="+", default=[1_000_000, 10_000_000], help="sizes of the logs"
    )
    made.add_argument(
        "--shapes", nargs="+", choices=["plain", "wide", "single"], default=["plain", "wide", "single"]
    )
    made.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    made.add_argument(
        "--rounds", type=int, default=3, help="times that every process is started, in shuffled turns"
    )
    made.add_argument("--repeats", type=int, default=5, help="calls on a loaded log, after one warm-up")
    made.add_argument(
        "--peers", type=folder, default=found and folder(found), help=f"their venv (or {PEERS_VARIABLE})"
    )
    made.add_argument("--peer-rounds", type=int, default=1)
    made.add_argument(
        "--make-peers", type=folder, metavar="DIR", help="make the venv of pm4py and retentioneering, stop"
    )
    made.add_argument("--strict", action="store_true", help="exit with 1 when a target fails")
    return made


def folder(text: str) -> Path:
    return Path(text).expanduser().absolute()  # processes start elsewhere; a link must stay a link


def make_peers(place: Path) -> None:
    """Make a virtual environment with the pinned peers; it belongs outside the repository."""
    venv.create(place, with_pip=True)
    pinned = Path(__file__).parent / "peers.txt"
    subprocess.run([place / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", pinned], check=True)
    print(f"now: python -m benchmarks --peers {place}")


def checked(chosen: list[Log]) -> list[Log]:
    return [log for log in chosen if log.events <= CHECKED_EVENTS]


def show(results: Results, judged: list[Verdict], ties: dict[str, str]) -> None:
    for label, found in results.items():
        print(
            times_table(label, found, "journeylog" if "journeylog" in found else next(iter(found))),
            end="\n\n",
        )
    if judged:
        print(targets_table(judged), end="\n\n")
    print("All answers were held against the same reference before anything was timed. Equal times:")
    for name, text in ties.items():
        print(f"  {name}: {text}")


def write(
    options: argparse.Namespace,
    chosen: list[Log],
    results: Results,
    judged: list[Verdict],
    imported: dict[str, Any] | None,
    ties: dict[str, str],
) -> str:
    """Write everything measured, without a host name or a path; return the file's name."""
    moment = datetime.now(UTC)
    page = {
        "finished": moment.isoformat(timespec="seconds"),
        "machine": machine(),
        "settings": {
            name: getattr(options, name) for name in ("events", "shapes", "rounds", "peer_rounds", "repeats")
        },
        "logs": {
            log.label: {"events": log.events, "actors": log.actors, "names": log.names} for log in chosen
        },
        "ties": ties,
        "results": {
            label: {name: m.to_dict() for name, m in found.items()} for label, found in results.items()
        },
        "import": imported,
        "targets": [verdict.to_dict() for verdict in judged],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{moment:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(page, indent=1))
    return path.name


def machine() -> dict[str, Any]:
    libraries = ("numpy", "pandas", "pyarrow", "polars", "duckdb", "numba", "scipy")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    return {
        "cores": os.cpu_count(),
        "memory_bytes": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in libraries},
    }


if __name__ == "__main__":
    sys.exit(main())
