"""Kernels that find the few texts worth a closer look."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.csv_rows import valid_utf8

Bytes = npt.NDArray[np.uint8]

__all__ = ["broken_texts", "suspects"]


@njit(cache=True, nogil=True)
def suspects(data: Bytes, offsets: npt.NDArray[Any], likely: Bytes, found: Bytes) -> Any:
    """Mark empty texts and those whose length, first and last byte are in a table; return how many.

    Parameters
    ----------
    likely : (lengths, 256); bit 1 where a text of this length that starts with this byte is wanted, bit 2
        where one that ends with it is
    found : out, one a row
    """
    n = 0
    for row in range(offsets.size - 1):
        size = offsets[row + 1] - offsets[row]
        mark = size == 0
        if 0 < size < likely.shape[0]:
            mark = (likely[size, data[offsets[row]]] & 1) != 0 and (
                likely[size, data[offsets[row + 1] - 1]] & 2
            ) != 0
        found[row] = mark
        n += mark
    return n


@njit(cache=True, nogil=True)
def broken_texts(data: Bytes, offsets: npt.NDArray[Any], found: Bytes) -> Any:
    """Mark texts that are not UTF-8; return how many."""
    n = 0
    for row in range(offsets.size - 1):
        mark = not valid_utf8(data, offsets[row], offsets[row + 1])
        found[row] = mark
        n += mark
    return n
