"""Points of journeys: the shares of what came of each, and how far they are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

from journeylog.core.backoff import Backoff, Fitted, Level
from journeylog.core.counts import Coded
from journeylog.core.deviations import enlarged, error_of
from journeylog.core.intervals import LEVEL, cluster_size, two_sided_z

__all__ = ["Alike", "Points", "credible"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: With fewer degrees of freedom nothing is gained from drawing shares together (Stein).
_FREEDOM = 3


@dataclass(frozen=True, eq=False)
class Alike:
    """How alike an actor's visits of a node are: second moments, one row for each node and outcome that occurs.

    Parameters
    ----------
    node, outcome : ndarray of int64, shape (n_rows,)
    kk, kn : ndarray of int64, shape (n_rows,)
        Sums over actors of ``k_a ** 2`` and ``k_a * n_a``: of an actor's ``n_a`` visits ``k_a`` had this outcome.
    """

    node: Ints
    outcome: Ints
    kk: Ints
    kn: Ints

    def moments(self, node: int, n_outcomes: int) -> tuple[Floats, Floats, float]:
        """Return ``kk`` and ``kn`` of a node by outcome, and the sum over actors of ``n_a ** 2``."""
        rows = np.flatnonzero(self.node == node)
        kk, kn = np.zeros(n_outcomes), np.zeros(n_outcomes)
        kk[self.outcome[rows]], kn[self.outcome[rows]] = self.kk[rows], self.kn[rows]
        return kk, kn, float(kn.sum())


@dataclass(frozen=True, eq=False)
class Points:
    """The points of journeys, what came of each, and the names of the nodes.

    Parameters
    ----------
    model : Backoff
        Its first level below that of all is the node.
    names : Coded
    fitted : sequence of Fitted
    alike : Alike
    """

    model: Backoff
    names: Coded
    fitted: Sequence[Fitted]
    alike: Alike

    def look_up(self, keys: Sequence[int]) -> tuple[Floats, int, Floats]:
        """Return the shares by outcome at the finest point known, its number of visits, and the shares' variance.

        A share is the mean of what was seen at the point and the share of the coarser point, so its variance is that of
        both; that of what was seen is widened by how much visits of one actor go together there. Of up to three points
        nobody knows whether they differ: their variance is that of what was seen, around the share that is told.
        """
        model, fitted = self.model, self.fitted
        share = np.zeros(model.n_outcomes)
        share[model.levels[0].outcome] = fitted[0].share
        above = n = float(fitted[0].n.sum())
        variance = self.design * share * (1 - share) / (n + 1)
        for key, level, made in zip(keys, model.levels[1:], fitted[1:], strict=True):
            found = np.flatnonzero(level.key == key)
            if not len(found) or made.n[found[0]] == 0:
                break
            spot = int(found[0])
            seen, weight, part = float(made.n[spot]), float(made.weight[spot]), 1.0
            if np.isfinite(weight):  # else the point is not known to differ from the coarser one
                n, part = seen, weight / (seen + weight)
                cells = np.flatnonzero(level.context == spot)
                share = share * part
                share[level.outcome[cells]] = made.share[cells]
            if seen < above or level is model.levels[1]:  # else it is all that is known of the coarser point
                rate, wide = self._seen(int(keys[0]), level, spot)
                if seen == above or _freedom(level, made) < _FREEDOM:
                    variance = wide * share * (1 - share) / (seen + 1) + np.square(rate - share)
                else:  # the coarser share rests on the point's own visits, too: both err together
                    own = (wide * (1 - part) + part) * share * (1 - share) / (seen + weight + 1)
                    variance = own * (1 + 2 * part * seen / above) + part * part * variance
            above = seen
        return share, int(n), variance

    @cached_property
    def design(self) -> float:
        """By how much the variance of the shares of all is larger than that of as many independent visits."""
        model = self.model
        k = np.zeros((model.n_folds, model.n_outcomes))
        np.add.at(k, (model.fold, model.outcome), model.n)
        total = k.sum()
        if total == 0:
            return 1.0
        share = k.sum(0) / total
        deviation = (k - share * k.sum(1, keepdims=True)) / total
        groups = int((k.sum(1) > 0).sum())
        error, _ = error_of(*enlarged(deviation, k.sum(1, keepdims=True)))
        alone = (share * (1 - share)).sum() / total
        if groups < 2 or alone <= 0:
            return 1.0
        return float(_by_folds(np.array(np.square(error).sum() / alone), groups - 1.0))

    def _seen(self, node: int, level: Level, spot: int) -> tuple[Floats, Floats]:
        """Return by outcome the share seen at a point, and how much larger its variance is than that of coins.

        How alike two visits of one actor are is known at the node; at a finer point fewer of them go together.
        """
        model, top = self.model, self.model.levels[1]
        own = self._cells(top, int(np.flatnonzero(top.key == node)[0]))
        k, n = own.sum(0), own.sum()
        kk, kn, nn = self.alike.moments(node, model.n_outcomes)
        effect: Floats = np.maximum(n / cluster_size(k, n, kk, kn, nn), 1.0)
        if level is top:
            return k / n, effect
        cells = self._cells(level, spot)
        rate, here = cells.sum(0) / cells.sum(), cells.sum(1)
        if nn <= n:
            return rate, effect
        together, freedom = _together(here, own.sum(1), nn)
        return rate, _by_folds(1 + (effect - 1) * (together / here.sum() - 1) / (nn / n - 1), freedom)

    def _cells(self, level: Level, spot: int) -> Floats:
        """Return what was seen at a point, by fold and outcome."""
        model = self.model
        rows = np.flatnonzero((level.context == spot)[level.cell_of_row])
        seen = np.zeros((model.n_folds, model.n_outcomes))
        np.add.at(seen, (model.fold[rows], model.outcome[rows]), model.n[rows])
        return seen


def credible(share: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of shares that hold with 95 % probability: those of a beta of this mean and variance."""
    spread = np.maximum(variance, 1e-12)
    worth = np.maximum(share * (1 - share) / spread - 1, 1e-3)
    a, b = np.maximum(share * worth, 1e-9), np.maximum((1 - share) * worth, 1e-9)
    return np.asarray(special.betaincinv(a, b, 0.025)), np.asarray(special.betaincinv(a, b, 0.975))


def _freedom(level: Level, made: Fitted) -> int:
    """Return the degrees of freedom of how points of one fineness differ from the coarser ones."""
    some = made.n > 0
    return int(some.sum()) - len(np.unique(level.context_parent[some]))


def _together(here: Floats, node: Floats, nn: float) -> tuple[float, float]:
    """Return the sum over actors of the squared number of visits of a point, and the degrees of freedom of that.

    Random folds of actors tell it by how their sums differ. They miss what is known of the node, `nn`, by so much; as far
    as both sums go together, the point's is missed alike and can be put right.

    Parameters
    ----------
    here, node : ndarray of float64, shape (n_folds,)
        Visits of the point, and of its node.
    """
    folds = len(here)
    x, y = here - here.mean(), node - node.mean()
    xx, xy, yy = (float((u * v).sum()) * folds / (folds - 1) for u, v in ((x, x), (x, y), (y, y)))
    slope = (xy / yy) ** 2 if yy > 0 else 0.0
    left = 1 - (xy * xy / (xx * yy)) ** 2 if xx > 0 and yy > 0 else 1.0
    n = float(here.sum())
    told = xx + slope * (nn - yy)
    return min(max(told, n), nn, n * n), (folds - 1) / max(left, 1e-9)


def _by_folds(effect: Floats, freedom: float) -> Floats:
    """Return design effects that folds tell, at least 1, and larger by what a quantile of t is larger than one of z.

    What is above 1 is estimated, the rest is known: the less there is of it, the more degrees of freedom.
    """
    effect = np.maximum(effect, 1.0)
    above = np.maximum((effect - 1) / effect, 1e-6)
    t = special.stdtrit(freedom / np.square(above), 0.5 + LEVEL / 2)
    return np.asarray(effect * np.square(t / two_sided_z()))
