"""From scores to counted tables: which visit each score follows, and what its mean, its answers and its effects need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk, Level, Number
from journeylog.core.counts import Coded, Table
from journeylog.core.kernels import satisfaction as kernel
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.moments import case_moments
from journeylog.core.scales import LEVELS, Scale, levels_of, scale_of, units_of
from journeylog.core.schema import NONE, REACHED, UNDECLARED
from journeylog.core.window import Window
from journeylog.errors import ConfigError, MissingColumnError

__all__ = ["MEASURES", "Scores", "coarse_bins", "find_scores", "outcome_table", "scale_or_none"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: What may have an effect on a score.
MEASURES = ("wait", "rework")
_NODE_COLUMNS = (
    "n_visits",
    "n_cases",
    "n_actors",
    "n_answered",
    "n_followed",
    "k",
    "kk",
    "kn",
    "nn",
)
_BELOW = 8  # room for the codes of typed nodes in a joined key
_CELL_BITS = 16
#: Up to this many possible keys a plain grid serves.
_DENSE = 1 << 16


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of a chunk's cases, actor by actor, with the visit each follows.

    Parameters
    ----------
    node, origin : ndarray of int64, shape (n_scores,)
        Codes of the node a score follows, and of the node its visit was reached from (``START``: it is the first).
        Scores that follow no visit of the cases have a `node` of :data:`kernel.NOTHING`, :data:`kernel.TOO_LATE` or
        :data:`kernel.OUTSIDE`.
    wait, rework : ndarray of int64, shape (n_scores,)
        Microseconds of the move into the visit (-1: none), and how many visits of the case up to there were of a
        node it had visited before.
    units, scale : ndarray of int64, shape (n_scores,)
        The score in units of ``1 / UNIT``, and its scale as a code into `scales` (-1: unknown).
    event : ndarray of int64, shape (n_scores,)
        The position of the event that carries the score.
    starts : ndarray of int64, shape (n_actors + 1,)
        Where each actor's scores begin.
    answered : ndarray of bool, shape (n_cases,)
        Whether a score follows a visit of the case.
    grid : ndarray of int64
        The counts by node.
    """

    node: Ints
    origin: Ints
    wait: Ints
    rework: Ints
    units: Ints
    scale: Ints
    event: Ints
    starts: Ints
    answered: npt.NDArray[np.bool_]
    grid: Ints
    labels: tuple[str, ...]
    ordered: bool
    scales: tuple[str, ...]
    n_under_way: int

    def coded(self, codes: Ints) -> Coded:
        """Return codes of nodes as a key column."""
        return Coded(codes, self.labels, self.ordered)

    def node_table(self) -> Table:
        """Return one row a node: visits, cases, and how many of them answered."""
        used = np.arange(len(self.labels)) if self.ordered else np.flatnonzero(self.grid[:, 0])
        columns = dict(zip(_NODE_COLUMNS, self.grid[used].T.copy(), strict=True))
        return Table({"node": self.coded(used.astype(np.int64))}, columns)

    def mean_tables(self) -> dict[str, Table]:
        """Return the moments of the scores by node, of all together (in a row without a node), and by move."""
        rows, n_nodes = np.where(self.node >= 0, self.node, -1).astype(np.int32), len(self.labels)
        out, whole = self._moments(rows, rows, self.units, n_nodes, n_nodes)
        every = np.where(rows >= 0, 0, -1).astype(np.int32)
        pooled, all_of_them = self._moments(every, every, self.units, 1, 1)
        used = np.flatnonzero(out[:, 0])
        some = len(self.node) > 0
        grid = np.concatenate((out[used], pooled[:some]))
        nn = np.concatenate((whole[used, 1], all_of_them[:some, 1]))
        codes = np.append(used, [NONE] * some).astype(np.int64)
        here = rows >= 0
        wide = (n_nodes + _BELOW) * max(n_nodes, 1)
        moves, keys = _numbered((self.origin + _BELOW) * max(n_nodes, 1) + self.node, here, wide)
        moved, bases = self._moments(moves, moves, self.units, len(keys), len(keys))
        seen = np.flatnonzero(moved[:, 0])
        moved, bases, keys = moved[seen], bases[seen], keys[seen]
        ends = {
            "from": self.coded(keys // max(n_nodes, 1) - _BELOW),
            "to": self.coded(keys % max(n_nodes, 1)),
        }
        return {
            "scores": Table({"node": self.coded(codes)}, _mean_columns(grid, nn)),
            "moves": Table(ends, _mean_columns(moved, bases[:, 1])),
        }

    def answer_tables(self) -> dict[str, Table]:
        """Return what was answered on which scale, by node and of all together, and the readings of the scales."""
        parts: dict[str, list[Table]] = {"answers": [], "readings": []}
        here = self.node >= 0
        level = levels_of(self.units)
        points = self._points(level)
        for pooled in (False, True):
            node = np.where(here, NONE if pooled else self.node, 0)
            key = (node + _BELOW) * (len(self.scales) + 1) + self.scale + 1
            size = (len(self.labels) + _BELOW) * (len(self.scales) + 1)
            base, base_keys = _numbered(key, here, size)
            out, whole = self._moments(base, base, points, len(base_keys), len(base_keys))
            seen = np.flatnonzero(out[:, 0])
            keys = self._scale_keys(base_keys[seen])
            parts["readings"].append(Table(keys, _mean_columns(out[seen], whole[seen, 1])))
            cell, cell_keys = _numbered(key * LEVELS + level, here, size * LEVELS)
            ones = np.ones(len(key), np.int64)
            cells, _ = self._moments(cell, base, ones, len(cell_keys), len(base_keys))
            seen = np.flatnonzero(cells[:, 0])
            cells, cell_keys = cells[seen], cell_keys[seen]
            values = {"n": cells[:, 0].copy(), "kk": cells[:, 3].copy(), "kn": cells[:, 4].copy()}
            keys = {**self._scale_keys(cell_keys // LEVELS), "level": cell_keys % LEVELS}
            parts["answers"].append(Table(keys, values))
        return {name: Table.concat(tables) for name, tables in parts.items()}

    def effect_tables(self) -> dict[str, Table]:
        """Return, for each node and measure, the cells of (measure, score), and which pairs of them actors have."""
        cells, pairs = [], []
        level = levels_of(self.units)
        for m, values in enumerate(((self.wait + 500) // 1000, self.rework)):
            known = (self.node >= 0) & (self.wait >= 0 if m == 0 else True)
            cell = coarse_bins(np.where(known, values, 0)) * LEVELS + level
            group = np.where(known, self.node * len(MEASURES) + m, -1).astype(np.int32)
            _, keys, n = number_keys(((group.astype(np.int64) << _CELL_BITS) | cell)[known])
            cells.append(self._cell_table(keys >> _CELL_BITS, keys & ((1 << _CELL_BITS) - 1), n))
            together = kernel.pair_products(group, cell.astype(np.int32), self.starts)
            pairs.append(self._pair_table(together))
        return {"cells": Table.concat(cells), "pairs": Table.concat(pairs)}

    def total_table(self) -> Table:
        """Return one row: scores, those that follow nothing or follow too late, and the cases set apart."""
        total = {
            "n_scores": len(self.node),
            "n_nothing": int(np.count_nonzero(self.node == kernel.NOTHING)),
            "n_too_late": int(np.count_nonzero(self.node == kernel.TOO_LATE)),
            "n_outside": int(np.count_nonzero(self.node == kernel.OUTSIDE)),
            "n_under_way": self.n_under_way,
        }
        return Table({}, {name: np.array([n], np.int64) for name, n in total.items()})

    def _moments(self, rows: Codes, base: Codes, x: Ints, n_rows: int, n_base: int) -> Any:
        return kernel.actor_moments(rows, base, x, self.starts, n_rows, n_base)

    def _points(self, level: Ints) -> Ints:
        """Return what each score counts for in the reading of its scale; 0 where the scale does not say."""
        points = np.zeros(len(level), np.int64)
        for code, name in enumerate(self.scales):
            scale = scale_or_none(name)
            if scale is not None and scale.reading is not None:
                mine = self.scale == code
                points[mine] = scale.points(scale.answers(level[mine]))
        return points

    def _scale_keys(self, keys: Ints) -> dict[str, Coded | Ints]:
        wide = len(self.scales) + 1
        return {"node": self.coded(keys // wide - _BELOW), "scale": Coded(keys % wide - 1, self.scales)}

    def _group_keys(self, group: Ints) -> dict[str, Coded | Ints]:
        return {"node": self.coded(group // len(MEASURES)), "measure": group % len(MEASURES)}

    def _cell_table(self, group: Ints, cell: Ints, n: Ints) -> Table:
        return Table({**self._group_keys(group), "bin": cell // LEVELS, "level": cell % LEVELS}, {"n": n})

    def _pair_table(self, together: Ints) -> Table:
        group, one, other, products = together
        number, keys, _ = number_keys((((group << _CELL_BITS) | one) << _CELL_BITS) | other)
        added = np.zeros(len(keys), np.int64)
        np.add.at(added, number, products)
        mask = (1 << _CELL_BITS) - 1
        spots = {"cell": (keys >> _CELL_BITS) & mask, "other": keys & mask}
        return Table({**self._group_keys(keys >> (2 * _CELL_BITS)), **spots}, {"products": added})


def find_scores(
    chunk: Chunk,
    level: Level,
    node: str,
    merge: bool,
    within: int,
    own: bool,
    scale: str | None,
    window: Window,
) -> Scores:
    """Return the scores of the cases with the visit each follows.

    Parameters
    ----------
    within : int
        Microseconds from the last event of a visit to a score that follows it.
    own : bool
        Whether an event with a score is a visit of its own node.
    scale : str or None
        Name of the declared scale of all scores; None takes the column ``score_scale`` where there is one.
    """
    score = chunk.columns.get("score")
    if not isinstance(score, Number):
        raise MissingColumnError(
            "the log has no scores. Fix: read them with jl.read(..., score='rating', score_scale='stars5')"
        )
    column = chunk.category(node)
    codes, time = column.codes, chunk.time
    given = ~np.isnan(score.values) if score.valid is None else score.valid
    order = level.order
    if order is not None:
        codes, time, given = codes[order], time[order], given[order]
    found, starts, grid = kernel.attach(
        codes, time, given, own, merge, level.actor_offsets, level.begin, level.end,
        None if order is not None else _spans(chunk, level), len(column.labels),
        int(np.count_nonzero(given)), within, window.end,
    )  # fmt: skip
    spot = found[:, kernel.EVENT]
    spot = spot if order is None else order[spot]
    at = found[:, kernel.NODE]
    answered = np.zeros(len(level), dtype=bool)
    answered[found[at >= 0, kernel.CASE]] = True
    words, names = _scales(chunk, spot, scale)
    return Scores(
        at, found[:, kernel.FROM], found[:, kernel.WAIT], found[:, kernel.REWORK], units_of(score.values[spot]),
        words, spot, starts, answered, grid, column.names, column.ordered, names, level.n_under_way,
    )  # fmt: skip


def outcome_table(scores: Scores, chunk: Chunk, level: Level, window: Window) -> Table:
    """Return one row for the cases without a score and one for those with: how they ended, where that is known.

    It is known of cases whose last event was watched for the whole patience.
    """
    told = np.zeros(len(level), dtype=bool)
    some = level.end > level.begin
    if level.patience != UNDECLARED:
        last = level.end[some] - 1
        time = chunk.time[last if level.order is None else level.order[last]]
        told[some] = time < window.end - level.patience
    rows = []
    for answered in (False, True):
        mine = scores.answered == answered
        reached = np.where(level.outcome == REACHED, 0, -2)
        out, whole = case_moments(np.where(mine & told, reached, -1).astype(np.int32), level.actor_offsets, 1)
        rows.append([np.count_nonzero(mine), whole[0], out[0, 0], out[0, 2], out[0, 3], whole[2]])
    columns = zip(
        ("n_cases", "n_told", "n_reached", "kk", "kn", "nn"), np.array(rows, np.int64).T, strict=True
    )
    return Table({"answered": np.arange(2)}, {name: values.copy() for name, values in columns})


def scale_or_none(name: str | None) -> Scale | None:
    """Return the scale a word names, None when it names none."""
    try:
        return None if name is None else scale_of(name)
    except ConfigError:
        return None


def _spans(chunk: Chunk, level: Level) -> Ints:
    """Return by actor of the level where all of its events begin and end; a level need not have all actors."""
    spans = np.zeros((len(level.actor_offsets) - 1, 2), np.int64)
    some = np.flatnonzero(np.diff(level.actor_offsets))
    first = level.begin[level.actor_offsets[some]]
    actor = np.searchsorted(chunk.offsets, first, side="right") - 1
    spans[some, 0], spans[some, 1] = chunk.offsets[actor], chunk.offsets[actor + 1]
    return spans


def _scales(chunk: Chunk, spot: Ints, declared: str | None) -> tuple[Ints, tuple[str, ...]]:
    if declared is not None:
        return np.zeros(len(spot), np.int64), (declared,)
    words = chunk.columns.get("score_scale")
    if isinstance(words, Category):
        return words.codes[spot].astype(np.int64), words.names
    return np.full(len(spot), -1, np.int64), ()


def _mean_columns(grid: Ints, nn: Ints) -> dict[str, Ints]:
    names = ("n", "n_actors", "x", "xx", "xn")
    return {**dict(zip(names, grid.T.copy(), strict=True)), "nn": nn.copy()}


def _numbered(keys: Ints, here: npt.NDArray[np.bool_], size: int) -> tuple[Codes, Ints]:
    """Return the row of each key, -1 for those that are not here, and the key of each row.

    Keys lie below `size`; where that is small the key is the row, and rows may stay empty.
    """
    if size <= _DENSE:
        return np.where(here, keys, -1).astype(np.int32), np.arange(size, dtype=np.int64)
    number, known, _ = number_keys(keys[here])
    rows = np.full(len(keys), -1, np.int32)
    rows[here] = number
    return rows, known


def coarse_bins(values: Ints) -> Ints:
    """Return bins of whole numbers: own bins below 16, above an eighth of their power of two wide."""
    length = np.frexp(values.astype(np.float64))[1]
    shift = np.maximum(length - 4, 0).astype(np.int64)
    return np.asarray((shift << 3) + (values >> shift), dtype=np.int64)
