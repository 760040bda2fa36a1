"""The benchmark of CSV does not rot: one whole run in miniature."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import delimited, logs


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
