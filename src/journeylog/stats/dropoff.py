"""Drop-off: at each node, how many went on, arrived, left, and how many cannot be told yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import NO_PATIENCE, PathStat
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts
from journeylog.core.edges import END_KINDS, end_tables
from journeylog.core.intervals import cluster_share
from journeylog.core.nodes import node_columns, ratio
from journeylog.core.schema import UNDECLARED
from journeylog.core.window import Window, format_duration

__all__ = ["DropOff", "DropOffResult"]


@dataclass(frozen=True)
class DropOff(PathStat):
    """Tell for every node how its visits went on: to another visit, to the goal, away, or not known yet.

    A visit is *dropped* when nothing followed it for the whole patience, and *open* when the window ended
    first. Open is not dropped: open visits, and all other visits too young to tell, stay out of the rates.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`. The cases' goal and patience come from
        :class:`journeylog.Journeys` (sessions: their gap).

    Notes
    -----
    Table, one row a node (stages in their order, else most visited first): ``node, n_entered, n_continued,
    n_reached, n_dropped, n_open, n_late, n_followed, n_cases, n_actors, drop_rate, drop_rate_low,
    drop_rate_high, continue_rate, ..., reach_rate, ...``.

    ``n_entered = n_continued + n_reached + n_dropped + n_open``. Rates are shares of ``n_followed``: the visits
    that were watched for the whole patience from the moment they were left, so that every one of them can tell.
    Were open visits left out and young finished ones left in, the drop-off would come out too small. What is told
    is what happened within the patience: ``n_late`` visits were followed by another only later; they are among
    the continued, and in the drop rate, so that it does not depend on how long the window goes on. The three
    rates add up to 1; intervals know that one actor may visit a node often.

    Silence is measured on the nodes: a case that goes on only with events of no node is dropped for them. With
    ``goal_ends=False`` the end of a case that had its goal anywhere is *reached*, whichever node it ends at.
    Without a declared patience nothing can be told and the rates are missing.

    Counts merge by addition, keyed by the node's name.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> log.compute(jl.DropOff()).table[["node", "n_entered", "n_continued", "n_reached", "n_dropped", "n_open"]]
         node  n_entered  n_continued  n_reached  n_dropped  n_open
    0    home          5            4          0          1       0
    1    cart          3            3          0          0       0
    2     pay          2            0          2          0       0
    3  search          2            1          0          0       1
    """

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of ways on."""
        visits = self.visits(chunk, window)
        tables = end_tables(visits)
        patience = np.array([visits.cases.patience], np.int64)
        total = tables["cases"]
        tables["cases"] = type(total)({}, {**total.values, "patience": patience}, largest=("patience",))
        return Counts(tables)

    def result(self, counts: Counts, window: Window) -> DropOffResult:
        """Return the rates and their intervals."""
        nodes = counts["nodes"]
        keys = nodes.coded("node")
        real = np.flatnonzero(keys.codes >= 0)
        grids = _grids(counts)
        patience = int(counts["cases"].values["patience"].max(initial=UNDECLARED))
        n = {kind: grids["n"][:, i] for i, kind in enumerate(END_KINDS)}
        table = pd.DataFrame(
            {
                "node": node_columns(keys, "node")["node"],
                "n_entered": nodes.values["n"],
                **{f"n_{kind}": n[kind] for kind in END_KINDS},
                "n_late": nodes.values["n_late"],
                "n_followed": nodes.values["n_followed"],
                "n_cases": nodes.values["n_cases"],
                "n_actors": nodes.values["n_actors"],
                **_rates(counts, grids, patience != UNDECLARED),
            }
        ).iloc[real]
        if (table["n_entered"] != sum(table[f"n_{kind}"] for kind in END_KINDS)).any():
            raise AssertionError("flow is not conserved: visits entered and left differ")
        if not keys.ordered:
            table = table.sort_values(["n_entered", "node"], ascending=[False, True], kind="stable")
        without = int(counts["cases"].values["n_without"].sum())
        notes = _notes(table, patience, window, without)
        return DropOffResult(self, window, table.reset_index(drop=True), {}, notes)


@dataclass(frozen=True, eq=False, repr=False)
class DropOffResult(Result):
    """Ways on from every node; see :class:`DropOff` for the table."""


def _grids(counts: Counts) -> dict[str, npt.NDArray[np.int64]]:
    """Return for each value a grid of nodes by ways on."""
    ends = counts["ends"]
    row = counts["nodes"].find(ends, {"node": "node"})
    grids = {}
    for name in ("n", "n_followed", "kk", "kn"):
        grid = np.zeros((len(counts["nodes"]), len(END_KINDS)), np.int64)
        grid[row, ends.codes("end")] = ends.values[name]
        grids[name] = grid
    return grids


def _rates(counts: Counts, grids: dict[str, npt.NDArray[np.int64]], told: bool) -> dict[str, Any]:
    """Return the three rates with their intervals; without a patience nothing can be told, so they are nan."""
    nodes = counts["nodes"].values
    n = nodes["n_followed"]
    columns: dict[str, Any] = {}
    for name, end in (("drop", "dropped"), ("continue", "continued"), ("reach", "reached")):
        i = END_KINDS.index(end)
        k = grids["n_followed"][:, i]
        low, high = cluster_share(k, n, grids["kk"][:, i], grids["kn"][:, i], nodes["nn"])
        rates = {f"{name}_rate": ratio(k, n), f"{name}_rate_low": low, f"{name}_rate_high": high}
        columns |= {column: values if told else np.full(len(n), np.nan) for column, values in rates.items()}
    return columns


def _notes(table: pd.DataFrame, patience: int, window: Window, without: int) -> tuple[str, ...]:
    unseen = [f"{without:,} cases visit no node"] if without else []
    if patience == UNDECLARED:
        return (*unseen, NO_PATIENCE) if len(table) else tuple(unseen)
    notes = [
        *unseen,
        f"patience {format_duration(patience)}: a visit that nothing follows for longer than that is dropped",
    ]
    young = int(table["n_entered"].sum() - table["n_followed"].sum())
    late = int(table["n_late"].sum())
    if late:
        notes.append(
            f"{late:,} visits were followed by another only after the patience: in the rates they are drop-offs"
        )
    if young:
        notes.append(
            f"{young:,} of {int(table['n_entered'].sum()):,} visits are too young to tell and stay out of the rates"
        )
    if patience >= window.end - window.start:
        notes.append("the window is shorter than the patience, so nothing can be called dropped")
    return tuple(notes)
