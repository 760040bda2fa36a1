"""The laws of every statistic: any partition, any merge order, any thread count, the same bytes."""

from __future__ import annotations

import itertools
import pickle
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Stat
from journeylog.core.counts import Counts
from journeylog.core.encode import encode
from journeylog.core.engine import gather
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from tests.strategies import SECOND, Event, case_shapes, make_log, rows, with_cases

#: One line a statistic: every question here keeps every law below.
QUESTIONS: list[Stat] = [
    jl.Transitions(),
    jl.Transitions(node="event", case="actor", time="stay", quantiles=False),
    jl.Transitions(node="stage", case="journey", time="dwell"),
    jl.Transitions(node="channel", case="stage"),
    jl.DropOff(),
    jl.DropOff(node="event", case="journey"),
    jl.Bottlenecks(node="stage"),
    jl.Bottlenecks(node="event", baseline="30s"),
    jl.Funnel(["a", "b", "*"], "30s"),
    jl.Funnel(["a", "a", {"channel": "web"}], "900s", case="journey", mode="unordered"),
    jl.Funnel(["*", "c"], case="channel", mode="strict", entry="first"),
    jl.Variants(),
    jl.Variants(node="stage", case="journey", max_length=3, top=5),
    jl.StepMatrix(),
    jl.StepMatrix(node="stage", case="journey", anchor="b", before=2, after=3),
    jl.Describe(),
    jl.Dwell(),
    jl.Dwell(node="stage", case="journey"),
    jl.Moments("b", "100s", min_n=1),
    jl.Moments(None, "20s", node="stage", case="journey", at=None, adjust="channel"),
    jl.Outcomes(),
    jl.Outcomes(case="channel"),
    jl.Model(),
    jl.Model(node="stage", case="journey"),
    jl.Model(node="channel", case="stage", times=False),
    jl.MemoryTest(),
    jl.MemoryTest(node="stage", case="journey"),
    jl.Prediction(within="60s", node="stage"),
    jl.Prediction(within="600s", node="event", case="journey"),
    jl.Opportunities(by="channel", min_n=1),
    jl.SegmentLoss(by="channel", min_n=1),
    jl.Reaching(),
    jl.Reaching(node="stage", case="journey"),
    jl.Reaching(node="stage", case="journey"),
    jl.Opportunities(by="stage", node="channel", case="journey", min_n=2),
    jl.Retention("20s", 3),
    jl.Retention("90s", 4, start="a", event={"channel": "web"}, bounded=False),
    jl.Touchpoints(),
    jl.Touchpoints("channel", case="channel"),
    jl.Conformance([{"before": ["a", "b"]}, {"never": "c", "after": "a"}, {"within": ["a", "*", "30s"]}]),
    jl.Conformance([{"ways": {"see": ["think"], "think": ["do"]}}], case="journey"),
    jl.PainPoints({"web": {"channel": "web"}, "names": ["a", "b*"]}, baseline="9s", contacts="names"),
    jl.PainPoints(
        {"web": {"channel": "web"}}, "event", "channel", prices={"web": "value"}, baseline={("a", "b"): "2s"}
    ),
    jl.JourneyMap(need="channel", segment=None),  # its other parts have lines of their own
    jl.Ledger(node="event"),
    jl.Ledger(
        node="stage", case="journey", baseline={("see", "do"): "30s"}, expected={"see": 0.1, "do": 0.3}
    ),
    jl.Satisfaction(node="event", within="30s"),
    jl.Satisfaction(node="stage", case="journey", within="900s", scale="nps", own=True),
    jl.TimeTo("b"),
    jl.TimeTo({"end": ["b", "c"], "web": {"channel": "web"}}, start={"stage": "think"}, case="journey"),
    jl.TimeTo(node="stage", case="channel"),
    jl.Values(),
    jl.Values(node="stage", case="journey"),
    jl.Acquisition(120.0),
    jl.Acquisition({"web": 10, "tv": 5}, case="journey"),
    jl.Again("a", within="30s"),
    jl.Voice(node="event", within="30s", text="channel"),
    jl.Voice(node="stage", case="journey", within="900s", own=True, text="event", top=1),
    jl.Bootstrap(jl.Funnel(["a", "*"], "30s"), 40, columns=["total_rate", "time_mean_s"]),
]

#: Questions whose intervals (and held-out actors) come from groups of actors by a hash of their ids.
BY_HASH: tuple[type[Stat], ...] = (jl.JourneyMap, jl.Again, jl.Bootstrap, jl.Model, jl.TimeTo)
#: Questions whose every loss comes from them.
HELD_OUT: tuple[type[Stat], ...] = (jl.MemoryTest, jl.Prediction, jl.Opportunities)

cases = case_shapes()
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
each = pytest.mark.parametrize("question", QUESTIONS, ids=repr)
pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.UnseenNameWarning")


def counted(question: Stat, chunk: Chunk, log: EventLog) -> Counts:
    return gather(chunk, [question], log.window)[0]


def prepared(events: list[Event], how: Any) -> EventLog:
    log = make_log(events)
    return replace(log, source=Memory((with_cases(log.chunk, *how),)))


@each
@quick
@given(events=rows(), how=cases, seed=st.integers(0, 99))
def test_any_partition_and_any_merge_order_give_the_same_bytes(
    question: Stat, events: list[Event], how: Any, seed: int
) -> None:
    log = prepared(events, how)
    whole = counted(question, log.chunk, log).to_bytes()
    chance = random.Random(seed)
    bounds = sorted({0, log.n_actors, *(chance.randint(0, log.n_actors) for _ in range(3))})
    parts = [log.chunk.slice(a, b) for a, b in itertools.pairwise(bounds)] or [log.chunk]
    counts = [counted(question, part, log) for part in parts]
    chance.shuffle(counts)
    assert Counts.merge(counts).to_bytes() == whole
    pairwise = counts[0]
    for other in counts[1:]:
        pairwise = other + pairwise
    assert pairwise.to_bytes() == whole


@each
@quick
@given(events=rows(), how=cases)
def test_an_empty_chunk_changes_nothing_and_has_the_full_schema(
    question: Stat, events: list[Event], how: Any
) -> None:
    log = prepared(events, how)
    nothing = counted(question, log.chunk.slice(0, 0), log)
    whole = counted(question, log.chunk, log)
    assert (whole + nothing).to_bytes() == whole.to_bytes()
    filled, bare = question.result(whole, log.window), question.result(nothing.canonical(), log.window)
    assert list(filled.table.columns) == list(bare.table.columns)
    numbers = bare.table.select_dtypes("int64").drop(
        columns=["step", "period", "order"], errors="ignore"
    )  # the question's own
    assert not numbers.to_numpy().any()
    for name, table in filled.tables.items():
        assert list(bare.tables[name].columns) == list(table.columns)


@each
@quick
@given(events=rows(distinct_times=True), how=cases, seed=st.integers(0, 99))
def test_input_order_does_not_matter_when_times_are_distinct(
    question: Stat, events: list[Event], how: Any, seed: int
) -> None:
    distinct = [replace(e, time=i * i * SECOND) for i, e in enumerate(events)]
    shuffled = random.Random(seed).sample(distinct, len(distinct))
    cuts = ([], how[1][:1], how[2])  # cases cut by position would follow the order of the actors
    one, other = prepared(distinct, cuts), prepared(shuffled, cuts)
    assert counted(question, one.chunk, one).to_bytes() == counted(question, other.chunk, other).to_bytes()


@each
@quick
@given(events=rows(), how=cases, shift=st.integers(0, 10**12))
def test_renaming_actors_and_shifting_all_times_changes_no_count(
    question: Stat, events: list[Event], how: Any, shift: int
) -> None:
    log = prepared(events, how)
    moved = make_log(
        [replace(e, actor=f"x{e.actor}", time=e.time + shift) for e in events],
        jl.Window(log.window.start + shift, log.window.end + shift),
    )
    moved = replace(moved, source=Memory((with_cases(moved.chunk, *how),)))
    one, other = (
        question.result(counted(question, x.chunk, x).canonical(), x.window).table for x in (log, moved)
    )
    if isinstance(question, jl.Moments):  # its intervals are made of groups of actors by a hash of their ids
        keys = ["kind", "from_kind", "from", "moment"]
        counted_or_rated = keys + [c for c in one.columns if c.startswith("n_") or c.endswith("_rate")]
        one, other = (x[counted_or_rated].sort_values(keys, ignore_index=True) for x in (one, other))
    times = [c for c in one.columns if c.endswith("_time") or c.startswith(("time_first", "time_last"))]
    if isinstance(question, BY_HASH):
        times += [c for c in one.columns if c.removesuffix("_s").rsplit("_", 1)[-1] in ("low", "high")]
    if isinstance(question, jl.Opportunities):  # halves of actors choose: what was counted at a point stays
        both = one.merge(other, on=["part", "node", "kind", "to", "to_kind"])
        one, other = (both[[f"n_followed_{side}"]].set_axis(["n_followed"], axis=1) for side in "xy")
    if isinstance(question, HELD_OUT):
        times += list(one.select_dtypes("float64"))
    assert one.drop(columns=times).equals(other.drop(columns=times))


@each
def test_threads_give_the_same_bytes_and_by_adds_up(question: Stat) -> None:
    log = larger()
    tables = [log.compute(question, threads=k).table for k in (1, 2, 5)]
    assert tables[0].equals(tables[1]) and tables[0].equals(tables[2])
    parts = gather(log.chunk, [question], log.window, by="channel")[0]
    whole = counted(question, log.chunk, log).canonical()
    for name, table in whole.tables.items():
        if table.largest or table.smallest or "n" not in table.values:
            continue
        assert parts[name].values["n"].sum() == table.values["n"].sum()


@each
def test_a_question_survives_pickle_and_json(question: Stat) -> None:
    assert pickle.loads(pickle.dumps(question)) == question
    assert question.to_dict()["kind"] == type(question).__name__


@each
def test_vocabulary_order_does_not_matter(question: Stat) -> None:
    log = larger()
    events = log.chunk.event
    turned = np.array([len(events.names) - 1 - i for i in range(len(events.names))], np.int32)
    flipped = type(events)(turned[events.codes], pa.array(events.names[::-1]))
    chunk = log.chunk.with_columns(event=flipped)
    assert counted(question, chunk, log).to_bytes() == counted(question, log.chunk, log).to_bytes()


def larger(n: int = 4000) -> EventLog:
    chance = np.random.default_rng(5)
    log = make_log(
        [
            Event(
                f"u{a}",
                f"e{e}",
                int(t),
                ["see", "think", "do", None][s],
                ["web", "app", None][c],
                [-1.0, 0.2, None][x],
                5 * x,
            )
            for a, e, t, s, c, x in zip(
                chance.integers(0, 300, n),
                chance.integers(0, 300, n),
                chance.integers(0, 10**9, n),
                chance.integers(0, 4, n),
                chance.integers(0, 3, n),
                chance.integers(0, 3, n),
                strict=True,
            )
        ],
        jl.Window(0, 10**9),
    )
    return replace(log, source=Memory((with_cases(log.chunk, [3, 8], [0, 1, 2], 10**8),)))


def test_many_names_take_the_numbered_path_and_agree_with_few() -> None:
    """Beyond 65,536 possible edges rows are numbered; the counts are those of the plain grid."""
    log = larger()
    assert len(log.events) * len(log.events) > 1 << 16
    found = log.compute(jl.Transitions(node="event", case="journey")).table
    grouped: dict[tuple[str, str], int] = {}
    level = log.chunk.cases("journey")
    codes, names = log.chunk.event.codes, log.events
    for b, e in zip(level.begin, level.end, strict=True):
        for i in range(b, e - 1):
            key = names[codes[i]], names[codes[i + 1]]
            grouped[key] = grouped.get(key, 0) + 1
    real = found[(found["from_kind"] == "node") & (found["to_kind"] == "node")]
    assert {(r["from"], r["to"]): r["n"] for r in real.to_dict("records")} == grouped


def test_chunks_with_different_vocabularies_add_up() -> None:
    """Partitions of a store are encoded apart; their counts still meet by name."""
    events = [("a", "x", 0), ("a", "y", 1), ("b", "z", 0), ("b", "x", 3), ("b", "y", 9)]

    def chunk(part: list[tuple[str, str, int]]) -> Chunk:
        return build_chunk(
            pa.array([e[0] for e in part]),
            np.array([e[2] * SECOND for e in part]),
            {"event": encode(pa.array([e[1] for e in part]))},
        )[0]

    window = jl.Window(0, 10 * SECOND)
    question = jl.Transitions()
    whole = gather(chunk(events), [question], window)[0].to_bytes()
    parts = [gather(chunk([e for e in events if e[0] == who]), [question], window)[0] for who in "ba"]
    assert Counts.merge(parts).to_bytes() == whole
