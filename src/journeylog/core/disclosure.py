"""What can be worked out from numbers that are told: small groups are hidden, and what would give them away."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from journeylog.core.suppression import FIXED, Numbers, search

__all__ = ["FIXED", "Books", "Hidden"]

Key = Hashable

_NEAR: Final = 1e-6


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
        numbers = Numbers(self._values, self._least, self._ranks, self._group, self._few, self._rules)
        found, keys = search(numbers, k), list(self._place)
        apart = [i for i in found.hidden.nonzero()[0] if not found.few[i] and found.high[i] < float("inf")]
        return Hidden(
            frozenset(keys[i] for i in found.hidden.nonzero()[0]),
            frozenset(keys[i] for i in found.few.nonzero()[0]),
            {keys[i]: float(found.low[i]) for i in apart},
            {keys[i]: float(found.high[i]) for i in apart},
            frozenset(keys[i] for i in found.given),
        )
