"""One key of a configuration: what may stand under it, how it is checked, and its JSON Schema."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from journeylog.errors import ConfigError, cut, nearest

__all__ = ["Key", "abouts", "as_object", "check_keys", "check_table", "key_of", "kinds_of"]

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


@dataclass(frozen=True)
class Key:
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
    files : bool
        Whether a catalogue of a user's own may stand in place of a choice.
    keys : mapping of str to Key, optional
        What a table under the key may hold.
    """

    kinds: tuple[str, ...]
    hint: str
    about: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    needed: bool = False
    files: bool = False
    keys: Mapping[str, Key] | None = None

    def schema(self) -> dict[str, Any]:
        """Return the key as JSON Schema."""
        kinds = [kind for kind in self.kinds if not (kind == "integer" and "number" in self.kinds)]
        found: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else list(kinds)}
        found["description"] = self.about or self.hint
        array = "array" in self.kinds
        if self.choices:
            known: dict[str, Any] = {"enum": list(self.choices)}
            if self.files:
                known = {"anyOf": [known, {"pattern": r"\.toml$"}]}
            found |= {"items": {"type": "string", **known}} if array else known
        for word, bound in (("min", self.least), ("max", self.most)):
            if bound is not None:
                found[f"{word}Items" if array else f"{word}imum"] = bound
        return found if self.keys is None else found | {**as_object(self.keys), "type": found["type"]}

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


def check_table(given: Any, keys: Mapping[str, Key], where: str, name: str) -> None:
    """Refuse what is no table, lacks a needed key, or holds what :func:`check_keys` refuses."""
    if not isinstance(given, dict):
        raise ConfigError(f"{where} is no table. Fix: begin it with a line [[{name}]]")
    check_keys(given, keys, f"{where}: ")
    for key, known in keys.items():
        if known.needed and not given.get(key):
            raise ConfigError(f'{where} has no {key}. Fix: write {key} = "..."')


def check_keys(given: Mapping[str, Any], keys: Mapping[str, Key], where: str) -> None:
    """Refuse a table with an unknown key, or with a value its key does not take.

    Raises
    ------
    ConfigError
        The message names the key, and the nearest known one.
    """
    for key, value in given.items():
        if key not in keys:
            near = nearest(str(key), keys)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {sorted(keys)}"
            raise ConfigError(f"{where}unknown key {key!r}. Fix: {hint}")
        known = keys[key]
        if not known.allows(value):
            raise ConfigError(f"{where}{key} = {cut(value)} is not possible. Fix: {known.hint}")
        for one in (value if isinstance(value, list) else [value]) if known.choices else ():
            if one not in known.choices and not (known.files and str(one).endswith(".toml")):
                near = nearest(str(one), known.choices)
                hint = f"did you mean {near[0]!r}?" if near else f"one of {list(known.choices)}"
                raise ConfigError(f"{where}{key}: {cut(one)} is not possible. Fix: {hint}")
        if known.keys is not None and isinstance(value, dict):
            check_table(value, known.keys, f"{where}{key}", key)


def key_of(kinds: tuple[str, ...], about: str) -> Key:
    """Return a key that takes values of some types."""
    words = {"string": "a text", "array": "a list", "object": "a table", "integer": "a whole number",
             "number": "a number", "boolean": "true or false"}  # fmt: skip
    shown = [words[kind] for kind in kinds if not (kind == "integer" and "number" in kinds)]
    return Key(kinds, " or ".join(shown), about)


def kinds_of(annotation: str) -> tuple[str, ...]:
    """Return the types of a configuration that an argument of Python takes."""
    known = (
        ("string", r"\bstr\b(?![^\[]*\])|AnyField|Condition|PathLike"),
        ("array", r"Sequence|tuple|list|Condition"),
        ("object", r"Mapping|History|Lifecycle|AnyField|Condition"),
        ("number", r"\bfloat\b(?![^\[]*\])"),
        ("integer", r"\b(?:int|float)\b(?![^\[]*\])"),
        ("boolean", r"\bbool\b"),
    )
    return tuple(kind for kind, pattern in known if re.search(pattern, annotation)) or ("string",)


def abouts(documented: Any) -> dict[str, str]:
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


def as_object(keys: Mapping[str, Key]) -> dict[str, Any]:
    """Return a table of keys as JSON Schema."""
    needed = [key for key, known in keys.items() if known.needed]
    found: dict[str, Any] = {"type": "object", "additionalProperties": False}
    found["properties"] = {key: known.schema() for key, known in keys.items()}
    return found | ({"required": needed} if needed else {})
