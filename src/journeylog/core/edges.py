"""The matching core: from visits to counts of edges, nodes and duration bins.

Graph, drop-off, Sankey and bottlenecks all read these tables, so their numbers agree by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from journeylog.core.counts import Coded, Table
from journeylog.core.grouping import divided
from journeylog.core.kernels import bins as bin_kernel
from journeylog.core.kernels import edges as kernel
from journeylog.core.kernels.clustered import clustered_stretches, rings_of_nodes
from journeylog.core.kernels.groups import count_codes
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.squares import N_WORDS
from journeylog.core.means import word_columns
from journeylog.core.schema import DROPPED, OPEN, REACHED, START
from journeylog.core.visits import Visits

__all__ = [
    "END_KINDS",
    "EdgeRows",
    "dwell_table",
    "edge_columns",
    "edge_tables",
    "end_tables",
    "most_transitions",
    "place_edges",
    "wait_and_stay_tables",
]

#: How a visit went on, in the order of the key ``end``.
END_KINDS = ("continued", "reached", "dropped", "open")

Ints = npt.NDArray[np.int64]

#: Up to this many possible edges a plain grid serves; beyond, edges that occur are numbered (linear in events).
_DENSE = 1 << 16

_EDGE_COLUMNS = ("n", "n_actors", "n_followed", "kk", "kn", "n_tied", "n_returns", "time_ms")
_NODE_COLUMNS = ("n", "n_cases", "n_actors", "n_followed", "n_followed_actors", "nn", "n_late")


@dataclass(frozen=True, eq=False)
class EdgeRows:
    """Where the counts of an edge are kept."""

    rows: (
        npt.NDArray[np.int32] | None
    )  # of every transition in walking order; None when the key itself is the row
    drop_rows: npt.NDArray[np.int32]  # of the edge to dropped, by from-node
    keys: Ints  # from * (V + 3) + to, by row; empty when the row itself is the key
    n_rows: int


def edge_tables(
    visits: Visits, meaning: str, quantiles: bool, baseline_ms: int | None = None, clustered: bool = False
) -> dict[str, Table]:
    """Return the tables ``edges``, ``nodes``, ``cases`` and, with `quantiles`, ``bins``.

    Parameters
    ----------
    visits : Visits
    meaning : {"stay", "dwell", "wait"}
        Which duration an edge carries.
    quantiles : bool
        Whether to count durations in bins, and on the edges their second moments over actors (the words of
        :mod:`journeylog.core.means`).
    baseline_ms : int, optional
        With `quantiles`: also sum up, as ``excess_ms``, what each followed transition took above it.
    clustered : bool
        With `quantiles`: also the bins' second moments ``kk`` and ``kn``, by which the intervals of quantiles know how
        alike the times of one actor are (see :mod:`journeylog.core.kernels.clustered`).
    """
    place = place_edges(visits)
    walked = _walked(visits, meaning, place)
    columns = walked.columns
    tables = walked.tables
    if quantiles:
        counted = _durations(visits.timed, meaning, place, walked.visited, baseline_ms)
        count = clustered_stretches if clustered else bin_kernel.count_stretches
        tables["bins"] = _bin_table(count(*counted.stretches), visits)
        columns = columns | counted.columns(walked.used)
    tables["edges"] = Table(edge_columns(walked.keys, visits), columns)
    return tables


def wait_and_stay_tables(visits: Visits, baseline_ms: int | None = None) -> dict[str, Table]:
    """Return the tables of :func:`edge_tables` of the waits, and those of the stays by node.

    ``stays`` (key ``from``) has the moves from a node to another visit, how long the visits they leave were stayed at,
    and what that takes above the baseline, with second moments over actors; ``stay_bins`` (keys ``from``, ``bin``) the
    stays in bins. Bins have second moments, too: those of waits are exact, of stays ``kk`` is told by neighbours (see
    :mod:`journeylog.core.kernels.clustered`).
    """
    place, n_nodes = place_edges(visits), len(visits.labels)
    walked = _walked(visits, "wait", place)
    instant = visits.enter is visits.leave  # a visit is one moment, and staying is waiting
    whole = np.zeros((n_nodes, N_WORDS), np.int64)
    waits = _durations(visits.timed, "wait", place, walked.visited, baseline_ms, whole if instant else None)
    waited = columns = walked.columns | waits.columns(walked.used)
    stays = waits
    if not instant:
        stays = _durations(visits.timed, "stay", place, walked.visited, baseline_ms, whole)
        columns = _walked(visits, "stay", place).columns | stays.columns(walked.used)
    found, squares = rings_of_nodes(*stays.stretches, 1)
    tables = walked.tables | {"bins": _bin_table(clustered_stretches(*waits.stretches), visits)}
    tables["edges"] = Table(edge_columns(walked.keys, visits), waited)
    start, to = divided(walked.keys, n_nodes + 3)
    moves = np.flatnonzero((start < n_nodes) & (to < n_nodes))
    left, row = np.unique(start[moves], return_inverse=True)
    values = {"timed_kk": squares[left, 0], **word_columns(whole[left])}
    for name in ("n", "n_timed", "time_ms", "excess_ms"):
        values[name] = np.zeros(len(left), np.int64)
        np.add.at(values[name], row, columns[name][moves])
    tables["stays"] = Table({"from": Coded(left, visits.labels, visits.ordered)}, values)
    return tables | {"stay_bins": _node_bins("from", found, visits)}


def dwell_table(visits: Visits) -> Table:
    """Return how long followed visits lasted, in bins (keys ``node``, ``bin``) with their second moments.

    Each visit counts whose end is known and that was left before the horizon. ``kk`` is told by neighbours, see
    :mod:`journeylog.core.kernels.clustered`.
    """
    cases, n_nodes = visits.cases, len(visits.labels)
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(count_codes(visits.node, n_nodes))))
    last = first[:-1].copy()
    bins = np.empty(first[-1], np.int32)
    bin_kernel.dwell_bins(
        visits.node, visits.enter, visits.leave, cases.actor_offsets, cases.begin, cases.end, cases.outcome,
        n_nodes, visits.watched, last, bins,
    )  # fmt: skip
    return _node_bins("node", rings_of_nodes(bins, first[:-1], last, n_nodes, 1)[0], visits)


@dataclass(frozen=True, eq=False)
class _Walked:
    """What the walk over all transitions counted: the edges that occur, and the tables of nodes and cases."""

    used: Ints
    keys: Ints
    columns: dict[str, Ints]
    visited: Ints  # of each node, the start last
    tables: dict[str, Table]


@dataclass(frozen=True, eq=False)
class _Counted:
    """The durations of followed transitions: what is counted in bins, and what each row of an edge has of them."""

    stretches: tuple[npt.NDArray[np.integer], Ints, Ints, int]
    excess: Ints
    words: Ints

    def columns(self, used: Ints) -> dict[str, Ints]:
        return {"excess_ms": self.excess[used], **word_columns(self.words[used])}


def _walked(visits: Visits, meaning: str, place: EdgeRows) -> _Walked:
    edges, n_cases, nodes = _walk(visits, meaning, place)
    used = np.flatnonzero(edges[:, kernel.N] + edges[:, kernel.N_FOLLOWED])
    keys = place.keys[used] if len(place.keys) else used
    columns = _columns(_EDGE_COLUMNS, edges[used]) | {"n_cases": n_cases[used]}
    columns |= {"n_timed": columns["n_followed"], "timed_kk": columns["kk"]}
    if visits.short:
        timed = _walk(visits.timed, meaning, place)[0][used]
        names = {"n_timed": kernel.N_FOLLOWED, "timed_kk": kernel.KK, "time_ms": kernel.TIME_MS}
        columns |= {name: timed[:, column].copy() for name, column in names.items()}
    tables = {
        "nodes": _node_table(nodes, _rework(keys, edges[used], len(visits.labels)), visits),
        "cases": _case_table(visits),
    }
    return _Walked(used, keys, columns, nodes[:, kernel.NODE_N], tables)


def place_edges(visits: Visits) -> EdgeRows:
    """Return where the counts of each edge that can occur are kept."""
    n_nodes, cases = len(visits.labels), visits.cases
    wide = n_nodes + 3
    to_dropped = np.arange(n_nodes + 1, dtype=np.int64) * wide + n_nodes + 1
    if (n_nodes + 1) * wide <= _DENSE:
        return EdgeRows(None, to_dropped.astype(np.int32), np.zeros(0, np.int64), (n_nodes + 1) * wide)
    walked = kernel.edge_keys(visits.node, cases.begin, cases.end, cases.outcome, n_nodes)
    rows, keys, _ = number_keys(np.concatenate((walked, to_dropped)))
    return EdgeRows(rows[: len(walked)], rows[len(walked) :], keys, len(keys))


def end_tables(visits: Visits) -> dict[str, Table]:
    """Return the tables ``ends`` (keys ``node`` and ``end``, see :data:`END_KINDS`), ``nodes`` and ``cases``.

    They come from the same walk as the edges, with all ways on counted as one.
    """
    n_nodes, cases = len(visits.labels), visits.cases
    rows = kernel.end_rows(visits.node, cases.begin, cases.end, cases.outcome, n_nodes)
    drop_rows = np.arange(n_nodes + 1, dtype=np.int32) * 4 + END_KINDS.index("dropped")
    place = EdgeRows(rows, drop_rows, np.zeros(0, np.int64), (n_nodes + 1) * 4)
    ends, _, nodes = _walk(visits, "wait", place)
    used = np.flatnonzero(ends[:, kernel.N] + ends[:, kernel.N_FOLLOWED])
    start = np.where(used // 4 == n_nodes, START, used // 4)
    keys: dict[str, Coded | Ints] = {"node": Coded(start, visits.labels, visits.ordered), "end": used % 4}
    return {
        "ends": Table(keys, _columns(_EDGE_COLUMNS, ends[used])),
        "nodes": _node_table(nodes, {}, visits),
        "cases": _case_table(visits),
    }


def _walk(visits: Visits, meaning: str, place: EdgeRows) -> tuple[Ints, Ints, Ints]:
    cases = visits.cases
    several = len(cases) > 0 and int(np.diff(cases.actor_offsets).max()) > 1
    edges, n_cases, nodes = kernel.count_edges(
        visits.node, visits.enter, visits.leave, kernel.MEANINGS[meaning],
        cases.actor_offsets, cases.begin, cases.end, cases.outcome,
        len(visits.labels), visits.watched, place.rows, place.drop_rows, place.n_rows, most_transitions(visits),
        np.full(place.n_rows, -1, np.int64) if several else None,
    )  # fmt: skip
    return edges, n_cases, nodes


def _durations(
    visits: Visits,
    meaning: str,
    place: EdgeRows,
    visited: Ints,
    baseline_ms: int | None,
    whole: Ints | None = None,
) -> _Counted:
    """Return the durations of each edge, what each row has above the baseline, and its second moments.

    Those of all that leave a node are added to the words of `whole`.
    """
    cases, n_nodes = visits.cases, len(visits.labels)
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(visited[:-1])))
    last = first.copy()
    small = (n_nodes + 3) << bin_kernel.BIN_BITS < 2**31
    durations = np.empty(first[-1], np.int32 if small else np.int64)
    excess, words = bin_kernel.edge_durations(
        visits.node, visits.enter, visits.leave, kernel.MEANINGS[meaning],
        cases.actor_offsets, cases.begin, cases.end, cases.outcome, n_nodes, visits.watched, baseline_ms,
        place.rows, place.drop_rows, place.n_rows, most_transitions(visits), whole, last, durations,
    )  # fmt: skip
    return _Counted((durations, first, last, n_nodes), excess, words)


def _bin_table(counted: tuple[Ints, ...], visits: Visits) -> Table:
    """Return counts of edge and bin, as a kernel gives them, as a table."""
    found, *counts = counted
    keys = edge_columns(found >> bin_kernel.BIN_BITS, visits)
    bins = found & ((1 << bin_kernel.BIN_BITS) - 1)
    return Table({**keys, "bin": bins}, dict(zip(("n", "kk", "kn"), counts, strict=False)))


def _node_bins(key: str, found: Ints, visits: Visits) -> Table:
    """Return counts of node and bin, and their second moments, as a table."""
    cells, n, kk, kn = found
    node = Coded(cells >> bin_kernel.BIN_BITS, visits.labels, visits.ordered)
    bins = cells & ((1 << bin_kernel.BIN_BITS) - 1)
    return Table({key: node, "bin": bins}, {"n": n, "kk": kk, "kn": kn})


def edge_columns(keys: Ints, visits: Visits) -> dict[str, Coded | Ints]:
    """Return the columns ``from`` and ``to`` of keys ``from * (V + 3) + to``."""
    n_nodes = len(visits.labels)
    start, to = divided(keys, n_nodes + 3)
    nodes = np.arange(n_nodes)
    return {
        "from": Coded(np.append(nodes, START)[start], visits.labels, visits.ordered),
        "to": Coded(np.append(nodes, (REACHED, DROPPED, OPEN))[to], visits.labels, visits.ordered),
    }


def _rework(keys: Ints, edges: Ints, n_nodes: int) -> dict[str, Ints]:
    """Return how often each node was followed by itself, and how often it was come back to."""
    start, to = divided(keys, n_nodes + 3)
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
        "n_under_way": cases.n_under_way,
    }
    return Table({}, {name: np.array([n], np.int64) for name, n in total.items()})


def most_transitions(visits: Visits) -> int:
    """Return an upper bound of the transitions of one actor."""
    offsets, cases = visits.cases.actor_offsets, visits.cases
    if len(cases) == 0:
        return 1
    steps = np.concatenate((np.zeros(1, np.int64), np.cumsum(cases.end - cases.begin + 1)))
    return int(np.diff(steps[offsets]).max())
