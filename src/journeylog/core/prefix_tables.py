"""Counts of what came next, and of what became of a journey, by what was known at each visit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.counts import Coded, Table
from journeylog.core.edges import edge_columns, most_transitions, place_edges
from journeylog.core.grouping import divided
from journeylog.core.kernels import prefixes as kernel
from journeylog.core.kernels.groups import filled_cells
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.schema import DROPPED, REACHED, START
from journeylog.core.visits import Visits

__all__ = ["next_table", "next_tables", "one_vocabulary", "outcome_tables"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Up to this many cells are counted in a plain grid; beyond, those that occur are numbered.
_DENSE = 1 << 23


def next_table(visits: Visits, group: Ints, n_groups: int) -> Table:
    """Return how often each way on was taken, by group, the visit before and the node."""
    table = _next(visits, group, n_groups, 1, None, np.zeros(0, np.int32), None)
    return Table({name: column for name, column in table.keys.items() if name != "position"}, table.values)


def next_tables(visits: Visits, group: Ints, n_groups: int) -> tuple[Table, Table]:
    """Return how often each way on was taken, by group, the visit before, the node and the band of the position.

    The second table is how alike an actor's visits of a node are: by ``node`` and ``to``, sums over actors of the squared
    visits that went there (``kk``), and of their product with all the actor's visits of the node (``kn``).
    """
    place = place_edges(visits)
    moments = np.zeros((place.n_rows, 2), np.int64)
    table = _next(visits, group, n_groups, kernel.N_POSITIONS, place.rows, place.drop_rows, moments)
    used = np.flatnonzero(moments[:, kernel.KK])
    keys = edge_columns(place.keys[used] if len(place.keys) else used, visits)
    return table, Table({"node": keys["from"], "to": keys["to"]}, _columns(moments[used]))


def _next(
    visits: Visits,
    group: Ints,
    n_groups: int,
    bands: int,
    rows: Codes | None,
    drop_rows: Codes,
    moments: Ints | None,
) -> Table:
    v, cases = len(visits.labels), visits.cases
    grid = _grid(n_groups * (v + 1) * v * bands * (v + 2))
    keys = kernel.next_keys(
        visits.node, visits.enter, visits.leave, group, cases.actor_offsets, cases.begin, cases.end, cases.outcome,
        v, visits.watched, bands, grid, rows, drop_rows, moments, most_transitions(visits),
    )  # fmt: skip
    found, n = _counted(keys, grid)
    here, to = divided(found, v + 2)
    here, position = divided(here, bands)
    to = np.where(to < 2, np.where(to == 0, DROPPED, REACHED), to - 2)
    columns = _prefix(here, visits) | {"position": position, "to": Coded(to, visits.labels, visits.ordered)}
    return Table(columns, {"n": n})


def outcome_tables(
    visits: Visits, group: Ints, n_groups: int, times: tuple[Ints, Ints], window_end: int, within: int
) -> tuple[Table, Table]:
    """Return how often the goal was reached within a time, by group and all that was known at the visit.

    The second table is how alike an actor's visits of a node are, by ``node`` and ``reached``, as in :func:`next_tables`.

    Parameters
    ----------
    times : (first, goal)
        When each case began and when it reached its goal; the smallest integer where it did not.
    """
    v, cases = len(visits.labels), visits.cases
    grid = _grid(n_groups * (v + 1) * v * kernel.N_POSITIONS * kernel.N_ELAPSED * 2)
    told = np.zeros((v, 3), np.int64)
    keys = kernel.outcome_keys(
        visits.node, visits.enter, group, cases.actor_offsets, cases.begin, cases.end, *times, v, window_end, within,
        grid, told, most_transitions(visits),
    )  # fmt: skip
    found, n = _counted(keys, grid)
    here, reached = divided(found, 2)
    here, elapsed = divided(here, kernel.N_ELAPSED)
    here, position = divided(here, kernel.N_POSITIONS)
    columns = _prefix(here, visits) | {"position": position, "elapsed": elapsed, "reached": reached}
    kk, kn, nn = told.T
    moments = np.stack((nn - 2 * kn + kk, nn - kn, kk, kn), axis=1).reshape(-1, 2)
    used = np.flatnonzero(moments[:, kernel.KK])
    node = Coded(used // 2, visits.labels, visits.ordered)
    return Table(columns, {"n": n}), Table({"node": node, "reached": used % 2}, _columns(moments[used]))


def one_vocabulary(*columns: Coded) -> list[Coded]:
    """Return the columns over the names that occur in any of them."""
    joined = Coded.concat(columns).canonical()
    ends = np.cumsum([len(column.codes) for column in columns])
    parts = np.split(joined.codes, ends[:-1])
    return [Coded(codes, joined.labels, joined.ordered) for codes in parts]


def _columns(moments: Ints) -> dict[str, Ints]:
    return {"kk": moments[:, kernel.KK].copy(), "kn": moments[:, kernel.KN].copy()}


def _prefix(here: Ints, visits: Visits) -> dict[str, Coded | Ints]:
    v = max(len(visits.labels), 1)
    here, node = divided(here, v)
    group, previous = divided(here, len(visits.labels) + 1)
    previous = np.where(previous == 0, START, previous - 1)
    names = visits.labels, visits.ordered
    return {"group": group, "previous": Coded(previous, *names), "node": Coded(node, *names)}


def _grid(n_cells: int) -> npt.NDArray[np.int32] | None:
    return np.zeros(n_cells, np.int32) if n_cells <= _DENSE else None


def _counted(keys: Ints, grid: npt.NDArray[np.int32] | None) -> tuple[Ints, Ints]:
    if grid is not None:
        found, n = filled_cells(grid)
        return found, n
    _, found, n = number_keys(keys)
    return found, n
