"""journeylog itself; every call of the library that is measured stands in this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import Pairs
from benchmarks.logs import FUNNEL, FUNNEL_DAYS, GAP_MINUTES
from journeylog import Funnel, Sessions, Transitions, __version__, read

NAME = "journeylog"
TIES = "one file is one ordered stream: equal times keep the order of the rows"
TASKS = ("file_mean", "file_median", "log_mean", "log_median", "sessions", "funnel", "one_pass")
MEDIAN_RELATIVE = 1 / 256  # the width of its duration bins, stated in the result
MEDIAN_SECONDS = 0.001  # and its durations are whole milliseconds
FUNNEL_WINDOW = True


def version() -> str:
    return __version__


def one_shot(path: Path, median: bool) -> Any:
    return transitions(load(path), median)


def load(path: Path) -> Any:
    return read(path, actor="actor", event="event", time="time")


def transitions(log: Any, median: bool) -> Any:
    return log.compute(Transitions(quantiles=median)).table


def sessions(log: Any) -> Any:
    return log.then(Sessions(gap=f"{GAP_MINUTES}min"))


def funnel(log: Any) -> Any:
    return log.compute(Funnel(list(FUNNEL), within=f"{FUNNEL_DAYS}d")).table


def one_pass(log: Any) -> tuple[Any, Any]:
    """Read every event code and every time once with NumPy: the floor that the counting is held against."""
    return np.max(log.chunk.event.codes), np.max(log.chunk.time)


def core_bytes(log: Any) -> int:
    """Bytes of the arrays of actors, offsets, times and event codes."""
    return int(log.chunk.nbytes)


def pairs(result: Any) -> Pairs:
    moves = result[(result["from_kind"] == "node") & (result["to_kind"] == "node")]
    for row in moves.to_dict("records"):
        median = row.get("time_median_s")
        mean = float(row["time_mean_s"])
        yield row["from"], row["to"], int(row["n"]), mean, None if median is None else float(median)


def session_totals(result: Any) -> tuple[int, int]:
    level = result.chunk.levels["session"]
    sizes = np.asarray(level.end - level.begin, dtype=np.int64)
    return len(sizes), int((sizes**2).sum())


def funnel_counts(result: Any) -> tuple[int, ...]:
    return tuple(int(number) for number in result["n_cases"])
