"""Reading quantiles from duration bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from journeylog.core.intervals import quantile_ranks
from journeylog.core.kernels.bins import bin_edges_ms

__all__ = ["BIN_NOTE", "DurationBins"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: What every table with quantiles says about them.
BIN_NOTE = "quantiles of durations come from bins with a relative error of at most 1/256"


@dataclass(frozen=True, eq=False)
class DurationBins:
    """Filled bins of several groups in order, with where each group begins and how many observations it has."""

    bins: Ints
    running: Ints
    begin: Ints
    n: Ints

    @staticmethod
    def of(group: Ints, bins: Ints, counts: Ints, n_groups: int) -> DurationBins:
        """Put filled bins in order.

        Parameters
        ----------
        group, bins, counts : ndarray of int64
            One row a filled bin; `group` from 0 to ``n_groups - 1``.
        """
        key = (group << 13) | bins
        if (key[1:] < key[:-1]).any():
            order = np.argsort(key, kind="stable")
            group, bins, counts = group[order], bins[order], counts[order]
        bounds = np.searchsorted(group, np.arange(n_groups + 1))
        running = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        begin = running[bounds[:-1]]
        return DurationBins(bins, running, begin, running[bounds[1:]] - begin)

    def quantile(self, q: float) -> Floats:
        """Return a quantile of each group in seconds; nan for a group without observations.

        It is the observation of rank ``ceil(q * n)``; the middle of its bin stands for it.
        """
        rank = np.where(self.n > 0, np.clip(np.ceil(q * self.n - 1e-9), 1, self.n), 0).astype(np.int64)
        low, high = self._at(rank)
        return (low + high) / 2

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
        known = np.array([quantile_ranks(int(m), q)[1:] if m else (0, 1) for m in sizes], dtype=np.int64)
        first, last = known.reshape(-1, 2)[back].T
        scale = self.n / np.maximum(worth, 1)
        low = np.floor(first * scale).astype(np.int64)
        high = np.where(last > worth, self.n + 1, np.ceil((last - 1) * scale).astype(np.int64) + 1)
        return self._at(low)[0], self._at(high)[1]

    def _at(self, rank: Ints) -> tuple[Floats, Floats]:
        """Return both edges of the bin of each group's observation of that rank; nan outside 1 to n."""
        inside = (rank >= 1) & (rank <= self.n)
        if not inside.any():
            nothing = np.full(len(rank), np.nan)
            return nothing, nothing
        spot = np.where(inside, np.searchsorted(self.running, self.begin + rank) - 1, 0)
        low_ms, high_ms = bin_edges_ms(self.bins[spot])
        return np.where(inside, low_ms / 1000, np.nan), np.where(inside, high_ms / 1000, np.nan)
