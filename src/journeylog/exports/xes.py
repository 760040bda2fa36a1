"""Logs as XES: a trace for each actor, an event for each event, typed attributes under their keys."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.chunk import Category, Column, Number
from journeylog.errors import ConfigError, OutputError, explain
from journeylog.exports.layout import Layout, texts_of
from journeylog.ingest.containers.xes import CASE, PRESET

__all__ = ["MEANT", "MEANT_IN_TAG", "NOT_XML", "write_xes"]

_ELEMENTS: Final = {"": "float", "micros": "float", "bool": "boolean", "time": "date"}
_EXTENSIONS: Final = (
    ("Concept", "concept"),
    ("Time", "time"),
    ("Lifecycle", "lifecycle"),
    ("Organizational", "org"),
)
#: Characters that XML 1.0 has none of.
NOT_XML: Final = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ufffe\uffff]"
#: What stands for a character between tags, and in the value of an attribute.
MEANT: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
MEANT_IN_TAG: Final = {**MEANT, '"': "&quot;", "\n": "&#10;", "\t": "&#9;"}
_ROWS: Final = 1 << 16


def write_xes(layout: Layout, sink: BinaryIO) -> dict[str, Any]:
    """Write XES; return how it is read back.

    An attribute whose name begins with ``case:`` and that is the same in all events of each actor becomes one of the
    trace.
    """
    chunk = layout.chunk
    columns = {
        **{
            ("concept:name" if role == "event" else layout.names[role]): c for role, c in layout.roles.items()
        },
        **layout.attributes,
    }
    taken = [n for n in layout.attributes if n in PRESET.values()]
    if taken:
        raise ConfigError(
            f"the attribute {taken[0]!r} is called like something else in XES. Fix: rename the column before reading, "
            "or write Parquet"
        )
    of_trace = [
        n for n, c in layout.attributes.items() if n.startswith(CASE) and _same_in_actor(c, chunk.offsets)
    ]
    sink.write(_head())
    first = chunk.offsets[:-1][np.diff(chunk.offsets) > 0]
    filled = np.flatnonzero(np.diff(chunk.offsets) > 0)
    traces = pc.binary_join_element_wise(
        "\t<trace>\n",
        _cells("string", "concept:name", chunk.actors.take(pa.array(filled)), 2),
        *(_attribute(n.removeprefix(CASE), columns.pop(n).take(first), 2) for n in of_trace),
        "",
    ).to_pylist()
    starts = dict(zip(first.tolist(), traces, strict=True))
    ends = set(chunk.offsets[1:].tolist())
    for start in range(0, chunk.n_events, _ROWS):
        part = slice(start, min(start + _ROWS, chunk.n_events))
        events = _events(layout, columns, part)
        out = []
        for at, event in enumerate(events.to_pylist(), start):
            out.append(starts.get(at, ""))
            out.append(event)
            if at + 1 in ends:
                out.append("\t</trace>\n")
        sink.write("".join(out).encode("utf-8"))
    sink.write(b"</log>\n")
    named = layout.reads_filled()
    return {**named, **layout.reads_types(("money",))}


def _same_in_actor(column: Column, offsets: npt.NDArray[np.int64]) -> bool:
    """Return whether the column is the same in all events of each actor."""
    inside = np.ones(len(column.to_arrow()), dtype=bool)
    inside[offsets[:-1][offsets[:-1] < len(inside)]] = False  # the first event of an actor has none before it
    if isinstance(column, Category):
        return bool((column.codes[1:] == column.codes[:-1])[inside[1:]].all())
    if isinstance(column, Number):
        values = column.values if column.valid is None else np.where(column.valid, column.values, 0)
        same = values[1:] == values[:-1]
        if column.valid is not None:
            same &= column.valid[1:] == column.valid[:-1]
        return bool(same[inside[1:]].all())
    return False


def _escaped(texts: pa.Array, name: str) -> pa.Array:
    """Return texts as they stand in a tag of XML.

    Raises
    ------
    OutputError
        If a text holds characters that XML has none of.
    """
    wrong = pc.match_substring_regex(texts, NOT_XML).fill_null(False)
    if pc.any(wrong).as_py():
        raise OutputError(
            explain(
                f"texts of {name!r} hold control characters, which XML has none of",
                count=pc.sum(wrong).as_py(),
                total=len(texts),
                examples=texts.filter(wrong)[:3].to_pylist(),
                fix="write JSON lines or Parquet",
            )
        )
    for mark, meant in MEANT_IN_TAG.items():  # the sign & first
        texts = pc.replace_substring(texts, mark, meant)
    return texts


def _head() -> bytes:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<log xes.version="2.0" xes.features="" xmlns="http://www.xes-standard.org/">',
        *(
            f'\t<extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{prefix}.xesext"/>'
            for name, prefix in _EXTENSIONS
        ),
    ]
    return ("\n".join(lines) + "\n").encode("ascii")


def _events(layout: Layout, columns: dict[str, Column], part: slice) -> pa.Array:
    """Return the elements of some events."""
    time = Number(layout.chunk.time[part], unit="time")
    return pc.binary_join_element_wise(
        "\t\t<event>\n",
        _attribute("time:timestamp", time, 3),
        *(_attribute(name, column.take(part), 3) for name, column in columns.items()),
        "\t\t</event>\n",
        "",
    )


def _attribute(key: str, column: Column, depth: int) -> pa.Array:
    """Return the element of one attribute for each row, nothing where it is missing."""
    if isinstance(column, Category):
        if not len(column.labels):
            return pa.array([""] * len(column.codes))
        return _cells("string", key, column.labels, depth).take(
            pa.array(column.codes, mask=column.codes < 0)
        ).fill_null("")  # fmt: skip
    if not isinstance(column, Number):
        return _cells("string", key, texts_of(column), depth)
    whole = column.unit == "" and column.values.dtype.kind == "i"
    return _cells("int" if whole else _ELEMENTS[column.unit], key, texts_of(column), depth)


def _cells(element: str, key: str, texts: pa.Array, depth: int) -> pa.Array:
    shown = _escaped(pa.array([key]), "a key")[0].as_py()
    begin = "\t" * depth + f'<{element} key="{shown}" value="'
    return pc.binary_join_element_wise(begin, _escaped(texts.cast(pa.string()), key), '"/>\n', "").fill_null(
        ""
    )
