"""Kernels on codes of names: which of a vocabulary occur, and what is known of each name, by code."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Codes = npt.NDArray[np.int32]

__all__ = ["by_code", "moved_codes", "used_codes"]


@njit(cache=True, nogil=True)
def used_codes(codes: Codes, n_labels: int) -> Any:
    """Return for each label whether an event has it."""
    used = np.zeros(n_labels, np.bool_)
    for i in range(codes.size):
        if codes[i] >= 0:
            used[codes[i]] = True
    return used


@njit(cache=True, nogil=True)
def moved_codes(codes: Any, moved: Any) -> Any:
    """Return the codes in another vocabulary, as `moved` says for each; negative codes stay."""
    out = np.empty(codes.size, codes.dtype)
    for i in range(codes.size):
        out[i] = moved[codes[i]] if codes[i] >= 0 else codes[i]
    return out


@njit(cache=True, nogil=True)
def by_code(values: Any, codes: Codes) -> Any:
    """Return the value of each code; the last value is that of a missing name (code -1)."""
    out = np.empty(codes.size, values.dtype)
    for i in range(codes.size):
        out[i] = values[codes[i]]
    return out
