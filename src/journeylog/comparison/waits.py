"""Waits and stays of two groups: medians with intervals, from bins."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.durations import DurationBins
from journeylog.core.grouping import divided
from journeylog.core.kernels.bins import BIN_BITS, count_stretches, without_to
from journeylog.core.kernels.pairs import count_moves, list_moves, put_durations
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
    instant = visits.enter is visits.leave  # a visit is one moment, and staying is waiting
    n_parts = 1 if instant else 2
    first, last, out = _room(np.bincount(visits.node, minlength=n_nodes), n_parts)
    rows, bases, seen = count_moves(*walk, bounds, group, False, most_moves(visits), last, out)
    used, left = np.flatnonzero(rows[:, 0] + rows[:, 3]), np.flatnonzero(bases[:, 0] + bases[:, 3])
    start, to = divided(used, n_nodes + 3)
    found = [count_stretches(out[k], first, last[k], 2 * n_nodes) for k in range(n_parts)]
    return {
        "edge_rows": Table({"from": _name(start, visits), "to": _name(to, visits)}, _worth(rows[used].T)),
        "node_rows": Table({"from": _name(left, visits)}, _worth(bases[left].T)),
        "edge_bins": _bin_table(found[0], False, visits),
        "node_bins": _stays_of_waits(found[0], visits) if instant else _bin_table(found[1], True, visits),
    }, seen


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
        first, last, out = _room(n, 1)
        put_durations(start, to, side, spent[int(stays)], stays, last[0], out[0])
        tables[f"{part}_bins"] = _bin_table(
            count_stretches(out[0], first, last[0], 2 * n_nodes), stays, visits
        )
    return tables


def _room(n: Ints, n_parts: int) -> tuple[Ints, Ints, Any]:
    """Return where the durations of each node begin, once for each part where they go on, and room for them."""
    n = np.concatenate((n, np.zeros(len(n), np.int64)))  # both groups of a to-node stand side by side
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(n)))[:-1]
    kind = np.int32 if (len(n) + 3) << BIN_BITS < 2**31 else np.int64
    return first, np.tile(first, (n_parts, 1)), np.empty((n_parts, int(n.sum())), kind)


def _bin_table(counted: tuple[Ints, Ints], alone: bool, visits: Visits) -> Table:
    cells, counts = counted
    left, came = divided(cells >> BIN_BITS, 2 * len(visits.labels) + 3)
    keys: Keys = {"from": _name(left, visits)}
    if not alone:
        keys["to"] = _name(came >> 1, visits)
    return Table({**keys, "group": came & 1, "bin": cells & ((1 << BIN_BITS) - 1)}, {"n": counts})


def _stays_of_waits(counted: tuple[Ints, Ints], visits: Visits) -> Table:
    """Return the durations of the moves from each node, whichever node they go to."""
    cells, counts = counted
    n_nodes = 2 * len(visits.labels)
    side = divided(cells >> BIN_BITS, n_nodes + 3)[1] & 1
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
        # both groups of a row stand side by side, as in the bins
        group = 2 * place + bins.codes("group")
        durations = DurationBins.of(group, bins.codes("bin"), bins.values["n"], 2 * len(rows))
        n, kk = (np.stack([rows.values[f"{k}_{side}"] for side in "ab"], 1).ravel() for k in ("k", "kk"))
        value = durations.quantile(0.5)
        low, high = durations.quantile_bounds(0.5, ratio(n.astype(np.float64) ** 2, kk))
        for g, found in enumerate(sides):
            frame = keys.assign(
                measure=pd.array(["time_median_s"] * len(keys), dtype=TEXT),
                unit=pd.array(["s"] * len(keys), dtype=TEXT),
                n=n[g::2], value=value[g::2], low=low[g::2], high=high[g::2],
            )  # fmt: skip
            found.append(frame)
    return pd.concat(sides[0], ignore_index=True), pd.concat(sides[1], ignore_index=True)
