"""What must hold for any bytes, told where it does not: typed errors only, no row lost, blocks of any size alike."""

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


def xes(data: bytes) -> list[str]:
    """Read XES; return what does not hold."""
    return [*by_blocks(XesLog, data, Dialect()), *whole("xes", data, {"tz": "UTC"})]


def jsonl(data: bytes) -> list[str]:
    """Read JSON lines; return what does not hold."""
    roles = {"actor": "a", "event": "e", "time": "t", "tz": "UTC"}
    return [*by_blocks(JsonLines, data, Dialect()), *whole("jsonl", data, roles)]


def lines(data: bytes) -> list[str]:
    """Read the lines of a log of requests; return what does not hold."""
    return by_blocks(Lines, data, Dialect(pattern=PATTERN))


TARGETS: dict[str, Callable[[bytes], list[str]]] = {"xes": xes, "jsonl": jsonl, "lines": lines}


def seeds(target: str) -> Iterator[bytes]:
    """Yield the inputs that are kept: those written by hand, and those that long runs found, a line each."""
    for path in sorted((CORPUS / target).iterdir()):
        if path.suffix == ".b64":
            yield from map(base64.b64decode, path.read_text().splitlines())
        else:
            yield path.read_bytes()


def by_blocks(reader: Callable[[File, Dialect], Opened], data: bytes, dialect: Dialect) -> list[str]:
    """Read the pieces by blocks of several sizes and compare.

    Lines stop at a block most of whose rows are in another encoding, so that whether they stop may differ.
    """
    wrong: list[str] = []
    first, second = (read(reader, data, dialect, block, wrong) for block in BLOCKS)
    stopped = isinstance(first, str) or isinstance(second, str)
    if first != second and (reader is XesLog or not stopped):
        wrong.append(f"the answer depends on the size of the blocks: {first!r}, {second!r}")
    return wrong


def read(
    reader: Callable[[File, Dialect], Opened], data: bytes, dialect: Dialect, block: int, wrong: list[str]
) -> Any:
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
                if len(piece.row) != piece.rows.num_rows:
                    wrong.append(f"{len(piece.row)} numbers for {piece.rows.num_rows} rows")
                kept += piece.row.tolist()
                bad += [(one.row, str(one.reason)) for one in piece.bad]
    except JourneylogError as error:
        return type(error).__name__
    numbers = sorted([*kept, *(row for row, _ in bad)])
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append(f"rows were lost or numbered twice: {numbers}")
    return kept, sorted(bad)


def whole(format: str, data: bytes, roles: dict[str, Any]) -> list[str]:
    """Read through the door; its card refuses to be made when a row is lost."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LoadWarning)
            log = jl.read(io.BytesIO(data), format=format, threads=1, **roles)
    except JourneylogError:
        return []
    n, kept = log.chunk.n_events, log.card.kept
    return [] if n == kept else [f"{n} events, and {kept} rows kept"]
