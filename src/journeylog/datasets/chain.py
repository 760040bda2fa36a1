"""A plain chain of named nodes with known truth, cheap enough to be drawn hundreds of times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.datasets.spec import Edge, Node, Wait, check_nodes
from journeylog.datasets.truth import ChainTruth, node_table, transition_table
from journeylog.datasets.walk import Ints, Process, outcome_table, stamps, utc, walk
from journeylog.errors import ConfigError, explain

__all__ = ["ChainSimulation", "simulate_chain"]

DAY_MS = 86_400_000


@dataclass(frozen=True)
class ChainSimulation:
    """Events and truth of a simulated chain.

    Parameters
    ----------
    events : DataFrame
        ``actor, visit, event, time`` in (actor, time) order; `visit` counts an actor's passes through the chain
        from 1, `time` is datetime64[us, UTC], no two events of an actor tie.
    truth : ChainTruth
        The parameters, and one row of outcomes a visit.
    """

    events: pd.DataFrame
    truth: ChainTruth


def simulate_chain(
    n_actors: int,
    nodes: Sequence[str],
    probabilities: npt.ArrayLike,
    waits: Wait | Mapping[tuple[str, str], Wait] = Wait(3600.0, 1.0),  # noqa: B008 (frozen)
    *,
    reached: Sequence[float] | None = None,
    start: Sequence[float] | None = None,
    seed: int = 0,
    window_days: float | None = None,
    begin: str = "2025-01-06",
    visits: float = 1.0,
    between_visits: Wait = Wait(7 * 86400.0, 0.5),  # noqa: B008 (frozen)
    heterogeneity: float = 0.0,
) -> ChainSimulation:
    """Simulate actors on a semi-Markov chain whose parameters are all known.

    Parameters
    ----------
    n_actors : int
        Number of actors.
    nodes : sequence of str
        Event names.
    probabilities : array, shape (nodes, nodes)
        Probability that the column's node is the next event after the row's. What is missing to 1 in a row, after
        `reached`, is the probability of dropping out.
    waits : Wait or mapping of (node, next) to Wait
        Time between two events; one for all edges, or by edge.
    reached : sequence of float, optional
        Probability, by node, of ending there with all done. Default: zero.
    start : sequence of float, optional
        Shares of first events. Default: everybody starts at the first node.
    seed : int
        Same seed, same result.
    window_days : float, optional
        Arrivals are uniform over this window and everything after its end is cut off. Default: arrivals over 30 days
        and nothing is cut off.
    begin : str
        The window's start (UTC).
    visits : float
        Mean number of passes through the chain an actor makes, ``1 + Poisson(visits - 1)``, whatever happened in
        earlier ones.
    between_visits : Wait
        Time from the last event of a pass to the first of the next one.
    heterogeneity : float
        Share of actors, at every node separately, who always take the same way on (drawn once by `probabilities`).
        It is the intra-class correlation between visits of one actor: with ``visits > 1`` the long-run shares stay
        exactly `probabilities`, binomial intervals are too narrow, intervals clustered by actor are not.

    Returns
    -------
    ChainSimulation

    Raises
    ------
    ConfigError
        When probabilities do not fit, a node can never end, or heterogeneity is asked of a chain with cycles (there
        creatures of habit visit a node more often, so that no single true share exists).

    Examples
    --------
    >>> chain = simulate_chain(100, ["home", "cart", "pay"], [[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]], seed=1)
    >>> chain.truth.hazard("home")
    0.5
    >>> int((chain.events["event"] == "home").sum())
    100
    """
    net = _chain_nodes(nodes, probabilities, waits, reached)
    _check_chain(net, n_actors, visits, heterogeneity, window_days)
    rng = np.random.Generator(np.random.PCG64(seed))
    process = Process.of(net)

    n_visits = 1 + rng.poisson(visits - 1, n_actors) if visits > 1 else np.ones(n_actors, dtype=np.int64)
    actor = np.repeat(np.arange(n_actors), n_visits)
    first = _pick(rng, start, len(net), len(actor))
    arrival = np.rint(rng.random(n_actors) * (window_days or 30.0) * DAY_MS).astype(np.int64)
    habit = _habits(rng, process, n_actors, heterogeneity)[actor] if heterogeneity else None
    path = walk(process, rng, first, habit=habit)

    opening = np.cumsum(n_visits) - n_visits  # each actor's first visit
    end_of = np.zeros(len(actor), dtype=np.int64)
    end_of[path.walker] = path.time_ms  # later events overwrite earlier ones: the visit's length
    pause = Process.of((Node("a", "", "", "clicks", (Edge("a", 1.0, between_visits),)),))
    lead = pause.wait_ms(rng, *np.zeros((2, len(actor)), dtype=np.int64))
    lead[opening] = 0
    lead[1:] += np.where(np.diff(actor) == 0, end_of[:-1], 0)
    elapsed = np.cumsum(lead)
    begins = elapsed - elapsed[opening][actor] + arrival[actor] if n_actors else elapsed
    time_ms = path.time_ms + begins[path.walker]

    origin = utc(begin)
    end = None if window_days is None else origin + pd.Timedelta(milliseconds=round(window_days * DAY_MS))
    window_ms = None if window_days is None else (0, round(window_days * DAY_MS))
    seen = np.ones(len(time_ms), dtype=bool) if window_ms is None else time_ms <= window_ms[1]
    names = np.array([node.name for node in net], dtype=object)
    ids = np.array([f"a{i:06d}" for i in range(n_actors)], dtype=object)
    visit = np.arange(len(actor)) - opening[actor] + 1
    events = pd.DataFrame(
        {
            "actor": ids[actor[path.walker[seen]]],
            "visit": visit[path.walker[seen]],
            "event": names[path.node[seen]],
            "time": stamps(origin, time_ms[seen]),
        }
    )
    outcomes = outcome_table(path, time_ms, window_ms, names, origin)
    outcomes.insert(0, "actor", ids[actor])
    outcomes.insert(1, "visit", visit)
    outcomes = outcomes[outcomes["n_events"] > 0].reset_index(drop=True)
    hazards = node_table(net)[["node", "dropped", "reached"]]
    return ChainSimulation(events, ChainTruth(transition_table(net), hazards, origin, end, outcomes))


def _chain_nodes(
    names: Sequence[str],
    probabilities: npt.ArrayLike,
    waits: Wait | Mapping[tuple[str, str], Wait],
    reached: Sequence[float] | None,
) -> tuple[Node, ...]:
    """Return the chain as nodes; the remainder of each row is its hazard."""
    matrix = np.asarray(probabilities, dtype=float)
    ends = np.zeros(len(names)) if reached is None else np.asarray(reached, dtype=float)
    if matrix.shape != (len(names), len(names)) or ends.shape != (len(names),):
        raise ConfigError(
            explain(
                "probabilities need one row and one column a node, reached one number a node",
                examples=[matrix.shape, ends.shape],
                fix=f"there are {len(names)} nodes",
            )
        )
    edges = [
        (a, b) for a, row in zip(names, matrix, strict=True) for b, p in zip(names, row, strict=True) if p
    ]
    missing = [edge for edge in edges if not isinstance(waits, Wait) and edge not in waits]
    if missing:
        raise ConfigError(
            explain("edges without a wait", count=len(missing), total=len(edges), examples=missing)
        )
    table = {edge: waits if isinstance(waits, Wait) else waits[edge] for edge in edges}
    net = []
    for i, name in enumerate(names):
        row = {to: float(p) for to, p in zip(names, matrix[i], strict=True) if p}
        left = 1 - math.fsum([*row.values(), float(ends[i])])
        ways = tuple(Edge(to, p, table[(name, to)]) for to, p in row.items())
        net.append(Node(name, "", "", "clicks", ways, 0.0 if abs(left) < 1e-12 else left, float(ends[i])))
    return tuple(net)


def _check_chain(
    net: tuple[Node, ...], n_actors: int, visits: float, heterogeneity: float, window_days: float | None
) -> None:
    check_nodes(net)
    if (
        n_actors < 0
        or visits < 1
        or not 0 <= heterogeneity <= 1
        or (window_days is not None and window_days <= 0)
    ):
        raise ConfigError(
            explain(
                "n_actors >= 0, visits >= 1, 0 <= heterogeneity <= 1 and window_days > 0 are needed",
                examples=[(n_actors, visits, heterogeneity, window_days)],
            )
        )
    if heterogeneity and _has_cycle(net):
        raise ConfigError(
            explain(
                "heterogeneity needs a chain without cycles", fix="use visits= for events that come again"
            )
        )


def _has_cycle(net: tuple[Node, ...]) -> bool:
    """Return whether some node can be met twice on one pass: peel off nodes that nothing leads to."""
    left = {node.name: {edge.to for edge in node.next} for node in net}
    while left:
        led_to = set().union(*left.values())
        free = [name for name in left if name not in led_to]
        if not free:
            return True
        for name in free:
            del left[name]
    return False


def _habits(rng: np.random.Generator, process: Process, n_actors: int, share: float) -> Ints:
    """Return, by actor and node, the way an actor of habit always takes, else -1."""
    row = np.tile(np.arange(process.n_nodes), n_actors)
    way = process.choose(rng, row)
    fixed = rng.random(len(row)) < share
    habits: Ints = np.where(fixed, way, -1).reshape(n_actors, process.n_nodes)
    return habits


def _pick(rng: np.random.Generator, shares: Sequence[float] | None, n_nodes: int, size: int) -> Ints:
    if shares is None:
        return np.zeros(size, dtype=np.int64)
    if len(shares) != n_nodes or abs(math.fsum(shares) - 1) > 1e-9:
        raise ConfigError(explain("start needs one share a node, summing to 1", examples=[list(shares)]))
    return rng.choice(n_nodes, size=size, p=np.asarray(shares, dtype=float)).astype(np.int64)
