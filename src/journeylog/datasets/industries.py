"""Four industries with known truth: a shop, a trial of software, a bank deposit, a clinic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from journeylog.datasets.clinic import CLINIC
from journeylog.datasets.deposit import DEPOSIT
from journeylog.datasets.planted import MomentOfTruth
from journeylog.datasets.simulate import simulate
from journeylog.datasets.spec import Segment, ShopSpec, shop_nodes
from journeylog.datasets.trial import TRIAL
from journeylog.errors import ConfigError, explain, nearest

__all__ = ["INDUSTRIES", "Industry", "industry"]


@dataclass(frozen=True)
class Industry:
    """Simulated customers of one industry, what a map of them is asked, and what was planted.

    Parameters
    ----------
    name, title : str
    events : DataFrame
        ``actor, event, time, channel, value, currency, score`` (0 to 10) and the column of the segments.
    stages : mapping of str to list of str
        Events by stage, in the order of the journey.
    goal : str
        The event that counts as the goal.
    segment : str
        The column of the segments.
    spec : ShopSpec
        The process: its nodes, its `bottleneck`, `moment`, `segment` and `unhappy_stage` are what was planted.
    """

    name: str
    title: str
    events: pd.DataFrame = field(repr=False)
    stages: Mapping[str, list[str]]
    goal: str
    segment: str
    spec: ShopSpec = field(repr=False)


def industry(name: str, n_customers: int = 6000, *, seed: int = 1) -> Industry:
    """Simulate the customers of an industry; equal arguments give equal events.

    Parameters
    ----------
    name : {"shop", "saas", "bank", "clinic"}
    n_customers : int
    seed : int

    Raises
    ------
    ConfigError
        If there is no such industry.

    Examples
    --------
    >>> clinic = industry("clinic", 200)
    >>> clinic.spec.bottleneck
    ('appointment_confirmed', 'checked_in')
    >>> list(clinic.stages)
    ['finding', 'booking', 'visit', 'treatment', 'payment', 'follow-up']
    """
    if name not in INDUSTRIES:
        close = nearest(str(name), list(INDUSTRIES))
        fix = f"did you mean {close[0]!r}" if close else f"one of {list(INDUSTRIES)}"
        raise ConfigError(explain(f"no industry is called {name!r}", fix=fix))
    title, segment, make = INDUSTRIES[name]
    spec = make()
    told = simulate(n_customers, seed=seed, spec=spec).events
    columns = ["actor", "event", "time", "channel", "value", "currency", "score", "platform"]
    stages: dict[str, list[str]] = {}
    for node in spec.nodes:
        stages.setdefault(node.stage, []).append(node.name)
    return Industry(
        name, title, told[columns].rename(columns={"platform": segment}), stages, spec.goal, segment, spec
    )


def _shop() -> ShopSpec:
    return ShopSpec(
        moment=MomentOfTruth("showroom_visit", odds=6),
        segment=Segment("platform", "android", "add_to_cart", 0.7),
    )


def _saas() -> ShopSpec:
    return ShopSpec(
        nodes=shop_nodes(TRIAL),
        entry=(("ad_click", 0.40), ("pricing_page", 0.35), ("docs_viewed", 0.25)),
        goal="paid",
        bottleneck=("limit_reached", "plan_selected"),
        moment=MomentOfTruth("teammate_invited", odds=6),
        segment=Segment("platform", "windows", "workspace_created", 0.62),
        unhappy_stage="onboarding",
        platforms=(("mac", 0.40), ("windows", 0.35), ("linux", 0.25)),
        currency="USD",
    )


def _bank() -> ShopSpec:
    return ShopSpec(
        nodes=shop_nodes(DEPOSIT),
        entry=(("ad_click", 0.40), ("rates_viewed", 0.45), ("branch_visit", 0.15)),
        goal="paid",
        bottleneck=("application_sent", "identity_check"),
        moment=MomentOfTruth("consultation", odds=15),
        segment=Segment("platform", "android", "identity_check", 0.60),
        unhappy_stage="opening",
        currency="EUR",
    )


def _clinic() -> ShopSpec:
    return ShopSpec(
        nodes=shop_nodes(CLINIC),
        entry=(("ad_click", 0.30), ("search", 0.50), ("call_inbound", 0.20)),
        goal="treated",
        bottleneck=("appointment_confirmed", "checked_in"),
        moment=MomentOfTruth("reminder_answered", odds=6),
        segment=Segment("platform", "public", "appointment_requested", 0.58),
        unhappy_stage="payment",
        platforms=(("private", 0.35), ("public", 0.40), ("self-paying", 0.25)),
        currency="EUR",
    )


#: The title of each industry, the column of its segments, and how it is specified.
INDUSTRIES: Final[Mapping[str, tuple[str, str, Callable[[], ShopSpec]]]] = {
    "shop": ("A furniture shop", "platform", _shop),
    "saas": ("A software trial", "platform", _saas),
    "bank": ("A bank deposit", "platform", _bank),
    "clinic": ("A clinic", "insurance", _clinic),
}
