"""The walk: all actors take their next step at once, until nobody is left.

One pass of array operations a step, so the cost is the number of events, and the answer depends on the generator's
state alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylog.datasets.planted import MomentOfTruth
from journeylog.datasets.spec import Node, Segment, Wait
from journeylog.errors import ConfigError, explain

__all__ = ["Process", "Walk", "outcome_table", "stamps", "utc", "walk"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

OPEN, DROPPED, REACHED = 0, 1, 2
STATES = ("open", "dropped", "reached")


@dataclass(frozen=True)
class Process:
    """Transition rows as arrays: one row a node, one column a way on (padded).

    `target` holds node numbers, or ``-DROPPED`` and ``-REACHED``. With a bad segment there is a second block of
    rows below the first, so that a customer of the segment walks on row ``node + n_nodes``. With a moment of truth
    all these rows are there once more, for those who met it: ``met`` rows further down.
    """

    n_nodes: int
    cumulative: Floats
    target: Ints
    mean_s: Floats
    shape: Floats
    gamma: NDArray[np.bool_]
    met: int = 0

    @classmethod
    def of(
        cls, nodes: tuple[Node, ...], segment: Segment | None = None, moment: MomentOfTruth | None = None
    ) -> Process:
        """Lay out `nodes` as arrays."""
        number = {node.name: i for i, node in enumerate(nodes)}
        rows = list(nodes)
        if segment is not None:
            rows += [
                node if node.name != segment.node else with_hazard(node, segment.dropped) for node in nodes
            ]
        met = 0 if moment is None else len(rows)
        if moment is not None:
            rows += [with_hazard(node, moment.dropped(node.dropped)) for node in rows]
        width = max(len(node.next) for node in rows) + 2
        probability = np.zeros((len(rows), width))
        target = np.full((len(rows), width), -DROPPED, dtype=np.int64)
        mean_s, shape = np.ones((2, len(rows), width))
        gamma = np.zeros((len(rows), width), dtype=bool)
        for r, node in enumerate(rows):
            ends = [(-DROPPED, node.dropped, None), (-REACHED, node.reached, None)]
            ways: list[tuple[int, float, Wait | None]] = [
                (number[e.to], e.probability, e.wait) for e in node.next
            ]
            for k, (to, share, wait) in enumerate(way for way in ways + ends if way[1] > 0):
                probability[r, k], target[r, k] = share, to
                if wait is not None:
                    mean_s[r, k], shape[r, k] = wait.mean_s, wait.shape
                    gamma[r, k] = wait.family == "gamma"
        cumulative = np.cumsum(probability, axis=1)
        cumulative[cumulative >= 1 - 1e-9] = 1.0
        return cls(len(nodes), cumulative, target, mean_s, shape, gamma, met)

    def choose(self, rng: np.random.Generator, row: Ints) -> Ints:
        """Draw a way on (a column) for each row number."""
        u = rng.random(len(row))
        picked: Ints = (u[:, None] >= self.cumulative[row]).sum(axis=1)
        return picked

    def wait_ms(self, rng: np.random.Generator, row: Ints, way: Ints) -> Ints:
        """Draw waits in whole milliseconds, at least one, so that no two events of an actor tie."""
        mean, shape = self.mean_s[row, way], self.shape[row, way]
        seconds = mean * np.exp(shape * rng.standard_normal(len(row)) - shape * shape / 2)
        gamma = self.gamma[row, way]
        if gamma.any():
            seconds[gamma] = rng.standard_gamma(shape[gamma]) * mean[gamma] / shape[gamma]
        whole: Ints = np.maximum(1, np.rint(seconds * 1000)).astype(np.int64)
        return whole


def with_hazard(node: Node, dropped: float) -> Node:
    """Return `node` with another probability of dropping out; the other ways on divide the rest as before."""
    if dropped == node.dropped:
        return node
    rest = (1 - dropped) / (1 - node.dropped)
    return Node(
        node.name,
        node.stage,
        node.channel,
        node.source,
        tuple(type(edge)(edge.to, edge.probability * rest, edge.wait) for edge in node.next),
        dropped,
        node.reached * rest,
    )


@dataclass(frozen=True)
class Walk:
    """Events in (walker, step) order, and how each walker ended."""

    walker: Ints
    node: Ints
    time_ms: Ints
    state: Ints


def walk(
    process: Process,
    rng: np.random.Generator,
    first: Ints,
    *,
    shift: Ints | None = None,
    horizon_ms: Ints | None = None,
    habit: Ints | None = None,
    moment: tuple[int, int] | None = None,
) -> Walk:
    """Walk `process` once for every entry of `first`, from time 0.

    Parameters
    ----------
    first : array of int
        First node of each walker.
    shift : array of int, optional
        Added to the node number to find each walker's row (the segment's block).
    horizon_ms : array of int, optional
        Events later than this are cut off, and the walker is open.
    habit : array of int, shape (walkers, nodes), optional
        Way a walker always takes at a node; -1 where it chooses anew.
    moment : (int, int), optional
        The node of the moment of truth, and the goal, at which its effect ends.
    """
    n = len(first)
    live, here, clock = np.arange(n), np.asarray(first, dtype=np.int64), np.zeros(n, dtype=np.int64)
    if horizon_ms is not None:
        inside = horizon_ms >= 0
        live, here, clock = live[inside], here[inside], clock[inside]
    state = np.full(n, OPEN, dtype=np.int64)
    met = np.zeros(n, dtype=np.int64)
    steps = [(live, here, clock)]
    while live.size:
        row = here if shift is None else here + shift[live]
        if moment is not None:
            met[live[here == moment[1]]] = 0
            met[live[here == moment[0]]] = process.met
            row = row + met[live]
        way = process.choose(rng, row)
        if habit is not None:
            fixed = habit[live, here]
            way = np.where(fixed >= 0, fixed, way)
        to = process.target[row, way]
        over = to < 0
        state[live[over]] = -to[over]
        go = ~over
        live, here, clock = live[go], to[go], clock[go] + process.wait_ms(rng, row[go], way[go])
        if horizon_ms is not None:
            inside = clock <= horizon_ms[live]
            live, here, clock = live[inside], here[inside], clock[inside]
        steps.append((live, here, clock))
    walker, node, time_ms = (np.concatenate(part) for part in zip(*steps, strict=True))
    order = np.argsort(walker, kind="stable")
    return Walk(walker[order], node[order], time_ms[order], state)


def outcome_table(
    path: Walk,
    time_ms: Ints,
    window_ms: tuple[int, int] | None,
    names: NDArray[np.object_],
    origin: pd.Timestamp,
) -> pd.DataFrame:
    """Return ``state, last_node, last_time, n_events`` by walker; the last three from events inside the window.

    A walker with events after the window is open, whatever became of it later.
    """
    n = len(path.state)
    low, high = window_ms or (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
    seen = (time_ms >= low) & (time_ms <= high)
    last = np.full(n, -1)
    last[path.walker[seen]] = np.flatnonzero(seen)
    after = np.zeros(n, dtype=bool)
    after[path.walker[time_ms > high]] = True
    some = last >= 0
    last_node = np.full(n, None, dtype=object)
    last_node[some] = names[path.node[last[some]]]
    moments = stamps(
        origin, np.where(some, time_ms[last], 0) if len(time_ms) else np.zeros(n, dtype=np.int64)
    )
    return pd.DataFrame(
        {
            "state": np.array(STATES, dtype=object)[np.where(after, OPEN, path.state)],
            "last_node": last_node,
            "last_time": moments.where(some),
            "n_events": np.bincount(path.walker[seen], minlength=n),
        }
    )


def stamps(origin: pd.Timestamp, time_ms: Ints) -> pd.Series[pd.Timestamp]:
    """Return the UTC times `time_ms` milliseconds after `origin`."""
    base = np.datetime64(origin.tz_localize(None), "us")
    moments: pd.Series[pd.Timestamp] = pd.Series(base + time_ms * np.timedelta64(1000, "us"))
    return moments.dt.tz_localize("UTC")


def utc(text: str) -> pd.Timestamp:
    """Return the moment `text` names, in UTC when it names no zone."""
    try:
        stamp = pd.Timestamp(text)
    except ValueError as error:
        raise ConfigError(explain("not a date", examples=[text], fix="write it as 2025-01-06")) from error
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
