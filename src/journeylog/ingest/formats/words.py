"""A declaration in words: what each role and attribute is made of, for the documentation and the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Final

from journeylog.core.schema import ROLES
from journeylog.ingest.formats.declare import Format, Take
from journeylog.ingest.formats.fields import (
    KEEP,
    All,
    AnyField,
    Condition,
    Conditions,
    Field,
    First,
    Given,
    Is,
    Join,
    KeyValue,
    Map,
    Minor,
    Minus,
    Negative,
    Not,
    Score,
    Stamp,
    StartsWith,
    Template,
    Times,
    When,
)
from journeylog.ingest.roles import Constant

__all__ = ["mapping_of", "page_of"]

_UNITS: Final = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_SAME: Final = {
    "conflict": "copies that differ are rejects",
    "first": "the first copy counts",
    "keep": "only rows that agree in all that was read are one",
}


def mapping_of(form: Format) -> list[tuple[str, str]]:
    """Return what each thing is made of: name and words, in the order of roles, takes and attributes."""
    rows = []
    for role in ROLES:
        given = getattr(form, role)
        if role == "source" and given is None and form.name:
            given = Constant(form.name)
        if given is not None:
            rows.append((role, _role(form, role, given)))
    for take in form.takes:
        rows.append((f"event {take.name!r}" if take.name else "events", _take(take)))
    rows += [(f"attribute `{name}`", field_words(one)) for name, one in form.attributes.items()]
    if form.order_by:
        rows.append(("order of ties", ", ".join(map(field_words, form.order_by))))
    if form.not_events is not None:
        rows.append(("no events", condition_words(form.not_events)))
    if form.group is not None:
        rows.append(("lines become records", f"by {_path(form.group.by)}"))
    for link in form.links:
        when = "" if link.when is None else f", where {condition_words(link.when)}"
        rows.append(
            (f"link ({link.kind})", f"{field_words(link.from_id)} is {field_words(link.to_id)}{when}")
        )
    if form.envelope is not None:
        rows.append(("record", f"the object itself, or the only member `{form.envelope}` of one"))
    if form.known_by is not None:
        rows.append(("known by", field_words(form.known_by).replace(", else ", " or ")))
    if form.missing:
        rows.append(
            ("missing values", ", ".join(f"`{text}`" if text else "the empty text" for text in form.missing))
        )
    return rows


def page_of(families: Iterable[ModuleType]) -> str:
    """Return the page of the documentation: every known format with its mapping table."""
    lines = [
        "# Formats",
        "",
        'What `journeylog.read(source, format="...")` makes of each vendor\'s rows, whatever container they come in',
        "(CSV, TSV, JSON lines, JSON arrays, Parquet, Arrow, Excel, a frame, the result of a query). `jl.formats()`",
        'lists them, `jl.formats()["ga4"].but(tz="Europe/Berlin")` changes one, and a format of one\'s own is a',
        "`jl.Format(...)`. Columns that a format does not mention stay under their own names.",
        "",
        "This page is made of the declarations by `python scripts/formats_page.py`; a test holds it true.",
    ]
    for family in families:
        title = (family.__doc__ or "").split("\n")[0].rstrip(".")
        lines += ["", f"## {title}"]
        for form in family.FORMATS:
            lines += _section(form)
    return "\n".join(lines) + "\n"


def _section(form: Format) -> list[str]:
    lines = ["", f"### {form.name}", "", f"{form.about}."]
    if form.docs:
        lines += [f"Described by the vendor at <{form.docs}>."]
    lines += ["", "| | made of |", "|---|---|"]
    lines += [f"| {_cell(name)} | {_cell(words)} |" for name, words in mapping_of(form)]
    if form.traps:
        lines += ["", *(f"- {trap}" for trap in form.traps)]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _role(form: Format, role: str, given: AnyField) -> str:
    words = field_words(given)
    if role == "time":
        words += _written(form.time_unit, form.time_format, form.tz)
        words += ", of the clock on the wall in tz=" if form.wall_clock else ""
    if role == "event_id":
        words += f" ({_SAME[form.same_id]})"
    if role == "score" and form.score_scale is not None and not isinstance(given, Score):
        words += f" on the scale {form.score_scale}"
    return words


def _written(unit: str | None, style: str | None, tz: str | None) -> str:
    words = "" if unit is None else f", in {_UNITS[unit]} since 1970"
    words += "" if style is None else f", written `{style}`"
    return words + ("" if tz is None else f", {tz} where no zone is given")


def _take(take: Take) -> str:
    parts = []
    if take.unrolled:
        parts.append(f"each of {', '.join(map(_path, take.unrolled))}")
    if take.when is not None:
        parts.append(f"where {condition_words(take.when)}")
    for role in ("event", "time", *ROLES):
        given = getattr(take, role, None)
        if given is not None and not any(part.startswith(f"{role}: ") for part in parts):
            parts.append(f"{role}: {field_words(given)}")
    parts += [f"`{name}`: {field_words(one)}" for name, one in take.attributes.items()]
    return "; ".join(parts)


def field_words(one: AnyField | None) -> str:
    """Return a field in words."""
    if one is None:
        return "nothing"
    if isinstance(one, str):
        return _path(one)
    if isinstance(one, Constant):
        return f"always “{one.text}”"
    for kind, words in _FIELDS.items():
        if isinstance(one, kind):
            return str(words(one))
    return _any_kind(one)


def condition_words(condition: Conditions) -> str:
    """Return a condition in words."""
    if isinstance(condition, tuple):
        return " or ".join(map(condition_words, condition))
    for kind, words in _CONDITIONS.items():
        if isinstance(condition, kind):
            return str(words(condition))
    return _any_kind(condition)


def _any_kind(one: Field | Condition) -> str:
    """Return a kind that was added elsewhere by its name, its fields and what else was said."""
    values = [getattr(one, f.name) for f in dataclasses.fields(one)]  # type: ignore[arg-type]
    shown = [field_words(v) if v in one.parts else f"`{v}`" for v in values if v not in (None, (), "")]
    return f"{type(one).__name__}({', '.join(shown)})"


def _path(path: str) -> str:
    return f"`{path}`"


def _map(one: Map) -> str:
    if not isinstance(one.names, Mapping) or len(one.names) > 6:
        return f"{field_words(one.of)}, by name"
    named = ", ".join(f"{code}: {name}" for code, name in one.names.items())
    other = "" if one.default == KEEP else f", else {one.default}"
    return f"{field_words(one.of)} ({named}{other})"


def _minor(one: Minor) -> str:
    by = "" if one.currency is None else f" of {field_words(one.currency)}"
    return f"{field_words(one.of)} in minor units{by}"


def _when(one: When) -> str:
    other = "" if one.other is None else f", else {field_words(one.other)}"
    return f"{_inner(one.of)} where {condition_words(one.condition)}{other}"


def _inner(one: AnyField) -> str:
    """Return a field in words as a part of others."""
    return f"({field_words(one)})" if isinstance(one, First | When | Times) else field_words(one)


_FIELDS: Final[dict[type, Any]] = {
    First: lambda f: ", else ".join(map(field_words, f.among)),
    Join: lambda f: (" + " if f.sep == "" else f" + “{f.sep}” + ").join(map(_inner, f.of)),
    Map: _map,
    KeyValue: lambda f: f"`{f.key}` of {_path(f.pairs)}",
    Minor: _minor,
    Minus: lambda f: f"{field_words(f.of)} less {field_words(f.before)}",
    Negative: lambda f: f"{_inner(f.of)}, negative",
    Times: lambda f: " × ".join(map(field_words, f.of)),
    Score: lambda f: f"{field_words(f.of)} on the scale {f.scale}",
    Stamp: lambda f: field_words(f.of) + _written(f.unit, f.format, f.tz),
    Template: lambda f: f"path of {field_words(f.of)} with ids as {{id}}",
    When: _when,
}
_CONDITIONS: Final[dict[type, Any]] = {
    Is: lambda c: f"{field_words(c.field)} is {' or '.join(c.among)}",
    Given: lambda c: f"{field_words(c.field)} is given",
    Not: lambda c: f"not ({condition_words(c.condition)})",
    All: lambda c: " and ".join(map(condition_words, c.conditions)),
    StartsWith: lambda c: f"{field_words(c.field)} starts with {c.start}",
}
