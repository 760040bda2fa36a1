"""Intervals from the deviations of groups of actors: what a sum over random groups says about its own error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.differences import Estimates
from journeylog.core.intervals import LEVEL, two_sided_z, wilson
from journeylog.core.means import stretch

__all__ = [
    "alike",
    "alike_of",
    "enlarged",
    "enlarging",
    "error_of",
    "gap_interval",
    "mean_interval",
    "p_of",
    "share_interval",
]

Floats = npt.NDArray[np.float64]

#: An error smaller than this part of its estimate is what rounding leaves.
_NOTHING = 1e-11
#: A t quantile from which on nothing is known of the spread.
_MOST = 1000.0


def alike(n: Floats) -> Floats:
    """Return as how many groups of one size these weigh, over the first axis; 0 where there is none."""
    return alike_of(n.sum(0), np.square(n).sum(0))


def alike_of(n: Floats, nn: Floats) -> Floats:
    """Return the same from the sums over groups of sizes and of their squares."""
    return np.asarray(n * n / np.where(nn > 0, nn, 1.0), dtype=np.float64)


def enlarging(groups: Floats) -> Floats:
    """Return the factor for deviations from a mean that as many groups made; 1 where one group deviates from nothing."""
    some = groups > 1 + 1e-9
    return np.sqrt(np.where(some, groups / np.where(some, groups - 1, 1.0), 1.0))


def enlarged(deviation: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return deviations from a mean enlarged by as many groups as made it, and the degrees of freedom.

    Parameters
    ----------
    deviation : ndarray of float64, shape (n_groups, ...)
    n : ndarray of float64, shape (n_groups, ...)
        What each group weighs in the mean.
    """
    groups = alike(n)
    return deviation * enlarging(groups), np.maximum(groups - 1, 0.0)


def error_of(deviation: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Return the standard error of what the deviations belong to, and the quantile of t to go with it.

    Parameters
    ----------
    deviation : ndarray of float64, shape (n_groups, ...)
        How much each group moves the estimate away from what it is (its influence), enlarged by how few they are (see
        :func:`enlarged`).
    freedom : ndarray of float64
        Degrees of freedom at most: as many groups as met what is estimated, less one. 0: nothing is known of the error.

    Notes
    -----
    The variance is the sum of squares. How many degrees of freedom it is worth is taken from the deviations
    themselves, too: few where few groups have nearly all of it (Satterthwaite, with fourth moments for normal
    deviations).

    References
    ----------
    F. E. Satterthwaite (1946), An approximate distribution of estimates of variance components. Biometrics Bull. 2.
    """
    df = _freedom(deviation, freedom)
    t = special.stdtrit(np.maximum(df, 1e-3), 0.5 + LEVEL / 2)
    error = np.sqrt(np.square(deviation).sum(0))
    known = (df > 0) & (t <= _MOST)
    return np.where(known, error, np.nan), np.asarray(t, dtype=np.float64)


def share_interval(share: Floats, deviation: Floats, freedom: Floats, n_actors: Floats) -> Estimates:
    """Return the score interval of a share, with as many trials as its variance is worth.

    Where nothing varies, or nothing is known of how it varies, each of `n_actors` counts as one trial.
    """
    error, t = error_of(deviation, freedom)
    variance = np.nan_to_num(np.square(error))
    some = variance > _NOTHING**2
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(some, share * (1 - share) / np.where(some, variance, 1.0), n_actors)
        worth = np.where(some, worth * np.square(two_sided_z() / t), worth)
    worth = np.where(np.isfinite(share), np.maximum(np.nan_to_num(worth), 0.0), 0.0)
    low, high = wilson(np.nan_to_num(share) * worth, worth)
    return Estimates(share, np.fmin(low, share), np.fmax(high, share))


def mean_interval(mean: Floats, deviation: Floats, freedom: Floats) -> Estimates:
    """Return the interval of a mean above zero, by :func:`journeylog.core.means.stretch`; nan where nothing varies."""
    error, t = error_of(deviation, freedom)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        up, down = stretch(t * error / mean)
        known = (mean > 0) & (error > _NOTHING * mean)
        low, high = np.where(known, mean / down, np.nan), np.where(known, mean * up, np.nan)
    return Estimates(mean, low, high)


def gap_interval(value: Floats, deviation: Floats, freedom: Floats) -> Estimates:
    """Return the symmetric interval of a number that may have any sign; nan where nothing varies."""
    error, t = error_of(deviation, freedom)
    half = np.where(error > _NOTHING * np.maximum(np.abs(value), 1e-9), t * error, np.nan)
    return Estimates(value, value - half, value + half)


def p_of(value: Floats, deviation: Floats, freedom: Floats) -> Floats:
    """Return the two-sided p-value of the value being 0, by the same error; nan where nothing varies."""
    error, _ = error_of(deviation, freedom)
    df = _freedom(deviation, freedom)
    some = error > _NOTHING * np.maximum(np.abs(value), 1e-9)
    p = 2 * special.stdtr(np.maximum(df, 1e-3), -np.abs(value) / np.where(some, error, 1.0))
    return np.where(some, p, np.nan)


def _freedom(deviation: Floats, freedom: Floats) -> Floats:
    squares = np.square(deviation)
    total, fourth = squares.sum(0), np.square(squares).sum(0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        shown = np.where(fourth > 0, 3 * total * total / fourth - 2, np.inf)
    most = np.minimum(freedom, len(deviation) - 1)
    return np.asarray(np.minimum(np.maximum(shown, 1.0), most), dtype=np.float64)
