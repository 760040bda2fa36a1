"""XML as a stream of tokens, block by block, in bounded memory. What a token is, is said in the kernel.

:mod:`journeylog.core.kernels.xml` refuses document types and entities. Here names are learned, the encoding that the
document declares is taken up, and faults get their line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from journeylog.core import arrow_text
from journeylog.core.kernels import xml as kernel
from journeylog.core.kernels.xml_text import gather_texts, hash_of
from journeylog.errors import ParseError, cut
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.blocks import LONGEST_LINE
from journeylog.ingest.containers.encodings import recoded
from journeylog.ingest.containers.files import File, Stream, open_text

__all__ = ["Names", "Tokens", "XmlStream", "gather", "plain_text"]

Spots = npt.NDArray[np.int32]

#: Most names of elements and attributes, and the longest.
_MOST_NAMES, _LONGEST_NAME = 1000, 256
_NAME: Final = re.compile(r"[^\W\d][\w.\-]*(:[^\W\d][\w.\-]*)?")
_DECLARED: Final = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
#: Encodings of text that documents are written in; others of Python's are no encodings of documents.
_ENCODINGS: Final = re.compile(
    r"(utf-8|ascii|iso8859-\d+|cp\d+|koi8-[rut]|gbk|gb2312|gb18030|big5|shift_jis|euc_\w\w)"
)

_FAULTS: Final = {
    kernel.DECLARATION: (
        "a declaration of a document type or an entity, which is never followed",
        "remove <!DOCTYPE ...> and what it declares",
    ),
    kernel.BAD_ENTITY: (
        "an entity that is none of the five of XML, or the number of no character",
        "write the character itself, or &amp; for the sign &",
    ),
    kernel.BAD_TAG: ("a tag that is none", "check the program that wrote it"),
    kernel.MISMATCH: ("a tag that closes another element than the open one", "check the program that wrote it"),
    kernel.TOO_DEEP: (f"more than {kernel.DEEPEST} elements inside each other", "flatten it"),
    kernel.TOO_MANY: (f"a tag with more than {kernel.MOST_ATTRIBUTES} attributes", "check the program that wrote it"),
    kernel.REPEATED: ("a tag in which an attribute stands twice", "check the program that wrote it"),
    kernel.OUTSIDE: ("text or an element outside of the one root", "one document a file"),
    kernel.BAD_CHARACTER: ("a control character, which XML has none of", "check the program that wrote it"),
    kernel.TEXT_TOO_LONG: ("a text longer than 16 MiB", "check the program that wrote it"),
    kernel.MORE: ("the end in the middle of a tag", "fetch it again: it is cut off"),
}  # fmt: skip


class Names:
    """Names with their numbers, and the table by which kernels find them."""

    def __init__(self, size: int = 256) -> None:
        self.numbers: dict[bytes, int] = {}
        self.heads = np.full(size, -1, np.int32)
        self.chain = np.zeros(0, np.int32)
        self.data, self.offsets = np.zeros(1, np.uint8), np.zeros(1, np.int64)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.numbers)

    def add(self, raw: bytes) -> int:
        """Take up a name; return its number."""
        number = len(self.numbers)
        self.numbers[raw] = number
        if number >= len(self.chain):
            self.chain = np.concatenate((self.chain, np.full(max(64, number), -1, np.int32)))
        place = hash_of(np.frombuffer(raw, np.uint8), 0, len(raw), len(self.heads))
        self.chain[number], self.heads[place] = self.heads[place], number
        self.data = np.concatenate((self.data[:-1], np.frombuffer(raw + b"\0", np.uint8)))
        self.offsets = np.append(self.offsets, self.offsets[-1] + len(raw))
        return number

    @property
    def table(self) -> tuple[Any, Any, Any, Any]:
        """What kernels take: bytes, offsets, heads and chain."""
        return self.data, self.offsets, self.heads, self.chain


class Tokens(NamedTuple):
    """The tokens of a block; valid until the next block is asked for.

    Parameters
    ----------
    data : bytes
    buf : ndarray of uint8
        The same bytes.
    tokens : ndarray of int32, shape (n, 8)
    attributes : ndarray of int32, shape (m, 4)
    """

    data: bytes
    buf: npt.NDArray[np.uint8]
    tokens: Spots
    attributes: Spots


class XmlStream:
    """The tokens of a file.

    Parameters
    ----------
    file : File
    dialect : Dialect
    texts : bool
        Whether texts between tags are tokens.
    """

    def __init__(self, file: File, dialect: Dialect, texts: bool) -> None:
        self.name, self.block, self.texts = file.name, dialect.block, texts
        self.stream = _open_xml(file, dialect)
        self.names = Names()
        self.stack = np.zeros(kernel.DEEPEST, np.int32)
        self.state = np.zeros(4, np.int64)
        self.carry = b""
        self.tokens, self.attributes = np.empty((0, 8), np.int32), np.empty((0, 4), np.int32)

    def blocks(self) -> Iterator[Tokens]:
        """Yield the document, block by block.

        Raises
        ------
        ParseError
            If it is no XML, or more than XML needs to hold a log.
        """
        final = False
        while not final:
            if len(self.carry) > LONGEST_LINE:
                raise self.fault("a tag or an event longer than 16 MiB", "check the program that wrote it")
            read = self.stream.read(self.block)
            final = not read
            data = self.carry + read
            used, found = self._scan(data, final)
            self.carry = data[used:]
            yield found
        if self.state[kernel.ROOT] != 2:
            what = (
                "no element at all"
                if self.state[kernel.ROOT] == 0
                else "an element that is not closed at the end"
            )
            raise self.fault(what, "fetch it again: it is cut off")

    def keep_from(self, found: Tokens, token: int) -> None:
        """Give back what begins with a token, so that the next block begins with it."""
        row = found.tokens[token]
        self.carry = found.data[int(row[kernel.AT]) :]
        self.state[kernel.OPEN], self.state[kernel.LINES] = row[kernel.DEPTH], row[kernel.LINE]

    def fault(self, what: str, fix: str, line: int | None = None) -> ParseError:
        """Return the error for what cannot be read."""
        at = int(self.state[kernel.LINES]) + 1 if line is None else line
        return ParseError(f"{self.name}, line {at:,}: {what}. Fix: {fix}")

    def _scan(self, data: bytes, final: bool) -> tuple[int, Tokens]:
        buf = np.frombuffer(data, np.uint8)
        tags, values = data.count(b"<"), data.count(b"=")
        room = 2 * tags + 4 if self.texts else tags + 2
        if len(self.tokens) < room:
            self.tokens = np.empty((room + room // 4, 8), np.int32)
        if len(self.attributes) < values + 1:
            self.attributes = np.empty((values + values // 4 + 1, 4), np.int32)
        done, at = np.zeros(2, np.int64), 0
        while True:
            at, verdict, start, stop = kernel.scan_xml(
                buf, at, final, self.texts, *self.names.table, self.stack, self.state, self.tokens,
                self.attributes, done,
            )  # fmt: skip
            if verdict == kernel.NEW_NAME:
                self._learn(data[start:stop])
            elif verdict == kernel.DONE or (verdict == kernel.MORE and not final):
                break
            else:
                what, fix = _FAULTS[verdict]
                raise self.fault(f"{what}: {cut(data[start:stop].decode('utf-8', 'replace'), 60)}", fix)
        return at, Tokens(data, buf, self.tokens[: done[0]], self.attributes[: done[1]])

    def _learn(self, raw: bytes) -> None:
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = ""
        if len(raw) > _LONGEST_NAME or _NAME.fullmatch(name) is None:
            raise self.fault(
                f"{cut(raw[:60])} as the name of an element or attribute", "check the program that wrote it"
            )
        if name.rpartition(":")[2] == "include":
            raise self.fault("the wish to include another file, which is never followed", "include it before")
        if len(self.names) >= _MOST_NAMES:
            raise self.fault(
                f"more than {_MOST_NAMES} different names of elements", "check the program that wrote it"
            )
        self.names.add(raw)


def gather(
    buf: npt.NDArray[np.uint8], spans: Spots, kinds: npt.NDArray[np.uint8], in_tag: bool = True
) -> Any:
    """Return texts of a block as an Arrow column; kinds as in :func:`gather_texts`."""
    n = len(kinds)
    spans, kinds = np.ascontiguousarray(spans), np.ascontiguousarray(kinds)
    size = int(np.where(kinds > 0, spans[:, 1] - spans[:, 0], 0).sum(dtype=np.int64))
    data, offsets, valid = np.empty(size, np.uint8), np.empty(n + 1, np.int32), np.empty(n, np.uint8)
    gather_texts(buf, spans, kinds, data, offsets, valid, in_tag)
    return arrow_text.from_buffers(data, offsets, None if valid.all() else valid)


def plain_text(raw: bytes, in_tag: bool = True) -> bytes:
    """Return one text, by default the value of an attribute, without references."""
    if b"&" not in raw and not any(byte < 32 for byte in raw):
        return raw
    spans, kinds = np.array([[0, len(raw)]], np.int32), np.full(1, 2, np.uint8)
    found = gather(np.frombuffer(raw, np.uint8), spans, kinds, in_tag)
    text: bytes = found.view(pa.binary())[0].as_py()
    return text


def _open_xml(file: File, dialect: Dialect) -> Stream:
    """Return the bytes of a document as UTF-8, by the encoding that is given or that it declares."""
    stream = open_text(file, dialect.encoding)
    head = stream.peek(1024)
    declared = _DECLARED.match(head)
    if declared and codecs.lookup(dialect.encoding).name == "utf-8":
        word = declared[1].decode("ascii")
        try:
            name = codecs.lookup(word).name
        except LookupError:
            name = ""
        if not _ENCODINGS.fullmatch(name):
            raise ParseError(
                f"{file.name} says that it is written in {word!r}. Fix: pass encoding=, or save it as UTF-8"
            )
        if name not in ("utf-8", "ascii"):
            stream = recoded(stream, name)
    if not head.lstrip().startswith(b"<"):
        raise ParseError(f"{file.name} is no XML: it begins with {cut(head[:40])}. Fix: check what it is")
    return stream
