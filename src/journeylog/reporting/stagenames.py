"""Answers as a page tells them: stages of a preset by their names in its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

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
    if not words.stages:
        return answers
    told: dict[str, Any] = {name: _told(getattr(answers, name), words, _COLUMNS) for name in _RESULTS}
    steps = answers.funnel_plan
    if answers.funnel is not None and steps is not None and steps.origin != "origin_asked":
        told["funnel"] = _told(answers.funnel, words, frozenset({"name"}))
    return replace(answers, **told)


def _told(result: Any, words: Language, columns: frozenset[str]) -> Any:
    tables = {name: _named(table, words, columns) for name, table in result.tables.items()}
    made: Result = replace(result, table=_named(result.table, words, columns), tables=tables)
    return made


def _named(table: pd.DataFrame, words: Language, columns: frozenset[str]) -> pd.DataFrame:
    """Return a table with the names in some of its columns; typed nodes have none."""
    known: Mapping[str, str] = words.stages
    made: dict[str, Any] = {}
    for name in columns.intersection(table.columns):
        if name == "path":
            made[name] = table[name].map(lambda path: tuple(known.get(stage, stage) for stage in path))
        else:
            made[name] = table[name].replace(dict(known)).astype(table[name].dtype)
    out = table.assign(**made)
    out.attrs.update(table.attrs)
    return out
