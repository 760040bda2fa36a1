"""JSON files: one array, an object with one list, one object, or one object a line.

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
#: Members of an answer that may hold the list in their turn.
_WRAPPERS: Final = ("_embedded", "d", "data", "response", "result")
_DECODER: Final = json.JSONDecoder()


class JsonArray(JsonLines):
    """The elements of one array; what comes before it has been taken from the stream."""

    def __init__(self, file: File, dialect: Dialect, stream: Any, within: tuple[str, ...]) -> None:
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
    within : tuple of str
        The keys that lead to the list, where it is a member of an object.
    """

    def __init__(self, stream: Any, name: str, within: tuple[str, ...]) -> None:
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
        if not self.within:
            if rest.strip():
                raise ParseError(
                    f"{self.name}: something follows the JSON array. Fix: one array a file, or JSON lines"
                )
            return
        mine = ".".join(self.within)
        try:
            after: Any = json.loads(b'{"":' * len(self.within) + b"0" + rest)
        except (ValueError, RecursionError) as error:
            raise ParseError(
                f"{self.name}: what follows the list {mine!r} cannot be read ({error}). Fix: check the file"
            ) from error
        lists = []
        for depth in range(len(self.within)):
            lists += [".".join((*self.within[:depth], k)) for k, v in after.items() if _is_records(v)]
            after = after[""]
        if lists:
            raise ParseError(
                f"{self.name} holds several lists of objects: {[mine, *lists]}. Fix: write the wanted one as a "
                f"file of its own (for example: jq -c '.{mine}[]')"
            )


class _Closed:
    """The bytes of one object, and the bracket that makes it the end of an array."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.done = stream, False

    def read(self, size: int = -1) -> bytes:
        """Take some bytes, none only after the bracket."""
        data = self.stream.read(size)
        if data or self.done:
            return data
        self.done = True
        return b"]"


def json_file(file: File, dialect: Dialect) -> Opened:
    """Open a ``.json`` file for what it holds."""
    stream = open_text(file, dialect.encoding)
    head = stream.peek(1 << 16)
    first = head.lstrip()
    if first.startswith(b"["):
        stream.read(len(head) - len(first) + 1)
        return JsonArray(file, dialect, stream, ())
    if first.startswith(b"{") and not _is_lines(stream):
        found = _list_within(stream.peek(LONGEST_LINE))
        if found is not None:
            keys, start = found
            stream.read(start + 1)
            return JsonArray(file, dialect, stream, keys)
        if b"\n" in first.rstrip():
            return JsonArray(file, dialect, _Closed(stream), ())
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


def _list_within(head: bytes) -> tuple[tuple[str, ...], int] | None:
    """Return the keys that lead to the first list of objects in an object with few other members, and its place."""
    text = head.decode("utf-8", "surrogateescape")
    found = _first_list(text, _after_space(text, 0) + 1, ())
    return None if found is None else (found[0], len(text[: found[1]].encode("utf-8", "surrogateescape")))


def _first_list(text: str, at: int, above: tuple[str, ...]) -> tuple[tuple[str, ...], int] | None:
    """Return the same for an object whose members begin here, as a place in the text."""
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
                return (*above, key), at
            if text[at : at + 1] == "{" and key in _WRAPPERS and len(above) < 3:
                found = _first_list(text, at + 1, (*above, key))
                if found is not None:
                    return found
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
