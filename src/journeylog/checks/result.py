"""The result of a check: findings by severity, with their evidence, and whether a batch job may go on."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from journeylog.checks.finding import Finding, Severity
from journeylog.checks.rules import Rules
from journeylog.core.card import Card
from journeylog.core.log import EventLog
from journeylog.core.masks import masked_values
from journeylog.core.nodes import TEXT
from journeylog.core.window import Window, utc_text
from journeylog.errors import ConfigError, DataQualityError, nearest

__all__ = ["CHECKS", "Check", "thresholds"]

#: Every check by name, with what it looks for; thresholds and tables use these names.
CHECKS: Final[Mapping[str, str]] = {
    "rejected": "rows that could not be kept",
    "empty": "a log without events",
    "repeated_ids": "event ids that occur more than once",
    "duplicate_rows": "events equal in every column",
    "ties": "events of one actor at the same time",
    "no_time_of_day": "stamps that are dates",
    "late": "events that arrive late",
    "clock_ahead": "events received before they happened",
    "clock_behind": "devices whose clocks are behind",
    "future": "events later than now",
    "outages": "silent hours the week's pattern does not explain",
    "bot_rate": "actors faster than people",
    "bot_gaps": "actors as regular as clockwork",
    "bot_endless": "actors who never pause",
    "heavy_actors": "actors with far more events than others",
    "bot_agents": "machines that say so",
    "lookalike_actors": "actor ids that look alike",
    "lookalike_events": "event names that look alike",
    "ids_in_events": "ids inside event names",
    "many_events": "too many event names",
    "placeholder_actors": "actor ids that stand for nobody",
    "night_peak": "activity centred on the night",
    "zone_shift": "sources whose days are hours apart",
    "currencies": "amounts in several currencies",
    "personal_data": "personal data in names, ids, URLs and text",
}
_COLOURS: Final = {
    Severity.ERROR: "#b3261e",
    Severity.WARNING: "#9a5b00",
    Severity.INFO: "#1f5f99",
    Severity.OK: "#2e7d32",
    Severity.SKIPPED: "#6b7280",
}


@dataclass(frozen=True, eq=False, repr=False)
class Check:
    """What is wrong with a log, made by :func:`journeylog.check`.

    Parameters
    ----------
    findings : tuple of Finding
        Worst first; what was found, what passed and what could not be asked.
    window : Window
        What was observed.
    card : Card
        What became of every input row.
    n_actors, n_events : int
    rules : Rules
        The few numbers checks depend on.
    fail_on : mapping
        For each check the share or the severity from which the job fails.

    Examples
    --------
    >>> import journeylog as jl
    >>> check = jl.check(jl.datasets.tiny())
    >>> check.ok, check.count("warning")
    (True, 0)
    >>> list(check.table.columns[:6])
    ['check', 'severity', 'where', 'of', 'n', 'n_total']
    """

    findings: tuple[Finding, ...]
    window: Window
    card: Card
    n_actors: int
    n_events: int
    rules: Rules
    fail_on: Mapping[str, float | Severity]

    @staticmethod
    def of(
        log: EventLog, findings: tuple[Finding, ...], rules: Rules, fail_on: Mapping[str, float | Severity]
    ) -> Check:
        """Put the findings in order: worst first, then as the checks are listed."""
        place = {name: i for i, name in enumerate(CHECKS)}
        said = {f.check for f in findings if f.severity is not Severity.SKIPPED}
        left = [f for f in findings if f.severity is not Severity.SKIPPED or f.where or f.check not in said]
        # A check that found something in one place need not say that it found nothing in another.
        wrong = {f.check for f in left if f.severity.rank > Severity.OK.rank}
        kept = [f for f in left if f.where or f.severity is not Severity.OK or f.check not in wrong]
        ordered = sorted(kept, key=lambda f: (-f.severity.rank, place[f.check], -f.n, f.where))
        return Check(tuple(ordered), log.window, log.card, log.n_actors, log.n_events, rules, fail_on)

    @property
    def worst(self) -> Severity:
        """The worst severity of all findings."""
        return max((f.severity for f in self.findings), key=lambda s: s.rank, default=Severity.OK)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[str, ...]:
        """What makes a batch job fail, in words; empty when nothing does."""
        return tuple(said for finding in self.findings if (said := self._failure(finding)))

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are an info or worse."""
        return tuple(f for f in self.findings if f.severity.rank >= Severity.INFO.rank)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The problems in words, worst first."""
        return tuple(f"{f.severity}: {_place(f)}{f.sentence}" for f in self.problems)

    def count(self, severity: str) -> int:
        """Return how many findings have this severity."""
        return sum(f.severity == severity for f in self.findings)

    def __getitem__(self, check: str) -> tuple[Finding, ...]:
        """Return the findings of one check by its name."""
        if check not in CHECKS:
            raise _unknown(check)
        return tuple(f for f in self.findings if f.check == check)

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over the findings, worst first."""
        return iter(self.findings)

    def __len__(self) -> int:
        """Return the number of findings."""
        return len(self.findings)

    @property
    def table(self) -> pd.DataFrame:
        """One row a finding, worst first.

        ``check, severity, where, of`` (what is counted), ``n, n_total, rate``, ``first, last`` (UTC), ``finding``,
        ``examples`` (at most three, masked), ``fix``.
        """
        rows = self.findings
        empty = [f.severity is Severity.SKIPPED for f in rows]
        times = {
            name: pd.to_datetime(
                pd.array([getattr(f, name) for f in rows], dtype="Int64"), unit="us", utc=True
            )
            for name in ("first", "last")
        }
        frame = pd.DataFrame(
            {
                "check": pd.array([f.check for f in rows], dtype=TEXT),
                "severity": pd.array([str(f.severity) for f in rows], dtype=TEXT),
                "where": pd.array([f.where for f in rows], dtype=TEXT),
                "of": pd.array([f.unit for f in rows], dtype=TEXT),
                "n": np.array([f.n for f in rows], np.int64),
                "n_total": np.array([f.total for f in rows], np.int64),
                "rate": np.array([f.rate for f in rows], np.float64),
                **{name: pd.Series(stamps).astype("datetime64[us, UTC]") for name, stamps in times.items()},
                "finding": pd.array([f.sentence for f in rows], dtype=TEXT),
                "examples": [list(f.examples) for f in rows],
                "fix": pd.array([f.fix for f in rows], dtype=TEXT),
            }
        )
        frame.loc[empty, "of"] = ""
        return frame

    def require(self) -> Check:
        """Return the check itself, or raise when something failed.

        Raises
        ------
        DataQualityError
            If :attr:`failures` is not empty; the message tells the first three.
        """
        if self.failures:
            more = f" (and {len(self.failures) - 3} more)" if len(self.failures) > 3 else ""
            raise DataQualityError("the data failed its check: " + " ".join(self.failures[:3]) + more)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        return {
            "worst": str(self.worst),
            "ok": self.ok,
            "failures": list(self.failures),
            "n_actors": self.n_actors,
            "n_events": self.n_events,
            "window": self.window.to_dict(),
            "card": masked_values(self.card.to_dict()),
            "now": utc_text(self.rules.now),
            "tz": self.rules.tz,
            "false_alarm": self.rules.false_alarm,
            "fail_on": {
                name: limit if isinstance(limit, float) else str(limit)
                for name, limit in self.fail_on.items()
            },
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_html(self, path: str | Path, *, title: str | None = None, theme: str = "light") -> Path:
        """Write the check as one page, in the style of the report; it is complete and asks no network.

        Raises
        ------
        OutputError
            If the file cannot be written; what was there before is untouched.
        """
        page = importlib.import_module("journeylog.reporting.checkpage")  # pages stand above checks
        written: Path = page.write(self, path, title=title, theme=theme)
        return written

    @property
    def headline(self) -> str:
        """One sentence over all: how many errors, warnings and remarks, in how many events."""
        counts = [(self.count(s), s) for s in ("error", "warning", "info")]
        words = {
            "error": ("error", "errors"),
            "warning": ("warning", "warnings"),
            "info": ("remark", "remarks"),
        }
        told = [f"{n:,} {words[s][n != 1]}" for n, s in counts if n]
        listed = (
            " and ".join([", ".join(told[:-1]), told[-1]])
            if len(told) > 1
            else (told or ["nothing to remark"])[0]
        )
        skipped = len({f.check for f in self.findings if f.severity is Severity.SKIPPED})
        unasked = f"; {skipped} of {len(CHECKS)} checks could not be asked" if skipped else ""
        return f"{listed[:1].upper()}{listed[1:]} in {self.n_events:,} events of {self.n_actors:,} actors{unasked}."

    def __repr__(self) -> str:
        """Return the headline and the problems, a sentence each."""
        lines = [f"Check: {self.headline}"]
        for f in self.problems:
            lines.append(f"  {f.severity!s:<8} {f.check}: {_place(f)}{f.sentence}")
            if f.examples:
                lines.append(f"           for example {'; '.join(f.examples)}")
        lines += [f"  failed   {said}" for said in self.failures]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the problems as a table for notebooks."""
        head = f"<p><b>{escape(self.headline)}</b></p>"
        failed = "".join(f"<li>{escape(said)}</li>" for said in self.failures)
        body = "".join(_html_row(f) for f in self.problems)
        names = ("", "check", "where", "n", "of", "what", "for example")
        heads = "".join(f"<th style='text-align:left'>{name}</th>" for name in names)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if body else ""
        return head + (f"<p>Failed:</p><ul>{failed}</ul>" if failed else "") + table

    def _failure(self, finding: Finding) -> str:
        if finding.severity.rank <= Severity.OK.rank:
            return ""
        limit = self.fail_on.get(finding.check, self.fail_on.get("*"))
        if limit is None:
            return ""
        where = f" ({finding.where})" if finding.where else ""
        if isinstance(limit, Severity):
            bad = finding.severity.rank >= limit.rank
            return (
                f"{finding.check}{where} is {_article(finding.severity)}: {finding.sentence}" if bad else ""
            )
        if not finding.n or (finding.total and finding.rate <= limit):
            return ""
        return f"{finding.check}{where}: {finding.n:,} of {finding.total:,} {finding.unit} are more than {100 * limit:g} %."


def thresholds(fail_on: Any) -> dict[str, float | Severity]:
    """Return what fails by check.

    Raises
    ------
    ConfigError
        If there is no such check, or a limit is neither a share nor a severity.
    """
    if fail_on is None:
        return {}
    if isinstance(fail_on, str):
        return {"*": _limit("*", fail_on)}
    if not isinstance(fail_on, Mapping):
        raise ConfigError(
            f"fail_on={fail_on!r} is not possible. Fix: 'error', 'warning', or {{'ties': 0.05}}"
        )
    for name in fail_on:
        if name not in CHECKS and name != "*":
            raise _unknown(name)
    return {name: _limit(name, limit) for name, limit in fail_on.items()}


def _limit(name: str, limit: Any) -> float | Severity:
    if isinstance(limit, str):
        if limit in ("info", "warning", "error"):
            return Severity(limit)
    elif isinstance(limit, (int, float)) and not isinstance(limit, bool) and 0 <= limit <= 1 and name != "*":
        return float(limit)
    where = "fail_on" if name == "*" else f"fail_on[{name!r}]"
    raise ConfigError(
        f"{where}={limit!r} is not possible. Fix: 'info', 'warning' or 'error'; for a named check also a share from 0 to 1"
    )


def _unknown(name: object) -> ConfigError:
    near = nearest(str(name), CHECKS)
    hint = f"did you mean {near[0]!r}?" if near else f"one of {sorted(CHECKS)}"
    return ConfigError(f"there is no check {name!r}. Fix: {hint}")


def _article(severity: Severity) -> str:
    return f"an {severity}" if severity in (Severity.ERROR, Severity.INFO) else f"a {severity}"


def _place(finding: Finding) -> str:
    return f"{finding.where}: " if finding.where else ""


def _html_row(f: Finding) -> str:
    mark = f"<b style='color:{_COLOURS[f.severity]}'>{escape(str(f.severity))}</b>"
    share = f"{f.n:,} of {f.total:,}" if f.total else f"{f.n:,}"
    cells = (
        escape(f.check),
        escape(f.where),
        share,
        escape(f.unit),
        escape(f.sentence),
        "<br>".join(map(escape, f.examples)),
    )
    return (
        f"<tr><td>{mark}</td>"
        + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells)
        + "</tr>"
    )
