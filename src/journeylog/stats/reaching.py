"""Of the cases that came to each node, how many reached the goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylog.core.cases import PathStat
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels.moments import case_moments
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.notes import note
from journeylog.core.schema import REACHED
from journeylog.core.window import Window

__all__ = ["Reaching", "ReachingResult"]

_COLUMNS = ("n_cases", "n_actors", "nn", "n_reached", "kk", "kn")
#: What a case is to the kernel: one that reached the goal, one that did not, one that never came to the node.
_HAS, _HAS_NOT, _ELSEWHERE = 0, -2, -1


@dataclass(frozen=True)
class Reaching(PathStat):
    """Tell for each node how many of the cases that ever came to it reached the goal.

    Parameters
    ----------
    node, case, merge
        See :class:`Transitions`.

    Notes
    -----
    Table, nodes in their order, else most cases first: ``node, n_cases, n_actors, n_reached, reach_rate,
    reach_rate_low, reach_rate_high``. A case counts once for a node, however often it came; open cases have not
    reached the goal yet, so the rate is what is known so far. It asks nothing of how cases go on: after
    :class:`Model`, the chance of a chain without memory is another number wherever the goal ends no journey.

    Intervals are clustered by actor (:func:`journeylog.core.intervals.cluster_share`). Counts merge by addition, keyed by
    the node's name.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> log.compute(jl.Reaching()).table[["node", "n_cases", "n_reached", "reach_rate"]]
         node  n_cases  n_reached  reach_rate
    0    home        4          2    0.500000
    1    cart        3          2    0.666667
    2     pay        2          2    1.000000
    3  search        2          1    0.500000
    """

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return how many cases came to each node, and how many of them reached the goal."""
        visits = self.visits(chunk, window)
        level = visits.cases
        n_nodes = len(visits.labels)
        length = level.end - level.begin
        case = np.repeat(np.arange(len(level)), length)
        spot = np.arange(len(case)) + np.repeat(level.begin - (np.cumsum(length) - length), length)
        there = np.zeros((n_nodes, len(level)), bool)
        there[visits.node[spot], case] = True
        came = np.where(level.outcome == REACHED, _HAS, _HAS_NOT).astype(np.int32)
        found = np.zeros((n_nodes, len(_COLUMNS)), np.int64)
        for node in range(n_nodes):
            rows = np.where(there[node], came, np.int32(_ELSEWHERE))
            counts, whole = case_moments(rows, level.actor_offsets, 1)
            found[node] = (*whole, counts[0, 0], counts[0, 2], counts[0, 3])
        keys = {"node": Coded(np.arange(n_nodes), visits.labels, visits.ordered)}
        used = np.flatnonzero(found[:, 0]) if not visits.ordered else np.arange(n_nodes)
        table = Table(keys, dict(zip(_COLUMNS, found.T.copy(), strict=True)))
        return Counts({"nodes": table.take(used)}).canonical()

    def result(self, counts: Counts, window: Window) -> ReachingResult:
        """Return the rates and their intervals."""
        nodes = counts["nodes"]
        v, keys = nodes.values, nodes.coded("node")
        low, high = cluster_share(v["n_reached"], v["n_cases"], v["kk"], v["kn"], v["nn"])
        table = pd.DataFrame(
            {
                "node": pd.array(keys.names({}), dtype=TEXT),
                "n_cases": v["n_cases"],
                "n_actors": v["n_actors"],
                "n_reached": v["n_reached"],
                "reach_rate": ratio(v["n_reached"], v["n_cases"]),
                "reach_rate_low": low,
                "reach_rate_high": high,
            }
        )
        if not keys.ordered:
            table = table.sort_values(["n_cases", "node"], ascending=[False, True], kind="stable")
        notes = (note("cases still open count as not having reached the goal yet"),)
        return ReachingResult(self, window, table.reset_index(drop=True), {}, notes)


@dataclass(frozen=True, eq=False, repr=False)
class ReachingResult(Result):
    """Who reached the goal, by node; see :class:`Reaching` for the table."""
