"""Oracles of the steps: plain loops over the events of one actor after the other."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Case = tuple[str, list[int], str]
Test = Callable[[Row], bool]

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "is": lambda a, b: a == b,
    "is_not": lambda a, b: a != b,
}
MONEY, TIME = ("value",), ("at",)


def by_actor(events: list[Row]) -> Iterator[tuple[str, list[int]]]:
    """Yield each actor with the positions of its events."""
    for actor, group in itertools.groupby(range(len(events)), key=lambda i: events[i]["actor"]):
        yield actor, list(group)


# ---------------------------------------------------------------------------------------------- conditions


def glob(pattern: str, text: str) -> bool:
    """``*`` is any text, ``?`` one character."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def holds(row: Row, condition: Any) -> bool:
    """A text is an event name, a list is any of, a mapping is all of."""
    if isinstance(condition, str):
        return glob(condition, row["event"])
    if isinstance(condition, dict):
        return all(value_holds(name, row[name], wanted) for name, wanted in condition.items())
    return any(holds(row, part) for part in condition)


def value_holds(name: str, value: Any, wanted: Any) -> bool:
    """Whether one value of a column is what is wanted; a missing one is only None."""
    if isinstance(wanted, list | tuple):
        return any(value_holds(name, value, part) for part in wanted)
    if isinstance(wanted, dict):
        return value is not None and all(compare(name, value, op, other) for op, other in wanted.items())
    if wanted is None or value is None:
        return wanted is None and value is None
    if isinstance(value, str):
        return glob(wanted, value) if isinstance(wanted, str) else value == str(wanted)
    return compare(name, value, "==", wanted)


def compare(name: str, value: Any, op: str, other: Any) -> bool:
    """Compare exactly; a list with ``is`` or ``is_not`` is one of, none of."""
    if isinstance(other, list | tuple):
        among = any(compare(name, value, "==", part) for part in other)
        return among if op in ("is", "==") else not among
    if other is None:
        return op in ("is_not", "!=")
    if isinstance(value, str):
        return OPERATORS[op](value, str(other))
    if name in TIME and isinstance(other, str):
        moment = dt.datetime.fromisoformat(other).replace(tzinfo=dt.UTC)
        other = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    exact = Fraction(value, 1_000_000) if name in MONEY else Fraction(value)
    return OPERATORS[op](exact, Fraction(str(other)) if isinstance(other, float) else Fraction(other))


# ------------------------------------------------------------------------------------------------- sessions


def sessions(
    events: list[Row],
    end: int,
    gap: int,
    zone: str | None = None,
    change_of: str | None = None,
    max_length: int | None = None,
    start: Test | None = None,
) -> list[Case]:
    """An event joins the session at hand unless one of the cuts parts them."""

    def day(time: int) -> dt.date:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=time)
        return moment.astimezone(zoneinfo.ZoneInfo(str(zone))).date()

    def stays(session: list[int], time: int) -> bool:
        first, last = events[session[0]]["time"], events[session[-1]]["time"]
        if time - last > gap or (max_length is not None and time - first > max_length):
            return False
        return zone is None or day(time) <= day(first)

    def joins(session: list[int], row: Row) -> bool:
        if not stays(session, row["time"]) or (start is not None and start(row)):
            return False
        if change_of is None or row[change_of] is None:
            return True
        known = [events[i][change_of] for i in session if events[i][change_of] is not None]
        return not known or known[-1] == row[change_of]

    found = []
    for actor, mine in by_actor(events):
        parts: list[list[int]] = []
        for i in mine:
            if parts and joins(parts[-1], events[i]):
                parts[-1].append(i)
            else:
                parts.append([i])
        for part in parts:
            goes_on = part is parts[-1] and stays(part, end)
            found.append((actor, part, "open" if goes_on else "dropped"))
    return found


def objects(events: list[Row], column: str, missing_alone: bool = False) -> list[Case]:
    """One case for each actor and value, in the order of their first events."""
    found: list[Case] = []
    for actor, mine in by_actor(events):
        groups: dict[Any, list[int]] = {}
        for i in mine:
            value = events[i][column]
            if value is not None:
                groups.setdefault(value, []).append(i)
            elif missing_alone:
                groups[("alone", i)] = [i]
        found += [(actor, group, "open") for group in groups.values()]
    return found


def given_sessions(events: list[Row], end: int, gap: int, column: str) -> list[Case]:
    """Sessions by an id; they are over when the window goes on for longer than the gap."""
    return [
        (actor, where, "dropped" if end - events[where[-1]]["time"] > gap else "open")
        for actor, where, _ in objects(events, column, missing_alone=True)
    ]


# ------------------------------------------------------------------------------------------------- journeys


def stages(events: list[Row], rules: dict[str, Any]) -> list[str | None]:
    """The first rule that matches."""
    return [next((name for name, rule in rules.items() if holds(row, rule)), None) for row in events]


def journeys(
    events: list[Row],
    frames: list[Case],
    end: int,
    patience: int | None,
    goal: Test,
    start: Test,
    goal_ends: bool = True,
    outcome_of_frame: bool = False,
) -> list[Case]:
    """At most one journey in each frame: from its first start to its first goal or its end."""
    found = []
    for actor, frame, ended in frames:
        begins = [k for k, i in enumerate(frame) if start(events[i])]
        if not begins:
            continue
        part = frame[begins[0] :]
        goals = [k for k, i in enumerate(part) if goal(events[i])]
        if goals:
            found.append((actor, part[: goals[0] + 1] if goal_ends else part, "reached"))
        elif outcome_of_frame:
            found.append((actor, part, ended))
        else:
            over = patience is not None and end - events[part[-1]]["time"] > patience
            found.append((actor, part, "dropped" if over else "open"))
    return found


def stretches(
    events: list[Row],
    end: int,
    patience: int | None,
    goal: Test,
    start: Test,
    goal_ends: bool = True,
    restart: bool = True,
) -> list[Case]:
    """Stretch after stretch: take the next start, walk until a goal or a silence, and look for the next."""
    found = []
    for actor, mine in by_actor(events):
        rest = mine
        while True:
            rest = list(itertools.dropwhile(lambda i: not start(events[i]), rest))
            if not rest:
                break
            n, reached, over = 0, False, False
            for k, i in enumerate(rest):
                if k and patience is not None and events[i]["time"] - events[rest[k - 1]]["time"] > patience:
                    over = True
                    break
                n = k + 1
                if goal(events[i]):
                    reached = True
                    if goal_ends:
                        break
            part, rest = rest[:n], rest[n:]
            if patience is not None and end - events[part[-1]]["time"] > patience:
                over = over or not rest
            found.append((actor, part, "reached" if reached else "dropped" if over else "open"))
            if reached and not restart:
                break
    return found


# ------------------------------------------------------------------------------------------------- cleaning


def collapse(events: list[Row], within: int | None = None, apart: tuple[list[Case], ...] = ()) -> list[int]:
    """Positions of the events that stay: those that do not repeat the event directly before them."""
    owners = [{i: k for k, (_, where, _) in enumerate(level) for i in where} for level in apart]
    stay = []
    for _, mine in by_actor(events):
        for before, i in zip([None, *mine], mine, strict=False):
            repeats = (
                before is not None
                and events[before]["event"] == events[i]["event"]
                and (within is None or events[i]["time"] - events[before]["time"] <= within)
                and all(owner.get(before) == owner.get(i) for owner in owners)
            )
            if not repeats:
                stay.append(i)
    return stay


def rename(name: str, names: dict[str, str]) -> str:
    """The first pattern that matches decides."""
    return next((new for old, new in names.items() if glob(old, name)), name)
