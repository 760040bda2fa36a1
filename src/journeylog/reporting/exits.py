"""Exit codes, and how an error becomes one."""

from __future__ import annotations

import enum
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from journeylog.errors import (
    ConfigError,
    DataQualityError,
    JourneylogError,
    MissingLevelError,
    MissingPackageError,
    OutputError,
)

__all__ = ["Exit", "Stopped", "code_of", "stoppable"]


class Exit(enum.IntEnum):
    """What the command line says to the program that called it."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    INPUT = 3
    QUALITY = 4
    OUTPUT = 5
    NOTHING = 99
    INTERRUPTED = 130
    TERMINATED = 143


class Stopped(BaseException):
    """The run was asked to stop; no ``except Exception`` on the way can swallow it."""

    def __init__(self, code: Exit) -> None:
        """Keep the exit code."""
        super().__init__(code)
        self.code = code


_CODES: tuple[tuple[type[BaseException], Exit], ...] = (
    (OutputError, Exit.OUTPUT),
    (DataQualityError, Exit.QUALITY),
    (ConfigError, Exit.USAGE),
    (MissingLevelError, Exit.USAGE),
    (MissingPackageError, Exit.USAGE),
    (JourneylogError, Exit.INPUT),
    (OSError, Exit.INPUT),
)


def code_of(error: BaseException) -> Exit:
    """Return the exit code of an error; what nobody expected is 1."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.INTERNAL)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into :class:`Stopped`, so that what is half written is cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    codes = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}
    before = {number: signal.getsignal(number) for number in codes}

    def stop(number: int, frame: Any) -> None:
        for sign in codes:
            signal.signal(sign, signal.SIG_IGN)  # cleaning up is short and not to be stopped itself
        raise Stopped(codes[signal.Signals(number)])

    for number in codes:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
