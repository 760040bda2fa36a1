"""What must hold for any bytes: typed errors only, sound columns, every row accounted for, blocks of any size alike."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import journeylog as jl
from journeylog.errors import JourneylogError, LoadWarning
from journeylog.ingest.containers.base import Dialect, Opened
from journeylog.ingest.containers.files import File
from journeylog.ingest.containers.jsonl import JsonLines
from journeylog.ingest.containers.lines import Lines
from journeylog.ingest.containers.xes import XesLog

__all__ = ["CORPUS", "TARGETS", "seeds"]

CORPUS = Path(__file__).parent / "corpus"
PATTERN = r'^(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3})$'
#: One block holds everything; many small ones cut it anywhere.
BLOCKS = (1 << 21, 61)


def xes(data: bytes) -> None:
    """Read XES."""
    check(XesLog, data, Dialect())
    whole("xes", data, {"tz": "UTC"})


def jsonl(data: bytes) -> None:
    """Read JSON lines."""
    check(JsonLines, data, Dialect())
    whole("jsonl", data, {"actor": "a", "event": "e", "time": "t", "tz": "UTC"})


def lines(data: bytes) -> None:
    """Read the lines of a log of requests."""
    check(Lines, data, Dialect(pattern=PATTERN))


TARGETS: dict[str, Callable[[bytes], None]] = {"xes": xes, "jsonl": jsonl, "lines": lines}


def seeds(target: str) -> Iterator[bytes]:
    """Yield the inputs that are kept: those written by hand, and those that long runs found, a line each."""
    for path in sorted((CORPUS / target).iterdir()):
        if path.suffix == ".b64":
            yield from map(base64.b64decode, path.read_text().splitlines())
        else:
            yield path.read_bytes()


def check(reader: Callable[[File, Dialect], Opened], data: bytes, dialect: Dialect) -> None:
    """Read the pieces by blocks of several sizes and compare.

    Lines stop at a block most of whose rows are in another encoding, so that whether they stop may differ.
    """
    first, second = (read(reader, data, dialect, block) for block in BLOCKS)
    if reader is XesLog or not (isinstance(first, str) or isinstance(second, str)):
        assert first == second, "the answer depends on the size of the blocks"


def read(reader: Callable[[File, Dialect], Opened], data: bytes, dialect: Dialect, block: int) -> Any:
    """Return which rows were kept, which were not and why; or the class of the error."""
    file = File("fuzz", None, io.BytesIO(data))
    said = Dialect(pattern=dialect.pattern, block=block)
    kept: list[int] = []
    bad: list[tuple[int, str]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LoadWarning)
            for work in reader(file, said).pieces(None):
                piece = work()
                piece.rows.validate(full=False)
                assert len(piece.row) == piece.rows.num_rows
                kept += piece.row.tolist()
                bad += [(one.row, str(one.reason)) for one in piece.bad]
    except JourneylogError as error:
        return type(error).__name__
    numbers = sorted([*kept, *(row for row, _ in bad)])
    assert numbers == list(range(1, len(numbers) + 1)), "rows were lost or numbered twice"
    return kept, sorted(bad)


def whole(format: str, data: bytes, roles: dict[str, Any]) -> None:
    """Read through the door; its card refuses to be made when a row is lost."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LoadWarning)
            log = jl.read(io.BytesIO(data), format=format, threads=1, **roles)
    except JourneylogError:
        return
    assert log.chunk.n_events == log.card.kept
