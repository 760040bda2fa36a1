"""Compare one contender with the reference: ``python -m benchmarks.check JOB``; prints what differs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.reference import Answers, answers, differences


def main() -> None:
    job = json.loads(sys.argv[1])
    python = os.environ.get("BENCHMARKS_PYTHON", sys.executable)
    asked = json.dumps({**job, "kind": "check"})
    done = subprocess.run([python, "-m", "benchmarks.child", asked], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({"wrong": wrong(answers(Path(job["path"])), found), "ties": found["ties"]}))


def wrong(right: Answers, found: dict[str, Any]) -> list[str]:
    """Name what differs: transitions from the file and from the loaded log, sessions, funnel."""
    given = found["answers"]
    listed = []
    for kind in ("file", "log", "mean_only"):
        if kind in given:
            differ = differences(right, given[kind], found["median_relative"], found["median_seconds"])
            listed += [f"{kind}: {text}" for text in differ]
    if "sessions" in given and tuple(given["sessions"]) != right.sessions:
        listed.append(f"sessions: {given['sessions']} instead of {right.sessions} (number, squared sizes)")
    funnel = right.funnel if found["funnel_window"] else right.open_funnel
    if "funnel" in given and tuple(given["funnel"]) != funnel:
        listed.append(f"funnel: {given['funnel']} instead of {funnel}")
    return listed


if __name__ == "__main__":
    main()
