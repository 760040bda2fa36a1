"""What the words of the page mean."""

from __future__ import annotations

from typing import Final

from journeylog.reporting.answers import Answers
from journeylog.reporting.names import short
from journeylog.reporting.wording import Wording

__all__ = ["definitions"]

_ALWAYS: Final = (
    "customer", "event", "visit", "move", "dropped", "open", "share", "interval", "wait", "above", "usual", "half",
    "rejected", "duplicate",
)  # fmt: skip


def definitions(answers: Answers, words: Wording) -> list[tuple[str, str]]:
    """Return the words of this page with their meaning, those that depend on the question first."""
    plan, known = answers.plan, words.words.words["report_define"]

    def said(key: str, **values: str) -> str:
        text: str = known[f"{key}_text" if f"{key}_text" in known else f"{key}_text_{plan.node}"]
        return text.format(**values)

    found = []
    if plan.staged:
        found.append((known["stage"], f"{said('stage')} {_stages(answers, words)}".strip()))
    found.append((known["journey"], _journey(answers, words)))
    if plan.goal is not None:
        found.append((known["reached"], said("reached", goal=short(words.condition(plan.goal), 200))))
    if plan.patience_micros is not None:
        patience = words.duration(plan.patience_micros / 1e6)
        found.append((known["patience"], said("patience", patience=patience)))
    return found + [(known[key], said(key)) for key in _ALWAYS]


def _journey(answers: Answers, words: Wording) -> str:
    known = words.words.words["report_define"]
    last = next(
        (step for step in reversed(answers.plan.log.steps) if type(step).__name__ == "Journeys"), None
    )
    of = getattr(last, "of", None)
    text: str = (
        known[f"journey_{of or 'none'}"]
        if of in (None, "actor", "session", "stretch")
        else known["journey_of"].format(of=words.visible(of))
    )
    ends = getattr(last, "goal_ends", True) and answers.plan.goal is not None and of != "stretch"
    return f"{text} {known['journey_ends']}" if ends else text


def _stages(answers: Answers, words: Wording) -> str:
    nodes = answers.flow.nodes
    names = nodes.loc[nodes["kind"] == "node", "node"].tolist()
    template: str = words.words.words["report_define"]["stage_here"]
    return template.format(names=", ".join(words.short(name, 40) for name in names[:12])) if names else ""
