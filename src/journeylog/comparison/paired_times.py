"""How far two groups' times to what comes next go together, where actors have cases in both."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.groups import Groups, of_cases
from journeylog.comparison.waits import TELLING
from journeylog.core.actor_groups import actor_hashes, actor_of_cases
from journeylog.core.chunk import Chunk
from journeylog.core.counts import Counts
from journeylog.core.influence import moves_of_mean, moves_of_share
from journeylog.core.log import EventLog
from journeylog.core.schema import SECOND
from journeylog.core.select import keep_cases
from journeylog.stats.timeto import ACTOR_GROUPS, TimeTo, TimeToResult

__all__ = ["correlation_of_times_to"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Moves that are rounding: of a share where all went.
_NOTHING: Final = 1e-12


def correlation_of_times_to(
    log: EventLog,
    question: TimeTo,
    groups: Groups,
    answers: tuple[TimeToResult, TimeToResult],
    limit: int,
    n_both: int,
) -> pd.DataFrame:
    """Return how far the shares, medians and restricted means of both groups go together, row by row.

    Parameters
    ----------
    answers : (TimeToResult, TimeToResult)
        Those of both groups.
    limit : int
        Microseconds for shares and restricted means.
    n_both : int
        How many actors have cases in both groups.
    """
    share = min(TELLING / max(n_both, 1), 1.0)

    def count(chunk: Chunk) -> tuple[Counts, Counts]:
        ready, name, group = of_cases(chunk, question, groups)
        chosen = np.ones(len(group), bool)
        if share < 1:
            owner = actor_of_cases(ready, ready.cases(name))
            chosen = (actor_hashes(ready) < share * 2.0**62)[owner]
        one, other = (
            question.count_by_actor(keep_cases(ready, name, (group == g) & chosen), log.window)
            for g in (0, 1)
        )
        return one, other

    parts = log.source.map(count)
    some = [question.result(Counts.merge([part[g] for part in parts]), log.window) for g in (0, 1)]
    moved = [_moves(whole, mine, limit) for whole, mine in zip(answers, some, strict=True)]
    rows = []
    for key in moved[0].keys() & moved[1].keys():
        one, other = moved[0][key], moved[1][key]
        sizes = [float(np.sqrt(side @ side)) for side in (one, other)]
        known = min(sizes) > _NOTHING * (limit if key[2] == "restricted_mean" else 1)
        rows.append((*key, float(np.clip(one @ other / math.prod(sizes), -1, 1)) if known else 0.0))
    return pd.DataFrame(sorted(rows), columns=["to", "to_kind", "measure", "correlation"])


_Moves = dict[tuple[str, str, str], Floats]


def _moves(whole: TimeToResult, some: TimeToResult, limit: int) -> _Moves:
    """Return by row what groups of actors move the estimate by, of some cases.

    All moves of an estimate add up to nothing, so those of actors who are not in both groups of cases have to be there,
    too: among a group's returning actors alone they are not 0 on average, and products of sums would tell of that.
    """
    cases, mine = whole.cases, some.cases
    place = {key: i for i, key in enumerate(_ways(whole))}
    way_of = np.array([*(place[key] for key in _ways(some)), -1], np.int64)
    time, went = mine.ends.time[mine.at], way_of[mine.way]

    def added(moves: Floats) -> Floats:
        return np.bincount(mine.group, moves * mine.n, ACTOR_GROUPS).astype(np.float64)

    found: _Moves = {("", "any", "restricted_mean"): added(moves_of_mean(cases, limit, time, went))}
    for (to, kind), way in place.items():
        median = whole.table["median_s"].to_numpy(np.float64)[way]
        for measure, until in (("share", limit), ("median", median * SECOND)):
            if np.isfinite(until):
                found[to, kind, measure] = added(moves_of_share(cases, way, round(until), time, went))
    return found


def _ways(result: TimeToResult) -> list[tuple[str, str]]:
    return list(zip(result.table["to"], result.table["to_kind"], strict=True))
