"""``journeylog init``: a first configuration from a look at the files, to be read and mended by who knows them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from journeylog.errors import ConfigError, cut
from journeylog.ingest.containers import preset_roles
from journeylog.ingest.formats import feedback
from journeylog.ingest.formats.declare import mentioned
from journeylog.ingest.formats.known import fitting_formats, formats
from journeylog.reporting.exits import Exit
from journeylog.reporting.looks import Look, look_at, time_lines
from journeylog.reporting.terminal import Voice
from journeylog.reporting.write import reserved

__all__ = ["first_config", "write_first_config"]

#: Names that columns of each role often have, the surest first, in small letters without signs.
_USUAL: Final[dict[str, tuple[str, ...]]] = {
    "actor": (
        "actor", "userid", "customerid", "clientid", "accountid", "memberid", "visitorid", "contactid", "personid",
        "deviceid", "anonymousid", "distinctid", "sessionid", "caseid", "customer", "user", "client", "contact",
        "respondent", "requester", "kundennummer", "kundennr", "kundenid", "kunde", "nutzer", "клиент", "пользователь", "id",
    ),
    "event": (
        "event", "eventname", "eventtype", "action", "activity", "concept:name", "step", "status", "stage", "ereignis",
        "aktion", "событие", "действие", "name", "type", "page",
    ),
    "time": (
        "timestamp", "eventtime", "time", "ts", "tsms", "eventtimestamp", "occurredat", "createdat", "datetime", "date",
        "answeredat", "at", "changedat", "updatedat", "zeitpunkt", "zeitstempel", "zeit", "datum", "время", "дата",
    ),
    "channel": ("channel", "medium", "saleschannel", "platform", "via", "device", "kanal", "канал"),
    "value": ("value", "amount", "revenue", "price", "total", "sum", "betrag", "umsatz", "summe", "сумма"),
    "currency": ("currency", "currencycode", "währung", "валюта"),
    "score": ("score", "nps", "csat", "ces", "rating", "stars", "bewertung", "оценка"),
    "text": ("text", "comment", "feedback", "review", "message", "kommentar", "комментарий"),
    "event_id": ("eventid", "messageid", "insertid", "uuid"),
}  # fmt: skip
_NEEDED: Final = ("actor", "event", "time")
#: Columns that a vendor's format must explain before it is believed.
_EXPLAINED: Final = 5
_COMMA: Final = re.compile(r"-?[\d. ]*\d,\d{1,2}")


def write_first_config(files: Sequence[Path], out: Path, voice: Voice) -> Exit:
    """Write the configuration, unless there is one already."""
    if out.suffix != ".toml":
        raise ConfigError(
            f"{out.name} is no name of a TOML file. Fix: name it {out.with_suffix('.toml').name}"
        )
    if out.exists():
        raise ConfigError(f"{out} is there already. Fix: name another file with --out, or remove it first")
    text = first_config(files, out.parent)
    with reserved(out) as target:
        target.put(text.encode())
    open_ends = text.count("CHECK")
    lines = [
        f"{out}: {len(files)} sources; {open_ends} lines say CHECK and want a look",
        f"then: journeylog check {out} && journeylog run {out}",
    ]
    voice.tell(lines, {"config": str(out), "sources": len(files), "to_check": open_ends})
    return Exit.OK


def first_config(files: Sequence[Path], folder: Path) -> str:
    """Return a configuration in which every guess is marked.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place, "clicks.csv")
    ...     _ = file.write_text("user_id,event,timestamp\\nu1,home,2025-01-06T09:00:00Z\\n")
    ...     print(first_config([file], Path(place)).split("[[source]]")[1])
    <BLANKLINE>
    name = "clicks"
    path = "clicks.csv"
    actor = "user_id"
    event = "event"
    time = "timestamp"
    <BLANKLINE>
    # [personas]             # groups of customers with their maps; say what makes them
    # attribute = "segment"  # a column
    # rfm = "paid"           # the event that is an order: how lately, how often, for how much
    # clusters = true        # found from the journeys; needs the extra journeylog[personas]
    <BLANKLINE>
    # [output]               # by default everything in English, in the folder out; journeylog schema tells all keys
    # languages = ["en", "ru"]
    # files = ["map.html", "report.html", "report.xlsx", "tables.parquet"]
    <BLANKLINE>
    """
    head = [
        "# Made from a look at the files. Nothing here is certain: read every line, above all those that say CHECK.",
        'title = "Customer journeys"',
        'patience = "30d"          # silence after which a journey is given up; "auto" estimates it',
        '# goal = "paid"           # CHECK: the event a journey is meant to come to',
        '# stages = "shop"         # CHECK: a preset, or a table [stages]; jl.suggest_stages(log) proposes some',
        "",
    ]
    tail = [
        "# [personas]             # groups of customers with their maps; say what makes them",
        '# attribute = "segment"  # a column',
        '# rfm = "paid"           # the event that is an order: how lately, how often, for how much',
        "# clusters = true        # found from the journeys; needs the extra journeylog[personas]",
        "",
        "# [output]               # by default everything in English, in the folder out; journeylog schema tells all keys",
        '# languages = ["en", "ru"]',
        '# files = ["map.html", "report.html", "report.xlsx", "tables.parquet"]',
        "",
    ]
    return "\n".join([*head, *(line for file in files for line in _source(file, folder)), *tail])


def _source(file: Path, folder: Path) -> list[str]:
    look = look_at(file)
    name = file.name.split(".")[0] if not set(file.name) & set("*?[") else file.parent.name or "events"
    lines = [
        "[[source]]",
        f"name = {json.dumps(name)}",
        f"path = {json.dumps(_relative(file, folder))}",
        *look.said,
    ]
    if preset_roles(file, None):
        return [*lines, ""]  # the standard of such logs says what is what
    known = _format_of(look.columns)
    if known is not None:
        lines.append(
            f'format = "{known}"   # CHECK: the columns are those of this export, which says what they mean'
        )
        return [*lines, *_zone_of(known, look), ""]
    roles = _roles(look)
    if "actor" not in roles:
        roles["actor"] = next((c for c in look.columns if _is_id(c, look) and c not in roles.values()), "")
    stamps = _stamps(look, roles)
    choice = cut(list(look.columns))
    for role in _USUAL:
        column = roles.get(role, "")
        if role in ("event", "time") and len(stamps) > 1:
            lines += _told_stamps(stamps, look) if role == "time" else []
        elif column:
            asked = (
                f"   # CHECK: or one of {choice}"
                if role == "actor" and _plain(column) not in _USUAL[role]
                else ""
            )
            lines += [f"{role} = {_text(column)}{asked}", *_more(role, look.values(column))]
            lines += _known_later(look) if role == "actor" else []
        elif role == "event" and "time" in roles and look.rows:
            lines.append(
                f"event = {{ constant = {_text(name)} }}   # CHECK: are all rows one kind of event? Else one of {choice}"
            )
        elif role in _NEEDED:
            lines.append(f'{role} = "?"   # CHECK: one of {choice}')
    return [*lines, *_history_hint(look.columns), ""]


def _roles(look: Look) -> dict[str, str]:
    """Return the columns of the roles: by their names, that of the time also by its values."""
    roles: dict[str, str] = {}
    for role, usual in _USUAL.items():
        for word in usual:
            found = [c for c in look.columns if _plain(c) == word and c not in roles.values()]
            if role == "actor":
                found = [c for c in found if c not in _sparse(look)]
            if found and not (role == "event" and _numeric(look.values(found[0]))):
                roles[role] = found[0]
                break
    if "time" not in roles:
        dated = next((c for c in _dated(look) if c not in roles.values()), None)
        if dated is not None:
            roles["time"] = dated
    return roles


def _sparse(look: Look) -> list[str]:
    """Return columns of customers' ids that most rows lack, where another one has them: who logs in late has both."""
    n = {c: len(look.values(c)) for c in look.columns if _plain(c) in _USUAL["actor"]}
    return [c for c, filled in n.items() if 2 * filled < len(look.rows) and max(n.values()) > 2 * filled]


def _known_later(look: Look) -> list[str]:
    """Return a line for ids that are known of some rows only."""
    rows = len(look.rows)
    return [
        f"# {c} is missing in {rows - len(look.values(c))} of {rows} rows   # CHECK: stitch = {_text(c)} above the first "
        "[[source]] makes one customer of all devices that were ever seen with it"
        for c in _sparse(look)
    ]


def _dated(look: Look) -> list[str]:
    """Return the columns that hold times by their values; a name with a sign before it is that of who copied the rows."""
    return [
        c
        for c in look.columns
        if not c.startswith("_") and time_lines(look.values(c), named=False) is not None
    ]


def _stamps(look: Look, roles: Mapping[str, str]) -> list[str]:
    """Return the columns of a table with one column a status; none when an event is named, or one column is the time."""
    time = roles.get("time", "")
    named = _plain(time) in _USUAL["time"] and not time.endswith("_at")
    if "event" in roles or named or {"field", "new_value"} <= set(look.columns):
        return []
    dated = _dated(look)
    return [c for c in look.columns if c.endswith("_at") or c in dated]


def _told_stamps(stamps: Sequence[str], look: Look) -> list[str]:
    told = ", ".join(f"{_key(c.removesuffix('_at'))} = {_text(c)}" for c in stamps)
    more = next((lines for c in stamps if (lines := time_lines(look.values(c))) is not None), [])
    return [f"stamps = {{ {told} }}   # CHECK: one column a status? Else event and time", *more]


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _history_hint(columns: Sequence[str]) -> list[str]:
    """Return a line for a history of fields."""
    if {"field", "new_value"} <= set(columns):
        return [
            '# history = { object = "?", field = "field", new = "new_value", time = "?" }   # CHECK: a history of fields? '
            "Then no event and time above"
        ]
    return []


def _more(role: str, values: list[Any]) -> list[str]:
    """Return what has to be said about the values of a role."""
    if role == "time":
        return time_lines(values) or []
    if role == "score" and values:
        told = sorted({str(value) for value in values})
        return [f"score_scale = [0, 10]   # CHECK: the scale; seen were {cut(told)}"]
    if role == "value" and any(_COMMA.fullmatch(str(value)) for value in values):
        return ['decimal = ","']
    return []


def _format_of(columns: Sequence[str]) -> str | None:
    """Return the vendor's format that explains most of the columns, if it explains enough to be no accident.

    Those of answers are not among them: which question was asked no name of a column tells.
    """
    answers = {form.name for form in feedback.FORMATS}
    for name in fitting_formats(columns)[:1]:
        form = formats()[name]
        paths = [*mentioned(form), *(form.group.needs if form.group is not None else ())]
        named = {path.split(".")[0] for path in paths} | set(paths)
        if name not in answers and sum(column in named for column in columns) >= _EXPLAINED:
            return name
    return None


def _zone_of(name: str, look: Look) -> list[str]:
    form = formats()[name]
    if form.tz is not None or not isinstance(form.time, str) or form.time not in look.columns:
        return []
    return [line for line in time_lines(look.values(form.time)) or [] if line.startswith("tz")]


def _is_id(column: str, look: Look) -> bool:
    """Return whether a column looks like the id of a person or thing that comes again."""
    word = _plain(column)
    no_person = any(
        part in word for part in ("event", "message", "order", "session", "product", "item", "row")
    )
    return (
        word.endswith(("id", "email", "mail"))
        and not no_person
        and time_lines(look.values(column), named=False) is None
    )


def _numeric(values: Sequence[Any]) -> bool:
    return bool(values) and all(str(value).replace(".", "", 1).isdigit() for value in values)


def _relative(file: Path, folder: Path) -> str:
    """Return the path as seen from the configuration's folder, where it lies below it."""
    place, base = file.resolve(), folder.resolve()
    return str(place.relative_to(base)) if place.is_relative_to(base) else str(place)


def _plain(name: str) -> str:
    """Return a name in small letters without signs and without what stands in brackets, such as a unit."""
    return re.sub(r"[^\w:]|_", "", re.sub(r"\(.*?\)", "", name.lower()))
