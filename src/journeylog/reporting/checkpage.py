"""The page of a data check: what is wrong, how badly, the evidence, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

import journeylog
from journeylog.checks.finding import LIMITS, Finding, Severity
from journeylog.checks.result import CHECKS, Check
from journeylog.core.masks import shown
from journeylog.core.schema import HOUR
from journeylog.core.window import format_duration, utc_text
from journeylog.plots.labels import count, share
from journeylog.plots.style import period, theme_of
from journeylog.reporting import loaded
from journeylog.reporting.document import asset, environment, policy
from journeylog.reporting.sentences import several
from journeylog.reporting.write import reserved

__all__ = ["build", "write"]

_TITLE: Final = 200
_WORDS: Final = {
    Severity.ERROR: ("Errors", "error", "errors"),
    Severity.WARNING: ("Warnings", "warning", "warnings"),
    Severity.INFO: ("Remarks", "remark", "remarks"),
    Severity.OK: ("Passed", "passed", "passed"),
    Severity.SKIPPED: ("Not asked", "not asked", "not asked"),
}
_MOST_SILENCES: Final = 20


def write(check: Check, path: str | Path, *, title: str | None = None, theme: str = "light") -> Path:
    """Write the page; see :meth:`journeylog.Check.to_html`."""
    theme_of(theme)
    with reserved(path) as target:
        return target.put(build(check, title=title, theme=theme))


def build(check: Check, *, title: str | None = None, theme: str = "light") -> bytes:
    """Return the page as bytes; equal checks give equal bytes."""
    css = asset("report.css") + asset("check.css")
    card = check.card
    state = "none" if card.rows_in and not card.kept else "some" if card.rejected else "all"
    source_table = loaded.source_table(card)
    page = environment().get_template("check.html.j2")
    return page.render(
        theme=theme,
        policy=policy(scripts=(), styles=(css,)),
        css=Markup(css),
        version=journeylog.__version__,
        title="Data check" if title is None else shown(title, _TITLE),
        subtitle=_subtitle(check),
        data_state=state,
        data_line=f"{count(card.kept)} of {several(card.rows_in, 'row')} kept",
        card={key: count(getattr(card, key)) for key in ("rows_in", "kept", "rejected", "deduplicated")},
        source_tables=[] if source_table is None else [source_table],
        notes=[shown(note, 400) for note in card.notes],
        failures=check.failures,
        asked=bool(check.fail_on),
        headline=check.headline,
        tiles=[_tile(check, severity) for severity in reversed(Severity)],
        groups=[
            _group(check, s) for s in (Severity.ERROR, Severity.WARNING, Severity.INFO) if check.count(s)
        ],
        passed=[_item(f) for f in check if f.severity is Severity.OK],
        skipped=[_item(f) for f in check if f.severity is Severity.SKIPPED],
        words=[
            (name.replace("_", " "), f"{words[:1].upper()}{words[1:]}. {_limits(name)}")
            for name, words in CHECKS.items()
        ],
        method=_method(check),
    ).encode("utf-8", "backslashreplace")


def _subtitle(check: Check) -> str:
    if not check.n_events:
        return "No events"
    return f"{period(check.window)} · {several(check.n_actors, 'actor')} · {several(check.n_events, 'event')}"


def _tile(check: Check, severity: Severity) -> dict[str, str]:
    names = {f.check for f in check if f.severity is severity}
    return {"name": _WORDS[severity][0], "value": count(check.count(severity)), "kind": str(severity),
            "more": f"in {several(len(names), 'check')}" if names else ""}  # fmt: skip


def _group(check: Check, severity: Severity) -> dict[str, Any]:
    return {
        "name": _WORDS[severity][0],
        "kind": str(severity),
        "items": [_item(f) for f in check if f.severity is severity],
    }


def _item(f: Finding) -> dict[str, Any]:
    silences: Sequence[dict[str, Any]] = f.facts.get("silences", ())
    hours: Sequence[int] = f.facts.get("hours", ())
    most = max(hours, default=0) or 1
    when = ""
    if f.first is not None and f.last is not None:
        when = f"{utc_text(f.first)[:19]} to {utc_text(f.last)[:19]} UTC"
    return {
        "check": f.check,
        "name": CHECKS[f.check][:1].upper() + CHECKS[f.check][1:],
        "kind": str(f.severity),
        "word": _WORDS[f.severity][1],
        "where": f.where,
        "sentence": f.sentence,
        "amount": f"{count(f.n)} of {count(f.total)} {f.unit}" if f.total else "",
        "rate": share(f.rate) if f.total else "",
        "when": when,
        "examples": f.examples,
        "fix": f.fix[:1].upper() + f.fix[1:],
        "hours": [(f"{hour:02d}:00", f"{100 * n / most:.1f}", count(n)) for hour, n in enumerate(hours)],
        "silences": [
            (s["begin"], s["end"], format_duration(s["n_hours"] * HOUR), f"{s['n_expected']:,.1f}", f"{s['p_value']:.1g}")
            for s in silences[:_MOST_SILENCES]
        ],
        "more_silences": max(len(silences) - _MOST_SILENCES, 0),
    }  # fmt: skip


#: Checks whose places have limits of their own.
_SEVERAL: Final = {
    "repeated_ids": (("dropped_duplicates", "dropped at the door"), ("conflicting_ids", "other "
    "content"), ("repeated_ids", "in the log")),
    "outages": (("outages", "over"), ("gone_silent", "silent to the end")),
    "placeholder_actors": (("rejected_placeholders", "rejected"), ("placeholder_actors", "in the log")),
    "currencies": (("currencies", "several"), ("no_currency", "none")),
    "personal_data": (("personal_data", "addresses and numbers"), ("secrets", "cards and tokens")),
}  # fmt: skip


def _limits(name: str) -> str:
    """Say from which share a check is a warning and an error."""
    told = []
    for limit, words in _SEVERAL.get(name, ((name, ""),)):
        warning, error = LIMITS[limit]
        parts = []
        if warning is not None and (error is None or warning < error):
            parts.append("any is a warning" if warning == 0 else f"a warning from {share(warning)}")
        if error is not None:
            parts.append("any is an error" if error == 0 else f"an error from {share(error)}")
        told.append((f"{words}: " if words else "") + ", ".join(parts))
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}."


def _method(check: Check) -> list[tuple[str, str]]:
    rules = check.rules
    fails = ", ".join(
        f"{'all' if name == '*' else name}: {limit if isinstance(limit, Severity) else share(limit)}"
        for name, limit in check.fail_on.items()
    )
    ids = "shown, because it was asked for" if rules.show_ids else "hidden but for their first and last sign"
    return [
        ("Window", f"{check.window}" + (" (declared)" if check.window.declared else "")),
        ("Now", f"{utc_text(rules.now)[:19]} UTC"),
        ("Zone of day and night", rules.tz + ("" if rules.tz_given else " (none was named)")),
        ("Late", f"more than {format_duration(rules.late_after)} from the event to its arrival"),
        ("False alarms", f"outages and clocks behind speak without cause in at most {share(rules.false_alarm)} "
        "of all reports"),
        ("Fails on", fails or "nothing"),
        ("Actor ids", ids),
        ("Personal data", "shown masked only; the whole of it is never in this file"),
        ("Nothing was changed", "the check reads; it repairs nothing and leaves nothing out"),
    ]  # fmt: skip
