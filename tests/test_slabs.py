from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import journeylog as jl
from journeylog.ingest.slabs import Slabs


def test_parts_that_fill_the_memory_in_turn_are_the_column() -> None:
    slabs = Slabs(np.int64)
    slabs.expect(6)
    parts = [slabs.kept(np.arange(n)) for n in (2, 0, 3)]
    whole = slabs.joined(parts)
    assert whole.tolist() == [0, 1, 0, 1, 2] and np.shares_memory(whole, parts[0])


@pytest.mark.parametrize("expected", [0, 4, 5, 6])
def test_parts_are_copied_where_one_is_another(expected: int) -> None:
    slabs = Slabs(np.int64)
    slabs.expect(expected)
    first, second = slabs.kept(np.array([7, 8])), slabs.kept(np.array([9, 10, 11]))
    for parts in ([first, second[1:]], [second, first], [first.copy(), second], [first]):
        assert slabs.joined(parts).tolist() == np.concatenate(parts).tolist()


def test_more_rows_than_expected_are_all_there() -> None:
    slabs = Slabs(np.int32)
    slabs.expect(10)
    parts = [slabs.kept(np.full(n, n, np.int32)) for n in (8, 3, 5_000, 2)]
    slabs.expect(1 << 50)  # too late to change anything
    assert slabs.joined(parts).tolist() == np.concatenate(parts).tolist()


def test_what_no_memory_can_hold_is_not_expected() -> None:
    slabs = Slabs(np.int64)
    slabs.expect(1 << 58)
    assert slabs.joined([slabs.kept(np.array([1, 2]))]).tolist() == [1, 2]


@pytest.mark.parametrize("long_first", [True, False])
def test_a_file_whose_first_lines_foretell_wrongly_is_read_alike(tmp_path: Path, long_first: bool) -> None:
    """The first block says how many rows to expect; what is read does not depend on it."""
    rows = [
        (f"u{i % 500}", f"e{i % 7}", f"2025-01-01T00:{i // 60 % 60:02}:{i % 60:02}Z") for i in range(60_000)
    ]
    wide = range(20_000) if long_first else range(40_000, 60_000)
    lines = [f"{','.join(row)},{'x' * (200 if i in wide else 0)}" for i, row in enumerate(rows)]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["actor,event,time,note", *lines, ""]))
    log = jl.read(path, actor="actor", event="event", time="time", columns=[])
    found = log.to_pandas()[["actor", "event"]].itertuples(index=False, name=None)
    assert list(found) == [row[:2] for row in sorted(rows, key=lambda row: (row[0], row[2]))]  # ties stay
