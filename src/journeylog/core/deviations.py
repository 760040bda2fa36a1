"""Intervals from the deviations of groups of actors: what a sum over random groups says about its own error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.differences import Estimates
from journeylog.core.intervals import LEVEL, two_sided_z, wilson
from journeylog.core.means import stretch

__all__ = ["error_of", "gap_interval", "mean_interval", "p_of", "share_interval"]

Floats = npt.NDArray[np.float64]

#: An error smaller than this part of its estimate is what rounding leaves.
_NOTHING = 1e-11


def error_of(deviation: Floats, n_groups: int) -> tuple[Floats, Floats]:
    """Return the standard error of what the deviations belong to, and the quantile of t to go with it.

    Parameters
    ----------
    deviation : ndarray of float64, shape (n_groups, ...)
        How much each group moves the estimate away from what it is (its influence); they add up to zero.
    n_groups : int
        Groups that have actors.

    Notes
    -----
    The variance is the sum of squares (times ``G / (G - 1)``). How many degrees of freedom it is worth is taken from
    the deviations themselves: few where few groups have nearly all of it (Satterthwaite, with fourth moments for
    normal deviations).

    References
    ----------
    F. E. Satterthwaite (1946), An approximate distribution of estimates of variance components. Biometrics Bull. 2.
    """
    total, groups = np.square(deviation).sum(0), max(n_groups, 2)
    t = special.stdtrit(_freedom(deviation, n_groups), 0.5 + LEVEL / 2)
    error = np.sqrt(total * groups / (groups - 1))
    return (np.where(n_groups > 1, error, np.nan), np.asarray(t, dtype=np.float64))


def share_interval(share: Floats, deviation: Floats, n_groups: int, n_actors: Floats) -> Estimates:
    """Return the score interval of a share, with as many trials as its variance is worth.

    Where nothing varies, each of `n_actors` counts as one trial.
    """
    error, t = error_of(deviation, n_groups)
    variance = np.nan_to_num(np.square(error))
    some = variance > _NOTHING**2
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(some, share * (1 - share) / np.where(some, variance, 1.0), n_actors)
        worth = np.where(some, worth * np.square(two_sided_z() / t), worth)
    worth = np.where(np.isfinite(share), np.maximum(np.nan_to_num(worth), 0.0), 0.0)
    low, high = wilson(np.nan_to_num(share) * worth, worth)
    return Estimates(share, np.fmin(low, share), np.fmax(high, share))


def mean_interval(mean: Floats, deviation: Floats, n_groups: int) -> Estimates:
    """Return the interval of a mean above zero, by :func:`journeylog.core.means.stretch`; nan where nothing varies."""
    error, t = error_of(deviation, n_groups)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        up, down = stretch(t * error / mean)
        known = (mean > 0) & (error > _NOTHING * mean)
        low, high = np.where(known, mean / down, np.nan), np.where(known, mean * up, np.nan)
    return Estimates(mean, low, high)


def gap_interval(value: Floats, deviation: Floats, n_groups: int) -> Estimates:
    """Return the symmetric interval of a number that may have any sign; nan where nothing varies."""
    error, t = error_of(deviation, n_groups)
    half = np.where(error > _NOTHING * np.maximum(np.abs(value), 1e-9), t * error, np.nan)
    return Estimates(value, value - half, value + half)


def p_of(value: Floats, deviation: Floats, n_groups: int) -> Floats:
    """Return the two-sided p-value of the value being 0, by the same error; nan where nothing varies."""
    error, _ = error_of(deviation, n_groups)
    df = _freedom(deviation, n_groups)
    some = error > _NOTHING * np.maximum(np.abs(value), 1e-9)
    p = 2 * special.stdtr(df, -np.abs(value) / np.where(some, error, 1.0))
    return np.where(some, p, np.nan)


def _freedom(deviation: Floats, n_groups: int) -> Floats:
    squares = np.square(deviation)
    total, fourth = squares.sum(0), np.square(squares).sum(0)
    groups = max(n_groups, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(fourth > 0, 3 * total * total / fourth - 2, groups - 1)
    return np.asarray(np.clip(worth, 1.0, groups - 1.0), dtype=np.float64)
