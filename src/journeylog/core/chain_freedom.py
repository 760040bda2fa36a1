"""How many degrees of freedom the error of a chain's number is worth, where parts of it come from stages that few met."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Spread", "carried", "freedom_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Moves over which variances are carried; what is left after them changes no digit that counts.
_MOVES = 64


class Spread(NamedTuple):
    """Variance, and how little is known of it, by state.

    Parameters
    ----------
    variance : ndarray of float64
    doubt : ndarray of float64
        Sum of the squares of the variances of the parts, each divided by its degrees of freedom.
    assumed : ndarray of float64
        What of the variance is assumed, as only one group of actors went there and deviates from nothing.
    """

    variance: Floats
    doubt: Floats
    assumed: Floats

    @staticmethod
    def of(variance: Floats, alike: Floats, assumed: Floats) -> Spread:
        """Return the spread of parts that as many groups met; where it was one, what is assumed, with one degree."""
        lone = (alike > 0) & (alike <= 1 + 1e-9)
        assumed = np.where(lone, assumed, 0.0)
        variance = np.where(lone, assumed, variance)
        freedom = np.where(alike > 1 + 1e-9, alike - 1, 1.0)
        return Spread(variance, variance * variance / freedom, assumed)

    def plus(self, other: Spread) -> Spread:
        """Return the spread of both together, as if they were independent."""
        return Spread(*(a + b for a, b in zip(self, other, strict=True)))

    def summed(self, cell: Ints, n_cells: int) -> Spread:
        """Return the spread of the sums by cell."""
        return Spread(*(np.bincount(cell, part, n_cells).astype(np.float64) for part in self))

    def through(self, weights: Any) -> Spread:
        """Return the spread of weighted sums over states; `weights` is a sparse matrix."""
        second = weights.multiply(weights)
        return Spread(second @ self.variance, second.multiply(second) @ self.doubt, second @ self.assumed)


def carried(own: Spread, moves: Any) -> Spread:
    """Return the spread of what a state adds and of all that comes after it.

    Variances go back over each move with the square of its weight, as if ways never met again: good enough to tell the
    parts of one number from another, which is what degrees of freedom need.
    """
    second = moves.multiply(moves).tocsr()
    fourth = second.multiply(second).tocsr()
    found = own
    for _ in range(_MOVES):
        step = Spread(second @ found.variance, fourth @ found.doubt, second @ found.assumed)
        last, found = found, own.plus(step)
        if all(np.allclose(a, b, rtol=1e-6, atol=0.0) for a, b in zip(last, found, strict=True)):
            break
    return found


def freedom_of(deviation: Floats, spread: Spread) -> Floats:
    """Return the degrees of freedom of what the deviations belong to; 0 where most of its error is but assumed.

    References
    ----------
    F. E. Satterthwaite (1946), An approximate distribution of estimates of variance components. Biometrics Bull. 2.
    """
    variance = np.maximum(np.square(deviation).sum(0), spread.variance)
    some = spread.doubt > 0
    worth = np.where(some, variance * variance / np.where(some, spread.doubt, 1.0), np.inf)
    return np.where(spread.assumed > variance / 2, 0.0, worth)
