"""RFM: how lately, how often and for how much each actor bought, and the groups that follow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.condition import Condition, freeze, matches, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.counts import Counts, Table
from journeylog.core.money import MICRO, check_currencies, find_amounts
from journeylog.core.schema import DAY
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, MissingColumnError, cut
from journeylog.steps.durations import Duration, written_duration

__all__ = ["GROUPS", "NO_ORDERS", "RFM"]

Ints = npt.NDArray[np.int64]
Borders = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

#: The group of actors who never bought.
NO_ORDERS: Final = "no orders"
#: The groups, from those who are worth most now to those who are gone; the order of the column's labels.
GROUPS: Final = (
    "champions", "loyal", "potential loyalists", "new", "promising", "need attention", "about to sleep", "at risk",
    "cannot lose", "hibernating", "lost", NO_ORDERS,
)  # fmt: skip
#: The group by score of recency (rows, 1 to 5) and of frequency and money (columns, 1 to 5).
_GRID: Final = (
    ("lost", "lost", "at risk", "at risk", "cannot lose"),
    ("hibernating", "hibernating", "at risk", "at risk", "cannot lose"),
    ("about to sleep", "about to sleep", "need attention", "loyal", "loyal"),
    ("promising", "potential loyalists", "potential loyalists", "loyal", "loyal"),
    ("new", "potential loyalists", "potential loyalists", "champions", "champions"),
)
_PLACES: Final = np.array([[GROUPS.index(name) for name in row] for row in _GRID], np.int32)
_SCORES: Final = 5
_MEASURES: Final = ("recency", "frequency", "money")
_NEVER: Final = 2**62


class _Habits(NamedTuple):
    """What each actor bought: the time since the last order (below zero: none), how many orders, and for how much."""

    recency: Ints
    frequency: Ints
    money: Ints


@dataclass(frozen=True)
class RFM(Step):
    """Group actors by how lately, how often and for how much they bought, as of the end of the window.

    Recency is the time from an actor's last order to the end of the window, frequency the number of its orders, money
    the sum of their amounts less what was given back. Each gets a score from 1 to 5, and two of them name the group.
    Adds the column of groups, and beside it ``rfm_recency_days`` (whole days), ``rfm_frequency`` and ``rfm_money``; all
    are the same at every event of an actor.

    Parameters
    ----------
    order : condition
        The events that are orders, for example ``"paid"``.
    value : str or None
        The column of amounts. None leaves money out: then frequency alone takes its place.
    currency : str, optional
        The currency whose amounts count; needed where the log has several.
    recency : list of str or timedelta, optional
        Four borders from short to long, for example ``["30d", "90d", "180d", "365d"]``: a last order at most so long ago
        scores 5, 4, 3 and 2. By default the quintiles of the actors with orders.
    frequency, money : list of numbers, optional
        Four borders from small to large: from each of them on the score is 2, 3, 4 and 5. By default the quintiles.
    column : str
        Name of the column that is made.
    settled : tuple of three tuples of int, optional
        What the borders came to in a log: recency in microseconds (longest first), orders, millionths of money. The log
        fills it in.

    Raises
    ------
    ConfigError
        If borders are not four that ascend, or amounts are in several currencies and none is named.
    MissingColumnError
        If the log has no such column of amounts.

    Notes
    -----
    The groups, by the score of recency (down) and of frequency and money (across: the mean of both scores, halves
    rounded up):

    ======  ===============  ===================  ===================  =========  ===========
    score   1                2                    3                    4          5
    ======  ===============  ===================  ===================  =========  ===========
    5       new              potential loyalists  potential loyalists  champions  champions
    4       promising        potential loyalists  potential loyalists  loyal      loyal
    3       about to sleep   about to sleep       need attention       loyal      loyal
    2       hibernating      hibernating          at risk              at risk    cannot lose
    1       lost             lost                 at risk              at risk    cannot lose
    ======  ===============  ===================  ===================  =========  ===========

    These are the usual names and places; in the source the boxes overlap, here each cell belongs to one of them. Who
    never ordered is in the group ``no orders`` and in no quintile.

    Quintiles are cut between values, never through equal ones: a score counts how many of the four quintile borders
    an actor is strictly above, so where most bought once, all of these score 1. An amount below zero at any event
    (a refund) is taken off the money; an order given back is still an order, and an event with an amount below zero is
    none. Orders in other currencies than the one that counts are orders all the same. Events after the window's
    end do not count. Who came late had less time to buy often: in a short
    window the scores tell of that, too.

    All values are integers. Quintiles are of the whole log: they are found by counting equal values in every partition and
    adding up, so no partitioning changes a group.

    References
    ----------
    A. M. Hughes (1994), Strategic Database Marketing. Probus (scores by quintiles). Putler, RFM Analysis for Successful
    Customer Segmentation, https://www.putler.com/rfm-analysis/ (the names and their places).

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.RFM("pay"))
    >>> log.to_pandas().drop_duplicates("actor")[["actor", "rfm", "rfm_frequency", "rfm_money"]]
       actor             rfm  rfm_frequency  rfm_money
    0    ada            lost              1  20.000000
    4    bob  about to sleep              1  35.500000
    7     cy       no orders              0   0.000000
    10   dee       no orders              0   0.000000
    >>> log.steps[-1].settled[1]
    (2, 2, 2, 2)
    """

    order: Condition
    _: KW_ONLY
    value: str | None = "value"
    currency: str | None = None
    recency: Sequence[Duration] | None = None
    frequency: Sequence[int] | None = None
    money: Sequence[float] | None = None
    column: str = "rfm"
    settled: Borders | None = None

    def __post_init__(self) -> None:
        """Check the choices and keep borders as plain data."""
        object.__setattr__(self, "order", freeze(self.order))
        if self.recency is not None:
            written = tuple(written_duration(border, "recency") for border in _four("recency", self.recency))
            _ascending("recency", [parse_duration(border) for border in written], self.recency)
            object.__setattr__(self, "recency", written)
        for name in ("frequency", "money"):
            borders = getattr(self, name)
            if borders is None:
                continue
            kind = int if name == "frequency" else (int, float)
            found = tuple(_four(name, borders))
            if not all(isinstance(b, kind) and not isinstance(b, bool) and abs(b) < 1e12 for b in found):
                raise ConfigError(
                    f"{name}={cut(borders)} are no such numbers. Fix: for example {_EXAMPLE[name]}"
                )
            _ascending(name, found, borders)
            object.__setattr__(self, name, found)
        if self.money is not None and self.value is None:
            raise ConfigError(
                "money= has borders, and value=None leaves money out. Fix: leave out one of them"
            )
        if not isinstance(self.column, str) or self.column in ("", "event", "stage"):
            raise ConfigError(f"column={self.column!r} cannot hold groups. Fix: leave it at 'rfm'")
        if self.settled is not None:
            object.__setattr__(self, "settled", tuple(tuple(map(int, part)) for part in self.settled))

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups in their order."""
        return GROUPS

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about orders that do not occur."""
        warn_unknown(names, self.order)
        return tuple(names)

    def settle(self, count: Callable[[Callable[[Chunk], Counts]], Counts], window: Window) -> RFM:
        """Return the step with the borders that the quintiles of a log come to."""
        if self.settled is not None:
            return self
        counts = count(lambda chunk: self._values(chunk, window))
        if self.value is not None:
            check_currencies(counts["currencies"], self.currency)
        found = counts["values"]
        borders = []
        for place, declared in enumerate(self._declared()):
            mine = found.take(np.flatnonzero(found.codes("measure") == place))
            quintiles = _quintiles(mine.codes("value"), mine.values["n"])
            borders.append(declared if declared is not None else quintiles)
        return replace(self, settled=(tuple(-b for b in borders[0]), borders[1], borders[2]))

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the group and the three numbers of each actor."""
        self._check_names(chunk)
        habits, _ = self._habits(chunk, window)
        recency, frequency, money = (
            _score(*pair) for pair in zip((-habits.recency, *habits[1:]), self._borders(), strict=True)
        )
        worth = frequency if self.value is None else (frequency + money + 1) // 2
        group = np.where(habits.frequency > 0, _PLACES[recency - 1, worth - 1], GROUPS.index(NO_ORDERS))
        sizes = np.diff(chunk.offsets)
        bought = habits.frequency > 0
        made: dict[str, Category | Number] = {
            self.column: Category(np.repeat(group, sizes), pa.array(GROUPS, pa.string()), ordered=True),
            f"{self.column}_recency_days": Number(
                np.repeat(np.where(bought, habits.recency // DAY, 0), sizes), np.repeat(bought, sizes)
            ),
            f"{self.column}_frequency": Number(np.repeat(habits.frequency, sizes)),
        }
        if self.value is not None:
            made[f"{self.column}_money"] = Number(np.repeat(habits.money, sizes), unit="micros")
        return chunk.with_columns(**made)

    def _check_names(self, chunk: Chunk) -> None:
        """Refuse to cover a column of the log's own."""
        found = chunk.columns.get(self.column)
        ours = isinstance(found, Category) and found.ordered and found.names == GROUPS
        names = [self.column, *(f"{self.column}_{part}" for part in ("recency_days", "frequency", "money"))]
        taken = [name for name in names if name in chunk.columns]
        if taken and not ours:
            raise ConfigError(
                f"the log has a column {taken[0]!r} of its own, which would be lost. Fix: jl.RFM(..., column='my_rfm')"
            )

    def _habits(self, chunk: Chunk, window: Window) -> tuple[_Habits, Table | None]:
        """Return what each actor bought, and the currencies of the amounts."""
        seen = chunk.time <= window.end
        bought = matches(chunk, self.order) & seen
        owner = chunk.actor_of_event()
        money, currencies = np.zeros(chunk.n_actors, np.int64), None
        if self.value is not None:
            if self.value not in chunk.columns:
                raise MissingColumnError(
                    f"no column {self.value!r} of amounts; the log has {sorted(chunk.columns)}. Fix: value= the column of "
                    "amounts, or value=None, which leaves money out"
                )
            amounts = find_amounts(chunk, self.value, self.currency, seen)
            event, micros, currencies = amounts.event, amounts.micros, amounts.currencies
            bought[event[micros < 0]] = False
            counted = bought[event] | (micros < 0)
            np.add.at(money, owner[event[counted]], micros[counted])
        frequency = np.bincount(owner[bought], minlength=chunk.n_actors).astype(np.int64)
        last = np.full(chunk.n_actors, window.end + 1, np.int64)
        last[owner[bought]] = chunk.time[bought]  # in time order, so the last one stays
        return _Habits(window.end - last, frequency, money), currencies

    def _values(self, chunk: Chunk, window: Window) -> Counts:
        """Return how many actors with orders have each value of each measure."""
        habits, currencies = self._habits(chunk, window)
        bought = habits.frequency > 0
        measure, value, n = [], [], []
        for place, values in enumerate((-habits.recency, habits.frequency, habits.money)):
            found, counted = np.unique(values[bought], return_counts=True)
            measure.append(np.full(len(found), place, np.int64))
            value.append(found)
            n.append(counted.astype(np.int64))
        keys = {"measure": np.concatenate(measure), "value": np.concatenate(value)}
        tables = {"values": Table(keys, {"n": np.concatenate(n)})}
        return Counts(tables if currencies is None else {**tables, "currencies": currencies})

    def _declared(self) -> tuple[tuple[int, ...] | None, ...]:
        """Return where the scores 2 to 5 begin, as far as it was declared; recency counts backwards."""
        recency, frequency, money = self.recency, self.frequency, self.money
        return (
            None if recency is None else tuple(-parse_duration(border) for border in reversed(recency)),
            None if frequency is None else tuple(frequency),
            None if money is None else tuple(round(border * MICRO) for border in money),
        )

    def _borders(self) -> tuple[tuple[int, ...], ...]:
        """Return where the scores 2 to 5 begin."""
        if self.settled is not None:
            return (tuple(-border for border in self.settled[0]), *self.settled[1:])
        declared = self._declared()
        needed = declared if self.value is not None else declared[:2]
        if None in needed:
            raise ConfigError("the quintiles are those of a whole log. Fix: log.then(jl.RFM(...))")
        return tuple(borders or (_NEVER,) * (_SCORES - 1) for borders in declared)


_EXAMPLE: Final = {
    "recency": ["30d", "90d", "180d", "365d"],
    "frequency": [2, 3, 5, 10],
    "money": [50, 100, 250, 1000],
}


def _four(name: str, borders: Any) -> Sequence[Any]:
    if isinstance(borders, str) or not isinstance(borders, Sequence) or len(borders) != _SCORES - 1:
        raise ConfigError(f"{name}={cut(borders)} are not four borders. Fix: for example {_EXAMPLE[name]}")
    return borders


def _ascending(name: str, found: Sequence[Any], given: Any) -> None:
    if any(a >= b for a, b in itertools.pairwise(found)):
        raise ConfigError(f"{name}={cut(given)} do not ascend. Fix: for example {_EXAMPLE[name]}")


def _quintiles(values: Ints, n: Ints) -> tuple[int, ...]:
    """Return where the scores 2 to 5 begin: just above the smallest values that k fifths of the actors do not exceed.

    Parameters
    ----------
    values : ndarray of int64
        Ascending, each once.
    n : ndarray of int64
        How many actors have each.
    """
    if not len(n):
        return (_NEVER,) * (_SCORES - 1)
    below = np.cumsum(n)
    ranks = [-(-int(below[-1]) * k // _SCORES) for k in range(1, _SCORES)]
    return tuple(int(values[np.searchsorted(below, rank)]) + 1 for rank in ranks)


def _score(values: Ints, borders: tuple[int, ...]) -> Ints:
    """Return from 1 to 5 how many borders each value reaches, plus one."""
    return 1 + np.searchsorted(np.array(borders, np.int64), values, side="right").astype(np.int64)
