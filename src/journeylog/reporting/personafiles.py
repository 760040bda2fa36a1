"""Personas that a configuration asks for: their groups, their answers, and their tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from journeylog.core.chunk import Number
from journeylog.core.contracts import Step
from journeylog.core.log import EventLog
from journeylog.core.progress import progress
from journeylog.journeymap.spec import JourneyMap
from journeylog.persona.clusters import Clusters
from journeylog.persona.personas import Personas, personas
from journeylog.reporting.language import Language
from journeylog.reporting.tidy import declared, dictionary_of
from journeylog.reporting.tidyschema import DICTIONARY, PERSONA_TABLES, TABLES
from journeylog.steps.rfm import RFM

__all__ = ["find_personas", "persona_tables"]

#: Arguments of :func:`journeylog.personas` that a configuration may hold.
_NUMBERS: Final = ("top", "min_n", "sample", "seed")


def find_personas(
    log: EventLog, asked: Mapping[str, Any], question: JourneyMap, mask: int
) -> dict[str, Personas]:
    """Return the personas of a table ``[personas]``, masked, by the way of grouping: attribute, rfm, clusters.

    Parameters
    ----------
    log : EventLog
    asked : mapping
        What the table holds.
    question : JourneyMap
        The map of each group.
    mask : int
        Groups of fewer customers are not told.

    Raises
    ------
    MissingColumnError
        If the log has no such attribute.
    MissingPackageError
        If clusters are asked for and scikit-learn is not installed.
    """
    options = {name: asked[name] for name in _NUMBERS if name in asked}
    if asked.get("maps", True):
        options["map"] = question
    with progress("looking for personas"):
        return {
            way: personas(log, by, **options).masked(mask) for way, by in _ways(log, asked, question).items()
        }


def persona_tables(found: Mapping[str, Personas], words: Language) -> dict[str, pa.Table]:
    """Return the tables of personas with their declared columns, and the dictionary with these tables in it."""
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in PERSONA_TABLES}
    for way, result in found.items():
        mine = {
            "personas": [result.table],
            "persona_groups": [result.tables["groups"]],
            "persona_journeys": [result.tables["journeys"]],
            "persona_cells": [each.table.assign(group=name) for name, each in result.maps.items()],
        }
        for name, parts in mine.items():
            frames[name] += [part.assign(made_by=way) for part in parts]
    made = {name: declared(name, _joined(parts)) for name, parts in frames.items()}
    return {**made, DICTIONARY: dictionary_of({**TABLES, **PERSONA_TABLES}, words)}


def _ways(log: EventLog, asked: Mapping[str, Any], question: JourneyMap) -> dict[str, str | Step]:
    """Return what makes groups, in the order they are told."""
    ways: dict[str, str | Step] = {}
    if asked.get("attribute"):
        ways["attribute"] = asked["attribute"]
    if asked.get("rfm"):
        given = asked["rfm"]
        choice = dict(given) if isinstance(given, dict) else {"order": given}
        choice.setdefault("currency", question.currency)
        if "value" not in choice and not _amounts(log):
            choice["value"] = None  # without amounts, orders alone are what is frequent
        ways["rfm"] = RFM(**choice)
    if asked.get("clusters"):
        given = asked["clusters"]
        ways["clusters"] = Clusters(**given) if isinstance(given, dict) else Clusters()
    return ways


def _amounts(log: EventLog) -> bool:
    return any(log.source.map(lambda chunk: isinstance(chunk.columns.get("value"), Number), 1))


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame | None:
    some = [part for part in parts if len(part)]
    return pd.concat(some, ignore_index=True) if some else None
