"""Ordered rules: which of several conditions an event meets first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk
from journeylog.core.condition import Condition, matches, matching_names
from journeylog.core.kernels.names import by_code

__all__ = ["first_rule"]

Codes = npt.NDArray[np.int32]


def first_rule(chunk: Chunk, rules: Mapping[str, Condition]) -> Category:
    """Return for each event the name of the first rule that matches it, in the order of the rules.

    Rules on names are asked of the vocabulary alone.
    """
    labels = pa.array(tuple(rules), type=pa.string())
    events = chunk.event
    by_name = [matching_names(events.names, condition) for condition in rules.values()]
    if all(hits is not None for hits in by_name):
        return Category(by_code(_first(by_name, len(events.labels)), events.codes), labels, ordered=True)
    masks = [
        matches(chunk, condition) if hits is None else by_code(hits, events.codes)
        for condition, hits in zip(rules.values(), by_name, strict=True)
    ]
    return Category(_first(masks, chunk.n_events), labels, ordered=True)


def _first(masks: Sequence[npt.NDArray[np.bool_] | None], n: int) -> Codes:
    """Return for each place the position of the first mask that holds there, -1 for none."""
    codes = np.full(n, -1, dtype=np.int32)
    for position in reversed(range(len(masks))):
        codes[masks[position]] = position
    return codes
