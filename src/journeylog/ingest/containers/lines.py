"""Lines of text that a regular expression takes apart.

The expressions are RE2's, which run in time linear in the line, whatever the line holds. An empty line is no
row; a line that does not match is a reject with its text. A group that took no part in the match is empty, and
empty is missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core import arrow_text
from journeylog.core.kernels.csv_rows import gather_field
from journeylog.core.kernels.ids import broken_texts
from journeylog.errors import ConfigError, SchemaError, cut, explain
from journeylog.ingest.containers.base import Dialect, Piece, Work, as_batch
from journeylog.ingest.containers.blocks import Block, blocks
from journeylog.ingest.containers.files import File, guess_encoding, open_text
from journeylog.ingest.rejects import BadRow, Reason

__all__ = ["Lines", "group_names", "only_bad"]

Spots = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_GROUP: Final = re.compile(r"\(\?P<(\w+)>")
_LF, _CR = 10, 13
#: If no line fits in so many bytes at the beginning, the log is of another format.
_HEAD: Final = 1 << 16


def group_names(pattern: str) -> tuple[str, ...]:
    """Return the named groups of an expression, which are the columns.

    Raises
    ------
    ConfigError
        If RE2 does not take it, it has no named group, or two of the same name.

    Examples
    --------
    >>> group_names(r"^(?P<ip>\\S+) (?P<path>\\S+)$")
    ('ip', 'path')
    """
    names = tuple(_GROUP.findall(pattern))
    twice = [name for name, n in Counter(names).items() if n > 1]
    if not names or twice:
        what = f"the groups {twice} stand twice" if twice else "it names no group"
        raise ConfigError(f"pattern={cut(pattern)}: {what}. Fix: one (?P<name>...) for each column")
    try:
        pc.extract_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise ConfigError(
            f"pattern={cut(pattern)} is no expression of RE2: {error}. Fix: "
            "write (?:...) for groups that are no columns, and leave out look-around and back-references"
        ) from error
    return names


class Lines:
    """An opened file of text lines that ``dialect.pattern`` takes apart."""

    complete = True
    blank_is_missing = True

    def __init__(self, file: File, dialect: Dialect) -> None:
        if dialect.pattern is None:
            raise ConfigError(
                f"{file.name}: lines of text need an expression that takes them apart. Fix: pass format= of a kind "
                "of log (see jl.formats()), or one of your own with pattern="
            )
        self.name, self.dialect, self.pattern = file.name, dialect, dialect.pattern
        self.columns: Sequence[str] = group_names(dialect.pattern)
        self.stream = open_text(file, dialect.encoding)
        self.records, self.lines, self.checked = 0, 0, not dialect.exact

    def pieces(self, wanted: Sequence[str] | None) -> Iterator[Work]:
        """Yield the rows, block by block."""
        shape = _Shape.of(self.pattern, wanted, self.dialect.encoding)
        for block in self.blocks_of_lines():
            if isinstance(block, bytes):
                work = self._take(block, shape)
                yield work if self.checked else partial(self._any, work)
                self.checked = True
            else:
                yield partial(only_bad, block)

    def _any(self, work: Work) -> Piece:
        """Refuse a log that does not begin with one line that is written as it should be."""
        piece = work()
        if len(piece.row) or not piece.bad or any(bad.reason is not Reason.ROW_SHAPE for bad in piece.bad):
            return piece
        line = piece.bad[0].raw.decode("utf-8")
        fits = [
            name
            for name, pattern in self.dialect.others
            if pc.match_substring_regex(pa.array([line]), pattern)[0].as_py()
        ]
        raise SchemaError(
            explain(
                f"{self.name}: none of the first {len(piece.bad):,} lines is written as its format says",
                examples=[line],
                fix=f"format={fits[0]!r} fits"
                if fits
                else "see jl.formats(), or pass a format with its own pattern=",
            )
        )

    def blocks_of_lines(self) -> Iterator[bytes | BadRow]:
        """Yield blocks of whole lines, and lines that are too long to be held."""
        held = b""
        for block in blocks(self.stream, self.dialect.block, lone_cr=False):
            held += block.data
            if not self.checked and len(held) < _HEAD and not block.final and block.lost is None:
                continue  # enough lines to judge the format by
            if held:
                yield held
            held = b""
            if block.lost is not None:
                yield self._lost(block)

    def _lost(self, block: Block) -> BadRow:
        self.records += 1
        self.lines += 1
        raw = block.lost or b""
        return BadRow(self.records, self.lines, Reason.FIELD_TOO_LONG, "the line is too long", raw)

    def _take(self, data: bytes, shape: _Shape) -> Work:
        """Find the lines of a block; they are taken apart when the work is done."""
        found = _find_lines(data)
        work = partial(_rows, found, shape, self.records + 1, self.lines + 1)
        self.records += len(found.at)
        self.lines += found.n_lines
        return work


@dataclass(frozen=True)
class _Shape:
    """How a line becomes columns: an expression with one named group for each column, in order."""

    pattern: str
    kept: tuple[str, ...]
    encoding: str

    @staticmethod
    def of(pattern: str, wanted: Sequence[str] | None, encoding: str) -> _Shape:
        """Leave out the groups that nobody asks for, which is faster."""
        names = _GROUP.findall(pattern)
        kept = tuple(name for name in names if wanted is None or name in wanted)
        lean = _GROUP.sub(lambda found: found[0] if found[1] in kept else "(?:", pattern)
        return _Shape(lean, kept, encoding)


@dataclass(frozen=True)
class _Found:
    """The lines of a block: spans of those that hold something, their places, and how many there are in all."""

    buf: npt.NDArray[np.uint8]
    starts: Spots
    ends: Spots
    at: npt.NDArray[np.int64]
    n_lines: int
    ascii_only: bool


def _find_lines(data: bytes) -> _Found:
    buf = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(buf == _LF).astype(np.int32)
    if not data.endswith(b"\n"):
        breaks = np.append(breaks, np.int32(buf.size))
    starts = np.concatenate((np.zeros(1, np.int32), breaks[:-1] + np.int32(1)))
    before = np.maximum(breaks - 1, 0)
    ends = np.where((breaks > starts) & (buf[before] == _CR), before, breaks).astype(np.int32)
    at = np.flatnonzero(ends > starts).astype(np.int64)
    return _Found(buf, starts[at], ends[at], at, len(breaks), data.isascii())


def _rows(found: _Found, shape: _Shape, first_row: int, first_line: int) -> Piece:
    """Take the lines apart."""
    n = len(found.at)
    row = np.arange(first_row, first_row + n, dtype=np.int64)
    line = found.at + first_line
    lines, readable = _texts(found)
    bad = [
        BadRow(
            int(row[i]), int(line[i]), Reason.ENCODING, _encoding(found, i, shape.encoding), _raw(found, i)
        )
        for i in np.flatnonzero(~readable).tolist()
    ]
    if shape.kept:
        apart = pc.extract_regex(lines, shape.pattern)
        fits = apart.is_valid().to_numpy(zero_copy_only=False)
    else:
        fits = pc.match_substring_regex(lines, shape.pattern).to_numpy(zero_copy_only=False)
    bad += [
        BadRow(int(row[i]), int(line[i]), Reason.ROW_SHAPE, "the line is written otherwise", _raw(found, i))
        for i in np.flatnonzero(readable & ~fits).tolist()
    ]
    whole = readable & fits
    mask = None if whole.all() else pa.array(whole)
    columns = {
        name: apart.field(i) if mask is None else apart.field(i).filter(mask)
        for i, name in enumerate(shape.kept)
    }
    return Piece(as_batch(columns, int(whole.sum())), row[whole], line[whole], bad)


def _texts(found: _Found) -> tuple[pa.Array, Mask]:
    """Return the lines as a column, and which of them are UTF-8; the others are blank in it."""
    n = len(found.at)
    starts, ends = found.starts, found.ends
    data, offsets = np.empty(int((ends - starts).sum(dtype=np.int64)), np.uint8), np.empty(n + 1, np.int32)
    gather_field(found.buf, starts, ends, -1, data, offsets)
    readable = np.ones(n, dtype=bool)
    if not found.ascii_only:
        broken = np.zeros(n, np.uint8)
        if broken_texts(data, offsets, broken):
            readable = broken == 0
            starts, ends = starts.copy(), ends.copy()
            ends[~readable] = starts[~readable]
            gather_field(found.buf, starts, ends, -1, data, offsets)
    return arrow_text.from_buffers(data, offsets), readable


def _raw(found: _Found, i: int) -> bytes:
    return found.buf[found.starts[i] : found.ends[i]].tobytes()


def _encoding(found: _Found, i: int, encoding: str) -> str:
    return f"the bytes are not {encoding}; they look like {guess_encoding(_raw(found, i))}"


def only_bad(bad: BadRow) -> Piece:
    """Return a piece of one row that never became columns."""
    return Piece(as_batch({}, 0), np.zeros(0, np.int64), np.zeros(0, np.int64), [bad])
