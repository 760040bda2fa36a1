"""How the numbers of a page came about."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

import journeylog
from journeylog.core.contracts import Step
from journeylog.core.window import parse_duration
from journeylog.reporting.answers import Answers
from journeylog.reporting.names import short
from journeylog.reporting.wording import Wording

__all__ = ["method"]

_LONG = 600


def method(answers: Answers, within: Any, words: Wording) -> list[tuple[str, str]]:
    """Return what was done, line by line."""
    plan, known = answers.plan, words.words.words["report_method"]
    window = plan.log.window
    mask = known["mask_text"].format(k=words.count(answers.mask)) if answers.mask else known["mask_none"]
    ties = str(words.several("ties", plan.log.card.ties))
    lines = {
        "period": known["declared" if window.declared else "observed"].format(
            period=words.words.span(window)
        ),
        "given": _steps(plan.given) or known["none"],
        "added": _steps(plan.added) or known["none"],
        "nodes": known[f"nodes_{plan.node}"],
        "goal": short(words.condition(plan.goal), _LONG) if plan.goal is not None else known["no_goal"],
        "patience": known["no_patience"]
        if plan.patience_micros is None
        else words.duration(plan.patience_micros / 1e6),
        "outside": _outside(answers, words),
        "funnel": _funnel(answers, within, words),
        "ties": known["ties_text"].format(ties=ties, order=words.order(plan.log.card.order)),
        "durations": known["durations_text"],
        "intervals": known["intervals_text"],
        "mask": mask,
        "made": f"journeylog {journeylog.__version__}",
    }
    return [(known[key], text) for key, text in lines.items()]


def _steps(steps: tuple[Step, ...]) -> Markup:
    """Return steps as code, as they are written in Python."""
    return Markup(" · ").join(Markup("<code>{}</code>").format(short(repr(step), _LONG)) for step in steps)


def _outside(answers: Answers, words: Wording) -> str:
    log = answers.plan.log

    def inside(chunk: Any) -> int:
        level = chunk.cases("journey")
        return int((level.end - level.begin).sum())

    n = log.n_events - sum(log.source.map(inside))
    text: str = words.words.words["report_method"]["outside_some" if n else "outside_none"]
    return text.format(n=words.count(n), events=words.several("events_of", log.n_events))


def _funnel(answers: Answers, within: Any, words: Wording) -> str:
    known, steps = words.words.words["report_method"], answers.funnel_plan
    if steps is None or answers.funnel is None:
        return str(known["funnel_none"])
    origin = words.plain(steps.origin)
    if steps.cut:
        origin = words.plain("origin_cut", origin=origin, n=words.count(steps.cut))
    names = ", ".join(words.short(name, 60) for name in answers.funnel.table["name"])
    if within is None:
        return str(known["funnel_free"]).format(origin=origin, names=names)
    time = words.duration(parse_duration(within) / 1e6)
    return str(known["funnel_within"]).format(origin=origin, names=names, time=time)
