"""Zone mistakes: a day whose peak is at night, and sources whose days are whole hours apart."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from journeylog.checks.finding import Finding, Severity, passed, skipped
from journeylog.checks.pulse import Pulse
from journeylog.checks.rules import Rules
from journeylog.core.log import EventLog

__all__ = ["night_peak", "zone_shift"]

Ints = npt.NDArray[np.int64]
#: A daily curve is there when it is this far from even (length of the mean direction), and no chance.
_CURVE, _CHANCE = 0.15, 1e-6
#: Activity whose middle lies here is at night.
_NIGHT = (22.0, 5.5)
#: Shares of the day by which two curves may differ and be the same, and must differ to be apart.
_SAME, _APART = 0.06, 0.15


def night_peak(log: EventLog, rules: Rules, pulse: Pulse | None) -> list[Finding]:
    """Find the sources whose activity is centred on the night (22:00 to 5:30) of the zone asked for.

    The centre is the circular mean of the hours of actors; it counts where the day has a curve at all (mean direction
    at least 0.15 long, Rayleigh's test below one in a million on days of actors).
    """
    if pulse is None:
        return []
    found = []
    for name, curve, days in zip(
        pulse.names, pulse.daily(rules.tz), pulse.actor_days.sum(axis=1), strict=True
    ):
        total = int(curve.sum())
        if not _has_curve(curve, int(days)):
            found.append(
                passed(
                    "night_peak", "Activity is spread evenly over the day.", total, "active hours", where=name
                )
            )
            continue
        centre = _centre(curve)
        clock = f"{int(centre):02d}:{int(centre % 1 * 60):02d}"
        facts = {"hours": curve.tolist(), "tz": rules.tz}
        if _NIGHT[1] <= centre < _NIGHT[0]:
            sentence = f"Activity is centred on {clock} ({rules.tz})."
            found.append(passed("night_peak", sentence, total, "active hours", where=name, facts=facts))
            continue
        n = int(curve[[22, 23, 0, 1, 2, 3, 4, 5]].sum())
        known = rules.tz_given
        why = (
            "the times are in another zone than declared, or a machine is at work"
            if known
            else "say tz=, the zone people live in, to know whether this is their night"
        )
        found.append(
            Finding(
                "night_peak", Severity.WARNING if known else Severity.INFO,
                f"Activity is centred on {clock} ({rules.tz}), {n:,} of {total:,} active hours of actors lie "
                "between 22:00 and 6:00: "
                f"{why}.",
                n, total, "active hours", name, fix="check tz= of the source; times without a zone are local "
                "more often than UTC",
                facts=facts,
            )
        )  # fmt: skip
    return found


def zone_shift(log: EventLog, rules: Rules, pulse: Pulse | None) -> list[Finding]:
    """Find pairs of sources whose daily curves are the same once one is moved by whole hours.

    Told when the curves, as shares of 24 hours, differ by at most 6 % of the day (and sampling noise) at the best
    shift, and by 15 % and far more than noise as they stand. Sources that simply live at other hours (an office, a
    shop) have curves of other shapes and are not told.
    """
    if pulse is None or len(pulse.names) < 2:
        return [skipped("zone_shift", "There is one source only, so none can be shifted against another.")]
    curves = pulse.daily("UTC")
    days = pulse.actor_days.sum(axis=1)
    live = [i for i in range(len(pulse.names)) if _has_curve(curves[i], int(days[i]))]
    found = []
    for i, j in itertools.combinations(live, 2):
        apart = _shift(curves[i], curves[j], int(days[i]), int(days[j]))
        if apart is not None:
            shift, before, after = apart
            small, large = (j, i) if days[i] >= days[j] else (i, j)
            moved = shift if small == j else -shift
            found.append(
                Finding(
                    "zone_shift", Severity.WARNING,
                    f"The day of “{pulse.names[small]}” is that of “{pulse.names[large]}” {abs(moved)} h "
                    f"{'later' if moved > 0 else 'earlier'}: as they stand the two curves differ by "
                    f"{100 * before:.0f} % of the day, "
                    f"moved by {100 * after:.0f} %.",
                    int(pulse.events[small].sum()), int(pulse.events.sum()), "events", pulse.names[small],
                    fix=f"check the zone of “{pulse.names[small]}”: its times look as if read {abs(moved)} h "
                    f"{'late' if moved > 0 else 'early'} (tz=)",
                    facts={"shift_hours": moved, "differ_before": round(before, 4), "differ_after": round(after, 4),
                           "against": pulse.names[large]},
                )
            )  # fmt: skip
    total = int(pulse.events.sum())
    return found or [passed("zone_shift", "No two sources have the same day at different hours.", total)]


def _has_curve(curve: Ints, n_days: int) -> bool:
    total = int(curve.sum())
    if total == 0:
        return False
    length = abs(_direction(curve)) / total
    return bool(length >= _CURVE and n_days * length**2 > -np.log(_CHANCE))


def _direction(curve: Ints) -> complex:
    return complex((curve * np.exp(2j * np.pi * (np.arange(24) + 0.5) / 24)).sum())


def _centre(curve: Ints) -> float:
    return float(np.angle(_direction(curve)) % (2 * np.pi) * 24 / (2 * np.pi))


def _shift(one: Ints, two: Ints, n_one: int, n_two: int) -> tuple[int, float, float] | None:
    """Return by how many hours curve two is later than curve one, and how they differ before and after."""
    p, q = one / one.sum(), two / two.sum()
    differ = np.array([np.abs(p - np.roll(q, -k)).sum() / 2 for k in range(24)])
    best = int(differ.argmin())
    pooled = (p + q) / 2
    noise = float(np.sqrt(2 / np.pi * pooled * (1 / n_one + 1 / n_two)).sum() / 2)
    if (
        best == 0
        or differ[best] > _SAME + 2 * noise
        or differ[0] < max(_APART, differ[best] + 0.08) + 4 * noise
    ):
        return None
    return (best if best <= 12 else best - 24), float(differ[0]), float(differ[best])
