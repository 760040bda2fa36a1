"""Whether groups of actors agree in how what came before goes with what comes next: an exact test by their signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from journeylog.core.backoff import Backoff

__all__ = ["agreements", "sign_p"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Sums of products closer together than this part of them are equal but for rounding.
_ROUNDING = 1e-9


def agreements(model: Backoff, depth: int, wanted: Ints) -> Iterator[Floats]:
    """Yield for some contexts of a level how far each two folds agree in what the next finer level adds.

    Parameters
    ----------
    model : Backoff
    depth : int
        The level of the contexts.
    wanted : ndarray of int64
        Which of them.

    Yields
    ------
    ndarray of float64, shape (n_folds, n_folds)
        Sums over pairs of moves, one of each fold, of ``(1 if of the same finer context, less what is likely) * (1 if
        the same came of both, less what is likely)``, each taken about its mean for moves in a random order; 0 where
        nothing can go together.
    """
    fine, coarse = model.levels[depth + 1], model.levels[depth]
    cells = _by_fold(model, fine.cell_of_row, len(fine.context))
    context, size = fine.context_parent[fine.context], len(coarse.key)
    finer, outcome = (
        _added(cells, fine.context, len(fine.key)),
        _added(cells, fine.parent, len(coarse.context)),
    )
    n = _added(cells, context, size)
    less_finer, alike_finer = _likely(finer.sum(0), fine.context_parent, n.sum(0))
    less_outcome, alike_outcome = _likely(outcome.sum(0), coarse.context, n.sum(0))
    one, other = cells * less_finer[fine.context], cells * less_outcome[fine.parent]
    by_fold = [_added(part, context, size) for part in (one, other, one * less_outcome[fine.parent])]
    chance = (1 - alike_finer) * (1 - alike_outcome) / np.square(np.maximum(n.sum(0) - 1, 1.0))
    same = _columns(context, size, cells)
    finer_of = _columns(fine.context_parent, size, finer, _added(other, fine.context, len(fine.key)))
    outcome_of = _columns(coarse.context, size, outcome, _added(one, fine.parent, len(coarse.context)))
    for at in wanted:
        (both,), (before, off), (after, away) = (part(at) for part in (same, finer_of, outcome_of))
        x, y, z = (part[:, at] for part in by_fold)
        mine = n[:, at]
        half = before @ off.T + after @ away.T + np.outer(z, mine) + np.outer(x, y)
        found = both @ both.T + half + half.T
        if np.trace(found) <= _ROUNDING * np.square(mine).sum():
            yield np.zeros_like(found)
        else:
            yield found - chance[at] * (np.outer(mine, mine) - np.diag(np.square(mine)))


def sign_p(agreement: Floats) -> float:
    """Return how likely groups agree at least as much in all if the sign of each were a fair coin.

    All signs are tried (that of the first group does not matter), so the smallest p there is with k groups is ``2 ** (1 -
    k)``: the few cannot say much, however well they agree. nan where nothing varies.

    References
    ----------
    R. A. Fisher (1935), The Design of Experiments, 21. I. A. Canay, J. P. Romano, A. M. Shaikh (2017), Randomization tests
    under an approximate symmetry assumption. Econometrica 85.

    Examples
    --------
    Four groups that deviate the same way, each by one:

    >>> sign_p(np.ones((4, 4)))
    0.125
    """
    kept = np.diag(agreement) > 0
    own: Floats = agreement[np.ix_(kept, kept)]
    if not len(own):
        return float("nan")
    half = len(own) // 2
    one, other = _signs(half), _signs(len(own) - half)
    one = one[: max(len(one) // 2, 1)]
    total = np.einsum("ij,jk,ik->i", one, own[:half, :half], one)[:, None]
    total = total + np.einsum("ij,jk,ik->i", other, own[half:, half:], other)
    total += 2 * (one @ own[:half, half:]) @ other.T
    return float(np.mean(total >= own.sum() - _ROUNDING * np.abs(own).sum()))


def _signs(n: int) -> Floats:
    bits = (np.arange(1 << n)[:, None] >> np.arange(n)[::-1]) & 1
    return np.asarray(1 - 2 * bits, dtype=np.float64)


def _by_fold(model: Backoff, cell: Ints, n_cells: int) -> Floats:
    found = np.bincount(model.fold * n_cells + cell, model.n, model.n_folds * n_cells)
    return np.asarray(found.reshape(model.n_folds, n_cells), dtype=np.float64)


def _added(values: Floats, cell: Ints, n_cells: int) -> Floats:
    rows = [np.bincount(cell, row, n_cells) for row in values]
    return np.array(rows, dtype=np.float64).reshape(len(values), n_cells)


def _likely(n: Floats, context: Ints, total: Floats) -> tuple[Floats, Floats]:
    """Return by part of a context what centres "the same part" at each of two moves; and how likely it is for both."""
    share = n / np.maximum(total, 1.0)[context]
    alike = np.bincount(context, np.square(share), len(total)).astype(np.float64)
    return alike[context] / 2 - share, alike


def _columns(context: Ints, n_contexts: int, *arrays: Floats) -> Callable[[int], list[Floats]]:
    """Return a function that gives the columns of one context."""
    order = np.argsort(context, kind="stable")
    ends = np.searchsorted(context[order], np.arange(n_contexts + 1))
    return lambda at: [values[:, order[ends[at] : ends[at + 1]]] for values in arrays]
