"""Moments of truth: what those who did something went on to reach, beside those at risk who did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import node_column, under_way_note, with_cases
from journeylog.core.chunk import Chunk, Level
from journeylog.core.condition import Condition, freeze, matches
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts
from journeylog.core.differences import benjamini_hochberg
from journeylog.core.encode import side_by_side
from journeylog.core.nodes import node_columns
from journeylog.core.notes import Span, note
from journeylog.core.riskratios import Pooled, pool_strata
from journeylog.core.risksets import Bands, RiskSets
from journeylog.core.schema import NONE, REACHED
from journeylog.core.seen import name_table, warn_unseen_names
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError
from journeylog.steps.durations import Duration, written_duration

__all__ = ["Moments", "MomentsResult"]

Ints = npt.NDArray[np.int64]

#: Below this false discovery rate an association is supported.
_SUPPORTED = 0.05


@dataclass(frozen=True)
class Moments(Stat):
    """Tell for every node and transition whether those who just did it reach the goal more often than others there.

    Whoever does something for the first time in a journey is compared with the journeys **at risk at that moment**:
    those that stand at the same place, at the same position and time in the journey, are known to be under way there,
    and have not done it so far. From that moment on both are followed for the same time. So an event that has nothing
    to do with the outcome has a lift of 1, however many more chances to meet it a long journey has. What is found is
    an association, and no cause unless it comes from an experiment.

    Parameters
    ----------
    goal : condition or None
        The outcome (see :mod:`journeylog.core.condition`). None: the journeys' own goal, with which they end.
    within : str or timedelta
        The time after the moment in which the goal counts. Moments that were not watched so long, those of the last
        days of the window, are not looked at.
    node : str or None
        The column whose values are the moments; None is ``"stage"`` where there are stages, else ``"event"``.
    case : str or None
        What is followed: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order, deal).
        None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise. Only the way to the first goal of a
        case is looked at.
    at : str or None
        Where a case stands: ``"node"`` is the node it met last; else a column, such as ``"stage"``; None: everywhere is
        one place. With thousands of names take stages or None.
    adjust : str or sequence of str
        Columns whose value at a case's first event is held fixed, too.
    transitions : bool
        Whether moves from one node to another are moments as well: going from u to v against standing at u.
    min_n : int
        Below so many who did it, or of the others, there is no p-value and nothing is called supported.
    positions : sequence of int
        Upper bounds of the bands in which positions count as the same. Later events are not looked at.
    elapsed : sequence of str
        Upper bounds of the bands in which times since the case's first event count as the same; above the last is one
        more.

    Raises
    ------
    ConfigError
        If a duration has no unit, bounds do not rise, or there are more risk sets than can be counted.

    Notes
    -----
    Table, what is supported first, in front the surely largest lift (by its bound nearest to 1): ``kind`` (node or
    transition), ``from, from_kind, moment, n, n_did, n_did_goal, n_not, n_not_goal, n_alone, did_rate, not_rate, lift,
    lift_low, lift_high, difference, difference_low, difference_high, p, q, supported``.

    ``n = n_did + n_not``: cases at the moment they do it, and the stands of cases at risk (a case stands somewhere at
    each of its events, so it counts in many risk sets; later it may do it, too). ``n_alone`` did it where nobody at
    risk stood and are not compared. The rates are averages over strata with the weights of Mantel and Haenszel, so they
    differ from ``n_did_goal / n_did``; ``lift`` is their ratio, ``difference`` their difference.

    Intervals and p-values know that a case is in many risk sets and an actor has many cases: they come from leaving out
    one of 20 random groups of actors at a time (by a hash of the id). The p-value belongs to the lift's interval, or is
    the exact binomial one of those who did it where that is larger (few goals expected). ``q`` is the false discovery
    rate (Benjamini and Hochberg) over all rows with a p-value; ``supported`` is q below 0.05.

    Counts merge by addition, keyed by node, place, bands and attributes, with a column for each group.

    References
    ----------
    N. Mantel, W. Haenszel (1959), JNCI 22 (strata). S. Suissa (2008), Am. J. Epidemiol. 167 (immortal time). M. A.
    Hernan et al. (2008), Epidemiology 19 (a trial at each moment). M. H. Quenouille (1956), Biometrika 43 (jackknife).

    Examples
    --------
    >>> import journeylog as jl
    >>> result = jl.datasets.tiny().compute(jl.Moments("pay", within="1h", transitions=False))
    >>> result.table[["moment", "n_did", "n_did_goal", "n_not", "n_not_goal", "n_alone"]]
       moment  n_did  n_did_goal  n_not  n_not_goal  n_alone
    0    cart      1           1      1           1        2
    1  search      1           1      1           0        0
    2    home      0           0      0           0        3
    """

    goal: Condition
    within: Duration
    node: str | None = None
    case: str | None = None
    at: str | None = "node"
    adjust: Any = ()
    transitions: bool = True
    min_n: int = 30
    positions: Sequence[int] = (4, 16, 64, 256)
    elapsed: Sequence[Duration] = ("1min", "1h", "1d", "7d")

    def __post_init__(self) -> None:
        """Check what was asked."""
        if self.goal is not None:
            object.__setattr__(self, "goal", freeze(self.goal))
        object.__setattr__(self, "within", written_duration(self.within, "within"))
        names = (self.adjust,) if isinstance(self.adjust, str) else tuple(self.adjust)
        object.__setattr__(self, "adjust", names)
        object.__setattr__(self, "positions", tuple(self.positions))
        object.__setattr__(
            self, "elapsed", tuple(written_duration(value, "elapsed") for value in self.elapsed)
        )
        bounds = self._bands()
        rising = all((np.diff((0, *part)) > 0).all() for part in (bounds.positions, bounds.elapsed))
        if not rising or not bounds.positions or not all(isinstance(k, int) for k in bounds.positions):
            raise ConfigError(
                f"positions={self.positions!r} and elapsed={self.elapsed!r} are upper bounds of bands. "
                "Fix: rising ones, as (4, 16, 64) and ('1min', '1h', '1d')"
            )
        if not isinstance(self.min_n, int) or self.min_n < 1:
            raise ConfigError(f"min_n={self.min_n!r} is not possible. Fix: a whole number of at least 1")
        if not isinstance(self.transitions, bool):
            raise ConfigError(f"transitions={self.transitions!r} is neither True nor False. Fix: choose one")

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return who stood where, who did what, and who of them reached the goal."""
        level = chunk.cases(self.case_level(chunk))
        name = node_column(chunk, self.node)
        node = chunk.category(name)
        sets = RiskSets(
            chunk,
            level,
            node,
            name != "event",
            None if self.at is None else node if self.at == "node" else chunk.category(self.at),
            tuple(chunk.category(name) for name in self.adjust),
            self._goals(chunk, level),
            self._bands(),
        )
        tables = sets.tables(self._within, window.end - self._within, self.transitions)
        return Counts({**tables, "names": name_table(chunk)}).canonical()

    @property
    def _within(self) -> int:
        return parse_duration(self.within)

    def _bands(self) -> Bands:
        elapsed = tuple(parse_duration(value) for value in self.elapsed)
        return Bands(tuple(self.positions), elapsed)

    def _goals(self, chunk: Chunk, level: Level) -> npt.NDArray[np.bool_]:
        if self.goal is not None:
            return matches(chunk, self.goal)
        reached = level.outcome == REACHED
        if reached.any() and not level.goal_ends:
            raise ConfigError(
                "these journeys go on after their goal, so where it was is not known. "
                "Fix: name it, as jl.Moments('pay', ...), or jl.Journeys(..., goal_ends=True)"
            )
        last = level.end[reached] - 1
        goals = np.zeros(chunk.n_events, dtype=bool)
        goals[last if level.order is None else level.order[last]] = True
        return goals

    def result(self, counts: Counts, window: Window) -> MomentsResult:
        """Return shares, lifts and differences with their intervals."""
        warn_unseen_names(counts["names"], [] if self.goal is None else [self.goal])
        asked = [_node_part, _move_part] if self.transitions else [_node_part]
        parts = side_by_side(lambda part: part(counts), asked)
        table = pd.concat(parts, ignore_index=True) if any(len(part) for part in parts) else parts[0]
        told = (table["n_did"] >= self.min_n) & (table["n_not"] >= self.min_n)
        table["p"] = table["p"].where(told)
        table["q"] = benjamini_hochberg(table["p"].to_numpy(np.float64))
        table["supported"] = table["q"] < _SUPPORTED
        order = np.lexsort((-table["n_did"], -_sure(table).where(told, -1.0), ~table["supported"]))
        table = table.iloc[order].reset_index(drop=True)
        return MomentsResult(self, window, table, {}, self._notes(table, told.sum(), counts, window))

    def _notes(self, table: pd.DataFrame, n_told: int, counts: Counts, window: Window) -> tuple[str, ...]:
        total = {name: int(values.sum()) for name, values in counts["cases"].values.items()}
        within = Span(self._within)
        held: list[str] = [note("position"), note("time in the journey"), *self.adjust]
        column = note("stage") if self.at == "stage" else self.at
        place = note("place") if self.at == "node" else note("place ({column})", column=column)
        held = held if self.at is None else [place, *held]
        notes = [
            note(
                "an association among journeys at risk at the same moment, not a cause unless it comes from an "
                "experiment; held fixed: {held}",
                held=tuple(held),
            ),
            note(
                "the goal counts within {within} of the moment; {n:,} of {total:,} visits before the goal are not looked "
                "at: they were not watched so long, or are beyond position {position}",
                within=within,
                n=total["n_beyond"],
                total=total["n_beyond"] + total["n_stands"],
                position=self.positions[-1],
            ),
            note(
                "{n:,} of {total:,} moments have {least} on both sides; q is over them",
                n=n_told,
                total=len(table),
                least=self.min_n,
            ),
            *under_way_note(total["n_under_way"]),
        ]
        alone = int(table.loc[table["kind"] == "node", "n_alone"].sum())
        if alone:
            notes.append(note("{n:,} first visits have nobody to be compared with (n_alone)", n=alone))
        if window.end - window.start < self._within:
            notes.append(note("the window is shorter than {within}, so nothing can be told", within=within))
        return tuple(notes)


@dataclass(frozen=True, eq=False, repr=False)
class MomentsResult(Result):
    """Moments and their association with the outcome; see :class:`Moments` for the table."""


def _node_part(counts: Counts) -> pd.DataFrame:
    rows = counts["nodes"]
    node = rows.coded("node")
    names, nowhere = np.arange(len(node.labels)), np.full(len(node.labels), NONE)
    pooled = pool_strata(rows, counts["stood"], node.codes, len(node.labels))
    return _frame("node", Coded(nowhere, node.labels), Coded(names, node.labels), pooled)


def _move_part(counts: Counts) -> pd.DataFrame:
    rows = counts["moves"]
    place, node = rows.coded("place"), rows.coded("node")
    wide = len(node.labels) + 1
    pairs, moment = np.unique(place.codes * wide + node.codes, return_inverse=True)
    stood = counts["stood_at"] if len(counts["stood_at"]) else counts["stood"]  # nodes are the places
    pooled = pool_strata(rows, stood, moment, len(pairs))
    return _frame("transition", Coded(pairs // wide, place.labels), Coded(pairs % wide, node.labels), pooled)


def _frame(kind: str, start: Coded, moment: Coded, pooled: Pooled) -> pd.DataFrame:
    lift = pooled.lift()
    columns: dict[str, Any] = {
        "kind": pd.Series([kind] * len(lift.value), dtype=object),
        **node_columns(start, "from"),
        "moment": node_columns(moment, "node")["node"],
        "n": pooled.n_did + pooled.n_not,
        "n_did": pooled.n_did,
        "n_did_goal": pooled.n_did_goal,
        "n_not": pooled.n_not,
        "n_not_goal": pooled.n_not_goal,
        "n_alone": pooled.n_alone,
        "did_rate": pooled.did,
        "not_rate": pooled.rest,
    }
    for name, parts in (("lift", lift), ("difference", pooled.difference())):
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), parts, strict=True))
    frame = pd.DataFrame({**columns, "p": pooled.p_value()})
    return frame[pooled.n_did + pooled.n_alone > 0]


def _sure(table: pd.DataFrame) -> pd.Series[float]:
    """Return how far a lift is from 1 on the scale of logarithms at least; 0 where the interval holds 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.log(table["lift_low"]), np.log(table["lift_high"])
    return pd.Series(np.maximum(np.maximum(low, -high), 0.0)).fillna(0.0)
