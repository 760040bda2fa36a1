from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylog.core.encode import encode
from journeylog.core.vocabulary import SORTED_UP_TO, Vocabulary, tidy

texts = st.lists(
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["", "a", "b", "b\0", "ab" * 9])), max_size=60
)


def numbered(parts: list[list[str | None]]) -> tuple[list[list[int]], list[str]]:
    """Each text gets the number of its first appearance; a missing one gets -1."""
    known: dict[str, int] = {}
    return [[-1 if t is None else known.setdefault(t, len(known)) for t in part] for part in parts], list(
        known
    )


def as_string(part: list[Any]) -> pa.Array:
    return pa.array(part, pa.string())


def as_large(part: list[Any]) -> pa.Array:
    return pa.array(part, pa.large_string())


def as_view(part: list[Any]) -> pa.Array:
    return pa.array(part, pa.string()).cast(pa.string_view())


def as_dictionary(part: list[Any]) -> pa.Array:
    return pa.array(part, pa.string()).dictionary_encode()


def as_slice(part: list[Any]) -> pa.Array:
    return pa.array(["before", None, *part, "after"], pa.string()).slice(2, len(part))


@pytest.mark.parametrize("kind", [as_string, as_large, as_view, as_slice])
@settings(max_examples=60, deadline=None)
@given(parts=st.lists(texts, max_size=4))
def test_texts_are_numbered_as_they_appear_piece_by_piece(kind: Any, parts: list[list[str | None]]) -> None:
    known = Vocabulary()
    found = [known.codes(kind(part)).tolist() for part in parts]
    assert (found, known.labels().to_pylist()) == numbered(parts)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(texts, max_size=4))
def test_a_dictionary_is_numbered_by_its_words(parts: list[list[str | None]]) -> None:
    known = Vocabulary()
    found = [known.codes(as_dictionary(part)) for part in parts]
    names = [*known.labels().to_pylist(), None]
    assert [[names[c] for c in part.tolist()] for part in found] == parts


def test_many_texts_of_many_lengths_are_kept_apart() -> None:
    rng = np.random.default_rng(3)
    words = [f"{i:x}" * (1 + i % 7) for i in range(20_000)]
    drawn = [words[i] for i in rng.integers(0, len(words), 60_000)]
    known = Vocabulary()
    codes = np.concatenate([known.codes(pa.array(drawn[i : i + 7_000])) for i in range(0, len(drawn), 7_000)])
    expected, labels = numbered([drawn])
    assert codes.tolist() == expected[0] and known.labels().to_pylist() == labels


def test_one_long_text_after_short_ones_finds_room() -> None:
    long = "x" * 300_000
    known = Vocabulary()
    assert known.codes(pa.array(["a", long, "b", long + "y", "a"])).tolist() == [0, 1, 2, 3, 0]
    assert known.labels().to_pylist() == ["a", long, "b", long + "y"]


@settings(max_examples=60, deadline=None)
@given(part=texts, blank=st.booleans())
def test_a_column_is_over_the_sorted_names_that_occur(part: list[str | None], blank: bool) -> None:
    column = encode(pa.array(part, pa.string()))
    assert column.labels.to_pylist() == sorted({t for t in part if t is not None}, key=str.encode)
    assert column.to_arrow().to_pylist() == part
    known = Vocabulary()
    known.codes(pa.array(["never seen"]))
    codes = known.codes(pa.array(part, pa.string()))
    cut = len(codes) // 3
    tidied = tidy([codes[:cut], codes[cut:]], known.labels(), blank)
    assert tidied.to_arrow().to_pylist() == [None if t == "" and blank else t for t in part]
    assert "never seen" not in tidied.labels.to_pylist() or "never seen" in part


def test_very_many_names_stay_in_the_order_of_their_appearance() -> None:
    names = [f"{i}" for i in range(SORTED_UP_TO + 5)][::-1]
    assert encode(pa.array(names)).labels.to_pylist() == names
