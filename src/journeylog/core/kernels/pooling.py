"""Kernels that put both sides of strata together, and pool two shares over them without each group in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

__all__ = ["add_columns", "both_sides", "pool_sides"]


@njit(cache=True, nogil=True)
def add_columns(grid: Ints, chosen: Ints, group: Ints, out: Ints) -> None:
    """Add the chosen columns of a grid to the columns `group` of `out`; both have a row for each group of actors."""
    for g in range(grid.shape[0]):
        for i in range(group.size):
            out[g, group[i]] += grid[g, chosen[i]]


@njit(cache=True, nogil=True)
def both_sides(
    did: Ints,
    met: Ints,
    there: Ints,
    left: Ints,
    cell: Ints,
    known: Ints,
    cell_of_known: Ints,
    stratum_there: Ints,
    stratum: Ints,
    n_strata: int,
    sides: Ints,
) -> Any:
    """Write who did it and who, at risk in the same stratum, did not; return which cells have some who did not.

    Parameters
    ----------
    did, met, there : ndarray of int64, shape (2, groups, rows)
        Who just did it and who had met it by then, and (with rows of its own) who stood there; and those of them that
        reach the goal.
    left, cell : ndarray of int64
        The rows of those who did it and still look for others, with the cell (a moment in a stratum) of each.
    known, cell_of_known : ndarray of int64
        All rows that belong to one of these cells, with the cell of each.
    stratum_there, stratum : ndarray of int64
        The stratum of each row of `there`, and of each cell.
    sides : ndarray of int64, shape (4, groups, cells)
        Written, from zeros: who did it and those of them that reach the goal, and the same of the rest.
    """
    for k in range(2):
        add_columns(did[k], left, cell, sides[k])
        for g in range(did.shape[1]):
            everybody = np.zeros(n_strata, np.int64)
            for i in range(stratum_there.size):
                everybody[stratum_there[i]] += there[k, g, i]
            for c in range(stratum.size):
                sides[2 + k, g, c] = everybody[stratum[c]]
            for i in range(known.size):
                sides[2 + k, g, cell_of_known[i]] -= met[k, g, known[i]]
    paired = np.zeros(stratum.size, np.bool_)
    for g in range(did.shape[1]):
        for c in range(stratum.size):
            paired[c] |= sides[2, g, c] != 0
    return paired


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
