"""One measurement in a process of its own: ``python -m benchmarks.child JOB``, where JOB is a JSON object.

The last line printed is a JSON object with what was measured. Nothing is imported here but the standard
library and the one contender, so that its memory is its own.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SLOW_S = 2.0  # a call longer than this counts at once; a shorter one is a warm-up and is repeated


def main() -> None:
    job = json.loads(sys.argv[1])
    contender = importlib.import_module(f"benchmarks.contenders.{job['contender']}_")
    measured = {"check": check, "file": file, "log": log}[job["kind"]](contender, job)
    print(json.dumps({**measured, "version": contender.version()}))


def file(contender: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Measure one reading of the file, from the path to the table of transitions."""
    before = memory("VmRSS")
    seconds, _ = timed(lambda: contender.one_shot(Path(job["path"]), job["task"] == "file_median"))
    return {"seconds": {job["task"]: [seconds]}, "peak": {job["task"]: memory("VmHWM")}, "import_rss": before}


def log(contender: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Load once, then measure every task on the loaded log."""
    before = memory("VmRSS")
    load_s, loaded = timed(lambda: contender.load(Path(job["path"])))
    found: dict[str, Any] = {"seconds": {"load": [load_s]}, "peak": {}, "import_rss": before}
    found["loaded_rss"] = memory("VmRSS")
    if hasattr(contender, "core_bytes"):
        found["core_bytes"] = contender.core_bytes(loaded)
    for task in contender.TASKS:
        if not task.startswith("file"):
            forget_peak()
            found["seconds"][task] = repeated(call(contender, task, loaded), job["repeats"])
            found["peak"][task] = memory("VmHWM")
    return found


def check(contender: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Give the answers instead of the times."""
    path = Path(job["path"])
    median = "log_median" in contender.TASKS
    loaded = contender.load(path)
    found: dict[str, Any] = {
        "file": list(contender.pairs(contender.one_shot(path, median))),
        "log": list(contender.pairs(contender.transitions(loaded, median))),
    }
    if median and "log_mean" in contender.TASKS:
        found["mean_only"] = list(contender.pairs(contender.transitions(loaded, False)))
    if "sessions" in contender.TASKS:
        found["sessions"] = contender.session_totals(contender.sessions(loaded))
    if "funnel" in contender.TASKS:
        found["funnel"] = contender.funnel_counts(contender.funnel(loaded))
    keep = ("MEDIAN_RELATIVE", "MEDIAN_SECONDS", "FUNNEL_WINDOW", "TIES")
    return {"answers": found, **{name.lower(): getattr(contender, name) for name in keep}}


def call(contender: Any, task: str, loaded: Any) -> Callable[[], Any]:
    """Bind a task to the loaded log."""
    if task.startswith("log_"):
        return lambda: contender.transitions(loaded, task == "log_median")
    function = getattr(contender, task)
    return lambda: function(loaded)


def repeated(task: Callable[[], Any], repeats: int) -> list[float]:
    """Time a task several times after one warm-up; a slow task is its own sample."""
    first, _ = timed(task)
    return [first] if first > SLOW_S else [timed(task)[0] for _ in range(repeats)]


def timed(task: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def memory(field: str) -> int | None:
    """Bytes held now (VmRSS) or at most so far (VmHWM); unlike getrusage, free of the parent's own peak."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def forget_peak() -> None:
    """Let the peak start again from what is held now, where the system can do it."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


if __name__ == "__main__":
    main()
