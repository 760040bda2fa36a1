"""The laws of every step, and the oracle each one equals."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Step
from tests.oracles import steps as oracle
from tests.step_logs import MINUTE, WINDOW, Row, cases, everything, make_chunk, plain, rows

quick = settings(max_examples=10, deadline=None)
HAPPY = ["home*", {"channel": "app", "value": {">": 0}}]
RULES = {
    "see": ["home*", "Home"],
    "weigh": {"channel": "app"},
    "buy": ["cart", "pay"],
    "rest": {"note": None},
}

#: Two clusters as a log would have settled them: by the shares of two names, of one move, and by the pace.
FOUND_BEFORE = {
    "nodes": ["home", "pay"],
    "moves": [["home", "pay"]],
    "channels": [],
    "usual": [0.5, 0.2, 0.1],
    "shift": [0.5] * 6,
    "scale": [1.0, 1.0, 0.5, 0.5, 0.0, 0.1],
    "turn": [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.1, 0.0], [1.0, 0.0], [0.0, 0.1]],
    "centres": [[0.0, 0.0], [0.1, -0.1]],
    "marks": [[["more", "node", "home"]], [["more", "node", "pay"], ["less", "pace", "events"]]],
    "silhouette": 0.4,
    "by_chance": 0.1,
    "p": 0.05,
    "agreement": 0.9,
    "jaccard": [0.9, 0.8],
    "why": "",
}

#: One line a step: every one keeps every law below.
STEPS: list[Step] = [
    jl.Sessions(gap="10min"),
    jl.Sessions(gap="1h", midnight_tz="Asia/Kathmandu"),
    jl.Sessions(gap="10min", change_of="channel"),
    jl.Sessions(gap="10min", change_of="order", max_length="25min"),
    jl.Sessions(gap="1h", start=["home", {"channel": "app", "event": "pay"}]),
    jl.Sessions("10min", midnight_tz="UTC", change_of="channel", max_length="20min", start="cart"),
    jl.Sessions("20min", column="sid"),
    jl.Sessions("20min", column="order"),
    jl.Stages({"see": "home*", "buy": ["cart", "pay"]}),
    jl.Stages(RULES),
    jl.Stages.preset("shop"),
    jl.Journeys(),
    jl.Journeys("pay", "45min", "home"),
    jl.Journeys(HAPPY, "45min", goal_ends=False),
    jl.Journeys("pay", None),
    jl.Journeys("pay", "10min", of="stretch"),
    jl.Journeys("pay", "10min", "home*", of="stretch", restart=False),
    jl.Journeys("cart", "45min", of="stretch", goal_ends=False, restart=False),
    jl.Journeys("cart", None, of="stretch"),
    jl.Journeys("pay", "45min", of="sid"),
    jl.Journeys("pay", None, "home*", of="order", goal_ends=False),
    jl.Collapse(),
    jl.Collapse(within="10min"),
    jl.Rename({"home*": "home", "pay": "cart", "cart": "pay"}),
    jl.Rename({"web": "site", "app": "site"}, column="channel"),
    jl.Drop(["home", {"channel": None}]),
    jl.Drop("*"),
    jl.Where({"channel": "web", "value": {">=": 0}}),
    jl.ActorsOf("channel", "web"),
    jl.ActorsOf("channel", None),
    jl.Journeys("pay", "auto", settled=("45min", 99), sensitivity=("30min", "2h"), run_in="1h"),
    jl.Journeys("cart", "45min", of="stretch", run_in="20min"),
    jl.Clusters(settled=FOUND_BEFORE),
    jl.RFM("pay", settled=((9_000_000_000, 6_000_000_000, 10**9, 0), (2, 3, 4, 5), (0, 1, 2, 3))),
    jl.RFM(
        {"channel": ["web", None]}, value=None, recency=["1min", "10min", "1h", "2h"], frequency=[1, 2, 3, 4]
    ),
]
ON_SESSIONS: list[Step] = [
    jl.Journeys("pay", of="session"),
    jl.Journeys("pay", "45min", "home*", of="session", goal_ends=False),
    jl.Collapse(),
    jl.Drop("home"),
    jl.Where({"channel": ["web", None]}),
]
FIRST: list[Step] = [jl.Sessions("10min", change_of="channel"), jl.Sessions("20min", column="sid")]
ROADS: list[tuple[Step, ...]] = [(s,) for s in STEPS] + list(itertools.product(FIRST, ON_SESSIONS))
each = pytest.mark.parametrize("road", ROADS, ids=lambda road: "+".join(map(repr, road)))


def walk(road: tuple[Step, ...], chunk: Chunk) -> Chunk:
    for step in road:
        chunk = step.apply(chunk, WINDOW)
    return chunk


@each
@quick
@given(events=rows(), parts=st.integers(1, 5))
def test_the_parts_give_what_the_whole_gives(road: tuple[Step, ...], events: list[Row], parts: int) -> None:
    chunk = make_chunk(events)
    together: dict[str, Any] = {}
    for part in chunk.split(parts):
        together |= everything(walk(road, part))
    assert together == everything(walk(road, chunk))


@each
@quick
@given(events=rows(), others=rows())
def test_no_event_of_another_actor_matters(
    road: tuple[Step, ...], events: list[Row], others: list[Row]
) -> None:
    mine = [e for e in events if e["actor"] == "ada"]
    alone = everything(walk(road, make_chunk(mine)))
    among = everything(walk(road, make_chunk(mine + [{**e, "actor": "other " + e["actor"]} for e in others])))
    assert among.get("ada") == alone.get("ada")


@each
@quick
@given(events=rows())
def test_twice_is_once(road: tuple[Step, ...], events: list[Row]) -> None:
    if isinstance(road[-1], jl.Rename):
        road = (jl.Rename({"home*": "home", "pay": "cart"}),)  # a swap done twice is none
    once = walk(road, make_chunk(events))
    assert everything(road[-1].apply(once, WINDOW)) == everything(once)


@each
@quick
@given(events=rows())
def test_the_input_is_untouched(road: tuple[Step, ...], events: list[Row]) -> None:
    chunk = walk(road[:-1], make_chunk(events))
    before, columns, levels = everything(chunk), dict(chunk.columns), dict(chunk.levels)
    road[-1].apply(chunk, WINDOW)
    assert everything(chunk) == before
    assert (chunk.columns, chunk.levels) == (columns, levels)


@each
def test_an_empty_chunk_gets_the_same_columns_and_levels(road: tuple[Step, ...]) -> None:
    some = walk(road, make_chunk([event("ada", "pay", 0), event("ada", "cart", MINUTE)]))
    none = walk(road, make_chunk([]))
    assert everything(none) == {}
    assert (set(none.columns), set(none.levels)) == (set(some.columns), set(some.levels))
    assert all(len(level) == 0 for level in none.levels.values())


@pytest.mark.parametrize("step", [*STEPS, *ON_SESSIONS], ids=repr)
def test_a_step_is_data(step: Any) -> None:
    assert pickle.loads(pickle.dumps(step)) == step
    written = json.loads(json.dumps(step.to_dict()))
    kind = written.pop("kind")
    assert getattr(jl, kind)(**written) == step
    field = dataclasses.fields(step)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(step, field, None)
    assert repr(step).startswith(kind + "(")


# ------------------------------------------------------------------------------------ equal to the oracles

Oracle = Callable[[list[Row]], list[oracle.Case]]
END = WINDOW.end


def never(row: Row) -> bool:
    return False


def always(row: Row) -> bool:
    return True


def when(condition: Any) -> oracle.Test:
    return lambda row: oracle.holds(row, condition)


def own(events: list[Row]) -> list[oracle.Case]:
    return [(actor, where, "open") for actor, where in oracle.by_actor(events)]


S, J, M = oracle.sessions, oracle.journeys, MINUTE
FOUND: list[tuple[Step, Oracle]] = [
    (STEPS[0], lambda e: S(e, END, 10 * M)),
    (STEPS[1], lambda e: S(e, END, 60 * M, zone="Asia/Kathmandu")),
    (STEPS[2], lambda e: S(e, END, 10 * M, change_of="channel")),
    (STEPS[3], lambda e: S(e, END, 10 * M, change_of="order", max_length=25 * M)),
    (STEPS[4], lambda e: S(e, END, 60 * M, start=when(["home", {"channel": "app", "event": "pay"}]))),
    (STEPS[5], lambda e: S(e, END, 10 * M, "UTC", "channel", 20 * M, when("cart"))),
    (STEPS[6], lambda e: oracle.given_sessions(e, END, 20 * M, "sid")),
    (STEPS[7], lambda e: oracle.given_sessions(e, END, 20 * M, "order")),
    (STEPS[11], lambda e: J(e, own(e), END, 30 * 1440 * M, never, always)),
    (STEPS[12], lambda e: J(e, own(e), END, 45 * M, when("pay"), when("home"))),
    (STEPS[13], lambda e: J(e, own(e), END, 45 * M, when(HAPPY), always, goal_ends=False)),
    (STEPS[14], lambda e: J(e, own(e), END, None, when("pay"), always)),
    (STEPS[15], lambda e: oracle.stretches(e, END, 10 * M, when("pay"), always)),
    (STEPS[16], lambda e: oracle.stretches(e, END, 10 * M, when("pay"), when("home*"), restart=False)),
    (STEPS[17], lambda e: oracle.stretches(e, END, 45 * M, when("cart"), always, False, False)),
    (STEPS[18], lambda e: oracle.stretches(e, END, None, when("cart"), always)),
    (STEPS[19], lambda e: J(e, oracle.objects(e, "sid"), END, 45 * M, when("pay"), always)),
    (STEPS[20], lambda e: J(e, oracle.objects(e, "order"), END, None, when("pay"), when("home*"), False)),
]


@pytest.mark.parametrize(
    ("step", "expected"), FOUND, ids=lambda part: repr(part) if isinstance(part, Step) else ""
)
@settings(max_examples=60, deadline=None)
@given(events=rows())
def test_cases_are_those_of_the_oracle(step: Step, expected: Oracle, events: list[Row]) -> None:
    chunk = step.apply(make_chunk(events), WINDOW)
    name = "session" if isinstance(step, jl.Sessions) else "journey"
    assert cases(chunk, name) == expected(plain(chunk))


@pytest.mark.parametrize("sessions", FIRST, ids=repr)
@settings(max_examples=60, deadline=None)
@given(events=rows())
def test_journeys_of_sessions_are_those_of_the_oracle(sessions: Step, events: list[Row]) -> None:
    chunk = sessions.apply(make_chunk(events), WINDOW)
    frames, found = cases(chunk, "session"), plain(chunk)
    own_gap = jl.Journeys("pay", of="session").apply(chunk, WINDOW)
    assert cases(own_gap, "journey") == J(
        found, frames, END, None, when("pay"), always, outcome_of_frame=True
    )
    assert own_gap.cases("journey").patience == chunk.cases("session").patience
    named = jl.Journeys("pay", "45min", "home*", of="session", goal_ends=False).apply(chunk, WINDOW)
    assert cases(named, "journey") == J(
        found, frames, END, 45 * M, when("pay"), when("home*"), goal_ends=False
    )
    assert cases(named, "session") == frames


@settings(max_examples=60, deadline=None)
@given(events=rows())
def test_stages_are_those_of_the_oracle(events: list[Row]) -> None:
    chunk = make_chunk(events)
    staged = jl.Stages(RULES).apply(chunk, WINDOW)
    assert [row["stage"] for row in plain(staged)] == oracle.stages(plain(chunk), RULES)
    assert staged.category("stage").names == tuple(RULES) and staged.category("stage").ordered


@settings(max_examples=60, deadline=None)
@given(events=rows(), within=st.sampled_from([None, "1us", "10min"]), levels=st.booleans())
def test_collapse_is_that_of_the_oracle(events: list[Row], within: str | None, levels: bool) -> None:
    chunk = make_chunk(events)
    if levels:
        chunk = walk((jl.Sessions("10min", change_of="channel"), jl.Journeys("pay", of="sid")), chunk)
    before = plain(chunk)
    apart = tuple(cases(chunk, name) for name in chunk.levels)
    micros = {None: None, "1us": 1, "10min": 10 * M}[within]
    stay = oracle.collapse(before, micros, apart)
    collapsed = jl.Collapse(within).apply(chunk, WINDOW)
    assert plain(collapsed) == [before[i] for i in stay]
    assert all(len(collapsed.levels[name]) == len(chunk.levels[name]) for name in chunk.levels)


@settings(max_examples=60, deadline=None)
@given(
    events=rows(),
    names=st.dictionaries(
        st.sampled_from(["home*", "?ome", "*", "pay", "cart*", "z"]),
        st.sampled_from(["home", "new", "pay"]),
        min_size=1,
    ),
)
def test_rename_is_that_of_the_oracle(events: list[Row], names: dict[str, str]) -> None:
    chunk = make_chunk(events)
    renamed = jl.Rename(names).apply(chunk, WINDOW)
    expected = [{**row, "event": oracle.rename(row["event"], names)} for row in plain(chunk)]
    assert plain(renamed) == expected
    labels = renamed.event.names
    assert len(set(labels)) == len(labels) and list(labels) == sorted(labels)


@settings(max_examples=60, deadline=None)
@given(events=rows())
def test_where_and_drop_share_the_events_between_them(events: list[Row]) -> None:
    chunk = make_chunk(events)
    condition = {"channel": ["web", None], "value": {">=": 0}}
    kept, left = (step(condition).apply(chunk, WINDOW) for step in (jl.Where, jl.Drop))
    assert plain(kept) == [row for row in plain(chunk) if oracle.holds(row, condition)]
    assert plain(left) == [row for row in plain(chunk) if not oracle.holds(row, condition)]


SCRIPT = """
import hashlib, json, numba
from tests.step_logs import WINDOW, everything, make_chunk
from tests.test_steps_laws import ROADS, seeded, walk
print(numba.config.DISABLE_JIT, hashlib.sha256(json.dumps(
    [everything(walk(road, make_chunk(seeded()))) for road in ROADS]).encode()).hexdigest())
"""


def test_uncompiled_kernels_give_the_same() -> None:
    found = {}
    for switch in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": switch}
        run = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
        off, found[switch] = done.stdout.split()
        assert off == switch
    assert found["0"] == found["1"]


def seeded() -> list[Row]:
    chance = np.random.default_rng(7)
    time, events = 0, []
    for _ in range(300):
        time += int(chance.choice([0, 1, M, 10 * M, 10 * M + 1, 45 * M]))
        row = event(
            str(chance.choice(["ada", "bob", "cy"])), str(chance.choice(["home", "cart", "pay"])), time // 9
        )
        row["channel"] = ["web", "app", None][chance.integers(3)]
        row["sid"] = ["s1", "s2", None][chance.integers(3)]
        row["order"] = [1, 2, None][chance.integers(3)]
        row["value"] = int(chance.integers(-3, 9)) * 1_000_000
        events.append(row)
    return events


def event(actor: str, name: str, time: int) -> Row:
    rest = dict.fromkeys(("channel", "sid", "order", "value", "rate", "at", "note"))
    return {"actor": actor, "event": name, "time": time, **rest}
