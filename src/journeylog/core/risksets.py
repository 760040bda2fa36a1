"""Risk sets: who stood where and when, who did what next, and who of both reached the goal within a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.actor_groups import actor_groups, actor_of_cases
from journeylog.core.chunk import Category, Chunk, Level
from journeylog.core.counts import Coded, Table
from journeylog.core.grouping import divided
from journeylog.core.kernels.risksets import HALF, count_risk_sets
from journeylog.core.schema import NONE, START
from journeylog.errors import ConfigError

__all__ = ["GROUPS", "Bands", "RiskSets"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Random groups of actors: intervals are made of the spread between them.
GROUPS = 20
#: Most cells of a grid of nodes by strata.
_MOST_CELLS = 1 << 23
#: What is counted in each table: who did it and who had met it, or who stood there.
_COUNTED = {"nodes": ("did", "met"), "stood": ("stood",), "moves": ("did", "met"), "stood_at": ("stood",)}


@dataclass(frozen=True)
class Bands:
    """Bands of position and of time since the case began, by their upper bounds (included).

    Positions beyond the last bound are not looked at; times beyond the last bound are one more band.
    """

    positions: tuple[int, ...]
    elapsed: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of bands of position and of time."""
        return len(self.positions), len(self.elapsed) + 1

    @property
    def of_position(self) -> Codes:
        """Band of each position, from the first."""
        widths = np.diff((0, *self.positions))
        return np.repeat(np.arange(len(widths)), widths).astype(np.int32)


@dataclass(frozen=True, eq=False)
class RiskSets:
    """What is compared in a chunk.

    Parameters
    ----------
    chunk : Chunk
    level : Level
        The cases.
    node : Category
        What is met.
    merge : bool
        Whether neighbouring events of one node are one visit.
    place : Category or None
        Where a case stands; None: everywhere is one place.
    adjust : tuple of Category
        Attributes; a case has the values of its first event.
    goal : ndarray of bool
        By event.
    bands : Bands
    """

    chunk: Chunk
    level: Level
    node: Category
    merge: bool
    place: Category | None
    adjust: tuple[Category, ...]
    goal: npt.NDArray[np.bool_]
    bands: Bands

    def tables(self, within: int, last_start: int, moves: bool) -> dict[str, Table]:
        """Return the tables ``nodes``, ``stood``, ``moves``, ``stood_at`` and ``cases``.

        A row is a stratum: bands of position and time, attributes, and the place (`nodes`, `stood`) or the node stood at
        (`moves`, `stood_at`). For each group of actors it has the stands by the ones who just did it, by all who had
        met it by then, or by everybody (``did, met, stood``), and after each how many of these reach the goal.
        ``stood_at`` is empty when the nodes are the places: then it is ``stood``.
        """
        shapes = self._shapes(moves)
        events = self._events()
        layer = self._layers()
        bands = (self.bands.of_position, np.array(self.bands.elapsed, np.int64))
        sparse: dict[str, list[tuple[Ints, list[Ints]]]] = {name: [] for name in shapes}
        total = np.zeros(4, np.int64)
        for mine in self._groups():
            grids = {
                name: [np.zeros(math.prod(shape), np.int64) for _ in _COUNTED[name]]
                for name, shape in shapes.items()
            }
            total += count_risk_sets(
                *events, self.merge, self.level.begin, self.level.end, mine, layer,
                len(self.node.labels), shapes["stood"][-1] - 2, *bands, within, last_start,
                *(grid for both in grids.values() for grid in both),
            )  # fmt: skip
            for name, both in grids.items():
                used = np.flatnonzero(both[0] if len(both) == 1 else both[0] | both[1])
                sparse[name].append((used, [grid[used] for grid in both]))
        tables = {name: self._table(name, shapes[name], parts) for name, parts in sparse.items()}
        names = ("n_cases", "n_reached", "n_stands", "n_beyond")
        cases = dict(zip(names, total.tolist(), strict=True)) | {"n_under_way": self.level.n_under_way}
        tables["cases"] = Table({}, {name: np.array([n], np.int64) for name, n in cases.items()})
        return tables

    @property
    def _sizes(self) -> list[int]:
        """Number of values of each attribute, one more for a missing one."""
        return [len(column.labels) + 1 for column in self.adjust]

    def _shapes(self, moves: bool) -> dict[str, tuple[int, ...]]:
        n_nodes = len(self.node.labels)
        n_places = 1 if self.place is None else len(self.place.labels)
        n_from = n_nodes + 1 if moves else 0
        n_strata = math.prod((*self._sizes, *self.bands.shape))
        shapes: dict[str, tuple[int, ...]] = {
            "nodes": (n_strata, n_places + 2, n_nodes),
            "stood": (n_strata, n_places + 2),
            "moves": (n_strata, n_from, n_nodes),
            "stood_at": (n_strata, 0 if self.place is self.node else n_from),
        }
        cells = max(math.prod(shape) for shape in shapes.values())
        if cells > _MOST_CELLS:
            raise ConfigError(
                f"{n_nodes:,} names at {n_places:,} places in {n_strata:,} strata make {cells:,} risk sets, more than "
                f"{_MOST_CELLS:,}. Fix: stages (jl.Stages) and at='stage', or at=None; transitions=False; fewer "
                "attributes or bands"
            )
        return shapes

    def _groups(self) -> list[Ints]:
        """Return the cases of each group of actors."""
        group = actor_groups(self.chunk, GROUPS)[actor_of_cases(self.chunk, self.level)].astype(np.int8)
        order = np.argsort(group, kind="stable")
        return np.split(order, np.searchsorted(group[order], np.arange(1, GROUPS)))

    def _events(self) -> tuple[Any, ...]:
        """Return node, place, time and goal by event, as the cases point to them."""
        node, time, goal = self.node.codes, self.chunk.time, self.goal
        place = np.zeros(len(node), np.int32) if self.place is None else self.place.codes
        order = self.level.order
        return (
            (node, place, time, goal)
            if order is None
            else (node[order], place[order], time[order], goal[order])
        )

    def _layers(self) -> Codes:
        """Return by case which combination of attributes it belongs to."""
        layer = np.zeros(len(self.level), np.int64)
        first = self.level.first_event()
        for column, size in zip(self.adjust, self._sizes, strict=True):
            codes = column.codes[first]
            layer = layer * size + np.where(codes >= 0, codes, size - 1)
        return layer.astype(np.int32)

    def _table(self, name: str, shape: tuple[int, ...], parts: list[tuple[Ints, list[Ints]]]) -> Table:
        """Return the used rows of a grid, with a column for each count and group."""
        mark = np.zeros(math.prod(shape), bool)
        for used, _ in parts:
            mark[used] = True
        rows, spot = np.flatnonzero(mark), np.cumsum(mark) - 1
        values: dict[str, Ints] = {}
        for k, word in enumerate(_COUNTED[name]):
            both = np.zeros((GROUPS, len(rows)), np.int64)
            for g, (used, found) in enumerate(parts):
                both[g, spot[used]] = found[k]
            values |= {f"{word}_{g:02}": both[g] & ((1 << HALF) - 1) for g in range(GROUPS)}
            values |= {f"{word}_goal_{g:02}": both[g] >> HALF for g in range(GROUPS)}
        return Table(self._keys(name, np.unravel_index(rows, shape)), values)

    def _keys(self, name: str, axes: Any) -> dict[str, Coded | Ints]:
        nodes, (stratum, spot) = self.node, axes[:2]
        keys: dict[str, Coded | Ints] = {}
        if name in ("nodes", "moves"):
            keys["node"] = Coded(axes[2], nodes.names, nodes.ordered)
        if name in ("nodes", "stood"):
            labels = ("",) if self.place is None else self.place.names
            keys["place"] = _spot(spot, labels, self.place is not None and self.place.ordered)
        else:
            keys["place"] = _spot(spot, nodes.names, nodes.ordered)
        n_positions, n_elapsed = self.bands.shape
        layer, band = divided(stratum, n_positions * n_elapsed)
        keys["position"], keys["elapsed"] = divided(band, n_elapsed)
        for k in reversed(range(len(self.adjust))):
            column = self.adjust[k]
            layer, code = divided(layer, self._sizes[k])
            code = np.where(code < len(column.labels), code, NONE)
            keys[f"adjust_{k}"] = Coded(code, column.names, column.ordered)
        return keys


def _spot(codes: Ints, labels: tuple[str, ...], ordered: bool) -> Coded:
    """Return places as a key: after the labels come the start and no place yet."""
    n = len(labels)
    return Coded(np.where(codes < n, codes, np.where(codes == n, START, NONE)), labels, ordered)
