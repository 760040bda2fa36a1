"""Kernel that counts how long actors stay silent before they come back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import bin_of_ms

Ints = npt.NDArray[np.int64]

__all__ = ["N_BINS", "return_bins"]

#: No duration of 64 bits has a higher bin.
N_BINS = 64 << 7


@njit(cache=True, nogil=True)
def return_bins(
    time: Ints, begin: Ints, end: Ints, over: npt.NDArray[np.bool_], shortest: int, window_end: int
) -> Ints:
    """Return by bin how many silences longer than `shortest` ended with a return, and how many had none yet.

    Silences lie between the events of a case, and from its last event to the window's end unless the case is `over`.
    """
    out = np.zeros((N_BINS, 2), np.int64)
    for c in range(begin.size):
        for i in range(begin[c] + 1, end[c]):
            gap = time[i] - time[i - 1]
            if gap > shortest:
                out[bin_of_ms((gap + 500) // 1000), 0] += 1
        if end[c] > begin[c] and not over[c]:
            gap = window_end - time[end[c] - 1]
            if gap > shortest:
                out[bin_of_ms((gap + 500) // 1000), 1] += 1
    return out
