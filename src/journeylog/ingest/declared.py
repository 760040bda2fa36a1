"""What a caller declares about an input, with or without a format: roles, times, amounts, and how bytes are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from journeylog.core.schema import ROLES
from journeylog.core.time import time_rule
from journeylog.core.time_rule import TimeRule
from journeylog.errors import ConfigError, cut, nearest
from journeylog.ingest.amounts import score_bounds
from journeylog.ingest.containers import READERS, Dialect
from journeylog.ingest.containers.escaped import column_names
from journeylog.ingest.formats.bound import Bound, bind, overridden
from journeylog.ingest.formats.declare import Format
from journeylog.ingest.formats.known import formats
from journeylog.ingest.formats.rollup import Rollup
from journeylog.ingest.judge import Judge
from journeylog.ingest.roles import Roles
from journeylog.ingest.verdicts import PLACEHOLDERS

__all__ = [
    "ENCODING",
    "NO_MARK",
    "POINT",
    "QUOTE",
    "Declared",
    "Default",
    "choose_format",
    "declare",
    "of_sheet",
]


class Default(str):
    """A text that nobody gave: a format may say otherwise."""


QUOTE, ENCODING, POINT, NO_MARK = Default('"'), Default("utf-8"), Default("."), Default("")

#: Longest text inside a nested value that is only passed on.
_LONGEST: Final = 1 << 24
#: Bytes of a piece: rows of vendors are long, and each piece is looked at in many steps.
_BLOCK: Final = 1 << 24


@dataclass(frozen=True)
class Declared:
    """A declaration that has been checked.

    Parameters
    ----------
    roles : Roles
    rule : TimeRule
    judge : Judge
    dialect : Dialect
    container : str or None
        Kind of the files, whatever they are called.
    fallback : str or None
        Kind of the files where their names do not say it.
    """

    roles: Roles
    rule: TimeRule
    judge: Judge
    dialect: Dialect
    container: str | None
    fallback: str | None = None

    @property
    def group(self) -> Rollup | None:
        """How lines become records before anything is read from them."""
        return self.roles.form.group if isinstance(self.roles, Bound) else None


def choose_format(given: str | Format | None, container: str | None) -> tuple[Format | None, str | None]:
    """Return the format and the container that ``format=`` and ``container=`` mean.

    Raises
    ------
    ConfigError
        If there is no format of that name.
    """
    if isinstance(given, Format):
        return given, container
    if given is not None and not isinstance(given, str):
        raise ConfigError(f"format={cut(given)} is no format. Fix: a name of jl.formats(), or a Format")
    if given is None or ("." + given.removeprefix(".") in READERS and container is None):
        return None, container or given
    known = formats()
    if given not in known and not nearest(given, known):
        kinds = [suffix[1:] for suffix in READERS]
        raise ConfigError(
            f"format={given!r} is unknown. Fix: a name of jl.formats(), or a kind of file: {kinds}"
        )
    return known[given], container


def of_sheet(sheet: str, container: str | None) -> str:
    """Return the container of a sheet of a workbook.

    Raises
    ------
    ConfigError
        If the container is none, or names a sheet itself.
    """
    if container not in (None, "xlsx", ".xlsx"):
        raise ConfigError(
            f"sheet={sheet!r} and container={container!r} do not go together. Fix: container='xlsx:{sheet}' alone"
        )
    return f"xlsx:{sheet}"


def declare(
    form: Format | None,
    container: str | None,
    *,
    roles: Mapping[str, Any],
    writing: Mapping[str, Any],
    amounts: Mapping[str, Any],
    objects: Mapping[str, Any],
    columns: str | Sequence[str],
    numbers: Sequence[str],
    shapes: Mapping[str, Any],
    max_field: int,
    max_unpacked: int | None,
    keep_original: bool,
    **times: Any,
) -> Declared:
    """Return what a caller declares, checked; what the caller gives goes before what a format says.

    Parameters
    ----------
    form : Format or None
    container : str or None
    roles : mapping
        Roles, `order_by` and `score_scale` of :func:`journeylog.read`.
    writing : mapping
        `delimiter`, `quote`, `encoding`, `names`.
    amounts : mapping
        `decimal`, `thousands`, `placeholders`.
    objects : mapping
        `object_type`, `types`.
    shapes : mapping
        `stamps`, `history`.
    times
        `unit`, `format`, `tz`, `ambiguous`, `time_range`, `now`.
    """
    mark = writing["delimiter"] or (None if form is None else form.delimiter)
    writing = {**writing, "names": column_names(writing["names"], mark)}
    if form is None:
        return _without_format(
            container, roles, writing, amounts, objects, columns, numbers, shapes, max_field, max_unpacked,
            keep_original, times,
        )  # fmt: skip
    for name, value in shapes.items():
        if value is not None:
            raise ConfigError(
                f"{name}= and format= do not go together. Fix: takes=(Take(...), ...) of the format"
            )
    given = _given({**roles, **writing, **amounts}, times)
    form = overridden(form, given)
    if form.wall_clock and form.tz is None:
        raise ConfigError(
            f"format={form.name!r} has times of the clock on the wall. Fix: pass tz=, the zone of the project"
        )
    bound = bind(form, columns, numbers)
    rule = time_rule(**{**times, "unit": form.time_unit, "format": form.time_format, "tz": form.tz})
    rule = replace(rule, wall_clock=form.wall_clock)
    shaper = bound.shaper(rule)
    judge = Judge(
        roles=bound,
        rule=rule,
        score=None if bound.score is None else (-1.0, 1.0),
        decimal=form.decimal or ".",
        thousands=form.thousands or "",
        placeholders=PLACEHOLDERS if form.placeholders is None else form.placeholders,
        max_field=max_field,
        keep_original=keep_original,
        shaper=shaper,
        labels=bound.labels(),
        rules=shaper.rules(),
        max_nested=max(max_field, _LONGEST),
    )
    own = tuple(name for name in ("delimiter", "quote", "names") if name not in given)
    dialect = replace(_dialect_of(form, own, max_field), max_unpacked=max_unpacked, **objects)
    return Declared(bound, rule, judge, dialect, container, form.container)


def _given(said: Mapping[str, Any], times: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the caller gave, by the names it has in a format."""
    given = {name: value for name, value in said.items() if _is_given(value)}
    for name in ("unit", "format", "tz"):
        if times[name] is not None:
            given[name if name == "tz" else f"time_{name}"] = times[name]
    if said["quote"] is None:
        given["quote"] = None
    for name in ("order_by", "names", "placeholders"):
        if name in given:
            given[name] = (given[name],) if isinstance(given[name], str) else tuple(given[name])
    return given


def _dialect_of(form: Format, own: tuple[str, ...], max_field: int) -> Dialect:
    """Return how the files of a format are written; `own` is what the format says, and not the caller."""
    return Dialect(
        delimiter=form.delimiter,
        quote=form.quote,
        encoding=form.encoding or "utf-8",
        names=form.names,
        own=own,
        exact=form.names is not None or form.pattern is not None,
        max_field=max(max_field, _LONGEST),
        block=_BLOCK,
        pattern=form.pattern,
        envelope=form.envelope,
        others=tuple((name, other.pattern) for name, other in formats().items() if other.pattern is not None),
    )


def _without_format(
    container: str | None, roles: Mapping[str, Any], writing: Mapping[str, Any], amounts: Mapping[str, Any],
    objects: Mapping[str, Any], columns: str | Sequence[str], numbers: Sequence[str], shapes: Mapping[str, Any],
    max_field: int, max_unpacked: int | None, keep_original: bool, times: Mapping[str, Any],
) -> Declared:  # fmt: skip
    scale = roles["score_scale"]
    if (roles["score"] is None) != (scale is None):
        raise ConfigError(
            "score= and score_scale= belong together. Fix: for example score='rating', score_scale='stars5'"
        )
    named = {name: given for name, given in roles.items() if name in (*ROLES, "order_by")}
    made = Roles.declare(columns=columns, numbers=numbers, **shapes, **named)
    if made.score is not None and score_bounds(scale) == (-1, 1):
        made = replace(made, scaled=True)
    rule = time_rule(**times)
    judge = Judge(
        roles=made,
        rule=rule,
        score=None if made.score is None else score_bounds(scale),
        decimal=str(amounts["decimal"]),
        thousands=str(amounts["thousands"]),
        placeholders=PLACEHOLDERS if amounts["placeholders"] is None else tuple(amounts["placeholders"]),
        max_field=max_field,
        keep_original=keep_original,
        max_nested=max_field,
    )
    names = writing["names"]
    dialect = Dialect(
        delimiter=writing["delimiter"],
        quote=None if writing["quote"] is None else str(writing["quote"]),
        encoding=str(writing["encoding"]),
        names=None if names is None else tuple(names),
        max_field=max_field,
        max_unpacked=max_unpacked,
        **objects,
    )
    return Declared(made, rule, judge, dialect, container)


def _is_given(value: Any) -> bool:
    return value is not None and value != () and not isinstance(value, Default)
