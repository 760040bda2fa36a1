"""pm4py: directly-follows graph and its performance. It has no sessions and no funnel with a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pm4py  # type: ignore[import-not-found, unused-ignore]

from benchmarks.contenders import Pairs

NAME = "pm4py"
TIES = "format_dataframe sorts by case, time and the row's number"
TASKS = ("file_mean", "file_median", "log_mean", "log_median")
MEDIAN_RELATIVE = 0.0
MEDIAN_SECONDS = 0.0
FUNNEL_WINDOW = False

Graphs = tuple[dict[tuple[str, str], int], dict[tuple[str, str], Any]]


def version() -> str:
    return str(pm4py.__version__)


def one_shot(path: Path, median: bool) -> Graphs:
    return transitions(load(path), median)


def load(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pm4py.format_dataframe(
        pd.read_parquet(path), case_id="actor", activity_key="event", timestamp_key="time"
    )
    return frame


def transitions(log: pd.DataFrame, median: bool) -> Graphs:
    counts = pm4py.discover_dfg(log)[0]
    return counts, pm4py.discover_performance_dfg(log, perf_aggregation_key="all" if median else "mean")[0]


def pairs(result: Graphs) -> Pairs:
    counts, times = result
    for (source, target), n in counts.items():
        time = times[source, target]
        mean, median = (time["mean"], time["median"]) if isinstance(time, dict) else (time, None)
        yield str(source), str(target), int(n), float(mean), None if median is None else float(median)
