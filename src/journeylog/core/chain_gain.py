"""What the goal would gain if one state went on otherwise: exactly, for many states, with one system solved.

Changing one row of the chain changes its inverse by a matrix of rank one (Sherman and Morrison), so the new chances come
from the old system: one solution a state, one more a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.core.chain import Chain, Part, Sample, Solver
from journeylog.core.schema import REACHED

__all__ = ["Gain", "Gains", "Row"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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
    """

    rate: Floats
    carried: Floats
    own: Floats


class Gain(NamedTuple):
    """What is gained from the start on, its deviation by group, and the state's own value before and after."""

    value: float
    deviation: Floats
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Gains:
    """The gains that a chain can have, of the chance to reach the goal or of the value to come."""

    chain: Chain
    of_value: bool

    @cached_property
    def part(self) -> Part:
        """What is asked for, by state."""
        solution = self.chain.solution
        return solution.value if self.of_value else solution.reach

    @cached_property
    def _known(self) -> Floats:
        return np.nan_to_num(self.part.value)

    @cached_property
    def _solvers(self) -> tuple[Solver, Solver]:
        return self.chain.solvers()

    @cached_property
    def at_target(self) -> Floats:
        """By edge, what is still to come once it is gone."""
        ends = np.where(self.chain.target == REACHED, 0.0 if self.of_value else 1.0, 0.0)
        return ends + self.chain.at_target(self._known)

    @cached_property
    def arrivals(self) -> Floats:
        """How often a journey visits each state."""
        first = np.zeros(self.chain.n_states)
        first[-1] = 1.0
        return self._solvers[1](first)

    @cached_property
    def _base(self) -> Floats:
        return self.chain.deviation(self.at_target)

    def at(self, state: int) -> Point:
        """Return what is needed for changes of one state."""
        unit = np.zeros(self.chain.n_states)
        unit[state] = 1.0
        column = self._solvers[0](unit)
        column_at_target = self.chain.at_target(column)
        row = np.flatnonzero(self.chain.source == state)
        return Point(self, state, row, column, column_at_target)


@dataclass(frozen=True, eq=False)
class Point:
    """One state whose ways on are to change."""

    gains: Gains
    state: int
    row: Ints
    column: Floats
    column_at_target: Floats

    @cached_property
    def column_deviation(self) -> Floats:
        return self.gains.chain.deviation(self.column_at_target)

    @cached_property
    def _rows_here(self) -> tuple[Ints, Ints]:
        """Return which rows of the sample lie on each edge of the state, as (rows, place of their edge)."""
        sample: Sample = self.gains.chain.sample
        mine = np.flatnonzero(sample.source[sample.edge] == self.state).astype(np.int64)
        return mine, np.searchsorted(self.row, sample.edge[mine]).astype(np.int64)

    def value(self, rate: Floats) -> float:
        """Return what is gained from the start on by new rates."""
        return float(self.values((rate - self.gains.chain.rate[self.row])[None])[0])

    def values(self, shift: Floats) -> Floats:
        """Return what is gained from the start on if the rates shift, one row a change."""
        one, rest = shift @ self.gains.at_target[self.row], 1 - shift @ self.column_at_target[self.row]
        some = rest > 1e-12
        return np.where(some, self.column[-1] * one / np.where(some, rest, 1.0), np.nan)

    def edge_values(self, shift: Floats) -> Floats:
        """Return what is gained if the rate of one edge shifts and the others make room in proportion.

        One row a change, one column an edge; nan for an edge that all take.
        """
        old = self.gains.chain.rate[self.row]
        others = np.where(old < 1, 1 - old, np.nan)
        one, inner = (
            at - (old @ at - old * at) / others
            for at in (self.gains.at_target[self.row], self.column_at_target[self.row])
        )
        rest = 1 - shift * inner
        some = rest > 1e-12
        return np.where(some, self.column[-1] * shift * one / np.where(some, rest, 1.0), np.nan)

    def gain(self, new: Row) -> Gain:
        """Return what is gained, with its deviation."""
        gains, chain, f = self.gains, self.gains.chain, self.state
        shift = new.rate - chain.rate[self.row]
        rest = 1 - float(shift @ self.column_at_target[self.row])
        scale = float(shift @ gains.at_target[self.row]) / rest
        # the chances after the change, and how often each state is then visited
        after_at_target = gains.at_target[self.row] + scale * self.column_at_target[self.row]
        pushed = np.zeros(chain.n_states)
        inner = chain.target[self.row] >= 0
        np.add.at(pushed, chain.target[self.row][inner], shift[inner])
        arrivals = gains.arrivals + self.column[-1] / rest * gains._solvers[1](pushed)
        after = gains._base + scale * self.column_deviation
        after[:, f] = 0.0
        deviation = after @ arrivals - gains._base @ gains.arrivals
        deviation += arrivals[f] * (new.own @ after_at_target + self._carried(new.carried @ after_at_target))
        if gains.of_value:
            deviation += chain.sample.value_deviation() @ (arrivals - gains.arrivals)
        before = float(gains.part.value[f])
        return Gain(float(self.column[-1]) * scale, deviation, before, before + float(self.column[f]) * scale)

    def _carried(self, weights: Floats) -> Floats:
        """Return by group the deviation of the old rates of this state, with these weights."""
        sample = self.gains.chain.sample
        rows, place = self._rows_here
        known = sample.known[self.row]
        weights = np.where(known, weights, 0.0)
        counted = np.where(known[place], sample.n[rows], 0.0) * weights[place]
        total = np.bincount(sample.group[rows], counted, sample.n_groups)
        base = sample.bases[:, self.state]
        mean = float(sample.rate[self.row] @ weights)
        return np.asarray((total - base * mean) / max(base.sum(), 1.0), dtype=np.float64)
