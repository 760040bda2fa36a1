"""The report: one page that says where customers go, where they wait and where they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

import journeylog
from journeylog.core.log import EventLog
from journeylog.core.progress import progress
from journeylog.core.window import parse_duration
from journeylog.errors import ConfigError
from journeylog.journeymap.design import read_design
from journeylog.journeymap.spec import JourneyMap, JourneyMapResult
from journeylog.plots.style import theme_of
from journeylog.reporting import loaded, sentences
from journeylog.reporting.alerts import alerts_of
from journeylog.reporting.answers import Answers, answer_all
from journeylog.reporting.changed import changed_of
from journeylog.reporting.costs import Costs
from journeylog.reporting.definitions import definitions
from journeylog.reporting.designpage import design_section, with_paths
from journeylog.reporting.document import render
from journeylog.reporting.empathypage import empathy_values
from journeylog.reporting.mapbooks import mask_both
from journeylog.reporting.mappage import map_values
from journeylog.reporting.method import method
from journeylog.reporting.names import short
from journeylog.reporting.parts import PARTS, check_show, parts_of
from journeylog.reporting.plan import Plan, fill_map, prepare
from journeylog.reporting.quality import check_data, quality_values
from journeylog.reporting.sections import Section, event_table, sections_of
from journeylog.reporting.stagenames import of_answers, told_answers
from journeylog.reporting.trials import trial_lines
from journeylog.reporting.wording import Wording, wording
from journeylog.reporting.write import check_mask, reserved
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
    lang: str = "en",
    interactive: bool = True,
    journey_map: Mapping[str, Any] | None = None,
    prices: Mapping[str, Any] | None = None,
    before: JourneyMapResult | Mapping[str, Any] | str | Path | None = None,
    benchmark: Mapping[str, Any] | str | Path | None = None,
    design: Mapping[str, Any] | str | Path | None = None,
    show: Sequence[str] | None = None,
    mask: int = 5,
) -> Path:
    """Write one page that says where customers go, where they wait and where they leave.

    With stages the page begins with the journey map. The file is complete: it opens without a network, loads nothing
    and sends nothing. It is written aside and moved into place, so a run that fails leaves the page of the run before.
    Equal logs and arguments give equal bytes.

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
    lang : str
        The language of all words but the names of the data: ``"en"``, ``"ru"``, or the path of a catalogue.
    interactive : bool
        Whether figures answer when they are pointed at and tables can be sorted. Without it the page has no script at
        all and survives e-mail; figures and tables are the same.
    journey_map : mapping, optional
        Further arguments of :class:`journeylog.JourneyMap`, such as ``{"need": "search_term"}``; ``"notes"`` are those of
        analysts, as :meth:`JourneyMapResult.with_notes` takes them.
    prices : mapping of str to float or str, optional
        What losses cost: ``{"waiting": 12, "rework": 3, "lost": 40}`` for an hour of waiting, a visit made again and a
        visit lost (without a price: what it would have brought). Further names are kinds of pain on the map. By default
        the prices of `journey_map`.
    before : JourneyMapResult, mapping, str or Path, optional
        The journey map of an earlier period, its data, or its file (``map.json``); the page then says what changed since.
    benchmark : mapping, str or Path, optional
        Figures of a target or an industry (``.toml``, ``.yaml`` or ``.csv``: stage, row, measure, value), or a whole map;
        the page then says where this one lies above or below.
    design : mapping, str or Path, optional
        The designed journey, as :func:`journeylog.read_design` takes it; the page then says who keeps to it.
    show : sequence of str, optional
        The parts to show, in this order; those without anything to show are left out. By default all: ``"map",
        "changes", "benchmark", "short", "design", "flow", "funnel", "drop_off", "losses", "paths", "retention", "voices",
        "experiments"``. What became of the rows, the words and the method always stand at the end.
    mask : int
        Numbers of fewer customers are not told, nor what would give them away; 0 tells everything.

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
    ...     written = jl.report(jl.datasets.tiny(), folder + "/report.html", goal="pay", patience="1h", mask=0)
    ...     written.name
    'report.html'
    """
    if not isinstance(log, EventLog):
        raise ConfigError(
            f"{type(log).__name__} is no log. Fix: jl.report(log, path), the log made with jl.read(...)"
        )
    with reserved(path, ".html", ".htm") as target:
        page = build_page(
            log, title=title, goal=goal, patience=patience, stages=stages, funnel=funnel, within=within, top=top,
            theme=theme, lang=lang, interactive=interactive, journey_map=journey_map, prices=prices, before=before,
            benchmark=benchmark, design=design, show=show, mask=mask,
        )  # fmt: skip
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
    lang: str = "en",
    interactive: bool = True,
    journey_map: Mapping[str, Any] | None = None,
    prices: Mapping[str, Any] | None = None,
    costs: Costs | None = None,
    before: JourneyMapResult | Mapping[str, Any] | str | Path | None = None,
    benchmark: Any = None,
    design: Any = None,
    show: Sequence[str] | None = None,
    mask: int = 5,
    filled: JourneyMapResult | None = None,
    answers: Answers | None = None,
    alerts: Sequence[str] = (),
) -> Page:
    """Return the page of a log; see :func:`report` for the arguments.

    Parameters
    ----------
    costs : Costs, optional
        In place of `prices`.
    filled : JourneyMapResult, optional
        The map of the log, when it is there already.
    answers : Answers, optional
        Those of a page with the same arguments in another language, masked together with `filled`.
    alerts : sequence of str
        Texts that stand above all else.
    """
    words, asked_parts = _checked(log, top, theme, lang, within, mask), check_show(show)
    costs = Costs.of(prices, journey_map) if costs is None else costs
    with progress("making the report"):
        asks = {"patience": patience, "prices": costs.of_map, **(journey_map or {})}
        if answers is None:
            plan = prepare(log, goal, patience, stages)
            held = None if design is None else read_design(design, plan.log)
            asked = answer_all(plan, funnel, within, costs, held)
            answers, filled = mask_both(asked, _map_of(log, asked.plan, goal, asks, before, filled), mask)
        if answers.check is None and log.n_events:
            answers = replace(answers, check=check_data(log))
        answers = with_paths(answers, mask)
        words = Wording(of_answers(answers, words.words))
    some = log.n_events > 0
    told = told_answers(answers, words.words)
    findings = _findings(told, words) if some else []
    first = [*(Markup.escape(alert) for alert in alerts), *(alerts_of(told, words) if some else [])]
    found = _found(filled if some else None, before, benchmark, words)
    sections = _sections(told, top, theme, words) if some else []
    named = {
        "map": found["map"], "voices": found["empathy"], "experiments": found["trials"], "short": findings,
        **found.pop("changed"),
    }  # fmt: skip
    shown = parts_of(asked_parts, named, sections, words)
    html = render(
        theme,
        interactive=interactive,
        version=journeylog.__version__,
        words=words,
        lang=words.lang,
        **found,
        shown=shown,
        some=some,
        evidence=any(part.name in ("map", "experiments") for part in shown),
        title=short(title, 200) if title is not None else words.plain("title"),
        subtitle=_subtitle(log, words) if some else words.plain("no_events_title"),
        **_data(log, words),
        **(quality_values(answers.check, mask, words) if answers.check is not None else {}),
        alerts=first,
        findings=findings,
        facts=_facts(told, words) if some else [],
        event_table=event_table(told, words) if some else None,
        mask=words.count(mask) if mask > 1 else "",
        definitions=definitions(told, words),
        method=method(told, within, words),
    )
    said = [
        f"{found['title']}: "
        + " ".join(sentences.plain(found[key]) for key in ("first", "more") if found[key])
        for found in findings
    ]
    return Page(
        html,
        answers,
        tuple(sentences.plain(alert) for alert in first),
        tuple(said) or (words.plain("no_events_short"),),
    )


def _found(filled: JourneyMapResult | None, before: Any, benchmark: Any, words: Wording) -> dict[str, Any]:
    """Return what the page says of the map; what it is compared with by the names of the parts."""
    if filled is None:
        return {"map": None, "empathy": None, "trials": (), "changed": {}}
    compared = {"changes": before, "benchmark": benchmark}
    return {
        "map": map_values(filled, words.words),
        "empathy": empathy_values(filled, words.words),
        "trials": trial_lines(filled, words.words),
        "changed": {
            name: replace(changed_of(filled, one, words), id=PARTS[name])
            for name, one in compared.items()
            if one is not None
        },
    }


def _sections(answers: Answers, top: int, theme: str, words: Wording) -> list[Section]:
    """Return the parts of the page, that on a designed journey first."""
    designed = design_section(answers, top, words)
    return [*([] if designed is None else [designed]), *sections_of(answers, top, theme, words)]


def _checked(log: Any, top: Any, theme: str, lang: str, within: Any, mask: Any) -> Wording:
    if not isinstance(log, EventLog):
        raise ConfigError(f"{type(log).__name__} is no log. Fix: make one with jl.read(...)")
    if isinstance(top, bool) or not isinstance(top, int) or not 1 <= top <= 50:
        raise ConfigError(f"top={top!r} is not possible. Fix: a number from 1 to 50")
    check_mask(mask)
    theme_of(theme)
    if within is not None:
        parse_duration(within, name="within")
    return wording(lang)


def _map_of(
    log: EventLog,
    plan: Plan,
    goal: Any,
    asked: Mapping[str, Any],
    before: Any,
    filled: JourneyMapResult | None,
) -> JourneyMapResult | None:
    """Return the map of the log; none when there are no stages."""
    question = JourneyMap(goal, **{name: value for name, value in asked.items() if name != "notes"})
    if not plan.staged and before is not None and filled is None and log.n_events:
        raise ConfigError(
            "before= is a journey map, and this log has no stages. Fix: stages=, as that map had"
        )
    if filled is not None:
        return filled if plan.staged and log.n_events else None
    made = fill_map(log, plan, question)
    return made if made is None or asked.get("notes") is None else made.with_notes(asked["notes"])


def _findings(answers: Answers, words: Wording) -> list[dict[str, Any]]:
    told = (
        ("go", "flow", sentences.go(answers, words)),
        ("wait", "losses", sentences.wait(answers, words)),
        ("leave", "leaves", sentences.leave(answers, words)),
    )
    shown = len(answers.losses.table) > 0
    return [
        {
            "kind": kind, "title": words.plain(f"card_{kind}"), "link": link if shown or kind != "wait" else "",
            "first": first, "more": more,
        }
        for kind, link, (first, more) in told
    ]  # fmt: skip


def _subtitle(log: EventLog, words: Wording) -> Markup:
    return words(
        "subtitle", period=words.words.period(log.window), customers=words.several("customers", log.n_actors),
        events=words.several("events", log.n_events), kinds=words.several("kinds_of", len(log.events)),
    )  # fmt: skip


def _data(log: EventLog, words: Wording) -> dict[str, Any]:
    """Return what the page says about the load."""
    card = log.card
    state = "none" if card.rows_in and not card.kept else "some" if card.rejected else "all"
    told = {"n": words.count(card.kept), "rows": str(words.several("rows_of", card.rows_in))}
    line = words.plain("kept_line", **told)
    if card.rejected or card.deduplicated:
        rejected, duplicates = words.count(card.rejected), words.count(card.deduplicated)
        line = words.plain("kept_line_more", **told, rejected=rejected, duplicates=duplicates)
    tables = [loaded.source_table(card, words), loaded.reject_table(log, words)]
    notes = [words.note(note) for note in card.notes]
    if log.rejects is not None and log.rejects.num_rows:
        notes.append(words("examples_note"))
    return {
        "data_state": state,
        "data_line": line + ".",
        "data_lead": loaded.data_lead(log, words),
        "card": {
            key: words.count(getattr(card, key)) for key in ("rows_in", "kept", "rejected", "deduplicated")
        },
        "data_tables": [table for table in tables if table is not None],
        "data_notes": notes,
    }


def _facts(answers: Answers, words: Wording) -> list[dict[str, str]]:
    """Return the few numbers that stand below the answer."""
    plan = answers.plan
    customers = words.several("customers_of", answers.end("open")["n_actors_total"])
    facts = [
        {
            "name": words.plain("fact_journeys"), "value": words.count(answers.n_journeys),
            "more": words.plain("fact_of", customers=str(customers)),
        }
    ]  # fmt: skip
    for end in ("reached", "dropped", "open") if plan.goal is not None else ("dropped", "open"):
        row = answers.end(end)
        bounds = words.interval(row["share_low"], row["share_high"])
        more = (
            ""
            if row["n"] != row["n"]
            else words.plain("fact_share", share=words.share(row["share"]), range=bounds)
        )
        if end == "open" and plan.patience_micros is not None and more:
            more = words.plain(
                "fact_open_more", share=more, patience=words.duration(plan.patience_micros / 1e6)
            )
        if end == "reached" and not answers.goal_occurs:
            more = words.plain("fact_no_goal")
        if end == "dropped" and plan.patience_micros is None:
            more = words.plain("fact_no_patience")
        facts.append({"name": words.plain(f"fact_{end}"), "value": words.count(row["n"]), "more": more})
    return facts
