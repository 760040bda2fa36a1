"""What the command line says: results on stdout, everything else on stderr, nothing that could act on a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TextIO

from journeylog.core.log import EventLog
from journeylog.plots.labels import count, share
from journeylog.reporting.loaded import rejected
from journeylog.reporting.names import redacted, short, visible

__all__ = ["Voice", "card_lines", "table_lines"]

_WIDEST = 48


class Voice:
    """Where results and remarks go.

    With ``--json`` the one thing on stdout is a JSON object; what people read goes to stderr.
    """

    def __init__(self, as_json: bool = False) -> None:
        """Say whether stdout is for a machine."""
        self.as_json = as_json

    def tell(self, lines: Iterable[str], facts: Mapping[str, Any]) -> None:
        """Give the result: lines for people, facts for machines."""
        if self.as_json:
            for line in lines:
                remark(line)
            _write(sys.stdout, json.dumps(facts, ensure_ascii=True, allow_nan=False) + "\n")
        else:
            _write(sys.stdout, "".join(f"{_clean(line)}\n" for line in lines))


def remark(line: str) -> None:
    """Say something beside the result."""
    _write(sys.stderr, f"{_clean(line)}\n")


def card_lines(log: EventLog, examples: bool = False) -> list[str]:
    """Return where every row went, as lines; on request with examples of what was rejected."""
    card = log.card
    lines = [
        f"rows          {count(card.rows_in)} in = {count(card.kept)} kept + {count(card.rejected)} rejected "
        f"+ {count(card.deduplicated)} duplicates",
        f"log           {count(log.n_actors)} actors, {count(log.n_events)} events of {count(len(log.events))} names",
        f"period        {log.period}",
        f"ties          {count(card.ties)}" + (f" (order: {card.order})" if card.ties else ""),
    ]
    for name, counts in card.sources.items():
        told = ", ".join(f"{count(n)} {word.replace('_', ' ')}" for word, n in counts.items())
        lines.append(f"source        {short(name, _WIDEST)}: {told}")
    for group in rejected(log):
        part = share(group.n / card.rows_in) if card.rows_in else ""
        lines.append(f"rejected      {count(group.n)} ({part}) {group.code}: {group.words}")
        if examples:
            lines += [f"              for example {example}" for example in group.examples]
    return lines + [f"note          {note}" for note in card.notes]


def table_lines(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a plain table: the first column to the left, the others to the right."""
    cells = [heads, *(tuple(short(cell, _WIDEST) for cell in row) for row in rows)]
    width = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    return [
        "  ".join(
            cell.ljust(w) if not i else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, width, strict=True))
        )
        for row in cells
    ]


def _clean(line: str) -> str:
    """Return one safe line; what indents it stays."""
    return visible(redacted(line)) if line.strip() else ""


def _write(stream: TextIO, text: str) -> None:
    """Write to a stream that may be closed, or may not know all letters; neither is a failure of the work done."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # Who reads has stopped reading. Python would complain once more at exit, so its stream goes nowhere now.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
