from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.schema import SECOND, UNDECLARED
from journeylog.core.survival import Watched, curve_band, log_rank, restricted_mean
from journeylog.core.window import Window
from journeylog.errors import ConfigError, UnseenNameWarning
from tests.oracles import timeto as oracle
from tests.strategies import STAGES, Event, make_log, plain_cases, rows, with_cases

pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.UnseenNameWarning")

#: Ten patients: the example on which the reference implementations agree.
TIMES = np.array([1, 2, 2, 3, 4, 4, 4, 5, 6, 6])
SEEN = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 0])
END = 70 * 61 * SECOND

QUESTIONS: list[tuple[Any, Any, Any, Any]] = [
    ("b", None, None, {"b": lambda e: e.event == "b"}),
    (
        ["b", "c"],
        "a",
        lambda e: e.event == "a",
        {"b": lambda e: e.event == "b", "c": lambda e: e.event == "c"},
    ),
    (
        {"did": {"stage": "do"}, "web": {"channel": "web"}},
        {"stage": "think"},
        lambda e: e.stage == "think",
        {"did": lambda e: e.stage == "do", "web": lambda e: e.channel == "web"},
    ),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=["one", "two", "conditions"])
@pytest.mark.parametrize("case", ["actor", "journey"])
@settings(max_examples=40, deadline=None)
@given(
    events=rows(),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    ends=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    patience=st.sampled_from([UNDECLARED, 20 * SECOND, 900 * SECOND]),
)
def test_equals_the_oracle(
    question: Any, case: str, events: Any, cuts: Any, ends: Any, patience: int
) -> None:
    to, start, starts, fits = question
    chunk = with_cases(make_log(events).chunk, cuts, ends, patience)
    result = jl.EventLog.from_chunk(chunk, Window(0, END)).compute(jl.TimeTo(to, start=start, case=case))
    declared = None if patience == UNDECLARED or case == "actor" else patience
    truth = oracle.ends(plain_cases(chunk, case), starts, fits, declared, END)
    assert result.table["n_cases"].iloc[0] == len(truth)
    assert result.table["n_open"].iloc[0] == sum(end == "(open)" for end, _ in truth)
    shares = oracle.shares(truth)
    names = {"reached": "(reached)", "dropped": "(dropped)"}
    curve = result.tables["curve"]
    for row in result.table.to_dict("records"):
        name = names.get(row["to_kind"], row["to"])
        assert row["n"] == sum(end == name for end, _ in truth)
        mine = curve[(curve["to"] == row["to"]) & (curve["to_kind"] == row["to_kind"])]
        expected = shares.get(name, [])
        assert mine["time_s"].tolist() == [t / SECOND for t, _ in expected]
        assert np.allclose(mine["share"], [s for _, s in expected], rtol=0, atol=1e-12)
        half = next((t / SECOND for t, s in expected if s >= 0.5 - 1e-12), math.nan)
        assert oracle.close(row["median_s"], half)
    assert set(shares) <= set(fits) | set(names.values())
    for limit in (30, 1000):
        known = truth and (max(t for _, t in truth) >= limit * SECOND or not _censored_last(truth))
        mean = result.restricted_mean(f"{limit}s")[0]
        expected_mean = oracle.mean_within(truth, limit * SECOND) / SECOND if known else math.nan
        assert math.isnan(mean) == math.isnan(expected_mean) and (
            not known or math.isclose(mean, expected_mean)
        )


def _censored_last(truth: list[tuple[str, int]]) -> bool:
    last = max(t for _, t in truth)
    return any(end == "(open)" for end, t in truth if t == last)


@settings(max_examples=60, deadline=None)
@given(rows())
def test_the_next_stage_is_another_one(events: list[Event]) -> None:
    log = make_log(events)
    result = log.compute(jl.TimeTo(start={"stage": "think"}, node="stage"))
    fits = {name: (lambda e, name=name: e.stage == name) for name in STAGES if name != "think"}
    truth = oracle.ends(plain_cases(log.chunk, "actor"), lambda e: e.stage == "think", fits, None, END)
    found = dict(zip(result.table["to"], result.table["n"], strict=True))
    assert found == {n: k for n in fits if (k := sum(end == n for end, _ in truth))}


def test_the_reference_of_kaplan_and_meier() -> None:
    cases = Watched.of(TIMES, np.ones(10, np.int64), SEEN - 1)
    _, _, _, share, error = found = cases.shares.of(0)
    survival = dict(zip(cases.ends.time[found.at].tolist(), (1 - share).tolist(), strict=True))
    errors = dict(zip(cases.ends.time[found.at].tolist(), error.tolist(), strict=True))
    for time, wanted in {1: 0.9, 2: 0.8, 3: 0.6857142857, 4: 0.4571428571, 6: 0.2285714286}.items():
        assert survival[time] == pytest.approx(wanted, abs=1e-9)
    for time, wanted in {1: 0.094868, 2: 0.126491, 3: 0.151494, 4: 0.166178, 6: 0.181731}.items():
        assert errors[time] == pytest.approx(wanted, abs=1e-6)
    low, high = curve_band(share, error)
    assert (1 - high[0], 1 - low[0]) == pytest.approx((0.473009, 0.985281), abs=1e-6)
    assert (1 - high[3], 1 - low[3]) == pytest.approx((0.142982, 0.729779), abs=1e-6)


def test_survival_equals_that_of_scipy() -> None:
    rng = np.random.default_rng(5)
    time, seen = rng.integers(1, 60, 300), rng.random(300) < 0.6
    cases = Watched.of(time, np.ones(300, np.int64), np.where(seen, 0, -1))
    mine = cases.shares.of(1)
    found = stats.ecdf(stats.CensoredData(uncensored=time[seen], right=time[~seen])).sf
    at = np.searchsorted(cases.ends.time[mine.at], found.quantiles, side="right") - 1
    known = at >= 0
    assert np.allclose(1 - mine.share[at[known]], found.probabilities[known], rtol=0, atol=1e-12)
    band = found.confidence_interval(0.95, method="log-log")
    low, high = curve_band(mine.share, mine.error)
    inside = known & np.isfinite(low[at])
    assert inside.sum() > 40
    assert np.allclose(1 - high[at][inside], band.low.probabilities[inside], atol=1e-12)
    assert np.allclose(1 - low[at][inside], band.high.probabilities[inside], atol=1e-12)


def test_the_log_rank_test_equals_that_of_scipy_and_the_oracle() -> None:
    rng = np.random.default_rng(9)
    groups = [
        [("end" if rng.random() < 0.7 else "(open)", int(rng.integers(1, top))) for _ in range(80)]
        for top in (40, 55)
    ]
    tables = [_ends(group) for group in groups]
    found = log_rank(tables)
    data = [
        stats.CensoredData(
            uncensored=[t for end, t in group if end == "end"], right=[t for end, t in group if end != "end"]
        )
        for group in groups
    ]
    theirs = stats.logrank(data[0], data[1])
    assert found.df == 1
    assert found.statistic == pytest.approx(theirs.statistic**2, rel=1e-12)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    statistic, observed, expected = oracle.log_rank(groups)
    assert found.statistic == pytest.approx(statistic, rel=1e-12)
    assert found.observed == pytest.approx(observed) and found.expected == pytest.approx(expected)


def _ends(group: list[tuple[str, int]]) -> Watched:
    time = np.array([t for _, t in group])
    return Watched.of(time, np.ones(len(group), np.int64), np.array([-(end == "(open)") for end, _ in group]))


def test_times_that_are_one_as_integers_are_one_step() -> None:
    hours = [0.1 + 0.2, 0.3, 0.1 * 3]
    frame = pd.DataFrame(
        {
            "who": [w for w in "abc" for _ in (0, 1)],
            "what": ["in", "out"] * 3,
            "when": [
                t
                for h in hours
                for t in (pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-01") + pd.Timedelta(hours=h))
            ],
        }
    )
    log = jl.read(frame, actor="who", event="what", time="when", tz="UTC")
    assert log.compute(jl.TimeTo("out")).tables["curve"]["n"].tolist() == [3]


def exponential_log(rng: np.random.Generator, n: int, rates: dict[str, float], watched: float) -> jl.EventLog:
    """Actors who enter over a stretch of time and go one of several ways; the window cuts some of them off."""
    names = list(rates)
    total = sum(rates.values())
    enter = rng.random(n) * watched
    spent = rng.exponential(1 / total, n)
    way = rng.choice(len(names), n, p=[r / total for r in rates.values()])
    came = enter + spent <= watched
    who = np.concatenate((np.arange(n), np.flatnonzero(came)))
    at = np.concatenate((enter, (enter + spent)[came]))
    what = np.concatenate((np.zeros(n, np.int32), way[came].astype(np.int32) + 1))
    chunk, _ = build_chunk(
        pa.array([f"u{i}" for i in who]),
        (at * 3600 * SECOND).astype(np.int64),
        {"event": Category(what, pa.array(["in", *names]))},
    )
    return jl.EventLog.from_chunk(chunk, Window(0, int(watched * 3600 * SECOND)))


@pytest.mark.parametrize("rates", [{"buy": 0.5}, {"buy": 0.3, "ask": 0.2}], ids=["alone", "competing"])
def test_intervals_cover_the_truth_and_the_naive_share_does_not(rates: dict[str, float]) -> None:
    """300 samples of 150 actors watched for 4 hours: about a third is cut off by the window's end."""
    rng = np.random.default_rng(11)
    total, covered, medians, means, naive = sum(rates.values()), 0, 0, 0, []
    truth = rates["buy"] / total * (1 - math.exp(-total * 2))
    found = []
    for _ in range(300):
        log = exponential_log(rng, 150, rates, 4.0)
        result = log.compute(jl.TimeTo(list(rates), start="in"))
        row = result.within("2h").iloc[0]
        found.append(row["share"])
        covered += row["share_low"] <= truth <= row["share_high"]
        naive.append(row["n"] / 150)
        _, low, high = result.restricted_mean("2h")
        means += low <= (1 - math.exp(-total * 2)) / total * 3600 <= high
        line = result.table.iloc[0]
        half = math.log(2) / total * 3600
        medians += len(rates) != 1 or (line["median_low_s"] <= half and not line["median_high_s"] < half)
    assert abs(np.mean(found) - truth) < 0.006
    assert truth - np.mean(naive) > 0.05
    assert 0.93 <= covered / 300 <= 0.98
    assert 0.93 <= means / 300 <= 0.98
    assert 0.93 <= medians / 300 <= 1


def test_without_a_difference_the_log_rank_test_is_rarely_sure() -> None:
    rng = np.random.default_rng(3)
    sure = 0
    for _ in range(200):
        groups = [
            _ends([("e", int(t)) if t < 60 else ("(open)", 60) for t in rng.exponential(50, 60) + 1])
            for _ in (0, 1, 2)
        ]
        found = log_rank(groups)
        assert found.df == 2
        sure += found.p_value < 0.05
    assert 2 <= sure <= 20


def test_groups_are_compared_by_what_happens_or_by_one_way_on() -> None:
    rng = np.random.default_rng(4)
    events = [
        Event(
            f"u{i}",
            str(rng.choice(["a", "b", "c"])),
            int(rng.integers(0, 900)) * SECOND,
            None,
            ("web", "app")[i % 2],
        )
        for i in range(100)
        for _ in range(3)
    ]
    log = make_log(events)
    groups = log.compute(jl.TimeTo(node="event"), by="channel")
    every = jl.logrank(groups)
    name = next(iter(groups.values())).table["to"].iloc[0]
    one = jl.logrank(groups, to=name)
    assert every.df == one.df == len(groups) - 1 and 0 <= one.p_value <= 1
    assert sum(one.observed) <= sum(every.observed)
    with pytest.raises(ConfigError, match="did you mean"):
        jl.logrank(groups, to=name + "x")
    with pytest.raises(ConfigError, match="no groups of TimeTo"):
        jl.logrank(log.compute(jl.Transitions(), by="channel"))


def test_what_cannot_be_meant_is_refused() -> None:
    log = make_log([Event("ada", "a", 0, "see", "web"), Event("ada", "b", SECOND, "do", "web")])
    with pytest.raises(ConfigError, match="is a column"):
        log.compute(jl.TimeTo({"stage": "do"}))
    with pytest.raises(ConfigError, match="twice"):
        jl.TimeTo(["a", "a"])
    with pytest.raises(ConfigError, match="leave one of them out"):
        jl.TimeTo("a", node="stage")
    with pytest.raises(ConfigError, match="not possible"):
        jl.TimeTo([1, 2])


@pytest.mark.filterwarnings("default::journeylog.errors.UnseenNameWarning")
def test_a_name_that_no_event_has_is_a_zero_with_a_warning() -> None:
    log = make_log([Event("ada", "a", 0, "see", "web"), Event("bob", "b", SECOND, "do", "web")])
    with pytest.warns(UnseenNameWarning, match="zz"):
        table = log.compute(jl.TimeTo("zz")).table
    assert (table["n"].iloc[0], table["share"].iloc[0], table["n_open"].iloc[0]) == (0, 0.0, 2)


def test_nothing_is_known_beyond_what_was_watched() -> None:
    log = make_log([Event("ada", "a", 0, None, None)], Window(0, 100 * SECOND))
    with pytest.warns(UnseenNameWarning):
        result = log.compute(jl.TimeTo("b"))
    assert result.within("100s")["share"].tolist() == [0.0]
    assert np.isnan(result.within("101s")["share"].iloc[0]) and math.isnan(result.restricted_mean("101s")[0])
    assert restricted_mean(result.cases, 100 * SECOND)[0] == 100 * SECOND


def test_the_figure_draws_the_curve_and_names_its_end_safely() -> None:
    names = ["<b>buy</b> & go", "ask"]
    log = exponential_log(np.random.default_rng(1), 400, {names[0]: 0.4, names[1]: 0.1}, 5.0)
    result = log.compute(jl.TimeTo(start="in", node="event"))
    figure = result.plot()
    lines = [trace for trace in figure.data if trace.customdata is not None]
    curve = result.tables["curve"]
    for line, name in zip(lines, names, strict=True):
        mine = curve[curve["to"] == name]
        assert line.y[-1] == mine["share"].iloc[-1] and set(line.y) <= {0.0, *mine["share"]}
    texts = [note.text for note in figure.layout.annotations]
    assert any("&lt;b&gt;buy" in text for text in texts) and not any("<b>buy" in text for text in texts)
    assert "are open" in figure.layout.title.subtitle.text.replace("<br>", " ")
    nothing = log.where("ask").compute(jl.TimeTo(start="in", node="event")).plot(theme="dark")
    assert "No data" in nothing.layout.annotations[0].text
