"""Memory for columns that grow while pieces arrive: in large parts, which the system gives sooner than many small ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["Slabs"]

#: Rows of the first part and of the largest, which fills the system's large pages.
_FIRST: Final = 1 << 12
_LARGEST: Final = 1 << 20


class Slabs:
    """Gives room for the rows of a column, one after the other.

    Examples
    --------
    >>> import numpy as np
    >>> slabs = Slabs(np.int64)
    >>> slabs.expect(5)
    >>> parts = [slabs.kept(np.array([3, 1])), slabs.kept(np.array([4]))]
    >>> slabs.joined(parts).tolist(), np.shares_memory(slabs.joined(parts), parts[0])
    ([3, 1, 4], True)
    """

    def __init__(self, kind: type[np.generic]) -> None:
        self._kind = kind
        self._left: npt.NDArray[Any] = np.empty(0, kind)
        self._first = self._left
        self._rows = _FIRST

    def expect(self, rows: int) -> None:
        """Take memory for so many rows, if none was asked for yet; what is never written to costs none."""
        if self._rows == _FIRST and not self._first.size:
            try:
                self._first = self._left = np.empty(rows, self._kind)
            except MemoryError:  # an estimate is no reason to give up
                return

    def room(self, n: int) -> npt.NDArray[Any]:
        """Return an array for `n` rows, whose content means nothing yet."""
        if n > len(self._left):
            self._rows = min(4 * self._rows, _LARGEST)
            if n > self._rows // 2:
                return np.empty(n, self._kind)
            self._left = np.empty(self._rows, self._kind)
        given, self._left = self._left[:n], self._left[n:]
        return given

    def kept(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a copy; the memory of the values themselves can be used for the next ones."""
        room = self.room(len(values))
        room[:] = values
        return room

    def joined(self, parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Return parts as one array: the memory itself where they fill it one after the other, else a copy."""
        n = sum(map(len, parts))
        starts = np.cumsum([0, *(part.nbytes for part in parts)]) + self._first.ctypes.data
        if n <= self._first.size and all(
            part.ctypes.data == start
            for part, start in zip(parts, starts.tolist(), strict=False)
            if part.size
        ):
            return self._first[:n]
        return np.concatenate([np.empty(0, self._kind), *parts])
