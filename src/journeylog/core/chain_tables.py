"""From visits to the counts of a chain, by groups of actors: what every question to the chain is answered from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Level
from journeylog.core.counts import Coded, Table
from journeylog.core.grouping import divided
from journeylog.core.kernels import model as kernel
from journeylog.core.kernels.bins import BIN_BITS, count_stretches
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.money import Money
from journeylog.core.schema import DROPPED, OPEN, REACHED, START
from journeylog.core.visits import Visits

__all__ = ["chain_tables", "value_table"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Up to this many possible moves in groups a plain grid serves; beyond, moves that occur are numbered.
_DENSE = 1 << 21


def chain_tables(visits: Visits, owner: Ints, group: Ints, n_groups: int, times: bool) -> dict[str, Table]:
    """Return the tables ``moves`` (by group), ``nodes`` and, with `times`, ``bins``.

    Parameters
    ----------
    visits : Visits
    owner, group : ndarray of int64, shape (n_cases,)
        Actor of each case, and the group of that actor.
    """
    n_nodes, cases = len(visits.labels), visits.cases
    wide = n_nodes + kernel.N_ENDS
    n_rows, keys, rows, drop_rows = n_groups * (n_nodes + 1) * wide, None, None, None
    if n_rows > _DENSE:
        walked = kernel.grouped_keys(visits.node, group, cases.begin, cases.end, cases.outcome, n_nodes)
        dropped = np.arange(n_groups * (n_nodes + 1), dtype=np.int64) * wide + DROPPED - OPEN
        numbers, keys, _ = number_keys(np.concatenate((walked, dropped)))
        rows, drop_rows, n_rows = numbers[: len(walked)], numbers[len(walked) :], len(keys)
    moves, nodes = kernel.grouped_moves(
        visits.node, visits.enter, visits.leave, owner, group, cases.begin, cases.end, cases.outcome,
        n_nodes, visits.watched, rows, drop_rows, n_rows,
    )  # fmt: skip
    used = np.flatnonzero(moves[:, 0] + moves[:, 1])
    found = used if keys is None else keys[used]
    both, to = divided(found, wide)
    columns = dict(zip(("n", "n_followed", "time_ms"), moves[used].T.copy(), strict=True))
    in_group, start = divided(both, n_nodes + 1)
    to = np.where(to < kernel.N_ENDS, to + OPEN, to - kernel.N_ENDS)
    ways: dict[str, Coded | Ints] = {
        "group": in_group,
        "from": _named(np.where(start, start - 1, START), visits),
    }
    ways["to"] = _named(to, visits)
    tables = {"moves": Table(ways, columns), "nodes": _node_table(nodes, visits)}
    if times:
        tables["bins"] = _bins(visits, nodes[:, 0])
    return tables


def value_table(
    level: Level, codes: Codes, merge: bool, visits: Visits, group: Ints, n_groups: int, money: Money | None
) -> Table:
    """Return what the followed visits of each node brought, by group; without money no row.

    Parameters
    ----------
    level : Level
        The cases over events that the visits were made of.
    codes : ndarray of int32, shape (n_events,)
        The node of each event.
    merge : bool
        Whether neighbouring events of one node are one visit.
    """
    n_nodes, cases = len(visits.labels), visits.cases
    total = np.zeros((n_groups, n_nodes), np.int64)
    if money is not None:
        kernel.grouped_values(
            codes, level.order, *money, level.begin, level.end, merge, visits.node, visits.leave,
            group, cases.begin, cases.end, cases.outcome, visits.watched, total,
        )  # fmt: skip
    groups, nodes = np.nonzero(total)
    found: dict[str, Coded | Ints] = {"group": groups.astype(np.int64), "node": _named(nodes, visits)}
    return Table(found, {"value_micros": total[groups, nodes]})


def _named(codes: Ints, visits: Visits) -> Coded:
    return Coded(codes, visits.labels, visits.ordered)


def _node_table(nodes: Ints, visits: Visits) -> Table:
    codes = np.arange(len(nodes), dtype=np.int64)
    codes[-1] = START
    used = np.arange(len(nodes)) if visits.ordered else np.flatnonzero(nodes[:, 0])
    columns = dict(zip(("n", "n_followed", "n_followed_actors"), nodes[used].T.copy(), strict=True))
    return Table({"node": _named(codes[used], visits)}, columns)


def _bins(visits: Visits, visited: Ints) -> Table:
    """Return the times of each move in bins; `visited` is how often each node was visited, the start last."""
    cases, n_nodes = visits.cases, len(visits.labels)
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(visited[:-1])))
    last = first.copy()
    small = (n_nodes + 3) << BIN_BITS < 2**31
    durations = np.empty(first[-1], np.int32 if small else np.int64)
    kernel.move_durations(
        visits.node, visits.enter, visits.leave, cases.begin, cases.end, cases.outcome,
        n_nodes, visits.watched, last, durations,
    )  # fmt: skip
    found, counts = count_stretches(durations, first, last, n_nodes)
    start, to = divided(found >> BIN_BITS, n_nodes + kernel.N_ENDS)
    to = np.where(to == n_nodes, REACHED, to)
    keys = {"from": _named(start, visits), "to": _named(to, visits)}
    return Table({**keys, "bin": found & ((1 << BIN_BITS) - 1)}, {"n": counts})
