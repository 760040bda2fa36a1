"""The absorbing chain: what becomes of a journey from each state on, and how sure that is.

States are the nodes ``0 .. V - 1`` and the start ``V``; moves go to a node or to an end (``REACHED``, ``DROPPED``).
All that is asked solves one linear system, ``(I - Q) x = b``, and so does how it changes with the rates (the delta
method): the deviation of each group of actors from the whole is carried through the same system.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import splu

from journeylog.core.chain_freedom import Spread, carried, freedom_of
from journeylog.core.chain_sample import Sample
from journeylog.core.schema import REACHED

__all__ = ["Chain", "Change", "Part", "Solution"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Solver = Callable[[Floats], Floats]

#: Up to this many states, or beyond this share of cells filled, a dense system is solved sooner than a sparse one.
_DENSE_STATES, _DENSE_SHARE = 1500, 0.01


class Change(NamedTuple):
    """What a what-if did to the edges of one state: new rates as a linear map of deviations, times by a factor."""

    row: Ints
    jacobian: Any  # sparse, new by old, over the edges of `row`
    time_factor: Floats  # by edge of `row`


class Part(NamedTuple):
    """One quantity by state, its deviation by group and state, and how many degrees of freedom that has at most."""

    value: Floats
    deviation: Floats
    freedom: Floats


@dataclass(frozen=True, eq=False)
class Solution:
    """What becomes of a journey from each state on; nan where nothing is known.

    Parameters
    ----------
    reach : Part
        Chance to reach the goal.
    visits, seconds : Part
        Of those who do: how many visits (this one among them) and how much time until then.
    value : Part
        What is still to come, this visit's own included, whatever the end.
    """

    reach: Part
    visits: Part
    seconds: Part
    value: Part


@dataclass(frozen=True, eq=False)
class Chain:
    """Rates, times and values of an absorbing chain, and the sample that tells how sure they are.

    Parameters
    ----------
    sample : Sample
    source, target : ndarray of int64, shape (n_edges,)
        The edges of the sample first, edges that a change invented behind them.
    rate, time : ndarray of float64, shape (n_edges,)
    value : ndarray of float64, shape (n_states,)
    changes : tuple of Change
        In the order in which they were made.
    """

    sample: Sample
    source: Ints
    target: Ints
    rate: Floats
    time: Floats
    value: Floats
    changes: tuple[Change, ...] = field(default=())

    @staticmethod
    def of(sample: Sample) -> Chain:
        """Return the chain as it was observed."""
        return Chain(sample, sample.source, sample.target, sample.rate, sample.time, sample.mean_value)

    @property
    def n_states(self) -> int:
        """Number of states: the nodes and the start."""
        return self.sample.n_states

    @cached_property
    def moves(self) -> Any:
        """Rates between states as a sparse matrix."""
        return self._matrix(self.rate)

    @cached_property
    def told(self) -> npt.NDArray[np.bool_]:
        """Whether anything is known of a state."""
        return _added(self.source, self.rate, self.n_states) > 0

    def deviation(self, rate_weights: Floats, time_weights: Floats | None = None) -> Floats:
        """Return by group and state the deviation of ``sum of rate * weight`` (and of mean times likewise)."""
        weights = rate_weights.copy()
        for change in reversed(self.changes):
            weights[change.row] = change.jacobian.T @ weights[change.row]
        found = self.sample.rate_deviation(weights[: len(self.sample.source)])
        if time_weights is None:
            return found
        return found + self.sample.time_deviation(self._observed(time_weights))

    def _observed(self, time_weights: Floats) -> Floats:
        """Return the weights of the mean times as they were observed, by edge of the sample."""
        times = time_weights.copy()
        for change in self.changes:
            times[change.row] *= change.time_factor
        return times[: len(self.sample.source)]

    @cached_property
    def _reach(self) -> Floats:
        """Chance to reach the goal by state; 0 where nothing is known."""
        ends = np.where(self.target == REACHED, self.rate, 0.0)
        return self.solvers()[0](_added(self.source, ends, self.n_states)) * self._can_reach

    @property
    def chance(self) -> Floats:
        """Chance to reach the goal by state; nan where nothing is known."""
        return np.where(self.told, self._reach, np.nan)

    @cached_property
    def worth(self) -> Floats:
        """Value still to come by state, this visit's own included; nan where journeys may never end."""
        return np.where(self.sure, self.solver(self.sure)(self.value), np.nan)

    @cached_property
    def solution(self) -> Solution:
        """What becomes of a journey from each state on."""
        solve, reach = self.solvers()[0], self._reach
        ends = np.where(self.target == REACHED, 1.0, 0.0)
        on_reach = ends + self.at_target(reach)  # by edge: the chance once it is gone
        own_reach = self.deviation(on_reach)
        d_reach = solve(own_reach.T).T
        spread = self._spread(own_reach, np.full(self.n_states, reach[-1] * (1 - reach[-1])))
        reached = carried(spread, self.moves)
        # visits and time are summed over the journeys that reach, then divided by how many do; the start is no visit
        own = np.ones(self.n_states)
        own[-1] = 0.0
        visits = solve(own * reach)
        d_visits = solve((own * d_reach + self.deviation(self.at_target(visits))).T).T
        seconds = solve(_added(self.source, self.rate * self.time * on_reach, self.n_states))
        moved = self.deviation(self.time * on_reach + self.at_target(seconds), self.rate * on_reach)
        timed = self._matrix(self.rate * self.time)
        d_seconds = solve(moved.T + timed @ d_reach.T).T
        visited = self._mean_of_those(visits, d_visits, d_reach, own[self.source], reached)
        took = self._mean_of_those(seconds, d_seconds, d_reach, self.time, reached, timed=True)
        return Solution(
            Part(self.chance, d_reach, freedom_of(d_reach, reached)), visited, took, self._values()
        )

    def _spread(self, own: Floats, assumed: Floats) -> Spread:
        """Return the variance that the ways on from each state add by themselves."""
        return Spread.of(np.square(own).sum(0), self.sample.alike, assumed)

    def _mean_of_those(
        self,
        total: Floats,
        d_total: Floats,
        d_reach: Floats,
        step: Floats,
        reached: Spread,
        timed: bool = False,
    ) -> Part:
        """Return the mean over journeys that reach of what is summed, with `step` what each edge adds."""
        reach = self._reach
        some = reach > 0
        scale = np.where(some, 1 / np.where(some, reach, 1.0), 0.0)
        mean = total * scale
        on_reach = np.where(self.target == REACHED, 1.0, 0.0) + self.at_target(reach)
        off = (step - mean[self.source]) * on_reach + self.at_target(total)
        spread = self._spread(self.deviation(off) * scale, np.square(mean))
        if timed:
            weights = self._observed(self.rate * on_reach * scale[self.source])
            spread = spread.plus(
                Spread.of(
                    self.sample.time_variance * np.square(weights),
                    self.sample.alike_moves,
                    np.square(self.sample.time * weights),
                ).summed(self.sample.source, self.n_states)
            )
        # the ways of those who reach: towards another state, and what its own chance to reach moves
        shift = self.rate * (step + self.at_target(mean) - mean[self.source]) * scale[self.source]
        spread = spread.plus(reached.through(self._matrix(shift)))
        spread = carried(spread, self._matrix(self.rate * self.at_target(reach) * scale[self.source]))
        deviation = (d_total - mean * d_reach) * scale
        return Part(np.where(some, mean, np.nan), deviation, freedom_of(deviation, spread))

    def _values(self) -> Part:
        """Return the value still to come."""
        sample, worth = self.sample, np.nan_to_num(self.worth)
        own, brought = self.deviation(self.at_target(worth)), sample.value_deviation()
        spread = self._spread(own, np.square(worth))
        spread = spread.plus(Spread.of(np.square(brought).sum(0), sample.alike_visits, np.square(self.value)))
        deviation = self.solver(self.sure)((own + brought).T).T
        return Part(self.worth, deviation, freedom_of(deviation, carried(spread, self.moves)))

    def _matrix(self, by_edge: Floats) -> Any:
        """Return numbers by edge between states as a sparse matrix."""
        inner = np.flatnonzero((self.target >= 0) & (self.rate > 0))
        shape = (self.n_states, self.n_states)
        return sparse.csr_array((by_edge[inner], (self.source[inner], self.target[inner])), shape=shape)

    @cached_property
    def sure(self) -> npt.NDArray[np.bool_]:
        """Whether a journey ends from a state whatever happens."""
        if not self.endless.any():
            return self._ending
        return self._ending & ~self._reaching(np.zeros(len(self.target), bool), self.endless)

    @cached_property
    def _can_reach(self) -> npt.NDArray[np.bool_]:
        """Whether a journey can reach the goal from a state."""
        return self._reaching(self.target == REACHED)

    @cached_property
    def _ending(self) -> npt.NDArray[np.bool_]:
        """Whether a journey can end from a state."""
        return self._reaching(self.target < 0)

    @cached_property
    def endless(self) -> npt.NDArray[np.bool_]:
        """Whether a journey goes on for ever from a state."""
        return self.told & ~self._ending

    @cached_property
    def _solvers(self) -> dict[tuple[bytes, bool], Solver]:
        return {}

    def solver(self, inside: npt.NDArray[np.bool_], transposed: bool = False) -> Solver:
        """Return a function that solves ``(I - Q) x = b`` over some states, factored once."""
        key = (inside.tobytes(), transposed)
        if key not in self._solvers:
            for turned, solve in zip((False, True), _solver(self.moves, inside), strict=True):
                self._solvers[key[0], turned] = solve
        return self._solvers[key]

    def solvers(self) -> tuple[Solver, Solver]:
        """Return functions that solve ``(I - Q) x = b`` and its transpose, over the states from which there is an end."""
        ending = self._ending
        if self.endless.any():  # where journeys may never end, only those that can reach the goal count
            ending = self._can_reach
        return self.solver(ending), self.solver(ending, True)

    def at_target(self, by_state: Floats) -> Floats:
        """Return by edge the value of the state it leads to; 0 for ends."""
        return np.where(self.target >= 0, by_state[np.maximum(self.target, 0)], 0.0)

    def _reaching(
        self, ends: npt.NDArray[np.bool_], goals: npt.NDArray[np.bool_] | None = None
    ) -> npt.NDArray[np.bool_]:
        """Return the states from which one of these edges can be gone, or one of these states be met."""
        lead = _added(self.source, (self.rate > 0) & ends, self.n_states) > 0
        if goals is not None:
            lead |= goals
        hub = self.n_states
        back = self.moves.T.tocoo()
        first = np.flatnonzero(lead)
        graph = sparse.csr_array(
            (
                np.ones(back.nnz + len(first)),
                (
                    np.concatenate((back.coords[0], np.full(len(first), hub))),
                    np.concatenate((back.coords[1], first)),
                ),
            ),
            shape=(hub + 1, hub + 1),
        )
        met = breadth_first_order(graph, hub, return_predecessors=False)
        out = np.zeros(hub + 1, bool)
        out[met] = True
        return out[:hub]


def _added(cell: Ints, values: Any, n_cells: int) -> Floats:
    """Return the sum of values by cell."""
    return np.asarray(np.bincount(cell, values, n_cells), dtype=np.float64)


def _solver(moves: Any, inside: npt.NDArray[np.bool_]) -> tuple[Solver, Solver]:
    """Return functions that solve ``(I - Q) x = b`` and its transpose over some states, for one or many b; 0 elsewhere."""
    spots = np.flatnonzero(inside)
    within = moves[spots][:, spots]
    n = len(spots)
    if n == 0:
        return np.zeros_like, np.zeros_like
    if n <= _DENSE_STATES or within.nnz > _DENSE_SHARE * n * n:
        factors = linalg.lu_factor(np.eye(n) - within.toarray())
        inner: Any = partial(_dense_solve, factors)
    else:
        whole: Any = splu((sparse.eye_array(n) - within).tocsc())
        inner = lambda right, turned: whole.solve(right, "T" if turned else "N")  # noqa: E731

    def solve(right: Floats, turned: bool = False) -> Floats:
        out = np.zeros_like(right, dtype=np.float64)
        out[spots] = inner(np.ascontiguousarray(right[spots], dtype=np.float64), turned)
        return out

    return solve, partial(solve, turned=True)


def _dense_solve(factors: Any, right: Floats, turned: Any) -> Any:
    flag: Any = int(turned)
    return linalg.lu_solve(factors, right, trans=flag)
