"""Waits and stays of two groups: medians with intervals, from bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.counts import Coded, Table
from journeylog.core.durations import DurationBins
from journeylog.core.grouping import divided
from journeylog.core.kernels.bins import BIN_BITS
from journeylog.core.kernels.clustered import clustered_stretches, rings_of_nodes
from journeylog.core.kernels.groups import count_codes, divide_cells
from journeylog.core.kernels.pairs import move_times, sign_products
from journeylog.core.nodes import TEXT, node_columns
from journeylog.core.pairs import DENSE, FEWEST, Keys, correlation_of_moments
from journeylog.core.visits import Visits

__all__ = [
    "TELLING",
    "Times",
    "correlation_of_times",
    "most_moves",
    "sign_table",
    "time_rows",
    "time_tables",
]

Ints = npt.NDArray[np.int64]
Groups8 = npt.NDArray[np.int8]

_IN_BIN: Final = (1 << BIN_BITS) - 1
#: Of values above less below the median (k), and all values (n), of actors in each group, and in both.
_SIGNS: Final = (
    "k_a", "kk_a", "kn_a", "n_a", "nn_a", "k_b", "kk_b", "kn_b", "n_b", "nn_b", "k_ab", "kn_ab", "nk_ab", "nn_ab",
    "both",
)  # fmt: skip
#: So many do; of more, some are chosen by a hash of their ids.
TELLING: Final = 20_000


def time_tables(
    visits: Visits, walk: tuple[Any, ...], bounds: Ints | None, group: Groups8 | None
) -> tuple[dict[str, Table], Ints]:
    """Return waits of moves and stays at nodes in bins by group, with their second moments by actor; and the visits.

    Parameters
    ----------
    walk : tuple
        What the kernels of :mod:`journeylog.core.kernels.pairs` walk over.
    bounds, group
        The periods of both groups, or the group of each case.
    """
    n_nodes = len(visits.labels)
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(count_codes(visits.node, n_nodes))))
    n_parts = 1 if visits.enter is visits.leave else 2  # a visit of one moment: staying is waiting
    last = np.tile(first[:-1], (n_parts, 1))
    wide = 2 * n_nodes + 3  # both groups of a to-node stand side by side
    out = np.empty((n_parts, first[-1]), np.int32 if wide << BIN_BITS < 2**31 else np.int64)
    seen = move_times(*walk, bounds, group, most_moves(visits), last, out)
    stays, _ = rings_of_nodes(out[-1], first[:-1], last[-1], n_nodes, 2)
    waits = clustered_stretches(out[0], first[:-1], last[0], 2 * n_nodes)
    left, came = divided(waits[0] >> BIN_BITS, wide)
    row = stays[0] >> BIN_BITS
    return {
        "edge_bins": _bin_table(
            {"from": _name(left, visits), "to": _name(came >> 1, visits)}, came & 1, waits
        ),
        "node_bins": _bin_table({"from": _name(row >> 1, visits)}, row & 1, stays),
    }, seen


def _bin_table(keys: Keys, group: Ints, found: Ints) -> Table:
    """Return counts by key, group and bin; group and bin are one number."""
    bins = (group << BIN_BITS) | (found[0] & _IN_BIN)
    return Table({**keys, "bin": bins}, dict(zip(("n", "kk", "kn"), found[1:], strict=True)))


def _name(codes: Ints, visits: Visits) -> Coded:
    return Coded(codes, visits.labels, visits.ordered)


def most_moves(visits: Visits) -> int:
    """Return an upper bound of the moves of one actor."""
    cases = visits.cases
    steps = np.concatenate((np.zeros(1, np.int64), np.cumsum(cases.end - cases.begin + 1)))
    return int(np.diff(steps[cases.actor_offsets]).max(initial=1))


@dataclass(frozen=True, eq=False)
class Times:
    """The times of both groups: waits of moves, or stays at nodes.

    Parameters
    ----------
    rows : Table
        The keys, ``from`` and, of moves, ``to``.
    bins : DurationBins
        Both groups of a row stand side by side.
    """

    rows: Table
    bins: DurationBins

    @staticmethod
    def of(counts: Table) -> Times:
        """Read the counts of :func:`time_tables`."""
        keys = tuple(counts.codes(name) for name in ("from", "to") if name in counts.keys)
        begins, group, bins = divide_cells(
            keys, counts.codes("bin"), BIN_BITS
        )  # rows are in the order of keys
        pairs = counts.values["kk"], counts.values["kn"]
        return Times(
            counts.take(begins), DurationBins.of(group, bins, counts.values["n"], 2 * len(begins), pairs)
        )

    @cached_property
    def keys(self) -> pd.DataFrame:
        """Return the keys as columns, and the measure."""
        n, moves = len(self.rows), "to" in self.rows.keys
        frame = pd.DataFrame({"part": pd.array(["edge" if moves else "node"] * n, dtype=TEXT)})
        for name in ("from", "to"):
            known = name in self.rows.keys
            frame[name] = (
                node_columns(self.rows.coded(name), name)[name] if known else pd.array([""] * n, dtype=TEXT)
            )
        return frame.assign(measure=pd.array(["time_median_s"] * n, dtype=TEXT))

    def sides(self) -> list[pd.DataFrame]:
        """Return the medians of both groups."""
        value, (low, high) = self.bins.quantile(0.5), self.bins.quantile_interval(0.5)
        keys, n = self.keys, self.bins.n
        unit = pd.array(["s"] * len(keys), dtype=TEXT)
        return [
            keys.assign(unit=unit, n=n[g::2], value=value[g::2], low=low[g::2], high=high[g::2])
            for g in range(2)
        ]


def time_rows(moves: Times, nodes: Times) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the medians of both groups, of moves and of nodes."""
    one, other = (
        pd.concat(pair, ignore_index=True) for pair in zip(moves.sides(), nodes.sides(), strict=True)
    )
    return one, other


def sign_table(
    visits: Visits,
    walk: tuple[Any, ...],
    bounds: Ints | None,
    group: Groups8 | None,
    chosen: npt.NDArray[np.bool_],
    times: tuple[Times, Times],
) -> Table:
    """Return by row of moves, then of nodes, how far what actors have above the median goes together in both groups.

    Parameters
    ----------
    visits, walk, bounds, group
        As for :func:`time_tables`.
    chosen : ndarray of bool
        Which actors are looked at.
    times : (Times, Times)
        Of moves and of nodes, of all actors.
    """
    n_nodes, here = len(visits.labels), _name(np.zeros(0, np.int64), visits)
    moves, nodes = times
    start, to = (moves.rows.coded(name).onto(here) for name in ("from", "to"))
    left = nodes.rows.coded("from").onto(here)
    known = np.flatnonzero((start >= 0) & (to >= 0))
    key = start[known] * n_nodes + to[known]
    if n_nodes * n_nodes <= DENSE:  # a row for each move there could be
        keys, row_of_key = np.zeros(0, np.int64), np.full(n_nodes * n_nodes, -1, np.int64)
        row_of_key[key] = known
    else:
        order = np.argsort(key)
        keys, row_of_key = (np.append(-1, column[order]) for column in (key, known))
    row_of_node = np.full(n_nodes, -1, np.int64)
    row_of_node[left[left >= 0]] = len(start) + np.flatnonzero(left >= 0)
    middle = np.concatenate([part.bins.bin_of_quantile(0.5).reshape(-1, 2) for part in times])
    found = sign_products(
        *walk, bounds, group, most_moves(visits), chosen, keys, row_of_key, row_of_node, middle
    )
    return Table({"row": np.arange(len(found))}, dict(zip(_SIGNS, found.T.copy(), strict=True)))


def correlation_of_times(times: tuple[Times, Times], signs: Table) -> pd.DataFrame:
    """Return how far the medians of both groups go together, row by row; 0 where few actors are in both.

    An actor moves a median by the values above it less those below, less what is usual for so many: where many values
    equal the median, those above and below are not as many.
    """
    found = correlation_of_moments({name: signs.values[name].astype(np.float64) for name in _SIGNS})
    found = np.where(signs.values["both"] >= FEWEST, found, 0.0)
    keys = pd.concat([part.keys for part in times], ignore_index=True)
    return keys.assign(correlation=found)
