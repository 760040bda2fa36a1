"""The medoid: the real journey of a group that is nearest to all others of a sample of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.actor_groups import actor_hashes, group_of_actors
from journeylog.core.chunk import Category, Chunk
from journeylog.core.counts import Coded, Counts, Paths, Table
from journeylog.core.kernels.edits import edit_distances
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.schema import SECOND
from journeylog.persona.owners import lowest

__all__ = ["LONGEST", "Journey", "medoids", "nearest_to_all"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Steps of a journey that are compared; what comes after them is not looked at.
LONGEST: Final = 100


@dataclass(frozen=True, eq=False)
class Journey:
    """The journey of one real customer that stands for a group.

    Parameters
    ----------
    steps : DataFrame
        ``step, stage, event, n, time_s``: events of one name that follow each other are one step of `n` events;
        ``time_s`` are seconds since the first event.
    distance : float
        Mean distance to the other journeys of the sample, from 0 (the same) to 1 (nothing in common).
    n_compared : int
        Journeys in the sample, this one among them.
    n_steps : int
        Steps of the whole journey.
    actor : str or None
        Whose it is; only where that was asked for.
    """

    steps: pd.DataFrame
    distance: float
    n_compared: int
    n_steps: int
    actor: str | None = None


def medoids(
    log: EventLog, by: str, touchpoint: str, stage: str, *, sample: int, seed: int, show_actor: bool
) -> dict[str | None, Journey]:
    """Return the medoid of each group of actors.

    Parameters
    ----------
    log : EventLog
    by, touchpoint, stage : str
        Columns of the group, of what is compared, and of the stages; a log without stages has none to show.
    sample : int
        Actors of a group that are compared, those with the lowest hashes.
    seed : int
        Of the hash.
    show_actor : bool
        Whether the actor is told.
    """
    counts = Counts.merge(
        log.source.map(lambda chunk: _sequences(chunk, by, touchpoint, sample, seed))
    ).canonical()
    table = counts["sequences"]
    groups, paths = table.coded("group"), table.payload["path"]
    found: dict[int, tuple[str | None, float, int]] = {}
    for code in np.unique(groups.codes).tolist():
        rows = np.flatnonzero(groups.codes == code)[:sample]  # in the order of the hashes
        mine = paths.take(rows)
        best, distance = nearest_to_all(mine.offsets, mine.codes)
        name = groups.labels[code] if code >= 0 else None
        found[int(table.codes("hash")[rows[best]])] = (name, distance, len(rows))
    journeys: dict[str | None, Journey] = {}
    for part in log.source.map(lambda chunk: _steps(chunk, list(found), touchpoint, stage, seed)):
        for key, (actor, steps) in part.items():
            name, distance, n = found[key]
            journeys[name] = Journey(
                steps.head(LONGEST), distance, n, len(steps), actor if show_actor else None
            )
    return journeys


def nearest_to_all(offsets: Ints, codes: Ints) -> tuple[int, float]:
    """Return which sequence has the least mean distance to the others, the first of equals, and that mean.

    The distance of two is the least number of steps to put in, take out or change, as a share of the longer one.

    Examples
    --------
    >>> nearest_to_all(np.array([0, 1, 3, 6]), np.array([5, 5, 6, 5, 6, 7]))
    (1, 0.41666666666666663)
    """
    edits: Any = edit_distances(np.ascontiguousarray(codes), np.ascontiguousarray(offsets))
    length = np.diff(offsets)
    shares = edits / np.maximum(np.maximum(length[:, None], length[None, :]), 1)
    others = max(len(length) - 1, 1)
    means = np.round(shares.sum(axis=1) / others, 12)
    best = int(means.argmin())
    return best, float(shares[best].sum() / others)


def _sequences(chunk: Chunk, by: str, touchpoint: str, sample: int, seed: int) -> Counts:
    """Return the steps of the sampled actors of each group, keyed by group and hash."""
    group = group_of_actors(chunk, by)
    actors, hashes = lowest(chunk, group, sample, seed)
    column = chunk.category(touchpoint)
    found = [_collapsed(column, *chunk.offsets[a : a + 2])[0][:LONGEST] for a in actors.tolist()]
    codes = column.codes[np.concatenate([np.zeros(0, np.int64), *found])].astype(np.int64)
    offsets = np.cumsum([0, *map(len, found)]).astype(np.int64)
    keys: dict[str, Coded | Ints] = {
        "group": Coded(group[actors], chunk.category(by).names),
        "hash": hashes[actors],
    }
    values = {"n": np.ones(len(actors), np.int64)}
    return Counts({"sequences": Table(keys, values, payload={"path": Paths(offsets, codes, column.names)})})


def _collapsed(column: Category, begin: int, end: int) -> tuple[Ints, Ints]:
    """Return where in an actor's events a step begins, and how many events it has; events without a value are none."""
    known = begin + np.flatnonzero(column.codes[begin:end] >= 0)
    codes = column.codes[known]
    first = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])) if len(codes) else np.zeros(0, np.int64)
    return known[first], np.diff(np.append(first, len(known)))


def _steps(
    chunk: Chunk, hashes: list[int], touchpoint: str, stage: str, seed: int
) -> dict[int, tuple[str, pd.DataFrame]]:
    """Return the journeys of the chosen actors of a chunk by their hash."""
    mine = actor_hashes(chunk, seed)
    column, stages = chunk.category(touchpoint), chunk.columns.get(stage)
    out = {}
    for a in np.flatnonzero(np.isin(mine, np.array(hashes, np.int64))).tolist():
        places, n = _collapsed(column, *chunk.offsets[a : a + 2])
        named = [None] * len(places)
        if isinstance(stages, Category):
            named = [stages.names[code] if code >= 0 else None for code in stages.codes[places].tolist()]
        begin = chunk.time[chunk.offsets[a]]
        out[int(mine[a])] = (
            str(chunk.actors[a]),
            pd.DataFrame(
                {
                    "step": np.arange(1, len(places) + 1),
                    "stage": pd.array(named, dtype=TEXT),
                    "event": pd.array([column.names[c] for c in column.codes[places].tolist()], dtype=TEXT),
                    "n": n,
                    "time_s": (chunk.time[places] - begin) / SECOND,
                }
            ),
        )
    return out
