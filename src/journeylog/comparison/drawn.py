"""The graph of two groups together, on which their differences are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journeylog.core.contracts import Result
from journeylog.stats.transitions import TransitionsResult

__all__ = ["pooled"]

_EDGE, _NODE = ["from", "from_kind", "to", "to_kind"], ["node", "kind"]


def pooled(one: Result, other: Result) -> TransitionsResult:
    """Return the moves of two results added up, without shares and times."""
    assert isinstance(one, TransitionsResult) and isinstance(other, TransitionsResult)
    table = _added(one.table, other.table, _EDGE)
    table["rate"] = np.nan  # a share of both together is none of either
    nodes = _added(one.nodes, other.nodes, _NODE)
    nodes.attrs |= one.nodes.attrs
    window = one.window.union(other.window)
    return TransitionsResult(one.question, window, table, {"nodes": nodes})


def _added(one: pd.DataFrame, other: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the counts of both tables added up by key, in the order of the first and then of the second."""
    counts = [name for name in one.columns if str(name).startswith("n_") or name == "n"]
    both: Any = pd.concat([one[[*keys, *counts]], other[[*keys, *counts]]])
    return pd.DataFrame(both.groupby(keys, sort=False, dropna=False)[counts].sum().reset_index())
