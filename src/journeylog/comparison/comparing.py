"""Comparing two groups: what differs, by how much, and which of the many differences are supported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from journeylog.comparison.drawn import pooled
from journeylog.comparison.follow_up import asked_alike, common_follow_up, outcomes_within
from journeylog.comparison.groups import Groups, Period, of_cases
from journeylog.comparison.moves import MOVES, moves_by_period
from journeylog.comparison.paired import correlation_of
from journeylog.comparison.readers import READ, common_limit, nothing_of, reader_of, times_of
from journeylog.comparison.result import Comparison
from journeylog.comparison.strata import stratified
from journeylog.comparison.table import Sides, difference_table, with_q
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Counts
from journeylog.core.intervals import LEVEL
from journeylog.core.log import EventLog
from journeylog.core.notes import Span, note
from journeylog.core.select import keep_cases
from journeylog.core.window import parse_duration
from journeylog.errors import ConfigError, cut
from journeylog.stats.outcomes import Outcomes, OutcomesResult
from journeylog.stats.timeto import TimeToResult
from journeylog.stats.transitions import Transitions, TransitionsResult

__all__ = ["compare", "sides_of_log"]


def compare(
    first: EventLog | Result,
    second: Stat | Result,
    /,
    *,
    by: str | None = None,
    a: Period | None = None,
    b: Period | None = None,
    within: str | None = None,
    follow_up: Any = "auto",
    min_n: int = 20,
) -> Comparison:
    """Compare two groups, two periods or two logs in every share and time of a question.

    Parameters
    ----------
    first, second : EventLog and Stat, or two results of one question
        ``compare(log, jl.DropOff(), by="variant")``, ``compare(log, jl.DropOff(), a="2025-01", b="2025-02")``, or the
        results of two logs.
    by : str, optional
        The attribute whose values are the groups; a case counts for the value at its first event.
    a, b : str, or begin and end
        With `by` the two values, by default the only two. Of a log without `by` two periods: ``"2025-01"``,
        ``"2025Q1"``, or ``("2025-01-01", "2025-02-01")``, whose end is not in it (UTC unless a zone is written). Of two
        results their names. `b` is held against `a`.
    within : str, optional
        An attribute whose values are segments: each is compared by itself, and a difference standardised over them
        stands beside the pooled one. A note says where the two contradict each other (Simpson's paradox).
    follow_up : "auto", str or None
        Over which time cases are compared that could be watched for different times (:class:`Outcomes`,
        :class:`TimeTo`, a :class:`Funnel` without `within`). ``"auto"``: the time for which at least half of the cases
        of both groups were watched; None: as long as each was.
    min_n : int
        Rows with fewer visits or cases on either side are shown, and not tested.

    Returns
    -------
    Comparison
        Table: the keys of the question's own table, ``measure, unit, n_a, n_b, value_a, value_b, difference,
        difference_low, difference_high, ratio, ratio_low, ratio_high, p, q, supported``; with `within` also
        ``adjusted, adjusted_low, adjusted_high, adjusted_p``, and ``tables["segments"]``.

    Raises
    ------
    ConfigError
        If these cannot be compared, or the groups are not named and are not two.

    Notes
    -----
    ``difference`` is ``b - a`` and ``ratio`` is ``b / a``; a ``unit`` of ``"share"`` or ``"s"`` says of what.
    Intervals are made of those of both groups (Newcombe; Zou and Donner), so they know what those know of actors who
    count many times. Where actors are in both groups, the correlation of both estimates is counted by actor and used:
    for shares, and for the times of :class:`Bottlenecks` and :class:`TimeTo`.
    ``p`` is below 0.05 exactly where the interval of the difference leaves out 0; ``q`` is Benjamini and Hochberg's
    over all tested rows of this comparison.

    A move belongs to the period in which the visit it leaves was left (:class:`Transitions`, :class:`DropOff`,
    :class:`Bottlenecks`); the log is not cut at the border, so no start, end or open case is invented there. A case
    (:class:`Funnel`, :class:`Outcomes`, :class:`TimeTo`, :class:`Retention`) belongs to the period of its first event.

    What happens in one group only is compared with a share of 0 in the other. Cases without a value of `by` are in
    neither group. Two results are comparable where both logs were cut alike: one goal, one patience.

    Moves and attempts are watched for the whole patience, or `within`, in both groups, or they are not in the rates.
    Shares of :class:`Outcomes` are of all cases, open ones among them: those watched for less long reached less for
    that alone. Their rows ``share_within`` count what had happened after the common follow-up.

    References
    ----------
    R. G. Newcombe (1998), Stat. Med. 17. G. Y. Zou, A. Donner (2008), Stat. Med. 27. Y. Benjamini, Y. Hochberg
    (1995), JRSS B 57.

    Examples
    --------
    >>> import journeylog as jl
    >>> before, after = (jl.datasets.tiny() for _ in "ab")
    >>> same = jl.compare(before.compute(jl.Outcomes()), after.compute(jl.Outcomes()), min_n=1)
    >>> same.table[["outcome", "value_a", "value_b", "difference", "supported"]]
       outcome  value_a  value_b  difference  supported
    0  reached      0.0      0.0         0.0      False
    1  dropped      0.0      0.0         0.0      False
    2     open      1.0      1.0         0.0      False

    Two periods of one log:

    >>> log = jl.datasets.tiny()
    >>> morning, noon = ("2025-01-06 09:00", "2025-01-06 11:00"), ("2025-01-06 11:00", "2025-01-06 13:00")
    >>> found = jl.compare(log, jl.Transitions(), a=morning, b=noon, min_n=1).table
    >>> found[["from", "to", "n_a", "n_b", "value_a", "value_b"]].head(3)
        from    to  n_a  n_b  value_a  value_b
    0  start  home    2    2      1.0      1.0
    1   cart  home    2    1      0.0      1.0
    2   cart   pay    2    1      1.0      0.0
    """
    if isinstance(first, Result) and isinstance(second, Result):
        return _of_results(first, second, by, a, b, within, follow_up, min_n)
    if not (isinstance(first, EventLog) and isinstance(second, Stat)):
        what = f"{type(first).__name__} and {type(second).__name__}"
        raise ConfigError(f"{what} cannot be compared. Fix: a log and a question, or two results")
    groups = _groups(first, second, by, a, b)
    follow = common_follow_up(first, second, groups, follow_up)
    question, changed = asked_alike(second, follow)
    sides, drawn = sides_of_log(first, question, groups, follow)
    table, n_small = difference_table(sides, min_n)
    notes = [*changed, *sides.notes]
    if isinstance(second, Outcomes):
        notes += _open_differs(table)
    if n_small:
        notes.append(
            note("{n:,} rows with fewer than {least} on a side are not tested", n=n_small, least=min_n)
        )
    tables = {}
    if within is not None:
        table, tables["segments"], more = stratified(
            first,
            question,
            groups,
            within,
            table,
            min_n,
            lambda log: sides_of_log(log, question, groups, follow)[0],
        )
        notes += more
    return Comparison(question, first.window, with_q(table), tables, tuple(notes), *groups.names, drawn)


def _groups(log: EventLog, question: Stat, by: str | None, a: Any, b: Any) -> Groups:
    """Return the two groups that were asked for."""
    if by is not None:
        return Groups.of_values(log, question, by, a, b)
    if a is None or b is None:
        raise ConfigError(
            "what are the two groups? Fix: by='a column', two periods (a='2025-01', b='2025-02'), or pass two results"
        )
    return Groups.of_periods(a, b)


def sides_of_log(
    log: EventLog, question: Stat, groups: Groups, follow_up: int = 0
) -> tuple[Sides, TransitionsResult | None]:
    """Return the rows of both groups of a log, and the graph of their moves where the question is about them."""
    if groups.by is None and isinstance(question, MOVES):
        graph = log.compute(question) if isinstance(question, Transitions) else None
        return moves_by_period(log, question, groups), graph
    one, other = _answers(log, question, groups)
    sides = _read(one, other, follow_up)
    together, n_both = correlation_of(log, question, groups, (one, other), follow_up)
    notes = [*_notes(one, other, groups.names), *sides.notes]
    if groups.by is None:
        notes += groups.outside(log.window)
    if n_both:
        notes.append(
            note(
                "{n:,} actors have cases in both groups; the intervals know that these go together", n=n_both
            )
        )
    if isinstance(question, Outcomes):
        ended = outcomes_within(log, question, groups, follow_up)
        if ended is not None:
            left, right = (
                pd.concat(pair, ignore_index=True)
                for pair in ((sides.left, ended.left), (sides.right, ended.right))
            )
            sides = replace(sides, left=left, right=right)
            together = (
                None if together is None else pd.concat([together, ended.correlation], ignore_index=True)
            )
            notes += ended.notes
    graph = pooled(one, other) if isinstance(one, TransitionsResult) else None
    return replace(sides, notes=tuple(notes), correlation=together), graph


def _answers(log: EventLog, question: Stat, groups: Groups) -> tuple[Result, Result]:
    """Answer the question for the cases of each group, in one pass."""

    def count(chunk: Chunk) -> tuple[Counts, Counts]:
        ready, name, group = of_cases(chunk, question, groups)
        one, other = (question.summarize(keep_cases(ready, name, group == g), log.window) for g in (0, 1))
        return one, other

    parts = log.source.map(count)
    results = [question.result(Counts.merge([part[g] for part in parts]), log.window) for g in (0, 1)]
    return results[0], results[1]


def _of_results(
    one: Result, other: Result, by: Any, a: Any, b: Any, within: Any, follow_up: Any, min_n: int
) -> Comparison:
    """Compare two results, of which nothing is known but their tables."""
    for name, value in (("by", by), ("within", within)):
        if value is not None:
            raise ConfigError(
                f"{name}={value!r} splits a log, and these are results. Fix: compare(log, question, {name}={value!r})"
            )
    names = ("a" if a is None else str(a), "b" if b is None else str(b))
    follow = 0 if follow_up in ("auto", None) else parse_duration(follow_up, name="follow_up")
    sides = _read(one, other, follow)
    table, n_small = difference_table(sides, min_n)
    notes = [*_notes(one, other, names), *sides.notes]
    if isinstance(one, OutcomesResult):
        notes += _open_differs(table)
    if n_small:
        notes.append(
            note("{n:,} rows with fewer than {least} on a side are not tested", n=n_small, least=min_n)
        )
    graph = pooled(one, other) if isinstance(one, TransitionsResult) else None
    window = one.window.union(other.window)
    return Comparison(one.question, window, with_q(table), {}, tuple(notes), *names, graph)


def _read(one: Result, other: Result, follow_up: int) -> Sides:
    """Return the rows of two results, and a note on the time over which they are compared."""
    times = isinstance(one, TimeToResult)
    read = reader_of(one)
    if (read is None and not times) or type(one) is not type(other):
        known = sorted(kind.__name__.removesuffix("Result") for kind in (*READ, TimeToResult))
        what = f"{type(one).__name__} and {type(other).__name__} cannot be compared"
        raise ConfigError(f"{what}. Fix: two results of one of {known}")
    if one.question != other.question:
        raise ConfigError(
            f"these are answers to two questions, {cut(one.question)} and {cut(other.question)}. Fix: ask both logs the same"
        )
    if read is not None:
        return Sides(read(one), read(other), nothing=_nothing(one, other))
    assert isinstance(one, TimeToResult) and isinstance(other, TimeToResult)
    limit = common_limit(one, other, follow_up)
    said = note(
        "shares and restricted means are of the first {limit}, for which both were watched",
        limit=Span(limit),
    )
    rows, notes = (times_of(one, limit), times_of(other, limit)), (said,) if limit else ()
    return Sides(*rows, notes, nothing=_nothing(one, other, limit))


def _nothing(one: Result, other: Result, limit: int = 0) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    first, second = nothing_of(one, limit), nothing_of(other, limit)
    return None if first is None or second is None else (first, second)


def _notes(one: Result, other: Result, names: tuple[str, str]) -> list[str]:
    """Return what both results say, and then what only one of them does."""
    notes = [said for said in one.notes if said in other.notes]
    for name, mine, theirs in ((names[0], one, other), (names[1], other, one)):
        notes += [
            note("{name}: {said}", name=name, said=said) for said in mine.notes if said not in theirs.notes
        ]
    return notes


def _open_differs(table: pd.DataFrame) -> list[str]:
    """Return a note where one group was watched less: its shares that reached are then smaller for that alone."""
    row = table[(table["outcome"] == "open") & (table["measure"] == "share")].iloc[0]
    if not np.nan_to_num(row["p"], nan=1.0) < 1 - LEVEL:
        return []
    return [
        note(
            "{a:.1%} and {b:.1%} of the cases are still open: the shares that reached or dropped differ for that alone; "
            "share_within, jl.TimeTo, jl.DropOff and jl.Funnel(..., within=) compare what was watched as long",
            a=row["value_a"],
            b=row["value_b"],
        )
    ]
