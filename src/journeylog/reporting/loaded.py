"""What was loaded, what was not, and why: the part of the page about the data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from journeylog.core.card import Card
from journeylog.core.log import EventLog
from journeylog.ingest.rejects import WORDS, Reason
from journeylog.plots.labels import count, share
from journeylog.reporting.names import redacted, short, visible
from journeylog.reporting.sentences import several
from journeylog.reporting.tables import Cell, Column, Table

__all__ = ["Rejected", "data_lead", "reject_table", "rejected", "source_table"]

_EXAMPLES: Final = 3


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


def rejected(log: EventLog) -> list[Rejected]:
    """Return the rejected rows by reason, most first."""
    reasons = sorted(log.card.reasons.items(), key=lambda item: (-item[1], item[0]))
    return [Rejected(code, _words(code), n, _examples(log.rejects, code)) for code, n in reasons]


def data_lead(log: EventLog) -> Markup:
    """Say in one sentence where every row went."""
    card = log.card
    text = Markup(
        "<b>{}</b> came in: <b>{}</b> kept, <b>{}</b> rejected and <b>{}</b> dropped as duplicates."
    ).format(several(card.rows_in, "row"), count(card.kept), _with_share(card), count(card.deduplicated))
    if card.ties:
        text += Markup(" {} at the same time as the one before; such events stand in this order: {}.").format(
            f"{several(card.ties, 'event')} happened", card.order
        )
    return text


def source_table(card: Card) -> Table | None:
    """Return where the rows of each source went; None when there was only one."""
    if not card.sources:
        return None
    heads = (
        Column("Source", (), "name"),
        Column("Rows in", (), "count"),
        Column("Kept", (), "count"),
        Column("Rejected", (), "count"),
        Column("Duplicates", (), "count"),
    )
    keys = ("rows_in", "kept", "rejected", "deduplicated")
    rows = [
        [_text(redacted(visible(name))), *(Cell(count(counts.get(key, 0)), numeric=True) for key in keys)]
        for name, counts in card.sources.items()
    ]
    total = {
        "rows_in": card.rows_in,
        "kept": card.kept,
        "rejected": card.rejected,
        "deduplicated": card.deduplicated,
    }
    rows.append([Cell("All sources"), *(Cell(count(total[key]), numeric=True) for key in keys)])
    return Table("Rows by source", heads, rows)


def reject_table(log: EventLog) -> Table | None:
    """Return the reasons with examples; None when nothing was rejected."""
    groups = rejected(log)
    if not groups:
        return None
    heads = (
        Column("Reason", (), "code"),
        Column("What it means", (), "text"),
        Column("Rows", (), "count"),
        Column("For example", (), "text"),
    )
    rows = [
        [Cell(g.code), Cell(g.words), Cell(count(g.n), numeric=True), Cell("; ".join(g.examples))]
        for g in groups
    ]
    return Table("Rejected rows by reason", heads, rows)


def _with_share(card: Card) -> str:
    return f"{count(card.rejected)} ({share(card.rejected_share)})" if card.rejected else "0"


def _text(whole: str) -> Cell:
    cut = short(whole, 44)
    return Cell(cut, whole if cut != whole else "")


def _words(code: str) -> str:
    return WORDS[Reason(code)] if code in Reason.__members__ else "see the rejected rows"


def _examples(rejects: pa.Table | None, code: str) -> tuple[str, ...]:
    if rejects is None or "reason" not in rejects.column_names:
        return ()
    found = rejects.filter(pc.equal(rejects.column("reason"), code))
    files = found.column("file").combine_chunks()
    first = [pc.index(files, name).as_py() for name in pc.unique(files).drop_null().slice(0, _EXAMPLES)]
    more = [i for i in range(min(_EXAMPLES, len(found))) if i not in first]
    chosen = sorted([*first, *more][:_EXAMPLES])
    return tuple(_example(row) for row in found.take(pa.array(chosen, pa.int64())).to_pylist())


def _example(row: dict[str, Any]) -> str:
    where = f"line {row['line']:,}" if row.get("line") is not None else f"row {row['row']:,}"
    file = redacted(visible(str(row.get("file") or "").rsplit("/", 1)[-1])) if row.get("file") else ""
    value = _value(row)
    return (f"{value} in " if value is not None else "") + where + (f" of {short(file, 40)}" if file else "")


def _value(row: dict[str, Any]) -> str | None:
    """Return the value at fault; None when the row never became columns or nothing was there."""
    if row.get("raw_kind") != "json" or not row.get("column"):
        return None
    try:
        values = json.loads(row["raw"])
    except (json.JSONDecodeError, RecursionError):
        return None
    value = values.get(row["column"]) if isinstance(values, dict) else None
    return None if value is None or not str(value).strip() else f"“{redacted(short(value, 40))}”"
