"""The search for what has to be hidden, so that no small number can be worked out from those that are told."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack

__all__ = ["FIXED", "Found", "Numbers", "search"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: The rank of numbers that are told whatever they give away.
FIXED: Final = 99
_NEAR: Final = 1e-6
#: So many numbers are looked at together; all others are taken as known, which hides rather more.
_FAR: Final = 2000
#: The same with more small groups than `_MANY`; nothing is then told again, as it would take too long.
_NEAR_BY, _MANY = 300, 200
#: With more small groups than this, every sum is safe in itself, and not all of them together.
_MOST: Final = 600


class Numbers(NamedTuple):
    """Numbers by their place, and the rules between them.

    Parameters
    ----------
    values, least : list of float
        The numbers, and what everybody knows they are at least.
    ranks : list of int
        Which are hidden first; below zero those not told at all.
    groups : list of bool
        Whether they count a group.
    few : set of int
        Those of few customers, however large they are.
    rules : list of (places, weights, equal)
        Weighted sums that are zero, or at least zero.
    """

    values: list[float]
    least: list[float]
    ranks: list[int]
    groups: list[bool]
    few: set[int]
    rules: list[tuple[list[int], list[float], bool]]


class Found(NamedTuple):
    """What is hidden, what is small, between which bounds anybody knows the numbers to lie, and what is given away."""

    hidden: Bools
    few: Bools
    low: Floats
    high: Floats
    given: list[int]


def search(numbers: Numbers, k: int) -> Found:
    """Return what is hidden; see :meth:`journeylog.core.disclosure.Books.hide`. A number without a bound is at most inf."""
    return _Search(numbers, k).run()


class _Search:
    """The search for what has to be hidden."""

    def __init__(self, numbers: Numbers, k: int) -> None:
        self.k = k
        self.v = np.array(numbers.values, np.float64)
        self.rank = np.array(numbers.ranks, np.int64)
        self.group = np.array(numbers.groups, bool)
        self.few = self.group & (self.v > 0) & (self.v < k - _NEAR)
        self.few[list(numbers.few)] = True
        self.hidden = self.few & (self.rank >= 0) & (self.rank < FIXED)
        self.far = _FAR if self.few.sum() <= _MANY else _NEAR_BY
        self.cap = 10.0 * (np.abs(self.v).max(initial=0.0) + k)
        self.least = np.maximum(np.array(numbers.least, np.float64), -self.cap)
        n, rules = len(self.v), numbers.rules
        rows = np.repeat(np.arange(len(rules)), np.array([len(rule[0]) for rule in rules], np.int64))
        at = np.array([i for rule in rules for i in rule[0]], np.int64)
        weight = np.array([w for rule in rules for w in rule[1]], np.float64)
        self.entry = rows, at, weight
        self.rules: Any = csr_array((weight, (rows, at)), shape=(len(rules), n))
        self.of: Any = csr_array(self.rules.T)
        self.equal = np.array([rule[2] for rule in rules], bool)

    def run(self) -> Found:
        given: list[int] = []
        if len(self.equal):
            self._hide_by_rules()
            for sign in (1.0, -1.0) if self.few.sum() <= _MOST else ():
                open_ends = self._wanted(sign)
                self._look(open_ends, sign)
                given += [int(i) for i in np.flatnonzero(open_ends) if not self._free(int(i), sign)]
            self._release(given)
        low, high = self._spans()
        return Found(self.hidden, self.few, low, np.where(high < self.cap / 2, high, np.inf), given)

    def _hide_by_rules(self) -> None:
        """Hide what is needed within single rules: first what helps in most of them."""
        row, at, weight = self.entry
        twice = np.concatenate([np.arange(len(row)), np.flatnonzero(self.equal[row])])
        sign = np.where(np.arange(len(twice)) < len(row), 1.0, -1.0)  # an equation holds both ways
        row, at, weight = row[twice] + np.where(sign < 0, len(self.equal), 0), at[twice], weight[twice] * sign
        while True:
            low, high = self._bounds()
            ends = np.where(weight > 0, weight * high[at], weight * low[at])
            bound = -(np.bincount(row, ends, 2 * len(self.equal))[row] - ends) / weight
            x = np.where(weight > 0, np.maximum(low[at], bound), np.minimum(high[at], bound))
            tight = self._wanted(1.0)[at] & (weight < 0) & ~self._reached(x, 1.0, at)
            tight |= self._wanted(-1.0)[at] & (weight > 0) & ~self._reached(x, -1.0, at)
            able = (self.rank >= 0) & (self.rank < FIXED) & ~self.hidden & (self.v != 0)
            helps = np.zeros(2 * len(self.equal), bool)
            helps[row[tight]] = True
            mine = helps[row] & able[at]
            if not mine.any():
                return
            need = np.zeros(len(helps))
            np.maximum.at(need, row[tight], self._enough(1.0)[at[tight]] - self.v[at[tight]])
            room = np.where(self.group[at], self.v[at] - self.k, np.abs(self.v[at])) >= need[row]
            good = np.bincount(at[mine & ((weight > 0) | room)], minlength=len(self.v))
            some = np.unique(at[mine])
            order = np.lexsort((some, np.abs(self.v[some]), -good[some], self.rank[some]))
            self.hidden[some[order[0]]] = True

    def _wanted(self, sign: float) -> Bools:
        """Return whose bound has to be looked at: small groups that are not at it already."""
        return self.few & (self.hidden | (self.rank < 0)) & ~self._reached(self.v, sign)

    def _reached(self, x: Floats, sign: float, at: Any = slice(None)) -> Bools:
        """Return of which numbers these are as far up (or down) as they have to be possible."""
        return np.asarray(sign * x >= sign * self._enough(sign)[at] - _NEAR)

    def _enough(self, sign: float) -> Floats:
        """Return how far up (or down) each number has to be possible."""
        counted, spread = self.v < self.k, (self.k - 1) / 2  # of many moves of few customers
        if sign > 0:
            return np.where(counted, float(self.k), self.v + spread)
        return np.where(counted, max(self.k - 2.0, 1.0), np.maximum(self.v - spread, 1.0))

    def _bounds(self) -> tuple[Floats, Floats]:
        """Return between what every number lies for who knows which of those hidden are small."""
        low, high = self.least.copy(), np.full(len(self.v), self.cap)
        known = (self.rank >= 0) & ~self.hidden
        low[known] = high[known] = self.v[known]
        labelled = self.hidden & self.group
        low[labelled] = np.where(self.few[labelled], 1.0, float(self.k))
        return low, high

    def _look(self, open_ends: Bools, sign: float) -> None:
        """Close the open ends that are found to be possible, as many at once as can be."""
        for first in np.flatnonzero(open_ends).tolist():
            n = 1 if open_ends[first] else 0
            while n:
                mine = self._around(first, self.far)
                wanted = mine[open_ends[mine]]
                found = self._programme(mine, wanted, sign) if len(wanted) else None
                closed = self._possible(mine, found, sign) & open_ends
                open_ends &= ~closed
                n = int(closed.sum())

    def _possible(self, mine: Ints, found: Any, sign: float) -> Bools:
        """Return which numbers a solution has far enough."""
        x = self.v.copy()
        if found is not None and found.x is not None:
            x[mine] = found.x
        return self._reached(x, sign)

    def _free(self, first: int, sign: float) -> bool:
        """Hide what keeps a number from being possible; return whether it then is."""
        while True:
            mine = self._around(first, self.far, known=True)
            found = self._programme(mine, np.array([first]), sign)
            if self._possible(mine, found, sign)[first]:
                return True
            if not self._hide_one(mine, found, first, sign):
                return False

    def _around(self, first: int, most: int, known: bool = False) -> Ints:
        """Return the numbers not known that hang together with one, the nearest; and those `known` beside them."""
        free = (self.rank < 0) | self.hidden
        seen, edge, n = np.zeros(len(self.v), bool), np.array([first]), 1
        seen[first] = True
        rows = np.zeros(len(self.equal), bool)
        while len(edge) and n < most:
            touched = np.unique(self.of[edge].indices)
            new = touched[~rows[touched]]
            rows[new] = True
            edge = np.unique(self.rules[new].indices)
            edge = edge[free[edge] & ~seen[edge]]
            edge = edge[np.argsort(self.few[edge], kind="stable")][: most - n]
            seen[edge] = True
            n += len(edge)
        if known:
            beside = self.rules[np.unique(self.of[np.flatnonzero(seen)].indices)].indices
            seen[beside[~free[beside]]] = True
        return np.flatnonzero(seen)

    def _programme(self, mine: Ints, wanted: Ints, sign: float, kept: Ints | None = None) -> Any:
        """Return the possible numbers for which those wanted are largest or smallest, all but some being as they are.

        With `kept` those for which the one that is wanted is just far enough, and what is kept changes least.
        """
        low, high = (bound[mine] for bound in self._bounds())
        rows = np.unique(self.of[mine].indices)
        matrix, equal = self.rules[rows][:, mine], self.equal[rows]
        rest = self.rules[rows] @ self.v - matrix @ self.v[mine]
        aim, at = np.zeros(len(mine)), np.searchsorted(mine, wanted)
        aim[at] = -sign
        enough = self._enough(sign)[wanted]
        if sign > 0:  # just far enough, so that many can be so at once
            high[at] = np.maximum(np.minimum(high[at], enough), low[at])
        else:
            low[at] = np.minimum(np.maximum(low[at], enough), high[at])
        less, limit = -matrix[~equal], rest[~equal]
        if kept is not None:
            (low if sign > 0 else high)[at] = enough
            place, one = np.searchsorted(mine, kept), np.ones(len(kept))
            pick = csr_array((one, (np.arange(len(kept)), place)), shape=(len(kept), len(mine)))
            more, none = eye_array(len(kept), format="csr"), csr_array((matrix.shape[0], len(kept)))
            matrix = hstack([matrix, none], format="csr")
            less = vstack(
                [hstack([less, none[~equal]]), hstack([pick, -more]), hstack([-pick, -more])], format="csr"
            )
            limit = np.concatenate([limit, self.v[kept], -self.v[kept]])
            aim = np.concatenate([0 * aim, one])
            low = np.concatenate([low, 0 * one])
            high = np.concatenate([high, one * self.cap])
        ask: Any = linprog  # its stubs know only some of what SciPy takes
        return ask(
            aim,
            A_ub=less if less.shape[0] else None,
            b_ub=limit if less.shape[0] else None,
            A_eq=matrix[equal] if equal.any() else None,
            b_eq=-rest[equal] if equal.any() else None,
            bounds=np.column_stack([low, high]),
            method="highs",
        )  # fmt: skip

    def _hide_one(self, mine: Ints, found: Any, first: int, sign: float) -> bool:
        """Hide the number that keeps another from being possible; return whether there was any."""
        if found.x is None:
            return False
        bind = np.abs(found.lower.marginals + found.upper.marginals)
        known = (self.rank[mine] >= 0) & (self.rank[mine] < FIXED) & ~self.hidden[mine]
        able = known & (bind > _NEAR) & (self.v[mine] != 0)
        if not able.any():
            return False
        some = mine[able]
        room = np.where(self.group[some], self.v[some] - self.k, np.abs(self.v[some]))
        short = max(self.k - self.v[first], 0.0) if sign > 0 else 0.0
        order = np.lexsort((some, np.abs(self.v[some]), room < short, self.rank[some]))
        self.hidden[some[order[0]]] = True
        return True

    def _release(self, given: list[int]) -> None:
        """Tell again what was hidden in company and is not needed.

        For each small group numbers are sought that are possible, have it far enough, and leave as many as can be of
        those in company as they are. Whom none of these solutions moves may be told: all of them stay possible.
        """
        company = self.hidden & ~self.few
        if self.few.sum() > _MANY:
            return
        moved = np.zeros(len(self.v), bool)
        for sign in (1.0, -1.0):
            wanted = np.flatnonzero(self._wanted(sign))
            for first in wanted[~np.isin(wanted, given)].tolist():
                mine = self._around(first, self.far)
                kept = mine[company[mine] & ~moved[mine]]
                found = self._programme(mine, np.array([first]), sign, kept)
                if found.x is None:
                    found = self._programme(
                        mine := self._around(first, self.far), np.array([first]), sign, mine[:0]
                    )
                if found.x is None:
                    return
                moved[mine] |= np.abs(found.x[: len(mine)] - self.v[mine]) > _NEAR
        self.hidden &= self.few | moved

    def _spans(self) -> tuple[Floats, Floats]:
        """Return what numbers are at least and at most, as far as single rules tell."""
        low, high = self._bounds()
        rows = np.unique(self.of[np.flatnonzero(self.hidden)].indices)
        for row in rows.tolist():
            part = slice(self.rules.indptr[row], self.rules.indptr[row + 1])
            at, weight = self.rules.indices[part], self.rules.data[part]
            for sign in (1.0, -1.0) if self.equal[row] else (1.0,):
                side = sign * weight  # side * x >= -(the most of all others)
                ends = np.where(side > 0, side * high[at], side * low[at])
                bound = -(ends.sum() - ends) / side
                up = side > 0
                low[at[up]] = np.maximum(low[at[up]], bound[up])
                high[at[~up]] = np.minimum(high[at[~up]], bound[~up])
        return np.ceil(low - _NEAR), np.floor(high + _NEAR)
