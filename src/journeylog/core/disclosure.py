"""What can be worked out from numbers that are told: small groups are hidden, and what would give them away."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack

__all__ = ["FIXED", "Books", "Hidden"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Key = Hashable

#: The rank of numbers that are told whatever they give away.
FIXED: Final = 9
_NEAR: Final = 1e-6
#: So many numbers are looked at together; all others are then taken as known, which hides rather more.
_LOCAL: Final = 2000


@dataclass(frozen=True)
class Hidden:
    """What is not told.

    Parameters
    ----------
    gone : frozenset of keys
        The numbers hidden.
    few : frozenset of keys
        Those of small groups, told or not.
    least, most : dict of key to float
        What a hidden number that is not of a small group is at least and at most; anybody can work that out.
    given : frozenset of keys
        Small groups that numbers of rank :data:`FIXED` give away.
    """

    gone: frozenset[Key]
    few: frozenset[Key]
    least: Mapping[Key, float]
    most: Mapping[Key, float]
    given: frozenset[Key]

    def __contains__(self, key: Key) -> bool:
        """Return whether a number is hidden."""
        return key in self.gone


@dataclass
class Books:
    """Numbers that are told of customers, and how they make each other up.

    Every number has a key; what is the same number in two tables has one key. Sums and bounds that a reader knows to
    hold between numbers, told or not, are entered once, whichever tables they stand in.

    Examples
    --------
    Of 50 journeys, 2 went to help: were the other ways told, a subtraction would tell that number.

    >>> books = Books()
    >>> ways = {"buy": 40, "help": 2, "leave": 8}
    >>> for name, n in {"all": 50, **ways}.items():
    ...     books.tell(name, n, rank=2 if name == "all" else 0)
    >>> books.sums("all", ways)
    >>> hidden = books.hide(5)
    >>> sorted(hidden.gone), hidden.most
    (['help', 'leave'], {'leave': 9.0})
    """

    _place: dict[Key, int] = field(default_factory=dict)
    _values: list[float] = field(default_factory=list)
    _least: list[float] = field(default_factory=list)
    _ranks: list[int] = field(default_factory=list)
    _group: list[bool] = field(default_factory=list)
    _few: set[int] = field(default_factory=set)
    _rules: list[tuple[list[int], list[float], bool]] = field(default_factory=list)

    def know(self, key: Key, value: float, *, least: float = 0.0, group: bool = True) -> None:
        """Enter a number that is not told itself.

        Parameters
        ----------
        key : hashable
        value : float
        least : float
            What everybody knows it is at least.
        group : bool
            Whether it counts a group: from 1 to ``k - 1`` it is small.
        """
        place = self._place.setdefault(key, len(self._values))
        if place == len(self._values):
            self._values.append(float(value))
            self._least.append(least)
            self._ranks.append(-1)
            self._group.append(group)

    def tell(self, key: Key, value: float, *, rank: int = 0, least: float = 0.0, group: bool = True) -> None:
        """Enter a number that is told; of several that would do, that of the lowest `rank` is hidden in company."""
        self.know(key, value, least=least, group=group)
        place = self._place[key]
        self._ranks[place] = max(self._ranks[place], rank)

    def few(self, key: Key) -> None:
        """Say that a number is of few customers, however large it is."""
        self._few.add(self._place[key])

    def value(self, key: Key) -> float:
        """Return a number; 0 if it was never entered."""
        return self._values[self._place[key]] if key in self._place else 0.0

    def __contains__(self, key: Key) -> bool:
        """Return whether a number was entered."""
        return key in self._place

    def is_few(self, key: Key) -> bool:
        """Return whether a number was said to be of few customers."""
        return self._place.get(key, -1) in self._few

    def sums(self, total: Key, parts: Iterable[Key]) -> None:
        """Enter that a number is the sum of others; parts that were never entered are 0."""
        self._rule({total: -1.0}, dict.fromkeys(parts, 1.0), equal=True)

    def weighs(self, total: Key, parts: Mapping[Key, float]) -> None:
        """Enter that a number is a weighted sum of others."""
        self._rule({total: -1.0}, parts, equal=True)

    def holds(self, less: Mapping[Key, float], more: Iterable[Key]) -> None:
        """Enter that some numbers, weighted, are together at most what others are together."""
        self._rule({key: -w for key, w in less.items()}, dict.fromkeys(more, 1.0), equal=False)

    def _rule(self, one: Mapping[Key, float], other: Mapping[Key, float], *, equal: bool) -> None:
        weights: dict[int, float] = {}
        for side in (one, other):
            for key, weight in side.items():
                if key in self._place:
                    place = self._place[key]
                    weights[place] = weights.get(place, 0.0) + weight
        weights = {place: weight for place, weight in weights.items() if weight}
        rest = sum(weight * self._values[place] for place, weight in weights.items())
        scale = _NEAR * (1.0 + sum(abs(self._values[place]) for place in weights))
        # What does not hold here is no relation of these tables, so that nobody can make use of it.
        if weights and (abs(rest) <= scale if equal else rest >= -scale):
            self._rules.append((list(weights), list(weights.values()), equal))

    def hide(self, k: int) -> Hidden:
        """Return what is hidden so that no small group can be worked out.

        Parameters
        ----------
        k : int
            Groups of 1 to ``k - 1`` are small.

        Notes
        -----
        Of a small group the number is hidden, and others in company with it until, for all that is told, the group may
        as well have `k` members or more, also for who knows which hidden numbers are in company only; and until who
        knows that it is small cannot tell how small. Of many moves of few customers the number may as well be
        ``(k - 1) / 2`` higher or lower. What is possible are the bounds of a linear programme. Where they are too near,
        a told number that its dual solution names is hidden, the least important first, then the smallest that is large
        enough. Afterwards what is in company and not needed is told again.

        References
        ----------
        M. Fischetti, J.-J. Salazar-Gonzalez (2001), Solving the cell suppression problem on tabular data with linear
        constraints. Management Science 47.
        """
        return _Search(self, k).run()


class _Search:
    """The search for what has to be hidden."""

    def __init__(self, books: Books, k: int) -> None:
        self.k, self.keys = k, list(books._place)
        self.v = np.array(books._values, np.float64)
        self.least = np.array(books._least, np.float64)
        self.rank = np.array(books._ranks, np.int64)
        self.group = np.array(books._group, bool)
        n = len(self.v)
        self.few = self.group & (self.v > 0) & (self.v < k - _NEAR)
        self.few[list(books._few)] = True
        self.hidden = self.few & (self.rank >= 0) & (self.rank < FIXED)
        self.cap = 10.0 * (np.abs(self.v).max(initial=0.0) + k)
        self.least = np.maximum(self.least, -self.cap)
        rows = np.repeat(np.arange(len(books._rules)), [len(rule[0]) for rule in books._rules])
        at = np.array([i for rule in books._rules for i in rule[0]], np.int64)
        weight = np.array([w for rule in books._rules for w in rule[1]], np.float64)
        self.entry = rows, at, weight
        self.rules: Any = csr_array((weight, (rows, at)), shape=(len(books._rules), n))
        self.of: Any = csr_array(self.rules.T)
        self.equal = np.array([rule[2] for rule in books._rules], bool)

    def run(self) -> Hidden:
        self._hide_by_rules()
        given = []
        for sign in (1.0, -1.0):
            together, open_ends = True, self._wanted(sign)
            while open_ends.any():
                first = int(np.flatnonzero(open_ends)[0])
                mine = self._around(first)
                some = mine[open_ends[mine]] if together else np.array([first])
                found = self._programme(mine, some, sign)
                possible = self.v.copy()
                if found.x is not None:
                    possible[mine] = found.x
                left = open_ends & ~self._reached(possible, sign)
                if not together and left[first] and not self._hide_one(mine, found, first, sign):
                    given.append(first)
                    left[first] = False
                together, open_ends = bool((open_ends & ~left)[some].sum() > 1) and together, left
        self._release(given)
        gone = np.flatnonzero(self.hidden)
        low, high = self._spans()
        apart = [i for i in gone if not self.few[i] and high[i] < self.cap / 2]
        return Hidden(
            frozenset(self.keys[i] for i in gone),
            frozenset(self.keys[i] for i in np.flatnonzero(self.few)),
            {self.keys[i]: float(low[i]) for i in apart},
            {self.keys[i]: float(high[i]) for i in apart},
            frozenset(self.keys[i] for i in given),
        )

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

    def _around(self, first: int) -> Ints:
        """Return the numbers that are not known and hang together with one, and those that are known beside them."""
        free = (self.rank < 0) | self.hidden
        seen, edge = np.zeros(len(self.v), bool), np.array([first])
        seen[first] = True
        rows = np.zeros(len(self.equal), bool)
        while len(edge) and (seen & free).sum() < _LOCAL:
            touched = np.unique(self.of[edge].indices)
            new = touched[~rows[touched]]
            rows[new] = True
            edge = np.unique(self.rules[new].indices)
            edge = edge[~seen[edge]]
            seen[edge] = True
            edge = edge[free[edge]]
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
        less, limit = -matrix[~equal], rest[~equal]
        if kept is not None:
            enough = self._enough(sign)[wanted]
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
        moved = np.zeros(len(self.v), bool)
        for sign in (1.0, -1.0):
            wanted = np.flatnonzero(self._wanted(sign))
            for first in wanted[~np.isin(wanted, given)].tolist():
                mine = self._around(first)
                kept = mine[company[mine] & ~moved[mine]]
                found = self._programme(mine, np.array([first]), sign, kept)
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
