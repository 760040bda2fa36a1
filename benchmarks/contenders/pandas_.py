"""pandas: one stable sort, a shift and a groupby."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.contenders import Pairs
from benchmarks.logs import FUNNEL, FUNNEL_DAYS, GAP_MINUTES

NAME = "pandas"
TIES = "sort by actor and time, stable: equal times keep the order of the rows"
TASKS = ("file_mean", "file_median", "log_mean", "log_median", "sessions", "funnel")
MEDIAN_RELATIVE = 0.0
MEDIAN_SECONDS = 0.0
FUNNEL_WINDOW = True


def version() -> str:
    return pd.__version__


def one_shot(path: Path, median: bool) -> pd.DataFrame:
    return transitions(load(path), median)


def load(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


def transitions(log: pd.DataFrame, median: bool) -> pd.DataFrame:
    ordered = by_actor(log.assign(event=log["event"].astype("category")))
    following = ordered.shift(-1)
    steps = pd.DataFrame(
        {
            "event": ordered["event"],
            "next_event": following["event"],
            "step": following["time"] - ordered["time"],
        }
    )[ordered["actor"] == following["actor"]]
    figures: list[Any] = ["size", "mean", "median"] if median else ["size", "mean"]
    return steps.groupby(["event", "next_event"], observed=True)["step"].agg(figures)


def sessions(log: pd.DataFrame) -> pd.DataFrame:
    ordered = by_actor(log)
    near = ordered["time"].diff() <= pd.Timedelta(minutes=GAP_MINUTES)
    follows = ordered["actor"] == ordered["actor"].shift(1)
    return ordered.assign(session=(~(near & follows)).cumsum())


def funnel(log: pd.DataFrame) -> tuple[int, ...]:
    window = pd.Timedelta(days=FUNNEL_DAYS)
    steps = by_actor(log[log["event"].isin(FUNNEL)])
    actor, event, time = steps["actor"], steps["event"], steps["time"]
    first = time.where(event == FUNNEL[0]).groupby(actor).ffill()
    second = first.where(event == FUNNEL[1]).groupby(actor).ffill()
    since = (time, first, second)
    return tuple(
        actor[(event == name) & (time - start <= window)].nunique()
        for name, start in zip(FUNNEL, since, strict=True)
    )


def by_actor(log: pd.DataFrame) -> pd.DataFrame:
    """Sort by actor and time; actors as numbers, because sorting text costs more."""
    coded = log.assign(actor=pd.factorize(log["actor"])[0])
    return coded.sort_values(["actor", "time"], kind="stable")


def pairs(result: pd.DataFrame) -> Pairs:
    for (source, target), row in zip(result.index.to_list(), result.to_dict("records"), strict=True):
        median = row.get("median")
        yield (
            source,
            target,
            int(row["size"]),
            row["mean"].total_seconds(),
            None if median is None else median.total_seconds(),
        )


def session_totals(result: pd.DataFrame) -> tuple[int, int]:
    sizes = result.groupby("session").size()
    return len(sizes), int((sizes**2).sum())


def funnel_counts(result: tuple[int, ...]) -> tuple[int, ...]:
    return result
