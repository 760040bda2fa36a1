"""How far two groups' times to what comes next go together, where actors have cases in both."""

from __future__ import annotations

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
from journeylog.stats.timeto import TimeTo, TimeToResult

__all__ = ["correlation_of_times_to"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: An error that is rounding: of a share where all went.
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
        owner = actor_of_cases(ready, ready.cases(name))
        both = np.ones(ready.n_actors, bool) if share == 1 else actor_hashes(ready) < share * 2.0**62
        for g in (0, 1):
            both &= np.bincount(owner[group == g], minlength=ready.n_actors) > 0
        mine = both[owner]
        one, other = (
            question.count_by_actor(keep_cases(ready, name, (group == g) & mine), log.window) for g in (0, 1)
        )
        return one, other

    parts = log.source.map(count)
    some = [question.result(Counts.merge([part[g] for part in parts]), log.window) for g in (0, 1)]
    moved = [_moves(whole, mine, limit) for whole, mine in zip(answers, some, strict=True)]
    rows = []
    for key in moved[0].keys() & moved[1].keys():
        (one, error), (other, error_of_other) = moved[0][key], moved[1][key]
        together = float(one @ other) / share
        known = min(error, error_of_other) > _NOTHING * (limit if key[2] == "restricted_mean" else 1)
        rows.append((*key, float(np.clip(together / (error * error_of_other), -1, 1)) if known else 0.0))
    return pd.DataFrame(sorted(rows), columns=["to", "to_kind", "measure", "correlation"])


_Moves = dict[tuple[str, str, str], tuple[Floats, float]]


def _moves(whole: TimeToResult, some: TimeToResult, limit: int) -> _Moves:
    """Return by row what groups of actors move the estimate by, of some cases, and its error with all."""
    cases, mine = whole.cases, some.cases
    place = {key: i for i, key in enumerate(_ways(whole))}
    way_of = np.array([*(place[key] for key in _ways(some)), -1], np.int64)
    time, went = mine.ends.time[mine.at], way_of[mine.way]
    times = cases.ends.time[cases.at]
    found: _Moves = {}

    def add(key: tuple[str, str, str], of_some: Floats, of_all: Floats) -> None:
        sums = np.zeros(1 + int(mine.group.max(initial=-1)))
        np.add.at(sums, mine.group, of_some * mine.n)
        found[key] = sums, float(np.sqrt(cases.spread(of_all)[0, 0] / cases.inflation))

    for (to, kind), way in place.items():
        median = whole.table["median_s"].to_numpy(np.float64)[way]
        for measure, until in (("share", limit), ("median", median * SECOND)):
            if np.isfinite(until):
                end = round(until)
                add(
                    (to, kind, measure),
                    moves_of_share(cases, way, end, time, went),
                    moves_of_share(cases, way, end, times, cases.way),
                )
    add(
        ("", "any", "restricted_mean"),
        moves_of_mean(cases, limit, time, went),
        moves_of_mean(cases, limit, times, cases.way),
    )
    return found


def _ways(result: TimeToResult) -> list[tuple[str, str]]:
    return list(zip(result.table["to"], result.table["to_kind"], strict=True))
