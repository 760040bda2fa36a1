"""From visits to the counts of a chain, by groups of actors: what every question to the chain is answered from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, read_only
from journeylog.core.counts import Coded, Table
from journeylog.core.kernels import model as kernel
from journeylog.core.kernels.bins import BIN_BITS, count_stretches
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.visits import visits as spell
from journeylog.core.schema import DROPPED, OPEN, REACHED, START
from journeylog.core.visits import Visits

__all__ = ["chain_tables", "value_table", "visit_values"]

Ints = npt.NDArray[np.int64]

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
    wide = n_nodes + 3
    n_rows, keys, rows, drop_rows = n_groups * (n_nodes + 1) * wide, None, None, None
    if n_rows > _DENSE:
        walked = kernel.grouped_keys(visits.node, group, cases.begin, cases.end, cases.outcome, n_nodes)
        dropped = np.arange(n_groups * (n_nodes + 1), dtype=np.int64) * wide + n_nodes + 1
        numbers, keys, _ = number_keys(np.concatenate((walked, dropped)))
        rows, drop_rows, n_rows = numbers[: len(walked)], numbers[len(walked) :], len(keys)
    moves, nodes = kernel.grouped_moves(
        visits.node, visits.enter, visits.leave, owner, group, cases.begin, cases.end, cases.outcome,
        n_nodes, visits.watched, rows, drop_rows, n_rows,
    )  # fmt: skip
    used = np.flatnonzero(moves[:, 0] + moves[:, 1])
    found = used if keys is None else keys[used]
    both, to = found // wide, found % wide
    columns = dict(zip(("n", "n_followed", "time_ms"), moves[used].T.copy(), strict=True))
    ways: dict[str, Coded | Ints] = {"group": both // (n_nodes + 1)}
    ways.update(_ways(both % (n_nodes + 1), to, visits))
    tables = {"moves": Table(ways, columns), "nodes": _node_table(nodes, visits)}
    if times:
        tables["bins"] = _bins(visits, nodes[:, 0])
    return tables


def visit_values(chunk: Chunk, case: str, node: str, merge: bool, amounts: Ints) -> Ints:
    """Return the sum of the events' amounts over each visit, the visits as :func:`make_visits` makes them."""
    level = chunk.cases(case)
    codes = chunk.category(node).codes
    values = np.where(codes >= 0, amounts, 0)
    if level.order is not None:
        codes, values = codes[level.order], values[level.order]
    if not merge and node == "event":
        return np.asarray(values, dtype=np.int64)
    spots = np.arange(len(codes), dtype=np.int64)
    _, first, last, _, _ = spell(read_only(codes), spots, level.begin, level.end, merge)
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
    return np.asarray(running[last + 1] - running[first], dtype=np.int64)


def value_table(visits: Visits, group: Ints, n_groups: int, values: Ints | None) -> Table:
    """Return what the followed visits of each node brought, by group; without values no row."""
    n_nodes, cases = len(visits.labels), visits.cases
    if values is None:
        nothing = np.zeros(0, np.int64)
        node = Coded(nothing, visits.labels, visits.ordered)
        return Table({"group": nothing, "node": node}, {"value_micros": nothing})
    total = kernel.grouped_values(
        visits.node, visits.leave, group, cases.begin, cases.end, cases.outcome,
        n_nodes, visits.watched, values, n_groups,
    )  # fmt: skip
    groups, nodes = np.nonzero(total)
    found: dict[str, Coded | Ints] = {"group": groups.astype(np.int64)}
    found["node"] = Coded(nodes, visits.labels, visits.ordered)
    return Table(found, {"value_micros": total[groups, nodes]})


def _ways(start: Ints, to: Ints, visits: Visits) -> dict[str, Coded | Ints]:
    """Return the key columns of moves: typed codes for the start and for ends."""
    n_nodes = len(visits.labels)
    start = np.where(start == n_nodes, START, start)
    for code, outcome in ((n_nodes, REACHED), (n_nodes + 1, DROPPED), (n_nodes + 2, OPEN)):
        to = np.where(to == code, outcome, to)
    names = visits.labels, visits.ordered
    return {"from": Coded(start, *names), "to": Coded(to, *names)}


def _node_table(nodes: Ints, visits: Visits) -> Table:
    codes = np.arange(len(nodes), dtype=np.int64)
    codes[-1] = START
    used = np.arange(len(nodes)) if visits.ordered else np.flatnonzero(nodes[:, 0])
    columns = dict(zip(("n", "n_followed", "n_followed_actors"), nodes[used].T.copy(), strict=True))
    return Table({"node": Coded(codes[used], visits.labels, visits.ordered)}, columns)


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
    way = found >> BIN_BITS
    keys = _ways(way // (n_nodes + 3), way % (n_nodes + 3), visits)
    return Table({**keys, "bin": found & ((1 << BIN_BITS) - 1)}, {"n": counts})
