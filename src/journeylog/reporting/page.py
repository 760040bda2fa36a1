"""The report: one page that says where customers go, where they wait and where they leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import journeylog
from journeylog.core.contracts import Step
from journeylog.core.log import EventLog
from journeylog.core.progress import progress
from journeylog.core.window import format_duration, parse_duration
from journeylog.errors import ConfigError
from journeylog.journeymap.spec import JourneyMap, JourneyMapResult
from journeylog.plots.labels import count, interval, share
from journeylog.plots.style import period, theme_of
from journeylog.reporting import loaded, sentences
from journeylog.reporting.alerts import alerts_of
from journeylog.reporting.answers import Answers, answer_all
from journeylog.reporting.definitions import definitions
from journeylog.reporting.document import render
from journeylog.reporting.language import language
from journeylog.reporting.mappage import map_values
from journeylog.reporting.method import method
from journeylog.reporting.names import short
from journeylog.reporting.plan import Plan, prepare
from journeylog.reporting.sections import Section, event_table, sections_of
from journeylog.reporting.write import reserved
from journeylog.steps.stages import Stages

__all__ = ["Page", "build_page", "report"]


def report(
    log: EventLog,
    path: str | Path,
    *,
    title: str | None = None,
    goal: Any = None,
    patience: Any = "30d",
    stages: Stages | Mapping[str, Any] | str | None = None,
    funnel: Any = None,
    within: Any = None,
    top: int = 10,
    theme: str = "light",
    before: JourneyMapResult | Mapping[str, Any] | None = None,
    mask: int = 5,
) -> Path:
    """Write one page that says where customers go, where they wait and where they leave.

    The file is complete: it opens without a network, loads nothing and sends nothing. It is written aside and moved
    into place, so a run that fails leaves the page of the run before. Equal logs and arguments give equal bytes.

    Parameters
    ----------
    log : EventLog
    path : str or Path
        The file, in a folder that exists.
    title : str, optional
    goal : condition, optional
        What a journey is meant to come to, for example ``"pay"``. Not for a log with journeys of its own.
    patience : str or timedelta
        The silence after which a journey counts as dropped. Not used for a log with journeys of its own.
    stages : Stages, mapping or str, optional
        Stages to put on the log: a step, its rules, or the name of a preset (``"shop"``, ``"saas"``, ``"bank"``).
        Without stages the page works on events.
    funnel : list or mapping of conditions, optional
        Steps of the funnel. By default the stages in their order up to the goal, else the most frequent path (to
        the goal); the page says which.
    within : str or timedelta, optional
        Time the funnel gives to each journey; by default as long as it takes.
    top : int
        Bars and paths to draw at most. The tables below hold up to 50 rows.
    theme : {"light", "dark"}
    before : JourneyMapResult or mapping, optional
        The journey map of an earlier period or its data; the page then says what changed.
    mask : int
        Cells of fewer customers are not told on the map, nor what would give them away; 0 tells everything.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ConfigError
        If an argument means nothing here.
    OutputError
        If the file cannot be written; what was there before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> import journeylog as jl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = jl.report(jl.datasets.tiny(), folder + "/report.html", goal="pay", patience="1h")
    ...     written.name
    'report.html'
    """
    if not isinstance(log, EventLog):
        raise ConfigError(
            f"{type(log).__name__} is no log. Fix: jl.report(log, path), the log made with jl.read(...)"
        )
    with reserved(path) as target:
        page = build_page(
            log,
            title=title,
            goal=goal,
            patience=patience,
            stages=stages,
            funnel=funnel,
            within=within,
            top=top,
            theme=theme,
            before=before,
            mask=mask,
        )
        return target.put(page.html)


@dataclass(frozen=True)
class Page:
    """A page before it is written: its bytes, and what to look at first and the findings in plain text."""

    html: bytes
    answers: Answers
    alerts: tuple[str, ...]
    findings: tuple[str, ...]


def build_page(
    log: EventLog,
    *,
    title: str | None = None,
    goal: Any = None,
    patience: Any = "30d",
    stages: Any = None,
    funnel: Any = None,
    within: Any = None,
    top: int = 10,
    theme: str = "light",
    before: JourneyMapResult | Mapping[str, Any] | None = None,
    mask: int = 5,
    filled: JourneyMapResult | None = None,
) -> Page:
    """Return the page of a log; see :func:`report` for the arguments."""
    if not isinstance(log, EventLog):
        raise ConfigError(f"{type(log).__name__} is no log. Fix: make one with jl.read(...)")
    if isinstance(top, bool) or not isinstance(top, int) or not 1 <= top <= 50:
        raise ConfigError(f"top={top!r} is not possible. Fix: a number from 1 to 50")
    theme_of(theme)
    if within is not None:
        parse_duration(within, name="within")
    with progress("making the report"):
        plan = prepare(log, goal, patience, stages)
        answers = answer_all(plan, funnel, within)
        if filled is None and plan.staged:
            filled = JourneyMap(goal, patience=patience).fill(log.then(*_stages(plan)))
    some = log.n_events > 0
    findings = _findings(answers) if some else []
    alerts = alerts_of(answers) if some else []
    html = render(
        theme,
        map=map_values(filled.masked(mask), language("en"), before=before)
        if filled is not None and some
        else None,
        version=journeylog.__version__,
        title=short(title, 200) if title is not None else "Customer journeys",
        subtitle=_subtitle(log) if some else "No events",
        **_data(log),
        alerts=alerts,
        findings=findings,
        facts=_facts(answers) if some else [],
        event_table=event_table(answers) if some else None,
        sections=sections_of(answers, top, theme) if some else list[Section](),
        words=definitions(answers),
        method=method(answers, within),
    )
    said = [
        f"{found['title']}: "
        + " ".join(sentences.plain(found[key]) for key in ("first", "more") if found[key])
        for found in findings
    ]
    first = tuple(sentences.plain(alert) for alert in alerts)
    return Page(html, answers, first, tuple(said) or ("No events: there is nothing to show.",))


def _stages(plan: Plan) -> list[Step]:
    return [step for step in plan.added if isinstance(step, Stages)]


def _findings(answers: Answers) -> list[dict[str, Any]]:
    told = (
        ("go", "Where they go", "flow", sentences.go(answers)),
        ("wait", "Where they wait", "waits", sentences.wait(answers)),
        ("leave", "Where they leave", "leaves", sentences.leave(answers)),
    )
    return [
        {"kind": kind, "title": title, "link": link, "first": first, "more": more}
        for kind, title, link, (first, more) in told
    ]


def _subtitle(log: EventLog) -> str:
    actors, events = sentences.several(log.n_actors, "customer"), sentences.several(log.n_events, "event")
    return f"{period(log.window)} · {actors} · {events} of {sentences.several(len(log.events), 'kind')}"


def _data(log: EventLog) -> dict[str, Any]:
    """Return what the page says about the load."""
    card = log.card
    state = "none" if card.rows_in and not card.kept else "some" if card.rejected else "all"
    line = f"{count(card.kept)} of {sentences.several(card.rows_in, 'row')} kept"
    if card.rejected or card.deduplicated:
        line += f", {count(card.rejected)} rejected, {count(card.deduplicated)} duplicates"
    tables = [table for table in (loaded.source_table(card), loaded.reject_table(log)) if table is not None]
    notes = list(card.notes)
    if log.rejects is not None and log.rejects.num_rows:
        notes.append("examples show the value at fault, never a whole row; log.rejects has the rows")
    return {
        "data_state": state,
        "data_line": line + ".",
        "data_lead": loaded.data_lead(log),
        "card": {key: count(getattr(card, key)) for key in ("rows_in", "kept", "rejected", "deduplicated")},
        "data_tables": tables,
        "data_notes": [short(note[:1].upper() + note[1:], 400) + "." for note in notes],
    }


def _facts(answers: Answers) -> list[dict[str, str]]:
    """Return the few numbers that stand below the answer."""
    plan = answers.plan
    n_customers = sentences.several(answers.end("open")["n_actors_total"], "customer")
    facts = [{"name": "Journeys", "value": count(answers.n_journeys), "more": f"of {n_customers}"}]
    words = (("reached", "Reached the goal"), ("dropped", "Dropped off"), ("open", "Still open"))
    for end, name in words if plan.goal is not None else words[1:]:
        row = answers.end(end)
        more = f"{share(row['share'])} of all (95 % interval {interval(row['share_low'], row['share_high'])})"
        if end == "open" and plan.patience_micros is not None:
            more += f"; silent for {format_duration(plan.patience_micros)} at most when the data ends"
        if end == "reached" and not answers.goal_occurs:
            more = "the goal does not occur in the data"
        if end == "dropped" and plan.patience_micros is None:
            more = "no patience was declared"
        facts.append({"name": name, "value": count(row["n"]), "more": more})
    return facts
