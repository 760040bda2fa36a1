"""Reading quantiles from duration bins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from journeylog.core.intervals import quantile_ranks
from journeylog.core.kernels.bins import bin_edges_ms

__all__ = ["BIN_NOTE", "bin_quantiles"]

Ints = npt.NDArray[np.int64]

#: What every table with quantiles says about them.
BIN_NOTE = "quantiles of durations come from bins with a relative error of at most 1/256"


def bin_quantiles(
    group: Ints, bins: Ints, counts: Ints, n_groups: int, q: float, interval: bool = False
) -> tuple[npt.NDArray[np.float64], ...]:
    """Return a quantile of each group in seconds, with its interval when asked.

    Parameters
    ----------
    group, bins, counts : ndarray of int64
        One row a filled bin; `group` from 0 to ``n_groups - 1``.
    q : float
        The quantile, taken as the observation of rank ``ceil(q * n)``; the bin's middle stands for it.
    interval : bool
        Also return the distribution-free bounds (binomial ranks); nan where the sample is too small.

    Returns
    -------
    tuple of ndarray of float64, shape (n_groups,)
        nan for a group without observations.
    """
    key = (group << 13) | bins
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        group, bins, counts = group[order], bins[order], counts[order]
    low_ms, high_ms = bin_edges_ms(bins)
    middle = (low_ms + high_ms) / 2000.0
    bounds = np.searchsorted(group, np.arange(n_groups + 1))
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    n = running[bounds[1:]] - running[bounds[:-1]]
    outputs = []
    for rank in _ranks(n, q, interval):
        inside = (rank >= 1) & (rank <= n)
        spot = np.searchsorted(running, running[bounds[:-1]] + rank) - 1
        outputs.append(np.where(inside, middle[np.where(inside, spot, 0)] if len(middle) else np.nan, np.nan))
    return tuple(outputs)


def _ranks(n: Ints, q: float, interval: bool) -> tuple[Ints, ...]:
    """Return for each group the rank of the quantile and, when asked, of its bounds; 0 where there is nothing."""
    if not interval:
        return (np.where(n > 0, np.clip(np.ceil(q * n - 1e-9), 1, n), 0).astype(np.int64),)
    sizes, back = np.unique(n, return_inverse=True)
    known = np.array([quantile_ranks(int(size), q) if size else (0, 0, 0) for size in sizes], dtype=np.int64)
    return tuple(known.reshape(-1, 3)[back].T)
