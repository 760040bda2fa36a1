"""The part of the page on a designed journey: who keeps to it, where the others deviate, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from journeylog.core.conformance import Rule, rules_of
from journeylog.core.durations import BIN_NOTE
from journeylog.reporting.answers import Answers
from journeylog.reporting.figures import Bar, Picture, bars_of
from journeylog.reporting.sections import Section
from journeylog.reporting.tables import Column, make_table
from journeylog.reporting.wording import Wording

__all__ = ["design_section", "with_paths"]

_PATHS: Final = 3
_EFFECT: Final = (
    Column("goal_gap", ("reach_difference",), "points", "goal_gap"),
    Column("gap_interval", ("reach_difference_low", "reach_difference_high"), "spread"),
)
_RULES: Final = (
    Column("rule", ("rule",), "name"),
    Column("journeys", ("n_cases", "n_cases_most"), "most", "rule_cases"),
    Column("rule_kept", ("n_kept", "n_kept_most"), "most"),
    Column("rule_broken", ("n_broken", "n_broken_most"), "most"),
    Column("rule_untold", ("n_untold", "n_untold_most"), "most", "rule_untold"),
    Column("rule_over", ("n_followed", "n_followed_most"), "most", "rule_over"),
    Column("share", ("conform_rate",), "share", "conform_share"),
    Column("interval", ("conform_rate_low", "conform_rate_high"), "interval"),
)
_REACHED: Final = (
    Column("goal_kept", ("reach_rate_kept",), "share", "goal_kept"),
    Column("goal_broken", ("reach_rate_broken",), "share", "goal_broken"),
    *_EFFECT,
)
_WAYS: Final = (
    Column("rule", ("rule",), "name"),
    Column("from", ("from", "from_kind"), "node"),
    Column("to", ("to", "to_kind"), "node"),
    Column("moves", ("n", "n_most"), "most"),
    Column("journeys", ("n_cases",), "count", "move_journeys"),
)
_OF_WAYS: Final = (
    Column("counted", ("n_followed",), "count", "way_over"),
    Column("goal_share", ("reach_rate",), "share", "way_reached"),
    *_EFFECT,
)
_TYPICAL: Final = (
    Column("rule", ("rule",), "name"),
    Column("path", ("path", "truncated"), "path", "typical"),
)


def with_paths(answers: Answers, k: int) -> Answers:
    """Return the answers with typical paths of those that break a rule, of `k` customers and more."""
    if answers.design is None or answers.design_paths is not None:
        return answers
    return replace(answers, design_paths=answers.design.typical(answers.plan.log, _PATHS, max(k, 1)))


def design_section(answers: Answers, top: int, words: Wording) -> Section | None:
    """Return the part of the page; None without a design."""
    result = answers.design
    if result is None:
        return None
    question: Any = result.question
    called = _called(question.rules, words)
    rules = rules_of(question.rules)
    nodes = {rule.name: rule.parts[0] if rule.kind == "ways" else "event" for rule in rules}
    goal = answers.plan.goal is not None
    table = result.table.assign(rule=result.table["rule"].map(called))
    lines = table.iloc[:-1] if len(rules) == 1 else table
    worst = table.iloc[:-1].sort_values("conform_rate", kind="stable").iloc[0].to_dict()
    bars = bars_of([_bar(row, goal, words) for row in lines.head(top + 1).to_dict("records") if _told(row)])
    finding = _finding(worst, goal, words)
    drawn = Picture(
        "figure-design", "", finding, words.plain("design_read"), bars=bars, axis=words.head("conforms")
    )  # fmt: skip
    shown = [make_table(table, words.table("design"), (*_RULES, *(_REACHED if goal else ())), words)]
    ways = _ways(result.deviations, nodes, called, words)
    if len(ways):
        columns = (*_WAYS, *(_OF_WAYS if goal else ()))
        shown.append(make_table(ways, words.table("design_ways"), columns, words))
    paths = _paths(answers, nodes, called, words)
    if len(paths):
        shown.append(make_table(paths, words.table("design_paths"), _TYPICAL, words))
    notes = [words.note(note) for note in result.notes if note != BIN_NOTE]
    notes += [words("design_association")] if goal else []
    if answers.mask > 1:
        notes.append(words("design_masked", k=words.count(answers.mask)))
    title, nav = words.plain("design_title"), words.plain("design_nav")
    lead = _lead(table.iloc[-1].to_dict(), words)
    return Section("design", title, nav, lead, (drawn,) if bars else (), tuple(shown), tuple(notes))


def _told(row: Mapping[Any, Any]) -> bool:
    return bool(row["conform_rate"] == row["conform_rate"])


def _lead(row: Mapping[Any, Any], words: Wording) -> Markup:
    if not row["n_cases"]:
        return words("design_none")
    if not _told(row):
        return words("design_hidden")
    return words("design_lead", rate=words.rate(row, "conform_rate", _over(row, words)))


def _over(row: Mapping[Any, Any], words: Wording) -> Markup:
    return words.several("of_journeys_over", row["n_followed"])


def _finding(row: Mapping[Any, Any], goal: bool, words: Wording) -> Markup:
    """Tell the rule that is kept least, and how those who break it end."""
    if not _told(row):
        return words("design_hidden")
    if row["conform_rate"] == 1:
        return words("design_all_keep")
    rule = words.named(row["rule"])
    said = words("design_least", rule=rule, rate=words.rate(row, "conform_rate", _over(row, words)))
    gap, low, high = (row[f"reach_difference{end}"] for end in ("", "_low", "_high"))
    if not goal or gap != gap or low != low:
        return said
    if low <= 0 <= high:
        return said + " " + words("design_same", range=words.spread(low, high))
    low, high = sorted((abs(low), abs(high)))
    way = "design_less" if gap < 0 else "design_more"
    return said + " " + words(way, gap=words.points(abs(gap)), range=words.spread(low, high))


def _bar(row: Mapping[Any, Any], goal: bool, words: Wording) -> Bar:
    whole, cut = words.visible(row["rule"]), words.short(row["rule"], 60)
    more = (
        [words.plain("design_broken", n=str(words.several("journeys", row["n_broken"])))]
        if row["n_broken"] > 0
        else []
    )
    if goal and row["reach_difference"] == row["reach_difference"]:
        more.append(words.plain("design_effect", gap=words.points(row["reach_difference"], sign=True)))
    rates = (row["conform_rate"], row["conform_rate_low"], row["conform_rate_high"])
    value = words.share(row["conform_rate"])
    return Bar(cut, whole[:400] if cut != whole else "", "go", *rates, value, ", ".join(more))


def _ways(
    table: pd.DataFrame, nodes: Mapping[str, str], called: Mapping[str, str], words: Wording
) -> pd.DataFrame:
    """Return the ways that were not allowed as people read them; one with no start is a wrong beginning."""

    def name(rule: str, one: Any) -> Any:
        return words.words.stage(one) if nodes[rule] == "stage" and not pd.isna(one) else one

    begins = table["from"].isna()
    return table.assign(
        **{
            end: [name(*pair) for pair in zip(table["rule"], table[end], strict=True)]
            for end in ("from", "to")
        },
        from_kind=["start" if one else "node" for one in begins],
        to_kind="node",
        rule=table["rule"].map(called),
    )


def _paths(
    answers: Answers, nodes: Mapping[str, str], called: Mapping[str, str], words: Wording
) -> pd.DataFrame:
    found = answers.design_paths
    if found is None or not len(found):
        return pd.DataFrame()
    paths = [
        tuple(map(words.words.stage, path)) if nodes[rule] == "stage" else path
        for rule, path in zip(found["rule"], found["path"], strict=True)
    ]
    return found.assign(path=pd.Series(paths, dtype=object), rule=found["rule"].map(called))


def _called(given: Any, words: Wording) -> dict[str, str]:
    """Return what each rule is called on the page; a name of its own stays."""
    found = {"all rules": words.plain("rule_all")}
    for rule, asked in zip(rules_of(given), given, strict=True):
        found[rule.name] = asked["name"] if asked.get("name") else _rule(rule, words)
    return found


def _rule(rule: Rule, words: Wording) -> str:
    if rule.kind == "ways":
        node = rule.parts[0]
        return (
            words.plain(f"rule_ways_{node}")
            if node in ("stage", "event")
            else words.plain("rule_ways", node=node)
        )
    a = words.condition(rule.parts[0])
    if rule.kind == "never" and rule.parts[1] is None:
        return words.plain("rule_never", a=a)
    b = words.condition(rule.parts[1])
    if rule.kind == "within":
        return words.plain("rule_within", a=a, b=b, time=words.duration(rule.parts[2] / 1e6))
    return words.plain("rule_before" if rule.kind == "before" else "rule_never_after", a=a, b=b)
