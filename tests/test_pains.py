"""Pain points: one ranking over all kinds and stages, by cost or by who is hit, with intervals that know customers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.intervals import cluster_share, wilson
from journeylog.errors import ConfigError
from tests.oracles.pains import pains
from tests.strategies import SECOND, make_log, plain_cases, rows, with_cases

RULES = {"calls": ["a", "c"], "refunds": {"channel": "web"}}
DAY = pd.Timedelta(days=1)


def told(event: Any) -> tuple[str | None, int]:
    if event.event in RULES["calls"]:
        return "calls", 1
    return ("refunds", abs(event.value) * SECOND) if event.channel == "web" else (None, 0)


@settings(max_examples=150, deadline=None)
@given(
    rows(),
    st.sampled_from(["stage", "channel"]),
    st.sampled_from(["actor", "journey"]),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from([5 * SECOND, 900 * SECOND]),
)
def test_equals_the_oracle(events: Any, stage: str, case: str, cuts: Any, patience: int) -> None:
    prices = {"refunds": "value", "waiting": 36.0, "rework": 2.0}
    question = jl.PainPoints(RULES, stage, case, prices=prices, baseline="7s", contacts="calls")
    log = make_log(events)
    chunk = with_cases(log.chunk, cuts, [0, 1, 2], patience)
    table = jl.EventLog.from_chunk(chunk, log.window).compute(question).table
    cases = plain_cases(chunk, case)
    limit = patience if case == "journey" else None
    right = pains(cases, stage, told, "calls", 7000, limit, log.window.end)
    lines = {(row["stage"], row["kind"]): row for row in table.to_dict("records")}
    assert lines.keys() == right.keys()
    per_actor = Counter(one.actor for one in cases)
    for (place, kind), row in lines.items():
        true = right[place, kind]
        assert (row["n"], row["n_cases"], row["n_actors"]) == tuple(
            true[name] for name in ("n", "n_cases", "n_actors")
        )
        here = {i for i, one in enumerate(cases) if any(getattr(e, stage) == place for e in one.events)}
        assert (row["n_stage_cases"], row["n_cases_total"]) == (len(here), len(cases))
        size = {"waiting": 1000, "refunds": SECOND}.get(kind, 1)
        assert row["amount"] == pytest.approx(true["amount"] / size)
        price = {"waiting": 0.01, "refunds": 1.0, "rework": 2.0}.get(kind, np.nan)
        assert row["cost"] == pytest.approx(price * row["amount"], nan_ok=True)
        hit = Counter(cases[i].actor for i in true["cases"])
        came = Counter(cases[i].actor for i in here)
        for name, of in (("share", came), ("rate", per_actor)):
            moments = [sum(x * y for x, y in zip(*pair, strict=True)) for pair in _pairs(hit, of)]
            low, high = cluster_share(sum(hit.values()), sum(of.values()), *moments)
            assert row[f"{name}_low"] == pytest.approx(float(low))
            assert row[f"{name}_high"] == pytest.approx(float(high))
    assert table["rank"].tolist() == list(range(1, len(table) + 1))


def _pairs(k: Counter[str], n: Counter[str]) -> list[tuple[list[int], list[int]]]:
    ks, ns = [k[a] for a in n], [n[a] for a in n]
    return [(ks, ks), (ks, ns), (ns, ns)]


def shop(**options: Any) -> pd.DataFrame:
    """Return the ranking of a shop of 100 customers: 20 wait 3 days, 10 call, 4 of them twice, 5 get a refund of 50."""
    start = pd.Timestamp("2025-01-06", tz="UTC")
    lines: list[tuple[Any, ...]] = []
    for i in range(100):
        at = start + i * pd.Timedelta(minutes=7)
        lines += [
            (f"u{i}", "order", at, np.nan),
            (f"u{i}", "ship", at + (3 * DAY if i < 20 else DAY / 2), np.nan),
        ]
        calls = 2 if i >= 96 else 1 if i >= 90 else 0
        lines += [(f"u{i}", "call", at + (4 + j) * DAY, np.nan) for j in range(calls)]
        lines += [(f"u{i}", "refund", at + 6 * DAY, -50.0)] * (i >= 95)
    frame = pd.DataFrame(lines, columns=["actor", "event", "time", "value"]).assign(currency="EUR")
    log = jl.read(frame, actor="actor", event="event", time="time", value="value", currency="currency")
    log = log.then(jl.Stages({"buy": ["order"], "get": ["ship", "call", "refund"]}))
    rules = {"calls": "call", "refunds": "refund"}
    question = jl.PainPoints(rules, contacts="calls", **options)
    return log.compute(question).table.set_index(["stage", "kind"])


def test_without_prices_all_kinds_are_ranked_by_the_share_of_all_journeys_they_hit() -> None:
    found = shop()
    assert found["rate"].to_dict() == {
        ("buy", "waiting"): 0.2,
        ("get", "calls"): 0.1,
        ("get", "refunds"): 0.05,
        ("get", "repeat contacts"): 0.04,
    }
    assert found["rank"].tolist() == [1, 2, 3, 4] and found["rank_of_stage"].tolist() == [1, 1, 2, 3]
    low, high = wilson(20, 100)
    np.testing.assert_allclose(
        found.loc["buy", "waiting"][["rate_low", "rate_high"]].to_numpy(float), [float(low), float(high)]
    )
    assert found["cost"].isna().all()
    assert shop(baseline="4d").index[0] == ("get", "calls"), "nobody waits for so long"
    by_move = shop(baseline={("buy", "get"): "1h"})
    assert by_move.loc[("buy", "waiting"), "n_cases"] == 100


def test_prices_and_amounts_rank_by_cost_and_what_has_none_comes_behind() -> None:
    found = shop(prices={"refunds": "value", "calls": 12.0, "waiting": 0.1})
    assert found["cost"].round(6).to_dict() == {
        ("get", "refunds"): 250.0,
        ("get", "calls"): 120.0,
        ("buy", "waiting"): 20 * 48 * 0.1,
        ("get", "repeat contacts"): 48.0,
    }
    assert found.loc[("get", "refunds"), ["amount", "unit"]].tolist() == [250.0, "money"]
    assert (found["cost_low"] < found["cost"]).all() and (found["cost"] < found["cost_high"]).all()
    some = shop(prices={"calls": 0.5})
    assert some.index.tolist() == [
        ("get", "calls"),
        ("get", "repeat contacts"),
        ("buy", "waiting"),
        ("get", "refunds"),
    ]


def test_the_interval_of_a_cost_holds_what_it_is_an_interval_of() -> None:
    rng, price, held = np.random.default_rng(8), 3.0, 0
    rounds, n = 200, 150
    for _ in range(rounds):
        errors = rng.poisson(rng.gamma(0.7, 0.9, n))
        names = ["go"] * n + ["error"] * int(errors.sum())
        who = [*range(n), *np.repeat(np.arange(n), errors)]
        frame = pa.table(
            {
                "actor": [f"u{i}" for i in who],
                "event": names,
                "time": [1_700_000_000 + i for i in range(len(who))],
                "stage": ["all"] * len(who),
            }
        )
        log = jl.read(frame, actor="actor", event="event", time="time", time_unit="s")
        row = log.compute(jl.PainPoints(prices={"errors": price})).table.iloc[0]
        held += row["cost_low"] <= 0.7 * 0.9 * price * n <= row["cost_high"]
    assert 0.92 <= held / rounds <= 0.985


def test_wrong_questions_say_what_to_do() -> None:
    for wrong, match in (
        ({"rules": "often"}, "rules='often'"),
        ({"rules": {"waiting": "a"}}, "told without a rule"),
        ({"prices": {"error": 3}}, "did you mean 'errors'"),
        ({"prices": {"errors": -3}}, "is no price"),
        ({"prices": {"waiting": "value"}}, "is no price"),
        ({"baseline": "soon"}, "baseline"),
        ({"baseline": {"a": "1d"}}, "is no move"),
    ):
        with pytest.raises(ConfigError, match=match):
            jl.PainPoints(**wrong)
    log = jl.datasets.tiny().then(jl.Stages({"all": ["*"]}))
    with pytest.raises(ConfigError, match="no column of money"):
        log.compute(jl.PainPoints(prices={"errors": "spent"}))


def test_amounts_in_several_currencies_are_never_added() -> None:
    frame = pd.DataFrame(
        {
            "actor": ["a", "b"],
            "event": "refund",
            "time": pd.Timestamp("2025-01-06", tz="UTC"),
            "stage": "x",
            "value": [5.0, 7.0],
            "currency": ["EUR", "USD"],
        }
    )
    log = jl.read(frame, actor="actor", event="event", time="time", value="value", currency="currency")
    prices = {"returns and refunds": "value"}
    with pytest.raises(ConfigError, match="2 currencies"):
        log.compute(jl.PainPoints(prices=prices))
    row = log.compute(jl.PainPoints(prices=prices, currency="EUR")).table.iloc[0]
    assert (row["cost"], row["unit"]) == (5.0, "EUR")


def test_the_usual_names_of_pain_are_known_and_others_left_alone() -> None:
    told = {
        "errors": ["payment_failed", "Out of Stock", "rageClick", "error_404"],
        "delays": ["delivery_delayed", "Ticket Reopened"],
        "contacts with support": ["ticket_created", "contact-us", "Chat With Support"],
        "cancellations": ["order_cancelled", "churned", "No Show"],
        "returns and refunds": ["refunded", "orderReturned", "chargeback"],
        None: ["home", "paid", "search", "delivered", "checkout"],
    }
    names = [name for group in told.values() for name in group]
    events = pa.table(
        {
            "actor": [f"u{i}" for i in range(len(names))],
            "event": names,
            "time": [1_700_000_000 + i for i in range(len(names))],
            "stage": ["all"] * len(names),
        }
    )
    log = jl.read(events, actor="actor", event="event", time="time", time_unit="s")
    found = log.compute(jl.PainPoints()).table
    assert dict(zip(found["kind"], found["n"], strict=True)) == {k: len(v) for k, v in told.items() if k}
