"""Metrics of an experiment beside the statistics: conversion within a time, and an amount for each actor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.groups import Groups, of_cases
from journeylog.comparison.table import Sides
from journeylog.core.chunk import Chunk, Number
from journeylog.core.condition import Condition, freeze, matches
from journeylog.core.contracts import Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.kernels.squares import group_squares
from journeylog.core.log import EventLog
from journeylog.core.means import cluster_mean, joined_words, word_columns
from journeylog.core.money import MICRO, check_currencies, find_amounts
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.window import Window, format_duration, parse_duration
from journeylog.errors import ConfigError
from journeylog.stats.funnel import Funnel
from journeylog.stats.outcomes import Outcomes

__all__ = ["Conversion", "PerActor", "per_actor_sides"]

Ints = npt.NDArray[np.int64]

_SUMS = ("n", "x", "n_actors", "nn")


@dataclass(frozen=True)
class Conversion:
    """The share of actors who do something within a time of their assignment.

    Parameters
    ----------
    goal : condition
        What they do (see :mod:`journeylog.core.condition`).
    within : str
        How soon, for example ``"7d"``. Actors who were not watched for so long are not in the share.

    Examples
    --------
    >>> Conversion("pay", within="7d").name
    'pay within 7 d'
    """

    goal: Condition
    within: str

    def __post_init__(self) -> None:
        """Check what was asked."""
        object.__setattr__(self, "goal", freeze(self.goal))
        parse_duration(self.within, name="within")

    @property
    def name(self) -> str:
        """What it is called in tables."""
        shown = self.goal if isinstance(self.goal, str) else str(self.goal)
        return f"{shown} within {format_duration(parse_duration(self.within))}"

    def question(self, assignment: Condition) -> Funnel:
        """Return the funnel from the assignment to the goal; the actor's first assignment is the only entry."""
        return Funnel(
            {"assigned": assignment, "goal": self.goal}, within=self.within, case="actor", entry="first"
        )


@dataclass(frozen=True)
class PerActor:
    """The mean over actors of an amount, or of a number of events, in the time after their assignment.

    Parameters
    ----------
    column : str or None
        A numeric column that is added up, for example ``"value"``; None counts events.
    within : str
        The time after the assignment, for example ``"30d"``, its last moment included. Actors who were not watched for
        so long are not in the mean; all others are, also those with nothing.
    event : condition or None
        Which events count; None is all of them. The assignment itself is none of them.
    currency : str, optional
        Count amounts of money in this currency only. Needed where there are several: they are never added.

    Examples
    --------
    >>> PerActor("value", within="30d").name
    'value for each actor within 30 d'
    """

    column: str | None = None
    within: str = "30d"
    event: Condition = None
    currency: str | None = None

    def __post_init__(self) -> None:
        """Check what was asked."""
        parse_duration(self.within, name="within")
        if self.event is not None:
            object.__setattr__(self, "event", freeze(self.event))

    @property
    def name(self) -> str:
        """What it is called in tables."""
        what = self.column if self.column is not None else "events"
        if self.event is not None:
            what += f" of {self.event}"
        return f"{what} for each actor within {format_duration(parse_duration(self.within))}"


def per_actor_sides(log: EventLog, metric: PerActor, groups: Groups) -> Sides:
    """Return the means of both groups; the log begins with each actor's assignment."""
    found = Counts.merge(log.source.map(lambda chunk: _count(chunk, metric, log.window, groups)))
    check_currencies(found["currencies"], metric.currency)
    counts = found["sums"].values
    xx, xn = joined_words(counts)
    scale = 1.0 if metric.column is None else float(MICRO)
    n, nn, x = (counts[name].astype(np.float64) for name in ("n", "nn", "x"))
    low, high = cluster_mean(x, n, xx, xn, nn, positive=counts["n_negative"] == 0, even=True)
    frames = [
        pd.DataFrame(
            {
                "measure": pd.array(["mean"], dtype=TEXT),
                "unit": pd.array([""], dtype=TEXT),
                "n": counts["n"][g : g + 1],
                "value": ratio(x, n)[g : g + 1] / scale,
                "low": low[g : g + 1] / scale,
                "high": high[g : g + 1] / scale,
            }
        )
        for g in (0, 1)
    ]
    return Sides(frames[0], frames[1])


def _count(chunk: Chunk, metric: PerActor, window: Window, groups: Groups) -> Counts:
    ready, _, group = of_cases(chunk, Outcomes(case="actor"), groups)
    level = ready.cases("actor")
    within = parse_duration(metric.within)
    begin = ready.time[level.begin]
    place = np.repeat(begin, level.end - level.begin)  # cases of actors are whole and side by side
    row = np.where(window.end - begin >= within, group, np.int8(-1))
    counts = ((ready.time - place) <= within) & (np.repeat(row, level.end - level.begin) >= 0)
    counts[level.begin] = False
    if metric.event is not None:
        counts &= matches(ready, metric.event)
    amount, currencies = _amounts(ready, metric, counts)
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(amount)))
    total = running[level.end] - running[level.begin]
    sums, words = group_squares(
        row, np.arange(len(level), dtype=np.int64), total, np.ones(len(level), np.int64), 2
    )
    negative = np.bincount(row[(row >= 0) & (total < 0)], minlength=2).astype(np.int64)
    columns = {**dict(zip(_SUMS, sums.T.copy(), strict=True)), **word_columns(words), "n_negative": negative}
    return Counts({"sums": Table({"group": np.arange(2, dtype=np.int64)}, columns), "currencies": currencies})


def _amounts(chunk: Chunk, metric: PerActor, counts: npt.NDArray[np.bool_]) -> tuple[Ints, Table]:
    """Return what each counted event adds, 1 or its amount in millionths, and the currencies if it is money."""
    none = Table({"currency": Coded(np.zeros(0, np.int64), ())}, {"n": np.zeros(0, np.int64)})
    if metric.column is None:
        return counts.astype(np.int64), none
    column = chunk.column(metric.column)
    if not isinstance(column, Number) or column.unit not in ("", "micros", "bool"):
        raise ConfigError(
            f"column {metric.column!r} is no number that can be added up. Fix: a numeric column, for example 'value'"
        )
    if column.unit == "bool":
        given = counts if column.valid is None else counts & column.valid
        return np.where(given, column.values, 0).astype(np.int64) * MICRO, none
    money = column.unit == "micros"
    found = find_amounts(chunk, metric.column, metric.currency if money else None, counts)
    amount = np.zeros(chunk.n_events, np.int64)
    amount[found.event] = found.micros
    return amount, found.currencies if money else none


def actors_alone(question: Stat) -> bool:
    """Return whether each actor is one independent trial of the question's shares."""
    return getattr(question, "case", None) == "actor" and isinstance(question, Funnel | Outcomes)


def named(metric: Any) -> str:
    """Return what a metric is called in tables."""
    return str(metric.name) if isinstance(metric, Conversion | PerActor) else type(metric).__name__
