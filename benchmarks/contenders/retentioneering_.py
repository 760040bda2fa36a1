"""retentioneering 5: transition counts and median times, sessions, and a funnel without a window.

It has no mean times, so it is measured with medians only. Its telemetry is off twice over: by the variable it
reads, and because the client that would send is kept from being imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.contenders import Pairs
from benchmarks.logs import FUNNEL, GAP_MINUTES

os.environ["RETENTIONEERING_NO_TRACK"] = "1"
sys.modules["posthog"] = None  # type: ignore[assignment]

import retentioneering  # type: ignore[import-not-found, unused-ignore]  # noqa: E402

NAME = "retentioneering"
TIES = "sorts by path and time, stable: equal times keep the order of the rows"
TASKS = ("file_median", "log_median", "sessions", "funnel")
MEDIAN_RELATIVE = 0.0
MEDIAN_SECONDS = 1.0  # it counts the seconds that tick between two events
FUNNEL_WINDOW = False

SCHEMA = {"path_cols": ["actor"], "event_col": "event", "timestamp_col": "time"}


def version() -> str:
    return str(retentioneering.__version__)


def one_shot(path: Path, median: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    return transitions(load(path), median)


def load(path: Path) -> Any:
    return retentioneering.Eventstream(pd.read_parquet(path), schema=SCHEMA)


def transitions(log: Any, median: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    assert median, "retentioneering has no mean times"
    return log.transition_graph_data(edge_weight="count"), log.transition_graph_data(
        edge_weight="time_median"
    )


def sessions(log: Any) -> Any:
    return log.split_sessions(timeout=f"{GAP_MINUTES}m")


def funnel(log: Any) -> dict[str, Any]:
    found: dict[str, Any] = log.funnel_data(steps=list(FUNNEL))
    return found


def pairs(result: tuple[pd.DataFrame, pd.DataFrame]) -> Pairs:
    counts, times = (frame.to_dict() for frame in result)
    for target, column in counts.items():
        for source, n in column.items():
            if n and source != "path_start" and target != "path_end":
                yield str(source), str(target), int(n), None, times[target][source].total_seconds()


def session_totals(result: Any) -> tuple[int, int]:
    sizes = result.df.groupby("session_id").size()
    return len(sizes), int((sizes**2).sum())


def funnel_counts(result: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(step["unique_paths"]) for step in result["steps"])
