from __future__ import annotations

import json
import math
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Chunk
from journeylog.core.counts import Counts
from journeylog.core.encode import encode
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingLevelError, UnseenNameWarning
from journeylog.stats.funnel import Funnel
from tests.oracles.funnel import funnel
from tests.strategies import SECOND, empty, make_log, plain_cases, rows, to_records, with_cases

CASES = json.loads((Path(__file__).parent / "cases" / "funnel.json").read_text(encoding="utf-8"))

#: Conditions by how an oracle tests them on one event.
STEPS: dict[str, Any] = {
    "a": lambda e: e.event == "a",
    "b": lambda e: e.event == "b",
    "c": lambda e: e.event == "c",
    "start": lambda e: e.event == "start",
    "a*": lambda e: e.event.startswith("a"),
    "*": lambda e: True,
}
COLUMN_STEPS: list[tuple[Any, Any]] = [
    ({"channel": "web"}, lambda e: e.channel == "web"),
    ({"event": "a", "stage": "see"}, lambda e: e.event == "a" and e.stage == "see"),
    (["b", {"channel": None}], lambda e: e.event == "b" or e.channel is None),
]

step_lists = st.one_of(
    st.lists(st.sampled_from(list(STEPS)), min_size=1, max_size=4).map(
        lambda names: [(n, STEPS[n]) for n in names]
    ),
    st.lists(st.sampled_from([*STEPS.items(), *COLUMN_STEPS]), min_size=1, max_size=4),
)


def quiet(log: jl.EventLog, stat: Funnel) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnseenNameWarning)
        return log.compute(stat)


def oracle_cases(chunk: Chunk, case: str, tests: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "actor": c.actor,
            "outcome": c.outcome,
            "events": [
                {"name": e.event, "time": e.time, "fits": {k for k, fits in enumerate(tests) if fits(e)}}
                for e in c.events
            ],
        }
        for c in plain_cases(chunk, case)
    ]


@settings(max_examples=250, deadline=None)
@given(
    rows(),
    step_lists,
    st.sampled_from([None, 1, 7, 30, 400]),
    st.sampled_from(["ordered", "strict", "unordered"]),
    st.sampled_from(["any", "first"]),
    st.sampled_from(["actor", "journey", "channel"]),
    st.lists(st.integers(0, 40), max_size=3),
    st.lists(st.integers(0, 2), min_size=1, max_size=4),
    st.integers(0, 70 * 61),
)
def test_equals_the_oracle(
    events: Any,
    steps: Any,
    within: Any,
    mode: Any,
    entry: Any,
    case: str,
    cuts: Any,
    outcomes: Any,
    extra: int,
) -> None:
    last = max((e.time for e in events), default=0)
    log = make_log(events, Window(0, last + extra * SECOND))
    if case == "journey":
        log = jl.EventLog.from_chunk(with_cases(log.chunk, cuts, outcomes, 5 * SECOND), log.window)
    conditions, tests = [s[0] for s in steps], [s[1] for s in steps]
    stat = Funnel(conditions, within and f"{within}s", case=case, mode=mode, entry=entry)
    result = quiet(log, stat)
    plain = oracle_cases(stat.prepare(log.chunk), case, tests)
    truth = funnel(
        plain, len(steps), end=log.window.end, within=within and within * SECOND, mode=mode, entry=entry
    )
    for row, want in zip(to_records(result.table), truth["steps"], strict=True):
        assert row["n_cases"] == want["cases"]
        assert row["n_actors"] == len(want["actors"])
        assert (row["n_lost"], row["n_open"]) == (want["lost"], want["open"])
        assert row["n_followed"] == want["followed"]
        if want["times"]:
            assert row["time_mean_s"] == pytest.approx(sum(want["times"]) / len(want["times"]) / SECOND)
            middle = sorted(want["times"])[math.ceil(len(want["times"]) / 2) - 1] / SECOND
            assert row["time_median_s"] == pytest.approx(middle, rel=1 / 256)
        else:
            assert row["time_mean_s"] is None
    after = {
        (r["step"], r["next_kind"], r["next"] if r["next_kind"] == "node" else r["next_kind"]): r["n_cases"]
        for r in to_records(result.lost_next)
    }
    assert after == dict(truth["after"])


@settings(max_examples=100, deadline=None)
@given(
    rows(),
    step_lists,
    st.sampled_from([1, 7, 60, 400]),
    st.sampled_from(["ordered", "strict", "unordered"]),
    st.integers(0, 3700),
)
def test_what_comes_after_the_window_changes_no_rate(
    events: Any, steps: Any, within: int, mode: Any, end: int
) -> None:
    window = Window(0, end * SECOND)
    stat = Funnel([s[0] for s in steps], f"{within}s", mode=mode)
    later = quiet(make_log(events, window), stat).table
    seen = quiet(make_log([e for e in events if e.time <= window.end], window), stat).table
    columns = [
        "n_followed",
        "step_rate",
        "total_rate",
        "step_rate_low",
        "total_rate_high",
        "time_mean_s",
        "time_p90_s",
    ]
    pd.testing.assert_frame_equal(later[columns], seen[columns])


@settings(max_examples=60, deadline=None)
@given(
    rows(),
    step_lists,
    st.sampled_from(["ordered", "strict", "unordered"]),
    st.lists(st.integers(0, 40), max_size=3),
    st.integers(2, 5),
    st.randoms(),
)
def test_any_partition_gives_the_same_bytes(
    events: Any, steps: Any, mode: Any, cuts: Any, k: int, random: Any
) -> None:
    chunk = with_cases(make_log(events).chunk, cuts, [0, 1, 2], 5 * SECOND)
    window = Window(0, 4000 * SECOND)
    stat = Funnel([s[0] for s in steps], "30s", case="journey", mode=mode)
    whole = stat.summarize(chunk, window)
    parts = [stat.summarize(part, window) for part in [*chunk.split(k), chunk.slice(0, 0)]]
    random.shuffle(parts)
    assert Counts.merge(parts).to_bytes() == whole.to_bytes()


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda c: c["id"])
def test_public_case(case: dict[str, Any]) -> None:
    log, within = case_log(case), case.get("within_s")
    if "where" in case:
        log = log.where(case["where"])
    options = {name: case[name] for name in ("mode", "entry", "case") if name in case}
    stat = Funnel(case["steps"], within and f"{within}s", **options)
    want = case["expected"]
    if "step_counts" in want:
        table = quiet(log, stat).table
        assert table["n_cases"].tolist() == want["step_counts"]
        for name, column, error in (
            ("average_time", "time_mean_s", 1e-9),
            ("median_time", "time_median_s", 1 / 256),
        ):
            for found, time in zip(table[column], want.get(name, []), strict=False):
                assert time is None or found == pytest.approx(time, rel=error)
    if "by" in want:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnseenNameWarning)
            groups = log.compute(stat, by=case["by"])
        assert {value: groups[value].table["n_cases"].tolist() for value in groups} == want["by"]


def case_log(case: dict[str, Any]) -> jl.EventLog:
    events = [(*e, {}) if len(e) == 3 else e for e in case["events"]]
    names = sorted({name for e in events for name in e[3]})
    columns = {
        name: encode(
            pa.array([None if e[3].get(name) is None else str(e[3][name]) for e in events], pa.string())
        )
        for name in names
    }
    columns["event"] = encode(pa.array([e[1] for e in events]))
    time = np.array([e[2] for e in events], np.int64) * SECOND
    chunk, _ = build_chunk(pa.array([str(e[0]) for e in events]), time, columns)
    watched_to = int(time.max()) + (case.get("within_s", 0) + 1) * SECOND
    return jl.EventLog.from_chunk(chunk, Window(int(time.min()), watched_to))


def test_every_public_case_is_used_or_has_a_reason() -> None:
    used = [case["id"] for case in CASES["cases"]]
    assert len(used) == len(set(used)) and not set(used) & set(CASES["left_out"])
    assert all(CASES["left_out"].values())


def tiny_log(text: str, gap: int = 60, end: int | None = None) -> jl.EventLog:
    """Return a log of one actor a word, one event a letter, a minute apart."""
    words = text.split()
    pairs = [
        (f"u{i}", letter, k * gap * SECOND) for i, word in enumerate(words) for k, letter in enumerate(word)
    ]
    chunk, _ = build_chunk(
        pa.array([p[0] for p in pairs]),
        np.array([p[2] for p in pairs], np.int64),
        {"event": encode(pa.array([p[1] for p in pairs]))},
    )
    return jl.EventLog.from_chunk(chunk, None if end is None else Window(0, end * SECOND))


def reached(log: jl.EventLog, *args: Any, **options: Any) -> list[int]:
    return quiet(log, Funnel(*args, **options)).table["n_cases"].tolist()


def test_a_repeated_step_needs_a_second_event() -> None:
    assert reached(tiny_log("ab aab aba b"), ["a", "a", "b"]) == [3, 2, 1]


def test_one_event_fills_one_step() -> None:
    assert reached(tiny_log("a aa"), ["a", "*"]) == [2, 1]


def test_the_end_of_the_time_is_included() -> None:
    log = tiny_log("ab", gap=60)
    assert reached(log, ["a", "b"], "60s") == [1, 1]
    assert reached(log, ["a", "b"], "59s") == [1, 0]


def test_a_later_entry_can_get_further_and_an_earlier_one_wins_ties() -> None:
    log = tiny_log("axxab", end=10_000)
    assert reached(log, ["a", "b"], "60s") == [1, 1]
    assert reached(log, ["a", "b"], "60s", entry="first") == [1, 0]
    table = log.compute(Funnel(["a", "b"], "1h")).table
    assert table["time_mean_s"][1] == 240.0


def test_unordered_gives_events_that_fit_several_steps_to_the_step_that_needs_them() -> None:
    """An event that fits both steps steps aside for one that fits only the first."""
    log = tiny_log("ab")
    assert reached(log, [["a", "b"], "a"], mode="unordered") == [1, 1]
    assert Funnel([["a", "b"], "a"], mode="unordered").names == ("1 of 2", "2 of 2")


def test_one_step_and_sixty_steps() -> None:
    log = tiny_log("a" * 60 + " " + "a" * 59)
    assert reached(log, ["a"]) == [2]
    for mode in ("ordered", "strict", "unordered"):
        assert reached(log, ["a"] * 60, mode=mode) == [2] * 59 + [1]


@pytest.mark.parametrize("steps", [[], {}, ["a"] * 63, "abc", 7, [[]], [{}], [7]])
def test_steps_that_mean_nothing_are_refused(steps: Any) -> None:
    with pytest.raises(ConfigError, match="Fix: "):
        Funnel(steps)


@pytest.mark.parametrize("options", [{"within": "soon"}, {"within": 7}, {"mode": "loose"}, {"entry": "last"}])
def test_options_that_mean_nothing_are_refused(options: Any) -> None:
    with pytest.raises(ConfigError, match="Fix: "):
        Funnel(["a"], **options)


def test_an_unknown_step_is_a_zero_with_near_names() -> None:
    log = jl.datasets.tiny()
    with pytest.warns(UnseenNameWarning, match=r"'crat'; near: \['cart'\]") as told:
        table = log.compute(Funnel(["home", "crat", "pay"], "1h")).table
    assert table["n_cases"].tolist() == [4, 0, 0]
    assert len(told) == 1 and told[0].filename == __file__
    with pytest.warns(UnseenNameWarning, match="no event fits the step"):
        log.compute(Funnel([{"event": "pay", "value": {">": 1000}}]))


def test_an_unknown_step_is_told_once_for_all_parts_and_groups() -> None:
    log = tiny_log("ab " * 20)
    with pytest.warns(UnseenNameWarning) as told:
        log.compute(Funnel(["a", "z"]), threads=4)
    assert len(told) == 1


def test_a_name_of_another_group_is_not_unknown() -> None:
    groups = jl.datasets.tiny().compute(Funnel(["home", "search"], "1h"), by="channel")
    assert groups["app"].table["n_cases"].tolist() == [2, 1]


def test_names_of_steps() -> None:
    steps = ["pay*", ["cart", "basket"], {"channel": "web"}, {"event": "pay", "value": {">": 10}}]
    assert Funnel(steps).names == ("pay*", "cart or basket", "channel=web", "pay, value > 10")
    assert Funnel({"bought": "pay*"}).names == ("bought",)


def test_open_is_not_lost() -> None:
    log = tiny_log("ax abx xxxxxa xxxxxab", end=400)
    table = log.compute(Funnel(["a", "b"], "200s")).table
    assert table["n_cases"].tolist() == [4, 2]
    assert table["n_lost"].tolist() == [1, 0] and table["n_open"].tolist() == [1, 0]
    assert table["n_followed"].tolist() == [2, 1]
    assert table["step_rate"][1] == 0.5


def test_a_lost_case_with_a_new_entry_is_open_again() -> None:
    log = tiny_log("axxxxa b", end=310)
    assert log.compute(Funnel(["a", "b"], "60s")).table["n_open"].tolist() == [1, 0]


def test_without_a_time_limit_only_ended_cases_are_lost() -> None:
    log = jl.datasets.tiny()
    result = log.compute(Funnel(["home", "cart", "pay"]))
    assert result.table["n_lost"].tolist() == [0, 0, 0] and result.table["n_open"].tolist() == [1, 1, 0]
    assert result.table["n_followed"].tolist() == result.table["n_cases"].tolist()
    assert any("without within=" in note for note in result.notes)


def test_the_lost_go_next() -> None:
    log = tiny_log("axb axb ay a ab", end=10_000)
    rows = to_records(log.compute(Funnel(["a", "b"], "60s")).lost_next)
    found = [(r["step"], r["next"], r["next_kind"], r["n_cases"], r["rate"]) for r in rows]
    assert found == [(1, "x", "node", 2, 0.5), (1, "y", "node", 1, 0.25), (1, "open", "open", 1, 0.25)]
    assert rows[0]["n_from_followed"] == 4
    assert (rows[0]["rate_low"], rows[0]["rate_high"]) == tuple(float(x) for x in wilson(2, 4))


def test_intervals_are_wilsons_for_single_cases_and_clustered_for_many() -> None:
    chunk = tiny_log("ab ab ax axb " * 5, end=10_000).chunk
    stat = Funnel(["a", "b"], "60s")
    table = stat.result(stat.summarize(chunk, Window(0, 10**12)), Window(0, 10**12)).table
    assert (table["step_rate_low"][1], table["step_rate_high"][1]) == tuple(float(x) for x in wilson(10, 20))
    # The same word four times over, each a journey of one actor: an actor always or never goes on.
    words = tiny_log("abababab axaxaxax " * 5, end=10_000).chunk
    level = words.cases()
    begin = np.concatenate([b + np.arange(0, 8, 2) for b in level.begin])
    many = type(level)(np.arange(11) * 4, begin, begin + 2, np.full(40, level.outcome[0], np.int32))
    stat = Funnel(["a", "b"], "60s", case="journey")
    table = stat.result(
        stat.summarize(words.with_level("journey", many), Window(0, 10**12)), Window(0, 10**12)
    ).table
    low, high = cluster_share(20, 40, 5 * 16, 5 * 16, 10 * 16)
    assert (table["step_rate_low"][1], table["total_rate_high"][1]) == (float(low), float(high))
    assert low < wilson(20, 40)[0]


def test_an_empty_log_gives_zeros_and_all_columns() -> None:
    result = jl.EventLog.from_chunk(empty()).compute(Funnel(["a", {"channel": "web"}], "7d"))
    full = jl.datasets.tiny().compute(Funnel(["home", "pay"], "7d"))
    assert list(result.table.columns) == list(full.table.columns)
    assert list(result.lost_next.columns) == list(full.lost_next.columns)
    assert result.table["n_cases"].tolist() == [0, 0] and result.table["total_rate"].isna().all()


def test_cases_may_be_sessions_journeys_or_objects() -> None:
    log = jl.datasets.tiny()
    assert log.compute(Funnel(["home", "cart"], "1h", case="channel")).table["n_cases"].tolist() == [4, 3]
    with pytest.raises(MissingLevelError, match="Sessions"):
        log.compute(Funnel(["home"], case="session"))


def test_interleaved_orders_keep_their_own_order() -> None:
    chunk, _ = build_chunk(
        pa.array(["u"] * 4),
        np.arange(4, dtype=np.int64) * SECOND,
        {
            "event": encode(pa.array(["open", "open", "pay", "home"])),
            "order": encode(pa.array(["o1", "o2", "o1", "o2"])),
        },
    )
    result = jl.EventLog.from_chunk(chunk).compute(Funnel(["open", "pay"], case="order"))
    assert result.table["n_cases"].tolist() == [2, 1] and result.table["time_mean_s"][1] == 2.0
    assert result.lost_next["next"].tolist() == ["home"]


def test_the_question_is_data() -> None:
    stat = Funnel({"in": "home", "out": ["pay", "cart"]}, "7d", mode="strict")
    assert pickle.loads(pickle.dumps(stat)) == stat
    assert json.loads(json.dumps(stat.to_dict()))["steps"] == {"in": "home", "out": ["pay", "cart"]}
    json.dumps(jl.datasets.tiny().compute(Funnel(["home", "pay"], "1h")).to_dict(), allow_nan=False)


def trial(chance: np.random.Generator, cases_an_actor: int) -> tuple[float, float, float, float]:
    """Return the rate, its interval and the plain share of one simulated month, for a funnel of seven days.

    A case pays with its actor's probability (0.4 on average) after an exponential wait of three days; entries
    are spread over 30 days, and what would come after day 30 is not seen.
    """
    n, day = 150, 86_400 * SECOND
    p = chance.beta(2, 3, n) if cases_an_actor > 1 else np.full(n, 0.4)
    actor = np.repeat(np.arange(n), cases_an_actor)
    entered = (chance.uniform(0, 30, len(actor)) * day).astype(np.int64)
    wait = (chance.exponential(3.0, len(actor)) * day).astype(np.int64) + 1
    paid = chance.random(len(actor)) < p[actor]
    seen = paid & (entered + wait <= 30 * day)
    order = np.arange(len(actor), dtype=np.int32)
    rows = np.concatenate((order, order[seen]))
    chunk, _ = build_chunk(
        Category(actor[rows].astype(np.int32), pa.array([f"u{i}" for i in range(n)])),
        np.concatenate((entered, (entered + wait)[seen])),
        {
            "event": Category((np.arange(len(rows)) >= len(actor)).astype(np.int32), pa.array(["in", "pay"])),
            "order": Category(rows, pa.array([f"o{i}" for i in range(len(actor))])),
        },
    )
    log = jl.EventLog.from_chunk(chunk, Window(0, 30 * day))
    table = log.compute(Funnel(["in", "pay"], "7d", case="order")).table
    rate, low, high = (float(table[c][1]) for c in ("step_rate", "step_rate_low", "step_rate_high"))
    return rate, low, high, table["n_cases"][1] / table["n_cases"][0]


@pytest.mark.parametrize(("cases_an_actor", "n"), [(1, 1000), (6, 500)])
def test_rates_are_unbiased_under_censoring_and_intervals_cover(cases_an_actor: int, n: int) -> None:
    chance = np.random.default_rng(1)
    truth = 0.4 * (1 - math.exp(-7 / 3))
    runs = np.array([trial(chance, cases_an_actor) for _ in range(n)])
    error = runs[:, 0].std() / math.sqrt(len(runs))
    assert abs(runs[:, 0].mean() - truth) < 3 * error
    assert runs[:, 3].mean() < truth - 5 * error  # cases that had no time to pay bend the plain share
    covered = ((runs[:, 1] <= truth) & (truth <= runs[:, 2])).mean()
    assert 0.93 <= covered <= 0.97
