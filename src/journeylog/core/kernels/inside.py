"""Kernel that looks at the events of cases only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

__all__ = ["codes_inside"]


@njit(cache=True, nogil=True)
def codes_inside(
    codes: Any, given: Mask | None, order: Ints | None, begin: Ints, end: Ints, n_codes: int
) -> Mask:
    """Return which codes the events of the cases have, the first place for none.

    Parameters
    ----------
    codes : ndarray of int32 or None
        By event; None: no event has a code.
    given : ndarray of bool or None
        The events to look at; None: all.
    order : ndarray of int64 or None
        The event at each place the cases point to; None: the place itself.
    """
    seen = np.zeros(n_codes + 1, np.bool_)
    for c in range(begin.size):
        for k in range(begin[c], end[c]):
            i = k if order is None else order[k]
            if given is None or given[i]:
                seen[0 if codes is None else codes[i] + 1] = True
    return seen
