"""Records that a vendor sends inside an object of their own, as ``{"order": {...}}``: read as what is inside."""

from __future__ import annotations

import json
import re
from typing import Final

from journeylog.ingest.containers.blocks import LONGEST_LINE, Bytes
from journeylog.ingest.containers.streams import Stream

__all__ = ["Inside", "inside"]

_BLOCK: Final = 1 << 20
_HEAD: Final = 1 << 10
_DECODER: Final = json.JSONDecoder()


class Inside:
    """The lines of a stream; an object with one member of this name, which is an object, becomes that object.

    Lines of another kind stay as they are, and a stream that does not begin with such a line is not looked at.
    """

    def __init__(self, stream: Bytes, key: str) -> None:
        self.stream, self.key = stream, key
        self.begins = re.compile(rb'\s*\{\s*"' + re.escape(key.encode()) + rb'"\s*:\s*(?=\{)')
        self.looks: bool | None = None
        self.rest, self.ready, self.ended = b"", b"", False

    def read(self, size: int = -1) -> bytes:
        """Take at most `size` bytes, none only at the end."""
        while not self.ready and not self.ended:
            self._more()
        n = len(self.ready) if size < 0 else size
        taken, self.ready = self.ready[:n], self.ready[n:]
        return taken

    def _more(self) -> None:
        data = self.stream.read(_BLOCK)
        self.ended = not data
        whole = self.rest + data
        if self.looks is None:
            if not self.ended and len(whole) < _HEAD and b"\n" not in whole.lstrip():
                self.rest = whole  # too little to tell
                return
            self.looks = self.begins.match(whole) is not None
        cut = (
            len(whole)
            if self.ended or not self.looks or len(whole) > LONGEST_LINE
            else whole.rfind(b"\n") + 1
        )
        self.rest, lines = whole[cut:], whole[:cut]
        self.ready = b"".join(map(self._line, lines.splitlines(keepends=True))) if self.looks else lines

    def _line(self, line: bytes) -> bytes:
        found = self.begins.match(line)
        if found is None:
            return line
        inside = line[found.end() :].rstrip()
        if not inside.endswith(b"}"):
            return line
        inside = inside[:-1].rstrip()
        try:
            text = inside.decode()
            return inside + b"\n" if _DECODER.raw_decode(text)[1] == len(text) else line
        except (ValueError, RecursionError):
            return line


def inside(stream: Bytes, key: str | None) -> Bytes:
    """Return the stream with its records taken out of their envelope, if a format has one."""
    if key is None:
        return stream
    found = Inside(stream, key)
    if isinstance(stream, Stream) and found.begins.match(stream.peek(_HEAD)) is None:
        return stream  # which is read in place
    return found
