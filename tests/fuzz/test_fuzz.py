"""A few of the inputs that the long runs look for: everything that was kept, and small changes to it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import mutated
from tests.fuzz.targets import TARGETS, seeds


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_kept_breaks_nothing(target: str) -> None:
    for data in seeds(target):
        assert TARGETS[target](data) == []


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=80)
@given(seed=st.integers(0, 2**32))
def test_changes_to_it_break_nothing(target: str, seed: int) -> None:
    assert TARGETS[target](mutated(random.Random(seed), list(seeds(target)))) == []


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60)
@given(data=st.binary(max_size=200))
def test_any_bytes_break_nothing(target: str, data: bytes) -> None:
    assert TARGETS[target](data) == []
