"""The parts of the page: a heading, a sentence, figures with what they say, and the numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from journeylog.core.contracts import Result
from journeylog.core.durations import BIN_NOTE
from journeylog.core.window import parse_duration
from journeylog.reporting import columns, losswords, sentences
from journeylog.reporting.answers import Answers
from journeylog.reporting.figures import Bar, PathBar, Picture, Point, bars_of, curve, farthest, marks_up_to
from journeylog.reporting.flowchart import draw_flow
from journeylog.reporting.tables import ARROW, Table, make_table
from journeylog.reporting.wording import Wording
from journeylog.stats.dropoff import DropOffResult
from journeylog.stats.transitions import TransitionsResult

__all__ = ["Section", "event_table", "sections_of"]

_NAME = 60
_NAN = float("nan")


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Parameters
    ----------
    id, title, nav : str
        Anchor, heading, and the word for it in the list of parts.
    lead : Markup
        What it shows, with numbers.
    pictures : tuple of Picture
    tables : tuple of Table
    notes : tuple of Markup
        What a reader of the numbers must know.
    """

    id: str
    title: str
    nav: str
    lead: Markup
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[Markup, ...] = ()


def sections_of(answers: Answers, top: int, theme: str, words: Wording) -> list[Section]:
    """Return the parts of the page that have something to show."""
    parts = [_flow(answers, theme, words)]
    if answers.funnel is not None:
        parts.append(_funnel(answers, words))
    parts.append(_leaves(answers, top, words))
    if len(answers.losses.table):
        parts.append(_losses(answers, top, words))
    parts.append(_paths(answers, top, words))
    if answers.returns is not None:
        parts.append(_returns(answers, words))
    return parts


def event_table(answers: Answers, words: Wording) -> Table:
    """Return how often each event occurs."""
    return make_table(answers.facts.table, words.table("events"), columns.EVENTS, words)


def _flow(answers: Answers, theme: str, words: Wording) -> Section:
    lead, node = sentences.flow_lead(answers, words), answers.plan.node
    shown = _ways(answers.flow, "figure-flow", words, theme, node, "between_stages")
    tables = [make_table(answers.flow.table, words.table(f"moves_{node}"), columns.FLOW, words)]
    if answers.plan.staged:
        shown += _ways(answers.moves, "figure-moves", words, theme, "event", "between_events")
        tables.append(make_table(answers.moves.table, words.table("moves_event"), columns.FLOW, words))
    notes = _notes(answers.flow, words)
    title, nav = words.plain("flow_title"), words.plain("flow_nav")
    return Section("flow", title, nav, lead, shown, tuple(tables), notes)


def _ways(
    flow: TransitionsResult, name: str, words: Wording, theme: str, node: str, heading: str
) -> tuple[Picture, ...]:
    finding = sentences.busiest(flow, words, node)
    drawn = draw_flow(flow, words, theme, sentences.plain(finding))
    if drawn is None:
        return ()
    drawing, flows = drawn
    read = words.plain("flow_read")
    if flows.inside is not None:
        moves, names = words.several("moves", flows.inside.n), words.several("names_of", flows.n_other)
        read += " " + words.plain("flow_others", moves=str(moves), names=str(names))
    if flow.table["n"].isna().any():
        read += " " + words.plain("flow_hidden")
    choices = tuple(
        (str(i), words.short(key.name, 40)) for i, key in enumerate(flows.nodes) if key.kind == "node"
    )
    return (Picture(name, words.plain(heading), finding, read, drawing, choices=choices),)


def _funnel(answers: Answers, words: Wording) -> Section:
    assert answers.funnel is not None
    lead, finding = sentences.funnel_lead(answers, words), sentences.funnel_finding(answers, words)
    table, after = answers.funnel.table, answers.funnel.lost_next
    bars = []
    for i, row in enumerate(table.to_dict("records")):
        next_rows = after[(after["step"] == row["step"]) & (after["rate"] > 0)]
        bars.append(_step(row, i, next_rows.sort_values("rate", ascending=False, kind="stable"), words))
    drawn = Picture(
        "figure-funnel", "", finding or lead, words.plain("funnel_read"), bars=tuple(bars), axis=words.head("first_share"),
        end=words.share(1.0),
    )  # fmt: skip
    tables = (
        make_table(table, words.table("steps"), columns.STEPS, words),
        make_table(after, words.table("next"), columns.NEXT, words),
    )
    notes = _notes(answers.funnel, words)
    title, nav = words.plain("funnel_title"), words.plain("funnel_nav")
    return Section("funnel", title, nav, lead, (drawn,) if table["n_cases"].iloc[0] else (), tables, notes)


def _step(row: Mapping[Any, Any], i: int, after: Any, words: Wording) -> Bar:
    """Return the bar of a step: its share of all that began, and what became of those who stopped."""
    more = [words.share(row["total_rate"])] if row["total_rate"] == row["total_rate"] else []
    if i and row["step_rate"] == row["step_rate"]:
        more.append(words.plain("step_on", share=words.share(row["step_rate"])))
    below = [words.plain("step_lost", n=words.count(row["n_lost"]))] if row["n_lost"] != 0 else []
    below += [words.plain("step_open", n=words.count(row["n_open"]))] if row["n_open"] != 0 else []
    names = [
        f"{words.plain(r['next_kind']) if r['next_kind'] in ('reached', 'dropped', 'open') else words.short(r['next'], 24)} "
        f"{words.share(r['rate'])}"
        for r in after.head(3).to_dict("records")
    ]
    if names:
        below.append(words.plain("step_next", names=", ".join(names)))
    width, low, high = (100 * row[f"total_rate{bound}"] for bound in ("", "_low", "_high"))
    return Bar(
        *_called(row["name"], words), "go", 0.0 if math.isnan(width) else round(width, 2), round(low, 2), round(high, 2),
        words.count(row["n_cases"]), ", ".join(more), " · ".join(below),
    )  # fmt: skip


def _paths(answers: Answers, top: int, words: Wording) -> Section:
    table, node = answers.paths.table, answers.plan.node
    most = float(table["share"].max()) if len(table) else 0.0
    bars = tuple(_path_bar(row, most, words) for row in table.head(top).to_dict("records"))
    tables = [make_table(table, words.table(f"paths_{node}"), columns.PATHS, words)]
    if answers.plan.staged:
        tables.append(make_table(answers.event_paths.table, words.table("paths_event"), columns.PATHS, words))
    lead, finding = sentences.paths_lead(answers, words), sentences.paths_finding(answers, words)
    read, axis = words.plain("paths_read"), words.plain("paths_axis")
    drawn = Picture("figure-paths", "", finding, read, paths=bars, axis=axis, end=words.share(most))
    notes = _notes(answers.paths, words)
    if answers.mask:
        notes += (words("paths_masked", k=words.count(answers.mask)),)
    shown = tuple(table for table in tables if table.rows)
    title, nav = words.plain("paths_title"), words.plain("paths_nav")
    return Section("paths", title, nav, lead, (drawn,) if bars else (), shown, notes)


def _losses(answers: Answers, top: int, words: Wording) -> Section:
    table = answers.losses.table
    lost = table[(table["amount"] > 0) & table["share"].notna()].head(top)
    priced = bool(len(lost)) and bool(lost["cost"].notna().all())
    some = bool(table["cost"].notna().any()) and bool(answers.costs.of_lines)
    if priced:
        lost = lost.sort_values("cost", ascending=False, kind="stable")
    lines = [_loss(row, priced, words) for row in lost.to_dict("records")]
    bars, most = bars_of(lines), farthest(lines)
    legend = tuple(
        (colour, words.plain(f"kind_{kind}"))
        for kind, colour in _COLOURS.items()
        if (lost["kind"] == kind).any()
    )
    finding = losswords.loss_findings(answers, words)
    if priced or some:
        finding = Markup(" ").join((losswords.cost_findings(answers, words), finding))
    read = words.plain("ledger_read_cost" if priced else "ledger_read")
    axis = words.head("cost" if priced else "kind_share")
    end = words.money(most, lost["currency"].iloc[0]) if priced else words.share(most)
    drawn = Picture("figure-losses", "", finding, read, bars=bars, axis=axis, end=end, legend=legend)
    shown = [
        *columns.LOSSES,
        *(columns.COSTS if priced or some else ()),
        *([columns.MONEY] if table["money_at_risk"].notna().any() else []),
    ]
    tables = [make_table(table, words.table("ledger"), shown, words)]
    if len(answers.waits.edges):
        tables.append(make_table(answers.waits.edges, words.table("waits"), columns.WAITS, words))
        tables.append(make_table(answers.waits.nodes, words.table("stays"), columns.STAYS, words))
    notes = tuple(dict.fromkeys((*_notes(answers.losses, words), *_notes(answers.waits, words))))
    lead, title = words("ledger_lead"), words.plain("ledger_title")
    if priced or some:
        lead += " " + losswords.prices_lead(answers, words)
    return Section(
        "losses", title, words.plain("ledger_nav"), lead, (drawn,) if bars else (), tuple(tables), notes
    )


_COLOURS: Mapping[str, str] = {"wait": "wait", "rework": "rework", "drop": "leave"}


def _loss(row: Mapping[Any, Any], priced: bool, words: Wording) -> Bar:
    kind = str(row["kind"])
    nodes = [row["node"], row["to"]] if kind == "wait" else [row["node"]]
    name, whole = (
        ARROW.join(map(write, nodes)) for write in (lambda node: words.short(node, 28), words.visible)
    )
    said = {
        "wait": lambda: words.plain("amount_wait", time=words.duration(row["amount"])),
        "rework": lambda: words.plain("amount_rework", amount=words.count(row["amount"]), n=words.count(row["n"])),
        "drop": lambda: words.plain("amount_drop", amount=words.count(row["amount"]), usual=words.share(row["baseline"])),
    }[kind]()  # fmt: skip
    more = [said]
    if row["money_at_risk"] == row["money_at_risk"]:
        more.append(words.plain("amount_money", money=words.money(row["money_at_risk"], row["currency"])))
    if not priced and row["cost"] == row["cost"] and row["currency"] == row["currency"]:
        more.append(words.plain("amount_cost", money=words.money(row["cost"], row["currency"])))
    if priced:
        return Bar(
            name,
            whole[:400],
            _COLOURS[kind],
            row["cost"],
            row["cost_low"],
            row["cost_high"],
            words.money(row["cost"], row["currency"]),
            ", ".join(more),
        )
    low, high = (row["share"] * row[f"amount_{bound}"] / row["amount"] for bound in ("low", "high"))
    return Bar(
        name, whole[:400], _COLOURS[kind], row["share"], low, high, words.share(row["share"]), ", ".join(more)
    )


def _leaves(answers: Answers, top: int, words: Wording) -> Section:
    lead, node = sentences.leave_lead(answers, words), answers.plan.node
    shown = _left(
        answers.leaves, "figure-leaves", top, "leaves_by_stage" if answers.plan.staged else "", words
    )
    tables = [make_table(answers.leaves.table, words.table(f"leaves_{node}"), columns.LEAVES, words)]
    if answers.plan.staged:
        by_event = answers.event_leaves
        shown += _left(by_event, "figure-event-leaves", top, "leaves_by_event", words)
        tables.append(make_table(by_event.table, words.table("leaves_event"), columns.LEAVES, words))
    notes = _notes(answers.leaves, words)
    title, nav = words.plain("leaves_title"), words.plain("leaves_nav")
    return Section("leaves", title, nav, lead, shown, tuple(tables), notes)


def _left(result: DropOffResult, name: str, top: int, heading: str, words: Wording) -> tuple[Picture, ...]:
    table = sentences.by_number(result.table, "n_dropped").head(top).sort_index()
    rows = [{"rate_about": _NAN, **row} for row in table.to_dict("records")]
    told = [
        row for row in rows if row["drop_rate"] == row["drop_rate"] or row["rate_about"] == row["rate_about"]
    ]
    lines = [_drop(row, words) for row in told]
    if not lines:
        return ()
    finding, read = sentences.leaves_finding(result, words), words.plain("leaves_read")
    title = words.plain(heading) if heading else ""
    return (
        Picture(
            name,
            title,
            finding,
            read,
            bars=bars_of(lines),
            axis=words.head("dropped_off"),
            end=words.share(farthest(lines)),
        ),
    )


def _drop(row: Mapping[Any, Any], words: Wording) -> Bar:
    """Return the bar of a place where journeys end; a rounded share has no interval."""
    if row["drop_rate"] != row["drop_rate"]:
        n = words.plain("end_dropped", n=sentences.told(words, row, "n_dropped"))
        return Bar(
            *_called(row["node"], words),
            "leave",
            row["rate_about"],
            _NAN,
            _NAN,
            words.rough(row["rate_about"]),
            n,
        )
    visits = str(words.several("visits_of", row["n_followed"]))
    more = words.plain("bar_of", n=sentences.told(words, row, "n_dropped"), visits=visits)
    rates = (row["drop_rate"], row["drop_rate_low"], row["drop_rate_high"])
    return Bar(*_called(row["node"], words), "leave", *rates, words.share(row["drop_rate"]), more)


def _returns(answers: Answers, words: Wording) -> Section:
    assert answers.returns is not None
    result, finding = answers.returns, sentences.returns_finding(answers, words)
    length = words.duration(parse_duration(result.question.interval) / 1e6)  # type: ignore[attr-defined]
    points = [_point(row, words) for row in result.table.to_dict("records")]
    most = max((p.high for p in points if p.high == p.high), default=0.0)
    shown: tuple[Picture, ...] = ()
    if most > 0:
        marks = [(mark, words.share(mark)) for mark in marks_up_to(most)]
        x, y = words.plain("retention_x", period=length), words.plain("retention_y")
        drawing = curve(points, marks, x, y, sentences.plain(finding))
        read = words.plain("retention_read")
        if any(point.value != point.value for point in points):
            read += " " + words.plain("retention_gap")
        shown = (Picture("figure-returns", "", finding, read, drawing),)
    tables = (make_table(result.table, words.table("retention"), columns.RETURNS, words),)
    title, nav = words.plain("retention_title"), words.plain("retention_nav")
    lead = words("retention_lead", period=length)
    return Section("returns", title, nav, lead, shown, tables, _notes(result, words))


def _point(row: Mapping[Any, Any], words: Wording) -> Point:
    tick = words.count(row["period"])
    bounds = words.interval(row["rate_low"], row["rate_high"])
    card = "\n".join(
        (
            words.plain("retention_point", n=tick),
            words.plain("card_share", share=words.share(row["rate"]), range=bounds),
            words.plain("of_n", n=words.count(row["n_eligible"])),
        )
    )
    return Point(row["rate"], row["rate_low"], row["rate_high"], tick, card)


def _path_bar(row: dict[Any, Any], most: float, words: Wording) -> PathBar:
    names = tuple((words.short(name, 28), words.visible(name)[:200]) for name in row["path"][:12])
    ends = ("reached", "dropped", "open")
    outcome = ", ".join(
        words.plain(f"end_{end}", n=words.count(row[f"n_{end}"])) for end in ends if row[f"n_{end}"] != 0
    )
    more = len(row["path"]) - len(names) + int(row["truncated"])
    return PathBar(
        names,
        words.plain("path_more", n=words.count(more)) if more else "",
        words.share(row["share"]),
        round(float(row["share"]) / most, 4) if most > 0 else 0.0,
        str(words.several("journeys", row["n_cases"])),
        outcome,
    )


def _called(name: object, words: Wording) -> tuple[str, str]:
    """Return a name as it is shown, and the whole of it when that was cut."""
    whole, cut = words.visible(name), words.short(name, _NAME)
    return cut, whole[:400] if cut != whole else ""


def _notes(result: Result, words: Wording) -> tuple[Markup, ...]:
    """Return the notes of a result; how quantiles are made is said once, at the end of the page."""
    return tuple(words.note(note) for note in result.notes if note != BIN_NOTE)
