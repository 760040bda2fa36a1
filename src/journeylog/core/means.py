"""Means of times and of money with intervals that know that one actor may count many times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.intervals import LEVEL
from journeylog.core.kernels.squares import WORD

__all__ = ["WORDS", "cluster_error", "cluster_mean", "joined", "joined_words", "stretch", "word_columns"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Names of the columns that hold the words of both second moments, see :mod:`journeylog.core.kernels.squares`.
WORDS = ("xx_low", "xx_mid", "xx_high", "xn_low", "xn_high")

#: A t quantile from which on nothing is known of the spread: bounds would be 1e80 seconds.
_MOST = 1000.0


def cluster_mean(
    x: npt.ArrayLike,
    n: npt.ArrayLike,
    xx: npt.ArrayLike,
    xn: npt.ArrayLike,
    nn: npt.ArrayLike,
    level: float = LEVEL,
    positive: npt.ArrayLike = False,
    even: bool = False,
) -> tuple[Floats, Floats]:
    """Return the interval of a mean to which one actor may contribute many observations.

    The mean is ``x / n`` with both summed over actors. Its error comes from the spread between actors (delta method
    for a ratio), estimated from as many actors as ``n ** 2 / nn`` says.

    Parameters
    ----------
    x, n : array_like
        Sums over actors of the observations' values and of their number.
    xx, xn, nn : array_like
        Sums over actors of ``x_a ** 2``, ``x_a * n_a`` and ``n_a ** 2``.
    level : float
        Confidence level.
    positive : array_like of bool
        Where no observation is below zero (times): the interval is made on the scale of logarithms, so it stays above
        zero, and reaches further up, as such means err.
    even : bool
        Where nothing varies between actors, give the mean itself as both bounds: for differences, to which then the
        other side alone adds its error (as in Welch's test).

    Returns
    -------
    low, high : ndarray of float64
        nan where nothing, or hardly anything but one actor, was observed: where the t quantile is above 1,000, as when
        one of two actors has 85 of 100 values. nan, too, where nothing varies between actors (unless `even`): a handful
        of equal values says nothing of what others would be.

    Notes
    -----
    With one observation an actor and `positive` false, this is the t interval of a mean.

    With `positive`, let ``u`` be t times the error as a share of the mean. Down it goes to ``mean * exp(-u)``. A larger
    mean would have a larger error, in proportion to it; the largest that is compatible with what was seen is ``mean /
    (1 - u)``. Its logarithm is ``u + u ** 2 / 2 + ...``, of which two terms are taken: ``mean * exp(u + u ** 2 / 2)``.
    Where ``u`` is above 1, both go on as the straight lines that touch them there.

    The longest tails are seen by none of the few: of 400 actors whose waits differ as e to the power of a normal number
    with a deviation of 1.5, 92 of 100 intervals cover the true mean. Then the median says more.

    References
    ----------
    W. G. Cochran (1977), Sampling Techniques, 3rd ed., sections 6.3 and 9A.1. N. J. Johnson (1978), Modified t tests and
    confidence intervals for asymmetrical populations. JASA 73.

    Examples
    --------
    Ten actors with four waits each; those of five are 1 s, of the others 3 s:

    >>> low, high = cluster_mean(80.0, 40, 5 * 4.0**2 + 5 * 12.0**2, 5 * 16 + 5 * 48, 10 * 16)
    >>> round(float(low), 2), round(float(high), 2)
    (1.25, 2.75)
    """
    x, n, nn = (np.asarray(v, dtype=np.float64) for v in (x, n, nn))
    error, alike = cluster_error(x, n, xx, xn, nn), _alike(n, nn)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = x / n
        t = special.stdtrit(np.maximum(alike - 1, 1e-9), 0.5 + level / 2)
        half = t * error
        turned = np.asarray(positive, dtype=np.bool_) & (mean > 0)
        size = half / np.where(turned, mean, 1.0)
        up, down = stretch(size)
        low = np.where(turned, mean / down, mean - half)
        high = np.where(turned, mean * up, mean + half)
    known = (n > 0) & (alike > 1) & (t <= _MOST) & np.isfinite(half) & ((half > 0) | even)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def stretch(size: Floats) -> tuple[Floats, Floats]:
    """Return by what a mean above zero is multiplied for its upper bound, and divided for its lower one.

    Parameters
    ----------
    size : ndarray of float64
        The reach of t as a share of the mean: ``u`` of :func:`cluster_mean`.

    Examples
    --------
    >>> [float(factor.round(4)) for factor in stretch(np.array(0.2))]
    [1.2461, 1.2214]
    """
    inner, outer = np.minimum(size, 1.0), np.maximum(size, 1.0)
    up = np.exp(inner + inner * inner / 2) * (2 * outer - 1)
    return up, np.exp(inner) * outer


def cluster_error(
    x: npt.ArrayLike, n: npt.ArrayLike, xx: npt.ArrayLike, xn: npt.ArrayLike, nn: npt.ArrayLike
) -> Floats:
    """Return the standard error of a mean from the spread between actors, with a small-sample factor."""
    x, n, xx, xn, nn = (np.asarray(v, dtype=np.float64) for v in (x, n, xx, xn, nn))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, alike = x / n, _alike(n, nn)
        spread = xx - 2 * mean * xn + mean * mean * nn
        spread = np.where(spread <= 1e-12 * xx, 0.0, spread)  # nothing but rounding
        return np.asarray(np.sqrt(spread * alike / (alike - 1)) / n, dtype=np.float64)


def _alike(n: Floats, nn: Floats) -> Floats:
    """Return as how many actors of one size these weigh: a giant counts for few."""
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = n * n / nn
    return np.where(alike > 1 + 1e-9, alike, 1.0)


def joined_words(values: Mapping[str, Ints]) -> tuple[Floats, Floats]:
    """Return the sums over actors of ``x_a ** 2`` and ``x_a * n_a`` from their words."""
    return joined([values[name] for name in WORDS[:3]]), joined([values[name] for name in WORDS[3:]])


def joined(words: Sequence[Ints]) -> Floats:
    """Return the sums that words hold, the lowest word first."""
    total = np.zeros(words[0].shape)
    for word in reversed(words):
        total = total * float(1 << WORD) + word.astype(np.float64)
    return total


def word_columns(grid: Any) -> dict[str, Ints]:
    """Return the columns of a grid of words by name."""
    return dict(zip(WORDS, grid.T.copy(), strict=True))
