"""Numbers of few customers are not told on a page that is shared, nor what would give them away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.disclosure import Hidden
from journeylog.reporting.answers import Answers
from journeylog.reporting.books import END, ENDS, node_of, path_of
from journeylog.reporting.designbooks import mask_design

__all__ = ["masked_by", "protect"]

Bools = npt.NDArray[np.bool_]
Keyed = Callable[[Mapping[Any, Any]], Hashable]

_TIMES: Final = ("time_mean_s", "time_median_s", "time_p90_s")
_GRAINS: Final = (0.01, 0.02, 0.05, 0.1)


def masked_by(answers: Answers, hidden: Hidden, k: int) -> Answers:
    """Return the answers without the numbers that are hidden in their books; these are nan.

    What is hidden is found once for all tables, in the books of the report (:mod:`journeylog.reporting.books`), so that
    a number is told in all of them or in none.
    """
    level = answers.plan.node
    flow, moves = (_moves(r, at, hidden, k) for r, at in ((answers.flow, level), (answers.moves, "event")))
    leaves, event_leaves = (
        _sayable(_with(r, _leaves(r.table, at, hidden, k)), r.table, at, hidden)
        for r, at in ((answers.leaves, level), (answers.event_leaves, "event"))
    )
    paths, event_paths = (
        _sayable(_with(r, _paths(r.table, at, hidden, k)), r.table, at, hidden)
        for r, at in ((answers.paths, level), (answers.event_paths, "event"))
    )
    returns, funnel, design = answers.returns, answers.funnel, answers.design
    masked: dict[str, Any] = {
        "ends": _with(answers.ends, _ends(answers.ends.table, hidden)),
        "flow": flow, "moves": moves, "leaves": leaves, "event_leaves": event_leaves,
        "waits": _with(answers.waits, _waits(answers.waits.table, hidden, k)),
        "paths": paths, "event_paths": event_paths,
        "facts": _with(answers.facts, _facts(answers.facts.table, hidden)),
        "losses": _with(answers.losses, _losses(answers.losses.table, level, hidden, k)),
        "returns": None if returns is None else _with(returns, _returns(returns.table, hidden)),
        "funnel": None if funnel is None else _funnel(funnel, hidden),
        "design": None if design is None else mask_design(design, hidden),
    }  # fmt: skip
    return replace(answers, mask=k, **{name: _quiet(result, k) for name, result in masked.items()})


def protect(
    values: Sequence[float], groups: Iterable[Sequence[int]], hidden: Collection[int], k: int
) -> set[int]:
    """Return the places to mask so that no group gives a masked value away.

    In each group, whose sum is told, what is masked is at least two values above zero that are at least `k` together;
    where it is not, the smallest of the others are masked too.

    Examples
    --------
    >>> sorted(protect([2, 40, 7, 0], [[0, 1, 2, 3]], {0}, 5))
    [0, 2]
    """
    gone, known = set(hidden), [list(group) for group in groups]
    changed = True
    while changed:
        changed = False
        for group in known:
            mine = [i for i in group if i in gone and values[i] > 0]
            rest = [i for i in group if i not in gone and values[i] > 0]
            if mine and rest and (len(mine) < 2 or sum(values[i] for i in mine) < k):
                gone.add(min(rest, key=lambda i: (values[i], i)))
                changed = True
    return gone


def _with(result: Any, table: pd.DataFrame) -> Any:
    table.attrs.update(result.table.attrs)
    return replace(result, table=table)


def _quiet(result: Any, k: int) -> Any:
    """Return the result without the notes that tell a number of few customers; names of nodes are no customers."""

    def few(note: Any) -> bool:
        values = getattr(note, "values", {})
        told = [values.get(name) for name in ("n", "rest") if "names" not in values]
        return any(isinstance(n, int) and 0 < n < k for n in told)

    if result is None:
        return None
    return replace(result, notes=tuple(note for note in result.notes if not few(note)))


def _sayable(result: Any, whole: pd.DataFrame, level: str, hidden: Hidden) -> Any:
    """Return the result without the notes that tell a number that is hidden."""

    def said(note: Any) -> bool:
        if "still open" in note:
            return ("end", "open") not in hidden and not {("others", level), ("apart", level)} & hidden.few
        return "rest" not in getattr(note, "values", {}) or len(result.table) == len(whole)

    return replace(result, notes=tuple(note for note in result.notes if said(note)))


class _Blank:
    """A table of which numbers are taken away."""

    def __init__(self, table: pd.DataFrame, hidden: Hidden) -> None:
        self.table, self.hidden = table.copy(), hidden
        self.rows = table.to_dict("records")

    def gone(self, *keys: Keyed) -> Bools:
        """Return the rows in which one of these numbers is hidden."""
        return np.array([any(key(row) in self.hidden.gone for key in keys) for row in self.rows], dtype=bool)

    def few(self, *keys: Keyed) -> Bools:
        """Return the rows in which one of these numbers is of few customers."""
        return np.array([any(key(row) in self.hidden.few for key in keys) for row in self.rows], dtype=bool)

    def take(self, rows: Bools, *names: str) -> None:
        """Take numbers away; a name stands for its interval, too."""
        if not rows.any():
            return
        for name in names:
            for column in (name, *_around(name)):
                if column in self.table:
                    values = self.table[column]
                    if pd.api.types.is_integer_dtype(values):
                        values = values.astype("float64")
                    self.table[column] = values.mask(rows)

    def take_small(self, k: int, *names: str) -> None:
        """Take away what is itself fewer than `k`, and nothing gives away."""
        for name in names:
            values = self.table[name].to_numpy(np.float64)
            self.take((values > 0) & (values < k), name)

    def tell(self, name: str, known: Mapping[Hashable, float], key: Keyed) -> None:
        self.table[name] = np.array([known.get(key(row), np.nan) for row in self.rows], dtype=np.float64)


def _around(name: str) -> tuple[str, str]:
    stem, end = (name[:-2], "_s") if name.endswith("_s") else (name, "")
    return f"{stem}_low{end}", f"{stem}_high{end}"


def _moves(result: Any, level: str, hidden: Hidden, k: int) -> Any:
    """Mask moves; of those masked in company, what anybody can work out is told: how many there are at most."""

    def ends(row: Mapping[Any, Any]) -> tuple[Any, ...]:
        return level, node_of(row["from"], row["from_kind"]), node_of(row["to"], row["to_kind"])

    def move(row: Mapping[Any, Any]) -> Hashable:
        return ("move", *ends(row))

    def part(row: Mapping[Any, Any]) -> Hashable:
        return ("watched", *ends(row))

    made = _Blank(result.table, hidden)
    whole, parts = made.gone(move), made.gone(part)
    made.take(whole, "n", "n_cases", "n_actors", "n_tied")
    made.take(
        parts | made.gone(lambda row: ("timed", *ends(row))), "n_followed", "n_timed", "rate", "time_mean_s"
    )
    made.take(made.gone(lambda row: ("followed", level, ends(row)[1])), "n_from_followed", "rate")
    made.take(made.few(move, part), *_TIMES, "n_timed", "n_followed", "rate")
    made.take_small(k, "n_tied")
    made.tell("n_most", hidden.most, move)
    nodes = _Blank(result.nodes, hidden)

    def node(what: str) -> Keyed:
        return lambda row: (what, level, node_of(row["node"], row["kind"]))

    nodes.take(nodes.gone(node("visits")), "n")
    begun = (result.nodes["kind"] == "start").to_numpy(bool)  # whose journeys are their visits
    nodes.take(nodes.gone(node("cases")) | (begun & nodes.gone(node("visits"))), "n_cases", "n_actors")
    nodes.take(nodes.gone(node("followed")), "n_followed")
    nodes.tell("n_most", hidden.most, node("visits"))
    nodes.take_small(k, "n", "n_loops", "n_returns")
    table = nodes.table
    table.attrs.update(result.nodes.attrs)
    masked = replace(_with(result, made.table), tables={**result.tables, "nodes": table})
    return _sayable(masked, result.table, level, hidden)


def _leaves(table: pd.DataFrame, level: str, hidden: Hidden, k: int) -> pd.DataFrame:
    def of(what: str, *to: Any) -> Keyed:
        return lambda row: (what, level, node_of(row["node"], "node"), *to)

    made = _Blank(table, hidden)
    made.take(made.gone(of("visits")), "n_entered")
    made.take(made.gone(of("on")), "n_continued")
    made.take(made.gone(of("followed")), "n_followed", "drop_rate", "continue_rate", "reach_rate")
    made.take(made.gone(of("cases")), "n_cases", "n_actors")
    made.take(made.gone(of("on watched")), "continue_rate")
    for end in ENDS:
        made.take(made.gone(of("move", END[end])), f"n_{end}")
    made.take(made.gone(of("watched", END["dropped"])), "drop_rate", "n_late")
    made.take(made.gone(of("move", END["dropped"])), "n_late")
    made.take(made.gone(of("watched", END["reached"])), "reach_rate")
    made.take_small(k, "n_late")
    made.tell("n_most", hidden.most, of("move", END["dropped"]))
    least, most = (
        np.array([known.get(of("watched", END["dropped"])(row), np.nan) for row in made.rows])
        for known in (hidden.least, hidden.most)
    )
    made.table["rate_about"] = _about(least, most, made.table["n_followed"].to_numpy(np.float64))
    return made.table


def _about(least: Any, most: Any, n: Any) -> Any:
    """Return shares as exactly as anybody can work them out."""
    low, high = least / n, most / n
    grain = np.select([high - low <= grain for grain in _GRAINS], _GRAINS, np.nan)
    return np.round((low + high) / 2 / grain) * grain


def _waits(table: pd.DataFrame, hidden: Hidden, k: int) -> pd.DataFrame:
    """Mask waits; where only how many there are must not be told, their times and their part of all are."""

    def place(what: str, node: str) -> Keyed:
        def key(row: Mapping[Any, Any]) -> Hashable:
            a = node_of(row["from"], "node")
            return (
                (what, "event", a, node_of(row["to"], "node"))
                if row["part"] == "edge"
                else (node, "event", a)
            )

        return key

    move, timed = place("move", "on"), place("timed", "stays timed")
    made = _Blank(table, hidden)
    few = made.few(move, timed)
    made.take(made.gone(move), "n", "n_cases", "n_loops", "n_returns")
    made.take(made.gone(timed), "n_timed", "time_mean_s", "time_total_s", "excess_s")
    made.take(few, *_TIMES, "n_timed", "time_total_s", "excess_s", "excess_share")
    made.take_small(k, "n_loops", "n_returns")
    made.tell("n_most", hidden.most, move)
    return made.table


def _losses(table: pd.DataFrame, level: str, hidden: Hidden, k: int) -> pd.DataFrame:
    def of(what: str, *to: Any) -> Keyed:
        return lambda row: (what, level, node_of(row["node"], "node"), *to)

    def timed(row: Mapping[Any, Any]) -> Hashable:
        return ("timed", level, node_of(row["node"], "node"), node_of(row["to"], "node"))

    made = _Blank(table, hidden)
    kind = table["kind"].to_numpy(object)
    money = ("value", "money_at_risk", "cost")
    waits, again, drops = (kind == name for name in ("wait", "rework", "drop"))
    made.take(waits & made.gone(timed), "n", "rate")
    few = waits & made.few(timed)
    values = table["n"].where(waits, 0).tolist()
    alone = protect(values, [range(len(table))], set(np.flatnonzero(few).tolist()), k)
    made.take(np.isin(np.arange(len(table)), sorted(alone)), "total", "amount", "share", "rate", *money)
    made.take(again & made.gone(of("visits")), "n", "rate")
    small = table["amount"].abs().to_numpy(np.float64)
    made.take(again & (small > 0) & (small < k), "total", "amount", "share", "rate", *money)
    followed, dropped = made.gone(of("followed")), made.gone(of("watched", END["dropped"]))
    # of nobody lost among three visits the bound is just three
    bounds = [name for name in map(str, table) if name.endswith(("_low", "_high"))]
    made.take(drops & followed, "n", "rate", *bounds)
    made.take(drops & dropped, "total", "rate")
    made.take(drops & made.gone(of("beyond")), "amount", "share", *money)
    return made.table


def _paths(table: pd.DataFrame, level: str, hidden: Hidden, k: int) -> pd.DataFrame:
    """Return the paths of enough customers, and of those what does not give others away."""

    def path(row: Mapping[Any, Any]) -> Hashable:
        return ("path", level, path_of(row))

    made = _Blank(table, hidden)
    for end in ENDS:
        made.take(made.gone(lambda row, end=end: ("path", level, path_of(row), end)), f"n_{end}")  # type: ignore[misc]
    made.take(made.gone(lambda row: ("on ways", level)), "n_total", "share", "cum_share")
    n = table["n_actors"].to_numpy(np.float64)
    kept = made.table[~(((n > 0) & (n < k)) | made.gone(path))].reset_index(drop=True)
    kept["cum_share"] = kept["share"].cumsum()  # of those listed: what lies between two would be told else
    return kept


def _ends(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    made = _Blank(table, hidden)
    made.take(made.gone(lambda row: ("end", row["outcome"])), "n", "n_actors", "share")
    return made.table


def _facts(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    made = _Blank(table, hidden)
    few = made.few(lambda row: ("events", row["event"]))
    made.take(made.gone(lambda row: ("events", row["event"])), "n", "share", "mean_place")
    made.take(made.gone(lambda row: ("actors", row["event"])), "n_actors", "actor_share")
    made.take(few, "first_time", "last_time")
    return made.table


def _returns(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    made = _Blank(table, hidden)
    eligible = made.gone(lambda row: ("eligible", row["period"]))
    made.take(eligible, "n_eligible")
    made.take(eligible | made.gone(lambda row: ("returned", row["period"])), "n_returned", "rate")
    return made.table


def _funnel(result: Any, hidden: Hidden) -> Any:
    """Mask steps; a share is told where both of its numbers are."""

    def of(what: str, back: int = 0) -> Keyed:
        return lambda row: (what, int(row["step"]) - 1 - back)

    made = _Blank(result.table, hidden)
    counted, first = made.gone(of("counted")), ("counted", 0) in hidden.gone
    made.take(made.gone(of("came")), "n_cases", "n_actors")
    made.take(counted, "n_followed", "total_rate", "step_rate", "time_mean_s")
    made.take(made.few(of("came"), of("counted")), *_TIMES)
    made.take(made.gone(of("counted", 1)), "step_rate")
    made.take(np.full(len(made.rows), first), "total_rate")
    made.take(made.gone(of("lost")), "n_lost")
    made.take(made.gone(of("open")), "n_open")
    after = _Blank(result.lost_next, hidden)

    def way(what: str) -> Keyed:
        return lambda row: (what, int(row["step"]) - 1, node_of(row["next"], row["next_kind"]))

    after.take(after.gone(way("next")), "n_cases")
    after.take(after.gone(way("next watched")), "n_followed", "rate")
    after.take(after.gone(of("stopped watched")), "n_from_followed", "rate")
    notes = result.notes
    if ("came", 0) in hidden or ("counted", 0) in hidden:  # of how many there are notes on all that came
        notes = tuple(note for note in notes if "total" not in getattr(note, "values", {}))
    tables = {**result.tables, "lost_next": after.table}
    return replace(_with(result, made.table), tables=tables, notes=notes)
