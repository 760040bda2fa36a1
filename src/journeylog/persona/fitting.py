"""Finding clusters: the space they are looked for in, how many there are, whether there are any, and how stable."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from journeylog.core.notes import note
from journeylog.errors import MissingPackageError
from journeylog.persona.chance import Chain, walked
from journeylog.persona.features import Rows, features, usual_shares

__all__ = ["Fit", "Space", "fit", "mean_silhouette", "nearest_centre", "tools"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Logs drawn from one chain; the best silhouette of a log without kinds is above all of theirs once in twenty times.
_DRAWS: Final = 19
_EXPLAINED, _DIMENSIONS = 0.8, 8
#: Moves weigh half: much of what they say the events have said.
_RESTATED: Final = 0.5
_FEWEST: Final = 50
_SMALLEST: Final = 0.02
#: Below this index of agreement over resamples clusters are those of the sample.
LEAST_AGREEMENT: Final = 0.6
_DIGITS: Final = 9
_NOTHING: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Space:
    """How features become coordinates: each column shifted and scaled, then turned.

    Parameters
    ----------
    usual : ndarray of float64
        Shares of all actors together, on which those of each lean.
    shift, scale : ndarray of float64, shape (n_features,)
    turn : ndarray of float64, shape (n_features, n_dimensions)
    """

    usual: Floats
    shift: Floats
    scale: Floats
    turn: Floats

    def __call__(self, rows: Rows) -> Floats:
        """Return the coordinates of actors; those of each are the same whoever stands beside it."""
        found = features(rows, self.usual)
        out = np.zeros((len(found), self.turn.shape[1]))
        for j in range(found.shape[1]):
            out += ((found[:, j] - self.shift[j]) * self.scale[j])[:, None] * self.turn[j]
        return out


@dataclass(frozen=True, eq=False)
class Fit:
    """What was found.

    Parameters
    ----------
    space : Space
    centres : ndarray of float64, shape (k, n_dimensions)
        The largest cluster first.
    labels : ndarray of int64
        The cluster of each sampled actor.
    silhouette, by_chance : float
        Mean silhouette, and its mean in logs of customers of one kind.
    p : float
        How often logs of customers of one kind do as well.
    agreement : float
        Mean adjusted Rand index over resamples.
    jaccard : ndarray of float64, shape (k,)
        Of each cluster: the mean share of it that is found again.
    why : str
        Why there are none; empty where there are some.
    """

    space: Space
    centres: Floats
    labels: Ints
    silhouette: float = float("nan")
    by_chance: float = float("nan")
    p: float = float("nan")
    agreement: float = float("nan")
    jaccard: Floats | None = None
    why: str = ""


def tools() -> tuple[Any, Any, Any]:
    """Return scikit-learn's clusters and metrics, and what holds its threads, or say what is missing.

    Raises
    ------
    MissingPackageError
        If scikit-learn is not installed.
    """
    try:
        return tuple(
            importlib.import_module(name) for name in ("sklearn.cluster", "sklearn.metrics", "threadpoolctl")
        )  # type: ignore[return-value]
    except ImportError as error:
        raise MissingPackageError(
            'clusters are found with scikit-learn, which is not installed. Fix: pip install "journeylog[personas]"'
        ) from error


def fit(rows: Rows, chain: Chain, k: int | None, most: int, resamples: int, seed: int) -> Fit:
    """Look for clusters among rows of sampled actors.

    Parameters
    ----------
    rows : Rows
    chain : Chain
        By which all of them would move if they were of one kind.
    k : int or None
        How many; None takes as many as stand out most from chance, or says that there are none.
    most : int
        The largest number looked at.
    resamples : int
        Bootstrap samples of the actors, for the stability.
    seed : int
    """
    cluster, metrics, threads = tools()
    space = _space(rows)
    if len(rows.pace) < _FEWEST or not space.turn.shape[1]:
        return _one(space, rows, note("fewer than {n} customers, or all of them alike", n=_FEWEST))
    with threads.threadpool_limits(limits=1):  # sums of several threads differ in their last digit
        points = space(rows)
        several = [k] if k is not None else list(range(2, most + 1))
        chance = np.random.default_rng(seed)
        seen = _silhouettes(cluster, metrics, points, several, seed)
        drawn = []
        for draw in range(_DRAWS):
            other = walked(rows, chain, chance)
            drawn.append(_silhouettes(cluster, metrics, _space(other)(other), several, seed + draw + 1))
        usual = np.array([[s for s, *_ in row] for row in drawn])
        excess = np.array([s if large else -np.inf for s, large, *_ in seen]) - usual.mean(axis=0)
        most_of_all = (usual - usual.mean(axis=0)).max(axis=1)
        p = (1 + int((most_of_all >= excess.max()).sum())) / (1 + _DRAWS)
        near = excess.max() - usual.std(axis=0)[excess.argmax()]  # of equally good ones the fewest
        best = int(np.flatnonzero(excess >= near)[0]) if np.isfinite(near) else 0
        _, _, labels, centres = seen[best]
        agreement, jaccard = _stability(cluster, metrics, points, labels, several[best], resamples, chance)
    whole = Fit(space, centres, labels, seen[best][0], float(usual.mean(axis=0)[best]), p, agreement, jaccard)
    why = _verdict(whole)
    return replace(whole, why=why) if not why or k is not None else _one(space, rows, why, whole)


def nearest_centre(points: Floats, centres: Floats) -> Ints:
    """Return the nearest centre of each point, the first of equals."""
    distances = np.empty((len(points), len(centres)))
    for i, centre in enumerate(centres):
        gap = points - centre
        total = np.zeros(len(points))
        for j in range(gap.shape[1]):
            total += gap[:, j] * gap[:, j]
        distances[:, i] = total
    return np.asarray(np.round(distances, _DIGITS).argmin(axis=1), dtype=np.int64)


def _verdict(found: Fit) -> str:
    """Return why clusters are not supported, nothing where they are."""
    if not found.p <= 1 / (1 + _DRAWS) + 1e-12:
        return note("customers who all move by the same probabilities would look as much like clusters")
    if found.agreement < LEAST_AGREEMENT:
        return note(
            "other samples give other clusters (adjusted Rand index {agreement:.2f})",
            agreement=found.agreement,
        )
    return ""


def _one(space: Space, rows: Rows, why: str, tried: Fit | None = None) -> Fit:
    centre = np.zeros((1, space.turn.shape[1]))
    labels = np.zeros(len(rows.pace), np.int64)
    if tried is None:
        return Fit(space, centre, labels, jaccard=np.ones(1), why=why)
    return Fit(
        space, centre, labels, tried.silhouette, tried.by_chance, tried.p, tried.agreement, np.ones(1), why
    )


def _space(rows: Rows) -> Space:
    """Return the space: features of one spread, blocks of one weight, and the directions of most spread.

    A block weighs by the spread along its own main direction, so that neither many features nor features that say the
    same outweigh the others (multiple factor analysis). The spread of each direction is replaced by its root, or one
    in which many features vary a little would hide one that parts customers in two.
    """
    usual = usual_shares(rows)
    found = features(rows, usual)
    shift = found.mean(axis=0) if len(found) else np.zeros(found.shape[1])
    spread = found.std(axis=0) if len(found) else np.zeros(found.shape[1])
    scale = np.where(spread > _NOTHING, 1 / np.where(spread > _NOTHING, spread, 1.0), 0.0)
    even = (found - shift) * scale
    common = even.T @ even / max(len(found), 1)
    first = 0
    for part in (rows.nodes, rows.moves, rows.channels, rows.pace):
        block = slice(first, first + part.shape[1])
        first += part.shape[1]
        main = np.linalg.eigvalsh(common[block, block])[-1] if part.shape[1] else 0.0
        weight = _RESTATED if part is rows.moves else 1.0
        scale[block] *= weight / np.sqrt(main) if main > _NOTHING else 0.0
    even = (found - shift) * scale
    values, vectors = np.linalg.eigh(even.T @ even / max(len(found), 1))
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    total = values.sum()
    if total <= _NOTHING:
        return Space(usual, shift, scale, np.zeros((found.shape[1], 0)))
    need = int(np.searchsorted(np.cumsum(values) / total, _EXPLAINED)) + 1
    turn = vectors[:, : min(max(need, 2), _DIMENSIONS, int((values > _NOTHING * total).sum()))]
    turn = turn / values[: turn.shape[1]] ** 0.25
    largest = np.abs(turn).argmax(axis=0)
    turn = turn * np.sign(turn[largest, np.arange(turn.shape[1])])
    return Space(*(np.round(part, _DIGITS) for part in (usual, shift, scale, turn)))


def _silhouettes(
    cluster: Any, metrics: Any, points: Floats, several: list[int], seed: int
) -> list[tuple[float, bool, Ints, Floats]]:
    """Return for each number of clusters: mean silhouette, whether none of them is tiny, labels and centres."""
    apart = metrics.pairwise_distances(points)
    out = []
    for k in several:
        made = cluster.KMeans(k, n_init=4, random_state=seed).fit(points)
        centres = np.round(made.cluster_centers_, _DIGITS)
        labels = nearest_centre(points, centres)
        sizes = np.bincount(labels, minlength=k)
        order = np.lexsort((*centres.T[::-1], -sizes))
        place = np.argsort(order)
        labels, centres = place[labels], centres[order]
        large = bool(sizes.min() >= max(_SMALLEST * len(points), 2))
        value = mean_silhouette(apart, labels)
        out.append((value, large, labels, centres))
    return out


def mean_silhouette(apart: Floats, labels: Ints) -> float:
    """Return the mean over points of how much nearer they are to their own cluster than to the next, from -1 to 1.

    Examples
    --------
    >>> places = np.array([0.0, 1.0, 10.0, 11.0])
    >>> round(mean_silhouette(np.abs(places[:, None] - places), np.array([0, 0, 1, 1])), 3)
    0.9
    """
    sizes = np.bincount(labels)
    if (sizes > 0).sum() < 2:
        return -1.0
    member = np.eye(len(sizes))[labels]
    total = apart @ member
    rows = np.arange(len(labels))
    own = total[rows, labels] / np.maximum(sizes[labels] - 1, 1)
    others = np.where((member > 0) | (sizes == 0), np.inf, total / np.maximum(sizes, 1)).min(axis=1)
    shape = (others - own) / np.maximum(np.maximum(own, others), _NOTHING)
    return float(np.where(sizes[labels] > 1, shape, 0.0).mean())


def _stability(
    cluster: Any, metrics: Any, points: Floats, labels: Ints, k: int, resamples: int, chance: Any
) -> tuple[float, Floats]:
    """Return the mean adjusted Rand index over resamples, and of each cluster the mean best Jaccard index."""
    agreement, jaccard = [], np.zeros((resamples, k))
    for b in range(resamples):
        drawn = chance.integers(0, len(points), len(points))
        made = cluster.KMeans(k, n_init=2, random_state=b).fit(points[drawn])
        again = nearest_centre(points, made.cluster_centers_)
        agreement.append(metrics.adjusted_rand_score(labels, again))
        both = np.bincount(labels * k + again, minlength=k * k).reshape(k, k)
        either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
        jaccard[b] = (both / np.maximum(either, 1)).max(axis=1)
    return float(np.mean(agreement)), jaccard.mean(axis=0)
