"""From visits and events that tell of pain to one table of pains, stage by stage and kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk, Level
from journeylog.core.counts import Coded, Table
from journeylog.core.kernels import pains as kernel
from journeylog.core.ledger import Limits, move_limits, move_rows
from journeylog.core.means import word_columns
from journeylog.core.visits import Visits

__all__ = ["EXTRA_KINDS", "PainEvents", "pain_events", "pain_tables"]

Ints = npt.NDArray[np.int64]

#: Kinds of pain that no event tells of by its name: contacts behind the first, long waits, visits made again.
EXTRA_KINDS = ("repeat contacts", "waiting", "rework")

_PAINS = ("n", "n_cases", "n_actors", "kk", "km", "kn", "amount")


@dataclass(frozen=True, eq=False)
class PainEvents:
    """Events that tell of a pain, case by case.

    Parameters
    ----------
    at : ndarray of int64, shape (n_cases + 1,)
        Where the events of each case begin.
    stage, kind : ndarray of int64, shape (n_events,)
    amount : ndarray of int64, shape (n_events,)
        How much each hurts: 1, or an amount of money in millionths.
    """

    at: Ints
    stage: Ints
    kind: Ints
    amount: Ints


def pain_events(
    chunk: Chunk, level: Level, stage: Category, kinds: Category, money: dict[int, Ints]
) -> PainEvents:
    """Return the events of a kind that lie in a stage and in a case.

    Parameters
    ----------
    money : dict of int to ndarray of int64, shape (n_events,)
        For the kinds whose events cost their own amount: these, in millionths.
    """
    where, what = stage.codes, kinds.codes
    told = (where >= 0) & (what >= 0)
    event = np.flatnonzero(told if level.order is None else told[level.order])
    place = event if level.order is None else level.order[event]
    first, last = np.searchsorted(event, level.begin), np.searchsorted(event, level.end)
    inside = np.repeat(np.arange(len(level)), last - first)
    spot = first[inside] + np.arange(len(inside)) - (np.cumsum(last - first) - (last - first))[inside]
    place = place[spot]
    kind = what[place].astype(np.int64)
    amount = np.ones(len(place), np.int64)
    for code, micros in money.items():
        mine = kind == code
        amount[mine] = np.abs(micros[place[mine]])
    at = np.append(0, np.cumsum(last - first)).astype(np.int64)
    return PainEvents(at, where[place].astype(np.int64), kind, amount)


def pain_tables(
    visits: Visits, events: PainEvents, kinds: tuple[str, ...], contact: int, limits: Limits
) -> dict[str, Table]:
    """Return the tables ``pains`` (keys ``stage`` and ``kind``), ``stages`` and ``cases``.

    Parameters
    ----------
    kinds : tuple of str
        Names of the kinds of `events`; those of :data:`EXTRA_KINDS` come behind them.
    contact : int
        The kind whose events behind a case's first are repeats; -1 for none.
    limits : Limits
        What a wait may take.
    """
    cases, n_nodes = visits.cases, len(visits.labels)
    names = (*kinds, *EXTRA_KINDS)
    rows, found = _limits(visits, limits)
    grid, words, stages = kernel.count_pains(
        visits.node, visits.enter, visits.leave, cases.begin, cases.end, cases.actor_offsets, visits.horizon,
        visits.patience, visits.short, rows, found, events.at, events.stage * len(names) + events.kind,
        events.amount, n_nodes, len(names), contact,
    )  # fmt: skip
    some = np.flatnonzero(grid[:, kernel.N])
    seen = np.arange(n_nodes) if visits.ordered else np.flatnonzero(stages[:, kernel.STAGE_CASES])
    keys = {
        "stage": Coded(some // len(names), visits.labels, visits.ordered),
        "kind": Coded(some % len(names), names, ordered=True),
    }
    per_actor = np.diff(cases.actor_offsets)
    total = {
        "n": int(per_actor.sum()),
        "nn": int((per_actor * per_actor).sum()),
        "n_actors": int(np.count_nonzero(per_actor)),
        "n_under_way": cases.n_under_way,
    }
    return {
        "pains": Table(keys, {**_columns(_PAINS, grid[some]), **word_columns(words[some])}),
        "stages": Table(
            {"stage": Coded(seen.astype(np.int64), visits.labels, visits.ordered)},
            _columns(("n_cases", "mm"), stages[seen]),
        ),
        "cases": Table({}, {name: np.array([n], np.int64) for name, n in total.items()}),
    }


def _limits(visits: Visits, limits: Limits) -> tuple[Any, Ints]:
    """Return the row of the move that leaves each visit, and the limit of each row; one for all where that is so."""
    by_move, others = limits
    if not by_move:
        return None, np.array([others], np.int64)
    rows, keys = move_rows(visits)
    found = move_limits(limits, keys, visits.labels)
    return (rows, found) if len(found) else (None, np.array([others], np.int64))


def _columns(names: tuple[str, ...], grid: Any) -> dict[str, Ints]:
    return dict(zip(names, grid.T.copy(), strict=True))
