"""What is planted in the simulated shop beside waits and segment: a moment of truth, and what lowers scores."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from journeylog.datasets import Displeasure, MomentOfTruth, ShopSpec, Simulation, simulate
from journeylog.errors import ConfigError

SPEC = ShopSpec(
    segment=None,
    moment=MomentOfTruth("search", odds=3),
    displeasure=Displeasure("after purchase", keep=0.8, edge=("paid", "shipped"), keep_a_day=0.97),
)


@pytest.fixture(scope="module")
def planted() -> Simulation:
    return simulate(15_000, seed=3, days=20_000, spec=SPEC)


def first_stands(events: pd.DataFrame, goal: str, moment: str) -> pd.DataFrame:
    """Return each actor's first stand at every node before and after the moment, and whether the goal came later."""
    events = events.reset_index(drop=True)
    events["number"] = events.index
    last = events[events["event"] == goal].groupby("actor")["number"].max()
    event = events["event"]
    cut = (event == goal).groupby(events["actor"]).cumsum()  # the effect ends at the goal
    events["after"] = (event == moment).groupby([events["actor"], cut]).cumsum() > 0
    events["goal"] = events["actor"].map(last).fillna(-1) > events["number"]
    return events.drop_duplicates(["actor", "event", "after"])


def test_the_shares_before_and_after_the_moment_are_the_ones_told(planted: Simulation) -> None:
    told = planted.truth.moment_shares.set_index("node")
    stands = first_stands(planted.events, planted.truth.spec.goal, "search")
    found = stands.groupby(["event", "after"])["goal"].agg(["sum", "size"])
    checked = 0
    for (node, after), (k, n) in found.iterrows():
        p = told.loc[node, "after" if after else "before"]
        assert abs(k - n * p) < 4.5 * math.sqrt(n * p * (1 - p)) + 1, (node, after)
        checked += 1
    assert checked > 30
    assert told.loc["search", "ratio"] == 1
    assert told.loc["product_view", "ratio"] > 1.5


def test_the_moment_changes_nothing_before_it() -> None:
    plain = simulate(4000, seed=5, spec=ShopSpec())
    same = simulate(4000, seed=5, spec=ShopSpec(moment=MomentOfTruth("search", odds=1)))
    pd.testing.assert_frame_equal(plain.events, same.events)
    assert "moment" not in plain.truth.to_dict()
    assert same.truth.to_dict()["moment"] == {"event": "search", "odds": 1}
    assert plain.truth.moment is None
    assert plain.truth.moment_shares.empty
    assert (same.truth.moment_shares["ratio"].dropna() - 1).abs().max() < 1e-9


def test_displeasure_takes_its_share_of_the_points(planted: Simulation) -> None:
    events = planted.events
    plain = planted.truth.nodes.set_index("node")["mean_score"]
    shipped = events["time"].where(events["event"] == "shipped").groupby(events["actor"]).ffill()
    before = events["time"].shift().where(events["event"] == "shipped").groupby(events["actor"]).ffill()
    days = (shipped - before).dt.total_seconds() / 86400
    unhappy = (events["stage"] == "after purchase").groupby(events["actor"]).cumsum() > 0
    expected = (
        events["event"].map(plain)
        * np.where(unhappy, 0.8, 1)
        * np.where(days.notna(), 0.97 ** days.fillna(0), 1)
    )
    for after in (False, True):
        some = events["score"].notna() & (unhappy == after)
        gap = (events["score"] - expected)[some]
        assert len(gap) > 1000
        assert abs(gap.mean()) < 4 * gap.std() / math.sqrt(len(gap))
    reviews = events["event"] == "review"
    slow = days > days[reviews].median()
    assert events["score"][reviews & slow].mean() < events["score"][reviews & ~slow].mean() - 0.3


def test_a_planted_spec_survives_json() -> None:
    assert ShopSpec.from_dict(json.loads(json.dumps(SPEC.to_dict()))) == SPEC
    old = {k: v for k, v in ShopSpec().to_dict().items() if k not in ("moment", "displeasure")}
    assert ShopSpec.from_dict(old) == ShopSpec()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: MomentOfTruth("search", odds=0), "odds"),
        (lambda: MomentOfTruth("search", odds=float("nan")), "odds"),
        (lambda: ShopSpec(moment=MomentOfTruth("serch", odds=2)), "did you mean 'search'"),
        (lambda: ShopSpec(moment=MomentOfTruth("delivered", odds=2)), "goal itself"),
        (lambda: Displeasure(keep=1.2), "keep"),
        (lambda: ShopSpec(displeasure=Displeasure("misery")), "misery"),
        (lambda: ShopSpec(displeasure=Displeasure(edge=("paid", "landing"))), "not an edge"),
    ],
)
def test_nonsense_is_refused(call: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        call()  # type: ignore[operator]
