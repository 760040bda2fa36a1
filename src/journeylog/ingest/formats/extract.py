"""The value of each kind of field, and whether a condition holds, for all rows of a batch at once."""

from __future__ import annotations

from functools import cache, singledispatch
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.kernels.json_text import any_among
from journeylog.errors import ConfigError
from journeylog.ingest.amounts import numbers_of_text, read_money, score_bounds, unreadable_numbers
from journeylog.ingest.formats.fields import (
    KEEP,
    All,
    AnyField,
    Conditions,
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
from journeylog.ingest.formats.paths import Records, Value
from journeylog.ingest.formats.urls import template
from journeylog.ingest.roles import Constant
from journeylog.ingest.texts import as_text

__all__ = ["Context", "compute", "holds"]

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

#: Digits of the minor unit of currencies that do not have two (ISO 4217).
_NO_DIGITS: Final = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
)  # fmt: skip
_THREE_DIGITS: Final = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DIGITS: Final = {**dict.fromkeys(_NO_DIGITS, 0), **dict.fromkeys(_THREE_DIGITS, 3)}
#: An answer that is on no scale; the judge rejects what is outside of [-1, 1].
_OFF_SCALE: Final = 9.0
_MICROS: Final = 1_000_000
_ALL: Final = np.zeros(0, np.uint8)


class Context(NamedTuple):
    """Rows, and how their format writes things.

    Parameters
    ----------
    records : Records
    missing : tuple of str
        Texts that stand for a missing value.
    decimal, thousands : str
        Marks in amounts.
    """

    records: Records
    missing: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""

    def text(self, field: AnyField) -> pa.Array:
        """Return a field as text."""
        return _text(compute(field, self).array)


@singledispatch
def compute(field: Any, context: Context) -> Value:
    """Return the values of a field; a new kind is registered with ``@compute.register``."""
    raise ConfigError(f"{field!r} is no field. Fix: a path, First(...), Map(...), jl.constant(...)")


@compute.register
def _(field: str, context: Context) -> Value:
    known = context.records.known_values
    if field not in known:
        known[field] = _without(context.records.value(field), context.missing)
    return known[field]


@compute.register
def _(field: KeyValue, context: Context) -> Value:
    known = context.records.known_values
    if field not in known:
        known[field] = _without(context.records.key_value(field), context.missing)
    return known[field]


@compute.register
def _(field: Constant, context: Context) -> Value:
    codes = pa.array(np.zeros(len(context.records), np.int32))
    return Value(pa.DictionaryArray.from_arrays(codes, pa.array([field.text])))


@compute.register
def _(field: First, context: Context) -> Value:
    values = [compute(part, context) for part in field.among]
    there = [v for v in values if v.array.null_count < len(v.array)]
    if len(there) <= 1:
        return there[0] if there else values[0]
    kinds = {v.array.type for v in there}
    if len(kinds) == 1 and not arrow_text.is_text(there[0].array.type):
        return Value(pc.coalesce(*(v.array for v in there)))
    texts = [_text(v.array) for v in there]
    return Value(pc.coalesce(*texts), all(v.numeric for v in there))


@compute.register
def _(field: Join, context: Context) -> Value:
    texts = [context.text(part) for part in field.of]
    if field.missing is None:
        return Value(pc.binary_join_element_wise(*texts, field.sep))
    joined = pc.binary_join_element_wise(
        *texts, field.sep, null_handling="replace", null_replacement=field.missing
    )
    none = np.logical_and.reduce([t.is_null().to_numpy(zero_copy_only=False) for t in texts])
    return Value(pc.if_else(pa.array(none), pa.scalar(None, pa.string()), joined) if none.any() else joined)


@compute.register
def _(field: Map, context: Context) -> Value:
    coded = context.text(field.of).dictionary_encode()
    words = coded.dictionary
    place = pc.index_in(words, pa.array(list(field.names), pa.string()))
    named = pa.array(list(field.names.values()), pa.string()).take(place)
    if field.default == KEEP:
        named = pc.coalesce(named, words)
    elif field.default is not None:
        named = named.fill_null(field.default)
    return Value(named.take(coded.indices))


@compute.register
def _(field: Minor, context: Context) -> Value:
    given = compute(field.of, context).array
    money = read_money(given)
    digits = np.full(len(given), field.digits, np.int64)
    if field.currency is not None:
        coded = pc.utf8_upper(context.text(field.currency)).dictionary_encode()
        digits_of = {**_DIGITS, **field.other_digits}
        known = [digits_of.get(code, 2) for code in coded.dictionary.to_pylist()]
        digits = np.array([*known, field.digits])[coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    divided = _divided(money.values.astype(np.int64), 10**digits)
    return Value(_money_text(divided, money.valid, _faulty(money.faults, len(given)), given))


@compute.register
def _(field: Negative, context: Context) -> Value:
    given = compute(field.of, context).array
    money = read_money(given, context.decimal, context.thousands)
    return Value(_money_text(-np.abs(money.values), money.valid, _faulty(money.faults, len(given)), given))


@compute.register
def _(field: Minus, context: Context) -> Value:
    columns = [compute(part, context).array for part in field.parts]
    before, after = (read_money(column, context.decimal, context.thousands) for column in columns)
    n = len(columns[0])
    wrong = _faulty(before.faults, n) | _faulty(after.faults, n)
    difference = np.where(wrong, 0, after.values) - np.where(before.valid & ~wrong, before.values, 0)
    shown = pc.if_else(pa.array(_faulty(after.faults, n)), _text(columns[1]), _text(columns[0]))
    return Value(_money_text(difference.astype(np.int64), after.valid, wrong, shown))


@compute.register
def _(field: Times, context: Context) -> Value:
    columns = [compute(part, context).array for part in field.of]
    parts = [read_money(column, context.decimal, context.thousands) for column in columns]
    n = len(columns[0])
    product, valid, wrong = np.full(n, _MICROS, np.int64), np.ones(n, bool), np.zeros(n, bool)
    shown = pa.nulls(n, pa.string())
    for column, part in zip(columns, parts, strict=True):
        faulty = _faulty(part.faults, n)
        shown = pc.coalesce(shown, pc.if_else(pa.array(faulty), _text(column), pa.scalar(None, pa.string())))
        valid, wrong = valid & part.valid, wrong | faulty
        large = np.abs(product.astype(np.float64) * part.values) >= 2.0**62 * _MICROS
        if large.any():
            shown, wrong = shown.fill_null("1e999"), wrong | large
        product = _product(np.where(wrong, 0, product), np.where(wrong, 0, part.values))
    return Value(_money_text(product, valid, wrong, shown))


@compute.register
def _(field: Score, context: Context) -> Value:
    low, high = score_bounds(field.scale)
    given = compute(field.of, context).array
    if arrow_text.is_text(given.type) or pa.types.is_dictionary(given.type):
        text = _text(given)
        wrong = unreadable_numbers(text)
        numbers = numbers_of_text(text, wrong)
    else:
        numbers, wrong = given.cast(pa.float64(), safe=False), np.zeros(len(given), dtype=bool)
    floats = numbers.fill_null(np.nan).to_numpy(zero_copy_only=False)
    scaled = np.where(wrong, _OFF_SCALE, (floats - low) / (high - low) * 2 - 1)
    return Value(pa.array(scaled, mask=np.isnan(scaled)))


@compute.register
def _(field: Stamp, context: Context) -> Value:
    return compute(field.of, context)  # how it is written is known to who reads the times


@compute.register
def _(field: Template, context: Context) -> Value:
    return Value(template(context.text(field.of), field.rules))


@compute.register
def _(field: When, context: Context) -> Value:
    mask = pa.array(holds(field.condition, context))
    value = compute(field.of, context)
    array = value.array.dictionary_decode() if pa.types.is_dictionary(value.array.type) else value.array
    if field.other is None:
        return Value(pc.if_else(mask, array, pa.scalar(None, array.type)), value.numeric)
    other = compute(field.other, context)
    if other.array.type != array.type:
        return Value(pc.if_else(mask, _text(array), _text(other.array)), value.numeric and other.numeric)
    return Value(pc.if_else(mask, array, other.array), value.numeric and other.numeric)


def holds(condition: Conditions, context: Context) -> Mask:
    """Return for which rows a condition holds."""
    n = len(context.records)
    if isinstance(condition, tuple):
        return _any_of([np.zeros(n, bool), *(holds(one, context) for one in condition)])
    if isinstance(condition, All):
        return ~_any_of([np.zeros(n, bool), *(~holds(one, context) for one in condition.conditions)])
    if isinstance(condition, Not):
        return ~holds(condition.condition, context)
    if isinstance(condition, Given):
        return given(compute(condition.field, context).array)
    if isinstance(condition, StartsWith):
        starts = pc.starts_with(context.text(condition.field), condition.start).fill_null(False)
        return np.asarray(starts.to_numpy(zero_copy_only=False))
    if isinstance(condition, Is):
        text = context.text(condition.field)
        found = pc.is_in(text, pa.array(condition.among, pa.string()))
        return np.asarray(found.to_numpy(zero_copy_only=False))
    raise ConfigError(
        f"{condition!r} is no condition. Fix: Is(field, text, ...), Given(field), Not(...), All(...)"
    )


def given(column: pa.Array) -> Mask:
    """Return which values are there: neither null nor a blank text."""
    present = column.is_valid()
    if arrow_text.is_text(column.type):
        present = pc.and_(present, pc.not_equal(pc.ascii_trim_whitespace(column), "").fill_null(False))
    return np.asarray(present.to_numpy(zero_copy_only=False))


def _text(column: pa.Array) -> pa.Array:
    return as_text(column, "a field")


def _without(value: Value, missing: tuple[str, ...]) -> Value:
    """Return the values with the texts that stand for a missing one as null; the empty text always does."""
    array = value.array
    if not arrow_text.is_text(array.type) or value.numeric or array.null_count == len(array):
        return value
    if not any_among(*_as_bytes(arrow_text.plain(array)), *_table(missing)):
        return value
    hollow = pc.equal(pc.binary_length(array), 0).fill_null(False)
    if missing:
        hollow = pc.or_(hollow, pc.is_in(array, pa.array(missing, array.type)))
    return Value(pc.if_else(hollow, pa.scalar(None, array.type), array))


def _as_bytes(array: pa.Array) -> tuple[Bytes, Any, Bytes]:
    """Return the bytes and offsets of texts, and which are there; all read only, to be compiled for once."""
    data, offsets = arrow_text.buffers(array)
    valid = _ALL
    if array.null_count:
        valid = np.asarray(array.is_valid().to_numpy(zero_copy_only=False)).view(np.uint8)
    for part in (data, offsets, valid):
        part.setflags(write=False)
    return data, offsets, valid


@cache
def _table(texts: tuple[str, ...]) -> tuple[Bytes, npt.NDArray[np.int32]]:
    """Return texts side by side, and where each begins."""
    written = [text.encode() for text in texts]
    return np.frombuffer(b"".join(written), np.uint8), np.cumsum([0, *map(len, written)]).astype(np.int32)


def _faulty(faults: Any, n: int) -> Mask:
    return _any_of([np.zeros(n, bool), *faults.values()])


def _any_of(masks: list[Mask]) -> Mask:
    return np.asarray(np.logical_or.reduce(masks))


def _divided(values: Ints, by: Ints) -> Ints:
    """Divide, rounded half to even."""
    whole, rest = np.divmod(values, by)
    up: Ints = whole + ((2 * rest > by) | ((2 * rest == by) & (whole % 2 == 1)))
    return up


def _product(a: Ints, b: Ints) -> Ints:
    """Multiply millionths by millionths, rounded half to even; in parts, so that nothing overflows before the end."""
    whole, rest = np.divmod(a, _MICROS)
    high, low = np.divmod(b, _MICROS)
    product: Ints = whole * b + rest * high + _divided(rest * low, np.full(len(a), _MICROS))
    return product


def _money_text(micros: Ints, valid: Mask, wrong: Mask, shown: pa.Array) -> pa.Array:
    """Return millionths as decimal text; what could not be read stays as it was, for the judge to reject."""
    pairs = np.column_stack((micros, micros >> 63)).astype(np.int64)
    kind = pa.decimal128(38, 6)
    decimals = pa.Array.from_buffers(kind, len(micros), [None, pa.py_buffer(np.ascontiguousarray(pairs))])
    text = pc.if_else(pa.array(valid), decimals.cast(pa.string()), pa.scalar(None, pa.string()))
    return pc.if_else(pa.array(wrong), _text(shown), text) if wrong.any() else text
