"""Files are written aside and moved into place, so that nobody ever sees half of one."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from journeylog.errors import OutputError

__all__ = ["written_aside"]

#: Letters of the name that the file aside shares, so that its own is not too long.
_LONGEST = 60


@contextmanager
def written_aside(path: Path, what: str) -> Iterator[Path]:
    """Give a file to write; it takes the place of `path` when all went well and is gone otherwise.

    A link is replaced, not followed, and the rights of the file before are kept.

    Raises
    ------
    OutputError
        If the file cannot be written; `what` is named in the message.
    """
    if "\0" in str(path) or not path.name:
        raise OutputError(
            f"{what} could not be written: {str(path)!r} is no name of a file. Fix: choose another"
        )
    try:
        aside = path.with_name(f".{path.name[:_LONGEST]}.{secrets.token_hex(4)}")
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            if path.is_file() and not path.is_symlink():
                aside.chmod(stat.S_IMODE(path.stat().st_mode))
            yield aside
            aside.replace(path)
        except BaseException:  # also when stopped by hand: no leftovers
            aside.unlink(missing_ok=True)
            raise
    except OSError as error:
        if not path.parent.is_dir():
            raise OutputError(
                f"{what} could not be written: the folder {path.parent} does not exist. "
                "Fix: make it first, or choose another place"
            ) from error
        raise OutputError(
            f"{what} could not be written to {path}: {error}. Fix: choose a folder you may write to"
        ) from error
