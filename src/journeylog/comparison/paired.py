"""Two groups in one walk: shares of moves by period, and how far the estimates of both groups go together.

What is counted here are trials (see :mod:`journeylog.core.pairs`); what a trial is, and of what, is read from the
statistic's own visits, attempts and cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.groups import Groups, of_cases
from journeylog.comparison.table import Sides
from journeylog.core.attempts import NO_LIMIT, find_attempts
from journeylog.core.cases import NO_PATIENCE, PathStat
from journeylog.core.chunk import Chunk, Level
from journeylog.core.contracts import Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.durations import DurationBins
from journeylog.core.kernels.bins import BIN_BITS, count_bins
from journeylog.core.kernels.pairs import list_moves
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.pairs import Keys, Pair, Trials
from journeylog.core.schema import DROPPED, OPEN, OUTCOME_WORDS, REACHED, START, UNDECLARED
from journeylog.core.visits import Visits
from journeylog.core.window import Window, parse_duration
from journeylog.stats.bottlenecks import Bottlenecks
from journeylog.stats.dropoff import DropOff
from journeylog.stats.funnel import Funnel
from journeylog.stats.outcomes import Outcomes
from journeylog.stats.transitions import Transitions

__all__ = ["MOVES", "correlation_of", "moves_by_period"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Groups8 = npt.NDArray[np.int8]

#: Statistics of moves: a move belongs to a period by its own time, not by that of its case.
MOVES: Final = (Transitions, DropOff, Bottlenecks)
_CONTINUED, _REACHED, _DROPPED = range(3)


def moves_by_period(log: EventLog, question: Stat, groups: Groups) -> Sides:
    """Return the rows of a question about moves, each move in the period in which the visit it leaves was left."""
    counts = Counts.merge(log.source.map(lambda chunk: _count(chunk, question, log.window, groups)))
    if isinstance(question, Bottlenecks):
        left, right = _medians(counts)
        together = None
    else:
        read = _transition_rows if isinstance(question, Transitions) else _drop_rows
        left, right, together = read(counts)
    return Sides(left, right, _notes(question, counts, log.window, groups), together)


def correlation_of(log: EventLog, question: Stat, groups: Groups) -> tuple[pd.DataFrame | None, int]:
    """Return how far the shares of both groups go together, where actors have cases in both, and how many have.

    None where this is not known for the question.
    """
    n_both = sum(log.source.map(lambda chunk: _n_in_both(chunk, question, groups)))
    if not n_both:
        return None, 0
    if isinstance(question, Transitions | DropOff):
        read = _transition_rows if isinstance(question, Transitions) else _drop_rows
        counts = Counts.merge(log.source.map(lambda chunk: _count(chunk, question, log.window, groups)))
        return read(counts)[2], n_both
    if not isinstance(question, Outcomes | Funnel):
        return None, n_both
    tables = Counts.merge(log.source.map(lambda chunk: _case_trials(chunk, question, log.window, groups)))
    rows, bases = tables["rows"], tables["bases"]
    pair = Pair.of(rows, bases, np.searchsorted(bases.codes("base"), rows.codes("base")))
    frame = _case_keys(rows.codes("row"), question)
    return frame.assign(correlation=pair.correlation), n_both


def _n_in_both(chunk: Chunk, question: Stat, groups: Groups) -> int:
    """Return how many actors have cases in both groups."""
    ready, name, group = of_cases(chunk, question, groups)
    owner = ready.cases(name).actor_of_case()
    return len(np.intersect1d(owner[group == 0], owner[group == 1]))


# Moves


def _count(chunk: Chunk, question: Stat, window: Window, groups: Groups) -> Counts:
    """Return the trials of a chunk's moves, and the moves that are too young to tell."""
    assert isinstance(question, PathStat)
    ready = question.prepare(chunk)
    visits = question.visits(ready, window)
    group: Groups8 | None = None
    bounds: Ints | None = np.array(groups.bounds, np.int64)
    if groups.by is not None:  # visits have the cases of the level, in its order
        group, bounds = groups.cases(ready, ready.cases(question.case_level(ready))), None
    if isinstance(question, Bottlenecks):
        visits = visits.timed
    moves = _moves(visits, group, bounds)
    patience = np.array([visits.cases.patience], np.int64)
    tables = {"cases": Table({}, {"patience": patience, **_young(visits, groups)}, largest=("patience",))}
    if isinstance(question, Bottlenecks):
        return Counts(tables | _timed(visits, *moves)).canonical()
    start, to, side, _, offsets = moves
    n_nodes = len(visits.labels)
    if isinstance(question, Transitions):
        wide = n_nodes + 3
        trials = Trials(offsets, start.astype(np.int64), start.astype(np.int64) * wide + to, side)
        return Counts(
            tables
            | trials.tables(lambda rows: _edge_keys(rows, visits), lambda base: _node_key(base, visits))
        ).canonical()
    ends = np.where(to < n_nodes, _CONTINUED, to - n_nodes + 1)
    real = start < n_nodes
    kept = np.append(0, np.cumsum(real))
    rows = start[real].astype(np.int64) * 3 + ends[real]
    trials = Trials(kept[offsets], start[real].astype(np.int64), rows, side[real])
    return Counts(
        tables
        | trials.tables(
            lambda rows: {**_node_key(rows // 3, visits), "end": rows % 3},
            lambda base: _node_key(base, visits),
        )
    ).canonical()


def _moves(visits: Visits, group: Groups8 | None, bounds: Ints | None) -> Any:
    cases = visits.cases
    return list_moves(
        visits.node, visits.enter, visits.leave, cases.actor_offsets, cases.begin, cases.end, cases.outcome,
        len(visits.labels), visits.watched, bounds, group,
    )  # fmt: skip


def _young(visits: Visits, groups: Groups) -> dict[str, Ints]:
    """Return how many visits were left in each period, and how many of them too late to be followed."""
    followed_by = np.zeros(len(visits.leave) + 1, np.int64)  # visits in no case are none
    np.add.at(followed_by, visits.cases.begin, 1)
    np.add.at(followed_by, visits.cases.end, -1)
    leave = visits.leave[np.cumsum(followed_by)[:-1] > 0] if groups.by is None else np.zeros(0, np.int64)
    group, late = groups.at(leave), leave >= visits.horizon
    out = {}
    for g, side in enumerate("ab"):
        out[f"n_{side}"] = np.array([np.count_nonzero(group == g)], np.int64)
        out[f"young_{side}"] = np.array([np.count_nonzero((group == g) & late)], np.int64)
    return out


def _node_key(base: Ints, visits: Visits) -> Keys:
    codes = np.where(base == len(visits.labels), START, base)
    return {"node": Coded(codes, visits.labels, visits.ordered)}


def _edge_keys(rows: Ints, visits: Visits) -> Keys:
    n_nodes = len(visits.labels)
    start, to = rows // (n_nodes + 3), rows % (n_nodes + 3)
    for code, outcome in ((n_nodes, REACHED), (n_nodes + 1, DROPPED), (n_nodes + 2, OPEN)):
        to = np.where(to == code, outcome, to)
    return {
        "from": Coded(np.where(start == n_nodes, START, start), visits.labels, visits.ordered),
        "to": Coded(to, visits.labels, visits.ordered),
    }


def _transition_rows(counts: Counts) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rows, bases = counts["rows"], counts["bases"]
    pair = Pair.of(rows, bases, bases.find(rows, {"node": "from"}))
    keys = pd.DataFrame({**node_columns(rows.coded("from"), "from"), **node_columns(rows.coded("to"), "to")})
    return _measured(keys, "rate", pair)


def _drop_rows(counts: Counts) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the shares that drop and that reach at each node, also where nobody does."""
    rows, bases = counts["rows"], counts["bases"]
    node = bases.coded("node")
    told = int(counts["cases"].values["patience"].max(initial=UNDECLARED)) != UNDECLARED
    place = bases.find(rows, {"node": "node"})
    parts = []
    for measure, end in (("drop_rate", _DROPPED), ("reach_rate", _REACHED)):
        mine = np.flatnonzero(rows.codes("end") == end)
        values = {name: np.zeros(len(bases), np.int64) for name in rows.values}
        for name, column in rows.values.items():
            values[name][place[mine]] = column[mine]
        pair = Pair.of(Table({"node": node}, values), bases, np.arange(len(bases)))
        keys = pd.DataFrame({"node": node_columns(node, "node")["node"]})
        parts.append(_measured(keys if told else keys.iloc[:0], measure, pair))
    one, two, three = (pd.concat([part[i] for part in parts], ignore_index=True) for i in range(3))
    return one, two, three


def _measured(
    keys: pd.DataFrame, measure: str, pair: Pair
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the rows of both sides, and the correlation of each two."""
    n = len(keys)
    keys = keys.assign(measure=pd.array([measure] * n, dtype=TEXT))
    sides = []
    for g in range(2):
        share = pair.shares[g]
        sides.append(
            keys.assign(
                unit=pd.array(["share"] * n, dtype=TEXT),
                n=pair.n[g][:n],
                value=share.value[:n],
                low=share.low[:n],
                high=share.high[:n],
                group_n=pair.actors[g][:n],
            )
        )
    return sides[0], sides[1], keys.assign(correlation=pair.correlation[:n])


# Times


def _timed(
    visits: Visits, start: Codes, to: Codes, side: Groups8, spot: Ints, offsets: Ints
) -> dict[str, Table]:
    """Return waits and stays in bins by group, with what the moves of each are worth."""
    n_nodes = len(visits.labels)
    real = (start < n_nodes) & (to < n_nodes)
    left, came, side, spot = start[real].astype(np.int64), to[real].astype(np.int64), side[real], spot[real]
    offsets = np.append(0, np.cumsum(real))[offsets]
    rows = {"edge": left * n_nodes + came, "node": left}
    spent = {
        "edge": visits.enter[spot + 1] - visits.leave[spot],
        "node": visits.enter[spot + 1] - visits.enter[spot],
    }
    tables: dict[str, Table] = {}
    for part, keys in (("edge", _pair_keys), ("node", _from_key)):
        read = partial(keys, visits=visits)
        tables[f"{part}_rows"] = Trials(offsets, rows[part], rows[part], side).tables(read, read)["rows"]
        found, number = np.unique(rows[part], return_inverse=True)
        cell, n = count_bins((number * 2 + side).astype(np.int32), spent[part], 2 * len(found))
        row = cell >> BIN_BITS
        more = {"group": row % 2, "bin": cell & ((1 << BIN_BITS) - 1)}
        tables[f"{part}_bins"] = Table({**read(found[row // 2]), **more}, {"n": n})
    return tables


def _pair_keys(rows: Ints, visits: Visits) -> Keys:
    n_nodes = max(len(visits.labels), 1)
    return {
        "from": Coded(rows // n_nodes, visits.labels, visits.ordered),
        "to": Coded(rows % n_nodes, visits.labels, visits.ordered),
    }


def _from_key(rows: Ints, visits: Visits) -> Keys:
    return {"from": Coded(rows, visits.labels, visits.ordered)}


def _medians(counts: Counts) -> tuple[pd.DataFrame, pd.DataFrame]:
    sides: list[list[pd.DataFrame]] = [[], []]
    for part in ("edge", "node"):
        rows, bins = counts[f"{part}_rows"], counts[f"{part}_bins"]
        names = [name for name in ("from", "to") if name in rows.keys]
        place = rows.find(bins, {name: name for name in names})
        keys = pd.DataFrame({name: node_columns(rows.coded(name), name)[name] for name in names})
        keys.insert(0, "part", pd.array([part] * len(keys), dtype=TEXT))
        if part == "node":
            keys["to"] = pd.array([""] * len(keys), dtype=TEXT)
        for g, side in enumerate("ab"):
            mine = np.flatnonzero(bins.codes("group") == g)
            durations = DurationBins.of(
                place[mine], bins.codes("bin")[mine], bins.values["n"][mine], len(rows)
            )
            n = rows.values[f"k_{side}"]
            worth = ratio(n.astype(np.float64) ** 2, rows.values[f"kk_{side}"])
            low, high = durations.quantile_bounds(0.5, worth)
            frame = keys.assign(
                measure=pd.array(["time_median_s"] * len(keys), dtype=TEXT),
                unit=pd.array(["s"] * len(keys), dtype=TEXT),
                n=n, value=durations.quantile(0.5), low=low, high=high,
            )  # fmt: skip
            sides[g].append(frame)
    return pd.concat(sides[0], ignore_index=True), pd.concat(sides[1], ignore_index=True)


def _notes(question: Stat, counts: Counts, window: Window, groups: Groups) -> tuple[str, ...]:
    total = {name: int(values.sum()) for name, values in counts["cases"].values.items() if name != "patience"}
    notes = groups.outside(window)
    if int(counts["cases"].values["patience"].max(initial=UNDECLARED)) == UNDECLARED:
        notes.append(NO_PATIENCE)
        notes.append(
            "without a patience, moves of an earlier period had more time to be made than those of a later one"
        )
    for name, side in zip(groups.names, "ab", strict=True):
        if total[f"young_{side}"]:
            notes.append(
                f"{name}: {total[f'young_{side}']:,} of {total[f'n_{side}']:,} visits are too young to tell and stay out"
            )
    if isinstance(question, Bottlenecks):
        notes.append(
            "medians of the same actors in both periods are compared as if they were of different ones"
        )
    return tuple(notes)


# Cases


def _case_trials(chunk: Chunk, question: Stat, window: Window, groups: Groups) -> Counts:
    """Return the trials of a chunk's cases: what each could have done, and did."""
    ready, name, group = of_cases(chunk, question, groups)
    level = ready.cases(name)
    made = _TRIALS[type(question)](ready, level, question, window)
    case, base, row = made
    order = np.argsort(case, kind="stable")
    order = order[group[case[order]] >= 0]
    case, base, row = case[order], base[order], row[order]
    owner = level.actor_of_case()
    offsets = np.searchsorted(owner[case], np.arange(len(level.actor_offsets)))
    trials = Trials(offsets.astype(np.int64), base, row, group[case])
    most = np.int64(1) << 16  # a row is base * most + what of it
    return Counts(
        trials.tables(lambda rows: {"row": rows, "base": rows // most}, lambda bases: {"base": bases})
    ).canonical()


def _outcome_trials(ready: Chunk, level: Level, question: Any, window: Window) -> tuple[Ints, Ints, Ints]:
    case = np.arange(len(level), dtype=np.int64)
    return case, np.zeros(len(level), np.int64), -level.outcome.astype(np.int64)


def _funnel_trials(ready: Chunk, level: Level, question: Any, window: Window) -> tuple[Ints, Ints, Ints]:
    """Return two trials a step and case: from the step before, and from the first one."""
    within = NO_LIMIT if question.within is None else parse_duration(question.within)
    horizon = NO_LIMIT if within == NO_LIMIT else window.end - within
    found = find_attempts(
        ready, level, question.conditions, question.mode, within, horizon, question.entry == "first"
    )
    cases, bases, rows = [], [], []
    for step in range(2, len(question.conditions) + 1):
        for code, before in ((2 * step, step - 1), (2 * step + 1, 1)):
            tried = np.flatnonzero(found.followed >= before)
            cases.append(tried)
            bases.append(np.full(len(tried), code, np.int64))
            rows.append(np.where(found.followed[tried] >= step, code << 16, -1))
    none = np.zeros(0, np.int64)
    return (
        np.concatenate([none, *cases]),
        np.concatenate([none, *bases]),
        np.concatenate([none, *rows]),
    )


_TRIALS: Final[Mapping[type[Stat], Callable[..., tuple[Ints, Ints, Ints]]]] = {
    Outcomes: _outcome_trials,
    Funnel: _funnel_trials,
}


def _case_keys(rows: Ints, question: Stat) -> pd.DataFrame:
    """Return the keys of the rows as the result's reader has them."""
    if isinstance(question, Outcomes):
        words = [OUTCOME_WORDS[-int(row)] for row in rows]
        return pd.DataFrame(
            {"outcome": pd.array(words, dtype=TEXT), "measure": pd.array(["share"] * len(rows), dtype=TEXT)}
        )
    codes = rows >> 16
    measures = [("step_rate", "total_rate")[int(code) % 2] for code in codes]
    return pd.DataFrame({"step": codes // 2, "measure": pd.array(measures, dtype=TEXT)})
