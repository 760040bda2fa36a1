"""Blocks of whole lines from a stream of bytes, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

__all__ = ["LONGEST_LINE", "Block", "Bytes", "blocks"]

#: A line longer than this is given up without being held in memory.
LONGEST_LINE = 1 << 24


class Bytes(Protocol):
    """Something that gives bytes, none only at the end."""

    def read(self, size: int, /) -> bytes:
        """Take at most `size` bytes."""


class Block(NamedTuple):
    """Whole lines.

    Parameters
    ----------
    data : bytes
        Ends with a line break, unless it is the end of the input.
    final : bool
        Whether the input ends here.
    lost : bytes or None
        The beginning of a line that was too long, which stands after `data`.
    """

    data: bytes
    final: bool
    lost: bytes | None = None


def blocks(
    stream: Bytes, size: int, *, lone_cr: bool, longest: int = LONGEST_LINE, keep: int = 1 << 16
) -> Iterator[Block]:
    """Yield the input in blocks of about `size` bytes that end with a line; the last one is final.

    A line break is ``\\n`` or ``\\r\\n``, and with `lone_cr` also ``\\r`` alone.
    """
    carry = b""
    while True:
        read = stream.read(size)
        if not read:
            yield Block(carry, True)
            return
        if len(carry) + len(read) > longest:
            at = _first_break(read, lone_cr)
            if at < 0 or len(carry) + at > longest:
                prefix = (carry + read[:keep])[:keep]
                carry = _after_line(stream, size, read, lone_cr)
                yield Block(b"", False, prefix)
                continue
        last = read.rfind(b"\n") + 1
        if last:
            yield Block(b"".join((carry, memoryview(read)[:last])), False)
            carry = read[last:]
            continue
        data = carry + read
        cut = _last_break(data, lone_cr)
        if cut:
            yield Block(data[:cut], False)
        carry = data[cut:]


def _after_line(stream: Bytes, size: int, read: bytes, lone_cr: bool) -> bytes:
    """Skip to the next line; return what was read of it."""
    while True:
        at = _first_break(read, lone_cr)
        if at >= 0 and read[at : at + 1] == b"\r" and at + 1 == len(read):
            read += stream.read(1)
        if at >= 0:
            return read[at + (2 if read[at : at + 2] == b"\r\n" else 1) :]
        read = stream.read(size)
        if not read:
            return b""


def _first_break(data: bytes, lone_cr: bool) -> int:
    found = [at for at in (data.find(b"\n"), data.find(b"\r") if lone_cr else -1) if at >= 0]
    return min(found, default=-1)


def _last_break(data: bytes, lone_cr: bool) -> int:
    """Return where the last whole line ends; a carriage return at the very end may be half a line break."""
    cut = data.rfind(b"\n") + 1
    return data.rfind(b"\r", 0, len(data) - 1) + 1 if lone_cr and not cut else cut
