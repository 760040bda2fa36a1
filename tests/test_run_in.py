"""Who was under way before the window is no newcomer: set apart, counted, and in no other number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import journeylog as jl
from journeylog.core.schema import DAY, MINUTE
from journeylog.core.window import Window
from tests.oracles import patience as oracle
from tests.step_logs import WINDOW, Row, cases, make_chunk, plain, rows
from tests.strategies import Event, make_log

LIMIT = 60 * MINUTE
STEPS: list[Any] = [
    jl.Journeys("pay", "45min"),
    jl.Journeys("pay", None, start="home*"),
    jl.Journeys("pay", "45min", of="order"),
    jl.Journeys("pay", "45min", of="stretch"),
    jl.Journeys(None, "90min", of="stretch"),
    jl.Journeys("pay", of="session"),
]


@pytest.mark.parametrize("step", STEPS, ids=repr)
@settings(max_examples=60, deadline=None)
@given(events=rows(max_events=24))
def test_cases_set_apart_are_those_of_the_oracle(step: Any, events: list[Row]) -> None:
    chunk = jl.Sessions("10min").apply(make_chunk(events), WINDOW)
    everything = cases(step.apply(chunk, WINDOW), "journey")
    limit = LIMIT
    if step.of in ("stretch", "session"):
        limit = min(limit, step.patience_micros if step.of == "stretch" else 10 * MINUTE)
    apart = oracle.under_way(everything, plain(chunk), limit, WINDOW.start, step.of in ("stretch", "session"))
    settled = jl.Journeys(**{**vars(step), "run_in": "60min"}).apply(chunk, WINDOW)
    level = settled.cases("journey")
    assert cases(settled, "journey") == [case for case, no in zip(everything, apart, strict=True) if not no]
    assert level.under_way is not None
    set_apart = cases(settled.with_level("journey", level.under_way), "journey")
    assert set_apart == [case for case, no in zip(everything, apart, strict=True) if no]
    pieces = [part.cases("journey") for part in settled.split(3)]
    assert sum(piece.n_under_way for piece in pieces) == level.n_under_way == sum(apart)


def shop(rng: np.random.Generator, n: int, days: float, before: float) -> list[Event]:
    """Customers arrive evenly, long before the window does too; each comes in, looks nine times and buys in ten days."""
    found = []
    for i in range(n):
        at = -before + rng.random() * (before + days)
        for name in ("in", *["look"] * 9, "buy"):
            if 0 <= at <= days:
                found.append(Event(f"u{i}", name, round(at * DAY), None, ("web", "app")[i % 2]))
            at += 0.5 + rng.random()
    return found


def test_newcomers_take_as_long_as_they_do_and_those_under_way_make_it_shorter() -> None:
    log = make_log(shop(np.random.default_rng(1), 600, 60, 20), Window(0, 60 * DAY))
    begun, early = {}, {}
    for run_in in (None, "2d"):
        flow, times = log.then(jl.Journeys("buy", "5d", run_in=run_in)).compute(
            jl.Transitions(node="event"), jl.TimeTo("buy")
        )
        start = flow.table[flow.table["from_kind"] == "start"]
        begun[run_in] = float(start.loc[start["to"] == "in", "n"].sum() / start["n"].sum())
        early[run_in] = float(times.within("6d")["share"].iloc[0])
    assert begun[None] < 0.9 and begun["2d"] == 1.0
    assert early[None] > 0.05 and early["2d"] == 0


QUESTIONS: list[Any] = [
    jl.DropOff(node="event"),
    jl.Outcomes(),
    jl.Funnel(["in", "look", "buy"]),
    jl.TimeTo("buy"),
    jl.Transitions(node="event"),
    jl.Bottlenecks(node="event"),
    jl.Variants(node="event"),
    jl.StepMatrix(node="event"),
    jl.Ledger(node="event"),
    jl.Model(node="event"),
    jl.Touchpoints("event", stage="channel"),
    jl.Conformance([{"before": ["look", "buy"]}]),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=repr)
def test_every_answer_leaves_them_out_and_says_how_many(question: Any, tmp_path: Path) -> None:
    log = make_log(shop(np.random.default_rng(2), 200, 60, 30), Window(0, 60 * DAY))
    ready = log.then(jl.Journeys("buy", "5d", run_in="10d"))
    n = ready.chunk.cases("journey").n_under_way
    assert n > 20
    first = {e.actor: e.time for e in sorted(log_events(log), key=lambda e: e.time, reverse=True)}
    fresh = make_log([e for e in log_events(log) if first[e.actor] >= 10 * DAY], log.window)
    alone = fresh.then(jl.Journeys("buy", "5d")).compute(question)
    for again in (ready, jl.load(ready.save(tmp_path / "log.arrow")), ready.where(["in", "look", "buy"])):
        result = again.compute(question)
        assert result.table.equals(alone.table)
        assert any(note.startswith(f"{n:,} cases began in the run-in") for note in result.notes)
    groups = ready.compute(question, by="channel")
    told = [note for group in groups.values() for note in group.notes if "began in the run-in" in note]
    assert sum(int(note.split(" ")[0].replace(",", "")) for note in told) == n
    assert f"{n:,} more began in the run-in of 10 d" in repr(ready)


def test_retention_says_how_many_may_have_been_there_before() -> None:
    log = make_log(shop(np.random.default_rng(2), 200, 60, 30), Window(0, 60 * DAY))
    ready = log.then(jl.Journeys("buy", "5d", run_in="10d"))
    n = ready.chunk.cases("journey").n_under_way  # journeys of whole actors: as many actors
    plain, told = (one.compute(jl.Retention("7d", 3)) for one in (log, ready))
    assert told.table.equals(plain.table)
    said = f"{n:,} of {plain.table['n_actors'].iloc[0]:,} actors began in the run-in"
    assert any(note.startswith(said) for note in told.notes)
    assert not any("run-in" in note for note in plain.notes)
    groups = ready.compute(jl.Retention("7d", 3), by="channel")
    each = [note for group in groups.values() for note in group.notes if "run-in" in note]
    assert sum(int(note.split(" ")[0].replace(",", "")) for note in each) == n


def log_events(log: jl.EventLog) -> list[Event]:
    frame = log.to_pandas()
    time = (frame["time"].astype("int64") // {"ns": 1000, "us": 1}[frame["time"].dt.unit]).tolist()
    return [
        Event(a, e, t, None, c)
        for a, e, t, c in zip(frame["actor"], frame["event"], time, frame["channel"], strict=True)
    ]


def test_a_run_in_as_long_as_the_window_leaves_nobody() -> None:
    log = make_log(shop(np.random.default_rng(3), 50, 20, 0), Window(0, 20 * DAY))
    ready = log.then(jl.Journeys("buy", "5d", run_in="21d"))
    assert len(ready.chunk.cases("journey")) == 0
    assert ready.compute(jl.Outcomes()).table["n"].sum() == 0
    groups = ready.compute(jl.Outcomes(), by="channel")
    assert all("run-in" in result.notes[-1] for result in groups.values()) and len(groups) == 2
