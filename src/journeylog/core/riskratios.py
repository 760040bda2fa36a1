"""Shares of those who did something and of those at risk who did not, pooled over strata, with the spread of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.counts import Coded, Table
from journeylog.core.differences import Estimates, difference, ratio_of
from journeylog.core.intervals import LEVEL, two_sided_z, wilson
from journeylog.core.kernels.pooling import add_columns, pool_sides
from journeylog.core.risksets import GROUPS

__all__ = ["Pooled", "pool_strata"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pooled:
    """Both shares of each moment, pooled over its strata with the weights of Mantel and Haenszel.

    Parameters
    ----------
    n_did, n_did_goal, n_not, n_not_goal, n_alone : ndarray of int64
        Stands that are compared; `n_alone` did it where nobody stood who did not.
    did, rest : ndarray of float64
        The two shares; nan where nothing can be compared.
    spread : ndarray of float64, shape (moments, 3)
        Variances of the two shares and their covariance: the delete-a-group jackknife over groups of actors.
    df : ndarray of int64
        Groups that can tell, less one: those with somebody who did it, with somebody who reached the goal, or with
        somebody who did not, whichever are fewest.

    Notes
    -----
    Each share gets a score interval with as many independent trials as its variance is worth (Korn and Graubard); the
    intervals of ratio and difference are made of both (Zou and Donner), knowing how the shares vary together. Symmetric
    ones on the scale of logarithms find too much where few did it and by chance nearly all of them reach the goal.

    References
    ----------
    E. L. Korn, B. I. Graubard (1998), Survey Methodology 24. G. Y. Zou, A. Donner (2008), Stat. Med. 27.
    """

    n_did: Ints
    n_did_goal: Ints
    n_not: Ints
    n_not_goal: Ints
    n_alone: Ints
    did: Floats
    rest: Floats
    spread: Floats
    df: Ints

    def lift(self) -> Estimates:
        """Return the ratio of the shares with its bounds; nan where none of the rest reached the goal."""
        did, rest = self._sides()
        return ratio_of(rest, did, self._correlation())

    def difference(self) -> Estimates:
        """Return the difference of the shares with its bounds."""
        did, rest = self._sides()
        return difference(rest, did, self._correlation())

    def p_value(self) -> Floats:
        """Return the two-sided p-value: that of the lift's interval, or the exact one of the few who did it if larger.

        Far out in the tails an interval says too much where a handful of goals was expected.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            lift, gap = (np.log(part) for part in self.lift()), self.difference()
            plain = (self.did > 0) & (self.rest > 0)
            value, low, high = (np.where(plain, one, other) for one, other in zip(lift, gap, strict=True))
            towards = np.where(value > 0, value - low, high - value)
            sure = np.where(value == 0, 0.0, np.abs(value) / towards)
            p = 2 * special.stdtr(np.maximum(self.df, 1), -self._quantile() * sure)
            p = np.fmin(np.fmax(p, self._exact()), 1.0)
        return np.asarray(np.where(towards >= 0, p, np.nan), dtype=np.float64)

    def _exact(self) -> Floats:
        """Return twice the binomial tail of the goals of those who did it, at the share of the rest."""
        n = self._worth()[0]
        k = self.did * n
        more = special.betainc(np.maximum(k, 1e-300), n - k + 1, self.rest)
        fewer = special.betainc(np.maximum(n - k, 1e-300), k + 1, 1 - self.rest)
        return np.asarray(2 * np.where(self.did > self.rest, more, fewer), dtype=np.float64)

    def _quantile(self) -> Floats:
        return np.asarray(special.stdtrit(np.maximum(self.df, 1), 0.5 + LEVEL / 2), dtype=np.float64)

    def _worth(self) -> list[Floats]:
        """Return how many independent trials the spread of each share is worth."""
        wide = (two_sided_z() / self._quantile()) ** 2  # the variance is estimated, too
        found = []
        for share, n, spread in zip(
            (self.did, self.rest), (self.n_did, self.n_not), self.spread.T[:2], strict=True
        ):
            with np.errstate(divide="ignore", invalid="ignore"):
                worth = np.where(spread > 0, share * (1 - share) / spread, n)
            found.append(np.where((share > 0) & (share < 1), worth, n) * wide)
        return found

    def _sides(self) -> list[Estimates]:
        """Return both shares with their score intervals."""
        both = []
        for share, worth in zip((self.did, self.rest), self._worth(), strict=True):
            low, high = wilson(share * worth, worth)
            told = self.df > 0
            both.append(Estimates(share, np.where(told, low, np.nan), np.where(told, high, np.nan)))
        return both

    def _correlation(self) -> Floats:
        own, other, both = self.spread.T
        with np.errstate(divide="ignore", invalid="ignore"):
            r = both / np.sqrt(own * other)
        return np.where((own > 0) & (other > 0), r, 0.0)


def pool_strata(rows: Table, stood: Table, moments: Ints, n_moments: int) -> Pooled:
    """Return the shares of each moment, pooled over strata in which some did it and some at risk did not.

    Parameters
    ----------
    rows, stood : Table
        From :meth:`journeylog.core.risksets.RiskSets.tables`.
    moments : ndarray of int64
        The moment of each row, from 0.
    """
    did, met, there = _grids(rows, "did"), _grids(rows, "met"), _grids(stood, "stood")
    some = np.flatnonzero(did[0].any(0))
    stratum, place = _strata(rows, stood)
    row = np.full(1 + max(stratum.max(initial=-1), place.max(initial=-1)), -1)
    row[place] = np.arange(len(stood))
    nobody = np.zeros((2, GROUPS, 1), np.int64)  # stands where a stratum has no row
    here = np.concatenate((there, nobody), axis=2)[:, :, row[stratum[some]]]
    sides = np.concatenate((did[:, :, some], here - met[:, :, some]))
    alone = ~sides[2].any(0)
    held, lone = np.zeros((4, GROUPS, n_moments), np.int64), np.zeros((GROUPS, n_moments), np.int64)
    terms = np.zeros((3, GROUPS + 1, n_moments))
    pool_sides(sides, np.where(alone, -1, moments[some]), held, terms)
    add_columns(did[0], some[alone], moments[some[alone]], lone)
    return _pooled(held, terms, lone.sum(0))


def _pooled(held: Ints, terms: Floats, alone: Ints) -> Pooled:
    """Read both shares of each moment from what its strata hold; see :func:`pool_sides`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = terms[:2] / terms[2]
    goals, stands = held[1] + held[3], held[0] + held[2]
    telling = np.stack((held[0] > 0, goals > 0, stands > goals)).sum(1)
    spread = _jackknife(shares[:, 1:], stands > 0)
    df = np.maximum(telling.min(0) - 1, 0)
    n_did, n_did_goal, n_not, n_not_goal = held.sum(1)
    return Pooled(n_did, n_did_goal, n_not, n_not_goal, alone, shares[0, 0], shares[1, 0], spread, df)


def _jackknife(shares: Floats, some: npt.NDArray[np.bool_]) -> Floats:
    """Return the variances of both shares and their covariance from leaving out one group at a time."""
    n = some.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(some, shares, 0).sum(1) / n
        off = np.where(some, shares - mean[:, None], 0)
        factor = (n - 1) / n
        own, other = factor * (off * off).sum(1)
        return np.asarray(np.stack((own, other, factor * (off[0] * off[1]).sum(0)), axis=1), dtype=np.float64)


def _grids(table: Table, word: str) -> Ints:
    """Return a count and its goals; shape (2, groups, rows)."""
    columns = [[table.values[f"{name}_{g:02}"] for g in range(GROUPS)] for name in (word, f"{word}_goal")]
    return np.asarray(columns, dtype=np.int64)


def _strata(rows: Table, stood: Table) -> tuple[Ints, Ints]:
    """Return the stratum of each row of both tables: by place, bands and attributes."""
    mine, theirs = np.zeros(len(rows), np.int64), np.zeros(len(stood), np.int64)
    for name, column in stood.keys.items():
        if isinstance(column, Coded):
            codes, known, size = (
                rows.coded(name).onto(column) + 10,
                column.codes + 10,
                len(column.labels) + 10,
            )
        else:
            codes, known = rows.codes(name), column
            size = 1 + int(max(codes.max(initial=0), known.max(initial=0)))
        mine, theirs = mine * size + codes, theirs * size + known
    _, number = np.unique(np.concatenate((mine, theirs)), return_inverse=True)
    return number[: len(rows)], number[len(rows) :]
