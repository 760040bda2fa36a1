"""Outages: silent hours where the week's pattern lets events be expected."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.checks.finding import Finding, Severity, grade, passed, skipped
from journeylog.checks.pulse import Pulse
from journeylog.checks.rules import Rules
from journeylog.core.log import EventLog
from journeylog.core.schema import HOUR
from journeylog.core.window import format_duration, utc_text

__all__ = ["outages"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_WEEK: Final = 168
#: Below two weeks a quiet weekend and an outage cannot be told apart.
_LEAST_HOURS: Final = 2 * _WEEK
_LEAST_ACTIVE: Final = 50
#: Hours on either side from which the level is taken, where they hold enough: a holiday shows in a day, growth in weeks.
_REACHES: Final = (24, _WEEK, 4 * _WEEK)
_ENOUGH: Final = 10.0
#: Hours of the blocks in which it is measured how counts scatter.
_SCALES: Final = (1, 6, 24, _WEEK)


class Silence(NamedTuple):
    """A run of hours without an event."""

    begin: int
    end: int
    expected: float
    chance: float
    phi: float
    lasting: bool


def outages(log: EventLog, rules: Rules, pulse: Pulse | None) -> list[Finding]:
    """Find silent hours that chance does not explain, source by source; also a source that has gone silent.

    Counted are hours of actors (an actor's hour counts once), which are nearly independent where events are not. The
    expected number of an hour is the share of its hour of the week times the level around the silence, the lowest of a
    day's, a week's, four weeks' and all weeks'. Around it counts scatter like a negative binomial whose variance is
    ``phi`` times the mean, the largest `phi` of blocks up to twice as long as the silence; over days and weeks at most
    as many are independent as actors are expected. A silence is told when its probability, times the hours looked at in
    all sources, is below the false-alarm rate: so the chance of any false alarm in the whole report is at most that rate
    (Bonferroni; a run of hours is as improbable as all of them together).
    """
    if pulse is None:
        return [skipped("outages", "There is no event, so no hour can be missed.")]
    stop = min(max(log.window.end, (pulse.hour0 + pulse.events.shape[1]) * HOUR - 1), rules.now)
    n_hours = max((stop + 1) // HOUR - pulse.hour0, pulse.events.shape[1])
    found = []
    for i, name in enumerate(pulse.names):
        counts = np.zeros(n_hours, np.int64)
        counts[: pulse.events.shape[1]] = pulse.actor_hours[i]
        hours_each = float(counts.sum() / max(int(pulse.actors[i]), 1))
        found += _of_source(counts, hours_each, pulse, name, rules.false_alarm / len(pulse.names))
    return found


def _of_source(counts: Ints, hours_each: float, pulse: Pulse, name: str, alarm: float) -> list[Finding]:
    begin = _first_hour(counts)
    own = counts[begin:]
    filled = np.flatnonzero(own)
    if len(filled) == 0 or filled[-1] + 1 < _LEAST_HOURS or int(own.sum()) < _LEAST_ACTIVE:
        return [_too_little(name)]
    hour0 = pulse.hour0 + begin
    silences = find_silences(own, hour0 % _WEEK, alarm, hours_each)
    total = len(own)
    if not silences:
        sentence = f"No silence in {total:,} hours that the week's pattern does not explain."
        return [passed("outages", sentence, total, "hours", where=name)]
    n = sum(s.end - s.begin for s in silences)
    limit = "gone_silent" if any(s.lasting for s in silences) else "outages"
    worst = sorted(silences, key=lambda s: (s.chance, s.begin))[:3]
    last = silences[-1]
    still = f" It is silent since {utc_text((hour0 + last.begin) * HOUR)} UTC." if last.lasting else ""
    return [
        Finding(
            "outages", grade(limit, n, total),
            f"{n:,} of {total:,} hours are silent in {len(silences):,} "
            f"{'stretch' if len(silences) == 1 else 'stretches'} where "
            f"the week's pattern lets {sum(s.expected for s in silences):,.1f} active hours of actors be expected.{still}",
            n, total, "hours", name, tuple(_told(s, hour0) for s in worst),
            (hour0 + silences[0].begin) * HOUR, (hour0 + last.end) * HOUR - 1,
            fix="ask the owner of the source whether the export is complete; leave these days out of comparisons",
            facts={
                "n_silences": len(silences), "n_expected": round(sum(s.expected for s in silences), 3),
                "false_alarm_rate": alarm, "silences": [_as_dict(s, hour0) for s in silences[:100]],
            },
        )
    ]  # fmt: skip


def find_silences(counts: Ints, slot0: int, alarm: float, hours_each: float = 1.0) -> list[Silence]:
    """Return the silences of one source.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_hours,)
        From the first hour with an event on.
    slot0 : int
        Hour of the week of the first.
    alarm : float
        Probability of any false alarm.
    hours_each : float
        Hours of an actor in the mean.
    """
    slot = (slot0 + np.arange(len(counts))) % _WEEK
    often = np.bincount(slot, minlength=_WEEK)
    pattern = (np.bincount(slot, weights=counts, minlength=_WEEK) / np.maximum(often, 1))[slot]
    running, expected_running = _running(counts), _running(pattern)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], counts == 0, [False])).astype(np.int8)))
    runs = edges.reshape(-1, 2)
    if len(runs) == 0:
        return []
    begin, end = runs[:, 0], runs[:, 1]
    inside = expected_running[end] - expected_running[begin]
    level = np.full(len(runs), np.inf)
    for reach in (*_REACHES, len(counts)):
        level = np.minimum(level, _level_around(begin, end, reach, running, expected_running))
    expected = inside * np.where(np.isfinite(level), level, 0.0)
    phi = np.ones(len(runs))
    for scale in _SCALES:
        # How a week scatters says nothing about a silence of an hour, but much about one of a month.
        longer = 2 * (end - begin) >= scale
        phi = np.where(longer, np.maximum(phi, _dispersion(counts, pattern, scale)), phi)
    factor = np.where(phi > 1 + 1e-9, np.log(phi) / np.maximum(phi - 1, 1e-9), 1.0)
    # Weeks are too few to show how they scatter. There, actors are what comes at random, and bring all their hours along.
    factor = np.where(2 * (end - begin) >= _WEEK, np.minimum(factor, 1 / max(hours_each, 1.0)), factor)
    chance = -expected * factor
    at = np.flatnonzero(chance < np.log(alarm / len(counts)))
    return [
        Silence(
            int(begin[k]), int(end[k]), float(expected[k]), float(np.exp(chance[k])), float(phi[k]),
            bool(end[k] == len(counts)),
        )
        for k in at
    ]  # fmt: skip


def _level_around(begin: Ints, end: Ints, reach: int, running: Floats, expected: Floats) -> Floats:
    """Return how the hours on either side of a run compare with the pattern; inf where those are too few to say.

    The two hours next to the run are left out: that they hold events is why the run begins and ends there.
    """
    n = len(running) - 1
    left, right = np.maximum(begin - reach, 0), np.minimum(end + reach, n)
    begin, end = np.maximum(begin - 1, left), np.minimum(end + 1, right)
    seen = running[begin] - running[left] + running[right] - running[end]
    usual = expected[begin] - expected[left] + expected[right] - expected[end]
    least = _ENOUGH if reach < n else 1.0
    return np.where(usual >= least, seen / np.maximum(usual, 1e-9), np.inf)


def _dispersion(counts: Ints, pattern: Floats, scale: int) -> float:
    """Return the variance of counts in blocks of `scale` hours as a multiple of their mean, at least 1 (Pearson).

    A block counts for 50 at most, so that an outage does not hide itself.
    """
    n = len(counts) // scale * scale
    wide = max(_WEEK, 4 * scale)
    at = np.arange(len(counts))
    low, high = np.maximum(at - wide // 2, 0), np.minimum(at + wide // 2 + 1, len(counts))
    running, usual = _running(counts), _running(pattern)
    level = (running[high] - running[low]) / np.maximum(usual[high] - usual[low], 1e-9)
    mean = (pattern * level)[:n].reshape(-1, scale).sum(axis=1)
    seen = counts[:n].reshape(-1, scale).sum(axis=1)
    used = mean > 0.5
    if used.sum() < 8:
        return 1.0
    part = np.minimum((seen[used] - mean[used]) ** 2 / mean[used], 50.0)
    weeks = len(counts) / _WEEK
    free = (1 - 1 / weeks) * (
        1 - scale / min(wide, len(counts))
    )  # means follow their own data: degrees of freedom
    return max(1.0, float(part.mean()) / free)


def _first_hour(counts: Ints) -> int:
    """Return the first hour of a source, a thousandth of its events left out: one stray stamp is no beginning."""
    total = int(counts.sum())
    return int(np.searchsorted(np.cumsum(counts), max(1, total // 1000)))


def _running(values: Any) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))


def _too_little(name: str) -> Finding:
    why = f"The source has less than two weeks or {_LEAST_ACTIVE} active hours, too little to know the pattern of its week."
    return Finding("outages", Severity.SKIPPED, why, unit="hours", where=name)


def _told(silence: Silence, hour0: int) -> str:
    begin, end = (utc_text((hour0 + h) * HOUR)[:16] for h in (silence.begin, silence.end))
    until = "the end of the window" if silence.lasting else end
    length = format_duration((silence.end - silence.begin) * HOUR)
    return f"{begin} to {until} UTC: {length}, {silence.expected:,.1f} expected"


def _as_dict(silence: Silence, hour0: int) -> dict[str, Any]:
    return {
        "begin": utc_text((hour0 + silence.begin) * HOUR),
        "end": utc_text((hour0 + silence.end) * HOUR),
        "n_hours": silence.end - silence.begin,
        "n_expected": round(silence.expected, 3),
        "p_value": silence.chance,
        "phi": round(silence.phi, 3),
    }
