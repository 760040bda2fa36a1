"""Kernels of the checks equal plain loops, compiled or not."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.checks.bots import _gaps
from journeylog.checks.names import _all_differ
from journeylog.core.kernels.quality import (
    bounds_by_code,
    count_hours,
    count_lateness,
    lateness_of_actors,
    pace_of_actors,
    tied_events,
)

times = st.lists(st.lists(st.integers(0, 40), min_size=0, max_size=40).map(sorted), min_size=1, max_size=5)


@settings(max_examples=120)
@given(times)
def test_the_pace_of_actors_equals_plain_loops(actors: list[list[int]]) -> None:
    minute, pause, least = 7, 5, 4
    time = np.array([t for own in actors for t in own], np.int64)
    offsets = np.concatenate(([0], np.cumsum([len(own) for own in actors]))).astype(np.int64)
    fastest, alike, median, stretch = pace_of_actors(time, offsets, minute, pause, least)
    for a, own in enumerate(actors):
        different = sorted(set(own))
        assert fastest[a] == max((sum(t <= u < t + minute for u in different) for t in different), default=0)
        gaps = sorted(v - u for u, v in itertools.pairwise(different))
        runs, begin = [0], 0
        for k in range(1, len(own)):
            begin = k if own[k] - own[k - 1] > pause else begin
            runs.append(own[k] - own[begin])
        assert stretch[a] == max(runs)
        if len(gaps) >= least:
            middle = gaps[len(gaps) // 2]
            assert median[a] == middle and alike[a] == sum(abs(g - middle) * 10 <= middle for g in gaps)
        else:
            assert median[a] == 0
    rows, group = tied_events(time, offsets)
    expected = [
        (offsets[a] + k, a, own[k])
        for a, own in enumerate(actors)
        for k in range(len(own))
        if own.count(own[k]) > 1
    ]
    assert rows.tolist() == [row for row, _, _ in expected]
    assert len(set(zip(group.tolist(), [(a, t) for _, a, t in expected], strict=True))) == len(
        set(group.tolist())
    )


@settings(max_examples=60)
@given(times)
def test_gaps_above_zero_are_counted_by_actor(actors: list[list[int]]) -> None:
    rows = [(f"a{i}", "x", 1_735_689_600 + t) for i, own in enumerate(actors) for t in own]
    frame = pd.DataFrame(rows, columns=["who", "what", "when"])
    if frame.empty:
        return
    chunk = jl.read(frame, actor="who", event="what", time="when", time_unit="s").chunk
    expected = [len(set(own)) - 1 for own in actors if own]
    assert sorted(_gaps(chunk).tolist()) == sorted(expected)


@settings(max_examples=80)
@given(times)
def test_hours_and_lateness_equal_plain_loops(actors: list[list[int]]) -> None:
    time = np.array([t for own in actors for t in own], np.int64)
    offsets = np.concatenate(([0], np.cumsum([len(own) for own in actors]))).astype(np.int64)
    rng = np.random.default_rng(len(time))
    source = rng.integers(-1, 2, len(time)).astype(np.int32)
    received = time + rng.integers(-5, 30, len(time))
    valid = rng.random(len(time)) < 0.8
    out, seen = np.zeros((2, 5, 3), np.int64), np.zeros(2, np.int64)
    count_hours(time, offsets, source, 0, 10, 20, out, seen)
    who = np.repeat(np.arange(len(actors)), np.diff(offsets))
    rows = [
        (s, t // 10, a, t // 20)
        for s, t, a in zip(source.tolist(), time.tolist(), who.tolist(), strict=True)
        if s >= 0
    ]
    for s, h in itertools.product(range(2), range(5)):
        assert out[s, h, 0] == sum(r[:2] == (s, h) for r in rows)
        assert out[s, h, 1] == len({r[2] for r in rows if r[:2] == (s, h)})
    for s in range(2):
        assert seen[s] == len({r[2] for r in rows if r[0] == s})
        assert out[s, :, 2].sum() == len({r[2:] for r in rows if r[0] == s})
    bins, ends = np.zeros((2, 1 << 13), np.int64), np.zeros((2, 9), np.int64)
    count_lateness(time, received, valid, source, 1, 10, bins, ends)
    for s in range(2):
        own = [(int(received[i] - time[i]), int(time[i])) for i in np.flatnonzero(valid & (source == s))]
        late, ahead = [t for d, t in own if d > 10], [t for d, t in own if d < -1]
        assert ends[s, 0] == len(own) == bins[s].sum()
        assert (ends[s, 1], ends[s, 4]) == (len(late), len(ahead))
        if late:
            assert (ends[s, 2], ends[s, 3]) == (min(late), max(late))
        if own:
            assert (ends[s, 7], ends[s, 8]) == (min(own)[0], max(own)[0])
    found: dict[tuple[int, int], list[int]] = {}
    for a, s, *numbers in zip(
        *(x.tolist() for x in lateness_of_actors(time, offsets, received, valid, source, 2)), strict=True
    ):
        found[a, s] = numbers
    expected: dict[tuple[int, int], list[int]] = {}
    for i in np.flatnonzero(valid & (source >= 0)).tolist():
        expected.setdefault((int(who[i]), int(source[i])), []).append(int(received[i] - time[i]))
    assert found == {key: [len(d), min(d), max(d)] for key, d in expected.items()}


@settings(max_examples=60)
@given(st.lists(st.text(max_size=4), max_size=30))
def test_hashes_tell_whether_texts_differ(texts: list[str]) -> None:
    assert _all_differ(pa.array(texts, pa.large_string())) == (len(set(texts)) == len(texts))


def test_bounds_by_code() -> None:
    codes, time = np.array([1, 0, 1, 1], np.int32), np.array([5, 9, 3, 7], np.int64)
    first, last = np.full(3, 99), np.full(3, -1)
    bounds_by_code(codes, time, first, last)
    assert first.tolist() == [9, 3, 99] and last.tolist() == [9, 7, -1]
