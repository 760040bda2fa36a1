"""What the load already knows: rejected rows, dropped duplicates, ids that contradict themselves, an empty log."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from journeylog.checks.finding import Finding, Severity, grade, passed
from journeylog.checks.rules import Rules
from journeylog.core.log import EventLog
from journeylog.ingest.rejects import WORDS, Reason

__all__ = ["dropped", "rejected"]

#: Reasons that a check of their own tells.
_TOLD = {Reason.DUP_ID_CONFLICT.value, Reason.ACTOR_PLACEHOLDER.value, Reason.TS_FUTURE.value}


def rejected(log: EventLog, rules: Rules) -> list[Finding]:
    """Tell the rows that were rejected at the door, reason by reason, and whether anything is left."""
    card = log.card
    found = []
    for code, n in sorted(card.reasons.items(), key=lambda item: (-item[1], item[0])):
        if code not in _TOLD and n:
            words = WORDS[Reason(code)] if code in Reason.__members__ else "see the rejected rows"
            found.append(
                Finding(
                    "rejected", grade("rejected", n, card.rows_in), f"{n:,} of {card.rows_in:,} rows were "
                    f"rejected: {words}.",
                    n, card.rows_in, "rows", code, places(log.rejects, code),
                    fix="look at log.rejects; correct the export, or declare what the message names",
                )
            )  # fmt: skip
    if not found:
        found.append(
            passed(
                "rejected",
                f"No row was rejected: {card.kept:,} of {card.rows_in:,} kept.",
                card.rows_in,
                "rows",
            )
        )
    if not log.n_events:
        found.append(
            Finding(
                "empty", Severity.WARNING, "The log holds no event.", 1, 1, "logs",
                fix="look at the rejected rows, or at the export: was it a quiet day or a broken job?",
            )
        )  # fmt: skip
    return found


def dropped(log: EventLog, rules: Rules) -> list[Finding]:
    """Tell what was done at the door with rows that repeat an event id."""
    card = log.card
    found = []
    n = card.deduplicated
    if n:
        found.append(
            Finding(
                "repeated_ids", grade("dropped_duplicates", n, card.rows_in),
                f"{n:,} of {card.rows_in:,} rows repeated an event id with the same content; each is in the log once.",
                n, card.rows_in, "rows", "dropped at the door",
                fix="nothing is to be done for the log; a share like this of a file says that it was loaded or sent twice",
            )
        )  # fmt: skip
    n = card.reasons.get(Reason.DUP_ID_CONFLICT.value, 0)
    if n:
        found.append(
            Finding(
                "repeated_ids", grade("conflicting_ids", n, card.rows_in),
                f"{n:,} of {card.rows_in:,} rows have the event id of an earlier row and other content; the first was kept.",
                n, card.rows_in, "rows", "rejected: other content", places(log.rejects, Reason.DUP_ID_CONFLICT.value),
                fix="find out which system gives the same id twice; log.rejects holds the rows",
            )
        )  # fmt: skip
    return found


def places(rejects: pa.Table | None, code: str) -> tuple[str, ...]:
    """Return where the first rejected rows of a reason stood; what they held is not told, it may be private."""
    if rejects is None or "reason" not in rejects.column_names:
        return ()
    rows = rejects.filter(pc.equal(rejects.column("reason"), code)).slice(0, 3)
    return tuple(_places(rows.select(["file", "row", "line"]).to_pylist()))


def _places(rows: Iterable[dict[str, object]]) -> Iterable[str]:
    for row in rows:
        where = f"line {row['line']:,}" if row["line"] is not None else f"row {row['row']:,}"
        file = str(row["file"] or "").rsplit("/", 1)[-1]
        yield f"{where} of {file}" if file else where
