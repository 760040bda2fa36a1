"""Files that appear whole or not at all, one writer at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from journeylog.errors import ConfigError, OutputError

try:
    import fcntl
except ImportError:  # a system without advisory locks: the last writer wins, still with a whole file
    fcntl = None  # type: ignore[assignment]

__all__ = ["Target", "Writers", "check_mask", "reserved", "told", "writer_of"]

#: What makes a file of each ending, and which options that takes.
Writers: TypeAlias = Mapping[str, tuple[Callable[..., bytes], tuple[str, ...]]]
#: Endings of names that say what a file is to be opened with.
_KINDS = frozenset(
    (".csv", ".docx", ".htm", ".html", ".jpg", ".json", ".md", ".ods", ".parquet", ".pdf", ".png", ".pptx", ".svg", ".tsv",
     ".txt", ".xls", ".xlsm", ".xlsx")
)  # fmt: skip


class Target:
    """A place reserved for one file; nothing is there before :meth:`put` has everything on the disk."""

    def __init__(self, path: Path) -> None:
        """Name the place and the file that is written aside."""
        self.path = path
        self.aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def put(self, data: bytes) -> Path:
        """Write the bytes aside, make sure they are on the disk, and move them into place.

        Raises
        ------
        OutputError
            If the disk is full or the folder cannot be written; what was there before stays.
        """
        with told(self.path, len(data)):
            handle = os.open(self.aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINKS, 0o666)
            with os.fdopen(handle, "wb") as file:
                if self.path.exists() and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), stat.S_IMODE(self.path.stat().st_mode))
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self.aside.replace(self.path)
        _sync_folder(self.path.parent)
        return self.path

    def move(self) -> Path:
        """Move the file that something else has written to :attr:`aside` into place."""
        with told(self.path):
            with self.aside.open("rb") as file:
                os.fsync(file.fileno())
            self.aside.replace(self.path)
        _sync_folder(self.path.parent)
        return self.path


@contextmanager
def reserved(path: str | Path, *endings: str) -> Iterator[Target]:
    """Reserve the place of a file for this run, before the work begins that will fill it.

    Parameters
    ----------
    path : str or Path
    *endings : str
        Those of the kind of file that is written; a name that promises a file of another kind is refused.

    Raises
    ------
    ConfigError
        If the name is that of another kind of file.
    OutputError
        If the place is a folder or a link, cannot be written, or another run holds it.
    """
    place = Path(path)
    if endings and place.suffix.lower() in _KINDS - {*endings}:
        raise ConfigError(f"{place.name} is no name for what is written there. Fix: {place.stem}{endings[0]}")
    with told(place):
        if place.is_symlink():
            raise OutputError(f"{place} is a symbolic link. Fix: name the file itself")
        if place.is_dir():
            raise OutputError(
                f"{place} is a folder. Fix: name a file in it, for example {place / 'report.html'}"
            )
        if not place.name or not place.parent.is_dir():
            raise OutputError(
                f"the folder {place.parent} does not exist. Fix: make it first, or choose another place"
            )
    lock = place.with_name(f".{place.name}.lock")
    with told(place):
        held = _lock(lock, place)
    target = Target(place)
    try:
        for rest in place.parent.glob(f".{_plain(place.name)}.*.tmp"):
            with suppress(OSError):
                rest.unlink()  # left by a run that was killed; the lock says that none is at work
        yield target
    finally:
        with suppress(OSError):
            target.aside.unlink()
        with suppress(OSError):
            lock.unlink()
        os.close(held)


@contextmanager
def told(path: Path, size: int | None = None) -> Iterator[None]:
    """Turn an error of the system into an :class:`OutputError` that names the path."""
    try:
        yield
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        need = f" ({size:,} bytes are needed)" if size is not None else ""
        raise OutputError(
            f"{path} could not be written: {why}{need}; what was there before is untouched. "
            "Fix: choose another place or make room"
        ) from error


_NO_LINKS: int = getattr(os, "O_NOFOLLOW", 0)


def check_mask(mask: Any) -> None:
    """Refuse what is no number of customers below which nothing is told."""
    if isinstance(mask, bool) or not isinstance(mask, int) or mask < 0:
        raise ConfigError(
            f"mask={mask!r} is not possible. Fix: a number of customers such as 5, 0 for no mask"
        )


def writer_of(writers: Writers, what: str, ending: str, options: Iterable[str]) -> Callable[..., bytes]:
    """Return what makes a file with this ending.

    Raises
    ------
    ConfigError
        If `what` has no such file, or the file has not one of these options.
    """
    if ending not in writers:
        raise ConfigError(f"{what} cannot be written as {ending!r}. Fix: one of {list(writers)}")
    write, known = writers[ending]
    for name in options:
        if name not in known:
            hint = f"one of {list(known)}" if known else "leave it out"
            raise ConfigError(f"a {ending} file has no option {name!r}. Fix: {hint}")
    return write


def _lock(lock: Path, place: Path) -> int:
    """Return the open lock file of the place; it names this process while the run lasts."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | _NO_LINKS, 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if fcntl is None or _same_file(handle, lock):
                os.ftruncate(handle, 0)
                os.write(handle, f"{os.getpid()}".encode())
                return handle
        except BlockingIOError as error:
            holder = os.read(handle, 20).decode("ascii", "replace")
            os.close(handle)
            raise OutputError(
                f"{place} is being written by another run (process {holder or 'unknown'}). "
                "Fix: wait for it to end, or choose another place"
            ) from error
        os.close(handle)  # the run before removed its lock between our opening and locking it


def _same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too, where the system can."""
    with suppress(OSError):
        handle: Any = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _plain(name: str) -> str:
    """Return a name with no wildcard meaning."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
