"""The dictionary of what is handed on: the tables, their columns in order, types and units.

Tables, workbook and the table called ``dictionary`` are all made of it; the definitions stand in the catalogues of
words, so that they are there in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from journeylog.reporting.language import Language

__all__ = ["DICTIONARY", "PERSONA_TABLES", "TABLES", "Entry", "defined", "schema_of"]


@dataclass(frozen=True)
class Entry:
    """One column of a table.

    Parameters
    ----------
    name : str
    type : str
        ``"text"``, ``"integer"``, ``"number"``, ``"boolean"`` or ``"time"`` (UTC).
    unit : str
        What is counted, ``"share"`` (from 0 to 1), ``"s"`` (seconds) and the like; empty for texts.
    """

    name: str
    type: str
    unit: str

    @property
    def arrow(self) -> pa.DataType:
        """The type of the column in a file."""
        return _ARROW[self.type]


_ARROW: Final[Mapping[str, pa.DataType]] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
}
_INTEGERS: Final = ("rank", "rank_of_kind", "step", "length", "period")
_TEXTS: Final = (
    "stage", "row", "measure", "item", "unit", "code", "outcome", "from", "from_kind", "to", "to_kind", "name", "next",
    "next_kind", "node", "part", "path", "event", "kind", "currency", "reason", "meaning", "table", "column", "type",
    "definition", "made_by", "group", "rule",
)  # fmt: skip
_UNITS: Final[Mapping[str, str]] = {
    "n_cases": "journeys", "n_actors": "customers", "n_actors_total": "customers", "n_eligible": "customers",
    "n_returned": "customers", "n_entered": "visits", "n_continued": "visits", "n_reached": "visits",
    "n_dropped": "visits", "n_open": "visits", "n_late": "visits", "n_followed": "visits", "n_from_followed": "visits",
    "n_tied": "moves", "n_timed": "moves", "n_loops": "moves", "n_returns": "moves", "n_events_total": "events",
    "n_lost": "journeys", "length": "visits", "share": "share", "cum_share": "share", "excess_share": "share",
    "rate": "share", "n_kept": "journeys", "n_broken": "journeys", "n_untold": "journeys", "n_conform": "journeys",
    "n_actors_kept": "customers", "n_actors_broken": "customers", "n_actors_untold": "customers",
    "reach_rate_kept": "share", "reach_rate_broken": "share", "reach_difference": "share",
}  # fmt: skip
_OWN_UNITS: Final[Mapping[str, str]] = {
    "cells.n": "", "cells.value": "unit", "outcomes.n": "journeys", "outcomes.n_total": "journeys", "transitions.n": "moves",
    "funnel.n_open": "journeys", "funnel.n_followed": "journeys", "funnel_next.n_followed": "journeys",
    "funnel_next.n_from_followed": "journeys", "bottlenecks.n": "moves", "paths.n_reached": "journeys",
    "paths.n_dropped": "journeys", "paths.n_open": "journeys", "paths.n_total": "journeys", "events.n": "events",
    "events.mean_place": "position", "losses.total": "unit", "losses.amount": "unit", "losses.baseline": "unit",
    "losses.value": "currency", "losses.money_at_risk": "currency", "losses.cost": "cost", "losses.n": "visits",
    "rejects.n": "rows", "personas.n": "customers", "personas.n_rest": "customers", "personas.value": "unit",
    "personas.value_rest": "unit", "personas.difference": "unit", "persona_groups.n": "customers",
    "persona_groups.n_total": "customers", "persona_groups.stability": "share", "persona_groups.distance": "share",
    "persona_journeys.n": "events", "design.n_followed": "journeys", "design_ways.n": "moves",
    "design_ways.n_followed": "journeys", "design_ways.n_reached": "journeys",
}  # fmt: skip


def _bounds(*names: str) -> tuple[str, ...]:
    """Return columns each with those of its interval."""
    return tuple(column for name in names for column in (name, *_around(name)))


def _around(name: str) -> tuple[str, str]:
    stem, seconds = (name[:-2], "_s") if name.endswith("_s") else (name, "")
    return f"{stem}_low{seconds}", f"{stem}_high{seconds}"


_MOVE: Final = ("from", "from_kind", "to", "to_kind")
_TRANSITIONS: Final = (
    *_MOVE, "n", "n_cases", "n_actors", "n_tied", "n_timed", "n_followed", "n_from_followed", *_bounds("rate"),
    *_bounds("time_mean_s"), "time_median_s", "time_p90_s",
)  # fmt: skip
_DROP_OFF: Final = (
    "node", "n_entered", "n_continued", "n_reached", "n_dropped", "n_open", "n_late", "n_followed", "n_cases",
    "n_actors", *_bounds("drop_rate", "continue_rate", "reach_rate"),
)  # fmt: skip
_PATHS: Final = (
    "path", "length", "truncated", "n_cases", "n_actors", "n_reached", "n_dropped", "n_open", "n_total",
    *_bounds("share"), "cum_share", "time_mean_s", "time_median_s",
)  # fmt: skip
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "cells": ("stage", "row", "measure", "item", "value", "unit", "low", "high", "n", "masked", "code"),
    "outcomes": ("outcome", "n", "n_actors", "n_total", "n_actors_total", *_bounds("share")),
    "transitions": _TRANSITIONS,
    "event_transitions": _TRANSITIONS,
    "funnel": (
        "step", "name", "n_cases", "n_actors", "n_lost", "n_open", "n_followed", *_bounds("step_rate", "total_rate"),
        "time_mean_s", "time_median_s", "time_p90_s",
    ),
    "funnel_next": (
        "step", "name", "next", "next_kind", "n_cases", "n_followed", "n_from_followed", *_bounds("rate"),
    ),
    "drop_off": _DROP_OFF,
    "event_drop_off": _DROP_OFF,
    "bottlenecks": (
        "part", "rank", "from", "to", "n", "n_cases", "n_loops", "n_returns", "n_timed", "excess_share", "time_total_s",
        *_bounds("time_mean_s", "time_median_s"), "time_p90_s", "baseline_s", "excess_s",
    ),
    "paths": _PATHS,
    "event_paths": _PATHS,
    "losses": (
        "rank", "rank_of_kind", "kind", "node", "to", "unit", "n", "total", *_bounds("amount"), "share",
        *_bounds("rate"), "baseline", *_bounds("value", "money_at_risk"), "currency", *_bounds("cost"),
    ),
    "retention": ("period", "n_actors", "n_eligible", "n_returned", *_bounds("rate")),
    "design": (
        "rule", "kind", "n_cases", "n_kept", "n_broken", "n_untold", "n_followed", "n_conform", "n_actors_kept",
        "n_actors_broken", "n_actors_untold", *_bounds("conform_rate"), "reach_rate_kept", "reach_rate_broken",
        *_bounds("reach_difference"),
    ),
    "design_ways": (
        "rule", "from", "to", "n", "n_cases", "n_actors", "n_followed", "n_reached", "reach_rate",
        *_bounds("reach_difference"),
    ),
    "events": (
        "event", "n", "n_actors", "n_events_total", "n_actors_total", *_bounds("share", "actor_share"), "mean_place",
        "first_time", "last_time",
    ),
    "rejects": ("reason", "meaning", "n"),
    "dictionary": ("table", "column", "type", "unit", "definition"),
}  # fmt: skip
_OF_GROUP: Final = ("made_by", "group")
_PERSONAS: Final[Mapping[str, tuple[str, ...]]] = {
    "personas": (
        *_OF_GROUP, "part", "name", "unit", "n", "n_rest", "value", "value_rest", *_bounds("difference"), "p", "q",
        "supported", "defining",
    ),
    "persona_groups": (*_OF_GROUP, "n", "n_total", *_bounds("share"), "stability", "distance"),
    "persona_journeys": (*_OF_GROUP, "step", "stage", "event", "n", "time_s"),
    "persona_cells": (*_OF_GROUP, *_NAMES["cells"]),
}  # fmt: skip


def _entry(table: str, name: str) -> Entry:
    texts = name in _TEXTS
    kind = (
        "text" if texts
        else "integer" if name == "n" or name.startswith("n_") or name in _INTEGERS
        else "boolean" if name in ("truncated", "masked", "supported", "defining")
        else "time" if name in ("first_time", "last_time")
        else "number"
    )  # fmt: skip
    stem = _stem(name)
    seconds = "s" if stem.endswith("_s") else "share" if stem.endswith(("_rate", "_share")) else ""
    own = _OWN_UNITS.get(f"{_kin(table)}.{stem}")
    return Entry(name, kind, "" if texts else own if own is not None else _UNITS.get(stem, seconds))


def _stem(name: str) -> str:
    """Return the column whose bound this is, or the column itself."""
    for end in ("_low", "_high"):
        if name.removesuffix("_s").endswith(end):
            return name.removesuffix("_s").removesuffix(end) + ("_s" if name.endswith("_s") else "")
    return "value" if name in ("low", "high") else name


def _kin(table: str) -> str:
    """Return the table that is explained with the same words: moves between events are moves."""
    return "cells" if table == "persona_cells" else table.removeprefix("event_")


#: Every table with its columns in order.
TABLES: Final[Mapping[str, tuple[Entry, ...]]] = {
    table: tuple(_entry(table, name) for name in names) for table, names in _NAMES.items()
}
#: The tables of personas, which are written where personas are asked for.
PERSONA_TABLES: Final[Mapping[str, tuple[Entry, ...]]] = {
    table: tuple(_entry(table, name) for name in names) for table, names in _PERSONAS.items()
}
DICTIONARY: Final = "dictionary"


def schema_of(table: str) -> pa.Schema:
    """Return the columns and types of a table's files; they are the same when nothing happened."""
    return pa.schema([(entry.name, entry.arrow) for entry in {**TABLES, **PERSONA_TABLES}[table]])


def defined(table: str, column: str, words: Language) -> str:
    """Return what a column means.

    Raises
    ------
    KeyError
        If the catalogue has no words for it.
    """
    known = words.words["tidy_columns"]
    kin, stem = _kin(table), _stem(column)
    own = f"{kin}.{column}"
    if own in known:
        return str(known[own])
    if column in known:
        return str(known[column])
    text = known[f"{kin}.{stem}"] if f"{kin}.{stem}" in known else known[stem]
    bound = "bound_low" if column.removesuffix("_s").endswith("low") else "bound_high"
    return str(known[bound]).format(of=text)
