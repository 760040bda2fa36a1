"""Intervals: every rate the library prints carries one of these.

Shares of cases use Wilson's score interval. Shares of visits or transitions, where one actor may count many
times, use the score interval with an effective sample size that comes from the variance between actors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

__all__ = [
    "LEVEL",
    "bound_ranks",
    "clopper_pearson",
    "cluster_share",
    "cluster_size",
    "quantile_ranks",
    "two_sided_z",
    "wilson",
]

#: Confidence level of every interval in the library.
LEVEL = 0.95

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def wilson(k: npt.ArrayLike, n: npt.ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return Wilson's score interval of a share.

    Parameters
    ----------
    k, n : array_like
        Successes and trials (not necessarily whole numbers). ``n == 0`` is no data and gives nan.
    level : float
        Confidence level.

    Returns
    -------
    low, high : ndarray of float64

    References
    ----------
    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference. JASA 22.

    Examples
    --------
    >>> low, high = wilson(5, 10)
    >>> round(float(low), 8), round(float(high), 8)
    (0.23659309, 0.76340691)
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = two_sided_z(level)
    return _score(k, n, z)


def clopper_pearson(k: npt.ArrayLike, n: npt.ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return the exact (Clopper-Pearson) interval of a share.

    References
    ----------
    C. J. Clopper, E. S. Pearson (1934), The use of confidence or fiducial limits. Biometrika 26.

    Examples
    --------
    >>> low, high = clopper_pearson(0, 10)
    >>> round(float(high), 8)
    0.30849711
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(k > 0, special.betaincinv(np.maximum(k, 1e-300), n - k + 1, tail), 0.0)
        high = np.where(k < n, special.betaincinv(k + 1, np.maximum(n - k, 1e-300), 1 - tail), 1.0)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def cluster_share(
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    kk: npt.ArrayLike,
    kn: npt.ArrayLike,
    nn: npt.ArrayLike,
    level: float = LEVEL,
) -> tuple[Floats, Floats]:
    """Return the interval of a share in which one actor may count many times.

    The share is ``k / n`` with ``k`` and ``n`` summed over actors. Its variance comes from the spread between
    actors (delta method for a ratio); it is turned into an effective number of independent trials, with which
    the score interval is taken.

    Parameters
    ----------
    k, n : array_like
        Sums over actors of successes and trials.
    kk, kn, nn : array_like
        Sums over actors of ``k_a ** 2``, ``k_a * n_a`` and ``n_a ** 2``: second moments, which add up over any
        partition of the actors.
    level : float
        Confidence level.

    Returns
    -------
    low, high : ndarray of float64
        nan where ``n == 0``.

    Notes
    -----
    With one trial an actor this is Wilson's interval. Otherwise the variance has to be estimated, from as many
    actors as ``n ** 2 / nn`` says: their number when all have as many trials, few when one giant has most of
    them (t quantile and small-sample factor). At a share of 0 or 1 nothing varies between actors, so each of
    these counts as one trial.

    A rare trait of few actors shows little of its spread: those who happen to be in the sample may have come seldom.
    How alike the trials of one actor are is seen in them all the same, and says how large the spread between actors
    who come as often as all these would be (intraclass kappa). The larger of both variances is taken.

    Shares can vary less than coins would: of all events, those that begin a journey. Actors then differ less than
    their coins, and the trials are worth more than their number (a design effect below one). That is believed as far
    as many actors show it: of m actors, the variance is taken by a share of ``1 / sqrt(m)`` above what was seen, and by
    a quarter of what one actor's coins would add, but never above that of coins.

    References
    ----------
    E. L. Korn, B. I. Graubard (1998), Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data. Survey Methodology 24. J. N. K. Rao, A. J. Scott (1992), A simple
    method for the analysis of clustered binary data. Biometrics 48. D. A. Bloch, H. C. Kraemer (1989), 2 x 2 kappa
    coefficients: measures of agreement or association. Biometrics 45. L. Kish (1965), Survey Sampling, section 8.2.

    Examples
    --------
    Ten actors with four trials each; five of them always succeed, five never do:

    >>> low, high = cluster_share(20, 40, 5 * 16, 5 * 16, 10 * 16)
    >>> bool(low < wilson(20, 40)[0])
    True
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    worth = cluster_size(k, n, kk, kn, nn, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _score(k / n * worth, worth, two_sided_z(level))
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def cluster_size(
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    kk: npt.ArrayLike,
    kn: npt.ArrayLike,
    nn: npt.ArrayLike,
    level: float = LEVEL,
) -> Floats:
    """Return how many independent trials a clustered share is worth: the number its interval is taken with.

    Parameters and rules are those of :func:`cluster_share`.

    Examples
    --------
    Ten actors with four trials each; five of them always succeed, five never do:

    >>> round(float(cluster_size(20, 40, 5 * 16, 5 * 16, 10 * 16)), 2)
    6.76
    """
    k, n, kk, kn, nn = (np.asarray(v, dtype=np.float64) for v in (k, n, kk, kn, nn))
    z = two_sided_z(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = n * n / nn  # as many actors of one size would weigh as much: a giant counts for few
        effective = n / _design_effect(k, n, kk, kn, nn, alike)
        effective = np.where((k > 0) & (k < n), effective, np.minimum(alike, n))
        t = np.where(alike > 1, special.stdtrit(np.maximum(alike - 1, 1e-9), 0.5 + level / 2), np.inf)
        effective = np.where(np.isfinite(t), effective * (z / t) ** 2, np.minimum(effective, 1.0))
        effective = np.where(nn == n, n, effective)  # one trial an actor: independent, Wilson as it stands
    return np.asarray(effective, dtype=np.float64)


def _design_effect(k: Floats, n: Floats, kk: Floats, kn: Floats, nn: Floats, alike: Floats) -> Floats:
    """Return by what the variance of the share is larger than that of as many coins; below one it has to be shown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / n
        spread = np.maximum(kk - 2 * p * kn + p * p * nn, 0.0)
        even = spread <= 1e-12 * kk  # nothing but rounding: nothing is known of how much actors differ
        seen = spread * alike / (alike - 1) / (p * (1 - p) * n)
        seen = np.maximum(seen, 1 + (nn / n - 1) * _likeness(k, n, kk, kn, nn))
        shown = np.minimum(
            alike, np.minimum(k, n - k)
        )  # of a rare trait only those who have it tell anything
        less = np.minimum(seen * (1 + 1 / np.sqrt(shown)) + 1 / (4 * shown), 1.0)
        effect = np.where(seen < 1, less, seen)
    return np.where(even | ~(alike > 1) | ~np.isfinite(effect), 1.0, effect)


def _likeness(k: Floats, n: Floats, kk: Floats, kn: Floats, nn: Floats) -> Floats:
    """Return how alike two trials of one actor are, at most 1: intraclass kappa of all pairs, below 0 if they take turns.

    Where no actor with a success, or none with a failure, had a second trial, nobody knows, and they count as one.
    """
    apart = kn - kk  # pairs of trials of which the first succeeds and the second does not
    success, failure = kn - k, nn - n - (kn - k)  # pairs by their first trial
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = 1 - apart * (nn - n) / (success * failure)
    return np.minimum(np.where(success * failure > 0, kappa, 1.0), 1.0)


def two_sided_z(level: float = LEVEL) -> float:
    """Return how many standard errors to each side an interval reaches: 1.96 for 95 %.

    Examples
    --------
    >>> round(two_sided_z(), 4)
    1.96
    """
    return float(special.ndtri(0.5 + level / 2))


def quantile_ranks(n: int, q: float, level: float = LEVEL) -> tuple[int, int, int]:
    """Return the ranks (1-based) of a quantile and of its distribution-free interval.

    Parameters
    ----------
    n : int
        Number of observations, at least 1.
    q : float
        Quantile, between 0 and 1.
    level : float
        Confidence level.

    Returns
    -------
    rank, low, high : int
        The quantile is the observation of that rank; the interval runs between the observations of the two
        others. Low 0 and high n + 1 mean the sample is too small to bound that side.

    References
    ----------
    H. A. David, H. N. Nagaraja (2003), Order Statistics, 3rd ed., section 7.1.

    Examples
    --------
    >>> quantile_ranks(100, 0.5)
    (50, 40, 61)
    """
    rank = min(max(int(np.ceil(q * n - 1e-9)), 1), n)
    low, high = bound_ranks(np.array([n], np.int64), q, level)
    return rank, int(low[0]), int(high[0])


def bound_ranks(n: Ints, q: float, level: float = LEVEL) -> tuple[Ints, Ints]:
    """Return the ranks of the interval of :func:`quantile_ranks` for many numbers of observations."""
    tail = (1 - level) / 2
    high = _binomial_quantile(1 - tail, n, q) + 1
    return _binomial_quantile(tail, n, q), np.minimum(high, n + 1)


def _binomial_quantile(tail: float, n: Ints, q: float) -> Ints:
    """Return the smallest k with P(X <= k) >= tail for X binomial(n, q), for many n."""
    z, spread = special.ndtri(tail), np.sqrt(n * q * (1 - q))
    guess: Ints = np.clip(
        np.rint(n * q + z * spread - 0.5 + (z * z - 1) * (1 - 2 * q) / 6).astype(np.int64), 0, n
    )
    while (long := (guess > 0) & (special.bdtr(guess - 1, n, q) >= tail)).any():
        guess -= long
    while (short := special.bdtr(guess, n, q) < tail).any():
        guess += short
    return guess


def _score(k: Any, n: Any, z: float) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / n
        centre = p + z * z / (2 * n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        low = np.where(k <= 0, 0.0, np.maximum((centre - half) / scale, 0.0))
        high = np.where(k >= n, 1.0, np.minimum((centre + half) / scale, 1.0))
    empty = ~(n > 0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)
