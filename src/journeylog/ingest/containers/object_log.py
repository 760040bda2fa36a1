"""OCEL in any of its writings, told apart by the first bytes; XML may be XES too."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from journeylog.errors import ParseError, SchemaError, cut
from journeylog.ingest.containers.base import Dialect, Opened
from journeylog.ingest.containers.files import File, open_bytes
from journeylog.ingest.containers.ocel import Journeys
from journeylog.ingest.containers.ocel_json import read_json
from journeylog.ingest.containers.ocel_sqlite import read_sqlite
from journeylog.ingest.containers.ocel_xml import read_xml
from journeylog.ingest.containers.xes import XesLog

__all__ = ["object_log", "xml_log"]

_SQLITE: Final = b"SQLite format 3\0"
#: Elements that only a log of objects begins with, and how far the beginning goes.
_OF_OBJECTS: Final = (b"<object-types", b"<event-types", b"<objects", b"<events")
_HEAD: Final = 1 << 16


def object_log(file: File, dialect: Dialect) -> Opened:
    """Return the journeys of the objects of one type in a log of objects.

    Raises
    ------
    ParseError, SchemaError
        If it is no such log, or empty.
    ConfigError
        If it is not said whose journeys are meant.
    """
    file, head = _look(file)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head.startswith(_SQLITE):
        content = read_sqlite(file)
    elif start == b"<":
        content = read_xml(file, dialect)
    elif start == b"{":
        content = read_json(file, dialect)
    elif not head:
        raise SchemaError(
            f"{file.name}: the file is empty. Fix: check the export that should have written it"
        )
    else:
        raise ParseError(
            f"{file.name} is no log of objects: it begins with {cut(head[:40])}. Fix: check what it is"
        )
    return Journeys(file.name, content, dialect.object_type)


def xml_log(file: File, dialect: Dialect) -> Opened:
    """Return what a log in XML holds, be it one of objects or XES."""
    file, head = _look(file)
    return (object_log if any(word in head for word in _OF_OBJECTS) else XesLog)(file, dialect)


def _look(file: File) -> tuple[File, bytes]:
    """Return the beginning of a file unpacked, and the file as if nobody had looked."""
    if file.path is not None and file.path.is_file():
        with file.path.open("rb", buffering=0) as handle:
            return file, open_bytes(replace(file, handle=handle)).peek(_HEAD)
    stream = open_bytes(file)
    packing = file.packing is not None
    return replace(
        file, handle=stream, name=file.name.rpartition(".")[0] if packing else file.name
    ), stream.peek(_HEAD)
