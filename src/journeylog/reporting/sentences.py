"""What the numbers say, in plain words. Every sentence is markup whose names and numbers are escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from journeylog.core.condition import spelled
from journeylog.core.window import format_duration
from journeylog.plots.labels import count, duration, interval, share
from journeylog.reporting.answers import Answers
from journeylog.reporting.names import short, visible
from journeylog.reporting.tables import ARROW

__all__ = [
    "Statement",
    "flow_lead",
    "funnel_lead",
    "go",
    "leave",
    "leave_lead",
    "named",
    "paths_lead",
    "plain",
    "several",
    "wait",
    "waits_lead",
]

Row = Mapping[Any, Any]
_NAME = 48


class Statement(tuple[Markup, Markup]):
    """A finding in one sentence, and a second one that says more."""

    __slots__ = ()


def go(answers: Answers) -> Statement:
    """Tell where customers go."""
    goal, n = answers.plan.goal, answers.n_journeys
    moves = answers.flow.table
    moves = moves[(moves["from_kind"] == "node") & (moves["to_kind"] == "node")]
    moves_again, moves = moves[moves["from"] == moves["to"]], moves[moves["from"] != moves["to"]]
    way = Markup("No customer goes from one {} to another.").format(_kind(answers))
    if len(moves):
        row = _first(moves.sort_values("n", ascending=False, kind="stable"))
        way = Markup("The busiest way is from {} to {}: {}").format(
            named(row["from"]), named(row["to"]), several(row["n"], "move")
        )
        if row["rate"] == row["rate"]:
            way += Markup("; of {} watched long enough {} went this way, {}").format(
                several(row["n_from_followed"], "visit"), count(row["n_followed"]), _rate(row, "rate", "")
            )
        way += "."
        same = moves_again.sort_values("n", ascending=False, kind="stable")
        if len(same) and same["n"].iloc[0] > row["n"]:
            way += Markup(" Repeats are more: {} again after {}, {}.").format(
                named(same["from"].iloc[0]), named(same["from"].iloc[0]), several(same["n"].iloc[0], "move")
            )
    if goal is None:
        said = Markup("<b>{}</b> {} followed; no goal was named, so none counts as reached.")
        return Statement((said.format(several(n, "journey"), "was" if n == 1 else "were"), way))
    row = answers.end("reached")
    if not answers.goal_occurs:
        never = Markup("The goal {} does not occur in the data, so no share of {} can be told.")
        return Statement((never.format(named(spelled(goal)), several(n, "journey")), way))
    reached = Markup("<b>{}</b> of {} reached the goal {} so far: {}.").format(
        count(row["n"]), several(n, "journey"), named(spelled(goal)), _rate(row, "share", "of all")
    )
    return Statement((reached, way))


def wait(answers: Answers) -> Statement:
    """Tell where customers wait."""
    edges = answers.waits.edges
    if edges.empty:
        return Statement((Markup("Nobody waits: no customer has two events."), Markup("")))
    row = _first(edges)
    n = int(row["n_timed"])
    if not n:
        none = Markup("No wait can be told yet: the data ends too soon after the first events of a wait.")
        return Statement((none, Markup("")))
    where = Markup("from {} to {}{}").format(
        named(row["from"]), "the next " if row["from"] == row["to"] else "", named(row["to"])
    )
    long = Markup("half of {} moves took longer than <b>{}</b>{}").format(
        count(n), duration(row["time_median_s"]), _median_interval(row)
    )
    if n == 1:
        long = Markup("the one move took <b>{}</b>").format(duration(row["time_mean_s"]))
    first = Markup("The wait that costs most time is {}: {}.").format(where, long)
    if not row["excess_s"] > 0:
        most = Markup("No move takes longer than the baseline of {}.").format(duration(row["baseline_s"]))
        return Statement((first, most))
    tenth = Markup("One in ten took longer than {}. ").format(duration(row["time_p90_s"]))
    more = Markup("This one wait holds <b>{}</b> of all waiting above {}, {}.").format(
        share(row["excess_share"]), duration(row["baseline_s"]), _baseline(answers)
    )
    return Statement((first, tenth + more if n >= 10 else more))


def leave(answers: Answers) -> Statement:
    """Tell where customers leave."""
    if answers.plan.patience_micros is None:
        return Statement(
            (Markup("No patience was declared, so no journey can be said to have dropped off."), Markup(""))
        )
    patience = format_duration(answers.plan.patience_micros)
    lost = int(answers.end("dropped")["n"])
    if not lost:
        none = Markup(
            "No journey dropped off: none fell silent for more than {} before the data ends."
        ).format(patience)
        return Statement((none, Markup("")))
    event = _most(answers.event_leaves.table)
    place = Markup("after {}").format(named(event["node"]))
    first = Markup("Most journeys that drop off do so {}: <b>{}</b> of {}.").format(
        place, count(event["n_dropped"]), count(lost)
    )
    share_lost = _rate(event, "drop_rate", f"of {several(event['n_followed'], 'visit')} watched that long")
    more = Markup("Nothing followed for {} after {}.").format(patience, share_lost)
    if answers.plan.staged and len(answers.leaves.table):
        stage = _most(answers.leaves.table)
        more += Markup(" By stage, most are lost in {}: {}.").format(
            named(stage["node"]), count(stage["n_dropped"])
        )
    return Statement((first, more))


def flow_lead(answers: Answers) -> Markup:
    """Say what the flow figure shows."""
    n = {end: count(answers.end(end)["n"]) for end in ("reached", "dropped", "open")}
    reached = Markup("<b>{}</b> reached the goal, ").format(n["reached"])
    ends = answers.flow.table["to_kind"].isin(("reached", "dropped", "open"))
    apart = answers.n_journeys - int(answers.flow.table.loc[ends, "n"].sum())
    rest = f" Not drawn: {several(apart, 'journey')} without any {_kind(answers)}." if apart else ""
    return Markup("How {} between {}s, and how they end: {}<b>{}</b> dropped off and <b>{}</b> {}.").format(
        several(answers.n_journeys, "journey") + (" moves" if answers.n_journeys == 1 else " move"),
        _kind(answers),
        reached if answers.plan.goal is not None else "",
        n["dropped"],
        n["open"],
        "was still open when the data ends" if n["open"] == "1" else "were still open when the data ends",
    ) + Markup(rest)


def funnel_lead(answers: Answers) -> Markup:
    """Say how far journeys get, and where the funnel's steps come from."""
    assert answers.funnel is not None and answers.funnel_plan is not None
    table = answers.funnel.table
    first, last = dict(table.iloc[0]), dict(table.iloc[-1])
    if not first["n_cases"]:
        return Markup("No journey enters at {}. Steps: {}.").format(
            named(first["name"]), answers.funnel_plan.origin
        )
    text = Markup("Of <b>{}</b> that came to {}, <b>{}</b> came to {}").format(
        several(first["n_cases"], "journey"),
        named(first["name"]),
        count(last["n_cases"]),
        named(last["name"]),
    )
    if last["total_rate"] == last["total_rate"]:
        text += Markup(": {}").format(_rate(last, "total_rate", f"of {count(first['n_followed'])}"))
    watched = table["n_followed"]
    lost = watched.shift(1) - watched
    if len(table) > 2 and lost.max() > 0:
        step = int(lost.to_numpy(na_value=0).argmax())
        before, after = dict(table.iloc[step - 1]), dict(table.iloc[step])
        text += Markup(". Most are lost between {} and {}: {} went on").format(
            named(before["name"]),
            named(after["name"]),
            _rate(after, "step_rate", f"of {count(before['n_followed'])}"),
        )
    reached = int(answers.end("reached")["n"])
    if (
        answers.plan.goal is not None
        and last["name"] == spelled(answers.plan.goal)
        and reached > last["n_cases"]
    ):
        text += Markup(". {} more reached the goal without passing all these steps in this order").format(
            count(reached - last["n_cases"])
        )
    waiting = int(table["n_open"].sum())
    if waiting and answers.funnel.question.within is None:  # type: ignore[attr-defined]
        text += Markup(". Still open are {}; here they count as not arrived").format(
            several(waiting, "journey")
        )
    return text + Markup(". The steps are {}.").format(answers.funnel_plan.origin)


def paths_lead(answers: Answers) -> Markup:
    """Say how much of everything the most frequent paths cover."""
    table = answers.paths.table
    shown = min(len(table), 10)
    row = _first(table)
    path = Markup(ARROW).join(named(name) for name in row["path"][:8])
    text = Markup("The most frequent path is {}: <b>{}</b>, {}. ").format(
        path, several(row["n_cases"], "journey"), _rate(row, "share", f"of {count(row['n_total'])}")
    )
    if shown > 1:
        text += Markup("The first {} paths cover <b>{}</b> of all journeys. ").format(
            shown, share(table["cum_share"].iloc[shown - 1])
        )
    return text + Markup("The same {} several times in a row counts once.").format(_kind(answers))


def waits_lead(answers: Answers) -> Markup:
    """Say what the waits figure shows."""
    edges = answers.waits.edges
    row, n, timed = _first(edges), int(edges["n"].sum()), int(edges["n_timed"].sum())
    if not timed:
        return Markup("None of {} between two events was watched long enough to time it.").format(
            several(n, "move")
        )
    text = Markup("{} of {} between two events can be timed; they took {} together. ").format(
        count(timed), several(n, "move"), duration(edges["time_total_s"].sum())
    )
    text += Markup("Waits are ranked by the time they take above the baseline of {}, {}.").format(
        duration(row["baseline_s"]), _baseline(answers)
    )
    if row["excess_s"] > 0:
        text += Markup(" First is {} → {} with <b>{}</b> of that time.").format(
            named(row["from"]), named(row["to"]), share(row["excess_share"])
        )
    return text


def leave_lead(answers: Answers) -> Markup:
    """Say what the drop-off figure shows."""
    patience = answers.plan.patience_micros
    if patience is None:
        return Markup("No patience was declared, so nothing can be said to have dropped off.")
    table = answers.leaves.table
    told = table[table["drop_rate"].notna()]
    text = Markup("A journey drops off at its last {} before a silence of more than {}. ").format(
        _kind(answers), format_duration(patience)
    )
    young = int(table["n_entered"].sum() - table["n_followed"].sum())
    if young:
        text += Markup("{} of {} visits are too young to tell and stay out of the shares. ").format(
            count(young), count(table["n_entered"].sum())
        )
    if len(told):
        row = _most(told)
        text += Markup("Most are lost at {}: <b>{}</b>; {}.").format(
            named(row["node"]),
            count(row["n_dropped"]),
            _rate(row, "drop_rate", f"of {several(row['n_followed'], 'visit')}"),
        )
    return text


def named(name: object) -> Markup:
    """Return a name of the data in quotation marks, cut when it is long."""
    whole, cut = visible(name), short(name, _NAME)
    title = Markup(' title="{}"').format(whole[:400]) if cut != whole else ""
    return Markup('<span class="name"{}>“{}”</span>').format(title, cut)


def several(n: Any, word: str) -> str:
    """Return a number with its word.

    Examples
    --------
    >>> several(1, "journey"), several(1200, "journey")
    ('1 journey', '1,200 journeys')
    """
    return f"{count(n)} {word}" + ("" if n == 1 else "s")


def plain(text: Markup) -> str:
    """Return a sentence without its markup, for terminals and labels."""
    return " ".join(text.striptags().split())


def _rate(row: Row, name: str, of: str) -> Markup:
    """Return a share with what it is a share of and its interval."""
    if row[name] != row[name]:
        return Markup("no share can be told")
    text = Markup("<b>{}</b> {}").format(share(row[name]), of)
    if row[f"{name}_low"] == row[f"{name}_low"]:
        text += Markup(" (95 % interval {})").format(interval(row[f"{name}_low"], row[f"{name}_high"]))
    return text


def _median_interval(row: Row) -> Markup:
    low, high = row["time_median_low_s"], row["time_median_high_s"]
    if not (low == low and high == high):
        return Markup("")
    return Markup(" (95 % interval {} to {})").format(duration(low), duration(high))


def _baseline(answers: Answers) -> str:
    asked = answers.waits.question.baseline  # type: ignore[attr-defined]
    return "the median of all moves" if asked == "median" else "the baseline that was declared"


def _kind(answers: Answers) -> str:
    return answers.plan.node


def _first(table: pd.DataFrame) -> dict[Any, Any]:
    return dict(table.iloc[0])


def _most(table: pd.DataFrame) -> dict[Any, Any]:
    """Return the row with most journeys left, the table's order deciding between equals."""
    return _first(table.sort_values("n_dropped", ascending=False, kind="stable"))
