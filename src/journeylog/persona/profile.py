"""What tells each group of customers from all others: shares and means of customers, with their differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.actor_groups import group_of_actors
from journeylog.core.chunk import Category, Chunk, Number
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.differences import Estimates, difference, p_value
from journeylog.core.intervals import wilson
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.squares import group_squares
from journeylog.core.means import cluster_mean, joined_words, word_columns
from journeylog.core.money import MICRO, currency_of, find_amounts
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.window import Window

__all__ = ["COLUMNS", "Profile"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SUMS: Final = ("n", "x", "n_actors", "nn")
_SCALE: Final = 1_000_000
#: What a row of differences holds.
COLUMNS: Final = (
    "group", "part", "name", "unit", "n", "n_rest", "value", "value_rest", "difference", "difference_low",
    "difference_high", "p",
)  # fmt: skip


@dataclass(frozen=True)
class Profile(Stat):
    """Hold each group of actors against all other actors.

    Parameters
    ----------
    by : str
        A categorical column with one value for each actor.
    touchpoint, channel, stage : str
        Columns whose values are counted: the share of the group's actors with such an event.
    value : str
        The column of amounts.
    currency : str or None
        The currency in which money is told.
    min_n : int
        Groups, or rests, of fewer actors are shown, and not tested.
    apart : str or None
        A group that is held against all others, and of which the others are not told apart: it is in no rest.
    numbers : tuple of (str, str)
        Further parts and the columns of their numbers, which are the same at all events of an actor.

    Notes
    -----
    Table, one row a group and what is held against the rest: ``group, part, name, unit, n, n_rest, value, value_rest,
    difference, difference_low, difference_high, p``. ``part`` is ``touchpoint``, ``channel`` or ``stage`` (share of actors
    with such an event), ``events`` (mean number of an actor's events), ``score`` (mean over actors of their mean score) or
    ``money`` (mean sum of an actor's amounts). Columns that the log has not are left out. ``tables["groups"]``: ``group,
    n, n_total, share, share_low, share_high``.

    Counts merge by addition, keyed by the group.
    """

    by: str
    touchpoint: str = "event"
    channel: str = "channel"
    stage: str = "stage"
    value: str = "value"
    currency: str | None = None
    min_n: int = 20
    apart: str | None = None
    numbers: tuple[tuple[str, str], ...] = ()

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return how many actors of each group have what, and sums with second moments over actors."""
        names = chunk.category(self.by).names
        group = group_of_actors(chunk, self.by)
        found, sizes = np.unique(group, return_counts=True)
        shares = [self._share(chunk, part, group) for part in ("touchpoint", "channel", "stage")]
        means = [_sums("events", np.diff(chunk.offsets), np.ones(chunk.n_actors, bool), group, names)]
        score = chunk.columns.get("score")
        if isinstance(score, Number):
            means.append(_sums("score", *_mean_scores(chunk, score), group, names))
        for part, name in self.numbers:
            means.append(_sums(part, *_of_actors(chunk, name), group, names))
        tables = {}
        if isinstance(chunk.columns.get(self.value), Number):
            amounts = find_amounts(chunk, self.value, self.currency)
            total = np.zeros(chunk.n_actors, np.int64)
            np.add.at(total, chunk.actor_of_event()[amounts.event], amounts.micros)
            means.append(_sums("money", total, np.ones(chunk.n_actors, bool), group, names))
            tables["currencies"] = amounts.currencies
        return Counts(
            {
                "groups": Table({"group": Coded(found, names)}, {"n": sizes.astype(np.int64)}),
                "shares": Table.concat(shares),
                "means": Table.concat(means),
                **tables,
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> Result:
        """Return each group against the rest."""
        groups = counts["groups"]
        coded = groups.coded("group")
        n = groups.values["n"]
        total = int(n.sum())
        low, high = wilson(n, np.full(len(n), total))
        names = coded.names({})
        sizes = pd.DataFrame(
            {
                "group": pd.array(names, dtype=TEXT),
                "n": n,
                "n_total": np.full(len(n), total, np.int64),
                "share": ratio(n, total),
                "share_low": low,
                "share_high": high,
            }
        ).sort_values(["n", "group"], ascending=[False, True], kind="stable")
        currency, why = None, None
        if "currencies" in counts.tables:
            currency, why = currency_of(counts["currencies"], self.currency)
        rows = [*self._share_rows(counts, names), *self._mean_rows(counts, names, currency)]
        table = pd.concat(rows, ignore_index=True) if rows else _empty()
        notes: tuple[str, ...] = ()
        if why is not None and len(counts["currencies"].coded("currency").names({})) > 1:
            notes = (why,)  # they are never added, so nothing is said of money
            table = table[table["part"] != "money"].reset_index(drop=True)
        few = np.minimum(table["n"], table["n_rest"]) < self.min_n
        table["p"] = table["p"].where(~few)
        return Result(self, window, table, {"groups": sizes.reset_index(drop=True)}, notes)

    def _share(self, chunk: Chunk, part: str, group: Ints) -> Table:
        """Return how many actors of each group have an event of each name."""
        column = chunk.columns.get(getattr(self, part))
        names = chunk.category(self.by).names
        if not isinstance(column, Category):
            keys = {
                "group": Coded(np.zeros(0, np.int64), names),
                "part": Coded(np.zeros(0, np.int64), (part,)),
            }
            return Table({**keys, "name": Coded(np.zeros(0, np.int64), ())}, {"n": np.zeros(0, np.int64)})
        wide = max(len(column.names), 1)
        known = np.flatnonzero(column.codes >= 0)
        pairs: Any = number_keys(chunk.actor_of_event()[known] * wide + column.codes[known])
        actor, code = pairs[1] // wide, pairs[1] % wide
        cells, counted = np.unique(group[actor] * wide + code, return_counts=True)
        return Table(
            {
                "group": Coded(cells // wide, names),
                "part": Coded(np.zeros(len(cells), np.int64), (part,)),
                "name": Coded(cells % wide, column.names),
            },
            {"n": counted.astype(np.int64)},
        )

    def _share_rows(self, counts: Counts, names: list[str | None]) -> list[pd.DataFrame]:
        """Return the shares of each group's actors with such an event, and of all other actors."""
        table, groups = counts["shares"], counts["groups"]
        size = dict(zip(names, groups.values["n"].tolist(), strict=True))
        place = {name: i for i, name in enumerate(names)}
        row = np.array([place[name] for name in table.coded("group").names({})], np.int64)
        things = list(zip(table.coded("part").names({}), table.coded("name").names({}), strict=True))
        distinct = list(dict.fromkeys(sorted(things, key=str)))
        column = {thing: i for i, thing in enumerate(distinct)}
        grid = np.zeros((len(names), len(distinct)), np.int64)
        grid[row, [column[thing] for thing in things]] = table.values["n"]
        sizes = np.array(list(size.values()), np.int64)
        out = []
        for i, name in enumerate(names):
            rest = self._rest(name, names)
            n, n_rest = size[name], int(sizes[rest].sum())
            sides = _shares(grid[rest].sum(axis=0), n_rest), _shares(grid[i], n)
            parts = [part for part, _ in distinct]
            out.append(_rows(name, parts, [thing for _, thing in distinct], "share", n, n_rest, *sides))
        return out if len(distinct) else []

    def _rest(self, name: str | None, names: list[str | None]) -> npt.NDArray[np.bool_]:
        """Return which groups a group is held against."""
        return np.array(
            [other != name and (other != self.apart or self.apart is None) for other in names], bool
        )

    def _mean_rows(self, counts: Counts, names: list[str | None], currency: str | None) -> list[pd.DataFrame]:
        """Return the means of each group and of all other actors."""
        table = counts["means"]
        xx, xn = joined_words(table.values)
        sums = pd.DataFrame(
            {
                "group": pd.Series(table.coded("group").names({}), dtype=object),
                "part": table.coded("part").names({}),
                **{name: table.values[name].astype(np.float64) for name in ("n", "x", "nn", "n_negative")},
                "xx": xx,
                "xn": xn,
            }
        )
        out = []
        numbers = ["n", "x", "nn", "xx", "xn", "n_negative"]
        for part, unit, scale in (
            ("events", "number", 1),
            *((part, "number", 1) for part, _ in self.numbers),
            ("score", "score", _SCALE),
            ("money", currency or "money", MICRO),
        ):
            of_part = sums[sums["part"] == part]
            for name in names:
                owner = of_part["group"].tolist()
                here, there = (
                    np.array([group in chosen for group in owner], bool)
                    for chosen in ([name], np.array(names, object)[self._rest(name, names)].tolist())
                )
                mine, rest = (of_part.loc[rows, numbers].sum() for rows in (here, there))
                if mine["n"] > 0:
                    sides = [_mean(side, scale) for side in (rest, mine)]
                    out.append(
                        _rows(
                            name, [part], [None], unit, [int(mine["n"])], [int(rest["n"])], sides[0], sides[1]
                        )
                    )
        return out


def _rows(
    group: str | None,
    parts: Any,
    names: Any,
    unit: Any,
    n: Any,
    n_rest: Any,
    rest: Estimates,
    mine: Estimates,
) -> pd.DataFrame:
    gap = difference(rest, mine)
    size = len(mine.value)
    return pd.DataFrame(
        {
            "group": pd.array([group] * size, dtype=TEXT),
            "part": pd.array(parts, dtype=TEXT),
            "name": pd.array(names, dtype=TEXT),
            "unit": pd.array([unit] * size if isinstance(unit, str) else unit, dtype=TEXT),
            "n": np.broadcast_to(np.asarray(n, np.int64), size),
            "n_rest": np.broadcast_to(np.asarray(n_rest, np.int64), size),
            "value": mine.value,
            "value_rest": rest.value,
            "difference": gap.value,
            "difference_low": gap.low,
            "difference_high": gap.high,
            "p": p_value(gap),
        }
    )


def _empty() -> pd.DataFrame:
    nothing = Estimates(*(np.zeros(0) for _ in range(3)))
    return _rows(None, [], [], "share", 0, 0, nothing, nothing)


def _shares(k: Ints, n: int) -> Estimates:
    whole = np.full(len(k), n, np.int64)
    return Estimates(np.asarray(ratio(k, whole)), *wilson(k, whole))


def _mean_scores(chunk: Chunk, score: Number) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return each actor's mean score in millionths, and who gave any."""
    given = np.ones(chunk.n_events, bool) if score.valid is None else score.valid
    owner = chunk.actor_of_event()[given]
    millionths = np.rint(score.values[given].astype(np.float64) * _SCALE).astype(np.int64)
    n = np.bincount(owner, minlength=chunk.n_actors)
    total = np.zeros(chunk.n_actors, np.int64)
    np.add.at(total, owner, millionths)
    return total // np.maximum(n, 1), n > 0


def _of_actors(chunk: Chunk, name: str) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return each actor's number, and who has one."""
    column = chunk.column(name)
    assert isinstance(column, Number)
    first = np.minimum(chunk.offsets[:-1], max(chunk.n_events - 1, 0))
    some = np.diff(chunk.offsets) > 0
    if not chunk.n_events:
        return np.zeros(chunk.n_actors, np.int64), some
    known = some if column.valid is None else some & column.valid[first]
    return np.where(known, column.values[first], 0).astype(np.int64), known


def _sums(part: str, value: Ints, known: npt.NDArray[np.bool_], group: Ints, names: tuple[str, ...]) -> Table:
    """Return sums of one number an actor, with second moments, by group."""
    row = np.where(known, group + 1, -1)
    grid: Any = group_squares(
        row,
        np.arange(len(row), dtype=np.int64),
        value.astype(np.int64),
        np.ones(len(row), np.int64),
        len(names) + 1,
    )
    used = np.flatnonzero(grid[0][:, 0])
    keys = {"group": Coded(used - 1, names), "part": Coded(np.zeros(len(used), np.int64), (part,))}
    sums = dict(zip(_SUMS, grid[0][used].T.copy(), strict=True))
    negative = np.bincount(row[known & (value < 0)], minlength=len(names) + 1)[used].astype(np.int64)
    return Table(keys, {**sums, **word_columns(grid[1][used]), "n_negative": negative})


def _mean(side: Any, scale: int) -> Estimates:
    x, n, xx, xn, nn = (np.array([side[name]]) for name in ("x", "n", "xx", "xn", "nn"))
    low, high = cluster_mean(x, n, xx, xn, nn, positive=side["n_negative"] == 0, even=True)
    return Estimates(np.asarray(ratio(x, n)) / scale, low / scale, high / scale)
