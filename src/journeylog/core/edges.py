"""The matching core: from visits to counts of edges, nodes and duration bins.

Graph, drop-off, Sankey and bottlenecks all read these tables, so their numbers agree by construction.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.counts import Coded, Table
from journeylog.core.kernels import bins as bin_kernel
from journeylog.core.kernels import edges as kernel
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.schema import DROPPED, OPEN, REACHED, START
from journeylog.core.visits import Visits

__all__ = ["bin_table", "edge_tables"]

Ints = npt.NDArray[np.int64]

#: Up to this many possible edges a plain grid serves; beyond, edges that occur are numbered (linear in events).
_DENSE = 1 << 16
_NO_ROWS = np.zeros(0, np.int32)

_EDGE_COLUMNS = ("n", "n_cases", "n_actors", "n_tied", "n_followed", "kk", "kn", "time_ms")
_NODE_COLUMNS = ("n", "n_cases", "n_actors", "n_followed", "n_followed_actors", "nn", "n_loops", "n_returns")


def edge_tables(visits: Visits, meaning: str, quantiles: bool) -> dict[str, Table]:
    """Return the tables ``edges``, ``nodes``, ``cases`` and, with `quantiles`, ``bins``.

    Parameters
    ----------
    visits : Visits
    meaning : {"stay", "dwell", "wait"}
        Which duration an edge carries.
    quantiles : bool
        Whether to count durations in bins.
    """
    n_nodes, cases = len(visits.labels), visits.cases
    wide = n_nodes + 3
    time_from, time_to, shift = visits.spans(meaning)
    dense = (n_nodes + 1) * wide <= _DENSE
    rows, keys = _NO_ROWS, np.zeros(0, np.int64)
    if not dense:
        rows, keys, _ = number_keys(kernel.edge_keys(visits.node, cases.begin, cases.end, cases.outcome, n_nodes))
    n_rows = (n_nodes + 1) * wide if dense else len(keys)
    edges, nodes = kernel.count_edges(
        visits.node, visits.enter, visits.leave, time_from, time_to, shift,
        cases.actor_offsets, cases.begin, cases.end, cases.outcome,
        n_nodes, visits.horizon, rows, n_rows, _longest(visits),
    )  # fmt: skip
    used = np.flatnonzero(edges[:, 0])
    keys = used if dense else keys[used]
    tables = {
        "edges": Table(_edge_keys(keys, visits), dict(zip(_EDGE_COLUMNS, edges[used].T.copy(), strict=True))),
        "nodes": _node_table(nodes, visits),
        "cases": _case_table(visits),
    }
    if quantiles:
        tables["bins"] = _bins(visits, time_from, time_to, shift, rows, n_rows, dense, used, keys)
    return tables


def bin_table(rows: npt.NDArray[np.int32], durations: Ints, labels: tuple[str, ...], ordered: bool) -> Table:
    """Return the duration bins of each name: keys ``node`` and ``bin``, value ``n``."""
    found, counts = bin_kernel.count_bins(rows, durations, len(labels))
    keys = {"node": Coded(found >> bin_kernel.BIN_BITS, labels, ordered), "bin": _bin_part(found)}
    return Table(keys, {"n": counts})


def _bins(
    visits: Visits,
    time_from: Ints,
    time_to: Ints,
    shift: int,
    rows: npt.NDArray[np.int32],
    n_rows: int,
    dense: bool,
    used: Ints,
    keys: Ints,
) -> Table:
    cases = visits.cases
    if dense:
        found, counts = bin_kernel.edge_bins(
            visits.node, time_from, time_to, shift, cases.begin, cases.end, cases.outcome, len(visits.labels), n_rows
        )
        edge = found >> bin_kernel.BIN_BITS
    else:
        each = bin_kernel.edge_bins_keys(time_from, time_to, shift, cases.begin, cases.end, rows)
        _, found, counts = number_keys(each)
        edge = keys[np.searchsorted(used, found >> bin_kernel.BIN_BITS)]
    return Table({**_edge_keys(edge, visits), "bin": _bin_part(found)}, {"n": counts})


def _edge_keys(keys: Ints, visits: Visits) -> dict[str, Coded | Ints]:
    n_nodes = len(visits.labels)
    start, to = keys // (n_nodes + 3), keys % (n_nodes + 3)
    start = np.where(start == n_nodes, START, start)
    for code, outcome in ((n_nodes, REACHED), (n_nodes + 1, DROPPED), (n_nodes + 2, OPEN)):
        to = np.where(to == code, outcome, to)
    return {"from": Coded(start, visits.labels, visits.ordered), "to": Coded(to, visits.labels, visits.ordered)}


def _node_table(nodes: Ints, visits: Visits) -> Table:
    codes = np.arange(len(nodes), dtype=np.int64)
    codes[-1] = START
    used = np.flatnonzero(nodes[:, 0]) if not visits.ordered else np.arange(len(nodes))
    columns = dict(zip(_NODE_COLUMNS, nodes[used].T.copy(), strict=True))
    return Table({"node": Coded(codes[used], visits.labels, visits.ordered)}, columns)


def _case_table(visits: Visits) -> Table:
    """Return one row: cases, actors, and cases without any visit."""
    cases = visits.cases
    total = {
        "n_cases": len(cases),
        "n_actors": int(np.count_nonzero(np.diff(cases.actor_offsets))),
        "n_without": int(np.count_nonzero(cases.end == cases.begin)),
    }
    return Table({}, {name: np.array([n], np.int64) for name, n in total.items()})


def _longest(visits: Visits) -> int:
    """Return an upper bound of the transitions of one actor."""
    offsets, cases = visits.cases.actor_offsets, visits.cases
    if len(cases) == 0:
        return 1
    steps = np.concatenate((np.zeros(1, np.int64), np.cumsum(cases.end - cases.begin + 1)))
    return int(np.diff(steps[offsets]).max())


def _bin_part(keys: Ints) -> Ints:
    return keys & ((1 << bin_kernel.BIN_BITS) - 1)
