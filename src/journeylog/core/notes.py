"""Notes: sentences for readers of a result that remember what they were made of, so that pages can tell them anew."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from journeylog.core.window import format_duration, utc_text

__all__ = ["Field", "Moment", "Note", "Span", "fields_of", "note"]


class Note(str):
    """A text that keeps its template and values; equal to the text, and hashed like it.

    Parameters
    ----------
    template : str
        The sentence in English with fields as :meth:`str.format` has them. A tuple is joined with what stands as the
        field's format, by default ``", "``.
    values : mapping of str to object
        Numbers, texts, :class:`Span`, :class:`Moment`, notes, and tuples of these.

    Examples
    --------
    >>> one = Note("{n:,} cases visit no node", {"n": 1200})
    >>> one, one.template, one == "1,200 cases visit no node"
    ('1,200 cases visit no node', '{n:,} cases visit no node', True)
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any] | None = None) -> Note:
        """Write the sentence."""
        given = {name: _plain(value) for name, value in (values or {}).items()}
        parts = (
            part.before + (part.write(given[part.name]) if part.name else "") for part in fields_of(template)
        )
        self = super().__new__(cls, "".join(parts))
        self.template, self.values = template, given
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Be written and read back with the template."""
        return Note, (self.template, dict(self.values))


def note(template: str, /, **values: Any) -> Note:
    """Return a note; the template stands in the source as it is, so that its translation can be looked up.

    Examples
    --------
    >>> note("patience {patience}: of {nodes!r:, }", patience=Span(86_400_000_000), nodes=("cart", "pay"))
    "patience 1 d: of 'cart', 'pay'"
    """
    return Note(template, values)


class Span(int):
    """Microseconds that are written as people write durations."""

    def __format__(self, spec: str) -> str:
        """Write the duration."""
        return format_duration(int(self))


class Moment(int):
    """Microseconds since 1970 that are written as a time in UTC."""

    def __format__(self, spec: str) -> str:
        """Write the time."""
        return utc_text(int(self))


class Field(NamedTuple):
    """A piece of a template: the text before a field, and the field; at the end there may be none."""

    before: str
    name: str
    conversion: str
    spec: str

    def write(self, value: Any) -> str:
        """Return the value as this field has it in English."""
        if isinstance(value, tuple):
            return (self.spec or ", ").join(self._replace(spec="").write(one) for one in value)
        return format(repr(value) if self.conversion == "r" else value, self.spec)


def fields_of(template: str) -> Iterator[Field]:
    """Yield the pieces of a template in order."""
    for before, name, spec, conversion in string.Formatter().parse(template):
        yield Field(before, name or "", conversion or "", spec or "")


def _plain(value: Any) -> Any:
    """Return a value without NumPy's types, which another version may not read back."""
    if isinstance(value, tuple | list):
        return tuple(_plain(one) for one in value)
    return value.item() if isinstance(value, np.generic) else value
