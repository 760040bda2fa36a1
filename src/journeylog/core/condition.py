"""Conditions as plain data: what selects an event, in stages, goals and filters.

A condition is JSON-able, so it can stand in a configuration file and in a printed question:

========================  ==================================================================
``"pay*"``                the event name matches; ``*`` is any text, ``?`` one character
``["cart", "pay*"]``      any of these matches
``{"channel": "web"}``    the column matches; several columns must all match
``{"value": {">": 10}}``  comparison: ``> >= < <= == !=``; all given ones must hold
``{"event": {"is": "a*"}}``  exactly this text, no wildcard; ``{"is_not": ...}`` its opposite
``{"channel": None}``     the value is missing
========================  ==================================================================
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Category, Chunk, Column, Number, Text
from journeylog.errors import ConfigError, UnseenNameWarning, cut, nearest, warn

__all__ = ["Condition", "columns_of", "freeze", "matches", "warn_unseen"]

Condition: TypeAlias = Any
Mask = npt.NDArray[np.bool_]

_COMPARE = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def freeze(condition: Condition) -> Condition:
    """Return the condition checked and with tuples for lists, or raise :class:`ConfigError`."""
    if isinstance(condition, str):
        return condition
    if isinstance(condition, Mapping):
        if not condition:
            raise ConfigError("an empty condition {} selects nothing. Fix: name a column, for example {'event': 'pay*'}")
        return {str(k): _freeze_value(v) for k, v in condition.items()}
    if isinstance(condition, Iterable):
        parts = tuple(freeze(part) for part in condition)
        if not parts:
            raise ConfigError("an empty list of conditions selects nothing. Fix: name at least one event")
        return parts
    raise ConfigError(
        f"{cut(condition)} is not a condition. Fix: an event name ('pay*'), a list of them, or {{'column': value}}"
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
    """
    if isinstance(condition, str):
        return _test(chunk.column("event"), condition, "event")
    if isinstance(condition, Mapping):
        found = np.ones(chunk.n_events, dtype=bool)
        for name, value in condition.items():
            found &= _test(chunk.column(name), value, name)
        return found
    found = np.zeros(chunk.n_events, dtype=bool)
    for part in condition:
        found |= matches(chunk, part)
    return found


def warn_unseen(chunk: Chunk, condition: Condition) -> None:
    """Warn about event names in the condition that do not occur in the data."""
    known = chunk.event.names
    for pattern in _event_patterns(condition):
        if not any(_hits(pattern, name) for name in known):
            near = nearest(pattern, known)
            hint = f"; near: {near}" if near else f"; the log has {list(known[:8])}"
            warn(f"no event matches {pattern!r}{hint}. It counts as zero", UnseenNameWarning)


def _event_patterns(condition: Condition) -> list[str]:
    if isinstance(condition, str):
        return [condition]
    if isinstance(condition, Mapping):
        value = condition.get("event")
        return _event_patterns(value) if isinstance(value, str | tuple) else []
    return [p for part in condition for p in _event_patterns(part)]


def _freeze_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if key not in _COMPARE and key not in ("is", "is_not"):
                raise ConfigError(f"unknown comparison {key!r}. Fix: one of {[*_COMPARE, 'is', 'is_not']}")
        return dict(value)
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(_freeze_value(v) for v in (sorted(value, key=str) if isinstance(value, set | frozenset) else value))
    if value is None or isinstance(value, str | int | float | bool | np.number):
        return value.item() if isinstance(value, np.generic) else value
    raise ConfigError(f"{cut(value)} is not a value to compare with. Fix: text, a number, None, a list, or {{'>': 10}}")


def _test(column: Column, value: Any, name: str) -> Mask:
    if isinstance(value, tuple):
        found = np.zeros(_length(column), dtype=bool)
        for part in value:
            found |= _test(column, part, name)
        return found
    if isinstance(column, Category):
        wanted = np.array([_label_fits(label, value, name) for label in column.names] + [value is None], dtype=bool)
        return np.asarray(wanted[column.codes])  # the code -1 picks the last entry: missing
    if isinstance(column, Number):
        return _test_number(column, value, name)
    return _test_text(column, value, name)


def _label_fits(label: str, value: Any, name: str) -> bool:
    if value is None:
        return False
    if isinstance(value, str):
        return _hits(value, label)
    if isinstance(value, Mapping):
        return all(_label_compares(label, op, other, name) for op, other in value.items())
    return label == str(value)


def _label_compares(label: str, op: str, other: Any, name: str) -> bool:
    if op in ("is", "=="):
        return label == other
    if op in ("is_not", "!="):
        return label != other
    raise ConfigError(f"column {name!r} holds text; {op!r} compares numbers. Fix: use text, a list, or {{'is': ...}}")


def _test_number(column: Number, value: Any, name: str) -> Mask:
    present = np.ones(len(column.values), bool) if column.valid is None else column.valid
    if value is None:
        return ~present
    if isinstance(value, str):
        raise ConfigError(f"column {name!r} holds numbers, {value!r} is text. Fix: give a number or {{'>': 10}}")
    scale = 1_000_000 if column.unit == "micros" else 1
    tests = value if isinstance(value, Mapping) else {"==": value}
    found = present.copy()
    for op, other in tests.items():
        compare = _COMPARE.get({"is": "==", "is_not": "!="}.get(op, op))
        if compare is None or isinstance(other, str):
            raise ConfigError(f"column {name!r} holds numbers; cannot test {op!r} {other!r}. Fix: {{'>': 10}}")
        found &= compare(column.values, other * scale)
    return found


def _test_text(column: Text, value: Any, name: str) -> Mask:
    texts = column.values.to_pylist()
    return np.array([(t is None) if value is None else (t is not None and _label_fits(t, value, name)) for t in texts], bool)


def _length(column: Column) -> int:
    return len(column.codes) if isinstance(column, Category) else len(column.values)


def _hits(pattern: str, label: str) -> bool:
    if "*" not in pattern and "?" not in pattern:
        return pattern == label
    regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, label, flags=re.DOTALL) is not None
