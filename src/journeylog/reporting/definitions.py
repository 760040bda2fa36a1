"""What the words of the page mean."""

from __future__ import annotations

from typing import Final

from journeylog.core.condition import spelled
from journeylog.core.window import format_duration
from journeylog.reporting.answers import Answers
from journeylog.reporting.names import short, visible

__all__ = ["definitions"]

_ALWAYS: Final = (
    (
        "Customer",
        "One id in the data (an actor). If one person has several ids, they count as several customers.",
    ),
    ("Event", "One thing that happened to one customer at one time."),
    ("Visit", "A stretch of a journey at one {node} before it goes on to another."),
    ("Move", "The step from one visit to the next visit of the same journey."),
    (
        "Dropped off",
        "A journey has dropped off when nothing follows for longer than the patience and the data goes on that long.",
    ),
    (
        "Open",
        "The data ends too early to tell whether it goes on. Open is not dropped; it is always a number of its own.",
    ),
    (
        "Share",
        "The number a share is of stands beside it. Shares of visits count only visits watched for the whole patience, "
        "and what came later than that counts as silence. Shares of journeys count all of them, as they stand when the "
        "data ends.",
    ),
    (
        "95 % interval",
        "How far off a share may be by chance: if the same were measured again and again, 95 of 100 such intervals would "
        "hold the true value. It takes into account that one customer may appear many times.",
    ),
    ("Wait", "The time from the end of one visit to the start of the next."),
    (
        "Above the baseline",
        "What a wait takes beyond the baseline, added up over all moves. The ranking of waits goes by it.",
    ),
    (
        "Half within",
        "The median: half of the times are shorter, half longer. 90 % within: nine of ten are shorter.",
    ),
    (
        "Rejected",
        "A row that could not be used. It is kept aside with its reason; nothing is repaired silently.",
    ),
    ("Duplicate", "A row whose event id was there before with the same content. It counts once."),
)


def definitions(answers: Answers) -> list[tuple[str, str]]:
    """Return the words of this page with their meaning, those that depend on the question first."""
    plan = answers.plan
    words = []
    if plan.staged:
        words.append(("Stage", "A group of events, in the order of the journey. " + _stages(answers)))
    words.append(("Journey", _journey(answers)))
    if plan.goal is not None:
        words.append(("Reached", f"The journey came to its goal: {short(spelled(plan.goal), 200)}."))
    if plan.patience_micros is not None:
        patience = format_duration(plan.patience_micros)
        words.append(
            ("Patience", f"A silence of more than {patience} means that the journey has dropped off.")
        )
    return words + [(word, meaning.format(node=plan.node)) for word, meaning in _ALWAYS]


def _journey(answers: Answers) -> str:
    last = next(
        (step for step in reversed(answers.plan.log.steps) if type(step).__name__ == "Journeys"), None
    )
    of = getattr(last, "of", None)
    what = {
        None: "What was followed, as the log says.",
        "actor": "All events of one customer, from the first one on.",
        "session": "One session of a customer.",
        "stretch": "A stretch of one customer's events that ends with the goal or with silence.",
    }
    text = what.get(of, f"The events of one customer with the same {visible(of)}.")
    ends = getattr(last, "goal_ends", True) and answers.plan.goal is not None and of != "stretch"
    return text + (" It ends with the goal; what comes after belongs to no journey." if ends else "")


def _stages(answers: Answers) -> str:
    nodes = answers.flow.nodes
    names = nodes.loc[nodes["kind"] == "node", "node"].tolist()
    return f"Here: {', '.join(short(name, 40) for name in names[:12])}." if names else ""
