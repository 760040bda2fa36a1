"""What one case moves an estimate of survival by: a share that went a way by a time, a restricted mean.

An estimate's variance between actors is the sum of squares of what their cases move it by (the infinitesimal jackknife),
and the covariance of two estimates the sum of products.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.survival import Watched, mean_parts

__all__ = ["moves_of_mean", "moves_of_share"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def moves_of_share(cases: Watched, way: int, limit: int, time: Ints, went: Ints) -> Floats:
    """Return what each of some cases moves the share by that went a way until a limit (Aalen and Johansen's).

    Parameters
    ----------
    cases : Watched
        All cases.
    way, limit : int
        The way, and a time, that itself included.
    time, went : ndarray of int64
        How long each of some of them was watched, and which way it ended (-1: none).

    References
    ----------
    T. M. Therneau, P. M. Grambsch (2000), Modeling Survival Data, 7.1 and 8.2.
    """
    ends = cases.ends
    n, d = ends.n_at_risk.astype(np.float64), ends.n_ended.astype(np.float64)
    came = np.bincount(cases.at[cases.way == way], cases.n[cases.way == way], len(n))
    inside = ends.time <= limit
    waiting = (
        np.concatenate((np.ones(1), ends.survival[:-1])) if len(n) else np.ones(0)
    )  # just before each time
    steps = np.where(inside, waiting * came / n, 0.0)
    rest = steps.sum() - np.cumsum(steps)  # what goes that way after each time, until the limit
    with np.errstate(divide="ignore", invalid="ignore"):
        spared = np.where(inside & (n > d), rest / (n - d), 0.0)  # by one that ends at a time
    gain = np.where(inside, waiting / n, 0.0)
    watched = np.append(0.0, np.cumsum(gain * came / n - spared * d / n))
    return _by_case(ends.time, watched, time, went, gain, spared, way)


def moves_of_mean(cases: Watched, horizon: int, time: Ints, went: Ints) -> Floats:
    """Return what each of some cases moves the mean time by that is counted up to a horizon, in the unit of times.

    Parameters
    ----------
    cases : Watched
        All cases.
    horizon : int
    time, went : ndarray of int64
        How long each of some of them was watched, and which way it ended (-1: none).
    """
    _, spared, watched = mean_parts(cases.ends, horizon)
    return _by_case(cases.ends.time, np.append(0.0, -watched), time, went, np.zeros(len(spared)), spared, -2)


def _by_case(
    at: Ints, watched: Floats, time: Ints, went: Ints, gain: Floats, spared: Floats, way: int
) -> Floats:
    """Return the moves: one is lost at each time at which a case is watched, one is won where it ends."""
    spot = np.minimum(np.searchsorted(at, time), max(len(at) - 1, 0))
    found = -watched[np.searchsorted(at, time, side="right")]
    if len(at):
        found += np.where(went == way, gain[spot], 0.0) - np.where(went >= 0, spared[spot], 0.0)
    return found
