"""How much memory the process may still take: what cannot fit stops with an error of ours, not with the machine's.

A limit of the process (``ulimit``) makes allocations fail, one of a container or the machine has the process killed
without a word. So the room that is left is looked at while memory is taken, and the smallest of all limits counts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from journeylog.errors import MemoryLimitError

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

__all__ = ["Limits", "Room", "memory_told"]

P = ParamSpec("P")
R = TypeVar("R")

_FIX = (
    "read fewer columns (columns=[] keeps actor, event and time alone), fewer files at once, or give the process more "
    "memory"
)
#: Larger limits of a container are none.
_NO_LIMIT = 1 << 60


class Room(NamedTuple):
    """The tightest limit.

    Parameters
    ----------
    left, limit : int
        Bytes.
    what : str
        Whose limit it is, for messages.
    """

    left: int
    limit: int
    what: str


class Limits:
    """The limits of this process, found once; :meth:`room` says how much is left now.

    Examples
    --------
    >>> room = Limits().room()
    >>> room is None or room.left <= room.limit
    True
    """

    def __init__(self) -> None:
        self._of_process: list[tuple[str, int, str]] = []
        if resource is not None:
            for number, field, what in (
                (resource.RLIMIT_AS, "VmSize", "the limit of addresses, ulimit -v"),
                (
                    getattr(resource, "RLIMIT_DATA", resource.RLIMIT_AS),
                    "VmData",
                    "the limit of data, ulimit -d",
                ),
            ):
                soft = resource.getrlimit(number)[0]
                if soft != resource.RLIM_INFINITY:
                    self._of_process.append((field, soft, what))
        self._of_container = _container()

    def room(self) -> Room | None:
        """Return the tightest limit and what is left of it; None where the system does not say."""
        status = _fields(Path("/proc/self/status"))
        if not status:
            return None
        found = [Room(limit - status.get(field, 0), limit, what) for field, limit, what in self._of_process]
        if self._of_container is not None:
            folder, limit = self._of_container
            stat = _fields(folder / "memory.stat", unit=1)
            used = stat.get("anon", stat.get("total_rss", status.get("VmRSS", 0)))
            found.append(Room(limit - used, limit, "the limit of the container"))
        machine = _fields(Path("/proc/meminfo"))
        if "MemAvailable" in machine:
            left = machine["MemAvailable"] + machine.get("SwapFree", 0)
            found.append(
                Room(left, machine["MemTotal"] + machine.get("SwapTotal", 0), "the memory of the machine")
            )
        return min(found, key=lambda room: room.left) if found else None

    def ensure(self, needed: int, doing: str) -> None:
        """Refuse to go on where there is no room for what is needed next, with a little to spare.

        Raises
        ------
        MemoryLimitError
            With what is used, needed and allowed.
        """
        room = self.room()
        if room is not None and room.left < needed + max(room.limit // 32, 1 << 25):
            used = room.limit - room.left
            raise MemoryLimitError(
                f"{doing}: {_megabytes(used)} are used and {_megabytes(needed)} more needed, of "
                f"{_megabytes(room.limit)} that {room.what} allows. Fix: {_FIX}"
            )


def memory_told(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function say what to do where memory ends, in place of where exactly it ended."""

    @functools.wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except MemoryLimitError:
            raise
        except MemoryError as error:
            said = str(error)
        except RuntimeError as error:
            if "can't start new thread" not in str(error):
                raise
            said = str(error)
        room = Limits().room()
        allowed = "" if room is None else f" of the {_megabytes(room.limit)} that {room.what} allows"
        raise MemoryLimitError(
            f"there is no memory left{allowed} ({said or 'an allocation failed'}). Fix: {_FIX}"
        )

    return told


def _container() -> tuple[Path, int] | None:
    """Return the folder and the limit of the tightest control group around this process."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = []
    for line in lines:
        _, names, path = line.split(":", 2)
        if names in ("", "memory"):
            root = Path("/sys/fs/cgroup") / names
            inner = root / path.lstrip("/")
            for folder in (inner, *inner.parents):
                limit = _number(folder / ("memory.limit_in_bytes" if names else "memory.max"))
                if limit is not None and limit < _NO_LIMIT:
                    found.append((folder, limit))
                if folder == root:
                    break
    return min(found, key=lambda group: group[1], default=None)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _fields(path: Path, unit: int = 1024) -> dict[str, int]:
    """Return the numbers of a file of names and kilobytes, as bytes."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    found: dict[str, int] = {}
    for line in lines:
        words = line.replace(":", " ").split()
        if len(words) > 1 and words[1].isdecimal():
            found[words[0]] = int(words[1]) * unit
    return found


def _megabytes(n: Any) -> str:
    return f"{n / 1e6:,.0f} MB"
