"""Shares of outcomes in ever finer contexts, each shrunk towards the coarser one, and scored on held-out actors.

A context that was seen often is believed; one that was seen rarely lends from the one above it. How much is measured:
where contexts below one another differ no more than by chance, the finer ones count nothing (method of moments of the
Dirichlet-multinomial). Nothing is tuned and there is no random number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from journeylog.core.kernels.groups import add_products, add_up, numbered

__all__ = ["Backoff", "Fitted", "Level", "Scores"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Beyond this weight of the coarser context the finer one counts nothing; and the coarser never weighs less than this.
_HEAVIEST, _LIGHTEST = 1e6, 0.5


@dataclass(frozen=True, eq=False)
class Level:
    """Contexts of one fineness, and the cells (context, outcome) that occur in them.

    Parameters
    ----------
    cell_of_row : ndarray of int64, shape (n_rows,)
    context, parent : ndarray of int64, shape (n_cells,)
        Context of each cell, and the cell of the coarser level with the same outcome.
    outcome : ndarray of int64, shape (n_cells,)
    context_parent, family : ndarray of int64, shape (n_contexts,)
        The coarser context of each, and the set that shares one weight.
    key : ndarray of int64, shape (n_contexts,)
        As it was given.
    """

    cell_of_row: Ints
    context: Ints
    parent: Ints
    outcome: Ints
    context_parent: Ints
    family: Ints
    key: Ints


class Fitted(NamedTuple):
    """One level, fitted: by cell the shrunk share, by context the trials, their weight above and the sum of squares."""

    share: Floats
    n: Floats
    weight: Floats
    squares: Floats


Visitor = Callable[[int, list[Fitted], list[Floats]], None]


class Scores(NamedTuple):
    """Losses of the held-out rows by fold and context of a chosen level: sums and how many."""

    n: Floats
    log_loss: Floats
    brier: Floats


@dataclass(frozen=True, eq=False)
class Backoff:
    """Counts of outcomes by fold and nested contexts.

    Parameters
    ----------
    fold, outcome : ndarray of int64, shape (n_rows,)
    n : ndarray of float64, shape (n_rows,)
    levels : sequence of Level
        Level 0 has one context, that of all.
    n_folds, n_outcomes : int
    """

    fold: Ints
    outcome: Ints
    n: Floats
    levels: Sequence[Level]
    n_folds: int
    n_outcomes: int

    @staticmethod
    def of(
        fold: Ints,
        contexts: Sequence[Ints],
        outcome: Ints,
        n: Ints,
        n_folds: int,
        n_outcomes: int,
        families: Sequence[int] | None = None,
    ) -> Backoff:
        """Number the contexts.

        Parameters
        ----------
        fold : ndarray of int64, shape (n_rows,)
            Not falling from row to row.
        contexts : sequence of ndarray of int64, shape (n_rows,)
            Keys from coarse to fine; a key of a finer level belongs to one key of the coarser.
        families : sequence of int, optional
            For each level, which coarser level's contexts (0: all) share one weight; by default 0.
        """
        if (fold[1:] < fold[:-1]).any():
            raise ValueError("rows stand in the order of their folds, as counts are sorted by them")
        chosen = families or [0] * len(contexts)
        levels: list[Level] = []
        of_rows = [np.zeros(len(fold), np.int64)]
        for keys, depth in zip([np.zeros(len(fold), np.int64), *contexts], [0, *chosen], strict=True):
            key, context, row = _numbered(keys)
            cells, cell, first = _numbered(context * n_outcomes + outcome)
            above = levels[-1] if levels else None
            levels.append(
                Level(
                    cell,
                    cells // n_outcomes,
                    above.cell_of_row[first] if above else cells % n_outcomes,
                    cells % n_outcomes,
                    of_rows[-1][row],
                    of_rows[min(depth + 1, len(of_rows) - 1)][row] if levels else row * 0,
                    key,
                )
            )
            of_rows.append(context)
        return Backoff(fold, outcome, n.astype(np.float64), levels, n_folds, n_outcomes)

    def fit(self, counts: Sequence[Floats] | None = None) -> list[Fitted]:
        """Return all levels fitted on all rows, or on these counts by cell of each level."""
        told = counts or self.counts
        top, j = self.levels[0], max(self.n_outcomes, 1)
        base = np.zeros(j)
        base[top.outcome] = told[0]
        share = (base + 1 / j) / (base.sum() + 1)
        n_top = len(top.key)
        squares = np.full(n_top, np.square(share).sum())
        fitted = [Fitted(share[top.outcome], np.full(n_top, base.sum()), np.ones(n_top), squares)]
        for level, k in zip(self.levels[1:], told[1:], strict=True):
            fitted.append(_fit(level, k, fitted[-1]))
        return fitted

    @cached_property
    def counts(self) -> list[Floats]:
        """Counts of all rows by cell of each level."""
        return [_added(level.cell_of_row, self.n, len(level.context)) for level in self.levels]

    def held_out(self) -> Iterator[tuple[int, list[Fitted], list[Floats]]]:
        """Yield for each fold the levels fitted on the other folds, and the fold's own counts by cell of each level."""
        bounds = np.searchsorted(self.fold, np.arange(self.n_folds + 1))
        for fold in range(self.n_folds):
            rows = slice(bounds[fold], bounds[fold + 1])
            if bounds[fold] < bounds[fold + 1]:
                own = [
                    _added(level.cell_of_row[rows], self.n[rows], len(level.context)) for level in self.levels
                ]
                rest = [whole - part for whole, part in zip(self.counts, own, strict=True)]
                yield fold, self.fit(rest), own

    def scores(self, by: int = 0, visit: Visitor | None = None) -> list[Scores]:
        """Return for each level the held-out losses, by fold and context of level `by`.

        `visit` is called with what :meth:`held_out` yields.
        """
        width = len(self.levels[by].key)
        out = [Scores(*(np.zeros((self.n_folds, width)) for _ in range(3))) for _ in self.levels]
        for fold, fitted, counts in self.held_out():
            if visit is not None:
                visit(fold, fitted, counts)
            for depth, found in enumerate(out):
                level, n = self.levels[max(depth, by)], counts[max(depth, by)]
                share, squares = fitted[depth].share, fitted[depth].squares
                for finer in self.levels[depth + 1 : by + 1]:
                    share, squares = share[finer.parent], squares[finer.context_parent]
                own = _added(level.context, n, len(level.key))
                loss, gap = -n * np.log(share), n * (1 - 2 * share)
                if width == 1:
                    found.n[fold], found.log_loss[fold] = n.sum(), loss.sum()
                    found.brier[fold] = gap.sum() + (own * squares).sum()
                    continue
                at = self.coarse(max(depth, by), by)
                cell = at[level.context]
                found.n[fold] = _added(cell, n, width)
                found.log_loss[fold] = _added(cell, loss, width)
                found.brier[fold] = _added(cell, gap, width) + _added(at, own * squares, width)
        return out

    def coarse(self, depth: int, by: int) -> Ints:
        """Return for each context of a level its context of a coarser one."""
        at = np.arange(len(self.levels[depth].key))
        for level in reversed(self.levels[by + 1 : depth + 1]):
            at = level.context_parent[at]
        return at


def _numbered(keys: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the distinct keys in order, the number of each row's, and the first row of each."""
    if len(keys) == 0 or keys.max() > 8 * len(keys) + 65_536:
        found, first, number = np.unique(keys, return_index=True, return_inverse=True)
        return found, number.astype(np.int64), first.astype(np.int64)
    found, number, first = numbered(keys, int(keys.max()))
    return found, number, first


def _added(cell: Ints, values: Floats, n_cells: int) -> Floats:
    return np.asarray(add_up(cell, values, n_cells))


def _fit(level: Level, k: Floats, above: Fitted) -> Fitted:
    """Return the shares of one level, shrunk towards those above."""
    n_contexts = len(level.key)
    q = above.share[level.parent]
    squares = above.squares[level.context_parent]
    n, kk, kq = add_products(level.context, k, q, n_contexts)
    # what the shares of a context are off those above, against what chance alone would make it
    some = np.maximum(n, 1.0)
    off = np.where(n > 0, (kk - 2 * n * kq + n * n * squares) / some, 0.0)
    n_families = int(level.family.max(initial=0)) + 1
    size = np.bincount(level.family, n, n_families)[level.family]
    free = (1 - squares) * (1 - n / np.maximum(size, 1.0)) * (n > 0)
    excess = np.bincount(level.family, off - free, n_families)
    room = np.bincount(level.family, free * np.maximum(n - 1, 0.0), n_families)
    alike = np.clip(np.where(room > 0, excess / np.where(room > 0, room, 1.0), 0.0), 0.0, 1.0)
    differ = alike > 1 / _HEAVIEST
    strength = np.where(differ, np.maximum((1 - alike) / np.where(differ, alike, 1.0), _LIGHTEST), np.inf)
    weight = strength[level.family]
    heavy = np.isinf(weight)
    w = np.where(heavy, 1.0, weight)
    share = np.where(heavy[level.context], q, (k + w[level.context] * q) / (n + w)[level.context])
    total = np.where(heavy, squares, (kk + 2 * w * kq + w * w * squares) / np.square(n + w))
    return Fitted(share, n, weight, total)
