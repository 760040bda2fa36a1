"""When a waiting ends: at moments that are known when they come, whatever happens later."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import journeylog as jl
from journeylog.core.schema import HOUR, MINUTE, SECOND
from journeylog.core.survival import Watched, curve_band
from journeylog.core.ways import waiting_frame
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from tests.strategies import Event, make_log


def told(log: jl.EventLog, question: jl.TimeTo) -> dict[str, int]:
    """How many went each way, and how many are open."""
    table = log.compute(question).table
    words = [
        to or kind
        for to, kind in zip(table["to"].where(table["to_kind"] == "node", ""), table["to_kind"], strict=True)
    ]
    return dict(zip(words, table["n"].tolist(), strict=True)) | {"open": int(table["n_open"].iloc[0])}


def events(*rows: tuple[str, str, float]) -> list[Event]:
    return [Event(who, what, round(hours * HOUR), None, None) for who, what, hours in rows]


def paid_and_reviewed(n: int, days: float, mean: float) -> jl.EventLog:
    rng = np.random.default_rng(1)
    paid = rng.random(n) * days * 24
    reviewed = paid + rng.exponential(mean * 24, n)
    rows = [(f"u{i}", "pay", at) for i, at in enumerate(paid)]
    rows += [(f"u{i}", "review", at) for i, at in enumerate(reviewed) if at <= days * 24]
    return make_log(events(*rows), Window(0, round(days * 24 * HOUR)))


def test_a_goal_that_does_not_end_the_case_does_not_end_the_waiting(tmp_path: Path) -> None:
    """Those who paid and were not watched long enough to review are open, not lost."""
    log = paid_and_reviewed(1500, 10, 2).then(jl.Journeys("pay", "5d", goal_ends=False))
    for again in (log, jl.load(log.save(tmp_path / "log.arrow"))):
        result = again.compute(jl.TimeTo("review", start="pay"))
        row = result.within("4d").iloc[0]
        assert row["share_low"] < 1 - math.exp(-2) < row["share_high"]
        assert result.table["n_open"].iloc[0] > 200
        assert result.table["to_kind"].tolist() == ["node", "dropped"]


@pytest.mark.parametrize("of", ["actor", "session", "stretch", "channel"])
def test_a_case_is_over_with_its_goal_only_where_the_goal_ends_it(of: str) -> None:
    rows = [Event("ada", what, at * MINUTE, None, "web") for at, what in enumerate(("in", "pay", "look"))]
    log = make_log(rows, Window(0, 10 * MINUTE)).then(jl.Sessions("30min"))
    for ends, wanted in ((True, {"look": 0, "reached": 1, "open": 0}), (False, {"look": 1, "open": 0})):
        followed = log.then(jl.Journeys("pay", "30min", of=of, goal_ends=ends, restart=False))
        assert told(followed, jl.TimeTo("look")) == wanted


def test_a_session_that_was_cut_is_open_while_its_silence_has_not_lasted() -> None:
    """What ends a waiting is the same whether the window goes on or not."""
    rows = events(("ada", "in", 23.9), ("bob", "in", 1.0), ("bob", "start", 1.1), ("bob", "end", 1.2))
    cut = jl.Sessions("30min", midnight_tz="UTC", start="start")
    found = {}
    for hours in (24.2, 25.0):
        result = (
            make_log(rows, Window(0, round(hours * HOUR))).then(cut).compute(jl.TimeTo("end", case="session"))
        )
        curve = result.tables["curve"]
        found[hours] = (
            curve[curve["to_kind"] == "dropped"]["time_s"].tolist(),
            int(result.table["n_open"].iloc[0]),
        )
    assert found == {24.2: ([1800.0], 1), 25.0: ([1800.0], 0)}


def test_silence_counts_on_the_events_that_were_kept() -> None:
    """A newsletter that was taken out keeps nobody waiting, whether or not somebody came back later."""
    rows = events(("ada", "in", 0), ("ada", "letter", 30), ("bob", "in", 0), ("bob", "look", 30))
    log = make_log(rows, Window(0, 31 * HOUR)).then(jl.Journeys(patience="5h"))
    result = log.where(["in", "look"]).compute(jl.TimeTo("look"))
    curve = result.tables["curve"]
    assert curve[["to_kind", "time_s", "n"]].to_numpy().tolist() == [["dropped", 5 * HOUR / SECOND, 2]]


def test_nobody_left_is_exactly_nobody_after_very_many_times() -> None:
    n = 200_000
    cases = Watched.of(np.arange(1, n + 1), np.ones(n, np.int64), np.zeros(n, np.int64))
    waiting = waiting_frame(cases)["waiting"].to_numpy()
    assert waiting[-1] == 0 and waiting.min() == 0
    for way in (0, 1):
        share, error = cases.shares.of(way)[-2:]
        assert share.max() == 1 and error[-1] == pytest.approx(0, abs=1e-7)
        assert np.allclose(share, np.arange(1, n + 1) / n, rtol=0, atol=1e-10)
        assert np.allclose(error[:-1], np.sqrt(share * (1 - share) / n)[:-1], rtol=1e-6, atol=1e-12)
        assert np.isnan(curve_band(share, error)[1][-1])
    two = Watched.of(np.arange(1, n + 1), np.ones(n, np.int64), np.arange(n) % 3 // 2, None, 2)
    assert two.shares.of(0).share.max() <= 1


def test_the_error_of_a_rare_way_on_keeps_its_digits() -> None:
    """The variance is written with sums that cancel; here by its definition, in extended precision."""
    rng = np.random.default_rng(2)
    n = 50_000
    censored, rare = rng.random(n) < 0.3, rng.random(n) < 1e-3
    way = np.where(censored, -1, np.where(rare, 1, 0))
    cases = Watched.of(np.arange(n), np.ones(n, np.int64), way, None, 2)
    found, ends = cases.shares.of(1), cases.ends
    k = (way == 1).astype(np.int64)
    risk, d, one = (v.astype(np.longdouble) for v in (ends.n_at_risk, ends.n_ended, k))
    before = np.concatenate(([np.longdouble(1)], np.cumprod(1 - d / risk)[:-1]))
    share = np.cumsum(before * one / risk)
    for row in (len(found.at) // 2, len(found.at) - 1):
        at = found.at[row]
        r, gap = risk[: at + 1], share[at] - share[: at + 1]
        b = before[: at + 1] * one[: at + 1] / (r * r)
        terms = gap**2 * d[: at + 1] / (r * (r - d[: at + 1])) - 2 * gap * b
        terms += before[: at + 1] ** 2 * (r - one[: at + 1]) * one[: at + 1] / r**3
        assert found.error[row] == pytest.approx(float(np.sqrt(terms.sum())), rel=1e-9)


def test_where_nothing_varies_no_interval_is_told() -> None:
    """One case, or nobody gone yet, is no certainty."""
    log = make_log(events(("ada", "in", 0), ("ada", "out", 1)), Window(0, 5 * HOUR))
    mean, low, high = log.compute(jl.TimeTo("out")).restricted_mean("2h")
    assert mean == 3600 and math.isnan(low) and math.isnan(high)


def test_within_tells_on_how_many_a_share_rests() -> None:
    rows = events(("ada", "in", 0), ("ada", "out", 2), ("bob", "in", 0), ("cy", "in", 7))
    result = make_log(rows, Window(0, 10 * HOUR)).compute(jl.TimeTo("out"))
    found = {
        limit: result.within(limit)["n_at_risk"].tolist() for limit in ("1h", "2h", "150min", "10h", "11h")
    }
    assert found == {"1h": [3], "2h": [3], "150min": [2], "10h": [1], "11h": [0]}


def test_cases_without_a_value_are_in_no_group_of_the_test() -> None:
    rows = [
        Event(f"u{i}", what, at * SECOND, None, ("web", "app", None)[i % 3])
        for i in range(90)
        for what, at in (("in", 0), ("out", 1 if i % 3 == 2 else 10 + i % 7))
    ]
    groups = make_log(rows, Window(0, HOUR)).compute(jl.TimeTo("out"), by="channel")
    found = jl.logrank(groups)
    assert found.groups == ("app", "web") and found.df == 1 and found.p_value > 0.05
    assert found.observed == (30.0, 30.0)
    with pytest.raises(ConfigError, match="no groups of TimeTo"):
        jl.logrank(groups["web"])  # type: ignore[arg-type]
