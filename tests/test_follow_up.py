"""Groups that were watched for different times are compared over what both were watched for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.comparison.readers import median_follow_up
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.intervals import wilson
from journeylog.core.schema import DAY
from journeylog.core.window import Window
from journeylog.errors import ConfigError


def early_and_late(
    seed: int, n: int = 600, chance: tuple[float, float] = (0.6, 0.6)
) -> tuple[jl.EventLog, Any]:
    """Both groups pay after six days in the mean, if they do; one began in the first 30 days, the other in the last 15."""
    rng = np.random.default_rng(seed)
    late = np.arange(n) % 2
    begin = np.where(late == 1, rng.uniform(30, 45, n), rng.uniform(0, 30, n))
    paid = begin + rng.exponential(6, n)
    came = (rng.random(n) < np.where(late == 1, chance[1], chance[0])) & (paid <= 45)
    paid = np.where(came, paid, np.inf)
    return paying_log(begin, paid, late, 45).then(jl.Journeys("pay", "30d")), (begin, paid, late)


def paying_log(begin: Any, paid: Any, late: Any, days: int) -> jl.EventLog:
    """Each actor comes in and, where that is not at infinity, pays; times are in days."""
    n, came = len(begin), np.isfinite(paid)
    who = np.concatenate((np.arange(n), np.flatnonzero(came)))
    columns = {
        "event": Category((np.arange(len(who)) >= n).astype(np.int32), pa.array(["in", "pay"])),
        "kind": Category(late[who].astype(np.int32), pa.array(["early", "late"])),
    }
    at = (np.concatenate((begin, paid[came])) * DAY).astype(np.int64)
    chunk, _ = build_chunk(pa.array([f"u{i}" for i in who]), at, columns)
    return jl.EventLog.from_chunk(chunk, Window(0, days * DAY))


def rows_of(found: Any, measure: str) -> Any:
    return found.table[found.table["measure"] == measure]


def test_shares_within_a_time_know_the_same_customers() -> None:
    """All cases end within the time, so these shares are the shares of all, and go together as far."""
    chance = np.random.default_rng(2)
    owner = np.repeat(np.arange(60), 10)
    begin = np.tile(np.arange(10) * 6.0, 60) + chance.uniform(0, 1, 600)
    paid = np.where(chance.random(600) < chance.beta(0.4, 0.6, 60)[owner], begin + 0.1, np.inf)
    came = np.isfinite(paid)
    who = np.concatenate((owner, owner[came]))
    at = (np.concatenate((begin, paid[came])) * DAY).astype(np.int64)
    order = np.lexsort((at, who))
    code = (np.arange(len(who)) >= 600).astype(np.int32)[order]
    chunk, _ = build_chunk(
        pa.array([f"u{i:03d}" for i in who[order]]),
        at[order],
        {"event": Category(code, pa.array(["in", "pay"]))},
    )
    log = jl.EventLog.from_chunk(chunk, Window(0, 90 * DAY)).then(jl.Journeys("pay", "2d", of="stretch"))
    halves: dict[str, Any] = {"a": ("1970-01-01", "1970-01-31"), "b": ("1970-01-31", "1970-03-31")}
    table = jl.compare(log, jl.Outcomes(), follow_up="4d", **halves).table.set_index(["measure", "outcome"])
    numbers = ["value_a", "value_b", "difference", "difference_low", "difference_high", "p"]
    for outcome in ("reached", "dropped"):
        one, other = table.loc[("share", outcome), numbers], table.loc[("share_within", outcome), numbers]
        assert other.to_numpy(float) == pytest.approx(one.to_numpy(float), abs=1e-12)
    apart = np.hypot(
        *(np.diff(wilson(k * 300, 300))[0] / 2 for k in table.loc[("share", "reached"), numbers[:2]])
    )
    assert (
        table.loc[("share_within", "reached"), "difference_high"]
        - table.loc[("share_within", "reached"), "difference"]
        < apart
    )


def test_outcomes_are_counted_within_a_time_both_were_watched_for() -> None:
    log, (begin, paid, late) = early_and_late(1)
    found = jl.compare(log, jl.Outcomes(), by="kind")
    row = rows_of(found, "share_within").set_index("outcome").loc["reached"]
    assert any(note.startswith("share_within: of the cases that began at least 7 d ") for note in found.notes)
    for side, group in (("a", 0), ("b", 1)):
        seen = (late == group) & (45 - begin >= 7)
        k, n = int((seen & (paid - begin <= 7)).sum()), int(seen.sum())
        assert row[f"n_{side}"] == n and row[f"value_{side}"] == pytest.approx(k / n)
        low, high = wilson(k, n)
        assert low <= row[f"value_{side}"] <= high
    wrong = rows_of(found, "share").set_index("outcome").loc["reached"]
    assert wrong["supported"] and not row["supported"]
    assert len(rows_of(jl.compare(log, jl.Outcomes(), by="kind", follow_up=None), "share_within")) == 0
    three = rows_of(jl.compare(log, jl.Outcomes(), by="kind", follow_up="3d"), "share_within")
    assert (three["n_b"] > row["n_b"]).all()
    with pytest.raises(ConfigError, match="follow_up="):
        jl.compare(log, jl.Outcomes(), by="kind", follow_up="soon")


def test_shares_within_a_common_time_are_alike_where_groups_are() -> None:
    hits, naive = [], []
    for seed in range(60):
        found = jl.compare(early_and_late(seed)[0], jl.Outcomes(), by="kind")
        row = rows_of(found, "share_within").iloc[0]
        hits.append(row["difference_low"] <= 0 <= row["difference_high"])
        row = rows_of(found, "share").iloc[0]
        naive.append(row["difference_low"] <= 0 <= row["difference_high"])
    assert np.mean(hits) >= 0.88 and np.mean(naive) < 0.5


def test_a_funnel_without_a_limit_is_asked_within_one() -> None:
    log, _ = early_and_late(2)
    found = jl.compare(log, jl.Funnel(["in", "pay"]), by="kind")
    asked = jl.compare(log, jl.Funnel(["in", "pay"], within="7d"), by="kind")
    assert found.table.equals(asked.table) and found.notes[0].startswith("asked within 7 d")
    open_ended = jl.compare(log, jl.Funnel(["in", "pay"]), by="kind", follow_up=None)
    assert open_ended.table["n_a"].iloc[0] == 300 and len(open_ended.supported) > 0
    assert len(asked.supported) == 0


def test_times_are_compared_over_what_both_were_watched_for() -> None:
    question = jl.TimeTo("pay", case="actor")
    log, _ = early_and_late(3)
    found = jl.compare(log, question, by="kind")
    own = log.compute(question, by="kind")
    limit = min(median_follow_up(own[name]) for name in own)
    assert 6 * DAY < limit < 9 * DAY  # the later group began 7.5 days before the end in the median
    assert any(note.startswith("shares and restricted means are of the first 7 d") for note in found.notes)
    share = rows_of(found, "share").iloc[0]
    span: Any = np.timedelta64(limit, "us")
    assert share["value_a"] == own["early"].within(span)["share"].iloc[0]
    mean = rows_of(found, "restricted_mean").iloc[0]
    assert (mean["value_a"], mean["unit"]) == (own["early"].restricted_mean(span)[0], "s")
    assert len(found.supported) == 0
    other = jl.compare(early_and_late(4, 900, (0.4, 0.75))[0], question, by="kind")
    assert {"share", "restricted_mean"} <= set(other.supported["measure"])
    two = jl.compare(own["early"], own["late"], a="early", b="late")
    assert two.table.equals(found.table) and two.a == "early"
    assert jl.compare(own["early"], own["late"], follow_up="3d").table["value_a"].iloc[0] < share["value_a"]


def test_nobody_and_everybody_have_bounds() -> None:
    log, _ = early_and_late(5, 200, (0.0, 1.0))
    row = rows_of(jl.compare(log, jl.TimeTo("pay", case="actor"), by="kind"), "share").iloc[0]
    assert row["value_a"] == 0 and row["supported"] and 0 < row["difference_low"] < row["difference"]
