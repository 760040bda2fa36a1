"""What the goal would gain if one state went on otherwise: exactly, for many states, with one system solved.

Changing one row of the chain changes its inverse by a matrix of rank one (Sherman and Morrison), so the new chances come
from the old system: one column a state, one row a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.core.chain import Chain, Solver
from journeylog.core.schema import REACHED

__all__ = ["Changed", "Gain", "Gains", "Point", "Quantity", "Row"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Gains below this share of the whole are the rounding of sums.
_ROUNDING = 1e-12
#: Where no more is left of the denominator of a change, there is no way out of a loop any more.
_CLOSED = 1e-12


class Row(NamedTuple):
    """New ways on from a state.

    Parameters
    ----------
    rate : ndarray of float64
        New rate of each edge of the state.
    carried : ndarray of float64
        How far a deviation of the old rates is still one of the new ones: ``carried @ weights`` are the weights.
    own : ndarray of float64, shape (n_groups, n_edges of the state)
        Deviations of the new rates that are their own.
    freedom : float
        Degrees of freedom of these: as many groups as they come from, less one.
    """

    rate: Floats
    carried: Floats
    own: Floats
    freedom: float = np.inf


class Changed(NamedTuple):
    """The chain after one state goes on otherwise.

    Parameters
    ----------
    new : Row
    shift : ndarray of float64
        By how much the rate of each edge of the state is another.
    rest : float
        The denominator of the change of rank one.
        nan where journeys then go on for ever.
    arrivals : ndarray of float64, shape (n_states,)
        How often a journey then visits each state.
    """

    new: Row
    shift: Floats
    rest: float
    arrivals: Floats


class Gain(NamedTuple):
    """What is gained from the start on, its deviation by group, and the state's own value before and after.

    `variance` is the part that the new ways on have of their own, and `doubt` its square, divided by its degrees of
    freedom.
    """

    value: float
    deviation: Floats
    variance: float
    doubt: float
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Quantity:
    """What is asked for: the chance to reach the goal, or the value to come.

    Parameters
    ----------
    by_state : ndarray of float64, shape (n_states,)
        nan where nothing is known, and for a value where journeys may never end.
    at_target : ndarray of float64, shape (n_edges,)
        What is still to come once an edge is gone.
    weight : ndarray of float64, shape (n_edges,)
        What a deviation of an edge's rate does to the quantity at the start.
    at_visit : ndarray of float64, shape (n_groups, n_states), optional
        Deviation of what a visit brings by itself.
    """

    by_state: Floats
    at_target: Floats
    weight: Floats
    at_visit: Floats | None

    @staticmethod
    def of(chain: Chain, arrivals: Floats, of_value: bool) -> Quantity:
        """Read a quantity off the chain."""
        by_state = chain.worth if of_value else chain.chance
        ends = np.where(chain.target == REACHED, 0.0 if of_value else 1.0, 0.0)
        at_target = ends + chain.at_target(np.nan_to_num(by_state))
        own = chain.sample.value_deviation() if of_value else None
        return Quantity(by_state, at_target, at_target * arrivals[chain.source], own)


@dataclass(frozen=True, eq=False)
class Gains:
    """The gains that a chain, as it was observed, can have: in the chance of the goal, or in the value to come.

    What brings money need not reach the goal, so the value has a system of its own, over all states from which every
    journey ends.
    """

    chain: Chain
    of_value: bool = False

    @cached_property
    def solvers(self) -> tuple[Solver, Solver]:
        """The system and its transpose."""
        if not self.of_value:
            return self.chain.solvers()
        sure = self.chain.sure
        return self.chain.solver(sure), self.chain.solver(sure, True)

    @cached_property
    def arrivals(self) -> Floats:
        """How often a journey visits each state."""
        first = np.zeros(self.chain.n_states)
        first[-1] = 1.0
        return self.solvers[1](first)

    @cached_property
    def quantity(self) -> Quantity:
        """What is asked for."""
        return Quantity.of(self.chain, self.arrivals, self.of_value)

    def at(self, states: Ints) -> list[Point]:
        """Return what is needed for changes of some states: one system solved for all."""
        chain = self.chain
        units = np.zeros((chain.n_states, len(states)))
        units[states, np.arange(len(states))] = 1.0
        columns = np.ascontiguousarray(self.solvers[0](units).T)
        edges = np.argsort(chain.source, kind="stable")
        ends = np.searchsorted(chain.source[edges], np.arange(chain.n_states + 1))
        return [
            Point(self, int(state), edges[ends[state] : ends[state + 1]], column, chain.at_target(column))
            for state, column in zip(states, columns, strict=True)
        ]

    def changed(self, changes: Sequence[tuple[Point, Row]]) -> list[Changed]:
        """Return the chain after each of some changes: one system solved for all."""
        chain = self.chain
        pushed = np.zeros((len(changes), chain.n_states))
        shifts = [new.rate - chain.rate[point.row] for point, new in changes]
        for at, ((point, _), shift) in enumerate(zip(changes, shifts, strict=True)):
            inner = chain.target[point.row] >= 0
            pushed[at] = np.bincount(chain.target[point.row][inner], shift[inner], chain.n_states)
        moved = self.solvers[1](pushed.T).T
        found = []
        for (point, new), shift, more in zip(changes, shifts, moved, strict=True):
            rest = 1 - float(shift @ point.column_at_target[point.row])
            rest = rest if rest > _CLOSED else np.nan
            found.append(Changed(new, shift, rest, self.arrivals + point.column[-1] / rest * more))
        return found

    def gained(self, states: Ints, rows: Sequence[Row]) -> list[Gain]:
        """Return what is gained if each of some states goes on by its row."""
        points = self.at(states) if len(states) else []
        changed = self.changed(list(zip(points, rows, strict=True)))
        return [point.gain(one) for point, one in zip(points, changed, strict=True)]


@dataclass(frozen=True, eq=False)
class Point:
    """One state whose ways on are to change: its edges, and its column of the inverse by state and at each edge's end."""

    gains: Gains
    state: int
    row: Ints
    column: Floats
    column_at_target: Floats

    def value(self, rate: Floats) -> float:
        """Return what is gained from the start on by new rates."""
        return float(self.values((rate - self.gains.chain.rate[self.row])[None])[0])

    def values(self, shift: Floats) -> Floats:
        """Return what is gained from the start on if the rates shift, one row a change."""
        one, rest = (
            shift @ self.gains.quantity.at_target[self.row],
            1 - shift @ self.column_at_target[self.row],
        )
        some = rest > _CLOSED
        return np.where(some, self.column[-1] * one / np.where(some, rest, 1.0), np.nan)

    def edge_values(self, shift: Floats) -> Floats:
        """Return the same if the rate of one edge shifts and the others make room in proportion.

        One row a change, one column an edge; nan for an edge that all take.
        """
        old = self.gains.chain.rate[self.row]
        others = np.where(old < 1, 1 - old, np.nan)
        one, inner = (
            at - (old @ at - old * at) / others
            for at in (self.gains.quantity.at_target[self.row], self.column_at_target[self.row])
        )
        rest = 1 - shift * inner
        some = rest > _CLOSED
        return np.where(some, self.column[-1] * shift * one / np.where(some, rest, 1.0), np.nan)

    def gain(self, changed: Changed) -> Gain:
        """Return what is gained, with its deviation; nan where what is to come is not known, or would not be."""
        chain, of, row, arrivals = self.gains.chain, self.gains.quantity, self.row, changed.arrivals
        scale = float(changed.shift @ of.at_target[row]) / changed.rest
        after = of.at_target + scale * self.column_at_target
        weight = after * arrivals[chain.source]
        weight[row] = arrivals[self.state] * (changed.new.carried @ after[row])
        deviation = chain.sample.sum_deviation(weight - of.weight)
        own = arrivals[self.state] * (changed.new.own @ after[row])
        deviation += own
        variance = float(np.square(own).sum())
        if of.at_visit is not None:
            deviation += of.at_visit @ (arrivals - self.gains.arrivals)
        before, whole = float(of.by_state[self.state]), float(of.by_state[-1])
        value = float(self.column[-1]) * scale if np.isfinite(whole) else np.nan
        if abs(value) <= _ROUNDING * abs(whole):  # what the system's rounding leaves is nothing
            value = 0.0
        doubt = variance * variance / max(changed.new.freedom, _ROUNDING)
        then = before + float(self.column[self.state]) * scale
        return Gain(value, deviation, variance, doubt, before, then)
