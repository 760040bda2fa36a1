"""What was counted of a chain, by groups of actors: rates, times and values, and how each group deviates from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from journeylog.core.deviations import alike, alike_of, enlarging

__all__ = ["Sample"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Beyond this share of cells filled a dense product is sooner than a sparse one.
_DENSE_SHARE = 0.01


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

    Notes
    -----
    A deviation is enlarged by as many groups as met its stage (for times: went its way): the few that did deviate from
    their own mean less than from the truth.
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
    def alike(self) -> Floats:
        """As how many groups of one size the visits of a state weigh that the rates are shares of."""
        return alike(self.bases)

    @cached_property
    def alike_visits(self) -> Floats:
        """As how many groups of one size all followed visits of a state weigh."""
        return alike(self.visits)

    @cached_property
    def alike_moves(self) -> Floats:
        """As how many groups of one size the followed moves of an edge weigh."""
        return alike_of(self.edge_n, _added(self.edge, np.square(self.n), len(self.source)))

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
        return np.asarray((self._by_state(per_row) - self.bases * mean) * self._rate_scale)

    def sum_deviation(self, weights: Floats) -> Floats:
        """Return by group what :meth:`rate_deviation` adds up to over all states, by one product."""
        by_edge, by_state = self._deviating
        mean = _added(self.source, self.rate * weights, self.n_states)
        return np.asarray(by_edge @ weights - by_state @ mean)

    @cached_property
    def _deviating(self) -> tuple[Any, Floats]:
        """Share of each group in the visits of a state, by edge and in all."""
        scale = self._rate_scale
        share = self._known_n * scale[self.source[self.edge]]
        shape = (self.n_groups, len(self.source))
        by_edge: Any = sparse.csr_array((share, (self.group, self.edge)), shape=shape)
        if by_edge.nnz > _DENSE_SHARE * shape[0] * shape[1]:
            by_edge = by_edge.toarray()
        return by_edge, self.bases * scale

    def time_deviation(self, weights: Floats) -> Floats:
        """Return by group and state the deviation of ``sum of mean time * weight``."""
        return self._by_state(self._excess * weights[self.edge])

    @cached_property
    def time_variance(self) -> Floats:
        """Variance of the mean time of an edge."""
        return _added(self.edge, np.square(self._excess), len(self.source))

    def value_deviation(self) -> Floats:
        """Return by group and state the deviation of the mean value of a visit."""
        scale = enlarging(self.alike_visits) / np.maximum(self.visits.sum(0), 1.0)
        return np.asarray((self.value - self.visits * self.mean_value) * scale)

    @cached_property
    def _rate_scale(self) -> Floats:
        return np.asarray(enlarging(self.alike) / np.maximum(self.bases.sum(0), 1.0))

    @cached_property
    def _excess(self) -> Floats:
        scale = enlarging(self.alike_moves) / np.maximum(self.edge_n, 1.0)
        return np.asarray((self.seconds - self.n * self.time[self.edge]) * scale[self.edge])

    @cached_property
    def _known_n(self) -> Floats:
        return np.where(self.known[self.edge], self.n, 0.0)

    @cached_property
    def _cell(self) -> Ints:
        return self.group * self.n_states + self.source[self.edge]

    def _by_state(self, row_values: Floats) -> Floats:
        total = _added(self._cell, row_values, self.n_groups * self.n_states)
        return total.reshape(self.n_groups, self.n_states)


def _added(cell: Ints, values: Any, n_cells: int) -> Floats:
    """Return the sum of values by cell."""
    return np.asarray(np.bincount(cell, values, n_cells), dtype=np.float64)
