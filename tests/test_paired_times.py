"""Times of the same actors in two groups: how far they go together, and what that makes of a difference."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journeylog as jl
from journeylog.comparison import moves as moves_module
from journeylog.comparison import paired_times, waits
from journeylog.comparison.comparing import sides_of_log
from journeylog.comparison.groups import Groups
from journeylog.comparison.moves import moves_by_period
from journeylog.comparison.table import difference_table
from journeylog.core import pairs
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from journeylog.core.influence import moves_of_mean, moves_of_share
from journeylog.core.kernels.bins import bin_of_ms
from journeylog.core.schema import DAY, UNDECLARED
from journeylog.core.source import Memory
from journeylog.core.survival import Watched, restricted_mean
from journeylog.core.window import Window
from tests.strategies import SECOND, STAGES, Event, patience_of
from tests.test_periods import logs, marks, prepared, told

rows_of_cases = st.lists(
    st.tuples(st.integers(1, 12), st.integers(-1, 2), st.integers(1, 5), st.integers(-1, 3)),
    min_size=2,
    max_size=25,
)


def watched(rows: list[tuple[int, int, int, int]], more: int | None = None, times: int = 1) -> Watched:
    """Cases as (time, way, number, group); with `more` the case of that row counts once more."""
    time, way, n, group = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    n = n * times
    if more is not None:
        n[more] += 1
    return Watched.of(time, n, way, group, 3)


def share_until(cases: Watched, way: int, limit: int) -> float:
    """The cumulative incidence in plain loops."""
    waiting, share = 1.0, 0.0
    for time in sorted(set(cases.ends.time.tolist())):
        if time > limit:
            break
        at = int(np.flatnonzero(cases.ends.time == time)[0])
        n = int(cases.n[cases.at >= at].sum())
        came = int(cases.n[(cases.at == at) & (cases.way == way)].sum())
        ended = int(cases.n[(cases.at == at) & (cases.way >= 0)].sum())
        share += waiting * came / n
        waiting *= 1 - ended / n
    return share


@settings(max_examples=150, deadline=None)
@given(rows_of_cases, st.integers(0, 2), st.integers(1, 13), st.data())
def test_a_case_moves_shares_and_means_by_what_one_more_of_it_does(
    rows: list[tuple[int, int, int, int]], way: int, limit: int, data: Any
) -> None:
    many = 1_000_000  # so that one more is little
    base, spot = watched(rows, times=many), data.draw(st.integers(0, len(rows) - 1))
    one_more = watched(rows, spot, many)
    time, went = np.array([rows[spot][0]]), np.array([rows[spot][1]])
    moved = moves_of_share(base, way, limit, time, went)[0]
    assert moved == pytest.approx(
        share_until(one_more, way, limit) - share_until(base, way, limit), rel=1e-3, abs=1e-11
    )
    moved = moves_of_mean(base, limit, time, went)[0]
    assert moved == pytest.approx(
        restricted_mean(one_more, limit)[0] - restricted_mean(base, limit)[0], rel=1e-3, abs=1e-10
    )


@settings(max_examples=100, deadline=None)
@given(rows_of_cases, st.integers(0, 2), st.integers(1, 13))
def test_what_cases_move_gives_the_errors_of_the_estimates(
    rows: list[tuple[int, int, int, int]], way: int, limit: int
) -> None:
    cases = watched(rows)
    times = cases.ends.time[cases.at]
    known = cases.shares.of(way)
    until = np.flatnonzero(cases.ends.time[known.at] <= limit)
    if not math.isfinite(cases.inflation):
        return
    moved = moves_of_share(cases, way, limit, times, cases.way)
    error = math.sqrt(max(cases.spread(moved)[0, 0], 0.0))
    assert error == pytest.approx(known.error[until[-1]] if len(until) else 0.0, abs=1e-7)
    moved = moves_of_mean(cases, limit, times, cases.way)
    assert math.sqrt(max(cases.spread(moved)[0, 0], 0.0)) == pytest.approx(
        restricted_mean(cases, limit)[1], abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(log=logs, at=marks, node=st.sampled_from(["event", "stage"]))
def test_medians_go_together_as_loops_over_actors_say(log: jl.EventLog, at: list[int], node: str) -> None:
    bounds = tuple(mark * SECOND for mark in at)
    if patience_of(log.chunk, "journey") is not None and log.window.end <= 900 * SECOND:
        return
    together_as_loops_say(log, bounds, node)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("node", ["event", "stage"])
def test_medians_of_few_who_come_often_go_together_as_loops_say(seed: int, node: str) -> None:
    chance = np.random.default_rng(seed)
    events = [
        Event(
            f"u{chance.integers(6)}",
            str(chance.choice(["a", "b"])),
            int(t) * SECOND,
            str(chance.choice(STAGES[:2])),
            None,
        )
        for t in np.sort(chance.integers(0, 2000, 300))
    ]
    bounds = (0, 1000 * SECOND, 1000 * SECOND, 2000 * SECOND)
    assert together_as_loops_say(prepared(events, [], [0], UNDECLARED), bounds, node) >= 2


def together_as_loops_say(log: jl.EventLog, bounds: tuple[int, ...], node: str) -> int:
    """Hold correlations of medians against plain loops, and return how many are not 0."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (waits, pairs):
            patch.setattr(module, "FEWEST", 1)
        sides = moves_by_period(log, jl.Bottlenecks(node=node), Groups(("a", "b"), bounds=bounds))  # type: ignore[arg-type]
    assert sides.correlation is not None
    found = sides.correlation[sides.correlation["part"] == "edge"].set_index(["from", "to"])["correlation"]
    took = defaultdict[tuple[str, str], tuple[list[Any], list[Any]]](lambda: ([], []))
    for actor, group, start, to, wait in told(log, node, bounds):
        if group in (0, 1) and wait is not None:
            took[start[1], to[1]][group].append((actor, bin_of_ms((wait + 500) // 1000)))
    assert set(found.index) == set(took)
    n_told = 0
    for key, both in took.items():
        signs: list[dict[str, float]] = []
        for values in both:
            middle = sorted(b for _, b in values)[math.ceil(len(values) / 2) - 1] if values else 0
            usual = sum((b > middle) - (b < middle) for _, b in values) / max(len(values), 1)
            own = defaultdict[str, float](float)
            for actor, b in values:
                own[actor] += (b > middle) - (b < middle) - usual
            signs.append(own)
        one, other = (sum(s * s for s in own.values()) for own in signs)
        shared = signs[0].keys() & signs[1].keys()
        together = sum(signs[0][a] * signs[1][a] for a in shared)
        wanted = together / math.sqrt(one * other) if shared and min(one, other) > 1e-6 else 0.0
        assert found[key] == pytest.approx(wanted, abs=1e-9), key
        n_told += wanted != 0
    return n_told


def stays_of_two_halves(seed: int, n_actors: int, own: float, each: float) -> jl.EventLog:
    """Customers who come once or often in 60 weeks and stay for times that are alike (`own`) or not (`each`)."""
    chance = np.random.default_rng(seed)
    n = np.minimum(1 + chance.poisson(chance.gamma(1.5, 3.0, n_actors)), 60)
    actor = np.repeat(np.arange(n_actors), n)
    hours = np.exp(chance.normal(0, own, n_actors)[actor] + chance.normal(0, each, len(actor)))
    first = np.concatenate([chance.choice(60, k, replace=False) for k in n]) * 7 * DAY
    last = first + np.rint(np.minimum(hours, 100) * 3600 * SECOND).astype(np.int64)
    order = np.lexsort((first, actor))
    chunk, _ = build_chunk(
        pa.array([f"u{a:06d}" for a in np.repeat(actor, 2)]),
        np.stack((first[order], last[order]), axis=1).ravel(),
        {"event": Category(np.tile(np.array([0, 1], np.int32), len(actor)), pa.array(["in", "out"]))},
    )
    log = jl.EventLog.from_chunk(chunk, Window(0, 60 * 7 * DAY, declared=True))
    return log.then(jl.Stages({"there": ["in", "out"]}), jl.Sessions(gap="5d"))


HALVES = {
    "a": tuple(str(np.datetime64(week * 7 * DAY, "us"))[:10] for week in (0, 30)),
    "b": tuple(str(np.datetime64(week * 7 * DAY, "us"))[:10] for week in (30, 60)),
}
HABITS = {"some": (0.5, 0.5), "long tails": (1.0, 1.0), "strong": (1.0, 0.2)}
ASKED = {
    "waits": jl.Bottlenecks(node="event", case="session"),
    "times": jl.TimeTo("out", start="in", case="session"),
}


def covered(
    habit: str, repeats: int, seed: int, n_actors: int = 150, asked: str | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """How often differences of both halves hold zero, with what is known of the same customers, and without."""
    known, apart = defaultdict[str, list[bool]](list), defaultdict[str, list[bool]](list)
    groups = Groups.of_periods(HALVES["a"], HALVES["b"])
    for k in range(repeats):
        log = stays_of_two_halves(seed + k, n_actors, *HABITS[habit])
        for question in ASKED.values() if asked is None else [ASKED[asked]]:
            sides, _ = sides_of_log(log, question, groups)
            for hits, rows in ((known, sides), (apart, replace(sides, correlation=None))):
                for row in difference_table(rows, 1)[0].to_dict("records"):
                    if row.get("from") == "out":  # of two stays in one session, which long ones are
                        continue
                    name = f"{row.get('part', '')} {row['measure']}".strip()
                    hits[name].append(row["difference_low"] <= 0 <= row["difference_high"])
    one, other = ({name: float(np.mean(found)) for name, found in hits.items()} for hits in (known, apart))
    return one, other


@pytest.mark.parametrize("habit", HABITS)
def test_differences_of_times_know_the_same_customers(habit: str) -> None:
    found, apart = covered(habit, 60, 300)
    assert set(found) == {"edge time_median_s", "node time_median_s", "share", "median", "restricted_mean"}
    assert all(0.88 <= share <= 1 for share in found.values()), found
    assert 0.92 <= np.mean(list(found.values())) <= 0.99, found
    if habit == "strong":
        assert all(apart[name] == 1 for name in ("edge time_median_s", "median", "restricted_mean")), apart


@pytest.mark.slow
@pytest.mark.parametrize("habit", HABITS)
def test_differences_of_times_cover_what_they_promise(habit: str) -> None:
    found, apart = covered(habit, 1000, 40_000)
    assert all(0.93 <= found[name] <= 0.99 for name in found), found
    assert np.mean(list(found.values())) <= 0.98, found
    assert all(apart[name] > 0.985 for name in ("edge time_median_s", "median", "restricted_mean")), apart


@pytest.mark.slow
@pytest.mark.parametrize("habit", HABITS)
def test_differences_of_medians_of_many_customers_are_not_too_wide(habit: str) -> None:
    found, _ = covered(habit, 1000, 80_000, 600, "waits")
    assert all(0.94 <= share <= 0.98 for share in found.values()), found


def carts_of_two_halves(n: int, returning: float, other: float) -> jl.EventLog:
    """A cart in a half for 2n customers each, of whom n come in both; they pay by their chance, each time anew."""
    chance = np.random.default_rng(1)
    actor = np.concatenate([np.arange(2 * n), np.arange(n), np.arange(2 * n, 3 * n)])
    half = np.repeat([0, 1], 2 * n)
    first = (half * 30 + chance.integers(0, 29, 4 * n)) * 7 * DAY
    paid = chance.random(4 * n) < np.where(actor < n, returning, other)
    who = np.concatenate([actor, actor[paid]])
    time = np.concatenate([first, first[paid] + chance.integers(1, 3600, paid.sum()) * SECOND])
    code = np.concatenate([np.zeros(4 * n, np.int32), np.ones(paid.sum(), np.int32)])
    order = np.lexsort((time, who))
    chunk, _ = build_chunk(
        pa.array([f"u{a:06d}" for a in who[order]]), time[order],
        {"event": Category(code[order], pa.array(["cart", "pay"]))},
    )  # fmt: skip
    log = jl.EventLog.from_chunk(chunk, Window(0, 60 * 7 * DAY, declared=True))
    return log.then(jl.Sessions(gap="1d"))


def test_that_returning_customers_are_others_is_no_sign_that_their_times_go_together() -> None:
    log = carts_of_two_halves(4000, 0.8, 0.2)
    question = jl.TimeTo("pay", start="cart", case="session")
    sides, _ = sides_of_log(log, question, Groups.of_periods(HALVES["a"], HALVES["b"]))
    assert sides.correlation is not None
    found = sides.correlation.set_index(["to", "measure"])["correlation"]
    # all over half of them pay; of those in both halves, who are half of each, 0.3 more or less than that
    assert found["pay", "share"] == pytest.approx(0.5 * 0.3**2 / 0.25, abs=0.1)


def test_waits_of_which_most_are_equal_do_not_go_together_for_that() -> None:
    chance, rows = np.random.default_rng(4), []
    for day in ("2025-01-02", "2025-03-02"):
        for a in range(150):
            time = pd.Timestamp(day)
            for _ in range(10):  # a wait of a day is the median, and all others are longer
                wait = 86_400 if chance.random() < 0.6 else int(chance.integers(90_000, 200_000))
                rows += [(f"u{a}", "in", time), (f"u{a}", "out", time + pd.Timedelta(seconds=wait))]
                time += pd.Timedelta(seconds=wait + 3600)
    frame = pd.DataFrame(rows, columns=["actor", "event", "time"])
    log = jl.read(frame, actor="actor", event="event", time="time", tz="UTC")
    found = sides_of_log(
        log, jl.Bottlenecks(node="event"), Groups.of_periods(("2025-01", "2025-02"), ("2025-03", "2025-04"))
    )
    known = found[0].correlation
    assert known is not None
    edge = known[(known["part"] == "edge") & (known["from"] == "in") & (known["to"] == "out")]
    assert abs(edge["correlation"].iloc[0]) < 0.25  # three standard errors of 150 actors


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5])
def test_customers_who_start_in_one_period_alone_are_no_error(part: float) -> None:
    chance, rows = np.random.default_rng(3), []
    for a in range(60):
        for half, day in enumerate(("2025-01-05", "2025-02-05")):
            start = pd.Timestamp(day) + pd.Timedelta(minutes=a)
            there = half == 0 or chance.random() < part
            rows += [(f"u{a}", "cart" if there else "home", start)]
            rows += [(f"u{a}", "pay", start + pd.Timedelta(minutes=int(chance.integers(1, 50))))]
    frame = pd.DataFrame(rows, columns=["actor", "event", "time"])
    log = jl.read(frame, actor="actor", event="event", time="time", tz="UTC").then(jl.Sessions(gap="5h"))
    question = jl.TimeTo("pay", start="cart", case="session")
    found = jl.compare(log, question, a="2025-01", b="2025-02", min_n=1).table
    started = [(frame["event"] == "cart")[frame["time"].dt.month == month].sum() for month in (1, 2)]
    assert (started[1] > 0) == (part > 0)
    share = found[found["measure"] == "share"]
    assert share[["n_a", "n_b"]].to_numpy().tolist() == ([started] if part > 0 else [])


@pytest.mark.parametrize("question", ASKED.values(), ids=ASKED)
def test_partitions_change_nothing(question: Any) -> None:
    log = stays_of_two_halves(4, 60, 0.5, 0.5)
    chunk = log.chunk
    parts = replace(log, source=Memory(tuple(chunk.slice(a, b) for a, b in ((0, 7), (7, 31), (31, 60)))))
    one, other = (jl.compare(some, question, **HALVES, min_n=1).table for some in (log, parts))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert len(one) > 1 and one["difference_low"].notna().any()


def test_moves_that_are_too_many_for_a_grid_are_looked_up_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    log = stays_of_two_halves(4, 60, 1.0, 0.2)
    groups = Groups.of_periods(HALVES["a"], HALVES["b"])
    grid = moves_by_period(log, ASKED["waits"], groups).correlation
    monkeypatch.setattr(waits, "DENSE", 0)
    looked_up = moves_by_period(log, ASKED["waits"], groups).correlation
    assert grid is not None and looked_up is not None
    pd.testing.assert_frame_equal(grid, looked_up, check_exact=True)
    assert grid["correlation"].max() > 0.5


@pytest.mark.parametrize("question", ASKED.values(), ids=ASKED)
def test_groups_that_share_customers_know_it(question: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group of a visit is drawn, so customers are in both; some tell it where they are very many."""
    log = stays_of_two_halves(5, 120, 1.0, 0.2)
    chunk = log.chunk
    level = chunk.cases("session")
    side = np.random.default_rng(5).integers(0, 2, len(level))
    codes = side[level.case_of_event(chunk.n_events)].astype(np.int32)
    log = replace(log, source=Memory((chunk.with_columns(side=Category(codes, pa.array(["l", "r"]))),)))
    groups = Groups.of_values(log, question, "side", "l", "r")
    sides, _ = sides_of_log(log, question, groups)
    assert any("the intervals know" in said for said in sides.notes)
    width = {}
    for name, rows in (("known", sides), ("apart", replace(sides, correlation=None))):
        table = difference_table(rows, 1)[0]
        medians = table[table["measure"].str.contains("median")]
        width[name] = (medians["difference_high"] - medians["difference_low"]).to_numpy()[0]
    assert width["known"] < 0.7 * width["apart"]
    for module in (waits, paired_times, moves_module):
        monkeypatch.setattr(module, "TELLING", 60, raising=False)
    fewer = sides_of_log(log, question, groups)[0].correlation
    assert fewer is not None and sides.correlation is not None
    both = sides.correlation.merge(fewer, on=[c for c in fewer if c != "correlation"])
    strong = both[both["correlation_x"] > 0.5]
    assert (
        len(strong)
        and (strong["correlation_y"] > 0.2).all()
        and (both["correlation_x"] != both["correlation_y"]).any()
    )
