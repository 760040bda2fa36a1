"""Keeping events, actors and cases: levels follow, interleaved or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylog.core.chunk import Chunk, Level
from journeylog.core.objects import object_level
from journeylog.core.schema import DROPPED, OPEN, REACHED
from journeylog.core.select import keep_actors, keep_cases, keep_events
from tests.step_logs import Row, cases, everything, make_chunk, plain, rows

quick = settings(max_examples=40, deadline=None)
bits = st.lists(st.booleans(), min_size=1, max_size=40)


def with_levels(chunk: Chunk, how: list[int]) -> Chunk:
    """Return the chunk with an interleaving level, a partly covering one, and one in plain order."""

    def ended(level: Level) -> Level:
        outcome = np.resize(np.array(how, dtype=np.int32), len(level)).astype(np.int32)
        return Level(level.actor_offsets, level.begin, level.end, outcome, level.order, 5)

    return (
        chunk.with_level("sid", ended(object_level(chunk, "sid", missing_alone=True)))
        .with_level("order", ended(object_level(chunk, "order")))
        .with_level("journey", ended(chunk.cases("actor")))
    )


outcomes = st.lists(st.sampled_from([REACHED, DROPPED, OPEN]), min_size=1, max_size=4)


@quick
@given(events=rows(), mask=bits, how=outcomes)
def test_events_and_cases_are_those_a_loop_keeps(events: list[Row], mask: list[bool], how: list[int]) -> None:
    chunk = with_levels(make_chunk(events), how)
    keep = np.resize(np.array(mask), chunk.n_events)
    kept = keep_events(chunk, keep)
    stay = [i for i in range(chunk.n_events) if keep[i]]
    place = {i: k for k, i in enumerate(stay)}
    before = plain(chunk)
    assert plain(kept) == [before[i] for i in stay]
    assert kept.actors.to_pylist() == list(dict.fromkeys(before[i]["actor"] for i in stay))
    assert kept.offsets[0] == 0 and kept.offsets[-1] == len(stay)
    for name in chunk.levels:
        expected = [(a, [place[i] for i in where if i in place], how) for a, where, how in cases(chunk, name)]
        assert cases(kept, name) == [case for case in expected if case[1]]
        assert kept.levels[name].patience == 5


@quick
@given(events=rows(), mask=bits, how=outcomes)
def test_keeping_in_parts_is_keeping_in_the_whole(
    events: list[Row], mask: list[bool], how: list[int]
) -> None:
    chunk = with_levels(make_chunk(events), how)
    keep = np.resize(np.array(mask), chunk.n_events)
    together: dict[str, object] = {}
    for a in range(chunk.n_actors):
        first, last = chunk.offsets[a], chunk.offsets[a + 1]
        together |= everything(keep_events(chunk.slice(a, a + 1), keep[first:last]))
    assert together == everything(keep_events(chunk, keep))


@quick
@given(events=rows(), mask=bits, how=outcomes)
def test_keeping_twice_is_keeping_once(events: list[Row], mask: list[bool], how: list[int]) -> None:
    chunk = with_levels(make_chunk(events), how)
    names = np.resize(np.array(mask), len(chunk.event.labels) + 1)
    once = keep_events(chunk, names[chunk.event.codes])
    assert everything(keep_events(once, names[once.event.codes])) == everything(once)


@quick
@given(events=rows(), mask=bits, how=outcomes)
def test_actors_are_kept_whole(events: list[Row], mask: list[bool], how: list[int]) -> None:
    chunk = with_levels(make_chunk(events), how)
    chosen = np.resize(np.array(mask), chunk.n_actors)
    everybody = everything(chunk)
    names = [a for a, keep in zip(chunk.actors.to_pylist(), chosen.tolist(), strict=True) if keep]
    assert everything(keep_actors(chunk, chosen)) == {a: everybody[a] for a in names}


@quick
@given(events=rows(), mask=bits, how=outcomes)
def test_cases_are_kept_and_events_stay(events: list[Row], mask: list[bool], how: list[int]) -> None:
    chunk = with_levels(make_chunk(events), how)
    for name in chunk.levels:
        chosen = np.resize(np.array(mask), len(chunk.levels[name]))
        kept = keep_cases(chunk, name, chosen)
        both = zip(cases(chunk, name), chosen.tolist(), strict=True)
        assert cases(kept, name) == [case for case, keep in both if keep]
        assert plain(kept) == plain(chunk)


@pytest.mark.parametrize("value", [True, False])
def test_an_actor_without_events_is_gone_whatever_the_others_keep(value: bool) -> None:
    full = make_chunk([event("ada", "home"), event("bob", "home")])
    hollow = Chunk(full.actors, np.array([0, 2, 2]), full.time, full.columns)
    kept = keep_events(hollow, np.array([True, value]))
    assert kept.actors.to_pylist() == ["ada"]
    assert kept.offsets.tolist() == [0, 1 + value]


def test_keeping_all_or_nothing() -> None:
    chunk = with_levels(make_chunk([event("ada", "home"), event("bob", "pay")]), [OPEN])
    assert keep_events(chunk, np.ones(2, bool)) is chunk
    none = keep_events(chunk, np.zeros(2, bool))
    assert (none.n_actors, none.n_events) == (0, 0)
    assert {name: len(level) for name, level in none.levels.items()} == {"sid": 0, "order": 0, "journey": 0}
    assert none.levels["sid"].case_of_event(0).tolist() == []


def event(actor: str, name: str) -> Row:
    rest = dict.fromkeys(("channel", "sid", "order", "value", "rate", "at", "note"))
    return {"actor": actor, "event": name, "time": 0, **rest}
