"""From visits to the tables of the ledger: waiting by move, rework and drop-off by node, what journeys bring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk
from journeylog.core.counts import Coded, Table
from journeylog.core.kernels import ledger as kernel
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.means import word_columns
from journeylog.core.money import amounts_of_events
from journeylog.core.schema import UNDECLARED
from journeylog.core.visits import Visits
from journeylog.core.window import parse_duration
from journeylog.errors import ConfigError

__all__ = ["Limits", "ledger_tables", "move_limits", "move_rows", "read_baselines", "values_of_visits"]

Ints = npt.NDArray[np.int64]

#: Up to this many possible moves a plain grid serves.
_DENSE = 1 << 16
_EDGES = ("n", "n_timed", "n_timed_actors", "wait_ms", "excess_ms", "nn")
_NODES = (
    "n_visits",
    "n_loops",
    "n_returns",
    "rework_ms",
    "rr",
    "rv",
    "vv",
    "n_followed",
    "n_dropped",
    "kk",
    "kn",
    "nn",
)
_WORTH = ("n", "x", "nn")
_JOINT = (
    *("k_on", "k_off", "n_on", "n_off", "on_off"),
    *(
        f"{name}_{word}"
        for name in ("k_x_on", "n_x_on", "off_x_on", "k_x_off", "n_x_off", "on_x_off")
        for word in ("low", "high")
    ),
    *("xx_low", "xx_mid", "xx_high"),
)

#: What a wait may take, in milliseconds: by move, and of all others.
Limits = tuple[Mapping[tuple[str, str], int], int]


def ledger_tables(visits: Visits, limits: Limits, value: Ints | None) -> dict[str, Table]:
    """Return the tables ``edges``, ``nodes``, ``worth`` (keys ``node`` and ``lost``), ``joint`` and ``cases``.

    ``joint`` (key ``node``) has the sums over actors of products: of drops ``k`` or followed visits ``n`` and of the visits
    that went ``on`` in cases whose end is known or dropped (``off``), and of these and what cases brought from such
    visits on, to their end or until the visit dropped (``x_on``, ``x_off``), in words.

    Parameters
    ----------
    visits : Visits
    limits : Limits
        The baselines.
    value : ndarray of int64 or None
        By visit: what its case brought from the visit's enter on, in millionths.
    """
    cases, n_nodes = visits.cases, len(visits.labels)
    rows, keys = move_rows(visits)
    edges, words, nodes, worth, worth_words, joint, waited, negative = kernel.count_ledger(
        visits.node, visits.enter, visits.leave, cases.actor_offsets, cases.begin, cases.end, cases.outcome,
        n_nodes, visits.horizon, visits.patience, visits.short, rows, move_limits(limits, keys, visits.labels), value,
    )  # fmt: skip
    used = np.flatnonzero(edges[:, kernel.MOVES])
    pair = keys[used]
    moves = {"from": _coded(pair // max(n_nodes, 1), visits), "to": _coded(pair % max(n_nodes, 1), visits)}
    spot = np.arange(n_nodes) if visits.ordered else np.flatnonzero(nodes[:, kernel.VISITS])
    paid = np.flatnonzero(worth[:, kernel.WORTH_N])
    both = np.flatnonzero(joint[:, [kernel.N_ON, kernel.N_OFF]].any(axis=1))
    ways: dict[str, Coded | Ints] = {
        "node": _coded(paid % max(n_nodes, 1), visits),
        "lost": paid // max(n_nodes, 1),
    }
    total = {
        "n_cases": len(cases),
        "n_under_way": cases.n_under_way,
        "n_actors": int(np.count_nonzero(np.diff(cases.actor_offsets))),
        "wait_ms": int(waited),
        "n_negative": int(negative),
        "patience": visits.patience if cases.patience != UNDECLARED else UNDECLARED,
    }
    return {
        "edges": Table(moves, {**_columns(_EDGES, edges[used]), **word_columns(words[used])}),
        "nodes": Table({"node": _coded(spot, visits)}, _columns(_NODES, nodes[spot])),
        "worth": Table(ways, {**_columns(_WORTH, worth[paid]), **word_columns(worth_words[paid])}),
        "joint": Table({"node": _coded(both, visits)}, _columns(_JOINT, joint[both])),
        "cases": Table(
            {}, {name: np.array([n], np.int64) for name, n in total.items()}, largest=("patience",)
        ),
    }


def values_of_visits(
    chunk: Chunk, visits: Visits, case: str, node: str, merge: bool, currency: str | None
) -> Ints | None:
    """Return what each visit's case brought from its enter on, in millionths; None without amounts."""
    money = amounts_of_events(chunk, "value", currency)
    if money is None:
        return None
    level, codes = chunk.cases(case), chunk.category(node).codes
    if level.order is not None:
        codes, money = codes[level.order], money[level.order]
    return np.asarray(
        kernel.visit_values(
            codes, money, level.begin, level.end, merge, visits.cases.begin, len(visits.node)
        ),
        dtype=np.int64,
    )


def move_rows(visits: Visits) -> tuple[Any, Ints]:
    """Return the row of the move that leaves each visit (None: the key itself), and the key of each row."""
    n_nodes = len(visits.labels)
    if n_nodes * n_nodes <= _DENSE:
        return None, np.arange(n_nodes * n_nodes, dtype=np.int64)
    node = visits.node.astype(np.int64)
    keys = node * n_nodes + np.append(
        node[1:], 0
    )  # behind a case's last visit it means nothing, and is not used
    rows, found, _ = number_keys(keys)
    return rows, found


def move_limits(limits: Limits, keys: Ints, labels: tuple[str, ...]) -> Ints:
    """Return what a wait may take, in milliseconds, by the key of its move."""
    by_move, others = limits
    out = np.full(len(keys), others, np.int64)
    if by_move:
        place = {name: i for i, name in enumerate(labels)}
        wanted = {
            place[a] * len(labels) + place[b]: ms
            for (a, b), ms in by_move.items()
            if a in place and b in place
        }
        row = {key: i for i, key in enumerate(keys.tolist()) if key in wanted}
        for key, i in row.items():
            out[i] = wanted[key]
    return out


def read_baselines(given: Mapping[Any, Any]) -> tuple[tuple[str, str, int], ...]:
    """Return baselines by move as sorted tuples, in microseconds."""
    rows = []
    for key, value in given.items():
        if not (isinstance(key, tuple) and len(key) == 2):
            raise ConfigError(f"baseline={{{key!r}: ...}} is no move. Fix: {{('cart', 'pay'): '5min'}}")
        zero = isinstance(value, dt.timedelta) and not value
        rows.append((str(key[0]), str(key[1]), 0 if zero else parse_duration(value, name="baseline")))
    return tuple(sorted(rows))


def _coded(codes: Ints, visits: Visits) -> Coded:
    return Coded(codes.astype(np.int64), visits.labels, visits.ordered)


def _columns(names: tuple[str, ...], grid: Ints) -> dict[str, Ints]:
    return dict(zip(names, grid.T.copy(), strict=True))
