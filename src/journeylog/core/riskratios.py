"""Shares of those who did something and of those at risk who did not, pooled over strata, with the spread of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.counts import Coded, Table
from journeylog.core.intervals import LEVEL, clopper_pearson
from journeylog.core.risksets import GROUPS

__all__ = ["Pooled", "pool_strata"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: What is left out, in this order, for those at whose place, position and time nobody stood who did not do it.
_COARSER = (("elapsed",), ("elapsed", "position"))


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
        Groups that hold somebody who did it, less one.
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

    def lift(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the ratio of the shares, its bounds (made on the scale of logarithms) and its two-sided p-value.

        Where none of those who did it reached the goal, the upper bound is that of their exact share and p is the
        probability of that under the share of the rest, doubled. Where none of the rest did, nothing is known.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            lift = np.where(self.rest > 0, self.did / self.rest, np.nan)
            own, other, both = self.spread.T
            error = np.sqrt(
                np.maximum(own / self.did**2 + other / self.rest**2 - 2 * both / (self.did * self.rest), 0)
            )
            half = self._quantile() * error
            low, high = lift * np.exp(-half), lift * np.exp(half)
            p = 2 * special.stdtr(np.maximum(self.df, 1), -np.abs(np.log(lift)) / error)
            none = (self.did == 0) & (self.rest > 0)
            low, high = np.where(none, 0.0, low), np.where(none, self._most() / self.rest, high)
            p = np.where(none, np.minimum(2 * (1 - self.rest) ** self.n_did, 1), p)
        known = np.isfinite(lift) & (self.df > 0)
        return lift, np.where(known, low, np.nan), np.where(known, high, np.nan), np.where(known, p, np.nan)

    def difference(self) -> tuple[Floats, Floats, Floats]:
        """Return the difference of the shares and its bounds, which stay between -1 and 1."""
        own, other, both = self.spread.T
        gap = self.did - self.rest
        half = self._quantile() * np.sqrt(np.maximum(own + other - 2 * both, 0))
        high = np.where(self.did == 0, np.hypot(half, self._most()), half)
        known = self.df > 0
        return (
            gap,
            np.where(known, np.maximum(gap - half, -1), np.nan),
            np.where(known, np.minimum(gap + high, 1), np.nan),
        )

    def _quantile(self) -> Floats:
        return np.asarray(special.stdtrit(np.maximum(self.df, 1), 0.5 + LEVEL / 2), dtype=np.float64)

    def _most(self) -> Floats:
        """Return the exact upper bound of a share of which nothing was seen."""
        return clopper_pearson(np.zeros(len(self.n_did)), self.n_did)[1]


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
    left = np.flatnonzero(did[0].any(1))
    parts, owners = [], []
    for dropped in ((), *_COARSER):
        names = [name for name in stood.keys if name not in dropped]
        stratum, place = _strata(rows, stood, names)
        wide = 1 + int(max(stratum.max(initial=-1), place.max(initial=-1)))
        cell = moments * wide + stratum
        cells, mine = np.unique(cell[left], return_inverse=True)
        known = np.flatnonzero(np.isin(cell, cells)) if dropped else left
        doing = _sums(did[:, left], mine, len(cells))
        gone = _sums(met[:, known], np.searchsorted(cells, cell[known]), len(cells))
        sides = np.concatenate((doing, _sums(there, place, wide)[:, cells % max(wide, 1)] - gone))
        paired = sides[2].any(1)
        parts.append(sides[:, paired])
        owners.append(cells[paired] // max(wide, 1))
        left = left[~paired[mine]]
        if len(left) == 0:
            break
    alone = _sums(did[:1, left], moments[left], n_moments)[0].sum(1)
    return _pooled(np.concatenate(parts, axis=1), np.concatenate(owners), n_moments, alone)


def _pooled(sides: Ints, owner: Ints, n_moments: int, alone: Ints) -> Pooled:
    """Pool the strata of each moment; `sides` are who did it and those of them that reach the goal, and the rest."""
    whole = sides.sum(2, keepdims=True)
    left = np.concatenate((whole, whole - sides), axis=2).astype(np.float64)  # all, then each group left out
    n = left[0] + left[2]
    n[n == 0] = 1
    terms = np.stack((left[2] * left[1], left[0] * left[3], left[0] * left[2])) / n
    did, rest, weight = _sums(terms, owner, n_moments)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.stack((did, rest)) / weight
    counts = _sums(whole, owner, n_moments)[..., 0]
    here = _sums(sides[:1], owner, n_moments)[0]
    some = (here + _sums(sides[2:3], owner, n_moments)[0]) > 0
    spread = _jackknife(shares[:, :, 1:], some)
    everybody = (counts[1] == counts[0]) & (
        counts[0] > 0
    )  # nothing varies among them: as with half of one who did not
    likely = (counts[0] + 0.5) / (counts[0] + 1)
    floor = likely * (1 - likely) / np.maximum(counts[0], 1)
    spread[:, 0] = np.where(everybody, np.maximum(spread[:, 0], floor), spread[:, 0])
    df = np.maximum((here > 0).sum(1) - 1, 0)
    n_did, n_did_goal, n_not, n_not_goal = counts
    return Pooled(n_did, n_did_goal, n_not, n_not_goal, alone, shares[0, :, 0], shares[1, :, 0], spread, df)


def _jackknife(shares: Floats, some: npt.NDArray[np.bool_]) -> Floats:
    """Return the variances of both shares and their covariance from leaving out one group at a time."""
    n = some.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(some, shares, 0).sum(2) / n
        off = np.where(some, shares - mean[..., None], 0)
        factor = (n - 1) / n
        own, other = factor * (off * off).sum(2)
        return np.asarray(np.stack((own, other, factor * (off[0] * off[1]).sum(1)), axis=1), dtype=np.float64)


def _grids(table: Table, word: str) -> Ints:
    """Return a count and its goals; shape (2, rows, groups)."""
    columns = [[table.values[f"{name}_{g:02}"] for g in range(GROUPS)] for name in (word, f"{word}_goal")]
    return np.asarray(columns, dtype=np.int64).transpose(0, 2, 1)


def _strata(rows: Table, stood: Table, names: list[str]) -> tuple[Ints, Ints]:
    """Return the stratum of each row of both tables, by the keys called so."""
    mine, theirs = np.zeros(len(rows), np.int64), np.zeros(len(stood), np.int64)
    for name in names:
        column = stood.keys[name]
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


def _sums(grids: npt.NDArray[Any], group: Ints, n_groups: int) -> npt.NDArray[Any]:
    """Return the sums of the rows of each group; shape (grids, groups, columns)."""
    out = np.zeros((grids.shape[0], n_groups, grids.shape[2]), grids.dtype)
    if len(group):
        if (group[1:] < group[:-1]).any():
            order = np.argsort(group, kind="stable")
            group, grids = group[order], grids[:, order]
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        out[:, group[starts]] = np.add.reduceat(grids, starts, axis=1)
    return out
