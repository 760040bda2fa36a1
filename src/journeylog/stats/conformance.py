"""Conformance: the designed journey against what customers do."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.actor_groups import actor_hashes
from journeylog.core.cases import NO_PATIENCE, under_way_note, with_cases
from journeylog.core.chunk import Chunk, Level
from journeylog.core.conformance import Rule, Said, rules_of
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.differences import Estimates, difference
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels.conformance import BROKEN, KEPT, NOT_MEANT, UNTOLD
from journeylog.core.kernels.moments import case_moments
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.schema import OPEN, REACHED, UNDECLARED
from journeylog.core.window import Window
from journeylog.errors import ConfigError, cut, nearest

__all__ = ["Conformance", "ConformanceResult"]

Ints = npt.NDArray[np.int64]
_COUNTED = (
    "n_cases", "n_kept", "n_broken", "n_untold", "n_followed", "k", "kk", "kn", "nn", "n_actors_kept", "n_actors_broken",
    "n_actors_untold",
)  # fmt: skip
_SIDES = ("kept", "broken")
#: Cases of a rule in which typical paths are looked for, and names of a path.
_LOOKED_AT, _LONGEST = 5_000, 12
_MOMENTS = ("k", "n", "kk", "kn", "nn")


@dataclass(frozen=True)
class Conformance(Stat):
    """Hold the journeys against a design: how many keep to it, where they deviate, and how those end.

    Parameters
    ----------
    rules : list of mappings
        Each one of

        - ``{"before": [a, b]}``: no ``b`` before the first ``a``;
        - ``{"within": [a, b, "2d"]}``: every ``a`` is followed by a ``b`` within the time;
        - ``{"never": c}`` and ``{"never": c, "after": d}``: no ``c`` at all, or none after a ``d``;
        - ``{"ways": {"look": ["buy"]}, "start": ["look"], "node": "stage"}``: from each node only to those listed (from
          one that is not listed to none); ``start`` are the nodes to begin with, any by default.

        ``a`` to ``d`` are conditions. ``"name"`` gives a rule a name of its own.
    case : str or None
        What is followed: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order,
        deal). None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.

    Raises
    ------
    ConfigError
        If there is no rule, or one is malformed.

    Notes
    -----
    Table, one row a rule in their order and last ``all rules``: ``rule, kind, n_cases, n_kept, n_broken, n_untold,
    n_followed, n_conform, n_actors_kept, n_actors_broken, n_actors_untold, conform_rate, conform_rate_low,
    conform_rate_high, reach_rate_kept, reach_rate_broken, reach_difference, reach_difference_low,
    reach_difference_high``.

    ``n_cases`` are those the rule speaks of (an ``a`` that occurred, a ``d``); untold are those in which an ``a`` was not
    watched for the whole time. ``conform_rate`` is ``n_conform / n_followed``: of the cases that are over (reached or
    dropped) and can be told, so that one still under way is neither kept nor broken. Without a declared patience it is
    of all cases as they stand, and a note says so. ``reach_difference`` is broken minus kept: how much more often those
    who deviate reach the goal. It is an association: who deviates may differ in other things.

    ``tables["deviations"]``, one row a way that was not allowed, most cases first: ``rule, from, to, n, n_cases,
    n_actors, n_followed, n_reached, reach_rate, reach_difference, reach_difference_low, reach_difference_high``;
    ``from`` is missing where a case began at a node it should not. ``n_followed`` are the cases with this deviation that
    are over, and the difference is theirs minus that of the cases that keep to the rule. A case may have several
    deviations.

    Counts merge by addition, keyed by the rule.

    References
    ----------
    M. Pesic, H. Schonenberg, W. van der Aalst (2007), DECLARE: full support for loosely-structured processes (the
    rules). W. van der Aalst, A. Adriansyah, B. van Dongen (2012), Replaying history on process models for conformance
    checking. WIREs Data Min. Knowl. Discov. 2.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> held = log.compute(jl.Conformance([{"before": ["search", "cart"]}, {"within": ["cart", "pay", "15min"]}]))
    >>> held.table[["rule", "n_cases", "n_kept", "n_broken", "conform_rate"]]
                              rule  n_cases  n_kept  n_broken  conform_rate
    0           search before cart        3       1         2      0.333333
    1  pay within 15min after cart        3       2         1      0.666667
    2                    all rules        3       1         2      0.333333
    """

    rules: Any
    case: str | None = None

    def __post_init__(self) -> None:
        """Check the rules."""
        rules_of(self.rules)

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of each rule, of ends by how it was kept, and of ways that are not allowed."""
        level = chunk.cases(self.case_level(chunk))
        rules = rules_of(self.rules)
        names = (*(rule.name for rule in rules), "all rules")
        said = [rule.hold(chunk, level, window) for rule in rules]
        answers = [one.answers for one in said]
        rows = [_count(answer, level) for answer in (*answers, _together(answers))]
        some = np.arange(len(names)) if len(level) else np.zeros(0, np.int64)
        key = Coded(some, names, ordered=True)
        columns = {
            name: np.array([row[0][i] for row in rows], np.int64)[some] for i, name in enumerate(_COUNTED)
        }
        sides = {
            f"{side}_{name}": np.array([row[1][s][i] for row in rows], np.int64)[some]
            for s, side in enumerate(_SIDES)
            for i, name in enumerate(_MOMENTS)
        }
        cases = {"patience": level.patience, "n_under_way": level.n_under_way}
        return Counts(
            {
                "rules": Table({"rule": key}, {**columns, **sides}),
                "deviations": _deviations(said, names, level),
                "cases": Table(
                    {}, {n: np.array([v], np.int64) for n, v in cases.items()}, largest=("patience",)
                ),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> ConformanceResult:
        """Return shares, intervals and how the cases ended."""
        rules = rules_of(self.rules)
        names = [*(rule.name for rule in rules), "all rules"]
        found = counts["rules"]
        values = {name: np.zeros(len(names), np.int64) for name in found.values}
        for name, column in found.values.items():
            values[name][found.codes("rule")] = column
        moments: Any = [values[name] for name in ("k", "n_followed", "kk", "kn", "nn")]
        low, high = cluster_share(*moments)
        kept, broken = (_reached(values, side) for side in _SIDES)
        gap = difference(kept, broken)
        table = pd.DataFrame(
            {
                "rule": pd.array(names, dtype=TEXT),
                "kind": pd.array([*(rule.kind for rule in rules), "all"], dtype=TEXT),
                **{name: values[name] for name in _COUNTED[:5]},
                "n_conform": values["k"],
                **{name: values[name] for name in _COUNTED[-3:]},
                "conform_rate": ratio(values["k"], values["n_followed"]),
                "conform_rate_low": low,
                "conform_rate_high": high,
                "reach_rate_kept": kept.value,
                "reach_rate_broken": broken.value,
                "reach_difference": gap.value,
                "reach_difference_low": gap.low,
                "reach_difference_high": gap.high,
            }
        )
        told = int(counts["cases"].values["patience"].max(initial=UNDECLARED)) != UNDECLARED
        notes: tuple[str, ...] = () if told or not values["n_cases"].any() else (NO_PATIENCE,)
        notes += under_way_note(int(counts["cases"].values["n_under_way"].sum()))
        ways = _frame(counts["deviations"], dict(zip(names, zip(*kept, strict=True), strict=True)))
        return ConformanceResult(self, window, table, {"deviations": ways}, notes)


@dataclass(frozen=True, eq=False, repr=False)
class ConformanceResult(Result):
    """How journeys keep to a design; see :class:`Conformance` for the tables."""

    @property
    def deviations(self) -> pd.DataFrame:
        """The ways that were not allowed."""
        return self.tables["deviations"]

    def examples(self, log: EventLog, rule: str, n: int = 3) -> pd.DataFrame:
        """Return a few cases that break a rule, to look at: ``actor, start, path``.

        Parameters
        ----------
        log : EventLog
            The log that was asked.
        rule : str
            The name of a rule as the table has it.
        n : int
            How many, the first in the order of the actors.
        """
        question: Any = self.question
        known = {one.name: one for one in rules_of(question.rules)}
        if rule not in known:
            near = nearest(rule, list(known))
            hint = f"did you mean {near[0]!r}?" if near else f"one of {cut(list(known))}"
            raise ConfigError(f"there is no rule {rule!r}. Fix: {hint}")
        chosen = known[rule]
        rows: list[dict[str, Any]] = []
        for part in log.source.map(lambda chunk: list(_broken(question, chosen, chunk, self.window, n)), 1):
            rows += part
        return pd.DataFrame(rows[:n], columns=["actor", "start", "path"])

    def typical(self, log: EventLog, n: int = 3, least: int = 1) -> pd.DataFrame:
        """Return for each rule the most frequent paths of cases that break it: ``rule, path, truncated``.

        Parameters
        ----------
        log : EventLog
            The log that was asked.
        n : int
            How many paths of a rule.
        least : int
            So many customers have to have gone one for it to be told.

        Notes
        -----
        A path goes through the column of the rule's ways, else through events; repeats in a row count once, and it is cut
        after 12 names. It is looked for among 5,000 such cases, those of the customers with the lowest hashes of their ids:
        no partitioning changes a path.
        """
        question: Any = self.question
        rules = rules_of(question.rules)
        found: dict[tuple[str, tuple[str, ...], bool], set[str]] = {}
        seen: Counter[str] = Counter()
        parts = log.source.map(lambda chunk: list(_ways_of(question, rules, chunk, self.window)), 1)
        for _, actor, way in sorted(itertools.chain(*parts), key=lambda one: one[:2]):
            seen[way[0]] += 1
            if seen[way[0]] <= _LOOKED_AT:
                found.setdefault(way, set()).add(actor)
        rows = []
        for name in (rule.name for rule in rules):
            mine = [(-len(who), way) for way, who in found.items() if way[0] == name and len(who) >= least]
            rows += [way for _, way in sorted(mine)[:n]]
        return pd.DataFrame(rows, columns=["rule", "path", "truncated"])


def _ways_of(
    question: Conformance, rules: Sequence[Rule], chunk: Chunk, window: Window
) -> Iterator[tuple[int, str, tuple[str, tuple[str, ...], bool]]]:
    """Yield hash and id of the actor, and rule and path, of the cases that break a rule, the lowest hashes first."""
    ready = question.prepare(chunk)
    level = ready.cases(question.case_level(ready))
    owner = level.actor_of_case()
    hashes = actor_hashes(ready)[owner]
    for rule in rules:
        column = ready.category(rule.parts[0]) if rule.kind == "ways" else ready.event
        broken = np.flatnonzero(rule.hold(ready, level, window).answers == BROKEN)
        for case in broken[np.argsort(hashes[broken], kind="stable")[:_LOOKED_AT]].tolist():
            spots: Any = slice(level.begin[case], level.end[case])
            codes = column.codes[spots if level.order is None else level.order[spots]]
            codes = codes[codes >= 0]
            codes = codes[np.insert(codes[1:] != codes[:-1], 0, True)] if len(codes) else codes
            names = tuple(str(column.names[code]) for code in codes[:_LONGEST].tolist())
            actor = ready.actors[int(owner[case])].as_py()
            yield int(hashes[case]), actor, (rule.name, names, len(codes) > _LONGEST)


def _broken(
    question: Conformance, rule: Rule, chunk: Chunk, window: Window, n: int
) -> Iterator[dict[str, Any]]:
    ready = question.prepare(chunk)
    level = ready.cases(question.case_level(ready))
    owner, names = level.actor_of_case(), ready.event.names
    for case in np.flatnonzero(rule.hold(ready, level, window).answers == BROKEN)[:n].tolist():
        spots = np.arange(level.begin[case], level.end[case])
        spots = spots if level.order is None else level.order[spots]
        yield {
            "actor": ready.actors[int(owner[case])].as_py(),
            "start": pd.Timestamp(int(ready.time[spots[0]]), unit="us", tz="UTC"),
            "path": [names[code] for code in ready.event.codes[spots].tolist()],
        }


def _frame(ways: Table, kept: Mapping[str, tuple[float, ...]]) -> pd.DataFrame:
    """Return the table of ways that were not allowed, each held against the cases that keep to its rule."""
    columns = {name: pd.array(ways.coded(name).names({}), dtype=TEXT) for name in ("rule", "from", "to")}
    k, n, kk, kn, nn = (ways.values[name] for name in ("n_reached", "n_followed", "kk", "kn", "nn"))
    theirs = np.array([kept[rule] for rule in columns["rule"]], np.float64).reshape(-1, 3).T
    rate = ratio(k, n)
    gap = difference(Estimates(*theirs), Estimates(rate, *cluster_share(k, n, kk, kn, nn)))
    found = pd.DataFrame(
        {
            **columns,
            **{name: ways.values[name] for name in ("n", "n_cases", "n_actors", "n_followed", "n_reached")},
            "reach_rate": rate,
            "reach_difference": gap.value,
            "reach_difference_low": gap.low,
            "reach_difference_high": gap.high,
        }
    )
    order = ["n_cases", "n", "rule", "from", "to"]
    return found.sort_values(
        order, ascending=[False, False, True, True, True], kind="stable", ignore_index=True
    )


def _together(answers: Sequence[Any]) -> Any:
    """Return one answer for all rules: broken if any is, then untold if any is, then kept if any is."""
    rank = np.array([0, 1, 3, 2])  # of not meant, kept, broken, untold
    worst = np.maximum.reduce([rank[answer] for answer in answers])
    return np.array([NOT_MEANT, KEPT, UNTOLD, BROKEN], np.int32)[worst]


def _count(answer: Any, level: Level) -> tuple[list[int], list[list[int]]]:
    """Return the counts of one rule, and how the cases of each side ended."""
    over = (level.outcome != OPEN) if level.patience != UNDECLARED else np.ones(len(level), bool)
    told = over & ((answer == KEPT) | (answer == BROKEN))
    rows = np.where(told, np.where(answer == KEPT, 0, -2), -1).astype(np.int32)
    (k, _, kk, kn), (n, _, nn) = _moments(rows, level)
    numbers = [int(np.count_nonzero(answer == kind)) for kind in (KEPT, BROKEN, UNTOLD)]
    sides = []
    for kind in (KEPT, BROKEN):
        mine = told & (answer == kind) & (level.outcome != OPEN)
        rows = np.where(mine, np.where(level.outcome == REACHED, 0, -2), -1).astype(np.int32)
        (reached, _, rr, rn), (total, _, tt) = _moments(rows, level)
        sides.append([reached, total, rr, rn, tt])
    owner = level.actor_of_case()
    actors = [len(np.unique(owner[answer == kind])) for kind in (KEPT, BROKEN, UNTOLD)]
    return [sum(numbers), *numbers, n, k, kk, kn, nn, *actors], sides


def _moments(rows: Any, level: Level) -> Any:
    one, whole = case_moments(rows, level.actor_offsets, 1)
    return one[0].tolist(), whole.tolist()


def _reached(values: dict[str, Ints], side: str) -> Estimates:
    k, n, kk, kn, nn = (values.get(f"{side}_{name}", np.zeros(0)) for name in _MOMENTS)
    return Estimates(ratio(k, n), *cluster_share(k, n, kk, kn, nn))


def _deviations(said: Sequence[Said], names: tuple[str, ...], level: Level) -> Table:
    """Return the ways that are not allowed, with how often and in how many cases, and how those ended."""
    parts = []
    for number, one in enumerate(said):
        wide = max(len(one.names), 1)
        pairs = np.unique(np.stack((one.ways, one.cases)), axis=1)
        keys, n = np.unique(one.ways, return_counts=True)
        start = np.where(keys // wide == len(one.names), -1, keys // wide)
        n_cases = np.unique(pairs[0], return_counts=True)[1]
        parts.append(
            Table(
                {
                    "rule": Coded(np.full(len(keys), number, np.int64), names, ordered=True),
                    "from": Coded(start, one.names),
                    "to": Coded(keys % wide, one.names),
                },
                {
                    "n": n.astype(np.int64),
                    "n_cases": n_cases.astype(np.int64),
                    **_ends(np.searchsorted(keys, pairs[0]), pairs[1], len(keys), level),
                },
            )
        )
    return Table.concat(parts)


def _ends(way: Ints, case: Ints, n_ways: int, level: Level) -> dict[str, Ints]:
    """Return how the cases of each way ended, with second moments over actors; one entry a way and case."""
    owner = level.actor_of_case()[case].astype(np.int64)
    wide = int(owner.max(initial=0)) + 1
    both, place = np.unique(way * wide + owner, return_inverse=True)
    of = both // wide
    k, n = np.zeros((2, len(both)), np.int64)
    np.add.at(k, place, (level.outcome[case] == REACHED).astype(np.int64))
    np.add.at(n, place, (level.outcome[case] != OPEN).astype(np.int64))
    ones = np.ones(len(both), np.int64)
    made = {"n_actors": ones, "n_reached": k, "n_followed": n, "kk": k * k, "kn": k * n, "nn": n * n}
    found = {name: np.zeros(n_ways, np.int64) for name in made}
    for name, values in made.items():
        np.add.at(found[name], of, values)
    return found
