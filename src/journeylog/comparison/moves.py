"""Moves of two groups in one walk: shares by period, and how far the shares of both go together."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.groups import Groups
from journeylog.comparison.table import Sides
from journeylog.comparison.waits import (
    TELLING,
    Times,
    correlation_of_times,
    most_moves,
    sign_table,
    time_rows,
    time_tables,
)
from journeylog.core.actor_groups import actor_hashes, actor_of_cases
from journeylog.core.cases import NO_PATIENCE, PathStat, under_way_note
from journeylog.core.chunk import Chunk, Level
from journeylog.core.contracts import Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.intervals import cluster_share
from journeylog.core.kernels.pairs import count_moves, list_moves
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT, node_columns
from journeylog.core.notes import Span, note
from journeylog.core.pairs import DENSE, Keys, Pair, Trials, moment_tables
from journeylog.core.schema import DROPPED, OPEN, REACHED, START, UNDECLARED
from journeylog.core.visits import Visits
from journeylog.core.window import Window
from journeylog.stats.bottlenecks import Bottlenecks
from journeylog.stats.dropoff import DropOff
from journeylog.stats.transitions import Transitions

__all__ = ["MOVES", "move_correlation", "moves_by_period"]

Ints = npt.NDArray[np.int64]
Groups8 = npt.NDArray[np.int8]

#: Statistics of moves: a move belongs to a period by its own time, not by that of its case.
MOVES: Final = (Transitions, DropOff, Bottlenecks)
_CONTINUED, _REACHED, _DROPPED = range(3)


def moves_by_period(log: EventLog, question: Stat, groups: Groups) -> Sides:
    """Return the rows of a question about moves, each move in the period in which the visit it leaves was left."""
    counts = Counts.merge(log.source.map(lambda chunk: _count(chunk, question, log.window, groups)))
    if isinstance(question, Bottlenecks):
        times = _times(counts)
        left, right = time_rows(*times)
        together = _times_together(log, question, groups, counts, times)
    else:
        left, right, together = _read(question, counts)
    nothing = _nothing(counts["bases"]) if isinstance(question, Transitions) else None
    return Sides(left, right, _notes(counts, log.window, groups), together, nothing)


def move_correlation(log: EventLog, question: Stat, groups: Groups) -> pd.DataFrame:
    """Return how far the shares, or medians, of both groups go together, row by row."""
    counts = Counts.merge(log.source.map(lambda chunk: _count(chunk, question, log.window, groups)))
    if isinstance(question, Bottlenecks):
        return _times_together(log, question, groups, counts, _times(counts))
    return _read(question, counts)[2]


def _times(counts: Counts) -> tuple[Times, Times]:
    return Times.of(counts["edge_bins"]), Times.of(counts["node_bins"])


def _times_together(
    log: EventLog, question: Bottlenecks, groups: Groups, counts: Counts, times: tuple[Times, Times]
) -> pd.DataFrame:
    """Return how far the medians of both groups go together: medians are known, so this is a second pass.

    Of very many actors some tens of thousands tell it, chosen by a hash of their ids.
    """
    share = min(TELLING / max(int(counts["cases"].values["n_actors"][0]), 1), 1.0)

    def count(chunk: Chunk) -> Counts:
        ready, visits, bounds, group = _walked(chunk, question, log.window, groups)
        visits, n_actors = visits.timed, len(visits.cases.actor_offsets) - 1
        chosen = np.ones(n_actors, bool)
        if share < 1:
            chosen = (actor_hashes(ready) < share * 2.0**62)[_actors(ready, visits.cases)]
        return Counts({"signs": sign_table(visits, _walk(visits), bounds, group, chosen, times)})

    return correlation_of_times(times, Counts.merge(log.source.map(count))["signs"])


def _actors(chunk: Chunk, level: Level) -> Ints:
    """Return where in the chunk the actors of a level are, which may hold only some."""
    if len(level.actor_offsets) == chunk.n_actors + 1:
        return np.arange(chunk.n_actors)
    if not len(level):
        return np.zeros(len(level.actor_offsets) - 1, np.int64)
    return actor_of_cases(chunk, level)[np.minimum(level.actor_offsets[:-1], len(level) - 1)]


def _read(question: Stat, counts: Counts) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return (_transition_rows if isinstance(question, Transitions) else _drop_rows)(counts)


def _count(chunk: Chunk, question: Stat, window: Window, groups: Groups) -> Counts:
    """Return the moments of a chunk's moves, and how many visits are too young to tell."""
    _, visits, bounds, group = _walked(chunk, question, window, groups)
    if isinstance(question, Bottlenecks):
        visits = visits.timed
        tables, seen = time_tables(visits, _walk(visits), bounds, group)
    else:
        tables, seen = _moments(visits, bounds, group, isinstance(question, DropOff))
    total = {"patience": np.array([visits.cases.patience], np.int64)}
    total["n_under_way"] = np.array([visits.cases.n_under_way], np.int64)
    total["n_actors"] = np.array([np.count_nonzero(np.diff(visits.cases.actor_offsets))], np.int64)
    for g, side in enumerate("ab"):
        total |= {f"n_{side}": seen[g, :1].copy(), f"young_{side}": seen[g, 1:].copy()}
    tables["cases"] = Table({}, total, largest=("patience",))
    return Counts(tables)


def _walked(
    chunk: Chunk, question: Stat, window: Window, groups: Groups
) -> tuple[Chunk, Visits, Ints | None, Groups8 | None]:
    """Return the chunk as it is counted, its visits, and the periods of both groups or the group of each case."""
    assert isinstance(question, PathStat)
    ready = question.prepare(chunk)
    visits = question.visits(ready, window)
    if groups.by is None:
        return ready, visits, np.array(groups.bounds, np.int64), None
    return ready, visits, None, groups.cases(ready, ready.cases(question.case_level(ready)))


def _walk(visits: Visits) -> tuple[Any, ...]:
    cases = visits.cases
    spans = cases.actor_offsets, cases.begin, cases.end, cases.outcome
    return visits.node, visits.enter, visits.leave, *spans, len(visits.labels), visits.watched


def _moments(
    visits: Visits, bounds: Ints | None, group: Groups8 | None, by_end: bool
) -> tuple[dict[str, Table], Ints]:
    """Return the moments of moves, or of how visits went on, and the visits."""
    n_nodes = len(visits.labels)
    wide = 3 if by_end else n_nodes + 3
    if by_end or (n_nodes + 1) * wide <= DENSE:
        rows, bases, seen = count_moves(*_walk(visits), bounds, group, by_end, most_moves(visits))
        used, left = np.flatnonzero(rows[:, 0] + rows[:, 3]), np.flatnonzero(bases[:, 0] + bases[:, 3])
        keys = _end_keys(used, visits) if by_end else _edge_keys(used, visits)
        return moment_tables(keys, rows[used], _node_key(left, visits), bases[left]), seen
    start, to, side, offsets, seen = list_moves(*_walk(visits), bounds, group)
    trials = Trials(offsets, start, start.astype(np.int64) * wide + to, side)
    return trials.tables(lambda rows: _edge_keys(rows, visits), lambda base: _node_key(base, visits)), seen


def _end_keys(rows: Ints, visits: Visits) -> Keys:
    return {**_node_key(rows // 3, visits), "end": rows % 3}


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


def _nothing(bases: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return by node how many visits each group left there, and what a share of 0 of them is worth."""
    keys = pd.DataFrame(node_columns(bases.coded("node"), "from"))
    sides = []
    for side in "ab":
        n, squares = bases.values[f"n_{side}"], bases.values[f"nn_{side}"]
        sides.append(keys.assign(n=n, high=cluster_share(0, n, 0, 0, squares)[1]))
    return sides[0], sides[1]


def _drop_rows(counts: Counts) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the shares that drop and that reach at each node, also where nobody does."""
    rows, bases = (  # the start is no visit that goes on or drops
        table.take(np.flatnonzero(table.codes("node") >= 0)) for table in (counts["rows"], counts["bases"])
    )
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
            )
        )
    return sides[0], sides[1], keys.assign(correlation=pair.correlation[:n])


def _notes(counts: Counts, window: Window, groups: Groups) -> tuple[str, ...]:
    total = {name: int(values.sum()) for name, values in counts["cases"].values.items() if name != "patience"}
    patience = int(counts["cases"].values["patience"].max(initial=UNDECLARED))
    notes = [*groups.outside(window), *under_way_note(total["n_under_way"])]
    if patience == UNDECLARED:
        notes.append(NO_PATIENCE)
        notes.append(
            note(
                "without a patience, moves of an earlier period had more time to be made than those of a later one"
            )
        )
    else:
        notes.append(
            note(
                "patience {patience}: what a visit is followed for, in both periods",
                patience=Span(patience),
            )
        )
    for name, side in zip(groups.names, "ab", strict=True):
        if total[f"young_{side}"]:
            notes.append(
                note(
                    "{name}: {n:,} of {total:,} visits are too young to tell and stay out",
                    name=name,
                    n=total[f"young_{side}"],
                    total=total[f"n_{side}"],
                )
            )
    return tuple(notes)
