"""Shares of outcomes in ever finer contexts, each shrunk towards the coarser one, and scored on held-out actors.

A context that was seen often is believed; one that was seen rarely lends from the one above it. How much is measured:
where contexts below one another differ no more than by chance, the finer ones count nothing (method of moments of the
Dirichlet-multinomial). Nothing is tuned and there is no random number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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
        contexts : sequence of ndarray of int64, shape (n_rows,)
            Keys from coarse to fine; a key of a finer level belongs to one key of the coarser.
        families : sequence of int, optional
            For each level, which coarser level's contexts (0: all) share one weight; by default 0.
        """
        chosen = families or [0] * len(contexts)
        levels: list[Level] = []
        of_rows = [np.zeros(len(fold), np.int64)]
        for keys, depth in zip([np.zeros(len(fold), np.int64), *contexts], [0, *chosen], strict=True):
            key, context = np.unique(keys, return_inverse=True)
            cells, first, cell = np.unique(
                context.astype(np.int64) * n_outcomes + outcome, return_index=True, return_inverse=True
            )
            row = np.zeros(len(key), np.int64)  # some row of each context
            row[context[::-1]] = np.arange(len(context))[::-1]
            above = levels[-1] if levels else None
            levels.append(
                Level(
                    cell.astype(np.int64),
                    cells // n_outcomes,
                    above.cell_of_row[first] if above else cells % n_outcomes,
                    cells % n_outcomes,
                    of_rows[-1][row],
                    of_rows[min(depth + 1, len(of_rows) - 1)][row] if levels else row * 0,
                    key,
                )
            )
            of_rows.append(context.astype(np.int64))
        return Backoff(fold, outcome, n.astype(np.float64), levels, n_folds, n_outcomes)

    def fit(self, rows: npt.NDArray[np.bool_] | None = None) -> list[Fitted]:
        """Return all levels fitted on some rows."""
        n = self.n if rows is None else np.where(rows, self.n, 0.0)
        base = np.bincount(self.outcome, n, self.n_outcomes)
        j = max(self.n_outcomes, 1)
        uniform = np.full(j, 1 / j)
        share = (base + uniform) / (base.sum() + 1)
        top = self.levels[0]
        fitted = [
            Fitted(
                share[top.outcome],
                np.full(len(top.key), base.sum()),
                np.ones(len(top.key)),
                np.full(len(top.key), np.square(share).sum()),
            )
        ]
        for level in self.levels[1:]:
            fitted.append(
                _fit(level, np.asarray(np.bincount(level.cell_of_row, n, len(level.context))), fitted[-1])
            )
        return fitted

    def held_out(self) -> Iterator[tuple[int, list[Fitted], list[Floats]]]:
        """Yield for each fold the levels fitted on the other folds, and the fold's own counts by cell of each level."""
        for fold in range(self.n_folds):
            mine = self.fold == fold
            if mine.any():
                own = np.where(mine, self.n, 0.0)
                counts = [np.bincount(level.cell_of_row, own, len(level.context)) for level in self.levels]
                yield fold, self.fit(~mine), [np.asarray(c, dtype=np.float64) for c in counts]

    def scores(self, by: int = 0) -> list[Scores]:
        """Return for each level the held-out losses, by fold and context of level `by` (none of them finer than it)."""
        width = len(self.levels[by].key)
        out = [Scores(*(np.zeros((self.n_folds, width)) for _ in range(3))) for _ in self.levels]
        for fold, fitted, counts in self.held_out():
            for depth in range(by, len(self.levels)):
                level, made, n = self.levels[depth], fitted[depth], counts[depth]
                at = self.coarse(depth, by)
                own = np.bincount(level.context, n, len(level.key))
                cell = at[level.context]
                out[depth].n[fold] = np.bincount(cell, n, width)
                out[depth].log_loss[fold] = np.bincount(cell, -n * np.log(made.share), width)
                out[depth].brier[fold] = np.bincount(cell, n * (1 - 2 * made.share), width) + np.bincount(
                    at, own * made.squares, width
                )
        return out

    def coarse(self, depth: int, by: int) -> Ints:
        """Return for each context of a level its context of a coarser one."""
        at = np.arange(len(self.levels[depth].key))
        for level in reversed(self.levels[by + 1 : depth + 1]):
            at = level.context_parent[at]
        return at


def _fit(level: Level, k: Floats, above: Fitted) -> Fitted:
    """Return the shares of one level, shrunk towards those above."""
    n_contexts = len(level.key)
    n = np.asarray(np.bincount(level.context, k, n_contexts), dtype=np.float64)
    q = above.share[level.parent]
    squares = above.squares[level.context_parent]
    kk, kq = (np.asarray(np.bincount(level.context, k * v, n_contexts)) for v in (k, q))
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
