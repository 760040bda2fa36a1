"""Survival estimators on tables of times: Kaplan-Meier, Aalen-Johansen, restricted means, the log-rank test.

All take, for each distinct time, how many ended and how many were still watched: integers that add up over any
partition. At equal times an end comes before a censoring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.intervals import LEVEL, two_sided_z

__all__ = ["Ends", "LogRank", "curve_band", "first_time", "incidence", "log_rank", "restricted_mean"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ends:
    """Distinct times with what happened at each.

    Parameters
    ----------
    time : ndarray of int64, shape (n_times,)
        Ascending; any unit.
    n_at_risk, n_ended, n_censored : ndarray of int64, shape (n_times,)
        Watched until just before the time; ended at it, in whatever way; watched no longer than it.
    """

    time: Ints
    n_at_risk: Ints
    n_ended: Ints
    n_censored: Ints

    @staticmethod
    def of(time: Ints, n: Ints, censored: npt.NDArray[np.bool_]) -> Ends:
        """Put rows of (time, number, whether censored) in order."""
        distinct, row = np.unique(time, return_inverse=True)
        ended, left = (np.zeros(len(distinct), np.int64) for _ in range(2))
        np.add.at(ended, row[~censored], n[~censored])
        np.add.at(left, row[censored], n[censored])
        gone = np.cumsum(ended + left)
        return Ends(distinct, gone[-1:].sum() - gone + ended + left, ended, left)

    @property
    def survival(self) -> Floats:
        """Share of which nothing has happened, just after each time: Kaplan and Meier's estimate.

        References
        ----------
        E. L. Kaplan, P. Meier (1958), Nonparametric estimation from incomplete observations. JASA 53.
        """
        return np.asarray(np.cumprod(1 - self.n_ended / np.maximum(self.n_at_risk, 1)), dtype=np.float64)

    @property
    def greenwood(self) -> Floats:
        """Greenwood's terms ``d / (n (n - d))``, one a time; 0 where none ends, or none is left after it."""
        n, d = self.n_at_risk.astype(np.float64), self.n_ended.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((d > 0) & (n > d), d / (n * (n - d)), 0.0)


def incidence(ends: Ends, n_cause: Ints) -> tuple[Floats, Floats]:
    """Return the cumulative incidence of one of several competing ends, and its standard error.

    Parameters
    ----------
    ends : Ends
    n_cause : ndarray of int64, shape (n_times,)
        How many ended this way at each time.

    Returns
    -------
    share, error : ndarray of float64, shape (n_times,)
        With one cause only, the share is one minus the survival and the error is Greenwood's.

    References
    ----------
    O. O. Aalen, S. Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains. Scand. J.
    Stat. 5. E. Marubini, M. G. Valsecchi (1995), Analysing Survival Data, ch. 10 (the variance).
    """
    n, k = ends.n_at_risk.astype(np.float64), n_cause.astype(np.float64)
    survival, a = ends.survival, ends.greenwood
    before = np.concatenate((np.ones(1), survival))[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(n > 0, before * k / n, 0.0)
        b = np.where(n > 0, before * k / (n * n), 0.0)
        c = np.where(n > 0, before * before * (n - k) * k / (n * n * n), 0.0)
    # summing leaves rounding behind: where nothing competes, nobody left is exactly nobody
    alone = np.array_equal(n_cause, ends.n_ended)
    share = 1 - survival if alone else np.minimum(np.cumsum(steps), 1.0)
    # sum over j of (F - F_j)^2 a_j - 2 (F - F_j) b_j + c_j, written so that it is one pass
    total_a, total_fa, total_ffa = np.cumsum(a), np.cumsum(share * a), np.cumsum(share * share * a)
    variance = share * share * total_a - 2 * share * total_fa + total_ffa
    variance += -2 * (share * np.cumsum(b) - np.cumsum(share * b)) + np.cumsum(c)
    return np.asarray(share, dtype=np.float64), np.sqrt(np.maximum(variance, 0.0))


def curve_band(share: Floats, error: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return the pointwise band of a cumulative share, made on the scale of ``log(-log(1 - share))``.

    nan where the share is 0 or 1: nothing has been seen, or nobody is left.
    """
    rest = 1 - share
    inside = (share > 0) & (rest > 1e-15)
    kept = np.where(inside, rest, 0.5)
    width = np.minimum(two_sided_z(level) * error / (kept * -np.log(kept)), 500.0)
    high, low = 1 - kept ** np.exp(width), 1 - kept ** np.exp(-width)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def first_time(time: Ints, share: Floats, wanted: float) -> float:
    """Return the first time at which a cumulative share is reached; nan when it never is."""
    with np.errstate(invalid="ignore"):
        hit = np.flatnonzero(share >= wanted - 1e-12)
    return float(time[hit[0]]) if len(hit) else float("nan")


def restricted_mean(ends: Ends, horizon: int) -> tuple[float, float]:
    """Return the mean time until something happens, counted up to `horizon`, and its standard error.

    References
    ----------
    P. Royston, M. K. B. Parmar (2013), Restricted mean survival time. BMC Med. Res. Methodol. 13.
    """
    if len(ends.time) == 0:
        return float("nan"), float("nan")
    inside = ends.time < horizon
    time = np.concatenate((np.zeros(1), ends.time[inside], [float(horizon)]))
    survival = np.concatenate((np.ones(1), ends.survival[inside]))
    areas = survival * np.diff(time)
    after = np.cumsum(areas[::-1])[::-1][1:]  # from each time to the horizon
    return float(areas.sum()), float(np.sqrt((after**2 * ends.greenwood[inside]).sum()))


@dataclass(frozen=True)
class LogRank:
    """The log-rank test of equal hazards in several groups.

    Parameters
    ----------
    statistic : float
        Chi-squared, nan when no group can be compared.
    df : int
    p_value : float
    observed, expected : tuple of float
        Ends in each group, and what the pooled hazard would give.
    groups : tuple of str
        The groups in their order, where they have names.
    """

    statistic: float
    df: int
    p_value: float
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    groups: tuple[str, ...] = ()


def log_rank(time: list[Ints], ended: list[Ints], at_risk: list[Ints]) -> LogRank:
    """Compare the hazards of several groups.

    Parameters
    ----------
    time, ended, at_risk : lists of ndarray of int64
        For each group its distinct times, how many ended in the way compared, and how many were watched.

    References
    ----------
    N. Mantel (1966), Evaluation of survival data and two new rank order statistics. Cancer Chemother. Rep. 50.
    """
    grid = np.unique(
        np.concatenate([t[d > 0] for t, d in zip(time, ended, strict=True)] or [np.zeros(0, np.int64)])
    )
    d = np.zeros((len(time), len(grid)))
    n = np.zeros((len(time), len(grid)))
    for g, (own, gone, watched) in enumerate(zip(time, ended, at_risk, strict=True)):
        some = gone > 0
        d[g, np.searchsorted(grid, own[some])] = gone[some]
        after = np.searchsorted(own, grid)  # the first own time not before it
        n[g] = np.append(watched, 0)[after]
    total_d, total_n = d.sum(0), n.sum(0)
    share: Any = n / np.maximum(total_n, 1)
    expected = (share * total_d).sum(1)
    spread = np.where(total_n > 1, total_d * (total_n - total_d) / np.maximum(total_n - 1, 1), 0.0)
    variance = np.diag((share * spread).sum(1)) - (share * spread) @ share.T
    excess = (d.sum(1) - expected)[:-1]
    inner = variance[:-1, :-1]
    df = int(np.linalg.matrix_rank(inner)) if inner.size and np.isfinite(inner).all() else 0
    statistic = float(excess @ np.linalg.pinv(inner) @ excess) if df else float("nan")
    p_value = float(special.chdtrc(df, statistic)) if df else float("nan")
    return LogRank(statistic, df, p_value, tuple(d.sum(1).tolist()), tuple(expected.tolist()))
