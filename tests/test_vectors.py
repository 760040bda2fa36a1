from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from journeylog.core.kernels import vectors
from journeylog.core.kernels.csv_rows import SLACK, split_lines

pytestmark = pytest.mark.laws


@njit
def compiled(buf: Any, at: Any, byte: Any, bits: Any, data: Any, spot: Any) -> Any:
    vectors.copied(buf, at, data, spot)
    return (
        vectors.found(buf, at, byte), vectors.high(buf, at), vectors.lowest(bits), vectors.without_lowest(bits),
        vectors.counted(bits),
    )  # fmt: skip


@given(
    st.binary(min_size=80, max_size=80),
    st.integers(0, 16),
    st.integers(0, 255),
    st.sampled_from([0, 1, 2**63, 2**64 - 1, 0x8100]) | st.integers(0, 2**64 - 1),
)
def test_vectors_see_and_copy_what_a_loop_does(content: bytes, at: int, byte: int, bits: int) -> None:
    buf, data = np.frombuffer(content, np.uint8), np.zeros(48, np.uint8)
    seen = compiled(buf, np.uintp(at), np.uint8(byte), np.uint64(bits), data, np.uintp(7))
    window = content[at : at + 64]
    assert [int(x) for x in seen] == [
        sum(1 << k for k, c in enumerate(window) if c == byte),
        sum(1 << k for k, c in enumerate(window) if c > 127),
        f"{bits:064b}"[::-1].find("1") if bits else 64,
        bits & (bits - 1) if bits else 0,
        f"{bits:b}".count("1"),
    ]
    assert data.tobytes() == bytes(7) + content[at : at + 32] + bytes(9)


FIELD = st.binary(max_size=3) | st.integers(25, 140).map(lambda n: b"x" * n)


@given(
    st.lists(st.lists(FIELD.map(lambda f: f.translate(None, b"\n,")), min_size=1, max_size=4), max_size=30),
    st.sampled_from([[0, 1, 2], [0, -1, 1], [-1, -1, 0], [2, 0, 1]]),
    st.sampled_from([40, 1 << 16]),
)
def test_fields_of_any_length_are_split_as_by_a_loop(
    lines: list[list[bytes]], wanted: list[int], longest: int
) -> None:
    """Blocks end anywhere: fields are copied many bytes at a time, but never past the block's end."""
    block = b"".join(b",".join(line) + b"\n" for line in lines)
    n_kept, size = max(wanted) + 1, len(block) + SLACK
    space, ends = np.zeros(n_kept * size, np.uint8), np.arange(n_kept) * size
    offsets, bad = np.zeros((n_kept, len(lines) + 1), np.int32), np.zeros((len(lines), 6), np.int32)
    rows, n_bad = split_lines(
        np.frombuffer(block, np.uint8), ord(","), np.array(wanted), longest, space, ends, offsets, bad
    )
    fits = [len(line) == 3 and max(map(len, line)) <= longest for line in lines]
    good = [line for line, fine in zip(lines, fits, strict=True) if fine]
    assert rows == len(good) and bad[:n_bad, 0].tolist() == [i for i, fine in enumerate(fits) if not fine]
    for column, place in enumerate(wanted):
        if place >= 0:
            begin = place * size
            bounds = (begin + offsets[place, : rows + 1]).tolist()
            found = [space[a:b].tobytes() for a, b in itertools.pairwise(bounds)]
            assert found == [line[column] for line in good]
            assert ends[place] == bounds[-1]
