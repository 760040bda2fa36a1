"""Kernels that pool two shares over strata, without each group of actors in turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

__all__ = ["add_columns", "pool_sides"]


@njit(cache=True, nogil=True)
def add_columns(grid: Ints, chosen: Ints, group: Ints, out: Ints) -> None:
    """Add the chosen columns of a grid to the columns `group` of `out`; both have a row for each group of actors."""
    for g in range(grid.shape[0]):
        for i in range(group.size):
            out[g, group[i]] += grid[g, chosen[i]]


@njit(cache=True, nogil=True)
def pool_sides(sides: Ints, owner: Ints, held: Ints, terms: npt.NDArray[np.float64]) -> None:
    """Add to each moment what its strata hold, and the terms of its two shares, of all and without each group in turn.

    Parameters
    ----------
    sides : ndarray of int64, shape (4, groups, strata)
        Who did it, those of them that reach the goal, and the same of the rest.
    owner : ndarray of int64
        The moment of each stratum; -1: it is not compared.
    held : ndarray of int64, shape (4, groups, moments)
        Added to: the sums of `sides`.
    terms : ndarray of float64, shape (3, groups + 1, moments)
        Added to: the sums over strata of ``n0 a / n``, ``n1 b / n`` and ``n1 n0 / n``; the first of all actors.
    """
    n_groups = sides.shape[1]
    chosen = np.flatnonzero(owner >= 0)
    whole = np.zeros((4, owner.size), np.int64)
    for k in range(4):
        add_columns(sides[k], chosen, owner[chosen], held[k])
        for g in range(n_groups):
            for r in range(owner.size):
                whole[k, r] += sides[k, g, r]
    for g in range(n_groups + 1):
        for i in range(chosen.size):
            r = chosen[i]
            did, hit, rest, more = whole[0, r], whole[1, r], whole[2, r], whole[3, r]
            if g > 0:
                did -= sides[0, g - 1, r]
                hit -= sides[1, g - 1, r]
                rest -= sides[2, g - 1, r]
                more -= sides[3, g - 1, r]
            if did > 0 and rest > 0:
                n = np.float64(did + rest)
                terms[0, g, owner[r]] += rest * hit / n
                terms[1, g, owner[r]] += did * more / n
                terms[2, g, owner[r]] += did * rest / n
