"""What a reader must know before believing the page: each in one sentence, above everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from markupsafe import Markup

from journeylog.core.chunk import Category, Chunk
from journeylog.reporting.answers import Answers
from journeylog.reporting.wording import Wording
from journeylog.steps.stages import Stages

__all__ = ["alerts_of"]

#: From this share of tied moves on, the order of rows decides too much to stay silent.
_MANY_TIES = 0.2
_NAMES = 5


def alerts_of(answers: Answers, words: Wording) -> list[Markup]:
    """Return the alerts of a page, the gravest first."""
    found = (_goal(answers, words), _stages(answers, words), _outside(answers, words), _ties(answers, words))
    return [alert for alert in found if alert is not None]


def _goal(answers: Answers, words: Wording) -> Markup | None:
    if answers.goal_occurs:
        return None
    facts = answers.facts.table.sort_values("n", ascending=False, kind="stable")
    goal, names = words.named(words.condition(answers.plan.goal)), _names(facts["event"].head(_NAMES), words)
    if len(facts) <= _NAMES:
        return words("alert_goal", goal=goal, names=names)
    shown, total = words.count(_NAMES), words.count(len(facts))
    return words("alert_goal_more", goal=goal, names=names, shown=shown, total=total)


def _stages(answers: Answers, words: Wording) -> Markup | None:
    """Tell which events have no stage, when a step has made stages; how many, where each number of them is told."""
    plan = answers.plan
    if not any(isinstance(step, Stages) for step in (*plan.given, *plan.added)):
        return None
    without: Counter[str] = Counter()
    for part in plan.log.source.map(_stageless):
        without.update(part)
    if not without:
        return None
    if not plan.staged:
        return words("alert_no_stage")
    facts = answers.facts.table
    hidden = {*facts.loc[facts["n"].isna(), "event"]}
    n = sum(float("nan") if name in hidden else answers.told(k) for name, k in without.items())
    total = plan.log.n_events
    names = _names((name for name, _ in without.most_common(_NAMES)), words)
    told = {"n": words.count(n), "events": words.several("events_of", total), "names": names}
    more = len(without) - _NAMES
    return (
        words("alert_stageless", **told)
        if more <= 0
        else words("alert_stageless_more", **told, more=words.count(more))
    )


def _names(names: Iterable[str], words: Wording) -> Markup:
    return Markup(", ").join(words.named(name) for name in names)


def _stageless(chunk: Chunk) -> dict[str, int]:
    column = chunk.columns.get("stage")
    if not isinstance(column, Category):
        return {}
    codes, n = np.unique(chunk.event.codes[column.codes < 0], return_counts=True)
    return {chunk.event.names[code]: int(k) for code, k in zip(codes.tolist(), n.tolist(), strict=True)}


def _outside(answers: Answers, words: Wording) -> Markup | None:
    """Tell how many events are in no journey."""
    plan = answers.plan

    def inside(chunk: Chunk) -> int:
        level = chunk.cases("journey")
        return int((level.end - level.begin).sum())

    total = plan.log.n_events
    outside = total - sum(plan.log.source.map(inside))
    if not outside:
        return None
    text = words(
        "alert_outside", n=words.count(answers.told(outside)), events=words.several("events_of", total)
    )
    return text + " " + words("alert_outside_way") if plan.goal is not None else text


def _ties(answers: Answers, words: Wording) -> Markup | None:
    moves: Any = answers.moves.table
    real = moves[(moves["from_kind"] == "node") & (moves["to_kind"] == "node")]
    n, tied = int(real["n"].sum()), int(real["n_tied"].sum())
    if not n or tied / n < _MANY_TIES:
        return None
    return words("alert_ties", n=words.count(tied), moves=words.several("moves_of", n))
