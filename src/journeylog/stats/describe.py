"""Describe: what the log holds, name by name, and how much each actor does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.durations import DurationBins
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.kernels import describe as kernel
from journeylog.core.kernels.bins import BIN_BITS, count_bins
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.schema import SECOND
from journeylog.core.window import Window

__all__ = ["Describe", "DescribeResult"]

Ints = npt.NDArray[np.int64]
_MEASURES = ("events", "active_days", "span_s")
_COLUMNS = ("n", "n_actors", "kk", "kn", "places", "first", "last")


@dataclass(frozen=True)
class Describe(Stat):
    """Describe a log: how often each event occurs and at how many actors, and how much an actor does.

    Notes
    -----
    Table, one row an event name, most frequent first: ``event, n, n_actors, n_events_total, n_actors_total,
    share, share_low, share_high, actor_share, actor_share_low, actor_share_high, mean_place, first_time,
    last_time``. ``share`` is of all events, its interval knows that the events of an actor go together;
    ``actor_share`` is of all actors (Wilson). ``mean_place`` is the mean of the places 1, 2, ... the event has
    among its actor's events. Times are UTC.

    ``tables["actors"]``, one row a measure (``events``; ``active_days``: UTC days with an event; ``span_s``:
    seconds from first to last event): ``measure, n_actors, mean, median, p90, smallest, largest``. Quantiles
    above 255 (milliseconds for the span) have a relative error of at most 1/256.

    ``tables["log"]``, one row: ``n_actors, n_events, n_names, first_time, last_time``.

    Counts merge by addition, minimum and maximum, keyed by the event's name.

    Examples
    --------
    >>> import journeylog as jl
    >>> facts = jl.datasets.tiny().compute(jl.Describe())
    >>> facts.table[["event", "n", "n_actors", "share", "actor_share", "mean_place"]].round(3)
        event  n  n_actors  share  actor_share  mean_place
    0    home  5         4  0.417         1.00       1.400
    1    cart  3         3  0.250         0.75       2.333
    2     pay  2         2  0.167         0.50       3.500
    3  search  2         2  0.167         0.50       2.000
    >>> facts.actors[["measure", "mean", "median", "largest"]].round(0)
           measure   mean  median  largest
    0       events    3.0     3.0      4.0
    1  active_days    1.0     1.0      1.0
    2       span_s  765.0   600.0   1140.0
    """

    def case_level(self, chunk: Chunk) -> str:
        """Return the actor: a description is of whole actors."""
        return "actor"

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of names, and sums, bounds and bins of what actors do."""
        level = chunk.cases("actor")
        labels = chunk.event.names
        names, actors = kernel.describe(chunk.event.codes, chunk.time, level.begin, level.end, len(labels))
        used = np.flatnonzero(names[:, kernel.N])
        filled = np.arange(len(_MEASURES)) if len(level) else np.zeros(0, np.int64)
        sums = {
            "n": np.full(len(filled), len(level)),
            "total": actors.sum(axis=1)[filled],
            "nn": (actors[:1] * actors[:1]).sum(axis=1).repeat(len(filled)),
            "least": actors.min(axis=1, initial=np.iinfo(np.int64).max)[filled],
            "most": actors.max(axis=1, initial=0)[filled],
        }
        milli = actors * np.array(
            [[1000], [1000], [1]]
        )  # counts go through the bins of milliseconds as they are
        rows = np.repeat(np.arange(len(_MEASURES), dtype=np.int32), len(level))
        found, n = count_bins(rows, milli.reshape(-1), len(_MEASURES))
        bins = {"measure": found >> BIN_BITS, "bin": found & ((1 << BIN_BITS) - 1)}
        columns = dict(zip(_COLUMNS, names[used].T.copy(), strict=True))
        return Counts(
            {
                "names": Table({"event": Coded(used, labels)}, columns, ("first",), ("last",)),
                "actors": Table({"measure": filled}, sums, ("least",), ("most",)),
                "bins": Table(bins, {"n": n}),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> DescribeResult:
        """Return shares, intervals, means and quantiles."""
        names, actors = counts["names"].values, counts["actors"].values
        column = counts["names"].keys["event"]
        assert isinstance(column, Coded)
        events, people, nn = (
            int(v[0]) if len(v) else 0 for v in (actors["total"], actors["n"], actors["nn"])
        )
        wide = np.ones(len(column.codes), np.int64)
        low, high = cluster_share(names["n"], events * wide, names["kk"], names["kn"], nn * wide)
        actor_low, actor_high = wilson(names["n_actors"], people * wide)
        table = pd.DataFrame(
            {
                "event": pd.array(column.names({}), dtype=TEXT),
                "n": names["n"],
                "n_actors": names["n_actors"],
                "n_events_total": events * wide,
                "n_actors_total": people * wide,
                "share": ratio(names["n"], events),
                "share_low": low,
                "share_high": high,
                "actor_share": ratio(names["n_actors"], people),
                "actor_share_low": actor_low,
                "actor_share_high": actor_high,
                "mean_place": ratio(names["places"], names["n"]),
                "first_time": _stamps(names["first"]),
                "last_time": _stamps(names["last"]),
            }
        ).sort_values(["n", "event"], ascending=[False, True], kind="stable", ignore_index=True)
        log = pd.DataFrame(
            {
                "n_actors": [people],
                "n_events": [events],
                "n_names": [len(table)],
                "first_time": [table["first_time"].min()],
                "last_time": [table["last_time"].max()],
            }
        )
        return DescribeResult(self, window, table, {"actors": _actor_frame(counts), "log": log})


@dataclass(frozen=True, eq=False, repr=False)
class DescribeResult(Result):
    """What the log holds; see :class:`Describe` for its tables."""

    @property
    def actors(self) -> pd.DataFrame:
        """How many events, active days and seconds an actor has."""
        return self.tables["actors"]


def _actor_frame(counts: Counts) -> pd.DataFrame:
    actors, bins = counts["actors"].values, counts["bins"]
    measure = counts["actors"].codes("measure")
    unit = np.array([1, 1, SECOND])[measure]
    frame: dict[str, Any] = {
        "measure": pd.array([_MEASURES[m] for m in measure.tolist()], dtype=TEXT),
        "n_actors": actors["n"],
        "mean": ratio(actors["total"], actors["n"]) / unit,
    }
    scale = np.where(unit == 1, 1000.0, 1.0)  # bins speak of seconds, counts went in as milliseconds
    durations = DurationBins.of(bins.codes("measure"), bins.codes("bin"), bins.values["n"], len(_MEASURES))
    for name, q in (("median", 0.5), ("p90", 0.9)):
        frame[name] = np.round(durations.quantile(q)[measure] * scale, 3)
    frame["smallest"] = actors["least"] / unit
    frame["largest"] = actors["most"] / unit
    return pd.DataFrame(frame)


def _stamps(micros: Ints) -> Any:
    return pd.Series(micros.view("datetime64[us]")).dt.tz_localize("UTC")
