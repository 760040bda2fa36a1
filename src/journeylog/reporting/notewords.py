"""Notes in the language of a page: the template is looked up in the catalogue, its values are written anew."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from journeylog.core.notes import Field, Moment, Note, Span, fields_of
from journeylog.core.window import parse_duration
from journeylog.errors import ConfigError

__all__ = ["FORMS", "plural_form", "tell"]

#: The forms of each rule of plurals, in the order in which ``{n|form|form}`` gives them.
FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "none": ("other",),  # Japanese, Chinese, Turkish
    "one": ("one", "other"),  # English, German, Spanish, Italian
    "zero-one": ("one", "other"),  # French, Portuguese
    "east-slavic": ("one", "few", "other"),  # Russian, Ukrainian, Serbian
    "polish": ("one", "few", "other"),
    "czech": ("one", "few", "other"),
}


class Words(Protocol):
    """What is needed of a language."""

    @property
    def words(self) -> Mapping[str, Any]:
        """The catalogue."""

    def number(self, written: str) -> str:
        """Write a number that stands in English."""

    def duration(self, seconds: float) -> str:
        """Write seconds as people do."""

    def moment(self, micros: int) -> str:
        """Write a time."""

    def stage(self, name: Any) -> Any:
        """Return what a stage is called."""


#: Fields of notes that hold nodes, which may be stages.
_NODES: Final = ("node", "nodes", "names")
#: A text in quotes that needs no escape.
_QUOTED: Final = r"(?:'[^'\\]*'|\"[^\"\\]*\")"


def tell(words: Words, said: str) -> str:
    """Return a note in a language; one that the catalogue has not stays as it is.

    A plain text, as a saved log has it, is taken for the note whose words it has. Notes that name arguments to a reader of
    Python have plain words for a page (``page_notes``), in English as well.
    """
    known: Mapping[str, str] = {**words.words.get("notes", {}), **words.words.get("page_notes", {})}
    if not known:
        return str(said)
    found = said if isinstance(said, Note) else _recovered(str(said), tuple(known))
    entry = None if found is None else known.get(found.template)
    if found is None or entry is None:
        return str(said)
    origin = {field.name: field for field in fields_of(found.template)}
    parts = []
    for piece in fields_of(entry):
        name, *forms = piece.name.split("|")
        parts.append(piece.before)
        if forms:
            rule = words.words["plural"]
            parts.append(forms[FORMS[rule].index(plural_form(rule, found.values[name]))])
        elif name:
            value = found.values[name]
            if name in _NODES:
                value = tuple(map(words.stage, value)) if isinstance(value, tuple) else words.stage(value)
            parts.append(_written(words, value, origin[name], piece.conversion))
    return "".join(parts)


def plural_form(rule: str, n: float) -> str:
    """Return the plural form of a whole number by a rule of :data:`FORMS`."""
    n = abs(round(n))
    last, tens = n % 10, n % 100
    if rule == "none":
        return "other"
    if rule == "zero-one":
        return "one" if n < 2 else "other"
    if rule == "east-slavic":
        one, few = last == 1 and tens != 11, 2 <= last <= 4 and not 12 <= tens <= 14
    elif rule == "polish":
        one, few = n == 1, 2 <= last <= 4 and not 12 <= tens <= 14
    else:
        one, few = n == 1, rule == "czech" and 2 <= n <= 4
    return "one" if one else "few" if few else "other"


def _written(words: Words, value: Any, field: Field, conversion: str) -> str:
    """Return a value as the language has it; a text in quotation marks unless the entry asks for it as code."""
    if isinstance(value, tuple):
        one = field._replace(spec="")
        return (field.spec or ", ").join(_written(words, part, one, conversion) for part in value)
    if isinstance(value, Span):
        return words.duration(value / 1e6)
    if isinstance(value, Moment):
        return words.moment(value)
    if isinstance(value, Note):
        return tell(words, value)
    if isinstance(value, str):
        if conversion == "r":
            return repr(value)
        opening, closing = words.words["quotes"]
        return f"{opening}{value}{closing}" if field.conversion == "r" else tell(words, value)
    return words.number(format(value, field.spec))


@functools.lru_cache(4096)
def _recovered(said: str, templates: tuple[str, ...]) -> Note | None:
    """Return the note that has this text, the one with the most words of its own; None when there is none."""
    fits = []
    for template in templates:
        found = _pattern(template).fullmatch(said)
        if found is None or not re.search(r"\w", re.sub(r"\{[^}]*\}", "", template)):
            continue
        values = {field.name: _read(found[field.name], field) for field in fields_of(template) if field.name}
        with suppress(ValueError, TypeError):
            made = Note(template, values)
            if made == said:
                fits.append(made)
    return max(fits, key=lambda made: len(made.template), default=None)


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what texts of a template look like; a field that comes again is the same."""
    parts: list[str] = []
    seen: set[str] = set()
    for field in fields_of(template):
        parts.append(re.escape(field.before))
        if field.name in seen:
            parts.append(f"(?P={field.name})")
        elif field.name:
            seen.add(field.name)
            number = field.spec[-1:] in (",", "f", "g", "%") and field.spec != ", "
            parts.append(f"(?P<{field.name}>{'[-+0-9.,e]+%?' if number else '.*?'})")
    return re.compile("".join(parts), re.DOTALL)


def _read(text: str, field: Field) -> Any:
    """Return the value that was written as this text, as far as the text tells."""
    if field.spec == ",":
        return int(text.replace(",", ""))
    if field.spec.endswith("%"):
        return float(text.rstrip("%").replace(",", "")) / 100
    if field.spec[-1:] in ("f", "g"):
        return float(text.replace(",", ""))
    if re.fullmatch(r"\d+", text):
        return int(text)
    with suppress(ConfigError, OverflowError):
        return Span(parse_duration(text.replace(",", "")))
    if field.conversion == "r" and re.fullmatch(rf"{_QUOTED}(?:, {_QUOTED})*", text):
        names = tuple(part[1:-1] for part in re.findall(_QUOTED, text))
        return names if len(names) > 1 else names[0]
    return text
