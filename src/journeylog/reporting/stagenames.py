"""Answers as a page tells them: stages of a preset by their names in its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from journeylog.core.condition import spelled
from journeylog.core.contracts import Result
from journeylog.reporting.answers import Answers
from journeylog.reporting.language import Language

__all__ = ["of_answers", "told_answers"]

#: The results about stages, and the columns of their tables in which stages stand.
_RESULTS: Final = ("flow", "leaves", "paths", "losses")
_COLUMNS: Final = frozenset({"from", "to", "node", "path"})


def of_answers(answers: Answers, words: Language) -> Language:
    """Return the language as it speaks of the stages of a report."""
    if not answers.plan.staged:
        return words
    nodes = answers.flow.nodes
    return words.of_stages(nodes.loc[nodes["kind"] == "node", "node"])


def told_answers(answers: Answers, words: Language) -> Answers:
    """Return the answers with the stages as they are called in a language; every number is the same."""
    told: dict[str, Any] = {}
    if words.stages:
        told = {name: _told(getattr(answers, name), words.stages, _COLUMNS) for name in _RESULTS}
    if answers.funnel is not None:
        told["funnel"] = _told(answers.funnel, _steps(answers, words), frozenset({"name"}))
    return replace(answers, **told)


def _steps(answers: Answers, words: Language) -> dict[str, str]:
    """Return what the steps of the funnel are called: stages, the goal, conditions; names that were given stay."""
    assert answers.funnel is not None and answers.funnel_plan is not None
    question: Any = answers.funnel.question
    if answers.funnel_plan.origin == "origin_asked":
        if isinstance(question.steps, Mapping):
            return {}
        pairs = zip(question.names, question.conditions, strict=True)
        return {name: words.condition(asked) for name, asked in pairs if not isinstance(asked, str)}
    found = dict(words.stages)
    if answers.plan.goal is not None and not isinstance(answers.plan.goal, str):
        goal = spelled(answers.plan.goal)
        found |= {
            name: name.replace(goal, words.condition(answers.plan.goal)) for name in question.names[-1:]
        }
    return found


def _told(result: Any, known: Mapping[str, str], columns: frozenset[str]) -> Any:
    if not known:
        return result
    tables = {name: _named(table, known, columns) for name, table in result.tables.items()}
    made: Result = replace(result, table=_named(result.table, known, columns), tables=tables)
    return made


def _named(table: pd.DataFrame, known: Mapping[str, str], columns: frozenset[str]) -> pd.DataFrame:
    """Return a table with the names in some of its columns; typed nodes have none."""
    made: dict[str, Any] = {}
    for name in columns.intersection(table.columns):
        if name == "path":
            made[name] = table[name].map(lambda path: tuple(known.get(stage, stage) for stage in path))
        else:
            made[name] = table[name].replace(dict(known)).astype(table[name].dtype)
    out = table.assign(**made)
    out.attrs.update(table.attrs)
    return out
