"""Nodes in tables: a name and a kind, so that an event called ``start`` never meets the start."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
import pandas as pd

from journeylog.core.counts import Coded, Counts
from journeylog.core.schema import KIND_OF_CODE

__all__ = ["TEXT", "Synthetic", "check_flow", "node_columns", "ratio"]

#: Type of text columns in tables.
TEXT: Any = "str" if int(pd.__version__.split(".")[0]) >= 3 else object


class Synthetic(enum.Enum):
    """The typed nodes of a journey graph; never equal to the name of an event.

    Examples
    --------
    >>> import journeylog as jl
    >>> graph = jl.datasets.tiny().compute(jl.Transitions()).to_networkx()
    >>> [str(node) for node in graph if isinstance(node, jl.Synthetic)]
    ['(start)', '(open)']
    """

    START = "start"
    REACHED = "reached"
    DROPPED = "dropped"
    OPEN = "open"

    def __str__(self) -> str:
        """Return the word in brackets, as labels show it."""
        return f"({self.value})"


def node_columns(column: Coded, name: str) -> dict[str, Any]:
    """Return the two table columns of a node key: its name and its kind."""
    typed = list(KIND_OF_CODE)
    words = [KIND_OF_CODE[code] for code in typed]
    spot = np.where(
        column.codes >= 0, column.codes + len(typed), -1 - column.codes
    )  # -1, -2, ... lead the list
    names = pd.array(np.array([*words, *column.labels], dtype=object)[spot], dtype=TEXT)
    kinds = pd.array(np.array([*words, "node"], dtype=object)[np.minimum(spot, len(typed))], dtype=TEXT)
    return {name: names, f"{name}_kind" if name != "node" else "kind": kinds}


def ratio(top: Any, bottom: Any) -> Any:
    """Return ``top / bottom`` as float64, nan where there is nothing to divide by."""
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def check_flow(counts: Counts) -> None:
    """Check that every node's ins equal its outs (on, reached, dropped and open), or fail loudly."""
    edges, nodes = counts["edges"], counts["nodes"]
    node = nodes.coded("node")
    n_nodes = len(node.labels)
    seen = np.zeros(n_nodes + 1, np.int64)
    seen[np.where(node.codes >= 0, node.codes, n_nodes)] = nodes.values["n"]
    flows = []
    for key in ("to", "from"):
        codes = edges.coded(key).onto(node)
        real = codes >= 0
        flow = np.zeros(n_nodes, np.int64)
        np.add.at(flow, codes[real], edges.values["n"][real])
        flows.append(flow)
    wrong = np.flatnonzero((flows[0] != flows[1]) | (flows[0] != seen[:-1]))
    if len(wrong):
        shown = [(node.labels[i], int(flows[0][i]), int(flows[1][i]), int(seen[i])) for i in wrong[:3]]
        raise AssertionError(f"flow is not conserved at {len(wrong)} nodes (name, in, out, visits): {shown}")
