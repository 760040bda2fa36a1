"""Polars: lazy expressions over the Parquet file, or over a frame in memory."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.contenders import Pairs
from benchmarks.logs import FUNNEL, FUNNEL_DAYS, GAP_MINUTES

NAME = "Polars"
TIES = "order_by time, then the row's number (with_row_index)"
TASKS = ("file_mean", "file_median", "log_mean", "log_median", "sessions", "funnel")
MEDIAN_RELATIVE = 0.0
MEDIAN_SECONDS = 0.0
FUNNEL_WINDOW = True

WINDOW_US = FUNNEL_DAYS * 86_400_000_000
ORDER = ("time", "row")


def version() -> str:
    return pl.__version__


def one_shot(path: Path, median: bool) -> pl.DataFrame:
    return count(pl.scan_parquet(path), median)


def load(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


def transitions(log: pl.DataFrame, median: bool) -> pl.DataFrame:
    return count(log.lazy(), median)


def count(log: pl.LazyFrame, median: bool) -> pl.DataFrame:
    next_time = pl.col("time").shift(-1).over("actor", order_by=ORDER)
    step = (next_time - pl.col("time")).dt.total_microseconds()
    figures = [pl.len().alias("n"), pl.col("step_us").mean().alias("mean_us")]
    if median:
        figures.append(pl.col("step_us").median().alias("median_us"))
    return (
        log.with_row_index("row")
        .select(
            "event",
            pl.col("event").shift(-1).over("actor", order_by=ORDER).alias("next_event"),
            step.alias("step_us"),
        )
        .filter(pl.col("next_event").is_not_null())
        .group_by("event", "next_event")
        .agg(figures)
        .collect()
    )


def sessions(log: pl.DataFrame) -> pl.DataFrame:
    follows = pl.col("actor") == pl.col("actor").shift(1)
    near = (pl.col("time") - pl.col("time").shift(1)) <= pl.duration(minutes=GAP_MINUTES)
    starts = ~(follows & near).fill_null(False)
    ordered = log.lazy().sort("actor", "time", maintain_order=True)
    return ordered.with_columns(starts.cum_sum().alias("session")).collect()


def funnel(log: pl.DataFrame) -> pl.DataFrame:
    def last(event: str, column: str) -> pl.Expr:
        return pl.when(pl.col("event") == event).then(pl.col(column)).forward_fill().over("actor")

    def reached(event: str, since: str) -> pl.Expr:
        inside = (pl.col("event") == event) & (pl.col("us") - pl.col(since) <= WINDOW_US)
        return pl.col("actor").filter(inside).n_unique().alias(event)

    return (
        log.lazy()
        .filter(pl.col("event").is_in(FUNNEL))
        .sort("actor", "time", maintain_order=True)
        .with_columns(pl.col("time").dt.epoch("us").alias("us"))
        .with_columns(last(FUNNEL[0], "us").alias("first_us"))
        .with_columns(last(FUNNEL[1], "first_us").alias("second_us"))
        .select(reached(FUNNEL[0], "us"), reached(FUNNEL[1], "first_us"), reached(FUNNEL[2], "second_us"))
        .collect()
    )


def pairs(result: pl.DataFrame) -> Pairs:
    for row in result.iter_rows(named=True):
        median = row.get("median_us")
        yield (
            row["event"],
            row["next_event"],
            row["n"],
            row["mean_us"] / 1e6,
            None if median is None else median / 1e6,
        )


def session_totals(result: pl.DataFrame) -> tuple[int, int]:
    sizes = result.group_by("session").len()["len"].cast(pl.Int64)
    return len(sizes), int((sizes * sizes).sum())


def funnel_counts(result: pl.DataFrame) -> tuple[int, ...]:
    return tuple(int(number) for number in result.row(0))
