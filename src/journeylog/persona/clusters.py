"""Clusters: groups of actors found from what they did, if there are any."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core.chunk import Category, Chunk
from journeylog.core.contracts import Step
from journeylog.core.counts import Counts
from journeylog.core.notes import note
from journeylog.core.window import Window
from journeylog.errors import ConfigError
from journeylog.persona.chance import chain_of
from journeylog.persona.features import (
    Names,
    Rows,
    common_names,
    counted,
    rows_of_chunk,
    rows_of_counts,
)
from journeylog.persona.fitting import Fit, Space, fit, nearest_centre, tools

__all__ = ["EVERYONE", "Clusters"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: The one group where no clusters are supported.
EVERYONE: Final = "everyone"
#: Actors whose features are made at once.
_AT_ONCE: Final = 20_000
#: A difference in standard deviations from which on a cluster is named by it, and how much of a name is shown.
_TELLING, _LENGTH = 0.3, 24


@dataclass(frozen=True)
class Clusters(Step):
    """Find groups of actors who did alike, or say that the data support none.

    Each actor becomes a row of numbers: the share of each event name among its events and of each move from one to the
    next among its moves, how many events and visits it had, and over what time. Rows are put into clusters by k-means.
    Adds an actor-level column of clusters, the largest first, named by what tells them apart:
    ``"1: more search, less checkout"``. Needs ``pip install "journeylog[personas]"``.

    Parameters
    ----------
    k : "auto" or int
        How many clusters. ``"auto"`` takes as many as stand out most from chance, and one group (``"everyone"``) where
        none do. A number gives so many clusters whether or not they are supported; a note says which.
    of : str
        The column that tells what actors do: ``"event"``, or ``"stage"`` for coarser clusters.
    channel : str, optional
        A column that tells where; its shares are then features, too.
    seed : int
        Of the sample and of the starting points. Equal seeds give equal clusters on any partition.
    sample : int
        Actors that clusters are found from, those with the lowest hashes; all others are put to the nearest one.
    most : int
        The largest number of clusters ``"auto"`` looks at.
    resamples : int
        Bootstrap samples for the stability.
    column : str
        Name of the column that is made.
    settled : mapping, optional
        What was found in a log. The log fills it in.

    Raises
    ------
    ConfigError
        If `k`, `sample`, `most` or `resamples` is not possible.
    MissingPackageError
        If scikit-learn is not installed.

    Notes
    -----
    Features are square roots of shares (each actor's lean on the usual ones as if it had done five more usual things, as
    one event tells little) and logarithms of one more than events, seconds and visits (parted by 30 minutes of silence).
    Each is scaled to one spread, and each kind of feature weighs as its main direction does, moves half of that. What
    fewer than 2 in 100 sampled actors have (moves: 5) is left out. Distances are taken along the directions that hold four
    fifths of the spread, eight at most, each by the root of its spread.

    **Are there any?** The mean silhouette for each number of clusters is held against 19 logs of the same
    customers who all move by the same probabilities (one Markov chain, its ways drawn such that each makes as many steps
    as it really did) and take their own time. The number whose silhouette is furthest above the mean of theirs is taken.
    Channels are drawn for each event by itself: where `channel` is given, customers who keep to one are a kind.
    Clusters are supported when that excess is above the best of each of the 19 (p = 0.05), and the mean adjusted Rand index
    over resamples is at least 0.6. Customers who differ only in how much they do are no kinds of customers by
    this measure.

    **How stable?** ``stability`` of a cluster is the mean over resamples of the best Jaccard index with a cluster of the
    resample: the share of both together that is in both. From 0.75 on a cluster is found again, from 0.6 it is a
    pattern whose border is unsure, below it dissolves.

    Silhouettes say how a cluster is shaped, not that it means something: look at what tells it apart, and whether it
    differs in what it was not made from. Who was watched for less time did less: clusters of late comers may be just
    that.

    References
    ----------
    P. J. Rousseeuw (1987), Silhouettes. J. Comput. Appl. Math. 20. L. Hubert, P. Arabie (1985), Comparing partitions. J.
    Classif. 2. C. Hennig (2007), Cluster-wise assessment of cluster stability. Comput. Stat. Data Anal. 52. I. Cadez et
    al. (2003), Model-based clustering and visualization of navigation patterns on a web site. Data Min. Knowl. Discov. 7.
    R. Tibshirani, G. Walther, T. Hastie (2001), Estimating the number of clusters via the gap statistic. JRSS B 63.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Clusters())
    >>> sorted(set(log.to_pandas()["cluster"])), log.steps[-1].supported
    (['everyone'], False)
    >>> print(log.steps[-1].notes[0])
    no clusters are supported by the data: fewer than 50 customers, or all of them alike
    """

    k: str | int = "auto"
    _: KW_ONLY
    of: str = "event"
    channel: str | None = None
    seed: int = 0
    sample: int = 2000
    most: int = 8
    resamples: int = 25
    column: str = "cluster"
    settled: Mapping[str, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the choices and keep what was found as plain data."""
        if self.k != "auto" and (isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 2):
            raise ConfigError(
                f"k={self.k!r} is no number of clusters. Fix: 'auto', or a whole number of at least 2"
            )
        for name, least in (("sample", 50), ("most", 2), ("resamples", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
                raise ConfigError(
                    f"{name}={value!r} is not possible. Fix: a whole number of at least {least}"
                )
        if not isinstance(self.column, str) or self.column in ("", "event", "stage", self.of, self.channel):
            raise ConfigError(f"column={self.column!r} cannot hold clusters. Fix: leave it at 'cluster'")
        if self.settled is not None:
            object.__setattr__(self, "settled", json.loads(json.dumps(self.settled)))

    @property
    def found(self) -> Mapping[str, Any]:
        """What was found in a log.

        Raises
        ------
        ConfigError
            If the step has not met a log yet.
        """
        if self.settled is None:
            raise ConfigError("clusters are found in a whole log. Fix: log.then(jl.Clusters()).steps[-1]")
        return self.settled

    @property
    def labels(self) -> tuple[str, ...]:
        """The clusters, the largest of the sample first."""
        marks = self.found["marks"]
        if len(marks) == 1:
            return (EVERYONE,)
        return tuple(f"{i}: {_called(mine)}" for i, mine in enumerate(marks, 1))

    @property
    def supported(self) -> bool:
        """Whether there are clusters beyond what chance makes of customers of one kind."""
        return not self.found["why"]

    @property
    def stability(self) -> dict[str | None, float]:
        """How much of each cluster is found again in resamples, from 0 to 1."""
        return {} if len(self.labels) == 1 else dict(zip(self.labels, self.found["jaccard"], strict=True))

    @property
    def made_from(self) -> tuple[str, ...]:
        """The parts of a profile that clusters were made from, by which they cannot be tested."""
        goal = ("outcome", "time")  # the goal is an event, too
        return ("touchpoint", "stage", "events", *goal, *(() if self.channel is None else ("channel",)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found, in words."""
        found = self.found
        if found["why"]:
            if len(self.labels) == 1:
                return (note("no clusters are supported by the data: {why}", why=found["why"]),)
            k = len(self.labels)
            return (
                note(
                    "no clusters are supported by the data: {why}; {k} were asked for", why=found["why"], k=k
                ),
            )
        return (
            note(
                "{k} clusters: mean silhouette {silhouette:.2f}, and {by_chance:.2f} for customers who all move by the same "
                "probabilities (p = {p:.2f}); resamples agree by an adjusted Rand index of {agreement:.2f}",
                k=len(self.labels),
                **{name: found[name] for name in ("silhouette", "by_chance", "p", "agreement")},
            ),
        )

    def settle(self, count: Callable[[Callable[[Chunk], Counts]], Counts], window: Window) -> Clusters:
        """Return the step with the clusters of a log."""
        if self.settled is not None:
            return self
        tools()
        counts = count(
            lambda chunk: counted(chunk, self.of, self.channel, self.sample, self.seed)
        ).canonical()
        hashes = counts["pace"].codes("hash")[: self.sample]
        names = common_names(counts, hashes)
        rows = rows_of_counts(counts, hashes, names)
        k = self.k if isinstance(self.k, int) else None
        made = fit(rows, chain_of(counts, hashes, names), k, self.most, self.resamples, self.seed)
        return replace(self, settled=_plain(made, names, rows))

    def apply(self, chunk: Chunk, window: Window) -> Chunk:
        """Return the chunk with the cluster of each actor."""
        present = chunk.columns.get(self.column)
        if present is not None and not (isinstance(present, Category) and present.ordered):
            raise ConfigError(
                f"the log has a column {self.column!r} of its own, which would be lost. "
                "Fix: jl.Clusters(..., column='my_cluster')"
            )
        found = self.found
        names = Names(
            tuple(found["nodes"]), tuple((a, b) for a, b in found["moves"]), tuple(found["channels"])
        )
        usual, shift, scale = (np.array(found[part], np.float64) for part in ("usual", "shift", "scale"))
        space = Space(usual, shift, scale, np.array(found["turn"], np.float64).reshape(len(shift), -1))
        centres = np.array(found["centres"], np.float64).reshape(len(found["marks"]), -1)
        codes = [np.zeros(0, np.int64)]
        for first in range(0, chunk.n_actors, _AT_ONCE):
            part = chunk.slice(first, min(first + _AT_ONCE, chunk.n_actors))
            points = space(rows_of_chunk(part, self.of, self.channel, names))
            codes.append(nearest_centre(points, centres))
        column = np.repeat(np.concatenate(codes), np.diff(chunk.offsets)).astype(np.int32)
        labels = pa.array(self.labels, type=pa.string())
        return chunk.with_columns(**{self.column: Category(column, labels, ordered=True)})


def _plain(made: Fit, names: Names, rows: Rows) -> dict[str, Any]:
    """Return what was found as JSON-able values."""
    return {
        "nodes": names.nodes,
        "moves": names.moves,
        "channels": names.channels,
        "usual": made.space.usual.tolist(),
        "shift": made.space.shift.tolist(),
        "scale": made.space.scale.tolist(),
        "turn": made.space.turn.tolist(),
        "centres": made.centres.tolist(),
        "marks": _marks(made.labels, len(made.centres), names, rows),
        "silhouette": _rounded(made.silhouette),
        "by_chance": _rounded(made.by_chance),
        "p": _rounded(made.p),
        "agreement": _rounded(made.agreement),
        "jaccard": [_rounded(j) for j in ([] if made.jaccard is None else made.jaccard.tolist())],
        "why": made.why,
    }


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 6)


def _marks(labels: Ints, k: int, names: Names, rows: Rows) -> list[list[list[str]]]:
    """Return what each cluster has most more and most less of than the rest: sign, kind and name."""
    shares = [rows.nodes / np.maximum(rows.n_nodes, 1)[:, None]]
    shares.append(rows.channels / np.maximum(rows.n_channels, 1)[:, None])
    table = np.concatenate([*shares, np.log1p(rows.pace[:, :1])], axis=1)
    things = (
        [["node", n] for n in names.nodes] + [["channel", n] for n in names.channels] + [["pace", "events"]]
    )
    spread = table.std(axis=0) if len(table) else np.zeros(table.shape[1])
    out: list[list[list[str]]] = []
    for c in range(k):
        mine, rest = table[labels == c], table[labels != c]
        if not len(mine) or not len(rest):
            out.append([])
            continue
        gap = (mine.mean(axis=0) - rest.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
        most, least = int(gap.argmax()), int(gap.argmin())
        marks = [["more", *things[most]]] if gap[most] >= _TELLING else []
        out.append(marks + ([["less", *things[least]]] if gap[least] <= -_TELLING else []))
    return out


def _called(marks: list[list[str]]) -> str:
    """Return the name of a cluster in words."""
    words = [
        f"{sign} {name if len(name) <= _LENGTH else name[: _LENGTH - 1] + '…'}" for sign, _, name in marks
    ]
    return ", ".join(words) or "in between"
