"""Who wants to know what is masked: all numbers of a report as one linear system, written from what the docs say.

It shares no line with the masking: it sees tables as they are handed on, knows what every column means, and asks how
small and how large each masked number can be.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, vstack

ENDS = ("reached", "dropped", "open")


class System:
    """Unknown whole numbers, what is told of them, and what holds between them."""

    def __init__(self) -> None:
        self.at: dict[Hashable, int] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.rules: list[tuple[dict[int, float], float, float]] = []

    def var(self, key: Hashable, told: Any = None, least: float = 0.0) -> int:
        place = self.at.setdefault(key, len(self.low))
        if place == len(self.low):
            self.low.append(least)
            self.high.append(np.inf)
        if told is not None and told == told:
            assert self.low[place] - 1e-6 <= told <= self.high[place] + 1e-6, (key, told)
            self.low[place] = self.high[place] = float(told)
        return place

    def rule(self, terms: Iterable[tuple[Hashable, float]], low: float = 0.0, high: float = 0.0) -> None:
        """Say that a weighted sum lies between two numbers."""
        row: dict[int, float] = {}
        for key, weight in terms:
            place = self.var(key)
            row[place] = row.get(place, 0.0) + weight
        self.rules.append((row, low, high))

    def same(self, total: Hashable, parts: Iterable[Hashable]) -> None:
        self.rule([(total, -1.0), *((part, 1.0) for part in parts)])

    def below(self, less: Hashable, more: Hashable) -> None:
        self.rule([(less, -1.0), (more, 1.0)], 0.0, np.inf)

    def share(self, rate: Any, part: Hashable, whole: Hashable, digits: float = 1e-9) -> None:
        """Say that a share was told, with this precision."""
        if rate == rate:
            seen = max(self.high[self.var(whole)], 1.0) if np.isfinite(self.high[self.var(whole)]) else 1.0
            self.rule([(part, 1.0), (whole, -float(rate))], -digits * seen, digits * seen)

    def matrix(self) -> tuple[Any, Any, Any]:
        rows = [i for i, rule in enumerate(self.rules) for _ in rule[0]]
        at = [place for rule in self.rules for place in rule[0]]
        weight = [w for rule in self.rules for w in rule[0].values()]
        made = csr_array((weight, (rows, at)), shape=(len(self.rules), len(self.low)))
        return made, np.array([r[1] for r in self.rules]), np.array([r[2] for r in self.rules])

    def holds(self, truth: Mapping[Hashable, float]) -> list[Any]:
        """Return the rules that the truth breaks; there must be none, or the attack would prove nothing."""
        names = {place: key for key, place in self.at.items()}
        broken = []
        for row, low, high in self.rules:
            if all(names[place] in truth for place in row):
                value = sum(w * truth[names[place]] for place, w in row.items())
                if not low - 1e-4 <= value <= high + 1e-4:
                    broken.append({names[place]: w for place, w in row.items()})
        return broken

    def bounds_of(self, key: Hashable, whole: bool = False) -> tuple[float, float]:
        """Return the least and the most a number can be; `whole` for the exact bounds of whole numbers."""
        matrix, low, high = self.matrix()
        found = []
        for sign in (1.0, -1.0):
            aim = np.zeros(len(self.low))
            aim[self.at[key]] = sign
            most = np.minimum(self.high, 1e6)
            if whole:
                got: Any = milp(
                    aim, constraints=LinearConstraint(matrix, low, high), bounds=Bounds(self.low, most),
                    integrality=np.ones(len(aim), np.int64), options={"time_limit": 20},
                )  # fmt: skip
            else:
                equal = low == high
                less, more = matrix[~equal], matrix[~equal]
                up, down = np.isfinite(high[~equal]), np.isfinite(low[~equal])
                limits = [m for m in (less[up], -more[down]) if m.shape[0]]
                ask: Any = linprog
                got = ask(
                    aim,
                    A_ub=vstack(limits) if limits else None,
                    b_ub=np.concatenate([high[~equal][up], -low[~equal][down]]) if limits else None,
                    A_eq=matrix[equal], b_eq=low[equal], bounds=np.column_stack([self.low, most]), method="highs",
                )  # fmt: skip
            assert got.x is not None, (key, got.message)
            found.append(float(got.x[self.at[key]]))
        return round(found[0], 4), round(found[1], 4)


def node(name: Any, kind: Any) -> str:
    return f"={name}" if kind == "node" else str(kind)


def rows_of(table: Any) -> list[dict[Any, Any]]:
    return list(table.to_dict("records"))


def tell_report(system: System, answers: Any, stages: Mapping[str, str] | None) -> None:
    """Enter all tables of a report; `stages` is the stage of each event."""
    levels = {answers.plan.node: (answers.flow, answers.leaves, answers.paths)}
    levels.setdefault("event", (answers.moves, answers.event_leaves, answers.event_paths))
    _ends(system, answers.ends.table)
    for level, (flow, leaves, paths) in levels.items():
        _flow(system, level, flow)
        _leaves(system, level, leaves.table)
        _paths(system, level, paths.table)
    _waits(system, answers.waits.table)
    _losses(system, answers.plan.node, answers.losses.table)
    _facts(system, answers.facts.table)
    if stages is not None and answers.plan.staged:
        _stages(system, answers.moves.table, stages)
    if answers.funnel is not None:
        _funnel(system, answers)
    if answers.returns is not None:
        for row in rows_of(answers.returns.table):
            p = row["period"]
            system.var(("eligible", p), row["n_eligible"])
            system.var(("returned", p), row["n_returned"])
            system.same(("eligible", p), [("returned", p), ("away", p)])
            system.share(row["rate"], ("returned", p), ("eligible", p))
    if answers.design is not None:
        _design(system, answers.plan.node, answers.design)


def _ends(system: System, table: Any) -> None:
    for row in rows_of(table):
        key = ("end", row["outcome"])
        system.var(key, row["n"])
        system.var("journeys", row["n_total"])
        system.var(("end actors", row["outcome"]), row["n_actors"])
        system.below(("end actors", row["outcome"]), key)
        system.share(row["share"], key, "journeys")
    system.same("journeys", [("end", end) for end in ENDS])


def _flow(system: System, level: str, result: Any) -> None:
    out: dict[str, list[Hashable]] = {}
    into: dict[str, list[Hashable]] = {}
    watched: dict[str, list[Hashable]] = {}
    for row in rows_of(result.table):
        a, b = node(row["from"], row["from_kind"]), node(row["to"], row["to_kind"])
        n, f = ("n", level, a, b), ("f", level, a, b)
        system.var(n, row["n"], least=0.0 if b == "dropped" else 1.0)  # silence may be late only
        most = row.get("n_most", np.nan)
        if row["n"] != row["n"] and most == most:
            system.rule([(n, 1.0)], 0.0, most)
        for name in ("n_cases", "n_actors"):
            system.var((name, *n), row[name])
        system.below(("n_cases", *n), n)
        system.below(("n_actors", *n), ("n_cases", *n))
        out.setdefault(a, []).append(n)
        into.setdefault(b, []).append(n)
        if b != "open":
            system.var(f, row["n_followed"])
            watched.setdefault(a, []).append(f)
            system.below(*((n, f) if b == "dropped" else (f, n)))
            system.var(("F", level, a), row["n_from_followed"])
            system.share(row["rate"], f, ("F", level, a))
            if row["n_timed"] == row["n_timed"] and row["n_timed"] > 0:
                system.rule([(f, 1.0)], row["n_timed"], row["n_timed"])
    for row in rows_of(result.nodes):
        a = node(row["node"], row["kind"])
        if row["kind"] in ENDS:
            continue
        system.var(("V", level, a), row["n"])
        system.var(("C", level, a), row["n_cases"])
        system.var(("F", level, a), row["n_followed"])
        system.below(("C", level, a), ("V", level, a))
    for a, moves in out.items():
        system.same(("V", level, a), moves)
        system.same(("F", level, a), watched.get(a, []))
        system.same(("on", level, a), [m for m in moves if str(m[3]).startswith("=")])  # type: ignore[index]
        system.same(("fon", level, a), [m for m in watched.get(a, []) if str(m[3]).startswith("=")])  # type: ignore[index]
    for b, moves in into.items():
        if b in ENDS:
            system.same(("ways", level, b), moves)
            system.same(("end", b), [("ways", level, b), ("apart", level, b)])
        else:
            system.same(("V", level, b), moves)


def _leaves(system: System, level: str, table: Any) -> None:
    for row in rows_of(table):
        a = node(row["node"], "node")
        system.var(("V", level, a), row["n_entered"])
        system.var(("on", level, a), row["n_continued"])
        system.var(("F", level, a), row["n_followed"])
        system.var(("C", level, a), row["n_cases"])
        for end in ENDS:
            key = ("n", level, a, end)
            if key in system.at:
                system.var(key, row[f"n_{end}"])
            else:
                system.var(("none", *key), row[f"n_{end}"])
        system.share(row["continue_rate"], ("fon", level, a), ("F", level, a))
        for end, rate in (("dropped", "drop_rate"), ("reached", "reach_rate")):
            if ("f", level, a, end) in system.at:
                system.share(row[rate], ("f", level, a, end), ("F", level, a))
        if ("f", level, a, "dropped") in system.at:
            if row["n_late"] == row["n_late"]:
                late = float(row["n_late"])
                if ("n", level, a, "dropped") in system.at:
                    system.rule(
                        [(("f", level, a, "dropped"), 1.0), (("n", level, a, "dropped"), -1.0)], late, late
                    )
            about = row.get("rate_about", np.nan)
            if about == about:
                part, whole = ("f", level, a, "dropped"), ("F", level, a)
                system.rule([(part, 1.0), (whole, -about - 0.1)], -np.inf, 0.0)
                system.rule([(part, 1.0), (whole, -about + 0.1)], 0.0, np.inf)


def _paths(system: System, level: str, table: Any) -> None:
    made: dict[Hashable, list[Hashable]] = {}
    listed: list[tuple[Any, ...]] = []
    for row in rows_of(table):
        key = ("p", level, tuple(row["path"]), bool(row["truncated"]))
        listed.append(key)
        system.var(key, row["n_cases"])
        system.var(("ways", level), row["n_total"])
        for end in ENDS:
            system.var((*key, end), row[f"n_{end}"])
        system.same(key, [(*key, end) for end in ENDS])
        system.share(row["share"], key, ("ways", level))
        nodes = ["start", *(node(name, "node") for name in row["path"])]
        for a, b in pairwise(nodes):
            made.setdefault(("n", level, a, b), []).append(key)
        if not row["truncated"]:
            for end in ENDS:
                if ("n", level, nodes[-1], end) in system.at:
                    made.setdefault(("n", level, nodes[-1], end), []).append((*key, end))
    for move, keys in made.items():
        system.rule([(move, 1.0), *((key, -1.0) for key in keys)], 0.0, np.inf)
    if listed:
        system.same(("ways", level), [*listed, ("rest", level)])
        for end in ENDS:
            system.same(("ways", level, end), [*((*key, end) for key in listed), ("rest", level, end)])
    system.same(("ways", level), [("ways", level, end) for end in ENDS])


def _waits(system: System, table: Any) -> None:
    of: dict[str, list[Hashable]] = {}
    for row in rows_of(table):
        a = node(row["from"], "node")
        if row["part"] == "edge":
            b = node(row["to"], "node")
            system.var(("n", "event", a, b), row["n"])
            timed: Hashable = ("t", "event", a, b)
            system.var(timed, row["n_timed"])
            system.same(timed, [("f", "event", a, b)])
            of.setdefault(a, []).append(timed)
        else:
            system.var(("on", "event", a), row["n"])
            timed = ("t", "event", a)
            system.var(timed, row["n_timed"])
        mean, total = row["time_mean_s"], row["time_total_s"]
        if mean == mean and total == total and mean > 0:
            system.rule([(timed, 1.0)], total / mean - 1e-6, total / mean + 1e-6)
    for a, parts in of.items():
        system.same(("t", "event", a), parts)


def _losses(system: System, level: str, table: Any) -> None:
    for row in rows_of(table):
        a = node(row["node"], "node")
        n, rate = row["n"], row["rate"]
        if row["kind"] == "wait":
            timed = ("t", level, a, node(row["to"], "node"))
            system.var(timed, n)
            system.same(timed, [("f", level, *timed[2:])])
            if rate == rate and row["amount"] == row["amount"] and rate > 0:
                system.rule([(timed, 1.0)], row["amount"] / rate - 1e-6, row["amount"] / rate + 1e-6)
        elif row["kind"] == "rework":
            system.var(("V", level, a), n)
        else:
            part = ("f", level, a, "dropped")
            system.var(("F", level, a), n)
            if part in system.at:
                system.var(part, row["total"])
                system.share(rate, part, ("F", level, a))
                if row["amount"] == row["amount"]:
                    amount, usual = row["amount"], row["baseline"]
                    system.rule([(part, 1.0), (("F", level, a), -usual)], amount - 1e-6, amount + 1e-6)


def _facts(system: System, table: Any) -> None:
    for row in rows_of(table):
        e = row["event"]
        system.var(("e", e), row["n"], least=1.0)
        system.var(("ea", e), row["n_actors"], least=1.0)
        system.var("events", row["n_events_total"])
        system.var("customers", row["n_actors_total"])
        system.share(row["share"], ("e", e), "events")
        system.share(row["actor_share"], ("ea", e), "customers")
        system.below(("ea", e), ("e", e))
        system.same("customers", [("ea", e), ("not", e)])
        if ("V", "event", f"={e}") in system.at:
            system.below(("V", "event", f"={e}"), ("e", e))
    if len(table):
        system.same("events", [("e", e) for e in table["event"]])


def _stages(system: System, table: Any, home: Mapping[str, str]) -> None:
    parts: dict[tuple[str, str], list[Hashable]] = {}
    for row in rows_of(table):
        ends = [(row["from"], row["from_kind"]), (row["to"], row["to_kind"])]
        a, b = (node(home[name], "node") if kind == "node" else str(kind) for name, kind in ends)
        if a != b:
            parts.setdefault((a, b), []).append(("n", "event", *(node(*end) for end in ends)))
    for (a, b), moves in parts.items():
        system.same(("n", "stage", a, b), moves)


def _funnel(system: System, answers: Any) -> None:
    rows = rows_of(answers.funnel.table)
    for i, row in enumerate(rows):
        for what, name in (("c", "n_cases"), ("l", "n_lost"), ("o", "n_open"), ("g", "n_followed")):
            system.var((what, i), row[name])
        system.below(("g", i), ("c", i))
        system.share(row["total_rate"], ("g", i), ("g", 0))
        if i:
            system.share(row["step_rate"], ("g", i), ("g", i - 1))
            system.same(("c", i - 1), [("l", i - 1), ("o", i - 1), ("c", i)])
        if answers.funnel.question.within is None:
            system.same(("g", i), [("c", i)])
    if answers.plan.staged and rows:
        system.same(("c", 0), [("C", "stage", node(rows[0]["name"], "node"))])
    if rows:
        system.same("journeys", [("c", 0), ("never", 0)])
    for note in answers.funnel.notes:
        if "never enter" in note:
            system.var(("never", 0), note.values["n"])
        elif "watched for the whole" in note:
            system.var(("g", 0), note.values["n"])
            system.var(("c", 0), note.values["total"])
    after: dict[int, list[Hashable]] = {}
    for row in rows_of(answers.funnel.lost_next):
        i, key = int(row["step"]) - 1, node(row["next"], row["next_kind"])
        system.var(("m", i, key), row["n_cases"], least=1.0)
        system.var(("mf", i, key), row["n_followed"])
        system.var(("mF", i), row["n_from_followed"])
        system.below(("mf", i, key), ("m", i, key))
        system.share(row["rate"], ("mf", i, key), ("mF", i))
        after.setdefault(i, []).append(("m", i, key))
    for i, keys in after.items():
        system.rule([*((key, 1.0) for key in keys), (("l", i), -1.0), (("o", i), -1.0)])
        system.same(("mF", i), [("mf", i, key[2]) for key in keys])  # type: ignore[index]


#: Of which numbers the attack asks: those of groups of customers that a table speaks of.
ASKED = (
    "n", "f", "V", "F", "on", "fon", "t", "end", "p", "rest", "e", "ea", "not", "c", "l", "o", "g", "m", "mf", "returned",
    "away", "eligible", "apart", "C", "A", "touchpoints.does", "needs.asks", "touchpoints.channel", "pains.hurts", "actor",
    "reached", "r", "w", "never",
)  # fmt: skip


def _design(system: System, level: str, result: Any) -> None:
    """Enter what a design of ways between nodes says; journeys have a patience."""
    rows = rows_of(result.table)
    names = [row["rule"] for row in rows]
    for i, row in enumerate(rows):
        for name in ("cases", "kept", "broken", "untold", "followed", "conform"):
            system.var(("r", i, name), row[f"n_{name}"])
        for side in ("kept", "broken", "untold"):
            system.var(("r actors", i, side), row[f"n_actors_{side}"])
            system.below(("r actors", i, side), ("r", i, side))
        system.same("journeys", [("r", i, "cases"), ("r", i, "not")])
        system.same(("r", i, "cases"), [("r", i, name) for name in ("kept", "broken", "untold")])
        system.same(("r", i, "followed"), [("r", i, "conform"), ("r", i, "deviate")])
        system.below(("r", i, "conform"), ("r", i, "kept"))
        system.below(("r", i, "deviate"), ("r", i, "broken"))
        system.share(row["conform_rate"], ("r", i, "conform"), ("r", i, "followed"))
        for side, over in (("kept", "conform"), ("broken", "deviate")):
            system.same(("r", i, over), [("r", i, side, "reached"), ("r", i, side, "missed")])
            system.share(row[f"reach_rate_{side}"], ("r", i, side, "reached"), ("r", i, over))
    last = len(rows) - 1
    for i in range(last):
        for side in ("broken", "deviate"):
            system.below(("r", i, side), ("r", last, side))
    ways: dict[int, list[Hashable]] = {}
    for row in rows_of(result.deviations):
        i = names.index(row["rule"])
        a, b = (
            "start" if row["from"] is None or row["from"] != row["from"] else f"={row['from']}",
            f"={row['to']}",
        )
        n = ("n", level, a, b)
        system.var(n, row["n"])
        system.var(("n_cases", *n), row["n_cases"])
        system.var(("n_actors", *n), row["n_actors"])
        for name in ("followed", "reached"):
            system.var(("w", i, a, b, name), row[f"n_{name}"])
        system.below(("w", i, a, b, "followed"), ("n_cases", *n))
        system.same(("w", i, a, b, "followed"), [("w", i, a, b, "reached"), ("w", i, a, b, "missed")])
        system.share(row["reach_rate"], ("w", i, a, b, "reached"), ("w", i, a, b, "followed"))
        system.below(("n_cases", *n), ("r", i, "broken"))
        ways.setdefault(i, []).append(("n_cases", *n))
    for i, cases in ways.items():
        system.rule([(("r", i, "broken"), -1.0), *((case, 1.0) for case in cases)], 0.0, np.inf)


def given_away(masked: Any, whole: Any, k: int, stages: Mapping[str, str] | None) -> dict[Any, Any]:
    """Return the small groups of a report that can be worked out."""
    mine, truth = System(), System()
    tell_report(mine, masked, stages)
    tell_report(truth, whole, stages)
    return exposed(mine, truth, k)


def exposed(mine: System, truth: System, k: int) -> dict[Any, Any]:
    """Return the small groups that can be worked out: what they are, and between which numbers they must lie."""
    known = {key: truth.low[at] for key, at in truth.at.items() if truth.low[at] == truth.high[at]}
    known = _worked_out(truth, known)
    known = {key: n for key, n in known.items() if not (isinstance(key, tuple) and key[0] == "rest")}
    known = _worked_out(mine, known)  # what is left over depends on what is listed
    assert not mine.holds(known)
    found: dict[Any, Any] = {}
    for key in mine.at:
        n = round(known.get(key, 0.0))
        if isinstance(key, tuple) and key[0] in ASKED and 0 < n < k:
            low, high = mine.bounds_of(key)
            if high < k - 1e-6 or high - low < 1:
                found[key] = (n, low, high)
    return found


def _worked_out(system: System, known: Mapping[Hashable, float]) -> dict[Hashable, float]:
    """Return the numbers that follow from others by one sum."""
    names = {place: key for key, place in system.at.items()}
    found = dict(known)
    changed = True
    while changed:
        changed = False
        for row, low, high in system.rules:
            open_ends = [place for place in row if names[place] not in found]
            if low == high and len(open_ends) == 1:
                rest = sum(w * found[names[place]] for place, w in row.items() if place != open_ends[0])
                found[names[open_ends[0]]] = (low - rest) / row[open_ends[0]]
                changed = True
    return found


def tell_map(system: System, cells: Iterable[Any], together: bool) -> None:
    """Enter the cells of a map; `together` when its journeys are those of a report that is entered, too."""
    level = "stage" if together else "map"
    nexts: dict[str, list[Hashable]] = {}
    channels: dict[str, list[Hashable]] = {}
    stages = set()
    for cell in cells:
        name, s, told = f"{cell.row}.{cell.measure}", node(cell.stage, "node"), not cell.masked and cell.known
        stages |= {s} if cell.stage is not None else set()
        rate, n = (cell.value, cell.n) if told else (np.nan, None)
        if name in ("volume.journeys", "volume.share") and cell.stage is not None:
            system.var("journeys", n)
            if name == "volume.journeys":
                system.var(("C", level, s), cell.value if told else None)
            system.share(rate if name == "volume.share" else np.nan, ("C", level, s), "journeys")
        elif name == "volume.customers" and cell.stage is not None:
            system.var(("A", level, s), cell.value if told else None)
            system.below(("A", level, s), ("C", level, s))
        elif name in ("ways.next", "ways.continue", "loss.drop"):
            part: Hashable = ("f", level, s, node(cell.item, "node") if cell.measure == "next" else "dropped")
            part = ("fon", level, s) if cell.measure == "continue" else part
            system.var(("F", level, s), n)
            system.share(rate, part, ("F", level, s))
            if cell.measure == "next":
                nexts.setdefault(s, []).append(part)
        elif name in ("loss.dropped", "loss.open") and cell.stage is not None:
            system.var(("V", level, s), n)
            system.var(("n", level, s, cell.measure), cell.value if told else None)
        elif name in ("loss.reached", "loss.dropped", "loss.open"):
            system.var("journeys", n)
            system.var(("end", cell.measure))
            system.share(rate, ("end", cell.measure), "journeys")
        elif name in ("touchpoints.does", "needs.asks", "touchpoints.channel", "pains.hurts", "voice.reason"):
            key = (name, s, cell.item)
            system.var(("C", level, s), n)
            system.share(rate, key, ("C", level, s))
            system.same(("C", level, s), [key, ("not", *key)])
        elif name in ("loss.channel_actor", "loss.channel_reached", "loss.cost_actor", "loss.cost_reached"):
            who = cell.measure.split("_")[1]
            system.var((who, cell.item), n)
            if cell.item is not None:
                channels.setdefault(who, []).append((who, cell.item))
    for s in stages:
        if ("F", level, s) in system.at:
            parts = [("fon", level, s), ("f", level, s, "dropped"), ("f", level, s, "reached")]
            system.same(("F", level, s), parts)
        if s in nexts and not together:
            system.same(("fon", level, s), [*nexts[s], ("f", level, s, "elsewhere")])
    system.same("journeys", [("end", end) for end in ENDS])
    for who, keys in channels.items():
        if (who, None) in system.at:
            system.same((who, None), [*dict.fromkeys(keys), (who, "elsewhere")])
    for end in ("dropped", "open"):
        if not together:
            moves = [("n", level, s, end) for s in sorted(stages)]
            system.same(("end", end), [*(m for m in moves if m in system.at), ("apart", level, end)])
