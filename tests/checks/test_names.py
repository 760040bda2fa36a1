"""Look-alike names, duplicated files, giants and crowds: the rows of bad input that only a check can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import journeylog as jl
from journeylog.checks.finding import Severity
from journeylog.checks.folds import difference, folded, skeleton
from journeylog.core.build import build_chunk
from journeylog.core.chunk import Category
from tests.checks.planted import NOW, ROLES, clean

TWINS = [
    (["u1", "U1"], "case"),
    (["u1", "u1 "], "spaces"),
    (["a  b", "a b"], "spaces"),
    (["u1", "u1\u200b"], "signs that are not seen"),
    (["pay", "p\u00aday"], "signs that are not seen"),
    (["caf\u00e9", "cafe\u0301"], "how letters are written (NFC, NFD)"),
    (["pay", "ｐａｙ"], "how letters are written (NFC, NFD)"),
    (["istanbul", "İSTANBUL"], "case"),
    (["straße", "STRASSE"], "case"),
    (["Корзина", "корзина"], "case"),
    (["pay", "\u0440ay"], "letters of another alphabet"),
    (["TEMA", "ТЕМА"], "letters of another alphabet"),
    (["ΟΔΟΣ", "οδος"], "case"),
]
APART = [
    ("u1", "u2"),
    ("01", "1"),
    ("корзина", "корзины"),
    ("step 1", "step 2"),
    ("a-b", "a_b"),
    ("é", "e"),
    ("l1", "11"),
    ("нет", "hem"),
]


def same(one: str, two: str) -> bool:
    texts = pa.array([one, two])
    first, second = folded(texts).to_pylist(), folded(skeleton(texts)).to_pylist()
    return first[0] == first[1] or second[0] == second[1]


@pytest.mark.parametrize("names, how", TWINS)
def test_names_that_are_hardly_told_apart(names: list[str], how: str) -> None:
    assert same(*names)
    assert how in difference(names)


@pytest.mark.parametrize("one, two", APART)
def test_names_that_differ_stay_apart(one: str, two: str) -> None:
    assert not same(one, two)


def test_groups_reach_over_two_kinds_of_likeness() -> None:
    frame = clean(n=600)
    frame.loc[:3, "what"] = ["Pay ", "pay", "\u0440ay", "PAY"]
    found = jl.check(frame, now=NOW, **ROLES)["lookalike_events"][0]
    assert (found.n, found.facts["n_groups"]) == (4, 1)
    assert "\\u0440ay" in found.examples[0]


def test_a_file_loaded_twice() -> None:
    frame = clean(n=600)
    twice = pd.concat([frame, frame], ignore_index=True)
    by_id = jl.check(twice, now=NOW, **ROLES)
    assert [(f.n, f.severity) for f in by_id["repeated_ids"] if f.where == "dropped at the door"] == [
        (600, Severity.WARNING)
    ]
    assert by_id["duplicate_rows"][0].severity is Severity.OK
    blind = jl.check(twice.drop(columns="id"), now=NOW, **{k: v for k, v in ROLES.items() if k != "event_id"})
    assert (blind["duplicate_rows"][0].n, blind["duplicate_rows"][0].severity) == (600, Severity.ERROR)
    assert blind.n_events == 1200  # told, never dropped


def log_of(n: int, n_actors: int, n_names: int) -> jl.EventLog:
    rng = np.random.default_rng(0)
    time = np.sort(rng.integers(0, 50 * 86_400_000, n)) * 1000 + 1_735_689_600_000_000
    actor = Category(
        (np.arange(n) % n_actors).astype(np.int32), pa.array([f"a{i:07d}" for i in range(n_actors)])
    )
    names = pa.array([f"/p/{'abcdefghij'[i % 10]}{i // 10:05d}x" for i in range(n_names)])
    event = Category(rng.integers(0, n_names, n).astype(np.int32), names)
    return jl.EventLog.from_chunk(build_chunk(actor, time, {"event": event})[0])


def test_one_actor_with_everything_is_a_machine() -> None:
    found = jl.check(log_of(200_000, 1, 5), now=NOW)
    assert (found["bot_endless"][0].n, found["bot_endless"][0].severity) == (200_000, Severity.ERROR)


def test_many_actors_with_one_event_are_no_finding() -> None:
    found = jl.check(log_of(200_000, 200_000, 5), now=NOW)
    assert [f.check for f in found.problems] == []


def test_two_hundred_thousand_names_fold_into_templates() -> None:
    found = jl.check(log_of(200_000, 2_000, 100_000), now=NOW)
    ids = found["ids_in_events"][0]
    assert ids.n == ids.total and ids.facts["n_templates"] == 10 and ids.examples[0][4:].startswith("{id}x (")
    assert found["many_events"][0].severity is Severity.OK  # ten names are left
