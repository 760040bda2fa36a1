"""Kernel of retention: where each case starts, and in which periods after that it comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

__all__ = ["returns"]


@njit(cache=True, nogil=True)
def returns(
    place: Ints, starts: Mask | None, fits: Mask | None, begin: Ints, end: Ints, length: int, most: int
) -> Any:
    """Return by case the position of its start (-1: none) and the periods it came back in, as bits 1 to `most`.

    Period j holds what lies j times `length` or more, and less than j + 1 times, behind the start. What is None holds
    for every event.
    """
    first = np.full(begin.size, -1, np.int64)
    back = np.zeros(begin.size, np.int64)
    for c in range(begin.size):
        i = begin[c]
        if starts is not None:
            while i < end[c] and not starts[i]:
                i += 1
        if i == end[c]:
            continue
        first[c] = i
        origin = place[i]
        bits = np.int64(0)
        for k in range(i + 1, end[c]):
            if fits is not None and not fits[k]:
                continue
            j = (place[k] - origin) // length
            if j > most:
                break
            bits |= np.int64(1) << j
        back[c] = bits & ~np.int64(1)
    return first, back
