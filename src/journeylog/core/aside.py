"""Files are written aside and moved into place, so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from journeylog.errors import OutputError

__all__ = ["written_aside"]


@contextmanager
def written_aside(path: Path, what: str) -> Iterator[Path]:
    """Give a file to write; it takes the place of `path` when all went well and is gone otherwise.

    Raises
    ------
    OutputError
        If the file cannot be written; `what` is named in the message.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        aside = Path(name)
        try:
            yield aside
            aside.replace(path)
        except BaseException:  # also when stopped by hand: no leftovers
            aside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"{what} could not be written to {path}: {error}. Fix: choose a folder you may write to"
        ) from error
