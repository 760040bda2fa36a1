"""When a waiting ends: at moments that are known when they come, whatever happens later."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import journeylog as jl
from journeylog.core.schema import HOUR, MINUTE, SECOND
from journeylog.core.window import Window
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
