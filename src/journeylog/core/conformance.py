"""Rules of a designed journey as plain data, and what each says of every case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from journeylog.core.chunk import Chunk, Level, read_only
from journeylog.core.condition import freeze, matches, spelled
from journeylog.core.kernels import conformance as kernel
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, cut

__all__ = ["Rule", "Said", "rules_of"]

Codes = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]

_FORMS = (
    "{'before': [a, b]}, {'within': [a, b, '2d']}, {'never': c}, {'never': c, 'after': d}, "
    "{'ways': {'a stage': ['the next', 'or this']}, 'start': ['a stage']}"
)


@dataclass(frozen=True)
class Said:
    """What a rule says: an answer for each case, and the ways that are not allowed with their cases."""

    answers: Codes
    ways: Ints
    cases: Ints
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule in its frozen form.

    Parameters
    ----------
    kind : {"before", "within", "never", "ways"}
    name : str
        What tables call it.
    parts : tuple
        Conditions, for ``within`` with the time in microseconds; for ``ways`` the column and the allowed ways.
    """

    kind: str
    name: str
    parts: tuple[Any, ...]

    def hold(self, chunk: Chunk, level: Level, window: Window) -> Said:
        """Hold all cases of a level against the rule."""
        order = level.order
        none = np.zeros(0, np.int64)

        def events(condition: Any) -> Any:
            mask = matches(chunk, condition)
            return read_only(mask if order is None else mask[order])

        if self.kind == "ways":
            return self._ways(chunk, level)
        if self.kind == "before":
            first, then = map(events, self.parts)
            return Said(kernel.keep_before(first, then, level.begin, level.end), none, none)
        if self.kind == "within":
            time = chunk.time if order is None else read_only(chunk.time[order])
            first, then = map(events, self.parts[:2])
            limit = self.parts[2]
            said = kernel.keep_within(first, then, time, level.begin, level.end, limit, window.end)
            return Said(said, none, none)
        event, after = self.parts
        always = after is None
        mask = read_only(np.zeros(chunk.n_events, bool)) if always else events(after)
        return Said(kernel.keep_never(events(event), mask, always, level.begin, level.end), none, none)

    def _ways(self, chunk: Chunk, level: Level) -> Said:
        column = chunk.category(self.parts[0])
        names = column.names
        place = {name: i for i, name in enumerate(names)}
        allowed = np.zeros((len(names) + 1, len(names)), bool)
        for start, ends in self.parts[1]:
            if start in place:
                allowed[place[start], [place[end] for end in ends if end in place]] = True
        begins = self.parts[2]
        allowed[-1] = True if begins is None else [name in begins for name in names]
        node = column.codes if level.order is None else read_only(column.codes[level.order])
        said, ways, cases = kernel.follow_ways(node, allowed, len(names), level.begin, level.end)
        return Said(said, ways, cases, names)


def rules_of(given: Any) -> tuple[Rule, ...]:
    """Return rules from their plain form.

    Raises
    ------
    ConfigError
        If there is none, or one is malformed.
    """
    if isinstance(given, Mapping) or not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise ConfigError(f"rules={cut(given)} are no rules. Fix: a list of {_FORMS}")
    found = tuple(_rule(one) for one in given)
    names = [rule.name for rule in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two rules are called {cut(twice)}. Fix: give each a 'name' of its own")
    return found


def _rule(given: Any) -> Rule:
    if not isinstance(given, Mapping):
        raise ConfigError(f"{given!r} is no rule. Fix: one of {_FORMS}")
    said = dict(given)
    name = said.pop("name", None)
    kinds = [kind for kind in ("before", "within", "never", "ways") if kind in said]
    extra = {"never": {"after"}, "ways": {"node", "start"}}.get(kinds[0] if kinds else "", set())
    if len(kinds) != 1 or set(said) - {kinds[0]} - extra:
        raise ConfigError(f"{cut(given)} is no rule. Fix: one of {_FORMS}")
    kind, value = kinds[0], said[kinds[0]]
    if kind == "before":
        first, then = _pair(value, 2, given)
        return Rule(kind, name or f"{spelled(first)} before {spelled(then)}", (first, then))
    if kind == "within":
        first, then, limit = _pair(value, 3, given)
        called = name or f"{spelled(then)} within {limit} after {spelled(first)}"
        return Rule(kind, called, (first, then, parse_duration(limit, name="within")))
    if kind == "never":
        event, after = freeze(value), None if said.get("after") is None else freeze(said["after"])
        called = f"never {spelled(event)}" + ("" if after is None else f" after {spelled(after)}")
        return Rule(kind, name or called, (event, after))
    node, begins = said.get("node", "stage"), said.get("start")
    if not isinstance(value, Mapping) or not isinstance(node, str):
        raise ConfigError(f"{cut(given)} is no rule. Fix: {{'ways': {{'look': ['buy']}}, 'node': 'stage'}}")
    ways = tuple((str(start), _names(ends)) for start, ends in value.items())
    called = name or f"only the planned ways between {node}s"
    return Rule(kind, called, (node, ways, None if begins is None else _names(begins)))


def _names(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(map(str, given))


def _pair(value: Any, n: int, given: Any) -> tuple[Any, ...]:
    """Return conditions, for three values with a time behind them."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != n:
        raise ConfigError(f"{cut(given)} needs {n} parts. Fix: one of {_FORMS}")
    return (freeze(value[0]), freeze(value[1]), *value[2:])
