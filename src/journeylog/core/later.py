"""Values that are made when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

__all__ = ["Later"]


class Later(Mapping[str, Any]):
    """A mapping whose values are made at their first use, and kept.

    Parameters
    ----------
    makers : mapping of str to callable
        What makes each.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._makers = makers
        self._made: dict[str, Any] = {}

    @classmethod
    def taken(cls, columns: Mapping[str, Any], index: Any) -> Later:
        """Return the same rows of all columns of a mapping."""
        return cls({name: partial(_take, columns, name, index) for name in columns})

    def __getitem__(self, name: str) -> Any:
        """Return a value."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is such a value, without making it."""
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._makers)


def _take(columns: Mapping[str, Any], name: str, index: Any) -> Any:
    return columns[name].take(index)
