"""What a simulation knows about itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from journeylog.datasets.planted import Displeasure, MomentOfTruth
from journeylog.datasets.spec import Node, Segment, ShopSpec
from journeylog.datasets.walk import with_hazard

__all__ = ["ChainTruth", "Truth", "conversion_table", "moment_table", "node_table", "transition_table"]


@dataclass(frozen=True)
class ChainTruth:
    """The known parameters of a simulated process, and how each of its walkers ended.

    Parameters
    ----------
    transitions : DataFrame
        ``node, next, outcome, probability, mean_wait_s, median_wait_s``: one row a way on. `outcome` is ``event``,
        or ``dropped`` or ``reached``, where `next` and the waits are missing. Probabilities of a node sum to 1.
    nodes : DataFrame
        ``node, stage, channel, source, dropped, reached, mean_score``; `dropped` is the hazard, the probability
        that the actor never comes back after this node. Only ``node, dropped, reached`` for a chain.
    start, end : Timestamp
        The window (UTC). `end` is missing when nothing was cut off.
    outcomes : DataFrame
        ``actor, ..., state, last_node, last_time, n_events``: one row an actor (of a chain: a visit), `state` being
        ``reached``, ``dropped`` or ``open`` (still under way when the window ended). `n_events` counts the events
        inside the window; `last_node` is missing where there are none.
    """

    transitions: pd.DataFrame = field(repr=False)
    nodes: pd.DataFrame = field(repr=False)
    start: pd.Timestamp
    end: pd.Timestamp | None
    outcomes: pd.DataFrame = field(repr=False)

    def hazard(self, node: str) -> float:
        """Return the probability that nothing follows `node` because the actor dropped out."""
        return float(self.nodes.set_index("node")["dropped"][node])

    def probability(self, node: str, to: str) -> float:
        """Return the probability that `to` is the event after `node`; 0 when there is no such edge."""
        rows = self.transitions
        hit = rows[(rows["node"] == node) & (rows["next"] == to)]
        return float(hit["probability"].sum())

    def mean_wait_s(self, node: str, to: str) -> float:
        """Return the mean wait on the edge, in seconds; KeyError when there is no such edge."""
        rows = self.transitions
        hit = rows[(rows["node"] == node) & (rows["next"] == to)]
        if hit.empty:
            raise KeyError((node, to))
        return float(hit["mean_wait_s"].iloc[0])


@dataclass(frozen=True)
class Truth(ChainTruth):
    """Everything known about a simulated shop; see :class:`ChainTruth` for the process itself.

    `transitions` holds for everybody outside the bad segment, `segment_transitions` has the rows of the segment's
    node for the customers inside it (same columns).

    Parameters
    ----------
    spec : ShopSpec
        What was simulated.
    segment_transitions : DataFrame
        The rows that differ in the bad segment; empty without one.
    identity : DataFrame
        ``source, id, actor``: which customer is behind each device, deal, order, ticket and response id of the
        window. An id has exactly one customer.
    dirt : DataFrame
        ``table, row, kind, code, column, n_events``: one row for every dirty row of the tables; `row` is its position
        in the table, `code` the verdict a loader must reach (a reason code, ``DUP_EXACT`` for the copy to be
        dropped, empty for rows that must be kept), `n_events` the events the row holds (more than 1 only in the wide
        table of orders).
    balance : DataFrame
        ``table, rows, n_events, n_kept, n_rejected, n_deduplicated``: what a load must add up to, by table, when
        read as :data:`journeylog.datasets.ROLES` says.
    skew : DataFrame
        ``device_id, skew_s``: devices whose clock is off, and by how much (added to the true time).
    conversion : DataFrame
        ``start, goal, n_started, n_converted``: how many customers (not devices) had the event `start` in the window,
        and how many of them also had `goal`, in whatever order. Goals are the first event of an order and the spec's.
    moment_shares : DataFrame
        ``node, before, after, ratio``: the probability that a customer outside the bad segment who is at `node` ever
        gets to the goal (again), before and after meeting the planted moment of truth, and the ratio of the two; at
        the moment itself both are the share after. Empty without one.
    """

    spec: ShopSpec = field(repr=False)
    segment_transitions: pd.DataFrame = field(repr=False)
    identity: pd.DataFrame = field(repr=False)
    dirt: pd.DataFrame = field(repr=False)
    balance: pd.DataFrame = field(repr=False)
    skew: pd.DataFrame = field(repr=False)
    conversion: pd.DataFrame = field(repr=False)
    moment_shares: pd.DataFrame = field(repr=False)

    @property
    def bottleneck(self) -> tuple[str, str]:
        """The planted edge with by far the longest wait."""
        return self.spec.bottleneck

    @property
    def unhappy_stage(self) -> str:
        """The stage whose scores are low."""
        return self.spec.unhappy_stage

    @property
    def segment(self) -> Segment | None:
        """The customers who leave more often at one node."""
        return self.spec.segment

    @property
    def moment(self) -> MomentOfTruth | None:
        """The event after which fewer drop out."""
        return self.spec.moment

    @property
    def displeasure(self) -> Displeasure | None:
        """What lowers the scores of a customer."""
        return self.spec.displeasure

    @property
    def dirt_counts(self) -> pd.Series[int]:
        """Dirty rows by (table, kind, code)."""
        return self.dirt.groupby(["table", "kind", "code"], sort=True).size().rename("n_rows")

    def to_dict(self) -> dict[str, Any]:
        """Return all but the tables by customer, id and row, as plain values that `json.dumps` takes."""
        states = self.outcomes["state"].value_counts().sort_index()
        spec = self.spec.to_dict()
        planted = {name: spec[name] for name in ("moment", "displeasure") if spec[name] is not None}
        return {
            "window": [self.start.isoformat(), None if self.end is None else self.end.isoformat()],
            "n_customers": len(self.outcomes),
            "states": {str(state): int(n) for state, n in states.items()},
            "goal": self.spec.goal,
            "bottleneck": list(self.bottleneck),
            "unhappy_stage": self.unhappy_stage,
            "bad_segment": spec["segment"],
            **planted,
            "balance": _records(self.balance),
            "dirt": _records(self.dirt_counts.reset_index()),
            "conversion": _records(self.conversion),
            "nodes": _records(self.nodes),
            "transitions": _records(self.transitions),
            "segment_transitions": _records(self.segment_transitions),
        }


def conversion_table(events: pd.DataFrame, nodes: tuple[Node, ...], goal: str) -> pd.DataFrame:
    """Return for each event how many customers had it, and how many of them also had a goal."""
    who = {str(name): frozenset(rows) for name, rows in events.groupby("event")["actor"]}
    met = {node.name: who.get(node.name, frozenset()) for node in nodes}
    goals = dict.fromkeys([*[node.name for node in nodes if node.source == "orders"][:1], goal])
    rows = [(n, g, len(met[n]), len(met[n] & met[g])) for g in goals for n in met if n != g]
    return pd.DataFrame(rows, columns=["start", "goal", "n_started", "n_converted"])


def transition_table(nodes: tuple[Node, ...], segment: Segment | None = None) -> pd.DataFrame:
    """Return the ways on of `nodes`, or only of the segment's node as the segment meets it."""
    if segment is not None:
        nodes = tuple(with_hazard(node, segment.dropped) for node in nodes if node.name == segment.node)
    rows: list[tuple[str, str | None, str, float, float, float]] = []
    nan = float("nan")
    for node in nodes:
        rows += [
            (node.name, e.to, "event", e.probability, e.wait.mean_s, e.wait.median_s)
            for e in node.next
            if e.probability > 0
        ]
        ends = (("dropped", node.dropped), ("reached", node.reached))
        rows += [(node.name, None, kind, share, nan, nan) for kind, share in ends if share > 0]
    columns = ["node", "next", "outcome", "probability", "mean_wait_s", "median_wait_s"]
    return pd.DataFrame(rows, columns=columns)


def moment_table(nodes: tuple[Node, ...], goal: str, moment: MomentOfTruth | None) -> pd.DataFrame:
    """Return by node the probability of ever getting to the goal, before and after the moment of truth."""
    columns = ["node", "before", "after", "ratio"]
    if moment is None:
        return pd.DataFrame({name: pd.Series(dtype=object if name == "node" else float) for name in columns})
    number, n = {node.name: i for i, node in enumerate(nodes)}, len(nodes)
    both = [*nodes, *(with_hazard(node, moment.dropped(node.dropped)) for node in nodes)]
    step, hit = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
    for row, node in enumerate(both):
        for edge in node.next:
            met = row >= n or edge.to == moment.event
            if edge.to == goal:
                hit[row] += edge.probability
            else:
                step[row, number[edge.to] + n * met] += edge.probability
    event, end = number[moment.event], number[goal]
    for here, there in (
        (event, event + n),
        (end + n, end),
    ):  # the effect begins at the event and ends at the goal
        step[here], hit[here] = step[there], hit[there]
    shares = np.linalg.solve(np.eye(2 * n) - step, hit)
    before, after = shares[:n], shares[n:]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = after / before
    return pd.DataFrame(
        dict(zip(columns, ([node.name for node in nodes], before, after, ratio), strict=True))
    )


def node_table(nodes: tuple[Node, ...]) -> pd.DataFrame:
    """Return one row a node with its hazard and mean score."""
    return pd.DataFrame(
        {
            "node": [n.name for n in nodes],
            "stage": [n.stage for n in nodes],
            "channel": [n.channel for n in nodes],
            "source": [n.source for n in nodes],
            "dropped": [n.dropped for n in nodes],
            "reached": [n.reached for n in nodes],
            "mean_score": [
                sum(s * p for s, p in enumerate(n.scores)) if n.scores else float("nan") for n in nodes
            ],
        }
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {str(name): [_plain(value) for value in frame[name].tolist()] for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 9)
    return value
