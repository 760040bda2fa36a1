"""One module a tool, all with the same names, so that the tools can be measured side by side.

Each module says

- ``NAME``, and ``TIES``: how it orders two events of one actor with equal times;
- ``TASKS``: what the tool can do; a task it has no function for is left out, never imitated;
- ``MEDIAN_RELATIVE``, ``MEDIAN_SECONDS``: how far its median may lie from the exact one, by its own word;
- ``FUNNEL_WINDOW``: whether its funnel knows a time window;

and has ``version()``. ``one_shot(path, median)``, ``load(path)``, ``transitions(log, median)``,
``sessions(log)`` and ``funnel(log)`` are timed and return what the tool itself returns. ``pairs(result)``,
``session_totals(result)`` and ``funnel_counts(result)`` are not timed and translate for the comparison.
"""

from __future__ import annotations

from collections.abc import Iterable

Pairs = Iterable[tuple[str, str, int, float | None, float | None]]
"""From, to, transitions, mean and median seconds; None where the tool was not asked or cannot say."""

CONTENDERS = ("journeylog", "duckdb", "polars", "pandas")
PEERS = ("pm4py", "retentioneering")
FILE_TASKS = ("file_mean", "file_median", "process_file_mean", "process_file_median")
LOG_TASKS = ("log_mean", "log_median", "sessions", "funnel", "one_pass")
