"""Several sources as one log, as a configuration asks: one clock, one copy of what is told twice, one customer."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import journeylog as jl
from journeylog.core.log import EventLog
from journeylog.core.notes import Span, note
from journeylog.errors import ConfigError, EmptyResultWarning, JourneylogError
from journeylog.ingest.identity.links import Links
from journeylog.ingest.identity.map import IdentityMap
from journeylog.ingest.identity.report import effect_tables
from journeylog.ingest.offsets import Offset, offset_micros
from journeylog.ingest.precedence import source_of
from journeylog.reporting.joinkeys import READING

__all__ = ["Joined", "joined"]


@dataclass(frozen=True)
class Joined:
    """One log of all sources, and what joining them did, for machines."""

    log: EventLog
    facts: Mapping[str, Any] = field(default_factory=dict)


def joined(
    logs: Mapping[str, EventLog], sources: Sequence[Mapping[str, Any]], asked: Mapping[str, Any], folder: Path
) -> Joined:
    """Join the logs of the sources of a configuration.

    Parameters
    ----------
    logs : mapping of str to EventLog
        By the names of the sources, in their order.
    sources : sequence of mapping
        What the configuration says of each.
    asked : mapping
        Its other keys: precedence, same, offsets, identity or stitch; goal and start for what stitching changes.
    folder : Path
        What paths are relative to.

    Raises
    ------
    JourneylogError
        If a name is no source, or ids cannot be read.

    Notes
    -----
    Clocks are set right first, so links between ids and tolerances are of corrected times. Links are read before
    copies are left out, as a copy may be the only event that says whose a device is. A source without any event has
    nothing to say, and is left out of what names it.
    """
    clocks, offsets = _on_one_clock(logs, asked.get("offsets", {}))
    parts = list(clocks.values())
    first = [name for name in asked.get("precedence", ()) if _is_there(name, logs)]
    same = [rule for rule in map(_same(logs), asked.get("same", ())) if rule is not None]
    log = jl.combine(*parts, precedence=first, same=same) if len(parts) > 1 or first or same else parts[0]
    facts: dict[str, Any] = {
        "duplicates": log.card.deduplicated,
        "told_twice": log.card.deduplicated - sum(part.card.deduplicated for part in parts),
        "offsets": {name: _offset_facts(offset, name) for name, offset in offsets.items()},
        "identity": None,
    }
    identity = _identity_of(asked)
    if identity is None:
        return Joined(log, facts)
    mapped = _map(identity, log, clocks, sources, offsets, folder)
    stitched = mapped.apply(log, precedence=first)
    facts["identity"] = {
        "links": mapped.about.get("n_links"),
        "conflicts": mapped.about.get("n_conflicts"),
        "actors_before": log.n_actors,
        "actors_after": stitched.n_actors,
        **_conversion(log, mapped, asked.get("goal"), asked.get("start")),
    }
    return Joined(stitched, facts)


def _identity_of(asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what is asked of identity; ``stitch`` is short for the column, with the words of :func:`journeylog.stitch`."""
    if "stitch" in asked:
        return {"by": asked["stitch"], "policy": "merge", "shared": "apart"}
    return dict(asked["identity"]) if "identity" in asked else None


def _on_one_clock(
    logs: Mapping[str, EventLog], given: Mapping[str, Any]
) -> tuple[dict[str, EventLog], dict[str, Any]]:
    """Return the logs with their clocks set right, and the offsets: declared ones first, as others may lean on them."""
    clocks, offsets = dict(logs), {}
    for name in sorted(given, key=lambda name: isinstance(given[name], dict)):
        offset = given[name]
        if not _is_there(name, logs):
            continue
        if isinstance(offset, dict):
            offset = _estimated(clocks, name, offset)
            if offset.micros is None:
                continue  # told by a warning: nothing was in both logs
        offsets[name] = offset
        for own, log in clocks.items():
            if _has(log, name):
                clocks[own] = _noted(jl.combine(log, offsets={name: offset}), name, given[name], offset)
    return clocks, offsets


def _estimated(logs: Mapping[str, EventLog], name: str, asked: Mapping[str, Any]) -> Offset:
    against, on, events = asked["against"], asked["on"], asked.get("events")
    keys = (on[against], on[name]) if isinstance(on, Mapping) else (on, on)
    compared = None if events is None else (events[against], events[name])
    found: Offset = jl.estimate_offset(logs[against], logs[name], on=keys[0], on_b=keys[1], events=compared)
    return found


def _noted(log: EventLog, name: str, asked: Any, offset: Any) -> EventLog:
    """Return the log with a note of how an offset was estimated."""
    if not isinstance(offset, Offset) or offset.micros is None:
        return log
    words = {"name": name, "against": asked["against"], "n": offset.n}
    if offset.low is None or offset.high is None:
        said = note(
            "the clock of {name!r} was compared with that of {against!r} by {n:,} events of both", **words
        )
    else:
        said = note(
            "the clock of {name!r} was compared with that of {against!r} by {n:,} events of both; their median is sure "
            "(95 %) to {by}",
            by=Span(max(offset.high - offset.micros, offset.micros - offset.low)),
            **words,
        )
    card = dataclasses.replace(log.card, notes=(*log.card.notes, said))
    return dataclasses.replace(log, card=card)


def _same(logs: Mapping[str, EventLog]) -> Any:
    """Return what makes a rule of a table; None where fewer than two of its sources have events."""

    def rule(asked: Mapping[str, Any]) -> jl.Same | None:
        events = {name: told for name, told in asked["events"].items() if _is_there(name, logs)}
        return jl.Same(events, on=asked["on"], within=asked.get("within")) if len(events) > 1 else None

    return rule


def _map(
    asked: dict[str, Any],
    log: EventLog,
    logs: Mapping[str, EventLog],
    sources: Sequence[Mapping[str, Any]],
    offsets: Mapping[str, Any],
    folder: Path,
) -> IdentityMap:
    """Return who is who: a map that was saved, or one made of the links of the sources."""
    if "map" in asked:
        return IdentityMap.load(folder / asked["map"])
    by, listed = asked.pop("by", None), asked.pop("links", ())
    parts: list[Links] = []
    if by is not None:
        having = [one for one in logs.values() if by in one.columns]
        parts += [jl.links(one, end=by) for one in having or [log]]
    for i, links in enumerate(listed, 1):
        try:
            parts.append(_links(links, logs, sources, offsets, folder))
        except JourneylogError as error:
            raise type(error)(f"identity: links {i}: {error}") from error
    if any(part.time is None for part in parts):  # then the policy may not ask for times of any
        parts = [dataclasses.replace(part, time=None) for part in parts]
    found: IdentityMap = jl.identity(parts, **asked).map
    return found


def _links(
    asked: Mapping[str, Any],
    logs: Mapping[str, EventLog],
    sources: Sequence[Mapping[str, Any]],
    offsets: Mapping[str, Any],
    folder: Path,
) -> Links:
    """Return the links of a table, of two columns of a source, or of the records its format declares."""
    said = {key: value for key, value in asked.items() if key not in ("source", "path")}
    if "path" in asked:
        return jl.links(folder / asked["path"], **{"time": None, **said})
    name = asked["source"]
    if "end" in said:
        return jl.links(logs[name], start=said.get("start"), end=said["end"])
    source = next(one for one in sources if one["name"] == name)
    how = {key: value for key, value in source.items() if key in READING} | said
    if "format" not in how:
        raise ConfigError(
            f'the source {name!r} has no format that knows its links. Fix: start = "device_id", end = "user_id"'
        )
    found: Links = jl.links(folder / source["path"], **how)
    ahead = offset_micros(offsets[name], name) if name in offsets else 0
    return found if not ahead or found.time is None else dataclasses.replace(found, time=found.time - ahead)


def _conversion(log: EventLog, mapped: IdentityMap, goal: Any, start: Any) -> dict[str, Any]:
    """Return how many actors met the goal, before and after."""
    if goal is None:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyResultWarning)  # the map tells of names nobody has
        table, _ = effect_tables(log.chunk, mapped, goal, start)
    names = ("n_started", "n_converted")
    return {
        f"{name}_{when}": int(table[name].iloc[i])
        for i, when in enumerate(("before", "after"))
        for name in names
    }


def _offset_facts(offset: Any, name: str) -> dict[str, Any]:
    if not isinstance(offset, Offset):
        return {"offset_s": offset_micros(offset, name) / 1e6}
    row = offset.table.iloc[0]
    kept = ("n", "offset_s", "offset_low_s", "offset_high_s")
    return {key: None if row[key] != row[key] else float(row[key]) for key in kept}


def _is_there(name: str, logs: Mapping[str, EventLog]) -> bool:
    """Return whether an event has this source; a name that no source of the file has either is left for an error."""
    return name not in logs or any(_has(log, name) for log in logs.values())


def _has(log: EventLog, name: str) -> bool:
    source = source_of(log.chunk)
    return source is not None and name in source.names
