"""Run every contender in processes of its own, in turns, and gather what they measured."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders import PEERS
from benchmarks.logs import Log

ROOT = Path(__file__).parent.parent
CHECKED_EVENTS = 1_000_000  # larger logs have the same generator and the same queries
TIME_LIMIT_S = 1_800
PEER_SHAPES = ("plain",)

IMPORT = """
import json, sys, time
start = time.perf_counter()
import journeylog
seconds = time.perf_counter() - start
print(json.dumps([seconds, [name for name in ("plotly", "numba", "pyspark") if name in sys.modules]]))
"""


class WrongAnswerError(Exception):
    """A contender did not give the right answer; nothing may be timed."""


class FailedError(Exception):
    """A process ended with an error."""


@dataclass
class Plan:
    """What to measure, and how often."""

    contenders: list[str]
    peers: Path | None = None
    rounds: int = 3
    peer_rounds: int = 1
    repeats: int = 5

    def takes(self, contender: str, log: Log) -> bool:
        return contender not in PEERS or (self.peers is not None and log.shape in PEER_SHAPES)

    def rounds_of(self, contender: str) -> int:
        return self.peer_rounds if contender in PEERS else self.rounds

    def python(self, contender: str) -> str:
        if contender in PEERS and self.peers is not None:
            return str(self.peers / "bin" / "python")
        return sys.executable


@dataclass
class Measured:
    """All samples of one contender on one log: seconds and peak bytes by task."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    peak: dict[str, list[int]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, found: dict[str, Any]) -> None:
        for task, samples in found.pop("seconds").items():
            self.seconds.setdefault(task, []).extend(samples)
        for task, peak in found.pop("peak").items():
            if peak is not None:
                self.peak.setdefault(task, []).append(peak)
        self.facts.update(found)

    def best(self, task: str) -> float | None:
        """Shortest time: noise of the machine only ever adds."""
        return min(self.seconds[task]) if task in self.seconds else None

    def middle(self, task: str) -> float | None:
        return statistics.median(self.seconds[task]) if task in self.seconds else None

    def highest(self, task: str) -> int | None:
        return max(self.peak[task]) if task in self.peak else None

    def to_dict(self) -> dict[str, Any]:
        tasks = {
            task: {"min": min(samples), "median": statistics.median(samples), "samples": samples}
            for task, samples in self.seconds.items()
        }
        return {
            "seconds": tasks,
            "peak_bytes": {task: max(peak) for task, peak in self.peak.items()},
            **self.facts,
        }


Results = dict[str, dict[str, Measured]]
"""By label of the log, then by contender."""


def check(plan: Plan, log: Log) -> dict[str, str]:
    """Hold every contender to the reference; return how each orders equal times."""
    contenders = [contender for contender in plan.contenders if plan.takes(contender, log)]
    ties = {}
    for contender in contenders:
        found = run(plan, "benchmarks.check", {"contender": contender, "path": str(log.path)}, contender)
        if found["wrong"]:
            listed = "\n  ".join(found["wrong"])
            raise WrongAnswerError(f"{contender} on {log.label} differs from the reference:\n  {listed}")
        ties[contender] = found["ties"]
        note(f"{log.label}: {contender} gives the right answers")
    return ties


def measure(plan: Plan, log: Log) -> dict[str, Measured]:
    """Measure all contenders on a log; every round is a fresh shuffle, so a slow minute hits all alike."""
    warm(log.path)
    measured = {contender: Measured() for contender in plan.contenders if plan.takes(contender, log)}
    for turn in range(max(plan.rounds_of(contender) for contender in measured)):
        jobs = [
            job
            for contender in measured
            if turn < plan.rounds_of(contender)
            for job in jobs_of(contender, log)
        ]
        random.Random(turn).shuffle(jobs)
        for job in jobs:
            contender = job["contender"]
            note(f"{log.label} round {turn + 1}: {contender} {job.get('task', 'loaded log')}")
            try:
                start = time.perf_counter()
                found = run(plan, "benchmarks.child", {**job, "repeats": plan.repeats}, contender)
                if job["kind"] == "file":
                    found["seconds"][f"process_{job['task']}"] = [time.perf_counter() - start]
                measured[contender].add(found)
            except (FailedError, subprocess.TimeoutExpired) as error:
                note(f"  not measured: {error}")
                measured[contender].facts["failed"] = type(error).__name__
    return measured


def jobs_of(contender: str, log: Log) -> list[dict[str, Any]]:
    tasks = ["file_median"] if contender == "retentioneering" else ["file_mean", "file_median"]
    shared = {"contender": contender, "path": str(log.path)}
    return [{**shared, "kind": "file", "task": task} for task in tasks] + [{**shared, "kind": "log"}]


def imports(times: int = 5) -> dict[str, Any]:
    """Time ``import journeylog`` in new processes, and say what it printed and what it dragged in."""
    seconds, heavy, said = [], set(), ""
    for turn in range(times + 1):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            timeout=TIME_LIMIT_S,
        )
        *printed, last = done.stdout.splitlines()
        took, loaded = json.loads(last)
        heavy.update(loaded)
        said += "".join(printed) + done.stderr
        if turn:  # the first one warms the file cache and the bytecode
            seconds.append(took)
    return {
        "min": min(seconds),
        "median": statistics.median(seconds),
        "loaded": sorted(heavy),
        "printed": said,
    }


def run(plan: Plan, module: str, job: dict[str, Any], contender: str) -> dict[str, Any]:
    """Run a module of this package in a new process and read the last line it prints."""
    command = [plan.python(contender) if module == "benchmarks.child" else sys.executable, "-m", module]
    environment = {**os.environ, "RETENTIONEERING_NO_TRACK": "1", "BENCHMARKS_PYTHON": plan.python(contender)}
    done = subprocess.run(
        [*command, json.dumps(job)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=TIME_LIMIT_S,
    )
    if done.returncode:
        raise FailedError(f"{contender} failed at {job}:\n{done.stderr[-2_000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def warm(path: Path) -> None:
    """Read the file once, so that nobody is the first to fetch it from the disk."""
    with path.open("rb") as stream:
        while stream.read(1 << 24):
            pass


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
