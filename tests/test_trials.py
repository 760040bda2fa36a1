"""How to test an opportunity: the number of journeys that sees the gain, by simulation, and the sentence that tells it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import journeylog as jl
from journeylog.core.samples import needed
from journeylog.journeymap.cells import Cell
from journeylog.journeymap.spec import JourneyMapResult
from journeylog.reporting.language import language
from journeylog.reporting.trials import trial_lines


@pytest.mark.parametrize("before, after", [(0.6, 0.7), (0.05, 0.08), (0.9, 0.85)])
def test_so_many_see_the_difference_in_80_of_100_experiments(before: float, after: float) -> None:
    n = int(needed(before, after))
    rng = np.random.default_rng(7)
    x, y = rng.binomial(n, [[before], [after]], (2, 20_000))
    mean = (x + y) / (2 * n)
    z = (y - x) / n / np.sqrt(2 * mean * (1 - mean) / n)
    assert np.mean(np.abs(z) > stats.norm.isf(0.025)) == pytest.approx(0.8, abs=0.015)


def test_what_does_not_differ_needs_no_number() -> None:
    assert np.isnan(needed([0.2, np.nan], [0.2, 0.3])).all()
    assert needed(0.5, 0.6) == needed(0.6, 0.5)
    beyond = np.nextafter(1.0, 2.0), np.nextafter(0.0, -1.0)  # what rounding makes of 1 and 0 in a chain
    assert needed(0.5, beyond[0]) == needed(0.5, 1.0) and needed(beyond[1], 0.5) == needed(0.0, 0.5)


def two_kinds() -> JourneyMapResult:
    """A map on which the journeys of one channel go on from a stage far more often."""
    rng = np.random.default_rng(3)
    rows = []
    for i in range(4000):
        where = ("web", "shop")[i % 2]
        rows.append((f"u{i}", "see", 60 * i, where))
        if rng.random() < (0.2, 0.5)[i % 2]:
            rows.append((f"u{i}", "buy", 60 * i + 30, where))

    frame = pd.DataFrame(rows, columns=["who", "what", "minute", "channel"])
    frame["when"] = pd.Timestamp("2025-01-06", tz="UTC") + pd.to_timedelta(frame["minute"], unit="min")
    log = jl.read(frame, actor="who", event="what", time="when", channel="channel")
    question = jl.JourneyMap("buy", stages={"look": ["see"], "own": ["buy"]}, patience="1d")
    filled: JourneyMapResult = question.fill(log)
    return filled


def test_the_map_says_how_to_test_what_to_change(tmp_path: Path) -> None:
    filled = two_kinds()
    cell = filled.cell("look", "opportunities", "sample", "shop")
    now, then = (filled.cell("look", "opportunities", name, "shop") for name in ("goal_now", "goal_then"))
    assert isinstance(cell, Cell) and now is not None and then is not None
    assert (now.value, then.value) == pytest.approx((0.35, 0.5), abs=0.04)
    assert cell.value == needed(now.value, then.value)
    for lang in ("en", "ru"):
        lines = trial_lines(filled, language(lang))
        assert len(lines) == len([c for c in filled.cells if c.measure == "sample"])
        assert f"{cell.value:.0f}" in lines[0][0] and "shop" in lines[0][0] and "80" in lines[0][0]
        page = filled.save(tmp_path / "map.html", lang=lang).read_text("utf-8")
        assert language(lang).text("trials") in page
        assert lines[0][0].split(".")[0] in re.sub(
            r"\\", "", filled.save(tmp_path / "map.md", lang=lang).read_text("utf-8")
        )
