"""Kinds of fields and conditions: what a value is made of. Pure data; what each computes is in ``extract``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from journeylog.errors import ConfigError, cut
from journeylog.ingest.roles import Constant

__all__ = [
    "KEEP",
    "All",
    "AnyField",
    "Condition",
    "Conditions",
    "Field",
    "First",
    "Given",
    "Is",
    "Join",
    "KeyValue",
    "Map",
    "Minor",
    "Minus",
    "Negative",
    "Not",
    "OfOne",
    "Score",
    "Stamp",
    "StartsWith",
    "Template",
    "Times",
    "When",
]

#: The default of :class:`Map`: codes without a name stay as they are.
KEEP: Final = "\0keep"


class Field:
    """Something that has a value for every row; what it is made of are its `parts`."""

    #: Whether an attribute of this kind takes the place of the one column it is made of.
    restates = False

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The fields this one is made of."""
        return ()


#: A path, a kind of field, or a constant.
AnyField: TypeAlias = str | Field | Constant


@dataclass(frozen=True)
class OfOne(Field):
    """A kind of field that is made of one other, and of what else it says of it."""

    of: AnyField

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The one field."""
        return (self.of,)


class Condition:
    """Something that holds for a row or not; a tuple of conditions holds where any of them does."""

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The fields it looks at."""
        return ()


Conditions: TypeAlias = Condition | tuple[Condition, ...]


@dataclass(frozen=True, init=False)
class First(Field):
    """The first of several fields that is there."""

    among: tuple[AnyField, ...]

    def __init__(self, *among: AnyField) -> None:
        object.__setattr__(self, "among", among)

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The fields, in order."""
        return self.among


@dataclass(frozen=True, init=False)
class Join(Field):
    """Texts joined; missing when a part is missing, unless `missing` stands in for it (all missing: missing)."""

    of: tuple[AnyField, ...]
    sep: str
    missing: str | None

    def __init__(self, *of: AnyField, sep: str = "|", missing: str | None = None) -> None:
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "sep", sep)
        object.__setattr__(self, "missing", missing)

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The fields, in order."""
        return self.of


@dataclass(frozen=True)
class Map(OfOne):
    """Codes to names; a code without a name stays, or becomes `default` (None: missing)."""

    names: Mapping[str, str]
    default: str | None = KEEP


@dataclass(frozen=True)
class KeyValue(Field):
    """The value of one key in a list of pairs ``[{key, value}]``, or in an object of keys.

    Where the value is an object of typed members (``{"string_value", "int_value", ...}``), it is the first member
    that is not null. Where a key stands twice, the first pair counts.
    """

    pairs: str
    key: str
    name: str = "key"
    value: str = "value"


@dataclass(frozen=True)
class Minor(Field):
    """Minor units (cents) as money: divided by 100, or by what the currency has; without one by `digits`.

    A vendor that counts some currencies otherwise than ISO 4217 says so in `other_digits`.
    """

    of: AnyField
    currency: AnyField | None = None
    digits: int = 2
    other_digits: Mapping[str, int] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The amount, and its currency."""
        return (self.of,) if self.currency is None else (self.of, self.currency)


@dataclass(frozen=True)
class Negative(OfOne):
    """An amount with the sign turned, for money that goes back; one that is negative already stays."""


@dataclass(frozen=True)
class Minus(Field):
    """How much an amount has become more: `of` less `before`, where a missing `before` is nothing."""

    before: AnyField
    of: AnyField

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """Both amounts."""
        return (self.before, self.of)


@dataclass(frozen=True, init=False)
class Times(Field):
    """The product of amounts, exactly."""

    of: tuple[AnyField, ...]

    def __init__(self, *of: AnyField) -> None:
        object.__setattr__(self, "of", of)

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The factors."""
        return self.of


@dataclass(frozen=True)
class Score(OfOne):
    """An answer scaled to [-1, 1]; `scale` as ``score_scale=`` of :func:`journeylog.read`."""

    scale: str | tuple[float, float]


@dataclass(frozen=True)
class Stamp(OfOne):
    """A time that is written otherwise than the format's others."""

    unit: str | None = None
    format: str | None = None
    tz: str | None = None


@dataclass(frozen=True)
class Template(OfOne):
    """The path of a URL, without host and query, with ids as ``{id}``; `rules` (RE2, with what takes its place) first."""

    rules: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class When(Field):
    """A field for the rows where a condition holds; `other` for the rest (by default missing)."""

    condition: Conditions
    of: AnyField
    other: AnyField | None = None

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The fields, and those the condition looks at."""
        mine = (self.of,) if self.other is None else (self.of, self.other)
        return (*mine, *looked_at(self.condition))


@dataclass(frozen=True, init=False)
class Is(Condition):
    """A field is one of these texts, exactly."""

    field: AnyField
    among: tuple[str, ...]

    def __init__(self, field: AnyField, *among: str) -> None:
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "among", among)

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The field."""
        return (self.field,)


@dataclass(frozen=True)
class StartsWith(Condition):
    """A field's text starts with this, exactly."""

    field: AnyField
    start: str

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The field."""
        return (self.field,)


@dataclass(frozen=True)
class Given(Condition):
    """A field is there: neither null nor an empty text."""

    field: AnyField

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The field."""
        return (self.field,)


@dataclass(frozen=True)
class Not(Condition):
    """A condition does not hold."""

    condition: Conditions

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The fields it looks at."""
        return looked_at(self.condition)


@dataclass(frozen=True, init=False)
class All(Condition):
    """All of these conditions hold."""

    conditions: tuple[Conditions, ...]

    def __init__(self, *conditions: Conditions) -> None:
        object.__setattr__(self, "conditions", conditions)

    @property
    def parts(self) -> tuple[AnyField, ...]:
        """The fields they look at."""
        return tuple(part for condition in self.conditions for part in looked_at(condition))


def looked_at(condition: Conditions | None) -> tuple[AnyField, ...]:
    """Return the fields a condition looks at."""
    if condition is None:
        return ()
    if isinstance(condition, tuple):
        return tuple(part for one in condition for part in one.parts)
    return condition.parts


def paths_of(value: AnyField | None) -> Iterator[str]:
    """Yield the paths a field is made of."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, KeyValue):
        yield value.pairs
    elif isinstance(value, Field):
        for part in value.parts:
            yield from paths_of(part)


def check_field(value: Any, what: str) -> None:
    """Refuse what is no field."""
    if value is not None and not isinstance(value, str | Field | Constant):
        raise ConfigError(
            f"{what}={cut(value)} is no field. Fix: a path, First(...), Map(...), jl.constant(...)"
        )


def can_be(one: AnyField, found: Sequence[str]) -> bool:
    """Return whether a field may have a value where there are these columns."""
    if isinstance(one, str):
        return is_there(one, found)
    if isinstance(one, Constant):
        return True
    if isinstance(one, KeyValue):
        return is_there(one.pairs, found)
    if isinstance(one, First):
        return any(can_be(part, found) for part in one.among)
    if isinstance(one, When):
        return can_be(one.of, found) or (one.other is not None and can_be(one.other, found))
    if isinstance(one, Join) and one.missing is not None:
        return any(can_be(part, found) for part in one.of)
    return all(can_be(part, found) for part in one.parts)


def reads(paths: Sequence[str]) -> list[str]:
    """Return every column that a path may begin with."""
    found: dict[str, None] = {}
    for path in paths:
        steps = path.split(".")
        for k in range(len(steps), 0, -1):
            found[".".join(steps[:k])] = None
    return list(found)


def shown(*fields: AnyField) -> str:
    """Return what one of these fields is made of as a short text, each way once.

    Examples
    --------
    >>> print(shown(First("name", When(Is("type", "page"), Join("type", "title"), "type")), "name"))
    'name' or ('type' and 'title') or 'type'
    """
    ways = list(dict.fromkeys(way for one in fields for way in _ways(one)))
    return " or ".join(f"({way})" if " and " in way and len(ways) > 1 else way for way in ways)


def _ways(one: AnyField) -> Iterator[str]:
    if isinstance(one, str):
        yield repr(one)
    elif isinstance(one, First):
        for part in one.among:
            yield from _ways(part)
    elif isinstance(one, When):
        yield from _ways(one.of)
        yield from () if one.other is None else _ways(one.other)
    elif isinstance(one, Constant):
        yield f"always {one.text!r}"
    elif isinstance(one, KeyValue):
        yield f"{one.pairs!r} with {one.key!r}"
    else:
        yield " and ".join(repr(p) for p in dict.fromkeys(paths_of(one)))


def is_there(path: str, found: Sequence[str]) -> bool:
    """Return whether a path may lead somewhere where there are these columns."""
    return any(name in found for name in reads([path]))
