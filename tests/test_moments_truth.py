"""Moments of truth against known truth: independent events have lift 1, planted ones are found and covered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

import journeylog as jl
from journeylog.core.counts import Coded, Table
from journeylog.core.risksets import GROUPS
from journeylog.datasets import MomentOfTruth, ShopSpec, simulate
from tests.moments_worlds import World, question

REACH, LEAVE, FACTOR, OFTEN = 0.05, 0.1, 3.0, 0.2
PLANTED = World(
    kinds=(("one", 1.0, LEAVE, REACH),),
    names=(("a", 0.4), ("b", 0.25), ("c", 0.15), ("x", OFTEN)),
    planted=("x", FACTOR),
)
#: Independent events: journeys of very different lengths, several of an actor, cut off early, noise glued to events.
NULLS = {
    "lengths": (World(), 1000),
    "repeats": (World(journeys=4), 300),
    "cut off": (World(journeys=2, days=6), 800),
    "noise": (World(noise=0.3), 800),
}
CONFOUNDED = World(kinds=(("app", 0.5, 0.3, 0.05), ("web", 0.5, 0.1, 0.15)), more=("web", "x", 4.0))


def true_lift(world: World) -> float:
    """The share that reaches the goal right after x, beside that of those who have not met it (and may, later)."""
    _, _, leave, reach = world.kinds[0]
    after = reach * FACTOR / (reach * FACTOR + leave)
    on = 1 - reach - leave
    before = (reach + on * OFTEN * after) / (1 - on * (1 - OFTEN))
    return after / before


def tables(world: World, n: int, repeats: int, seed: int, **options: object) -> list[pd.DataFrame]:
    found = [world.log(n, seed + r).compute(question(**options)).table for r in range(repeats)]
    return [table[table["p"].notna()] for table in found]


def covers(table: pd.DataFrame, truth: float = 1.0) -> pd.Series:
    return (table["lift_low"] <= truth) & (table["lift_high"] >= truth)


def one(table: pd.DataFrame, name: str) -> pd.Series:
    return table[(table["kind"] == "node") & (table["moment"] == name)].iloc[0]


def test_independent_events_have_lift_1_within_their_interval() -> None:
    found = {name: tables(world, n, 25, 100) for name, (world, n) in NULLS.items()}
    shares = {name: float(np.mean([covers(t).mean() for t in parts])) for name, parts in found.items()}
    assert 0.93 <= np.mean(list(shares.values())) <= 0.97, shares
    assert min(shares.values()) > 0.9, shares
    for parts in found.values():
        nodes = pd.concat(t[t["kind"] == "node"] for t in parts)
        assert abs(np.log(nodes["lift"]).mean()) < 0.02
        assert np.log(nodes["lift_high"] / nodes["lift_low"]).median() < 0.5  # it says something, too
        difference = (nodes["difference_low"] <= 0) & (nodes["difference_high"] >= 0)
        assert (difference == covers(nodes)).mean() > 0.97
    noise = pd.concat(t[t["moment"] == "noise"] for t in found["noise"])
    assert len(noise) > 25
    discoveries = [t["supported"].any() for parts in found.values() for t in parts]
    assert np.mean(discoveries) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / len(discoveries))


def test_who_ever_did_is_no_fair_comparison() -> None:
    """The classical error on the same data: journeys that lasted longer had more chances to do it."""
    log = World().log(4000, 7)
    chunk = log.chunk
    frame = pd.DataFrame(
        {
            "journey": chunk.category("journey_id").codes,
            "event": np.array(chunk.event.names)[chunk.event.codes],
        }
    )
    goal = set(frame.loc[frame["event"] == "goal", "journey"])
    did = set(frame.loc[frame["event"] == "x", "journey"])
    everybody = set(frame["journey"])
    naive = (len(did & goal) / len(did)) / (len(goal - did) / len(everybody - did))
    ours = one(log.compute(question()).table, "x")
    assert naive > 1.2
    assert ours["lift_low"] <= 1 <= ours["lift_high"] < naive


def test_a_planted_moment_comes_first_and_its_effect_is_covered() -> None:
    truth, hits, first = true_lift(PLANTED), [], []
    for world, n in ((PLANTED, 700), (replace(PLANTED, journeys=3.0), 400)):
        for table in tables(world, n, 20, 900):
            hits.append(covers(one(table, "x").to_frame().T, truth).item())
            first.append(table[table["kind"] == "node"]["moment"].iloc[0] == "x")
            assert not table.loc[~table["moment"].eq("x") & table["kind"].eq("node"), "lift"].gt(1.5).any()
    assert np.mean(hits) >= 0.88
    assert np.mean(first) >= 0.9
    assert truth == pytest.approx(1.263, abs=1e-3)


def test_holding_an_attribute_fixed_takes_its_confounding_away() -> None:
    log = CONFOUNDED.log(4000, 3)
    plain, held = (one(log.compute(question(adjust=by)).table, "x") for by in ((), "kind"))
    assert plain["lift_low"] > 1.2
    assert plain["supported"]
    assert held["lift_low"] <= 1 <= held["lift_high"]
    assert not held["supported"]


def test_the_planted_moment_of_the_shop_comes_first() -> None:
    spec = ShopSpec(segment=None, moment=MomentOfTruth("search", odds=3))
    shop = simulate(15_000, seed=4, days=200, spec=spec)
    log = jl.read(shop.events[["actor", "event", "time"]], actor="actor", event="event", time="time")
    table = log.compute(jl.Moments("delivered", "40d")).table
    assert table["moment"].iloc[0] == "search"
    nodes = table[table["kind"] == "node"]
    assert nodes["moment"].iloc[0] == "search"
    assert nodes["supported"].iloc[0]
    plain = simulate(15_000, seed=4, days=200, spec=ShopSpec(segment=None))
    log = jl.read(plain.events[["actor", "event", "time"]], actor="actor", event="event", time="time")
    unplanted = log.compute(jl.Moments("delivered", "40d")).table
    assert unplanted["moment"].iloc[0] != "search"
    assert one(unplanted, "search")["lift_high"] < nodes["lift_low"].iloc[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_each_independent_event_is_covered(name: str) -> None:
    world, n = NULLS[name]
    found = tables(world, n, 400, 10_000)
    share = np.mean([covers(t).mean() for t in found])
    assert 0.93 <= share <= 0.97
    nodes = pd.concat(t[t["kind"] == "node"] for t in found)
    alone = covers(nodes).groupby(nodes["moment"]).mean()
    assert alone.between(0.95 - 4 * np.sqrt(0.05 * 0.95 / 400), 0.995).all(), alone
    assert np.mean([t["supported"].any() for t in found]) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.slow
@pytest.mark.parametrize("journeys", [1.0, 3.0])
def test_a_planted_effect_is_covered(journeys: float) -> None:
    world = replace(PLANTED, journeys=journeys)
    hits = [
        covers(one(t, "x").to_frame().T, true_lift(world)).item() for t in tables(world, 500, 1000, 20_000)
    ]
    assert 0.93 <= np.mean(hits) <= 0.97


def test_pooled_ratios_equal_those_of_statsmodels() -> None:
    log = World(journeys=2).log(800, 5)
    asked = question(min_n=5)
    counts = asked.summarize(asked.prepare(log.chunk), log.window).canonical()
    keys = ["place", "position", "elapsed"]
    did, stood = (
        frame_of(counts[name], words) for name, words in (("nodes", ("did", "met")), ("stood", ("stood",)))
    )
    both = did.merge(stood, on=keys)
    both["rest"], both["rest_goal"] = both["stood"] - both["met"], both["stood_goal"] - both["met_goal"]
    table = asked.result(counts, log.window).table
    checked = 0
    for name, rows in both[both["did"] > 0].groupby("node"):
        if not rows["rest"].all():
            continue  # somebody is compared in a coarser stratum
        found = one(table, str(name))
        assert found["n_did"] == rows["did"].sum()
        strata = [
            np.array(
                [[r["did_goal"], r["did"] - r["did_goal"]], [r["rest_goal"], r["rest"] - r["rest_goal"]]]
            )
            for r in rows.to_dict("records")
        ]
        assert found["lift"] == pytest.approx(StratifiedTable(strata).riskratio_pooled, rel=1e-9)
        checked += 1
    assert checked >= 2


def frame_of(table: Table, words: tuple[str, ...]) -> pd.DataFrame:
    """The rows of a table of counts, added up over the groups of actors."""
    keys = {
        name: column.names({}) if isinstance(column, Coded) else column for name, column in table.keys.items()
    }
    sums = {
        f"{word}{more}": sum(table.values[f"{word}{more}_{g:02}"] for g in range(GROUPS))
        for word in words
        for more in ("", "_goal")
    }
    return pd.DataFrame({**keys, **sums})


def test_what_all_who_are_left_get_at_once_is_compared_with_nobody() -> None:
    """A reminder after two days that does nothing: the quick, who pay more often, have left by then."""
    chance, rows = np.random.default_rng(1), []
    for a in range(1000):
        quick = chance.random() < 0.5
        second = ("look", 300) if quick else ("reminder", 172_800)
        rows += [(f"u{a}", "home", 0), (f"u{a}", *second)]
        if chance.random() < (0.6 if quick else 0.2):
            rows.append((f"u{a}", "pay", second[1] + 900))
    frame = pd.DataFrame(rows, columns=["actor", "event", "s"])
    frame["time"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.pop("s"), unit="s")
    log = jl.read(
        frame, actor="actor", event="event", time="time", tz="UTC", window=("2025-01-01", "2025-03-01")
    )
    table = log.compute(jl.Moments("pay", "5d", transitions=False)).table.set_index("moment")
    n = int((frame["event"] == "reminder").sum())
    assert table.loc["reminder", ["n_did", "n_not", "n_alone"]].tolist() == [0, 0, n] and n > 400
    assert not table["supported"].any()
