from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
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


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_columns_of_a_whole_file_are_not_copied_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    frame = pd.DataFrame(
        {"who": [f"u{i % 900}" for i in range(200_000)], "what": "seen", "when": 1_700_000_000}
    )
    path = tmp_path / f"events.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    copied = []
    joined = Slabs.joined

    def spy(self: Slabs, parts: list[Any]) -> Any:
        whole = joined(self, parts)
        copied.append((len(parts), not np.shares_memory(whole, parts[0])))
        return whole

    monkeypatch.setattr(Slabs, "joined", spy)
    log = jl.read(path, actor="who", event="what", time="when", time_unit="s")
    assert log.n_events == 200_000 and len(copied) == 3
    assert all(n > 1 and not copy for n, copy in copied)
