"""Roles: which column of the input is what. Declared by the caller, checked against the columns found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from journeylog.core.schema import ROLES
from journeylog.errors import ConfigError, MissingColumnError, SchemaError, cut, nearest

__all__ = ["Constant", "History", "Roles", "constant"]

#: Roles that hold a name for every event, so that one word may be given for all of them.
_MAY_BE_CONSTANT: Final = ("event", "source", "channel", "currency")


@dataclass(frozen=True)
class Constant:
    """One text for every row, in the place of a column; made by :func:`constant`."""

    text: str


def constant(text: str) -> Constant:
    """Return a role that is the same for every row.

    Parameters
    ----------
    text : str
        For example the name of the system a file comes from: ``source=jl.constant("crm")``.

    Examples
    --------
    >>> constant("crm")
    Constant(text='crm')
    """
    if not isinstance(text, str) or not text:
        raise ConfigError(f"constant({text!r}) is no text. Fix: for example constant('web')")
    return Constant(text)


@dataclass(frozen=True)
class History:
    """A table of field changes: each row says that a field of an object took a new value at a time.

    Parameters
    ----------
    object : str
        Column of the object's id (deal, ticket). It is the actor unless ``actor=`` names another column, and
        stays a column of its own then.
    new : str
        Column of the value after the change: the event.
    time : str
        Column of the time of the change.
    field : str, optional
        Column that says which field changed.
    old : str, optional
        Column of the value before; kept as an attribute.
    only : str or sequence of str, optional
        The fields whose changes are events. With one, the event is the new value; with several or none, it is
        ``"field: new value"``.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> changes = pd.DataFrame({
    ...     "deal": ["d1", "d1"], "field": ["Stage", "Stage"], "new": ["Offer", "Won"], "at": ["2025-01-01", "2025-01-09"],
    ... })
    >>> history = jl.History(object="deal", field="field", only="Stage", new="new", time="at")
    >>> jl.read(changes, history=history, tz="UTC").to_pandas()["event"].tolist()
    ['Offer', 'Won']
    """

    object: str
    new: str
    time: str
    field: str | None = None
    old: str | None = None
    only: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse a selection without the column it selects in."""
        if self.only is not None and self.field is None:
            raise ConfigError(
                "History(only=...) selects fields, and field= names no column. Fix: pass field="
            )
        if self.only is not None and not isinstance(self.only, str):
            object.__setattr__(self, "only", tuple(self.only))


@dataclass(frozen=True)
class Roles:
    """The declaration, by role; see :func:`journeylog.read` for what each means."""

    actor: str | None = None
    event: str | Constant | None = None
    time: str | None = None
    source: str | Constant | None = None
    channel: str | Constant | None = None
    value: str | None = None
    currency: str | Constant | None = None
    score: str | None = None
    text: str | None = None
    event_id: str | None = None
    received: str | None = None
    order_by: tuple[str, ...] = ()
    stamps: tuple[tuple[str, str], ...] | None = None
    history: History | None = None
    columns: tuple[str, ...] | None = None
    numbers: tuple[str, ...] = ()
    scaled: bool = False  # a score that is on the scale [-1, 1] already is its own original

    @staticmethod
    def declare(
        *,
        order_by: str | Sequence[str] = (),
        columns: str | Sequence[str] = "all",
        numbers: Sequence[str] = (),
        stamps: Mapping[str, str] | None = None,
        history: History | None = None,
        **roles: Any,
    ) -> Roles:
        """Check what can be checked before the columns are known.

        Raises
        ------
        ConfigError
            If roles contradict each other.
        """
        for role, given in roles.items():
            allowed = isinstance(given, Constant) and role in _MAY_BE_CONSTANT
            if given is not None and not isinstance(given, str) and not allowed:
                raise ConfigError(f"{role}={cut(given)} is no column. Fix: pass the name of a column")
        if stamps is not None and history is not None:
            raise ConfigError("stamps= and history= are two ways to shape a table. Fix: pass one of them")
        shaped = "stamps=" if stamps is not None else "history=" if history is not None else ""
        for role in ("event", "time"):
            if shaped and roles.get(role) is not None:
                raise ConfigError(f"{role}= is given by {shaped} already. Fix: pass one of them")
        if stamps is not None and not stamps:
            raise ConfigError("stamps={} names no column. Fix: for example stamps={'paid': 'paid_at'}")
        if history is not None and roles.get("actor") is None:
            roles["actor"] = history.object
        if columns != "all" and isinstance(columns, str):
            raise ConfigError(f"columns={columns!r}. Fix: 'all', or a list of columns to keep")
        return Roles(
            order_by=(order_by,) if isinstance(order_by, str) else tuple(order_by),
            columns=None if columns == "all" else tuple(columns),
            numbers=(numbers,) if isinstance(numbers, str) else tuple(numbers),
            stamps=None if stamps is None else tuple(stamps.items()),
            history=history,
            **roles,
        )

    @property
    def named(self) -> dict[str, str]:
        """Columns by the argument that names them."""
        names = {role: getattr(self, role) for role in ROLES if isinstance(getattr(self, role), str)}
        for event, column in self.stamps or ():
            names[f"stamps[{event!r}]"] = column
        if self.history is not None:
            for part in ("object", "new", "time", "field", "old"):
                if getattr(self.history, part) is not None:
                    names[f"history.{part}"] = getattr(self.history, part)
        names.update({f"order_by[{i}]": c for i, c in enumerate(self.order_by)})
        names.update({f"numbers[{i}]": c for i, c in enumerate(self.numbers)})
        names.update({f"columns[{i}]": c for i, c in enumerate(self.columns or ())})
        return names

    def require(self, found: Sequence[str] | None, where: str) -> None:
        """Refuse a declaration without actor, event or time; the message shows what columns there are."""
        shaped = self.stamps is not None or self.history is not None
        missing = [
            r for r in ("actor", "event", "time") if getattr(self, r) is None and (r == "actor" or not shaped)
        ]
        if missing:
            has = "" if found is None else f"; {where} has the columns {list(found)}"
            raise ConfigError(
                f"{', '.join(m + '=' for m in missing)} not declared{has}. "
                f"Fix: name the column of each, for example {missing[0]}=..."
            )

    def check(self, found: Sequence[str], where: str, needed: Collection[str] | None = None) -> None:
        """Refuse a column that is named and not there; the message names the role and the nearest column.

        Parameters
        ----------
        needed : collection of str, optional
            The arguments to look at; by default all.
        """
        for argument, name in self.named.items():
            if name not in found and (needed is None or argument in needed):
                near = nearest(name, found)
                hint = f"did you mean {near[0]!r}?" if near else "name one of these columns"
                raise MissingColumnError(
                    f"{where}: no column {name!r} for {argument}=; found {list(found)}. Fix: {hint}"
                )

    def check_apart(self, found: Sequence[str], where: str) -> None:
        """Refuse columns that are read and cannot be told apart: the same name, or the same but for its case."""
        read = set(self.wanted(found))
        for name, n in Counter(found).items():
            if n > 1 and name in read:
                raise SchemaError(f"{where}: column {name!r} appears {n} times. Fix: rename them apart")
        folded = Counter(name.casefold() for name in read)
        for name in found:
            if name in read and folded[name.casefold()] > 1:
                twins = [other for other in found if other.casefold() == name.casefold()]
                raise SchemaError(
                    f"{where}: columns {twins} differ only in case. Fix: rename one, or leave it out with columns=[...]"
                )

    def wanted(self, found: Sequence[str]) -> list[str]:
        """Return the columns to read, in the order found."""
        named = set(self.named.values())
        return [name for name in found if self.columns is None or name in named]

    def attributes(self, found: Sequence[str]) -> list[str]:
        """Return the columns that stay under their own names, in the order found.

        A column that plays a role is renamed to it. A score keeps its original too, so does the object of a
        history that is not the actor.
        """
        taken = {getattr(self, r) for r in ROLES if isinstance(getattr(self, r), str)}
        taken -= set() if self.scaled else {self.score}
        taken |= {column for _, column in self.stamps or ()}
        if self.history is not None:
            taken |= {self.history.new, self.history.time}
        listed = set(self.columns or ()) | set(self.numbers)
        return [
            n
            for n in found
            if n not in taken and (self.columns is None or n in listed or n in self._carried())
        ]

    @property
    def several(self) -> bool:
        """Whether a row may hold several events under one id."""
        return self.stamps is not None

    @property
    def same_id(self) -> str:
        """What becomes of different rows of one id: ``"conflict"`` or ``"keep"``."""
        return "conflict"

    @property
    def read_only(self) -> list[str] | None:
        """The columns that are enough to be read; None: all."""
        return None if self.columns is None else list(self.named.values())

    def others(self, found: Sequence[str]) -> list[str]:
        """Return the columns of the input that stay as they are."""
        return self.attributes(found)

    def public_names(self, found: Sequence[str]) -> dict[str, str]:
        """Return the attributes by their columns, with the names they will have."""
        return self.free_names([(name, name) for name in self.attributes(found)])

    def free_names(self, wanted: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Return columns with their names; one called like a role that is in use, or like another, gets a number."""
        used = {"event", *(role for role in ROLES[3:] if getattr(self, role) is not None)}
        names = {name for _, name in wanted}
        kept: dict[str, str] = {}
        for column, name in wanted:
            free, k = name, 2
            while free in used or (free != name and free in names):
                free, k = f"{name}_{k}", k + 1
            kept[column] = free
            used.add(free)
        return kept

    def _carried(self) -> set[str]:
        parts = (
            (self.history.field, self.history.old, self.history.object) if self.history is not None else ()
        )
        return {part for part in (*parts, None if self.scaled else self.score) if part is not None}
