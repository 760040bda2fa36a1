"""Columns of which rows are taken when somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Later"]


class Later(Mapping[str, Any]):
    """The same rows of all columns of a mapping, each taken at its first use and kept.

    Parameters
    ----------
    columns : mapping of str to column
    index : ndarray of int64 or slice
    """

    def __init__(self, columns: Mapping[str, Any], index: Any) -> None:
        self._columns, self._index = columns, index
        self._taken: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the rows of a column."""
        if name not in self._taken:
            self._taken[name] = self._columns[name].take(self._index)
        return self._taken[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is such a column, without taking it."""
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self._columns)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._columns)
