"""Comparing two groups: what differs, by how much, and which of the many differences are supported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Grouped, Result, Stat
from journeylog.core.differences import Estimates, benjamini_hochberg, difference, p_value, ratio_of
from journeylog.core.intervals import LEVEL, wilson
from journeylog.core.log import EventLog
from journeylog.core.nodes import TEXT
from journeylog.errors import ConfigError, cut, nearest
from journeylog.stats.bottlenecks import BottlenecksResult
from journeylog.stats.dropoff import DropOffResult
from journeylog.stats.funnel import FunnelResult
from journeylog.stats.outcomes import OutcomesResult
from journeylog.stats.transitions import TransitionsResult

__all__ = ["Comparison", "compare"]

Floats = npt.NDArray[np.float64]

#: A difference with a q-value below this is called supported.
SUPPORTED: Final = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """Two results of one question side by side; see :func:`compare` for the table."""

    a: str = "a"
    b: str = "b"

    @property
    def supported(self) -> pd.DataFrame:
        """The rows whose difference is supported, the largest differences of shares first."""
        found = self.table[self.table["supported"]]
        order = found["difference"].abs().sort_values(ascending=False, kind="stable").index
        return found.loc[order].reset_index(drop=True)

    def __repr__(self) -> str:
        """Return what was compared and the supported differences."""
        tested = int(self.table["p"].notna().sum())
        head = f"{self.b} against {self.a}: {len(self.supported):,} of {tested:,} differences are supported"
        return "\n".join(
            [
                head,
                *(f"note: {n}" for n in self.notes),
                self.supported.head(20).to_string(float_format="%.4g"),
            ]
        )


def compare(
    first: EventLog | Result,
    second: Stat | Result,
    /,
    *,
    by: str | None = None,
    a: str | None = None,
    b: str | None = None,
    min_n: int = 20,
) -> Comparison:
    """Compare two groups of actors in every share and median time of a question.

    Parameters
    ----------
    first, second : EventLog and Stat, or two results of one question
        Either ``compare(log, jl.DropOff(), by="variant")``, or the results of two logs.
    by : str, optional
        The attribute whose values are the groups; a case counts for the value at its first event.
    a, b : str, optional
        The two values, or names for the two results. `b` is held against `a`. By default the only two values.
    min_n : int
        Rows with fewer visits or cases on either side are shown, and not tested.

    Returns
    -------
    Comparison
        Table: the keys of the question's own table, ``measure, unit, n_a, n_b, value_a, value_b, difference,
        difference_low, difference_high, ratio, ratio_low, ratio_high, p, q, supported``.

    Raises
    ------
    ConfigError
        If these cannot be compared, or the groups are not named and are not two.

    Notes
    -----
    ``difference`` is ``b - a`` and ``ratio`` is ``b / a``; a ``unit`` of ``"share"`` or ``"s"`` says of what.
    Intervals are made of those of both groups (Newcombe; Zou and Donner), so they know what those know of actors who
    count many times. They hold for groups of different actors. ``p`` is below 0.05 exactly where the interval of the
    difference leaves out 0; ``q`` is Benjamini and Hochberg's over all tested rows of this comparison.

    What happens in one group only is compared with a share of 0 in the other. Cases without a value of `by` are in
    neither group. An actor with cases in both groups counts in each as if it were another one; a note says how many
    do. Two results are comparable where both logs were cut alike: one goal, one patience.

    Shares of :class:`Outcomes`, and of a :class:`Funnel` without `within`, are of all cases, open ones among them: a
    group whose cases began later reached less for that alone. A note says where the groups differ in how many are
    open.

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
    """
    one, other, names = _sides(first, second, by, a, b)
    read = next((read for kind, read in _READ.items() if isinstance(one, kind)), None)
    if read is None or type(one) is not type(other):
        known = sorted(kind.__name__.removesuffix("Result") for kind in _READ)
        what = f"{type(one).__name__} and {type(other).__name__} cannot be compared"
        raise ConfigError(f"{what}. Fix: two results of one of {known}")
    if one.question != other.question:
        raise ConfigError(
            f"these are answers to two questions, {cut(one.question)} and {cut(other.question)}. Fix: ask both logs the same"
        )
    left, right = read(one), read(other)
    table, n_small = _table(left, right, min_n)
    notes = [note for note in one.notes if note in other.notes]
    for name, mine, theirs in ((names[0], one, other), (names[1], other, one)):
        notes += [f"{name}: {note}" for note in mine.notes if note not in theirs.notes]
    if isinstance(first, EventLog) and isinstance(second, Stat) and by is not None:
        n_both = sum(first.source.map(lambda chunk: _n_in_both(chunk, second, by, names)))
        if n_both:
            notes.append(
                f"{n_both:,} actors have cases in both groups, which are taken as of different actors"
            )
    if isinstance(one, OutcomesResult):
        notes += _open_differs(table)
    if n_small:
        notes.append(f"{n_small:,} rows with fewer than {min_n} on a side are not tested")
    return Comparison(one.question, one.window.union(other.window), table, {}, tuple(notes), *names)


def _sides(
    first: Any, second: Any, by: str | None, a: str | None, b: str | None
) -> tuple[Result, Result, tuple[str, str]]:
    """Return the two results and their names."""
    if isinstance(first, Result) and isinstance(second, Result):
        if by is not None:
            raise ConfigError(
                f"by={by!r} splits a log, and these are results. Fix: compare(log, question, by={by!r})"
            )
        return first, second, (a or "a", b or "b")
    if not (isinstance(first, EventLog) and isinstance(second, Stat)):
        what = f"{type(first).__name__} and {type(second).__name__}"
        raise ConfigError(f"{what} cannot be compared. Fix: a log and a question, or two results")
    if by is None:
        raise ConfigError("what are the two groups? Fix: pass by='a column', or two results")
    groups = first.compute(second, by=by)
    assert isinstance(groups, Grouped)
    known = [value for value in groups if value is not None]
    if a is None and b is None and len(known) == 2:
        a, b = known
    for name, value in (("a", a), ("b", b)):
        if value is None:
            raise ConfigError(
                f"{by!r} has {len(known)} values, {cut(known)}. Fix: name the two, a=... and b=..."
            )
        if value not in groups:
            near = nearest(value, known)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {cut(known)}"
            raise ConfigError(f"{name}={value!r} is no value of {by!r}. Fix: {hint}")
    assert a is not None and b is not None
    return groups[a], groups[b], (a, b)


def _open_differs(table: pd.DataFrame) -> list[str]:
    """Return a note where one group was watched less: its shares that reached are then smaller for that alone."""
    row = table[table["outcome"] == "open"].iloc[0]
    if not row["p"] < 1 - LEVEL:
        return []
    return [
        f"{row['value_a']:.1%} and {row['value_b']:.1%} of the cases are still open: the shares that reached or dropped "
        "differ for that alone; jl.TimeTo, jl.DropOff and jl.Funnel(..., within=) compare what was watched as long"
    ]


def _n_in_both(chunk: Chunk, question: Stat, by: str, names: tuple[str, str]) -> int:
    """Return how many actors have cases in both groups."""
    ready = question.prepare(chunk)
    level, column = ready.cases(question.case_level(ready)), ready.category(by)
    values, owner = column.codes[level.first_event()], level.actor_of_case()
    codes = [column.names.index(name) if name in column.names else -2 for name in names]
    return len(np.intersect1d(*(owner[values == code] for code in codes)))


#: Rows to compare: keys, then measure, unit, n, value, low, high.
_MEASURED: Final = ("measure", "unit", "n", "value", "low", "high")


def _table(left: pd.DataFrame, right: pd.DataFrame, min_n: int) -> tuple[pd.DataFrame, int]:
    keys = [name for name in left.columns if name not in (*_MEASURED[2:], "group_n")]
    joined = left.merge(right, how="outer", on=keys, suffixes=("_a", "_b"), sort=False)
    place = {key: i for i, key in reversed(list(enumerate(_keys(pd.concat([left, right]), keys))))}
    joined = joined.iloc[np.argsort([place[key] for key in _keys(joined, keys)], kind="stable")]
    joined = joined.reset_index(drop=True)
    sides = []
    for side, frame in (("a", left), ("b", right)):
        _fill_absent(joined, side, frame, keys)
        sides.append(
            Estimates(*(joined[f"{part}_{side}"].to_numpy(np.float64) for part in ("value", "low", "high")))
        )
    gap, ratio = difference(*sides), ratio_of(*sides)
    n = [joined[f"n_{side}"].to_numpy(np.int64) for side in "ab"]
    told = np.isfinite(gap.low) & np.isfinite(gap.high)
    small = told & (np.minimum(*n) < min_n)
    p = np.where(told & ~small, p_value(gap), np.nan)
    q = benjamini_hochberg(p)
    out = joined[keys].copy()
    out["n_a"], out["n_b"] = n
    out["value_a"], out["value_b"] = sides[0].value, sides[1].value
    for name, part in (("difference", gap), ("ratio", ratio)):
        for suffix, column in zip(("", "_low", "_high"), part, strict=True):
            out[f"{name}{suffix}"] = column
    out["p"], out["q"] = p, q
    out["supported"] = np.nan_to_num(q, nan=1.0) < SUPPORTED
    return out, int(small.sum())


def _keys(frame: pd.DataFrame, keys: list[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(frame[key].tolist() for key in keys), strict=True))


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


def _rows(table: pd.DataFrame, keys: list[str], measure: str, unit: str, n: Any, value: str) -> pd.DataFrame:
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
    rows = _rows(
        table, ["from", "from_kind", "to", "to_kind"], "rate", "share", table["n_from_followed"], "rate"
    )
    actors = result.nodes.set_index(["node", "kind"])["n_actors"]
    owner = list(zip(table["from"], table["from_kind"], strict=True))
    rows["group_n"] = (
        actors.reindex(pd.MultiIndex.from_tuples(owner, names=actors.index.names)).to_numpy() if owner else []
    )
    return rows


def _drop_off(result: Any) -> pd.DataFrame:
    table = result.table
    parts = [
        _rows(table, ["node"], f"{m}_rate", "share", table["n_followed"], f"{m}_rate")
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
        _rows(table, ["step", "name"], f"{m}_rate", "share", base[m], f"{m}_rate").iloc[1:]
        for m in ("step", "total")
    ]
    return pd.concat(parts, ignore_index=True)


def _outcomes(result: Any) -> pd.DataFrame:
    table = result.table
    return _rows(table, ["outcome"], "share", "share", table["n_total"], "share")


def _bottlenecks(result: Any) -> pd.DataFrame:
    table = result.table.assign(to=result.table["to"].fillna(""))
    return _rows(table, ["part", "from", "to"], "time_median_s", "s", table["n_timed"], "time_median_s")


_READ: Final[Mapping[type[Result], Callable[[Any], pd.DataFrame]]] = {
    TransitionsResult: _transitions,
    DropOffResult: _drop_off,
    FunnelResult: _funnel,
    OutcomesResult: _outcomes,
    BottlenecksResult: _bottlenecks,
}
