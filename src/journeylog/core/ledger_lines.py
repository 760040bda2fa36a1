"""Lines of the ledger: waits by move, rework and drop-off by node, each as a volume times a rate with its interval.

What drop-off has cost is added by :mod:`journeylog.core.ledger_money`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.counts import Table
from journeylog.core.differences import Estimates, difference
from journeylog.core.intervals import cluster_share
from journeylog.core.means import cluster_mean, joined_words
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.schema import SECOND
from journeylog.core.window import parse_duration

__all__ = ["drop_lines", "rework_lines", "wait_lines"]

Floats = npt.NDArray[np.float64]

#: Nodes with fewer followed visits say nothing about what drop-off is usual.
_COMPARABLE = 20


def wait_lines(edges: Table, baseline: Any) -> pd.DataFrame:
    """Return one line for each move that was timed."""
    edges = edges.take(np.flatnonzero(edges.values["n_timed"]))
    v, n = edges.values, edges.values["n_timed"]
    xx, xn = joined_words(v)
    low, high = cluster_mean(v["excess_ms"], n, xx, xn, v["nn"], positive=True)
    rate = Estimates(*(part / 1000 for part in (ratio(v["excess_ms"], n), low, high)))
    names = [edges.coded(key).names({}) for key in ("from", "to")]
    limits = {} if not isinstance(baseline, tuple) else {(a, b): us / SECOND for a, b, us in baseline}
    others = parse_duration(baseline) / SECOND if isinstance(baseline, str | dt.timedelta) else 0.0
    used = [limits.get((str(a), str(b)), others) for a, b in zip(*names, strict=True)]
    return _lines(names[0], names[1], n, v["wait_ms"] / 1000, rate, np.array(used), rate)


def rework_lines(nodes: Table) -> pd.DataFrame:
    """Return one line for each node that was visited again by the same case."""
    v = nodes.values
    repeats = v["n_loops"] + v["n_returns"]
    nodes, repeats = nodes.take(np.flatnonzero(repeats)), repeats[repeats > 0]
    v = nodes.values
    # a share of visits whose first is never one: its spread between actors can be less than that of as many coins
    low, high = cluster_mean(repeats, v["n_visits"], v["rr"], v["rv"], v["vv"], positive=True)
    rate = Estimates(ratio(repeats, v["n_visits"]), low, np.minimum(high, 1))
    none = np.zeros(len(repeats))
    return _lines(nodes.coded("node").names({}), None, v["n_visits"], repeats, rate, none, rate)


def drop_lines(nodes: Table, expected: Any, told: bool) -> tuple[pd.DataFrame, list[str]]:
    """Return one line for each node with followed visits, and the nodes nothing is expected of."""
    v = nodes.values
    nodes = nodes.take(np.flatnonzero(v["n_followed"] if told else np.zeros(len(nodes), bool)))
    v, names = nodes.values, [str(name) for name in nodes.coded("node").names({})]
    n = v["n_followed"]
    rate = Estimates(ratio(v["n_dropped"], n), *cluster_share(v["n_dropped"], n, v["kk"], v["kn"], v["nn"]))
    usual = _usual(names, rate.value, n, expected)
    beyond = difference(usual, rate)
    lines = _lines(names, None, n, v["n_dropped"], rate, usual.value, beyond)
    known = np.isfinite(usual.value)
    return lines[known].reset_index(drop=True), [name for name, k in zip(names, known, strict=True) if not k]


def _usual(names: list[str], rates: Floats, n: Any, expected: Any) -> Estimates:
    """Return the expected share of each node with its bounds."""
    if isinstance(expected, tuple):
        known = {name: bounds for name, *bounds in expected}
        rows = np.array([known.get(name, (np.nan,) * 3) for name in names]).reshape(-1, 3)
        return Estimates(rows[:, 0], rows[:, 1], rows[:, 2])
    if expected == "median":
        comparable = n >= _COMPARABLE
        some = rates[comparable] if comparable.any() else rates
        expected = float(np.median(some)) if len(some) else np.nan
    share = np.full(len(names), float(expected))
    return Estimates(share, share, share)


def _lines(
    node: Any, to: Any, n: Any, total: Any, rate: Estimates, baseline: Floats, beyond: Estimates
) -> pd.DataFrame:
    """Return lines whose amount is so much `beyond` a unit of the volume `n`."""
    amount = {f"amount{bound}": part * n for bound, part in zip(("", "_low", "_high"), beyond, strict=True)}
    return pd.DataFrame(
        {
            "node": pd.array(node, dtype=TEXT),
            "to": pd.array([None] * len(n) if to is None else to, dtype=TEXT),
            "n": n,
            "total": np.asarray(total, dtype=np.float64),
            **amount,
            **dict(zip(("rate", "rate_low", "rate_high"), rate, strict=True)),
            "baseline": baseline,
        }
    )
