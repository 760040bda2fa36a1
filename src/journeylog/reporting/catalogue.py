"""A catalogue of another language: one file of a user's own, held against the English one before a page is made."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from journeylog.errors import ConfigError, cut, explain, nearest
from journeylog.reporting.notewords import FORMS

__all__ = ["code_of", "read_catalogue"]

#: What the name of a file has to be, as pages say their language by it: ``de``, ``pt-br``.
_CODE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
#: What a workbook takes as the name of a sheet, and the texts of the catalogue that are one.
_SHEET: Final = re.compile(r"[^\[\]:*?/\\']{1,31}")
_SHEETS: Final = frozenset(
    {"map", "cells", "transitions", "funnel", "drop_off", "bottlenecks", "paths", "rejects", "dictionary"}
)
#: Tables that need not be whole: a note without a translation is told in English and marked so.
_FREE: Final = frozenset({"notes", "page_notes"})


def code_of(path: Path) -> str:
    """Return the language a catalogue is of: the name of its file, such as ``de.toml``.

    Raises
    ------
    ConfigError
        If the name is no code of a language.
    """
    if not _CODE.fullmatch(path.stem):
        raise ConfigError(
            f"{path.name!r} is named after no language. Fix: a code such as de.toml or pt-br.toml"
        )
    return path.stem


def read_catalogue(path: Path, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the words of a catalogue.

    Parameters
    ----------
    path : Path
    known : mapping
        The catalogues of the library by the codes of their languages. The English one says what there is to say; what a
        catalogue lacks is taken from the one it names itself (``fallback = "en"``), and only then.

    Raises
    ------
    ConfigError
        If the file cannot be read, a text is missing or unknown, has a field that nothing fills, or lacks a form of
        the plural.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the catalogue {str(path)!r} cannot be read: {error}. Fix: a file in TOML, UTF-8"
        ) from error
    fallback, english = given.pop("fallback", None), known["en"]
    if fallback is not None and fallback not in known:
        raise ConfigError(
            f"{path.name}: fallback={cut(fallback)} is no language. Fix: one of {sorted(known)}"
        )
    base = {} if fallback is None else known[fallback]
    words = {key: _merged(base.get(key), given.get(key)) for key in {**base, **given}}
    _check_keys(path.name, words, english)
    wrong = [*_forms(words, english), *_fields(words, english), *_sheets(words)]
    if wrong:
        fix = "the fields of en.toml, and all forms of the rule that plural= names"
        raise ConfigError(
            explain(f"{path.name}: texts that cannot be told", count=len(wrong), examples=wrong, fix=fix)
        )
    return words


def _merged(base: Any, given: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(given, Mapping):
        return {**base, **given}
    return base if given is None else given


def _check_keys(name: str, words: Mapping[str, Any], english: Mapping[str, Any]) -> None:
    """Refuse keys that are missing, or that nothing asks for."""
    there, wanted = set(_keys(words)), set(_keys(english))
    missing, unknown = sorted(wanted - there), sorted(there - wanted)
    if missing:
        fix = 'translate them, or say fallback = "en" at the top of the file'
        raise ConfigError(
            explain(f"{name}: texts are missing", count=len(missing), examples=missing, fix=fix)
        )
    if unknown:
        near = nearest(unknown[0], wanted)
        fix = f"did you mean {near[0]!r}?" if near else "leave them out"
        raise ConfigError(
            explain(f"{name}: nothing asks for texts", count=len(unknown), examples=unknown, fix=fix)
        )
    if words["plural"] not in FORMS:
        raise ConfigError(f"{name}: plural={cut(words['plural'])} is no rule. Fix: one of {list(FORMS)}")
    for key, n in (("months", 12), ("quotes", 2)):
        if not isinstance(words[key], list) or len(words[key]) != n:
            raise ConfigError(f"{name}: {key}={cut(words[key])} is not possible. Fix: a list of {n} texts")


def _keys(words: Mapping[str, Any]) -> Iterator[str]:
    for key, value in words.items():
        if key in _FREE:
            continue
        yield key
        if isinstance(value, Mapping):
            yield from (f"{key}.{one}" for one in value)


def _texts(words: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the texts of all tables: their table, their key, and the text or its forms."""
    for part, table in words.items():
        if isinstance(table, Mapping) and part not in _FREE:
            yield from ((part, key, text) for key, text in table.items())


def _forms(words: Mapping[str, Any], english: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that have forms of the plural which the language has not, or none where they need some."""
    wanted = set(FORMS[words["plural"]])
    for part, key, text in _texts(words):
        forms = isinstance(text, Mapping)
        if forms != isinstance(english[part][key], Mapping):
            yield f"{part}.{key}: {'forms where one text is asked for' if forms else 'one text in place of forms'}"
        elif forms and not {"other"} <= set(text) <= wanted:
            yield f"{part}.{key}: {sorted(text)} are no forms of {sorted(wanted)}"
    for key, text in words.get("notes", {}).items():
        for field in _named(text):
            if "|" in field and len(field.split("|")) != 1 + len(wanted):
                yield f"notes.{key}: {{{field}}} has not {len(wanted)} forms"


def _sheets(words: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of sheets that no workbook takes."""
    for key, text in words["sheets"].items():
        if key in _SHEETS and not _SHEET.fullmatch(str(text)):
            yield f"sheets.{key}: {text!r} is no name of a sheet"


def _fields(words: Mapping[str, Any], english: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts with a field that nothing fills."""
    for part, key, text in _texts(words):
        known = _every(english[part][key])
        for field in sorted(_every(text) - known):
            yield f"{part}.{key}: {{{field}}}"
    for key, text in words.get("notes", {}).items():
        for field in sorted({name.split("|")[0] for name in _named(text)} - _named(key)):
            yield f"notes.{key}: {{{field}}}"


def _every(text: Any) -> set[str]:
    """Return the fields of a text, or of all of its forms."""
    return set().union(*map(_named, text.values())) if isinstance(text, Mapping) else _named(str(text))


def _named(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return {text}
