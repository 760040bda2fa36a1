"""What is compared of a result: its shares and times as rows with keys, a measure and an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.contracts import Result
from journeylog.core.intervals import cluster_share, wilson
from journeylog.core.nodes import TEXT
from journeylog.stats.bottlenecks import BottlenecksResult
from journeylog.stats.dropoff import DropOffResult
from journeylog.stats.funnel import FunnelResult
from journeylog.stats.outcomes import OutcomesResult
from journeylog.stats.retention import RetentionResult
from journeylog.stats.timeto import TimeToResult
from journeylog.stats.transitions import TransitionsResult

__all__ = ["READ", "common_limit", "median_follow_up", "nothing_of", "reader_of", "rows_of", "times_of"]

Floats = npt.NDArray[np.float64]


def rows_of(
    table: pd.DataFrame, keys: list[str], measure: str, unit: str, n: Any, value: str
) -> pd.DataFrame:
    """Return a column of a result's table, with its bounds, as rows to compare."""
    out = table[keys].copy()
    out["measure"] = pd.array([measure] * len(out), dtype=TEXT)
    out["unit"] = pd.array([unit] * len(out), dtype=TEXT)
    out["n"] = np.asarray(n, np.int64)
    bounds = (
        (f"{value}_low", f"{value}_high")
        if unit == "share"
        else (f"{value[:-2]}_low_s", f"{value[:-2]}_high_s")
    )
    for name, column in zip(("value", "low", "high"), (value, *bounds), strict=True):
        out[name] = table[column].astype(np.float64)
    return out


def _transitions(result: Any) -> pd.DataFrame:
    table = result.table[result.table["to_kind"] != "open"]
    return rows_of(
        table, ["from", "from_kind", "to", "to_kind"], "rate", "share", table["n_from_followed"], "rate"
    )


def _drop_off(result: Any) -> pd.DataFrame:
    table = result.table
    parts = [
        rows_of(table, ["node"], f"{m}_rate", "share", table["n_followed"], f"{m}_rate")
        for m in ("drop", "reach")
    ]
    return pd.concat(parts, ignore_index=True)


def _funnel(result: Any) -> pd.DataFrame:
    table = result.table
    followed = table["n_followed"].to_numpy()
    base = {
        "step": np.concatenate((followed[:1], followed[:-1])),
        "total": np.repeat(followed[:1], len(followed)),
    }
    parts = [
        rows_of(table, ["step", "name"], f"{m}_rate", "share", base[m], f"{m}_rate").iloc[1:]
        for m in ("step", "total")
    ]
    return pd.concat(parts, ignore_index=True)


def _outcomes(result: Any) -> pd.DataFrame:
    table = result.table
    return rows_of(table, ["outcome"], "share", "share", table["n_total"], "share")


def _bottlenecks(result: Any) -> pd.DataFrame:
    table = result.table.assign(to=result.table["to"].fillna(""))
    return rows_of(table, ["part", "from", "to"], "time_median_s", "s", table["n_timed"], "time_median_s")


def _retention(result: Any) -> pd.DataFrame:
    table = result.table
    return rows_of(table, ["period"], "retention", "share", table["n_eligible"], "rate")


def times_of(result: TimeToResult, limit: int) -> pd.DataFrame:
    """Return the rows of a time to what comes next: shares within a limit, medians, and the mean up to the limit.

    Parameters
    ----------
    limit : int
        Microseconds for which both sides were watched.
    """
    table = result.table
    keys = ["to", "to_kind"]
    medians = rows_of(table, keys, "median", "s", table["n_cases"], "median_s")
    if limit <= 0:
        return medians.iloc[:0]
    span = np.timedelta64(limit, "us")
    found = result.within(span)  # type: ignore[arg-type]
    shares = table[keys].copy()
    for name in ("measure", "unit"):
        shares[name] = pd.array(["share"] * len(shares), dtype=TEXT)
    shares["n"] = table["n_cases"].astype(np.int64)
    value = found["share"].to_numpy(np.float64)
    n_at_risk, n = (found[name].to_numpy(np.int64) for name in ("n_at_risk", "n"))
    # a share of 0 or 1 has no bound on the curve: as sure as those who were watched until then, or went
    none, all_ = wilson(0, np.maximum(n_at_risk, 1)), wilson(np.maximum(n, 1), np.maximum(n, 1))
    shares["value"] = value
    bounds = zip(("low", "high"), none, all_, strict=True)
    for name, of_none, of_all in bounds:
        known = found[f"share_{name}"].to_numpy(np.float64)
        known = np.where(np.isnan(known) & (value == 0), of_none, known)
        shares[name] = np.where(np.isnan(known) & (value > 0), of_all, known)
    mean, low, high = result.restricted_mean(span)  # type: ignore[arg-type]
    n_cases = table["n_cases"].iloc[:1].to_numpy(np.int64)
    whole = pd.DataFrame(
        {
            "to": pd.array([""], dtype=TEXT),
            "to_kind": pd.array(["any"], dtype=TEXT),
            "measure": pd.array(["restricted_mean"], dtype=TEXT),
            "unit": pd.array(["s"], dtype=TEXT),
            "n": n_cases if len(n_cases) else np.zeros(1, np.int64),
            "value": [mean],
            "low": [low],
            "high": [high],
        }
    )
    return pd.concat([shares, medians, whole if len(table) else whole.iloc[:0]], ignore_index=True)


def nothing_of(result: Result, limit: int) -> pd.DataFrame | None:
    """Return what a share of 0 is worth, for rows that a side can lack; see :class:`journeylog.comparison.table.Sides`."""
    if isinstance(result, TransitionsResult):
        nodes = result.nodes
        n, worth = nodes["n_followed"].to_numpy(np.int64), nodes["n_effective"].to_numpy(np.float64)
        squares = np.rint(n * n / np.where(worth > 0, worth, 1.0))
        high = cluster_share(0, n, 0, 0, squares)[1]
        return pd.DataFrame({"from": nodes["node"], "from_kind": nodes["kind"], "n": n, "high": high})
    if isinstance(result, TimeToResult) and limit > 0:
        return _nothing_by(result, limit)
    return None


def _nothing_by(result: TimeToResult, limit: int) -> pd.DataFrame:
    """Return the cases, and what a share of 0 is worth within a time: as sure as those who were watched for it."""
    cases, ends = result.cases, result.ends
    n_at_risk = float(np.append(ends.n_at_risk, 0)[np.searchsorted(ends.time, limit)])
    worth = min(n_at_risk, cases.alike) if cases.clustered else n_at_risk
    return pd.DataFrame({"n": [int(cases.n.sum())], "high": [float(wilson(0, max(worth, 1.0))[1])]})


def common_limit(one: TimeToResult, other: TimeToResult, follow_up: int) -> int:
    """Return over which time both are compared, in microseconds: as asked, or what both were watched for."""
    return follow_up or min(median_follow_up(one), median_follow_up(other))


def median_follow_up(result: TimeToResult) -> int:
    """Return for how long half of the cases were watched (or would have been), in microseconds.

    It is the median of the time to censoring, with whatever ended the waiting as its censoring.

    References
    ----------
    M. Schemper, T. L. Smith (1996), A note on quantifying follow-up in studies of failure time. Control. Clin. Trials 17.
    """
    ends = result.ends
    if not len(ends.time):
        return 0
    left = ends.n_at_risk - ends.n_ended
    watched = np.cumprod(1 - ends.n_censored / np.maximum(left, 1))
    gone = np.flatnonzero(watched < 0.5)
    return int(ends.time[gone[0] if len(gone) else -1])


#: How the rows of each type of result are read; those of TimeTo need a limit that is common to both sides.
READ: Final[Mapping[type[Result], Callable[[Any], pd.DataFrame]]] = {
    TransitionsResult: _transitions,
    DropOffResult: _drop_off,
    FunnelResult: _funnel,
    OutcomesResult: _outcomes,
    BottlenecksResult: _bottlenecks,
    RetentionResult: _retention,
}


def reader_of(result: Result) -> Callable[[Any], pd.DataFrame] | None:
    """Return the reader of a result's type."""
    return next((read for kind, read in READ.items() if isinstance(result, kind)), None)
