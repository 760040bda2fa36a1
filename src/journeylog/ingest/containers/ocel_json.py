"""OCEL as JSON: version 2.0, and 1.0 by its keys. One event or object at a time, so that no whole document is held."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from journeylog.errors import ParseError, cut
from journeylog.ingest.containers.base import Dialect
from journeylog.ingest.containers.files import File, open_text
from journeylog.ingest.containers.ocel import Content, Value

__all__ = ["read_json"]

#: Longest event or object, in characters.
_LONGEST: Final = 1 << 24
_BLOCK: Final = 1 << 20
_SPACE: Final = " \t\r\n"


class _Written(str):
    """A number as it is written."""


def read_json(file: File, dialect: Dialect) -> Content:
    """Return what a document holds.

    Raises
    ------
    ParseError
        If it is no JSON, or no OCEL.
    """
    walk = _Walk(file, dialect)
    content = Content()
    takers: dict[str, Callable[[Any], None]] = {
        "eventTypes": lambda x: _declare(content, "event", x),
        "objectTypes": lambda x: _declare(content, "object", x),
        "events": lambda x: _event(content, x),
        "objects": lambda x: _object(content, x),
        "ocel:events": lambda x: _event_1(content, *x),
        "ocel:objects": lambda x: _object_1(content, *x),
    }
    seen = set()
    for key in walk:
        taker = takers.get(key)
        if taker is None:
            walk.value()
            continue
        seen.add(key)
        for one in walk.pairs() if key.startswith("ocel:") else walk.items():
            taker(one)
    if not seen & {"events", "ocel:events"}:
        raise ParseError(
            f"{file.name} is JSON without 'events' or 'ocel:events'. Fix: pass format= if it is no OCEL"
        )
    return content


class _Walk:
    """A document of JSON, value by value."""

    def __init__(self, file: File, dialect: Dialect) -> None:
        self.name = file.name
        self.stream = open_text(file, dialect.encoding)
        self.decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self.json = json.JSONDecoder(parse_int=_Written, parse_float=_Written, parse_constant=_Written)
        self.text, self.at, self.passed, self.ended = "", 0, 0, False

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of the document; its value is to be taken before the next."""
        self._take("{")
        yield from self._members()
        self._space()
        if self.at < len(self.text):
            raise self._fault()

    def pairs(self) -> Iterator[tuple[str, Any]]:
        """Yield the members of an object."""
        self._take("{")
        for key in self._members():
            yield key, self.value()

    def items(self) -> Iterator[Any]:
        """Yield the elements of an array."""
        self._take("[")
        if self._space() == "]":
            self.at += 1
            return
        while True:
            yield self.value()
            mark = self._space()
            self.at += 1
            if mark == "]":
                return
            if mark != ",":
                raise self._fault()

    def value(self) -> Any:
        """Take one value."""
        self._space()
        while True:
            try:
                found, end = self.json.raw_decode(self.text, self.at)
            except RecursionError as error:
                raise ParseError(f"{self.name}: values are nested too deeply. Fix: flatten them") from error
            except ValueError as error:
                if self.ended:
                    raise self._fault() from error
            else:
                if end < len(self.text) or self.ended:
                    self.at = end
                    return found
            if len(self.text) - self.at > _LONGEST:
                raise ParseError(
                    f"{self.name}: an event or object is no JSON, or longer than 16 MiB, at character "
                    f"{self.passed + self.at:,}. Fix: check the program that wrote it"
                )
            self._more(max(_BLOCK, len(self.text) - self.at))

    def _members(self) -> Iterator[str]:
        if self._space() == "}":
            self.at += 1
            return
        while True:
            if self._space() != '"':
                raise self._fault()
            key = self.value()
            self._take(":")
            yield key
            mark = self._space()
            self.at += 1
            if mark == "}":
                return
            if mark != ",":
                raise self._fault()

    def _take(self, mark: str) -> None:
        if self._space() != mark:
            raise self._fault()
        self.at += 1

    def _space(self) -> str:
        """Pass over white space; return the next character."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if self.ended:
                return ""
            self._more(_BLOCK)

    def _more(self, size: int) -> None:
        read = self.stream.read(size)
        self.ended = not read
        self.passed += self.at
        self.text = self.text[self.at :] + self.decode(read, self.ended)
        self.at = 0

    def _fault(self) -> ParseError:
        shown = cut(self.text[self.at : self.at + 40])
        return ParseError(
            f"{self.name}: no JSON of a log of objects at character {self.passed + self.at:,}: {shown}. "
            "Fix: check whether it is complete"
        )


def _declare(content: Content, owner: str, found: Any) -> None:
    for one in _list(found, "attributes"):
        if isinstance(one, dict):
            content.declared.add((owner, str(one.get("name")), str(one.get("type"))))


def _event(content: Content, found: Any) -> None:
    if not isinstance(found, dict):
        content.broken.append((len(content.ids), "an event that is no object of JSON", _json(found)))
        return
    place = content.event(_text(found.get("id")), _text(found.get("type")), _text(found.get("time")))
    for one in _list(found, "attributes"):
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            content.values.setdefault(one["name"], []).append((place, _value(one.get("value"))))
    for one in _list(found, "relationships"):
        if isinstance(one, dict) and one.get("objectId") is not None:
            content.touched.append((place, _text(one["objectId"]) or "", _text(one.get("qualifier"))))


def _object(content: Content, found: Any) -> None:
    if not isinstance(found, dict) or found.get("id") is None:
        return
    id = _text(found["id"]) or ""
    content.objects.setdefault(id, _text(found.get("type")))
    for one in _list(found, "attributes"):
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            change = (id, _text(one.get("time")), _value(one.get("value")))
            content.object_values.setdefault(one["name"], []).append(change)


def _event_1(content: Content, id: str, found: Any) -> None:
    """Take up an event as version 1.0 writes it."""
    if not isinstance(found, dict):
        content.broken.append((len(content.ids), "an event that is no object of JSON", _json({id: found})))
        return
    place = content.event(id, _text(found.get("ocel:activity")), _text(found.get("ocel:timestamp")))
    values = found.get("ocel:vmap")
    for name, value in values.items() if isinstance(values, dict) else ():
        content.values.setdefault(name, []).append((place, _value(value)))
    for object in _list(found, "ocel:omap"):
        content.touched.append((place, _text(object) or "", None))


def _object_1(content: Content, id: str, found: Any) -> None:
    if not isinstance(found, dict):
        return
    content.objects.setdefault(id, _text(found.get("ocel:type")))
    values = found.get("ocel:ovmap")
    for name, value in values.items() if isinstance(values, dict) else ():
        content.object_values.setdefault(name, []).append((id, None, _value(value)))


def _list(found: Any, key: str) -> list[Any]:
    listed = found.get(key) if isinstance(found, dict) else None
    return listed if isinstance(listed, list) else []


def _value(found: Any) -> Value:
    """Return a value as text, with its kind."""
    if found is None:
        return None, "null"
    kind = "number" if isinstance(found, _Written) else "bool" if isinstance(found, bool) else ""
    return _text(found), kind


def _text(found: Any) -> str | None:
    if found is None or isinstance(found, str):
        return None if found is None else str(found)
    return ("true" if found else "false") if isinstance(found, bool) else _json(found)


def _json(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False)
