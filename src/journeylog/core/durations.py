"""Reading quantiles from duration bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from journeylog.core.intervals import quantile_ranks
from journeylog.core.kernels.bins import bin_edges_ms

__all__ = ["BIN_NOTE", "bin_quantile_bounds", "bin_quantiles"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: What every table with quantiles says about them.
BIN_NOTE = "quantiles of durations come from bins with a relative error of at most 1/256"


def bin_quantiles(group: Ints, bins: Ints, counts: Ints, n_groups: int, q: float) -> Floats:
    """Return a quantile of each group in seconds.

    Parameters
    ----------
    group, bins, counts : ndarray of int64
        One row a filled bin; `group` from 0 to ``n_groups - 1``.
    q : float
        The quantile, taken as the observation of rank ``ceil(q * n)``; the bin's middle stands for it.

    Returns
    -------
    ndarray of float64, shape (n_groups,)
        nan for a group without observations.
    """
    cells = _Cells.of(group, bins, counts, n_groups)
    rank = np.where(cells.n > 0, np.clip(np.ceil(q * cells.n - 1e-9), 1, cells.n), 0).astype(np.int64)
    low, high = cells.at(rank)
    return (low + high) / 2


def bin_quantile_bounds(
    group: Ints, bins: Ints, counts: Ints, n_groups: int, q: float, effective: Floats
) -> tuple[Floats, Floats]:
    """Return the distribution-free interval of a quantile of each group in seconds (binomial ranks).

    Parameters
    ----------
    group, bins, counts, n_groups, q
        As for :func:`bin_quantiles`.
    effective : ndarray of float64, shape (n_groups,)
        How many independent observations a group is worth, at most its own number.

    Returns
    -------
    low, high : ndarray of float64, shape (n_groups,)
        The outer edges of the bins of both ranks; nan where the sample is too small to bound that side.
    """
    cells = _Cells.of(group, bins, counts, n_groups)
    worth = np.minimum(np.floor(np.nan_to_num(effective) + 1e-9).astype(np.int64), cells.n)
    sizes, back = np.unique(worth, return_inverse=True)
    known = np.array([quantile_ranks(int(m), q)[1:] if m else (0, 1) for m in sizes], dtype=np.int64)
    first, last = known.reshape(-1, 2)[back].T
    scale = cells.n / np.maximum(worth, 1)
    low = np.floor(first * scale).astype(np.int64)
    high = np.where(last > worth, cells.n + 1, np.ceil((last - 1) * scale).astype(np.int64) + 1)
    return cells.at(low)[0], cells.at(high)[1]


@dataclass(frozen=True, eq=False)
class _Cells:
    """Filled bins in order, with where each group begins and how many observations it has."""

    low_s: Floats
    high_s: Floats
    running: Ints
    begin: Ints
    n: Ints

    @staticmethod
    def of(group: Ints, bins: Ints, counts: Ints, n_groups: int) -> _Cells:
        key = (group << 13) | bins
        if (np.diff(key) < 0).any():
            order = np.argsort(key, kind="stable")
            group, bins, counts = group[order], bins[order], counts[order]
        low_ms, high_ms = bin_edges_ms(bins)
        bounds = np.searchsorted(group, np.arange(n_groups + 1))
        running = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        begin = running[bounds[:-1]]
        return _Cells(low_ms / 1000, high_ms / 1000, running, begin, running[bounds[1:]] - begin)

    def at(self, rank: Ints) -> tuple[Floats, Floats]:
        """Return both edges of the bin of each group's observation of that rank; nan outside 1 to n."""
        inside = (rank >= 1) & (rank <= self.n)
        if not inside.any():
            nothing = np.full(len(rank), np.nan)
            return nothing, nothing
        spot = np.where(inside, np.searchsorted(self.running, self.begin + rank) - 1, 0)
        return np.where(inside, self.low_s[spot], np.nan), np.where(inside, self.high_s[spot], np.nan)
