"""The bootstrap: replicates that no partition changes, and bounds that cover where naive ones fail."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

import journeylog as jl
from journeylog.bootstrap import GROUPS
from journeylog.core import arrow_text
from journeylog.core.contracts import Stat
from journeylog.core.counts import Counts
from journeylog.core.intervals import wilson
from journeylog.core.kernels.draws import hash_texts, poisson_weights
from journeylog.core.regroup import take_actors
from journeylog.core.row_keys import Places
from journeylog.core.select import keep_actors
from journeylog.core.source import Memory
from journeylog.datasets import Wait, simulate_chain
from tests import test_laws as laws
from tests.habits import SHARE, habit_log
from tests.strategies import Event, make_log, plain, rows, with_cases
from tests.test_truth import GOAL, NODES, STRAIGHT, chain_log

QUESTIONS: list[Stat] = [
    jl.Bootstrap(jl.Transitions(), replicates=40),
    jl.Bootstrap(jl.Funnel(["a", "b", "*"], "30s"), 41, seed=7),
    jl.Bootstrap(jl.Variants(top=3), replicates=40, columns=["share", "cum_share"]),
    jl.Bootstrap(jl.StepMatrix(case="channel", steps=3), replicates=40, columns="share"),
]
each = pytest.mark.parametrize("question", QUESTIONS, ids=repr)
quick = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.UnseenNameWarning")


@each
@quick
@given(events=rows(), how=laws.cases, cuts=st.lists(st.integers(0, 6), max_size=3))
def test_any_partition_gives_the_same_bytes_and_an_empty_one_changes_nothing(
    question: Stat, events: list[Event], how: Any, cuts: list[int]
) -> None:
    log = laws.prepared(events, how)
    whole = laws.counted(question, log.chunk, log)
    bounds = sorted({0, log.n_actors, *(min(c, log.n_actors) for c in cuts)})
    parts = [log.chunk.slice(a, b) for a, b in itertools.pairwise(bounds)] or [log.chunk]
    counts = [laws.counted(question, part, log) for part in reversed(parts)]
    assert Counts.merge(counts).to_bytes() == whole.to_bytes()
    nothing = laws.counted(question, log.chunk.slice(0, 0), log)
    assert (nothing + whole).to_bytes() == whole.to_bytes()
    filled, bare = (question.result(c.canonical(), log.window) for c in (whole, nothing))
    assert list(filled.table.columns) == list(bare.table.columns)
    pd.testing.assert_frame_equal(
        filled.answer.table,  # type: ignore[attr-defined]
        log.compute(question.question, threads=1).table,  # type: ignore[attr-defined]
    )


@each
def test_other_laws_hold(question: Stat) -> None:
    laws.test_threads_give_the_same_bytes_and_by_adds_up(question)
    laws.test_a_question_survives_pickle_and_json(question)
    laws.test_vocabulary_order_does_not_matter(question)


@pytest.mark.parametrize("by", [None, "channel"])
def test_a_replicate_is_the_answer_for_a_log_with_actors_repeated(by: str | None) -> None:
    """By definition: every actor as often as its weight, under new names."""
    log = laws.larger(600)
    plainly = jl.Transitions(node="stage", case="actor")
    question = jl.Bootstrap(plainly, 40, seed=3)
    answer = log.compute(question, by=by)
    answer = answer if by is None else answer["web"]
    groups = hash_texts(*arrow_text.buffers(log.chunk.actors), 3) % GROUPS
    weights = poisson_weights(GROUPS, 0, 40, 3, jl.bootstrap._POISSON)
    events = [
        Event(f"{e.actor}#{copy}", e.event, e.time, e.stage, e.channel)
        for a, own in itertools.groupby(plain(log.chunk), key=lambda e: e.actor)
        for own_events in [list(own)]
        for copy in range(weights[groups[log.chunk.actors.to_pylist().index(a)], 5])
        for e in own_events
    ]
    drawn = make_log(events, log.window).compute(plainly, by=by)
    drawn = drawn if by is None else drawn["web"]
    want = drawn.table.set_index(["from", "from_kind", "to", "to_kind"])["time_median_s"]
    keys = pd.MultiIndex.from_frame(answer.table[["from", "from_kind", "to", "to_kind"]])
    np.testing.assert_array_equal(answer.draws["time_median_s"][:, 5], want.reindex(keys).to_numpy())


@quick
@given(events=rows(), how=laws.cases, seed=st.integers(0, 99))
def test_actors_in_another_order_are_the_same_actors(events: list[Event], how: Any, seed: int) -> None:
    log = make_log(events)
    chunk = jl.Transitions(case="channel").prepare(with_cases(log.chunk, *how))
    order = np.random.default_rng(seed).permutation(chunk.n_actors)
    moved = take_actors(chunk, order)
    assert moved.actors.to_pylist() == [chunk.actors.to_pylist()[i] for i in order]
    for i, old in enumerate(order.tolist()):
        one, other = moved.slice(i, i + 1), chunk.slice(old, old + 1)
        assert one.time.tolist() == other.time.tolist()
        assert one.event.codes.tolist() == other.event.codes.tolist()
        for name, level in one.levels.items():
            same = other.levels[name]
            for part in ("actor_offsets", "begin", "end", "outcome", "order"):
                a, b = getattr(level, part), getattr(same, part)
                assert (a is None and b is None) or a.tolist() == b.tolist()


def test_hashes_spread_and_weights_are_poisson() -> None:
    names = [f"user-{i:06d}" for i in range(51_200)]
    group = hash_texts(*arrow_text.buffers(pa.array(names)), 0) % GROUPS
    counts = np.bincount(group, minlength=GROUPS)
    assert stats.chisquare(counts).pvalue > 1e-4
    again = hash_texts(*arrow_text.buffers(pa.array(names)), 1) % GROUPS
    assert np.mean(group == again) < 0.004
    weights = poisson_weights(GROUPS, 0, 400, 0, jl.bootstrap._POISSON)
    seen = np.bincount(weights.ravel(), minlength=9)[:9]
    want = stats.poisson.pmf(np.arange(9), 1) * weights.size
    assert stats.chisquare(seen[:7], want[:7] * seen[:7].sum() / want[:7].sum()).pvalue > 1e-4
    assert abs(np.corrcoef(weights[:, 0], weights[:, 1])[0, 1]) < 0.15
    rowwise = np.corrcoef(weights[:60])[np.triu_indices(60, 1)]
    assert abs(rowwise.mean()) < 0.005 and rowwise.std() == pytest.approx(1 / 20, rel=0.1)
    assert (weights[:, 8:16] == poisson_weights(GROUPS, 8, 16, 0, jl.bootstrap._POISSON)).all()


def test_bounds_stand_beside_their_columns_and_figures_still_draw() -> None:
    log = laws.larger(1500)
    result = log.compute(jl.Bootstrap(jl.Bottlenecks(node="stage"), replicates=60))
    columns = list(result.table.columns)
    assert columns[columns.index("excess_s") + 1] == "excess_low_s"
    assert {"rank_low", "rank_high"} <= set(columns) and "n_low" not in columns
    own = log.compute(jl.Bottlenecks(node="stage")).table
    pd.testing.assert_frame_equal(result.table[own.columns], own)
    told = result.table.dropna(subset=["excess_low_s"])
    assert len(told) and (told["excess_low_s"] <= told["excess_high_s"]).all()
    assert result.plot().data and "60 replicates" in result.notes[-1]
    assert result.to_dict()["question"]["question"]["kind"] == "Bottlenecks"


def test_what_resampling_cannot_see_has_no_bounds() -> None:
    log = laws.larger(1500)
    funnel = jl.Bootstrap(jl.Funnel(["*", "nobody"]), columns=["total_rate"], replicates=60)
    table = log.compute(funnel).table
    assert table["total_rate_low"].isna().all()  # everybody and nobody
    few = replace(log, source=Memory((keep_actors(log.chunk, np.arange(log.n_actors) < 5),)))
    assert few.compute(jl.Bootstrap(jl.Variants(), 60)).table["cum_share_low"].isna().all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: jl.Bootstrap("Transitions"), "no statistic"),  # type: ignore[arg-type]
        (lambda: jl.Bootstrap(jl.Bootstrap(jl.Outcomes())), "no statistic"),
        (lambda: jl.Bootstrap(jl.Outcomes(), replicates=10), "40"),
        (lambda: jl.datasets.tiny().compute(jl.Bootstrap(jl.Outcomes(), columns="shar")), "'share'"),
    ],
)
def test_errors_name_the_way_out(make: Any, words: str) -> None:
    with pytest.raises(jl.errors.ConfigError, match=words):
        make()


# ---- coverage ---------------------------------------------------------------------------------------------------------


@functools.cache
def truth() -> dict[str, float]:
    """What a very large log of the same customers says."""
    found: dict[str, list[float]] = defaultdict(list)
    for seed in range(3):
        for name, (value, _, _) in measured(7_000_000 + seed, 30_000, 40).items():
            found[name].append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def measured(
    seed: int, n_actors: int, replicates: int
) -> dict[str, tuple[float, tuple[float, float], tuple[float, float]]]:
    """Value, bounds of the bootstrap, and bounds that take every visit for a customer of its own."""
    wait = Wait.lognormal(median_s=3600, mean_s=5400)
    simulation = simulate_chain(
        n_actors, NODES, STRAIGHT, wait, reached=GOAL, seed=seed, visits=6, heterogeneity=0.35
    )
    log = chain_log(simulation).then(jl.Journeys(goal="pay", patience="5d", of="stretch"))
    variants, steps, moves, funnel = log.compute(
        jl.Bootstrap(jl.Variants(top=8), replicates, columns=["share"]),
        jl.Bootstrap(jl.StepMatrix(steps=3), replicates, columns=["share"]),
        jl.Bootstrap(jl.Transitions(), replicates),
        jl.Bootstrap(jl.Funnel(["home", "cart", "pay"]), replicates, columns=["total_rate"]),
    )
    paths = variants.table.set_index("path")
    at = steps.table.set_index(["position", "node", "kind"])
    edge = moves.table.set_index(["from", "to"])
    rows = {
        "variant": (paths.loc[[("home", "search", "cart", "pay")]].iloc[0], "share", "n_cases", "n_total"),
        "step": (at.loc[(3, "cart", "node")], "share", "n_cases", "n_total"),
        "funnel": (funnel.table.iloc[2], "total_rate", "n_cases", None),
    }
    out = {}
    for name, (row, column, k, n) in rows.items():
        total = funnel.table["n_cases"].iloc[0] if n is None else row[n]
        naive = tuple(float(b) for b in wilson(row[k], total))
        out[name] = float(row[column]), (row[f"{column}_low"], row[f"{column}_high"]), naive
    median = edge.loc[("home", "search")]
    bounds = median["time_median_low_s"], median["time_median_high_s"]
    out["median"] = (
        float(median["time_median_s"]),
        bounds,
        (np.nan, np.nan),
    )  # nobody has habits of waiting here
    return out  # type: ignore[return-value]


def covered(repeats: int, seed: int, n_actors: int, replicates: int = 200) -> dict[str, dict[str, float]]:
    """How often each kind of bounds covers what the large log says."""
    hits: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for k in range(repeats):
        for name, (_, ours, naive) in measured(seed + k, n_actors, replicates).items():
            for kind, (low, high) in (("ours", ours), ("naive", naive)):
                hits[name][kind].append(bool(low <= truth()[name] <= high))
    return {name: {kind: float(np.mean(h)) for kind, h in kinds.items()} for name, kinds in hits.items()}


def test_bounds_cover_where_naive_ones_fail() -> None:
    """A small version of the three hundred runs in ``test_coverage_slow.py``; the question is a cheap one."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for seed in range(24):
        log, _ = habit_log(60_000 + seed, 50)
        moves = log.compute(
            jl.Bootstrap(jl.Transitions(case="session", quantiles=False), 60, columns=["rate"])
        )
        row = moves.table.set_index(["from", "to"]).loc[("answer", "help")]
        low, high = wilson(row["n"], row["n_from_followed"])
        hits["ours"].append(row["rate_low"] <= SHARE <= row["rate_high"])
        hits["naive"].append(bool(low <= SHARE <= high))
    assert np.mean(hits["naive"]) < 0.8 < 0.85 < np.mean(hits["ours"])


texts = st.sampled_from(["a", "b", "(start)", "", None])


@given(
    st.sets(st.tuples(texts, texts), max_size=8), st.lists(st.tuples(texts, texts), max_size=8), st.booleans()
)
def test_rows_of_other_tables_are_found_by_all_their_keys(
    own: set[tuple[Any, Any]], others: list[tuple[Any, Any]], numbered: bool
) -> None:
    known = sorted(own, key=str)

    def table(rows: list[tuple[Any, Any]]) -> pd.DataFrame:
        columns = zip(*rows, strict=True) if rows else ((), ())
        made = pd.DataFrame(
            {k: pd.array(list(c), dtype="str") for k, c in zip(("from", "to"), columns, strict=True)}
        )
        return made.assign(step=[len(str(row[0])) for row in rows]) if numbered else made

    found = Places(table(known)).of(table(others))
    assert found.tolist() == [known.index(row) if row in own else -1 for row in others]
