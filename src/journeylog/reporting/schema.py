"""The one model of a configuration: what may stand in it, how it is checked, and its JSON Schema."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import journeylog as jl
from journeylog.errors import ConfigError, cut, nearest
from journeylog.journeymap.changes import SCHEMA
from journeylog.journeymap.spec import JourneyMap
from journeylog.reporting.exits import Exit
from journeylog.reporting.language import languages
from journeylog.reporting.terminal import Voice
from journeylog.reporting.tidyschema import TABLES

__all__ = ["FILES", "as_text", "check_config", "config_schema", "map_schema", "tell_schema"]

#: What a run can make. ``tables.*`` stands for one file a statistic and the dictionary of their columns.
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
)
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


@dataclass(frozen=True)
class _Key:
    """What may stand under a key.

    Parameters
    ----------
    kinds : tuple of str
        Types by their names in JSON.
    hint : str
        What to write, for the fix of an error.
    about : str
        What it means, for readers of the schema.
    choices : tuple of str
        The only values, or those of the items of an array.
    least : float or None
        The smallest number, or the least items of an array.
    most : float or None
    needed : bool
    """

    kinds: tuple[str, ...]
    hint: str
    about: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    needed: bool = False

    def schema(self) -> dict[str, Any]:
        """Return the key as JSON Schema."""
        kinds = [kind for kind in self.kinds if not (kind == "integer" and "number" in self.kinds)]
        found: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else list(kinds)}
        found["description"] = self.about or self.hint
        array = "array" in self.kinds
        if self.choices:
            known: dict[str, Any] = {"enum": list(self.choices)}
            found |= {"items": {"type": "string", **known}} if array else known
        for word, bound in (("min", self.least), ("max", self.most)):
            if bound is not None:
                found[f"{word}Items" if array else f"{word}imum"] = bound
        return found

    def allows(self, value: Any) -> bool:
        """Return whether a value is of the type and within the bounds."""
        kinds = [
            kind for kind in self.kinds if isinstance(value, _TYPES[kind]) and (kind == "boolean") == isinstance(value, bool)
        ]  # fmt: skip
        if not kinds:
            return False
        size = len(value) if isinstance(value, list | tuple) else value
        if isinstance(size, int | float) and not isinstance(size, bool):
            if self.least is not None and size < self.least:
                return False
            if self.most is not None and size > self.most:
                return False
        return True


def _of(*kinds: str) -> Callable[..., _Key]:
    def make(hint: str, about: str = "", **more: Any) -> _Key:
        return _Key(kinds, hint, about, **more)

    return make


_text, _list, _table = _of("string"), _of("array"), _of("object")
_condition = _of("string", "array", "object")
_CONDITION: Final = "an event name, a list of them, or a table of column conditions"
_OUTPUT: Final[Mapping[str, _Key]] = {
    "folder": _text("a text", "The folder to write to, relative to the configuration; by default out."),
    "languages": _list("a list of languages", "The first one has the plain names of files.", choices=languages()),
    "files": _list("a list of files", "What to write; by default everything.", choices=FILES),
    "theme": _text("'light' or 'dark'", "The colours of pages and pictures.", choices=("light", "dark")),
    "mask": _of("integer")(
        "a whole number of customers, 0 for no mask", "Numbers of fewer customers are not told; by default 5.", least=0
    ),
}  # fmt: skip
_ALERT: Final[Mapping[str, _Key]] = {
    "stage": _text("a text", "The stage; without it the whole journey."),
    "row": _text("a text", "The row of the map, such as loss.", needed=True),
    "measure": _text("a text", "What is measured, such as drop.", needed=True),
    "item": _text("a text", "Of what, where a row lists several."),
    "above": _of("number", "integer")("a number", "The alert holds when the whole interval lies above it."),
    "below": _of("number", "integer")("a number", "The alert holds when the whole interval lies below it."),
}
_TOP: Final[Mapping[str, _Key]] = {
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
    "stitch": _text("a column with the known id", "Devices that were ever seen with a known id are that customer."),
    "top": _of("integer")("a whole number", "Bars and paths to draw at most.", least=1),
    "theme": _text("'light' or 'dark'", "The colours of the report.", choices=("light", "dark")),
    "fail_on": _of("string", "object")(
        "'error', 'warning', or a table such as {ties = 0.05}", "What of the data's check exits with 4."
    ),
    "max_rejected": _of("number", "integer")(
        "a share from 0 to 1", "Share of rejected rows above which the exit code is 4.", least=0, most=1
    ),
    "map": _table("a table [map]", "What the journey map is asked beside goal, stages and patience."),
    "output": _table("a table [output]", "What to write, where, and in which languages."),
    "alert": _list("tables [[alert]]", "Exit code 4, and a line above all else, when one holds."),
}  # fmt: skip


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
    _check({key: value for key, value in data.items() if key != "source"}, _TOP, f"{name}: ")
    for key, table in (("map", _map()), ("output", _OUTPUT)):
        _check(data.get(key, {}), table, f"{name}: {key}: ")
    for i, alert in enumerate(data.get("alert", [])):
        _check_table(alert, _ALERT, f"{name}: alert {i + 1}", "alert")
        if not {"above", "below"} & set(alert):
            raise ConfigError(f"{name}: alert {i + 1} has no limit. Fix: write above = ... or below = ...")
    for i, source in enumerate(sources):
        _check_table(source, _source(), f"{name}: source {i + 1}", "source")
    names = [source["name"] for source in sources]
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise ConfigError(f"{name}: two sources are called {twice[0]!r}. Fix: give each its own name")


def _check_table(given: Any, keys: Mapping[str, _Key], where: str, name: str) -> None:
    if not isinstance(given, dict):
        raise ConfigError(f"{where} is no table. Fix: begin it with a line [[{name}]]")
    _check(given, keys, f"{where}: ")
    for key, known in keys.items():
        if known.needed and not given.get(key):
            raise ConfigError(f'{where} has no {key}. Fix: write {key} = "..."')


def _check(given: Mapping[str, Any], keys: Mapping[str, _Key], where: str) -> None:
    for key, value in given.items():
        if key not in keys:
            near = nearest(str(key), keys)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {sorted(keys)}"
            raise ConfigError(f"{where}unknown key {key!r}. Fix: {hint}")
        known = keys[key]
        if not known.allows(value):
            raise ConfigError(f"{where}{key} = {cut(value)} is not possible. Fix: {known.hint}")
        for one in (value if isinstance(value, list) else [value]) if known.choices else ():
            if one not in known.choices:
                near = nearest(str(one), known.choices)
                hint = f"did you mean {near[0]!r}?" if near else f"one of {list(known.choices)}"
                raise ConfigError(f"{where}{key}: {cut(one)} is not possible. Fix: {hint}")


def _map() -> dict[str, _Key]:
    """Return what the table [map] may hold: the questions of :class:`JourneyMap` that are not asked above."""
    own: Mapping[str, tuple[str, ...]] = {
        "within": ("string",), "heard_within": ("string",), "again": ("string",), "pains": ("string", "object"),
        "spend": ("number", "integer", "object"),
    }  # fmt: skip
    about = _abouts(JourneyMap)
    found = {
        one.name: _key(own.get(one.name) or _kinds(str(one.type)), about.get(one.name, ""))
        for one in dataclasses.fields(JourneyMap)
        if one.name not in ("_", "goal", "stages", "patience")
    }
    found["notes"] = _text("a text", "A YAML or TOML file of analysts' notes, relative to the configuration.")
    return found


def _source() -> dict[str, _Key]:
    """Return what a [[source]] may hold: its name, its path, and the arguments of :func:`journeylog.read`."""
    about = _abouts(jl.read)
    found = {
        "name": _text("a text", "The source's name, each its own.", needed=True),
        "path": _text("a text", "A file, a folder or a pattern, relative to the configuration.", needed=True),
    }
    for name, argument in list(inspect.signature(jl.read).parameters.items())[1:]:
        found[name] = _key(_kinds(str(argument.annotation)), about.get(name, ""))
    return found


def _key(kinds: tuple[str, ...], about: str) -> _Key:
    words = {"string": "a text", "array": "a list", "object": "a table", "integer": "a whole number",
             "number": "a number", "boolean": "true or false"}  # fmt: skip
    shown = [words[kind] for kind in kinds if not (kind == "integer" and "number" in kinds)]
    return _Key(kinds, " or ".join(shown), about)


def _kinds(annotation: str) -> tuple[str, ...]:
    """Return the types of a configuration that an argument of Python takes."""
    known = (
        ("string", r"\bstr\b(?![^\[]*\])|AnyField|Condition|PathLike"),
        ("array", r"Sequence|tuple|list|Condition"),
        ("object", r"Mapping|History|Lifecycle|AnyField|Condition"),
        ("number", r"\bfloat\b(?![^\[]*\])"),
        ("integer", r"\bint\b|\bfloat\b(?![^\[]*\])"),
        ("boolean", r"\bbool\b"),
    )
    return tuple(kind for kind, pattern in known if re.search(pattern, annotation)) or ("string",)


def _abouts(documented: Any) -> dict[str, str]:
    """Return the first sentence about each parameter of a docstring."""
    text = inspect.getdoc(documented) or ""
    text = text.partition("Parameters\n----------\n")[2].split("\n\n")[0]
    found: dict[str, str] = {}
    for names, said in re.findall(r"^(\S[^:\n]*) : [^\n]*\n((?:    [^\n]*\n?)+)", text, re.MULTILINE):
        sentence = " ".join(said.split())
        sentence = re.split(r"(?<=[.:;])\s", sentence)[0].rstrip(":;")
        plain = re.sub(r":\w+:`[.~]*([^`]*)`", r"\1", sentence).replace("``", "").replace("`", "")
        found |= dict.fromkeys(names.split(", "), plain)
    return found


def tell_schema(what: str, voice: Voice) -> Exit:
    """Print one of the schemas.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    known = {"config": config_schema, "map": map_schema}
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
    top["map"] |= _object(_map())
    top["output"] |= _object(_OUTPUT)
    alert = _object(_ALERT)
    alert["anyOf"] = [{"required": ["above"]}, {"required": ["below"]}]
    top["alert"] |= {"items": alert}
    sources = {
        "type": "array",
        "minItems": 1,
        "items": _object(_source()),
        "description": "Where the data is.",
    }
    return {
        "$schema": _DRAFT,
        "title": "journeylog configuration",
        "description": "What journeylog run, report and check read, as TOML or YAML.",
        **_object({}),
        "required": ["source"],
        "properties": {"source": sources, **top},
    }


def _object(keys: Mapping[str, _Key]) -> dict[str, Any]:
    needed = [key for key, known in keys.items() if known.needed]
    found: dict[str, Any] = {"type": "object", "additionalProperties": False}
    found["properties"] = {key: known.schema() for key, known in keys.items()}
    return found | ({"required": needed} if needed else {})


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
