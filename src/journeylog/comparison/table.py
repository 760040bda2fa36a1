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
from journeylog.core.notes import Note, Span, note
from journeylog.core.schema import SECOND

__all__ = ["MEASURED", "Sides", "difference_table", "keys_of", "points", "spelled", "with_q"]

Floats = npt.NDArray[np.float64]

#: What a row to compare holds beside its keys.
MEASURED: Final = ("measure", "unit", "n", "value", "low", "high")


@dataclass(frozen=True, eq=False)
class Sides:
    """Rows to compare of both groups, and what a reader must know of them.

    Parameters
    ----------
    left, right : DataFrame
        Keys, then :data:`MEASURED`.
    notes : tuple of str
    correlation : DataFrame or None
        Keys, ``measure`` and ``correlation`` of both estimates, where actors are in both groups.
    nothing : tuple of two DataFrames, or None
        For a share that a side lacks because it is 0: the keys of its base, ``n`` and ``high``, the upper bound of 0.
    """

    left: pd.DataFrame
    right: pd.DataFrame
    notes: tuple[str, ...] = ()
    correlation: pd.DataFrame | None = field(default=None)
    nothing: tuple[pd.DataFrame, pd.DataFrame] | None = field(default=None)


def difference_table(sides: Sides, min_n: int, rows: pd.DataFrame | None = None) -> tuple[pd.DataFrame, int]:
    """Return the table without q, and how many rows have too few on a side to be tested.

    `rows` are keys to be told of in any case, also where neither side has them.
    """
    left, right = sides.left, sides.right
    keys = keys_of(left)
    joined = _joined(left, right, keys, left[keys].iloc[:0] if rows is None else rows[keys])
    estimates = []
    for g, side in enumerate("ab"):
        _fill_absent(joined, side, None if sides.nothing is None else sides.nothing[g])
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
    return [str(name) for name in frame.columns if name not in (*MEASURED[2:], "correlation")]


def _joined(left: pd.DataFrame, right: pd.DataFrame, keys: list[str], more: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of both sides, and more, in the order in which their keys occur, their values side by side."""
    rows, numbers = _numbered([left[keys], right[keys], more])
    for side, frame, number in zip("ab", (left, right), numbers[:2], strict=True):
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


def _fill_absent(joined: pd.DataFrame, side: str, nothing: pd.DataFrame | None) -> None:
    """Give a row that one side lacks its share of 0 there, if its base occurs."""
    absent = joined[f"n_{side}"].isna().to_numpy()
    joined[f"n_{side}"] = joined[f"n_{side}"].fillna(0).astype(np.int64)
    if nothing is None or not len(nothing) or not absent.any():
        return
    n, high = np.zeros(len(joined)), np.full(len(joined), np.nan)
    on = [name for name in nothing if name not in ("n", "high")]
    if on:
        rows, (mine, theirs) = _numbered([joined[on], nothing[on]])
        base = np.full(len(rows), -1, np.int64)
        base[theirs] = np.arange(len(nothing))
        base = base[mine]
    else:
        base = np.zeros(len(joined), np.int64)
    known = base >= 0
    n[known], high[known] = (nothing[name].to_numpy(np.float64)[base[known]] for name in ("n", "high"))
    fill = absent & (n > 0)
    share = fill & (joined["unit"] == "share").to_numpy(bool)
    joined[f"n_{side}"] = np.where(fill, n, joined[f"n_{side}"]).astype(np.int64)
    for part, values in (("value", 0.0), ("low", 0.0), ("high", high)):
        joined[f"{part}_{side}"] = np.where(share, values, joined[f"{part}_{side}"].to_numpy(np.float64))


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
