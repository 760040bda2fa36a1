"""Where bytes come from: paths, globs, folders, open files and standard input, packed or not."""

from __future__ import annotations

import codecs
import filecmp
import glob
import gzip
import io
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa

from journeylog.errors import ConfigError, ParseError, SchemaError, nearest
from journeylog.ingest.containers.encodings import (
    codec_of,
    guess_encoding,
    recoded,
    refuse_utf16,
    wrong_encoding,
)
from journeylog.ingest.containers.kinds import Kind, kind_of
from journeylog.ingest.containers.partitions import Partition, partition_of
from journeylog.ingest.containers.streams import Stream

__all__ = [
    "File",
    "Stream",
    "copies",
    "find_files",
    "first_kind",
    "guess_encoding",
    "open_bytes",
    "open_text",
    "recoded",
    "wrong_encoding",
]

#: Addresses; a path has lost one of their slashes. One letter is a drive.
_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]+):/")
_REMOTE: Final = {"http", "https", "ftp", "s3", "gs", "gcs", "r2", "az", "abfs", "abfss", "hf"}
_PACKED: Final = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}


@dataclass(frozen=True)
class File:
    """One input of bytes.

    Parameters
    ----------
    name : str
        What messages and rejects call it.
    path : Path or None
    handle : object with ``read`` or None
        Its bytes; whoever opened it closes it.
    partition : tuple of pair
        Columns that the names of its folders give.
    beside : tuple of str
        The other files that are read with it, for messages.
    max_unpacked : int or None
        Bytes it may unpack to; None: 200 times its own size, or 64 MiB.
    """

    name: str
    path: Path | None = None
    handle: Any = None
    partition: Partition = ()
    beside: tuple[str, ...] = ()
    max_unpacked: int | None = None

    @property
    def suffix(self) -> str:
        """The suffix in lower case, without that of the packing; "" when there is none."""
        suffixes = [s.lower() for s in Path(self.name).suffixes]
        while suffixes and suffixes[-1] in _PACKED:
            suffixes.pop()
        return suffixes[-1] if suffixes else ""

    @contextmanager
    def opened(self) -> Iterator[File]:
        """Give the file with a handle, and close what was opened for it.

        Raises
        ------
        ParseError
            If it cannot be opened, or was written to while it was read.
        """
        if self.path is None:
            yield self
            return
        try:
            handle = self.path.open("rb", buffering=0)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        with handle:
            before = os.fstat(handle.fileno())
            yield replace(self, handle=handle)
            after = os.fstat(handle.fileno())
        changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        if stat.S_ISREG(before.st_mode) and changed:
            raise ParseError(
                f"{self.name} was written to while it was read. Fix: read it when it is complete, or a copy of it"
            )

    @property
    def regular(self) -> bool:
        """Whether it is a plain file, which can be read from any place: no pipe, no device, nothing packed."""
        return self.path is not None and self.packing is None and self.path.is_file()

    @property
    def packing(self) -> str | None:
        """The packing that the name promises."""
        return _PACKED.get(Path(self.name).suffix.lower())


def find_files(data: Any, known: Iterable[str]) -> list[File] | None:
    """Return the files that `data` means, in the order of their names; None when it means none.

    Parameters
    ----------
    data : str, path, list of these, or binary file object
        A folder means all files in it and below; ``"-"`` is standard input.
    known : suffixes that can be read, for folders

    Raises
    ------
    ParseError
        If there is no such file.
    ConfigError
        If a folder holds files of other kinds, or a file object gives text.
    """
    if isinstance(data, list | tuple) and data and all(isinstance(d, str | os.PathLike) for d in data):
        return _together([file for part in data for file in find_files(part, known) or []])
    if isinstance(data, str) and data == "-":
        return [File("<stdin>", None, sys.stdin.buffer)]
    if isinstance(data, str | os.PathLike):
        try:
            return _together(_find_path(Path(data), known))
        except OSError as error:
            raise _unreadable(str(data), error) from error
    if hasattr(data, "read") and not hasattr(data, "__arrow_c_stream__"):
        if isinstance(data, io.TextIOBase):
            raise ConfigError("the file object gives text, and bytes are needed. Fix: open it with mode 'rb'")
        named = getattr(data, "name", None)
        return [File(named if isinstance(named, str) else "<file object>", None, data)]
    return None


def open_bytes(file: File) -> Stream:
    """Return the bytes of an opened file, unpacked if they are packed.

    Raises
    ------
    ParseError
        If it is not packed the way its name says.
    """
    stream = Stream(file.handle, file.name)
    kind = kind_of(stream.peek(512))
    packing = None if kind is None else kind.packing
    if file.packing is not None and packing != file.packing and stream.peek(1):
        raise ParseError(
            f"{file.name} is named as {file.packing} but is {'not packed' if kind is None else kind.what}. Fix: rename it"
        )
    inner: Any = None
    if packing == "gzip":
        inner = gzip.GzipFile(fileobj=cast(Any, stream))
    elif packing == "zstd":
        inner = pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd")
    return stream if inner is None else Stream(inner, file.name, packing or "", stream, file.max_unpacked)


def open_text(file: File, encoding: str) -> Stream:
    """Return an opened text file as UTF-8 bytes without a byte order mark.

    Raises
    ------
    ParseError
        If the file is something else than text, or starts with the mark of another encoding.
    SchemaError
        If it is empty.
    ConfigError
        If Python knows no such encoding.
    """
    codec = codec_of(encoding)
    stream = open_bytes(file)
    head = stream.peek(1024)
    if not head:
        raise SchemaError(
            f"{file.name}: the file is empty. Fix: check the export that should have written it"
        )
    kind = kind_of(head)
    if kind is not None:
        raise ParseError(f"{file.name} is {kind.what}, not text. Fix: {kind.fix}")
    if codec.name != "utf-8":
        return recoded(stream, encoding)
    refuse_utf16(head, file.name)
    if head.startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    return stream


def first_kind(file: File) -> Kind | None:
    """Return what a file is by its first bytes; None where they may be text or the file cannot be opened."""
    if file.path is None or not file.path.is_file():
        return None
    try:
        with file.path.open("rb") as stream:
            kind = kind_of(stream.read(512))
    except OSError:
        return None
    return kind if kind is None or kind.packing is None else None


def copies(files: Sequence[File]) -> list[tuple[str, str]]:
    """Return the files that hold the same bytes as one before them, with its name; only equal sizes are compared."""
    seen: dict[int, list[Path]] = {}
    found = []
    for file in files:
        if file.path is None or not file.path.is_file():
            continue
        alike = seen.setdefault(file.path.stat().st_size, [])
        twin = next((other for other in alike if filecmp.cmp(other, file.path, shallow=False)), None)
        if twin is None:
            alike.append(file.path)
        else:
            found.append((file.name, str(twin)))
    return found


def _find_path(path: Path, known: Iterable[str]) -> list[File]:
    text = str(path)
    if path.is_dir():
        found = sorted(_below(path))
        files = [File(str(p), p, partition=partition_of(p.relative_to(path).parts[:-1])) for p in found]
        other = [f.name for f in files if f.suffix not in known]
        if other:
            raise ConfigError(
                f"the folder {text} holds other files too, for example {other[:3]}. Fix: pass a glob, '{text}/*.csv'"
            )
        if not files:
            raise ParseError(f"the folder {text} is empty. Fix: check the path")
        return files
    if path.exists():
        return [File(text, path)]
    _refuse_address(text)
    if glob.has_magic(text):
        matched = sorted(p for p in glob.glob(text, recursive=True) if Path(p).is_file())  # noqa: PTH207 - absolute globs too
        if not matched:
            raise ParseError(f"no file matches {text}. Fix: check the path")
        plain = next(i for i, part in enumerate(path.parts) if glob.has_magic(part))
        return [File(p, Path(p), partition=partition_of(Path(p).parts[plain:-1])) for p in matched]
    folder = path.parent
    beside = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    near = nearest(path.name, beside)
    hint = f"did you mean {str(folder / near[0])!r}?" if near else "check the path"
    raise ParseError(f"no file {text}. Fix: {hint}")


def _refuse_address(text: str) -> None:
    """Say what reads an address; it is shown without what follows, as there may be a password in it."""
    address = _ADDRESS.match(text)
    if address is None:
        return
    where = f"{address[1]}://..."
    of_file = f"fetch it first, or let DuckDB read it, jl.read(duckdb.sql(\"from '{where}'\"), ...)"
    fix = of_file if address[1] in _REMOTE else f"jl.read_sql('{where}', 'select ...', ...)"
    raise ParseError(f"{where} is an address, not a file. Fix: {fix}")


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it; what cannot be listed is an error, not an empty folder."""
    for place, folders, names in os.walk(folder, onerror=_stop):
        folders[:] = [name for name in folders if not _hidden(name)]
        for path in (Path(place, name) for name in names if not _hidden(name)):
            if path.is_symlink() and not path.exists():
                raise ParseError(f"{path} is a link to nothing. Fix: remove it, or bring back what it meant")
            if path.is_file():
                yield path


def _stop(error: OSError) -> None:
    raise error


def _hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _together(files: list[File]) -> list[File]:
    """Let each file know the others."""
    if len(files) < 2:
        return files
    names = tuple(file.name for file in files)
    return [replace(file, beside=tuple(n for n in names if n != file.name)) for file in files]


def _unreadable(name: str, error: OSError) -> ParseError:
    name = str(error.filename or name)
    return ParseError(f"{name} cannot be opened: {error.strerror}. Fix: check the path and your rights")
