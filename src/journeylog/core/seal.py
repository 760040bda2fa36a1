"""A file that carries the SHA-256 of its own bytes, so that a bit that has changed on the disk is seen.

The digest is counted with zeros in its own places, then written into them; there are as many places as the layout of
the file happens to repeat it.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

__all__ = ["blank", "is_whole", "seal"]

_MARK = b"journeylog-sha256="
_DIGITS = 64


def blank() -> bytes:
    """Return a seal that stands for none yet, for the writer to put into the file.

    Examples
    --------
    >>> blank()[:18], len(blank())
    (b'journeylog-sha256=', 82)
    """
    return _MARK + secrets.token_hex(_DIGITS // 2).encode()


def seal(path: Path, placeholder: bytes) -> None:
    """Put the digest of a file in the places of `placeholder`, which must be in it."""
    token = placeholder.removeprefix(_MARK)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        places = list(_places(data, token))
        digest = _digest(data, places)
        for place in places:
            data[place : place + _DIGITS] = digest
        data.flush()


def is_whole(path: Path) -> bool | None:
    """Return whether a file holds the bytes that were sealed; None when it carries no seal.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(_MARK) + len(_MARK)
        if at < len(_MARK):
            return None
        found = data[at : at + _DIGITS]
        if re.fullmatch(rb"[0-9a-f]{64}", found) is None:
            return False
        return _digest(data, list(_places(data, found))) == found


def _places(data: mmap.mmap, digits: bytes) -> Iterator[int]:
    at = data.find(digits)
    while at >= 0:
        yield at
        at = data.find(digits, at + _DIGITS)


def _digest(data: mmap.mmap, places: list[int]) -> bytes:
    """Return the digest of the bytes with zeros in these places."""
    whole = hashlib.sha256()
    with memoryview(data) as view:
        start = 0
        for place in places:
            with view[start:place] as before:
                whole.update(before)
            whole.update(bytes(_DIGITS))
            start = place + _DIGITS
        with view[start:] as rest:
            whole.update(rest)
    return whole.hexdigest().encode()
