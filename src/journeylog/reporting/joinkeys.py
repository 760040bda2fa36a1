"""Keys of a configuration that say how several sources become one log, and whose events are one customer's."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import journeylog as jl
from journeylog.errors import ConfigError, nearest
from journeylog.ingest.identity.policy import POLICIES, SHARED
from journeylog.reporting.keys import Key, abouts, as_object, check_keys, check_table, key_of, kinds_of

__all__ = ["JOINING", "READING", "check_joining", "joining_schema"]

#: Arguments of :func:`journeylog.read` that say how a table is written, not what is in it.
READING: Final = (
    "format", "container", "sheet", "tz", "time_unit", "time_format", "ambiguous", "time_range", "delimiter", "quote",
    "encoding", "names", "max_field_bytes", "max_decompressed_bytes", "placeholders", "schema_drift", "max_rejected",
    "pseudonym_key", "threads",
)  # fmt: skip
_COLUMNS: Final = ("string", "array", "object")
_KEY: Final = "a column, a list of columns, or a table of source to these"

#: Keys above the first [[source]].
JOINING: Final[Mapping[str, Key]] = {
    "precedence": Key(
        ("array",), "a list of sources",
        "Whose events come first at equal times, and whose copy is kept where several tell the same.",
    ),
    "same": Key(("array",), "tables [[same]]", "What several sources tell alike, such as a purchase: it counts once."),
    "offsets": Key(
        ("object",), 'a table such as {orders = "3s"}',
        "For each source how far its clock is ahead, or by what to estimate that; its times are set back by it.",
    ),
    "identity": Key(("object",), "a table [identity]", "Which ids are one customer."),
}  # fmt: skip
_SAME: Final[Mapping[str, Key]] = {
    "events": Key(("object",), 'a table such as {clicks = "purchase", orders = "ordered"}',
                  "For each source the events that tell it.", needed=True),
    "on": Key(_COLUMNS, _KEY, "The columns that must be equal, actor among them if wanted.", needed=True),
    "within": Key(("string",), "a duration such as '10min'", "How far the two times may lie apart; by default any."),
}  # fmt: skip
_OFFSET: Final[Mapping[str, Key]] = {
    "against": Key(("string",), "the name of a source", "The source whose clock is right.", needed=True),
    "on": Key(_COLUMNS, _KEY, "Columns whose values name the same thing in both.", needed=True),
    "events": Key(("object",), 'a table such as {clicks = "purchase", orders = "ordered"}',
                  "For both sources the events that are compared; by default all."),
}  # fmt: skip


def _identity() -> dict[str, Key]:
    """Return what the table [identity] may hold: arguments of :func:`journeylog.identity`, links, or a map."""
    about = abouts(jl.identity)
    return {
        "by": Key(("string",), "a column with the known id", "The column that names the customer on some events."),
        "policy": Key(("string",), f"one of {list(POLICIES)}", about["policy"], choices=POLICIES),
        "shared": Key(("string",), f"one of {list(SHARED)}", about["shared"], choices=SHARED),
        "lookback": Key(("string",), "a duration such as '30d'", "How far policy = \"back\" looks; by default 30d."),
        "known": Key(("array",), "a list of ids", about["known"]),
        "merge_known": Key(("boolean",), "true or false", about["merge_known"]),
        "links": Key(
            ("array",), "tables [[identity.links]]", "Ids that belong together: of a table, or of a source's rows.",
        ),
        "map": Key(
            ("string",), "the path of a saved map",
            "A map that was saved before (.parquet or .json), in place of all other keys.",
        ),
    }  # fmt: skip


def _links() -> dict[str, Key]:
    """Return what [[identity.links]] may hold."""
    about, given = abouts(jl.read), inspect.signature(jl.read).parameters
    own = {
        "source": "A source of this file: two of its columns, or the identify and alias records of its format.",
        "path": "A table of links, relative to the configuration.",
        "start": "The column with the id that is linked, such as a device.",
        "end": "The column with the id that it is linked to, such as a customer number.",
        "time": "The column that says when that was seen; without it the policy has to be merge, and shared apart.",
    }
    found = {name: Key(("string",), "a text", said) for name, said in own.items()}
    return found | {
        name: key_of(kinds_of(str(given[name].annotation)), about.get(name, "")) for name in READING
    }


def joining_schema() -> dict[str, Any]:
    """Return the keys as JSON Schema."""
    found = {name: key.schema() for name, key in JOINING.items()}
    found["precedence"]["items"] = {"type": "string"}
    found["same"]["items"] = as_object(_SAME)
    found["same"]["items"]["properties"]["events"]["minProperties"] = 2
    found["offsets"]["additionalProperties"] = {"anyOf": [{"type": "string"}, as_object(_OFFSET)]}
    links = as_object(_links()) | {"oneOf": [{"required": ["source"]}, {"required": ["path"]}]}
    found["identity"] |= as_object(_identity())
    found["identity"]["properties"]["links"]["items"] = links
    found["identity"] |= {
        "anyOf": [{"required": [key]} for key in ("by", "links")]
        + [{"required": ["map"], "maxProperties": 1}],
        "not": {"required": ["map"], "minProperties": 2},
    }
    return found


def check_joining(data: Mapping[str, Any], name: str) -> None:
    """Refuse what cannot be joined as asked, before anything is read.

    Raises
    ------
    ConfigError
        The message names the key, and the nearest known one.
    """
    names = [source["name"] for source in data["source"]]
    # a column of the data may name the sources; only reading it tells which there are
    fixed = None if any("source" in source for source in data["source"]) else names
    _check_names(data.get("precedence", ()), fixed, f"{name}: precedence")
    for i, rule in enumerate(data.get("same", ()), 1):
        where = f"{name}: same {i}"
        check_table(rule, _SAME, where, "same")
        _check_names(rule["events"], fixed, f"{where}: events")
        _check_told(rule, data.get("precedence", ()), where)
    _check_offsets(data.get("offsets", {}), names, fixed, f"{name}: offsets")
    if "identity" in data:
        if "stitch" in data:
            raise ConfigError(
                f"{name}: stitch and [identity] both say whose events are one customer's. Fix: by = "
                f'"{data["stitch"]}" in [identity], without stitch'
            )
        _check_identity(data["identity"], names, f"{name}: identity")


def _check_told(rule: Mapping[str, Any], precedence: Sequence[str], where: str) -> None:
    """Refuse a rule of fewer than two sources, or that does not say whose copy is kept, or by what key."""
    told = list(rule["events"])
    if len(told) < 2:
        raise ConfigError(
            f'{where}: events names one source. Fix: such as {{clicks = "purchase", orders = "ordered"}}'
        )
    missing = [one for one in told if one not in precedence]
    if missing:
        raise ConfigError(
            f"{where}: whose copy is kept is not said: {missing[0]!r} is not in precedence. Fix: precedence = "
            f"{[*precedence, *missing]} above the first [[source]], the one that is kept first"
        )
    _check_key(rule["on"], told, where)


def _check_key(on: Any, told: Sequence[str], where: str) -> None:
    missing = [one for one in told if isinstance(on, Mapping) and one not in on]
    if missing:
        raise ConfigError(f"{where}: on names no column of {missing[0]!r}. Fix: one for each of {list(told)}")


def _check_offsets(given: Mapping[str, Any], names: Sequence[str], fixed: Any, where: str) -> None:
    for name, offset in given.items():
        here = f"{where}: {name}"
        if isinstance(offset, str):
            _check_names([name], fixed, where)
            continue
        if not isinstance(offset, dict):
            raise ConfigError(f'{here} = {offset!r} has no unit. Fix: "3s", or a table with against and on')
        check_table(offset, _OFFSET, here, f"offsets.{name}")
        _check_names([name], names, where)
        against = offset["against"]
        _check_names([against], names, f"{here}: against")
        if against == name or isinstance(given.get(against), dict):
            raise ConfigError(
                f"{here}: the clock of {against!r} is estimated itself. Fix: against = a source whose clock is right"
            )
        _check_key(offset["on"], (name, against), here)
        for one in (name, against) if "events" in offset else ():
            if one not in offset["events"]:
                raise ConfigError(f'{here}: events names none of {one!r}. Fix: {one} = "..."')


def _check_identity(given: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    check_keys(given, _identity(), f"{where}: ")
    if "map" in given and len(given) > 1:
        other = next(key for key in given if key != "map")
        raise ConfigError(f"{where}: the map says already who is who. Fix: leave out {other}")
    if not {"by", "links", "map"} & set(given):
        raise ConfigError(
            f'{where} names no ids. Fix: by = "user_id", a table [[identity.links]], or map = "..."'
        )
    for i, links in enumerate(given.get("links", ()), 1):
        here = f"{where}: links {i}"
        check_table(links, _links(), here, "identity.links")
        if ("path" in links) == ("source" in links):
            raise ConfigError(f'{here}: needs path or source, one of them. Fix: path = "links.csv"')
        if "source" in links:
            _check_names([links["source"]], names, f"{here}: source")
        elif "format" not in links:
            for key in ("start", "end"):
                if key not in links:
                    raise ConfigError(
                        f'{here} has no {key}. Fix: {key} = the name of a column, or format = "..."'
                    )


def _check_names(given: Iterable[Any], known: Sequence[str] | None, where: str) -> None:
    for one in given:
        if known is not None and one not in known:
            near = nearest(str(one), known)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {list(known)}"
            raise ConfigError(f"{where}: no source is called {one!r}. Fix: {hint}")
