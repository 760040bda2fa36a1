"""Sources as codes: what is counted by source is counted for the largest of them, so that memory is bounded."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk
from journeylog.core.log import EventLog

__all__ = ["MOST_SOURCES", "column_names", "source_codes", "source_names"]

#: Sources that are looked at one by one; further ones, smaller, are left out.
MOST_SOURCES: Final = 50


def column_names(log: EventLog) -> list[str]:
    """Return the names of the columns of all partitions, in the order met."""
    parts = log.source.map(lambda chunk: list(chunk.columns), 1)
    return list(dict.fromkeys(name for part in parts for name in part))


def source_names(log: EventLog, most: int = MOST_SOURCES) -> list[str]:
    """Return the names of the `most` largest sources, sorted; ``[""]`` where events have no source."""
    counts: dict[str, int] = {}
    for chunk in log.source.map(lambda c: c, 1):
        source = chunk.columns.get("source")
        if isinstance(source, Category):
            often = np.bincount(source.codes + 1, minlength=len(source.labels) + 1)[1:]
            for name, n in zip(source.names, often.tolist(), strict=True):
                if n:
                    counts[name] = counts.get(name, 0) + n
    largest = sorted(counts, key=lambda name: (-counts[name], name))[:most]
    return sorted(largest) or [""]


def source_codes(chunk: Chunk, names: list[str]) -> npt.NDArray[np.int32]:
    """Return for each event the place of its source in `names`, -1 elsewhere; empty when there are no sources."""
    source = chunk.columns.get("source")
    if names == [""]:
        return np.zeros(0, np.int32)
    if not isinstance(source, Category):
        return np.full(chunk.n_events, -1, np.int32)
    place = {name: i for i, name in enumerate(names)}
    moved = np.array([*(place.get(name, -1) for name in source.names), -1], np.int32)
    return np.asarray(moved[source.codes])
