"""Counts by groups of actors, added up anew for every replicate of a bootstrap."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from journeylog.core.counts import Table
from journeylog.core.kernels.draws import AT_ONCE, add_weighted

__all__ = ["GROUP", "Sums"]

Ints = npt.NDArray[np.int64]

#: The key that holds the group of the actor.
GROUP: Final = "group"
_STRETCH: Final = 1 << 18


@dataclass(frozen=True, eq=False)
class Sums:
    """A table by groups: what it adds up to, and entries with their row of that (ascending) and their group."""

    whole: Table
    entries: Mapping[str, Ints]
    row: Ints
    group: Ints

    @staticmethod
    def of(table: Table) -> Sums:
        """Add up a table over the groups."""
        whole, order, row = table.without(GROUP)
        table = table if order is None else table.take(order)
        return Sums(whole, table.values, row, table.codes(GROUP) + 1)

    @property
    def n_groups(self) -> int:
        """How many groups gave anything."""
        return int(np.count_nonzero(np.bincount(self.group, minlength=1)[1:]))

    def only(self, rows: Ints) -> Sums:
        """Return only these rows of the whole, in their order there."""
        rows = np.sort(rows)
        place = np.full(len(self.whole), -1, np.int64)
        place[rows] = np.arange(len(rows))
        kept = np.flatnonzero(place[self.row] >= 0)
        entries = {name: values[kept] for name, values in self.entries.items()}
        return Sums(self.whole.take(rows), entries, place[self.row[kept]], self.group[kept])

    def weighted(self, weights: Ints, pool: ThreadPoolExecutor) -> dict[str, Ints]:
        """Return the sums of some replicates, in room that the next ones take; smallest and largest values have none."""

        def add(part: tuple[str, int, int]) -> None:
            name, first, last = part
            add_weighted(self.entries[name], self.row, self.group, weights, first, last, self._room[name])

        list(pool.map(add, [(name, *span) for name in self._room for span in self._spans]))
        return self._room

    @cached_property
    def _room(self) -> dict[str, Ints]:
        """Room for the sums of some replicates; every row has entries, so all of it is written each time."""
        fixed = (*self.whole.smallest, *self.whole.largest)
        shape = (AT_ONCE, len(self.whole))
        return {name: np.zeros(shape, np.int64) for name in self.entries if name not in fixed}

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """Entries in stretches of whole rows, for threads."""
        if len(self.row) <= _STRETCH:
            return [(0, len(self.row))]
        marks = np.searchsorted(self.row, self.row[_STRETCH::_STRETCH])
        bounds = np.unique(np.concatenate(([0], marks, [len(self.row)]))).tolist()
        return list(itertools.pairwise(bounds))

    def replicate(self, added: Mapping[str, Ints], k: int) -> Table:
        """Return the table of one of the replicates."""
        values = {
            name: added[name][k] if name in added else values for name, values in self.whole.values.items()
        }
        return replace(self.whole, values=values)
