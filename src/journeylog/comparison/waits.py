"""Waits and stays of two groups: medians with intervals, from bins."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.durations import DurationBins
from journeylog.core.kernels.bins import BIN_BITS, count_stretches
from journeylog.core.kernels.pairs import put_durations
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.pairs import Keys, Trials
from journeylog.core.visits import Visits

__all__ = ["time_rows", "time_tables"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Groups8 = npt.NDArray[np.int8]


def time_tables(
    visits: Visits, start: Codes, to: Codes, side: Groups8, spent: Ints, offsets: Ints
) -> dict[str, Table]:
    """Return waits of moves and stays at nodes in bins by group, with what those of each are worth."""
    n_nodes = len(visits.labels)
    wide: Any = np.int32 if n_nodes * n_nodes < 2**31 else np.int64
    edge = start.astype(wide) * wide(n_nodes) + to
    tables: dict[str, Table] = {}
    for part, keys, row in (("edge", _pair_keys, edge), ("node", _from_key, start)):
        read = partial(keys, visits=visits)
        tables[f"{part}_rows"] = Trials(offsets, row, row, side).tables(read, read)["rows"]
        tables[f"{part}_bins"] = _bins(start, to, side, spent[int(part == "node")], part == "node", visits)
    return tables


def _bins(start: Codes, to: Codes, side: Groups8, spent: Ints, alone: bool, visits: Visits) -> Table:
    """Return how many durations of each move, or node, and group are in each bin."""
    n_nodes = 2 * len(visits.labels)  # both groups of a to-node stand side by side
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(start, minlength=n_nodes))))[:-1]
    last = first.copy()
    out = np.empty(len(start), np.int32 if (n_nodes + 3) << BIN_BITS < 2**31 else np.int64)
    put_durations(start, to, side, spent, alone, last, out)
    cell, n = count_stretches(out, first, last, n_nodes)
    left, came = np.divmod(cell >> BIN_BITS, n_nodes + 3)
    keys: Keys = {"from": Coded(left, visits.labels, visits.ordered)}
    if not alone:
        keys["to"] = Coded(came // 2, visits.labels, visits.ordered)
    return Table({**keys, "group": came % 2, "bin": cell & ((1 << BIN_BITS) - 1)}, {"n": n})


def _pair_keys(rows: Ints, visits: Visits) -> Keys:
    n_nodes = max(len(visits.labels), 1)
    return {
        "from": Coded(rows // n_nodes, visits.labels, visits.ordered),
        "to": Coded(rows % n_nodes, visits.labels, visits.ordered),
    }


def _from_key(rows: Ints, visits: Visits) -> Keys:
    return {"from": Coded(rows, visits.labels, visits.ordered)}


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
