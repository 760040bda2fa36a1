"""The ledger: what waiting, rework and drop-off cost, every loss booked once, ranked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journeylog.core.cases import NO_PATIENCE, PathStat, under_way_note
from journeylog.core.chunk import Chunk
from journeylog.core.contracts import Result
from journeylog.core.counts import Counts
from journeylog.core.ledger import ledger_tables, read_baselines, values_of_visits
from journeylog.core.ledger_lines import drop_lines, rework_lines, wait_lines
from journeylog.core.ledger_money import open_note, with_money
from journeylog.core.money import currencies_seen, currency_of
from journeylog.core.nodes import TEXT, ratio
from journeylog.core.notes import note
from journeylog.core.schema import UNDECLARED
from journeylog.core.window import Window, parse_duration
from journeylog.errors import ConfigError, cut

__all__ = ["Ledger", "LedgerResult"]

_KINDS = ("wait", "rework", "drop")
_UNITS = {"wait": "s", "rework": "visits", "drop": "visits"}


@dataclass(frozen=True)
class Ledger(PathStat):
    """Book what journeys lose: waiting beyond a baseline, visits made again, and drop-off beyond the expected.

    Every loss is in one line and in no other: waiting on the move from one visit to the next, rework and drop-off at
    the node where they happen. So lines add up, over any of them.

    Parameters
    ----------
    node, case, merge
        See :class:`journeylog.core.cases.PathStat`.
    baseline : duration, or mapping of (from, to) to duration; optional
        What a wait may take without counting. By default nothing: all waiting counts. A mapping says it by move;
        what it leaves out counts in full. ``last_year.mean_waits`` of another ledger is such a mapping.
    expected : "median", float, or mapping of node to share
        Which share of visits may drop. ``"median"``: the median of the nodes that at least 20 followed visits tell
        of (all, where none does). A mapping holds shares, or (share, low, high) where they are estimates themselves,
        as ``last_year.drop_rates`` of another ledger; nodes it leaves out get no line.
    cost_hour, cost_contact, cost_visit : float, optional
        What an hour of waiting, a visit made again and a visit lost costs. What nobody declares is not converted;
        without `cost_visit` a visit lost costs its money at risk.
    currency : str, optional
        Count amounts of this currency only. Needed where there are several.

    Notes
    -----
    Table, one row a line: ``rank, rank_of_kind, kind, node, to, unit, n, total, amount, amount_low, amount_high,
    share, rate, rate_low, rate_high, baseline, value, value_low, value_high, money_at_risk, money_at_risk_low,
    money_at_risk_high, currency, cost, cost_low, cost_high``.

    - ``wait``: from ``node`` to ``to``. ``n`` moves took ``total`` seconds, of which ``amount`` are above the
      ``baseline`` (seconds a move). ``rate`` is the mean of what is above. Moves are timed as in
      :class:`Bottlenecks`.
    - ``rework``: ``n`` visits of ``node``, of which ``amount`` were not the first of their case. ``rate`` is their
      share, the baseline is 0. By which moves they came back is in :class:`Bottlenecks` (``n_returns``).
    - ``drop``: ``n`` followed visits of ``node``, of which ``total`` dropped (as in :class:`DropOff`), a share of
      ``rate``; ``amount`` is how many more than expected, below zero where fewer. ``baseline`` is the expected share.
      Without a declared patience there are no such lines.

    Bounds of the rate know that one actor may count many times; those of the amount are the same, times ``n`` as it
    was. Of an expected share given with its bounds they know that too; a number is taken as exact, and so is the
    median.

    ``value`` is what a visit lost has cost: what cases brought from such a visit on, as a mean of those that went on
    (in cases whose end is known), less what those that dropped had brought by then, which is until the case is seen
    again, if it comes back after the patience. Visits of cases that are still open when the window ends are left out of
    it, and these are of the longest journeys: where longer ones bring more, the value is too low in a window that is not
    many times as long as a journey. A note says so where they are more than 1 of 20 visits that went on; ``value_mean``
    of :class:`Model` counts their moves, and does not lean that way. ``money_at_risk`` is
    ``amount * value``; its bounds know that the same actors make both factors. Without amounts, or with several
    currencies, both are missing.

    ``share`` is the line's part of all that is lost in its kind (what is below zero counts as nothing). ``rank`` is by
    cost where every kind with a loss has one; else by ``share``, so that each kind has its say and no unit is
    invented. ``tables["kinds"]`` and ``tables["nodes"]`` add lines up, by kind and by the node that has to change (a
    wait belongs to the node it comes after); rework time is what repeated visits took from enter to exit.

    Counts merge by addition, keyed by names.

    References
    ----------
    G. Y. Zou, A. Donner (2008), Construction of confidence limits about effect measures. Stat. Med. 27.

    Examples
    --------
    >>> import journeylog as jl
    >>> log = jl.datasets.tiny().then(jl.Journeys(goal="pay", patience="1h"))
    >>> ledger = log.compute(jl.Ledger(baseline="5min"))
    >>> ledger.table[["rank", "kind", "node", "to", "n", "amount", "share"]].head(3).round(2)
       rank    kind  node   to  n  amount  share
    0     1  rework  home  NaN  5     1.0   1.00
    1     2    drop  home  NaN  4     1.0   1.00
    2     3    wait  cart  pay  2   540.0   0.64
    """

    baseline: Any = None
    expected: Any = "median"
    cost_hour: float | None = None
    cost_contact: float | None = None
    cost_visit: float | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        """Check what was asked; mappings become sorted pairs."""
        if isinstance(self.baseline, Mapping):
            object.__setattr__(self, "baseline", read_baselines(self.baseline))
        elif self.baseline is not None and not isinstance(self.baseline, tuple):
            parse_duration(self.baseline, name="baseline")
        if isinstance(self.expected, Mapping):
            object.__setattr__(self, "expected", _shares(self.expected))
        elif not isinstance(self.expected, tuple) and self.expected != "median":
            _check_share(self.expected)
        for name in ("cost_hour", "cost_contact", "cost_visit"):
            price = getattr(self, name)
            if price is not None and not price >= 0:
                raise ConfigError(f"{name}={price!r} is no price. Fix: a number of 0 or more")

    def summarize(self, chunk: Chunk, window: Window) -> Counts:
        """Return the counts of waits, repeats, drop-offs and what cases brought."""
        visits = self.visits(chunk, window)
        node, case = self.node_of(chunk), self.case_level(chunk)
        merge = self.merge if self.merge is not None else node != "event"
        value = values_of_visits(chunk, visits, case, node, merge, self.currency)
        by_move = self.baseline if isinstance(self.baseline, tuple) else ()
        others = (
            0 if self.baseline is None or by_move or self.baseline == () else parse_duration(self.baseline)
        )
        limits = {(a, b): micros // 1000 for a, b, micros in by_move}
        tables = ledger_tables(visits, (limits, others // 1000), value)
        return Counts({**tables, "currencies": currencies_seen(chunk, case)}).canonical()

    def result(self, counts: Counts, window: Window) -> LedgerResult:
        """Return the ranked lines."""
        told = int(counts["cases"].values["patience"].max(initial=UNDECLARED)) != UNDECLARED
        money = currency_of(counts["currencies"], self.currency)
        waits = wait_lines(counts["edges"], self.baseline)
        rework = rework_lines(counts["nodes"])
        drops, left_out = drop_lines(counts["nodes"], self.expected, told)
        drops = with_money(drops, counts, money[0])
        parts = [part.assign(kind=kind) for kind, part in zip(_KINDS, (waits, rework, drops), strict=True)]
        lines = pd.concat(parts, ignore_index=True).reindex(columns=list(_COLUMNS))
        lines = _priced(lines.assign(rank=0, rank_of_kind=0).astype(_COLUMNS), self)
        table = _ranked(lines)
        waited = table.loc[table["kind"] == "wait", "total"].sum() * 1000
        if round(waited) != counts["cases"].values["wait_ms"].sum():
            raise AssertionError("waiting is not conserved: the lines do not add up to all of it")
        tables = {"kinds": _kinds(table, counts), "nodes": _nodes(table, counts)}
        notes = _notes(self, table, told, money[1], left_out) + open_note(drops, counts, money[0])
        notes += under_way_note(int(counts["cases"].values["n_under_way"].sum()))
        return LedgerResult(self, window, table, tables, notes)


@dataclass(frozen=True, eq=False, repr=False)
class LedgerResult(Result):
    """What journeys lose, line by line; see :class:`Ledger` for the tables."""

    @property
    def kinds(self) -> pd.DataFrame:
        """The lines added up by kind."""
        return self.tables["kinds"]

    @property
    def nodes(self) -> pd.DataFrame:
        """The lines added up by the node that has to change."""
        return self.tables["nodes"]

    @property
    def drop_rates(self) -> dict[str, tuple[float, float, float]]:
        """Share of followed visits that dropped with its bounds, by node: what another ledger may expect."""
        drops = self.table[self.table["kind"] == "drop"]
        rates = drops[["rate", "rate_low", "rate_high"]].itertuples(index=False)
        return {node: (r[0], r[1], r[2]) for node, r in zip(drops["node"], rates, strict=True)}

    @property
    def mean_waits(self) -> dict[tuple[str, str], dt.timedelta]:
        """Mean wait by move: what another ledger may take as its baseline."""
        waits = self.table[(self.table["kind"] == "wait") & (self.table["n"] > 0)]
        means = waits["total"] / waits["n"]
        return {
            (a, b): dt.timedelta(seconds=float(mean))
            for a, b, mean in zip(waits["node"], waits["to"], means, strict=True)
        }


_COLUMNS: dict[str, Any] = {
    "rank": "int64",
    "rank_of_kind": "int64",
    "kind": TEXT,
    "node": TEXT,
    "to": TEXT,
    "unit": TEXT,
    "n": "int64",
    **dict.fromkeys(
        (
            *("total", "amount", "amount_low", "amount_high", "share"),
            *("rate", "rate_low", "rate_high", "baseline"),
            *("value", "value_low", "value_high"),
            *("money_at_risk", "money_at_risk_low", "money_at_risk_high"),
        ),
        "float64",
    ),
    "currency": TEXT,
    **dict.fromkeys(("cost", "cost_low", "cost_high"), "float64"),
}


def _priced(lines: pd.DataFrame, question: Ledger) -> pd.DataFrame:
    """Add units and costs, where a price was declared; what is below zero costs nothing."""
    lines["unit"] = lines["kind"].map(_UNITS)
    hour = None if question.cost_hour is None else question.cost_hour / 3600
    prices = {"wait": hour, "rework": question.cost_contact, "drop": question.cost_visit}
    for bound in ("", "_low", "_high"):
        cost = np.full(len(lines), np.nan)
        for kind, price in prices.items():
            mine = (lines["kind"] == kind).to_numpy()
            source = lines[f"amount{bound}"] * price if price is not None else lines[f"money_at_risk{bound}"]
            cost[mine] = source.astype("float64").to_numpy()[mine]
        lines[f"cost{bound}"] = np.maximum(cost, 0.0)
    return lines


def _ranked(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the lines in order: by cost where each kind with a loss has one, else by share of their kind."""
    lost = lines["amount"].clip(lower=0)
    lines["share"] = ratio(lost, lost.groupby(lines["kind"]).transform("sum"))
    known = lines.loc[lost > 0, "cost"].notna().all() and len(lines) > 0
    by = ["cost", "share"] if known else ["share"]
    lines["_kind"] = lines["kind"].map({kind: i for i, kind in enumerate(_KINDS)})
    order = [*by, "amount", "total", "_kind", "node", "to"]
    ascending = [False] * (len(by) + 2) + [True] * 3
    lines = lines.sort_values(order, ascending=ascending, kind="stable", ignore_index=True)
    lines["rank"] = np.arange(1, len(lines) + 1)
    lines["rank_of_kind"] = lines.groupby("kind").cumcount() + 1
    return lines.drop(columns="_kind")


def _kinds(table: pd.DataFrame, counts: Counts) -> pd.DataFrame:
    """Return the lines added up by kind."""
    sums = ("total", "amount", "money_at_risk", "cost")
    rework = float(counts["nodes"].values["rework_ms"].sum()) / 1000
    rows = []
    for kind in _KINDS:
        mine = table[table["kind"] == kind]
        found = {name: mine[name].clip(lower=0).sum(min_count=len(mine) or 1) for name in sums}
        rows.append({"kind": kind, "unit": _UNITS[kind], "n_lines": len(mine), **found})
    frame = pd.DataFrame(rows).astype({"kind": TEXT, "unit": TEXT, **dict.fromkeys(sums, "float64")})
    return frame.assign(time_s=[frame["amount"].iloc[0], rework, np.nan])


def _nodes(table: pd.DataFrame, counts: Counts) -> pd.DataFrame:
    """Return the lines added up by the node that has to change."""
    nodes = counts["nodes"]
    keys = nodes.coded("node")
    frame = pd.DataFrame(
        {
            "node": pd.array(keys.names({}), dtype=TEXT),
            **{name: nodes.values[name] for name in ("n_visits", "n_loops", "n_returns")},
            "rework_s": nodes.values["rework_ms"] / 1000,
        }
    )
    lost = table.assign(amount=table["amount"].clip(lower=0), money=table["money_at_risk"].clip(lower=0))
    for name, kind, column in (
        ("wait_excess_s", "wait", "amount"), ("wait_s", "wait", "total"), ("n_dropped_beyond", "drop", "amount"),
        ("money_at_risk", "drop", "money"),
    ):  # fmt: skip
        sums = lost[lost["kind"] == kind].groupby("node")[column].sum(min_count=1)
        frame[name] = frame["node"].map(sums).astype("float64")
    frame["cost"] = frame["node"].map(lost.groupby("node")["cost"].sum(min_count=1)).astype("float64")
    if not keys.ordered:
        frame = frame.sort_values(["n_visits", "node"], ascending=[False, True], kind="stable")
    return frame.reset_index(drop=True)


def _notes(
    question: Ledger, table: pd.DataFrame, told: bool, money: str | None, left_out: list[str]
) -> tuple[str, ...]:
    notes = [] if told or table.empty else [NO_PATIENCE]
    if told and len(table) and not (table["kind"] == "drop").any() and not left_out:
        notes.append(
            note(
                "no visit was watched for the whole patience: no drop-off can be told, and waits are of all moves made"
            )
        )
    if question.expected == "median" and told and (table["kind"] == "drop").any():
        usual = table.loc[table["kind"] == "drop", "baseline"].iloc[0]
        notes.append(
            note("expected drop-off: {percent:.3g} %, the median of the nodes", percent=100 * float(usual))
        )
    if question.baseline is None and (table["kind"] == "wait").any():
        notes.append(note("no baseline was declared: all waiting counts"))
    if left_out:
        notes.append(
            note(
                "nothing is expected of {n:,} nodes, which have no line of drop-off: {names}",
                n=len(left_out),
                names=cut(left_out),
            )
        )
    by_cost = table.loc[table["amount"] > 0, "cost"].notna().all() and len(table) > 0
    notes.append(
        note("ranked by cost")
        if by_cost
        else note(
            "ranked by each line's share of all that is lost in its kind; prices (cost_hour=, cost_contact=, "
            "cost_visit=) make it one unit"
        )
    )
    return tuple(notes if money is None else [*notes, money])


def _shares(given: Mapping[Any, Any]) -> tuple[tuple[str, float, float, float], ...]:
    """Return expected shares by node as sorted tuples with their bounds."""
    rows = []
    for node, value in given.items():
        bounds = value if isinstance(value, tuple | list) and len(value) == 3 else (value,) * 3
        for share in bounds:
            _check_share(share)
        rows.append((str(node), *(float(share) for share in bounds)))
    return tuple(sorted(rows))  # type: ignore[arg-type]


def _check_share(value: Any) -> None:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigError(
            f"expected={value!r} is not possible. Fix: 'median', a share between 0 and 1, or {{'node': share}}"
        )
