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
    outputs = [np.full(n_groups, np.nan) for _ in range(3 if interval else 1)]
    bounds = np.searchsorted(group, np.arange(n_groups + 1))
    for g in np.flatnonzero(np.diff(bounds)):
        first, last = bounds[g], bounds[g + 1]
        running = np.cumsum(counts[first:last])
        n = int(running[-1])
        ranks = quantile_ranks(n, q) if interval else (min(max(int(np.ceil(q * n - 1e-9)), 1), n),)
        for out, rank in zip(outputs, ranks, strict=True):
            if 1 <= rank <= n:
                out[g] = middle[first + int(np.searchsorted(running, rank))]
    return tuple(outputs)
