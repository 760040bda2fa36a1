"""A format in use: its fields as the roles of a load, checked against the columns that were found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from journeylog.core.schema import ROLES
from journeylog.core.time_rule import TimeRule
from journeylog.errors import ConfigError, MissingColumnError, SchemaError, nearest
from journeylog.ingest.formats.declare import KNOWN_BY, Format, mentioned, missing_of
from journeylog.ingest.formats.fields import (
    AnyField,
    Field,
    Score,
    is_there,
    paths_of,
    reads,
    shown,
)
from journeylog.ingest.formats.known import fitting_formats
from journeylog.ingest.formats.shape import (
    Shaper,
    attributes_of,
    internal,
    key_values,
    made_names,
    plain_paths,
)
from journeylog.ingest.roles import Roles

__all__ = ["Bound", "bind", "overridden"]


@dataclass(frozen=True)
class Bound(Roles):
    """Roles that a format makes; their columns have internal names among the candidates.

    Parameters
    ----------
    form : Format
    extra : tuple of str
        Further paths to keep, under their own names.
    rest : bool
        Whether columns that the format does not mention are kept.
    offered : tuple of str
        The attributes that the format makes, wanted or not.
    """

    form: Format = field(default_factory=Format)
    extra: tuple[str, ...] = ()
    rest: bool = True
    offered: tuple[str, ...] = ()

    def shaper(self, rule: TimeRule) -> Shaper:
        """Return the format ready for batches."""
        return Shaper(self.form, rule, self.extra)

    @property
    def several(self) -> bool:
        """Whether a row may hold several events under one id."""
        return bool(self.form.takes)

    @property
    def same_id(self) -> str:
        """What becomes of different rows of one id."""
        return self.form.same_id

    @property
    def read_only(self) -> list[str] | None:
        """The columns that are enough to be read; None: all."""
        group = () if self.form.group is None else (*self.form.group.needs, *self.form.group.one)
        return None if self.rest else reads([*mentioned(self.form), *self.extra, *group])

    @property
    def uncopied(self) -> frozenset[str]:
        """The columns that are only looked into."""
        paths = list(mentioned(self.form))
        above = {path.split(".")[0] for path in [*paths, *self.extra] if "." in path}
        pairs = {one.pairs for one in key_values(self.form)}
        whole = {path for path in [*plain_paths(self.form), *self.extra] if "." not in path}
        kept = set() if not self.rest else (above | pairs) - set(self.form.leave)
        return frozenset((above | pairs) - whole - kept)

    def labels(self) -> dict[str, str]:
        """Return what messages call the roles and their columns."""
        found = {
            internal(f"order_by[{i}]"): shown(one).strip("'") for i, one in enumerate(self.form.order_by)
        }
        for role in ROLES:
            paths = [p for take in self.form.kinds for p in paths_of(self.form.role(take, role))]
            if paths:
                found[role] = found[internal(role)] = paths[0]
        return found

    def require(self, found: Sequence[str] | None, where: str) -> None:
        """Refuse a format without actor, event or time."""
        for role, given in self.form.needs.items():
            if not given:
                raise ConfigError(
                    f"the format {self.form.name!r} does not say what its {role} is. Fix: {role}=, a path or a field"
                )

    def check(self, found: Sequence[str], where: str, needed: Collection[str] | None = None) -> None:
        """Refuse an input without the fields that every event needs, and name the format that would fit."""
        if self.form.group is not None:
            self._check_lines(found, where)
            found = [*found, *self.form.group.new]
        missing = missing_of(self.form, found)
        if missing:
            raise MissingColumnError(self._missing(missing, found, where))
        for path in self.extra:
            if not is_there(path, found):
                near = nearest(path, [*self.offered, *found])
                raise MissingColumnError(
                    f"{where}: no column {path!r} for columns=; found {list(found)}. "
                    + (f"Fix: did you mean {near[0]!r}?" if near else "Fix: name one of these columns")
                )

    def _check_lines(self, found: Sequence[str], where: str) -> None:
        """Refuse lines without the columns that put them together."""
        lacking = [name for name in self.form.group.needs if name not in found]
        if lacking:
            near = nearest(lacking[0], found)
            raise MissingColumnError(
                f"{where}: format={self.form.name!r} puts lines together by {list(self.form.group.needs)}, and "
                f"{lacking} are not there; found {list(found)[:40]}. "
                + (f"Fix: did you mean {near[0]!r}?" if near else "Fix: check that these are such lines")
            )

    def check_apart(self, found: Sequence[str], where: str) -> None:
        """Refuse columns of one name that are read."""
        read = set(self.wanted(found))
        for name, n in Counter(found).items():
            if n > 1 and name in read:
                raise SchemaError(f"{where}: column {name!r} appears {n} times. Fix: rename them apart")

    def wanted(self, found: Sequence[str]) -> list[str]:
        """Return the columns to read, in the order found."""
        only = self.read_only
        return [name for name in found if only is None or name in only]

    def others(self, found: Sequence[str]) -> list[str]:
        """Return the columns that stay as they are: those that no role or attribute takes as a whole."""
        if not self.rest:
            return []
        taken = {*(f for f in self._whole() if isinstance(f, str)), *self.form.leave}
        made = attributes_of(self.form).items()
        taken |= {
            name for name, one in made if name in paths_of(one)
        }  # an attribute made of what it is called like
        return [name for name in found if name not in taken]

    def public_names(self, found: Sequence[str]) -> dict[str, str]:
        """Return the attributes by their columns among the candidates, with the names they will have."""
        made = list(dict.fromkeys([*made_names(self.form), *self.extra]))
        wanted = [(internal(name, True), name) for name in made]
        wanted += [(name, name) for name in self.others(found)]
        return self.free_names(wanted)

    def _whole(self) -> list[AnyField | None]:
        form = self.form
        kinds = [form.role(take, role) for take in form.kinds for role in ROLES if role != "score"]
        made = [*kinds, *attributes_of(form).values()]
        return [part for f in made for part in (f.parts if isinstance(f, Field) and f.restates else (f,))]

    def _missing(self, missing: dict[str, tuple[AnyField, ...]], found: Sequence[str], where: str) -> str:
        words = "; ".join(f"{role}: {shown(*given)}" for role, given in missing.items())
        more = [p for p in mentioned(self.form) if is_there(p, found)]
        shown_columns = f"{list(found)[:40]}" + (f" and {len(found) - 40} more" if len(found) > 40 else "")
        name = f"format={self.form.name!r}" if self.form.name else "the format"
        text = f"{where}: {name} needs what is not there: {words}; found {shown_columns}"
        fits = [name for name in fitting_formats(found) if name != self.form.name]
        if fits:
            return f"{text}. Fix: these columns fit format={fits[0]!r}"
        if len(found) == 1 and not more:
            return (
                f"{text}. Fix: if the records are inside {found[0]!r}, write what is inside, one record a row; else "
                "jl.formats() lists what each format needs"
            )
        if KNOWN_BY in missing:
            about = self.form.about.partition(":")[0].partition(",")[0]
            return (
                f"{text}. Fix: check that these rows are {about!r}; if they are, "
                f"format=jl.formats()[{self.form.name!r}].but(known_by=None)"
            )
        if more:
            return f"{text}. Fix: pass {next(iter(missing))}= with the field that holds it"
        return f"{text}. Fix: jl.formats() lists what each format needs; a format of your own is Format(...)"


def bind(form: Format, columns: Any = "all", numbers: Sequence[str] = ()) -> Bound:
    """Return a format as the roles of a load.

    Parameters
    ----------
    columns : "all", "format" or list of str
        What is kept besides the roles: all, what the format names, or these columns, attributes and paths.
    """
    form = _with_score(form)
    used: dict[str, Any] = {
        role: internal(role) for role in ROLES if any(form.role(t, role) is not None for t in form.kinds)
    }
    rest = columns == "all"
    extra: tuple[str, ...] = ()
    if isinstance(columns, str) and columns not in ("all", "format"):
        raise ConfigError(f"columns={columns!r}. Fix: 'all', 'format', or a list of columns to keep")
    offered = tuple(made_names(form))
    if not isinstance(columns, str):
        form, extra = _narrowed(form, list(columns))
    made = made_names(form)
    return Bound(
        **used,
        order_by=tuple(internal(f"order_by[{i}]") for i in range(len(form.order_by))),
        numbers=tuple(internal(n, True) if n in made or n in extra else n for n in numbers),
        form=form,
        extra=tuple(extra),
        rest=rest,
        offered=offered,
    )


def overridden(form: Format, given: dict[str, Any]) -> Format:
    """Return a format with what a caller says beside it; it holds for every kind of event.

    Raises
    ------
    ConfigError
        If the caller names one time or event where the format takes several from a row.
    """
    takes = form.takes
    for role in ("event", "time"):
        if role in given and any(getattr(t, role) is not None or (role == "event" and t.name) for t in takes):
            raise ConfigError(
                f"{role}= and format={form.name!r} do not go together: it takes several events from a row. "
                f"Fix: change its takes with .but(takes=...)"
            )
    roles: dict[str, Any] = {role: None for role in given if role in ROLES[3:] or role == "actor"}
    if roles and takes:
        given = {**given, "takes": tuple(replace(take, **roles) for take in takes)}
    if "time_unit" in given:
        given.setdefault("time_format", None)
    if "time_format" in given:
        given.setdefault("time_unit", None)
    return form.but(**given)


def _with_score(form: Format) -> Format:
    """Return the format with every score as one on its scale."""
    if form.score_scale is None:
        bare = [t for t in form.kinds if isinstance(form.role(t, "score"), str)]
        if bare:
            raise ConfigError(
                "score= and score_scale= belong together. Fix: for example Score('rating', 'stars5')"
            )
        return form

    def scaled(one: Any) -> Any:
        return one if one is None or isinstance(one, Score) else Score(one, form.score_scale or "")

    takes = tuple(replace(take, score=scaled(take.score)) for take in form.takes)
    return replace(form, score=scaled(form.score), takes=takes)


def _narrowed(form: Format, names: list[str]) -> tuple[Format, tuple[str, ...]]:
    """Return the format with the attributes that are listed, and the other names, which are paths."""
    known = made_names(form)
    kept = {name: one for name, one in form.attributes.items() if name in names}
    takes = tuple(
        replace(take, attributes={n: one for n, one in take.attributes.items() if n in names})
        for take in form.takes
    )
    return replace(form, attributes=kept, takes=takes), tuple(n for n in names if n not in known)
