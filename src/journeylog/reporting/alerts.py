"""What a reader must know before believing the page: each in one sentence, above everything else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from markupsafe import Markup

from journeylog.core.chunk import Category, Chunk
from journeylog.core.condition import spelled
from journeylog.plots.labels import count
from journeylog.reporting.answers import Answers
from journeylog.reporting.plan import Plan
from journeylog.reporting.sentences import named, several
from journeylog.steps.stages import Stages

__all__ = ["alerts_of"]

#: From this share of tied moves on, the order of rows decides too much to stay silent.
_MANY_TIES = 0.2
_NAMES = 5


def alerts_of(answers: Answers) -> list[Markup]:
    """Return the alerts of a page, the gravest first."""
    plan = answers.plan
    found = (_goal(answers), _stages(plan), _outside(plan), _ties(answers))
    return [alert for alert in found if alert is not None]


def _goal(answers: Answers) -> Markup | None:
    if answers.goal_occurs:
        return None
    facts = answers.facts.table.sort_values("n", ascending=False, kind="stable")
    names = Markup(", ").join(named(name) for name in facts["event"].head(_NAMES))
    more = f" (the {_NAMES} most frequent of {count(len(facts))})" if len(facts) > _NAMES else ""
    return Markup(
        "No event matches the goal {}, so nothing can have reached it. Events are called {}{}."
    ).format(named(spelled(answers.plan.goal)), names, more)


def _stages(plan: Plan) -> Markup | None:
    """Tell which events have no stage, when a step has made stages."""
    if not any(isinstance(step, Stages) for step in (*plan.given, *plan.added)):
        return None
    without: Counter[str] = Counter()
    for part in plan.log.source.map(_stageless):
        without.update(part)
    n, total = sum(without.values()), plan.log.n_events
    if not n:
        return None
    if not plan.staged:
        return Markup("No event belongs to any of the stages, so this page follows events instead.")
    names = Markup(", ").join(named(name) for name, _ in without.most_common(_NAMES))
    more = f" and {count(len(without) - _NAMES)} more kinds" if len(without) > _NAMES else ""
    return Markup("{} of {} belong to no stage and are left out of the stage figures: {}{}.").format(
        count(n), several(total, "event"), names, more
    )


def _stageless(chunk: Chunk) -> dict[str, int]:
    column = chunk.columns.get("stage")
    if not isinstance(column, Category):
        return {}
    codes, n = np.unique(chunk.event.codes[column.codes < 0], return_counts=True)
    return {chunk.event.names[code]: int(k) for code, k in zip(codes.tolist(), n.tolist(), strict=True)}


def _outside(plan: Plan) -> Markup | None:
    """Tell how many events are in no journey."""

    def inside(chunk: Chunk) -> int:
        level = chunk.cases("journey")
        return int((level.end - level.begin).sum())

    total = plan.log.n_events
    outside = total - sum(plan.log.source.map(inside))
    if not outside:
        return None
    why = "they come after a journey's goal or before its start"
    way = Markup(' Each customer is followed once; of="stretch" begins anew after each goal.')
    return Markup("{} of {} belong to no journey: {}.{}").format(
        count(outside), several(total, "event"), why, way if plan.goal is not None else ""
    )


def _ties(answers: Answers) -> Markup | None:
    moves: Any = answers.moves.table
    real = moves[(moves["from_kind"] == "node") & (moves["to_kind"] == "node")]
    n, tied = int(real["n"].sum()), int(real["n_tied"].sum())
    if not n or tied / n < _MANY_TIES:
        return None
    return Markup(
        "{} of {} are between events of one time: their direction rests on the order of the rows, not on the clock."
    ).format(count(tied), several(n, "move"))
