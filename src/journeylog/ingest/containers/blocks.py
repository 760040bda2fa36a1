"""Blocks of whole lines from a stream of bytes, in bounded memory."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from journeylog.ingest.containers.streams import Stream

__all__ = ["LONGEST_LINE", "Block", "Bytes", "blocks", "lent_blocks"]

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


class Lent(NamedTuple):
    """A block as a read-only array; its memory is used for another one once nothing looks at it any more.

    Its share of the input is 0 where the size of that is not known.
    """

    data: npt.NDArray[np.uint8]
    final: bool
    lost: bytes | None = None
    share: float = 0.0


def blocks(
    stream: Bytes, size: int, *, lone_cr: bool, longest: int = LONGEST_LINE, keep: int = 1 << 16
) -> Iterator[Block]:
    """Yield the input in blocks of about `size` bytes that end with a line; the last one is final.

    A line break is ``\\n`` or ``\\r\\n``, and with `lone_cr` also ``\\r`` alone.
    """
    for block in lent_blocks(stream, size, lone_cr=lone_cr, longest=longest, keep=keep):
        yield Block(block.data.tobytes(), block.final, block.lost)


def lent_blocks(
    stream: Bytes, size: int, *, lone_cr: bool, longest: int = LONGEST_LINE, keep: int = 1 << 16
) -> Iterator[Lent]:
    """Yield the same without a copy: memory that is new to the process costs as much as to read into it."""
    memory: list[bytearray] = []
    carry = b""
    whole = stream.size if isinstance(stream, Stream) else 0
    while True:
        data, end = _with_more(stream, carry, size, memory)
        start = len(carry)
        if end == start:
            yield Lent(_lent(data, end, memory), True)
            return
        if end > longest:
            at = _first_break(data, start, end, lone_cr)
            if at < 0 or at > longest:
                prefix = bytes(data[: min(start + keep, end)])[:keep]
                carry = _after_line(stream, size, bytes(data[start:end]), lone_cr)
                yield Lent(_lent(b"", 0, memory), False, prefix)
                continue
        cut = data.rfind(b"\n", start, end) + 1 or _last_break(data, end, lone_cr)
        carry = bytes(data[cut:end])
        if cut:
            yield Lent(_lent(data, cut, memory), False, share=cut / whole if whole else 0.0)


def _with_more(
    stream: Bytes, carry: bytes, size: int, memory: list[bytearray]
) -> tuple[bytes | bytearray, int]:
    """Return what is left of the last block and what follows it, and where that ends; a file is read in place."""
    if isinstance(stream, Stream) and stream.direct:
        room = memory.pop() if memory else bytearray()
        if len(room) < len(carry) + size:
            room = bytearray(len(carry) + size)
        room[: len(carry)] = carry
        return room, len(carry) + stream.read_into(memoryview(room)[len(carry) : len(carry) + size])
    data = carry + stream.read(size)
    return data, len(data)


def _lent(data: bytes | bytearray, size: int, memory: list[bytearray]) -> npt.NDArray[np.uint8]:
    """Return bytes as an array that gives their memory back with its last view."""
    whole = np.frombuffer(data, np.uint8)
    if isinstance(data, bytearray):
        weakref.finalize(whole, memory.append, data)
    lent = whole[:size]
    lent.setflags(write=False)
    return lent


def _after_line(stream: Bytes, size: int, read: bytes, lone_cr: bool) -> bytes:
    """Skip to the next line; return what was read of it."""
    while True:
        at = _first_break(read, 0, len(read), lone_cr)
        if at >= 0 and read[at : at + 1] == b"\r" and at + 1 == len(read):
            read += stream.read(1)
        if at >= 0:
            return read[at + (2 if read[at : at + 2] == b"\r\n" else 1) :]
        read = stream.read(size)
        if not read:
            return b""


def _first_break(data: bytes | bytearray, start: int, end: int, lone_cr: bool) -> int:
    marks = (b"\n", b"\r") if lone_cr else (b"\n",)
    return min((at for at in (data.find(mark, start, end) for mark in marks) if at >= 0), default=-1)


def _last_break(data: bytes | bytearray, end: int, lone_cr: bool) -> int:
    """Return where the last whole line ends; a carriage return at the very end may be half a line break."""
    cut = data.rfind(b"\n", 0, end) + 1
    return data.rfind(b"\r", 0, max(end - 1, 0)) + 1 if lone_cr and not cut else cut
