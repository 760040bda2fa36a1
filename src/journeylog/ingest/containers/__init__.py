"""Containers: how rows lie in files and frames. A new one is a file here and a line in :data:`READERS`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any, Final

from journeylog.errors import ConfigError, ParseError
from journeylog.ingest.containers.arrow import ArrowTable
from journeylog.ingest.containers.base import Dialect, Opened, Piece, Work
from journeylog.ingest.containers.csv import CsvTable
from journeylog.ingest.containers.escaped import EscapedTable
from journeylog.ingest.containers.excel import ExcelSheet
from journeylog.ingest.containers.files import File, copies, find_files, first_kind
from journeylog.ingest.containers.frame import FrameTable, is_ordered
from journeylog.ingest.containers.json_array import json_file
from journeylog.ingest.containers.jsonl import JsonLines
from journeylog.ingest.containers.lines import Lines
from journeylog.ingest.containers.object_log import object_log, xml_log
from journeylog.ingest.containers.parquet import ParquetTable
from journeylog.ingest.containers.partitions import Partitioned
from journeylog.ingest.containers.query import QueryTable
from journeylog.ingest.containers.typed import Typed
from journeylog.ingest.containers.w3c import W3cLines
from journeylog.ingest.containers.xes import PRESET, XesLog

__all__ = [
    "READERS",
    "Dialect",
    "Opened",
    "Piece",
    "Work",
    "one_ordered_stream",
    "open_tables",
    "preset_roles",
    "same_files",
]

#: Reader of each kind of file, by suffix.
READERS: Final[dict[str, Callable[[File, Dialect], Opened]]] = {
    ".csv": CsvTable,
    ".tsv": CsvTable,
    ".parquet": ParquetTable,
    ".pq": ParquetTable,
    ".arrow": ArrowTable,
    ".feather": ArrowTable,
    ".ipc": ArrowTable,
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
    ".json": json_file,
    ".lines": Lines,
    ".w3c": W3cLines,
    ".escaped": EscapedTable,
    ".xlsx": ExcelSheet,
    ".xes": XesLog,
    ".ocel": object_log,
    ".jsonocel": object_log,
    ".xmlocel": object_log,
    ".sqlite": object_log,
    ".xml": xml_log,
}
#: Logs of process mining, whose standards say which attribute is which role.
_PRESET: Final = (XesLog, object_log, xml_log)


def open_tables(
    data: Any, dialect: Dialect, kind: str | None, fallback: str | None = None
) -> Generator[Opened, None, None]:
    """Open what `data` means, one table after the other; each is closed when the next is asked for.

    Raises
    ------
    ParseError, SchemaError
        If a file is not what it is said to be, or is empty.
    ConfigError
        If nothing here can be read.
    """
    files = find_files(data, READERS)
    if kind is not None and kind.startswith("xlsx:"):
        kind, _, sheet = kind.partition(":")
        dialect = replace(dialect, sheet=sheet)
    if kind == "tsv" and dialect.delimiter is None:
        dialect = replace(dialect, delimiter="\t")
    if files is not None:
        for file in files:
            reader = _reader(file, kind, fallback)
            if dialect.object_type is not None and reader not in (object_log, xml_log):
                raise ConfigError(
                    f"object_type={dialect.object_type!r} is for logs of objects (OCEL), and {file.name} is none. "
                    "Fix: leave it out, or pass container='ocel'"
                )
            written = dialect if fallback is None else _written(file, kind, fallback, dialect)
            if fallback == "escaped" and written is dialect and reader is CsvTable:
                reader = EscapedTable
            with replace(file, max_unpacked=dialect.max_unpacked).opened() as opened:
                table = reader(opened, written)
                table = Partitioned(table, file.partition) if file.partition else table
                yield Typed(table, dialect.types) if dialect.types else table
    elif isinstance(data, QueryTable):
        yield data
    elif hasattr(data, "__arrow_c_stream__"):
        yield FrameTable(data)
    else:
        raise ConfigError(
            f"{type(data).__name__} cannot be read. Fix: pass a path, a glob, a folder, a list of paths, an open "
            "file, or a frame of pandas, Polars, DuckDB or pyarrow"
        )


def preset_roles(data: Any, kind: str | None) -> Mapping[str, str]:
    """Return the roles that the standard of all the files of an input gives to columns, if it does."""
    files = find_files(data, READERS) or []
    suffixes = {file.suffix for file in files} if kind is None else {"." + kind.removeprefix(".")}
    return PRESET if files and all(READERS.get(suffix) in _PRESET for suffix in suffixes) else {}


def one_ordered_stream(data: Any) -> bool:
    """Return whether the input has an order of its own: one file, or a frame whose rows are in order."""
    files = find_files(data, READERS)
    return is_ordered(data) if files is None else len(files) <= 1


def same_files(data: Any) -> list[tuple[str, str]]:
    """Return the files among `data` that hold the same bytes as one before them, with its name."""
    return copies(find_files(data, READERS) or [])


def _written(file: File, kind: str | None, native: str, dialect: Dialect) -> Dialect:
    """Return how a file is written: what a format says of its vendor's own files holds for no table made of them."""
    suffix = file.suffix if kind is None else "." + kind.removeprefix(".")
    escaped = native == "escaped" and suffix == ".tsv" and dialect.names is not None
    if suffix not in READERS or suffix == f".{native}" or escaped:
        return dialect
    usual = Dialect()
    return replace(dialect, exact=False, **{name: getattr(usual, name) for name in dialect.own})


def _reader(file: File, kind: str | None, fallback: str | None) -> Callable[[File, Dialect], Opened]:
    suffix = file.suffix if kind is None else "." + kind.removeprefix(".")
    if suffix in READERS:
        return READERS[suffix]
    if kind is None and fallback is not None:
        return _reader(file, fallback, None)
    if kind is None and file.handle is not None:
        return CsvTable
    if kind is None:
        found = first_kind(file)
        if found is not None:
            raise ParseError(f"{file.name} is {found.what}. Fix: {found.fix}")
    what = (
        f"container={kind!r} is unknown"
        if kind is not None
        else f"{file.name}: the name does not say what it is"
    )
    raise ConfigError(f"{what}. Fix: pass container=, one of {[s[1:] for s in READERS]}")
