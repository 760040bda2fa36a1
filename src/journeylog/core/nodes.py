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
    names = pd.array(column.names(KIND_OF_CODE), dtype=TEXT)
    kinds = pd.array([KIND_OF_CODE.get(int(c), "node") for c in column.codes], dtype=TEXT)
    return {name: names, f"{name}_kind" if name != "node" else "kind": kinds}


def ratio(top: Any, bottom: Any) -> Any:
    """Return ``top / bottom`` as float64, nan where there is nothing to divide by."""
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def check_flow(counts: Counts) -> None:
    """Check that every node's ins equal its outs (on, reached, dropped and open), or fail loudly."""
    edges, nodes = counts["edges"], counts["nodes"]
    start, to = edges.keys["from"], edges.keys["to"]
    node = nodes.keys["node"]
    assert isinstance(start, Coded) and isinstance(to, Coded) and isinstance(node, Coded)
    entered: dict[str | None, int] = {}
    left: dict[str | None, int] = {}
    for column, total in ((to, entered), (start, left)):
        for name, code, n in zip(
            column.names({}), column.codes.tolist(), edges.values["n"].tolist(), strict=True
        ):
            if code >= 0:
                total[name] = total.get(name, 0) + n
    seen = {
        name: n
        for name, code, n in zip(node.names({}), node.codes.tolist(), nodes.values["n"].tolist(), strict=True)
        if code >= 0 and n
    }
    if not entered == left == seen:
        wrong = {k: (entered.get(k), left.get(k), seen.get(k)) for k in {*entered, *left, *seen}}
        wrong = {k: v for k, v in wrong.items() if len(set(v)) > 1}
        raise AssertionError(f"flow is not conserved (in, out, visits): {dict(list(wrong.items())[:3])}")
