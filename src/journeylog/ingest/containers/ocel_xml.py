"""OCEL 2.0 as XML, from the same tokens as XES."""

from __future__ import annotations

from typing import Any

from journeylog.core.kernels.xml import AT, COUNT, EMPTY, END, FIRST, KIND, NAME, STOP, TEXT
from journeylog.errors import ParseError
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.files import File
from journeylog.ingest.containers.ocel import Content
from journeylog.ingest.containers.xml import Tokens, XmlStream, plain_text

__all__ = ["read_xml"]

#: What stands around each part, from the root inwards.
_EVENT_TYPE = ("log", "event-types", "event-type", "attributes", "attribute")
_OBJECT_TYPE = ("log", "object-types", "object-type", "attributes", "attribute")
_EVENT = ("log", "events", "event")
_OBJECT = ("log", "objects", "object")
_VALUE = ("attributes", "attribute")
_TOUCHES = (("objects", "relationship"), ("objects", "object"))


def read_xml(file: File, dialect: Dialect) -> Content:
    """Return what a document holds.

    Raises
    ------
    ParseError
        If it is no XML, or no OCEL of version 2.0.
    """
    xml = XmlStream(file, dialect, texts=True)
    walk = _Walk(file.name)
    for found in xml.blocks():
        walk.take(found, xml.names.numbers)
    if not walk.known:
        raise ParseError(f"{file.name} is XML without <events>. Fix: pass format= if it is no OCEL")
    return walk.content


class _Walk:
    """Where in the document we are, and what was found."""

    def __init__(self, name: str) -> None:
        self.name, self.content, self.known = name, Content(), False
        self.path: list[str] = []
        self.place, self.object = -1, ""
        self.waiting: tuple[str, str | None] | None = None  # an attribute whose text is still to come
        self.text: list[bytes] = []

    def take(self, found: Tokens, numbers: dict[bytes, int]) -> None:
        """Take up the tokens of a block."""
        names = [raw.decode("utf-8").rpartition(":")[2] for raw in numbers]
        for token in found.tokens.tolist():
            kind = token[KIND]
            if kind == TEXT:
                if self.waiting is not None:
                    raw = found.data[token[AT] : token[STOP]]
                    self.text.append(plain_text(raw, in_tag=False) if token[NAME] else raw)
                continue
            if kind == END:
                self._close()
                self.path.pop()
                continue
            self.path.append(names[token[NAME]])
            cells = {
                names[a[0]]: plain_text(found.data[a[1] : a[2]]).decode("utf-8", "surrogateescape")
                for a in found.attributes[token[FIRST] : token[FIRST] + token[COUNT]].tolist()
            }
            self._open(tuple(self.path), cells)
            if kind == EMPTY:
                self._close()
                self.path.pop()

    def _open(self, path: tuple[str, ...], cells: dict[str, Any]) -> None:
        content = self.content
        if path == ("log", "events"):
            self.known = True
        elif path == _EVENT:
            if "id" not in cells and "type" not in cells:
                raise ParseError(
                    f"{self.name} is an object-centric log of version 1.0 as XML, or none. "
                    "Fix: save it as version 2.0, or as JSON"
                )
            self.place = content.event(cells.get("id"), cells.get("type"), cells.get("time"))
        elif path == _OBJECT:
            self.object = cells.get("id", "")
            content.objects.setdefault(self.object, cells.get("type"))
        elif path in (_EVENT_TYPE, _OBJECT_TYPE):
            owner = "event" if path == _EVENT_TYPE else "object"
            content.declared.add((owner, cells.get("name", ""), cells.get("type", "")))
        elif path[3:] == _VALUE and path[:3] in (_EVENT, _OBJECT) and "name" in cells:
            self.waiting, self.text = (cells["name"], cells.get("time")), []
        elif path[:3] == _EVENT and path[3:] in _TOUCHES and "object-id" in cells:
            content.touched.append((self.place, cells["object-id"], cells.get("qualifier")))

    def _close(self) -> None:
        if self.waiting is None or self.path[-1] != "attribute":
            return
        (name, since), text = self.waiting, b"".join(self.text).decode("utf-8", "surrogateescape")
        self.waiting = None
        if self.path[1] == "events":
            self.content.values.setdefault(name, []).append((self.place, (text, "")))
        else:
            self.content.object_values.setdefault(name, []).append((self.object, since, (text, "")))
