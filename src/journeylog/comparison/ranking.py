"""Segments ranked: which value of which attribute does worse than the rest, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.comparing import sides_of_log
from journeylog.comparison.follow_up import asked_alike, common_follow_up
from journeylog.comparison.groups import Groups, case_values
from journeylog.comparison.table import difference_table, with_q
from journeylog.core.contracts import Result, Stat, made_of
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.core.notes import note
from journeylog.errors import ConfigError, EmptyResultWarning, cut, warn

__all__ = ["Segments", "segments"]

Floats = npt.NDArray[np.float64]

#: Whether more of a measure is worse (+1) or better (-1); a move to a place is neither.
_WORSE: Final = {
    "drop_rate": 1, "time_median_s": 1, "median": 1, "restricted_mean": 1,
    "reach_rate": -1, "step_rate": -1, "total_rate": -1, "retention": -1,
}  # fmt: skip
_BY_END: Final = {"dropped": 1, "reached": -1}


@dataclass(frozen=True, eq=False, repr=False)
class Segments(Result):
    """Segments against the rest, the worst first; see :func:`segments` for the table."""

    @property
    def supported(self) -> pd.DataFrame:
        """The rows whose difference is supported, in the order of the ranking."""
        return self.table[self.table["supported"]].reset_index(drop=True)


def segments(
    log: EventLog,
    question: Stat,
    by: str | Sequence[str],
    *,
    follow_up: Any = "auto",
    min_n: int = 20,
    top: int = 20,
) -> Segments:
    """Compare each value of each attribute with all other values, and rank what is worse by what it costs.

    Parameters
    ----------
    log : EventLog
    question : Stat
        What :func:`compare` can compare: for example ``jl.DropOff()``.
    by : str or list of str
        Attributes; a case counts for the value at its first event.
    follow_up, min_n
        See :func:`compare`.
    top : int
        Values of an attribute to look at, those with the most cases. A note says what is left out.

    Returns
    -------
    Segments
        Table, ranked: ``rank, attribute, segment``, the keys of the question's own table, ``measure, unit, n, n_rest,
        value, value_rest, difference, difference_low, difference_high, ratio, ratio_low, ratio_high, excess,
        excess_low, p, q, supported``.

    Notes
    -----
    ``difference`` is segment minus rest. ``excess`` is ``n * difference``: how many visits or cases (or seconds) fewer
    there would be if the segment did like the rest; ``excess_low`` is the same for that bound of the interval that is
    nearer to no difference, 0 where the interval holds it. Worse is more drop-off, longer times, and less of what is
    wanted. Supported rows that are worse come first, by ``excess_low``; then what is neither better nor worse, then
    what is better. Of an attribute with two values both rows stand here, one the mirror of the other.

    ``q`` is Benjamini and Hochberg's over all tested rows of all segments. What is first is where most is lost, not
    why: segments differ in other things, too (:func:`compare` with ``within=`` looks).

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995), JRSS B 57.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="5min"))
    >>> found = jl.segments(log, jl.DropOff(), by="channel", min_n=1)
    >>> found.table[["rank", "segment", "node", "measure", "n", "n_rest"]].head(2)
       rank segment  node    measure  n  n_rest
    0     1     app  cart  drop_rate  1       2
    1     2     web  cart  drop_rate  2       1
    """
    if not isinstance(question, Stat):
        fix = made_of(question) or "jl.DropOff()"
        raise ConfigError(f"question={cut(question)} is no statistic. Fix: jl.segments(log, {fix}, by=...)")
    attributes = [by] if isinstance(by, str) else list(by)
    if not attributes or len(set(attributes)) < len(attributes):
        raise ConfigError(
            f"by={by!r} names no attribute, or one twice. Fix: for example by=['channel', 'device']"
        )
    tables: list[pd.DataFrame] = []
    notes: list[str] = []
    for attribute in attributes:
        values = case_values(log, question, attribute)
        ranked = sorted(values, key=lambda value: (-values[value], value))
        if len(ranked) > top:
            left = sum(values[value] for value in ranked[top:])
            notes.append(
                note(
                    "{attribute!r}: {values:,} rarer values with {n:,} cases are not looked at",
                    attribute=attribute,
                    values=len(ranked) - top,
                    n=left,
                )
            )
        for value in ranked[:top] if len(values) > 1 else []:
            groups = Groups(("rest", value), attribute, (None, frozenset([value])))
            asked, changed = asked_alike(
                question, follow := common_follow_up(log, question, groups, follow_up)
            )
            sides, _ = sides_of_log(log, asked, groups, follow)
            tables.append(_named(difference_table(sides, min_n)[0], attribute, value))
            notes += changed
        if not log.n_events:
            nobody = Groups(("rest", ""), attribute, (None, frozenset()))
            tables.append(
                _named(difference_table(sides_of_log(log, question, nobody)[0], min_n)[0][:0], attribute, "")
            )
    if not log.n_events:
        warn("the log has no events, so there are no segments", EmptyResultWarning)
    if not tables:
        raise ConfigError(
            f"no attribute of {attributes} has two values. Fix: name one that tells cases apart"
        )
    table = _ranked(with_q(pd.concat(tables, ignore_index=True)))
    tested = int(table["p"].notna().sum())
    notes.append(
        note(
            "{n:,} differences are tested, {supported:,} are supported",
            n=tested,
            supported=int(table["supported"].sum()),
        )
    )
    return Segments(question, log.window, table, {}, tuple(dict.fromkeys(notes)))


def _named(table: pd.DataFrame, attribute: str, value: str) -> pd.DataFrame:
    for place, (name, text) in enumerate((("attribute", attribute), ("segment", value))):
        table.insert(place, name, pd.array([text] * len(table), dtype=TEXT))
    return table


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with what each row costs, the worst first."""
    n = table["n_b"].to_numpy(np.float64)
    low, high = (table[f"difference_{end}"].to_numpy(np.float64) for end in ("low", "high"))
    nearest = np.where(low > 0, low, np.where(high < 0, high, 0.0))
    worse = _worse(table)
    cost = np.where(worse == 0, 0.0, n * nearest * worse)
    first = np.where(table["supported"], np.sign(cost), 0)
    order = np.lexsort((table["p"].fillna(1.0), -np.abs(n * nearest), -cost, -first))
    names = {"n_a": "n_rest", "n_b": "n", "value_a": "value_rest", "value_b": "value"}
    out = table.assign(excess=n * table["difference"], excess_low=n * nearest).rename(columns=names)
    out = out.iloc[order].reset_index(drop=True)
    out.insert(0, "rank", np.arange(1, len(out) + 1))
    keys = list(out.columns[: list(out.columns).index("n_rest")])
    numbers = [
        "n", "n_rest", "value", "value_rest", "difference", "difference_low", "difference_high",
        "ratio", "ratio_low", "ratio_high", "excess", "excess_low", "p", "q", "supported",
    ]  # fmt: skip
    return out[[*keys, *numbers]]


def _worse(table: pd.DataFrame) -> Floats:
    """Return +1 where more is worse, -1 where more is better, 0 where it is neither."""
    found = table["measure"].map(_WORSE).fillna(0).to_numpy(np.float64)
    for column in ("to_kind", "outcome"):
        if column in table:
            ends = table[column].map(_BY_END).fillna(0).to_numpy(np.float64)
            found = np.where(table["measure"].isin(["rate", "share", "share_within"]), ends, found)
    return np.asarray(found, dtype=np.float64)
