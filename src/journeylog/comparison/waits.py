"""Waits and stays of two groups: medians with intervals, from bins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.durations import DurationBins
from journeylog.core.kernels.bins import BIN_BITS, count_stretches, without_to
from journeylog.core.kernels.pairs import count_moves, list_moves, move_durations, put_durations
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.pairs import DENSE, Keys, Trials
from journeylog.core.visits import Visits

__all__ = ["most_moves", "time_rows", "time_tables"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Groups8 = npt.NDArray[np.int8]

_WORTH: Final = ("k_a", "kk_a", "k_b", "kk_b")


def time_tables(
    visits: Visits, walk: tuple[Any, ...], bounds: Ints | None, group: Groups8 | None
) -> tuple[dict[str, Table], Ints]:
    """Return waits of moves and stays at nodes in bins by group, with what those of each are worth; and the visits.

    Parameters
    ----------
    walk : tuple
        What the kernels of :mod:`journeylog.core.kernels.pairs` walk over.
    bounds, group
        The periods of both groups, or the group of each case.
    """
    n_nodes = len(visits.labels)
    if (n_nodes + 1) * (n_nodes + 3) > DENSE:
        *moves, seen = list_moves(*walk, bounds, group, True)
        return _tables_of_list(visits, *moves), seen
    longest = most_moves(visits)
    rows, bases, seen = count_moves(*walk, bounds, group, False, True, longest)
    used, left = np.flatnonzero(rows[:, 0] + rows[:, 3]), np.flatnonzero(bases[:, 0] + bases[:, 3])
    start, to = np.divmod(used, n_nodes + 3)
    tables = {
        "edge_rows": Table({"from": _name(start, visits), "to": _name(to, visits)}, _worth(rows[used].T)),
        "node_rows": Table({"from": _name(left, visits)}, _worth(bases[left].T)),
    }
    n = bases[:n_nodes, 0] + bases[:n_nodes, 3]

    def put(stays: bool, last: Ints, out: Any) -> None:
        move_durations(*walk, bounds, group, stays, longest, last, out)

    cells, counts = _counted(n, partial(put, False), n_nodes)
    tables["edge_bins"] = _bin_table(cells, counts, False, visits)
    if visits.enter is visits.leave:  # a visit is one moment, and staying is waiting
        tables["node_bins"] = _stays_of_waits(cells, counts, visits)
    else:
        tables["node_bins"] = _bin_table(*_counted(n, partial(put, True), n_nodes), True, visits)
    return tables, seen


def most_moves(visits: Visits) -> int:
    """Return an upper bound of the moves of one actor."""
    cases = visits.cases
    steps = np.concatenate((np.zeros(1, np.int64), np.cumsum(cases.end - cases.begin + 1)))
    return int(np.diff(steps[cases.actor_offsets]).max(initial=1))


def _tables_of_list(
    visits: Visits, start: Codes, to: Codes, side: Groups8, spent: Ints, offsets: Ints
) -> dict[str, Table]:
    n_nodes = len(visits.labels)
    wide: Any = np.int32 if n_nodes * n_nodes < 2**31 else np.int64
    edge = start.astype(wide) * wide(n_nodes) + to
    n = np.bincount(start, minlength=n_nodes)
    tables: dict[str, Table] = {}
    for part, keys, row in (("edge", _pair_keys, edge), ("node", _from_key, start)):
        read, stays = partial(keys, visits=visits), part == "node"
        rows = Trials(offsets, row, row, side).tables(read, read)["rows"]
        tables[f"{part}_rows"] = Table(rows.keys, {name: rows.values[name] for name in _WORTH})
        put = partial(put_durations, start, to, side, spent[int(stays)], stays)
        tables[f"{part}_bins"] = _bin_table(*_counted(n, put, n_nodes), stays, visits)
    return tables


def _counted(n: Ints, put: Callable[[Ints, Any], None], n_nodes: int) -> tuple[Ints, Ints]:
    """Return how many durations of each move, or node, and group are in each bin; `n` moves leave each node."""
    n = np.concatenate((n, np.zeros(n_nodes, np.int64)))  # both groups of a to-node stand side by side
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(n)))[:-1]
    last = first.copy()
    out = np.empty(int(n.sum()), np.int32 if (2 * n_nodes + 3) << BIN_BITS < 2**31 else np.int64)
    put(last, out)
    cells, counts = count_stretches(out, first, last, 2 * n_nodes)
    return cells, counts


def _bin_table(cells: Ints, counts: Ints, alone: bool, visits: Visits) -> Table:
    left, came = np.divmod(cells >> BIN_BITS, 2 * len(visits.labels) + 3)
    keys: Keys = {"from": _name(left, visits)}
    if not alone:
        keys["to"] = _name(came // 2, visits)
    return Table({**keys, "group": came % 2, "bin": cells & ((1 << BIN_BITS) - 1)}, {"n": counts})


def _stays_of_waits(cells: Ints, counts: Ints, visits: Visits) -> Table:
    """Return the durations of the moves from each node, whichever node they go to."""
    n_nodes = 2 * len(visits.labels)
    side = (cells >> BIN_BITS) % (n_nodes + 3) % 2
    both = [without_to(cells[side == g], counts[side == g], n_nodes) for g in range(2)]
    found, n = np.concatenate(both, axis=1)
    group = np.repeat(np.arange(2), [part.shape[1] for part in both])
    keys: Keys = {"from": _name(found >> BIN_BITS, visits), "group": group}
    return Table({**keys, "bin": found & ((1 << BIN_BITS) - 1)}, {"n": n})


def _name(codes: Ints, visits: Visits) -> Coded:
    return Coded(codes, visits.labels, visits.ordered)


def _worth(columns: Ints) -> dict[str, Ints]:
    """Return by group the moves and the sum of their squares over actors."""
    return dict(zip(_WORTH, (columns[k].copy() for k in (0, 1, 3, 4)), strict=True))


def _pair_keys(rows: Ints, visits: Visits) -> Keys:
    n_nodes = max(len(visits.labels), 1)
    return {
        "from": _name(rows // n_nodes, visits),
        "to": _name(rows % n_nodes, visits),
    }


def _from_key(rows: Ints, visits: Visits) -> Keys:
    return {"from": _name(rows, visits)}


def time_rows(counts: Counts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the medians of both groups, of moves and of nodes."""
    sides: list[list[pd.DataFrame]] = [[], []]
    for part in ("edge", "node"):
        rows, bins = counts[f"{part}_rows"], counts[f"{part}_bins"]
        names = [name for name in ("from", "to") if name in rows.keys]
        place = rows.find(bins, {name: name for name in names})
        keys = pd.DataFrame({name: node_columns(rows.coded(name), name)[name] for name in names})
        keys.insert(0, "part", pd.array([part] * len(keys), dtype=TEXT))
        if part == "node":
            keys["to"] = pd.array([""] * len(keys), dtype=TEXT)
        for g, side in enumerate("ab"):
            mine = np.flatnonzero(bins.codes("group") == g)
            durations = DurationBins.of(
                place[mine], bins.codes("bin")[mine], bins.values["n"][mine], len(rows)
            )
            n = rows.values[f"k_{side}"]
            worth = ratio(n.astype(np.float64) ** 2, rows.values[f"kk_{side}"])
            low, high = durations.quantile_bounds(0.5, worth)
            frame = keys.assign(
                measure=pd.array(["time_median_s"] * len(keys), dtype=TEXT),
                unit=pd.array(["s"] * len(keys), dtype=TEXT),
                n=n, value=durations.quantile(0.5), low=low, high=high,
            )  # fmt: skip
            sides[g].append(frame)
    return pd.concat(sides[0], ignore_index=True), pd.concat(sides[1], ignore_index=True)
