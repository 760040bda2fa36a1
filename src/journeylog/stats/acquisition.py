"""Acquisition: what a customer who came has cost, and one who reached the goal, where spending is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journeylog.core.actor_groups import actor_of_cases, group_of_actors
from journeylog.core.cases import under_way_note, with_cases
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.intervals import wilson
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.notes import note
from journeylog.core.schema import OPEN, REACHED
from journeylog.core.seen import name_table
from journeylog.core.window import Window
from journeylog.errors import ConfigError, UnseenNameWarning, cut, nearest, warn

__all__ = ["Acquisition", "AcquisitionResult"]

_SUMS = ("n_actors", "n_reached", "n_open")


@dataclass(frozen=True)
class Acquisition(Stat):
    """Divide what was spent over the window by the customers who came, and by those who reached the goal.

    Parameters
    ----------
    spend : float, or mapping of str to float
        Money spent over the window: in all, or for each value of `by`.
    by : str
        A categorical column, such as the channel: a customer counts for its value at their first event that has one.
        Not needed where `spend` is one number.
    currency : str, optional
        What the money is in; a word for tables and pages.
    case : str or None
        The cases that reach the goal: None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.

    Raises
    ------
    ConfigError
        If an amount is no number of 0 or more.

    Notes
    -----
    Table, first one row for all customers and all that was spent (its ``part`` is ``all``), then a row for each value in
    `spend` (``channel``): ``part, channel, spend, currency, n_actors, n_reached, n_open, reach_rate, reach_rate_low,
    reach_rate_high, cost_actor, cost_reached, cost_reached_low, cost_reached_high``.

    ``n_reached`` customers have a case that reached the goal; ``n_open`` have none yet and one that is still open, so
    the cost of a customer who reached it can still fall. ``cost_actor`` is ``spend / n_actors`` and ``cost_reached`` is
    ``spend / n_reached``; its bounds are those of the share that reached the goal (Wilson's), the money taken as known.
    Who came without the spending is among them: these are averages, not what the next customer costs.

    Counts merge by addition, keyed by the value.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> found = log.compute(jl.Acquisition({"web": 30, "app": 10}, currency="EUR"))
    >>> found.table[["channel", "spend", "n_actors", "n_reached", "cost_actor", "cost_reached"]]
      channel  spend  n_actors  n_reached  cost_actor  cost_reached
    0     NaN   40.0         4          2        10.0          20.0
    1     web   30.0         2          1        15.0          30.0
    2     app   10.0         2          1         5.0          10.0
    """

    spend: Any = 0.0
    by: str = "channel"
    currency: str | None = None
    case: str | None = None

    def __post_init__(self) -> None:
        """Check what was spent."""
        if isinstance(self.spend, Mapping):
            object.__setattr__(
                self, "spend", {str(name): _amount(money, str(name)) for name, money in self.spend.items()}
            )
        else:
            object.__setattr__(self, "spend", _amount(self.spend, "spend"))

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return by value how many actors came, reached the goal, and may still."""
        level = chunk.cases(self.case_level(chunk))
        owner = actor_of_cases(chunk, level)
        came, reached, still = (np.zeros(chunk.n_actors, dtype=bool) for _ in range(3))
        came[owner] = True
        reached[owner[level.outcome == REACHED]] = True
        still[owner[level.outcome == OPEN]] = True
        still &= ~reached
        here = np.flatnonzero(came)
        values = {
            name: mask[here].astype(np.int64)
            for name, mask in zip(_SUMS, (came, reached, still), strict=True)
        }
        where = Coded(np.full(chunk.n_actors, -1, np.int64), ())
        names: dict[str, Table] = {}
        if isinstance(self.spend, Mapping):
            where = Coded(group_of_actors(chunk, self.by), chunk.category(self.by).names)
            names["names"] = name_table(chunk, self.by)
        total = Table({}, {"n_under_way": np.array([level.n_under_way], np.int64)})
        return Counts(
            {"actors": Table({"channel": where.take(here)}, values), "cases": total, **names}
        ).canonical()

    def result(self, counts: Counts, window: Window) -> AcquisitionResult:
        """Return the costs."""
        rows = counts["actors"]
        names = rows.coded("channel").names({})
        asked: dict[str, float] = dict(self.spend) if isinstance(self.spend, Mapping) else {}
        money = [sum(asked.values()) if isinstance(self.spend, Mapping) else self.spend, *asked.values()]
        place = {name: i for i, name in enumerate(names)}
        found = {}
        for name in _SUMS:
            column = rows.values[name]
            each = [int(column[place[channel]]) if channel in place else 0 for channel in asked]
            found[name] = np.array([int(column.sum()), *each], np.int64)
        n, k = found["n_actors"], found["n_reached"]
        low, high = wilson(k, n)
        spend = np.array(money, np.float64)
        each_actor = ratio(spend, n)
        table = pd.DataFrame(
            {
                "part": pd.array(["all"] + ["channel"] * len(asked), dtype=TEXT),
                "channel": pd.array([None, *asked], dtype=TEXT),
                "spend": spend,
                "currency": pd.array([self.currency] * len(spend), dtype=TEXT),
                **found,
                "reach_rate": ratio(k, n),
                "reach_rate_low": low,
                "reach_rate_high": high,
                "cost_actor": each_actor,
                "cost_reached": ratio(spend, k),
                "cost_reached_low": np.where(k > 0, ratio(each_actor, high), np.nan),
                "cost_reached_high": np.where(k > 0, ratio(each_actor, low), np.nan),
            }
        )
        notes = list(under_way_note(int(counts["cases"].values["n_under_way"].sum())))
        nobody = tuple(channel for channel in asked if channel not in place)
        if asked:
            _warn_misspelt(asked, counts["names"])
        if nobody:
            notes.append(
                note("money was spent on {channels!r:, }, and nobody came from there", channels=nobody)
            )
        elsewhere = int(n[0] - n[1:].sum()) if asked else 0
        if elsewhere:
            notes.append(
                note(
                    "{n:,} of {total:,} customers came from where nothing was spent: the cost of all counts them",
                    n=elsewhere,
                    total=int(n[0]),
                )
            )
        return AcquisitionResult(self, window, table, {}, tuple(notes))


@dataclass(frozen=True, eq=False, repr=False)
class AcquisitionResult(Result):
    """What customers have cost; see :class:`Acquisition` for the table."""


def _warn_misspelt(asked: Mapping[str, float], seen: Table) -> None:
    """Warn about channels that do not occur while one of nearly the same name does, for which nothing was spent."""
    known = [str(name) for name in seen.coded("name").names({}) if name not in asked]
    for channel in asked:
        near = nearest(channel, known) if channel not in seen.coded("name").names({}) else []
        if near:
            warn(f"nobody came from {channel!r}; did you mean {near[0]!r}?", UnseenNameWarning)


def _amount(money: Any, name: str) -> float:
    number = isinstance(money, int | float) and not isinstance(money, bool)
    if not number or not math.isfinite(money) or money < 0:
        raise ConfigError(f"spend: {name} = {cut(money)} is no amount. Fix: a number of 0 or more")
    return float(money)
