"""Kernels for money: which nodes a case visits, and the bins of amounts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from journeylog.core.kernels.bins import bin_of_ms

Ints = npt.NDArray[np.int64]

__all__ = ["case_nodes", "signed_bins"]


@njit(cache=True, nogil=True)
def case_nodes(codes: Any, order: Ints | None, begin: Ints, end: Ints, n_nodes: int) -> Any:
    """Return by event its case, -1 for none, and the pairs (case, node) in which a case has an event of the node.

    Pairs come case by case, each once.
    """
    case, node = np.empty(1024, np.int64), np.empty(1024, np.int64)
    of_event = np.full(codes.size, -1, np.int32)
    seen = np.full(n_nodes, -1, np.int64)
    n = 0
    for c in range(begin.size):
        if n + end[c] - begin[c] > case.size:
            size = max(2 * case.size, n + end[c] - begin[c])
            longer, wider = np.empty(size, np.int64), np.empty(size, np.int64)
            longer[:n], wider[:n] = case[:n], node[:n]
            case, node = longer, wider
        for i in range(begin[c], end[c]):
            spot = i if order is None else order[i]
            of_event[spot] = c
            k = codes[spot]
            if k >= 0 and seen[k] != c:
                seen[k] = c
                case[n] = c
                node[n] = k
                n += 1
    return of_event, case[:n].copy(), node[:n].copy()


@njit(cache=True, nogil=True)
def signed_bins(micros: Ints) -> Ints:
    """Return the bin of each amount; a negative one has the bin of its size, negated."""
    out = np.empty(micros.size, np.int64)
    for i in range(micros.size):
        out[i] = bin_of_ms(micros[i]) if micros[i] >= 0 else -bin_of_ms(-micros[i])
    return out
