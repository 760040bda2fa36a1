"""How far the estimates of two groups go together, where actors have cases in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.groups import Groups, of_cases
from journeylog.comparison.moves import MOVES, move_correlation
from journeylog.comparison.paired_times import correlation_of_times_to
from journeylog.comparison.readers import common_limit
from journeylog.core.attempts import NO_LIMIT, find_attempts
from journeylog.core.chunk import Chunk, Level
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Counts
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.pairs import FEWEST, Pair, Trials
from journeylog.core.schema import OUTCOME_WORDS
from journeylog.core.window import Window, parse_duration
from journeylog.stats.funnel import Funnel
from journeylog.stats.outcomes import Outcomes
from journeylog.stats.timeto import TimeTo, TimeToResult

__all__ = ["correlation_of"]

Ints = npt.NDArray[np.int64]


def correlation_of(
    log: EventLog, question: Stat, groups: Groups, answers: tuple[Result, Result], follow_up: int
) -> tuple[pd.DataFrame | None, int]:
    """Return how far the estimates of both groups go together, where actors have cases in both, and how many have.

    None where too few actors are in both.

    Parameters
    ----------
    answers : (Result, Result)
        Those of both groups.
    follow_up : int
        Microseconds over which times are compared, 0 for what both were watched for.
    """
    n_both = sum(log.source.map(lambda chunk: _n_in_both(chunk, question, groups)))
    if n_both < FEWEST:
        return None, 0
    if isinstance(question, MOVES):
        return move_correlation(log, question, groups), n_both
    one, other = answers
    if isinstance(question, TimeTo) and isinstance(one, TimeToResult) and isinstance(other, TimeToResult):
        if min(one.cases.alike, other.cases.alike) < FEWEST:  # a giant weighs as much as the others together
            return None, 0
        limit = common_limit(one, other, follow_up)
        return correlation_of_times_to(log, question, groups, (one, other), limit, n_both), n_both
    if type(question) not in _TRIALS:  # retention, of which an actor is one case
        return None, 0
    tables = Counts.merge(log.source.map(lambda chunk: _case_trials(chunk, question, log.window, groups)))
    rows, bases = tables["rows"], tables["bases"]
    pair = Pair.of(rows, bases, np.searchsorted(bases.codes("base"), rows.codes("base")))
    frame = _case_keys(rows.codes("row"), question)
    return frame.assign(correlation=pair.correlation), n_both


def _n_in_both(chunk: Chunk, question: Stat, groups: Groups) -> int:
    """Return how many actors have cases in both groups."""
    ready, name, group = of_cases(chunk, question, groups)
    level = ready.cases(name)
    if len(level) == 0 or int(np.diff(level.actor_offsets).max()) <= 1:
        return 0
    owner = level.actor_of_case()
    return len(np.intersect1d(owner[group == 0], owner[group == 1]))


def _case_trials(chunk: Chunk, question: Stat, window: Window, groups: Groups) -> Counts:
    """Return the trials of a chunk's cases: what each could have done, and did."""
    ready, name, group = of_cases(chunk, question, groups)
    level = ready.cases(name)
    made = _TRIALS[type(question)](ready, level, question, window)
    case, base, row = made
    order = np.argsort(case, kind="stable")
    order = order[group[case[order]] >= 0]
    case, base, row = case[order], base[order], row[order]
    owner = level.actor_of_case()
    offsets = np.searchsorted(owner[case], np.arange(len(level.actor_offsets)))
    trials = Trials(offsets.astype(np.int64), base, row, group[case])
    most = np.int64(1) << 16  # a row is base * most + what of it
    return Counts(
        trials.tables(lambda rows: {"row": rows, "base": rows // most}, lambda bases: {"base": bases})
    ).canonical()


def _outcome_trials(ready: Chunk, level: Level, question: Any, window: Window) -> tuple[Ints, Ints, Ints]:
    case = np.arange(len(level), dtype=np.int64)
    return case, np.zeros(len(level), np.int64), -level.outcome.astype(np.int64)


def _funnel_trials(ready: Chunk, level: Level, question: Any, window: Window) -> tuple[Ints, Ints, Ints]:
    """Return two trials a step and case: from the step before, and from the first one."""
    within = NO_LIMIT if question.within is None else parse_duration(question.within)
    horizon = NO_LIMIT if within == NO_LIMIT else window.end - within
    found = find_attempts(
        ready, level, question.conditions, question.mode, within, horizon, question.entry == "first"
    )
    cases, bases, rows = [], [], []
    for step in range(2, len(question.conditions) + 1):
        for code, before in ((2 * step, step - 1), (2 * step + 1, 1)):
            tried = np.flatnonzero(found.followed >= before)
            cases.append(tried)
            bases.append(np.full(len(tried), code, np.int64))
            rows.append(np.where(found.followed[tried] >= step, code << 16, -1))
    none = np.zeros(0, np.int64)
    return (
        np.concatenate([none, *cases]),
        np.concatenate([none, *bases]),
        np.concatenate([none, *rows]),
    )


_TRIALS: Final[Mapping[type[Stat], Callable[..., tuple[Ints, Ints, Ints]]]] = {
    Outcomes: _outcome_trials,
    Funnel: _funnel_trials,
}


def _case_keys(rows: Ints, question: Stat) -> pd.DataFrame:
    """Return the keys of the rows as the result's reader has them."""
    if isinstance(question, Outcomes):
        words = [OUTCOME_WORDS[-int(row)] for row in rows]
        return pd.DataFrame(
            {"outcome": pd.array(words, dtype=TEXT), "measure": pd.array(["share"] * len(rows), dtype=TEXT)}
        )
    codes = rows >> 16
    measures = [("step_rate", "total_rate")[int(code) % 2] for code in codes]
    return pd.DataFrame({"step": codes // 2, "measure": pd.array(measures, dtype=TEXT)})
