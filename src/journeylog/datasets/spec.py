"""What a simulated process is made of: nodes, edges, waits, and the things planted in them.

Everything here is a frozen dataclass of plain values, so a specification can be printed, compared, sent to
another process and written as JSON.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from scipy.special import gammaincinv

from journeylog.datasets.planted import Displeasure, MomentOfTruth
from journeylog.datasets.shop import SHOP, Row
from journeylog.errors import ConfigError, explain, nearest

__all__ = ["Edge", "Node", "Segment", "ShopSpec", "Wait", "check_nodes", "shop_nodes"]

SOURCES = ("clicks", "crm", "orders", "feedback", "tickets")


@dataclass(frozen=True, slots=True)
class Wait:
    """The time from one event to the next: a distribution with a known mean and median.

    Parameters
    ----------
    mean_s : float
        Mean in seconds, above zero.
    shape : float
        Standard deviation of the logarithm (``"lognormal"``) or the gamma shape (``"gamma"``).
    family : {"lognormal", "gamma"}
        Gamma with shape 1 is the exponential distribution.

    Raises
    ------
    ConfigError
        When the mean or the shape is not a positive number, or the family is unknown.

    Examples
    --------
    >>> Wait.lognormal(median_s=60, mean_s=90).median_s
    60.0
    >>> round(Wait.gamma(mean_s=100).median_s, 3)
    69.315
    """

    mean_s: float
    shape: float
    family: Literal["lognormal", "gamma"] = "lognormal"

    def __post_init__(self) -> None:  # noqa: D105 (checks only)
        if self.family not in ("lognormal", "gamma"):
            raise ConfigError(explain(f"unknown family of waits {self.family!r}", fix="lognormal or gamma"))
        ok = math.isfinite(self.mean_s) and math.isfinite(self.shape) and self.mean_s > 0
        if not ok or self.shape < 0 or (self.shape == 0 and self.family == "gamma"):
            raise ConfigError(explain("a wait needs a positive mean and shape", examples=[self]))

    @classmethod
    def lognormal(cls, median_s: float, mean_s: float) -> Wait:
        """Return the log-normal wait with this median and mean (mean >= median), in seconds."""
        if not 0 < median_s <= mean_s:
            raise ConfigError(
                explain("a log-normal mean is never below its median", examples=[(median_s, mean_s)])
            )
        return cls(float(mean_s), math.sqrt(2 * math.log(mean_s / median_s)))

    @classmethod
    def gamma(cls, mean_s: float, shape: float = 1.0) -> Wait:
        """Return the gamma wait with this mean in seconds; shape 1 is exponential."""
        return cls(float(mean_s), float(shape), "gamma")

    @property
    def median_s(self) -> float:
        """Median in seconds, exact for the family."""
        if self.family == "gamma":
            return float(gammaincinv(self.shape, 0.5)) * self.mean_s / self.shape
        return round(self.mean_s * math.exp(-self.shape * self.shape / 2), 9)


@dataclass(frozen=True, slots=True)
class Edge:
    """One way on from a node: where to, how likely, after what wait."""

    to: str
    probability: float
    wait: Wait


@dataclass(frozen=True, slots=True)
class Node:
    """One event of the process, with everything that may follow it.

    Parameters
    ----------
    name, stage : str
        Event name and the stage it belongs to.
    channel : str
        A channel, or ``"site"`` (web or app, by the customer's platform), ``"order"`` (the channel the order
        came in by) or ``"ticket"`` (the channel the ticket came in by).
    source : str
        The system that records it: clicks, crm, orders, feedback or tickets.
    next : tuple of Edge
        Ways on.
    dropped, reached : float
        Probability that nothing ever follows, in disappointment (`dropped`) or with all done (`reached`).
        Edges, `dropped` and `reached` sum to 1.
    opens : bool
        Starts a new object of its source: a visit, a deal, an order, a ticket.
    continues : tuple of str
        Nodes right after which it goes on with the object at hand instead of opening one.
    scores : tuple of float
        Probabilities of the scores 0, 1, ..., 10; empty for an event without a score.
    """

    name: str
    stage: str
    channel: str
    source: str
    next: tuple[Edge, ...] = ()
    dropped: float = 0.0
    reached: float = 0.0
    opens: bool = False
    continues: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """Customers who leave more often at one node: those whose `attribute` equals `value`."""

    attribute: Literal["platform", "acquisition"]
    value: str
    node: str
    dropped: float


def shop_nodes(rows: dict[str, Row] = SHOP) -> tuple[Node, ...]:
    """Return the nodes of the table in :mod:`journeylog.datasets.shop`."""
    return tuple(
        Node(
            name,
            row["stage"],
            row["channel"],
            row["source"],
            tuple(Edge(to, p, Wait.lognormal(median, mean)) for to, (p, median, mean) in row["next"].items()),
            row.get("dropped", 0.0),
            row.get("reached", 0.0),
            row.get("opens", False),
            row.get("continues", ()),
            row.get("scores", ()),
        )
        for name, row in rows.items()
    )


@dataclass(frozen=True)
class ShopSpec:
    """A web shop with a showroom and a call centre, as a semi-Markov process with known parameters.

    A customer arrives uniformly in the window, starts at one of `entry`, and moves from event to event by the
    probabilities and waits of `nodes` until dropped, reached, or cut off by the window's end.

    Parameters
    ----------
    nodes : tuple of Node
        The process. The default is the furniture shop of :mod:`journeylog.datasets.shop`.
    entry : tuple of (str, float)
        First events and their shares (sum 1).
    goal : str
        The event that counts as the goal.
    bottleneck : (str, str)
        The planted edge on which customers wait far longer than on any other.
    unhappy_stage : str
        The stage whose scores are planted low.
    segment : Segment or None
        The planted bad segment.
    moment : MomentOfTruth or None
        The planted moment of truth: an event after which fewer drop out. Not there by default.
    displeasure : Displeasure or None
        What lowers the scores of a customer beyond the node's own: having been in a stage, having waited. Not there
        by default.
    platforms : tuple of (str, float)
        Platforms and their shares; a desktop customer's site channel is web, everybody else's app.
    acquisitions : tuple of (str, float)
        Where customers who start with an advertisement come from, and in what shares.
    early : float
        Share of customers who arrived before the window, up to `early_days` before it; what they did before the
        window is cut off too.
    new_device : float
        Probability that a later visit comes from a new device id (another browser, deleted cookies).
    stay_logged_in : float
        Probability that a click after a log-in on the same device carries the customer number.
    comments : float
        Share of scores that come with a text.
    timezone, currency : str
        Of the shop's own systems.

    Raises
    ------
    ConfigError
        When names do not exist, probabilities do not sum to 1, or some node can never end.

    Examples
    --------
    >>> ShopSpec().bottleneck
    ('paid', 'shipped')
    >>> ShopSpec.from_dict(ShopSpec().to_dict()) == ShopSpec()
    True
    """

    nodes: tuple[Node, ...] = field(default_factory=shop_nodes)
    entry: tuple[tuple[str, float], ...] = (
        ("ad_click", 0.45),
        ("landing", 0.35),
        ("email_open", 0.08),
        ("showroom_visit", 0.12),
    )
    goal: str = "delivered"
    bottleneck: tuple[str, str] = ("paid", "shipped")
    unhappy_stage: str = "after purchase"
    segment: Segment | None = Segment("platform", "android", "checkout", 0.45)
    platforms: tuple[tuple[str, float], ...] = (("desktop", 0.45), ("ios", 0.25), ("android", 0.30))
    acquisitions: tuple[tuple[str, float], ...] = (
        ("google", 0.40),
        ("yandex", 0.25),
        ("social", 0.25),
        ("partner", 0.10),
    )
    early: float = 0.0
    early_days: float = 30.0
    new_device: float = 0.25
    stay_logged_in: float = 0.5
    comments: float = 0.4
    timezone: str = "Europe/Moscow"
    currency: str = "RUB"
    moment: MomentOfTruth | None = None
    displeasure: Displeasure | None = None

    def __post_init__(self) -> None:  # noqa: D105 (checks only)
        names = [node.name for node in self.nodes]
        check_nodes(self.nodes)
        for label, shares in (
            ("entry", self.entry),
            ("platforms", self.platforms),
            ("acquisitions", self.acquisitions),
        ):
            _check_sum(label, [share for _, share in shares])
        asked = [name for name, _ in self.entry] + [self.goal, *self.bottleneck]
        asked += [self.segment.node] if self.segment else []
        asked += [self.moment.event] if self.moment else []
        for name in asked:
            _check_known(name, names)
        self._check_edge("the planted bottleneck", self.bottleneck)
        if self.moment and self.moment.event == self.goal:
            raise ConfigError(explain("the goal itself is no moment of truth", examples=[self.goal]))
        self._check_displeasure()
        for label, share in {
            n: getattr(self, n) for n in ("early", "new_device", "stay_logged_in", "comments")
        }.items():
            if not 0 <= share <= 1:
                raise ConfigError(explain(f"{label} is a share, between 0 and 1", examples=[share]))

    def _check_edge(self, label: str, edge: tuple[str, str]) -> None:
        if edge[1] not in {e.to for e in self.node(edge[0]).next}:
            raise ConfigError(explain(f"{label} is not an edge", examples=[edge]))

    def _check_displeasure(self) -> None:
        if self.displeasure is None:
            return
        stages = {node.stage for node in self.nodes}
        if self.displeasure.stage is not None and self.displeasure.stage not in stages:
            raise ConfigError(explain("no node has the unhappy stage", examples=[self.displeasure.stage]))
        if self.displeasure.edge is not None:
            self._check_edge("the wait that costs points", self.displeasure.edge)

    def node(self, name: str) -> Node:
        """Return the node called `name`."""
        _check_known(name, [node.name for node in self.nodes])
        return next(node for node in self.nodes if node.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Return the specification as plain values that `json.dumps` takes."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ShopSpec:
        """Return the specification that :meth:`to_dict` wrote, also after a trip through JSON."""
        plain = dict(values)
        plain["nodes"] = tuple(_node_from(node) for node in plain["nodes"])
        plain["bottleneck"] = tuple(plain["bottleneck"])
        for name in ("entry", "platforms", "acquisitions"):
            plain[name] = tuple((str(key), float(share)) for key, share in plain[name])
        plain["segment"] = Segment(**plain["segment"]) if plain["segment"] else None
        plain["moment"] = MomentOfTruth(**plain["moment"]) if plain.get("moment") else None
        plain["displeasure"] = _displeasure_from(plain.get("displeasure"))
        return cls(**plain)


def check_nodes(nodes: tuple[Node, ...]) -> None:
    """Raise ConfigError unless `nodes` are a process: known names, rows that sum to 1, an end within reach."""
    names = [node.name for node in nodes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise ConfigError(explain("every node needs a name of its own", count=len(twice), examples=twice))
    for node in nodes:
        for edge in node.next:
            _check_known(edge.to, names)
        if len({edge.to for edge in node.next}) < len(node.next):
            raise ConfigError(explain(f"node {node.name!r} has two edges to the same node"))
        _check_sum(f"node {node.name!r}", [*(e.probability for e in node.next), node.dropped, node.reached])
        if node.source not in SOURCES:
            raise ConfigError(explain(f"unknown source {node.source!r}", fix="one of " + ", ".join(SOURCES)))
        if node.scores:
            _check_sum(f"scores of {node.name!r}", list(node.scores))
            if len(node.scores) != 11:
                raise ConfigError(explain("scores run from 0 to 10", examples=[node.scores]))
    _check_ends(nodes)


def _check_ends(nodes: tuple[Node, ...]) -> None:
    ending = {node.name for node in nodes if node.dropped + node.reached > 0}
    grown = True
    while grown:
        more = {n.name for n in nodes if any(e.probability > 0 and e.to in ending for e in n.next)} - ending
        ending |= more
        grown = bool(more)
    endless = [node.name for node in nodes if node.name not in ending]
    if endless:
        raise ConfigError(
            explain(
                "from some nodes the process can never end",
                count=len(endless),
                total=len(nodes),
                examples=endless,
                fix="give one node on their way a probability of being dropped or reached",
            )
        )


def _check_known(name: str, names: list[str]) -> None:
    if name not in names:
        close = nearest(name, names)
        raise ConfigError(
            explain(f"no node is called {name!r}", fix=f"did you mean {close[0]!r}" if close else None)
        )


def _check_sum(label: str, shares: list[float]) -> None:
    if any(not 0 <= share <= 1 for share in shares) or abs(math.fsum(shares) - 1) > 1e-9:
        raise ConfigError(
            explain(
                f"{label}: probabilities must lie in [0, 1] and sum to 1",
                examples=[round(math.fsum(shares), 12)],
            )
        )


def _displeasure_from(values: dict[str, Any] | None) -> Displeasure | None:
    if not values:
        return None
    edge = values["edge"]
    return Displeasure(**{**values, "edge": None if edge is None else (str(edge[0]), str(edge[1]))})


def _node_from(values: dict[str, Any]) -> Node:
    plain = dict(values)
    plain["next"] = tuple(
        Edge(str(edge["to"]), float(edge["probability"]), Wait(**edge["wait"])) for edge in plain["next"]
    )
    plain["continues"] = tuple(plain["continues"])
    plain["scores"] = tuple(plain["scores"])
    return Node(**plain)
