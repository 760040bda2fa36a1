"""Formats as data: which field of a vendor's rows is which role, and which rows are events. Nothing here computes.

A format works on any container (CSV, TSV, JSON lines, JSON arrays, Parquet, Excel, a frame, a query result). Its
fields are paths or kinds made of paths; a path goes through structs and through JSON text alike, and a column whose
name is the whole path comes first:

>>> from journeylog.ingest.formats.fields import First, Is, Negative
>>> Format(
...     name="shop", about="orders of a shop as JSON", actor=First("customer.id", "email"),
...     value="total_price", currency="currency", event_id="id", time_unit=None, tz="UTC",
...     attributes={"order": "id", "is_test": "test"},
...     takes=(                                              # what one row holds: as many events as these find
...         Take("order_created", time="created_at"),
...         Take("order_cancelled", time="cancelled_at", value=Negative("total_price")),  # null time: not yet
...         Take("refund", each="refunds", time="refunds.created_at", value=Negative("refunds.amount"),
...              when=Is("refunds.status", "done")),         # a list is unrolled; its path means the element now
...     ),
...     not_events=Is("kind", "draft"),                      # rows that are no events: reason NOT_AN_EVENT
... ).name
'shop'

Kinds of fields, each with an example:

=====================================================  ==========================================================
``"customer.id"``                                      a path; a number in it is the place in a list, from 0
``First("user_id", "device_id")``                      the first that is there; an empty text is not there
``Join("high", "low", sep="")``                        texts joined; missing when a part is, unless ``missing=""``
``Constant("web")``                                    one text for all rows (``jl.constant``)
``Map("type", {"2": "moved"})``                        codes to names; others stay, or become ``default=``
``KeyValue("event_params", "ga_session_id")``          the value of one key in a list of pairs, or in an object
``Minor("amount", currency="currency")``               cents to money, by the digits its currency has
``Negative("amount")``, ``Times("price", "quantity")``  money that goes back; a product
``Minus("before", "after")``                           how much an amount has become more
``Score("rating", "stars5")``                          an answer scaled to [-1, 1]
``Stamp("processed_ms", unit="ms")``                   a time written otherwise than the format's others
``Template("url")``                                    the path of a URL with ids as ``{id}``
``When(Is("kind", "refund"), Negative("amount"))``     a field that only some rows have
=====================================================  ==========================================================

A new kind is a frozen dataclass derived from ``fields.Field`` with its parts (``fields.OfOne`` where that is one field),
and a function registered for it with ``extract.compute``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from journeylog.errors import ConfigError, nearest
from journeylog.ingest.formats.fields import (
    All,
    AnyField,
    Conditions,
    Given,
    can_be,
    check_field,
    looked_at,
    paths_of,
    shown,
)
from journeylog.ingest.roles import Constant

__all__ = ["KNOWN_BY", "TAKEN", "Format", "Link", "Take", "mentioned", "missing_of"]

#: How a message calls the field that only rows of the export have.
KNOWN_BY: Final = "what it is known by"
#: Roles of a format that a take may give anew.
TAKEN: Final = (
    "actor", "source", "channel", "value", "currency", "score", "text", "event_id", "received",
)  # fmt: skip


@dataclass(frozen=True)
class Take:
    """One kind of event that a row may hold.

    Parameters
    ----------
    name : str, optional
        The event's name, where it is always the same.
    event : field, optional
        Where the name is a field. Without both it is the format's `event`.
    time : field, optional
        By default the format's. In a format with several takes a missing time is "not yet": no event.
    each : str or tuple of str
        List to unroll, one event an element; several are unrolled inside each other.
    when : condition, optional
        Rows (or elements) that hold this event.
    actor, source, channel, value, currency, score, text, event_id, received : field, optional
        In place of the format's.
    attributes : mapping of str to field
        In addition to the format's.

    Examples
    --------
    >>> Take("refund", each="refunds", time="refunds.created_at").unrolled
    ('refunds',)
    """

    name: str | None = None
    event: AnyField | None = None
    time: AnyField | None = None
    each: str | tuple[str, ...] = ()
    when: Conditions | None = None
    actor: AnyField | None = None
    source: AnyField | None = None
    channel: AnyField | None = None
    value: AnyField | None = None
    currency: AnyField | None = None
    score: AnyField | None = None
    text: AnyField | None = None
    event_id: AnyField | None = None
    received: AnyField | None = None
    attributes: Mapping[str, AnyField] = field(default_factory=dict)

    @property
    def unrolled(self) -> tuple[str, ...]:
        """The lists to unroll, outermost first."""
        return tuple(self.each) if not isinstance(self.each, str) else (self.each,) if self.each else ()


@dataclass(frozen=True)
class Link:
    """Two ids of one person that stand in one row.

    Parameters
    ----------
    from_id, to_id : field
        For example a device and the customer who is logged in; missing on either side is no link.
    kind : str
        What says so: ``"together"`` (they occur in one event), ``"identify"``, ``"alias"``, ``"merge"``.
    time : field, optional
        By default the format's.
    when : condition, optional
        Rows that are a link.
    each : str, optional
        List to unroll, one link an element.

    Examples
    --------
    >>> Link("anonymousId", "userId").kind
    'together'
    """

    from_id: AnyField
    to_id: AnyField
    kind: str = "together"
    time: AnyField | None = None
    when: Conditions | None = None
    each: str = ""


@dataclass(frozen=True, repr=False)
class Format:
    """How the rows of one vendor, or one table of one's own, become events.

    Parameters
    ----------
    name, about, docs : str
        What it is called, one line on it, and where the vendor describes it.
    actor, event, time : field
        What every event has; in a format with takes, `event` and `time` may stand there.
    source : field, optional
        By default the constant `name`.
    channel, value, currency, score, text, event_id, received : field, optional
        Other roles.
    score_scale : str or pair, optional
        Scale of a `score` that is no :class:`Score`.
    order_by : tuple of field
        What decides between events of one actor at one time.
    attributes : mapping of str to field
        Further columns by the names they get. Columns that are not mentioned stay under their own names.
    takes : tuple of Take
        Events of a row; without any, a row is one event.
    not_events : condition, optional
        Rows that are no events by declaration.
    same_id : {"conflict", "keep", "first"}
        What becomes of rows with one event id and different content: rejects, events of their own, or duplicates
        of the first.
    links : tuple of Link
        Ids of one person in these rows.
    group : Rollup, optional
        How lines become records before anything is read from them.
    leave : tuple of str
        Columns that nobody needs to keep.
    missing : tuple of str
        Texts that stand for a missing value in the fields mentioned here.
    time_unit, time_format, tz, decimal, thousands, placeholders
        As in :func:`journeylog.read`.
    wall_clock : bool
        Whether numeric times count the seconds of the clock on the wall in `tz`, not of UTC.
    container, delimiter, quote, encoding, names, pattern
        How its files are written, where that is not said by their suffix: `pattern` is the regular expression of
        a line.
    envelope : str, optional
        For JSON: the only member of an object that may stand around a record, as in ``{"order": {...}}``.
    known_by : field, optional
        What rows of this export have and those of the vendor's other exports do not (refunds read as charges, customers
        read as orders); without it the input is refused.
    traps : tuple of str
        What a reader of the data must know; shown in the documentation.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> shop = Format(
    ...     name="shop", actor=jl.fields.First("customer", "email"), tz="UTC",
    ...     takes=(Take("ordered", time="ordered_at"), Take("paid", time="paid_at")),
    ... )
    >>> orders = pd.DataFrame({"customer": ["7", None], "email": ["a", "b"], "ordered_at": ["2025-01-01"] * 2,
    ...                        "paid_at": ["2025-01-02", None]})
    >>> jl.read(orders, format=shop).to_pandas()[["actor", "event"]].to_numpy().tolist()
    [['7', 'ordered'], ['7', 'paid'], ['b', 'ordered']]
    """

    name: str = ""
    about: str = ""
    docs: str = ""
    actor: AnyField | None = None
    event: AnyField | None = None
    time: AnyField | None = None
    source: AnyField | None = None
    channel: AnyField | None = None
    value: AnyField | None = None
    currency: AnyField | None = None
    score: AnyField | None = None
    text: AnyField | None = None
    event_id: AnyField | None = None
    received: AnyField | None = None
    score_scale: str | tuple[float, float] | None = None
    order_by: tuple[AnyField, ...] = ()
    attributes: Mapping[str, AnyField] = field(default_factory=dict)
    takes: tuple[Take, ...] = ()
    not_events: Conditions | None = None
    same_id: str = "conflict"
    links: tuple[Link, ...] = ()
    group: Any = None
    leave: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    time_unit: str | None = None
    time_format: str | None = None
    tz: str | None = None
    wall_clock: bool = False
    decimal: str | None = None
    thousands: str | None = None
    placeholders: tuple[str, ...] | None = None
    container: str | None = None
    delimiter: str | None = None
    quote: str | None = '"'
    encoding: str | None = None
    names: tuple[str, ...] | None = None
    pattern: str | None = None
    envelope: str | None = None
    known_by: AnyField | None = None
    traps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself."""
        if self.same_id not in ("conflict", "keep", "first"):
            raise ConfigError(f"same_id={self.same_id!r} is unknown. Fix: 'conflict', 'keep' or 'first'")
        for take in self.takes:
            if take.name is not None and take.event is not None:
                raise ConfigError(f"Take({take.name!r}) has an event= too. Fix: pass one of them")
        parts: tuple[Format | Take, ...] = (self, *self.takes)
        for part in parts:
            for role in ("actor", "event", "time", *TAKEN[1:]):
                check_field(getattr(part, role), f"{role}=")
            for name, one in part.attributes.items():
                check_field(one, f"the attribute {name!r}")

    def __repr__(self) -> str:
        """Return what it is and what it needs; ``journeylog formats NAME`` tells all of it."""
        lines = [f"Format {self.name!r}" + (f": {self.about}" if self.about else "")]
        lines += [f"  {role:<5} {shown(*given)}" for role, given in self.needs.items() if given]
        made = list(
            dict.fromkeys([*self.attributes, *(name for take in self.takes for name in take.attributes)])
        )
        return "\n".join([*lines, *([f"  also  {', '.join(made)}"] if made else [])])

    def but(self, **changes: Any) -> Format:
        """Return the format with some things changed.

        Examples
        --------
        >>> Format(name="mine", actor="user", event="action", time="at").but(tz="Europe/Berlin").tz
        'Europe/Berlin'
        """
        known = [f.name for f in fields(self)]
        for name in changes:
            if name not in known:
                near = nearest(name, known)
                raise ConfigError(
                    f"a format has no {name!r}. Fix: "
                    + (f"did you mean {near[0]!r}?" if near else f"one of {known}")
                )
        return replace(self, **changes)

    def role(self, take: Take, role: str) -> AnyField | None:
        """Return what a role is for one kind of event."""
        if role == "event" and take.name is not None:
            return Constant(take.name)
        own = getattr(take, role)
        mine = getattr(self, role) if own is None else own
        if role == "source" and mine is None and self.name:
            return Constant(self.name)
        return mine  # type: ignore[no-any-return]

    def as_links(self) -> Format:
        """Return the format whose events are this one's links: from an actor, to the attribute ``end``.

        The event is the kind of the link; rows that are none are no events.

        Raises
        ------
        ConfigError
            If the format has no links.

        Examples
        --------
        >>> form = Format(name="mine", time="at", links=(Link("device", "user"),))
        >>> form.as_links().takes[0].actor
        'device'
        """
        if not self.links:
            raise ConfigError(
                f"the format {self.name!r} has no links. Fix: links=(Link('device', 'user'),), or columns that occur "
                "together"
            )
        nothing: dict[str, Any] = dict.fromkeys((*TAKEN, "event", "score_scale", "not_events"))
        takes = tuple(
            Take(
                link.kind,
                time=link.time,
                each=link.each,
                when=All(
                    Given(link.from_id), Given(link.to_id), *(() if link.when is None else (link.when,))
                ),
                actor=link.from_id,
                attributes={"end": link.to_id},
            )
            for link in self.links
        )
        return replace(self, **nothing, order_by=(), attributes={}, takes=takes, group=None)

    @property
    def kinds(self) -> tuple[Take, ...]:
        """The takes; of a format without any, the one that is a row."""
        return self.takes or (Take(),)

    @property
    def needs(self) -> dict[str, tuple[AnyField, ...]]:
        """For each thing that every event has, the fields of which one must be there."""
        found = {}
        for role in ("actor", "event", "time"):
            given = [self.role(take, role) for take in self.kinds]
            found[role] = _distinct([f for f in given if f is not None])
        return found


def _distinct(given: Sequence[AnyField]) -> tuple[AnyField, ...]:
    """Return fields, each once; they may hold mappings, which have no hash."""
    return tuple(f for k, f in enumerate(given) if f not in given[:k])


def mentioned(form: Format) -> list[str]:
    """Return every path that a format mentions, each once."""
    listed: list[AnyField | None] = [getattr(form, role) for role in ("actor", "event", "time", *TAKEN[1:])]
    listed += [*form.order_by, *form.attributes.values(), *looked_at(form.not_events)]
    for take in form.takes:
        listed += [getattr(take, role) for role in ("event", "time", *TAKEN)]
        listed += [*take.attributes.values(), *looked_at(take.when), *take.unrolled]
    return list(dict.fromkeys(path for one in listed for path in paths_of(one)))


def missing_of(form: Format, found: Sequence[str]) -> dict[str, tuple[AnyField, ...]]:
    """Return what every event needs, and what tells this export from others, and these columns cannot give."""
    needs = dict(form.needs)
    if form.known_by is not None:
        needs[KNOWN_BY] = (form.known_by,)
    return {role: given for role, given in needs.items() if not any(can_be(one, found) for one in given)}
