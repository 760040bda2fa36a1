"""Time to what comes next: how long until an event, a stage or whatever competes with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.actor_groups import actor_groups, actor_of_cases
from journeylog.core.cases import node_column, under_way_note, with_cases
from journeylog.core.chunk import Chunk, Level
from journeylog.core.condition import Condition, freeze, matches
from journeylog.core.contracts import Grouped, Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.kernels.timeto import NOT_STARTED, first_ends
from journeylog.core.rules import first_rule
from journeylog.core.schema import KIND_OF_CODE, REACHED, SECOND
from journeylog.core.seen import name_table, warn_unseen_names
from journeylog.core.survival import Ends, LogRank, Watched, log_rank, restricted_mean
from journeylog.core.ways import Way, curve_frame, waiting_frame, way_frame, ways_of
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, cut, nearest

__all__ = ["TimeTo", "TimeToResult", "logrank"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

#: Actors with several cases are told apart by a hash with as many values.
ACTOR_GROUPS = 1024


@dataclass(frozen=True)
class TimeTo(Stat):
    """Tell how long it takes until something happens, without counting those as lost who had no time yet.

    The clock of a case starts at its first event that fits `start`, and stops at the first later event that fits one
    of `to`. Until then the case may be given up (silence longer than its patience, at the moment the silence has
    lasted so long), end with its goal (where the goal ends it), or still be open when the window ends: open ones are
    censored, the others compete.

    Parameters
    ----------
    to : condition, list of names, or mapping of str to condition; None
        What is waited for (see :mod:`journeylog.core.condition`). Several compete, and the first that happens counts:
        in a list each name is one of them, in a mapping each has a name of your own. None: whichever other value of
        `node` comes first.
    start : condition or None
        Where the clock starts; None is the case's first event.
    case : str or None
        What is followed: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order,
        deal). None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.
    node : str or None
        With ``to=None``: the column whose values compete; None is ``"stage"`` where there are stages, else
        ``"event"``.

    Notes
    -----
    Table, one row for each way on, those asked for first, then reached (the case's goal) and dropped: ``to, to_kind,
    n, n_cases, n_actors, n_open, share, share_low, share_high, median_s, median_low_s, median_high_s``. ``share`` is
    the cumulative incidence at the end of what was watched: the share of all cases that went this way by then, with
    open cases censored (Aalen and Johansen). ``median_s`` is the time by which half of all cases went this way; nan
    means it was not reached.

    ``tables["curve"]``: ``to, to_kind, time_s, n_at_risk, n, share, share_low, share_high``, a row for each time at
    which a case went that way. ``tables["waiting"]``: ``time_s, n_at_risk, n_ended, n_censored, waiting, waiting_low,
    waiting_high``, the share to which nothing has happened yet (Kaplan and Meier, Greenwood, log-log bands). Bounds are
    nan where a share is 0 or 1.

    Open cases are taken as those of whom nothing else is known. Where actors have several cases, the intervals and the
    log-rank test know that these go together (infinitesimal jackknife over actors); medians and shares are of cases.

    A case that was under way before the window began counts from its first event seen, so times from a first event
    are too short near the window's start. A session that was cut (at midnight, by a start event) is given up when
    its silence has lasted, like any other, and open until then.

    Counts merge by addition, keyed by the end, the exact time in microseconds and, for actors with several cases, a hash
    of the actor.

    References
    ----------
    E. L. Kaplan, P. Meier (1958), JASA 53. O. O. Aalen, S. Johansen (1978), Scand. J. Stat. 5. T. M. Therneau, P. M.
    Grambsch (2000), Modeling Survival Data, 8.2.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny()
    >>> log.compute(jl.TimeTo("pay", start="cart")).table[["to", "n", "n_cases", "n_open", "median_s"]]
        to  n  n_cases  n_open  median_s
    0  pay  2        3       1     840.0
    """

    to: Condition = None
    start: Condition = None
    case: str | None = None
    node: str | None = None
    names: tuple[str, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        """Check what was asked."""
        if self.start is not None:
            object.__setattr__(self, "start", freeze(self.start))
        if self.to is None:
            return
        if self.node is not None:
            raise ConfigError(
                f"node={self.node!r} says what competes when to is None. Fix: leave one of them out"
            )
        causes = _causes(self.to)
        object.__setattr__(self, "to", causes)
        object.__setattr__(self, "names", tuple(causes))

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return how many cases went on in each way after each time."""
        return self._count(chunk, window, False)

    def count_by_actor(self, chunk: Chunk, window: Window) -> Counts:
        """Return the same with a hash of the actor for every case, also for the only one of an actor.

        So what actors did in two groups of cases can be put together.
        """
        return self._count(chunk, window, True)

    def _count(self, chunk: Chunk, window: Window, by_actor: bool) -> Counts:
        level = chunk.cases(self.case_level(chunk))
        starts = np.ones(chunk.n_events, bool) if self.start is None else matches(chunk, self.start)
        cause, apart, labels, ordered = self._arrivals(chunk)
        time = chunk.time
        if level.order is not None:
            order = level.order
            time, starts, cause = time[order], starts[order], cause[order]
            apart = None if apart is None else apart[order]
        ends, spent = np.empty(len(level), np.int32), np.empty(len(level), np.int64)
        over = (level.outcome == REACHED) & level.goal_ends
        first_ends(
            time, starts, cause, apart, level.begin, level.end, over, level.patience, window.end, ends, spent
        )
        started = np.flatnonzero(ends != NOT_STARTED)
        group, n_actors = _actors(chunk, level, started, by_actor)
        keys: dict[str, Coded | Ints] = {
            "time": spent[started],
            "end": Coded(ends[started].astype(np.int64), labels, ordered),
            "actors": group,
        }
        total = {"n": len(started), "n_actors": n_actors, "n_under_way": level.n_under_way}
        tables = {
            "ends": Table(keys, {"n": np.ones(len(started), np.int64)}),
            "cases": Table({}, {name: np.array([n], np.int64) for name, n in total.items()}),
            "names": name_table(chunk),
        }
        return Counts(tables).canonical()

    def _arrivals(self, chunk: Chunk) -> tuple[Codes, Codes | None, tuple[str, ...], bool]:
        """Return by event what it is an arrival at and what must differ from the start, if anything; names, order."""
        if self.to is None:
            column = chunk.category(node_column(chunk, self.node))
            return column.codes, column.codes, column.names, column.ordered
        for name, condition in self.to.items():
            if name in chunk.columns and name != condition:
                raise ConfigError(
                    f"to={{{name!r}: ...}} is a word for what is waited for, and {name!r} is a column. "
                    f"Fix: to={{'a word': {{{name!r}: {cut(condition)}}}}}"
                )
        return first_rule(chunk, self.to).codes, None, self.names, False

    def result(self, counts: Counts, window: Window) -> TimeToResult:
        """Return shares and times."""
        asked = [] if self.to is None else list(self.to.values())
        warn_unseen_names(counts["names"], [*asked, *([] if self.start is None else [self.start])])
        rows = counts["ends"]
        column = rows.coded("end")
        found = ways_of(self.names, column)
        place = {code: i for i, (_, code) in enumerate(found)}
        low = int(column.codes.min(initial=0))
        way_of = np.array([place.get(code, -1) for code in range(low, len(column.labels))], np.int64)
        way = way_of[column.codes - low]
        cases = Watched.of(
            rows.codes("time"), rows.values["n"], way, rows.codes("actors"), len(found), ACTOR_GROUPS
        )
        total = {name: int(values.sum()) for name, values in counts["cases"].values.items()}
        ways = [
            Way.of(name, KIND_OF_CODE.get(code, "node"), i, cases) for i, (name, code) in enumerate(found)
        ]
        notes = under_way_note(total["n_under_way"])
        tables = {"curve": curve_frame(ways, cases.ends), "waiting": waiting_frame(cases)}
        return TimeToResult(self, window, way_frame(ways, total, cases.ends), tables, notes, cases)


@dataclass(frozen=True, eq=False, repr=False)
class TimeToResult(Result):
    """How long it takes; see :class:`TimeTo` for the tables."""

    cases: Watched = field(default_factory=lambda: Watched.of(*(np.zeros(0, np.int64),) * 3))

    @property
    def ends(self) -> Ends:
        """What happened at each time, whichever way cases went."""
        return self.cases.ends

    def within(self, limit: str) -> pd.DataFrame:
        """Return which share went each way within a time, with its interval and how many were watched so long.

        Parameters
        ----------
        limit : str
            A duration such as ``"7d"``. Beyond what was watched nothing is known, and the share is nan.

        Returns
        -------
        pandas.DataFrame
            ``to, to_kind, within_s, n_at_risk, n, share, share_low, share_high``. ``n_at_risk`` are the cases still
            waiting and watched just before that time: with few of them the last part of the share rests on few. The
            bounds are nan where nobody, or everybody, went that way by then.

        Examples
        --------
        >>> import journeylog as jl
        >>> result = jl.datasets.tiny().compute(jl.TimeTo("pay", start="cart"))
        >>> result.within("10min")[["to", "n", "share"]]
            to  n     share
        0  pay  1  0.333333
        """
        end = parse_duration(limit, name="limit")
        seconds = end / SECOND
        n_at_risk = int(np.append(self.ends.n_at_risk, 0)[np.searchsorted(self.ends.time, end)])
        names = ("share", "share_low", "share_high")
        curve, rows = self.tables["curve"], []
        for to, kind in zip(self.table["to"], self.table["to_kind"], strict=True):
            mine = curve[(curve["to"] == to) & (curve["to_kind"] == kind) & (curve["time_s"] <= seconds)]
            found = [*mine.iloc[-1][list(names)]] if len(mine) else [0.0, np.nan, np.nan]
            shares = found if self._watched(end) else [np.nan] * 3
            rows.append((to, kind, seconds, n_at_risk, int(mine["n"].sum()), *shares))
        return pd.DataFrame(rows, columns=["to", "to_kind", "within_s", "n_at_risk", "n", *names])

    def restricted_mean(self, limit: str) -> tuple[float, float, float]:
        """Return the mean time until anything happens, counted up to a limit, with its interval, in seconds.

        Parameters
        ----------
        limit : str
            A duration such as ``"30d"``. nan beyond what was watched; the bounds are nan where nothing varies (one
            case, or nothing happened by then).

        Examples
        --------
        >>> import journeylog as jl
        >>> result = jl.datasets.tiny().compute(jl.TimeTo("pay", start="cart"))
        >>> round(result.restricted_mean("10min")[0])
        500
        """
        end = parse_duration(limit, name="limit")
        if not self._watched(end):
            return float("nan"), float("nan"), float("nan")
        mean, error = restricted_mean(self.cases, end)
        half = self.cases.reach * error if error > 0 else float("nan")
        return (
            mean / SECOND,
            float(np.maximum(mean - half, 0)) / SECOND,
            float(np.minimum(mean + half, end)) / SECOND,
        )

    def _watched(self, micros: int) -> bool:
        """Return whether some case was watched so long, or the fate of all is known before."""
        ends = self.ends
        return len(ends.time) > 0 and bool(ends.time[-1] >= micros or ends.n_censored[-1] == 0)


def logrank(groups: Grouped, to: str | None = None) -> LogRank:
    """Test whether groups differ in how soon something happens; cases without a value are in none of them.

    Parameters
    ----------
    groups : Grouped
        ``log.compute(jl.TimeTo(...), by="device")``.
    to : str, optional
        The way on that is compared, the others being censored; by default whatever ends the waiting.

    Returns
    -------
    LogRank
        ``statistic, df, p_value, observed, expected, groups``.

    Raises
    ------
    ConfigError
        If these are no groups of :class:`TimeTo`, or nothing is called so.

    References
    ----------
    N. Mantel (1966), Evaluation of survival data and two new rank order statistics. Cancer Chemother. Rep. 50.

    Notes
    -----
    Actors with several cases count as one each for the test's certainty.

    Examples
    --------
    >>> import journeylog as jl
    >>> groups = jl.datasets.tiny().compute(jl.TimeTo("pay", start="home"), by="channel")
    >>> jl.logrank(groups).df
    1
    """
    results = list(groups.values()) if isinstance(groups, Grouped) else []
    if not results or not all(isinstance(result, TimeToResult) for result in results):
        raise ConfigError("these are no groups of TimeTo. Fix: log.compute(jl.TimeTo(...), by='a column')")
    names = tuple(value for value in groups if value is not None)
    answers = [result for name in names if isinstance(result := groups[name], TimeToResult)]
    known = list(dict.fromkeys(name for answer in answers for name in answer.table["to"]))
    if to is not None and to not in known:
        near = nearest(to, known)
        hint = f"did you mean {near[0]!r}?" if near else "one of these"
        raise ConfigError(f"to={to!r} is none of {cut(known)}. Fix: {hint}")
    ways = None if to is None else [_way(answer, to) for answer in answers]
    return replace(log_rank([answer.cases for answer in answers], ways), groups=names)


def _actors(chunk: Chunk, level: Level, cases: Ints, of_all: bool) -> tuple[Ints, int]:
    """Return by case the group of its actor, and how many actors there are.

    The group is -1 where the case is the actor's only one, unless groups `of_all` are asked for.
    """
    alone = np.full(len(cases), -1, np.int64)
    if len(level) == 0 or (not of_all and int(np.diff(level.actor_offsets).max()) <= 1):
        return alone, len(cases)
    mine = actor_of_cases(chunk, level)[cases]
    n = np.bincount(mine, minlength=1)
    several = n[mine] > (0 if of_all else 1)
    if several.any():
        alone[several] = actor_groups(chunk, ACTOR_GROUPS)[mine[several]]
    return alone, int(np.count_nonzero(n))


def _way(answer: TimeToResult, to: str) -> int:
    """Return the place of a way on, -2 where nobody went it; a name of the data goes before an outcome called so."""
    table = answer.table
    for kind in ("node", to):
        found = np.flatnonzero((table["to"] == to) & (table["to_kind"] == kind))
        if len(found):
            return int(found[0])
    return -2


def _causes(to: Any) -> dict[str, Condition]:
    """Return the conditions that compete, by name."""
    if isinstance(to, str):
        return {to: to}
    if isinstance(to, Mapping):
        if not to:
            raise ConfigError("to={} names nothing. Fix: for example to={'paid': 'pay*'}")
        return {str(name): freeze(condition) for name, condition in to.items()}
    if isinstance(to, Iterable) and (names := list(to)) and all(isinstance(name, str) for name in names):
        if len(set(names)) < len(names):
            raise ConfigError(f"to={cut(names)} names something twice. Fix: name each once")
        return {name: name for name in names}
    raise ConfigError(
        f"to={cut(to)} is not possible. Fix: a name, a list of names, or {{'a word': condition}}"
    )
