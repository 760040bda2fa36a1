"""Rank correlations of two-way tables, with intervals that know of actors who count many times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.intervals import LEVEL

__all__ = ["Correlation", "RankCorrelations", "rank_correlations"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Correlation(NamedTuple):
    """A correlation with the bounds of its 95 % interval; nan where nothing is known."""

    value: float
    low: float
    high: float


class RankCorrelations(NamedTuple):
    """Spearman's rho and Kendall's tau-b."""

    rho: Correlation
    tau: Correlation


_UNKNOWN = Correlation(float("nan"), float("nan"), float("nan"))


def rank_correlations(x: Ints, y: Ints, n: Ints, pairs: tuple[Ints, Ints, Ints]) -> RankCorrelations:
    """Return Spearman's rho and Kendall's tau-b of a table, ties taken into account, with their intervals.

    Parameters
    ----------
    x, y, n : ndarray of int64, shape (n_cells,)
        Each filled cell once: the two values and how many observations have them.
    pairs : three ndarrays of int64
        Two cells (positions in `x`, the second not before the first in whatever order the first two are written)
        and the sum over actors of the product of how many observations the actor has in both.

    Notes
    -----
    Both are smooth functions of the shares of the cells. What one observation adds to them depends on its cell
    alone (its influence), so the variance is the sum over pairs of cells of the product of their influences times
    what `pairs` holds: the squared sums of all actors, without knowing an actor. The interval is taken on Fisher's
    scale, with as many degrees of freedom as the actors are worth.

    References
    ----------
    C. B. Borkowf (2002), Computing the nonnull asymptotic variance and the asymptotic relative efficiency of
    Spearman's rank correlation. Comput. Stat. Data Anal. 39. A. Agresti (2010), Analysis of Ordinal Categorical
    Data, 2nd ed., ch. 7.

    Examples
    --------
    >>> cells = np.array([0, 1, 2, 3]), np.array([0, 2, 1, 3]), np.ones(4, np.int64)
    >>> each = np.arange(4), np.arange(4), np.ones(4, np.int64)
    >>> found = rank_correlations(*cells, each)
    >>> round(found.rho.value, 9), round(found.tau.value, 9)
    (0.8, 0.666666667)
    """
    total = int(n.sum())
    kx, ix = np.unique(x, return_inverse=True)
    ky, iy = np.unique(y, return_inverse=True)
    if len(kx) < 2 or len(ky) < 2:
        return RankCorrelations(_UNKNOWN, _UNKNOWN)
    p = np.zeros((len(kx), len(ky)))
    np.add.at(p, (ix, iy), n / total)
    first, second, together = pairs
    twice = np.where(first == second, together, 2 * together)
    worth = total * total / max(int(twice.sum()), 1)
    out = []
    for value, influence in (_spearman(p), _kendall(p)):
        mine = influence[ix, iy]
        variance = float((mine[first] * mine[second] * twice).sum()) / (total * total)
        out.append(_with_bounds(value, variance, worth))
    return RankCorrelations(*out)


def _spearman(p: Floats) -> tuple[float, Floats]:
    """Return the correlation of the mid-ranks, and the influence of an observation in each cell."""
    fx, fy = _mid(p.sum(axis=1)), _mid(p.sum(axis=0))
    both = float(fx @ p @ fy)
    into_x = _above(p @ fy)[:, None]  # what an observation adds to the ranks of those above it
    into_y = _above(fx @ p)[None, :]
    cov = both - 0.25
    of_cov = fx[:, None] * fy[None, :] + into_x + into_y - 3 * both
    var_x, of_x = _rank_variance(p.sum(axis=1), fx)
    var_y, of_y = _rank_variance(p.sum(axis=0), fy)
    scale = np.sqrt(var_x * var_y)
    rho = cov / scale
    influence = of_cov / scale - rho / 2 * (of_x[:, None] / var_x + of_y[None, :] / var_y)
    return float(rho), influence


def _rank_variance(p: Floats, f: Floats) -> tuple[float, Floats]:
    square = float(p @ (f * f))
    return square - 0.25, f * f + 2 * _above(p * f) - 3 * square


def _kendall(p: Floats) -> tuple[float, Floats]:
    """Return tau-b, and the influence of an observation in each cell."""
    px, py = p.sum(axis=1), p.sum(axis=0)
    signs = _signs(_signs(p).T).T  # the sum over all others of the product of the two signs
    gap = float((p * signs).sum())
    apart_x, apart_y = 1 - float(px @ px), 1 - float(py @ py)
    scale = np.sqrt(apart_x * apart_y)
    tau = gap / scale
    of_x, of_y = 2 * (1 - px - apart_x), 2 * (1 - py - apart_y)
    influence = 2 * (signs - gap) / scale - tau / 2 * (of_x[:, None] / apart_x + of_y[None, :] / apart_y)
    return float(tau), influence


def _signs(p: Floats) -> Floats:
    """Return by row what lies in the rows before it less what lies in those behind."""
    upto = np.cumsum(p, axis=0)
    return upto - p - (upto[-1:] - upto)


def _mid(p: Floats) -> Floats:
    """Return the mid-distribution: the share below, and half of the share at each value."""
    return np.cumsum(p) - p / 2


def _above(weights: Floats) -> Floats:
    """Return what lies above each value, and half of what lies at it."""
    return np.asarray(weights.sum() - np.cumsum(weights) + weights / 2, dtype=np.float64)


def _with_bounds(value: float, variance: float, worth: float) -> Correlation:
    if not worth > 2 or abs(value) >= 1 or variance <= 0:
        return Correlation(value, float("nan"), float("nan"))
    t = float(special.stdtrit(worth - 1, 0.5 + LEVEL / 2))
    error = np.sqrt(variance * worth / (worth - 1)) / (1 - value * value)
    centre = np.arctanh(value)
    return Correlation(value, float(np.tanh(centre - t * error)), float(np.tanh(centre + t * error)))
