"""How the numbers of a page came about."""

from __future__ import annotations

from typing import Any

import journeylog
from journeylog.core.condition import spelled
from journeylog.core.contracts import Step
from journeylog.core.durations import BIN_NOTE
from journeylog.core.window import format_duration, parse_duration
from journeylog.reporting.answers import Answers
from journeylog.reporting.names import short
from journeylog.reporting.sentences import several

__all__ = ["method"]

_LONG = 600


def method(answers: Answers, within: Any) -> list[tuple[str, str]]:
    """Return what was done, line by line."""
    plan = answers.plan
    window = plan.log.window
    return [
        (
            "Period observed",
            f"{window}, " + ("as declared" if window.declared else "first to last event of the data"),
        ),
        ("Steps of the log", _steps(plan.given) or "none"),
        ("Steps added by the report", _steps(plan.added) or "none"),
        ("Looked at", "stages and events" if plan.staged else "events (the log has no stages)"),
        ("Goal", short(spelled(plan.goal), _LONG) if plan.goal is not None else "none was named"),
        (
            "Patience",
            "none was declared" if plan.patience_micros is None else format_duration(plan.patience_micros),
        ),
        ("Events outside journeys", _outside(answers)),
        ("Funnel", _funnel(answers, within)),
        ("Order of equal times", f"{several(plan.log.card.ties, 'tie')}; {plan.log.card.order}"),
        ("Durations", BIN_NOTE[:1].upper() + BIN_NOTE[1:] + "; means are exact to the millisecond"),
        (
            "Intervals",
            "95 %: Wilson's score interval; where one customer counts often, with the spread between customers",
        ),
        ("Made with", f"journeylog {journeylog.__version__}"),
    ]


def _steps(steps: tuple[Step, ...]) -> str:
    return " · ".join(short(repr(step), _LONG) for step in steps)


def _outside(answers: Answers) -> str:
    log = answers.plan.log

    def inside(chunk: Any) -> int:
        level = chunk.cases("journey")
        return int((level.end - level.begin).sum())

    n = log.n_events - sum(log.source.map(inside))
    why = " (before the start or after the goal of a journey)" if n else ""
    return f"{several(n, 'event')} of {log.n_events:,}{why}"


def _funnel(answers: Answers, within: Any) -> str:
    steps = answers.funnel_plan
    if steps is None or answers.funnel is None:
        return "none: no two steps were found. Name them with funnel="
    limit = (
        "without a limit of time" if within is None else f"within {format_duration(parse_duration(within))}"
    )
    names = ", ".join(short(name, 60) for name in answers.funnel.table["name"])
    return f"{steps.origin}: {names}; in this order, other events may lie between, {limit}"
