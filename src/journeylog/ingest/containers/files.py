"""Where bytes come from: paths, globs, folders, open files and standard input, packed or not."""

from __future__ import annotations

import codecs
import glob
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa

from journeylog.errors import ConfigError, ParseError, SchemaError, nearest

__all__ = ["File", "Stream", "find_files", "guess_encoding", "open_bytes", "open_text"]

_PACKED: Final = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_MAGIC: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"ARROW1": "an Arrow file",
    b"SQLite": "an SQLite database",
    b"%PDF": "a PDF",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


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
    """

    name: str
    path: Path | None = None
    handle: Any = None

    @property
    def suffix(self) -> str:
        """The suffix in lower case, without that of the packing; "" when there is none."""
        suffixes = [s.lower() for s in Path(self.name).suffixes]
        while suffixes and suffixes[-1] in _PACKED:
            suffixes.pop()
        return suffixes[-1] if suffixes else ""

    @contextmanager
    def opened(self) -> Iterator[File]:
        """Give the file with a handle, and close what was opened for it."""
        if self.path is None:
            yield self
            return
        try:
            handle = self.path.open("rb", buffering=0)
        except OSError as error:
            raise ParseError(
                f"{self.name} cannot be opened: {error.strerror}. Fix: check the path and your rights"
            ) from error
        with handle:
            yield replace(self, handle=handle)

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
        return [file for part in data for file in find_files(part, known) or []]
    if isinstance(data, str) and data == "-":
        return [File("<stdin>", None, sys.stdin.buffer)]
    if isinstance(data, str | os.PathLike):
        return _find_path(Path(data), known)
    if hasattr(data, "read") and not hasattr(data, "__arrow_c_stream__"):
        if isinstance(data, io.TextIOBase):
            raise ConfigError("the file object gives text, and bytes are needed. Fix: open it with mode 'rb'")
        named = getattr(data, "name", None)
        return [File(named if isinstance(named, str) else "<file object>", None, data)]
    return None


class Stream:
    """Bytes to be read once, with a look ahead; whatever is wrong with them is a :class:`ParseError`.

    Parameters
    ----------
    inner : object with ``read``
    name : str
        For messages.
    packing : str
        What `inner` unpacks, for messages.
    """

    def __init__(self, inner: Any, name: str, packing: str = "") -> None:
        self.inner, self.name, self.packing = inner, name, packing
        self.ahead, self.closed = b"", False

    def peek(self, size: int) -> bytes:
        """Return the next bytes, fewer only at the end, without taking them."""
        while len(self.ahead) < size:
            more = self._read(size)
            if not more:
                break
            self.ahead += more
        return self.ahead[:size]

    def read(self, size: int = -1) -> bytes:
        """Take at most `size` bytes, none only at the end; without a size, all."""
        if size < 0:
            parts = [self.ahead]
            while more := self._read(1 << 20):
                parts.append(more)
            self.ahead = b""
            return b"".join(parts)
        if self.ahead:
            taken, self.ahead = self.ahead[:size], self.ahead[size:]
            return taken
        return self._read(size)

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def close(self) -> None:
        """Leave it open: who opened the file closes it."""

    def _read(self, size: int) -> bytes:
        try:
            found: bytes = self.inner.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
            what = f"the {self.packing} file is damaged or cut off" if self.packing else "it cannot be read"
            raise ParseError(f"{self.name}: {what} ({error}). Fix: fetch it again") from error
        return found


class _Recoder:
    """Text of any encoding as UTF-8; bytes that mean nothing in it come out as bytes that are no UTF-8."""

    def __init__(self, inner: Stream, codec: codecs.CodecInfo) -> None:
        self.inner, self.codec = inner, codec
        self.decoder = codec.incrementaldecoder("surrogateescape")
        self.first, self.ended = True, False

    def read(self, size: int) -> bytes:
        """Take some bytes, none only at the end."""
        out = b""
        while not out and not self.ended:
            read = self.inner.read(size)
            self.ended = not read
            try:
                text = self.decoder.decode(read, self.ended)
            except UnicodeDecodeError as error:
                raise ParseError(
                    f"{self.inner.name} is not {self.codec.name}: {error.reason}. Fix: pass the right encoding="
                ) from error
            if self.first and text:
                text, self.first = text.removeprefix("\ufeff"), False
            out = text.encode("utf-8", "surrogateescape")
        return out


def open_bytes(file: File) -> Stream:
    """Return the bytes of an opened file, unpacked if they are packed.

    Raises
    ------
    ParseError
        If it is not packed the way its name says.
    """
    stream = Stream(file.handle, file.name)
    magic = _magic(stream.peek(8))
    if file.packing is not None and magic != file.packing and stream.peek(1):
        raise ParseError(
            f"{file.name} is named as {file.packing} but is {magic or 'not packed'}. Fix: rename it"
        )
    if magic == "gzip":
        return Stream(gzip.GzipFile(fileobj=cast(Any, stream)), file.name, "gzip")
    if magic == "zstd":
        return Stream(pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd"), file.name, "zstd")
    return stream


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
    try:
        codec = codecs.lookup(encoding)
    except LookupError as error:
        raise ConfigError(
            f"encoding={encoding!r} is unknown. Fix: for example 'utf-8', 'utf-16', 'cp1251'"
        ) from error
    stream = open_bytes(file)
    head = stream.peek(1024)
    if not head:
        raise SchemaError(
            f"{file.name}: the file is empty. Fix: check the export that should have written it"
        )
    magic = _magic(head)
    if magic is not None:
        raise ParseError(f"{file.name} is {magic}, not text. Fix: name it by its kind, or pass format=")
    if codec.name != "utf-8":
        return Stream(_Recoder(stream, codec), file.name)
    _refuse_utf16(head, file.name)
    if head.startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    return stream


def guess_encoding(raw: bytes) -> str:
    """Return the encoding that bytes which are no UTF-8 most look like, for a hint."""
    letters = sum(byte >= 0xC0 for byte in raw)
    runs = sum(len(run) for run in re.findall(rb"[\xc0-\xff]{2,}", raw))
    return "cp1251" if letters and runs * 2 >= letters else "cp1252"


def _find_path(path: Path, known: Iterable[str]) -> list[File]:
    text = str(path)
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
        files = [File(str(p), p) for p in found]
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
    if glob.has_magic(text):
        matched = sorted(p for p in glob.glob(text, recursive=True) if Path(p).is_file())  # noqa: PTH207 - absolute globs too
        if not matched:
            raise ParseError(f"no file matches {text}. Fix: check the path")
        return [File(p, Path(p)) for p in matched]
    folder = path.parent
    beside = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    near = nearest(path.name, beside)
    hint = f"did you mean {str(folder / near[0])!r}?" if near else "check the path"
    raise ParseError(f"no file {text}. Fix: {hint}")


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _magic(head: bytes) -> str | None:
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def _refuse_utf16(head: bytes, name: str) -> None:
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            raise ParseError(
                f"{name} is written in UTF-16 (it starts with its mark). Fix: pass encoding={encoding!r}"
            )
    for low, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros: Sequence[int] = head[low:256:2]
        if len(zeros) >= 8 and zeros.count(0) * 2 > len(zeros):
            raise ParseError(
                f"{name} looks like UTF-16: every second byte is zero. Fix: pass encoding={encoding!r}"
            )
