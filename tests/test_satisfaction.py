"""Satisfaction equals its oracle and the references, and its intervals cover the truth."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS

import journeylog as jl
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category, Number
from journeylog.core.ranks import rank_correlations
from journeylog.core.scales import LEVELS, SCALES, UNIT, levels_of, scale_of, units_of
from journeylog.core.schema import HOUR, SECOND, UNDECLARED
from journeylog.core.scores import coarse_bins
from journeylog.core.select import keep_cases
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingColumnError
from tests.oracles import satisfaction as oracle
from tests.strategies import Event, make_log, rows, to_records, with_cases

END = 70 * 61 * SECOND
NODES = st.sampled_from([("event", False), ("event", True), ("stage", True), ("channel", True)])


@settings(max_examples=80, deadline=None)
@given(
    events=rows(),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    ends=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    left_out=st.sampled_from([[], [1], [0, 2]]),
    how=NODES,
    case=st.sampled_from(["actor", "journey"]),
    own=st.booleans(),
    within=st.sampled_from([1, 10, 61, 3000]),
)
def test_equals_the_oracle(
    events: list[Event],
    cuts: Any,
    ends: Any,
    left_out: Any,
    how: tuple[str, bool],
    case: str,
    own: bool,
    within: int,
) -> None:
    chunk = with_cases(make_log(events).chunk, cuts, ends, UNDECLARED)
    if len(left_out) and len(chunk.cases("journey")):
        kept = np.isin(np.arange(len(chunk.cases("journey"))) % 4, left_out, invert=True)
        chunk = keep_cases(chunk, "journey", kept)
    log = jl.EventLog.from_chunk(chunk, Window(0, END))
    node, merge = how
    question = jl.Satisfaction(node=node, merge=merge, case=case, own=own, within=f"{within}s")
    result = log.compute(question)
    actors, micros = oracle.spans_of(chunk, case), within * SECOND
    expected = oracle.satisfaction(actors, node, merge, own, micros, END)
    seen = {r["node"]: r for r in to_records(result.table) if r["n_visits"]}
    assert seen.keys() == expected.keys()
    for name, want in expected.items():
        for column, value in want.items():
            assert seen[name][column] == (pytest.approx(value) if column == "mean" else value), (name, column)
    every = [row for a in actors for row in oracle.attached(*a, node, merge, own, micros)[0] if a[1]]
    why = Counter(row["why"] for row in every)
    total = result.tables["scores"].iloc[0]
    assert total.tolist() == [
        sum(why.values()),
        why["attached"],
        why["nothing"],
        why["late"],
        why["outside"],
    ]
    mine = [row for row in every if row["why"] == "attached"]
    moves = Counter((row["from"], row["node"]) for row in mine)
    assert moves == {
        (None if r["from_kind"] == "start" else r["from"], r["to"]): r["n_scores"]
        for r in to_records(result.tables["moves"])
    }
    answers = Counter((row["node"], round(row["score"], 9)) for row in mine)
    listed = result.tables["answers"]
    assert answers == {
        (r["node"], round(r["answer"], 9)): r["n"] for r in to_records(listed[listed["node"].notna()])
    }
    assert listed.loc[listed["node"].isna(), "n"].sum() == len(mine)
    _check_effects(result, mine)


def _check_effects(result: Any, mine: list[dict[str, Any]]) -> None:
    """Rework is counted exactly, so its correlations are those of the values themselves; waits those of their bins."""
    groups: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for row in mine:
        groups[row["node"], "rework"].append((row["rework"], row["score"]))
        if row["wait"] is not None:
            ms = np.array([(row["wait"] + 500) // 1000])
            groups[row["node"], "wait"].append((int(coarse_bins(ms)[0]), row["score"]))
    found = {(r["node"], r["measure"]): r for r in to_records(result.effects)}
    assert found.keys() == groups.keys()
    for key, pairs in groups.items():
        x, y = (np.array(side) for side in zip(*pairs, strict=True))
        row = found[key]
        assert row["n"] == len(pairs)
        if len(set(x)) < 2 or len(set(y)) < 2:
            assert row["rho"] is None and row["tau"] is None
        else:
            assert row["rho"] == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
            assert row["tau"] == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-9)


def table_of(x: Any, y: Any, actor: Any) -> tuple[Any, ...]:
    """Return the two-way table of two columns with the pairs of cells that actors have."""
    cells, cell = np.unique(np.stack((x, y)), axis=1, return_inverse=True)
    mine = Counter(zip(actor.tolist(), cell.ravel().tolist(), strict=True))
    by_actor: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (who, spot), n in mine.items():
        by_actor[who].append((spot, n))
    pairs: Counter[tuple[int, int]] = Counter()
    for spots in by_actor.values():
        for i, n in spots:
            for j, m in spots:
                if i <= j:
                    pairs[i, j] += n * m
    keys = np.array(list(pairs))
    together = np.array(list(pairs.values()))
    return (*cells, np.bincount(cell.ravel()), (keys[:, 0], keys[:, 1], together))


def jackknifed(x: Any, y: Any, of: Any) -> float:
    """Return the variance of a statistic from leaving out one observation at a time."""
    n = len(x)
    left = np.array([of(np.delete(x, i), np.delete(y, i)).statistic for i in range(n)])
    return float((n - 1) / n * ((left - left.mean()) ** 2).sum())


def test_rank_correlations_equal_those_of_scipy_and_their_variance_that_of_the_jackknife() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 9, 150), rng.integers(0, 6, 150)
    y = y + x // 2
    found = rank_correlations(*table_of(x, y, np.arange(150)))
    for mine, of in ((found.rho, stats.spearmanr), (found.tau, stats.kendalltau)):
        assert mine.value == pytest.approx(of(x, y).statistic, abs=1e-12)
        half = (math.atanh(mine.high) - math.atanh(mine.low)) / 2
        error = half * (1 - mine.value**2) / stats.t.ppf(0.975, 149)
        assert error == pytest.approx(math.sqrt(jackknifed(x, y, of)), rel=0.03)


def test_the_error_of_a_mean_is_the_clustered_one_of_statsmodels() -> None:
    log = repeated_log(np.random.default_rng(8), 60)[0]
    row = (
        log.compute(jl.Satisfaction(node="event", case="visit", within="1min"))
        .table.set_index("node")
        .loc["get"]
    )
    score = log.chunk.columns["score"]
    assert isinstance(score, Number) and score.valid is not None
    mine, actor = score.values[score.valid], log.chunk.actor_of_event()[score.valid]
    fit = OLS(mine, np.ones(len(mine))).fit(
        cov_type="cluster", cov_kwds={"groups": actor, "use_correction": False}
    )
    alike = len(mine) ** 2 / (np.bincount(actor) ** 2).sum()
    half = stats.t.ppf(0.975, alike - 1) * fit.bse[0] * math.sqrt(alike / (alike - 1))
    assert row["mean"] == pytest.approx(fit.params[0], abs=1e-9)
    assert row["mean_high"] - row["mean"] == pytest.approx(half, abs=1e-9)


def test_actors_who_answer_twice_the_same_are_worth_one() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 9, 80), rng.integers(0, 9, 80)
    once = rank_correlations(*table_of(x, y, np.arange(80)))
    twice = rank_correlations(*table_of(np.tile(x, 2), np.tile(y, 2), np.tile(np.arange(80), 2)))
    assert twice.rho == pytest.approx(once.rho) and twice.tau == pytest.approx(once.tau)


def test_a_score_at_the_border_still_follows_and_one_beyond_does_not() -> None:
    log = make_log(
        [
            Event("ada", "a", 0, None, None),
            Event("ada", "poll", 10 * SECOND, None, None, 1.0),
            Event("bob", "a", 0, None, None),
            Event("bob", "poll", 10 * SECOND + 1, None, None, 1.0),
            Event("cy", "poll", 0, None, None, -1.0),
        ]
    )
    result = log.compute(jl.Satisfaction(node="event", within="10s"))
    assert result.table[["node", "n_cases", "n_scores", "n_followed_answered"]].to_numpy().tolist() == [
        ["a", 2, 1, 1]
    ]
    assert result.tables["scores"].iloc[0].tolist() == [3, 1, 1, 1, 0]
    assert "1 follow none, 1 came later" in result.notes[0]


def test_who_had_no_time_to_answer_is_no_silent_one() -> None:
    day = 24 * HOUR
    events = [Event(f"u{i}", "a", i * day, None, None) for i in range(10)]
    events += [Event(f"u{i}", "poll", i * day + HOUR, None, None, 0.2) for i in (0, 9)]
    result = make_log(events, Window(0, 9 * day + 2 * HOUR)).compute(
        jl.Satisfaction(node="event", within="4d")
    )
    row = result.table.iloc[0]
    assert (row["n_cases"], row["n_answered"], row["n_followed"], row["n_followed_answered"]) == (10, 2, 6, 1)
    assert row["response_rate"] == pytest.approx(1 / 6)
    assert any("4 of 10 stays at a node are too young" in note for note in result.notes)


def test_every_answer_of_every_scale_comes_back() -> None:
    for scale in [*map(scale_of, SCALES), scale_of((0, 100)), scale_of((-3, 9)), scale_of((2, 99))]:
        steps = scale.steps
        assert steps is not None
        answers = scale.low + np.arange(steps + 1)
        scaled = (answers - scale.low) / (scale.high - scale.low) * 2 - 1
        assert scale.answers(levels_of(units_of(scaled))).tolist() == answers.tolist()
    assert levels_of(np.array([-UNIT, UNIT])).tolist() == [0, LEVELS - 1]
    assert scale_of((0.5, 2.5)).steps == 2 or scale_of((0.5, 2.5)).steps is None
    assert scale_of("1 to 4").answers(np.array([0, 100])).tolist() == [1, 4]
    for wrong in ("nsp", (5, 1), (1, 2, 3), "4 to 1"):
        with pytest.raises(ConfigError, match="is no scale"):
            scale_of(wrong)


def answers_log(answers: list[int], scale: str, actors: int | None = None) -> jl.EventLog:
    low, high = SCALES[scale]
    scaled = [(a - low) / (high - low) * 2 - 1 for a in answers]
    events = []
    for i, score in enumerate(scaled):
        who = f"u{i % (actors or len(answers))}"
        events += [
            Event(who, "buy", i * 100 * SECOND, None, None),
            Event(who, "poll", i * 100 * SECOND + SECOND, None, None, score),
        ]
    return make_log(events, Window(0, len(answers) * 100 * SECOND))


@pytest.mark.parametrize(
    ("scale", "answers", "reading", "value"),
    [
        ("nps", [10, 9, 8, 7, 6, 0, 9, 10], "nps", (4 - 2) / 8),
        ("csat5", [5, 4, 3, 2, 1], "csat", 0.4),
        ("stars5", [5, 4, 4, 2], "csat", 0.75),
        ("csat7", [7, 6, 5, 1], "csat", 0.5),
        ("csat10", [10, 9, 8, 1], "csat", 0.5),
        ("thumbs", [1, 0, 0, 0], "csat", 0.25),
        ("ces7", [7, 5, 4, 1], "ces", 0.5),
    ],
)
def test_scales_are_read_as_their_field_reads_them(
    scale: str, answers: list[int], reading: str, value: float
) -> None:
    result = answers_log(answers, scale).compute(jl.Satisfaction(node="event", scale=scale, within="1min"))
    row = result.readings[result.readings["node"] == "buy"].iloc[0]
    assert (row["reading"], row["scale"], row["n"]) == (reading, scale, len(answers))
    assert row["value"] == pytest.approx(value)
    assert row["value_low"] < value < row["value_high"]
    assert result.table["answer_mean"].iloc[0] == pytest.approx(np.mean(answers))
    found = result.tables["answers"]
    mine = found[found["node"] == "buy"]
    assert dict(zip(mine["answer"], mine["n"], strict=True)) == Counter(map(float, answers))
    assert mine["share"].sum() == pytest.approx(1)


def test_several_scales_are_read_apart_and_only_scaled_scores_are_mixed() -> None:
    events, scales = [], []
    for i, (scale, score) in enumerate([("nps", 1.0), ("nps", -1.0), ("csat5", 1.0), ("hand", 0.0)]):
        events += [Event(f"u{i}", "buy", 0, None, None), Event(f"u{i}", "poll", SECOND, None, None, score)]
        scales += [None, scale]
    log = make_log(events)
    words = Category(np.array([-1, 0, -1, 0, -1, 1, -1, 2], np.int32), pa.array(["nps", "csat5", "hand"]))
    log = jl.EventLog.from_chunk(log.chunk.with_columns(score_scale=words), log.window)
    result = log.compute(jl.Satisfaction(node="event", within="1min"))
    assert np.isnan(result.table["answer_mean"].iloc[0]) and result.table["mean"].iloc[0] == 0.25
    mine = result.readings[result.readings["node"].notna()]
    assert dict(zip(mine["reading"], mine["value"], strict=True)) == {"nps": 0.0, "csat": 1.0}
    assert any("several scales" in note for note in result.notes)
    assert any(scale in scales for scale in result.tables["answers"]["scale"])


def test_a_node_nobody_spoke_of_says_so_and_is_not_filled_in() -> None:
    log = make_log(
        [
            Event("ada", "a", 0, "see", None),
            Event("ada", "b", SECOND, "do", None),
            Event("ada", "poll", 2 * SECOND, None, None, 1.0),
        ]
    )
    result = log.compute(jl.Satisfaction(node="stage", within="1h"))
    assert result.table["node"].tolist() == ["see", "think", "do"]
    assert result.table["mean"].isna().tolist() == [True, True, False]
    assert any("no score follows 'see': nothing is known there" in note for note in result.notes)


def test_without_scores_it_says_what_is_missing() -> None:
    with pytest.raises(MissingColumnError, match="the log has no scores"):
        jl.datasets.tiny().compute(jl.Satisfaction())
    with pytest.raises(ConfigError, match="within"):
        jl.Satisfaction(within="7")


@pytest.fixture(scope="module")
def shop() -> jl.EventLog:
    spec = jl.datasets.ShopSpec(
        displeasure=jl.datasets.Displeasure(edge=("paid", "shipped"), keep_a_day=0.93)
    )
    events = jl.datasets.simulate(6000, seed=5, spec=spec).events
    return jl.read(
        events, actor="actor", event="event", time="time", score="score", score_scale="nps", columns=["stage"]
    )


def test_the_planted_unhappy_stage_comes_first_and_the_planted_wait_costs_points(shop: jl.EventLog) -> None:
    result = shop.compute(jl.Satisfaction(node="stage", scale="nps"))
    lowest = result.lowest
    assert lowest["node"].iloc[0] == "after purchase"
    assert lowest["mean_high"].iloc[0] < lowest["mean_low"].iloc[1]
    effects = result.effects.set_index(["node", "measure"])
    assert effects.loc[("after purchase", "wait"), "rho_high"] < -0.1
    assert (
        effects.loc[("consideration", "wait"), "rho_low"]
        < 0
        < effects.loc[("consideration", "wait"), "rho_high"]
    )


def test_who_answered_is_held_against_who_did_not(shop: jl.EventLog) -> None:
    log = shop.then(jl.Journeys(goal="delivered", patience="14d"))
    result = log.compute(jl.Satisfaction(node="stage"))
    outcomes = result.tables["outcomes"].set_index("answered")
    assert outcomes.loc[True, "reach_rate"] > outcomes.loc[False, "reach_rate"]
    assert any("who answers is not a sample of all" in note for note in result.notes)
    assert outcomes["n_cases"].sum() == len(log.chunk.cases("journey"))


def repeated_log(rng: np.random.Generator, n: int) -> tuple[jl.EventLog, dict[str, Any]]:
    """Actors who come often, with a mood and a patience of their own; half of the stays are answered."""
    stays = rng.integers(1, 9, n)
    who = np.repeat(np.arange(n), stays)
    mood, slow = rng.normal(0, 1, n)[who], rng.normal(0, 1, n)[who]
    wait = np.exp(1 + slow + rng.normal(0, 1, len(who)))
    answer = np.clip(np.rint(7 + 1.5 * mood - np.log(wait) + rng.normal(0, 1.5, len(who))), 0, 10)
    eager = rng.beta(1, 1, n)[who]
    told = rng.random(len(who)) < eager
    start = np.concatenate([np.arange(k) for k in stays]) * 1000.0
    stamps = np.stack((start, start + wait, start + wait + 1), axis=1)
    keep = np.stack((told | True, told | True, told), axis=1).ravel()
    names = np.tile(np.array([0, 1, 2], np.int32), len(who))
    scores = np.repeat(answer / 5 - 1, 3)
    chunk, _ = build_chunk(
        pa.array([f"u{i}" for i in np.repeat(who, 3)[keep]]),
        (stamps.ravel()[keep] * SECOND).astype(np.int64),
        {
            "event": Category(names[keep], pa.array(["ask", "get", "poll"])),
            "score": Number(scores[keep], (names == 2)[keep]),
            "visit": Category(
                np.repeat(np.arange(len(who)), 3)[keep].astype(np.int32),
                pa.array([f"v{i}" for i in range(len(who))]),
            ),
        },
    )
    truth = {"answer": answer[told], "wait": wait[told], "told": told}
    return jl.EventLog.from_chunk(chunk, Window(0, 10**4 * SECOND)), truth


def covered(repeats: int, n: int, seed: int) -> dict[str, float]:
    """Return how often each interval covers the truth, and the naive one of the mean."""
    rng = np.random.default_rng(seed)
    _, truth = repeated_log(rng, 200_000)
    bins = coarse_bins((truth["wait"] * 1000).astype(np.int64))
    answer = truth["answer"]
    true = {
        "mean": answer.mean() / 5 - 1,
        "nps": (answer >= 9).mean() - (answer <= 6).mean(),
        "response": truth["told"].mean(),
        "rho": stats.spearmanr(bins, answer).statistic,
        "tau": stats.kendalltau(bins[:30_000], answer[:30_000]).statistic,
        "share": (answer == 7).mean(),
    }
    hits: dict[str, list[bool]] = defaultdict(list)
    for _ in range(repeats):
        log, seen = repeated_log(rng, n)
        result = log.compute(jl.Satisfaction(case="visit", within="1min", scale="nps"))
        row = result.table[result.table["node"] == "get"].iloc[0]
        effect = result.effects[
            (result.effects["measure"] == "wait") & (result.effects["node"] == "get")
        ].iloc[0]
        reading = result.readings[result.readings["node"] == "get"].iloc[0]
        answers = result.tables["answers"]
        seven = answers[(answers["node"] == "get") & (answers["answer"] == 7)].iloc[0]
        for name, (found, column) in {
            "mean": (row, "mean"), "nps": (reading, "value"), "response": (row, "response_rate"),
            "rho": (effect, "rho"), "tau": (effect, "tau"), "share": (seven, "share"),
        }.items():  # fmt: skip
            hits[name].append(found[f"{column}_low"] <= true[name] <= found[f"{column}_high"])
        mine = seen["answer"] / 5 - 1
        half = 1.96 * mine.std(ddof=1) / np.sqrt(len(mine))
        hits["naive mean"].append(abs(mine.mean() - true["mean"]) <= half)
        p = seen["told"].mean()
        half = 1.96 * np.sqrt(p * (1 - p) / len(seen["told"]))
        hits["naive response"].append(abs(p - true["response"]) <= half)
    return {name: float(np.mean(found)) for name, found in hits.items()}


def test_intervals_cover_the_truth_where_actors_answer_often_and_naive_ones_do_not() -> None:
    shares = covered(repeats=200, n=120, seed=17)
    for name in ("mean", "nps", "response", "rho", "tau", "share"):
        assert 0.92 <= shares[name] <= 0.98, shares
    assert shares["naive mean"] < 0.9 and shares["naive response"] < 0.9, shares


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 300])
def test_each_interval_covers_the_truth_in_long_runs(n: int) -> None:
    shares = covered(repeats=1000, n=n, seed=100 + n)
    for name in ("mean", "nps", "response", "rho", "tau", "share"):
        assert 0.93 <= shares[name] <= 0.97, shares


def figure_log(names: tuple[str, ...]) -> jl.EventLog:
    """Return actors who pass all stages in order; those of the last stage are not asked."""
    chance = np.random.default_rng(4)
    time, stage, actor, score = [], [], [], []
    for who in range(60):
        for k in range(len(names)):
            time += [(who * 1000 + k * 10) * SECOND, (who * 1000 + k * 10 + 1) * SECOND]
            stage += [k, -1]
            actor += [f"u{who}"] * 2
            told = k + 1 < len(names) and chance.random() < 0.5
            score += [
                None,
                float(np.clip(np.rint(8 - 3 * (k == 1) + chance.normal()), 0, 10)) / 5 - 1 if told else None,
            ]
    chunk, _ = build_chunk(
        pa.array(actor),
        np.array(time, np.int64),
        {
            "event": Category(
                np.where(np.array(stage) < 0, 1, 0).astype(np.int32), pa.array(["visit", "poll"])
            ),
            "stage": Category(np.array(stage, np.int32), pa.array(names), ordered=True),
            "score": Number(np.array([s or 0.0 for s in score]), np.array([s is not None for s in score])),
        },
    )
    return jl.EventLog.from_chunk(chunk, Window(0, 10**6 * SECOND))


@pytest.mark.parametrize(
    "names", [("see", "<b>think</b>", "do"), tuple(f"stage number {i} of many" for i in range(15))]
)
def test_the_curve_is_the_table_and_unspoken_stages_say_so(names: tuple[str, ...]) -> None:
    result = figure_log(names).compute(jl.Satisfaction(scale="nps", within="5s"))
    figure = result.plot()
    means = next(t for t in figure.data if t.name == "mean")
    told = next(t for t in figure.data if t.name == "answered")
    assert np.array_equal(means.y, result.table["answer_mean"], equal_nan=True)
    assert np.array_equal(told.y, result.table["response_rate"])
    assert np.allclose(means.y + means.error_y.array, result.table["answer_mean_high"], equal_nan=True)
    assert means.marker.color[1] != means.marker.color[0]  # the least happy one
    line = next(t for t in figure.data if t.type == "scatter" and t.mode == "lines")
    assert len(line.x) == len(names) - 1
    assert [note.text for note in figure.layout.annotations] == ["no<br>answers"]
    assert not any("<b>think" in text for text in figure.layout.xaxis.ticktext)
    fewer = result.plot(rows=2)
    assert f"Not shown: {len(names) - 2}" in fewer.layout.title.subtitle.text.replace("<br>", " ")


def test_cases_under_way_at_the_start_are_set_apart_and_told() -> None:
    events = [
        e
        for i in range(6)
        for e in (
            Event(f"u{i}", "a", i * 100 * SECOND, None, None),
            Event(f"u{i}", "b", (i * 100 + 5) * SECOND, None, None, 1.0),
        )
    ]
    log = make_log(events, Window(0, 1000 * SECOND)).then(jl.Journeys(run_in="250s", patience="60s"))
    result = log.compute(jl.Satisfaction(node="event"))
    assert any("3 cases began in the run-in" in note for note in result.notes)


def test_an_answer_after_the_goal_belongs_to_the_journey_that_is_over() -> None:
    events = [
        Event("ada", "a", 0, None, None),
        Event("ada", "goal", SECOND, None, None),
        Event("ada", "poll", 3 * SECOND, None, None, 1.0),
        Event("ada", "later", 4 * SECOND, None, None),
        Event("ada", "poll", 5 * SECOND, None, None, -1.0),
    ]
    log = make_log(events).then(jl.Journeys(goal="goal", patience="1h", of="actor"))
    assert log.chunk.cases("journey").end.tolist() == [2]
    result = log.compute(jl.Satisfaction(node="event", within="1min"))
    found = result.table.set_index("node")
    assert found.loc["goal", "n_scores"] == 1 and found.loc["goal", "mean"] == 1.0
    assert result.tables["scores"]["n_outside"].iloc[0] == 1
    assert any("outside of the cases" in note for note in result.notes)
    everything = log.compute(jl.Satisfaction(node="event", within="1min", case="actor")).table.set_index(
        "node"
    )
    assert everything.loc["later", "mean"] == -1.0
