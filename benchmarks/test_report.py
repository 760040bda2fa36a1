"""The benchmarks of a whole run and of what each statistic costs do not rot: both in miniature."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import costs, logs, report


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "CACHE", tmp_path)


def test_a_report_of_few_events_is_made_and_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--rows", "2000"]) == 0
    assert re.search(r"\d+\.\d s .* peak \d+\.\d+ GB .*map\.html .*report\.html", capsys.readouterr().out)


def test_every_cost_is_a_ratio_and_few_events_are_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert costs.main(["--rows", "20000", "--rounds", "1"]) == 0
    told = re.findall(r"^  (.+?) +(\d+\.\d\d) .*\(plain", capsys.readouterr().out, re.M)
    assert len(told) == len({name for name, _ in told}) > 25
    assert all(float(ratio) > 0 for _, ratio in told)
