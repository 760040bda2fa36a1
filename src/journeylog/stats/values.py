"""Values: how much money cases bring, where they bring it, and what those bring that pass a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from journeylog.core.cases import with_cases
from journeylog.core.chunk import Category, Chunk
from journeylog.core.contracts import Result, Stat
from journeylog.core.counts import Coded, Counts, Table
from journeylog.core.durations import MoneyBins
from journeylog.core.kernels.clustered import group_ranks
from journeylog.core.kernels.hashing import number_keys
from journeylog.core.kernels.squares import group_squares
from journeylog.core.kernels.values import case_nodes, signed_bins
from journeylog.core.means import cluster_mean, joined_words, word_columns
from journeylog.core.money import MICRO, check_currencies, find_amounts
from journeylog.core.nodes import TEXT, node_columns, ratio
from journeylog.core.notes import note
from journeylog.core.schema import DROPPED, OPEN, OUTCOME_WORDS, REACHED
from journeylog.core.window import Window

__all__ = ["Values", "ValuesResult"]

Ints = npt.NDArray[np.int64]

_ALL = 0  # beside the codes of outcomes, which are below zero
_ENDS = {_ALL: "all", **{end: OUTCOME_WORDS[end] for end in (REACHED, DROPPED, OPEN)}}
_SUMS = ("n", "micros", "n_actors", "nn")
_ROOM, _LOWEST = 14, 1 << 13  # bits of a bin; those of negative amounts are above minus the second
#: What the quantiles say about themselves.
_NOTE = note("quantiles of amounts come from bins with a relative error of at most 1/256")


@dataclass(frozen=True)
class Values(Stat):
    """Add up amounts of money by case and by node, with means and quantiles that know customers.

    Parameters
    ----------
    value : str
        The column of amounts: the role ``"value"``, or any other column of numbers.
    node : str or None
        A categorical column whose values are the nodes. None is ``"stage"`` where there are stages, else ``"event"``.
    case : str or None
        What is followed: ``"actor"``, ``"session"``, ``"journey"``, or a column that names an object (order, deal).
        None is ``"journey"`` when the log has journeys and ``"actor"`` otherwise.
    currency : str or None
        Count only amounts in this currency. None is for a log with one.

    Raises
    ------
    MissingColumnError
        If there is no such column of numbers.
    ConfigError
        If the amounts are in several currencies: they are never added.

    Notes
    -----
    Table, one row a node, the most money first (stages in their order): ``node, kind, n, n_actors, value_total,
    value_mean, value_mean_low, value_mean_high, value_median, value_median_low, value_median_high, value_p90,
    value_p90_low, value_p90_high``. An amount counts once, at the node of the event that carries it; ``n`` are amounts.
    Amounts at events without a node have the kind ``none``, so the rows add up to all.

    ``tables["cases"]``, rows all, reached, dropped, open: ``outcome, n_cases, n_valued, n_actors, value_total,
    value_mean, value_mean_low, value_mean_high``, the mean over all these cases, those without an amount among them;
    then ``valued_mean``, ``valued_median`` and ``valued_p90`` with bounds, over the ``n_valued`` cases with an amount.
    Open cases may still bring more.

    ``tables["through"]``, a row a node: ``node, kind, n_cases, n_valued, n_actors, value_total, value_mean,
    value_mean_low, value_mean_high``: the whole value of the cases that visit the node, wherever it was made.

    Money is added in integer millionths. Intervals of means come from the spread between actors
    (:func:`journeylog.core.means.cluster_mean`), those of quantiles are binomial ranks with as many amounts as the
    actors are worth (:meth:`journeylog.core.durations.DurationBins.quantile_interval`). Counts merge by addition.

    Examples
    --------
    >>> import journeylog as jl
    >>> values = jl.datasets.tiny().compute(jl.Values())
    >>> values.table[["node", "n", "value_total", "value_mean"]]
      node  n  value_total  value_mean
    0  pay  2         55.5       27.75
    >>> values.cases[["outcome", "n_cases", "n_valued", "value_mean", "valued_mean"]].head(1)
      outcome  n_cases  n_valued  value_mean  valued_mean
    0     all        4         2      13.875        27.75
    """

    value: str = "value"
    node: str | None = None
    case: str | None = None
    currency: str | None = None

    def prepare(self, chunk: Chunk) -> Chunk:
        """Return the chunk with a level for an object column when that is the case."""
        return with_cases(chunk, self.case)

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return sums and second moments by node, by outcome of the case, and by node passed."""
        level = chunk.cases(self.case_level(chunk))
        nodes = self._nodes(chunk)
        owner = level.actor_of_case()
        case_of, passed, node = case_nodes(nodes.codes, level.order, level.begin, level.end, len(nodes.names))
        amounts = find_amounts(chunk, self.value, self.currency, case_of >= 0)
        event, micros, case = amounts.event, amounts.micros, case_of[amounts.event].astype(np.int64)
        whole = len(level.actor_offsets) == chunk.n_actors + 1
        outside = amounts.n_outside if whole else 0  # else these are cases of another value of by=
        worth, n_amounts = np.zeros(len(level), np.int64), np.bincount(case, minlength=len(level))
        np.add.at(worth, case, micros)
        place = nodes.codes[event].astype(np.int64) + 1
        by_node = _entries(place, owner[case], micros, len(nodes.names) + 1)
        return Counts(
            {
                "at": _node_rows(by_node[0], nodes, -1),
                "at_bins": _node_rows(by_node[1], nodes, -1),
                **_case_tables(
                    level.outcome.astype(np.int64), owner, worth, (n_amounts > 0).astype(np.int64)
                ),
                "through": _node_rows(
                    _sums(node, owner[passed], worth[passed], len(nodes.names), n_amounts[passed] > 0), nodes
                ),
                "currencies": amounts.currencies,
                "outside": Table({}, {"n_outside": np.array([outside], np.int64)}),
            }
        ).canonical()

    def result(self, counts: Counts, window: Window) -> ValuesResult:
        """Return totals, means and quantiles."""
        currency = check_currencies(counts["currencies"], self.currency)
        keys = counts["at"].coded("node")
        at = pd.DataFrame(
            {
                **node_columns(keys, "node"),
                "n": counts["at"].values["n"],
                "n_actors": counts["at"].values["n_actors"],
                **_mean("value", counts["at"]),
                **_quantiles("value", counts["at"], counts["at_bins"], "node"),
            }
        )
        through = pd.DataFrame(
            {
                **node_columns(counts["through"].coded("node"), "node"),
                **{
                    name: counts["through"].values[column]
                    for name, column in (("n_cases", "n"), ("n_valued", "n_valued"), ("n_actors", "n_actors"))
                },
                **_mean("value", counts["through"]),
            }
        )
        tables = {"cases": _case_frame(counts), "through": _in_order(through, keys.ordered)}
        notes = [
            _NOTE,
            note("amounts are in {currency}", currency=currency)
            if currency
            else note("amounts say no currency"),
        ]
        outside = int(counts["outside"].values["n_outside"].sum())
        if outside:
            notes.append(note("{n:,} amounts are at events of no case and stay out", n=outside))
        left = counts["currencies"].values["n"].sum() - _in(counts["currencies"], self.currency)
        if left:
            notes.append(note("{n:,} amounts in other currencies, or in none, stay out", n=left))
        return ValuesResult(self, window, _in_order(at, keys.ordered), tables, tuple(notes), currency)

    def _nodes(self, chunk: Chunk) -> Category:
        stage = chunk.columns.get("stage")
        staged = isinstance(stage, Category) and stage.ordered
        return chunk.category(self.node or ("stage" if staged else "event"))


@dataclass(frozen=True, eq=False, repr=False)
class ValuesResult(Result):
    """Money by node and by case; see :class:`Values` for the tables.

    Parameters
    ----------
    currency : str or None
        What the amounts are in; None when the log does not say.
    """

    currency: str | None = None

    @property
    def cases(self) -> pd.DataFrame:
        """What cases bring, by how they ended."""
        return self.tables["cases"]

    @property
    def through(self) -> pd.DataFrame:
        """What the cases bring that visit a node."""
        return self.tables["through"]


def _sums(row: Ints, owner: Ints, micros: Ints, n_rows: int, valued: Any = None) -> Table:
    """Return sums and moments of the rows that occur; entries of one owner stand together."""
    sums, words = group_squares(row, owner, micros, np.ones(len(row), np.int64), n_rows)
    negative = np.bincount(row[micros < 0], minlength=n_rows)
    used = np.flatnonzero(sums[:, 0])
    columns = {**dict(zip(_SUMS, sums[used].T.copy(), strict=True)), **word_columns(words[used])}
    columns["n_negative"] = negative[used].astype(np.int64)
    if valued is not None:
        columns["n_valued"] = np.bincount(row[valued], minlength=n_rows)[used].astype(np.int64)
    return Table({"row": used}, columns)


def _entries(row: Ints, owner: Ints, micros: Ints, n_rows: int) -> tuple[Table, Table]:
    """Return sums and bins, both with second moments over owners."""
    bins = signed_bins(micros)
    wide = int(owner.max(initial=0)) + 1
    order = np.argsort(((row * wide + owner) << _ROOM) + bins)  # equal ones are alike
    rank = group_ranks(row[order], owner[order])
    cell = (row[order] << _ROOM) + bins[order] + _LOWEST
    spot, keys, n = number_keys(cell)
    kk, kn = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    np.add.at(kk, spot, rank[0])
    np.add.at(kn, spot, rank[1])
    found = {"row": keys >> _ROOM, "bin": (keys & ((1 << _ROOM) - 1)) - _LOWEST}
    return _sums(row, owner, micros, n_rows), Table(found, {"n": n, "kk": kk, "kn": kn})


def _node_rows(table: Table, nodes: Category, shift: int = 0) -> Table:
    """Return the table keyed by the name of the node instead of its row."""
    node = Coded(table.codes("row") + shift, nodes.names, nodes.ordered)
    rest = {k: c for k, c in table.keys.items() if k != "row"}
    return Table({"node": node, **rest}, table.values)


def _case_tables(outcome: Ints, owner: Ints, worth: Ints, valued: Ints) -> dict[str, Table]:
    """Return the tables ``cases``, ``valued`` (of cases with an amount) and ``valued_bins``, keyed by the end."""
    every, some = np.arange(len(outcome)), np.flatnonzero(valued)
    ends = np.zeros(len(outcome), np.int64)
    out: dict[str, list[Table]] = {"cases": [], "valued": [], "valued_bins": []}
    for row in (ends, -outcome):  # over all, and by outcome
        known = row > 0 if row is not ends else np.ones(len(row), bool)
        mine, paid = every[known], some[known[some]]
        out["cases"].append(_sums(row[mine], owner[mine], worth[mine], 1 - OPEN, valued[mine] > 0))
        sums, bins = _entries(row[paid], owner[paid], worth[paid], 1 - OPEN)
        out["valued"].append(sums)
        out["valued_bins"].append(bins)
    tables = {}
    for name, parts in out.items():
        joined = Table.concat(parts)
        keys = {"end": -joined.codes("row"), **{k: c for k, c in joined.keys.items() if k != "row"}}
        tables[name] = Table(keys, joined.values)
    return tables


def _case_frame(counts: Counts) -> pd.DataFrame:
    """Return the rows all, reached, dropped and open, those that do not occur with zeros."""
    blank = Table({"end": np.array(list(_ENDS))}, {k: np.zeros(4, np.int64) for k in counts["cases"].values})
    cases = Table.concat([counts["cases"], blank]).canonical()
    short = {k: np.zeros(4, np.int64) for k in counts["valued"].values}
    valued = Table.concat([counts["valued"], Table(blank.keys, short)]).canonical()
    frame = pd.DataFrame(
        {
            "outcome": pd.array([_ENDS[end] for end in cases.codes("end").tolist()], dtype=TEXT),
            "n_cases": cases.values["n"],
            "n_valued": cases.values["n_valued"],
            "n_actors": cases.values["n_actors"],
            **_mean("value", cases),
            **{k: v for k, v in _mean("valued", valued).items() if k != "valued_total"},
            **_quantiles("valued", valued, counts["valued_bins"], "end"),
        }
    )
    return frame.set_index("outcome").loc[list(_ENDS.values())].reset_index()


def _mean(name: str, rows: Table) -> dict[str, Any]:
    """Return total and mean with its interval, in units of the currency."""
    values = rows.values
    low, high = cluster_mean(
        values["micros"], values["n"], *joined_words(values), values["nn"], positive=values["n_negative"] == 0
    )
    return {
        f"{name}_total": values["micros"] / MICRO,
        f"{name}_mean": ratio(values["micros"], values["n"]) / MICRO,
        f"{name}_mean_low": low / MICRO,
        f"{name}_mean_high": high / MICRO,
    }


def _quantiles(name: str, rows: Table, bins: Table, key: str) -> dict[str, Any]:
    if key == "node":
        group = rows.find(bins, {"node": "node"})
    else:
        group = np.searchsorted(rows.codes(key), bins.codes(key))
    pairs = bins.values["kk"], bins.values["kn"]
    found = MoneyBins.of(group, bins.codes("bin"), bins.values["n"], len(rows), pairs)
    columns = {}
    for word, q in (("median", 0.5), ("p90", 0.9)):
        columns[f"{name}_{word}"] = found.quantile(q)
        columns[f"{name}_{word}_low"], columns[f"{name}_{word}_high"] = found.quantile_interval(q)
    return columns


def _in(currencies: Table, currency: str | None) -> int:
    """Return how many amounts were counted."""
    names = currencies.coded("currency").names({})
    n = currencies.values["n"].tolist()
    return sum(count for name, count in zip(names, n, strict=True) if currency in (None, name))


def _in_order(frame: pd.DataFrame, ordered: bool) -> pd.DataFrame:
    """Return nodes by falling total, stages as they stand; what has no node comes last."""
    last = frame["kind"] != "node"
    if ordered:
        return frame.iloc[np.argsort(last.to_numpy(), kind="stable")].reset_index(drop=True)
    keyed = frame.assign(_last=last).sort_values(
        ["_last", "value_total", "node"], ascending=[True, False, True], kind="stable"
    )
    return keyed.drop(columns="_last").reset_index(drop=True)
