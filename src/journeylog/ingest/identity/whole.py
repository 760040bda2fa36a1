"""Identity: anonymous ids, devices, logins and customer numbers become one actor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from journeylog.core.condition import Condition
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, LoadWarning, explain, warn
from journeylog.ingest.identity.links import Links, links
from journeylog.ingest.identity.map import IdentityMap
from journeylog.ingest.identity.policy import Policy, resolve
from journeylog.ingest.identity.report import (
    IdentityReport,
    conflict_table,
    effect_tables,
    ids_table,
    size_table,
    sizes_of,
    words,
)

__all__ = ["Identity", "identity"]

#: What is to be said of ids as long as no log says which events there are.
_ALL_TIMES: Final = (
    "ids are counted for all times: before the reach of its first login a visitor is an actor of its own, whether or not "
    "events are there; .effect(log) tells what becomes of those of a log"
)


@dataclass(frozen=True, eq=False)
class Identity:
    """Who is who, and what that changes.

    Parameters
    ----------
    map : IdentityMap
        Who is behind each id, from when on; it can be saved and applied to later loads.
    report : IdentityReport
        Actors before and after, how many ids they have, conflicts, and the effect on conversion.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> seen = pd.DataFrame({"device": ["d1", "d2"], "user": ["anna", "anna"], "at": ["2025-01-06", "2025-01-07"]})
    >>> who = jl.identity(jl.links(seen, start="device", end="user", time="at", tz="UTC"), policy="merge")
    >>> who.map.table[["id", "actor"]].values.tolist(), len(who.report.conflicts)
    ([['d1', 'anna'], ['d2', 'anna']], 0)
    """

    map: IdentityMap
    report: IdentityReport

    def apply(self, log: EventLog, *, precedence: Sequence[str] = ()) -> EventLog:
        """Return the log with every event under the actor behind its id; see :meth:`IdentityMap.apply`."""
        return self.map.apply(log, precedence=precedence)

    def save(self, path: str | Path) -> Path:
        """Write the map to a file; see :meth:`IdentityMap.save`."""
        return self.map.save(path)

    def effect(self, log: EventLog, goal: Condition = None, *, start: Condition = None) -> IdentityReport:
        """Return the report with what the map does to a log.

        Parameters
        ----------
        log : EventLog
            Before stitching.
        goal : condition, optional
            The event that counts as conversion.
        start : condition, optional
            Only actors with such an event count, at whatever time; by default all.

        Returns
        -------
        IdentityReport
            Its tables count the actors of the log, and with a goal those who met it.
        """
        table, sizes = effect_tables(log.chunk, self.map, goal, start)
        notes = tuple(note for note in self.report.notes if note != _ALL_TIMES)
        if goal is not None:
            of = "actors" if start is None else f"actors with {start!r}"
            notes = (*notes, f"conversion: {of} who also have {goal!r}, in whatever order")
        return IdentityReport(table, {**self.report.tables, "sizes": sizes}, notes)

    def __repr__(self) -> str:
        """Return the report."""
        return repr(self.report)

    def _repr_html_(self) -> str:
        """Return the report for notebooks."""
        return self.report._repr_html_()


def identity(
    source: Links | EventLog | Sequence[Links],
    /,
    *,
    by: str | None = None,
    policy: str = "back",
    shared: str = "split",
    lookback: str | None = "30d",
    known: Collection[str] | None = None,
    merge_known: bool | None = None,
    goal: Condition = None,
    start: Condition = None,
) -> Identity:
    """Decide which ids are one actor.

    Ids are either **known** (a person: login, customer number) or anonymous (device, cookie). Anonymous ids that
    are linked to each other are one visitor; a link between a visitor and a known id is a login. A known id is
    never joined with another one unless that was told; what else speaks for it is listed as a conflict.

    Parameters
    ----------
    source : Links, sequence of Links, or EventLog
        Links read by :func:`journeylog.links`, or a log in which `by` names the person on some events.
    by : str, optional
        For a log: the column with the known id, for example ``"user_id"``.
    policy : {"back", "forward", "merge", "none"}
        Which events of a visitor a login speaks for. ``"forward"``: from the login to the next one. ``"back"``: these
        and what came within `lookback` before the first login. ``"merge"``: these and all before it; with one person
        a visitor these are the connected components. ``"none"``: no event.
    shared : {"split", "first", "last", "apart"}
        What becomes of a visitor with several people: each login begins a new stretch, the first or the last person
        has it, or it belongs to nobody. An event that names a person itself is that person's in any case.
    lookback : str or None
        For ``"back"``, for example ``"30d"``; None is without limit.
    known : collection of str, optional
        Which ids are people; by default all that others are linked to.
    merge_known : bool, optional
        Whether a link between two known ids makes them one person. By default that is so for links that were told, by a
        table or a vendor's record of merges, and not for those seen in the columns of a log, nor where `known` lists the
        ids.
    goal, start : condition, optional
        For a log: the event that counts as conversion, and the event whose actors are counted; the report then says
        what stitching changes.

    Returns
    -------
    Identity
        With ``.map``, ``.report``, ``.apply(log)`` and ``.save(path)``.

    Raises
    ------
    ConfigError
        If a word is unknown, `by` is missing for a log or given for links, or the policy needs times that the links
        do not have.
    MissingColumnError
        If there is no column `by`.

    Warns
    -----
    LoadWarning
        If known ids of a log occur as actors that belong to somebody else: ids of two kinds then share their numbers.
        Or if known ids stand only on events whose actor they are already, so that nothing is linked.

    Notes
    -----
    The result depends on the set of links alone, not on their order. At equal times the greater id counts as the
    later login. An actor is named by its known id, else by the smallest of its ids; of known ids that were merged by
    the one that leads nowhere itself.

    References
    ----------
    Connected components: D. J. Pearce (2005), An improved algorithm for finding the strongly connected components of
    a directed graph, as in :func:`scipy.sparse.csgraph.connected_components`.

    Examples
    --------
    >>> import journeylog as jl, pandas as pd
    >>> clicks = pd.DataFrame({
    ...     "device": ["d1", "d1", "d2", "d3"],
    ...     "user": [None, "anna", "anna", None],
    ...     "event": ["home", "login", "pay", "home"],
    ...     "time": ["2025-01-06 09:00Z", "2025-01-06 09:05Z", "2025-01-07 20:00Z", "2025-01-08 08:00Z"],
    ... })
    >>> log = jl.read(clicks, actor="device", event="event", time="time")
    >>> who = jl.identity(log, by="user", policy="back", lookback="1h", goal="pay")
    >>> who.report.table[["when", "n_actors", "n_converted"]]
         when  n_actors  n_converted
    0  before         3            1
    1   after         2            1
    >>> who.apply(log).to_pandas()["actor"].tolist()
    ['anna', 'anna', 'anna', 'd3']
    """
    log = source if isinstance(source, EventLog) else None
    if (log is None) != (by is None):
        raise ConfigError(
            "by= names the column of known ids in a log. Fix: "
            + ("leave it out for links" if log is None else "jl.identity(log, by='user_id')")
        )
    if log is None and (goal is not None or start is not None):
        raise ConfigError("goal= and start= need a log. Fix: jl.identity(links, ...).effect(log, goal=...)")
    found = Links.join(_parts(source, by))
    asked = Policy(policy, shared, lookback, known, merge_known)
    rows, conflicts = resolve(found, asked)
    listed = conflict_table(found, conflicts, asked)
    if found.by is not None:
        _warn_of_one_space(listed, found.by)
        _warn_of_none(found, found.by)
    mapped = IdentityMap.of(found, rows, asked, len(listed))
    sizes = sizes_of(rows)
    tables = {"sizes": size_table(sizes), "conflicts": listed}
    notes = words(asked, found)
    if log is None and policy in ("forward", "back"):
        notes.append(_ALL_TIMES)
    report = IdentityReport(ids_table(sizes), tables, tuple(notes))
    who = Identity(mapped, report)
    return who if log is None else Identity(mapped, who.effect(log, goal, start=start))


def _warn_of_one_space(conflicts: pd.DataFrame, by: str) -> None:
    """Warn if known ids also occur as actors of other people: then two kinds of ids share their numbers."""
    linked = conflicts[conflicts["kind"] == "linked known ids"]
    if len(linked):
        what = f"ids in {by!r} are also ids of actors who are somebody else, as if a session 7 were the customer 7"
        prefixed = "jl.fields.Join(jl.constant('session'), 'session_id')"
        fix = f"if so, give one kind a prefix when reading, by a jl.Format with actor={prefixed}"
        warn(explain(what, count=len(linked), fix=fix), LoadWarning)


def _warn_of_none(found: Links, by: str) -> None:
    """Warn if known ids stand only where they are the actor already: then no device is linked to anybody."""
    same = found.left_out.get("same id", 0)
    if same and not len(found):
        what = f"nothing is linked: where {by!r} has an id, that is the actor already"
        fix = (
            f"name the column that holds the device there too, "
            f"jl.identity(jl.links(log, start='device_id', end={by!r})); rows of a vendor's format know theirs, "
            "jl.identity(jl.links(data, format=...))"
        )
        warn(explain(what, count=same, fix=fix), LoadWarning)


def _parts(source: Links | EventLog | Sequence[Links], by: str | None) -> list[Links]:
    if isinstance(source, EventLog):
        assert by is not None
        return [links(source, end=by)]
    if isinstance(source, Links):
        return [source]
    if not isinstance(source, Sequence) or not all(isinstance(part, Links) for part in source):
        raise ConfigError(
            f"{type(source).__name__} holds no links. Fix: jl.links(table, start='device', end='user', time='at')"
        )
    return list(source)
