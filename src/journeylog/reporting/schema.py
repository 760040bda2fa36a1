"""The one model of a configuration: what may stand in it, how it is checked, and its JSON Schema."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import journeylog as jl
from journeylog.errors import ConfigError
from journeylog.journeymap.changes import SCHEMA
from journeylog.journeymap.design import read_design
from journeylog.journeymap.figures import read_figures
from journeylog.journeymap.spec import JourneyMap
from journeylog.reporting.designschema import design_object, design_schema, figures_object
from journeylog.reporting.exits import Exit
from journeylog.reporting.joinkeys import JOINING, check_joining, joining_schema
from journeylog.reporting.keys import Key, abouts, as_object, check_keys, check_table, key_of, kinds_of
from journeylog.reporting.language import languages
from journeylog.reporting.parts import PARTS
from journeylog.reporting.terminal import Voice
from journeylog.reporting.tidyschema import TABLES

__all__ = ["FILES", "as_text", "check_config", "config_schema", "map_schema", "tell_schema"]

#: What a run can make. ``tables.*`` stands for one file a statistic and the dictionary of their columns,
#: ``personas.*`` for one file a way of grouping, where the table ``[personas]`` asks for some.
FILES: Final = (
    "map.html",
    "map.json",
    "map.md",
    "map.svg",
    "map.xlsx",
    "cells.parquet",
    "cells.csv",
    "report.html",
    "report.xlsx",
    "tables.parquet",
    "tables.csv",
    "rejects.jsonl",
    "personas.html",
    "personas.md",
    "personas.json",
)
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def _of(*kinds: str) -> Callable[..., Key]:
    def make(hint: str, about: str = "", **more: Any) -> Key:
        return Key(kinds, hint, about, **more)

    return make


_text, _list, _table = _of("string"), _of("array"), _of("object")
_condition = _of("string", "array", "object")
_CONDITION: Final = "an event name, a list of them, or a table of column conditions"
_OUTPUT: Final[Mapping[str, Key]] = {
    "folder": _text("a text", "The folder to write to, relative to the configuration; by default out."),
    "languages": _list(
        "a list of languages", "The first one has the plain names of files; or the path of a catalogue, such as de.toml.",
        choices=languages(), files=True,
    ),
    "files": _list("a list of files", "What to write; by default everything.", choices=FILES),
    "theme": _text("'light' or 'dark'", "The colours of pages and pictures.", choices=("light", "dark")),
    "interactive": _of("boolean")(
        "true or false", "Whether the report has a script that answers the pointer; without it it survives e-mail."
    ),
    "mask": _of("integer")(
        "a whole number of customers, 0 for no mask", "Numbers of fewer customers are not told; by default 5.", least=0
    ),
}  # fmt: skip
_LIMITS: Final = ("above", "below", "falls", "rises")
_ALERT: Final[Mapping[str, Key]] = {
    "stage": _text("a text", "The stage; without it the whole journey."),
    "row": _text("a text", "The row of the map, such as loss.", needed=True),
    "measure": _text("a text", "What is measured, such as drop.", needed=True),
    "item": _text("a text", "Of what, where a row lists several."),
    "above": _of("number", "integer")("a number", "The alert holds when the whole interval lies above it."),
    "below": _of("number", "integer")("a number", "The alert holds when the whole interval lies below it."),
    "falls": _of("number", "integer")(
        "a number of 0 or more",
        "The alert holds when, since the earlier map, it surely fell by more than that.",
        least=0,
    ),
    "rises": _of("number", "integer")(
        "a number of 0 or more",
        "The alert holds when, since the earlier map, it surely rose by more than that.",
        least=0,
    ),
}
_TOP: Final[Mapping[str, Key]] = {
    "title": _text("text", "The heading of pages."),
    "goal": _condition(_CONDITION, "What a journey is meant to come to."),
    "patience": _text("a duration such as '30d'", "The silence after which a journey counts as dropped."),
    "start": _condition(_CONDITION, "What a journey begins with."),
    "of": _text("'actor', 'session', 'stretch' or a column", "What is followed."),
    "gap": _text("a duration such as '30min'", "The silence between two sessions."),
    "stages": _of("string", "object")(
        "a preset ('shop', 'saas', 'bank'), a file, or a table of stages", "The columns of the map."
    ),
    "funnel": _of("array", "object")("a list of steps, or a table of name to condition", "The steps of the funnel."),
    "within": _text("a duration such as '7d'", "The time the funnel gives."),
    "window": _list("a list of two times, the first and the last", "What was observed.", least=2, most=2),
    "now": _text("a time such as '2025-05-01'", "The present: times more than two days later are rejected, in any year."),
    "stitch": _text("a column with the known id", "Devices that were ever seen with a known id are that customer."),
    **JOINING,
    "top": _of("integer")("a whole number", "Bars and paths to draw at most.", least=1),
    "theme": _text("'light' or 'dark'", "The colours of the report.", choices=("light", "dark")),
    "fail_on": _of("string", "object")(
        "'error', 'warning', or a table such as {ties = 0.05}", "What of the data's check exits with 4."
    ),
    "max_rejected": _of("number", "integer")(
        "a share from 0 to 1", "Share of rejected rows above which the exit code is 4.", least=0, most=1
    ),
    "map": _table("a table [map]", "What the journey map is asked beside goal, stages and patience."),
    "prices": _table(
        "a table of numbers, such as {waiting = 12, rework = 3, lost = 40}",
        "What an hour of waiting, a visit made again, a visit lost and an event of each kind of pain cost.",
    ),
    "personas": _table("a table [personas]", "Groups of customers: their cards, maps and tables."),
    "output": _table("a table [output]", "What to write, where, and in which languages."),
    "design": _of("string", "object")(
        "a YAML or TOML file, or a table [design]", "The designed journey that the log is held against."
    ),
    "benchmark": _of("string", "object")(
        "a TOML, YAML or CSV file of figures, or the map.json of another log", "What the map is held against."
    ),
    "show": _list("a list of parts", "The parts of the report to show, in this order.", choices=tuple(PARTS), least=1),
    "alert": _list("tables [[alert]]", "Exit code 4, and a line above all else, when one holds."),
}  # fmt: skip


#: Of the ways of grouping at least one, in JSON Schema.
_GROUPS: Final = [
    {"required": ["attribute"], "properties": {"attribute": {"minLength": 1}}},
    {"required": ["rfm"], "properties": {"rfm": {"not": {"enum": ["", [], {}]}}}},
    {"required": ["clusters"], "properties": {"clusters": {"not": {"enum": [False, {}]}}}},
]
#: Files of personas need the table that asks for some.
_PERSONA_FILES: Final[Mapping[str, Any]] = {
    "if": {
        "required": ["output"],
        "properties": {
            "output": {"required": ["files"], "properties": {"files": {"contains": {"pattern": "^personas"}}}}
        },
    },
    "then": {"required": ["personas"]},
}


def check_config(data: Mapping[str, Any], name: str) -> None:
    """Refuse a configuration with an unknown key, or with a value of another type than the key has.

    Parameters
    ----------
    data : mapping
        What the file says.
    name : str
        The file's name, for errors.

    Raises
    ------
    ConfigError
        The message names the key, and the nearest known one.
    """
    sources = data.get("source")
    if not isinstance(sources, list) or not sources:
        raise ConfigError(f"{name} names no source. Fix: begin each one with a line [[source]]")
    check_keys({key: value for key, value in data.items() if key != "source"}, _TOP, f"{name}: ")
    for key, table in (("map", _map()), ("output", _OUTPUT), ("personas", _personas())):
        check_keys(data.get(key, {}), table, f"{name}: {key}: ")
    _check_personas(data, name)
    for i, alert in enumerate(data.get("alert", [])):
        check_table(alert, _ALERT, f"{name}: alert {i + 1}", "alert")
        if not set(_LIMITS) & set(alert):
            raise ConfigError(
                f"{name}: alert {i + 1} has no limit. Fix: write above = ..., below = ..., falls = ... or rises = ..."
            )
    for i, source in enumerate(sources):
        check_table(source, _source(), f"{name}: source {i + 1}", "source")
    names = [source["name"] for source in sources]
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise ConfigError(f"{name}: two sources are called {twice[0]!r}. Fix: give each its own name")
    check_joining(data, name)
    if isinstance(data.get("design"), Mapping):
        read_design(data["design"])
    if isinstance(data.get("benchmark"), Mapping):
        read_figures(data["benchmark"])


def _map() -> dict[str, Key]:
    """Return what the table [map] may hold: the questions of :class:`JourneyMap` that are not asked above."""
    own: Mapping[str, tuple[str, ...]] = {
        "within": ("string",), "heard_within": ("string",), "again": ("string",), "pains": ("string", "object"),
        "spend": ("number", "integer", "object"), "prices": ("object",),
    }  # fmt: skip
    about = abouts(JourneyMap)
    found = {
        one.name: key_of(own.get(one.name) or kinds_of(str(one.type)), about.get(one.name, ""))
        for one in dataclasses.fields(JourneyMap)
        if one.name not in ("_", "goal", "stages", "patience")
    }
    found["notes"] = _text("a text", "A YAML or TOML file of analysts' notes, relative to the configuration.")
    return found


def _personas() -> dict[str, Key]:
    """Return what the table [personas] may hold: ways of grouping, and the arguments of :func:`journeylog.personas`."""
    about = abouts(jl.personas)
    given = inspect.signature(jl.personas).parameters
    found = {
        "attribute": _text("a column", "A column; a customer belongs to the first value it has."),
        "rfm": Key(
            ("string", "array", "object"), "the event that is an order, or a table {order = ...}",
            "What is an order: customers by how lately, how often and for how much they bought.", keys=_step(jl.RFM),
        ),
        "clusters": Key(
            ("boolean", "object"), "true, or a table such as {k = 4}",
            "Groups found from the journeys, if there are any.", keys=_step(jl.Clusters),
        ),
        "maps": _of("boolean")("true or false", "Whether each group has its own journey map; by default true."),
    }  # fmt: skip
    numbers = ("top", "min_n", "sample", "seed")
    return found | {name: key_of(kinds_of(str(given[name].annotation)), about[name]) for name in numbers}


def _step(step: Any) -> dict[str, Key]:
    """Return the arguments of a step that makes groups."""
    about = abouts(step)
    return {
        one.name: dataclasses.replace(
            key_of(kinds_of(str(one.type)), about.get(one.name, "")),
            needed=one.default is dataclasses.MISSING,
        )
        for one in dataclasses.fields(step)
        if one.name not in ("_", "column", "settled")
    }


def _check_personas(data: Mapping[str, Any], name: str) -> None:
    """Refuse personas of no groups, and files of personas nobody described."""
    asked = data.get("personas")
    if asked is not None and not any(asked.get(key) for key in ("attribute", "rfm", "clusters")):
        raise ConfigError(
            f'{name}: personas: no groups are asked for. Fix: attribute = "...", rfm = "paid" or clusters = true'
        )
    files = [file for file in data.get("output", {}).get("files", ()) if file.startswith("personas")]
    if asked is None and files:
        raise ConfigError(f"{name}: output: files: {files[0]!r} needs a table [personas]. Fix: write one")


def _source() -> dict[str, Key]:
    """Return what a [[source]] may hold: its name, its path, and the arguments of :func:`journeylog.read`."""
    about = abouts(jl.read)
    found = {
        "name": _text("a text", "The source's name, each its own.", needed=True),
        "path": _text("a text", "A file, a folder or a pattern, relative to the configuration.", needed=True),
    }
    for name, argument in list(inspect.signature(jl.read).parameters.items())[1:]:
        found[name] = key_of(kinds_of(str(argument.annotation)), about.get(name, ""))
    return found


def tell_schema(what: str, voice: Voice) -> Exit:
    """Print one of the schemas.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    known = {"config": config_schema, "map": map_schema, "design": design_schema}
    if what not in known:
        raise ConfigError(f"there is no schema of {what!r}. Fix: one of {list(known)}")
    voice.tell(as_text(known[what]()).splitlines(), {})
    return Exit.OK


def as_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as it is published under docs/schemas."""
    return json.dumps(schema, indent=1) + "\n"


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration, in TOML or YAML."""
    top = {key: known.schema() for key, known in _TOP.items()}
    top |= joining_schema()
    top["map"] |= as_object(_map())
    top["output"] |= as_object(_OUTPUT)
    top["personas"] |= as_object(_personas()) | {"anyOf": _GROUPS}
    top["design"] = {
        "description": top["design"]["description"],
        "anyOf": [{"type": "string"}, design_object()],
    }
    top["benchmark"] = {
        "description": top["benchmark"]["description"],
        "anyOf": [{"type": "string"}, figures_object()],
    }
    alert = as_object(_ALERT)
    alert["anyOf"] = [{"required": [limit]} for limit in _LIMITS]
    top["alert"] |= {"items": alert}
    sources = {
        "type": "array",
        "minItems": 1,
        "items": as_object(_source()),
        "description": "Where the data is.",
    }
    return {
        "$schema": _DRAFT,
        "title": "journeylog configuration",
        "description": "What journeylog run, report and check read, as TOML or YAML.",
        **as_object({}),
        "required": ["source"],
        "properties": {"source": sources, **top},
        "not": {"required": ["stitch", "identity"]},
        **_PERSONA_FILES,
    }


def map_schema() -> dict[str, Any]:
    """Return the JSON Schema of a journey map as it is saved (``map.json``)."""
    types = {
        "text": ["string", "null"],
        "number": ["number", "null"],
        "integer": "integer",
        "boolean": "boolean",
    }
    cells = {entry.name: {"type": types[entry.type]} for entry in TABLES["cells"]}
    for name in ("row", "measure", "unit", "code"):
        cells[name] = {"type": "string"}
    texts = {"type": "array", "items": {"type": "string"}}
    window = {"start": {"type": "string"}, "end": {"type": "string"}, "declared": {"type": "boolean"}}
    properties = {
        "schema": {"const": SCHEMA, "description": "The version of this form."},
        "stages": {**texts, "description": "The columns of the map in their order."},
        "question": {"type": "object", "required": ["kind"], "description": "What was asked."},
        "window": {
            "type": "object",
            "required": list(window),
            "properties": window,
            "description": "Times in UTC.",
        },
        "notes": {**texts, "description": "What a reader of the numbers must know."},
        "table": {
            "type": "array",
            "description": "One entry a cell; a value is null when it is not known or masked.",
            "items": {
                "type": "object",
                "required": list(cells),
                "additionalProperties": False,
                "properties": cells,
                "if": {"properties": {"masked": {"const": True}}},
                "then": {
                    "properties": {"value": {"const": None}, "low": {"const": None}, "high": {"const": None}}
                },
            },
        },
        "tables": {"type": "object"},
        "analyst_notes": {
            "type": "array",
            "items": {"type": "object"},
            "description": "What analysts noted, apart from the evidence.",
        },
    }
    needed: Sequence[str] = [name for name in properties if name != "analyst_notes"]
    return {
        "$schema": _DRAFT,
        "title": "journeylog journey map",
        "type": "object",
        "required": needed,
        "properties": properties,
    }
