"""Precedence: which source comes first at equal times, and whose copy of an event is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk
from journeylog.errors import ConfigError, nearest

__all__ = ["check_sources", "places", "source_of"]

Ints = npt.NDArray[np.int64]


def source_of(chunk: Chunk) -> Category | None:
    """Return the column of sources, if there is one."""
    column = chunk.columns.get("source")
    return column if isinstance(column, Category) else None


def places(chunks: Sequence[Chunk], precedence: Sequence[str]) -> Ints:
    """Return for each event the place of its source: listed ones in turn, then the others by their log.

    Raises
    ------
    ConfigError
        If a name is no source of any event.
    """
    known = [source_of(chunk) for chunk in chunks]
    check_sources("precedence", precedence, known)
    found = []
    for i, (chunk, source) in enumerate(zip(chunks, known, strict=True)):
        after = len(precedence) + i
        if source is None:
            found.append(np.full(chunk.n_events, after, np.int64))
        else:
            rank = [precedence.index(n) if n in precedence else after for n in source.names]
            found.append(np.array([*rank, after], np.int64)[source.codes])
    return np.concatenate(found)


def check_sources(what: str, asked: Iterable[str], known: Iterable[Category | None]) -> None:
    """Raise for a name that is no source; `what` is the argument."""
    names = {name for source in known if source is not None for name in source.names}
    for name in asked:
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {sorted(names)}"
            raise ConfigError(f"{what}: no event has the source {name!r}. Fix: {hint}")
