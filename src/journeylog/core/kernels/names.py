"""Kernel that tells which names of a vocabulary occur."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Codes = npt.NDArray[np.int32]

__all__ = ["used_codes"]


@njit(cache=True, nogil=True)
def used_codes(codes: Codes, n_labels: int) -> Any:
    """Return for each label whether an event has it."""
    used = np.zeros(n_labels, np.bool_)
    for i in range(codes.size):
        if codes[i] >= 0:
            used[codes[i]] = True
    return used
