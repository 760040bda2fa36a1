"""Text of any declared encoding as UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Final

from journeylog.errors import ConfigError, ParseError, explain
from journeylog.ingest.containers.streams import Stream

__all__ = ["codec_of", "guess_encoding", "recoded", "refuse_utf16", "wrong_encoding"]

_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def recoded(stream: Stream, encoding: str) -> Stream:
    """Return text of an encoding as UTF-8 bytes without a byte order mark.

    Raises
    ------
    ConfigError
        If Python knows no such encoding.
    """
    return Stream(_Recoder(stream, codec_of(encoding)), stream.name)


def codec_of(encoding: str) -> codecs.CodecInfo:
    """Return what reads an encoding.

    Raises
    ------
    ConfigError
        If Python knows none of this name.
    """
    try:
        return codecs.lookup(encoding)
    except LookupError as error:
        raise ConfigError(
            f"encoding={encoding!r} is unknown. Fix: for example 'utf-8', 'utf-16', 'cp1251'"
        ) from error


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


def guess_encoding(raw: bytes) -> str:
    """Return the encoding that bytes which are no UTF-8 most look like, for a hint."""
    letters = sum(byte >= 0xC0 for byte in raw)
    runs = sum(len(run) for run in re.findall(rb"[\xc0-\xff]{2,}", raw))
    return "cp1251" if letters and runs * 2 >= letters else "cp1252"


def wrong_encoding(name: str, encoding: str, raw: bytes) -> ParseError:
    """Return the error for a file most of whose rows are no text in the declared encoding."""
    return ParseError(
        explain(
            f"{name} is not written in {encoding}; its bytes are no such text",
            examples=[raw[:60]],
            fix=f"pass encoding={guess_encoding(raw)!r}, or whichever it was written in",
        )
    )


def refuse_utf16(head: bytes, name: str) -> None:
    """Refuse text whose first bytes say that it is UTF-16."""
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
