"""Kinds of fields that take texts apart: URLs, user agents, lines within lines, lists beside each other.

=====================================================  ==========================================================
``Match("request", r"^(?P<method>[A-Z]+) ")``          the first group of an expression of RE2
``Number("status")``                                   texts that are numbers, as numbers
``Decoded("cs(User-Agent)")``                          a text without its percent code
``Query("url", "utm_source")``                         one parameter of a URL
``UrlKind("url")``                                     page, asset, api, feed, download or system
``Bot("agent")``                                       whether a user agent names a machine
``Beside("goalsDateTime")``                            the element of another list at the place of the unrolled one
``ProductTotal("product_list")``                       the money of a list of products
=====================================================  ==========================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.errors import ConfigError, cut
from journeylog.ingest.amounts import unreadable_numbers
from journeylog.ingest.formats.agents import is_bot
from journeylog.ingest.formats.extract import Context, compute
from journeylog.ingest.formats.fields import AnyField, Field, OfOne
from journeylog.ingest.formats.paths import Value
from journeylog.ingest.formats.urls import decoded, kind_of_url, parameter

__all__ = ["Beside", "Bot", "Decoded", "Match", "Number", "ProductTotal", "Query", "UrlKind"]

_MARKED_COMMA: Final = re.compile(r"(?<!\^),")
_MARKED_SEMICOLON: Final = re.compile(r"(?<!\^);")


@dataclass(frozen=True)
class Match(OfOne):
    """The first group of an expression of RE2 in a text; missing where it does not match, or the group is empty."""

    pattern: str


@dataclass(frozen=True)
class Number(OfOne):
    """Texts that are numbers, as numbers; they stay texts where one of them is none."""

    restates = True


@dataclass(frozen=True)
class Decoded(OfOne):
    """A text without its percent code; with `times` 2 also where it was coded twice."""

    times: int = 1
    plus: bool = True
    restates = True


@dataclass(frozen=True)
class Query(OfOne):
    """One parameter of the query of a URL, decoded."""

    name: str


@dataclass(frozen=True)
class UrlKind(OfOne):
    """What a URL asks for by its path: ``page``, ``asset``, ``api``, ``feed``, ``download`` or ``system``."""


@dataclass(frozen=True)
class Bot(OfOne):
    """Whether a user agent names a machine."""


@dataclass(frozen=True)
class Beside(Field):
    """The element of another list at the place of the one that is unrolled: ``[ids]`` beside ``[times]``."""

    list: str

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The other list."""
        return (self.list,)


@dataclass(frozen=True)
class ProductTotal(OfOne):
    """The money of a list of products, ``category;name;quantity;total;events;...`` with commas between products.

    The fourth part is the total of its product. A caret takes the meaning out of the mark that follows it.
    """


@compute.register
def _(field: Match, context: Context) -> Value:
    def cut_out(words: pa.Array) -> pa.Array:
        try:
            found = pc.extract_regex(words, field.pattern)
        except pa.ArrowInvalid as error:
            raise ConfigError(
                f"Match(pattern={cut(field.pattern)}) is no expression of RE2 with a named group: {error}. "
                "Fix: for example Match('request', r'^(?P<method>[A-Z]+) ')"
            ) from error
        return _hollow_is_null(pc.struct_field(found, 0))

    return Value(_by_word(context.text(field.of), cut_out))


@compute.register
def _(field: Number, context: Context) -> Value:
    given = compute(field.of, context)
    if not (arrow_text.is_text(given.array.type) or pa.types.is_dictionary(given.array.type)):
        return given
    text = _hollow_is_null(context.text(field.of))
    return Value(text, numeric=text.null_count < len(text) and not unreadable_numbers(text).any())


@compute.register
def _(field: Decoded, context: Context) -> Value:
    def decode(words: pa.Array) -> pa.Array:
        for again in range(field.times):
            words = decoded(words, field.plus and again == 0)
        return words

    return Value(_by_word(context.text(field.of), decode))


@compute.register
def _(field: Query, context: Context) -> Value:
    return Value(parameter(context.text(field.of), field.name))


@compute.register
def _(field: UrlKind, context: Context) -> Value:
    return Value(kind_of_url(context.text(field.of)))


@compute.register
def _(field: Bot, context: Context) -> Value:
    return Value(is_bot(context.text(field.of)))


@compute.register
def _(field: Beside, context: Context) -> Value:
    outer, row, place = context.records.unrolled_from()
    elements, parent = _elements(compute(field.list, context._replace(records=outer)).array)
    starts = np.searchsorted(parent, row)
    ends = np.searchsorted(parent, row, side="right")
    found = np.where(starts + place < ends, starts + place, -1)
    return Value(_hollow_is_null(elements.take(pa.array(found, mask=found < 0))))


@compute.register
def _(field: ProductTotal, context: Context) -> Value:
    def add_up(words: pa.Array) -> pa.Array:
        return pa.array([None if w is None else _product_total(w) for w in words.to_pylist()], pa.string())

    return Value(_by_word(context.text(field.of), add_up))


def _product_total(products: str) -> str | None:
    """Return the sum of the totals; a total that is no number stands for the sum, so that the row is rejected."""
    total, found = Decimal(0), False
    for product in _MARKED_COMMA.split(products):
        fields = _MARKED_SEMICOLON.split(product)
        if len(fields) > 3 and fields[3].strip():
            try:
                total += Decimal(fields[3].strip())
            except InvalidOperation:
                return fields[3]
            found = True
    return f"{total:f}" if found else None


def _elements(column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return the elements of lists as texts or values, and the row of each; lists may be written as text.

    ``[1,2]``, ``["a","b"]`` and ``['a','b']`` with or without backslashes before the quotes, as ClickHouse writes
    them; commas inside quotes do not separate.
    """
    if arrow_text.is_text(column.type):
        inner = pc.extract_regex(column, r"^\s*\[(?P<inner>(?s:.*))\]\s*$")
        inner = _hollow_is_null(pc.struct_field(inner, 0))
        # Commas that separate stand outside of quotes: between two values that are quoted, or none is.
        marked = pc.replace_substring_regex(inner, r"""\\?(['"])\s*,\s*\\?['"]""", "\x1f")
        marked = pc.if_else(
            pc.match_substring_regex(inner, r"""^\s*\\?['"]"""),
            marked,
            pc.replace_substring(marked, ",", "\x1f"),
        )
        bare = pc.replace_substring_regex(marked, r"""^\s*\\?['"]|\\?['"]\s*$""", "")
        column = pc.split_pattern(bare, "\x1f")
    elif not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return pa.nulls(0, pa.string()), np.zeros(0, np.int64)
    parent = pc.list_parent_indices(column).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return pc.list_flatten(column), np.asarray(parent, np.int64)


def _hollow_is_null(column: Any) -> Any:
    if not arrow_text.is_text(column.type):
        return column
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)


def _by_word(texts: pa.Array, function: Any) -> pa.Array:
    """Apply a function to each distinct text once."""
    coded = texts.dictionary_encode()
    made = function(coded.dictionary)
    return made.take(coded.indices)
