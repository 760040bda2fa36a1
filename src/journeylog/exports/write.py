"""The one door out: a log as a file that other programs read, and that reads back as the same log."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa

from journeylog.core.aside import written_aside
from journeylog.core.log import EventLog
from journeylog.errors import ConfigError, nearest
from journeylog.exports.layout import lay_out
from journeylog.exports.ocel import write_ocel
from journeylog.exports.tables import write_csv, write_jsonl, write_parquet
from journeylog.exports.workbook import write_workbook
from journeylog.exports.xes import write_xes
from journeylog.ingest.door import read

__all__ = ["Written", "write"]

#: Kind of a file by its suffix.
_KINDS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xes": "xes",
    ".jsonocel": "ocel-json",
    ".xmlocel": "ocel-xml",
    ".sqlite": "ocel-sqlite",
    ".xlsx": "xlsx",
}
_PACKED: Final = {".gz": "gzip", ".zst": "zstd"}
_NEVER_PACKED: Final = ("parquet", "ocel-sqlite", "xlsx")


@dataclass(frozen=True)
class Written:
    """A file that was written; stands for its path.

    Parameters
    ----------
    path : Path
    format : str
    rows : int
        Events in it.
    reads : mapping of str to object
        Arguments with which :func:`journeylog.read` gives the same log back.
    changed : int
        Cells that are not the text itself: in CSV those with an apostrophe before them, so that no spreadsheet runs
        them; in a workbook those that were cut.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import journeylog as jl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = jl.write(jl.datasets.tiny(), pathlib.Path(folder) / "tiny.parquet")
    ...     written.rows, written.read().n_events, written.reads["time"]
    (12, 12, 'time')
    """

    path: Path
    format: str
    rows: int
    reads: Mapping[str, Any] = field(default_factory=dict)
    changed: int = 0

    def __fspath__(self) -> str:
        """Return the path."""
        return str(self.path)

    def read(self) -> EventLog:
        """Read it back."""
        return read(self.path, **self.reads)


def write(
    log: EventLog,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    safe_csv: bool = True,
    delimiter: str = ",",
    object_type: str = "actor",
) -> Written:
    """Write a log to a file; what was there before is replaced when all went well.

    Parameters
    ----------
    log : EventLog
    path : path
        The suffix says the kind: ``.csv``, ``.tsv``, ``.jsonl``, ``.parquet``, ``.xes``, ``.jsonocel``, ``.xmlocel``
        or ``.sqlite`` (the three writings of OCEL 2.0), ``.xlsx``, also packed (``.xes.gz``, ``.csv.zst``).
    format : {"csv", "tsv", "jsonl", "parquet", "xes", "ocel-json", "ocel-xml", "ocel-sqlite", "xlsx"}, optional
        The kind where the name does not say it.
    safe_csv : bool
        Whether texts in CSV that a spreadsheet would run as a formula (they begin with ``=``, ``+``, ``-``, ``@`` or
        what some take for these) get an apostrophe before them. ``False`` is for programs: exactly the log.
    delimiter : str
        Of CSV.
    object_type : str
        For OCEL: the type of the objects that the actors are.

    Returns
    -------
    Written
        Stands for the path; its ``reads`` are the arguments with which :func:`journeylog.read` gives the same log.

    Raises
    ------
    ConfigError
        If the kind is not known, or cannot hold the names of the columns or so many rows.
    MissingPackageError
        If XlsxWriter is needed and not installed (``pip install 'journeylog[excel]'``).
    OutputError
        If the file cannot be written, or cannot hold a text; an older one is untouched.

    Notes
    -----
    Written are the events with all columns, in their order. The same log gives the same bytes. Sessions, stages and
    journeys that steps made are made again by these steps (a stage, which is a column, is written). CSV has no
    difference between a missing text and an empty one; in XES and OCEL a column without any value is not there.

    A workbook is for people: no text in it is a formula or a link, numbers are numbers to the 16 digits a spreadsheet
    has, times are text in UTC, and a text of more than 32,767 letters is cut with a mark and counted in ``changed``. A
    log of more than 1,048,575 events is refused before anything is written.

    In XES and OCEL an attribute called ``case:...`` that is the same in all events of each actor belongs to the trace
    or the object, as when they are read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import journeylog as jl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = jl.write(jl.datasets.tiny(), pathlib.Path(folder) / "tiny.xes.gz")
    ...     jl.read(written).n_events
    12
    """
    path = Path(path)
    kind = _kind(path, format)
    packing = _PACKED.get(path.suffix.lower())
    if packing and kind in _NEVER_PACKED:
        raise ConfigError(f"{path.name}: {kind} is not packed as a whole. Fix: leave out {path.suffix}")
    layout = lay_out(log)
    changed = 0
    with written_aside(path, "the log") as aside:
        if kind == "ocel-sqlite":
            reads = write_ocel(layout, aside, kind, object_type)
        elif kind in ("csv", "tsv"):
            with _sink(aside, packing) as sink:
                mark = "\t" if kind == "tsv" else delimiter
                reads, changed = write_csv(layout, sink, mark, safe_csv)
        elif kind == "xlsx":
            with _sink(aside, packing) as sink:
                reads, changed = write_workbook(layout, sink)
        else:
            with _sink(aside, packing) as sink:
                reads = _writer(kind, object_type)(layout, sink)
    named = _reads_kind(path, kind)
    return Written(path, kind, log.n_events, {**reads, **layout.reads, **named}, changed)


def _writer(kind: str, object_type: str) -> Callable[[Any, BinaryIO], dict[str, Any]]:
    plain = {"jsonl": write_jsonl, "parquet": write_parquet, "xes": write_xes}
    return plain.get(kind) or partial(write_ocel, kind=kind, object_type=object_type)


def _kind(path: Path, format: str | None) -> str:
    kinds = list(dict.fromkeys(_KINDS.values()))
    if format is not None:
        if format not in kinds:
            near = nearest(format, kinds)
            raise ConfigError(
                f"format={format!r} is unknown. Fix: " + (f"{near[0]!r}" if near else f"one of {kinds}")
            )
        return format
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    if not suffixes or suffixes[-1] not in _KINDS:
        raise ConfigError(
            f"{path.name}: the name does not say what to write. Fix: pass format=, one of {kinds}"
        )
    return _KINDS[suffixes[-1]]


def _reads_kind(path: Path, kind: str) -> dict[str, Any]:
    """Return the argument that says the kind of a file whose name does not."""
    suffixes = [s.lower() for s in path.suffixes if s.lower() not in _PACKED]
    if suffixes and _KINDS.get(suffixes[-1]) == kind:
        return {}
    return {"container": "ocel" if kind.startswith("ocel") else kind}


@contextmanager
def _sink(path: Path, packing: str | None) -> Iterator[BinaryIO]:
    """Open a file for writing; packed bytes are the same every time."""
    with path.open("wb") as handle:
        if packing == "gzip":
            with gzip.GzipFile("", "wb", 6, handle, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        elif packing == "zstd":
            with pa.CompressedOutputStream(handle, "zstd") as stream:
                yield cast(BinaryIO, stream)
        else:
            yield handle
