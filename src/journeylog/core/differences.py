"""Differences between two groups, and which of many are supported."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.intervals import two_sided_z
from journeylog.errors import ConfigError

__all__ = [
    "Estimates",
    "benjamini_hochberg",
    "chance_greater",
    "difference",
    "p_value",
    "ratio_of",
    "weighted_sum",
]

Floats = npt.NDArray[np.float64]


class Estimates(NamedTuple):
    """Estimates, or what is made of them, with the bounds of their 95 % intervals; nan where nothing is known."""

    value: Floats
    low: Floats
    high: Floats


def difference(a: Estimates, b: Estimates, correlation: Floats | float = 0.0) -> Estimates:
    """Return ``b - a`` with its interval, made of the intervals of both (square and add).

    Each side of the interval takes the distances of the two estimates to their own bounds on that side, so it is as
    lopsided as they are, and knows of clustering what they know.

    Parameters
    ----------
    a, b : Estimates
    correlation : float or ndarray
        Of the two estimates: 0 when they are of different actors. The more alike the same actors go in both, the
        surer is the difference.

    References
    ----------
    R. G. Newcombe (1998), Interval estimation for the difference between independent proportions. Stat. Med. 17,
    method 10. G. Y. Zou, A. Donner (2008), Construction of confidence limits about effect measures. Stat. Med. 27.
    G. Y. Zou (2007), Toward using confidence intervals to compare correlations. Psychol. Methods 12 (dependent ones).

    Examples
    --------
    >>> from journeylog.core.intervals import wilson
    >>> a, b = (Estimates(np.array(k / n), *wilson(k, n)) for k, n in ((48, 80), (56, 70)))
    >>> [round(float(bound), 4) for bound in difference(a, b)]
    [0.2, 0.0524, 0.3339]
    """
    gap = b.value - a.value
    low = gap - _together(b.value - b.low, a.high - a.value, correlation)
    high = gap + _together(b.high - b.value, a.value - a.low, correlation)
    return Estimates(gap, low, high)


def _together(one: Floats, other: Floats, correlation: Floats | float) -> Floats:
    """Return how far two distances reach together; where one has no end, neither has this."""
    with np.errstate(invalid="ignore"):
        square = np.maximum(one * one + other * other - 2 * np.asarray(correlation) * one * other, 0.0)
    endless = np.isinf(one) | np.isinf(other)
    return np.asarray(np.where(endless, np.inf, np.sqrt(square)), dtype=np.float64)


def ratio_of(a: Estimates, b: Estimates, correlation: Floats | float = 0.0) -> Estimates:
    """Return ``b / a`` with its interval, made on the scale of logarithms in the same way.

    nan where `a` is 0. A bound of 0 or infinity means that side is not bounded.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [Estimates(*(np.log(np.maximum(part, 0.0)) for part in side)) for side in (a, b)]
        both = difference(logs[0], logs[1], correlation)
        value, low, high = np.exp(both.value), np.exp(both.low), np.exp(both.high)
    known = (a.value > 0) & np.isfinite(b.value)
    zero = known & (b.value <= 0)
    value = np.where(zero, 0.0, value)
    low = np.where(zero, 0.0, low)
    with np.errstate(divide="ignore", invalid="ignore"):
        high = np.where(zero, b.high / a.low, high)
    return Estimates(*(np.where(known, part, np.nan) for part in (value, low, high)))


def weighted_sum(parts: Estimates, weights: Floats) -> Estimates:
    """Return the sum over the last axis of estimates times weights that are not negative, with its interval.

    The estimates are of different actors, and the weights are taken as given. Parts of weight 0 may be nan.

    References
    ----------
    G. Y. Zou, W. Huang, X. Zhang (2009), A note on confidence interval estimation for a linear function of binomial
    proportions. Comput. Stat. Data Anal. 53.

    Examples
    --------
    >>> halves = Estimates(np.array([0.1, 0.3]), np.array([0.0, 0.2]), np.array([0.2, 0.4]))
    >>> [round(float(part), 4) for part in weighted_sum(halves, np.array([0.5, 0.5]))]
    [0.2, 0.1293, 0.2707]
    """
    value, low, high = (np.where(weights > 0, part, 0.0) for part in parts)
    total = (value * weights).sum(-1)
    down = np.sqrt(((weights * (value - low)) ** 2).sum(-1))
    up = np.sqrt(((weights * (high - value)) ** 2).sum(-1))
    return Estimates(total, total - down, total + up)


def p_value(gap: Estimates) -> Floats:
    """Return the two-sided p-value that belongs to the interval: below 0.05 exactly where the interval leaves out 0."""
    z = two_sided_z()
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


def chance_greater(k_a: int, n_a: int, k_b: int, n_b: int) -> float:
    """Return the posterior probability that the share of b is greater than that of a, as an exact finite sum.

    Both shares have a uniform prior, so what is known of each is a beta distribution of whole parameters, and the
    integral is a sum of as many terms as the smallest count has, plus one.

    Parameters
    ----------
    k_a, n_a, k_b, n_b : int
        Successes and independent trials of both.

    References
    ----------
    E. Miller (2014), Formulas for Bayesian A/B testing. J. D. Cook (2005), Exact calculation of beta inequalities.

    Examples
    --------
    >>> chance_greater(10, 100, 10, 100)
    0.5
    >>> round(chance_greater(100, 1000, 130, 1000), 6)
    0.982165
    """
    if not (0 <= k_a <= n_a and 0 <= k_b <= n_b):
        raise ConfigError(f"{k_a} of {n_a} and {k_b} of {n_b} are no shares. Fix: successes up to trials")
    if (k_a, n_a) == (k_b, n_b):
        return 0.5
    # P(B > A) is also what remains of P(A > B), and that of failures the other way round: the shortest sum is taken
    a, b = (k_a + 1, n_a - k_a + 1), (k_b + 1, n_b - k_b + 1)
    shortest = min(a[0], a[1], b[0], b[1])
    if shortest == b[0]:
        return _beats(a, b)
    if shortest == a[1]:
        return _beats(b[::-1], a[::-1])
    return 1 - (_beats(b, a) if shortest == a[0] else _beats(a[::-1], b[::-1]))


def _beats(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Return P(B > A) of two beta distributions, by a sum over the first parameter of b."""
    i = np.arange(b[0], dtype=np.float64)
    ratios = np.log((a[0] + i) / (a[0] + a[1] + b[1] + i)) + np.log((b[1] + i) / (1 + i))
    first = _log_share(a, b[1])
    terms = first + np.concatenate((np.zeros(1), np.cumsum(ratios[:-1])))
    return float(min(np.exp(terms).sum(), 1.0))


def _log_share(a: tuple[int, int], n: int) -> float:
    """Return the logarithm of ``B(a0, a1 + n) / B(a0, a1)``, as a sum over the shorter of `n` and ``a0``."""
    short, long = sorted((a[0], n))
    i = np.arange(short, dtype=np.float64)
    return -float(np.log1p(long / (a[1] + i)).sum())
