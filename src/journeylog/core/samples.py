"""How many have to be watched to see a difference of two shares."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

__all__ = ["POWER", "SIGNIFICANCE", "needed"]

#: How often a difference that is there is to be seen, and how often one that is not may be.
POWER: Final = 0.8
SIGNIFICANCE: Final = 0.05

Floats = npt.NDArray[np.float64]


def needed(before: npt.ArrayLike, after: npt.ArrayLike) -> Floats:
    """Return how many cases each of two equal groups needs to tell one share from another.

    The test is that of two proportions, two-sided at 5 %, and finds the difference in 80 of 100 experiments.

    Parameters
    ----------
    before, after : array_like of float
        The shares of both groups.

    Returns
    -------
    ndarray of float64
        Whole numbers, rounded up; nan where the shares are equal or unknown.

    References
    ----------
    J. L. Fleiss, B. Levin, M. C. Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., 4.2.

    Examples
    --------
    >>> needed([0.6, 0.1], [0.7, 0.1])
    array([356.,  nan])
    """
    # a chain's shares can be beyond 0 or 1 by rounding
    p, q = (np.clip(np.asarray(share, dtype=np.float64), 0.0, 1.0) for share in (before, after))
    mean = (p + q) / 2
    level, power = special.ndtri(1 - SIGNIFICANCE / 2), special.ndtri(POWER)
    spread = level * np.sqrt(2 * mean * (1 - mean)) + power * np.sqrt(p * (1 - p) + q * (1 - q))
    gap = np.abs(q - p)
    each = np.divide(spread, gap, out=np.full(np.shape(gap), np.nan), where=gap > 0) ** 2
    return np.asarray(np.ceil(each), dtype=np.float64)
