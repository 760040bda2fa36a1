"""A look at the beginning of a file, for a first configuration: what it needs to be read, and its first rows."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import pyarrow as pa

from journeylog.core.kernels.time import WALL
from journeylog.core.time import read_stamps
from journeylog.core.time_format import fitting_formats
from journeylog.core.time_rule import TimeRule
from journeylog.errors import ConfigError
from journeylog.ingest.containers import READERS, Dialect, open_tables
from journeylog.ingest.containers.encodings import guess_encoding
from journeylog.ingest.containers.files import File, find_files, open_bytes

__all__ = ["Look", "look_at", "time_lines"]

_ROWS: Final = 200
_START: Final = 1 << 16
_SIGNS: Final = ",;\t|"
_UNITS: Final = ((10**17, "ns"), (10**14, "us"), (10**11, "ms"), (10**8, "s"))
_MOST: Final = 0.8


@dataclass(frozen=True)
class Look:
    """The beginning of a file.

    Parameters
    ----------
    columns : tuple of str
    rows : list of dict
    said : tuple of str
        What a configuration has to say so that the file is read at all.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    said: tuple[str, ...] = ()

    def values(self, column: str) -> list[Any]:
        """Return what stands in a column, without what is missing."""
        return [row[column] for row in self.rows if row.get(column) not in (None, "")]


def look_at(path: Path) -> Look:
    """Return the first rows of a file, of the first file of a folder, or of a pattern.

    Raises
    ------
    ConfigError
        If it is of a kind that is not looked into.
    ParseError
        If it is not there, or cannot be read.
    """
    files = find_files(path, READERS) or []
    if files[0].suffix not in READERS:
        raise ConfigError(
            f"{files[0].name} is not looked into. Fix: CSV, TSV, JSON, Parquet or Excel; for other sources write [[source]] "
            'by hand, for example with format = "apache_combined"; journeylog formats lists all of them'
        )
    dialect = Dialect()
    said: tuple[str, ...] = ()
    if files[0].suffix in (".csv", ".tsv"):
        dialect, said = _dialect(files[0])
    opened = open_tables(files[0].path, dialect, None)
    with closing(opened):
        table = next(opened)
        rows = list(islice(_rows(table.pieces(None)), _ROWS))
        columns = tuple(table.columns) or tuple(dict.fromkeys(key for row in rows for key in row))
    return Look(columns, rows, said)


def _rows(pieces: Iterator[Any]) -> Iterator[dict[str, Any]]:
    for work in pieces:
        yield from work().rows.slice(0, _ROWS).to_pylist()


def _dialect(file: File) -> tuple[Dialect, tuple[str, ...]]:
    """Return how a text is written by the looks of its first lines, and the lines that say so."""
    with file.opened() as opened:
        raw = open_bytes(opened).read(_START)
    encoding, said = "utf-8", []
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        try:
            raw[: raw.rfind(b"\n") + 1].decode("utf-8")
        except UnicodeDecodeError:
            encoding = guess_encoding(raw)
    if encoding != "utf-8":
        said.append(
            f'encoding = "{encoding}"   # CHECK: the bytes are no UTF-8; are umlauts and the like right?'
        )
    text = raw.decode(encoding, "replace").removeprefix("\ufeff")
    header = next(csv.reader(text.splitlines()[:1], delimiter="\0"), [""])[0] if text else ""
    usual = "\t" if file.suffix == ".tsv" else ","
    sign = max(_SIGNS, key=header.count)
    if sign == usual or not header.count(sign):
        return Dialect(encoding=encoding), tuple(said)
    told = "\\t" if sign == "\t" else sign
    return Dialect(delimiter=sign, encoding=encoding), (f'delimiter = "{told}"', *said)


def time_lines(values: Sequence[Any], named: bool = True) -> list[str] | None:
    """Return what has to be said so that these values are read as times; None when they look like none.

    Parameters
    ----------
    values : sequence
    named : bool
        Whether the name of the column says that these are times, so that numbers may be some.

    Examples
    --------
    >>> time_lines(["31.01.2025 10:00", "01.02.2025 11:00"])[0]
    'time_format = "%d.%m.%Y %H:%M"   # CHECK: is this how the times are written?'
    >>> time_lines(["home", "cart"]) is None
    True
    """
    some = [value for value in values if value not in (None, "")]
    zone = 'tz = "UTC"   # CHECK: the stamps name no zone; which is it?'
    if not some:
        return None
    if isinstance(some[0], dt.date):
        return [] if getattr(some[0], "tzinfo", None) is not None else [zone]
    numbers = [int(float(v)) for v in map(str, some) if v.replace(".", "", 1).isdigit()]
    if len(numbers) == len(some):
        unit = next((name for least, name in _UNITS if median(numbers) >= least), None)
        return [f'time_unit = "{unit or "?"}"   # CHECK: the times are numbers'] if named else None
    texts = pa.array([str(value) for value in some])
    verdict = read_stamps(texts, TimeRule()).verdict
    if (verdict <= WALL).mean() >= _MOST:
        return [zone] if (verdict == WALL).mean() > _MOST / 2 else []
    found = fitting_formats(texts)
    if not found:
        return None
    asked = "is this how the times are written?" if len(found) == 1 else f"or {' or '.join(found[1:4])}?"
    return [f'time_format = "{found[0]}"   # CHECK: {asked}', *([] if "%z" in found[0] else [zone])]
