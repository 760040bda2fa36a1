"""Values: money by node and by case equals plain loops, is added in one currency only, and counts once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special

import journeylog as jl
from journeylog.core.chunk import Category, Number
from journeylog.core.kernels.values import signed_bins
from journeylog.core.log import EventLog
from journeylog.core.source import Memory
from tests import test_laws as laws
from tests.oracles import values as oracle
from tests.strategies import Event, make_log, plain, rows, with_cases

QUESTIONS = [jl.Values(), jl.Values(node="stage", case="channel"), jl.Values(node="channel", currency="EUR")]
each = pytest.mark.parametrize("question", QUESTIONS, ids=repr)
amounts = st.lists(
    st.one_of(st.none(), st.integers(-(10**13), 10**15), st.integers(-300, 300)), min_size=40, max_size=40
)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def paid(events: list[Event], how: Any, micros: list[int | None], codes: int = 0) -> EventLog:
    """The log with these amounts by position after ordering, in euros, or in euros and roubles."""
    log = make_log(events)
    own = micros[: log.n_events]
    value = Number(
        np.array([m or 0 for m in own], np.int64), np.array([m is not None for m in own], bool), "micros"
    )
    currency = Category(
        (np.arange(len(own)) % (codes + 1)).astype(np.int32), pa.array(["EUR", "RUB"][: codes + 1])
    )
    chunk = with_cases(log.chunk.with_columns(value=value, currency=currency), *how)
    return replace(log, source=Memory((chunk,)))


@quick
@given(
    events=rows(), how=laws.cases, micros=amounts, node=st.sampled_from(["event", "stage"]),
    case=st.sampled_from(["actor", "journey"]),
)  # fmt: skip
def test_values_equal_the_oracle(
    events: list[Event], how: Any, micros: list[int | None], node: str, case: str
) -> None:
    log = paid(events, how, micros)
    found = log.compute(jl.Values(node=node, case=case))
    level = log.chunk.cases(case)
    owner, number = level.actor_of_case(), level.case_of_event(log.n_events)
    names = log.chunk.actors.to_pylist()
    listed = plain(log.chunk)
    told = [
        (e.actor, str(number[i]), getattr(e, node), micros[i]) for i, e in enumerate(listed) if number[i] >= 0
    ]
    words = {-3: "reached", -4: "dropped", -5: "open"}
    actors = sorted({e.actor for e in listed}) if case == "actor" else names
    assert list(actors) == list(names)
    outcomes = {str(c): (names[owner[c]], words[int(level.outcome[c])]) for c in range(len(level))}
    want = oracle.values(told, outcomes)
    at = {None if r["kind"] == "none" else r["node"]: r for r in found.table.to_dict("records")}
    assert at.keys() == want["at"].keys()
    for name, row in at.items():
        compare(row, "value", row["n"], want["at"][name])
    for row in found.cases.to_dict("records"):
        compare(row, "value", row["n_cases"], want["cases"][row["outcome"]])
        compare(
            {**row, "valued_total": row["value_total"]},
            "valued",
            row["n_valued"],
            want["valued"][row["outcome"]],
        )
    through = {r["node"]: r for r in found.through.to_dict("records")}
    assert through.keys() == want["through"].keys()
    for name, row in through.items():
        compare(row, "value", row["n_cases"], want["through"][name])


def compare(row: dict[str, Any], name: str, n: int, want: dict[str, Any]) -> None:
    assert n == want["n"]
    assert row[f"{name}_total"] == pytest.approx(want["total"] / 1e6, abs=1e-9)
    if not n:
        assert np.isnan(row[f"{name}_mean"])
        return
    mean = want["total"] / n
    assert row[f"{name}_mean"] == pytest.approx(mean / 1e6, rel=1e-12, abs=1e-9)
    if want["alike"] > 1 + 1e-9 and want["spread"] > 1e-12 * want["squares"]:
        error = np.sqrt(want["spread"] * want["alike"] / (want["alike"] - 1)) / n
        half = special.stdtrit(want["alike"] - 1, 0.975) * error
        low, high = mean - half, mean + half
        if min(want["amounts"]) >= 0 and mean > 0:
            u = half / mean
            down, up = (np.exp(u), np.exp(u + u * u / 2)) if u <= 1 else (np.e * u, np.exp(1.5) * (2 * u - 1))
            low, high = mean / down, mean * up
        scale = max(abs(m) for m in want["amounts"]) / 1e6 * 1e-5 + 1e-9
        assert row[f"{name}_mean_low"] == pytest.approx(low / 1e6, rel=1e-5, abs=scale)
        assert row[f"{name}_mean_high"] == pytest.approx(high / 1e6, rel=1e-5, abs=scale)
    else:
        assert np.isnan(row[f"{name}_mean_low"])
    if f"{name}_median" in row:
        middle = want["amounts"][max(int(np.ceil(0.5 * n - 1e-9)), 1) - 1] / 1e6
        assert row[f"{name}_median"] == pytest.approx(middle, rel=1 / 256, abs=1e-6)


@each
@quick
@given(events=rows(), how=laws.cases, micros=amounts, cut=st.integers(0, 6))
def test_any_partition_gives_the_same_bytes(
    question: jl.Values, events: list[Event], how: Any, micros: list[int | None], cut: int
) -> None:
    log = paid(events, how, micros, codes=1)
    whole = laws.counted(question, log.chunk, log)
    cut = min(cut, log.n_actors)
    parts = [log.chunk.slice(cut, log.n_actors), log.chunk.slice(0, cut), log.chunk.slice(0, 0)]
    first, *others = (laws.counted(question, part, log) for part in parts)
    for other in others:
        first = other + first
    assert first.to_bytes() == whole.to_bytes()


@pytest.mark.parametrize("question", QUESTIONS[:2], ids=repr)
def test_other_laws_hold(question: jl.Values) -> None:
    laws.test_threads_give_the_same_bytes_and_by_adds_up(question)
    laws.test_a_question_survives_pickle_and_json(question)
    laws.test_vocabulary_order_does_not_matter(question)


def frame_log(values: list[Any], currency: list[Any] | None = None) -> EventLog:
    n = len(values)
    columns: dict[str, Any] = {"u": [f"u{i % 3}" for i in range(n)], "e": ["buy"] * n, "x": values}
    columns["t"] = pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC")
    roles = {"actor": "u", "event": "e", "time": "t"}
    if currency is not None:
        columns["c"] = currency
        roles |= {"value": "x", "currency": "c"}
    return jl.read(pd.DataFrame(columns), **roles)


@pytest.mark.filterwarnings("ignore::journeylog.errors.LoadWarning")
def test_currencies_are_never_added() -> None:
    log = frame_log([1, 2, 3, 4], ["EUR", "RUB", "RUB", "EUR"])
    with pytest.raises(jl.errors.ConfigError, match=r"2 currencies.*currency='EUR'"):
        log.compute(jl.Values())
    one = log.compute(jl.Values(currency="RUB"))
    assert one.currency == "RUB" and one.table["value_total"].tolist() == [5.0]
    assert any("2 amounts in other currencies" in note for note in one.notes)
    assert log.compute(jl.Values(currency="USD")).table.empty
    half = frame_log([1, 2, 3], ["EUR", None, "EUR"])
    with pytest.raises(jl.errors.ConfigError, match="no currency"):
        half.compute(jl.Values())


def test_any_column_of_numbers_will_do_and_no_other() -> None:
    log = frame_log([1.5, None, -0.25, 1e6])
    found = log.compute(jl.Values("x"))
    assert found.currency is None and found.table["value_total"].tolist() == [1_000_001.25]
    assert found.table["n"].tolist() == [3] and found.cases["n_valued"].tolist() == [2, 0, 0, 2]
    with pytest.raises(jl.errors.MissingColumnError, match="'x'"):
        log.compute(jl.Values("event"))
    with pytest.raises(jl.errors.MissingColumnError, match="no column 'valu'"):
        log.compute(jl.Values("valu"))
    with pytest.raises(jl.errors.ConfigError, match="no currencies"):
        log.compute(jl.Values("x", currency="EUR"))
    with pytest.raises(jl.errors.ValueOverflowError):
        frame_log([1e13, 1.0]).compute(jl.Values("x"))


def test_bins_of_amounts_keep_their_order() -> None:
    micros = np.sort(
        np.concatenate([np.arange(-400, 400), np.random.default_rng(1).integers(-(10**12), 10**12, 500)])
    )
    assert (np.diff(signed_bins(micros)) >= 0).all()


@pytest.mark.filterwarnings("ignore::journeylog.errors.UnseenNameWarning")
def test_amounts_outside_of_journeys_are_told() -> None:
    log = frame_log([5, 7, 11], ["EUR"] * 3)
    journeys = log.then(jl.Journeys(start="never", patience="1h"))
    found = journeys.compute(jl.Values())
    assert found.table.empty and any("3 amounts are at events of no case" in note for note in found.notes)
