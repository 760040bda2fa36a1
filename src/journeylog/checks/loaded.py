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

#: Reasons a sentence names.
_MOST = 5


def rejected(log: EventLog, rules: Rules) -> list[Finding]:
    """Tell the rows that were rejected at the door, by reason, and whether anything is left."""
    card = log.card
    by_format = card.reasons.get(Reason.NOT_AN_EVENT.value, 0)
    n, total = card.rejected - by_format, card.rows_in
    beside = f" Beside them {by_format:,} rows are by the format no events." if by_format else ""
    if n:
        faults = {code: often for code, often in card.reasons.items() if code != Reason.NOT_AN_EVENT}
        reasons = sorted(faults.items(), key=lambda item: (-item[1], item[0]))
        told = ", ".join(f"{_words(code)} ({often:,})" for code, often in reasons[:_MOST])
        more = f", and {len(reasons) - _MOST} more reasons" if len(reasons) > _MOST else ""
        examples = [
            f"{code}: {', '.join(places(log.rejects, code)[:2])}"
            for code, _ in reasons[:3]
            if places(log.rejects, code)
        ]
        found = [
            Finding(
                "rejected", grade("rejected", n, total), f"{n:,} of {total:,} rows were rejected: {told}{more}.{beside}",
                n, total, "rows", examples=tuple(examples),
                fix="look at log.rejects (or save it with --rejects); correct the export, or declare what the reasons name",
                facts={"reasons": dict(card.reasons)},
            )
        ]  # fmt: skip
    else:
        found = [
            passed(
                "rejected", f"No row was rejected: {card.kept:,} of {total:,} kept.{beside}", total, "rows"
            )
        ]
    if not log.n_events:
        found.append(
            Finding(
                "empty", Severity.WARNING, "The log holds no event.", 1, 1, "logs",
                fix="look at the rejected rows, or at the export: was it a quiet day or a broken job?",
            )
        )  # fmt: skip
    return found


def dropped(log: EventLog, rules: Rules) -> list[Finding]:
    """Tell what was done at the door with rows that repeat an event id, and with those that two sources tell."""
    card = log.card
    found = []
    n = card.deduplicated
    if n:
        found.append(
            Finding(
                "repeated_ids", grade("dropped_duplicates", n, card.rows_in),
                f"{n:,} of {card.rows_in:,} rows tell what another one tells, with its id and content or as another "
                "source; each is in the log once.",
                n, card.rows_in, "rows", "dropped at the door",
                fix="nothing is to be done for the log; a share like this of one file says that it was loaded or sent twice",
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


def _words(code: str) -> str:
    """Return a reason in words, without the hint at the argument that decides it."""
    words = WORDS[Reason(code)] if code in Reason.__members__ else code
    return words.partition(" (see")[0].partition(";")[0]


def _places(rows: Iterable[dict[str, object]]) -> Iterable[str]:
    for row in rows:
        where = f"line {row['line']:,}" if row["line"] is not None else f"row {row['row']:,}"
        file = str(row["file"] or "").rsplit("/", 1)[-1]
        yield f"{where} of {file}" if file else where
