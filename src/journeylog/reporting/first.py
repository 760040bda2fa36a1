"""``journeylog init``: a first configuration from a look at the files, to be read and mended by who knows them."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from journeylog.errors import ConfigError, cut
from journeylog.ingest.formats.known import formats
from journeylog.reporting.exits import Exit
from journeylog.reporting.terminal import Voice
from journeylog.reporting.write import reserved

__all__ = ["first_config", "write_first_config"]

#: Names that columns of each role often have, the surest first, in small letters without signs.
_USUAL: Final[dict[str, tuple[str, ...]]] = {
    "actor": (
        "actor", "userid", "customerid", "clientid", "accountid", "memberid", "visitorid", "contactid", "personid",
        "deviceid", "anonymousid", "distinctid", "sessionid", "caseid", "customer", "user", "client", "contact",
        "respondent", "requester", "id",
    ),
    "event": (
        "event", "eventname", "eventtype", "action", "activity", "concept:name", "step", "status", "stage", "name", "type",
    ),
    "time": (
        "timestamp", "eventtime", "time", "ts", "tsms", "eventtimestamp", "occurredat", "createdat", "datetime", "date",
        "answeredat", "at", "changedat", "updatedat",
    ),
    "channel": ("channel", "medium", "saleschannel", "platform", "via", "device"),
    "value": ("value", "amount", "revenue", "price", "total", "sum"),
    "currency": ("currency", "currencycode"),
    "score": ("score", "nps", "csat", "ces", "rating", "stars"),
    "text": ("text", "comment", "feedback", "review", "message"),
    "event_id": ("eventid", "messageid", "insertid", "uuid"),
}  # fmt: skip
_NEEDED: Final = ("actor", "event", "time")
_ROWS: Final = 50
_UNITS: Final = ((10**17, "ns"), (10**14, "us"), (10**11, "ms"), (10**8, "s"))
_ZONE: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


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
    rows = _look(file)
    columns = list(rows[0]) if rows else []
    lines = [
        "[[source]]",
        f'name = "{file.name.split(".")[0]}"',
        f"path = {json.dumps(_relative(file, folder))}",
    ]
    lines += _format_hint(columns)
    taken: set[str] = set()
    for role, usual in _USUAL.items():
        found = next((c for word in usual for c in columns if _plain(c) == word and c not in taken), None)
        if found is not None:
            taken.add(found)
            lines.append(f"{role} = {json.dumps(found)}")
            lines += _more(role, [row.get(found) for row in rows])
        elif role in _NEEDED:
            lines.append(f'{role} = "?"   # CHECK: one of {cut(columns)}')
    return [*lines, *_shape_hint(columns), ""]


def _shape_hint(columns: Sequence[str]) -> list[str]:
    """Return a line for a table with one column a status, or for a history of fields."""
    stamps = [column for column in columns if column.endswith("_at")]
    if {"field", "new_value"} <= set(columns):
        return [
            '# history = { object = "?", field = "field", new = "new_value", time = "?" }   # CHECK: a history of fields? '
            "Then no event and time above"
        ]
    if len(stamps) > 1:
        told = ", ".join(f"{column.removesuffix('_at')} = {json.dumps(column)}" for column in stamps)
        return [f"# stamps = {{ {told} }}   # CHECK: one column a status? Then no event and time above"]
    return []


def _more(role: str, values: list[Any]) -> list[str]:
    """Return what has to be said about the values of a role."""
    some = [value for value in values if value not in (None, "")]
    if role == "time" and some:
        numbers = [int(v) for v in map(str, some) if v.isdigit()]
        if len(numbers) == len(some):
            unit = next((name for least, name in _UNITS if min(numbers) >= least), None)
            return [f'time_unit = "{unit or "?"}"   # CHECK: the times are numbers']
        if not all(_ZONE.search(str(value)) for value in some) and isinstance(some[0], str):
            return ['tz = "UTC"   # CHECK: the stamps name no zone; which is it?']
    if role == "score" and some:
        told = sorted({str(value) for value in some})
        return [f"score_scale = [0, 10]   # CHECK: the scale; seen were {cut(told)}"]
    return []


def _format_hint(columns: Sequence[str]) -> list[str]:
    """Return a line that names the known format whose columns these are, if there is one."""
    mine = set(columns)
    for row in formats().table.to_dict("records"):
        needed = {str(row[role]) for role in _NEEDED}
        if len(needed) == 3 and needed <= mine and needed != {"actor", "event", "time"}:
            return [
                f'# format = "{row["format"]}"   # CHECK: the columns are those of this export; it then says all below'
            ]
    return []


def _look(file: Path) -> list[dict[str, Any]]:
    """Return the first rows of a file.

    Raises
    ------
    ConfigError
        If the file is not there or of a kind that is not looked into.
    """
    if not file.is_file():
        raise ConfigError(f"no file {file}. Fix: check the path")
    kind = file.name.removesuffix(".gz").rsplit(".", 1)[-1].lower()
    if kind == "parquet":
        with pq.ParquetFile(file) as opened:
            batch = next(opened.iter_batches(_ROWS), None)
            return batch.to_pylist() if batch is not None else []
    if kind not in ("csv", "tsv", "txt", "jsonl", "ndjson", "json"):
        raise ConfigError(
            f"{file.name} is not looked into. Fix: CSV, TSV, JSON lines or Parquet; write other sources by hand"
        )
    opener = gzip.open if file.name.endswith(".gz") else open
    with opener(file, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
        first = list(islice(text, _ROWS + 1))
    if kind in ("jsonl", "ndjson", "json"):
        rows = [
            json.loads(line) for line in first if line.strip().startswith("{") and line.strip().endswith("}")
        ]
        return [row for row in rows if isinstance(row, dict)]
    sign = max(",;\t|", key=first[0].count) if first else ","
    return list(csv.DictReader(first, delimiter=sign))


def _relative(file: Path, folder: Path) -> str:
    """Return the path as seen from the configuration's folder, where it lies below it."""
    place, base = file.resolve(), folder.resolve()
    return str(place.relative_to(base)) if place.is_relative_to(base) else str(place)


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]+", "", name.lower())
