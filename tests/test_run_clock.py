"""The same input and configuration give the same bytes in any year."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import journeylog as jl
from journeylog.reporting.cli import run
from tests.run_logs import tree, written
from tests.test_runs import CONFIG

pytestmark = pytest.mark.filterwarnings("ignore::journeylog.errors.LoadWarning")
FILES = '["map.html", "map.json", "report.html", "rejects.jsonl"]'


class Calendar:
    """A clock that can be put to another year."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch

    def to(self, year: int) -> None:
        """Let it be the first of March of this year."""

        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Any:
                return dt.datetime(year, 3, 1, tzinfo=tz)

        moved = SimpleNamespace(**{**vars(dt), "datetime": Clock})
        for module in ("journeylog.core.time", "journeylog.checks.run"):
            self.patch.setattr(f"{module}.dt", moved)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    return Calendar(monkeypatch)


def shop(folder: Path, more: str = "") -> Path:
    """Write a configuration whose events are of 2025, but for one of 2027 and one of 2099."""
    frame = jl.datasets.tiny().to_pandas()[["actor", "event", "time", "channel"]]
    later = pd.DataFrame(
        {
            "actor": ["u1", "u2"],
            "event": "home",
            "time": pd.to_datetime(["2027-03-01T10:00Z", "2099-03-01T10:00Z"]),
            "channel": "web",
        }
    )
    head, files = CONFIG.split("files = ")[0], f"files = {FILES}\n"
    return written(folder, more + "\nmax_rejected = 0.5\n" + head + files, pd.concat([frame, later]))


@pytest.mark.parametrize(
    ("more", "asked", "rejected"),
    [
        ("", ["--from", "2025-01-06", "--to", "2025-01-07"], 1),
        ('window = ["2025-01-06", "2025-01-07"]', [], 1),
        ('now = "2025-01-10"', [], 2),
        ("now = 2027-04-01", ["--to", "2025-01-07"], 1),
    ],
)
def test_a_run_gives_the_same_bytes_in_any_year(
    tmp_path: Path, calendar: Calendar, more: str, asked: list[str], rejected: int
) -> None:
    made = []
    for year in (2026, 2050, 2110):
        calendar.to(year)
        run(["run", str(shop(tmp_path, more)), *asked, "--out", str(tmp_path / str(year))])
        made.append(tree(tmp_path / str(year)))
    assert made[0] == made[1] == made[2]
    rows = next(data for name, data in made[0].items() if name.endswith("rejects.jsonl"))
    assert len(rows.splitlines()) == rejected


def test_without_either_the_clock_says_what_is_plausible(tmp_path: Path, calendar: Calendar) -> None:
    kept = []
    for year in (2026, 2050):
        calendar.to(year)
        kept.append(jl.read_config(shop(tmp_path)).card.rejected)
    assert kept == [2, 1]
