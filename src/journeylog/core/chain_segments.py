"""The moves of a chain by segment, in halves of the actors: one chooses, the other measures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from journeylog.core.chain_frames import ModelParts
from journeylog.core.counts import Table
from journeylog.core.deviations import alike, enlarging

__all__ = ["SegmentMoves"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SegmentMoves:
    """Followed moves by segment, group of actors and edge of the whole chain.

    Parameters
    ----------
    names : tuple of str
    by_group : sparse array of float64, shape (n_segments * n_edges, n_groups)
        One row for each edge of each segment.
    by_half : ndarray of float64, shape (n_segments, 2, n_edges)
        The same, by half of the actors: those of the even groups and those of the odd.
    """

    names: tuple[str, ...]
    by_group: Any
    by_half: Floats

    @staticmethod
    def of(moves: Table, parts: ModelParts) -> SegmentMoves:
        """Read the moves of all segments; cases without a value are in none."""
        sample, states = parts.sample, parts.sample.n_states
        column = moves.coded("segment")
        source, target = (moves.coded(side).onto(parts.nodes) for side in ("from", "to"))
        source = np.where(source < 0, states - 1, source)
        known = sample.source * (states + 8) + sample.target + 8
        wanted = source * (states + 8) + target + 8
        spot = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
        kept = (column.codes >= 0) & (moves.values["n_followed"] > 0)
        if len(known):
            kept &= (known[spot] == wanted) & sample.known[spot]
        rows = np.flatnonzero(kept)
        segment, group, edge = column.codes[rows].astype(np.int64), moves.codes("group")[rows], spot[rows]
        n = moves.values["n_followed"][rows].astype(np.float64)
        size = (len(column.labels), 2, len(known))
        cell = (segment * 2 + group % 2) * size[2] + edge
        by_half: Any = np.bincount(cell, n, math.prod(size)).reshape(size)
        by_group = sparse.csr_array(
            (n, (segment * size[2] + edge, group)), shape=(size[0] * size[2], sample.n_groups)
        )
        return SegmentMoves(column.labels, by_group, by_half)

    def deviation(self, segment: int, half: int, row: Ints, rate: Floats) -> tuple[Floats, float]:
        """Return by group and edge of a state how the rates of a segment, measured in a half, deviate; and its freedom.

        Few groups have a segment's visits, so what they deviate from their own mean is made larger by as many as they
        weigh (as for shares); nan where it is but one, which says nothing of the others.
        """
        first = segment * self.by_half.shape[2]
        ends = self.by_group.indptr[first + row[0] : first + row[-1] + 2]
        mine = slice(int(ends[0]), int(ends[-1]))
        group = self.by_group.indices[mine]
        edge = np.repeat(np.arange(len(row)), np.diff(ends))
        n = np.where(group % 2 == half, self.by_group.data[mine], 0.0)
        n_groups = self.by_group.shape[1]
        counts = np.bincount(group * len(row) + edge, n, n_groups * len(row)).reshape(n_groups, len(row))
        base = counts.sum(1, keepdims=True)
        groups = alike(base)
        scale = np.where(groups > 1 + 1e-9, enlarging(groups), np.nan) / max(base.sum(), 1.0)
        return np.asarray((counts - base * rate) * scale), float(groups[0]) - 1
