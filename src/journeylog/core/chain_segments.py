"""The moves of a chain by segment, in halves of the actors: one chooses, the other measures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from journeylog.core.chain_frames import ModelParts
from journeylog.core.counts import Table

__all__ = ["SegmentMoves"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SegmentMoves:
    """Followed moves by segment, group of actors and edge of the whole chain.

    Parameters
    ----------
    names : tuple of str
    segment, group, edge : ndarray of int64, shape (n_rows,)
    n : ndarray of float64, shape (n_rows,)
    by_half : ndarray of float64, shape (n_segments, 2, n_edges)
        The same, by half of the actors.
    n_groups : int
    """

    names: tuple[str, ...]
    segment: Ints
    group: Ints
    edge: Ints
    n: Floats
    by_half: Floats
    n_groups: int

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
        rows = rows[np.lexsort((spot[rows], column.codes[rows]))]
        segment, group, edge = column.codes[rows], moves.codes("group")[rows], spot[rows]
        n = moves.values["n_followed"][rows].astype(np.float64)
        by_half = np.zeros((len(column.labels), 2, len(known)))
        np.add.at(by_half, (segment, group % 2, edge), n)
        return SegmentMoves(column.labels, segment, group, edge, n, by_half, sample.n_groups)

    @cached_property
    def _keys(self) -> Ints:
        """Where the rows of a segment and an edge lie; they are in this order."""
        return np.asarray(self.segment * self.by_half.shape[2] + self.edge, dtype=np.int64)

    def deviation(self, segment: int, half: int, row: Ints, rate: Floats) -> Floats:
        """Return by group and edge of a state how the rates of a segment, measured in a half, deviate."""
        first = segment * self.by_half.shape[2]
        mine = slice(*np.searchsorted(self._keys, (first + row[0], first + row[-1] + 1)).tolist())
        group, edge, n = self.group[mine], self.edge[mine] - row[0], self.n[mine]
        kept = group % 2 == half
        counts = np.zeros((self.n_groups, len(row)))
        np.add.at(counts, (group[kept], edge[kept]), n[kept])
        base = counts.sum(1, keepdims=True)
        return np.asarray((counts - base * rate) / max(base.sum(), 1.0))
