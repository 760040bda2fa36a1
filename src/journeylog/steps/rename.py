"""Rename: other names for events, many to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk
from journeylog.core.condition import matching_names, warn_unknown
from journeylog.core.contracts import Step
from journeylog.core.window import Window
from journeylog.errors import ConfigError, cut

__all__ = ["Rename"]


@dataclass(frozen=True)
class Rename(Step):
    """Give events other names; several names may become one.

    Parameters
    ----------
    names : mapping of str to str
        Old name or pattern (``*`` is any text, ``?`` one character) and the new name. The first that matches
        a name decides; all are looked up at once, so ``{"a": "b", "b": "a"}`` swaps.
    column : str
        The categorical column whose values are renamed.

    Raises
    ------
    ConfigError
        If the mapping is empty or a name is not text.
    MissingColumnError
        If there is no such categorical column.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Rename({"cart": "basket", "s*": "find"}))
    >>> sorted(log.events)
    ['basket', 'find', 'home', 'pay']
    """

    names: Mapping[str, str]
    _: KW_ONLY
    column: str = "event"

    def __post_init__(self) -> None:
        """Check the names."""
        if not isinstance(self.names, Mapping) or not self.names:
            raise ConfigError(
                f"names={cut(self.names)} renames nothing. Fix: for example {{'cart_v2': 'cart'}}"
            )
        wrong = [
            text for pair in self.names.items() for text in pair if not isinstance(text, str) or not text
        ]
        if wrong:
            raise ConfigError(f"{cut(wrong[0])} is not a name. Fix: use text for old and new names")
        object.__setattr__(self, "names", dict(self.names))

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Warn about old names that do not occur; return the new names."""
        if self.column != "event":
            return tuple(names)
        warn_unknown(names, tuple(self.names))
        return tuple(dict.fromkeys(self._renamed(names)))

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the new names, each once in the vocabulary."""
        column = chunk.category(self.column)
        renamed = self._renamed(column.names)
        place = {name: code for code, name in enumerate(_vocabulary(renamed, column.ordered))}
        codes = np.array([*(place[name] for name in renamed), -1], dtype=np.int32)
        labels = pa.array(list(place), type=pa.string())
        return chunk.with_columns(**{self.column: Category(codes[column.codes], labels, column.ordered)})

    def _renamed(self, names: Sequence[str]) -> list[str]:
        new = list(names)
        for old, name in reversed(list(self.names.items())):
            hits = matching_names(names, old)
            assert hits is not None
            for position in np.flatnonzero(hits):
                new[position] = name
        return new


def _vocabulary(names: Sequence[str], ordered: bool) -> list[str]:
    """Return the distinct names: stages in their order, all else sorted."""
    distinct = list(dict.fromkeys(names))
    return distinct if ordered else sorted(distinct)
