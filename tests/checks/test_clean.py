"""No false alarms: clean logs give no warning, seed after seed."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import journeylog as jl
from journeylog.checks.finding import Severity
from journeylog.checks.outages import find_silences
from tests.checks.planted import NOW, check, clean
from tests.test_ingest_simulated import SOURCES

SIZES = (150, 500, 1500)


@pytest.mark.parametrize("seed", range(24))
def test_a_clean_simulation_gives_no_remark(seed: int, tmp_path: Path) -> None:
    files = jl.datasets.simulate(SIZES[seed % 3], seed=seed).write(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        logs = [jl.read(files[name], source=jl.constant(name), **how) for name, how in SOURCES.items()]
    for log in (*logs, jl.combine(*logs)):
        found = jl.check(log, fail_on="info", now=NOW)
        assert found.failures == () if log.n_events else {f.check for f in found.problems} == {"empty"}


@pytest.mark.parametrize("seed", range(12))
def test_people_with_days_and_weekends_give_no_remark(seed: int) -> None:
    found = check(clean(seed, n=3000 + 1500 * (seed % 3)), tz="Europe/Berlin", fail_on="info")
    assert found.failures == ()
    asked = {f.check for f in found if f.severity is Severity.OK}
    assert {"outages", "clock_behind", "zone_shift", "personal_data", "bot_gaps"} <= asked


def week(rate: float, n_hours: int, growth: float = 1.0) -> np.ndarray:
    """Return expected hourly counts with days, weekends and growth."""
    h = np.arange(n_hours)
    mean = (0.15 + np.exp(-(((h % 24 - 14) / 5.0) ** 2))) * np.where(h // 24 % 7 >= 5, 0.5, 1.0)
    grown = mean / mean.mean() * rate * (1 + growth * h / n_hours)
    return np.asarray(grown)


@pytest.mark.parametrize("rate", [0.3, 3.0, 30.0])
@pytest.mark.parametrize("phi", [1, 3])
def test_outages_speak_without_cause_no_more_often_than_they_say(rate: float, phi: int) -> None:
    rng = np.random.default_rng(round(10 * rate) + phi)
    runs, alarm, alarms = 150, 0.05, 0
    for _ in range(runs):
        mean = week(rate, 60 * 24)
        counts = rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)
        begin = int(np.flatnonzero(counts)[0])
        alarms += bool(find_silences(counts[begin:].astype(np.int64), begin % 168, alarm))
    assert alarms <= 15  # 7.5 are allowed on average; more than 15 has a probability below 0.5 %


@pytest.mark.parametrize("rate, hours", [(1.0, 48), (3.0, 24), (10.0, 6), (30.0, 3)])
def test_outages_that_matter_are_found(rate: float, hours: int) -> None:
    rng = np.random.default_rng(hours)
    found = 0
    for _ in range(40):
        counts = rng.poisson(week(rate, 60 * 24))
        counts[730 : 730 + hours] = 0  # from ten in the morning of a weekday on
        silences = find_silences(counts.astype(np.int64), 0, 0.01)
        found += any(s.begin <= 730 and s.end >= 730 + hours for s in silences)
    assert found >= 38
