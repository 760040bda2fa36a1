"""The numbers of a report as one system: which stand in several tables, and which make each other up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from journeylog.core.chunk import Category
from journeylog.core.condition import spelled
from journeylog.core.disclosure import FIXED, Books
from journeylog.reporting.answers import Answers
from journeylog.reporting.designbooks import enter_design

__all__ = ["END", "ENDS", "Node", "books_of", "events_of_stages", "node_of", "path_of"]

Node = tuple[str, str]
ENDS: Final = ("reached", "dropped", "open")
START: Final[Node] = ("", "start")
END: Final[Mapping[str, Node]] = {end: ("", end) for end in ENDS}
#: What is hidden in company first, and what last: single moves and what is open, parts of visits, moves of stages, the
#: largest way on, visits and journeys, who drops off, outcomes.
_PART, _MORE, _WAY, _LARGEST, _VISITS, _MAIN, _OUTCOME = 0, 1, 2, 4, 5, 6, 8


def books_of(answers: Answers, k: int) -> Books:
    """Return the books of a report.

    Notes
    -----
    Keys: ``("move" | "watched" | "timed", level, from, to)``, ``("visits" | "on" | "followed" | "on watched" |
    "cases" | "beyond", level, node)``, ``("end", outcome)``, ``("path", level, path)``, ``("path", level, path,
    outcome)``, ``("events" | "actors", event)``, ``("came" | "lost" | "open" | "counted" | "stopped", step)``,
    ``("next" | "next watched", step, node)`` and ``("eligible" | "returned", period)``; ``level`` is ``"stage"`` or
    ``"event"``. What is not told itself is entered as well, such as those left over.
    """
    books, plan = Books(), answers.plan
    _enter_ends(books, answers, k)
    levels = {plan.node: (answers.flow, answers.leaves, answers.paths)}
    levels["event"] = levels.get("event", (answers.moves, answers.event_leaves, answers.event_paths))
    for level, (flow, leaves, paths) in levels.items():
        main = level == plan.node
        _enter_moves(books, level, flow.table, k, _WAY if main else _PART)
        _enter_nodes(books, level, leaves.table, k, _MAIN if main else _WAY)
        if main:
            _enter_largest(books, level, flow.table)
        _enter_flow(books, level, flow.table)
        _enter_level(books, level, answers)
        _enter_paths(books, level, paths.table, k)
    _enter_waits(books, answers.waits.table, answers.losses.table, plan.node)
    _enter_losses(books, plan.node, answers.losses.table)
    _enter_events(books, answers.facts.table, k)
    if plan.staged:
        _enter_stages(books, answers)
    if answers.funnel is not None:
        _enter_funnel(books, answers, k)
    if answers.returns is not None:
        _enter_returns(books, answers.returns.table)
    if answers.design is not None:
        enter_design(books, answers.design, k)
    return books


def node_of(name: Any, kind: Any) -> Node:
    """Return one end of a move; typed ends have no name of their own."""
    return (str(name), "node") if kind == "node" else ("", str(kind))


def path_of(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Return what tells a path from all others."""
    return (tuple(row["path"]), bool(row["truncated"]))


def events_of_stages(answers: Answers) -> dict[str, list[str]] | None:
    """Return the events of each stage; None when an event has none, or another one at other times."""
    pairs: set[tuple[str, str | None]] = set()

    def found(chunk: Any) -> set[tuple[str, str | None]]:
        stage, event = chunk.columns["stage"], chunk.event
        assert isinstance(stage, Category)
        both = np.unique(np.column_stack([event.codes, stage.codes]), axis=0)
        return {
            (str(event.names[e]), str(stage.names[s]) if s >= 0 else None) for e, s in both.tolist() if e >= 0
        }

    for part in answers.plan.log.source.map(found):
        pairs |= part
    known: dict[str, list[str]] = {}
    for event, stage in sorted(pairs, key=str):
        if stage is None:
            return None
        known.setdefault(stage, []).append(event)
    whole = [event for events in known.values() for event in events]
    return known if len(set(whole)) == len(whole) else None


def _rows(table: pd.DataFrame) -> Iterator[dict[Any, Any]]:
    yield from table.to_dict("records")


def _few(books: Books, row: Mapping[Any, Any], k: int, *keys: Any) -> None:
    if 0 < row["n_actors"] < k:
        for key in keys:
            if books.value(key) > 0:
                books.few(key)


def _enter_ends(books: Books, answers: Answers, k: int) -> None:
    books.tell("journeys", answers.n_journeys, rank=FIXED)
    for row in _rows(answers.ends.table):
        books.tell(("end", row["outcome"]), row["n"], rank=_OUTCOME)
        _few(books, row, k, ("end", row["outcome"]))
    books.sums("journeys", [("end", end) for end in ENDS])


def _enter_moves(books: Books, level: str, table: pd.DataFrame, k: int, rank: int) -> None:
    for row in _rows(table):
        ends = node_of(row["from"], row["from_kind"]), node_of(row["to"], row["to_kind"])
        books.tell(("move", level, *ends), row["n"], rank=_PART if row["to_kind"] == "open" else rank)
        told = [("move", level, *ends)]
        if row["to_kind"] != "open":
            books.tell(("watched", level, *ends), row["n_followed"], rank=rank)
            told.append(("watched", level, *ends))
            less, more = told if row["to_kind"] == "dropped" else told[::-1]
            books.holds({less: 1.0}, [more])
        _few(books, row, k, *told)


def _enter_largest(books: Books, level: str, table: pd.DataFrame) -> None:
    """Enter that the largest way on from each node is what readers look for."""
    ways: dict[Node, tuple[float, Node]] = {}
    for row in _rows(table):
        a, b = node_of(row["from"], row["from_kind"]), node_of(row["to"], row["to_kind"])
        if a[1] == b[1] == "node" and a != b:
            ways[a] = max(ways.get(a, (0.0, b)), (row["n"], b))
    for a, (n, b) in ways.items():
        books.tell(("move", level, a, b), n, rank=_LARGEST)
        books.tell(("watched", level, a, b), books.value(("watched", level, a, b)), rank=_LARGEST)


def _enter_nodes(books: Books, level: str, table: pd.DataFrame, k: int, rank: int) -> None:
    for row in _rows(table):
        node = node_of(row["node"], "node")
        for what, name, own in (
            ("visits", "n_entered", _VISITS), ("on", "n_continued", _MORE), ("followed", "n_followed", rank + 1),
            ("cases", "n_cases", _VISITS),
        ):  # fmt: skip
            books.tell((what, level, node), row[name], rank=own)
        books.tell(("on watched", level, node), _part(row, "continue_rate"), rank=_MORE)
        for end in ENDS:
            mine = _PART if end == "open" else rank
            books.tell(("move", level, node, END[end]), row[f"n_{end}"], rank=mine)
        for end, rate in (("reached", "reach_rate"), ("dropped", "drop_rate")):
            books.tell(("watched", level, node, END[end]), _part(row, rate), rank=rank)
        books.holds({("cases", level, node): 1.0}, [("visits", level, node)])
        books.holds({("followed", level, node): 1.0}, [("visits", level, node)])
        _few(books, row, k, *((what, level, node) for what in ("visits", "followed", "cases")))


def _part(row: Mapping[Any, Any], rate: str) -> int:
    """Return the numerator of a share; 0 where there is no share."""
    return round(row[rate] * row["n_followed"]) if row[rate] == row[rate] else 0


def _enter_flow(books: Books, level: str, table: pd.DataFrame) -> None:
    """Enter that what comes to a node leaves it, as a whole and in parts."""
    out: dict[Node, set[Node]] = {}
    into: dict[Node, set[Node]] = {}
    for row in _rows(table):
        a, b = node_of(row["from"], row["from_kind"]), node_of(row["to"], row["to_kind"])
        out.setdefault(a, set()).add(b)
        into.setdefault(b, set()).add(a)
    for node in sorted({*out, *into} - {START, *END.values()}):
        ways = sorted(out.get(node, set()) | {*END.values()})
        books.sums(("visits", level, node), [("move", level, node, to) for to in ways])
        books.sums(("visits", level, node), [("move", level, a, node) for a in sorted(into.get(node, set()))])
        on = [to for to in ways if to[1] == "node"]
        books.sums(("on", level, node), [("move", level, node, to) for to in on])
        books.sums(("on watched", level, node), [("watched", level, node, to) for to in on])
        ends = [("watched", level, node, END[end]) for end in ("reached", "dropped")]
        books.sums(("followed", level, node), [("on watched", level, node), *ends])


def _enter_level(books: Books, level: str, answers: Answers) -> None:
    """Enter how the ends at nodes make up the ends of journeys; what is apart never came to a node."""
    table = (answers.flow if level == answers.plan.node else answers.moves).table
    total = 0.0
    for end in ENDS:
        nodes = [node_of(name, "node") for name in table.loc[table["to_kind"] == end, "from"]]
        moves = [("move", level, node, END[end]) for node in nodes]
        here = sum(books.value(move) for move in moves)
        total += here
        books.know(("on ways", level, end), here)
        books.know(("apart", level, end), books.value(("end", end)) - here)
        books.sums(("on ways", level, end), moves)
        books.sums(("end", end), [("on ways", level, end), ("apart", level, end)])
    books.tell(("on ways", level), total, rank=_OUTCOME)
    books.know(("apart", level), books.value("journeys") - total)
    books.sums(("on ways", level), [("on ways", level, end) for end in ENDS])
    books.sums("journeys", [("on ways", level), ("apart", level)])
    starts = [node_of(name, "node") for name in table.loc[table["from_kind"] == "start", "to"]]
    for what, part in (("visits", "move"), ("followed", "watched")):
        ways = [(part, level, START, to) for to in starts]
        books.tell((what, level, START), sum(books.value(way) for way in ways), rank=_OUTCOME)
        books.sums((what, level, START), ways)
    books.sums(("on ways", level), [("visits", level, START)])
    for to in starts:  # whoever begins was seen to begin
        books.sums(("watched", level, START, to), [("move", level, START, to)])


def _enter_paths(books: Books, level: str, table: pd.DataFrame, k: int) -> None:
    """Enter the paths that are listed, those of enough customers; what is left over are all others."""
    listed = [row for row in _rows(table) if not 0 < row["n_actors"] < k]
    moves: dict[tuple[Any, ...], dict[Any, float]] = {}
    for row in listed:
        key = ("path", level, path_of(row))
        books.tell(key, row["n_cases"], rank=_MORE)
        for end in ENDS:
            books.tell((*key, end), row[f"n_{end}"], rank=_PART)
        books.sums(key, [(*key, end) for end in ENDS])
        for way in _ways(row):
            mine = moves.setdefault(("move", level, *way), {})
            mine[key] = mine.get(key, 0.0) + 1.0
        for end in ENDS if not row["truncated"] else ():
            last = node_of(row["path"][-1], "node")
            moves.setdefault(("move", level, last, END[end]), {})[(*key, end)] = 1.0
    for move, paths in moves.items():
        books.holds(paths, [move])
    keys = [("path", level, path_of(row)) for row in listed]
    for end in ("", *ENDS):
        parts = [(*key, end) if end else key for key in keys]
        whole, rest = (
            (("on ways", level, end), ("others", level, end))
            if end
            else (("on ways", level), ("others", level))
        )
        books.know(rest, books.value(whole) - sum(books.value(part) for part in parts))
        books.sums(whole, [*parts, rest])
    books.sums(("others", level), [("others", level, end) for end in ENDS])


def _ways(row: Mapping[Any, Any]) -> Iterator[tuple[Node, Node]]:
    nodes = [node_of(name, "node") for name in row["path"]]
    yield from zip([START, *nodes], nodes, strict=False)


def _enter_waits(books: Books, waits: pd.DataFrame, losses: pd.DataFrame, node: str) -> None:
    """Enter how many moves have a time; of a node, those of all moves on."""
    edges = [
        ("event", row["from"], row["to"], row["n_timed"]) for row in _rows(waits[waits["part"] == "edge"])
    ]
    edges += [(node, row["node"], row["to"], row["n"]) for row in _rows(losses[losses["kind"] == "wait"])]
    of: dict[tuple[str, Node], dict[Any, None]] = {}
    for level, a, b, n in edges:
        ends = node_of(a, "node"), node_of(b, "node")
        timed, watched = ("timed", level, *ends), ("watched", level, *ends)
        books.tell(timed, n)
        books.holds({timed: 1.0}, [("move", level, *ends)])
        books.sums(timed, [watched])
        if books.value(timed) > 0 and books.is_few(("move", level, *ends)):
            books.few(timed)
        of.setdefault((level, ends[0]), {})[timed] = None
    for row in _rows(waits[waits["part"] == "node"]):
        a = node_of(row["from"], "node")
        books.tell(("stays timed", "event", a), row["n_timed"], rank=_MORE)
        books.sums(("stays timed", "event", a), of.get(("event", a), {}))


def _enter_losses(books: Books, level: str, table: pd.DataFrame) -> None:
    """Enter the drop-off beyond the expected, from which, with the expected share, the drop-off is worked out."""
    for row in _rows(table[table["kind"] == "drop"]):
        node = node_of(row["node"], "node")
        key = ("beyond", level, node)
        books.tell(key, row["amount"], group=False, least=-np.inf)
        dropped, followed = ("watched", level, node, END["dropped"]), ("followed", level, node)
        books.weighs(key, {dropped: 1.0, followed: -row["baseline"]})


def _enter_events(books: Books, table: pd.DataFrame, k: int) -> None:
    if not len(table):
        return
    books.tell("events", table["n_events_total"].iloc[0], rank=FIXED)
    for row in _rows(table):
        events, actors, others = ((what, row["event"]) for what in ("events", "actors", "not"))
        books.tell(events, row["n"], rank=_MORE)
        books.tell(actors, row["n_actors"], rank=_MORE)
        books.tell("customers", row["n_actors_total"], rank=FIXED)
        books.know(others, row["n_actors_total"] - row["n_actors"])
        books.sums("customers", [actors, others])
        books.holds({actors: 1.0}, [events])
        books.holds({("visits", "event", node_of(row["event"], "node")): 1.0}, [events])
        _few(books, row, k, events)
    books.sums("events", [("events", event) for event in table["event"]])


def _enter_stages(books: Books, answers: Answers) -> None:
    """Enter that moves between stages are moves between their events."""
    stages = events_of_stages(answers)
    if stages is None:
        return
    home = {event: stage for stage, events in stages.items() for event in events}
    parts: dict[tuple[Node, Node], list[Any]] = {}
    for row in _rows(answers.moves.table):
        ends = node_of(row["from"], row["from_kind"]), node_of(row["to"], row["to_kind"])
        a, b = ((home.get(name, ""), kind) if kind == "node" else ("", kind) for name, kind in ends)
        if a != b:
            parts.setdefault((a, b), []).append(("move", "event", *ends))
    for (a, b), moves in parts.items():
        books.sums(("move", "stage", a, b), moves)


def _enter_funnel(books: Books, answers: Answers, k: int) -> None:
    """Enter that those at a step are those lost, those open, and those at the next."""
    funnel = answers.funnel
    assert funnel is not None
    rows = list(_rows(funnel.table))
    for i, row in enumerate(rows):
        for what, name, rank in (
            ("came", "n_cases", _VISITS),
            ("lost", "n_lost", _MORE),
            ("open", "n_open", _MORE),
            ("counted", "n_followed", _VISITS),
        ):
            books.tell((what, i), row[name], rank=rank)
        books.know(("stopped", i), row["n_lost"] + row["n_open"])
        books.sums(("stopped", i), [("lost", i), ("open", i)])
        books.sums(("counted", i), [("came", i)])
        books.holds({("counted", i): 1.0}, [("came", i)])
        _few(books, row, k, ("came", i), ("counted", i))
    for i, row in enumerate(rows):
        books.sums(("came", i), [("stopped", i), ("came", i + 1)])
        if i + 1 < len(rows):
            books.know(("not counted", i), row["n_followed"] - rows[i + 1]["n_followed"])
            books.sums(("counted", i), [("not counted", i), ("counted", i + 1)])
    books.know("never came", books.value("journeys") - books.value(("came", 0)))
    books.sums("journeys", [("came", 0), "never came"])
    for level in ("stage", "event"):
        first = ("cases", level, node_of(rows[0]["name"], "node")) if rows else None
        books.sums(("came", 0), [first])
    goal = answers.plan.goal
    if rows and goal is not None and rows[-1]["name"] == spelled(goal):
        books.know("besides", books.value(("end", "reached")) - rows[-1]["n_cases"])
        books.sums(("end", "reached"), [("came", len(rows) - 1), "besides"])
    _enter_next(books, funnel.lost_next)


def _enter_next(books: Books, table: pd.DataFrame) -> None:
    of: dict[int, list[Node]] = {}
    for row in _rows(table):
        step, node = int(row["step"]) - 1, node_of(row["next"], row["next_kind"])
        books.tell(("next", step, node), row["n_cases"])
        books.tell(("next watched", step, node), row["n_followed"])
        books.tell(("stopped watched", step), row["n_from_followed"], rank=_MORE)
        books.sums(("next watched", step, node), [("next", step, node)])
        books.holds({("next watched", step, node): 1.0}, [("next", step, node)])
        of.setdefault(step, []).append(node)
    for step, nodes in of.items():
        books.sums(("stopped", step), [("next", step, node) for node in nodes])
        books.sums(("stopped watched", step), [("next watched", step, node) for node in nodes])
        for part in ("lost", "stopped"):
            books.sums(("stopped watched", step), [(part, step)])


def _enter_returns(books: Books, table: pd.DataFrame) -> None:
    for row in _rows(table):
        eligible, returned, away = ((what, row["period"]) for what in ("eligible", "returned", "away"))
        books.tell(eligible, row["n_eligible"], rank=_MORE)
        books.tell(returned, row["n_returned"])
        books.know(away, row["n_eligible"] - row["n_returned"])
        books.sums(eligible, [returned, away])
