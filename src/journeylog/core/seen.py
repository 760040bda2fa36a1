"""Which event names occur: told once for the whole log, however it is partitioned."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from journeylog.core.chunk import Chunk
from journeylog.core.condition import Condition, warn_unknown
from journeylog.core.counts import Coded, Table
from journeylog.core.kernels.names import used_codes

__all__ = ["name_table", "warn_unseen_names"]


def name_table(chunk: Chunk, column: str = "event") -> Table:
    """Return the names in a column that occur in a chunk, by default those of events, as a table that can be merged."""
    found = chunk.category(column)
    used = np.flatnonzero(used_codes(found.codes, len(found.labels)))
    seen = {"seen": np.ones(len(used), np.int64)}
    return Table({"name": Coded(used, found.names)}, seen, largest=("seen",))


def warn_unseen_names(names: Table, conditions: Iterable[Condition]) -> None:
    """Warn about names in the conditions that do not occur; a log without events says nothing about names."""
    column = names.keys["name"]
    assert isinstance(column, Coded)
    known = [str(name) for name in column.names({})]
    if known:
        for condition in conditions:
            warn_unknown(known, condition)
