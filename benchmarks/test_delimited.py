"""The benchmarks of files do not rot: whole runs in miniature."""

from __future__ import annotations

from pathlib import Path

import pytest

import journeylog as jl
from benchmarks import delimited, limited, logs


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (delimited, logs):
        monkeypatch.setattr(module, "CACHE", tmp_path)
    return tmp_path


def test_other_events_end_the_run(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = delimited.make(2_000)
    delimited.compare(path)
    other = delimited.theirs(path).slice(1).to_pandas()
    other.loc[len(other)] = ["nobody", "nothing", other["time"].iloc[0]]
    monkeypatch.setattr(delimited, "theirs", lambda path: delimited.pa.Table.from_pandas(other))
    with pytest.raises(AssertionError, match="other events"):
        delimited.compare(path)


def test_a_run_in_miniature(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "child", lambda name, rows: delimited.measured(name, delimited.make(rows)))
    assert delimited.main(["--rows", "2000", "--rounds", "1"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("peak") == 2
    assert "target at most 1.5" in shown


def test_files_larger_than_memory_are_written_and_read(tmp_path: Path) -> None:
    for kind in ("csv", "parquet"):
        path = limited.write(tmp_path / f"wide.{kind}", 1_000_000)
        log = jl.read(path, actor="user", event="event", time="time", columns=[])
        assert log.n_events == log.card.rows_in == limited.PART
