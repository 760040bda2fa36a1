"""Step matrix: where cases are at each position of their paths, and how they get to the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import NO_PATIENCE, PathStat, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.condition import freeze, matches
from journeylog.core.contracts import Result
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.grouping import divided
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels import stepmatrix as kernel
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.moments import case_moments
from journeylog.core.nodes import node_columns, ratio
from journeylog.core.notes import note
from journeylog.core.schema import DROPPED, NONE, OPEN, REACHED, START
from journeylog.core.seen import name_table, warn_unseen_names
from journeylog.core.visits import Visits
from journeylog.core.window import Window
from journeylog.errors import ConfigError

__all__ = ["StepMatrix", "StepMatrixResult"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
_MOST = 1000
_BELOW = -OPEN  # rows before the first node: the typed nodes
_COLUMNS = ("n", "n_actors", "kk", "kn")


@dataclass(frozen=True)
class StepMatrix(PathStat):
    """Count at every position of the paths how many cases are at each node, and how many have ended.

    Position 1 is a case's first visit. With an `anchor`, position 0 is the first visit that holds an event for
    which the condition holds, and positions count backward and forward from there.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    steps : int
        Positions from the start; not used with an anchor.
    anchor : condition, optional
        For example ``"pay"``; see :mod:`journeylog.core.condition`. Cases without such an event are counted
        apart.
    before, after : int
        Positions before and after the anchor.

    Raises
    ------
    ConfigError
        If a number of positions is negative or above 1000.

    Notes
    -----
    Table: ``position, node, kind, n_cases, n_actors, n_total, share, share_low, share_high``. At every position
    the cases add up to ``n_total``: a case that has ended stays at its outcome (``reached``, ``dropped``,
    ``open``), one that has not begun yet is at ``start``. Open cases are those the window's end cut off: at
    later positions they are unknown, not gone.

    ``tables["flows"]``: ``position, from, from_kind, to, to_kind, n, n_actors, n_total, share, share_low,
    share_high``: how many cases go from their node at the position to the next position's node, or end there.
    What flows out of a node is what is there.

    Shares are of ``n_total``: the cases that visit a node, with an anchor those that have it. Intervals are
    Wilson's; when an actor has several cases they know that these go together.

    Counts merge by addition, keyed by position and name.

    Examples
    --------
    >>> import journeylog as jl
    >>> steps = jl.datasets.tiny().compute(jl.StepMatrix(steps=3))
    >>> steps.table[["position", "node", "n_cases", "share"]].iloc[1:]
       position    node  n_cases  share
    1         2    cart        2   0.50
    2         2  search        2   0.50
    3         3    cart        1   0.25
    4         3    home        1   0.25
    5         3     pay        1   0.25
    6         3    open        1   0.25
    """

    steps: int = 10
    anchor: Any = None
    before: int = 5
    after: int = 5

    def __post_init__(self) -> None:
        """Check the numbers and the anchor."""
        for name, least in (("steps", 1), ("before", 0), ("after", 0)):
            if not least <= getattr(self, name) <= _MOST:
                raise ConfigError(
                    f"{name}={getattr(self, name)} is not possible. Fix: a number from {least} to {_MOST}"
                )
        if self.anchor is not None:
            object.__setattr__(self, "anchor", freeze(self.anchor))

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of cells and flows, and the cases in all."""
        visits = self.visits(chunk, window)
        cases = visits.cases
        pivot = self._pivots(chunk, visits)
        cells, flows = [], []
        first, last, label = self._positions()
        state = _states(visits, pivot, first)
        for k in range(first, last + 1):
            following = _states(visits, pivot, k + 1) if k < last else state
            cells.append(_cells(visits, state, k + label))
            flows.append(_flows(visits, state, following, k + label, going=k < last))
            state = following
        counted = np.where(pivot < 0, -1, 0).astype(np.int32)
        whole = case_moments(counted, cases.actor_offsets, 1)[1]
        total = dict(zip(("n_cases", "n_actors", "nn"), whole.reshape(3, 1), strict=True))
        total["n_all"] = np.array([len(cases)], np.int64)
        total["n_under_way"] = np.array([cases.n_under_way], np.int64)
        total["n_without"] = np.array([np.count_nonzero(cases.end == cases.begin)], np.int64)
        return Counts(
            {
                "cells": Table.concat(cells),
                "flows": Table.concat(flows),
                "cases": Table({}, total),
                "names": name_table(chunk),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> StepMatrixResult:
        """Return the shares and their intervals."""
        if self.anchor is not None:
            warn_unseen_names(counts["names"], [self.anchor])
        total = {k: int(v[0]) if len(v) else 0 for k, v in counts["cases"].values.items()}
        cells, flows = counts["cells"], counts["flows"]
        node, start, to = (_coded(t, k) for t, k in ((cells, "node"), (flows, "from"), (flows, "to")))
        first, last, label = self._positions()
        _check(cells, flows, range(first + label, last + label + 1), total["n_cases"])
        table = pd.DataFrame(
            {
                "position": cells.codes("position"),
                **node_columns(node, "node"),
                "n_cases": cells.values["n"],
                **_shares(cells, total),
            }
        ).iloc[_order(cells.codes("position"), cells.values["n"], node)]
        moves = pd.DataFrame(
            {
                "position": flows.codes("position"),
                **node_columns(start, "from"),
                **node_columns(to, "to"),
                "n": flows.values["n"],
                **_shares(flows, total),
            }
        ).iloc[_order(flows.codes("position"), flows.values["n"], start, to)]
        further = {"flows": moves.reset_index(drop=True)}
        return StepMatrixResult(
            self, window, table.reset_index(drop=True), further, self._notes(cells, total)
        )

    def _positions(self) -> tuple[int, int, int]:
        """Return the first and the last position as visits after the pivot, and what to add for their names."""
        return (0, self.steps - 1, 1) if self.anchor is None else (-self.before, self.after, 0)

    def _pivots(self, chunk: Chunk, visits: Visits) -> Ints:
        """Return the visit from which each case's positions count, -1 for none."""
        if self.anchor is None:
            return np.where(visits.cases.end > visits.cases.begin, visits.cases.begin, -1)
        level = chunk.cases(self.case_level(chunk))
        node = self.node_of(chunk)
        merge = self.merge if self.merge is not None else node != "event"
        codes, hit = chunk.category(node).codes, matches(chunk, self.anchor)
        if level.order is not None:
            codes, hit = codes[level.order], hit[level.order]
        found: Ints = kernel.anchor_visits(codes, hit, level.begin, level.end, visits.cases.begin, merge)
        return found

    def _notes(self, cells: Table, total: dict[str, int]) -> tuple[str, ...]:
        notes = []
        ends = cells.codes("node")
        if (ends == OPEN).any() and not np.isin(ends, (REACHED, DROPPED)).any():
            notes.append(NO_PATIENCE)
        notes += under_way_note(total["n_under_way"])
        last = cells.codes("position") == cells.codes("position").max(initial=0)
        n_open = int(cells.values["n"][(ends == OPEN) & last].sum())
        if n_open and np.isin(ends, (REACHED, DROPPED)).any():
            notes.append(
                note(
                    "{n:,} of {total:,} cases are open by the last position: they are a row of their own, and what they "
                    "would do next is in no share",
                    n=n_open,
                    total=total["n_cases"],
                )
            )
        if total["n_without"]:
            notes.append(
                note("{n:,} of {total:,} cases visit no node", n=total["n_without"], total=total["n_all"])
            )
        without = total["n_all"] - total["n_without"] - total["n_cases"]
        if without:
            notes.append(
                note(
                    "{n:,} of {total:,} cases never come to the anchor and are left out",
                    n=without,
                    total=total["n_all"],
                )
            )
        return tuple(notes)


@dataclass(frozen=True, eq=False, repr=False)
class StepMatrixResult(Result):
    """Where cases are at each position; see :class:`StepMatrix` for its tables."""

    @property
    def flows(self) -> pd.DataFrame:
        """How cases get from each position to the next."""
        return self.tables["flows"]

    def matrix(self, values: str = "share") -> pd.DataFrame:
        """Return one column of the table with nodes (kind and name) down and positions across, 0 where no case is."""
        wide = self.table.pivot(index=["kind", "node"], columns="position", values=values)
        return wide.fillna(0).astype(self.table[values].dtype)


def _states(visits: Visits, pivot: Ints, position: int) -> Codes:
    cases = visits.cases
    states: Codes = kernel.states_at(visits.node, cases.begin, cases.end, cases.outcome, pivot, position)
    return states


def _cells(visits: Visits, state: Codes, position: int) -> Table:
    rows = np.where(state == NONE, -1, state + _BELOW).astype(np.int32)
    grid, _ = case_moments(rows, visits.cases.actor_offsets, len(visits.labels) + _BELOW)
    used = np.flatnonzero(grid[:, 0])
    keys: dict[str, Coded | Ints] = {
        "position": np.full(len(used), position),
        "node": Coded(used - _BELOW, visits.labels, visits.ordered),
    }
    return Table(keys, dict(zip(_COLUMNS, grid[used].T.copy(), strict=True)))


def _flows(visits: Visits, state: Codes, following: Codes, position: int, going: bool) -> Table:
    """Return the moves between two positions; a case that has ended, or begins later still, does not move."""
    wide = len(visits.labels) + _BELOW
    rows = np.where(state == NONE, -1, -2).astype(np.int32)
    moving = np.flatnonzero(((state >= 0) | ((state == START) & (following != START))) & going)
    joined = (state[moving].astype(np.int64) + _BELOW) * wide + following[moving] + _BELOW
    rows[moving], keys, _ = number_keys(joined)
    grid, _ = case_moments(rows, visits.cases.actor_offsets, len(keys))
    start, to = divided(keys, wide)
    coded: dict[str, Coded | Ints] = {
        "position": np.full(len(keys), position),
        "from": Coded(start - _BELOW, visits.labels, visits.ordered),
        "to": Coded(to - _BELOW, visits.labels, visits.ordered),
    }
    return Table(coded, dict(zip(_COLUMNS, grid.T.copy(), strict=True)))


def _shares(rows: Table, total: dict[str, int]) -> dict[str, Any]:
    """Return actors, the share of all cases that count, and its interval."""
    n, all_n = rows.values["n"], np.full(len(rows), total["n_cases"])
    squares = np.full(len(rows), total["nn"])
    low, high = cluster_share(n, all_n, rows.values["kk"], rows.values["kn"], squares)
    shares = {"share": ratio(n, all_n), "share_low": low, "share_high": high}
    return {"n_actors": rows.values["n_actors"], "n_total": all_n, **shares}


def _order(position: Ints, n: Ints, *nodes: Coded) -> Ints:
    """Return the order of rows: position, nodes before typed ones, stages as they stand, others by count."""
    first = nodes[0]
    rank = first.codes if first.ordered else -n
    names = [np.array(node.names({}), dtype=object).astype(str) for node in reversed(nodes)]
    typed = [-node.codes * (node.codes < 0) for node in reversed(nodes)]
    return np.lexsort([*names, *typed, rank, first.codes < 0, position])


def _check(cells: Table, flows: Table, positions: range, n_cases: int) -> None:
    """Check that every position holds all cases and that nodes take in and pass on what they hold."""
    held = np.bincount(cells.codes("position") - positions.start, cells.values["n"], len(positions))
    if (held != n_cases).any():
        raise AssertionError(f"flow is not conserved: a position does not hold all {n_cases} cases")
    nodes = _coded(cells, "node")
    wide = len(nodes.labels)
    there = _held(cells, nodes, wide, positions)
    for key, shift, edge in (("from", 0, positions.stop - 1), ("to", 1, positions.start)):
        passed = _held(flows, _coded(flows, key), wide, positions, shift, nodes)
        wrong = there != passed
        wrong[edge - positions.start] = False
        if wrong.any():
            k, code = (int(spot[0]) for spot in np.nonzero(wrong))
            name = nodes.labels[code]
            raise AssertionError(f"flow is not conserved at position {k + positions.start}, node {name!r}")


def _held(
    rows: Table, column: Coded, wide: int, positions: range, shift: int = 0, target: Coded | None = None
) -> Ints:
    """Return a grid of positions by nodes (not the typed ones) with their cases."""
    codes = column.codes if target is None else column.onto(target)
    spot = rows.codes("position") + shift - positions.start
    real = (codes >= 0) & (spot < len(positions))
    grid = np.zeros((len(positions), wide), np.int64)
    np.add.at(grid, (spot[real], codes[real]), rows.values["n"][real])
    return grid


def _coded(table: Table, key: str) -> Coded:
    column = table.keys[key]
    assert isinstance(column, Coded)
    return column
