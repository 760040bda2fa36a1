"""Oracle of moments of truth: every stand of every case, compared by hand with those who were at risk there."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.strategies import Case, Event

Fits = Callable[[Event], bool]
Stratum = tuple[Any, ...]
START = ("start",)
NOWHERE = ("no place",)


@dataclass(frozen=True)
class Stand:
    """A case at one of its visits: what it does, where it stood before and stands now, whom it met by now."""

    actor: str
    moment: str
    before: Any
    here: Any
    first: bool
    met: frozenset[str]
    bands: tuple[int, int]
    attributes: tuple[str | None, ...]
    goal: bool


@dataclass(frozen=True)
class Rules:
    """What the oracle is asked: node, place and attributes of an event, the goal, its time, and the bands."""

    node: Callable[[Event], str | None]
    place: Callable[[Event], Any]
    attributes: Callable[[Event], tuple[str | None, ...]]
    goal: Fits
    merge: bool
    within: int
    last_start: int
    positions: tuple[int, ...]
    elapsed: tuple[int, ...]


def stands(case: Case, rules: Rules, of_moves: bool) -> list[Stand]:
    """The stands of a case before its goal that were watched for the whole time; moves are moments ``(u, v)``."""
    end = next((i for i, e in enumerate(case.events) if rules.goal(e)), None)
    reached = None if end is None else case.events[end].time
    found: list[Stand] = []
    before: Any = START
    node: str | None = None
    met: set[Any] = set()
    for event in case.events[:end]:
        name = rules.node(event)
        if name is None or (rules.merge and name == node):
            continue
        position = len(found) + 1
        if position > rules.positions[-1] or event.time > rules.last_start:
            break
        place = name if of_moves else rules.place(event)
        here = place if place is not None else (NOWHERE if before == START else before)
        moment: Any = (START if node is None else node, name) if of_moves else name
        first = moment not in met
        met.add(moment)
        bands = (
            sum(position > bound for bound in rules.positions),
            sum(event.time - case.events[0].time > bound for bound in rules.elapsed),
        )
        goal = reached is not None and reached - event.time <= rules.within
        attributes = rules.attributes(case.events[0])
        found.append(Stand(case.actor, moment, before, here, first, frozenset(met), bands, attributes, goal))
        before, node = here, name
    return found


def moments(
    cases: list[Case], rules: Rules, group: Callable[[str], int], of_moves: bool
) -> dict[Any, dict[str, float]]:
    """Both shares of each moment, with the variances and the covariance of leaving out a group at a time."""
    watched = [stand for case in cases for stand in stands(case, rules, of_moves)]
    there = {group(case.actor) for case in cases}
    out = {}
    for moment in {stand.moment for stand in watched}:
        whole = compare(watched, moment, strata_of(watched, moment))
        if math.isnan(whole["did_rate"]):
            out[moment] = whole
            continue
        pairs = strata_of(watched, moment)
        held = {group(s.actor) for part in pairs.values() for side in part[:2] for s in side}
        left = [
            compare([s for s in watched if group(s.actor) != g], moment, _without(pairs, group, g))
            for g in held & there
        ]
        shares = [(part["did_rate"], part["not_rate"]) for part in left]
        means = [sum(share[k] for share in shares) / len(shares) for k in (0, 1)]
        factor = (len(shares) - 1) / len(shares)
        whole |= {
            name: factor * sum((share[a] - means[a]) * (share[b] - means[b]) for share in shares)
            for name, a, b in (("var_did", 0, 0), ("var_not", 1, 1), ("cov", 0, 1))
        }
        out[moment] = whole
    return out


def strata_of(watched: list[Stand], moment: Any) -> dict[Stratum, tuple[list[Stand], list[Stand]]]:
    """Who did it first, and who stood at risk, by stratum; those who did it where nobody stood are in none."""

    def stratum(place: Any, stand: Stand) -> Stratum:
        return place, stand.bands, stand.attributes

    did, rest = defaultdict(list), defaultdict(list)
    for stand in watched:
        if stand.moment == moment and stand.first:
            did[stratum(stand.before, stand)].append(stand)
        if moment not in stand.met:
            rest[stratum(stand.here, stand)].append(stand)
        if stand.before == START and stand.moment != moment:
            rest[stratum(START, stand)].append(stand)
    return {key: (did[key], rest[key]) for key in did if rest[key]}


def compare(
    watched: list[Stand], moment: Any, strata: dict[Stratum, tuple[list[Stand], list[Stand]]]
) -> dict[str, float]:
    """The counts, and both shares with the weights of Mantel and Haenszel."""
    did = rest = weight = 0.0
    for doing, others in strata.values():
        n, m = len(doing), len(others)
        if n + m:
            did += m * sum(s.goal for s in doing) / (n + m)
            rest += n * sum(s.goal for s in others) / (n + m)
            weight += n * m / (n + m)
    sides = [[s for part in strata.values() for s in part[k]] for k in (0, 1)]
    first = sum(s.moment == moment and s.first for s in watched)
    return {
        "n_did": len(sides[0]),
        "n_did_goal": sum(s.goal for s in sides[0]),
        "n_not": len(sides[1]),
        "n_not_goal": sum(s.goal for s in sides[1]),
        "n_alone": first - len(sides[0]),
        "did_rate": did / weight if weight else math.nan,
        "not_rate": rest / weight if weight else math.nan,
    }


def _without(
    strata: dict[Stratum, tuple[list[Stand], list[Stand]]], group: Callable[[str], int], gone: int
) -> dict[Stratum, tuple[list[Stand], list[Stand]]]:
    return {
        key: ([s for s in did if group(s.actor) != gone], [s for s in rest if group(s.actor) != gone])
        for key, (did, rest) in strata.items()
    }
