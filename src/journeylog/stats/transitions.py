"""Transitions: who moves where, how often, how fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import NO_PATIENCE, PathStat, check_choice, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts, Table
from journeylog.core.durations import BIN_NOTE, DurationBins
from journeylog.core.edges import edge_tables
from journeylog.core.intervals import cluster_share
from journeylog.core.later import Later
from journeylog.core.means import cluster_mean, joined_words
from journeylog.core.nodes import Synthetic, check_flow, node_columns, ratio
from journeylog.core.notes import note
from journeylog.core.schema import DROPPED, OPEN
from journeylog.core.window import Window
from journeylog.errors import ConfigError, OutputError

__all__ = ["Transitions", "TransitionsResult"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Transitions(PathStat):
    """Count the moves from node to node in every case, with shares, intervals and times.

    A case goes from its start to its first node, from node to node, and ends reached, dropped or open. Start
    and ends are nodes of their own kind, so no event name can meet them.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    time : {"wait", "stay", "dwell"}
        Which duration a transition carries. ``wait``: exit to the next visit's enter; ``stay``: enter to the next
        visit's enter; ``dwell``: enter to exit of the visit that is left.
    quantiles : bool
        Whether to give the mean's interval, the median and the 90th percentile besides the mean.
    intervals : bool
        With `quantiles`: whether median and 90th percentile carry intervals, too. Which values of an actor belong
        together has to be found out for that, which makes the whole take about half as long again.

    Notes
    -----
    Table, one row a transition, most frequent first: ``from, from_kind, to, to_kind, n, n_cases, n_actors,
    n_tied, n_timed, n_followed, n_from_followed, rate, rate_low, rate_high, time_mean_s, time_mean_low_s,
    time_mean_high_s, time_median_s, time_p90_s``; with `intervals` also ``time_median_low_s, time_median_high_s,
    time_p90_low_s, time_p90_high_s``, each pair behind what it bounds.

    ``rate`` is ``n_followed / n_from_followed``: of the visits watched for the whole patience, the share that
    went this way within it. Visits too young to tell are in ``n`` but not in the rate, so the rate is not bent by
    the window's end. A move that took longer than the patience is in ``n``, but in the rate it is silence: it
    counts for the row to ``dropped``, whose ``n_followed`` can therefore exceed its ``n``. A row to ``open`` has
    no rate. Without a declared patience the rate is the share of all moves made.
    The interval knows that one actor may move often (see :func:`journeylog.core.intervals.cluster_share`).

    Times are over ``n_timed`` moves: the followed ones, for the same reason (near the window's end only quick
    moves can be seen), or all moves made where the window is not longer than the patience.

    ``n_tied`` transitions lie between equal times: their direction rests on the declared order of ties.

    ``tables["nodes"]``: ``node, kind, n, n_cases, n_actors, n_followed, n_effective, n_loops, n_returns``; `n_effective`
    is how many actors with as many followed visits each would weigh as much: one giant counts for few.

    Counts merge by addition, keyed by the names of both nodes.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny()
    >>> log.compute(jl.Transitions()).table[["from", "to", "n", "n_cases"]].head(3)
        from    to  n  n_cases
    0  start  home  4        4
    1   cart   pay  2        2
    2   home  cart  2        2
    """

    time: Literal["wait", "stay", "dwell"] = "wait"
    quantiles: bool = True
    intervals: bool = False

    def __post_init__(self) -> None:
        """Check the choices."""
        check_choice("time", self.time, ("wait", "stay", "dwell"))
        if self.intervals and not self.quantiles:
            raise ConfigError("intervals of quantiles need the quantiles. Fix: leave quantiles=True")

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of edges, nodes and duration bins."""
        visits = self.visits(chunk, window)
        return Counts(edge_tables(visits, self.time, self.quantiles, clustered=self.intervals))

    def result(self, counts: Counts, window: Window) -> TransitionsResult:
        """Return shares, intervals and times."""
        check_flow(counts)
        edges, nodes = counts["edges"], counts["nodes"]
        table = pd.DataFrame(
            {
                **node_columns(edges.coded("from"), "from"),
                **node_columns(edges.coded("to"), "to"),
                **{
                    name: edges.values[name]
                    for name in ("n", "n_cases", "n_actors", "n_tied", "n_timed", "n_followed")
                },
                **_shares(edges, nodes),
                **_times(counts, self.time),
            }
        )
        order = np.lexsort((edges.codes("to"), edges.codes("from"), -edges.values["n"]))
        total = {name: int(values.sum()) for name, values in counts["cases"].values.items()}
        return TransitionsResult(
            self,
            window,
            table.iloc[order].reset_index(drop=True),
            Later({"nodes": partial(_node_frame, nodes)}),  # replicates of a bootstrap have no use for it
            _notes(self, edges, total),
        )


@dataclass(frozen=True, eq=False, repr=False)
class TransitionsResult(Result):
    """The transition graph; see :class:`Transitions` for its tables."""

    @property
    def nodes(self) -> pd.DataFrame:
        """One row a node with its visits, cases, actors, self-loops and returns."""
        return self.tables["nodes"]

    def to_networkx(self) -> nx.DiGraph[Any]:
        """Return the graph; nodes of the data are their names, the typed ones members of :class:`Synthetic`.

        Examples
        --------
        >>> import journeylog as jl
        >>> graph = jl.datasets.tiny().compute(jl.Transitions()).to_networkx()
        >>> graph["home"]["cart"]["n"]
        2
        """
        graph: nx.DiGraph[Any] = nx.DiGraph()
        for row in self.nodes.to_dict("records"):
            graph.add_node(
                _graph_node(row["node"], row["kind"]), **{str(k): v for k, v in row.items() if k != "node"}
            )
        for row in self.table.to_dict("records"):
            start, to = _graph_node(row["from"], row["from_kind"]), _graph_node(row["to"], row["to_kind"])
            graph.add_node(to, kind=row["to_kind"])
            facts = {str(k): v for k, v in row.items() if k not in ("from", "to", "from_kind", "to_kind")}
            graph.add_edge(start, to, **facts)
        return graph

    def to_graphml(self, path: str | Path) -> Path:
        """Write the graph as GraphML (Gephi, yEd): nodes carry ``label`` and ``kind``, missing numbers are left out.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        source = self.to_networkx()
        plain: nx.DiGraph[str] = nx.DiGraph()
        ids = {node: f"n{i}" for i, node in enumerate(source)}
        for node, facts in source.nodes(data=True):
            plain.add_node(ids[node], label=_xml_text(str(node)), **_plain(facts))
        for start, to, facts in source.edges(data=True):
            plain.add_edge(ids[start], ids[to], **_plain(facts))
        try:
            nx.write_graphml(plain, path)
        except OSError as error:
            raise OutputError(f"{path} could not be written: {error}. Fix: choose another place") from error
        return Path(path)

    def matrix(self, values: str = "rate") -> pd.DataFrame:
        """Return one column of the table as a matrix, from-nodes down and to-nodes across, keyed by (kind, name).

        Where no move was, counts and rates are 0; what is not known (a time, a rate of too young visits) is nan.
        """
        sides = {
            side: list(zip(self.table[f"{side}_kind"], self.table[side], strict=True))
            for side in ("from", "to")
        }
        rows, columns = (list(dict.fromkeys(sides[side])) for side in ("from", "to"))
        grid = np.full((len(rows), len(columns)), np.nan if values.endswith("_s") else 0.0)
        row, column = ({name: i for i, name in enumerate(names)} for names in (rows, columns))
        cells = [row[name] for name in sides["from"]], [column[name] for name in sides["to"]]
        grid[cells] = self.table[values].to_numpy(dtype=np.float64)
        return pd.DataFrame(
            grid,
            index=pd.MultiIndex.from_tuples(rows, names=["from_kind", "from"]),
            columns=pd.MultiIndex.from_tuples(columns, names=["to_kind", "to"]),
        )


def _shares(edges: Table, nodes: Table) -> dict[str, Any]:
    """Return the rate of each edge among the followed visits of its from-node, with its interval."""
    row = nodes.find(edges, {"node": "from"})
    n = nodes.values["n_followed"][row]
    k = edges.values["n_followed"]
    low, high = cluster_share(
        k,
        n,
        edges.values["kk"],
        edges.values["kn"],
        nodes.values["nn"][row],
    )
    told = edges.codes("to") != OPEN
    parts = {"rate": ratio(k, n), "rate_low": low, "rate_high": high}
    return {"n_from_followed": n, **{name: np.where(told, v, np.nan) for name, v in parts.items()}}


def _times(counts: Counts, meaning: str) -> dict[str, Any]:
    """Return mean, and what was counted to tell more; nan for transitions without a duration."""
    edges = counts["edges"]
    timed = edges.codes("from") >= 0
    if meaning != "dwell":
        timed &= edges.codes("to") >= 0
    values = edges.values
    n, total_ms, nn = values["n_timed"], values["time_ms"], values["timed_kk"]
    columns = {"time_mean_s": ratio(total_ms, n) / 1000}
    if "bins" in counts.tables:
        low, high = cluster_mean(total_ms, n, *joined_words(values), nn, positive=True)
        columns |= {"time_mean_low_s": low / 1000, "time_mean_high_s": high / 1000}
    columns = {name: np.where(timed, column, np.nan) for name, column in columns.items()}
    if "bins" not in counts.tables:
        return columns
    bins = counts["bins"]
    pairs = (bins.values["kk"], bins.values["kn"]) if "kk" in bins.values else None
    group = edges.find(bins, {"from": "from", "to": "to"})
    durations = DurationBins.of(group, bins.codes("bin"), bins.values["n"], len(edges), pairs)
    for name, q in (("median", 0.5), ("p90", 0.9)):
        columns[f"time_{name}_s"] = durations.quantile(q)
        if pairs is not None:
            bounds = durations.quantile_interval(q)
            columns[f"time_{name}_low_s"], columns[f"time_{name}_high_s"] = bounds
    return columns


def _node_frame(nodes: Table) -> pd.DataFrame:
    n = nodes.values["n_followed"].astype(np.float64)
    columns: dict[str, Any] = {k: nodes.values[k] for k in ("n", "n_cases", "n_actors", "n_followed")}
    columns["n_effective"] = np.nan_to_num(ratio(n * n, nodes.values["nn"]))
    columns |= {k: nodes.values[k] for k in ("n_loops", "n_returns")}
    frame = pd.DataFrame({**node_columns(nodes.coded("node"), "node"), **columns})
    if nodes.coded("node").ordered:
        frame.attrs["ordered"] = (
            True  # stages: the order of the rows has a meaning, also where it is that of volume
        )
        return frame
    return frame.sort_values(["n", "node"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _notes(question: Transitions, edges: Table, total: dict[str, int]) -> tuple[str, ...]:
    notes = [BIN_NOTE] if question.quantiles else []
    ends = edges.codes("to")
    if (ends == OPEN).any() and not (ends == DROPPED).any():
        notes.append(NO_PATIENCE)
    notes += under_way_note(total["n_under_way"])
    if total["n_without"]:
        notes.append(
            note("{n:,} of {total:,} cases visit no node", n=total["n_without"], total=total["n_cases"])
        )
    return tuple(notes)


def _graph_node(name: str, kind: str) -> str | Synthetic:
    return name if kind == "node" else Synthetic(kind)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts GraphML can hold: no nan, no numpy types."""
    values = {k: v.item() if isinstance(v, np.generic) else v for k, v in facts.items()}
    return {k: v for k, v in values.items() if v == v}


def _xml_text(text: str) -> str:
    """Replace what XML 1.0 cannot hold."""
    return "".join(c if c in "\t\n\r" or " " <= c <= "\ud7ff" or c >= "\ue000" else "\ufffd" for c in text)
