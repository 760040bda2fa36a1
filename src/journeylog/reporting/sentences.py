"""What the numbers say, in plain words. Every sentence is markup whose names and numbers are escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from journeylog.plots.labels import count
from journeylog.reporting.answers import Answers
from journeylog.reporting.tables import ARROW
from journeylog.reporting.wording import Wording
from journeylog.stats.dropoff import DropOffResult
from journeylog.stats.transitions import TransitionsResult

__all__ = [
    "Statement",
    "busiest",
    "by_number",
    "flow_lead",
    "funnel_finding",
    "funnel_lead",
    "funnel_origin",
    "go",
    "in_brackets",
    "leave",
    "leave_lead",
    "leaves_finding",
    "most_left",
    "paths_finding",
    "paths_lead",
    "plain",
    "returns_finding",
    "several",
    "told",
    "wait",
]

Row = Mapping[Any, Any]


class Statement(tuple[Markup, Markup]):
    """A finding in one sentence, and a second one that says more."""

    __slots__ = ()


def go(answers: Answers, words: Wording) -> Statement:
    """Tell where customers go."""
    goal, n = answers.plan.goal, answers.n_journeys
    way = busiest(answers.flow, words, answers.plan.node)
    if goal is None:
        return Statement((words.several("were_followed", n), way))
    named = words.named(words.condition(goal))
    if not answers.goal_occurs:
        return Statement((words("goal_never", goal=named, journeys=words.several("journeys_of", n)), way))
    row = answers.end("reached")
    rate = words.rate(row, "share", words("of_all"))
    journeys = words.several("journeys_of", n)
    return Statement(
        (words("goal_reached", n=words.count(row["n"]), journeys=journeys, goal=named, rate=rate), way)
    )


def busiest(flow: TransitionsResult, words: Wording, node: str) -> Markup:
    """Tell the move that is made most often, and where the same follows itself more often still."""
    moves = flow.table
    moves = moves[(moves["from_kind"] == "node") & (moves["to_kind"] == "node")]
    moves = by_number(moves, "n")
    again, moves = moves[moves["from"] == moves["to"]], moves[moves["from"] != moves["to"]]
    if moves.empty:
        return words(f"no_way_{node}")
    row = _first(moves)
    told = {
        "a": words.named(row["from"]),
        "b": words.named(row["to"]),
        "moves": _number(words, "moves", row, "n"),
    }
    way = words("busiest", **told)
    if row["rate"] == row["rate"]:
        visits = words.several("visits_of", row["n_from_followed"])
        rate = words.rate(row, "rate", "")
        way = words("busiest_rate", **told, visits=visits, n=words.count(row["n_followed"]), rate=rate)
    elif moves["rate"].notna().any():
        way += " " + _told_way(_first(moves[moves["rate"].notna()]), words)
    if len(again) and again["n"].iloc[0] > _most(row, "n"):
        name, n = words.named(again["from"].iloc[0]), again["n"].iloc[0]
        way += " " + words("repeats", a=name, moves=words.several("moves", n))
    return way


def _told_way(row: Row, words: Wording) -> Markup:
    """Tell the busiest of the moves whose share is told, where that of the busiest is not."""
    visits, rate = words.several("visits_of", row["n_from_followed"]), words.rate(row, "rate", "")
    a, b = words.named(row["from"]), words.named(row["to"])
    return words("busiest_told", a=a, b=b, visits=visits, n=words.count(row["n_followed"]), rate=rate)


def wait(answers: Answers, words: Wording) -> Statement:
    """Tell where customers wait."""
    edges = answers.waits.edges
    edges = edges[edges["time_median_s"].notna() | (edges["n_timed"] == 0)]
    if edges.empty:
        return Statement((words("nobody_waits"), Markup("")))
    row = _first(edges)
    n = row["n_timed"]
    if n == 0:
        return Statement((words("wait_untold"), Markup("")))
    long = words.several(
        "half_took" if n == n else "half_took_some", n, time=words.duration(row["time_median_s"]),
        range=in_brackets(words, words.times(row["time_median_low_s"], row["time_median_high_s"])),
    )  # fmt: skip
    if n == 1:
        long = words("wait_one", time=words.duration(row["time_mean_s"]))
    key = "wait_again" if row["from"] == row["to"] else "wait_first"
    first = words(key, a=words.named(row["from"]), b=words.named(row["to"]), long=long)
    base = words.duration(row["baseline_s"])
    if not row["excess_share"] > 0:
        return Statement((first, words("no_excess", time=base)))
    baseline = words(_baseline(answers))
    more = words("wait_holds", share=words.share(row["excess_share"]), time=base, baseline=baseline)
    if not n < 10:
        more = words("tenth", time=words.duration(row["time_p90_s"])) + " " + more
    return Statement((first, more))


def leave(answers: Answers, words: Wording) -> Statement:
    """Tell where customers leave."""
    if answers.plan.patience_micros is None:
        return Statement((words("no_patience"), Markup("")))
    patience = words.duration(answers.plan.patience_micros / 1e6)
    lost = answers.end("dropped")["n"]
    event = most_left(answers.event_leaves)
    if lost == 0:
        return Statement((words("none_dropped", patience=patience), Markup("")))
    if event is None:
        return Statement((words("leaves_none") if lost == lost else words("rate_none"), Markup("")))
    n, total = told(words, event, "n_dropped"), words.count(lost)
    first = words("most_after", a=words.named(event["node"]), n=n, total=total)
    more = Markup("")
    if event["drop_rate"] == event["drop_rate"]:
        of = words.several("of_visits_long", event["n_followed"])
        more = words("nothing_followed", patience=patience, rate=words.rate(event, "drop_rate", of))
    stage = most_left(answers.leaves) if answers.plan.staged else None
    if stage is not None:
        said = words("by_stage", a=words.named(stage["node"]), n=told(words, stage, "n_dropped"))
        more = more + " " + said if more else said
    return Statement((first, more))


def flow_lead(answers: Answers, words: Wording) -> Markup:
    """Say what the flow figure shows."""
    node, n = answers.plan.node, answers.n_journeys
    told = {end: words.count(answers.end(end)["n"]) for end in ("reached", "dropped", "open")}
    text = words(
        "flow_goal" if answers.plan.goal is not None else "flow_plain",
        journeys=words.several("journeys", n), move=words.form("move_verb", n), nodes=words(f"nodes_{node}"),
        were=words.form("were", answers.end("open")["n"]), **told,
    )  # fmt: skip
    ends = answers.flow.table[answers.flow.table["to_kind"].isin(("reached", "dropped", "open"))]
    apart = n - ends["n"].sum(skipna=False) if len(ends) else n
    apart = answers.told(apart)
    if apart == apart and apart > 0:
        text += " " + words(f"not_drawn_{node}", journeys=words.several("journeys", apart))
    return text


def funnel_origin(answers: Answers, words: Wording) -> Markup:
    """Say where the steps of the funnel come from."""
    plan = answers.funnel_plan
    assert plan is not None
    origin = words(plan.origin)
    return words("origin_cut", origin=origin, n=words.count(plan.cut)) if plan.cut else origin


def funnel_lead(answers: Answers, words: Wording) -> Markup:
    """Say how far journeys get, and where the funnel's steps come from."""
    assert answers.funnel is not None
    table = answers.funnel.table
    first, last = dict(table.iloc[0]), dict(table.iloc[-1])
    origin = funnel_origin(answers, words)
    if not first["n_cases"]:
        return words("funnel_none", a=words.named(first["name"]), origin=origin)
    told = {
        "journeys": words.several("journeys", first["n_cases"]), "a": words.named(first["name"]),
        "n": words.count(last["n_cases"]), "b": words.named(last["name"]),
    }  # fmt: skip
    text = words("funnel_lead", **told)
    if last["total_rate"] == last["total_rate"]:
        of = words("of_n", n=words.count(first["n_followed"]))
        text = words("funnel_lead_rate", **told, rate=words.rate(last, "total_rate", of))
    reached = answers.end("reached")["n"]
    goal = answers.plan.goal
    if goal is not None and last["name"] == words.condition(goal) and reached > last["n_cases"]:
        more = answers.told(reached - last["n_cases"])
        text += " " + words.several("funnel_more", more)
    waiting = answers.told(table["n_open"].sum(skipna=False))
    if waiting and answers.funnel.question.within is None:  # type: ignore[attr-defined]
        text += " " + words.several("funnel_open", waiting)
    return text + " " + words("funnel_steps", origin=origin)


def funnel_finding(answers: Answers, words: Wording) -> Markup:
    """Tell between which steps most are lost."""
    assert answers.funnel is not None
    table = answers.funnel.table
    watched = table["n_followed"].astype(float)
    lost = (watched.shift(1) - watched).where(table["step_rate"].notna())
    if len(table) < 2 or not lost.max() > 0:
        return Markup("")
    step = int(lost.fillna(-1).to_numpy().argmax())
    before, after = dict(table.iloc[step - 1]), dict(table.iloc[step])
    rate = words.rate(after, "step_rate", words("of_n", n=words.count(before["n_followed"])))
    return words("funnel_worst", a=words.named(before["name"]), b=words.named(after["name"]), rate=rate)


def paths_lead(answers: Answers, words: Wording) -> Markup:
    """Say how much of everything the most frequent paths cover."""
    table = answers.paths.table
    once = words(f"paths_once_{answers.plan.node}")
    if table.empty:
        return words("paths_few") + " " + once
    shown, row = min(len(table), 10), _first(table)
    if shown < 2:
        return once
    part = words.share(table["n_cases"].head(shown).sum() / row["n_total"])
    return words.several("paths_cover", shown, share=part) + " " + once


def paths_finding(answers: Answers, words: Wording) -> Markup:
    """Tell the most frequent path."""
    table = answers.paths.table
    if table.empty:
        return Markup("")
    row = _first(table)
    path = Markup(ARROW).join(words.named(name) for name in row["path"][:8])
    rate = words.rate(row, "share", words("of_n", n=words.count(row["n_total"])))
    journeys = words.several("journeys", row["n_cases"])
    return words("paths_first", path=path, journeys=journeys, rate=rate)


def leave_lead(answers: Answers, words: Wording) -> Markup:
    """Say what the drop-off figure shows."""
    patience = answers.plan.patience_micros
    if patience is None:
        return words("no_patience")
    table = answers.leaves.table
    text = words(f"leaves_lead_{answers.plan.node}", patience=words.duration(patience / 1e6))
    entered = table["n_entered"].sum(skipna=False)
    young = answers.told(entered - table["n_followed"].sum(skipna=False))
    if young > 0:
        visits = words.several("visits_of", entered)
        text += " " + words("leaves_young", n=words.count(young), visits=visits)
    return text


def most_left(result: DropOffResult) -> dict[Any, Any] | None:
    """Return the row with most journeys left, the table's order deciding between equals; None without any."""
    table = by_number(result.table, "n_dropped")
    return None if table.empty else _first(table)


def leaves_finding(result: DropOffResult, words: Wording) -> Markup:
    """Tell where most journeys are lost."""
    row = most_left(result)
    if row is None:
        return words("leaves_none")
    if row["drop_rate"] != row["drop_rate"]:
        bare = words("leaves_most_bare", a=words.named(row["node"]), n=told(words, row, "n_dropped"))
        rest = by_number(result.table, "n_dropped")
        rest = rest[rest["drop_rate"].notna()]
        if rest.empty:
            return bare
        row = _first(rest)
        rate = words.rate(row, "drop_rate", words.several("of_visits", row["n_followed"]))
        of = {"a": words.named(row["node"]), "n": words.count(row["n_dropped"]), "rate": rate}
        return bare + " " + words("leaves_told", **of)
    rate = words.rate(row, "drop_rate", words.several("of_visits", row["n_followed"]))
    return words("leaves_most", a=words.named(row["node"]), n=told(words, row, "n_dropped"), rate=rate)


def returns_finding(answers: Answers, words: Wording) -> Markup:
    """Tell how many come back, in the first period and in the last one."""
    assert answers.returns is not None
    table = answers.returns.table[answers.returns.table["rate"].notna()]
    if table.empty:
        return words("retention_few")
    rates = [
        words.rate(dict(row), "rate", words.several("of_customers_seen", row["n_eligible"]))
        for _, row in table.iloc[[0, -1]].iterrows()
    ]
    if len(table) == 1 or table["period"].iloc[0] != 1:
        return (
            words("retention_one", rate=rates[0]) if table["period"].iloc[0] == 1 else words("retention_few")
        )
    last = words.count(table["period"].iloc[-1])
    return words("retention_finding", rate=rates[0], last=last, rate_last=rates[1])


def several(n: Any, word: str) -> str:
    """Return a number with its word, in English.

    Examples
    --------
    >>> several(1, "journey"), several(1200, "journey")
    ('1 journey', '1,200 journeys')
    """
    return f"{count(n)} {word}" + ("" if n == 1 else "s")


def plain(text: str) -> str:
    """Return a sentence without its markup, for terminals and labels."""
    return " ".join(Markup(text).striptags().split())


def _most(row: Row, name: str) -> Any:
    """Return a number, or what it is at most when it is masked."""
    return row[name] if row[name] == row[name] else row.get("n_most", float("nan"))


def by_number(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows with a number above zero, told or known at most, the largest first."""
    n = table[name].astype("float64")
    n = n.fillna(table["n_most"]) if "n_most" in table else n
    order = n[n > 0].sort_values(ascending=False, kind="stable").index
    return table.loc[order]


def told(words: Wording, row: Row, name: str) -> str:
    """Write a number, or what it is at most."""
    most = _most(row, name)
    return words.count(most) if row[name] == row[name] or most != most else f"≤\u00a0{words.count(most)}"


def _number(words: Wording, key: str, row: Row, name: str) -> Markup:
    """Return a number with its word, or what it is at most."""
    said = words.several(key, _most(row, name))
    return said if row[name] == row[name] else Markup("≤\u00a0") + said


def in_brackets(words: Wording, written: str) -> Markup:
    """Return an interval in brackets; nothing when there is none."""
    return Markup("") if written == "–" else words("median_range", range=written)


def _baseline(answers: Answers) -> str:
    asked = answers.waits.question.baseline  # type: ignore[attr-defined]
    return "baseline_median" if asked == "median" else "baseline_declared"


def _first(table: pd.DataFrame) -> dict[Any, Any]:
    return dict(table.iloc[0])
