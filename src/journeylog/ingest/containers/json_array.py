"""JSON files: one array, an object with one list, or one object a line.

An array is laid out as lines while it is read, so that whatever holds for JSON lines holds here, in the same memory.
Rows are numbered, lines are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from journeylog.core.kernels import json_array as kernel
from journeylog.errors import ParseError
from journeylog.ingest.containers.base import Dialect, Opened, Piece, Work
from journeylog.ingest.containers.blocks import LONGEST_LINE
from journeylog.ingest.containers.files import File, Stream, open_text
from journeylog.ingest.containers.jsonl import JsonLines

__all__ = ["JsonArray", "json_file"]

#: An object with more members beside its list is a record with a list, not a list in an envelope.
_ENVELOPE: Final = 12
_DECODER: Final = json.JSONDecoder()


class JsonArray(JsonLines):
    """The elements of one array; what comes before it has been taken from the stream."""

    def __init__(self, file: File, dialect: Dialect, stream: Stream, within: str | None) -> None:
        super().__init__(file, dialect, _Elements(stream, file.name, within))

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the elements, block by block."""
        for work in super().pieces(wanted):
            yield partial(_without_lines, work)


class _Elements:
    """The bytes of an array as lines.

    Parameters
    ----------
    stream : Stream
        After the opening bracket.
    within : str or None
        The key of the list, where it is a member of an object.
    """

    def __init__(self, stream: Stream, name: str, within: str | None) -> None:
        self.stream, self.name, self.within = stream, name, within
        self.state = np.array([1, 0, 0, 0], np.int64)
        self.done = False

    def read(self, size: int = -1) -> bytes:
        """Take some bytes, none only at the end."""
        while not self.done:
            data = self.stream.read(size)
            if not data:
                raise ParseError(
                    f"{self.name}: the JSON array does not end; the file is cut off. Fix: fetch it again"
                )
            out = np.empty(len(data) + 1, np.uint8)
            used, written = kernel.split_elements(np.frombuffer(data, np.uint8), out, self.state)
            if self.state[kernel.ENDED]:
                self.done = True
                self._check_end(data[used:] + self.stream.read(LONGEST_LINE))
            if written:
                return out[:written].tobytes()
        return b""

    def _check_end(self, rest: bytes) -> None:
        """Refuse what follows the array, unless it closes the object around it."""
        if self.within is None:
            if rest.strip():
                raise ParseError(
                    f"{self.name}: something follows the JSON array. Fix: one array a file, or JSON lines"
                )
            return
        try:
            after: dict[str, Any] = json.loads(b'{"":0' + rest)
        except (ValueError, RecursionError) as error:
            raise ParseError(
                f"{self.name}: what follows the list {self.within!r} cannot be read ({error}). Fix: check the file"
            ) from error
        lists = [name for name, value in after.items() if _is_records(value)]
        if lists:
            raise ParseError(
                f"{self.name} holds several lists of objects: {[self.within, *lists]}. Fix: write the wanted one as a "
                f"file of its own (for example: jq -c '.{self.within}[]')"
            )


def json_file(file: File, dialect: Dialect) -> Opened:
    """Open a ``.json`` file for what it holds."""
    stream = open_text(file, dialect.encoding)
    head = stream.peek(1 << 16)
    first = head.lstrip()
    if first.startswith(b"["):
        stream.read(len(head) - len(first) + 1)
        return JsonArray(file, dialect, stream, None)
    if first.startswith(b"{") and not _is_lines(stream):
        found = _list_within(stream.peek(LONGEST_LINE))
        if found is not None:
            key, start = found
            stream.read(start + 1)
            return JsonArray(file, dialect, stream, key)
    return JsonLines(file, dialect, stream)


def _is_lines(stream: Stream) -> bool:
    """Return whether more follows the first line, and it is an object of its own."""
    size = 1 << 16
    while True:
        head = stream.peek(size).lstrip()
        line, found, rest = head.partition(b"\n")
        if found or size >= LONGEST_LINE or len(head) < size // 2:
            break
        size *= 4
    if not found or not rest.strip():
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return line.rstrip().endswith(b"}")  # a broken line among lines


def _list_within(head: bytes) -> tuple[str, int] | None:
    """Return the key and the place of the first list of objects in an object with few other members."""
    text = head.decode("utf-8", "surrogateescape")
    at = _after_space(text, 0) + 1
    for _member in range(_ENVELOPE):
        at = _after_space(text, at)
        try:
            key, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, at)
            if not isinstance(key, str) or text[at : at + 1] != ":":
                return None
            at = _after_space(text, at + 1)
            inside = _after_space(text, at + 1)
            if text[at : at + 1] == "[" and text[inside : inside + 1] == "{":
                return key, len(text[:at].encode("utf-8", "surrogateescape"))
            _, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        at = _after_space(text, at)
        if text[at : at + 1] != ",":
            return None
        at += 1
    return None


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _without_lines(work: Work) -> Piece:
    piece = work()
    return replace(piece, line=None, bad=[bad._replace(line=None) for bad in piece.bad])
