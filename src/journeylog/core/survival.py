"""Survival estimators on tables of times: Kaplan-Meier, Aalen-Johansen, restricted means, the log-rank test.

All take, for each distinct time, how many ended and how many were still watched: integers that add up over any
partition. At equal times an end comes before a censoring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.intervals import LEVEL, two_sided_z
from journeylog.core.kernels.incidence import competing_ends

__all__ = [
    "Ends",
    "LogRank",
    "Shares",
    "Watched",
    "curve_band",
    "first_time",
    "log_rank",
    "mean_parts",
    "restricted_mean",
]

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

    @property
    def survival(self) -> Floats:
        """Share of which nothing has happened, just after each time: Kaplan and Meier's estimate.

        References
        ----------
        E. L. Kaplan, P. Meier (1958), Nonparametric estimation from incomplete observations. JASA 53.
        """
        return np.asarray(np.cumprod(1 - self.n_ended / np.maximum(self.n_at_risk, 1)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Watched:
    """Cases: how long each was watched, what ended it, and which of them go together.

    Parameters
    ----------
    ends : Ends
        What happened at each time.
    at, way, group, n : ndarray of int64, shape (n_rows,)
        By time: its place in `ends`, which way it ended (-1: it was watched no longer), the group (-1: a case for
        itself), and how many such cases.
    n_ways : int
    hashed : int
        How many values the hash has that made the groups, so that one may be several that have nothing to do with
        each other; 0: each is what goes together.
    """

    ends: Ends
    at: Ints
    way: Ints
    group: Ints
    n: Ints
    n_ways: int
    hashed: int = 0

    @staticmethod
    def of(
        time: Ints, n: Ints, way: Ints, group: Ints | None = None, n_ways: int = 1, hashed: int = 0
    ) -> Watched:
        """Put rows of (time, number, way, group) in order."""
        group = np.full(len(time), -1, np.int64) if group is None else group
        if (time[1:] < time[:-1]).any():
            order = np.argsort(time, kind="stable")
            time, n, way, group = (column[order] for column in (time, n, way, group))
        time, n, way, group = (np.asarray(column, dtype=np.int64) for column in (time, n, way, group))
        new = np.ones(len(time), bool)
        np.not_equal(time[1:], time[:-1], out=new[1:])
        at, first = np.cumsum(new) - 1, np.flatnonzero(new)
        ended, left = (np.add.reduceat(n * kept, first) if len(first) else n for kept in (way >= 0, way < 0))
        gone = np.cumsum(ended + left)
        ends = Ends(time[first], gone[-1:].sum() - gone + ended + left, ended, left)
        return Watched(ends, at, way, group, n, n_ways, hashed)

    @property
    def clustered(self) -> bool:
        """Whether some cases go together."""
        return bool((self.group >= 0).any())

    @cached_property
    def alike(self) -> float:
        """How many groups of one size would weigh as much: one with very many cases counts for few."""
        single, groups = self.n[self.group < 0].sum(), self.group >= 0
        sizes = np.bincount(self.group[groups], weights=self.n[groups])
        squares = float(single + (sizes**2).sum())
        return float(single + sizes.sum()) ** 2 / squares if squares else 0.0

    @property
    def reach(self) -> float:
        """How many standard errors a 95 % interval reaches: more where few groups tell how far they differ."""
        if not self.clustered:
            return two_sided_z()
        return float(special.stdtrit(self.alike - 1, 0.5 + LEVEL / 2)) if self.alike > 1 else float("inf")

    @property
    def inflation(self) -> float:
        """What a sum of squares over groups is multiplied with to be a variance."""
        return self.alike / (self.alike - 1) if self.clustered and self.alike > 1 else 1.0

    @cached_property
    def shares(self) -> Shares:
        """Cumulative incidences of all ways, where they change (Aalen and Johansen), with their errors.

        The errors are the infinitesimal jackknife's, with the cases of a group moved together. Where no cases go
        together they are Greenwood's for any way, and those of Aalen and Johansen's variance for each.

        References
        ----------
        O. O. Aalen, S. Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains. Scand. J.
        Stat. 5. T. M. Therneau, P. M. Grambsch (2000), Modeling Survival Data, 7.1 and 8.2 (groups).
        """
        alone = np.count_nonzero(np.bincount(self.way + 1)[1:]) == 1
        n_groups = int(self.group.max(initial=-1)) + 1
        at, way, n, share, variance = competing_ends(
            self.at, self.way, self.group, self.n,
            self.ends.n_at_risk, self.ends.n_ended, self.n_ways, n_groups, self.hashed, alone,
        )  # fmt: skip
        return Shares(at, way, n, share, np.sqrt(np.maximum(variance * self.inflation, 0.0)))

    def spread(self, moved: Floats) -> Floats:
        """Return the variance of a sum over cases: of its parts in each row, shape (n_rows,) or (n_rows, k).

        It is the sum of squares over what goes together. A hash puts strangers together, too: what they are on
        average (not 0 where actors of one case are no part of the groups) adds up in a square, and is taken out by the
        square of the whole sum, divided by the values of the hash.
        """
        parts = moved[:, None] if moved.ndim == 1 else moved
        single = self.group < 0
        own = parts[single]
        out = (own * self.n[single, None]).T @ own
        together = np.zeros((int(self.group.max(initial=-1)) + 1, parts.shape[1]))
        np.add.at(together, self.group[~single], parts[~single] * self.n[~single, None])
        strangers = np.outer(together.sum(0), together.sum(0)) / self.hashed if self.hashed else 0.0
        return np.asarray((out + together.T @ together - strangers) * self.inflation, dtype=np.float64)


class Shares(NamedTuple):
    """Shares that went a way by a time, way by way: a row for each time at which some went it.

    Parameters
    ----------
    at, way, n : ndarray of int64
        The time's place, the way (`n_ways` is any way), and how many went it then.
    share, error : ndarray of float64
    """

    at: Ints
    way: Ints
    n: Ints
    share: Floats
    error: Floats

    def of(self, way: int) -> Shares:
        """Return the rows of one way."""
        first, last = np.searchsorted(self.way, (way, way + 1))
        mine = slice(first, last)
        return Shares(self.at[mine], self.way[mine], self.n[mine], self.share[mine], self.error[mine])


def curve_band(share: Floats, error: Floats, reach: float | None = None) -> tuple[Floats, Floats]:
    """Return the pointwise band of a cumulative share, made on the scale of ``log(-log(1 - share))``.

    It is 1.96 errors wide to each side unless `reach` says otherwise. nan where the share is 0 or 1: nothing has been
    seen, or nobody is left.
    """
    rest = 1 - share
    inside = (share > 0) & (rest > 1e-15)
    kept = np.where(inside, rest, 0.5)
    width = np.minimum((two_sided_z() if reach is None else reach) * error / (kept * -np.log(kept)), 500.0)
    high, low = 1 - kept ** np.exp(width), 1 - kept ** np.exp(-width)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def first_time(time: Ints, share: Floats, wanted: float) -> float:
    """Return the first time at which a cumulative share is reached; nan when it never is."""
    with np.errstate(invalid="ignore"):
        hit = np.flatnonzero(share >= wanted - 1e-12)
    return float(time[hit[0]]) if len(hit) else float("nan")


def restricted_mean(cases: Watched, horizon: int) -> tuple[float, float]:
    """Return the mean time until something happens, counted up to `horizon`, and its standard error.

    References
    ----------
    P. Royston, M. K. B. Parmar (2013), Restricted mean survival time. BMC Med. Res. Methodol. 13.
    """
    if len(cases.ends.time) == 0:
        return float("nan"), float("nan")
    mean, spared, watched = mean_parts(cases.ends, horizon)
    moved = watched[cases.at] - np.where(cases.way >= 0, spared[cases.at], 0.0)
    return mean, float(np.sqrt(cases.spread(moved)[0, 0]))


def mean_parts(ends: Ends, horizon: int) -> tuple[float, Floats, Floats]:
    """Return a restricted mean and what a case moves it by.

    That is, by time, what one that ends then makes it shorter by, and what one that is watched until then makes it
    longer by.
    """
    inside = ends.time < horizon
    time = np.concatenate((np.zeros(1), ends.time[inside], [float(horizon)]))
    survival = np.concatenate((np.ones(1), ends.survival[inside]))
    areas = survival * np.diff(time)
    after = np.zeros(len(ends.time))
    after[inside] = np.cumsum(areas[::-1])[::-1][1:]  # from each time to the horizon
    n, d = ends.n_at_risk.astype(np.float64), ends.n_ended.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spared = np.where(n > d, after / (n - d), 0.0)
    return float(areas.sum()), spared, np.cumsum(spared * d / n)


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


def log_rank(groups: Sequence[Watched], ways: Sequence[int] | None = None) -> LogRank:
    """Compare the hazards of several groups of cases.

    Parameters
    ----------
    groups : sequence of Watched
    ways : sequence of int, optional
        For each group the way that is compared, all others being censored; by default any.

    Notes
    -----
    Where no cases go together the variance is the hypergeometric one. Where actors have several cases it is the sum
    over actors of what their cases together add to observed minus expected, squared; an actor with several cases
    in each of several groups is one actor, one with a single case in each is several.

    References
    ----------
    N. Mantel (1966), Evaluation of survival data and two new rank order statistics. Cancer Chemother. Rep. 50.
    E. W. Lee, L. J. Wei, D. A. Amato (1992), in: Survival Analysis: State of the Art (cases that go together).
    """
    came = [cases.way >= 0 if ways is None else cases.way == ways[g] for g, cases in enumerate(groups)]
    own = [cases.ends.time[cases.at[some]] for cases, some in zip(groups, came, strict=True)]
    grid = np.unique(np.concatenate([*own, np.zeros(0, np.int64)]))
    d, n = np.zeros((len(groups), len(grid))), np.zeros((len(groups), len(grid)))
    for g, cases in enumerate(groups):
        np.add.at(d[g], np.searchsorted(grid, own[g]), cases.n[came[g]])
        after = np.searchsorted(cases.ends.time, grid)  # the first own time not before it
        n[g] = np.append(cases.ends.n_at_risk, 0)[after]
    total_d, total_n = d.sum(0), n.sum(0)
    share: Any = n / np.maximum(total_n, 1)
    expected = (share * total_d).sum(1)
    if any(cases.clustered for cases in groups):
        variance = _clustered_variance(groups, came, grid, share, total_d / np.maximum(total_n, 1))
    else:
        spread = np.where(total_n > 1, total_d * (total_n - total_d) / np.maximum(total_n - 1, 1), 0.0)
        variance = np.diag((share * spread).sum(1)) - (share * spread) @ share.T
    excess = (d.sum(1) - expected)[:-1]
    inner = variance[:-1, :-1]
    df = int(np.linalg.matrix_rank(inner)) if inner.size and np.isfinite(inner).all() else 0
    statistic = float(excess @ np.linalg.pinv(inner) @ excess) if df else float("nan")
    p_value = float(special.chdtrc(df, statistic)) if df else float("nan")
    return LogRank(statistic, df, p_value, tuple(d.sum(1).tolist()), tuple(expected.tolist()))


def _clustered_variance(
    groups: Sequence[Watched],
    came: Sequence[npt.NDArray[np.bool_]],
    grid: Ints,
    share: Floats,
    hazard: Floats,
) -> Floats:
    """Return the covariance of observed minus expected, with the cases of an actor taken together."""
    lived = np.append(0.0, np.cumsum(hazard))
    weighed = np.concatenate((np.zeros((len(groups), 1)), np.cumsum(share * hazard, axis=1)), axis=1)
    parts = []
    for g, cases in enumerate(groups):
        time = cases.ends.time[cases.at]
        until = np.searchsorted(grid, time, side="right")  # hazards up to the case's own time
        ended = came[g].astype(np.float64)
        at = np.minimum(np.searchsorted(grid, time), max(len(grid) - 1, 0))
        moved = weighed[:, until] - (share[:, at] * ended if len(grid) else 0.0)
        moved[g] += ended - lived[until]
        parts.append(moved.T)
    empty = np.zeros(0, np.int64)
    whole = Watched(
        Ends(empty, empty, empty, empty), empty, empty,
        np.concatenate([cases.group for cases in groups]), np.concatenate([cases.n for cases in groups]), 0,
        max(cases.hashed for cases in groups),
    )  # fmt: skip
    return whole.spread(np.concatenate(parts))
