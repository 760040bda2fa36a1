"""A patience that is estimated from the log: how long those who come back stay away."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core import gaps
from journeylog.core.counts import Counts
from journeylog.core.engine import gather
from journeylog.core.gaps import gap_counts, gap_percentiles, written_gap
from journeylog.core.kernels.bins import bin_edges_ms, bin_of_ms
from journeylog.core.schema import DAY, HOUR, MINUTE, SECOND
from journeylog.core.source import Memory
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, WindowWarning
from tests.oracles import patience as oracle
from tests.step_logs import WINDOW, Row, cases, make_chunk, plain, rows
from tests.strategies import Event, make_log

ENDLESS: list[Any] = [
    jl.Journeys("pay", None),
    jl.Journeys("pay", None, goal_ends=False),
    jl.Journeys("pay", None, of="stretch"),
    jl.Journeys("pay", None, of="order"),
]


@pytest.mark.parametrize("step", ENDLESS, ids=repr)
@pytest.mark.parametrize("sessions", [None, jl.Sessions("10min")], ids=["plain", "sessions"])
@settings(max_examples=40, deadline=None)
@given(events=rows(max_events=30), seed=st.integers(0, 99))
def test_gaps_are_those_of_the_oracle_in_any_partition(
    sessions: Any, step: Any, events: list[Row], seed: int
) -> None:
    chunk = make_chunk(events)
    chunk = chunk if sessions is None else sessions.apply(chunk, WINDOW)
    ready = step.apply(chunk, WINDOW)
    counts = gap_counts(ready, ready.cases("journey"), WINDOW)
    shortest = gaps.VISIT if sessions is None else 10 * MINUTE
    expected = oracle.gaps(plain(ready), cases(ready, "journey"), shortest, WINDOW.end, step.goal_ends)
    for name, wanted in zip(("n_returned", "n_waiting"), expected, strict=True):
        bins = counts["gaps"].codes("bin")
        found = [b for b, n in zip(bins, counts["gaps"].values[name], strict=True) for _ in range(n)]
        assert found == sorted(bin_of_ms((gap + 500) // 1000) for gap in wanted)
    chance = random.Random(seed)
    bounds = sorted({0, ready.n_actors, *(chance.randint(0, ready.n_actors) for _ in range(3))})
    parts = [ready.slice(a, b) for a, b in itertools.pairwise(bounds)] or [ready]
    whole = [gap_counts(part, part.cases("journey"), WINDOW) for part in parts]
    chance.shuffle(whole)
    assert Counts.merge(whole).to_bytes() == counts.to_bytes()


@settings(max_examples=100, deadline=None)
@given(
    returned=st.lists(st.integers(1, 60), min_size=20, max_size=60),
    waiting=st.lists(st.integers(1, 90), max_size=40),
)
def test_percentiles_are_those_of_the_oracle(returned: list[int], waiting: list[int]) -> None:
    bins = np.array(sorted({*returned, *waiting}))
    table = gaps.Table(
        {"bin": bins},
        {
            "n_returned": np.array([returned.count(b) for b in bins]),
            "n_waiting": np.array([waiting.count(b) for b in bins]),
        },
    )
    n, found = gap_percentiles(Counts({"gaps": table}))
    assert n == len(returned)
    for p in (90, 95, 99):
        wanted = oracle.percentile(returned, waiting, p / 100)
        assert found[p] == int(bin_edges_ms(np.array([wanted]))[1][0]) * 1000
    assert found[90] <= found[95] <= found[99]


def visits(rng: np.random.Generator, n: int, days: float, back: float, median: float) -> jl.EventLog:
    """Customers who come back with a chance of `back`, after a lognormal time away; each visit has two clicks."""
    rows = []
    for i in range(n):
        at = rng.random() * days
        while at < days:
            rows += [
                Event(f"u{i}", name, round((at + gap) * DAY), None, None)
                for name, gap in (("a", 0), ("b", 0.01))
            ]
            if rng.random() >= back:
                break
            at += median * math.exp(0.7 * rng.normal())
    return make_log(rows, Window(0, round(days * DAY)))


def test_the_patience_is_the_percentile_that_was_put_in_although_the_window_cuts() -> None:
    """Away for a lognormal time, 70 of 100 come back; the 95th percentile of those seen to return is too short."""
    rng = np.random.default_rng(1)
    true = {p: 9 * math.exp(0.7 * z) for p, z in ((90, 1.2816), (95, 1.6449), (99, 2.3263))}
    found = []
    for _ in range(8):
        log = visits(rng, 700, 90, 0.7, 9.0)
        step = log.then(jl.Journeys(patience="auto")).steps[-1]
        assert isinstance(step, jl.Journeys) and step.settled is not None
        found.append(
            [parse_duration(d) / DAY for d in (step.sensitivity[0], step.settled[0], step.sensitivity[1])]
        )
    for estimates, truth in zip(np.array(found).T, true.values(), strict=True):
        assert np.mean(estimates) == pytest.approx(truth, rel=0.06)


def test_the_settled_step_says_that_it_was_estimated_and_can_be_used_again() -> None:
    log = visits(np.random.default_rng(2), 200, 60, 0.7, 5.0)
    asked = jl.Journeys("b", "auto", of="stretch", goal_ends=False)
    ready = log.then(asked)
    step = ready.steps[-1]
    assert asked.settled is None and isinstance(step, jl.Journeys) and step.patience == "auto"
    assert step.settled is not None and step.settled[1] > 200 and len(step.sensitivity) == 2
    assert ready.chunk.cases("journey").patience == step.patience_micros == parse_duration(step.settled[0])
    assert jl.Journeys(**{k: v for k, v in step.to_dict().items() if k != "kind"}) == step
    assert log.then(step).steps[-1] == step
    for parts in (1, 3, 7):
        split = jl.EventLog(Memory(tuple(log.chunk.split(parts))), log.window, log.card)
        assert split.then(asked).steps[-1] == step
    assert f"{step.settled[1]:,} return gaps" in repr(ready)


@pytest.mark.parametrize(
    ("of", "node"),
    [
        ("actor", "event"),
        ("channel", "event"),
        ("stretch", "event"),
        ("session", "event"),
        ("actor", "stage"),
        ("channel", "stage"),
    ],
)
def test_sensitivity_is_the_drop_off_with_another_patience(of: str, node: str) -> None:
    rng = np.random.default_rng(3)
    rows = [
        Event(
            f"u{rng.integers(40)}",
            "abcd"[rng.integers(4)],
            int(t),
            ["see", "do"][i % 2],
            ["web", None, "app"][i % 3],
        )
        for i, t in enumerate(np.sort(rng.integers(0, 30 * DAY, 700)))
    ]
    log = make_log(rows, Window(0, 30 * DAY)).then(jl.Sessions("20h"))
    others = ["12h", "2d", "7d"]
    both = log.then(jl.Journeys("d", "36h", of=of, sensitivity=others)).compute(jl.DropOff(node=node))
    table = both.tables["sensitivity"]
    for text in [*others, "36h"]:
        alone = log.then(jl.Journeys("d", text, of=of)).compute(jl.DropOff(node=node)).table
        mine = table[table["patience_s"] == parse_duration(text) / SECOND].set_index("node")
        assert len(mine) == len(alone)
        for row in alone.to_dict("records"):
            got = mine.loc[row["node"]]
            assert got["n_followed"] == row["n_followed"]
            for name in ("drop_rate", "drop_rate_low", "drop_rate_high"):
                assert got[name] == pytest.approx(row[name], nan_ok=True, rel=1e-12), (text, row["node"])


def test_the_result_says_the_patience_and_how_much_depends_on_it(tmp_path: Path) -> None:
    log = visits(np.random.default_rng(4), 300, 80, 0.6, 6.0).then(jl.Journeys(patience="auto"))
    for again in (log, jl.load(log.save(tmp_path / "log.arrow"))):
        result = again.compute(jl.DropOff(node="event"))
        assert any("95th percentile of" in note for note in result.notes)
        assert any("at the 90th" in note and "at the 99th" in note for note in result.notes)
        a = result.tables["sensitivity"].query("node == 'b'")["drop_rate"].to_numpy()
        assert len(a) == 3 and a[0] > a[1]
        assert a[1] == result.table.set_index("node").loc["b", "drop_rate"]
        groups = again.compute(jl.DropOff(node="event"), by="event")
        assert groups["a"].tables["sensitivity"].equals(result.tables["sensitivity"])
    parts = [gather(part, [jl.DropOff(node="event")], log.window)[0] for part in log.chunk.split(4)]
    whole = gather(log.chunk, [jl.DropOff(node="event")], log.window)[0]
    assert len(parts) > 1 and Counts.merge(parts[::-1]).to_bytes() == whole.to_bytes()
    hover = [row[0] for trace in result.plot().data for row in trace.customdata or ()]
    assert hover and all(text.count("with a patience of") == 3 for text in hover)
    plain_result = log.then(jl.Journeys(patience="9d")).compute(jl.DropOff())
    assert len(plain_result.tables["sensitivity"]) == 0


def test_too_few_returns_are_said_and_a_log_without_events_is_not() -> None:
    log = make_log([Event("ada", "a", 0, None, None), Event("ada", "b", DAY, None, None)], Window(0, 9 * DAY))
    with pytest.warns(WindowWarning, match="1 return gaps, fewer than 20"):
        ready = log.then(jl.Journeys(patience="auto"))
    step = ready.steps[-1]
    assert isinstance(step, jl.Journeys) and step.settled == ("30d", 1) and not step.sensitivity
    assert any("too few" in note for note in ready.compute(jl.DropOff()).notes)
    assert make_log([]).then(jl.Journeys(patience="auto")).compute(jl.DropOff(node="event")).table.empty


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (1, "1s"),
        (59 * SECOND, "59s"),
        (HOUR, "60min"),
        (2 * HOUR, "120min"),
        (2 * DAY, "48h"),
        (9 * DAY - 1, "9d"),
    ],
)
def test_a_gap_is_written_rounded_up(micros: int, text: str) -> None:
    assert written_gap(micros) == text
    assert micros <= parse_duration(text) <= micros * 1.05 + SECOND


def test_what_excludes_each_other_is_refused() -> None:
    with pytest.raises(ConfigError, match="own gap"):
        jl.Journeys(patience="auto", of="session")
    with pytest.raises(ConfigError, match="90th"):
        jl.Journeys(patience="auto", sensitivity=["1d"])
    with pytest.raises(ConfigError, match="held against"):
        jl.Journeys(patience=None, sensitivity=["1d"])
    with pytest.raises(ConfigError, match="list of durations"):
        jl.Journeys(sensitivity="1d")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="leave it out"):
        jl.Journeys(settled=("3d", 5))
    with pytest.raises(ConfigError, match="whole log"):
        jl.Journeys(patience="auto").apply(make_chunk([]), WINDOW)
