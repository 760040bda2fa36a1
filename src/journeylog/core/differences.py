"""Differences between two groups of different actors, and which of many are supported."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.intervals import LEVEL

__all__ = ["Estimates", "Gap", "benjamini_hochberg", "difference", "p_value", "ratio_of"]

Floats = npt.NDArray[np.float64]


class Estimates(NamedTuple):
    """Estimates with the bounds of their 95 % intervals; nan where nothing is known."""

    value: Floats
    low: Floats
    high: Floats


class Gap(NamedTuple):
    """How far apart two estimates are, with the bounds of the interval."""

    value: Floats
    low: Floats
    high: Floats


def difference(a: Estimates, b: Estimates) -> Gap:
    """Return ``b - a`` with its interval, made of the intervals of both (square and add).

    Each side of the interval takes the distances of the two estimates to their own bounds on that side, so it is as
    lopsided as they are, and knows of clustering what they know.

    References
    ----------
    R. G. Newcombe (1998), Interval estimation for the difference between independent proportions. Stat. Med. 17,
    method 10. G. Y. Zou, A. Donner (2008), Construction of confidence limits about effect measures. Stat. Med. 27.

    Examples
    --------
    >>> from journeylog.core.intervals import wilson
    >>> a, b = (Estimates(np.array(k / n), *wilson(k, n)) for k, n in ((48, 80), (56, 70)))
    >>> [round(float(bound), 4) for bound in difference(a, b)]
    [0.2, 0.0524, 0.3339]
    """
    gap = b.value - a.value
    low = gap - np.hypot(b.value - b.low, a.high - a.value)
    high = gap + np.hypot(b.high - b.value, a.value - a.low)
    return Gap(gap, low, high)


def ratio_of(a: Estimates, b: Estimates) -> Gap:
    """Return ``b / a`` with its interval, made on the scale of logarithms in the same way.

    nan where `a` is 0. A bound of 0 or infinity means that side is not bounded.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [Estimates(*(np.log(np.maximum(part, 0.0)) for part in side)) for side in (a, b)]
        both = difference(*logs)
        value, low, high = np.exp(both.value), np.exp(both.low), np.exp(both.high)
    known = (a.value > 0) & np.isfinite(b.value)
    zero = known & (b.value <= 0)
    value = np.where(zero, 0.0, value)
    low = np.where(zero, 0.0, low)
    with np.errstate(divide="ignore", invalid="ignore"):
        high = np.where(zero, b.high / a.low, high)
    return Gap(*(np.where(known, part, np.nan) for part in (value, low, high)))


def p_value(gap: Gap) -> Floats:
    """Return the two-sided p-value that belongs to the interval: below 0.05 exactly where the interval leaves out 0."""
    z = float(special.ndtri(0.5 + LEVEL / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        towards = np.where(gap.value > 0, gap.value - gap.low, gap.high - gap.value)
        sure = np.where(gap.value == 0, 0.0, np.abs(gap.value) / towards)
        found = 2 * special.ndtr(-z * sure)
    return np.asarray(np.where(np.isfinite(gap.value) & (towards >= 0), found, np.nan), dtype=np.float64)


def benjamini_hochberg(p: Floats) -> Floats:
    """Return the q-values of a family: the share of false discoveries if this and all smaller ones are believed.

    Missing p-values are not in the family.

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995), Controlling the false discovery rate. JRSS B 57.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled: Any = p[order] * len(order) / np.arange(1, len(order) + 1)
    out[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.asarray(np.minimum(out, 1.0), dtype=np.float64)
