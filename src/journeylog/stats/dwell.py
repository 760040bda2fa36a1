"""Dwell: how long visits last, from their first event to their last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journeylog.core.cases import PathStat, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts
from journeylog.core.durations import BIN_NOTE, DurationBins
from journeylog.core.edges import dwell_table, end_tables
from journeylog.core.nodes import TEXT
from journeylog.core.window import Window

__all__ = ["Dwell", "DwellResult"]

_COLUMNS: dict[str, Any] = {
    "node": TEXT,
    "n": "int64",
    "n_cases": "int64",
    "n_timed": "int64",
    **{f"time_{name}{bound}_s": "float64" for name in ("median", "p90") for bound in ("", "_low", "_high")},
}


@dataclass(frozen=True)
class Dwell(PathStat):
    """Tell how long visits of each node last: the time from their first event to their last.

    A visit of one event lasts no time. What follows it, until the next visit, is the wait (:class:`Bottlenecks`); both
    together are the stay.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.

    Notes
    -----
    Table, one row a node (stages in their order, else most visited first): ``node, n, n_cases, n_timed, time_median_s,
    time_median_low_s, time_median_high_s, time_p90_s, time_p90_low_s, time_p90_high_s``.

    Times are over ``n_timed`` visits: with a declared patience those watched for all of it after their last event, so
    that a visit which may still go on does not count as short. Without one the last visit of an open case is left out.
    Bounds are binomial ranks, with as many independent visits as the spread between actors says
    (:meth:`journeylog.core.durations.DurationBins.quantile_interval`). How alike the visits of one actor are is told by
    those that follow each other. Counts merge by addition.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Stages({"look": ["home", "search", "cart"], "buy": ["pay"]}))
    >>> log.compute(jl.Dwell()).table[["node", "n", "n_timed", "time_median_s"]]
       node  n  n_timed  time_median_s
    0  look  4        2       300.0315
    1   buy  2        0            NaN
    """

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of visits, and of the followed ones by how long they lasted."""
        visits = self.visits(chunk, window).timed
        tables = end_tables(visits)
        return Counts({"nodes": tables["nodes"], "cases": tables["cases"], "bins": dwell_table(visits)})

    def result(self, counts: Counts, window: Window) -> DwellResult:
        """Return the median and the 90th percentile of each node."""
        whole, bins = counts["nodes"], counts["bins"]
        nodes = whole.take(np.flatnonzero(whole.codes("node") >= 0))
        column = nodes.coded("node")
        group = nodes.find(bins, {"node": "node"})
        pairs = bins.values["kk"], bins.values["kn"]
        durations = DurationBins.of(group, bins.codes("bin"), bins.values["n"], len(nodes), pairs)
        n_timed = nodes.values["n_followed"]
        frame: dict[str, Any] = {"node": column.names({})}
        frame |= {name: nodes.values[name] for name in ("n", "n_cases")} | {"n_timed": n_timed}
        for name, q in (("median", 0.5), ("p90", 0.9)):
            frame[f"time_{name}_s"] = durations.quantile(q)
            low, high = durations.quantile_interval(q)
            frame[f"time_{name}_low_s"], frame[f"time_{name}_high_s"] = low, high
        table = pd.DataFrame(frame)[list(_COLUMNS)].astype(_COLUMNS)
        if not column.ordered:
            table = table.sort_values(["n", "node"], ascending=[False, True], kind="stable")
        notes = [BIN_NOTE, *under_way_note(int(counts["cases"].values["n_under_way"].sum()))]
        return DwellResult(self, window, table.reset_index(drop=True), {}, tuple(notes))


@dataclass(frozen=True, eq=False, repr=False)
class DwellResult(Result):
    """How long visits last; see :class:`Dwell` for the table."""
