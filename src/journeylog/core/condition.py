"""Conditions as plain data: what selects an event, in stages, goals and filters.

A condition is JSON-able, so it can stand in a configuration file and in a printed question:

=====================================  ================================================================
``"pay*"``                             the event name matches; ``*`` is any text, ``?`` one character
``["cart", "pay*"]``                   any of these matches
``{"channel": "web"}``                 the column matches; several columns must all match
``{"value": {">": 10}}``               comparison: ``> >= < <= == !=``; all given ones must hold
``{"event": {"is": "a*"}}``            exactly this text, no wildcard; ``{"is_not": ...}`` its opposite
``{"channel": {"is_not": [...]}}``     none of these
``{"received": {"<": "2025-02-01"}}``  times are ISO dates, UTC unless a zone is written
``{"channel": None}``                  the value is missing
=====================================  ================================================================

Upper and lower case are different. A missing value matches ``None`` and nothing else, so
``{"is_not": "web"}`` means "has a value, and not this one".
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk, Column, Number, Text
from journeylog.core.encode import encode
from journeylog.core.kernels.names import by_code
from journeylog.core.time import moment
from journeylog.errors import ConfigError, UnseenNameWarning, cut, nearest, warn

__all__ = [
    "Condition",
    "columns_of",
    "freeze",
    "matches",
    "matching_names",
    "spelled",
    "warn_unknown",
    "warn_unseen",
]

Condition: TypeAlias = Any
Mask = npt.NDArray[np.bool_]

#: Names without an event that are told one by one.
_TOLD = 5
_COMPARE = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_SAME_AS = {"is": "==", "is_not": "!="}


def freeze(condition: Condition) -> Condition:
    """Return the condition checked and with tuples for lists, or raise :class:`ConfigError`."""
    if isinstance(condition, str):
        return condition
    if isinstance(condition, Mapping):
        if not condition:
            raise ConfigError(
                "an empty condition {} selects nothing. Fix: name a column, like {'event': 'pay*'}"
            )
        return {str(k): _freeze_value(v) for k, v in condition.items()}
    if isinstance(condition, Iterable):
        parts = tuple(freeze(part) for part in _in_order(condition))
        if not parts:
            raise ConfigError("an empty list of conditions selects nothing. Fix: name at least one event")
        return parts
    raise ConfigError(
        f"{cut(condition)} is no condition. Fix: an event name ('pay*'), a list of them, {{'column': value}}"
    )


def columns_of(condition: Condition) -> set[str]:
    """Return the columns a condition looks at."""
    if isinstance(condition, str):
        return {"event"}
    if isinstance(condition, Mapping):
        return set(condition)
    return set().union(*(columns_of(part) for part in condition))


def matches(chunk: Chunk, condition: Condition) -> Mask:
    """Return for each event whether the condition holds.

    Raises
    ------
    MissingColumnError
        If a column is not in the chunk.
    ConfigError
        If a column cannot be compared like that (text with ``>``, a number with text).
    """
    names = columns_of(condition)
    if len(names) == 1:
        (name,) = names
        column = chunk.column(name)
        if isinstance(column, Category):
            return np.asarray(by_code(_on_labels(column.names, condition, name), column.codes))
    return _evaluate(condition, lambda name, value: _test(chunk.column(name), value, name), chunk.n_events)


def matching_names(names: Sequence[str], condition: Condition) -> Mask | None:
    """Return for each event name whether the condition holds, or None if it looks at other columns too."""
    return _on_labels(names, condition, "event")[:-1] if columns_of(condition) == {"event"} else None


#: The words between the parts of a condition.
WORDS: Final[Mapping[str, str]] = {"or": "or", "and": "and", "missing": "is missing", "not": "is not"}


def spelled(condition: Condition, words: Mapping[str, str] = WORDS) -> str:
    """Return a condition as people read it, with the words of another language on request.

    Examples
    --------
    >>> spelled(("pay*", {"channel": "web"})), spelled({"value": {">": 10}})
    ('pay* or channel = web', 'value > 10')
    """
    if isinstance(condition, str):
        return condition
    if isinstance(condition, Mapping):
        parts = (_spelled_column(str(name), value, words) for name, value in condition.items())
        return f" {words['and']} ".join(parts)
    return f" {words['or']} ".join(spelled(part, words) for part in condition)


def _spelled_column(name: str, value: Any, words: Mapping[str, str]) -> str:
    word = "" if name == "event" else f"{name} = "
    if isinstance(value, Mapping):
        signs = {"is": "=", "==": "=", "is_not": words["not"]}
        return f" {words['and']} ".join(f"{name} {signs.get(op, op)} {other}" for op, other in value.items())
    if value is None:
        return f"{name} {words['missing']}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return word + f" {words['or']} ".join(map(str, value))
    return f"{word}{value}"


def warn_unseen(chunk: Chunk, condition: Condition) -> None:
    """Warn about event names in the condition that are not in the vocabulary of the chunk."""
    warn_unknown(chunk.event.names, condition)


def warn_unknown(known: Sequence[str], condition: Condition) -> None:
    """Warn about event names in the condition that are not among the known ones."""
    there, n_unseen = frozenset(known), 0
    for shown, value in _asked_names(condition):
        if shown in there or (_is_wild(value) and _test_labels(known, value, "event").any()):
            continue
        n_unseen += 1
        if n_unseen <= _TOLD:
            near = nearest(shown, known)
            more = f" and {len(known) - 8} more (log.events)" if len(known) > 8 else ""
            hint = f"; near: {near}" if near else f"; the log has {list(known[:8])}{more}"
            warn(f"no event matches {shown!r}{hint}. It counts as zero", UnseenNameWarning)
    if n_unseen > _TOLD:
        warn(f"{n_unseen - _TOLD:,} more names of the condition match no event", UnseenNameWarning)


def _is_wild(value: Any) -> bool:
    return isinstance(value, str) and ("*" in value or "?" in value)


def _asked_names(condition: Condition) -> Iterator[tuple[str, Any]]:
    """Yield each event name asked for, as it is shown and as it is tested."""
    if isinstance(condition, str):
        yield condition, condition
    elif isinstance(condition, tuple):
        for part in condition:
            yield from _asked_names(part)
    elif isinstance(condition, Mapping):
        value = condition.get("event")
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, str):
                yield part, part
            elif isinstance(part, Mapping):
                for op in ("is", "=="):
                    wanted = part.get(op)
                    for text in wanted if isinstance(wanted, tuple) else (wanted,):
                        if isinstance(text, str):
                            yield text, {"is": text}


def _evaluate(condition: Condition, test: Callable[[str, Any], Mask], n: int) -> Mask:
    """Return the condition over `n` places, given the test of one column."""
    if isinstance(condition, str):
        return test("event", condition)
    if isinstance(condition, Mapping):
        found = np.ones(n, dtype=bool)
        for name, value in condition.items():
            found &= test(name, value)
        return found
    names = tuple(part for part in condition if isinstance(part, str))
    found = test("event", names) if names else np.zeros(n, dtype=bool)
    for part in condition:
        if not isinstance(part, str):
            found = found | _evaluate(part, test, n)
    return found


def _on_labels(labels: Sequence[str], condition: Condition, name: str) -> Mask:
    """Return a condition on one column for each of its labels, and last for a missing value (code -1)."""
    return _evaluate(condition, lambda _, value: _test_labels(labels, value, name), len(labels) + 1)


def _test(column: Column, value: Any, name: str) -> Mask:
    if isinstance(column, Number):
        return _test_number(column, value, name)
    if isinstance(column, Text):
        column = encode(column.values)
    return np.asarray(by_code(_test_labels(column.names, value, name), column.codes))


def _test_labels(labels: Sequence[str], value: Any, name: str) -> Mask:
    found = np.zeros(len(labels) + 1, dtype=bool)
    parts = value if isinstance(value, tuple) else (value,)
    patterns = tuple(part for part in parts if isinstance(part, str))
    if patterns:
        fits = _matcher(patterns)
        found[:-1] = np.fromiter((fits(label) for label in labels), bool, len(labels))
    for part in parts:
        if part is None:
            found[-1] = True
        elif isinstance(part, Mapping):
            hold = [_compares(op, other, name) for op, other in part.items()]
            found[:-1] |= np.fromiter((all(h(label) for h in hold) for label in labels), bool, len(labels))
        elif not isinstance(part, str):
            text = str(part)
            found[:-1] |= np.fromiter((label == text for label in labels), bool, len(labels))
    return found


def _compares(op: str, other: Any, name: str) -> Callable[[str], bool]:
    same = _SAME_AS.get(op, op)
    if same not in ("==", "!="):
        raise ConfigError(
            f"column {name!r} holds text; {op!r} compares numbers. Fix: text, a list, or {{'is': ...}}"
        )
    wanted = {None if o is None else str(o) for o in (other if isinstance(other, tuple) else (other,))}
    return lambda label: (label in wanted) == (same == "==")


@functools.lru_cache(maxsize=512)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a function that tells whether a text matches any of the patterns."""
    plain = frozenset(p for p in patterns if "*" not in p and "?" not in p)
    wild = [p for p in patterns if p not in plain]
    if not wild:
        return plain.__contains__
    letters = {"*": ".*", "?": "."}
    shape = "|".join("".join(letters.get(c) or re.escape(c) for c in p) for p in wild)
    fits = re.compile(shape, flags=re.DOTALL).fullmatch
    return lambda text: text in plain or fits(text) is not None


def _test_number(column: Number, value: Any, name: str) -> Mask:
    present = np.ones(len(column.values), bool) if column.valid is None else column.valid
    if isinstance(value, tuple):
        found = np.zeros(len(column.values), dtype=bool)
        for part in value:
            found |= _test_number(column, part, name)
        return found
    if value is None:
        return ~present
    found = present.copy()
    for op, other in (value if isinstance(value, Mapping) else {"==": value}).items():
        same = _SAME_AS.get(op, op)
        several = isinstance(other, tuple)
        if several and same not in ("==", "!="):
            raise ConfigError(f"{name!r}: {op!r} compares with one number, not a list. Fix: {{{op!r}: 10}}")
        if several or other is None:  # is, is_not: one of them, none of them, missing
            among = _test_number(column, other, name)
            found &= among if same == "==" else ~among
        else:
            found &= _compare_numbers(column, same, other, name)
    return found


def _compare_numbers(column: Number, op: str, other: Any, name: str) -> Mask:
    """Return the comparison without rounding: money and large integers are compared as integers."""
    if isinstance(other, str):
        other = moment(other, f"column {name!r} holds times") if column.unit == "time" else other
        if isinstance(other, str):
            raise ConfigError(
                f"column {name!r} holds numbers, {other!r} is text. Fix: a number or {{'>': 10}}"
            )
    values = column.values
    if values.dtype.kind == "f" or (isinstance(other, float) and not math.isfinite(other)):
        return np.asarray(_COMPARE[op](values, other))
    scale = 1_000_000 if column.unit == "micros" else 1
    exact = Fraction(str(other) if isinstance(other, float) else other) * scale
    if exact.denominator != 1 and op in ("==", "!="):
        return np.full(len(values), op == "!=")
    whole = math.floor(exact) if op in (">", "<=") else math.ceil(exact)
    return np.asarray(_COMPARE[op](values, whole))


def _freeze_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if key not in _COMPARE and key not in _SAME_AS:
                raise ConfigError(f"unknown comparison {key!r}. Fix: one of {[*_COMPARE, *_SAME_AS]}")
        if not value:
            raise ConfigError("an empty comparison {} compares nothing. Fix: for example {'>': 10}")
        return {str(key): _freeze_operand(other, str(key)) for key, other in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts = tuple(_freeze_value(v) for v in _in_order(value))
        if not parts:
            raise ConfigError("an empty list of values selects nothing. Fix: name at least one value")
        return parts
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dt.date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ConfigError(
        f"{cut(value)} is no value to compare with. Fix: text, a number, None, a list, or {{'>': 10}}"
    )


def _freeze_operand(value: Any, op: str) -> Any:
    frozen = _freeze_value(value)
    equality = _SAME_AS.get(op, op) in ("==", "!=")
    if isinstance(frozen, Mapping) or (not equality and (frozen is None or isinstance(frozen, tuple))):
        raise ConfigError(f"{op!r} cannot compare with {cut(value)}. Fix: for example {{{op!r}: 10}}")
    return frozen


def _in_order(values: Iterable[Any]) -> Iterable[Any]:
    """Return sets sorted, so that equal conditions read the same; everything else as it is."""
    return sorted(values, key=str) if isinstance(values, set | frozenset) else values
