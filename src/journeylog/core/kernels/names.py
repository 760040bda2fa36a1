"""Kernels on codes of names: which of a vocabulary occur, and what is known of each name, by code.

Long arrays are made by NumPy, outside of the compiled code: it asks for large pages of memory, which the allocator of
compiled code does not, and first touching memory takes longer than filling it.
"""

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
    unseen = n_labels
    for i in range(codes.size):
        if codes[i] >= 0 and not used[np.uint64(codes[i])]:
            used[np.uint64(codes[i])] = True
            unseen -= 1
            if unseen == 0:
                break
    return used


def moved_codes(codes: Any, moved: Any) -> Any:
    """Return the codes in another vocabulary, as `moved` says for each; negative codes stay."""
    out = np.empty(codes.size, codes.dtype)
    _move(codes, moved, out)
    return out


@njit(cache=True, nogil=True)
def _move(codes: Any, moved: Any, out: Any) -> None:
    for i in range(codes.size):
        out[i] = moved[np.uint64(codes[i])] if codes[i] >= 0 else codes[i]


def by_code(values: Any, codes: Codes) -> Any:
    """Return the value of each code; the last value is that of a missing name (code -1)."""
    out = np.empty(codes.size, values.dtype)
    _look_up(np.concatenate((values[-1:], values)), codes, out)
    return out


@njit(cache=True, nogil=True)
def _look_up(shifted: Any, codes: Codes, out: Any) -> None:
    """Write the value of each code, which is one place later."""
    for i in range(codes.size):
        out[i] = shifted[np.uint64(np.int64(codes[i]) + 1)]
