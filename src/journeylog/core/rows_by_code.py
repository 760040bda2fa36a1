"""Rows that have a code, brought side by side: the counting sort that puts events by actor."""

from __future__ import annotations

import itertools
import os
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import read_only
from journeylog.core.encode import side_by_side
from journeylog.core.kernels import layout

__all__ = ["by_code"]

Ints = npt.NDArray[np.int64]

#: Rows a thread has at least for each code, as it counts them apart.
_ROWS_A_CODE: Final = 4
#: Rows a thread has at least.
_ROWS: Final = 1 << 16
_OWN: Final[Ints] = np.empty(0, np.int64)


def by_code(codes: npt.NDArray[np.int32], n: int, order: Ints = _OWN) -> tuple[Ints, npt.NDArray[Any]]:
    """Return where the rows of each code start, and the rows so ordered; rows of one code keep their order.

    Parameters
    ----------
    codes : ndarray of int32, shape (n_rows,)
        From 0 to `n` - 1.
    order : ndarray of int64, shape (n_rows,), optional
        The rows in the order that they keep; by default as they lie.

    Returns
    -------
    offsets : ndarray of int64, shape (n + 1,)
    rows : ndarray of int32, or of int64 where there are very many

    Examples
    --------
    >>> import numpy as np
    >>> offsets, rows = by_code(np.array([1, 0, 1], np.int32), 3)
    >>> offsets.tolist(), rows.tolist()
    ([0, 1, 3, 3], [1, 0, 2])
    """
    codes = read_only(codes)
    kind = np.int32 if len(codes) < 2**31 else np.int64
    parts = max(1, min(os.cpu_count() or 1, len(codes) // max(_ROWS, _ROWS_A_CODE * n)))
    cuts = np.linspace(0, len(codes), parts + 1).astype(np.int64)
    counts, rows = np.zeros((parts, n), kind), np.empty(len(codes), kind)
    shares = list(zip(itertools.pairwise(cuts.tolist()), counts, strict=True))
    side_by_side(lambda share: layout.count_codes(codes, order, *share[0], share[1]), shares)
    offsets = layout.spots_of(counts)
    side_by_side(lambda share: layout.place(codes, order, *share[0], share[1], rows), shares)
    return offsets, rows
