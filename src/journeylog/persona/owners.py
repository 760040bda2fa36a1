"""Which group each actor belongs to: one for all of its events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from journeylog.core.actor_groups import actor_hashes, group_of_actors
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Step
from journeylog.core.window import Window

__all__ = ["GROUP", "OneGroup", "lowest"]

Ints = npt.NDArray[np.int64]


#: The column that holds each actor's group; no column of a log is called so.
GROUP: Final = "\x00group"


@dataclass(frozen=True)
class OneGroup(Step):
    """Put each actor in one group: the first value that a column has for it. Adds the column :data:`GROUP`.

    Parameters
    ----------
    by : str
        A categorical column.
    """

    by: str

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the column of groups."""
        column = chunk.category(self.by)
        codes = np.repeat(group_of_actors(chunk, self.by), np.diff(chunk.offsets)).astype(np.int32)
        return chunk.with_columns(**{GROUP: replace(column, codes=codes)})


def lowest(chunk: Chunk, group: Ints, n: int, seed: int) -> tuple[Ints, Ints]:
    """Return the actors of each group with the lowest hashes, at most `n` of each, and all hashes.

    The actors of a part that are among the lowest of the whole log are among the lowest of the part.
    """
    hashes = actor_hashes(chunk, seed)
    order = np.lexsort((hashes, group))
    begins = np.searchsorted(group[order], group[order], side="left")
    return np.sort(order[np.arange(len(order)) - begins < n]), hashes
