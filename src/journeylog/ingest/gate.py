"""What the caller is told about rejected rows: by a warning, or by an error that stops the load."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.kernels.time import WALL
from journeylog.core.log import EventLog
from journeylog.core.time import read_stamps
from journeylog.core.time_format import fitting_formats
from journeylog.core.time_rule import UNIT_WORDS, TimeRule
from journeylog.errors import DataQualityError, LoadWarning, cut, warn
from journeylog.ingest.rejects import Reason

__all__ = ["gate"]

_SPACE: Final = "[ \\u00a0\\u202f]"
#: How amounts are written that are no plain numbers, and what reads them.
_BOTH_MARKS: Final = (
    (rf"-?\d{{1,3}}({_SPACE}\d{{3}})+,\d+", "decimal=',', thousands=' '"),
    (r"-?\d{1,3}(\.\d{3})+,\d+", "decimal=',', thousands='.'"),
)
_MARKS: Final = (
    *_BOTH_MARKS,
    (r"-?\d{1,3}(,\d{3})+\.\d+", "thousands=','"),
    (rf"-?\d{{1,3}}({_SPACE}\d{{3}})+(\.\d+)?", "thousands=' '"),
    (r"-?\d+,(\d{1,2}|\d{4,})", "decimal=','"),
    (r"-?\d{1,3}(,\d{3})+", "decimal=',' or thousands=',', which only you can know"),
)
#: Reasons that are spelled out, and texts that a hint is proved on.
_SPELLED, _PROVED = 3, 1000


def gate(
    log: EventLog, on_error: str, max_rejected: float | None, unit: str | None = None, form: str | None = None
) -> None:
    """Warn of rejected rows, or stop; rows that are no events by declaration are no reason to.

    The unit in which times are declared to be numbers, and the format that declares it, are for the hint.

    Raises
    ------
    DataQualityError
        If a row was rejected and `on_error` is ``"raise"``, or more than the share `max_rejected` was.
    """
    card, rejects = log.card, log.rejects
    faults = {code: n for code, n in card.reasons.items() if code != Reason.NOT_AN_EVENT}
    rejected = sum(faults.values())
    if not rejected or rejects is None:
        if card.rejected and not card.kept:
            warn(
                f"no event in {card.rows_in:,} rows: by declaration all of them are none (NOT_AN_EVENT). Fix: check that "
                "format=, or object_type=, fits these rows; they are in log.rejects",
                LoadWarning,
            )
        return
    reasons = [_spell(rejects, code, n) for code, n in list(faults.items())[:_SPELLED]]
    more = len(faults) - _SPELLED
    shown = f"{rejected:,} of {card.rows_in:,} rows were rejected: " + "; ".join(reasons)
    shown += f"; and {more} more reasons" if more > 0 else ""
    hint = _time_hint(rejects, unit, form) or _amount_hint(rejects)
    if on_error == "raise" or (max_rejected is not None and rejected / card.rows_in > max_rejected):
        limit = "" if on_error == "raise" else f" That is more than max_rejected={max_rejected}."
        fix = hint or "correct the rows, or the declaration they break"
        raise DataQualityError(f"{shown}.{limit} Fix: {fix}")
    warn(f"{shown}. They are in log.rejects." + (f" Fix: {hint}" if hint else ""), LoadWarning)


def _spell(rejects: pa.Table, code: str, n: int) -> str:
    """Return a reason with its count, what it says, and the first row it met."""
    first = rejects.slice(pc.index(rejects.column("reason"), code).as_py(), 1).to_pylist()[0]
    spot = f"row {first['row']:,}" if first["line"] is None else f"line {first['line']:,}"
    value = _value(first)
    example = "" if value is None else f"{cut(value, 40)} "
    return f"{code} {n:,}: {first['detail']}, first {example}in {spot} of {Path(first['file']).name}"


def _value(reject: dict[str, Any]) -> Any:
    if reject["column"] is None or reject["raw_kind"] != "json":
        return None
    try:
        return json.loads(reject["raw"]).get(reject["column"])
    except ValueError:  # cut off
        return None


def _amount_hint(rejects: pa.Table) -> str:
    """Return what would read the unreadable amounts, if at least half are written in a usual way, or are words."""
    unread = rejects.filter(pc.equal(rejects.column("reason"), Reason.VALUE_UNPARSEABLE.value)).slice(
        0, _PROVED
    )
    texts = [v.strip() for v in map(_value, unread.to_pylist()) if isinstance(v, str)]
    if texts and not any(c.isdigit() for text in texts for c in text):
        return f"value= names a column of words such as {cut(texts[0], 40)}; name one of amounts"
    found = Counter(next((how for form, how in _MARKS if re.fullmatch(form, text)), "") for text in texts)
    read = len(texts) - found.pop("", 0)
    if not read or 2 * read < len(texts):
        return ""
    both = next((how for _, how in _BOTH_MARKS if found[how]), None)
    return f"pass {both or found.most_common(1)[0][0]}"


def _time_hint(rejects: pa.Table, unit: str | None, form: str | None) -> str:
    """Return what would read the unreadable times, if they are of a usual kind."""
    unread = rejects.filter(pc.equal(rejects.column("reason"), Reason.TS_UNPARSEABLE.value)).slice(0, _PROVED)
    texts = [v for v in map(_value, unread.to_pylist()) if isinstance(v, str)]
    if texts and unit is not None and (read_stamps(pa.array(texts), TimeRule()).verdict <= WALL).all():
        leave = "leave out time_unit=" if form is None else f"pass jl.formats()[{form!r}].but(time_unit=None)"
        return f"these are no {UNIT_WORDS[unit]} but stamps; {leave}"
    formats = fitting_formats(pa.array(texts)) if texts else []
    if not formats:
        return ""
    if len(formats) == 1:
        return f"pass time_format={formats[0]!r}"
    return f"pass time_format=, which only you can know: {' or '.join(map(repr, formats[:4]))}"
