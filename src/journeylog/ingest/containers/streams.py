"""Bytes to be read once, unpacked within bounds."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from typing import Any, Final

from journeylog.errors import ParseError

__all__ = ["Stream"]

#: More than this many times its own size, and more than this many bytes, is what no honest file unpacks to.
_RATIO: Final = 200
_FREE: Final = 1 << 26


class Stream:
    """Bytes to be read once, with a look ahead; whatever is wrong with them is a :class:`ParseError`.

    Parameters
    ----------
    inner : object with ``read``
    name : str
        For messages.
    packing : str
        What `inner` unpacks, for messages.
    packed : Stream or None
        What `inner` reads from.
    limit : int or None
        Most bytes that may come out of `packed`; None: what is plausible for its size.
    """

    def __init__(
        self, inner: Any, name: str, packing: str = "", packed: Stream | None = None, limit: int | None = None
    ) -> None:
        self.inner, self.name, self.packing = inner, name, packing
        self.packed, self.limit, self.taken = packed, limit, 0
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
            # what was looked at is the first of many bytes; those of a pipe may come much later
            return taken + self._read(size - len(taken)) if self.size and len(taken) < size else taken
        return self._read(size)

    @property
    def size(self) -> int:
        """How many bytes there are in all; 0 where that is not known before the end."""
        return os.fstat(self.inner.fileno()).st_size if isinstance(self.inner, io.FileIO) else 0

    @property
    def direct(self) -> bool:
        """Whether what comes next can be read to where it is needed, without a copy."""
        return not self.ahead and isinstance(self.inner, io.FileIO)

    def read_into(self, room: memoryview) -> int:
        """Fill some room, where it is `direct`; return how much of it, 0 only at the end."""
        try:
            size: int = self.inner.readinto(room)
        except OSError as error:
            raise self._unreadable(error) from error
        self.taken += size
        return size

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def close(self) -> None:
        """Leave it open: who opened the file closes it."""

    def _read(self, size: int) -> bytes:
        try:
            found: bytes = self.inner.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
            raise self._unreadable(error) from error
        self.taken += len(found)
        if self.packed is not None:
            self._refuse_bomb(self.packed.taken)
        return found

    def _unreadable(self, error: Exception) -> ParseError:
        what = f"the {self.packing} file is damaged or cut off" if self.packing else "it cannot be read"
        return ParseError(f"{self.name}: {what} ({error}). Fix: fetch it again")

    def _refuse_bomb(self, packed: int) -> None:
        """Stop before a small file fills the memory."""
        limit = max(_FREE, _RATIO * packed) if self.limit is None else self.limit
        if self.taken > limit:
            raise ParseError(
                f"{self.name} unpacks to more than {limit:,} bytes from {packed:,} ({self.packing}); it may be made to "
                "fill the memory. Fix: if it is what you expect, pass max_decompressed_bytes="
            )
