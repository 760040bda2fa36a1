"""What a check of the data finds, as the report tells it: in words, worst first, with its evidence as a table."""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from journeylog.checks.finding import Finding, Severity
from journeylog.checks.result import CHECKS, Check
from journeylog.checks.run import check
from journeylog.core.log import EventLog
from journeylog.core.window import utc_text
from journeylog.reporting.names import redacted
from journeylog.reporting.tables import Cell, Column, Table, heads_of
from journeylog.reporting.wording import Wording

__all__ = ["check_data", "quality_values"]

#: What a finding is called where its check has several kinds of them, by the place it names.
_KINDS: Final = {
    ("repeated_ids", "dropped at the door"): "repeated_ids_dropped",
    ("repeated_ids", "rejected: other content"): "repeated_ids_conflict",
    ("placeholder_actors", "rejected at the door"): "placeholder_actors_dropped",
    ("currencies", "no currency"): "currencies_none",
}
#: Places that say only where a check looked.
_NO_PLACE: Final = frozenset({"in the log", "rejected at the door", *(where for _, where in _KINDS)})
#: What is counted where a number may be one of customers.
_OF_CUSTOMERS: Final = frozenset({"actors", "events", "active hours"})
#: Checks whose examples are names of events; those of others are ids, addresses and texts of customers.
_SHOWN: Final = frozenset({"lookalike_events", "ids_in_events"})
_MINUTE: Final = 60_000_000
_COLUMNS: Final = (
    ("severity", "text"), ("finding", "text"), ("place", "name"), ("found", "count"), ("of", "count"),
    ("share", "share"), ("first_time", "text"), ("last_time", "text"), ("example", "text"),
)  # fmt: skip


def check_data(log: EventLog) -> Check:
    """Return the check of a log as a report asks it: the present is the end of the data, so no clock is read."""
    return check(log, now=utc_text(log.window.end) + "Z")


def quality_values(found: Check, mask: int, words: Wording) -> dict[str, Any]:
    """Return what the page says of a check: a line over all, a sentence a finding, and the findings as a table."""
    told = found.problems
    wrong = {finding.check for finding in told}
    skipped = {f.check for f in found if f.severity is Severity.SKIPPED} - wrong
    line = words.plain(
        "check_line", n=words.count(len(CHECKS)), found=words.count(len(wrong)),
        passed=words.count(len(CHECKS) - len(wrong) - len(skipped)), skipped=words.count(len(skipped)),
    )  # fmt: skip
    heads = heads_of([Column(head, (), kind) for head, kind in _COLUMNS], words)
    rows = [_row(finding, mask, words) for finding in told]
    return {
        "quality_line": line,
        "quality": [(str(finding.severity), _sentence(finding, mask, words)) for finding in told],
        "quality_table": Table(words.table("checks"), heads, rows) if rows else None,
    }


def _sentence(finding: Finding, mask: int, words: Wording) -> Markup:
    """Return a finding in words: how bad, what, where, and how many of how many."""
    n, place = _number(finding, mask), _place(finding, words)
    where = Markup(" ({})").format(words.named(place)) if place else ""
    values = {
        "severity": _severity(finding, words), "what": _what(finding, words), "where": where,
        "n": words.count(n), "total": words.count(finding.total),
    }  # fmt: skip
    if n != n:
        return words("check_few", **values)
    return words("check_said", share=words.share(finding.rate), **values)


def _row(finding: Finding, mask: int, words: Wording) -> list[Cell]:
    n = _number(finding, mask)
    hidden = n != n
    examples = "; ".join(map(redacted, finding.examples)) if finding.check in _SHOWN and not hidden else ""
    return [
        Cell(_severity(finding, words)),
        Cell(_what(finding, words)),
        Cell(_place(finding, words)),
        Cell(words.count(n), numeric=True, value="" if hidden else str(finding.n)),
        Cell(words.count(finding.total), numeric=True, value=str(finding.total)),
        Cell(words.share(float("nan") if hidden else finding.rate), numeric=True),
        *(_time(None if hidden else at, words) for at in (finding.first, finding.last)),
        Cell(examples),
    ]  # fmt: skip


def _time(at: int | None, words: Wording) -> Cell:
    return Cell("–") if at is None else Cell(words.words.moment(at - at % _MINUTE), value=str(at))


def _number(finding: Finding, mask: int) -> float:
    """Return how many were found; nan where these may be few customers."""
    few = finding.unit in _OF_CUSTOMERS and 0 < finding.n < mask
    return float("nan") if few else finding.n


def _severity(finding: Finding, words: Wording) -> str:
    return words.words.of("report_severities", str(finding.severity))


def _what(finding: Finding, words: Wording) -> str:
    key = _KINDS.get((finding.check, finding.where), finding.check)
    if key == "outages" and finding.severity is Severity.ERROR:
        key = "outages_end"  # only a source that stays silent is an error
    if key == "currencies" and finding.severity is Severity.INFO and finding.n == finding.total:
        key = "currencies_none"
    what = words.words.of("report_checks", key)
    kind = finding.facts.get("kind") if finding.check == "personal_data" else None
    return what if kind is None else f"{what}: {words.words.of('report_personal', str(kind))}"


def _place(finding: Finding, words: Wording) -> str:
    """Return the column or the source a finding is of; empty where there is only one place."""
    if not finding.where or finding.where in _NO_PLACE:
        return ""
    place = finding.where
    if finding.check == "personal_data":
        place = place.removesuffix(f": {finding.facts.get('kind')}")
        place = words.words.words["report_roles"].get(place, place)
    return redacted(words.visible(place))
