"""Reading quantiles from duration bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from journeylog.core.intervals import bound_ranks, cluster_size
from journeylog.core.kernels.bins import bin_edges_ms
from journeylog.core.kernels.groups import rises, sum_stretches
from journeylog.core.notes import note

__all__ = ["BIN_NOTE", "DurationBins", "MoneyBins"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: What every table with quantiles says about them.
BIN_NOTE = note("quantiles of durations come from bins with a relative error of at most 1/256")


_ROOM = 14  # bits of a bin in a joined key; those of negative amounts are below zero


@dataclass(frozen=True, eq=False)
class DurationBins:
    """Filled bins of several groups in order, with where each group begins and how many observations it has.

    Parameters
    ----------
    bins : ndarray of int64, shape (n_bins,)
    running : ndarray of int64, shape (n_bins + 1,)
        Observations before each bin, over all groups.
    begin, n : ndarray of int64, shape (n_groups,)
        Observations before each group, and in it.
    moments : tuple of two ndarray of int64, optional
        The second moments ``kk`` and ``kn`` of each bin (see :mod:`journeylog.core.kernels.clustered`).
    """

    bins: Ints
    running: Ints
    begin: Ints
    n: Ints
    moments: tuple[Ints, Ints] | None = None

    @classmethod
    def of(
        cls,
        group: Ints,
        bins: Ints,
        counts: Ints,
        n_groups: int,
        pairs: tuple[Ints, Ints] | None = None,
    ) -> Self:
        """Put filled bins in order.

        Parameters
        ----------
        group, bins, counts : ndarray of int64
            One row a filled bin; `group` from 0 to ``n_groups - 1``.
        pairs : tuple of two ndarray of int64, optional
            ``kk`` and ``kn`` of each filled bin.
        """
        order = None
        if not rises(group, bins):
            order = np.argsort((group << _ROOM) + bins, kind="stable")
            group, bins, counts = group[order], bins[order], counts[order]
        bounds = np.searchsorted(group, np.arange(n_groups + 1))
        running = _running(counts)
        begin = running[bounds[:-1]]
        moments = None
        if pairs is not None:
            moments = pairs if order is None else (pairs[0][order], pairs[1][order])
        return cls(bins, running, begin, running[bounds[1:]] - begin, moments)

    def quantile(self, q: float) -> Floats:
        """Return a quantile of each group in seconds; nan for a group without observations.

        It is the observation of rank ``ceil(q * n)``; the middle of its bin stands for it.
        """
        low, high = self._at(self._rank(q))
        return (low + high) / 2

    def bin_of_quantile(self, q: float) -> Ints:
        """Return the bin that holds a quantile of each group; -1 for a group without observations."""
        if not len(self.bins):
            return np.full(len(self.n), -1, np.int64)
        spot = np.searchsorted(self.running, self.begin + self._rank(q)) - 1
        return np.where(self.n > 0, self.bins[np.maximum(spot, 0)], -1)

    def _rank(self, q: float) -> Ints:
        return np.where(self.n > 0, np.clip(np.ceil(q * self.n - 1e-9), 1, self.n), 0).astype(np.int64)

    def quantile_bounds(self, q: float, effective: Floats) -> tuple[Floats, Floats]:
        """Return the distribution-free interval of a quantile of each group in seconds (binomial ranks).

        Parameters
        ----------
        q : float
        effective : ndarray of float64, shape (n_groups,)
            How many independent observations a group is worth, at most its own number.

        Returns
        -------
        low, high : ndarray of float64, shape (n_groups,)
            The outer edges of the bins of both ranks; nan where the sample is too small to bound that side.
        """
        worth = np.minimum(np.floor(np.nan_to_num(effective) + 1e-9).astype(np.int64), self.n)
        sizes, back = np.unique(worth, return_inverse=True)
        low, high = bound_ranks(np.maximum(sizes, 1), q)
        first, last = np.where(sizes > 0, low, 0)[back], np.where(sizes > 0, high, 1)[back]
        scale = self.n / np.maximum(worth, 1)
        low = np.floor(first * scale).astype(np.int64)
        high = np.where(last > worth, self.n + 1, np.ceil((last - 1) * scale).astype(np.int64) + 1)
        return self._at(low)[0], self._at(high)[1]

    def quantile_interval(self, q: float) -> tuple[Floats, Floats]:
        """Return the interval of a quantile of each group that knows how alike the values of one actor are.

        The share of values up to the quantile has a variance between actors; that gives the number of independent
        values the group is worth there, and binomial ranks with that number bound the quantile.

        References
        ----------
        R. S. Woodruff (1952), Confidence intervals for medians and other position measures. JASA 47.
        """
        if self.moments is None:
            raise ValueError("these bins were counted without second moments")
        return self.quantile_bounds(q, self._worth(q, *self.moments))

    def _worth(self, q: float, squares: Ints, products: Ints) -> Floats:
        """Return how many independent values each group is worth at a quantile."""
        if not len(self.bins):
            return np.zeros(len(self.n))
        rank = np.clip(np.ceil(q * self.n - 1e-9), 1, np.maximum(self.n, 1)).astype(np.int64)
        some = self.n > 0
        spot = np.where(some, np.searchsorted(self.running, self.begin + rank) - 1, 0)
        first = np.searchsorted(self.running, self.begin)
        sides = []
        for edge in (spot, spot + 1):  # the share below the bin that holds the quantile, and with it
            k = self.running[edge] - self.begin
            kk, kn = (sum_stretches(moment, first, edge) for moment in (squares, products))
            inside = (k > 0) & (k < self.n)
            sides.append((np.where(inside, np.abs(k - q * self.n), np.inf), k, kk, kn))
        nearer = sides[0][0] < sides[1][0]
        k, kk, kn = (np.where(nearer, a, b) for a, b in zip(sides[0][1:], sides[1][1:], strict=True))
        # all values of an actor are up to the last bin, so there the products are the squares of their numbers
        nn = sum_stretches(products, first, np.searchsorted(self.running, self.begin + self.n))
        return np.where(some, cluster_size(k, self.n, kk, kn, nn), 0.0)

    def _at(self, rank: Ints) -> tuple[Floats, Floats]:
        """Return both edges of the bin of each group's observation of that rank; nan outside 1 to n."""
        inside = (rank >= 1) & (rank <= self.n)
        if not inside.any():
            nothing = np.full(len(rank), np.nan)
            return nothing, nothing
        spot = np.where(inside, np.searchsorted(self.running, self.begin + rank) - 1, 0)
        low, high = self._edges(self.bins[spot])
        return np.where(inside, low, np.nan), np.where(inside, high, np.nan)

    def _edges(self, bins: Ints) -> tuple[Floats, Floats]:
        """Return the smallest and the largest value of each bin, in seconds."""
        low, high = bin_edges_ms(bins)
        return low / 1000, high / 1000


class MoneyBins(DurationBins):
    """Filled bins of amounts of money, in units of the currency; a negative amount has the bin of its size, negated."""

    def _edges(self, bins: Ints) -> tuple[Floats, Floats]:
        small, large = bin_edges_ms(np.abs(bins))
        low, high = np.where(bins < 0, -large, small), np.where(bins < 0, -small, large)
        return low / 1_000_000, high / 1_000_000


def _running(counts: Ints) -> Ints:
    out = np.empty(len(counts) + 1, np.int64)
    out[0] = 0
    np.cumsum(counts, out=out[1:])
    return out
