"""How far long work is: one line on a terminal or in a notebook, from its third second on; nothing in logs and files."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any, Final

__all__ = ["progress"]

#: Seconds without a word, and between two.
_SILENT, _EVERY = 3.0, 0.5
_COMPILING: Final = " (code is compiled when it is first used on a machine)"


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int], None]]:
    """Show that work goes on while the block runs; give what is told how many rows have been added.

    The line is gone on a terminal when the block is left, and so is the thread that writes it.

    Examples
    --------
    >>> with progress("reading") as told:  # no terminal: nothing is shown
    ...     told(1000)
    """
    say = _place()
    if say is None:
        yield lambda rows: None
        return
    begun, over, rows = time.monotonic(), Event(), 0

    def add(more: int) -> None:
        nonlocal rows
        rows += more

    def go_on() -> None:
        wait = _SILENT
        while not over.wait(wait):
            wait = _EVERY
            more = f", {rows:,} rows" if rows else _COMPILING
            say(f"{doing}: {time.monotonic() - begun:.0f} s{more}")

    writer = Thread(target=go_on, name="journeylog-progress")
    try:
        writer.start()
        yield add
    finally:
        over.set()
        if writer.is_alive():  # not so where a signal came while it was starting: then it ends at once
            writer.join()
        if time.monotonic() - begun > _SILENT:
            say("")


def _place() -> Callable[[str], None] | None:
    """Return how a line is shown to who is looking; None where nobody is."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if type(shell).__name__ == "ZMQInteractiveShell":
        return _Cell()
    stream = sys.stderr
    with suppress(AttributeError, ValueError):  # no stream, or a closed one
        if stream.isatty():
            return lambda line: _put(stream, line)
    return None


def _put(stream: Any, line: str) -> None:
    with suppress(OSError, ValueError):  # a terminal that went away is no failure of the work
        stream.write(f"\r\x1b[K{line}")
        stream.flush()


class _Cell:
    """The output of a notebook's cell: one line that is written anew, and stays empty."""

    def __init__(self) -> None:
        self.shown: Any = None

    def __call__(self, line: str) -> None:
        said = {"text/plain": line}
        if self.shown is None:
            self.shown = sys.modules["IPython"].display.display(said, raw=True, display_id=True)
        else:
            self.shown.update(said, raw=True)
