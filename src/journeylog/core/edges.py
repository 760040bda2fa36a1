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

__all__ = ["END_KINDS", "bin_table", "edge_tables", "end_tables"]

#: How a visit went on, in the order of the key ``end``.
END_KINDS = ("continued", "reached", "dropped", "open")

Ints = npt.NDArray[np.int64]

#: Up to this many possible edges a plain grid serves; beyond, edges that occur are numbered (linear in events).
_DENSE = 1 << 16
_NO_ROWS = np.zeros(0, np.int32)

_EDGE_COLUMNS = ("n", "n_returns", "n_actors", "n_tied", "n_followed", "kk", "kn", "time_ms")
_NODE_COLUMNS = ("n", "n_cases", "n_actors", "n_followed", "n_followed_actors", "nn")


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
        rows, keys, _ = number_keys(
            kernel.edge_keys(visits.node, cases.begin, cases.end, cases.outcome, n_nodes)
        )
    n_rows = (n_nodes + 1) * wide if dense else len(keys)
    edges, n_cases, nodes = _walk(visits, meaning, rows, n_rows)
    used = np.flatnonzero(edges[:, 0])
    keys = used if dense else keys[used]
    tables: dict[str, Table] = {
        "edges": Table(
            _edge_keys(keys, visits), _columns(_EDGE_COLUMNS, edges[used]) | {"n_cases": n_cases[used]}
        ),
        "nodes": _node_table(nodes, _rework(keys, edges[used], n_nodes), visits),
        "cases": _case_table(visits),
    }
    if quantiles:
        tables["bins"] = _bins(visits, time_from, time_to, shift, rows, n_rows, dense, used, keys)
    return tables


def end_tables(visits: Visits) -> dict[str, Table]:
    """Return the tables ``ends`` (keys ``node`` and ``end``, see :data:`END_KINDS`), ``nodes`` and ``cases``.

    They come from the same walk as the edges, with all ways on counted as one.
    """
    n_nodes, cases = len(visits.labels), visits.cases
    rows = kernel.end_rows(visits.node, cases.begin, cases.end, cases.outcome, n_nodes)
    ends, _, nodes = _walk(visits, "wait", rows, (n_nodes + 1) * 4)
    used = np.flatnonzero(ends[:, 0])
    start = np.where(used // 4 == n_nodes, START, used // 4)
    keys: dict[str, Coded | Ints] = {"node": Coded(start, visits.labels, visits.ordered), "end": used % 4}
    return {
        "ends": Table(keys, _columns(_EDGE_COLUMNS, ends[used])),
        "nodes": _node_table(nodes, {}, visits),
        "cases": _case_table(visits),
    }


def bin_table(rows: npt.NDArray[np.int32], durations: Ints, labels: tuple[str, ...], ordered: bool) -> Table:
    """Return the duration bins of each name: keys ``node`` and ``bin``, value ``n``."""
    found, counts = bin_kernel.count_bins(rows, durations, len(labels))
    keys: dict[str, Coded | Ints] = {"node": Coded(found >> bin_kernel.BIN_BITS, labels, ordered)}
    keys["bin"] = _bin_part(found)
    return Table(keys, {"n": counts})


def _walk(visits: Visits, meaning: str, rows: npt.NDArray[np.int32], n_rows: int) -> tuple[Ints, Ints, Ints]:
    cases = visits.cases
    edges, n_cases, nodes = kernel.count_edges(
        visits.node, visits.enter, visits.leave, kernel.MEANINGS[meaning],
        cases.actor_offsets, cases.begin, cases.end, cases.outcome,
        len(visits.labels), visits.horizon, rows, n_rows, _longest(visits),
    )  # fmt: skip
    return edges, n_cases, nodes


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
            visits.node,
            time_from,
            time_to,
            shift,
            cases.begin,
            cases.end,
            cases.outcome,
            len(visits.labels),
            n_rows,
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
    return {
        "from": Coded(start, visits.labels, visits.ordered),
        "to": Coded(to, visits.labels, visits.ordered),
    }


def _rework(keys: Ints, edges: Ints, n_nodes: int) -> dict[str, Ints]:
    """Return how often each node was followed by itself, and how often it was come back to."""
    start, to = keys // (n_nodes + 3), keys % (n_nodes + 3)
    loops, returns = np.zeros(n_nodes + 1, np.int64), np.zeros(n_nodes + 1, np.int64)
    same, real = (start == to) & (start < n_nodes), to < n_nodes
    loops[start[same]] = edges[same, kernel.N]
    np.add.at(returns, to[real], edges[real, kernel.N_RETURNS])
    return {"n_loops": loops, "n_returns": returns}


def _columns(names: tuple[str, ...], grid: Ints) -> dict[str, Ints]:
    return dict(zip(names, grid.T.copy(), strict=True))


def _node_table(nodes: Ints, more: dict[str, Ints], visits: Visits) -> Table:
    codes = np.arange(len(nodes), dtype=np.int64)
    codes[-1] = START
    used = np.flatnonzero(nodes[:, 0]) if not visits.ordered else np.arange(len(nodes))
    columns = _columns(_NODE_COLUMNS, nodes[used]) | {name: values[used] for name, values in more.items()}
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
