"""What a check says: how bad, how many of how many, for example what, from when to when, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from journeylog.core.masks import masked_values, shown
from journeylog.core.window import utc_text

__all__ = ["EXAMPLES", "LIMITS", "Finding", "Severity", "grade", "passed", "skipped", "span"]

#: How many examples evidence has at most.
EXAMPLES: Final = 3


class Severity(StrEnum):
    """How bad a finding is, from ``skipped`` (could not be asked) and ``ok`` to ``error``."""

    SKIPPED = "skipped"
    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Place in the order from skipped (0) to error (4)."""
        return list(Severity).index(self)


#: From which share of the denominator a finding is a warning, and from which an error; None is never. Zero is "any".
#: Below the first it is an info.
LIMITS: Final[Mapping[str, tuple[float | None, float | None]]] = {
    "rejected": (0.0, 0.01),
    "empty": (0.0, None),
    "duplicate_rows": (0.001, 0.1),
    "dropped_duplicates": (0.1, None),
    "conflicting_ids": (0.0, 0.01),
    "repeated_ids": (0.0, 0.1),
    "ties": (0.05, None),
    "no_time_of_day": (0.01, None),
    "late": (0.01, 0.2),
    "clock_ahead": (0.001, 0.05),
    "clock_behind": (0.001, 0.05),
    "future": (0.0, 0.01),
    "outages": (0.0, None),
    "gone_silent": (0.0, 0.0),
    "bot_rate": (0.001, 0.2),
    "bot_gaps": (0.001, 0.2),
    "bot_endless": (0.001, 0.2),
    "bot_agents": (0.001, 0.2),
    "heavy_actors": (0.01, 0.5),
    "lookalike_actors": (0.001, None),
    "lookalike_events": (0.0, None),
    "ids_in_events": (0.0, None),
    "many_events": (0.0, None),
    "rejected_placeholders": (0.01, None),
    "placeholder_actors": (0.0, 0.01),
    "night_peak": (0.0, None),
    "zone_shift": (0.0, None),
    "currencies": (0.0, None),
    "no_currency": (0.0, None),
    "personal_data": (0.0, None),
    "secrets": (0.0, 0.0),
}


@dataclass(frozen=True)
class Finding:
    """One answer of one check.

    Parameters
    ----------
    check : str
        Name of the check, as thresholds name it.
    severity : Severity
    sentence : str
        What was found, in words. Nothing personal is in it.
    n, total : int
        How many, and of how many.
    unit : str
        What is counted: ``events``, ``rows``, ``actors``, ``names``, ``hours``, ``sources``.
    where : str
        The column, source or kind it was found in; empty where the check has only one place.
    examples : tuple of str
        At most three, personal data masked.
    first, last : int or None
        Microseconds UTC of the first and the last event concerned.
    fix : str
        What to do.
    facts : mapping
        Further numbers, JSON-able.
    """

    check: str
    severity: Severity
    sentence: str
    n: int = 0
    total: int = 0
    unit: str = "events"
    where: str = ""
    examples: tuple[str, ...] = ()
    first: int | None = None
    last: int | None = None
    fix: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Mask what is shown; this is the one gate examples and places go through."""
        object.__setattr__(self, "examples", tuple(shown(e) for e in self.examples[:EXAMPLES]))
        object.__setattr__(self, "where", shown(self.where) if self.where else "")
        object.__setattr__(self, "sentence", shown(self.sentence, 600))
        object.__setattr__(self, "fix", shown(self.fix, 300) if self.fix else "")
        object.__setattr__(self, "facts", masked_values(self.facts))

    @property
    def rate(self) -> float:
        """The number as a share of the total; nan of nothing."""
        return self.n / self.total if self.total else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-able values."""
        return {
            "check": self.check,
            "severity": str(self.severity),
            "where": self.where,
            "finding": self.sentence,
            "n": self.n,
            "n_total": self.total,
            "of": self.unit,
            "rate": self.n / self.total if self.total else None,
            "first": None if self.first is None else utc_text(self.first),
            "last": None if self.last is None else utc_text(self.last),
            "examples": list(self.examples),
            "fix": self.fix,
            "facts": dict(self.facts),
        }


def grade(limit: str, n: int, total: int) -> Severity:
    """Return how bad `n` of `total` is by the table of limits.

    Examples
    --------
    >>> grade("ties", 0, 100).value, grade("ties", 1, 100).value, grade("ties", 5, 100).value
    ('ok', 'info', 'warning')
    """
    if n <= 0:
        return Severity.OK
    share = n / total if total else 1.0
    warning, error = LIMITS[limit]
    if error is not None and share >= error:
        return Severity.ERROR
    return Severity.WARNING if warning is not None and share >= warning else Severity.INFO


def passed(check: str, sentence: str, total: int, unit: str = "events", **more: Any) -> Finding:
    """Return the finding of a check that found nothing."""
    return Finding(check, Severity.OK, sentence, 0, total, unit, **more)


def skipped(check: str, why: str) -> Finding:
    """Return the finding of a check that could not be asked, and why."""
    return Finding(check, Severity.SKIPPED, why)


def span(parts: Iterable[tuple[int, int, int]]) -> tuple[int, int | None, int | None]:
    """Add up (number, first, last) of several parts; parts without anything have no times."""
    found = [part for part in parts if part[0]]
    if not found:
        return 0, None, None
    return sum(n for n, _, _ in found), min(f for _, f, _ in found), max(e for _, _, e in found)


def top(table: pa.Table, by: str, n: int = EXAMPLES) -> list[dict[str, Any]]:
    """Return the rows of the largest values, equal ones by the first column."""
    keys = [(by, "descending"), (table.column_names[0], "ascending")]
    rows: list[dict[str, Any]] = table.take(pc.select_k_unstable(table, min(n, len(table)), keys)).to_pylist()
    return rows
