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

from journeylog.core.schema import REACHED

__all__ = ["Chain", "Change", "Part", "Sample", "Solution"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Solver = Callable[[Floats], Floats]

#: Up to this many states, or beyond this share of cells filled, a dense system is solved sooner than a sparse one.
_DENSE_STATES, _DENSE_SHARE = 1500, 0.01


@dataclass(frozen=True, eq=False)
class Sample:
    """What was counted, by groups of actors.

    Parameters
    ----------
    n_states, n_groups : int
    source, target : ndarray of int64, shape (n_edges,)
        From which state each move goes, and where to (a node, ``REACHED`` or ``DROPPED``).
    group, edge : ndarray of int64, shape (n_rows,)
        One row for each group and edge that occur together.
    n, seconds : ndarray of float64, shape (n_rows,)
        Followed moves, and the time they took.
    value : ndarray of float64, shape (n_groups, n_states)
        What the followed visits brought.
    """

    n_states: int
    n_groups: int
    source: Ints
    target: Ints
    group: Ints
    edge: Ints
    n: Floats
    seconds: Floats
    value: Floats

    @cached_property
    def edge_n(self) -> Floats:
        """Followed moves by edge."""
        return _added(self.edge, self.n, len(self.source))

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether an edge leads to an end or to a state of which something is known."""
        kept = self.edge_n > 0
        while True:
            told = np.bincount(self.source[kept], minlength=self.n_states) > 0
            still = kept & ((self.target < 0) | told[np.maximum(self.target, 0)])
            if still.sum() == kept.sum():
                return still
            kept = still

    @cached_property
    def visits(self) -> Floats:
        """Followed visits by group and state, also those that moved where nothing is known."""
        return self._by_state(self.n)

    @cached_property
    def bases(self) -> Floats:
        """Followed visits by group and state that the rates are shares of."""
        return self._by_state(np.where(self.known[self.edge], self.n, 0.0))

    @cached_property
    def n_sampled(self) -> int:
        """Groups with anything in them."""
        return int((self.visits.sum(1) > 0).sum())

    @cached_property
    def rate(self) -> Floats:
        """Share of each edge among the ways on from its state."""
        base = self.bases.sum(0)[self.source]
        return np.where(self.known, self.edge_n / np.maximum(base, 1.0), 0.0)

    @cached_property
    def time(self) -> Floats:
        """Mean seconds of each edge."""
        return _added(self.edge, self.seconds, len(self.source)) / np.maximum(self.edge_n, 1.0)

    @cached_property
    def mean_value(self) -> Floats:
        """Mean value of a visit by state."""
        return np.asarray(self.value.sum(0) / np.maximum(self.visits.sum(0), 1.0))

    def rate_deviation(self, weights: Floats) -> Floats:
        """Return by group and state the deviation of ``sum of rate * weight``, all groups adding up to zero."""
        per_row = self._known_n * weights[self.edge]
        mean = _added(self.source, self.rate * weights, self.n_states)
        return np.asarray((self._by_state(per_row) - self.bases * mean) / np.maximum(self.bases.sum(0), 1.0))

    def sum_deviation(self, weights: Floats) -> Floats:
        """Return by group what :meth:`rate_deviation` adds up to over all states, by one product."""
        by_edge, by_state = self._deviating
        mean = _added(self.source, self.rate * weights, self.n_states)
        return np.asarray(by_edge @ weights - by_state @ mean)

    @cached_property
    def _deviating(self) -> tuple[Any, Floats]:
        """Share of each group in the visits of a state, by edge and in all."""
        total = np.maximum(self.bases.sum(0), 1.0)
        share = self._known_n / total[self.source[self.edge]]
        shape = (self.n_groups, len(self.source))
        by_edge: Any = sparse.csr_array((share, (self.group, self.edge)), shape=shape)
        if by_edge.nnz > _DENSE_SHARE * shape[0] * shape[1]:
            by_edge = by_edge.toarray()
        return by_edge, self.bases / total

    def time_deviation(self, weights: Floats) -> Floats:
        """Return by group and state the deviation of ``sum of mean time * weight``."""
        excess = (self.seconds - self.n * self.time[self.edge]) / np.maximum(self.edge_n[self.edge], 1.0)
        return self._by_state(excess * weights[self.edge])

    def value_deviation(self) -> Floats:
        """Return by group and state the deviation of the mean value of a visit."""
        return np.asarray((self.value - self.visits * self.mean_value) / np.maximum(self.visits.sum(0), 1.0))

    @cached_property
    def _known_n(self) -> Floats:
        return np.where(self.known[self.edge], self.n, 0.0)

    @cached_property
    def _cell(self) -> Ints:
        return self.group * self.n_states + self.source[self.edge]

    def _by_state(self, row_values: Floats) -> Floats:
        total = _added(self._cell, row_values, self.n_groups * self.n_states)
        return total.reshape(self.n_groups, self.n_states)


class Change(NamedTuple):
    """What a what-if did to the edges of one state: new rates as a linear map of deviations, times by a factor."""

    row: Ints
    jacobian: Any  # sparse, new by old, over the edges of `row`
    time_factor: Floats  # by edge of `row`


class Part(NamedTuple):
    """One quantity by state, and its deviation by group and state."""

    value: Floats
    deviation: Floats


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
        inner = np.flatnonzero((self.target >= 0) & (self.rate > 0))
        shape = (self.n_states, self.n_states)
        return sparse.csr_array((self.rate[inner], (self.source[inner], self.target[inner])), shape=shape)

    @cached_property
    def told(self) -> npt.NDArray[np.bool_]:
        """Whether anything is known of a state."""
        return _added(self.source, self.rate, self.n_states) > 0

    def deviation(self, rate_weights: Floats, time_weights: Floats | None = None) -> Floats:
        """Return by group and state the deviation of ``sum of rate * weight`` (and of mean times likewise)."""
        weights = rate_weights.copy()
        times = None if time_weights is None else time_weights.copy()
        for change in reversed(self.changes):
            weights[change.row] = change.jacobian.T @ weights[change.row]
            if times is not None:
                times[change.row] *= change.time_factor
        n = len(self.sample.source)
        found = self.sample.rate_deviation(weights[:n])
        return found if times is None else found + self.sample.time_deviation(times[:n])

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
        d_reach = solve(self.deviation(on_reach).T).T
        # visits and time are summed over the journeys that reach, then divided by how many do; the start is no visit
        own = np.ones(self.n_states)
        own[-1] = 0.0
        visits = solve(own * reach)
        d_visits = solve((own * d_reach + self.deviation(self.at_target(visits))).T).T
        seconds = solve(_added(self.source, self.rate * self.time * on_reach, self.n_states))
        moved = self.deviation(self.time * on_reach + self.at_target(seconds), self.rate * on_reach)
        inner = np.flatnonzero(self.target >= 0)
        timed = sparse.csr_array(
            ((self.rate * self.time)[inner], (self.source[inner], self.target[inner])), shape=self.moves.shape
        )
        d_seconds = solve(moved.T + timed @ d_reach.T).T
        return Solution(
            Part(self.chance, d_reach),
            _mean_of_those(visits, d_visits, reach, d_reach),
            _mean_of_those(seconds, d_seconds, reach, d_reach),
            self._values(),
        )

    def _values(self) -> Part:
        """Return the value still to come."""
        moved = self.deviation(self.at_target(np.nan_to_num(self.worth))) + self.sample.value_deviation()
        return Part(self.worth, self.solver(self.sure)(moved.T).T)

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


def _mean_of_those(total: Floats, d_total: Floats, reach: Floats, d_reach: Floats) -> Part:
    some = np.where(reach > 0, reach, np.nan)
    mean = total / some
    return Part(
        mean,
        np.where(reach > 0, (d_total - np.nan_to_num(mean) * d_reach) / np.where(reach > 0, reach, 1.0), 0.0),
    )


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
