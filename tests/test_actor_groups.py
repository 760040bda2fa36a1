"""Groups of actors by a hash of their ids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from journeylog.core.actor_groups import actor_groups, actor_hashes, actor_of_cases
from journeylog.core.chunk import Chunk
from journeylog.core.engine import _split_cases
from tests.strategies import Event, make_log


def chunk_of(ids: list[str]) -> Chunk:
    n = len(ids)
    return Chunk(pa.array(ids, pa.string()), np.arange(n + 1), np.zeros(n, np.int64), {})


PROMISED = [2833045437486872733, 2119153628502528863]
IDS = [f"{i}" for i in range(20_000)]


def test_a_hash_depends_on_the_id_alone() -> None:
    whole = chunk_of([*IDS[:3000], "", "Ж", "🙂", "a\0", "a"])
    found = actor_hashes(whole)
    for first, last in ((0, 7), (5, 3000), (2999, 3005), (3000, 3001)):
        assert np.array_equal(actor_hashes(whole.slice(first, last)), found[first:last])
    large = replace(whole, actors=whole.actors.cast(pa.large_string()))
    assert np.array_equal(actor_hashes(large), found)
    assert np.array_equal(actor_hashes(replace(whole, actors=whole.actors.cast(pa.string_view()))), found)
    assert len(np.unique(found)) == len(found)
    assert found.min() >= 0 and found.max() < 2**62
    assert len(actor_hashes(chunk_of([]))) == 0


@pytest.mark.parametrize("n_groups", [2, 7, 64])
@pytest.mark.parametrize("form", ["{}", "a{:06d}", "user-{:09d}@example.com", "{:x}"])
def test_groups_are_even_and_independent_of_the_order_of_ids(n_groups: int, form: str) -> None:
    groups = actor_groups(chunk_of([form.format(i) for i in range(20_000)]), n_groups)
    sizes = np.bincount(groups, minlength=n_groups)
    assert len(sizes) == n_groups
    assert stats.chisquare(sizes).pvalue > 1e-4
    pairs = np.bincount(groups[:-1] * n_groups + groups[1:], minlength=n_groups**2)
    assert stats.chisquare(pairs).pvalue > 1e-4


def test_bits_are_fair_and_seeds_give_other_ones() -> None:
    a, b = (actor_hashes(chunk_of(IDS), seed) for seed in (0, 1))
    for bit in range(62):
        ones = ((a >> bit) & 1).mean()
        assert abs(ones - 0.5) < 5 * 0.5 / np.sqrt(len(IDS)), bit
        both = (((a ^ b) >> bit) & 1).mean()
        assert abs(both - 0.5) < 5 * 0.5 / np.sqrt(len(IDS)), bit


def test_the_bits_of_an_id_are_a_promise() -> None:
    """Counts that were stored by group are added to later ones."""
    assert actor_hashes(chunk_of(["ada", ""])).tolist() == PROMISED


def test_cases_find_their_actors_also_when_split() -> None:
    events = [Event(f"u{i % 30:02d}", "a", i, None, ["web", "app", None][i % 7 % 3]) for i in range(200)]
    chunk = make_log(events).chunk
    assert actor_of_cases(chunk, chunk.cases()).tolist() == list(range(30))
    for _, part in _split_cases(chunk, "actor", chunk.category("channel")):
        level = part.cases("actor")
        owner = chunk.actor_of_event()[level.first_event()]
        assert np.array_equal(actor_of_cases(part, level), owner)
