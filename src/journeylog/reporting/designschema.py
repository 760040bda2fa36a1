"""The JSON Schema of a designed journey, as a file of its own and as a table of a configuration; and of a benchmark."""

from __future__ import annotations

from typing import Any, Final

from journeylog.journeymap.design import DESIGN_KEYS, RULE_KEYS
from journeylog.journeymap.figures import FIGURE_KEYS

__all__ = ["design_object", "design_schema", "figures_object"]

_NAMES: Final[dict[str, Any]] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]
}
_CONDITION: Final[dict[str, Any]] = {"type": ["string", "array", "object"], "minLength": 1, "minItems": 1}
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_WAYS: Final[dict[str, Any]] = {"type": "object", "additionalProperties": _NAMES}
_RULE: Final[dict[str, dict[str, Any]]] = {
    "name": _TEXT,
    "before": {"type": "array", "minItems": 2, "maxItems": 2, "items": _CONDITION},
    "within": {"type": "array", "minItems": 3, "maxItems": 3},
    "never": _CONDITION,
    "after": _CONDITION,
    "ways": _WAYS,
    "start": _NAMES,
    "node": _TEXT,
}


def design_schema() -> dict[str, Any]:
    """Return the JSON Schema of a designed journey, in TOML or YAML."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "journeylog designed journey",
        "description": "What journeylog.read_design and the key design of a configuration read, as TOML or YAML.",
        **design_object(),
    }


def design_object() -> dict[str, Any]:
    """Return a design as an object of JSON Schema."""
    kinds: dict[str, dict[str, Any]] = {
        "ways": _WAYS,
        "start": _NAMES,
        "node": _TEXT,
        "case": _TEXT,
        "rules": {"type": "array", "items": _rule()},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {**kinds[key], "description": about} for key, about in DESIGN_KEYS.items()},
        "anyOf": [{"required": ["ways"]}, {"required": ["rules"]}],
        "dependentRequired": {"start": ["ways"], "node": ["ways"]},
    }


def figures_object() -> dict[str, Any]:
    """Return the figures of a benchmark as an object of JSON Schema."""
    number, text = {"type": ["number", "string"]}, {"type": ["string", "null"]}
    kinds = {"row": _TEXT, "measure": _TEXT, "value": number, "low": number, "high": number}
    figure = {
        "type": "object",
        "additionalProperties": False,
        "required": ["row", "measure", "value"],
        "properties": {
            key: {**kinds.get(key, text), "description": about} for key, about in FIGURE_KEYS.items()
        },
        "dependentRequired": {"low": ["high"], "high": ["low"]},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["figure"],
        "properties": {"name": _TEXT, "figure": {"type": "array", "minItems": 1, "items": figure}},
    }


def _rule() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {**_RULE[key], "description": about} for key, about in RULE_KEYS.items()},
        "oneOf": [{"required": [kind]} for kind in ("before", "within", "never", "ways")],
        "dependentRequired": {"after": ["never"], "start": ["ways"], "node": ["ways"]},
    }
