"""What was loaded, what was not, and why: the part of the page about the data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from journeylog.core.card import Card
from journeylog.core.log import EventLog
from journeylog.reporting.names import redacted, short
from journeylog.reporting.tables import Cell, Column, Table, heads_of
from journeylog.reporting.wording import ENGLISH, Wording

__all__ = ["Rejected", "data_lead", "reject_table", "rejected", "source_table"]

_EXAMPLES: Final = 3
_NUMBERED: Final = re.compile(r"log (\d+)")
#: What a reason says to a reader of Python, ``(see time_range=)``; a page is for people who did not write any.
_HINT: Final = re.compile(r" \([^()]*\w=[^()]*\)$")
_COUNTS: Final = ("rows_in", "kept", "rejected", "duplicates")


@dataclass(frozen=True)
class Rejected:
    """Rejected rows of one reason.

    Parameters
    ----------
    code, words : str
        The reason as code and in words.
    n : int
    examples : tuple of str
        Where it happened and the value at fault; never a whole row, which may hold what is private.
    """

    code: str
    words: str
    n: int
    examples: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON-able values."""
        return {"reason": self.code, "meaning": self.words, "n": self.n, "examples": list(self.examples)}


def rejected(log: EventLog, words: Wording = ENGLISH) -> list[Rejected]:
    """Return the rejected rows by reason, most first."""
    reasons = sorted(log.card.reasons.items(), key=lambda item: (-item[1], item[0]))
    known = words.words.words["reasons"]
    return [
        Rejected(code, known.get(code, words.plain("reject_unknown")), n, _examples(log.rejects, code, words))
        for code, n in reasons
    ]


def data_lead(log: EventLog, words: Wording = ENGLISH) -> Markup:
    """Say in one sentence where every row went."""
    card = log.card
    text = words(
        "data_lead", rows=words.several("rows", card.rows_in), kept=words.count(card.kept),
        rejected=_with_share(card, words), duplicates=words.count(card.deduplicated),
    )  # fmt: skip
    if card.ties:
        events, order = words.several("events", card.ties), words.order(card.order)
        text += " " + words("data_ties", events=events, order=order)
    return text


def source_table(card: Card, words: Wording = ENGLISH) -> Table | None:
    """Return where the rows of each source went; None when there was only one."""
    if not card.sources:
        return None
    heads = heads_of([Column("source", (), "name"), *(Column(key, (), "count") for key in _COUNTS)], words)
    keys = ("rows_in", "kept", "rejected", "deduplicated")
    rows = [
        [
            _text(redacted(words.visible(_source(name, words)))),
            *(_number(counts.get(key, 0), words) for key in keys),
        ]
        for name, counts in card.sources.items()
    ]
    rows.append([Cell(words.plain("all_sources")), *(_number(getattr(card, key), words) for key in keys)])
    return Table(words.table("sources"), heads, rows)


def reject_table(log: EventLog, words: Wording = ENGLISH) -> Table | None:
    """Return the reasons with examples; None when nothing was rejected."""
    groups = rejected(log, words)
    if not groups:
        return None
    kinds = (("reason", "code"), ("meaning", "text"), ("rows", "count"), ("example", "text"))
    heads = heads_of([Column(head, (), kind) for head, kind in kinds], words)
    rows = [
        [Cell(g.code), Cell(_HINT.sub("", g.words)), _number(g.n, words), Cell("; ".join(g.examples))]
        for g in groups
    ]
    return Table(words.table("rejects"), heads, rows)


def _source(name: str, words: Wording) -> str:
    """Return what a source is called; a log that was joined without a name has a number."""
    found = _NUMBERED.fullmatch(name)
    return name if found is None else words.plain("numbered_log", n=found[1])


def _number(n: int, words: Wording) -> Cell:
    return Cell(words.count(n), numeric=True, value=str(n))


def _with_share(card: Card, words: Wording) -> str:
    if not card.rejected:
        return "0"
    return words.plain("data_rejected", n=words.count(card.rejected), share=words.share(card.rejected_share))


def _text(whole: str) -> Cell:
    cut = short(whole, 44)
    return Cell(cut, whole if cut != whole else "")


def _examples(rejects: pa.Table | None, code: str, words: Wording) -> tuple[str, ...]:
    if rejects is None or "reason" not in rejects.column_names:
        return ()
    found = rejects.filter(pc.equal(rejects.column("reason"), code))
    files = found.column("file").combine_chunks()
    first = [pc.index(files, name).as_py() for name in pc.unique(files).drop_null().slice(0, _EXAMPLES)]
    more = [i for i in range(min(_EXAMPLES, len(found))) if i not in first]
    chosen = sorted([*first, *more][:_EXAMPLES])
    return tuple(_example(row, words) for row in found.take(pa.array(chosen, pa.int64())).to_pylist())


def _example(row: dict[str, Any], words: Wording) -> str:
    key, n = ("at_line", row["line"]) if row.get("line") is not None else ("at_row", row["row"])
    place = words.plain(key, n=words.count(n))
    if row.get("file"):
        file = redacted(words.visible(str(row["file"]).rsplit("/", 1)[-1]))
        place = words.plain("of_file", place=place, file=short(file, 40))
    value = _value(row, words)
    return place if value is None else words.plain("in_place", value=value, place=place)


def _value(row: dict[str, Any], words: Wording) -> str | None:
    """Return the value at fault; None when the row never became columns or nothing was there."""
    if row.get("raw_kind") != "json" or not row.get("column"):
        return None
    try:
        values = json.loads(row["raw"])
    except (json.JSONDecodeError, RecursionError):
        return None
    value = values.get(row["column"]) if isinstance(values, dict) else None
    left, right = words.words.words["quotes"]
    return None if value is None or not str(value).strip() else f"{left}{redacted(short(value, 40))}{right}"
