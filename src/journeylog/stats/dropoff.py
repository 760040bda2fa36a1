"""Drop-off: at each node, how many went on, arrived, left, and how many cannot be told yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import NO_PATIENCE, PathStat, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts, Table
from journeylog.core.edges import END_KINDS, end_tables
from journeylog.core.intervals import cluster_share
from journeylog.core.nodes import node_columns, ratio
from journeylog.core.notes import Note, Span, note
from journeylog.core.schema import SECOND, UNDECLARED
from journeylog.core.visits import at_patience
from journeylog.core.window import Window

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

    ``tables["sensitivity"]``: ``node, patience_s, n_followed, n_silent, drop_rate, drop_rate_low, drop_rate_high``, what
    the drop-off would be with other patiences: the 90th and the 99th percentile of return gaps where the patience is
    the 95th (``patience="auto"``), or those named by ``sensitivity=`` of :class:`journeylog.Journeys`. ``n_silent``
    are the followed visits that nothing followed within the patience. Empty where no other patience is asked for.

    Counts merge by addition, keyed by the node's name (and the patience).

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
        level, total = visits.cases, tables["cases"]
        largest = {"patience": level.patience, "n_returns": level.terms.n_returns}
        values = {**total.values, **{name: np.array([n], np.int64) for name, n in largest.items()}}
        tables["cases"] = Table({}, values, largest=tuple(largest))
        judged = {patience: at_patience(visits, patience, window) for patience in level.terms.sensitivity}
        parts = [_silent(tables, level.patience)] + [_silent(end_tables(v), p) for p, v in judged.items()]
        rows = Table.concat(parts)
        tables["sensitivity"] = rows if judged else rows.take(np.zeros(0, np.int64))
        return Counts(tables)

    def result(self, counts: Counts, window: Window) -> DropOffResult:
        """Return the rates and their intervals."""
        nodes = counts["nodes"]
        keys = nodes.coded("node")
        real = np.flatnonzero(keys.codes >= 0)
        grids = _grids(counts)
        said = {name: int(v[0]) if len(v) else UNDECLARED for name, v in counts["cases"].values.items()}
        patience = said["patience"]
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
        table = table.reset_index(drop=True)
        others = _sensitivity(counts["sensitivity"], table["node"])
        notes = (*_notes(table, said, window), *_sensitivity_notes(others, said))
        return DropOffResult(self, window, table, {"sensitivity": others}, notes)


@dataclass(frozen=True, eq=False, repr=False)
class DropOffResult(Result):
    """Ways on from every node; see :class:`DropOff` for the table."""


def _silent(tables: Mapping[str, Table], patience: int) -> Table:
    """Return by node how many followed visits nothing followed within a patience, with the second moments."""
    nodes, ends = tables["nodes"], tables["ends"]
    nodes = nodes.take(np.flatnonzero(nodes.codes("node") >= 0))
    silent = ends.take(
        np.flatnonzero((ends.codes("end") == END_KINDS.index("dropped")) & (ends.codes("node") >= 0))
    )
    row = nodes.find(silent, {"node": "node"})
    values = {"n_followed": nodes.values["n_followed"], "nn": nodes.values["nn"]}
    for name, source in (("n_silent", "n_followed"), ("kk", "kk"), ("kn", "kn")):
        values[name] = np.zeros(len(nodes), np.int64)
        values[name][row] = silent.values[source]
    return Table({"node": nodes.coded("node"), "patience": np.full(len(nodes), patience, np.int64)}, values)


def _sensitivity(rows: Table, order: pd.Series[Any]) -> pd.DataFrame:
    """Return the drop-off of each node, in the order of the main table, at each patience."""
    v = rows.values
    low, high = cluster_share(v["n_silent"], v["n_followed"], v["kk"], v["kn"], v["nn"])
    table = pd.DataFrame(
        {
            "node": node_columns(rows.coded("node"), "node")["node"],
            "patience_s": rows.codes("patience") / SECOND,
            "n_followed": v["n_followed"],
            "n_silent": v["n_silent"],
            "drop_rate": ratio(v["n_silent"], v["n_followed"]),
            "drop_rate_low": low,
            "drop_rate_high": high,
        }
    )
    place = {name: i for i, name in enumerate(order)}
    rank = np.array([place[name] for name in table["node"]], np.int64)
    return table.iloc[np.lexsort((table["patience_s"], rank))].reset_index(drop=True)


def _sensitivity_notes(table: pd.DataFrame, said: Mapping[str, int]) -> list[Note]:
    """Say where the patience comes from, and what the drop-off of all visits together would be with others."""
    n, notes = said["n_returns"], []
    if n >= 0 and len(table):
        notes.append(
            note(
                "the patience is the 95th percentile of {n:,} return gaps: of those who come back, 95 in 100 have by then",
                n=n,
            )
        )
    elif n >= 0:
        notes.append(note("the patience is the usual one: {n:,} return gaps are too few to estimate it", n=n))
    if len(table):
        whole = table.groupby("patience_s")[["n_silent", "n_followed"]].sum()
        near = n >= 0 and len(whole) == 3
        words = [note("at the 90th percentile, "), "", note("at the 99th, ")] if near else [""] * len(whole)
        shares = tuple(
            note(
                "{share:.1%} {word}with {patience}",
                share=ratio(row["n_silent"], row["n_followed"]),
                word=word,
                patience=Span(round(float(seconds) * SECOND)),
            )
            for word, seconds, row in zip(
                words, whole.index.to_numpy(), whole.to_dict("records"), strict=True
            )
            if row["n_followed"]
        )
        if shares:
            notes.append(note("drop-off of all visits together by patience: {shares:; }", shares=shares))
    return notes


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


def _notes(table: pd.DataFrame, said: Mapping[str, int], window: Window) -> tuple[str, ...]:
    patience, without = said["patience"], said["n_without"]
    unseen = [*([note("{n:,} cases visit no node", n=without)] if without > 0 else [])]
    unseen += under_way_note(said["n_under_way"])
    if patience == UNDECLARED:
        return (*unseen, NO_PATIENCE) if len(table) else tuple(unseen)
    notes = [
        *unseen,
        note(
            "patience {patience}: a visit that nothing follows for longer than that is dropped",
            patience=Span(patience),
        ),
    ]
    young = int(table["n_entered"].sum() - table["n_followed"].sum())
    late = int(table["n_late"].sum())
    if late:
        notes.append(
            note(
                "{n:,} visits were followed by another only after the patience: in the rates they are drop-offs",
                n=late,
            )
        )
    if young:
        notes.append(
            note(
                "{n:,} of {total:,} visits are too young to tell and stay out of the rates",
                n=young,
                total=int(table["n_entered"].sum()),
            )
        )
    if patience >= window.end - window.start:
        notes.append(note("the window is shorter than the patience, so nothing can be called dropped"))
    return tuple(notes)
