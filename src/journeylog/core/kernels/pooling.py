"""Kernels that add up strata, and pool two shares over them with each group of actors left out in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

__all__ = ["pool_sides", "sum_columns"]


@njit(cache=True, nogil=True)
def sum_columns(grids: Ints, chosen: Ints, group: Ints, n_groups: int) -> Ints:
    """Return the sums of the chosen columns of each group; `grids` has the shape (grids, rows, columns)."""
    out = np.zeros((grids.shape[0], grids.shape[1], n_groups), np.int64)
    for k in range(grids.shape[0]):
        for g in range(grids.shape[1]):
            for i in range(group.size):
                out[k, g, group[i]] += grids[k, g, chosen[i]]
    return out


@njit(cache=True, nogil=True)
def pool_sides(sides: Ints, owner: Ints, n_moments: int) -> Any:
    """Return for each moment the terms of its two shares, of all and with each group of actors left out.

    Parameters
    ----------
    sides : ndarray of int64, shape (4, groups, strata)
        Who did it, those of them that reach the goal, and the same of the rest.
    owner : ndarray of int64
        The moment of each stratum.

    Returns
    -------
    ndarray of float64, shape (3, groups + 1, moments)
        The sums over strata of ``n0 a / n``, ``n1 b / n`` and ``n1 n0 / n``; the first of all actors.
    """
    n_groups = sides.shape[1]
    out = np.zeros((3, n_groups + 1, n_moments), np.float64)
    whole = np.zeros((4, owner.size), np.int64)
    for k in range(4):
        for g in range(n_groups):
            for r in range(owner.size):
                whole[k, r] += sides[k, g, r]
    for g in range(n_groups + 1):
        for r in range(owner.size):
            did, hit, rest, more = whole[0, r], whole[1, r], whole[2, r], whole[3, r]
            if g > 0:
                did -= sides[0, g - 1, r]
                hit -= sides[1, g - 1, r]
                rest -= sides[2, g - 1, r]
                more -= sides[3, g - 1, r]
            if did > 0 and rest > 0:
                n = np.float64(did + rest)
                out[0, g, owner[r]] += rest * hit / n
                out[1, g, owner[r]] += did * more / n
                out[2, g, owner[r]] += did * rest / n
    return out
