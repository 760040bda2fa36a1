"""The table of a comparison: both sides joined row by row, differences, ratios, p and q."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.comparison.result import SUPPORTED
from journeylog.core.differences import Estimates, benjamini_hochberg, difference, p_value, ratio_of
from journeylog.core.intervals import wilson
from journeylog.core.notes import Note, Span, note
from journeylog.core.schema import SECOND

__all__ = ["MEASURED", "Sides", "difference_table", "keys_of", "points", "spelled", "with_q"]

Floats = npt.NDArray[np.float64]

#: What a row to compare holds beside its keys; ``group_n`` (how many actors its base has) where it can be absent.
MEASURED: Final = ("measure", "unit", "n", "value", "low", "high")


@dataclass(frozen=True, eq=False)
class Sides:
    """Rows to compare of both groups, and what a reader must know of them.

    Parameters
    ----------
    left, right : DataFrame
        Keys, then :data:`MEASURED`, and ``group_n`` perhaps.
    notes : tuple of str
    correlation : DataFrame or None
        Keys, ``measure`` and ``correlation`` of both estimates, where actors are in both groups.
    """

    left: pd.DataFrame
    right: pd.DataFrame
    notes: tuple[str, ...] = ()
    correlation: pd.DataFrame | None = field(default=None)


def difference_table(sides: Sides, min_n: int) -> tuple[pd.DataFrame, int]:
    """Return the table without q, and how many rows have too few on a side to be tested."""
    left, right = sides.left, sides.right
    keys = keys_of(left)
    joined = _joined(left, right, keys)
    estimates = []
    for side, frame in (("a", left), ("b", right)):
        _fill_absent(joined, side, frame, keys)
        parts = (joined[f"{part}_{side}"].to_numpy(np.float64) for part in ("value", "low", "high"))
        estimates.append(Estimates(*parts))
    together = _correlation(joined, keys, sides.correlation)
    a, b = estimates
    gap, ratio = difference(a, b, together), ratio_of(a, b, together)
    n = [joined[f"n_{side}"].to_numpy(np.int64) for side in "ab"]
    told = np.isfinite(gap.low) & np.isfinite(gap.high)
    small = told & (np.minimum(*n) < min_n)
    out = joined[keys].copy()
    out["n_a"], out["n_b"] = n
    out["value_a"], out["value_b"] = estimates[0].value, estimates[1].value
    for name, part in (("difference", gap), ("ratio", ratio)):
        for suffix, column in zip(("", "_low", "_high"), part, strict=True):
            out[f"{name}{suffix}"] = column
    out["p"] = np.where(told & ~small, p_value(gap), np.nan)
    return out, int(small.sum())


def with_q(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with q over all its tested rows, and whether each difference is supported."""
    q = benjamini_hochberg(table["p"].to_numpy(np.float64))
    return table.assign(q=q, supported=np.nan_to_num(q, nan=1.0) < SUPPORTED)


def keys_of(frame: pd.DataFrame) -> list[str]:
    """Return the columns that say what a row is of, the measure among them."""
    return [str(name) for name in frame.columns if name not in (*MEASURED[2:], "group_n", "correlation")]


def _joined(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the rows of both sides in the order in which their keys occur, their values side by side."""
    rows, numbers = _numbered([left[keys], right[keys]])
    for side, frame, number in zip("ab", (left, right), numbers, strict=True):
        for name in frame.columns.difference(keys):
            values = np.full(len(rows), np.nan)
            values[number] = frame[name].to_numpy(np.float64, na_value=np.nan)
            rows[f"{name}_{side}"] = values
    return rows


def _numbered(frames: list[pd.DataFrame]) -> tuple[pd.DataFrame, list[npt.NDArray[np.int64]]]:
    """Return the different rows of frames in the order in which they occur, and for each frame which its rows are."""
    every = pd.concat(frames, ignore_index=True)
    number = np.zeros(len(every), np.int64)
    for name in every.columns:
        codes, values = pd.factorize(every[name], use_na_sentinel=False)
        number = pd.factorize(number * max(len(values), 1) + codes)[0]
    _, first = np.unique(number, return_index=True)
    cuts = np.cumsum([len(frame) for frame in frames])[:-1]
    return every.iloc[first].reset_index(drop=True), np.split(number, cuts)


def _correlation(joined: pd.DataFrame, keys: list[str], known: pd.DataFrame | None) -> Floats:
    out = np.zeros(len(joined))
    if known is not None and len(known):
        on = [key for key in keys if key in known]
        rows, (mine, theirs) = _numbered([joined[on], known[on]])
        found = np.zeros(len(rows))
        found[theirs] = known["correlation"].to_numpy(np.float64)
        out = found[mine]
    return out


def _fill_absent(joined: pd.DataFrame, side: str, frame: pd.DataFrame, keys: list[str]) -> None:
    """Give a row that one side lacks its share of 0 there, if its group occurs; the interval is by actors."""
    absent = joined[f"n_{side}"].isna().to_numpy()
    joined[f"n_{side}"] = joined[f"n_{side}"].fillna(0).astype(np.int64)
    if not absent.any() or "group_n" not in frame or not len(frame):
        return
    group = [key for key in keys if key.startswith("from")]
    sizes = frame.drop_duplicates(group)[[*group, "n", "group_n"]]
    found = joined[group].merge(sizes, how="left", on=group)  # in the order of the joined rows
    n, actors = (found[name].to_numpy(np.float64, na_value=np.nan) for name in ("n", "group_n"))
    fill = absent & (joined["unit"] == "share").to_numpy(bool) & (n > 0)
    high = wilson(0.0, np.fmin(n, actors))[1]
    for part, values in (("n", n), ("value", 0.0), ("low", 0.0), ("high", high)):
        column = f"{part}_{side}"
        filled = np.where(fill, values, joined[column].to_numpy(np.float64))
        joined[column] = filled.astype(np.int64) if part == "n" else filled


#: What is measured, as it stands in tables; pages have words for it.
_MEASURES: Final[Mapping[str, Note]] = {
    str(name): name
    for name in (
        note("rate"), note("share"), note("share_within"), note("drop_rate"), note("reach_rate"), note("step_rate"),
        note("total_rate"), note("conversion"), note("retention"), note("time_median_s"), note("median"),
        note("restricted_mean"), note("mean"),
    )
}  # fmt: skip
_ENDS: Final[Mapping[str, Note]] = {
    "start": note("(start)"),
    "reached": note("(reached)"),
    "dropped": note("(dropped)"),
    "open": note("(open)"),
}


def spelled(row: Mapping[Any, Any]) -> Note:
    """Return in words what a row of a comparison is of."""
    if "from" in row:
        ends = ("from",) if row.get("part") == "node" else ("from", "to")
        what: Any = note("{ends: → }", ends=tuple(_node(row, end) for end in ends))
    else:
        key = next((key for key in ("node", "name", "outcome", "to", "period") if key in row), None)
        what = note("anything") if key is None or row.get("to_kind") == "any" else _named(row[key])
    return note("{what} ({measure})", what=what, measure=_MEASURES.get(row["measure"], row["measure"]))


def _node(row: Mapping[Any, Any], end: str) -> Note:
    kind = row.get(f"{end}_kind", "node")
    return _named(row[end]) if kind == "node" else _ENDS.get(kind, _named(f"({row[end]})"))


def _named(name: object) -> Note:
    """Return a name of the data, which no language has another one for."""
    return Note("{name}", {"name": str(name)})


def points(value: float, unit: str) -> Note:
    """Return a difference in words: percentage points of a share, or a duration.

    Examples
    --------
    >>> points(0.0312, "share"), points(-90.0, "s")
    ('+3.1 points', '-1 min 30 s')
    """
    if unit == "share":
        said = 100 * value
        return note("{n:+.2g} points", n=said) if abs(value) < 0.01 else note("{n:+.1f} points", n=said)
    span = Span(round(value * SECOND))
    return note("+{span}", span=span) if value >= 0 else note("{span}", span=span)
