"""Bottlenecks: where time goes, how much of it is above a stated baseline, and what is done again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import PathStat, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts, Table
from journeylog.core.durations import BIN_NOTE, DurationBins
from journeylog.core.edges import wait_and_stay_tables
from journeylog.core.kernels.bins import BIN_BITS, bin_edges_ms
from journeylog.core.kernels.groups import add_up, add_weights
from journeylog.core.means import cluster_mean, joined_words
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.notes import Span, note
from journeylog.core.schema import SECOND
from journeylog.core.window import Window, parse_duration

__all__ = ["Bottlenecks", "BottlenecksResult"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bottlenecks(PathStat):
    """Rank nodes and transitions by the waiting time they cost above a baseline.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    baseline : str
        What a wait may take without counting as excess: a duration such as ``"1d"`` (a promise, a target), or
        ``"median"``: the median over all transitions of the log, the same for all of them.

    Notes
    -----
    Table, edges first, then nodes, each ranked by ``excess_s``: ``part, rank, from, to, n, n_cases, n_loops,
    n_returns, n_timed, excess_share, time_total_s, time_mean_s, time_mean_low_s, time_mean_high_s, time_median_s,
    time_median_low_s, time_median_high_s, time_p90_s, baseline_s, excess_s``.

    A row with part ``edge`` is a transition and its time is the *wait*: exit to the next visit's enter. A row
    with part ``node`` is a node and its time is the *stay*: enter to the next visit's enter; ``to`` is missing
    there. ``excess_s`` is the sum over transitions of what each took above the baseline, ``excess_share`` its
    share of all excess of that part. ``n_loops`` are transitions from a node to itself, ``n_returns`` visits to
    a node the same case has visited before: rework.

    Times are over ``n_timed`` moves: with a declared patience those from visits watched for all of it, made
    within it. Near the window's end only quick moves can be seen, so counting those would make slow steps look
    faster than they are; a pause longer than the patience is no wait but a break. Without a patience, or in a
    window that is not longer than it, all moves made have a time.

    Excess over a declared baseline is exact; over the median it is read from duration bins. The median is that
    of the result: with ``by=`` of each group. Bounds of means come from the spread between actors
    (:func:`journeylog.core.means.cluster_mean`), those of medians are binomial ranks of as many independent times as
    that spread says; of waits both are those of ``Transitions(time="wait", intervals=True)``, and how alike the stays of
    one actor are is told by neighbours. Counts merge by addition.

    See Also
    --------
    journeylog.Ledger : waits beside rework and drop-off, each loss booked once, with intervals and costs.

    Examples
    --------
    >>> import journeylog as jl
    >>> slow = jl.datasets.tiny().compute(jl.Bottlenecks(baseline="5min"))
    >>> slow.table[["part", "rank", "from", "to", "n", "time_mean_s"]].head(2)
       part  rank  from      to  n  time_mean_s
    0  edge     1  cart     pay  2        570.0
    1  edge     2  home  search  2        360.0
    """

    baseline: str = "median"

    def __post_init__(self) -> None:
        """Check the baseline."""
        if self.baseline != "median":
            parse_duration(self.baseline, name="baseline")

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of edges by wait and of nodes by stay."""
        visits = self.visits(chunk, window)
        limit = None if self.baseline == "median" else parse_duration(self.baseline) // 1000
        return Counts(wait_and_stay_tables(visits, limit))

    def result(self, counts: Counts, window: Window) -> BottlenecksResult:
        """Return the ranked table."""
        edges = _part(counts["edges"], counts["bins"], self.baseline)
        stays = _by_node(counts["stays"], counts["nodes"])
        nodes = _part(stays, counts["stay_bins"], self.baseline)
        parts = [frame.assign(part=name) for name, frame in (("edge", edges), ("node", nodes))]
        table = pd.concat(parts, ignore_index=True)[list(_COLUMNS)].astype(_COLUMNS)
        notes = [BIN_NOTE]
        if len(edges) and not counts["edges"].values["n_followed"][counts["edges"].codes("from") >= 0].any():
            notes.append(
                note(
                    "the window is not longer than the patience: times are of all moves made, slow ones are missing"
                )
            )
        named = note("median") if self.baseline == "median" else self.baseline
        for name, frame in ((note("waits"), edges), (note("stays"), nodes)):
            if len(frame):
                usual = Span(round(frame["baseline_s"].iloc[0] * SECOND))
                notes.append(
                    note(
                        "baseline of the {name}: {baseline} ({usual})", name=name, baseline=named, usual=usual
                    )
                )
        notes += under_way_note(int(counts["cases"].values["n_under_way"].sum()))
        return BottlenecksResult(self, window, table, {}, tuple(notes))


@dataclass(frozen=True, eq=False, repr=False)
class BottlenecksResult(Result):
    """Ranked waits and stays; see :class:`Bottlenecks` for the table."""

    @property
    def edges(self) -> pd.DataFrame:
        """The ranked transitions."""
        return self.table[self.table["part"] == "edge"].reset_index(drop=True)

    @property
    def nodes(self) -> pd.DataFrame:
        """The ranked nodes."""
        return self.table[self.table["part"] == "node"].drop(columns="to").reset_index(drop=True)


_COUNTS = ("n", "n_cases", "n_loops", "n_returns", "n_timed")
_TIMES = (
    "time_total_s",
    "time_mean_s",
    "time_mean_low_s",
    "time_mean_high_s",
    "time_median_s",
    "time_median_low_s",
    "time_median_high_s",
    "time_p90_s",
)
_COLUMNS: dict[str, Any] = {
    "part": TEXT,
    "rank": "int64",
    "from": TEXT,
    "to": TEXT,
    **dict.fromkeys(_COUNTS, "int64"),
    **dict.fromkeys(("excess_share", *_TIMES, "baseline_s", "excess_s"), "float64"),
}


def _part(table: Table, bins: Table, baseline: str) -> pd.DataFrame:
    """Return the ranked rows of one part; only moves between visits have a time."""
    keys = [k for k in ("from", "to") if k in table.keys]
    timed = table.take(np.flatnonzero(np.logical_and.reduce([table.codes(k) >= 0 for k in keys])))
    frame = pd.DataFrame({k: node_columns(timed.coded(k), k)[k] for k in keys})
    if "to" not in frame:
        frame["to"] = pd.Series([None] * len(frame), dtype=TEXT)
    n = timed.values["n"]
    same = (frame["from"] == frame["to"]).to_numpy()
    for name, values in ({"n_loops": np.where(same, n, 0)} | dict(timed.values)).items():
        if name in _COUNTS:
            frame[name] = values
    group = timed.find(bins, {k: k for k in keys})
    limit = _limit(baseline, bins)
    followed = timed.values["n_timed"]
    pairs = bins.values["kk"], bins.values["kn"]
    durations = DurationBins.of(group, bins.codes("bin"), bins.values["n"], len(frame), pairs)
    low, high = durations.quantile_interval(0.5)
    frame["time_total_s"] = timed.values["time_ms"] / 1000
    frame["time_mean_s"] = ratio(timed.values["time_ms"], followed) / 1000
    frame["time_mean_low_s"], frame["time_mean_high_s"] = _mean_bounds(timed, followed)
    frame["time_median_s"] = durations.quantile(0.5)
    frame["time_median_low_s"], frame["time_median_high_s"] = low, high
    frame["time_p90_s"] = durations.quantile(0.9)
    frame["baseline_s"] = limit
    if baseline == "median":
        edges = bin_edges_ms(np.arange(1 << BIN_BITS))
        above = np.maximum((edges[0] + edges[1]) / 2000.0 - limit, 0.0)
        frame["excess_s"] = add_weights(group, bins.codes("bin"), bins.values["n"], above, len(frame))
    else:
        frame["excess_s"] = timed.values["excess_ms"] / 1000
    frame["excess_share"] = ratio(frame["excess_s"], np.full(len(frame), frame["excess_s"].sum()))
    order = np.lexsort((frame["to"].fillna(""), frame["from"], -frame["time_total_s"], -frame["excess_s"]))
    frame = frame.iloc[order].reset_index(drop=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame


def _mean_bounds(timed: Table, n: Ints) -> tuple[Any, Any]:
    """Return the bounds of the mean, in seconds."""
    v = timed.values
    low, high = cluster_mean(v["time_ms"], n, *joined_words(v), v["timed_kk"], positive=True)
    return low / 1000, high / 1000


def _by_node(stays: Table, nodes: Table) -> Table:
    """Return the stays with the node's own cases and rework."""
    row = nodes.find(stays, {"node": "from"})
    more = {name: nodes.values[name][row] for name in ("n_cases", "n_loops", "n_returns")}
    return Table(stays.keys, {**stays.values, **more})


def _limit(baseline: str, bins: Table) -> float:
    """Return the baseline in seconds; the median is over everything timed."""
    if baseline != "median":
        return parse_duration(baseline, name="baseline") / SECOND
    n = add_up(bins.codes("bin"), bins.values["n"], 1 << BIN_BITS).astype(np.int64)
    filled = np.flatnonzero(n)
    durations = DurationBins.of(np.zeros(len(filled), np.int64), filled, n[filled], 1)
    return float(np.nan_to_num(durations.quantile(0.5)[0]))
